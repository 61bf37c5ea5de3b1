"""Files that grow block by block, past the page cache where the file system can."""

import errno
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import growing
from storage.growing import GrowingFile

PAGE = 4096
BLOCK = 2 * PAGE


@pytest.fixture(autouse=True)
def small_blocks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(growing, "_BLOCK", BLOCK)
        yield


@pytest.fixture
def descriptor(tmp_path: Path) -> Iterator[int]:
    opened = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    yield opened
    os.close(opened)


@given(st.integers(0, 3 * PAGE), st.lists(st.integers(0, 3 * BLOCK)), st.booleans())
def test_what_is_written_stands_after_what_was_there(start: int, sizes: list[int], direct: bool) -> None:
    chunks = [bytes([1 + number % 250]) * size for number, size in enumerate(sizes)]
    with tempfile.TemporaryFile() as opened, pytest.MonkeyPatch.context() as patched:
        if not direct:
            patched.setattr(growing, "_DIRECT", 0)
        opened.write(b"\0" * start)
        opened.flush()
        with closing(GrowingFile(opened.fileno(), start)) as file:
            for chunk in chunks:
                file.write(chunk)
                assert start <= file.written <= file.size
            file.flush()
            assert file.size == file.written == start + sum(sizes)
        opened.seek(0)
        assert opened.read() == b"\0" * start + b"".join(chunks)


def test_whole_blocks_go_past_the_page_cache(descriptor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    flags: list[bool] = []
    pwrite = os.pwrite

    def noting(where: int, data: memoryview, offset: int) -> int:
        flags.append(bool(growing.fcntl.fcntl(where, growing.fcntl.F_GETFL) & os.O_DIRECT))
        return pwrite(where, data, offset)

    monkeypatch.setattr(growing.os, "pwrite", noting)
    with closing(GrowingFile(descriptor)) as file:
        file.write(bytes(2 * BLOCK + 5))
        file.flush()
    assert flags == [True, True, False]


def test_a_file_system_that_refuses_is_written_to_as_usual(descriptor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    control = growing.fcntl.fcntl

    def refusing(where: int, command: int, flags: int = 0) -> int:
        if command == growing.fcntl.F_SETFL and flags & os.O_DIRECT:
            raise OSError(errno.EINVAL, "not here")
        return control(where, command, flags)

    monkeypatch.setattr(growing.fcntl, "fcntl", refusing)
    content = os.urandom(3 * BLOCK + 1)
    with closing(GrowingFile(descriptor)) as file:
        file.write(content)
        file.flush()
    assert os.pread(descriptor, 4 * BLOCK, 0) == content


def test_what_a_short_write_leaves_is_written_too(descriptor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pwrite = os.pwrite
    monkeypatch.setattr(growing.os, "pwrite", lambda where, data, offset: pwrite(where, data[:1001], offset))
    content = os.urandom(2 * BLOCK + 1)
    with closing(GrowingFile(descriptor)) as file:
        file.write(content)
        file.flush()
    assert os.pread(descriptor, 3 * BLOCK, 0) == content


def test_what_is_under_way_does_not_count_as_written(descriptor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    go, pwrite = threading.Event(), os.pwrite

    def waiting(where: int, data: memoryview, offset: int) -> int:
        assert go.wait(20)
        return pwrite(where, data, offset)

    monkeypatch.setattr(growing.os, "pwrite", waiting)
    with closing(GrowingFile(descriptor)) as file:
        file.write(bytes(BLOCK))
        assert (file.size, file.written) == (BLOCK, 0)
        go.set()
        file.flush()
        assert (file.size, file.written) == (BLOCK, BLOCK)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_an_error_beside_us_comes_at_the_flush_at_the_latest(
    descriptor: int, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def failing(_where: int, _data: memoryview, _offset: int) -> int:
        raise OSError(code, "no")

    monkeypatch.setattr(growing.os, "pwrite", failing)
    with closing(GrowingFile(descriptor)) as file:
        file.write(bytes(BLOCK))
        with pytest.raises(OSError) as raised:
            file.flush()
        assert raised.value.errno == code
        assert file.written == 0
