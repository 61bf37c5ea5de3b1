import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path

import psutil
import pytest
from factories import published, record
from sqlmodel import select

from metadata.crosswalks import FORMATS
from oer import deposits, installation, publishing, rendering
from oer.db import reading, transaction
from oer.errors import Unavailable
from oer.exposure import renderings
from oer.models import Projection, Rendering
from oer.policy import OPERATOR

FEW = {"oai_dc": FORMATS["oai_dc"]}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renderings, "BATCH", 3)
    monkeypatch.setattr(rendering, "_WORTH", 4)


def kept(home: installation.Installation) -> dict[tuple[int, str], tuple[int, str, bytes]]:
    with reading(home.engine) as session:
        rows = session.exec(select(Rendering))
        return {(row.resource_id, row.prefix): (row.change, row.revision, row.content) for row in rows}


def start_anew(home: installation.Installation) -> None:
    with transaction(home.engine) as session:
        for row in [*session.exec(select(Rendering)), *session.exec(select(Projection))]:
            session.delete(row)


def behind(home: installation.Installation) -> int:
    with reading(home.engine) as session:
        return renderings.behind(session, home.issuer)


@pytest.fixture
def some(home: installation.Installation, small: None) -> installation.Installation:
    for number in range(10):
        published(home, described=record(f"درس {number}"))
    return home


def test_several_processes_write_what_one_would(some: installation.Installation) -> None:
    while renderings.catch_up(some.engine, some.issuer):
        pass
    alone = kept(some)
    assert len(alone) == 10 * len(FORMATS)
    start_anew(some)
    assert list(rendering.catch_up(some, processes=2)) == [3, 3, 3, 1]
    assert kept(some) == alone
    assert behind(some) == 0
    assert list(rendering.catch_up(some, processes=2)) == []


def test_operators_labels_are_known_in_every_process(
    some: installation.Installation, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = tmp_path / "labels.json"
    labels.write_text('{"https://w3id.org/kim/hcrt/worksheet": {"ar": "كراسة"}}', encoding="utf-8")
    home = installation.open_installation(some.settings.model_copy(update={"labels": labels}))
    try:
        assert sum(rendering.catch_up(home, processes=2)) == 10
        revisions = {revision for _, revision, _ in kept(home).values()}
        assert revisions == {renderings.revision(one, home.issuer) for one in FORMATS.values()}
    finally:
        home.close()
        installation.vocabularies.override({})


def test_records_that_change_on_the_way_are_rendered_as_they_came_to_be(some: installation.Installation) -> None:
    steps = rendering.catch_up(some, processes=2, formats=FEW)
    next(steps)
    with reading(some.engine) as session:
        public_ids = session.exec(select(deposits.Resource.public_id)).all()
    for public_id in public_ids[3:]:
        with transaction(some.engine) as session:
            deposits.revise(session, OPERATOR, public_id, now=some.now())
            deposits.save(session, OPERATOR, public_id, record("جديد"), now=some.now())
            publishing.publish(session, OPERATOR, public_id, repository_id=some.repository_id, now=some.now())
    for _ in steps:
        pass
    with reading(some.engine) as session:
        assert renderings.behind(session, some.issuer, formats=FEW) == 0
    assert sum("جديد".encode() in content for _, _, content in kept(some).values()) == 7


ASKING = """
import multiprocessing, sys, time
from oer import installation, rendering
from oer.exposure import renderings
from oer.settings import Settings

if __name__ == "__main__":
    renderings.BATCH, rendering._WORTH = 3, 4
    found = installation.open_installation(Settings.model_validate_json(sys.argv[1]))
    steps = rendering.catch_up(found, processes=2)
    next(steps)
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)
    time.sleep(60)
"""


def test_processes_end_with_the_one_that_asked(some: installation.Installation, tmp_path: Path) -> None:
    """It has no moment to tell them: it is killed."""
    script = tmp_path / "asking.py"
    script.write_text(ASKING)
    told = some.settings.model_dump_json()
    with subprocess.Popen([sys.executable, script, told], stdout=subprocess.PIPE, text=True) as asking:
        assert asking.stdout is not None
        asked = [int(pid) for pid in asking.stdout.readline().split()]
        asking.kill()
    assert len(asked) == 2
    until = time.monotonic() + 20
    while any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in asked):
        assert time.monotonic() < until, "they wait for ever"
        time.sleep(0.05)


def children() -> Iterator[int]:
    return (child.pid or 0 for child in multiprocessing.active_children())


def answered_at_length() -> bytes:
    """Far more than a pipe holds: it is being written until somebody takes it."""
    return b"x" * 50_000_000


@pytest.mark.parametrize("times", range(4))
def test_a_process_that_is_killed_in_the_middle_of_its_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    monkeypatch.setattr(rendering, "_LOOK", 0.2)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        pool.submit(os.getpid).result()
        futures = [pool.submit(answered_at_length) for _ in range(20)]
        time.sleep(0.02 * times)
        os.kill(next(children()), signal.SIGKILL)
        with pytest.raises(BrokenProcessPool):
            list(map(partial(rendering._awaited, pool), futures))
    assert list(children()) == []


def test_a_process_that_is_killed_ends_the_run_and_the_next_goes_on(
    some: installation.Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renderings, "BATCH", 1)  # more batches than are ever under way: some are still to be asked for
    steps = rendering.catch_up(some, processes=2)
    next(steps)
    for pid in children():
        os.kill(pid, signal.SIGKILL)
    time.sleep(0.5)  # for the pool to see that they have gone
    with pytest.raises(Unavailable, match=r"rendering\.interrupted"):
        list(steps)
    before = kept(some)
    assert len(FORMATS) <= len(before) < 10 * len(FORMATS)
    assert sum(rendering.catch_up(some, processes=2)) == 10 - len(before) // len(FORMATS)
    assert len(kept(some)) == 10 * len(FORMATS)
    assert list(children()) == []
    assert threading.active_count() < 10
