"""The sets that records are in, as tests want to compare them."""

from dataclasses import dataclass

from sqlmodel import Session, select

from oer.models import OaiSet, SetMember


@dataclass(frozen=True)
class Member:
    spec: str
    present: bool
    change: int


def members(session: Session, resource_id: int, *, root: str = "institution") -> list[Member]:
    """The memberships of a resource in the sets below ``root``; all, formats too, where it is empty."""
    query = select(OaiSet.spec, SetMember.present, SetMember.change).join(SetMember, SetMember.set_id == OaiSet.id)
    found = [Member(*row) for row in session.exec(query.where(SetMember.resource_id == resource_id))]
    return [one for one in found if not root or one.spec.split(":")[0] == root]
