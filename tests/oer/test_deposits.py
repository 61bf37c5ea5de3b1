import hashlib

import pytest
from factories import START, act, drafted, institution, member, published, record, undone
from sqlmodel import select

from metadata import versions
from metadata.record import Record
from oer import deposits, institutions, publishing, queries, reviews
from oer.db import reading, transaction
from oer.deposits import Open
from oer.errors import Conflict, Forbidden, Invalid, NotFound, OerError, Stale, TooLarge, Unavailable
from oer.installation import Installation
from oer.models import Blob, Draft, DraftFile, ImportedItem, Resource, Review, VersionFile
from oer.policy import ANONYMOUS, OPERATOR
from oer.workflow import Role
from storage.store import Stored


def attach(home: Installation, public_id: str, content: bytes, name: str, actor=OPERATOR, **named) -> str:
    """Deposit bytes under a name; the name they got."""
    stored = home.store.put([content])
    wanted = {"media_type": "text/plain", "limits": home.settings} | named
    return act(home, deposits.attach, public_id, home.store, stored, name=name, actor=actor, **wanted).name


def draft_of(home: Installation, public_id: str) -> Open:
    with transaction(home.engine) as session:
        return deposits.opened(session, public_id)


def files_of(home: Installation, public_id: str) -> list[tuple[str, bytes]]:
    with reading(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=public_id)
        draft = queries.resources.draft(session, resource_id=resource.id)
        found = queries.resources.draft_files(session, draft_id=draft.id)
        return [(file.name, b"".join(home.store.open(file.key))) for file in found]


def deeds(home: Installation, public_id: str) -> list[str]:
    with reading(home.engine) as session:
        return [entry.action for entry in queries.audit.of_object(session, kind="resource", object_id=public_id)]


# ── beginning and saving ────────────────────────────────────────────────────────────────────────


def test_a_new_resource_is_unpublished_with_an_empty_handed_draft(home):
    public_id = drafted(home, files={})
    found = draft_of(home, public_id)
    assert (found.resource.state, found.resource.number, found.resource.lock) == ("unpublished", 0, 1)
    assert (found.draft.state, found.draft.based_on, found.draft.lock) == ("editing", 0, 1)
    assert found.draft.description() == record()
    assert files_of(home, public_id) == []


def test_an_incomplete_record_may_be_begun(home):
    public_id = drafted(home, described=Record(), files={})
    assert draft_of(home, public_id).draft.description() == Record()


def test_a_record_of_wrong_shape_may_not_and_leaves_nothing(home):
    wrong = record(languages=["no language"], licence="not a licence")
    with transaction(home.engine) as session:
        place = institution(session)
        with pytest.raises(Invalid) as caught:
            deposits.begin(session, OPERATOR, place, wrong, now=START)
        assert session.exec(select(Resource)).all() == []
    assert caught.value.code == "record.invalid"
    assert {problem.field for problem in caught.value.problems} >= {"languages[0]"}
    assert caught.value.params == {"count": len(caught.value.problems)}


def test_strangers_begin_nothing(home):
    member(home, Role.MANAGER, "beside")
    stranger = member(home, Role.MANAGER, "other")
    with transaction(home.engine) as session:
        place = institutions.find(session, "beside")
        for actor in (stranger, ANONYMOUS):
            with pytest.raises(Forbidden):
                deposits.begin(session, actor, place, record(), now=START)


def test_saving_replaces_the_record_and_the_note(home, watch):
    public_id = drafted(home)
    watch.forward(minutes=5)
    found = act(home, deposits.save, public_id, record("ماء"), note="  أول مراجعة ")
    assert found.draft.description() == record("ماء")
    assert found.draft.note == "أول مراجعة"
    assert found.draft.changed == watch()
    act(home, deposits.save, public_id, record("هواء"))
    assert draft_of(home, public_id).draft.note == "أول مراجعة"


def test_saving_with_a_stale_lock_changes_nothing(home):
    public_id = drafted(home)
    lock = draft_of(home, public_id).draft.lock
    act(home, deposits.save, public_id, record("first"), expected=lock)
    with pytest.raises(Stale) as caught:
        act(home, deposits.save, public_id, record("second"), expected=lock)
    assert caught.value.code == "draft.stale"
    assert draft_of(home, public_id).draft.description() == record("first")
    act(home, deposits.save, public_id, record("second"), expected=lock + 1)


def test_every_verb_refuses_a_stale_lock_and_moves_a_fresh_one(home):
    stored = home.store.put([b"more"])
    more = {"name": "more.txt", "media_type": "text/plain", "limits": home.settings}
    walked = [
        (deposits.save, (record("x"),), {}),
        (deposits.attach, (home.store, stored), more),
        (deposits.detach, ("more.txt",), {}),
        (deposits.submit, (), {}),
        (deposits.recall, (), {}),
        (deposits.submit, (), {}),
        (reviews.request_changes, ("why",), {}),
        (deposits.submit, (), {}),
        (reviews.reject, ("why",), {}),
    ]
    public_id = drafted(home)
    for verb, arguments, named in walked:
        lock = draft_of(home, public_id).draft.lock
        with pytest.raises(Stale):
            act(home, verb, public_id, *arguments, expected=lock - 1, **named)
        assert draft_of(home, public_id).draft.lock == lock
        act(home, verb, public_id, *arguments, expected=lock, **named)
        assert draft_of(home, public_id).draft.lock == lock + 1
    with pytest.raises(Stale):
        act(home, deposits.discard, public_id, expected=lock)
    act(home, deposits.discard, public_id, expected=lock + 1)


@pytest.mark.parametrize("public_id", ["7k3v9qm2xd", "", "../..", "a\0b", "\ud800"])
def test_unknown_ids(home, public_id):
    with pytest.raises(NotFound) as caught:
        act(home, deposits.save, public_id, record())
    assert caught.value.code == "draft.unknown"


def test_who_may_not_see_a_draft_hears_that_there_is_none(home):
    public_id = drafted(home, actor=member(home, Role.DEPOSITOR))
    colleague = member(home, Role.DEPOSITOR, email="colleague@example.org")
    for actor in (colleague, ANONYMOUS):
        with pytest.raises(NotFound) as caught:
            act(home, deposits.save, public_id, record(), actor=actor)
        assert caught.value.code == "draft.unknown"


# ── files ───────────────────────────────────────────────────────────────────────────────────────


def test_files_keep_the_order_in_which_they_came(home):
    public_id = drafted(home, files={})
    for number in (3, 1, 2):
        attach(home, public_id, b"%d" % number, f"{number}.txt")
    assert files_of(home, public_id) == [("3.txt", b"3"), ("1.txt", b"1"), ("2.txt", b"2")]


def test_a_taken_name_is_refused_unless_the_file_shall_be_replaced(home):
    public_id = drafted(home, files={"a.txt": b"old", "b.txt": b"b"})
    with pytest.raises(Invalid) as caught:
        attach(home, public_id, b"new", "a.txt")
    assert (caught.value.code, caught.value.params) == ("file.name-taken", {"field": "name", "name": "a.txt"})
    attach(home, public_id, b"new", "a.txt", replace=True, role="caption", language="ar", media_type="text/vtt")
    assert files_of(home, public_id) == [("a.txt", b"new"), ("b.txt", b"b")]
    with reading(home.engine) as session:
        replaced = session.exec(select(DraftFile).where(DraftFile.name == "a.txt")).one()
        assert (replaced.role, replaced.language, replaced.media_type, replaced.size) == (
            "caption",
            "ar",
            "text/vtt",
            3,
        )


def test_the_same_bytes_under_two_names_are_one_blob(home):
    public_id = drafted(home, files={"a.txt": b"same", "b.txt": b"same"})
    assert [content for _, content in files_of(home, public_id)] == [b"same", b"same"]
    with reading(home.engine) as session:
        assert len(session.exec(select(Blob)).all()) == 1


def test_names_are_cleaned_before_they_are_compared(home):
    public_id = drafted(home, files={})
    assert attach(home, public_id, b"x", "../../etc/درس\u202e.txt") == "درس.txt"
    with pytest.raises(Invalid) as caught:
        attach(home, public_id, b"y", "درس.txt")
    assert caught.value.code == "file.name-taken"


def test_limits_of_size_and_number_hold_exactly(home):
    class Small:
        max_file_size = 4
        max_files = 2
        max_draft_size = 6

    public_id = drafted(home, files={})
    attach(home, public_id, b"1234", "a", limits=Small())
    with pytest.raises(TooLarge) as caught:
        attach(home, public_id, b"12345", "b", limits=Small())
    assert (caught.value.code, caught.value.params) == ("file.too-large", {"limit": 4, "name": "b"})
    attach(home, public_id, b"12", "b", limits=Small())
    with pytest.raises(TooLarge) as caught:
        attach(home, public_id, b"1", "c", limits=Small())
    assert (caught.value.code, caught.value.params) == ("files.too-many", {"limit": 2})
    attach(home, public_id, b"2", "b", limits=Small(), replace=True)  # no more files than before
    with pytest.raises(TooLarge) as caught:
        attach(home, public_id, b"123", "b", limits=Small(), replace=True)
    assert (caught.value.code, caught.value.params) == ("draft.too-large", {"limit": 6, "left": 2})
    attach(home, public_id, b"21", "b", limits=Small(), replace=True)
    assert [name for name, _ in files_of(home, public_id)] == ["a", "b"]


def test_an_unknown_role_of_a_file_is_refused(home):
    public_id = drafted(home, files={})
    with pytest.raises(Invalid) as caught:
        attach(home, public_id, b"x", "a", role="poster")
    assert caught.value.code == "file.role-invalid"


def test_a_file_never_gets_a_row_without_bytes(home):
    public_id = drafted(home, files={})
    wanted = {"name": "a", "media_type": "text/plain", "limits": home.settings}
    absent = Stored(hashlib.sha256(b"never put").hexdigest(), 9)
    with pytest.raises(Unavailable) as caught:
        act(home, deposits.attach, public_id, home.store, absent, **wanted)
    assert caught.value.code == "blob.being-removed"
    with reading(home.engine) as session:
        assert session.exec(select(Blob)).all() == []
    assert files_of(home, public_id) == []


def test_a_detached_file_is_gone_from_the_draft(home):
    public_id = drafted(home, files={"a.txt": b"a", "b.txt": b"b"})
    act(home, deposits.detach, public_id, "a.txt")
    assert files_of(home, public_id) == [("b.txt", b"b")]
    with pytest.raises(NotFound) as caught:
        act(home, deposits.detach, public_id, "a.txt")
    assert caught.value.code == "file.unknown"


def test_received_bytes_are_limited_hashed_and_looked_into(home):
    received = deposits.receive(home.store, [b"%PDF-1.7\n", b"..."], name="x.pdf", limit=100)
    assert received.media_type == "application/pdf"
    assert received.stored.key == hashlib.sha256(b"%PDF-1.7\n...").hexdigest()
    same = deposits.receive(home.store, [b"ab"], name="x", limit=2, expected=hashlib.sha256(b"ab").hexdigest().upper())
    assert same.stored.size == 2


def test_one_byte_too_many_and_a_wrong_digest_are_refused(home):
    endless = iter([b"ab"] * 1000)
    with pytest.raises(TooLarge) as too_large:
        deposits.receive(home.store, endless, name="x", limit=3)
    assert too_large.value.code == "file.too-large"
    assert len(list(endless)) == 998  # it stopped at the first chunk too many
    with pytest.raises(Invalid) as wrong:
        deposits.receive(home.store, [b"ab"], name="x", limit=3, expected="0" * 64)
    assert wrong.value.code == "checksum.mismatch"


# ── the review cycle ────────────────────────────────────────────────────────────────────────────


def test_submitting_tells_all_problems_at_once_and_stays_in_editing(home):
    public_id = drafted(home, described=Record(), files={})
    with pytest.raises(Invalid) as caught:
        act(home, deposits.submit, public_id)
    assert caught.value.code == "record.not-publishable"
    codes = {problem.code for problem in caught.value.problems}
    assert codes >= {"title.missing", "description.missing", "licence.missing", "creators.missing", "files.missing"}
    found = draft_of(home, public_id)
    assert (found.draft.state, found.draft.lock) == ("editing", 1)


def test_only_resources_of_metadata_alone_need_no_files(home):
    bare = drafted(home, described=record(access={"kind": "metadata-only"}), files={})
    assert act(home, deposits.submit, bare).draft.state == "submitted"
    other = drafted(home, files={})
    with pytest.raises(Invalid) as caught:
        act(home, deposits.submit, other)
    assert [problem.code for problem in caught.value.problems] == ["files.missing"]


def test_a_review_goes_to_and_fro_until_it_is_published(home):
    author, reviewer = member(home, Role.DEPOSITOR), member(home, Role.REVIEWER)
    public_id = drafted(home, actor=author)
    with pytest.raises(Forbidden):
        act(home, publishing.publish, public_id, actor=author, repository_id=home.repository_id)
    assert act(home, deposits.submit, public_id, actor=author).draft.state == "submitted"
    with pytest.raises(Conflict):  # what reviewers look at does not move under their eyes
        act(home, deposits.save, public_id, record("x"), actor=author)
    with pytest.raises(Forbidden):
        act(home, reviews.request_changes, public_id, "mine", actor=author)
    asked = act(home, reviews.request_changes, public_id, "  أضف وصفًا ", actor=reviewer)
    assert asked.draft.state == "changes-requested"
    assert act(home, deposits.save, public_id, record("y"), actor=author).draft.state == "editing"
    act(home, deposits.submit, public_id, actor=author)
    act(home, publishing.publish, public_id, actor=reviewer, repository_id=home.repository_id, comment=" جيد ")
    with reading(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=public_id)
        kept = queries.resources.reviews(session, resource_id=resource.id)
        words = [(review.decision, review.comment, review.reviewer_id) for review in kept]
    assert words == [
        ("request-changes", "أضف وصفًا", reviewer.person_id),
        ("publish", "جيد", reviewer.person_id),
    ]


def test_an_answer_needs_a_reason(home):
    public_id = drafted(home)
    act(home, deposits.submit, public_id)
    for verb in (reviews.request_changes, reviews.reject):
        with pytest.raises(Invalid) as caught:
            act(home, verb, public_id, "  ")
        assert caught.value.code == "reason.missing"
    assert draft_of(home, public_id).draft.state == "submitted"


def test_the_author_recalls_and_reviewers_do_not(home):
    author, reviewer = member(home, Role.DEPOSITOR), member(home, Role.REVIEWER)
    public_id = drafted(home, actor=author)
    act(home, deposits.submit, public_id, actor=author)
    with pytest.raises(Forbidden):
        act(home, deposits.recall, public_id, actor=reviewer)
    assert act(home, deposits.recall, public_id, actor=author).draft.state == "editing"


def test_a_rejected_draft_can_only_be_discarded(home):
    author = member(home, Role.DEPOSITOR)
    public_id = drafted(home, actor=author)
    act(home, deposits.submit, public_id, actor=author)
    assert act(home, reviews.reject, public_id, "not ours").draft.state == "rejected"
    for verb, arguments in ((deposits.save, (record(),)), (deposits.submit, ()), (deposits.recall, ())):
        with pytest.raises(Conflict):
            act(home, verb, public_id, *arguments, actor=author)
    act(home, deposits.discard, public_id, actor=author)


# ── discarding and revising ─────────────────────────────────────────────────────────────────────


def test_a_discarded_first_draft_takes_its_resource_along(home):
    public_id = drafted(home)
    act(home, deposits.submit, public_id)
    act(home, reviews.reject, public_id, "no")
    with transaction(home.engine) as session:  # brought in by an import
        resource = queries.resources.by_public_id(session, public_id=public_id)
        session.add(
            ImportedItem(
                institution_id=resource.institution_id,
                item="1",
                resource_id=resource.id,
                fingerprint="x",
                imported=START,
            )
        )
    act(home, deposits.discard, public_id)
    with pytest.raises(NotFound):
        draft_of(home, public_id)
    with reading(home.engine) as session:
        for table in (Resource, Draft, DraftFile, Review, ImportedItem):
            assert session.exec(select(table)).all() == [], table
    assert deeds(home, public_id)[-1] == "draft.discard"


def test_a_discarded_revision_leaves_the_published_version(home):
    public_id = published(home)
    act(home, deposits.revise, public_id)
    act(home, deposits.discard, public_id)
    with reading(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=public_id)
        assert (resource.state, resource.number) == ("published", 1)
        assert len(session.exec(select(VersionFile)).all()) == 1
    with pytest.raises(NotFound) as caught:
        draft_of(home, public_id)
    assert caught.value.code == "draft.unknown"


def test_a_revision_starts_from_the_version_with_its_files_by_reference(home):
    public_id = published(home, files={"b.txt": b"b", "a.txt": b"a"})
    found = act(home, deposits.revise, public_id)
    assert (found.draft.based_on, found.draft.state) == (1, "editing")
    assert found.draft.description() == record()
    assert files_of(home, public_id) == [("b.txt", b"b"), ("a.txt", b"a")]
    with reading(home.engine) as session:
        assert len(session.exec(select(Blob)).all()) == 2


def test_one_draft_at_a_time(home):
    public_id = published(home)
    act(home, deposits.revise, public_id)
    with pytest.raises(Conflict) as caught:
        act(home, deposits.revise, public_id)
    assert caught.value.code == "draft.exists"


def test_what_was_never_published_is_not_revised(home):
    with pytest.raises(Conflict) as caught:
        act(home, deposits.revise, drafted(home))
    assert caught.value.code == "transition.impossible"


# ── the log ─────────────────────────────────────────────────────────────────────────────────────

LIFE = [
    (deposits.save, (record("x"),), "draft.save"),
    (deposits.submit, (), "draft.submit"),
    (deposits.recall, (), "draft.recall"),
    (deposits.submit, (), "draft.submit"),
    (reviews.request_changes, ("why",), "draft.request-changes"),
    (deposits.submit, (), "draft.submit"),
    (reviews.reject, ("why",), "draft.reject"),
    (deposits.discard, (), "draft.discard"),
]


def test_every_step_writes_the_log_in_its_own_transaction(home, watch):
    public_id = drafted(home)
    assert deeds(home, public_id) == ["draft.begin", "draft.attach"]
    attach(home, public_id, b"y", "y.txt")
    act(home, deposits.detach, public_id, "y.txt")
    assert deeds(home, public_id)[2:] == ["draft.attach", "draft.detach"]
    for verb, arguments, action in LIFE:
        before = deeds(home, public_id)
        lock = draft_of(home, public_id).draft.lock
        with undone(home) as session:
            verb(session, OPERATOR, public_id, *arguments, now=home.now())
        assert deeds(home, public_id) == before
        assert draft_of(home, public_id).draft.lock == lock
        act(home, verb, public_id, *arguments)
        assert deeds(home, public_id) == [*before, action]


def test_a_refused_step_leaves_no_entry(home):
    public_id = drafted(home)
    before = deeds(home, public_id)
    for verb, arguments in ((deposits.recall, ()), (reviews.reject, ("x",)), (deposits.detach, ("none",))):
        with pytest.raises(OerError):
            act(home, verb, public_id, *arguments)
    assert deeds(home, public_id) == before


def test_the_record_is_kept_as_the_bytes_that_are_hashed(home):
    kept = draft_of(home, drafted(home)).draft.record
    assert kept.encode() == versions.canonical(record())
