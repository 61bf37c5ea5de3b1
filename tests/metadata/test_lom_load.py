"""LOM read: what comes back of our own, and what no document can do."""

import re
from functools import cache
from typing import Any

import pytest
from formats import FILES, NAMES, around, golden_record
from hypothesis import given, settings
from hypothesis import strategies as st
from lom_elements import CC_BY, RELATORS, errors
from record_strategies import described

from metadata import xml
from metadata.crosswalks import Described, lom, lom_load
from metadata.record import Alignment, Record

# ── Our own, read back ───────────────────────────────────────────────────────────────────────────

# What the format does not carry whole; test by test below: what is lost, and how.
CHANGED = {
    *("creators", "contributors", "issued", "sources", "translation_of", "alignments", "accessibility", "identifiers"),
    "citation_note",
}


@cache
def back(name: str) -> tuple[Record, Record]:
    written = golden_record(name)
    return written, lom_load.load(xml.parse(lom.dump(around(written)))).record


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("field", sorted(Record.model_fields.keys() - CHANGED))
def test_a_rich_record_comes_back_with(field: str, name: str) -> None:
    written, read = back(name)
    assert getattr(read, field) == getattr(written, field)


@pytest.mark.parametrize("name", NAMES)
def test_people_come_back_with_their_order_and_orcid_or_ror_as_bare_ids(name: str) -> None:
    written, read = back(name)
    assert [one.name for one in read.creators] == [one.name for one in written.creators]
    for ours, theirs in zip(written.creators, read.creators, strict=True):
        assert (theirs.kind, theirs.family, theirs.given, theirs.affiliations) == (
            ours.kind,
            ours.family,
            ours.given,
            ours.affiliations,
        )
        assert theirs.orcid == ours.orcid
        assert theirs.ror == (ours.ror.rpartition("/")[2] if ours.ror else None)
    roles = [(one.name, one.role) for one in read.contributors]
    assert roles[0] == ("جامعة المثال", f"{RELATORS}his")  # the institution, which a record does not name
    assert roles[1:] == [(one.name, one.role) for one in written.contributors]


@pytest.mark.parametrize("name", NAMES)
def test_identifiers_come_back_behind_those_of_the_repository(name: str) -> None:
    written, read = back(name)
    assert [(one.scheme, one.value) for one in read.identifiers[:2]] == [
        ("other", "oai:oer.example.org:k7m2p9qd"),
        ("url", "https://oer.example.org/resources/k7m2p9qd"),
    ]
    assert read.identifiers[2:] == written.identifiers


def test_what_the_format_cannot_carry_is_known() -> None:
    written, read = back("fr")
    assert read.translation_of is None  # LOM's isversionof says too little
    assert read.sources[0].title == "Atlas of Oasis Water — R. Haddad"
    assert read.sources[0].model_copy(update={"title": "", "creator": None}) == written.sources[0].model_copy(
        update={"title": "", "creator": None}
    )
    written, read = back("ar")
    assert [one.model_copy(update={"relation": None}) for one in written.alignments] == read.alignments
    written, read = back("en")
    assert written.accessibility
    assert read.accessibility == written.accessibility.model_copy(update={"sufficient": []})


def test_of_our_own_only_files_version_and_kinds_without_a_field_are_left() -> None:
    for name in NAMES:
        left = lom_load.load(xml.parse(lom.dump(around(golden_record(name))))).unmapped
        plain = [line for line in left if not line.startswith("lom:relation[isversionof]")]
        assert plain == [
            "lom:lifeCycle/version/string: 1",
            "lom:lifeCycle/status/value: final",
            "lom:technical/format: application/pdf",
            "lom:technical/format: video/mp4",
            "lom:technical/size: 3",
            *(f"lom:technical/location: {file.url}" for file in FILES),
        ]


def test_a_goal_that_is_what_a_resource_is_about_is_no_subject_of_the_same_name() -> None:
    about = "http://purl.org/dcx/lrmi-vocabs/alignmentType/educationalSubject"
    goal = Alignment(kind="sdg", target="http://metadata.un.org/sdg/5", relation=about)
    read = lom_load.load(xml.parse(lom.dump(around(Record(alignments=[goal]))))).record
    assert (read.subjects, read.alignments) == ([], [goal.model_copy(update={"relation": None})])


@settings(max_examples=100, deadline=None)
@given(made=described(complete=False))
def test_whatever_we_write_is_read_without_error(made: Described) -> None:
    read = lom_load.load(xml.parse(lom.dump(made))).record
    assert errors(read) == []
    assert (read.licence, read.levels, read.subjects) == (
        made.record.licence,
        made.record.levels,
        made.record.subjects,
    )
    assert [(text.value, text.lang) for text in read.title if text.lang != "und"] == [
        (text.value, text.lang) for text in made.record.title
    ] or len(made.record.alternative) > 0


# ── Anything ─────────────────────────────────────────────────────────────────────────────────────

_NAMES = [
    *("lom", "general", "lifeCycle", "metaMetadata", "technical", "educational", "rights", "relation", "identifier"),
    *("classification", "catalog", "entry", "title", "string", "langstring", "language", "description", "keyword"),
    *("coverage", "contribute", "role", "source", "value", "entity", "centity", "vcard", "date", "dateTime"),
    *("location", "duration", "otherPlatformRequirements", "learningResourceType", "intendedEndUserRole", "context"),
    *("typicalAgeRange", "typicalLearningTime", "cost", "copyrightAndOtherRestrictions", "kind", "resource", "purpose"),
    *("taxonPath", "taxon", "id", "catalogentry", "url", "uri", "datetime"),
]  # fmt: skip
_WORDS = [
    *("LOMv1.0", "author", "publisher", "Discipline", "competency", "educational level", "accessibility restrictions"),
    *("ispartof", "isbasedon", "haspart", "URI", "DOI", "10.1/x", "https://x.org/1", "javascript:alert(1)", "x-none"),
    *("BEGIN:VCARD\nFN:Ana\nEND:VCARD", "2024", "2024-13-45", "9-7", "999-", "PT1H", "1:2", "TN", "ar", "درس"),
    *("x" * 600, "", " ", "\u00ad", "<b>x</b>", "0000", "competency", "accessibility restrictions", "idea"),
    *(CC_BY, "info:eu-repo/semantics/openAccess", "info:eu-repo/date/embargoEnd/2027-01-01", "© Ana", "\u202e"),
]  # fmt: skip


def _trees() -> st.SearchStrategy[Any]:
    leaf = st.tuples(st.sampled_from(_NAMES), st.sampled_from(_WORDS) | st.text(max_size=20))
    return st.recursive(
        leaf, lambda inside: st.tuples(st.sampled_from(_NAMES), st.lists(inside, max_size=5)), max_leaves=30
    )


def _grown(tree: tuple[str, Any], parent: xml.Element) -> None:
    name, inside = tree
    if isinstance(inside, str):
        xml.sub(parent, f"lom:{name}", inside, {"language": inside[:9]} if name == "string" else None)
    else:
        node = xml.sub(parent, f"lom:{name}")
        for one in inside:
            _grown(one, node)


@settings(max_examples=250, deadline=None)
@given(trees=st.lists(_trees(), max_size=8))
def test_any_tree_gives_a_record_without_errors(trees: list[tuple[str, Any]]) -> None:
    root = xml.element("lom:lom", default="lom")
    for tree in trees:
        _grown(tree, root)
    found = lom_load.load(root)
    assert errors(found.record) == []
    assert all(re.match(r"[^:]+(?::\S+)?.*: \S", line) for line in found.unmapped)


@pytest.mark.parametrize("body", [b"<x/>", b"<lom/>", b"<lom>words</lom>", b"<a><lom/><lom/></a>", b"<!-- --><lom/>"])
def test_documents_with_nothing_in_them_give_an_empty_record(body: bytes) -> None:
    assert lom_load.load(xml.parse(body)).record == Record()
