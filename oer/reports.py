"""Reports of visitors: somebody says that something is wrong with a resource, without an account.

A report is a ticket: open, then perhaps examined, while the resource is out of sight, then answered. Its reference is
how the reporter sees what became of it. ``expected`` is the ``lock`` that the caller has read (from an ETag); None
where the caller insists on nothing.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from metadata import findings
from metadata.findings import Problem
from oer import audit, deposits, fields, identifiers, policy, publishing, queries, texts, workflow
from oer.errors import Conflict, Invalid, NotFound, Stale
from oer.models import Institution, Report, Resource
from oer.policy import ANONYMOUS, Actor
from oer.settings import LANGUAGES
from oer.texts import Problems
from oer.workflow import ReportAction, ResourceState

WORDS = 4_000  # characters

KEPT = timedelta(days=90)
"""After the answer the reporter's address is erased."""

_LENGTH, _GROUP = 12, 4  # 60 bits, and a door that counts who asks
_WRITTEN = re.compile(r"[\s-]+")

# Why the resource is out of sight, as its tombstone tells it.
_TOMBSTONE = {"copyright": "rights", "privacy": "privacy", "harmful": "harmful", "error": "error"}


@dataclass(frozen=True, slots=True)
class Found:
    report: Report
    resource: Resource
    institution: Institution


def new_reference() -> str:
    """Such as ``7k3v-9qm2-xd4h``: short enough to be written by hand, and not to be guessed."""
    letters = "".join(secrets.choice(identifiers.ALPHABET) for _ in range(_LENGTH))
    return "-".join(letters[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))


def file(
    session: Session,
    resource: Resource,
    *,
    reason: str,
    words: str,
    email: str | None = None,
    lang: str,
    now: datetime,
) -> Report:
    """A new report. ``reason`` is one of ``workflow.REPORT_REASONS``, ``lang`` of ar, fr, en.

    Raises Conflict unless the resource is published; Invalid with every problem of what was said.
    """
    if resource.state != ResourceState.PUBLISHED:
        raise Conflict("resource.not-published", id=resource.public_id)
    report = Report(
        reference=new_reference(),
        resource_id=resource.id or 0,
        **_judged(reason, words, email, lang),
        created=now,
        changed=now,
    )
    session.add(report)
    session.flush()
    # Never with the words or the address: the log outlives them.
    _log(session, ANONYMOUS, "report.file", report, resource, now=now, reason=reason)
    return report


def _judged(reason: str, words: str, email: str | None, lang: str) -> dict[str, Any]:
    problems: Problems = []
    if reason not in workflow.REPORT_REASONS:
        problems.append(Problem("field.choice", "reason", {"choices": ", ".join(workflow.REPORT_REASONS)}))
    if lang not in LANGUAGES:
        problems.append(Problem("person.language-unknown", "language", {"value": findings.shown(lang, 40)}))
    said = texts.text(words, "words", problems, longest=WORDS, lines=True)
    if not said:
        problems.append(Problem("report.words-missing", "words"))
    address = None
    if email is not None and email.strip():
        try:
            address = fields.of_person({"email": email})["email"]
        except Invalid as error:
            problems += error.problems
    if problems:
        raise fields.refused(problems)
    return {"reason": reason, "words": said, "email": address, "language": lang}


def find(session: Session, reference: str, *, hold: bool = False) -> Found:
    """The report of this reference, however it is written. Raises NotFound."""
    written = _WRITTEN.sub("", reference.lower())[: _LENGTH + 1]
    known = len(written) == _LENGTH and set(written) <= set(identifiers.ALPHABET)
    canonical = "-".join(written[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))
    row = queries.reports.by_reference(session, reference=canonical, hold=hold) if known else None
    if row is None:
        raise NotFound("report.unknown")
    return Found(*row)


def examine(
    session: Session,
    actor: Actor,
    reference: str,
    *,
    repository_id: str,
    note: str = "",
    expected: int | None = None,
    now: datetime,
) -> Found:
    """Take the resource out of sight while the report is looked into; ``note`` are words for its tombstone.

    What is out of sight already stays so. Raises NotFound, Forbidden, Stale; Conflict where it is examined already.
    """
    found = _stepped(session, actor, reference, ReportAction.EXAMINE, expected, now=now)
    note = texts.words(note, "note")  # judged where nothing goes out of sight, too
    report, resource = found.report, found.resource
    published = resource.state == ResourceState.PUBLISHED
    if published:
        report.hid = now
    elif resource.state == ResourceState.HIDDEN and _by_reports(session, report, resource.changed):
        report.hid = resource.changed
    _log(session, actor, "report.examine", report, resource, now=now)
    session.flush()
    if published:
        publishing.hide(
            session,
            actor,
            resource.public_id,
            reason=_TOMBSTONE.get(report.reason, "other"),
            note=note,
            repository_id=repository_id,
            now=now,
        )
    return found


def answer(
    session: Session,
    actor: Actor,
    reference: str,
    *,
    outcome: str,
    words: str = "",
    note: str = "",
    repository_id: str,
    expected: int | None = None,
    now: datetime,
) -> Found:
    """End it: the resource was ``kept`` or ``mended``, and comes back where this report had hidden it, or
    ``withdrawn``, with ``note`` for its tombstone. ``words`` are for the reporter.

    Raises NotFound, Forbidden, Stale; Conflict where it is answered already; Invalid for another outcome.
    """
    found = _stepped(session, actor, reference, ReportAction.ANSWER, expected, now=now)
    note = texts.words(note, "note")
    report, resource = found.report, found.resource
    if outcome not in workflow.OUTCOMES:
        choices = ", ".join(workflow.OUTCOMES)
        raise fields.refused([Problem("field.choice", "outcome", {"choices": choices})])
    report.outcome, report.answer, report.answered = outcome, texts.words(words, "answer"), now
    session.add(report)
    session.flush()
    _log(session, actor, "report.answer", report, resource, now=now, outcome=outcome)
    step: dict[str, Any] = {"repository_id": repository_id, "now": now}
    if outcome == "withdrawn":
        if resource.state != ResourceState.WITHDRAWN:
            reason = _TOMBSTONE.get(report.reason, "other")
            publishing.withdraw(session, actor, resource.public_id, reason=reason, note=note, **step)
    elif hides(report, resource) and not _by_reports(session, report, resource.changed):
        publishing.unhide(session, actor, resource.public_id, **step)
    return found


def hides(report: Report, resource: Resource) -> bool:
    """Whether the resource is out of sight for this report: nobody has shown it and hidden it anew since."""
    return resource.state == ResourceState.HIDDEN and report.hid is not None and report.hid == resource.changed


def _by_reports(session: Session, report: Report, hid: datetime) -> bool:
    """Whether another report keeps the resource out of sight since then."""
    return queries.reports.hid_by_others(session, resource_id=report.resource_id, report_id=report.id or 0, hid=hid)


def _stepped(
    session: Session,
    actor: Actor,
    reference: str,
    action: ReportAction,
    expected: int | None,
    *,
    now: datetime,
) -> Found:
    """The report with the step taken, its row and that of its resource held."""
    public_id = find(session, reference).resource.public_id
    resource, institution = deposits.held(session, public_id)  # first, as whoever hides it holds it first
    report = find(session, reference, hold=True).report
    report.state = policy.require_report_step(actor, action, report, institution)
    if expected is not None and expected != report.lock:
        raise Stale("report.stale")
    report.lock += 1
    report.changed = now
    session.add(report)
    return Found(report, resource, institution)


def forget_addresses(session: Session, *, now: datetime) -> None:
    """Erase the addresses of reporters who were answered :data:`KEPT` ago."""
    old = sa.and_(col(Report.email).is_not(None), col(Report.answered) <= now - KEPT)
    session.connection().execute(sa.update(Report).where(old).values(email=None))


def _log(
    session: Session, actor: Actor, action: str, report: Report, resource: Resource, *, now: datetime, **details: Any
) -> None:
    audit.write(
        session,
        actor,
        action,
        kind="report",
        object_id=report.reference,
        institution_id=resource.institution_id,
        now=now,
        resource=resource.public_id,
        **details,
    )
