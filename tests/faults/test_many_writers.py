"""Many writers with slow commits, harvesters in a loop: nothing missed, nothing extra, nothing stale.

The delay sits between the step of the change clock and the commit, where it hurts most. Time runs fast here: at
``QUICK`` every commit has a second of its own and a day passes in seconds, so each inversion of stamps and commits
would show; at ``DENSE`` many commits share a second, and the inclusive ``from`` has to find them all.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import soundness
from factories import START, collected, drafted, institution, opened, record
from fault_counts import TIMEOUT, count
from lxml import etree
from sqlmodel import select

from harvest import provider
from oer import collections, db, deposits, exposure, institutions, publishing, queries
from oer.db import reading, transaction
from oer.errors import Conflict, NotFound, Unavailable
from oer.exposure import blocks, clock, renderings
from oer.exposure.clock import Tick
from oer.installation import Installation
from oer.models import OaiRecord, OaiSet, Resource, SetMember
from oer.policy import OPERATOR

pytestmark = pytest.mark.timeout(TIMEOUT)

WRITERS = count(8, 24)
SECONDS = count(3, 60)
QUICK, DENSE = 20_000, 5  # seconds of the repository in one of ours
SPEEDS = pytest.mark.parametrize("speed", [QUICK, DENSE], ids=["quick", "dense"])
HARVESTERS = count(1, 4)  # of each set
PLACES = ("left", "right", "other")
SETS = (None, "institution:top", "institution:top:left", "institution:other", "language:fr", "collection")
OAI = "{http://www.openarchives.org/OAI/2.0/}"

step = clock.step


@dataclass(frozen=True)
class FastClock:
    speed: int
    began: float = field(default_factory=time.monotonic)

    def __call__(self) -> datetime:
        return START + timedelta(seconds=(time.monotonic() - self.began) * self.speed)


# ── Writers ──────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Writer:
    """Publishes, revises, withdraws, restores, moves and collects whatever there is, its own or others'."""

    home: Installation
    chance: random.Random
    known: list[str]  # of all writers
    collection: str
    done: Counter[str] = field(default_factory=Counter)
    before: Callable[[], None] = lambda: None

    def work(self, until: float) -> Counter[str]:
        while time.monotonic() < until:
            acts = (self.publish, self.revise, self.revise, self.withdraw, self.restore, self.move, self.collect)
            act = self.chance.choice(acts)
            try:
                act()
            except (Conflict, NotFound):
                self.done["refused"] += 1  # another writer was there first, or it is withdrawn
            except Unavailable:
                # SQLite has no queue for its one lock: among very many writers one may wait in vain.
                self.done["busy"] += 1
            else:
                self.done[act.__name__] += 1
        return self.done

    def _described(self) -> Any:
        spoken = [self.chance.choice(("ar", "fr"))]
        return record(f"الدرس {self.chance.randrange(10**9)}", access={"kind": "metadata-only"}, languages=spoken)

    def publish(self) -> None:
        place = self.chance.choice(PLACES)
        public_id = drafted(self.home, at=place, described=self._described(), files={})
        self._show(public_id)
        self.known.append(public_id)

    def _show(self, public_id: str) -> None:
        self.before()
        with transaction(self.home.engine) as session:
            publishing.publish(session, OPERATOR, public_id, repository_id=self.home.repository_id, now=self.home.now())

    def _one(self) -> str:
        return self.chance.choice(self.known)

    def revise(self) -> None:
        public_id = self._one()
        with transaction(self.home.engine) as session:
            deposits.revise(session, OPERATOR, public_id, now=self.home.now())
            deposits.save(session, OPERATOR, public_id, self._described(), now=self.home.now())
        self._show(public_id)

    def withdraw(self) -> None:
        public_id = self._one()
        self.before()
        with transaction(self.home.engine) as session:
            publishing.withdraw(
                session,
                OPERATOR,
                public_id,
                reason="error",
                repository_id=self.home.repository_id,
                now=self.home.now(),
            )

    def restore(self) -> None:
        with reading(self.home.engine) as session:
            gone = [resource.public_id for resource in queries.resources.withdrawn(session)]
        if not gone:
            raise NotFound("resource.unknown")
        self.before()
        with transaction(self.home.engine) as session:
            publishing.restore(
                session, OPERATOR, self.chance.choice(gone), repository_id=self.home.repository_id, now=self.home.now()
            )

    def move(self) -> None:
        public_id, slug = self._one(), self.chance.choice(PLACES)
        self.before()
        with transaction(self.home.engine) as session:
            resource, _ = deposits.held(session, public_id)
            if resource.state != "published":
                raise Conflict("transition.impossible")
            there = institutions.find(session, slug)
            resource.institution_id = there.id or 0
            session.add(resource)
            exposure.expose(session, [(resource, there)], repository_id=self.home.repository_id, now=self.home.now())

    def collect(self) -> None:
        public_id, verb = self._one(), self.chance.choice((collections.add, collections.add, collections.take_out))
        self.before()
        with transaction(self.home.engine) as session:
            verb(session, OPERATOR, self.collection, public_id, now=self.home.now())


# ── Harvesters ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Seen:
    """What a harvester holds of a record: its datestamp, whether it is deleted, and its title."""

    stamp: str
    deleted: bool
    title: str | None


@dataclass
class Harvester:
    """Walks complete lists by tokens, then increments from the first ``responseDate`` of the last complete one; or,
    ``full``, complete ones again and again.
    """

    home: Installation
    chance: random.Random
    spec: str | None = None
    days: bool = False
    full: bool = False
    since: str | None = None
    picture: dict[str, Seen] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.repository = provider.repository_of(self.home)

    def _ask(self, **arguments: str) -> etree._Element:
        pairs = [(name.encode(), value.encode()) for name, value in arguments.items()]
        answer = etree.fromstring(provider.respond(self.home.engine, self.repository, pairs, now=self.home.now()))
        code = next((error.get("code") for error in answer.iter(f"{OAI}error")), None)
        assert code in (None, "noRecordsMatch"), etree.tostring(answer)
        self.done["pages"] += 1
        for found in answer.iter(f"{OAI}record"):
            self._take(found)
        return answer

    def _take(self, found: etree._Element) -> None:
        header = found.find(f"{OAI}header")
        assert header is not None
        title = next((each.text for each in found.iter("{http://purl.org/dc/elements/1.1/}title")), None)
        seen = Seen(header.findtext(f"{OAI}datestamp") or "", header.get("status") == "deleted", title)
        self.picture[header.findtext(f"{OAI}identifier") or ""] = seen

    def run(self, *, whole: bool = False) -> None:
        """One list. Unless ``whole`` it may break off anywhere, or ask for a page twice, as real ones do."""
        arguments = {"metadataPrefix": "oai_dc"}
        if self.since and not self.full:
            arguments["from"] = self.since
        if self.spec:
            arguments["set"] = self.spec
        page = self._ask(verb="ListRecords", **arguments)
        began = page.findtext(f"{OAI}responseDate") or ""
        while token := next((each.text for each in page.iter(f"{OAI}resumptionToken")), None):
            if not whole and self.chance.random() < 0.02:
                self.done["broken off"] += 1
                return
            if self.chance.random() < 0.02:
                self._ask(verb="ListRecords", resumptionToken=token)
            page = self._ask(verb="ListRecords", resumptionToken=token)
        self.since = began[:10] if self.days else began
        self.done["runs"] += 1

    def work(self, until: float) -> None:
        while time.monotonic() < until:
            self.run()
            time.sleep(self.chance.uniform(0, 0.05))


def harvesters(home: Installation) -> list[Harvester]:
    """Four of each set: full and incremental, by seconds and by days."""
    wanted = [(spec, days, full) for spec in SETS for days in (False, True) for full in (False, True)]
    chosen = wanted[:: 4 // HARVESTERS] if HARVESTERS < 4 else wanted
    return [Harvester(home, random.Random(n), *each) for n, each in enumerate(chosen)]


def pack(home: Installation, until: float) -> None:
    """The worker's part: lists packed, and packed anew, under everybody's hands."""
    while time.monotonic() < until:
        renderings.catch_up(home.engine, home.issuer)
        blocks.catch_up(home.engine, home.issuer)
        blocks.mend(home.engine, home.issuer)
        time.sleep(0.02)


# ── Truth ────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Difference:
    """Records that a harvester lacks, holds although they are gone, or holds as they were."""

    missed: int = 0
    extra: int = 0
    stale: int = 0

    @property
    def total(self) -> int:
        return self.missed + self.extra + self.stale


def truth(home: Installation, spec: str | None) -> dict[str, Seen]:
    """What the tables say of every record of the set, those that have left it included as deleted."""
    with reading(home.engine) as session:
        query = select(OaiRecord, Resource).join(Resource, Resource.id == OaiRecord.resource_id)  # type: ignore[arg-type]
        inside = select(SetMember.resource_id, SetMember.present).join(OaiSet, OaiSet.id == SetMember.set_id)  # type: ignore[arg-type]
        present = dict(session.exec(inside.where(OaiSet.spec == spec)).all())
        found = {}
        for kept, resource in session.exec(query):
            if spec is not None and resource.id not in present:
                continue
            gone = kept.deleted or not present.get(resource.id or 0, spec is None)
            version = queries.resources.version(session, resource_id=resource.id or 0, number=resource.number)
            assert version is not None
            name = f"oai:{home.repository_id}:{resource.public_id}"
            title = None if gone else version.description().title[0].value
            found[name] = Seen(f"{kept.stamp:%Y-%m-%dT%H:%M:%SZ}", gone, title)
    return found


def difference(home: Installation, harvester: Harvester) -> Difference:
    found = Difference()
    told = truth(home, harvester.spec)
    for name, seen in told.items():
        held = harvester.picture.get(name)
        # Who never heard of a record need not hear that it has gone from this set (or altogether).
        if held is None:
            found.missed += not seen.deleted
        elif held != seen:
            found.missed += held.deleted and not seen.deleted
            found.extra += seen.deleted and not held.deleted
            found.stale += held.deleted == seen.deleted
    found.extra += sum(1 for name, held in harvester.picture.items() if name not in told and not held.deleted)
    return found


@contextmanager
def world(folder: Path, speed: int) -> Iterator[Installation]:
    with opened(folder, now=FastClock(speed), oai_page_size=7, database_pool=WRITERS + 6 * HARVESTERS + 5) as home:
        with transaction(home.engine) as session:
            top = institution(session, "top", now=START)
            for slug, parent in (("left", top), ("right", top), ("other", None)):
                institution(session, slug, parent=parent, now=START)
        yield home


def storm(home: Installation, before: Callable[[], None] = lambda: None) -> Difference:
    """Everybody at once for a while, then one last increment of each harvester; what they have wrong in sum."""
    known: list[str] = []
    collection = collected(home, at="top", shown=True)
    first = Writer(home, random.Random(0), known, collection, before=before)
    for _ in range(30):
        first.publish()
    walking, wrote, walked = harvesters(home), Counter[str](), Counter[str]()
    for turn in range(5):  # a busy machine may get too little done in one
        until = time.monotonic() + SECONDS
        with ThreadPoolExecutor(WRITERS + len(walking) + 1) as pool:
            running = [pool.submit(each.work, until) for each in walking]
            packing = pool.submit(pack, home, until)
            writing = [
                pool.submit(Writer(home, random.Random(seed), known, collection, before=before).work, until)
                for seed in range(turn * WRITERS + 1, (turn + 1) * WRITERS + 1)
            ]
        for each in running:
            each.result()
        packing.result()
        wrote += sum((each.result() for each in writing), Counter[str]())
        walked = sum((harvester.done for harvester in walking), Counter[str]())
        if wrote.total() - wrote["refused"] - wrote["busy"] > 15 and walked["runs"] > 2 * len(walking):
            break
    sums = Difference()
    for harvester in walking:
        harvester.run(whole=True)
        found = difference(home, harvester)
        sums.missed, sums.extra, sums.stale = (
            sums.missed + found.missed,
            sums.extra + found.extra,
            sums.stale + found.stale,
        )
    print(f"{home.engine.dialect.name}: {len(known)} records, {dict(wrote)}; {dict(walked)}; {sums}")
    # Little traffic would prove nothing.
    assert wrote.total() - wrote["refused"] - wrote["busy"] > 15
    assert walked["runs"] > 2 * len(walking)
    return sums


@SPEEDS
def test_no_harvester_misses_anything(tmp_path: Path, speed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow_step(*arguments: Any, **named: Any) -> Tick:
        tick = step(*arguments, **named)
        time.sleep(random.uniform(0, 0.03))
        return tick

    monkeypatch.setattr(clock, "step", slow_step)
    monkeypatch.setattr(blocks, "SIZE", 7)
    with world(tmp_path, speed) as home:
        assert storm(home) == Difference()
        assert soundness.faults(home) == []


@SPEEDS
def test_with_the_lock_taken_out_they_do(tmp_path: Path, speed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same step at the same place and the same delay, but the lock is let go at once instead of at the commit."""
    for turn in range(5):  # a busy machine may get too little done in one
        with world(tmp_path / str(turn), speed) as home, without_lock(home, monkeypatch) as before:
            found = storm(home, before)
        if found.missed > 0 and found.total > 3:
            break
    assert found.missed > 0
    assert found.total > 3


@contextmanager
def without_lock(home: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """The clock stepped in a transaction of its own, from which the publication takes number and stamp.

    Gives what has to run before each publication: nothing on PostgreSQL. SQLite has one lock for the whole file,
    which a publication holds from its first statement: there the step can only be outside it, just before.
    """
    aside = db.connect(home.settings.database_url, pool=WRITERS)

    def alone() -> Tick:
        with transaction(aside) as session:
            tick = step(session, now=home.now())
        time.sleep(random.uniform(0, 0.3))
        return tick

    try:
        if home.engine.dialect.name == "postgresql":
            monkeypatch.setattr(clock, "step", lambda *_, **__: alone())
            yield lambda: None
        else:
            taken = threading.local()
            monkeypatch.setattr(clock, "step", lambda *_, **__: taken.tick)
            yield lambda: setattr(taken, "tick", alone())
    finally:
        aside.dispose()
