"""``/sign-in`` and ``/sign-out``: a browser and its cookie, with forms that need no script.

The API's ``/api/session`` does the same for pages that have one; both go through ``api.signing``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api import conditional, deps, errors, forms, i18n, render, security, signing
from api.errors import DoorError
from oer import accounts
from oer.db import reading
from oer.errors import TooMany, Unauthenticated
from oer.installation import Installation
from oer.models import Person
from oer.policy import Actor

_HERE = "/sign-in"  # where who came from nowhere reads who they are now
_LARGEST = 16 * 1024  # bytes of a form
_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")  # of this site: no second slash or backslash, which lead to others


@dataclass(frozen=True, slots=True)
class SignInPage:
    """``onward`` is where a browser goes then; ``person`` is who is signed in already."""

    onward: str
    email: str
    refusal: str
    person: str


def show(request: Request) -> Response:
    here: Installation = request.app.state.installation
    with reading(here.engine) as session:
        person = _person(session, request)
    onward = safe(request.query_params.get("next", _HERE))
    if person is not None and onward == _HERE:
        onward = "/"
    page = SignInPage(onward, "", "", person.name if person else "")
    return private(request, "sign_in.html", page)


async def sign_in(request: Request) -> Response:
    return await run_in_threadpool(_sign_in, request, await fields(request))


def _sign_in(request: Request, given: Mapping[str, str]) -> Response:
    here: Installation = request.app.state.installation
    deps.refuse_foreign(request, here)
    email, onward = given.get("email", "").strip(), safe(given.get("next", ""))
    try:
        _, _, headers = signing.enter(request, here, email=email, password=given.get("password", ""))
    except (Unauthenticated, TooMany) as error:
        fault = errors.of_repository(error)
        words = i18n.message(fault.code, render.spoken(request), **fault.params)
        page = SignInPage(onward, email[:254], words, "")
        return private(request, "sign_in.html", page, status=fault.status, headers=fault.headers)
    return onward_to(request, onward, headers)


async def sign_out(request: Request) -> Response:
    await fields(request)
    return await run_in_threadpool(_sign_out, request)


def _sign_out(request: Request) -> Response:
    here: Installation = request.app.state.installation
    deps.refuse_foreign(request, here)
    return onward_to(request, _HERE, signing.leave(here, request.cookies.get(deps.cookie_name(here), "")))


# ── For pages behind the door ────────────────────────────────────────────────────────────────────


def inside(page: Callable[[Request, Session, Actor], Response]) -> Callable[[Request], Response]:
    """A page for people who are signed in; all others are led to the form, and come back from there."""

    def show(request: Request) -> Response:
        here: Installation = request.app.state.installation
        with reading(here.engine) as session:
            try:
                return page(request, session, actor(request, session))
            except Unauthenticated:
                return ask(request)

    return show


def ask(request: Request) -> Response:
    """To the form, and from there back to this page."""
    return onward_to(request, f"/sign-in?next={quote(request.scope['path'])}", {})


def actor(request: Request, session: Session) -> Actor:
    """Whose browser it is. Raises Unauthenticated; Forbidden for a write that another site has sent."""
    here: Installation = request.app.state.installation
    secret = request.cookies.get(deps.cookie_name(here))
    if secret is None:
        raise Unauthenticated("sign-in.required")
    if request.method not in ("GET", "HEAD"):
        deps.require_same_origin(request, here)
    return accounts.actor_by_session(session, secret, now=here.now())


async def fields(request: Request) -> dict[str, str]:
    """What a form says; of a field that comes twice the last. Raises DoorError, TooLarge."""
    body = await forms.encoded(request, most=_LARGEST)
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=100))
    except ValueError:
        raise DoorError("form.malformed") from None


def private(
    request: Request, template: str, page: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A page for one person, which nobody keeps."""
    told = {
        "Content-Language": render.spoken(request),
        "Content-Security-Policy": security.SCRIPTED,
        "Cache-Control": conditional.PRIVATE,
        "Vary": "Accept-Language, Cookie",
        **(headers or {}),
    }
    content = render.html(request, template, page)
    return Response(content, status, told, media_type="text/html; charset=utf-8")


def onward_to(request: Request, path: str, headers: Mapping[str, str]) -> Response:
    """To another of our pages, in the language that was chosen by hand, with GET (RFC 9110, section 15.4.4)."""
    address = render.href(request, path)
    return Response(status_code=303, headers={"Location": address, "Cache-Control": conditional.PRIVATE, **headers})


def safe(given: str) -> str:
    """The path that a form leads to, of this site; the start page for anything else."""
    return given if _PATH.fullmatch(given) else "/"


def _person(session: Session, request: Request) -> Person | None:
    try:
        found = actor(request, session)
    except Unauthenticated:
        return None
    return session.get(Person, found.person_id)
