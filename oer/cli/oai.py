"""``oer oai``: harvesting, seen from an operator's desk."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from harvest import check as checking
from harvest import checks
from harvest.addresses import EVERYWHERE
from harvest.check import Report, Scope
from harvest.check.report import Example, Finding, Walk
from harvest.fetching import Fetcher
from metadata import xml
from metadata.findings import shown
from metadata.xml import Schema, XmlError
from oer import installation
from oer.cli import context, output
from oer.cli.context import AsJson
from oer.errors import Unavailable

app = typer.Typer(no_args_is_help=True, help="Harvesting by OAI-PMH.")

NOT_REACHED = 2
_MARKS = {"breaks": "✗", "warns": "!"}
_NAMES = ("metadataPrefix", "set", "from", "until")


@app.command("check")
def check(
    url: Annotated[str, typer.Argument(metavar="URL", help="Base URL of an OAI-PMH endpoint, ours or anybody's.")],
    schemas: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Folder with all.xsd: judge validity by XML Schema too."),
    ] = None,
    max_records: Annotated[
        int, typer.Option("--max-records", min=0, help="Entries of one list to read; 0 is all of them.")
    ] = 1000,
    max_sets: Annotated[int, typer.Option("--max-sets", min=0, help="Sets to walk; 0 is none.")] = 10,
    within: Annotated[str, typer.Option("--set", metavar="SETSPEC", help="Keep to this set.")] = "",
    prefix: Annotated[str, typer.Option("--prefix", metavar="PREFIX", help="Keep to this metadataPrefix.")] = "",
    quick: Annotated[bool, typer.Option("--quick", help="Two pages of each list, one format, one set.")] = False,
    as_json: AsJson = False,
) -> None:
    """Walk the lists of an OAI-PMH endpoint and tell what breaks the protocol. Reads only, one request at a time."""
    scope = checking.QUICK if quick else Scope(entries=max_records, sets=max_sets)
    _require_address(url)
    schema = _schema(schemas)
    with context.errors_said(as_json=as_json):
        report = _checked(url, replace(scope, within=within, prefix=prefix), schema)
    if report.reason is not None:
        _not_reached(report.reason, as_json=as_json)
    if as_json:
        output.emit(_told(report))
    else:
        for line in _lines(report):
            output.say(line)
    if report.breaks:
        raise typer.Exit(output.INCOMPLETE)


def _require_address(url: str) -> None:
    if not checks.is_address(url):
        raise typer.BadParameter("give an address such as https://oer.example.org/oai", param_hint="URL")


def _schema(folder: Path | None) -> Schema | None:
    try:
        return None if folder is None else xml.schema(folder)
    except XmlError as error:
        raise typer.BadParameter(output.sentence(error.code, **error.params), param_hint="--schemas") from None


def _checked(url: str, scope: Scope, schema: Schema | None) -> Report:
    label = output.sentence("oai.check.asking", name=urlsplit(url).hostname or url)
    with (
        Fetcher(agent=checks.AGENT, now=installation.utc_now, reach=EVERYWHERE) as fetcher,
        output.progress(label, None) as told,
    ):
        return checking.check(url, fetcher.fetch, scope=scope, now=installation.utc_now, schema=schema, told=told)


def _not_reached(reason: Example, *, as_json: bool) -> None:
    error = Unavailable(reason.seen, **reason.params)
    if as_json:
        output.emit({"error": output.error_json(error)})
    else:
        output.explain(error)
    raise typer.Exit(NOT_REACHED)


# ── For people ───────────────────────────────────────────────────────────────────────────────────


def _lines(report: Report) -> Iterator[str]:
    if report.repository or report.formats:
        yield output.sentence(
            "oai.check.repository",
            name=report.repository,
            granularity=report.granularity,
            deletions=report.deleted_record,
            formats=", ".join(report.formats),
            sets=report.sets,
        )
    for walk in report.walks:
        yield f"  {_walk_line(walk)}"
    for finding in report.findings:
        yield from _finding_lines(finding)
    if report.stopped:
        yield output.sentence(f"oai.check.{report.stopped}")
    elif report.unexamined:
        yield output.sentence("oai.check.unexamined", rules=", ".join(report.unexamined))
    if not report.schemas:
        yield output.sentence("oai.check.unschemed")
    yield output.sentence(
        "oai.check.summary",
        requests=report.requests,
        rules=len(report.examined),
        broken=len(report.breaks),
        warnings=len(report.warns),
    )


def _walk_line(walk: Walk) -> str:
    given = zip(_NAMES, (walk.prefix, walk.within, walk.since, walk.until), strict=True)
    asked = " ".join((walk.verb, *(f"{name}={value}" for name, value in given if value)))
    counts = {"entries": walk.entries, "deleted": walk.deleted, "pages": walk.pages}
    line = output.sentence("oai.check.walk", list=shown(asked), **counts)
    return line if walk.complete else f"{line} ({output.sentence('oai.check.incomplete')})"


def _finding_lines(finding: Finding) -> Iterator[str]:
    words = output.sentence(f"oai.rule.{finding.rule}")
    line = output.sentence("oai.check.rule", rule=finding.rule, section=finding.section, words=words)
    yield f"{_MARKS[finding.severity]} {line}"
    for example in finding.examples:
        yield f"    {output.sentence(example.seen, **example.params)}"
        yield f"      {example.method} {example.request}"
    if finding.count > len(finding.examples):
        yield f"    {output.sentence('oai.check.more', number=finding.count)}"


# ── For programs ─────────────────────────────────────────────────────────────────────────────────


def _told(report: Report) -> dict[str, Any]:
    found = [_finding_json(finding) for finding in report.findings]
    return asdict(report) | {"findings": found, "unexamined": report.unexamined, "ok": not report.breaks}


def _finding_json(finding: Finding) -> dict[str, Any]:
    examples = [
        asdict(example) | {"message": output.sentence(example.seen, **example.params)} for example in finding.examples
    ]
    return asdict(finding) | {"wants": output.sentence(f"oai.rule.{finding.rule}"), "examples": examples}
