from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata import validate
from metadata.record import Record
from oer.transfer import columns
from oer.transfer.columns import merged, record_of

BY = "https://creativecommons.org/licenses/by/4.0/"
PHYSICS = "http://vocabularies.unesco.org/thesaurus/concept132"


def taken(column: str, cell: Any, *, language: str = "und") -> dict[str, Any]:
    data, ignored = record_of({column: cell}, language=language)
    assert ignored == [], f"{column} was not used"
    return data


@pytest.mark.parametrize("column", [name for names in columns._NAMES.values() for name in names.split(" · ")])
def test_every_common_name_finds_its_field_as_people_write_it(column: str) -> None:
    field = columns._ALIASES[columns.plain(column)]
    for written in (column, f" {column.upper()} ", column.replace(" ", "_"), column.replace(" ", "-")):
        assert columns._field(written) == (field, None)


@pytest.mark.parametrize("field", sorted(Record.model_fields))
def test_every_field_of_the_record_is_a_column_of_its_own_name(field: str) -> None:
    assert columns._field(field) == (field, None)
    assert columns._field(field.replace("_", " ").title()) == (field, None)


@pytest.mark.parametrize(
    ("column", "language"),
    [
        ("title_ar", "ar"),
        ("Title (AR)", "ar"),
        ("Title [ar]", "ar"),
        ("title@fr", "fr"),
        ("Title-EN", "en"),
        ("title@aeb", "aeb"),
        ("Titre (fr)", "fr"),
        ("العنوان (ar)", "ar"),
        ("Title (Arabic)", "ar"),
        ("Titre (français)", "fr"),
        ("العنوان (بالإنجليزية)", "en"),
        ("title (ar-EG)", "ar_eg"),
    ],
)
def test_a_column_may_name_the_language_of_its_words(column: str, language: str) -> None:
    assert taken(column, "x") == {"title": [{"value": "x", "lang": language}]}


def test_a_name_that_only_looks_like_a_language_is_not_one() -> None:
    assert record_of({"rights_note": "x", "study_time": "PT1H"})[0] == {
        "rights_note": [{"value": "x", "lang": "und"}],
        "study_time": "PT1H",
    }
    assert record_of({"title_old": "x"})[1] == ["title_old"]


def test_words_without_a_language_take_that_of_the_row_or_else_of_the_source() -> None:
    assert record_of({"title": "x", "langue": "fr"}, language="ar")[0]["title"] == [{"value": "x", "lang": "fr"}]
    assert record_of({"title": "x", "langue": "fr;en"}, language="ar")[0]["title"] == [{"value": "x", "lang": "ar"}]
    assert record_of({"title": "x"})[0]["title"] == [{"value": "x", "lang": "und"}]


def test_words_in_several_languages_may_be_columns_an_object_or_texts() -> None:
    texts = [{"value": "درس", "lang": "ar"}, {"value": "Leçon", "lang": "fr"}]
    assert record_of({"title_ar": "درس", "title_fr": "Leçon"})[0] == {"title": texts}
    assert taken("title", {"ar": "درس", "fr": "Leçon"}) == {"title": texts}
    assert taken("title", texts) == {"title": texts}
    assert taken("title", texts[0]) == {"title": texts[:1]}


@pytest.mark.parametrize("separator", [";", " ; ", "|", "؛", " ؛ "])
def test_a_cell_holds_several_values_behind_any_separator(separator: str) -> None:
    assert taken("keywords", separator.join(["ضوء", "ماء"]), language="ar") == {
        "keywords": [{"value": "ضوء", "lang": "ar"}, {"value": "ماء", "lang": "ar"}]
    }
    assert taken("languages", separator.join(["ar", "fr"])) == {"languages": ["ar", "fr"]}
    assert taken("countries", separator.join(["tn", "DZ"])) == {"coverage": {"countries": ["TN", "DZ"]}}


def test_titles_are_never_cut_at_a_separator() -> None:
    assert taken("title", "Light; or: water | air")["title"][0]["value"] == "Light; or: water | air"


@pytest.mark.parametrize("written", [PHYSICS, "Physics", "physique", "فيزياء", "physics "])
def test_a_term_may_be_a_uri_or_a_label_in_any_language(written: str) -> None:
    assert taken("subject", written) == {"subjects": [PHYSICS]}


def test_a_term_may_be_a_code() -> None:
    assert taken("subjects", "0533") == {"subjects": ["http://data.europa.eu/snb/isced-f/0533"]}
    assert taken("level", "3") == {"levels": ["https://w3id.org/kim/educationalLevel/level_3"]}
    assert taken("type", "video") == {"resource_type": "https://w3id.org/kim/hcrt/video"}
    assert taken("audience", "teacher; student") == {
        "audience": [
            "http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/teacher",
            "http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/student",
        ]
    }


def test_a_term_that_nobody_knows_stays_for_the_judge() -> None:
    data = taken("type", "frobnication")
    record, _ = validate.parse(data)
    assert record is not None
    assert [problem.field for problem in validate.problems(record, "draft")] == ["resource_type"]


@pytest.mark.parametrize(
    "written", [BY, "http://creativecommons.org/licenses/by/4.0", "CC BY 4.0", "CC-BY-4.0", "cc by 4.0"]
)
@pytest.mark.parametrize("column", ["licence", "License", "rights", "الترخيص", "droits"])
def test_a_licence_may_be_an_address_a_name_or_an_spdx_id(column: str, written: str) -> None:
    assert taken(column, written) == {"licence": BY}


def test_rights_that_are_no_licence_are_a_note_about_rights() -> None:
    assert record_of({"rights": "© وزارة التربية", "license": "MIT"}, language="ar")[0] == {
        "rights_note": [{"value": "© وزارة التربية", "lang": "ar"}],
        "licence": "https://spdx.org/licenses/MIT",
    }


@pytest.mark.parametrize(
    ("written", "creators"),
    [
        ("Hugo, Victor", [{"name": "Victor Hugo", "given": "Victor", "family": "Hugo"}]),
        ("يوسف، أمينة", [{"name": "أمينة يوسف", "given": "أمينة", "family": "يوسف"}]),
        ("أمينة يوسف", [{"name": "أمينة يوسف"}]),
        ("Judith Baker, Lorato Trok", [{"name": "Judith Baker, Lorato Trok"}]),
        ("A, B, C", [{"name": "A, B, C"}]),
        ("Hugo, Victor; Verne, Jules", [
            {"name": "Victor Hugo", "given": "Victor", "family": "Hugo"},
            {"name": "Jules Verne", "given": "Jules", "family": "Verne"},
        ]),
        (["A", {"name": "B", "kind": "organisation"}], [{"name": "A"}, {"name": "B", "kind": "organisation"}]),
    ],
)  # fmt: skip
def test_creators_are_read_as_lists_of_names(written: Any, creators: list[dict[str, str]]) -> None:
    assert taken("author", written) == {"creators": creators}


@pytest.mark.parametrize(
    ("written", "scheme", "value"),
    [
        ("10.1234/abc", "doi", "10.1234/abc"),
        ("doi:10.1234/abc", "doi", "10.1234/abc"),
        ("https://doi.org/10.1234/abc", "doi", "10.1234/abc"),
        ("http://dx.doi.org/10.1234/abc", "doi", "10.1234/abc"),
        ("https://example.org/تونس", "url", "https://example.org/تونس"),
        ("978-3-16-148410-0", "isbn", "978-3-16-148410-0"),
        ("urn:isbn:9783161484100", "isbn", "9783161484100"),
        ("ISBN 3-16-148410-X", "isbn", "3-16-148410-X"),
        ("ISSN 0317-8471", "issn", "0317-8471"),
        ("urn:nbn:de:101:1", "urn", "urn:nbn:de:101:1"),
        ("hdl:10568/1", "handle", "10568/1"),
        ("shelf 12", "other", "shelf 12"),
    ],
)
def test_an_identifier_is_known_by_its_shape(written: str, scheme: str, value: str) -> None:
    assert taken("identifier", written) == {"identifiers": [{"scheme": scheme, "value": value}]}


@pytest.mark.parametrize(
    ("written", "ages"),
    [
        ("6-9", {"minimum": 6, "maximum": 9}),
        ("6 – 9", {"minimum": 6, "maximum": 9}),
        ("12+", {"minimum": 12}),
        (7, {"minimum": 7, "maximum": 7}),
    ],
)
def test_ages_may_be_a_range(written: Any, ages: dict[str, int]) -> None:
    assert taken("age", written) == {"age_range": ages}


def test_access_is_never_lost_on_the_way_from_a_table() -> None:
    assert taken("access", "Institution") == {"access": {"kind": "institution"}}
    embargoed = {"access": {"kind": "embargoed", "until": "2027-01-01"}}
    assert taken("embargo_until", "2027-01-01") == embargoed
    assert record_of({"until": "2027-01-01", "access": "embargoed"}) == (embargoed, [])
    assert record_of({"access": "open", "until": "2027-01-01"})[1] == ["until"]


def test_columns_of_one_list_add_up() -> None:
    data, ignored = record_of({"creators": "A", "author": "B; A", "subject": "Physics", "subjects": PHYSICS})
    assert data == {"creators": [{"name": "A"}, {"name": "B"}], "subjects": [PHYSICS]}
    assert ignored == []


def test_of_two_columns_for_one_value_the_field_s_own_name_counts_and_the_other_is_reported() -> None:
    assert record_of({"date": 2020, "issued": "2021"}) == ({"issued": "2021"}, ["date"])
    assert record_of({"license": "MIT", "licence": "CC BY 4.0"}) == ({"licence": BY}, ["license"])
    assert record_of({"license": "CC-BY-4.0", "licence": "CC BY 4.0"}) == ({"licence": BY}, [])


def test_columns_that_mean_nothing_are_reported_in_their_order() -> None:
    row = {"zeta": 1, "title": "x", "Alpha": "y", "institution": "other", "version": "2", "empty": "", "none": None}
    assert record_of(row)[1] == ["zeta", "Alpha", "institution", "version"]


def test_columns_about_the_row_and_its_files_are_not_about_the_resource() -> None:
    row = {"id": "1", "Path": "a.pdf", "Fichier": "b", "sha256": "0", "bytes": 3, "media_type": "x", "title": "t"}
    assert record_of(row) == ({"title": [{"value": "t", "lang": "und"}]}, [])
    assert columns.row_column("الملف") == "file"
    assert columns.row_column("Colour") == "Colour"


def test_fields_without_a_form_for_tables_come_in_full_from_json_only() -> None:
    access = {"modes": ["http://example.org"]}
    assert taken("accessibility", access) == {"accessibility": access}
    assert record_of({"accessibility": "visual"}) == ({}, ["accessibility"])


def test_what_no_column_gives_is_named_with_what_it_may_be_called() -> None:
    complete = ["Titre (fr)", "résumé", "langue", "نوع المورد", "Discipline", "public", "auteur", "droits", "path"]
    assert columns.lacking(complete) == {}
    assert columns.lacking(["id", "record"]) == {}
    lacking = columns.lacking([*complete[1:4], "title_of"], {"licence": BY, "creators": []})
    assert list(lacking) == ["title", "subjects", "levels", "file"]
    assert {"subjects", "matière", "discipline", "المادة"} <= set(lacking["subjects"])
    for field, names in lacking.items():
        assert {columns._field(name)[0] for name in names} == {field}


def test_defaults_fill_what_a_row_leaves_out() -> None:
    assert merged({"a": 1, "b": "", "c": None, "d": []}, {"a": 2, "b": 3, "c": 4, "d": 5, "e": 6}) == {
        "a": 1,
        "b": 3,
        "c": 4,
        "d": 5,
        "e": 6,
    }


KNOWN = sorted({*columns._ALIASES, *Record.model_fields, "title_ar", "keywords@fr", "rights"})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from([";", "|", " "]),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(KNOWN) | st.text(max_size=8), JSON, max_size=6))
def test_no_row_is_so_odd_that_it_cannot_be_judged(row: dict[str, Any]) -> None:
    data, ignored = record_of(row)
    assert set(ignored) <= set(row)
    record, problems = validate.parse(data)
    assert (record is None) == bool(problems)
