"""Many steps in one call of a compiled function, over rows of arrays that lie on the device."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from kerastui.engine.keras_private import keras
from kerastui.engine.training.plans.length import ChunkLength

CAPACITY = 1024
"""Steps in one call at most: what their results have room for."""

LARGEST = 4096
"""Numbers that a step may return as one of its logs: there is room for `CAPACITY` times as many, 16 MiB of float32."""


class NotChunkableError(Exception):
    """What a step returns cannot be collected over many steps."""


class Chunks:
    """A step over the rows of arrays, compiled so that one call runs as many batches as asked for.

    One compiled function serves every number of rows and every length of a chunk. Under XLA a batch has a fixed
    size, since XLA compiles anew for each.

    Args:
        step: A `train_step`, `test_step` or `predict_step`: takes a batch, returns tensors.
        arrays: An array of the structure that the step takes, for its shapes and dtypes.
        batch_size: Rows of a batch.
        whole: Whether every batch has that many rows; else the last of an epoch may have less.
        jit_compile: Whether XLA compiles it.
        joined: Whether what the steps return is joined along its first axis, as predictions are; else it is stacked,
            as logs are. Defaults to False.
        watched: Whether to end at a step whose `loss` is no finite number. Defaults to False.

    Raises:
        NotChunkableError: If a step returns what can be neither.
    """

    def __init__(
        self,
        step: Callable[[Any], Any],
        arrays: Any,
        batch_size: int,
        *,
        whole: bool,
        jit_compile: bool,
        joined: bool = False,
        watched: bool = False,
    ) -> None:
        self.length = ChunkLength(CAPACITY)
        self.has_run = False
        """Whether it has been called: the first call takes longer."""
        self._step = step
        self._batch_size = batch_size
        self._whole = whole
        self._joined = joined
        self._watched = watched
        began = time.perf_counter()
        specs = keras.tree.map_structure(lambda array: _rows_of(array, None), arrays)
        index = tf.TensorSpec([], tf.int64)
        function = tf.function(self._run, jit_compile=jit_compile, autograph=False)
        self._function = function.get_concrete_function(specs, tf.TensorSpec([None], tf.int64), index, index)
        self.tracing = time.perf_counter() - began
        """Seconds that tracing took; compiling is part of the first call."""

    def __call__(self, arrays: Any, order: Any, start: int, stop: int) -> Any:
        """Run the steps of the batches from `start` to before `stop`.

        Args:
            arrays: The data, in the structure and of the dtypes given before.
            order: The rows in the order of this epoch, shape `(rows,)`, int64.
            start: Number of the first batch.
            stop: Number of the batch after the last; at most `CAPACITY` more.

        Returns:
            What each step returned, as arrays: stacked, shape `(steps, …)`, or joined, `(rows, …)`. Those are all steps
            unless it is `watched`.
        """
        index = (tf.constant(start, tf.int64), tf.constant(stop, tf.int64))
        results, end = self._function(*keras.tree.flatten(arrays), order, *index)
        count = None if self._joined else int(end) - start
        return keras.tree.map_structure(lambda values: values.numpy()[:count], results)

    def _run(self, arrays: Any, order: Any, start: Any, stop: Any) -> Any:
        size, rows = self._batch_size, tf.shape(order, out_type=tf.int64)[0]

        def batch(number: Any) -> Any:
            first = number * size
            taken = tf.slice(order, [first], [size]) if self._whole else order[first : tf.minimum(first + size, rows)]
            return keras.tree.map_structure(lambda array: tf.gather(array, taken), arrays)

        # Traced here once, to know what it returns. By its signature it would be traced in the loop once more.
        specs = keras.tree.map_structure(lambda array: _rows_of(array, size if self._whole else None), arrays)
        one = tf.function(self._step, autograph=False).get_concrete_function(specs)
        returned = one.structured_outputs
        rooms = [self._room(value) for value in keras.tree.flatten(returned)]

        def body(number: Any, _: Any, rooms: Any) -> Any:
            results = one(batch(number))
            place = tf.cast(number - start, tf.int32)
            written = zip(rooms, keras.tree.flatten(results), strict=True)
            return number + 1, self._goes_on(results), [room.write(place, value) for room, value in written]

        def within(number: Any, goes_on: Any, _: Any) -> Any:
            return (number < stop) & goes_on if self._watched else number < stop

        end, _, rooms = tf.while_loop(within, body, [start, tf.constant(True), rooms], parallel_iterations=1)
        filled = [room.concat() if self._joined else room.stack() for room in rooms]
        return keras.tree.pack_sequence_as(returned, filled), end

    def _goes_on(self, results: Any) -> Any:
        """Whether the loss is finite, if that is watched."""
        loss = results.get("loss") if self._watched and isinstance(results, Mapping) else None
        told = loss is not None and loss.shape.rank == 0 and loss.dtype.is_floating
        return tf.math.is_finite(loss) if told else tf.constant(True)

    def _room(self, value: Any) -> Any:
        shape = getattr(value, "shape", None)
        if not isinstance(shape, tf.TensorShape) or not isinstance(value, (tf.Tensor, tf.TensorSpec)):
            raise NotChunkableError(f"a step returns {'nothing' if value is None else 'what is no dense tensor'}")
        if self._joined:
            if shape.rank in (None, 0) or not shape[1:].is_fully_defined():
                raise NotChunkableError("a step returns an array of unknown shape")
            return tf.TensorArray(
                value.dtype, 0, dynamic_size=True, element_shape=[None, *shape[1:]], infer_shape=False
            )
        if not shape.is_fully_defined():
            raise NotChunkableError("a step returns an array of unknown shape")
        if shape.num_elements() > LARGEST:
            raise NotChunkableError(f"a step returns {shape.num_elements()} numbers")
        return tf.TensorArray(value.dtype, CAPACITY, element_shape=shape)


def _rows_of(array: Any, rows: int | None) -> Any:
    return tf.TensorSpec([rows, *array.shape[1:]], array.dtype)
