"""A large file in by the command line and out by HTTP: the same bytes, in flat memory."""

import hashlib
import http.client
import json
import os
import secrets
import shutil
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
from factories import institution, opened, record
from fault_counts import TIMEOUT, count
from killing import environment
from sqlmodel import Session

from oer.db import transaction

pytestmark = pytest.mark.timeout(TIMEOUT)

MIB = 1 << 20
SIZE = count(64 * MIB, 2 << 30)
MOST_MEMORY = 250_000_000  # bytes, of all processes together, pages that they share counted once
ROOT = Path(__file__).resolve().parents[2]


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

    def _watch(self) -> None:
        while not self._over.wait(0.05):
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


def fetch(port: int, path: str, **headers: str) -> tuple[int, int, str]:
    """Status, length and sha256 of what comes."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        digest, length = hashlib.sha256(), 0
        while block := answer.read(MIB):
            digest.update(block)
            length += len(block)
        return answer.status, length, digest.hexdigest()
    finally:
        connection.close()


def prepared(session: Session, folder: Path) -> list[str]:
    institution(session)
    described = folder / "record.json"
    described.write_text(record().model_dump_json(exclude_defaults=True))
    return ["--record", str(described), "--institution", "college", "--publish", "--json"]


@pytest.mark.parametrize("kind", ["filesystem", pytest.param("s3", marks=pytest.mark.s3)])
def test_a_large_file_goes_in_and_out_in_flat_memory(tmp_path: Path, kind: str) -> None:
    settings = store_settings(kind)
    big = tmp_path / "كبير.bin"
    wanted = write(big, SIZE)
    with opened(tmp_path / "data", **settings) as home:
        with transaction(home.engine) as session:
            options = prepared(session, tmp_path)
        variables = {**os.environ, **environment(home)}
        command = [sys.executable, "-m", "oer.cli", "deposit", str(big), *options]
        began = time.monotonic()
        with (
            subprocess.Popen(command, env=variables, cwd=ROOT, stdout=subprocess.PIPE) as process,
            Memory(psutil.Process(process.pid)) as going_in,
        ):
            answer = process.communicate()[0]
        took_in = time.monotonic() - began
        assert process.returncode == 0
        public_id = json.loads(answer)["id"]
        path = f"/api/resources/{public_id}/files/%D9%83%D8%A8%D9%8A%D8%B1.bin"
        with served(variables, tmp_path / "log.txt") as (server, port), Memory(server) as going_out:
            began = time.monotonic()
            assert fetch(port, path) == (200, SIZE, wanted)
            took_out = time.monotonic() - began
            with big.open("rb") as file:
                file.seek(-3 * MIB, os.SEEK_END)
                tail = hashlib.sha256(file.read(2 * MIB)).hexdigest()
            part = f"bytes={SIZE - 3 * MIB}-{SIZE - MIB - 1}"
            assert fetch(port, path, Range=part) == (206, 2 * MIB, tail)
    rate = SIZE / MIB
    print(f"{kind}, {SIZE / MIB:.0f} MiB: in {took_in:.1f} s ({rate / took_in:.0f} MiB/s), {going_in};", end=" ")
    print(f"out {took_out:.1f} s ({rate / took_out:.0f} MiB/s), {going_out}")
    shutil.rmtree(tmp_path)  # pytest would keep gigabytes of three runs
    assert going_in.samples > 3
    assert going_out.samples
    assert going_in.peaks["pss"] <= MOST_MEMORY
    assert going_out.peaks["pss"] <= MOST_MEMORY


def test_the_watch_sees_memory_that_a_child_takes() -> None:
    """A tree that holds 300 MiB is found to hold too much."""
    inner = "import time; held = b'x' * (300 << 20); print(1, flush=True); time.sleep(2)"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    with subprocess.Popen([sys.executable, "-c", outer], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with Memory(psutil.Process(process.pid)) as found:
            time.sleep(0.5)
        process.communicate()
    assert min(found.peaks.values()) > MOST_MEMORY
