"""One entry of a zip archive as a file that HDF5 can read and write anywhere in, without a copy beside it."""

from __future__ import annotations

import os
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

_BLOCK = 1 << 20


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
                self._write(view)
            except OSError as error:
                self.error = error
                raise
        self._at += len(view)
        self.size = max(self.size, self._at)
        return len(view)

    def _write(self, view: memoryview) -> None:
        self._file.seek(self._start + self._at)
        done = 0
        while done < len(view):  # a full disk can take a part, and then raises at the next
            done += self._file.write(view[done:])

    def truncate(self, size: int | None = None) -> int:
        self.size = self._at if size is None else size
        return self.size  # the file below gets its size at the end

    def flush(self) -> None:
        """Do nothing: the file below has no buffer."""


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
    if entry.compress_type == zipfile.ZIP_STORED:
        with open(str(archive.filename), "rb", buffering=0) as file:
            file.seek(entry.header_offset + 26)  # two lengths, which the table of contents need not share
            title, extra = (int.from_bytes(file.read(2), "little") for _ in range(2))
            start = entry.header_offset + 30 + title + extra
            yield cast(IO[bytes], _Part(cast(IO[bytes], file), start, entry.file_size))
        return
    with tempfile.TemporaryFile() as copy, archive.open(entry) as packed:
        while block := packed.read(_BLOCK):
            copy.write(block)
        yield copy


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
    with open(str(archive.filename), "r+b", buffering=0) as file:
        part = _Part(cast(IO[bytes], file), start, 0)
        yield cast(IO[bytes], part)
        if part.error is not None:
            raise part.error
        file.truncate(start + part.size)
        part.seek(0)
        buffer = memoryview(bytearray(_BLOCK))
        while count := part.readinto(buffer):
            entry.CRC = zlib.crc32(buffer[:count], entry.CRC)
            entry.file_size += count
    entry.compress_size = entry.file_size
    below.seek(entry.header_offset)
    below.write(entry.FileHeader(zip64=True))
    archive.start_dir = below.seek(start + entry.file_size)
    archive.filelist.append(entry)
    archive.NameToInfo[name] = entry
