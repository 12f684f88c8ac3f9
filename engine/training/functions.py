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


def over_any_iterator(function: Callable[[Any], Any]) -> Callable[[Iterator[Any]], Any]:
    """Let a train or test function of Keras read any iterator to its end.

    Args:
        function: As Keras makes it: it expects one batch more of an iterator that is not TensorFlow's.

    Returns:
        The function; it raises `StopIteration` when there is no batch.
    """

    def run(iterator: Iterator[Any]) -> Any:
        if not isinstance(iterator, (tf.data.Iterator, tf.distribute.DistributedIterator)):
            return function(chain([next(iterator)], iterator))
        try:
            return function(iterator)
        except tf.errors.OutOfRangeError as error:
            raise StopIteration from error

    return run


def over_batches(function: Callable[[Any], Any], count: Callable[[], int]) -> Callable[[Any], Any]:
    """Let a predict function of Keras, which takes a list of batches, take an iterator as in tf.keras.

    Args:
        function: As Keras makes it.
        count: Gives the steps of an execution.

    Returns:
        The function; it raises `StopIteration` when there is no batch.
    """

    def run(batches: Any) -> Any:
        return function(list(batches if isinstance(batches, list) else upcoming(batches, count())))

    return run
