"""Files on their way to a repository and back: whole, in parts that go on after a broken line, and checked."""

import base64
import hashlib
import secrets
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from urllib3 import BaseHTTPResponse

from oer.client.errors import ApiError, ClientError, Damaged
from oer.client.line import Answer, Broken, Content, Line, Patience, pieces

BYTES = "application/octet-stream"
_PART = "application/offset+octet-stream"
_PIECE = 1 << 20
_TUS = {"Tus-Resumable": "1.0.0"}
_OFFSET = "upload-offset"
_OFFSET_WRONG = "upload.offset-wrong"  # the server holds more or fewer bytes than we thought: ask it


@dataclass(frozen=True)
class Source:
    """A file to send, with its checksum (hex)."""

    content: Path | bytes
    name: str
    size: int
    sha256: str

    def part(self, start: int = 0, end: int | None = None, *, media_type: str = BYTES) -> Content:
        """The bytes from ``start`` to before ``end``."""
        length = (self.size if end is None else end) - start
        return Content(length, media_type, partial(self._pieces, start, length))

    def _pieces(self, start: int, length: int) -> Iterator[bytes]:
        if isinstance(self.content, bytes):
            yield self.content[start : start + length]
            return
        try:
            with self.content.open("rb") as file:
                file.seek(start)
                while length:
                    piece = file.read(min(_PIECE, length))
                    if not piece:
                        raise ClientError(f"{self.content} has become shorter")
                    length -= len(piece)
                    yield piece
        except OSError as error:
            raise ClientError(f"{self.content}: {error.strerror}") from error

    @property
    def digest_field(self) -> str:
        """For ``Content-Digest`` (RFC 9530)."""
        return f"sha-256=:{base64.b64encode(bytes.fromhex(self.sha256)).decode()}:"


def source(content: Path | str | bytes, name: str | None) -> Source:
    """A path, or bytes with a name. Raises OSError, ValueError."""
    if isinstance(content, bytes):
        if name is None:
            raise ValueError("bytes need a name")
        size, digest = len(content), hashlib.sha256(content).hexdigest()
    else:
        content = Path(content)
        with content.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
    # Names of files on macOS are decomposed; the repository keeps composed ones.
    found = name or (content.name if isinstance(content, Path) else "")
    return Source(content, unicodedata.normalize("NFC", found), size, digest)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file goes: the draft of a resource, and what it is there. ``match``: If-Match, to replace one."""

    resource: str
    role: str | None
    language: str | None
    match: str | None


def put(line: Line, file: Source, place: Place) -> None:
    """Send a file in one request, again and again until it is there."""
    headers = {"Content-Digest": file.digest_field} | ({"If-Match": place.match} if place.match else {})
    path = f"/api/resources/{quote(place.resource, safe='')}/draft/files/{quote(file.name, safe='')}"
    query = {"role": place.role, "language": place.language}
    line.ask("PUT", path, query=query, content=file.part(), headers=headers)


def send(line: Line, file: Source, place: Place, *, part_size: int | None) -> None:
    """Send a file by tus 1.0.0, going on where the line broke, or where an earlier run of the program ended."""
    path, offset = _unfinished(line, file, place) or (_begun(line, file, place), 0)
    patience = line.patience()
    while offset < file.size:
        end = file.size if part_size is None else min(file.size, offset + part_size)
        reached = _sent(line, path, file, offset, end, patience)
        if reached > offset:
            patience.renew()
        offset = reached


def _sent(line: Line, path: str, file: Source, start: int, end: int, patience: Patience) -> int:
    """The offset after one more part, or after what came of it."""
    headers = {**_TUS, "Upload-Offset": str(start)}
    try:
        answer = line.once(
            "PATCH", path, content=file.part(start, end, media_type=_PART), headers=headers, needs=_OFFSET
        )
    except Broken as error:
        patience.wait(error)
        return _offset(line, path)
    if answer.status == 204:
        return int(answer.headers[_OFFSET])
    if not answer.later and answer.error().code != _OFFSET_WRONG:
        raise answer.error()
    patience.wait(answer)
    return _offset(line, path)


def _offset(line: Line, path: str) -> int:
    return int(line.ask("HEAD", path, headers=_TUS, needs=_OFFSET).headers[_OFFSET])


def _begun(line: Line, file: Source, place: Place) -> str:
    headers = {**_TUS, "Upload-Length": str(file.size), "Upload-Metadata": _metadata(file, place)}
    if place.match:
        headers["If-Match"] = place.match
    answer = line.ask("POST", "/api/uploads", headers=headers, needs="location")
    return _path(answer.headers["location"])


def _metadata(file: Source, place: Place) -> str:
    told = {
        "resource": place.resource,
        "filename": file.name,
        "sha256": file.sha256,
        "role": place.role,
        "language": place.language,
    }
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in told.items() if value)


def _unfinished(line: Line, file: Source, place: Place) -> tuple[str, int] | None:
    """An upload of the same bytes to the same place that was begun before, and how far it has come."""
    for told in line.ask("GET", "/api/uploads", query={"limit": 100}).json["items"]:
        if (told["resource"], told["name"], told["size"]) == (place.resource, file.name, file.size):
            path = _path(told["url"])
            with suppress(ApiError):  # it may have ended since
                answer = line.ask("HEAD", path, headers=_TUS, needs=_OFFSET)
                if answer.headers.get("upload-metadata") == _metadata(file, place):
                    return path, int(answer.headers[_OFFSET])
    return None


def _path(url: str) -> str:
    """Of the address that the server gives: it may know itself by another name than we do."""
    return f"/api/uploads/{quote(url.rpartition('/')[2], safe='')}"


def download(
    line: Line, path: str, to: Path, *, sha256: str | None, sound: Callable[[Path], bool] | None = None
) -> None:
    """Get a file; after a broken line the rest of it. Nothing is at ``to`` before all bytes have the right checksum.

    ``sound`` judges in place of a checksum what has none. Raises ApiError, Unreachable, Damaged, OSError.
    """
    part = to.with_name(f".{to.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as kept:
            coming = _Coming(kept, sha256)
            patience, farthest = line.patience(), 0
            while (met := coming.go_on(line, path)) is not None:
                if kept.tell() > farthest:
                    patience.renew()
                    farthest = kept.tell()
                patience.wait(met)
        if sound is not None:
            if not sound(part):
                raise Damaged(f"{to.name}: its members are not whole")
        elif coming.digest.hexdigest() != coming.promised:
            raise Damaged(f"{to.name}: expected {coming.promised}, found {coming.digest.hexdigest()}")
        part.replace(to)
    finally:
        part.unlink(missing_ok=True)


def whole_zip(path: Path) -> bool:
    """Whether every member of a ZIP has the checksum that the ZIP says."""
    try:
        with zipfile.ZipFile(path) as found:
            return found.testzip() is None
    except zipfile.BadZipFile:
        return False


class _Coming:
    """A file as far as it has come."""

    def __init__(self, kept: BinaryIO, sha256: str | None) -> None:
        self._kept = kept
        self._etag = ""
        self.promised = sha256
        self.digest = hashlib.sha256()

    def go_on(self, line: Line, path: str) -> Answer | Broken | None:
        """None at the end, otherwise what was met on the way. Raises ApiError, Unreachable."""
        done = self._kept.tell()
        headers = {"Range": f"bytes={done}-", "If-Range": self._etag} if done and self._etag else {}
        try:
            with line.opened("GET", path, headers=headers) as response:
                if response.status not in (200, 206):
                    answer = Answer(response.status, response.headers, b"".join(pieces(response)))
                    if not answer.later:
                        raise answer.error()
                    return answer
                self._take(response)
        except Broken as error:
            return error
        return None

    def _take(self, response: BaseHTTPResponse) -> None:
        if response.status == 200:  # from the beginning, whatever was asked for
            self._kept.seek(0)
            self._kept.truncate()
            self.digest = hashlib.sha256()
        self._etag = response.headers.get("etag", "")
        self.promised = self.promised or _promised(response.headers)
        for piece in pieces(response):
            self._kept.write(piece)
            self.digest.update(piece)


def _promised(headers: Mapping[str, str]) -> str | None:
    """The SHA-256 (hex) of ``Repr-Digest``."""
    for pair in headers.get("repr-digest", "").split(","):
        name, _, value = pair.strip().partition("=")
        if name.lower() == "sha-256":
            with suppress(ValueError):
                return base64.b64decode(value.strip(":"), validate=True).hex()
    return None


def form(fields: Mapping[str, str], files: Sequence[Source]) -> Content:
    """``multipart/form-data`` (RFC 7578), the fields first."""
    boundary = secrets.token_hex(24)
    parts: list[bytes | Source] = []
    for name, value in fields.items():
        parts += [_head(boundary, f'name="{name}"'), value.encode(), b"\r\n"]
    for file in files:
        shown = file.name.replace("\\", "_").replace('"', "_").replace("\r", "_").replace("\n", "_")
        parts += [_head(boundary, f'name="file"; filename="{shown}"'), file, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())

    def written() -> Iterator[bytes]:
        for part in parts:
            if isinstance(part, Source):
                yield from part.part().pieces()
            else:
                yield part

    size = sum(part.size if isinstance(part, Source) else len(part) for part in parts)
    return Content(size, f"multipart/form-data; boundary={boundary}", written)


def _head(boundary: str, told: str) -> bytes:
    return f"--{boundary}\r\nContent-Disposition: form-data; {told}\r\n\r\n".encode()
