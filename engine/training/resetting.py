"""Metrics that begin anew, at little cost: each epoch and each evaluation resets them all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from kerastui.engine.keras_private import keras

_TO_ZERO = {home.reset_state for home in (keras.metrics.Metric, keras.metrics.Mean, keras.metrics.Sum)}
"""The methods that set all variables of a metric to zero."""


def reset(metrics: Iterable[Any]) -> None:
    """Have metrics begin anew.

    Args:
        metrics: Metrics of any class. Those that only set their variables to zero have it done without the checks of
            Keras's `assign`, which take 0.1 ms for each: longer than the steps of a small epoch.
    """
    for metric in metrics:
        if type(metric).reset_state not in _TO_ZERO or tf.distribute.has_strategy():
            metric.reset_state()
            continue
        for variable in metric.variables:
            value = variable.value
            tf.raw_ops.AssignVariableOp(resource=value.handle, value=tf.zeros(value.shape, value.dtype))
