"""Processes apart: what they say, how they are bounded, and that nothing of theirs outlives them."""

import os
import socket
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from oer.apart import network, running
from oer.apart.program import OPEN_NETWORK
from oer.apart.running import Bounds, Ended, Stopped

BOUNDS = Bounds(seconds=20.0, answer=1 << 20, memory=1 << 30, cpu=10, written=1 << 20)

needs_filter = pytest.mark.skipif(not network.can_close(), reason="this machine has no filter that we know")


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-c", code]


def bounded(code: str, bounds: Bounds = BOUNDS) -> list[str]:
    return running.program(sys.executable, "-I", "-c", code, bounds=bounds)


def ran(
    command: list[str], *, bounds: Bounds = BOUNDS, stop: threading.Event | None = None, **named
) -> tuple[int, str]:
    said = bytearray()
    with Path(os.devnull).open("rb") as empty:
        code = running.run(command, empty.fileno(), said.extend, bounds=bounds, stop=stop or threading.Event(), **named)
    return code, said.decode()


def test_what_it_says_is_heard_with_its_exit_code() -> None:
    assert ran(python("print('salam'); raise SystemExit(7)")) == (7, "salam\n")
    code, said = ran(python("import sys; print('no', file=sys.stderr)"), errors=True)
    assert (code, said) == (0, "no\n")


def test_it_knows_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OER_SECRET_FOR_TEST", "sesame")
    show = "import os; print(sorted(os.environ.items()))"
    assert "sesame" not in ran(python(show))[1]
    told = ran(python(show), folder=tmp_path)[1]
    assert str(tmp_path) in told
    assert "sesame" not in told


def test_what_takes_too_long_or_says_too_much_is_ended() -> None:
    began = time.monotonic()
    assert ran(python("import time; time.sleep(60)"), bounds=Bounds(0.3, 1000))[0] == running.LATE
    code, said = ran(python("while True: print('x' * 1000)"), bounds=Bounds(20.0, 10_000))
    assert (code, len(said)) == (running.LATE, 10_000)
    talkative = "import sys\ntry:\n  while True: print('x' * 1000)\nexcept OSError: sys.stderr.close(); sys.exit(3)"
    assert ran(python(talkative), bounds=Bounds(20.0, 10_000))[0] == running.LATE  # one that ends of itself, too
    assert time.monotonic() - began < 10


def test_whoever_stops_does_not_wait() -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Stopped):
        ran(python("import time; time.sleep(60)"), stop=stop)
    assert time.monotonic() - began < 10


def test_an_end_from_outside_says_nothing_of_the_file() -> None:
    with pytest.raises(Ended):
        ran(python("import os, signal; os.kill(os.getpid(), signal.SIGTERM)"))


@pytest.mark.parametrize("output", ["None", "subprocess.DEVNULL"])
def test_nothing_that_it_has_started_outlives_it(output: str) -> None:
    sleep = "[sys.executable, '-c', 'import time; time.sleep(60)']"
    start = f"import subprocess, sys; print(subprocess.Popen({sleep}, stdout={output}).pid, flush=True)"
    began = time.monotonic()
    _, said = ran(python(start), bounds=Bounds(2.0, 1000))
    until = time.monotonic() + 5
    while _lives(int(said)):
        assert time.monotonic() < until
        time.sleep(0.05)
    assert time.monotonic() - began < 15


def _lives(number: int) -> bool:
    try:
        return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@needs_filter
def test_a_program_has_its_bounds_and_no_network(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ask = f"import socket; socket.create_connection(('127.0.0.1', {port}))"
        assert ran(python(ask)) == (0, "")  # it can be reached, but not from inside
        assert ran(bounded(ask))[0] == 1
        assert "PermissionError" in ran(bounded(ask), errors=True)[1]
    assert ran(bounded("import socket; socket.socketpair()"))[0] == 0
    inner = f"import subprocess, sys; raise SystemExit(subprocess.run([sys.executable, '-c', {ask!r}]).returncode)"
    assert ran(bounded(inner))[0] == 1
    assert ran(bounded("bytearray(2 << 30)"))[0] == 1
    assert "MemoryError" in ran(bounded("bytearray(2 << 30)"), errors=True)[1]
    write = f"open({str(tmp_path / 'much')!r}, 'wb').write(bytes(2 << 20))"
    assert ran(bounded(write))[0] != 0
    assert (tmp_path / "much").stat().st_size <= 1 << 20
    busy = Bounds(seconds=30.0, answer=1000, memory=1 << 30, cpu=1, written=0)
    began = time.monotonic()
    assert ran(bounded("while True: pass", busy), bounds=busy)[0] != 0
    assert time.monotonic() - began < 20


def test_where_the_network_cannot_be_closed_no_program_is_run() -> None:
    elsewhere = "import platform, runpy; platform.machine = lambda: 'pdp11'; "
    run = "runpy.run_module('oer.apart.program', run_name='__main__')"
    command = bounded("print('run')")
    assert ran(command) == (0, "run\n")
    arguments = command[command.index("oer.apart.program") + 1 :]
    assert ran([*python(elsewhere + run), *arguments]) == (OPEN_NETWORK, "")
