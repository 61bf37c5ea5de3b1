"""``oer doctor`` and ``oer sweep``."""

import time
from typing import Annotated

import typer

from api import i18n
from oer import health, installation, settings, working
from oer.cli import context, output
from oer.cli.context import AsJson

_MARKS = {"ok": "✓", "warning": "!", "error": "✗"}


def doctor(as_json: AsJson = False) -> None:
    """Say what is right and wrong with settings, versions, disk, database, store and clock."""
    with context.errors_said(as_json=as_json):
        findings = health.examine(settings.load(), now=installation.utc_now())
    if as_json:
        output.emit(
            [
                {
                    "part": one.part,
                    "level": one.level,
                    "code": one.code,
                    "message": output.sentence(one.code, **one.params),
                }
                for one in findings
            ]
        )
    else:
        for one in findings:
            output.say(f"{_MARKS[one.level]} {output.sentence('cli.part.' + one.part)}: {_words(one)}")
    if health.worst(findings) == "error":
        raise typer.Exit(output.INCOMPLETE)


def _words(finding: health.Finding) -> str:
    return output.sentence(finding.code, **finding.params)


def sweep(
    wait: Annotated[float, typer.Option(help="Seconds given to uploads under way.", min=0)] = 30.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove bytes that nothing refers to and that are older than OER_SWEEP_GRACE_HOURS."""
    with context.opened(as_json=as_json) as found:
        swept = working.sweep_now(found, wait=lambda: time.sleep(wait), dry_run=dry_run)
    if as_json:
        counts = {"marked": swept.marked, "kept": swept.kept, "removed": swept.removed, "bytes": swept.bytes}
        output.emit({"dry_run": dry_run, **counts})
    elif dry_run:
        output.say(output.sentence("cli.would-sweep", number=swept.marked))
    else:
        freed = i18n.file_size(swept.bytes, output.language())
        output.say(output.sentence("cli.swept", number=swept.removed, size=freed))
