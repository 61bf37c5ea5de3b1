"""Which sets a resource is in, and that it enters and leaves them when it should."""

import pytest
from factories import act, institution, published, record
from memberships import members

from metadata import vocabularies
from oer import collections, deposits, exposure, publishing, queries, refreshing, working
from oer.db import reading, transaction
from oer.exposure import memberships
from oer.models import OaiRecord

FREEDOM = "http://vocabularies.unesco.org/thesaurus/concept17174"
OPEN = "https://creativecommons.org/licenses/by/4.0/"


def sets(home, public_id: str, root: str = "") -> dict[str, bool]:
    """Set → still in it; formats too where no root is named."""
    with reading(home.engine) as session:
        found = queries.resources.by_public_id(session, public_id=public_id)
        return {one.spec: one.present for one in members(session, found.id, root=root)}


def revise(home, public_id: str, **changes) -> None:
    """Publish a next version with the same files."""
    act(home, deposits.revise, public_id)
    act(home, deposits.save, public_id, record(**changes), note="")
    act(home, publishing.publish, public_id, repository_id=home.repository_id)


def change(home, public_id: str) -> int:
    with reading(home.engine) as session:
        found = queries.resources.by_public_id(session, public_id=public_id)
        return session.get(OaiRecord, found.id).change


# ── what the record tells ───────────────────────────────────────────────────────────────────────


def test_everything_that_a_record_tells_of_sets(place):
    described = record(
        subjects=["http://data.europa.eu/snb/isced-f/0533"],
        languages=["ar-TN", "fr"],
        licence=OPEN,
        resource_type="https://w3id.org/kim/hcrt/video",
    )
    public_id = published(place, described=described, files={"a.txt": b"x"})
    assert sorted(sets(place, public_id)) == [
        "format/mets",
        "institution",
        "institution:college",
        "language",
        "language:ar",
        "language:ar:ar-TN",
        "language:fr",
        "licence",
        "licence:CC-BY-4.0",
        "oer",
        "subject",
        "subject:isced-f",
        "subject:isced-f:05",
        "subject:isced-f:05:053",
        "subject:isced-f:05:053:0533",
        "type",
        "type:video",
    ]


def test_a_concept_of_the_thesaurus_is_in_the_sets_of_all_that_is_broader(place):
    public_id = published(place, described=record(subjects=[FREEDOM]))
    term = vocabularies.find(FREEDOM)
    wider = [vocabularies.find(uri) for uri in term.broader]
    found = sets(place, public_id, "subject")
    assert wider
    assert {f"subject:unesco-thesaurus:{one.notation}" for one in (term, *wider)} <= set(found)
    assert all(spec.count(":") <= 2 for spec in found)


def test_the_header_names_every_set_and_no_format(place):
    public_id = published(place, files={"a.txt": b"x"})
    with reading(place.engine) as session:
        found = queries.resources.by_public_id(session, public_id=public_id)
        header = session.get(OaiRecord, found.id).header.decode()
    named = header.split("<setSpec>")[1:]
    assert {one.partition("<")[0] for one in named} == {spec for spec in sets(place, public_id) if "/" not in spec}
    assert "format" not in header


@pytest.mark.parametrize(
    ("changes", "files", "expected"),
    [
        ({"licence": OPEN}, {"a.txt": b"x"}, True),
        ({"licence": OPEN, "access": {"kind": "metadata-only"}}, {}, False),
        ({"licence": "https://creativecommons.org/licenses/by-nc/4.0/"}, {"a.txt": b"x"}, False),
        ({"licence": OPEN, "access": {"kind": "institution"}}, {"a.txt": b"x"}, False),
        ({"licence": OPEN, "access": {"kind": "embargoed", "until": "2030-01-01"}}, {"a.txt": b"x"}, False),
        ({"licence": "https://creativecommons.org/publicdomain/zero/1.0/"}, {"a.txt": b"x"}, True),
    ],
)
def test_oer_is_what_is_open_in_licence_and_access_and_has_files(place, changes, files, expected):
    public_id = published(place, described=record(**changes), files=files)
    assert ("oer" in sets(place, public_id)) is expected


def test_what_cannot_stand_in_a_spec_is_taken_out():
    assert memberships.part("CC BY 4.0") == "CC-BY-4.0"
    assert memberships.part("فيزياء") == ""
    assert memberships.part("a:b/c d") == "a-b-c-d"


# ── what changes them ───────────────────────────────────────────────────────────────────────────


def test_another_licence_in_a_new_version_leaves_the_old_set(place):
    public_id = published(place, described=record(licence=OPEN), files={"a.txt": b"x"})
    revise(place, public_id, licence="https://creativecommons.org/licenses/by-nd/4.0/")
    found = sets(place, public_id)
    assert (found["licence:CC-BY-4.0"], found["oer"], found["licence:CC-BY-ND-4.0"]) == (False, False, True)


def test_files_that_close_leave_the_format_that_needs_them(place):
    public_id = published(place, files={"a.txt": b"x"})
    assert sets(place, public_id)["format/mets"]
    revise(place, public_id, access={"kind": "institution"})
    assert not sets(place, public_id)["format/mets"]


def test_a_collection_is_a_set_while_it_is_published_and_touches_its_own_resources_alone(place):
    inside, outside = published(place), published(place, described=record("other"))
    collection = act(place, collections.create, named(place), titles={"ar": "وحدة"}).collection.public_id
    spec = f"collection:{collection}"
    act(place, collections.add, collection, inside)
    assert sets(place, inside, "collection") == {}
    before = change(place, outside)
    act(place, collections.publish, collection)
    assert sets(place, inside, "collection") == {"collection": True, spec: True}
    act(place, collections.add, collection, outside)
    assert change(place, outside) > before
    assert sets(place, outside, "collection")[spec]
    before = change(place, inside)
    act(place, collections.take_out, collection, outside)
    assert sets(place, outside, "collection") == {"collection": False, spec: False}
    assert change(place, inside) == before
    act(place, collections.unpublish, collection)
    assert not sets(place, inside, "collection")[spec]
    assert change(place, inside) > before
    act(place, collections.publish, collection)
    act(place, collections.remove, collection)
    assert not sets(place, inside, "collection")[spec]


def named(home):
    with reading(home.engine) as session:
        return queries.institutions.by_slug(session, slug="college")


def test_what_is_in_its_sets_already_is_not_touched(place):
    ids = [published(place, described=record(str(number))) for number in range(3)]
    before = [change(place, one) for one in ids]
    with transaction(place.engine) as session:
        known = queries.resources.exposed_ids(session, after=0, limit=10)
        assert exposure.refresh(session, known, now=place.now()) == 0
    assert [change(place, one) for one in ids] == before


def test_what_an_upgrade_left_behind_is_followed_by_a_job(place, monkeypatch):
    """Records as an older release had shown them: in no set but those of institutions."""
    monkeypatch.setattr(refreshing, "BATCH", 2)
    with monkeypatch.context() as older:
        older.setattr(memberships, "_described", lambda *_, **__: [])
        ids = [published(place, described=record(str(number))) for number in range(5)]
    assert set(sets(place, ids[0])) == {"institution", "institution:college"}
    with transaction(place.engine) as session:
        refreshing.ask(session, now=place.now())
    working.drain(place)
    assert all("subject" in sets(place, one) for one in ids)
    assert sorted(change(place, one) for one in ids) == [6, 7, 8, 9, 10]


def test_specs_of_many_places_are_asked_for_at_once(home):
    with transaction(home.engine) as session:
        institution(session, "school", parent=institution(session, "ministry"))
    ids = [published(home, at=place) for place in ("school", "ministry")]
    with reading(home.engine) as session:
        known = queries.resources.exposed_ids(session, after=0, limit=10)
        found = memberships.specs(session, queries.resources.exposed(session, after=0, limit=10))
    assert list(found) == list(known)
    assert [spec for spec in found[known[0]] if spec.startswith("institution:")][-1] == "institution:ministry:school"
    assert len(ids) == 2
