"""Uploads under torture: lines cut at every piece, two senders at one file, and a server that is killed again and
again. Every file that was told to be done has the right bytes; nothing else is to be seen.
"""

import http.client
import itertools
import json
import os
import random
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import anyio.from_thread
import asgi
import factories
import psutil
import pytest
import senders
import servers
import soundness
from factories import drafted, opened, token_of
from fault_counts import TIMEOUT, count
from killing import Say, environment, forked
from senders import BROKEN, Deadline, Line, Tus, sha256
from sqlmodel import select

from api import app, streams
from oer import uploads
from oer.db import reading
from oer.installation import Installation
from oer.models import DraftFile, Resource
from oer.policy import Actor
from oer.workflow import Role
from storage.errors import StoreError
from storage.filesystem import FilesystemStore

pytestmark = pytest.mark.timeout(TIMEOUT)

MIB = 1 << 20
ROOT = Path(__file__).resolve().parents[2]
PLACES = ["filesystem", pytest.param("s3", marks=pytest.mark.s3)]


@dataclass
class Server:
    """``oer serve`` on a port of its own, to be killed with all its processes."""

    home: Installation
    folder: Path
    port: int = field(default_factory=lambda: servers.free_ports(1)[0])
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        variables = {**os.environ, **environment(self.home), "OER_BASE_URL": f"http://127.0.0.1:{self.port}"}
        command = [sys.executable, "-m", "oer.cli", "serve", "--no-worker", "--port", str(self.port)]
        log = self.folder / "server.txt"
        with log.open("ab") as out:
            self.process = subprocess.Popen(command, env=variables, cwd=ROOT, stdout=out, stderr=out)
        until = time.monotonic() + 60
        while not self._answers():
            assert self.process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)

    def _answers(self) -> bool:
        with suppress(*BROKEN):
            return Line(self.port, {}).ask("GET", "/health/ready")[0] == 200
        return False

    def kill(self) -> None:
        """As the kernel does it when memory is short: nobody is asked, all at once."""
        assert self.process is not None
        top = psutil.Process(self.process.pid)
        for each in [top, *top.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        self.process.wait()


@dataclass
class Torture:
    """A server, and somebody with a draft."""

    home: Installation
    server: Server
    line: Line
    author: Actor
    draft: str

    def visible(self, draft: str | None = None) -> dict[str, str]:
        """Name → SHA-256 of what the server gives out."""
        status, _, answer = self.line.ask("GET", f"/api/resources/{draft or self.draft}/draft")
        assert status == 200
        found = {}
        for file in json.loads(answer)["files"]:
            status, _, content = self.line.ask("GET", senders.file_path(draft or self.draft, file["name"]))
            assert (status, sha256(content)) == (200, file["sha256"])
            found[file["name"]] = file["sha256"]
        return found


@contextmanager
def place(folder: Path, kind: str) -> Iterator[Installation]:
    changes: dict[str, Any] = {"store_url": ""}
    if kind == "s3":
        if not os.environ.get("OER_TEST_STORE_URL"):
            pytest.skip("no S3 server runs: OER_TEST_STORE_URL is not set (python tests/with_servers.py --s3)")
        found = factories.store_environment()
        changes = {name.removeprefix("OER_").lower(): value for name, value in found.items()}
    with opened(folder / "data", **changes) as home:
        yield home


@contextmanager
def torture(folder: Path, kind: str) -> Iterator[Torture]:
    with place(folder, kind) as home:
        author = factories.member(home, Role.DEPOSITOR)
        draft = drafted(home, files={}, actor=author)
        server = Server(home, folder)
        headers = token_of(home, author, "read", "deposit")
        server.start()
        try:
            yield Torture(home, server, Line(server.port, headers), author, draft)
        finally:
            server.kill()


# ── Lines that break ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", PLACES)
def test_a_line_cut_at_every_piece_leaves_nothing_of_a_put_and_all_of_a_part(tmp_path: Path, kind: str) -> None:
    step, pieces = MIB, count(9, 24)
    content = os.urandom(step * pieces)
    cuts = sorted({*range(0, len(content), step), *range(1, len(content), 3 * step + 1), len(content) - 1})
    with torture(tmp_path, kind) as found:
        where = senders.create(found.line, found.draft, "tus.bin", len(content))[1]
        for cut in cuts:
            sent = [content[at : min(at + step, cut)] for at in range(0, cut, step)]
            path = senders.file_path(found.draft, "put.bin")
            found.line.ask("PUT", path, sent, size=len(content), cut=True)
            # The part goes on from what is kept, and is cut again.
            status, at = settled(found.line, where)
            assert status == 200
            assert at <= cut
            rest = [content[start : min(start + step, cut)] for start in range(at, cut, step)]
            found.line.ask(
                "PATCH", where, rest, size=len(content) - at, cut=True, upload_offset=str(at), content_type=senders.PART
            )
        assert found.visible() == {}
        status, at = settled(found.line, where)
        assert senders.patch(found.line, where, at, [content[at:]], len(content) - at) == 204
        assert found.visible() == {"tus.bin": sha256(content)}
        assert soundness.faults(found.home) == []
        assert list(found.home.store.uploads()) == []
    print(f"{kind}: {len(cuts)} cuts of a PUT and of a part")


def settled(line: Line, where: str) -> tuple[int, int]:
    """Status and offset, once the server knows that the old line is dead."""
    before = (-1, -1)
    until = time.monotonic() + 20
    while time.monotonic() < until:
        now = senders.offset(line, where)
        if now == before and now[0] == 200:
            return now
        before = now
        time.sleep(0.1)
    raise AssertionError(f"{where} does not come to rest: {before}")


def test_a_put_that_breaks_is_seen_where_nobody_looks_for_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without the look at the end of the body a cut line leaves a short file."""

    def careless(_: Any, out: Any) -> Iterator[bytes]:
        with suppress(anyio.EndOfStream):
            while True:
                yield from anyio.from_thread.run(out.receive)

    with opened(tmp_path / "data", store_url="") as home:
        author = factories.member(home, Role.DEPOSITOR)
        draft = drafted(home, files={}, actor=author)
        headers = {**token_of(home, author, "read", "deposit"), "content-length": "100"}
        path = senders.file_path(draft, "a.bin")
        for defended, status in ((True, 400), (False, 201)):
            if not defended:
                monkeypatch.setattr(streams, "_pieces", careless)
            assert asgi.ask(app.create(home), "PUT", path, headers, [b"half"], breaks=True).status == status


@pytest.mark.parametrize("kind", PLACES)
def test_a_sender_that_comes_back_need_not_wait_for_its_dead_line(tmp_path: Path, kind: str) -> None:
    """A phone that loses its network says no farewell: for the server the old line goes on, in silence."""
    content = os.urandom(6 * MIB)
    with torture(tmp_path, kind) as found:
        where = senders.create(found.line, found.draft, "a.bin", len(content))[1]
        half = content[: 3 * MIB]
        dead = http.client.HTTPConnection("127.0.0.1", found.server.port)
        with closing(dead):
            told = {"Upload-Offset": "0", "Content-Type": senders.PART, "Content-Length": str(len(content))}
            dead.putrequest("PATCH", where)
            for name, value in {**found.line.headers, "Tus-Resumable": "1.0.0", **told}.items():
                dead.putheader(name, value)
            dead.endheaders()
            dead.send(half)
            time.sleep(streams._LINGERING + 1)
            assert senders.offset(found.line, where) == (200, len(half))
            rest = content[len(half) :]
            assert senders.patch(found.line, where, len(half), [rest], len(rest)) == 204
        assert found.visible() == {"a.bin": sha256(content)}


def test_a_refusal_is_heard_before_the_file_is_sent(tmp_path: Path) -> None:
    """``Expect: 100-continue``: the server asks for the body, or answers at once."""
    with torture(tmp_path, "filesystem") as found:
        for name, told, heard in (
            ("a.bin", found.line.headers, b"HTTP/1.1 100 "),
            ("b.bin", {}, b"HTTP/1.1 401 "),
            ("c.bin", {**found.line.headers, "If-Match": "*"}, b"HTTP/1.1 412 "),
        ):
            with closing(socket.create_connection(("127.0.0.1", found.server.port), timeout=20)) as line:
                wanted = {"Host": "localhost", "Content-Length": "4", "Expect": "100-continue", **told}
                head = "".join(f"{key}: {value}\r\n" for key, value in wanted.items())
                line.sendall(f"PUT {senders.file_path(found.draft, name)} HTTP/1.1\r\n{head}\r\n".encode())
                assert line.recv(1000).startswith(heard)
                if heard == b"HTTP/1.1 100 ":
                    line.sendall(b"four")
                    assert line.recv(1000).startswith(b"HTTP/1.1 201 ")
        assert found.visible() == {"a.bin": sha256(b"four")}


# ── Two senders of one file ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", PLACES)
def test_senders_of_one_file_never_mix_their_bytes(tmp_path: Path, kind: str) -> None:
    rounds = count(3, 20)
    with torture(tmp_path, kind) as found:
        wanted = {}
        for number in range(rounds):
            name, content = f"{number}.bin", os.urandom(random.randrange(1, 14 * MIB))
            where = senders.create(found.line, found.draft, name, len(content))[1]
            together([Tus(found.line, content, where).send for _ in range(3)], seconds=60)
            wanted[name] = sha256(content)
        assert found.visible() == wanted
        assert soundness.faults(found.home) == []
    print(f"{kind}: {rounds} files by three senders each")


def together(work: Iterable[Callable[..., None]], *, seconds: float) -> None:
    until = Deadline.after(seconds)
    with ThreadPoolExecutor(16) as pool:
        for each in [pool.submit(one, random.Random(), until=until) for one in work]:
            each.result()


class Careless(FilesystemStore):
    """Adds at whatever end there is, wherever the sender says that its bytes belong."""

    def append(self, upload: str, offset: int, chunks: Iterable[bytes]) -> int:
        for chunk in chunks:
            super().append(upload, self.size(upload), [chunk])
        return self.size(upload)


def test_two_senders_mix_their_bytes_where_nobody_compares_offsets(tmp_path: Path) -> None:
    """The control, on the store itself, which is where offsets are compared."""
    content = os.urandom(64 * 1024)

    def sent(store: FilesystemStore) -> bool:
        upload = store.begin()

        def one() -> None:
            while (at := store.size(upload)) < len(content):
                with suppress(StoreError):
                    store.append(upload, at, [content[at : at + 4096]])

        threads = [threading.Thread(target=one) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return store.finish(upload).key == sha256(content)

    assert all(sent(FilesystemStore(tmp_path / "right")) for _ in range(60))
    assert not all(sent(Careless(tmp_path / "wrong")) for _ in range(60))


# ── A server that is killed ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", PLACES)
def test_a_server_killed_again_and_again_loses_and_mixes_nothing(tmp_path: Path, kind: str) -> None:
    rounds, chance = count(4, 50), random.Random()
    with torture(tmp_path, kind) as found:
        work = Work(found, until=Deadline.after(TIMEOUT - 60))
        with ThreadPoolExecutor(8) as pool:
            running = [pool.submit(work.keep_on, turn) for turn in ("put", "tus", "tus", "form")]
            try:
                for number in itertools.count(1):
                    time.sleep(chance.uniform(0.3, 2.5))
                    found.server.kill()
                    # A busy machine gets little done between two kills.
                    if number >= rounds and (work.broken >= rounds or number > 10 * rounds):
                        work.over.set()
                    found.server.start()
                    if work.over.is_set():
                        break
            except BaseException:
                work.over.set()
                work.until.now()
                raise
            for each in running:
                each.result()
        assert len(work.done) >= 3
        assert found.visible() == work.done
        for public_id, (name, digest) in work.deposits.items():
            assert found.visible(public_id) == {name: digest}
        with reading(found.home.engine) as session:
            assert set(session.exec(select(Resource.public_id)).all()) == {found.draft, *work.deposits}
            files = session.exec(select(DraftFile)).all()
        assert len(files) == len(work.done) + len(work.deposits)
        assert soundness.faults(found.home) == []
        later = datetime.now(UTC) + timedelta(days=20)
        uploads.expire(found.home.engine, found.home.store, now=later, lifetime=timedelta(days=7))
        assert list(found.home.store.uploads()) == []
    told = f"{len(work.done)} files and {len(work.deposits)} forms done, all right"
    print(f"{kind}: {number} kills, {work.broken} broken lines; {told}")
    assert work.broken >= rounds


@dataclass
class Work:
    """Senders that begin a new file as soon as they are told that the last one is done."""

    found: Torture
    until: Deadline
    over: threading.Event = field(default_factory=threading.Event)
    done: dict[str, str] = field(default_factory=dict)
    deposits: dict[str, tuple[str, str]] = field(default_factory=dict)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    broken: int = 0

    def keep_on(self, way: str) -> None:
        chance = random.Random()
        while not self.over.is_set():
            name, content = f"{way}-{next(self.numbers)}.bin", os.urandom(chance.randrange(1, 12 * MIB))
            getattr(self, way)(name, content, chance)

    def put(self, name: str, content: bytes, chance: random.Random) -> None:
        senders.put(self._line(), self.found.draft, name, content, chance, until=self.until)
        self.done[name] = sha256(content)

    def tus(self, name: str, content: bytes, chance: random.Random) -> None:
        line, where = self._line(), ""

        def begin() -> bool:
            nonlocal where
            status, where = senders.create(line, self.found.draft, name, len(content))
            assert status in (201, 503), status
            return status == 201

        senders.persistently(begin, until=self.until)
        pair = [threading.Thread(target=Tus(line, content, where).send, args=(random.Random(),),
                                 kwargs={"until": self.until}) for _ in range(2)]  # fmt: skip
        for thread in pair:
            thread.start()
        for thread in pair:
            thread.join()
        # Both were told so, or one has failed and the test with it.
        assert senders_agree(line, where, len(content), self.until)
        self.done[name] = sha256(content)

    def form(self, name: str, content: bytes, chance: random.Random) -> None:
        record = factories.record().model_dump_json(exclude_defaults=True).encode()
        key = name.removesuffix(".bin") + secrets.token_hex(4)
        public_id = senders.deposit(self._line(), key, record, content, chance, until=self.until)
        self.deposits[public_id] = (f"{key}.bin", sha256(content))

    def _line(self) -> "Counting":
        return Counting(self.found.line.port, self.found.line.headers, work=self)


@dataclass(frozen=True, kw_only=True)
class Counting(Line):
    """Counts what breaks under way."""

    work: Work

    def ask(self, *args: Any, **more: Any) -> tuple[int, dict[str, str], bytes]:
        try:
            return super().ask(*args, **more)
        except BROKEN as error:
            self.work.broken += not isinstance(error, ConnectionRefusedError)
            raise


def senders_agree(line: Line, where: str, size: int, until: Deadline) -> bool:
    found: list[tuple[int, int]] = []

    def once() -> bool:
        found.append(senders.offset(line, where))
        return found[-1][0] == 200

    senders.persistently(once, until=until)
    return found[-1][1] == size


# ── The control of the kills: a store that takes what is on the disk for durable ─────────────────


def test_a_killed_append_goes_on_from_what_is_durable_and_not_from_what_is_there(tmp_path: Path) -> None:
    """Bytes behind the durable end may be there after a kill. Whoever adds behind them gets a wrong file."""
    content = os.urandom(24 * MIB)

    def wrong(careful: bool) -> int:
        bad = 0
        for number in range(count(8, 40) if careful else 200):
            if bad and not careful:
                break
            store = FilesystemStore(tmp_path / f"{careful}")
            upload = store.begin()

            def work(_: Say, store: FilesystemStore = store, upload: str = upload) -> None:
                def slow() -> Iterator[bytes]:
                    for at in range(0, len(content), 4 * MIB):
                        yield content[at : at + 4 * MIB]
                        time.sleep(0.03)

                store.append(upload, 0, slow())

            forked(work, kill_after=0.03 + 0.02 * (number % 8))
            at = store.size(upload)
            if careful:
                store.append(upload, at, [content[at:]])
            else:
                with (tmp_path / f"{careful}" / "staging" / upload / "bytes").open("ab") as end:
                    end.write(content[at:])
                (tmp_path / f"{careful}" / "staging" / upload / "size").write_text(str(end_of(store, upload)))
            bad += store.finish(upload).key != sha256(content)
            store.abort(upload)
        return bad

    assert wrong(careful=True) == 0
    assert wrong(careful=False) > 0


def end_of(store: FilesystemStore, upload: str) -> int:
    return (store.folder / "staging" / upload / "bytes").stat().st_size
