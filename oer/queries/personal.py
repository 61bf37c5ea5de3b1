"""What is kept about one person, everywhere: rows as mappings, in the order in which they came."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from oer.models import (
    AuditEntry,
    BrowserSession,
    Collection,
    Draft,
    Institution,
    Invitation,
    Job,
    KeptAnswer,
    Membership,
    Person,
    Resource,
    Review,
    Token,
    Upload,
    Version,
)

Rows = Sequence[dict[str, Any]]


def _rows(session: Session, query: sa.Select[Any]) -> Rows:
    return [dict(row) for row in session.connection().execute(query).mappings()]


def _columns(table: Any, *names: str) -> list[Any]:
    return [col(getattr(table, name)) for name in names]


def roles(session: Session, *, person_id: int) -> Rows:
    query = sa.select(col(Institution.slug).label("institution"), *_columns(Membership, "role", "created"))
    query = query.join(Membership, col(Membership.institution_id) == col(Institution.id))
    return _rows(session, query.where(col(Membership.person_id) == person_id).order_by(col(Institution.slug)))


def tokens(session: Session, *, person_id: int) -> Rows:
    """Without the hashes of their secrets."""
    query = sa.select(*_columns(Token, "id", "name", "scopes", "created", "expires", "revoked"))
    return _rows(session, query.where(col(Token.person_id) == person_id).order_by(col(Token.id)))


def sessions(session: Session, *, person_id: int) -> Rows:
    query = sa.select(*_columns(BrowserSession, "created", "seen", "expires"))
    return _rows(session, query.where(col(BrowserSession.person_id) == person_id).order_by(col(BrowserSession.created)))


def invitations(session: Session, *, person: Person) -> Rows:
    """Those to the person's address, and those that the person has made: to whom is another's business."""
    query = sa.select(
        col(Institution.slug).label("institution"),
        sa.case((col(Invitation.email) == person.email, "to"), else_="by").label("whose"),
        *_columns(Invitation, "id", "role", "created", "expires", "accepted", "revoked"),
    ).join(Invitation, col(Invitation.institution_id) == col(Institution.id))
    mine = sa.or_(col(Invitation.email) == person.email, col(Invitation.invited_by) == person.id)
    return _rows(session, query.where(mine).order_by(col(Invitation.id)))


def resources(session: Session, *, person_id: int) -> Rows:
    query = sa.select(*_columns(Resource, "public_id", "state", "created"))
    return _rows(session, query.where(col(Resource.author_id) == person_id).order_by(col(Resource.id)))


def drafts(session: Session, *, person_id: int) -> Rows:
    query = sa.select(
        col(Resource.public_id).label("resource"), *_columns(Draft, "state", "record", "note", "created", "changed")
    ).join(Resource, col(Resource.id) == col(Draft.resource_id))
    return _rows(session, query.where(col(Draft.author_id) == person_id).order_by(col(Draft.id)))


def versions(session: Session, *, person_id: int) -> Rows:
    query = sa.select(col(Resource.public_id).label("resource"), *_columns(Version, "number", "note", "published"))
    query = query.join(Resource, col(Resource.id) == col(Version.resource_id))
    return _rows(session, query.where(col(Version.author_id) == person_id).order_by(col(Version.id)))


def reviews(session: Session, *, person_id: int) -> Rows:
    query = sa.select(col(Resource.public_id).label("resource"), *_columns(Review, "decision", "comment", "created"))
    query = query.join(Resource, col(Resource.id) == col(Review.resource_id))
    return _rows(session, query.where(col(Review.reviewer_id) == person_id).order_by(col(Review.id)))


def collections(session: Session, *, person_id: int) -> Rows:
    query = sa.select(*_columns(Collection, "public_id", "titles", "state", "created"))
    return _rows(session, query.where(col(Collection.author_id) == person_id).order_by(col(Collection.id)))


def uploads(session: Session, *, person_id: int) -> Rows:
    query = sa.select(*_columns(Upload, "name", "size", "created", "expires"))
    return _rows(session, query.where(col(Upload.person_id) == person_id).order_by(col(Upload.created)))


def jobs(session: Session, *, person_id: int) -> Rows:
    query = sa.select(*_columns(Job, "id", "kind", "state", "created", "finished"))
    return _rows(session, query.where(col(Job.person_id) == person_id).order_by(col(Job.id)))


def answers(session: Session, *, person_id: int) -> Rows:
    """Requests whose answers are kept for a while."""
    query = sa.select(*_columns(KeptAnswer, "key", "status", "created"))
    return _rows(session, query.where(col(KeptAnswer.owner) == f"person:{person_id}").order_by(col(KeptAnswer.created)))


def log(session: Session, *, person_id: int) -> Rows:
    """What the person did, and what others did to the account."""
    about = sa.and_(col(AuditEntry.object_kind) == "person", col(AuditEntry.object_id) == str(person_id))
    query = sa.select(*_columns(AuditEntry, "at", "action", "object_kind", "object_id", "details"))
    query = query.where(sa.or_(col(AuditEntry.person_id) == person_id, about))
    return _rows(session, query.order_by(col(AuditEntry.id)))
