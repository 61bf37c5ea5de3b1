import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from record_strategies import json_values, record_shaped

from metadata import validate
from metadata.reading import MAX_BYTES, MAX_DEPTH, MAX_ITEMS, MAX_NUMBER, MAX_VALUES, merged
from metadata.validate import PARAMS, Problem, parse, parse_json, problems


def only(found: list[Problem]) -> tuple[str, str, dict[str, object]]:
    assert len(found) == 1, found
    return found[0].code, found[0].field, dict(found[0].params)


@settings(max_examples=300, deadline=None)
@given(json_values() | record_shaped())
@example({"title": [{"value": "a\ud800"}]})
@example({"\ud800": 1})
@example({"age_range": {"minimum": 10**5000}})
@example({"age_range": {"minimum": float("nan")}})
@example({"access": {"until": float("inf")}})
def test_any_value_gives_a_record_or_problems_and_never_an_exception(data: Any) -> None:
    record, found = parse(data)
    assert (record is None) == bool(found)
    if record is not None:
        found = [*problems(record, "draft"), *problems(record, "publish")]
    for problem in found:
        assert set(problem.params) == PARAMS[problem.code]
        json.dumps([problem.field, dict(problem.params)], ensure_ascii=False).encode()


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(b"\xff")
@example(b'{"a":"\\ud800"}')
def test_any_bytes_give_a_record_or_problems_and_never_an_exception(body: bytes) -> None:
    record, found = parse_json(body)
    assert (record is None) == bool(found)


@given(json_values())
def test_any_json_text_gives_a_record_or_problems(data: Any) -> None:
    record, found = parse_json(json.dumps(data).encode())
    assert (record is None) == bool(found)


@pytest.mark.parametrize(
    ("body", "code", "params"),
    [
        (b'{"title": \n [}', "json.invalid", {"line": 2, "column": 3}),
        (b"", "json.invalid", {"line": 1, "column": 1}),
        (b'{"title"', "json.invalid", {"line": 1, "column": 9}),
        (b'{"licence": "\xff"}', "json.encoding", {"position": 14}),
        ("{}".encode("utf-16"), "json.encoding", {"position": 1}),
        (b'{"licence": "a", "licence": "b"}', "json.duplicate-key", {"key": "licence"}),
        (b'{"access": {"kind": "open", "kind": "open"}}', "json.duplicate-key", {"key": "kind"}),
        (b" " * (MAX_BYTES + 1), "json.too-large", {"size": MAX_BYTES + 1, "limit": MAX_BYTES}),
        (b'{"a":' * 100_000, "json.too-deep", {"limit": MAX_DEPTH}),
        (b"[" * 400 + b"]" * 400, "json.not-object", {}),
        (b"null", "json.not-object", {}),
        (b"[]", "json.not-object", {}),
    ],
)
def test_wrong_json_is_named(body: bytes, code: str, params: dict[str, object]) -> None:
    record, found = parse_json(body)
    assert record is None
    assert only(found) == (code, "", params)


def test_a_body_may_be_as_large_as_the_caller_says() -> None:
    body = b" " * MAX_BYTES + b"{}"
    assert validate.load(body, len(body)) == ({}, [])
    assert only(validate.load(b"{}", 1)[1]) == ("json.too-large", "", {"size": 2, "limit": 1})


def test_a_byte_order_mark_is_passed_over() -> None:
    assert parse_json(b'\xef\xbb\xbf{"licence": "a"}')[1] == []


def test_deep_nesting_is_a_problem_with_the_place() -> None:
    deep: Any = 1
    for _ in range(400):
        deep = [deep]
    code, field, params = only(parse({"title": deep})[1])
    assert (code, params) == ("json.too-deep", {"limit": MAX_DEPTH})
    assert field.startswith("title[0][0]")


@pytest.mark.parametrize(
    ("data", "code", "field", "params"),
    [
        ({"titel": "x"}, "field.unknown", "titel", {"name": "titel"}),
        ({"title": [{"value": "x", "language": "ar"}]}, "field.unknown", "title[0].language", {"name": "language"}),
        ({"a\ud800": 1}, "field.unknown", "a\ufffd", {"name": "a\ufffd"}),
        ({"title": [{"lang": "ar"}]}, "field.missing", "title[0].value", {}),
        ({"title": [{"value": 1}]}, "field.type", "title[0].value", {"expected": "text"}),
        ({"title": [{"value": "x", "lang": []}]}, "field.type", "title[0].lang", {"expected": "text"}),
        ({"title": "x"}, "field.type", "title", {"expected": "texts"}),
        ({"subjects": "x"}, "field.type", "subjects", {"expected": "list"}),
        ({"title": ["x"]}, "field.type", "title[0]", {"expected": "object"}),
        ({"subjects": [None]}, "field.type", "subjects[0]", {"expected": "text"}),
        ({"creators": [{"name": "x"}, 5]}, "field.type", "creators[1]", {"expected": "object"}),
        ({"age_range": {"minimum": "x"}}, "field.type", "age_range.minimum", {"expected": "integer"}),
        ({"age_range": {"minimum": 1.5}}, "field.type", "age_range.minimum", {"expected": "integer"}),
        ({"age_range": {"minimum": "12"}}, "field.type", "age_range.minimum", {"expected": "integer"}),
        ({"age_range": {"maximum": True}}, "field.type", "age_range.maximum", {"expected": "integer"}),
        ({"classroom": {"group_minimum": "2"}}, "field.type", "classroom.group_minimum", {"expected": "integer"}),
        ({"classroom": {"group_maximum": True}}, "field.type", "classroom.group_maximum", {"expected": "integer"}),
        ({"access": {"until": 0}}, "field.type", "access.until", {"expected": "date"}),
        ({"access": {"until": "86400"}}, "field.type", "access.until", {"expected": "date"}),
        ({"access": {"until": True}}, "field.type", "access.until", {"expected": "date"}),
        ({"access": {"until": "2024-02-03T00:00:00"}}, "field.type", "access.until", {"expected": "date"}),
        ({"access": {"until": "٢٠٢٤-٠١-٠١"}}, "field.type", "access.until", {"expected": "date"}),
        ({"access": {"until": "soon"}}, "field.type", "access.until", {"expected": "date"}),
        ({"access": {"until": "2024-02-31"}}, "field.type", "access.until", {"expected": "date"}),
        (
            {"access": {"kind": "secret"}},
            "field.choice",
            "access.kind",
            {"choices": "open, embargoed, institution, metadata-only"},
        ),
        ({"age_range": {"minimum": MAX_NUMBER + 1}}, "number.too-large", "age_range.minimum", {"limit": MAX_NUMBER}),
        ({"age_range": {"minimum": float("nan")}}, "number.invalid", "age_range.minimum", {}),
        ({"subjects": [""] * 1001}, "list.too-long", "subjects", {"limit": MAX_ITEMS, "length": 1001}),
        ({"parts": [[0] * 900] * 60}, "json.too-many", "", {"limit": MAX_VALUES}),
    ],
)
def test_mistakes_of_form_have_a_code_a_path_and_what_is_expected(
    data: Any, code: str, field: str, params: dict[str, object]
) -> None:
    record, found = parse(data)
    assert record is None
    assert only(found) == (code, field, params)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_numbers_that_no_reader_agrees_on_are_refused(number: str) -> None:
    record, found = parse_json(f'{{"age_range": {{"minimum": {number}}}}}'.encode())
    assert record is None
    assert only(found)[0] in ("number.invalid", "number.too-large")
    assert only(found)[1] == "age_range.minimum"


def test_a_lone_surrogate_is_named_beside_every_other_mistake() -> None:
    body = b'{"title": [{"value": "ab\\ud800c\\udfff"}], "x": 1}'
    record, found = parse_json(body)
    assert record is None
    assert [(problem.code, problem.field) for problem in found] == [
        ("text.illegal-character", "title[0].value"),
        ("field.unknown", "x"),
    ]
    assert found[0].params == {"character": "U+D800", "position": 3, "count": 2}


def test_a_pair_of_surrogate_escapes_is_one_character() -> None:
    record, found = parse_json(b'{"rights_holder": "\\ud83c\\udf0d"}')
    assert found == []
    assert record is not None
    assert record.rights_holder == "\U0001f30d"


def test_an_endless_list_of_mistakes_ends_with_their_number() -> None:
    _, found = parse({"subjects": [1] * 999})
    assert len(found) == 201
    assert found[-1] == Problem("problems.more", "", {"count": 799})


def test_the_golden_records_have_no_problem_at_all() -> None:
    folder = Path(__file__).parent.parent / "golden" / "records"
    files = sorted(folder.glob("*.json"))
    assert len(files) >= 3
    for file in files:
        record, found = parse_json(file.read_bytes())
        assert found == []
        assert record is not None
        assert validate.problems(record, "publish") == []


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        # RFC 7396, appendix A, as far as objects are patched by objects
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_does_what_its_specification_shows(
    target: dict[str, Any], patch: dict[str, Any], result: dict[str, Any]
) -> None:
    before = json.dumps(target)
    assert merged(target, patch) == result
    assert json.dumps(target) == before


@given(st.dictionaries(st.text(), json_values()), st.dictionaries(st.text(), json_values()))
def test_a_merge_patch_that_was_applied_changes_nothing_more(target: dict[str, Any], patch: dict[str, Any]) -> None:
    once = merged(target, patch)
    assert repr(merged(once, patch)) == repr(once)


def test_a_merge_patch_may_be_as_deep_as_it_likes() -> None:
    patch: dict[str, Any] = {}
    for _ in range(100_000):
        patch = {"a": patch}
    found = merged({}, patch)
    for _ in range(100_000):
        found, patch = found["a"], patch["a"]
    assert found == {}
