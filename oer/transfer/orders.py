"""An import that somebody has asked for: its bytes kept in the store, a job that runs it, a report of every row.

A worker that dies leaves off between two transactions, and the next goes on from there: what became of a row is
written in the transaction of the deed itself. The job acts as whoever has asked, with the roles they have by then.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, col

from metadata import validate, values
from metadata.findings import Problem
from oer import accounts, audit, blobs, institutions, jobs, policy, queries, verdicts
from oer.db import reading, transaction
from oer.deposits import Limits
from oer.errors import Conflict, Forbidden, Full, Invalid
from oer.jobs import Claim, Interrupted, Lost
from oer.models import Institution, Job, JobRow, Person
from oer.policy import Actor
from oer.transfer import columns, reports, sources
from oer.transfer.exports import NO_ROOM
from oer.transfer.imports import Importer, Options
from oer.transfer.reports import Result
from oer.transfer.updates import Updater
from storage.store import Store, Stored

KIND = "import"
_UNFINISHED = 20  # imports of one person that wait or run
_LONGEST = 200  # characters of a source's name

Form = Literal["jsonl", "csv", "zip"]


class Bounds(Limits, Protocol):
    """What an import may need; the settings are one. ``data`` is a folder for what a store cannot open in place."""

    @property
    def max_import_rows(self) -> int: ...
    @property
    def max_record_size(self) -> int: ...
    @property
    def data(self) -> Path: ...


@dataclass(frozen=True, slots=True)
class Order:
    """What to do with the rows. ``source`` names where they come from (``Options``); ``update``: they are an export's.

    ``defaults`` are fields of a record, as columns or as JSON would have them.
    """

    form: Form
    institution: str | None = None
    source: str | None = None
    publish: bool = False
    dry_run: bool = False
    update: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)


def require(session: Session, actor: Actor, order: Order) -> Institution | None:
    """The institution that the rows are for. Asked before the bytes come, and again with them.

    Raises NotFound, Forbidden, Invalid with every part that is missing or wrong, and Conflict above the number of
    imports that one person may have under way.
    """
    policy.require_scope(actor, "deposit")
    missing = [] if order.update else [name for name in ("institution", "source") if not getattr(order, name)]
    problems = [Problem("field.missing", name) for name in missing]
    unused = [name for name in ("source", "defaults") if order.update and getattr(order, name)]
    problems += [
        Problem("request.parameter-invalid", name, {"name": name, "allowed": "not-with-update"}) for name in unused
    ]
    if order.source and (values.illegal_characters(order.source) or len(order.source) > _LONGEST):
        told = {"name": "source", "allowed": "string-too-long", "limit": _LONGEST}
        problems.append(Problem("request.parameter-invalid", "source", told))
    if problems:
        raise Invalid("request.invalid", problems=problems, field=problems[0].field)
    institution = institutions.find(session, order.institution) if order.institution else None
    if institution is not None:
        policy.require_deposit(actor, institution)
    elif not actor.administrator and not actor.roles:
        raise Forbidden("action.forbidden", allowed="role", needed="depositor")
    if queries.jobs.unfinished_of(session, person_id=actor.person_id, kind=KIND) >= _UNFINISHED:
        raise Conflict("import.too-many", limit=_UNFINISHED)
    return institution


def defaults_of(given: Any) -> dict[str, Any]:
    """Defaults in any form that a row may have, as a record has them. Raises Invalid for each that is wrong."""
    if not isinstance(given, dict):
        raise Invalid("record.invalid", problems=[Problem("json.not-object", "")], count=1)
    standard, ignored = columns.record_of(given)
    problems = [Problem("field.unknown", name, {"name": name}) for name in ignored]
    record, faults = validate.parse(standard)
    problems += faults if record is None else verdicts.errors_of(validate.problems(record, "draft"))
    if problems:
        raise Invalid("record.invalid", problems=problems, count=len(problems))
    return standard


def place(session: Session, actor: Actor, order: Order, store: Store, stored: Stored, *, now: datetime) -> Job:
    """The job of an import whose bytes the store holds. Errors as for :func:`require` and ``blobs.hold``."""
    institution = require(session, actor, order)
    blobs.hold(session, store, stored, now=now)
    job_id = jobs.enqueue(
        session,
        KIND,
        {**asdict(order), "scopes": sorted(actor.scopes)},
        now=now,
        person_id=actor.person_id,
        institution_id=institution.id if institution else None,
        input_key=stored.key,
    )
    audit.write(
        session,
        actor,
        "import.ask",
        kind="job",
        object_id=str(job_id),
        institution_id=institution.id if institution else None,
        now=now,
        sha256=stored.key,
        publish=order.publish,
        dry_run=order.dry_run,
        update=order.update,
    )
    return session.get_one(Job, job_id)


def order_of(job: Job) -> Order:
    """What was asked for."""
    return Order(**{name: job.payload[name] for name in Order.__dataclass_fields__ if name in job.payload})


class _RolesChanged(Exception):
    """Whoever has asked may do more or less than when this batch began."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """What a worker brings along. ``pause`` raises where it is told to stop.

    After a ``turn`` (seconds) the job goes back into the queue: a worker alone has more to do than one long import.
    """

    engine: Engine
    store: Store
    bounds: Bounds
    repository_id: str
    now: Callable[[], datetime]
    pause: Callable[[], None]
    turn: float = 60.0

    def fulfil(self, held: Claim) -> None:
        """Run the import of a job to its end. Raises what an ``Importer`` raises, Lost, and what ``pause`` raises."""
        with reading(self.engine) as session:
            job = session.get(Job, held.id)
            if job is None or job.input is None:
                raise Lost
            order, key = order_of(job), job.input
        with self._at_hand(key) as path:
            while not self._ran(held, order, path):
                pass
        self._conclude(held)

    @contextmanager
    def _at_hand(self, key: str) -> Iterator[Path]:
        """The bytes as a file of the disk, compared with their digest. Raises what the store raises, and Full."""
        path = self.store.local_path(key)
        if path is not None:
            for _ in self.store.open(key):
                self.pause()
            yield path
            return
        with tempfile.TemporaryDirectory(dir=self.bounds.data) as folder:
            path = Path(folder, "import")
            try:
                with path.open("wb") as file:
                    for piece in self.store.open(key):
                        file.write(piece)
                        self.pause()
            except OSError as error:
                if error.errno not in NO_ROOM:
                    raise
                raise Full("store.full") from None
            yield path

    def _ran(self, held: Claim, order: Order, path: Path) -> bool:
        """Take all rows that were not yet taken; False where the roles of whoever acts have changed meanwhile."""
        with reading(self.engine) as session:
            actor = _actor(session, session.get_one(Job, held.id))
            done = queries.jobs.row_numbers(session, job_id=held.id)
        with sources.opened(
            path, most=self.bounds.max_import_rows, line_size=self.bounds.max_record_size, name=f"import.{order.form}"
        ) as opened:
            with transaction(self.engine) as session:
                jobs.hold(session, held).total = opened.count
            run = self._runner(held, order, actor).run
            until = time.monotonic() + self.turn
            try:
                for _ in run(opened.rows, opened.folder, done=done):
                    self.pause()
                    if time.monotonic() > until:
                        raise Interrupted
            except _RolesChanged:
                return False
        return True

    def _runner(self, held: Claim, order: Order, actor: Actor) -> Importer | Updater:
        def note(session: Session, results: Sequence[Result]) -> None:
            job = jobs.hold(session, held)
            if _actor(session, job) != actor:
                raise _RolesChanged
            rows = [{"job_id": held.id, "number": one.number, "content": reports.line(one)} for one in results]
            session.connection().execute(sa.insert(JobRow), rows)
            job.done += len(results)
            job.result = reports.summed(job.result, results)

        if order.update:
            return Updater(
                engine=self.engine,
                actor=actor,
                institution=order.institution,
                publish=order.publish,
                repository_id=self.repository_id,
                now=self.now,
                rehearsal=order.dry_run,
                ledger=note,
            )
        assert order.institution is not None
        assert order.source is not None
        return Importer(
            engine=self.engine,
            store=self.store,
            actor=actor,
            options=Options(order.institution, order.source, order.defaults, publish=order.publish),
            limits=self.bounds,
            repository_id=self.repository_id,
            now=self.now,
            rehearsal=order.dry_run,
            ledger=note,
        )

    def _conclude(self, held: Claim) -> None:
        """Keep the report in the store, and end the job in the same transaction that refers to it."""
        stored = self.store.put(reports.bytes_of(self.engine, held.id))
        with transaction(self.engine) as session:
            job = jobs.hold(session, held)
            blobs.hold(session, self.store, stored, now=self.now())
            job.result = reports.concluded(job.result, job.total)
            job.report, job.input, job.lease = stored.key, None, None
            job.state, job.finished, job.error, job.fault = "done", self.now(), None, None
            session.connection().execute(sa.delete(JobRow).where(col(JobRow.job_id) == held.id))


def _actor(session: Session, job: Job) -> Actor:
    """Whoever has asked, with the roles they have now and the scopes they had then. Raises Forbidden."""
    person = session.get(Person, job.person_id) if job.person_id is not None else None
    if person is None or not person.active:
        raise Forbidden("action.forbidden")
    return accounts.actor_of(session, person, scopes=job.payload["scopes"])
