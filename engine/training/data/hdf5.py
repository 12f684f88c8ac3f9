"""Data sets of HDF5 files: small ones are read at once, large ones row by row, as they are needed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from kerastui.engine.keras_private import keras
from kerastui.engine.training.data.conversion import is_hdf5, map_parts, parts

READ_AT_ONCE: Final = 64 * 2**20
"""Bytes up to which a data set is read into memory, where its rows can be shuffled at no cost."""


class Hdf5Rows:
    """Consecutive rows of an HDF5 data set, still in the file.

    Args:
        dataset: The data set.
        start: The first row.
        stop: The row behind the last.
    """

    def __init__(self, dataset: Any, start: int, stop: int) -> None:
        self.dataset = dataset
        self.shape = (stop - start, *dataset.shape[1:])
        self.dtype = dataset.dtype
        self._start = start

    @property
    def nbytes(self) -> int:
        """Bytes that they would take in memory."""
        return int(math.prod(self.shape) * self.dtype.itemsize)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.asarray(self[0 : self.shape[0]], dtype)

    def __getitem__(self, rows: Any) -> Any:
        """Read rows: a slice, or indices in ascending order."""
        if isinstance(rows, slice):
            first, last, _ = rows.indices(self.shape[0])
            return self.dataset[self._start + first : self._start + last]
        return self.dataset[rows + self._start]


def in_file(part: Any) -> bool:
    """Tell what is to be read as it is needed."""
    return (is_hdf5(part) or isinstance(part, Hdf5Rows)) and part.nbytes > READ_AT_ONCE


def read_small(structure: Any) -> Any:
    """Read the HDF5 data sets in a structure that are small enough into memory."""
    return map_parts(
        lambda part: np.asarray(part) if (is_hdf5(part) or isinstance(part, Hdf5Rows)) and not in_file(part) else part,
        structure,
    )


def any_in_file(structure: Any) -> bool:
    """Tell whether something in a structure is to be read as it is needed."""
    return any(in_file(part) for _, part in parts(structure, ""))


def split_rows(part: Any, at: int) -> tuple[Any, Any]:
    """Cut an HDF5 data set in two without reading it."""
    return Hdf5Rows(part, 0, at), Hdf5Rows(part, at, part.shape[0])


class RowBatches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras ships no types
    """Batches of rows that are read from files as they are needed.

    Args:
        data: `(x, y, sample_weight)`: HDF5 data sets and arrays in any structure.
        samples: Rows of each.
        batch_size: Rows of a batch.
        shuffle: Whether to take the rows in a new order each epoch. It is slow: HDF5 reads neighbours together.
    """

    def __init__(self, data: tuple[Any, ...], samples: int, batch_size: int, shuffle: bool) -> None:
        super().__init__()
        self._data = map_parts(lambda part: part if in_file(part) else np.asarray(part), data)
        self._samples = samples
        self._batch_size = batch_size
        self._shuffle = shuffle
        self._order: Any = None

    @property
    def num_batches(self) -> int:
        """Batches in an epoch."""
        return math.ceil(self._samples / self._batch_size)

    def on_epoch_begin(self) -> None:
        """Draw the order of an epoch."""
        if self._shuffle:
            self._order = np.random.permutation(self._samples)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        start = index * self._batch_size
        stop = min(start + self._batch_size, self._samples)
        if self._order is None:
            return self._read(lambda part: part[start:stop])
        rows = self._order[start:stop]
        ascending = np.sort(rows)  # all that HDF5 can read
        back = np.searchsorted(ascending, rows)
        return self._read(lambda part: np.asarray(part[ascending])[back])

    def _read(self, rows: Callable[[Any], Any]) -> tuple[Any, ...]:
        return tuple(map_parts(rows, part) for part in self._data)
