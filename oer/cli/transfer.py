"""``oer import`` and ``oer export``."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from metadata import validate
from oer import deposits
from oer.cli import context, output
from oer.cli.context import As, AsJson
from oer.db import reading
from oer.errors import Invalid, OerError
from oer.installation import Installation
from oer.transfer import columns, exports, sources
from oer.transfer.imports import Importer, Options, Result
from storage.errors import StoreError

STATUSES = ("created", "updated", "unchanged", "failed")


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
    report = _Report(dry_run=dry_run, as_json=as_json)
    with context.opened(as_json=as_json) as found:
        options = Options(
            institution=institution,
            source=source or _name(path),
            defaults=_defaults(found, defaults),
            publish=publish,
        )
        importer = _importer(found, options, as_, rehearsal=dry_run)
        with (
            sources.opened(
                path, files=files, most=found.settings.max_import_rows, line_size=found.settings.max_record_size
            ) as opened,
            output.progress(output.sentence("cli.importing", name=path.name), opened.count) as done,
        ):
            _follow(importer, opened, report, done)
    report.conclude()


def _follow(importer: Importer, opened: sources.Source, report: "_Report", done: Any) -> None:
    """Row after row into the report; what stops the import goes there too, after what is safe already."""
    try:
        for number, result in enumerate(importer.run(opened.rows, opened.folder), 1):
            report.add(result)
            done(number)
    except (OerError, StoreError) as error:
        if not report.counts:
            raise
        report.error = error
    except KeyboardInterrupt:
        report.interrupted = True


def _name(path: Path) -> str:
    """``lessons`` for ``lessons/``, ``lessons/index.json``, ``lessons.zip``; ``table`` for ``table.csv``."""
    real = path.resolve()
    return real.parent.name if real.name in sources.INDEXES else (real.name if real.is_dir() else real.stem)


def _defaults(found: Installation, path: Path | None) -> dict[str, Any]:
    """The fields of the file with defaults, in any form that a row may have. Raises Invalid for each that is wrong."""
    given: Any = context.read_object(path, found.settings.max_record_size) if path else {}
    if not isinstance(given, dict):
        raise Invalid("record.invalid", problems=[validate.Problem("json.not-object", "")], count=1)
    standard, ignored = columns.record_of(given)
    problems = [validate.Problem("field.unknown", name, {"name": name}) for name in ignored]
    record, faults = validate.parse(standard)
    problems += faults if record is None else deposits.errors_of(validate.problems(record, "draft"))
    if problems:
        raise Invalid("record.invalid", problems=problems, count=len(problems))
    return standard


def _importer(found: Installation, options: Options, as_: str | None, *, rehearsal: bool) -> Importer:
    with reading(found.engine) as session:
        actor = context.actor(session, as_)
    return Importer(
        engine=found.engine,
        store=found.store,
        actor=actor,
        options=options,
        limits=found.settings,
        repository_id=found.repository_id,
        now=found.now,
        rehearsal=rehearsal,
    )


@dataclass
class _Report:
    """What became of the rows: line by line for people, all at once for programs."""

    dry_run: bool
    as_json: bool
    counts: Counter[str] = field(default_factory=Counter)
    rows: list[dict[str, Any]] = field(default_factory=list)
    ignored: dict[str, None] = field(default_factory=dict)
    warnings: int = 0
    error: OerError | StoreError | None = None
    interrupted: bool = False

    def add(self, result: Result) -> None:
        """Count a row. A line for what was made or failed; silence for what was there, so that reruns are short."""
        self.counts[result.status] += 1
        self.ignored.update(dict.fromkeys(result.ignored))
        self.warnings += sum(problem.severity == "warning" for problem in result.problems)
        if self.as_json:
            self.rows.append(_row(result))
        elif result.status != "unchanged":
            words = output.sentence("cli.row", number=result.number), output.sentence(f"cli.{result.status}")
            output.say("  ".join([*words, *filter(None, [result.id, result.item])]))
            if result.status == "failed":
                for line in output.problem_lines(result.problems):
                    output.say(f"    {line}")

    def conclude(self) -> None:
        """The sums, and the exit code."""
        if self.as_json:
            self._emit()
        else:
            self._say()
        if self.interrupted:
            raise typer.Exit(output.INTERRUPTED)
        if self.error is not None:
            raise typer.Exit(output.exit_code(self.error))
        if self.counts["failed"]:
            raise typer.Exit(output.INCOMPLETE)

    def _emit(self) -> None:
        stopped = {"error": output.error_json(self.error)} if self.error else {}
        ignored = sorted(self.ignored)
        output.emit(
            {
                "dry_run": self.dry_run,
                "counts": dict(self.counts),
                "ignored_columns": ignored,
                "rows": self.rows,
                "interrupted": self.interrupted,
                **stopped,
            }
        )

    def _say(self) -> None:
        if self.ignored:
            output.say(output.sentence("cli.import-ignored", columns=", ".join(sorted(self.ignored))))
        output.say(output.sentence("cli.import-counts", **{status: self.counts[status] for status in STATUSES}))
        if self.warnings:
            output.say(output.sentence("cli.import-warnings", number=self.warnings))
        if self.dry_run:
            output.say(output.sentence("cli.import-dry-run"))
        if self.error is not None:
            output.explain(self.error)
        if self.error is not None or self.interrupted:
            output.note(output.sentence("cli.stopped"))


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
    with (
        context.opened(as_json=as_json) as found,
        output.progress(output.sentence("cli.exporting", name=target.name), None) as progress,
    ):
        done = exports.export(
            found.engine, found.store, target, institution=institution, files=files, progress=progress
        )
    if as_json:
        output.emit({"resources": done, "target": str(target)})
    else:
        output.say(output.sentence("cli.exported", number=done))
        output.say(f"  {target}")
