"""The promise: who walks every page while others publish, withdraw and move ends with exactly our state."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from factories import institution
from oai_partner import Partner

from oer.db import transaction

PLACES = ("left", "right", "other")


@dataclass
class Harvester:
    """Keeps what it has heard of each record, and goes on from the first date of its last complete run."""

    partner: Partner
    spec: str | None
    since: str | None = None
    kept: dict[str, bool] = field(default_factory=dict)

    def run(self, between: Callable[[], None]) -> None:
        bounds = {name: value for name, value in (("since", self.since), ("set", self.spec)) if value}
        page = first = self.partner.begin("ListRecords", **bounds)
        while True:
            for header in page.headers:
                self.kept[header.local] = not header.deleted
            between()
            if not page.token:
                break
            page = self.partner.resume(page)
        assert page.error in {None, "noRecordsMatch"}
        self.since = first.date

    @property
    def live(self) -> set[str]:
        return {local for local, live in self.kept.items() if live}


@dataclass
class World:
    """What others do meanwhile, and what is true afterwards."""

    partner: Partner
    chance: random.Random
    places: dict[str, str] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)

    def step(self) -> None:
        for _ in range(self.chance.randrange(4)):
            self.chance.choice(
                (self.publish, self.publish, self.withdraw, self.restore, self.move, self.touch, self.wait)
            )()

    def wait(self) -> None:
        self.partner.watch.forward(seconds=self.chance.choice((0.3, 1, 2)))

    def publish(self) -> None:
        place = self.chance.choice(PLACES)
        [local] = self.partner.publish(at=place)
        self.places[local] = place

    def _any(self, *, withdrawn: bool) -> str | None:
        known = [local for local in self.places if (local in self.withdrawn) is withdrawn]
        return self.chance.choice(known) if known else None

    def withdraw(self) -> None:
        if local := self._any(withdrawn=False):
            self.partner.withdraw(local)
            self.withdrawn.add(local)

    def restore(self) -> None:
        if local := self._any(withdrawn=True):
            self.partner.restore(local)
            self.withdrawn.discard(local)

    def touch(self) -> None:
        if local := self._any(withdrawn=False):
            self.partner.touch(local)

    def move(self) -> None:
        if local := self._any(withdrawn=False):
            self.places[local] = self.chance.choice(PLACES)
            self.partner.move(local, self.places[local])

    def live(self, *places: str) -> set[str]:
        return {local for local, place in self.places.items() if place in places and local not in self.withdrawn}


@pytest.mark.parametrize("seed", range(3))
def test_every_harvester_ends_with_exactly_our_state(partner: Partner, seed: int) -> None:
    with transaction(partner.home.engine) as session:
        top = institution(session, "top")
        institution(session, "left", parent=top)
        institution(session, "right", parent=top)
        institution(session, "other")
    world = World(partner, random.Random(seed))
    sets = {
        None: PLACES,
        "institution": PLACES,
        "institution:top": ("left", "right"),
        "institution:top:left": ("left",),
    }
    harvesters = [Harvester(partner, spec) for spec in sets]
    for _ in range(10):
        world.publish()
    for _ in range(3):
        for harvester in harvesters:
            harvester.run(world.step)
    for harvester in harvesters:
        harvester.run(lambda: None)
        assert harvester.live == world.live(*sets[harvester.spec])
    assert set(harvesters[0].kept) == set(world.places)
    assert len(world.places) > 10
    assert world.withdrawn
