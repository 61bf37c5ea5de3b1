"""Many records shown again, as a job: a step of the clock for every few hundred, so that publishing never waits long.

Killed anywhere it starts again, and what has been done is found done.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Engine
from sqlmodel import Session

from oer import exposure, jobs, queries
from oer.db import transaction
from oer.exposure import renderings
from oer.models import Institution

KIND = "records.show"
BATCH = 500


def ask(
    session: Session, *, institution_id: int | None = None, after: int = 0, renamed: bool = False, now: datetime
) -> None:
    """Have shown again, from behind the resource ``after``, what has come into other sets: of all that the world knows
    of, or of an institution and all below it. Of one that was ``renamed`` everything, and of it alone.
    """
    payload: dict[str, Any] = {"institution": institution_id, "after": after}
    if renamed:
        payload["renamed"] = queries.records.clock(session).change
    jobs.enqueue(session, KIND, payload, now=now)


def fulfil(engine: Engine, payload: Mapping[str, Any], *, now: Callable[[], datetime]) -> None:
    """What was asked for; an institution that has gone has nothing to show."""
    after, renamed = int(payload.get("after", 0)), payload.get("renamed")
    while True:
        with transaction(engine) as session:
            place = _place(session, payload.get("institution"), alone=renamed is not None)
            if place is None:
                return
            ids = queries.resources.exposed_ids(session, after=after, upto=renamed, **place, limit=BATCH)
            if not ids:
                return
            exposure.refresh(session, ids, always=renamed is not None, now=now())
        after = ids[-1]


def _place(session: Session, institution_id: int | None, *, alone: bool) -> dict[str, Any] | None:
    """Where to look, as ``queries.resources.exposed_ids`` takes it; None for an institution that is no more."""
    if institution_id is None:
        return {}
    found = session.get(Institution, institution_id, populate_existing=True)
    if found is None:
        return None
    return {"institution_id": found.id} if alone else {"within": found.path}


def restamp(engine: Engine, *, now: Callable[[], datetime]) -> Iterator[int]:
    """Give a new datestamp to every record that shows something else than when it was stamped; numbers, step by step.

    Whoever harvests then gets them again. Stopped anywhere it goes on where it was.
    """
    while True:
        with transaction(engine) as session:
            last = renderings.unstamped(session)
            if not last:
                return
            ids = queries.records.changed_ids(session, upto=last, limit=BATCH)
            if not ids or not exposure.refresh(session, ids, always=True, now=now()):
                renderings.all_stamped(session)
        yield len(ids)
