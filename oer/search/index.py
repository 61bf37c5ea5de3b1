"""Where the index of a node lies: generations in a folder, of which one is read and one at most is being built.

``current`` names the generation that is read; it is replaced in one step when another is whole. One under construction
bears another name, and is gone on with by whoever finds it. ``lock`` is held by the one process that writes.
``asked`` is there while somebody wants everything built anew. How far a generation has come is written behind each
commit: killed in between, the same is done again and doubles nothing.
"""

import fcntl
import hashlib
import logging
import os
import secrets
import shutil
import threading
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import tantivy

from oer.errors import Unavailable
from oer.search import schema

logger = logging.getLogger(__name__)

_HEAP = 100 << 20  # bytes of documents that wait for a commit: the more, the fewer segments to look through
_CURRENT, _LOCK, _ASKED, _PROGRESS, _META = "current", "lock", "asked", "progress", "meta.json"
_BUILDING = "building-"


def folder_of(data: Path, secret: bytes) -> Path:
    """Where the index of the database with this secret lies: that of another one must never be taken for it."""
    return data / "search" / hashlib.sha256(secret).hexdigest()[:12]


Put = tuple[int, tantivy.Document | None]
"""The number of a resource and what is to be found of it; None: nothing any more."""


class Generation:
    """One index with its writer; used by one thread of the process that holds the lock.

    Raises ValueError or OSError where it is damaged.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.fields = schema.build()
        self._index = tantivy.Index(self.fields, path=str(folder))
        self.empty = self._index.searcher().num_docs == 0
        self._writer: tantivy.IndexWriter | None = None
        self.progress = progress_of(folder)

    def put(self, documents: Iterable[Put], *, new: bool = False) -> None:
        """Replace what is known of these resources; without a document one is taken out. Seen after :meth:`commit`.

        ``new``: nothing is known of any.
        """
        if self._writer is None:
            self._writer = self._index.writer(_HEAP, 1)
        for resource_id, document in documents:
            if not new:
                self._writer.delete_documents_by_term("id", resource_id)
            if document is not None:
                self._writer.add_document(document)

    def commit(self, progress: int) -> None:
        """Show everything up to the change ``progress`` to all who read."""
        if self._writer is not None:
            self._writer.commit()
        _write(self.folder / _PROGRESS, str(progress))
        self.progress = progress

    def settle(self) -> None:
        """Wait for the merging of segments; nothing can be written afterwards."""
        if self._writer is not None:
            self._writer.wait_merging_threads()


def progress_of(folder: Path) -> int:
    """The change up to which everything is in the generation."""
    try:
        return int((folder / _PROGRESS).read_text("ascii"))
    except (FileNotFoundError, ValueError):
        return 0


class Lock:
    """The right to write, while it is held."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @property
    def there(self) -> bool:
        """Whether the file is: if somebody has removed the folder, another process may have the lock of a new one."""
        return os.fstat(self._descriptor).st_nlink > 0


class Home:
    """The folder of all generations."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def writing(self) -> Generator[Lock | None, None, None]:
        """The lock, until the end of the block; None where another process has it. The kernel frees it of the dead."""
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
                return
            yield Lock(descriptor)
        finally:
            os.close(descriptor)

    def current(self) -> Path | None:
        """The generation that is read, if it was made as this release makes it."""
        with suppress(FileNotFoundError, UnicodeDecodeError):
            name = (self.folder / _CURRENT).read_text("ascii").strip()
            if name.startswith(f"{schema.revision()}-") and (self.folder / name / _META).is_file():
                return self.folder / name
        return None

    def building(self) -> Generation:
        """The generation under construction: one whose builder ended before it was whole, or a new one."""
        for folder in sorted(self.folder.glob(f"{_BUILDING}{schema.revision()}-*")):
            try:
                return Generation(folder)
            except (ValueError, OSError) as error:
                logger.warning("an unfinished search index is dropped", extra={"reason": repr(error)})
                shutil.rmtree(folder, ignore_errors=True)
        return Generation(self.folder / f"{_BUILDING}{schema.revision()}-{secrets.token_hex(4)}")

    def unfinished(self) -> Path | None:
        """Where one is under construction."""
        return next(iter(sorted(self.folder.glob(f"{_BUILDING}{schema.revision()}-*"))), None)

    def switch(self, built: Generation) -> None:
        """Have everybody read this generation from now on, and forget all others. Its writer ends."""
        built.settle()
        whole = self.folder / built.folder.name.removeprefix(_BUILDING)
        built.folder.rename(whole)
        _write(self.folder / _CURRENT, whole.name)
        self.answered()
        for other in self.folder.iterdir():  # who still reads one keeps its open files
            if other.is_dir() and other != whole:
                shutil.rmtree(other, ignore_errors=True)

    def drop(self, damaged: Path) -> None:
        """Have nobody read this generation: it cannot be."""
        (self.folder / _CURRENT).unlink(missing_ok=True)
        shutil.rmtree(damaged, ignore_errors=True)

    def ask(self) -> None:
        """Have everything built anew, by whoever writes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / _ASKED).touch()

    @property
    def asked(self) -> bool:
        return (self.folder / _ASKED).exists()

    def answered(self) -> None:
        (self.folder / _ASKED).unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    """Replace a small file in one step that outlives a power cut."""
    beside = path.with_suffix(".new")
    with beside.open("w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@dataclass(frozen=True, slots=True)
class Opened:
    """A generation as it was at one commit. ``stamp`` differs from that of any other commit."""

    index: tantivy.Index
    searcher: tantivy.Searcher
    fields: tantivy.Schema
    stamp: tuple[str, int, int]


class Reader:
    """What a process reads: always the last commit of the current generation. For any number of threads."""

    def __init__(self, folder: Path) -> None:
        self._home = Home(folder)
        self._opened: Opened | None = None
        self._lock = threading.Lock()

    def open(self) -> Opened:
        """Raises Unavailable while the first index is still being built."""
        for pause in (0.01, 0.1, 0.0):  # the generation may be replaced while it is being opened
            try:
                return self._look()
            except FileNotFoundError:
                pass
            except ValueError as error:
                logger.warning("the search index cannot be opened", extra={"reason": str(error)})
            time.sleep(pause)
        raise Unavailable("search.building")

    def _look(self) -> Opened:
        generation = self._home.current()
        if generation is None:
            raise FileNotFoundError
        opened = self._opened
        if opened is not None and opened.stamp == _stamp(generation):
            return opened
        with self._lock:
            stamp = _stamp(generation)
            opened = self._opened
            if opened is not None and opened.stamp == stamp:
                return opened  # another thread was first
            if opened is None or opened.stamp[0] != stamp[0]:
                index = tantivy.Index.open(str(generation))
                index.config_reader("manual")
            else:
                index = opened.index
            index.reload()
            self._opened = Opened(index, index.searcher(), index.schema, stamp)
            return self._opened


def _stamp(generation: Path) -> tuple[str, int, int]:
    told = (generation / _META).stat()
    return generation.name, told.st_mtime_ns, told.st_ino
