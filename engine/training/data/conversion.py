"""Turn what people pass as arrays into arrays: nested lists of numbers, pandas frames, tensors, in any structure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import h5py
import numpy as np
import pandas as pd
from pandas.api.types import is_extension_array_dtype, is_string_dtype

from kerastui.engine.keras_private import can_slice_array, keras
from kerastui.engine.training.data.placing import LARGE, held

_NUMBERS = (bool, int, float, complex, str, bytes, np.generic)


def as_arrays(value: Any, name: str) -> Any:
    """Make every part of a structure an array or a tensor.

    Args:
        value: An array, tensor, pandas frame or column, HDF5 data set, nested list of numbers, or lists, tuples and
            dicts of those; `None` stays.
        name: What messages call it.

    Returns:
        The same structure; a nested list of numbers has become one array, a column one of shape `(rows, 1)`.

    Raises:
        ValueError: If a part is none of these, or the rows of a list differ in length.
    """
    if value is None:
        return None
    if isinstance(value, Mapping):
        return {key: as_arrays(item, f"{name}[{key!r}]") for key, item in value.items()}
    if _is_nested_numbers(value):
        return _from_numbers(value, name)
    if isinstance(value, (list, tuple)):
        parts = [as_arrays(item, f"{name}[{index}]") for index, item in enumerate(value)]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if isinstance(value, (pd.DataFrame, pd.Series)):
        return _from_pandas(value, name)
    if is_array(value):
        return value
    raise ValueError(
        f"`{name}` must be an array, a tensor, a pandas frame, a nested list of numbers, or a list, tuple or dict of "
        f"those; or a `tf.data.Dataset`, a `keras.utils.PyDataset` or a generator for all of the data. "
        f"Received: {name}={_short(value)} (of type {type(value).__name__})"
    )


def is_array(value: Any) -> bool:
    """Tell an array, a tensor or an HDF5 data set of any library."""
    return value is not None and not isinstance(value, (np.generic, type)) and bool(can_slice_array(value))


def parts(structure: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Walk the arrays of a structure, each with the name that messages give it; `None` is left out.

    Args:
        structure: Arrays, in lists, tuples and dicts.
        name: Name of the whole.
    """
    if structure is None:
        return
    if isinstance(structure, Mapping):
        for key, item in structure.items():
            yield from parts(item, f"{name}[{key!r}]")
    elif isinstance(structure, (list, tuple)):
        for index, item in enumerate(structure):
            yield from parts(item, f"{name}[{index}]")
    else:
        yield name, structure


def map_parts(function: Callable[[Any], Any], structure: Any) -> Any:
    """Apply a function to each array of a structure; `None` stays."""
    return keras.tree.map_structure(lambda part: None if part is None else function(part), structure)


def number_of_samples(data: Mapping[str, Any]) -> int:
    """Count the rows that all arrays have.

    Args:
        data: Structures of arrays by argument.

    Returns:
        The count, at least 1.

    Raises:
        ValueError: If they differ, there are none, or there is an array without rows.
    """
    lengths: dict[str, int] = {}
    for argument, structure in data.items():
        for name, part in parts(structure, argument):
            lengths[name] = _length(part, name)
    first = next(iter(data))
    if not any(name.startswith(first) for name in lengths):
        raise ValueError(f"`{first}` must hold at least one array. Received: {first}={_short(data[first])}")
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name}: {length}" for name, length in lengths.items())
        raise ValueError(f"All arrays must hold the same number of samples. Received lengths: {found}")
    count = lengths[next(iter(lengths))]
    if count == 0:
        raise ValueError(f"`{first}` must hold at least one sample. Received: {first} with 0 samples")
    return count


def _length(part: Any, name: str) -> int:
    """Count the rows of an array or tensor."""
    shape = part.shape
    if getattr(shape, "rank", 0) is None or (len(shape) > 0 and shape[0] is None):
        raise ValueError(f"`{name}` must hold values. Received: the symbolic tensor {name}={_short(part)}")
    if len(shape) == 0:
        raise ValueError(f"`{name}` must have samples along its first axis. Received: {name}={_short(part)}")
    return int(shape[0])


def _is_nested_numbers(value: Any) -> bool:
    """Tell a list whose ends are numbers from a list of arrays."""
    if not isinstance(value, (list, tuple)) or not value or hasattr(value, "_fields"):
        return False
    return all(isinstance(item, _NUMBERS) or _is_nested_numbers(item) for item in value)


def _from_numbers(value: Any, name: str) -> Any:
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(
            f"The rows of the nested list `{name}` must all have the same length. Received: {name}={_short(value)}"
        ) from error


def _from_pandas(table: pd.DataFrame | pd.Series[Any], name: str) -> Any:
    """Make one array of a frame, or of a column, with a column axis."""
    frame = table.to_frame() if isinstance(table, pd.Series) else table
    kinds = {dtype.kind for dtype in frame.dtypes}
    if kinds <= set("iufb"):
        return _from_numeric(frame, one_kind=len(kinds) < 2)
    texts = [column for column, dtype in frame.dtypes.items() if is_string_dtype(dtype)]
    if len(texts) == frame.shape[1]:
        return frame.to_numpy(dtype=object)
    wrong = [f"{column!r} ({dtype})" for column, dtype in frame.dtypes.items() if dtype.kind not in "iufb"]
    raise ValueError(
        f"The columns of the pandas data `{name}` must all hold numbers, or all hold texts. "
        f"Received: {', '.join(wrong)} in {name}"
    )


def _from_numeric(frame: pd.DataFrame, *, one_kind: bool) -> Any:
    """Make an array of columns of numbers; a large one with one copy on the way to the device."""
    plain = one_kind and not any(is_extension_array_dtype(dtype) for dtype in frame.dtypes)

    def array_of(part: pd.DataFrame) -> Any:
        return part.to_numpy() if plain else part.to_numpy(dtype=keras.config.floatx(), na_value=np.nan)

    dtype = array_of(frame.iloc[:0]).dtype
    if frame.size * dtype.itemsize < LARGE:
        return array_of(frame)
    dtype = np.dtype(keras.config.floatx()) if dtype.kind == "f" else dtype
    return held(lambda rows: array_of(frame.iloc[rows]), frame.shape, dtype)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def is_hdf5(part: Any) -> bool:
    """Tell a data set of an HDF5 file."""
    return isinstance(part, h5py.Dataset)
