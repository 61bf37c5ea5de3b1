"""The search index of an installation in tests: brought up to date when they say so."""

from collections.abc import Sequence
from typing import Any

from factories import act, record
from sqlmodel import select

from oer import deposits, publishing
from oer.db import reading
from oer.installation import Installation
from oer.models import Resource
from oer.search import following
from oer.search.answers import Found, Question


def index(home: Installation) -> None:
    assert following.catch_up_here(home.engine, home.search.folder)


def search(home: Installation, text: str = "", **wanted: Any) -> Found:
    return home.search.find(Question(text=text, **wanted))


def hits(home: Installation, text: str = "", **wanted: Any) -> list[str]:
    """Public ids, in the order of the hits."""
    return named(home, search(home, text, **wanted).ids)


def named(home: Installation, ids: Sequence[int]) -> list[str]:
    with reading(home.engine) as session:
        rows = dict(session.exec(select(Resource.id, Resource.public_id)).all())
    return [rows[one] for one in ids]


def revised(home: Installation, public_id: str, title: str) -> None:
    """Publish a next version, with another title."""
    act(home, deposits.revise, public_id)
    act(home, deposits.save, public_id, record(title))
    act(home, publishing.publish, public_id, repository_id=home.repository_id)
