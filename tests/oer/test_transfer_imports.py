"""Imports of rows with their files: nothing doubled, nobody's draft lost, and only what one may."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import factories
import importing
import pytest
import snapshots
from factories import Watch
from importing import RECORD, codes, count, lay, resource, row, run, statuses

from metadata.record import Record
from oer import deposits, publishing, queries
from oer.db import reading, transaction
from oer.errors import Forbidden, NotFound
from oer.installation import Installation
from oer.models import Blob, Draft, ImportedItem, Resource, Version
from oer.policy import OPERATOR
from oer.workflow import Role


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return importing.folder_in(tmp_path)


# ── Nothing doubled ──────────────────────────────────────────────────────────────────────────────


def test_rows_become_published_resources_with_their_bytes(place: Installation, folder: Path) -> None:
    results = run(place, lay(folder, row("a.txt"), row("b.md", content="# title\n")))
    assert statuses(results) == ["created", "created"]
    with reading(place.engine) as session:
        found = queries.resources.published(session, after=None, within=None, limit=10)
        files = queries.resources.files_of_many(session, version_ids=[version.id or 0 for _, version, _ in found])
    assert {resource.public_id for resource, _, _ in found} == {result.id for result in results}
    by_name = {file.name: file for (file,) in files.values()}
    assert by_name["a.txt"].key == hashlib.sha256(b"content of a.txt").hexdigest()
    assert (by_name["a.txt"].media_type, by_name["b.md"].media_type) == ("text/plain", "text/markdown")
    assert b"".join(place.store.open(by_name["b.md"].key)) == b"# title\n"


def test_a_record_stays_what_it_was_on_its_way_through_a_row(place: Installation, folder: Path) -> None:
    full = json.loads((Path(__file__).parent.parent / "samples" / "index.json").read_text("utf-8"))[0]["record"]
    (result,) = run(place, lay(folder, row("a.txt") | {"record": full}))
    with reading(place.engine) as session:
        version = queries.resources.version(session, resource_id=resource(place, result.id).id or 0, number=1)
        assert version is not None
        assert version.description() == Record.model_validate(full)


def test_a_second_run_writes_nothing_at_all(place: Installation, folder: Path, watch: Watch) -> None:
    lay(folder, row("a.txt"), row("b.txt"))
    first = run(place, folder)
    before = snapshots.everything(place)
    watch.forward(days=1)
    again = run(place, folder)
    assert statuses(again) == ["unchanged", "unchanged"]
    assert [result.id for result in again] == [result.id for result in first]
    assert snapshots.everything(place) == before


def test_a_changed_row_is_a_new_version_and_only_that_row(place: Installation, folder: Path) -> None:
    first = run(place, lay(folder, row("a.txt"), row("b.txt"), row("c.txt")))
    results = run(place, lay(folder, row("a.txt"), row("b.txt", title="آخر"), row("c.txt", content="other bytes")))
    assert statuses(results) == ["unchanged", "updated", "updated"]
    assert [result.id for result in results] == [result.id for result in first]
    assert [resource(place, result.id).number for result in results] == [1, 2, 2]
    assert count(place, Draft) == 0


def test_a_row_that_is_gone_changes_nothing(place: Installation, folder: Path) -> None:
    run(place, lay(folder, row("a.txt"), row("b.txt")))
    before = snapshots.everything(place)
    assert statuses(run(place, lay(folder, row("a.txt")))) == ["unchanged"]
    assert snapshots.everything(place) == before


def test_files_follow_the_row_in_number_name_and_order(place: Installation, folder: Path) -> None:
    for name in "abc":
        (folder / name).write_text(name)
    files = ({"path": "a"}, {"path": "b", "role": "extra", "language": "ar"}, {"path": "c", "name": "ج.txt"})
    for wanted in ([0, 1], [1, 0], [2, 0, 1], [2]):
        run(place, lay(folder, {"item": "x", "record": RECORD, "files": [files[number] for number in wanted]}))
        with reading(place.engine) as session:
            ((_, version, _),) = queries.resources.published(session, after=None, within=None, limit=5)
            found = queries.resources.files(session, version_id=version.id or 0)
        expected = [files[number] for number in wanted]
        assert [file.name for file in found] == [file.get("name", file["path"]) for file in expected]
        assert [file.role for file in found] == [file.get("role", "main") for file in expected]
    assert version.number == 4


def test_two_sources_with_the_same_file_name_are_two_resources(place: Installation, folder: Path) -> None:
    lay(folder, row("a.txt"))
    (one,), (other,) = run(place, folder, source="one"), run(place, folder, source="other")
    assert (one.status, other.status) == ("created", "created")
    assert one.id != other.id
    assert count(place, Blob) == 1


def test_two_institutions_may_import_the_same_source(place: Installation, folder: Path) -> None:
    with transaction(place.engine) as session:
        factories.institution(session, "school")
    lay(folder, row("a.txt"))
    assert statuses(run(place, folder) + run(place, folder, institution="school")) == ["created", "created"]


def test_the_same_item_twice_in_one_source_is_a_fault_of_the_second(place: Installation, folder: Path) -> None:
    results = run(place, lay(folder, row("a.txt"), row("a.txt", title="آخر")))
    assert statuses(results) == ["created", "failed"]
    assert codes(results[1]) == [("import.row-repeated", "")]
    assert results[1].problems[0].params == {"first": 1}


# ── Drafts ───────────────────────────────────────────────────────────────────────────────────────


def test_without_publish_rows_are_drafts_and_with_it_later_the_same_ones_appear(
    place: Installation, folder: Path
) -> None:
    lay(folder, row("a.txt"))
    (drafted,) = run(place, folder, publish=False)
    assert (drafted.status, resource(place, drafted.id).number) == ("created", 0)
    assert statuses(run(place, folder, publish=False)) == ["unchanged"]
    (published,) = run(place, folder)
    assert (published.status, published.id) == ("updated", drafted.id)
    assert (resource(place, drafted.id).state, resource(place, drafted.id).number) == ("published", 1)
    assert count(place, Draft) == 0
    assert statuses(run(place, folder)) == ["unchanged"]


def test_an_incomplete_row_may_be_a_draft_but_not_published(place: Installation, folder: Path) -> None:
    (folder / "index.csv").write_text("title_ar,path\nدرس,a.txt\n", "utf-8")
    (folder / "a.txt").write_text("x")
    (failed,) = run(place, folder)
    assert {"licence.missing", "description.missing"} <= {problem.code for problem in failed.problems}
    assert count(place, Resource) == count(place, Blob) == 0
    assert statuses(run(place, folder, publish=False)) == ["created"]


def test_a_draft_that_somebody_has_edited_since_is_theirs(place: Installation, folder: Path) -> None:
    (first,) = run(place, lay(folder, row("a.txt")), publish=False)
    edited = factories.record("بيد معلّمة")
    with transaction(place.engine) as session:
        deposits.save(session, OPERATOR, first.id or "", edited, now=place.now())
    assert statuses(run(place, folder)) == ["unchanged"]  # not published, not overwritten
    (refused,) = run(place, lay(folder, row("a.txt", title="آخر")))
    assert codes(refused) == [("draft.exists", "")]
    with reading(place.engine) as session:
        kept = queries.resources.draft(session, resource_id=resource(place, first.id).id or 0)
        assert kept is not None
        assert kept.description() == edited


def test_a_draft_beside_a_published_version_survives_any_import(place: Installation, folder: Path) -> None:
    (first,) = run(place, lay(folder, row("a.txt")))
    with transaction(place.engine) as session:
        deposits.revise(session, OPERATOR, first.id or "", now=place.now())
        deposits.save(session, OPERATOR, first.id or "", factories.record("قيد العمل"), now=place.now())
    assert statuses(run(place, folder)) == ["unchanged"]
    assert statuses(run(place, lay(folder, row("a.txt", title="آخر")))) == ["failed"]
    assert count(place, Draft) == 1
    assert resource(place, first.id).number == 1


def test_an_untouched_draft_beside_a_version_is_not_thrown_away(place: Installation, folder: Path) -> None:
    (first,) = run(place, lay(folder, row("a.txt")))
    with transaction(place.engine) as session:
        deposits.revise(session, OPERATOR, first.id or "", now=place.now())
    assert statuses(run(place, folder)) == ["unchanged"]
    assert count(place, Draft) == 1


def test_a_row_that_goes_back_to_what_is_published_leaves_no_draft(place: Installation, folder: Path) -> None:
    run(place, lay(folder, row("a.txt")))
    run(place, lay(folder, row("a.txt", title="آخر")), publish=False)
    assert count(place, Draft) == 1
    assert statuses(run(place, lay(folder, row("a.txt")))) == ["unchanged"]
    assert (count(place, Draft), count(place, Version)) == (0, 1)
    assert statuses(run(place, folder)) == ["unchanged"]


def test_a_discarded_draft_is_imported_anew(place: Installation, folder: Path) -> None:
    (first,) = run(place, lay(folder, row("a.txt")), publish=False)
    with transaction(place.engine) as session:
        deposits.discard(session, OPERATOR, first.id or "", now=place.now())
    assert statuses(run(place, folder)) == ["created"]
    assert count(place, ImportedItem) == 1


def test_a_withdrawn_resource_stays_withdrawn(place: Installation, folder: Path) -> None:
    (first,) = run(place, lay(folder, row("a.txt")))
    with transaction(place.engine) as session:
        publishing.withdraw(
            session, OPERATOR, first.id or "", reason="rights", repository_id=place.repository_id, now=place.now()
        )
    assert statuses(run(place, folder)) == ["unchanged"]
    (refused,) = run(place, lay(folder, row("a.txt", title="آخر")))
    assert codes(refused) == [("transition.impossible", "")]
    assert resource(place, first.id).state == "withdrawn"


def test_what_people_made_of_a_resource_is_not_undone_by_an_unchanged_row(place: Installation, folder: Path) -> None:
    (first,) = run(place, lay(folder, row("a.txt")))
    with transaction(place.engine) as session:
        deposits.revise(session, OPERATOR, first.id or "", now=place.now())
        deposits.save(session, OPERATOR, first.id or "", factories.record("أحسن"), now=place.now())
        publishing.publish(session, OPERATOR, first.id or "", repository_id=place.repository_id, now=place.now())
    assert statuses(run(place, folder)) == ["unchanged"]
    assert resource(place, first.id).number == 2


# ── Trials ───────────────────────────────────────────────────────────────────────────────────────


def test_a_rehearsal_writes_nothing_and_says_what_the_run_then_does(
    place: Installation, folder: Path, watch: Watch
) -> None:
    run(place, lay(folder, row("same.txt"), row("changed.txt"), row("renamed.txt"), row("gone.txt")))
    run(place, lay(folder, row("draft.txt")), publish=False)
    with transaction(place.engine) as session:
        item = session.get(ImportedItem, (1, "lessons/gone.txt"))
        assert item is not None
        gone = session.get(Resource, item.resource_id)
        assert gone is not None
        publishing.withdraw(
            session, OPERATOR, gone.public_id, reason="error", repository_id=place.repository_id, now=place.now()
        )
    lay(
        folder,
        row("same.txt"),
        row("changed.txt", content="other"),
        row("renamed.txt", files=[{"path": "renamed.txt", "name": "new.txt"}]),
        row("draft.txt"),
        row("gone.txt", title="آخر"),
        row("new1.txt"),
        row("new2.txt", content="content of new1.txt"),
        row("new1.txt"),
        {"path": "missing.txt", "record": RECORD},
        {"item": "x", "record": {}},
    )
    before = snapshots.everything(place)
    watch.forward(hours=1)
    tried = run(place, folder, rehearsal=True)
    assert snapshots.everything(place) == before
    done = run(place, folder)
    assert statuses(done) == ["unchanged", *["updated"] * 3, "failed", "created", "created", *["failed"] * 3]
    assert [replace(result, id=None) if result.status == "created" else result for result in done] == tried


# ── People ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("role", "publish", "expected"), [
    (Role.NONE, False, Forbidden),
    (Role.DEPOSITOR, False, "created"),
    (Role.DEPOSITOR, True, "failed"),
    (Role.REVIEWER, True, "created"),
    (Role.MANAGER, True, "created"),
])  # fmt: skip
@pytest.mark.parametrize("rehearsal", [False, True])
def test_people_import_what_their_role_lets_them(
    place: Installation, folder: Path, role: Role, publish: bool, expected: Any, rehearsal: bool
) -> None:
    lay(folder, row("a.txt"))
    actor = factories.member(place, role) if role else factories.member(place, Role.MANAGER, "school")
    if expected is Forbidden:
        before = snapshots.everything(place)
        with pytest.raises(Forbidden):
            run(place, folder, actor=actor, publish=publish, rehearsal=rehearsal)
        assert snapshots.everything(place) == before
        return
    (result,) = run(place, folder, actor=actor, publish=publish, rehearsal=rehearsal)
    assert result.status == expected
    if expected == "failed":
        assert codes(result) == [("action.forbidden", "")]
        assert count(place, Resource) == 0
    elif not rehearsal:
        assert resource(place, result.id).author_id == actor.person_id


def test_an_unknown_institution_stops_the_import_before_the_first_row(home: Installation, folder: Path) -> None:
    with pytest.raises(NotFound, match=r"institution\.unknown"):
        run(home, lay(folder, row("a.txt")), institution="nowhere")
    assert snapshots.kept(home) == {}
