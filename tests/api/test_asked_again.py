"""What was done, asked for once more: answered as before whatever it has changed, and never undone."""

import base64
import hashlib
import json
from dataclasses import replace
from typing import Any

import factories
import pytest
from calling import Someone, code, draft
from sqlmodel import select
from starlette.testclient import TestClient

from api import app, writing
from oer import sessions
from oer.db import reading, transaction
from oer.errors import Unauthenticated
from oer.installation import Installation
from oer.models import BrowserSession, Draft
from oer.transfer import orders
from storage.errors import Missing

KEY = {"idempotency_key": "once"}


def test_a_file_that_was_renamed_is_renamed_once(home: Installation, author: Someone) -> None:
    public_id = factories.drafted(home, actor=author.actor, files={"a.txt": b"x"})
    kind = {"content_type": "application/merge-patch+json"}
    answers = [
        author.ask("PATCH", draft(public_id, "files", "a.txt"), raw=b'{"name": "b.txt"}', **KEY, **kind)
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotent-replayed"] == "true"
    unkeyed = author.ask("PATCH", draft(public_id, "files", "a.txt"), raw=b'{"name": "b.txt"}', **kind)
    assert code(unkeyed) == (404, "file.unknown")


def test_the_last_import_that_one_may_ask_for_is_asked_for_once(
    home: Installation, author: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "_UNFINISHED", 1)
    row = json.dumps({"item": "a", "title": [{"value": "x", "lang": "en"}]}).encode()
    path, kind = "/api/imports?institution=college&source=s", {"content_type": "application/jsonl"}
    first, again = (author.ask("POST", path, raw=row, match=None, **KEY, **kind) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202), again.text
    assert again.json() == first.json()
    other = author.ask("POST", path, raw=row, match=None, idempotency_key="twice", **kind)
    assert code(other) == (409, "import.too-many")


def test_a_deposit_is_not_in_the_way_of_itself(
    home: Installation, author: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = home.settings.model_copy(update={"person_quota": 1000})
    record = factories.record().model_dump(mode="json", exclude_defaults=True)
    parts: dict[str, Any] = {
        "institution": (None, "college"),
        "record": (None, json.dumps(record)),
        "file": ("a.txt", b"x" * 600),
    }
    with TestClient(app.create(replace(home, settings=settings)), raise_server_exceptions=False) as client:
        sent = [
            client.post("/api/resources", files=parts, headers={**author.headers, "idempotency-key": key})
            for key in ("once", "once", "twice")
        ]
        assert [answer.status_code for answer in sent] == [201, 201, 413], sent[1].text
        assert sent[0].json() == sent[1].json()
        other = b"y" * 600
        reused = client.post(
            "/api/resources",
            files=parts | {"file": ("a.txt", other)},
            headers={**author.headers, "idempotency-key": "once"},
        )
        assert code(reused) == (422, "idempotency.key-reused")
        with pytest.raises(Missing):  # nothing is kept that nobody has room for
            home.store.stat(hashlib.sha256(other).hexdigest())
        looks = iter([False, True])
        monkeypatch.setattr(writing, "is_again", lambda *_: next(looks))  # the first is done while the second comes in
        late = client.post("/api/resources", files=parts, headers={**author.headers, "idempotency-key": "once"})
        assert code(late) == (409, "write.again")


def test_the_same_bytes_undo_nothing_that_was_said_of_them(home: Installation, author: Someone) -> None:
    public_id = factories.drafted(home, actor=author.actor, files={})
    content, where = b"WEBVTT\n", draft(public_id, "files", "a.vtt")
    digest = hashlib.sha256(content).digest()
    promised = {"content_digest": f"sha-256=:{base64.b64encode(digest).decode()}:"}
    assert author.ask("PUT", where, raw=content, match=None, if_none_match="*", **promised).status_code == 201
    assert author.ask("PUT", where, raw=content, match=None, if_none_match="*", **promised).status_code == 200
    said = author.ask(
        "PATCH", where, raw=b'{"role": "caption", "language": "ar"}', content_type="application/merge-patch+json"
    )
    assert said.status_code == 200
    again = author.ask("PUT", where, raw=content, match=None, if_none_match="*", **promised)
    assert again.status_code == 412, again.text
    (file,) = author.get(draft(public_id, "files")).json()["items"]
    assert (file["role"], file["language"]) == ("caption", "ar")


def test_a_draft_whose_record_is_damaged_is_mended_by_a_new_one(home: Installation, author: Someone) -> None:
    public_id = factories.drafted(home, actor=author.actor)
    with transaction(home.engine) as session:
        (row,) = session.exec(select(Draft)).all()
        row.record = "{"
    patch = {"raw": b'{"note": "x"}', "content_type": "application/merge-patch+json"}
    assert code(author.ask("PATCH", draft(public_id), **patch)) == (503, "record.damaged")
    record = factories.record().model_dump(mode="json", exclude_defaults=True)
    assert author.put(draft(public_id), {"record": record}).status_code == 200
    assert author.get(draft(public_id)).json()["record"]["title"] == record["title"]


def test_an_old_part_of_a_file_is_not_gone_on_with(client: TestClient, home: Installation) -> None:
    public_id = factories.published(home, files={"a.txt": b"0123456789"})
    path = f"/api/resources/{public_id}/files/a.txt"
    modified = client.get(path).headers["last-modified"]
    same = client.get(path, headers={"range": "bytes=5-", "if-unmodified-since": modified})
    assert (same.status_code, same.content) == (206, b"56789")
    old = client.get(path, headers={"range": "bytes=5-", "if-unmodified-since": "Thu, 01 Jan 2015 00:00:00 GMT"})
    assert old.status_code == 412
    named = {"if-match": client.get(path).headers["etag"], "if-unmodified-since": "Thu, 01 Jan 2015 00:00:00 GMT"}
    assert client.get(path, headers=named).status_code == 200
    assert client.get(path, headers={"if-unmodified-since": "no date"}).status_code == 200


@pytest.mark.parametrize("resource", ["\ud800", "x" * 101])
def test_halves_of_letters_are_answered(author: Someone, resource: str) -> None:
    answer = author.ask(
        "POST", "/api/suggestions", raw=json.dumps({"resource": resource}).encode(), content_type="application/json"
    )
    assert answer.status_code in (404, 422)
    assert answer.json()["code"]


def test_a_session_that_ends_meanwhile_is_over(home: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction(home.engine) as session:
        person = factories.person(session, "a@example.org")
        _, secret = sessions.start(session, person, lifetime=sessions.LONGEST, now=home.now())
    with transaction(home.engine) as session:
        stale = sessions.find(session, secret, now=home.now())
        session.expunge(stale)
        sessions.end(session, secret)
        monkeypatch.setattr(sessions, "find", lambda *_, **__: stale)
        with pytest.raises(Unauthenticated):
            sessions.renew(session, secret, lifetime=sessions.LONGEST, now=home.now())
    with reading(home.engine) as session:
        assert session.exec(select(BrowserSession)).all() == []


def test_nobody_makes_room_in_the_store_by_a_key(client: TestClient, home: Installation) -> None:
    headers = {
        "tus-resumable": "1.0.0",
        "upload-length": "5",
        "upload-metadata": "resource MDEyMzQ1Njc4OQ==,filename YS50eHQ=",
        "idempotency-key": "anything",
    }
    begun = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(home.store.__class__, "begin", lambda *_: begun.append(1))
        assert client.post("/api/uploads", headers=headers).status_code == 401
    assert begun == []
