"""Checksums of zip archives, of many parts at once: zlib's takes as long as the disk, and lets other threads run."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from functools import lru_cache
from typing import Any, cast

PIECE = 16 << 20
"""Bytes that one thread sums up before it takes the next."""

_BLOCK = 1 << 18
"""Bytes read at a time, which stay in a core's own cache until they are summed up."""

_POLYNOMIAL = 0xEDB88320
"""Of CRC-32, without its highest term; the highest bit is the number 1, as in all numbers below."""

_ONE, _BYTE = 1 << 31, 1 << 23
"""1, and the eighth power of x."""


def _product(first: int, second: int) -> int:
    """Multiply two polynomials over the numbers 0 and 1, modulo that of CRC-32."""
    total, term = 0, _ONE
    while term:
        if first & term:
            total ^= second
        second = second >> 1 ^ (_POLYNOMIAL if second & 1 else 0)
        term >>= 1
    return total


@lru_cache
def _zeros(length: int) -> int:
    """Give what a checksum is multiplied with when so many zero bytes follow."""
    power, square = _ONE, _BYTE
    while length:
        if length & 1:
            power = _product(power, square)
        square = _product(square, square)
        length >>= 1
    return power


def joined(parts: Iterable[tuple[int, int]]) -> int:
    """Give the CRC-32 of bytes from those of their parts.

    Args:
        parts: Of each part in turn its length and its CRC-32.

    Returns:
        The CRC-32 of all, one after the other.
    """
    total = 0
    for length, checksum in parts:
        total = _product(_zeros(length), total) ^ checksum
    return total


def parts_of(path: str | os.PathLike[str], start: int, size: int, pool: Executor) -> Iterator[tuple[int, int]]:
    """Begin to sum up a part of a file, in other threads.

    Args:
        path: The file.
        start: Where the part begins.
        size: Its bytes.
        pool: The threads.

    Returns:
        Lengths and CRC-32s, for `joined`; of fewer bytes where the file ends before. Asking for them may raise an
        `OSError`.
    """
    places = range(start, start + size, PIECE)
    return pool.map(lambda at: _summed(path, at, min(PIECE, start + size - at)), places)


def _summed(path: str | os.PathLike[str], start: int, size: int) -> tuple[int, int]:
    buffer, done, checksum = memoryview(bytearray(min(size, _BLOCK))), 0, 0
    with open(path, "rb", buffering=0) as file:
        file.seek(start)
        while done < size and (count := cast(Any, file).readinto(buffer[: size - done])):
            checksum = zlib.crc32(buffer[:count], checksum)
            done += count
    return done, checksum
