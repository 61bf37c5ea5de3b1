"""Licences: addresses, openness, choosing, remixing, collecting, and the sentences for all of it."""

import csv
import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from metadata import licences, vocabularies

ROOT = Path(__file__).resolve().parents[2]
CC = "https://creativecommons.org/licenses/"
ZERO = "https://creativecommons.org/publicdomain/zero/1.0/"
MARK = "https://creativecommons.org/publicdomain/mark/1.0/"
SPDX = "https://spdx.org/licenses/"
HOUSE = "https://oer.example/licences/house"

# The names of the compatibility table; PD is CC0 when it comes out of an adaptation.
CHART = {"PD": ZERO} | {
    code: f"{CC}{code.lower()}/4.0/" for code in ("BY", "BY-SA", "BY-NC", "BY-NC-SA", "BY-ND", "BY-NC-ND")
}


def codes(advice: licences.Advice) -> list[str]:
    return [reason.code.removeprefix("licence.") for reason in advice.reasons]


def shorts(advice: licences.Advice) -> list[str]:
    found = [licences.get(uri) for uri in advice.options]
    return [licence.short for licence in found if licence]


@pytest.fixture
def house() -> Iterator[dict[str, Any]]:
    """A licence that an operator adds; gone after the test."""
    row: dict[str, Any] = {
        "uri": HOUSE,
        "short": "House 1.0",
        "labels": {"ar": "رخصة المؤسسة", "fr": "Licence maison", "en": "House licence"},
        "permits": ["Distribution", "Reproduction"],
        "requires": "Attribution",
    }
    yield row
    if licences.get(HOUSE):
        licences.remove(HOUSE)


@pytest.mark.parametrize(
    ("written", "uri"),
    [
        (f"{CC}by/4.0/", f"{CC}by/4.0/"),
        ("http://creativecommons.org/licenses/by/4.0", f"{CC}by/4.0/"),
        (" HTTPS://www.CreativeCommons.org/licenses/BY/4.0/ ", f"{CC}by/4.0/"),
        (f"{CC}by-sa/3.0/deed.fr", f"{CC}by-sa/3.0/"),
        (f"{CC}by/4.0/deed.zh-hans?ref=x#top", f"{CC}by/4.0/"),
        (f"{CC}by/4.0/deed", f"{CC}by/4.0/"),
        (f"{CC}by-nc-sa/3.0/igo/legalcode.ar", f"{CC}by-nc-sa/3.0/igo/"),
        (f"{CC}by-nc-sa/4.0/legalcode", f"{CC}by-nc-sa/4.0/"),
        (f"{CC}by-nc-nd/1.0/", f"{CC}by-nd-nc/1.0/"),
        ("cc:licenses/by/4.0/", f"{CC}by/4.0/"),
        ("cc:publicdomain/zero/1.0/", ZERO),
        ("CC0", ZERO),
        ("CC-BY-4.0", f"{CC}by/4.0/"),
        (f"{SPDX}CC-BY-4.0", f"{CC}by/4.0/"),
        ("cc by-sa 3.0 igo", f"{CC}by-sa/3.0/igo/"),
        ("MIT", f"{SPDX}MIT"),
        (f"{SPDX}MIT.html", f"{SPDX}MIT"),
        ("http://spdx.org/licenses/mit", f"{SPDX}MIT"),
        ("https://opensource.org/licenses/MIT", f"{SPDX}MIT"),
        ("https://www.apache.org/licenses/LICENSE-2.0.txt", f"{SPDX}Apache-2.0"),
        ("GPL-3.0", f"{SPDX}GPL-3.0-only"),
        ("GPL-3.0+", f"{SPDX}GPL-3.0-or-later"),
        ("http://www.gnu.org/licenses/gpl-3.0.en.html", f"{SPDX}GPL-3.0-only"),
        ("GFDL-1.3", f"{SPDX}GFDL-1.3-only"),
        (f"{CC}sampling+/1.0/", f"{CC}sampling+/1.0/"),
    ],
)
def test_the_ways_of_writing_a_licence_mean_one(written: str, uri: str) -> None:
    licence = licences.get(written)
    assert licence is not None
    assert licence.uri == uri == licences.canonical(written)


@pytest.mark.parametrize(
    "written", ["", "by", "CC BY", "4.0", f"{CC}by/5.0/", f"{CC}by/4.0/evil", "https://example.org/by/4.0/", "cc:"]
)
def test_what_is_no_licence_is_not_guessed(written: str) -> None:
    assert licences.get(written) is None
    assert licences.canonical(written) is None


def test_full_names_in_three_languages_name_the_licence() -> None:
    for name in ("نسب المصنف 4.0 دولي", "attribution 4.0 International"):
        assert licences.canonical(name) == f"{CC}by/4.0/"
    assert licences.canonical("رخصة MIT") == f"{SPDX}MIT"
    assert licences.get("رخصة MIT") is None


def test_every_row_is_found_by_all_its_addresses(shared: Path) -> None:
    with (shared / "vocabularies" / "cc-licenses.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 611
    for row in rows:
        for written in (row["uri"], row["rdf_uri"], row["uri"].rstrip("/"), row["uri"] + "deed.ar", row["short"]):
            found = licences.get(written)
            assert found is not None, written
            assert found.uri == row["uri"]
        if row["spdx"] and row["spdx"] != "CC-PDDC":  # one id for two deeds of old
            named = licences.get(row["spdx"])
            assert named is not None
            assert named.uri == row["uri"]
        assert not row["replaced_by"] or licences.get(row["replaced_by"])


def test_the_licences_of_the_samples_are_known(shared: Path) -> None:
    index = json.loads((shared / "samples" / "index.json").read_text(encoding="utf-8"))
    assert len(index) == 49
    assert all(licences.canonical(sample["license"]) == sample["license"] for sample in index)


@given(st.text())
def test_any_text_is_a_licence_or_none(text: str) -> None:
    uri = licences.canonical(text)
    assert uri is None or licences.get(uri) is not None


def test_open_is_what_the_open_definition_says() -> None:
    free = {licence.code for licence in licences.everything() if licence.open}
    assert {"zero", "mark", "publicdomain", "by", "by-sa", "mit", "apache", "gfdl", "gpl", "mpl", "odbl"} <= free
    closed = {licence.code for licence in licences.everything() if not licence.open}
    assert not free & closed
    assert {code for code in closed if "nc" in code or "nd" in code} >= {"by-nc", "by-nd", "by-nc-sa", "by-nc-nd", "nd"}
    assert {"sampling", "sampling+", "devnations"} <= closed


@pytest.mark.parametrize("code", [code for code in CHART if code != "PD"])
def test_what_a_licence_permits_agrees_with_the_elements_in_its_name(code: str) -> None:
    """Raw data say otherwise of the Scottish ones, against their text."""
    family = [licence for licence in licences.everything() if licence.code == code.lower()]
    assert len(family) > 80
    assert {licence.kind for licence in family} == {code}


def test_the_form_offers_eight_and_six_more_to_intergovernmental_organisations() -> None:
    assert [licence.short for licence in licences.offered()] == [
        "CC0 1.0",
        "PDM 1.0",
        "CC BY 4.0",
        "CC BY-SA 4.0",
        "CC BY-NC 4.0",
        "CC BY-NC-SA 4.0",
        "CC BY-ND 4.0",
        "CC BY-NC-ND 4.0",
    ]
    extra = [licence for licence in licences.offered(igo=True) if licence not in licences.offered()]
    assert sorted(licence.uri for licence in extra) == sorted(
        f"{CC}{code.lower()}/3.0/igo/" for code in CHART if code != "PD"
    )
    assert not any(licence.deprecated for licence in licences.offered(igo=True))


@pytest.mark.parametrize(
    ("commercial", "adaptation", "igo", "uri"),
    [
        (True, "yes", False, f"{CC}by/4.0/"),
        (True, "share-alike", False, f"{CC}by-sa/4.0/"),
        (True, "no", False, f"{CC}by-nd/4.0/"),
        (False, "yes", False, f"{CC}by-nc/4.0/"),
        (False, "share-alike", False, f"{CC}by-nc-sa/4.0/"),
        (False, "no", False, f"{CC}by-nc-nd/4.0/"),
        (True, "share-alike", True, f"{CC}by-sa/3.0/igo/"),
        (False, "no", True, f"{CC}by-nc-nd/3.0/igo/"),
    ],
)
def test_plain_answers_give_an_offered_licence(commercial: bool, adaptation: Any, igo: bool, uri: str) -> None:
    assert licences.choose(True, commercial, adaptation, igo) == uri
    assert uri in {licence.uri for licence in licences.offered(igo=igo)}


def test_nobody_licenses_the_work_of_others() -> None:
    assert licences.choose(False, True, "yes") is None


def test_all_pairs_follow_the_compatibility_table(shared: Path) -> None:
    with (shared / "vocabularies" / "licence-compatibility.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert {(row["a"], row["b"]) for row in rows} == set(product(CHART, CHART))
    for row in rows:
        pair = [CHART[row["a"]], CHART[row["b"]]]
        advice = licences.remix(pair)
        assert advice.allowed is (row["adaptation_allowed"] == "yes"), row
        expected = [CHART[code] for code in row["adaptation_licence_options"].split()]
        assert sorted(advice.options) == sorted(expected), row
        for target in CHART.values():
            assert licences.remix(pair, target).allowed is (target in expected), (row, target)


def test_no_pair_of_shipped_licences_breaks_the_advice() -> None:
    some = [licence.uri for licence in licences.everything() if not licence.jurisdiction]
    for a in some:
        advice = licences.remix([a, f"{CC}by-sa/4.0/"])
        assert advice.allowed is bool(advice.options)
        assert advice.reasons
        for option in advice.options:
            assert licences.remix([a, f"{CC}by-sa/4.0/"], option).allowed


def test_no_derivatives_forbids_translation_too() -> None:
    advice = licences.remix([f"{CC}by/4.0/", f"{CC}by-nd/3.0/fr/"])
    assert (advice.allowed, codes(advice)) == (False, ["remix-no-derivatives", "remix-collection"])
    assert advice.reasons[0].params == {"licence": "CC BY-ND 3.0 FR"}


def test_share_alike_with_noncommercial_is_fine_as_a_collection_only() -> None:
    pair = [f"{CC}by-nc/4.0/", f"{CC}by-sa/4.0/"]
    advice = licences.remix(pair)
    assert codes(advice) == ["remix-share-alike-noncommercial", "remix-collection"]
    assert advice.reasons[0].params == {"licence": "CC BY-SA 4.0", "other": "CC BY-NC 4.0"}
    together = licences.collection(pair)
    assert (together.allowed, codes(together)) == (True, ["collection-allowed", "collection-noncommercial"])


@pytest.mark.parametrize(
    ("sources", "target", "reasons"),
    [
        (["by-sa/3.0/"], "by-sa/4.0/", ["remix-share-alike", "remix-attribution"]),
        (["by-sa/3.0/"], "by-sa/3.0/", ["remix-share-alike", "remix-attribution"]),
        (["by-sa/2.0/"], "by-sa/3.0/eg/", ["remix-share-alike", "remix-attribution"]),
        (["by-sa/4.0/"], "by-sa/3.0/", ["remix-target-version"]),
        (["by-sa/1.0/"], "by-sa/4.0/", ["remix-target-version"]),
        (["by-sa/1.0/"], "by-sa/1.0/", ["remix-share-alike", "remix-attribution"]),
        (["by-sa/4.0/"], "by/4.0/", ["remix-target-share-alike"]),
        (["by-nc-sa/4.0/"], "by-sa/4.0/", ["remix-target-share-alike"]),
        (["by-nc/4.0/"], "by/4.0/", ["remix-target-noncommercial"]),
        (["by-nc/4.0/", "by/4.0/"], "by-nc/4.0/", ["remix-noncommercial", "remix-attribution", "remix-attribution"]),
        (["by/4.0/"], ZERO, ["remix-target-attribution"]),
        (["by-sa/3.0/igo/"], "by-sa/4.0/", ["remix-share-alike", "remix-attribution", "remix-disclaimer"]),
        (["by/4.0/", "by/4.0/deed.fr"], "by/4.0/", ["remix-attribution"]),
        ([ZERO], MARK, ["remix-target-mark"]),
        ([ZERO, MARK], ZERO, ["remix-free"]),
        ([], "by/4.0/", ["remix-free"]),
        (["by/4.0/"], "https://example.org/terms", ["remix-unknown"]),
        (["https://example.org/terms"], "by/4.0/", ["remix-unknown"]),
        (["sampling/1.0/"], "by/4.0/", ["remix-unsure", "remix-collection"]),
    ],
)
def test_an_adaptation_needs_a_target_that_all_sources_accept(
    sources: list[str], target: str, reasons: list[str]
) -> None:
    def full(name: str) -> str:
        return name if "://" in name else CC + name

    advice = licences.remix([full(source) for source in sources], full(target))
    assert codes(advice) == reasons
    bad = ("target", "unknown", "unsure")
    assert advice.allowed is not any(word in reason for reason in reasons for word in bad)


def test_an_old_share_alike_that_accepts_only_itself_offers_itself() -> None:
    assert shorts(licences.remix([f"{CC}by-sa/1.0/"])) == ["CC BY-SA 1.0"]
    advice = licences.remix([f"{CC}by-sa/1.0/", f"{CC}by-sa/2.0/"])
    assert codes(advice) == ["remix-share-alike-version", "remix-collection"]
    assert shorts(licences.remix([f"{CC}by-sa/2.0/", f"{CC}by-sa/3.0/"])) == ["CC BY-SA 4.0", "CC BY-SA 3.0"]


@pytest.mark.parametrize(
    ("sources", "options"),
    [
        (["CC-BY-SA-4.0", "GPL-3.0-only"], ["GPL 3.0"]),
        (["CC-BY-SA-3.0", "GPL-3.0-only"], []),
        (["CC-BY-SA-4.0", "GFDL-1.3-only"], []),
        (["CC-BY-SA-4.0", "LAL-1.3"], ["CC BY-SA 4.0", "Free Art 1.3"]),
        (["CC-BY-4.0", "GPL-2.0-only"], ["GPL 2.0"]),
        (["CC-BY-3.0", "GPL-2.0-only"], []),
        (["CC-BY-NC-4.0", "GPL-3.0-only"], []),
        (["MIT", "GPL-2.0-only"], ["GPL 2.0"]),
        (["Apache-2.0", "GPL-2.0-only"], []),
        (["Apache-2.0", "GPL-3.0-only"], ["GPL 3.0"]),
        (["GPL-2.0-or-later", "GPL-3.0-only"], ["GPL 3.0"]),
        (["GPL-2.0-only", "GPL-3.0-only"], []),
        (["LGPL-2.1-only", "GPL-3.0-only"], ["GPL 3.0"]),
        (["MIT", "CC-BY-SA-4.0"], ["CC BY-SA 4.0"]),
        (["CC0-1.0", "MPL-2.0"], ["MPL 2.0"]),
    ],
)
def test_software_and_documentation_licences_meet_where_their_texts_say_so(
    sources: list[str], options: list[str]
) -> None:
    advice = licences.remix(sources)
    assert shorts(advice) == options
    assert advice.allowed is bool(options)


@given(st.lists(st.sampled_from(sorted(CHART.values())), max_size=5), st.sampled_from(sorted(CHART.values())))
def test_more_sources_never_open_more_doors(sources: list[str], another: str) -> None:
    assert set(licences.remix([*sources, another]).options) <= set(licences.remix(sources).options)
    assert licences.remix(sources).options == licences.remix(sources[::-1]).options


def test_a_collection_of_unknown_works_is_not_approved() -> None:
    advice = licences.collection([f"{CC}by/4.0/", "https://example.org/terms"])
    assert (advice.allowed, codes(advice)) == (False, ["remix-unknown"])
    assert codes(licences.collection([f"{CC}by-nd/4.0/"])) == ["collection-allowed"]
    assert codes(licences.collection([f"{CC}sampling/1.0/"])) == ["remix-unsure"]


def test_an_operator_adds_a_licence_and_takes_it_back(house: dict[str, Any]) -> None:
    added = licences.add(house)
    assert licences.get(HOUSE + "/") is added
    assert (added.kind, added.open, added.offered) == ("BY-ND", False, True)
    assert added in licences.offered()
    assert codes(licences.remix([HOUSE])) == ["remix-no-derivatives", "remix-collection"]
    assert licences.add({**house, "short": "House 1.1"}).short == "House 1.1"
    licences.remove(HOUSE)
    assert licences.get(HOUSE) is None
    with pytest.raises(LookupError, match="not an added licence"):
        licences.remove(f"{CC}by/4.0/")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"uri": "house"}, "uri must be a web address"),
        ({"uri": f"{CC}by/4.0/deed.fr"}, "is shipped already"),
        ({"uri": 7}, "uri must be readable text"),
        ({"short": " "}, "short must be readable text"),
        ({"labels": {"en": "House"}}, "labels must hold ar, fr, en"),
        ({"labels": {"ar": "", "fr": "x", "en": "x"}}, "ar must be readable text"),
        ({"permits": []}, "permits nothing"),
        ({"permits": "Everything"}, "permits knows .*, not Everything"),
        ({"requires": 3}, "requires must be a list of words"),
        ({"offered": "yes"}, "offered must be true or false"),
        ({"colour": "red"}, "no such field: colour"),
    ],
)
def test_an_added_licence_of_a_wrong_shape_is_refused(
    house: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        licences.add({**house, **change})
    assert licences.get(HOUSE) is None


def test_overridden_labels_reach_the_licences() -> None:
    vocabularies.override({f"{CC}by/4.0/": {"ar": "المشاع الإبداعي: نسب المصنَّف"}})
    try:
        licence = licences.get("CC BY 4.0")
        assert licence is not None
        assert licence.labels["ar"] == "المشاع الإبداعي: نسب المصنَّف"
    finally:
        vocabularies.override({})
    licence = licences.get("CC BY 4.0")
    assert licence is not None
    assert licence.labels["ar"] == "نَسْبُ المُصنَّف 4.0 دولي"


def _catalogue(lang: str) -> dict[str, str]:
    with (ROOT / "api" / "locale" / lang / "licences.po").open("rb") as lines:
        catalogue = read_po(lines, locale=lang, abort_invalid=True)
    assert [str(error) for _, errors in catalogue.check() for error in errors] == []
    return {str(message.id): str(message.string) for message in catalogue if message.id}


@pytest.mark.parametrize("lang", vocabularies.LANGUAGES)
def test_every_reason_has_a_sentence_with_the_parameters_that_it_gets(lang: str) -> None:
    sentences = _catalogue(lang)
    source = (ROOT / "metadata" / "licences.py").read_text(encoding="utf-8")
    reasons = set(re.findall(r'"(licence\.(?:remix|collection)-[a-z-]+)"', source))
    assert len(reasons) == 19
    assert reasons <= set(sentences)
    english = _catalogue("en")
    assert sentences.keys() == english.keys()
    for code, sentence in sentences.items():
        assert sentence
        assert sorted(set(re.findall(r"%\((\w+)\)s", sentence))) == sorted(
            set(re.findall(r"%\((\w+)\)s", english[code]))
        )


def test_sentences_name_no_parameter_that_a_reason_lacks() -> None:
    english = _catalogue("en")
    targets = [*CHART.values(), MARK, f"{CC}by-sa/3.0/", "x"]
    sources = [
        *CHART.values(),
        f"{CC}by-sa/1.0/",
        f"{CC}by-sa/3.0/igo/",
        f"{CC}sampling/1.0/",
        f"{SPDX}GPL-3.0-only",
        "x",
    ]
    seen = set()
    for a, b in product(sources, sources):
        for target in (None, *targets):
            for reason in (*licences.remix([a, b], target).reasons, *licences.collection([a, b]).reasons):
                assert "%" not in english[reason.code] % reason.params
                seen.add(reason.code)
    assert {code for code in english if "remix-" in code or "collection-" in code} == seen
