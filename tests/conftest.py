"""Fixtures that every part of the suite shares."""

import os
from collections.abc import Iterator
from pathlib import Path

import argon2
import pytest
import servers
from fault_counts import FULL
from hypothesis import settings

from oer import passwords

# A first example pays for vocabularies that are read once; examples are counted, never timed. They are the same in
# every run: new ones are looked for by `make faults`, where whoever looks has the time to mend what is found.
settings.register_profile("repository", deadline=None, derandomize=not FULL)
settings.load_profile("repository")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real input (schemas, vocabularies, samples); tests that need it skip where it is missing."""
    folder = Path(os.environ.get("OER_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        servers.missing(f"real input is not here: set OER_SHARED (looked in {folder})")
    return folder


@pytest.fixture
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """argon2id at its least cost: the rules are the same, a hundred hashes take no minute."""
    monkeypatch.setattr(passwords, "_hasher", argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._nobody.cache_clear()
    yield
    passwords._nobody.cache_clear()
