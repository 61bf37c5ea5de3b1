"""Files of a draft by ``PUT``: what comes in, in place of what, and with which checksum."""

import base64
import gzip
import hashlib
import json
from collections.abc import Iterator

import asgi
import pytest
from calling import Someone, code
from putting import lock, put, url
from tus import MIB, files, sha256

from api import app, schemas
from oer.installation import Installation


def digest(content: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


# ── What comes in ────────────────────────────────────────────────────────────────────────────────


def test_a_file_that_was_put_is_there_with_the_type_of_its_bytes(
    home: Installation, author: Someone, draft: str
) -> None:
    content = "الدرس الأول\n".encode() * 5000
    made = put(author, draft, content, query="?role=extra&language=AR", content_type="application/pdf")
    assert made.status_code == 201
    body = schemas.FileOut.model_validate_json(made.content)
    assert (body.name, body.media_type, body.size) == ("درس.txt", "text/plain", len(content))
    assert (body.sha256, body.role, body.language) == (sha256(content), "extra", "ar")
    assert made.headers["etag"] == f'"{sha256(content)}"'
    assert made.headers["location"] == body.url == f"https://oer.example.org{url(draft)}"
    assert made.headers["draft-etag"] == lock(author, draft)
    again = author.get(url(draft))
    assert (again.content, again.headers["etag"]) == (content, made.headers["etag"])
    assert author.get(f"/api/resources/{draft}/draft").json()["files"] == [json.loads(made.content)]
    assert files(home, draft) == {"درس.txt": sha256(content)}


@pytest.mark.parametrize("size", [0, 1, 4 * MIB - 1, 4 * MIB, 9 * MIB + 7])
def test_a_body_in_any_pieces_arrives_as_it_is(home: Installation, author: Someone, draft: str, size: int) -> None:
    content = bytes(range(251)) * (size // 251 + 1)
    content = content[:size]
    pieces = [content[at : at + 417_792] for at in range(0, size, 417_792)]
    made = asgi.ask(app.create(home), "PUT", url(draft), author.headers, [b"", *pieces, b""])
    assert made.status == 201, made.content
    assert files(home, draft) == {"درس.txt": sha256(content)}


def test_the_name_in_the_address_is_the_name_of_the_file(home: Installation, author: Someone, draft: str) -> None:
    assert put(author, draft, b"x", "cafe\u0301.txt").status_code == 201
    assert set(files(home, draft)) == {"caf\u00e9.txt"}
    for name in (".hidden", "a\u202efdp.exe", "a\x00b", "a?b", " a ", "a\\b", "x" * 300):
        refused = put(author, draft, b"x", name)
        assert refused.status_code in (404, 422), name
        if refused.status_code == 422:
            assert refused.json()["code"] == "file.name-invalid"
    assert "possible" not in put(author, draft, b"x", "a?b").json()["detail"]
    assert "a_b" in put(author, draft, b"x", "a?b").json()["detail"]
    assert set(files(home, draft)) == {"caf\u00e9.txt"}


@pytest.mark.parametrize(
    "query", ["?role=poster", "?role=", "?language=nonsense!", "?state=published", "?role=main&key=1"]
)
def test_what_the_query_may_not_say_is_refused(home: Installation, author: Someone, draft: str, query: str) -> None:
    assert put(author, draft, b"x", query=query).status_code == 422
    assert files(home, draft) == {}


def test_packed_bytes_and_parts_of_a_file_are_refused(home: Installation, author: Someone, draft: str) -> None:
    assert code(put(author, draft, gzip.compress(b"x"), content_encoding="gzip")) == (415, "media-type.unsupported")
    assert code(put(author, draft, b"x", content_range="bytes 0-0/5")) == (400, "request.malformed")
    assert files(home, draft) == {}


# ── Preconditions ────────────────────────────────────────────────────────────────────────────────


def test_a_file_is_replaced_only_by_who_says_which(home: Installation, author: Someone, draft: str) -> None:
    old = put(author, draft, b"old").headers["etag"]
    seen = lock(author, draft)
    assert code(put(author, draft, b"new")) == (428, "precondition.required")
    assert code(put(author, draft, b"new", if_none_match="*")) == (412, "file.stale")
    assert code(put(author, draft, b"new", if_match=f'"{sha256(b"other")}"')) == (412, "file.stale")
    assert code(put(author, draft, b"new", if_match='"what"')) == (412, "file.stale")
    assert code(put(author, draft, b"new", if_match=f"W/{old}")) == (412, "file.stale")
    assert code(put(author, draft, b"new", "other.txt", if_match="*")) == (412, "file.stale")
    assert code(put(author, draft, b"new", "other.txt", if_match=old)) == (412, "file.stale")
    assert (files(home, draft), lock(author, draft)) == ({"درس.txt": sha256(b"old")}, seen)
    new = put(author, draft, b"new", if_match=old)
    assert (new.status_code, new.headers["draft-etag"]) == (200, lock(author, draft))
    assert "location" not in new.headers
    assert put(author, draft, b"newer", if_match="*").status_code == 200
    assert put(author, draft, b"other", "other.txt", if_none_match="*").status_code == 201
    assert files(home, draft) == {"درس.txt": sha256(b"newer"), "other.txt": sha256(b"other")}


def test_the_tag_of_the_draft_stands_for_the_files_in_it(home: Installation, author: Someone, draft: str) -> None:
    assert put(author, draft, b"one", if_match=lock(author, draft)).status_code == 201
    seen = lock(author, draft)
    assert put(author, draft, b"two", if_match=seen).status_code == 200
    assert code(put(author, draft, b"three", if_match=seen)) == (412, "draft.stale")
    assert files(home, draft) == {"درس.txt": sha256(b"two")}


@pytest.mark.parametrize("name", ["%ff.txt", "%ED%A0%80.txt"])
def test_a_name_that_is_no_text_is_refused(home: Installation, author: Someone, draft: str, name: str) -> None:
    refused = author.ask("PUT", url(draft, "") + name, raw=b"x", match=None)
    assert code(refused) == (422, "file.name-invalid")
    assert [each["field"] for each in refused.json()["errors"]] == ["name"]
    assert files(home, draft) == {}


@pytest.mark.parametrize(
    ("query", "headers", "field"),
    [
        ("?role=zz", {}, "role"),
        ("?language=!!", {}, "language"),
        ("", {"content_digest": "sha-256=abc"}, "Content-Digest"),
    ],
)
def test_what_is_wrong_is_named(author: Someone, draft: str, query: str, headers: dict[str, str], field: str) -> None:
    refused = put(author, draft, b"x", query=query, **headers)
    assert refused.status_code == 422
    assert [each["field"] for each in refused.json()["errors"]] == [field]


def test_a_file_that_must_be_there_and_must_not_is_neither(home: Installation, author: Someone, draft: str) -> None:
    put(author, draft, b"old")
    refused = put(author, draft, b"new", if_match="*", if_none_match="*")
    assert code(refused) == (412, "file.stale")
    assert files(home, draft) == {"درس.txt": sha256(b"old")}


def test_one_tag_of_several_may_be_the_file_s(home: Installation, author: Someone, draft: str) -> None:
    old = put(author, draft, b"old").headers["etag"]
    assert put(author, draft, b"new", if_match=f'"zzz", {old}').status_code == 200
    assert files(home, draft) == {"درس.txt": sha256(b"new")}


def test_a_file_that_changes_meanwhile_is_not_replaced(home: Installation, author: Someone, draft: str) -> None:
    old = put(author, draft, b"old").headers["etag"]

    def meanwhile() -> Iterator[bytes]:
        yield b"mine"
        assert put(author, draft, b"theirs", if_match=old).status_code == 200

    refused = asgi.ask(app.create(home), "PUT", url(draft), {**author.headers, "if-match": old}, meanwhile())
    assert (refused.status, json.loads(refused.content)["code"]) == (412, "file.stale")
    assert files(home, draft) == {"درس.txt": sha256(b"theirs")}


def test_a_file_that_appears_meanwhile_is_not_replaced(home: Installation, author: Someone, draft: str) -> None:
    def meanwhile() -> Iterator[bytes]:
        yield b"mine"
        assert put(author, draft, b"theirs").status_code == 201

    refused = asgi.ask(app.create(home), "PUT", url(draft), author.headers, meanwhile())
    assert (refused.status, json.loads(refused.content)["code"]) == (412, "file.stale")
    assert files(home, draft) == {"درس.txt": sha256(b"theirs")}


def test_the_same_bytes_may_be_sent_again_by_who_says_so(home: Installation, author: Someone, draft: str) -> None:
    first = put(author, draft, b"same", content_digest=digest(b"same"))
    again = put(author, draft, b"same", content_digest=digest(b"same"))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    assert first.headers["draft-etag"] == again.headers["draft-etag"] == lock(author, draft)
    assert code(put(author, draft, b"other", content_digest=digest(b"other"))) == (428, "precondition.required")
    lied = put(author, draft, b"other", content_digest=digest(b"same"))
    assert code(lied) == (422, "checksum.mismatch")
    assert files(home, draft) == {"درس.txt": sha256(b"same")}


# ── Checksums ────────────────────────────────────────────────────────────────────────────────────


def test_bytes_with_another_checksum_are_kept_nowhere(home: Installation, author: Someone, draft: str) -> None:
    before = lock(author, draft)
    refused = put(author, draft, b"garbled", content_digest=digest(b"intended"))
    assert code(refused) == (422, "checksum.mismatch")
    assert (files(home, draft), lock(author, draft), list(home.store.keys())) == ({}, before, [])


@pytest.mark.parametrize("field", ["sha-512=:AAAA:", "md5=:AAAA:, unixsum=:AA==:"])
def test_algorithms_that_nobody_knows_are_passed_over(author: Someone, draft: str, field: str) -> None:
    assert put(author, draft, b"x", content_digest=field).status_code == 201
    assert put(author, draft, b"x", "b.txt", content_digest=f"{field}, {digest(b'x')}").status_code == 201
    assert put(author, draft, b"x", "c.txt", content_digest=f"{digest(b'y')}, {field}").status_code == 422


@pytest.mark.parametrize("field", ["sha-256", "sha-256=abc", "sha-256=:AAAA:", "sha-256=:%%%:", "nonsense;;"])
def test_a_checksum_that_is_none_is_refused(home: Installation, author: Someone, draft: str, field: str) -> None:
    refused = put(author, draft, b"x", content_digest=field)
    assert code(refused) == (422, "request.invalid")
    assert "Content-Digest" in refused.json()["detail"]
    assert files(home, draft) == {}
