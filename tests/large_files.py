"""Large files, a server that takes or gives them, and the memory that its processes need."""

import hashlib
import http.client
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil
import pytest
import servers
from fault_counts import count

MIB = 1 << 20
SIZE = count(64 * MIB, 2 << 30)
MOST_MEMORY = 250_000_000  # bytes, of all processes together, pages that they share counted once
ROOT = Path(__file__).resolve().parents[1]


def write(path: Path, size: int) -> str:
    """A file that neither compresses nor repeats; its sha256."""
    digest, block = hashlib.sha256(), bytearray(os.urandom(MIB))
    with path.open("wb") as file:
        for number in range(size // MIB):
            block[:8] = number.to_bytes(8, "big")
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


@dataclass
class Memory:
    """Watches a process and all below it; the peaks of the sums, in bytes. PSS counts shared pages once."""

    process: psutil.Process
    peaks: dict[str, int] = field(default_factory=lambda: {"rss": 0, "pss": 0, "uss": 0})
    samples: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Memory":
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        with suppress(psutil.NoSuchProcess):
            self._sample()  # a fast disk is done before many were taken

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            with suppress(psutil.NoSuchProcess):
                self._sample()

    def _sample(self) -> None:
        sums = dict.fromkeys(self.peaks, 0)
        for each in [self.process, *self.process.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
                found = each.memory_full_info()
                for name in sums:
                    sums[name] += getattr(found, name)
        self.samples += 1
        self.peaks = {name: max(sums[name], peak) for name, peak in self.peaks.items()}

    def __str__(self) -> str:
        return ", ".join(f"{name.upper()} {peak / MIB:.0f} MiB" for name, peak in self.peaks.items())


def store_settings(kind: str) -> dict[str, Any]:
    if kind == "filesystem":
        return {"store_url": ""}
    url = os.environ.get("OER_TEST_STORE_URL")
    if not url:
        pytest.skip("no S3 server runs: OER_TEST_STORE_URL is not set (python tests/with_servers.py --s3)")
    before, _, options = url.partition("?")
    return {
        "store_url": f"{before}-{secrets.token_hex(4)}?{options}",
        "store_access_key": os.environ["OER_TEST_STORE_ACCESS_KEY"],
        "store_secret_key": os.environ["OER_TEST_STORE_SECRET_KEY"],
    }


@contextmanager
def served(variables: dict[str, str], log: Path) -> Iterator[tuple[psutil.Process, int]]:
    """``oer serve`` with its worker on a free port, stopped as an operator would."""
    port = servers.free_ports(1)[0]
    command = [sys.executable, "-m", "oer.cli", "serve", "--port", str(port)]
    with (
        log.open("wb") as out,
        subprocess.Popen(command, env=variables, cwd=ROOT, stdout=out, stderr=out) as process,
    ):
        try:
            until = time.monotonic() + 30
            while not _answers(port):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.1)
            yield psutil.Process(process.pid), port
        finally:
            servers.stop(process, how=signal.SIGTERM)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
