"""The classes and functions that the last reading of a project's code gave, and the lines they come from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any

_objects: dict[str, Any] = {}
_files: dict[str, str] = {}


def set_objects(objects: Mapping[str, Any], files: Mapping[str, str]) -> None:
    """Keep what was read, in the place of what was before.

    Args:
        objects: Classes and functions, by name as in the document: `layers.ScaledTanh`.
        files: The files as they are listed, by absolute path.
    """
    _objects.clear()
    _objects.update(objects)
    _files.clear()
    _files.update(files)


def own_object(name: str) -> Any:
    """Return a class or function of the project's code.

    Args:
        name: Its name, as in the document.

    Raises:
        ValueError: The code that was read last has none of that name.
    """
    if name not in _objects:
        raise ValueError(f"{name} is not in the code of the project that was read last. Received: name={name!r}")
    return _objects[name]


def place_of_error(error: BaseException) -> str:
    """Return file and line of the project's code where an error comes from, say `layers.py:12`; `""` if from none."""
    found = ""
    for cause in _causes(error):
        for path, line in _frames(cause.__traceback__):
            if path in _files:
                found = f"{_files[path]}:{line}"
        # What TensorFlow raises out of a function that it has compiled has the frames in its text alone.
        for path, line in re.findall(r'File "([^"]+)", line (\d+)', str(cause)) if not found else ():
            found = f"{_files[path]}:{line}" if path in _files else found
    return found


def place_of_lines(lines: Iterable[tuple[str, int]]) -> str:
    """Return the first of some lines that is in the project's code, say `layers.py:12`; `""` if none is.

    Args:
        lines: Absolute paths of files, each with a line.
    """
    return next((f"{_files[path]}:{line}" for path, line in lines if path in _files), "")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what caused it, the first cause last."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__


def _frames(trace: TracebackType | None) -> Iterator[tuple[str, int]]:
    while trace is not None:
        yield trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
