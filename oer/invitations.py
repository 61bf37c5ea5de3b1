"""Invitations: a role for whoever opens the link that was given to an address.

The secret of the link is shown once and kept as a hash. Nobody learns whether an address has an account: an
invitation to it is the same. Until it is accepted it can do no more than who invited could now.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from oer import accounts, audit, fields, policy, queries
from oer.errors import Conflict, Forbidden, NotFound
from oer.models import Institution, Invitation, Membership, Person
from oer.policy import OPERATOR, Actor
from oer.workflow import Role

_KEPT = timedelta(days=30)  # after its end: an address that never came in is not kept for ever


def invite(
    session: Session,
    actor: Actor,
    institution: Institution,
    *,
    email: str,
    role: Role,
    language: str,
    lifetime: timedelta,
    now: datetime,
) -> tuple[Invitation, str]:
    """An invitation, and the secret of its link. One to the same address that still waits is revoked.

    Raises Forbidden for who may not give this role here; Invalid for what is no address or language.
    """
    policy.require_grant(actor, institution, role)
    kept = fields.of_person({"email": email, "language": language})
    assert institution.id is not None
    for older in queries.invitations.waiting(session, institution_id=institution.id, email=kept["email"]):
        older.revoked = now
        session.add(older)
    secret = secrets.token_urlsafe(32)
    invitation = Invitation(
        **kept,
        digest=_digest(secret),
        institution_id=institution.id,
        role=role.word,
        invited_by=actor.person_id,
        created=now,
        expires=now + lifetime,
    )
    session.add(invitation)
    session.flush()
    _log(session, actor, "invitation.create", invitation, now=now, role=role.word)
    return invitation, secret


def link(base_url: str, secret: str) -> str:
    """What to give to the person. What follows a ``#`` no browser sends, so that no server writes it into a log."""
    return f"{base_url}/invitation#{secret}"


def state(invitation: Invitation, *, now: datetime) -> str:
    """``waiting``, ``accepted``, ``revoked`` or ``expired``."""
    if invitation.accepted is not None:
        return "accepted"
    if invitation.revoked is not None:
        return "revoked"
    return "expired" if invitation.expires <= now else "waiting"


def revoke(session: Session, actor: Actor, invitation_id: int, *, now: datetime) -> None:
    """Make its link useless; twice is no error. Raises NotFound to who does not manage there, Conflict once used."""
    found = queries.invitations.locked(session, invitation_id=invitation_id)
    if found is None or policy.role_in(actor, found[1]) < Role.MANAGER:
        raise NotFound("invitation.unknown")
    invitation, institution = found
    policy.require_manage(actor, institution)
    if invitation.accepted is not None:
        raise Conflict("invitation.used")
    if invitation.revoked is None:
        invitation.revoked = now
        session.add(invitation)
        _log(session, actor, "invitation.revoke", invitation, now=now)


@dataclass(frozen=True, slots=True)
class Open:
    """An invitation that can be accepted, where to, and whose address it is: None, if nobody's yet."""

    invitation: Invitation
    institution: Institution
    person: Person | None


def opened(session: Session, secret: str, *, hold: bool = False, now: datetime) -> Open:
    """The invitation of a link. Raises NotFound for another secret, Conflict where it was used, revoked or is over."""
    found = queries.invitations.by_digest(session, digest=_digest(secret), hold=hold)
    if found is None:
        raise NotFound("invitation.unknown")
    invitation, institution = found
    if invitation.accepted is not None:
        raise Conflict("invitation.used")
    if invitation.revoked is not None or invitation.expires <= now:
        raise Conflict("invitation.ended")
    return Open(invitation, institution, queries.people.by_email(session, email=invitation.email))


def enrol(session: Session, found: Open, *, name: str, language: str | None, hashed: str, now: datetime) -> Person:
    """The account of somebody who had none. Raises Invalid for a name that cannot be shown."""
    invitation = found.invitation
    spoken = language or invitation.language
    person = accounts.make(session, email=invitation.email, name=name, language=spoken, hashed=hashed, now=now)
    accounts.log(session, accounts.actor_of(session, person), "person.enrol", person, now=now)
    return person


def accept(session: Session, found: Open, person: Person, *, now: datetime) -> Membership:
    """Give the person the role. A higher one that they have here stays.

    Raises Conflict where those who invited could not give the role any more.
    """
    invitation, institution = found.invitation, found.institution
    role = Role.named(invitation.role)
    assert person.id is not None
    assert institution.id is not None
    before = queries.institutions.membership_locked(session, person_id=person.id, institution_id=institution.id)
    wanted = role if before is None else max(role, Role.named(before.role))
    try:
        membership = accounts.grant(session, _inviter(session, invitation), person, institution, wanted, now=now)
    except Forbidden:
        raise Conflict("invitation.ended") from None
    assert membership is not None
    invitation.accepted = now
    session.add(invitation)
    _log(session, accounts.actor_of(session, person), "invitation.accept", invitation, now=now)
    return membership


def _inviter(session: Session, invitation: Invitation) -> Actor:
    """Who invited, with the rights of now. Raises Conflict where they are gone."""
    if invitation.invited_by is None:
        return OPERATOR
    person = session.get(Person, invitation.invited_by)
    if person is None or not person.active:
        raise Conflict("invitation.ended")
    return accounts.actor_of(session, person)


def forget_ended(session: Session, *, now: datetime) -> None:
    """Remove what ended a month ago: accepted, revoked or over."""
    past = now - _KEPT
    over = sa.or_(col(Invitation.expires) < past, col(Invitation.accepted) < past, col(Invitation.revoked) < past)
    session.connection().execute(sa.delete(Invitation).where(over))


def _log(
    session: Session, actor: Actor, action: str, invitation: Invitation, *, now: datetime, **details: object
) -> None:
    """Never with the address: the log outlives an erasure."""
    audit.write(
        session,
        actor,
        action,
        kind="invitation",
        object_id=str(invitation.id),
        institution_id=invitation.institution_id,
        now=now,
        **details,
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
