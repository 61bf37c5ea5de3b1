"""Every page in ar and fr, wide and narrow, light and dark: ``python tests/screenshots.py [URL] FOLDER [words]``.

For people to look at. Pages are found by walking the site; with words, only those whose name holds one of them.
"""

import json
import sys
import tempfile
from itertools import product
from pathlib import Path
from urllib.request import urlopen

import chromium
import serving

WIDTHS = (1280, 360)
LANGUAGES = ("ar", "fr")
THEMES = ("light", "dark")


def pages(base: str) -> dict[str, str]:
    """Name → path."""

    def told(path: str) -> dict:
        with urlopen(base + path) as answer:
            return json.load(answer)

    found = {
        "home": "/",
        "search": "/search",
        "search-words": "/search?q=الماء",
        "search-chosen": "/search?language=ar&type=text",
        "search-nothing": "/search?q=zzzzqqq&type=video",
        "subjects": "/subjects",
        "institutions": "/institutions",
        "collections": "/collections",
        "preferences": "/preferences",
        "help": "/help",
        "help-licences": "/help/licences",
        "sign-in": "/sign-in",
        "missing": "/resources/0000000000",
        "styleguide": "/styleguide",
        "oai": "/oai",
        "api": "/api",
    }
    for number, item in enumerate(told("/api/resources?limit=40")["items"]):
        kinds = [file["media_type"].partition(";")[0].replace("/", "-") for file in item["files"][:1]]
        found[f"resource-{number:02}-{(kinds or ['none'])[0]}"] = f"/resources/{item['id']}"
        if item["version"]["number"] > 1:
            found["versions"] = f"/resources/{item['id']}/versions/1"
            found["difference"] = f"/resources/{item['id']}/versions/1/diff/2"
        found["report"] = f"/resources/{item['id']}/report"
    for item in told("/api/institutions?limit=3")["items"]:
        found[f"institution-{item['slug']}"] = f"/institutions/{item['slug']}"
    for number, item in enumerate(told("/api/collections?limit=2")["items"]):
        found[f"collection-{number}"] = f"/collections/{item['id']}"
    return found


def take(base: str, folder: Path, words: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {name: path for name, path in pages(base).items() if not words or any(word in name for word in words)}
    with chromium.browser() as browser:
        for lang, width, theme in product(LANGUAGES, WIDTHS, THEMES):
            size = {"width": width, "height": 900 if width > 500 else 740}
            context = browser.new_context(viewport=size, color_scheme=theme, locale=lang)
            page = context.new_page()
            for name, path in wanted.items():
                page.goto(base + path, wait_until="load")
                page.evaluate("document.fonts.ready")
                wide = page.evaluate("document.documentElement.scrollWidth")
                if wide > width:
                    print(f"{name} in {lang} is {wide} wide on a screen of {width}")
                # Pictures further down are fetched when they come into sight.
                page.evaluate("for (const one of document.images) one.loading = 'eager'")
                page.wait_for_load_state("networkidle")
                page.screenshot(path=folder / f"{name}.{lang}.{width}.{theme}.png", full_page=True)
            context.close()
    print(f"{len(wanted)} pages in {folder}")


def main(where: list[str]) -> None:
    """A URL first, a folder, words; without a URL the demonstration is made and served for the pictures."""
    if where and where[0].startswith("http"):
        take(where[0], Path(where[1]), where[2:])
        return
    with tempfile.TemporaryDirectory() as made, serving.home(Path(made), OER_DEVELOPMENT="true") as home:
        home.oer("seed", "demo")
        home.oer("worker", "--once")
        with serving.serving(home):
            take(home.url, Path(where[0]), where[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
