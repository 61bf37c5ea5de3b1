"""``oer admin``, ``oer institution``, ``oer role`` and ``oer token``."""

import sys
from datetime import timedelta
from typing import Annotated, Literal

import typer

from api import i18n
from oer import accounts, institutions, queries
from oer.cli import context, output
from oer.cli.context import AsJson
from oer.db import reading, transaction
from oer.errors import Invalid
from oer.policy import OPERATOR, SCOPES
from oer.workflow import Role

admin = typer.Typer(no_args_is_help=True, help="People who look after the platform, and everybody else's accounts.")
institution = typer.Typer(no_args_is_help=True, help="The tree of institutions.")
token = typer.Typer(no_args_is_help=True, help="Access tokens for programs.")
role = typer.Typer(no_args_is_help=True, help="Roles of people in institutions.")

_PASSWORD_HELP = "Read the password from standard input; otherwise it is asked for."  # noqa: S105 - a help text


@admin.command("create")
def admin_create(
    email: str,
    name: Annotated[str | None, typer.Option(help="Name as shown; default: the address.")] = None,
    language: Annotated[Literal["ar", "fr", "en"], typer.Option(help="Language of messages.")] = "ar",
    ordinary: Annotated[bool, typer.Option("--ordinary", help="An ordinary account, not an administrator.")] = False,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help=_PASSWORD_HELP)] = False,
    as_json: AsJson = False,
) -> None:
    """Create an administrator (or, with --ordinary, an account that gets its rights by roles)."""
    with context.opened(as_json=as_json) as found:
        password = _password(from_stdin=password_stdin)
        with transaction(found.engine) as session:
            person = accounts.add_person(
                session,
                OPERATOR,
                email=email,
                name=name or email,
                language=language,
                password=password,
                administrator=not ordinary,
                now=found.now(),
            )
    kind = "account" if ordinary else "administrator"
    if as_json:
        output.emit({"email": person.email, "kind": kind})
    else:
        output.say(output.sentence(f"cli.made-{kind}", email=person.email))


def _password(*, from_stdin: bool) -> str:
    """Never an argument: arguments are seen by everyone on the machine and kept in histories."""
    if from_stdin:
        try:
            return typer.get_binary_stream("stdin").readline().decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise Invalid("argument.not-text") from None
    if not sys.stdin.isatty():
        raise Invalid("password.not-given")
    again = output.sentence("cli.password-again")
    return str(typer.prompt(output.sentence("cli.password"), hide_input=True, confirmation_prompt=again))


@institution.command("add")
def institution_add(
    slug: str,
    ar: Annotated[str | None, typer.Option("--ar", help="Name in Arabic.")] = None,
    fr: Annotated[str | None, typer.Option("--fr", help="Name in French.")] = None,
    en: Annotated[str | None, typer.Option("--en", help="Name in English.")] = None,
    kind: Annotated[str, typer.Option(help="organisation, ministry, university, school, centre, club, …")] = "school",
    parent: Annotated[str | None, typer.Option(help="Slug of the institution above.")] = None,
    country: Annotated[str | None, typer.Option(help="ISO 3166 code, such as TN.")] = None,
    publish_role: Annotated[
        str, typer.Option(help="Who publishes without review: depositor, reviewer or manager.")
    ] = "reviewer",
    as_json: AsJson = False,
) -> None:
    """Add an institution, named in one language at least."""
    with context.opened(as_json=as_json) as found, transaction(found.engine) as session:
        above = institutions.find(session, parent) if parent else None
        names = {lang: name for lang, name in (("ar", ar), ("fr", fr), ("en", en)) if name}
        added = institutions.add(
            session,
            OPERATOR,
            slug=slug,
            names=names,
            kind=kind,
            parent=above,
            country=country,
            publish_role=_role(publish_role),
            now=found.now(),
        )
    if as_json:
        output.emit({"slug": added.slug, "names": added.names})
    else:
        output.say(output.sentence("cli.made-institution", slug=added.slug))


@institution.command("list")
def institution_list(as_json: AsJson = False) -> None:
    """The tree of institutions."""
    with context.opened(as_json=as_json) as found, reading(found.engine) as session:
        everyone = list(queries.institutions.everyone(session))
    by_path = sorted(everyone, key=lambda one: [part.zfill(9) for part in one.path.split("/")])
    if as_json:
        output.emit(
            [{"slug": one.slug, "names": one.names, "kind": one.kind, "depth": len(one.ancestors)} for one in by_path]
        )
        return
    for one in by_path:
        name, _ = institutions.name_in(one, output.language())
        output.say(f"{'  ' * len(one.ancestors)}{one.slug}  {name}")


def _role(word: str) -> Role:
    try:
        return Role.named(word)
    except KeyError:
        raise Invalid("role.unknown", role=word, known="depositor, reviewer, manager") from None


@role.command("grant")
def role_grant(
    email: str,
    slug: Annotated[str, typer.Argument(metavar="INSTITUTION")],
    word: Annotated[str, typer.Argument(metavar="ROLE", help="depositor, reviewer, manager, or none to take it away.")],
    as_json: AsJson = False,
) -> None:
    """Give a person a role in an institution."""
    with context.opened(as_json=as_json) as found, transaction(found.engine) as session:
        person = context.person(session, email)
        given = Role.NONE if word == "none" else _role(word)
        accounts.grant(session, OPERATOR, person, institutions.find(session, slug), given, now=found.now())
    if as_json:
        output.emit({"email": person.email, "institution": slug, "role": word})
    elif given is Role.NONE:
        output.say(output.sentence("cli.role-taken", email=person.email, slug=slug))
    else:
        words = output.sentence(f"cli.role.{word}")
        output.say(output.sentence("cli.role-given", email=person.email, slug=slug, role=words))


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
        longest = timedelta(days=found.settings.token_days)
        made, secret = accounts.create_token(
            session,
            OPERATOR,
            person,
            name=name,
            scopes=scope or list(SCOPES[:2]),
            lifetime=timedelta(days=days) if days else longest,
            longest=longest,
            now=found.now(),
        )
    if as_json:
        output.emit({"token": secret, "scopes": made.scopes, "expires": made.expires.isoformat()})
        return
    output.say(secret)
    day = i18n.day(made.expires.date(), output.language())
    output.note(output.sentence("cli.token-once", scopes=", ".join(made.scopes), day=day))
