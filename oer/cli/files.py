"""``oer file``: the files of a draft beside their bytes, which ``oer revise`` brings."""

from enum import StrEnum
from typing import Annotated, Any

import typer
from sqlmodel import Session

from api import i18n, lookup
from oer import deposits, files, queries
from oer.cli import context, output
from oer.cli.context import As, AsJson
from oer.cli.deposits import Id
from oer.db import reading, transaction
from oer.installation import Installation
from oer.models import FILE_ROLES, DraftFile
from oer.policy import Actor

app = typer.Typer(no_args_is_help=True, help="Files of a draft: names, roles, languages, order.")

Roles = StrEnum("Roles", {name: name for name in FILE_ROLES})  # type: ignore[misc]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the file.")]


@app.command("list")
def list_(public_id: Id, as_: As = None, as_json: AsJson = False) -> None:
    """The files of a draft, in their order."""
    with context.opened(as_json=as_json) as found:
        _tell(found, public_id, as_, as_json=as_json)


@app.command("edit")
def edit(
    public_id: Id,
    name: Name,
    rename: Annotated[str | None, typer.Option(help="Another name.")] = None,
    role: Annotated[Roles | None, typer.Option(help=", ".join(FILE_ROLES) + ".")] = None,
    language: Annotated[str | None, typer.Option(help="BCP 47; an empty value takes it away.")] = None,
    as_: As = None,
    as_json: AsJson = False,
) -> None:
    """Give a file of a draft another name, role or language. What is not named stays."""
    with context.opened(as_json=as_json) as found:
        told = files.Description()
        if rename is not None:
            with reading(found.engine) as session:
                seen = lookup.draft(session, context.actor(session, as_), public_id)
                file = deposits.file_of(session, seen, name)
            told = files.renamed(found.store, file, rename)
        if role is not None:
            told["role"] = role.value
        if language is not None:
            told["language"] = language or None
        with transaction(found.engine) as session:
            files.describe(session, context.actor(session, as_), public_id, name, told, now=found.now())
        _tell(found, public_id, as_, as_json=as_json)


@app.command("order")
def order(
    public_id: Id,
    names: Annotated[list[str], typer.Argument(metavar="NAME…", help="Every file once, in the order to be.")],
    as_: As = None,
    as_json: AsJson = False,
) -> None:
    """Put the files of a draft in order."""
    with context.opened(as_json=as_json) as found:
        with transaction(found.engine) as session:
            files.arrange(session, context.actor(session, as_), public_id, names, now=found.now())
        _tell(found, public_id, as_, as_json=as_json)


def _tell(found: Installation, public_id: str, email: str | None, *, as_json: bool) -> None:
    with reading(found.engine) as session:
        listed = [_told(file) for file in _files(session, context.actor(session, email), public_id)]
    if as_json:
        output.emit(listed)
        return
    for file in listed:
        size = i18n.file_size(file["size"], output.language())
        words = [file["name"], file["role"], file["language"] or "", file["media_type"], size]
        output.say("  ".join(word for word in words if word))


def _files(session: Session, actor: Actor, public_id: str) -> list[DraftFile]:
    draft = lookup.draft(session, actor, public_id).draft
    return list(queries.resources.draft_files(session, draft_id=draft.id or 0))


def _told(file: DraftFile) -> dict[str, Any]:
    return {**file.model_dump(include={"name", "media_type", "size", "role", "language"}), "sha256": file.key}
