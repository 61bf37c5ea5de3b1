"""The state tables of the repository, and who may make which step. Pure: no clock, no database.

A *draft* is what people edit; a *resource* is what the world sees. Publishing a draft ends it and makes a
version of its resource. A *collection* is edited as it stands, shown or not.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Generic, TypeVar

State = TypeVar("State")


class Role(IntEnum):
    """What a person is in one institution; a higher role may do all that a lower one may."""

    NONE = 0
    DEPOSITOR = 1
    REVIEWER = 2
    MANAGER = 3

    @property
    def word(self) -> str:
        return self.name.lower()

    @classmethod
    def named(cls, word: str) -> "Role":
        """The role of a word such as ``reviewer``. Raises KeyError for any other word, ``none`` included."""
        return {role.word: role for role in cls if role is not cls.NONE}[word]


class DraftState(StrEnum):
    EDITING = "editing"
    SUBMITTED = "submitted"
    CHANGES_REQUESTED = "changes-requested"
    REJECTED = "rejected"
    PUBLISHED = "published"  # never stored: the draft's row ends here
    DISCARDED = "discarded"  # never stored


class DraftAction(StrEnum):
    EDIT = "edit"
    SUBMIT = "submit"
    RECALL = "recall"
    REQUEST_CHANGES = "request-changes"
    REJECT = "reject"
    PUBLISH = "publish"
    DISCARD = "discard"


class ResourceState(StrEnum):
    UNPUBLISHED = "unpublished"
    PUBLISHED = "published"
    HIDDEN = "hidden"
    WITHDRAWN = "withdrawn"


class ResourceAction(StrEnum):
    PUBLISH = "publish"
    REVISE = "revise"
    HIDE = "hide"
    UNHIDE = "unhide"
    WITHDRAW = "withdraw"
    RESTORE = "restore"


class CollectionState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    DELETED = "deleted"  # never stored: the rows go


class CollectionAction(StrEnum):
    EDIT = "edit"
    PUBLISH = "publish"
    UNPUBLISH = "unpublish"
    DELETE = "delete"


class ReportState(StrEnum):
    OPEN = "open"
    EXAMINING = "examining"
    ANSWERED = "answered"


class ReportAction(StrEnum):
    EXAMINE = "examine"
    ANSWER = "answer"


REASONS = ("author-request", "rights", "privacy", "duplicate", "outdated", "harmful", "legal", "error", "other")
"""Why a resource was withdrawn or hidden: the class that its public tombstone shows."""

REPORT_REASONS = ("copyright", "privacy", "harmful", "error", "broken-file", "accessibility", "other")
"""What a visitor may say is wrong with a resource."""

OUTCOMES = ("kept", "mended", "withdrawn")
"""What a report came to."""


@dataclass(frozen=True, slots=True)
class Step(Generic[State]):
    """Where a step leads, the role that may take it, and whether the draft's author may without that role."""

    to: State
    role: Role
    author: bool = False


DRAFT: dict[tuple[DraftState, DraftAction], Step[DraftState]] = {
    (DraftState.EDITING, DraftAction.EDIT): Step(DraftState.EDITING, Role.REVIEWER, author=True),
    (DraftState.EDITING, DraftAction.SUBMIT): Step(DraftState.SUBMITTED, Role.REVIEWER, author=True),
    (DraftState.EDITING, DraftAction.PUBLISH): Step(DraftState.PUBLISHED, Role.REVIEWER),
    (DraftState.EDITING, DraftAction.DISCARD): Step(DraftState.DISCARDED, Role.MANAGER, author=True),
    (DraftState.SUBMITTED, DraftAction.RECALL): Step(DraftState.EDITING, Role.MANAGER, author=True),
    (DraftState.SUBMITTED, DraftAction.REQUEST_CHANGES): Step(DraftState.CHANGES_REQUESTED, Role.REVIEWER),
    (DraftState.SUBMITTED, DraftAction.REJECT): Step(DraftState.REJECTED, Role.REVIEWER),
    (DraftState.SUBMITTED, DraftAction.PUBLISH): Step(DraftState.PUBLISHED, Role.REVIEWER),
    (DraftState.CHANGES_REQUESTED, DraftAction.EDIT): Step(DraftState.EDITING, Role.REVIEWER, author=True),
    (DraftState.CHANGES_REQUESTED, DraftAction.SUBMIT): Step(DraftState.SUBMITTED, Role.REVIEWER, author=True),
    (DraftState.CHANGES_REQUESTED, DraftAction.DISCARD): Step(DraftState.DISCARDED, Role.MANAGER, author=True),
    (DraftState.REJECTED, DraftAction.DISCARD): Step(DraftState.DISCARDED, Role.MANAGER, author=True),
}

RESOURCE: dict[tuple[ResourceState, ResourceAction], Step[ResourceState]] = {
    (ResourceState.UNPUBLISHED, ResourceAction.PUBLISH): Step(ResourceState.PUBLISHED, Role.DEPOSITOR),
    (ResourceState.PUBLISHED, ResourceAction.PUBLISH): Step(ResourceState.PUBLISHED, Role.DEPOSITOR),
    (ResourceState.PUBLISHED, ResourceAction.REVISE): Step(ResourceState.PUBLISHED, Role.REVIEWER, author=True),
    (ResourceState.PUBLISHED, ResourceAction.HIDE): Step(ResourceState.HIDDEN, Role.REVIEWER),
    (ResourceState.PUBLISHED, ResourceAction.WITHDRAW): Step(ResourceState.WITHDRAWN, Role.REVIEWER),
    (ResourceState.HIDDEN, ResourceAction.UNHIDE): Step(ResourceState.PUBLISHED, Role.REVIEWER),
    (ResourceState.HIDDEN, ResourceAction.WITHDRAW): Step(ResourceState.WITHDRAWN, Role.REVIEWER),
    (ResourceState.WITHDRAWN, ResourceAction.RESTORE): Step(ResourceState.PUBLISHED, Role.MANAGER),
}

COLLECTION: dict[tuple[CollectionState, CollectionAction], Step[CollectionState]] = {
    (CollectionState.DRAFT, CollectionAction.EDIT): Step(CollectionState.DRAFT, Role.REVIEWER, author=True),
    (CollectionState.DRAFT, CollectionAction.PUBLISH): Step(CollectionState.PUBLISHED, Role.REVIEWER),
    (CollectionState.DRAFT, CollectionAction.DELETE): Step(CollectionState.DELETED, Role.REVIEWER, author=True),
    (CollectionState.PUBLISHED, CollectionAction.EDIT): Step(CollectionState.PUBLISHED, Role.REVIEWER),
    (CollectionState.PUBLISHED, CollectionAction.UNPUBLISH): Step(CollectionState.DRAFT, Role.REVIEWER),
    (CollectionState.PUBLISHED, CollectionAction.DELETE): Step(CollectionState.DELETED, Role.MANAGER),
}

REPORT: dict[tuple[ReportState, ReportAction], Step[ReportState]] = {
    (ReportState.OPEN, ReportAction.EXAMINE): Step(ReportState.EXAMINING, Role.REVIEWER),
    (ReportState.OPEN, ReportAction.ANSWER): Step(ReportState.ANSWERED, Role.REVIEWER),
    (ReportState.EXAMINING, ReportAction.ANSWER): Step(ReportState.ANSWERED, Role.REVIEWER),
}


def allowed(
    step: Step[DraftState] | Step[ResourceState] | Step[CollectionState] | Step[ReportState] | None,
    role: Role,
    *,
    author: bool = False,
) -> bool:
    """Whether someone with this role in the institution may take the step; an author still has to be a depositor."""
    if step is None:
        return False
    return role >= step.role or (step.author and author and role >= Role.DEPOSITOR)


def publishing_step(state: DraftState, publish_role: Role) -> Step[DraftState] | None:
    """The publish step of a draft, where the institution trusts ``publish_role`` to publish without a review."""
    step = DRAFT.get((state, DraftAction.PUBLISH))
    if step is None or state is not DraftState.EDITING:
        return step
    return Step(step.to, publish_role)
