"""LOM written: educational, rights, relation and classification."""

from datetime import date
from typing import Any

import pytest
from formats import around
from lom_elements import AUDIENCE, CC_BY, HCRT, LEVEL, LOM, at, strings, texts, values, without_our_terms, written
from lxml import etree

from metadata import vocabularies
from metadata.crosswalks import lom, lom_terms
from metadata.record import Access, Accessibility, AgeRange, Alignment, Record, Reference, Source, Text


def test_the_resource_type_is_a_word_of_lom_where_it_has_one_and_then_ours() -> None:
    path = "educational/learningResourceType"
    scheme = f"{HCRT}scheme"
    assert values(written(resource_type=f"{HCRT}worksheet"), path) == [
        ("LOMv1.0", "exercise"),
        (scheme, f"{HCRT}worksheet"),
    ]
    assert values(written(resource_type=f"{HCRT}video"), path) == [(scheme, f"{HCRT}video")]


def test_words_of_lom_are_given_for_terms_that_exist_and_are_words_of_lom(strict: etree.XMLSchema) -> None:
    for table, base, field in (
        (lom_terms.TYPES, HCRT, "resource_type"),
        (lom_terms.CONTEXTS, LEVEL, "levels"),
        (lom_terms.ROLES, AUDIENCE, "audience"),
    ):
        scheme = vocabularies.FIELDS[field][0]
        for code in table:
            assert vocabularies.term(scheme, base + code), code
            value: object = base + code if field == "resource_type" else [base + code]
            strict.assertValid(without_our_terms(lom.dump(around(Record(**{field: value})))))
    assert set(lom_terms.CONTEXTS) == {lom_terms.local(uri) for uri in vocabularies.terms("isced-levels")}


def test_audience_is_learner_or_teacher_to_lom_and_exact_to_others() -> None:
    root = written(audience=[f"{AUDIENCE}student", f"{AUDIENCE}generalPublic", f"{AUDIENCE}parent"])
    assert values(root, "educational/intendedEndUserRole") == [
        ("LOMv1.0", "learner"),
        (AUDIENCE, f"{AUDIENCE}student"),
        (AUDIENCE, f"{AUDIENCE}generalPublic"),
        (AUDIENCE, f"{AUDIENCE}parent"),
    ]


def test_levels_are_one_context_each_and_the_level_itself_in_a_classification() -> None:
    root = written(levels=[f"{LEVEL}level_1", f"{LEVEL}level_2", f"{LEVEL}level_6"])
    assert [value for _, value in values(root, "educational/context")] == ["school", "higher education"]
    assert values(root, "classification/purpose") == [("LOMv1.0", "educational level")]
    assert texts(root, "classification/taxonPath/taxon/id")[-2:] == [f"{LEVEL}level_A", f"{LEVEL}level_6"]


@pytest.mark.parametrize(
    ("low", "high", "said"), [(13, 14, "13-14"), (15, 15, "15"), (18, None, "18-"), (None, 6, "0-6")]
)
def test_age_ranges_are_written_as_lom_asks(low: int | None, high: int | None, said: str) -> None:
    root = written(age_range=AgeRange(minimum=low, maximum=high))
    assert strings(root, "educational/typicalAgeRange") == [(said, "x-none")]


# ── 6 Rights ─────────────────────────────────────────────────────────────────────────────────────


def test_rights_are_the_licence_access_holder_then_names_and_notes_by_language() -> None:
    root = written(
        licence=CC_BY,
        access=Access(kind="embargoed", until=date(2027, 1, 1)),
        rights_holder="ليلى",
        rights_note=[Text(value="Photos : voir page 4.", lang="fr"), Text(value="Bilder: S. 4", lang="de")],
    )
    assert strings(root, "rights/description") == [
        (CC_BY, "x-t-cc-url"),
        ("info:eu-repo/semantics/embargoedAccess", "x-none"),
        ("info:eu-repo/date/embargoEnd/2027-01-01", "x-none"),
        ("© ليلى", "x-none"),
        ("نَسْبُ المُصنَّف 4.0 دولي", "ar"),
        ("Attribution 4.0 International\nPhotos : voir page 4.", "fr"),
        ("Attribution 4.0 International", "en"),
        ("Bilder: S. 4", "de"),
    ]


@pytest.mark.parametrize(
    ("licence", "restricted", "language"),
    [
        (CC_BY, "yes", "x-t-cc-url"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "no", "x-t-cc-url"),
        ("https://spdx.org/licenses/MIT", "yes", "x-none"),
    ],
)
def test_only_the_public_domain_is_without_restrictions(licence: str, restricted: str, language: str) -> None:
    root = written(licence=licence)
    assert values(root, "rights/copyrightAndOtherRestrictions") == [("LOMv1.0", restricted)]
    assert strings(root, "rights/description")[0][1] == language


@pytest.mark.parametrize(("kind", "cost"), [("open", 1), ("embargoed", 1), ("institution", 0), ("metadata-only", 0)])
def test_no_cost_is_said_only_where_the_files_are_here_for_all(kind: Any, cost: int) -> None:
    assert len(at(written(access=Access(kind=kind)), "rights/cost")) == cost


# ── 7 Relation, 9 Classification ─────────────────────────────────────────────────────────────────


def test_related_works_have_a_kind_an_identifier_and_a_title() -> None:
    source = Source(identifier="doi:10.1/x", title="Atlas", creator="R. Haddad", licence=CC_BY)
    root = written(
        part_of=[Reference(identifier="https://example.org/c", title="Botany")],
        parts=[Reference(identifier="oai:oer.example.org:w1")],
        translation_of=Reference(identifier="https://example.org/t"),
        sources=[source],
    )
    assert [value for _, value in values(root, "relation/kind")] == ["ispartof", "haspart", "isversionof", "isbasedon"]
    identifiers = at(root, "relation/resource/identifier")
    assert [(node.findtext(f"{LOM}catalog"), node.findtext(f"{LOM}entry")) for node in identifiers] == [
        ("URI", "https://example.org/c"),
        ("oai", "oai:oer.example.org:w1"),
        ("URI", "https://example.org/t"),
        ("DOI", "10.1/x"),
    ]
    assert strings(root, "relation/resource/description") == [
        ("Botany", "und"),
        ("Atlas — R. Haddad", "und"),
        (CC_BY, "x-t-cc-url"),
    ]


def test_a_subject_is_a_path_from_the_widest_field_with_labels_in_three_languages() -> None:
    root = written(subjects=["http://data.europa.eu/snb/isced-f/0533"])
    assert values(root, "classification/purpose") == [("LOMv1.0", "discipline")]
    assert strings(root, "classification/taxonPath/source") == [("ISCED-F 2013", "en")]
    ids = [f"http://data.europa.eu/snb/isced-f/{code}" for code in ("05", "053", "0533")]
    assert texts(root, "classification/taxonPath/taxon/id") == ids
    languages = [tag for _, tag in strings(root, "classification/taxonPath/taxon/entry")]
    assert languages == ["ar", "fr", "en"] * 3


def test_every_subject_has_a_path_that_ends() -> None:
    for scheme in vocabularies.SUBJECTS:
        for uri in vocabularies.terms(scheme):
            assert lom_terms.path(scheme, uri)[-1].uri == uri


@pytest.mark.parametrize(
    ("fields", "purpose", "source"),
    [
        (
            {"kind": "sdg", "target": "http://metadata.un.org/sdg/4.7"},
            "educational objective",
            "Sustainable Development Goals",
        ),
        ({"kind": "curriculum", "target": "8.3", "framework": "البرامج"}, "educational objective", "البرامج"),
        ({"kind": "competency", "target": "C1", "framework": "DigComp"}, "competency", "DigComp"),
        ({"kind": "occupation", "target": "http://data.europa.eu/esco/isco/C2"}, "competency", None),
        ({"kind": "competency", "target": "C1", "relation": "prerequisite"}, "prerequisite", None),
    ],
)
def test_alignments_are_classified_by_what_they_say(fields: dict[str, Any], purpose: str, source: str | None) -> None:
    if "relation" in fields:
        fields["relation"] = vocabularies.canonical("alignment-relations", fields["relation"])
    root = written(alignments=[Alignment(**fields)])
    assert values(root, "classification/purpose") == [("LOMv1.0", purpose)]
    assert texts(root, "classification/taxonPath/taxon/id")[-1] == fields["target"]
    assert [text for text, _ in strings(root, "classification/taxonPath/source")] == ([source] if source else [])


def test_accessibility_is_told_as_restrictions_with_its_summary() -> None:
    base = "https://www.w3.org/2021/a11y-discov-vocab/latest/#"
    found = Accessibility(
        modes=[f"{base}visual"], hazards=[f"{base}flashing"], summary=[Text(value="Légendes.", lang="fr")]
    )
    root = written(accessibility=found)
    assert values(root, "classification/purpose") == [("LOMv1.0", "accessibility restrictions")]
    assert texts(root, "classification/taxonPath/taxon/id") == [f"{base}visual", f"{base}flashing"]
    assert strings(root, "classification/description") == [("Légendes.", "fr")]
