"""One answer in both codings: plain, and as one gzip member into which packed blocks go as they are.

A gzip member is a header, a deflate stream and the checksum of what comes out (RFC 1952). A deflate stream is blocks,
one after the other, the last of them marked (RFC 1951): streams that end on a byte and without the mark can be joined,
and the checksums of their contents combined.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from isal import isal_zlib

_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # deflate, no time, no name, of an unknown system
_END = b"\x03\x00"  # the last block of a stream, with nothing in it
_SMALL, _LARGE = 1, 2  # levels of ISA-L


@dataclass(frozen=True, slots=True)
class Packed:
    """``size`` bytes as raw deflate that ends on a byte and does not end its stream; ``crc`` is their CRC-32."""

    content: bytes
    size: int
    crc: int

    def plain(self) -> bytes:
        # With room for all of it from the start: a buffer that grows takes as long again.
        unpacked: bytes = isal_zlib.decompress(self.content + _END, -15, self.size)
        return unpacked


@dataclass(frozen=True, slots=True)
class Answer:
    """``head``, the blocks in their order, ``tail``: one document."""

    head: bytes
    blocks: Sequence[Packed] = ()
    tail: bytes = b""

    def plain(self) -> bytes:
        return b"".join((self.head, *(block.plain() for block in self.blocks), self.tail))

    def packed(self) -> bytes:
        """The document as gzip; the same bytes for the same document."""
        begin = isal_zlib.compressobj(_SMALL if self.blocks else _LARGE, isal_zlib.DEFLATED, -15)
        parts = [_HEADER, begin.compress(self.head), begin.flush(isal_zlib.Z_FULL_FLUSH)]
        crc, size = zlib.crc32(self.head), len(self.head)
        for block in self.blocks:
            parts.append(block.content)
            crc = isal_zlib.crc32_combine(crc, block.crc, block.size)
            size += block.size
        end = isal_zlib.compressobj(_SMALL, isal_zlib.DEFLATED, -15)
        parts += [end.compress(self.tail), end.flush()]
        return b"".join((*parts, struct.pack("<LL", zlib.crc32(self.tail, crc), (size + len(self.tail)) & 0xFFFFFFFF)))
