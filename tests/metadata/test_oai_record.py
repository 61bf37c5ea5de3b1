from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata import xml
from metadata.oai_record import as_deleted, body, datestamp, header, record, rights

STAMP = datetime(2024, 5, 17, 8, 30, tzinfo=UTC)


def test_a_datestamp_is_utc_in_whole_seconds() -> None:
    assert datestamp(STAMP) == "2024-05-17T08:30:00Z"
    assert datestamp(STAMP.replace(microsecond=999_999)) == "2024-05-17T08:30:00Z"
    assert datestamp(datetime(2024, 5, 17, 0, 30, tzinfo=timezone(timedelta(hours=1)))) == "2024-05-16T23:30:00Z"
    assert datestamp(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00Z"


def test_a_moment_without_a_zone_has_no_datestamp() -> None:
    with pytest.raises(ValueError, match="time zone"):
        datestamp(STAMP.replace(tzinfo=None))


def test_a_header_lists_every_set_in_order() -> None:
    assert header("oai:x.org:1", STAMP, ["b", "a:c"]) == (
        b"<header><identifier>oai:x.org:1</identifier><datestamp>2024-05-17T08:30:00Z</datestamp>"
        b"<setSpec>b</setSpec><setSpec>a:c</setSpec></header>"
    )


def test_a_deleted_record_is_its_header_alone() -> None:
    head = header("oai:x.org:1", STAMP, deleted=True)
    assert head.startswith(b'<header status="deleted">')
    assert record(head) == b"<record>" + head + b"</record>"


def test_the_tombstone_of_a_format_is_the_header_marked_as_deleted() -> None:
    assert as_deleted(header("oai:x.org:1", STAMP, ["b"])) == header("oai:x.org:1", STAMP, ["b"], deleted=True)


def test_a_record_holds_metadata_and_each_about_in_a_container_of_its_own() -> None:
    assert record(b"<header/>", body(b"<m/>", [b"<r/>", b"<p/>"])) == (
        b"<record><header/><metadata><m/></metadata><about><r/></about><about><p/></about></record>"
    )


def test_the_licence_of_a_description_is_a_reference() -> None:
    envelope = b'<about xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">%b</about>'
    [read] = xml.parse(envelope % rights('https://example.org/?a=1&b="2"'))
    assert [(node.tag, dict(node.attrib)) for node in read] == [
        (xml.name("rights:rightsReference"), {"ref": 'https://example.org/?a=1&b="2"'})
    ]


@given(st.text(), st.lists(st.text(), max_size=3))
def test_identifiers_and_sets_are_escaped(identifier: str, sets: list[str]) -> None:
    read = xml.parse(record(header(identifier, STAMP, sets), body(b"<m/>")))
    assert (read.findtext("header/identifier") or "") == xml.legal(identifier)
    assert [node.text or "" for node in read.findall("header/setSpec")] == [xml.legal(spec) for spec in sets]
