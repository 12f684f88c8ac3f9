"""Data sets of HDF5 files: small ones are read at once, large ones row by row, as they are needed."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from kerastui.engine.keras_private import keras
from kerastui.engine.training.data.conversion import is_hdf5, map_parts, parts
from kerastui.engine.training.data.slabs import Order, Rows, taken

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
        shuffle: Whether to take the rows in a new order each epoch. It is slower: HDF5 reads neighbours together.
    """

    def __init__(self, data: tuple[Any, ...], samples: int, batch_size: int, shuffle: bool) -> None:
        super().__init__()
        self._data = map_parts(lambda part: part if in_file(part) else np.asarray(part), data)
        self.samples = samples
        self.batch_size = batch_size
        self._shuffle = shuffle
        self._order: Any = None

    @property
    def num_batches(self) -> int:
        """Batches in an epoch."""
        return math.ceil(self.samples / self.batch_size)

    def on_epoch_begin(self) -> None:
        """Draw the order of an epoch."""
        if self._shuffle:
            self._order = np.random.permutation(self.samples)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        """Read a batch."""
        return self.rows(self.order(None).of(range(index, index + 1)))

    def order(self, batches: Any) -> Order:
        """Give the order of the epoch that has begun.

        Args:
            batches: The order of the batches; `None` from the first to the last.
        """
        return Order(self.samples, self.batch_size, self._order, batches)

    def rows(self, rows: Rows) -> tuple[Any, ...]:
        """Read rows, as tensors.

        Args:
            rows: Which, in any order.
        """
        return tuple(map_parts(lambda array: taken(array, rows), part) for part in self._data)
