"""Where an import reads from: a folder with an index, a CSV, JSON or JSON-lines table, or a ZIP of such a folder.

Nothing is ever unpacked to disk, and no name leads out of the folder or archive that was given.
"""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from metadata import reading
from oer.errors import Invalid, TooLarge

INDEXES = ("index.json", "index.jsonl", "index.csv")
_CHUNK = 1024 * 1024
_MEMBERS = 10_000
_RATIO = 50
_RATIO_FLOOR = 10 * 1024 * 1024  # a small member may compress as well as it likes


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file of a row: where it lies in the source, and what it shall be called."""

    path: str
    name: str
    role: str = "main"
    language: str | None = None
    sha256: str | None = None
    media_type: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One resource to be. ``item`` names it within its source for ever; ``fault`` where it cannot be read at all."""

    number: int
    item: str
    data: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[FileRow, ...] = ()
    public_id: str | None = None
    fault: str | None = None


class Folder(Protocol):
    """Bytes by relative name."""

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a file. Raises Invalid (``file.vanished``) where it is missing, outside, or ends early."""
        ...


class Directory:
    """Files below a folder of the disk."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def chunks(self, name: str) -> Iterator[bytes]:
        try:
            path = (self.root / name).resolve(strict=True)
            if not path.is_relative_to(self.root) or not path.is_file():
                raise Invalid("file.vanished", name=name)
            with path.open("rb") as file:
                while block := file.read(_CHUNK):
                    yield block
        except (OSError, ValueError):
            raise Invalid("file.vanished", name=name) from None


class Archive:
    """Files inside a ZIP. What is read is counted: the sizes that an archive claims are not believed."""

    def __init__(self, archive: zipfile.ZipFile, prefix: str) -> None:
        self._archive = archive
        self._prefix = prefix

    def chunks(self, name: str) -> Iterator[bytes]:
        safe = PurePosixPath(name)
        if safe.is_absolute() or ".." in safe.parts:
            raise Invalid("file.vanished", name=name)
        try:
            info = self._archive.getinfo(self._prefix + str(safe))
            if info.is_dir() or (info.external_attr >> 28) == 0xA:  # a symbolic link
                raise Invalid("file.vanished", name=name)
            most = max(_RATIO_FLOOR, info.compress_size * _RATIO)
            done = 0
            with self._archive.open(info) as member:
                while block := member.read(_CHUNK):
                    done += len(block)
                    if done > most:
                        raise TooLarge("file.too-large", name=name, limit=most)
                    yield block
        except (KeyError, OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError):
            raise Invalid("file.vanished", name=name) from None


@dataclass(frozen=True, slots=True)
class Source:
    """An opened source: its rows in order, how many there are, and where their files are."""

    rows: Iterator[Row]
    count: int
    folder: Folder


@contextmanager
def opened(path: Path, *, files: Path | None = None, most: int) -> Iterator[Source]:
    """Open a folder, ``.zip``, ``.csv``, ``.json`` or ``.jsonl``; ``files`` is where rows' paths start if elsewhere.

    Raises Invalid (``import.source-unreadable``), or TooLarge above ``most`` rows.
    """
    if path.is_dir():
        index = next((path / name for name in INDEXES if (path / name).is_file()), None)
        if index is None:
            raise Invalid("import.source-unreadable", path=str(path), reason=f"no {' or '.join(INDEXES)} in it")
        path = index
    if path.suffix.lower() != ".zip":
        try:
            raws = _table(path.name, path.read_bytes(), most)
        except OSError as error:
            raise Invalid("import.source-unreadable", path=str(path), reason=error.strerror or "") from None
        yield Source(_rows(raws), len(raws), Directory(files or path.parent))
        return
    with _archive(path) as archive:
        index_name = _index_inside(path, archive)
        prefix = index_name[: len(index_name) - len(PurePosixPath(index_name).name)]
        content = b"".join(Archive(archive, "").chunks(index_name))
        raws = _table(index_name, content, most)
        yield Source(_rows(raws), len(raws), Directory(files) if files else Archive(archive, prefix))


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        raise Invalid("import.source-unreadable", path=str(path), reason=str(error)) from None
    with archive:
        if len(archive.infolist()) > _MEMBERS:
            raise TooLarge("files.too-many", limit=_MEMBERS)
        yield archive


def _index_inside(path: Path, archive: zipfile.ZipFile) -> str:
    names = [name for name in archive.namelist() if PurePosixPath(name).name in INDEXES]
    if not names:
        raise Invalid("import.source-unreadable", path=str(path), reason=f"no {' or '.join(INDEXES)} in it")
    return min(names, key=lambda name: (name.count("/"), INDEXES.index(PurePosixPath(name).name)))


def _table(name: str, content: bytes, most: int) -> list[tuple[int, Any]]:
    """(line or position, row) of every row; a JSON line that cannot be read is a string instead of a row."""
    suffix = PurePosixPath(name).suffix.lower()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid("import.source-unreadable", path=name, reason=f"not UTF-8 at byte {error.start}") from None
    if suffix == ".csv":
        rows = _csv(name, text)
    elif suffix == ".jsonl":
        lines = ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())
        rows = [(number, _json_line(line)) for number, line in lines]
    elif suffix == ".json":
        rows = list(enumerate(_json(name, content), 1))
    else:
        raise Invalid("import.source-unreadable", path=name, reason="expected .json, .jsonl, .csv, .zip or a folder")
    if len(rows) > most:
        raise TooLarge("request.too-large", limit=most)
    return rows


def _csv(name: str, text: str) -> list[tuple[int, Any]]:
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, Any]] = []
    try:
        for row in reader:
            if None in row:
                rows.append((reader.line_num, "more cells than columns"))
            elif any(row.values()):
                rows.append((reader.line_num, {column: cell or "" for column, cell in row.items()}))
    except csv.Error as error:
        raise Invalid("import.source-unreadable", path=name, reason=f"line {reader.line_num}: {error}") from None
    return rows


def _json_line(line: str) -> Any:
    found, problems = reading.load(line.encode())
    return problems[0].code if problems else found


def _json(name: str, content: bytes) -> list[Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Invalid("import.source-unreadable", path=name, reason=str(error)) from None
    items = found.get("items") if isinstance(found, dict) else found
    if not isinstance(items, list):
        raise Invalid("import.source-unreadable", path=name, reason="neither a JSON array nor an object with items")
    return items


def _rows(raws: list[tuple[int, Any]]) -> Iterator[Row]:
    for number, raw in raws:
        if not isinstance(raw, dict):
            yield Row(number, f"row {number}", fault=raw if isinstance(raw, str) else "not an object")
            continue
        files, fault = _files(raw)
        paths = " ".join(file.path for file in files)
        item = str(raw.get("item") or raw.get("id") or paths or _own_words(raw))
        public_id = raw.get("id") if isinstance(raw.get("id"), str) else None
        yield Row(number=number, item=item[:500], data=raw, files=files, public_id=public_id, fault=fault)


def _own_words(raw: Mapping[str, Any]) -> str:
    """A row without id or file is known by what it says: the same row again is no double."""
    said = json.dumps(raw, sort_keys=True, ensure_ascii=False, default=str)
    return f"sha256:{hashlib.sha256(said.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _files(raw: Mapping[str, Any]) -> tuple[tuple[FileRow, ...], str | None]:
    """The files of a row: ``files`` as a list of paths or objects, or ``path``/``file`` with one."""
    listed = raw.get("files") or raw.get("path") or raw.get("file") or []
    if isinstance(listed, str):
        listed = [part.strip() for part in listed.split(";") if part.strip()]
    if not isinstance(listed, list):
        return (), "files: not a list"
    single = len(listed) == 1
    found = []
    for entry in listed:
        given = {"path": entry} if isinstance(entry, str) else entry
        if not isinstance(given, dict) or not isinstance(given.get("path"), str):
            return (), "files: a file needs a path"
        outer = raw if single else {}
        found.append(
            FileRow(
                path=given["path"],
                name=str(given.get("name") or outer.get("name") or PurePosixPath(given["path"]).name),
                role=str(given.get("role") or "main"),
                language=given.get("language"),
                sha256=given.get("sha256") or outer.get("sha256"),
                media_type=given.get("media_type") or outer.get("media_type"),
            )
        )
    return tuple(found), None
