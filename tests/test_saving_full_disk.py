"""A disk that is full in the middle of writing: the old file stays and nothing else, and the error is the system's."""

from __future__ import annotations

import errno
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import pytest

from kerastui.engine import Input, Sequential

SIZE = 1 << 20

WRITERS: dict[str, Callable[[Any, Path], None]] = {
    "m.keras": lambda model, path: model.save(path),
    "m.h5": lambda model, path: model.save(path),
    "unzipped": lambda model, path: model.save(path, zipped=False),
    "saved_model": lambda model, path: model.save(path),
    "w.weights.h5": lambda model, path: model.save_weights(path),
    "w.h5": lambda model, path: model.save_weights(path),
    "prefix": lambda model, path: model.save_weights(path),
}


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file grow beyond `SIZE`; the system then fails to write as on a full disk, with another number."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.fixture(scope="module")
def large() -> Any:
    return Sequential([Input((600,)), keras.layers.Dense(600), keras.layers.Dense(600)])


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_leaves_the_old_file_and_nothing_else(large: Any, tmp_path: Path, name: str) -> None:
    small = Sequential([Input((2,)), keras.layers.Dense(1)])
    WRITERS[name](small, tmp_path / name)
    before = content(tmp_path)
    with full_disk(), pytest.raises(OSError, match="File too large") as raised:
        WRITERS[name](large, tmp_path / name)
    assert raised.value.errno == errno.EFBIG
    assert raised.value.filename == str(tmp_path / name)
    assert content(tmp_path) == before
    WRITERS[name](large, tmp_path / name)  # nothing is left open or half done in this process either
    assert content(tmp_path) != before
