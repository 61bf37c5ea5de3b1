"""Announcements of institutions: short texts by language, for everybody from a moment on, past from another.

Managers of the institution write them. ``expected`` is the ``lock`` that the caller has read (from an ETag); None
where the caller insists on nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from metadata import findings
from metadata.findings import Problem
from oer import audit, fields, identifiers, institutions, policy, queries, texts
from oer.errors import NotFound, Stale
from oer.models import Announcement, Institution
from oer.policy import Actor
from oer.texts import Problems, Words

# The longest of each, in characters.
TITLE = 300
TEXT = 20_000

_FIRST, _LAST = 2000, 2199  # years: others are slips of the keyboard, or moments that no zone can be taken from

FIELDS = ("titles", "texts", "published", "until", "pinned")
"""Everything that :func:`edit` changes."""


@dataclass(frozen=True, slots=True)
class Found:
    announcement: Announcement
    institution: Institution


def state(announcement: Announcement, *, now: datetime) -> str:
    """``scheduled``, ``current`` or ``past``."""
    if announcement.published > now:
        return "scheduled"
    return "past" if announcement.until is not None and announcement.until <= now else "current"


def announce(
    session: Session,
    actor: Actor,
    slug: str,
    *,
    titles: Words,
    texts: Words,
    published: datetime | None = None,
    until: datetime | None = None,
    pinned: bool = False,
    now: datetime,
) -> Found:
    """A new one, shown from ``published`` on (now, unless it says when).

    Raises NotFound, Forbidden; Invalid with every problem of its words and times.
    """
    institution = institutions.find(session, slug)
    policy.require_manage(actor, institution)
    if queries.institutions.used(session, institution_id=institution.id or 0) is None:
        raise NotFound("institution.unknown", slug=slug)
    announcement = Announcement(
        public_id=identifiers.new_public_id(),
        institution_id=institution.id or 0,
        titles={},
        texts={},
        published=now,
        created=now,
        changed=now,
    )
    given = {"titles": titles, "texts": texts, "published": published, "until": until, "pinned": pinned}
    _describe(announcement, given, now=now)
    session.add(announcement)
    session.flush()
    found = Found(announcement, institution)
    _log(session, actor, "announcement.add", found, now=now)
    return found


def find(session: Session, actor: Actor, slug: str, public_id: str, *, now: datetime) -> Found:
    """One that the actor may see: before it is published only managers do. Raises NotFound."""
    known = identifiers.is_public_id(public_id)  # PostgreSQL raises for text with a NUL
    return _seen(
        actor,
        institutions.find(session, slug),
        queries.announcements.by_public_id(session, public_id=public_id) if known else None,
        public_id,
        now=now,
    )


def edit(
    session: Session,
    actor: Actor,
    slug: str,
    public_id: str,
    changes: Mapping[str, Any],
    *,
    expected: int | None = None,
    now: datetime,
) -> Found:
    """Change some of :data:`FIELDS`; titles and texts in the languages that are given.

    None as ``until`` makes it last, as ``published`` shows it from now on. Raises NotFound, Forbidden, Stale, Invalid.
    """
    found = _held(session, actor, slug, public_id, expected, now=now)
    announcement = found.announcement
    before = announcement.model_dump(include=set(FIELDS))
    _describe(announcement, changes, now=now)
    changed = sorted(name for name in FIELDS if before[name] != getattr(announcement, name))
    if changed:
        announcement.lock += 1
        announcement.changed = now
        session.add(announcement)
        session.flush()
        _log(session, actor, "announcement.edit", found, now=now, fields=changed)
    return found


def remove(
    session: Session, actor: Actor, slug: str, public_id: str, *, expected: int | None = None, now: datetime
) -> None:
    """Take it away for ever. Raises NotFound, Forbidden, Stale."""
    found = _held(session, actor, slug, public_id, expected, now=now)
    _log(session, actor, "announcement.remove", found, now=now)
    session.delete(found.announcement)


def in_language(words: Mapping[str, str], lang: str) -> tuple[str, str]:
    """(words, their language): those asked for, else the first there are in the order of the repository."""
    spoken = lang if lang in words else next(iter(words), "und")
    return words.get(spoken, ""), spoken


def _held(session: Session, actor: Actor, slug: str, public_id: str, expected: int | None, *, now: datetime) -> Found:
    known = identifiers.is_public_id(public_id)
    row = queries.announcements.locked(session, public_id=public_id) if known else None
    found = _seen(actor, institutions.find(session, slug), row, public_id, now=now)
    policy.require_manage(actor, found.institution)
    if expected is not None and expected != found.announcement.lock:
        raise Stale("announcement.stale")
    return found


def _seen(
    actor: Actor, institution: Institution, announcement: Announcement | None, public_id: str, *, now: datetime
) -> Found:
    here = announcement is not None and announcement.institution_id == institution.id
    if announcement is not None and here and (announcement.published <= now or policy.may_manage(actor, institution)):
        return Found(announcement, institution)
    raise NotFound("announcement.unknown", id=findings.shown(public_id, 40))


def _describe(announcement: Announcement, given: Mapping[str, Any], *, now: datetime) -> None:
    problems: Problems = []
    titles = _words(announcement.titles, given.get("titles", {}), "titles", problems, longest=TITLE)
    texts = _words(announcement.texts, given.get("texts", {}), "texts", problems, longest=TEXT)
    if not titles and not problems:
        problems.append(Problem("title.missing", "titles"))
    if not texts and not problems:
        problems.append(Problem("announcement.text-missing", "texts"))
    published = given.get("published", announcement.published) or now
    until = given.get("until", announcement.until)
    for name, moment in (("published", published), ("until", until)):
        if moment is not None and not _FIRST <= moment.year <= _LAST:
            problems.append(Problem("announcement.time-far", name, {"first": _FIRST, "last": _LAST}))
    if not problems and until is not None and until <= published:
        problems.append(Problem("announcement.until-early", "until"))
    if problems:
        raise fields.refused(problems)
    announcement.titles, announcement.texts = titles, texts
    announcement.published = published.astimezone(UTC)
    announcement.until = until.astimezone(UTC) if until is not None else None
    announcement.pinned = given.get("pinned", announcement.pinned)


def _words(before: Mapping[str, str], given: Words, field: str, problems: Problems, *, longest: int) -> dict[str, str]:
    return texts.by_language(before, given, field, problems, longest=longest, lines=field == "texts")


def _log(session: Session, actor: Actor, action: str, found: Found, *, now: datetime, **details: Any) -> None:
    audit.write(
        session,
        actor,
        action,
        kind="announcement",
        object_id=found.announcement.public_id,
        institution_id=found.institution.id,
        now=now,
        **details,
    )
