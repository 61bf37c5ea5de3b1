"""Uploads that go on: tus 1.0.0."""

import os
import threading
from collections.abc import Iterator

import asgi
import calling
import pytest
from calling import Someone, code
from factories import Watch
from starlette.testclient import TestClient
from tus import MIB, PART, URL, Response, Sender, ask, files, metadata, path, sha256

from api import app
from api.schemas import uploads as bodies
from oer.installation import Installation
from oer.workflow import Role


@pytest.fixture
def draft(sender: Sender) -> str:
    return sender.draft


# ── The protocol ─────────────────────────────────────────────────────────────────────────────────


def test_the_server_says_what_it_can(client: TestClient, home: Installation) -> None:
    answer = client.request("OPTIONS", URL)
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == answer.headers["tus-resumable"] == "1.0.0"
    said = set(answer.headers["tus-extension"].split(","))
    assert said == {"creation", "creation-with-upload", "termination", "checksum", "expiration"}
    assert answer.headers["tus-max-size"] == str(home.settings.max_file_size)
    assert {"sha1", "sha256"} <= set(answer.headers["tus-checksum-algorithm"].split(","))


def test_other_versions_are_refused_and_every_answer_bears_ours(sender: Sender) -> None:
    where = sender.begun(4)
    for method, address in (("POST", URL), ("HEAD", where), ("PATCH", where), ("DELETE", where)):
        for version in ({}, {"tus_resumable": "0.2.2"}):
            refused = sender.who.ask(method, address, match=None, **version)
            assert (refused.status_code, refused.headers["tus-version"]) == (412, "1.0.0")
            assert refused.headers["tus-resumable"] == "1.0.0"
    refused = sender.who.ask("PATCH", where, match=None)
    assert code(refused) == (412, "tus.version-unsupported")
    assert refused.json()["title"] == "Another version of tus"
    answers = [sender.create(None), sender.head(where), sender.patch(where, 3, b"x"), sender.patch(where, 0, b"four")]
    for answer in (*answers, sender.head(f"{URL}/{'0' * 32}"), sender.ask("DELETE", where)):
        assert answer.headers["tus-resumable"] == "1.0.0"


def test_a_file_in_parts_stands_in_the_draft_after_the_last(home: Installation, sender: Sender) -> None:
    content = os.urandom(100_000)
    made = sender.create(len(content), said={"role": "light", "language": "fr", "filetype": "video/mp4"})
    where = path(made)
    assert (made.status_code, made.headers["upload-offset"]) == (201, "0")
    at = 0
    for size in (1, 40_000, 0, 59_999):
        answer = sender.patch(where, at, content[at : at + size])
        at += size
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(at))
        head = sender.head(where)
        assert (head.headers["upload-offset"], head.headers["upload-length"]) == (str(at), "100000")
        assert head.headers["cache-control"] == "no-store"
        assert (files(home, sender.draft) == {}) is (at < len(content))
    assert files(home, sender.draft) == {"درس.mp4": sha256(content)}
    (file,) = sender.who.get(f"/api/resources/{sender.draft}/draft").json()["files"]
    assert (file["role"], file["language"], file["size"]) == ("light", "fr", len(content))
    assert head.headers["upload-metadata"] == metadata(
        resource=sender.draft, filename="درس.mp4", role="light", language="fr", filetype="video/mp4"
    )
    assert list(home.store.uploads()) == []
    assert sender.patch(where, at, b"").status_code == 204
    assert code(sender.patch(where, at, b"more"))[0] == 413
    assert code(sender.patch(where, 0, content)) == (409, "upload.offset-wrong")


@pytest.mark.parametrize("first", [0, 1, 5 * MIB, 9 * MIB])
def test_a_creation_may_bring_the_first_bytes(home: Installation, sender: Sender, first: int) -> None:
    content = bytes(range(256)) * (9 * MIB // 256)
    made = sender.create(len(content), content[:first])
    assert (made.status_code, made.headers["upload-offset"]) == (201, str(first))
    if first < len(content):
        assert sender.patch(path(made), first, content[first:]).status_code == 204
    assert sender.offset(path(made)) == len(content)
    assert files(home, sender.draft) == {"درس.mp4": sha256(content)}


def test_an_empty_file_is_there_when_it_is_created(home: Installation, sender: Sender) -> None:
    where = sender.begun(0)
    assert files(home, sender.draft) == {"درس.mp4": sha256(b"")}
    assert sender.offset(where) == 0


# ── Creations that are refused ───────────────────────────────────────────────────────────────────


def test_a_creation_says_how_long_and_what_and_where(home: Installation, sender: Sender) -> None:
    assert code(sender.create(None)) == (400, "tus.length-missing")
    assert code(sender.create(None, upload_defer_length="1")) == (400, "tus.length-deferred")
    for length in ("-1", "1.0", "x", "0x1", "9" * 101):
        assert code(sender.create(None, upload_length=length)) == (400, "tus.length-missing")
    assert code(sender.create(home.settings.max_file_size + 1)) == (413, "file.too-large")
    assert code(sender.create(10**30)) == (413, "file.too-large")
    for told in (
        "resource",
        "resource %%%",
        "filename YQ==",
        "resource /w==,filename YQ==",
        "a b c",
        "",
    ):
        assert sender.create(1, upload_metadata=told).status_code == 422, told
    (problem,) = sender.create(1, upload_metadata="resource %%%").json()["errors"]
    assert problem["field"] == "Upload-Metadata.resource"
    assert "Base64" in problem["message"]
    for said in ({"resource": ""}, {"filename": ""}, {"sha256": "abc"}, {"role": "poster"}, {"language": "nonsense!"}):
        assert sender.create(1, said=said).status_code == 422, said
    (fault,) = sender.create(1, said={"filename": ""}).json()["errors"]
    assert (fault["field"], fault["code"]) == ("Upload-Metadata.filename", "field.missing")
    for unknown in ("0000000000", "nothing!", "a\x00b", "\u202e"):
        assert code(sender.create(1, said={"resource": unknown})) == (404, "draft.unknown")
    told = metadata(resource=sender.draft, filename="a")
    other = sender.ask("POST", URL, b"x", upload_length="1", content_type="text/plain", upload_metadata=told)
    assert code(other) == (415, "media-type.unsupported")
    assert list(home.store.uploads()) == []


def test_names_are_cleaned(home: Installation, sender: Sender) -> None:
    sender.patch(sender.begun(1, said={"filename": "../../etc/درس\u202e.txt"}), 0, b"x")
    assert set(files(home, sender.draft)) == {"درس.txt"}


@pytest.mark.parametrize(
    ("role", "at", "status"),
    [
        (Role.DEPOSITOR, "college", 404),
        (Role.REVIEWER, "college", 201),
        (Role.DEPOSITOR, "elsewhere", 404),
        (Role.MANAGER, "elsewhere", 404),
    ],
)
def test_others_upload_as_their_role_allows(
    home: Installation, client: TestClient, draft: str, role: Role, at: str, status: int
) -> None:
    who = calling.someone(home, client, role, at, email=f"{role.word}@{at}.example.org")
    assert Sender(who, draft).create(1).status_code == status


def test_nobody_and_tokens_without_the_scope_are_refused(home: Installation, client: TestClient, draft: str) -> None:
    assert code(Sender(Someone(client), draft).create(1)) == (401, "sign-in.required")
    reader = calling.someone(home, client, Role.REVIEWER, "college", "read", "review")
    assert code(Sender(reader, draft).create(1)) == (403, "scope.missing")
    assert list(home.store.uploads()) == []


def test_a_creation_asked_for_again_is_the_same(home: Installation, sender: Sender) -> None:
    first = sender.create(8, idempotency_key="one")
    sender.patch(path(first), 0, b"1234")
    again = sender.create(8, idempotency_key="one")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert (path(again), again.headers["upload-offset"]) == (path(first), "4")
    assert code(sender.create(9, idempotency_key="one")) == (422, "idempotency.key-reused")
    assert [upload for upload, _ in home.store.uploads()] == [path(first).rpartition("/")[2]]
    sender.patch(path(first), 4, b"5678")
    done = sender.create(8, idempotency_key="one")
    assert (done.status_code, path(done), done.headers["upload-offset"]) == (201, path(first), "8")
    assert list(home.store.uploads()) == []
    assert code(sender.create(8, idempotency_key="two")) == (428, "precondition.required")
    assert list(home.store.uploads()) == []


def test_an_upload_may_name_the_draft_as_it_was_read(home: Installation, sender: Sender) -> None:
    seen = sender.who.get(f"/api/resources/{sender.draft}/draft").headers["etag"]
    one, two = sender.begun(3, if_match=seen), sender.begun(3, if_match=seen)
    assert sender.patch(one, 0, b"one").status_code == 204
    assert code(sender.patch(two, 0, b"two")) == (412, "file.stale")
    assert code(sender.create(3, if_match=seen)) == (412, "draft.stale")
    now = sender.who.get(f"/api/resources/{sender.draft}/draft").headers["etag"]
    assert sender.patch(sender.begun(3, if_match=now), 0, b"new").status_code == 204
    assert files(home, sender.draft) == {"درس.mp4": sha256(b"new")}


# ── Offsets and lengths ──────────────────────────────────────────────────────────────────────────


def test_only_the_end_of_what_is_there_is_gone_on_from(home: Installation, sender: Sender) -> None:
    where = sender.begun(8)
    sender.patch(where, 0, b"1234")
    for offset in (0, 3, 5, 8):
        refused = sender.patch(where, offset, b"5678")
        assert code(refused) == (409, "upload.offset-wrong")
        assert "4" in refused.json()["detail"]
    for offset in ("", "-1", "x", "4.0"):
        assert sender.patch(where, 4, b"5678", upload_offset=offset).status_code == 400
    assert code(sender.patch(where, 4, b"5678", content_type="text/plain")) == (415, "media-type.unsupported")
    assert code(sender.patch(where, 4, b"56789")) == (413, "upload.too-long")
    assert sender.offset(where) == 4
    assert sender.patch(where, 4, b"5678").status_code == 204
    assert files(home, sender.draft) == {"درس.mp4": sha256(b"12345678")}


def test_a_body_of_unknown_length_never_exceeds_what_was_announced(home: Installation, sender: Sender) -> None:
    where = sender.begun(6 * MIB)
    refused = ask(home, sender, where, 0, [bytes(MIB)] * 7)
    assert refused.status == 413
    at = sender.offset(where)
    assert at < 6 * MIB
    assert ask(home, sender, where, at, [bytes(6 * MIB - at)]).status == 204
    assert files(home, sender.draft) == {"درس.mp4": sha256(bytes(6 * MIB))}


@pytest.mark.parametrize("size", [1, 4 * MIB - 1, 4 * MIB, 9 * MIB + 5])
def test_what_came_before_the_line_broke_is_kept(home: Installation, sender: Sender, size: int) -> None:
    content = os.urandom(10 * MIB)
    where = sender.begun(len(content))
    pieces = [content[at : min(at + 417_792, size)] for at in range(0, size, 417_792)]
    length = {"content_length": str(len(content))}
    broken = ask(home, sender, where, 0, pieces, breaks=True, headers=length)
    assert (broken.status, broken.headers["tus-resumable"]) == (400, "1.0.0")
    assert files(home, sender.draft) == {}
    at = sender.offset(where)
    assert at == size
    assert sender.patch(where, at, content[at:]).status_code == 204
    assert files(home, sender.draft) == {"درس.mp4": sha256(content)}


# ── Two at once ──────────────────────────────────────────────────────────────────────────────────


def test_of_two_lines_at_one_upload_one_is_told_to_wait(home: Installation, sender: Sender) -> None:
    content = os.urandom(17 * MIB)
    where = sender.begun(len(content))
    refused: list[Response] = []

    def meanwhile() -> Iterator[bytes]:
        for at in range(0, 16 * MIB, MIB):
            yield content[at : at + MIB]
        refused.append(sender.patch(where, 0, b"x" * len(content)))
        yield content[16 * MIB :]

    answer = ask(home, sender, where, 0, meanwhile(), headers={"content_length": str(len(content))})
    assert answer.status == 204
    assert code(refused[0]) in {(423, "upload.busy"), (409, "upload.offset-wrong")}
    assert files(home, sender.draft) == {"درس.mp4": sha256(content)}


def test_many_lines_at_one_upload_never_mix_their_bytes(home: Installation, sender: Sender) -> None:
    content = os.urandom(6 * MIB)
    where = sender.begun(len(content))
    start = threading.Barrier(4)

    def one() -> None:
        start.wait(20)
        for _ in range(30):
            head = ask_head(home, sender, where)
            if head >= len(content):
                return
            end = min(head + MIB, len(content))
            ask(home, sender, where, head, [content[head:end]])

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sender.offset(where) == len(content)
    assert files(home, sender.draft) == {"درس.mp4": sha256(content)}


def ask_head(home: Installation, sender: Sender, where: str) -> int:
    headers = {**sender.who.headers, "tus-resumable": "1.0.0"}
    answer = asgi.ask(app.create(home), "HEAD", where, headers)
    return int(answer.headers.get("upload-offset", 0))


# ── Ways around, and the list ────────────────────────────────────────────────────────────────────


def test_the_method_may_stand_in_a_header(home: Installation, sender: Sender) -> None:
    where = sender.begun(4)
    done = sender.ask("POST", where, b"fo", x_http_method_override="PATCH", upload_offset="0", content_type=PART)
    assert (done.status_code, sender.offset(where)) == (204, 2)
    assert sender.ask("POST", where, x_http_method_override="PUT").status_code == 405
    assert sender.ask("POST", where).status_code == 405
    assert sender.ask("POST", where, x_http_method_override="DELETE").status_code == 204
    assert sender.head(where).status_code == 404


def test_one_sees_one_s_own_unfinished_uploads(
    home: Installation, client: TestClient, sender: Sender, watch: Watch
) -> None:
    made = []
    for number in range(5):
        watch.forward(minutes=1)
        made.append(sender.begun(4, said={"filename": f"{number}"}))
    sender.patch(made[0], 0, b"four")
    other = Sender(calling.someone(home, client, Role.MANAGER), sender.draft)
    other.begun(4, said={"filename": "other"})
    first = sender.who.get(URL)
    bodies.UploadList.model_validate_json(first.content)
    assert [item["name"] for item in first.json()["items"]] == ["4", "3"]
    second = sender.who.get(first.json()["next"].removeprefix("https://oer.example.org"))
    assert [item["name"] for item in second.json()["items"]] == ["2", "1"]
    assert second.json()["next"] is None
    (item, _) = first.json()["items"]
    assert (item["url"], item["resource"], item["size"]) == (f"https://oer.example.org{made[4]}", sender.draft, 4)
    assert client.get(URL).status_code == 401
    assert [each["name"] for each in other.who.get(URL).json()["items"]] == ["other"]
    watch.forward(days=8)
    again = calling.someone(home, client, Role.DEPOSITOR)
    assert again.get(URL).json()["items"] == []


def test_the_list_of_uploads_tells_how_many_bytes_are_there(sender: Sender) -> None:
    where = sender.begun(10)
    for offset, more in ((0, b"four"), (4, b"two")):
        (listed,) = sender.who.get(URL).json()["items"]
        assert (listed["offset"], listed["size"]) == (offset, 10)
        assert sender.patch(where, offset, more).status_code == 204
    (listed,) = sender.who.get(URL).json()["items"]
    assert listed["offset"] == 7
