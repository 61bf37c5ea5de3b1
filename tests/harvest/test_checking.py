"""The examination of endpoints: what it reports, how far it goes, and that nothing makes it fail or accuse wrongly."""

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from factories import institution
from oai_endpoints import HEADERS, Asked, Endpoint, edited, kept, rules, told
from oai_partner import Partner

from harvest import check, protocol
from harvest.check import QUICK, Report, Scope
from harvest.check.examination import Fetch, base_of
from harvest.check.report import Walk
from harvest.check.rules import RULES
from harvest.fetching import Reply, Unanswered
from metadata import xml
from metadata.xml import Schema
from oer.db import transaction

URL = "https://oer.example.org/oai"


@pytest.fixture
def filled(partner: Partner) -> Partner:
    """Seven records, one of them withdrawn, the last change two days ago."""
    with transaction(partner.home.engine) as session:
        institution(session, "left", parent=institution(session, "top"))
    first, *_ = partner.publish(7, at="left")
    partner.watch.forward(hours=30)
    partner.withdraw(first)
    partner.watch.forward(days=2)
    return partner


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """An endpoint that no test changes, with all formats."""
    with kept(tmp_path_factory.mktemp("endpoint")) as made:
        yield made


@pytest.fixture(scope="session")
def schemas(shared: Path) -> Schema:
    return xml.schema(shared / "xsd")


def walks(report: Report, **wanted: object) -> list[Walk]:
    """Walks of records with these arguments."""
    lists = [walk for walk in report.walks if walk.verb != "ListSets"]
    return [walk for walk in lists if all(getattr(walk, name) == value for name, value in wanted.items())]


# ── What is reported ─────────────────────────────────────────────────────────────────────────────


def test_our_own_endpoint_breaks_nothing_in_any_format(endpoint: Endpoint, schemas: Schema) -> None:
    report = endpoint.check(schema=schemas)
    assert told(report) == []
    assert {"range.finer", "error.set-unsupported", "http.retry-after"} <= set(report.unexamined)
    assert len(report.examined) > 90


def test_a_report_tells_what_was_seen(endpoint: Endpoint) -> None:
    report = endpoint.check()
    assert (report.url, report.started) == (URL, "2026-03-07T02:01:10Z")
    assert report.repository == endpoint.partner.repository.name
    assert (report.granularity, report.deleted_record) == ("YYYY-MM-DDThh:mm:ssZ", "persistent")
    assert "oai_dc" in report.formats
    [sets] = [walk for walk in report.walks if walk.verb == "ListSets"]
    assert (sets.entries, sets.complete) == (report.sets, True)
    [full, headers] = walks(report, prefix="oai_dc", within="", since="", until="")
    assert (full.verb, headers.verb) == ("ListRecords", "ListIdentifiers")
    for walk in (full, headers):
        assert (walk.pages, walk.entries, walk.deleted, walk.complete, walk.changing) == (3, 8, 2, True, False)
    assert report.records == sum(walk.entries for walk in report.walks if walk.verb == "ListRecords")
    assert set(report.examined) | set(report.unexamined) == set(RULES)


def test_a_report_is_json_as_it_stands(endpoint: Endpoint) -> None:
    report = endpoint.check(edited("<adminEmail>.*</adminEmail>", ""))
    read = json.loads(json.dumps(asdict(report)))
    [finding] = read["findings"]
    assert (finding["rule"], finding["severity"], finding["section"]) == ("identify.complete", "breaks", "4.2")
    [example] = finding["examples"]
    assert example["request"] == f"{URL}?verb=Identify"
    assert example["params"] == {"name": "adminEmail", "number": 0}


def test_breaches_and_warnings_are_told_apart(endpoint: Endpoint) -> None:
    report = endpoint.check(edited(r"<\?xml.*?\?>", ""), edited("<protocolVersion>2.0", "<protocolVersion>1"))
    assert [finding.rule for finding in report.breaks] == ["identify.version"]
    assert [finding.rule for finding in report.warns] == ["xml.declaration"]


def test_of_many_breaches_a_few_are_shown_and_all_are_counted(endpoint: Endpoint) -> None:
    report = endpoint.check(edited("<identifier>oai:", "<identifier>oai "))
    [finding] = [finding for finding in report.findings if finding.rule == "header.identifier"]
    assert finding.count > 30
    assert len({str(example.params) for example in finding.examples}) == len(finding.examples) == 3


def test_schemas_find_what_nothing_else_does(endpoint: Endpoint, schemas: Schema) -> None:
    spoil = edited("(<dc:title[^>]*>)", r"\1<dc:nonsense/>", verb="GetRecord")
    assert rules(endpoint.check(spoil)) == set()
    report = endpoint.check(spoil, schema=schemas)
    assert rules(report) == {"xml.valid"}
    assert report.schemas
    [example, *_] = report.findings[0].examples
    assert "nonsense" in str(example.params["reason"])
    assert report.findings[0].count > len(report.findings[0].examples) == 1
    assert "xml.valid" in endpoint.check().unexamined


def test_a_format_without_a_schema_is_told_and_not_held_against_anybody(endpoint: Endpoint, schemas: Schema) -> None:
    report = endpoint.check(
        edited("http://www.openarchives.org/OAI/2.0/oai_dc/", "https://example.org/own/"), schema=schemas
    )
    [finding] = report.warns
    assert finding.rule == "xml.schema-missing"
    assert finding.examples[0].params == {"namespace": "https://example.org/own/"}
    assert rules(report) == {"xml.schema-missing", "formats.oai-dc"}


# ── How far it goes ──────────────────────────────────────────────────────────────────────────────


def test_a_limit_of_entries_ends_a_list_and_what_needs_its_end_is_not_looked_at(endpoint: Endpoint) -> None:
    report = endpoint.check(scope=Scope(entries=4))
    assert told(report) == []
    for walk in walks(report, prefix="oai_dc", within="", since="", until=""):
        assert (walk.pages, walk.entries, walk.complete) == (2, 6, False)
    assert "list.differs" in report.unexamined
    assert "list.differs" in endpoint.check(scope=Scope(entries=8)).examined


def test_quick_asks_less(endpoint: Endpoint) -> None:
    quick, whole = (endpoint.check(scope=scope) for scope in (QUICK, Scope()))
    assert told(quick) == []
    assert quick.requests < whole.requests
    assert max(walk.pages for walk in quick.walks) == 2
    assert len({walk.within for walk in walks(quick)}) == 2


def test_one_set_and_one_format_can_be_kept_to(endpoint: Endpoint) -> None:
    report = endpoint.check(scope=Scope(within="institution:top", prefix="oai_dc"))
    assert told(report) == []
    assert {walk.within for walk in walks(report)} == {"institution:top"}
    assert {walk.prefix for walk in walks(report)} == {"oai_dc"}


def test_a_set_or_a_format_that_is_not_there_is_no_failure(endpoint: Endpoint) -> None:
    assert rules(endpoint.check(scope=Scope(prefix="nonsense"))) == {"list.refused"}
    assert rules(endpoint.check(scope=Scope(within="nonsense"))) == set()


def test_sets_with_records_are_walked_before_others(filled: Partner) -> None:
    with transaction(filled.home.engine) as session:
        institution(session, "a-new-one")
    report = Endpoint(filled).check(scope=Scope(sets=2))
    assert {walk.within for walk in report.walks if walk.within} == {"institution", "institution:top"}


def test_an_empty_repository_breaks_nothing(partner: Partner) -> None:
    partner.watch.forward(days=2)
    report = Endpoint(partner).check()
    assert rules(report) <= {"error.set-unsupported"}
    assert not report.breaks
    assert "get.differs" in report.unexamined


def test_progress_is_told_request_by_request(filled: Partner) -> None:
    seen: list[int] = []
    report = check.check(URL, live(filled), scope=QUICK, now=filled.watch, told=seen.append)
    assert seen == list(range(1, report.requests + 1))


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("https://a.org/oai", "https://a.org/oai"),
        (" https://a.org/oai ", "https://a.org/oai"),
        ("https://a.org/oai?verb=Identify", "https://a.org/oai"),
        ("https://a.org/oai?set=a&verb=ListRecords#top", "https://a.org/oai"),
        ("https://a.org/oai?", "https://a.org/oai"),
        ("https://a.org/index.php?page=oai", "https://a.org/index.php?page=oai"),
    ],
)
def test_the_base_url_is_found_in_an_address_that_was_copied(given: str, wanted: str) -> None:
    assert base_of(given) == wanted


# ── Endpoints that change, move, or fall silent ──────────────────────────────────────────────────


def live(partner: Partner, before: Callable[[], None] = lambda: None) -> Fetch:
    """Our provider as it is at each request, after something that happens before it."""

    def fetch(
        url: str, *, form: bytes | None = None, headers: Mapping[str, str] | None = None, ill: bool = True
    ) -> Reply:
        before()
        query = urlsplit(url).query.encode() if form is None else form
        return Reply(url, 200, HEADERS, partner.raw(*protocol.form_pairs(query)))

    return fetch


@pytest.mark.parametrize("seed", range(4))
def test_nobody_is_accused_of_what_changed_meanwhile(filled: Partner, seed: int) -> None:
    chance = random.Random(seed)
    locals_ = filled.begin("ListIdentifiers").ids

    def something() -> None:
        filled.watch.forward(seconds=chance.choice([0, 0, 1]))
        match chance.randrange(12):
            case 0:
                locals_.extend(filled.publish(at="left"))
            case 1:
                filled.touch(chance.choice(locals_))
            case 2 if len(locals_) > 2:
                filled.withdraw(locals_.pop(chance.randrange(len(locals_))))
            case 3:
                filled.move(chance.choice(locals_), chance.choice(["left", "top"]))

    filled.withdraw(locals_.pop(0))  # so that something begins as it did not end
    locals_[:] = [local for local in locals_ if not _gone(filled, local)]
    scope = Scope(sets=3, formats=2)
    report = check.check(URL, live(filled, something), scope=scope, now=filled.watch)
    assert told(report) == []


def _gone(partner: Partner, local: str) -> bool:
    answer = partner.ask("GetRecord", "oai_dc", identifier=f"oai:{partner.home.repository_id}:{local}")
    return answer.headers[0].deleted


def test_an_endpoint_that_has_moved_is_asked_where_it_is(filled: Partner) -> None:
    asked: list[str] = []

    def fetch(url: str, **options: object) -> Reply:
        asked.append(url)
        found = live(filled)(url, **options)  # type: ignore[arg-type]
        return replace(found, url=url.replace("http:", "https:"), moved=url.startswith("http:"))

    report = check.check("http://oer.example.org/oai", fetch, scope=QUICK, now=filled.watch)
    assert rules(report) == {"http.moved"}
    assert asked[0].startswith("http:")
    assert all(url.startswith("https:") for url in asked[1:])


def broken_after(partner: Partner, requests: int, how: Unanswered | Reply) -> Fetch:
    """Our provider for so many requests, and then something else for ever."""
    left = [requests]

    def fetch(url: str, **options: object) -> Reply:
        left[0] -= 1
        if left[0] >= 0:
            return live(partner)(url, **options)  # type: ignore[arg-type]
        if isinstance(how, Unanswered):
            raise how
        return how

    return fetch


GONE = Unanswered("fetch.no-answer", url=URL, reason="Connection refused")
PAGE = Reply(URL, 200, {"content-type": "text/html"}, b"<!doctype html><p>hello")


def test_nobody_there_is_told_at_once(filled: Partner) -> None:
    report = check.check(URL, broken_after(filled, 0, GONE), scope=Scope(), now=filled.watch)
    assert (report.stopped, report.requests) == ("unreachable", 1)
    assert report.reason is not None
    assert (report.reason.seen, report.reason.params["reason"]) == ("fetch.no-answer", "Connection refused")


def test_who_falls_silent_is_not_asked_for_ever(filled: Partner) -> None:
    report = check.check(URL, broken_after(filled, 10, GONE), scope=Scope(), now=filled.watch)
    assert (report.stopped, report.requests) == ("silent", 13)
    assert rules(report) == {"http.answer"}
    assert report.findings[0].count == 3


def test_one_request_without_an_answer_ends_nothing(filled: Partner) -> None:
    endpoint = Endpoint(filled)

    def once(asked: Asked, inner: Callable[[Asked], Reply]) -> Reply:
        if asked.verb == "ListSets" and len(asked.pairs) == 1:
            raise GONE
        return inner(asked)

    report = endpoint.check(once)
    assert (rules(report), report.stopped) == ({"http.answer"}, "")


@pytest.mark.parametrize("how", [PAGE, Reply(URL, 404, {}, b"gone"), Reply(URL, 200, HEADERS, b"<rss/>")])
def test_what_is_no_oai_pmh_is_told_after_two_requests(filled: Partner, how: Reply) -> None:
    report = check.check(URL, broken_after(filled, 0, how), scope=Scope(), now=filled.watch)
    assert (report.stopped, report.requests) == ("not-oai-pmh", 2)
    assert report.breaks


@pytest.mark.parametrize("how", [PAGE, Reply(URL, 503, {}, b""), Reply(URL, 200, HEADERS, b"<OAI-PMH/>")])
@pytest.mark.parametrize("after", [1, 2, 3, 5, 8, 13, 40])
def test_an_endpoint_that_breaks_on_the_way_is_reported_to_the_end(filled: Partner, how: Reply, after: int) -> None:
    report = check.check(URL, broken_after(filled, after, how), scope=QUICK, now=filled.watch)
    assert report.stopped == ""
    assert report.breaks
