"""Processes that are killed without warning, and what they had said until then."""

import os
import signal
import time
import traceback
from collections.abc import Callable

from oer.installation import Installation

Say = Callable[[str], None]


def forked(work: Callable[[Say], None], *, kill_after: float | None) -> list[str]:
    """Run ``work(say)`` in a forked process, SIGKILL it after so many seconds (None: let it end); the lines it said.

    What is said is written at once. An exception in the work fails here. Close database engines before: a
    connection must not be in two processes.
    """
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        _in_child(work, out, into)
    os.close(into)
    try:
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(child, signal.SIGKILL)
        with os.fdopen(out, "rb") as said:
            lines = said.read().decode().splitlines()
    finally:
        _, status = os.waitpid(child, 0)
    failed = [line for line in lines if line.startswith("failed: ")]
    assert not failed, "\n".join(lines)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return lines


def _in_child(work: Callable[[Say], None], out: int, into: int) -> None:
    code = 0
    try:
        os.close(out)
        work(lambda line: _write(into, line))
    except BaseException as error:
        _write(into, f"failed: {error!r}\n{traceback.format_exc()}")
        code = 1
    finally:
        os._exit(code)  # no test runner's clean-up twice


def _write(descriptor: int, line: str) -> None:
    os.write(descriptor, f"{line}\n".encode())


def duration(work: Callable[[Say], None]) -> float:
    """Seconds that the work takes undisturbed, in a process of its own."""
    began = time.monotonic()
    forked(work, kill_after=None)
    return time.monotonic() - began


def environment(home: Installation) -> dict[str, str]:
    """The variables by which another process opens the same installation."""
    chosen = home.settings
    return {
        "OER_DATA": str(chosen.data),
        "OER_DATABASE_URL": chosen.database_url,
        "OER_STORE_URL": chosen.store_url,
        "OER_STORE_ACCESS_KEY": chosen.store_access_key.get_secret_value(),
        "OER_STORE_SECRET_KEY": chosen.store_secret_key.get_secret_value(),
    }
