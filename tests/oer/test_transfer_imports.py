import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import factories
import pytest
import snapshots
from factories import Watch

from metadata.record import Record
from oer import deposits, identifiers, publishing, queries
from oer.db import reading, transaction
from oer.errors import Forbidden, NotFound, Unavailable
from oer.installation import Installation
from oer.models import Blob, Draft, ImportedItem, Resource, Version
from oer.policy import OPERATOR, Actor
from oer.transfer import bulk, imports, sources
from oer.transfer.imports import Importer, Options, Result
from oer.workflow import Role
from storage import errors as store_errors

RECORD = json.loads(factories.record().model_dump_json(exclude_defaults=True))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "lessons"
    made.mkdir()
    return made


@pytest.fixture
def place(home: Installation) -> Installation:
    """The installation with an institution called college."""
    with transaction(home.engine) as session:
        factories.institution(session)
    return home


def row(name: str, title: str | None = None, *, content: str | None = None, **rest: Any) -> dict[str, Any]:
    """A row that can be published, with its file's content for :func:`lay`."""
    record = RECORD | {"title": [{"value": title or f"درس {name}", "lang": "ar"}]}
    return {"path": name, "record": record, "content": content or f"content of {name}", **rest}


def lay(folder: Path, *rows: dict[str, Any]) -> Path:
    """The rows as an index with their files."""
    for each in rows:
        if "content" in each and "path" in each:
            (folder / each["path"]).write_text(each["content"], "utf-8")
    told = [{name: value for name, value in each.items() if name != "content"} for each in rows]
    (folder / "index.json").write_text(json.dumps(told), "utf-8")
    return folder


def importer(home: Installation, *, actor: Actor = OPERATOR, rehearsal: bool = False, **options: Any) -> Importer:
    return Importer(
        engine=home.engine,
        store=home.store,
        actor=actor,
        options=Options(**{"institution": "college", "source": "lessons", "publish": True, **options}),
        limits=home.settings,
        repository_id=home.repository_id,
        now=home.now,
        rehearsal=rehearsal,
    )


def run(home: Installation, path: Path, **options: Any) -> list[Result]:
    with sources.opened(path, most=1000) as opened:
        return list(importer(home, **options).run(opened.rows, opened.folder))


def statuses(results: list[Result]) -> list[str]:
    return [result.status for result in results]


def codes(result: Result) -> list[tuple[str, str]]:
    return [(problem.code, problem.field) for problem in result.problems]


def count(home: Installation, table: type[Any]) -> int:
    return len(snapshots.tables(home)[table.__tablename__])


def resource(home: Installation, public_id: str | None) -> Resource:
    with reading(home.engine) as session:
        found = queries.resources.by_public_id(session, public_id=public_id or "")
        assert found is not None
        return found


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


# ── Bad rows ─────────────────────────────────────────────────────────────────────────────────────


def bad_rows() -> list[tuple[dict[str, Any], tuple[str, str]]]:
    long = RECORD | {"title": [{"value": "x" * 5000, "lang": "ar"}]}
    return [
        (row("no.txt") | {"sha256": "0" * 64}, ("checksum.mismatch", "files[0]")),
        ({"path": "missing.txt", "record": RECORD}, ("import.file-not-there", "files[0]")),
        ({"path": "../secret.txt", "record": RECORD}, ("import.file-outside", "files[0]")),
        ({"item": "nofile", "record": RECORD}, ("files.missing", "files")),
        ({"item": "list", "record": []}, ("json.not-object", "")),
        (row("unknown.txt") | {"record": RECORD | {"titel": 1}}, ("field.unknown", "titel")),
        (row("long.txt") | {"record": long}, ("text.too-long", "title[0].value")),
        (row("mine.txt") | {"record": RECORD | {"licence": "https://example.org/x"}}, ("licence.unknown", "licence")),
        (row("role.txt") | {"files": [{"path": "role.txt", "role": "boss"}]}, ("file.role-invalid", "")),
        (row("twice.txt") | {"files": ["twice.txt", "./twice.txt"]}, ("file.name-taken", "")),
    ]  # fmt: skip


@pytest.mark.parametrize("rehearsal", [False, True])
def test_bad_rows_fail_alone_each_with_its_reason(place: Installation, folder: Path, rehearsal: bool) -> None:
    bad = bad_rows()
    (folder.parent / "secret.txt").write_text("secret")
    mixed = [row("first.txt"), *(each for each, _ in bad), row("last.txt")]
    for each, _ in bad:
        if "content" in each:
            (folder / each["path"]).write_text("x")
    results = run(place, lay(folder, *mixed), rehearsal=rehearsal)
    assert statuses(results) == ["created", *["failed"] * len(bad), "created"]
    for result, (_, problem) in zip(results[1:-1], bad, strict=True):
        assert codes(result) == [problem]
    assert count(place, Resource) == (0 if rehearsal else 2)
    assert count(place, Draft) == 0


@pytest.mark.parametrize(
    "character",
    ["\u0000", "\u0008", "\u001b", "\u007f", "\u0085", "\u202e", "\u2066", "\ud800", "\ufdd0", "\uffff"],
)
def test_no_illegal_character_gets_in_by_any_kind_of_row(place: Installation, folder: Path, character: str) -> None:
    nested = row("a.txt") | {"record": RECORD | {"keywords": [{"value": f"a{character}b", "lang": "en"}]}}
    flat = {"path": "b.txt", "title_ar": f"a{character}b", "content": "x"}
    names = row("c.txt") | {"files": [{"path": "c.txt", "name": f"a{character}b.txt"}]}
    results = run(place, lay(folder, nested, flat, names), publish=False)
    assert statuses(results) == ["failed", "failed", "created"]
    assert [codes(result) for result in results[:2]] == [
        [("text.illegal-character", "keywords[0].value")],
        [("text.illegal-character", "title[0].value")],
    ]
    said = json.dumps(snapshots.tables(place), default=str, ensure_ascii=False)
    assert character not in said


def test_a_file_that_vanishes_between_listing_and_reading_fails_its_row_alone(
    place: Installation, folder: Path
) -> None:
    lay(folder, row("a.txt"), row("b.txt"), row("c.txt"))
    with sources.opened(folder, most=10) as opened:

        def vanishing() -> Iterator[sources.Row]:
            for each in opened.rows:
                (folder / "b.txt").unlink(missing_ok=True)
                yield each

        results = list(importer(place).run(vanishing(), opened.folder))
    assert statuses(results) == ["created", "failed", "created"]
    assert codes(results[1]) == [("import.file-not-there", "files[0]")]


def test_too_large_and_too_many_files_fail_their_row(tmp_path: Path, folder: Path) -> None:
    (folder / "big.txt").write_text("x" * 11)
    (folder / "small.txt").write_text("x" * 10)
    with factories.opened(tmp_path / "strict", max_file_size=10, max_files=1) as home:
        with transaction(home.engine) as session:
            factories.institution(session)
        rows = ({"path": "big.txt", "record": RECORD}, {"files": ["small.txt", "big.txt"], "record": RECORD},
                {"path": "small.txt", "record": RECORD})  # fmt: skip
        results = run(home, lay(folder, *rows))
        assert [codes(result) for result in results] == [
            [("file.too-large", "files[0]")],
            [("files.too-many", "files")],
            [],
        ]


def test_unknown_columns_are_reported_for_flat_and_for_nested_rows(place: Installation, folder: Path) -> None:
    nested = row("a.txt") | {"colour": "red", "version": 3, "institution": "elsewhere", "id": "ours"}
    flat = {"path": "b.txt", "title_ar": "x", "Colour": "red", "content": "x"}
    results = run(place, lay(folder, nested, flat), publish=False)
    assert [result.ignored for result in results] == [("colour",), ("Colour",)]


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


# ── Faults ───────────────────────────────────────────────────────────────────────────────────────


def test_a_full_store_stops_the_import_and_what_was_reported_stays(
    place: Installation, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "_BATCH", 2)
    lay(folder, *(row(f"{number}.txt") for number in range(7)))
    real = place.store.put
    calls = iter(range(100))

    def filling(chunks: Any, *rest: Any) -> Any:
        if next(calls) >= 5:
            raise store_errors.Full
        return real(chunks, *rest)

    monkeypatch.setattr(place.store, "put", filling)
    seen: list[Result] = []
    with sources.opened(folder, most=10) as opened:
        results = importer(place).run(opened.rows, opened.folder)
        with pytest.raises(store_errors.Full):
            seen.extend(results)
    assert statuses(seen) == ["created"] * 4
    assert count(place, Resource) == 4
    assert count(place, Draft) == 0
    monkeypatch.setattr(place.store, "put", real)
    assert statuses(run(place, folder)) == [*["unchanged"] * 4, *["created"] * 3]


def test_bytes_that_a_sweep_has_marked_are_put_again_until_they_stay(
    place: Installation, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(folder, row("a.txt"))
    key = hashlib.sha256(b"content of a.txt").hexdigest()
    with transaction(place.engine) as session:
        session.add(Blob(key=key, size=16, created=place.now(), marked=place.now()))
    pauses: list[float] = []

    def swept(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            with transaction(place.engine) as session:
                blob = session.get(Blob, key)
                assert blob is not None
                blob.marked = None

    monkeypatch.setattr(time, "sleep", swept)
    assert statuses(run(place, folder)) == ["created"]
    assert len(pauses) == 3


def test_a_sweep_that_never_ends_is_not_waited_for_without_end(
    place: Installation, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(folder, row("a.txt"))
    with transaction(place.engine) as session:
        key = hashlib.sha256(b"content of a.txt").hexdigest()
        session.add(Blob(key=key, size=16, created=place.now(), marked=place.now()))
    monkeypatch.setattr(imports, "_PATIENCE", 0.0)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    with pytest.raises(Unavailable, match=r"blob\.being-removed"):
        run(place, folder)
    assert count(place, Resource) == 0


def test_large_files_end_a_batch_early(place: Installation, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "_BATCH_BYTES", 10)
    lay(folder, *(row(f"{number}.txt") for number in range(3)))
    with sources.opened(folder, most=10) as opened:
        results = importer(place).run(opened.rows, opened.folder)
        next(results)
        assert count(place, Resource) == 1
        assert statuses(list(results)) == ["created", "created"]


def test_a_record_stays_what_it_was_on_its_way_through_a_row(place: Installation, folder: Path) -> None:
    full = json.loads((Path(__file__).parent.parent / "samples" / "index.json").read_text("utf-8"))[0]["record"]
    (result,) = run(place, lay(folder, row("a.txt") | {"record": full}))
    with reading(place.engine) as session:
        version = queries.resources.version(session, resource_id=resource(place, result.id).id or 0, number=1)
        assert version is not None
        assert version.description() == Record.model_validate(full)


# ── Many at once ─────────────────────────────────────────────────────────────────────────────────


def without_files(count: int) -> list[dict[str, Any]]:
    record = RECORD | {"access": {"kind": "metadata-only"}}
    return [{"item": f"{n}", "record": record | {"title": [{"value": f"درس {n}", "lang": "ar"}]}} for n in range(count)]


@pytest.mark.parametrize("publish", [True, False])
def test_new_rows_written_all_at_once_are_what_one_by_one_would_be(
    tmp_path: Path, folder: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch, publish: bool
) -> None:
    """The short way must write what the services write, to the last column."""
    lay(folder, *without_files(7))
    written: list[dict[str, list[tuple[Any, ...]]]] = []
    for way in ("short", "long"):
        numbers = iter(range(100))
        with monkeypatch.context() as patch, factories.opened(tmp_path / way, now=watch) as home:
            patch.setattr(identifiers, "new_public_id", lambda numbers=numbers: f"{next(numbers):010}")
            patch.setattr(secrets, "randbelow", lambda _: 0)
            if way == "long":
                patch.setattr(bulk, "begin", lambda *_, **__: (_ for _ in ()).throw(Forbidden("action.forbidden")))
            actor = factories.member(home, Role.REVIEWER)
            assert statuses(run(home, folder, actor=actor, publish=publish)) == ["created"] * 7
            found = snapshots.tables(home)
            found.pop("identity")
            found["audit_entry"] = sorted((row[1:] for row in found["audit_entry"]), key=repr)
            written.append(found)
    assert written[0].keys() == written[1].keys()
    for table, rows in written[0].items():
        assert rows == written[1][table], table
    assert len(written[0]["version" if publish else "draft"]) == 7


def test_who_may_not_publish_is_told_for_each_row(place: Installation, folder: Path) -> None:
    depositor = factories.member(place, Role.DEPOSITOR)
    results = run(place, lay(folder, *without_files(3)), actor=depositor)
    assert [codes(result) for result in results] == [[("action.forbidden", "")]] * 3
    assert count(place, Resource) == 0
    assert statuses(run(place, folder, actor=depositor, publish=False)) == ["created"] * 3


def test_new_and_known_rows_with_and_without_files_go_together(place: Installation, folder: Path) -> None:
    rows = without_files(4)
    run(place, lay(folder, rows[0], rows[2], row("a.txt")))
    changed = rows[2] | {"record": rows[2]["record"] | {"rights_holder": "x"}}
    results = run(place, lay(folder, rows[0], rows[1], changed, row("a.txt"), row("b.txt"), rows[3]))
    assert statuses(results) == ["unchanged", "created", "updated", "unchanged", "created", "created"]
    assert [result.item for result in results] == ["0", "1", "2", "a.txt", "b.txt", "3"]
    assert count(place, Resource) == 6
    assert statuses(run(place, folder)) == ["unchanged"] * 6


def test_a_row_that_bears_the_id_of_a_resource_is_that_resource_and_no_new_one(
    place: Installation, folder: Path
) -> None:
    public_id = factories.published(place, described=factories.record(access={"kind": "metadata-only"}), files={})
    (one,) = without_files(1)
    (result,) = run(place, lay(folder, one | {"item": "x", "id": public_id}))
    assert (result.status, result.id) == ("updated", public_id)
    assert count(place, Resource) == 1
