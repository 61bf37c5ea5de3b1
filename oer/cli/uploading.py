"""How fast a large file goes in over loopback, against a copy and a digest of it by the system's own programs."""

import base64
import http.client
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median

from metadata import validate
from oer import accounts, deposits, identifiers, institutions
from oer.cli import scratch
from oer.db import transaction
from oer.errors import Unavailable
from oer.installation import Installation
from oer.policy import OPERATOR

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds that each way took. Nobody waits for the disk in ``reference``; in ``durable`` the copy is on it."""

    reference: float
    durable: float
    put: float
    tus: float


def measured(folder: Path, size: int, rounds: int, *, told: Callable[[Round], None]) -> list[Round]:
    """Rounds one after the other, the ways in turn within each, so that a machine that drifts treats all alike.

    A scratch installation is made in the folder, which is the disk that is measured.
    """
    source = folder / "source.bin"
    _fill(source, size)
    found: list[Round] = []
    with _server(folder) as door:
        _put(door, source, "warm")
        for number in range(rounds):
            ways = (
                lambda: _copied(source),
                lambda: _copied(source, durable=True),
                lambda: _put(door, source, f"put-{number}"),  # noqa: B023 - called before the next round
                lambda: _tus(door, source, f"tus-{number}"),  # noqa: B023
            )
            found.append(Round(*(_from_the_same_start(folder, source, way) for way in ways)))
            told(found[-1])
    return found


def _from_the_same_start(folder: Path, source: Path, way: Callable[[], float]) -> float:
    """Seconds of one way, with nothing to overwrite and as much memory just used as it will use.

    To take the place of the last round's bytes means to free them, half a second of 2 GB, where the copy begins anew.
    And memory that a virtual machine's host has taken back costs whoever touches it first, up to 9 s for 2 GB.
    """
    with scratch.opened(folder) as home:
        for key in list(home.store.keys()):
            home.store.delete(key)
    throwaway = source.with_suffix(".throwaway")
    shutil.copyfile(source, throwaway)
    throwaway.unlink()
    return way()


@dataclass(frozen=True, slots=True)
class Ratios:
    """Speed of PUT and of tus as parts of a reference's, each the median of the rounds."""

    put: float
    tus: float


def ratios(rounds: list[Round]) -> tuple[Ratios, Ratios]:
    """Against the copy that nobody waits for, and against the durable one."""
    first, second = ([(getattr(each, name), each) for each in rounds] for name in ("reference", "durable"))
    return _ratios(first), _ratios(second)


def _ratios(rounds: list[tuple[float, Round]]) -> Ratios:
    return Ratios(median(took / each.put for took, each in rounds), median(took / each.tus for took, each in rounds))


def _fill(path: Path, size: int) -> None:
    """Bytes that neither compress nor repeat."""
    block = bytearray(os.urandom(_BLOCK))
    with path.open("wb") as file:
        for number in range(-(-size // _BLOCK)):
            block[:8] = number.to_bytes(8, "big")
            file.write(block[: min(_BLOCK, size - number * _BLOCK)])


def _copied(source: Path, *, durable: bool = False) -> float:
    """``cp``, then ``openssl dgst -sha256`` of the copy; ``durable``: between them the disk is waited for."""
    copy = source.with_suffix(".copy")
    waiting = [["sync", "-d", str(copy)]] if durable else []
    began = time.monotonic()
    for command in (["cp", str(source), str(copy)], *waiting, ["openssl", "dgst", "-sha256", str(copy)]):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - what is measured against
    took = time.monotonic() - began
    copy.unlink()
    return took


@dataclass(frozen=True, slots=True)
class _Door:
    """A server with a draft to put files into."""

    port: int
    headers: Mapping[str, str]
    public_id: str


def _put(door: _Door, source: Path, name: str) -> float:
    began = time.monotonic()
    _send(door, "PUT", f"/api/resources/{door.public_id}/draft/files/{name}", source, {})
    return time.monotonic() - began


def _tus(door: _Door, source: Path, name: str) -> float:
    began = time.monotonic()
    told = {"resource": door.public_id, "filename": name}
    pairs = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in told.items())
    wanted = {"Upload-Length": str(source.stat().st_size), "Upload-Metadata": pairs}
    location = _send(door, "POST", "/api/uploads", None, wanted)["location"]
    address = location[location.index("/api/uploads/") :]
    part = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    _send(door, "PATCH", address, source, part)
    return time.monotonic() - began


def _send(
    door: _Door, method: str, address: str, source: Path | None, headers: Mapping[str, str]
) -> http.client.HTTPMessage:
    """One request, its body sent by the kernel. Raises Unavailable where it is refused."""
    with closing(http.client.HTTPConnection("127.0.0.1", door.port)) as connection:
        connection.putrequest(method, address)
        size = source.stat().st_size if source is not None else 0
        for name, value in {**door.headers, **headers, "Tus-Resumable": "1.0.0", "Content-Length": str(size)}.items():
            connection.putheader(name, value)
        connection.endheaders()
        if source is not None:
            with source.open("rb") as file, suppress(BrokenPipeError, ConnectionResetError):
                connection.sock.sendfile(file)
        answer = connection.getresponse()
        answer.read()
        if answer.status >= 300:
            raise Unavailable("bench.unanswered")
        return answer.headers


@contextmanager
def _server(folder: Path) -> Iterator[_Door]:
    with scratch.opened(folder) as home:
        token, public_id = prepared(home)
    with scratch.served(folder) as server:
        yield _Door(server.port, {"Authorization": f"Bearer {token}"}, public_id)


def prepared(home: Installation) -> tuple[str, str]:
    """A token, and the public id of a draft that it may fill."""
    now = home.now()
    with transaction(home.engine) as session:
        person = accounts.add_person(
            session,
            OPERATOR,
            email=f"{identifiers.new_public_id()}@example.org",
            name="Bench",
            administrator=True,
            now=now,
        )
        place = institutions.add(
            session,
            OPERATOR,
            slug=f"bench-{identifiers.new_public_id()}",
            names={"en": "Bench"},
            kind="organisation",
            now=now,
        )
        actor = accounts.actor_of(session, person)
        record, _ = validate.parse({"title": [{"value": "Bench", "lang": "en"}]})
        assert record is not None
        draft = deposits.begin(session, actor, place, record, now=now)
        day = timedelta(days=1)
        named = {"name": "bench", "scopes": ["read", "deposit"], "lifetime": day, "longest": day}
        _, secret = accounts.create_token(session, OPERATOR, person, **named, now=now)  # type: ignore[arg-type]
        return secret, draft.resource.public_id


def missing_programs() -> list[str]:
    """What the reference needs and this machine does not have."""
    return [name for name in ("cp", "sync", "openssl") if shutil.which(name) is None]
