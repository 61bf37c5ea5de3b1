"""The tree of subjects: whole, with one way up from every concept of the thesaurus to its domain."""

import pytest

from metadata import subjects, vocabularies

THESAURUS = "http://vocabularies.unesco.org/thesaurus/"
MATHEMATICS = f"{THESAURUS}concept118"
ALGEBRA_FIELD = "http://data.europa.eu/snb/isced-f/0541"


def names(uris: tuple[str, ...]) -> list[str]:
    return [found.labels["en"] for uri in uris if (found := subjects.find(uri))]


def test_a_concept_is_below_its_microthesaurus_and_that_below_its_domain() -> None:
    found = subjects.closure(MATHEMATICS)
    assert names(found)[0] == "Mathematics"
    assert names(found)[-2:] == ["Mathematics and statistics", "Science"]
    assert subjects.roots(MATHEMATICS) == (f"{THESAURUS}domain2",)


def test_a_field_is_below_its_broad_field() -> None:
    assert names(subjects.roots(ALGEBRA_FIELD)) == ["Natural sciences, mathematics and statistics"]


def test_every_subject_is_in_the_tree_and_above_all_stand_eighteen() -> None:
    every = [term for scheme in vocabularies.SUBJECTS for term in vocabularies.terms(scheme).values()]
    roots = {root for term in every if term.offered for root in subjects.roots(term.uri)}
    assert {f"{THESAURUS}domain{number}" for number in range(1, 8)} <= roots
    assert len(roots) == 7 + 11
    assert all(subjects.find(root) for root in roots)


def test_a_group_is_no_subject_of_a_resource() -> None:
    for uri in vocabularies.terms(subjects.GROUPS):
        assert vocabularies.find(uri) is None
        assert subjects.find(uri) is not None


@pytest.mark.parametrize("uri", ["", "nothing", f"{THESAURUS}concept0", f"{THESAURUS}mt9.99"])
def test_what_is_not_in_the_tree_stands_alone(uri: str) -> None:
    assert subjects.find(uri) is None
    assert subjects.wider(uri) == ()
    assert subjects.closure(uri) == subjects.roots(uri) == (uri,)
