"""A server to torture with uploads, over each kind of store."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import factories
import psutil
import pytest
import senders
import servers
from conftest import ROOT
from factories import drafted, opened, token_of
from killing import environment
from senders import BROKEN, Line, sha256

from oer.installation import Installation
from oer.policy import Actor
from oer.workflow import Role

MIB = 1 << 20
PLACES = ["filesystem", pytest.param("s3", marks=pytest.mark.s3)]


@dataclass
class Server:
    """``oer serve`` on a port of its own, to be killed with all its processes."""

    home: Installation
    folder: Path
    port: int = field(default_factory=lambda: servers.free_ports(1)[0])
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        variables = {**os.environ, **environment(self.home), "OER_BASE_URL": f"http://127.0.0.1:{self.port}"}
        command = [sys.executable, "-m", "oer.cli", "serve", "--no-worker", "--port", str(self.port)]
        log = self.folder / "server.txt"
        with log.open("ab") as out:
            self.process = subprocess.Popen(command, env=variables, cwd=ROOT, stdout=out, stderr=out)
        until = time.monotonic() + 60
        while not self._answers():
            assert self.process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)

    def _answers(self) -> bool:
        with suppress(*BROKEN):
            return Line(self.port, {}).ask("GET", "/health/ready")[0] == 200
        return False

    def kill(self) -> None:
        """As the kernel does it when memory is short: nobody is asked, all at once."""
        assert self.process is not None
        top = psutil.Process(self.process.pid)
        for each in [top, *top.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        self.process.wait()


@dataclass
class Torture:
    """A server, and somebody with a draft."""

    home: Installation
    server: Server
    line: Line
    author: Actor
    draft: str

    def visible(self, draft: str | None = None) -> dict[str, str]:
        """Name → SHA-256 of what the server gives out."""
        status, _, answer = self.line.ask("GET", f"/api/resources/{draft or self.draft}/draft")
        assert status == 200
        found = {}
        for file in json.loads(answer)["files"]:
            status, _, content = self.line.ask("GET", senders.file_path(draft or self.draft, file["name"]))
            assert (status, sha256(content)) == (200, file["sha256"])
            found[file["name"]] = file["sha256"]
        return found


@contextmanager
def place(folder: Path, kind: str) -> Iterator[Installation]:
    changes: dict[str, Any] = {"store_url": ""}
    if kind == "s3":
        if not os.environ.get("OER_TEST_STORE_URL"):
            pytest.skip("no S3 server runs: OER_TEST_STORE_URL is not set (python tests/with_servers.py --s3)")
        found = factories.store_environment()
        changes = {name.removeprefix("OER_").lower(): value for name, value in found.items()}
    with opened(folder / "data", **changes) as home:
        yield home


@contextmanager
def torture(folder: Path, kind: str) -> Iterator[Torture]:
    with place(folder, kind) as home:
        author = factories.member(home, Role.DEPOSITOR)
        draft = drafted(home, files={}, actor=author)
        server = Server(home, folder)
        headers = token_of(home, author, "read", "deposit")
        server.start()
        try:
            yield Torture(home, server, Line(server.port, headers), author, draft)
        finally:
            server.kill()
