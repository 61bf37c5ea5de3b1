import pytest
from factories import act, drafted, member, published

from oer import deposits, policy, publishing, queries, reviews
from oer.db import reading
from oer.errors import Conflict, Forbidden, Invalid, NotFound
from oer.installation import Installation
from oer.policy import ANONYMOUS, OPERATOR
from oer.workflow import Role


def said(home: Installation, public_id: str) -> list[tuple[str, str, int | None]]:
    with reading(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=public_id)
        assert resource is not None
        kept = queries.resources.reviews(session, resource_id=resource.id or 0)
        return [(review.decision, review.comment, review.reviewer_id) for review in kept]


def test_a_decision_stays_with_the_resource_under_the_reviewer_s_name(home):
    reviewer = member(home, Role.REVIEWER)
    public_id = drafted(home)
    for verb, decision in ((reviews.request_changes, "request-changes"), (reviews.reject, "reject")):
        act(home, deposits.submit, public_id)
        act(home, verb, public_id, "  e\u0301 ", actor=reviewer)
        assert said(home, public_id)[-1] == (decision, "\u00e9", reviewer.person_id)


@pytest.mark.parametrize("comment", ["", " ", "\ufeff", "\u200f"])
def test_a_comment_without_words_is_none(home, comment):
    public_id = drafted(home)
    act(home, deposits.submit, public_id)
    with pytest.raises(Invalid) as caught:
        act(home, reviews.reject, public_id, comment)
    assert caught.value.code == "reason.missing"
    assert [problem.field for problem in caught.value.problems] == ["comment"]


@pytest.mark.parametrize("comment", ["a\0", "\ud800", "x" * 5001])
def test_words_that_no_database_takes_are_refused_everywhere(home, comment):
    public_id = drafted(home)
    act(home, deposits.submit, public_id)
    with pytest.raises(Invalid):
        act(home, reviews.request_changes, public_id, comment)
    with pytest.raises(Invalid):
        act(home, publishing.publish, public_id, comment=comment, repository_id=home.repository_id)
    with pytest.raises(Invalid):
        act(home, publishing.publish, public_id, note=comment, repository_id=home.repository_id)
    act(home, publishing.publish, public_id, repository_id=home.repository_id)
    for verb in (publishing.hide, publishing.withdraw):
        with pytest.raises(Invalid):
            act(home, verb, public_id, reason="legal", note=comment, repository_id=home.repository_id)
    assert [decision for decision, _, _ in said(home, public_id)] == ["publish"]


def test_only_a_submitted_draft_is_reviewed(home):
    public_id = drafted(home)
    with pytest.raises(Conflict):
        require_submitted(home, public_id)
    act(home, deposits.submit, public_id)
    require_submitted(home, public_id)
    with pytest.raises(NotFound):
        require_submitted(home, public_id, actor=ANONYMOUS)


def require_submitted(home: Installation, public_id: str, actor=OPERATOR) -> None:
    act(home, lambda session, who, wanted, now: reviews.require_submitted(session, who, wanted), public_id, actor=actor)


def test_reviews_are_read_by_the_author_and_by_reviewers(home):
    author = member(home, Role.DEPOSITOR)
    public_id = drafted(home, actor=author)
    act(home, publishing.publish, public_id, repository_id=home.repository_id)
    colleague = member(home, Role.DEPOSITOR, email="colleague@example.org")
    stranger = member(home, Role.MANAGER, "other")
    with reading(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=public_id)
        assert resource is not None
        place = queries.institutions.by_slug(session, slug="college")
        assert place is not None
        for actor in (author, member(home, Role.REVIEWER), OPERATOR):
            policy.require_reviews(actor, resource, place)
        for actor in (colleague, stranger, ANONYMOUS):
            with pytest.raises(Forbidden):
                policy.require_reviews(actor, resource, place)


def test_a_later_draft_s_count_of_writes_does_not_begin_where_the_one_before_began(home):
    public_id = published(home)
    locks = set()
    for _ in range(3):
        locks.add(act(home, deposits.revise, public_id).draft.lock)
        act(home, deposits.discard, public_id)
    assert len(locks) == 3
