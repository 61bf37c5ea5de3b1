"""``oer diff``: what differs between two versions, or between the current one and the draft."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer
from sqlmodel import Session

from api import lookup
from oer import differences
from oer.cli import context, output
from oer.cli.context import As, AsJson
from oer.cli.deposits import Id
from oer.db import reading
from oer.differences import Difference, FileChange
from oer.models import AttachedFile
from oer.policy import Actor


def diff(
    public_id: Id,
    before: Annotated[int | None, typer.Argument(min=1, metavar="[BEFORE]", help="Number of a version.")] = None,
    after: Annotated[int | None, typer.Argument(min=1, metavar="[AFTER]", help="Number of another.")] = None,
    as_: As = None,
    as_json: AsJson = False,
) -> None:
    """What differs between two versions; without numbers, between the current version and the draft."""
    with context.opened(as_json=as_json) as found, reading(found.engine) as session:
        made = _difference(session, context.actor(session, as_), public_id, before, after)
    if as_json:
        output.emit(_told(made))
        return
    if made.nothing:
        output.say(output.sentence("cli.diff-none"))
    for line in _lines(made):
        output.say(line)


def _difference(session: Session, actor: Actor, public_id: str, before: int | None, after: int | None) -> Difference:
    """One number alone: from that version to the current one."""
    if before is None:
        draft = lookup.draft(session, actor, public_id)
        current = differences.of_current(session, draft.resource)
        return differences.between(current, differences.of_draft(session, draft.resource, draft.draft))
    numbers = (str(before), None if after is None else str(after))
    seen = [lookup.version(session, actor, public_id, number) for number in numbers]
    return differences.between(*(differences.of_version(session, one.resource, one.version) for one in seen))


def _lines(made: Difference) -> Iterator[str]:
    for change in made.record:
        yield output.change_line(asdict(change))
    for file in made.files:
        yield f"{file.name}: {output.sentence('cli.change.' + file.kind)}  {_sides(file)}".rstrip()
    if made.files_moved:
        yield output.sentence("cli.diff-moved")


def _sides(file: FileChange) -> str:
    """What has another value on the other side."""
    before, after = (_file(side) for side in (file.before, file.after))
    if before is None or after is None:
        return ""
    return "  ".join(f"{name}: {before[name]} → {after[name]}" for name in after if before[name] != after[name])


def _told(made: Difference) -> dict[str, Any]:
    return {
        "before": made.before,
        "after": made.after,
        "record": [asdict(change) for change in made.record],
        "files": [
            {"name": file.name, "kind": file.kind, "before": _file(file.before), "after": _file(file.after)}
            for file in made.files
        ],
        "files_moved": made.files_moved,
    }


def _file(file: AttachedFile | None) -> dict[str, Any] | None:
    if file is None:
        return None
    return {**file.model_dump(include={"media_type", "size", "role", "language"}), "sha256": file.key}
