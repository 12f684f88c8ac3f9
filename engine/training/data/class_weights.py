"""`class_weight`: weights of samples made from weights of classes."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from kerastui.engine.keras_private import keras


def weigh(y: Any, class_weight: Mapping[int, float] | None, sample_weight: Any = None) -> Any:
    """Make weights of samples from the classes of their targets, eagerly or within a graph.

    Args:
        y: Targets of one output: classes of shape `(samples,)` or `(samples, …, 1)`, or one-hot rows of shape
            `(samples, …, classes)`.
        class_weight: Weight by class; 1 for classes that are not in it. `None` changes nothing.
        sample_weight: Weights to multiply with, of shape `(samples,)` or that of the targets without the class axis.
            Defaults to `None`.

    Returns:
        The weights, of shape `(samples,)`, or `(samples, …)` for targets of a higher rank; in the structure of `y` if
        that is a list or dict of one.

    Raises:
        ValueError: If there are several outputs, no targets, or `class_weight` maps something else than classes.

    Example:
        >>> weigh([0, 1, 1], {0: 1.0, 1: 3.0}).numpy().tolist()
        [1.0, 3.0, 3.0]
    """
    if class_weight is None:
        return sample_weight
    table = _table(class_weight)
    targets = [y] if hasattr(y, "shape") or _is_numbers(y) else keras.tree.flatten(y)
    if len(targets) != 1 or targets[0] is None:
        raise ValueError(
            "`class_weight` is only supported for models with a single output, and with targets. For several outputs "
            f"pass `sample_weight`. Received: class_weight={dict(class_weight)} and targets for "
            f"{sum(target is not None for target in targets)} outputs"
        )
    given = keras.tree.flatten(sample_weight)[0] if sample_weight is not None else None
    weights = _look_up(table, tf.convert_to_tensor(targets[0]))
    if given is not None:
        weights = _product(weights, tf.cast(given, weights.dtype))
    return weights if targets[0] is y or _is_numbers(y) else keras.tree.pack_sequence_as(y, [weights])


def _is_numbers(y: Any) -> bool:
    """Tell a list of classes from a list of arrays."""
    return (
        isinstance(y, (list, tuple)) and bool(y) and not any(hasattr(leaf, "shape") for leaf in keras.tree.flatten(y))
    )


def _table(class_weight: Mapping[int, float]) -> Any:
    """Give the weights as a tensor, by class from 0."""
    if not isinstance(class_weight, Mapping):
        raise ValueError(
            "`class_weight` must be a dict of weights by class, such as {0: 1.0, 1: 3.0}. "
            f"Received: class_weight={class_weight!r}"
        )
    for key, weight in class_weight.items():
        whole = isinstance(key, numbers.Real) and key == int(key) and key >= 0
        if not whole or not isinstance(weight, numbers.Real):
            raise ValueError(
                "`class_weight` must map whole numbers from 0, the classes, to numbers. "
                f"Received: {key!r}: {weight!r} in class_weight"
            )
    count = max((int(key) for key in class_weight), default=-1) + 1
    by_class = {int(key): float(weight) for key, weight in class_weight.items()}
    return tf.constant([by_class.get(index, 1.0) for index in range(count)] + [1.0], keras.config.floatx())


def _look_up(table: Any, y: Any) -> Any:
    """Give each target the weight of its class; what is no class of the table gets the 1 at its end."""
    if y.shape.rank is None:
        raise ValueError("`class_weight` needs targets of a known rank. Received: targets of unknown shape")
    if y.shape.rank < 2:
        classes = _to_class(y)
    elif y.shape[-1] is None:
        one_hot = tf.shape(y)[-1] > 1
        classes = tf.cond(one_hot, lambda: tf.argmax(y, -1, tf.int32), lambda: _to_class(y[..., 0]))
    else:
        classes = _to_class(y[..., 0]) if y.shape[-1] == 1 else tf.argmax(y, -1, tf.int32)
    last = tf.shape(table)[0] - 1
    return tf.gather(table, tf.where((classes >= 0) & (classes < last), classes, last))


def _to_class(y: Any) -> Any:
    return tf.cast(tf.round(y) if y.dtype.is_floating else y, tf.int32)


def _product(first: Any, second: Any) -> Any:
    """Multiply weights of samples, one perhaps finer than the other."""
    for _ in range(second.shape.rank - first.shape.rank):
        first = first[..., tf.newaxis]
    for _ in range(first.shape.rank - second.shape.rank):
        second = second[..., tf.newaxis]
    return first * second
