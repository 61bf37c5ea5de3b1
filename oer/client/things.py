"""What the API answers, as values: ``data`` holds all of it, properties what programs ask for most."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oer.client.errors import Fault

Record = dict[str, Any]


@dataclass(frozen=True)
class Thing:
    """``etag`` is that of the answer: the next write names it, and fails where somebody else was there first (412).

    Things of a list have none; a write through them insists on nothing.
    """

    data: Mapping[str, Any]
    etag: str | None = None

    def _text(self, name: str) -> str:
        return str(self.data[name])

    def _maybe(self, name: str) -> str | None:
        value = self.data[name]
        return None if value is None else str(value)


class Numbered(Thing):
    @property
    def id(self) -> int:
        return int(self.data["id"])


class Named(Thing):
    @property
    def id(self) -> str:
        """Public id."""
        return self._text("id")

    @property
    def state(self) -> str:
        return self._text("state")

    @property
    def institution(self) -> str:
        """Slug."""
        return str(self.data["institution"]["slug"])


class File(Thing):
    @property
    def name(self) -> str:
        return self._text("name")

    @property
    def media_type(self) -> str:
        return self._text("media_type")

    @property
    def size(self) -> int:
        return int(self.data["size"])

    @property
    def sha256(self) -> str:
        return self._text("sha256")

    @property
    def role(self) -> str:
        return self._text("role")

    @property
    def language(self) -> str | None:
        return self._maybe("language")

    @property
    def url(self) -> str:
        return self._text("url")


class _Described(Named):
    @property
    def record(self) -> Record:
        """A copy, to be changed and sent back."""
        return copy.deepcopy(dict(self.data["record"]))

    @property
    def files(self) -> list[File]:
        return [File(told) for told in self.data["files"]]

    def file(self, name: str) -> File:
        """Raises KeyError."""
        for file in self.files:
            if file.name == name:
                return file
        raise KeyError(name)


class Draft(_Described):
    """What is to become the next version of the resource of this id."""

    @property
    def note(self) -> str:
        return self._text("note")

    @property
    def based_on(self) -> int:
        """Number of the version it started from, 0 for a new resource."""
        return int(self.data["based_on"])

    @property
    def problems(self) -> int:
        """How many things still forbid to publish it."""
        return int(self.data["problems"])

    @property
    def actions(self) -> list[str]:
        """What you may do with it now."""
        return [str(action) for action in self.data["actions"]]


class DraftLine(Named):
    """A draft in a list; ``Client.draft`` gets the whole."""

    @property
    def title(self) -> list[dict[str, str]]:
        return list(self.data["title"])


class Resource(_Described):
    @property
    def version(self) -> int:
        return int(self.data["version"]["number"])

    @property
    def oai_identifier(self) -> str:
        return self._text("oai_identifier")

    @property
    def url(self) -> str:
        """The page for people."""
        return self._text("url")

    @property
    def tombstone(self) -> Mapping[str, Any] | None:
        """What everybody else sees instead, where it is out of sight."""
        found: Mapping[str, Any] | None = self.data["tombstone"]
        return found


class Version(Thing):
    @property
    def number(self) -> int:
        return int(self.data["number"])

    @property
    def digest(self) -> str:
        return self._text("digest")

    @property
    def note(self) -> str:
        return self._text("note")


class Verdict(Thing):
    @property
    def publishable(self) -> bool:
        return bool(self.data["publishable"])

    @property
    def problems(self) -> list[Fault]:
        """Errors and warnings, each with its field."""
        return [Fault.of(told) for told in self.data["problems"]]


class Decision(Thing):
    """What a reviewer has decided."""

    @property
    def state(self) -> str:
        """``published``, ``changes-requested`` or ``rejected``."""
        return self._text("state")

    @property
    def version(self) -> int | None:
        """Number of the version that was published."""
        number = self.data["version"]
        return None if number is None else int(number)


class Collection(Named):
    @property
    def titles(self) -> dict[str, str]:
        """By language."""
        return dict(self.data["titles"])

    @property
    def membership(self) -> str:
        return self._text("membership")

    @property
    def units(self) -> list[dict[str, Any]]:
        """In their order; none on a line of a list."""
        return list(self.data.get("units", ()))

    @property
    def resources(self) -> list[str]:
        """Public ids, in the order of all units."""
        return [str(item["resource"]) for unit in self.units for item in unit["items"]]


class Institution(Thing):
    @property
    def slug(self) -> str:
        return self._text("slug")

    @property
    def names(self) -> dict[str, str]:
        """By language."""
        return dict(self.data["names"])

    @property
    def kind(self) -> str:
        return self._text("kind")

    @property
    def parent(self) -> str | None:
        """Slug."""
        return self._maybe("parent")


class Term(Thing):
    """A term of a vocabulary."""

    @property
    def uri(self) -> str:
        """What a record says."""
        return self._text("uri")

    @property
    def labels(self) -> dict[str, str]:
        """By language."""
        return dict(self.data["labels"])


class Previews(Thing):
    """What is made of a file; ``data`` has all of it, with pixels and sizes."""

    @property
    def state(self) -> str | None:
        """``made``, ``nothing`` or ``failed``; None as long as nobody has looked into the file."""
        state: str | None = self.data["state"]
        return state

    @property
    def pages(self) -> int | None:
        pages: int | None = self.data["pages"]
        return pages

    @property
    def duration(self) -> float | None:
        """Seconds."""
        duration: float | None = self.data["duration"]
        return duration

    @property
    def urls(self) -> dict[tuple[str, int], str]:
        """Kind (``cover``, ``page``, ``light`` …) and position → where the bytes are."""
        return {(one["kind"], one["position"]): str(one["url"]) for one in self.data["items"]}


class Usage(Thing):
    """How often something was seen and downloaded; ``data`` has the days, for those who may read them."""

    @property
    def views(self) -> int:
        return int(self.data["views"])

    @property
    def downloads(self) -> int:
        return int(self.data["downloads"])

    @property
    def months(self) -> dict[str, tuple[int | None, int | None]]:
        """Views and downloads by month (``2026-03``): None for fewer than five; nothing where one may not read them."""
        return {told["month"]: (told["views"], told["downloads"]) for told in self.data["months"] or ()}


class Suggestions(Thing):
    """What files tell of a resource, the best of each kind first; ``data`` has scores and sources."""

    @property
    def languages(self) -> list[str]:
        """Tags."""
        return self._values("languages")

    @property
    def titles(self) -> list[str]:
        return self._values("titles")

    @property
    def keywords(self) -> list[str]:
        return self._values("keywords")

    @property
    def subjects(self) -> list[str]:
        """URIs."""
        return self._values("subjects")

    def _values(self, kind: str) -> list[str]:
        return [str(one["value"]) for one in self.data[kind]]


class Person(Numbered):
    @property
    def email(self) -> str:
        return self._text("email")

    @property
    def name(self) -> str:
        return self._text("name")

    @property
    def roles(self) -> dict[str, str]:
        """Role by slug of the institution."""
        return {str(told["institution"]["slug"]): str(told["role"]) for told in self.data["roles"]}


class Token(Numbered):
    @property
    def name(self) -> str:
        return self._text("name")

    @property
    def scopes(self) -> list[str]:
        return [str(scope) for scope in self.data["scopes"]]

    @property
    def expires(self) -> str:
        """ISO 8601."""
        return self._text("expires")

    @property
    def revoked(self) -> str | None:
        return self._maybe("revoked")

    @property
    def secret(self) -> str | None:
        """Only in the answer of ``tokens.make``."""
        value = self.data.get("token")
        return None if value is None else str(value)

    def __repr__(self) -> str:
        return f"Token(id={self.id}, name={self.name!r})"


class Job(Numbered):
    @property
    def state(self) -> str:
        """``waiting``, ``running``, ``done``, ``failed`` or ``cancelled``."""
        return self._text("state")

    @property
    def ended(self) -> bool:
        return self.state in ("done", "failed", "cancelled")

    @property
    def counts(self) -> dict[str, int]:
        """Rows ``created``, ``updated``, ``unchanged`` and ``failed``, as far as it has come."""
        result = self.data["result"]
        return dict(result["counts"]) if result else {}

    @property
    def fault(self) -> str | None:
        """Why it has failed, in the client's language."""
        told = self.data["fault"]
        return None if told is None else str(told["message"])
