"""Archives written field by field, so that they can lie. `zipfile` writes only truthful ones."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

STORED, DEFLATED = 0, 8
ZIP64 = 0xFFFFFFFF
MEGABYTE = 2**20


@dataclass(frozen=True)
class Entry:
    """One file of an archive. What is None is told truthfully.

    `shares` makes the entry point at the content of the one before it instead of having its own.
    """

    name: str | bytes
    content: bytes = b""
    method: int = DEFLATED
    packed: bytes | None = None
    size: int | None = None
    crc: int | None = None
    flags: int = 0
    local_name: str | None = None
    zip64: bool = False
    streamed: bool = False
    shares: bool = False

    @property
    def data(self) -> bytes:
        if self.packed is not None:
            return self.packed
        return deflated(self.content) if self.method == DEFLATED else self.content

    @property
    def told_size(self) -> int:
        return len(self.content) if self.size is None else self.size

    @property
    def is_64_bit(self) -> bool:
        return self.zip64 or self.told_size >= ZIP64

    @property
    def told_crc(self) -> int:
        return zlib.crc32(self.content) if self.crc is None else self.crc


def deflated(content: bytes) -> bytes:
    packing = zlib.compressobj(1 if len(content) > MEGABYTE else 6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packing.compress(content) + packing.flush()


@cache
def zeros(megabytes: int, byte: bytes = b"\0") -> bytes:
    """That many megabytes of one byte, deflated; made by repeating one deflated megabyte."""
    packing = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packing.compress(byte)
    packing.flush(zlib.Z_FULL_FLUSH)
    block = packing.compress(byte * MEGABYTE) + packing.flush(zlib.Z_FULL_FLUSH)
    return block * megabytes + packing.flush()


def archive(entries: Sequence[Entry], comment: bytes = b"", before: bytes = b"", after: bytes = b"") -> bytes:
    """The archive; `before` stands in front of it, `after` behind, `comment` in its end record."""
    body = bytearray(before)
    directory = bytearray()
    offset = 0
    for entry in entries:
        if not entry.shares:
            offset = len(body)
            body += _local(entry)
        directory += _central(entry, offset)
    count = min(len(entries), 2**16 - 1)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(directory), len(body), len(comment))
    return bytes(body + directory) + end + comment + after


def _local(entry: Entry) -> bytes:
    name = _raw(entry.local_name or entry.name)
    sizes = len(entry.data), entry.told_size
    extra = b""
    if entry.is_64_bit:
        extra, sizes = struct.pack("<2H2Q", 1, 16, sizes[1], sizes[0]), (ZIP64, ZIP64)
    crc, told = (0, (0, 0)) if entry.streamed else (entry.told_crc, sizes)
    flags = _flags(entry)
    head = struct.pack("<4s5H3I2H", b"PK\3\4", 20, flags, entry.method, 0, 33, crc, *told, len(name), len(extra))
    descriptor = struct.pack("<4s3I", b"PK\7\x08", entry.told_crc, *sizes) if entry.streamed else b""
    return head + name + extra + entry.data + descriptor


def _central(entry: Entry, offset: int) -> bytes:
    name = _raw(entry.name)
    packed, size = len(entry.data), entry.told_size
    extra = b""
    if entry.is_64_bit:
        extra, packed, size = struct.pack("<2H2Q", 1, 16, size, packed), ZIP64, ZIP64
    flags = _flags(entry)
    versions = struct.pack("<4s6H", b"PK\1\2", 20, 20, flags, entry.method, 0, 33)
    numbers = struct.pack("<3I5H2I", entry.told_crc, packed, size, len(name), len(extra), 0, 0, 0, 0, offset)
    return versions + numbers + name + extra


def _flags(entry: Entry) -> int:
    """Bit 3: sizes follow the content; bit 11: the name is UTF-8."""
    is_utf8 = isinstance(entry.name, str) and not entry.name.isascii()
    return entry.flags | (8 if entry.streamed else 0) | (2048 if is_utf8 else 0)


def _raw(name: str | bytes) -> bytes:
    return name.encode() if isinstance(name, str) else name
