"""One entry of a zip archive as a file that HDF5 can read and write anywhere in, without a copy beside it."""

from __future__ import annotations

import os
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import IO, Any, cast

from kerastui.engine.saving.checksums import PIECE, joined, parts_of

_BLOCK = 1 << 20
_CORES = 2
"""Threads that sum up. More are not faster than the disk."""


class _Part:
    """A part of an open file, with what HDF5 asks of a file: no copy, and the position is this object's own."""

    def __init__(self, file: IO[bytes], start: int, size: int) -> None:
        self.size = size
        self.error: OSError | None = None
        self._file, self._start, self._at = file, start, 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        inside = view[: max(0, self.size - self._at)] if self._at >= 0 else view[:0]
        done = 0
        if inside:
            self._file.seek(self._start + self._at)
        while done < len(inside) and (count := cast(Any, self._file).readinto(inside[done:])):
            done += count
        view[done:] = bytes(len(view) - done)  # as HDF5 does itself beyond the end, where damaged files lead
        self._at += done
        return done

    def read(self, size: int = -1) -> bytes:
        block = bytearray(self.size - self._at if size < 0 else size)
        return bytes(block[: self.readinto(block)])

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        if self.error is None:  # what failed is of no use, and HDF5 has still to be able to close its file
            try:
                self._write(view, self._at)
            except OSError as error:
                self.error = error
                raise
        self._at += len(view)
        self.size = max(self.size, self._at)
        return len(view)

    def _write(self, view: memoryview, place: int) -> None:
        self._file.seek(self._start + place)
        done = 0
        while done < len(view):  # a full disk can take a part, and then raises at the next
            done += self._file.write(view[done:])

    def truncate(self, size: int | None = None) -> int:
        self.size = self._at if size is None else size
        return self.size  # the file below gets its size at the end

    def flush(self) -> None:
        """Do nothing: the file below has no buffer."""


class _NewPart(_Part):
    """A part that is written: while large data is written it is summed up, and what is written goes to the disk.

    The system would begin with that much later; who waits for all of it to be on the disk would wait again as long.
    """

    def __init__(self, file: IO[bytes], start: int, pool: Executor) -> None:
        super().__init__(file, start, 0)
        self._pool = pool
        self._sums: dict[int, tuple[int, int]] = {}
        self._flushed: Future[None] | None = None

    def _write(self, view: memoryview, place: int) -> None:
        end = place + len(view)
        for at in [at for at, (length, _) in self._sums.items() if at < end and place < at + length]:
            del self._sums[at]
        summed = dict[int, Future[int]]()
        try:
            for at in range(0, len(view), PIECE):
                piece = view[at : at + PIECE]
                if len(view) >= _BLOCK:
                    summed[place + at] = self._pool.submit(zlib.crc32, piece)
                super()._write(piece, place + at)
                if summed:
                    self._flush()
        finally:
            wait(summed.values())  # the memory is lent for this call
        self._sums |= {at: (min(PIECE, end - at), one.result()) for at, one in summed.items()}

    def truncate(self, size: int | None = None) -> int:
        super().truncate(size)
        self._sums = {at: one for at, one in self._sums.items() if at + one[0] <= self.size}
        return self.size

    def _flush(self) -> None:
        if self._flushed is not None:
            if not self._flushed.done():
                return
            self._flushed.result()  # the disk may have been full
        self._flushed = self._pool.submit(getattr(os, "fdatasync", os.fsync), self._file.fileno())

    def checksum(self) -> int:
        """Give the CRC-32 of all that was written, of which only the rest is read."""
        if self._flushed is not None:
            self._flushed.result()
        return joined(self._summed())

    def _summed(self) -> Iterator[tuple[int, int]]:
        at = 0
        for place in sorted(self._sums):
            yield from self._read_and_summed(at, place)
            yield self._sums[place]
            at = place + self._sums[place][0]
        yield from self._read_and_summed(at, self.size)

    def _read_and_summed(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        self.seek(start)
        while self._at < end:
            block = self.read(min(_BLOCK, end - self._at))
            yield len(block), zlib.crc32(block)


def _is_stored(entry: zipfile.ZipInfo) -> bool:
    return entry.compress_type == zipfile.ZIP_STORED


def _start_of(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> int:
    with open(str(archive.filename), "rb", buffering=0) as file:
        file.seek(entry.header_offset + 26)  # two lengths, which the table of contents need not share
        title, extra = (int.from_bytes(file.read(2), "little") for _ in range(2))
    return entry.header_offset + 30 + title + extra


@contextmanager
def read_entry(archive: zipfile.ZipFile, name: str) -> Iterator[IO[bytes]]:
    """Open an entry so that it can be sought in: in place where it is stored, else unpacked to the disk.

    Args:
        archive: An archive, opened by its path.
        name: The entry.

    Yields:
        A binary file.
    """
    entry = archive.getinfo(name)
    if _is_stored(entry):
        with open(str(archive.filename), "rb", buffering=0) as file:
            yield cast(IO[bytes], _Part(cast(IO[bytes], file), _start_of(archive, entry), entry.file_size))
        return
    with tempfile.TemporaryFile() as copy, archive.open(entry) as packed:
        while block := packed.read(_BLOCK):
            copy.write(block)
        yield copy


@contextmanager
def checked_meanwhile(archive: zipfile.ZipFile, name: str) -> Iterator[None]:
    """Within this, other threads compare an entry with its checksum, while it is read for its content.

    Args:
        archive: An archive, opened by its path.
        name: The entry. One that is compressed is compared when it is unpacked, and not here.

    Raises:
        zipfile.BadZipFile: On leaving, if the entry is not what was written.
    """
    entry = archive.getinfo(name)
    if not _is_stored(entry):
        yield
        return
    with ThreadPoolExecutor(_CORES) as pool:
        try:
            parts = parts_of(str(archive.filename), _start_of(archive, entry), entry.file_size, pool)
            yield
            if joined(parts) != entry.CRC:
                raise zipfile.BadZipFile(f"Bad CRC-32 for file {name!r}")
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def write_entry(archive: zipfile.ZipFile, name: str) -> Iterator[IO[bytes]]:
    """Add an entry, stored, that can be sought in while it is written; nothing else may be added meanwhile.

    `zipfile` itself only writes from the beginning to the end, which HDF5 does not, so that Keras has all of the
    weights in memory, or in a second file, before they go into the archive.

    Args:
        archive: An archive, opened by its path to be written.
        name: The entry.

    Yields:
        A binary file, to be written and read.

    Raises:
        OSError: If it cannot be written; the archive is then of no use.
    """
    entry = zipfile.ZipInfo(name, time.localtime()[:6])
    entry.external_attr, entry.CRC = 0o600 << 16, 0
    below = cast(IO[bytes], archive.fp)
    entry.header_offset = below.tell()
    below.write(entry.FileHeader(zip64=True))  # written again below, as long, when size and checksum are known
    below.flush()
    start = below.tell()
    with open(str(archive.filename), "r+b", buffering=0) as file, ThreadPoolExecutor(_CORES + 1) as pool:
        part = _NewPart(cast(IO[bytes], file), start, pool)
        yield cast(IO[bytes], part)
        if part.error is not None:
            raise part.error
        file.truncate(start + part.size)
        entry.CRC = part.checksum()
    entry.compress_size = entry.file_size = part.size
    below.seek(entry.header_offset)
    below.write(entry.FileHeader(zip64=True))
    archive.start_dir = below.seek(start + entry.file_size)
    archive.filelist.append(entry)
    archive.NameToInfo[name] = entry
