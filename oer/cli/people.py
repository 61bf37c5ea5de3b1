"""``oer admin``, ``oer role`` and ``oer token``."""

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import typer
from sqlmodel import Session

from api import i18n
from oer import accounts, institutions, passwords, queries
from oer.cli import context, output
from oer.cli.context import AsJson
from oer.cli.institutions import role as role_of
from oer.db import reading, transaction
from oer.errors import Invalid, NotFound
from oer.models import Institution, Membership, Person, Token
from oer.policy import OPERATOR, SCOPES
from oer.workflow import Role

admin = typer.Typer(no_args_is_help=True, help="People who look after the platform, and everybody else's accounts.")
token = typer.Typer(no_args_is_help=True, help="Access tokens for programs.")
role = typer.Typer(no_args_is_help=True, help="Roles of people in institutions.")

_PAGE = 500
PASSWORD_HELP = "Do not ask: the first line of standard input is the password."  # noqa: S105 - a help text


@admin.command("create")
def admin_create(
    email: str,
    name: Annotated[
        str | None, typer.Option(help="Name as shown, to authors too; default: the address before the @.")
    ] = None,
    language: Annotated[Literal["ar", "fr", "en"], typer.Option(help="Language of messages.")] = "ar",
    ordinary: Annotated[bool, typer.Option("--ordinary", help="An ordinary account, not an administrator.")] = False,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help=PASSWORD_HELP)] = False,
    as_json: AsJson = False,
) -> None:
    """Create an administrator (or, with --ordinary, an account that gets its rights by roles)."""
    with context.opened(as_json=as_json) as found:
        chosen = password(from_stdin=password_stdin)
        with transaction(found.engine) as session:
            person = accounts.add_person(
                session,
                OPERATOR,
                email=email,
                name=name or email.strip().partition("@")[0],
                language=language,
                password=chosen,
                administrator=not ordinary,
                now=found.now(),
            )
    kind = "account" if ordinary else "administrator"
    if as_json:
        output.emit({"email": person.email, "kind": kind})
    else:
        output.say(output.sentence(f"cli.made-{kind}", email=person.email))


def password(*, from_stdin: bool) -> str:
    """Never an argument: arguments are seen by everyone on the machine and kept in histories."""
    if from_stdin:
        try:
            return typer.get_binary_stream("stdin").readline().decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise Invalid("argument.not-text") from None
    if not sys.stdin.isatty():
        raise Invalid("password.not-given")
    while True:
        chosen = str(typer.prompt(output.sentence("cli.password", minimum=passwords.LENGTHS[0]), hide_input=True))
        if typer.prompt(output.sentence("cli.password-again"), hide_input=True) == chosen:
            return chosen
        output.note(output.sentence("cli.password-differs"))


@role.command("grant")
def role_grant(
    email: str,
    slug: Annotated[str, typer.Argument(metavar="INSTITUTION")],
    word: Annotated[
        str, typer.Argument(metavar="ROLE", help="One of depositor, reviewer, manager; or none to take it away.")
    ],
    as_json: AsJson = False,
) -> None:
    """Give a person a role in an institution."""
    with context.opened(as_json=as_json) as found, transaction(found.engine) as session:
        person = context.person(session, email)
        given = Role.NONE if word == "none" else role_of(word)
        accounts.grant(session, OPERATOR, person, institutions.find(session, slug), given, now=found.now())
    if as_json:
        output.emit({"email": person.email, "institution": slug, "role": word})
    elif given is Role.NONE:
        output.say(output.sentence("cli.role-taken", email=person.email, slug=slug))
    else:
        words = output.sentence(f"cli.role.{word}")
        output.say(output.sentence("cli.role-given", email=person.email, slug=slug, role=words))


@role.command("list")
def role_list(slug: Annotated[str, typer.Argument(metavar="INSTITUTION")], as_json: AsJson = False) -> None:
    """Who has a role in an institution itself."""
    with context.opened(as_json=as_json) as found, reading(found.engine) as session:
        members = list(_members(session, institutions.find(session, slug)))
        told = [
            {"email": person.email, "name": person.name, "role": one.role, "since": one.created}
            for one, person in members
        ]
    if as_json:
        output.emit(told)
        return
    for member in told:
        words = output.sentence(f"role.{member['role']}")
        output.say("  ".join([str(member["email"]), str(member["name"]), words]))


def _members(session: Session, institution: Institution) -> Iterator[tuple[Membership, Person]]:
    after = 0
    while rows := queries.institutions.people(session, institution_id=institution.id or 0, after=after, limit=_PAGE):
        yield from rows
        after = rows[-1][0].person_id


@token.command("create")
def token_create(
    email: str,
    name: Annotated[str, typer.Option(help="What it is for.")] = "command line",
    scope: Annotated[list[str] | None, typer.Option(help="read, deposit, review, manage; may be repeated.")] = None,
    days: Annotated[int | None, typer.Option(help="Days until it expires.", min=1, max=99_999)] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token for a person's programs. It is shown once."""
    with context.opened(as_json=as_json) as found, transaction(found.engine) as session:
        person = context.person(session, email)
        made, secret = accounts.create_token(
            session,
            OPERATOR,
            person,
            name=name,
            scopes=scope or list(SCOPES[:2]),
            lifetime=timedelta(days=days) if days else None,
            longest=timedelta(days=found.settings.token_days),
            now=found.now(),
        )
    if as_json:
        output.emit({"token": secret, "scopes": made.scopes, "expires": made.expires.isoformat()})
        return
    output.say(secret)
    day = i18n.day(made.expires.date(), output.language())
    output.note(output.sentence("cli.token-once", scopes=", ".join(made.scopes), day=day))


@token.command("list")
def token_list(email: str, as_json: AsJson = False) -> None:
    """The tokens of a person's programs, without their secrets."""
    with context.opened(as_json=as_json) as found, reading(found.engine) as session:
        person = context.person(session, email)
        rows = queries.people.tokens(session, person_id=person.id or 0)
    told = [_told(row, now=found.now()) for row in rows]
    if as_json:
        output.emit(told)
        return
    if not told:
        output.note(output.sentence("cli.no-tokens"))
    for row, one in zip(rows, told, strict=True):
        day = i18n.day(row.expires.date(), output.language())
        state = output.sentence(f"cli.token-state.{one['state']}", day=day)
        output.say("  ".join([str(row.id), row.name, ", ".join(row.scopes), state]))


def _told(row: Token, *, now: datetime) -> dict[str, Any]:
    state = "revoked" if row.revoked is not None else "expired" if row.expires <= now else "valid"
    return row.model_dump(include={"id", "name", "scopes", "created", "expires", "revoked"}) | {"state": state}


@token.command("revoke")
def token_revoke(
    email: str,
    number: Annotated[int, typer.Argument(metavar="ID", min=1, max=context.LARGEST)],
    as_json: AsJson = False,
) -> None:
    """Revoke a token of a person's programs, at once and for ever."""
    with context.opened(as_json=as_json) as found, transaction(found.engine) as session:
        person = context.person(session, email)
        row = queries.people.token_of(session, person_id=person.id or 0, token_id=number)
        if row is None:
            raise NotFound("token.unknown")
        accounts.revoke_token(session, OPERATOR, row, now=found.now())
    if as_json:
        output.emit({"id": number, "revoked": True})
    else:
        output.say(output.sentence("cli.token-revoked", id=number))
