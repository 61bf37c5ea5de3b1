"""Importing many resources: every row judged for itself, nothing doubled, restartable anywhere.

Bytes go to the store first; then up to :data:`_BATCH` rows share a transaction, each in a savepoint of its own,
and are shown to the world in one step of the change clock. A row is reported only after its commit.
"""

import time
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy.engine import Engine
from sqlmodel import Session

from metadata import validate, versions
from metadata.findings import MOST, Problem
from metadata.record import Record
from oer import deposits, exposure, institutions, policy, publishing, verdicts
from oer.db import reading, transaction
from oer.deposits import Limits, Received
from oer.errors import Conflict, Full, Invalid, OerError, Unavailable
from oer.models import FILE_ROLES, Institution, Resource
from oer.policy import Actor
from oer.transfer import bulk, columns, holdings
from oer.transfer.folders import Folder
from oer.transfer.holdings import Known
from oer.transfer.rehearsal import Weighed
from oer.transfer.reports import Result, Status
from oer.transfer.sources import Row
from storage import file_names
from storage.store import Store

_BATCH = 100
_BATCH_BYTES = 256 * 1024 * 1024  # a kill in the middle of large files should cost minutes, not hours
_PATIENCE = 60.0  # seconds to wait for a sweep that has marked the very bytes that come in again
# What our own exports say about a resource besides its record: true of the place they come from, not of this one.
_OF_EXPORTS = frozenset({"institution", "version", "published", "digest", "state"})

Ledger = Callable[[Session, Sequence[Result]], None]


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
class _Judged:
    """A row whose record is sound."""

    row: Row
    record: Record
    warnings: tuple[Problem, ...]
    ignored: tuple[str, ...]

    def fingerprint(self, keys: Iterable[str]) -> str:
        """The digest of the version that this row would make of files with these keys."""
        named = zip(self.row.files, keys, strict=True)
        told = [(file_names.safe_name(file.name), key, file.role, file.language or "") for file, key in named]
        return versions.digest(self.record, told)

    def result(self, status: Status, public_id: str | None) -> Result:
        return Result(self.row.number, self.row.item, status, public_id, self.warnings, self.ignored)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A judged row whose bytes are in the store."""

    judged: _Judged
    files: tuple[Received, ...]

    @property
    def fingerprint(self) -> str:
        return self.judged.fingerprint(received.stored.key for received in self.files)

    @property
    def size(self) -> int:
        return sum(received.stored.size for received in self.files)


class _Refused(Exception):
    def __init__(self, problems: Sequence[Problem], ignored: Sequence[str] = ()) -> None:
        self.problems = tuple(problems)
        self.ignored = tuple(ignored)


class _Undone(Exception):
    """Ends the transaction of a rehearsal."""


@dataclass(frozen=True, slots=True)
class Importer:
    """Everything one import works with. With ``rehearsal`` it does all that it would do, and then undoes it.

    ``ledger`` is called with results in the transaction that makes them so, and may end it by raising.
    """

    engine: Engine
    store: Store
    actor: Actor
    options: Options
    limits: Limits
    repository_id: str
    now: Callable[[], datetime]
    rehearsal: bool = False
    ledger: Ledger | None = None

    def run(self, rows: Iterator[Row], folder: Folder, *, done: Container[int] = ()) -> Iterator[Result]:
        """Import the rows in order but for those with the numbers ``done``, yielding each result after it is safe.

        Raises NotFound for the institution, Forbidden where the actor may not deposit there at all, and Full,
        Unavailable or a store's error where nothing more can be written; what was reported stays, and the next
        run goes on from there.
        """
        with reading(self.engine) as session:
            policy.require_deposit(self.actor, institutions.find(session, self.options.institution))
        store: Store = Weighed() if self.rehearsal else self.store
        left = (row for row in without_repeats(rows) if row.number not in done)
        for batch in self._batches(left, folder, store):
            ready = [one for one in batch if isinstance(one, _Ready)]
            results = {one.number: one for one in batch if isinstance(one, Result)}
            self._deposit_all(ready, folder, store, results)
            for one in batch:
                yield results[one.number if isinstance(one, Result) else one.judged.row.number]

    def _batches(self, rows: Iterator[Row], folder: Folder, store: Store) -> Iterator[list[_Ready | Result]]:
        """Rows with their bytes received; those that have nothing to do or cannot be done as results already."""
        while judged := [self._verdict(row, folder) for row in islice(rows, _BATCH)]:
            known = {} if self.rehearsal else self._known(judged)
            batch: list[_Ready | Result] = []
            size = 0
            for one in judged:
                prepared = one if isinstance(one, Result) else self._prepare(one, known, folder, store)
                batch.append(prepared)
                size += prepared.size if isinstance(prepared, _Ready) else 0
                if size >= _BATCH_BYTES:
                    yield batch
                    batch, size = [], 0
            if batch:
                yield batch

    def _verdict(self, row: Row, folder: Folder) -> _Judged | Result:
        """The files of a row that is refused are weighed all the same: one run tells all that is wrong with it."""
        try:
            return self._judge(row)
        except _Refused as refused:
            read = len(row.files) <= self.limits.max_files
            faults = self._read(row, folder, Weighed())[1] if read else []
            return failed(row, [*refused.problems, *faults], refused.ignored)

    def _known(self, judged: Sequence[_Judged | Result]) -> dict[str, Known]:
        wanted = {self._item(one.row): one.row.public_id for one in judged if isinstance(one, _Judged)}
        with reading(self.engine) as session:
            institution = institutions.find(session, self.options.institution)
            return holdings.known_of_many(session, institution, wanted)

    def _prepare(self, judged: _Judged, known: Mapping[str, Known], folder: Folder, store: Store) -> _Ready | Result:
        """The row with its bytes in the store; where it is known and nothing has changed, they are only weighed."""
        try:
            before = known.get(self._item(judged.row))
            if before is not None:
                weighed = self._receive(judged, folder, Weighed())
                if before.is_settled(weighed.fingerprint, publish=self.options.publish):
                    return judged.result("unchanged", before.resource.public_id)
            return self._receive(judged, folder, store)
        except _Refused as refused:
            return failed(judged.row, refused.problems, refused.ignored)

    def _judge(self, row: Row) -> _Judged:
        faults = [] if row.fault is None else [row.fault]
        if faults and not row.data:
            raise _Refused(faults)
        data, ignored = self._data(row)
        record, problems = validate.parse(data)
        if record is not None:
            stage: validate.Stage = "publish" if self.options.publish else "draft"
            problems = [*problems, *validate.problems(record, stage)]
            if not row.files and not faults and self.options.publish and record.access.kind != "metadata-only":
                problems.append(Problem("files.missing", "files"))
        problems = [*faults, *problems, *self._misnamed(row)]
        if record is None or verdicts.errors_of(problems):
            raise _Refused(problems, ignored)
        return _Judged(row, record, tuple(problems), tuple(ignored))

    def _misnamed(self, row: Row) -> Iterator[Problem]:
        """What is wrong with the files of a row before one of them is read."""
        if len(row.files) > self.limits.max_files:
            yield Problem("files.too-many", "files", {"limit": self.limits.max_files})
            return
        names = Counter(file_names.safe_name(file.name) for file in row.files)
        twice = sorted(name for name, times in names.items() if times > 1)
        if twice:
            yield Problem("file.name-taken", "files", {"name": ", ".join(twice)})
        for place, file in enumerate(row.files):
            if file.role not in FILE_ROLES:
                yield Problem(
                    "file.role-invalid", f"files[{place}]", {"role": file.role, "known": ", ".join(FILE_ROLES)}
                )

    def _data(self, row: Row) -> tuple[Any, list[str]]:
        """The row's record as JSON, and what else it says that nobody reads."""
        defaults = self.options.defaults
        nested = row.data.get("record")
        if nested is None:
            data, ignored = columns.record_of(row.data, language=columns.own_language(defaults) or "und")
            return columns.merged(data, defaults), ignored
        others = [name for name in row.data if name not in columns.ROW_COLUMNS | _OF_EXPORTS]
        return (columns.merged(nested, defaults) if isinstance(nested, dict) else nested), others

    def _receive(self, judged: _Judged, folder: Folder, store: Store) -> _Ready:
        received, faults = self._read(judged.row, folder, store)
        if faults:
            raise _Refused(faults, judged.ignored)
        return _Ready(judged, tuple(received))

    def _read(self, row: Row, folder: Folder, store: Store) -> tuple[list[Received], list[Problem]]:
        """The row's files, and what is wrong with each that cannot be had; behind one of those nothing is kept."""
        received: list[Received] = []
        faults: list[Problem] = []
        for place, file in enumerate(row.files):
            try:
                received.append(
                    deposits.receive(
                        Weighed() if faults else store,
                        folder.chunks(file.path),
                        name=file.name,
                        limit=self.limits.max_file_size,
                        expected=file.sha256,
                    )
                )
            except (Full, Unavailable):
                raise
            except OerError as error:
                faults.append(_as_problem(error, f"files[{place}]"))
        if len(faults) > MOST:
            faults[MOST:] = [Problem("problems.more", "files", {"count": len(faults) - MOST})]
        return received, faults

    def _item(self, row: Row) -> str:
        return f"{self.options.source}/{row.item}"

    def _deposit_all(self, ready: Sequence[_Ready], folder: Folder, store: Store, results: dict[int, Result]) -> None:
        """One transaction for all; rows whose bytes the sweeper was about to take are put again and repeated.

        ``results`` are those of the batch, known and becoming known.
        """
        patience = time.monotonic() + _PATIENCE
        noted: set[int] = set()
        while ready:
            again: list[_Ready] = []
            with suppress(_Undone), transaction(self.engine) as session:
                shown = self._deposit_each(session, ready, results, again)
                if self.rehearsal:
                    raise _Undone
                self._note(session, results, noted)
                exposure.expose(session, shown, repository_id=self.repository_id, now=self.now())
            if again and time.monotonic() > patience:
                raise Unavailable("blob.being-removed")
            if again:
                time.sleep(2)
            ready = []
            for one in again:
                try:
                    ready.append(self._receive(one.judged, folder, store))
                except _Refused as refused:
                    results[one.judged.row.number] = failed(one.judged.row, refused.problems, refused.ignored)
        if self.ledger is not None and len(noted) < len(results):
            with transaction(self.engine) as session:
                self._note(session, results, noted)

    def _note(self, session: Session, results: Mapping[int, Result], noted: set[int]) -> None:
        if self.ledger is not None:
            self.ledger(session, [result for number, result in sorted(results.items()) if number not in noted])
            noted.update(results)

    def _deposit_each(
        self, session: Session, ready: Sequence[_Ready], results: dict[int, Result], again: list[_Ready]
    ) -> list[tuple[Resource, Institution]]:
        """Every row in a savepoint: its result, or its place in ``again``; what has to be shown."""
        institution = holdings.held(session, self.options.institution)
        shown = self._deposit_new(session, institution, ready, results)
        for one in ready:
            row = one.judged.row
            if row.number in results:
                continue
            try:
                with session.begin_nested():
                    results[row.number], resource = self._deposit(session, institution, one)
            except Unavailable as error:
                if error.code != "blob.being-removed":
                    raise
                again.append(one)
            except Full:
                raise
            except OerError as error:
                results[row.number] = failed(row, problems_of(error), one.judged.ignored)
            else:
                if resource is not None:
                    shown.append((resource, institution))
        return shown

    def _deposit_new(
        self, session: Session, institution: Institution, ready: Sequence[_Ready], results: dict[int, Result]
    ) -> list[tuple[Resource, Institution]]:
        """New rows without files all at once: their results, and what has to be shown. None where one may not be."""
        new = {self._item(one.judged.row): one.judged for one in ready if not one.files}
        known = holdings.known_of_many(session, institution, {item: one.row.public_id for item, one in new.items()})
        records = {item: one.record for item, one in new.items() if item not in known}
        if not records:
            return []
        publish = self.options.publish
        try:
            with session.begin_nested():
                made = bulk.begin(session, self.actor, institution, records, publish=publish, now=self.now())
        except (Full, Unavailable):
            raise
        except OerError:
            return []  # each is told why for itself
        for item, resource in zip(records, made, strict=True):
            public_id = None if self.rehearsal else resource.public_id
            results[new[item].row.number] = new[item].result("created", public_id)
        return [(resource, institution) for resource in made] if publish else []

    def _deposit(self, session: Session, institution: Institution, one: _Ready) -> tuple[Result, Resource | None]:
        """One row inside its savepoint: what became of it, and the resource where it has to be shown."""
        now, item, fingerprint = self.now(), self._item(one.judged.row), one.fingerprint
        known = holdings.known(session, institution, item, one.judged.row.public_id)
        if known is not None and known.is_settled(fingerprint, publish=self.options.publish):
            return one.judged.result("unchanged", known.resource.public_id), None
        opened = self._open(session, institution, one, known, now=now)
        self._fill(session, opened, one, now=now)
        status: Status = "created" if known is None else "updated"
        published = False
        if self.options.publish:
            try:
                publishing.prepare(session, self.actor, opened, now=now)
                published = True
            except Conflict as error:
                if error.code != "version.unchanged":
                    raise
                deposits.discard(session, self.actor, opened.resource.public_id, now=now)
                status = "unchanged"
        holdings.remember(session, institution, item, fingerprint, opened.resource, now=now)
        session.flush()
        new_id = None if self.rehearsal and known is None else opened.resource.public_id
        return one.judged.result(status, new_id), opened.resource if published else None

    def _open(
        self, session: Session, institution: Institution, one: _Ready, known: Known | None, *, now: datetime
    ) -> deposits.Open:
        """The draft that the row goes into. Raises Conflict where somebody works on a draft of their own."""
        if known is None:
            return deposits.begin(session, self.actor, institution, one.judged.record, now=now)
        public_id = known.resource.public_id
        if known.draft is None:
            deposits.revise(session, self.actor, public_id, now=now)
        elif known.draft != known.fingerprint:
            raise Conflict("draft.exists", id=public_id)
        return deposits.save(session, self.actor, public_id, one.judged.record, now=now)

    def _fill(self, session: Session, opened: deposits.Open, one: _Ready, *, now: datetime) -> None:
        """The draft's files become the row's, in its order: those that the row does not name go."""
        public_id = opened.resource.public_id
        names = {file_names.safe_name(file.name) for file in one.judged.row.files}
        for name in holdings.names(session, opened.draft) - names:
            deposits.detach(session, self.actor, public_id, name, now=now)
        for position, (file, received) in enumerate(zip(one.judged.row.files, one.files, strict=True), 1):
            attached = deposits.attach(
                session,
                self.actor,
                public_id,
                Weighed.of(received.stored) if self.rehearsal else self.store,
                received.stored,
                name=file.name,
                media_type=received.media_type,
                role=file.role,
                language=file.language,
                replace=True,
                limits=self.limits,
                now=now,
            )
            attached.position = position


def without_repeats(rows: Iterator[Row]) -> Iterator[Row]:
    """Two rows of one name would fight for one resource: the second is at fault."""
    seen: dict[str, int] = {}
    for row in rows:
        first = row.number if row.fault else seen.setdefault(row.item, row.number)
        yield row if first == row.number else replace(row, fault=Problem("import.row-repeated", "", {"first": first}))


def problems_of(error: OerError) -> list[Problem]:
    return list(error.problems) if isinstance(error, Invalid) and error.problems else [_as_problem(error)]


def _as_problem(error: OerError, place: str = "") -> Problem:
    return Problem(error.code, place, dict(error.params))


def failed(row: Row, problems: Sequence[Problem], ignored: Sequence[str] = ()) -> Result:
    return Result(row.number, row.item, "failed", None, tuple(problems), tuple(ignored))
