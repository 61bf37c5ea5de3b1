"""PostgreSQL's text search, which ours is measured against, is asked the same and finds the same."""

from collections.abc import Iterator
from pathlib import Path

import command_line
import pytest
from command_line import Terminal
from databases import database
from factories import published, record
from searching import index

from metadata.record import Text
from oer.cli import finding
from oer.cli.yardstick import Yardstick
from oer.installation import Installation
from oer.search.answers import Question

SERVER = pytest.mark.skipif("not __import__('os').environ.get('OER_TEST_DATABASE_URL')", reason="about PostgreSQL")
LEVELS = [f"https://w3id.org/kim/educationalLevel/level_{number}" for number in (1, 2)]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with command_line.opened(tmp_path) as made:
        yield made


@SERVER
def test_it_finds_and_counts_what_we_do(home: Installation, tmp_path: Path) -> None:
    for number, (title, levels) in enumerate([("Water", LEVELS), ("Water and light", LEVELS[:1]), ("Sound", [])]):
        described = record(levels=levels, languages=["en", "fr"][: 1 + number])
        published(home, described=described.model_copy(update={"title": [Text(value=title, lang="en")]}))
    index(home)
    texts = ["water", "sound OR light", "", "شيء"]
    asked = [Question(text=text, facets=finding.FACETS) for text in texts]
    asked += [Question(text="water", facets=finding.FACETS, chosen={"level": LEVELS[1:], "language": ["fr", "en"]})]
    with database(tmp_path) as url, Yardstick(url).filled(home), Yardstick(url).line() as line:
        for question in asked:
            ours, theirs = home.search.find(question), line.find(question)
            assert set(theirs.get("hits", {})) == {str(one) for one in ours.ids}, question
            for facet in ("type", "level", "language", "subject"):
                assert theirs.get(facet, {}) == ours.counts[facet], (question, facet)
            assert sum(theirs.get("institution", {}).values()) == ours.total


@SERVER
def test_the_measurement_tells_both(terminal: Terminal, tmp_path: Path) -> None:
    with database(tmp_path) as url:
        told = terminal.good("bench", "search", "--records", "60", "--rounds", "1", "--postgresql", url).out
    assert told.count("PostgreSQL") == 1 + 6  # kinds of questions


def test_no_database_is_no_surprise(terminal: Terminal) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    found = terminal("bench", "search", "--postgresql", nowhere, "--json")
    assert "bench.no-postgresql" in found.out
    assert found.code != 0
