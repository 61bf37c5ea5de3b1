"""What an import reads: a folder with an index, a CSV, JSON or JSON-lines table, or a ZIP of such a folder."""

import codecs
import csv
import hashlib
import io
import itertools
import json
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from metadata import reading, values
from metadata.findings import Problem, shown
from oer.errors import Invalid, TooLarge
from oer.transfer import cells, columns, folders
from oer.transfer.folders import Archive, Directory, Folder

INDEXES = ("index.json", "index.jsonl", "index.csv")
_INDEX_SIZE = 1024**3  # bytes
_JSON_SIZE = 64 * 1024**2  # bytes of a table that is held as a whole
_ROW = 8 * reading.MAX_BYTES  # characters of a row of CSV over all of its lines
_LINE = 2 * reading.MAX_BYTES  # characters; what is longer is no row
_ITEM = 500  # characters; longer names are kept as digests
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file of a row: where it lies in the source, and what it shall be called."""

    path: str
    name: str
    role: str = "main"
    language: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One resource to be. ``item`` names it within its source for ever; ``fault`` where it cannot be read at all.

    ``number`` is the line where it begins in CSV and JSON lines, its position from 1 in JSON.
    """

    number: int
    item: str
    data: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[FileRow, ...] = ()
    public_id: str | None = None
    fault: Problem | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """An opened source: its rows in order, how many there are, and where their files are."""

    rows: Iterator[Row]
    count: int
    folder: Folder


Raw = tuple[int, Any]  # line or position; an object, a Problem, or something that is no row
Reader = Callable[[], Iterator[bytes]]  # each call reads from the start

csv.field_size_limit(reading.MAX_BYTES)  # a cell may hold a whole list of a record


@contextmanager
def opened(
    path: Path,
    *,
    files: Path | None = None,
    most: int,
    name: str | None = None,
    line_size: int = reading.MAX_BYTES,
) -> Iterator[Source]:
    """Open a folder, ``.zip``, ``.csv``, ``.json`` or ``.jsonl``; ``files`` is where rows' paths start if elsewhere.

    ``name`` is what the source is called where its path says nothing to anybody, with the ending that tells its kind.
    Raises Invalid (``import.…``, ``archive.…``) where it cannot be read as a table, TooLarge above ``most`` rows.
    A line of ``.jsonl`` above ``line_size`` bytes is a row with a fault. Tables are looked through to their end
    before the first row comes, and never held in memory, but for JSON.
    """
    if files is not None and not files.is_dir():
        raise Invalid("import.files-missing", path=str(files))
    if path.is_dir():
        index = next((path / name for name in INDEXES if (path / name).is_file()), None)
        if index is None:
            raise Invalid("import.index-missing", path=str(path), known=", ".join(INDEXES))
        path = index
    told = name or str(path)
    if PurePosixPath(told).suffix.lower() != ".zip":
        _require_table(path, told)
        raws, count = _table(name or path.name, lambda: folders.read(path, name=told), most, line_size)
        folder: Folder = Directory(files or path.parent) if name is None or files else folders.Nothing()
        yield Source(_rows(raws), count, folder)
        return
    with folders.archive(path, name=told) as archive:
        index_name = _index_inside(told, archive)
        raws, count = _table(index_name, lambda: archive.chunks(index_name), most, line_size)
        prefix = index_name[: len(index_name) - len(PurePosixPath(index_name).name)]
        yield Source(_rows(raws), count, Directory(files) if files else archive.below(prefix))


def _require_table(path: Path, told: str) -> None:
    try:
        found = path.stat()
    except OSError as error:
        raise Invalid("import.source-unreadable", path=told, reason=error.strerror or "") from None
    if stat.S_ISREG(found.st_mode) and not found.st_size:
        raise Invalid("import.empty")
    if PurePosixPath(told).suffix.lower() not in {".json", ".jsonl", ".csv"}:
        raise Invalid("import.kind-unknown", path=told)


def _limited(chunks: Iterator[bytes], limit: int = _INDEX_SIZE) -> Iterator[bytes]:
    done = 0
    for chunk in chunks:
        done += len(chunk)
        if done > limit:
            raise TooLarge("import.index-too-large", limit=limit)
        yield chunk


def _index_inside(told: str, archive: Archive) -> str:
    """The index nearest to the top: many people pack the folder, not what is in it."""
    names = [name for name in archive.names() if PurePosixPath(name).name in INDEXES]
    if not names:
        raise Invalid("import.index-missing", path=told, known=", ".join(INDEXES))
    return min(names, key=lambda name: (name.count("/"), INDEXES.index(PurePosixPath(name).name), name))


def _table(name: str, read: Reader, most: int, line_size: int) -> tuple[Iterator[Raw], int]:
    """The rows of a table, and how many there are."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix == ".json":
        whole = list(_counted(enumerate(_json(name, _whole(name, read)), 1), most))
        return iter(whole), len(whole)
    _require_text(name, read)
    if suffix == ".csv":
        count = sum(1 for _ in _counted(_csv(name, read), most))
        return _csv(name, read), count
    count = sum(1 for _ in _counted(_lines(read, line_size), most))
    return ((number, _json_line(number, line, line_size)) for number, line in _lines(read, line_size)), count


def _counted(rows: Iterable[Raw], most: int) -> Iterator[Raw]:
    for count, row in enumerate(rows, 1):
        if count > most:
            raise TooLarge("import.too-many-rows", limit=most)
        yield row


def _whole(name: str, read: Reader) -> str:
    content = b"".join(_limited(read(), _JSON_SIZE))
    _require_text(name, lambda: iter([content]))
    return content.decode("utf-8-sig")


def _require_text(name: str, read: Reader) -> None:
    """Raises Invalid with the place of the first byte that is no UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    done = 0
    try:
        for chunk in _limited(read()):
            decoder.decode(chunk)
            done += len(chunk)
        chunk = b""
        decoder.decode(chunk, final=True)
    except UnicodeDecodeError as error:
        begun = len(error.object) - len(chunk)  # bytes of a character that began in the chunk before
        raise Invalid("import.encoding", path=name, position=done - begun + error.start + 1) from None


class _Pieces(io.RawIOBase):
    """Pieces of bytes as a file to read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            self._left = memoryview(next(self._pieces, b""))
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


def _text(read: Reader, newline: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedReader(_Pieces(_limited(read()))), encoding="utf-8-sig", newline=newline)


def _lines(read: Reader, most: int) -> Iterator[Raw]:
    """Lines that are not empty, by their number from 1; a Problem for one far above ``most`` bytes."""
    number = 0
    with _text(read, "\n") as text:
        while line := text.readline(2 * most):
            number += 1
            if len(line) == 2 * most and not line.endswith("\n"):
                size = len(line)
                while not line.endswith("\n") and (line := text.readline(2 * most)):
                    size += len(line)
                yield number, Problem("json.too-large", "", {"size": size, "limit": most})
            elif line.strip():
                yield number, line.removesuffix("\n")


def _csv(name: str, read: Reader) -> Iterator[Raw]:
    begins = 1
    with _text(read, "") as text:
        try:
            head = text.readline(_LINE)
            delimiter = max(",;\t", key=head.count)
            short = _Short(text)
            lines = csv.reader(itertools.chain([head], short), delimiter=delimiter, strict=True)
            header = [cell.strip() for cell in next(lines, [])]
            repeated = sorted({column for column in header if column and header.count(column) > 1})
            if repeated:
                raise Invalid("import.columns-repeated", path=name, columns=", ".join(repeated))
            begins = lines.line_num + 1
            for row in lines:
                short.length = 0
                if any(cell.strip() for cell in row):
                    yield begins, _csv_row(header, row)
                begins = lines.line_num + 1
        except csv.Error:
            raise Invalid("import.csv-invalid", path=name, line=begins) from None


@dataclass
class _Short:
    """Lines of a text. ``length`` is that of those which the reader has taken for one row, and is his to begin anew."""

    text: io.TextIOWrapper
    length: int = 0

    def __iter__(self) -> Iterator[str]:
        while line := self.text.readline(_LINE):
            self.length += len(line)
            if len(line) == _LINE or self.length > _ROW:
                raise csv.Error("a line or a row without an end")
            yield line


def _csv_row(header: list[str], row: list[str]) -> Any:
    """A shorter row leaves its last columns empty, as spreadsheets do; a longer one has lost its columns."""
    if any(cell.strip() for cell in row[len(header) :]):
        return Problem("import.row-cells", "", {"count": len(row), "limit": len(header)})
    return dict(zip(header, map(cells.unguarded, row), strict=False))


def _json_line(number: int, line: Any, size: int) -> Any:
    if isinstance(line, Problem):
        return line
    found, problems = reading.load(line.encode(), size)
    if not problems:
        return found
    first = problems[0]
    return replace(first, params={**first.params, "line": number}) if "line" in first.params else first


class _Repeated(ValueError):
    """A JSON object that names a key twice: one of the two values would be lost."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _Repeated(next(key for key in keys if keys.count(key) > 1))
    return found


def _json(name: str, text: str) -> list[Any]:
    try:
        found = json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise Invalid("import.json-invalid", path=name, line=error.lineno, column=error.colno) from None
    except _Repeated as error:
        raise Invalid("import.json-key-repeated", path=name, key=shown(error.args[0], 80)) from None
    except (ValueError, RecursionError):  # a number of thousands of digits, brackets in brackets without end
        raise Invalid("import.list-missing", path=name) from None
    items = found.get("items") if isinstance(found, dict) else found
    if not isinstance(items, list):
        raise Invalid("import.list-missing", path=name)
    return items


def _rows(raws: Iterator[Raw]) -> Iterator[Row]:
    for number, raw in raws:
        if isinstance(raw, Problem):
            yield Row(number, "", fault=raw)
        elif not isinstance(raw, dict):
            yield Row(number, "", fault=Problem("import.row-not-object"))
        else:
            yield _row(number, {columns.row_column(column): cell for column, cell in raw.items()})


def _row(number: int, raw: Mapping[str, Any]) -> Row:
    files, fault = _files(raw)
    paths = " ".join(file.path for file in files)
    item = str(raw.get("item") or raw.get("id") or paths or _digest(raw))
    if values.illegal_characters(item):
        fault = fault or Problem("import.row-name", "item", {"name": shown(item, 80)})
    public_id = raw.get("id") if isinstance(raw.get("id"), str) else None
    if len(item) > _ITEM:
        item = _digest(item)
    return Row(number=number, item=item, data=raw, files=files, public_id=public_id, fault=fault)


def _digest(value: Any) -> str:
    """A row without id or file is known by what it says: the same row again is no double."""
    said = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return f"sha256:{hashlib.sha256(said.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _files(raw: Mapping[str, Any]) -> tuple[tuple[FileRow, ...], Problem | None]:
    """The files of a row: ``files`` as a list of paths or objects, or ``path``/``file`` with one."""
    listed = raw.get("files") or raw.get("path") or raw.get("file") or []
    if isinstance(listed, str):
        listed = columns.several(listed)
    if not isinstance(listed, list):
        return (), Problem("import.row-files", "files")
    outer = raw if len(listed) == 1 else {}
    found: list[FileRow] = []
    for place, entry in enumerate(listed):
        given = {"path": entry} if isinstance(entry, str) else entry
        one = _file(given, outer) if isinstance(given, dict) else None
        if one is None:
            return (), Problem("import.row-files", f"files[{place}]")
        found.append(one)
    return tuple(found), None


def _file(given: Mapping[str, Any], outer: Mapping[str, Any]) -> FileRow | None:
    """One file; None where a value has the wrong shape. A row's own columns count where it has a single file."""
    said = {name: given.get(name) or outer.get(name) for name in ("path", "name", "role", "sha256")}
    said["language"] = given.get("language")
    if any(not isinstance(value, str | None) for value in said.values()) or not given.get("path"):
        return None
    path = str(said["path"])
    digest = (said["sha256"] or "").strip().lower() or None
    language = values.language(said["language"]) if said["language"] else None
    if (digest and not _SHA256.fullmatch(digest)) or (said["language"] and language is None):
        return None
    name = said["name"] or PurePosixPath(path).name
    return FileRow(path=path, name=name, role=said["role"] or "main", language=language, sha256=digest)
