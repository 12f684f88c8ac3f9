"""What `make_train_function` and its kin make: functions that take an iterator over batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import tensorflow as tf


class UpcomingBatches(list[Any]):
    """The batches of one execution: the list that Keras 3 gives a predict function, the iterator that tf.keras does."""

    def __next__(self) -> Any:
        if not self:
            raise StopIteration
        return self.pop(0)


def upcoming(iterator: Iterator[Any], count: int) -> UpcomingBatches:
    """Take the next batches.

    Args:
        iterator: Where they come from.
        count: How many, at most.

    Returns:
        At least one.

    Raises:
        StopIteration: If there is none.
    """
    batches = UpcomingBatches([next_batch(iterator)])
    while len(batches) < count:
        try:
            batches.append(next_batch(iterator))
        except StopIteration:
            break
    return batches


def next_batch(iterator: Iterator[Any]) -> Any:
    """Take the next batch.

    Raises:
        StopIteration: If there is none; TensorFlow's iterators may have an error of their own for it.
    """
    try:
        return next(iterator)
    except tf.errors.OutOfRangeError as error:
        raise StopIteration from error


class StepFunction:
    """Runs the next batches of an iterator, any iterator to its end: what `make_train_function` makes.

    Args:
        function: As Keras makes it: it expects one batch more of an iterator that is not TensorFlow's.
        step: The step it runs.
    """

    def __init__(self, function: Callable[[Any], Any], step: Callable[[Any], Any]) -> None:
        self._function = function
        self.step = step
        self.compiled: dict[Any, Any] = {}
        """What was compiled of the step besides, by what it was compiled for."""

    def __call__(self, iterator: Iterator[Any]) -> Any:
        """Run the next batches.

        Raises:
            StopIteration: If there is no batch.
        """
        if not isinstance(iterator, (tf.data.Iterator, tf.distribute.DistributedIterator)):
            return self._function(chain([next(iterator)], iterator))
        try:
            return self._function(iterator)
        except tf.errors.OutOfRangeError as error:
            raise StopIteration from error


class PredictFunction(StepFunction):
    """What `make_predict_function` makes: takes a list of batches, as Keras 3's, or an iterator, as tf.keras's.

    Args:
        function: As Keras makes it: it takes a list.
        step: The step it runs.
        count: Gives the steps of an execution.
    """

    def __init__(self, function: Callable[[Any], Any], step: Callable[[Any], Any], count: Callable[[], int]) -> None:
        super().__init__(function, step)
        self._count = count

    def __call__(self, batches: Any) -> Any:
        """Run the batches of a list, or the next of an iterator.

        Raises:
            StopIteration: If there is no batch.
        """
        return self._function(list(batches if isinstance(batches, list) else upcoming(batches, self._count())))
