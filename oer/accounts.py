"""People: accounts, passwords, roles and tokens."""

import hashlib
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from metadata import findings
from metadata.findings import Problem
from oer import answers, audit, fields, passwords, policy, queries, sessions, texts
from oer.errors import Conflict, Forbidden, Invalid, NotFound, Stale, Unauthenticated
from oer.models import Institution, Membership, Person, Token
from oer.policy import SCOPES, Actor
from oer.workflow import Role

_TOKEN_PREFIX = "oer_"  # noqa: S105 - tells secret scanners what they found
TOKEN_NAME = 100  # characters


# ── accounts ────────────────────────────────────────────────────────────────────────────────────


def add_person(
    session: Session,
    actor: Actor,
    *,
    email: str,
    name: str,
    language: str = "ar",
    password: str | None = None,
    administrator: bool = False,
    now: datetime,
) -> Person:
    """A new account. Raises Invalid for a bad or taken address, no name, another language or a poor password."""
    policy.require_administrator(actor)
    hashed = passwords.hashed(password) if password is not None else None
    person = make(session, email=email, name=name, language=language, hashed=hashed, now=now)
    person.administrator = administrator
    log(session, actor, "person.add", person, now=now, administrator=administrator)
    return person


def make(session: Session, *, email: str, name: str, language: str, hashed: str | None, now: datetime) -> Person:
    """The row of a new account, for whoever has found that it may be made. Raises Invalid."""
    kept = fields.of_person({"email": email, "name": name, "language": language})
    if queries.people.by_email(session, email=kept["email"]) is not None:
        taken = Problem("person.email-taken", "email", {"email": kept["email"]})
        raise Invalid("person.email-taken", [taken], email=kept["email"])
    person = Person(**kept, password=hashed, created=now)
    session.add(person)
    session.flush()
    return person


def normal_email(email: str) -> str:
    """Lower case, trimmed. Raises Invalid where it is no address."""
    return str(fields.of_person({"email": email})["email"])


def seen(session: Session, actor: Actor, person_id: int, *, scope: str = "read") -> Person:
    """Somebody whose account the actor may look at: themselves, or anybody for administrators. Raises NotFound."""
    return _may(actor, session.get(Person, person_id), person_id, scope)


def held(session: Session, actor: Actor, person_id: int, *, scope: str = "manage") -> Person:
    """:func:`seen`, with the row held until the commit, for those who change something."""
    return _may(actor, queries.people.locked(session, person_id=person_id), person_id, scope)


def _may(actor: Actor, found: Person | None, person_id: int, scope: str) -> Person:
    if found is None or found.erased is not None or not policy.is_about(actor, found):
        raise NotFound("account.unknown", id=person_id)
    policy.require_scope(actor, scope)
    return found


def edit(
    session: Session,
    actor: Actor,
    person_id: int,
    changes: Mapping[str, Any],
    *,
    expected: int | None = None,
    now: datetime,
) -> Person:
    """Change ``name`` and ``language``; as an administrator ``active`` and ``administrator`` too.

    Whoever becomes or ceases to be an administrator is signed out, and so is who is no longer active: their tokens
    sleep until they are again. Raises NotFound, Forbidden, Stale, Invalid; Conflict for the last administrator.
    """
    rights = {name: bool(changes[name]) for name in ("active", "administrator") if name in changes}
    if False in rights.values() and actor.administrator:
        queries.people.administrators_locked(session)  # before any row of one person: two at once would cross
    person = held(session, actor, person_id)
    if rights:
        policy.require_administrator(actor)
    require_fresh(person, expected)
    kept = fields.of_person({name: changes[name] for name in ("name", "language") if name in changes}) | rights
    changed = {name: value for name, value in kept.items() if getattr(person, name) != value}
    if not changed:
        return person
    if changed.get("administrator") is False or changed.get("active") is False:
        require_another_administrator(session, person)
    for name, value in changed.items():
        setattr(person, name, value)
    touch(session, person)
    if rights.keys() & changed.keys():
        sessions.end_all(session, person)
    log(session, actor, "person.edit", person, now=now, fields=sorted(changed), **_told(rights, changed))
    return person


def _told(rights: Mapping[str, bool], changed: Mapping[str, Any]) -> dict[str, bool]:
    """Of what was changed only rights: names are nobody's business for ever."""
    return {name: value for name, value in rights.items() if name in changed}


def require_fresh(person: Person, expected: int | None) -> None:
    if expected is not None and expected != person.lock:
        raise Stale("person.stale", id=person.id)


def require_another_administrator(session: Session, person: Person) -> None:
    """Raises Conflict where nobody would be left to look after the platform. The caller holds all administrators."""
    others = [one for one in queries.people.administrators_locked(session) if one.id != person.id]
    if person.administrator and person.active and not others:
        raise Conflict("person.last-administrator")


def touch(session: Session, person: Person) -> None:
    person.lock += 1
    session.add(person)


def log(session: Session, actor: Actor, action: str, person: Person, *, now: datetime, **details: Any) -> None:
    """One audit entry about a person; ``details`` hold nothing that an erasure would have to find."""
    audit.write(session, actor, action, kind="person", object_id=str(person.id), now=now, **details)


# ── passwords ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Credential:
    """What a password is to be proved against. An empty one is proved as well, and nothing fits it."""

    person_id: int | None = None
    password: str | None = field(default=None, repr=False)


def credential(session: Session, *, email: str) -> Credential:
    """Of the active person with this address, an empty one where there is none: the caller sees no difference."""
    try:
        person = queries.people.by_email(session, email=normal_email(email))
    except Invalid:
        person = None
    if person is None or not person.active or person.password is None:
        return Credential()
    return Credential(person.id, person.password)


def proved(session: Session, credential: Credential, *, renewed: str | None = None) -> Person:
    """Whose credential it is, held until the commit; with ``renewed`` their password is kept anew.

    Raises Unauthenticated where it has changed since it was read: the proof was of something that is no more.
    """
    person = queries.people.locked(session, person_id=credential.person_id) if credential.person_id else None
    if person is None or not person.active or person.password != credential.password:
        raise Unauthenticated("sign-in.failed")
    if renewed is not None:
        person.password = renewed
        session.add(person)
    return person


def set_password(session: Session, actor: Actor, person: Person, password: str, *, now: datetime) -> None:
    """:func:`keep_password` of a password that was not hashed before."""
    require_password_change(actor, person)
    keep_password(session, actor, person, passwords.hashed(password), now=now)


def require_password_change(actor: Actor, person: Person) -> None:
    """One's own by the scope manage. Anybody's by an administrator, who then could act as them: by all scopes."""
    policy.require_scope(actor, "manage")
    if actor.person_id != person.id:
        policy.require_administrator(actor)
    if actor.person_id != person.id or person.password is None:
        for scope in SCOPES:
            policy.require_scope(actor, scope)


def keep_password(session: Session, actor: Actor, person: Person, hashed: str, *, now: datetime) -> None:
    """Set a password by its hash, and sign the person out everywhere."""
    require_password_change(actor, person)
    person.password = hashed
    touch(session, person)
    sessions.end_all(session, person)
    log(session, actor, "person.password", person, now=now)


# ── roles ───────────────────────────────────────────────────────────────────────────────────────


def grant(
    session: Session,
    actor: Actor,
    person: Person,
    institution: Institution,
    role: Role,
    *,
    expected: int | None = None,
    now: datetime,
) -> Membership | None:
    """Give a person this role in an institution, or take it away with ``Role.NONE``. Nobody grants above their own.

    Whose role changes is signed out: a cookie from before must not carry what came after. Raises Forbidden, Stale.
    """
    policy.require_grant(actor, institution, role)
    assert person.id is not None
    assert institution.id is not None
    membership = queries.institutions.membership_locked(session, person_id=person.id, institution_id=institution.id)
    if membership is not None and Role.named(membership.role) > policy.role_in(actor, institution):
        raise Forbidden("role.above-own")
    if expected is not None and (membership is None or membership.lock != expected):
        raise Stale("member.stale")
    before = Role.NONE if membership is None else Role.named(membership.role)
    if role is before:
        return membership
    if membership is None:
        membership = Membership(person_id=person.id, institution_id=institution.id, role=role.word, created=now)
        session.add(membership)
    elif role is Role.NONE:
        session.delete(membership)
    else:
        membership.role, membership.lock = role.word, membership.lock + 1
        session.add(membership)
    locked = queries.people.locked(session, person_id=person.id)
    assert locked is not None
    touch(session, locked)
    sessions.end_all(session, locked)
    if role < before:
        answers.end_all(session, owner=answers.of_person(person.id))
    log(session, actor, "role.grant", person, now=now, institution_id=institution.id, role=role.word)
    return None if role is Role.NONE else membership


# ── who acts ────────────────────────────────────────────────────────────────────────────────────


def actor_of(
    session: Session, person: Person, *, scopes: Collection[str] = SCOPES, expires: datetime | None = None
) -> Actor:
    """The person as someone who acts, with roles read now. The log knows them by number, which outlives an erasure."""
    assert person.id is not None
    roles = {
        membership.institution_id: Role.named(membership.role)
        for membership in queries.institutions.memberships(session, person_id=person.id)
    }
    return Actor(
        person_id=person.id,
        name=f"person:{person.id}",
        administrator=person.administrator,
        roles=roles,
        scopes=frozenset(scopes),
        expires=expires,
    )


def actor_by_session(session: Session, secret: str, *, now: datetime) -> Actor:
    """Who a cookie speaks for, with roles read now. Raises Unauthenticated where it is unknown, ended or expired."""
    person = session.get(Person, sessions.find(session, secret, now=now).person_id)
    if person is None or not person.active:
        raise Unauthenticated("session.ended")
    return actor_of(session, person)


def actor_by_token(session: Session, secret: str, *, now: datetime) -> Actor:
    """Who a bearer token speaks for. Raises Unauthenticated where it is unknown, revoked, expired or its person gone.

    Looked up by digest: comparing SHA-256 values leaks nothing about the secret.
    """
    found = queries.people.token(session, digest=_digest(secret))
    if found is None or found[0].revoked is not None or not found[1].active:
        raise Unauthenticated("token.invalid")
    token, person = found
    if token.expires <= now:
        raise Unauthenticated("token.expired")
    return actor_of(session, person, scopes=token.scopes, expires=token.expires)


# ── tokens ──────────────────────────────────────────────────────────────────────────────────────


def create_token(
    session: Session,
    actor: Actor,
    person: Person,
    *,
    name: str,
    scopes: Collection[str],
    lifetime: timedelta | None = None,
    longest: timedelta,
    now: datetime,
) -> tuple[Token, str]:
    """A token for a person's programs, and its secret, which is shown now and never again.

    For oneself, or for anybody by an administrator; no token makes another that may do more than itself, or lives
    longer. Without ``lifetime`` it lives as long as it may. Raises Invalid for a bad name, unknown scopes, or a
    lifetime that is not above zero and at most ``longest``.
    """
    policy.require_scope(actor, "manage")
    if actor.person_id != person.id:
        policy.require_administrator(actor)
    kept = _token_fields(name, scopes)
    for scope in kept["scopes"]:
        policy.require_scope(actor, scope)
    most = longest if actor.expires is None else min(longest, actor.expires - now)
    wanted = most if lifetime is None else lifetime
    if not timedelta(0) < wanted <= most:
        days = most.days
        raise Invalid("token.expiry-invalid", [Problem("token.expiry-invalid", "days", {"days": days})], days=days)
    secret = _TOKEN_PREFIX + secrets.token_urlsafe(32)
    assert person.id is not None
    token = Token(person_id=person.id, **kept, digest=_digest(secret), created=now, expires=now + wanted)
    session.add(token)
    session.flush()
    log(session, actor, "token.create", person, now=now, token=token.id, scopes=token.scopes)
    return token, secret


def _token_fields(name: str, scopes: Collection[str]) -> dict[str, Any]:
    problems: list[Problem] = []
    shown = texts.text(name, "name", problems, longest=TOKEN_NAME)
    if not shown:
        problems.append(Problem("text.empty", "name"))
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        told = findings.shown(", ".join(unknown))
        problems.append(Problem("token.scope-unknown", "scopes", {"scopes": told, "known": ", ".join(SCOPES)}))
    if problems:
        raise fields.refused(problems)
    return {"name": shown, "scopes": [scope for scope in SCOPES if scope in scopes]}


def revoke_token(session: Session, actor: Actor, token: Token, *, now: datetime) -> None:
    """End a token of one's own, or anybody's as an administrator; twice is no error."""
    person = session.get(Person, token.person_id)
    if person is None:
        raise NotFound("token.unknown")
    policy.require_scope(actor, "manage")
    if actor.person_id != person.id:
        policy.require_administrator(actor)
    if token.revoked is None:
        token.revoked = now
        session.add(token)
        log(session, actor, "token.revoke", person, now=now, token=token.id)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
