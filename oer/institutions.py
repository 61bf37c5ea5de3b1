"""The tree of institutions.

Every function works inside the caller's transaction and writes the audit log. ``expected`` is the ``lock`` that the
caller has read (from an ETag); None where the caller insists on nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from metadata import findings
from metadata.findings import Problem
from oer import audit, blobs, exposure, fields, identifiers, policy, queries, refreshing
from oer.errors import Conflict, Invalid, NotFound, Stale
from oer.models import Announcement, Institution, Invitation
from oer.policy import Actor
from oer.settings import LANGUAGES
from oer.workflow import ResourceState, Role
from storage.store import Store, Stored

DEPTH = 10  # levels of the tree

LOGO_SIZE = 1024 * 1024
LOGO_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/avif")
"""Raster images that browsers show. No SVG: it is a program."""


def find(session: Session, slug: str) -> Institution:
    """The institution of this slug. Raises NotFound."""
    found = queries.institutions.by_slug(session, slug=slug) if identifiers.is_slug(slug) else None
    if found is None:
        raise NotFound("institution.unknown", slug=slug)
    return found


def above(session: Session, slug: str) -> Institution:
    """The institution that another shall be below. Raises Invalid, naming the field, where there is none."""
    try:
        return find(session, slug)
    except NotFound:
        problem = Problem("institution.unknown", "parent", {"slug": findings.shown(slug, 80)})
        raise fields.refused([problem]) from None


def add(
    session: Session,
    actor: Actor,
    *,
    slug: str,
    names: Mapping[str, str | None],
    kind: str,
    parent: Institution | None = None,
    publish_role: Role = Role.REVIEWER,
    now: datetime,
    **rest: Any,
) -> Institution:
    """A new institution, at the top (administrators) or below one that the actor manages.

    ``names`` maps ar, fr, en to names, one at least; ``kind`` is a notation of ``institution-kinds``; ``rest`` are
    further :data:`fields.INSTITUTION`. Raises Invalid for each of these that is wrong, and for a slug that is taken.
    """
    if parent is None:
        policy.require_administrator(actor)
    else:
        policy.require_manage(actor, _used(session, parent))
        _require_depth(len(parent.ancestors) + 2)
    _require_slug(session, slug)
    kept = fields.of_institution({"names": names, "kind": kind, "publish_role": publish_role.word, **rest})
    institution = Institution(
        id=queries.institutions.unused_id(session),
        slug=slug,
        parent_id=parent.id if parent else None,
        created=now,
        **kept,
    )
    session.add(institution)
    session.flush()
    institution.path = f"{parent.path if parent else '/'}{institution.id}/"
    session.flush()
    _log(session, actor, "institution.add", institution, now=now, parent=parent.slug if parent else None)
    return institution


def _used(session: Session, institution: Institution) -> Institution:
    """The institution, kept where it is until the commit. Raises NotFound where it has just gone."""
    if queries.institutions.used(session, institution_id=institution.id or 0) is None:
        raise NotFound("institution.unknown", slug=institution.slug)
    return institution


def _require_slug(session: Session, slug: str) -> None:
    shown = findings.shown(slug, 80)
    if not identifiers.is_slug(slug):
        raise fields.refused([Problem("institution.slug-invalid", "slug", {"slug": shown})])
    if queries.institutions.by_slug(session, slug=slug) is not None:
        raise fields.refused([Problem("institution.slug-taken", "slug", {"slug": shown})])


def _require_depth(levels: int) -> None:
    if levels > DEPTH:
        raise fields.refused([Problem("institution.too-deep", "parent", {"limit": DEPTH})])


def edit(
    session: Session,
    actor: Actor,
    slug: str,
    changes: Mapping[str, Any],
    *,
    repository_id: str,
    expected: int | None = None,
    now: datetime,
) -> Institution:
    """Change :data:`fields.INSTITUTION`, and with ``parent`` (a slug, None for the top) its place in the tree.

    ``names`` and ``descriptions`` change in the languages that are given. What the world sees of the resources is
    shown again, last of all: of the whole branch after a move, which changes their sets; of this institution after a
    new name, which is their publisher. Raises NotFound, Forbidden, Stale, Invalid.
    """
    institution = held(session, actor, slug, expected=expected)
    before = {"names": institution.names, "descriptions": institution.descriptions}
    kept = fields.of_institution({name: value for name, value in changes.items() if name != "parent"}, before=before)
    changed = sorted(name for name, value in kept.items() if getattr(institution, name) != value)
    moved = "parent" in changes and _move(session, actor, institution, changes["parent"])
    if not changed and not moved:
        return institution
    for name in changed:
        setattr(institution, name, kept[name])
    _touch(session, institution)
    told = {"parent": changes["parent"]} if moved else {}
    _log(session, actor, "institution.edit", institution, now=now, fields=changed, **told)
    if moved:
        _show_again(session, institution, branch=True, repository_id=repository_id, now=now)
    elif "names" in changed:
        _show_again(session, institution, branch=False, repository_id=repository_id, now=now)
    return institution


def held(session: Session, actor: Actor, slug: str, *, expected: int | None = None) -> Institution:
    """An institution that the actor manages, held until the commit. Raises NotFound, Forbidden, Stale."""
    found = queries.institutions.locked(session, slug=slug) if identifiers.is_slug(slug) else None
    if found is None:
        raise NotFound("institution.unknown", slug=slug)
    policy.require_manage(actor, found)
    if expected is not None and expected != found.lock:
        raise Stale("institution.stale", slug=slug)
    return found


def _move(session: Session, actor: Actor, institution: Institution, slug: str | None) -> bool:
    """Give the branch another place; whether it had to move. Managers of both places may, at the top administrators.

    Nothing of the branch is used by others from here to the commit: what they show would bear its old place.
    """
    parent = above(session, slug) if slug is not None else None
    if institution.parent_id == (parent.id if parent else None):
        return False
    rows = queries.institutions.branch_locked(session, path=institution.path, also=parent.id if parent else None)
    left = session.get(Institution, institution.parent_id) if institution.parent_id else None
    if left is not None:
        policy.require_manage(actor, left)
    if parent is None:
        policy.require_administrator(actor)
    else:
        policy.require_manage(actor, parent)
    branch = [row for row in rows if row.path.startswith(institution.path)]
    if parent is not None and parent in branch:
        raise fields.refused([Problem("institution.parent-below", "parent", {"slug": parent.slug})])
    _rewrite(branch, institution, parent)
    session.add_all(branch)
    return True


def _rewrite(branch: Sequence[Institution], institution: Institution, parent: Institution | None) -> None:
    old, new = institution.path, f"{parent.path if parent else '/'}{institution.id}/"
    for row in branch:
        row.path = new + row.path[len(old) :]
        _require_depth(len(row.ancestors) + 1)
    institution.parent_id = parent.id if parent else None


def _show_again(session: Session, institution: Institution, *, branch: bool, repository_id: str, now: datetime) -> None:
    """Step the clock for what the world knows of the institution; after a move of all below, tombstones too.

    The first few hundred at once, in the caller's transaction; the rest by a job, since everybody who publishes waits
    for the clock.
    """
    session.flush()
    if not branch:  # whoever withdraws between our reading and our showing would find it shown again (a move holds all)
        queries.institutions.locked(session, slug=institution.slug, alone=True)
    place = {"within": institution.path} if branch else {"institution_id": institution.id}
    rows = queries.resources.exposed(session, **place, after=0, limit=refreshing.BATCH + 1)
    rows, more = rows[: refreshing.BATCH], len(rows) > refreshing.BATCH
    if more:
        after = rows[-1][0].id or 0
        refreshing.ask(session, institution_id=institution.id, after=after, renamed=not branch, now=now)
    seen = [row for row in rows if row[0].state == ResourceState.PUBLISHED]
    exposure.expose(session, seen, repository_id=repository_id, now=now)
    if branch:
        gone = [row for row in rows if row[0].state != ResourceState.PUBLISHED]
        exposure.bury(session, gone, repository_id=repository_id, now=now)


def remove(
    session: Session, actor: Actor, institution: Institution, *, expected: int | None = None, now: datetime
) -> None:
    """Only an institution without resources, collections and branches: nothing disappears with it.

    Raises Forbidden, Stale; Conflict where something is there.
    """
    institution = held(session, actor, institution.slug, expected=expected)
    assert institution.id is not None
    branch = queries.institutions.branch_locked(session, path=institution.path, also=None)
    full = queries.institutions.has_resources(session, institution_id=institution.id)
    if len(branch) > 1 or full or queries.collections.any_of(session, institution_id=institution.id):
        raise Conflict("institution.not-empty", slug=institution.slug)
    for membership in queries.institutions.members(session, institution_id=institution.id):
        session.delete(membership)
    for table in (Invitation, Announcement):
        session.connection().execute(sa.delete(table).where(col(table.institution_id) == institution.id))
    _log(session, actor, "institution.remove", institution, now=now)
    session.flush()
    session.delete(institution)


# ── the logo ────────────────────────────────────────────────────────────────────────────────────


def put_logo(
    session: Session,
    actor: Actor,
    slug: str,
    store: Store,
    stored: Stored,
    *,
    media_type: str,
    expected: int | None = None,
    now: datetime,
) -> Institution:
    """Make bytes that the store already holds the logo; ``media_type`` was found in them.

    Raises Invalid for anything but an image; Unavailable (``blob.being-removed``): put the bytes again.
    """
    institution = held(session, actor, slug, expected=expected)
    if media_type not in LOGO_TYPES:
        raise Invalid("logo.not-image", type=media_type, known=", ".join(LOGO_TYPES))
    blobs.hold(session, store, stored, now=now)
    institution.logo, institution.logo_type, institution.logo_changed = stored.key, media_type, now
    _touch(session, institution)
    _log(session, actor, "institution.logo", institution, now=now, sha256=stored.key)
    return institution


def drop_logo(session: Session, actor: Actor, slug: str, *, expected: int | None = None, now: datetime) -> Institution:
    """Take the logo away. Raises NotFound where there is none."""
    institution = held(session, actor, slug, expected=expected)
    if institution.logo is None:
        raise NotFound("logo.unknown", slug=slug)
    institution.logo = institution.logo_type = institution.logo_changed = None
    _touch(session, institution)
    _log(session, actor, "institution.logo", institution, now=now, sha256=None)
    return institution


def _touch(session: Session, institution: Institution) -> None:
    institution.lock += 1
    session.add(institution)


def _log(
    session: Session, actor: Actor, action: str, institution: Institution, *, now: datetime, **details: Any
) -> None:
    audit.write(
        session,
        actor,
        action,
        kind="institution",
        object_id=institution.slug,
        institution_id=institution.id,
        now=now,
        **details,
    )


def name_in(institution: Institution, lang: str) -> tuple[str, str]:
    """(name, its language): the one asked for, else the first there is in the order of the repository."""
    for candidate in (lang, *LANGUAGES):
        if candidate in institution.names:
            return institution.names[candidate], candidate
    return institution.slug, "und"
