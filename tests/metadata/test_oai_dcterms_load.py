"""Qualified Dublin Core read back, and as others write it."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from formats import NAMES, around, errors, golden_record
from hypothesis import given, settings
from hypothesis import strategies as st
from record_strategies import described, strings

from metadata import values, xml
from metadata.crosswalks import Described, Loaded, oai_dcterms, oai_dcterms_load, understood, wording
from metadata.crosswalks.oai_dcterms_load import READERS
from metadata.record import Access, AgeRange, Alignment, Classroom, Coverage, Record, Reference, Text

Said = tuple[str, str, str | None]
USE = "http://purl.org/dcx/lrmi-vocabs/educationalUse/instruction"


def loaded(*said: Said) -> Loaded:
    """What is understood of these terms: name, text, language."""
    root = xml.element("oai_dcterms:dcterms", prefixes=("oai_dcterms", "dcterms"))
    for name, text, lang in said:
        xml.sub(root, f"dcterms:{name}", text, {"xml:lang": lang} if lang else None)
    return oai_dcterms_load.load(xml.parse(xml.tobytes(root)))


def plain(name: str, *texts: str) -> list[Said]:
    return [(name, text, None) for text in texts]


def back(made: Described) -> Record:
    return oai_dcterms_load.load(xml.parse(oai_dcterms.dump(made))).record


# What a round trip changes; the tests below say how.
CHANGED = {
    *("creators", "contributors", "publisher", "funders", "created", "issued", "modified", "sources", "translation_of"),
    *("parts", "part_of", "alignments", "classroom", "accessibility", "identifiers"),
}


@pytest.mark.parametrize("name", NAMES)
def test_golden_records_come_back(name: str) -> None:
    record = golden_record(name)
    found = back(around(record))
    assert found.model_dump(exclude=CHANGED) == record.model_dump(exclude=CHANGED)
    assert list(map(wording.name, found.creators)) == list(map(wording.name, record.creators))
    assert list(map(wording.name, found.contributors)) == list(map(wording.name, record.contributors))
    assert [reference.identifier for reference in found.parts] == [one.identifier for one in record.parts]
    assert [reference.identifier for reference in found.part_of] == [one.identifier for one in record.part_of]
    assert [source.title for source in found.sources] == [source.title for source in record.sources]
    assert [one for one in record.identifiers if one not in found.identifiers] == []
    assert [(one.kind, one.target, one.framework) for one in found.alignments] == [
        (one.kind, one.target, one.framework) for one in record.alignments
    ]
    for field in ("created", "modified"):
        assert getattr(found, field) == values.w3cdtf(getattr(record, field) or "")
    assert found.issued == values.w3cdtf(record.issued or "2024-03-01")


def test_a_round_trip_loses_what_the_format_cannot_say() -> None:
    """EDTF marks, roles and ids of people, titles of other works, what was changed, whose translation it is."""
    record, found = golden_record("fr"), back(around(golden_record("fr")))
    assert (record.issued, found.issued) == ("2022~", "2022")
    assert (record.contributors[0].role[-3:], found.contributors[0].role[-3:]) == ("trl", "ctb")
    assert (record.creators[0].ror, found.creators[0].ror) == ("https://ror.org/05dxps055", None)
    assert found.parts == [Reference(identifier="oai:oer.example.org:w1")]
    assert (found.sources[0].licence, found.sources[0].changes) == (None, [])
    assert (found.translation_of, found.accessibility, found.funders) == (None, None, [])


def test_the_classroom_comes_back_with_what_it_needs() -> None:
    needed = Classroom(
        devices=["printer", "phone"],
        internet="always",
        equipment=[Text(value="مرآة", lang="ar"), Text(value="un miroir", lang="fr")],
    )
    assert back(around(Record(classroom=needed))).classroom == needed


def spaced(value: Any) -> Any:
    """Titles lose line ends and double spaces, other texts the spaces around line ends."""
    return [(text.lang, " ".join(text.value.split())) for text in value] if isinstance(value, list) else value


TEXTS = ("title", "description")
SINGLE = ("languages", "resource_type", "subjects", "levels", "audience", "educational_use", "interactivity", "licence")


@settings(max_examples=150, deadline=None)
@given(made=described())
def test_any_record_comes_back_as_far_as_the_format_can_say_it(made: Described) -> None:
    record, found = made.record, back(made)
    assert not errors(found)
    for field in TEXTS:
        texts = getattr(record, field)
        if field == "description":  # those of a few words go behind
            texts = sorted(texts, key=lambda text: len(text.value.split()) < 5)
        written = [understood.text(text.value, text.lang) for text in texts]  # entities are read
        assert spaced(getattr(found, field)) == spaced([text for text in written if text]), field
    for field in SINGLE:
        assert getattr(found, field) == getattr(record, field), field
    assert (found.access, found.play_time, found.study_time) == (record.access, record.play_time, record.study_time)
    assert {one.identifier for one in found.part_of} == {one.identifier for one in record.part_of}
    assert {one.identifier for one in found.parts} == {one.identifier for one in record.parts}
    if record.coverage:
        assert (found.coverage or Coverage()).countries == list(dict.fromkeys(record.coverage.countries))


@pytest.mark.parametrize(
    ("term", "field", "edtf"),
    [
        ("created", "created", "2021"),
        ("issued", "issued", "2021"),
        ("modified", "modified", "2021"),
        ("date", "issued", "2021"),
    ],
)
def test_dates_are_told_apart(term: str, field: str, edtf: str) -> None:
    assert getattr(loaded(*plain(term, "2021")).record, field) == edtf


def test_other_dates_are_left() -> None:
    assert loaded(*plain("dateSubmitted", "2021")).unmapped == ("dcterms:dateSubmitted: 2021",)


@pytest.mark.parametrize(
    ("rights", "kind"),
    [
        ("http://purl.org/coar/access_right/c_f1cf", "embargoed"),
        ("restricted", "embargoed"),
        ("http://purl.org/coar/access_right/c_abf2", "open"),
    ],
)
def test_available_ends_an_embargo_only_where_access_is_not_open(rights: str, kind: str) -> None:
    result = loaded(*plain("accessRights", rights), *plain("available", "2025-09-01T08:00:00Z"))
    assert result.record.access.kind == kind
    assert result.record.access.until == (date(2025, 9, 1) if kind == "embargoed" else None)
    assert result.unmapped == (("available: 2025-09-01",) if kind == "open" else ())


def test_available_alone_is_no_embargo() -> None:
    result = loaded(*plain("available", "2025-09-01"))
    assert (result.record.access, result.unmapped) == (Access(), ("available: 2025-09-01",))


@pytest.mark.parametrize(
    ("said", "field", "value"),
    [
        (("extent", "PT10M", None), "play_time", "PT10M"),
        (("extent", "زمن الدراسة: PT1H", "ar"), "study_time", "PT1H"),
        (
            ("audience", "Learner", None),
            "audience",
            ["http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/student"],
        ),
        (("audience", "Âge : 6+", "fr"), "age_range", AgeRange(minimum=6)),
        (("audience", "الفئة العمرية: 13–14", "ar"), "age_range", AgeRange(minimum=13, maximum=14)),
        (("audience", "higher education", None), "levels", ["https://w3id.org/kim/educationalLevel/level_A"]),
        (("educationLevel", "Middle School", None), "levels", ["https://w3id.org/kim/educationalLevel/level_2"]),
        (("instructionalMethod", "enseignement", "fr"), "educational_use", [USE]),
        (("rightsHolder", "X Y", None), "rights_holder", "X Y"),
        (("isPartOf", "https://x.org/all", None), "part_of", [Reference(identifier="https://x.org/all")]),
        (("conformsTo", "6.RP.3.a", None), "alignments", [Alignment(kind="curriculum", target="6.RP.3.a")]),
        (("conformsTo", "CCSS:6.RP", None), "alignments", [Alignment(kind="curriculum", target="CCSS:6.RP")]),
        (
            ("conformsTo", "Programme — 8.3 — La lumière", "fr"),
            "alignments",
            [
                Alignment(
                    kind="curriculum",
                    target="8.3",
                    framework="Programme",
                    name=[Text(value="La lumière", lang="fr")],
                )
            ],
        ),
        (("requires", "une boussole", "fr"), "classroom", Classroom(equipment=[Text(value="une boussole", lang="fr")])),
        (("temporal", "start=1914; end=1918; scheme=W3C-DTF;", None), "coverage", Coverage(period="1914/1918")),
        (("spatial", "TN", None), "coverage", Coverage(countries=["TN"])),
        (("license", "CC BY 4.0", None), "licence", "https://creativecommons.org/licenses/by/4.0/"),
        (("bibliographicCitation", "X 2 (2021)", None), "citation_note", [Text(value="X 2 (2021)")]),
    ],
)
def test_a_term_has_its_place(said: Said, field: str, value: object) -> None:
    result = loaded(said)
    assert getattr(result.record, field) == value
    assert result.unmapped == ()


@pytest.mark.parametrize(
    "said",
    [
        ("extent", "12 pages"),
        ("audience", "Age: 14–13"),
        ("audience", "Age: 5–0"),
        ("audience", "Age: 999"),
        ("audience", "hobbyists"),
        ("educationLevel", "Grade 6"),
        ("instructionalMethod", "flipped"),
        ("isPartOf", "Journal of X 2(1)"),
        ("isVersionOf", "https://x.org/en"),
        ("hasVersion", "2"),
        ("requires", "https://x.org/software"),
        ("conformsTo", "javascript:alert(1)"),
        ("conformsTo", "ict-cft — 1 — x"),
        ("provenance", "Bought from Mrs Y"),
        ("temporal", "Cambrian"),
        ("rightsHolder", "x" * 301),
    ],
)
def test_what_has_no_place_is_told(said: tuple[str, str]) -> None:
    result = loaded((*said, None))
    assert result.record == Record()
    assert result.unmapped == (f"dcterms:{said[0]}: {said[1]}",)


def test_a_goal_is_told_once_by_its_uri() -> None:
    goal = "http://metadata.un.org/sdg/4"
    result = loaded(("conformsTo", "Quality education", "en"), ("conformsTo", goal, None))
    assert result.record.alignments == [Alignment(kind="sdg", target=goal)]


def test_dspace_and_nsdl_containers_are_read(shared: Path) -> None:
    """Qualified Dublin Core without namespaces (DSpace, by way of RecordManager), and NSDL's with what teachers ask."""
    dspace = oai_dcterms_load.load(xml.parse((shared / "recorded/recordmanager/qdc1.xml").read_bytes())).record
    assert (dspace.issued, len(dspace.creators), dspace.access.kind) == ("2021", 3, "open")
    assert dspace.licence == "https://creativecommons.org/licenses/by-nc-nd/4.0/"
    file = shared / "recorded/learningregistry/sample-GetRecord-list.xml"
    nsdl = next(xml.parse(file.read_bytes()).iter("{http://ns.nsdl.org/nsdl_dc_v1.02/}nsdl_dc"))
    result = oai_dcterms_load.load(nsdl)
    assert not errors(result.record)
    assert [one.target for one in result.record.alignments][:2] == ["6.RP.1", "6.RP.2"]
    assert (len(result.record.audience), len(result.record.levels)) == (1, 1)
    assert "dcterms:educationLevel: Grade 6" in result.unmapped


def test_a_recorded_page_of_nsdl_descriptions_is_read(shared: Path) -> None:
    page = xml.parse((shared / "recorded/phpoaipmh/GoodResponseSinglePage.xml").read_bytes())
    found = [oai_dcterms_load.load(root) for root in page.iter("{http://ns.nsdl.org/nsdl_dc_v1.02/}nsdl_dc")]
    assert len(found) == 162
    assert not any(errors(result.record) for result in found)
    assert all(result.record.title and result.record.identifiers for result in found)


TERMS = st.sampled_from([*READERS, "hasVersion", "provenance", "valid", "format", "unheard"])
ODD = st.one_of(
    strings(60),
    st.text(st.characters(exclude_categories=("Cs",)), max_size=60).map(xml.legal),
    st.from_regex(r"(Age: |Study time: |start=|P)?[0-9TMHY=;/ –-]{0,20}", fullmatch=True),
    st.sampled_from(
        ["A — B — C", "a — b", " — ", "ict-cft — x", "data:x — y", "x" * 400, "x:" * 600, "https://x.org/%", "TN"]
    ),
)
LANGS = st.sampled_from([None, "ar", "en_US", "not a tag"])


@settings(max_examples=300, deadline=None)
@given(said=st.lists(st.tuples(TERMS, ODD, LANGS), max_size=12))
def test_any_document_gives_a_sound_record_and_the_same_each_time(said: list[Said]) -> None:
    result = loaded(*said)
    assert not errors(result.record)
    assert result == loaded(*said)


def test_every_term_that_is_written_is_read_or_left_on_purpose() -> None:
    written = {
        node.tag.rpartition("}")[2]
        for name in NAMES
        for node in xml.parse(oai_dcterms.dump(around(golden_record(name))))
    }
    assert written - set(READERS) == {"format", "hasVersion", "isVersionOf", "provenance"}
