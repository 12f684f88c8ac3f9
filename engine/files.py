"""Write a file whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a path beside `path` to write to; on leaving without an error it takes the place of `path` in one move.

    Args:
        path: The file to write, which may exist. A symbolic link stays, and what it points to is replaced. An
            existing file's permissions are kept.

    Yields:
        The path to write to, in the same folder and with the same extension.

    Raises:
        OSError: If the file cannot be put in its place. Whatever is raised, `path` is as before.

    Example:
        >>> with replacing("notes.txt") as temporary:  # doctest: +SKIP
        ...     temporary.write_text("all of it")
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.stem}-{secrets.token_hex(4)}{target.suffix}")
    try:
        yield temporary
        with suppress(FileNotFoundError):
            shutil.copymode(target, temporary)
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a small file whole or not at all; its folder is made if absent.

    Args:
        path: The file, which may exist.
        content: What it is to hold.

    Raises:
        OSError: The folder cannot be written, or the disk is full; the file is as before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_bytes(content)
