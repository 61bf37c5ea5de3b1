"""``/api/institutions/{slug}/members``: who has which role in an institution itself."""

from typing import Annotated

from fastapi import Query, Request
from sqlmodel import Session
from starlette.responses import Response

from api import conditional, deps, lookup, paging, signing, writing
from api.deps import Caller, Credentials, Here
from api.routes.institutions import Slug, url
from api.routes.people import MATCHED, RESPONSES, PersonId
from api.routing import Router
from api.schemas import institutions as bodies
from api.writing import Answer
from oer import accounts, institutions, policy, queries
from oer.db import reading
from oer.errors import NotFound, Stale
from oer.installation import Installation
from oer.models import Institution, Membership, Person
from oer.policy import Actor
from oer.workflow import Role

router = Router(prefix="/api/institutions/{slug}/members", tags=["members"], responses=RESPONSES)


@router.read("", policy="manager", response_model=bodies.MemberList, summary="Who has a role in an institution")
def listed(
    request: Request, here: Here, caller: Caller, slug: Slug, asked: Annotated[paging.Asked, Query()]
) -> Response:
    paging.require_each_once(request)
    size, key = asked.page_size(here), paging.position(here, request, asked)
    with reading(here.engine) as session:
        found = managed(session, deps.signed_in(session, here, caller), slug)
        after = key[0] if key else 0
        rows = queries.institutions.people(session, institution_id=found.id or 0, after=after, limit=size + 1)
    page, more = rows[:size], len(rows) > size
    following = paging.following(here, request, asked, (page[-1][0].person_id,)) if more else None
    items = [_body(membership, person) for membership, person in page]
    return paging.answer(request, bodies.MemberList(items=items, next=following), following, private=True)


def managed(session: Session, actor: Actor, slug: str) -> Institution:
    """An institution that the actor manages, to look into. Raises NotFound, Forbidden."""
    found = institutions.find(session, slug)
    policy.require_manage(actor, found)
    return found


@router.read("/{person_id}", policy="manager", response_model=bodies.MemberOut, summary="One member")
def shown(request: Request, here: Here, caller: Caller, slug: Slug, person_id: PersonId) -> Response:
    with reading(here.engine) as session:
        found = managed(session, deps.signed_in(session, here, caller), slug)
        membership, person = _member(session, found, lookup.row(person_id))
    content = _body(membership, person).content()
    etag = conditional.tag(content, lock=membership.lock)
    return conditional.answer(request, content, media_type="application/json", etag=etag, private=True)


@router.write(
    "PUT",
    "/{person_id}",
    policy="manager",
    response_model=bodies.MemberOut,
    responses={201: {"model": bodies.MemberOut, "description": "The person had no role here"}, **MATCHED},
    summary="Give a person a role",
    description=(
        "Nobody gives a role above their own. Managers give roles to people who have one in their institutions; others "
        "they invite. A first role needs no precondition; to change one, send its ETag in `If-Match`, or `*`. The "
        "person is signed out everywhere."
    ),
    extra={
        "parameters": [
            {
                "name": "If-Match",
                "in": "header",
                "required": False,
                "description": "ETag of the role to change, or `*`",
                "schema": {"type": "string"},
            }
        ]
    },
)
def put(
    request: Request, here: Here, caller: Caller, slug: Slug, person_id: PersonId, new: bodies.MemberIn
) -> Response:
    def deed(session: Session, actor: Actor) -> Answer:
        found = managed(session, actor, slug)
        person = _known(session, actor, lookup.row(person_id))
        before = queries.institutions.member(session, person_id=person.id or 0, institution_id=found.id or 0)
        expected = _expected(request, there=before is not None)
        lock = before[0].lock if before is not None else None
        role = Role.named(new.role)
        membership = accounts.grant(session, actor, person, found, role, expected=expected, now=here.now())
        assert membership is not None
        shown = _body(membership, person)
        headers = {"ETag": writing.tag(shown, membership.lock)}
        if membership.lock != lock:
            headers |= _own(session, request, here, caller, actor, person)
        if before is None:
            headers["Location"] = f"{url(here, slug)}/members/{person.id}"
        return Answer(200 if before is not None else 201, shown.content(), headers)

    return writing.write(request, here, caller, deed)


@router.write(
    "DELETE",
    "/{person_id}",
    policy="manager",
    matched=True,
    status_code=204,
    responses=MATCHED,
    summary="Take a person's role away",
)
def remove(request: Request, here: Here, caller: Caller, slug: Slug, person_id: PersonId) -> Response:
    def deed(session: Session, actor: Actor) -> Answer:
        found = managed(session, actor, slug)
        _, person = _member(session, found, lookup.row(person_id))
        expected = writing.expected(request, "member.stale")
        accounts.grant(session, actor, person, found, Role.NONE, expected=expected, now=here.now())
        return Answer(204, headers=_own(session, request, here, caller, actor, person))

    return writing.write(request, here, caller, deed)


def _expected(request: Request, *, there: bool) -> int | None:
    """Raises Stale where a role is to be changed and there is none; DoorError where there is and nothing is said."""
    if there:
        return writing.expected(request, "member.stale")
    if "if-match" in request.headers:
        raise Stale("member.stale")
    return None


def _own(
    session: Session, request: Request, here: Installation, caller: Credentials, actor: Actor, person: Person
) -> dict[str, str]:
    return signing.kept(session, request, here, caller, person) if signing.is_own(actor, person) else {}


def _known(session: Session, actor: Actor, number: int) -> Person:
    """Somebody whom the actor may know of. Raises NotFound for everybody else: numbers are easily guessed."""
    person = session.get(Person, number)
    reach = policy.reach(actor)
    if person is None or not queries.people.is_within_reach(session, person_id=number, seen_by=reach):
        raise NotFound("account.unknown", id=number)
    return person


def _member(session: Session, institution: Institution, number: int) -> tuple[Membership, Person]:
    found = queries.institutions.member(session, person_id=number, institution_id=institution.id or 0)
    if found is None:
        raise NotFound("member.unknown")
    return found


def _body(membership: Membership, person: Person) -> bodies.MemberOut:
    return bodies.MemberOut.model_validate(
        {
            "person": person.model_dump(include={"id", "name", "email"}),
            **membership.model_dump(include={"role", "created"}),
        }
    )
