"""The OpenAPI document: what the framework finds in the routes, and what it cannot know of our doors."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from api import formats
from api.routing import MERGE_PATCH
from api.schemas.base import exemplified

_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}
_LATER = {"Retry-After": {"description": "Seconds", "required": True, "schema": {"type": "integer", "minimum": 1}}}
_ETAG = {"ETag": {"description": "Of what is there", "required": True, "schema": {"type": "string"}}}
_WHEREVER = {
    429: "Too many requests; `Retry-After` says when to come back",
    503: "Try again later",
}
_KNOWN: dict[str, Any] = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of what was read: 304 where nothing has changed",
    "schema": {"type": "string"},
}
# Parameters of the query that name a thing, which may be unknown.
_NAMING = frozenset({"institution", "parent", "within", "contains", "url"})
_PUT_IN = ("/items", "/units")
_IN_FORMATS = ("get", "/api/resources/{public_id}")
_LINES = frozenset({"application/jsonl", "text/csv"})

Operation = dict[str, Any]


class Described(FastAPI):
    """``cookie`` is the name of the cookie of sessions."""

    cookie = "session"
    _completed: dict[str, Any] | None = None

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        if document is not self._completed:  # the framework keeps what it has made once
            for method, path, operation in _operations(document):
                _complete(method, path, operation)
            _forget_defaults(document)
            _put_nulls_back(document)
            document["components"]["securitySchemes"]["session"]["name"] = self.cookie
            self._completed = document
        return document


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, Operation]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def _forget_defaults(document: dict[str, Any]) -> None:
    """What a merge patch leaves out stays as it is, whatever the class that reads it has for a default."""
    for _, _, operation in _operations(document):
        said = operation.get("requestBody", {}).get("content", {}).get(MERGE_PATCH, {}).get("schema", {})
        if "$ref" in said:
            patch = document["components"]["schemas"][said["$ref"].rpartition("/")[2]]
            for each in patch["properties"].values():
                each.pop("default", None)


def _put_nulls_back(document: dict[str, Any]) -> None:
    """The framework drops every null of the document, those of examples too."""
    schemas = document["components"]["schemas"]
    for body, examples in exemplified():
        if body in schemas:
            schemas[body]["examples"] = examples


def _complete(method: str, path: str, operation: Operation) -> None:
    answers = operation["responses"]
    for status in [int(code) for code in answers if int(code) >= 400]:
        if not _possible(status, method, path, operation):
            del answers[str(status)]
        elif "content" in answers[str(status)]:
            answers[str(status)]["content"] = dict(_PROBLEM)
    for status, words in _of_writes(method, operation):
        answers.setdefault(str(status), {"description": words, "content": dict(_PROBLEM)})
    for status, words in _WHEREVER.items():
        answers.setdefault(str(status), {"description": words, "content": dict(_PROBLEM)})["headers"] = _LATER
    if operation.get("x-policy") in ("public", "reader") and "security" in operation:
        operation["security"].insert(0, {})
    if (method, path) == _IN_FORMATS:
        answers["200"]["content"] |= formats.contents()
    if method == "get" and not _LINES & answers["200"].get("content", {}).keys():
        answers["304"] = {"description": "The client has it", "headers": _ETAG}
        answers["412"] = {"description": "`If-Match` names others than what is there", "content": dict(_PROBLEM)}
        operation.setdefault("parameters", []).append(_KNOWN)
    operation["responses"] = dict(sorted(answers.items()))


def _of_writes(method: str, operation: Operation) -> Iterator[tuple[int, str]]:
    if any(one["name"] == "Idempotency-Key" for one in operation.get("parameters", [])):
        yield 400, "The `Idempotency-Key` is not 1 to 200 visible ASCII characters"
    if method not in ("get", "head"):
        yield 409, "Not possible in the present state, or done by somebody else in the same moment"


def _possible(status: int, method: str, path: str, operation: Operation) -> bool:
    """A router says what its routes may answer; not every one of them can."""
    named = {one["name"] for one in operation.get("parameters", [])}
    match status:
        case 400 | 409 | 507:
            return method not in ("get", "head")
        case 413 | 415:
            return "requestBody" in operation
        case 410:  # a resource or an upload that is named
            return "/resources/{" in path or "/uploads" in path or "contains" in named or path.endswith(_PUT_IN)
        case 404:
            return "{" in path or "requestBody" in operation or bool(named & _NAMING)
        case _:
            return True
