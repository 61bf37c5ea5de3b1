"""The demonstration as a site that is served, with the pages that browsers are led through."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

import serving
from playwright.sync_api import BrowserContext

from api.pages.guide import CHAPTERS

# Makes the context of one test: language, and what else playwright takes.
Opening = Callable[..., BrowserContext]

# Media type → what its preview looks like.
KINDS = {
    "application/pdf": "pages",
    "image/png": "image",
    "audio/wav": "audio",
    "text/html": "prose",
    "text/csv": "table",
    "application/zip": "listing",
}
NAMES = (
    "home",
    "search",
    "search-words",
    "search-chosen",
    "search-nothing",
    "subjects",
    "subject",
    "institutions",
    "institution",
    "collections",
    "collection",
    *(f"resource-{kind}" for kind in (*KINDS.values(), "text")),
    "past",
    "difference",
    "report",
    "preferences",
    "help",
    *(f"help-{name}" for name in CHAPTERS if name != "index"),
    "sign-in",
    "missing",
    "tombstone",
    "oai",
    "oai-check",
    "api",
    "styleguide",
    "embed",
)
# A French title and names in two scripts: where the page is Arabic, each is to keep its own direction.
FRENCH = "Mesurer (sans règle) : 3 leçons, 12 exercices."
TEXT, FILM = "Leçon 1 – تجربة (v1.2).txt", "film 2, série n° 3.webm"
CAPTIONS = {"ar": "أرنب كبير", "fr": "Un grand lapin"}
_EMPTY_FILM = bytes.fromhex(
    "1a45dfa3a34286810142f7810142f2810442f381084282847765626d42878104428581021853806701ffffffffffffff"
)


@dataclass(frozen=True, slots=True)
class Site:
    """``pages``: name → path. ``resources``: kind of preview → id. ``french``: the id of the one described above;
    ``film``: of a film with captions in two languages, where there is a film to show.
    """

    url: str
    pages: Mapping[str, str]
    resources: Mapping[str, str]
    french: str
    film: str | None = None

    def at(self, name: str, lang: str) -> str:
        path = self.pages[name]
        return f"{self.url}{path}{'&' if '?' in path else '?'}lang={lang}"


@contextmanager
def demonstration(folder: Path) -> Iterator[Site]:
    """Seeded, rendered, previewed, indexed and served; beside it one awkward resource and one that was withdrawn."""
    # Reports of one test run come from one address.
    with serving.home(folder, OER_DEVELOPMENT="true", OER_REPORT_TRIES="1000") as home:
        home.oer("seed", "demo")
        french = _deposited(home, folder, FRENCH, {TEXT: "مقدمة\nUne ligne.\n".encode(), FILM: _EMPTY_FILM})
        withdrawn = _deposited(home, folder, "Retirée", {"a.txt": b"a"})
        home.oer("withdraw", withdrawn, "--reason", "outdated", "--note", "Remplacée par une leçon plus récente.")
        film = _film(home, folder)
        home.oer("worker", "--once")
        with serving.serving(home):
            resources = {**_by_kind(home.url), "text": french}
            pages = _pages(home.url, resources, withdrawn)
            assert sorted(pages) == sorted(NAMES)
            yield Site(home.url, pages, resources, french, film)


def addresses(url: str, names: Iterable[str]) -> dict[str, str]:
    """Those pages of any site that holds the demonstration."""
    pages = _pages(url, _by_kind(url), "")
    return {name: url + pages[name] for name in names}


def _deposited(home: serving.Home, folder: Path, title: str, files: Mapping[str, bytes]) -> str:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    record = folder / "record.json"
    record.write_text(json.dumps(_record(title)), "utf-8")
    given = ["deposit", *(folder / name for name in files), "--institution", "demo-palm-school", "--record", record]
    told = home.oer_json(*given, "--publish")
    return str(told["id"])


def _film(home: serving.Home, folder: Path) -> str | None:
    source = Path(os.environ.get("OER_SHARED", "../shared")) / "samples/en/rabbit320.webm"
    if not source.exists():
        return None
    record = folder / "film.json"
    record.write_text(json.dumps(_record("Le lapin")), "utf-8")
    files = [source]
    for lang, said in CAPTIONS.items():
        files.append(folder / f"rabbit.{lang}.vtt")
        files[-1].write_text(f"WEBVTT\n\n00:00.000 --> 00:05.000\n{said}\n", "utf-8")
    made = home.oer_json("deposit", *files, "--institution", "demo-palm-school", "--record", record)
    for lang in CAPTIONS:
        home.oer("file", "edit", made["id"], f"rabbit.{lang}.vtt", "--role", "caption", "--language", lang)
    home.oer("publish", made["id"])
    return str(made["id"])


def _record(title: str) -> dict[str, Any]:
    return {
        "title": [{"value": title, "lang": "fr"}],
        "description": [{"value": "Mesurer avec ce que l’on a : des pas, des mains, une ficelle.", "lang": "fr"}],
        "languages": ["fr"],
        "resource_type": "https://w3id.org/kim/hcrt/text",
        "subjects": ["http://vocabularies.unesco.org/thesaurus/concept230"],
        "audience": ["http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/student"],
        "creators": [{"name": "Élodie Ben Salah"}],
        "licence": "https://creativecommons.org/licenses/by-nc-sa/4.0/",
    }


def _told(address: str) -> Any:
    with urlopen(address, timeout=30) as answer:
        return json.load(answer)


def _items(url: str) -> list[dict[str, Any]]:
    return list(_told(f"{url}/api/resources?limit=100")["items"])


def _by_kind(url: str) -> dict[str, str]:
    """A resource for each kind of preview: the first whose first file has it."""
    found: dict[str, str] = {}
    for item in _items(url):
        media_type = item["files"][0]["media_type"].partition(";")[0] if item["files"] else ""
        if media_type in KINDS:
            found.setdefault(KINDS[media_type], item["id"])
    missing = set(KINDS.values()) - found.keys()
    assert not missing, f"the demonstration has nothing with {missing}"
    return found


def long_document(url: str) -> str:
    """A resource whose first file is a document of several pages."""
    for item in _items(url):
        for file in item["files"][:1]:
            told = _told(f"{url}/api/resources/{item['id']}/files/{quote(file['name'])}/previews")
            if (told["pages"] or 0) > 1:
                return str(item["id"])
    raise AssertionError("the demonstration has no document of several pages")


def _pages(url: str, resources: Mapping[str, str], withdrawn: str) -> dict[str, str]:
    revised = next(item["id"] for item in _items(url) if item["version"]["number"] > 1)
    institution = _told(f"{url}/api/institutions?limit=2")["items"][0]["slug"]
    collection = _told(f"{url}/api/collections?limit=2")["items"][0]["id"]
    one = f"/resources/{resources['pages']}"
    return {
        "home": "/",
        "search": "/search",
        "search-words": "/search?q=الماء",
        "search-chosen": "/search?language=ar&type=text",
        "search-nothing": "/search?q=zzzzqqq&type=video",
        "subjects": "/subjects",
        "subject": "/subjects?subject=http://data.europa.eu/snb/isced-f/05",
        "institutions": "/institutions",
        "institution": f"/institutions/{institution}",
        "collections": "/collections",
        "collection": f"/collections/{collection}",
        **{f"resource-{kind}": f"/resources/{public_id}" for kind, public_id in resources.items()},
        "past": f"/resources/{revised}/versions/1",
        "difference": f"/resources/{revised}/versions/1/diff/2",
        "report": f"{one}/report",
        "preferences": "/preferences",
        "help": "/help",
        **{f"help-{name}": f"/help/{name}" for name in CHAPTERS if name != "index"},
        "sign-in": "/sign-in",
        "missing": "/resources/0000000000",
        "tombstone": f"/resources/{withdrawn}",
        "oai": "/oai",
        "oai-check": "/oai/check",
        "api": "/api",
        "styleguide": "/styleguide",
        "embed": f"{one}/embed",
    }
