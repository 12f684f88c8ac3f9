"""The batches of one call of `fit`, `evaluate` or `predict`, epoch by epoch."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from kerastui.engine.keras_private import DataAdapter, EpochIterator, TFEpochIterator, keras
from kerastui.engine.training.data.adapt import adapt
from kerastui.engine.training.data.arrays import batch_size_for
from kerastui.engine.training.data.split import check_stateful_multiple
from kerastui.engine.training.data.workers import Workers
from kerastui.engine.training.shapes import check_inputs


class Batches(TFEpochIterator):  # type: ignore[misc]  # Keras ships no types
    """Count the batches of an epoch, and give what yields them to the compiled functions.

    Args:
        model: The model they are for: its strategy and its steps per execution.
        adapter: The data.
        steps: Batches in an epoch; -1 for as many as there are. Defaults to `None`: all of the data.
    """

    _num_batches: int | None

    def __init__(self, model: Any, adapter: DataAdapter, steps: int | None = None) -> None:
        self._on_caller_thread = getattr(adapter, "on_caller_thread", False)
        # Not of the class between, which would make the data set at once.
        EpochIterator.__init__(self, x=adapter, steps_per_epoch=steps, steps_per_execution=model.steps_per_execution)
        self._distribute_strategy = model.distribute_strategy
        self._batches: Any = None

    @property
    def dataset(self) -> Any:
        """The data set, made when it is first asked for: a plan that holds the data on the device needs none."""
        if self._batches is None:
            self._batches = self.data_adapter.get_tf_dataset()
            # A Python iterable is read in the thread that trains; Keras would hand it to the strategy.
            if not self._on_caller_thread and not isinstance(self._batches, tf.distribute.DistributedDataset):
                self._batches = self._distribute_strategy.experimental_distribute_dataset(self._batches)
        return self._batches

    def _get_iterator(self) -> Any:
        return self.dataset

    def at_hand(self, step: int) -> int:
        """Count the batches that may be taken of the iterator in one go, with nothing to do in between.

        Args:
            step: Number of the batch that was given last, which is the first of them.

        Returns:
            The count, whole executions, at least one; `sys.maxsize` if nobody knows how many come.
        """
        steps, execution = self.steps_per_epoch or self._num_batches or -1, int(self.steps_per_execution)
        if steps < 0:
            return sys.maxsize
        executions = -(-(steps - step) // execution)
        if self._num_batches:
            unseen = max(self._num_batches - self._steps_seen, 0)
            executions = min(executions, 1 + -(-unseen // execution))
        return executions * execution

    def skip(self, executions: int) -> None:
        """Count executions that were run besides the one that was given.

        Args:
            executions: How many.
        """
        for _ in range(executions):
            next(self._epoch_iterator)

    @contextmanager
    def catch_stop_iteration(self) -> Iterator[None]:
        """End the epoch where the data ends; warn if more of it was asked for.

        Keras warns for data of unknown length as well, and counts the batch that did not come.
        """
        try:
            yield
            self.tf_sync()
        except (StopIteration, tf.errors.OutOfRangeError):
            if self._num_batches is None:
                self._num_batches = max(self._steps_seen - self.steps_per_execution, 0) or None
            self._current_iterator = None
            self.data_adapter.on_epoch_end()  # raises what a generator raised
            if self.steps_per_epoch and self.steps_per_epoch > 0:
                self._interrupted_warning()


def open_batches(
    model: Any,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None = None,
    steps: int | None = None,
    shuffle: bool | str = False,
    class_weight: Any = None,
    workers: Workers | None = None,
    argument: str = "x",
) -> Batches:
    """Make the batches of one call.

    Args:
        model: The model they are for.
        x: Inputs of any kind, or all of the data.
        y: Targets. Defaults to `None`.
        sample_weight: Weights of the samples. Defaults to `None`.
        batch_size: Samples in a batch. Defaults to `None`, which is 32, or what the data says.
        steps: Batches in an epoch. Defaults to `None`: all of the data.
        shuffle: Whether, or `"batch"`, to shuffle. Defaults to False.
        class_weight: Weight of each class. Defaults to `None`.
        workers: How Python's data is read. Defaults to `None`: as it says itself.
        argument: What messages call the data. Defaults to `"x"`.

    Returns:
        The batches.

    Raises:
        ValueError: If the data is empty, does not fit together, or cannot be used so.
    """
    if not model._overrides("train_step", "test_step", "predict_step"):  # they may reshape what they get
        check_inputs(model, x, argument)
    _check_stateful(model, x, batch_size, steps)
    adapter = adapt(
        x,
        y,
        sample_weight,
        batch_size=batch_size,
        steps=steps,
        shuffle=shuffle,
        class_weight=class_weight,
        workers=workers or Workers(),
        output_names=getattr(model, "output_names", None),
        argument=argument,
    )
    return Batches(model, adapter, steps)


def _check_stateful(model: Any, x: Any, batch_size: int | None, steps: int | None) -> None:
    first = next((leaf for leaf in keras.tree.flatten(x) if leaf is not None), None)
    shape = getattr(first, "shape", None)
    if shape:
        check_stateful_multiple(model, shape[0], batch_size_for(shape[0], batch_size, steps))
