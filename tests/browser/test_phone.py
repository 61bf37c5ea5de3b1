"""A visit on a telephone: 360 pixels wide, by touch, from the first word to what is taken along."""

import hashlib
import json
from pathlib import Path
from urllib.request import urlopen

import pytest
import sites
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

WIDTH = 360
WORDS = {"ar": ("الم", "الماء"), "fr": ("ea", "eau")}
OTHER = {"ar": "fr", "fr": "ar"}


@pytest.fixture
def phone(opened: sites.Opening, site: sites.Site, lang: str) -> Page:
    context = opened(lang, viewport={"width": WIDTH, "height": 740}, has_touch=True, is_mobile=True)
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site.url)
    return context.new_page()


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def tap(one: Locator) -> None:
    """What a finger does: nothing may lie over it, and it is large enough to be met (WCAG 2.2, 2.5.8)."""
    one.scroll_into_view_if_needed()
    box = one.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 24, one.inner_text()
    one.tap()


def test_to_find(phone: Page, site: sites.Site, lang: str) -> None:
    beginning, word = WORDS[lang]
    phone.goto(site.at("home", lang))
    box = phone.get_by_role("combobox")
    box.press_sequentially(beginning, delay=30)
    option = phone.get_by_role("option").filter(has_text=word).first
    expect(option).to_be_visible()
    tap(option)
    phone.wait_for_url("**/search?**")
    assert phone.locator("mark").count() > 0
    assert fits(phone)
    choice = phone.locator("details.facet[open] li > a").first
    expect(choice).to_be_hidden()  # what narrows waits behind one button
    tap(phone.locator("details.filters > summary"))
    count = int(choice.locator(".count").inner_text())
    tap(choice)
    phone.wait_for_url("**subject=**")
    expect(phone.locator(".hit")).to_have_count(count)
    assert fits(phone)
    tap(phone.locator(".hit h2 a").first)
    phone.wait_for_url("**/resources/**")
    assert fits(phone)
    tap(phone.locator(".tools .in-tools"))
    phone.wait_for_url("**/search**")


@pytest.mark.parametrize("kind", ["pages", "image", "audio", "prose", "table", "listing", "text"])
def test_to_look(phone: Page, site: sites.Site, lang: str, kind: str) -> None:
    phone.goto(site.at(f"resource-{kind}", lang))
    shown = phone.locator(".preview").first
    shown.scroll_into_view_if_needed()
    box = shown.bounding_box()
    assert box is not None
    assert 0 <= box["x"] <= box["x"] + box["width"] <= WIDTH
    assert fits(phone)


def test_to_take_and_to_give_credit(phone: Page, site: sites.Site, lang: str) -> None:
    phone.goto(site.at("resource-pages", lang))
    with urlopen(f"{site.url}/api/resources/{site.resources['pages']}", timeout=30) as answer:
        digests = {one["name"]: one["sha256"] for one in json.load(answer)["files"]}
    with phone.expect_download() as found:
        tap(phone.locator(".take a.button").first)
    assert hashlib.sha256(Path(found.value.path()).read_bytes()).hexdigest() == digests[found.value.suggested_filename]
    button = phone.locator("[data-copy=credit-text]")
    tap(button)
    expect(button).to_contain_text(button.get_attribute("data-done") or "?")
    assert "CC" in phone.evaluate("navigator.clipboard.readText()")
    cited = phone.locator("section[aria-labelledby=cite] a").first
    assert cited.is_visible()
    with urlopen(site.url + (cited.get_attribute("href") or ""), timeout=30) as answer:
        assert answer.read().startswith(b"@")


def test_another_language_and_little_data(phone: Page, site: sites.Site, lang: str) -> None:
    phone.goto(site.at("resource-pages", lang))
    tap(phone.locator(f".languages a[lang={OTHER[lang]}]"))
    phone.wait_for_url(f"**lang={OTHER[lang]}**")
    assert phone.locator("html").get_attribute("dir") == ("rtl" if OTHER[lang] == "ar" else "ltr")
    assert fits(phone)
    tap(phone.locator(".tools > a[href*='/preferences']"))
    phone.wait_for_url("**/preferences**")
    phone.locator("input[name=data][value=low]").check()
    tap(phone.locator("main button.button"))
    phone.wait_for_url(f"**{site.pages['resource-pages']}**")
    assert phone.locator(".preview img").count() == 0
    assert phone.locator(".take a.button").count() >= 1
    assert fits(phone)
