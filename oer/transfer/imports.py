"""Importing many resources: every row judged for itself, nothing doubled, restartable anywhere.

Bytes go to the store first; then up to :data:`_BATCH` rows share a transaction, each in a savepoint of its own,
and are shown to the world in one step of the change clock. A row is reported only after its commit.
"""

import hashlib
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy.engine import Engine
from sqlmodel import Session

from metadata import validate, versions
from metadata.findings import Problem
from metadata.record import Record
from oer import deposits, exposure, institutions, publishing, queries
from oer.db import reading, transaction
from oer.deposits import Limits, Received
from oer.errors import Conflict, Full, Invalid, OerError, Unavailable
from oer.models import ImportedItem, Institution, Resource
from oer.policy import Actor
from oer.transfer import columns
from oer.transfer.sources import Folder, Row
from storage import file_names
from storage.store import Store

_BATCH = 50
_TRIES = 5

Status = Literal["created", "updated", "unchanged", "failed"]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one row. ``problems`` of severity error only where it failed."""

    number: int
    item: str
    status: Status
    id: str | None = None
    problems: tuple[Problem, ...] = ()
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """How to import: into which institution, with what for fields that rows leave out, and whether to publish.

    ``source`` names where the rows come from, so that ``lesson.pdf`` of two folders are two resources.
    """

    institution: str
    source: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    publish: bool = False


@dataclass(frozen=True, slots=True)
class _Ready:
    """A row that can be deposited: its record is sound and its bytes are in the store."""

    row: Row
    record: Record
    files: tuple[Received, ...]
    warnings: tuple[Problem, ...]
    ignored: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        entries = zip(self.row.files, self.files, strict=True)
        return versions.digest(
            self.record,
            [(file_names.safe_name(file.name), received.stored.key, file.role) for file, received in entries],
        )


class _Refused(Exception):
    def __init__(self, problems: Sequence[Problem], ignored: Sequence[str] = ()) -> None:
        self.problems = tuple(problems)
        self.ignored = tuple(ignored)


@dataclass(frozen=True, slots=True)
class Importer:
    """Everything one import works with."""

    engine: Engine
    store: Store
    actor: Actor
    options: Options
    limits: Limits
    repository_id: str
    now: Callable[[], datetime]

    def run(self, rows: Iterator[Row], folder: Folder) -> Iterator[Result]:
        """Import the rows in order, yielding each result after it is safe.

        Raises NotFound for the institution, and Full, Unavailable or a store's error where nothing more can be
        written; what was reported stays, and the next run goes on from there.
        """
        with reading(self.engine) as session:
            institutions.find(session, self.options.institution)
        rows = _without_repeats(rows)
        while batch := list(itertools.islice(rows, _BATCH)):
            results: dict[int, Result] = {}
            ready = []
            for row in batch:
                try:
                    ready.append(self._prepare(row, folder))
                except _Refused as refused:
                    results[row.number] = _failed(row, refused.problems, refused.ignored)
            results.update(self._deposit_all(ready, folder))
            yield from (results[row.number] for row in batch)

    def rehearse(self, rows: Iterator[Row], folder: Folder) -> Iterator[Result]:
        """What :meth:`run` would do: everything is read and judged, nothing is written."""
        for row in _without_repeats(rows):
            try:
                record, warnings, ignored = self._record(row)
                digests = [(file_names.safe_name(f.name), _digest(folder, f.path, f.sha256), f.role) for f in row.files]
            except _Refused as refused:
                yield _failed(row, refused.problems, refused.ignored)
                continue
            except OerError as error:
                yield _failed(row, [_as_problem(error)])
                continue
            with reading(self.engine) as session:
                institution = institutions.find(session, self.options.institution)
                known = _known(session, institution, self._item(row), row)
                status, public_id = self._outlook(session, known, versions.digest(record, digests))
            yield Result(row.number, row.item, status, public_id, warnings, ignored)

    def _item(self, row: Row) -> str:
        return f"{self.options.source}/{row.item}"

    def _outlook(
        self, session: Session, known: tuple[Resource, str | None] | None, fingerprint: str
    ) -> tuple[Status, str | None]:
        if known is None:
            return "created", None
        resource, before = known
        same = before == fingerprint and not self._publishes(session, resource)
        return ("unchanged" if same else "updated"), resource.public_id

    def _publishes(self, session: Session, resource: Resource) -> bool:
        """Whether an unchanged row has still to be published: it was imported as a draft before."""
        return self.options.publish and queries.resources.draft(session, resource_id=resource.id or 0) is not None

    def _record(self, row: Row) -> tuple[Record, tuple[Problem, ...], tuple[str, ...]]:
        if row.fault is not None:
            raise _Refused([Problem("import.row-invalid", "", {"reason": row.fault})])
        ignored: list[str] = []
        nested = row.data.get("record")
        data: Any = nested
        if nested is None:
            data, ignored = columns.record_of(row.data)
        if isinstance(data, dict):
            data = columns.merged(data, self.options.defaults)
        record, problems = validate.parse(data)
        if record is not None:
            stage: validate.Stage = "publish" if self.options.publish else "draft"
            problems = [*problems, *validate.problems(record, stage)]
        if record is None or deposits.errors_of(problems):
            raise _Refused(problems, ignored)
        if not row.files and self.options.publish and record.access.kind != "metadata-only":
            raise _Refused([Problem("files.missing", "files")], ignored)
        return record, tuple(problems), tuple(ignored)

    def _prepare(self, row: Row, folder: Folder) -> _Ready:
        record, warnings, ignored = self._record(row)
        if len(row.files) > self.limits.max_files:
            raise _Refused([Problem("files.too-many", "files", {"limit": self.limits.max_files})], ignored)
        received = []
        for place, file in enumerate(row.files):
            try:
                received.append(
                    deposits.receive(
                        self.store,
                        folder.chunks(file.path),
                        name=file.name,
                        limit=self.limits.max_file_size,
                        expected=file.sha256,
                    )
                )
            except (Full, Unavailable):
                raise
            except OerError as error:
                raise _Refused([_as_problem(error, f"files[{place}]")], ignored) from None
        return _Ready(row, record, tuple(received), warnings, ignored)

    def _deposit_all(self, ready: Sequence[_Ready], folder: Folder) -> dict[int, Result]:
        """One transaction for all; rows whose bytes the sweeper was about to take are put again and repeated."""
        results: dict[int, Result] = {}
        for attempt in range(_TRIES):
            again: list[_Ready] = []
            with transaction(self.engine) as session:
                institution = institutions.find(session, self.options.institution)
                shown: list[tuple[Resource, Institution]] = []
                for one in ready:
                    try:
                        with session.begin_nested():
                            results[one.row.number] = self._deposit(session, institution, one, shown)
                    except Unavailable as error:
                        if error.code != "blob.being-removed" or attempt == _TRIES - 1:
                            raise
                        again.append(one)
                    except Full:
                        raise
                    except OerError as error:
                        results[one.row.number] = _failed(one.row, _problems_of(error), one.ignored)
                exposure.expose(session, shown, repository_id=self.repository_id, now=self.now())
            if not again:
                break
            time.sleep(1)
            ready = [self._prepare(one.row, folder) for one in again]
        return results

    def _deposit(
        self, session: Session, institution: Institution, one: _Ready, shown: list[tuple[Resource, Institution]]
    ) -> Result:
        """One row inside its savepoint. A resource to be shown is added to ``shown`` when nothing can fail any more."""
        now = self.now()
        known = _known(session, institution, self._item(one.row), one.row)
        status: Status = "created" if known is None else "updated"
        if known is not None and known[1] == one.fingerprint and not self._publishes(session, known[0]):
            return Result(one.row.number, one.row.item, "unchanged", known[0].public_id, one.warnings, one.ignored)
        opened = self._open(session, institution, one, known, now=now)
        public_id = opened.resource.public_id
        self._fill(session, opened, one, now=now)
        exposed = False
        if self.options.publish:
            try:
                publishing.prepare(session, self.actor, opened, now=now)
                exposed = True
            except Conflict as error:
                if error.code != "version.unchanged":
                    raise
                deposits.discard(session, self.actor, public_id, now=now)
                status = "unchanged"
        _remember(session, institution, self._item(one.row), one.fingerprint, opened.resource, now=now)
        session.flush()
        if exposed:
            shown.append((opened.resource, institution))
        return Result(one.row.number, one.row.item, status, public_id, one.warnings, one.ignored)

    def _open(
        self,
        session: Session,
        institution: Institution,
        one: _Ready,
        known: tuple[Resource, str | None] | None,
        *,
        now: datetime,
    ) -> deposits.Open:
        if known is None:
            return deposits.begin(session, self.actor, institution, one.record, now=now)
        resource = known[0]
        if queries.resources.draft(session, resource_id=resource.id or 0) is not None:
            return deposits.save(session, self.actor, resource.public_id, one.record, now=now)
        deposits.revise(session, self.actor, resource.public_id, now=now)
        return deposits.save(session, self.actor, resource.public_id, one.record, now=now)

    def _fill(self, session: Session, opened: deposits.Open, one: _Ready, *, now: datetime) -> None:
        """The draft's files become the row's: those that the row does not name go."""
        public_id = opened.resource.public_id
        wanted = {file_names.safe_name(file.name) for file in one.row.files}
        if len(wanted) < len(one.row.files):
            raise Invalid("file.name-taken", name=", ".join(sorted(wanted)))
        for present in queries.resources.draft_files(session, draft_id=opened.draft.id or 0):
            if present.name not in wanted:
                deposits.detach(session, self.actor, public_id, present.name, now=now)
        for file, received in zip(one.row.files, one.files, strict=True):
            deposits.attach(
                session,
                self.actor,
                public_id,
                self.store,
                received.stored,
                name=file.name,
                media_type=received.media_type,
                role=file.role,
                language=file.language,
                replace=True,
                limits=self.limits,
                now=now,
            )


def _without_repeats(rows: Iterator[Row]) -> Iterator[Row]:
    """Two rows of one name would fight for one resource: the second is at fault."""
    seen: dict[str, int] = {}
    for row in rows:
        first = seen.setdefault(row.item, row.number)
        yield row if first == row.number else replace(row, fault=f"the same item as row {first}: {row.item}")


def _known(session: Session, institution: Institution, name: str, row: Row) -> tuple[Resource, str | None] | None:
    """The resource that this row made before, with its fingerprint then; or the one whose id the row bears."""
    item = session.get(ImportedItem, (institution.id, name))
    if item is not None:
        resource = session.get(Resource, item.resource_id)
        if resource is not None:
            return resource, item.fingerprint
    if row.public_id is None:
        return None
    resource = queries.resources.by_public_id(session, public_id=row.public_id)
    if resource is None or resource.institution_id != institution.id:
        return None
    return resource, _current_digest(session, resource)


def _current_digest(session: Session, resource: Resource) -> str | None:
    version = queries.resources.version(session, resource_id=resource.id or 0, number=resource.number)
    return version.digest if version else None


def _remember(
    session: Session, institution: Institution, name: str, fingerprint: str, resource: Resource, *, now: datetime
) -> None:
    assert institution.id is not None
    assert resource.id is not None
    item = session.get(ImportedItem, (institution.id, name))
    if item is None:
        item = ImportedItem(
            institution_id=institution.id,
            item=name,
            resource_id=resource.id,
            fingerprint=fingerprint,
            imported=now,
        )
    item.fingerprint, item.imported, item.resource_id = fingerprint, now, resource.id
    session.add(item)


def _digest(folder: Folder, path: str, expected: str | None) -> str:
    digest = hashlib.sha256()
    for chunk in folder.chunks(path):
        digest.update(chunk)
    if expected is not None and expected.lower() != digest.hexdigest():
        raise Invalid("checksum.mismatch", name=path, expected=expected, found=digest.hexdigest())
    return digest.hexdigest()


def _problems_of(error: OerError) -> list[Problem]:
    return list(error.problems) if isinstance(error, Invalid) and error.problems else [_as_problem(error)]


def _as_problem(error: OerError, place: str = "") -> Problem:
    return Problem(error.code, place, dict(error.params))


def _failed(row: Row, problems: Sequence[Problem], ignored: Sequence[str] = ()) -> Result:
    return Result(row.number, row.item, "failed", None, tuple(problems), tuple(ignored))
