"""Every backend as a place, for the one suite that all of them keep to."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import servers
from storage_places import Place

from storage import opening
from storage.bucket import Bucket
from storage.memory import MemoryStore
from storage.s3 import S3Store
from storage.store import Store

_counter = itertools.count(1)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, str]]:
    with servers.seaweedfs(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture
def new_bucket(s3_server: tuple[str, str, str]) -> Iterator[Callable[[], S3Store]]:
    """Each call a new store object on one fresh bucket, with short timeouts and small pieces of 6 MiB."""
    url, access_key, secret_key = s3_server
    made: list[S3Store] = []
    name = f"bucket-{next(_counter)}"

    def make() -> S3Store:
        bucket = Bucket(url.removeprefix("s3://"), name, access_key=access_key, secret_key=secret_key, secure=False)
        made.append(S3Store(bucket, prefix="some/where", piece=6 << 20))
        return made[-1]

    yield make
    for store in made:
        store.close()


BACKENDS = ["memory", "filesystem", pytest.param("s3", marks=pytest.mark.s3)]


@pytest.fixture(params=BACKENDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "memory":
        store = MemoryStore()
        return Place("memory", lambda: store, 0.001)
    if request.param == "filesystem":
        return Place("filesystem", lambda: opening.from_url(f"file:{tmp_path}/store"), 0.02)
    return Place("s3", request.getfixturevalue("new_bucket"), 1.1)


@pytest.fixture
def store(place: Place) -> Store:
    return place.open()
