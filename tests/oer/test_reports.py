import logging
from datetime import timedelta
from itertools import product

import pytest
import snapshots
from factories import START, act, institution, member, person, published
from sqlmodel import select

from oer import personal, policy, publishing, queries, reports, workflow, working
from oer.db import reading, transaction
from oer.errors import Conflict, Forbidden, Gone, Invalid, NotFound, Stale
from oer.models import AuditEntry, Report, Resource
from oer.policy import OPERATOR
from oer.workflow import ReportAction, ReportState, Role

EMAIL, WORDS = "salma@example.org", "الصفحة 4 منقولة من كتابي"


def filed(home, public_id, **changes):
    with transaction(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=public_id)
        told = {"reason": "copyright", "words": WORDS, "email": EMAIL, "lang": "ar", "now": home.now()} | changes
        return reports.file(session, resource, **told)


def stepped(home, verb, report, *, actor=OPERATOR, **named):
    return act(home, verb, report.reference, actor=actor, repository_id=home.repository_id, **named).report


def resource(home, public_id):
    with reading(home.engine) as session:
        return queries.resources.by_public_id(session, public_id=public_id)


def log(home):
    with reading(home.engine) as session:
        rows = sorted(session.exec(select(AuditEntry)), key=lambda row: row.id)
        return [row for row in rows if row.action.startswith("report.")]


# ── filing ──────────────────────────────────────────────────────────────────────────────────────


def test_a_report_has_a_reference_that_is_found_however_it_is_written(home):
    report = filed(home, published(home))
    assert (report.state, report.reason, report.words, report.email) == ("open", "copyright", WORDS, EMAIL)
    first, second, third = report.reference.split("-")
    for written in (
        report.reference,
        f" {first} {second}{third}".upper(),
        f"{first}—{second}"[:4] + f"-{second}-{third}",
    ):
        with reading(home.engine) as session:
            assert reports.find(session, written).report.id == report.id
    for strange in ("", "x\0", report.reference[:-1], report.reference + "0", "u" * 12, "\ud800", "ا" * 12):
        with reading(home.engine) as session, pytest.raises(NotFound) as unknown:
            reports.find(session, strange)
        assert unknown.value.code == "report.unknown"


def test_references_differ_and_have_sixty_bits():
    made = {reports.new_reference() for _ in range(1000)}
    assert len(made) == 1000
    assert {len(one.replace("-", "")) for one in made} == {12}


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"reason": "rights"}, "reason", "field.choice"),
        ({"words": " \n "}, "words", "report.words-missing"),
        ({"words": "ا" * 4001}, "words", "text.too-long"),
        ({"words": "x\0"}, "words", "text.illegal-character"),
        ({"email": "nobody"}, "email", "person.email-invalid"),
        ({"lang": "de"}, "language", "person.language-unknown"),
    ],
)
def test_what_is_wrong_is_told_by_its_field(home, changes, field, code):
    public_id = published(home)
    with pytest.raises(Invalid) as caught:
        filed(home, public_id, **changes)
    assert [(problem.field, problem.code) for problem in caught.value.problems] == [(field, code)]


@pytest.mark.parametrize("email", [None, "", "  "])
def test_nobody_has_to_give_an_address(home, email):
    assert filed(home, published(home), email=email).email is None
    assert filed(home, published(home), email=" Salma@Example.ORG ").email == EMAIL


def test_what_is_out_of_sight_is_not_reported(home):
    public_id = published(home)
    act(home, publishing.hide, public_id, reason="rights", repository_id=home.repository_id)
    with pytest.raises(Conflict):
        filed(home, public_id)


# ── steps ───────────────────────────────────────────────────────────────────────────────────────

STEPS = """
open       examine  examining  reviewer
open       answer   answered   reviewer
examining  answer   answered   reviewer
"""


def test_every_state_action_and_role_is_as_the_rules_say():
    rules = {(state, action): (to, role) for state, action, to, role in map(str.split, STEPS.strip().splitlines())}
    assert len(rules) == len(workflow.REPORT)
    for state, action, role in product(ReportState, ReportAction, Role):
        step, rule = workflow.REPORT.get((state, action)), rules.get((state.value, action.value))
        assert (step and step.to.value) == (rule and rule[0])
        assert workflow.allowed(step, role, author=True) is (rule is not None and role >= Role.named(rule[1]))


def test_examining_hides_and_an_answer_shows_again(home, watch):
    public_id = published(home)
    report = filed(home, public_id)
    watch.forward(minutes=1)
    held = stepped(home, reports.examine, report, note="بلاغ قيد الفحص")
    hidden = resource(home, public_id)
    assert (held.state, hidden.state, hidden.reason, hidden.reason_note) == (
        "examining", "hidden", "rights", "بلاغ قيد الفحص",
    )  # fmt: skip
    assert reports.hides(held, hidden)
    with reading(home.engine) as session, pytest.raises(Gone):
        policy.require_sight(policy.ANONYMOUS, hidden, queries.institutions.by_slug(session, slug="college"))
    watch.forward(minutes=1)
    done = stepped(home, reports.answer, report, outcome="mended", words="صححنا المصدر")
    assert (done.state, done.outcome, done.answer, done.answered) == ("answered", "mended", "صححنا المصدر", watch())
    assert resource(home, public_id).state == "published"


@pytest.mark.parametrize(
    ("reason", "told"),
    [("copyright", "rights"), ("privacy", "privacy"), ("harmful", "harmful"), ("error", "error"),
     ("broken-file", "other"), ("accessibility", "other"), ("other", "other")],
)  # fmt: skip
def test_what_is_withdrawn_leaves_a_tombstone(home, reason, told):
    public_id = published(home)
    report = filed(home, public_id, reason=reason)
    done = stepped(home, reports.answer, report, outcome="withdrawn", note="طلب صاحب الحق")
    gone = resource(home, public_id)
    assert (done.outcome, gone.state, gone.reason, gone.reason_note) == (
        "withdrawn",
        "withdrawn",
        told,
        "طلب صاحب الحق",
    )
    again = filed(home, published(home))
    act(home, publishing.withdraw, _id(home, again), reason="duplicate", repository_id=home.repository_id)
    stepped(home, reports.answer, again, outcome="withdrawn")
    assert resource(home, _id(home, again)).reason == "duplicate"


def _id(home, report):
    with reading(home.engine) as session:
        return session.get_one(Resource, report.resource_id).public_id


def test_an_answer_without_an_examination_leaves_the_resource_alone(home):
    public_id = published(home)
    before = resource(home, public_id)
    stepped(home, reports.answer, filed(home, public_id), outcome="kept")
    assert resource(home, public_id) == before


def test_of_two_reports_the_last_answer_shows_again(home, watch):
    public_id = published(home)
    first, second = filed(home, public_id), filed(home, public_id, reason="privacy")
    stepped(home, reports.examine, first)
    watch.forward(minutes=1)
    stepped(home, reports.examine, second)
    assert resource(home, public_id).reason == "rights"
    stepped(home, reports.answer, first, outcome="kept")
    assert resource(home, public_id).state == "hidden"
    stepped(home, reports.answer, second, outcome="kept")
    assert resource(home, public_id).state == "published"


@pytest.mark.parametrize("anew", [False, True])
def test_what_somebody_has_hidden_for_another_reason_stays_hidden(home, watch, anew):
    public_id, step = published(home), {"repository_id": home.repository_id}
    report = filed(home, public_id)
    if anew:
        stepped(home, reports.examine, report)
        watch.forward(minutes=1)
        act(home, publishing.unhide, public_id, **step)
        watch.forward(minutes=1)
    act(home, publishing.hide, public_id, reason="legal", **step)
    if not anew:
        watch.forward(minutes=1)
        stepped(home, reports.examine, report)
    done = stepped(home, reports.answer, report, outcome="kept")
    found = resource(home, public_id)
    assert (done.state, found.state, found.reason) == ("answered", "hidden", "legal")


def test_what_was_withdrawn_meanwhile_stays_so(home, watch):
    public_id = published(home)
    report = filed(home, public_id)
    stepped(home, reports.examine, report)
    watch.forward(minutes=1)
    act(home, publishing.withdraw, public_id, reason="legal", repository_id=home.repository_id)
    stepped(home, reports.answer, report, outcome="kept")
    assert resource(home, public_id).state == "withdrawn"


def test_a_step_is_taken_once_and_by_who_has_read_the_report(home):
    report = filed(home, published(home))
    with pytest.raises(Stale):
        stepped(home, reports.examine, report, expected=report.lock + 1)
    held = stepped(home, reports.examine, report, expected=report.lock)
    with pytest.raises(Conflict):
        stepped(home, reports.examine, report)
    with pytest.raises(Invalid):
        stepped(home, reports.answer, report, outcome="forgotten")
    with pytest.raises(Invalid):
        stepped(home, reports.answer, report, outcome="kept", words="ا" * 5001)
    assert stepped(home, reports.answer, report, outcome="kept", expected=held.lock).lock == held.lock + 1
    with pytest.raises(Conflict):
        stepped(home, reports.answer, report, outcome="kept")


def test_reviewers_of_the_institution_alone_take_steps_and_see_the_queue(home):
    with transaction(home.engine) as session:
        ministry = institution(session, "ministry")
        session.flush()
        institution(session, "college", parent=ministry)
        institution(session, "school", parent=ministry)
    author = member(home, Role.DEPOSITOR, email="author@example.org")
    report = filed(home, published(home))
    others = [
        policy.ANONYMOUS,
        author,
        member(home, Role.REVIEWER, "ministry"),
        member(home, Role.MANAGER, "school"),
    ]
    for actor in others:
        for verb, more in ((reports.examine, {}), (reports.answer, {"outcome": "kept"})):
            with pytest.raises(Forbidden):
                stepped(home, verb, report, actor=actor, **more)
        assert queue(home, actor) == []
    may = [member(home, Role.REVIEWER), member(home, Role.MANAGER), member(home, Role.MANAGER, "ministry"), OPERATOR]
    for actor in may:
        assert queue(home, actor) == [report.reference]
    stepped(home, reports.examine, report, actor=may[0])


def test_authors_see_no_report_on_what_is_theirs(home):
    author = member(home, Role.DEPOSITOR)
    filed(home, published(home))
    with transaction(home.engine) as session:
        for row in session.exec(select(Resource)):
            row.author_id = author.person_id
    assert queue(home, author) == []


def queue(home, actor, **more):
    with reading(home.engine) as session:
        rows = queries.reports.listed(session, seen_by=policy.reach(actor), **{"limit": 100} | more)
        waiting = queries.reports.waiting(session, seen_by=policy.reach(actor))
    if not more:
        assert waiting == len(rows)
    return [report.reference for report, _, _ in rows]


def test_the_queue_has_the_oldest_first_and_what_is_answered_the_newest_first(home):
    public_id = published(home)
    made = [filed(home, public_id) for _ in range(5)]
    for one in made[3:]:
        stepped(home, reports.answer, one, outcome="kept")
    stepped(home, reports.examine, made[0])
    names = [one.reference for one in made]
    assert queue(home, OPERATOR) == names[:3]
    assert queue(home, OPERATOR, state="open") == names[1:3]
    assert queue(home, OPERATOR, state="examining") == names[:1]
    assert queue(home, OPERATOR, state="answered") == [names[4], names[3]]
    assert queue(home, OPERATOR, after=made[0].id, limit=1) == names[1:2]
    assert queue(home, OPERATOR, state="answered", after=made[4].id) == [names[3]]
    assert queue(home, OPERATOR, within="/999/") == []


# ── what is kept ────────────────────────────────────────────────────────────────────────────────


def test_every_step_is_in_the_log_without_words_or_addresses(home, caplog):
    caplog.set_level(logging.DEBUG)
    public_id = published(home)
    report = filed(home, public_id)
    stepped(home, reports.examine, report)
    stepped(home, reports.answer, report, outcome="kept", words="شكرًا")
    rows = log(home)
    assert [row.action for row in rows] == ["report.file", "report.examine", "report.answer"]
    assert [row.by for row in rows] == ["anonymous", "operator", "operator"]
    assert {row.object_id for row in rows} == {report.reference}
    assert {row.institution_id for row in rows} == {resource(home, public_id).institution_id}
    for said in (repr(rows), caplog.text):
        assert EMAIL not in said
        assert WORDS not in said


def test_addresses_are_erased_ninety_days_after_the_answer(home, watch):
    public_id = published(home)
    answered, waiting = filed(home, public_id), filed(home, public_id)
    stepped(home, reports.answer, answered, outcome="kept")
    watch.forward(days=89)
    working.KINDS["traces.forget"](home, {})
    assert _addresses(home) == {answered.id: EMAIL, waiting.id: EMAIL}
    watch.forward(days=1)
    working.KINDS["traces.forget"](home, {})
    assert _addresses(home) == {answered.id: None, waiting.id: EMAIL}
    assert EMAIL in repr(snapshots.tables(home))
    stepped(home, reports.answer, waiting, outcome="kept")
    watch.forward(days=91)
    working.KINDS["traces.forget"](home, {})
    assert EMAIL not in repr(snapshots.tables(home))


def _addresses(home):
    with reading(home.engine) as session:
        return {row.id: row.email for row in session.exec(select(Report))}


def test_an_account_has_nothing_to_do_with_reports_that_bear_its_address(home):
    """Whoever invites an address, and accepts the invitation, has proved nothing about it."""
    with transaction(home.engine) as session:
        number = person(session, EMAIL).id
    report = filed(home, published(home))
    told = act(home, lambda session, actor, **_: personal.export(session, actor, number))
    assert report.reference not in repr(told)
    act(home, personal.erase, number)
    assert _addresses(home) == {report.id: EMAIL}


def test_the_moment_of_a_report_is_that_of_the_clock(home):
    report = filed(home, published(home))
    assert (report.created, report.changed, report.answered) == (START, START, None)
    assert timedelta(days=90) == reports.KEPT
