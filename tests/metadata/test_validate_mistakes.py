"""Every mistake that one value can be, each with its one error."""

from typing import Any

import pytest
from judging import judged

from metadata.validate import CODES, PARAMS, Problem

BY = "https://creativecommons.org/licenses/by/4.0/"

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


def test_every_code_of_a_wrong_record_is_registered() -> None:
    assert frozenset(PARAMS) == CODES
    assert {code for _, code, _, _ in WRONG} <= CODES
