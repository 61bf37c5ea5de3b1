"""``oer serve`` and ``oer worker``: the processes of an installation."""

import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from types import FrameType
from typing import Annotated

import typer

from oer import logs, queries, settings
from oer.cli import context, output, working
from oer.db import reading
from oer.errors import Misconfigured
from oer.installation import Installation

logger = logging.getLogger(__name__)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="Web processes.", min=1, max=256)] = 1,
    with_worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Run the background worker beside them.")
    ] = True,
) -> None:
    """Serve pages, REST and OAI-PMH until stopped; set everything up at the first start."""
    with context.errors_said():
        wanted = settings.load()
    logs.configure(wanted.log_level)
    with context.opened() as found:
        _require_free(host, port)
        _greet(found, host, port)
    from granian import Granian  # late: no other command needs the server
    from granian.constants import Interfaces
    from granian.log import LogLevels

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
        workers_kill_timeout=20,
    )
    stop = threading.Event()
    supervisor = threading.Thread(target=_supervise, args=(stop,), name="supervisor")
    if with_worker:
        supervisor.start()
    try:
        server.serve()
    finally:
        stop.set()
        if with_worker:
            supervisor.join()


def _require_free(host: str, port: int) -> None:
    """Say so in words when the port is taken, instead of a traceback from inside the server."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = error.strerror or str(error)
            raise Misconfigured("settings.port-unusable", host=host, port=port, reason=reason) from None


def _greet(found: Installation, host: str, port: int) -> None:
    with reading(found.engine) as session:
        first = not queries.people.any_administrator(session)
        states = queries.resources.counts_by_state(session)
    shown = f"[{host}]" if ":" in host else host
    output.say(f"{found.settings.repository_name}: http://{shown}:{port}/ ({states.get('published', 0)} resources)")
    output.say(f"  OAI-PMH   {found.settings.base_url}/oai")
    output.say(f"  REST      {found.settings.base_url}/api/resources")
    output.say(f"  data      {found.settings.data}")
    if first:
        output.say("No administrator yet. Create one with:  oer admin create EMAIL")
    sys.stdout.flush()


def _supervise(stop: threading.Event) -> None:
    """Keep one worker running beside the server; a worker that dies is started again, ever more slowly."""
    pause = 1.0
    while not stop.is_set():
        process = subprocess.Popen([sys.executable, "-m", "oer.cli", "worker", "--parent", str(os.getpid())])  # noqa: S603 - ourselves
        while process.poll() is None and not stop.wait(0.5):
            pass
        if stop.is_set():
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            return
        logger.error("the worker ended and is started again", extra={"exit": process.returncode})
        stop.wait(pause)
        pause = min(60.0, pause * 2)


def worker(
    once: Annotated[bool, typer.Option("--once", help="Do what is due, then stop.")] = False,
    parent: Annotated[int, typer.Option(hidden=True)] = 0,
) -> None:
    """Run background jobs: renderings, embargoes, sealing the audit log, sweeping."""
    with context.errors_said():
        logs.configure(settings.load().log_level)
    stop = threading.Event()

    def _stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    with context.opened() as found:
        if once:
            output.say(f"{working.drain(found)} jobs done")
            return
        working.work(found, stop, alive=lambda: parent in (0, os.getppid()), name=secrets.token_hex(4))
