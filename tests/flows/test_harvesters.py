"""Harvesters that others wrote take everything, and learn of a withdrawal."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import serving
from conftest import ROOT
from lxml import etree
from oaipmh_scythe import Scythe
from serving import Home
from sickle import Sickle

RECORDS = 230


@pytest.fixture(scope="module")
def harvested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, str]]:
    """A served installation with many records, one of them withdrawn; and the withdrawn one's OAI identifier."""
    with serving.home(tmp_path_factory.mktemp("harvest")) as home:
        home.oer("bench", "seed", RECORDS)
        with serving.serving(home):
            first = next(iter(Sickle(f"{home.url}/oai").ListIdentifiers(metadataPrefix="oai_dc")))
            home.oer("withdraw", first.identifier.rpartition(":")[2], "--reason", "duplicate")
            yield home, first.identifier


def test_sickle_takes_everything(harvested: tuple[Home, str]) -> None:
    home, gone = harvested
    records = list(Sickle(f"{home.url}/oai").ListRecords(metadataPrefix="oai_dc"))
    assert len({record.header.identifier for record in records}) == len(records) == RECORDS
    assert [record.header.identifier for record in records if record.deleted] == [gone]
    assert all(record.metadata["title"] for record in records if not record.deleted)
    sets = {found.setSpec for found in Sickle(f"{home.url}/oai").ListSets()}
    assert "institution:bench-league:bench-university:bench-chair" in sets


def test_sickle_takes_what_is_new(harvested: tuple[Home, str]) -> None:
    home, gone = harvested
    source = Sickle(f"{home.url}/oai")
    stamp = source.GetRecord(identifier=gone, metadataPrefix="oai_dc").header.datestamp
    changed = {
        header.identifier: header for header in source.ListIdentifiers(metadataPrefix="oai_dc", **{"from": stamp})
    }
    assert changed[gone].deleted


def test_oaipmh_scythe_takes_everything(harvested: tuple[Home, str]) -> None:
    home, gone = harvested
    with Scythe(f"{home.url}/oai") as source:
        records = list(source.list_records(metadata_prefix="oai_dc"))
    assert len({record.header.identifier for record in records}) == len(records) == RECORDS
    assert [record.header.identifier for record in records if record.deleted] == [gone]


# By callback: without one, the harvester keeps the records of its last page only.
_PERL = r"""
use HTTP::OAI;
my $source = HTTP::OAI::Harvester->new(baseURL => $ARGV[0]);
my $answer = $source->ListRecords(metadataPrefix => 'oai_dc', onRecord => sub {
    my ($record) = @_;
    print $record->identifier, "\t", ($record->is_deleted ? 'deleted' : 'live'), "\n";
});
die $answer->message if $answer->is_error;
"""


@pytest.mark.clients
def test_http_oai_takes_everything(harvested: tuple[Home, str]) -> None:
    home, gone = harvested
    if subprocess.run(["perl", "-MHTTP::OAI", "-e1"], capture_output=True, check=False).returncode:
        serving.servers.missing("HTTP::OAI is not installed (package libhttp-oai-perl)")
    done = subprocess.run(
        ["perl", "-e", _PERL, f"{home.url}/oai"], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found = dict(line.split("\t") for line in done.stdout.splitlines())
    assert len(found) == RECORDS
    assert [identifier for identifier, state in found.items() if state == "deleted"] == [gone]


def test_every_answer_of_a_full_harvest_is_valid(harvested: tuple[Home, str], shared: Path) -> None:
    home, gone = harvested
    schema = etree.XMLSchema(etree.parse(shared / "xsd" / "all.xsd"))
    source = Sickle(f"{home.url}/oai")
    questions = [
        {"verb": "Identify"},
        {"verb": "ListMetadataFormats"},
        {"verb": "ListSets"},
        {"verb": "GetRecord", "identifier": gone, "metadataPrefix": "oai_dc"},
        {"verb": "GetRecord", "identifier": "oai:elsewhere:1", "metadataPrefix": "oai_dc"},
        {"verb": "Nonsense"},
    ]
    questions.extend({"verb": verb, "metadataPrefix": "oai_dc"} for verb in ("ListRecords", "ListIdentifiers"))
    seen = 0
    while questions:
        answer = source.harvest(**questions.pop())
        document = etree.fromstring(answer.raw.encode())
        schema.assertValid(document)
        seen += 1
        token = document.findtext(".//{*}resumptionToken")
        if token:
            questions.append({"verb": document.find("{*}request").get("verb"), "resumptionToken": token})
    assert seen == 6 + 2 * 3, "two lists of three pages each, and six single answers"


def test_the_samples_are_valid_in_oai_dc(tmp_path: Path, shared: Path) -> None:
    schema = etree.XMLSchema(etree.parse(shared / "xsd" / "all.xsd"))
    with serving.home(tmp_path) as home:
        home.oer("institution", "add", "library", "--ar", "المكتبة", "--kind", "organisation")
        index = ROOT / "tests" / "samples" / "index.json"
        home.oer("import", index, "--files", shared / "samples", "--institution", "library", "--publish")
        home.oer("worker", "--once")
        with serving.serving(home):
            answer = Sickle(f"{home.url}/oai").harvest(verb="ListRecords", metadataPrefix="oai_dc")
    document = etree.fromstring(answer.raw.encode())
    schema.assertValid(document)
    assert len(document.findall(".//{*}record")) == 49
