"""HTTP to partners: patience, limits, and servers that say anything at all."""

import gzip
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import servers
from fetchers import NOW, QUICK, Naps, code, fetched, fetcher
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from oai_server import Request, Said, response, serving

from harvest import connections, fetching
from harvest.fetching import Limits, Unanswered


def in_turn(*answers: bytes) -> Callable[[Request], bytes]:
    """Each answer once; the last one for ever."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


# ── Answers ──────────────────────────────────────────────────────────────────────────────────────


def test_an_answer_is_given_as_it_came() -> None:
    with serving(lambda _: response(b"<a/>", headers={"X-Some": "thing"})) as said:
        found = fetched(said)
    assert (found.status, found.content, found.headers["x-some"], found.encoding) == (200, b"<a/>", "thing", "")
    assert (found.tries, found.moved, found.url) == ((), False, f"{said.url}/oai")
    [asked] = said.requests
    assert (asked.method, asked.headers["user-agent"]) == ("GET", "test")
    assert asked.headers["accept-encoding"] == "gzip, identity"


def test_a_form_is_posted() -> None:
    with serving(lambda _: response()) as said:
        fetched(said, form=b"verb=Identify")
    [asked] = said.requests
    assert (asked.method, asked.body) == ("POST", b"verb=Identify")
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_packed_answers_are_unpacked(pack: Callable[[bytes], bytes]) -> None:
    name = "gzip" if pack is gzip.compress else "deflate"
    with serving(lambda _: response(pack(b"<a/>" * 9999), headers={"Content-Encoding": name})) as said:
        found = fetched(said)
    assert (found.content, found.encoding) == (b"<a/>" * 9999, name)


def test_an_error_page_is_an_answer_too() -> None:
    with serving(lambda _: response(b"gone", 410)) as said:
        assert (fetched(said).status, len(said.requests)) == (410, 1)


# ── Patience ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed_as_seconds_and_as_a_date(status: int) -> None:
    until = format_datetime(NOW + timedelta(seconds=50), usegmt=True)
    answers = (response(b"", status, {"Retry-After": "7"}), response(b"", status, {"Retry-After": until}))
    naps = Naps()
    with serving(in_turn(*answers, response(b"<a/>"))) as said:
        found = fetched(said, naps=naps)
    assert found.status == 200
    assert naps.lengths == [7, 50]
    assert [(one.status, one.retry_after) for one in found.tries] == [(status, "7"), (status, until)]


def test_without_retry_after_waits_grow() -> None:
    naps = Naps()
    with serving(in_turn(response(b"", 503), response(b"", 502), response(b"", 500), response(b"<a/>"))) as said:
        found = fetched(said, naps=naps)
    assert [one.status for one in found.tries] == [503, 502, 500]
    assert 0.7 < naps.lengths[0] < 1.3 < naps.lengths[1] < 2.6 < naps.lengths[2] < 5.1


def test_patience_ends_with_the_tries_and_with_the_time() -> None:
    with serving(lambda _: response(b"", 503)) as said:
        assert fetched(said, Limits(tries=3)).status == 503
        assert len(said.requests) == 3
    naps = Naps()
    with serving(lambda _: response(b"", 503, {"Retry-After": "30"})) as said:
        assert fetched(said, Limits(patience=70), naps).status == 503
    assert naps.lengths == [30, 30]
    with serving(lambda _: response(b"", 503, {"Retry-After": "86400"})) as said:
        assert fetched(said).headers["retry-after"] == "86400"
        assert len(said.requests) == 1


def test_who_expects_an_ill_server_does_not_ask_it_again() -> None:
    with serving(in_turn(response(b"", 503), response(b"", 500), response(b"<a/>"))) as said:
        found = fetched(said, ill=False)
    assert (found.status, [one.status for one in found.tries]) == (500, [503])


def test_a_line_that_breaks_is_tried_again() -> None:
    with serving(in_turn(response(b"<a>", length=99), b"", response(b"<a/>"))) as said:
        found = fetched(said)
    assert found.content == b"<a/>"
    assert [one.status for one in found.tries] == [None, None]
    assert all(one.reason for one in found.tries)


def test_nobody_there_is_told_with_the_reason() -> None:
    said = Said(f"http://127.0.0.1:{servers.free_ports(1)[0]}")
    naps = Naps()
    with pytest.raises(Unanswered) as raised:
        fetched(said, naps=naps)
    assert raised.value.code == "fetch.no-answer"
    assert "refused" in str(raised.value.params["reason"])
    assert len(naps.lengths) == 3


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("0", 1), ("5", 5), (" 5 ", 5), ("999999999", 999999999), ("9999999999", None), ("-5", None), ("1.5", None),
        ("soon", None), ("", None), ("٥", None), ("Sun, 01 Mar 2026 08:00:09 GMT", 9),
        ("Sun, 01 Mar 2026 08:00:09", 9), ("Sun, 01 Mar 2026 09:00:09 +0100", 9), ("Sunday, 01-Mar-26 08:00:09 GMT", 9),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 1), ("Sun, 99 Mar 2026 08:00:09 GMT", None),
    ],
)  # fmt: skip
def test_retry_after_is_read(given: str, wanted: float | None) -> None:
    assert fetching.seconds(given, NOW) == wanted


@given(st.text())
@example("Sun, 01 Mar 99999 08:00:09 GMT")
@example("Sun, 01 Mar 2026 08:00:09 +9999")
def test_any_retry_after_gives_seconds_or_nothing(given: str) -> None:
    found = fetching.seconds(given, NOW)
    assert found is None or found >= 1


# ── Limits ───────────────────────────────────────────────────────────────────────────────────────


def test_size_is_capped_after_unpacking() -> None:
    limits = Limits(size=100_000, tries=1)
    with serving(lambda _: response(b"x" * 100_000)) as said:
        assert len(fetched(said, limits).content) == 100_000
    with serving(lambda _: response(b"x" * 100_001)) as said:
        assert code(said, limits) == "fetch.too-large"
    bomb = gzip.compress(bytes(300_000_000), 9)
    began = time.monotonic()
    with serving(lambda _: response(bomb, headers={"Content-Encoding": "gzip"})) as said:
        assert code(said, Limits(tries=1)) == "fetch.too-large"
    assert time.monotonic() - began < 5


def test_an_answer_without_an_end_is_left() -> None:
    def endless(_: Request) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 Said\r\n\r\n"
        while True:
            yield b"x" * 65536

    with serving(endless) as said:
        assert code(said, Limits(size=1_000_000, tries=1)) == "fetch.too-large"


def test_an_answer_that_drips_is_left() -> None:
    def dripping(_: Request) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 Said\r\nContent-Length: 1000\r\n\r\n"
        while True:
            time.sleep(0.05)
            yield b"x"

    began = time.monotonic()
    with serving(dripping) as said:
        assert code(said, Limits(silence=1, whole=0.5, tries=1)) == "fetch.too-slow"
    assert time.monotonic() - began < 3


def test_a_head_that_drips_is_left() -> None:
    def dripping(_: Request) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 Said\r\nX-Long: "
        while True:
            time.sleep(0.05)
            yield b"x"

    began = time.monotonic()
    with serving(dripping) as said:
        assert code(said, Limits(silence=1, whole=0.5, tries=1)) == "fetch.too-slow"
    assert time.monotonic() - began < 3


def test_an_answer_that_drips_without_telling_its_length_is_not_taken_for_a_whole_one() -> None:
    def dripping(_: Request) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 Said\r\nConnection: close\r\n\r\n<a/>"
        while True:
            time.sleep(0.05)
            yield b" "

    with serving(dripping) as said:
        assert code(said, Limits(silence=1, whole=0.5, tries=1)) == "fetch.too-slow"


def test_a_chunk_that_drips_is_left_though_the_line_is_to_end_with_the_answer() -> None:
    """The connection lets go of its line once the head is read; the answer goes on."""

    def dripping(_: Request) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 Said\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n<a/>\r\n1;"
        for _second in range(80):
            time.sleep(0.05)
            yield b"x"

    began = time.monotonic()
    with serving(dripping) as said:
        assert code(said, Limits(silence=1, whole=0.5, tries=1)) == "fetch.too-slow"
    assert time.monotonic() - began < 3


def test_a_line_that_is_made_when_the_time_is_up_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def dripping(_: Request) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 Said\r\nX-Long: "
        for _second in range(80):
            time.sleep(0.05)
            yield b"x"

    def late(*given: object, **named: object) -> socket.socket:
        time.sleep(0.6)
        return connect(*given, **named)

    connect = connections.create_connection
    monkeypatch.setattr(connections, "create_connection", late)
    began = time.monotonic()
    with serving(dripping) as said:
        assert code(said, Limits(silence=1, whole=0.3, tries=1)) == "fetch.too-slow"
    assert time.monotonic() - began < 3


def test_redirections_share_the_time_of_one_try() -> None:
    def slow(request: Request) -> bytes:
        time.sleep(0.3)
        return response(b"", 302, {"Location": f"{request.target}x"})

    began = time.monotonic()
    with serving(slow) as said:
        assert code(said, Limits(silence=1, whole=0.5, tries=1)) == "fetch.too-slow"
    assert time.monotonic() - began < 1.5


def test_no_line_stays_open() -> None:
    def handles() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = handles()
    with serving(lambda _: response(b"<a/>")) as said, fetcher() as asking:
        for _ in range(10):
            asking.fetch(said.url)
        assert handles() < before + 10
    assert handles() <= before


def test_silence_is_left() -> None:
    def silent(_: Request) -> Iterator[bytes]:
        time.sleep(0.6)
        yield b""

    with serving(silent) as said:
        assert code(said, Limits(silence=0.2, tries=1)) == "fetch.no-answer"


def test_what_was_left_does_not_spoil_the_next_question() -> None:
    answers = in_turn(response(b"x" * 2_000_000), response(b"<a/>"))
    with serving(answers) as said, fetcher(Limits(size=1000)) as asking:
        with pytest.raises(Unanswered):
            asking.fetch(said.url)
        assert asking.fetch(said.url).content == b"<a/>"


# ── Servers that say anything ────────────────────────────────────────────────────────────────────

ODD = [
    b"nonsense",
    b"HTTP/1.1 200\r\n\r\n",
    b"HTTP/1.1 999 Odd\r\nContent-Length: x\r\n\r\n<a/>",
    b"HTTP/1.1 -1 Odd\r\n\r\n",
    b"HTTP/1.1 200 Odd\r\nContent-Length: -5\r\n\r\n<a/>",
    b"HTTP/1.1 200 Odd\r\nContent-Length: 4, 5\r\n\r\n<a/>",
    b"HTTP/1.1 200 Odd\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 200 Odd\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<a",
    b"HTTP/1.1 200 Odd\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n4\r\n<a/>\r\n0\r\n\r\n",
    b"HTTP/1.1 200 Odd\r\n" + b"A: b\r\n" * 500 + b"\r\n",
    b"HTTP/1.1 200 Odd\r\nA: " + b"b" * 100_000 + b"\r\n\r\n",
    b"HTTP/1.1 200 Odd\r\nContent-Type\xff: \xfe\r\n\r\n<a/>",
    b"HTTP/1.1 302 Odd\r\nLocation: \xff\xfe\r\n\r\n",
    b"HTTP/1.1 302 Odd\r\n\r\n",
    response(b"no gzip", headers={"Content-Encoding": "gzip"}),
    response(gzip.compress(b"<a/>")[:-9], headers={"Content-Encoding": "gzip"}),
    response(gzip.compress(b"<a/>"), headers={"Content-Encoding": "gzip, gzip, gzip, gzip, gzip, gzip, gzip"}),
    response(b"<a/>", headers={"Content-Encoding": "none of that"}),
    response(b"<a/>", headers={"Content-Encoding": "br"}),
]  # fmt: skip


def outcome(url: str) -> str:
    """The code of what went wrong, or nothing."""
    with fetcher(QUICK) as asking:
        try:
            asking.fetch(url)
        except Unanswered as error:
            return error.code
    return ""


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_odd_servers_give_an_answer_or_none(odd: bytes) -> None:
    with serving(lambda _: odd) as said:
        assert outcome(said.url) in {"", *fetching.CODES}


@pytest.fixture(scope="module")
def parrot() -> Iterator[tuple[Said, list[bytes]]]:
    """A server that says what was last put into the list."""
    words = [b""]
    with serving(lambda _: words[-1]) as said:
        yield said, words


@given(st.binary(max_size=200), st.booleans())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_an_answer_or_none(parrot: tuple[Said, list[bytes]], some: bytes, with_head: bool) -> None:
    said, words = parrot
    words[:] = [b"HTTP/1.1 200 OK\r\n" * with_head + some]
    assert outcome(said.url) in {"", *fetching.CODES}
