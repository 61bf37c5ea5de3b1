"""``/api/uploads``: files that are sent in parts and go on after a lost line or a killed server (tus 1.0.0).

https://tus.io/protocols/resumable-upload — creation, creation-with-upload, termination, checksum, expiration. The
offset is what the store holds durably and nothing else, so it is right after any crash, on any node.
"""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Path, Request
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

import storage.errors as stores
from api import conditional, deps, parts, resumable, streams, writing
from api.deps import Caller, Credentials, Here
from api.errors import DoorError
from api.resumable import TusRoute
from api.routes.uploads import REFUSALS, asking_for_precondition, precondition, upload_url
from api.routing import Responses, Router, refusals
from api.streams import BrokenOff
from oer import deposits, policy, uploads
from oer.db import reading, transaction
from oer.deposits import Received
from oer.errors import Gone, TooLarge, Unavailable
from oer.installation import Installation
from oer.models import Upload
from oer.policy import Actor
from oer.uploads import Coming, Room
from storage.store import Stored

router = Router(tags=["uploads"])

UploadId = Annotated[str, Path(description="From the `Location` of its creation")]

_AGAIN = {"Retry-After": "5"}  # seconds: a line that has fallen silent is let go by then
_ANSWERS: Responses = {
    **REFUSALS,
    **refusals({412: "Another version of tus, or the file to replace is another", 503: "Try again later"}),
}
_ENDED = refusals(
    {410: "The upload has expired, or its draft has ended", 423: "It is received on another line just now"}
)
_CHECKED = refusals({460: "The bytes do not have the promised checksum"})


@router.api_route("/api/uploads", methods=["OPTIONS"], include_in_schema=False, openapi_extra={"x-policy": "public"})
@router.api_route(
    "/api/uploads/{upload_id}", methods=["OPTIONS"], include_in_schema=False, openapi_extra={"x-policy": "public"}
)
def options(here: Here) -> Response:
    """What a client may count on."""
    return Response(
        status_code=204,
        headers={
            "Tus-Resumable": resumable.VERSION,
            "Tus-Version": resumable.VERSION,
            "Tus-Extension": resumable.EXTENSIONS,
            "Tus-Max-Size": str(here.settings.max_file_size),
            "Tus-Checksum-Algorithm": ",".join(resumable.ALGORITHMS),
        },
    )


# ── Creation ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Announced:
    """What a client wants to send, and where."""

    public_id: str
    file: Coming
    size: int
    told: str


@router.write(
    "POST",
    "/api/uploads",
    policy="draft",
    stream=TusRoute,
    status_code=201,
    response_class=Response,
    summary="Begin an upload that can be resumed",
    description=(
        "tus 1.0.0. `Upload-Metadata` says where the file goes and what it is: `resource` (public id of the resource "
        "whose draft it is for) and `filename`, and if wanted `role`, `language` and `sha256` (the checksum of the "
        "whole file in hex), each value in Base64. To replace a file of that name, say which in `If-Match`. A body of "
        "type `application/offset+octet-stream` is the beginning of the file. The file stands in the draft as soon as "
        "its last byte has come."
    ),
    extra={
        "requestBody": {"required": False, **resumable.PARTS},
        "parameters": [
            resumable.TUS,
            resumable.header("Upload-Length", "Bytes of the whole file", required=True, **resumable.NUMBER),
            resumable.header(
                "Upload-Metadata", "Pairs of a key and a value in Base64, with commas between", required=True
            ),
            resumable.header("If-Match", "ETag of the file to replace, or `*`"),
            resumable.CHECKSUM,
        ],
    },
    responses={
        **_ANSWERS,
        **_ENDED,
        **_CHECKED,
        **refusals({428: "There is a file of that name: say which one is replaced"}),
    },
)
async def create(request: Request, here: Here, caller: Caller) -> Response:
    announced = _announced(request)
    brings = resumable.is_part(request)
    if not brings and streams.declared(request):
        raise DoorError("media-type.unsupported", expected=resumable.OFFSET_STREAM)
    answer, upload, offset = await run_in_threadpool(_created, request, here, caller, announced)
    known = None
    if brings and offset == 0:
        offset, known = await _received(request, here, upload, offset)
    if offset == upload.size and upload.key is None:
        await streams.apart(request, lambda: _finished(here, caller, upload, known))
    answer.headers["Upload-Offset"] = str(offset)
    return answer


def _announced(request: Request) -> _Announced:
    """Raises DoorError without a length, Invalid for metadata that say too little."""
    size = resumable.length(request)
    told = ",".join(request.headers.getlist("upload-metadata"))
    said = resumable.metadata(told)
    file = uploads.coming(
        said["filename"],
        role=said.get("role") or None,
        language=said.get("language"),
        checksum=said.get("sha256", "").lower() or None,
        **precondition(request),
    )
    return _Announced(said["resource"], file, size, told)


def _created(
    request: Request, here: Installation, caller: Credentials, announced: _Announced
) -> tuple[Response, Upload, int]:
    """The answer to a creation, the upload, and its offset. For a request made again, those of the first."""
    with reading(here.engine) as session, asking_for_precondition(request):
        actor = deps.signed_in(session, here, caller)
        if "idempotency-key" in request.headers:  # what was done may stand in the way of itself
            policy.require_scope(actor, "deposit")
        else:
            asked = (announced.public_id, announced.file)
            uploads.admit(session, actor, *asked, size=announced.size, limits=here.settings, now=here.now())
    upload_id = here.store.begin()

    def deed(session: Session, actor: Actor) -> writing.Answer:
        made = uploads.begin(
            session,
            actor,
            announced.public_id,
            upload_id,
            announced.file,
            size=announced.size,
            told=announced.told,
            limits=here.settings,
            lifetime=_lifetime(here),
            now=here.now(),
        )
        expires = conditional.http_date(made.expires)
        return writing.Answer(201, headers={"Location": upload_url(here, made.id), "Upload-Expires": expires})

    meant = hashlib.sha256(repr(announced).encode("utf-8", "surrogatepass")).hexdigest()
    try:
        with asking_for_precondition(request):
            answer = writing.write(request, here, caller, deed, content=meant)
    except BaseException:
        with suppress(stores.StoreError):
            here.store.abort(upload_id)
        raise
    kept = answer.headers["location"].rpartition("/")[2]
    if kept != upload_id:
        with suppress(stores.StoreError):
            here.store.abort(upload_id)
    upload, offset = _state(here, caller, kept)
    return answer, upload, offset


# ── Going on ─────────────────────────────────────────────────────────────────────────────────────


@router.write(
    "PATCH",
    "/api/uploads/{upload_id}",
    policy="owner",
    stream=TusRoute,
    status_code=204,
    response_class=Response,
    summary="Send more of an upload",
    description=(
        "The bytes from `Upload-Offset` on. What came before a line broke is kept. With `Upload-Checksum` all bytes of "
        "the request are kept, or none (460). After the last byte the file stands in the draft."
    ),
    extra={
        "requestBody": {"required": True, **resumable.PARTS},
        "parameters": [
            resumable.TUS,
            resumable.header("Upload-Offset", "How many bytes are there (`HEAD`)", required=True, **resumable.NUMBER),
            resumable.CHECKSUM,
        ],
    },
    responses={**_ANSWERS, **_ENDED, **_CHECKED},
)
async def patch(request: Request, here: Here, caller: Caller, upload_id: UploadId) -> Response:
    if not resumable.is_part(request):
        raise DoorError("media-type.unsupported", expected=resumable.OFFSET_STREAM)
    given = resumable.offset(request)
    await streams.let_go(upload_id)

    def go_on() -> tuple[Upload, int]:
        with transaction(here.engine) as session:
            actor = deps.signed_in(session, here, caller)
            uploads.go_on(session, actor, upload_id, lifetime=_lifetime(here), now=here.now())
        return _state(here, caller, upload_id)

    upload, offset = await run_in_threadpool(go_on)
    if offset != given:
        raise stores.WrongOffset(offset)
    known = None
    if offset < upload.size or streams.declared(request):
        offset, known = await _received(request, here, upload, offset)
    if offset == upload.size and upload.key is None:
        await streams.apart(request, lambda: _finished(here, caller, upload, known))
    headers = {"Upload-Offset": str(offset), "Upload-Expires": conditional.http_date(upload.expires)}
    return Response(status_code=204, headers=headers)


async def _received(request: Request, here: Installation, upload: Upload, offset: int) -> tuple[int, Stored | None]:
    """The new offset after all bytes of the request, and what they are where they are the whole file.

    Raises DoorError where the line breaks: what came is kept.
    """
    room = Room(upload.size - offset, TooLarge("upload.too-long", size=upload.size))
    room.require(streams.declared(request) or 0)
    promise = resumable.promise(request)

    def add(pieces: Iterator[bytes]) -> tuple[int, Stored | None]:
        limited = room.limited(pieces)
        if promise is not None:
            limited = parts.verified(limited, *promise, folder=here.settings.data)
        if offset == 0 and streams.declared(request) == upload.size:
            stored = parts.added_whole(here.store, upload.id, limited)
            return stored.size, stored
        return parts.added(here.store, upload.id, offset, limited), None

    try:
        return await streams.into_thread(request, add, name=upload.id)
    except BrokenOff:
        raise DoorError("upload.broken-off") from None
    except stores.ChecksumMismatch:
        raise DoorError("upload.checksum-wrong") from None
    except (stores.Busy, stores.Missing):  # missing: another line has brought the last byte
        raise DoorError("upload.busy", headers=_AGAIN) from None


def _state(here: Installation, caller: Credentials, upload_id: str) -> tuple[Upload, int]:
    """An upload and how many of its bytes are durable. Raises as ``uploads.own``, Gone where its draft has ended."""
    upload = _own(here, caller, upload_id)
    if upload.key is not None:
        return upload, upload.size
    try:
        return upload, here.store.size(upload_id)
    except stores.Missing:
        # Another line may have brought the last byte since we looked at the row.
        upload = _own(here, caller, upload_id)
        if upload.key is None:
            raise Gone("upload.expired") from None
        return upload, upload.size


def _own(here: Installation, caller: Credentials, upload_id: str) -> Upload:
    with reading(here.engine) as session:
        upload = uploads.own(session, deps.signed_in(session, here, caller), upload_id, now=here.now())
        if upload.key is None:
            uploads.target(session, upload)
        return upload


def _finished(here: Installation, caller: Credentials, upload: Upload, known: Stored | None = None) -> None:
    """Make the whole bytes a file of the draft. Once more does no harm: after a crash, a lost reply, on another line.

    Raises Invalid for another checksum than promised; then the upload is over, and nothing of it is kept.
    """
    try:
        stored = here.store.finish(upload.id, upload.checksum, known)
    except stores.ChecksumMismatch:
        with transaction(here.engine) as session:
            uploads.cancel(session, deps.signed_in(session, here, caller), upload.id, now=here.now())
        here.store.abort(upload.id)
        raise
    except stores.Busy:
        raise DoorError("upload.busy", headers=_AGAIN) from None
    except stores.Missing:
        if _own(here, caller, upload.id).key is None:
            raise Gone("upload.expired") from None
        return
    received = Received(stored, deposits.detect(here.store, stored, name=upload.name))
    try:
        with transaction(here.engine) as session:
            actor = deps.signed_in(session, here, caller)
            uploads.complete(session, actor, upload.id, here.store, received, limits=here.settings, now=here.now())
    except Unavailable as error:
        if error.code == "blob.being-removed":
            # Bytes that are put again stay: the sweeper sees it, and the next try finds them.
            here.store.put(here.store.open(stored.key))
        raise
    with suppress(stores.StoreError):
        here.store.abort(upload.id)


async def head(request: Request, here: Here, caller: Caller, upload_id: UploadId) -> Response:
    """How many bytes are there. What stopped between the last byte and the draft is brought to its end first:
    a client that hears of all its bytes asks no more.
    """
    await streams.let_go(upload_id)
    upload, offset = await run_in_threadpool(_state, here, caller, upload_id)
    if offset == upload.size and upload.key is None:
        await streams.apart(request, lambda: _finished(here, caller, upload))
    headers = {
        "Upload-Offset": str(offset),
        "Upload-Length": str(upload.size),
        "Upload-Metadata": upload.told,
        "Upload-Expires": conditional.http_date(upload.expires),
        "Cache-Control": "no-store",
    }
    return Response(headers=headers)


router.add_api_route(
    "/api/uploads/{upload_id}",
    head,
    methods=["HEAD"],
    route_class_override=TusRoute,
    response_class=Response,
    summary="How much of an upload is there",
    response_description="Found",
    openapi_extra={"x-policy": "owner", "parameters": [resumable.TUS]},
    responses={**_ANSWERS, **_ENDED},
)


@router.write(
    "DELETE",
    "/api/uploads/{upload_id}",
    policy="owner",
    stream=TusRoute,
    status_code=204,
    response_class=Response,
    summary="Give an upload up",
    description="What came of it is thrown away. A file that is whole stays in its draft.",
    extra={"parameters": [resumable.TUS]},
    responses={**_ANSWERS, **_ENDED},
)
def terminate(here: Here, caller: Caller, upload_id: UploadId) -> Response:
    with transaction(here.engine) as session:
        uploads.cancel(session, deps.signed_in(session, here, caller), upload_id, now=here.now())
    here.store.abort(upload_id)
    return Response(status_code=204)


async def override(request: Request, here: Here, caller: Caller, upload_id: UploadId) -> Response:
    """For networks that let no other method through: ``X-HTTP-Method-Override``."""
    method = request.headers.get("x-http-method-override", "").upper()
    if method == "PATCH":
        answer: Response = await patch(request, here, caller, upload_id)
        return answer
    if method == "DELETE":
        return await run_in_threadpool(terminate, here, caller, upload_id)
    raise DoorError("method.not-allowed", headers={"Allow": "DELETE, HEAD, PATCH"})


router.add_api_route(
    "/api/uploads/{upload_id}",
    override,
    methods=["POST"],
    route_class_override=TusRoute,
    response_class=Response,
    include_in_schema=False,
    openapi_extra={"x-policy": "owner"},
)


def _lifetime(here: Installation) -> timedelta:
    return timedelta(days=here.settings.upload_days)
