"""A tree of institutions, what changes in it, and what harvesters see of that."""

from factories import institution
from memberships import members
from sqlmodel import select

from oer import institutions, queries
from oer.db import reading, transaction
from oer.models import Institution, OaiRecord
from oer.policy import OPERATOR


def plant(home):
    """ministry > school > club, other; each below the one before but the last."""
    with transaction(home.engine) as session:
        ministry = institution(session, "ministry")
        school = institution(session, "school", parent=ministry)
        institution(session, "club", parent=school)
        institution(session, "other")


def edit(home, slug, changes, *, actor=OPERATOR, **rest):
    with transaction(home.engine) as session:
        return institutions.edit(
            session, actor, slug, changes, repository_id=home.repository_id, now=home.now(), **rest
        )


def paths(home):
    """Slugs from the root down, by slug."""
    with reading(home.engine) as session:
        everyone = session.exec(select(Institution)).all()
        named = {one.id: one.slug for one in everyone}
        for one in everyone:
            assert (one.ancestors[-1] if one.ancestors else None) == one.parent_id
        return {one.slug: [named[int(part)] for part in one.path.split("/") if part] for one in everyone}


def sets_of(home, public_id):
    """Specs that the resource is in, and those that it has left."""
    with reading(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=public_id)
        rows = members(session, resource.id)
        return {row.spec for row in rows if row.present}, {row.spec for row in rows if not row.present}


def oai_record(home, public_id):
    with reading(home.engine) as session:
        return session.get(OaiRecord, queries.resources.by_public_id(session, public_id=public_id).id)
