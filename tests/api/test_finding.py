"""Other ways to what is published: suggestions while typing, feeds, what is like a resource."""

from urllib.parse import quote

import feedparser
import pytest
from factories import Watch, act, published, record
from searching import index
from starlette.testclient import TestClient

from metadata.record import Text
from metadata.xml import parse
from oer import publishing
from oer.installation import Installation

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def lessons(home: Installation, watch: Watch) -> dict[str, str]:
    """Title → public id, from the oldest to the newest."""
    found = {}
    for title in ("دورة الماء", "مياه الأنهار", "الضوء & الظل <1>"):
        found[title] = published(home, described=record(title, licence="https://creativecommons.org/licenses/by/4.0/"))
        watch.forward(hours=1)
    index(home)
    return found


def test_a_question_goes_on(client: TestClient, lessons: dict[str, str]) -> None:
    answer = client.get("/api/suggest", params={"q": "دورة الم"}, headers={"accept-language": "fr"})
    assert answer.status_code == 200
    assert answer.headers["content-language"] == "fr"
    told = answer.json()
    assert told["texts"] == [{"text": "دورة الماء", "count": 1}]
    [one] = told["resources"]
    assert (one["id"], one["title"], one["lang"]) == (lessons["دورة الماء"], "دورة الماء", "ar")
    assert one["url"].endswith(f"/resources/{one['id']}")
    assert told["meant"] is None


@pytest.mark.parametrize(("typed", "lang"), [("bot", "en"), ("علم النب", "ar"), ("botan", "fr"), ("plant bio", "ar")])
def test_subjects_are_told_by_any_of_their_names(
    client: TestClient, lessons: dict[str, str], typed: str, lang: str
) -> None:
    subjects = client.get("/api/suggest", params={"q": typed}, headers={"accept-language": lang}).json()["subjects"]
    assert subjects
    for one in subjects:
        assert client.get("/api/resources", params={"subject": one["value"]}).json()["total"] == one["count"] > 0
        assert not one["label"].startswith("http")


def test_what_was_meant_is_told_while_typing_and_after(client: TestClient, lessons: dict[str, str]) -> None:
    told = client.get("/api/suggest", params={"q": "الأنهر دورس"}).json()
    assert told["texts"] == told["resources"] == []
    for address in ("/api/suggest", "/api/resources"):
        meant = client.get(address, params={"q": "الأنهاز"}).json()["meant"]
        assert meant == {"text": "الأنهار", "total": 1}
    assert client.get("/api/resources", params={"q": "الأنهار"}).json()["meant"] is None


@pytest.mark.parametrize("query", ["", "q=a&limit=0", "q=a&limit=21", "q=a&limits=3", "q=a&q=b", "q=" + "a" * 1001])
def test_what_cannot_be_asked_is_told(client: TestClient, lessons: dict[str, str], query: str) -> None:
    answer = client.get(f"/api/suggest?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_what_is_not_published_is_suggested_to_nobody(
    client: TestClient, home: Installation, lessons: dict[str, str]
) -> None:
    act(home, publishing.withdraw, lessons["دورة الماء"], reason="other", note="", repository_id=home.repository_id)
    told = client.get("/api/suggest", params={"q": "دورة الما"}).json()
    assert told["resources"] == []  # the database is asked, though the index still has it
    index(home)
    assert client.get("/api/suggest", params={"q": "دورة الما"}).json()["texts"] == []
    assert client.get(f"/api/resources/{lessons['دورة الماء']}/similar").status_code == 410


def test_what_is_like_a_resource(client: TestClient, lessons: dict[str, str]) -> None:
    told = client.get(f"/api/resources/{lessons['دورة الماء']}/similar").json()["items"]
    assert told[0]["id"] == lessons["مياه الأنهار"]
    assert lessons["دورة الماء"] not in [one["id"] for one in told]
    assert client.get("/api/resources/2222222222/similar").status_code == 404


def test_a_search_is_a_feed(client: TestClient, lessons: dict[str, str]) -> None:
    found = client.get("/api/resources", params={"q": "ماء", "language": "ar", "facets": "type"})
    address = found.links["alternate"]["url"]
    assert found.links["alternate"]["type"] == "application/atom+xml"
    answer = client.get(address)
    assert answer.headers["content-type"] == "application/atom+xml"
    feed = feedparser.parse(answer.content)
    assert not feed.bozo, feed.get("bozo_exception")
    assert feed.version == "atom10"
    assert [entry.title for entry in feed.entries] == ["مياه الأنهار", "دورة الماء"]
    assert client.get(address, headers={"if-none-match": answer.headers["etag"]}).status_code == 304


def test_a_feed_goes_on_until_all_is_shown(client: TestClient, lessons: dict[str, str]) -> None:
    address, titles, names = "/api/feed?limit=2", [], set()
    while address:
        feed = feedparser.parse(client.get(address).content)
        assert not feed.bozo
        titles += [entry.title for entry in feed.entries]
        names.add(feed.feed.id)
        address = next((link.href for link in feed.feed.links if link.rel == "next"), "")
        address = address.removeprefix("https://oer.example.org")
    assert titles == ["الضوء & الظل <1>", "مياه الأنهار", "دورة الماء"]
    assert names == {"https://oer.example.org/api/feed"}


def test_entries_have_what_readers_need(client: TestClient, home: Installation) -> None:
    described = record("دورة الماء").model_copy(
        update={"title": [Text(value="دورة الماء", lang="ar"), Text(value="Le cycle de l’eau", lang="fr")]}
    )
    public_id = published(home, described=described)
    index(home)
    content = client.get("/api/feed?institution=college&lang=fr", headers={"accept-language": "en"}).content
    [entry] = parse(content).findall(f"{ATOM}entry")
    title = entry.find(f"{ATOM}title")
    assert title is not None
    assert title.text == "Le cycle de l’eau"
    assert title.get("{http://www.w3.org/XML/1998/namespace}lang") == "fr"
    links = {link.get("rel"): link for link in entry.findall(f"{ATOM}link")}
    assert links["alternate"].get("href") == f"https://oer.example.org/resources/{public_id}"
    assert links["license"].get("href") == "https://creativecommons.org/licenses/by/4.0/"
    assert links["enclosure"].get("href", "").startswith(f"https://oer.example.org/api/resources/{public_id}/files/")
    assert int(links["enclosure"].get("length", "0")) > 0
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "أمينة يوسف"
    assert entry.find(f"{ATOM}category") is not None
    assert entry.findtext(f"{ATOM}updated", "").endswith("Z")


def test_files_that_are_not_open_are_not_enclosed(client: TestClient, home: Installation) -> None:
    published(home, described=record("سرّ", access={"kind": "institution"}))
    index(home)
    content = client.get("/api/feed").content
    assert "سرّ" in content.decode()
    assert b'rel="enclosure"' not in content


def test_an_empty_feed_is_one_all_the_same(client: TestClient, lessons: dict[str, str]) -> None:
    feed = feedparser.parse(client.get(f"/api/feed?q={quote('لاشيءمنهذا')}").content)
    assert (feed.bozo, feed.entries) == (False, [])
    assert feed.feed.updated


@pytest.mark.parametrize(
    ("query", "status"),
    [("institution=nowhere", 404), ("sort=title", 422), ("facets=type", 422), ("level=none", 422), ("cursor=x", 422)],
)
def test_what_is_no_feed_is_told(client: TestClient, lessons: dict[str, str], query: str, status: int) -> None:
    assert client.get(f"/api/feed?{query}").status_code == status
