"""How fast single resources are read as JSON over loopback, against Datasette over the same records in SQLite."""

import json
import random
import re
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from oer.cli import asking, scratch, seeding
from oer.cli.asking import Asked, Rate
from oer.errors import Unavailable

_SAMPLE = 1000  # resources that are compared in full before anything is measured
_BUSY = 0.9  # of one core: from here on the client may be what is measured
_TAG = re.compile(rb"\r\netag: *([^\r]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Round:
    """``known``: conditional requests for ours, answered with 304."""

    ours: Rate
    known: Rate
    datasette: Rate

    @property
    def ratio(self) -> float:
        return self.ours.answers / self.datasette.answers


@dataclass(frozen=True, slots=True)
class Summary:
    """Medians of the rounds."""

    ours: Rate
    known: Rate
    datasette: Rate
    ratio: float

    @property
    def client_is_limit(self) -> bool:
        """Whether the client had no time left: then ours is faster than what is shown."""
        return max(self.ours.client, self.known.client) > _BUSY


def datasette(named: Path | None = None) -> str | None:
    """The command: as named, beside this Python, or on the path; None where there is none."""
    if named is not None:
        return shutil.which(named)
    return shutil.which("datasette", path=str(Path(sys.executable).parent)) or shutil.which("datasette")


def measured(
    folder: Path, command: str, records: int, rounds: int, seconds: float, *, told: Callable[[Round], None]
) -> tuple[float, list[Round]]:
    """How many resources a second we answer that nobody has asked for before, then rounds one after the other.

    The ways are in turn within each round, so that a machine that drifts treats all alike; by then every resource has
    been asked for once on both sides.

    Raises Unavailable where a server does not answer, or not with what was asked for.
    """
    with scratch.opened(folder) as home:
        seeding.seed(home, records, progress=lambda _done: None)
    found: list[Round] = []
    file = folder / "records.db"
    with scratch.served(folder, OER_RATE_LIMIT="0") as server:
        ours = server.port
        names = _copied(_documents(ours), file)
        if len(names) != records:
            raise Unavailable("bench.unanswered")
        theirs = scratch.free_port()
        # The fastest it has: it may believe that the file never changes, and looks for no facets.
        options = ["--immutable", str(file), "--setting", "suggest_facets", "off", "--setting", "allow_facet", "off"]
        with scratch.answering(
            [command, "serve", "--port", str(theirs), *options],
            theirs,
            "/-/versions.json",
            log=folder / "datasette.txt",
        ):
            draw = random.Random(1)  # noqa: S311 - for variety, not for secrets
            first = _once(ours, [asking.get(ours, _our_path(name)) for name in names])
            _once(theirs, [asking.get(theirs, _their_path(name)) for name in names])
            tags = _compared(ours, theirs, draw.sample(names, min(len(names), _SAMPLE)))
            plain = [_sought(ours, _our_path(name), name) for name in names]
            known = [
                Asked(asking.get(ours, _our_path(name), **{"If-None-Match": tag}), b"304") for name, tag in tags.items()
            ]
            other = [_sought(theirs, _their_path(name), name) for name in names]
            for _ in range(rounds):
                found.append(
                    Round(
                        *(
                            _rate(port, of, seconds, draw)
                            for port, of in ((ours, plain), (ours, known), (theirs, other))
                        )
                    )
                )
                told(found[-1])
    return first, found


def _once(port: int, requests: Sequence[bytes]) -> float:
    """Answers a second, each request made once, one after the other."""
    began = time.monotonic()
    done = sum(1 for _ in asking.answers(port, requests))
    return done / (time.monotonic() - began)


def summary(rounds: Sequence[Round]) -> Summary:
    ours, known, other = (_middle([getattr(each, name) for each in rounds]) for name in ("ours", "known", "datasette"))
    return Summary(ours, known, other, median(each.ratio for each in rounds))


def _middle(rates: Sequence[Rate]) -> Rate:
    return Rate(*(median(getattr(each, name) for each in rates) for name in ("answers", "size", "client")))


def _rate(port: int, requests: Sequence[Asked], seconds: float, draw: random.Random) -> Rate:
    def at_random() -> Iterator[Asked]:
        while True:
            yield requests[int(draw.random() * len(requests))]

    return asking.rate(port, at_random(), seconds)


def _sought(port: int, path: str, name: str) -> Asked:
    return Asked(asking.get(port, path), sign=f'"{name}"'.encode())


def _our_path(name: str) -> str:
    return f"/api/resources/{name}"


def _their_path(name: str) -> str:
    return f"/records/resources/{name}.json?_shape=array"


def _documents(port: int) -> Iterator[dict[str, Any]]:
    """Every resource as our own lists show it."""
    path: str | None = "/api/resources?limit=100"
    while path:
        ((_, body),) = asking.answers(port, [asking.get(port, path)])
        page = json.loads(body)
        yield from page["items"]
        path = page["next"] and page["next"][page["next"].index("/api/resources?") :]


def _copied(documents: Iterable[dict[str, Any]], file: Path) -> list[str]:
    """One table as people make them for Datasette: a column for each field, in JSON where it has parts; the ids."""
    names: list[str] = []
    with closing(sqlite3.connect(file)) as database:
        for document in documents:
            if not names:
                columns = ", ".join(name if name != "id" else "id TEXT PRIMARY KEY" for name in document)
                database.execute(f"CREATE TABLE resources ({columns})")
            values = [
                json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
                for value in document.values()
            ]
            database.execute(f"INSERT INTO resources VALUES ({', '.join('?' * len(values))})", values)  # noqa: S608 - marks
            names.append(document["id"])
        database.commit()
    return names


def _compared(ours: int, theirs: int, names: Sequence[str]) -> dict[str, str]:
    """Tags of our answers, each of which says what the other side says. Raises Unavailable where one does not."""
    here = asking.answers(ours, (asking.get(ours, _our_path(name)) for name in names))
    there = asking.answers(theirs, (asking.get(theirs, _their_path(name)) for name in names))
    tags: dict[str, str] = {}
    for name, (head, body), (_, row) in zip(names, here, there, strict=True):
        document, (copy,) = json.loads(body), json.loads(row)
        tag = _TAG.search(head)
        same = document["id"] == copy["id"] == name and document["record"] == json.loads(copy["record"])
        if tag is None or not same:
            raise Unavailable("bench.unanswered")
        tags[name] = tag[1].decode()
    return tags
