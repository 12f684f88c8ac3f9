"""Arrays and tensors as batches: rows gathered by TensorFlow, in an order of their own every epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from kerastui.engine.keras_private import (
    DataAdapter,
    TensorflowSparseWrapper,
    convert_to_sliceable,
    keras,
    slice_tensorflow_sparse_wrapper,
)
from kerastui.engine.training.data.placing import device_here, is_plain, moved, placed, placed_dtype
from kerastui.engine.training.data.slabs import Order, Slab, batches_within, slabs, taken

BATCH_SIZE = 32
"""Samples in a batch unless something else is said; the default of all generations."""


def batch_size_for(samples: int, batch_size: int | None, steps: int | None) -> int:
    """Choose how many samples a batch has.

    Args:
        samples: Number of samples.
        batch_size: As asked for.
        steps: Batches in an epoch; if no batch size was asked for, they share the samples.
    """
    if batch_size:
        return batch_size
    return math.ceil(samples / steps) if steps and steps > 0 else BATCH_SIZE


class ArrayAdapter(DataAdapter):  # type: ignore[misc]  # Keras ships no types
    """Batches of arrays that are in memory.

    Args:
        data: `x`, `(x, y)` or `(x, y, sample_weight)`: arrays and tensors in any structure.
        samples: Rows of each array.
        batch_size: Rows of a batch.
        shuffle: True takes the rows in a new order each epoch, `"batch"` the batches.
    """

    def __init__(self, data: Any, samples: int, batch_size: int, shuffle: bool | str) -> None:
        self._data = data
        self._samples = samples
        self._batch_size = batch_size
        self._shuffle = shuffle
        self._stream: Any = None
        self._kept: Any = None
        self._on_host: Any = None
        self._on_device: Any = None

    @property
    def num_batches(self) -> int:
        """Batches in an epoch."""
        return math.ceil(self._samples / self._batch_size)

    @property
    def batch_size(self) -> int:
        """Rows of a batch."""
        return self._batch_size

    @property
    def partial_batch_size(self) -> int | None:
        """Rows of the last batch if it is smaller than the others."""
        return self._samples % self._batch_size or None

    @property
    def has_partial_batch(self) -> bool:
        """Whether the last batch is smaller than the others."""
        return self.partial_batch_size is not None

    @property
    def in_rows(self) -> bool:
        """Whether a batch begins where the one before ends, in rows of `next_order`."""
        return self._shuffle != "batch" or not self.has_partial_batch

    @property
    def dense(self) -> bool:
        """Whether all are arrays and dense tensors, none being sparse, ragged or missing."""
        return all(isinstance(part, (np.ndarray, tf.Tensor)) for part in keras.tree.flatten(self._parts()))

    @property
    def nbytes(self) -> int:
        """Bytes that the arrays take as tensors; those that are tensors take none more."""
        arrays = [part for part in keras.tree.flatten(self._parts()) if isinstance(part, np.ndarray)]
        return sum(part.size * placed_dtype(part).itemsize for part in arrays)

    @property
    def specs(self) -> Any:
        """The structure of the tensors, each as `tf.TensorSpec`. Only where they are `dense`."""
        return keras.tree.map_structure(_spec, self._parts())

    def on_device(self) -> Any:
        """Give the arrays as tensors, once made. Only where they are `dense`."""
        if self._on_device is None:
            self._on_device = moved(self._arrays(), device := device_here())
            if device is not None:
                self._on_host = None  # that copy is not needed beside
        return self._on_device

    def slabs(self, room: int, together: int = 1) -> Iterator[Slab]:
        """Begin an epoch in slabs. Only where the arrays are `dense`.

        Args:
            room: Bytes of a slab at most, if a batch is not larger.
            together: Batches that a slab does not cut. Defaults to 1.

        Returns:
            The slabs; the order is that of `get_tf_dataset`.
        """
        device, parts = device_here(), self._parts()
        at_most = batches_within(room, self.specs, self._batch_size)

        def make(rows: Any) -> Any:
            return moved(keras.tree.map_structure(lambda part: taken(part, rows), parts), device)

        return slabs(self._order(), make, at_most, together)

    def _order(self) -> Order:
        rows = batches = None
        if self._shuffle == "batch":
            batches = next(self._orders_of(self.num_batches)).numpy()
        elif self._shuffle:
            rows = next(self._orders_of(self._samples)).numpy()
        return Order(self._samples, self._batch_size, rows, batches)

    def next_order(self) -> Any:
        """Draw the rows of the next epoch in their order, shape `(samples,)`. Only where they are `in_rows`."""
        if self._shuffle == "batch":
            starts = next(self._orders_of(self.num_batches)) * self._batch_size
            return tf.reshape(starts[:, None] + tf.range(self._batch_size, dtype=tf.int64), [-1])
        return next(self._orders_of(self._samples)) if self._shuffle else tf.range(self._samples, dtype=tf.int64)

    def _parts(self) -> Any:
        """Give plain arrays as they are, everything else as TensorFlow has it."""
        if self._kept is None:
            self._kept = keras.tree.lists_to_tuples(keras.tree.map_structure(_as_part, self._data))
        return self._kept

    def _arrays(self) -> Any:
        """Give the tensors, those of arrays in the memory of the host, once made."""
        if self._on_host is None:
            self._on_host = keras.tree.map_structure(
                lambda part: placed(part) if isinstance(part, np.ndarray) else part, self._parts()
            )
        return self._on_host

    def _orders_of(self, count: int) -> Any:
        self._stream = self._stream or _orders(count)
        return self._stream

    def get_tf_dataset(self) -> Any:
        """Give the batches of one epoch, in an order that is drawn anew for each iterator."""
        arrays = self._arrays()
        # The arrays are one element, repeated by reference: a captured tensor would be copied into the graph.
        rows_and_arrays = tf.data.Dataset.zip((self._rows(), tf.data.Dataset.from_tensors(arrays).repeat()))
        batches = rows_and_arrays.map(_take_rows, num_parallel_calls=tf.data.AUTOTUNE)
        options = tf.data.Options()
        options.experimental_optimization.apply_default_optimizations = False  # nothing to gain, and starts later
        options.autotune.enabled = False  # see `_orders`
        options.experimental_external_state_policy = tf.data.experimental.ExternalStatePolicy.IGNORE
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
        return batches.with_options(options).prefetch(tf.data.AUTOTUNE)

    def _rows(self) -> Any:
        """Give the indices of each batch's rows."""
        if self._shuffle == "batch":
            return self._one_order(self.num_batches).flat_map(tf.data.Dataset.from_tensor_slices).map(self._rows_of)
        if self._shuffle:
            return self._one_order(self._samples).flat_map(self._cut)
        return tf.data.Dataset.range(self.num_batches).map(self._rows_of)

    def _one_order(self, count: int) -> Any:
        """Give a data set of one order: another one each time it is read."""
        stream = self._orders_of(count)
        return tf.data.Dataset.range(1).map(lambda _: next(stream))

    def _rows_of(self, batch: Any) -> Any:
        start = batch * self._batch_size
        rows = tf.range(start, tf.minimum(start + self._batch_size, self._samples))
        return rows if self.has_partial_batch else tf.ensure_shape(rows, [self._batch_size])

    def _cut(self, order: Any) -> Any:
        """Cut the order of an epoch into batches."""
        full = self._samples // self._batch_size * self._batch_size
        batches = tf.data.Dataset.from_tensor_slices(tf.reshape(order[:full], [-1, self._batch_size]))
        if self.has_partial_batch:
            batches = batches.concatenate(tf.data.Dataset.from_tensors(order[full:]))
        return batches


def _as_part(part: Any) -> Any:
    if is_plain(part):
        return part
    part = convert_to_sliceable(part, target_backend="tensorflow")
    if part is None or tf.is_tensor(part) or is_plain(part) or isinstance(part, TensorflowSparseWrapper):
        return part
    return tf.convert_to_tensor(part)


def _spec(part: Any) -> Any:
    dtype = placed_dtype(part) if isinstance(part, np.ndarray) else part.dtype
    return tf.TensorSpec([None, *part.shape[1:]], dtype)


def _orders(count: int) -> Any:
    """Give an iterator over orders of `count` indices.

    They come from one stream that all epochs draw from. Drawn by the data set of an epoch itself, they would begin anew
    in each where a global seed is set. The first is the one that Keras draws.
    """

    def shuffled(_: Any) -> Any:
        indices = tf.range(count, dtype=tf.int64)
        return tf.random.shuffle(indices)

    options = tf.data.Options()
    options.autotune.enabled = False  # there is nothing to tune, and the end of an idle tuner may take up to a minute
    return iter(tf.data.Dataset.range(1).repeat().map(shuffled).prefetch(1).with_options(options))


def _take_rows(rows: Any, arrays: Any) -> Any:
    """Give the rows of each array; for anything else `None`, which has `traverse` go into it."""

    def take(part: Any) -> Any:
        if isinstance(part, TensorflowSparseWrapper):
            return slice_tensorflow_sparse_wrapper(part, rows)
        return tf.gather(part, rows, axis=0) if tf.is_tensor(part) else None

    return keras.tree.traverse(take, arrays)
