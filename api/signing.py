"""Signing in and out: passwords proved, and the cookie that stands for a session."""

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session
from starlette.requests import Request

from api import deps, networks
from api.deps import Credentials
from oer import accounts, attempts, audit, passwords, sessions
from oer.accounts import Credential
from oer.db import reading, transaction
from oer.errors import Invalid, Unauthenticated
from oer.installation import Installation
from oer.models import BrowserSession, Person
from oer.policy import Actor


@dataclass(frozen=True, slots=True)
class Proof:
    """A password that fitted. ``renewed`` is its hash at today's cost, where the kept one is older."""

    credential: Credential
    renewed: str | None


NOTHING_PROVED = Proof(Credential(), None)


def prove(request: Request, here: Installation, *, email: str, password: str) -> Proof:
    """The account of this address, if the password is its own.

    The try is counted first, against the address and against the network it comes from, whether or not there is such
    an account. No transaction is open while the password is hashed: on SQLite all other writers would wait for it.
    Raises TooMany; Unauthenticated, the same for every cause.
    """
    counted = _counted(request, here, email)
    take(here, counted)
    with reading(here.engine) as session:
        credential = accounts.credential(session, email=email)
    if not passwords.fits(credential.password, password) or credential.password is None:
        raise Unauthenticated("sign-in.failed")
    return Proof(credential, passwords.renewed(credential.password, password))


@dataclass(frozen=True, slots=True)
class Counted:
    """What a try is counted against, as it is kept."""

    account: str
    network: str


def _counted(request: Request, here: Installation, email: str) -> Counted:
    try:
        address = accounts.normal_email(email)
    except Invalid:
        address = email.strip().lower()
    return Counted(
        attempts.subject(here.secret, "account", address),
        attempts.subject(here.secret, "network", networks.of(request, here)),
    )


def take(here: Installation, counted: Counted) -> None:
    """Count one try. Raises TooMany."""
    settings, now = here.settings, here.now()
    window = timedelta(minutes=settings.sign_in_minutes)
    with transaction(here.engine) as session:
        attempts.take(session, counted.account, most=settings.sign_in_tries, window=window, now=now)
        attempts.take(session, counted.network, most=settings.sign_in_network_tries, window=window, now=now)


def confirm(session: Session, request: Request, here: Installation, proof: Proof) -> Person:
    """Whose proof it is, held until the commit; the account's tries are forgotten. Raises Unauthenticated."""
    person = accounts.proved(session, proof.credential, renewed=proof.renewed)
    counted = _counted(request, here, person.email)
    attempts.clear(session, counted.account)
    attempts.give_back(session, counted.network)
    return person


def start(
    session: Session, request: Request, here: Installation, person: Person
) -> tuple[BrowserSession, dict[str, str]]:
    """Sign a browser in, always with a new secret; the headers of the answer. What its old cookie stood for ends."""
    old = request.cookies.get(deps.cookie_name(here))
    if old is not None:
        sessions.end(session, old)
    made, secret = sessions.start(session, person, lifetime=lifetime(here), now=here.now())
    actor = accounts.actor_of(session, person)
    audit.write(session, actor, "session.start", kind="person", object_id=str(person.id), now=here.now())
    return made, {"Set-Cookie": cookie(here, secret)}


def enter(
    request: Request, here: Installation, *, email: str, password: str
) -> tuple[Person, BrowserSession, dict[str, str]]:
    """Sign a browser in by a password: who that is, the session, the headers of the answer.

    Raises TooMany; Unauthenticated, the same for every cause.
    """
    proof = prove(request, here, email=email, password=password)
    with transaction(here.engine) as session:
        person = confirm(session, request, here, proof)
        made, headers = start(session, request, here, person)
    return person, made, headers


def leave(here: Installation, secret: str) -> dict[str, str]:
    """End the session that a cookie stands for, if there is one; the headers of the answer."""
    with transaction(here.engine) as session:
        person_id = sessions.end(session, secret)
        person = session.get(Person, person_id) if person_id is not None else None
        if person is not None:
            accounts.log(session, accounts.actor_of(session, person), "session.end", person, now=here.now())
    return {"Set-Cookie": cookie(here, "")}


def kept(session: Session, request: Request, here: Installation, caller: Credentials, person: Person) -> dict[str, str]:
    """The headers for somebody who has just changed their own rights: all their sessions ended with that, and this
    browser goes on with a new one. Nothing for a token.
    """
    if caller.cookie is None or not person.active:
        return {}
    _, headers = start(session, request, here, person)
    return headers


def lifetime(here: Installation) -> timedelta:
    return timedelta(days=here.settings.session_days)


def cookie(here: Installation, secret: str) -> str:
    """``Set-Cookie`` for a session; without a secret it takes the cookie away (RFC 6265bis)."""
    age = int(min(lifetime(here), sessions.LONGEST).total_seconds()) if secret else 0
    secure = "; Secure" if here.settings.base_url.startswith("https:") else ""
    return f"{deps.cookie_name(here)}={secret}; Max-Age={age}; Path=/; HttpOnly; SameSite=Lax{secure}"


def is_own(actor: Actor, person: Person) -> bool:
    return actor.person_id is not None and actor.person_id == person.id
