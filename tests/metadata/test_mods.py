import pytest
from formats import EMPTY, around
from lxml import etree

from metadata import xml
from metadata.crosswalks import mods
from metadata.record import (
    Access,
    Agent,
    AgeRange,
    Alignment,
    Classroom,
    Contributor,
    Funder,
    Identifier,
    Record,
    Reference,
    Source,
    Text,
)

dump = mods.dump
HREF, LANG = xml.name("xlink:href"), xml.name("xml:lang")
RELATORS = "http://id.loc.gov/vocabulary/relators/"


def found(record: Record, path: str) -> list[etree._Element]:
    """Elements at a path of MODS names: ``name/role/roleTerm``."""
    root = xml.parse(dump(around(record)))
    return root.findall("/".join(xml.name(f"mods:{step}") for step in path.split("/")))


def said(record: Record, path: str, *attributes: str) -> list[tuple[str | None, ...]]:
    """Text and some attributes of the elements at a path."""
    return [(node.text, *(node.get(xml.name(one)) for one in attributes)) for node in found(record, path)]


def test_an_empty_record_still_says_where_it_is() -> None:
    names = [etree.QName(node).localname for node in xml.parse(dump(EMPTY))]
    assert names == [
        "typeOfResource",
        "originInfo",
        "physicalDescription",
        "location",
        "accessCondition",
        "recordInfo",
    ]


def test_the_root_names_the_version() -> None:
    assert xml.parse(dump(around(Record()))).get("version") == "3.7"


def test_titles_are_whole_and_say_their_language_twice() -> None:
    titles = [Text(value="The Sun: a star", lang="en-GB"), Text(value="الشمس", lang="ar"), Text(value="x")]
    record = Record(title=titles, alternative=[Text(value="Sol", lang="la")])
    kinds = [
        (node.get("usage"), node.get("type"), node.get("lang"), node.get(LANG)) for node in found(record, "titleInfo")
    ]
    assert kinds == [
        ("primary", None, "eng", "en-GB"),
        (None, "translated", "ara", "ar"),
        (None, "translated", None, None),
        (None, "alternative", "lat", "la"),
    ]
    assert said(record, "titleInfo/title") == [("The Sun: a star",), ("الشمس",), ("x",), ("Sol",)]


def test_names_have_parts_form_and_role() -> None:
    layla = Agent(name="Leila Ben Amor", given="Leila", family="Ben Amor", orcid="0000-0002-1825-0097")
    club = Contributor(kind="organisation", name="Club", ror="https://ror.org/05dxps055", role=f"{RELATORS}ill")
    record = Record(creators=[layla], contributors=[club], funders=[Funder(name="Fund", award="A-1")])
    assert [node.get("type") for node in found(record, "name")] == ["personal", "corporate", "corporate"]
    assert said(record, "name/namePart", "type") == [
        ("Ben Amor", "family"),
        ("Leila", "given"),
        ("Club", None),
        ("Fund", None),
    ]
    assert said(record, "name/displayForm") == [("Leila Ben Amor",)]
    assert said(record, "name/description") == [("A-1",)]
    assert said(record, "name/nameIdentifier", "type") == [
        ("https://orcid.org/0000-0002-1825-0097", "orcid"),
        ("https://ror.org/05dxps055", "ror"),
    ]
    codes = [text for text, kind in said(record, "name/role/roleTerm", "type") if kind == "code"]
    assert codes == ["cre", "ill", "fnd"]


@pytest.mark.parametrize(
    ("issued", "dates"),
    [
        ("2024-02-05", [("2024-02-05", "w3cdtf", "yes")]),
        ("2022~", [("2022", "w3cdtf", "yes"), ("2022~", "edtf", None)]),
        ("2020/2021", [("2020", "w3cdtf", "yes"), ("2020/2021", "edtf", None)]),
        ("../1950", [("../1950", "edtf", "yes")]),
        (None, [("2024-03-01", "w3cdtf", "yes")]),
    ],
)
def test_dates_are_said_for_everybody_and_in_full(issued: str | None, dates: list[tuple[str, ...]]) -> None:
    assert said(Record(issued=issued), "originInfo/dateIssued", "encoding", "keyDate") == dates


def test_a_term_is_one_group_of_labels_with_one_address() -> None:
    uri = "https://w3id.org/kim/hcrt/video"
    labels = said(Record(resource_type=uri), "genre", "valueURI", "altRepGroup", "xml:lang")
    assert [one[1:] for one in labels] == [(uri, "term-video", tag) for tag in ("ar", "fr", "en")]
    topics = said(
        Record(subjects=["http://vocabularies.unesco.org/thesaurus/concept132"]), "subject/topic", "authority"
    )
    assert topics == [("فيزياء", "unescot"), ("Physique", "unescot"), ("Physics", "unescot")]


def test_an_alignment_is_a_code_and_its_names() -> None:
    alignment = Alignment(kind="curriculum", target="8.3", framework="Programme", name=[Text(value="Light", lang="en")])
    record = Record(alignments=[alignment])
    assert said(record, "classification", "authority", "displayLabel", "altRepGroup") == [
        ("8.3", "Programme", "curriculum", "alignment-1")
    ]
    assert [node.get("altRepGroup") for node in found(record, "subject")] == ["alignment-1"]
    teaches = "http://purl.org/dcx/lrmi-vocabs/alignmentType/teaches"
    goal = Alignment(kind="sdg", target="http://metadata.un.org/sdg/4", relation=teaches, name=[])
    assert said(Record(alignments=[goal]), "classification", "authority", "displayLabel", "valueURI") == [
        ("4", "sdg", "sdg, teaches", "http://metadata.un.org/sdg/4")
    ]


@pytest.mark.parametrize(
    ("access", "right"),
    [
        (Access(), "c_abf2"),
        (Access.model_validate({"kind": "embargoed", "until": "2030-01-01"}), "c_f1cf"),
        (Access(kind="institution"), "c_16ec"),
        (Access(kind="metadata-only"), "c_14cb"),
    ],
)
def test_every_kind_of_access_has_its_address(access: Access, right: str) -> None:
    first = said(Record(access=access), "accessCondition", "type", "xlink:href")[0]
    assert first[1:] == ("restriction on access", f"http://purl.org/coar/access_right/{right}")
    available = said(Record(access=access), "originInfo/dateOther", "type")
    assert available == ([("2030-01-01", "available")] if access.until else [])


def test_what_teachers_need_is_in_notes_named_after_schema_org() -> None:
    record = Record(
        title=[Text(value="x", lang="fr")],
        study_time="PT45M",
        educational_use=["http://purl.org/dcx/lrmi-vocabs/educationalUse/assessment"],
        classroom=Classroom(devices=["phone"], internet="none", group_minimum=2, group_maximum=4, equipment=[]),
        age_range=AgeRange(minimum=6),
        citation_note=[Text(value="Citer ainsi", lang="fr")],
    )
    notes = {kind: (text, href) for text, kind, href in said(record, "note", "type", "xlink:href")}
    assert notes == {
        "preferred citation": ("Citer ainsi", None),
        "educationalUse": ("évaluation", "http://purl.org/dcx/lrmi-vocabs/educationalUse/assessment"),
        "timeRequired": ("PT45M", None),
        "device": ("phone", None),
        "internet connection": ("none", None),
        "group size": ("2-4", None),
    }
    assert said(record, "targetAudience", "displayLabel") == [("6-", "typical age range")]


def test_related_items_say_how_they_are_related() -> None:
    record = Record(
        part_of=[Reference(identifier="https://x.org/1", title="Whole")],
        parts=[Reference(identifier="urn:x:2")],
        translation_of=Reference(identifier="https://x.org/3"),
        sources=[Source(title="Atlas", creator="R. H.", licence="https://x.org/own", changes=[])],
    )
    kinds = [(node.get("type"), node.get("otherType")) for node in found(record, "relatedItem")]
    assert kinds == [("host", None), ("constituent", None), (None, "translationOfWork"), (None, "isBasedOn")]
    assert said(record, "relatedItem/accessCondition", "xlink:href") == [("https://x.org/own", "https://x.org/own")]
    assert said(record, "relatedItem/name/namePart") == [("R. H.",)]


@pytest.mark.parametrize(
    ("scheme", "value", "written"),
    [
        ("doi", "https://doi.org/10.1234/x", ("10.1234/x", "doi")),
        ("handle", "20.500.1/2", ("20.500.1/2", "hdl")),
        ("isbn", "978-3-16-148410-0", ("978-3-16-148410-0", "isbn")),
        ("url", "https://x.org/1", ("https://x.org/1", "uri")),
        ("other", "Cote 12 ب", ("Cote 12 ب", "local")),
    ],
)
def test_identifiers_have_their_types(scheme: str, value: str, written: tuple[str, str]) -> None:
    identifier = Identifier(scheme=scheme, value=value)  # type: ignore[arg-type]
    assert said(Record(identifiers=[identifier]), "identifier", "type") == [written]


def test_files_are_addresses_with_type_and_size() -> None:
    urls = said(Record(), "location/url", "displayLabel", "note", "access")
    assert urls[0] == ("https://oer.example.org/resources/k7m2p9qd", None, None, "object in context")
    assert [one[1:] for one in urls[1:]] == [
        ("درس.pdf", "application/pdf", "raw object"),
        ("v.mp4", "video/mp4", "raw object"),
    ]
    assert said(Record(), "physicalDescription/extent", "unit") == [("1", "bytes"), ("2", "bytes")]
