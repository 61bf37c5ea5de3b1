"""Rows of an export, edited and read back: each a draft of its resource's next version, or that version at once.

A row carries the digest of what it was made from. Where that is not what is there any more, somebody has changed it
since, and the row is refused: it would undo what it never knew. A row that was not edited wants nothing.
"""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Literal

from sqlalchemy.engine import Engine
from sqlmodel import Session

from metadata import validate, versions
from metadata.findings import Problem
from metadata.record import Record
from metadata.versions import Change
from oer import deposits, exposure, identifiers, institutions, policy, publishing, queries, stored, verdicts
from oer.db import reading, transaction
from oer.errors import Conflict, Forbidden, Full, NotFound, OerError, Unavailable
from oer.models import Draft, ImportedItem, Institution, Resource, Version
from oer.policy import Actor
from oer.transfer import holdings, sheets
from oer.transfer.columns import plain
from oer.transfer.folders import Folder
from oer.transfer.imports import Ledger, failed, problems_of, without_repeats
from oer.transfer.reports import Result, Status
from oer.transfer.sources import Row

_BATCH = 50
# Where the row comes from, and what goes with it unchanged: an edit of these would be lost in silence.
_FIXED = ("institution", "state", "version")
_KNOWN = frozenset({"id", "item", "digest", "published", "files", "path", "file", "record", *_FIXED})

Step = Literal["none", "begin", "write", "finish"]


class _Refused(Exception):
    def __init__(self, *problems: Problem, ignored: Sequence[str] = ()) -> None:
        self.problems = problems
        self.ignored = ignored


class _Undone(Exception):
    """Ends the transaction of a rehearsal."""


@dataclass(frozen=True, slots=True)
class _There:
    """What is there now: the current version and the open draft, where there are such."""

    resource: Resource
    institution: Institution
    version: Version | None
    draft: Draft | None
    draft_digest: str | None
    is_ours: bool  # whether the draft is as an update has left it

    def record_of(self, row: Version | Draft | None) -> Record | None:
        return None if row is None else stored.record_of(self.resource, row)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a row comes to: a draft ``begin``\\ s, is ``write``\\ ten to, or is to ``finish`` in a version."""

    row: Row
    there: _There
    step: Step
    record: Record
    changes: tuple[Change, ...]
    warnings: tuple[Problem, ...]
    ignored: tuple[str, ...]

    def result(self, status: Status, *more: Problem) -> Result:
        public_id = self.there.resource.public_id
        problems = (*self.warnings, *more)
        changes = () if status == "unchanged" else self.changes
        return Result(self.row.number, self.row.item, status, public_id, problems, self.ignored, changes)


@dataclass(frozen=True, slots=True)
class Updater:
    """Everything one update works with; ``rehearsal`` and ``ledger`` as for an ``Importer``.

    ``institution`` is the slug of the branch that the rows must belong to, None for any.
    """

    engine: Engine
    actor: Actor
    institution: str | None
    publish: bool
    repository_id: str
    now: Callable[[], datetime]
    rehearsal: bool = False
    ledger: Ledger | None = None

    def run(self, rows: Iterator[Row], _folder: Folder, *, done: Container[int] = ()) -> Iterator[Result]:
        """Take the rows in order but for those with the numbers ``done``, yielding each result after it is safe.

        Raises NotFound for the institution, and what stops everything, as an ``Importer`` does.
        """
        left = (row for row in without_repeats(rows) if row.number not in done)
        while batch := list(islice(left, _BATCH)):
            results: dict[int, Result] = {}
            with reading(self.engine) as session:
                within = institutions.find(session, self.institution).path if self.institution else None
                wanted = [row for row in batch if self._look(session, row, within, results) is not None]
            if wanted:
                self._write(wanted, within, results)
            elif self.ledger is not None:
                self._note_apart(results)
            yield from (results[row.number] for row in batch)

    def _look(self, session: Session, row: Row, within: str | None, results: dict[int, Result]) -> _Plan | None:
        """What there is to do for the row; None where that is nothing, and the result tells why."""
        try:
            plan = self._plan(session, row, within)
        except _Refused as refused:
            results[row.number] = failed(row, refused.problems, refused.ignored)
        except OerError as error:
            if isinstance(error, Full | Unavailable) and error.code != "record.damaged":
                raise
            results[row.number] = failed(row, problems_of(error))
        else:
            if plan.step != "none":
                return plan
            results[row.number] = plan.result("unchanged")
        return None

    def _write(self, rows: Sequence[Row], within: str | None, results: dict[int, Result]) -> None:
        with suppress(_Undone), transaction(self.engine) as session:
            shown: list[tuple[Resource, Institution]] = []
            # In an order of their own: two updates of the same resources must not wait for one another.
            for row in sorted(rows, key=lambda one: one.public_id or ""):
                try:
                    with session.begin_nested():
                        deposits.held(session, row.public_id or "")
                        plan = self._look(session, row, within, results)
                        if plan is not None and self._take(session, plan, results):
                            shown.append((plan.there.resource, plan.there.institution))
                except (Full, Unavailable):
                    raise
                except OerError as error:
                    results[row.number] = failed(row, problems_of(error))
            if self.rehearsal:
                raise _Undone
            if self.ledger is not None:
                self.ledger(session, _in_order(results))
            exposure.expose(session, shown, repository_id=self.repository_id, now=self.now())
        if self.rehearsal and self.ledger is not None:
            self._note_apart(results)

    def _note_apart(self, results: Mapping[int, Result]) -> None:
        assert self.ledger is not None
        with transaction(self.engine) as session:
            self.ledger(session, _in_order(results))

    def _take(self, session: Session, plan: _Plan, results: dict[int, Result]) -> bool:
        """Do it, inside the row's savepoint; whether the resource has to be shown."""
        there, now = plan.there, self.now()
        public_id = there.resource.public_id
        if plan.step == "begin":
            deposits.revise(session, self.actor, public_id, now=now)
        if plan.step != "finish":
            deposits.save(session, self.actor, public_id, plan.record, now=now)
        opened = deposits.opened(session, public_id)
        if self.publish:
            try:
                with session.begin_nested():
                    publishing.prepare(session, self.actor, opened, now=now)
            except Forbidden:
                if plan.step == "finish":
                    raise
                kept = Problem("import.kept-as-draft", "", {}, "warning")
                results[plan.row.number] = plan.result("updated", kept)
            else:
                results[plan.row.number] = plan.result("updated")
                return True
        else:
            results[plan.row.number] = plan.result("updated")
        digest = holdings.digest_of(session, there.resource, opened.draft)
        holdings.remember(session, there.institution, _item(there.resource), digest, there.resource, now=now)
        session.flush()
        return False

    # ── What a row comes to ──────────────────────────────────────────────────────────────────────

    def _plan(self, session: Session, row: Row, within: str | None) -> _Plan:
        """Raises _Refused with what is wrong with the row, and what the policy and the store raise."""
        if row.fault is not None:
            raise _Refused(row.fault)
        public_id, digest = _named(row)
        there = self._there(session, public_id, within)
        base, step = _standing(session, there, digest)
        before = there.record_of(base)
        data, ignored = _data(row, before)
        record, problems = validate.parse(data)
        if record is not None:
            problems = [*problems, *validate.problems(record, "publish" if self.publish else "draft")]
        if record is None or verdicts.errors_of(problems):
            raise _Refused(*problems, ignored=ignored)
        if step is not None:
            _require_fixed(session, row, there, base)
        changes = () if before is None else tuple(versions.difference(before, record))
        wanted = self._step(there, base, step, record, edited=before is None or bool(changes))
        return _Plan(row, there, wanted, record, changes, tuple(problems), tuple(ignored))

    def _step(
        self, there: _There, base: Version | Draft | None, step: Step | None, record: Record, *, edited: bool
    ) -> Step:
        """What is left to do. Raises _Refused or Conflict where the row is edited and may not be taken."""
        drafted = there.draft is not None and there.record_of(there.draft) == record
        if drafted and step == "write":
            pending = there.version is None or there.draft_digest != there.version.digest
            return "finish" if self.publish and pending else "none"
        if not edited or drafted or (step is None and there.record_of(there.version) == record):
            return "none"
        if step is not None:
            return step
        if base is not None and base is there.version:
            raise Conflict("draft.exists", id=there.resource.public_id)
        raise _Refused(Problem("import.row-stale", "digest", {"id": there.resource.public_id}))

    def _there(self, session: Session, public_id: str, within: str | None) -> _There:
        known = identifiers.is_public_id(public_id)
        resource = queries.resources.by_public_id(session, public_id=public_id) if known else None
        institution = session.get(Institution, resource.institution_id) if resource else None
        if resource is None or institution is None:
            raise NotFound("resource.unknown", id=public_id)
        policy.require_sight(self.actor, resource, institution)
        if within is not None and not institution.path.startswith(within):
            raise _Refused(Problem("import.elsewhere", "id", {"id": public_id, "slug": self.institution}))
        assert resource.id is not None
        version = queries.resources.version(session, resource_id=resource.id, number=resource.number)
        draft = queries.resources.draft(session, resource_id=resource.id)
        if draft is not None and not policy.may_see_draft(self.actor, draft, institution):
            draft = None  # whoever may not see it learns nothing of it; to write it is refused in any case
        digest = holdings.digest_of(session, resource, draft) if draft else None
        noted = session.get(ImportedItem, (institution.id, _item(resource)))
        ours = noted is not None and noted.fingerprint == digest
        return _There(resource, institution, version, draft, digest, ours)


def _standing(session: Session, there: _There, digest: str) -> tuple[Version | Draft | None, Step | None]:
    """What the row was made from, and how to change it: None where somebody has come in between."""
    version, draft = there.version, there.draft
    if draft is not None and digest == there.draft_digest:
        return draft, "write"
    if version is not None and digest == version.digest:
        if draft is None:
            return version, "begin"
        return version, "write" if there.is_ours else None
    return queries.transfer.version_of_digest(session, resource_id=there.resource.id or 0, digest=digest), None


def _named(row: Row) -> tuple[str, str]:
    """The resource and the digest that the row names. Raises _Refused with all that is missing."""
    public_id, digest = row.public_id or "", row.data.get("digest")
    said = digest.strip().lower() if isinstance(digest, str) else ""
    missing = [] if public_id.strip() else [Problem("import.id-missing", "id")]
    missing += [] if said else [Problem("import.digest-missing", "digest")]
    if missing:
        raise _Refused(*missing)
    return public_id, said


def _data(row: Row, before: Record | None) -> tuple[Any, list[str]]:
    """The record as the row has it, and what else it says that nobody reads."""
    if "record" in row.data:
        return row.data["record"], [name for name in row.data if name not in _KNOWN]
    if before is None:  # cells tell what has changed, and since when nobody knows
        raise _Refused(Problem("import.row-stale", "digest", {"id": row.public_id or ""}))
    told = {name: cell for name, cell in row.data.items() if plain(name) not in _KNOWN}
    data, unread, ignored = sheets.edited(before, told)
    if unread:
        raise _Refused(*(Problem("import.cell-unread", name, {"name": name}) for name in unread), ignored=ignored)
    return data, ignored


def _require_fixed(session: Session, row: Row, there: _There, base: Version | Draft | None) -> None:
    """Raises _Refused where the row has other values than it was exported with."""
    _, digest = _named(row)
    alike = there.draft is not None and there.version is not None and digest == there.draft_digest
    if alike and there.version is not None and digest == there.version.digest:
        # A draft in which nothing is changed yet: the row may come from it, or from what is published.
        found = min((_changed(session, row, there, each) for each in (there.draft, there.version)), key=len)
    else:
        found = _changed(session, row, there, base)
    if found:
        raise _Refused(*(Problem("import.column-fixed", name, {"name": name}) for name in found))


def _changed(session: Session, row: Row, there: _There, base: Version | Draft | None) -> list[str]:
    """Names of what the row says of ``base`` and is not so."""
    drafted = isinstance(base, Draft)
    resource = there.resource
    expected = {
        "institution": there.institution.slug,
        "state": "draft" if drafted else resource.state,
        "version": str(resource.number),
    }
    wrong = [
        name
        for name in _FIXED
        if row.data.get(name) not in (None, "") and str(row.data[name]).strip() != expected[name]
    ]
    files = row.data.get("files")
    if isinstance(files, list) and base is not None:
        there_now = (
            queries.resources.draft_files(session, draft_id=base.id or 0)
            if drafted
            else queries.resources.files(session, version_id=base.id or 0)
        )
        if [_told(file) for file in files] != [file.told for file in there_now]:
            wrong.append("files")
    return wrong


def _told(file: Any) -> tuple[Any, ...] | None:
    if not isinstance(file, dict):
        return None
    return file.get("name"), file.get("sha256"), file.get("role", "main"), file.get("language") or ""


def _item(resource: Resource) -> str:
    """Where an update notes the draft that it has left; no source's row has such a name, which holds a slash."""
    return f"update:{resource.public_id}"


def _in_order(results: Mapping[int, Result]) -> list[Result]:
    return [result for _, result in sorted(results.items())]
