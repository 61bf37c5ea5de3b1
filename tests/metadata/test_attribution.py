"""Sentences of credit in three languages and three forms."""

import re
import unicodedata
from html.parser import HTMLParser
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from metadata.attribution import Form, attribution
from metadata.record import Record
from metadata.vocabularies import LANGUAGES

URL = "https://oer.example/resources/8f3k"
BY = "https://creativecommons.org/licenses/by/4.0/"
IGO = "https://creativecommons.org/licenses/by-sa/3.0/igo/"
FORMS: tuple[Form, ...] = get_args(Form)


def lesson(**fields: Any) -> Record:
    made: dict[str, Any] = {
        "title": [{"value": "مقدمة في الجبر", "lang": "ar"}, {"value": "Introduction to Algebra", "lang": "en"}],
        "creators": [{"name": "أحمد منصور"}, {"name": "Maria Curie"}],
        "licence": BY,
    }
    return Record.model_validate(made | fields)


def remix(**fields: Any) -> Record:
    source = {
        "title": "Algebra Basics",
        "creator": "UNESCO",
        "identifier": "https://unesdoc.unesco.org/ark:/1/2",
        "licence": IGO,
        "changes": [{"value": "تُرجم وأضيفت تمارين.", "lang": "ar"}, {"value": "Translated (in part).", "lang": "en"}],
    }
    return lesson(sources=[source | fields])


class Page(HTMLParser):
    """What a browser would make of the fragment."""

    def __init__(self, fragment: str) -> None:
        super().__init__()
        self.links: list[str | None] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(fragment)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open.append(tag)
        if tag == "a":
            assert [name for name, _ in attrs] == ["href"]
            self.links.append(attrs[0][1])

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_english_text_names_title_author_source_and_licence() -> None:
    assert attribution(lesson(), URL, "en") == (
        f"“Introduction to Algebra” ({URL}), by أحمد منصور and Maria Curie, licensed under CC BY 4.0 ({BY})."
    )


def test_without_a_title_in_the_language_the_author_s_own_comes_first() -> None:
    assert attribution(lesson(), URL, "fr") == (
        f"«\u00a0مقدمة في الجبر\u00a0» ({URL}), par أحمد منصور et Maria Curie, sous licence CC BY 4.0 ({BY})."
    )


def test_arabic_text_gives_every_address_a_line_of_its_own() -> None:
    assert attribution(lesson(), URL, "ar").split("\n") == [
        "«مقدمة في الجبر»",
        URL,
        "إعداد أحمد منصور، Maria Curie",
        "مرخَّص بموجب رخصة CC BY 4.0",
        BY,
    ]


def test_arabic_html_reads_right_to_left_with_each_value_apart() -> None:
    assert attribution(lesson(), URL, "ar", "html") == (
        f'<p lang="ar" dir="rtl"><a href="{URL}">«<bdi lang="ar" dir="rtl">مقدمة في الجبر</bdi>»</a>، '
        "إعداد <bdi>أحمد منصور</bdi>، <bdi>Maria Curie</bdi>، "
        f'مرخَّص بموجب رخصة <a href="{BY}"><bdi>CC BY 4.0</bdi></a>.</p>'
    )


def test_markdown_links_title_and_licence() -> None:
    assert attribution(lesson(), URL, "en", "markdown") == (
        f"[“Introduction to Algebra”](<{URL}>), by أحمد منصور and Maria Curie, licensed under [CC BY 4.0](<{BY}>)."
    )


def test_a_remix_names_each_source_with_its_licence_and_what_changed() -> None:
    text = attribution(remix(), URL, "en")
    assert (
        "Adapted from “Algebra Basics” (https://unesdoc.unesco.org/ark:/1/2), by UNESCO, "
        f"licensed under CC BY-SA 3.0 IGO ({IGO}) (changes: Translated (in part))." in text
    )
    assert "Adapté de «\u00a0Algebra Basics\u00a0»" in attribution(remix(), URL, "fr")
    assert "\nالتعديلات: تُرجم وأضيفت تمارين.\n" in attribution(remix(), URL, "ar")


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        ("ar", "هذا العمل المقتبَس ليس من إعداد UNESCO، ولا يعبّر بالضرورة عن آراء UNESCO"),
        ("fr", "Cette adaptation n’a pas été réalisée par UNESCO et n’est pas approuvée par UNESCO"),
        ("en", "This adaptation was not made by UNESCO and is not endorsed by UNESCO"),
    ],
)
def test_a_source_under_a_licence_for_intergovernmental_organisations_brings_its_disclaimer(
    lang: str, sentence: str
) -> None:
    assert sentence in attribution(remix(), URL, lang)
    assert sentence not in attribution(remix(licence="https://creativecommons.org/licenses/by-sa/3.0/"), URL, lang)


def test_a_work_under_such_a_licence_asks_adapters_to_say_so() -> None:
    own = lesson(licence=IGO, rights_holder="ALECSO")
    assert attribution(own, URL, "en").endswith(
        "Any adaptation of this work must state that it was not made by ALECSO and is not endorsed by ALECSO."
    )
    assert "the authors of the original work" in attribution(lesson(licence=IGO, creators=[]), URL, "en")


@pytest.mark.parametrize(
    ("licence", "words"),
    [
        ("https://creativecommons.org/publicdomain/zero/1.0/", "dedicated to the public domain by CC0 1.0 ("),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "in the public domain, PDM 1.0 ("),
        ("https://spdx.org/licenses/MIT", "licensed under MIT (https://spdx.org/licenses/MIT)"),
        ("http://creativecommons.org/licenses/by/4.0/deed.fr", f"licensed under CC BY 4.0 ({BY})"),
        ("https://example.org/terms", "licensed under https://example.org/terms."),
    ],
)
def test_what_is_said_of_a_licence_goes_by_its_kind(licence: str, words: str) -> None:
    assert words in attribution(lesson(licence=licence), URL, "en")


def test_what_the_record_does_not_say_is_left_out() -> None:
    assert attribution(Record(), URL, "en") == f"“Untitled work” ({URL})."
    assert attribution(Record(), URL, "ar") == f"«عمل بلا عنوان»\n{URL}"
    published = Record.model_validate({"title": [{"value": "T"}], "publisher": {"name": "ALECSO"}})
    assert attribution(published, URL, "fr") == f"«\u00a0T\u00a0» ({URL}), par ALECSO."


def test_a_translation_names_the_original_once() -> None:
    original = {"identifier": "10.5281/zenodo.12", "title": "Bases"}
    text = attribution(lesson(translation_of=original), URL, "en")
    assert text.endswith("Translated from “Bases” (https://doi.org/10.5281/zenodo.12).")
    both = remix(identifier="10.5281/zenodo.12").model_dump() | {"translation_of": original}
    once = attribution(Record.model_validate(both), URL, "en")
    assert once.count("Translated from “Algebra Basics” (https://doi.org/10.5281/zenodo.12), by UNESCO") == 1
    assert "Adapted from" not in once
    assert "Bases" not in once


def test_who_translated_illustrated_or_narrated_is_named_in_that_order() -> None:
    relator = "http://id.loc.gov/vocabulary/relators/"
    people = [("Salma", "ill"), ("Hedi", "trl"), ("Nour", "trl"), ("Omar", "edt"), ("Rim", "nrt")]
    record = lesson(contributors=[{"name": name, "role": relator + role} for name, role in people])
    parts = (
        "by أحمد منصور and Maria Curie, translated by Hedi and Nour, illustrated by Salma, narrated by Rim, licensed"
    )
    assert parts in attribution(record, URL, "en")
    assert "Omar" not in attribution(record, URL, "en")
    assert "ترجمة Hedi، Nour\nرسوم Salma\nبصوت Rim\n" in attribution(record, URL, "ar")


@pytest.mark.parametrize("lang", ["es", "en-GB", ""])
def test_other_languages_read_english_and_regions_their_language(lang: str) -> None:
    assert attribution(lesson(), URL, lang) == attribution(lesson(), URL, "en")
    assert attribution(lesson(), URL, "ar-TN", "html") == attribution(lesson(), URL, "ar", "html")


def test_a_regional_title_serves_its_language() -> None:
    titles = [{"value": "English", "lang": "en"}, {"value": "Canadien", "lang": "fr-CA"}]
    assert "Canadien" in attribution(lesson(title=titles), URL, "fr")
    exact = [*titles, {"value": "Français", "lang": "fr"}]
    assert "Français" in attribution(lesson(title=exact), URL, "fr")
    assert "Deutsch" in attribution(lesson(title=[{"value": "Deutsch", "lang": "de"}]), URL, "ar")


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "notes", "http://"])
@pytest.mark.parametrize("form", FORMS)
def test_only_web_addresses_become_links(address: str, form: Form) -> None:
    said = attribution(remix(identifier=address), URL, "en", form)
    assert address not in said.replace("https://", "").replace(URL, "") or address == "http://"
    assert said.count("](<") + said.count("href=") == {"text": 0}.get(form, 3)


# control characters never get past validation, and Markdown has its own way with them
READABLE = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30)
HOSTILE = st.text(st.sampled_from("<>&\"'`*_[]()\\!|~$#\n\t \u00a0aبé{}0.:/")) | READABLE


@given(title=HOSTILE, name=HOSTILE, address=HOSTILE, lang=st.sampled_from(LANGUAGES))
def test_html_holds_our_tags_and_their_text(title: str, name: str, address: str, lang: str) -> None:
    record = lesson(
        title=[{"value": title, "lang": lang}],
        creators=[{"name": name}],
        sources=[{"title": title, "identifier": f"https://x.example/{address}", "creator": name, "licence": address}],
    )
    page = Page(attribution(record, URL, lang, "html"))
    assert not page.open
    assert set(page.tags) == {"p", "a", "bdi"}
    assert all(link is not None and link.startswith("https://") for link in page.links[:3])
    assert " ".join(record.title[0].value.split()) in page.text


@given(title=HOSTILE, name=HOSTILE, address=HOSTILE, lang=st.sampled_from(LANGUAGES))
def test_markdown_shows_values_as_they_are_and_nothing_else(title: str, name: str, address: str, lang: str) -> None:
    record = lesson(
        title=[{"value": title, "lang": lang}],
        creators=[{"name": name}],
        sources=[{"title": title, "identifier": f"https://x.example/{address}"}],
    )
    said = attribution(record, URL, lang, "markdown")
    tokens = MarkdownIt("commonmark").parse(said)
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    inside = tokens[1].children or []
    assert {token.type for token in inside} <= {"text", "text_special", "link_open", "link_close"}
    assert [token.attrs["href"] for token in inside if token.type == "link_open"][:2] == [URL, BY]
    shown = "".join(token.content for token in inside)
    assert " ".join(record.title[0].value.split()) in shown
    assert " ".join(record.creators[0].name.split()) in shown


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_invisible_marks_and_no_loose_placeholders(lang: str, form: Form) -> None:
    for record in (lesson(), remix(), lesson(licence=IGO), lesson(creators=[{"name": "{0} {x}"}])):
        said = attribution(record, URL, lang, form)
        assert not [char for char in said if unicodedata.category(char) == "Cf"]
        assert said.replace("{0} {x}", "").count("{") == 0
        assert not re.search(r"[ \t]{2}|\s[،.,]| $", said.replace("\u00a0", "_"), re.MULTILINE)
