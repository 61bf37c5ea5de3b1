"""A record with its files in one form: all of it or nothing."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import asgi
import calling
import factories
import pytest
from calling import Someone, code, faults, told
from factories import Watch
from sqlmodel import select
from starlette.testclient import TestClient

from api import app, forms
from api.routes import multipart
from oer import deposits, queries
from oer.db import reading
from oer.installation import Installation
from oer.models import DraftFile, Resource
from oer.workflow import Role

MIB = 1 << 20
URL = "/api/resources"
EDGE = "edge-8f2c"
KIND = f"multipart/form-data; boundary={EDGE}"
Response = Any
Parts = Sequence[tuple[str, str | None, bytes]]


def form(parts: Parts, *, headers: str = "", end: bytes = f"--{EDGE}--\r\n".encode()) -> bytes:
    """The bytes of a form of (name, file name, content), with further headers in every part."""
    body = b""
    for name, filename, content in parts:
        told = f'; filename="{filename}"' if filename is not None else ""
        body += (
            f'--{EDGE}\r\nContent-Disposition: form-data; name="{name}"{told}\r\n{headers}\r\n'.encode()
            + content
            + b"\r\n"
        )
    return body + end


def described(**changes: Any) -> bytes:
    return json.dumps(told(factories.record(**changes))).encode()


def whole(*files: tuple[str, bytes], at: str = "college", **changes: Any) -> list[tuple[str, str | None, bytes]]:
    fields = [("institution", None, at.encode()), ("record", None, described(**changes))]
    return [*fields, *(("file", name, content) for name, content in files)]  # type: ignore[list-item]


@pytest.fixture
def reviewer(home: Installation, client: TestClient) -> Someone:
    return calling.someone(home, client, Role.REVIEWER)


def send(who: Someone, parts: Parts | bytes, query: str = "", **headers: str) -> Response:
    body = parts if isinstance(parts, bytes) else form(parts)
    return who.ask("POST", URL + query, raw=body, match=None, **({"content_type": KIND} | headers))


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def holdings(home: Installation) -> tuple[int, int]:
    """Resources, and files of drafts."""
    with reading(home.engine) as session:
        return len(session.exec(select(Resource.id)).all()), len(session.exec(select(DraftFile.id)).all())


def test_a_form_makes_a_draft_with_its_files(home: Installation, author: Someone) -> None:
    big = os.urandom(9 * MIB)
    parts = [*whole(("درس.bin", big), ("b.txt", b""), ("c.txt", "نص".encode())), ("note", None, "الأولى".encode())]
    made = send(author, parts)
    assert made.status_code == 201, made.text
    body = made.json()
    assert made.headers["location"] == body["url"] == f"https://oer.example.org/api/resources/{body['id']}/draft"
    assert (body["state"], body["note"], body["institution"]["slug"]) == ("editing", "الأولى", "college")
    assert [(file["name"], file["sha256"]) for file in body["files"]] == [
        ("درس.bin", sha256(big)),
        ("b.txt", sha256(b"")),
        ("c.txt", sha256("نص".encode())),
    ]
    shown = author.get(f"{URL}/{body['id']}/draft")
    assert (shown.json(), shown.headers["etag"]) == (body, made.headers["etag"])
    assert author.get(f"{URL}/{body['id']}/draft/files/%D8%AF%D8%B1%D8%B3.bin").content == big


def test_what_a_program_sends_by_itself_is_taken(home: Installation, author: Someone) -> None:
    """A form as an HTTP library makes it, with types in its parts."""
    answer = author.client.post(
        URL,
        headers=author.headers,
        data={"institution": "college"},
        files=[
            ("record", ("record.json", described(), "application/json")),
            ("file", ("درس.pdf", b"%PDF-1.7\n%%EOF", "application/pdf")),
        ],
    )
    assert answer.status_code == 201, answer.text
    assert [file["name"] for file in answer.json()["files"]] == ["درس.pdf"]


def test_the_parts_of_a_form_come_in_any_order(home: Installation, author: Someone) -> None:
    made = send(author, whole(("a.txt", b"one"))[::-1])
    assert made.status_code == 201, made.text
    assert [file["name"] for file in made.json()["files"]] == ["a.txt"]


def test_a_form_may_publish_at_once(home: Installation, client: TestClient, reviewer: Someone) -> None:
    made = send(reviewer, whole(("a.txt", b"one")), "?publish=true")
    assert made.status_code == 201, made.text
    body = made.json()
    assert (body["state"], body["version"]["number"]) == ("published", 1)
    assert made.headers["location"] == f"https://oer.example.org/api/resources/{body['id']}"
    assert client.get(f"{URL}/{body['id']}").json()["files"] == body["files"]
    assert client.get(f"{URL}/{body['id']}/files/a.txt").content == b"one"


@pytest.mark.parametrize("step", [1, 2, 7, 64, 1000, MIB])
def test_parts_are_the_same_however_the_form_is_cut(step: int) -> None:
    nearly = b"\r\n--edge-8f2" * 50  # the boundary but for its end, again and again
    body = form([("a", None, b"x"), ("file", "b", nearly), ("c", "d", b"")]) + b"epilogue"
    pieces = (body[at : at + step] for at in range(0, len(body), step))
    found = [(part.name, part.filename, b"".join(part.content)) for part in forms.parts(pieces, KIND)]
    assert found == [("a", None, b"x"), ("file", "b", nearly), ("c", "d", b"")]


def test_what_a_reader_leaves_of_a_part_is_passed_over() -> None:
    body = form([("a", None, b"x" * 1000), ("b", None, b"y")])
    pieces = (body[at : at + 10] for at in range(0, len(body), 10))
    found = [(part.name, next(part.content)[:1]) for part in forms.parts(pieces, KIND)]
    assert found == [("a", b"x"), ("b", b"y")]


@pytest.mark.parametrize("shift", range(-14, 3))
def test_a_boundary_may_lie_across_two_pieces(home: Installation, author: Someone, shift: int) -> None:
    before = len(form(whole(("a.bin", b"")))) - len(f"\r\n--{EDGE}--\r\n")
    content = os.urandom(multipart._PIECE + shift - before)
    made = send(author, whole(("a.bin", content)))
    assert made.json()["files"][0]["sha256"] == sha256(content)


def test_other_bodies_at_the_address_are_json(home: Installation, author: Someone) -> None:
    made = author.post(URL, {"institution": "college", "record": told(factories.record())}, match=None)
    assert made.status_code == 201
    assert code(send(author, whole(), content_type="multipart/mixed; boundary=x")) == (415, "media-type.unsupported")
    assert code(author.ask("PUT", URL, raw=form(whole()), content_type=KIND)) == (405, "method.not-allowed")


# ── All or nothing ───────────────────────────────────────────────────────────────────────────────


FIRST = ("file", "a", b"x")
AT = ("institution", None, b"college")


@pytest.mark.parametrize(
    ("parts", "status", "told_code"),
    [
        ([AT], 422, "request.invalid"),
        ([("record", None, b"{}")], 422, "request.invalid"),
        ([], 422, "request.invalid"),
        ([*whole(("a", b"x")), ("state", None, b"published")], 422, "request.invalid"),
        ([*whole(("a", b"x")), AT], 422, "form.part-repeated"),
        ([*whole(("a", b"x")), ("note", None, b"a"), ("note", None, b"b")], 422, "form.part-repeated"),
        ([*whole(("a", b"x"), ("a", b"y"))], 422, "file.name-taken"),
        ([*whole(("x/a", b"x"), ("y/a", b"y"))], 422, "file.name-taken"),
        ([*whole(), ("file", None, b"x")], 422, "form.file-nameless"),
        ([*whole(), ("file", "", b"x")], 422, "form.file-nameless"),
        ([*whole(("a", b"x")), ("note", None, b"\xff")], 422, "request.invalid"),
        ([*whole(("a", b"x")), ("note", None, b"a\x00b")], 422, "request.invalid"),
        ([*whole(("a", b"x")), ("note", None, b"a" * 70_000)], 413, "request.too-large"),
        ([FIRST, ("record", None, described()), ("institution", None, b"nothing")], 422, "request.invalid"),
        ([FIRST, ("record", None, described()), ("institution", None, b"\x00")], 422, "request.invalid"),
        ([FIRST, AT, ("record", None, b"{]")], 422, "record.invalid"),
        ([FIRST, AT, ("record", None, b"[]")], 422, "record.invalid"),
        ([FIRST, AT, ("record", None, b'{"id": 1}')], 422, "record.invalid"),
        ([FIRST, AT, ("record", None, b" " * 2_000_000)], 413, "request.too-large"),
    ],
)
def test_a_form_that_is_wrong_leaves_nothing(
    home: Installation, author: Someone, parts: Parts, status: int, told_code: str
) -> None:
    assert code(send(author, parts)) == (status, told_code)
    assert holdings(home) == (0, 0)


def test_mistakes_are_named_by_their_place(home: Installation, author: Someone) -> None:
    assert faults(send(author, [])) == {("institution", "field.missing"), ("record", "field.missing")}
    assert faults(send(author, [*whole(), ("role", None, b"x")])) == {("role", "field.unknown")}
    wrong = json.dumps({"title": [{"value": "", "lang": "ar"}]}).encode()
    found = faults(send(author, [("institution", None, b"college"), ("record", None, wrong)]))
    assert {field.partition("[")[0] for field, _ in found} == {"record.title"}
    (none,) = faults(send(author, [("institution", None, b"college"), ("record", None, b"{nothing")]))
    assert none[0] == "record"
    assert faults(send(author, [("institution", None, b"none"), ("record", None, described())])) == {
        ("institution", "institution.unknown")
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing of a form",
        form(whole(("a", b"x")), end=b""),
        form(whole(("a", b"x")), end=f"--{EDGE}".encode()),
        form(whole(("a", b"x")), end=f"--{EDGE}-".encode()),
        form(whole(("a", b"x")))[:-30],
        form(whole(("a", b"x")), headers="X: " + "a" * 5000 + "\r\n"),
        form(whole(("a", b"x")), headers="".join(f"X-{number}: a\r\n" for number in range(20))),
        form(whole(("a", b"x")), headers="Content-Transfer-Encoding: base64\r\n"),
        form(whole(("a", b"x")), headers="B\x00d: x\r\n"),
        form(whole(("a", b"x"))).replace(b"record", b"\xff"),
        f"--{EDGE}\r\n\r\nno header\r\n--{EDGE}--\r\n".encode(),
        form(whole(("a", b"x"))).replace(b"form-data", b"attachment"),
    ],
)  # fmt: skip
def test_a_form_that_is_none_or_has_no_end_leaves_nothing(home: Installation, author: Someone, body: bytes) -> None:
    refused = send(author, body)
    assert (refused.status_code, refused.json()["code"]) in {(400, "form.malformed"), (422, "request.invalid")}
    assert holdings(home) == (0, 0)


@pytest.mark.parametrize(
    "boundary", ["", "; boundary=", f"; boundary={'x' * 300}", '; boundary=""', "; boundary=other"]
)
def test_a_form_without_its_boundary_is_refused(home: Installation, author: Someone, boundary: str) -> None:
    refused = send(author, whole(("a", b"x")), content_type=f"multipart/form-data{boundary}")
    assert code(refused) == (400, "form.malformed")
    assert holdings(home) == (0, 0)


def test_a_line_that_breaks_leaves_nothing(home: Installation, author: Someone) -> None:
    body = form(whole(("a.bin", bytes(5 * MIB))))
    for end in (100, len(body) - 40, len(body) - 2):
        pieces = [body[at : min(at + MIB, end)] for at in range(0, end, MIB)]
        headers = {**author.headers, "content-type": KIND, "content-length": str(len(body))}
        broken = asgi.ask(app.create(home), "POST", URL, headers, pieces, breaks=True)
        assert (broken.status, json.loads(broken.content)["code"]) == (400, "upload.broken-off")
    assert holdings(home) == (0, 0)


def test_what_cannot_be_published_leaves_no_draft(home: Installation, reviewer: Someone) -> None:
    assert code(send(reviewer, whole(), "?publish=true")) == (422, "record.not-publishable")
    unlicensed = send(reviewer, whole(("a", b"x"), licence=None), "?publish=true")
    assert code(unlicensed) == (422, "record.not-publishable")
    assert ("record.licence", "licence.missing") in faults(unlicensed)
    assert holdings(home) == (0, 0)


def test_names_of_files_are_cleaned(home: Installation, author: Someone) -> None:
    made = send(author, whole(("C:\\Users\\x\\درس\u202e.txt", b"x"), ("../../etc/passwd", b"y"), ('a\\"b.txt', b"z")))
    assert [file["name"] for file in made.json()["files"]] == ["درس.txt", "passwd", "a_b.txt"]


# ── Who may, and how much ────────────────────────────────────────────────────────────────────────


def unread(home: Installation, who: Mapping[str, str], **headers: str) -> tuple[int, str, bool]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = asgi.ask(app.create(home), "POST", URL, {**who, "content-type": KIND, **named}, [form(whole(("a", b"x")))])
    return answer.status, json.loads(answer.content)["code"], answer.read


def test_who_may_not_deposit_is_told_before_the_bytes_are_read(home: Installation, client: TestClient) -> None:
    factories.member(home, Role.DEPOSITOR)
    limited = calling.someone(home, client, Role.DEPOSITOR, "college", "read")
    nowhere = calling.someone(home, client, Role.NONE, email="new@example.org")
    assert unread(home, {}) == (401, "sign-in.required", False)
    assert unread(home, limited.headers) == (403, "scope.missing", False)
    assert unread(home, nowhere.headers) == (403, "action.forbidden", False)
    somebody = calling.someone(home, client, Role.DEPOSITOR)
    assert unread(home, somebody.headers, content_length=str(1 << 40)) == (413, "draft.too-large", False)


def test_a_refusal_does_not_wait_for_the_files(home: Installation, client: TestClient) -> None:
    factories.member(home, Role.DEPOSITOR)
    elsewhere = calling.someone(home, client, Role.MANAGER, "elsewhere")
    author = calling.someone(home, client, Role.DEPOSITOR)
    for who, query, status in ((elsewhere, "", 403), (author, "publish=true", 403)):
        begun = False

        def pieces() -> Iterator[bytes]:
            nonlocal begun
            body = form(whole(("a.bin", bytes(20 * MIB))))
            yield body[: 8 * MIB]
            yield body[8 * MIB : 16 * MIB]
            begun = True
            yield body[16 * MIB :]

        headers = {**who.headers, "content-type": KIND}
        answer = asgi.ask(app.create(home), "POST", URL, headers, pieces(), query=query)
        assert (answer.status, json.loads(answer.content)["code"], begun) == (status, "action.forbidden", False)
        assert list(home.store.keys()) == []
    assert holdings(home) == (0, 0)


@pytest.mark.parametrize(
    ("limits", "refusal"),
    [
        ({"max_file_size": 9}, "file.too-large"),
        ({"max_draft_size": 15}, "draft.too-large"),
        ({"person_quota": 15}, "quota.person"),
        ({"institution_quota": 15}, "quota.institution"),
        ({"max_files": 1}, "files.too-many"),
    ],
)
@pytest.mark.parametrize("first", ["fields", "files"])
def test_limits_hold_whatever_comes_first(tmp_path: Path, limits: dict[str, int], refusal: str, first: str) -> None:
    with factories.opened(tmp_path, now=Watch(), **limits) as home:
        client = TestClient(app.create(home), raise_server_exceptions=False)
        author = calling.someone(home, client, Role.DEPOSITOR)
        parts = whole(("a", bytes(10)), ("b", bytes(6)))
        ordered = parts if first == "fields" else [*parts[2:], *parts[:2]]
        assert code(send(author, ordered)) == (413, refusal)
        assert holdings(home) == (0, 0)
        small = whole(("a", bytes(9)))
        assert send(author, small).status_code == 201
        client.close()


# ── Once ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_form_sent_again_with_its_key_is_done_once(home: Installation, author: Someone) -> None:
    first = send(author, whole(("a", b"one")), idempotency_key="k1")
    again = send(author, whole(("a", b"one")), idempotency_key="k1")
    assert (first.status_code, again.status_code, again.headers["idempotent-replayed"]) == (201, 201, "true")
    assert (first.content, first.headers["location"]) == (again.content, again.headers["location"])
    assert code(send(author, whole(("a", b"two")), idempotency_key="k1")) == (422, "idempotency.key-reused")
    assert code(send(author, whole(("b", b"one")), idempotency_key="k1")) == (422, "idempotency.key-reused")
    assert code(send(author, whole(("a", b"one"), title="آخر"), idempotency_key="k1")) == (
        422,
        "idempotency.key-reused",
    )
    assert holdings(home) == (1, 1)
    assert send(author, whole(("a", b"one")), idempotency_key="k2").status_code == 201
    assert holdings(home) == (2, 2)


def test_the_draft_is_the_sender_s(home: Installation, author: Someone) -> None:
    public_id = send(author, whole(("a", b"x"))).json()["id"]
    with reading(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=public_id)
        assert resource is not None
        assert author.actor is not None
        assert resource.author_id == author.actor.person_id
    factories.act(home, deposits.submit, public_id, actor=author.actor)
