"""One bucket of an S3 server: the few requests a store needs, with every failure as an error of our own.

minio-py waits 5 minutes and tries five times by default, keeps ten connections, and hides conditional writes and
single parts behind private methods; hence the pool of our own and the pin ``minio<8``.
"""

import contextlib
import hashlib
import http.client
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import ParseError

import urllib3
from minio import Minio
from minio.commonconfig import CopySource
from minio.datatypes import Part
from minio.deleteobjects import DeleteObject
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError

from storage.checksums import hex_to_base64
from storage.errors import Damaged, Full, Missing, StoreError, TooLarge, Unavailable

# Parts of a multipart upload, the last one excepted, have at least this size; and there are at most so many.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
LEAST_PART = 5 << 20
MOST_PARTS = 10_000

_READ = 1 << 20
_Headers = dict[str, str | list[str] | tuple[str]]
_FULL = frozenset({"XMinioStorageFull", "QuotaExceeded", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage"})
_CONDITION = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "BadDigest", "XAmzContentChecksumMismatch"})
_ABSENT = frozenset({"NoSuchKey", "NoSuchUpload"})


class Taken(Exception):
    """A conditional write found the name in use: an answer to the store, never an error that leaves it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """An object in the bucket, as a listing or a write shows it."""

    name: str
    size: int
    etag: str
    modified: datetime | None = None


class Bucket:
    """Credentials live in the client alone, and no representation shows them."""

    def __init__(
        self,
        endpoint: str,
        name: str,
        *,
        access_key: str,
        secret_key: str,
        secure: bool = True,
        region: str = "us-east-1",
        connect_timeout: float = 5.0,
        read_timeout: float = 60.0,
        retries: int = 3,
    ) -> None:
        self.endpoint = endpoint
        self.name = name
        self._retries = retries
        self._region = region
        self._ready = False
        pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=connect_timeout, read=read_timeout),
            maxsize=32,
            cert_reqs="CERT_REQUIRED",
            retries=urllib3.Retry(
                total=retries, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504], raise_on_status=False
            ),
        )
        # `region` saves the request that would ask for it.
        self._client = Minio(
            endpoint, access_key=access_key, secret_key=secret_key, secure=secure, region=region, http_client=pool
        )

    def __repr__(self) -> str:
        return f"Bucket({self.endpoint!r}, {self.name!r})"

    def close(self) -> None:
        """Let the connections go."""
        self._client._http.clear()

    def ready(self) -> None:
        """Make the bucket if it is not there; asked once in the life of this object."""
        if self._ready:
            return
        with _translated():
            try:
                if not self._client.bucket_exists(self.name):
                    self._client.make_bucket(self.name, self._region)
            except S3Error as error:
                # A key for one bucket alone may not ask about it, and another process may have been faster.
                if error.code not in ("AccessDenied", "BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                    raise
        self._ready = True

    # ── single objects ───────────────────────────────────────────────────────────────────────────

    def put(self, name: str, content: bytes, *, headers: Mapping[str, str] | None = None) -> Piece:
        """Write one object whole. Raises Damaged where a condition or checksum in `headers` does not hold.

        The server is told the digest: on a plain connection bytes were garbled on the way, acknowledged, and found
        to be wrong only when they were read.
        """
        self.ready()
        told: dict[str, str | list[str] | tuple[str]] = {
            "x-amz-checksum-sha256": hex_to_base64(hashlib.sha256(content).hexdigest()),
            **(headers or {}),
        }
        with _translated(name):
            answer = self._client._put_object(self.name, name, content, told)
            return Piece(name, len(content), answer.etag or "")

    def put_new(self, name: str, content: bytes) -> None:
        """Write one object unless the name is in use (Taken). Servers that ignore the condition overwrite."""
        try:
            self.put(name, content, headers={"If-None-Match": "*"})
        except Damaged as error:
            raise Taken(name) from error

    def head(self, name: str) -> Piece:
        """Raises Missing."""
        self.ready()
        with _translated(name):
            found = self._client.stat_object(self.name, name)
            return Piece(name, found.size or 0, found.etag or "", found.last_modified)

    def read(self, piece: Piece, start: int, end: int, *, pinned: bool = False) -> Generator[bytes, None, None]:
        """The bytes from `start` to `end`; a connection that breaks is taken up again where it broke.

        With `pinned`, only the very object that the listing showed is read, else Damaged.
        """
        failures = 0
        while start < end:
            try:
                with contextlib.closing(self._stream(piece, start, end, pinned=pinned)) as stream:
                    for content in stream:
                        start += len(content)
                        yield content
            except Unavailable:
                failures += 1
                if failures > self._retries:
                    raise
            else:
                if start < end:
                    raise Damaged(piece.name, "too short")

    def _stream(self, piece: Piece, start: int, end: int, *, pinned: bool) -> Generator[bytes, None, None]:
        headers: _Headers = {"If-Match": f'"{piece.etag}"'} if pinned else {}
        with _translated(piece.name):
            answer = self._client.get_object(
                self.name, piece.name, offset=start, length=end - start, request_headers=headers
            )
        try:
            # A server that ignores the range, or an object that has become shorter, would answer with other bytes.
            if answer.headers.get("Content-Length") != str(end - start):
                raise Damaged(piece.name, "another length")
            while True:
                with _translated(piece.name):
                    content = answer.read(_READ)
                if not content:
                    return
                yield content
        finally:
            with contextlib.suppress(OSError, urllib3.exceptions.HTTPError):
                answer.close()
                answer.release_conn()

    def delete(self, name: str) -> None:
        """No error where nothing is there."""
        self.ready()
        with contextlib.suppress(Missing), _translated(name):
            self._client.remove_object(self.name, name)

    def delete_all(self, names: Iterable[str]) -> None:
        """Many in few requests; raises Unavailable where the server keeps one."""
        self.ready()
        with _translated():
            for error in self._client.remove_objects(self.name, (DeleteObject(name) for name in names)):
                raise Unavailable(error.code or "delete")

    def listed(self, prefix: str, *, page: int = 1000) -> Iterator[Piece]:
        """Objects in the order of their names, `page` a request, each page asked for when it is needed."""
        self.ready()
        objects = self._client._list_objects(self.name, prefix=prefix, max_keys=page)
        while True:
            with _translated():
                found = next(objects, None)
            if found is None:
                return
            if found.object_name is not None and not found.is_dir:
                yield Piece(found.object_name, found.size or 0, (found.etag or "").strip('"'), found.last_modified)

    # ── many pieces into one object ──────────────────────────────────────────────────────────────

    def join(self, name: str, pieces: list[Piece]) -> None:
        """Make one object of pieces, copied inside the server where they are large enough, else through memory.

        The object appears whole or not at all, and each piece must still be what its ETag says (Damaged).
        """
        total = sum(piece.size for piece in pieces)
        groups = grouped(pieces, max(LEAST_PART, -(-total // (MOST_PARTS - 1))))
        if total <= LEAST_PART or not groups:
            self.put(name, self._gather(pieces))
            return
        with _translated():
            upload = self._client._create_multipart_upload(self.name, name, {})
        try:
            parts = [self._part(name, upload, number, group) for number, group in enumerate(groups, 1)]
            self._complete(name, upload, parts, total)
        except BaseException:
            with contextlib.suppress(StoreError), _translated():
                self._client._abort_multipart_upload(self.name, name, upload)
            raise

    def _complete(self, name: str, upload: str, parts: list[Part], total: int) -> None:
        with _translated():
            self._client._complete_multipart_upload(self.name, name, upload, parts)
        # The answer may be 200 with an error inside, which the client takes for success.
        if self.head(name).size != total:
            raise Unavailable("multipart upload not completed")

    def _part(self, name: str, upload: str, number: int, group: list[Piece]) -> Part:
        if len(group) > 1:
            content = self._gather(group)
            with _translated(name):
                return Part(number, self._client._upload_part(self.name, name, content, None, upload, number))
        headers: _Headers = {**CopySource(self.name, group[0].name, match_etag=group[0].etag).gen_copy_headers()}
        with _translated(group[0].name):
            etag, _ = self._client._upload_part_copy(self.name, name, upload, number, headers)
        return Part(number, etag)

    def _gather(self, pieces: list[Piece]) -> bytes:
        return b"".join(content for piece in pieces for content in self.read(piece, 0, piece.size, pinned=True))

    def abort_joins(self, prefix: str, older_than: datetime) -> int:
        """Give up multipart uploads that a crashed process left below `prefix`; returns how many."""
        self.ready()
        aborted = 0
        key_marker = upload_marker = None
        while True:
            with _translated():
                page = self._client._list_multipart_uploads(
                    self.name, prefix=prefix, key_marker=key_marker, upload_id_marker=upload_marker
                )
            for each in page.uploads:
                if each.initiated_time is not None and each.initiated_time < older_than:
                    with contextlib.suppress(Missing), _translated(each.object_name):
                        self._client._abort_multipart_upload(self.name, each.object_name, each.upload_id or "")
                    aborted += 1
            key_marker, upload_marker = page.next_key_marker, page.next_upload_id_marker
            if not page.is_truncated or not key_marker:
                return aborted


def grouped(pieces: list[Piece], least: int) -> list[list[Piece]]:
    """Neighbours put together so that every group but the last has at least `least` bytes; empty pieces drop out."""
    groups: list[list[Piece]] = []
    size = least
    for piece in pieces:
        if piece.size == 0:
            continue
        if size >= least:
            groups.append([])
            size = 0
        groups[-1].append(piece)
        size += piece.size
    return groups


@contextmanager
def _translated(name: str = "") -> Generator[None, None, None]:
    """What minio, urllib3 and the sockets raise, as the store's own errors; `name` is what may be missing."""
    try:
        yield
    except S3Error as error:
        raise _from_answer(error, name) from error
    except (ServerError, InvalidResponseError) as error:
        status = error.status_code if isinstance(error, ServerError) else error._code
        raise _from_status(status) from error
    except urllib3.exceptions.HTTPError as error:
        cause = error.reason if isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason else error
        raise Unavailable(type(cause).__name__) from error
    # ValueError: an answer that is no XML of the expected kind, or no text at all.
    except (MinioException, OSError, http.client.HTTPException, ParseError, ValueError) as error:
        raise Unavailable(type(error).__name__) from error


def _from_answer(error: S3Error, name: str) -> StoreError:
    code, status = error.code or "", error.response.status
    if code in _ABSENT:
        return Missing(key=name)
    if code in _FULL or status == 507:
        return Full()
    if code in _CONDITION or status == 412:
        return Damaged(name, code)
    if code == "EntityTooLarge":
        return TooLarge()
    if code == "InvalidRange" or status == 416:
        return Damaged(name, "too short")
    return Unavailable(code or str(status))


def _from_status(status: int) -> StoreError:
    return Full() if status == 507 else Unavailable(f"HTTP {status}")
