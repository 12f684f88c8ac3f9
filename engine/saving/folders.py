"""Replace a folder of model files: by a new one that was written beside it."""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing_folder(target: Path, stale: tuple[str, ...] = ()) -> Iterator[Path]:
    """Give a folder beside `target` to write to; on leaving without an error it takes the place of `target`.

    Args:
        target: The folder, which may exist; what has the same name in it is replaced, the rest stays.
        stale: Names in `target` that go even if nothing new has them. Defaults to none.

    Yields:
        An empty folder on the same disk.

    Raises:
        ValueError: If `target` is a file.
        OSError: If it cannot be written. If the writing fails, `target` is as before.
    """
    target = Path(os.path.realpath(target))
    if target.exists() and not target.is_dir():
        raise ValueError(f"`filepath` is a file, and a SavedModel is a folder. Received: filepath={str(target)!r}")
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
    temporary.mkdir()
    try:
        yield temporary
        if not target.exists():
            temporary.replace(target)
        elif Path.cwd().is_relative_to(target):
            _move_into(temporary, target, stale)  # the folder that one is in must stay itself
        else:
            _take_over(target, temporary, stale)
            exchange(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _take_over(old: Path, new: Path, stale: tuple[str, ...]) -> None:
    """Have in `new` what `old` has beside; the files are the same ones on disk, where it can link them."""
    shutil.copymode(old, new)
    written = {entry.name for entry in new.iterdir()}
    for entry in old.iterdir():
        if entry.name in written or entry.name in stale:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.copytree(entry, new / entry.name, symlinks=True, copy_function=_link)
        else:
            _link(entry, new / entry.name)


def _link(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # the file system has no links
        shutil.copy2(source, target, follow_symlinks=False)


def exchange(one: Path, other: Path) -> None:
    """Let two folders on one disk change names: in one step where Linux can, elsewhere in three.

    Args:
        one: A folder.
        other: The folder that gets its name. In three steps, it is missing for a moment.

    Raises:
        OSError: If a folder cannot be renamed; then both are as before.
    """
    if _exchanged_at_once(one, other):
        return
    aside = other.with_name(f".{other.name}-{secrets.token_hex(4)}")
    other.replace(aside)
    try:
        one.replace(other)
    except OSError:
        aside.replace(other)
        raise
    aside.replace(one)


def _exchanged_at_once(one: Path, other: Path) -> bool:
    """Call `renameat2(…, RENAME_EXCHANGE)`, which Python has no function for; say whether it is there and did it."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None) if sys.platform == "linux" else None
    here, exchanging = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return rename is not None and rename(here, os.fsencode(one), here, os.fsencode(other), exchanging) == 0


def _move_into(source: Path, target: Path, stale: tuple[str, ...]) -> None:
    old = source / f".old-{secrets.token_hex(4)}"
    new = list(source.iterdir())
    old.mkdir()
    # Renames, all on one disk: nothing can fail half way that did not fail while the new files were written.
    for name in {*stale, *(entry.name for entry in new)}:
        if (target / name).exists():
            (target / name).replace(old / name)
    for entry in new:
        entry.replace(target / entry.name)
