"""Large files in by HTTP, in every way there is: the right bytes, in flat memory."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import factories
import pytest
import senders
from factories import drafted, opened, token_of
from fault_counts import TIMEOUT
from killing import environment
from large_files import MIB, MOST_MEMORY, SIZE, Memory, served, store_settings, write
from senders import Line

from oer.workflow import Role

pytestmark = pytest.mark.timeout(TIMEOUT)


def pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(MIB):
            yield piece


def put(line: Line, draft: str, big: Path, digest: str) -> None:
    told = {"content_digest": senders.hex_digest_field(digest)}
    answer = line.ask("PUT", senders.file_path(draft, "put.bin"), pieces(big), size=SIZE, **told)
    assert answer[0] == 201, answer


def tus(line: Line, draft: str, big: Path, digest: str) -> None:
    _, where = senders.create(line, draft, "tus.bin", SIZE)
    assert senders.patch(line, where, 0, pieces(big), SIZE) == 204


def tus_with_a_checksum(line: Line, draft: str, big: Path, digest: str) -> None:
    """In one part whose bytes may not be kept before the last of them has come."""
    _, where = senders.create(line, draft, "checked.bin", SIZE)
    told = {"upload_checksum": senders.upload_checksum("sha256", bytes.fromhex(digest))}
    assert senders.patch(line, where, 0, pieces(big), SIZE, **told) == 204


def tus_in_two_parts(line: Line, draft: str, big: Path, digest: str) -> None:
    """The second knows nothing of the first: the whole is read once more."""
    _, where = senders.create(line, draft, "two.bin", SIZE)
    with big.open("rb") as file:
        first = SIZE // 2 // MIB * MIB
        parts = (iter(lambda: file.read(MIB), b""), first), (iter(lambda: file.read(MIB), b""), SIZE - first)
        done = 0
        for part, size in parts:
            sent = (next(part) for _ in range(size // MIB))
            assert senders.patch(line, where, done, sent, size) == 204
            done += size


def form(line: Line, draft: str, big: Path, digest: str) -> None:
    record = factories.record().model_dump_json(exclude_defaults=True).encode()
    head, tail, kind = senders.form_around(record, "form.bin")
    size = len(head) + SIZE + len(tail)

    def body() -> Iterator[bytes]:
        yield head
        yield from pieces(big)
        yield tail

    status, _, answer = line.ask("POST", "/api/resources", body(), size=size, content_type=kind)
    assert status == 201, answer
    assert json.loads(answer)["files"][0]["sha256"] == digest


WAYS: list[Callable[[Line, str, Path, str], None]] = [put, tus, tus_with_a_checksum, tus_in_two_parts, form]


@pytest.mark.parametrize("kind", ["filesystem", pytest.param("s3", marks=pytest.mark.s3)])
def test_a_large_file_goes_in_by_every_way_in_flat_memory(tmp_path: Path, kind: str) -> None:
    settings = store_settings(kind)
    big = tmp_path / "big.bin"
    digest = write(big, SIZE)
    with opened(tmp_path / "data", **settings) as home:
        author = factories.member(home, Role.DEPOSITOR)
        draft = drafted(home, files={}, actor=author)
        headers = token_of(home, author, "read", "deposit")
        variables = {**os.environ, **environment(home)}
        for way in WAYS:
            with served(variables, tmp_path / "log.txt") as (server, port):
                # What comes with a checksum is kept until it is whole, and goes to the store then.
                line = Line(port, headers, patience=900)
                with Memory(server) as idle:
                    time.sleep(0.5)
                began = time.monotonic()
                with Memory(server) as found:
                    way(line, draft, big, digest)
                took = time.monotonic() - began
                shown = json.loads(line.ask("GET", f"/api/resources/{draft}/draft")[2])
            print(f"{kind}, {SIZE // MIB} MiB by {way.__name__}: {SIZE / MIB / took:.0f} MiB/s, {found}; idle {idle}")
            assert found.samples > 1
            assert found.peaks["pss"] <= MOST_MEMORY, way.__name__
        assert [file["sha256"] for file in shown["files"]] == [digest] * 4
        held = hashlib.sha256()
        for piece in home.store.open(digest):
            held.update(piece)
        assert held.hexdigest() == digest
    shutil.rmtree(tmp_path)  # pytest would keep gigabytes of three runs
