"""Records as a whole: what a draft may be, what is published, warnings, and how mistakes are listed."""

from hypothesis import given, settings
from judging import codes, judged
from record_strategies import records

from metadata.findings import MOST
from metadata.record import Record
from metadata.rules import LIMITS, by_pattern
from metadata.validate import Problem, parse, problems

BY = "https://creativecommons.org/licenses/by/4.0/"
BY_SA = "https://creativecommons.org/licenses/by-sa/4.0/"
BY_ND = "https://creativecommons.org/licenses/by-nd/4.0/"


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


def test_all_mistakes_come_at_once_in_the_order_of_the_fields() -> None:
    found = judged(issued="x", title=[{"value": ""}], coverage={"countries": ["??"]}, languages=["??"])
    assert [problem.field for problem in found] == ["title[0].value", "languages[0]", "issued", "coverage.countries[0]"]


def test_a_limit_is_met_exactly_without_a_problem() -> None:
    assert judged(title=[{"value": "x" * by_pattern(LIMITS, "title.value"), "lang": "en"}]) == []  # type: ignore[operator]


def test_errors_come_before_warnings_when_the_list_is_cut() -> None:
    sources = [{"title": f"pаypal {number}"} for number in range(250)]
    found = judged(sources=sources, issued="x")
    assert found[0].code == "date.invalid"
    assert found[-1] == Problem("problems.more", "", {"count": 51}, "warning")


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


def test_a_term_that_is_no_longer_offered_is_a_warning() -> None:
    captions = "https://www.w3.org/2021/a11y-discov-vocab/latest/#captions"
    found = judged(accessibility={"features": [captions]})
    assert [(problem.code, problem.severity) for problem in found] == [("term.not-offered", "warning")]


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
