"""``oer serve`` from its first word to its last process."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import servers
import serving
from serving import Home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with serving.home(tmp_path) as made:
        yield made


@contextmanager
def started(home: Home, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """``oer serve``, answering; whatever is left of it at the end is killed."""
    command = [sys.executable, "-m", "oer.cli", "serve", "--port", str(home.port), *options]
    process = subprocess.Popen(command, env=home.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    family = []
    try:
        wait_until(lambda: answers(home.url), 60)
        family = everyone(process.pid)
        yield process
    finally:
        for each in [*family, *everyone(process.pid)]:
            if each.is_running():
                each.kill()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


def everyone(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def wait_until(true: object, seconds: float) -> None:
    assert callable(true)
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, f"not within {seconds} s"
        time.sleep(0.1)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health/live", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def alive(family: list[psutil.Process]) -> list[psutil.Process]:
    return [each for each in family if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _ends(home: Home, process: subprocess.Popen[bytes], how: signal.Signals) -> str:
    """Send the signal: within 10 s no process is left and the port is free. What was said on standard output."""
    family = everyone(process.pid)
    began = time.monotonic()
    process.send_signal(how)
    assert process.wait(10) == 0
    wait_until(lambda: not alive(family), 10 - (time.monotonic() - began))
    wait_until(lambda: free(home.port), 10)  # a process may be gone before its sockets are
    assert process.stdout is not None
    return process.stdout.read().decode()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_server_says_where_it_is_and_ends_with_all_its_processes(home: Home, how: signal.Signals) -> None:
    with started(home) as process:
        assert len(everyone(process.pid)) >= 3  # the supervisor, one for the web, one for jobs
        said = _ends(home, process, how)
        assert home.url in said
        assert "oer admin create EMAIL" in said
        assert "oer seed demo" in said  # and nothing was made unasked
        assert "[]" in home.oer("institution", "list", "--json").stdout


@pytest.mark.parametrize(
    ("base", "apart"), [("", False), ("http://127.0.0.1:PORT", False), ("https://oer.example.org", True)]
)
def test_a_server_names_one_address_and_another_only_where_it_listens_elsewhere(
    home: Home, base: str, apart: bool
) -> None:
    base = base.replace("PORT", str(home.port))
    environment = {**home.environment, "OER_BASE_URL": base}
    if not base:
        base = f"http://localhost:{home.port}"
        del environment["OER_BASE_URL"]
    with started(replace(home, environment=environment)) as process:
        said = _ends(home, process, signal.SIGTERM)
    assert f": {base}/ (" in said.splitlines()[0]
    assert set(re.findall(r"https?://[^/\s]+", said)) == {base, *([home.url] if apart else [])}


def test_several_web_processes_end_together(home: Home) -> None:
    with started(home, "--workers", "2") as process:
        wait_until(lambda: len(everyone(process.pid)) >= 4, 20)
        time.sleep(3)  # one answers before the other is ready
        _ends(home, process, signal.SIGTERM)


def test_without_a_worker_there_is_none(home: Home) -> None:
    with started(home, "--no-worker") as process:
        assert not [each for each in everyone(process.pid) if "oer.working" in each.cmdline()]
        process.terminate()
        assert process.wait(10) == 0


def test_a_killed_supervisor_leaves_no_orphan_on_its_port(home: Home) -> None:
    with started(home) as process:
        family = everyone(process.pid)
        process.kill()
        wait_until(lambda: not alive(family), 10)
        wait_until(lambda: free(home.port), 10)  # a process may be gone before its sockets are
    with started(home) as process:  # and its successor starts where it was
        process.terminate()
        assert process.wait(10) == 0


def test_a_worker_that_dies_is_started_again(home: Home) -> None:
    with started(home) as process:
        (worker,) = (each for each in everyone(process.pid) if "oer.working" in each.cmdline())
        worker.kill()

        def replaced() -> bool:
            return any(
                each.pid != worker.pid and "oer.working" in each.cmdline() for each in alive(everyone(process.pid))
            )

        wait_until(replaced, 15)
        assert answers(home.url)
        process.terminate()
        assert process.wait(10) == 0


def test_a_port_that_is_taken_is_said_in_words(home: Home) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", home.port))
        taken.listen()
        done = home.oer("serve", "--port", home.port, check=False)
    assert (done.returncode, done.stdout) == (7, "")
    assert str(home.port) in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.7", "not an address"])
def test_an_address_that_is_not_ours_is_said_in_words(home: Home, host: str) -> None:
    done = home.oer("serve", "--host", host, "--port", servers.free_ports(1)[0], check=False)
    assert (done.returncode, done.stdout) == (7, "")
    assert host in done.stderr
    assert "Traceback" not in done.stderr


def test_a_worker_alone_ends_when_told_to(home: Home) -> None:
    home.oer("institution", "list")
    process = subprocess.Popen(
        [sys.executable, "-m", "oer.cli", "worker"], env=home.environment, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    assert b"worker started" in process.stderr.readline()
    process.terminate()
    assert process.wait(10) == 0
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()


def test_commands_work_beside_a_server(home: Home) -> None:
    with started(home) as process:
        home.oer("institution", "add", "library", "--ar", "المكتبة")
        home.oer("bench", "seed", "20")
        home.oer("worker", "--once")
        with urllib.request.urlopen(f"{home.url}/oai?verb=Identify", timeout=10) as answer:
            assert b"<Identify>" in answer.read()
        process.terminate()
        assert process.wait(10) == 0
    assert os.path.exists(home.environment["OER_DATA"])  # noqa: PTH110 - a string from the environment
