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


CONVOLUTIONS = frozenset({"Conv2D", "Conv3D", "DepthwiseConv2dNative", "Conv2DBackpropInput", "Conv3DBackpropInputV2"})
"""Operations of TensorFlow that convolve or do so transposed; a convolution of one dimension is a `Conv2D`."""


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
        by_step: Whether XLA compiles the step alone, so that other numbers of rows are nothing new to it. Defaults to
            False: the steps of a call together, which is faster.

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
        by_step: bool = False,
    ) -> None:
        self.length = ChunkLength(CAPACITY)
        self._jit_compile = jit_compile and not by_step
        self._run_for: set[int | None] = set()
        self.convolves = False
        """Whether a convolution is among its operations."""
        self._step = step
        self._batch_size = batch_size
        self._whole = whole
        self._joined = joined
        self._watched = watched
        self._jit_step = jit_compile and by_step
        began = time.perf_counter()
        specs = [_rows_of(array, None) for array in keras.tree.flatten(arrays)]
        self._structure = keras.tree.map_structure(lambda _: 0, arrays)
        function = tf.function(self._run, jit_compile=self._jit_compile, autograph=False)
        # Of flat arguments: with any others a call takes some 0.2 ms longer.
        self._function = function.get_concrete_function(
            tf.TensorSpec([None], tf.int64), tf.TensorSpec([2], tf.int64), *specs
        )
        self.tracing = time.perf_counter() - began
        """Seconds that tracing took; compiling is part of the first call."""

    def is_compiled(self, order: Any) -> bool:
        """Say whether the next call over as many rows need not compile: XLA does so for each number of them.

        Args:
            order: As for a call.
        """
        return self._rows_compiled(order) in self._run_for

    def _rows_compiled(self, order: Any) -> int | None:
        return int(order.shape[0]) if self._jit_compile else None

    def __call__(self, arrays: Any, order: Any, first: int, steps: int) -> Any:
        """Run steps over the rows that follow one another in an order.

        Args:
            arrays: The data, in the structure and of the dtypes given before.
            order: Rows of the data, int64, shape `(rows,)`.
            first: Place in `order` of the first row.
            steps: Number of batches; at most `CAPACITY`.

        Returns:
            What each step returned, as arrays: stacked, shape `(steps, …)`, or joined, `(rows, …)`. Those are all steps
            unless it is `watched`.
        """
        run, *results = self._function(order, tf.constant((first, steps), tf.int64), *keras.tree.flatten(arrays))
        self._run_for.add(self._rows_compiled(order))
        count = None if self._joined else int(run)
        return keras.tree.pack_sequence_as(self._returned, [values.numpy()[:count] for values in results])

    def _run(self, order: Any, bounds: Any, *arrays: Any) -> Any:
        size, rows = self._batch_size, tf.shape(order, out_type=tf.int64)[0]
        steps = tf.cast(bounds[1], tf.int32)

        def batch(first: Any) -> Any:
            taken = tf.slice(order, [first], [size]) if self._whole else order[first : tf.minimum(first + size, rows)]
            return self._packed([tf.gather(array, taken) for array in arrays])

        # Traced here once, to know what it returns. By its signature it would be traced in the loop once more.
        specs = self._packed([_rows_of(array, size if self._whole else None) for array in arrays])
        one = tf.function(self._step, autograph=False, jit_compile=self._jit_step or None).get_concrete_function(specs)
        self.convolves = any(operation.type in CONVOLUTIONS for operation in one.graph.get_operations())
        self._returned = one.structured_outputs
        rooms = [self._room(value, steps) for value in keras.tree.flatten(self._returned)]

        # The place of the next row is counted up: XLA would compile anew for each value of one that it calculates.
        def body(number: Any, first: Any, _: Any, rooms: Any) -> Any:
            results = one(batch(first))
            written = zip(rooms, keras.tree.flatten(results), strict=True)
            rooms = [room.write(number, value) for room, value in written]
            return number + 1, first + size, self._goes_on(results), rooms

        def within(number: Any, _: Any, goes_on: Any, __: Any) -> Any:
            return (number < steps) & goes_on if self._watched else number < steps

        run, _, _, rooms = tf.while_loop(
            within, body, [tf.constant(0), bounds[0], tf.constant(True), rooms], parallel_iterations=1
        )
        return run, *(room.concat() if self._joined else room.stack() for room in rooms)

    def _goes_on(self, results: Any) -> Any:
        """Whether the loss is finite, if that is watched."""
        loss = results.get("loss") if self._watched and isinstance(results, Mapping) else None
        told = loss is not None and loss.shape.rank == 0 and loss.dtype.is_floating
        return tf.math.is_finite(loss) if told else tf.constant(True)

    def _packed(self, values: list[Any]) -> Any:
        return keras.tree.pack_sequence_as(self._structure, values)

    def _room(self, value: Any, steps: Any) -> Any:
        shape = getattr(value, "shape", None)
        if not isinstance(shape, tf.TensorShape) or not isinstance(value, (tf.Tensor, tf.TensorSpec)):
            raise NotChunkableError(f"a step returns {'`None`' if value is None else 'what is no dense tensor'}")
        if self._joined:
            if shape.rank in (None, 0) or not shape[1:].is_fully_defined():
                raise NotChunkableError("a step returns an array of unknown shape")
            return tf.TensorArray(
                value.dtype, 0, dynamic_size=True, element_shape=[None, *shape[1:]], infer_shape=False
            )
        if not shape.is_fully_defined():
            raise NotChunkableError("a step returns an array of unknown shape")
        if value.dtype == tf.string:
            raise NotChunkableError("a step returns text")
        if shape.num_elements() > LARGEST:
            raise NotChunkableError(f"a step returns {shape.num_elements()} numbers")
        # XLA must know the size; elsewhere each place that stays empty would be filled with zeros.
        return tf.TensorArray(value.dtype, CAPACITY if self._jit_compile else steps, element_shape=shape)


def _rows_of(array: Any, rows: int | None) -> Any:
    return tf.TensorSpec([rows, *array.shape[1:]], array.dtype)
