"""How often one caller may ask, and who may ask from another site's pages.

Requests are counted in the memory of each web process, in windows of one minute: reading must cost the database
nothing. With several processes a caller has as many times the limit. Failed sign-ins are counted elsewhere, by all
processes together (``oer.attempts``).
"""

import hashlib
import math
import time
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import errors, networks
from api.errors import Fault
from oer.installation import Installation

WINDOW = 60  # seconds
_LIMITED = "/api/"
_MOST_CALLERS = 100_000  # counted at a time; beyond it all new ones share one count


class RateLimit:
    """Counts requests below ``/api/`` and answers 429 above ``OER_RATE_LIMIT`` (RFC 6585, section 4).

    Every answer says how it stands: ``RateLimit-Limit``, ``-Remaining`` and ``-Reset``
    (draft-ietf-httpapi-ratelimit-headers-06).
    """

    def __init__(self, app: ASGIApp, *, here: Installation, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._here = here
        self._most = here.settings.rate_limit
        self._clock = clock
        self._began = clock()
        self._counts: dict[str, int] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._most or not scope["path"].startswith(_LIMITED):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        network = networks.of(request, self._here)
        secret = request.headers.get("authorization")
        # Who makes up a new token for each request is counted by the refusals that their network has met.
        refused = f"401 {network}"
        caller = network if secret is None else hashlib.sha256(secret.encode("latin-1", "replace")).hexdigest()
        done, reset = self._count(caller)
        if secret is not None:
            done = max(done, self._counts.get(refused, 0) + 1)
        told = {
            "RateLimit-Limit": str(self._most),
            "RateLimit-Remaining": str(max(0, self._most - done)),
            "RateLimit-Reset": str(reset),
        }
        if done > self._most:
            fault = Fault(429, "rate.exceeded", {"seconds": reset}, headers={**told, "Retry-After": str(reset)})
            await errors.answer(request, fault)(scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(told)
                if message["status"] == 401 and secret is not None:
                    self._count(refused)
            await send(message)

        await self._app(scope, receive, counted)

    def _count(self, caller: str) -> tuple[int, int]:
        """How many requests this one is within the window, and the seconds until the next window."""
        now = self._clock()
        if now - self._began >= WINDOW:
            self._began = now - (now - self._began) % WINDOW
            self._counts.clear()
        if caller not in self._counts and len(self._counts) >= _MOST_CALLERS:
            caller = ""
        self._counts[caller] = self._counts.get(caller, 0) + 1
        return self._counts[caller], max(1, math.ceil(self._began + WINDOW - now))


def cross_origin() -> Middleware:
    """Pages of any site may read, without cookies; nothing is written from there (Fetch standard, section 3.2)."""
    return Middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD"],
        allow_headers=["Authorization", "If-Match", "If-None-Match", "If-Modified-Since", "If-Range", "Range"],
        expose_headers=[
            "Accept-Ranges",
            "Content-Digest",
            "Content-Disposition",
            "Content-Location",
            "Content-Range",
            "Draft-ETag",
            "ETag",
            "Idempotent-Replayed",
            "Link",
            "Location",
            "RateLimit-Limit",
            "RateLimit-Remaining",
            "RateLimit-Reset",
            "Repr-Digest",
            "Retry-After",
        ],
        max_age=86_400,
    )
