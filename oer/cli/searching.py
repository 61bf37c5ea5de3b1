"""``oer search``: find what is published, and build the index of this node anew."""

import time
from typing import Annotated

import typer

from oer import queries, stored
from oer.cli import context, output
from oer.cli.context import AsJson
from oer.db import reading
from oer.errors import Unavailable
from oer.search import following
from oer.search.answers import Question
from oer.search.index import Home, progress_of

app = typer.Typer(no_args_is_help=True, help="Find what is published; look after the search index of this node.")


@app.command("find")
def find(
    text: Annotated[str, typer.Argument(metavar="WORDS", help='Words, "a phrase", -without, creator:name, OR.')],
    limit: Annotated[int, typer.Option(min=1, max=100, help="Hits to show.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Search as the REST interface does: identifiers and titles, the most relevant first."""
    with context.opened(as_json=as_json) as found:
        question = Question(text=text, limit=limit)
        hits = found.search.find(question)
        meant = None if hits.total else found.search.meant(question)
        with reading(found.engine) as session:
            rows = queries.resources.published_by_id(session, ids=hits.ids)
        told = []
        for resource, version, _ in rows:
            try:
                titles = stored.title_of(version.record, resource=resource.public_id)
            except Unavailable:
                titles = []
            told.append({"id": resource.public_id, "title": titles[0].value if titles else ""})
    if as_json:
        output.emit({"total": hits.total, "items": told, "meant": meant.text if meant else None})
        return
    for one in told:
        output.say(f"{one['id']}  {one['title']}")
    output.note(output.sentence("cli.search-total", total=hits.total))
    if meant:
        output.note(output.sentence("cli.search-meant", text=meant.text))


@app.command("rebuild")
def rebuild(as_json: AsJson = False) -> None:
    """Build the search index of this node anew, beside the one that is read until then.

    A server that runs on this node does the work; without one this command does.
    """
    began = time.monotonic()
    with context.opened(as_json=as_json) as found:
        with reading(found.engine) as session:
            total = queries.records.clock(session).revision
        with output.progress(output.sentence("cli.search-building"), total or None) as told:
            following.rebuild(found.engine, found.search.folder, progress=told)
        current = Home(found.search.folder).current()
        changes = progress_of(current) if current else 0
    seconds = round(time.monotonic() - began, 1)
    if as_json:
        output.emit({"changes": changes, "seconds": seconds})
    else:
        output.say(output.sentence("cli.search-built", changes=changes, seconds=seconds))
