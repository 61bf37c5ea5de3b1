"""What is made of files is kept beside them (``looking``): bytes in the store first, and then the rows that name them.

What is made is made once for the same bytes. Its rows go with them, and the sweeper takes the bytes that they named.
"""

import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, col

from oer import blobs, queries
from oer.apart.running import Ended
from oer.db import transaction
from oer.looking import Looker, Looking
from oer.models import Derivative, Previewed
from oer.previews import making, tools
from oer.previews.making import Bench, Thing, Told
from oer.queries.texts import Place, Unread
from storage.errors import Damaged, Missing
from storage.store import Store, Stored

logger = logging.getLogger(__name__)

REVISION = 1
"""Step it when makers make more: everything is made anew."""

_ROOM = 1 << 30  # bytes of the disk that are not for previews
_LEFT_BEHIND = 86_400.0  # seconds after which the folder of a worker that was killed is removed

Made = dict[tuple[str, int], tuple[Thing, Stored]]


class Previewing(Looking):
    """Looks for files to make previews of, and makes them one file after the other."""

    def __init__(self, engine: Engine, store: Store, *, folder: Path, now: Callable[[], datetime]) -> None:
        super().__init__(engine)
        self._store = store
        self._folder = folder
        self._now = now
        self._tools = tools.found()

    def start_over(self) -> None:
        super().start_over()
        self._tools = tools.found()  # somebody may have installed one
        for folder in self._folder.glob(f"{making.FOLDER}*"):
            if folder.is_dir() and time.time() - folder.stat().st_mtime > _LEFT_BEHIND:
                shutil.rmtree(folder, ignore_errors=True)

    def _wanted(self, session: Session, *, after: Place, limit: int) -> Sequence[Unread]:
        kinds, beginnings = making.kinds(self._tools)
        return queries.previews.unseen(
            session, after=after, revision=REVISION, kinds=kinds, beginnings=beginnings, limit=limit
        )

    def _is_known(self, session: Session, key: str) -> bool:
        return queries.previews.is_known(session, key=key, revision=REVISION)

    def _look_into(self, file: Unread, stop: Event | None) -> None:
        if not making.is_makeable(file.media_type, file.size, self._tools):
            self._keep(file.key, Told("nothing"), {})
            return
        made: Made = {}

        def keep(thing: Thing, content: Iterator[bytes]) -> None:
            made[thing.kind, thing.number] = thing, self._store.put(content)

        try:
            with self._opened(file) as descriptor:
                if descriptor is None:
                    return
                bench = Bench(descriptor, file.media_type, file.size, self._folder, keep, stop or Event())
                told = making.make(bench, self._tools)
        except (Missing, Damaged, Ended) as error:  # tried again when everything is looked through
            logger.warning("no preview was made of a file", extra={"key": file.key, "reason": repr(error)})
            return
        if told.state == "failed":
            logger.warning("no preview can be made of a file", extra={"key": file.key, "kind": file.media_type})
        self._keep(file.key, told, made)

    def _give_up(self, file: Unread) -> None:
        self._keep(file.key, Told("failed"), {})

    @contextmanager
    def _opened(self, file: Unread) -> Iterator[int | None]:
        """A descriptor of the bytes: the store's own file, or a copy without a name; None where there is no room."""
        path = self._store.local_path(file.key)
        needed = _ROOM + (file.size if path is None else 0)
        if shutil.disk_usage(self._folder).free < needed:  # tried again when everything is looked through
            logger.warning("no room to make a preview", extra={"key": file.key})
            yield None
        elif path is not None:
            with path.open("rb") as found:
                yield found.fileno()
        else:
            with tempfile.TemporaryFile(dir=self._folder) as copy:
                for chunk in self._store.open(file.key):
                    copy.write(chunk)
                copy.flush()
                yield copy.fileno()

    def _keep(self, key: str, told: Told, made: Made) -> None:
        now = self._now()
        with transaction(self._engine) as session:
            if queries.blobs.locked(session, key=key) is None:
                return  # the bytes have gone meanwhile, and whoever referred to them
            before = session.get(Previewed, key, populate_existing=True)
            if before is not None and before.revision >= REVISION:
                return  # another worker was faster
            for stored in sorted({stored for _, stored in made.values()}, key=lambda one: one.key):
                blobs.hold(session, self._store, stored, now=now)
            session.connection().execute(sa.delete(Derivative).where(col(Derivative.source) == key))
            session.add_all(_row(key, thing, stored) for thing, stored in made.values())
            session.merge(
                Previewed(
                    key=key,
                    revision=REVISION,
                    state=told.state,
                    pages=told.pages,
                    duration=told.duration,
                    found=now,
                )
            )


def _row(source: str, thing: Thing, stored: Stored) -> Derivative:
    width, height = thing.pixels or (None, None)
    return Derivative(
        source=source,
        kind=thing.kind,
        number=thing.number,
        key=stored.key,
        media_type=thing.media_type,
        width=width,
        height=height,
        size=stored.size,
    )


class Previewer(Looker):
    """The thread."""

    def __init__(self, work: Previewing, *, grace: float = 0.0) -> None:
        super().__init__("previewer", "the making of previews", work, grace=grace)
