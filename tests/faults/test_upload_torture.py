"""Uploads under torture: lines cut at every piece, and two senders at one file. Every file that was told to be done
has the right bytes; nothing else is to be seen.
"""

import http.client
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import anyio
import anyio.from_thread
import asgi
import factories
import pytest
import senders
import soundness
from factories import drafted, opened, token_of
from fault_counts import TIMEOUT, count
from senders import Deadline, Line, Tus, sha256
from torture import MIB, PLACES, torture

from api import app, streams
from oer.workflow import Role
from storage.errors import StoreError
from storage.filesystem import FilesystemStore

pytestmark = pytest.mark.timeout(TIMEOUT)


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
