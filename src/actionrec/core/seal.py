"""A checksum behind the end of a file, over those of its bytes that have no other.

The seal is JSON, the half-open ranges ``[[start, stop], ...]`` that it covers, then 16 bytes: its length and the
CRC-32 of the covered bytes and of the JSON, both big-endian, and a mark.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

_MARK = b"actnSEAL"
_END = struct.Struct(f">II{len(_MARK)}s")
_READ_BYTES = 1 << 20


def append_seal(path: Path, *, leave_out: Iterable[tuple[int, int]]) -> None:
    """Seal ``path``, all of it but the half-open ranges of bytes ``leave_out``, which do not overlap."""
    with path.open("r+b") as file:
        covered = _complement(sorted(leave_out), file.seek(0, 2))
        text = json.dumps(covered, separators=(",", ":")).encode()
        crc = zlib.crc32(text, _crc(file, covered))
        file.seek(0, 2)
        file.write(text + _END.pack(len(text), crc, _MARK))


def seal_holds(path: Path) -> bool:
    """Whether the sealed bytes are what they were; True for a file without a seal, as earlier versions wrote it."""
    with path.open("rb") as file:
        num_bytes = file.seek(0, 2)
        if num_bytes < _END.size:
            return True
        file.seek(num_bytes - _END.size)
        length, crc, mark = _END.unpack(file.read(_END.size))
        if mark != _MARK:
            return True
        if length > num_bytes - _END.size:
            return False
        file.seek(num_bytes - _END.size - length)
        text = file.read(length)
        try:
            covered = json.loads(text)
            return bool(zlib.crc32(text, _crc(file, covered)) == crc)
        except (ValueError, TypeError):  # damage in the seal itself
            return False


def _complement(spans: Sequence[tuple[int, int]], end: int) -> list[tuple[int, int]]:
    starts = [0, *(stop for _, stop in spans)]
    stops = [*(start for start, _ in spans), end]
    return [(start, stop) for start, stop in zip(starts, stops, strict=True) if start < stop]


def _crc(file: IO[bytes], spans: Iterable[tuple[int, int]]) -> int:
    crc = 0
    for start, stop in spans:
        file.seek(start)
        left = stop - start
        while left > 0 and (block := file.read(min(left, _READ_BYTES))):
            crc, left = zlib.crc32(block, crc), left - len(block)
    return crc
