"""``oer report``: what visitors say is wrong with resources, and what is answered."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import typer

from oer import institutions, policy, queries, reports
from oer.cli import context, output
from oer.cli.context import As, AsJson
from oer.db import reading, transaction
from oer.errors import Forbidden
from oer.reports import Found
from oer.workflow import OUTCOMES

app = typer.Typer(no_args_is_help=True, help="Problems that visitors report.")

_MOST = 1000

Reference = Annotated[str, typer.Argument(metavar="REFERENCE")]
Note = Annotated[str, typer.Option(help="Public words for the tombstone of what goes out of sight.")]


@app.command("list")
def list_(
    state: Annotated[
        Literal["open", "examining", "answered"] | None, typer.Option(help="Unless given, all that wait.")
    ] = None,
    institution: Annotated[str | None, typer.Option(help="Only this institution and those below it.")] = None,
    as_: As = None,
    as_json: AsJson = False,
) -> None:
    """Reports that wait for an answer, the oldest first."""
    with context.opened(as_json=as_json) as found, reading(found.engine) as session:
        rows = queries.reports.listed(
            session,
            seen_by=policy.reach(context.actor(session, as_)),
            state=state,
            within=institutions.find(session, institution).path if institution is not None else None,
            limit=_MOST,
        )
    told = [_told(Found(*row)) for row in rows]
    if as_json:
        output.emit(told)
        return
    if not told:
        output.note(output.sentence("cli.no-reports"))
    for one in told:
        output.say(_line(one))


@app.command("show")
def show(reference: Reference, as_: As = None, as_json: AsJson = False) -> None:
    """A report with its words, whom to answer, and the answer."""
    with context.opened(as_json=as_json) as found, reading(found.engine) as session:
        shown = reports.find(session, reference)
        if not policy.may_see_report(context.actor(session, as_), shown.institution):
            raise Forbidden("action.forbidden", allowed="role", needed="reviewer")
    told = _told(shown)
    if as_json:
        output.emit(told)
        return
    output.say(_line(told))
    for name in ("email", "words", "answer"):
        if told[name]:
            output.say(f"{output.sentence(f'cli.report-{name}')} {told[name]}")


@app.command("examine")
def examine(reference: Reference, note: Note = "", as_: As = None, as_json: AsJson = False) -> None:
    """Take the resource out of sight while the report is looked into."""
    _step(reports.examine, reference, as_, as_json=as_json, note=note)


@app.command("answer")
def answer(
    reference: Reference,
    outcome: Annotated[str, typer.Option(help=f"One of {', '.join(OUTCOMES)}.")],
    words: Annotated[str, typer.Option(help="Words for the reporter.")] = "",
    note: Note = "",
    as_: As = None,
    as_json: AsJson = False,
) -> None:
    """Answer a report: what is kept or mended comes back into sight, what is withdrawn leaves a tombstone."""
    _step(reports.answer, reference, as_, as_json=as_json, outcome=outcome, words=words, note=note)


def _step(verb: Callable[..., Found], reference: str, email: str | None, *, as_json: bool, **more: str) -> None:
    with context.opened(as_json=as_json) as found, transaction(found.engine) as session:
        actor = context.actor(session, email)
        done = verb(session, actor, reference, repository_id=found.repository_id, now=found.now(), **more)
    told = _told(done)
    if as_json:
        output.emit(told)
    else:
        output.say(_line(told))


def _told(found: Found) -> dict[str, Any]:
    report, resource = found.report, found.resource
    names = {"reference", "state", "outcome", "reason", "words", "email", "language", "answer", "created", "answered"}
    place = {"resource": resource.public_id, "resource_state": resource.state, "institution": found.institution.slug}
    return report.model_dump(include=names, mode="json") | place


def _line(told: dict[str, Any]) -> str:
    state = f"report.outcome.{told['outcome']}" if told["outcome"] else f"state.{told['state']}"
    reason = output.sentence(f"report.reason.{told['reason']}")
    return "  ".join([told["reference"], told["created"][:10], output.sentence(state), told["resource"], reason])
