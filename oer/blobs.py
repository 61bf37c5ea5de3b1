"""Which digests the store holds for us, and the sweeper that removes what nobody refers to.

Bytes come first and rows second, so a crash leaves bytes without a row, never a row without bytes. The sweeper
and an upload of the same bytes meet in the blob's row: :func:`hold` locks it and refuses a marked one;
:func:`sweep` marks, commits, waits, and removes bytes only while it holds the lock of a row that is still marked.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Engine
from sqlmodel import Session, col

from oer import queries
from oer.db import is_sqlite, reading, transaction
from oer.errors import Unavailable
from oer.models import Blob, Derivative
from storage.errors import Missing
from storage.store import Stat, Store, Stored

_BATCH = 500
_ABANDONED = timedelta(minutes=10)  # a mark as old as this is of a sweep that was killed


def hold(session: Session, store: Store, stored: Stored, *, now: datetime) -> Blob:
    """The row of bytes that the caller has just put, locked until the commit, so that it may refer to them.

    Raises Unavailable (``blob.being-removed``) where the sweeper has marked them, or has removed them between the
    caller's ``put`` and now: put them again and come back. A mark that was left behind is lifted: whoever set it
    looks once more, under the same lock, before it removes anything.
    """
    new = _insert(session, {"key": stored.key, "size": stored.size, "created": now})
    blob = queries.blobs.locked(session, key=stored.key)
    abandoned = blob is not None and blob.marked is not None and now - blob.marked > _ABANDONED
    if blob is not None and abandoned:
        blob.marked = blob.marked_modified = None
        session.add(blob)
    if blob is None or blob.marked is not None:
        # None: the row that stood in the way of ours was removed while this waited for its lock (PostgreSQL).
        raise Unavailable("blob.being-removed", key=stored.key)
    if new or abandoned:
        # A sweeper may have removed the bytes, and their old row, since they were put. Old rows need no look:
        # while a row is unmarked nobody removes its bytes.
        try:
            store.stat(stored.key)
        except Missing:
            raise Unavailable("blob.being-removed", key=stored.key) from None
    return blob


@dataclass(slots=True)
class Swept:
    """What one sweep did: blobs marked, kept because they came back, removed, and the bytes set free."""

    marked: int = 0
    kept: int = 0
    removed: int = 0
    bytes: int = 0


def sweep(
    engine: Engine, store: Store, *, now: datetime, grace: timedelta, wait: Callable[[], None], dry_run: bool = False
) -> Swept:
    """Remove bytes that nothing has referred to for ``grace``. ``wait`` lets uploads under way reach their rows.

    Safe beside uploads and beside another sweep, and after a kill at any point: the next sweep goes on.
    """
    swept = Swept()
    for key in _candidates(engine, store, now=now, grace=grace):
        if dry_run or _mark(engine, store, key, now=now):
            swept.marked += 1
    if dry_run:
        with reading(engine) as session:
            blobs = (session.get_one(Blob, key) for key in queries.blobs.marked(session))
            swept.marked += sum(not _came_back(session, store, blob) for blob in blobs)
        return swept
    wait()
    with reading(engine) as session:
        marked = queries.blobs.marked(session)
    for key in marked:
        _remove(engine, store, key, swept)
    return swept


def _candidates(engine: Engine, store: Store, *, now: datetime, grace: timedelta) -> Iterator[str]:
    """Keys that nothing refers to: rows first, then bytes that never got a row."""
    after = ""
    while True:
        with reading(engine) as session:
            keys = queries.blobs.unreferenced(session, before=now - grace, after_key=after, limit=_BATCH)
        for key in keys:
            if _is_older(store, key, now - grace):
                yield key
        if len(keys) < _BATCH:
            break
        after = keys[-1]
    batch: list[str] = []
    for key in store.keys():  # noqa: SIM118 - a store is no mapping
        batch.append(key)
        if len(batch) == _BATCH:
            yield from _without_row(engine, store, batch, now - grace)
            batch = []
    yield from _without_row(engine, store, batch, now - grace)


def _without_row(engine: Engine, store: Store, keys: list[str], before: datetime) -> Iterator[str]:
    if not keys:
        return
    with reading(engine) as session:
        known = queries.blobs.known(session, keys=keys)
    for key in keys:
        if key not in known and _is_older(store, key, before):
            yield key


def _is_older(store: Store, key: str, before: datetime) -> bool:
    try:
        return store.stat(key).modified <= before
    except Missing:
        return True


def _mark(engine: Engine, store: Store, key: str, *, now: datetime) -> bool:
    """Mark one blob in a transaction of its own, unless somebody refers to it by now."""
    try:
        stat = store.stat(key)
    except Missing:
        stat = None
    with transaction(engine) as session:
        blob = queries.blobs.locked(session, key=key)
        if blob is None:
            if stat is None:
                return False
            return _mark_new(session, Blob(key=key, size=stat.size, created=now, marked=now), stat)
        if blob.marked is not None or queries.blobs.is_referenced(session, key=key):
            # The look at the references is a statement after the lock: on PostgreSQL a condition inside the
            # locking statement would be judged by the snapshot from before the wait.
            return False
        blob.marked = now
        blob.marked_modified = stat.modified if stat else None
        session.add(blob)
    return True


def _mark_new(session: Session, blob: Blob, stat: Stat) -> bool:
    """A marked row for bytes without one, unless an upload has just made it."""
    return _insert(session, blob.model_dump() | {"marked_modified": stat.modified})


def _insert(session: Session, values: Mapping[str, Any]) -> bool:
    """Add a blob's row unless there is one; whether it was added."""
    insert = (sqlite if is_sqlite(session) else postgresql).insert(Blob).values(**values)
    # RETURNING tells, not rowcount: psycopg leaves that at -1 for inserts.
    added = insert.on_conflict_do_nothing(index_elements=["key"]).returning(col(Blob.key))
    return session.connection().execute(added).first() is not None


def _remove(engine: Engine, store: Store, key: str, swept: Swept) -> None:
    """Remove one marked blob: bytes and row under the row's lock, so that two sweepers cannot cross an upload."""
    with transaction(engine) as session:
        blob = queries.blobs.locked(session, key=key)
        if blob is None or blob.marked is None:
            return
        if _came_back(session, store, blob):
            blob.marked = blob.marked_modified = None
            swept.kept += 1
            return
        store.delete(key)
        # What is made of it goes by itself, but for what is made of itself: PostgreSQL looks at that reference first.
        session.connection().execute(sa.delete(Derivative).where(Derivative.source == key))  # type: ignore[arg-type]
        session.connection().execute(sa.delete(Blob).where(Blob.key == key))  # type: ignore[arg-type]
        swept.removed += 1
        swept.bytes += blob.size


def _came_back(session: Session, store: Store, blob: Blob) -> bool:
    """Whether a marked blob was put again, or is referred to, since it was marked."""
    try:
        renewed = store.stat(blob.key).modified != blob.marked_modified
    except Missing:
        renewed = False
    return renewed or queries.blobs.is_referenced(session, key=blob.key)
