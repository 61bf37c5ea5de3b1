"""Headers that every answer bears, as plain ASGI: streams and files sent by path go through untouched."""

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# What one of our own pages may load: our style sheets, pictures and sounds; no script, no frame around it.
PAGES = "; ".join(
    [
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "media-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)

# A page whose own script speaks to our API.
SCRIPTED = f"{PAGES}; script-src 'self'; connect-src 'self'"

# Other people's bytes: an origin of their own, no script, no request to anywhere.
CONTENT = "sandbox; default-src 'none'"

# Sound, film and PDF opened by themselves: the browser's player is a page that loads the same address once more, and
# Chromium's stays black in a sandbox (origin null), Safari's PDF viewer blank. No script runs here either.
PLAYED = "default-src 'none'; media-src 'self'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"

# XML as a browser shows it: the viewer that it puts around the tree brings a style of its own.
TREE = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

_EVERYWHERE: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class SecurityHeaders:
    """Adds each header that the answer does not bear yet."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _EVERYWHERE.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, guarded if scope["type"] == "http" else send)
