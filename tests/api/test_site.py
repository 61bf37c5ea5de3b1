"""The pages of the web site, by their HTML: what each shows, links to, refuses and keeps."""

import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import factories
import pytest
from html_pages import Page
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient

from api import app, colours, i18n, preferences
from api.pages import guide
from metadata.record import Record
from oer import announcements, collections, queries
from oer.db import transaction
from oer.installation import Installation
from oer.search import following
from oer.units import Item, Unit

LANGUAGES = ("ar", "fr", "en")
BROWSER = {"accept": "text/html"}
FILE = {"a.txt": (b"x", "text/plain")}
CODE = re.compile(r"\b(site|page|help|report|preferences|field|search)\.[a-z]")


def page(client: TestClient, url: str, lang: str = "ar", *, status: int = 200, **headers: str) -> Page:
    """The page, with what must be true of each: a language, a heading, unique ids, names for controls, no bare code."""
    answer = client.get(url, headers=BROWSER | {"accept-language": lang} | headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-language"] == lang
    found = Page(answer.text)
    (root,) = found.all("html")
    assert (root["lang"], root["dir"]) == (lang, "rtl" if lang == "ar" else "ltr")
    levels = [int(tag[1]) for tag, _ in found.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1, levels
    assert all(after - before <= 1 for before, after in pairwise(levels[levels.index(1) :])), levels
    ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(ids) == len(set(ids)), ids
    for _, attributes in found.tags:
        for name in ("aria-labelledby", "aria-describedby", "for"):
            assert attributes.get(name) in (None, *ids), attributes
        assert "style" not in attributes
    said = [words for words in found.words if not words.startswith("{")]
    assert not [words for words in said if CODE.search(words)]
    return found


def links(found: Page) -> list[str]:
    return [link["href"] or "" for link in found.all("a") if link.get("href")]


def indexed(home: Installation) -> None:
    following.catch_up_here(home.engine, home.search.folder)


def titled(title: str, lang: str = "ar", **fields: Any) -> Record:
    made = factories.record(title, **fields).model_dump() | {"title": [{"value": title, "lang": lang}]}
    return Record.model_validate(made)


@pytest.fixture
def shelf(home: Installation, publish: Callable[..., str]) -> str:
    """A collection of two units, the second one empty."""
    publics = [publish({f"{name}.txt": (name.encode(), "text/plain")}) for name in ("one", "two")]
    made = factories.collected(home, shown=True, titles={"ar": "مجموعة الماء", "fr": "L’eau"})
    order = [
        Unit({"ar": "الوحدة الأولى"}, [Item(one, "ابدأ هنا") for one in publics]),
        Unit({"ar": "فارغة"}),
    ]
    factories.act(home, collections.arrange, made, order)
    return made


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    "path", ["/", "/search", "/subjects", "/institutions", "/collections", "/preferences", "/help", "/sign-in"]
)
def test_every_page_is_there_while_the_repository_is_empty(client: TestClient, path: str, lang: str) -> None:
    page(client, path, lang, status=503 if path in ("/search", "/subjects") else 200)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_empty_index_has_pages_too(client: TestClient, home: Installation, lang: str) -> None:
    indexed(home)
    for path in ("/", "/search", "/search?q=x", "/subjects"):
        page(client, path, lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_search_shows_hits_marks_and_choices(
    client: TestClient, home: Installation, publish: Callable[..., str], lang: str
) -> None:
    wanted = publish(FILE, described=titled("دورة الماء في الطبيعة", languages=["ar"]))
    other = publish(FILE, described=titled("Le cycle de l’eau", "fr", languages=["fr"]))
    indexed(home)
    found = page(client, "/search?q=الماء", lang)
    assert f"/resources/{wanted}" in links(found)
    assert "الماء" in found.words, "marked"
    assert found.all("mark")
    everything = page(client, "/search", lang)
    assert {f"/resources/{wanted}", f"/resources/{other}"} <= set(links(everything))
    (choice,) = [link for link in links(everything) if link.startswith("/search?") and "language=fr" in link]
    narrowed = page(client, choice, lang)
    assert f"/resources/{other}" in links(narrowed)
    assert f"/resources/{wanted}" not in links(narrowed)
    assert "/search" in links(narrowed), "the choice goes again"
    assert {"name": "robots", "content": "noindex"} in narrowed.all("meta")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_subjects_of_two_vocabularies_stand_apart(
    client: TestClient, home: Installation, publish: Callable[..., str], lang: str
) -> None:
    concepts = factories.record().subjects
    for code in ("0541", "0232"):
        publish(FILE, described=factories.record(subjects=[f"http://data.europa.eu/snb/isced-f/{code}", *concepts]))
    indexed(home)
    found = page(client, "/search", lang)
    heads = [i18n.message(f"site.{name}", lang) for name in ("fields", "thesaurus")]
    assert [words for words in found.words if words in heads] == heads
    many = [f"{code:04}" for code in (111, 112, 211, 221, 311, 411, 511, 611, 711, 811, 911, 1011)]
    for code in many:
        publish(FILE, described=factories.record(subjects=[f"http://data.europa.eu/snb/isced-f/{code}", *concepts]))
    indexed(home)
    found = page(client, f"/search?subject={concepts[0]}", lang)
    said = [words for words in found.words if words in heads]
    assert said == [*heads, *heads], "what is left of each stands under its own name, too"


def test_a_search_goes_on_page_by_page_in_every_order(
    client: TestClient, home: Installation, publish: Callable[..., str]
) -> None:
    made = {publish(FILE, described=titled(f"درس {number:02}")) for number in range(23)}
    indexed(home)
    for asked in ("/search?q=درس", "/search?sort=newest", "/search?sort=title", "/search?lang=fr&q=درس"):
        seen: list[str] = []
        url: str | None = asked
        while url:
            found = page(client, url, "fr" if "lang=fr" in asked else "ar")
            seen += [
                link.partition("?")[0].removeprefix("/resources/") for link in links(found) if "/resources/" in link
            ]
            url = next((link["href"] for link in found.all("a") if link.get("rel") == "next"), None)
            assert url is None or ("lang=fr" in url) == ("lang=fr" in asked)
        assert len(seen) == len(set(seen)), asked
        assert set(seen) == made, asked


def test_a_choice_keeps_the_others_and_can_be_taken_back(
    client: TestClient, home: Installation, publish: Callable[..., str]
) -> None:
    publish(FILE, described=titled("واحد", languages=["ar"]))
    publish(FILE, described=titled("Deux", "fr", languages=["fr"]))
    indexed(home)
    found = page(client, "/search?q=&language=ar&language=fr&sort=title")
    current = [link["href"] or "" for link in found.all("a") if link.get("aria-current") == "true"]
    asked = [parse_qs(urlsplit(link).query) for link in current]
    assert {"sort": ["title"], "language": ["fr"]} in asked, "without the one"
    assert {"sort": ["title"], "language": ["ar"]} in asked, "without the other"
    kept = {field["name"]: field["value"] for field in found.all("input") if field.get("type") == "hidden"}
    assert kept["sort"] == "title"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("type=nonsense", 422),
        ("institution=nobody", 404),
        ("cursor=abc", 422),
        ("sort=sideways", 422),
        (f"q={'x' * 2000}", 422),
    ],
)
def test_what_nobody_can_choose_is_told_on_the_page(
    client: TestClient, home: Installation, asked: str, status: int
) -> None:
    indexed(home)
    found = page(client, f"/search?{asked}", "en", status=status)
    assert any(attributes.get("class") == "note" for tag, attributes in found.tags if tag == "p")


def test_parameters_of_others_do_no_harm(client: TestClient, home: Installation) -> None:
    indexed(home)
    found = page(client, "/search?utm_source=mail&fbclid=1")
    assert not [link for link in links(found) if "utm" in link]


def test_what_was_meant_is_offered(client: TestClient, home: Installation, publish: Callable[..., str]) -> None:
    publish(FILE, described=titled("Photosynthesis in leaves", "en"))
    indexed(home)
    found = page(client, "/search?q=fotosynthesis", "en")
    assert any("photosynthesis" in link.lower() for link in links(found))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_collection_is_shown_in_order_with_its_notes_and_its_pack(client: TestClient, shelf: str, lang: str) -> None:
    found = page(client, f"/collections/{shelf}", lang)
    assert found.words.count("ابدأ هنا") == 2
    assert "فارغة" not in found.words, "a unit without anything in it"
    (pack,) = [link for link in links(found) if link.endswith(f"/pack?lang={lang}")]
    answer = client.get(pack)
    assert answer.headers["content-type"] == "application/zip"
    assert f"/collections/{shelf}" in links(page(client, "/collections", lang))
    assert f"/collections/{shelf}" in links(page(client, "/", lang))


def test_a_collection_that_is_a_draft_is_not_there(client: TestClient, home: Installation, shelf: str) -> None:
    factories.act(home, collections.unpublish, shelf)
    page(client, f"/collections/{shelf}", status=404)
    assert f"/collections/{shelf}" not in links(page(client, "/collections"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_institution_has_a_site_with_its_colour_and_its_news(
    client: TestClient, home: Installation, publish: Callable[..., str], lang: str
) -> None:
    public_id = publish(FILE)
    with transaction(home.engine) as session:
        place = queries.institutions.by_slug(session, slug="college")
        assert place is not None
        place.colour = "#ffd400"
    words = {"titles": {"ar": "ورشة جديدة"}, "texts": {"ar": "تبدأ **الأحد** <script>alert(1)</script>"}}
    factories.act(home, announcements.announce, "college", **words)
    indexed(home)
    found = page(client, "/institutions/college", lang)
    assert f"/resources/{public_id}" in links(found)
    assert "ورشة جديدة" in found.words
    assert "الأحد" in found.words
    assert all((script.get("src") or "").startswith("/static/") for script in found.all("script"))
    (sheet,) = [link["href"] or "" for link in found.all("link") if "colours.css" in (link["href"] or "")]
    rules = client.get(sheet)
    assert rules.headers["content-type"].startswith("text/css")
    accents = re.findall(r"--accent:(#[0-9a-f]{6})", rules.text)
    light, dark = (colours.parsed(accent) for accent in accents[:2])
    assert colours.contrast(light, colours.parsed("#ffffff")) >= 4.5
    assert colours.contrast(dark, colours.parsed("#201f1c")) >= 4.5
    assert "/institutions/college" in links(page(client, "/institutions", lang))


@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#ff0000", "#00ff00", "#0000ff", "#808080", "#ffd400"])
def test_any_colour_can_be_read(colour: str) -> None:
    for grounds, towards in ((colours._LIGHT, colours._BLACK), (colours._DARK, colours._WHITE)):
        found = colours.readable(colours.parsed(colour), grounds, towards)
        assert all(colours.contrast(found, ground) >= 4.5 for ground in grounds)
    inks = re.findall(r"--accent:(#\w{6});--accent-ink:(#\w{6})", colours.stylesheet(colour))
    assert all(colours.contrast(colours.parsed(one), colours.parsed(other)) >= 4.5 for one, other in inks)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_directory_is_narrowed_by_kind_and_country(
    client: TestClient, publish: Callable[..., str], lang: str
) -> None:
    publish(FILE)
    found = page(client, "/institutions", lang)
    kinds = [option["value"] for option in found.all("option") if option["value"]]
    assert kinds
    assert "/institutions/college" not in links(page(client, "/institutions?country=ZZ", lang))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_subjects_lead_down_the_tree(
    client: TestClient, home: Installation, publish: Callable[..., str], lang: str
) -> None:
    public_id = publish(FILE)
    indexed(home)
    found = page(client, "/subjects", lang)
    branches = [link for link in links(found) if link.startswith("/subjects?subject=")]
    assert branches
    steps, url = [branches[0]], branches[0]
    while url:
        deeper = page(client, url, lang)
        assert f"/resources/{public_id}" in links(deeper)
        tiles = [link["href"] or "" for link in deeper.all("a") if link.get("class") == "tile"]
        url = next((one for one in tiles if one.startswith("/subjects?")), "")
        assert url not in steps
        steps.append(url)
    assert len(steps) > 2
    page(client, "/subjects?subject=nonsense", lang, status=404)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("chapter", guide.CHAPTERS)
def test_help_is_there_in_three_languages(client: TestClient, chapter: str, lang: str) -> None:
    found = page(client, "/help" if chapter == "index" else f"/help/{chapter}", lang)
    assert not any("{" in words and "}" in words for words in found.words if "{id}" not in words and '"' not in words)
    for link in links(found):
        if link.startswith("/help"):
            page(client, link, lang)


def test_a_chapter_that_is_none_is_not_found(client: TestClient) -> None:
    page(client, "/help/secrets", status=404)
    page(client, "/help/..%2f..%2fapp", status=404)


def test_preferences_are_kept_in_one_cookie_and_followed(client: TestClient) -> None:
    form = page(client, "/preferences", "en", referer="http://forged.example/search?q=x&lang=en")
    onward = next(field["value"] for field in form.all("input") if field["name"] == "next")
    assert onward == "/search?q=x"
    chosen = {"lang": "fr", "theme": "dark", "size": "large", "data": "low", "next": onward}
    answer = client.post("/preferences", data=chosen, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/search?q=x")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" in cookie, "the address of this repository begins with https"
    value = answer.headers["set-cookie"].partition(";")[0].partition("=")[2]
    told = client.get("/", headers=BROWSER | {"accept-language": "ar", "cookie": f"preferences={value}"})
    found = Page(told.text)
    (root,) = found.all("html")
    assert (root["lang"], root["data-theme"], root["data-size"]) == ("fr", "dark", "large")
    assert not [link for link in found.all("link") if "fonts.css" in (link["href"] or "")]
    assert "Cookie" in told.headers["vary"]
    page(client, "/?lang=ar", "ar", cookie=f"preferences={value}")


@pytest.mark.parametrize("onward", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_preferences_lead_nowhere_else(client: TestClient, onward: str) -> None:
    answer = client.post("/preferences", data={"next": onward}, follow_redirects=False)
    assert answer.headers["location"] == "/"


def test_preferences_of_another_site_are_refused(client: TestClient) -> None:
    answer = client.post("/preferences", data={}, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("value", ["", "x", "lang=xx&theme=pink&size=huge", "lang=fr" * 100, "%00%ff"])
def test_a_cookie_that_is_none_means_the_usual(value: str) -> None:
    found = preferences.of(HTTPConnection({"type": "http", "headers": [(b"cookie", b"preferences=" + value.encode())]}))
    assert found.theme == "auto"
    assert not found.low_data


def test_a_browser_that_saves_data_is_believed(client: TestClient) -> None:
    found = page(client, "/", "fr", **{"save-data": "on"})
    assert not [link for link in found.all("link") if "fonts.css" in (link["href"] or "")]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_problem_is_reported_and_followed(client: TestClient, publish: Callable[..., str], lang: str) -> None:
    public_id = publish(FILE)
    assert f"/resources/{public_id}/report" in links(page(client, f"/resources/{public_id}", lang))
    page(client, f"/resources/{public_id}/report", lang)
    headers = BROWSER | {"accept-language": lang}
    empty = client.post(f"/resources/{public_id}/report", data={"words": ""}, headers=headers)
    assert empty.status_code == 422
    told = Page(empty.text)
    assert [field for field in told.all("textarea") if field.get("aria-invalid") == "true"]
    sent = {"reason": "copyright", "words": "ليست له", "email": "reader@example.org", "website": ""}
    done = client.post(f"/resources/{public_id}/report", data=sent, headers=headers, follow_redirects=False)
    assert done.status_code == 303
    found = page(client, done.headers["location"], lang)
    assert f"/resources/{public_id}" in links(found)
    page(client, "/reports/0000-0000-0000", lang, status=404)


def test_versions_are_compared(client: TestClient, publish: Callable[..., str], revise: Callable[..., None]) -> None:
    public_id = publish({"a.txt": (b"one", "text/plain")})
    revise(public_id, {"b.txt": (b"two", "text/plain")})
    found = page(client, f"/resources/{public_id}/versions/1/diff/2", "en")
    assert {"b.txt", "File added"} <= set(found.words)
    assert "a.txt" not in found.words, "it is the same"
    same = page(client, f"/resources/{public_id}/versions/2/diff/2", "en")
    assert any(attributes.get("class") == "empty" for tag, attributes in same.tags if tag == "p")
    page(client, f"/resources/{public_id}/versions/1/diff/9", status=404)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_files_are_shown_in_place(client: TestClient, publish: Callable[..., str], lang: str) -> None:
    hostile = b"# Title\n\n<script>alert(1)</script>\n\n**bold** [x](javascript:alert(1))"
    shown = {
        "a.md": (hostile, "text/markdown"),
        "b.csv": ("مفرد,جمع\nكتاب,كتب\nقلم,\n".encode(), "text/csv"),
        "c.wav": (b"RIFF", "audio/x-wav"),
    }
    found = page(client, f"/resources/{publish(shown)}", lang)
    assert "bold" in found.words
    assert {"كتاب", "كتب"} <= set(found.words)
    assert found.all("audio")
    for script in found.all("script"):
        assert (script.get("src") or "").startswith("/static/") or script["type"] == "application/ld+json"
    assert not [link for link in links(found) if link.startswith("javascript")]


def test_a_film_has_its_captions(client: TestClient, home: Installation, publish: Callable[..., str]) -> None:
    public_id = publish({"film.mp4": (b"film", "video/mp4")})
    found = page(client, f"/resources/{public_id}")
    assert found.all("video")
    low = page(client, f"/resources/{public_id}", **{"save-data": "on"})
    assert not low.all("video"), "nothing that costs"


def test_programs_that_read_pages_find_what_they_know(client: TestClient, publish: Callable[..., str]) -> None:
    public_id = publish({"a.pdf": (b"%PDF-1.4", "application/pdf")})
    answer = client.get(f"/resources/{public_id}", headers=BROWSER)
    (written,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', answer.text, re.DOTALL)
    told = json.loads(written)
    assert told["id"] == f"https://oer.example.org/resources/{public_id}"
    metas = {meta["name"]: meta["content"] for meta in Page(answer.text).all("meta") if "name" in meta}
    assert metas["citation_title"] == metas["DC.title"] == "الضوء والماء"
    assert (metas["citation_pdf_url"] or "").endswith("/files/a.pdf")
    assert 'type="application/json+oembed"' in answer.text


def test_the_style_guide_is_for_those_who_work_on_it(client: TestClient, tmp_path: Path) -> None:
    page(client, "/styleguide", status=404)
    with factories.opened(tmp_path / "other", development=True) as other, TestClient(app.create(other)) as own:
        for lang in LANGUAGES:
            answer = own.get("/styleguide", headers=BROWSER | {"accept-language": lang})
            assert answer.status_code == 200
            Page(answer.text)


def test_browsers_learn_how_to_search_here(client: TestClient) -> None:
    answer = client.get("/opensearch.xml")
    assert 'template="https://oer.example.org/search?q={searchTerms}"' in answer.text
    assert answer.headers["content-type"].startswith("application/opensearchdescription+xml")


def test_members_see_what_everybody_sees(
    client: TestClient, publish: Callable[..., str], member: Callable[..., dict[str, str]]
) -> None:
    """A page that anybody may keep says nothing of who asks for it."""
    public_id = publish(FILE)
    first = client.get(f"/resources/{public_id}", headers=BROWSER)
    second = client.get(f"/resources/{public_id}", headers=BROWSER | member())
    assert first.text == second.text
