"""A real installation, used from outside: commands as subprocesses and a server on a free loopback port."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import databases
import factories
import servers


@dataclass(frozen=True)
class Home:
    """Commands and addresses of one installation. ``url`` has no slash at its end."""

    environment: dict[str, str]
    url: str
    port: int

    def oer(self, *arguments: object, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command; with ``check`` a failure shows what it said."""
        command = [sys.executable, "-m", "oer.cli", *map(str, arguments)]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, encoding="utf-8", check=False, **options
        )
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def oer_json(self, *arguments: object) -> Any:
        return json.loads(self.oer(*arguments, "--json").stdout)


@contextmanager
def home(folder: Path, **settings: str) -> Iterator[Home]:
    """An installation that no server runs for yet; database and store as the run wants them."""
    port = servers.free_ports(1)[0]
    url = f"http://127.0.0.1:{port}"
    with databases.database(folder) as database:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("OER_")},
            "OER_DATA": str(folder / "data"),
            "OER_DATABASE_URL": database,
            "OER_BASE_URL": url,
            "LC_ALL": "C.UTF-8",
            **factories.store_environment(),
            **settings,
        }
        yield Home(environment, url, port)


@contextmanager
def serving(installation: Home, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """``oer serve`` until the block ends; the process is the supervisor of server and worker."""
    command = [sys.executable, "-m", "oer.cli", "serve", "--port", str(installation.port), *options]
    log = Path(installation.environment["OER_DATA"]).parent / "serve.log"
    with log.open("ab") as out:
        process = subprocess.Popen(command, env=installation.environment, stdout=out, stderr=out)
    try:
        _wait(installation, process, log)
        yield process
    finally:
        if process.poll() is None:
            servers.stop(process, how=signal.SIGTERM)


def _wait(installation: Home, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{installation.url}/health/ready", timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"the server does not answer:\n{log.read_text('utf-8', 'replace')[-3000:]}")
