"""Files of a draft by ``PUT``, and the limits of everything that comes."""

import base64
import gzip
import hashlib
import json
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asgi
import calling
import factories
import pytest
from asgi import Answered
from calling import Someone
from factories import Watch, drafted
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from api import app, schemas, streams
from oer import deposits, queries
from oer.db import reading
from oer.installation import Installation
from oer.policy import Actor
from oer.workflow import Role
from storage.errors import Full
from storage.store import Stored

MIB = 1 << 20
Response = Any


def url(public_id: str, name: str = "درس.txt") -> str:
    return f"/api/resources/{public_id}/draft/files/{quote(name, safe='')}"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def digest(content: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


@pytest.fixture
def author(home: Installation, client: TestClient) -> Someone:
    return calling.someone(home, client, Role.DEPOSITOR)


@pytest.fixture
def draft(home: Installation, author: Someone) -> str:
    """The author's, without files."""
    assert author.actor is not None
    return drafted(home, files={}, actor=author.actor)


def put(
    who: Someone, public_id: str, content: bytes, name: str = "درس.txt", *, query: str = "", **headers: str
) -> Response:
    """Without a precondition unless ``if_match`` is named."""
    return who.ask("PUT", url(public_id, name) + query, raw=content, match=headers.pop("if_match", None), **headers)


def files(home: Installation, public_id: str) -> dict[str, str]:
    """Name → SHA-256, of the draft's files as the database and the store have them."""
    with reading(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=public_id)
        found = queries.resources.draft(session, resource_id=resource.id or 0) if resource else None
        rows = queries.resources.draft_files(session, draft_id=found.id or 0) if found else []
    for row in rows:
        assert sha256(b"".join(home.store.open(row.key))) == row.key
    return {row.name: row.key for row in rows}


def lock(who: Someone, public_id: str) -> str:
    return str(who.get(f"/api/resources/{public_id}/draft").headers["etag"])


def code(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


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


# ── Before the first byte ────────────────────────────────────────────────────────────────────────


def unread(home: Installation, who: Someone, path: str, **headers: str) -> tuple[int, str]:
    """What a request is answered whose body must not be asked for."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answered: Answered = asgi.ask(app.create(home), "PUT", path, {**who.headers, **named}, [b"x"])
    assert not answered.read
    return answered.status, json.loads(answered.content)["code"]


def test_everything_is_asked_before_the_bytes_are_read(
    home: Installation, client: TestClient, author: Someone, draft: str
) -> None:
    nobody, unknown = Someone(client), Someone(client, headers={"authorization": "Bearer oer_x"})
    other = calling.someone(home, client, Role.DEPOSITOR, email="other@example.org")
    limited = calling.someone(home, client, Role.DEPOSITOR, "college", "read")
    assert unread(home, nobody, url(draft)) == (401, "sign-in.required")
    assert unread(home, unknown, url(draft)) == (
        401,
        "token.invalid",
    )
    assert unread(home, other, url(draft)) == (404, "draft.unknown")
    assert unread(home, limited, url(draft)) == (403, "scope.missing")
    assert unread(home, author, url("0000000000")) == (404, "draft.unknown")
    assert unread(home, author, url("nothing!")) == (404, "draft.unknown")
    assert unread(home, author, url(draft), content_length=str(9 << 30)) == (413, "file.too-large")
    put(author, draft, b"x")
    assert unread(home, author, url(draft)) == (428, "precondition.required")
    assert unread(home, author, url(draft), if_match=f'"{"0" * 64}"') == (412, "file.stale")
    assert unread(home, author, url(draft), content_length="many") == (400, "request.malformed")
    factories.act(home, deposits.submit, draft)
    assert unread(home, author, url(draft, "b.txt")) == (409, "transition.impossible")


@pytest.mark.parametrize(
    ("role", "at", "status"),
    [
        (Role.DEPOSITOR, "college", 404),
        (Role.REVIEWER, "college", 201),
        (Role.MANAGER, "college", 201),
        (Role.REVIEWER, "elsewhere", 404),
        (Role.MANAGER, "elsewhere", 404),
    ],
)
def test_others_put_files_into_a_draft_as_their_role_allows(
    home: Installation, client: TestClient, draft: str, role: Role, at: str, status: int
) -> None:
    who = calling.someone(home, client, role, at, email=f"{role.word}@{at}.example.org")
    assert put(who, draft, b"x").status_code == status
    assert len(files(home, draft)) == (status == 201)


def test_a_right_that_ends_while_the_bytes_come_counts(home: Installation, author: Someone, draft: str) -> None:
    put(author, draft, b"y", "y.txt")

    def meanwhile() -> Iterator[bytes]:
        yield b"late"
        factories.act(home, deposits.submit, draft)

    refused = asgi.ask(app.create(home), "PUT", url(draft), author.headers, meanwhile())
    assert (refused.status, json.loads(refused.content)["code"]) == (409, "transition.impossible")
    assert set(files(home, draft)) == {"y.txt"}


# ── Lines that break ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [0, 5, 4 * MIB, 9 * MIB])
def test_a_line_that_breaks_leaves_nothing(home: Installation, author: Someone, draft: str, size: int) -> None:
    before = lock(author, draft)
    pieces = [bytes(417_792)] * (size // 417_792) + [b"rest"]
    for headers in ({}, {"content-length": str(10 * MIB)}):
        refused = asgi.ask(app.create(home), "PUT", url(draft), {**author.headers, **headers}, pieces, breaks=True)
        assert (refused.status, json.loads(refused.content)["code"]) == (400, "upload.broken-off")
    assert (files(home, draft), lock(author, draft), list(home.store.keys())) == ({}, before, [])


def test_a_line_that_falls_silent_counts_as_broken(
    home: Installation, author: Someone, draft: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "_SILENCE", 0.2)
    refused = asgi.ask(app.create(home), "PUT", url(draft), author.headers, [b"half"], silent=True)
    assert (refused.status, json.loads(refused.content)["code"]) == (400, "upload.broken-off")
    assert (files(home, draft), list(home.store.keys())) == ({}, [])


@pytest.mark.parametrize("length", ["3", "5", "0"])
def test_a_body_of_another_length_than_announced_leaves_nothing(
    home: Installation, author: Someone, draft: str, length: str
) -> None:
    headers = {**author.headers, "content-length": length}
    refused = asgi.ask(app.create(home), "PUT", url(draft), headers, [b"four"])
    assert (refused.status, list(home.store.keys())) == (400, [])
    assert files(home, draft) == {}


# ── Limits ───────────────────────────────────────────────────────────────────────────────────────


class Limited:
    """An installation with limits of its own, its author and their draft."""

    def __init__(self, folder: Path, **limits: int) -> None:
        self._opened = factories.opened(folder, now=Watch(), **limits)
        self.home = self._opened.__enter__()
        self.app: ASGIApp = app.create(self.home)
        self.client = TestClient(self.app, raise_server_exceptions=False)
        self.author = calling.someone(self.home, self.client, Role.DEPOSITOR)
        assert self.author.actor is not None
        self.actor: Actor = self.author.actor
        self.draft = drafted(self.home, files={}, actor=self.actor)

    def __enter__(self) -> "Limited":
        return self

    def __exit__(self, *error: object) -> None:
        self.client.close()
        self._opened.__exit__(None, None, None)

    def put(self, size: int, name: str, **more: Any) -> Response:
        return put(self.author, more.pop("draft", self.draft), bytes(size), name, **more)

    def streamed(self, size: int, name: str) -> Answered:
        """Without saying how much will come."""
        return asgi.ask(self.app, "PUT", url(self.draft, name), self.author.headers, [bytes(size)])


CASES = [
    ({"max_file_size": 10}, "file.too-large", 10),
    ({"max_draft_size": 10}, "draft.too-large", 10),
    ({"person_quota": 10}, "quota.person", 10),
    ({"institution_quota": 10}, "quota.institution", 10),
]


@pytest.mark.parametrize(("limits", "refusal", "most"), CASES)
def test_a_limit_holds_to_the_byte_announced_or_not(
    tmp_path: Path, limits: dict[str, int], refusal: str, most: int
) -> None:
    with Limited(tmp_path, **limits) as place:
        announced, streamed = place.put(most + 1, "a"), place.streamed(most + 1, "a")
        assert code(announced) == (413, refusal)
        assert (streamed.status, json.loads(streamed.content)["code"]) == (413, refusal)
        assert str(most) in announced.json()["detail"]
        assert (files(place.home, place.draft), list(place.home.store.keys())) == ({}, [])
        assert place.streamed(most, "a").status == 201


@pytest.mark.parametrize(("limits", "refusal", "most"), CASES[1:])
def test_what_is_there_counts_and_what_is_replaced_does_not(
    tmp_path: Path, limits: dict[str, int], refusal: str, most: int
) -> None:
    with Limited(tmp_path, **limits) as place:
        assert place.put(6, "a").status_code == 201
        assert code(place.put(5, "b")) == (413, refusal)
        assert "4" in place.put(5, "b").json()["detail"]
        assert place.put(4, "b").status_code == 201
        assert place.put(6, "b", if_match="*").status_code == 413
        assert place.put(5, "b", if_match="*").status_code == 413
        assert place.put(3, "a", if_match="*").status_code == 200
        assert place.put(7, "b", if_match="*").status_code == 200


def test_quotas_count_all_drafts_and_forget_what_is_published_or_discarded(tmp_path: Path) -> None:
    with Limited(tmp_path, person_quota=10) as place:
        second = drafted(place.home, files={"a": b"1234567"}, actor=place.actor)
        others = drafted(place.home, files={"a": b"1234567"}, actor=factories.member(place.home, Role.REVIEWER))
        assert code(place.put(4, "a")) == (413, "quota.person")
        assert place.put(3, "a").status_code == 201
        factories.act(place.home, deposits.discard, second, actor=place.actor)
        assert place.put(7, "b").status_code == 201
        assert files(place.home, others) != {}


def test_the_number_of_files_is_limited(tmp_path: Path) -> None:
    with Limited(tmp_path, max_files=1) as place:
        assert place.put(1, "a").status_code == 201
        assert code(place.put(1, "b")) == (413, "files.too-many")
        assert place.put(2, "a", if_match="*").status_code == 200


def test_two_who_want_the_last_room_do_not_both_get_it(tmp_path: Path) -> None:
    with Limited(tmp_path, institution_quota=10) as place:
        drafts = [drafted(place.home, files={}, actor=place.actor) for _ in range(4)]
        start = threading.Barrier(len(drafts))
        answers: list[int] = []

        def one(draft: str) -> None:
            def pieces() -> Iterator[bytes]:
                start.wait(20)  # everybody was let in by now
                yield bytes(6)

            answers.append(asgi.ask(place.app, "PUT", url(draft), place.author.headers, pieces()).status)

        threads = [threading.Thread(target=one, args=(draft,)) for draft in drafts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == [201, 413, 413, 413]


def test_more_uploads_than_can_be_received_at_a_time_are_told_to_come_again(tmp_path: Path) -> None:
    with Limited(tmp_path, max_uploads=1) as place:
        refused: list[Response] = []

        def meanwhile() -> Iterator[bytes]:
            yield b"slow"
            refused.append(place.put(1, "b"))
            assert place.client.get("/api/resources").status_code == 200

        assert asgi.ask(place.app, "PUT", url(place.draft, "a"), place.author.headers, meanwhile()).status == 201
        assert code(refused[0]) == (503, "uploads.too-many")
        assert int(refused[0].headers["retry-after"]) > 0
        assert place.put(1, "b").status_code == 201


def test_a_full_store_is_507_and_leaves_nothing(
    home: Installation, author: Someone, draft: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(chunks: Iterable[bytes], expected: str | None = None) -> Stored:
        next(iter(chunks))
        raise Full

    monkeypatch.setattr(home.store, "put", full)
    assert code(put(author, draft, b"x")) == (507, "store.full")
    monkeypatch.undo()
    assert files(home, draft) == {}
    assert put(author, draft, b"x").status_code == 201
