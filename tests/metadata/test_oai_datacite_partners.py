"""DataCite as partners send it: whole documents of several kernels, in any namespace and wrapping."""

from pathlib import Path

import pytest
from formats import GOLDEN, errors, plain

from metadata import xml
from metadata.crosswalks import Loaded
from metadata.crosswalks.oai_datacite_load import load

PARTNERS = sorted((GOLDEN / "oai_datacite" / "partners").glob("*.xml"))
RELATOR = "http://id.loc.gov/vocabulary/relators/"


def sent(name: str) -> Loaded:
    return load(xml.parse((GOLDEN / "oai_datacite" / "partners" / f"{name}.xml").read_bytes()))


@pytest.mark.parametrize("file", PARTNERS, ids=lambda file: file.stem)
def test_what_partners_send_becomes_a_sound_record(file: Path) -> None:
    loaded = load(xml.parse(file.read_bytes()))
    assert errors(loaded.record) == []
    assert loaded.record.title
    assert loaded.record.creators
    assert any(one.scheme == "doi" for one in loaded.record.identifiers)


def test_kernel_3_without_name_types_with_html_and_an_empty_address_of_rights() -> None:
    loaded = sent("kernel-3")
    said = plain(loaded.record)
    assert said["description"] == [{"value": "First release that pupils can install themselves."}]
    assert said["issued"] == "2014-09-30"
    assert said["resource_type"] == "https://w3id.org/kim/hcrt/application"
    assert said["rights_note"] == [{"value": "Other (Open)"}]
    assert said["identifiers"] == [
        {"scheme": "doi", "value": "10.1234/archive.2077"},
        {"scheme": "url", "value": "http://archive.example.org/record/2077"},
    ]
    assert [agent["name"] for agent in said["creators"]][2:] == ["Nour", "Oliver K. Placeholder"]
    related = "https://code.example.org/stars/star-plotter/tree/v0.2.0"
    assert loaded.unmapped == (f"relatedIdentifier: IsSupplementTo {related}",)


def test_datacites_own_envelope() -> None:
    loaded = sent("kernel-2.1-in-envelope")
    said = plain(loaded.record)
    assert said["creators"] == [{"name": "Salma T. Marwan", "given": "Salma T.", "family": "Marwan"}]
    assert said["contributors"][0]["role"] == f"{RELATOR}edt"
    assert said["issued"] == "2011-05-16"
    assert said["languages"] == ["en"]
    assert said["licence"] == "https://creativecommons.org/licenses/by-nc-nd/3.0/"
    assert "EXAMPLE.PRESS" not in " ".join(loaded.unmapped)
    assert "size: 8 pages" in loaded.unmapped


def test_a_prefix_changes_nothing_and_names_stay_as_they_were_sent() -> None:
    loaded = sent("kernel-2.2-prefixed")
    said = plain(loaded.record)
    assert [agent["family"] for agent in said["creators"]] == ["BenaÃ¯ssa", "Exemple-Durand", "Sample"]
    assert said["description"][0]["value"].startswith("Draws the swing")
    assert said["resource_type"] == "https://w3id.org/kim/hcrt/application"
    assert {"Valid: 2018-03-05", "Accepted: 2018-03-05", "version: 1.5.2"} <= set(loaded.unmapped)


def test_properties_that_stand_twice() -> None:
    loaded = sent("kernel-2.2-said-twice")
    said = plain(loaded.record)
    assert said["languages"] == ["de", "en"]
    assert said["publisher"]["name"] == "Universitätsbibliothek Musterstadt"
    assert said["issued"] == "2016-04-21"
    assert {"scheme": "handle", "value": "99999/5150"} in said["identifiers"]
    assert [one["role"] for one in said["contributors"]] == [f"{RELATOR}cur", f"{RELATOR}his"]
    assert "keywords" not in said
    assert {
        "publisher: University Library Musterstadt",
        "Issued: 2015",
        "publicationYear: 2015",
        "subject: 630 (ddc)",
        "resourceType: Habilitation (Collection)",
    } <= set(loaded.unmapped)


def test_people_who_stand_in_one_creator_are_three() -> None:
    loaded = sent("kernel-4-three-in-one-creator")
    said = plain(loaded.record)
    assert [agent["family"] for agent in said["creators"]] == ["Primer", "Vzorčič", "Zgled"]
    assert said["creators"][1]["affiliations"] == [{"name": "Zavod za vzorce Vzorčno mesto"}]
    assert [text["lang"] for text in said["title"]] == ["sl", "en"]
    assert [text["lang"] for text in said["alternative"]] == ["sl", "en"]
    assert said["description"][0]["value"].startswith("Pupils who watch a leaf")
    assert said["part_of"] == [{"identifier": "urn:issn:1234-5679"}]
    assert said["licence"] == "https://creativecommons.org/licenses/by/4.0/"


def test_funders_keep_their_names_and_their_other_ids_are_told() -> None:
    loaded = sent("kernel-4-funders")
    assert [funder.name for funder in loaded.record.funders][1] == "National Example Institute (NEI)"
    told = "funderIdentifier: http://doi.org/10.1234/funder-2 (National Example Institute (NEI))"
    assert told in loaded.unmapped


@pytest.mark.parametrize(
    "around_it",
    [
        '<resource xmlns="http://www.openarchives.org/OAI/2.0/">{}</resource>',
        '<resource xmlns="http://datacite.org/schema/kernel-3">{}</resource>',
        "<resource>{}</resource>",
        (
            '<oai_datacite xmlns="http://schema.datacite.org/oai/oai-1.1/"><schemaVersion>4.5</schemaVersion><payload>'
            '<resource xmlns="http://datacite.org/schema/kernel-4">{}</resource></payload></oai_datacite>'
        ),
        '<metadata xmlns:d="http://datacite.org/schema/kernel-4.1"><d:resource>{}</d:resource></metadata>',
    ],
)
def test_any_namespace_and_any_wrapping_will_do(around_it: str) -> None:
    title = '<titles><title xml:lang="ar">درس</title></titles>'
    loaded = load(xml.parse(around_it.format(title).encode()))
    assert plain(loaded.record) == {"title": [{"value": "درس", "lang": "ar"}]}
    assert loaded.unmapped == ()
