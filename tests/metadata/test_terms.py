"""The compiled vocabularies against their raw copies, and what every list must hold."""

import json
import unicodedata
from pathlib import Path

import pytest

from metadata import vocabularies
from metadata.terms import build

ROOT = Path(__file__).resolve().parents[2]
TERMS = ROOT / "metadata" / "terms"

# counts of the raw lists; ict-cft adds its six aspects, licences the SPDX rows
COUNTS = {
    "access-modes": 11,
    "access-modes-sufficient": 4,
    "accessibility-controls": 6,
    "accessibility-features": 43,
    "accessibility-hazards": 11,
    "alignment-relations": 7,
    "audience": 8,
    "coar-access-rights": 4,
    "coar-resource-types": 99,
    "coar-versions": 8,
    "contributor-roles": 32,
    "dcmi-types": 12,
    "educational-use": 3,
    "hcrt": 26,
    "ict-cft": 18 + 6,
    "institution-kinds": 9,
    "interactivity": 3,
    "isced-f": 220,
    "isced-levels": 12,
    "licences": 611 + 30,
    "lrmi-resource-types": 10,
    "media-groups": 17,
    "sdg": 17 + 169,
    "unesco-thesaurus": 4485,
    "unesco-thesaurus-groups": 7 + 88,
}


@pytest.mark.parametrize("scheme", sorted(build.SCHEMES))
def test_the_committed_terms_are_those_that_the_raw_vocabularies_give(scheme: str, shared: Path) -> None:
    committed = (TERMS / f"{scheme}.json").read_bytes()
    assert build.compiled(scheme, shared / "vocabularies").encode() == committed


def test_code_build_and_files_name_the_same_schemes() -> None:
    assert set(vocabularies.schemes()) == set(build.SCHEMES) == {file.stem for file in TERMS.glob("*.json")}


@pytest.mark.parametrize("scheme", sorted(COUNTS))
def test_no_term_is_lost_on_the_way(scheme: str) -> None:
    assert len(vocabularies.terms(scheme)) == COUNTS[scheme]


@pytest.mark.parametrize("scheme", sorted(COUNTS))
def test_files_hold_one_term_a_line(scheme: str) -> None:
    lines = (TERMS / f"{scheme}.json").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line.rstrip(",")) for line in lines[1:-1]] == json.loads("\n".join(lines))["terms"]


def test_a_uri_belongs_to_one_term_of_one_scheme() -> None:
    uris = [uri for scheme in vocabularies.schemes() for uri in vocabularies.terms(scheme)]
    assert len(uris) == len(set(uris)) == sum(COUNTS.values())


def test_every_broader_term_exists_and_no_term_is_above_itself() -> None:
    for scheme in vocabularies.schemes():
        known = vocabularies.terms(scheme)
        for term in known.values():
            above, waiting = set[str](), list(term.broader)
            while waiting:
                uri = waiting.pop()
                assert uri in known, (scheme, term.uri, uri)
                if uri not in above:
                    above.add(uri)
                    waiting.extend(known[uri].broader)
            assert term.uri not in above


def test_offered_terms_have_labels_in_three_languages_but_for_six_concepts_without_arabic() -> None:
    lacking = [
        (scheme, term.uri.rsplit("/", 1)[1], lang)
        for scheme in vocabularies.schemes()
        for term in vocabularies.terms(scheme).values()
        for lang in vocabularies.LANGUAGES
        if term.offered and not term.labels.get(lang)
    ]
    concepts = ("17160", "17161", "17162", "17163", "17171", "17174")
    assert lacking == [("unesco-thesaurus", f"concept{number}", "ar") for number in concepts]


def test_labels_are_clean_text() -> None:
    for scheme in vocabularies.schemes():
        for term in vocabularies.terms(scheme).values():
            for text in [*term.labels.values(), *(name for names in term.alternative.values() for name in names)]:
                assert text
                assert text == " ".join(text.split()) == unicodedata.normalize("NFC", text)
                assert "\u0640" not in text


def test_labels_written_for_the_project_are_marked() -> None:
    assert vocabularies.terms("hcrt")["https://w3id.org/kim/hcrt/video"].in_house == ("ar",)
    fields = vocabularies.terms("isced-f")
    assert all("ar" in field.in_house for field in fields.values())
    assert [field.notation for field in fields.values() if "fr" in field.in_house][:3] == ["0321", "0322", "09"]
    assert not any(term.in_house for term in vocabularies.terms("unesco-thesaurus").values())
    assert not any(term.in_house for term in vocabularies.terms("sdg").values())


def test_what_is_deprecated_or_foreign_to_a_picker_is_known_but_not_offered() -> None:
    def hidden(scheme: str) -> list[str]:
        return [term.notation for term in vocabularies.terms(scheme).values() if not term.offered]

    assert hidden("accessibility-features") == ["annotations", "bookmarks", "captions"]
    assert hidden("isced-levels") == ["level_B"]
    assert len(hidden("coar-resource-types")) == 99 - 28
    assert len(hidden("isced-f")) == 220 - 120
    assert not hidden("hcrt")


def test_notice_credits_every_file() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert [file.name for file in sorted(TERMS.glob("*.json")) if file.name not in notice] == []


def test_build_takes_the_folder_as_an_argument(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("spdx-licences.csv", "wording.csv"):
        (tmp_path / name).write_bytes((TERMS / name).read_bytes())
    monkeypatch.setattr(build, "HERE", tmp_path)
    kept = {name: value for name, value in build.SCHEMES.items() if not name.startswith("unesco-thesaurus")}
    monkeypatch.setattr(build, "SCHEMES", kept)
    monkeypatch.setattr("sys.argv", ["build", str(shared)])
    build.main()
    assert "hcrt: 26 terms" in capsys.readouterr().out
    assert (tmp_path / "hcrt.json").read_bytes() == (TERMS / "hcrt.json").read_bytes()


def test_a_wording_for_a_term_that_is_not_there_is_found_out(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"scheme": "hcrt", "id": "no_such_type", "lang": "fr", "label": "Rien", "also": ""}
    monkeypatch.setattr(build, "_wording", lambda: {("hcrt", "no_such_type"): [row]})
    with pytest.raises(KeyError, match="no_such_type"):
        build.compiled("hcrt", shared / "vocabularies")
