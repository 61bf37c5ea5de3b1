from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from formats import EMPTY, FILES, PUBLISHED, around, golden_record
from lxml import etree

from metadata import xml
from metadata.crosswalks import Described, FileLink, mets
from metadata.oai_record import header
from metadata.record import Access, Identifier, Record

SPACES = {"m": mets.NAMESPACE, "x": xml.NAMESPACES["xlink"], "t": xml.NAMESPACES["dcterms"]}
HREF = xml.name("xlink:href")


def written(record: Record, files: Sequence[FileLink] = FILES) -> etree._Element:
    return xml.parse(mets.dump(around(record, tuple(files))))


def found(root: etree._Element, path: str) -> list[etree._Element]:
    return root.xpath(path, namespaces=SPACES)


def test_an_empty_record_still_has_its_structure() -> None:
    root = xml.parse(mets.dump(EMPTY))
    assert root.attrib["OBJID"] == "oai:x.org:1"
    assert "LABEL" not in root.attrib
    assert found(root, "m:fileSec") == []
    assert len(found(root, "m:structMap/m:div")) == 1
    assert found(root, "//m:fptr | //m:agent | //m:altRecordID") == []


def test_a_harvester_can_follow_each_file_to_its_bytes() -> None:
    """Arabic names stay percent-encoded in the address, and are readable beside it."""
    first, second = found(written(golden_record("ar")), "m:fileSec/m:fileGrp/m:file")
    assert dict(first.attrib) == {
        "ID": "oai_oer.example.org_k7m2p9qd_file-1", "SEQ": "1", "MIMETYPE": "application/pdf", "SIZE": "1",
        "CHECKSUM": "0" * 64, "CHECKSUMTYPE": "SHA-256",
    }  # fmt: skip
    place = first[0]
    assert place.get("LOCTYPE") == "URL"
    assert place.get(HREF) == "https://oer.example.org/files/1/%D8%AF%D8%B1%D8%B3.pdf"
    assert place.get(xml.name("xlink:title")) == "درس.pdf"
    assert second[0].get(HREF) == "https://oer.example.org/files/1/v.mp4?a=1&b=2"


def test_two_records_on_one_page_share_no_id(assert_valid: Callable[[bytes], None]) -> None:
    """An ID is unique in its document, and that is the whole answer."""
    first, other = (
        mets.dump(Described(f"oai:x.org:{name}", "https://x.org/1", Record(), (), PUBLISHED, 1, FILES)) for name in "ab"
    )
    between = b"</metadata></record><record>" + header("oai:x.org:b", PUBLISHED) + b"<metadata>"
    assert_valid(first + between + other)
    with pytest.raises(etree.DocumentInvalid, match="not a valid value of the atomic type 'xs:ID'"):
        assert_valid(first + between + first)


def test_the_header_knows_no_clock_but_the_moment_of_publication() -> None:
    elsewhere = PUBLISHED.astimezone(timezone(timedelta(hours=3)))
    for moment in (PUBLISHED, elsewhere, datetime(2024, 3, 1, 23, 30, 0, 999, tzinfo=UTC)):
        root = xml.parse(mets.dump(Described("oai:x.org:1", "https://x.org/1", Record(), (), moment, 1, FILES)))
        assert found(root, "m:metsHdr")[0].get("CREATEDATE") == "2024-03-01T23:30:00Z"
        assert found(root, "//m:fileGrp")[0].get("VERSDATE") == "2024-03-01T23:30:00Z"


def test_one_institution_is_one_agent_and_who_holds_the_rights_another() -> None:
    agents = found(written(Record(rights_holder="دار النشر")), "m:metsHdr/m:agent")
    assert [(agent.get("ROLE"), agent.get("TYPE"), agent[0].text) for agent in agents] == [
        ("CUSTODIAN", "ORGANIZATION", "جامعة المثال"),
        ("IPOWNER", None, "دار النشر"),
    ]


def test_other_identifiers_stand_in_the_header_with_their_scheme() -> None:
    given = [Identifier(scheme="doi", value="https://doi.org/10.1234/x"), Identifier(scheme="other", value="Cote 12")]
    shown = found(written(Record(identifiers=given)), "m:metsHdr/m:altRecordID")
    assert [(node.get("TYPE"), node.text) for node in shown] == [("DOI", "10.1234/x"), (None, "Cote 12")]


def rights(record: Record) -> list[tuple[str, str | None]]:
    terms = found(written(record), "m:amdSec/m:rightsMD/m:mdWrap/m:xmlData/t:*")
    return [(etree.QName(node).localname, node.text) for node in terms if node.get(xml.name("xml:lang")) is None]


def test_the_licence_is_an_address_and_not_confused_with_access() -> None:
    uri = "https://creativecommons.org/licenses/by/4.0/"
    embargoed = Access(kind="embargoed", until=date(2031, 5, 1))
    assert rights(Record(licence=uri, access=embargoed, rights_holder="x")) == [
        ("accessRights", "info:eu-repo/semantics/embargoedAccess"),
        ("available", "2031-05-01"),
        ("license", uri),
        ("rightsHolder", "x"),
    ]


def test_a_licence_that_nobody_knows_is_told_as_it_is_written() -> None:
    assert ("license", "All rights reserved") in rights(Record(licence="All rights reserved"))


def test_the_structure_names_each_file_in_order() -> None:
    divisions = found(written(golden_record("ar")), "m:structMap/m:div/m:div")
    assert [(node.get("ORDER"), node.get("LABEL")) for node in divisions] == [("1", "درس.pdf"), ("2", "v.mp4")]


def test_the_version_of_what_is_wrapped_is_told() -> None:
    (wrap,) = found(written(golden_record("fr")), "m:dmdSec/m:mdWrap")
    assert wrap.get("MDTYPEVERSION") == wrap[0][0].get("version")


def test_what_is_wrapped_is_what_its_own_format_says() -> None:
    made = around(golden_record("fr"))
    (kind,) = {node.get("MDTYPE") for node in found(xml.parse(mets.dump(made)), "m:dmdSec/m:mdWrap")}
    (inner,) = found(xml.parse(mets.dump(made)), "m:dmdSec/m:mdWrap/m:xmlData/*")
    assert kind == "MODS"
    assert etree.tostring(inner, method="c14n", exclusive=True) == etree.tostring(
        xml.parse(mets.mods.dump(made)), method="c14n", exclusive=True
    )


def test_a_change_of_what_is_wrapped_is_a_new_revision() -> None:
    assert mets.REVISION.endswith(f".{mets.mods.REVISION}")
