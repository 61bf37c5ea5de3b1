"""Real answers of real providers, dirty as they are, served over loopback: an examination ends, and finds the dirt."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from oai_endpoints import rules
from oai_server import Request, response, serving

from harvest import check
from harvest.addresses import EVERYWHERE
from harvest.check import Report, Scope
from harvest.fetching import Fetcher, Limits
from metadata import xml
from metadata.xml import Schema
from oer import installation

LIMITS = Limits(connect=5, silence=10, whole=30, tries=1)
# What is known to be wrong with them (README of the recordings), and one that is sound but for its age.
PROVIDERS = {
    "mla": {"token.refused"},
    "asu": {"xml.valid"},
    "dryad": {"xml.valid"},
    "erudit": {"xml.valid"},
    "sldr": {"xml.valid"},
    "pubmedcentral": set(),
    "utktrace": set(),
    "zenodo": set(),
}


@pytest.fixture(scope="module")
def recorded(shared: Path) -> Path:
    return shared / "recorded"


@pytest.fixture(scope="module")
def schemas(shared: Path) -> Schema:
    return xml.schema(shared / "xsd")


def arguments(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}


@contextmanager
def examined(
    answer: dict[str, bytes], pages: dict[str, bytes], schema: Schema | None, scope: Scope
) -> Iterator[Report]:
    """The report on a server that gives these answers by verb, and these pages by token."""

    def say(request: Request) -> bytes:
        asked = arguments(request.query.decode("latin-1"))
        token = asked.get("resumptionToken")
        # Whoever recorded these sent tokens as they stood in the answers, without encoding their percent signs.
        page = pages.get(token or "") or pages.get(unquote(token or ""))
        content = page if token is not None else answer.get(asked.get("verb", ""))
        return response(content or answer.get("", b""))

    with (
        serving(say) as said,
        Fetcher(agent="test", now=installation.utc_now, limits=LIMITS, reach=EVERYWHERE) as fetcher,
    ):
        yield check.check(f"{said.url}/oai", fetcher.fetch, scope=scope, now=installation.utc_now, schema=schema)


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_what_is_wrong_with_real_lists_is_found(recorded: Path, schemas: Schema, provider: str) -> None:
    index = json.loads((recorded / "index.json").read_text("utf-8"))
    pages: dict[str, bytes] = {}
    first = b""
    for entry in index:
        if entry.get("provider") == provider and entry["verb"] == "ListRecords":
            content = (recorded / entry["path"]).read_bytes()
            token = arguments(urlsplit(entry["request"]["url"]).query).get("resumptionToken")
            first = first or content
            if token is not None:
                pages[token] = content
    sickle = recorded / "sickle"
    answers = {
        "": (sickle / "badResumptionToken.xml").read_bytes(),
        "ListRecords": first,
        **{verb: (sickle / f"{verb}.xml").read_bytes() for verb in ("Identify", "ListMetadataFormats", "ListSets")},
    }
    scope = Scope(entries=0, sets=0, samples=1, prefix="oai_dc")
    with examined(answers, pages, schemas, scope) as report:
        assert rules(report) >= PROVIDERS[provider]
        [full] = [walk for walk in report.walks if walk.verb == "ListRecords" and not (walk.since or walk.until)]
        assert full.entries >= sum(entry.get("records", 0) for entry in index if entry.get("provider") == provider) > 0
        assert full.complete == ("token.refused" not in PROVIDERS[provider])
        assert json.dumps(asdict(report))


def test_every_recorded_answer_can_be_the_answer_to_everything(recorded: Path) -> None:
    small = [path for path in sorted(recorded.rglob("*.xml")) if path.stat().st_size < 20_000]
    assert len(small) > 50
    for path in small:
        content = path.read_bytes()
        scope = Scope(entries=5, sets=1, samples=1, formats=1)
        with examined({"": content}, {}, None, scope) as report:
            assert report.breaks, path
            assert json.dumps(asdict(report))


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("sickle/ListRecordsBroken.xml", "xml.malformed"),
        ("sickle/undefinedError.xml", "error.code"),
        ("vufindharvest/arbitrary_error_response.xml", "error.code"),
        ("sickle/badArgument.xml", "request.echo-on-error"),
        ("vufindharvest/list_records_response.xml", "header.complete"),
        ("recordmanager/qdc1.xml", "xml.root"),
        ("learningregistry/sample-GetRecord-list.xml", "xml.root"),
    ],
)
def test_single_answers_show_what_is_wrong_with_them(recorded: Path, name: str, rule: str) -> None:
    with examined({"": (recorded / name).read_bytes()}, {}, None, Scope(formats=1, sets=0)) as report:
        assert rule in rules(report)
