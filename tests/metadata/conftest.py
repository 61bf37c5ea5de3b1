"""Renderings of records under test, set into a response and checked against the schemas."""

from collections.abc import Callable
from pathlib import Path

import formats
import pytest
from lxml import etree

from metadata.oai_record import body, header, record


@pytest.fixture(scope="session")
def assert_valid(shared: Path) -> Callable[[bytes], None]:
    """The bytes of one format's ``<metadata>`` content are valid within an OAI-PMH response, or the test fails."""
    schema = etree.XMLSchema(etree.parse(shared / "xsd" / "all.xsd"))

    def check(written: bytes) -> None:
        head = header("oai:oer.example.org:k7m2p9qd", formats.PUBLISHED, ["university:physics"])
        response = (
            b'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/" '
            b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><responseDate>2024-05-17T08:30:00Z</responseDate>'
            b'<request verb="ListRecords" metadataPrefix="oai_dc">https://oer.example.org/oai</request><ListRecords>'
            + record(head, body(written))
            + b"</ListRecords></OAI-PMH>"
        )
        schema.assertValid(etree.fromstring(response))

    return check


@pytest.fixture(scope="session")
def strict(shared: Path) -> etree.XMLSchema:
    """The schema of LOM that knows no vocabulary but LOM's own."""
    return etree.XMLSchema(etree.parse(shared / "xsd" / "all-lomstrict.xsd"))
