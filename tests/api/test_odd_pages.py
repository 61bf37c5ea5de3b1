"""Pages asked for in ways that nobody plans, and showing what is seldom there: never a fault of ours, nothing wrong."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import asgi
import factories
import pytest
from factories import act, collected, published, record
from html_pages import Page
from sqlmodel import select
from starlette.testclient import TestClient

from api import app
from api.pages import shelves
from oer import collections, institutions, queries
from oer.db import reading, transaction
from oer.extraction import decoding
from oer.installation import Installation
from oer.models import VersionFile
from oer.search import following
from oer.units import Item, Unit

BROWSER = {"accept": "text/html", "accept-language": "en"}
FILE = {"a.txt": b"x"}


def page(client: TestClient, path: str, status: int = 200) -> Page:
    answer = client.get(path, headers=BROWSER)
    assert answer.status_code == status, answer.text
    return Page(answer.text)


def links(found: Page) -> list[str]:
    return [link.get("href") or "" for link in found.all("a")]


def indexed(home: Installation) -> None:
    following.catch_up_here(home.engine, home.search.folder)


# ── odd questions ────────────────────────────────────────────────────────────────────────────────


def test_words_in_an_address_need_no_signs_of_percent(home: Installation) -> None:
    """As newcomers type it, ``curl '…?q=الماء'``. The server leaves those bytes as they came."""
    public_id = published(home, described=record("دورة الماء"))
    indexed(home)
    served = app.create(home)
    found = asgi.ask(served, "GET", "/api/resources", {}, query="q=الماء&limit=5")
    assert [one["id"] for one in json.loads(found.content)["items"]] == [public_id]
    shown = asgi.ask(served, "GET", "/search", {"accept": "text/html"}, query="q=الماء").content.decode()
    assert f"/resources/{public_id}" in shown
    assert 'value="الماء"' in shown
    feed = ElementTree.fromstring(asgi.ask(served, "GET", "/api/feed", {}, query="q=الماء").content)
    links = {link.get("rel"): link.get("href") or "" for link in feed.iter("{http://www.w3.org/2005/Atom}link")}
    assert parse_qsl(urlsplit(links["self"]).query) == [("q", "الماء")]
    assert all(href.isascii() for href in links.values())


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/search?sort=x&cursor={'c' * 501}", 422),
        (f"/search?sort=x&q={'q' * 1001}", 422),
        (f"/search?q={'q' * 1001}&cursor={'c' * 501}", 422),
        (f"/collections?cursor={'c' * 501}", 422),
        ("/collections?cursor=nonsense", 422),
        (f"/resources/{'9' * 4301}", 404),
        ("/resources/0000000000/versions/" + "9" * 4301, 404),
    ],
)
def test_what_is_too_long_or_wrong_twice_is_refused(
    client: TestClient, home: Installation, path: str, status: int
) -> None:
    indexed(home)
    assert client.get(path, headers=BROWSER, follow_redirects=False).status_code == status


def test_a_refusal_is_no_page_that_is_known(client: TestClient, home: Installation) -> None:
    indexed(home)
    refused = client.get("/search?sort=x", headers=BROWSER)
    again = client.get("/search?sort=x", headers=BROWSER | {"if-none-match": "*"})
    assert (refused.status_code, again.status_code) == (422, 422)
    assert again.text == refused.text
    assert refused.headers["cache-control"] == "no-store"
    assert "default-src" in refused.headers["content-security-policy"]


def test_an_index_that_is_not_there_yet_says_when(client: TestClient) -> None:
    answer = client.get("/search", headers=BROWSER)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("referrer", ["http://[", "http://[::1", "//", "http://a b/"])
def test_whatever_page_led_to_the_preferences(client: TestClient, referrer: str) -> None:
    answer = client.get("/preferences", headers=BROWSER | {"referer": referrer})
    assert answer.status_code == 200


@pytest.mark.parametrize("asked", ["subject=0541", "type=video", "language=ar-TN", "size=small", "source=own"])
def test_every_choice_can_be_taken_back(client: TestClient, home: Installation, asked: str) -> None:
    for code in ("0541", "0232"):
        published(home, files=FILE, described=record(subjects=[f"http://data.europa.eu/snb/isced-f/{code}"]))
    indexed(home)
    found = page(client, f"/search?{asked}")
    chips = [link["href"] or "" for link in found.all("a") if link.get("class") == "chip" and "data-swap" in link]
    assert [dict(parse_qsl(urlsplit(chip).query)) for chip in chips] == [{}]
    assert not [words for words in found.words if words.startswith("site.")]


def test_the_name_of_a_repository_is_cut_between_letters(home: Installation) -> None:
    named = replace(home, settings=home.settings.model_copy(update={"repository_name": "Open resources & more" * 3}))
    with TestClient(app.create(named)) as client:
        described = ElementTree.fromstring(client.get("/opensearch.xml").content)
    assert described.findtext("{*}ShortName") == "Open resources &"


# ── what is seldom there ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("role", ["light", "preview"])
def test_a_resource_without_a_main_file_has_a_page(client: TestClient, home: Installation, role: str) -> None:
    public_id = published(home, files=FILE)
    with transaction(home.engine) as session:
        (file,) = session.exec(select(VersionFile)).all()
        file.role = role
    found = page(client, f"/resources/{public_id}")
    taken = [link for link in links(found) if link.endswith("/files/a.txt")]
    assert taken


@pytest.mark.parametrize(
    "declared", ["undefined", "idna", "unicode_escape", "base64", "utf-7", "punycode", "no-such-thing"]
)
def test_whatever_encoding_a_file_declares(client: TestClient, home: Installation, declared: str) -> None:
    text = f'<meta charset="{declared}"><p>'.encode() + rb"caf\xe9 \ud800 " + b"caf\xe9 \xff</p>"
    public_id = published(home, files={"a.html": text, "b.txt": text})
    page(client, f"/resources/{public_id}")


@pytest.mark.parametrize(
    ("declared", "content"),
    [
        ("windows-1256", "درس".encode("cp1256")),
        ("x-mac-arabic", "درس".encode("cp1256")),
        ("ISO-8859-6", "درس".encode("iso8859-6")),
        ("gb18030", "课".encode("gb18030")),
        ("shift_jis", "授業".encode("shift_jis")),
        ("koi8-r", "урок".encode("koi8-r")),
    ],
)
def test_texts_of_many_encodings_are_read(declared: str, content: bytes) -> None:
    read = decoding.decoded(f'<meta charset="{declared}">'.encode() + content * 40)
    assert read.partition(">")[2][:3] in ("درس", "课课课", "授業授", "уро")


def test_a_long_line_behind_a_short_one_is_shown(client: TestClient, home: Installation) -> None:
    words = "كلمة ".encode() * 40_000
    public_id = published(home, files={"a.html": b"<!doctype html>\n<p>" + words, "b.txt": "عنوان\n".encode() + words})
    answer = client.get(f"/resources/{public_id}", headers=BROWSER)
    assert answer.text.count("كلمة كلمة") > 3000
    assert len(answer.content) < 150_000, "what is shown of a text has its bounds"


def test_a_text_without_lines_is_cut_between_letters(client: TestClient, home: Installation) -> None:
    for shift in range(2):
        public_id = published(home, files={"a.txt": b"a" * shift + "سطر طويل ".encode() * 4000})
        answer = client.get(f"/resources/{public_id}", headers=BROWSER)
        assert "سطر طويل سطر طويل" in answer.text


def test_a_table_keeps_its_cells_and_says_what_it_leaves_out(client: TestClient, home: Installation) -> None:
    wide = ",".join(f"c{number}" for number in range(30))
    public_id = published(
        home, files={"a.csv": 'a,b\n"one\ntwo",x\u2028y\n'.encode(), "b.csv": f"{wide}\n{wide}\n".encode()}
    )
    text = client.get(f"/resources/{public_id}", headers=BROWSER).text
    assert "one\ntwo" in text
    assert "x\u2028y" in text
    assert text.count("This is only the beginning") == 1


def test_a_page_that_begins_with_its_looks_is_shown_all_the_same(client: TestClient, home: Installation) -> None:
    looks = b"<style>" + b"p { color: red }\n" * 2000 + b"</style>"
    public_id = published(home, files={"a.html": looks + "<p>الكلمات</p>".encode(), "b.html": looks})
    found = client.get(f"/resources/{public_id}", headers=BROWSER).text
    assert "الكلمات" in found
    assert found.count('<figure class="preview">') == 1


def test_a_past_version_names_no_file_of_the_current_one(
    client: TestClient, home: Installation, publish: Callable[..., str], revise: Callable[..., None]
) -> None:
    public_id = publish({"a.pdf": (b"%PDF-1.4", "application/pdf")})
    current = client.get(f"/resources/{public_id}", headers=BROWSER)
    assert 'rel="item"' in current.headers["link"]
    assert "citation_pdf_url" in current.text
    revise(public_id, {"a.pdf": (b"%PDF-1.5", "application/pdf")})
    past = client.get(f"/resources/{public_id}/versions/1", headers=BROWSER)
    assert past.status_code == 200
    assert 'rel="item"' not in past.headers["link"]
    assert "citation_pdf_url" not in past.text


# ── trees and shelves ────────────────────────────────────────────────────────────────────────────


def test_an_institution_that_has_moved_is_found_the_way_it_stands_now(client: TestClient, home: Installation) -> None:
    with transaction(home.engine) as session:
        lower = factories.institution(session, "lower")
        factories.institution(session, "higher")
        factories.institution(session, "lowest", parent=lower)
    act(home, institutions.edit, "lower", {"parent": "higher"}, repository_id=home.repository_id)
    public_id = published(home, at="lowest", files=FILE)
    indexed(home)
    found = page(client, "/institutions/lowest")
    assert [link for link in links(found) if link.startswith("/institutions/")][:2] == [
        "/institutions/higher",
        "/institutions/lower",
    ]
    address = next(link for link in links(found) if "&set=" in link)
    assert address.endswith("set=institution:higher:lower:lowest")
    assert public_id in client.get(address.removeprefix("https://oer.example.org")).text
    steps = [link for link in links(page(client, f"/resources/{public_id}")) if link.startswith("/institutions/")]
    assert steps[:3] == ["/institutions/higher", "/institutions/lower", "/institutions/lowest"]


def test_a_long_collection_comes_in_pages_and_its_units_are_found(
    client: TestClient, home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves, "_ITEMS", 2)
    made = [published(home, files=FILE) for _ in range(5)]
    collection = collected(home, shown=True)
    items = [Item(one) for one in made]
    units = [
        Unit({}, items[:1]),
        Unit({"en": "First"}, items[1:3]),
        Unit({"en": "Second"}, items[3:4]),
        Unit({"en": "Third"}, items[4:]),
    ]
    act(home, collections.arrange, collection, units)
    seen: list[str] = []
    url: str | None = f"/collections/{collection}"
    start, number = url, 0
    while url:
        number += 1
        found = page(client, url)
        seen += [link.removeprefix("/resources/") for link in links(found) if link.startswith("/resources/")]
        for way in [link for link in links(found) if "#unit-" in link]:
            place, _, anchor = way.partition("#")
            there = page(client, place or url)
            assert anchor in [attributes.get("id") for _, attributes in there.tags], way
        other = [link for link in links(found) if "lang=fr" in link and f"page={number}" in link]
        assert number == 1 or other, "another language shows the same part"
        url = next((link["href"] for link in found.all("a") if link.get("rel") == "next"), None)
    assert seen == made
    for odd in ("0", "-1", "99", "x", "9" * 500):
        page(client, f"{start}?page={odd}")


def test_what_a_pack_weighs_is_told_as_it_is(client: TestClient, home: Installation) -> None:
    made = [published(home, files={"a.txt": b"x" * size}) for size in (1000, 3000)]
    described = published(home, files={}, described=record(access={"kind": "metadata-only"}))
    collection = collected(home, shown=True)
    act(home, collections.arrange, collection, [Unit({}, [Item(one) for one in (*made, described)])])
    told = client.get(f"/api/collections/{collection}/pack.json").json()
    assert (told["files"], told["left_out"]) == (2, 0)
    words = " ".join(page(client, f"/collections/{collection}").words)
    assert re.search(r"4\skB\s?, 2\sfiles", words), words


def test_many_files_are_asked_about_some_at_a_time(home: Installation) -> None:
    with reading(home.engine) as session:
        assert queries.previews.of(session, keys=[f"{number:064x}" for number in range(70_000)]) == {}
