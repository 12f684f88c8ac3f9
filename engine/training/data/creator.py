"""`DatasetCreator`: a data set made where it is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf


class DatasetCreator:
    """A function that makes the `tf.data.Dataset`, passed to `fit` as `x` instead of the data set.

    Args:
        dataset_fn: Takes a `tf.distribute.InputContext`, from which it can tell how to shard and batch, and returns a
            `tf.data.Dataset` of batches.
        input_options: `tf.distribute.InputOptions` for distributed training. Defaults to `None`.

    Raises:
        TypeError: If an argument is of another type.

    Example:
        >>> creator = DatasetCreator(lambda context: tf.data.Dataset.from_tensors(([[1.0]], [[2.0]])).repeat())
        >>> model.fit(creator, steps_per_epoch=10)  # doctest: +SKIP
    """

    def __init__(self, dataset_fn: Callable[[Any], Any], input_options: Any = None) -> None:
        if not callable(dataset_fn):
            raise TypeError(
                "`dataset_fn` must be a function of a `tf.distribute.InputContext`. "
                f"Received: dataset_fn={dataset_fn!r}"
            )
        if input_options is not None and not isinstance(input_options, tf.distribute.InputOptions):
            raise TypeError(
                f"`input_options` must be `tf.distribute.InputOptions`. Received: input_options={input_options!r}"
            )
        self.dataset_fn = dataset_fn
        self.input_options = input_options

    def make(self) -> Any:
        """Make the data set, for the strategy in whose scope this is called.

        Returns:
            A `tf.data.Dataset`, or what a strategy makes of several.

        Raises:
            TypeError: If the function returns something else.
        """

        def checked(context: Any) -> Any:
            dataset = self.dataset_fn(context)
            if not isinstance(dataset, tf.data.Dataset):
                raise TypeError(
                    "`dataset_fn` must return a `tf.data.Dataset`. "
                    f"Received: a {type(dataset).__name__} from dataset_fn"
                )
            return dataset

        return tf.distribute.get_strategy().distribute_datasets_from_function(checked, self.input_options)
