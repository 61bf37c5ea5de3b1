"""Exporting resources as a folder or ZIP that ``oer import`` reads back: an index, and the files under it."""

import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy.engine import Engine
from sqlmodel import Session

from oer import queries
from oer.db import reading
from oer.errors import Invalid, NotFound
from oer.models import Institution, Resource, Version, VersionFile
from storage.store import Store

_PAGE = 200

Member = Callable[[str], AbstractContextManager[IO[bytes]]]


def export(
    engine: Engine,
    store: Store,
    target: Path,
    *,
    institution: str | None = None,
    files: bool = True,
    progress: Callable[[int], None] = lambda _done: None,
) -> int:
    """Write all published resources (of an institution and those below it) to ``target``; their number.

    ``target`` is a new folder, or a new file that ends in ``.zip``. It appears only when it is complete. The
    withdrawn are listed in ``withdrawn.jsonl``, so that who follows us can follow that too.
    """
    if target.exists():
        raise Invalid("export.target-exists", path=str(target))
    part = target.with_name(f".{target.name}.part")
    _remove(part)
    try:
        with _writer(part, zipped=target.suffix.lower() == ".zip") as member:
            done = _write(engine, store, member, institution=institution, files=files, progress=progress)
        os.replace(part, target)  # noqa: PTH105 - one rename, also for folders
    except BaseException:
        _remove(part)
        raise
    return done


def _remove(part: Path) -> None:
    if part.is_dir():
        shutil.rmtree(part)
    else:
        part.unlink(missing_ok=True)


@contextmanager
def _writer(part: Path, *, zipped: bool) -> Iterator[Member]:
    """A way to open members by name, in a folder or in an archive."""
    if zipped:
        with zipfile.ZipFile(part, "x", compression=zipfile.ZIP_DEFLATED) as archive:
            yield lambda name: archive.open(zipfile.ZipInfo(name), "w", force_zip64=True)
        return
    part.mkdir(parents=True)

    def in_folder(name: str) -> AbstractContextManager[IO[bytes]]:
        path = part / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("xb")

    yield in_folder


def _write(
    engine: Engine,
    store: Store,
    member: Member,
    *,
    institution: str | None,
    files: bool,
    progress: Callable[[int], None],
) -> int:
    index: list[bytes] = []
    for row, attached in _rows(engine, institution):
        if files:
            for file, place in zip(attached, row["files"], strict=True):
                with member(place["path"]) as target:
                    for chunk in store.open(file.key):
                        target.write(chunk)
        index.append(_line(row))
        progress(len(index))
    with member("index.jsonl") as target:
        target.writelines(index)
    with reading(engine) as session, member("withdrawn.jsonl") as target:
        for resource in queries.resources.withdrawn(session):
            gone = {"id": resource.public_id, "reason": resource.reason, "withdrawn": resource.changed.isoformat()}
            target.write(_line(gone))
    return len(index)


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _rows(engine: Engine, institution: str | None) -> Iterator[tuple[dict[str, Any], list[VersionFile]]]:
    after: tuple[datetime, int] | None = None
    while True:
        with reading(engine) as session:
            within = _path_of(session, institution)
            found = queries.resources.published(session, after=after, within=within, limit=_PAGE)
            files = queries.resources.files_of_many(session, version_ids=[version.id or 0 for _, version, _ in found])
        for resource, version, owner in found:
            attached = files.get(version.id or 0, [])
            yield _row(resource, version, owner, attached), attached
        if len(found) < _PAGE:
            return
        last = found[-1][0]
        assert last.published is not None
        after = (last.published, last.id or 0)


def _path_of(session: Session, institution: str | None) -> str | None:
    if institution is None:
        return None
    found = queries.institutions.by_slug(session, slug=institution)
    if found is None:
        raise NotFound("institution.unknown", slug=institution)
    return found.path


def _row(resource: Resource, version: Version, owner: Institution, files: list[VersionFile]) -> dict[str, Any]:
    return {
        "id": resource.public_id,
        "institution": owner.slug,
        "version": version.number,
        "published": version.published.isoformat(),
        "record": json.loads(version.record),
        "files": [
            {
                "path": f"files/{resource.public_id}/{file.name}",
                "name": file.name,
                "role": file.role,
                "language": file.language,
                "media_type": file.media_type,
                "size": file.size,
                "sha256": file.key,
            }
            for file in files
        ],
    }
