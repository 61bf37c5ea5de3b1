"""Fixtures that every part of the suite shares."""

import os
from pathlib import Path

import pytest
import servers
from hypothesis import settings

# A first example pays for vocabularies that are read once; examples are counted, never timed.
settings.register_profile("repository", deadline=None)
settings.load_profile("repository")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real input (schemas, vocabularies, samples); tests that need it skip where it is missing."""
    folder = Path(os.environ.get("OER_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        servers.missing(f"real input is not here: set OER_SHARED (looked in {folder})")
    return folder
