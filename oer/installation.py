"""One installation, opened: settings, database, store and identity together, as every door uses them."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from metadata import vocabularies
from oer import db, exposure, migrations
from oer.db import transaction
from oer.errors import Misconfigured
from oer.exposure import renderings
from oer.exposure.renderings import Issuer
from oer.models import Clock, Identity
from oer.search.answers import Search
from oer.search.index import folder_of
from oer.settings import Settings
from storage import opening
from storage.store import Store

DEFAULT_REPOSITORY_ID = "oer.localhost.localdomain"


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Installation:
    """``secret`` signs list tokens. ``now`` is the clock of this process; tests pass another."""

    settings: Settings
    engine: Engine
    store: Store
    repository_id: str
    secret: bytes = field(repr=False)
    search: Search
    now: Callable[[], datetime] = utc_now

    @property
    def issuer(self) -> Issuer:
        """What renderings need to know of it."""
        return renderings.issuer_of(self.settings, self.repository_id)

    def close(self) -> None:
        self.engine.dispose()


def open_installation(settings: Settings, *, now: Callable[[], datetime] = utc_now) -> Installation:
    """Open what the settings name; at first start make the folder, the tables, the identity and its keys.

    Safe for many processes at once and for a kill at any point. Raises Misconfigured, Unavailable or Full with
    what is wrong.
    """
    _make_folder(settings.data)
    if settings.labels is not None:
        use_labels(settings.labels)
    engine = db.connect(settings.database_url, pool=settings.database_pool)
    try:
        store = open_store(settings)
        with db.translated(engine):
            migrations.upgrade(engine)
        with transaction(engine) as session:
            identity = _identity(session, settings.repository_id, now=now())
    except BaseException:
        engine.dispose()
        raise
    secret = bytes.fromhex(identity.secret)
    search = Search(folder_of(settings.data, secret))
    return Installation(settings, engine, store, identity.repository_id, secret, search, now)


def open_store(settings: Settings) -> Store:
    """The store that the settings name. Raises Misconfigured where its address makes no sense."""
    try:
        return opening.from_url(
            settings.store_url,
            access_key=settings.store_access_key.get_secret_value() or None,
            secret_key=settings.store_secret_key.get_secret_value() or None,
        )
    except ValueError as error:
        raise Misconfigured("settings.store-unknown", reason=str(error)) from None


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured("settings.data-unwritable", folder=str(folder), reason=error.strerror or "") from None


def _identity(session: Session, wanted: str, *, now: datetime) -> Identity:
    """The stored identity, made at first start; ``wanted`` replaces its name only before the first publication."""
    identity = session.exec(select(Identity).with_for_update()).one_or_none()
    if identity is None and db.is_postgresql(session):
        # Two nodes at their first start: the second waits here and then finds what the first has made.
        session.connection().exec_driver_sql("LOCK TABLE identity IN EXCLUSIVE MODE")
        identity = session.exec(select(Identity)).one_or_none()
    if identity is None:
        identity = Identity(repository_id=wanted or DEFAULT_REPOSITORY_ID, secret=secrets.token_hex(32), created=now)
        session.add(identity)
        session.add(Clock(stamp=now.replace(microsecond=0)))
    elif wanted and wanted != identity.repository_id:
        if exposure.is_fixed(session):
            raise Misconfigured("settings.repository-id-fixed", stored=identity.repository_id, wanted=wanted)
        identity.repository_id = wanted
        session.add(identity)
    return identity


def use_labels(path: Path) -> None:
    """Show an operator's labels, ``{term URI: {language: label}}``. Raises Misconfigured where the file is not that."""
    try:
        vocabularies.override(json.loads(path.read_bytes()))
    except OSError as error:
        raise Misconfigured("labels.invalid", path=str(path), reason=error.strerror or "") from None
    except (ValueError, RecursionError) as error:
        raise Misconfigured("labels.invalid", path=str(path), reason=str(error)) from None
