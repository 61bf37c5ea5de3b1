"""What a depositor may want to say, drawn from the files of a draft."""

import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import factories
import pytest
from calling import Someone, code, someone
from searching import index
from sqlmodel import select
from starlette.testclient import TestClient

from api.routes import suggestions as routes
from oer import suggestions
from oer.db import reading
from oer.extraction import apart
from oer.installation import Installation
from oer.models import Draft
from oer.workflow import Role

WATER = (
    "تتحرك المياه في الطبيعة. تبدأ دورة الماء بالتبخر من البحار. دورة الماء لا تتوقف، وفي دورة الماء يعود المطر. " * 4
)


def draft(home: Installation, files: dict[str, bytes]) -> str:
    return factories.drafted(home, files=files)


def ask(client: TestClient, home: Installation, public_id: str, lang: str = "ar") -> dict[str, Any]:
    who = someone(home, client, Role.REVIEWER, "college", "read", email=f"{lang}-{public_id}@example.org")
    headers = {**who.headers, "accept-language": lang}
    answer = client.post("/api/suggestions", json={"resource": public_id}, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    told: dict[str, Any] = answer.json()
    return told


def values(told: Sequence[dict[str, Any]]) -> list[str]:
    return [one["value"] for one in told]


def test_files_tell_of_languages_titles_keywords_and_subjects(client: TestClient, home: Installation) -> None:
    page = f'<html lang="ar"><title>دورة الماء في الطبيعة</title><p>{WATER}</p></html>'
    public_id = draft(
        home, {"درس الماء.html": page.encode(), "notes.md": "# Le cycle de l’eau\n\nL’eau monte.".encode()}
    )
    index(home)
    told = ask(client, home, public_id)
    assert told["languages"][0]["value"] == "ar"
    assert told["languages"][0]["label"] == "العربية"
    assert values(told["titles"])[0] == "دورة الماء في الطبيعة"
    assert {"Le cycle de l’eau", "درس الماء"} <= set(values(told["titles"]))
    assert told["titles"][0]["sources"] == [
        {"file": "درس الماء.html", "origin": "metadata"},
        {"file": "درس الماء.html", "origin": "text"},
    ]
    assert values(told["keywords"])[0] == "دورة الماء"
    assert told["unread"] == []
    water = next(one for one in told["subjects"] if one["label"] == "مياه")
    assert [source["file"] for source in water["sources"]] == ["درس الماء.html", "notes.md"]  # one says ماء, one eau
    for kind in ("languages", "titles", "keywords", "subjects"):
        scores = [one["score"] for one in told[kind]]
        assert scores == sorted(scores, reverse=True)
        assert all(0 < score <= 1 for score in scores)
    assert (
        next(one for one in ask(client, home, public_id, "fr")["subjects"] if one["value"] == water["value"])["label"]
        == "Eau"
    )


def test_nothing_is_written_into_the_draft(client: TestClient, home: Installation) -> None:
    public_id = draft(home, {"a.txt": WATER.encode()})
    index(home)
    with reading(home.engine) as session:
        before = session.exec(select(Draft)).one().model_dump()
    ask(client, home, public_id)
    with reading(home.engine) as session:
        assert session.exec(select(Draft)).one().model_dump() == before


def test_what_was_read_once_is_kept_and_needs_no_second_look(
    client: TestClient, home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    public_id = draft(home, {"a.txt": WATER.encode()})
    first = ask(client, home, public_id)
    monkeypatch.setattr(apart, "extract", lambda *_what, **_named: pytest.fail("it is known"))
    assert ask(client, home, public_id, "en")["keywords"] == first["keywords"]


def test_without_an_index_and_without_words_there_is_an_answer(client: TestClient, home: Installation) -> None:
    told = ask(client, home, draft(home, {"IMG_2026.png": b"\x89PNG\r\n\x1a\n", "document1.txt": b"123 456"}))
    assert told == {"languages": [], "titles": [], "keywords": [], "subjects": [], "unread": []}
    assert ask(client, home, draft(home, {}), "fr")["titles"] == []


def test_files_that_take_too_long_are_told(
    client: TestClient, home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suggestions, "_SECONDS", 0.0)
    assert ask(client, home, draft(home, {"a.txt": WATER.encode()}))["unread"] == ["a.txt"]


def test_too_many_at_once_are_asked_to_come_back(
    client: TestClient, home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "_PATIENCE", 0.05)
    monkeypatch.setattr(routes, "_AT_ONCE", 1)
    public_id = draft(home, {"a.txt": b"word"})
    who = someone(home, client, Role.REVIEWER)
    begun, ends = threading.Event(), threading.Event()
    usual = suggestions.suggest

    def slowly(*what: Any) -> Any:
        begun.set()
        assert ends.wait(30)
        return usual(*what)

    monkeypatch.setattr(suggestions, "suggest", slowly)

    def asked() -> Any:
        return client.post("/api/suggestions", json={"resource": public_id}, headers=dict(who.headers))

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(asked)
        assert begun.wait(30)
        refused = asked()
        ends.set()
        assert first.result().status_code == 200
    assert code(refused) == (503, "suggestions.busy")
    assert "retry-after" in refused.headers
    assert asked().status_code == 200


def test_drafts_of_others_are_not_known(client: TestClient, home: Installation, author: Someone) -> None:
    public_id = draft(home, {"a.txt": "كلمة السر".encode()})
    for body, status in (
        ({"resource": public_id}, 404),
        ({"resource": "2222222222"}, 404),
        ({}, 422),
        ({"resource": public_id, "apply": True}, 422),
    ):
        answer = author.client.post("/api/suggestions", json=body, headers=dict(author.headers))
        assert answer.status_code == status, body
    assert client.post("/api/suggestions", json={"resource": public_id}).status_code == 401


@pytest.mark.parametrize(
    ("path", "lang", "title", "words"),
    [
        ("ar/iot-predict-plant-growth.md", "ar", "توقع نمو النباتات باستخدام إنترنت الأشياء", "درجة الحرارة"),
        ("fr/iot-predict-plant-growth.md", "fr", "Prédire la croissance des plantes avec l'IoT", "température"),
        ("en/pythonlearn-10-tuples.pptx", "en", "Tuples", "tuples"),
        ("ar/story-0110.h5p", "ar", "البذرة الصغيرة – حكاية ونقاري ماتهاي", "نقاري"),
        ("ar/regime-anticancer-arabic.epub", "ar", "Le Vrai Régime anti-cancer", "حمض الدنا"),
    ],
)
def test_real_lessons_tell_of_themselves(
    client: TestClient, home: Installation, shared: Path, path: str, lang: str, title: str, words: str
) -> None:
    public_id = draft(home, {Path(path).name: (shared / "samples" / path).read_bytes()})
    index(home)
    told = ask(client, home, public_id, "en")
    assert values(told["languages"])[0] == lang
    assert title in values(told["titles"])
    assert words in values(told["keywords"])
    assert told["subjects"]
    assert json.dumps(told, ensure_ascii=False)
