"""What is right and wrong with an installation, as findings; ``oer doctor`` and pages make sentences of them."""

import errno
import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from metadata.crosswalks import FORMATS
from oer import audit, db, installation, migrations, queries, supervisor
from oer.db import reading
from oer.errors import OerError
from oer.exposure import renderings
from oer.models import Identity
from oer.previews import tools
from oer.search import following
from oer.search.index import folder_of
from oer.settings import GIB, Settings
from storage.errors import Missing, StoreError
from storage.store import Store

Level = Literal["ok", "warning", "error"]
_HEADROOM = 1 * GIB  # even a DELETE needs room
_SKEW = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: which part of the installation, how bad, a code, and values for its sentence."""

    part: str
    level: Level
    code: str
    params: Mapping[str, object] = field(default_factory=dict)


def examine(settings: Settings, *, now: datetime) -> list[Finding]:
    """Look at settings, versions, disk, database, store and clock. Never raises for what it examines."""
    findings = [*_settings(settings), *_versions(), *_disk(settings), *_tools()]
    try:
        engine = db.connect(settings.database_url, pool=2)
    except OerError as error:
        findings.append(Finding("database", "error", error.code, error.params))
    else:
        findings.extend(_database(engine, settings, now))
        engine.dispose()
    if settings.store_url.startswith("file:") and not settings.data.exists():
        return findings  # opening the store would make its folder
    try:
        findings.extend(_store(installation.open_store(settings)))
    except (OerError, StoreError) as error:
        findings.append(Finding("store", "error", error.code, error.params))
    return findings


def _settings(settings: Settings) -> Iterator[Finding]:
    host = urlsplit(settings.base_url).hostname or ""
    local = host in {"localhost", "127.0.0.1", "::1"}
    yield Finding(
        "settings",
        "warning" if local else "ok",
        "doctor.base-url-local" if local else "doctor.base-url",
        {"url": settings.base_url},
    )
    if not local and not settings.base_url.startswith("https://"):
        yield Finding("settings", "warning", "doctor.base-url-plain", {"url": settings.base_url})
    for name in sorted(_unknown_variables()):
        yield Finding("settings", "warning", "doctor.setting-unknown", {"name": name})
    if settings.labels is not None:
        try:
            installation.use_labels(settings.labels)
        except OerError as error:
            yield Finding("settings", "error", error.code, error.params)
    if settings.admin_email.endswith(".localdomain"):
        yield Finding("settings", "warning", "doctor.admin-email-default", {"email": settings.admin_email})


def _unknown_variables() -> set[str]:
    """Variables that look like settings and are none: mistyped, most likely."""
    known = {f"OER_{name.upper()}" for name in Settings.model_fields}
    ours = (supervisor.PARENT, "OER_SHARED", "OER_FULL_COUNTS", "OER_TEST_", "OER_REQUIRE_")
    return {name for name in os.environ if name.startswith("OER_") and name not in known and not name.startswith(ours)}


def _versions() -> Iterator[Finding]:
    yield Finding(
        "versions",
        "ok",
        "doctor.versions",
        {"oer": package_version("oer-repository"), "python": platform.python_version()},
    )


def _disk(settings: Settings) -> Iterator[Finding]:
    if not settings.data.exists():
        yield Finding("disk", "warning", "doctor.data-missing", {"folder": str(settings.data)})
        return
    if not settings.data.is_dir():
        reason = os.strerror(errno.ENOTDIR)
        yield Finding("disk", "error", "settings.data-unwritable", {"folder": str(settings.data), "reason": reason})
        return
    if settings.data.stat().st_mode & 0o007:
        yield Finding("disk", "warning", "doctor.data-readable", {"folder": str(settings.data)})
    free = shutil.disk_usage(settings.data).free
    level: Level = "ok" if free >= _HEADROOM else "error"
    code = "doctor.disk-free" if level == "ok" else "doctor.disk-low"
    yield Finding("disk", level, code, {"gigabytes": round(free / GIB, 1), "folder": str(settings.data)})


def _tools() -> Iterator[Finding]:
    """Programs without which some previews are not made."""
    found = tools.found()
    if not tools.can_be_bounded():
        yield Finding("previews", "warning", "doctor.programs-unbounded", {"machine": platform.machine()})
        return
    for name, path in (("ffmpeg", found.ffmpeg), ("libreoffice", found.office)):
        level: Level = "ok" if path else "warning"
        yield Finding("previews", level, f"doctor.{name}" if path else f"doctor.{name}-missing", {"path": path or ""})


def _database(engine: Engine, settings: Settings, now: datetime) -> Iterator[Finding]:
    name = engine.dialect.name
    if name == "sqlite" and not (settings.database_url.startswith("sqlite") and _sqlite_file_exists(engine)):
        yield Finding("database", "warning", "doctor.database-new")
        return
    try:
        with db.translated(engine):
            found = migrations.current(engine)
            yield from _engine_version(engine)
        if found != migrations.head():
            yield Finding(
                "database", "error", "database.not-migrated", {"found": found or "-", "known": migrations.head()}
            )
            return
        yield Finding("database", "ok", "doctor.database", {"engine": name, "revision": found})
        yield from _content(engine, settings, now)
    except OerError as error:
        broken = name == "sqlite" and error.code == "database.damaged"
        yield Finding("database", "error", "doctor.sqlite-broken" if broken else error.code, error.params)


def _sqlite_file_exists(engine: Engine) -> bool:
    return engine.url.database is not None and Path(engine.url.database).exists()


def _engine_version(engine: Engine) -> Iterator[Finding]:
    if engine.dialect.name == "sqlite":
        version = ".".join(map(str, db.sqlite_version()))
        floor = ".".join(map(str, db.SQLITE_FLOOR))
        good = db.sqlite_version() >= db.SQLITE_FLOOR
        with engine.connect() as connection:
            sound = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one() == "ok"
        yield Finding(
            "database", "ok" if sound else "error", "doctor.sqlite-sound" if sound else "doctor.sqlite-broken"
        )
        code = "doctor.sqlite-version" if good else "doctor.sqlite-old"
        yield Finding("database", "ok" if good else "error", code, {"version": version, "floor": floor})
        return
    with engine.connect() as connection:
        version = connection.exec_driver_sql("SHOW server_version").scalar_one()
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    yield Finding("database", "ok", "doctor.postgresql-version", {"version": version})
    if encoding != "UTF8":
        yield Finding("database", "error", "doctor.postgresql-encoding", {"encoding": encoding})


def _content(engine: Engine, settings: Settings, now: datetime) -> Iterator[Finding]:
    with reading(engine) as session:
        clock = queries.records.clock(session)
        ahead = clock.stamp - now.astimezone(UTC)
        if ahead > _SKEW:
            yield Finding("clock", "error", "doctor.clock-behind", {"seconds": int(ahead.total_seconds())})
        else:
            yield Finding("clock", "ok", "doctor.clock")
        states = queries.resources.counts_by_state(session)
        yield Finding("content", "ok", "doctor.resources", {"count": states.get("published", 0)})
        if not queries.people.any_administrator(session):
            yield Finding("people", "warning", "doctor.no-administrator")
        failed = queries.jobs.broken(session)
        if failed:
            yield Finding("jobs", "warning", "doctor.jobs-failed", {"count": failed})
        issuer = renderings.issuer_of(settings, "")
        behind = renderings.behind(session, issuer, formats=FORMATS)
        yield Finding("jobs", "ok", "doctor.renderings-behind", {"count": behind})
        yield from _search(session, engine, settings)
        broken = renderings.unrendered(session, issuer, formats=FORMATS)
        if broken:
            yield Finding("content", "error", "doctor.records-unreadable", {"count": broken})
        stale = queries.records.count_upto(session, change=renderings.unstamped(session))
        if stale:
            yield Finding("content", "warning", "doctor.unstamped", {"count": stale})
        yield from _identity(session, settings)
        wrong = audit.verify(session)
        if wrong is None:
            yield Finding("audit", "ok", "doctor.audit-sound")
        else:
            yield Finding("audit", "error", "doctor.audit-broken", {"sequence": wrong})


def _search(session: Session, engine: Engine, settings: Settings) -> Iterator[Finding]:
    secret = session.exec(select(Identity.secret)).one_or_none()
    behind = following.lag(engine, folder_of(settings.data, bytes.fromhex(secret))) if secret else None
    if behind is None:
        yield Finding("jobs", "ok", "doctor.search-missing")
    else:
        yield Finding("jobs", "ok", "doctor.search-behind", {"count": behind})


def _identity(session: Session, settings: Settings) -> Iterator[Finding]:
    """The name in OAI identifiers, as stored; another one in the settings keeps the server from starting."""
    stored = session.exec(select(Identity.repository_id)).one_or_none()
    if stored is None:
        return
    wanted = settings.repository_id
    if wanted and wanted != stored and queries.records.any_published(session):
        yield Finding("settings", "error", "settings.repository-id-fixed", {"stored": stored, "wanted": wanted})
    elif (wanted or stored) == installation.DEFAULT_REPOSITORY_ID:
        fixed = queries.records.any_published(session)
        code = "doctor.repository-id-default-fixed" if fixed else "doctor.repository-id-default"
        yield Finding("settings", "warning", code, {"name": wanted or stored})
    else:
        yield Finding("settings", "ok", "doctor.repository-id", {"name": wanted or stored})


def _store(store: Store) -> Iterator[Finding]:
    for found in store.check():
        level: Level = "ok" if found.ok else ("warning" if found.code in _BEARABLE else "error")
        params: dict[str, object] = dict(found.params)
        if isinstance(size := params.pop("bytes", None), int):
            params["gigabytes"] = round(size / GIB, 1)
        yield Finding("store", level, found.code if found.ok else f"{found.code}-failed", params)


# What the repository does without: it verifies digests itself, and lets one process continue an upload.
_BEARABLE = frozenset({"storage.checksums", "storage.conditional-writes", "storage.lasting", "storage.one-file-system"})


def worst(findings: list[Finding]) -> Level:
    """The gravest level among the findings."""
    order: tuple[Level, ...] = ("error", "warning", "ok")
    return next((level for level in order if any(found.level == level for found in findings)), "ok")


def can_answer(engine: Engine, store: Store) -> bool:
    """Whether database and store answer at all: what a load balancer asks, cheap enough for every few seconds."""
    try:
        with reading(engine) as session:
            session.connection().execute(sa.text("SELECT 1"))
        store.stat("0" * 64)
    except Missing:
        return True
    except (StoreError, OerError):
        return False
    return True
