"""``oer usage``: how often resources were seen and their files downloaded."""

from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from api import lookup
from oer import institutions, queries, usage
from oer.cli import context, output
from oer.cli.context import AsJson
from oer.cli.deposits import Id
from oer.db import reading
from oer.installation import Installation
from oer.policy import OPERATOR
from oer.queries.usage import Count
from oer.usage import SMALLEST, Course

app = typer.Typer(no_args_is_help=True, help="How often resources were seen and their files downloaded.")

_DAYS = timedelta(days=29)  # before the last one
_DATE = ["%Y-%m-%d"]
Since = Annotated[
    datetime | None, typer.Option("--from", formats=_DATE, help="First day (UTC); thirty days without it.")
]
Until = Annotated[datetime | None, typer.Option("--until", formats=_DATE, help="Last day (UTC); today without it.")]


@app.command("resource")
def of_resource(public_id: Id, since: Since = None, until: Until = None, as_json: AsJson = False) -> None:
    """How often a resource was seen and its files downloaded: in all, and by day."""
    with context.opened(as_json=as_json) as found, reading(found.engine) as session:
        resource, _ = lookup.resource(session, OPERATOR, public_id)
        resource_id = resource.id or 0
        total = queries.usage.total(session, resource_id=resource_id)
        course = usage.of_resource(session, resource_id=resource_id, **_period(found, since, until))
    _tell(total, course, as_json=as_json)


@app.command("institution")
def of_institution(slug: str, since: Since = None, until: Until = None, as_json: AsJson = False) -> None:
    """The same of all resources of an institution and of those below it."""
    with context.opened(as_json=as_json) as found, reading(found.engine) as session:
        path = institutions.find(session, slug).path
        total = queries.usage.branch_total(session, path=path)
        course = usage.of_branch(session, path=path, **_period(found, since, until))
    _tell(total, course, as_json=as_json)


def _period(found: Installation, since: datetime | None, until: datetime | None) -> dict[str, Any]:
    last = until.date() if until else found.now().date()
    return {"since": since.date() if since else last - min(_DAYS, last - last.min), "until": last}


def _tell(total: Count, course: Course, *, as_json: bool) -> None:
    if as_json:
        months = [
            {"month": f"{one.day:%Y-%m}", "views": one.views, "downloads": one.downloads} for one in course.months
        ]
        days = [{"day": one.day, "views": one.views, "downloads": one.downloads} for one in course.days]
        output.emit({"views": total.views, "downloads": total.downloads, "months": months, "days": days})
        return
    for one in course.days:
        told = {"views": _number(one.views), "downloads": _number(one.downloads)}
        output.say(output.sentence("cli.usage-line", day=one.day, **told))
    output.note(output.sentence("cli.usage-total", views=total.views, downloads=total.downloads))


def _number(told: int | None) -> str:
    return output.sentence("cli.usage-few", least=SMALLEST) if told is None else str(told)
