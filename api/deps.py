"""What routes ask of a request: the installation, and who is calling."""

from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from sqlmodel import Session

from oer import accounts, policy
from oer.errors import Forbidden, Unauthenticated
from oer.installation import Installation
from oer.policy import ANONYMOUS, Actor

_token = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="An access token (`POST /api/people/{id}/tokens` or `oer token create`). Reading needs none.",
)
_cookie = APIKeyCookie(
    name="session", auto_error=False, scheme_name="session", description="The cookie of `POST /api/session`."
)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """A bearer token, or the cookie of a browser session; neither, for the public."""

    token: str | None = field(default=None, repr=False)
    cookie: str | None = field(default=None, repr=False)

    @property
    def given(self) -> bool:
        return self.token is not None or self.cookie is not None


# Both are `async` because they never wait: FastAPI would send each to a thread of its own, at a third of a millisecond.
async def _installation(request: Request) -> Installation:
    found: Installation = request.app.state.installation
    return found


def cookie_name(here: Installation) -> str:
    """Over https the prefix makes browsers refuse the cookie from anywhere but this very host (RFC 6265bis, 4.1.3)."""
    return "__Host-session" if here.settings.base_url.startswith("https:") else "session"


async def _credentials(
    request: Request,
    _bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_token)] = None,
    _session: Annotated[str | None, Security(_cookie)] = None,
) -> Credentials:
    """Raises Unauthenticated for credentials of another kind, Forbidden for a write that another site has sent."""
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, secret = header.strip().partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():  # RFC 6750, section 2.1
            raise Unauthenticated("token.invalid")
        return Credentials(token=secret.strip())
    here: Installation = request.app.state.installation
    cookie = request.cookies.get(cookie_name(here))
    if cookie is None:
        return Credentials()
    if request.method not in _SAFE:
        require_same_origin(request, here)
    return Credentials(cookie=cookie)


def refuse_foreign(request: Request, here: Installation) -> None:
    """For writes that need no cookie yet, such as signing in: programs say nothing about where they come from.

    Raises Forbidden for what another site has sent.
    """
    if "sec-fetch-site" in request.headers or "origin" in request.headers:
        require_same_origin(request, here)


def require_same_origin(request: Request, here: Installation) -> None:
    """A browser adds the cookie to whatever any site makes it send; only requests of our own pages may write.

    Raises Forbidden. Browsers always say where a write comes from; who says nothing is none.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        own = site == "same-origin"
    else:
        parts = urlsplit(here.settings.base_url)
        own = origin == f"{parts.scheme}://{parts.netloc}"
    if not own:
        raise Forbidden("origin.foreign")


Here = Annotated[Installation, Depends(_installation)]
Caller = Annotated[Credentials, Depends(_credentials)]


def actor(session: Session, here: Installation, caller: Credentials) -> Actor:
    """Who is calling, found in the same snapshot as what they ask about. Raises Unauthenticated."""
    if caller.token is not None:
        return accounts.actor_by_token(session, caller.token, now=here.now())
    if caller.cookie is not None:
        return accounts.actor_by_session(session, caller.cookie, now=here.now())
    return ANONYMOUS


def reader(session: Session, here: Installation, caller: Credentials) -> Actor:
    """Who reads (:func:`visitor`). Raises Unauthenticated; Forbidden without the scope ``read``."""
    found = visitor(session, here, caller)
    policy.require_scope(found, "read")
    return found


def visitor(session: Session, here: Installation, caller: Credentials) -> Actor:
    """Who comes to a public door, whatever a token of theirs allows. Raises Unauthenticated.

    A cookie that has ended is nobody's: a browser keeps sending it.
    """
    try:
        return actor(session, here, caller)
    except Unauthenticated:
        if caller.cookie is None:
            raise
        return ANONYMOUS


def signed_in(session: Session, here: Installation, caller: Credentials) -> Actor:
    """A person who is calling, never the public. Raises Unauthenticated."""
    if not caller.given:
        raise Unauthenticated("sign-in.required")
    return actor(session, here, caller)
