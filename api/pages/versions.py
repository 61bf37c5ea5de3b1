"""``/resources/{id}/versions/{n}/diff/{m}``: what was changed from one version to another, for people."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api import i18n, lookup, render
from api.pages import frame
from api.pages.steps import Step
from metadata import vocabularies
from metadata.record import Text, pick
from metadata.versions import Change
from oer import differences, stored
from oer.db import reading
from oer.differences import FileChange
from oer.installation import Installation
from oer.policy import ANONYMOUS

_LONGEST = 5000  # characters of one value that are shown


@dataclass(frozen=True, slots=True)
class ChangeShown:
    label: str
    before: str
    after: str
    moved: bool


@dataclass(frozen=True, slots=True)
class FileShown:
    """``before`` and ``after`` in bytes, None where there was or is none."""

    name: str
    kind: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class DifferencePage:
    title: Text
    trail: Sequence[Step]
    before: int
    after: int
    note: str
    nothing: bool
    changes: Sequence[ChangeShown]
    files: Sequence[FileShown]
    files_moved: bool


def difference(request: Request) -> Response:
    """Raises NotFound, Gone, Unavailable."""
    here: Installation = request.app.state.installation
    spoken = render.spoken(request)
    public_id = request.path_params["public_id"]
    with reading(here.engine) as session:
        older = lookup.version(session, ANONYMOUS, public_id, request.path_params["number"])
        newer = lookup.version(session, ANONYMOUS, public_id, request.path_params["other"])
        states = [differences.of_version(session, one.resource, one.version) for one in (older, newer)]
    found = differences.between(*states)
    title = pick(stored.record_of(newer.resource, newer.version).title, spoken) or Text(value=public_id)
    page = DifferencePage(
        title=title,
        trail=[Step(f"/resources/{public_id}", title)],
        before=older.version.number,
        after=newer.version.number,
        note=newer.version.note if older.version.number == newer.version.number - 1 else "",
        nothing=found.nothing,
        changes=[_change(one, spoken) for one in found.record],
        files=[_file(one) for one in found.files],
        files_moved=found.files_moved,
    )
    return frame.sent(request, render.html(request, "difference.html", page), spoken)


def _change(change: Change, spoken: str) -> ChangeShown:
    label = i18n.field(change.field, spoken)
    return ChangeShown(label, _said(change.before, spoken), _said(change.after, spoken), change.kind == "moved")


def _said(value: Any, spoken: str) -> str:
    """A value of a record in words: terms by their names, the rest as it was written."""
    if value is None:
        return ""
    if isinstance(value, str):
        return _named(value, spoken)[:_LONGEST]
    if isinstance(value, list):
        return "\n".join(_said(one, spoken) for one in value)[:_LONGEST]
    if isinstance(value, dict):
        told = (f"{i18n.field(name, spoken)}: {_said(one, spoken)}" for name, one in value.items() if one)
        return "\n".join(told)[:_LONGEST]
    return json.dumps(value, ensure_ascii=False)


def _named(value: str, spoken: str) -> str:
    if not value.startswith(("http://", "https://")):
        return i18n.duration(value, spoken)
    for scheme in vocabularies.schemes():
        if vocabularies.term(scheme, value):
            return vocabularies.label(scheme, value, spoken)
    return value


def _file(change: FileChange) -> FileShown:
    before, after = (file.size if file else None for file in (change.before, change.after))
    return FileShown(change.name, change.kind, before, after)
