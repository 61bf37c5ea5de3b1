"""An OAI-PMH provider under test, whose every answer is checked against the schemas."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from factories import Watch, opened
from lxml import etree
from oai_partner import Answer, Partner

from harvest import provider


@pytest.fixture(scope="session")
def schema(shared: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(shared / "xsd" / "all.xsd"))


@pytest.fixture(scope="session")
def checked(schema: etree.XMLSchema) -> Callable[[bytes], Answer]:
    """The answer in these bytes, valid by the schemas or the test fails."""

    def check(document: bytes) -> Answer:
        root = etree.fromstring(document)
        schema.assertValid(root)
        return Answer(root)

    return check


@pytest.fixture
def partner(tmp_path: Path, checked: Callable[[bytes], Answer]) -> Iterator[Partner]:
    """An empty repository with pages of three."""
    watch = Watch()
    with opened(tmp_path, now=watch, oai_page_size=3) as home:
        yield Partner(home, watch, provider.repository_of(home), checked)
