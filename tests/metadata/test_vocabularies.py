"""Looking terms up, taking what people write, overriding labels."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata import vocabularies

VIDEO = "https://w3id.org/kim/hcrt/video"
A11Y = "https://www.w3.org/2021/a11y-discov-vocab/latest/#"
ISCED = "http://data.europa.eu/snb/isced-f/"
SDG = "http://metadata.un.org/sdg/"
THESAURUS = "http://vocabularies.unesco.org/thesaurus/"


@pytest.fixture
def shipped() -> Iterator[None]:
    """Whatever a test overrides, the next one sees the shipped labels."""
    yield
    vocabularies.override({})


def test_a_term_is_found_by_its_exact_uri_only() -> None:
    term = vocabularies.term("hcrt", VIDEO)
    assert term is not None
    assert (term.scheme, term.notation, term.labels["ar"], term.offered) == ("hcrt", "video", "فيديو", True)
    assert vocabularies.term("hcrt", VIDEO + "/") is None
    assert vocabularies.term("sdg", VIDEO) is None


def test_an_unknown_scheme_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(LookupError, match="no such vocabulary"):
        vocabularies.terms("../licences")


def test_terms_cannot_be_changed_by_who_reads_them() -> None:
    term = vocabularies.terms("hcrt")[VIDEO]
    with pytest.raises(TypeError):
        term.labels["ar"] = "x"  # type: ignore[index]
    with pytest.raises(TypeError):
        vocabularies.terms("hcrt")[VIDEO] = term  # type: ignore[index]


def test_importing_reads_no_vocabulary() -> None:
    program = "from metadata import attribution, vocabularies; print(vocabularies.terms.cache_info().currsize)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


def test_codes_keep_their_leading_zeros() -> None:
    term = vocabularies.with_notation("isced-f", "0613")
    assert term is not None
    assert (term.uri, term.broader, term.extra) == (
        f"{ISCED}0613",
        (f"{ISCED}061",),
        {"kind": "field", "level": "detailed"},
    )
    assert vocabularies.with_notation("isced-f", "613") is None


def test_subjects_are_found_whichever_scheme_they_belong_to() -> None:
    field, concept = vocabularies.find(f"{ISCED}0613"), vocabularies.find(f"{THESAURUS}concept3602")
    assert field is not None
    assert concept is not None
    assert (field.scheme, concept.scheme) == ("isced-f", "unesco-thesaurus")
    assert concept.labels == {"ar": "تعليم أساسي", "fr": "Éducation de base", "en": "Basic education"}
    assert vocabularies.find(VIDEO) is None


@pytest.mark.parametrize(
    ("scheme", "uri", "lang", "shown"),
    [
        ("hcrt", VIDEO, "ar", "فيديو"),
        ("hcrt", VIDEO, "fr-TN", "Vidéo"),
        ("hcrt", VIDEO, "es", "Video"),
        ("unesco-thesaurus", f"{THESAURUS}concept17171", "ar", "Well-being"),
        ("hcrt", "https://example.org/types/game/", "ar", "game"),
        ("hcrt", f"{A11Y}none", "ar", "none"),
        ("hcrt", "game", "ar", "game"),
        ("institution-kinds", "ministry", "ar", "وزارة"),
    ],
)
def test_a_label_falls_back_visibly(scheme: str, uri: str, lang: str, shown: str) -> None:
    assert vocabularies.label(scheme, uri, lang) == shown


@pytest.mark.parametrize(
    ("scheme", "written", "uri"),
    [
        ("hcrt", f" {VIDEO} ", VIDEO),
        ("hcrt", "http://w3id.org/kim/hcrt/video/", VIDEO),
        ("hcrt", "VIDEO", VIDEO),
        ("hcrt", "vidéo", VIDEO),
        ("hcrt", "فيديو", VIDEO),
        ("hcrt", "Contrôle d'apprentissage", "https://w3id.org/kim/hcrt/assessment"),
        ("hcrt", "تقويم تعلم", "https://w3id.org/kim/hcrt/assessment"),
        ("isced-levels", "6", "https://w3id.org/kim/educationalLevel/level_6"),
        ("isced-levels", "level_6", "https://w3id.org/kim/educationalLevel/level_6"),
        ("isced-f", "https://data.europa.eu/snb/isced-f/0613", f"{ISCED}0613"),
        ("isced-f", "Law", f"{ISCED}042"),
        ("isced-f", "القانون", f"{ISCED}042"),
        ("accessibility-features", "none", f"{A11Y}feature-none"),
        ("accessibility-hazards", "none", f"{A11Y}hazard-none"),
        ("accessibility-features", "unknown", f"{A11Y}feature-unknown"),
        ("accessibility-hazards", "unknown", f"{A11Y}hazard-unknown"),
        ("accessibility-features", "captions", f"{A11Y}captions"),
        ("access-modes-sufficient", "textual", f"{A11Y}ams-textual"),
        ("access-modes", "textual", f"{A11Y}textual"),
        ("sdg", "4.7", f"{SDG}4.7"),
        ("sdg", "Quality education", f"{SDG}4"),
        ("unesco-thesaurus", "تعليم أساسي", f"{THESAURUS}concept3602"),
        ("unesco-thesaurus", "Pédagogie", f"{THESAURUS}concept4"),
        ("contributor-roles", "trl", "http://id.loc.gov/vocabulary/relators/trl"),
        ("contributor-roles", "مترجم", "http://id.loc.gov/vocabulary/relators/trl"),
        ("audience", "Teacher", "http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/teacher"),
        ("ict-cft", "ict-cft-v3-1-2", "https://unesdoc.unesco.org/ark:/48223/pf0000265721#ict-cft-v3-1-2"),
        ("institution-kinds", "École", "school"),
    ],
)
def test_what_people_write_finds_the_term(scheme: str, written: str, uri: str) -> None:
    assert vocabularies.canonical(scheme, written) == uri


@pytest.mark.parametrize(
    ("scheme", "written"),
    [("hcrt", ""), ("hcrt", "films"), ("hcrt", "https://w3id.org/kim/hcrt/"), ("licences", "4.0"), ("licences", "fr")],
)
def test_what_means_no_term_is_not_guessed(scheme: str, written: str) -> None:
    assert vocabularies.canonical(scheme, written) is None


def test_a_name_of_two_unrelated_concepts_is_not_guessed() -> None:
    bearers = [
        term.labels["en"]
        for term in vocabularies.terms("unesco-thesaurus").values()
        if term.labels.get("ar") == "هندسة"
    ]
    assert len(bearers) == 2
    assert vocabularies.canonical("unesco-thesaurus", "هندسة") is None


@pytest.mark.parametrize("scheme", vocabularies.schemes())
def test_every_term_is_found_by_its_uri_and_its_notation(scheme: str) -> None:
    for uri, term in vocabularies.terms(scheme).items():
        assert vocabularies.canonical(scheme, uri) == uri
        found = vocabularies.with_notation(scheme, term.notation)
        assert found is not None
        assert found.uri == uri


@given(st.text(), st.sampled_from(["hcrt", "isced-f", "licences", "media-groups"]))
def test_any_text_gives_a_term_or_none(text: str, scheme: str) -> None:
    uri = vocabularies.canonical(scheme, text)
    assert uri is None or uri in vocabularies.terms(scheme)


def test_broader_fields_and_goals_are_kept() -> None:
    assert vocabularies.terms("sdg")[f"{SDG}4.a"].broader == (f"{SDG}4",)
    competency = vocabularies.canonical("ict-cft", "ict-cft-v3-6-3")
    assert competency is not None
    (aspect,) = vocabularies.terms("ict-cft")[competency].broader
    assert vocabularies.label("ict-cft", aspect, "fr") == "Formation professionnelle des enseignants"


def test_roles_say_how_other_formats_name_them() -> None:
    role = vocabularies.with_notation("contributor-roles", "trl")
    assert role is not None
    assert role.extra == {"dc_element": "contributor", "datacite_role": "Translator", "lom_role": "content provider"}


@pytest.mark.parametrize(
    ("media_type", "extension", "group"),
    [
        ("application/pdf", "", "text_document"),
        ("text/markdown; charset=utf-8", "md", "text_document"),
        ("application/epub+zip", "epub", "ebook"),
        ("APPLICATION/ZIP", ".zip", "interactive"),
        ("application/zip", "docx", "text_document"),
        ("application/zip", ".H5P", "interactive"),
        ("text/plain", "py", "source_code"),
        ("text/plain", "", "text_document"),
        ("text/javascript", "js", "source_code"),
        ("application/xml", "cnxml", "data"),
        ("application/octet-stream", "mp4", "video"),
        ("application/octet-stream", "", "other"),
        ("image/svg+xml", "svg", "image"),
        ("image/x-unheard-of", "", "image"),
        ("text/x-unheard-of", "", "text_document"),
        ("application/x-unheard-of", "bin", "other"),
        ("", "", "other"),
    ],
)
def test_files_fall_into_groups(media_type: str, extension: str, group: str) -> None:
    assert vocabularies.media_group(media_type, extension).uri == group


@pytest.mark.usefixtures("shipped")
def test_an_operator_overrides_labels_and_the_old_ones_still_find_the_term() -> None:
    vocabularies.override({VIDEO: {"ar": " شريط مرئي ", "es": "Vídeo"}})
    term = vocabularies.terms("hcrt")[VIDEO]
    assert (term.labels["ar"], term.labels["fr"], term.labels["es"]) == ("شريط مرئي", "Vidéo", "Vídeo")
    assert term.in_house == ()
    assert vocabularies.canonical("hcrt", "شريط مرئى") == VIDEO
    assert vocabularies.canonical("hcrt", "فيديو") == VIDEO
    vocabularies.override({})
    assert vocabularies.label("hcrt", VIDEO, "ar") == "فيديو"


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([], "an object is needed, not list"),
        ({VIDEO: "فيديو"}, f"labels of {VIDEO}: an object is needed, not str"),
        ({VIDEO: {}}, "no label"),
        ({VIDEO: {"ar": ""}}, "the label for ar must be text"),
        ({VIDEO: {"ar": 5}}, "the label for ar must be text"),
        ({VIDEO: {"ar": "exe\u202efdp"}}, "the label for ar must be text"),
        ({VIDEO: {"not a language": "x"}}, "not a language is not a language tag"),
        ({VIDEO + "s": {"ar": "فيديو"}}, f"no vocabulary has the term {VIDEO}s"),
    ],
)
@pytest.mark.usefixtures("shipped")
def test_overrides_of_a_wrong_shape_are_refused_and_change_nothing(labels: object, message: str) -> None:
    vocabularies.override({VIDEO: {"fr": "Film"}})
    with pytest.raises(ValueError, match=message):
        vocabularies.override(labels)  # type: ignore[arg-type]
    assert vocabularies.label("hcrt", VIDEO, "fr") == "Film"
