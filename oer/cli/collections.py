"""``oer collection``: resources that belong together."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlmodel import Session

from metadata.record import Text
from oer import collections, institutions, policy, queries, units
from oer import packs as contents
from oer.cli import context, output
from oer.cli.context import As, AsJson, Descriptions
from oer.collections import Found
from oer.db import reading, transaction
from oer.errors import Conflict, Invalid
from oer.installation import Installation
from oer.settings import LANGUAGES
from storage import zip_writing

app = typer.Typer(no_args_is_help=True, help="Collections: resources that belong together, in ordered units.")

_PAGE = 100
_EMPTY = "An empty value takes it away."

Id = Annotated[str, typer.Argument(metavar="ID", help="Id of the collection.")]
ResourceId = Annotated[str, typer.Argument(metavar="RESOURCE", help="Public id of the resource.")]


@app.command("create")
def create(
    institution: Annotated[str, typer.Option(help="Slug of the institution.")],
    ar: Annotated[str | None, typer.Option("--ar", help="Title in Arabic.")] = None,
    fr: Annotated[str | None, typer.Option("--fr", help="Title in French.")] = None,
    en: Annotated[str | None, typer.Option("--en", help="Title in English.")] = None,
    description: Descriptions = None,
    open_: Annotated[bool, typer.Option("--open", help="Others may add resources of their institutions.")] = False,
    as_: As = None,
    as_json: AsJson = False,
) -> None:
    """Begin a collection, as a draft, with a title in one language at least."""
    with context.opened(as_json=as_json) as found:
        with transaction(found.engine) as session:
            made = collections.create(
                session,
                context.actor(session, as_),
                institutions.find(session, institution),
                titles={"ar": ar, "fr": fr, "en": en},
                descriptions=context.by_language(description),
                membership="open" if open_ else "closed",
                now=found.now(),
            )
        _tell(found, made, as_json=as_json)


@app.command("edit")
def edit(
    public_id: Id,
    ar: Annotated[str | None, typer.Option("--ar", help=f"Title in Arabic. {_EMPTY}")] = None,
    fr: Annotated[str | None, typer.Option("--fr", help=f"Title in French. {_EMPTY}")] = None,
    en: Annotated[str | None, typer.Option("--en", help=f"Title in English. {_EMPTY}")] = None,
    description: Descriptions = None,
    open_: Annotated[
        bool | None, typer.Option("--open/--closed", help="Whether others may add resources of their institutions.")
    ] = None,
    as_: As = None,
    as_json: AsJson = False,
) -> None:
    """Change the words of a collection, or who may add to it. What is not named stays."""
    titles = {lang: words for lang, words in (("ar", ar), ("fr", fr), ("en", en)) if words is not None}
    with context.opened(as_json=as_json) as found:
        with transaction(found.engine) as session:
            changed = collections.change(
                session,
                context.actor(session, as_),
                public_id,
                titles=titles,
                descriptions=context.by_language(description),
                membership=None if open_ is None else "open" if open_ else "closed",
                now=found.now(),
            )
        _tell(found, changed, as_json=as_json)


@app.command("add")
def add(
    public_id: Id,
    resource: ResourceId,
    unit: Annotated[str | None, typer.Option(help="Id of a unit; the last one unless given.")] = None,
    note: Annotated[str, typer.Option(help="What the resource is here for.")] = "",
    as_: As = None,
    as_json: AsJson = False,
) -> None:
    """Add a resource at the end of a unit."""
    with context.opened(as_json=as_json) as found:
        with transaction(found.engine) as session:
            actor = context.actor(session, as_)
            changed = collections.add(session, actor, public_id, resource, unit=unit, note=note, now=found.now())
        _tell(found, changed, as_json=as_json)


@app.command("units")
def units_(
    public_id: Id,
    unit: Annotated[list[str], typer.Option(help="Id of a unit, or titles of a new one, as ar=…;fr=…; repeated.")],
    as_: As = None,
    as_json: AsJson = False,
) -> None:
    """Make the units of a collection and put them in order. Resources stay in theirs."""
    with context.opened(as_json=as_json) as found:
        with transaction(found.engine) as session:
            actor = context.actor(session, as_)
            one = collections.find(session, actor, public_id)
            there = units.contents(session, actor, collection_id=one.id, editing=one.edited_by(actor))
            order = _order(unit, {seen.id: seen for seen in there})
            lock = one.collection.lock
            changed = collections.arrange(session, actor, public_id, order, expected=lock, now=found.now())
            made = units.contents(session, actor, collection_id=changed.id, editing=True)
        if as_json:
            output.emit(_told(found, changed) | {"units": [_unit(each) for each in made]})
            return
        _say(changed, made)


def _order(written: list[str], there: Mapping[str, units.SeenUnit]) -> list[units.Unit]:
    """The units as they shall be. Raises Conflict for one that holds resources and is left out."""
    order = []
    for one in written:
        parts = [part.strip() for part in one.split(";") if part.strip()]
        named = ";".join(part for part in parts if "=" not in part) or None
        before = there.get(named or "")
        titles: dict[str, str | None] = dict(before.titles) if before else {}
        titles |= {language.strip(): words for language, mark, words in (part.partition("=") for part in parts) if mark}
        items = [units.Item(item.resource, item.note) for item in before.items] if before else []
        order.append(units.Unit(titles, items, named))
    staying = {unit.id for unit in order}
    for left in there.values():
        if left.items and left.id not in staying:
            raise Conflict("collection.unit-not-empty", id=left.id, number=len(left.items))
    return order


@app.command("remove")
def remove(public_id: Id, resource: ResourceId, as_: As = None, as_json: AsJson = False) -> None:
    """Take a resource out of a collection."""
    with context.opened(as_json=as_json) as found:
        with transaction(found.engine) as session:
            actor = context.actor(session, as_)
            changed = collections.take_out(session, actor, public_id, resource, now=found.now())
        _tell(found, changed, as_json=as_json)


@app.command("publish")
def publish(public_id: Id, as_: As = None, as_json: AsJson = False) -> None:
    """Show a collection to everybody."""
    with context.opened(as_json=as_json) as found:
        with transaction(found.engine) as session:
            changed = collections.publish(session, context.actor(session, as_), public_id, now=found.now())
        _tell(found, changed, as_json=as_json)


@app.command("unpublish")
def unpublish(public_id: Id, as_: As = None, as_json: AsJson = False) -> None:
    """Make a collection a draft again, which only its editors see."""
    with context.opened(as_json=as_json) as found:
        with transaction(found.engine) as session:
            changed = collections.unpublish(session, context.actor(session, as_), public_id, now=found.now())
        _tell(found, changed, as_json=as_json)


@app.command("delete")
def delete(public_id: Id, as_: As = None, as_json: AsJson = False) -> None:
    """End a collection; its resources stay."""
    with context.opened(as_json=as_json) as found:
        with transaction(found.engine) as session:
            collections.remove(session, context.actor(session, as_), public_id, now=found.now())
        if as_json:
            output.emit({"id": public_id, "state": "deleted"})
        else:
            output.say(f"{public_id}  {output.sentence('cli.collection.deleted')}")


@app.command("show")
def show(public_id: Id, as_: As = None, as_json: AsJson = False) -> None:
    """A collection with its units and the resources in them."""
    with context.opened(as_json=as_json) as found, reading(found.engine) as session:
        actor = context.actor(session, as_)
        one = collections.find(session, actor, public_id)
        contents = units.contents(session, actor, collection_id=one.id, editing=one.edited_by(actor))
        if as_json:
            output.emit(_told(found, one) | {"units": [_unit(unit) for unit in contents]})
            return
        _say(one, contents)


@app.command("pack")
def pack(
    public_id: Id,
    to: Annotated[Path, typer.Option("--output", metavar="FILE", help="Where the ZIP goes.")],
    light: Annotated[bool, typer.Option("--light", help="Light variants of files, where there are any.")] = False,
    as_: As = None,
    as_json: AsJson = False,
) -> None:
    """Write a collection with all files that everybody may have into a ZIP that opens without a network."""
    from api import packs  # late: pages in three languages, which no other command makes

    with context.opened(as_json=as_json) as found:
        with reading(found.engine) as session:
            one = collections.find(session, context.actor(session, as_), public_id)
            plan = contents.of_collection(session, one, light=light, today=found.now().date())
        made = packs.bundle(plan, found.store, found.settings, output.language())
        _write(made.members, to)
        if as_json:
            told = {"size": made.size, "files": made.files, "left_out": made.left_out}
            output.emit({"id": public_id, "path": str(to)} | told)
            return
        output.say(output.sentence("cli.collection.packed", path=str(to), count=made.files))
        if made.left_out:
            output.say(output.sentence("pack.left-out", count=made.left_out))


def _write(members: Sequence[zip_writing.Member], to: Path) -> None:
    """Nothing is at ``to`` before the whole of it is. Raises Invalid where it cannot be written."""
    part = to.with_name(f".{to.name}.part")
    try:
        with part.open("wb") as file:
            for piece in zip_writing.stream(members):
                file.write(piece)
        part.replace(to)
    except OSError as error:
        raise Invalid("export.unwritable", path=str(to), reason=error.strerror or "") from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


@app.command("list")
def list_(
    institution: Annotated[str | None, typer.Option(help="Slug: only this institution and those below it.")] = None,
    drafts: Annotated[bool, typer.Option("--drafts", help="Those that are not published.")] = False,
    as_json: AsJson = False,
) -> None:
    """Published collections, or drafts, the newest first."""
    with context.opened(as_json=as_json) as found, reading(found.engine) as session:
        within = institutions.find(session, institution).path if institution else None
        every = list(_every(session, within, drafts=drafts))
    if as_json:
        output.emit([_told(found, one) for one in every])
        return
    for one in every:
        output.say(_line(one))


def _every(session: Session, within: str | None, *, drafts: bool) -> Iterator[Found]:
    after: int | None = None
    while True:
        if drafts:
            reach = policy.reach(policy.OPERATOR)
            rows = queries.collections.drafts(session, of=reach, after=after, within=within, limit=_PAGE)
        else:
            rows = queries.collections.published(session, after=after, within=within, limit=_PAGE)
        yield from (Found(*row) for row in rows)
        if len(rows) < _PAGE:
            return
        after = rows[-1][0].id


def _line(one: Found) -> str:
    collection = one.collection
    states = [output.sentence(f"cli.collection.{word}") for word in (collection.state, collection.membership)]
    return "  ".join([collection.public_id, *states, _named(collection.titles)])


def _named(texts: Mapping[str, str]) -> str:
    """The text in the operator's language, or in the first there is in the order of the repository."""
    return next((texts[language] for language in (output.language(), *LANGUAGES) if language in texts), "")


def _title(title: list[Text]) -> str:
    spoken = output.language()
    return next((text.value for text in sorted(title, key=lambda text: text.lang.partition("-")[0] != spoken)), "")


def _told(found: Installation, one: Found) -> dict[str, Any]:
    collection = one.collection
    return {
        "id": collection.public_id,
        "url": f"{found.settings.base_url}/api/collections/{collection.public_id}",
        "institution": one.institution.slug,
        **collection.model_dump(include={"titles", "descriptions", "membership", "state"}),
    }


def _say(one: Found, contents: Sequence[units.SeenUnit]) -> None:
    output.say(_line(one))
    for line in _named(one.collection.descriptions).splitlines():
        output.say(f"  {line}")
    for number, unit in enumerate(contents, 1):
        named = _named(unit.titles) or output.sentence("cli.collection.unit", number=number)
        output.say(f"  {unit.id}  {named}")
        for item in unit.items:
            state = output.sentence(f"cli.state.{item.state}")
            words = [item.resource, state, _title(item.title or []), item.note]
            output.say("    " + "  ".join(word for word in words if word))


def _unit(unit: units.SeenUnit) -> dict[str, Any]:
    items = [
        {
            "resource": item.resource,
            "state": item.state,
            "title": _title(item.title or []),
            "note": item.note,
        }
        for item in unit.items
    ]
    return {"id": unit.id, "titles": unit.titles, "items": items}


def _tell(found: Installation, one: Found, *, as_json: bool) -> None:
    if as_json:
        output.emit(_told(found, one))
    else:
        output.say(_line(one))
