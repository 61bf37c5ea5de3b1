"""The line to a repository: one question at a time, asked again where it broke or where it is too early."""

import json as jsons
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, SSLError

from oer.client.errors import ApiError, Unreachable

_CONNECT = 10.0  # seconds
_FIRST = 0.5  # seconds before the second try; each further wait is twice as long
_LONGEST = 30.0
_PIECE = 1 << 20
_LATER = frozenset({423, 429, 502, 503, 504})  # asked again, they may end well
_ENDED = {"content-length", "transfer-encoding"}  # one of them tells where an answer ends
_BROKEN_OFF = "upload.broken-off"  # the server, or a proxy before it, has seen the line break

Query = Mapping[str, str | int | bool | Sequence[str] | None]


class Broken(Exception):
    """The line broke before a whole answer came: the deed may be done or not."""


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes to send; ``pieces`` gives them from the beginning, each time it is called."""

    size: int
    media_type: str
    pieces: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return jsons.loads(self.content)

    @property
    def etag(self) -> str | None:
        return self.headers.get("etag")

    @property
    def retry_after(self) -> float | None:
        """Seconds; None where it says nothing, or names a date, which none of ours does."""
        given = self.headers.get("retry-after", "")
        return float(given) if given.isascii() and given.isdigit() and len(given) < 9 else None

    def error(self) -> ApiError:
        return ApiError.of(self.status, self.content, retry_after=self.retry_after)

    @property
    def later(self) -> bool:
        """Whether the same question may get another answer soon."""
        return self.status in _LATER or (self.status == 400 and self.error().code == _BROKEN_OFF)


class Patience:
    """How long one deed goes on against a bad line; waits grow, and end with the last answer or break."""

    def __init__(self, seconds: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self._seconds = seconds
        self._sleep = sleep
        self.renew()

    def renew(self) -> None:
        """From the beginning, after something went well."""
        self._left = self._seconds
        self._next = _FIRST

    def wait(self, met: Answer | Broken) -> None:
        """Raises ApiError or Unreachable where there is no time left for what was met."""
        length = random.uniform(0.5, 1.0) * self._next  # noqa: S311 - keeps clients apart, keeps no secret
        if isinstance(met, Answer) and met.retry_after is not None:
            length = max(met.retry_after, 0.1)
        if length > self._left:
            if isinstance(met, Answer):
                raise met.error()
            raise Unreachable(str(met)) from met
        self._left -= length
        self._next = min(2 * self._next, _LONGEST)
        self._sleep(length)


class Line:
    """Asks one repository in the name of one token. Redirections are not followed: the token is for nobody else."""

    def __init__(self, base_url: str, token: str | None, language: str, *, timeout: float, patience: float) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("base_url is the address of a repository: https://oer.example.org")
        self._base = base_url.rstrip("/")
        self._patience = patience
        self._headers = {"Accept-Language": language, "Accept-Encoding": "identity", "User-Agent": "oer-client"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=_CONNECT, read=timeout), retries=False)

    def close(self) -> None:
        self._pool.clear()

    def patience(self) -> Patience:
        return Patience(self._patience)

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        json: object = None,
        content: Content | None = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
        needs: str | None = None,
    ) -> Answer:
        """The answer, asked for until it comes; every POST and PATCH bears one key all the time, so it is done once.

        ``needs`` names a header without which an answer without content is not whole. Raises ApiError, Unreachable.
        """
        told = dict(headers or {})
        if method in ("POST", "PATCH"):
            told["Idempotency-Key"] = key or uuid.uuid4().hex
        if json is not None:
            body = jsons.dumps(json).encode()
            kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
            content = Content(len(body), kind, lambda: iter((body,)))
        patience, broke = self.patience(), False
        while True:
            try:
                answer = self.once(method, path, query=query, content=content, headers=told, needs=needs)
            except Broken as error:
                broke = True
                patience.wait(error)
                continue
            if answer.status < 300 or (broke and method == "DELETE" and answer.status in (404, 410)):
                return answer
            if not answer.later:
                raise answer.error()
            patience.wait(answer)

    def once(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        content: Content | None = None,
        headers: Mapping[str, str] | None = None,
        needs: str | None = None,
    ) -> Answer:
        """Any answer of one try. Raises Broken, Unreachable."""
        with self.opened(method, path, query=query, content=content, headers=headers) as response:
            answer = Answer(response.status, response.headers, b"".join(pieces(response)))
        if needs is not None and answer.status < 300 and needs not in answer.headers:
            raise Broken(f"an answer without {needs}")
        return answer

    @contextmanager
    def opened(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        content: Content | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """An answer whose bytes are still to be read (:func:`pieces`). Raises Broken, Unreachable."""
        told = {**self._headers, **(headers or {})}
        if content is not None:
            told |= {"Content-Type": content.media_type, "Content-Length": str(content.size)}
        try:
            response = self._pool.request(
                method,
                self._base + path + _query(query or {}),
                body=None if content is None else content.pieces(),
                headers=told,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        except SSLError as error:
            raise Unreachable(str(error)) from error
        except (HTTPError, OSError) as error:
            raise _broken(error) from error
        whole = False
        try:
            # A line that breaks among the headers leaves an answer without those that followed, and no error.
            if method != "HEAD" and response.status not in (204, 304) and not _ENDED & response.headers.keys():
                raise Broken("an answer without an end")
            yield response
            whole = True
        finally:
            # What was not read to its end must not be taken for the beginning of the next answer.
            if not whole:
                response.close()
            response.release_conn()


def pieces(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """What is left of an answer. Raises Broken where it ends before its end."""
    try:
        yield from response.stream(_PIECE, decode_content=False)
    except (HTTPError, OSError) as error:
        raise _broken(error) from error


def _broken(error: Exception) -> Broken:
    return Broken(str(error) or type(error).__name__)


def _query(given: Query) -> str:
    words = {True: "true", False: "false"}
    told = {
        name: words[value] if isinstance(value, bool) else value for name, value in given.items() if value is not None
    }
    return f"?{urlencode(told, doseq=True)}" if told else ""
