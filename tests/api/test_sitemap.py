"""What search engines are told of, and what they are kept from."""

from pathlib import Path
from urllib.robotparser import RobotFileParser

import factories
import mirror
import pytest
from factories import Watch
from lxml import etree
from mirror import BASE, Ask, Checked, entries, is_index, loc, locs
from starlette.testclient import TestClient

from api import app
from harvest import sitemaps
from oer import publishing
from oer.db import transaction
from oer.installation import Installation
from oer.policy import OPERATOR

XHTML = "{http://www.w3.org/1999/xhtml}"


def landing(public_id: str) -> str:
    return f"{BASE}/resources/{public_id}"


def alternates(node: etree._Element) -> dict[str, str]:
    return {link.get("hreflang", ""): link.get("href", "") for link in node.findall(f"{XHTML}link")}


def resources(root: etree._Element) -> list[str]:
    return [path for path in locs(root) if "/resources/" in path]


def test_every_public_page_is_there_and_nothing_else(client: TestClient, ask: Ask, home: Installation) -> None:
    factories.drafted(home, files={"d.txt": b"d"})
    shown, closed, gone, hidden = (
        factories.published(home, files={"x.txt": b"%d" % number}, described=factories.record(access={"kind": kind}))
        for number, kind in enumerate(["open", "institution", "open", "open"])
    )
    with transaction(home.engine) as session:
        step = {"reason": "rights", "repository_id": home.repository_id, "now": home.now()}
        publishing.withdraw(session, OPERATOR, gone, **step)  # type: ignore[arg-type]
        publishing.hide(session, OPERATOR, hidden, **step)  # type: ignore[arg-type]
    root = ask("/sitemap.xml")
    assert resources(root) == [landing(shown), landing(closed)]
    assert {f"{BASE}/", f"{BASE}/api"} <= set(locs(root))
    for path in locs(root):
        answer = client.get(path.removeprefix(BASE), headers={"accept": "text/html"})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert len(locs(root)) == len(set(locs(root)))


def test_the_date_is_that_of_the_last_change(ask: Ask, home: Installation, watch: Watch) -> None:
    watch.forward(days=1)
    factories.published(home)
    watch.forward(days=1)
    dates = [node.findtext(f"{mirror.SITEMAP}lastmod") for node in entries(ask("/sitemap.xml"))]
    assert [date for date in dates if date] == ["2026-03-02T08:00:00Z"]


def test_a_page_is_named_in_all_languages_and_says_so_itself(client: TestClient, ask: Ask, home: Installation) -> None:
    public_id = factories.published(home)
    [node] = [node for node in entries(ask("/sitemap.xml")) if loc(node) == landing(public_id)]
    wanted = {lang: f"{landing(public_id)}?lang={lang}" for lang in ("ar", "fr", "en")}
    assert alternates(node) == wanted | {"x-default": landing(public_id)}
    for lang, address in alternates(node).items():
        answer = client.get(address.removeprefix(BASE), headers={"accept": "text/html", "accept-language": "en"})
        assert answer.headers["content-language"] == ("en" if lang == "x-default" else lang)
        head = etree.HTML(answer.text).findall("head/link")
        named = {link.get("hreflang"): link.get("href") for link in head if link.get("hreflang")}
        assert named == alternates(node)
        assert [link.get("href") for link in head if link.get("rel") == "canonical"] == [address]


def test_pages_that_do_not_say_so_are_listed_in_every_language(ask: Ask) -> None:
    root = ask("/sitemap.xml")
    assert len(locs(root)) == len(sitemaps.PAGES) * 4
    for node in entries(root):
        assert loc(node) in alternates(node).values()


def test_a_language_that_nobody_offers_is_no_address_of_its_own(client: TestClient, home: Installation) -> None:
    public_id = factories.published(home)
    page = etree.HTML(client.get(f"/resources/{public_id}?lang=de", headers={"accept": "text/html"}).text)
    assert [link.get("href") for link in page.findall("head/link") if link.get("rel") == "canonical"] == [
        landing(public_id)
    ]


def test_a_site_of_one_language_has_no_alternates(tmp_path: Path, watch: Watch, checked: Checked) -> None:
    with factories.opened(tmp_path / "one", now=watch, languages="fr") as home:
        public_id = factories.published(home)
        with TestClient(app.create(home)) as client:
            text = client.get("/sitemap.xml").text
            page = client.get(f"/resources/{public_id}", headers={"accept": "text/html"}).text
    assert locs(checked(text.encode())) == [f"{BASE}/", f"{BASE}/api", landing(public_id)]
    assert "xhtml" not in text
    assert '<link rel="alternate" hreflang' not in page


def test_a_long_one_has_an_index(small: tuple[Installation, Ask], watch: Watch) -> None:
    home, ask = small
    public_ids = [factories.published(home, files={"a.txt": b"%d" % number}) for number in range(7)]
    watch.forward(minutes=1)
    public_ids.append(factories.published(home))
    index = ask("/sitemap.xml")
    assert is_index(index)
    pages, *parts = entries(index)
    assert resources(ask(loc(pages).removeprefix(BASE))) == []
    assert f"{BASE}/" in locs(ask(loc(pages).removeprefix(BASE)))
    found = [locs(ask(loc(part).removeprefix(BASE))) for part in parts]
    assert [len(one) for one in found] == [3, 3, 2]
    assert [path for one in found for path in one] == [landing(public_id) for public_id in public_ids]
    assert [part.findtext(f"{mirror.SITEMAP}lastmod") for part in parts] == [
        "2026-03-01T08:00:00Z",
        "2026-03-01T08:00:00Z",
        "2026-03-01T08:01:00Z",
    ]


def test_what_stays_as_it_is_while_others_change_is_missed_by_nobody(small: tuple[Installation, Ask]) -> None:
    home, ask = small
    first, *others = (factories.published(home, files={"a.txt": b"%d" % number}) for number in range(7))
    _, one, *rest = locs(ask("/sitemap.xml"))
    found = set(locs(ask(one.removeprefix(BASE))))
    with transaction(home.engine) as session:
        step = {"repository_id": home.repository_id, "now": home.now()}
        publishing.withdraw(session, OPERATOR, others[3], reason="rights", **step)
        publishing.withdraw(session, OPERATOR, others[4], reason="rights", **step)
        publishing.restore(session, OPERATOR, others[4], **step)
    for path in rest:
        found |= set(locs(ask(path.removeprefix(BASE))))
    assert found >= {landing(one) for one in (first, *others) if one not in others[3:5]}
    again = {path for part in locs(ask("/sitemap.xml"))[1:] for path in locs(ask(part.removeprefix(BASE)))}
    assert again == {landing(one) for one in (first, *others) if one != others[3]}


def test_robots_are_told_where_it_is(client: TestClient) -> None:
    answer = client.get("/robots.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    robots = RobotFileParser()
    robots.parse(answer.text.splitlines())
    assert robots.site_maps() == [f"{BASE}/sitemap.xml"]
    for path, allowed in (("/", True), ("/resources/7k3v9qm2xd", True), ("/oai?verb=Identify", False)):
        assert robots.can_fetch("*", path) is allowed


@pytest.mark.parametrize("path", ["/sitemap/x.xml", "/sitemap/1-1.xml", "/sitemap/", "/sitemap"])
def test_what_no_index_names_is_not_there(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_who_has_it_gets_304(client: TestClient, home: Installation) -> None:
    factories.published(home)
    for path in ("/sitemap.xml", "/sitemap/pages.xml", "/sitemap/0.xml"):
        first = client.get(path)
        assert client.get(path, headers={"if-none-match": first.headers["etag"]}).status_code == 304
        head = client.head(path)
        assert (head.content, head.headers["etag"]) == (b"", first.headers["etag"])
