"""Everything by keyboard alone: the focus is never lost and always seen."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest
import sites
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

# What has the focus: whether a ring is drawn around it, and whether any of it is on the screen.
FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const ring = style => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const box = one.getBoundingClientRect();
  return {
    html: one.outerHTML.slice(0, 140),
    ring: ring(getComputedStyle(one)) || ring(getComputedStyle(one, "::after")) || one.matches("audio, video"),
    seen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight
      && box.right > 0 && box.left < innerWidth,
  };
}"""
MOST = 400  # times Tab is pressed on one page


def tabbed(page: Page) -> dict | None:
    page.keyboard.press("Tab")
    found: dict | None = page.evaluate(FOCUS)
    return found


def tab_to(page: Page, wanted: str, *, most: int = MOST) -> None:
    """Press Tab until the focus is on what the selector names. Nothing on the way is without a ring or unseen."""
    for _ in range(most):
        found = tabbed(page)
        assert found, f"the focus was lost before {wanted}"
        assert found["ring"], found
        assert found["seen"], found
        if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            return
    raise AssertionError(f"{wanted} is not reached")


WALKED = [
    "home",
    "search",
    "search-nothing",
    "resource-pages",
    "resource-image",
    "resource-audio",
    "resource-text",
    "collection",
    "institution",
    "difference",
    "report",
    "preferences",
    "help-licences",
    "sign-in",
    "missing",
]


@pytest.mark.parametrize("name", WALKED)
def test_tab_leads_through_the_whole_page(page: Page, site: sites.Site, lang: str, name: str) -> None:
    page.set_viewport_size({"width": 700, "height": 700})
    page.goto(site.at(name, lang))
    page.locator("main details").evaluate_all("them => { for (const one of them) one.open = true; }")
    page.evaluate("document.activeElement.blur()")
    stops = []
    for _ in range(MOST):
        found = tabbed(page)
        if not found:
            break
        stops.append(found)
    else:
        raise AssertionError("Tab never leaves the page")
    assert 'class="skip"' in stops[0]["html"]
    assert [one for one in stops if not one["ring"]] == []
    assert [one for one in stops if not one["seen"]] == []
    radios = page.locator("input[type=radio]").count() - page.locator("fieldset:has(input[type=radio])").count()
    everything = page.locator("a[href]:visible, button:visible, input:visible:not([tabindex='-1']), select:visible")
    everything = everything.or_(page.locator("textarea:visible, summary:visible"))
    assert len(stops) >= everything.count() - radios


def test_to_find_and_to_take(page: Page, site: sites.Site, lang: str) -> None:
    page.goto(site.at("home", lang))
    tab_to(page, ".skip", most=1)
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    tab_to(page, "input[type=search]", most=3)
    page.keyboard.type({"ar": "الم", "fr": "ea"}[lang], delay=30)
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?**")

    tab_to(page, "details.facet li > a")
    page.keyboard.press("Enter")
    page.wait_for_url("**subject=**")
    expect(page.locator("#total")).to_be_focused()
    tab_to(page, ".chips a", most=8)
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(re.compile("subject="))
    expect(page.locator("#total")).to_be_focused()
    tab_to(page, ".hit h2 a")
    title = str(page.evaluate("document.activeElement.textContent"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/resources/**")
    assert page.locator("h1").inner_text() in title or title in page.locator("main").inner_text()

    tab_to(page, ".take a.button")
    with page.expect_download() as found:
        page.keyboard.press("Enter")
    public_id = page.url.partition("/resources/")[2][:10]
    with urlopen(f"{site.url}/api/resources/{public_id}", timeout=30) as answer:
        digests = {one["name"]: one["sha256"] for one in json.load(answer)["files"]}
    assert hashlib.sha256(Path(found.value.path()).read_bytes()).hexdigest() == digests[found.value.suggested_filename]


def test_filters_can_be_passed_by(page: Page, site: sites.Site, lang: str) -> None:
    page.goto(site.at("search", lang))
    tab_to(page, ".skip[href='#hits']", most=60)
    page.keyboard.press("Enter")
    tab_to(page, "#hits .hits a", most=1)


def test_to_look_and_to_give_credit(page: Page, site: sites.Site, lang: str) -> None:
    page.goto(site.at("resource-image", lang))
    tab_to(page, "a[data-zoom]")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("a[data-zoom]").first).to_be_focused()
    tab_to(page, "section[aria-labelledby=credit] summary")
    page.keyboard.press("Enter")
    tab_to(page, "[data-copy]", most=3)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.keyboard.press("Enter")
    expect(page.locator("#heard")).to_have_text(page.locator("[data-copy]").first.get_attribute("data-done") or "?")
    assert page.evaluate("document.activeElement.matches('[data-copy]')")


def test_arrows_leaf_through_the_pages_of_a_document(page: Page, site: sites.Site, lang: str) -> None:
    page.set_viewport_size({"width": 360, "height": 700})
    page.goto(f"{site.url}/resources/{sites.long_document(site.url)}?lang={lang}")
    assert page.locator(".pages-strip").first.locator("li").count() > 1
    tab_to(page, ".pages-strip")
    onward, back = ("ArrowLeft", "ArrowRight") if lang == "ar" else ("ArrowRight", "ArrowLeft")
    for key, wanted in ((onward, True), (back, False)):
        for _ in range(12):
            page.keyboard.press(key)
            page.wait_for_timeout(60)
        moved = "wanted => wanted === (Math.abs(document.activeElement.scrollLeft) > 100)"
        page.wait_for_function(moved, arg=wanted)


def test_another_language_and_other_colours(page: Page, site: sites.Site, lang: str) -> None:
    page.goto(site.url)
    tab_to(page, ".tools > a[href*='/preferences']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/preferences**")
    tab_to(page, "input[name=theme]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    chosen = page.locator("input[name=theme]:checked").get_attribute("value")
    assert chosen == "dark"
    tab_to(page, "main button.button")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.url}/")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    tab_to(page, f".languages a[lang={'fr' if lang == 'ar' else 'ar'}]")
    page.keyboard.press("Enter")
    page.wait_for_url("**lang=**")
    assert page.locator("html").get_attribute("lang") == ("fr" if lang == "ar" else "ar")


def test_to_report_what_is_wrong(page: Page, site: sites.Site, lang: str) -> None:
    page.goto(site.at("resource-pages", lang))
    tab_to(page, "a[href*='/report']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/report**")
    tab_to(page, "input[name=reason]")
    page.keyboard.press("Space")
    tab_to(page, "#words", most=3)
    page.keyboard.type("Une page manque au milieu du fichier.")
    tab_to(page, "main button.button", most=4)
    page.keyboard.press("Enter")
    page.wait_for_url("**/reports/**")
    assert page.get_by_role("status").first.is_visible()


def by_style(rule: str) -> Callable[[Page], None]:
    def change(page: Page) -> None:
        page.add_init_script(
            "addEventListener('DOMContentLoaded', () => { const sheet = new CSSStyleSheet();"
            f" sheet.replaceSync({rule!r}); document.adoptedStyleSheets = [sheet]; }});"
        )

    return change


@pytest.mark.parametrize(
    "rule", [":focus-visible { outline: none !important; }", ".top a { position: fixed; inset-block-start: -99px; }"]
)
def test_a_focus_that_is_not_seen_is_found_out(page: Page, site: sites.Site, lang: str, rule: str) -> None:
    by_style(rule)(page)
    page.goto(site.at("home", lang))
    with pytest.raises(AssertionError, match="html"):
        tab_to(page, "input[type=search]")
