"""Endpoints examined for administrators, as jobs: a partner may take minutes to answer, and a page cannot wait.

What came of it is the job's result, for as long as finished jobs are kept.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from sqlmodel import Session

from harvest import addresses, check
from harvest.addresses import Reach
from harvest.check import QUICK, Report, Scope, report
from harvest.fetching import Fetcher, Limits
from metadata import values
from oer import audit, jobs, policy, queries
from oer.db import transaction
from oer.errors import Conflict, Invalid
from oer.installation import Installation
from oer.jobs import Claim
from oer.models import Job
from oer.policy import Actor
from oer.settings import Settings

KIND = "oai.check"

AGENT = f"oer/{version('oer-repository')} (OAI-PMH check)"
_LONGEST = 2000  # characters of an address
_AT_ONCE = 5  # that one administrator has waiting or running
# A worker does one job at a time: others wait no longer than this for one that asks a slow partner.
# With the last question, which may take all of its limits, that is two minutes and five.
_LIMITS = Limits(connect=5, silence=10, whole=20, patience=10, tries=2)
_QUICK = replace(QUICK, seconds=70)
_WHOLE = Scope(seconds=250)
_TOLD = 1.0  # seconds between two notes of how far it has come


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be examined: ``quick`` is two pages of each list, one format and one set of it."""

    url: str
    quick: bool = True
    prefix: str = ""
    within: str = ""


def is_address(url: str) -> bool:
    """Whether it may be the base URL of an endpoint: http or https, a host, and nobody's name and password."""
    try:
        parts = urlsplit(url)
        named = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return (
        named and parts.username is None and len(url) <= _LONGEST and url.isprintable() and not set(url) & set(' "<>\\')
    )


def place(session: Session, actor: Actor, order: Order, *, now: datetime) -> int:
    """The number of the job that will do it. Raises Forbidden, Invalid (with the field), Conflict."""
    policy.require_administrator(actor)
    if not is_address(order.url):
        raise Invalid("oai.check.address-wrong", field="url")
    for name in ("prefix", "within"):
        given = getattr(order, name)
        if len(given) > _LONGEST or values.illegal_characters(given) or not given.isprintable():
            raise Invalid("oai.check.argument-wrong", field=name)
    if queries.jobs.unfinished_of(session, person_id=actor.person_id, kind=KIND) >= _AT_ONCE:
        raise Conflict("oai.check.too-many", limit=_AT_ONCE)
    number = jobs.enqueue(session, KIND, asdict(order), now=now, person_id=actor.person_id)
    assert number is not None  # it bears no name that another could have
    audit.write(session, actor, "oai.check", kind="job", object_id=str(number), now=now, url=order.url)
    return number


def order_of(job: Job) -> Order:
    return Order(**job.payload)


def report_of(job: Job) -> Report | None:
    """What was found, once the job is done, for as long as it can be read."""
    try:
        return None if job.result is None else report.loaded(job.result)
    except (KeyError, TypeError):  # kept by a release whose reports were others
        return None


def fulfil(found: Installation, held: Claim, *, pause: Callable[[float], None]) -> None:
    """Examine the endpoint and keep the report. ``pause`` is how it waits, and between requests for no time: it may
    raise.
    """
    order = Order(**held.payload)
    scope = replace(_QUICK if order.quick else _WHOLE, prefix=order.prefix, within=order.within)
    noted = time.monotonic()

    def told(requests: int) -> None:
        nonlocal noted
        pause(0.0)
        if time.monotonic() - noted > _TOLD:
            noted = time.monotonic()
            with transaction(found.engine) as session:
                jobs.hold(session, held).done = requests

    with Fetcher(agent=AGENT, now=found.now, limits=_LIMITS, reach=reach(found.settings), sleep=pause) as fetcher:
        made = check.check(order.url, fetcher.fetch, scope=scope, now=found.now, told=told)
    with transaction(found.engine) as session:
        job = jobs.hold(session, held)
        job.done, job.result = made.requests, _plain(made)


def reach(settings: Settings) -> Reach:
    """Public addresses, what the operator allows besides, and this repository itself, wherever it runs."""
    own = urlsplit(settings.base_url)
    port = own.port or (443 if own.scheme == "https" else 80)
    return Reach(addresses.networks(settings.fetch_networks), frozenset([(own.hostname or "", port)]))


def _plain(made: Report) -> dict[str, Any]:
    """As JSON has it: what was seen may be anything."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(made), default=str))
    return plain
