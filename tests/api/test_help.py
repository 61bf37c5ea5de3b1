"""The help chapters as they are written: one structure in all languages, links that lead somewhere, right words."""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

import api
from metadata import licences
from metadata.attribution import attribution
from metadata.crosswalks import FORMATS
from metadata.record import Record

FOLDER = Path(api.__file__).parent / "help"
LANGUAGES = ("ar", "fr", "en")
CHAPTERS = ("accessibility", "citing", "harvesting", "index", "licences", "policies")
PATHS = {
    *("/", "/search", "/subjects", "/institutions", "/collections", "/preferences", "/sign-in"),
    *("/api", "/api/oembed", "/oai", "/sitemap.xml", "/.well-known/resourcesync"),
    *(f"/help/{chapter}" for chapter in CHAPTERS if chapter != "index"),
}
PLACEHOLDERS = {"{base_url}", "{repository}", "{contact}"}
TOLD = "{contact}"
"""A sentence of its own, or nothing."""

EVERYWHERE = pytest.mark.parametrize(("lang", "chapter"), [(lang, each) for lang in LANGUAGES for each in CHAPTERS])
EVERY_CHAPTER = pytest.mark.parametrize("chapter", CHAPTERS)


def written(lang: str, chapter: str) -> str:
    return (FOLDER / lang / f"{chapter}.md").read_text(encoding="utf-8")


def tokens(lang: str, chapter: str) -> list[Token]:
    return MarkdownIt("commonmark", {"html": False}).parse(written(lang, chapter))


def headings(lang: str, chapter: str) -> list[str]:
    return [token.tag for token in tokens(lang, chapter) if token.type == "heading_open"]


def blocks(lang: str, chapter: str, *, code: bool = True) -> Iterator[str]:
    """What is read in each block of text, with code inside of lines or without; not the commands."""
    for token in tokens(lang, chapter):
        if token.type == "inline":
            told = [child for child in token.children or [] if code or child.type != "code_inline"]
            yield "".join(" " if child.type.endswith("break") else child.content for child in told)


def links(text: str) -> list[str]:
    return re.findall(r"\]\(([^)]*)\)", text)


def commands(lang: str, chapter: str) -> list[str]:
    return [token.content for token in tokens(lang, chapter) if token.type == "fence"]


def sections(lang: str, chapter: str) -> list[str]:
    return re.split(r"^## ", written(lang, chapter), flags=re.MULTILINE)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_language_has_the_same_chapters_and_nothing_else(lang: str) -> None:
    assert sorted(path.name for path in (FOLDER / lang).iterdir()) == [f"{chapter}.md" for chapter in CHAPTERS]
    assert sorted(path.name for path in FOLDER.iterdir() if path.name != "__pycache__") == sorted(LANGUAGES)


@EVERYWHERE
def test_the_first_line_is_the_title_and_everything_else_has_sections(lang: str, chapter: str) -> None:
    assert re.match(r"# \S[^\n]*\n\n\S", written(lang, chapter))
    first, *others = headings(lang, chapter)
    assert first == "h1"
    assert len(others) >= 5
    assert set(others) == {"h2"}


@EVERY_CHAPTER
def test_the_languages_say_the_same_in_the_same_places(chapter: str) -> None:
    """Section by section: as many blocks and points, the same links, placeholders and commands."""

    def shape(lang: str) -> list[Any]:
        return [
            (
                sorted(links(section)),
                sorted(re.findall(r"\{\w+\}", section)),
                len(re.findall(r"^(?:- |\d\. )", section, flags=re.MULTILINE)),
                section.count("\n\n"),
            )
            for section in sections(lang, chapter)
        ]

    assert shape("fr") == shape("en")
    assert shape("ar") == shape("en")
    assert commands("fr", chapter) == commands("en", chapter)
    assert commands("ar", chapter) == commands("en", chapter)


@EVERYWHERE
def test_links_lead_to_pages_of_the_site(lang: str, chapter: str) -> None:
    found = links(written(lang, chapter))
    assert found
    assert set(found) <= PATHS
    assert f"/help/{chapter}" not in found


def test_the_first_chapter_leads_to_all_others() -> None:
    assert {path for path in PATHS if path.startswith("/help/")} <= set(links(written("en", "index")))


@EVERYWHERE
def test_placeholders_are_those_that_are_filled_in(lang: str, chapter: str) -> None:
    text = written(lang, chapter)
    assert set(re.findall(r"\{[^}]*\}?", text)) <= PLACEHOLDERS
    assert text.count(TOLD) == sum(line == TOLD for line in text.splitlines())


@EVERYWHERE
def test_a_paragraph_is_one_line_and_holds_no_html(lang: str, chapter: str) -> None:
    """The renderer keeps line breaks, and shows HTML as it is written."""
    children = [child for token in tokens(lang, chapter) for child in token.children or []]
    assert [child.type for child in children if child.type in ("softbreak", "html_inline", "image")] == []
    assert not any("<" in block for block in blocks(lang, chapter))


@EVERYWHERE
def test_each_block_begins_in_the_direction_of_its_language(lang: str, chapter: str) -> None:
    """Blocks find their direction by their first letter (``dir="auto"``): one that begins with a name would turn."""
    wanted = {"AL", "R"} if lang == "ar" else {"L"}
    for block in blocks(lang, chapter):
        directions = [unicodedata.bidirectional(letter) for letter in block]
        first = next((each for each in directions if each in ("L", "R", "AL")), None)
        assert block == TOLD or first in wanted, block


@EVERYWHERE
def test_a_chapter_is_neither_a_note_nor_a_book(lang: str, chapter: str) -> None:
    words = [word for block in blocks(lang, chapter) for word in block.split() if any(map(str.isalpha, word))]
    assert 300 <= len(words) <= 750


@EVERY_CHAPTER
def test_french_has_its_spaces(chapter: str) -> None:
    told = re.sub(r"https?://\S+", "", "\n".join(blocks("fr", chapter, code=False)))
    assert re.findall(r"(?<![\u00a0\u202f])[:;!?»]", told) == []
    assert re.findall(r"«(?![\u00a0\u202f])", told) == []
    assert re.findall(r"['\"“”]", told) == []


@EVERY_CHAPTER
def test_arabic_has_its_punctuation(chapter: str) -> None:
    assert re.findall(r"[\u0621-\u064a]\s*[,;?\"]", "\n".join(blocks("ar", chapter, code=False))) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_examples_of_credit_are_what_the_repository_writes(lang: str) -> None:
    text = written(lang, "citing")
    quoted = [
        re.sub(r"^> |(?:&lrm;)?\\?$", "", quote.strip(), flags=re.MULTILINE)
        for quote in re.findall(r"(?:^> .*\n)+", text, flags=re.MULTILINE)
    ]
    assert quoted == [
        attribution(original(lang), "https://oer.example.org/resources/7k3v9qm2xd", lang),
        attribution(adapted(lang), "https://oer.example.org/resources/4m8t2hq6pw", lang),
    ]


def original(lang: str) -> Record:
    title, creator, *_ = WORDS[lang]
    return Record.model_validate(
        {
            "title": [{"value": title, "lang": lang}],
            "creators": [{"name": creator}],
            "licence": "https://creativecommons.org/licenses/by/4.0/",
        }
    )


def adapted(lang: str) -> Record:
    source, author, title, creator, changes = WORDS[lang]
    return Record.model_validate(
        {
            "title": [{"value": title, "lang": lang}],
            "creators": [{"name": creator}],
            "licence": "https://creativecommons.org/licenses/by-sa/4.0/",
            "sources": [
                {
                    "title": source,
                    "identifier": "https://oer.example.org/resources/7k3v9qm2xd",
                    "creator": author,
                    "licence": "https://creativecommons.org/licenses/by/4.0/",
                    "changes": [{"value": changes, "lang": lang}],
                }
            ],
        }
    )


WORDS = {
    "ar": ("دورة الماء في الطبيعة", "سلمى يوسف", "الماء من حولنا", "كريم بن علي", "اختُصر النص وأضيفت تمارين"),
    "fr": (
        "Le cycle de l’eau",
        "Salma Youssef",
        "L’eau autour de nous",
        "Karim Ben Ali",
        "texte abrégé, exercices ajoutés",
    ),
    "en": (
        "The water cycle",
        "Salma Youssef",
        "Water around us",
        "Karim Ben Ali",
        "text shortened, exercises added",
    ),
}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_licence_that_a_form_offers_is_explained(lang: str) -> None:
    offered = [licence for licence in licences.offered() if licence.code != "mark"]
    points = re.findall(r"^- \*\*.*\((CC[^)]*)\)", written(lang, "licences"), flags=re.MULTILINE)
    assert sorted(points) == sorted(licence.short.removesuffix(f" {licence.version}") for licence in offered)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_format_of_oai_pmh_is_named(lang: str) -> None:
    assert {prefix for prefix in FORMATS if f"`{prefix}`" not in written(lang, "harvesting")} == set()
