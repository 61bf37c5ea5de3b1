"""``oer serve`` and ``oer worker``: the processes of an installation."""

import os
import socket
import sys
from typing import Annotated

import typer

from oer import logs, queries, settings, supervisor, working
from oer.cli import context, output
from oer.db import reading
from oer.errors import Misconfigured
from oer.installation import Installation


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="Web processes.", min=1, max=256)] = 1,
    with_worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Run the background worker beside them.")
    ] = True,
) -> None:
    """Serve pages, REST and OAI-PMH until stopped; set everything up at the first start."""
    # Where nobody has said what the address is, it is the one served here; the children inherit it.
    os.environ.setdefault("OER_BASE_URL", f"http://localhost:{port}")
    with context.errors_said():
        wanted = settings.load()
    logs.configure(wanted.log_level)
    with context.opened() as found:
        _require_free(host, port)
        _greet(found, host, port)
    supervisor.become(
        host=host,
        port=port,
        workers=workers,
        with_worker=with_worker,
        log_level=wanted.log_level,
        in_bucket=wanted.store_url.startswith("s3:"),
    )


def _require_free(host: str, port: int) -> None:
    """Say so in words when the port is taken, instead of a traceback from inside the server."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = error.strerror or str(error)
            raise Misconfigured("settings.port-unusable", host=host, port=str(port), reason=reason) from None


def _greet(found: Installation, host: str, port: int) -> None:
    with reading(found.engine) as session:
        first = not queries.people.any_administrator(session)
        states = queries.resources.counts_by_state(session)
        empty = not queries.institutions.walked(session, limit=1)
    shown = f"[{host}]" if ":" in host else host
    holds = output.sentence("cli.holds", number=states.get("published", 0))
    base, here = found.settings.base_url, f"http://{shown}:{port}"
    output.say(f"{found.settings.name(output.language())}: {base}/ ({holds})")
    output.say(f"  OAI-PMH   {base}/oai")
    output.say(f"  REST      {base}/api/resources")
    if base not in {here, here.replace("//127.0.0.1:", "//localhost:")}:
        output.say(f"  listens   {here}/")
    output.say(f"  data      {found.settings.data}")
    if first:
        output.say(output.sentence("cli.first-start"))
        output.say("  oer admin create EMAIL")
    if empty:
        output.say(output.sentence("cli.demo-offer", command="oer seed demo"))
    sys.stdout.flush()


def worker(
    once: Annotated[bool, typer.Option("--once", help="Do what is due, then stop.")] = False,
) -> None:
    """Run background jobs: renderings, embargoes, sealing the audit log, sweeping."""
    with context.errors_said():
        logs.configure(settings.load().log_level)
    with context.opened() as found:
        if once:
            output.say(output.sentence("cli.jobs-done", number=working.drain(found)))
            return
        working.until_stopped(found)
