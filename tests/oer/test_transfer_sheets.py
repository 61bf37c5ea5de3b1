import csv
import io
import json
from typing import Any

import factories
import pytest
import record_strategies
from hypothesis import given
from hypothesis import strategies as st

from metadata import validate
from metadata.record import Record
from oer.transfer import cells, columns, sheets

TEXTS = ("title", "alternative", "description", "keywords", "rights_note", "citation_note")
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "'=1", "''@x")


def unordered(data: dict[str, Any]) -> dict[str, Any]:
    """A table keeps no order between the languages of a text."""
    return {
        field: sorted(value, key=lambda text: json.dumps(text, sort_keys=True)) if field in TEXTS else value
        for field, value in data.items()
    }


def described(**changes: Any) -> Record:
    return Record.model_validate(sheets.data_of(factories.record()) | changes)


def edited(record: Record, **row: Any) -> dict[str, Any]:
    data, unread, ignored = sheets.edited(record, row)
    assert (unread, ignored) == ([], [])
    found, problems = validate.parse(data)
    assert found is not None, problems
    return sheets.data_of(found)


@given(record_strategies.records())
def test_cells_that_were_not_edited_change_nothing(record: Record) -> None:
    data = sheets.data_of(record)
    assert sheets.edited(record, sheets.cells(data)) == (data, [], [])


@given(record_strategies.records())
def test_cells_hold_the_whole_record(record: Record) -> None:
    data = sheets.data_of(record)
    found = edited(Record.model_validate({}), **sheets.cells(data))
    assert unordered(found) == unordered(data)


@given(record_strategies.records())
def test_a_spreadsheet_that_trims_and_rewrites_line_ends_changes_nothing(record: Record) -> None:
    row = {name: f" {cell}\n".replace("\n", "\r\n") for name, cell in sheets.cells(sheets.data_of(record)).items()}
    assert sheets.edited(record, row)[0] == sheets.data_of(record)


@given(st.text() | st.sampled_from(FORMULAS))
def test_a_guarded_cell_comes_back_as_it_was_and_never_runs(cell: str) -> None:
    told = cells.guarded(cell)
    assert cells.unguarded(told) == cell
    assert not told.startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("cell", FORMULAS)
def test_what_could_run_stands_behind_a_quote(cell: str) -> None:
    assert cells.guarded(cell) == "'" + cell
    assert cells.guarded("ordinary = text") == "ordinary = text"
    assert cells.unguarded("'quoted'") == "'quoted'"


def test_an_edited_cell_changes_its_field_alone() -> None:
    record = described(
        title=[{"value": "درس", "lang": "ar"}, {"value": "Leçon", "lang": "fr"}, {"value": "Lección", "lang": "es"}],
        creators=[{"name": "أمينة", "orcid": "0000-0002-1825-0097"}],
    )
    row = sheets.cells(sheets.data_of(record)) | {"title_fr": "Une leçon"}
    data = edited(record, **row)
    assert data["title"] == [
        {"value": "درس", "lang": "ar"}, {"value": "Une leçon", "lang": "fr"}, {"value": "Lección", "lang": "es"}
    ]  # fmt: skip
    before = sheets.data_of(record)
    assert {name for name in data if data[name] != before.get(name)} == {"title"}


def test_words_of_a_language_come_and_go() -> None:
    record = described(title=[{"value": "درس", "lang": "ar"}, {"value": "Leçon", "lang": "fr"}])
    assert edited(record, title_ar="")["title"] == [{"value": "Leçon", "lang": "fr"}]
    assert edited(record, title_en="Lesson")["title"][-1] == {"value": "Lesson", "lang": "en"}
    assert edited(record, Title_EN="Lesson")["title"][-1] == {"value": "Lesson", "lang": "en"}


def test_keywords_of_one_language_leave_those_of_others() -> None:
    record = factories.record(
        keywords=[{"value": "ماء", "lang": "ar"}, {"value": "eau", "lang": "fr"}, {"value": "ضوء", "lang": "ar"}]
    )
    told = sheets.cells(sheets.data_of(record))
    assert (told["keywords_ar"], told["keywords_fr"], told["keywords"]) == ("ماء; ضوء", "eau", "")
    data = edited(record, **told | {"keywords_ar": "ماء; نار; هواء"})
    assert sorted(text["value"] for text in data["keywords"] if text["lang"] == "ar") == sorted(["ماء", "نار", "هواء"])
    assert {"value": "eau", "lang": "fr"} in data["keywords"]


@pytest.mark.parametrize(
    ("cell", "field", "value"),
    [
        ({"licence": "CC BY-SA 4.0"}, "licence", "https://creativecommons.org/licenses/by-sa/4.0/"),
        ({"creators": "أمينة; Hugo, Victor"}, "creators",
         [{"name": "أمينة"}, {"name": "Victor Hugo", "given": "Victor", "family": "Hugo"}]),
        ({"creators": '[{"name": "ب", "orcid": "0000-0002-1825-0097"}]'}, "creators",
         [{"name": "ب", "orcid": "0000-0002-1825-0097"}]),
        ({"languages": "ar; fr"}, "languages", ["ar", "fr"]),
        ({"age_range": "6-9"}, "age_range", {"minimum": 6, "maximum": 9}),
        ({"coverage": '{"countries": ["TN"]}'}, "coverage", {"countries": ["TN"]}),
        ({"access": "embargoed", "until": "2027-01-01"}, "access", {"kind": "embargoed", "until": "2027-01-01"}),
        ({"access": "Institution"}, "access", {"kind": "institution"}),
        ({"rights_holder": "جمعية"}, "rights_holder", "جمعية"),
        ({"created": "2024-05"}, "created", "2024-05"),
    ],
)  # fmt: skip
def test_cells_are_read_as_people_write_them(cell: dict[str, str], field: str, value: Any) -> None:
    assert edited(factories.record(), **cell)[field] == value


def test_an_empty_cell_takes_the_field_away() -> None:
    record = factories.record(rights_holder="x", access={"kind": "embargoed", "until": "2027-01-01"})
    data = edited(record, rights_holder="", access="", until=None, creators=" ")
    assert not {"rights_holder", "access", "creators"} & set(data)


@pytest.mark.parametrize("cell", ["not json", "[", "{"])
def test_a_cell_that_cannot_be_read_is_named(cell: str) -> None:
    _, unread, _ = sheets.edited(factories.record(), {"contributors": cell, "coverage": cell})
    assert unread == ["contributors", "coverage"]


def test_columns_that_mean_nothing_are_named() -> None:
    assert sheets.edited(factories.record(), {"shelf": "7", "titel_ar": "x"})[2] == ["shelf", "titel_ar"]


@given(record_strategies.json_values())
def test_no_value_in_a_cell_makes_the_reading_raise(value: Any) -> None:
    record = factories.record()
    for name in sheets.COLUMNS:
        data, _, _ = sheets.edited(record, {name: value})
        validate.parse(data)


@given(record_strategies.records())
def test_an_ordinary_import_reads_the_cells_too(record: Record) -> None:
    """What an export of one repository says is what another one reads, but for the order of languages."""
    data = sheets.data_of(record)
    text = io.StringIO(newline="")
    csv.writer(text).writerow([cells.guarded(cell) for cell in sheets.cells(data).values()])
    (row,) = csv.reader(io.StringIO(text.getvalue(), newline=""))
    told = dict(zip(sheets.COLUMNS, map(cells.unguarded, row), strict=True))
    found, ignored = columns.record_of(told)
    assert not ignored
    again, problems = validate.parse(found)
    assert again is not None, problems
    assert unordered(sheets.data_of(again)).keys() >= {"title", "creators", "licence"} & set(data)
