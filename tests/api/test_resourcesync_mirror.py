"""Long ResourceSync lists, and what partners end with who follow them while things go on."""

import random
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

import factories
import pytest
from factories import Watch
from lxml import etree
from mirror import (
    BASE,
    CHANGES,
    RESOURCES,
    Ask,
    Checked,
    Mirror,
    about,
    asking,
    description,
    entries,
    is_index,
    links,
    loc,
    locs,
)
from mirror import file as file_at
from starlette.testclient import TestClient

from api import app
from metadata.record import Record
from oer import deposits, exposure, publishing, queries
from oer.db import reading, transaction
from oer.installation import Installation
from oer.policy import OPERATOR

ARABIC = "درس الضوء (1).pdf"

# ── Long lists ───────────────────────────────────────────────────────────────────────────────────


def test_a_long_list_has_an_index_of_parts_that_fit(small: tuple[Installation, Ask], watch: Watch) -> None:
    home, ask = small
    public_ids = []
    for number in range(8):
        watch.forward(minutes=1)
        public_ids.append(factories.published(home, files={ARABIC: b"%d" % number}))
    index = ask(RESOURCES)
    assert is_index(index)
    assert about(index) == {"capability": "resourcelist", "at": "2026-03-01T08:08:00Z"}
    parts = [ask(path.removeprefix(BASE)) for path in locs(index)]
    assert [len(entries(part)) for part in parts] == [6, 6, 4]
    assert [path for part in parts for path in locs(part)] == [
        one for public_id in public_ids for one in (description(public_id), file_at(public_id, ARABIC))
    ]
    for part in parts:
        assert links(part) == {"up": f"{BASE}/resourcesync/capabilitylist.xml", "index": BASE + RESOURCES}
    index = ask(CHANGES)
    told = [about(node) for node in entries(index)]
    assert told == [
        {"from": "2026-03-01T08:00:00Z", "until": "2026-03-01T08:03:00Z"},
        {"from": "2026-03-01T08:03:00Z", "until": "2026-03-01T08:06:00Z"},
        {"from": "2026-03-01T08:06:00Z"},
    ]
    for path, span in zip(locs(index), told, strict=True):
        assert about(ask(path.removeprefix(BASE))) == {"capability": "changelist", **span}


def test_the_open_list_that_somebody_polls_closes_when_it_is_full(
    small: tuple[Installation, Ask], watch: Watch
) -> None:
    home, ask = small
    for _ in range(4):
        factories.published(home)
    polled = locs(ask(CHANGES))[-1].removeprefix(BASE)
    assert polled == "/resourcesync/changelist/3.xml"
    assert "until" not in about(ask(polled))
    watch.forward(minutes=1)
    for number in range(4):
        factories.published(home, files={"a.txt": b"%d" % number})
    full = ask(polled)
    assert len(entries(full)) == 6
    assert about(full)["until"] == "2026-03-01T08:01:00Z"
    assert links(full)["index"] == BASE + CHANGES
    following = [node for node in entries(ask(CHANGES)) if about(node)["from"] >= about(full)["until"]]
    assert [loc(node) for node in following] == [f"{BASE}/resourcesync/changelist/6.xml"]


def test_a_part_keeps_its_size_when_smaller_ones_are_chosen(small: tuple[Installation, Ask], checked: Checked) -> None:
    home, ask = small
    for _ in range(8):
        factories.published(home)
    path = locs(ask(RESOURCES))[0].removeprefix(BASE)
    with factories.opened(home.settings.data.parent / "other", resourcesync_page_size=2) as other:
        smaller = app.create(other)
        smaller.state.installation = home
        assert len(entries(asking(TestClient(smaller), checked)(path))) == 6


@pytest.mark.parametrize("path", ["/resourcesync/resourcelist/1-1.xml", "/resourcesync/changelist/x.xml",
                                  "/resourcesync/resourcedump.xml", "/resourcesync/changedump/0.xml",
                                  "/resourcesync/resourcelist/0-1.xml/", "/resourcesync/"])  # fmt: skip
def test_what_no_document_leads_to_is_not_there(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


# ── What partners end with ───────────────────────────────────────────────────────────────────────


def truth(home: Installation) -> dict[str, str | None]:
    """What every copy should be: of all that is published and open, by other queries than those of the lists."""
    found: dict[str, str | None] = {}
    with reading(home.engine) as session:
        for resource, version, _ in queries.resources.published(session, after=None, within=None, limit=1000):
            row = queries.records.one(session, public_id=resource.public_id)
            assert row is not None
            found[description(resource.public_id)] = f"{row.stamp:%Y-%m-%dT%H:%M:%SZ}"
            for file in queries.resources.files(session, version_id=version.id or 0):
                if resource.access == "open":
                    found[file_at(resource.public_id, file.name)] = f"sha-256:{file.key}"
    return found


class Life:
    """A repository in which things happen, one after another, by the dice."""

    def __init__(self, home: Installation, watch: Watch, seed: int) -> None:
        self.home, self.watch, self.dice = home, watch, random.Random(seed)
        self.published: list[str] = []
        self.concealed: list[str] = []
        self.count = 0

    def happens(self) -> None:
        self.watch.forward(seconds=self.dice.choice([0, 0, 1, 30]))
        deeds = [self.publish, self.publish, self.revise, self.revise, self.conceal, self.reveal, self.touch, self.lift]
        self.dice.choice(deeds)()

    def described(self) -> Record:
        until = date(2026, 3, 1) + timedelta(days=self.dice.randint(0, 2))
        kinds = [("open", {})] * 3 + [("embargoed", {"until": until.isoformat()}), ("institution", {})]
        kind, more = self.dice.choice(kinds)
        return factories.record(access={"kind": kind, **more})

    def files(self) -> Mapping[str, bytes]:
        self.count += 1
        names = self.dice.sample([ARABIC, "a.txt", "b.txt"], self.dice.randint(1, 2))
        return dict.fromkeys(names, b"%d" % self.count)

    def publish(self) -> None:
        self.published.append(factories.published(self.home, files=self.files(), described=self.described()))

    def revise(self) -> None:
        if not self.published:
            return
        public_id = self.dice.choice(self.published)
        files = {name: self.home.store.put([content]) for name, content in self.files().items()}
        now = self.home.now()
        with transaction(self.home.engine) as session:
            found = deposits.revise(session, OPERATOR, public_id, now=now)
            for file in queries.resources.draft_files(session, draft_id=found.draft.id or 0):
                deposits.detach(session, OPERATOR, public_id, file.name, now=now)
            for name, kept in files.items():
                options = {"name": name, "media_type": "text/plain", "limits": self.home.settings, "now": now}
                deposits.attach(session, OPERATOR, public_id, self.home.store, kept, **options)
            deposits.save(session, OPERATOR, public_id, self.described(), note="x", now=now)
            publishing.publish(session, OPERATOR, public_id, repository_id=self.home.repository_id, now=now)

    def conceal(self) -> None:
        if self.published:
            self.dice.shuffle(self.published)
            self.concealed.append(self.published.pop())
            self.step(publishing.withdraw, self.concealed[-1], reason="rights")

    def reveal(self) -> None:
        if self.concealed:
            self.published.append(self.concealed.pop())
            self.step(publishing.restore, self.published[-1])

    def step(self, verb: Callable[..., Any], public_id: str, **more: Any) -> None:
        with transaction(self.home.engine) as session:
            verb(session, OPERATOR, public_id, repository_id=self.home.repository_id, now=self.home.now(), **more)

    def touch(self) -> None:
        if self.published:
            with transaction(self.home.engine) as session:
                found = queries.resources.by_public_id(session, public_id=self.dice.choice(self.published))
                assert found is not None
                places = queries.institutions.by_ids(session, ids=[found.institution_id])
                shown = [(found, places[found.institution_id])]
                exposure.expose(session, shown, repository_id=self.home.repository_id, now=self.home.now())

    def lift(self) -> None:
        self.watch.forward(hours=12)
        with transaction(self.home.engine) as session:
            publishing.lift_embargoes(session, repository_id=self.home.repository_id, now=self.home.now())


@pytest.mark.parametrize("seed", range(4))
def test_a_partner_ends_with_exactly_our_state_whatever_happens_meanwhile(
    small: tuple[Installation, Ask], watch: Watch, seed: int
) -> None:
    home, ask = small
    life = Life(home, watch, seed)
    for _ in range(14):
        life.happens()

    def busily(path: str) -> etree._Element:
        life.happens()
        return ask(path)

    partner = Mirror(busily)
    partner.baseline()
    partner.update()
    for _ in range(4):
        for _ in range(5):
            life.happens()
        partner.update()
    partner.ask = ask
    partner.update()
    assert partner.copies == truth(home)
    fresh = Mirror(ask)
    fresh.baseline()
    assert fresh.copies == truth(home)
    assert len(locs(ask(CHANGES))) > 3, "the lists were never cut"


def test_a_mirror_without_the_changes_would_be_wrong(small: tuple[Installation, Ask], watch: Watch) -> None:
    """What the test above compares does tell a copy that is old from one that is not."""
    home, ask = small
    life = Life(home, watch, 1)
    for _ in range(10):
        life.happens()
    partner = Mirror(ask)
    partner.baseline()
    for _ in range(10):
        life.happens()
    assert partner.copies != truth(home)
