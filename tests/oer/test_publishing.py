"""Publishing, hiding, withdrawing, restoring; embargoes."""

from datetime import UTC, datetime

import pytest
from factories import START, act, drafted, institution, member, published, record
from publications import FIRST_OPEN_DAY, clock_of, embargoed, lift, oai, publish, resource_of, show
from sqlmodel import select

from metadata import versions
from oer import deposits, publishing, queries
from oer.db import reading, transaction
from oer.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from oer.models import Blob, Draft, DraftFile, OaiRecord, Version, VersionFile
from oer.policy import ANONYMOUS, OPERATOR
from oer.workflow import REASONS, Role

# ── publishing ──────────────────────────────────────────────────────────────────────────────────


def test_a_published_draft_becomes_version_one_and_ends(home, watch):
    public_id = drafted(home)
    watch.forward(hours=1)
    version = publish(home, public_id, note=" الأولى ")
    assert (version.number, version.note, version.published) == (1, "الأولى", watch())
    found = resource_of(home, public_id)
    assert (found.state, found.number, found.access, found.published) == ("published", 1, "open", watch())
    with reading(home.engine) as session:
        assert session.exec(select(Draft)).all() == []
        assert session.exec(select(DraftFile)).all() == []
        assert [(file.position, file.name) for file in session.exec(select(VersionFile))] == [(1, "lesson.txt")]


def test_the_world_sees_it_with_the_stamp_of_the_clock(home, watch):
    public_id = drafted(home)
    watch.forward(minutes=1.51)
    publish(home, public_id)
    row, members = oai(home, public_id)
    whole = watch().replace(microsecond=0)
    assert (row.deleted, row.stamp) == (False, whole)
    assert (row.change, row.stamp) == clock_of(home)
    assert members == {"institution": True, "institution:college": True}
    header = row.header.decode()
    assert f"oai:{home.repository_id}:{public_id}" in header
    assert f"{whole:%Y-%m-%dT%H:%M:%SZ}" in header
    assert "<setSpec>institution:college</setSpec>" in header
    assert "deleted" not in header


def test_a_digest_computed_anew_equals_the_one_kept(home):
    public_id = published(home, files={"a.txt": b"a", "ب.txt": b"b"})
    act(home, deposits.revise, public_id)
    act(home, deposits.save, public_id, record("جديد"))
    publish(home, public_id)
    with reading(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=public_id)
        kept = queries.resources.versions(session, resource_id=resource.id)
        assert len({version.digest for version in kept}) == 2
        for version in kept:
            files = queries.resources.files(session, version_id=version.id)
            told = [file.told for file in files]
            assert versions.digest(version.description(), told) == version.digest
            assert versions.canonical(version.description()) == version.record.encode()


def test_an_older_version_does_not_change_when_another_is_made(home):
    public_id = published(home, files={"a.txt": b"a"})

    def first() -> tuple:
        with reading(home.engine) as session:
            version = session.exec(select(Version).where(Version.number == 1)).one()
            files = queries.resources.files(session, version_id=version.id)
            return version.model_dump(), [file.model_dump() for file in files]

    before = first()
    act(home, deposits.revise, public_id)
    act(home, deposits.save, public_id, record("جديد"))
    act(home, deposits.detach, public_id, "a.txt")
    stored = home.store.put([b"b"])
    named = {"name": "b.txt", "media_type": "text/plain", "limits": home.settings}
    act(home, deposits.attach, public_id, home.store, stored, **named)
    assert publish(home, public_id).number == 2
    assert first() == before


def test_a_second_version_carries_files_by_reference(home):
    public_id = published(home, files={"a.txt": b"a", "b.txt": b"b"})
    act(home, deposits.revise, public_id)
    act(home, deposits.save, public_id, record("جديد"), note="عنوان أوضح")
    assert publish(home, public_id).note == "عنوان أوضح"
    with reading(home.engine) as session:
        assert len(session.exec(select(Blob)).all()) == 2
        first, second = session.exec(select(Version).order_by(Version.number)).all()
        one, two = ([(f.name, f.key, f.position) for f in queries.resources.files(session, version_id=v.id)]
                    for v in (first, second))  # fmt: skip
        assert one == two
    assert resource_of(home, public_id).number == 2


def test_a_version_that_changes_nothing_is_refused(home):
    public_id = published(home)
    act(home, deposits.revise, public_id)
    with pytest.raises(Conflict) as caught:
        publish(home, public_id)
    assert (caught.value.code, caught.value.params) == ("version.unchanged", {"number": 1})
    act(home, deposits.save, public_id, record(creators=[{"name": "غيرها"}]))
    assert publish(home, public_id).number == 2


def test_the_first_moment_of_publication_stays(home, watch):
    public_id = published(home)
    act(home, deposits.revise, public_id)
    act(home, deposits.save, public_id, record("جديد"))
    watch.forward(days=1)
    publish(home, public_id)
    assert resource_of(home, public_id).published == START


def test_what_is_not_publishable_is_refused_with_all_problems(home):
    public_id = drafted(home, described=record(description=[], creators=[]), files={})
    with pytest.raises(Invalid) as caught:
        publish(home, public_id)
    assert caught.value.code == "record.not-publishable"
    codes = {problem.code for problem in caught.value.problems}
    assert codes == {"description.missing", "creators.missing", "files.missing"}
    assert caught.value.params == {"count": 3}


def test_depositors_publish_where_they_are_trusted_and_nowhere_else(home):
    with transaction(home.engine) as session:
        institution(session, "trusting", publish_role=Role.DEPOSITOR)
    trusted, other = member(home, Role.DEPOSITOR, "trusting"), member(home, Role.DEPOSITOR, "college")
    version = publish(home, drafted(home, at="trusting", actor=trusted), actor=trusted)
    assert version.author_id == trusted.person_id
    with pytest.raises(Forbidden):
        publish(home, drafted(home, at="college", actor=other), actor=other)


def test_publishing_twice_makes_one_version(home):
    public_id = drafted(home)
    publish(home, public_id)
    with pytest.raises(NotFound) as caught:
        publish(home, public_id)
    assert caught.value.code == "draft.unknown"


def test_publishing_with_a_stale_lock_is_refused(home):
    public_id = drafted(home)
    with pytest.raises(Stale):
        publish(home, public_id, expected=99)
    assert resource_of(home, public_id).state == "unpublished"


def test_an_unpublished_resource_is_unknown_to_harvesters(home):
    drafted(home)
    with reading(home.engine) as session:
        assert session.exec(select(OaiRecord)).all() == []
    assert clock_of(home)[0] == 0


# ── hiding, withdrawing, restoring ──────────────────────────────────────────────────────────────


def test_a_withdrawn_resource_leaves_a_tombstone_with_its_reason(home, watch):
    public_id = published(home)
    watch.forward(days=1)
    found = show(home, publishing.withdraw, public_id, reason="rights", note=" صورة بلا إذن ")
    assert (found.state, found.reason, found.reason_note) == ("withdrawn", "rights", "صورة بلا إذن")
    row, members = oai(home, public_id)
    assert (row.deleted, row.stamp, row.change) == (True, watch(), 2)
    assert 'status="deleted"' in row.header.decode()
    assert set(members) == {"institution", "institution:college"}
    with reading(home.engine) as session:  # nothing is lost by it
        assert len(session.exec(select(VersionFile)).all()) == 1


def test_a_restored_resource_is_as_it_was_with_a_new_stamp(home, watch):
    public_id = published(home)
    before, members_before = oai(home, public_id)
    show(home, publishing.withdraw, public_id, reason="rights", note="x")
    watch.forward(days=1)
    found = show(home, publishing.restore, public_id)
    assert (found.state, found.number, found.reason, found.reason_note) == ("published", 1, None, None)
    row, members = oai(home, public_id)
    assert (row.deleted, row.change, row.stamp) == (False, 3, watch())
    assert members == members_before == {"institution": True, "institution:college": True}
    assert before.change == 1


def test_a_hidden_resource_is_deleted_to_harvesters_until_it_is_shown_again(home, watch):
    public_id = published(home)
    assert show(home, publishing.hide, public_id, reason="privacy").reason == "privacy"
    assert oai(home, public_id)[0].deleted
    watch.forward(days=1)
    assert show(home, publishing.unhide, public_id).reason is None
    row, _ = oai(home, public_id)
    assert (row.deleted, row.stamp) == (False, watch())


def test_a_hidden_resource_can_be_withdrawn_for_another_reason(home):
    public_id = published(home)
    show(home, publishing.hide, public_id, reason="privacy", note="شكوى")
    found = show(home, publishing.withdraw, public_id, reason="legal")
    assert (found.state, found.reason, found.reason_note) == ("withdrawn", "legal", None)


@pytest.mark.parametrize("verb", [publishing.hide, publishing.withdraw])
@pytest.mark.parametrize("reason", ["", "because", "RIGHTS"])
def test_a_reason_is_of_the_known_classes(home, verb, reason):
    public_id = published(home)
    with pytest.raises(Invalid) as caught:
        show(home, verb, public_id, reason=reason)
    assert caught.value.code == "reason.unknown"
    assert resource_of(home, public_id).state == "published"


def test_every_class_of_reasons_is_kept(home):
    public_id = published(home)
    for reason in REASONS:
        assert show(home, publishing.withdraw, public_id, reason=reason).reason == reason
        show(home, publishing.restore, public_id)


def test_an_open_revision_waits_while_its_resource_is_out_of_sight(home):
    public_id = published(home)
    act(home, deposits.revise, public_id)
    act(home, deposits.save, public_id, record("جديد"))
    show(home, publishing.withdraw, public_id, reason="error")
    with pytest.raises(Conflict):
        publish(home, public_id)
    show(home, publishing.restore, public_id)
    assert publish(home, public_id).number == 2


def test_a_stale_view_of_a_resource_withdraws_nothing(home):
    public_id = published(home)
    lock = resource_of(home, public_id).lock
    with pytest.raises(Stale) as caught:
        show(home, publishing.withdraw, public_id, reason="error", expected=lock - 1)
    assert caught.value.code == "resource.stale"
    assert show(home, publishing.withdraw, public_id, reason="error", expected=lock).lock == lock + 1


def test_who_may_not_withdraw_does_not(home):
    public_id = published(home, actor=member(home, Role.REVIEWER))
    for actor in (ANONYMOUS, member(home, Role.DEPOSITOR), member(home, Role.MANAGER, "beside")):
        with pytest.raises(Forbidden):
            show(home, publishing.withdraw, public_id, reason="error", actor=actor)
    show(home, publishing.withdraw, public_id, reason="error", actor=member(home, Role.MANAGER))
    with pytest.raises(Forbidden):
        show(home, publishing.restore, public_id, actor=member(home, Role.REVIEWER))


# ── embargoes ───────────────────────────────────────────────────────────────────────────────────


def test_an_embargo_is_lifted_and_stamped_on_its_day_and_once(home, watch):
    public_id = embargoed(home)
    found = resource_of(home, public_id)
    assert (found.access, found.available) == ("embargoed", FIRST_OPEN_DAY)
    watch.moment = datetime(2026, 3, 9, 23, 59, 59, tzinfo=UTC)
    assert lift(home) == 0
    assert clock_of(home)[0] == 1
    watch.forward(seconds=1)
    assert lift(home) == 1
    found = resource_of(home, public_id)
    assert (found.access, found.available) == ("open", None)
    row, _ = oai(home, public_id)
    assert (row.change, row.stamp, row.deleted) == (2, watch(), False)
    assert lift(home) == 0
    assert clock_of(home)[0] == 2


def test_many_embargoes_end_in_one_transaction_with_a_change_each(home, watch):
    ids = [embargoed(home, str(number)) for number in range(3)]
    watch.forward(days=30)
    assert lift(home) == 3
    assert sorted(oai(home, public_id)[0].change for public_id in ids) == [4, 5, 6]
    assert {oai(home, public_id)[0].stamp for public_id in ids} == {watch()}


def test_a_withdrawn_resource_stays_a_tombstone_when_its_embargo_ends(home, watch):
    public_id = embargoed(home)
    show(home, publishing.withdraw, public_id, reason="rights")
    watch.forward(days=30)
    assert lift(home) == 0
    assert oai(home, public_id)[0].deleted
    show(home, publishing.restore, public_id)
    assert lift(home) == 1


@pytest.mark.skipif("not __import__('os').environ.get('OER_TEST_DATABASE_URL')", reason="SQLite has one writer")
def test_an_embargo_is_not_lifted_from_under_a_withdrawal(home, watch):
    public_id = embargoed(home)
    watch.forward(days=30)
    with transaction(home.engine) as session:
        deposits.held(session, public_id)
        assert lift(home) == 0  # passed over, not waited for
        publishing.withdraw(
            session, OPERATOR, public_id, reason="rights", repository_id=home.repository_id, now=watch()
        )
    assert lift(home) == 0
    assert oai(home, public_id)[0].deleted
