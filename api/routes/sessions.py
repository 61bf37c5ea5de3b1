"""``/api/session``: a browser that is signed in."""

from fastapi import Request
from starlette.responses import Response

from api import conditional, deps, signing, writing
from api.deps import Caller, Credentials, Here
from api.routing import Router, refusals
from api.schemas import sessions as bodies
from oer import accounts, sessions
from oer.db import reading, transaction
from oer.errors import Unauthenticated
from oer.models import BrowserSession, Person

router = Router(
    prefix="/api/session",
    tags=["sessions"],
    responses=refusals(
        {
            400: "The request cannot be read",
            401: "Nobody is signed in, or not with this password",
            403: "Sent by a page of another site",
            413: "More than any sign-in needs",
            415: "Data of another type",
            422: "Something in the request is wrong: `errors` names each field",
            429: "Too many tries; `Retry-After` says when to come back",
            503: "Try again later",
            507: "No room is left",
        }
    ),
)


@router.write(
    "POST",
    "",
    policy="public",
    response_model=bodies.SessionOut,
    summary="Sign a browser in",
    description=(
        "Sets the session's cookie, always a new one. Programs use access tokens instead. The answer is the same, and "
        "takes the same time, whether there is no such account or the password is another. An `Idempotency-Key` is "
        "passed over: nothing about a password is kept, and each call makes a session of its own."
    ),
)
def sign_in(request: Request, here: Here, given: bodies.SignIn) -> Response:
    writing.require_key(request)
    deps.refuse_foreign(request, here)
    person, made, headers = signing.enter(request, here, email=given.email, password=given.password.get_secret_value())
    headers["Cache-Control"] = conditional.PRIVATE
    return Response(_body(person, made).content(), 200, headers, media_type="application/json")


@router.read("", policy="signed-in", response_model=bodies.SessionOut, summary="Who is signed in at this browser")
def shown(request: Request, here: Here, caller: Caller) -> Response:
    secret, now = _secret(caller), here.now()
    with reading(here.engine) as session:
        accounts.actor_by_session(session, secret, now=now)
        found = sessions.find(session, secret, now=now)
        person = session.get_one(Person, found.person_id)
    headers = {}
    if sessions.is_stale(found, now=now):
        with transaction(here.engine) as session:
            found = sessions.renew(session, secret, lifetime=signing.lifetime(here), now=now)
        headers["Set-Cookie"] = signing.cookie(here, secret)
    content = _body(person, found).content()
    etag = conditional.tag(content)
    return conditional.answer(request, content, media_type="application/json", etag=etag, private=True, headers=headers)


@router.write("DELETE", "", policy="signed-in", status_code=204, summary="Sign this browser out")
def sign_out(here: Here, caller: Caller) -> Response:
    headers = signing.leave(here, _secret(caller))
    return Response(status_code=204, headers={**headers, "Cache-Control": conditional.PRIVATE})


def _secret(caller: Credentials) -> str:
    """Raises Unauthenticated for whoever comes without a cookie: a token is no session."""
    if caller.cookie is None:
        raise Unauthenticated("sign-in.required")
    return caller.cookie


def _body(person: Person, found: BrowserSession) -> bodies.SessionOut:
    return bodies.SessionOut.model_validate(
        {
            "person": person.model_dump(include={"id", "name", "email"}),
            "created": found.created,
            "expires": found.expires,
        }
    )
