"""Out as a table, edited, and in again."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import factories
import pytest
import snapshots
from factories import Watch

from metadata.record import Record
from oer import deposits, publishing, queries
from oer.db import reading
from oer.errors import NotFound
from oer.installation import Installation
from oer.models import Draft, Version
from oer.policy import OPERATOR, Actor
from oer.transfer import reports, sources, tables, updates
from oer.transfer.reports import Result
from oer.transfer.updates import Updater
from oer.workflow import Role

Rows = list[dict[str, Any]]
Edit = Callable[[Rows], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "tables"
    made.mkdir()
    return made


@pytest.fixture(params=["csv", "jsonl"])
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def described(title: str = "الضوء والماء", **changes: Any) -> Record:
    return factories.record(title, **changes)


def exported(home: Installation, folder: Path, form: str, *, actor: Actor = OPERATOR, **options: Any) -> Path:
    target = folder / f"{len(list(folder.iterdir()))}.{form}"
    tables.write(home.engine, target, actor, **options)
    return target


def edit(path: Path, change: Edit) -> Path:
    """The rows as whoever edits them sees them; of a table the cells are text."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows: Rows = list(csv.DictReader(file))
        change(rows)
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)
        path.write_bytes(text.getvalue().encode("utf-8-sig"))
    else:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        change(rows)
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def titled(words: str, *public_ids: str) -> Edit:
    """An Arabic title for these rows, or for all."""

    def do(rows: Rows) -> None:
        for row in rows:
            if public_ids and row["id"] not in public_ids:
                continue
            if "record" in row:
                row["record"]["title"] = [{"value": words, "lang": "ar"}]
            else:
                row["title_ar"] = words

    return do


def fixed(**values: Any) -> Edit:
    def do(rows: Rows) -> None:
        for row in rows:
            row.update(values)

    return do


def run(home: Installation, path: Path, *, actor: Actor = OPERATOR, **options: Any) -> list[Result]:
    wanted = {"institution": None, "publish": False, "rehearsal": False} | options
    updater = Updater(engine=home.engine, actor=actor, repository_id=home.repository_id, now=home.now, **wanted)
    with sources.opened(path, most=1000) as opened:
        return list(updater.run(opened.rows, opened.folder))


def told(results: list[Result]) -> list[tuple[str, list[str]]]:
    return [(result.status, [problem.code for problem in result.problems]) for result in results]


def title(home: Installation, public_id: str, *, draft: bool = False) -> str:
    with reading(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=public_id)
        assert resource is not None
        found: Draft | Version | None = (
            queries.resources.draft(session, resource_id=resource.id or 0)
            if draft
            else queries.resources.version(session, resource_id=resource.id or 0, number=resource.number)
        )
        assert found is not None
        return found.description().title[0].value


def count(home: Installation, table: str) -> int:
    return len(snapshots.tables(home)[table])


# ── Edited, and not ──────────────────────────────────────────────────────────────────────────────


def test_an_export_sent_back_unedited_changes_nothing(home: Installation, folder: Path, form: str) -> None:
    factories.published(home)
    factories.published(home, described=factories.record("=cmd|' /C calc'!A0"), files={"b.txt": b"b"})
    path = exported(home, folder, form)
    before = snapshots.everything(home)
    assert told(run(home, path, publish=True)) == [("unchanged", [])] * 2
    assert snapshots.everything(home) == before


def test_an_edited_row_makes_a_draft_of_the_next_version(home: Installation, folder: Path, form: str) -> None:
    one, other = factories.published(home), factories.published(home, files={"b.txt": b"b"})
    path = edit(exported(home, folder, form), titled("أوضح", one))
    results = run(home, path)
    assert [(result.id, result.status) for result in results] == [(one, "updated"), (other, "unchanged")]
    assert [(c.field, c.kind, c.before, c.after) for c in results[0].changes] == [
        ("title[ar]", "changed", "الضوء والماء", "أوضح")
    ]
    assert (title(home, one), title(home, one, draft=True)) == ("الضوء والماء", "أوضح")
    assert count(home, "draft") == 1
    with reading(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=one)
        assert resource is not None
        draft = queries.resources.draft(session, resource_id=resource.id or 0)
        assert draft is not None
        (file,) = queries.resources.draft_files(session, draft_id=draft.id or 0)
        assert file.name == "lesson.txt"  # carried over by reference


def test_an_edited_row_is_published_where_that_is_wanted(home: Installation, folder: Path, form: str) -> None:
    one = factories.published(home)
    assert told(run(home, edit(exported(home, folder, form), titled("أوضح")), publish=True)) == [("updated", [])]
    assert title(home, one) == "أوضح"
    assert (count(home, "draft"), count(home, "version")) == (0, 2)


def test_the_same_rows_sent_again_do_nothing_more(home: Installation, folder: Path, form: str) -> None:
    factories.published(home)
    for publish in (False, True):
        path = edit(exported(home, folder, form), titled(f"أوضح {publish}"))
        assert told(run(home, path, publish=publish)) == [("updated", [])]
        before = snapshots.tables(home)
        assert told(run(home, path, publish=publish)) == [("unchanged", [])]
        assert [result.changes for result in run(home, path, publish=publish)] == [()]
        assert snapshots.tables(home) == before


def test_rows_sent_as_drafts_are_published_when_sent_again_so(home: Installation, folder: Path, form: str) -> None:
    one = factories.published(home)
    path = edit(exported(home, folder, form), titled("أوضح"))
    run(home, path)
    assert told(run(home, path, publish=True)) == [("updated", [])]
    assert title(home, one) == "أوضح"


def test_a_row_edited_again_goes_on_with_the_draft_that_an_update_made(
    home: Installation, folder: Path, form: str
) -> None:
    one = factories.published(home)
    path = exported(home, folder, form)
    run(home, edit(path, titled("أوضح")))
    assert told(run(home, edit(path, titled("أوضح بكثير")))) == [("updated", [])]
    assert title(home, one, draft=True) == "أوضح بكثير"
    assert count(home, "draft") == 1


def test_a_dry_run_previews_the_differences_and_writes_nothing(home: Installation, folder: Path, form: str) -> None:
    factories.published(home)
    path = edit(exported(home, folder, form), titled("أوضح"))
    before = snapshots.everything(home)
    (result,) = run(home, path, publish=True, rehearsal=True)
    assert result.status == "updated"
    assert reports.row(result)["changes"] == [
        {"field": "title[ar]", "kind": "changed", "before": "الضوء والماء", "after": "أوضح"}
    ]
    assert snapshots.everything(home) == before


# ── Changed since ────────────────────────────────────────────────────────────────────────────────


def test_a_row_whose_resource_has_changed_since_is_refused(home: Installation, folder: Path, form: str) -> None:
    one = factories.published(home)
    path = edit(exported(home, folder, form), titled("من الجدول"))
    factories.act(home, deposits.revise, one)
    factories.act(home, deposits.save, one, described("من غيره"))
    factories.act(home, publishing.publish, one, repository_id=home.repository_id)
    before = snapshots.tables(home)
    for publish in (False, True):
        assert told(run(home, path, publish=publish)) == [("failed", ["import.row-stale"])]
    assert snapshots.tables(home) == before


def test_an_unedited_row_of_a_resource_that_has_changed_wants_nothing(
    home: Installation, folder: Path, form: str
) -> None:
    one = factories.published(home)
    path = exported(home, folder, form)
    factories.act(home, deposits.revise, one)
    factories.act(home, deposits.save, one, described("من غيره"))
    factories.act(home, publishing.publish, one, repository_id=home.repository_id)
    assert told(run(home, path, publish=True)) == [("unchanged", [])]
    assert title(home, one) == "من غيره"


def test_a_draft_of_somebody_is_theirs(home: Installation, folder: Path, form: str) -> None:
    one = factories.published(home)
    path = edit(exported(home, folder, form), titled("من الجدول"))
    factories.act(home, deposits.revise, one)
    factories.act(home, deposits.save, one, described("قيد العمل"))
    assert told(run(home, path)) == [("failed", ["draft.exists"])]
    assert title(home, one, draft=True) == "قيد العمل"


def test_who_may_see_no_draft_hears_the_same_with_one_and_without(home: Installation, folder: Path, form: str) -> None:
    stranger = factories.member(home, Role.DEPOSITOR, at="elsewhere")
    one, other = factories.published(home), factories.published(home)
    path = edit(exported(home, folder, form), titled("من بعيد", one, other))
    factories.act(home, deposits.revise, one)
    factories.act(home, deposits.save, one, described("من بعيد"))
    for rehearsal in (True, False):
        of_one, of_other = told(run(home, path, actor=stranger, rehearsal=rehearsal))
        assert of_one == of_other
        assert of_one[0] == "failed"
    assert title(home, one, draft=True) == "من بعيد"


def test_a_draft_of_an_update_that_somebody_has_edited_since_is_theirs(
    home: Installation, folder: Path, form: str
) -> None:
    one = factories.published(home)
    path = exported(home, folder, form)
    run(home, edit(path, titled("من الجدول")))
    factories.act(home, deposits.save, one, described("بيد معلّمة"))
    assert told(run(home, edit(path, titled("مرة أخرى")), publish=True)) == [("failed", ["draft.exists"])]
    assert title(home, one, draft=True) == "بيد معلّمة"


def test_drafts_go_out_and_come_back(home: Installation, folder: Path, form: str) -> None:
    one = factories.drafted(home)
    path = edit(exported(home, folder, form, state="draft"), titled("أوضح"))
    assert told(run(home, path)) == [("updated", [])]
    assert title(home, one, draft=True) == "أوضح"
    again = exported(home, folder, form, state="draft")
    assert told(run(home, again)) == [("unchanged", [])]
    assert told(run(home, again, publish=True)) == [("updated", [])]
    assert title(home, one) == "أوضح"
    assert told(run(home, edit(path, titled("قديم")))) == [("failed", ["import.row-stale"])]


@pytest.mark.parametrize("state", ["published", "draft"])
def test_a_draft_in_which_nothing_is_changed_yet_is_like_what_is_published(
    home: Installation, folder: Path, form: str, state: str
) -> None:
    one = factories.published(home)
    factories.act(home, deposits.revise, one)
    path = exported(home, folder, form, state=state)
    assert told(run(home, path)) == [("unchanged", [])]
    assert told(run(home, edit(path, titled("أوضح")))) == [("updated", [])]
    assert title(home, one, draft=True) == "أوضح"


# ── What is wrong with rows ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (fixed(id=""), ["import.id-missing"]),
        (fixed(id="none"), ["resource.unknown"]),
        (fixed(id="7k3v9qm2xd"), ["resource.unknown"]),
        (fixed(digest=""), ["import.digest-missing"]),
        (fixed(id="", digest=""), ["import.id-missing", "import.digest-missing"]),
        (fixed(digest="0" * 64), ["import.row-stale"]),
        (fixed(digest="nonsense"), ["import.row-stale"]),
        (fixed(institution="school"), ["import.column-fixed"]),
        (fixed(state="withdrawn", version="7"), ["import.column-fixed"] * 2),
    ],
)
def test_a_row_that_cannot_be_taken_says_why_and_the_others_go_on(
    home: Installation, folder: Path, form: str, change: Edit, codes: list[str]
) -> None:
    one, other = factories.published(home), factories.published(home, files={"b.txt": b"b"})
    path = edit(exported(home, folder, form), titled("أوضح"))
    path = edit(path, lambda rows: change([row for row in rows if row["id"] == one]))
    assert told(run(home, path)) == [("failed", codes), ("updated", [])]
    assert title(home, other, draft=True) == "أوضح"
    assert count(home, "draft") == 1


def test_the_same_resource_twice_is_a_fault_of_the_second_row(home: Installation, folder: Path, form: str) -> None:
    one = factories.published(home)
    path = edit(exported(home, folder, form), titled("أوضح"))
    edit(path, lambda rows: rows.append(json.loads(json.dumps(rows[0]).replace("أوضح", "غيره"))))
    assert told(run(home, path)) == [("updated", []), ("failed", ["import.row-repeated"])]
    assert title(home, one, draft=True) == "أوضح"


def test_a_record_that_breaks_rules_is_refused_with_each_problem(home: Installation, folder: Path) -> None:
    factories.published(home)
    path = exported(home, folder, "csv")
    edit(path, fixed(licence="nonsense", languages="xx-bad", shelf="7"))
    (result,) = run(home, path)
    assert {problem.code for problem in result.problems} == {"licence.unknown", "language.invalid"}
    assert result.ignored == ("shelf",)
    edit(path, fixed(licence="", languages="ar"))
    assert told(run(home, path, publish=True)) == [("failed", ["licence.missing"])]
    assert told(run(home, path)) == [("updated", [])]  # a draft may be half-written


def test_a_cell_that_cannot_be_read_is_a_fault_of_its_row(home: Installation, folder: Path) -> None:
    factories.published(home)
    path = edit(exported(home, folder, "csv"), fixed(coverage="not json"))
    (result,) = run(home, path)
    assert [(problem.code, problem.field) for problem in result.problems] == [("import.cell-unread", "coverage")]


def test_files_are_not_changed_by_an_update(home: Installation, folder: Path) -> None:
    factories.published(home)
    path = edit(exported(home, folder, "jsonl"), titled("أوضح"))
    edit(path, lambda rows: rows[0]["files"][0].update(name="other.txt"))
    (result,) = run(home, path)
    assert [(problem.code, problem.field) for problem in result.problems] == [("import.column-fixed", "files")]
    edit(path, lambda rows: rows[0].pop("files"))
    assert told(run(home, path)) == [("updated", [])]


@pytest.mark.parametrize("record", [None, 5, [], "x", {"titel": 1}, {"title": 7}])
def test_a_record_of_another_shape_is_refused(home: Installation, folder: Path, record: Any) -> None:
    factories.published(home)
    path = edit(exported(home, folder, "jsonl"), fixed(record=record))
    (result,) = run(home, path)
    assert result.status == "failed"
    assert result.problems


def test_a_withdrawn_resource_is_not_revised(home: Installation, folder: Path, form: str) -> None:
    one = factories.published(home)
    path = edit(exported(home, folder, form), titled("أوضح"))
    factories.act(home, publishing.withdraw, one, reason="rights", repository_id=home.repository_id)
    assert told(run(home, path))[0][0] == "failed"
    path = edit(exported(home, folder, form, state="withdrawn"), titled("أوضح"))
    assert told(run(home, path)) == [("failed", ["transition.impossible"])]


# ── Who may ──────────────────────────────────────────────────────────────────────────────────────


def test_each_row_is_asked_for_with_its_own_institution(home: Installation, folder: Path, form: str) -> None:
    reviewer = factories.member(home, Role.REVIEWER)
    mine, others = factories.published(home), factories.published(home, at="school", files={"b.txt": b"b"})
    path = edit(exported(home, folder, form), titled("أوضح"))
    results = {result.id or "": result for result in run(home, path, actor=reviewer, publish=True)}
    assert results[mine].status == "updated"
    assert [(result.status, [p.code for p in result.problems]) for result in results.values() if result.id != mine] == [
        ("failed", ["action.forbidden"])
    ]
    assert (title(home, mine), title(home, others)) == ("أوضح", "الضوء والماء")


def test_who_may_not_publish_leaves_a_draft_and_is_told(home: Installation, folder: Path, form: str) -> None:
    author = factories.member(home, Role.DEPOSITOR)
    one = factories.drafted(home, actor=author)
    factories.act(home, publishing.publish, one, repository_id=home.repository_id)
    path = edit(exported(home, folder, form), titled("أوضح"))
    (result,) = run(home, path, actor=author, publish=True)
    assert told([result]) == [("updated", ["import.kept-as-draft"])]
    assert result.problems[-1].severity == "warning"
    assert (title(home, one), title(home, one, draft=True)) == ("الضوء والماء", "أوضح")


def test_a_stranger_does_not_learn_of_what_is_not_public(home: Installation, folder: Path, form: str) -> None:
    factories.drafted(home)
    stranger = factories.member(home, Role.MANAGER, "school")
    path = edit(exported(home, folder, form, state="draft"), titled("أوضح"))
    assert told(run(home, path, actor=stranger)) == [("failed", ["resource.unknown"])]


def test_an_update_keeps_to_the_branch_that_is_named(home: Installation, folder: Path, form: str) -> None:
    mine, others = factories.published(home), factories.published(home, at="school", files={"b.txt": b"b"})
    path = edit(exported(home, folder, form), titled("أوضح"))
    results = run(home, path, institution="school")
    assert told(results) == [("failed", ["import.elsewhere"]), ("updated", [])]
    assert title(home, others, draft=True) == "أوضح"
    assert title(home, mine) == "الضوء والماء"
    with pytest.raises(NotFound):
        run(home, path, institution="nowhere")


def test_many_rows_are_taken_in_their_order(
    home: Installation, folder: Path, form: str, monkeypatch: pytest.MonkeyPatch, watch: Watch
) -> None:
    monkeypatch.setattr(updates, "_BATCH", 2)
    ids = [factories.published(home, files={"a.txt": b"%d" % number}) for number in range(5)]
    path = edit(exported(home, folder, form), titled("أوضح", *ids[1:4]))
    results = run(home, path, publish=True)
    assert [(result.id, result.status) for result in results] == [
        (public_id, "updated" if number in (1, 2, 3) else "unchanged") for number, public_id in enumerate(ids)
    ]
    assert [title(home, public_id) for public_id in ids].count("أوضح") == 3


def test_a_damaged_record_fails_its_row_alone(home: Installation, folder: Path) -> None:
    import sqlalchemy as sa

    from oer.db import transaction

    one, other = factories.published(home), factories.published(home, files={"b.txt": b"b"})
    path = edit(exported(home, folder, "jsonl"), titled("أوضح"))
    with transaction(home.engine) as session:
        wanted = sa.text(
            "UPDATE version SET record = :text WHERE resource_id = (SELECT id FROM resource WHERE public_id = :id)"
        )
        session.connection().execute(wanted, {"id": one, "text": '{"title": 5}'})
    assert told(run(home, path)) == [("failed", ["record.damaged"]), ("updated", [])]
    assert title(home, other, draft=True) == "أوضح"
