import hashlib
import json

import pytest
from hypothesis import given, settings
from record_strategies import records

from metadata import validate
from metadata.record import Access, Agent, Classroom, Record, Text
from metadata.versions import Change, canonical, difference, digest


@settings(deadline=None)
@given(records())
def test_reading_the_canonical_form_gives_the_same_record(record: Record) -> None:
    again, problems = validate.parse_json(canonical(record))
    assert problems == []
    assert again == record
    assert again is not None
    assert canonical(again) == canonical(record)


@settings(deadline=None)
@given(records(), records())
def test_canonical_forms_are_equal_exactly_when_records_are(one: Record, other: Record) -> None:
    assert (canonical(one) == canonical(other)) == (one == other)
    assert (difference(one, other) == []) == (one == other)


@settings(deadline=None)
@given(records())
def test_a_record_does_not_differ_from_itself(record: Record) -> None:
    assert difference(record, record.model_copy(deep=True)) == []


def test_the_canonical_form_is_compact_sorted_utf8_without_defaults() -> None:
    record = Record(title=[Text(value="درس é", lang="ar")], access=Access(kind="open"), classroom=Classroom())
    assert canonical(record) == '{"classroom":{},"title":[{"lang":"ar","value":"درس é"}]}'.encode()
    assert canonical(Record()) == b"{}"


def test_decomposed_letters_give_the_same_canonical_form() -> None:
    assert canonical(Record(rights_holder="e\u0301")) == canonical(Record(rights_holder="\u00e9"))


def test_the_digest_is_the_documented_lines_hashed() -> None:
    record = Record(rights_holder="ل")
    lines = 'oer-version 1\n{"rights_holder":"ل"}\n["درس.pdf","aa","main","ar"]\n["b\\n.txt","bb","extra",""]\n'
    expected = hashlib.sha256(lines.encode()).hexdigest()
    assert digest(record, [("درس.pdf", "aa", "main", "ar"), ("b\n.txt", "bb", "extra", "")]) == expected


@pytest.mark.parametrize(
    "files",
    [
        [],
        [("b", "bb", "main", ""), ("a", "aa", "main", "")],
        [("a", "aa", "main", "")],
        [("a", "aa", "extra", ""), ("b", "bb", "main", "")],
        [("c", "aa", "main", ""), ("b", "bb", "main", "")],
        [("a", "ab", "main", ""), ("b", "bb", "main", "")],
        [("a", "aa", "main", "fr"), ("b", "bb", "main", "")],
    ],
)
def test_names_bytes_roles_languages_and_order_of_files_all_count(files: list[tuple[str, str, str, str]]) -> None:
    assert digest(Record(), files) != digest(Record(), [("a", "aa", "main", ""), ("b", "bb", "main", "")])


def test_texts_are_compared_language_by_language() -> None:
    before = Record(description=[Text(value="un", lang="fr"), Text(value="one", lang="en")])
    after = Record(description=[Text(value="deux", lang="fr"), Text(value="واحد", lang="ar")])
    assert difference(before, after) == [
        Change("description[en]", "removed", "one", None),
        Change("description[fr]", "changed", "un", "deux"),
        Change("description[ar]", "added", None, "واحد"),
    ]


def test_a_person_with_the_same_name_is_changed_in_place_and_a_new_order_is_a_move() -> None:
    before = Record(creators=[Agent(name="ليلى"), Agent(name="سامي")])
    after = Record(creators=[Agent(name="سامي"), Agent(name="ليلى", given="ليلى")])
    assert difference(before, after) == [
        Change("creators[1].given", "added", None, "ليلى"),
        Change(
            "creators",
            "moved",
            [{"name": "ليلى"}, {"name": "سامي"}],
            [{"name": "سامي"}, {"name": "ليلى", "given": "ليلى"}],
        ),
    ]


def test_single_values_and_parts_change_by_field() -> None:
    before = Record(licence="a", access=Access(kind="embargoed", until="2025-01-01"))  # type: ignore[arg-type]
    after = Record(issued="2024", access=Access(kind="open"), classroom=Classroom(internet="none"))
    assert difference(before, after) == [
        Change("issued", "added", None, "2024"),
        Change("licence", "removed", "a", None),
        Change("access.kind", "changed", "embargoed", "open"),
        Change("access.until", "removed", "2025-01-01", None),
        Change("classroom", "added", None, {"internet": "none"}),
    ]


@settings(deadline=None)
@given(records(), records())
def test_every_change_can_be_written_as_json(one: Record, other: Record) -> None:
    for change in difference(one, other):
        json.dumps([change.before, change.after])
        assert change.kind != "added" or change.before is None
        assert change.kind != "removed" or change.after is None
