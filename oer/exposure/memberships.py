"""Which OAI sets a resource is in. Sets are hierarchical: a member of ``a:b`` is a member of ``a`` (OAI-PMH 2.6)."""

from collections.abc import Sequence

from sqlmodel import Session

from oer import queries
from oer.models import Institution

INSTITUTIONS = "institution"


def institution_spec(slugs: Sequence[str]) -> str:
    """The setSpec of the institution with these slugs from the root down; ``institution`` itself holds them all."""
    return ":".join([INSTITUTIONS, *slugs])


def institution_specs(session: Session, institution: Institution) -> list[str]:
    """``institution``, ``institution:root``, ``institution:root:branch`` … down to this one, the widest first."""
    above = queries.institutions.by_ids(session, ids=institution.ancestors)
    slugs = [above[ancestor].slug for ancestor in institution.ancestors] + [institution.slug]
    return [institution_spec(slugs[:depth]) for depth in range(len(slugs) + 1)]
