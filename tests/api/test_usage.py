"""What counts as a view or a download, and who may read the figures."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import calling
import factories
import pytest
from factories import Watch, published
from searching import index
from sqlmodel import select
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from api import app, counting, lookup
from oer import collections, publishing, queries, working
from oer.db import reading, transaction
from oer.installation import Installation
from oer.models import Blob, Derivative, Previewed, UsageMark, VersionFile
from oer.policy import ANONYMOUS, OPERATOR
from oer.tally import Tally
from oer.workflow import Role

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
LESSON = "النص".encode() * 10
PROGRAMS = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "curl/8.5.0",
    "python-requests/2.32",
    "Wget/1.21",
    "oer-client",
    "",
]


def seen(request: Request) -> Response:
    """A page as the landing page is: it says whom it shows, and asks to be counted."""
    here: Installation = request.app.state.installation
    with reading(here.engine) as session:
        found = lookup.version(session, ANONYMOUS, request.path_params["public_id"])
    status = 304 if "if-none-match" in request.headers else 200
    return counting.viewed(request, found, Response(status_code=status))


@pytest.fixture
def client(home: Installation) -> Iterator[TestClient]:
    made = app.create(home)
    made.router.routes.insert(0, Route("/seen/{public_id}", seen, methods=["GET", "HEAD"]))
    with TestClient(made, raise_server_exceptions=False) as found:
        found.headers.update({"user-agent": FIREFOX, "accept-language": "en"})
        yield found


@pytest.fixture
def lesson(home: Installation) -> str:
    return published(home, files={"lesson.txt": LESSON})


def file(public_id: str) -> str:
    return f"/api/resources/{public_id}/files/lesson.txt"


def settled(client: TestClient) -> None:
    tally: Tally = client.app.state.tally  # type: ignore[attr-defined]
    tally.flush()


def told(client: TestClient, public_id: str) -> tuple[int, int]:
    settled(client)
    answer = client.get(f"/api/resources/{public_id}/usage")
    assert answer.status_code == 200, answer.text
    return answer.json()["views"], answer.json()["downloads"]


# ── Views and downloads ──────────────────────────────────────────────────────────────────────────


def test_a_page_that_a_person_is_shown_is_a_view(client: TestClient, lesson: str) -> None:
    assert client.get(f"/seen/{lesson}").status_code == 200
    assert told(client, lesson) == (1, 0)


def test_the_landing_page_asks_to_be_counted(client: TestClient, lesson: str) -> None:
    assert client.get(f"/resources/{lesson}", headers={"accept": "text/html"}).status_code == 200
    assert told(client, lesson) == (1, 0)


def test_a_file_that_a_person_gets_is_a_download(client: TestClient, lesson: str) -> None:
    assert client.get(file(lesson)).content == LESSON
    assert client.get(f"/api/resources/{lesson}/versions/1/files/lesson.txt").status_code == 200
    assert told(client, lesson) == (0, 1), "the same bytes within half a minute"


def test_json_and_other_formats_are_no_uses(client: TestClient, lesson: str) -> None:
    for rest in ("", "/versions", "/versions/1", "?format=bibtex", "/usage"):
        assert client.get(f"/api/resources/{lesson}{rest}").status_code == 200
    assert told(client, lesson) == (0, 0)


@pytest.mark.parametrize("program", PROGRAMS)
def test_robots_and_other_programs_are_not_counted(client: TestClient, lesson: str, program: str) -> None:
    for path in (f"/seen/{lesson}", file(lesson)):
        assert client.get(path, headers={"user-agent": program}).status_code == 200
    assert told(client, lesson) == (0, 0)


@pytest.mark.parametrize(
    "browser",
    [
        FIREFOX,
        "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile Safari/604.1",
    ],
)
def test_people_are_no_robots(browser: str) -> None:
    assert not counting.is_program(browser)


def test_a_program_with_an_endless_name_costs_no_time(client: TestClient, lesson: str) -> None:
    assert client.get(f"/seen/{lesson}", headers={"user-agent": "Mozilla/5.0 (" * 4000}).status_code == 200
    assert told(client, lesson) == (1, 0)


@pytest.mark.parametrize(
    "header",
    [
        {"sec-purpose": "prefetch"},
        {"sec-purpose": "prefetch;prerender"},
        {"purpose": "prefetch"},
        {"x-moz": "prefetch"},
        {"x-purpose": "preview"},
    ],
)
def test_what_is_fetched_in_advance_is_no_use(client: TestClient, lesson: str, header: Mapping[str, str]) -> None:
    for path in (f"/seen/{lesson}", file(lesson)):
        assert client.get(path, headers=header).status_code == 200
    assert told(client, lesson) == (0, 0)


@pytest.mark.parametrize("place", ["image", "video", "audio", "iframe", "object", "embed"])
def test_what_fills_a_page_is_no_download(client: TestClient, lesson: str, place: str) -> None:
    assert client.get(file(lesson), headers={"sec-fetch-dest": place}).status_code == 200
    assert told(client, lesson) == (0, 0)
    assert client.get(file(lesson), headers={"sec-fetch-dest": "document"}).status_code == 200
    assert told(client, lesson) == (0, 1)


def test_to_ask_about_something_is_no_use(client: TestClient, lesson: str) -> None:
    client.head(f"/seen/{lesson}")
    assert client.get(f"/seen/{lesson}", headers={"if-none-match": "*"}).status_code == 304
    assert client.head(file(lesson)).status_code == 200
    assert client.get(file(lesson), headers={"if-none-match": "*"}).status_code == 304
    assert client.get(file(lesson), headers={"if-match": '"another"'}).status_code == 412
    assert client.get(file(lesson), headers={"range": "bytes=9999-"}).status_code == 416
    assert client.get(f"{file(lesson)}.no").status_code == 404
    assert told(client, lesson) == (0, 0)


@pytest.mark.parametrize(
    ("ranges", "downloads"),
    [
        (["0-"], 1),
        (["0-9", "10-29", "30-"], 1),
        (["10-29"], 0),
        (["-5"], 0),
        (["0-1"], 0),
        (["0-1", "0-"], 1),
    ],
)
def test_a_download_in_parts_counts_where_it_begins(
    client: TestClient, home: Installation, watch: Watch, lesson: str, ranges: list[str], downloads: int
) -> None:
    for part in ranges:
        assert client.get(file(lesson), headers={"range": f"bytes={part}"}).status_code == 206
        watch.forward(minutes=1)  # so that no two are a double click
    assert told(client, lesson) == (0, downloads)


def test_a_pack_is_a_download_of_each_resource_in_it(client: TestClient, home: Installation, watch: Watch) -> None:
    first, second = (published(home, files={f"{name}.txt": LESSON}) for name in ("a", "b"))
    empty = published(home, files={}, described=factories.record(access={"kind": "metadata-only"}))
    made = factories.collected(home, shown=True)
    with transaction(home.engine) as session:
        for one in (first, second, empty):
            collections.add(session, OPERATOR, made, one, now=home.now())
    path = f"/api/collections/{made}/pack"
    assert client.head(path).status_code == 200
    assert client.get(path, headers={"range": "bytes=10-"}).status_code == 206
    assert client.get(path, headers={"user-agent": "curl/8.5.0"}).status_code == 200
    assert [told(client, one) for one in (first, second, empty)] == [(0, 0)] * 3
    assert client.get(path).status_code == 200
    watch.forward(minutes=1)
    assert client.get(f"/api/resources/{first}/pack").status_code == 200
    assert [told(client, one) for one in (first, second, empty)] == [(0, 2), (0, 1), (0, 0)]


@pytest.mark.parametrize(("kind", "downloads"), [("light", 1), ("audio", 1), ("poster", 0), ("page", 0)])
def test_a_light_variant_is_a_download_and_a_picture_is_none(
    client: TestClient, home: Installation, lesson: str, kind: str, downloads: int
) -> None:
    small = home.store.put([b"small"])
    with transaction(home.engine) as session:
        source = session.exec(select(VersionFile.key)).one()
        session.add(Blob(key=small.key, size=small.size, created=home.now()))
        session.flush()
        session.add(Previewed(key=source, revision=1, state="made", found=home.now()))
        session.add(Derivative(source=source, kind=kind, number=1, key=small.key, media_type="video/mp4", size=5))
    for _ in range(2):
        assert client.get(f"{file(lesson)}/previews/{kind}/1").content == b"small"
    assert told(client, lesson) == (0, downloads)


def test_what_is_not_published_is_not_counted(client: TestClient, home: Installation, lesson: str) -> None:
    reader = factories.token_of(home, factories.member(home, Role.MANAGER))
    with transaction(home.engine) as session:
        wanted = {"reason": "rights", "note": "", "repository_id": home.repository_id, "now": home.now()}
        publishing.hide(session, OPERATOR, lesson, **wanted)
    assert client.get(file(lesson)).status_code == 410
    assert client.get(file(lesson), headers=reader).status_code == 200
    settled(client)
    with reading(home.engine) as session:
        assert queries.usage.branch_total(session, path="/") == (0, 0)


# ── Visitors ─────────────────────────────────────────────────────────────────────────────────────


def test_visitors_behind_a_proxy_are_told_apart(home: Installation, lesson: str) -> None:
    with TestClient(app.create(home), client=("127.0.0.1", 1234)) as client:
        client.headers["user-agent"] = FIREFOX
        for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1"):
            assert client.get(file(lesson), headers={"x-forwarded-for": address}).status_code == 200
        assert (
            client.get(file(lesson), headers={"x-forwarded-for": "192.0.2.1", "user-agent": "Opera"}).status_code == 200
        )
        assert told(client, lesson) == (0, 3)


def marks(home: Installation) -> int:
    with reading(home.engine) as session:
        return len(session.exec(select(UsageMark)).all())


@pytest.mark.parametrize("header", [{"dnt": "1"}, {"sec-gpc": "1"}])
def test_who_asks_not_to_be_followed_is_counted_without_a_mark(
    client: TestClient, home: Installation, lesson: str, header: Mapping[str, str]
) -> None:
    for _ in range(2):
        client.get(file(lesson), headers=header)
    assert told(client, lesson) == (0, 2)
    assert marks(home) == 0
    client.get(file(lesson))
    settled(client)
    assert marks(home) == 1, "of everybody else there is one"


@pytest.mark.parametrize(
    ("role", "at", "counts"),
    [
        (Role.DEPOSITOR, "college", True),
        (Role.REVIEWER, "college", False),
        (Role.MANAGER, "college", False),
        (Role.REVIEWER, "elsewhere", True),
    ],
)
def test_what_editors_look_at_is_no_use(
    client: TestClient, home: Installation, lesson: str, role: Role, at: str, counts: bool
) -> None:
    person = factories.member(home, role, at)
    client.get(f"/seen/{lesson}", headers=factories.session_of(home, person))
    client.get(file(lesson), headers=factories.session_of(home, person))
    assert told(client, lesson) == ((1, 1) if counts else (0, 0))


def test_authors_are_not_counted_for_what_is_their_own(client: TestClient, home: Installation) -> None:
    author = factories.member(home, Role.MANAGER)
    own = published(home, files={"lesson.txt": LESSON}, actor=author)
    client.get(f"/seen/{own}", headers=factories.session_of(home, author))
    client.get(file(own), headers=factories.token_of(home, author))
    assert told(client, own) == (0, 0)


def test_a_session_that_has_ended_is_anybodys(client: TestClient, home: Installation, lesson: str) -> None:
    client.get(f"/seen/{lesson}", headers={"cookie": "__Host-session=nobody"})
    assert told(client, lesson) == (1, 0)


# ── Never in the way ─────────────────────────────────────────────────────────────────────────────


def test_counting_that_fails_breaks_no_answer(
    client: TestClient, lesson: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(counting, "_use", lambda *_: 1 // 0)
    assert client.get(f"/seen/{lesson}").status_code == 200
    assert client.get(file(lesson)).content == LESSON
    assert {"a view was not counted", "a download was not counted"} <= set(caplog.messages)


def test_where_counting_is_off_nothing_is_counted(tmp_path: Path, watch: Watch) -> None:
    with factories.opened(tmp_path, now=watch, usage=False) as home:
        lesson = published(home, files={"lesson.txt": LESSON})
        with TestClient(app.create(home)) as client:
            client.headers["user-agent"] = FIREFOX
            assert client.get(file(lesson)).status_code == 200
            assert client.app.state.tally is None  # type: ignore[attr-defined]
            assert client.get(f"/api/resources/{lesson}/usage").json()["downloads"] == 0


def test_the_server_writes_at_its_end_what_it_has_counted(home: Installation, lesson: str) -> None:
    with TestClient(app.create(home)) as client:
        client.get(file(lesson), headers={"user-agent": FIREFOX})
    with reading(home.engine) as session:
        found = queries.resources.by_public_id(session, public_id=lesson)
        assert found is not None
        assert queries.usage.total(session, resource_id=found.id or 0) == (0, 1)


# ── Figures ──────────────────────────────────────────────────────────────────────────────────────


def used(client: TestClient, public_id: str, times: int) -> None:
    for _ in range(times):
        client.get(file(public_id), headers={"dnt": "1"})
    settled(client)


def test_everybody_reads_totals_and_editors_their_course(
    client: TestClient, home: Installation, watch: Watch, lesson: str
) -> None:
    used(client, lesson, 5)
    path = f"/api/resources/{lesson}/usage"
    public = client.get(path)
    assert public.json() == {"views": 0, "downloads": 5, "months": None, "days": None}
    assert "public" in public.headers["cache-control"]
    assert client.get(path, headers={"if-none-match": public.headers["etag"]}).status_code == 304
    reviewer = factories.token_of(home, factories.member(home, Role.REVIEWER))
    private = client.get(path, headers=reviewer)
    assert private.json()["months"] == [{"month": "2026-03", "views": None, "downloads": 5}]
    assert private.json()["days"] == [{"day": "2026-03-01", "views": None, "downloads": 5}]
    assert "private" in private.headers["cache-control"]
    depositor = factories.token_of(home, factories.member(home, Role.DEPOSITOR))
    assert client.get(path, headers=depositor).json() == public.json()


def test_days_are_of_the_period_that_is_asked_for(
    client: TestClient, home: Installation, watch: Watch, lesson: str
) -> None:
    used(client, lesson, 5)
    watch.forward(days=40)
    used(client, lesson, 6)
    reviewer = factories.token_of(home, factories.member(home, Role.REVIEWER))

    def days(query: str) -> list[str]:
        answer = client.get(f"/api/resources/{lesson}/usage{query}", headers=reviewer)
        assert answer.status_code == 200, answer.text
        return [one["day"] for one in answer.json()["days"]]

    assert days("") == ["2026-04-10"]
    assert days("?from=2026-03-01") == days("?from=0001-01-01&until=9999-12-31") == ["2026-03-01", "2026-04-10"]
    assert days("?until=2026-03-01") == days("?from=2026-03-01&until=2026-03-01") == ["2026-03-01"]
    assert days("?from=2026-03-02&until=2026-04-09") == days("?from=2026-04-10&until=2026-03-01") == []
    assert days("?until=0001-01-01") == []


@pytest.mark.parametrize(
    "query",
    [
        "?from=yesterday",
        "?from=0",
        "?from=2026-03-01T00:00",
        "?until=2026-13-01",
        "?since=2026-03-01",
        "?from=1&from=2",
    ],
)
def test_what_is_no_period_is_refused(client: TestClient, lesson: str, query: str) -> None:
    assert client.get(f"/api/resources/{lesson}/usage{query}").status_code == 422


def test_an_institution_sums_what_is_below_it(client: TestClient, home: Installation) -> None:
    with transaction(home.engine) as session:
        above = factories.institution(session, "above")
        factories.institution(session, "below", parent=above)
    used(client, published(home, at="below", files={"lesson.txt": LESSON}), 5)
    used(client, published(home, at="above", files={"lesson.txt": LESSON + b"."}), 2)
    path = "/api/institutions/above/usage"
    assert client.get(path).json() == {"views": 0, "downloads": 7, "months": None, "days": None}
    manager = factories.token_of(home, factories.member(home, Role.MANAGER, "above"))
    assert client.get(path, headers=manager).json() == {
        "views": 0,
        "downloads": 7,
        "months": [{"month": "2026-03", "views": None, "downloads": 7}],
        "days": [{"day": "2026-03-01", "views": None, "downloads": 7}],
    }
    assert client.get("/api/institutions/below/usage", headers=manager).json()["days"] is not None
    reviewer = factories.token_of(home, factories.member(home, Role.REVIEWER, "above"))
    assert client.get(path, headers=reviewer).json()["days"] is None


def test_what_is_not_there_or_gone_has_no_figures(client: TestClient, home: Installation, lesson: str) -> None:
    assert calling.code(client.get("/api/resources/7k3v9qm2xd/usage")) == (404, "resource.unknown")
    assert calling.code(client.get("/api/institutions/nowhere/usage")) == (404, "institution.unknown")
    with transaction(home.engine) as session:
        wanted = {"reason": "rights", "note": "", "repository_id": home.repository_id, "now": home.now()}
        publishing.withdraw(session, OPERATOR, lesson, **wanted)
    assert calling.code(client.get(f"/api/resources/{lesson}/usage")) == (410, "resource.withdrawn")


def test_the_most_used_come_first_page_by_page(
    client: TestClient, home: Installation, watch: Watch, publish: Callable[..., str]
) -> None:
    made = []
    for times in (1, 4, 0, 2, 0):
        made.append(published(home, files={"lesson.txt": LESSON}))
        watch.forward(minutes=1)
        used(client, made[-1], times)
    working.KINDS["usage.rank"](home, {})
    index(home)
    seen, address = [], "/api/resources?sort=used"
    while address:
        page = client.get(address).json()
        seen += [one["id"] for one in page["items"]]
        address = page["next"] and page["next"].removeprefix("https://oer.example.org")
    assert seen == [made[at] for at in (1, 3, 0, 4, 2)]
    words = client.get("/api/resources?sort=used&q=الماء").json()
    assert [one["id"] for one in words["items"]] == seen[:2]
    assert words["total"] == 5
