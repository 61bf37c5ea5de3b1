"""A file that grows: whole blocks go past the page cache, straight to the disk.

Copied into the page cache, a large upload costs the processor twice, for the copy and for writing it back, and pushes
out of memory what others read. On two cores that the sender shares, 2 GB went in in three quarters of the time.
"""

import errno
import fcntl
import mmap
import os
import sys
from concurrent.futures import Future, ThreadPoolExecutor

_BLOCK = 4 << 20  # of memory and of a write; a multiple of what any disk asks for
# One write of 1 MiB or more makes ext4 (Linux 6.18) look for page blocks as large, which cost three to ten times
# the system time when memory is fragmented: 1.5 to 4 s instead of 0.4 s for 2 GB.
_WRITE = 256 << 10
# How often the disk is asked to take what is in the page cache: the less it has left to do at the end, the better.
_START_WRITING = 8 << 20
_DIRECT: int = getattr(os, "O_DIRECT", 0)  # open(2): Linux and FreeBSD have it


class GrowingFile:
    """Writes at the end of what is open as `descriptor`, which has `size` bytes that count.

    ``size`` counts the blocks that have been handed on, ``written`` those that the file has; both count everything
    after :meth:`flush`. Nothing is durable before a sync. Errors are those of the operating system, the latest at
    ``flush``. File systems that cannot write directly (some in memory, some over a network) are written to as usual.
    """

    def __init__(self, descriptor: int, size: int = 0) -> None:
        self.size = self.written = size
        self._descriptor = descriptor
        # Memory that begins on a page, as direct writes ask: one block is filled while the other is written.
        self._blocks: list[mmap.mmap] = []
        self._held = 0
        self._direct = bool(_DIRECT)
        self._pool: ThreadPoolExecutor | None = None
        self._running: Future[None] | None = None

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            # Up to the next multiple of a block, so that all but the first and the last are whole.
            room = _BLOCK - self.size % _BLOCK - self._held
            part = rest[:room]
            if not self._blocks:
                self._blocks.append(mmap.mmap(-1, _BLOCK))
            self._blocks[0][self._held : self._held + len(part)] = part
            self._held += len(part)
            rest = rest[len(part) :]
            if len(part) == room:
                self._hand_on()

    def _hand_on(self) -> None:
        """Let the block be written beside us, and go on with the other one."""
        self._settle()
        if self._pool is None:
            self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="write")
            self._blocks.append(mmap.mmap(-1, _BLOCK))
        self._running = self._pool.submit(self._write, self._blocks[0], self._held, self.size)
        self._blocks.reverse()
        self.size, self._held = self.size + self._held, 0

    def _settle(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.result()

    def flush(self) -> None:
        """Write what is held, and wait for it."""
        self._settle()
        if self._held:
            self._write(self._blocks[0], self._held, self.size)
            self.size, self._held = self.size + self._held, 0

    def close(self) -> None:
        """Wait for what is under way, and let the memory go with what was not flushed."""
        if self._pool is not None:
            self._pool.shutdown()
        for block in self._blocks:
            block.close()

    def _write(self, memory: mmap.mmap, size: int, offset: int) -> None:
        with memoryview(memory) as block, block[:size] as held:
            written = self._written_directly(held, offset) if size == _BLOCK and self._direct else 0
            while written < size:
                with held[written : written + _WRITE] as part:
                    written += os.pwrite(self._descriptor, part, offset + written)
        self.written = offset + size
        if not self._direct:
            self._start_writing(offset, offset + size)

    def _written_directly(self, block: memoryview, offset: int) -> int:
        """How many bytes of the block were, 0 where this file cannot be written to so."""
        flags = fcntl.fcntl(self._descriptor, fcntl.F_GETFL)
        try:
            fcntl.fcntl(self._descriptor, fcntl.F_SETFL, flags | _DIRECT)
            return os.pwrite(self._descriptor, block, offset)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
                raise
            self._direct = False
            return 0
        finally:
            fcntl.fcntl(self._descriptor, fcntl.F_SETFL, flags)

    def _start_writing(self, before: int, size: int) -> None:
        """Now and then let the disk take what it has not, and the memory go of what the disk has. Waits for nothing.

        The sync at the end finds little to do, and a file larger than the memory pushes nothing else out of it.
        """
        if sys.platform == "linux" and before // _START_WRITING < size // _START_WRITING:
            os.posix_fadvise(self._descriptor, 0, size, os.POSIX_FADV_DONTNEED)
