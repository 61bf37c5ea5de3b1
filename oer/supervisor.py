"""The parent of all serving processes: the web server's, and one background worker beside it.

It imports next to nothing: on a small machine a parent that carried the whole repository would cost as much memory
as a worker. ``oer serve`` prepares the installation and then becomes this (:func:`become`).
"""

import json
import logging
import os
import signal
import sys
import threading
import time

from oer import logs

logger = logging.getLogger(__name__)

_BUFFER = 1 << 20  # bytes that are read of a body at once: a third less work for large ones than with 400 kB
_GRACE = 8  # seconds that processes have to end by themselves; a web process that is still starting misses the signal
PARENT = "OER_SUPERVISED_BY"


def become(*, host: str, port: int, workers: int, with_worker: bool, log_level: str, in_bucket: bool) -> None:
    """Replace this process by the supervisor. Never returns. `in_bucket`: the store is an S3 server, no disk."""
    wanted = json.dumps(
        {"host": host, "port": port, "workers": workers, "with_worker": with_worker, "log_level": log_level}
    )
    # Threads that read files would each keep an arena of freed memory: 20 MB and more of a process.
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    # Pieces for S3 have 5 MiB: given back at once, instead of kept in a heap full of holes, 10 MiB of a process. Those
    # of 4 MiB for a disk are better kept: asking the kernel for each anew takes 4 s of 2 GB.
    os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(9 << 19))
    os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str((1 if in_bucket else 16) << 20))
    # Columns of every instruction, for the marks below lines of a traceback: a megabyte of each process.
    os.environ.setdefault("PYTHONNODEBUGRANGES", "1")
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "oer.supervisor", wanted])  # noqa: S606 - ourselves


def run(*, host: str, port: int, workers: int, with_worker: bool, log_level: str) -> None:
    """Serve until told to stop, then end every child."""
    from granian import Granian  # late: `become` is called from processes that never serve
    from granian.constants import Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    logs.configure(log_level)
    os.environ[PARENT] = str(os.getpid())
    server = Granian(
        target="api.app:from_environment",
        factory=True,
        address=host,
        port=port,
        workers=workers,
        interface=Interfaces.ASGI,
        log_level=LogLevels.warning,
        websockets=False,
        http1_settings=HTTP1Settings(max_buffer_size=_BUFFER),
        respawn_failed_workers=True,
        workers_kill_timeout=_GRACE,
    )
    stop = threading.Event()
    keeper = threading.Thread(target=_keep_worker, args=(stop,), name="worker-keeper")
    if with_worker:
        keeper.start()
    try:
        server.serve()
    finally:
        stop.set()
        if with_worker:
            keeper.join()


def _keep_worker(stop: threading.Event) -> None:
    """Keep one worker running; one that dies is started again, ever more slowly."""
    pause = 1.0
    while not stop.is_set():
        started = time.monotonic()
        try:
            worker = _Worker()
        except OSError as error:  # no memory or no process left: for now
            logger.error("the worker cannot be started", extra={"reason": str(error)})  # noqa: TRY400
            pause = min(60.0, pause * 2)
            stop.wait(pause)
            continue
        while worker.poll() is None and not stop.wait(0.5):
            pass
        if stop.is_set():
            worker.end()
            return
        logger.error("the worker ended and is started again", extra={"exit": worker.poll()})
        pause = 1.0 if time.monotonic() - started > 60 else min(60.0, pause * 2)
        stop.wait(pause)


class _Worker:
    """The background process.

    Started without ``subprocess``, whose ``Popen`` waits for the end of a pipe: the web server forks at the same
    time in another thread, its children inherit the pipe, and the wait would last as long as they live.
    """

    def __init__(self) -> None:
        self.pid = os.posix_spawn(sys.executable, [sys.executable, "-m", "oer.working"], os.environ)
        self._exit: int | None = None

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        if self._exit is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._exit = os.waitstatus_to_exitcode(status)
        return self._exit

    def end(self) -> None:
        """Ask it to stop, and make it after the grace."""
        until = time.monotonic() + _GRACE
        self._send(signal.SIGTERM)
        while self.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        self._send(signal.SIGKILL)
        while self.poll() is None:
            time.sleep(0.05)

    def _send(self, how: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, how)


def orphaned() -> bool:
    """Whether the supervisor that started this process has gone; False where none did."""
    parent = os.environ.get(PARENT)
    return parent is not None and parent != str(os.getppid())


def leave_when_orphaned() -> None:
    """End this process soon after its supervisor was killed: an orphan would keep the port of its successor."""
    if PARENT not in os.environ:
        return

    def watch() -> None:
        while not orphaned():
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, name="orphan-watch", daemon=True).start()


if __name__ == "__main__":
    run(**json.loads(sys.argv[1]))
