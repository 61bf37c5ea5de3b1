"""What a first and a second visit cost on a thin line: ``python tests/weigh.py [URL]``.

Bytes as they came over the line, with their headers; the largest contentful paint at 400 kbit/s and 400 ms. Without a
URL the demonstration is made and served for it.
"""

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import chromium
from playwright.sync_api import Browser, BrowserContext, Page

PAGES = ("home", "search", "search-words", "resource-pages", "resource-image", "resource-prose", "resource-audio")
SPEED, LATENCY = 400_000 / 8, 400  # bytes a second; milliseconds
_PAINT = """new Promise(done => {
  const found = [];
  const seen = new PerformanceObserver(list => found.push(...list.getEntries()));
  seen.observe({type: 'largest-contentful-paint', buffered: true});
  setTimeout(() => done(found.length ? found.at(-1).startTime : NaN), 300);
})"""


@dataclass(frozen=True, slots=True)
class Visit:
    """Bytes by kind of what was loaded, as Chromium names kinds (Document, Stylesheet, Script, Font, Image …)."""

    bytes: Mapping[str, int] = field(default_factory=dict)

    @property
    def bare(self) -> int:
        return sum(length for kind, length in self.bytes.items() if kind not in ("Image", "Media", "Font"))

    @property
    def with_fonts(self) -> int:
        return self.bare + self.bytes.get("Font", 0)

    @property
    def whole(self) -> int:
        return sum(self.bytes.values())


def visit(context: BrowserContext, url: str, *, slow: bool = False) -> tuple[Visit, Page]:
    """Open an address in a new page and wait until nothing more comes."""
    page = context.new_page()
    line = context.new_cdp_session(page)
    kinds: dict[str, str] = {}
    found: dict[str, int] = {}

    def began(event: dict) -> None:
        # Signs are drawn from a file of drawings, and are pictures whatever the browser calls them.
        drawn = event["response"]["mimeType"].startswith("image/")
        kinds[event["requestId"]] = "Image" if drawn else event["type"]

    def ended(event: dict) -> None:
        kind = kinds.get(event["requestId"], "Other")
        found[kind] = found.get(kind, 0) + round(event["encodedDataLength"])

    line.on("Network.responseReceived", began)
    line.on("Network.loadingFinished", ended)
    line.send("Network.enable")
    if slow:
        conditions = {"offline": False, "latency": LATENCY, "downloadThroughput": SPEED, "uploadThroughput": SPEED}
        line.send("Network.emulateNetworkConditions", conditions)
    page.goto(url, wait_until="networkidle", timeout=120_000)
    return Visit(found), page


def painted(browser: Browser, url: str, lang: str) -> float:
    """Milliseconds until the largest piece of a first visit was painted."""
    context = browser.new_context(locale=lang, viewport={"width": 360, "height": 740})
    _, page = visit(context, url, slow=True)
    told = float(page.evaluate(_PAINT))
    context.close()
    return told


def weigh(addresses: Mapping[str, str], *, times: int = 3) -> None:
    print(f"{'page':24} {'bare':>8} {'fonts':>8} {'whole':>8} {'second':>8} {'paint':>8}   (bytes; milliseconds)")
    with chromium.browser() as browser:
        for lang in ("ar", "fr"):
            for name, address in addresses.items():
                url = f"{address}{'&' if '?' in address else '?'}lang={lang}"
                context = browser.new_context(locale=lang, viewport={"width": 360, "height": 740})
                first, _ = visit(context, url)
                second, _ = visit(context, url)
                context.close()
                paint = median(painted(browser, url, lang) for _ in range(times))
                figures = f"{first.bare:8} {first.with_fonts:8} {first.whole:8} {second.whole:8} {paint:8.0f}"
                print(f"{name + ' ' + lang:24} {figures}", flush=True)


def main(where: list[str]) -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    import sites  # needs the packages beside this folder

    if where:
        weigh(sites.addresses(where[0], PAGES))
        return
    with tempfile.TemporaryDirectory() as made, sites.demonstration(Path(made)) as site:
        weigh(sites.addresses(site.url, PAGES))


if __name__ == "__main__":
    main(sys.argv[1:])
