"""``/api``: every operation of the REST interface, from the OpenAPI document, without a script.

The document is in English. Its sentences have a code each, and ``operations.po`` the words in the language of the page.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api import conditional, i18n, render, security
from api.i18n import Language
from api.pages import fields
from api.pages.fields import Field, Node, Piece, followed
from api.pages.frame import sent

_METHODS = ("get", "head", "options", "post", "put", "patch", "delete")
_LINE = re.compile(r"(?<!\n)\n(?!\n)")  # that ends no paragraph
_LONGEST = 80  # characters of a code that is made from a sentence


@dataclass(frozen=True, slots=True)
class Parameter:
    place: str
    field: Field


@dataclass(frozen=True, slots=True)
class Content:
    """What is sent, either way. ``example`` is text as it goes over the line; ``command`` one that sends a form."""

    media_types: Sequence[str]
    kind: Sequence[Piece]
    fields: Sequence[Field]
    example: str
    command: str


@dataclass(frozen=True, slots=True)
class Answer:
    """``headers`` and ``contents`` are told of answers that are no refusal."""

    status: str
    description: str
    headers: Sequence[str]
    contents: Sequence[Content]


@dataclass(frozen=True, slots=True)
class Operation:
    """``policy`` is the word of ``api.routing.Policy``."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    policy: str
    parameters: Sequence[Parameter]
    bodies: Sequence[Content]
    answers: Sequence[Answer]


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    operations: Sequence[Operation]


@dataclass(frozen=True, slots=True)
class Schema:
    name: str
    description: str
    fields: Sequence[Field]


@dataclass(frozen=True, slots=True)
class Reference:
    language: Language
    groups: Sequence[Group]
    schemas: Sequence[Schema]
    openapi_url: str
    api_url: str

    def summary(self, operation: Operation) -> str:
        return self._words(summary_code(operation.method, operation.path), operation.summary)

    def said(self, sentence: str) -> str:
        """A sentence of the document in the language of the page."""
        return self._words(sentence_code(sentence), sentence)

    def described(self, field: Field) -> str:
        """What a field is; its name in words, where the document says no more."""
        return self.said(field.description) if field.description else self._words(f"field.{field.name}", "")

    def _words(self, code: str, english: str) -> str:
        return i18n.message(code, self.language) if code in i18n.catalogue(self.language) else english


def show(request: Request) -> Response:
    spoken = i18n.supported(render.spoken(request))
    document: dict[str, Any] = request.app.openapi()
    base_url = request.app.state.installation.settings.base_url
    page = Reference(
        language=spoken,
        groups=_groups(document, base_url),
        schemas=_schemas(document),
        openapi_url=f"{base_url}/api/openapi.json",
        api_url=f"{base_url}/api",
    )
    return sent(request, render.html(request, "reference.html", page), spoken, policy=security.PAGES)


def document(request: Request) -> Response:
    """The OpenAPI document itself."""
    content = json.dumps(request.app.openapi(), ensure_ascii=False, separators=(",", ":")).encode()
    etag = conditional.tag(content)
    return conditional.answer(request, content, media_type="application/json", etag=etag, vary="", packs=True)


def summary_code(method: str, path: str) -> str:
    return f"operation.{method.upper()} {path}"


@cache
def sentence_code(sentence: str) -> str:
    return "said." + re.sub(r"[^a-z0-9]+", "-", sentence.lower())[:_LONGEST].strip("-")


def _groups(document: Node, base_url: str) -> list[Group]:
    found: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                told = _operation(document, base_url, path, method)
                found.setdefault((methods[method].get("tags") or ["other"])[0], []).append(told)
    return [Group(name, operations) for name, operations in found.items()]


def _operation(document: Node, base_url: str, path: str, method: str) -> Operation:
    said = document["paths"][path][method]
    content = said.get("requestBody", {}).get("content", {})
    return Operation(
        anchor=said["operationId"],
        method=method.upper(),
        path=path,
        summary=said.get("summary", ""),
        description=_LINE.sub(" ", said.get("description", "")),
        policy=said.get("x-policy", "public"),
        parameters=[_parameter(document, each) for each in said.get("parameters", [])],
        bodies=list(_contents(document, content, f"{base_url}{path}")),
        answers=[_answer(document, status, each) for status, each in sorted(said["responses"].items())],
    )


def _parameter(document: Node, given: Node) -> Parameter:
    said = followed(document, given)
    schema = {**said.get("schema", {}), "description": said.get("description", "")}
    return Parameter(said["in"], fields.field(document, said["name"], schema, required=said.get("required", False)))


def _answer(document: Node, status: str, said: Node) -> Answer:
    good = status.startswith("2")
    contents = list(_contents(document, said.get("content", {}), "")) if good else []
    return Answer(status, said.get("description", ""), list(said.get("headers", {})) if good else [], contents)


def _contents(document: Node, content: Mapping[str, Any], url: str) -> Iterator[Content]:
    """One for each form that can be sent; types of the same form together."""
    alike: dict[str, list[str]] = {}
    for media_type, said in content.items():
        alike.setdefault(json.dumps(said), []).append(media_type)
    for media_types in alike.values():
        said = content[media_types[0]]
        schema = said.get("schema", {})
        yield Content(
            media_types=media_types,
            kind=list(fields.kind(document, schema)),
            fields=fields.of_object(document, schema),
            example=next(_examples(document, said), ""),
            command=_command(document, schema, url) if media_types == ["multipart/form-data"] else "",
        )


def _examples(document: Node, content: Node) -> Iterator[str]:
    schema = followed(document, content.get("schema", {}))
    named = [example.get("value") for example in content.get("examples", {}).values()]
    for example in [content.get("example"), *named, *schema.get("examples", [])]:
        if example is not None:
            yield example if isinstance(example, str) else json.dumps(example, ensure_ascii=False, indent=2)


def _command(document: Node, schema: Node, url: str) -> str:
    """How curl sends the parts of a form."""
    parts = []
    for name, said in followed(document, schema)["properties"].items():
        part = followed(document, said)
        if part["type"] == "object":
            parts.append(f"-F '{name}=@{name}.json;type=application/json'")
        else:
            parts.append(f"-F '{name}=@lesson.pdf'" if part["type"] == "array" else f"-F '{name}=…'")
    return " \\\n  ".join(['curl -H "Authorization: Bearer $TOKEN"', *parts, url])


def _schemas(document: Node) -> list[Schema]:
    """Those that fields of bodies, answers and refusals are made of."""
    sent = [
        content.get("schema", {})
        for methods in document["paths"].values()
        for said in methods.values()
        for each in [said.get("requestBody", {}), *said["responses"].values()]
        for content in each.get("content", {}).values()
    ]
    distinct = {json.dumps(schema): schema for schema in sent}
    found = {"ProblemOut"} | fields.named_in(document, distinct.values())
    schemas = document["components"]["schemas"]
    return [
        Schema(name, " ".join(schemas[name].get("description", "").split()).replace("``", "`"), told)
        for name in sorted(found)
        if (told := fields.of_object(document, schemas[name]))
    ]
