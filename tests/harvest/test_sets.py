"""ListSets, and lists of sets that are not institutions'."""

import pytest
from factories import act, collected, record
from oai_partner import Answer, Partner

from oer import collections, deposits, publishing
from oer.working import drain


def specs(partner: Partner) -> list[str]:
    pages = partner.all_sets()
    return [spec for page in pages for spec in page.specs]


def revise(partner: Partner, public_id: str, **changes: object) -> None:
    act(partner.home, deposits.revise, public_id)
    act(partner.home, deposits.save, public_id, record(**changes), note="")
    act(partner.home, publishing.publish, public_id, repository_id=partner.home.repository_id)


def test_every_set_of_every_header_is_listed_parents_first_in_pages(partner: Partner) -> None:
    partner.publish(2, at="college")
    partner.publish(described=record(languages=["fr-TN"], subjects=["http://data.europa.eu/snb/isced-f/0533"]))
    listed = specs(partner)
    named = {spec for page in partner.pages("ListIdentifiers") for header in page.headers for spec in header.sets}
    assert named <= set(listed)
    assert len(listed) == len(set(listed))
    assert listed == sorted(listed, key=lambda spec: spec.split(":"))
    for spec in listed:
        assert spec.rpartition(":")[0] in {"", *listed}


def test_list_sets_counts_and_goes_on_page_by_page(partner: Partner) -> None:
    partner.publish()
    pages = partner.all_sets()
    assert len(pages) > 2
    assert all(len(page.specs) == 3 for page in pages[:-1])
    told = [page.resumption for page in pages]
    total = str(sum(len(page.specs) for page in pages))
    assert [one.get("completeListSize") for one in told if one is not None] == [total] * len(pages)
    assert [one.get("cursor") for one in told[:3] if one is not None] == ["0", "3", "6"]


def test_sets_bear_names_in_three_languages(partner: Partner) -> None:
    partner.publish(described=record(resource_type="https://w3id.org/kim/hcrt/video"))
    document = b"".join(page.bytes for page in partner.all_sets()).decode()
    for said in (
        "<setSpec>type:video</setSpec>",
        '<dc:title xml:lang="fr">Vidéo</dc:title>',
        '<dc:title xml:lang="en">Arabic</dc:title>',
        '<dc:title xml:lang="ar">العربية</dc:title>',
        '<dc:title xml:lang="fr">Types de ressources</dc:title>',
        "<setName>موارد تعليمية مفتوحة</setName>",
    ):
        assert said in document


@pytest.mark.parametrize("verb", ["ListRecords", "ListIdentifiers"])
def test_what_loses_its_licence_is_deleted_in_oer_and_alive_elsewhere(partner: Partner, verb: str) -> None:
    kept, lost = partner.publish(2)
    revise(partner, lost, licence="https://creativecommons.org/licenses/by-nd/4.0/")
    headers = {header.local: header for page in partner.pages(verb, set="oer") for header in page.headers}
    assert (headers[kept].deleted, headers[lost].deleted) == (False, True)
    assert headers[lost].sets == ("oer",)
    alive = {header.local: header.deleted for page in partner.pages(verb) for header in page.headers}
    assert alive == {kept: False, lost: False}
    quiet = partner.but(deleted_on_leaving=False)
    assert [header.local for page in quiet.pages(verb, set="oer") for header in page.headers] == [kept]


def test_a_collection_is_harvested_as_a_set(partner: Partner) -> None:
    inside, _ = partner.publish(2)
    collection = collected(partner.home, shown=True)
    spec = f"collection:{collection}"
    assert partner.begin(set=spec).error == "noRecordsMatch"
    act(partner.home, collections.add, collection, inside)
    assert [header.local for header in partner.begin(set=spec).headers] == [inside]
    assert [header.local for header in partner.begin(set="collection").headers] == [inside]
    assert spec in specs(partner)
    act(partner.home, collections.take_out, collection, inside)
    assert [header.deleted for header in partner.begin(set=spec).headers] == [True]
    act(partner.home, collections.remove, collection)
    assert spec not in specs(partner)


# ── formats that not every record has ───────────────────────────────────────────────────────────


def mets(partner: Partner, **rest: str) -> list[tuple[str, bool]]:
    pages = partner.pages("ListRecords", prefix="mets", **rest)
    return [(header.local, header.deleted) for page in pages for header in page.headers]


@pytest.mark.parametrize("rendered", [False, True])
def test_a_record_whose_files_close_is_deleted_to_harvesters_of_their_format(partner: Partner, rendered: bool) -> None:
    ids = partner.publish(4)
    never = partner.publish(described=record(access={"kind": "institution"}))
    closing = ids[1]
    assert mets(partner) == [(one, False) for one in ids]
    revise(partner, closing, access={"kind": "institution"})
    if rendered:
        drain(partner.home)
    assert mets(partner) == [(one, False) for one in ids if one != closing] + [(closing, True)]
    assert mets(partner, set="institution:college") == mets(partner)
    assert mets(partner, set="oer")[-1] == (closing, True)
    name = f"oai:{partner.home.repository_id}:{closing}"
    answer = partner.ask("GetRecord", "mets", identifier=name)
    assert [header.deleted for header in answer.headers] == [True]
    assert not partner.ask("GetRecord", "oai_dc", identifier=name).headers[0].deleted
    other = f"oai:{partner.home.repository_id}:{never[0]}"
    assert partner.ask("GetRecord", "mets", identifier=other).error == "cannotDisseminateFormat"
    assert "mets" not in prefixes(partner.ask("ListMetadataFormats", identifier=other))
    assert "mets" in prefixes(partner.ask("ListMetadataFormats"))
    revise(partner, closing, access={"kind": "open"}, languages=["fr"])
    assert mets(partner)[-1] == (closing, False)


def prefixes(answer: Answer) -> list[str]:
    return answer.texts("metadataPrefix")
