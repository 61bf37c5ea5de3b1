import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import factories
import pytest
from html_pages import HOSTILE, Page
from starlette.testclient import TestClient

from api import app, security
from metadata import languages
from oer import institutions, publishing
from oer.db import transaction
from oer.installation import Installation
from oer.policy import OPERATOR

BROWSER = {"accept": "text/html", "accept-language": "ar"}
FILE = {"a.txt": (b"x", "text/plain")}


def page(client: TestClient, url: str, lang: str = "ar", *, status: int = 200) -> Page:
    answer = client.get(url, headers=BROWSER | {"accept-language": lang})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-language"] == lang
    found = Page(answer.text)
    (root,) = found.all("html")
    assert (root["lang"], root["dir"]) == (lang, "rtl" if lang == "ar" else "ltr")
    return found


def only_our_scripts(found: Page) -> bool:
    """Whether nothing runs but our own files; data for search engines is no script."""
    return all(
        (script.get("src") or "").startswith("/static/") or script["type"] == "application/ld+json"
        for script in found.all("script")
    )


def hostile(home: Installation, publish: Callable[..., str]) -> str:
    described = factories.record()
    fields = described.model_dump() | {
        "title": [{"value": HOSTILE, "lang": "ar"}],
        "description": [{"value": HOSTILE, "lang": "fr"}],
        "keywords": [{"value": HOSTILE, "lang": "en"}],
        "creators": [{"name": HOSTILE, "orcid": "0000-0002-1825-0097"}],
        "publisher": {"name": HOSTILE, "kind": "organisation"},
    }
    return publish({"a.txt": (b"x", "text/plain")}, described=type(described).model_validate(fields))


@pytest.mark.parametrize("lang", ["ar", "fr", "en"])
def test_an_empty_repository_says_so(client: TestClient, lang: str) -> None:
    found = page(client, "/", lang)
    assert {"https://oer.example.org/oai", "https://oer.example.org/api/resources"} <= set(found.words)
    assert not any("page." in words for words in found.words), "a sentence is missing"


@pytest.mark.parametrize("lang", ["ar", "fr", "en"])
def test_the_start_page_links_to_what_is_newest(client: TestClient, home: Installation, lang: str) -> None:
    public_id = factories.published(home)
    found = page(client, "/", lang)
    assert f"/resources/{public_id}" in [link["href"] for link in found.all("a")]
    assert "الضوء والماء" in found.words
    assert ("مؤسسة college" if lang != "en" else "The college") in found.words


@pytest.mark.parametrize("lang", ["ar", "fr", "en"])
def test_the_link_of_an_invitation_leads_to_a_form(client: TestClient, lang: str) -> None:
    found = page(client, "/invitation", lang)
    (form,) = found.all("form")
    assert form["action"] == "/api/invitations/accept"
    assert {each["name"] for each in found.all("input")} == {"secret", "name", "password"}
    assert {each["for"] for each in found.all("label")} == {each["id"] for each in found.all("input")}
    assert not any("page." in words for words in [*found.words, *form.values()] if words), "a sentence is missing"
    script = found.all("script")[-1]
    assert client.get(script["src"] or "").headers["content-type"].startswith("text/javascript")
    rules = client.get("/invitation", headers=BROWSER).headers["content-security-policy"]
    assert "script-src 'self'" in rules
    assert "unsafe" not in rules


def test_withdrawn_and_unpublished_resources_are_not_on_the_start_page(client: TestClient, home: Installation) -> None:
    factories.drafted(home)
    public_id = factories.published(home, files={"b.txt": b"b"})
    with transaction(home.engine) as session:
        publishing.withdraw(
            session, OPERATOR, public_id, reason="rights", repository_id=home.repository_id, now=home.now()
        )
    assert "الضوء والماء" not in page(client, "/").words


@pytest.mark.parametrize("lang", ["ar", "fr", "en"])
def test_a_resource_page_has_its_words_files_and_licence(
    client: TestClient, publish: Callable[..., str], lang: str
) -> None:
    public_id = publish({"درس الضوء.pdf": (b"%PDF-1.4", "application/pdf")})
    found = page(client, f"/resources/{public_id}", lang)
    assert "الضوء والماء" in found.words
    assert "درس الضوء.pdf" in found.words
    assert not any(re.search(r"\b(page|field|licence)\.[a-z]", words) for words in found.words)
    links = [link["href"] or "" for link in found.all("a") if "download" in link]
    assert len(links) == 2, "the one beside the file, and the large one"
    assert {client.get(link).content for link in links} == {b"%PDF-1.4"}
    assert "https://creativecommons.org/licenses/by/4.0/" in [link["href"] for link in found.all("a")]
    (canonical,) = [link["href"] for link in found.all("link") if link["rel"] == "canonical"]
    assert canonical == f"https://oer.example.org/resources/{public_id}"


def test_every_value_bears_its_language_and_direction(client: TestClient, publish: Callable[..., str]) -> None:
    found = page(client, f"/resources/{publish({'a.txt': (b'x', 'text/plain')})}", "fr")
    (heading,) = found.all("h1")
    assert heading == {"lang": "ar", "dir": "rtl"}
    known = [value for value in found.all("bdi") if value.get("lang")]
    assert known
    for value in found.all("bdi"):
        if value.get("lang"):
            assert value.get("dir") == languages.direction(value["lang"] or "")
        else:
            assert value.get("dir") in (None, "auto")  # which says the same: bdi is auto by itself


def test_a_title_that_begins_with_a_foreign_word_keeps_its_direction(
    client: TestClient, publish: Callable[..., str]
) -> None:
    described = factories.record("Python للمبتدئين: الدرس 3 (HTML و CSS).")
    public_id = publish({"a.txt": (b"x", "text/plain")}, described=described)
    (heading,) = page(client, f"/resources/{public_id}", "fr").all("h1")
    assert heading["dir"] == "rtl"


def test_everybody_who_has_to_be_credited_is_on_the_page(client: TestClient, publish: Callable[..., str]) -> None:
    described = factories.record(
        contributors=[{"name": "معاوية الحاج مبروك", "role": "http://id.loc.gov/vocabulary/relators/trl"}],
        rights_holder="الدار الأفريقية",
        rights_note=[{"value": "اذكر الدار عند العرض.", "lang": "ar"}],
    )
    found = page(client, f"/resources/{publish({'a.txt': (b'x', 'text/plain')}, described=described)}", "ar")
    assert "معاوية الحاج مبروك" in found.words  # in the credit, and in the facts with the role:
    assert "معاوية الحاج مبروك (مترجم)" in found.words
    assert "الدار الأفريقية" in found.words
    assert "اذكر الدار عند العرض." in found.words


def test_keywords_are_shown_once_and_in_the_reader_s_language(client: TestClient, publish: Callable[..., str]) -> None:
    words = [("ضوء", "ar"), ("lumière", "fr"), ("ضوء", "ar-TN"), ("light", "en")]
    described = factories.record(keywords=[{"value": value, "lang": lang} for value, lang in words])
    public_id = publish({"a.txt": (b"x", "text/plain")}, described=described)
    found = page(client, f"/resources/{public_id}", "ar").words
    assert found.count("ضوء") == 1
    assert "lumière" not in found


def test_behind_a_path_every_address_of_a_page_begins_with_it(tmp_path: Path) -> None:
    with factories.opened(tmp_path, base_url="https://univ.example/oer") as home:
        public_id = factories.published(home)
        with TestClient(app.create(home)) as client:
            for url in ("/", f"/resources/{public_id}", "/resources/none"):
                found = page(client, url, "fr", status=404 if url.endswith("none") else 200)
                links = [
                    tag.get("href") or tag.get("src") or "" for name in ("a", "link", "img") for tag in found.all(name)
                ]
                own = [link for link in links if link.startswith(("/", "https://univ.example"))]
                assert len(own) > 3
                for link in own:
                    assert link.removeprefix("https://univ.example").startswith("/oer/"), link


@pytest.mark.parametrize("lang", ["ar", "fr", "en"])
def test_hostile_words_stay_words(
    client: TestClient, home: Installation, publish: Callable[..., str], lang: str
) -> None:
    public_id = hostile(home, publish)
    for url in ("/", f"/resources/{public_id}"):
        found = page(client, url, lang)
        assert HOSTILE in found.words
        assert only_our_scripts(found)
        for tag, attributes in found.tags:
            assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
            for name in ("href", "src"):
                assert not (attributes.get(name) or "").lower().startswith(("javascript:", "data:"))


def test_a_page_needs_nothing_that_its_policy_forbids(client: TestClient, publish: Callable[..., str]) -> None:
    public_id = publish({"a.txt": (b"x", "text/plain")})
    for url in ("/", f"/resources/{public_id}", "/resources/none"):
        answer = client.get(url, headers=BROWSER)
        assert answer.headers["content-security-policy"] == security.SCRIPTED
        assert "unsafe" not in security.SCRIPTED
        assert "frame-ancestors 'none'" in security.SCRIPTED
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "strict-origin-when-cross-origin"
        found = Page(answer.text)
        assert only_our_scripts(found)
        assert not found.all("style")
        pictures = [picture["src"] for picture in found.all("img")]
        assert f"/resources/{public_id}/qr.svg" in pictures or url != f"/resources/{public_id}"
        loaded = [picture for picture in pictures if picture != f"/resources/{public_id}/qr.svg"]
        loaded += [link["href"] for link in found.all("link") if link["rel"] in ("stylesheet", "icon")]
        for address in loaded:
            assert address is not None
            assert address.startswith("/static/")
            asset = client.get(address)
            assert asset.status_code == 200
            assert "immutable" in asset.headers["cache-control"]


def test_what_is_not_open_is_told_and_offers_no_download(client: TestClient, publish: Callable[..., str]) -> None:
    fields = factories.record().model_dump()
    for access, words in (
        ({"kind": "embargoed", "until": date(2027, 1, 1)}, "2027"),
        ({"kind": "institution"}, "الأعضاء|لأعضاء"),
    ):
        described = type(factories.record()).model_validate(fields | {"access": access})
        found = page(
            client, f"/resources/{publish({'a.txt': (str(access).encode(), 'text/plain')}, described=described)}"
        )
        assert re.search(words, " ".join(found.words))
        assert not [link for link in found.all("a") if "download" in link]


def test_a_tombstone_gives_the_class_of_the_reason_and_no_title(client: TestClient, home: Installation) -> None:
    public_id = factories.published(home)
    with transaction(home.engine) as session:
        publishing.withdraw(
            session, OPERATOR, public_id, reason="privacy", note="خاص", repository_id=home.repository_id, now=home.now()
        )
    answer = client.get(f"/resources/{public_id}", headers=BROWSER)
    assert answer.status_code == 410
    found = Page(answer.text)
    assert {"حماية الخصوصية", "خاص", public_id} <= set(found.words)
    assert "الضوء والماء" not in answer.text


def test_the_words_of_a_tombstone_bear_their_own_direction_and_stay_words(
    client: TestClient, home: Installation
) -> None:
    public_id = factories.published(home)
    with transaction(home.engine) as session:
        publishing.hide(
            session, OPERATOR, public_id, reason="legal", note=HOSTILE, repository_id=home.repository_id, now=home.now()
        )
    answer = client.get(f"/resources/{public_id}", headers=BROWSER)
    found = Page(answer.text)
    assert answer.status_code == 410
    assert HOSTILE in found.words
    assert only_our_scripts(found)
    assert {"class": "words", "dir": "auto"} in found.all("dd")


def test_files_beside_a_description_that_alone_is_public_are_told_so(
    client: TestClient, publish: Callable[..., str]
) -> None:
    described = factories.record(access={"kind": "metadata-only"})
    found = page(client, f"/resources/{publish({'a.txt': (b'x', 'text/plain')}, described=described)}", "en")
    assert "Only the description is public; the files are not." in found.words
    assert not [link for link in found.all("a") if "download" in link]


def test_older_versions_are_linked_and_the_current_one_is_the_page(
    client: TestClient, publish: Callable[..., str], revise: Callable[..., None]
) -> None:
    public_id = publish({"a.txt": (b"one", "text/plain")})
    revise(public_id, {"a.txt": (b"two", "text/plain")})
    revise(public_id, {"a.txt": (b"three", "text/plain")})
    links = [link["href"] or "" for link in page(client, f"/resources/{public_id}").all("a")]
    older = [f"/resources/{public_id}/versions/{number}" for number in (2, 1)]
    assert [link for link in links if re.search(r"/versions/\d+$", link)] == older
    changes = [f"/resources/{public_id}/versions/{number - 1}/diff/{number}" for number in (3, 2)]
    assert [link for link in links if "/diff/" in link] == changes
    for number, address in zip((2, 1), older, strict=True):
        told = page(client, address)
        assert any(link.get("href") == f"/resources/{public_id}" for link in told.all("a")), "to the current version"
        shown = [link["href"] or "" for link in told.all("a") if "download" in link]
        assert {client.get(link).content for link in shown} == {b"two" if number == 2 else b"one"}
    assert all("a.txt" in page(client, address).words for address in changes)


def test_an_address_that_nobody_chose_is_not_shown(client: TestClient, home: Installation) -> None:
    assert "mailto:" not in client.get("/", headers=BROWSER).text
    settings = home.settings.model_copy(update={"admin_email": "library@example.org"})
    with TestClient(app.create(replace(home, settings=settings))) as other:
        assert "mailto:library@example.org" in other.get("/", headers=BROWSER).text


def test_one_damaged_record_does_not_take_the_start_page_down(
    client: TestClient, home: Installation, poison: Callable[[str], None]
) -> None:
    damaged = factories.published(home, described=factories.record("تالف"))
    factories.published(home, files={"b.txt": b"b"})
    poison(damaged)
    found = page(client, "/")
    assert "الضوء والماء" in found.words
    assert f"/resources/{damaged}" not in [link["href"] for link in found.all("a")]
    answer = client.get(f"/resources/{damaged}", headers=BROWSER)
    assert answer.status_code == 503
    assert damaged in answer.text


def test_a_language_chosen_by_hand_goes_on_through_the_links(client: TestClient, home: Installation) -> None:
    public_id = factories.published(home)
    answer = client.get("/?lang=fr", headers=BROWSER)
    found = Page(answer.text)
    assert found.all("html")[0]["lang"] == "fr"
    assert f"/resources/{public_id}?lang=fr" in [link["href"] for link in found.all("a")]
    assert Page(client.get("/?lang=xx", headers=BROWSER).text).all("html")[0]["lang"] == "ar"


def test_an_unchanged_page_is_304(client: TestClient, home: Installation) -> None:
    url = f"/resources/{factories.published(home)}"
    first = client.get(url, headers=BROWSER)
    assert client.get(url, headers=BROWSER | {"if-none-match": first.headers["etag"]}).status_code == 304
    french = client.get(url, headers=BROWSER | {"accept-language": "fr", "if-none-match": first.headers["etag"]})
    assert french.status_code == 200
    assert "Accept-Language" in french.headers["vary"]


def test_every_control_has_a_name_and_headings_do_not_skip(client: TestClient, publish: Callable[..., str]) -> None:
    public_id = publish({"a.txt": (b"x", "text/plain")})
    for url in ("/", f"/resources/{public_id}"):
        found = page(client, url)
        levels = [int(tag[1]) for tag, _ in found.tags if re.fullmatch(r"h[1-6]", tag)]
        assert levels.count(1) == 1
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        for _, attributes in found.tags:
            assert attributes.get("aria-labelledby") in (None, *ids)
        assert all("alt" in picture for picture in found.all("img"))


def test_the_first_visit_is_light(client: TestClient, home: Installation) -> None:
    import gzip

    for number in range(12):
        factories.published(home, files={"a.txt": b"%d" % number})
    whole = [client.get("/", headers=BROWSER).content, client.get("/static/site.css").content]
    assert sum(len(gzip.compress(part)) for part in whole) < 20_000


@pytest.mark.parametrize(
    ("url", "media_type"), [("/robots.txt", "text/plain; charset=utf-8"), ("/favicon.svg", "image/svg+xml")]
)
def test_small_files_are_there(client: TestClient, url: str, media_type: str) -> None:
    answer = client.get(url)
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert "public" in answer.headers["cache-control"]


def test_health_says_no_more_than_that(client: TestClient) -> None:
    for name, status in (("live", "live"), ("ready", "ready")):
        answer = client.get(f"/health/{name}")
        assert (answer.status_code, answer.json()) == (200, {"status": status})
        assert answer.headers["cache-control"] == "no-store"


def test_health_is_red_without_a_database(home: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    from oer.errors import Unavailable

    def fail(*_: object) -> None:
        raise Unavailable("database.unreachable")

    monkeypatch.setattr("api.routes.health.reading", fail)
    with TestClient(app.create(home)) as client:
        answer = client.get("/health/ready")
        assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})
        assert client.get("/health/live").status_code == 200


@pytest.mark.parametrize("lang", ["ar", "fr", "en"])
def test_facts_lead_to_more_of_the_same(client: TestClient, publish: Callable[..., str], lang: str) -> None:
    described = factories.record(keywords=[{"value": "cycle de l’eau", "lang": lang}])
    found = page(client, f"/resources/{publish(FILE, described=described)}", lang)
    paths = [link.get("href") or "" for link in found.all("a")]
    asked = dict(pair for path in paths if path.startswith("/search?") for pair in parse_qsl(urlsplit(path).query))
    assert asked == {
        "q": '"cycle de l’eau"',
        "type": described.resource_type,
        "subject": described.subjects[0],
        "audience": described.audience[0],
    }


@pytest.mark.parametrize(
    ("word", "asked"),
    [
        ("eau", "eau"),
        ("type:video", '"type:video"'),
        ("-x", '"-x"'),
        ("OR", '"OR"'),
        ('le "cycle"', '"le cycle"'),
        ("« l’eau »", '"l’eau"'),
        ("C++ (avancé)", '"C++ (avancé)"'),
    ],
)
def test_a_keyword_leads_to_itself_whatever_signs_are_in_it(
    client: TestClient, publish: Callable[..., str], word: str, asked: str
) -> None:
    shown = publish(FILE, described=factories.record(keywords=[{"value": word, "lang": "fr"}]))
    paths = [link.get("href") or "" for link in page(client, f"/resources/{shown}", "fr").all("a")]
    assert [parse_qsl(urlsplit(path).query)[0][1] for path in paths if path.startswith("/search?q=")] == [asked]


@pytest.mark.parametrize(("lang", "name"), [("ar", "المعهد"), ("fr", "L’institut")])
def test_an_institution_that_writes_is_named_in_the_readers_language(
    client: TestClient, home: Installation, publish: Callable[..., str], lang: str, name: str
) -> None:
    names = {"ar": "المعهد", "fr": "L’institut"}
    own, other = {"name": names["fr"], "kind": "organisation"}, {"name": "سلمى"}
    twice = {"name": names["ar"], "kind": "organisation"}
    alone = publish(FILE, described=factories.record(creators=[own]))
    joined = publish(FILE, described=factories.record(creators=[own, twice, other]))
    factories.act(home, institutions.edit, "college", {"names": names}, repository_id=home.repository_id)
    found = page(client, f"/resources/{alone}", lang)
    assert not [tag for tag in found.all("p") if tag.get("class") == "creators"], "it stands below the title anyway"
    words = page(client, f"/resources/{joined}", lang).words
    assert words.index(name) < words.index("سلمى")
    line = words[words.index("سلمى") - 4 : words.index("سلمى")]
    assert line.count(name) == 1, line
