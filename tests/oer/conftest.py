"""An installation of its own for every test, with a clock that moves only when told to."""

from collections.abc import Iterator
from pathlib import Path

import factories
import institution_tree
import pytest
from factories import Watch, opened

from oer.db import transaction
from oer.installation import Installation


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def home(tmp_path: Path, watch: Watch) -> Iterator[Installation]:
    with opened(tmp_path / "home", now=watch) as installation:
        yield installation


@pytest.fixture
def tree(home: Installation) -> None:
    """Institutions: ministry > school > club, other."""
    institution_tree.plant(home)


@pytest.fixture
def place(home: Installation) -> Installation:
    """The installation with an institution called college."""
    with transaction(home.engine) as session:
        factories.institution(session)
    return home
