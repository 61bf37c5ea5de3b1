"""What reviewers say of a submitted draft; their words stay with the resource when the draft has ended."""

from datetime import datetime

from sqlmodel import Session

from metadata.findings import Problem
from oer import deposits, texts
from oer.deposits import Open
from oer.errors import Conflict, Invalid
from oer.models import Review
from oer.policy import Actor
from oer.workflow import DraftAction, DraftState


def request_changes(
    session: Session, actor: Actor, public_id: str, comment: str, *, expected: int | None = None, now: datetime
) -> Open:
    """A reviewer's answer: not yet, and why. Raises Invalid without a comment."""
    return _answer(session, actor, public_id, DraftAction.REQUEST_CHANGES, comment, expected=expected, now=now)


def reject(
    session: Session, actor: Actor, public_id: str, comment: str, *, expected: int | None = None, now: datetime
) -> Open:
    """A reviewer's answer: no, and why. Raises Invalid without a comment."""
    return _answer(session, actor, public_id, DraftAction.REJECT, comment, expected=expected, now=now)


def _answer(
    session: Session,
    actor: Actor,
    public_id: str,
    action: DraftAction,
    comment: str,
    *,
    expected: int | None,
    now: datetime,
) -> Open:
    found = deposits.opened(session, public_id)
    deposits.step(session, actor, action, found, expected=expected, now=now)
    if not texts.words(comment, "comment"):
        raise Invalid("reason.missing", problems=[Problem("reason.missing", "comment")])
    note(session, actor, found, action, comment, now=now)
    deposits.log(session, actor, f"draft.{action.value}", found.resource, now=now)
    return found


def require_submitted(session: Session, actor: Actor, public_id: str) -> None:
    """Raises Conflict where nobody has asked for a review, NotFound where the actor may not see the draft."""
    found = deposits.seen(session, actor, public_id)
    if found.draft.state != DraftState.SUBMITTED:
        raise Conflict(
            "transition.impossible", action="review", state=found.draft.state, allowed="step-first", step="submit"
        )


def note(session: Session, actor: Actor, found: Open, action: DraftAction, comment: str, *, now: datetime) -> Review:
    """Keep a reviewer's decision with the resource."""
    assert found.resource.id is not None
    review = Review(
        resource_id=found.resource.id,
        reviewer_id=actor.person_id,
        decision=action.value,
        comment=texts.words(comment, "comment"),
        created=now,
    )
    session.add(review)
    return review
