"""``oer import`` and ``oer export``."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from metadata.findings import Problem
from oer.cli import context, output
from oer.cli.context import As, AsJson
from oer.db import reading
from oer.errors import OerError
from oer.installation import Installation
from oer.transfer import columns, exports, orders, reports, sources, tables
from oer.transfer.imports import Importer, Options
from oer.transfer.reports import Result
from oer.transfer.sources import Row
from oer.transfer.updates import Updater
from storage.errors import StoreError


def import_(
    path: Annotated[Path, typer.Argument(help="Folder with an index.json, .jsonl or .csv; such a file; or a ZIP.")],
    institution: Annotated[
        str | None, typer.Option(help="Slug of the institution; of an update, the branch to keep to.")
    ] = None,
    defaults: Annotated[Path | None, typer.Option(help="JSON file with fields for rows that leave them out.")] = None,
    files: Annotated[
        Path | None, typer.Option(help="Folder that the rows' paths start in, if not beside the index.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Name of this source; default: the name of the folder.")] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Publish what is complete.")] = False,
    update: Annotated[bool, typer.Option("--update", help="The rows are of an export, edited.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and judge everything, write nothing.")] = False,
    as_: As = None,
    as_json: AsJson = False,
) -> None:
    """Import many resources. Run it again after a break or a correction: nothing is doubled."""
    report = _Report(dry_run=dry_run, as_json=as_json)
    if institution is None and not update:
        raise typer.BadParameter("needed", param_hint="--institution")
    if update and (defaults or files or source):
        raise typer.BadParameter("not for an update", param_hint="--defaults, --files, --source")
    with context.opened(as_json=as_json) as found:
        importer: Importer | Updater
        if update:
            importer = _updater(found, institution, as_, publish=publish, rehearsal=dry_run)
        else:
            options = Options(
                institution=institution or "",
                source=source or _name(path),
                defaults=_defaults(found, defaults),
                publish=publish,
            )
            report.defaults = options.defaults
            importer = _importer(found, options, as_, rehearsal=dry_run)
        with (
            sources.opened(
                path, files=files, most=found.settings.max_import_rows, line_size=found.settings.max_record_size
            ) as opened,
            output.progress(output.sentence("cli.importing", name=path.name), opened.count) as done,
        ):
            _follow(importer, opened, report, done)
            if opened.count == 0:
                report.problems.append(reports.NO_ROWS)
                report.warnings += 1
    report.conclude()


def _follow(importer: Importer | Updater, opened: sources.Source, report: "_Report", done: Any) -> None:
    """Row after row into the report; what stops the import goes there too, after what is safe already."""
    try:
        with context.interrupts() as check:
            for number, result in enumerate(importer.run(report.noted(opened.rows), opened.folder), 1):
                report.add(result)
                done(number)
                check()
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
    return orders.defaults_of(context.read_object(path, found.settings.max_record_size)) if path else {}


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


def _updater(
    found: Installation, institution: str | None, as_: str | None, *, publish: bool, rehearsal: bool
) -> Updater:
    with reading(found.engine) as session:
        actor = context.actor(session, as_)
    return Updater(
        engine=found.engine,
        actor=actor,
        institution=institution,
        publish=publish,
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
    columns: set[str] = field(default_factory=set)
    defaults: Mapping[str, Any] | None = None  # an update has none, and columns of its own
    warnings: int = 0
    problems: list[Problem] = field(default_factory=list)
    error: OerError | StoreError | None = None
    interrupted: bool = False

    def noted(self, rows: Iterator[Row]) -> Iterator[Row]:
        """The rows as they are; what their columns are called is kept."""
        for row in rows:
            self.columns.update(row.data)
            yield row

    def add(self, result: Result) -> None:
        """Count a row. A line for what was made or failed; silence for what was there, so that reruns are short."""
        self.counts[result.status] += 1
        self.ignored.update(dict.fromkeys(result.ignored))
        self.warnings += sum(problem.severity == "warning" for problem in result.problems)
        if self.as_json:
            self.rows.append(output.row_json(reports.row(result)))
        elif result.status != "unchanged":
            for line in output.row_lines(reports.row(result)):
                output.say(line)

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
                "problems": [output.problem_json(problem) for problem in self.problems],
                "rows": self.rows,
                "interrupted": self.interrupted,
                **stopped,
            }
        )

    def _say(self) -> None:
        if self.ignored:
            output.say(output.sentence("cli.import-ignored", columns=", ".join(sorted(self.ignored))))
            self._say_lacking()
        output.say(output.sentence("cli.import-counts", **{status: self.counts[status] for status in reports.STATUSES}))
        for line in output.problem_lines(self.problems):
            output.say(line)
        if self.warnings:
            output.say(output.sentence("cli.import-warnings", number=self.warnings))
        if self.dry_run:
            output.say(output.sentence("cli.import-dry-run"))
        if self.error is not None:
            output.explain(self.error)
        if self.error is not None or self.interrupted:
            output.note(output.sentence("cli.stopped"))

    def _say_lacking(self) -> None:
        """What a column that was not used may have been meant for, and what to call it."""
        lacking = {} if self.defaults is None else columns.lacking(self.columns, self.defaults)
        if lacking:
            output.say(output.sentence("cli.import-lacking"))
        for name, names in lacking.items():
            output.say(f"    {name}: {', '.join(names)}")


def export(
    target: Annotated[Path, typer.Argument(help="A new folder, or a new file that ends in .zip, .jsonl or .csv.")],
    institution: Annotated[str | None, typer.Option(help="Only this institution and those below it.")] = None,
    files: Annotated[bool, typer.Option("--files/--no-files", help="With the files, or metadata only.")] = True,
    state: Annotated[
        tables.State, typer.Option(help="Of a .jsonl or .csv: published, draft, hidden or withdrawn.")
    ] = "published",
    as_: As = None,
    as_json: AsJson = False,
) -> None:
    """Export resources in a form that oer import reads; as .jsonl or .csv, in one that is edited and read back."""
    table = target.suffix.lower() in {".jsonl", ".csv"}
    if not table and (state != "published" or as_ is not None):
        raise typer.BadParameter("for a .jsonl or .csv only", param_hint="--state, --as")
    with (
        context.opened(as_json=as_json) as found,
        output.progress(output.sentence("cli.exporting", name=target.name), None) as progress,
    ):
        if table:
            with reading(found.engine) as session:
                actor = context.actor(session, as_)
            done = tables.write(found.engine, target, actor, state=state, institution=institution, progress=progress)
        else:
            done = exports.export(
                found.engine, found.store, target, institution=institution, files=files, progress=progress
            )
    if as_json:
        output.emit({"resources": done, "target": str(target)})
    else:
        output.say(output.sentence("cli.exported", number=done))
        output.say(f"  {target}")


def dump(
    target: Annotated[Path | None, typer.Argument(help="A new file; standard output unless given.")] = None,
    since: Annotated[int, typer.Option(help="Only what has changed since: last_change of the dump before.", min=0)] = 0,
) -> None:
    """Write everything that is published, and what is no longer shown, as JSON lines."""
    # The doors' own shape of a resource; other commands need not wait for what it brings along.
    from api.routes.exports import dumped

    with context.opened() as found:
        lines = dumped(found, since=since)
        if target is None:
            stream = typer.get_binary_stream("stdout")
            stream.writelines(lines)
            stream.flush()
            return
        with exports.appearing(target) as part, part.open("xb") as file:
            done = sum(1 for _ in map(file.write, lines))
    output.say(output.sentence("cli.dumped", number=done))
    output.say(f"  {target}")
