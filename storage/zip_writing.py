"""ZIP files made while they are sent: their length is known before, their bytes are always the same.

Members are stored as they are. What is packed already gains nothing, and of packed bytes nobody knows the length
before they are made.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, cast

from zipstream.ng import ZipStream, ZipStreamInfo

_RIGHTS = 0o100644 << 16  # a plain file that everybody reads


class _Closable(Protocol):
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Member:
    """``path`` with slashes; ``size`` in bytes; ``content`` the bytes, or what opens them when their turn comes."""

    path: str
    size: int
    modified: datetime
    content: bytes | Callable[[], Iterator[bytes]]


class _Dated(ZipStream):  # type: ignore[misc]
    """The library writes the time at which it runs and rights for the owner alone; a stream that is asked for a second
    time, from its middle, has to be the same one. Only what makes one entry is ours.
    """

    def __init__(self, dates: dict[str, tuple[int, ...]]) -> None:
        super().__init__(sized=True)
        self._dates = dates

    def _gen_file_entry(self, *, iterable: Any = None, size: int = 0, arcname: str, **_more: Any) -> Iterator[bytes]:
        entry = ZipStreamInfo(arcname, self._dates[arcname])
        entry.external_attr = _RIGHTS
        entry.file_size = size
        entry.header_offset = self._pos
        for piece in entry._file_data(iterable):
            yield self._track(piece)
        if entry.file_size != size:
            raise RuntimeError(f"{arcname} has {entry.file_size} bytes instead of {size}")
        self._filelist.append(entry)


def _zip(members: Iterable[Member]) -> ZipStream:
    dates: dict[str, tuple[int, ...]] = {}
    made = _Dated(dates)
    for member in members:
        moment = member.modified.astimezone(UTC)
        dates[member.path] = moment.timetuple()[:6]
        made.add(_pieces(member), member.path, size=member.size)
    return made


def length(members: Sequence[Member]) -> int:
    """Bytes of the whole ZIP; no member is opened."""
    return len(_zip(members))


def stream(members: Sequence[Member]) -> Iterator[bytes]:
    """The ZIP in pieces, those of one member at a time; Zip64 where it must be.

    What a member raises when it is opened or read passes through: the ZIP is then broken off. Close the iterator when
    it is abandoned.
    """
    yield from _zip(members)


def _pieces(member: Member) -> Iterator[bytes]:
    if isinstance(member.content, bytes):
        yield member.content
        return
    pieces = member.content()
    with closing(cast(_Closable, pieces)):
        yield from pieces
