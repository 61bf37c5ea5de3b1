"""The careful records of tests/samples: they fit their files, may be published, and no two say the same."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from metadata import licences, vocabularies
from metadata.record import Record
from metadata.validate import problems

INDEX = Path(__file__).resolve().parent.parent / "samples" / "index.json"
ROWS: list[dict[str, Any]] = json.loads(INDEX.read_text(encoding="utf-8"))
ARABIC_FRENCH_ENGLISH = {"ar", "fr", "en"}


def by_path(rows: list[dict[str, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", rows, ids=[row["path"] for row in rows])


def words(record: Record) -> dict[str, str]:
    return {text.lang: text.value for text in record.description}


def test_there_is_one_record_for_each_of_49_files() -> None:
    assert len(ROWS) == 49
    assert len({row["path"] for row in ROWS}) == 49


def test_path_digest_and_media_type_are_those_of_the_real_files(shared: Path) -> None:
    real = json.loads((shared / "samples" / "index.json").read_text(encoding="utf-8"))
    keys = ("path", "sha256", "media_type")
    assert [[row[key] for key in keys] for row in ROWS] == [[row[key] for key in keys] for row in real]


@by_path(ROWS)
def test_a_record_is_kept_as_it_was_written(row: dict[str, Any]) -> None:
    assert Record.model_validate(row["record"]).model_dump(mode="json", exclude_unset=True) == row["record"]


@by_path(ROWS)
def test_a_record_may_be_published_as_it_is(row: dict[str, Any]) -> None:
    found = problems(Record.model_validate(row["record"]), "publish")
    assert [(problem.code, problem.field) for problem in found if problem.severity == "error"] == []


@by_path(ROWS)
def test_a_record_is_described_in_at_least_two_of_arabic_french_and_english(row: dict[str, Any]) -> None:
    record = Record.model_validate(row["record"])
    needed = 3 if "ar" in record.languages else 2
    assert len(ARABIC_FRENCH_ENGLISH & words(record).keys()) >= needed
    assert ARABIC_FRENCH_ENGLISH & {text.lang for text in record.title}


@by_path(ROWS)
def test_a_record_says_enough_but_not_too_much(row: dict[str, Any]) -> None:
    assert all(60 <= len(text) <= 700 for text in words(Record.model_validate(row["record"])).values())


@by_path(ROWS)
def test_every_licence_and_role_is_one_we_know(row: dict[str, Any]) -> None:
    record = Record.model_validate(row["record"])
    named = [record.licence, *(source.licence for source in record.sources if source.licence)]
    assert all(uri and licences.get(uri) for uri in named)
    assert all(vocabularies.term("contributor-roles", person.role) for person in record.contributors)


def test_no_two_descriptions_are_equal_or_begin_alike() -> None:
    texts = [text for row in ROWS for text in words(Record.model_validate(row["record"])).values()]
    assert [text for text, times in Counter(texts).items() if times > 1] == []
    openings = Counter(text[:40] for text in texts)
    assert [opening for opening, times in openings.items() if times > 1] == []
