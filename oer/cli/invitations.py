"""``oer invitation``: how people come to their roles."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import typer

from api import i18n
from oer import institutions, invitations, queries
from oer.cli import context, output
from oer.cli.context import AsJson
from oer.cli.institutions import role
from oer.db import reading, transaction
from oer.models import Invitation
from oer.policy import OPERATOR

invitation = typer.Typer(no_args_is_help=True, help="Invitations to institutions.")

_MOST = 1000


@invitation.command("create")
def create(
    email: str,
    slug: Annotated[str, typer.Argument(metavar="INSTITUTION")],
    word: Annotated[str, typer.Argument(metavar="ROLE", help="One of depositor, reviewer, manager.")],
    language: Annotated[Literal["ar", "fr", "en"], typer.Option(help="Language of the account to be.")] = "ar",
    as_json: AsJson = False,
) -> None:
    """Invite somebody to a role in an institution. The secret link is shown once."""
    with context.opened(as_json=as_json) as found, transaction(found.engine) as session:
        made, secret = invitations.invite(
            session,
            OPERATOR,
            institutions.find(session, slug),
            email=email,
            role=role(word),
            language=language,
            lifetime=timedelta(days=found.settings.invitation_days),
            now=found.now(),
        )
    link = invitations.link(found.settings.base_url, secret)
    if as_json:
        output.emit({"id": made.id, "link": link, "secret": secret, "expires": made.expires.isoformat()})
        return
    output.say(link)
    day = i18n.day(made.expires.date(), output.language())
    output.note(output.sentence("cli.invited", email=made.email, day=day))


@invitation.command("list")
def list_(
    slug: Annotated[str, typer.Argument(metavar="INSTITUTION")],
    as_json: AsJson = False,
) -> None:
    """Invitations to an institution, the newest first."""
    with context.opened(as_json=as_json) as found, reading(found.engine) as session:
        place = institutions.find(session, slug)
        rows = queries.invitations.of_institution(session, institution_id=place.id or 0, limit=_MOST)
    told = [_told(row, now=found.now()) for row in rows]
    if as_json:
        output.emit(told)
        return
    if not told:
        output.note(output.sentence("cli.no-invitations"))
    for one in told:
        words = (output.sentence(f"cli.role.{one['role']}"), output.sentence(f"cli.invitation-state.{one['state']}"))
        output.say("  ".join([str(one["id"]), one["email"], *words]))


def _told(row: Invitation, *, now: datetime) -> dict[str, Any]:
    told = row.model_dump(include={"id", "email", "role", "created", "expires"})
    return told | {"state": invitations.state(row, now=now)}


@invitation.command("revoke")
def revoke(
    number: Annotated[int, typer.Argument(metavar="ID", min=1, max=context.LARGEST)], as_json: AsJson = False
) -> None:
    """Make the link of an invitation useless."""
    with context.opened(as_json=as_json) as found, transaction(found.engine) as session:
        invitations.revoke(session, OPERATOR, number, now=found.now())
    if as_json:
        output.emit({"id": number, "revoked": True})
    else:
        output.say(output.sentence("cli.invitation-revoked", id=number))
