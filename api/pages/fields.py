"""What the schemas of the OpenAPI document say, as rows of a page: names, types, allowed values and limits."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Node = Mapping[str, Any]

_LIMITS = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a type: ``schema`` names the one that is told on its own."""

    text: str
    schema: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    required: bool
    kind: Sequence[Piece]
    allowed: Sequence[str]
    limits: Sequence[Limit]
    description: str


def followed(document: Node, node: Node) -> Node:
    """The thing itself where a reference stands."""
    while "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def of_object(document: Node, schema: Node) -> list[Field]:
    """The fields of an object; none of what is no object, or may have any names."""
    said = followed(document, schema)
    required = said.get("required", [])
    return [field(document, name, each, required=name in required) for name, each in said.get("properties", {}).items()]


def field(document: Node, name: str, node: Node, *, required: bool) -> Field:
    return Field(
        name=name,
        required=required,
        kind=list(kind(document, node)),
        allowed=list(dict.fromkeys(_allowed(document, node))),
        limits=list(_limits(document, node)),
        description=node.get("description", ""),
    )


def kind(document: Node, node: Node) -> Iterator[Piece]:
    """``string``, ``Text[]``, ``integer | null``: schemas with fields by name, the others by what they are."""
    if "$ref" in node:
        yield from _named(document, node)
    elif several := _several(node):
        for position, each in enumerate(several):
            if position:
                yield Piece(" | ")
            yield from kind(document, each)
    elif node.get("type") == "array":
        inner = list(kind(document, node.get("items", {})))
        union = any(piece.text == " | " for piece in inner)
        yield from [Piece("("), *inner, Piece(")[]")] if union else [*inner, Piece("[]")]
    elif node.get("type") == "object":
        values = node.get("additionalProperties")
        yield from (
            [Piece("{…: "), *kind(document, values), Piece("}")] if isinstance(values, dict) else [Piece("object")]
        )
    else:
        shape = f" ({node['format']})" if "format" in node else ""
        yield Piece(f"{node.get('type', 'any')}{shape}")


def _named(document: Node, node: Node) -> Iterator[Piece]:
    name, said = node["$ref"].rpartition("/")[2], followed(document, node)
    if "properties" in said:
        yield Piece(name, name)
    else:
        yield from kind(document, said)


def named_in(document: Node, schemas: Iterable[Node]) -> set[str]:
    """The names of the schemas that these speak of, and of those that they speak of in turn."""
    waiting = [name for schema in schemas for name in _spoken_of(document, schema)]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _spoken_of(document, document["components"]["schemas"][name])
    return found


def _spoken_of(document: Node, schema: Node) -> list[str]:
    told = of_object(document, schema)
    pieces = [piece for each in told for piece in each.kind] if told else kind(document, schema)
    return [piece.schema for piece in pieces if piece.schema]


def _several(node: Node) -> Sequence[Node]:
    return node.get("anyOf") or node.get("oneOf") or node.get("allOf") or []


def _allowed(document: Node, node: Node) -> Iterator[str]:
    said = followed(document, node)
    values = said.get("enum", [said["const"]] if "const" in said else [])
    yield from (str(value) for value in values if value is not None)
    for each in [*_several(said), *([said["items"]] if "items" in said else [])]:
        yield from _allowed(document, each)


def _limits(document: Node, node: Node) -> Iterator[Limit]:
    said = followed(document, node)
    yield from (Limit(name, _plain(said[name])) for name in _LIMITS if name in said)
    if said.get("default") not in (None, "", [], {}) and not isinstance(said["default"], dict | list):
        yield Limit("default", said["default"] if isinstance(said["default"], str) else json.dumps(said["default"]))
    for each in _several(said):
        yield from _limits(document, each)


def _plain(value: Any) -> Any:
    """In JSON 30.0 is the number 30."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
