"""A request with its answer, what the endpoint has said of itself, and a look at a rule: plain values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from harvest.check.answers import SECOND, Answer, MetadataFormat
from harvest.fetching import Reply

Value = str | bytes
Pair = tuple[str, Value]


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a rule: whether it holds and, where it does not, what was seen as a code with its values."""

    rule: str
    ok: bool
    seen: str = ""
    params: Mapping[str, object] = field(default_factory=dict)


Looks = Iterator[Look]


def look(rule: str, ok: bool, seen: str = "", **params: object) -> Look:
    """``look("http.status", status == 200, "oai.seen.status", status=status)``."""
    return Look(rule, ok, seen, params)


def said(rule: str, ok: bool, name: str, value: str, wanted: str | None = None) -> Look:
    """A look at something called ``name`` that says ``value``; ``wanted`` is what it should have said."""
    if not value:
        return look(rule, ok, "oai.seen.missing", name=name)
    if wanted is None:
        return look(rule, ok, "oai.seen.says", name=name, value=value)
    return look(rule, ok, "oai.seen.instead", name=name, value=value, other=wanted)


@dataclass(frozen=True, slots=True)
class Exchange:
    """``request`` is written as an address, of a POST too; ``answer`` is None where nobody could read it.

    ``sound``: nothing is wrong with the arguments, so the answer is not to say so. ``looks`` are at how it is written.
    """

    method: str
    request: str
    arguments: tuple[Pair, ...]
    sound: bool
    reply: Reply | None = None
    answer: Answer | None = None
    looks: tuple[Look, ...] = ()

    @property
    def verb(self) -> str:
        return next((str(value) for name, value in self.arguments if name == "verb"), "")

    @property
    def errors(self) -> list[str]:
        return [] if self.answer is None else self.answer.errors


@dataclass(slots=True)
class Known:
    """What the endpoint has said of itself so far; empty where it has not, or not so that one could use it.

    ``sets`` is None as long as not all of them are known. ``scheme`` is what an ``oai-identifier`` promises.
    """

    base_url: str = ""
    granularity: str = SECOND
    is_granularity_said: bool = False
    earliest: str = ""
    deleted_record: str = ""
    compression: tuple[str, ...] = ()
    scheme: tuple[str, str] | None = None
    formats: dict[str, MetadataFormat] = field(default_factory=dict)
    sets: frozenset[str] | None = None
    has_sets: bool = True
