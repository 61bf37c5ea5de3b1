"""What a visit costs, in bytes as they come over the line. ``tests/weigh.py`` prints them, and the times."""

import pytest
import sites
import weigh

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

BARE, WITH_FONTS, AGAIN = 60_000, 100_000, 15_000


@pytest.mark.parametrize("name", weigh.PAGES)
def test_a_first_and_a_second_visit_are_light(opened: sites.Opening, site: sites.Site, lang: str, name: str) -> None:
    context = opened(lang, viewport={"width": 360, "height": 740})
    first, page = weigh.visit(context, site.at(name, lang))
    assert {"Document", "Stylesheet", "Script", "Font"} <= first.bytes.keys(), "something was not weighed"
    assert first.bytes["Document"] < len(page.content().encode()) / 2, "it came packed"
    assert first.bare <= BARE
    assert first.with_fonts <= WITH_FONTS
    second, _ = weigh.visit(context, site.at(name, lang))
    assert {kind for kind, length in second.bytes.items() if length} <= {"Document", "Image"}
    assert second.whole <= AGAIN


def test_what_is_read_stands_in_the_first_answer(opened: sites.Opening, site: sites.Site, lang: str) -> None:
    """Words are readable after one round trip: no script and no style sheet brings any of them."""
    page = opened(lang, java_script_enabled=False).new_page()
    page.route("**/*", lambda route: route.continue_() if route.request.is_navigation_request() else route.abort())
    page.goto(site.at("resource-pages", lang))
    assert page.locator("h1").is_visible()
    assert page.locator(".description").first.is_visible()
    assert page.locator(".take a").first.is_visible()


def test_a_visit_asks_nobody_else(opened: sites.Opening, site: sites.Site, lang: str) -> None:
    page = opened(lang).new_page()
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    for name in ("home", "search-words", "resource-pages", "resource-audio", "institution", "help-licences"):
        page.goto(site.at(name, lang), wait_until="networkidle")
    assert [url for url in asked if not url.startswith(f"{site.url}/")] == []
