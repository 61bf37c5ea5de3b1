"""``kill -9`` during an import that somebody has asked for through the web."""

import io
import json
import random
import zipfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import factories
import pytest
import snapshots
import sqlalchemy as sa
from fault_counts import TIMEOUT, count
from killing import Say, duration, forked
from sqlmodel import Session, col

from oer import installation, jobs, queries, working
from oer.db import reading, transaction
from oer.installation import Installation
from oer.models import Job
from oer.settings import Settings
from oer.transfer import imports, orders, reports
from oer.transfer.imports import Importer
from oer.transfer.orders import Order
from oer.workflow import Role

pytestmark = pytest.mark.timeout(TIMEOUT)

ROWS = 60
RECORD = json.loads(factories.record().model_dump_json(exclude_defaults=True))


def archive() -> bytes:
    """Every other row with a file of its own."""
    packed = io.BytesIO()
    rows = []
    with zipfile.ZipFile(packed, "w") as target:
        for number in range(ROWS):
            record = RECORD | {"title": [{"value": f"درس {number}", "lang": "ar"}]}
            if number % 2:
                target.writestr(f"{number}.txt", f"content {number}")
                rows.append({"path": f"{number}.txt", "record": record})
            else:
                rows.append({"item": f"{number}", "record": record | {"access": {"kind": "metadata-only"}}})
        target.writestr("index.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    return packed.getvalue()


def placed(home: Installation, source: str) -> int:
    actor = factories.member(home, Role.MANAGER)
    stored = home.store.put([archive()])
    with transaction(home.engine) as session:
        order = Order("zip", "college", source, publish=True)
        return orders.place(session, actor, order, home.store, stored, now=home.now()).id or 0


def work_once(settings: Settings) -> Any:
    """A worker of its own that runs the next job."""

    def work(say: Say) -> None:
        imports._BATCH = 5
        found = installation.open_installation(settings)
        say(str(jobs.run_next(found.engine, working.handlers(found), attempts=1000, now=found.now)))
        found.close()

    return work


def forsaken(home: Installation) -> None:
    """Its worker's lease has run out."""
    with transaction(home.engine) as session:
        past = home.now() - timedelta(hours=1)
        session.connection().execute(sa.update(Job).where(col(Job.state) == "running").values(lease=past))


def one(home: Installation, job_id: int) -> Job:
    with reading(home.engine) as session:
        return session.get_one(Job, job_id)


def test_an_import_killed_anywhere_tells_of_every_row_once_and_as_it_was(tmp_path: Path) -> None:
    draw = random.Random(7)
    with factories.opened(tmp_path) as home:
        settings = home.settings
        placed(home, "first")
        home.engine.dispose()
        typical, kills = duration(work_once(settings)), 0
        for number in range(count(3, 12)):
            job_id = placed(home, f"killed {number}")
            killed = 0
            while one(home, job_id).state != "done":
                home.engine.dispose()
                ended = forked(work_once(settings), kill_after=draw.uniform(0.2, 0.9) * typical if killed < 5 else None)
                killed += not ended
                forsaken(home)
                home.engine.dispose()
            sound(home, job_id)
            kills += killed
        assert kills >= 1  # of each it need not be so: a machine may be faster than it was
        assert len(snapshots.tables(home)["resource"]) == ROWS * (count(3, 12) + 1)


def sound(home: Installation, job_id: int) -> None:
    ended = one(home, job_id)
    assert (ended.done, ended.total) == (ROWS, ROWS)
    rows = list(reports.kept(home.store, ended.report or ""))
    assert [row["row"] for row in rows] == list(range(1, ROWS + 1))
    assert Counter(row["status"] for row in rows) == {"created": ROWS}
    with reading(home.engine) as session:
        found = [queries.resources.by_public_id(session, public_id=row["id"]) for row in rows]
    assert {(one.state, one.number) if one else None for one in found} == {("published", 1)}
    tables = snapshots.tables(home)
    assert tables["job_row"] == tables["draft"] == []


def test_control_a_row_that_is_noted_after_the_commit_is_told_wrongly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the note in the transaction of the deed: a kill between the two, and the report says what is not so."""
    real = Importer._note
    kept: list[Any] = []

    class Killed(BaseException):
        pass

    def late(self: Importer, session: Session, results: Any, noted: set[int]) -> None:
        kept.append(results)
        noted.update(results)

    with factories.opened(tmp_path) as home:
        job_id = placed(home, "control")
        monkeypatch.setattr(imports, "_BATCH", 5)
        monkeypatch.setattr(Importer, "_note", late)
        monkeypatch.setattr(orders.Workshop, "_conclude", lambda *_: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            jobs.run_next(home.engine, working.handlers(home), attempts=9, now=home.now)
        assert kept
        forsaken(home)
        monkeypatch.undo()
        assert Importer._note is real
        jobs.run_next(home.engine, working.handlers(home), attempts=9, now=home.now)
        rows = list(reports.kept(home.store, one(home, job_id).report or ""))
        assert Counter(row["status"] for row in rows) == {"unchanged": ROWS}
