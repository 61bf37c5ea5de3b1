"""Many new resources without files in a few statements: the rows that ``deposits.begin`` and ``publishing.prepare``
would write one by one, and nothing else. A test compares the two.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from metadata import versions
from metadata.record import Record
from oer import identifiers, policy, queries
from oer.errors import NotFound
from oer.models import AuditEntry, Draft, ImportedItem, Institution, Resource, Version
from oer.policy import Actor
from oer.workflow import DraftState, ResourceState


def begin(
    session: Session,
    actor: Actor,
    institution: Institution,
    records: Mapping[str, Record],
    *,
    publish: bool,
    now: datetime,
) -> list[Resource]:
    """A resource for each item of an import: with a draft, or with its first version, yet to be exposed.

    ``records`` are sound for their stage (``validate.problems``), and complete without files where they are published.
    Raises Forbidden, NotFound.
    """
    assert institution.id is not None
    if queries.institutions.used(session, institution_id=institution.id) is None:
        raise NotFound("institution.unknown", slug=institution.slug)
    policy.require_deposit(actor, institution)
    if publish:
        policy.require_publishing(actor, institution)
    resources = [_resource(actor, institution, record, publish=publish, now=now) for record in records.values()]
    session.add_all(resources)
    session.flush()
    made = list(zip(records.items(), resources, strict=True))
    told = [(resource, versions.canonical(record).decode()) for (_, record), resource in made]
    digests = [versions.digest(record) for record in records.values()]
    if publish:
        _insert(
            session, Version, [_version(actor, *one, digest, now) for one, digest in zip(told, digests, strict=True)]
        )
    else:
        _insert(session, Draft, [_draft(actor, *one, now) for one in told])
    entries = [_entry(actor, "draft.begin", resource, {}, now) for resource in resources]
    if publish:
        entries += [
            _entry(actor, "resource.publish", resource, {"number": 1, "digest": digest}, now)
            for resource, digest in zip(resources, digests, strict=True)
        ]
    _insert(session, AuditEntry, entries)
    noted = [
        {
            "institution_id": institution.id,
            "item": item,
            "resource_id": resource.id,
            "fingerprint": digest,
            "imported": now,
        }
        for ((item, _), resource), digest in zip(made, digests, strict=True)
    ]
    _insert(session, ImportedItem, noted)
    return resources


def _insert(session: Session, table: type[Any], rows: Sequence[Mapping[str, Any]]) -> None:
    session.connection().execute(sa.insert(table), list(rows))


def _resource(actor: Actor, institution: Institution, record: Record, *, publish: bool, now: datetime) -> Resource:
    resource = Resource(
        public_id=identifiers.new_public_id(),
        institution_id=institution.id or 0,
        author_id=actor.person_id,
        created=now,
        changed=now,
    )
    if publish:
        resource.state, resource.number, resource.published = ResourceState.PUBLISHED, 1, now
        resource.access, resource.available = record.access.kind, record.access.until
        resource.lock += 1
    return resource


def _version(actor: Actor, resource: Resource, record: str, digest: str, now: datetime) -> dict[str, Any]:
    return {
        "resource_id": resource.id,
        "number": 1,
        "record": record,
        "digest": digest,
        "author_id": actor.person_id,
        "note": "",
        "published": now,
    }


def _draft(actor: Actor, resource: Resource, record: str, now: datetime) -> dict[str, Any]:
    return {
        "resource_id": resource.id,
        "author_id": actor.person_id,
        "state": DraftState.EDITING,
        "record": record,
        "note": "",
        "based_on": 0,
        "lock": 1,
        "created": now,
        "changed": now,
    }


def _entry(actor: Actor, action: str, resource: Resource, details: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "at": now,
        "person_id": actor.person_id,
        "by": actor.name,
        "action": action,
        "object_kind": "resource",
        "object_id": resource.public_id,
        "institution_id": resource.institution_id,
        "details": details,
    }
