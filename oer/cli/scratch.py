"""Scratch installations with a server of their own, and other servers beside them: what measurements run against."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from oer import installation, settings
from oer.errors import Unavailable
from oer.installation import Installation

_PATIENCE = 60  # seconds


@contextmanager
def opened(folder: Path) -> Iterator[Installation]:
    """The installation in the folder, with everything embedded; made where it is not there yet."""
    home = installation.open_installation(settings.load(data=folder / "data", database_url="", store_url=""))
    try:
        yield home
    finally:
        home.close()


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs: where it listens, and the first of its processes."""

    port: int
    pid: int

    def cpu(self) -> float:
        """Seconds that its processes have computed."""
        ticks = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self._pids())
        return sum(int(parts[11]) + int(parts[12]) for parts in ticks) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """Bytes that its processes hold, what they share counted once (PSS)."""
        lines = (Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() for pid in self._pids())
        return sum(int(line.split()[1]) * 1024 for one in lines for line in one if line.startswith("Pss:"))

    def _pids(self) -> list[int]:
        found, waiting = [], [self.pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            waiting += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return found


@contextmanager
def served(folder: Path, **changes: str) -> Iterator[Server]:
    """``oer serve`` over that installation, one web process and no worker. ``changes`` are settings.

    Raises Unavailable where it does not come up.
    """
    port = free_port()
    places = {"OER_DATA": str(folder / "data"), "OER_DATABASE_URL": "", "OER_STORE_URL": "", **changes}
    command = [sys.executable, "-m", "oer.cli", "serve", "--no-worker", "--port", str(port)]
    with answering(command, port, "/health/ready", log=folder / "log.txt", environment=places) as pid:
        yield Server(port, pid)


@contextmanager
def answering(
    command: Sequence[str], port: int, path: str, *, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[int]:
    """A server process while it answers, to the end of the block; its number. Raises Unavailable where it never is."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, env={**os.environ, **(environment or {})}, stdout=out, stderr=out)  # noqa: S603 - the caller's own
        try:
            until = time.monotonic() + _PATIENCE
            while not _answers(port, path):
                if process.poll() is not None or time.monotonic() > until:
                    raise Unavailable("bench.unanswered")
                time.sleep(0.1)
            yield process.pid
        finally:
            process.terminate()
            process.wait()


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int, path: str) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)) as connection:
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
