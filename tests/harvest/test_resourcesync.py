"""The documents of ResourceSync as bytes, and where long lists are cut."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from urllib.parse import quote

import factories
import mirror
import pytest
from factories import Watch
from hypothesis import given
from hypothesis import strategies as st
from mirror import Checked

from harvest import parts, resourcesync
from harvest.parts import Cuts, Part
from harvest.resourcesync import INDEX, URLSET, Entry, Link, Source
from oer import exposure, publishing, queries
from oer.db import reading, transaction
from oer.errors import Unavailable
from oer.installation import Installation
from oer.policy import OPERATOR
from storage import file_names

SOURCE = Source("https://oer.example.org")
MOMENT = datetime(2026, 3, 1, 8, 0, 0, 654321, tzinfo=UTC)


@pytest.fixture(scope="module")
def checked(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Checked:
    return mirror.checker(shared, tmp_path_factory.mktemp("schemas"))


# ── Documents ────────────────────────────────────────────────────────────────────────────────────


def test_the_description_names_the_capability_list_and_that_the_lists(checked: Checked) -> None:
    description = checked(resourcesync.description(SOURCE))
    assert mirror.about(description) == {"capability": "description"}
    assert mirror.links(description) == {"describedby": "https://oer.example.org/oai?verb=Identify"}
    assert mirror.locs(description) == ["https://oer.example.org/resourcesync/capabilitylist.xml"]
    capabilities = checked(resourcesync.capability_list(SOURCE, ["resourcelist", "changelist"]))
    assert mirror.about(capabilities) == {"capability": "capabilitylist"}
    assert mirror.links(capabilities)["up"] == "https://oer.example.org/.well-known/resourcesync"
    assert [mirror.about(node)["capability"] for node in mirror.entries(capabilities)] == ["resourcelist", "changelist"]


def test_an_entry_has_its_parts_in_the_order_of_the_schema(checked: Checked) -> None:
    shown = Entry(
        "https://oer.example.org/x?a=1&b=2",
        {"change": "updated", "datetime": None, **resourcesync.of_bytes("0" * 64, 7, "application/pdf")},
        MOMENT,
        [Link("describedby", "https://oer.example.org/y", "text/xml")],
    )
    root = checked(resourcesync.document(URLSET, {"capability": "changelist"}, [Link("up", "https://x.org/")], [shown]))
    [node] = mirror.entries(root)
    assert mirror.loc(node) == "https://oer.example.org/x?a=1&b=2"
    assert node.findtext(f"{mirror.SITEMAP}lastmod") == "2026-03-01T08:00:00Z"
    assert mirror.about(node) == {
        "change": "updated",
        "hash": "sha-256:" + "0" * 64,
        "length": "7",
        "type": "application/pdf",
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("text/html; charset=utf-8", "text/html"),
        ("application/ld+json", "application/ld+json"),
        ("application/epub+zip", "application/epub+zip"),
        ("application/vnd.oasis.opendocument.text", None),
        ("application/vnd.ms-excel", None),
        ("", None),
    ],
)
def test_a_media_type_is_told_where_the_schema_can_hold_it(checked: Checked, given: str, said: str | None) -> None:
    shown = Entry("https://oer.example.org/", resourcesync.of_bytes("0" * 64, 0, given), None, [Link("up", "x", given)])
    [node] = mirror.entries(checked(resourcesync.document(URLSET, {}, [], [shown])))
    assert mirror.about(node).get("type") == said
    assert node.find(f"{mirror.RS}ln").get("type") == said


@given(
    name=st.text(max_size=60).map(file_names.safe_name),
    media_type=st.text(max_size=20) | st.sampled_from(["text/plain", "a/b+c", "a/b.c", "a/b c", "à/b"]),
    size=st.integers(0, 2**40),
)
def test_whatever_a_file_is_called_the_document_is_valid(
    checked: Checked, name: str, media_type: str, size: int
) -> None:
    url = "https://oer.example.org/files/" + quote(name, safe="")
    told = resourcesync.of_bytes("f" * 64, size, media_type) | {"path": f"/files/{name}"}
    shown = Entry(url, told, MOMENT, [Link("collection", url, media_type)])
    [node] = mirror.entries(checked(resourcesync.document(URLSET, {"capability": "x"}, [], [shown])))
    assert mirror.loc(node) == url
    assert mirror.about(node)["path"] == f"/files/{name}"


def test_an_index_has_sitemaps(checked: Checked) -> None:
    root = checked(resourcesync.document(INDEX, {"capability": "changelist", "from": "2026-03-01T08:00:00Z"}, [], [
        Entry("https://oer.example.org/resourcesync/changelist/0-7.xml", {"until": "2026-03-01T08:00:00Z"}, MOMENT)
    ]))  # fmt: skip
    assert mirror.is_index(root)
    assert len(mirror.entries(root)) == 1


@given(st.integers(0, 10**17), st.none() | st.integers(1, 10**17))
def test_a_part_is_found_by_the_name_that_it_was_given(after: int, length: int | None) -> None:
    upto = None if length is None else after + length
    assert resourcesync.part_of(resourcesync.part_name(after, upto)) == (after, upto)


@pytest.mark.parametrize(
    "name", ["", "xml", ".xml", "1", "01.xml", "1-1.xml", "2-1.xml", "1-0.xml", "-1.xml", "1-2-3.xml", "١.xml",
             "1.xml\n", "9" * 30 + ".xml", "pages.xml"]
)  # fmt: skip
def test_no_other_name_is_one_of_a_part(name: str) -> None:
    assert resourcesync.part_of(name) is None


# ── Where lists are cut ──────────────────────────────────────────────────────────────────────────


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Installation]:
    with factories.opened(tmp_path, now=Watch()) as found:
        yield found


def publish(home: Installation, *counts: int) -> list[str]:
    """Resources with so many files each: each weighs one more."""
    return [
        factories.published(home, files={f"{number}.txt": b"%d" % number for number in range(count)})
        for count in counts
    ]


def ends(home: Installation, cuts: Cuts) -> list[int]:
    with reading(home.engine) as session:
        return list(cuts.ends(session))


def touch(home: Installation, *public_ids: str) -> None:
    with transaction(home.engine) as session:
        found = [queries.resources.by_public_id(session, public_id=public_id) for public_id in public_ids]
        places = queries.institutions.by_ids(session, ids=[one.institution_id for one in found if one])
        shown = [(one, places[one.institution_id]) for one in found if one]
        exposure.expose(session, shown, repository_id=home.repository_id, now=home.now())


def test_a_part_takes_as_many_resources_as_fit_and_never_half_of_one(home: Installation) -> None:
    publish(home, 1, 2, 1, 3, 9, 1)  # weights 2 3 2 4 10 2
    assert ends(home, Cuts(5)) == [2, 3, 4, 5]
    assert ends(home, Cuts(6)) == [2, 4, 5]
    assert ends(home, Cuts(23)) == []
    with reading(home.engine) as session:
        assert parts.part(session, 0, None, size=5) == Part(0, 2, 2, 2)
        assert parts.part(session, 4, None, size=5) == Part(4, 5, 5, 1)
        assert parts.part(session, 5, None, size=5) == Part(5, None, 6, 1)
        assert parts.part(session, 6, None, size=5) == Part(6, None, 6, 0)
        assert parts.part(session, 0, 3, size=50) == Part(0, 3, 3, 3)


def test_batches_do_not_show(home: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(home, 1, 2, 1, 3, 2, 1, 1)
    wanted = [ends(home, Cuts(size)) for size in range(1, 12)]
    monkeypatch.setattr(parts, "_BATCH", 2)
    assert [ends(home, Cuts(size)) for size in range(1, 12)] == wanted


def test_cuts_stay_where_they_are_while_others_come_behind_them(home: Installation) -> None:
    first, *_ = publish(home, 1, 1, 1, 1)
    cuts = Cuts(4)
    assert ends(home, cuts) == [2]
    touch(home, first)
    publish(home, 1, 1)
    assert ends(home, cuts) == [2, 4, 6]
    assert ends(home, Cuts(4)) == [3, 5]  # as somebody cuts who begins now


def test_an_index_names_no_part_that_has_become_empty(home: Installation) -> None:
    first, second, third, _ = publish(home, 1, 1, 1, 1)
    cuts = Cuts(4)
    touch(home, first, second)
    with reading(home.engine) as session:
        before = parts.shown(session, cuts, live=False)
        assert [(one.after, one.upto) for one in before] == [(0, 4), (4, None)]
    with transaction(home.engine) as session:
        step = {"repository_id": home.repository_id, "now": home.now()}
        publishing.withdraw(session, OPERATOR, first, reason="other", **step)
        publishing.withdraw(session, OPERATOR, second, reason="other", **step)
    publish(home, 1)
    with reading(home.engine) as session:
        assert [(one.after, one.upto) for one in parts.shown(session, cuts, live=False)] == [(0, 4), (4, 8), (8, None)]
        assert [(one.after, one.upto) for one in parts.shown(session, cuts, live=True)] == [(0, 4), (8, None)]
    touch(home, third)


def test_while_cuts_are_looked_for_others_are_told_to_come_again(
    home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "_PATIENCE", 0.01)
    cuts = Cuts(4)
    refused: list[str] = []

    def ask() -> None:
        try:
            ends(home, cuts)
        except Unavailable as error:
            refused.append(error.code)

    with cuts._lock:
        other = Thread(target=ask)
        other.start()
        other.join()
    assert refused == ["database.busy"]
    assert ends(home, cuts) == []
