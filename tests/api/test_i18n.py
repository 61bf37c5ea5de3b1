import re
from datetime import date
from typing import Any

import pytest
from babel.messages.pofile import read_po
from hypothesis import example, given
from hypothesis import strategies as st

from api import i18n
from api.i18n import FORMS, LANGUAGES, Language, catalogue, field, file_size, message, negotiate
from metadata import rules, validate, vocabularies, xml
from metadata.record import Record

NAMES = re.compile(r"%\((\w+)\)s")


def files() -> list[str]:
    return sorted({file.name for language in LANGUAGES for file in (i18n._LOCALE / language).glob("*.po")})


def test_every_catalogue_file_exists_in_every_language() -> None:
    assert "problems.po" in files()
    for language in LANGUAGES:
        assert sorted(file.name for file in (i18n._LOCALE / language).glob("*.po")) == files()


def test_no_language_lacks_a_message_or_has_one_more() -> None:
    keys = {language: set(catalogue(language)) for language in LANGUAGES}
    assert len(keys["ar"]) > 100
    for language in LANGUAGES:
        assert keys[language] == keys["ar"], keys[language] ^ keys["ar"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated_and_none_is_fuzzy(language: Language) -> None:
    for code, entry in catalogue(language).items():
        assert not entry.fuzzy, code
        assert all(text.strip() for text in entry.texts), code
        assert len(entry.texts) == (len(FORMS[language]) if entry.plural else 1), code


def test_placeholders_are_the_same_in_every_language() -> None:
    for code, entry in catalogue("en").items():
        named = [
            {name for text in catalogue(language)[code].texts for name in NAMES.findall(text)} for language in LANGUAGES
        ]
        assert named[0] == named[1] == named[2], code
        assert entry.plural == catalogue("ar")[code].plural == catalogue("fr")[code].plural, code


@pytest.mark.parametrize("language", LANGUAGES)
def test_percent_signs_stand_in_placeholders_only(language: Language) -> None:
    for code, entry in catalogue(language).items():
        for text in entry.texts:
            assert "%" not in NAMES.sub("", text).replace("%%", ""), code


def test_no_line_of_french_begins_with_its_colon() -> None:
    for code, entry in catalogue("fr").items():
        for text in entry.texts:
            assert not re.search(" [:;?!»]|« | %%", text), code


@pytest.mark.parametrize("language", LANGUAGES)
def test_headers_name_the_language_and_its_plural_forms(language: Language) -> None:
    for file in (i18n._LOCALE / language).glob("*.po"):
        text = file.read_text(encoding="utf-8")
        assert f'"Language: {language}\\n"' in text, file
        with file.open("rb") as lines:
            assert read_po(lines, locale=language).num_plurals == len(FORMS[language]), file


@pytest.mark.parametrize("code", sorted(validate.CODES))
def test_every_problem_has_a_sentence_that_names_only_its_parameters(code: str) -> None:
    for language in LANGUAGES:
        text = message(code, language, **dict.fromkeys(validate.PARAMS[code], "x"))
        assert text != code
        assert "…" not in text
        assert "%(" not in text


def test_every_refusal_of_xml_has_a_sentence() -> None:
    for code in xml.CODES:
        assert message(code, "ar") != code


def _fields(model: Any) -> set[str]:
    found: set[str] = set()
    for name, info in model.model_fields.items():
        found.add(name)
        for inner in re.findall(r"record\.(\w+)", str(info.annotation)):
            found |= _fields(getattr(__import__("metadata.record", fromlist=["record"]), inner))
    return found


def test_every_field_of_a_record_has_a_label() -> None:
    names = _fields(Record)
    assert {"title", "lang", "orcid", "group_minimum", "until"} <= names
    for name in names:
        assert f"field.{name}" in catalogue("ar"), name


def test_every_vocabulary_that_a_rule_names_has_a_label() -> None:
    for name, rule in rules.RULES.items():
        cells = dict(
            zip(rule.__code__.co_freevars, (cell.cell_contents for cell in rule.__closure__ or ()), strict=True)
        )
        if "schemes" in cells:
            assert f"scheme.{cells['called'] or cells['schemes'][0]}" in catalogue("ar"), name


def test_an_unknown_code_shows_as_itself_and_a_missing_parameter_as_an_ellipsis() -> None:
    assert message("no.such-code", "ar", x=1) == "no.such-code"
    assert (
        message("text.too-long", "en") == "The text is too long: … characters, and at most … are allowed. Shorten it."
    )


@given(
    st.sampled_from(sorted(validate.CODES)),
    st.text(),
    st.dictionaries(st.text(), st.none() | st.text() | st.floats() | st.integers()),
)
def test_no_parameter_and_no_language_makes_a_message_raise(code: str, language: str, params: dict[str, Any]) -> None:
    assert message(code, language, **params)


def test_numbers_are_grouped_as_the_language_groups_them() -> None:
    assert "12,345" in message("text.too-long", "ar", limit=500, length=12345)
    assert "12\u202f345" in message("text.too-long", "fr", limit=500, length=12345)


def test_text_is_isolated_where_its_direction_could_disturb_the_sentence() -> None:
    assert "\u2068درس\u2069" in message("date.invalid", "en", value="درس")
    assert "\u2068abc\u2069" in message("date.invalid", "ar", value="abc")
    assert message("date.invalid", "fr", value="abc").startswith("abc n’est")
    assert "\u202e" not in message("date.invalid", "ar", value="a\u202eb\u2069c")


def test_codes_inside_parameters_are_said_in_words() -> None:
    assert "Resource types" in message("term.unknown", "en", value="x", scheme="hcrt")
    assert "قائمة" in message("field.type", "ar", expected="list")
    assert "(Arabic)" in message("text.language-repeated", "en", language="ar")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unknown_term_is_answered_with_terms_that_are_accepted(language: Language) -> None:
    for scheme, value in (("hcrt", "درس"), ("audience", "pupils"), ("subjects", "Physiks"), ("licences", "by")):
        code = "licence.unknown" if scheme == "licences" else "term.unknown"
        said = message(code, language, value=value, scheme=scheme)
        named = re.findall(r"https?://[^\s)\u2069]+", said)
        assert named
        for uri in named:
            schemes = vocabularies.SUBJECTS if scheme == "subjects" else (scheme,)
            assert any(vocabularies.term(one, uri) for one in schemes)
            assert any(vocabularies.label(one, uri, language) in said for one in schemes)
    assert "https://w3id.org/kim/hcrt/video" in message("term.unknown", language, value="video", scheme="hcrt")
    assert "docs/metadata.md" in message("term.unknown", language, value="qqqq", scheme="subjects")


@pytest.mark.parametrize("language", LANGUAGES)
def test_types_of_resources_that_a_sentence_suggests_are_accepted(language: Language) -> None:
    named = re.findall("[«“](.+?)[»”]", message("resource_type.missing", language))
    assert len(named) > 1
    for name in named:
        assert vocabularies.canonical("hcrt", name), name


@pytest.mark.parametrize(
    ("count", "ar", "fr", "en"),
    [
        (0, "لا ملفات", "0 fichier", "0 files"),
        (1, "ملف واحد", "1 fichier", "1 file"),
        (2, "ملفان", "2 fichiers", "2 files"),
        (3, "3 ملفات", "3 fichiers", "3 files"),
        (10, "10 ملفات", "10 fichiers", "10 files"),
        (11, "11 ملفًا", "11 fichiers", "11 files"),
        (100, "100 ملف", "100 fichiers", "100 files"),
        (103, "103 ملفات", "103 fichiers", "103 files"),
        (1_000_000, "1,000,000 ملف", "1\u202f000\u202f000 fichiers", "1,000,000 files"),
    ],
)
def test_plurals_follow_cldr(count: int, ar: str, fr: str, en: str) -> None:
    assert [message("file.count", language, count=count) for language in LANGUAGES] == [ar, fr, en]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("title", "Title"),
        ("creators[1].orcid", "Authors 2: ORCID iD"),
        ("description[fr]", "Description (French)"),
        ("title[0].lang", "Title 1: Language"),
        ("titel", "titel"),
        ("", ""),
    ],
)
def test_field_paths_are_said_in_words(path: str, shown: str) -> None:
    assert field(path, "en") == shown


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "ar"),
        ("", "ar"),
        ("fr", "fr"),
        ("fr-CA, en;q=0.8", "fr"),
        ("en;q=0.3, fr;q=0.7", "fr"),
        ("EN-gb", "en"),
        ("de, en;q=0.1", "en"),
        ("de", "ar"),
        ("*", "ar"),
        ("fr;q=0, *", "ar"),
        ("ar;q=0, *", "fr"),
        ("ar;q=0", "fr"),
        ("*;q=0.1, en;q=0.5", "en"),
        ("fr;q=0.2, *;q=0.9", "ar"),
        ("ar;q=0, fr;q=0, en;q=0", "ar"),
        ("fr;q=2, en;q=0.1", "en"),
        ("fr;q=x, en;q=nan", "ar"),
        (";;q=,,=;\x00", "ar"),
        ("fr , en", "fr"),
        ("fr;level=1;q=0.1,en;q=0.2", "en"),
    ],
)
def test_the_reader_gets_the_language_that_weighs_most(header: str | None, language: str) -> None:
    assert negotiate(header, "ar") == language


@given(st.text(), st.sampled_from(LANGUAGES))
@example(",".join(["fr;q=0.5"] * 100_000), "en")
def test_any_header_gives_a_language(header: str, default: Language) -> None:
    assert negotiate(header, default) in LANGUAGES


@pytest.mark.parametrize(
    ("size", "fr", "en"),
    [
        (0, "0\u202foctet", "0 bytes"),
        (999, "999\u202foctets", "999 bytes"),
        (1000, "1\u202fko", "1 kB"),
        (999_949, "999,9\u202fko", "999.9 kB"),
        (999_999, "1\u202fMo", "1 MB"),
        (1_536_000, "1,5\u202fMo", "1.5 MB"),
        (5 * 10**15, "5\u202fPo", "5 PB"),
        (10**19, "10\u202f000\u202fPo", "10,000 PB"),
    ],
)
def test_sizes_are_rounded_into_units_that_people_read(size: int, fr: str, en: str) -> None:
    assert file_size(size, "en") == en
    assert file_size(size, "fr").replace("\u00a0", "\u202f").replace("octets", "o").replace("octet", "o") == fr.replace(
        "octets", "o"
    ).replace("octet", "o")


def test_arabic_sizes_and_dates_are_in_arabic() -> None:
    assert file_size(1_536_000, "ar") == "1.5 م.ب"
    assert file_size(3, "ar") == "3 بايت"
    assert i18n.day(date(2024, 5, 17), "ar") == "17 مايو 2024"
    assert i18n.day(date(2024, 5, 17), "fr") == "17 mai 2024"


def test_two_files_may_not_define_one_message(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ar").mkdir()
    for name in ("a.po", "b.po"):
        (tmp_path / "ar" / name).write_text('msgid "x"\nmsgstr "y"\n', encoding="utf-8")
    monkeypatch.setattr(i18n, "_LOCALE", tmp_path)
    catalogue.cache_clear()
    with pytest.raises(ValueError, match="second time"):
        catalogue("ar")
    catalogue.cache_clear()


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_has_no_file_is_told_how_to_publish_the_description_alone(language: Language) -> None:
    said = message("files.missing", language)
    assert "access.kind" in said
    assert "metadata-only" in said


@pytest.mark.parametrize(
    ("written", "arabic", "french"),
    [
        ("P1D", "يوم", "1 jour"),
        ("P2D", "يومان", "2 jours"),
        ("P3M", "3 أشهر", "3 mois"),
        ("P11D", "11 يومًا", "11 jours"),
        ("P2W", "أسبوعان", "2 semaines"),
        ("P1Y", "سنة", "1 an"),
        ("PT1H30M", "ساعة، 30 دقيقة", "1 heure, 30 minutes"),
        ("PT100S", "100 ثانية", "100 secondes"),
        ("a while", "a while", "a while"),
    ],
)
def test_durations_are_said_in_words(written: str, arabic: str, french: str) -> None:
    assert i18n.duration(written, "ar") == arabic
    assert i18n.duration(written, "fr-TN") == french


def test_every_level_on_a_card_has_a_short_name_in_each_language() -> None:
    levels = [uri.rpartition("/")[2] for uri, term in vocabularies.terms("isced-levels").items() if term.offered]
    assert levels
    for language in LANGUAGES:
        assert [one for one in levels if f"short.{one}" not in catalogue(language)] == []
