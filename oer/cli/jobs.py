"""``oer job`` and ``oer audit``."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import typer

from metadata import values
from oer import institutions, jobs, policy, queries
from oer.cli import context, output
from oer.cli.context import AsJson
from oer.db import reading, transaction
from oer.errors import Invalid, NotFound
from oer.installation import Installation
from oer.models import AuditEntry, Institution, Job, Person
from oer.policy import OPERATOR
from oer.queries.audit import Wanted
from oer.transfer import orders, reports

job = typer.Typer(no_args_is_help=True, help="What runs in the background, and for whom.")
audit = typer.Typer(no_args_is_help=True, help="What was done, to what, and by whom.")

Number = Annotated[int, typer.Argument(min=1, max=2**31 - 1, metavar="ID", help="Number of the job.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")]
Branch = Annotated[str | None, typer.Option(help="Only this institution and those below it.")]
Found = tuple[Job, Institution | None, Person | None]


@job.command("list")
def list_(
    state: Annotated[
        Literal["waiting", "running", "done", "failed", "cancelled"] | None, typer.Option(help="Only these.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind: import, blobs.sweep, …")] = None,
    institution: Branch = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """Jobs, the newest first."""
    with context.opened(as_json=as_json) as found, reading(found.engine) as session:
        within = institutions.find(session, institution).path if institution is not None else None
        rows = queries.jobs.listed(
            session, seen_by=policy.reach(OPERATOR), state=state, kind=kind, within=within, limit=limit
        )
    if as_json:
        output.emit([_json(row) for row in rows])
        return
    if not rows:
        output.note(output.sentence("cli.jobs-none"))
    for row in rows:
        output.say(_line(row))


@job.command("show")
def show(
    number: Number,
    report: Annotated[bool, typer.Option("--report", help="Tell what became of each row.")] = False,
    as_json: AsJson = False,
) -> None:
    """A job: how far it has come, and what it came to."""
    with context.opened(as_json=as_json) as found:
        with reading(found.engine) as session:
            row = _one(session, number)
        told = _report(found, row[0]) if report else iter(())
        if as_json:
            rows = {"rows": [output.row_json(one) for one in told]} if report else {}
            output.emit(_json(row) | rows)
            return
        output.say(_line(row))
        if row[0].result is not None:
            output.say(output.sentence("cli.import-counts", **row[0].result["counts"]))
            for problem in row[0].result.get("problems", ()):
                output.say(f"  {output.sentence(problem['code'], **problem['params'])}")
        if row[0].error is not None:
            output.say(f"  {_reason(row[0])}")
        for one in told:
            for line in output.row_lines(one):
                output.say(line)


@job.command("cancel")
def cancel(number: Number, as_json: AsJson = False) -> None:
    """End a job that waits or runs. What it has done stays done."""
    with context.opened(as_json=as_json) as found, transaction(found.engine) as session:
        jobs.cancel(session, OPERATOR, number, now=found.now())
        session.flush()
        row = _one(session, number)
    _said(row, "cli.job-cancelled", as_json=as_json)


@job.command("retry")
def retry(number: Number, as_json: AsJson = False) -> None:
    """Try a failed job again. It goes on where it left off."""
    with context.opened(as_json=as_json) as found, transaction(found.engine) as session:
        jobs.retry(session, OPERATOR, number, now=found.now())
        session.flush()
        row = _one(session, number)
    _said(row, "cli.job-retried", as_json=as_json)


def _said(row: Found, sentence: str, *, as_json: bool) -> None:
    if as_json:
        output.emit(_json(row))
    else:
        output.say(output.sentence(sentence, id=row[0].id))


def _one(session: Any, number: int) -> Found:
    found = queries.jobs.one(session, job_id=number)
    if found is None:
        raise NotFound("job.unknown", id=number)
    return found


def _report(found: Installation, told: Job) -> Iterator[dict[str, Any]]:
    if told.kind != orders.KIND:
        raise NotFound("job.report-unknown", id=told.id)
    return reports.kept(found.store, told.report) if told.report else reports.so_far(found.engine, told.id or 0)


def _json(row: Found) -> dict[str, Any]:
    told, institution, person = row
    kept = told.model_dump(include={"id", "kind", "state", "done", "total", "result", "attempts", "error"})
    return {
        **kept,
        "institution": institution.slug if institution else None,
        "person": person.email if person else None,
        "fault": {"code": told.fault["code"], "message": _reason(told)} if told.fault else None,
        "created": told.created.isoformat(),
        "finished": told.finished.isoformat() if told.finished else None,
    }


def _reason(told: Job) -> str:
    return output.sentence(told.fault["code"], **told.fault["params"]) if told.fault else told.error or ""


def _line(row: Found) -> str:
    told, institution, person = row
    progress = f"{told.done}/{told.total}" if told.total is not None else None
    words = [
        str(told.id),
        f"{told.created:%Y-%m-%d %H:%M}",
        told.kind,
        output.sentence(f"cli.job.{told.state}"),
        progress,
    ]
    return "  ".join(
        filter(None, [*words, institution.slug if institution else None, person.email if person else None])
    )


@audit.callback()
def _audit() -> None:
    """Keeps ``list`` a command of its own while it is the only one."""


@audit.command("list")
def audit_list(
    person: Annotated[str | None, typer.Option(help="Who did it: an address, or operator.")] = None,
    object_: Annotated[str | None, typer.Option("--object", help="To what: resource:ID, person:NUMBER, …")] = None,
    action: Annotated[str | None, typer.Option(help="What: resource.publish, role.grant, …")] = None,
    institution: Branch = None,
    from_: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="Not before this day (UTC).")
    ] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Up to this day (UTC).")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """The audit log, the newest first."""
    with context.opened(as_json=as_json) as found:
        if any(values.illegal_characters(text or "") for text in (person, object_, action)):
            raise Invalid("argument.not-text")
        kind, colon, object_id = (object_ or "").partition(":")
        with reading(found.engine) as session:
            wanted = Wanted(
                email=person.strip().lower() if person and "@" in person else None,
                by=person if person and "@" not in person else None,
                kind=kind if colon else None,
                object_id=object_id if colon else object_,
                action=action,
                within=institutions.find(session, institution).path if institution is not None else None,
                start=from_.replace(tzinfo=UTC) if from_ else None,
                end=until.replace(tzinfo=UTC) + timedelta(days=1) if until else None,
            )
            rows = queries.audit.listed(session, seen_by=policy.reach(OPERATOR), wanted=wanted, limit=limit)
    if as_json:
        output.emit([_entry(*row) for row in rows])
        return
    if not rows:
        output.note(output.sentence("cli.audit-none"))
    for entry, at, who in rows:
        thing = f"{entry.object_kind}:{entry.object_id}"
        name = who.email if who else entry.by
        words = [f"{entry.at:%Y-%m-%d %H:%M:%S}", name, entry.action, thing, at.slug if at else None]
        output.say("  ".join(filter(None, words)))


def _entry(entry: AuditEntry, institution: Institution | None, who: Person | None) -> dict[str, Any]:
    return {
        **entry.model_dump(include={"id", "by", "action", "details"}),
        "at": entry.at.isoformat(),
        "person": who.email if who else None,
        "object": {"kind": entry.object_kind, "id": entry.object_id},
        "institution": institution.slug if institution else None,
    }
