import json
import random
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import factories
import pytest
from factories import published, record
from searching import index
from starlette.testclient import TestClient

from oer import publishing, working
from oer.installation import Installation

VIDEO = "https://w3id.org/kim/hcrt/video"
FIRST = "https://w3id.org/kim/educationalLevel/level_1"


@pytest.fixture
def lessons(home: Installation) -> dict[str, str]:
    """Title → public id, of five published resources with an index."""
    told = {
        "دورة الماء": record("دورة الماء", levels=[FIRST]),
        "الماء والهواء": record("الماء والهواء", languages=["fr"]),
        "مياه الأنهار": record("مياه الأنهار", languages=["ar", "fr"]),
        "الضوء": record("الضوء", resource_type="https://w3id.org/kim/hcrt/worksheet"),
        "الصوت": record("الصوت"),
    }
    found = {title: published(home, described=described) for title, described in told.items()}
    index(home)
    return found


def ids(answer: dict[str, object]) -> list[str]:
    return [item["id"] for item in answer["items"]]  # type: ignore[index, attr-defined]


def ask(client: TestClient, query: str = "", **wanted: object) -> dict[str, object]:
    answer = client.get("/api/resources", params={"q": query} | wanted if query else wanted)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_words_are_found_with_where_they_stand(client: TestClient, lessons: dict[str, str]) -> None:
    found = ask(client, "ماء", limit=10)
    assert set(ids(found)) == {lessons["دورة الماء"], lessons["الماء والهواء"], lessons["مياه الأنهار"]}
    assert (found["total"], found["next"]) == (3, None)
    titles = {one["id"]: one["title"]["parts"] for one in found["found"]}  # type: ignore[attr-defined]
    assert titles[lessons["دورة الماء"]] == [{"text": "دورة ", "hit": False}, {"text": "الماء", "hit": True}]
    assert titles[lessons["مياه الأنهار"]] == [{"text": "مياه", "hit": True}, {"text": " الأنهار", "hit": False}]


def read(home: Installation) -> None:
    work = working.reading_of(home)
    while work.turn():
        pass
    index(home)


def test_a_hit_inside_a_file_says_so(client: TestClient, home: Installation) -> None:
    said = "مقدمة طويلة. " * 200 + "ثم تُزرع شجرة الزنجبيل في الربيع،\n\nوتُسقى. " + "خاتمة طويلة. " * 200
    public_id = published(home, described=record("الزراعة"), files={"درس.txt": said.encode()})
    read(home)
    [found] = ask(client, "زنجبيل")["found"]  # type: ignore[misc]
    assert (found["id"], found["file"]["name"]) == (public_id, "درس.txt")
    assert client.get(found["file"]["url"].removeprefix("https://oer.example.org")).content == said.encode()
    piece = found["file"]["text"]
    assert [part["text"] for part in piece["parts"] if part["hit"]] == ["الزنجبيل"]
    shown = "".join(part["text"] for part in piece["parts"])
    assert "شجرة الزنجبيل في الربيع، وتُسقى" in shown
    assert len(shown) < 400
    assert (piece["cut_before"], piece["cut_behind"]) == (True, True)
    [found] = ask(client, "الزراعة")["found"]  # type: ignore[misc]
    assert found["file"] is None  # the title says it


def test_a_file_without_words_does_not_fill_the_answer(client: TestClient, home: Installation) -> None:
    for filling in (b"A" * 500_000, b"." * 500_000, b" " + b"x" * 500_000):
        published(home, files={"data.txt": b"cardamom " + filling + b" cardamom"})
    read(home)
    answer = client.get("/api/resources", params={"q": "cardamom", "limit": 10})
    assert answer.json()["total"] == 3
    for found in answer.json()["found"]:
        assert len("".join(part["text"] for part in found["file"]["text"]["parts"])) < 1000


def test_what_files_say_that_are_not_open_is_in_no_answer(client: TestClient, home: Installation) -> None:
    secret = {"secret.txt": "كلمة الزنجبيل".encode()}
    published(home, described=record("سرّ", access={"kind": "institution"}), files=secret)
    published(home, described=record("علن"), files=secret | {"open.txt": b"x"})
    read(home)
    for question in ("زنجبيل", "file:زنجبيل", '"كلمة الزنجبيل"', "سر OR زنجبيل"):
        told = ask(client, question)
        for item, found in zip(told["items"], told["found"], strict=True):  # type: ignore[call-overload]
            assert item["access"]["kind"] == "open" or found["file"] is None
    assert ask(client, "زنجبيل")["total"] == 1
    assert client.get("/api/suggest", params={"q": "زنجب"}).json()["texts"] == []


def test_subjects_are_browsed_from_the_domains_of_the_thesaurus_down(client: TestClient, home: Installation) -> None:
    thesaurus = "http://vocabularies.unesco.org/thesaurus/"
    public_id = published(home, described=record("الجبر", subjects=[f"{thesaurus}concept118"]))
    published(home, described=record("المتحف", subjects=["http://data.europa.eu/snb/isced-f/0222"]))
    index(home)

    def shown(*chosen: str) -> dict[str, tuple[str, int, str | None]]:
        wanted = {"facets": "subject", "subject": list(chosen)}
        told = client.get("/api/resources", params=wanted, headers={"Accept-Language": "fr"}).json()
        assert ids(told) == [public_id] or not chosen
        [facet] = told["facets"]
        return {one["value"]: (one["label"], one["count"], one["broader"]) for one in facet["values"]}

    science, group, concept = (f"{thesaurus}{name}" for name in ("domain2", "mt2.15", "concept118"))
    assert shown()[science] == ("Science", 1, None)
    assert group not in shown()
    assert shown(science)[group] == ("Mathématiques et statistiques", 1, science)
    assert shown(group)[concept] == ("Mathématiques", 1, group)
    assert shown("2.15") == shown("رياضيات واحصاء") == shown(group)


def test_pages_of_a_search_go_on_until_all_is_shown(client: TestClient, lessons: dict[str, str]) -> None:
    for sort in ("relevance", "newest", "title"):
        seen, address = [], f"/api/resources?q=ماء&sort={sort}&limit=2"
        while address:
            answer = client.get(address)
            page = answer.json()
            seen += ids(page)
            assert ("next" in answer.links) == (page["next"] is not None)
            address = page["next"] and page["next"].removeprefix("https://oer.example.org")
        assert len(seen) == len(set(seen)) == 3


@pytest.mark.parametrize(("lang", "label"), [("ar", "فيديو"), ("fr", "Vidéo"), ("en", "Video")])
def test_counts_have_words_in_the_callers_language(
    client: TestClient, lessons: dict[str, str], lang: str, label: str
) -> None:
    answer = client.get("/api/resources?facets=type&facets=offline", headers={"accept-language": lang})
    assert answer.headers["content-language"] == lang
    assert "Accept-Language" in answer.headers["vary"]
    kinds, offline = answer.json()["facets"]
    assert (kinds["values"][0]["value"], kinds["values"][0]["count"]) == (VIDEO, 4)
    assert kinds["values"][0]["label"] == label
    assert offline["values"][0]["value"] == "yes"
    assert not offline["values"][0]["label"].startswith("search.")


def test_what_is_chosen_narrows_and_its_facet_keeps_its_counts(client: TestClient, lessons: dict[str, str]) -> None:
    found = ask(client, "ماء", language="fr", facets="language")
    assert set(ids(found)) == {lessons["الماء والهواء"], lessons["مياه الأنهار"]}
    [facet] = found["facets"]  # type: ignore[misc]
    assert {one["value"]: (one["count"], one["chosen"]) for one in facet["values"]} == {
        "ar": (2, False),
        "fr": (2, True),
    }
    both = client.get("/api/resources?q=ماء&language=fr&language=ar").json()
    assert both["total"] == 3
    assert ask(client, level="level_1")["total"] == 1
    assert ask(client, type="Video", institution="college")["total"] == 4


def test_a_choice_without_hits_is_told_all_the_same(client: TestClient, lessons: dict[str, str]) -> None:
    [facet] = ask(client, type="audio", facets="type")["facets"]  # type: ignore[misc]
    [chosen] = [one for one in facet["values"] if one["chosen"]]
    assert chosen["count"] == 0
    assert chosen["label"]
    assert not chosen["label"].startswith("http")


@pytest.mark.parametrize(
    ("query", "status", "code", "field"),
    [
        ("level=nothing", 422, "search.value-unknown", "level"),
        ("year=soon", 422, "search.value-unknown", "year"),
        ("language=!", 422, "search.value-unknown", "language"),
        ("institution=nowhere&q=a", 404, "institution.unknown", None),
        ("state=hidden&q=a", 422, "search.published-only", "state"),
        ("facets=colour", 422, None, None),
        ("sort=price", 422, None, None),
        ("q=a&cursor=made-up", 422, "cursor.invalid", "cursor"),
    ],
)
def test_what_cannot_be_asked_is_told(
    client: TestClient, lessons: dict[str, str], query: str, status: int, code: str | None, field: str | None
) -> None:
    answer = client.get(f"/api/resources?{query}")
    assert answer.status_code == status
    told = answer.json()
    if code is not None:
        assert code in json.dumps(told)
    if field is not None:
        assert field in json.dumps(told)


def test_a_cursor_is_for_its_own_search(client: TestClient, lessons: dict[str, str]) -> None:
    following = ask(client, "ماء", limit=1)["next"]
    cursor = parse_qs(urlsplit(str(following)).query)["cursor"][0]
    assert client.get(f"/api/resources?q=ماء&limit=1&cursor={cursor}").status_code == 200
    assert client.get(f"/api/resources?q=هواء&limit=1&cursor={cursor}").status_code == 422


def test_before_the_index_is_there_the_search_asks_for_patience(client: TestClient, home: Installation) -> None:
    public_id = published(home)
    answer = client.get("/api/resources?q=a")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert ids(client.get("/api/resources").json()) == [public_id]


def test_what_has_just_gone_is_not_shown_though_the_index_has_it(
    client: TestClient, home: Installation, lessons: dict[str, str]
) -> None:
    wanted = {"reason": "rights", "note": "", "repository_id": home.repository_id}
    factories.act(home, publishing.withdraw, lessons["دورة الماء"], **wanted)
    assert lessons["دورة الماء"] not in ids(ask(client, "ماء"))


def hostile(draw: random.Random) -> str:
    signs = [*"()\"«»“”-–:|&*~^[]{}\\/+!?<>=;,'`$%#@\n\t\x00\u202e\u2066\u200f", " OR ", " AND ", " NOT ", " TO "]
    words = [
        "title:",
        "is:",
        "id:",
        "file:",
        "_all:*",
        "code:",
        "sort_ar:",
        "newest:[0 TO 9]",
        "ماء",
        "الماء" * 30,
        "a" * 999,
    ]
    words += ["كَتَبَ", "é", "ﷺ", "𐍈", "字", "12", "١٢", "-", "--", '"' * 50, "(" * 99, "a~5", "a^9", "/a.*/", "{a TO z}"]
    return "".join(draw.choice(signs + words) for _ in range(draw.randint(1, 40)))[:1000]


def test_hostile_questions_are_answered_like_any_other(
    client: TestClient, home: Installation, lessons: dict[str, str], publish: Callable[..., str]
) -> None:
    secret = publish({"a.txt": (b"zanzibar", "text/plain")}, described=record(access={"kind": "metadata-only"}))
    index(home)
    draw = random.Random(7)
    for _ in range(500):
        text = hostile(draw)
        answer = client.get("/api/resources", params={"q": text})
        assert answer.status_code == 200, (text, answer.text)
    assert ask(client, "zanzibar")["total"] == 0
    for text in ("is:subject", "newest:1", 'sort_ar:"5"', "file:zanzibar", "concept:x"):
        assert secret not in ids(ask(client, text))
