"""Announcements of institutions by REST: a list, a feed, and who writes."""

from typing import Any

import calling
import factories
import feedparser
import httpx2
import pytest
from calling import Someone, code, faults
from factories import Watch
from starlette.testclient import TestClient

from api.schemas import announcements as bodies
from oer.installation import Installation
from oer.workflow import Role

URL = "/api/institutions/college/announcements"
NEW: dict[str, Any] = {"titles": {"ar": "ورشة", "fr": "Atelier"}, "texts": {"ar": "يوم **الخميس** <b>"}}


@pytest.fixture
def manager(home: Installation, client: TestClient) -> Someone:
    return calling.someone(home, client, Role.MANAGER)


def announced(who: Someone, **changes: Any) -> Any:
    answer = who.post(URL, NEW | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_an_announcement_is_made_read_changed_and_taken_away(client: TestClient, manager: Someone) -> None:
    answer = manager.post(URL, NEW | {"until": "2026-04-01T00:00:00+01:00", "pinned": True})
    made = answer.json()
    bodies.AnnouncementOut.model_validate_json(answer.content)
    assert answer.headers["location"] == made["url"] == f"https://oer.example.org{URL}/{made['id']}"
    assert made == NEW | {
        "id": made["id"],
        "url": made["url"],
        "institution": {"slug": "college", "names": {"ar": "مؤسسة college", "en": "The college"}},
        "state": "current",
        "published": "2026-03-01T08:00:00Z",
        "until": "2026-03-31T23:00:00Z",
        "pinned": True,
        "changed": "2026-03-01T08:00:00Z",
    }
    read = client.get(f"{URL}/{made['id']}")
    assert (read.json(), read.headers["etag"]) == (made, answer.headers["etag"])
    assert client.get(URL).json()["items"] == [made]
    changed = manager.patch(
        f"{URL}/{made['id']}", {"titles": {"fr": None, "en": "Workshop"}, "until": None}, match=read.headers["etag"]
    )
    assert changed.status_code == 200, changed.text
    assert (changed.json()["titles"], changed.json()["until"]) == ({"ar": "ورشة", "en": "Workshop"}, None)
    assert code(manager.patch(f"{URL}/{made['id']}", {"pinned": False}, match=read.headers["etag"])) == (
        412, "announcement.stale",
    )  # fmt: skip
    assert code(manager.patch(f"{URL}/{made['id']}", {"pinned": False}, match=None)) == (428, "precondition.required")
    assert manager.delete(f"{URL}/{made['id']}", match=changed.headers["etag"]).status_code == 204
    assert code(client.get(f"{URL}/{made['id']}")) == (404, "announcement.unknown")


def test_the_same_request_made_again_announces_once(client: TestClient, manager: Someone) -> None:
    answers = [manager.post(URL, NEW, idempotency_key="once") for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert len(client.get(URL).json()["items"]) == 1


def test_lists_go_on_until_all_is_shown(client: TestClient, manager: Someone, watch: Watch) -> None:
    for number in range(7):
        watch.forward(minutes=number % 2)
        announced(manager, titles={"en": str(number)}, pinned=number in (0, 3, 5))
    address, found = f"{URL}?limit=2", []
    while address:
        page = client.get(address.removeprefix("https://oer.example.org"))
        found += [item["titles"]["en"] for item in page.json()["items"]]
        address = page.json()["next"]
    assert found == ["5", "3", "0", "6", "4", "2", "1"]
    assert f'<https://oer.example.org{URL}/feed>; rel="alternate"' in page.headers["link"]


def test_what_is_yet_to_come_is_for_managers(
    home: Installation, client: TestClient, manager: Someone, watch: Watch
) -> None:
    later = announced(manager, published="2026-03-02T08:00:00Z", until="2026-03-03T08:00:00Z")
    assert later["state"] == "scheduled"
    reviewer = calling.someone(home, client, Role.REVIEWER)
    assert [one["id"] for one in manager.get(f"{URL}?state=scheduled").json()["items"]] == [later["id"]]
    assert manager.get(f"{URL}/{later['id']}").headers["cache-control"] == "private, no-store"
    assert code(reviewer.get(f"{URL}?state=scheduled")) == (403, "action.forbidden")
    assert code(client.get(f"{URL}?state=scheduled")) == (401, "sign-in.required")
    assert code(reviewer.get(f"{URL}/{later['id']}")) == (404, "announcement.unknown")
    assert client.get(URL).json()["items"] == []
    watch.forward(days=1)
    assert client.get(URL).json()["items"][0]["state"] == "current"
    assert client.get(f"{URL}/{later['id']}").headers["cache-control"] == "public, no-cache"
    watch.forward(days=1)
    assert client.get(URL).json()["items"] == []
    assert [one["state"] for one in client.get(f"{URL}?state=past").json()["items"]] == ["past"]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"titles": {}}, {("titles", "title.missing")}),
        ({"texts": {"ar": ""}}, {("texts", "announcement.text-missing")}),
        ({"texts": {"ar": "ا" * 20_001}}, {("texts.ar", "text.too-long")}),
        ({"until": "2026-03-01T08:00:00Z"}, {("until", "announcement.until-early")}),
        ({"until": "0001-01-01T00:00:00+14:00"}, {("until", "announcement.time-far")}),
        ({"until": "2026-03-02"}, {("until", "request.parameter-invalid")}),
        ({"until": "2026-03-02T08:00:00"}, {("until", "request.parameter-invalid")}),
        ({"published": 1772352000}, {("published", "request.parameter-invalid")}),
        ({"published": "1772352000"}, {("published", "request.parameter-invalid")}),
        ({"pinned": 0}, {("pinned", "request.parameter-invalid")}),
        ({"state": "past"}, {("state", "field.unknown")}),
        ({"titles": {"de": "x"}}, {("titles.de", "field.unknown")}),
    ],
)
def test_what_is_wrong_is_told_by_its_field(
    manager: Someone, changes: dict[str, Any], found: set[tuple[str, str]]
) -> None:
    answer = manager.post(URL, NEW | changes)
    assert answer.status_code == 422
    assert faults(answer) == found


def test_a_feed_has_what_holds_now_in_the_reader_s_language(client: TestClient, manager: Someone, watch: Watch) -> None:
    first = announced(manager, pinned=True)
    watch.forward(minutes=1)
    second = announced(manager, titles={"fr": "Fin d’année"}, texts={"fr": "# Bilan\n\n[ici](https://a.example)"})
    announced(manager, published="2027-01-01T00:00:00Z")
    answer = client.get(f"{URL}/feed", headers={"accept-language": "fr"})
    assert answer.headers["content-type"].startswith("application/atom+xml")
    assert answer.headers["content-language"] == "fr"
    feed = feedparser.parse(answer.content)
    assert not feed.bozo, feed.get("bozo_exception")
    assert feed.version == "atom10"
    assert feed.feed.title.startswith("Annonces")
    assert [entry.id for entry in feed.entries] == [second["url"], first["url"]]
    assert [entry.title for entry in feed.entries] == ["Fin d’année", "Atelier"]
    assert "<h3" in feed.entries[0].content[0].value
    assert 'href="https://a.example"' in feed.entries[0].content[0].value
    assert "الخميس" in feed.entries[1].content[0].value
    assert "&lt;b&gt;" in feed.entries[1].content[0].value
    assert "<b>" not in feed.entries[1].content[0].value
    assert (feed.entries[1].published, feed.feed.updated) == ("2026-03-01T08:00:00Z", "2026-03-01T08:01:00Z")
    again = client.get(f"{URL}/feed", headers={"accept-language": "fr", "if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


def test_a_feed_goes_on_until_all_is_shown(client: TestClient, manager: Someone, watch: Watch) -> None:
    for number in range(5):
        watch.forward(minutes=number % 2)
        announced(manager, titles={"en": str(number)}, pinned=number == 0)
    address, titles = f"{URL}/feed?limit=2", []
    while address:
        feed = feedparser.parse(client.get(address).content)
        titles += [entry.title for entry in feed.entries]
        following = [link.href for link in feed.feed.links if link.rel == "next"]
        address = following[0].removeprefix("https://oer.example.org") if following else ""
    assert titles == ["4", "3", "2", "1", "0"]


def test_an_empty_feed_is_one_too(home: Installation, client: TestClient) -> None:
    factories.member(home, Role.MANAGER)
    assert feedparser.parse(client.get(f"{URL}/feed").content).entries == []
    assert code(client.get("/api/institutions/nowhere/announcements/feed")) == (404, "institution.unknown")


@pytest.mark.parametrize("method", ["PATCH", "DELETE", "POST"])
def test_a_feed_is_no_announcement(manager: Someone, method: str) -> None:
    answer = manager.ask(method, f"{URL}/feed", {})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_nothing_of_another_institution_is_changed_by_its_address(
    home: Installation, client: TestClient, manager: Someone
) -> None:
    made = announced(manager)
    other = calling.someone(home, client, Role.MANAGER, "school")
    answers: list[httpx2.Response] = [
        other.patch(f"/api/institutions/school/announcements/{made['id']}", {"pinned": True}),
        other.delete(f"/api/institutions/school/announcements/{made['id']}"),
    ]
    assert [code(answer) for answer in answers] == [(404, "announcement.unknown")] * 2
    assert code(other.patch(f"{URL}/{made['id']}", {"pinned": True})) == (403, "action.forbidden")
    assert client.get(f"{URL}/{made['id']}").json() == made
