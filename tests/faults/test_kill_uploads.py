"""Uploads to a server that is killed again and again. Every file that was told to be done has the right bytes; nothing
else is to be seen.
"""

import itertools
import os
import random
import secrets
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import factories
import pytest
import senders
import soundness
from fault_counts import TIMEOUT, count
from killing import Say, forked
from senders import BROKEN, Deadline, Line, Tus, sha256
from sqlmodel import select
from torture import MIB, PLACES, Torture, torture

from oer import uploads
from oer.db import reading
from oer.models import DraftFile, Resource
from storage.filesystem import FilesystemStore

pytestmark = pytest.mark.timeout(TIMEOUT)


# ── A server that is killed ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", PLACES)
def test_a_server_killed_again_and_again_loses_and_mixes_nothing(tmp_path: Path, kind: str) -> None:
    rounds, chance = count(4, 50), random.Random()
    with torture(tmp_path, kind) as found:
        work = Work(found, until=Deadline.after(TIMEOUT - 60))
        with ThreadPoolExecutor(8) as pool:
            running = [pool.submit(work.keep_on, turn) for turn in ("put", "tus", "tus", "form")]
            try:
                for number in itertools.count(1):
                    time.sleep(chance.uniform(0.3, 2.5))
                    found.server.kill()
                    # A busy machine gets little done between two kills.
                    if number >= rounds and (work.broken >= rounds or number > 10 * rounds):
                        work.over.set()
                    found.server.start()
                    if work.over.is_set():
                        break
            except BaseException:
                work.over.set()
                work.until.now()
                raise
            for each in running:
                each.result()
        assert len(work.done) >= 3
        assert found.visible() == work.done
        for public_id, (name, digest) in work.deposits.items():
            assert found.visible(public_id) == {name: digest}
        with reading(found.home.engine) as session:
            assert set(session.exec(select(Resource.public_id)).all()) == {found.draft, *work.deposits}
            files = session.exec(select(DraftFile)).all()
        assert len(files) == len(work.done) + len(work.deposits)
        assert soundness.faults(found.home) == []
        later = datetime.now(UTC) + timedelta(days=20)
        uploads.expire(found.home.engine, found.home.store, now=later, lifetime=timedelta(days=7))
        assert list(found.home.store.uploads()) == []
    told = f"{len(work.done)} files and {len(work.deposits)} forms done, all right"
    print(f"{kind}: {number} kills, {work.broken} broken lines; {told}")
    assert work.broken >= rounds


@dataclass
class Work:
    """Senders that begin a new file as soon as they are told that the last one is done."""

    found: Torture
    until: Deadline
    over: threading.Event = field(default_factory=threading.Event)
    done: dict[str, str] = field(default_factory=dict)
    deposits: dict[str, tuple[str, str]] = field(default_factory=dict)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    broken: int = 0

    def keep_on(self, way: str) -> None:
        chance = random.Random()
        while not self.over.is_set():
            name, content = f"{way}-{next(self.numbers)}.bin", os.urandom(chance.randrange(1, 12 * MIB))
            getattr(self, way)(name, content, chance)

    def put(self, name: str, content: bytes, chance: random.Random) -> None:
        senders.put(self._line(), self.found.draft, name, content, chance, until=self.until)
        self.done[name] = sha256(content)

    def tus(self, name: str, content: bytes, chance: random.Random) -> None:
        line, where = self._line(), ""

        def begin() -> bool:
            nonlocal where
            status, where = senders.create(line, self.found.draft, name, len(content))
            assert status in (201, 503), status
            return status == 201

        senders.persistently(begin, until=self.until)
        pair = [threading.Thread(target=Tus(line, content, where).send, args=(random.Random(),),
                                 kwargs={"until": self.until}) for _ in range(2)]  # fmt: skip
        for thread in pair:
            thread.start()
        for thread in pair:
            thread.join()
        # Both were told so, or one has failed and the test with it.
        assert senders_agree(line, where, len(content), self.until)
        self.done[name] = sha256(content)

    def form(self, name: str, content: bytes, chance: random.Random) -> None:
        record = factories.record().model_dump_json(exclude_defaults=True).encode()
        key = name.removesuffix(".bin") + secrets.token_hex(4)
        public_id = senders.deposit(self._line(), key, record, content, chance, until=self.until)
        self.deposits[public_id] = (f"{key}.bin", sha256(content))

    def _line(self) -> "Counting":
        return Counting(self.found.line.port, self.found.line.headers, work=self)


@dataclass(frozen=True, kw_only=True)
class Counting(Line):
    """Counts what breaks under way."""

    work: Work

    def ask(self, *args: Any, **more: Any) -> tuple[int, dict[str, str], bytes]:
        try:
            return super().ask(*args, **more)
        except BROKEN as error:
            self.work.broken += not isinstance(error, ConnectionRefusedError)
            raise


def senders_agree(line: Line, where: str, size: int, until: Deadline) -> bool:
    found: list[tuple[int, int]] = []

    def once() -> bool:
        found.append(senders.offset(line, where))
        return found[-1][0] == 200

    senders.persistently(once, until=until)
    return found[-1][1] == size


# ── The control of the kills: a store that takes what is on the disk for durable ─────────────────


def test_a_killed_append_goes_on_from_what_is_durable_and_not_from_what_is_there(tmp_path: Path) -> None:
    """Bytes behind the durable end may be there after a kill. Whoever adds behind them gets a wrong file."""
    content = os.urandom(24 * MIB)

    def wrong(careful: bool) -> int:
        bad = 0
        for number in range(count(8, 40) if careful else 200):
            if bad and not careful:
                break
            store = FilesystemStore(tmp_path / f"{careful}")
            upload = store.begin()

            def work(_: Say, store: FilesystemStore = store, upload: str = upload) -> None:
                def slow() -> Iterator[bytes]:
                    for at in range(0, len(content), 4 * MIB):
                        yield content[at : at + 4 * MIB]
                        time.sleep(0.03)

                store.append(upload, 0, slow())

            forked(work, kill_after=0.03 + 0.02 * (number % 8))
            at = store.size(upload)
            if careful:
                store.append(upload, at, [content[at:]])
            else:
                with (tmp_path / f"{careful}" / "staging" / upload / "bytes").open("ab") as end:
                    end.write(content[at:])
                (tmp_path / f"{careful}" / "staging" / upload / "size").write_text(str(end_of(store, upload)))
            bad += store.finish(upload).key != sha256(content)
            store.abort(upload)
        return bad

    assert wrong(careful=True) == 0
    assert wrong(careful=False) > 0


def end_of(store: FilesystemStore, upload: str) -> int:
    return (store.folder / "staging" / upload / "bytes").stat().st_size
