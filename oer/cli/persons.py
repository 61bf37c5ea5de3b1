"""``oer person``: accounts."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from sqlmodel import Session

from oer import accounts, institutions, personal, policy, queries
from oer.cli import context, output
from oer.cli.context import AsJson
from oer.cli.people import PASSWORD_HELP, password
from oer.db import reading, transaction
from oer.errors import Invalid
from oer.models import Person
from oer.policy import OPERATOR

person = typer.Typer(no_args_is_help=True, help="Accounts of people.")

_PAGE = 500


@person.command("list")
def list_(
    institution: Annotated[str | None, typer.Option(help="Slug; only people with a role in it or below it.")] = None,
    inactive: Annotated[bool, typer.Option("--inactive", help="Only those who are not active.")] = False,
    as_json: AsJson = False,
) -> None:
    """The accounts there are, without those that were erased."""
    with context.opened(as_json=as_json) as found, reading(found.engine) as session:
        within = institutions.find(session, institution).path if institution is not None else None
        people = list(_everybody(session, within=within, active=False if inactive else None))
    if as_json:
        output.emit([_told(one) for one in people])
        return
    for one in people:
        output.say(_line(one))


def _everybody(session: Session, *, within: str | None, active: bool | None) -> Iterator[Person]:
    after = 0
    seen_by = policy.reach(OPERATOR)
    while rows := queries.people.listed(
        session, seen_by=seen_by, within=within, active=active, after=after, limit=_PAGE
    ):
        yield from rows
        after = rows[-1].id or 0


def _told(one: Person) -> dict[str, Any]:
    return one.model_dump(include={"id", "email", "name", "language", "administrator", "active"})


def _line(one: Person) -> str:
    marks = [output.sentence("cli.administrator")] if one.administrator else []
    marks += [] if one.active else [output.sentence("cli.inactive")]
    return "  ".join([str(one.id), one.email, one.name, *marks])


@person.command("show")
def show(email: str, as_json: AsJson = False) -> None:
    """An account with its roles."""
    with context.opened(as_json=as_json) as found, reading(found.engine) as session:
        one = context.person(session, email)
        roles = queries.people.roles(session, person_ids=[one.id or 0]).get(one.id or 0, [])
        told = [{"institution": place.slug, "role": row.role} for row, place in roles]
    if as_json:
        output.emit({**_told(one), "roles": told})
        return
    output.say(_line(one))
    for role in told:
        output.say(f"  {role['institution']}  {output.sentence('cli.role.' + role['role'])}")


@person.command("edit")
def edit(
    email: str,
    name: Annotated[str | None, typer.Option(help="Name as shown.")] = None,
    language: Annotated[Literal["ar", "fr", "en"] | None, typer.Option(help="Language of messages.")] = None,
    administrator: Annotated[
        bool | None, typer.Option("--administrator/--no-administrator", help="Whether they look after the platform.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change an account. Whose rights change is signed out everywhere."""
    given = {"name": name, "language": language, "administrator": administrator}
    changes = {field: value for field, value in given.items() if value is not None}
    _change(email, changes, "cli.changed-person", as_json=as_json)


@person.command("deactivate")
def deactivate(email: str, as_json: AsJson = False) -> None:
    """Let nobody act as this person any more; what they have made stays."""
    _change(email, {"active": False}, "cli.deactivated", as_json=as_json)


@person.command("activate")
def activate(email: str, as_json: AsJson = False) -> None:
    """Let a person act again who was deactivated."""
    _change(email, {"active": True}, "cli.activated", as_json=as_json)


def _change(email: str, changes: dict[str, Any], said: str, *, as_json: bool) -> None:
    with context.opened(as_json=as_json) as found, transaction(found.engine) as session:
        number = context.person(session, email).id or 0
        changed = accounts.edit(session, OPERATOR, number, changes, now=found.now())
    if as_json:
        output.emit(_told(changed))
    else:
        output.say(output.sentence(said, email=changed.email))


@person.command("password")
def password_(
    email: str,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help=PASSWORD_HELP)] = False,
    as_json: AsJson = False,
) -> None:
    """Set a new password, and sign the person out everywhere."""
    with context.opened(as_json=as_json) as found:
        with reading(found.engine) as session:
            context.person(session, email)
        new = password(from_stdin=password_stdin)
        with transaction(found.engine) as session:
            one = context.person(session, email)
            accounts.set_password(session, OPERATOR, one, new, now=found.now())
    if as_json:
        output.emit({"email": one.email})
    else:
        output.say(output.sentence("cli.password-set", email=one.email))


@person.command("export")
def export(
    email: str,
    to: Annotated[Path | None, typer.Option("--to", help="File to write; standard output unless given.")] = None,
) -> None:
    """Everything that is kept about a person, as JSON."""
    with context.opened() as found:
        with reading(found.engine) as session:
            told = personal.export(session, OPERATOR, context.person(session, email).id or 0)
        if to is None:
            output.emit(told)
            return
        text = json.dumps(told, ensure_ascii=False, default=str, indent=2)
        try:
            to.write_text(text, encoding="utf-8")
        except OSError as error:
            raise Invalid("export.unwritable", path=str(to), reason=error.strerror or "") from None


@person.command("erase")
def erase(
    email: str,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take name, address, password, roles and tokens away for ever; authorship stays, without a name."""
    with context.opened(as_json=as_json) as found:
        with reading(found.engine) as session:
            number = context.person(session, email).id or 0
        if not yes:
            if not sys.stdin.isatty():
                raise typer.BadParameter("nobody is there to be asked: say --yes")
            typer.confirm(output.sentence("cli.erase-sure", email=email), abort=True)
        with transaction(found.engine) as session:
            personal.erase(session, OPERATOR, number, now=found.now())
    if as_json:
        output.emit({"id": number, "erased": True})
    else:
        output.say(output.sentence("cli.erased", id=number))
