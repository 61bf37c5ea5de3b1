"""May this person do this to this object? Deny by default; every answer is asked with the object itself.

Functions named ``may_…`` answer; those named ``require_…`` raise Forbidden, or NotFound where the person must
not even learn that the thing is there.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar

from oer import workflow
from oer.errors import Conflict, Forbidden, Gone, NotFound
from oer.models import Collection, CollectionItem, Draft, Institution, Job, Person, Report, Resource
from oer.queries.reach import Reach
from oer.workflow import (
    CollectionAction,
    CollectionState,
    DraftAction,
    DraftState,
    ReportAction,
    ReportState,
    ResourceAction,
    ResourceState,
    Role,
    State,
    Step,
)

Action = TypeVar("Action", DraftAction, ResourceAction, CollectionAction)

SCOPES = ("read", "deposit", "review", "manage")
_KINDS = ("open", "embargoed", "institution", "metadata-only")  # of access, each stricter than the one before


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person by session or token, the operator at the command line, or nobody.

    ``roles`` maps institution ids to roles as granted; ``scopes`` are what the token allows (all by session), until
    it ``expires``. ``name`` goes into the audit log.
    """

    person_id: int | None
    name: str
    administrator: bool = False
    roles: Mapping[int, Role] = field(default_factory=dict)
    scopes: frozenset[str] = frozenset(SCOPES)
    expires: datetime | None = None


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


def _lacking(role: Role) -> dict[str, object]:
    """The role that would do, for the sentence of a refusal."""
    return {"allowed": "role", "needed": role.word}


def _first(table: Mapping[tuple[State, Action], Step[State]], state: State, action: Action) -> dict[str, object]:
    """The step that has to come before, for the sentence of a refusal; nothing where none leads there."""
    for (at, before), step in table.items():
        after = table.get((step.to, action))
        if at == state and after is not None and after.to != state:
            return {"allowed": "step-first", "step": before.value}
    return {}


def require_scope(actor: Actor, scope: str) -> None:
    if scope not in actor.scopes:
        raise Forbidden("scope.missing", scope=scope)


def require_deposit(actor: Actor, institution: Institution) -> None:
    """May begin a resource here."""
    require_scope(actor, "deposit")
    if role_in(actor, institution) < Role.DEPOSITOR:
        raise Forbidden("action.forbidden", **_lacking(Role.DEPOSITOR))


def require_publishing(actor: Actor, institution: Institution) -> None:
    """May publish at once what they begin here, without a review."""
    require_deposit(actor, institution)
    step = workflow.publishing_step(DraftState.EDITING, Role.named(institution.publish_role))
    if not workflow.allowed(step, role_in(actor, institution), author=True):
        raise Forbidden("action.forbidden", allowed="submit")


def require_manage(actor: Actor, institution: Institution) -> None:
    """May change this institution, its members and what is below it."""
    require_scope(actor, "manage")
    if role_in(actor, institution) < Role.MANAGER:
        raise Forbidden("action.forbidden", **_lacking(Role.MANAGER))


def may_manage(actor: Actor, institution: Institution) -> bool:
    """Sees what managers prepare here, whatever a token lets them change."""
    return role_in(actor, institution) >= Role.MANAGER


def require_administrator(actor: Actor) -> None:
    require_scope(actor, "manage")
    if not actor.administrator:
        raise Forbidden("action.forbidden", allowed="role", needed="administrator")


def is_about(actor: Actor, person: Person) -> bool:
    """Whether the account is the actor's own, or any to an administrator: to others it is not there."""
    return actor.administrator or (actor.person_id is not None and actor.person_id == person.id)


def require_grant(actor: Actor, institution: Institution, role: Role) -> None:
    """May give this role here: managers only, and nobody above their own role."""
    require_manage(actor, institution)
    if role > role_in(actor, institution):
        raise Forbidden("role.above-own")


def may_see_draft(actor: Actor, draft: Draft, institution: Institution) -> bool:
    role = role_in(actor, institution)
    return role >= Role.REVIEWER or (_is_author(actor, draft.author_id) and role >= Role.DEPOSITOR)


def require_draft_sight(actor: Actor, draft: Draft, resource: Resource, institution: Institution) -> None:
    """Raises NotFound: a draft is there for its author and for reviewers alone."""
    if not may_see_draft(actor, draft, institution):
        raise NotFound("draft.unknown", id=resource.public_id)


def require_draft_step(
    actor: Actor, action: DraftAction, draft: Draft, resource: Resource, institution: Institution
) -> DraftState:
    """The state the draft comes to. Raises NotFound, Forbidden, or Conflict where its state has no such step."""
    require_draft_sight(actor, draft, resource, institution)
    state = DraftState(draft.state)
    if action is DraftAction.PUBLISH:
        step = workflow.publishing_step(state, Role.named(institution.publish_role))
    else:
        step = workflow.DRAFT.get((state, action))
    if step is None:
        told = _first(workflow.DRAFT, state, action)
        raise Conflict("transition.impossible", action=action.value, state=state.value, **told)
    judging = state is DraftState.SUBMITTED and action is not DraftAction.RECALL
    require_scope(actor, "review" if judging else "deposit")
    if not workflow.allowed(step, role_in(actor, institution), author=_is_author(actor, draft.author_id)):
        submits = action is DraftAction.PUBLISH and not judging
        raise Forbidden("action.forbidden", **({"allowed": "submit"} if submits else _lacking(step.role)))
    return step.to


def draft_actions(actor: Actor, draft: Draft, resource: Resource, institution: Institution) -> list[DraftAction]:
    """What this person may do with the draft as it stands, were its record complete; for doors that show it."""
    found = []
    for action in DraftAction:
        with suppress(Conflict, Forbidden, NotFound):
            require_draft_step(actor, action, draft, resource, institution)
            if action is DraftAction.PUBLISH:
                require_resource_step(actor, ResourceAction.PUBLISH, resource, institution)
            found.append(action)
    return found


def require_resource_step(
    actor: Actor, action: ResourceAction, resource: Resource, institution: Institution
) -> ResourceState:
    """The state the resource comes to. Errors as for :func:`require_draft_step`.

    Publishing asks for no scope here: the step of its draft has asked for deposit, or review after a submission.
    """
    if resource.state == ResourceState.UNPUBLISHED and not may_see_unpublished(actor, resource, institution):
        raise NotFound("resource.unknown", id=resource.public_id)
    step = workflow.RESOURCE.get((ResourceState(resource.state), action))
    if step is None:
        told = _first(workflow.RESOURCE, ResourceState(resource.state), action)
        raise Conflict("transition.impossible", action=action.value, state=resource.state, **told)
    if action is not ResourceAction.PUBLISH:
        require_scope(actor, "deposit" if action is ResourceAction.REVISE else "review")
    if not workflow.allowed(step, role_in(actor, institution), author=_is_author(actor, resource.author_id)):
        raise Forbidden("action.forbidden", **_lacking(step.role))
    return step.to


def may_see_unpublished(actor: Actor, resource: Resource, institution: Institution) -> bool:
    role = role_in(actor, institution)
    return role >= Role.REVIEWER or (_is_author(actor, resource.author_id) and role >= Role.DEPOSITOR)


def require_sight(actor: Actor, resource: Resource, institution: Institution) -> None:
    """May see the description. Raises NotFound for what was never public, Gone with the public words of a tombstone."""
    if resource.state == ResourceState.PUBLISHED:
        return
    if may_see_unpublished(actor, resource, institution):
        return
    if resource.state == ResourceState.UNPUBLISHED:
        raise NotFound("resource.unknown", id=resource.public_id)
    code = "resource.withdrawn" if resource.state == ResourceState.WITHDRAWN else "resource.hidden"
    told = {"state": resource.state, "reason": resource.reason or "other", "note": resource.reason_note}
    raise Gone(code, id=resource.public_id, since=resource.changed, **told)


def may_edit_collection(actor: Actor, collection: Collection, institution: Institution) -> bool:
    step = workflow.COLLECTION[CollectionState(collection.state), CollectionAction.EDIT]
    return workflow.allowed(step, role_in(actor, institution), author=_is_author(actor, collection.author_id))


def require_collection_sight(actor: Actor, collection: Collection, institution: Institution) -> None:
    """Raises NotFound: a draft is there for its editors alone."""
    if collection.state != CollectionState.PUBLISHED and not may_edit_collection(actor, collection, institution):
        raise NotFound("collection.unknown", id=collection.public_id)


def require_collection_step(
    actor: Actor, action: CollectionAction, collection: Collection, institution: Institution
) -> CollectionState:
    """The state the collection comes to. Errors as for :func:`require_draft_step`."""
    require_collection_sight(actor, collection, institution)
    state = CollectionState(collection.state)
    step = workflow.COLLECTION.get((state, action))
    if step is None:
        told = _first(workflow.COLLECTION, state, action)
        raise Conflict("transition.impossible", action=action.value, state=state.value, **told)
    unseen = action is CollectionAction.DELETE and state is CollectionState.DRAFT
    require_scope(actor, "deposit" if unseen or action is CollectionAction.EDIT else "review")
    if not workflow.allowed(step, role_in(actor, institution), author=_is_author(actor, collection.author_id)):
        raise Forbidden("action.forbidden", **_lacking(step.role))
    return step.to


def require_collection_entry(actor: Actor, collection: Collection, institution: Institution) -> None:
    """May put something in: its editors, and where membership is open whoever brings something of their own."""
    require_collection_sight(actor, collection, institution)
    require_scope(actor, "deposit")
    if collection.membership != "open" and not may_edit_collection(actor, collection, institution):
        raise Forbidden("collection.closed")


def require_contribution(actor: Actor, resource: Resource, owner: Institution) -> None:
    """May bring this resource into a collection that others edit: a published one of an institution of theirs."""
    require_sight(actor, resource, owner)
    if role_in(actor, owner) < Role.DEPOSITOR:
        raise Forbidden("collection.not-own")
    if resource.state != ResourceState.PUBLISHED:
        raise Conflict("resource.not-published", id=resource.public_id)


def require_taking_back(actor: Actor, item: CollectionItem, resource: Resource, owner: Institution) -> None:
    """May take out of a collection that others edit: what they have brought, as long as they could bring it."""
    if not _is_author(actor, item.added_by):
        if resource.state != ResourceState.PUBLISHED:
            raise NotFound("collection.item-unknown", resource=resource.public_id)
        raise Forbidden("action.forbidden")
    if role_in(actor, owner) < Role.DEPOSITOR:
        raise Forbidden("collection.not-own")


def require_reviews(actor: Actor, resource: Resource, institution: Institution) -> None:
    """May read what reviewers have said of a resource that the actor may see."""
    if not may_see_unpublished(actor, resource, institution):
        raise Forbidden("action.forbidden", **_lacking(Role.REVIEWER))


def require_history(actor: Actor, resource: Resource, institution: Institution) -> None:
    """May read who did what to the resource: its reviewers. Errors as for :func:`require_reviews_sight`."""
    require_sight(actor, resource, institution)
    require_scope(actor, "read")
    if role_in(actor, institution) < Role.REVIEWER:
        raise Forbidden("action.forbidden", **_lacking(Role.REVIEWER))


def require_scheduled(actor: Actor, institution: Institution) -> None:
    """May look at what is to be announced here. Raises Forbidden."""
    if not may_manage(actor, institution):
        raise Forbidden("action.forbidden", **_lacking(Role.MANAGER))


def may_see_report(actor: Actor, institution: Institution) -> bool:
    """Reads what a visitor has written, and whom to answer: reviewers of the resource's institution."""
    return "review" in actor.scopes and role_in(actor, institution) >= Role.REVIEWER


def require_report_step(actor: Actor, action: ReportAction, report: Report, institution: Institution) -> ReportState:
    """The state the report comes to. Raises Forbidden, or Conflict where its state has no such step."""
    step = workflow.REPORT.get((ReportState(report.state), action))
    if step is None:
        raise Conflict("transition.impossible", action=action.value, state=report.state)
    require_scope(actor, "review")
    if not workflow.allowed(step, role_in(actor, institution)):
        raise Forbidden("action.forbidden", **_lacking(step.role))
    return step.to


def require_audit(actor: Actor) -> None:
    """May read the audit log, each of what they manage (:func:`reach`)."""
    require_scope(actor, "manage")
    if not actor.administrator and Role.MANAGER not in actor.roles.values():
        raise Forbidden("action.forbidden", **_lacking(Role.MANAGER))


def require_people(actor: Actor) -> None:
    """May look for people: administrators, and managers those of their institutions (:func:`reach`)."""
    require_audit(actor)


def _is_own_job(actor: Actor, job: Job) -> bool:
    return job.person_id is not None and job.person_id == actor.person_id


def require_job_sight(actor: Actor, job: Job, institution: Institution | None) -> None:
    """May see a job: whose it is, managers of its institution, administrators. Raises NotFound."""
    managed = institution is not None and role_in(actor, institution) is Role.MANAGER
    if not (actor.administrator or managed or _is_own_job(actor, job)):
        raise NotFound("job.unknown", id=job.id)


def require_job_cancel(actor: Actor, job: Job, institution: Institution | None) -> None:
    """May end a job: who may see it. Raises NotFound; Forbidden without the scope."""
    require_job_sight(actor, job, institution)
    require_scope(actor, "deposit" if _is_own_job(actor, job) else "manage")


def reach(actor: Actor) -> Reach:
    """Where this person sees what is not public: :func:`may_see_draft` and the like, for lists."""
    return Reach(
        everywhere=actor.administrator,
        person_id=actor.person_id,
        member=frozenset(actor.roles),
        reviewing=frozenset(at for at, role in actor.roles.items() if role >= Role.REVIEWER),
        managing=frozenset(at for at, role in actor.roles.items() if role is Role.MANAGER),
    )


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
    if role_in(actor, institution) >= Role.DEPOSITOR:
        return
    if access == "embargoed":
        raise Forbidden("files.embargoed", until=available.isoformat() if available else "")
    if access == "metadata-only":
        raise Forbidden("files.metadata-only")
    raise Forbidden("files.restricted")
