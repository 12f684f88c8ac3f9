"""Which files of a project are code of its own, and whether they have changed. No TensorFlow."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Final, TypeAlias

import msgspec

FILE_NAME: Final = "layers.py"
"""The file that counts without being listed."""

Stamp: TypeAlias = Mapping[str, tuple[int, int, int] | None]
"""Time of the last change, size and inode of each file; `None` where there is none."""

_TAKEN: Final = frozenset({"ops", "keras", "tensorflow", "kerastui"})
"""Stems that mean something else: `ops.matmul` is a function of `keras.ops`."""


class Fault(msgspec.Struct, frozen=True):
    """Say something about a file, with the line where there is one.

    Args:
        file: The file, as it is listed.
        what: What is to be said, one line.
        line: Line, from 1; 0 is the file as a whole.
    """

    file: str
    what: str
    line: int = 0

    @property
    def place(self) -> str:
        """File and line, as in `layers.py:12`."""
        return f"{self.file}:{self.line}" if self.line else self.file


def code_files(folder: Path, listed: Iterable[str]) -> tuple[str, ...]:
    """Return the files with code of a project: `layers.py` where there is one, then those the document lists.

    Args:
        folder: The project's folder.
        listed: `Project.code`.
    """
    first = [FILE_NAME] if os.path.lexists(folder / FILE_NAME) else []
    return tuple(dict.fromkeys([*first, *listed]))


def is_own(class_name: str) -> bool:
    """Tell whether a class of the document is one of the project's own code: `layers.ScaledTanh`."""
    file, _, name = class_name.rpartition(".")
    return bool(name) and file.isidentifier() and file not in _TAKEN


def stem_of(name: str) -> str:
    """Return what classes of a file are prefixed with: `blocks` of `parts/blocks.py`."""
    return PurePosixPath(name).stem


def wrong_name(name: str, before: Iterable[str]) -> str:
    """Say why a file cannot be code of a project; `""` if it can.

    Args:
        name: The file, as it is listed.
        before: Files listed before it.
    """
    path, stem = PurePosixPath(name), stem_of(name)
    if path.is_absolute() or ".." in path.parts:
        return "lies outside of the project's folder; copy it in"
    if path.suffix != ".py" or not stem.isidentifier():
        return "is no name of Python code; take letters, digits and _, and the ending .py"
    if stem in _TAKEN:
        return f"cannot be named so: {stem}.… means something else; take another name"
    twin = next((other for other in before if stem_of(other) == stem), "")
    return f"has the name of {twin}; take another name" if twin else ""


def stamp(folder: Path, listed: Iterable[str]) -> Stamp:
    """Return what tells whether the code of a project has changed on disk, without reading it.

    Args:
        folder: The project's folder.
        listed: `Project.code`.
    """
    return {name: _state(folder / name) for name in code_files(folder, listed)}


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
