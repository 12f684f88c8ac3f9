"""Data in slabs: as many batches at once as fit into a given room, the next read while one is worked on."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from kerastui.engine.keras_private import keras
from kerastui.engine.training.data.placing import LARGE, placed, placed_dtype, vacant

Rows = slice | np.ndarray[Any, Any]
"""Rows of a batch, in their order."""

GAP = 1 << 15
"""Bytes between two rows of a file that are read rather than skipped: HDF5 needs some 30 µs to find a place."""

FEW = 4
"""Neighbours below which rows are named to HDF5 one by one: a read takes as long as naming some four."""

NAMED = 32
"""Rows named to HDF5 in one read; the time for it grows with their square."""

READ = 1 << 23
"""Bytes that are read of a file in one go."""


class Slab(NamedTuple):
    """Consecutive batches of an epoch.

    Args:
        arrays: Their rows, tensors in the structure of a batch.
        batches: How many batches.
        whole: How many of them have all rows: all, or all but the last.
    """

    arrays: Any
    batches: int
    whole: int


@dataclass(frozen=True)
class Order:
    """Which rows each batch of an epoch has.

    Args:
        samples: Rows of the data.
        batch_size: Rows of a batch; the last of the data may have less.
        rows: The order of the rows, of which batches are cut. Defaults to `None`: as they lie.
        batches: The order of the batches. Defaults to `None`: from the first to the last.
    """

    samples: int
    batch_size: int
    rows: Any = None
    batches: Any = None

    @property
    def count(self) -> int:
        """Batches of the epoch."""
        return -(-self.samples // self.batch_size)

    @property
    def small(self) -> int | None:
        """Where the batch comes that has less rows; `None` without one."""
        if not self.samples % self.batch_size:
            return None
        last = self.count - 1
        return last if self.batches is None else int(np.flatnonzero(np.asarray(self.batches) == last)[0])

    def of(self, numbers: range) -> Rows:
        """Give the rows of consecutive batches.

        Args:
            numbers: Which of the epoch.

        Returns:
            The rows in their order; a slice if they follow each other in the data.
        """
        if self.batches is None:
            return self._between(numbers.start, numbers.stop)
        parts = [self._between(int(number), int(number) + 1) for number in self.batches[numbers.start : numbers.stop]]
        if len(parts) == 1:
            return parts[0]
        return np.concatenate([np.arange(one.start, one.stop) if isinstance(one, slice) else one for one in parts])

    def _between(self, start: int, stop: int) -> Rows:
        here = slice(start * self.batch_size, min(stop * self.batch_size, self.samples))
        return here if self.rows is None else self.rows[here]


def slabs(order: Order, make: Callable[[Rows], Any], at_most: int, together: int = 1) -> Iterator[Slab]:
    """Make the slabs of an epoch.

    Args:
        order: The order of the epoch.
        make: Gives the arrays with certain rows.
        at_most: Batches of a slab, at most; at least one execution.
        together: Batches of an execution, which a slab does not cut. Defaults to 1.

    Yields:
        The slabs; a batch with less rows ends one.
    """
    length = max(at_most // together, 1) * together
    start, small = 0, order.small
    while start < order.count:
        stop = min(start + length, order.count)
        if small is not None and start <= small < stop:
            stop = small + 1
        yield Slab(make(order.of(range(start, stop))), stop - start, stop - start - int(stop - 1 == small))
        start = stop


def batches_within(room: int, specs: Any, batch_size: int) -> int:
    """Say how many batches fit into a slab.

    Args:
        room: Its bytes.
        specs: The structure of a batch, each tensor as `tf.TensorSpec`.
        batch_size: Rows of a batch.

    Returns:
        The number, at least 1.
    """
    width = sum(math.prod(spec.shape[1:]) * spec.dtype.size for spec in keras.tree.flatten(specs))
    return max(room // max(int(width) * batch_size, 1), 1)


def taken(part: Any, rows: Rows) -> Any:
    """Take rows of an array, with one copy.

    Args:
        part: An array, a tensor, or rows of a file.
        rows: Which.

    Returns:
        A tensor, floats as `keras.config.floatx()`; of an array or file in the memory of the host.
    """
    if isinstance(part, (tf.Tensor, tf.Variable)):  # `tf.is_tensor` takes 5 ms to find that a file is none
        return part[rows] if isinstance(rows, slice) else tf.gather(part, rows)
    if part.dtype.kind not in "biuf":
        return tf.convert_to_tensor(part[rows] if isinstance(rows, slice) else _unsorted(part, rows))
    count = rows.stop - rows.start if isinstance(rows, slice) else len(rows)
    shape, dtype = (count, *part.shape[1:]), placed_dtype(part)
    large = math.prod(shape) * dtype.itemsize >= LARGE
    tensor, memory = vacant(shape, dtype) if large else (None, np.empty(shape, dtype))
    if isinstance(part, np.ndarray) and not isinstance(rows, slice) and memory.dtype == part.dtype:
        np.take(part, rows, axis=0, out=memory, mode="clip")  # any other mode takes a copy first
    elif isinstance(part, np.ndarray) or isinstance(rows, slice):
        step = max(1, READ // max(memory.nbytes // max(count, 1), 1))  # what is read or cast is a copy for a moment
        for start in range(0, count, step):
            here = slice(start, min(start + step, count))
            memory[here] = part[_within(rows, here)]
    else:
        _read(part, rows, memory)
    return tensor if large else placed(memory)


def _within(rows: Rows, here: slice) -> Rows:
    return slice(rows.start + here.start, rows.start + here.stop) if isinstance(rows, slice) else rows[here]


def _unsorted(part: Any, rows: np.ndarray[Any, Any]) -> Any:
    """Take rows of an array, or of a file, where they must be named in ascending order."""
    ascending, back = np.unique(rows, return_inverse=True)
    return np.asarray(part[ascending])[back]


def _read(part: Any, rows: np.ndarray[Any, Any], memory: np.ndarray[Any, Any]) -> None:
    """Read rows of a file in the order in which they lie there: neighbours with what is between them, others by name.

    To name 8,192 rows to HDF5 takes 4.3 s, 32 of them 0.9 ms; to read 60,000 of 3 kB in a row takes 0.16 s.
    """
    places = np.argsort(rows, kind="stable")
    ascending = rows[places]
    width = max(part.nbytes // part.shape[0], 1)
    ends = np.flatnonzero(np.diff(ascending) * width > GAP) + 1
    runs = np.split(np.arange(len(rows)), ends)
    alone = np.array([place for run in runs if len(run) < FEW for place in run], int)
    for start in range(0, len(alone), NAMED):
        here = alone[start : start + NAMED]
        memory[places[here]] = part[ascending[here]]
    for run in runs:
        first = 0 if len(run) >= FEW else len(run)
        while first < len(run):
            start = ascending[run[first]]
            last = int(np.searchsorted(ascending[run], start + max(READ // width, 1)))
            here = run[first:last]
            block = part[int(start) : int(ascending[here[-1]]) + 1]
            memory[places[here]] = block[ascending[here] - start]
            first = last


def ahead(slabs: Iterator[Slab]) -> Generator[Slab]:
    """Have each slab made in another thread while the one before is worked on.

    Args:
        slabs: The slabs.

    Yields:
        They. Two are there at most, if each is let go of before the next is asked for.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="kerastui-slabs") as reader:
        coming = reader.submit(next, slabs, None)
        while True:
            slab = coming.result()
            if slab is None:
                return
            coming = reader.submit(next, slabs, None)
            here, slab = [slab], None  # not kept here while it is worked on
            yield here.pop()
