from collections.abc import Callable

import pytest
from formats import GOLDEN, NAMES, PUBLISHED, around, assert_golden, golden_record
from hypothesis import given, settings
from lxml import etree
from marc import mistakes, read
from record_strategies import described

from metadata import xml
from metadata.crosswalks import Described, marc21
from metadata.record import Access, Agent, Alignment, Contributor, Coverage, Identifier, Record, Text

dump = marc21.dump


@pytest.mark.parametrize("name", NAMES)
def test_rich_records_are_written_as_the_golden_files_say(name: str) -> None:
    assert_golden(dump, "marc21", name)


@pytest.mark.parametrize("name", NAMES)
def test_golden_files_are_valid_by_schema_and_documentation(name: str, assert_valid: Callable[[bytes], None]) -> None:
    written = (GOLDEN / "marc21" / f"{name}.xml").read_bytes()
    assert_valid(written)
    assert list(mistakes(read(written))) == []


@settings(max_examples=100, deadline=None)
@given(made=described())
def test_every_legal_record_gives_valid_bytes_and_the_same_each_time(
    made: Described, assert_valid: Callable[[bytes], None]
) -> None:
    written = dump(made)
    assert written == dump(made)
    assert not written.startswith(b"<?xml")
    assert_valid(written)
    found = read(written)
    assert list(mistakes(found)) == []
    assert len(found.fields("245")) == 1


@settings(max_examples=80, deadline=None)
@given(made=described(complete=False))
def test_drafts_and_unfinished_records_can_be_written_too(
    made: Described, assert_valid: Callable[[bytes], None]
) -> None:
    written = dump(made)
    assert_valid(written)
    assert list(mistakes(read(written))) == []


def test_the_checks_can_fail(assert_valid: Callable[[bytes], None]) -> None:
    wrong = xml.element("marc:record", default="marc")
    xml.sub(wrong, "marc:leader", "00000nam a22 4500")
    with pytest.raises(etree.DocumentInvalid):
        assert_valid(xml.tobytes(wrong))
    right = read(dump(around(golden_record("en"))))
    bad_field = right.data[0]._replace(indicators="99")
    assert list(mistakes(right._replace(data=[bad_field]))) != []
    assert list(mistakes(right._replace(data=right.data[::-1]))) != []
    assert list(mistakes(right._replace(leader="x"))) != []


def test_values_that_no_rule_has_seen_never_break_the_page(assert_valid: Callable[[bytes], None]) -> None:
    strange = Record(
        title=[Text(value="a\x00\ud800b", lang="not a tag"), Text(value="", lang="fr")],
        languages=["not a tag", ""],
        creators=[Agent(name=""), Agent(name="X")],
        contributors=[Contributor(name="Y", role="no role")],
        resource_type="no type",
        subjects=["no subject"],
        levels=["no level"],
        licence="no licence",
        identifiers=[Identifier(scheme="isbn", value="12")],
        alignments=[Alignment(kind="sdg", target="", name=[])],
        play_time="P1Y",
        study_time="soon",
        coverage=Coverage(period="once", places=[]),
        access=Access(kind="embargoed"),
    )
    written = dump(around(strange))
    assert_valid(written)
    assert list(mistakes(read(written))) == []


def test_an_empty_record_still_says_where_it_is(assert_valid: Callable[[bytes], None]) -> None:
    written = dump(Described("oai:x.org:1", "https://x.org/1", Record(), (), PUBLISHED))
    assert_valid(written)
    found = read(written)
    tags = [field.tag for field in found.data]
    assert tags == ["024", "040", "250", "264", "300", "336", "337", "338", "347", "506", "856", "884"]
    assert found.fields("040")[0].subfields == (("a", "x.org"), ("b", "eng"), ("c", "x.org"))


def test_root_names_the_schema() -> None:
    root = xml.parse(dump(around(Record())))
    assert etree.QName(root).namespace == "http://www.loc.gov/MARC21/slim"
    assert root.get(xml.name("xsi:schemaLocation")) == f"{marc21.NAMESPACE} {marc21.SCHEMA}"
