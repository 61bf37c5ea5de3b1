"""Things that tests begin with, made the way the product makes them. Each takes only what matters to a test."""

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from databases import database
from sqlmodel import Session

from metadata.record import Record
from oer import (
    accounts,
    collections,
    deposits,
    installation,
    institutions,
    publishing,
    queries,
    sessions,
)
from oer.db import transaction
from oer.installation import Installation
from oer.models import Institution, Person
from oer.policy import OPERATOR, Actor
from oer.settings import Settings
from oer.workflow import Role

Result = TypeVar("Result")
START = datetime(2026, 3, 1, 8, 0, 0, tzinfo=UTC)


@dataclass
class Watch:
    """A clock that moves only when told to: ``now=watch``."""

    moment: datetime = START

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **length: float) -> datetime:
        """``watch.forward(minutes=5)``: the moment it shows from then on."""
        self.moment += timedelta(**length)
        return self.moment


def store_environment() -> dict[str, str]:
    """Settings of the S3 server that OER_TEST_STORE_URL names, a bucket of its own each time; none without it."""
    server = os.environ.get("OER_TEST_STORE_URL")
    if not server:
        return {}
    address, _, options = server.partition("?")
    return {
        "OER_STORE_URL": f"{address}-{secrets.token_hex(8)}?{options}",
        "OER_STORE_ACCESS_KEY": os.environ["OER_TEST_STORE_ACCESS_KEY"],
        "OER_STORE_SECRET_KEY": os.environ["OER_TEST_STORE_SECRET_KEY"],
    }


@contextmanager
def opened(folder: Path, *, now: Callable[[], datetime] | None = None, **changes: Any) -> Iterator[Installation]:
    """A new installation in the folder; ``changes`` are settings (``oai_page_size=3``)."""
    folder.mkdir(parents=True, exist_ok=True)
    with database(folder, migrated=True) as url:
        places = {name.removeprefix("OER_").lower(): value for name, value in store_environment().items()}
        standard = {"data": folder, "database_url": url, "base_url": "https://oer.example.org"} | places
        settings = Settings(**standard | changes)
        found = installation.open_installation(settings, now=now or installation.utc_now)
        try:
            yield found
        finally:
            found.close()


def institution(
    session: Session,
    slug: str = "college",
    *,
    parent: Institution | None = None,
    names: Mapping[str, str] | None = None,
    **rest: Any,
) -> Institution:
    """An institution; ``rest`` are further arguments of ``institutions.add``."""
    named = names or {"ar": f"مؤسسة {slug}", "en": f"The {slug}"}
    moment = rest.pop("now", START)
    return institutions.add(
        session, OPERATOR, slug=slug, names=named, kind="organisation", parent=parent, now=moment, **rest
    )


def person(session: Session, email: str = "teacher@example.org", **rest: Any) -> Person:
    """An account; ``rest`` are further arguments of ``accounts.add_person``."""
    wanted = {"name": email.partition("@")[0], "now": START} | rest
    return accounts.add_person(session, OPERATOR, email=email, **wanted)


def member(home: Installation, role: Role, at: str = "college", *, email: str | None = None) -> Actor:
    """A person with this role in the institution ``at`` (made where it is missing), as someone who acts."""
    with transaction(home.engine) as session:
        place = queries.institutions.by_slug(session, slug=at) or institution(session, at)
        address = email or f"{role.word}.{at}@example.org"
        somebody = queries.people.by_email(session, email=address) or person(session, address)
        accounts.grant(session, OPERATOR, somebody, place, role, now=START)
        session.flush()
        return accounts.actor_of(session, somebody)


def token_of(home: Installation, actor: Actor, *scopes: str) -> dict[str, str]:
    """An Authorization header that speaks for this person."""
    with transaction(home.engine) as session:
        person = session.get(Person, actor.person_id)
        assert person is not None
        _, secret = accounts.create_token(
            session,
            OPERATOR,
            person,
            name="test",
            scopes=scopes or ("read",),
            lifetime=timedelta(days=1),
            longest=timedelta(days=90),
            now=home.now(),
        )
    return {"Authorization": f"Bearer {secret}"}


def session_of(home: Installation, actor: Actor) -> dict[str, str]:
    """Headers of a browser that is signed in as this person, and asks from one of our own pages."""
    with transaction(home.engine) as session:
        person = session.get(Person, actor.person_id)
        assert person is not None
        _, secret = sessions.start(session, person, lifetime=timedelta(days=1), now=home.now())
    name = "__Host-session" if home.settings.base_url.startswith("https:") else "session"
    return {"Cookie": f"{name}={secret}", "Sec-Fetch-Site": "same-origin"}


def record(title: str = "الضوء والماء", **changes: Any) -> Record:
    """A record that passes the publish rules; ``changes`` are fields as JSON would have them."""
    fields: dict[str, Any] = {
        "title": [{"value": title, "lang": "ar"}],
        "description": [{"value": "درس قصير مع تجربة وأسئلة.", "lang": "ar"}],
        "languages": ["ar"],
        "resource_type": "https://w3id.org/kim/hcrt/video",
        "subjects": ["http://vocabularies.unesco.org/thesaurus/concept230"],
        "audience": ["http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/student"],
        "creators": [{"name": "أمينة يوسف"}],
        "licence": "https://creativecommons.org/licenses/by/4.0/",
    }
    return Record.model_validate(fields | changes)


def act(home: Installation, verb: Callable[..., Result], *what: Any, actor: Actor = OPERATOR, **named: Any) -> Result:
    """One verb of the services in a transaction of its own: ``act(home, deposits.submit, public_id)``."""
    with transaction(home.engine) as session:
        return verb(session, actor, *what, **({"now": home.now()} | named))


class _Undone(Exception):
    pass


@contextmanager
def undone(home: Installation) -> Iterator[Session]:
    """A transaction that fails at its very end, when everything was written."""
    with suppress(_Undone), transaction(home.engine) as session:
        yield session
        session.flush()
        raise _Undone


def drafted(
    home: Installation,
    *,
    at: str = "college",
    described: Record | None = None,
    files: Mapping[str, bytes] | None = None,
    actor: Actor = OPERATOR,
) -> str:
    """A new draft at the institution ``at`` (made where it is missing), with files; its public id."""
    contents = {"lesson.txt": "النص".encode()} if files is None else files
    stored = {name: home.store.put([content]) for name, content in contents.items()}
    moment = home.now()
    with transaction(home.engine) as session:
        place = queries.institutions.by_slug(session, slug=at) or institution(session, at, now=moment)
        draft = deposits.begin(session, actor, place, described or record(), now=moment)
        public_id = draft.resource.public_id
        for name, kept in stored.items():
            deposits.attach(
                session,
                actor,
                public_id,
                home.store,
                kept,
                name=name,
                media_type=deposits.detect(home.store, kept, name=name),
                limits=home.settings,
                now=moment,
            )
    return public_id


def published(home: Installation, **wanted: Any) -> str:
    """A published resource: arguments as for :func:`drafted`; its public id."""
    public_id = drafted(home, **wanted)
    with transaction(home.engine) as session:
        actor = wanted.get("actor", OPERATOR)
        publishing.publish(session, actor, public_id, repository_id=home.repository_id, now=home.now())
    return public_id


def collected(
    home: Installation, *, at: str = "college", actor: Actor = OPERATOR, shown: bool = False, **wanted: Any
) -> str:
    """A collection of the institution ``at`` (made where it is missing), ``shown`` or a draft; its public id."""
    words = {"titles": {"ar": "الضوء", "en": "Light"}} | wanted
    with transaction(home.engine) as session:
        place = queries.institutions.by_slug(session, slug=at) or institution(session, at)
        made = collections.create(session, actor, place, now=home.now(), **words)
        if shown:
            collections.publish(session, OPERATOR, made.collection.public_id, now=home.now())
        return made.collection.public_id
