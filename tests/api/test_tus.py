"""Uploads that go on: tus 1.0.0."""

import base64
import hashlib
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asgi
import calling
import factories
import pytest
from asgi import Answered
from calling import Someone, code
from factories import Watch, drafted
from starlette.testclient import TestClient

from api import app, parts
from api.schemas import uploads as bodies
from oer import blobs, deposits, publishing, queries, uploads
from oer.db import reading, transaction
from oer.errors import Unavailable
from oer.installation import Installation
from oer.models import Blob, Upload
from oer.policy import OPERATOR
from oer.workflow import Role

MIB = 1 << 20
URL = "/api/uploads"
PART = "application/offset+octet-stream"
Response = Any


def encoded(text: str | bytes) -> str:
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def metadata(**said: str) -> str:
    return ",".join(f"{key} {encoded(value)}" for key, value in said.items())


def checksum(content: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm} {encoded(hashlib.new(algorithm, content).digest())}"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Sender:
    """A tus client for one person and one draft."""

    def __init__(self, who: Someone, draft: str) -> None:
        self.who, self.draft = who, draft

    def ask(self, method: str, path: str, content: bytes | None = None, **headers: str) -> Response:
        wanted = {"tus_resumable": "1.0.0"} | headers
        return self.who.ask(method, path, raw=content, match=wanted.pop("if_match", None), **wanted)

    def create(
        self, size: int | None, content: bytes | None = None, *, said: dict[str, str] | None = None, **headers: str
    ) -> Response:
        told = metadata(**({"resource": self.draft, "filename": "درس.mp4"} | (said or {})))
        length = {} if size is None else {"upload_length": str(size)}
        kind = {} if content is None else {"content_type": PART}
        return self.ask("POST", URL, content, **({"upload_metadata": told} | length | kind | headers))

    def begun(self, size: int, **more: Any) -> str:
        """The path of a new upload."""
        made = self.create(size, **more)
        assert made.status_code == 201, made.text
        return path(made)

    def patch(self, where: str, offset: int, content: bytes, **headers: str) -> Response:
        return self.ask("PATCH", where, content, **({"upload_offset": str(offset), "content_type": PART} | headers))

    def head(self, where: str) -> Response:
        return self.ask("HEAD", where)

    def offset(self, where: str) -> int:
        answer = self.head(where)
        assert answer.status_code == 200
        return int(answer.headers["upload-offset"])


def path(made: Response) -> str:
    location: str = made.headers["location"]
    assert location.startswith("https://oer.example.org/api/uploads/")
    return location.removeprefix("https://oer.example.org")


@pytest.fixture
def author(home: Installation, client: TestClient) -> Someone:
    return calling.someone(home, client, Role.DEPOSITOR)


@pytest.fixture
def draft(home: Installation, author: Someone) -> str:
    assert author.actor is not None
    return drafted(home, files={}, actor=author.actor)


@pytest.fixture
def sender(author: Someone, draft: str) -> Sender:
    return Sender(author, draft)


def files(home: Installation, public_id: str) -> dict[str, str]:
    """Name → SHA-256, as the bytes in the store have it."""
    with reading(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=public_id)
        found = queries.resources.draft(session, resource_id=resource.id or 0) if resource else None
        rows = queries.resources.draft_files(session, draft_id=found.id or 0) if found else []
    for row in rows:
        assert sha256(b"".join(home.store.open(row.key))) == row.key
    return {row.name: row.key for row in rows}


def row(home: Installation, where: str) -> Upload | None:
    with reading(home.engine) as session:
        return session.get(Upload, where.rpartition("/")[2])


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


def ask(home: Installation, sender: Sender, where: str, offset: int, pieces: Any, **more: Any) -> Answered:
    headers = {
        **sender.who.headers,
        "tus-resumable": "1.0.0",
        "upload-offset": str(offset),
        "content-type": PART,
        **{name.replace("_", "-"): value for name, value in more.pop("headers", {}).items()},
    }
    return asgi.ask(app.create(home), "PATCH", where, headers, pieces, **more)


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


# ── Checksums ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("memory", [1 << 20, 1000])
def test_a_part_with_another_checksum_is_not_kept(
    home: Installation, sender: Sender, algorithm: str, memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "_MEMORY", memory)
    content = os.urandom(5000)
    where = sender.begun(len(content))
    first = sender.patch(where, 0, content[:2000], upload_checksum=checksum(content[:2000], algorithm))
    assert first.status_code == 204
    wrong = sender.patch(where, 2000, content[2000:], upload_checksum=checksum(b"other", algorithm))
    assert code(wrong) == (460, "upload.checksum-wrong")
    assert sender.offset(where) == 2000
    right = sender.patch(where, 2000, content[2000:], upload_checksum=checksum(content[2000:], algorithm))
    assert right.status_code == 204
    assert files(home, sender.draft) == {"درس.mp4": sha256(content)}
    assert [each for each in home.settings.data.iterdir() if each.name.startswith("tmp")] == []


def test_a_creation_with_another_checksum_keeps_none_of_its_bytes(home: Installation, sender: Sender) -> None:
    assert code(sender.create(4, b"four", upload_checksum=checksum(b"five"))) == (460, "upload.checksum-wrong")
    assert [home.store.size(upload) for upload, _ in home.store.uploads()] == [0]
    assert files(home, sender.draft) == {}


def test_a_part_with_a_checksum_that_breaks_off_is_not_kept(home: Installation, sender: Sender) -> None:
    content = os.urandom(9 * MIB)
    where = sender.begun(len(content))
    told = {"upload_checksum": checksum(content), "content_length": str(len(content))}
    assert ask(home, sender, where, 0, [content[: 8 * MIB]], breaks=True, headers=told).status == 400
    assert sender.offset(where) == 0


@pytest.mark.parametrize("given", ["", "sha256", "md5 AAAA", "sha256 AAAA", "sha256 %%%", f"sha1 {'A' * 44}"])
def test_checksums_of_other_kinds_are_refused(sender: Sender, given: str) -> None:
    where = sender.begun(4)
    refused = sender.patch(where, 0, b"four", upload_checksum=given)
    assert code(refused) == (400, "tus.checksum-unsupported")
    assert "sha256" in refused.json()["detail"]
    assert sender.offset(where) == 0


def test_a_file_with_another_checksum_than_announced_is_over(home: Installation, sender: Sender) -> None:
    where = sender.begun(4, said={"sha256": sha256(b"five").upper()})
    sender.patch(where, 0, b"fo")
    assert code(sender.patch(where, 2, b"ur")) == (422, "checksum.mismatch")
    assert sender.head(where).status_code == 404
    assert (files(home, sender.draft), list(home.store.keys()), list(home.store.uploads())) == ({}, [], [])
    again = sender.begun(4, said={"sha256": sha256(b"five")})
    assert sender.patch(again, 0, b"five").status_code == 204
    assert files(home, sender.draft) == {"درس.mp4": sha256(b"five")}


# ── Whose it is, and how it ends ─────────────────────────────────────────────────────────────────


def test_an_upload_is_there_for_its_sender_alone(home: Installation, client: TestClient, sender: Sender) -> None:
    where = sender.begun(4)
    for who in (
        calling.someone(home, client, Role.MANAGER),
        calling.someone(home, client, Role.DEPOSITOR, email="other@example.org"),
    ):
        other = Sender(who, sender.draft)
        assert other.head(where).status_code == 404
        assert code(other.patch(where, 0, b"four")) == (404, "upload.unknown")
        assert code(other.ask("DELETE", where)) == (404, "upload.unknown")
    nobody = Sender(Someone(client), sender.draft)
    assert nobody.head(where).status_code == 401
    assert nobody.patch(where, 0, b"four").status_code == 401
    assert nobody.ask("DELETE", where).status_code == 401
    for unknown in ("0" * 32, "x", "..%2f..", "a%00b", "%F0%9F%92%A9"):
        assert sender.head(f"{URL}/{unknown}").status_code == 404
    assert sender.patch(where, 0, b"four").status_code == 204


def test_an_upload_that_is_given_up_leaves_nothing(home: Installation, sender: Sender) -> None:
    where = sender.begun(4)
    sender.patch(where, 0, b"fo")
    assert sender.ask("DELETE", where).status_code == 204
    assert sender.head(where).status_code == sender.ask("DELETE", where).status_code == 404
    assert list(home.store.uploads()) == []
    whole = sender.begun(4)
    sender.patch(whole, 0, b"four")
    assert sender.ask("DELETE", whole).status_code == 204
    assert files(home, sender.draft) == {"درس.mp4": sha256(b"four")}


def test_a_draft_that_was_submitted_takes_the_file_once_it_is_recalled(home: Installation, sender: Sender) -> None:
    sender.patch(sender.begun(1, said={"filename": "a"}), 0, b"x")
    where = sender.begun(4)
    sender.patch(where, 0, b"fo")
    factories.act(home, deposits.submit, sender.draft)
    assert code(sender.patch(where, 2, b"ur")) == (409, "transition.impossible")
    assert sender.offset(where) == 2
    factories.act(home, deposits.recall, sender.draft)
    assert sender.patch(where, 2, b"ur").status_code == 204
    assert set(files(home, sender.draft)) == {"a", "درس.mp4"}


def test_a_draft_submitted_during_the_last_part_is_no_success(home: Installation, sender: Sender) -> None:
    sender.patch(sender.begun(1, said={"filename": "a"}), 0, b"x")
    where = sender.begun(4)

    def meanwhile() -> Iterator[bytes]:
        yield b"four"
        factories.act(home, deposits.submit, sender.draft)

    assert ask(home, sender, where, 0, meanwhile()).status == 409
    assert sender.head(where).status_code == 409  # all bytes are there, and the file is not
    factories.act(home, deposits.recall, sender.draft)
    assert sender.offset(where) == 4
    assert set(files(home, sender.draft)) == {"a", "درس.mp4"}


@pytest.mark.parametrize("way", ["discarded", "published"])
def test_a_draft_that_has_ended_is_told(home: Installation, sender: Sender, way: str) -> None:
    done, where = sender.begun(1, said={"filename": "done"}), sender.begun(4)
    sender.patch(done, 0, b"x")
    sender.patch(where, 0, b"fo")
    if way == "discarded":
        factories.act(home, deposits.discard, sender.draft)
    else:
        factories.act(home, publishing.publish, sender.draft, repository_id=home.repository_id)
    # SQLite gives the number of the draft to the next one.
    after = drafted(home, files={}, actor=sender.who.actor or OPERATOR)
    assert sender.head(where).status_code == 410
    assert code(sender.patch(where, 2, b"ur")) == (410, "upload.draft-gone")
    assert sender.offset(done) == 1
    assert files(home, after) == {}
    assert sender.ask("DELETE", where).status_code == 204


def test_a_draft_that_ends_during_the_last_part_is_told(home: Installation, sender: Sender) -> None:
    where = sender.begun(4)

    def meanwhile() -> Iterator[bytes]:
        yield b"four"
        factories.act(home, deposits.discard, sender.draft)

    assert ask(home, sender, where, 0, meanwhile()).status == 410
    assert sender.head(where).status_code == 410


# ── Replacing ────────────────────────────────────────────────────────────────────────────────────


def test_a_file_is_replaced_by_who_said_so_at_the_beginning(home: Installation, sender: Sender) -> None:
    sender.patch(sender.begun(3), 0, b"old")
    tag = f'"{sha256(b"old")}"'
    assert code(sender.create(3)) == (428, "precondition.required")
    assert code(sender.create(3, if_match=f'"{sha256(b"x")}"')) == (412, "file.stale")
    assert code(sender.create(3, said={"filename": "b"}, if_match="*")) == (412, "file.stale")
    one, two, three = (sender.begun(3, if_match=match) for match in (tag, tag, "*"))
    assert sender.patch(one, 0, b"one").status_code == 204
    assert code(sender.patch(two, 0, b"two")) == (412, "file.stale")
    assert sender.head(two).status_code == 412
    assert files(home, sender.draft) == {"درس.mp4": sha256(b"one")}
    assert sender.patch(three, 0, b"333").status_code == 204
    assert files(home, sender.draft) == {"درس.mp4": sha256(b"333")}


def test_two_new_files_of_one_name_do_not_hide_each_other(home: Installation, sender: Sender) -> None:
    one, two, same = sender.begun(3), sender.begun(3), sender.begun(3)
    assert sender.patch(one, 0, b"one").status_code == 204
    assert code(sender.patch(two, 0, b"two")) == (412, "file.stale")
    assert sender.patch(same, 0, b"one").status_code == 204  # the very same file
    assert files(home, sender.draft) == {"درس.mp4": sha256(b"one")}


# ── Crashes and lost replies ─────────────────────────────────────────────────────────────────────


def test_whoever_asks_after_a_crash_behind_the_last_byte_gets_the_file(home: Installation, sender: Sender) -> None:
    where = sender.begun(4)
    home.store.append(where.rpartition("/")[2], 0, [b"four"])
    assert files(home, sender.draft) == {}
    assert sender.offset(where) == 4
    assert files(home, sender.draft) == {"درس.mp4": sha256(b"four")}


@pytest.mark.parametrize("asked", ["HEAD", "PATCH"])
def test_a_crash_between_the_object_and_its_row_is_made_good(home: Installation, sender: Sender, asked: str) -> None:
    where = sender.begun(4)
    upload_id = where.rpartition("/")[2]
    home.store.append(upload_id, 0, [b"four"])
    home.store.finish(upload_id)
    answer = sender.head(where) if asked == "HEAD" else sender.patch(where, 4, b"")
    assert answer.headers["upload-offset"] == "4"
    assert files(home, sender.draft) == {"درس.mp4": sha256(b"four")}
    assert list(home.store.uploads()) == []


def test_a_receipt_that_was_left_behind_does_no_harm(
    home: Installation, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = sender.begun(4)
    monkeypatch.setattr(type(home.store), "abort", lambda *_: None)
    assert sender.patch(where, 0, b"four").status_code == 204
    monkeypatch.undo()
    assert len(list(home.store.uploads())) == 1
    assert sender.offset(where) == 4
    uploads.expire(home.engine, home.store, now=datetime.now(UTC) + timedelta(days=8), lifetime=timedelta(days=7))
    assert list(home.store.uploads()) == []
    assert files(home, sender.draft) == {"درس.mp4": sha256(b"four")}


def test_a_database_that_fails_at_the_end_loses_nothing(
    home: Installation, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = sender.begun(4)

    def down(*_: Any, **__: Any) -> None:
        raise Unavailable("database.busy")

    monkeypatch.setattr(uploads, "complete", down)
    assert sender.patch(where, 0, b"four").status_code == 503
    assert sender.head(where).status_code == 503
    monkeypatch.undo()
    assert sender.offset(where) == 4
    assert files(home, sender.draft) == {"درس.mp4": sha256(b"four")}


def test_bytes_that_the_sweeper_was_about_to_remove_come_back(home: Installation, sender: Sender) -> None:
    stored = home.store.put([b"four"])
    with transaction(home.engine) as session:
        modified = home.store.stat(stored.key).modified
        session.add(Blob(key=stored.key, size=4, created=home.now(), marked=home.now(), marked_modified=modified))
    where = sender.begun(4)
    time.sleep(1.1)  # S3 tells whole seconds: bytes of the same one could be those from before the mark
    refused = sender.patch(where, 0, b"four")
    assert code(refused) == (503, "blob.being-removed")
    swept = blobs.sweep(home.engine, home.store, now=home.now(), grace=timedelta(0), wait=lambda: None)
    assert swept.removed == 0
    assert sender.offset(where) == 4
    assert files(home, sender.draft) == {"درس.mp4": sha256(b"four")}


# ── Expiry ───────────────────────────────────────────────────────────────────────────────────────


def expire(home: Installation) -> int:
    return uploads.expire(home.engine, home.store, now=home.now(), lifetime=timedelta(days=home.settings.upload_days))


def test_an_upload_that_nobody_goes_on_with_expires(
    home: Installation, client: TestClient, sender: Sender, watch: Watch
) -> None:
    watch.moment = datetime.now(UTC)  # the store has a clock of its own
    sender = Sender(calling.someone(home, client, Role.DEPOSITOR), sender.draft)
    where, active = sender.begun(4), sender.begun(4, said={"filename": "b"})
    sender.patch(where, 0, b"fo")
    first = sender.head(where).headers["upload-expires"]
    assert first == (watch.moment + timedelta(days=7)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    watch.forward(days=6)
    assert sender.patch(active, 0, b"fo").status_code == 204
    assert expire(home) == 0
    watch.forward(days=2)
    assert sender.head(where).status_code == 410
    assert code(sender.patch(where, 2, b"ur")) == (410, "upload.expired")
    assert code(sender.ask("DELETE", where)) == (410, "upload.expired")
    assert expire(home) == 1
    assert [upload for upload, _ in home.store.uploads()] == [active.rpartition("/")[2]]
    assert sender.head(where).status_code == 410
    assert sender.patch(active, 2, b"ur").status_code == 204
    watch.forward(days=7)
    expire(home)
    assert sender.head(where).status_code == 404
    assert row(home, where) is None
    assert files(home, sender.draft) == {"b": sha256(b"four")}


def test_bytes_that_came_lately_are_never_given_up(home: Installation, sender: Sender, watch: Watch) -> None:
    """A part of a week, over a slow line: its row looks old, its bytes do not."""
    where = sender.begun(4)
    watch.moment = datetime.now(UTC)
    assert (row(home, where) or Upload()).expires < home.now()
    assert expire(home) == 0
    assert len(list(home.store.uploads())) == 1


def test_bytes_that_no_row_knows_expire_too(home: Installation, watch: Watch) -> None:
    home.store.begin()
    watch.moment = datetime.now(UTC)
    assert expire(home) == 0
    watch.forward(days=8)
    assert expire(home) == 1
    assert list(home.store.uploads()) == []


# ── Limits ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("quota", ["person_quota", "institution_quota"])
def test_what_was_announced_counts_until_it_is_given_up(tmp_path: Path, watch: Watch, quota: str) -> None:
    with factories.opened(tmp_path, now=watch, **{quota: 10}) as home:
        client = TestClient(app.create(home), raise_server_exceptions=False)
        who = calling.someone(home, client, Role.DEPOSITOR)
        assert who.actor is not None
        sender = Sender(who, drafted(home, files={}, actor=who.actor))
        first = sender.begun(6)
        refused = sender.create(5, said={"filename": "b"})
        assert code(refused) == (413, quota.replace("_quota", "").join(["quota.", ""]))
        assert "4" in refused.json()["detail"]
        assert sender.patch(first, 0, b"123456").status_code == 204  # what was promised is kept
        assert sender.create(5, said={"filename": "b"}).status_code == 413
        second = sender.begun(4, said={"filename": "b"})
        assert sender.create(1, said={"filename": "c"}).status_code == 413
        sender.ask("DELETE", second)
        third = sender.begun(4, said={"filename": "c"})
        watch.forward(days=8)
        assert sender.head(third).status_code == 410
        who = calling.someone(home, client, Role.DEPOSITOR)
        assert Sender(who, sender.draft).create(4, said={"filename": "d"}).status_code == 201
        client.close()


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
