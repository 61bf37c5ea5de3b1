"""``/api/people`` and ``/api/me``: accounts."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Body, Path, Query, Request
from pydantic import Field
from sqlmodel import Session
from starlette.responses import Response

from api import conditional, deps, lookup, paging, signing, writing
from api.deps import Caller, Credentials, Here
from api.routing import MERGE_PATCH, Router, refusals
from api.schemas import people as bodies
from api.signing import Proof
from api.writing import Answer
from metadata.findings import Problem
from oer import accounts, institutions, passwords, personal, policy, queries, sessions
from oer.db import reading
from oer.errors import Invalid, Unauthenticated
from oer.installation import Installation
from oer.models import Institution, Membership, Person
from oer.policy import Actor
from oer.queries.reach import Reach

RESPONSES = refusals(
    {
        400: "The request cannot be read",
        401: "Nobody is signed in, or the token is not valid",
        403: "Not allowed",
        404: "No such thing, or none that you may know of",
        409: "Not possible in the present state, or done by somebody else in the same moment",
        413: "More than the limits allow",
        415: "Data of another type",
        422: "Something in the request is wrong: `errors` names each field",
        429: "Too many requests; `Retry-After` says when to come back",
        503: "Try again later",
        507: "No room is left",
    }
)
MATCHED = refusals({412: "It has changed since it was read", 428: "`If-Match` is missing"})

router = Router(tags=["people"], responses=RESPONSES)

# Taken as text: what is no number is not there (404).
PersonId = Annotated[
    str, Path(description="Number of the account", json_schema_extra={"type": "integer", "minimum": 1}, examples=["5"])
]


class Listing(paging.Asked):
    institution: str | None = Field(
        None, max_length=100, description="Only people with a role in this institution or below it"
    )
    active: bool | None = Field(None, description="Only accounts that are active, or only those that are not")


# ── the caller ──────────────────────────────────────────────────────────────────────────────────


@router.read("/api/me", policy="signed-in", response_model=bodies.MeOut, summary="Who is calling, and what they may")
def me(request: Request, here: Here, caller: Caller) -> Response:
    with reading(here.engine) as session:
        actor = _reader(session, here, caller)
        person = _self(session, actor)
        content = _me(session, here, caller, actor, person).content()
    etag = conditional.tag(content, lock=person.lock)
    return conditional.answer(request, content, media_type="application/json", etag=etag, private=True)


@router.write(
    "PATCH",
    "/api/me",
    policy="signed-in",
    matched=True,
    response_model=bodies.MeOut,
    responses=MATCHED,
    summary="Change one's own name or language",
)
def change_me(
    request: Request, here: Here, caller: Caller, patch: Annotated[bodies.MePatch, Body(media_type=MERGE_PATCH)]
) -> Response:
    def deed(session: Session, actor: Actor) -> Answer:
        expected = writing.expected(request, "person.stale", id=actor.person_id)
        changes = patch.model_dump(exclude_unset=True)
        person = accounts.edit(session, actor, actor.person_id or 0, changes, expected=expected, now=here.now())
        shown = _me(session, here, caller, actor, person)
        return writing.shown(shown, etag=writing.tag(shown, person.lock))

    return writing.write(request, here, caller, deed)


def _reader(session: Session, here: Installation, caller: Credentials) -> Actor:
    """Somebody who is signed in and may read. Raises Unauthenticated, Forbidden."""
    actor = deps.signed_in(session, here, caller)
    policy.require_scope(actor, "read")
    return actor


def _self(session: Session, actor: Actor) -> Person:
    person = session.get(Person, actor.person_id)
    if person is None:
        raise Unauthenticated("sign-in.required")
    return person


def _me(session: Session, here: Installation, caller: Credentials, actor: Actor, person: Person) -> bodies.MeOut:
    by_session = caller.cookie is not None
    expires = sessions.find(session, caller.cookie or "", now=here.now()).expires if by_session else actor.expires
    return bodies.MeOut.model_validate(
        {
            **body(session, person).model_dump(),
            "by": "session" if by_session else "token",
            "scopes": [scope for scope in policy.SCOPES if scope in actor.scopes],
            "expires": expires,
        }
    )


# ── everybody ───────────────────────────────────────────────────────────────────────────────────


@router.read(
    "/api/people",
    policy="manager",
    response_model=bodies.PersonList,
    summary="People: all to administrators, to managers those with a role in their institutions",
)
def listed(request: Request, here: Here, caller: Caller, asked: Annotated[Listing, Query()]) -> Response:
    paging.require_each_once(request)
    size, key = asked.page_size(here), paging.position(here, request, asked)
    with reading(here.engine) as session:
        actor = deps.signed_in(session, here, caller)
        reach = manages(actor)
        within = _within(session, actor, asked.institution) if asked.institution is not None else None
        after = key[0] if key else 0
        rows = queries.people.listed(
            session, seen_by=reach, within=within, active=asked.active, after=after, limit=size + 1
        )
        page, more = rows[:size], len(rows) > size
        roles = queries.people.roles(session, person_ids=[person.id or 0 for person in page], seen_by=reach)
    items = [_shown(person, roles.get(person.id or 0, [])) for person in page]
    following = paging.following(here, request, asked, (page[-1].id or 0,)) if more else None
    return paging.answer(request, bodies.PersonList(items=items, next=following), following, private=True)


def manages(actor: Actor) -> Reach:
    """Where the actor looks after people. Raises Forbidden for who does so nowhere."""
    policy.require_people(actor)
    return policy.reach(actor)


def _within(session: Session, actor: Actor, slug: str) -> str:
    institution = institutions.find(session, slug)
    policy.require_manage(actor, institution)
    return institution.path


@router.write(
    "POST",
    "/api/people",
    policy="administrator",
    status_code=201,
    response_model=bodies.PersonOut,
    summary="Add an account",
)
def add(request: Request, here: Here, caller: Caller, new: bodies.PersonIn) -> Response:
    def deed(session: Session, actor: Actor) -> Answer:
        person = accounts.add_person(session, actor, **new.model_dump(), now=here.now())
        shown = body(session, person)
        location = f"{here.settings.base_url}/api/people/{person.id}"
        return writing.created(shown, location=location, etag=writing.tag(shown, person.lock))

    return writing.write(request, here, caller, deed)


@router.read("/api/people/{person_id}", policy="self", response_model=bodies.PersonOut, summary="One account")
def shown(request: Request, here: Here, caller: Caller, person_id: PersonId) -> Response:
    with reading(here.engine) as session:
        actor = deps.signed_in(session, here, caller)
        person = accounts.seen(session, actor, lookup.row(person_id))
        content = body(session, person).content()
    etag = conditional.tag(content, lock=person.lock)
    return conditional.answer(request, content, media_type="application/json", etag=etag, private=True)


@router.write(
    "PATCH",
    "/api/people/{person_id}",
    policy="self",
    matched=True,
    response_model=bodies.PersonOut,
    responses=MATCHED,
    summary="Change an account",
    description=(
        "Name and language are the person's own business; `active` and `administrator` are for administrators. Whose "
        "rights change is signed out everywhere; the browser that changes its own gets a new cookie."
    ),
)
def change(
    request: Request,
    here: Here,
    caller: Caller,
    person_id: PersonId,
    patch: Annotated[bodies.PersonPatch, Body(media_type=MERGE_PATCH)],
) -> Response:
    changes = patch.model_dump(exclude_unset=True)

    def deed(session: Session, actor: Actor) -> Answer:
        number = lookup.row(person_id)
        before = accounts.seen(session, actor, number, scope="manage").lock
        expected = writing.expected(request, "person.stale", id=number)
        person = accounts.edit(session, actor, number, changes, expected=expected, now=here.now())
        headers = {}
        if person.lock != before and {"active", "administrator"} & changes.keys() and signing.is_own(actor, person):
            headers = signing.kept(session, request, here, caller, person)
        shown = body(session, person)
        return Answer(200, shown.content(), headers | {"ETag": writing.tag(shown, person.lock)})

    return writing.write(request, here, caller, deed)


@router.write(
    "DELETE",
    "/api/people/{person_id}",
    policy="self",
    matched=True,
    status_code=204,
    responses=MATCHED,
    summary="Erase an account for ever",
    description=(
        "Name, address, password, roles, tokens and sessions go. What the person has written and published stays, "
        "and bears a number without a name."
    ),
)
def erase(request: Request, here: Here, caller: Caller, person_id: PersonId) -> Response:
    def deed(session: Session, actor: Actor) -> Answer:
        number = lookup.row(person_id)
        accounts.seen(session, actor, number, scope="manage")
        expected = writing.expected(request, "person.stale", id=number)
        person = personal.erase(session, actor, number, expected=expected, now=here.now())
        own = signing.is_own(actor, person) and caller.cookie is not None
        return Answer(204, headers={"Set-Cookie": signing.cookie(here, "")} if own else {})

    return writing.write(request, here, caller, deed)


@router.read(
    "/api/people/{person_id}/export",
    policy="self",
    response_model=bodies.PersonExport,
    summary="Everything that is kept about a person",
)
def export(request: Request, here: Here, caller: Caller, person_id: PersonId) -> Response:
    with reading(here.engine) as session:
        actor = deps.signed_in(session, here, caller)
        told = personal.export(session, actor, lookup.row(person_id))
    content = bodies.PersonExport.model_validate(told).content()
    return conditional.answer(
        request, content, media_type="application/json", etag=conditional.tag(content), private=True
    )


@router.write(
    "PUT",
    "/api/people/{person_id}/password",
    policy="self",
    status_code=204,
    responses=refusals({429: "Too many tries of the old password"}),
    summary="Set a password",
    description=(
        "One's own with the old one: all sessions end, and this browser gets a new cookie. Anybody's as an "
        "administrator: all of theirs end; a token needs every scope for that, since whoever sets a password can sign "
        "in with it."
    ),
)
def password(request: Request, here: Here, caller: Caller, person_id: PersonId, given: bodies.PasswordIn) -> Response:
    number, chosen = lookup.row(person_id), given.password.get_secret_value()
    proof = _prove_old(request, here, caller, number, given)
    hashed = passwords.hashed(chosen)

    def deed(session: Session, actor: Actor) -> Answer:
        person = accounts.held(session, actor, number)
        own = signing.is_own(actor, person)
        if own and person.password is not None:
            _confirm_old(session, request, here, proof)
        accounts.keep_password(session, actor, person, hashed, now=here.now())
        return Answer(204, headers=signing.kept(session, request, here, caller, person) if own else {})

    return writing.write(request, here, caller, deed)


def _prove_old(
    request: Request, here: Installation, caller: Credentials, number: int, given: bodies.PasswordIn
) -> Proof | None:
    """That one's own old password is known; None where none is needed. Raises whatever forbids the change.

    All that costs little is asked first: nobody makes the server hash who may not change anything.
    """
    with reading(here.engine) as session:
        actor = deps.signed_in(session, here, caller)
        person = accounts.seen(session, actor, number, scope="manage")
        accounts.require_password_change(actor, person)
    passwords.require_good(given.password.get_secret_value())
    if not signing.is_own(actor, person) or person.password is None:
        return None
    if given.old_password is None:
        raise Invalid("request.invalid", [Problem("field.missing", "old_password")], field="old_password")
    try:
        return signing.prove(request, here, email=person.email, password=given.old_password.get_secret_value())
    except Unauthenticated:
        raise _wrong() from None


def _confirm_old(session: Session, request: Request, here: Installation, proof: Proof | None) -> None:
    """Raises Invalid where somebody has set another password since the old one was proved."""
    try:
        signing.confirm(session, request, here, proof or signing.NOTHING_PROVED)
    except Unauthenticated:
        raise _wrong() from None


def _wrong() -> Invalid:
    return Invalid("password.old-wrong", [Problem("password.old-wrong", "old_password", {})])


def body(session: Session, person: Person) -> bodies.PersonOut:
    roles = queries.people.roles(session, person_ids=[person.id or 0])
    return _shown(person, roles.get(person.id or 0, []))


def _shown(person: Person, roles: Sequence[tuple[Membership, Institution]]) -> bodies.PersonOut:
    told = person.model_dump(include={"id", "email", "name", "language", "administrator", "active", "created"})
    return bodies.PersonOut.model_validate(
        told
        | {
            "roles": [
                {"institution": {"slug": place.slug, "names": dict(sorted(place.names.items()))}, "role": row.role}
                for row, place in roles
            ]
        }
    )
