"""What the demonstration made, as the audit log knows it, and what people have added to it since."""

from collections.abc import Collection as Some
from collections.abc import Sequence

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from oer.models import Announcement, AuditEntry, Collection, CollectionItem, Draft, Institution, Resource


def institutions(session: Session, *, slugs: Some[str]) -> Sequence[Institution]:
    query = select(Institution).where(col(Institution.slug).in_(slugs)).order_by(col(Institution.path))
    return session.exec(query).all()


def made_institutions(session: Session, *, maker: str, ids: Some[int]) -> set[int]:
    """Those of these that the maker added. No number of an institution is given twice."""
    query = select(AuditEntry.institution_id).where(
        col(AuditEntry.institution_id).in_(ids), AuditEntry.action == "institution.add", AuditEntry.by == maker
    )
    return {one for one in session.exec(query) if one is not None}


def resources(session: Session, *, maker: str, institution_ids: Some[int]) -> Sequence[Resource]:
    """Resources that the maker began in these institutions, wherever they are now."""
    query = select(Resource).where(col(Resource.public_id).in_(_made("draft.begin", maker, institution_ids)))
    return session.exec(query.order_by(col(Resource.id))).all()


def collections(session: Session, *, maker: str, institution_ids: Some[int]) -> Sequence[Collection]:
    query = select(Collection).where(col(Collection.public_id).in_(_made("collection.create", maker, institution_ids)))
    return session.exec(query.order_by(col(Collection.id))).all()


def _made(action: str, maker: str, institution_ids: Some[int]) -> SelectOfScalar[str]:
    return select(AuditEntry.object_id).where(
        col(AuditEntry.institution_id).in_(institution_ids), AuditEntry.action == action, AuditEntry.by == maker
    )


def all_made(session: Session, *, maker: str, prefix: str) -> Sequence[Institution]:
    """The maker's institutions that are still there, parents before children."""
    known = select(AuditEntry.institution_id).where(AuditEntry.action == "institution.add", AuditEntry.by == maker)
    named = col(Institution.slug).startswith(prefix, autoescape=True)
    rows = session.exec(select(Institution).where(named, col(Institution.id).in_(known))).all()
    return sorted(rows, key=lambda one: (one.path.count("/"), one.slug))


def worked_on(session: Session, *, resources: Sequence[Resource], maker: str) -> set[str]:
    """Public ids of those that have an open draft, or a version that somebody else published."""
    ids = {one.id: one.public_id for one in resources}
    drafts = session.exec(select(Draft.resource_id).where(col(Draft.resource_id).in_(list(ids))))
    published = select(AuditEntry.object_id).where(
        AuditEntry.object_kind == "resource",
        col(AuditEntry.object_id).in_(list(ids.values())),
        AuditEntry.action == "resource.publish",
        AuditEntry.by != maker,
    )
    return {ids[one] for one in drafts} | set(session.exec(published))


_CHANGES = ("collection.change", "collection.arrange", "collection.add", "collection.remove")


def rearranged(session: Session, *, collections: Sequence[Collection], maker: str) -> set[str]:
    """Public ids of those that somebody else has changed."""
    changed = select(AuditEntry.object_id).where(
        AuditEntry.object_kind == "collection",
        col(AuditEntry.object_id).in_([one.public_id for one in collections]),
        col(AuditEntry.action).in_(_CHANGES),
        AuditEntry.by != maker,
    )
    return set(session.exec(changed))


def occupied(
    session: Session, *, institution_ids: Some[int], resource_ids: Some[int], collection_ids: Some[int]
) -> set[int]:
    """Of these institutions those that hold anything but these resources and collections and each other."""
    own = select(Announcement.institution_id).where(col(Announcement.institution_id).in_(institution_ids))
    others = (
        select(Resource.institution_id).where(
            col(Resource.institution_id).in_(institution_ids), col(Resource.id).not_in(resource_ids)
        ),
        select(Collection.institution_id).where(
            col(Collection.institution_id).in_(institution_ids), col(Collection.id).not_in(collection_ids)
        ),
        select(Institution.parent_id).where(
            col(Institution.parent_id).in_(institution_ids), col(Institution.id).not_in(institution_ids)
        ),
    )
    return {one for query in (own, *others) for one in session.exec(query) if one is not None}


def holding(session: Session, *, resource_ids: Some[int], but: Some[int]) -> Sequence[tuple[str, str]]:
    """(collection, resource) where one of these resources is in a collection that is none of those."""
    query = (
        select(Collection.public_id, Resource.public_id)
        .join(CollectionItem, col(CollectionItem.collection_id) == Collection.id)
        .join(Resource, col(Resource.id) == CollectionItem.resource_id)
        .where(col(Resource.id).in_(resource_ids), col(Collection.id).not_in(but))
    )
    return session.exec(query.order_by(Collection.public_id, Resource.public_id)).all()
