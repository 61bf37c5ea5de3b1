import sys
import time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from record_strategies import records
from rfc3987_syntax import is_valid_syntax_iri

from metadata import values
from metadata.findings import MOST
from metadata.record import Record
from metadata.rules import LIMITS, by_pattern
from metadata.validate import CODES, PARAMS, Problem, parse, problems

BY = "https://creativecommons.org/licenses/by/4.0/"
BY_SA = "https://creativecommons.org/licenses/by-sa/4.0/"
BY_ND = "https://creativecommons.org/licenses/by-nd/4.0/"


def judged(stage: Any = "draft", **fields: Any) -> list[Problem]:
    return problems(Record.model_validate(fields), stage)


def codes(found: list[Problem]) -> list[tuple[str, str]]:
    return [(problem.code, problem.field) for problem in found]


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


@given(records())
@settings(max_examples=60, deadline=None)
def test_a_legal_draft_has_no_errors(record: Record) -> None:
    assert [problem for problem in problems(record, "draft") if problem.severity == "error"] == []


@given(records(complete=True))
@settings(max_examples=60, deadline=None)
def test_a_complete_record_can_be_published(record: Record) -> None:
    assert [problem for problem in problems(record, "publish") if problem.severity == "error"] == []


def test_an_empty_record_is_a_fine_draft_and_lacks_eight_fields_to_publish() -> None:
    assert problems(Record(), "draft") == []
    names = ["title", "description", "languages", "resource_type", "subjects", "levels", "creators", "licence"]
    assert codes(problems(Record(), "publish")) == [(f"{name}.missing", name) for name in names]


def test_an_audience_stands_in_for_a_level() -> None:
    teacher = "http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/teacher"
    assert ("levels.missing", "levels") not in codes(judged("publish", audience=[teacher]))


def test_title_and_description_name_their_language_to_be_published() -> None:
    fields = {"title": [{"value": "x"}], "description": [{"value": "x", "lang": "fr"}, {"value": "y"}]}
    assert judged("draft", **fields) == []
    missing = [problem.field for problem in judged("publish", **fields) if problem.code == "text.language-missing"]
    assert missing == ["title[0].lang", "description[1].lang"]


WRONG: list[tuple[dict[str, Any], str, str, dict[str, object]]] = [
    ({"title": [{"value": "x" * 501}]}, "text.too-long", "title[0].value", {"limit": 500, "length": 501}),
    ({"keywords": [{"value": "x" * 101}]}, "text.too-long", "keywords[0].value", {"limit": 100, "length": 101}),
    ({"creators": [{"name": "x" * 301}]}, "text.too-long", "creators[0].name", {"limit": 300, "length": 301}),
    (
        {"creators": [{"name": "x", "affiliations": [{"name": "y" * 301}]}]},
        "text.too-long",
        "creators[0].affiliations[0].name",
        {"limit": 300, "length": 301},
    ),
    (
        {"description": [{"value": "x" * 20_001}]},
        "text.too-long",
        "description[0].value",
        {"limit": 20_000, "length": 20_001},
    ),
    ({"title": [{"value": " \u00a0 "}]}, "text.empty", "title[0].value", {}),
    ({"rights_holder": ""}, "text.empty", "rights_holder", {}),
    ({"keywords": [{"value": str(n)} for n in range(101)]}, "list.too-long", "keywords", {"limit": 100, "length": 101}),
    (
        {"title": [{"value": "a", "lang": "ara"}, {"value": "b", "lang": "ar"}]},
        "text.language-repeated",
        "title[1].lang",
        {"language": "ar"},
    ),
    (
        {"keywords": [{"value": "a", "lang": "fr"}, {"value": "b", "lang": "fr"}, {"value": "a", "lang": "fr"}]},
        "list.repeated",
        "keywords[2]",
        {"first": 1},
    ),
    ({"languages": ["ar", "fr", "ar"]}, "list.repeated", "languages[2]", {"first": 1}),
    ({"creators": [{"name": "x"}, {"name": "x"}]}, "list.repeated", "creators[1]", {"first": 1}),
    ({"languages": ["arabic"]}, "language.invalid", "languages[0]", {"value": "arabic"}),
    (
        {"title": [{"value": "x", "lang": "no tag"}]},
        "language.invalid",
        "title[0].lang",
        {"value": "no tag"},
    ),
    ({"created": "17/05/2024"}, "date.invalid", "created", {"value": "17/05/2024"}),
    ({"issued": "2024-13"}, "date.invalid", "issued", {"value": "2024-13"}),
    ({"modified": "2025/2024-05"}, "date.reversed", "modified", {"value": "2025/2024-05"}),
    ({"coverage": {"period": "2020/1999"}}, "date.reversed", "coverage.period", {"value": "2020/1999"}),
    ({"study_time": "45 min"}, "duration.invalid", "study_time", {"value": "45 min"}),
    ({"play_time": "PT٤٥M"}, "duration.invalid", "play_time", {"value": "PT٤٥M"}),
    ({"parts": [{"identifier": "درس"}]}, "iri.invalid", "parts[0].identifier", {"value": "درس"}),
    ({"parts": [{"identifier": "https:x"}]}, "iri.invalid", "parts[0].identifier", {"value": "https:x"}),
    ({"parts": [{"identifier": "http:///x"}]}, "iri.invalid", "parts[0].identifier", {"value": "http:///x"}),
    ({"parts": [{"identifier": "http://u@:80"}]}, "iri.invalid", "parts[0].identifier", {"value": "http://u@:80"}),
    ({"parts": [{"identifier": "urn:"}]}, "iri.invalid", "parts[0].identifier", {"value": "urn:"}),
    ({"parts": [{"identifier": "http://a b"}]}, "iri.invalid", "parts[0].identifier", {"value": "http://a b"}),
    (
        {"translation_of": {"identifier": "JavaScript:alert(1)"}},
        "iri.scheme",
        "translation_of.identifier",
        {"value": "JavaScript:alert(1)", "scheme": "JavaScript"},
    ),
    (
        {"sources": [{"title": "x", "identifier": "data:text/html,x"}]},
        "iri.scheme",
        "sources[0].identifier",
        {"value": "data:text/html,x", "scheme": "data"},
    ),
    (
        {"identifiers": [{"scheme": "other", "value": "javascript:x"}]},
        "iri.scheme",
        "identifiers[0].value",
        {"value": "javascript:x", "scheme": "javascript"},
    ),
    *(
        (
            {"identifiers": [{"scheme": "other", "value": f"java{gap}script:x"}]},
            "iri.scheme",
            "identifiers[0].value",
            {"value": "java�script:x", "scheme": "javascript"},
        )
        for gap in "\t\n"
    ),
    (
        {"identifiers": [{"scheme": "url", "value": "urn:x:y"}]},
        "iri.scheme",
        "identifiers[0].value",
        {"value": "urn:x:y", "scheme": "urn"},
    ),
    (
        {"alignments": [{"kind": "curriculum", "target": "vbscript:x"}]},
        "iri.scheme",
        "alignments[0].target",
        {"value": "vbscript:x", "scheme": "vbscript"},
    ),
    (
        {"identifiers": [{"scheme": "doi", "value": "11.1/x"}]},
        "doi.invalid",
        "identifiers[0].value",
        {"value": "11.1/x"},
    ),
    (
        {"identifiers": [{"scheme": "doi", "value": "10.1234/x y"}]},
        "doi.invalid",
        "identifiers[0].value",
        {"value": "10.1234/x y"},
    ),
    (
        {"identifiers": [{"scheme": "isbn", "value": "978-3-16-148410-1"}]},
        "isbn.invalid",
        "identifiers[0].value",
        {"value": "978-3-16-148410-1"},
    ),
    (
        {"identifiers": [{"scheme": "issn", "value": "2049-3631"}]},
        "issn.invalid",
        "identifiers[0].value",
        {"value": "2049-3631"},
    ),
    (
        {"identifiers": [{"scheme": "handle", "value": "javascript:alert(1)/x"}]},
        "handle.invalid",
        "identifiers[0].value",
        {"value": "javascript:alert(1)/x"},
    ),
    ({"identifiers": [{"scheme": "urn", "value": "nbn:x"}]}, "urn.invalid", "identifiers[0].value", {"value": "nbn:x"}),
    (
        {"creators": [{"name": "x", "orcid": "0000-0002-1825-0098"}]},
        "orcid.invalid",
        "creators[0].orcid",
        {"value": "0000-0002-1825-0098"},
    ),
    ({"funders": [{"name": "x", "ror": "03yrm5c27"}]}, "ror.invalid", "funders[0].ror", {"value": "03yrm5c27"}),
    ({"publisher": {"name": "x", "ror": "ucl"}}, "ror.invalid", "publisher.ror", {"value": "ucl"}),
    ({"coverage": {"countries": ["tn"]}}, "country.invalid", "coverage.countries[0]", {"value": "tn"}),
    ({"coverage": {"countries": ["EU"]}}, "country.invalid", "coverage.countries[0]", {"value": "EU"}),
    ({"age_range": {"minimum": 9, "maximum": 6}}, "range.reversed", "age_range", {"minimum": 9, "maximum": 6}),
    ({"age_range": {"minimum": -1}}, "range.negative", "age_range.minimum", {"value": -1}),
    ({"age_range": {"maximum": 151}}, "range.too-large", "age_range.maximum", {"value": 151, "limit": 150}),
    (
        {"classroom": {"group_minimum": 3, "group_maximum": 2}},
        "range.reversed",
        "classroom",
        {"minimum": 3, "maximum": 2},
    ),
    ({"access": {"kind": "embargoed"}}, "access.until-missing", "access.until", {}),
    ({"access": {"kind": "open", "until": "2030-01-01"}}, "access.until-unexpected", "access.until", {}),
    ({"licence": "https://example.org/by"}, "licence.unknown", "licence", {"value": "https://example.org/by"}),
    (
        {"licence": "http://creativecommons.org/licenses/by/4.0"},
        "licence.not-canonical",
        "licence",
        {"value": "http://creativecommons.org/licenses/by/4.0", "uri": BY},
    ),
    ({"resource_type": "video"}, "term.unknown", "resource_type", {"value": "video", "scheme": "hcrt"}),
    ({"subjects": ["Physics"]}, "term.unknown", "subjects[0]", {"value": "Physics", "scheme": "subjects"}),
    ({"levels": ["2"]}, "term.unknown", "levels[0]", {"value": "2", "scheme": "isced-levels"}),
    ({"audience": ["teacher"]}, "term.unknown", "audience[0]", {"value": "teacher", "scheme": "audience"}),
    (
        {"contributors": [{"name": "x", "role": "editor"}]},
        "term.unknown",
        "contributors[0].role",
        {"value": "editor", "scheme": "contributor-roles"},
    ),
    ({"educational_use": ["x"]}, "term.unknown", "educational_use[0]", {"value": "x", "scheme": "educational-use"}),
    ({"interactivity": "x"}, "term.unknown", "interactivity", {"value": "x", "scheme": "interactivity"}),
    (
        {"alignments": [{"kind": "sdg", "target": "http://metadata.un.org/sdg/18"}]},
        "term.unknown",
        "alignments[0].target",
        {"value": "http://metadata.un.org/sdg/18", "scheme": "sdg"},
    ),
    (
        {"alignments": [{"kind": "competency", "framework": "ict-cft", "target": "1.1"}]},
        "term.unknown",
        "alignments[0].target",
        {"value": "1.1", "scheme": "ict-cft"},
    ),
    (
        {"accessibility": {"modes": ["visual"]}},
        "term.unknown",
        "accessibility.modes[0]",
        {"value": "visual", "scheme": "access-modes"},
    ),
    (
        {"accessibility": {"sufficient": [["visual"]]}},
        "term.unknown",
        "accessibility.sufficient[0][0]",
        {"value": "visual", "scheme": "access-modes-sufficient"},
    ),
    (
        {"accessibility": {"hazards": ["x"]}},
        "term.unknown",
        "accessibility.hazards[0]",
        {"value": "x", "scheme": "accessibility-hazards"},
    ),
]


@pytest.mark.parametrize(("fields", "code", "field", "params"), WRONG)
def test_one_mistake_gives_exactly_one_error(
    fields: dict[str, Any], code: str, field: str, params: dict[str, object]
) -> None:
    assert judged(**fields) == [Problem(code, field, params)]


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


def test_all_mistakes_come_at_once_in_the_order_of_the_fields() -> None:
    found = judged(issued="x", title=[{"value": ""}], coverage={"countries": ["??"]}, languages=["??"])
    assert [problem.field for problem in found] == ["title[0].value", "languages[0]", "issued", "coverage.countries[0]"]


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


def test_a_term_that_is_no_longer_offered_is_a_warning() -> None:
    captions = "https://www.w3.org/2021/a11y-discov-vocab/latest/#captions"
    found = judged(accessibility={"features": [captions]})
    assert [(problem.code, problem.severity) for problem in found] == [("term.not-offered", "warning")]


@pytest.mark.parametrize(
    ("word", "flagged"), [("pаypal", True), ("Ροta", True), ("Δx = 5 μm", False), ("Москва", False)]
)
def test_lookalike_letters_in_one_word_are_a_warning(word: str, flagged: bool) -> None:
    found = judged(title=[{"value": f"{word} درس", "lang": "en"}])
    assert [problem.code for problem in found] == (["text.mixed-script"] if flagged else [])
    assert all(problem.severity == "warning" for problem in found)


def test_a_remix_that_its_sources_forbid_is_a_warning() -> None:
    def with_source(licence: str) -> list[Problem]:
        return judged(licence=BY, sources=[{"title": "x", "licence": licence}])

    assert with_source(BY) == []
    for licence in (BY_SA, BY_ND):
        assert with_source(licence) == [Problem("licence.remix-conflict", "licence", {}, "warning")]


def test_a_source_may_carry_a_licence_that_we_do_not_know() -> None:
    def with_licence(licence: str) -> list[tuple[str, str]]:
        found = judged(licence=BY, sources=[{"title": "x", "licence": licence}])
        return [(problem.code, problem.severity) for problem in found]

    assert with_licence("https://example.org/l") == [("licence.unknown", "warning")]
    assert ("iri.scheme", "error") in with_licence("javascript:x")


def test_ror_ids_with_right_check_digits_pass() -> None:
    for ror in ("03yrm5c26", "https://ror.org/05dxps055", "04wxnsj81"):
        assert judged(publisher={"name": "x", "ror": ror}) == []


def test_a_limit_is_met_exactly_without_a_problem() -> None:
    assert judged(title=[{"value": "x" * by_pattern(LIMITS, "title.value"), "lang": "en"}]) == []  # type: ignore[operator]


def test_errors_come_before_warnings_when_the_list_is_cut() -> None:
    sources = [{"title": f"pаypal {number}"} for number in range(250)]
    found = judged(sources=sources, issued="x")
    assert found[0].code == "date.invalid"
    assert found[-1] == Problem("problems.more", "", {"count": 51}, "warning")


def test_every_code_of_a_wrong_record_is_registered() -> None:
    assert frozenset(PARAMS) == CODES
    assert {code for _, code, _, _ in WRONG} <= CODES


def test_fields_of_the_right_form_are_judged_beside_those_of_a_wrong_one() -> None:
    given = {"title": "سلام", "licence": "by", "levels": ["x"], "languages": ["arabe"], "foo": 1}
    record, found = parse(given)
    assert record is None
    assert {(problem.field, problem.code) for problem in found} == {
        ("title", "field.type"),
        ("foo", "field.unknown"),
        ("licence", "licence.unknown"),
        ("levels[0]", "term.unknown"),
        ("languages[0]", "language.invalid"),
    }


def test_a_field_of_a_wrong_form_is_told_for_that_alone() -> None:
    given = {"creators": [{"name": "x", "orcid": "x"}, {"name": 5}], "levels": ["x"] * 300, "a.b": 1}
    assert {problem.field for problem in parse(given)[1]} == {"creators[1].name", "a.b"}
    told = parse({"title": 5, "subjects": ["x"] * 100, "levels": ["y"] * 100, "audience": ["z"] * 100})[1]
    assert len(told) == MOST + 1
    assert told[-1].code == "problems.more"
