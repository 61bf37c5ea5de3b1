from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import factories
import pytest
import sqlalchemy as sa
from factories import Watch, act
from publications import embargoed, show

from oer import collections, packs, publishing, units
from oer.db import reading, transaction
from oer.installation import Installation
from oer.models import Blob, Derivative
from oer.packs import Pack
from oer.policy import OPERATOR


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Installation]:
    with factories.opened(tmp_path, now=Watch()) as found:
        yield found


def planned(home: Installation, public_id: str, *, light: bool = False) -> Pack:
    with reading(home.engine) as session:
        found = collections.find(session, OPERATOR, public_id)
        return packs.of_collection(session, found, light=light, today=home.now().date())


def arranged(home: Installation, *items: list[units.Item]) -> str:
    public_id = factories.collected(home, shown=True)
    act(home, collections.arrange, public_id, [units.Unit({"ar": f"وحدة {n}"}, of) for n, of in enumerate(items, 1)])
    return public_id


def test_units_and_notes_are_in_order(home: Installation) -> None:
    first, second, third = (factories.published(home) for _ in range(3))
    made = arranged(home, [units.Item(third, "أولا"), units.Item(first)], [units.Item(second)])
    pack = planned(home, made)
    assert [[entry.resource.public_id for entry in unit.entries] for unit in pack.units] == [[third, first], [second]]
    assert [entry.note for entry in pack.entries] == ["أولا", "", ""]
    assert [unit.titles for unit in pack.units] == [{"ar": "وحدة 1"}, {"ar": "وحدة 2"}]


def test_files_lie_in_the_folder_of_their_resource_under_names_that_any_system_takes(home: Installation) -> None:
    names = {"CON.txt": b"1", "Answers.txt": b"2", "answers.TXT": b"3"}
    public_id = factories.published(home, files=names)
    pack = planned(home, arranged(home, [units.Item(public_id)]))
    folder = f"files/{public_id}"
    paths = [f"{folder}/_CON.txt", f"{folder}/Answers.txt", f"{folder}/answers (2).TXT"]
    assert [(file.path, file.name) for file in pack.files] == list(zip(paths, names, strict=True))


def test_what_not_everybody_may_have_stays_out_and_is_named(home: Installation) -> None:
    access = {"kind": "institution"}
    inside = factories.published(home, described=factories.record(access=access), files={"a.txt": b"secret"})
    later, free = embargoed(home), factories.published(home)
    made = arranged(home, [units.Item(one) for one in (inside, later, free)])
    pack = planned(home, made)
    assert [entry.left_out for entry in pack.entries] == ["institution", "embargoed", None]
    assert [entry.available is not None for entry in pack.entries] == [False, True, False]
    assert {file.path.split("/")[1] for file in pack.files} == {free}
    assert pack.left_out == 2
    home.now.forward(days=30)
    assert planned(home, made).left_out == 1


def test_what_is_not_published_is_not_told_of(home: Installation) -> None:
    free, hidden, gone = (factories.published(home) for _ in range(3))
    made = arranged(home, [units.Item(one) for one in (free, hidden, gone)])
    show(home, publishing.hide, hidden, reason="rights", note="")
    show(home, publishing.withdraw, gone, reason="rights", note="")
    assert [entry.resource.public_id for entry in planned(home, made).entries] == [free]


def test_a_damaged_record_stops_no_other(home: Installation) -> None:
    free, broken = (factories.published(home) for _ in range(2))
    made = arranged(home, [units.Item(broken), units.Item(free)])
    spoil = "UPDATE version SET record = '{}x' WHERE resource_id = (SELECT id FROM resource WHERE public_id = :id)"
    with transaction(home.engine) as session:
        session.connection().execute(sa.text(spoil), {"id": broken})
    assert [entry.resource.public_id for entry in planned(home, made).entries] == [free]


def file(name: str, role: str, language: str | None = None) -> SimpleNamespace:
    return SimpleNamespace(name=name, role=role, language=language)


@pytest.mark.parametrize(
    ("files", "whole", "light"),
    [
        ([file("film", "main"), file("small", "light"), file("words", "caption")], "film words", "small words"),
        ([file("film", "main"), file("more", "extra"), file("cover", "preview")], "film more", "film more"),
        (
            [file("ar", "main", "ar"), file("fr", "main", "fr"), file("ar small", "light", "ar")],
            "ar fr",
            "fr ar small",
        ),
        ([file("ar", "main", "ar"), file("small", "light")], "ar", "small"),
        ([file("any", "main"), file("small", "light", "fr")], "any", "small"),
        ([file("ar", "main", "ar"), file("fr small", "light", "fr")], "ar fr small", "ar fr small"),
        ([file("small", "light")], "small", "small"),
    ],
)
def test_a_light_file_stands_for_the_main_ones_in_its_language(files, whole: str, light: str) -> None:
    for wanted, said in ((False, whole), (True, light)):
        assert " ".join(one.name for one in packs.chosen(files, light=wanted)) == said


def test_what_was_made_of_a_file_takes_its_place_where_it_is_lighter(home: Installation) -> None:
    names = {"film.avi.txt": b"f" * 5000, "small.txt": b"s", "photo": b"p" * 300}
    public_id = factories.published(home, files=names)
    made = arranged(home, [units.Item(public_id)])
    whole = {file.name: file for file in planned(home, made).files}
    with transaction(home.engine) as session:
        for name, media_type in (("film.avi.txt", "video/mp4"), ("small.txt", "image/webp"), ("photo", "image/webp")):
            kept = home.store.put([f"light {name}".encode()])
            session.add(Blob(key=kept.key, size=kept.size, created=home.now()))
            session.flush()
            source, rest = whole[name].key, {"number": 1, "media_type": media_type, "key": kept.key}
            session.add(Derivative(source=source, kind="light", size=kept.size, **rest))
    assert [file.name for file in planned(home, made).files] == list(names)
    light = list(planned(home, made, light=True).files)
    assert [(file.name, file.media_type) for file in light] == [
        ("film.avi.mp4", "video/mp4"),
        ("small.txt", "text/plain"),
        ("photo.webp", "image/webp"),
    ]
    assert b"".join(home.store.open(light[0].key)) == b"light film.avi.txt"
    assert light[1].key == whole["small.txt"].key
