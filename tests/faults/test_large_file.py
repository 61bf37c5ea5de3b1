"""A large file in by the command line and out by HTTP: the same bytes, in flat memory."""

import hashlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from factories import institution, opened, record
from fault_counts import TIMEOUT
from killing import environment
from large_files import MIB, MOST_MEMORY, ROOT, SIZE, Memory, served, store_settings, write
from sqlmodel import Session

from oer.db import transaction

pytestmark = pytest.mark.timeout(TIMEOUT)


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
