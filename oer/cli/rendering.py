"""``oer oai render``: every format written, and datestamps that cover what it shows."""

import time
from typing import Annotated

import typer

from oer import queries, refreshing, rendering
from oer.cli import context, output
from oer.cli.context import AsJson
from oer.db import reading
from oer.exposure import blocks, renderings
from oer.installation import Installation


def render(
    stamp: Annotated[
        bool, typer.Option("--stamp/--no-stamp", help="Give new datestamps to what shows something else than before.")
    ] = True,
    processes: Annotated[int, typer.Option(min=0, max=256, help="Processes that render; 0 is one for each core.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Write all formats of all records that are not written yet, as the worker does by and by.

    Where a format, the address of the repository or a label has changed, records show something else than when they
    were stamped: they get a new datestamp, so that partners harvest them again.
    """
    began = time.monotonic()
    with context.opened(as_json=as_json) as found:
        written, packed = _write(found, processes or rendering.processes())
        stamped = 0
        if stamp and (last := _unstamped(found)):
            with output.progress(output.sentence("cli.stamping"), last) as told:
                for number in refreshing.restamp(found.engine, now=found.now):
                    stamped += number
                    told(stamped)
            more, again = _write(found, processes or rendering.processes())
            written, packed = written + more, packed + again
    seconds = round(time.monotonic() - began, 1)
    if as_json:
        output.emit({"records": written, "blocks": packed, "stamped": stamped, "seconds": seconds})
    else:
        output.say(output.sentence("cli.rendered", records=written, stamped=stamped, seconds=seconds))


def _write(found: Installation, processes: int) -> tuple[int, int]:
    """How many records were written in all formats, and how many blocks of them packed."""
    written = packed = 0
    with reading(found.engine) as session:
        behind = renderings.behind(session, found.issuer)
    with output.progress(output.sentence("cli.rendering"), behind or None) as told:
        for number in rendering.catch_up(found, processes=processes):
            written += number
            told(written)
    while number := blocks.catch_up(found.engine, found.issuer):
        packed += number
    while blocks.mend(found.engine, found.issuer):
        pass
    return written, packed


def _unstamped(found: Installation) -> int:
    with reading(found.engine) as session:
        return queries.records.count_upto(session, change=renderings.unstamped(session))
