"""Read a data source into named NumPy columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastui.engine.data.errors import DataError

BUNDLED = "bundled:"
"""What the source of data that ships with the program begins with."""

MAGIC = {
    b"\x89HDF": "an HDF5 file",
    b"\x1f\x8b": "a gzip archive",
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "a zip archive or a spreadsheet",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a PNG picture",
}
"""First bytes of files that people take for a table, so that the message can name what it really is."""


@dataclass(frozen=True, eq=False)
class Table:
    """Hold a data source as named columns of equal length; two tables are equal only if they are the same object.

    Args:
        name: File name, for people.
        path: The file.
        facts: What there is to say about the format, say `("CSV", "comma", "utf-8", "15.2 kB")`.
        columns: Read-only arrays by column name, in the source's order, each of shape `(rows, *shape of a row)`.
            Numbers keep their dtype; text is an object array of `str`, with `None` where the value is missing.
    """

    name: str
    path: Path
    facts: tuple[str, ...]
    columns: Mapping[str, NDArray[Any]]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values())))

    @property
    def summary(self) -> str:
        """The facts on one line: `CSV · comma · utf-8 · 15.2 kB`."""
        return " · ".join(self.facts)


def bundled_names() -> tuple[str, ...]:
    """Return the names of the bundled data sets, each opened as `"bundled:NAME"`."""
    return tuple(sorted(_bundled()))


def source_path(source: str, folder: Path) -> Path:
    """Return the file a source stands for.

    Args:
        source: `"bundled:NAME"` or a path, relative to `folder` unless it is absolute or begins with `~`.
        folder: The project's folder.

    Raises:
        DataError: No source, no bundled data set of that name, or no such home folder.
    """
    if not source:
        raise DataError("no data source is chosen", "data", "Open a file or choose one of the bundled data sets.")
    if not source.startswith(BUNDLED):
        try:
            return folder / Path(source).expanduser()
        except RuntimeError as error:  # ~somebody, who has no account here
            raise DataError("there is no such home folder", source, "Check the path.") from error
    name = source.removeprefix(BUNDLED)
    if name not in _bundled():
        raise DataError(f"there is no bundled data set `{name}`", "data", f"Choose from {', '.join(bundled_names())}.")
    return _bundled()[name]


def read_table(source: str, folder: Path) -> Table:
    """Read a table: CSV, TSV, NPZ or NPY.

    The last few tables are kept, so that a second call costs a `stat` unless the file has changed.

    Args:
        source: `"bundled:NAME"`, or a path, relative to `folder` unless it is absolute.
        folder: The project's folder.

    Returns:
        The table; its arrays are read-only.

    Raises:
        DataError: The source cannot be read as a table; says what, where and what to do next.

    Example:
        >>> table = read_table("bundled:iris", Path())
        >>> table.rows, list(table.columns)[-1]
        (150, 'species')
    """
    path = source_path(source, folder)
    try:
        stat = path.stat()
        if path.is_dir():
            raise DataError("this is a folder, not a file", str(path), "Choose a CSV, TSV, NPZ or NPY file in it.")
        return _read(path.resolve(), stat.st_mtime_ns, stat.st_size)
    except (FileNotFoundError, NotADirectoryError):
        hint = "Check the path, or choose another file."
        raise DataError("there is no such file", str(path), hint) from None
    except MemoryError as error:
        raise DataError("the file does not fit into memory", str(path), "Choose a part of it.") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"the file cannot be read: {reason}", str(path), "Check its permissions.") from error


@lru_cache(maxsize=4)
def _read(path: Path, modified: int, size: int) -> Table:  # `modified` is part of the cache's key only
    if size == 0:
        raise DataError("the file is empty", path.name, "Choose a file with a header line and rows.")
    if path.suffix.lower() in (".npz", ".npy"):
        from kerastui.engine.data.array_file import read_arrays

        facts, columns = read_arrays(path)
    else:
        from kerastui.engine.data.csv_file import read_csv

        content = path.read_bytes()
        for magic, kind in MAGIC.items():
            if content.startswith(magic):
                raise DataError(f"this is {kind}, not a text table", path.name, "Export it as CSV and open that.")
        facts, columns = read_csv(path.name, content)
    for values in columns.values():
        values.flags.writeable = False
    return Table(path.name, path, (*facts, _size(size)), MappingProxyType(columns))


def is_missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which rows of a column hold a missing value, an array of shape `(rows,)`.

    Args:
        values: A column of a `Table`; a row of an array column is missing when any number in it is NaN.
    """
    if values.dtype == object:
        return np.fromiter((value is None for value in values), bool, len(values))
    if values.dtype.kind != "f":
        return np.zeros(len(values), bool)
    missing: NDArray[np.bool_] = np.isnan(values).reshape(len(values), -1).any(axis=1)
    return missing


def _bundled() -> dict[str, Path]:
    folder = Path(str(files("kerastui.assets"))) / "data"
    return {path.stem: path for path in folder.iterdir() if path.suffix in (".csv", ".npz")}


def _size(size: int) -> str:
    value = float(size)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
