"""What every format promises: rich records as the golden files say; of any record valid bytes, the same each time."""

from collections.abc import Callable

import pytest
from formats import EMPTY, FILES, GOLDEN, NAMES, around, assert_golden, assert_revised, errors, golden_record
from hypothesis import given, settings
from lom_elements import without_our_terms
from lxml import etree
from marc import mistakes, read
from record_strategies import described

from metadata import xml
from metadata.crosswalks import FORMATS, Described, FileLink
from metadata.record import Access, Agent, Alignment, Contributor, Coverage, Identifier, Record, Reference, Source, Text

Check = Callable[[str, bytes, Described], None]

each_format = pytest.mark.parametrize("prefix", FORMATS)
each_golden = pytest.mark.parametrize("name", NAMES)

# Root element and schema, as those who harvest know them.
ROOTS = {
    "oai_dc": ("{http://www.openarchives.org/OAI/2.0/oai_dc/}dc", "http://www.openarchives.org/OAI/2.0/oai_dc.xsd"),
    "oai_dcterms": (
        "{http://www.openarchives.org/OAI/2.0/oai_dcterms/}dcterms",
        "http://www.openarchives.org/OAI/2.0/oai_dcterms.xsd",
    ),
    "lom": ("{http://ltsc.ieee.org/xsd/LOM}lom", "http://ltsc.ieee.org/xsd/lomv1.0/lomLoose.xsd"),
    "mods": ("{http://www.loc.gov/mods/v3}mods", "http://www.loc.gov/standards/mods/v3/mods-3-7.xsd"),
    "marc21": (
        "{http://www.loc.gov/MARC21/slim}record",
        "http://www.loc.gov/standards/marcxml/schema/MARC21slim.xsd",
    ),
    "oai_datacite": (
        "{http://datacite.org/schema/kernel-4}resource",
        "https://schema.datacite.org/meta/kernel-4/metadata.xsd",
    ),
    "oai_openaire": (
        "{http://namespace.openaire.eu/schema/oaire/}resource",
        "https://www.openaire.eu/schema/repo-lit/4.0/openaire.xsd",
    ),
    "mets": ("{http://www.loc.gov/METS/}mets", "http://www.loc.gov/standards/mets/mets.xsd"),
}


# ── what no schema says ──────────────────────────────────────────────────────────────────────────


def by_the_documentation(written: bytes, made: Described) -> None:
    """MARC 21: the documentation allows it all, and there is one title."""
    found = read(written)
    assert list(mistakes(found)) == []
    assert len(found.fields("245")) == any(title.value for title in made.record.title)


# DataCite 4.1, appendix 1: the lists that OpenAIRE's schema 4.0 includes. The schemas that the tests use know later
# ones as well, so what they let through must be held against these.
OLDER = {
    "contributorType": {
        *("ContactPerson", "DataCollector", "DataCurator", "DataManager", "Distributor", "Editor"),
        *("HostingInstitution", "Other", "Producer", "ProjectLeader", "ProjectManager", "ProjectMember"),
        *("RegistrationAgency", "RegistrationAuthority", "RelatedPerson", "ResearchGroup", "RightsHolder"),
        *("Researcher", "Sponsor", "Supervisor", "WorkPackageLeader"),
    },
    "relationType": {"IsVersionOf", "IsDerivedFrom", "IsPartOf", "HasPart"},
    "relatedIdentifierType": {"ARK", "DOI", "Handle", "ISBN", "ISSN", "URL", "URN"},
    "dateType": {"Accepted", "Available", "Issued"},
    "classificationCode": set[str](),
    "relationTypeInformation": set[str](),
}


def by_the_older_lists(written: bytes, made: Described) -> None:
    """OpenAIRE: nothing that came after DataCite 4.1."""
    said = [(key, value) for node in xml.parse(written).iter() for key, value in node.attrib.items()]
    assert [(key, value) for key, value in said if key in OLDER and value not in OLDER[str(key)]] == []


def whole(written: bytes, made: Described) -> None:
    """METS: each reference is met, and each file is in the structure once."""
    root = xml.parse(written)

    def all_of(element: str, attribute: str) -> list[str | None]:
        nodes = root.iter(f"{{{FORMATS['mets'].namespace}}}{element}")
        return [node.get(attribute) for node in nodes if attribute in node.attrib]

    ids = all_of("*", "ID")
    assert len(ids) == len(set(ids))
    assert all_of("fptr", "FILEID") == all_of("file", "ID")
    assert {*all_of("*", "DMDID"), *all_of("*", "ADMID")} <= set(ids)
    assert all_of("FLocat", xml.name("xlink:href")) == [file.url for file in made.files]


RULES = {"marc21": by_the_documentation, "oai_openaire": by_the_older_lists, "mets": whole}


@pytest.fixture(scope="session")
def assert_right(assert_valid: Callable[[bytes], None], strict: etree.XMLSchema) -> Check:
    """The bytes of a format are valid by its schemas and by what these cannot say."""

    def check(prefix: str, written: bytes, made: Described) -> None:
        assert_valid(written)
        if prefix == "lom":
            strict.assertValid(without_our_terms(written))
        if prefix in RULES:
            RULES[prefix](written, made)

    return check


BREAKS_A_SCHEMA = {
    "oai_dc": ("dc:title", "dc:titel"),
    "oai_dcterms": ('xsi:type="dcterms:W3CDTF">2', 'xsi:type="dcterms:W3CDTF">yesterday 2'),
    "lom": ("<dateTime>", "<dateTime>soon"),
    "mods": ("titleInfo", "titelInfo"),
    "marc21": ("<leader>00000n", "<leader>0000n"),
    "oai_datacite": ('resourceTypeGeneral="', 'resourceTypeGeneral="Lesson'),
    "oai_openaire": ("http://purl.org/coar/resource_type/", "http://purl.org/coar/type/"),
    "mets": ('SIZE="', 'SIZE="large'),
}
BREAKS_A_RULE = {
    "lom": ("<value>author<", "<value>writer<"),
    "marc21": ('ind1="7"', 'ind1="9"'),
    "oai_openaire": ('contributorType="HostingInstitution"', 'contributorType="Translator"'),
    "mets": ("/files/1/v.mp4", "/files/1/w.mp4"),
}


def broken(prefix: str, old: str, new: str) -> bytes:
    written = FORMATS[prefix].dump(around(golden_record("en")))
    assert old.encode() in written
    return written.replace(old.encode(), new.encode())


@each_format
def test_the_schemas_can_refuse(prefix: str, assert_valid: Callable[[bytes], None]) -> None:
    with pytest.raises(etree.DocumentInvalid):
        assert_valid(broken(prefix, *BREAKS_A_SCHEMA[prefix]))


@pytest.mark.parametrize("prefix", BREAKS_A_RULE)
def test_what_no_schema_says_can_refuse(
    prefix: str, assert_valid: Callable[[bytes], None], assert_right: Check
) -> None:
    written = broken(prefix, *BREAKS_A_RULE[prefix])
    assert_valid(written)
    with pytest.raises((AssertionError, etree.DocumentInvalid)):
        assert_right(prefix, written, around(golden_record("en")))


# ── rich records ─────────────────────────────────────────────────────────────────────────────────


def test_there_is_a_golden_file_in_each_language() -> None:
    assert {"ar", "fr", "en"} <= set(NAMES)


@each_golden
@each_format
def test_rich_records_are_written_as_the_golden_files_say(prefix: str, name: str) -> None:
    assert_golden(prefix, name)


@each_format
def test_what_a_format_writes_changes_with_its_revision(prefix: str) -> None:
    assert_revised(prefix)


@each_golden
@each_format
def test_golden_files_are_valid(prefix: str, name: str, assert_right: Check) -> None:
    assert_right(prefix, (GOLDEN / prefix / f"{name}.xml").read_bytes(), around(golden_record(name)))


@each_format
def test_the_root_is_listed_under_its_own_prefix(prefix: str) -> None:
    form, (root, schema) = FORMATS[prefix], ROOTS[prefix]
    found = xml.parse(form.dump(around(Record())))
    assert form.prefix == prefix
    assert form.revision
    assert root.startswith(f"{{{form.namespace}}}")
    assert found.tag == root
    assert found.get(xml.name("xsi:schemaLocation")) == f"{form.namespace} {form.schema}"
    assert form.schema == schema


# ── any record ───────────────────────────────────────────────────────────────────────────────────


def assert_every_format_right(made: Described, assert_right: Check) -> None:
    for prefix, form in FORMATS.items():
        try:
            written = form.dump(made)
            assert written == form.dump(made)
            assert not written.startswith(b"<?xml")
            assert b"ns0:" not in written
            assert_right(prefix, written, made)
            if form.load:
                assert errors(form.load(xml.parse(written)).record) == []
        except Exception as wrong:
            wrong.add_note(f"in the format {prefix}")
            raise


@settings(max_examples=100, deadline=None)
@given(made=described())
def test_every_legal_record_gives_right_bytes_and_the_same_each_time(made: Described, assert_right: Check) -> None:
    assert_every_format_right(made, assert_right)


@settings(max_examples=80, deadline=None)
@given(made=described(complete=False))
def test_drafts_and_unfinished_records_can_be_written_too(made: Described, assert_right: Check) -> None:
    assert_every_format_right(made, assert_right)


@each_format
def test_an_empty_record_can_be_written(prefix: str, assert_right: Check) -> None:
    assert_right(prefix, FORMATS[prefix].dump(EMPTY), EMPTY)


@each_format
def test_files_of_the_same_name_or_address_are_kept_apart(prefix: str, assert_right: Check) -> None:
    same = around(Record(), (FILES[0], FILES[0]))
    assert_right(prefix, FORMATS[prefix].dump(same), same)


ILLEGAL = Text(value="a\x00\ud800b", lang="not a tag")
STRANGE = {
    "illegal text": Record(
        title=[ILLEGAL],
        creators=[Agent(name="\x00")],
        languages=["not a tag", ""],
        rights_note=[ILLEGAL],
        rights_holder="\x01",
        licence="\x02 no uri",
    ),
    "nothing in it": Record(
        title=[Text(value="")], creators=[Agent(name="")], subjects=["not an IRI %"], licence="http://[x"
    ),
    "unknown terms": Record(
        title=[ILLEGAL, Text(value="", lang="fr")],
        languages=["not a tag", ""],
        creators=[Agent(name=""), Agent(name="X")],
        contributors=[Contributor(name="Y", role="no role")],
        resource_type="no type",
        subjects=["no subject"],
        levels=["no level"],
        licence="no licence",
        identifiers=[Identifier(scheme="isbn", value="12")],
        alignments=[Alignment(kind="sdg", target="", name=[])],
        parts=[Reference(identifier="")],
        play_time="P1Y",
        study_time="soon",
        coverage=Coverage(period="once", places=[]),
        access=Access(kind="embargoed"),
    ),
    "no addresses": Record(
        alignments=[Alignment(kind="curriculum", target="[ # ]", name=[Text(value="x")])],
        part_of=[Reference(identifier="not an IRI %zz"), Reference(identifier="")],
        sources=[Source(title="", changes=[])],
        identifiers=[Identifier(scheme="doi", value="doi:"), Identifier(scheme="handle", value="hdl:")],
    ),
    "no dates and places": Record(
        languages=["not a tag", "x y"],
        subjects=["http://[::1", "50 %"],
        created="2014-02-30",
        issued="0000",
        licence="https://x.org/100%",
        coverage=Coverage(countries=["Tunis", "XX"], period="2014-02-30/.."),
        identifiers=[Identifier(scheme="url", value="http://a b/%")],
    ),
}


@pytest.mark.parametrize("kind", STRANGE)
@each_format
def test_values_that_no_rule_has_seen_never_break_the_page(prefix: str, kind: str, assert_right: Check) -> None:
    file = FileLink("https://x.org/1", "\ud800.pdf", "application/pdf", 1, "0" * 64)
    made = around(STRANGE[kind], (file,))
    assert_right(prefix, FORMATS[prefix].dump(made), made)
