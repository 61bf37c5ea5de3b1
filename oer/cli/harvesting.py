"""How fast the whole list is harvested over loopback, against the same bytes sent as one file by the same server.

The client that is measured with parses nothing: a walk before it has followed every token, counted every record and
kept the requests, which are then sent again. Tokens are stateless, so the same request gives the same page.
"""

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import quote

from metadata.crosswalks import FORMATS
from oer import deposits, rendering
from oer.cli import asking, scratch, seeding, uploading
from oer.cli.scratch import Server
from oer.db import reading, transaction
from oer.errors import Unavailable
from oer.exposure import blocks
from oer.installation import Installation
from oer.policy import OPERATOR
from oer.queries import records as queries

LINES = 2  # harvesters at a time
_FILE = "list.xml"
_LARGEST = 1 << 28  # bytes of the file: what is measured is a rate
_ONCE = 20  # times that a single page is asked for
_TOKEN = re.compile(rb"<resumptionToken[^>]*>([^<]+)</resumptionToken>")
_IDENTIFIER = re.compile(rb"<header[^>]*><identifier>([^<]+)</identifier>")


@dataclass(frozen=True, slots=True)
class Rate:
    """Records a second, bytes a second on the line, seconds of server CPU for a record."""

    records: float
    bytes: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Round:
    plain: Rate
    gzip: Rate
    static: float  # bytes a second

    @property
    def ratio(self) -> float:
        """Bytes of plain pages as a part of those of one file."""
        return self.plain.bytes / self.static


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured besides the rounds. Times in seconds, memory in bytes (PSS of all processes of the server)."""

    records: int
    seeding: float
    rendering: float
    sizes: dict[str, float]  # bytes of a record by format, as they are kept
    start: float
    first: float
    second: float
    last: float
    memory: int
    busy: Rate  # plain pages while others publish


def measured(
    folder: Path, records: int, rounds: int, formats: Sequence[str], *, told: Callable[[str, float], None]
) -> tuple[Found, list[Round]]:
    """``told`` hears of each step with a figure. ``folder`` may hold the data of a run before, which is used again.

    Raises Unavailable where a harvest is not complete.
    """
    with scratch.opened(folder) as home:
        began = time.monotonic()
        there = _count(home)
        if there < records:
            seeding.seed(home, records - there, progress=lambda _done: None)
        records = max(records, there)  # a run before has published while it measured
        told("seeded", seeded := time.monotonic() - began)
        told("rendered", rendered := _render(home, formats))
        sizes = _sizes(home)
        token, public_id = uploading.prepared(home)
        base_url = home.settings.base_url
    began = time.monotonic()
    # Formats were rendered for this address, which `serve` would take from its port.
    with scratch.served(folder, OER_RATE_LIMIT="0", OER_BASE_URL=base_url) as server:
        start = time.monotonic() - began
        requests, names = _walked(server.port)
        if len(names) != len(set(names)) or len(names) != records:
            raise Unavailable("bench.unanswered")
        told("walked", len(names))
        with scratch.opened(folder) as home:
            whole = _as_one_file(home, server.port, requests, public_id)
        path = f"/api/resources/{public_id}/draft/files/{_FILE}"
        file = asking.get(server.port, path, Authorization=f"Bearer {token}")
        done = [_round(server, requests, records, file, whole) for _ in range(rounds)]
        first, second, last = (_page(server.port, requests[at]) for at in (0, 1 if len(requests) > 1 else 0, -1))
        with _publishing(folder, min(records, 20_000)):
            busy = _rate(server, requests, records)
        found = Found(records, seeded, rendered, sizes, start, first, second, last, server.memory(), busy)
    return found, done


def summary(rounds: Sequence[Round]) -> Round:
    """Medians."""

    def middle(name: str) -> Rate:
        return Rate(*(median(getattr(getattr(one, name), part) for one in rounds) for part in Rate.__slots__))

    return Round(middle("plain"), middle("gzip"), median(one.static for one in rounds))


def _count(home: Installation) -> int:
    with reading(home.engine) as session:
        return queries.count(session, of=queries.Part())


def _render(home: Installation, formats: Sequence[str]) -> float:
    began = time.monotonic()
    chosen = {name: one for name, one in FORMATS.items() if name in formats or not formats}
    for _ in rendering.catch_up(home, processes=rendering.processes(), formats=chosen):
        pass
    while blocks.catch_up(home.engine, home.issuer, formats=chosen):
        pass
    return time.monotonic() - began


def _sizes(home: Installation) -> dict[str, float]:
    with reading(home.engine) as session:
        return queries.rendered_sizes(session)


def _walked(port: int) -> tuple[list[bytes], list[bytes]]:
    """Every page's request, and the identifiers of all records, each page following the token of the one before."""
    requests = [asking.get(port, "/oai?verb=ListRecords&metadataPrefix=oai_dc", **{"Accept-Encoding": "identity"})]
    names: list[bytes] = []
    for _, body in asking.answers(port, requests):  # the list grows while it is read
        names += _IDENTIFIER.findall(body)
        token = _TOKEN.search(body[-2000:])
        if token:
            path = f"/oai?verb=ListRecords&resumptionToken={quote(token[1])}"
            requests.append(asking.get(port, path, **{"Accept-Encoding": "identity"}))
    return requests, names


def _as_one_file(home: Installation, port: int, requests: Sequence[bytes], public_id: str) -> int:
    """Put the pages as one file into a draft; its size."""
    size = 0

    def pages() -> Iterator[bytes]:
        nonlocal size
        for _, body in asking.answers(port, requests):
            size += len(body)
            yield body
            if size > _LARGEST:
                return

    stored = home.store.put(pages())
    with transaction(home.engine) as session:
        deposits.attach(
            session,
            OPERATOR,
            public_id,
            home.store,
            stored,
            name=_FILE,
            media_type="application/xml",
            replace=True,
            limits=home.settings,
            now=home.now(),
        )
    return size


def _round(server: Server, requests: Sequence[bytes], records: int, file: bytes, whole: int) -> Round:
    packed = [one.replace(b"identity", b"gzip") for one in requests]
    plain, gzip = _rate(server, requests, records), _rate(server, packed, records)
    took, size, _ = _sent(server.port, [file] * LINES)
    if size < whole * LINES:
        raise Unavailable("bench.unanswered")
    return Round(plain, gzip, size / took)


def _rate(server: Server, requests: Sequence[bytes], records: int) -> Rate:
    before = server.cpu()
    took, size, _ = _sent(server.port, requests)
    return Rate(records / took, size / took, (server.cpu() - before) / records)


def _page(port: int, request: bytes) -> float:
    return median(_sent(port, [request])[0] for _ in range(_ONCE))


def _sent(port: int, requests: Sequence[bytes]) -> tuple[float, int, int]:
    """(seconds, bytes, answers) of all requests over a few lines. Raises Unavailable where one is not answered."""
    share = -(-len(requests) // LINES)
    parts = [requests[at : at + share] for at in range(0, len(requests), share)]
    sizes: list[int] = []

    def one(part: Sequence[bytes]) -> None:
        sizes.append(_taken(port, part))

    threads = [threading.Thread(target=one, args=(part,)) for part in parts]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(sizes) != len(parts):
        raise Unavailable("bench.unanswered")
    return time.monotonic() - began, sum(sizes), len(requests)


def _taken(port: int, requests: Sequence[bytes]) -> int:
    """Bytes of all answers, which are read and forgotten; each must be 200 and tell its length."""
    buffer, total = bytearray(1 << 20), 0
    with closing(socket.create_connection(("127.0.0.1", port), timeout=60)) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for request in requests:
            line.sendall(request)
            got = line.recv_into(buffer)
            end = buffer.find(b"\r\n\r\n", 0, got)
            if buffer[9:12] != b"200" or end < 0:
                raise Unavailable("bench.unanswered")
            rest = end + 4 + asking.length(buffer, end) - got
            total += got + rest
            while rest > 0:
                rest -= line.recv_into(buffer, min(rest, len(buffer)))
    return total


@contextmanager
def _publishing(folder: Path, records: int) -> Iterator[None]:
    """Others publish, in a process of their own, from here to the end of the block."""
    places = {**os.environ, "OER_DATA": str(folder / "data"), "OER_DATABASE_URL": "", "OER_STORE_URL": ""}
    command = [sys.executable, "-m", "oer.cli", "bench", "seed", str(records), "--seed", "2"]
    process = subprocess.Popen(command, env=places, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
    try:
        yield
    finally:
        process.terminate()
        process.wait()
