"""People and tokens."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from oer.models import Person, Token


def by_email(session: Session, *, email: str) -> Person | None:
    return session.exec(select(Person).where(Person.email == email)).one_or_none()


def any_administrator(session: Session) -> bool:
    return session.exec(select(Person.id).where(col(Person.administrator)).limit(1)).first() is not None


def token(session: Session, *, digest: str) -> tuple[Token, Person] | None:
    query = select(Token, Person).join(Person, col(Person.id) == Token.person_id).where(Token.digest == digest)
    return session.exec(query).one_or_none()


def tokens(session: Session, *, person_id: int) -> Sequence[Token]:
    return session.exec(select(Token).where(Token.person_id == person_id).order_by(col(Token.id))).all()
