"""Nothing reversed: whatever the page's direction, titles, names, numbers and licences are laid out in their own."""

import pytest
import sites
from playwright.sync_api import Locator, Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

# The direction of an element, and where the first and the last letter of its first line stand.
LAID = """one => {
  const walker = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
  const boxes = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    for (let at = 0; at < node.length; at++) {
      if (!node.data[at].trim()) continue;
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + 1);
      const box = range.getBoundingClientRect();
      if (box.width) boxes.push(box);
    }
  }
  const line = boxes.filter(box => Math.abs(box.bottom - boxes[0].bottom) < boxes[0].height / 2);
  const middle = box => (box.left + box.right) / 2;
  return {text: one.innerText, direction: getComputedStyle(one).direction, letters: line.length,
    way: Math.sign(middle(line.at(-1)) - middle(line[0]))};
}"""


def reversed_ones(found: Locator, direction: str) -> list[str]:
    """Texts that are not laid out that way. One letter has no way."""
    told = [one.evaluate(LAID) for one in found.all() if one.is_visible()]
    assert told, "there is nothing to look at"
    way = 1 if direction == "ltr" else -1
    return [
        f"{one['text']} ({one['direction']}, {one['way']})"
        for one in told
        if one["direction"] != direction or (one["letters"] > 1 and one["way"] != way)
    ]


def test_a_french_resource(page: Page, site: sites.Site, lang: str) -> None:
    page.goto(site.at("resource-text", lang))
    assert page.locator("h1").inner_text() == sites.FRENCH
    assert reversed_ones(page.locator("h1"), "ltr") == []
    assert reversed_ones(page.locator(".files .file > bdi:first-child"), "ltr") == []
    assert reversed_ones(page.locator(".preview figcaption bdi"), "ltr") == []
    assert reversed_ones(page.locator("p.description"), "ltr") == []
    assert reversed_ones(page.locator(".creators .name"), "ltr" if lang == "fr" else "rtl") != [], "names are isolated"
    assert reversed_ones(page.locator("section[aria-labelledby=licence] .chip"), "ltr") == []


@pytest.mark.parametrize("name", ["home", "search", "search-words", "collections", "collection", "subject"])
def test_every_title_runs_as_its_language_does(page: Page, site: sites.Site, lang: str, name: str) -> None:
    page.goto(site.at(name, lang))
    for tongue, direction in (("ar", "rtl"), ("fr", "ltr"), ("en", "ltr")):
        for where in (".hit h2 ", ".card :is(h2, h3) ", ".card .foot ", ".hit .small > "):
            titles = page.locator(f"{where}[lang={tongue}]")
            if titles.count():
                assert reversed_ones(titles, direction) == []
    assert page.locator("bdi[lang]").count() > 0


def test_on_a_page_of_one_direction_there_are_titles_of_the_other(page: Page, site: sites.Site, lang: str) -> None:
    """So that the test above looks at something."""
    page.goto(site.at("search", lang) + "&q=Mesurer")
    assert reversed_ones(page.locator(".hit h2 [lang=fr]"), "ltr") == []


@pytest.mark.parametrize("name", ["home", "search", "resource-pages", "institution"])
def test_licences_run_from_left_to_right(page: Page, site: sites.Site, lang: str, name: str) -> None:
    page.goto(site.at(name, lang))
    assert reversed_ones(page.locator(".chip[dir=ltr]"), "ltr") == []
    assert page.locator(".chip[dir=ltr]", has_text="CC").count() > 0


@pytest.mark.parametrize("name", ["home", "institutions", "resource-pages"])
def test_names_of_institutions_run_as_their_language_does(page: Page, site: sites.Site, lang: str, name: str) -> None:
    page.goto(site.at(name, lang))
    assert reversed_ones(page.locator(f"main bdi[lang={lang}]"), "rtl" if lang == "ar" else "ltr") == []


def test_digits_of_a_number_are_in_order(page: Page, site: sites.Site, lang: str) -> None:
    """Dates, sizes and counts: digits that stand together are read from left to right in every script."""
    page.goto(site.at("resource-pages", lang))
    texts = page.locator("time, .count, .files .small bdi, .take .button bdi")
    wrong = texts.evaluate_all(
        """them => them.flatMap(one => {
          const node = document.createTreeWalker(one, NodeFilter.SHOW_TEXT).nextNode();
          if (!node) return [];
          return [...node.data.matchAll(/\\d{2,}/g)].filter(run => {
            const left = at => {
              const range = document.createRange();
              range.setStart(node, at);
              range.setEnd(node, at + 1);
              return range.getBoundingClientRect().left;
            };
            return left(run.index) >= left(run.index + run[0].length - 1);
          }).map(run => run[0]);
        })"""
    )
    assert wrong == []
    assert texts.count() > 2


def test_addresses_and_code_run_from_left_to_right(page: Page, site: sites.Site, lang: str) -> None:
    page.goto(site.at("resource-pages", lang))
    page.locator("section[aria-labelledby=share] summary").first.click()
    assert reversed_ones(page.locator(".address"), "ltr") == []
    page.goto(site.at("help-harvesting", lang))
    assert reversed_ones(page.locator("main code"), "ltr") == []


def test_what_is_reversed_is_found_out(page: Page, site: sites.Site, lang: str) -> None:
    page.goto(site.at("resource-text", lang))
    page.locator("h1").evaluate("one => { one.dir = 'rtl'; }")
    assert reversed_ones(page.locator("h1"), "ltr") != []
    page.locator("h1").evaluate("one => { one.style.direction = 'ltr'; one.style.unicodeBidi = 'bidi-override'; }")
    assert reversed_ones(page.locator("h1"), "rtl") != []
