"""The sweeper against uploads of the same bytes: whatever is referred to is there."""

import os
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count as count_up
from pathlib import Path
from threading import Condition
from typing import Any

import pytest
import soundness
from factories import drafted, opened
from fault_counts import TIMEOUT, count
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from oer import blobs, deposits, publishing
from oer.db import is_sqlite, transaction
from oer.errors import Conflict, Unavailable
from oer.installation import Installation
from oer.models import Blob
from oer.policy import OPERATOR
from storage.errors import Missing
from storage.memory import MemoryStore
from storage.store import Store, Stored

pytestmark = pytest.mark.timeout(TIMEOUT)

SECONDS = count(2, 60)
UPLOADERS = count(4, 8)


class SlowDelete:
    """A store whose deletions take their time, so that uploads fall between the sweeper's look and its deletion.

    Every other deletion waits until somebody has put the same bytes again; the rest take a random moment.
    """

    PATIENCE = 0.3

    def __init__(self, store: Store) -> None:
        self._store = store
        self._put = Condition()
        self._times: Counter[str] = Counter()
        self._turn = count_up()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def put(self, *args: Any, **options: Any) -> Stored:
        stored = self._store.put(*args, **options)
        with self._put:
            self._times[stored.key] += 1
            self._put.notify_all()
        return stored

    def delete(self, key: str) -> None:
        if next(self._turn) % 2:
            time.sleep(random.uniform(0, 0.01))
        else:
            with self._put:
                before = self._times[key]
                self._put.wait_for(lambda: self._times[key] > before, self.PATIENCE)
        self._store.delete(key)


STORES = ["filesystem", "memory", pytest.param("s3", marks=pytest.mark.s3)]


@contextmanager
def home_with(folder: Path, kind: str) -> Iterator[Installation]:
    changes: dict[str, Any] = {"database_pool": 20, "store_url": ""}
    if kind == "s3":
        url = os.environ.get("OER_TEST_STORE_URL")
        if not url:
            pytest.skip("no S3 server runs: OER_TEST_STORE_URL is not set (python tests/with_servers.py --s3)")
        before, _, options = url.partition("?")
        keys = {name: os.environ[f"OER_TEST_STORE_{name.upper()}"] for name in ("access_key", "secret_key")}
        changes |= {"store_url": f"{before}-{secrets.token_hex(4)}?{options}"}
        changes |= {f"store_{name}": key for name, key in keys.items()}
    with opened(folder, **changes) as home:
        yield replace(home, store=SlowDelete(MemoryStore() if kind == "memory" else home.store))


@dataclass
class Count:
    """What happened: how many uploads came to their row, were told to come back, and found their bytes gone.

    ``constraints``: only the database's own rules kept a row from pointing nowhere.
    """

    attached: int = 0
    refused: int = 0
    constraints: int = 0
    published: int = 0
    swept: int = 0
    lost: list[str] = field(default_factory=list)

    def __add__(self, other: "Count") -> "Count":
        names = ("attached", "refused", "constraints", "published", "swept", "lost")
        return Count(*(getattr(self, name) + getattr(other, name) for name in names))


def upload(home: Installation, chance: random.Random, until: float) -> Count:
    """One person, who attaches one of three contents, looks, and takes it away again, over and over."""
    done = Count()
    public_id = drafted(home, files={})
    while time.monotonic() < until:
        # A content that was published stays for ever and races no more, so the three are new every other second.
        content = f"content {chance.randrange(3)} of {int(time.monotonic() / 2)}".encode()
        stored = home.store.put([content])
        time.sleep(chance.uniform(0, 0.01))
        try:
            with transaction(home.engine) as session:
                deposits.attach(
                    session,
                    OPERATOR,
                    public_id,
                    home.store,
                    stored,
                    name="a.txt",
                    media_type="text/plain",
                    limits=home.settings,
                    now=home.now(),
                )
        except Unavailable as error:
            if error.code != "blob.being-removed":
                raise
            done.refused += 1
            continue
        except (Conflict, IntegrityError):
            done.constraints += 1
            continue
        done.attached += 1
        _look(home, stored, done)
        public_id = _end(home, public_id, chance, done)
    return done


def _look(home: Installation, stored: Stored, done: Count) -> None:
    """Between the row's commit and its end the bytes must be there at any moment."""
    time.sleep(random.uniform(0, 0.005))
    try:
        home.store.stat(stored.key)
    except Missing:
        done.lost.append(stored.key)


def _end(home: Installation, public_id: str, chance: random.Random, done: Count) -> str:
    """Detach the file, or drop the draft, or (seldom) publish it; the draft to go on with."""
    turn = chance.random()
    with transaction(home.engine) as session:
        if turn < 0.7:
            deposits.detach(session, OPERATOR, public_id, "a.txt", now=home.now())
            return public_id
        if turn < 0.97:
            deposits.discard(session, OPERATOR, public_id, now=home.now())
        else:
            publishing.publish(session, OPERATOR, public_id, repository_id=home.repository_id, now=home.now())
            done.published += 1
    return drafted(home, files={})


def sweep(home: Installation, until: float) -> Count:
    done = Count()
    while time.monotonic() < until:
        swept = blobs.sweep(home.engine, home.store, now=home.now(), grace=timedelta(0), wait=lambda: time.sleep(0.003))
        done.swept += swept.removed
    return done


def race(home: Installation, *, sweepers: int = 2) -> Count:
    """Uploads and sweeps at once for a while; errors of either come through."""
    drafted(home, files={})  # makes the institution
    until = time.monotonic() + SECONDS
    with ThreadPoolExecutor(UPLOADERS + sweepers) as pool:
        running: Iterable[Future[Count]] = [
            *(pool.submit(upload, home, random.Random(seed), until) for seed in range(UPLOADERS)),
            *(pool.submit(sweep, home, until) for _ in range(sweepers)),
        ]
    return sum((each.result() for each in running), Count())


def careless(session: Session, _store: Store, stored: Stored, *, now: Any) -> None:
    """:func:`blobs.hold` as one might write it: see to the row, and trust the ``put``."""
    insert = (sqlite if is_sqlite(session) else postgresql).insert(Blob)
    row = insert.values(key=stored.key, size=stored.size, created=now)
    session.connection().execute(row.on_conflict_do_nothing(index_elements=["key"]))


@pytest.fixture
def told(record_property: Callable[[str, object], None]) -> Callable[[Count], None]:
    def tell(done: Count) -> None:
        print(f"attached {done.attached}, refused {done.refused}, stopped by constraints {done.constraints},", end=" ")
        print(f"removed {done.swept}, lost {len(done.lost)}")
        record_property("attached", done.attached)
        record_property("lost", len(done.lost))

    return tell


@pytest.mark.parametrize("kind", STORES)
def test_no_upload_loses_its_bytes_to_sweepers(tmp_path: Path, kind: str, told: Callable[[Count], None]) -> None:
    with home_with(tmp_path, kind) as home:
        done = race(home)
        for _ in range(9):  # a busy machine gets little done in one round
            if done.swept > 5 and done.attached > 5:
                break
            done += race(home)
        told(done)
        assert done.lost == []
        assert done.constraints == 0
        assert soundness.missing_bytes(home) == []
        # Without these the two never met.
        assert done.swept > 5
        assert done.attached > 5
        last = blobs.sweep(home.engine, home.store, now=home.now() + timedelta(1), grace=timedelta(0), wait=int)
        assert last.kept == 0
        with transaction(home.engine) as session:
            assert soundness.kept(home.store, soundness.referenced(session))
        assert soundness.faults(home) == []


@pytest.mark.parametrize("kind", STORES)
def test_with_the_mark_ignored_rows_stay_without_bytes(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch, told: Callable[[Count], None]
) -> None:
    monkeypatch.setattr(blobs, "hold", careless)
    with home_with(tmp_path, kind) as home:
        done = Count()
        for _ in range(20):  # a busy machine gets little done in one round
            done += race(home)
            if done.lost:
                break
        told(done)
        assert done.lost
