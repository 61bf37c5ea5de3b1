"""Exporting resources as a folder or ZIP that ``oer import`` reads back: an index, and the files under it."""

import errno
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy.engine import Engine
from sqlmodel import Session

from oer import institutions, queries
from oer.db import reading
from oer.errors import Full, Invalid, TooLarge
from oer.models import Institution, Resource, Version, VersionFile
from oer.transfer.folders import MOST_MEMBERS
from storage.store import Store

_PAGE = 200
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})

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

    ``target`` is a new folder, or a new file that ends in ``.zip``. It appears only when it is complete, each file
    compared with its digest. The withdrawn are listed in ``withdrawn.jsonl``, so that who follows us can follow
    that too. Raises Invalid (``export.…``), Full, TooLarge where a ZIP would hold more than an import takes,
    NotFound for the institution, and what the store raises for bytes that are missing or damaged.
    """
    if os.path.lexists(target):
        raise Invalid("export.target-exists", path=str(target))
    with reading(engine) as session:
        within = institutions.find(session, institution).path if institution is not None else None
    part = target.with_name(f".{target.name}.part")
    try:
        _remove(part)
        with _writer(part, zipped=target.suffix.lower() == ".zip") as member:
            done = _write(engine, store, member, beside=part.parent, within=within, files=files, progress=progress)
        _rename(part, target)
    except BaseException as error:
        with suppress(OSError):
            _remove(part)
        if isinstance(error, OSError):
            raise _meaning(error, target) from None
        raise
    return done


def _meaning(error: OSError, target: Path) -> Full | Invalid:
    if error.errno in _NO_ROOM:
        return Full("export.full", path=str(target))
    return Invalid("export.unwritable", path=str(target), reason=error.strerror or str(error))


def _remove(part: Path) -> None:
    if part.is_dir() and not part.is_symlink():
        shutil.rmtree(part)
    else:
        part.unlink(missing_ok=True)


def _rename(part: Path, target: Path) -> None:
    """One rename, unless something has come to lie there meanwhile: a rename would replace a file without a word."""
    if os.path.lexists(target):
        raise Invalid("export.target-exists", path=str(target))
    part.rename(target)


@contextmanager
def _writer(part: Path, *, zipped: bool) -> Iterator[Member]:
    """A way to open members by name, in a folder or in an archive."""
    part.parent.mkdir(parents=True, exist_ok=True)
    if zipped:
        with zipfile.ZipFile(part, "x") as archive:
            yield lambda name: _in_archive(archive, name)
        return
    part.mkdir()

    def in_folder(name: str) -> AbstractContextManager[IO[bytes]]:
        path = part / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("xb")

    yield in_folder


def _in_archive(archive: zipfile.ZipFile, name: str) -> AbstractContextManager[IO[bytes]]:
    if len(archive.infolist()) >= MOST_MEMBERS:
        raise TooLarge("export.too-many-for-zip", limit=MOST_MEMBERS)
    info = zipfile.ZipInfo(name)
    # Files stay as they are: most are packed already, and what packs too well would be taken for a bomb.
    info.compress_type = zipfile.ZIP_DEFLATED if name.endswith(".jsonl") else zipfile.ZIP_STORED
    return archive.open(info, "w", force_zip64=True)


def _write(
    engine: Engine,
    store: Store,
    member: Member,
    *,
    beside: Path,
    within: str | None,
    files: bool,
    progress: Callable[[int], None],
) -> int:
    """The files, then the index: an archive takes one member at a time, so the index waits in a file of its own."""
    done = 0
    with tempfile.TemporaryFile(dir=beside) as index:
        for row, attached in _rows(engine, within):
            for file, place in zip(attached, row["files"], strict=True) if files else ():
                with member(place["path"]) as target:
                    for chunk in store.open(file.key):  # compared with the key on the way
                        target.write(chunk)
            index.write(_line(row))
            done += 1
            progress(done)
        index.seek(0)
        with member("index.jsonl") as target:
            shutil.copyfileobj(index, target)
    with reading(engine) as session, member("withdrawn.jsonl") as target:
        target.writelines(_line(row) for row in _withdrawn(session, within))
    return done


def _withdrawn(session: Session, within: str | None) -> Iterator[dict[str, Any]]:
    gone = queries.resources.withdrawn(session)
    owners = queries.institutions.by_ids(session, ids=[resource.institution_id for resource in gone])
    for resource in gone:
        if within is None or owners[resource.institution_id].path.startswith(within):
            yield {"id": resource.public_id, "reason": resource.reason, "withdrawn": resource.changed.isoformat()}


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _rows(engine: Engine, within: str | None) -> Iterator[tuple[dict[str, Any], list[VersionFile]]]:
    after: tuple[datetime, int] | None = None
    while True:
        with reading(engine) as session:
            found = queries.resources.published(session, after=after, within=within, limit=_PAGE)
            attached = queries.resources.files_of_many(
                session, version_ids=[version.id or 0 for _, version, _ in found]
            )
        for resource, version, owner in found:
            mine = attached.get(version.id or 0, [])
            yield _row(resource, version, owner, mine), mine
        if len(found) < _PAGE:
            return
        last = found[-1][0]
        assert last.published is not None
        after = (last.published, last.id or 0)


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
