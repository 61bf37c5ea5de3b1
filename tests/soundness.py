"""What must be true of an installation after any fault, asked of its tables and its store."""

import hashlib
from collections.abc import Callable, Iterable, Iterator

import sqlalchemy as sa
from sqlmodel import Session, col, select

from metadata import versions
from oer import queries
from oer.db import is_sqlite, reading
from oer.installation import Installation
from oer.models import Blob, Clock, Draft, DraftFile, OaiRecord, Resource, SetMember, Version, VersionFile
from storage.errors import StoreError
from storage.store import Store


def faults(home: Installation, *, bytes_of: Callable[[str], bool] = lambda key: True) -> list[str]:
    """Everything that is wrong, in words; ``bytes_of(key)``: read and hash these bytes, do not only look at them."""
    with reading(home.engine) as session:
        found = [*_database(session), *_versions(session), *_world(session)]
        keys = referenced(session)
        found += [f"no blob row for {key}" for key in keys - set(session.exec(select(Blob.key)).all())]
        sizes = dict(session.exec(select(Blob.key, Blob.size)).all())
    for key in sorted(keys):
        found += _bytes(home.store, key, sizes.get(key), whole=bytes_of(key))
    return found


def referenced(session: Session) -> set[str]:
    """Keys that some version or draft refers to."""
    return {*session.exec(select(VersionFile.key)).all(), *session.exec(select(DraftFile.key)).all()}


def missing_bytes(home: Installation) -> list[str]:
    """Rows without their bytes, or with others."""
    with reading(home.engine) as session:
        keys = referenced(session)
    return [fault for key in sorted(keys) for fault in _bytes(home.store, key, None, whole=True)]


def _bytes(store: Store, key: str, size: int | None, *, whole: bool) -> Iterator[str]:
    try:
        stat = store.stat(key)
        if size is not None and stat.size != size:
            yield f"{key} has {stat.size} bytes, its row says {size}"
        if whole and hashlib.sha256(b"".join(store.open(key))).hexdigest() != key:
            yield f"{key} has other bytes"
    except StoreError as error:
        yield f"row without bytes: {error}"


def _database(session: Session) -> Iterator[str]:
    if not is_sqlite(session):
        return
    run = session.connection().exec_driver_sql
    yield from (f"integrity: {line}" for (line,) in run("PRAGMA integrity_check") if line != "ok")
    yield from (f"foreign key: {tuple(row)}" for row in run("PRAGMA foreign_key_check"))


def _versions(session: Session) -> Iterator[str]:
    """Versions are whole and numbered without gaps; the resource's number is the last; an id leads somewhere."""
    numbers: dict[int, list[int]] = {}
    for version in session.exec(select(Version).order_by(col(Version.number))):
        numbers.setdefault(version.resource_id, []).append(version.number)
        files = queries.resources.files(session, version_id=version.id or 0)
        described = [file.told for file in files]
        if versions.digest(version.description(), described) != version.digest:
            yield f"version {version.number} of {version.resource_id} is not what its digest says"
    drafts = set(session.exec(select(Draft.resource_id)).all())
    for resource in session.exec(select(Resource)):
        if numbers.get(resource.id or 0, []) != list(range(1, resource.number + 1)):
            yield f"{resource.public_id} is at {resource.number} with versions {numbers.get(resource.id or 0)}"
        if resource.number == 0 and resource.id not in drafts:
            yield f"{resource.public_id} has neither version nor draft"


def _world(session: Session) -> Iterator[str]:
    """Everything published has its record, deleted or not as its state says, within the clock."""
    clock = session.exec(select(Clock)).one()
    records = {record.resource_id: record for record in session.exec(select(OaiRecord))}
    for resource in session.exec(select(Resource).where(Resource.number > 0)):
        record = records.get(resource.id or 0)
        if record is None:
            yield f"published without a record: {resource.public_id}"
        elif record.deleted != (resource.state != "published"):
            yield f"{resource.public_id} is {resource.state}, its record says deleted={record.deleted}"
        elif record.change > clock.change or record.stamp > clock.stamp:
            yield f"{resource.public_id} is ahead of the clock"
    members = sa.select(SetMember.resource_id, SetMember.change)
    for resource_id, change in session.connection().execute(members):
        if records[resource_id].change != change:
            yield f"a membership of {resource_id} bears another change than its record"


def kept(store: Store, keys: Iterable[str]) -> bool:
    """Whether the store holds exactly these objects."""
    return set(store.keys()) == set(keys)
