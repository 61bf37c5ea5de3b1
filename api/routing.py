"""Routes that say what they ask of the caller, and JSON bodies read strictly, before anything looks at them."""

import hashlib
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.types import Message

from api.errors import DoorError
from api.schemas import ProblemOut
from metadata import reading
from oer.errors import Invalid, TooLarge

_SLACK = 64 * 1024  # bytes that a body may have beside the largest record in it
_BODY = "oer.body"
MERGE_PATCH = "application/merge-patch+json"

_IF_MATCH: dict[str, Any] = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of what was read; `*` insists on nothing",
    "schema": {"type": "string"},
    "examples": {"any": {"value": "*"}, "read": {"value": '"3-9d5c1f0a7b2e4c6d8f001122"'}},
}
_IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": (
        "1 to 200 visible ASCII characters without spaces, of your choice and new for each deed: the same request made "
        "again within two days gets the same answer"
    ),
    "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
    "example": "3f6f1c0e-8a4b-4d55-9f0b-6a1f0b7c2d11",
}

Endpoint = Callable[..., Any]
Responses = dict[int | str, dict[str, Any]]

Policy = Literal[
    "public",  # anybody; what is not public is not found
    "reader",  # anybody, within the scope read
    "signed-in",  # any person
    "owner",  # whoever began it
    "self",  # the person it is about, or an administrator
    "draft",  # the workflow's table of drafts
    "resource",  # the workflow's table of resources
    "author",  # the author of the resource, or a reviewer
    "collection",  # the workflow's table of collections; where membership is open, whoever brings their own
    "member",  # a role in the institution
    "reviewer",  # a reviewer of the institution
    "manager",  # a manager of the institution
    "administrator",
]


class JsonRoute(APIRoute):
    """A route whose body is JSON or nothing."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        reads = self.body_field is not None
        needs = self.body_field is not None and self.body_field.field_info.is_required()

        async def strict(request: Request) -> Response:
            return await handle(await _read(request, expected=reads, required=needs))

        return strict


async def _read(request: Request, *, expected: bool, required: bool) -> Request:
    """The request with its whole body, which is JSON in UTF-8 without repeated keys.

    Raises TooLarge; DoorError for another media type; Invalid with line and column of a mistake, and for a body
    where none is taken: what it says would be lost in silence.
    """
    limit = request.app.state.installation.settings.max_record_size + _SLACK
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > limit:
            raise TooLarge("request.too-large", limit=limit)
    body = bytes(content)
    if body and not expected:
        raise Invalid("body.unexpected")
    if body or required:
        _require_json(request)
        if not body:
            raise Invalid("body.missing")
        _, problems = reading.load(body)
        if problems:
            raise Invalid("request.invalid", problems=problems, field="JSON")
    request.scope[_BODY] = hashlib.sha256(body).hexdigest()

    async def again() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(request.scope, again)


def _require_json(request: Request) -> None:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    patch = request.method == "PATCH"
    if given != "application/json" and not (patch and given == MERGE_PATCH):
        wanted = MERGE_PATCH if patch else "application/json"
        raise DoorError("media-type.unsupported", expected=wanted)


def fingerprint(request: Request, content: str | None = None) -> str:
    """A SHA-256 of what was asked: method, address, query, precondition and body (``content``: its digest, where it
    was a stream).
    """
    address = [request.method, request.scope["path"], request.scope["query_string"].decode("latin-1")]
    address += request.headers.getlist("if-match")
    parts = [*address, content or request.scope.get(_BODY, "")]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def refusals(words: Mapping[int, str]) -> Responses:
    """The ``responses`` of routes that refuse with these statuses, and what each means there."""
    return {status: {"model": ProblemOut, "description": meaning} for status, meaning in words.items()}


class Router(APIRouter):
    """Routes that name their policy: ``x-policy`` in the OpenAPI document, which the policy matrix is made from."""

    def __init__(self, *, responses: Responses | None = None, **options: Any) -> None:
        wrong = refusals({422: "A parameter is wrong"})
        super().__init__(route_class=JsonRoute, responses={**wrong, **(responses or {})}, **options)

    def read(self, path: str, *, policy: Policy, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """GET, and HEAD beside it without a place of its own in the OpenAPI document."""
        options.setdefault("response_description", "Found")

        def register(function: Endpoint) -> Endpoint:
            self.add_api_route(path, function, methods=["GET"], openapi_extra={"x-policy": policy}, **options)
            self.add_api_route(path, function, methods=["HEAD"], include_in_schema=False, response_class=Response)
            return function

        return register

    def write(
        self,
        method: Literal["POST", "PUT", "PATCH", "DELETE"],
        path: str,
        *,
        policy: Policy,
        stream: bool | type[APIRoute] = False,
        matched: bool = False,
        extra: dict[str, Any] | None = None,
        **options: Any,
    ) -> Callable[[Endpoint], Endpoint]:
        """One writing method. With ``stream`` (True, or a class of routes) the function reads the body itself.

        ``matched`` ones ask for If-Match; ``extra`` goes into the OpenAPI.
        """
        once = method == "POST" or (method == "PATCH" and not stream)  # what cannot simply be sent again
        headers = [_IF_MATCH] * matched + [_IDEMPOTENCY_KEY] * once
        described = {"x-policy": policy, **(extra or {})}
        described["parameters"] = [*headers, *described.get("parameters", [])]
        options.setdefault("response_description", "Done")

        def register(function: Endpoint) -> Endpoint:
            self.add_api_route(
                path,
                function,
                methods=[method],
                openapi_extra=described,
                route_class_override=APIRoute if stream is True else stream or None,
                **options,
            )
            return function

        return register
