"""The demonstration: what it is made of, and that it goes again without a trace and without anybody's work."""

import zipfile
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any

import factories
import pytest
import snapshots
from factories import act, member, published
from fontTools.ttLib import TTFont
from searching import hits, index, search
from sqlmodel import select

from metadata import licences, validate, xml
from oer import announcements, collections, deposits, publishing, queries, working
from oer.db import reading, transaction
from oer.demo import KEYWORDS, MAKER, PREFIX, SAID, clearing, content, planting
from oer.demo.making import MAKERS, made, pages, texts
from oer.errors import Conflict
from oer.exposure import blocks, renderings
from oer.extraction.readers import reader_for
from oer.extraction.told import Told
from oer.installation import Installation, utc_now
from oer.models import AuditEntry, Collection, Institution, Resource, Version, VersionFile
from oer.workflow import Role

TYPES = {
    ".pdf": "application/pdf",
    ".md": "text/markdown",
    ".html": "text/html",
    ".csv": "text/csv",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".wav": "audio/wav",
    ".zip": "application/zip",
    ".epub": "application/epub+zip",
    ".py": "text/x-python",
}


# What remembers for ever, what is done and forgotten by itself, and what moves by being looked at.
_RESTLESS = ("audit_entry", "job", "projection", "usage_salt", "usage_mark", "answer", "sqlite_sequence")


def rows_of(home: Installation) -> dict[str, Any]:
    """Every row of every other table."""
    return {name: rows for name, rows in snapshots.tables(home).items() if name not in _RESTLESS}


@pytest.fixture(scope="module", autouse=True)
def made_once() -> Iterator[None]:
    """The files of all tests here are the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planting, "made", cache(made))
        patch.setattr(planting.logos, "logo", cache(planting.logos.logo))
        yield


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with the demonstration, to be looked at only."""
    with factories.opened(tmp_path_factory.mktemp("demo")) as found:
        assert planting.plant(found).new
        yield found


def current(home: Installation) -> list[tuple[Resource, Version]]:
    with reading(home.engine) as session:
        query = select(Resource, Version).where(Version.resource_id == Resource.id, Version.number == Resource.number)
        return [(resource, version) for resource, version in session.exec(query.order_by(Resource.id))]


# ── what there is ───────────────────────────────────────────────────────────────────────────────


def test_every_record_is_without_a_problem_or_a_warning(planted: Installation) -> None:
    with reading(planted.engine) as session:
        versions = session.exec(select(Version)).all()
    assert len(versions) > 41
    assert {version.digest: validate.problems(version.description(), "publish") for version in versions} == {
        version.digest: [] for version in versions
    }


def test_the_type_found_in_the_bytes_of_each_file_is_that_of_its_name(planted: Installation) -> None:
    with reading(planted.engine) as session:
        files = session.exec(select(VersionFile)).all()
    assert {(file.name, file.media_type) for file in files} == {
        (file.name, TYPES[PurePosixPath(file.name).suffix]) for file in files
    }
    assert {file.media_type for file in files} == set(TYPES.values())


def test_the_files_are_small(planted: Installation) -> None:
    with reading(planted.engine) as session:
        sizes = {file.key: file.size for file in session.exec(select(VersionFile))}
    assert max(sizes.values()) < 300_000
    assert sum(sizes.values()) < 3_000_000


def test_there_is_one_of_everything(planted: Installation) -> None:
    resources = current(planted)
    records = [version.description() for _, version in resources]
    assert len(resources) >= 40
    assert {record.access.kind for record in records} == {"open", "embargoed", "institution", "metadata-only"}
    assert {licences.get(record.licence or "").code for record in records} >= {  # type: ignore[union-attr]
        "by", "by-sa", "by-nc", "by-nc-sa", "zero", "mit",
    }  # fmt: skip
    assert {level[-1] for record in records for level in record.levels} >= set("012345678AC")
    assert any(not record.levels for record in records)
    assert len({record.resource_type for record in records}) >= 20
    assert {lang for record in records for lang in record.languages} == {"ar", "fr", "en"}
    assert {resource.number for resource, _ in resources} == {1, 2}
    assert [version.note for resource, version in resources if resource.number == 2].count("") == 0
    mixed = [record for record in records if record.title[0].lang not in record.languages]
    assert mixed, "a title in another language than the content"


def test_institutions_stand_in_a_tree_of_several_kinds(planted: Installation) -> None:
    with reading(planted.engine) as session:
        places = session.exec(select(Institution)).all()
    assert len({place.kind for place in places}) >= 7
    assert max(len(place.ancestors) for place in places) == 3
    assert sum(place.logo is not None for place in places) >= 8
    assert all(place.colour and set(place.names) == {"ar", "fr", "en"} for place in places)


def test_everything_says_that_it_is_a_demonstration(planted: Installation) -> None:
    with reading(planted.engine) as session:
        places = session.exec(select(Institution)).all()
        makers = set(session.exec(select(AuditEntry.by)))
    assert all(place.slug.startswith(PREFIX) for place in places)
    assert all(words.endswith(SAID[lang]) for place in places for lang, words in place.descriptions.items())
    for _, version in current(planted):
        record = version.description()
        assert {text.lang: text.value for text in record.keywords if text.value in KEYWORDS.values()} == KEYWORDS
        assert {text.lang: text.value for text in record.rights_note} == SAID
    assert makers == {MAKER.name}


def test_lessons_that_refer_to_each_other_name_their_addresses(planted: Installation) -> None:
    resources = current(planted)
    addresses = {renderings.landing_url("https://oer.example.org", one.public_id) for one, _ in resources}
    records = [version.description() for _, version in resources]
    translated = [record.translation_of.identifier for record in records if record.translation_of]
    used = [source.identifier for record in records for source in record.sources]
    parts = [part.identifier for record in records for part in record.parts]
    assert len(translated) == 2
    assert len(used) >= 6
    assert len(parts) == 4
    assert {*translated, *used, *parts} <= addresses


def test_collections_are_published_with_units_and_notes(planted: Installation) -> None:
    with reading(planted.engine) as session:
        shelves = session.exec(select(Collection)).all()
        entries = [queries.collections.entries(session, collection_id=shelf.id or 0, shown=True) for shelf in shelves]
    assert len(shelves) == 6
    assert {shelf.state for shelf in shelves} == {"published"}
    assert {shelf.membership for shelf in shelves} == {"open", "closed"}
    assert all(len({entry.unit_id for entry in one}) >= 2 for one in entries)
    assert all(any(entry.note for entry in one) for one in entries)


# ── files ───────────────────────────────────────────────────────────────────────────────────────


def pieces() -> dict[str, content.Piece]:
    """One file of each kind."""
    return {
        piece.make: piece for lesson in content.lessons() for table in lesson.versions for piece in lesson.pieces(table)
    }


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_the_same_bytes_come_each_time(kind: str) -> None:
    of = pieces()[kind].of
    assert made(kind, of) == made(kind, of)


def words_of(body: bytes, media_type: str, name: str) -> str:
    reader = reader_for(media_type, name)
    assert reader is not None
    return " ".join("".join(reader(BytesIO(body), Told())).split())


def test_arabic_of_a_pdf_is_read_back_as_it_was_written() -> None:
    found = words_of(pages.document("water-cycle.ar"), "application/pdf", "x.pdf")
    assert "يسيل جزء من الماء على سطح الأرض في الأودية والأنهار حتى يعود إلى البحر" in found
    assert "ماء المطر الذي يبلل ثيابنا اليوم قد يكون كان البارحة في البحر" in found
    assert "نسمي رحلته دورة الماء" in found


@pytest.mark.parametrize("name", ["pendulum.fr", "reading-papers.en"])
def test_latin_letters_are_read_back_too(name: str) -> None:
    found = words_of(pages.document(name), "application/pdf", "x.pdf")
    for block in texts.blocks(name):
        if block.kind == "heading":
            assert block.words.replace("\u202f", "\u00a0").split() == [
                word for word in block.words.replace("\u202f", "\u00a0").split() if word in found
            ]


def test_the_font_has_every_letter_that_is_printed() -> None:
    known = set(TTFont(str(pages.FONTS / "ReadexPro-regular.ttf")).getBestCmap())
    printed = {piece.of for lesson in content.lessons() for table in lesson.versions
               for piece in lesson.pieces(table) if piece.make in ("pdf", "slides")}  # fmt: skip
    for name in printed:
        said = "".join(block.words + "".join(block.cells) for block in texts.blocks(name))
        assert {
            letter for letter in pages.printable(said, arabic=texts.is_arabic(name)) if ord(letter) not in known
        } == set()


@pytest.mark.parametrize("name", ["tortoise.ar", "tortoise.fr"])
def test_a_book_is_what_epub_asks_for(name: str) -> None:
    with zipfile.ZipFile(BytesIO(made("epub", name))) as book:
        first = book.infolist()[0]
        assert (first.filename, first.compress_type, book.read(first)) == ("mimetype", 0, b"application/epub+zip")
        package = xml.parse(book.read("book/package.opf"))
        names = {"opf": "http://www.idpf.org/2007/opf", "dc": "http://purl.org/dc/elements/1.1/"}
        items = {item.get("id"): item for item in package.findall(".//opf:item", names)}
        assert {f"book/{item.get('href')}" for item in items.values()} | {
            "mimetype", "META-INF/container.xml", "book/package.opf",
        } == set(book.namelist())  # fmt: skip
        assert [item.get("properties") for item in items.values()].count("nav") == 1
        spine = package.find("opf:spine", names)
        assert spine is not None
        assert spine.get("page-progression-direction") == ("rtl" if name.endswith("ar") else "ltr")
        assert all(ref.get("idref") in items for ref in spine)
        assert len(spine) >= 4
        for each in book.namelist():
            if each.endswith(".xhtml"):
                page = xml.parse(book.read(each).replace(b"<!DOCTYPE html>\n", b""))
                assert page.get("lang") == name.rpartition(".")[2]


def test_the_search_finds_words_inside_of_files(watch: Any, tmp_path: Any) -> None:
    with factories.opened(tmp_path, now=watch) as home:
        planting.plant(home)
        unread = working.reading_of(home)
        while unread.turn():
            pass
        index(home)
        titles = {one.public_id: version.description().title[0].value for one, version in current(home)}
        assert titles[hits(home, '"دورة الماء في الطبيعة"')[0]] == "دورة الماء في الطبيعة"
        inside = [titles[one] for one in hits(home, '"يطلق البخار من أوراقه"')]
        assert inside == ["دورة الماء في الطبيعة"]
        assert [titles[one] for one in hits(home, '"la plupart des accidents"')] == ["السلامة في ورشة النجارة"]
        assert [titles[one] for one in hits(home, '"أخذت ليلى ربعين"')] == ["الكسور بحبّات التمر"]


# ── making it, and taking it away ───────────────────────────────────────────────────────────────


def test_twice_makes_nothing_more(home: Installation) -> None:
    first = planting.plant(home)
    before = rows_of(home)
    again = planting.plant(home)
    assert (again.new, again.resources, again.institutions, again.collections) == (
        False, first.resources, first.institutions, first.collections,
    )  # fmt: skip
    assert rows_of(home) == before


def test_nothing_is_made_where_a_slug_belongs_to_somebody(home: Installation) -> None:
    with transaction(home.engine) as session:
        factories.institution(session, "demo-palm-school")
    before = rows_of(home)
    with pytest.raises(Conflict) as refused:
        planting.plant(home)
    assert (refused.value.code, refused.value.params) == ("demo.slug-taken", {"slugs": "demo-palm-school"})
    assert rows_of(home) == before
    assert clearing.seen(home).nothing


def projected(home: Installation) -> None:
    """What follows the clock has caught up."""
    while renderings.catch_up(home.engine, home.issuer) or blocks.catch_up(home.engine, home.issuer):
        pass
    while blocks.mend(home.engine, home.issuer):
        pass
    index(home)


def test_it_goes_without_a_trace(home: Installation, watch: Any) -> None:
    mine = published(home, at="college")
    shelf = factories.collected(home, at="college", shown=True)
    act(home, collections.add, shelf, mine)
    projected(home)
    before, kept = rows_of(home), set(home.store.keys())
    planting.plant(home)
    member(home, Role.DEPOSITOR, "demo-palm-school")
    projected(home)
    assert search(home).total > 40
    went = clearing.clear(home, settled=lambda: index(home))
    assert (len(went.resources), len(went.institutions), len(went.collections)) == (41, 10, 6)
    assert [*went.kept_resources, *went.kept_institutions, *went.kept_collections] == []
    watch.moment = utc_now() + timedelta(days=60)  # the store has a clock of its own
    working.sweep_now(home, wait=lambda: None)
    projected(home)
    after = rows_of(home)
    assert [row for row in after.pop("person") if "demo-palm-school" not in str(row)] == before.pop("person")
    assert after == before
    assert set(home.store.keys()) == kept
    assert hits(home) == [mine]
    assert clearing.seen(home).nothing
    assert planting.plant(home).new


def test_what_people_have_added_stays_and_is_told(home: Installation) -> None:
    planting.plant(home)
    before = {one.public_id for one, _ in current(home)}
    theirs = published(home, at="demo-palm-school")
    with reading(home.engine) as session:
        ids = {version.description().title[0].value: one.public_id for one, version in current(home)}
        shelves = {shelf.titles["ar"]: shelf.public_id for shelf in session.exec(select(Collection))}
    revised, used = ids["كهرباء من ليمونة"], ids["دورة الماء في الطبيعة"]
    act(home, deposits.revise, revised)
    changed = shelves["الماء من الغيمة إلى البئر"]
    act(home, collections.change, changed, titles={"en": "Our water"})
    own = factories.collected(home, at="college", shown=True)
    act(home, collections.add, own, used)
    act(home, collections.add, own, theirs)
    went = clearing.clear(home, settled=lambda: None)
    assert went.kept_resources == [revised]
    assert went.kept_collections == [changed]
    assert set(went.kept_institutions) == {
        "demo-afnan", "demo-ministry", "demo-palm-school", "demo-lighthouse-school",
    }  # fmt: skip
    left = {one.public_id for one, _ in current(home)}
    assert left == {theirs, revised}
    assert len(went.resources) == len(before) - 1
    with reading(home.engine) as session:
        assert {shelf.public_id for shelf in session.exec(select(Collection))} == {own, changed}
        own_id = next(shelf.id for shelf in session.exec(select(Collection)) if shelf.public_id == own)
        assert [
            entry.public_id for entry in queries.collections.entries(session, collection_id=own_id or 0, shown=True)
        ] == [theirs]
        slugs = set(session.exec(select(Institution.slug)))
    assert slugs == {"college", *went.kept_institutions}
    with pytest.raises(Conflict) as refused:
        planting.plant(home)
    assert refused.value.code == "demo.partly-there"
    assert clearing.clear(home, settled=lambda: None).kept_resources == [revised]


def test_an_announcement_of_somebody_keeps_its_institution(home: Installation) -> None:
    planting.plant(home)
    act(home, announcements.announce, "demo-sail-house", titles={"ar": "خبر"}, texts={"ar": "أهلًا بكم."})
    went = clearing.clear(home, settled=lambda: None)
    assert went.kept_institutions == ["demo-afnan", "demo-sail-house"]
    assert current(home) == []


class Killed(Exception):
    pass


def test_a_removal_that_was_broken_off_goes_on(home: Installation) -> None:
    planting.plant(home)

    def killed() -> None:
        raise Killed

    with pytest.raises(Killed):
        clearing.clear(home, settled=killed)
    assert {one.state for one, _ in current(home)} == {"withdrawn"}
    went = clearing.clear(home, settled=lambda: None)
    assert len(went.resources) == 41
    assert rows_of(home)["resource"] == []


def test_what_was_withdrawn_by_hand_goes_too(home: Installation) -> None:
    planting.plant(home)
    one = current(home)[0][0].public_id
    act(home, publishing.withdraw, one, reason="error", repository_id=home.repository_id)
    clearing.clear(home, settled=lambda: None)
    assert rows_of(home)["resource"] == []
