"""Programs get XML and people a page, at one address."""

from collections.abc import Mapping

import factories
import pytest
from starlette.testclient import TestClient

from api import app
from metadata import xml
from oer.errors import Unavailable
from oer.installation import Installation

FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
BROWSER = {"accept": FIREFOX, "sec-fetch-mode": "navigate", "upgrade-insecure-requests": "1"}
CHROME = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)
BROWSERS: Mapping[str, Mapping[str, str]] = {
    "chrome": {"accept": CHROME, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"},
    "chrome over http": {"accept": CHROME, "upgrade-insecure-requests": "1"},
    "firefox": {"accept": FIREFOX, "sec-fetch-mode": "navigate", "upgrade-insecure-requests": "1"},
    "firefox 120": {
        "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
        "upgrade-insecure-requests": "1",
    },
    "safari": {"accept": FIREFOX, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"},
    "safari over http": {"accept": FIREFOX, "upgrade-insecure-requests": "1"},
}
JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"
PROGRAMS: Mapping[str, Mapping[str, str]] = {
    "nothing (LWP, Go, HTTP::OAI)": {},
    "curl, wget, Ruby": {"accept": "*/*"},
    "requests, sickle": {"accept": "*/*", "accept-encoding": "gzip, deflate", "user-agent": "python-requests/2.32.3"},
    "java": {"accept": JAVA, "user-agent": "Java/1.8.0_392"},
    "java 21": {"accept": "text/html, image/gif, image/jpeg, */*; q=0.2", "user-agent": "Java/21.0.1"},
    "oclc harvester2": {
        "accept": JAVA,
        "user-agent": "OAIHarvester/2.0",
        "accept-encoding": "compress, gzip, identify",
    },
    "scrapy (oeh-search-etl)": {
        "accept": FIREFOX,
        "accept-language": "en",
        "user-agent": "Scrapy/2.11 (+https://x.org)",
    },
    "R oai": {"accept": "application/json, text/xml, application/xml, */*"},
    "spring": {"accept": "application/xml, text/xml, application/*+xml"},
    "xml": {"accept": "text/xml"},
    "xml rather than html": {**BROWSER, "accept": "text/xml,application/xml,application/xhtml+xml,text/html;q=0.9"},
    "xml as well as html": {**BROWSER, "accept": "text/html,application/xhtml+xml,text/xml"},
    "html refused": {**BROWSER, "accept": "text/html;q=0,application/xhtml+xml,*/*"},
    "a search engine": {"accept": FIREFOX, "user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"},
    "a script within a page": {"accept": FIREFOX, "sec-fetch-mode": "cors"},
    "a script that asks for everything": {"accept": "*/*", "sec-fetch-mode": "no-cors"},
    "noise": {**BROWSER, "accept": "text/html;q=x,;,/,application/xhtml+xml;;q=,\u00fftext/html;q=9"},
}
QUERIES = ("", "?verb=Identify", "?verb=ListSets", "?verb=ListRecords&metadataPrefix=oai_dc", "?verb=Nothing")


def test_no_program_ever_gets_a_page(client: TestClient, home: Installation) -> None:
    factories.published(home)
    del client.headers["accept"], client.headers["user-agent"]
    for name, headers in PROGRAMS.items():
        for query in QUERIES:
            answer = client.get(f"/oai{query}", headers={each: value.encode() for each, value in headers.items()})
            assert answer.headers["content-type"] == "text/xml; charset=utf-8", (name, query)
            assert xml.parse(answer.content).tag == xml.name("oai:OAI-PMH")


def test_a_browser_gets_a_page_at_the_same_address(client: TestClient) -> None:
    for name, headers in BROWSERS.items():
        for query in QUERIES:
            for answer in (client.get(f"/oai{query}", headers=headers), client.head(f"/oai{query}", headers=headers)):
                assert answer.status_code == 200, (name, query)
                assert answer.headers["content-type"] == "text/html; charset=utf-8", (name, query)


def test_who_asks_by_post_gets_xml_even_in_a_browser(client: TestClient) -> None:
    for headers in BROWSERS.values():
        answer = client.post("/oai", data={"verb": "Identify"}, headers=headers)
        assert answer.headers["content-type"] == "text/xml; charset=utf-8"
        # The browser's own viewer of XML needs its style; nothing in the answer may run.
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'unsafe-inline';")


def test_caches_are_told_what_the_answer_depends_on(client: TestClient) -> None:
    wanted = {"accept", "sec-fetch-mode", "upgrade-insecure-requests", "accept-encoding"}
    for headers in ({}, BROWSER):
        told = {name.strip().lower() for name in client.get("/oai", headers=headers).headers["vary"].split(",")}
        assert wanted <= told
        assert ("accept-language" in told) == bool(headers)


def test_a_refusal_is_a_page_for_people_and_a_document_for_programs(
    home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise Unavailable("database.busy")

    monkeypatch.setattr("oer.queries.records.clock", fail)
    with TestClient(app.create(home)) as client:
        for url in ("/oai", "/oai?verb=Identify"):
            for headers, kind in ((BROWSER, "text/html; charset=utf-8"), ({}, "application/problem+json")):
                answer = client.get(url, headers=headers)
                assert (answer.status_code, answer.headers["content-type"]) == (503, kind)
                assert answer.headers["retry-after"] == "5"
