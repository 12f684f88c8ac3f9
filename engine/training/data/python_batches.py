"""Batches that Python code makes, handed to TensorFlow, errors included."""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from kerastui.engine.keras_private import DataAdapter, get_tensor_spec, keras
from kerastui.engine.training.data.workers import Reading

Batch = tuple[Any, ...]
"""One to three structures of tensors: `x`, `y`, `sample_weight`."""


class PythonBatches(DataAdapter, ABC):  # type: ignore[misc]  # Keras ships no types
    """Base of what reads batches from Python code.

    With workers, the batches pass through a `tf.data.Dataset`, so that train functions see one kind of iterator and
    are traced once for all batch sizes. Without, they are read in the thread that trains, by plain iteration.

    Args:
        reading: By how many workers.
        name: What messages call the source.
    """

    def __init__(self, reading: Reading, name: str) -> None:
        self.on_caller_thread = reading.workers == 0
        self._name = name
        self._failure: BaseException | None = None

    @abstractmethod
    def epoch(self) -> Iterator[Batch]:
        """Read the batches of one epoch, in their order."""

    @abstractmethod
    def first_batches(self) -> list[Batch]:
        """Look at one or two batches without taking them."""

    def __iter__(self) -> Iterator[Batch]:
        return self.epoch()

    def get_tf_dataset(self) -> Any:
        """Give a data set of the batches; for reading in the thread that trains, something to iterate over."""
        if self.on_caller_thread:
            return self
        signature = get_tensor_spec(self.first_batches())
        read = weakref.WeakMethod(self._guarded)  # TensorFlow keeps what it is given for as long as the process lives
        batches = tf.data.Dataset.from_generator(_called(read, signature), output_signature=signature)
        options = tf.data.Options()
        options.experimental_optimization.inject_prefetch = False  # it would take batches that nobody gets
        options.autotune.enabled = False
        return batches.with_options(options)

    def on_epoch_end(self) -> None:
        """Raise what went wrong while a batch was made.

        It happened in a thread of TensorFlow, which would show it as an error of its own.
        """
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    @property
    def batch_size(self) -> None:
        """Batches may differ in size."""
        return None

    def _guarded(self, signature: Any) -> Iterator[Batch]:
        """Read an epoch for TensorFlow: an error ends it, and is kept."""
        try:
            for batch in self.epoch():
                yield self._fitted(batch, signature)
        except Exception as error:  # raised anew in `on_epoch_end`
            self._failure = error

    def _fitted(self, batch: Batch, signature: Any) -> Batch:
        """Put `tf.experimental.Optional` for `None`, as Keras does, and check that a batch is like the first."""
        try:
            keras.tree.assert_same_structure(batch, signature)
            return tuple(keras.tree.map_structure(self._fitted_part, batch, signature))
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"All batches of `{self._name}` must have the same structure, dtypes and rank; a dimension other than "
                f"the first may only differ if it does between the first two batches. Expected: {signature}. "
                f"Received: {keras.tree.map_structure(_described, batch)}"
            ) from error

    def _fitted_part(self, part: Any, spec: Any) -> Any:
        if part is None:
            return tf.experimental.Optional.empty(None)
        if not spec.is_compatible_with(part):
            raise ValueError("not compatible")
        return part


def _called(method: weakref.WeakMethod[Any], signature: Any) -> Callable[[], Iterator[Batch]]:
    """Make a function that calls a method of an object, if that still is."""

    def call() -> Iterator[Batch]:
        read = method()
        return read(signature) if read is not None else iter(())

    return call


def _described(part: Any) -> Any:
    return None if part is None else tf.type_spec_from_value(part)
