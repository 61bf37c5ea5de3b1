"""What questions find, what is counted, and in which order it comes."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

import factories
import pytest
import sqlalchemy as sa
from factories import Watch, act, published, record
from searching import hits, index, named, revised, search

from metadata import vocabularies
from metadata.record import Record
from oer import institutions, publishing, working
from oer.db import transaction
from oer.errors import Unavailable
from oer.installation import Installation
from oer.models import Version
from oer.policy import OPERATOR
from oer.search import answers
from oer.search.documents import newest

WORKSHEET, VIDEO = "https://w3id.org/kim/hcrt/worksheet", "https://w3id.org/kim/hcrt/video"
MATHEMATICS = next(
    t.uri for t in vocabularies.terms("unesco-thesaurus").values() if t.labels.get("en") == "Mathematics"
)


def titled(title: str, lang: str = "ar", **rest: object) -> Record:
    words = {"title": [{"value": title, "lang": lang}], "description": [{"value": "—", "lang": lang}]}
    return Record.model_validate(record().model_dump(mode="json") | words | rest)


def withdrawn(home: Installation, public_id: str) -> None:
    wanted = {"reason": "rights", "note": "", "repository_id": home.repository_id}
    act(home, publishing.withdraw, public_id, **wanted)


def test_before_there_is_an_index_the_search_says_so(home: Installation) -> None:
    with pytest.raises(Unavailable, match=r"search\.building"):
        search(home)


def test_what_is_published_is_found_and_what_is_withdrawn_is_not(home: Installation) -> None:
    water, light = published(home, described=record("دورة الماء")), published(home, described=record("انكسار الضوء"))
    factories.drafted(home, described=record("دورة الماء في مسودة"))
    index(home)
    assert hits(home, "الماء") == [water]
    assert set(hits(home)) == {water, light}
    revised(home, light, "سرعة الصوت")
    withdrawn(home, water)
    index(home)
    assert hits(home, "الماء") == []
    assert hits(home, "الضوء") == []
    assert hits(home, "صوت") == [light]
    assert search(home).total == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("الطاقه", ["طاقة الشمس", "طاقات الرياح"]),
        ("طاقة -شمس", ["طاقات الرياح"]),
        ('"طاقة الشمس"', ["طاقة الشمس"]),
        ('"الشمس طاقة"', []),
        ("شمس OR رياح", ["طاقة الشمس", "طاقات الرياح"]),
        ("title:شمس", ["طاقة الشمس"]),
        ("creator:يوسف", ["طاقة الشمس", "طاقات الرياح", "Les fractions", "The mice"]),
        ("creator:شمس", []),
        ("FRACTION", ["Les fractions"]),
        ("mouse", ["The mice"]),
        ("type:worksheet", ["The mice"]),
        ("-type:worksheet fractions OR mice", ["Les fractions", "The mice"]),
        ("(fractions OR mice) -type:worksheet", ["Les fractions"]),
        ("mathématiques", ["Les fractions"]),
        ("رياضيات", ["Les fractions"]),
    ],
)
def test_questions_find(home: Installation, text: str, found: list[str]) -> None:
    ids = {
        published(home, described=described): title
        for title, described in {
            "طاقة الشمس": titled("طاقة الشمس"),
            "طاقات الرياح": titled("طاقات الرياح"),
            "Les fractions": titled("Les fractions", "fr", subjects=[MATHEMATICS]),
            "The mice": titled("The mice", "en", resource_type=WORKSHEET),
        }.items()
    }
    index(home)
    assert {ids[one] for one in hits(home, text)} == set(found)


def test_direct_hits_stand_above_what_is_found_by_another_name(home: Installation) -> None:
    other = published(home, described=titled("Exercices du soir", "fr", subjects=[MATHEMATICS]))
    direct = published(home, described=titled("مدخل إلى الرياضيات"))
    index(home)
    assert hits(home, "رياضيات") == [direct, other]


def test_institutions_and_people_are_found_by_their_names(home: Installation) -> None:
    names = {"ar": "مدرسة الزيتونة العليا للعلوم", "fr": "Université Ezzitouna", "en": "Ministry of Ponds"}
    with transaction(home.engine) as session:
        factories.institution(session, "zitouna", names=names)
    creators = [{"name": "محمد الخوارزمي", "affiliations": [{"name": "بيت الحكمة"}]}]
    public_id = published(home, at="zitouna", described=record(creators=creators))
    index(home)
    for text in ("الزيتونة", "زيتونة", "Université", "ezzitouna", "ponds", "ministry", "institution:ponds", "خوارزمي"):
        assert hits(home, text) == [public_id], text
    for text in ("creator:الخوارزمي", '"بيت الحكمة"', '"مدرسة الزيتونة"', "الحكمة"):
        assert hits(home, text) == [public_id], text


def test_signs_beside_words_that_say_nothing_do_no_harm(home: Installation) -> None:
    public_id = published(home, described=record("دورة الماء"))
    index(home)
    for text in ("ماء في؟", "ماء، في", "ما دورة الماء؟"):
        assert hits(home, text) == [public_id], text


def test_identifiers_are_found_as_they_are_written(home: Installation) -> None:
    described = record(identifiers=[{"scheme": "doi", "value": "10.5281/zenodo.1003150"}])
    public_id, other = published(home, described=described), published(home)
    index(home)
    assert hits(home, "10.5281/ZENODO.1003150") == [public_id]
    assert hits(home, "doi:10.5281/zenodo.1003150") == [public_id]
    assert hits(home, "https://doi.org/10.5281/zenodo.1003150") == [public_id]
    assert hits(home, "doi:https://doi.org/10.5281/zenodo.1003150") == [public_id]
    assert hits(home, f"id:{other}") == [other]


# ── Counts ───────────────────────────────────────────────────────────────────────────────────────

LEVELS = [f"https://w3id.org/kim/educationalLevel/level_{number}" for number in range(4)]


@pytest.fixture
def many(home: Installation) -> list[dict[str, object]]:
    """Thirty resources, and what is said of each."""
    with transaction(home.engine) as session:
        top = factories.institution(session, "top")
        factories.institution(session, "below", parent=top)
    said = []
    for number in range(30):
        facts = {
            "levels": [LEVELS[number % 4]] + ([LEVELS[0]] if number % 3 == 0 and number % 4 else []),
            "languages": ["ar", "fr-TN"] if number % 5 == 0 else [("ar", "fr", "en")[number % 3]],
            "resource_type": WORKSHEET if number % 2 else VIDEO,
        }
        at = "below" if number % 2 else "top"
        public_id = published(home, at=at, described=record(f"درس {'الماء' if number % 2 else 'الهواء'}", **facts))
        said.append({"id": public_id, "at": at, "water": number % 2 == 1, **facts})
    index(home)
    return said


def expected(rows: list[dict[str, object]], facet: str) -> Counter[str]:
    values = {
        "level": lambda row: set(row["levels"]),
        "language": lambda row: {tag.partition("-")[0] for tag in row["languages"]},
        "type": lambda row: {row["resource_type"]},
    }
    return Counter(value for row in rows for value in values[facet](row))


def test_counts_are_exact(home: Installation, many: list[dict[str, object]]) -> None:
    found = search(home, "ماء", facets=("level", "language", "type", "institution"))
    rows = [row for row in many if row["water"]]
    assert found.total == len(rows)
    for facet in ("level", "language", "type"):
        assert found.counts[facet] == expected(rows, facet)
    with transaction(home.engine) as session:
        top, below = (institutions.find(session, slug).id for slug in ("top", "below"))
    assert found.counts["institution"] == {str(top): 15, str(below): 15}
    everything = search(home, facets=("institution",))
    assert everything.counts["institution"] == {str(top): 30, str(below): 15}


def test_several_values_of_one_facet_are_any_of_them_and_its_counts_stay(
    home: Installation, many: list[dict[str, object]]
) -> None:
    chosen = {"level": LEVELS[:2], "language": ["fr"]}
    found = search(home, chosen=chosen, limit=100, facets=("level", "language", "type"))

    def level(row: dict[str, object]) -> bool:
        return bool(set(row["levels"]) & set(LEVELS[:2]))

    def french(row: dict[str, object]) -> bool:
        return any(tag.startswith("fr") for tag in row["languages"])

    assert set(named(home, found.ids)) == {row["id"] for row in many if level(row) and french(row)}
    assert found.total == len(found.ids)
    assert found.counts["level"] == expected([row for row in many if french(row)], "level")
    assert found.counts["language"] == expected([row for row in many if level(row)], "language")
    assert found.counts["type"] == expected([row for row in many if level(row) and french(row)], "type")


def test_an_institution_that_moves_takes_its_hits_along(home: Installation, many: list[dict[str, object]]) -> None:
    with transaction(home.engine) as session:
        wanted = {"parent": None}
        moved = institutions.edit(session, OPERATOR, "below", wanted, repository_id=home.repository_id, now=home.now())
        top, below = institutions.find(session, "top").id, moved.id
    working.drain(home)
    assert search(home, facets=("institution",)).counts["institution"] == {str(top): 15, str(below): 15}


def test_subjects_are_counted_by_the_widest_and_chosen_with_all_that_is_narrower(home: Installation) -> None:
    narrow = next(t for t in vocabularies.terms("isced-f").values() if len(t.notation) == 4)
    wide = next(t for t in vocabularies.terms("isced-f").values() if t.notation == narrow.notation[:2])
    tops = [term.uri for term in vocabularies.terms("isced-f").values() if len(term.notation) == 2][:7]
    one, all_ = (
        published(home, described=record(subjects=[narrow.uri])),
        published(home, described=record(subjects=tops)),
    )
    index(home)
    counts = search(home, facets=("subject",)).counts["subject"]
    assert counts == Counter([wide.uri, *tops])
    assert set(hits(home, chosen={"subject": [wide.uri]})) == {one, *([all_] if wide.uri in tops else [])}
    assert hits(home, chosen={"subject": [narrow.uri]}) == [one]
    below = {uri: count for uri, count in chosen_counts(home, wide.uri).items() if uri not in counts}
    assert below == {narrow.broader[0]: 1}
    assert chosen_counts(home, narrow.uri)[narrow.uri] == 1
    assert {uri: count for uri, count in chosen_counts(home, narrow.broader[0]).items() if uri not in counts} == {
        narrow.uri: 1,
        narrow.broader[0]: 1,
    }


def chosen_counts(home: Installation, subject: str) -> Mapping[str, int]:
    return search(home, chosen={"subject": [subject]}, facets=("subject",)).counts["subject"]


# ── Orders and pages ─────────────────────────────────────────────────────────────────────────────


def walked(home: Installation, sort: str, size: int, **wanted: object) -> list[str]:
    found, after = [], None
    while page := search(home, sort=sort, limit=size, after=after, **wanted):
        if not page.ids:
            return found
        found += named(home, page.ids)
        after = page.keys[-1]
    return found


def test_titles_are_sorted_as_the_language_does_without_the_article(home: Installation) -> None:
    titles = ["الهواء", "باب", "أمل", "المدرسة", "ابن", "élan", "Zebra", "eland", "apple"]
    ids = {published(home, described=titled(title)): title for title in titles}
    index(home)
    assert [ids[one] for one in walked(home, "title", 2, lang="ar")] == [
        *("ابن", "أمل", "باب", "المدرسة", "الهواء", "apple", "élan", "eland", "Zebra")
    ]
    french = [ids[one] for one in walked(home, "title", 4, lang="fr")]
    assert french[:4] == ["apple", "élan", "eland", "Zebra"]


def test_pages_of_the_same_title_and_the_same_moment_miss_nothing(home: Installation, watch: Watch) -> None:
    ids = [published(home, described=titled("الدرس الأول")) for _ in range(7)]
    watch.forward(seconds=1)
    last = published(home, described=titled("الدرس الأول"))
    index(home)
    assert sorted(walked(home, "title", 2)) == sorted([*ids, last])
    recent = walked(home, "newest", 3)
    assert recent[0] == last
    assert sorted(recent) == sorted([*ids, last])


def test_relevance_ends_where_it_says(home: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(6):
        published(home, described=record("الماء"))
    index(home)
    monkeypatch.setattr(answers, "DEEPEST", 4)
    assert len(search(home, "ماء", limit=3, offset=0).ids) == 3
    assert len(search(home, "ماء", limit=3, offset=3).ids) == 1
    assert search(home, "ماء", limit=3, offset=4).ids == []
    assert search(home, "ماء", limit=3, offset=4).total == 6


# ── What is in the index ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("stored", ["{", "[]", '{"title":5}', '{"title":[{"lang":"ar"}]}', '{"subjects":[[]]}', "null"])
def test_a_damaged_record_is_found_by_its_identifier_alone_and_stops_nothing(home: Installation, stored: str) -> None:
    damaged, sound = published(home, described=record("الماء")), published(home, described=record("الماء"))
    with transaction(home.engine) as session:
        session.connection().execute(sa.update(Version).where(Version.id == 1).values(record=stored))
    index(home)
    assert hits(home, "ماء") == [sound]
    assert hits(home, f"id:{damaged}") == [damaged]


def test_the_key_of_newest_keeps_the_order_of_moments(watch: Watch) -> None:
    moments = ((0, 1), (0, 2), (0, 4097), (1, 1), (2, 5000), (10**10, 3))
    keys = [newest(watch() + timedelta(milliseconds=step), number) for step, number in moments]
    assert keys == sorted(set(keys))
    assert newest(watch() + timedelta(days=80_000), 2**31) < 2**63
