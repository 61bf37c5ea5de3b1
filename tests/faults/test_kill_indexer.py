"""``kill -9`` of the process that keeps the search index, while others publish, change and withdraw."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from databases import database
from factories import act, published, record
from fault_counts import TIMEOUT, count
from searching import index, search
from sqlmodel import select

from oer import deposits, installation, publishing
from oer.db import reading
from oer.installation import Installation
from oer.models import Resource
from oer.settings import Settings
from oer.workflow import ResourceState

pytestmark = pytest.mark.timeout(TIMEOUT)

WORDS = ("الماء", "الهواء", "الضوء", "الصوت")


KEEPER = """
import sys
from oer import installation
from oer.search import following
from oer.settings import Settings

found = installation.open_installation(Settings.model_validate_json(sys.argv[1]))
following.Follower(found.engine, found.search.folder).start()
print("begun", flush=True)
while True:
    following.rebuild(found.engine, found.search.folder, progress=lambda _: None, pause=0.05)
"""


# Says how far it has come before that is true.
HASTY = """
import time
from oer.search import index

def commit(self, progress):
    index._write(self.folder / "progress", str(progress))
    print("told", flush=True)
    time.sleep(60)
    self._writer.commit()
    self.progress = progress

index.Generation.commit = commit
"""


def killed(settings: Settings, *, after: float = 0.0, keeping: str = KEEPER, sign: str = "begun") -> None:
    """Start a process that follows the clock, and builds everything anew all the time, and kill it soon after it has
    given the sign.
    """
    told = settings.model_dump_json()
    with subprocess.Popen([sys.executable, "-c", keeping, told], stdout=subprocess.PIPE, text=True) as keeper:
        assert keeper.stdout is not None
        assert f"{sign}\n" in keeper.stdout
        time.sleep(after)
        assert keeper.poll() is None
        keeper.kill()


def change(home: Installation, known: dict[str, str], draw: random.Random) -> None:
    """One publication, new version or withdrawal; ``known`` maps public ids to the word in their titles."""
    word = draw.choice(WORDS)
    choice = draw.random()
    if choice < 0.4 or not known:
        known[published(home, described=record(word))] = word
        return
    public_id = draw.choice(sorted(known))
    if choice < 0.8:
        act(home, deposits.revise, public_id)
        act(home, deposits.save, public_id, record(f"{word} {draw.random()}"))
        act(home, publishing.publish, public_id, repository_id=home.repository_id)
        known[public_id] = word
    else:
        wanted = {"reason": "rights", "note": "", "repository_id": home.repository_id}
        act(home, publishing.withdraw, public_id, **wanted)
        del known[public_id]


def shown(home: Installation, word: str) -> set[str]:
    found = search(home, f"title:{word}", limit=10_000)
    assert found.total == len(found.ids) == len(set(found.ids))
    with reading(home.engine) as session:
        rows = dict(session.exec(select(Resource.id, Resource.public_id)).all())
    return {rows[one] for one in found.ids}


def publishing_until(stop: threading.Event, home: Installation, known: dict[str, str], draw: random.Random) -> None:
    while not stop.wait(0.01):
        change(home, known, draw)


def test_an_indexer_that_is_killed_anywhere_catches_up_and_doubles_nothing(tmp_path: Path) -> None:
    rounds, draw = count(8, 200), random.Random(3)
    known: dict[str, str] = {}
    with database(tmp_path) as url:
        settings = Settings(data=tmp_path, database_url=url)
        home = installation.open_installation(settings)
        for number in range(rounds):
            stop = threading.Event()
            others = threading.Thread(target=publishing_until, args=(stop, home, known, draw))
            others.start()
            try:
                killed(settings, after=random.uniform(0, 0.8))
            finally:
                stop.set()
                others.join()
            if number % 5 == 4 or number == rounds - 1:
                compare(home, known)
        home.close()
    print(f"{rounds} kills, {len(known)} resources in the end")


def test_one_that_tells_too_early_how_far_it_has_come_is_found(tmp_path: Path) -> None:
    with database(tmp_path) as url:
        settings = Settings(data=tmp_path, database_url=url)
        home = installation.open_installation(settings)
        index(home)
        known = {published(home, described=record(word)): word for word in WORDS}
        killed(settings, keeping=HASTY + KEEPER.partition("while True")[0] + "time.sleep(60)", sign="told")
        with pytest.raises(AssertionError):
            compare(home, known)
        home.close()


def compare(home: Installation, known: Mapping[str, str]) -> None:
    """After catching up the index holds what the database shows, each once."""
    index(home)
    for word in WORDS:
        assert shown(home, word) == {one for one, its in known.items() if its == word}
    with reading(home.engine) as session:
        alive = session.exec(select(Resource.id).where(Resource.state == ResourceState.PUBLISHED)).all()
    assert search(home).total == len(alive) == len(known)
