"""The protocol of uploads that can be resumed (tus 1.0.0): its headers, and its version in every answer.

https://tus.io/protocols/resumable-upload
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from api import errors
from api.errors import DoorError
from metadata.findings import Problem, shown
from oer.errors import Invalid
from storage import checksums

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,checksum,expiration"
ALGORITHMS = ("sha1", "sha256", "sha512")
OFFSET_STREAM = "application/offset+octet-stream"

_NUMBER = re.compile(r"[0-9]{1,15}", re.ASCII)
_LENGTH = re.compile(r"[0-9]{1,100}", re.ASCII)  # more than anybody takes is too much (413), not nonsense
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


class TusRoute(APIRoute):
    """Answers bear the version, refusals too; a request must name the same."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def versioned(request: Request) -> Response:
            try:
                _require_version(request)
                answer = await handle(request)
            except Exception as error:
                fault = errors.of_any(error)
                if fault is None:
                    raise
                answer = errors.answer(request, fault)
            answer.headers["Tus-Resumable"] = VERSION
            return answer

        return versioned


def _require_version(request: Request) -> None:
    if request.headers.get("tus-resumable") != VERSION:
        raise DoorError("tus.version-unsupported", headers={"Tus-Version": VERSION})


def header(name: str, words: str, *, required: bool = False, **schema: Any) -> dict[str, Any]:
    """A header in the OpenAPI document."""
    told = {"name": name, "in": "header", "required": required, "description": words}
    return {**told, "schema": {"type": "string", **schema}}


TUS = header("Tus-Resumable", f"`{VERSION}`", required=True, enum=[VERSION])
CHECKSUM = header(
    "Upload-Checksum",
    f"Of the bytes of this request: {', '.join(ALGORITHMS)}, then Base64",
    pattern="^(sha1 [A-Za-z0-9+/]{27}=|sha256 [A-Za-z0-9+/]{43}=|sha512 [A-Za-z0-9+/]{86}==)$",
)
NUMBER: dict[str, Any] = {"pattern": "^[0-9]{1,15}$"}
PARTS: dict[str, Any] = {"content": {OFFSET_STREAM: {"schema": {"type": "string", "format": "binary"}}}}


def is_part(request: Request) -> bool:
    """Whether the body is bytes of a file."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == OFFSET_STREAM


def length(request: Request) -> int:
    """``Upload-Length`` in bytes. Raises DoorError without it: no upload begins without a known end."""
    given = request.headers.get("upload-length")
    if given is None and "upload-defer-length" in request.headers:
        raise DoorError("tus.length-deferred")
    if given is None or not _LENGTH.fullmatch(given):
        raise DoorError("tus.length-missing")
    return int(given)


def offset(request: Request) -> int:
    """``Upload-Offset`` in bytes. Raises DoorError."""
    given = request.headers.get("upload-offset", "")
    if not _NUMBER.fullmatch(given):
        raise DoorError("request.malformed")
    return int(given)


def metadata(told: str) -> dict[str, str]:
    """What ``Upload-Metadata`` says: ``key base64,key base64``. Keys that nobody here knows are others' business.

    Raises Invalid for another form, without ``resource`` or ``filename``, and for a ``sha256`` that is none.
    """
    said: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in told.split(","))):
        key, _, value = pair.partition(" ")
        try:
            said[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError):
            place = f"Upload-Metadata.{shown(key, 80)}" if key else "Upload-Metadata"
            problem = Problem("tus.metadata-invalid", place)
            raise Invalid("request.invalid", problems=[problem], field=place) from None
    missing = [name for name in ("resource", "filename") if not said.get(name)]
    if missing:
        problems = [Problem("field.missing", f"Upload-Metadata.{name}") for name in missing]
        raise Invalid("request.invalid", problems=problems, field=problems[0].field)
    if said.get("sha256") and not _SHA256.fullmatch(said["sha256"]):
        place = "Upload-Metadata.sha256"
        problem = Problem("request.parameter-invalid", place, {"name": place, "allowed": "sha256"})
        raise Invalid("request.invalid", problems=[problem], field=place)
    return said


def promise(request: Request) -> tuple[str, str] | None:
    """Algorithm and digest (hex) of ``Upload-Checksum``. Raises DoorError for others than ours."""
    given = request.headers.get("upload-checksum")
    if given is None:
        return None
    algorithm, _, digest = given.strip().partition(" ")
    try:
        found = checksums.base64_to_hex(digest)
    except ValueError:
        found = ""
    if algorithm not in ALGORITHMS or len(found) != 2 * hashlib.new(algorithm).digest_size:
        raise DoorError("tus.checksum-unsupported", known=", ".join(ALGORITHMS))
    return algorithm, found
