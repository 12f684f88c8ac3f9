"""Read NumPy's NPZ and NPY files into columns, without ever unpickling."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastui.engine.data.errors import DataError

RESAVE = "Save it again with numpy.savez, numbers or text only."


def read_arrays(path: Path) -> tuple[tuple[str, ...], dict[str, NDArray[Any]]]:
    """Read the arrays of a file as columns.

    Args:
        path: An NPZ file with one array per column, or an NPY file: a structured array gives a column per field, any
            other gives one column named as the file.

    Returns:
        Facts about the format, and the columns by name.

    Raises:
        DataError: The file is damaged, holds Python objects, or its arrays do not have the same number of rows.
    """
    arrays = _load(path)
    for name, values in arrays.items():
        _check(path, name, values)
    _check_lengths(path, arrays)
    columns = {name: _native(values) for name, values in arrays.items()}
    count = "1 array" if len(columns) == 1 else f"{len(columns)} arrays"
    return (path.suffix[1:].upper(), count), columns


DAMAGED = (ValueError, KeyError, EOFError, OSError, RuntimeError, tokenize.TokenError, zipfile.BadZipFile, zlib.error)
"""What NumPy and zipfile raise for damaged files (found by changing bytes at random)."""


def _load(path: Path) -> dict[str, NDArray[Any]]:
    with path.open("rb") as file:
        try:
            arrays = _arrays(path.stem, np.load(file, allow_pickle=False))
        except DAMAGED as error:
            if "allow_pickle" in str(error) and "Object arrays" in str(error):
                what = "it holds Python objects, which are not read because they could run code"
                raise DataError(what, path.name, RESAVE) from error
            raise DataError(f"this is not a sound {path.suffix[1:].upper()} file", path.name, RESAVE) from error
    if not arrays:
        raise DataError("there are no arrays in it", path.name, RESAVE)
    return arrays


def _arrays(name: str, loaded: Any) -> dict[str, NDArray[Any]]:
    if isinstance(loaded, np.lib.npyio.NpzFile):
        return {each: loaded[each] for each in loaded.files}
    if loaded.dtype.names:
        return {each: loaded[each] for each in loaded.dtype.names}
    return {name: loaded}


def _check(path: Path, name: str, values: NDArray[Any]) -> None:
    where = f"{path.name}, array `{name}`"
    if values.ndim == 0:
        raise DataError("it is a single value, not one per row", where, "Leave it out, or repeat it for each row.")
    if values.dtype.kind not in "biufUS":
        raise DataError(f"arrays of {values.dtype} are not understood", where, RESAVE)
    if values.dtype.kind in "US" and values.ndim > 1:
        raise DataError(f"text needs one value per row, the shape is {values.shape}", where, "Save each as an array.")
    if 0 in values.shape:
        raise DataError(f"it has no values, the shape is {values.shape}", where, "Save it with at least one row.")


def _check_lengths(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    first, rows = next((name, len(values)) for name, values in arrays.items())
    for name, values in arrays.items():
        if len(values) != rows:
            what = f"array `{name}` has {len(values):,} rows, `{first}` has {rows:,}"
            raise DataError(what, path.name, "Save arrays with one row per sample, all of the same length.")


def _native(values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.kind == "S":
        values = np.char.decode(values, "latin-1")
    if values.dtype.kind == "U":
        return values.astype(object)
    return np.ascontiguousarray(values, values.dtype.newbyteorder("="))
