"""``oer seed``: a demonstration to look at, and to take away again."""

import sys
import time
from dataclasses import asdict
from typing import Annotated

import typer

from oer.cli import context, output
from oer.cli.context import AsJson
from oer.demo import clearing
from oer.demo.clearing import Inventory
from oer.installation import Installation
from oer.search import following

_PATIENCE = 30.0  # seconds for the process that keeps the index

seed = typer.Typer(no_args_is_help=True, help="A demonstration with invented institutions: make it, take it away.")


@seed.command("demo")
def demo(as_json: AsJson = False) -> None:
    """Make the demonstration: institutions, resources with files, collections. Twice is no error."""
    from oer.demo import planting  # late: what draws and typesets takes every other command a second to load

    with context.opened(as_json=as_json) as found:
        made = planting.plant(found)
    if as_json:
        output.emit(
            {
                "institutions": made.institutions,
                "resources": made.resources,
                "collections": made.collections,
                "new": made.new,
            }
        )
        return
    told = {"institutions": made.institutions, "collections": made.collections}
    output.say(output.sentence("cli.demo-made" if made.new else "cli.demo-there", number=made.resources, **told))
    output.say(output.sentence("cli.demo-remove", command="oer seed remove"))


@seed.command("remove")
def remove(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take the demonstration away: everything that it made, and nothing of what people have made since."""
    with context.opened(as_json=as_json) as found:
        there = clearing.seen(found)
        if not (there.nothing or yes):
            if not _is_asked():
                raise typer.BadParameter("nobody is there to be asked: say --yes")
            output.note(_counted("cli.demo-would-go", there))
            typer.confirm(output.sentence("cli.demo-sure"), abort=True)
        went = there if there.nothing else clearing.clear(found, settled=lambda: _settle(found))
    if as_json:
        output.emit(asdict(went))
    elif went.nothing:
        output.say(output.sentence("cli.demo-nothing"))
    else:
        _say(went)


def _is_asked() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty()


def _say(went: Inventory) -> None:
    output.say(_counted("cli.demo-went", went))
    for code, param, kept in (
        ("cli.demo-kept-resource", "id", went.kept_resources),
        ("cli.demo-kept-collection", "id", went.kept_collections),
        ("cli.demo-kept-institution", "slug", went.kept_institutions),
    ):
        for one in kept:
            output.say(f"  {output.sentence(code, **{param: one})}")


def _counted(code: str, there: Inventory) -> str:
    return output.sentence(
        code,
        number=len(there.resources),
        institutions=len(there.institutions),
        collections=len(there.collections),
    )


def _settle(found: Installation) -> None:
    """Let the index of this node see what was withdrawn: here, or in the process that keeps it."""
    folder = found.search.folder
    if following.lag(found.engine, folder) is None or following.catch_up_here(found.engine, folder):
        return
    until = time.monotonic() + _PATIENCE
    while following.lag(found.engine, folder) and time.monotonic() < until:
        time.sleep(0.2)
