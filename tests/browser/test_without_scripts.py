"""The same with JavaScript off: everything but completions and buttons that copy."""

import hashlib
import json
from pathlib import Path
from urllib.request import urlopen

import pytest
import sites
from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture
def plain(opened: sites.Opening, lang: str) -> Page:
    return opened(lang, java_script_enabled=False).new_page()


def test_to_find(plain: Page, site: sites.Site, lang: str) -> None:
    plain.goto(site.at("home", lang))
    plain.get_by_role("searchbox").fill({"ar": "الماء", "fr": "eau"}[lang])
    plain.locator(".finder button").click()
    plain.wait_for_url("**/search?**")
    assert plain.locator("html").get_attribute("lang") == lang
    hits = plain.locator(".hit").count()
    choice = plain.locator("details.facet[open] li > a").first
    count = int(choice.locator(".count").inner_text())
    choice.click()
    plain.wait_for_url("**subject=**")
    assert plain.locator(".hit").count() == count
    plain.go_back()
    assert plain.locator(".hit").count() == hits
    plain.goto(site.at("search", lang))
    first = plain.locator(".hit h2 a").first.inner_text()
    plain.locator(".pager a[rel=next]").click()
    plain.wait_for_url("**cursor=**")
    assert plain.locator(".hit h2 a").first.inner_text() != first


def test_to_look_take_and_give_credit(plain: Page, site: sites.Site, lang: str) -> None:
    plain.goto(site.at("resource-pages", lang))
    assert plain.locator(".pages-strip img").count() >= 1
    with urlopen(f"{site.url}/api/resources/{site.resources['pages']}", timeout=30) as answer:
        digests = {one["name"]: one["sha256"] for one in json.load(answer)["files"]}
    with plain.expect_download() as found:
        plain.locator(".take a.button").first.click()
    assert hashlib.sha256(Path(found.value.path()).read_bytes()).hexdigest() == digests[found.value.suggested_filename]
    assert "CC" in plain.locator("#credit-text").inner_text()
    plain.locator("section[aria-labelledby=credit] summary").first.click()
    assert plain.locator("section[aria-labelledby=credit] textarea").first.is_visible()
    assert plain.locator("[data-copy]:visible").count() == 0, "a button that does nothing is not there"


def test_a_picture_opens_by_itself(plain: Page, site: sites.Site, lang: str) -> None:
    plain.goto(site.at("resource-image", lang))
    address = plain.locator("a[data-zoom]").first.get_attribute("href") or ""
    with urlopen(site.url + address, timeout=30) as answer:
        assert answer.headers["Content-Type"].startswith("image/")


def test_to_choose(plain: Page, site: sites.Site, lang: str) -> None:
    plain.goto(site.url + site.pages["resource-prose"])
    plain.locator(".tools > a[href*='/preferences']").click()
    plain.locator("input[name=theme][value=dark]").check()
    plain.locator("main button.button").click()
    plain.wait_for_url(f"**{site.pages['resource-prose']}")
    assert plain.locator("html").get_attribute("data-theme") == "dark"


def test_institutions_of_one_kind(plain: Page, site: sites.Site, lang: str) -> None:
    plain.goto(site.at("institutions", lang))
    before = plain.locator("main a.tile").count()
    plain.locator("#kind").select_option("school")
    plain.locator("main form button").click()
    plain.wait_for_url("**kind=school**")
    assert 0 < plain.locator("main a.tile").count() < before
    assert plain.locator("html").get_attribute("lang") == lang


def test_to_report(plain: Page, site: sites.Site, lang: str) -> None:
    plain.goto(site.at("report", lang))
    plain.locator("input[name=reason]").first.check()
    plain.locator("#words").fill("   ")
    plain.locator("main button.button").click()
    assert plain.get_by_role("alert").is_visible()
    assert plain.locator("#words").get_attribute("aria-describedby") == "wrong-words"
    assert plain.locator("input[name=reason]").first.is_checked()
    plain.locator("#words").fill("Une page manque au milieu du fichier.")
    plain.locator("main button.button").click()
    plain.wait_for_url("**/reports/**")
    assert plain.locator("html").get_attribute("lang") == lang
    assert plain.get_by_role("status").first.is_visible()


def test_help_collections_and_subjects_lead_on(plain: Page, site: sites.Site, lang: str) -> None:
    for name in ("help", "collections", "subjects", "institutions"):
        plain.goto(site.at(name, lang))
        plain.locator("main a").last.click()
        assert plain.locator("h1").first.is_visible()
        assert plain.locator("html").get_attribute("lang") == lang
