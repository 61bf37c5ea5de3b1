"""``/api``: every operation of the REST interface, from the OpenAPI document, without a script."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api import i18n, render
from api.pages.home import sent

_METHODS = ("get", "head", "options", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    place: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """``example`` is a body that the operation takes; ``policy`` the word of ``api.routing.Policy``."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    policy: str
    parameters: Sequence[Parameter]
    media_types: Sequence[str]
    example: str
    answers: Sequence[Answer]


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    operations: Sequence[Operation]


@dataclass(frozen=True, slots=True)
class Reference:
    groups: Sequence[Group]
    openapi_url: str
    api_url: str
    policies: Sequence[str]


def show(request: Request) -> Response:
    spoken = render.language(request)
    document: dict[str, Any] = request.app.openapi()
    groups = _groups(document)
    base_url = request.app.state.installation.settings.base_url
    page = Reference(
        groups=groups,
        openapi_url=f"{base_url}/api/openapi.json",
        api_url=f"{base_url}/api",
        policies=sorted({operation.policy for group in groups for operation in group.operations}),
    )
    return sent(request, render.html(request, "reference.html", page), i18n.supported(spoken))


def _groups(document: Mapping[str, Any]) -> list[Group]:
    found: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                said = methods[method]
                found.setdefault((said.get("tags") or ["other"])[0], []).append(_operation(document, path, method))
    return [Group(name, operations) for name, operations in found.items()]


def _operation(document: Mapping[str, Any], path: str, method: str) -> Operation:
    said = document["paths"][path][method]
    content = said.get("requestBody", {}).get("content", {})
    return Operation(
        anchor=said["operationId"],
        method=method.upper(),
        path=path,
        summary=said.get("summary", ""),
        description=said.get("description", ""),
        policy=said.get("x-policy", "public"),
        parameters=[_parameter(document, each) for each in said.get("parameters", [])],
        media_types=list(content),
        example=next(_examples(document, content), ""),
        answers=[Answer(status, each.get("description", "")) for status, each in sorted(said["responses"].items())],
    )


def _parameter(document: Mapping[str, Any], given: Mapping[str, Any]) -> Parameter:
    said = _followed(document, given)
    return Parameter(said["name"], said["in"], said.get("required", False), said.get("description", ""))


def _examples(document: Mapping[str, Any], content: Mapping[str, Any]) -> Iterator[str]:
    for each in content.values():
        schema = _followed(document, each.get("schema", {}))
        named = [example.get("value") for example in each.get("examples", {}).values()]
        for example in [each.get("example"), *named, *schema.get("examples", [])]:
            if example is not None:
                yield json.dumps(example, ensure_ascii=False, indent=2)


def _followed(document: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """The thing itself where a reference stands."""
    while "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node
