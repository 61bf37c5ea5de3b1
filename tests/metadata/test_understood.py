"""What partners write, as it is recorded in the wild, and what is made of it."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from record_strategies import strings

from metadata import licences, vocabularies
from metadata.crosswalks import understood
from metadata.crosswalks.understood_terms import _NEAREST, _TYPE_WORDS
from metadata.record import Access, Agent, Contributor, Identifier, Record, Text
from metadata.validate import problems

HCRT = "https://w3id.org/kim/hcrt/"
LEVEL = "https://w3id.org/kim/educationalLevel/level_"
ROLE = "http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/"
CC = "https://creativecommons.org/"


@pytest.mark.parametrize(
    ("said", "tag"),
    [
        ("en", "en"),
        ("eng", "en"),
        ("ger", "de"),  # ISO 639-2/B
        ("en_US", "en-US"),
        ("zh-Hant", "zh-Hant"),
        ("English", "en"),
        ("arabe", "ar"),
        ("العربية", "ar"),
        ("عربي", "ar"),
        ("اللغة الفرنسية", "fr"),
        ("Français", "fr"),
        ("Occitan (post 1500)", "oc"),
        ("tamazight", "ber"),
        ("zxx", "zxx"),
        ("und", None),
        ("mul", None),
        ("en fr", None),
        ("Valbonnais dialect", None),
        ("", None),
    ],
)
def test_languages_by_code_tag_and_name(said: str, tag: str | None) -> None:
    assert understood.language(said) == tag


@pytest.mark.parametrize(
    ("said", "uri"),
    [
        ("http://creativecommons.org/licenses/by/4.0", f"{CC}licenses/by/4.0/"),
        ("https://creativecommons.org/licenses/by-sa/4.0/deed.fr", f"{CC}licenses/by-sa/4.0/"),
        ("https://creativecommons.org/licenses/by-sa/4.0/legalcode", f"{CC}licenses/by-sa/4.0/"),
        ("CC-BY-NC-4.0", f"{CC}licenses/by-nc/4.0/"),
        ("CCBY4.0", f"{CC}licenses/by/4.0/"),
        ("CC BY-NC-SA 3.0 IGO", f"{CC}licenses/by-nc-sa/3.0/igo/"),
        ("CC0", f"{CC}publicdomain/zero/1.0/"),
        ("Creative Commons Attribution 4.0 International", f"{CC}licenses/by/4.0/"),
        ("رخصة المشاع الإبداعي نسب المصنف 4.0 دولي", f"{CC}licenses/by/4.0/"),
        (
            "Licence Creative Commons Attribution - Partage dans les mêmes conditions 4.0 International",
            f"{CC}licenses/by-sa/4.0/",
        ),
        (
            "This is under a Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International License.",
            f"{CC}licenses/by-nc-sa/4.0/",
        ),
        (
            "The full terms of the License are available at http://creativecommons.org/licenses/by-nc/3.0/. Ask first.",
            f"{CC}licenses/by-nc/3.0/",
        ),
        ("GPL-3.0", "https://spdx.org/licenses/GPL-3.0-only"),
        ("CC BY", None),
        ("Creative Commons Attribution", None),
        ("Public domain", None),
        ("Text CC BY 4.0, pictures CC BY-NC 4.0", None),
        ("Text CC BY 4.0, pictures: all rights reserved", None),
        ("Metadata: http://creativecommons.org/publicdomain/zero/1.0/", None),
        ("© 2016 Macmillan Publishers Limited", None),
    ],
)
def test_licences_are_named_by_one_statement_about_the_whole_work(said: str, uri: str | None) -> None:
    assert understood.licence(said) == uri


def test_every_licence_is_understood_from_its_address_and_its_name() -> None:
    for licence in licences.offered(igo=True):
        for said in (licence.uri, licence.uri.replace("https:", "http:").rstrip("/"), licence.short):
            assert understood.licence(said) == licence.uri
        for label in licence.labels.values():
            assert understood.licence(label) == licence.uri


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("info:eu-repo/semantics/openAccess", "open"),
        ("openAccess", "open"),
        ("info:eu-repo/semantics/restrictedAccess", "institution"),
        ("info:eu-repo/semantics/closedAccess", "metadata-only"),
        ("info:eu-repo/semantics/embargoedAccess", "metadata-only"),
        ("http://purl.org/coar/access_right/c_abf2", "open"),
        ("http://purl.org/coar/access_right/c_16ec", "institution"),
        ("https://publications.europa.eu/resource/authority/access-right/NON_PUBLIC", "metadata-only"),
        ("Free access", "open"),
        ("accès libre", "open"),
        ("وصول مفتوح", "open"),
        ("https://example.org/open", None),
        ("İzinli", None),
    ],
)
def test_access_by_vocabulary_and_plain_words(said: str, kind: str | None) -> None:
    found = understood.access(said)
    assert (found.kind if found else None) == kind


def test_an_embargo_ends_on_a_day_that_is_said() -> None:
    end = understood.access("info:eu-repo/date/embargoEnd/2025-09-01")
    assert end == Access(kind="embargoed", until=date(2025, 9, 1))
    assert understood.access("info:eu-repo/date/embargoEnd/2025") is None


@pytest.mark.parametrize(
    ("said", "edtf"),
    [
        ("2014-12-23", "2014-12-23"),
        ("2015-08-01T07:00:00Z", "2015-08-01"),
        ("2009-06-18 02:49:31", "2009-06-18"),
        ("2022~", "2022~"),
        ("156X", "156X"),
        ("../1950", "../1950"),
        ("start=2011; end=2011", "2011"),
        ("name=Great War; start=1914; end=1918-11-11; scheme=W3C-DTF;", "1914/1918-11-11"),
        ("start=2011;", "2011/.."),
        ("start=Cambrian period; scheme=Geological timescale; name=x", None),
        ("start=1914; end=the spring after", None),
        ("2015/5/3", "2015-05-03"),
        ("20150513", "2015-05-13"),
        ("2015-5", "2015-05"),
        ("2015-00-00", "2015"),
        ("13/05/2015", "2015-05-13"),
        ("05/13/2015", "2015-05-13"),
        ("05/05/2015", "2015-05-05"),
        ("03/05/2015", None),
        ("13.05.2015", "2015-05-13"),
        ("©1999", "1999"),
        ("c1999", "1999"),
        ("ca. 1920", "1920~"),
        ("vers 1920", "1920~"),
        ("ca 1920?", "1920%"),
        ("[1920?]", "1920?"),
        ("(1870-1871)", "1870/1871"),
        ("1998-1999", "1998/1999"),
        ("1999-1998", None),
        ("December 2014", "2014-12"),
        ("Sept. 2014", "2014-09"),
        ("13 May 2015", "2015-05-13"),
        ("May 13, 2015", "2015-05-13"),
        ("Wed, 13 May 2015 10:00:00 GMT", "2015-05-13"),
        ("1er août 2015", "2015-08-01"),
        ("١٣ مايو ٢٠١٥", "2015-05-13"),
        ("13 أيار 2015", "2015-05-13"),  # the Levant
        ("جانفي 2020", "2020-01"),  # Tunisia, Algeria
        ("2024م", "2024"),
        ("1445 هـ", None),
        ("19th century", None),
        ("2014-02-30", None),
        ("0000", None),
        ("n.d.", None),
        ("", None),
    ],
)
def test_dates_that_can_be_read_in_one_way_only(said: str, edtf: str | None) -> None:
    assert understood.date(said) == edtf


@pytest.mark.parametrize(
    ("said", "agent"),
    [
        ("Smith, John", Agent(name="John Smith", given="John", family="Smith")),
        ("بن عمر، ليلى", Agent(name="ليلى بن عمر", given="ليلى", family="بن عمر")),
        ("Smith, John, Jr.", Agent(name="John Smith, Jr.", given="John, Jr.", family="Smith")),
        ("Smith, John, 1950-2000.", Agent(name="John Smith", given="John", family="Smith")),
        ("Martin Paul Eve", Agent(name="Martin Paul Eve")),
        ("Brown, Green and White", Agent(name="Green and White Brown", given="Green and White", family="Brown")),
        ("A, B, C", Agent(name="A, B, C")),
        ("جامعة تونس", Agent(kind="organisation", name="جامعة تونس")),
        (
            "University of Minnesota, Agricultural Extension Service",
            Agent(kind="organisation", name="University of Minnesota, Agricultural Extension Service"),
        ),
        ("INRA https://ror.org/05dxps055", Agent(kind="organisation", name="INRA", ror="05dxps055")),
        (
            "Doe, Jane (https://orcid.org/0000-0002-1825-0097)",
            Agent(name="Jane Doe", given="Jane", family="Doe", orcid="0000-0002-1825-0097"),
        ),
        ("Eve 0000-0002-1825-0098", Agent(name="Eve 0000-0002-1825-0098")),  # wrong check digit
        ("n/a", None),
        ("", None),
        ("x" * 301, None),
    ],
)
def test_agents_are_people_by_family_and_given_or_organisations(said: str, agent: Agent | None) -> None:
    assert understood.agent(said) == agent


def test_a_format_that_knows_the_kind_of_agent_decides() -> None:
    whole = understood.agent("Rodin, Auguste", "organisation")
    assert whole == Agent(kind="organisation", name="Rodin, Auguste")
    named = understood.agent("College, Ada", "person")
    assert named is not None
    assert named.family == "College"


@pytest.mark.parametrize(
    ("said", "scheme", "value"),
    [
        ("10.1234/x", "doi", "10.1234/x"),
        ("doi:10.1234/x", "doi", "10.1234/x"),
        ("http://dx.doi.org/10.1234/X.y", "doi", "10.1234/X.y"),
        ("DOI: https://doi.org/10.1234/x", "doi", "10.1234/x"),
        ("info:doi/10.1234/x", "doi", "10.1234/x"),
        ("http://hdl.handle.net/10138/331330", "handle", "10138/331330"),
        ("hdl:1813/123", "handle", "1813/123"),
        ("urn:isbn:9783161484100", "isbn", "9783161484100"),
        ("ISBN 90-6132-281-2", "isbn", "90-6132-281-2"),
        ("9783161484100", "isbn", "9783161484100"),
        ("ISSN: 2049-3630", "issn", "2049-3630"),
        ("1932-6203", "issn", "1932-6203"),
        ("https://مدرسة.example.org/دروس/الضوء", "url", "https://مدرسة.example.org/دروس/الضوء"),
        ("urn:nbn:de:101:1-2019", "urn", "urn:nbn:de:101:1-2019"),
        ("oai:x.org:1", "other", "oai:x.org:1"),
        ("arXiv:1412.1234", "other", "arXiv:1412.1234"),
    ],
)
def test_identifiers_are_stored_without_what_names_their_scheme(said: str, scheme: str, value: str) -> None:
    found = understood.identifier(said)
    assert found is not None
    assert (found.scheme, found.value) == (scheme, value)


@pytest.mark.parametrize(
    "said",
    [
        "1998-2003",  # the check digit of an ISSN is right by chance
        "1234567890",
        "ISBN 978-3-16-148410-1",
        "PUBLISHER_CC",
        "https://example.org/a b",
        "javascript:alert(1)",
        "Chatrchyan, S. et al. https://example.org/1",
        "http://",
        "",
    ],
)
def test_what_may_be_anything_is_no_identifier(said: str) -> None:
    assert understood.identifier(said) is None


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("http://w3id.org/kim/hcrt/video/", "video"),
        ("خطة درس", "lesson_plan"),
        ("Plan de cours", "lesson_plan"),
        ("lessonPlan", "lesson_plan"),
        ("http://purl.org/dcx/lrmi-vocabs/learningResourceType/unitPlan", "lesson_plan"),
        ("MovingImage", "video"),
        ("http://purl.org/dc/dcmitype/Sound", "audio"),
        ("http://purl.org/coar/resource_type/c_8544", "script"),
        ("journalArticle", "text"),
        ("http://purl.org/eprint/type/ConferencePaper", "text"),
        ("info:eu-repo/semantics/conferenceObject", "text"),
        ("notated music", "sheet_music"),
        ("info:eu-repo/semantics/bookPart", "text"),
        ("narrative text", "text"),
        ("self assessment", "assessment"),
        ("problem statement", "drill_and_practice"),
        ("Interactive Simulation", "simulation"),
        ("exercices", "drill_and_practice"),
        ("تمارين", "drill_and_practice"),
        ("https://schema.org/VideoObject", "video"),
        ("info:eu-repo/semantics/publishedVersion", None),
        ("http://purl.org/coar/resource_type/c_e059", None),  # learning object: of what kind?
        ("Event", None),
        ("PeerReviewed", None),
        ("application/pdf", None),
    ],
)
def test_resource_types_of_other_vocabularies_become_hcrt(said: str, code: str | None) -> None:
    assert understood.resource_type(said) == (HCRT + code if code else None)


def test_the_tables_of_types_name_terms_that_exist() -> None:
    known = {uri.removeprefix(HCRT) for uri in vocabularies.terms("hcrt")}
    assert known >= set(_TYPE_WORDS)
    for scheme, nearest in _NEAREST.items():
        there = {uri.rpartition("/")[2] for uri in vocabularies.terms(scheme)}
        assert known >= set(nearest)
        assert there >= {local for locals_ in nearest.values() for local in locals_.split("|")}


@pytest.mark.parametrize("scheme", ["hcrt", "isced-levels", "audience"])
def test_every_term_is_understood_from_its_uri_and_its_labels(scheme: str) -> None:
    read = {"hcrt": understood.resource_type, "isced-levels": understood.level, "audience": understood.audience}[scheme]
    for uri, term in vocabularies.terms(scheme).items():
        for said in (uri, *term.labels.values()):
            assert read(said) == uri, said


@pytest.mark.parametrize(
    ("said", "uri"),
    [
        ("http://vocabularies.unesco.org/thesaurus/concept132/", "http://vocabularies.unesco.org/thesaurus/concept132"),
        ("Physique", "http://vocabularies.unesco.org/thesaurus/concept132"),
        ("فيزياء", "http://vocabularies.unesco.org/thesaurus/concept132"),
        ("http://data.europa.eu/snb/isced-f/0533", "http://data.europa.eu/snb/isced-f/0533"),
        ("0533", None),
        ("concept132", None),
        ("homology", None),  # another name of topology there
        ("Condensed Matter - Mesoscale", None),
    ],
)
def test_subjects_by_uri_or_exact_label(said: str, uri: str | None) -> None:
    assert understood.subject(said) == uri


@pytest.mark.parametrize(
    ("said", "code"),
    [("ISCED 2", "2"), ("CITE 3", "3"), ("higher education", "A"), ("ابتدائي", "1"), ("lycée", "3"), ("Masters", "7")],
)
def test_levels_by_code_and_word(said: str, code: str) -> None:
    assert understood.level(said) == LEVEL + code


@pytest.mark.parametrize("said", ["2", "Grade 6", "school", "", "beginner"])
def test_school_years_are_no_isced_level(said: str) -> None:
    assert understood.level(said) is None


@pytest.mark.parametrize(
    ("said", "role"),
    [("Learner", "student"), ("élèves", "student"), ("طلاب", "student"), ("manager", "administrator"), ("x", None)],
)
def test_audiences_by_word(said: str, role: str | None) -> None:
    assert understood.audience(said) == (ROLE + role if role else None)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("a\n     b", "a\nb"),
        ("Convex &amp; concave", "Convex & concave"),
        ("&lt;p&gt;One&lt;/p&gt;&lt;p&gt;two <i>it</i></p>", "One\ntwo it"),
        ("ليزر < 1 mW", "ليزر < 1 mW"),
        ("What the <b> tag does", "What the <b> tag does"),
        ("a\u202e\ufdd0b", "ab"),
    ],
)
def test_texts_are_cleaned(said: str, value: str) -> None:
    assert understood.text(said, "en_US") == Text(value=value, lang="en-US")


def test_nothing_is_no_text_and_an_unknown_language_is_und() -> None:
    assert understood.text(" \u200f ", "ar") is None
    assert understood.text("x", "not a tag") == Text(value="x", lang="und")
    assert understood.text("x", None) == Text(value="x", lang="und")


def test_the_first_text_of_a_language_stays_and_the_others_overflow() -> None:
    pairs = [("a", "en"), ("b", "eng"), ("", "fr"), ("c", "fr"), ("a", "en"), ("d", None)]
    assert understood.texts(pairs) == [
        Text(value="a", lang="en"),
        Text(value="c", lang="fr"),
        Text(value="d", lang="und"),
    ]
    assert understood.overflow(pairs) == [Text(value="b", lang="en")]


def record_of(said: str) -> Record:
    """All that is understood of one text, in one record."""
    agent, contributor = understood.agent(said), understood.agent(said, "person")
    identifier, language, subject = understood.identifier(said), understood.language(said), understood.subject(said)
    level, audience, title = understood.level(said), understood.audience(said), understood.text(said[:400], said)
    role = "http://id.loc.gov/vocabulary/relators/ctb"
    return Record(
        title=[title] if title else [],
        languages=[language] if language else [],
        resource_type=understood.resource_type(said),
        subjects=[subject] if subject else [],
        levels=[level] if level else [],
        audience=[audience] if audience else [],
        creators=[agent] if agent else [],
        contributors=[Contributor(**contributor.model_dump(), role=role)] if contributor else [],
        issued=understood.date(said),
        licence=understood.licence(said),
        access=understood.access(said) or Access(),
        identifiers=[identifier] if identifier else [],
    )


ODD = st.one_of(
    st.text(),
    strings(300),
    st.from_regex(r"[\[(]?(c|ca\. |start=)?[0-9X/.-]{1,12}[~?%\])]?", fullmatch=True),
    st.from_regex(r"(doi:|https?://|urn:|isbn ?|hdl:|10\.)[a-zA-Z0-9./:%#-]{0,30}", fullmatch=True),
    st.from_regex(r"(CC|cc_)[ -]?by[a-z -]{0,9}[0-9.]{0,4}|Creative Commons [a-z ,-]*[0-9.]*", fullmatch=True),
    st.tuples(strings(), strings()).map(", ".join),
    st.sampled_from([*vocabularies.terms("dcmi-types"), *vocabularies.terms("coar-resource-types")]),
)


@settings(max_examples=400, deadline=None)
@example("Doe, Jane (0000-0002-1825-009X)")
@example("\ud800, \x00")
@given(said=ODD)
def test_whatever_is_understood_is_sound_and_nothing_raises(said: str) -> None:
    errors = [problem for problem in problems(record_of(said), "draft") if problem.severity == "error"]
    assert not errors


FUNCTIONS: list[Callable[[str], object]] = [
    *(understood.language, understood.licence, understood.access, understood.date, understood.agent),
    *(understood.identifier, understood.resource_type, understood.subject, understood.level, understood.audience),
    lambda said: understood.text(said, None),
]


@pytest.mark.parametrize(
    "long", [" " * 300_000 + "x", "," * 300_000, "<p " * 100_000, "\ufdd0" * 100_000, "x" * 300_000]
)
def test_long_texts_take_no_long_time(long: str) -> None:
    for function in FUNCTIONS:
        function(long)  # quadratic patterns would outlast the time limit of the tests


def test_identifiers_of_the_record_are_understood_as_themselves() -> None:
    for said in ("10.1234/eau.2022", "978-3-16-148410-0", "https://example.org/1", "urn:nbn:de:101:1-2019"):
        found = understood.identifier(said)
        assert isinstance(found, Identifier)
        assert found.value == said
