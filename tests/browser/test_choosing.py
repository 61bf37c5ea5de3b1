"""What readers choose for themselves: language, colours, size of letters, little data."""

import re

import pytest
import sites
from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

OTHER = {"ar": "fr", "fr": "ar"}


LINKS = "main a:not([href*='/search?q='])"  # keywords are those of the language


@pytest.mark.parametrize("name", ["home", "search-chosen", "subject", "resource-pages", "difference", "help-licences"])
def test_another_language_shows_the_same_page(page: Page, site: sites.Site, lang: str, name: str) -> None:
    page.goto(site.url + site.pages[name])
    assert page.locator("html").get_attribute("lang") == lang
    before, hits, links = page.url, page.locator(".hit").count(), page.locator(LINKS).count()
    page.locator(f".languages a[lang={OTHER[lang]}]").click()
    page.wait_for_url(f"**lang={OTHER[lang]}**")
    assert page.locator("html").get_attribute("lang") == OTHER[lang]
    assert page.locator("html").get_attribute("dir") == ("rtl" if OTHER[lang] == "ar" else "ltr")
    assert re.sub(r"[?&]lang=\w+", "", page.url) == before
    assert page.locator(".hit").count() == hits
    assert page.locator(LINKS).count() == links
    assert page.locator(".languages [aria-current]").inner_text() == {"ar": "العربية", "fr": "Français"}[OTHER[lang]]


def test_the_language_chosen_by_hand_stays_on_the_way(page: Page, site: sites.Site, lang: str) -> None:
    other = OTHER[lang]
    page.goto(site.at("home", other))
    page.locator(".finder input[type=search]").fill("eau")
    page.locator(".finder button").click()
    page.wait_for_url("**/search**")
    assert page.locator("html").get_attribute("lang") == other
    page.locator(".hit h2 a").first.click()
    page.wait_for_url("**/resources/**")
    assert page.locator("html").get_attribute("lang") == other
    page.locator(".brand").click()
    page.wait_for_url(f"{site.url}/?**")
    assert page.locator("html").get_attribute("lang") == other


def choose(page: Page, site: sites.Site, **values: str) -> None:
    """From a page through the form and back to that page."""
    page.goto(site.url + site.pages["resource-pages"])
    page.locator(".tools > a[href*='/preferences']").click()
    page.wait_for_url("**/preferences**")
    for name, value in values.items():
        page.locator(f"input[name={name}][value='{value}']").check()
    page.locator("main button.button").click()
    page.wait_for_url(f"**{site.pages['resource-pages']}")


def test_colours_and_size_are_kept(page: Page, site: sites.Site, lang: str) -> None:
    def ground() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    def letters() -> float:
        return float(page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)"))

    page.goto(site.url + site.pages["resource-pages"])
    light, normal = ground(), letters()
    choose(page, site, theme="dark", size="larger")
    assert ground() != light
    assert letters() == pytest.approx(normal * 1.3125, rel=0.01)
    page.goto(site.url)
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.locator("html").get_attribute("lang") == lang
    choose(page, site, theme="auto", size="normal")
    assert (ground(), letters()) == (light, normal)


def test_the_language_of_the_form_comes_before_that_of_the_browser(page: Page, site: sites.Site, lang: str) -> None:
    choose(page, site, lang=OTHER[lang])
    assert page.locator("html").get_attribute("lang") == OTHER[lang]
    choose(page, site, lang="")
    assert page.locator("html").get_attribute("lang") == lang


@pytest.mark.parametrize("name", ["home", "search", "resource-pages", "resource-image", "resource-audio"])
def test_little_data_asks_for_no_letters_pictures_or_previews(
    opened: sites.Opening, site: sites.Site, lang: str, name: str
) -> None:
    def asked(context_cookie: str) -> list[tuple[str, str]]:
        context = opened(lang)
        if context_cookie:
            context.add_cookies([{"name": "preferences", "value": context_cookie, "url": site.url}])
        page = context.new_page()
        found: list[tuple[str, str]] = []
        page.on("request", lambda one: found.append((one.resource_type, one.url)))
        page.goto(site.url + site.pages[name])
        page.mouse.wheel(0, 5000)
        page.wait_for_load_state("networkidle")
        return found

    def heavy(requests: list[tuple[str, str]]) -> list[str]:
        return [url for kind, url in requests if kind in ("font", "media") or "/api/" in url]

    assert heavy(asked("")), "without the choice there is something to leave out"
    assert heavy(asked("data=low")) == []


def test_little_data_offers_the_light_variant_and_keeps_the_words(page: Page, site: sites.Site, lang: str) -> None:
    choose(page, site, data="low")
    assert page.locator(".preview img, .preview audio, .preview video").count() == 0
    assert page.locator(".take a.button").count() >= 1
    page.goto(site.url + site.pages["resource-prose"])
    assert page.locator(".preview .prose").count() >= 1
