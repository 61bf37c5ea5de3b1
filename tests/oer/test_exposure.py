from factories import START, drafted, institution, published, record
from memberships import members

from oer import exposure, queries
from oer.db import reading, transaction
from oer.exposure import memberships
from oer.models import OaiRecord


def expose_all(home, ids, verb=exposure.expose, *, at: str | None = None):
    """Expose these again in one step; with ``at`` after they have moved to that institution."""
    with transaction(home.engine) as session:
        shown = []
        for public_id in ids:
            resource = queries.resources.locked(session, public_id=public_id)
            if at is not None:
                resource.institution_id = queries.institutions.by_slug(session, slug=at).id
            places = queries.institutions.by_ids(session, ids=[resource.institution_id])
            shown.append((resource, places[resource.institution_id]))
        verb(session, shown, repository_id=home.repository_id, now=home.now())


def sets_of(home, public_id) -> dict[str, tuple[bool, int]]:
    with reading(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=public_id)
        rows = members(session, resource.id)
        return {row.spec: (row.present, row.change) for row in rows}


def record_of(home, public_id) -> OaiRecord:
    with reading(home.engine) as session:
        return session.get(OaiRecord, queries.resources.by_public_id(session, public_id=public_id).id)


def test_specs_lead_from_all_institutions_down_to_this_one(home):
    with transaction(home.engine) as session:
        ministry = institution(session, "ministry")
        school = institution(session, "school", parent=ministry)
        club = institution(session, "club", parent=school)
        assert memberships.institution_specs(session, club) == [
            "institution",
            "institution:ministry",
            "institution:ministry:school",
            "institution:ministry:school:club",
        ]
        assert memberships.institution_specs(session, ministry) == ["institution", "institution:ministry"]


def test_a_resource_is_a_member_of_its_institution_and_all_above(home):
    with transaction(home.engine) as session:
        institution(session, "school", parent=institution(session, "ministry"))
    public_id = published(home, at="school")
    specs = {"institution", "institution:ministry", "institution:ministry:school"}
    assert sets_of(home, public_id) == dict.fromkeys(specs, (True, 1))
    header = record_of(home, public_id).header.decode()
    assert all(f"<setSpec>{spec}</setSpec>" in header for spec in specs)


def test_a_resource_that_moves_leaves_its_old_sets_visibly(home):
    with transaction(home.engine) as session:
        ministry = institution(session, "ministry")
        institution(session, "old", parent=ministry)
        institution(session, "new", parent=ministry)
    public_id, other = published(home, at="old"), published(home, at="old", described=record("other"))
    expose_all(home, [public_id], at="new")
    assert sets_of(home, public_id) == {
        "institution": (True, 3),
        "institution:ministry": (True, 3),
        "institution:ministry:old": (False, 3),
        "institution:ministry:new": (True, 3),
    }
    header = record_of(home, public_id).header.decode()
    assert "institution:ministry:new" in header
    assert "old" not in header
    assert {present for present, _ in sets_of(home, other).values()} == {True}
    expose_all(home, [public_id], at="old")  # and back
    assert sets_of(home, public_id)["institution:ministry:old"] == (True, 4)
    assert sets_of(home, public_id)["institution:ministry:new"] == (False, 4)


def test_every_membership_bears_the_change_of_its_record(home):
    ids = [published(home, described=record(str(number))) for number in range(3)]
    expose_all(home, ids[:2])
    expose_all(home, ids[1:], exposure.bury)
    for public_id in ids:
        change = record_of(home, public_id).change
        assert {told for _, told in sets_of(home, public_id).values()} == {change}


def test_a_buried_resource_stays_in_its_sets_as_deleted(home):
    public_id = published(home)
    expose_all(home, [public_id], exposure.bury)
    assert record_of(home, public_id).deleted
    assert {present for present, _ in sets_of(home, public_id).values()} == {True}
    assert 'status="deleted"' in record_of(home, public_id).header.decode()


def test_a_batch_takes_one_step_and_its_records_share_a_stamp(home, watch):
    ids = [published(home, described=record(str(number))) for number in range(3)]
    watch.forward(minutes=1)
    expose_all(home, list(reversed(ids)))
    assert [record_of(home, public_id).change for public_id in ids] == [6, 5, 4]
    assert {record_of(home, public_id).stamp for public_id in ids} == {watch()}


def test_a_batch_larger_than_one_statement(home, monkeypatch):
    monkeypatch.setattr(exposure, "_BATCH", 2)
    ids = [published(home, described=record(str(number))) for number in range(5)]
    expose_all(home, ids)
    assert [record_of(home, public_id).change for public_id in ids] == [6, 7, 8, 9, 10]
    assert all(change == 6 + at for at, one in enumerate(ids) for _, change in sets_of(home, one).values())


def test_nothing_to_expose_takes_no_step(home):
    expose_all(home, [])
    with reading(home.engine) as session:
        assert queries.records.clock(session).change == 0


def test_stamps_in_headers_never_fall(home, watch):
    first = published(home)
    watch.forward(hours=-2)
    second = published(home, described=record("second"))
    assert record_of(home, second).stamp == record_of(home, first).stamp == START
    assert b"2026-03-01T08:00:00Z" in record_of(home, second).header


def test_the_identity_is_fixed_by_the_first_publication(home):
    drafted(home)
    with reading(home.engine) as session:
        assert not exposure.is_fixed(session)
    published(home, described=record("x"))
    with reading(home.engine) as session:
        assert exposure.is_fixed(session)
