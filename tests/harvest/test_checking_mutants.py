"""Every rule: an endpoint that breaks it is found, and found to break nothing that hangs on something else."""

from collections.abc import Iterator

import pytest
from oai_endpoints import Endpoint, by_days, kept, rules, told, without_sets
from oai_mutants import Mutant
from oai_mutants_answers import ANSWERS
from oai_mutants_lists import ALL_LISTS
from oai_mutants_refusals import REFUSALS

from api import i18n
from harvest.check import Scope
from harvest.check.report import EXAMPLES, Example
from harvest.check.rules import RULES
from metadata.crosswalks import FORMATS

MUTANTS = [*ANSWERS, *ALL_LISTS, *REFUSALS]
ELSEWHERE = {"http.answer", "xml.valid", "xml.schema-missing"}  # of the line itself, and of schemas
SOME = Scope(sets=5)


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """An endpoint with one format: what is spoiled is spoiled in this one."""
    with kept(tmp_path_factory.mktemp("endpoint"), formats={"oai_dc": FORMATS["oai_dc"]}) as made:
        yield made


def require_words(example: Example) -> None:
    for language in i18n.LANGUAGES:
        words = i18n.message(example.seen, language, **example.params)
        assert words != example.seen
        assert "…" not in words.replace("…", "", sum(str(value).endswith("…") for value in example.params.values()))


def test_every_rule_has_an_endpoint_that_breaks_it() -> None:
    assert {one.rule for one in MUTANTS} == set(RULES) - ELSEWHERE


@pytest.mark.parametrize("kind", [None, by_days, without_sets])
def test_a_sound_endpoint_breaks_nothing(endpoint: Endpoint, kind: object) -> None:
    report = endpoint.check(*([kind] if kind else []))
    assert told(report) == []
    assert report.stopped == ""


@pytest.mark.parametrize("one", MUTANTS, ids=str)
def test_what_breaks_a_rule_is_found(endpoint: Endpoint, one: Mutant) -> None:
    report = endpoint.check(*([one.within] if one.within else []), one.make(), scope=SOME)
    assert rules(report) == {one.rule} | one.with_, told(report)
    for finding in report.findings:
        assert 0 < len(finding.examples) <= min(finding.count, EXAMPLES)
        for example in finding.examples:
            require_words(example)


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_every_rule_is_said(language: str) -> None:
    for rule in RULES:
        assert i18n.message(f"oai.rule.{rule}", language) != f"oai.rule.{rule}"
