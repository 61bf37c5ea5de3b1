"""May this person do this to this object? Deny by default; every answer is asked with the object itself.

Functions named ``may_…`` answer; those named ``require_…`` raise Forbidden, or NotFound where the person must
not even learn that the thing is there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from oer import workflow
from oer.errors import Conflict, Forbidden, Gone, NotFound
from oer.models import Draft, Institution, Resource
from oer.workflow import DraftAction, DraftState, ResourceAction, ResourceState, Role

SCOPES = ("read", "deposit", "review", "manage")
_KINDS = ("open", "embargoed", "institution", "metadata-only")  # of access, each stricter than the one before


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person by session or token, the operator at the command line, or nobody.

    ``roles`` maps institution ids to roles as granted; ``scopes`` are what the token allows (all by session).
    ``name`` goes into the audit log.
    """

    person_id: int | None
    name: str
    administrator: bool = False
    roles: Mapping[int, Role] = field(default_factory=dict)
    scopes: frozenset[str] = frozenset(SCOPES)


ANONYMOUS = Actor(person_id=None, name="anonymous", scopes=frozenset({"read"}))
OPERATOR = Actor(person_id=None, name="operator", administrator=True)


def role_in(actor: Actor, institution: Institution) -> Role:
    """The role that counts here: the one granted in this institution, or manager from any above it."""
    if actor.administrator:
        return Role.MANAGER
    above = any(actor.roles.get(ancestor) is Role.MANAGER for ancestor in institution.ancestors)
    return Role.MANAGER if above else actor.roles.get(institution.id or 0, Role.NONE)


def _is_author(actor: Actor, author_id: int | None) -> bool:
    return author_id is not None and actor.person_id == author_id


def require_scope(actor: Actor, scope: str) -> None:
    if scope not in actor.scopes:
        raise Forbidden("scope.missing", scope=scope)


def require_deposit(actor: Actor, institution: Institution) -> None:
    """May begin a resource here."""
    require_scope(actor, "deposit")
    if role_in(actor, institution) < Role.DEPOSITOR:
        raise Forbidden("action.forbidden")


def require_manage(actor: Actor, institution: Institution) -> None:
    """May change this institution, its members and what is below it."""
    require_scope(actor, "manage")
    if role_in(actor, institution) < Role.MANAGER:
        raise Forbidden("action.forbidden")


def require_administrator(actor: Actor) -> None:
    require_scope(actor, "manage")
    if not actor.administrator:
        raise Forbidden("action.forbidden")


def require_grant(actor: Actor, institution: Institution, role: Role) -> None:
    """May give this role here: managers only, and nobody above their own role."""
    require_manage(actor, institution)
    if role > role_in(actor, institution):
        raise Forbidden("role.above-own")


def may_see_draft(actor: Actor, draft: Draft, institution: Institution) -> bool:
    role = role_in(actor, institution)
    return role >= Role.REVIEWER or (_is_author(actor, draft.author_id) and role >= Role.DEPOSITOR)


def require_draft_step(
    actor: Actor, action: DraftAction, draft: Draft, resource: Resource, institution: Institution
) -> DraftState:
    """The state the draft comes to. Raises NotFound, Forbidden, or Conflict where its state has no such step."""
    if not may_see_draft(actor, draft, institution):
        raise NotFound("draft.unknown", id=resource.public_id)
    state = DraftState(draft.state)
    if action is DraftAction.PUBLISH:
        step = workflow.publishing_step(state, Role.named(institution.publish_role))
    else:
        step = workflow.DRAFT.get((state, action))
    if step is None:
        raise Conflict("transition.impossible", action=action.value, state=state.value)
    judging = state is DraftState.SUBMITTED and action is not DraftAction.RECALL
    require_scope(actor, "review" if judging else "deposit")
    if not workflow.allowed(step, role_in(actor, institution), author=_is_author(actor, draft.author_id)):
        raise Forbidden("action.forbidden")
    return step.to


def require_resource_step(
    actor: Actor, action: ResourceAction, resource: Resource, institution: Institution
) -> ResourceState:
    """The state the resource comes to. Errors as for :func:`require_draft_step`.

    Publishing asks for no scope here: the step of its draft has asked for deposit, or review after a submission.
    """
    if resource.state == ResourceState.UNPUBLISHED and not _may_see_unpublished(actor, resource, institution):
        raise NotFound("resource.unknown", id=resource.public_id)
    step = workflow.RESOURCE.get((ResourceState(resource.state), action))
    if step is None:
        raise Conflict("transition.impossible", action=action.value, state=resource.state)
    if action is not ResourceAction.PUBLISH:
        require_scope(actor, "deposit" if action is ResourceAction.REVISE else "review")
    if not workflow.allowed(step, role_in(actor, institution), author=_is_author(actor, resource.author_id)):
        raise Forbidden("action.forbidden")
    return step.to


def _may_see_unpublished(actor: Actor, resource: Resource, institution: Institution) -> bool:
    role = role_in(actor, institution)
    return role >= Role.REVIEWER or (_is_author(actor, resource.author_id) and role >= Role.DEPOSITOR)


def require_sight(actor: Actor, resource: Resource, institution: Institution) -> None:
    """May see the description. Raises NotFound for what was never public, Gone with the public words of a tombstone."""
    if resource.state == ResourceState.PUBLISHED:
        return
    if _may_see_unpublished(actor, resource, institution):
        return
    if resource.state == ResourceState.UNPUBLISHED:
        raise NotFound("resource.unknown", id=resource.public_id)
    code = "resource.withdrawn" if resource.state == ResourceState.WITHDRAWN else "resource.hidden"
    raise Gone(code, id=resource.public_id, reason=resource.reason or "other", note=resource.reason_note)


def strictest(*given: tuple[str, date | None]) -> tuple[str, date | None]:
    """Of accesses (kind, first day of open files) the one that opens least, or last; an unknown kind opens nothing."""

    def strictness(access: tuple[str, date | None]) -> tuple[int, date]:
        kind, available = access
        return _KINDS.index(kind) if kind in _KINDS else len(_KINDS), available or date.max

    return max(given, key=strictness)


def require_download(
    actor: Actor,
    resource: Resource,
    institution: Institution,
    *,
    access: str,
    available: date | None,
    today: date,
) -> None:
    """May have the files of a version with this access: the one download policy of every door.

    ``access`` and ``available`` are of the version asked for (:func:`strictest`, for a past one). Members of the
    institution, and its reviewers, may always, files beside a description that alone is public too; nobody downloads
    what they may not see.
    """
    require_sight(actor, resource, institution)
    if access == "open" or (access == "embargoed" and available is not None and available <= today):
        return
    if role_in(actor, institution) >= Role.DEPOSITOR or _is_author(actor, resource.author_id):
        return
    if access == "embargoed":
        raise Forbidden("files.embargoed", until=available.isoformat() if available else "")
    if access == "metadata-only":
        raise Forbidden("files.metadata-only")
    raise Forbidden("files.restricted")
