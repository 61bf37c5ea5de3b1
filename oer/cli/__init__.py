"""``oer``: the command line. It wires settings, database, store and services together; nobody imports it."""

import os
import sys
from typing import Any

import typer
from typer.core import TyperArgument, TyperGroup, TyperOption

from oer.cli import (
    announcements,
    bench,
    collections,
    deposits,
    files,
    health,
    institutions,
    invitations,
    jobs,
    oai,
    people,
    persons,
    rendering,
    reports,
    reviews,
    searching,
    seed,
    serve,
    takedowns,
    terms,
    transfer,
    usage,
    versions,
)


class _Commands(TyperGroup):
    """Says of a word that is missing what may stand there. Closed lists are judged by services, in the operator's
    language, so that the parser knows none to name.
    """

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            if not error.message and isinstance(error.param, TyperOption | TyperArgument):
                named = error.param.get_missing_message(ctx)
                error.message = "" if named else error.param.help or ""
            raise


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="A repository of open educational resources: serve it, fill it, look after it.",
)
app.command("serve")(serve.serve)
app.command("worker")(serve.worker)
app.add_typer(people.admin, name="admin")
app.add_typer(persons.person, name="person")
app.add_typer(invitations.invitation, name="invitation")
app.add_typer(institutions.institution, name="institution")
app.add_typer(announcements.app, name="announcement")
app.add_typer(people.token, name="token")
app.add_typer(people.role, name="role")
app.command("deposit")(deposits.deposit)
app.command("submit")(deposits.submit)
app.command("recall")(deposits.recall)
app.command("discard")(deposits.discard)
app.command("publish")(deposits.publish)
app.command("revise")(deposits.revise)
app.command("drafts")(reviews.drafts)
app.command("validate")(reviews.validate)
app.command("review")(reviews.review)
app.command("reviews")(reviews.said)
app.add_typer(files.app, name="file")
app.command("diff")(versions.diff)
app.command("withdraw")(takedowns.withdraw)
app.command("restore")(takedowns.restore)
app.command("hide")(takedowns.hide)
app.command("unhide")(takedowns.unhide)
app.add_typer(reports.app, name="report")
app.add_typer(searching.app, name="search")
app.add_typer(usage.app, name="usage")
app.command("show")(deposits.show)
app.command("terms")(terms.terms)
app.add_typer(collections.app, name="collection")
app.command("import")(transfer.import_)
app.command("export")(transfer.export)
app.command("dump")(transfer.dump)
app.add_typer(jobs.job, name="job")
app.add_typer(jobs.audit, name="audit")
oai.app.command("render")(rendering.render)
app.add_typer(oai.app, name="oai")
app.command("doctor")(health.doctor)
app.command("sweep")(health.sweep)
app.add_typer(seed.seed, name="seed")
app.add_typer(bench.app, name="bench")


def main() -> None:
    """The console script. Output is UTF-8 whatever the locale says: titles are Arabic."""
    os.umask(0o027)  # the data folder holds secrets: nothing in it is for everybody on the machine
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")
    app()
