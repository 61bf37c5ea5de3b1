"""What a resource's page is for: to look at it, to take it along, to give credit for it."""

import hashlib
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import urlopen

import pytest
import sites
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def told(site: sites.Site, public_id: str) -> dict:
    with urlopen(f"{site.url}/api/resources/{public_id}", timeout=30) as answer:
        return json.load(answer)


SHOWN = {
    "pages": ".pages-strip img",
    "image": "a[data-zoom] img",
    "audio": "audio[controls]",
    "prose": ".text .prose :is(h1, h2, h3, p)",
    "table": ".text table td",
    "listing": ".listing li",
    "text": "pre.text",
}


@pytest.mark.parametrize("kind", SHOWN)
def test_files_are_shown_in_place(page: Page, site: sites.Site, lang: str, kind: str) -> None:
    page.goto(site.at(f"resource-{kind}", lang))
    shown = page.locator(f".preview {SHOWN[kind]}").first
    expect(shown).to_be_visible()
    if kind in ("pages", "image"):
        shown.scroll_into_view_if_needed()
        assert shown.evaluate("one => one.decode().then(() => one.naturalWidth)") > 100
        assert shown.get_attribute("alt")


def test_sound_can_be_played(page: Page, site: sites.Site, lang: str) -> None:
    page.goto(site.at("resource-audio", lang))
    played = page.locator("audio").first.evaluate(
        "one => new Promise(done => { one.onloadedmetadata = () => done(one.duration);"
        " one.onerror = () => done(`error ${one.error.code}`); one.load(); one.preload = 'metadata'; })"
    )
    assert isinstance(played, int | float)
    assert played > 1


CUES = """one => new Promise(done => {
  const told = () => Array.from(one.textTracks, track => [track.language, track.mode, track.cues?.[0]?.text ?? null]);
  for (const track of one.textTracks) if (track.mode === "disabled") track.mode = "hidden";
  const until = Date.now() + 10000;
  const look = () => told().every(track => track[2]) || Date.now() > until ? done(told()) : setTimeout(look, 50);
  look();
})"""


def test_a_film_is_played_with_its_captions(page: Page, site: sites.Site, lang: str) -> None:
    if site.film is None:
        pytest.skip("there is no film: OER_SHARED names no folder with samples")
    page.goto(f"{site.url}/resources/{site.film}?lang={lang}")
    film = page.locator(".preview video")
    expect(film).to_be_visible()
    told = film.evaluate(CUES)
    assert {(spoken, said) for spoken, _, said in told} == set(sites.CAPTIONS.items())
    assert [spoken for spoken, mode, _ in told if mode == "showing"] == [lang]  # the language of the page
    reached = film.evaluate(
        "one => new Promise((done, fail) => { one.muted = true; one.ontimeupdate = () => one.currentTime > 0.2"
        " && done(one.textTracks[0].activeCues.length); one.onerror = () => fail(one.error.message); one.play(); })"
    )
    assert reached == 1


def test_a_picture_opens_large_and_closes_with_the_focus_where_it_was(page: Page, site: sites.Site, lang: str) -> None:
    page.goto(site.at("resource-image", lang))
    link = page.locator("a[data-zoom]").first
    link.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert dialog.locator("img").evaluate("one => one.decode().then(() => one.naturalWidth)") > 100
    assert page.evaluate("document.activeElement.tagName") == "BUTTON"
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert link.evaluate("one => one === document.activeElement")


def test_a_download_has_the_right_bytes_and_name(page: Page, site: sites.Site, lang: str) -> None:
    files = {one["name"]: one["sha256"] for one in told(site, site.resources["pages"])["files"]}
    page.goto(site.at("resource-pages", lang))
    with page.expect_download() as found:
        page.locator(".take a.button").first.click()
    assert hashlib.sha256(Path(found.value.path()).read_bytes()).hexdigest() == files[found.value.suggested_filename]
    assert page.locator("main").is_visible(), "the page is still there"


def test_several_files_are_one_download(page: Page, site: sites.Site, lang: str) -> None:
    page.goto(site.at("resource-text", lang))
    with page.expect_download() as found:
        page.locator(".take a.button").first.click()
    assert found.value.suggested_filename.startswith("Mesurer (sans règle)")
    with zipfile.ZipFile(found.value.path()) as pack:
        digests = [hashlib.sha256(pack.read(name)).hexdigest() for name in pack.namelist()]
    assert {one["sha256"] for one in told(site, site.french)["files"]} <= set(digests)


def test_every_file_is_there_to_take(page: Page, site: sites.Site, lang: str) -> None:
    page.goto(site.at("resource-text", lang))
    names = [one["name"] for one in told(site, site.french)["files"]]
    assert page.locator(".files .file > bdi:first-child").all_inner_texts() == names == [sites.TEXT, sites.FILM]
    for link, name in zip(page.locator(".files a[download]").all(), names, strict=True):
        assert name in (link.get_attribute("aria-label") or "")
        with page.expect_download() as found:
            link.click()
        assert found.value.suggested_filename == name


def test_the_attribution_is_copied(opened: sites.Opening, site: sites.Site, lang: str) -> None:
    context = opened(lang)
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site.url)
    page = context.new_page()
    page.goto(site.at("resource-pages", lang))
    part = page.locator("section[aria-labelledby=credit] details").first
    part.locator("summary").click()
    button = part.locator("[data-copy]")
    button.click()
    expect(button).to_contain_text(button.get_attribute("data-done") or "?")
    assert page.locator("#heard").inner_text() == button.get_attribute("data-done")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == part.locator("textarea").input_value()
    assert "CC" in copied


NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', {value: undefined});"  # as without https


@pytest.mark.parametrize("form", ["text/plain", "text/html"])
def test_the_attribution_that_is_shown_is_copied_with_its_addresses(
    opened: sites.Opening, site: sites.Site, lang: str, form: str
) -> None:
    context = opened(lang)
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site.url)
    page = context.new_page()
    page.goto(site.at("resource-pages", lang))
    button = page.locator("[data-copy=credit-text]")
    button.click()
    expect(button).to_contain_text(button.get_attribute("data-done") or "?")
    copied = page.evaluate(
        "form => navigator.clipboard.read().then(([one]) => one.getType(form)).then(blob => blob.text())", form
    )
    addresses = [link.get_attribute("href") or "" for link in page.locator("#credit-text a").all()]
    assert len(addresses) > 1
    assert all(address in copied for address in addresses)


def test_without_a_clipboard_the_words_are_copied_all_the_same(
    opened: sites.Opening, site: sites.Site, lang: str
) -> None:
    context = opened(lang)
    context.add_init_script(NO_CLIPBOARD)
    page = context.new_page()
    page.goto(site.at("resource-pages", lang))
    button = page.locator("[data-copy=credit-text]")
    words = button.get_attribute("data-text") or "?"
    button.click()
    expect(button).to_contain_text(button.get_attribute("data-done") or "?")
    expect(button).to_be_focused()
    page.goto(site.at("search", lang))
    box = page.get_by_role("combobox")
    box.focus()
    page.keyboard.press("Control+V")
    assert box.input_value().split() == words.split()


def test_where_nothing_copies_the_words_are_selected(opened: sites.Opening, site: sites.Site, lang: str) -> None:
    context = opened(lang)
    context.add_init_script(f"{NO_CLIPBOARD} document.execCommand = () => false")
    page = context.new_page()
    page.goto(site.at("resource-pages", lang))
    part = page.locator("section[aria-labelledby=credit] details").first
    part.locator("summary").click()
    part.locator("[data-copy]").click()
    field = part.locator("textarea")
    assert field.evaluate("one => one === document.activeElement && one.selectionEnd - one.selectionStart") == len(
        field.input_value()
    )


@contextmanager
def strange_site(content: bytes) -> Iterator[str]:
    """One page of another origin. It is served: an answer that a test makes up may not frame pages of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_code_for_other_pages_makes_a_card(page: Page, site: sites.Site, lang: str) -> None:
    page.goto(site.at("resource-pages", lang))
    code = page.locator("#embed").input_value()
    title = page.locator("h1").inner_text()
    with strange_site(f"<!doctype html><title>Strange</title>{code}".encode()) as url:
        page.goto(url)
        expect(page.frame_locator("iframe").locator("h1")).to_have_text(title)
