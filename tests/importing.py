"""Folders of rows to import, their import, and what came of it."""

import json
from pathlib import Path
from typing import Any

import factories
import snapshots

from oer import queries
from oer.db import reading
from oer.installation import Installation
from oer.models import Resource
from oer.policy import OPERATOR, Actor
from oer.transfer import sources
from oer.transfer.imports import Importer, Options, Result

RECORD = json.loads(factories.record().model_dump_json(exclude_defaults=True))


def folder_in(tmp_path: Path) -> Path:
    """An empty folder for :func:`lay`."""
    made = tmp_path / "lessons"
    made.mkdir()
    return made


def row(name: str, title: str | None = None, *, content: str | None = None, **rest: Any) -> dict[str, Any]:
    """A row that can be published, with its file's content for :func:`lay`."""
    record = RECORD | {"title": [{"value": title or f"درس {name}", "lang": "ar"}]}
    return {"path": name, "record": record, "content": content or f"content of {name}", **rest}


def lay(folder: Path, *rows: dict[str, Any]) -> Path:
    """The rows as an index with their files."""
    for each in rows:
        if "content" in each and "path" in each:
            (folder / each["path"]).write_text(each["content"], "utf-8")
    told = [{name: value for name, value in each.items() if name != "content"} for each in rows]
    (folder / "index.json").write_text(json.dumps(told), "utf-8")
    return folder


def importer(home: Installation, *, actor: Actor = OPERATOR, rehearsal: bool = False, **options: Any) -> Importer:
    return Importer(
        engine=home.engine,
        store=home.store,
        actor=actor,
        options=Options(**{"institution": "college", "source": "lessons", "publish": True, **options}),
        limits=home.settings,
        repository_id=home.repository_id,
        now=home.now,
        rehearsal=rehearsal,
    )


def run(home: Installation, path: Path, **options: Any) -> list[Result]:
    with sources.opened(path, most=1000) as opened:
        return list(importer(home, **options).run(opened.rows, opened.folder))


def statuses(results: list[Result]) -> list[str]:
    return [result.status for result in results]


def codes(result: Result) -> list[tuple[str, str]]:
    return [(problem.code, problem.field) for problem in result.problems]


def count(home: Installation, table: type[Any]) -> int:
    return len(snapshots.tables(home)[table.__tablename__])


def resource(home: Installation, public_id: str | None) -> Resource:
    with reading(home.engine) as session:
        found = queries.resources.by_public_id(session, public_id=public_id or "")
        assert found is not None
        return found
