"""A store that is slow, breaks off, loses its end or its bits: refused in words, and never wrong bytes for right."""

import hashlib
import io
import itertools
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, redirect_stdout, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import servers
import soundness
from factories import institution, opened, published, record
from fault_counts import TIMEOUT, count
from lossy_proxy import Trouble, proxy
from sqlmodel import select
from starlette.testclient import TestClient

from api import app
from oer import cli, deposits, installation
from oer.db import reading, transaction
from oer.errors import Invalid
from oer.installation import Installation
from oer.models import Blob, Resource
from oer.transfer import exports
from storage import opening
from storage.bucket import Bucket
from storage.errors import Damaged, Missing, StoreError, Unavailable
from storage.s3 import S3Store
from storage.store import Store, Stored

pytestmark = pytest.mark.timeout(TIMEOUT)

MIB = 1 << 20


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Installation]:
    with opened(tmp_path / "data", store_url="") as found:
        with transaction(found.engine) as session:
            institution(session)
        yield found


class Through:
    """Around a real store: everything as it is, but for what a test changes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class BreaksOff(Through):
    """Takes some bytes of each put, then fails."""

    def __init__(self, store: Store, after: int) -> None:
        super().__init__(store)
        self._after = after

    def put(self, chunks: Iterable[bytes]) -> Stored:
        def some() -> Iterator[bytes]:
            done = 0
            for chunk in chunks:
                done += len(chunk)
                if done > self._after:
                    raise Unavailable("broke off")
                yield chunk

        return self._store.put(some())


class Forgets(Through):
    """Keeps only the beginning of what it is given, and says so by its digest alone."""

    def put(self, chunks: Iterable[bytes]) -> Stored:
        return self._store.put(itertools.islice(chunks, 1))


class Watched(Through):
    """Notes whether a database connection is out while bytes go in or come out; slow, so that it would matter."""

    def __init__(self, store: Store, engine: Any) -> None:
        super().__init__(store)
        self._engine = engine
        self.pieces = 0
        self.held: list[str] = []

    def _watch(self, what: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            time.sleep(0.001)
            self.pieces += 1
            if self._engine.pool.checkedout():
                self.held.append(what)
            yield chunk

    def put(self, chunks: Iterable[bytes]) -> Stored:
        return self._store.put(self._watch("put", chunks))

    def open(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        return self._watch("open", self._store.open(key, start, length))


def rows(home: Installation) -> tuple[int, int]:
    with reading(home.engine) as session:
        return len(session.exec(select(Resource.id)).all()), len(session.exec(select(Blob.key)).all())


def pieces(number: int, size: int = 100_000) -> list[bytes]:
    return [os.urandom(size) for _ in range(number)]


# ── Ways in ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("after", [0, 100_000, 250_000])
def test_a_store_that_breaks_off_leaves_nothing_half_done(home: Installation, after: int) -> None:
    broken = replace(home, store=BreaksOff(home.store, after))
    before = rows(home)
    with pytest.raises(Unavailable):
        deposits.receive(broken.store, pieces(4), name="a.bin", limit=MIB)
    with pytest.raises(Unavailable):
        published(broken, files={"a.bin": os.urandom(300_000)})
    assert rows(home) == before
    assert list(home.store.keys()) == []
    published(home, files={"a.bin": os.urandom(300_000)})
    assert soundness.faults(home) == []


def test_bytes_that_do_not_arrive_whole_are_refused_by_their_digest(home: Installation) -> None:
    sent = pieces(3)
    wanted = hashlib.sha256(b"".join(sent)).hexdigest()
    with pytest.raises(Invalid) as refused:
        deposits.receive(Forgets(home.store), sent, name="a.bin", limit=MIB, expected=wanted)
    assert refused.value.code == "checksum.mismatch"
    assert deposits.receive(home.store, sent, name="a.bin", limit=MIB, expected=wanted).stored.key == wanted


def run(home: Installation, *arguments: str) -> dict[str, Any]:
    """The command line in this process, on this very installation."""
    with redirect_stdout(io.StringIO()) as answer:
        code = cli.app([*arguments, "--json"], standalone_mode=False)
    assert code in (None, 0), answer.getvalue()
    found: dict[str, Any] = json.loads(answer.getvalue())
    return found


def test_no_connection_is_out_while_bytes_stream(
    home: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(home.store, home.engine)
    slow = replace(home, store=watched)
    monkeypatch.setattr(installation, "open_installation", lambda *_, **__: slow)
    folder = tmp_path / "rows"
    folder.mkdir()
    for name in ("a.bin", "b.bin", "c.bin"):
        (folder / name).write_bytes(os.urandom(5 * MIB))
    described = record().model_dump(mode="json", exclude_defaults=True)
    (tmp_path / "r.json").write_text(json.dumps(described))
    lines = [{**described, "files": [name]} for name in ("b.bin", "c.bin")]
    (folder / "index.jsonl").write_text("\n".join(json.dumps(line) for line in lines))

    at = ("--institution", "college", "--publish")
    made = run(slow, "deposit", str(folder / "a.bin"), "--record", str(tmp_path / "r.json"), *at)
    deposited = watched.pieces
    run(slow, "revise", made["id"], str(folder / "b.bin"), "--publish")
    assert run(slow, "import", str(folder), *at)["counts"]["created"] == 2
    assert watched.pieces > 2 * deposited > 0
    taken = watched.pieces
    run(slow, "export", str(tmp_path / "out"))
    assert watched.pieces > taken
    with TestClient(app.create(slow)) as client:
        answer = client.get(f"/api/resources/{made['id']}/files/a.bin")
        assert answer.content == (folder / "a.bin").read_bytes()
    assert watched.held == []


def test_a_deposit_within_a_transaction_is_found_out(home: Installation) -> None:
    watched = Watched(home.store, home.engine)
    with transaction(home.engine) as session:
        session.exec(select(Resource.id)).all()
        deposits.receive(watched, pieces(2), name="a.bin", limit=MIB)
    assert "put" in watched.held


# ── Ways out ─────────────────────────────────────────────────────────────────────────────────────


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def rot(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size - 10)
        found = file.read(1)
        file.seek(-1, io.SEEK_CUR)
        file.write(bytes([found[0] ^ 4]))


def empty(path: Path) -> None:
    os.truncate(path, 0)


DAMAGES = pytest.mark.parametrize("damage", [truncate, rot, empty, Path.unlink])


@DAMAGES
def test_damaged_bytes_never_leave_as_right_ones(
    home: Installation, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    content = os.urandom(9 * MIB)
    public_id = published(home, files={"a.bin": content})
    key = hashlib.sha256(content).hexdigest()
    path = home.store.local_path(key)
    assert path is not None
    damage(path)

    got = bytearray()

    def read() -> None:
        for piece in home.store.open(key):
            got.extend(piece)

    with pytest.raises((Damaged, Missing)):
        read()
    assert len(got) < len(content)

    with TestClient(app.create(home), raise_server_exceptions=False) as client:
        try:
            answer = client.get(f"/api/resources/{public_id}/files/a.bin")
        except Exception:
            answer = None  # broken off in the middle: nobody takes that for the file
        assert answer is None or answer.status_code >= 500 or len(answer.content) < len(content)

    with pytest.raises((Damaged, Missing)):
        exports.export(home.engine, home.store, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    # Whoever has the right bytes heals the wrong ones.
    home.store.put([content])
    assert soundness.faults(home) == []


def test_a_reader_that_trusts_the_disk_takes_wrong_bytes(home: Installation) -> None:
    content = os.urandom(MIB)
    path = home.store.local_path(home.store.put([content]).key)
    assert path is not None
    rot(path)
    assert len(path.read_bytes()) == len(content)
    assert path.read_bytes() != content


# ── S3 behind a bad network ──────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.SeaweedFS]:
    if not os.environ.get("OER_TEST_STORE_URL"):
        pytest.skip("S3 is not asked for: OER_TEST_STORE_URL is not set (python tests/with_servers.py --s3)")
    with servers.running_seaweedfs(tmp_path_factory.mktemp("lossy")) as running:
        yield running


@contextmanager
def through(server: servers.SeaweedFS, trouble: Trouble) -> Iterator[S3Store]:
    with proxy(server.endpoint, trouble) as endpoint:
        bucket = Bucket(
            endpoint,
            "lossy",
            access_key=server.access_key,
            secret_key=server.secret_key,
            secure=False,
            connect_timeout=1,
            read_timeout=3,
            retries=1,
        )
        with closing(S3Store(bucket, piece=6 * MIB)) as store:
            yield store


@pytest.mark.s3
@pytest.mark.parametrize(
    "trouble",
    [
        Trouble(cut_down_at=200_000),
        Trouble(flip_down_at=200_000),
        Trouble(cut_down_at=100),
        Trouble(pause=0.05),
    ],
    ids=["cut", "garbled", "cut in the headers", "slow"],
)
def test_reads_over_a_bad_network_are_right_or_refused(s3_server: servers.SeaweedFS, trouble: Trouble) -> None:
    content = os.urandom(400_000)
    with through(s3_server, Trouble()) as good:
        stored = good.put([content])
    with through(s3_server, trouble) as store:
        try:
            assert b"".join(store.open(stored.key)) == content
            right = True
        except (Damaged, Unavailable):
            right = False
    assert right is (trouble.pause > 0)
    assert bool(trouble.done) is (not right)


@pytest.mark.s3
@pytest.mark.parametrize("trouble", [Trouble(cut_up_at=3 * MIB), Trouble(flip_up_at=3 * MIB)], ids=["cut", "garbled"])
def test_writes_over_a_bad_network_are_never_read_as_right_where_they_are_wrong(
    s3_server: servers.SeaweedFS, trouble: Trouble
) -> None:
    content = os.urandom(5 * MIB)
    key = hashlib.sha256(content).hexdigest()
    with through(s3_server, Trouble()) as good:
        with through(s3_server, trouble) as store, suppress(StoreError):
            store.put([content])
        assert trouble.done
        with suppress(Missing, Damaged):
            assert b"".join(good.open(key)) == content
        assert good.put([content]).key == key
        assert b"".join(good.open(key)) == content


@pytest.mark.s3
def test_a_store_killed_in_the_middle_of_deposits_loses_nothing_acknowledged(tmp_path: Path) -> None:
    if not os.environ.get("OER_TEST_STORE_URL"):
        pytest.skip("S3 is not asked for: OER_TEST_STORE_URL is not set (python tests/with_servers.py --s3)")
    with servers.running_seaweedfs(tmp_path / "weed") as server, opened(tmp_path / "data") as embedded:
        url = f"s3://{server.endpoint}/kills?secure=false"
        home = replace(
            embedded, store=opening.from_url(url, access_key=server.access_key, secret_key=server.secret_key)
        )
        done: list[str] = []
        for turn in range(count(2, 10)):
            done.append(published(home, files={"a.bin": os.urandom(200_000)}))
            before = rows(home)

            def sent(turn: int = turn) -> Iterator[bytes]:
                for number in range(12):
                    if number == turn % 12:
                        server.kill()
                    yield os.urandom(MIB)

            began = time.monotonic()
            with pytest.raises(Unavailable):
                deposits.receive(home.store, sent(), name="a.bin", limit=100 * MIB)
            with pytest.raises(Unavailable):
                published(home, files={"b.bin": os.urandom(1000)})
            assert time.monotonic() - began < 60
            assert rows(home) == before
            with TestClient(app.create(home), raise_server_exceptions=False) as client:
                assert client.get("/oai?verb=ListRecords&metadataPrefix=oai_dc").status_code == 200
                refused = client.get(f"/api/resources/{done[0]}/files/a.bin")
                assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
            server.start()
            published(home, files={"c.bin": os.urandom(1000)})
            assert soundness.faults(home) == []
