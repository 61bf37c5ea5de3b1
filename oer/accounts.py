"""People: their passwords, roles and tokens."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache

import argon2
from sqlmodel import Session

from metadata import findings, values
from oer import audit, policy, queries
from oer.errors import Forbidden, Invalid, NotFound, Unauthenticated
from oer.models import Institution, Membership, Person, Token
from oer.policy import SCOPES, Actor
from oer.settings import LANGUAGES
from oer.workflow import Role

PASSWORD_LENGTHS = (10, 200)  # characters; NIST SP 800-63B asks for 8 at least and 64 at most or more
_TOKEN_PREFIX = "oer_"  # noqa: S105 - tells secret scanners what they found

_hasher = argon2.PasswordHasher()  # argon2id with the parameters of RFC 9106's second choice


@cache
def _nobody() -> str:
    """Verified where there is no such person, so that the answer takes the same time."""
    return _hasher.hash(secrets.token_hex(16))


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
    address = normal_email(email)
    if queries.people.by_email(session, email=address) is not None:
        raise Invalid("person.email-taken", email=address)
    shown = values.clean(name)
    if not shown:
        raise Invalid("person.name-missing")
    if values.illegal_characters(shown) or len(shown) > 300:
        raise Invalid("request.invalid", field="name")
    if language not in LANGUAGES:
        raise Invalid("person.language-unknown", value=findings.shown(language, 40))
    person = Person(
        email=address,
        name=shown,
        language=language,
        password=hash_password(password) if password is not None else None,
        administrator=administrator,
        created=now,
    )
    session.add(person)
    session.flush()
    audit.write(
        session, actor, "person.add", kind="person", object_id=str(person.id), now=now, administrator=administrator
    )
    return person


def normal_email(email: str) -> str:
    """Lower case, trimmed. Raises Invalid where it is no address."""
    address = email.strip().lower()
    name, _, domain = address.rpartition("@")
    bad = any(c.isspace() or not c.isprintable() or c in '<>,;"\\' for c in address)
    if not name or not domain or len(address) > 254 or bad:
        raise Invalid("person.email-invalid", email=findings.shown(address, 254))
    return address


def hash_password(password: str) -> str:
    """The argon2id hash (RFC 9106). Raises Invalid where the password is too short, too long or one character."""
    shortest, longest = PASSWORD_LENGTHS
    if len(password) < shortest:
        raise Invalid("password.too-short", minimum=shortest)
    if len(password) > longest:
        raise Invalid("password.too-long", maximum=longest)
    if len(set(password)) < 4:
        raise Invalid("password.too-common")
    return _hasher.hash(_bytes(password))


def _bytes(text: str) -> bytes:
    """UTF-8, of lone surrogates too, which JSON can carry: a password of them is wrong, not an accident."""
    return text.encode("utf-8", "surrogatepass")


def set_password(session: Session, actor: Actor, person: Person, password: str, *, now: datetime) -> None:
    """One's own password, or anybody's for an administrator; by a token only with the scope manage."""
    policy.require_scope(actor, "manage")
    if actor.person_id != person.id:
        policy.require_administrator(actor)
    person.password = hash_password(password)
    session.add(person)
    audit.write(session, actor, "person.password", kind="person", object_id=str(person.id), now=now)


def sign_in(session: Session, *, email: str, password: str) -> Person:
    """The active person with this address and password. Raises Unauthenticated, the same for every cause."""
    try:
        person = queries.people.by_email(session, email=normal_email(email))
    except Invalid:
        person = None
    known = person is not None and person.active and person.password is not None
    stand_in = _nobody()  # asked for in every case: the first time it takes as long as a sign-in
    try:
        _hasher.verify(person.password if known and person and person.password else stand_in, _bytes(password))
    except argon2.exceptions.VerificationError:
        raise Unauthenticated("sign-in.failed") from None
    if not known or person is None:
        raise Unauthenticated("sign-in.failed")
    if person.password is not None and _hasher.check_needs_rehash(person.password):
        person.password = _hasher.hash(_bytes(password))
        session.add(person)
    return person


def grant(
    session: Session, actor: Actor, person: Person, institution: Institution, role: Role, *, now: datetime
) -> None:
    """Give a person this role in an institution, or take it away with ``Role.NONE``. Nobody grants above their own."""
    policy.require_grant(actor, institution, role)
    membership = session.get(Membership, (person.id, institution.id))
    if membership is not None and Role.named(membership.role) > policy.role_in(actor, institution):
        raise Forbidden("role.above-own")
    if role is Role.NONE:
        if membership is not None:
            session.delete(membership)
    elif membership is None:
        assert person.id is not None
        assert institution.id is not None
        session.add(Membership(person_id=person.id, institution_id=institution.id, role=role.word, created=now))
    else:
        membership.role = role.word
        session.add(membership)
    audit.write(
        session,
        actor,
        "role.grant",
        kind="person",
        object_id=str(person.id),
        institution_id=institution.id,
        now=now,
        role=role.word,
    )


def actor_of(session: Session, person: Person, *, scopes: Collection[str] = SCOPES) -> Actor:
    """The person as someone who acts, with roles read now."""
    assert person.id is not None
    roles = {
        membership.institution_id: Role.named(membership.role)
        for membership in queries.institutions.memberships(session, person_id=person.id)
    }
    return Actor(
        person_id=person.id,
        name=person.email,
        administrator=person.administrator,
        roles=roles,
        scopes=frozenset(scopes),
    )


def create_token(
    session: Session,
    actor: Actor,
    person: Person,
    *,
    name: str,
    scopes: Collection[str],
    lifetime: timedelta,
    longest: timedelta,
    now: datetime,
) -> tuple[Token, str]:
    """A token for a person's programs, and its secret, which is shown now and never again.

    For oneself, or for anybody by an administrator; no token makes another that may do more than itself. Raises
    Invalid for unknown scopes or a lifetime that is not above zero and at most ``longest``.
    """
    policy.require_scope(actor, "manage")
    if actor.person_id != person.id:
        policy.require_administrator(actor)
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise Invalid("token.scope-unknown", scopes=", ".join(unknown), known=", ".join(SCOPES))
    for scope in sorted(scopes):
        policy.require_scope(actor, scope)
    if not timedelta(0) < lifetime <= longest:
        raise Invalid("token.expiry-invalid", days=longest.days)
    secret = _TOKEN_PREFIX + secrets.token_urlsafe(32)
    assert person.id is not None
    token = Token(
        person_id=person.id,
        name=name.strip(),
        digest=_digest(secret),
        scopes=sorted(set(scopes)),
        created=now,
        expires=now + lifetime,
    )
    session.add(token)
    session.flush()
    audit.write(
        session,
        actor,
        "token.create",
        kind="person",
        object_id=str(person.id),
        now=now,
        token=token.id,
        scopes=token.scopes,
    )
    return token, secret


def revoke_token(session: Session, actor: Actor, token: Token, *, now: datetime) -> None:
    person = session.get(Person, token.person_id)
    if person is None:
        raise NotFound("token.unknown")
    if actor.person_id != person.id:
        policy.require_administrator(actor)
    if token.revoked is None:
        token.revoked = now
        session.add(token)
        audit.write(session, actor, "token.revoke", kind="person", object_id=str(person.id), now=now, token=token.id)


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
    return actor_of(session, person, scopes=token.scopes)


def _digest(secret: str) -> str:
    return hashlib.sha256(_bytes(secret)).hexdigest()
