"""The same doors behind the real server: what only it can show."""

import hashlib
import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import factories
import psutil
import pytest
import servers
import serving
from serving import Home

from oer import installation
from oer.settings import Settings

BIG = 48 * 1024 * 1024
NAME = "فيلم طويل.bin"


def block(number: int) -> bytes:
    return hashlib.sha256(b"%d" % number).digest() * 2**15  # 1 MiB


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, str]]:
    """A running server, and the id of a resource with a large file and a small one."""
    with serving.home(tmp_path_factory.mktemp("served")) as home:
        wanted = {
            name.removeprefix("OER_").lower(): value
            for name, value in home.environment.items()
            if name.startswith("OER_")
        }
        found = installation.open_installation(Settings(**wanted))  # type: ignore[arg-type]
        content = b"".join(block(number) for number in range(BIG // 2**20))
        public_id = factories.published(found, files={NAME: content, "درس.txt": "نص".encode()})
        found.close()
        with serving.serving(home, "--no-worker"):
            yield home, public_id


def ask(home: Home, method: str, url: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", home.port, timeout=60)
    try:
        connection.request(method, url, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def path(public_id: str, name: str = NAME) -> str:
    return f"/api/resources/{public_id}/files/{quote(name)}"


def test_a_whole_file_comes_by_path_with_its_length_and_digest(served: tuple[Home, str]) -> None:
    home, public_id = served
    answer, content = ask(home, "GET", path(public_id))
    assert (answer.status, len(content), answer.headers["content-length"]) == (200, BIG, str(BIG))
    assert answer.headers["etag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    assert answer.headers.get_all("content-length") == [str(BIG)]
    assert answer.headers.get("transfer-encoding") is None
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_parts_join_to_the_whole(served: tuple[Home, str]) -> None:
    home, public_id = served
    digest, at = hashlib.sha256(), 0
    while at < BIG:
        answer, content = ask(home, "GET", path(public_id), range=f"bytes={at}-{at + 7_654_320}")
        assert answer.status == 206
        assert answer.headers["content-range"] == f"bytes {at}-{at + len(content) - 1}/{BIG}"
        assert answer.headers["content-length"] == str(len(content))
        digest.update(content)
        at += len(content)
    assert answer.headers["etag"] == f'"{digest.hexdigest()}"'
    everything, content = ask(home, "GET", path(public_id), range="bytes=0-")
    assert (everything.status, hashlib.sha256(content).hexdigest()) == (206, digest.hexdigest())


def test_head_has_the_length_and_no_body_on_every_door(served: tuple[Home, str]) -> None:
    home, public_id = served
    for url in (path(public_id), path(public_id, "درس.txt"), f"/api/resources/{public_id}", "/api/resources", "/",
                f"/resources/{public_id}", "/oai?verb=Identify", "/robots.txt"):  # fmt: skip
        head, nothing = ask(home, "HEAD", url)
        whole, content = ask(home, "GET", url)
        assert (head.status, nothing) == (whole.status, b"") == (200, b""), url
        assert head.headers["content-length"] == whole.headers["content-length"] == str(len(content)), url


def test_a_refusal_answers_properly_on_a_kept_connection(served: tuple[Home, str]) -> None:
    home, public_id = served
    connection = http.client.HTTPConnection("127.0.0.1", home.port, timeout=10)
    for url, headers, status in (
        (path(public_id), {"Range": f"bytes={BIG}-"}, 416),
        (path(public_id), {"If-None-Match": "*"}, 304),
        (path(public_id, "none"), {}, 404),
        (path(public_id, "درس.txt"), {}, 200),
    ):
        connection.request("GET", url, headers=headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
    connection.close()


def test_a_slow_reader_costs_no_memory_and_a_gone_one_leaves_nothing_open(served: tuple[Home, str]) -> None:
    home, public_id = served
    process = _listening(home.port)
    idle = process.memory_info().rss
    readers = []
    for _ in range(4):
        reader = socket.create_connection(("127.0.0.1", home.port), timeout=10)
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        # One byte less than all, so that the server cannot send it by path.
        asked = f"GET {path(public_id)} HTTP/1.1\r\nHost: x\r\nRange: bytes=1-\r\n\r\n"
        reader.sendall(asked.encode())
        assert reader.recv(1000).startswith(b"HTTP/1.1 206")
        readers.append(reader)
    time.sleep(1.0)
    grown = process.memory_info().rss - idle
    for reader in readers:
        reader.close()
    assert grown < 4 * 16 * 2**20, f"{grown / 2**20:.0f} MiB for four readers that do not read"
    until = time.monotonic() + 10
    while _objects_open(process) and time.monotonic() < until:
        time.sleep(0.1)
    assert _objects_open(process) == []


def _listening(port: int) -> psutil.Process:
    """The web process: among our own children the one that holds the port and has no children itself."""
    for process in psutil.Process().children(recursive=True):
        if not process.children() and any(
            one.laddr.port == port for one in process.net_connections("tcp") if one.status == psutil.CONN_LISTEN
        ):
            return process
    raise AssertionError("nobody listens")


def _objects_open(process: psutil.Process) -> list[str]:
    return [file.path for file in process.open_files() if "/objects/" in file.path]


def test_an_answer_that_breaks_is_never_taken_for_a_whole_one(served: tuple[Home, str], tmp_path: Path) -> None:
    """A store that fails in the middle: the client must see fewer bytes than were promised, and an error."""
    program = tmp_path / "failing.py"
    program.write_text(
        "from dataclasses import replace\n"
        "from api import app\n"
        "from oer.installation import open_installation\n"
        "from oer.settings import load\n"
        "from storage.errors import Damaged\n"
        "class Failing:\n"
        "    def __init__(self, store): self.store = store\n"
        "    def stat(self, key): return self.store.stat(key)\n"
        "    def local_path(self, key): return None\n"
        "    def open(self, key, start=0, length=None):\n"
        "        pieces = self.store.open(key, start, length)\n"
        "        yield next(pieces)\n"
        "        if length is None or length > 2**20: raise Damaged(key, 'rot')\n"
        "def make():\n"
        "    here = open_installation(load())\n"
        "    return app.create(replace(here, store=Failing(here.store)))\n",
        encoding="utf-8",
    )
    home, public_id = served
    port = servers.free_ports(1)[0]
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--working-dir", str(tmp_path)]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port), "--no-ws", "failing:make"],
        env={**home.environment, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        failing = Home(home.environment, f"http://127.0.0.1:{port}", port)
        _until_it_answers(failing)
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            ask(failing, "GET", path(public_id))
        assert ask(failing, "GET", "/health/live")[0].status == 200
    finally:
        servers.stop(process)


def _until_it_answers(home: Home) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            if ask(home, "GET", "/health/live")[0].status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server does not answer")


# What no first page needs, and what takes longer to import than all the rest.
HEAVY = {"edtf", "pyparsing", "rdflib", "hypothesis", "typer", "rich", "PIL", "numpy", "pytest"}


def test_the_first_page_is_there_soon_after_the_start(served: tuple[Home, str]) -> None:
    home, _ = served
    code = (
        "import json, sys\n"
        "from api import app\nfrom oer import installation, settings\n"
        "app.create(installation.open_installation(settings.load()))\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=home.environment, capture_output=True, text=True, check=True,
        cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    loaded = set(json.loads(done.stdout))
    assert {"fastapi", "sqlalchemy"} <= loaded
    assert loaded & HEAVY == set(), "imported with its first use only"
    assert urlsplit(home.url).port == home.port
