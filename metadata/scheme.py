"""One vocabulary as it is shipped: ``metadata/terms/<name>.json``, one term a line, each read when it is asked for.

Most processes name a handful of the thousands of terms; all of the thesaurus as objects would be nine megabytes of
each of them, where its lines are one.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from types import MappingProxyType

_ID = b'{"id":"'


@dataclass(frozen=True, slots=True)
class Term:
    """One term. ``labels``: language → label; ``alternative``: language → other names; ``broader``: URIs of its scheme.

    ``notation`` is the code of the scheme (``0613``, ``4.7``, ``closedCaptions``, ``CC BY 4.0``), else the last part
    of the URI. Terms that are not ``offered`` are valid where they stand, but no form shows them. ``extra``: mappings
    to other formats, strings, lists parted by spaces. ``in_house``: languages whose label has no official standing.
    """

    uri: str
    scheme: str
    notation: str
    labels: Mapping[str, str]
    alternative: Mapping[str, tuple[str, ...]]
    broader: tuple[str, ...]
    offered: bool
    extra: Mapping[str, str]
    in_house: tuple[str, ...]


class Scheme(Mapping[str, Term]):
    """Terms by URI, in the order of the file; ``overrides``: URI → language → the operator's label."""

    def __init__(self, name: str, overrides: Mapping[str, Mapping[str, str]]) -> None:
        head, *lines = shipped(name).rstrip().removesuffix(b"\n]}").split(b"\n")
        self._name, self._overrides = name, overrides
        self._base: str = json.loads(head + b"]}")["base"]
        self._lines = {self._full(_identifier(line)): line for line in lines}
        self._read: dict[str, Term] = {}

    def __getitem__(self, uri: str) -> Term:
        found = self._read.get(uri)
        if found is None:
            found = self._read[uri] = self._overridden(self._term(uri, self._lines[uri]))
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __contains__(self, uri: object) -> bool:
        return uri in self._lines

    def __len__(self) -> int:
        return len(self._lines)

    def _full(self, identifier: str) -> str:
        return identifier if "://" in identifier else self._base + identifier

    def _term(self, uri: str, line: bytes) -> Term:
        raw = json.loads(line.rstrip(b","))
        return Term(
            uri=uri,
            scheme=self._name,
            notation=raw.get("notation", raw["id"]),
            labels=MappingProxyType(raw["labels"]),
            alternative=MappingProxyType({lang: tuple(names) for lang, names in raw.get("alt", {}).items()}),
            broader=tuple(self._full(wider) for wider in raw.get("broader", ())),
            offered=raw.get("offered", True),
            extra=MappingProxyType(raw.get("extra", {})),
            in_house=tuple(raw.get("review", ())),
        )

    def _overridden(self, term: Term) -> Term:
        """The term with the operator's labels; the shipped ones still find it."""
        ours = self._overrides.get(term.uri)
        if not ours:
            return term
        alternative = dict(term.alternative)
        for lang in ours.keys() & term.labels.keys():
            alternative[lang] = (*alternative.get(lang, ()), term.labels[lang])
        return replace(
            term,
            labels=MappingProxyType({**term.labels, **ours}),
            alternative=MappingProxyType(alternative),
            in_house=tuple(lang for lang in term.in_house if lang not in ours),
        )


def shipped(name: str) -> bytes:
    """The file of a vocabulary."""
    return resources.files("metadata").joinpath("terms", f"{name}.json").read_bytes()


def _identifier(line: bytes) -> str:
    """What a line begins with; ``metadata.terms.build`` writes it first, and no identifier holds a quotation mark."""
    if not line.startswith(_ID):
        raise ValueError(f"a term's line begins with its id, not {line[:20]!r}")
    return line[len(_ID) : line.index(b'"', len(_ID))].decode()
