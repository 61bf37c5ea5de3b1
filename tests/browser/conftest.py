"""The site and the browsers of the tests beside this file."""

from collections.abc import Iterator

import chromium
import pytest
import servers
import sites
from playwright.sync_api import Browser, BrowserContext, Page, expect

PATIENCE = 30_000  # milliseconds: a page that comes is waited for, on a machine that does other things too
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sites.Site]:
    """The demonstration, served for the whole run: to be looked at only."""
    _need_chromium()
    with sites.demonstration(tmp_path_factory.mktemp("site")) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of a module: playwright starts once at a time in a process, and some modules start their own."""
    _need_chromium()
    with chromium.browser() as found:
        yield found


def _need_chromium() -> None:
    if chromium.path() is None:
        servers.missing("Chromium is not here: install it, or name it in OER_CHROMIUM")


@pytest.fixture
def opened(browser: Browser, site: sites.Site) -> Iterator[sites.Opening]:
    """Contexts of one test, each a reader who was never here; a script that fails in one of them fails the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def context(lang: str = "ar", **how: object) -> BrowserContext:
        given: dict = {"locale": lang, "viewport": {"width": 1200, "height": 900}, "base_url": site.url, **how}
        found = browser.new_context(**given)
        found.set_default_timeout(PATIENCE)
        found.on("weberror", lambda error: faults.append(str(error.error)))
        contexts.append(found)
        return found

    yield context
    for one in contexts:
        one.close()
    assert faults == []


@pytest.fixture(params=["ar", "fr"])
def lang(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def page(opened: sites.Opening, lang: str) -> Page:
    return opened(lang).new_page()
