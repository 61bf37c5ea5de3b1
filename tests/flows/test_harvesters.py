"""Harvesters that others wrote take everything in every format, learn of withdrawals, and keep up with changes."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import serving
from conftest import ROOT
from fault_counts import TIMEOUT, count
from lxml import etree
from oaipmh_scythe import Scythe
from serving import Home
from sickle import Sickle
from sickle.oaiexceptions import NoRecordsMatch

from metadata.crosswalks import FORMATS
from metadata.oai_record import datestamp
from metadata.xml import NAMESPACES
from oer.client import Client as Rest

RECORDS = count(230, 10_000)  # never on one page
FOLLOWED = ("oai_dc", "lom")

pytestmark = pytest.mark.timeout(TIMEOUT)


@dataclass
class Holdings:
    """What harvesters must find. ``states``: whether the record of each OAI identifier is deleted."""

    home: Home
    withdrawn: set[str] = field(default_factory=set)
    states: dict[str, bool] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"{self.home.url}/oai"

    def live(self) -> list[str]:
        return [identifier for identifier, deleted in self.states.items() if not deleted]

    def look(self) -> None:
        """What is published, as REST has it, and what was withdrawn here."""
        with Rest(self.home.url) as rest:
            published = [resource.oai_identifier for resource in rest.resources()]
        self.states = dict.fromkeys(published, False) | dict.fromkeys(self.withdrawn, True)

    def withdraw(self, identifier: str) -> None:
        self.home.oer("withdraw", local(identifier), "--reason", "duplicate")
        self.withdrawn.add(identifier)

    def change(self) -> set[str]:
        """One record is withdrawn, one brought back, three are new. The identifiers of all five."""
        before, back, gone = set(self.states), min(self.withdrawn), min(self.live())
        self.withdraw(gone)
        self.home.oer("restore", local(back))
        self.withdrawn.remove(back)
        self.home.oer("bench", "seed", 3)
        self.look()
        return self.states.keys() - before | {back, gone}


def local(identifier: str) -> str:
    return identifier.rpartition(":")[2]


@pytest.fixture(scope="module")
def holdings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Holdings]:
    """A served installation with many records, two of them withdrawn when half of the others were not there yet."""
    with serving.home(tmp_path_factory.mktemp("harvest")) as home:
        home.oer("bench", "seed", RECORDS // 2)
        with serving.serving(home):
            found = Holdings(home)
            found.look()
            for identifier in found.live()[:2]:
                found.withdraw(identifier)
            home.oer("bench", "seed", RECORDS - RECORDS // 2, "--seed", "2")
            found.look()
            assert len(found.states) == RECORDS
            yield found


# ── The harvesters ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Taken:
    """One record as a harvester gave it: the namespace of its description, and all words in it."""

    identifier: str
    deleted: bool
    namespace: str = ""
    words: str = ""


Harvester = Callable[[str, str, str | None], list[Taken]]  # base URL, metadata prefix, from


def _described(identifier: str, deleted: bool, record: etree._Element) -> Taken:
    description = record.find("{*}metadata/*")
    if description is None:
        return Taken(identifier, deleted)
    return Taken(identifier, deleted, etree.QName(description).namespace or "", words(description))


def words(description: etree._Element) -> str:
    return " ".join("".join(description.itertext()).split())


def sickle(url: str, prefix: str, since: str | None) -> list[Taken]:
    wanted = {"metadataPrefix": prefix} | ({"from": since} if since else {})
    return [_described(one.header.identifier, one.deleted, one.xml) for one in Sickle(url).ListRecords(**wanted)]


def scythe(url: str, prefix: str, since: str | None) -> list[Taken]:
    with Scythe(url) as source:
        records = source.list_records(metadata_prefix=prefix, from_=since)
        return [_described(one.header.identifier, one.deleted, one.xml) for one in records]


# By callback: without one, the harvester keeps the records of its last page only.
_PERL = r"""
use HTTP::OAI;
binmode STDOUT, ':encoding(UTF-8)';
my ($url, $prefix, $since) = @ARGV;
my $source = HTTP::OAI::Harvester->new(baseURL => $url);
my $answer = $source->ListRecords(metadataPrefix => $prefix, ($since ? (from => $since) : ()), onRecord => sub {
    my ($record) = @_;
    my ($description) = $record->metadata ? $record->metadata->dom->firstChild->nonBlankChildNodes : ();
    my @said = $description ? ($description->namespaceURI, join ' ', split ' ', $description->textContent) : ('', '');
    print join("\t", $record->identifier, ($record->is_deleted ? 1 : 0), @said), "\n";
});
die $answer->message if $answer->is_error;
"""


def http_oai(url: str, prefix: str, since: str | None) -> list[Taken]:
    if subprocess.run(["perl", "-MHTTP::OAI", "-e1"], capture_output=True, check=False).returncode:
        serving.servers.missing("HTTP::OAI is not installed (package libhttp-oai-perl)")
    command = ["perl", "-e", _PERL, url, prefix, *([since] if since else [])]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=TIMEOUT)
    assert done.returncode == 0, done.stderr
    rows = (line.split("\t") for line in done.stdout.splitlines())
    return [Taken(identifier, deleted == "1", *said) for identifier, deleted, *said in rows]


HARVESTERS = [sickle, scythe, pytest.param(http_oai, marks=pytest.mark.clients)]


def by_identifier(taken: list[Taken]) -> dict[str, Taken]:
    """None is there twice in a list that did not change."""
    found = {one.identifier: one for one in taken}
    assert len(found) == len(taken)
    return found


def states(taken: dict[str, Taken]) -> dict[str, bool]:
    return {identifier: one.deleted for identifier, one in taken.items()}


# ── What they find ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("prefix", FOLLOWED)
@pytest.mark.parametrize("harvest", HARVESTERS)
def test_everything_is_taken(holdings: Holdings, harvest: Harvester, prefix: str) -> None:
    found = by_identifier(harvest(holdings.url, prefix, None))
    assert states(found) == holdings.states
    assert {one.namespace for one in found.values() if not one.deleted} == {FORMATS[prefix].namespace}
    assert {one.words for one in found.values() if one.deleted} == {""}
    with Rest(holdings.home.url) as rest:
        for identifier in holdings.live()[:: RECORDS // 5]:
            written = rest.rendered(local(identifier), prefix)
            assert found[identifier].words == words(etree.fromstring(written))


@pytest.mark.parametrize("harvest", HARVESTERS)
def test_changes_are_taken(holdings: Holdings, harvest: Harvester) -> None:
    """What a harvester has, with what has changed since it began, is what is there now."""
    since = Sickle(holdings.url).harvest(verb="Identify").xml.findtext("{*}responseDate")
    before = {prefix: by_identifier(harvest(holdings.url, prefix, None)) for prefix in FOLLOWED}
    changed = holdings.change()
    for prefix, had in before.items():
        news = by_identifier(harvest(holdings.url, prefix, since))
        assert changed <= news.keys()
        assert len(news) < len(had), "an increment, not everything once more"
        assert states(had | news) == holdings.states


def test_windows_of_time_that_touch_give_every_record_once(holdings: Holdings) -> None:
    """Some harvesters never ask for the whole list, but for one month or one day after the other."""
    source = Sickle(holdings.url)
    answer = source.harvest(verb="Identify").xml
    first, last = (answer.findtext(path) for path in (".//{*}earliestDatestamp", "{*}responseDate"))
    begin, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
    found: list[str] = []
    while begin <= end:
        until = begin + timedelta(seconds=4)
        window = {"from": datestamp(begin), "until": datestamp(until)}
        with suppress(NoRecordsMatch):
            found += [header.identifier for header in source.ListIdentifiers(metadataPrefix="oai_dc", **window)]
        begin = until + timedelta(seconds=1)
    assert sorted(found) == sorted(holdings.states)
    days = {"from": first[:10], "until": last[:10]}
    whole = [header.identifier for header in source.ListIdentifiers(metadataPrefix="oai_dc", **days)]
    assert sorted(whole) == sorted(holdings.states)


def test_sets_are_taken(holdings: Holdings) -> None:
    source = Sickle(holdings.url)
    spec = "institution:bench-league:bench-university:bench-chair"
    assert spec in {found.setSpec for found in source.ListSets()}
    inside = {header.identifier for header in source.ListIdentifiers(metadataPrefix="oai_dc", set=spec)}
    headers = source.ListIdentifiers(metadataPrefix="oai_dc")
    assert inside == {header.identifier for header in headers if spec in header.setSpecs}


def test_every_answer_of_a_full_harvest_is_valid(holdings: Holdings, shared: Path) -> None:
    schema = etree.XMLSchema(etree.parse(shared / "xsd" / "all.xsd"))
    source = Sickle(holdings.url)

    def ask(verb: str, **arguments: str) -> etree._Element:
        document = etree.fromstring(source.harvest(verb=verb, **arguments).raw.encode())
        schema.assertValid(document)
        return document[2]

    for verb in ("Identify", "ListMetadataFormats", "ListSets", "Nonsense"):
        ask(verb)
    for identifier in (min(holdings.withdrawn), "oai:elsewhere:1"):
        ask("GetRecord", identifier=identifier, metadataPrefix="oai_dc")
    for verb, prefix in [("ListIdentifiers", "oai_dc"), *(("ListRecords", prefix) for prefix in FORMATS)]:
        sent, arguments = 0, {"metadataPrefix": prefix}
        while arguments:
            *items, token = ask(verb, **arguments)
            assert (token.get("cursor"), token.get("completeListSize")) == (str(sent), str(len(holdings.states)))
            sent += len(items)
            arguments = {"resumptionToken": token.text} if token.text else {}
        assert sent == len(holdings.states)


def test_the_samples_are_valid_in_every_format(tmp_path: Path, shared: Path) -> None:
    schema = etree.XMLSchema(etree.parse(shared / "xsd" / "all.xsd"))
    with serving.home(tmp_path) as home:
        home.oer("institution", "add", "library", "--ar", "المكتبة", "--kind", "organisation")
        index = ROOT / "tests" / "samples" / "index.json"
        home.oer("import", index, "--files", shared / "samples", "--institution", "library", "--publish")
        home.oer("worker", "--once")
        with serving.serving(home):
            source = Sickle(f"{home.url}/oai")
            answers = {prefix: source.harvest(verb="ListRecords", metadataPrefix=prefix) for prefix in FORMATS}
    for prefix, answer in answers.items():
        document = etree.fromstring(answer.raw.encode())
        schema.assertValid(document)
        assert len(document.findall(f".//{{{NAMESPACES['oai']}}}record")) == 49, prefix
