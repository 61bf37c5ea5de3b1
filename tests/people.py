"""Accounts with their browsers, as tests of people need them: a number, and the headers to ask with."""

from typing import Any

import factories

from oer import accounts
from oer.db import reading, transaction
from oer.installation import Installation
from oer.models import Person
from oer.policy import Actor

EMAIL, PASSWORD = "amina@example.org", "correct horse battery"
Headers = dict[str, str]


def account(home: Installation, email: str, **rest: Any) -> tuple[int, Headers]:
    with transaction(home.engine) as session:
        person = factories.person(session, email, **rest)
        actor = accounts.actor_of(session, person)
    return actor.person_id or 0, factories.session_of(home, actor)


def administrator(home: Installation) -> tuple[int, Headers]:
    """The number of an administrator, and the headers of the browser."""
    return account(home, "chief@example.org", administrator=True)


def with_password(home: Installation) -> tuple[int, Headers]:
    """The same of somebody with EMAIL, who signs in with PASSWORD."""
    return account(home, EMAIL, name="أمينة", password=PASSWORD)


def actor_of(home: Installation, number: int) -> Actor:
    with reading(home.engine) as session:
        person = session.get(Person, number)
        assert person is not None
        return accounts.actor_of(session, person)


def changed(headers: Headers, etag: str = "*") -> Headers:
    return {**headers, "if-match": etag}
