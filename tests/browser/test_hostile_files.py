"""Files that want to be pages of ours, through every door that gives bytes out, in Chromium: nothing of them runs.

Each of them tries to tell a canary on loopback that it runs, what cookies it reads, who is signed in, and what stands
in the page around it. A session and a marker wait in the main origin.
"""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, urlsplit
from urllib.request import urlopen

import factories
import hostile
import pytest
import serving
from playwright.sync_api import Browser, BrowserContext, Error, Route, sync_playwright

from metadata.record import Text
from oer import deposits, installation, publishing, queries
from oer.db import transaction
from oer.installation import Installation
from oer.policy import OPERATOR
from oer.settings import Settings
from oer.workflow import Role

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280)]

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
ARGUMENTS += ["--disable-component-update", "--disable-sync"]
# An answer that a test makes up has no address; pages of none may not call loopback, where the canary is.
ARGUMENTS += ["--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests"]
SETTLE = 400  # milliseconds in which what runs has told the canary
AT_ONCE = 30  # frames of one page


# ── the canary ──────────────────────────────────────────────────────────────────────────────────


@dataclass
class Canary:
    """Hears whoever calls. It also has pages of its own: a strange site with frames, and an unsafe one."""

    port: int = 0
    heard: list[str] = field(default_factory=list)
    pages: dict[str, bytes] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def calls(self) -> list[str]:
        return [path for path in self.heard if path.startswith("/hit/")]


@pytest.fixture(scope="module")
def canary() -> Iterator[Canary]:
    found = Canary()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.heard.append(self.path)
            content = found.pages.get(self.path, b"")
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8" if content else "image/gif")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with suppress(ConnectionError):  # the page was left
                self.wfile.write(content)

        def log_message(self, *_arguments: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


# ── the places ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Place:
    """A running repository. ``addresses`` of files, at every door that gives them out; ``pages`` that speak of them."""

    url: str
    cookies: list[dict[str, str]]
    addresses: list[str]
    pages: list[str]
    names: int
    apart: bool


@pytest.fixture(scope="module", params=["one origin", "two origins"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, canary: Canary) -> Iterator[Place]:
    with running(tmp_path_factory.mktemp("hostile"), canary, apart=request.param == "two origins") as found:
        yield found


@contextmanager
def running(folder: Path, canary: Canary, *, apart: bool) -> Iterator[Place]:
    with serving.home(folder, OER_RATE_LIMIT="0") as served:
        other = f"http://localhost:{served.port}"
        if apart:
            served.environment["OER_CONTENT_ORIGIN"] = other
        wanted = {name[4:].lower(): value for name, value in served.environment.items() if name.startswith("OER_")}
        home = installation.open_installation(Settings(**wanted))  # type: ignore[arg-type]
        with closing(home):
            given = hostile.files(canary.url)
            names, public_id = published(home, given, hostile.script(canary.url, "title"))
            cookie = factories.session_of(home, factories.member(home, Role.REVIEWER))["Cookie"]
        paths = [f"/api/resources/{public_id}/files/{quote(name, safe='')}" for name in names]
        paths += [f"/api/resources/{public_id}/versions/1/files/{quote(name, safe='')}" for name in names[::4]]
        bases = [served.url, other] if apart else [served.url]
        pages = ["", "/embed", "/qr.svg", "/linkset"]
        spoken = [f"{served.url}/resources/{public_id}{rest}" for rest in pages]
        spoken += [f"{served.url}/api/resources/{public_id}{rest}" for rest in ("", "/pack.json", "/pack")]
        name, _, value = cookie.partition("=")
        cookies = [{"name": name, "value": value, "url": served.url}]
        cookies.append({"name": "marker", "value": "seen", "url": served.url})
        if not apart:
            served.oer("worker", "--once")  # pictures of pages, covers, listings: what is made of hostile files
        with serving.serving(served, "--no-worker"):
            if not apart:
                doors = [
                    f"{served.url}/api/resources/{public_id}/files/{quote(name, safe='')}/previews" for name in names
                ]
                spoken += doors
                paths += [urlsplit(one["url"])._replace(scheme="", netloc="").geturl() for one in made(doors)]
            yield Place(
                served.url, cookies, [base + path for base in bases for path in paths], spoken, len(names), apart
            )


def made(doors: list[str]) -> list[dict[str, str]]:
    """What was made of the files that these doors tell of."""
    found: list[dict[str, str]] = []
    for door in doors:
        with urlopen(door, timeout=30) as answer:
            found += json.load(answer)["items"]
    return found


def published(home: Installation, given: dict[str, tuple[bytes, str]], js: str) -> tuple[list[str], str]:
    """A resource with all of them, under the very types that they ask for."""
    hostile = [Text(value=f"<script>{js}</script>", lang="en")]
    described = factories.record().model_copy(update={"title": hostile, "description": hostile})
    public_id = factories.drafted(home, described=described, files={})
    kept = {name: home.store.put([content]) for name, (content, _) in given.items()}
    with transaction(home.engine) as session:
        for name, (_, media_type) in given.items():
            deposits.attach(
                session, OPERATOR, public_id, home.store, kept[name], name=name, media_type=media_type,
                limits=home.settings, now=home.now(),
            )  # fmt: skip
        version = publishing.publish(session, OPERATOR, public_id, repository_id=home.repository_id, now=home.now())
        session.flush()
        assert version.id is not None
        names = [file.name for file in queries.resources.files(session, version_id=version.id)]
    return names, public_id


# ── the browser ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield found
        found.close()


@pytest.fixture
def context(browser: Browser, place: Place, canary: Canary) -> Iterator[BrowserContext]:
    """A browser that is signed in at the main origin."""
    canary.heard.clear()
    found = browser.new_context(accept_downloads=True)
    found.add_cookies(place.cookies)  # type: ignore[arg-type]
    yield found
    found.close()


def opened(context: BrowserContext, addresses: list[str]) -> int:
    """Go to each; how many were shown, and not handed over as files."""
    page, shown = context.new_page(), 0
    page.on("dialog", lambda dialog: dialog.dismiss())
    for address in addresses:
        with suppress(Error):  # a download, which is no page
            page.goto(address, wait_until="load", timeout=10_000)
            shown += 1
    page.wait_for_timeout(SETTLE)
    page.close()
    return shown


def test_there_are_enough_of_them(place: Place, canary: Canary) -> None:
    assert len(hostile.files(canary.url)) == place.names >= 120


def test_something_was_made_of_some_of_them(place: Place) -> None:
    """Listings and pictures, on one origin: what is asked below is not only the files themselves."""
    made_of_them = sum("/previews/" in one for one in place.addresses)
    assert made_of_them >= (0 if place.apart else 5)


def test_nothing_runs_where_it_is_opened(context: BrowserContext, place: Place, canary: Canary) -> None:
    shown = opened(context, [*place.addresses, *place.pages])
    print(f"{len(place.addresses)} addresses and {len(place.pages)} pages, {shown} shown, {len(canary.calls())} calls")
    assert shown > 20  # pictures, text and PDF are shown: it is not that everything failed
    assert canary.calls() == []


def test_nothing_runs_in_the_frames_of_a_strange_site(context: BrowserContext, place: Place, canary: Canary) -> None:
    page = context.new_page()
    for at in range(0, len(place.addresses), AT_ONCE):
        some = place.addresses[at : at + AT_ONCE]
        frames = [f'<iframe src="{one}"></iframe><object data="{one}"></object><img src="{one}">' for one in some]
        canary.pages[f"/frames/{at}"] = "".join(frames).encode()
        page.goto(f"{canary.url}/frames/{at}", wait_until="domcontentloaded")
        page.wait_for_timeout(SETTLE)
    page.wait_for_timeout(SETTLE)
    assert canary.calls() == []


LOAD = """address => new Promise(done => {
    const one = Object.assign(document.createElement("script"), { src: address });
    one.onload = one.onerror = () => done(globalThis.ran ?? null);
    document.head.append(one);
})"""


def test_nothing_is_a_script_of_a_page_of_ours(context: BrowserContext, place: Place) -> None:
    """Where somebody had smuggled an element into a page that may load scripts of its own origin."""
    page = context.new_page()
    page.goto(f"{place.url}/invitation")
    own = [one for one in place.addresses if one.startswith(place.url)]
    ran = [one for one in own if page.evaluate(LOAD, one) is not None]
    assert ran == []


# ── what must be found out ──────────────────────────────────────────────────────────────────────


def test_an_unsafe_answer_is_found_out(context: BrowserContext, place: Place, canary: Canary) -> None:
    """The same addresses of the same origin, without the headers: they tell of the session and of the marker."""

    def careless(route: Route) -> None:
        path = urlsplit(route.request.url).path
        if "/files/" not in path:
            route.continue_()
            return
        answer = route.fetch()
        route.fulfill(status=200, body=answer.body(), headers={"content-type": "text/html; charset=utf-8"})

    context.route(f"{place.url}/**", careless)
    opened(context, place.addresses[:5])
    calls = canary.calls()
    assert [one for one in calls if one.startswith("/hit/run")]
    assert [one for one in calls if one.startswith("/hit/cookie") and "marker%3Dseen" in one]
    assert [one for one in calls if one.startswith("/hit/session") and "reviewer" in one]


def test_a_script_of_the_type_of_scripts_is_found_out(context: BrowserContext, place: Place) -> None:
    page = context.new_page()
    page.goto(f"{place.url}/invitation")
    (own,) = [
        one for one in place.addresses if one.startswith(place.url) and one.endswith("l.js") and "versions" not in one
    ]

    def careless(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(status=200, body=answer.body(), headers={"content-type": "text/javascript"})

    context.route(own, careless)
    assert page.evaluate(LOAD, own) is not None


def test_the_payload_is_one(canary: Canary) -> None:
    """A word on what is tried: each file holds its script once at least, in some encoding."""
    marks = [canary.url.encode(), canary.url.encode("utf-16-le"), canary.url.encode("utf-16-be")]
    for name, (content, _) in hostile.files(canary.url).items():
        plain = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
        assert any(mark in plain for mark in marks), name
