"""The parent of all serving processes: the web server's, and one background worker beside it.

It imports next to nothing: on a small machine a parent that carried the whole repository would cost as much memory
as a worker. ``oer serve`` prepares the installation and then becomes this (:func:`become`).
"""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time

from oer import logs

logger = logging.getLogger(__name__)

_GRACE = 20  # seconds that processes have to end by themselves
PARENT = "OER_SUPERVISED_BY"


def become(*, host: str, port: int, workers: int, with_worker: bool, log_level: str) -> None:
    """Replace this process by the supervisor. Never returns."""
    wanted = json.dumps(
        {"host": host, "port": port, "workers": workers, "with_worker": with_worker, "log_level": log_level}
    )
    # Threads that read files would each keep an arena of freed memory: 20 MB and more of a process.
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "oer.supervisor", wanted])  # noqa: S606 - ourselves


def run(*, host: str, port: int, workers: int, with_worker: bool, log_level: str) -> None:
    """Serve until told to stop, then end every child."""
    from granian import Granian  # late: `become` is called from processes that never serve
    from granian.constants import Interfaces
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
        process = subprocess.Popen([sys.executable, "-m", "oer.cli", "worker"])
        while process.poll() is None and not stop.wait(0.5):
            pass
        if stop.is_set():
            _end(process)
            return
        logger.error("the worker ended and is started again", extra={"exit": process.returncode})
        pause = 1.0 if time.monotonic() - started > 60 else min(60.0, pause * 2)
        stop.wait(pause)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


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
