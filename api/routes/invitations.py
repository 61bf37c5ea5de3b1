"""``/api/institutions/{slug}/invitations`` and ``/api/invitations``: how people come to their roles."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Path, Query, Request
from sqlmodel import Session
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.responses import Response

from api import conditional, deps, lookup, paging, signing, writing
from api.deps import Caller, Credentials, Here
from api.routes.institutions import Slug
from api.routes.members import managed
from api.routes.people import RESPONSES
from api.routing import Router, refusals
from api.schemas import invitations as bodies
from api.writing import Answer
from metadata.findings import Problem
from oer import fields, institutions, invitations, passwords, policy, queries
from oer.db import reading, transaction
from oer.errors import Conflict
from oer.installation import Installation
from oer.invitations import Open
from oer.models import Invitation, Membership, Person
from oer.policy import Actor
from oer.workflow import Role


class _Address(StringConvertor):
    """Whatever does not lead elsewhere: ``accept`` is no invitation."""

    regex = "(?!accept$)[^/]+"


register_url_convertor("invitation", _Address())

router = Router(tags=["invitations"], responses=RESPONSES)

InvitationId = Annotated[
    str,
    Path(description="Number of the invitation", json_schema_extra={"type": "integer", "minimum": 1}, examples=["3"]),
]


@router.read(
    "/api/institutions/{slug}/invitations",
    policy="manager",
    response_model=bodies.InvitationList,
    summary="Invitations to an institution, the newest first",
)
def listed(
    request: Request, here: Here, caller: Caller, slug: Slug, asked: Annotated[paging.Asked, Query()]
) -> Response:
    paging.require_each_once(request)
    size, key = asked.page_size(here), paging.position(here, request, asked)
    with reading(here.engine) as session:
        found = managed(session, deps.signed_in(session, here, caller), slug)
        before = key[0] if key else None
        rows = queries.invitations.of_institution(session, institution_id=found.id or 0, before=before, limit=size + 1)
    page, more = rows[:size], len(rows) > size
    following = paging.following(here, request, asked, (page[-1].id or 0,)) if more else None
    items = [bodies.InvitationOut.model_validate(_told(row, now=here.now())) for row in page]
    return paging.answer(request, bodies.InvitationList(items=items, next=following), following, private=True)


@router.write(
    "POST",
    "/api/institutions/{slug}/invitations",
    policy="manager",
    status_code=201,
    response_model=bodies.InvitationMade,
    summary="Invite somebody by address",
    description=(
        "The secret link is in this answer and nowhere else. The answer is the same whether or not the address has an "
        "account. An older invitation of the same address that still waits is revoked."
    ),
)
def invite(request: Request, here: Here, caller: Caller, slug: Slug, new: bodies.InvitationIn) -> Response:
    def deed(session: Session, actor: Actor) -> Answer:
        invitation, secret = invitations.invite(
            session,
            actor,
            institutions.find(session, slug),
            email=new.email,
            role=Role.named(new.role),
            language=new.language,
            lifetime=timedelta(days=here.settings.invitation_days),
            now=here.now(),
        )
        shown = {"secret": secret, "link": invitations.link(here.settings.base_url, secret)}
        made = bodies.InvitationMade.model_validate(_told(invitation, now=here.now()) | shown)
        again = made.model_copy(update={"secret": None, "link": None})
        return writing.created(made, location=f"{here.settings.base_url}/api/invitations/{invitation.id}", again=again)

    return writing.write(request, here, caller, deed)


@router.write(
    "DELETE",
    "/api/invitations/{invitation_id:invitation}",
    policy="manager",
    status_code=204,
    responses=refusals({409: "It was accepted"}),
    summary="Revoke an invitation",
    description="Twice is no error, and no precondition is asked: nothing must hold this up.",
)
def revoke(request: Request, here: Here, caller: Caller, invitation_id: InvitationId) -> Response:
    def deed(session: Session, actor: Actor) -> Answer:
        invitations.revoke(session, actor, lookup.row(invitation_id), now=here.now())
        return writing.NOTHING

    return writing.write(request, here, caller, deed)


# ── accepting ───────────────────────────────────────────────────────────────────────────────────


@router.write(
    "POST",
    "/api/invitations/accept",
    policy="public",
    response_model=bodies.Accepted,
    responses=refusals(
        {409: "It was used, revoked, or is over", 429: "Too many tries; `Retry-After` says when to come back"}
    ),
    summary="Accept an invitation",
    description=(
        "Signed in as the person who is invited, the secret is enough. Everybody else gives name and password: they "
        "make a new account, or the password must be that of the account there is. Browsers get a session's cookie. "
        "An `Idempotency-Key` is passed over: nothing about a password is kept, and an invitation is accepted once."
    ),
)
def accept(request: Request, here: Here, caller: Caller, given: bodies.Acceptance) -> Response:
    writing.require_key(request)
    deps.refuse_foreign(request, here)
    secret = given.secret.get_secret_value()
    whose = _whose(here, caller, secret)
    proof = hashed = None
    if not whose.own:
        password = _chosen(given)
        if whose.known:
            proof = signing.prove(request, here, email=whose.email, password=password)
        else:
            hashed = passwords.hashed(password)
    with transaction(here.engine) as session:
        found = invitations.opened(session, secret, hold=True, now=here.now())
        if proof is not None:
            person = signing.confirm(session, request, here, proof)
        elif found.person is not None and whose.own:
            person = found.person
        elif found.person is None and hashed is not None:
            name, language = given.name or "", given.language
            person = invitations.enrol(session, found, name=name, language=language, hashed=hashed, now=here.now())
        else:
            raise Conflict("write.collided")  # the account came, or went, meanwhile
        membership = invitations.accept(session, found, person, now=here.now())
        headers: dict[str, str] = {}
        if not (whose.own and caller.token is not None):  # a token must not become a session, which may do more
            _, headers = signing.start(session, request, here, person)
    accepted = _accepted(found, membership, person)
    headers["Cache-Control"] = conditional.PRIVATE
    return Response(accepted.content(), 200, headers, media_type="application/json")


@dataclass(frozen=True, slots=True)
class _Whose:
    """The address of an invitation; whether it has an account, and whether that is the caller's own."""

    email: str
    known: bool
    own: bool


def _whose(here: Installation, caller: Credentials, secret: str) -> _Whose:
    """Raises NotFound and Conflict for an invitation that leads nowhere, Unauthenticated for a token that is none."""
    with reading(here.engine) as session:
        found = invitations.opened(session, secret, now=here.now())
        actor = deps.visitor(session, here, caller)
        own = found.person is not None and signing.is_own(actor, found.person)
        if own:
            policy.require_scope(actor, "manage")
        return _Whose(found.invitation.email, found.person is not None, own)


def _chosen(given: bodies.Acceptance) -> str:
    """The password of an account to be, or of the one there is: judged alike, so that a refusal tells nothing."""
    missing = [Problem("field.missing", name) for name in ("name", "password") if getattr(given, name) is None]
    if missing or given.password is None:
        raise fields.refused(missing)
    fields.of_person({"name": given.name})
    password = given.password.get_secret_value()
    passwords.require_good(password)
    return password


def _accepted(found: Open, membership: Membership, person: Person) -> bodies.Accepted:
    place = found.institution
    return bodies.Accepted.model_validate(
        {
            "institution": {"slug": place.slug, "names": dict(sorted(place.names.items()))},
            "role": membership.role,
            "person": person.id,
            "email": person.email,
        }
    )


def _told(invitation: Invitation, *, now: datetime) -> dict[str, Any]:
    told = invitation.model_dump(
        include={
            *("id", "email", "role", "language", "invited_by"),
            *("created", "expires", "accepted", "revoked"),
        }
    )
    return told | {"state": invitations.state(invitation, now=now)}
