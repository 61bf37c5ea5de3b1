"""A record that comes together from somebody else's statements, one by one, and what found no place in it.

Values arrive understood (``metadata.crosswalks.understood``); what is kept here is the shape of a record: one text per
language, nothing twice, and the limits of ``metadata.rules``.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from metadata import rules
from metadata.crosswalks import understood
from metadata.crosswalks.described import Loaded
from metadata.record import Access, Accessibility, Classroom, Coverage, Part, Record, Text

_TOLD = 1_000  # characters of a statement that are repeated in ``Loaded.unmapped``; the source is kept elsewhere
_WITHIN: Mapping[str, type[Part]] = {"accessibility": Accessibility, "classroom": Classroom, "coverage": Coverage}


class Gathering:
    """Fields are named as in ``Record``, those of parts with a dot: ``coverage.places``.

    ``said`` is always the statement as it came, told by :meth:`leave` where the value has no place.
    """

    def __init__(self) -> None:
        self._single: dict[str, Any] = {}
        self._lists: dict[str, dict[str, Any]] = {}  # by repr: comparing models with each other is slow
        self._texts: dict[str, dict[str, dict[str, str]]] = {}  # field → language → text → what parts it from the next
        self._unmapped: dict[str, None] = {}

    def leave(self, name: str, said: str) -> None:
        """Tell a statement that found no place; empty ones said nothing."""
        told = " ".join(said.split())
        if told:
            self._unmapped[f"{name}: {told if len(told) <= _TOLD else told[:_TOLD] + '…'}"] = None

    def get(self, field: str) -> Any:
        """The single value, or None."""
        return self._single.get(field)

    def take(self, field: str) -> Any:
        """The single value, which is not one of the record's own, or None."""
        return self._single.pop(field, None)

    def speaks(self, field: str, lang: str) -> bool:
        """Whether there is a text in this language already."""
        return lang in self._texts.get(field, {})

    def listed(self, field: str) -> Collection[Any]:
        """The values of a list so far."""
        return self._lists.get(field, {}).values()

    def first(self, field: str, value: Any) -> bool:
        """As the single value, unless there is another already; whether it is the value now."""
        return bool(self._single.setdefault(field, value) == value)

    def set(self, field: str, value: Any, name: str, said: str) -> None:
        """The first value stays; another one is left, and so is what was not understood (None)."""
        if value is None or not self.first(field, value):
            self.leave(name, said)

    def put(self, field: str, value: Any) -> None:
        """In place of any other."""
        self._single[field] = value

    def add(self, field: str, value: Any, name: str, said: str) -> None:
        """To a list, once; what is more than it may hold is left, and so is what was not understood (None)."""
        values, key = self._lists.setdefault(field, {}), repr(value)
        room = len(values) < (rules.by_pattern(rules.LISTS, field) or 0)
        if value is not None and (room or key in values):
            values[key] = value
        else:
            self.leave(name, said)

    def embargo(self) -> None:
        """``access`` from the days gathered as ``until`` and ``available``.

        An embargo is an end that is said beside anything but open access; ``available`` alone is no such end.
        """
        access, end, available = self.get("access"), self.take("until"), self.take("available")
        closed = access is not None and access.kind != "open"
        until = (end or available) if closed else end if access is None else None
        if until:
            self.put("access", Access(kind="embargoed", until=until))
        for name, day in (("end of embargo", end), ("available", available)):
            if day and day != until:
                self.leave(name, str(day))

    def keyword(self, name: str, said: str, lang: str | None) -> None:
        text = understood.text(" ".join(said.split()), lang)
        if text and len(text.value) <= rules.LIMITS["keywords.value"]:
            self.add("keywords", text, name, said)
        else:
            self.leave(name, said)

    def text(self, field: str, name: str, said: str, lang: str | None, *, joined: str = "") -> None:
        """The first text of its language, cut where it is too long; with ``joined`` later ones are put behind it."""
        text = understood.text(said, lang)
        if text is None:
            return
        found = self._texts.setdefault(field, {}).setdefault(text.lang, {})
        room = (
            (rules.by_pattern(rules.LIMITS, f"{field}.value") or 0)
            - sum(map(len, found))
            - sum(map(len, found.values()))
        )
        if not found:
            fits = len(text.value) <= room
            found[text.value if fits else text.value[: room - 1].rstrip() + "…"] = joined
        elif text.value in found:
            return
        else:
            fits = bool(joined) and len(text.value) + len(joined) <= room
            if fits:
                found[text.value] = joined
        if not fits:
            self.leave(name, said)

    def loaded(self) -> Loaded:
        fields: dict[str, Any] = {**self._single, **{name: list(found.values()) for name, found in self._lists.items()}}
        for field, spoken in self._texts.items():
            joined = {lang: next(iter(found.values())).join(found) for lang, found in spoken.items()}
            fields[field] = [Text(value=value, lang=lang) for lang, value in joined.items()]
        for part, kind in _WITHIN.items():
            inside = {name.partition(".")[2]: fields.pop(name) for name in list(fields) if name.startswith(f"{part}.")}
            if inside:
                fields[part] = kind.model_validate(inside)
        return Loaded(Record.model_validate({"access": Access(), **fields}), tuple(self._unmapped))


def parted(said: str, marks: str) -> Sequence[str]:
    """The statement cut at any of these marks, without empty pieces; at the thousandth mark it stays whole."""
    for mark in marks[1:]:
        said = said.replace(mark, marks[0])
    return [piece.strip() for piece in said.split(marks[0], 1_000) if piece.strip()]
