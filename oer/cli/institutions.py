"""``oer institution``: the tree of institutions."""

from pathlib import Path
from typing import Annotated, Any

import typer

from oer import deposits, institutions, queries
from oer.cli import context, output
from oer.cli.context import AsJson, Descriptions
from oer.db import reading, transaction
from oer.errors import Invalid, TooLarge
from oer.policy import OPERATOR
from oer.workflow import Role

institution = typer.Typer(no_args_is_help=True, help="The tree of institutions.")

_KINDS = "organisation, ministry, national_commission, university, school, centre, club, chair or partner."
_EMPTY = "An empty value takes it away."


@institution.command("add")
def add(
    slug: str,
    ar: Annotated[str | None, typer.Option("--ar", help="Name in Arabic.")] = None,
    fr: Annotated[str | None, typer.Option("--fr", help="Name in French.")] = None,
    en: Annotated[str | None, typer.Option("--en", help="Name in English.")] = None,
    description: Descriptions = None,
    kind: Annotated[str, typer.Option(help=_KINDS)] = "school",
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
            descriptions=context.by_language(description),
            kind=kind,
            parent=above,
            country=country,
            publish_role=role(publish_role),
            now=found.now(),
        )
    if as_json:
        output.emit({"slug": added.slug, "names": added.names})
    else:
        output.say(output.sentence("cli.made-institution", slug=added.slug))


def role(word: str) -> Role:
    """Raises Invalid for a word that is no role."""
    try:
        return Role.named(word)
    except KeyError:
        raise Invalid("role.unknown", role=word, known="depositor, reviewer, manager") from None


@institution.command("list")
def list_(as_json: AsJson = False) -> None:
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


@institution.command("edit")
def edit(
    slug: str,
    ar: Annotated[str | None, typer.Option("--ar", help=f"Name in Arabic. {_EMPTY}")] = None,
    fr: Annotated[str | None, typer.Option("--fr", help=f"Name in French. {_EMPTY}")] = None,
    en: Annotated[str | None, typer.Option("--en", help=f"Name in English. {_EMPTY}")] = None,
    description: Descriptions = None,
    kind: Annotated[str | None, typer.Option(help=_KINDS)] = None,
    parent: Annotated[str | None, typer.Option(help="Move below this institution; empty: to the top.")] = None,
    country: Annotated[str | None, typer.Option(help=f"ISO 3166 code. {_EMPTY}")] = None,
    homepage: Annotated[str | None, typer.Option(help=f"Its own web site. {_EMPTY}")] = None,
    ror: Annotated[str | None, typer.Option(help=f"Id in the Research Organization Registry. {_EMPTY}")] = None,
    colour: Annotated[str | None, typer.Option(help=f"Of its pages, such as #0b6e4f. {_EMPTY}")] = None,
    licence: Annotated[str | None, typer.Option(help=f"Licence of new resources. {_EMPTY}")] = None,
    language: Annotated[str | None, typer.Option(help=f"Language of new resources. {_EMPTY}")] = None,
    publish_role: Annotated[str | None, typer.Option(help="depositor, reviewer or manager.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change an institution, or move it with all below it. What is not named stays."""
    given: dict[str, str | None] = {
        "kind": kind,
        "parent": parent,
        "country": country,
        "homepage": homepage,
        "ror": ror,
        "colour": colour,
        "default_licence": licence,
        "default_language": language,
        "publish_role": publish_role,
    }
    changes: dict[str, Any] = {name: value or None for name, value in given.items() if value is not None}
    names = {lang: name for lang, name in (("ar", ar), ("fr", fr), ("en", en)) if name is not None}
    if names:
        changes["names"] = names
    if description:
        changes["descriptions"] = context.by_language(description)
    with context.opened(as_json=as_json) as found, transaction(found.engine) as session:
        repository_id, now = found.repository_id, found.now()
        changed = institutions.edit(session, OPERATOR, slug, changes, repository_id=repository_id, now=now)
    _say_changed(slug, {"slug": changed.slug, "names": changed.names}, as_json=as_json)


@institution.command("logo")
def logo(
    slug: str,
    file: Annotated[Path | None, typer.Argument(help="A raster image of at most 1 MiB.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the logo away.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put the logo of an institution, or take it away."""
    if (file is None) is not remove:
        raise typer.BadParameter("give either a file or --remove")
    with context.opened(as_json=as_json) as found:
        now = found.now()
        if file is None:
            with transaction(found.engine) as session:
                changed = institutions.drop_logo(session, OPERATOR, slug, now=now)
        else:
            received = deposits.receive(found.store, [_content(file)], name=file.name, limit=institutions.LOGO_SIZE)
            with transaction(found.engine) as session:
                stored, kind = received.stored, received.media_type
                changed = institutions.put_logo(session, OPERATOR, slug, found.store, stored, media_type=kind, now=now)
    _say_changed(slug, {"slug": slug, "logo": changed.logo_type}, as_json=as_json)


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(institutions.LOGO_SIZE + 1)
    except OSError as error:
        raise Invalid("file.unreadable", name=str(file), reason=error.strerror or "") from None
    if len(content) > institutions.LOGO_SIZE:
        raise TooLarge("logo.too-large", limit=institutions.LOGO_SIZE)
    return content


def _say_changed(slug: str, told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.emit(told)
    else:
        output.say(output.sentence("cli.changed-institution", slug=slug))


@institution.command("remove")
def remove(slug: str, as_json: AsJson = False) -> None:
    """Remove an institution without resources, collections and institutions below it."""
    with context.opened(as_json=as_json) as found, transaction(found.engine) as session:
        institutions.remove(session, OPERATOR, institutions.find(session, slug), now=found.now())
    if as_json:
        output.emit({"slug": slug, "removed": True})
    else:
        output.say(output.sentence("cli.removed-institution", slug=slug))
