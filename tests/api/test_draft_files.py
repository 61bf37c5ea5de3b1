import hashlib
from typing import Any
from urllib.parse import quote

import factories
import pytest
from calling import Someone, code, draft, someone
from sqlmodel import select
from starlette.testclient import TestClient

from api.routes import draft_files
from api.schemas import drafts as bodies
from oer import blobs
from oer.db import transaction
from oer.installation import Installation
from oer.models import DraftFile
from oer.workflow import Role

ARABIC = "درس.txt"


@pytest.fixture
def public_id(home: Installation, author: Someone) -> str:
    """A draft with three files."""
    files = {ARABIC: "نص".encode(), "b.txt": b"bee", "c.txt": b"sea"}
    return factories.drafted(home, actor=author.actor, files=files)


def at(public_id: str, name: str = ARABIC) -> str:
    return draft(public_id, "files", quote(name, safe=""))


def names(who: Someone, public_id: str) -> list[str]:
    return [file["name"] for file in who.get(draft(public_id, "files")).json()["items"]]


def test_files_are_listed_with_addresses_that_serve_their_bytes(author: Someone, public_id: str) -> None:
    answer = author.get(draft(public_id, "files"))
    bodies.FileList.model_validate_json(answer.content)
    assert answer.headers["cache-control"] == "private, no-store"
    first = answer.json()["items"][0]
    assert first == {
        "name": ARABIC,
        "media_type": "text/plain",
        "size": 4,
        "sha256": hashlib.sha256("نص".encode()).hexdigest(),
        "role": "main",
        "language": None,
        "url": f"https://oer.example.org{at(public_id)}",
    }
    assert author.get(draft(public_id)).json()["files"] == answer.json()["items"]
    known = author.get(draft(public_id, "files"), if_none_match=answer.headers["etag"])
    assert known.status_code == 304
    bytes_ = author.get(first["url"].removeprefix("https://oer.example.org"))
    assert bytes_.content == "نص".encode()
    assert bytes_.headers["etag"] == f'"{first["sha256"]}"'
    assert bytes_.headers["cache-control"] == "private, no-store"
    assert "sandbox" in bytes_.headers["content-security-policy"]
    part = author.get(at(public_id, "b.txt"), range="bytes=1-")
    assert (part.status_code, part.content) == (206, b"ee")
    head = author.ask("HEAD", at(public_id, "b.txt"))
    assert (head.content, head.headers["content-length"]) == (b"", "3")


def test_a_file_under_embargo_is_for_those_who_see_the_draft(
    home: Installation, client: TestClient, author: Someone
) -> None:
    for kind in ({"kind": "open"}, {"kind": "institution"}, {"kind": "embargoed", "until": "2030-01-01"}):
        made = factories.drafted(home, actor=author.actor, described=factories.record(access=kind))
        assert author.get(at(made, "lesson.txt")).status_code == 200
        assert someone(home, client, Role.REVIEWER).get(at(made, "lesson.txt")).status_code == 200
        for stranger in (Someone(client), someone(home, client, Role.DEPOSITOR, email="c@example.org")):
            assert code(stranger.get(at(made, "lesson.txt"))) == (404, "draft.unknown")
            assert client.get(f"/api/resources/{made}/files/lesson.txt").status_code == 404


@pytest.mark.parametrize("name", ["none.txt", "a%00", "%ED%A0%80", "%D8", "..%2Fb.txt"])
def test_a_file_that_is_not_there_is_404(author: Someone, public_id: str, name: str) -> None:
    path = draft(public_id, "files", name)
    for answer in (author.get(path), author.patch(path, {"role": "extra"}), author.delete(path)):
        assert answer.status_code == 404
    assert names(author, public_id) == [ARABIC, "b.txt", "c.txt"]


def test_a_file_is_described_by_a_merge_patch(author: Someone, public_id: str) -> None:
    seen = author.get(draft(public_id)).headers["etag"]
    patch = {"name": "ترجمة.vtt", "role": "caption", "language": "ara"}
    answer = author.patch(at(public_id), patch, match=seen)
    body = answer.json()
    assert (answer.status_code, body["name"], body["role"], body["language"]) == (200, "ترجمة.vtt", "caption", "ar")
    assert body["url"].endswith(at(public_id, "ترجمة.vtt"))
    assert author.get(draft(public_id)).headers["etag"] == answer.headers["draft-etag"] != seen
    assert author.get(at(public_id, "ترجمة.vtt")).headers["etag"] == answer.headers["etag"]
    assert author.get(draft(public_id)).json()["files"][0] == body
    assert author.patch(at(public_id, "ترجمة.vtt"), {"language": None}).json()["language"] is None
    assert author.patch(at(public_id, "ترجمة.vtt"), {}).json()["role"] == "caption"
    assert names(author, public_id) == ["ترجمة.vtt", "b.txt", "c.txt"]


def test_a_new_name_is_looked_at_together_with_the_bytes(home: Installation, author: Someone) -> None:
    files = {"a.txt": b"WEBVTT\n\n00:00.000 --> 00:01.000\nx\n", "b.txt": b"%PDF-1.7\n%%EOF\n"}
    public_id = factories.drafted(home, actor=author.actor, files=files)
    caption = author.patch(at(public_id, "a.txt"), {"name": "a.vtt"}).json()
    assert caption["media_type"] == "text/vtt"
    lying = author.patch(at(public_id, "b.txt"), {"name": "b.html"}).json()
    assert lying["media_type"] == "application/pdf"


@pytest.mark.parametrize(
    ("patch", "status", "found"),
    [
        ({"name": "b.txt"}, 422, "file.name-taken"),
        ({"name": ""}, 422, "request.invalid"),
        ({"name": None}, 422, "request.invalid"),
        ({"name": "x" * 1001}, 422, "request.invalid"),
        ({"name": "\ud800"}, 422, "request.invalid"),
        ({"role": "poster"}, 422, "request.invalid"),
        ({"role": None}, 422, "request.invalid"),
        ({"language": "no language"}, 422, "request.invalid"),
        ({"language": "\ud800"}, 422, "request.invalid"),
        ({"key": "0" * 64}, 422, "request.invalid"),
        ({"sha256": "0" * 64}, 422, "request.invalid"),
        ({"media_type": "text/html"}, 422, "request.invalid"),
        ({"seen": "0" * 64}, 422, "request.invalid"),
        ({"position": 1}, 422, "request.invalid"),
        ({"name": "a/b.txt"}, 422, "file.name-invalid"),
        ({"name": "\ufffd.txt"}, 422, "file.name-invalid"),
        ({"draft_id": 1}, 422, "request.invalid"),
    ],
)
def test_a_wrong_description_changes_nothing(
    author: Someone, public_id: str, patch: dict[str, Any], status: int, found: str
) -> None:
    before = author.get(draft(public_id)).headers["etag"]
    assert code(author.patch(at(public_id), patch)) == (status, found)
    assert author.get(draft(public_id)).headers["etag"] == before


def test_files_are_ordered_as_a_list_of_their_names(author: Someone, public_id: str) -> None:
    seen = author.get(draft(public_id, "files")).headers["etag"]
    answer = author.put(draft(public_id, "files"), {"names": ["c.txt", ARABIC, "b.txt"]}, match=seen)
    assert [file["name"] for file in answer.json()["items"]] == ["c.txt", ARABIC, "b.txt"]
    shown = author.get(draft(public_id, "files"))
    assert (shown.content, shown.headers["etag"]) == (answer.content, answer.headers["etag"])
    stale = author.put(draft(public_id, "files"), {"names": ["b.txt", ARABIC, "c.txt"]}, match=seen)
    assert code(stale) == (412, "draft.stale")


@pytest.mark.parametrize(
    "body",
    [{}, {"names": []}, {"names": ["b.txt"]}, {"names": "b.txt"}, {"names": [ARABIC, "b.txt", "c.txt", "c.txt"]},
     {"names": [ARABIC, "b.txt", "d.txt"]}, {"names": [ARABIC, "b.txt", "\ud800"]}, {"names": [1, 2, 3]},
     {"names": [ARABIC, "b.txt", "c.txt"], "role": "main"}, []],
)  # fmt: skip
def test_an_order_that_leaves_out_or_invents_is_refused(author: Someone, public_id: str, body: Any) -> None:
    assert author.put(draft(public_id, "files"), body).status_code == 422
    assert names(author, public_id) == [ARABIC, "b.txt", "c.txt"]


def test_a_file_is_taken_out(author: Someone, public_id: str) -> None:
    seen = author.get(draft(public_id)).headers["etag"]
    answer = author.delete(at(public_id), match=seen)
    assert (answer.status_code, answer.content) == (204, b"")
    assert names(author, public_id) == ["b.txt", "c.txt"]
    assert author.get(draft(public_id)).headers["etag"] == answer.headers["draft-etag"]
    assert code(author.delete(at(public_id))) == (404, "file.unknown")


def test_the_tag_of_a_download_may_be_insisted_on(home: Installation, author: Someone, public_id: str) -> None:
    seen = author.get(at(public_id, "b.txt")).headers["etag"]
    other = author.get(at(public_id, "c.txt")).headers["etag"]
    author.patch(draft(public_id), {"note": "x"})  # the draft has moved, the bytes have not
    assert code(author.patch(at(public_id, "b.txt"), {"role": "extra"}, match=other)) == (412, "draft.stale")
    assert author.patch(at(public_id, "b.txt"), {"role": "extra"}, match=seen).status_code == 200
    assert code(author.delete(at(public_id, "b.txt"), match=other)) == (412, "draft.stale")
    assert author.delete(at(public_id, "b.txt"), match=seen).status_code == 204
    stranger = someone(home, author.client, Role.DEPOSITOR, email="c@example.org")
    assert code(stranger.delete(at(public_id, "c.txt"), match=other)) == (404, "draft.unknown")


def test_bytes_that_came_meanwhile_get_no_type_of_others(
    home: Installation, author: Someone, public_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look into the bytes and the write somebody else replaces them."""
    looked = draft_files._renamed

    def replaced(*arguments: Any) -> Any:
        found = looked(*arguments)
        stored = home.store.put([b"other bytes"])
        with transaction(home.engine) as session:
            blobs.hold(session, home.store, stored, now=home.now())
            row = session.exec(select(DraftFile).where(DraftFile.name == "b.txt")).one()
            row.key = stored.key
        return found

    monkeypatch.setattr(draft_files, "_renamed", replaced)
    assert code(author.patch(at(public_id, "b.txt"), {"name": "b.vtt"})) == (409, "write.collided")
    assert "b.txt" in names(author, public_id)
