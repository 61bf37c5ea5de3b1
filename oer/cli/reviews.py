"""``oer drafts``, ``validate``, ``review``, ``reviews``: what waits, what is wrong with it, the decision, its words."""

from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from typing import Annotated, Any

import typer
from sqlmodel import Session

from api import lookup
from oer import deposits, institutions, policy, publishing, queries, reviews, stored, verdicts
from oer.cli import context, output
from oer.cli.context import As, AsJson
from oer.cli.deposits import Id, state_word, tell, title_of
from oer.db import reading, transaction
from oer.errors import Unavailable
from oer.models import Resource, Review
from oer.models.resources import STORED_DRAFT_STATES
from oer.workflow import DraftAction

States = StrEnum("States", {name.name: name.value for name in STORED_DRAFT_STATES})  # type: ignore[misc]


class Decision(StrEnum):
    REQUEST_CHANGES = DraftAction.REQUEST_CHANGES
    REJECT = DraftAction.REJECT
    PUBLISH = DraftAction.PUBLISH


_PAGE = 500
_DONE = {
    Decision.REQUEST_CHANGES: "changes-requested",
    Decision.REJECT: "rejected",
    Decision.PUBLISH: "published",
}


def drafts(
    institution: Annotated[str | None, typer.Option(help="Only this institution (slug) and those below it.")] = None,
    wanted: Annotated[States | None, typer.Option("--state", help="Only drafts in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the longest unchanged first.")] = 100,
    as_: As = None,
    as_json: AsJson = False,
) -> None:
    """List drafts: what people work on, and what waits for a review."""
    with context.opened(as_json=as_json) as found, reading(found.engine) as session:
        actor = context.actor(session, as_)
        rows = queries.drafts.page(
            session,
            reach=policy.reach(actor),
            within=institutions.find(session, institution).path if institution is not None else None,
            state=wanted.value if wanted is not None else None,
            oldest_first=True,
            limit=limit,
        )
        listed = [_line(row) for row in rows]
    if as_json:
        output.emit({"drafts": listed})
        return
    for line in listed:
        when = f"{line['changed']:%Y-%m-%d %H:%M}"
        output.say("  ".join([line["id"], state_word(line["state"]), when, line["institution"], line["title"]]))


def _line(row: queries.drafts.Row) -> dict[str, Any]:
    title = ""
    with suppress(Unavailable):  # a damaged record hides no draft
        title = title_of(stored.record_of(row.resource, row.draft))
    return {
        "id": row.resource.public_id,
        "state": row.draft.state,
        "changed": row.draft.changed,
        "institution": row.institution.slug,
        "author": row.author,
        "title": title,
    }


def validate(public_id: Id, as_: As = None, as_json: AsJson = False) -> None:
    """Say everything that forbids to publish a draft, and warnings; nothing is changed."""
    with context.opened(as_json=as_json) as found, transaction(found.engine) as session:
        opened = deposits.seen(session, context.actor(session, as_), public_id)
        problems = verdicts.problems(session, opened.resource, opened.draft)
    sound = not verdicts.errors_of(problems)
    if as_json:
        output.emit({"publishable": sound, "problems": [output.problem_json(problem) for problem in problems]})
    else:
        for line in output.problem_lines(problems):
            output.say(line)
        if sound:
            output.say(output.sentence("cli.draft-sound"))
    if not sound:
        raise typer.Exit(output.INVALID)


def said(public_id: Id, as_: As = None, as_json: AsJson = False) -> None:
    """What reviewers have said of a resource, over all its drafts."""
    with context.opened(as_json=as_json) as found, reading(found.engine) as session:
        actor = context.actor(session, as_)
        policy.require_scope(actor, "read")
        resource, institution = lookup.resource(session, actor, public_id)
        policy.require_reviews(actor, resource, institution)
        told = [
            {**one.model_dump(include={"decision", "comment", "created"}), "reviewer": name}
            for one, name in _reviews(session, resource)
        ]
    if as_json:
        output.emit(told)
        return
    for each in told:
        done = state_word(_DONE[Decision(each["decision"])])
        output.say("  ".join([f"{each['created']:%Y-%m-%d %H:%M}", done, each["reviewer"] or ""]).rstrip())
        for line in each["comment"].splitlines():
            output.say(f"  {line}")


def _reviews(session: Session, resource: Resource) -> Iterator[tuple[Review, str | None]]:
    after = 0
    while rows := queries.drafts.reviews(session, resource_id=resource.id or 0, after=after, limit=_PAGE):
        yield from rows
        after = rows[-1][0].id or 0


def review(
    public_id: Id,
    decision: Annotated[Decision, typer.Argument(metavar="DECISION", help="request-changes, reject or publish.")],
    comment: Annotated[str, typer.Option(help="Words to the author; needed unless it is published.")] = "",
    as_: As = None,
    as_json: AsJson = False,
) -> None:
    """Decide on a submitted draft."""
    with context.opened(as_json=as_json) as found:
        with transaction(found.engine) as session:
            actor, now = context.actor(session, as_), found.now()
            if decision is Decision.PUBLISH:
                reviews.require_submitted(session, actor, public_id)
                publishing.publish(
                    session, actor, public_id, repository_id=found.repository_id, comment=comment, now=now
                )
            else:
                verb = reviews.reject if decision is Decision.REJECT else reviews.request_changes
                verb(session, actor, public_id, comment, now=now)
        tell(found, public_id, _DONE[decision], as_json=as_json)
