"""What can go wrong with an S3 server: gone, slow, killed, wrong keys, answers cut off."""

import hashlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import servers

from storage.bucket import Bucket
from storage.errors import Busy, Damaged, Full, Missing, Unavailable, WrongOffset
from storage.opening import from_url
from storage.s3 import S3Store

MIB = 1 << 20


@contextmanager
def answering(answer: bytes | None) -> Iterator[str]:
    """A server that gives every request the same answer, or none at all; its ``host:port``."""
    listener = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            held.append(connection)
            if answer is not None:
                connection.recv(65536)
                connection.sendall(answer)
                connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for connection in held:
            connection.close()


@contextmanager
def store_at(endpoint: str, access_key: str = "k", secret_key: str = "s", name: str = "bucket") -> Iterator[S3Store]:
    bucket = Bucket(
        endpoint, name, access_key=access_key, secret_key=secret_key, secure=False,
        connect_timeout=0.5, read_timeout=0.5, retries=1,
    )  # fmt: skip
    store = S3Store(bucket, piece=6 * MIB)
    with closing(store):
        yield store


def everything(store: S3Store) -> list[Callable[[], object]]:
    key, upload = "0" * 64, "0" * 32
    return [
        lambda: store.put([b"x"]),
        lambda: store.open(key),
        lambda: store.stat(key),
        lambda: store.delete(key),
        lambda: list(store.keys()),
        store.begin,
        lambda: store.append(upload, 0, [b"x"]),
        lambda: store.size(upload),
        lambda: store.finish(upload),
        lambda: store.abort(upload),
        lambda: list(store.uploads()),
        lambda: store.sweep_temporary(datetime.now(UTC)),
    ]


def http(status: str, body: bytes = b"", kind: str = "application/xml", length: int | None = None) -> bytes:
    length = len(body) if length is None else length
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


BAD_ANSWERS = {
    "silent": None,
    "hangs up": b"",
    "503": http("503 Slow Down"),
    "cut off": http("200 OK", b"<notxml", length=9),
    "garbage": http("502 Bad Gateway", b"\xff\xfe\xfd\xfc", "text/html"),
    "not http": b"no http at all\r\n\r\n",
}


@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_a_server_that_does_not_serve_is_unavailable_soon(answer: bytes | None) -> None:
    with answering(answer) as endpoint, store_at(endpoint) as store:
        for act in everything(store)[:3] + everything(store)[6:7]:
            began = time.monotonic()
            try:
                act()
            except Unavailable:
                pass
            except Missing:
                assert answer is not None
                assert answer.startswith(b"HTTP/1.1 200")
            assert time.monotonic() - began < 5


def test_no_server_is_unavailable_at_once_for_every_verb() -> None:
    (port,) = servers.free_ports(1)
    with store_at(f"127.0.0.1:{port}") as store:
        for act in everything(store):
            began = time.monotonic()
            with pytest.raises(Unavailable):
                act()
            assert time.monotonic() - began < 3
        assert [(finding.code, finding.ok) for finding in store.check()] == [("storage.round-trip", False)]


FULL_ANSWERS = {
    "507": http("507 Insufficient Storage"),
    "quota": http("403 Forbidden", b"<Error><Code>QuotaExceeded</Code></Error>"),
}


@pytest.mark.parametrize("answer", FULL_ANSWERS.values(), ids=FULL_ANSWERS)
def test_a_full_server_is_full(answer: bytes) -> None:
    with answering(answer) as endpoint, store_at(endpoint) as store:
        store._bucket._ready = True
        with pytest.raises(Full):
            store.put([b"x"])


@pytest.mark.s3
def test_wrong_keys_are_unavailable_and_shown_nowhere(s3_server: tuple[str, str, str]) -> None:
    url, access_key, _ = s3_server
    with store_at(url.removeprefix("s3://"), access_key, "NOT-THE-SECRET") as store:
        with pytest.raises(Unavailable) as raised:
            store.put([b"x"])
        shown = f"{raised.value!s} {raised.value!r} {store!r} {store.check()}"
        assert "NOT-THE-SECRET" not in shown
        assert access_key not in shown


@pytest.mark.s3
def test_an_address_and_two_keys_are_enough(s3_server: tuple[str, str, str]) -> None:
    url, access_key, secret_key = s3_server
    store = from_url(f"{url}/made-when-absent/below?secure=false", access_key=access_key, secret_key=secret_key)
    assert isinstance(store, S3Store)
    with closing(store):
        assert list(store.keys()) == []
        assert b"".join(store.open(store.put([b"x"]).key)) == b"x"


@pytest.mark.s3
def test_listings_go_over_pages(new_bucket: Callable[[], S3Store]) -> None:
    store = new_bucket()
    names = [f"some/where/objects/00/{number:064x}" for number in range(7)]
    for name in names:
        store._bucket.put(name, b"")
    assert [piece.name for piece in store._bucket.listed("some/where/objects/", page=2)] == names


@pytest.mark.s3
def test_a_piece_is_never_written_twice(new_bucket: Callable[[], S3Store]) -> None:
    """A second writer that looked before the first one wrote; and a request sent again after a lost reply."""
    first, second = new_bucket(), new_bucket()
    upload = first.begin()

    def late() -> Iterator[bytes]:
        first.append(upload, 0, [b"a" * 10])
        yield b"b" * 10

    with pytest.raises(WrongOffset) as raised:
        second.append(upload, 0, late())
    assert raised.value.expected == 10

    def again() -> Iterator[bytes]:
        first.append(upload, 10, [b"same"])
        yield b"same"

    assert second.append(upload, 10, again()) == 14
    assert b"".join(first.open(first.finish(upload).key)) == b"a" * 10 + b"same"


@pytest.mark.s3
def test_a_late_piece_after_a_short_one_is_refused(new_bucket: Callable[[], S3Store]) -> None:
    store = new_bucket()
    upload = store.begin()

    def late() -> Iterator[bytes]:
        yield b"x" * (6 * MIB)
        store._bucket.delete_all([piece.name for piece in store._bucket.listed(store._place(upload))])
        store._bucket.put(f"{store._place(upload)}z-begun", b"")
        store._bucket.put(f"{store._place(upload)}p-{10**16 - 1 - 6 * MIB:016d}", b"hole before it")
        yield b"y"

    with pytest.raises((WrongOffset, Busy)):
        store.append(upload, 0, late())
    with pytest.raises(Damaged):
        store.finish(upload)


@pytest.mark.s3
def test_leftovers_of_crashed_puts_and_joins_are_swept_when_they_are_old(new_bucket: Callable[[], S3Store]) -> None:
    store = new_bucket()
    store._bucket.put("some/where/temporary/0123/p-1", b"half")
    store._bucket._client._create_multipart_upload(store._bucket.name, store._name("0" * 64), {})
    now = datetime.now(UTC)
    assert store.sweep_temporary(now - timedelta(hours=1)) == 0
    assert store.sweep_temporary(now + timedelta(hours=1)) == 2
    assert store.sweep_temporary(now + timedelta(hours=1)) == 0
    assert list(store._bucket.listed("")) == []


@pytest.mark.s3
@pytest.mark.parametrize("crash_at", ["_complete", "put"])
def test_a_finish_that_crashes_is_repeated(
    new_bucket: Callable[[], S3Store], monkeypatch: pytest.MonkeyPatch, crash_at: str
) -> None:
    store = new_bucket()
    upload = store.begin()
    content = os.urandom(13 * MIB)
    store.append(upload, 0, [content])

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Bucket, crash_at, crash)
        with pytest.raises(KeyboardInterrupt):
            store.finish(upload)
    key = hashlib.sha256(content).hexdigest()
    assert new_bucket().finish(upload, expected=key).size == len(content)
    assert b"".join(store.open(key)) == content


@pytest.mark.s3
@pytest.mark.parametrize("step", ["_pieces", "_digest_of"])
def test_two_hands_that_finish_one_upload_get_the_same_answer(
    new_bucket: Callable[[], S3Store], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The other finishes, and takes the pieces away, while we have listed them or have half of the list."""
    store = new_bucket()
    upload, content = store.begin(), os.urandom(14 * MIB)
    store.append(upload, 0, [content])
    took = getattr(store, step)
    seen: list[object] = []

    def overtaken(what: object) -> object:
        monkeypatch.undo()
        if step == "_pieces":
            seen.append(store.finish(upload))
            return []  # as a listing may look in the middle of it
        seen.append(store.finish(upload))
        return took(what)

    monkeypatch.setattr(store, step, overtaken)
    found = store.finish(upload)
    assert seen == [found]
    assert found.key == hashlib.sha256(content).hexdigest()
    assert store.finish(upload) == found
    store.abort(upload)
    with pytest.raises(Missing):
        store.finish(upload)


def test_an_upload_and_a_read_survive_a_killed_server(tmp_path: Path) -> None:
    content = os.urandom(30 * MIB)
    with servers.running_seaweedfs(tmp_path / "weed") as server:
        keys = (server.access_key, server.secret_key)
        with store_at(server.endpoint, *keys) as store:
            upload = store.begin()
            size = store.append(upload, 0, [content[: 7 * MIB]])

            def interrupted() -> Iterator[bytes]:
                yield content[size : size + 7 * MIB]
                server.kill()
                yield content[size + 7 * MIB :]

            with pytest.raises(Unavailable):
                store.append(upload, size, interrupted())
            with pytest.raises(Unavailable):
                store.size(upload)
            server.start()
        with store_at(server.endpoint, *keys) as store:
            size = store.size(upload)
            assert size == 13 * MIB
            store.append(upload, size, [content[size:]])
            key = store.finish(upload, expected=hashlib.sha256(content).hexdigest()).key
            reader = store.open(key)
            got = next(reader)
            server.kill()
            with pytest.raises(Unavailable):
                list(reader)
            server.start()
            assert content.startswith(got)
            assert b"".join(store.open(key)) == content
