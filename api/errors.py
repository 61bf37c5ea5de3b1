"""What went wrong, as an HTTP answer: one table of statuses, problem documents (RFC 9457), pages for browsers."""

import json
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import storage.errors as stores
from api import i18n, render, security
from metadata import findings
from metadata.findings import Problem
from oer import identifiers
from oer.errors import (
    Conflict,
    Forbidden,
    Full,
    Gone,
    Invalid,
    Misconfigured,
    NotFound,
    OerError,
    Stale,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
)

logger = logging.getLogger(__name__)

STATUS: Mapping[type[OerError], int] = {
    Invalid: 422,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Gone: 410,
    Conflict: 409,
    Stale: 412,
    TooLarge: 413,
    TooMany: 429,
    Full: 507,
    Unavailable: 503,
    Misconfigured: 500,
}

# Codes of the doors themselves, beside those of ``oer.errors.CODES``.
DOOR_CODES: Mapping[str, int] = {
    "method.not-allowed": 405,
    "format.not-acceptable": 406,
    "media-type.unsupported": 415,
    "range.unsatisfiable": 416,
    "request.malformed": 400,
    "idempotency.key-invalid": 400,
    "precondition.required": 428,
    "form.malformed": 400,
    "tus.version-unsupported": 412,
    "tus.length-missing": 400,
    "tus.length-deferred": 400,
    "tus.checksum-unsupported": 400,
    "upload.broken-off": 400,
    "upload.busy": 423,
    "upload.checksum-wrong": 460,
    "uploads.too-many": 503,
    "rate.exceeded": 429,
    "oembed.format-unknown": 501,
    "internal": 500,
}

_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")  # that any address of ours takes or could
_DAMAGED = frozenset({"store.damaged", "record.damaged"})
_DAMAGE_RETRY = 3600  # seconds: somebody has to bring the bytes back

# What FastAPI finds in parameters, as codes whose sentences exist.
_FINDINGS: Mapping[str, str] = {"missing": "field.missing", "extra_forbidden": "field.unknown"}

# Bounds of pydantic's, each with the name of its limit.
_BOUNDS: Mapping[str, str] = {
    "greater_than_equal": "ge",
    "less_than_equal": "le",
    "string_too_long": "max_length",
    "string_too_short": "min_length",
    "too_long": "max_length",
    "too_short": "min_length",
}
# How its names of wrong kinds begin → what belongs there, words of ``type.…``.
_KINDS: Mapping[str, str] = {
    "int": "integer",
    "bool": "boolean",
    "string": "text",
    "list": "list",
    "dict": "object",
    "model": "object",
    "date": "date",
}


class DoorError(Exception):
    """A refusal of the door itself, before anything of the repository was asked: a code of :data:`DOOR_CODES`."""

    def __init__(self, code: str, *, headers: Mapping[str, str] | None = None, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.headers = dict(headers or {})
        self.params = params


@dataclass(frozen=True, slots=True)
class Fault:
    """An answer in the making: status, code with what fills its sentence, and what else is said."""

    status: int
    code: str
    params: Mapping[str, object] = field(default_factory=dict)
    problems: Sequence[Problem] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    tombstone: Mapping[str, str | None] = field(default_factory=dict)


def of_repository(error: OerError) -> Fault:
    headers: dict[str, str] = {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="api"'
        if error.code.startswith("token."):
            headers["WWW-Authenticate"] += ', error="invalid_token"'  # RFC 6750, section 3
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.params.get("seconds", 1))
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(_DAMAGE_RETRY if error.code in _DAMAGED else error.retry_after)
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    return Fault(
        status,
        error.code,
        error.params,
        _problems(error),
        headers,
        _tombstone(error) if isinstance(error, Gone) else {},
    )


def _problems(error: OerError) -> Sequence[Problem]:
    """What is wrong, each with its field: also where all of it is one field, which the error names."""
    if not isinstance(error, Invalid):
        return ()
    field_ = error.params.get("field")
    return error.problems or ([Problem(error.code, str(field_), error.params)] if field_ else ())


def _tombstone(gone: Gone) -> dict[str, str | None]:
    """What stays visible: the name, the state, the class of the reason, words for it, the day; never the record."""
    since = gone.params.get("since")
    shown: dict[str, str | None] = {}
    for name in ("id", "state", "reason", "note"):
        if name in gone.params:
            value = gone.params[name]
            shown[name] = None if value is None else str(value)
    if isinstance(since, datetime):
        shown["since"] = since.astimezone(UTC).isoformat().replace("+00:00", "Z")  # as pydantic writes all the others
    return shown


def of_store(error: stores.StoreError) -> OerError:
    """A store's error in the repository's words. Bytes that are missing where a row names them are damage."""
    match error:
        case stores.Full():
            return Full("store.full")
        case stores.ChecksumMismatch():
            return Invalid("checksum.mismatch", expected=error.expected, found=error.found)
        case stores.WrongOffset():
            return Conflict("upload.offset-wrong", expected=error.expected)
        case stores.TooLarge():
            return TooLarge("file.too-large", limit=error.params.get("bytes", ""))
        case stores.Missing() | stores.Damaged():
            logger.error("bytes are damaged or missing", extra={"fault": str(error)})
            return Unavailable("store.damaged")
        case _:
            logger.warning("the store does not answer", extra={"fault": str(error)})
            return Unavailable("store.unavailable")


def of_validation(error: RequestValidationError) -> Fault:
    """Parameters that are not what the route takes, each with its name as the field, and what it would take."""
    problems = []
    for found in error.errors():
        place = findings.path(tuple(found["loc"][1:] or found["loc"]))
        code = _FINDINGS.get(found["type"], "request.parameter-invalid")
        told = _allowed(found) if code == "request.parameter-invalid" else {}
        problems.append(Problem(code, place, {"name": place, **told}))
    return Fault(422, "request.invalid", {"field": problems[0].field if problems else ""}, problems)


def _allowed(found: Mapping[str, Any]) -> dict[str, object]:
    """What would be accepted, as the code of a second sentence (``i18n.message``) with what fills it.

    What was sent is not repeated: a password may have come to the wrong place.
    """
    kind, bounds = found["type"], found.get("ctx", {})
    if kind in {"enum", "literal_error"}:
        return {"allowed": "choices", "choices": findings.choices(bounds["expected"])}
    if kind in {"greater_than_equal", "less_than_equal"}:
        return {"allowed": kind.replace("_", "-"), "limit": bounds[_BOUNDS[kind]]}
    if kind in _BOUNDS:
        return {"allowed": kind.replace("_", "-"), "limit": bounds[_BOUNDS[kind]]}
    if kind == "string_pattern_mismatch":
        return {"allowed": "pattern", "pattern": bounds["pattern"]}
    if kind == "repeated":
        return {"allowed": "once"}
    expected = next((word for begins, word in _KINDS.items() if kind.startswith(begins)), None)
    return {"allowed": "kind", "expected": expected} if expected else {}


def of_framework(error: HTTPException) -> Fault:
    """Starlette's own refusals; their words are dropped, their headers stay."""
    codes = {404: "page.unknown", 405: "method.not-allowed", 413: "request.too-large"}
    status = error.status_code
    code = codes.get(status) or ("request.malformed" if status < 500 else "internal")
    return Fault(status, code, headers=dict(error.headers or {}))


def of_door(error: DoorError) -> Fault:
    return Fault(DOOR_CODES[error.code], error.code, error.params, headers=error.headers)


def of_any(error: Exception) -> Fault | None:
    """Any refusal, for a route whose refusals bear headers of their own; None for what nobody expected."""
    match error:
        case OerError():
            return of_repository(error)
        case stores.StoreError():
            return of_repository(of_store(error))
        case RequestValidationError():
            return of_validation(error)
        case DoorError():
            return of_door(error)
        case _:
            return None


def install(app: FastAPI) -> None:
    """Let every error become an answer."""

    async def repository(request: Request, error: Any) -> Response:
        return answer(request, of_repository(error))

    async def store(request: Request, error: Any) -> Response:
        return answer(request, of_repository(of_store(error)))

    async def validation(request: Request, error: Any) -> Response:
        return answer(request, of_validation(error))

    async def framework(request: Request, error: Any) -> Response:
        fault = of_framework(error)
        if fault.status == 405:
            methods = ", ".join(_methods(request))
            fault = replace(fault, params={"methods": methods}, headers={**fault.headers, "Allow": methods})
        return answer(request, fault)

    async def door(request: Request, error: Any) -> Response:
        return answer(request, of_door(error))

    app.add_exception_handler(OerError, repository)
    app.add_exception_handler(stores.StoreError, store)
    app.add_exception_handler(RequestValidationError, validation)
    app.add_exception_handler(HTTPException, framework)
    app.add_exception_handler(DoorError, door)


def _methods(request: Request) -> list[str]:
    """What this address takes. The framework names the methods of the first route alone, and ours are often two."""
    routes = request.app.routes

    def works(method: str) -> bool:
        return any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)

    return [method for method in _METHODS if works(method)]


class Catching:
    """The last net: an unexpected error is logged under an id, and the answer bears that id and nothing else.

    Once an answer has begun, the error goes on to the server, which breaks the connection: a short body must never
    look like a whole one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            logger.info("a client hung up", extra={"path": scope["path"], "begun": begun})
        except Exception:
            name = secrets.token_hex(6)
            logger.exception("an answer failed", extra={"error_id": name, "path": scope["path"], "begun": begun})
            if begun:
                raise
            await answer(Request(scope, receive), Fault(500, "internal", {"id": name}))(scope, receive, send)


def answer(request: Request, fault: Fault) -> Response:
    """A problem document; for a browser outside the machines' addresses, a page."""
    spoken = render.language(request)
    headers = {
        "Content-Language": spoken,
        "Vary": "Accept, Accept-Language, Authorization",
        "Cache-Control": "no-store",
        **fault.headers,
    }
    if _wants_page(request):
        spoken = render.spoken(request)
        page = ErrorPage.of(fault, spoken)
        headers |= {"Content-Language": spoken, "Content-Security-Policy": security.SCRIPTED}
        content = render.html(request, "error.html", page)
        return Response(content, fault.status, headers, media_type="text/html; charset=utf-8")
    # Halves of letters that somebody has sent become the escapes that they came as.
    body = json.dumps(document(request, fault, spoken), ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Response(body, fault.status, headers, media_type="application/problem+json")


def document(request: Request, fault: Fault, spoken: i18n.Language) -> dict[str, Any]:
    """RFC 9457: ``type`` is an address that explains the code; ``code`` and ``errors`` are ours."""
    installation = request.app.state.installation
    body: dict[str, Any] = {
        "type": f"{installation.settings.base_url}/api/problems/{fault.code}",
        "title": i18n.heading(fault.code, fault.status, spoken),
        "status": fault.status,
        "detail": i18n.message(fault.code, spoken, **fault.params),
        "code": fault.code,
        "errors": [
            {
                "field": problem.field,
                "code": problem.code,
                "severity": problem.severity,
                "message": i18n.message(problem.code, spoken, **problem.params),
            }
            for problem in fault.problems
        ],
    }
    if fault.tombstone:
        body["tombstone"] = dict(fault.tombstone)
        name = identifiers.oai_identifier(installation.repository_id, str(fault.tombstone["id"]))
        body["tombstone"]["oai_identifier"] = name
    return body


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """``id``, ``reason``, ``note`` and ``since`` belong to tombstones."""

    status: int
    title: str
    detail: str
    id: str | None
    reason: str | None
    note: str | None
    since: datetime | None

    @classmethod
    def of(cls, fault: Fault, spoken: i18n.Language) -> "ErrorPage":
        since = fault.params.get("since")
        return cls(
            fault.status,
            i18n.heading(fault.code, fault.status, spoken),
            i18n.message(fault.code, spoken, **fault.params),
            fault.tombstone.get("id"),
            fault.tombstone.get("reason"),
            fault.tombstone.get("note"),
            since if isinstance(since, datetime) else None,
        )


def _wants_page(request: Request) -> bool:
    """A browser names text/html outright; programs that take anything get the document."""
    path = request.scope["path"]
    if path == "/oai":
        return request.method != "POST" and render.browsing(request)
    machines = path.startswith(("/api/", "/health/", "/static/")) or path == "/api"
    return not machines and "text/html" in request.headers.get("accept", "").lower()
