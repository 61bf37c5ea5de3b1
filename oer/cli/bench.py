"""``oer bench``: data and measurements at size."""

import time
from typing import Annotated

import typer

from oer.cli import context, output, seeding
from oer.cli.context import AsJson

app = typer.Typer(no_args_is_help=True, help="Synthetic holdings and measurements. Not for a repository in use.")


@app.callback()
def _bench() -> None:
    """Keeps ``seed`` a command of its own while it is the only one."""


@app.command("seed")
def seed(
    count: Annotated[int, typer.Argument(min=1, max=10_000_000, metavar="N", help="How many resources to add.")],
    number: Annotated[int, typer.Option("--seed", help="The same number makes the same records.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Add N published resources with records in Arabic, French and English to institutions made for that."""
    started = time.monotonic()
    with (
        context.opened(as_json=as_json) as found,
        output.progress(output.sentence("cli.seeding"), count) as progress,
    ):
        done = seeding.seed(found, count, number=number, progress=progress)
    seconds = time.monotonic() - started
    if as_json:
        output.emit({"resources": done, "seconds": round(seconds, 2)})
    else:
        rate = round(done / seconds)
        output.say(output.sentence("cli.seeded", number=done, seconds=round(seconds, 1), rate=rate))
