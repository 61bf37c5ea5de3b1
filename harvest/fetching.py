"""HTTP to the endpoints of partners, polite and without trust: it waits when told to, and nothing goes on for ever.

Sources: OAI-PMH 2.0, sections 3.1.2 (status codes) and 3.1.3 (compression); RFC 9110, sections 10.2.3 (Retry-After)
and 15.4 (redirection).
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Self
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.exceptions import DecodeError, HTTPError, LocationValueError, SSLError

from harvest import connections
from harvest.addresses import Reach
from harvest.connections import Lines, OutOfReach

CODES = frozenset(
    {
        "fetch.address-invalid",
        "fetch.address-private",
        "fetch.no-answer",
        "fetch.too-slow",
        "fetch.too-large",
        "fetch.undecodable",
        "fetch.lost",
    }
)

_PIECE = 1 << 16
_FIRST = 1.0  # seconds before the second try; each further wait is twice as long
_MOVED = frozenset({301, 302, 303, 307, 308})
_FOR_EVER = frozenset({301, 308})
_WITHOUT_BODY = frozenset({301, 302, 303})  # what clients make of a POST that is sent on with these
_BUSY = frozenset({429, 503})
_ILL = frozenset({500, 502, 504, 520, 521, 522, 523, 524, 525, 529})


class Unanswered(Exception):
    """No answer that could be used. ``code`` is one of :data:`CODES`, ``params`` what its sentence needs."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params: Mapping[str, object] = params


class _Broken(Exception):
    """The line broke, or said nothing: another try may end well."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds: ``silence`` between two bytes, ``whole`` for one try, ``patience`` for all waits of a question.

    ``size`` is bytes after decompression, ``tries`` counts the first one too.
    """

    connect: float = 10
    silence: float = 60
    whole: float = 300
    patience: float = 120
    size: int = 32 * 1024 * 1024
    tries: int = 4
    redirections: int = 5


@dataclass(frozen=True, slots=True)
class Try:
    """A try that was not the last: its status (None where the line broke, with the ``reason``) and Retry-After."""

    status: int | None
    retry_after: str | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """The last answer. ``content`` is decompressed, ``encoding`` how it came; names of headers are in small letters.

    ``url`` is where it came from in the end; ``moved`` where somebody on the way said that this is for ever.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    content: bytes
    tries: tuple[Try, ...] = ()
    moved: bool = False

    @property
    def encoding(self) -> str:
        return self.headers.get("content-encoding", "").strip().lower()


class Fetcher:
    """Asks one question at a time and keeps connections open between them; not for several threads.

    ``reach`` holds for every address on the way, redirections too.
    """

    def __init__(
        self,
        *,
        agent: str,
        now: Callable[[], datetime],
        limits: Limits | None = None,
        reach: Reach | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limits = limits or Limits()
        self._agent = agent
        self._now = now
        self._sleep = sleep
        timeout = urllib3.Timeout(connect=self._limits.connect, read=self._limits.silence)
        self._lines = Lines()
        self._pool = connections.manager(reach or Reach(), self._lines, timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.clear()
        self._lines.end()

    def fetch(
        self, url: str, *, form: bytes | None = None, headers: Mapping[str, str] | None = None, ill: bool = True
    ) -> Reply:
        """The answer to GET, or to POST of a ``form``; asked again while the server is busy, or broken (``ill``).

        An answer that stays 503 is given back as it is. Raises Unanswered.
        """
        again = _BUSY | _ILL if ill else _BUSY
        tries: list[Try] = []
        left = self._limits.patience
        while True:
            reply: Reply | None = None
            try:
                reply = self._sent(url, form, headers or {})
                met = Try(reply.status, reply.headers.get("retry-after"))
            except _Broken as error:
                met = Try(None, None, str(error))
            if reply is not None and reply.status not in again:
                return _told(reply, tries)
            wait = self._wait(met, len(tries))
            if len(tries) + 1 >= self._limits.tries or wait > left:
                if reply is None:
                    raise Unanswered("fetch.no-answer", url=url, reason=met.reason)
                return _told(reply, tries)
            tries.append(met)
            left -= wait
            self._sleep(wait)

    def _wait(self, met: Try, before: int) -> float:
        """Seconds: what Retry-After says, or ever more, with chance in it so that clients do not come together."""
        asked = seconds(met.retry_after, self._now()) if met.retry_after is not None else None
        if asked is not None:
            return asked
        return float(_FIRST * 2**before * random.uniform(0.75, 1.25))  # noqa: S311 - keeps no secret

    def _sent(self, url: str, form: bytes | None, headers: Mapping[str, str]) -> Reply:
        """One try, with all of its redirections in one time. Raises _Broken, Unanswered."""
        late = threading.Event()
        timer = threading.Timer(self._limits.whole, self._cut, [late])
        timer.daemon = True
        self._lines.begin()
        timer.start()
        try:
            return self._followed(url, form, headers, late)
        finally:
            timer.cancel()
            self._lines.end()

    def _followed(self, url: str, form: bytes | None, headers: Mapping[str, str], late: threading.Event) -> Reply:
        moved = False
        for _ in range(self._limits.redirections + 1):
            _require_http(url)
            reply = self._once(url, form, headers, late)
            target = reply.headers.get("location")
            if reply.status not in _MOVED or target is None:
                return Reply(url, reply.status, reply.headers, reply.content, moved=moved)
            moved = moved or reply.status in _FOR_EVER
            form = None if reply.status in _WITHOUT_BODY else form
            url = _joined(url, target)
        raise Unanswered("fetch.lost", url=url, limit=self._limits.redirections)

    def _once(self, url: str, form: bytes | None, headers: Mapping[str, str], late: threading.Event) -> Reply:
        told = {"User-Agent": self._agent, "Accept-Encoding": "gzip, identity", **headers}
        if form is not None:
            told["Content-Type"] = "application/x-www-form-urlencoded"
        response = None
        try:
            response = self._pool.request(
                "GET" if form is None else "POST",
                url,
                body=form,
                headers=told,
                redirect=False,
                preload_content=False,
            )
            content = b"".join(self._pieces(response, url, late))
            response.release_conn()
            return Reply(url, response.status, _lowered(response.headers), content)
        except OutOfReach as error:
            raise Unanswered("fetch.address-private", url=url, host=error.host) from error
        except DecodeError as error:
            raise Unanswered("fetch.undecodable", url=url) from error
        except (LocationValueError, UnicodeError) as error:
            raise Unanswered("fetch.address-invalid", url=url) from error
        except (HTTPError, OSError, ValueError) as error:
            if late.is_set():
                raise self._too_slow(url) from error
            if isinstance(error, SSLError):
                raise Unanswered("fetch.no-answer", url=url, reason=_reason(error)) from error
            raise _Broken(_reason(error)) from error
        finally:
            if response is not None:
                response.close()  # what was not read must not be taken for the beginning of the next answer

    def _cut(self, late: threading.Event) -> None:
        late.set()
        self._lines.cut()  # a server that sends a byte now and then, in its head too, never lets a read time out

    def _too_slow(self, url: str) -> Unanswered:
        return Unanswered("fetch.too-slow", url=url, seconds=round(self._limits.whole))

    def _pieces(self, response: urllib3.BaseHTTPResponse, url: str, late: threading.Event) -> Iterator[bytes]:
        size = 0
        # read1: a read would wait until a whole piece has come, however slowly.
        while piece := response.read1(_PIECE, decode_content=True):
            size += len(piece)
            if size > self._limits.size:
                raise Unanswered("fetch.too-large", url=url, limit=self._limits.size)
            if late.is_set():
                break
            yield piece
        if late.is_set():  # without a length the end of a line that was cut looks like that of the answer
            raise self._too_slow(url)


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _told(reply: Reply, tries: list[Try]) -> Reply:
    return Reply(reply.url, reply.status, reply.headers, reply.content, tuple(tries), reply.moved)


def _reason(error: Exception) -> str:
    """The innermost words: urllib3 wraps them in the names of its objects, which mean nothing to people."""
    cause: BaseException = error
    while cause.__cause__ is not None or cause.__context__ is not None:
        cause = cause.__cause__ or cause.__context__ or cause
    return str(cause) or type(cause).__name__


def _require_http(url: str) -> None:
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise Unanswered("fetch.address-invalid", url=url)


def _joined(url: str, target: str) -> str:
    try:
        return urljoin(url, target)
    except ValueError:
        raise Unanswered("fetch.address-invalid", url=target) from None


def seconds(given: str, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After, at least one; None where it is neither a number nor a date."""
    text = given.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return max(float(text), 1.0)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return max((moment - now).total_seconds(), 1.0)
