"""To search: completions, filters, the next page and the way back, without a page being loaded anew."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
import sites
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

WORDS = {"ar": ("الم", "الماء"), "fr": ("ea", "eau")}


def loads(page: Page) -> int:
    """How often a document was loaded since :func:`watched`, the marker being lost each time."""
    return 0 if page.evaluate("globalThis.stays === true") else 1


def watched(page: Page) -> None:
    page.evaluate("globalThis.stays = true")


def told(page: Page) -> str:
    return page.locator("#heard").inner_text()


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_from_the_first_letters_to_the_second_page(page: Page, site: sites.Site, lang: str) -> None:
    beginning, word = WORDS[lang]
    page.goto(site.at("home", lang))
    box = page.get_by_role("combobox")
    box.press_sequentially(beginning, delay=30)
    expect(page.get_by_role("option").first).to_be_visible()
    assert box.get_attribute("aria-expanded") == "true"
    box.press("ArrowDown")
    marked = page.locator("[role=option][aria-selected=true]")
    assert box.get_attribute("aria-activedescendant") == marked.get_attribute("id")
    assert marked.locator("bdi").inner_text() == word
    box.press("Enter")
    page.wait_for_url("**/search?**")
    assert page.get_by_role("combobox").input_value() == word
    assert page.locator("html").get_attribute("lang") == lang
    hits = page.locator(".hit").count()
    assert hits > 1
    assert page.locator("mark").count() > 0

    watched(page)
    choice = page.locator("details.facet[open] li > a").first
    count = int(choice.locator(".count").inner_text())
    choice.click()
    page.wait_for_url("**subject=**")
    expect(page.locator(".hit")).to_have_count(count)
    assert loads(page) == 0
    assert focused(page) == "total"
    assert told(page) == page.locator("#total").inner_text()
    assert word in page.title()
    assert page.locator(".facet a[aria-current]").count() >= 1
    for link in page.locator(".languages a").all():
        assert {"q", "subject"} <= parse_qs(urlsplit(link.get_attribute("href") or "").query).keys()

    page.locator(".skip").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**#main")
    assert (loads(page), focused(page)) == (0, "main"), "a place on the page is no question"
    page.go_back()
    assert loads(page) == 0
    assert page.locator("html").get_attribute("lang") == lang

    page.go_back()
    expect(page.locator(".hit")).to_have_count(hits)
    assert "subject=" not in page.url
    assert loads(page) == 0
    page.go_forward()
    expect(page.locator(".hit")).to_have_count(count)
    assert "subject=" in page.url
    page.locator(".chips a").first.click()
    expect(page.locator(".hit")).to_have_count(hits)
    assert page.locator(".facet a[aria-current]").count() == 0


def test_the_next_page_and_the_way_back(page: Page, site: sites.Site, lang: str) -> None:
    page.goto(site.at("search", lang))
    watched(page)
    titles = page.locator(".hit h2 a")
    first = titles.first.inner_text()
    page.locator(".pager a[rel=next]").click()
    expect(titles.first).not_to_have_text(first)
    assert "cursor=" in page.url
    total = page.locator("#total").inner_text().split()[0]
    assert re.findall(r"\d+", page.locator(".pager").inner_text())[:2] == ["21", "40"]
    assert total in page.locator(".pager").inner_text()
    assert loads(page) == 0
    assert focused(page) == "total"
    assert page.evaluate("document.querySelector('#search').getBoundingClientRect().top >= -1")
    second = titles.first.inner_text()
    page.go_back()
    expect(titles.first).to_have_text(first)
    assert loads(page) == 0
    page.go_forward()
    expect(titles.first).to_have_text(second)
    titles.first.click()
    page.wait_for_url("**/resources/**")
    page.go_back()
    expect(titles.first).to_have_text(second)


def test_other_words_in_the_box_keep_what_was_chosen(page: Page, site: sites.Site, lang: str) -> None:
    page.goto(site.at("search", lang) + "&language=fr")
    watched(page)
    page.get_by_role("combobox").fill("eau")
    page.locator(".finder button").click()
    page.wait_for_url("**q=eau**")
    expect(page.locator("#total")).to_contain_text("eau")
    assert "language=fr" in page.url
    assert f"lang={lang}" in page.url
    assert loads(page) == 0
    assert focused(page) == "total"


def test_nothing_found_says_so_and_leads_on(page: Page, site: sites.Site, lang: str) -> None:
    page.goto(site.at("search-nothing", lang))
    assert page.locator(".hit").count() == 0
    assert page.locator(".empty p").first.inner_text().strip()
    page.locator(".empty a").last.click()
    page.wait_for_url("**/subjects**")


def test_a_filter_that_was_opened_stays_open(page: Page, site: sites.Site, lang: str) -> None:
    page.goto(site.at("search", lang))
    closed = page.locator("details.facet:not([open])").first
    name = closed.locator("summary").inner_text()
    closed.locator("summary").click()
    page.locator("details.facet[open] li > a").first.click()
    page.wait_for_url("**subject=**")
    expect(page.locator("[data-live]:not(.searching)")).to_be_visible()
    open_now = page.locator("details.facet[open] > summary").all_inner_texts()
    assert name in open_now or name not in page.locator("details.facet > summary").all_inner_texts()


def test_a_list_of_completions_closes_and_gives_the_words_back(page: Page, site: sites.Site, lang: str) -> None:
    beginning, _ = WORDS[lang]
    page.goto(site.at("home", lang))
    box = page.get_by_role("combobox")
    box.press_sequentially(beginning, delay=30)
    expect(page.get_by_role("listbox")).to_be_visible()
    box.press("ArrowDown")
    box.press("Escape")
    expect(page.locator("[role=listbox]")).to_be_hidden()
    assert box.input_value() == beginning
    assert box.get_attribute("aria-expanded") == "false"
    assert box.get_attribute("aria-activedescendant") is None


def test_keys_of_those_who_search_much(page: Page, site: sites.Site, lang: str) -> None:
    page.goto(site.at("search", lang))
    page.keyboard.press("Control+k")
    assert focused(page) == "q"
    page.locator(".hit h2 a").first.focus()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.href") == page.locator(".hit h2 a").nth(1).evaluate("one => one.href")
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.href") == page.locator(".hit h2 a").first.evaluate("one => one.href")
