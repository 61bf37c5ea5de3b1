"""What differs between two states of a resource: two of its versions, or one and its draft."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlmodel import Session

from metadata import versions
from metadata.record import Record
from oer import queries, stored
from oer.models import AttachedFile, Draft, Resource, Version

Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class State:
    """A record and its files in their order. ``number`` is that of the version; None for a draft, and for nothing."""

    number: int | None
    record: Record
    files: Sequence[AttachedFile]


NOTHING = State(None, Record.model_validate({}), ())


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file of one name before and after; None where there was or is none."""

    name: str
    before: AttachedFile | None
    after: AttachedFile | None

    @property
    def kind(self) -> Kind:
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """What was done to come from one state to the other."""

    before: int | None
    after: int | None
    record: Sequence[versions.Change]
    files: Sequence[FileChange]
    files_moved: bool  # whether the files that both have stand in another order

    @property
    def nothing(self) -> bool:
        return not (self.record or self.files or self.files_moved)


def of_version(session: Session, resource: Resource, version: Version) -> State:
    """Raises Unavailable where the record is damaged."""
    files = queries.resources.files(session, version_id=version.id or 0)
    return State(version.number, stored.record_of(resource, version), files)


def of_current(session: Session, resource: Resource) -> State:
    """The current version; nothing where none was published. Raises Unavailable where the record is damaged."""
    version = queries.resources.version(session, resource_id=resource.id or 0, number=resource.number)
    return NOTHING if version is None else of_version(session, resource, version)


def of_draft(session: Session, resource: Resource, draft: Draft) -> State:
    """Raises Unavailable where the record is damaged."""
    files = queries.resources.draft_files(session, draft_id=draft.id or 0)
    return State(None, stored.record_of(resource, draft), files)


def between(before: State, after: State) -> Difference:
    """Files are told apart by name: one with a new name has gone and come."""
    old, new = ({file.name: file for file in state.files} for state in (before, after))
    kept = [name for name in old if name in new], [name for name in new if name in old]
    return Difference(
        before=before.number,
        after=after.number,
        record=versions.difference(before.record, after.record),
        files=[
            *(FileChange(name, file, None) for name, file in old.items() if name not in new),
            *(FileChange(name, old.get(name), file) for name, file in new.items() if _differ(old.get(name), file)),
        ],
        files_moved=kept[0] != kept[1],
    )


def _differ(before: AttachedFile | None, after: AttachedFile) -> bool:
    return before is None or (before.told, before.media_type) != (after.told, after.media_type)
