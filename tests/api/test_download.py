import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from email.message import Message
from pathlib import Path
from urllib.parse import quote, unquote

import factories
import pytest
from factories import Watch
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api import app, security
from api.download import disposition, is_shown
from oer import accounts, institutions, publishing
from oer.db import transaction
from oer.installation import Installation
from oer.models import Person
from oer.policy import OPERATOR
from oer.workflow import Role
from storage import file_names
from storage.errors import Damaged, Unavailable
from storage.filesystem import FilesystemStore

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 20
ARABIC = "درس الضوء (الصف السابع).pdf"


def address(public_id: str, name: str, number: int | None = None) -> str:
    version = f"/versions/{number}" if number else ""
    return f"/api/resources/{public_id}{version}/files/{quote(name, safe='')}"


def test_a_file_comes_whole_with_everything_that_proves_it(client: TestClient, publish: Callable[..., str]) -> None:
    url = address(publish({ARABIC: (PDF, "application/pdf")}), ARABIC)
    answer = client.get(url)
    digest = hashlib.sha256(PDF)
    field = f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert (answer.status_code, answer.content) == (200, PDF)
    assert answer.headers["content-length"] == str(len(PDF))
    assert answer.headers["etag"] == f'"{digest.hexdigest()}"'
    assert answer.headers["repr-digest"] == answer.headers["content-digest"] == field
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["last-modified"] == "Sun, 01 Mar 2026 08:00:00 GMT"
    assert answer.headers["cache-control"] == "public, no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


def test_head_says_the_same_without_the_bytes(client: TestClient, publish: Callable[..., str]) -> None:
    url = address(publish({"lesson.txt": ("نص".encode(), "text/plain")}), "lesson.txt")
    whole, head = client.get(url), client.head(url, headers={"range": "bytes=0-0"})
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "content-type", "etag", "repr-digest", "content-disposition", "last-modified"):
        assert head.headers[name] == whole.headers[name]


def test_a_part_comes_as_206(client: TestClient, publish: Callable[..., str]) -> None:
    url = address(publish({ARABIC: (PDF, "application/pdf")}), ARABIC)
    answer = client.get(url, headers={"range": "bytes=5-14"})
    assert (answer.status_code, answer.content) == (206, PDF[5:15])
    assert answer.headers["content-range"] == f"bytes 5-14/{len(PDF)}"
    assert answer.headers["content-length"] == "10"
    assert "content-digest" not in answer.headers
    assert "repr-digest" in answer.headers
    assert client.get(url, headers={"range": "bytes=-7"}).content == PDF[-7:]
    assert (
        client.get(url, headers={"range": "bytes=0-"}).headers["content-range"] == f"bytes 0-{len(PDF) - 1}/{len(PDF)}"
    )


def test_a_part_of_an_outdated_copy_comes_whole(client: TestClient, publish: Callable[..., str]) -> None:
    url = address(publish({ARABIC: (PDF, "application/pdf")}), ARABIC)
    etag = client.head(url).headers["etag"]
    assert client.get(url, headers={"range": "bytes=5-14", "if-range": etag}).status_code == 206
    assert client.get(url, headers={"range": "bytes=5-14", "if-range": '"other"'}).content == PDF
    assert client.get(url, headers={"range": "bytes=0-1,5-6"}).content == PDF


def test_a_range_behind_the_end_is_416_with_the_size(client: TestClient, publish: Callable[..., str]) -> None:
    url = address(publish({ARABIC: (PDF, "application/pdf")}), ARABIC)
    answer = client.get(url, headers={"range": f"bytes={len(PDF)}-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(PDF)}"
    assert answer.json()["code"] == "range.unsatisfiable"


def test_an_empty_file_comes_empty(client: TestClient, publish: Callable[..., str]) -> None:
    url = address(publish({"empty.txt": (b"", "text/plain")}), "empty.txt")
    answer = client.get(url)
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")
    assert client.get(url, headers={"range": "bytes=0-"}).status_code == 416


def test_who_has_the_bytes_gets_304_and_the_store_is_not_asked(home: Installation, publish: Callable[..., str]) -> None:
    public_id = publish({ARABIC: (PDF, "application/pdf")})
    key = hashlib.sha256(PDF).hexdigest()
    home.store.delete(key)
    with TestClient(app.create(home)) as client:
        url = address(public_id, ARABIC)
        for condition in ({"if-none-match": f'"{key}"'}, {"if-modified-since": "Sun, 01 Mar 2026 08:00:00 GMT"}):
            answer = client.get(url, headers=condition)
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["etag"] == f'"{key}"'
        assert client.get(url, headers={"if-match": '"other"'}).status_code == 412


@pytest.mark.parametrize(
    ("name", "content", "media_type", "told", "kind", "policy"),
    [
        ("a.pdf", PDF, "application/pdf", "application/pdf", "inline", security.PLAYED),
        ("a.mp4", b"\0\0\0\x18ftypmp42", "video/mp4", "video/mp4", "inline", security.PLAYED),
        ("a.png", b"\x89PNG\r\n\x1a\n", "image/png", "image/png", "inline", security.CONTENT),
        ("a.txt", "نص".encode(), "text/plain", "text/plain; charset=utf-8", "inline", security.CONTENT),
        ("a.md", "# نص".encode(), "text/markdown", "text/markdown; charset=utf-8", "attachment", security.CONTENT),
        ("old.txt", "نص".encode("cp1256"), "text/plain", "text/plain", "inline", security.CONTENT),
        ("a.html", b"<script>", "text/html", "text/html; charset=utf-8", "attachment", security.CONTENT),
        ("a.svg", b"<svg/>", "image/svg+xml", "image/svg+xml", "attachment", security.CONTENT),
        ("a.xml", b"<a/>", "application/xml", "application/xml", "attachment", security.CONTENT),
        ("a.epub", b"PK", "application/epub+zip", "application/epub+zip", "attachment", security.CONTENT),
    ],
)
def test_nothing_that_could_run_is_shown_in_place(
    client: TestClient,
    publish: Callable[..., str],
    name: str,
    content: bytes,
    media_type: str,
    told: str,
    kind: str,
    policy: str,
) -> None:
    answer = client.get(address(publish({name: (content, media_type)}), name))
    assert answer.content == content
    assert answer.headers["content-type"] == told
    assert answer.headers["content-disposition"] == f'{kind}; filename="{name}"'
    assert answer.headers["content-security-policy"] == policy
    assert "script" not in policy
    assert "default-src 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_text_cut_inside_a_letter_at_the_probe_is_still_utf8(client: TestClient, publish: Callable[..., str]) -> None:
    content = b"x" + "ش".encode() * 40_000
    answer = client.get(address(publish({"long.txt": (content, "text/plain")}), "long.txt"))
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def _named(value: str) -> tuple[str, str]:
    """(name in ASCII, name in full) as a browser reads them."""
    message = Message()
    message["Content-Disposition"] = value
    plain = re.search(r'filename="([^"]*)"', value)
    extended = re.search(r"filename\*=UTF-8''(\S+)$", value)
    assert plain is not None
    return plain[1], unquote(extended[1]) if extended else plain[1]


def test_an_arabic_name_travels_whole() -> None:
    plain, full = _named(disposition(ARABIC, "application/pdf"))
    assert full == ARABIC
    assert plain == "file.pdf"
    assert _named(disposition("Leçon 3.pdf", "application/pdf")) == ("Le_on_3.pdf", "Leçon 3.pdf")


@given(st.text(min_size=1).map(file_names.safe_name))
def test_every_name_comes_back_and_none_breaks_the_header(name: str) -> None:
    value = disposition(name, "application/zip")
    assert value.isascii()
    assert not re.search(r"[\r\n\0]", value)
    plain, full = _named(value)
    assert full == name
    assert plain.isprintable()


@pytest.mark.parametrize(
    "media_type", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "TEXT/HTML;a=b"]
)
def test_active_types_are_never_shown(media_type: str) -> None:
    assert not is_shown(media_type)


def test_a_name_may_be_asked_for_decomposed(client: TestClient, publish: Callable[..., str]) -> None:
    public_id = publish({"Leçon é.txt": (b"x", "text/plain")})
    assert client.get(address(public_id, "Lec\u0327on e\u0301.txt")).status_code == 200


@pytest.mark.parametrize("name", ["other.pdf", "a\0b", "%2e%2e", "\u202e.pdf"])
def test_unknown_and_impossible_names_are_404(client: TestClient, publish: Callable[..., str], name: str) -> None:
    answer = client.get(address(publish({ARABIC: (PDF, "application/pdf")}), name))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_past_version_keeps_its_file(
    client: TestClient, publish: Callable[..., str], revise: Callable[..., None]
) -> None:
    public_id = publish({"a.txt": (b"one", "text/plain")})
    revise(public_id, {"a.txt": (b"two", "text/plain")})
    assert client.get(address(public_id, "a.txt")).content == b"two"
    assert client.get(address(public_id, "a.txt", 1)).content == b"one"
    assert client.get(address(public_id, "a.txt", 2)).content == b"two"
    assert client.get(address(public_id, "a.txt", 3)).json()["code"] == "version.unknown"


def test_an_embargo_ends_on_its_day_without_any_job(
    client: TestClient, publish: Callable[..., str], watch: Watch
) -> None:
    described = factories.record(access={"kind": "embargoed", "until": date(2026, 3, 5)})
    url = address(publish({"a.txt": (b"x", "text/plain")}, described=described), "a.txt")
    refused = client.get(url)
    assert (refused.status_code, refused.json()["code"]) == (403, "files.embargoed")
    assert "2026-03-05" in refused.json()["detail"]
    assert b"x" not in refused.content[:2]
    watch.forward(days=3, hours=15, minutes=59)
    assert client.get(url).status_code == 403
    watch.forward(minutes=1)
    assert client.get(url).content == b"x"


def test_files_for_members_come_with_a_token_of_that_institution_only(
    client: TestClient, publish: Callable[..., str], member: Callable[..., dict[str, str]]
) -> None:
    described = factories.record(access={"kind": "institution"})
    url = address(publish({"a.txt": (b"secret", "text/plain")}, described=described), "a.txt")
    assert client.get(url).json()["code"] == "files.restricted"
    assert client.get(url, headers=member("elsewhere")).status_code == 403
    answer = client.get(url, headers=member("college"))
    assert (answer.status_code, answer.content) == (200, b"secret")
    assert answer.headers["cache-control"] == "private, no-store"
    assert "Authorization" in answer.headers["vary"]
    assert client.get(url, headers=member("college", "deposit")).json()["code"] == "scope.missing"


def test_files_for_members_are_not_for_whoever_was_one(client: TestClient, home: Installation) -> None:
    author = factories.member(home, Role.DEPOSITOR)
    described = factories.record(access={"kind": "institution"})
    public_id = factories.drafted(home, actor=author, described=described, files={"a.txt": b"x"})
    factories.act(home, publishing.publish, public_id, repository_id=home.repository_id)
    url = address(public_id, "a.txt")
    headers = factories.token_of(home, author, "read")
    assert client.get(url, headers=headers).status_code == 200
    with transaction(home.engine) as session:
        person, college = session.get_one(Person, author.person_id), institutions.find(session, "college")
        accounts.grant(session, OPERATOR, person, college, Role.NONE, now=home.now())
    assert client.get(url, headers=headers).json()["code"] == "files.restricted"


@pytest.mark.parametrize(
    ("access", "code"),
    [
        ({"kind": "embargoed", "until": date(2026, 6, 1)}, "files.embargoed"),
        ({"kind": "institution"}, "files.restricted"),
        ({"kind": "metadata-only"}, "files.metadata-only"),
    ],
)
def test_closing_a_resource_closes_its_past_and_opening_it_does_not_open_that(
    client: TestClient,
    publish: Callable[..., str],
    revise: Callable[..., None],
    member: Callable[..., dict[str, str]],
    access: dict[str, object],
    code: str,
) -> None:
    public_id = publish({"a.txt": (b"one", "text/plain")})
    past = address(public_id, "a.txt", 1)
    etag = client.get(past).headers["etag"]
    revise(public_id, {}, described=factories.record(access=access))
    for condition in ({}, {"if-none-match": etag}, {"range": "bytes=0-0"}):
        refused = client.get(past, headers=condition)
        assert (refused.status_code, refused.json()["code"]) == (403, code)
    told = client.get(f"/api/resources/{public_id}/versions/1").json()["access"]
    assert told == client.get(f"/api/resources/{public_id}").json()["access"]
    assert (told["kind"], told["open"]) == (access["kind"], False)
    answer = client.get(past, headers=member("college"))
    assert (answer.content, answer.headers["cache-control"]) == (b"one", "private, no-store")
    revise(public_id, {}, described=factories.record())
    assert client.get(past).content == b"one"
    assert client.get(address(public_id, "a.txt", 2)).json()["code"] == code


def test_withdrawn_and_hidden_files_are_gone(
    home: Installation, client: TestClient, publish: Callable[..., str]
) -> None:
    for verb in (publishing.withdraw, publishing.hide):
        public_id = publish({"a.txt": (b"x", "text/plain")})
        with transaction(home.engine) as session:
            verb(session, OPERATOR, public_id, reason="rights", repository_id=home.repository_id, now=home.now())
        for url in (address(public_id, "a.txt"), address(public_id, "a.txt", 1)):
            assert client.get(url).status_code == 410


class Rotten(FilesystemStore):
    """Gives ``good`` pieces of a file and then fails."""

    good = 0
    closed = False

    def local_path(self, key: str) -> Path | None:
        return None

    def open(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        def pieces() -> Iterator[bytes]:
            try:
                for _ in range(self.good):
                    yield b"x" * 10
                raise Damaged(key, "rot")
            finally:
                type(self).closed = True

        return pieces()


@pytest.mark.parametrize("fault", ["missing", "short", "rotten"])
def test_damaged_bytes_are_an_error_before_the_first_of_them(
    home: Installation, publish: Callable[..., str], fault: str
) -> None:
    public_id = publish({"a.bin": (b"x" * 100, "application/octet-stream")})
    path = home.store.local_path(hashlib.sha256(b"x" * 100).hexdigest())
    if path is None:
        pytest.skip("needs a store in a folder")
    if fault == "missing":
        path.unlink()
    elif fault == "short":
        path.write_bytes(b"x" * 99)
    else:
        path.write_bytes(b"y" * 100)
    with TestClient(app.create(home)) as client:
        answer = client.get(address(public_id, "a.bin"))
        assert (answer.status_code, answer.json()["code"]) == (503, "store.damaged")
        assert int(answer.headers["retry-after"]) > 0
        assert "content-range" not in answer.headers
        assert hashlib.sha256(b"x" * 100).hexdigest() not in answer.text


def test_damage_behind_the_first_byte_breaks_the_answer_and_frees_the_file(
    home: Installation, publish: Callable[..., str], tmp_path: Path
) -> None:
    public_id = publish({"a.bin": (b"x" * 100, "application/octet-stream")})
    store = Rotten(tmp_path / "store")
    if not isinstance(home.store, FilesystemStore):
        pytest.skip("needs a store in a folder")
    store.good = 3
    with (
        TestClient(app.create(replace(home, store=store))) as client,
        pytest.raises(RuntimeError, match="already started"),
    ):
        client.get(address(public_id, "a.bin"))
    assert Rotten.closed


def test_a_store_that_does_not_answer_is_503(
    home: Installation, publish: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    public_id = publish({"a.txt": (b"x", "text/plain")})

    def fail(key: str) -> None:
        raise Unavailable("timeout of 10.0.0.7")

    monkeypatch.setattr(home.store, "stat", fail)
    with TestClient(app.create(home)) as client:
        answer = client.get(address(public_id, "a.txt"))
        assert (answer.status_code, answer.json()["code"]) == (503, "store.unavailable")
        assert "10.0.0.7" not in answer.text
        assert client.get("/health/ready").status_code == 503
        assert client.get("/health/live").status_code == 200


def test_no_database_connection_is_held_while_bytes_stream(
    home: Installation, publish: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    public_id = publish({"a.txt": (b"x" * 100, "text/plain")})
    seen: list[int] = []
    real = home.store.open

    def spy(*arguments: object) -> Iterator[bytes]:
        seen.append(home.engine.pool.checkedout())  # type: ignore[attr-defined]
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(home.store, "open", spy)
    with TestClient(app.create(home)) as client:
        assert client.get(address(public_id, "a.txt"), headers={"range": "bytes=1-"}).status_code == 206
    assert seen
    assert set(seen) == {0}


def test_an_expired_token_is_refused_even_for_public_files(
    client: TestClient, publish: Callable[..., str], member: Callable[..., dict[str, str]], watch: Watch
) -> None:
    url = address(publish({"a.txt": (b"x", "text/plain")}), "a.txt")
    token = member("college")
    assert client.get(url, headers=token).status_code == 200
    watch.moment += timedelta(days=2)
    answer = client.get(url, headers=token)
    assert (answer.status_code, answer.json()["code"]) == (401, "token.expired")
    assert answer.headers["www-authenticate"].startswith("Bearer")
