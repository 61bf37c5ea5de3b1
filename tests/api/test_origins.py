"""Uploaded files at an origin of their own, and without one."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import factories
import pytest
from factories import Watch
from starlette.testclient import TestClient

from api import app, origins, security
from oer.installation import Installation
from oer.settings import Settings
from oer.workflow import Role

MAIN, FILES = "https://oer.example.org", "https://files.example.org"
KINDS = {
    "page.html": (b"<!doctype html><script>alert(1)</script>", "text/html"),
    "picture.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "image/svg+xml"),
    "lesson.pdf": (b"%PDF-1.7", "application/pdf"),
    "notes.txt": (b"notes", "text/plain"),
    "film.mp4": (b"....ftypmp42", "video/mp4"),
}
SHOWN = {"lesson.pdf", "notes.txt", "film.mp4"}


@pytest.fixture
def apart(tmp_path: Path, watch: Watch) -> Iterator[Installation]:
    with factories.opened(tmp_path / "apart", now=watch, content_origin=FILES) as found:
        yield found


@pytest.fixture
def doors(apart: Installation) -> Iterator[tuple[TestClient, TestClient]]:
    """One application, asked at the main origin and at that of files."""
    made = app.create(apart)
    with TestClient(made, base_url=MAIN) as main:
        yield main, TestClient(made, base_url=FILES)


def published(home: Installation, **described) -> str:
    record = factories.record(**described) if described else None
    return factories.published(home, files={name: content for name, (content, _) in KINDS.items()}, described=record)


def address(public_id: str, name: str) -> str:
    return f"/api/resources/{public_id}/files/{quote(name)}"


@pytest.mark.parametrize("name", KINDS)
def test_at_the_main_origin_every_file_is_only_kept(
    apart: Installation, doors: tuple[TestClient, TestClient], name: str
) -> None:
    for url in (
        address(published(apart), name),
        address(published(apart), name).replace("/files/", "/versions/1/files/"),
    ):
        answer = doors[0].get(url)
        assert answer.status_code == 200
        assert answer.headers["content-disposition"].startswith("attachment;")
        assert answer.headers["content-security-policy"] == security.CONTENT
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", KINDS)
def test_at_their_own_origin_files_are_shown_where_nothing_of_them_runs(
    apart: Installation, doors: tuple[TestClient, TestClient], name: str
) -> None:
    answer = doors[1].get(address(published(apart), name))
    assert (answer.status_code, answer.content) == (200, KINDS[name][0])
    kind = answer.headers["content-disposition"].partition(";")[0]
    assert kind == ("inline" if name in SHOWN else "attachment")
    told = answer.headers["content-security-policy"]
    if name in ("lesson.pdf", "film.mp4"):
        assert told == f"{security.PLAYED} {MAIN}"  # the pages of the main origin put a frame around it
        assert told.endswith(f"frame-ancestors 'self' {MAIN}")
    else:
        assert told == security.CONTENT
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_origin_of_files_has_nothing_else(apart: Installation, doors: tuple[TestClient, TestClient]) -> None:
    public_id = published(apart)
    collection = factories.collected(apart, shown=True)
    paths = [
        *("/", "/sign-in", "/api", "/api/me", "/api/resources", "/oai?verb=Identify", "/robots.txt", "/health/live"),
        *(f"/resources/{public_id}", f"/resources/{public_id}/embed", f"/resources/{public_id}/qr.svg"),
        *(f"/api/resources/{public_id}", f"/api/resources/{public_id}/pack", f"/api/collections/{collection}/pack"),
        *(f"/api/resources/{public_id}/draft/files/notes.txt", "/static/site.css", "/favicon.svg"),
        f"/api/resources/{public_id}/files/../../../me",
    ]
    for path in paths:
        answer = doors[1].get(path)
        assert (answer.status_code, "set-cookie" in answer.headers) == (404, False), path
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert doors[1].request(method, address(public_id, "notes.txt")).status_code == 404, method


def test_nobody_is_anybody_there(apart: Installation, doors: tuple[TestClient, TestClient]) -> None:
    public_id = published(apart, access={"kind": "institution"})
    member = factories.member(apart, Role.DEPOSITOR)
    for headers in (factories.token_of(apart, member), factories.session_of(apart, member)):
        there, here = (door.get(address(public_id, "notes.txt"), headers=headers) for door in reversed(doors))
        assert (there.status_code, here.status_code) == (403, 200)
        assert here.headers["content-disposition"].startswith("attachment;")
        assert here.headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize("host", ["FILES.example.org", "files.example.org:443", "files.example.org:80"])
def test_a_host_is_known_however_it_is_written(
    apart: Installation, doors: tuple[TestClient, TestClient], host: str
) -> None:
    assert doors[0].get("/", headers={"host": host}).status_code == 404


@pytest.mark.parametrize("host", ["files.example.org:8443", "files.example.org.evil.example", "evil.example", "[", ""])
def test_another_host_is_the_main_one(apart: Installation, doors: tuple[TestClient, TestClient], host: str) -> None:
    answer = doors[0].get(address(published(apart), "lesson.pdf"), headers={"host": host})
    assert answer.headers["content-disposition"].startswith("attachment;")


def test_without_one_the_allow_list_decides(client: TestClient, publish: Callable[..., str]) -> None:
    public_id = publish(KINDS)
    for name in KINDS:
        answer = client.get(address(public_id, name))
        kind = answer.headers["content-disposition"].partition(";")[0]
        assert kind == ("inline" if name in SHOWN else "attachment")
        played = name in ("lesson.pdf", "film.mp4")
        assert answer.headers["content-security-policy"] == (security.PLAYED if played else security.CONTENT)


def test_pages_know_where_files_are_shown() -> None:
    path = "/api/resources/1/files/a.pdf"
    assert origins.shown_at(Settings(base_url="https://example.org/oer"), path) == f"/oer{path}"
    settings = Settings(base_url="https://example.org/oer", content_origin=FILES)
    assert origins.shown_at(settings, path) == f"{FILES}{path}"


@pytest.mark.parametrize(
    ("media_type", "sent"),
    [
        ("text/javascript", "text/plain"),
        ("application/x-javascript; charset=utf-8", "text/plain"),
        ("text/ecmascript", "text/plain"),
        ("text/javascript1.5", "text/plain"),
        ("text/livescript", "text/plain"),
        ("text/css", "text/plain"),
        ("text/csv", "text/csv"),
        ("application/json", "application/json"),
    ],
)
def test_no_page_of_ours_can_load_an_uploaded_script_or_style(
    client: TestClient, publish: Callable[..., str], media_type: str, sent: str
) -> None:
    answer = client.get(address(publish({"a.bin": (b"globalThis.ran = 1", media_type)}), "a.bin"))
    assert answer.headers["content-type"].partition(";")[0] == sent
    assert answer.headers["x-content-type-options"] == "nosniff"
    kind = answer.headers["content-disposition"].partition(";")[0]
    assert kind == "attachment"
