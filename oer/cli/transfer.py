"""``oer import`` and ``oer export``."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from metadata import validate
from oer.cli import context, output
from oer.cli.context import As, AsJson
from oer.db import reading
from oer.errors import Invalid
from oer.installation import Installation
from oer.transfer import columns, exports, sources
from oer.transfer.imports import Importer, Options, Result


def import_(
    path: Annotated[Path, typer.Argument(help="Folder with an index.json, .jsonl or .csv; such a file; or a ZIP.")],
    institution: Annotated[str, typer.Option(help="Slug of the institution.")],
    defaults: Annotated[Path | None, typer.Option(help="JSON file with fields for rows that leave them out.")] = None,
    files: Annotated[
        Path | None, typer.Option(help="Folder that the rows' paths start in, if not beside the index.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Name of this source; default: the name of the folder.")] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Publish what is complete.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and judge everything, write nothing.")] = False,
    as_: As = None,
    as_json: AsJson = False,
) -> None:
    """Import many resources. Run it again after a break or a correction: nothing is doubled."""
    with context.opened(as_json=as_json) as found:
        importer = _importer(found, institution, source or _name(path), defaults, as_, publish=publish)
        counts: Counter[str] = Counter()
        results: list[Result] = []
        with (
            sources.opened(path, files=files, most=found.settings.max_import_rows) as opened,
            output.progress(f"Importing {path.name}", opened.count) as bar,
        ):
            run = importer.rehearse if dry_run else importer.run
            for result in run(opened.rows, opened.folder):
                counts[result.status] += 1
                results.append(result)
                bar.advance(bar.task_ids[0])
                if not as_json:
                    _report(result)
    _conclude(counts, results, dry_run=dry_run, as_json=as_json)


def _name(path: Path) -> str:
    """``lessons`` for ``lessons/``, ``lessons/index.json``; ``table`` for ``table.csv``."""
    real = path.resolve()
    return real.parent.name if real.name in sources.INDEXES else (real.name if real.is_dir() else real.stem)


def _importer(
    found: Installation, institution: str, source: str, defaults: Path | None, as_: str | None, *, publish: bool
) -> Importer:
    given: Any = context.read_object(defaults, found.settings.max_record_size) if defaults else {}
    if not isinstance(given, dict):
        raise Invalid("record.invalid", problems=[validate.Problem("json.not-object", "")], count=1)
    standard, ignored = columns.record_of(given)
    if ignored:
        unknown = [validate.Problem("field.unknown", name, {"name": name}) for name in ignored]
        raise Invalid("record.invalid", problems=unknown, count=len(unknown))
    with reading(found.engine) as session:
        actor = context.actor(session, as_)
    return Importer(
        engine=found.engine,
        store=found.store,
        actor=actor,
        options=Options(institution=institution, source=source, defaults=standard, publish=publish),
        limits=found.settings,
        repository_id=found.repository_id,
        now=found.now,
    )


def _report(result: Result) -> None:
    """A line for what was made or failed; silence for what was there already, so that reruns are short."""
    if result.status == "failed":
        output.say(f"row {result.number}  failed  {result.item}")
        for line in output.problem_lines(result.problems):
            output.say(f"    {line}")
    elif result.status != "unchanged":
        output.say(f"row {result.number}  {result.status}  {result.id or '-'}  {result.item}")


def _conclude(counts: Counter[str], results: list[Result], *, dry_run: bool, as_json: bool) -> None:
    ignored = sorted({column for result in results for column in result.ignored})
    warnings = sum(problem.severity == "warning" for result in results for problem in result.problems)
    if as_json:
        rows = [_row(result) for result in results]
        output.emit({"dry_run": dry_run, "counts": dict(counts), "ignored_columns": ignored, "rows": rows})
    else:
        if ignored:
            output.say(f"Columns that mean nothing here: {', '.join(ignored)}")
        words = ", ".join(f"{counts[status]} {status}" for status in ("created", "updated", "unchanged", "failed"))
        tail = f" ({warnings} warnings; see --json)" if warnings else ""
        output.say(f"{'Would be: ' if dry_run else ''}{words}{tail}")
    if counts["failed"]:
        raise typer.Exit(output.INCOMPLETE)


def _row(result: Result) -> dict[str, Any]:
    return {
        "row": result.number,
        "item": result.item,
        "status": result.status,
        "id": result.id,
        "problems": [output.problem_json(problem) for problem in result.problems],
    }


def export(
    target: Annotated[Path, typer.Argument(help="A new folder, or a new file that ends in .zip.")],
    institution: Annotated[str | None, typer.Option(help="Only this institution and those below it.")] = None,
    files: Annotated[bool, typer.Option("--files/--no-files", help="With the files, or metadata only.")] = True,
    as_json: AsJson = False,
) -> None:
    """Export all published resources in a form that oer import reads."""
    with context.opened(as_json=as_json) as found, output.progress(f"Exporting to {target.name}", None) as bar:
        done = exports.export(
            found.engine,
            found.store,
            target,
            institution=institution,
            files=files,
            progress=lambda count: bar.update(bar.task_ids[0], completed=count),
        )
    output.emit({"resources": done, "target": str(target)}) if as_json else output.say(f"{done} resources in {target}")
