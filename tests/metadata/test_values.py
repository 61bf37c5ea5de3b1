"""Single values: characters, texts with nothing to see, dates, IRIs and ids."""

import sys
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from judging import codes, judged
from rfc3987_syntax import is_valid_syntax_iri

from metadata import values
from metadata.validate import parse, problems

ILLEGAL = [chr(point) for point in range(sys.maxunicode + 1) if values.illegal_characters(chr(point))]


def test_there_are_as_many_illegal_characters_as_the_classes_have() -> None:
    # C0 without tab and line ends (CR becomes LF), DEL and C1, embeddings and isolates, surrogates, noncharacters
    assert len(ILLEGAL) == 29 + 33 + 9 + 2048 + 66


def test_every_illegal_character_is_named_once_in_every_kind_of_field() -> None:
    for character in ILLEGAL:
        bad = f"a{character}b"
        data = {
            "title": [{"value": bad, "lang": "ar"}],
            "keywords": [{"value": bad, "lang": "ar"}],
            "creators": [{"name": bad}],
            "identifiers": [{"scheme": "doi", "value": bad}],
        }
        record, found = parse(data)
        if record is not None:
            found = problems(record, "draft")
        params = {"character": f"U+{ord(character):04X}", "position": 2, "count": 1}
        fields = ["title[0].value", "keywords[0].value", "creators[0].name", "identifiers[0].value"]
        if record is None:  # the order of fields in the data
            assert "\ud800" <= character <= "\udfff"
        assert sorted(codes(found)) == sorted(("text.illegal-character", field) for field in fields), ascii(character)
        assert all(problem.params == params for problem in found)


@pytest.mark.parametrize("value", ["2024-1X", "-2024-X1/2025-1X", "2024S2-?05"])
def test_a_date_that_the_parser_trips_over_is_wrong_and_prints_nothing(
    value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert codes(judged(created=value)) == [("date.invalid", "created")]
    assert capsys.readouterr() == ("", "")


INVISIBLE = [
    "\u200b",
    "\u2060\u2064",
    "\u180e",
    "\u2028\u2029",
    "\u200c\u200d",
    "\U000e0041",
    "\u3164",
    "\u2800 \ufe0f",
]


@pytest.mark.parametrize("text", INVISIBLE, ids=ascii)
def test_a_text_with_nothing_to_see_is_empty(text: str) -> None:
    texts = [{"value": text, "lang": "ar"}]
    found = judged(title=texts, description=texts, creators=[{"name": text}])
    fields = ["title[0].value", "description[0].value", "creators[0].name"]
    assert codes(found) == [("text.empty", field) for field in fields]


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("ma\u200bth\u2060s\u180e", "maths"),
        ("a\u2028b\u2029c\r\nd\re", "a\nb\nc\nd\ne"),
        ("x\U000e0041\U000e0042\U000e007f", "x"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d🏫 ❤\ufe0f", "👩\u200d🏫 ❤\ufe0f"),
        (
            "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
            "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        ),
        ("\u202e", "\u202e"),
    ],
)
def test_marks_that_nobody_sees_are_dropped_and_those_of_the_script_stay(written: str, stored: str) -> None:
    assert values.clean(written) == stored
    assert values.clean(stored) == stored


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("2024", "2024"),
        ("2024-05", "2024-05"),
        ("2024-05-17?", "2024-05-17"),
        ("2024-21", "2024"),
        ("2024-XX", "2024"),
        ("2024-XX-XX", "2024"),
        ("2024-05-XX", "2024-05"),
        ("2024-05-XX/2025", "2024-05"),
        ("2024?-05-17", "2024-05-17"),
        ("?2024-05", "2024-05"),
        ("2024/..", "2024"),
        ("2024-05-17T10:00:00Z", "2024-05-17"),
        ("156X", None),
        ("../1950", None),
        ("-2024", None),
        ("Y20240", None),
    ],
)
def test_a_date_keeps_as_much_as_w3cdtf_can_say(written: str, date: str | None) -> None:
    assert values.is_edtf(written)
    assert values.w3cdtf(written) == date


@pytest.mark.parametrize(
    ("word", "flagged"), [("pаypal", True), ("Ροta", True), ("Δx = 5 μm", False), ("Москва", False)]
)
def test_lookalike_letters_in_one_word_are_a_warning(word: str, flagged: bool) -> None:
    found = judged(title=[{"value": f"{word} درس", "lang": "en"}])
    assert [problem.code for problem in found] == (["text.mixed-script"] if flagged else [])
    assert all(problem.severity == "warning" for problem in found)


@pytest.mark.parametrize(
    "iri",
    [
        "https://مدرسة.example.org/دروس/الضوء?س=1#أ",
        "http://user@example.org/",
        "https://example.org:8080/a%20b/(c);d=e,f",
        "urn:isbn:9783161484100",
        "doi:10.1234/x",
        "info:eu-repo/grantAgreement/x",
        "ark:/12148/btv1b8449691v",
        "oai:oer.example.org:k7",
    ],
)
def test_iris_of_the_allowed_schemes_pass(iri: str) -> None:
    assert judged(parts=[{"identifier": iri}]) == []


IRIS = [
    "https://مدرسة.example.org/دروس/الضوء?س=1#أ",
    "http://user:pw@example.org:80/",
    "http://example.org",
    "http://127.0.0.1/a//b/",
    "urn:isbn:9783161484100",
    "a:/b",
    "x:a@b:c",
    "http://a/%C3%A9",
]
NO_IRIS = [
    "",
    "x",
    "/a",
    "http://a b",
    "http://a/%",
    "http://a/%g0",
    "http://a/<b>",
    "http://a:b/",
    "1a:b",
    "a:b#c#d",
    "é:x",
]


@pytest.mark.parametrize("text", [*IRIS, *NO_IRIS])
def test_the_iri_pattern_agrees_with_the_complete_grammar(text: str) -> None:
    assert values.is_iri(text) == (text in IRIS) == is_valid_syntax_iri(text)


@given(st.text("a1é\u0633:/@?#%.-~!$ ", max_size=12))
@settings(max_examples=200, deadline=None)
@example("//a@b:80/c?d#e")
@example("//a:b@c:d")
def test_the_iri_pattern_agrees_with_the_complete_grammar_on_any_text(rest: str) -> None:
    text = f"a:{rest}"
    assert values.is_iri(text) == is_valid_syntax_iri(text)


def test_a_thousand_long_wrong_links_are_judged_quickly() -> None:
    links = [{"identifier": f"http://a@{number}/" + "é/@:" * 220 + "["} for number in range(1000)]
    before = time.process_time()
    assert len(judged(parts=links)) == 201
    assert time.process_time() - before < 5


def test_ror_ids_with_right_check_digits_pass() -> None:
    for ror in ("03yrm5c26", "https://ror.org/05dxps055", "04wxnsj81"):
        assert judged(publisher={"name": "x", "ror": ror}) == []
