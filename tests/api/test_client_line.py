"""How the client asks again, against a server that answers as it is told to."""

import http.server
import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from typing import Any

import pytest

from oer.client import ApiError, Client, Unfinished, Unreachable
from oer.client.line import Broken, Patience


@contextmanager
def server(answers: list[tuple[int, dict[str, str], bytes] | None]) -> Iterator[tuple[str, list[Any]]]:
    """Gives these answers, one for each request (None: hangs up); and the requests that came."""
    asked: list[Any] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            asked.append((self.command, self.path, self.headers, self.rfile.read(length)))
            answer = answers.pop(0)
            self.close_connection = True
            if answer is not None:
                status, headers, content = answer
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), "Connection": "close", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.answer)
    found = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=found.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{found.server_port}", asked
    finally:
        found.shutdown()
        thread.join()
        found.server_close()


def problem(code: str) -> bytes:
    return json.dumps({"code": code, "detail": "words", "errors": []}).encode()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oer.client.line._FIRST", 0.01)


def test_every_try_of_a_post_bears_the_same_key() -> None:
    busy = (503, {"Retry-After": "0"}, problem("database.busy"))
    made = (201, {"ETag": '"1-a"'}, b'{"id": "x"}')
    with server([None, busy, (502, {}, b"<html>"), made]) as (url, asked), Client(url) as client:
        assert client.create("college", {}).etag == '"1-a"'
    keys = {headers["Idempotency-Key"] for _, _, headers, _ in asked}
    assert len(asked) == 4
    assert len(keys) == 1
    assert None not in keys


def test_a_wait_that_is_longer_than_patience_is_told_at_once() -> None:
    later = (503, {"Retry-After": "3600"}, problem("store.damaged"))
    with server([later]) as (url, asked), Client(url) as client, pytest.raises(ApiError) as refused:
        client.resource("x")
    assert (refused.value.code, refused.value.retry_after, len(asked)) == ("store.damaged", 3600, 1)


def test_waits_grow_and_end() -> None:
    slept: list[float] = []
    patience = Patience(1.0, slept.append)
    with pytest.raises(Unreachable):
        deque(map(patience.wait, repeat(Broken("gone"), 100)), maxlen=0)
    assert sum(slept) <= 1.0
    assert len(slept) > 3
    patience.renew()
    patience.wait(Broken("gone"))


def test_a_refusal_is_not_asked_again() -> None:
    with (
        server([(409, {}, problem("draft.exists"))]) as (url, asked),
        Client(url) as client,
        pytest.raises(ApiError) as refused,
    ):
        client.revise("x")
    assert (refused.value.code, len(asked)) == ("draft.exists", 1)


def test_a_thing_that_went_with_a_lost_reply_is_gone() -> None:
    unknown = (404, {}, problem("draft.unknown"))
    with server([None, unknown, unknown]) as (url, asked), Client(url) as client:
        client.discard("x")
        with pytest.raises(ApiError):
            client.discard("x")
    assert len(asked) == 3


def test_the_token_goes_to_nobody_else() -> None:
    """Neither with a redirection, nor to the address that an answer names for its next page."""
    with server([]) as (other, elsewhere):
        moved = (307, {"Location": f"{other}/api/me"}, b"")
        page = (200, {}, json.dumps({"items": [], "next": f"{other}/api/resources?cursor=abc"}).encode())
        last = (200, {}, b'{"items": [], "next": null}')
        with server([moved, page, last]) as (url, asked), Client(url, "secret") as client:
            with pytest.raises(ApiError) as refused:
                client.me()
            assert refused.value.status == 307
            assert list(client.resources()) == []
        assert elsewhere == []
        assert asked[-1][1] == "/api/resources?cursor=abc"


def test_the_token_is_shown_nowhere() -> None:
    with Client("http://127.0.0.1:1", "a-secret-token", patience=0) as client, pytest.raises(Unreachable) as broken:
        client.me()
    assert "a-secret-token" not in f"{client!r} {vars(client)} {broken.value!r}"


@pytest.mark.parametrize("url", ["", "oer.example.org", "ftp://oer.example.org", "http://", "https://x/?a=1"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        Client(url)


def test_an_answer_of_a_proxy_is_an_error_like_any_other() -> None:
    for content in (b"<html>no</html>", b"[]", b'{"code": 5, "errors": [1]}', b"\xff", b"[" * 10_000):
        with server([(403, {}, content)]) as (url, _), Client(url) as client, pytest.raises(ApiError) as refused:
            client.resource("x")
        assert refused.value.status == 403


def test_a_token_whose_secret_was_lost_is_revoked() -> None:
    me = (200, {}, b'{"id": 7}')
    lost, made = ((201, {}, json.dumps({"id": 8, "token": secret, "name": "n"}).encode()) for secret in (None, "s"))
    with server([me, lost, (204, {}, b""), made]) as (url, asked), Client(url) as client:
        assert client.tokens.make("n", ["read"]).secret == "s"
    assert [(method, path) for method, path, _, _ in asked][1:] == [
        ("POST", "/api/people/7/tokens"),
        ("DELETE", "/api/people/7/tokens/8"),
        ("POST", "/api/people/7/tokens"),
    ]
    assert asked[1][2]["Idempotency-Key"] != asked[3][2]["Idempotency-Key"]


def test_a_wait_for_a_job_ends() -> None:
    running = (200, {}, b'{"id": 5, "state": "running"}')
    with server([running]) as (url, _), Client(url) as client, pytest.raises(Unfinished):
        client.imports.wait(5, timeout=0)
