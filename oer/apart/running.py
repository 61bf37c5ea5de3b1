"""A process apart, from its start to its end: bounds on its time and on what it says."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

_BLOCK = 1 << 20
_ENVIRONMENT = {"LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_PATH = "/usr/local/bin:/usr/bin:/bin"
_FROM_OUTSIDE = {-signal.SIGHUP, -signal.SIGINT, -signal.SIGTERM, -signal.SIGKILL}
LATE = 1000
"""The code of a process that was ended here, for its time or for what it said."""


class Stopped(Exception):
    """Whoever asked does not want to know any more."""


class Ended(Exception):
    """Somebody else ended the process: a machine that shuts down, or has no memory left. The file may be sound."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds of a clock, and bytes of answer; ``memory``, ``cpu`` and ``written`` are for programs (``program``)."""

    seconds: float
    answer: int
    memory: int = 0
    cpu: int = 0
    written: int = 0


def module(name: str, *arguments: str) -> list[str]:
    """The command that runs a module of ours, which bounds itself."""
    return [sys.executable, "-I", "-m", name, *arguments]


def program(path: str, *arguments: str, bounds: Bounds) -> list[str]:
    """The command that runs a program of the machine within these bounds."""
    told = (str(bounds.memory), str(bounds.cpu), str(bounds.written))
    return module("oer.apart.program", *told, path, *arguments)


def run(
    command: Sequence[str],
    descriptor: int,
    answer: Callable[[bytes], object],
    *,
    bounds: Bounds,
    stop: Event,
    folder: Path | None = None,
    errors: bool = False,
) -> int:
    """The exit code of a process that reads ``descriptor`` as its standard input; each piece of what it says goes to
    ``answer``. Nothing that it has started outlives it.

    ``folder``: the only place that it is told of, to write in. ``errors``: its standard error is an answer too.
    Raises Stopped soon after ``stop``, and Ended.
    """
    environment: Mapping[str, str] = _ENVIRONMENT
    if folder is not None:
        environment = {**_ENVIRONMENT, "PATH": _PATH, "HOME": str(folder), "TMPDIR": str(folder)}
    process = subprocess.Popen(  # noqa: S603 - no shell, and names are arguments
        command,
        stdin=descriptor,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if errors else subprocess.DEVNULL,
        env=environment,
        cwd=folder or "/",
        start_new_session=True,
    )
    began = time.monotonic()
    ended = Event()
    watch = Thread(target=_watch, args=(process.pid, bounds.seconds, stop, ended), daemon=True)
    watch.start()
    try:
        late = not _listen(process, answer, bounds.answer)
        if late:
            _kill(process.pid)
        # Not taken in before the others are gone: while it is there its number is nobody else's.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    except BaseException:
        _kill(process.pid)
        raise
    finally:
        ended.set()
        watch.join()
        _kill(process.pid)
        code = process.wait()
    if stop.is_set() and code != 0:
        raise Stopped
    # Who says too much may end of itself in between: nobody listens any more.
    if late or (code == -signal.SIGKILL and time.monotonic() - began > bounds.seconds):
        return LATE
    if code in _FROM_OUTSIDE:
        raise Ended
    return code


def _listen(process: "subprocess.Popen[bytes]", answer: Callable[[bytes], object], most: int) -> bool:
    """Whether it ended before it had said more than is taken from a process that has lost its way."""
    left = most
    assert process.stdout is not None
    with process.stdout as said:
        while block := os.read(said.fileno(), min(_BLOCK, left)):
            answer(block)
            left -= len(block)
            if left <= 0:
                return False
    return True


def _watch(number: int, seconds: float, stop: Event, ended: Event) -> None:
    until = time.monotonic() + seconds
    while not ended.wait(0.1):
        if stop.is_set() or time.monotonic() > until:
            _kill(number)
            return


def _kill(number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(number, signal.SIGKILL)
