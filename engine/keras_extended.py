"""Small additions to Keras's own layers and metrics: calls of tf.keras 2 that Keras 3 refuses with an error.

Importing this module applies them. What works in Keras stays as it is, for Keras's models too; each addition says what
Keras does without it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from kerastui.engine.keras_private import keras, layer_is_called

__all__ = ["LastValue", "add_layer_loss", "add_layer_metric", "make_metric", "metric_behind"]

Layer = keras.layers.Layer
Metric = keras.metrics.Metric

_keras_add_loss = Layer.add_loss
_keras_own_losses = Layer._get_own_losses
_keras_call_metric = Metric.__call__


class LastValue(keras.metrics.Metric):  # type: ignore[misc]  # Keras ships no types
    """A metric that shows the last value it was given, for `add_metric(…, aggregation=None)`.

    Args:
        name: Its name. Defaults to `"last_value"`.
        dtype: Type of its value. Defaults to `None`: Keras's default.
    """

    def __init__(self, name: str = "last_value", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.value = self.add_variable((), "zeros", name="value")

    def update_state(self, value: Any, sample_weight: Any = None) -> None:
        """Take the mean over the elements of `value`; `sample_weight` is not used."""
        self.value.assign(keras.ops.mean(keras.ops.cast(value, self.value.dtype)))

    def result(self) -> Any:
        """Give the last value."""
        return keras.ops.convert_to_tensor(self.value)


def make_metric(name: str, aggregation: str | None) -> Any:
    """Make the metric that aggregates the values given to `add_metric`.

    Args:
        name: Name of the metric.
        aggregation: `"mean"`, or `None` for the last value as it is.

    Returns:
        The metric.

    Raises:
        ValueError: If `aggregation` is neither.
    """
    if aggregation not in ("mean", None):
        raise ValueError(f"`aggregation` must be 'mean' or None. Received: aggregation={aggregation!r}")
    # Variables are made outside of a function that is being traced, since it may be traced again.
    with tf.init_scope():
        return LastValue(name) if aggregation is None else keras.metrics.Mean(name)


def metric_behind(value: Any) -> Any:
    """Give the metric whose call returned `value`; `None` if `value` is anything else."""
    reference = getattr(value, "_kerastui_metric", None)
    return None if reference is None else reference()


def check_metric_arguments(name: Any, kwargs: dict[str, Any]) -> str | None:
    """Check the arguments of `add_metric` beside its value.

    Args:
        name: Name of the metric, or `None`.
        kwargs: The others; `aggregation` alone is known.

    Returns:
        The aggregation.

    Raises:
        TypeError: If an argument is unknown.
        ValueError: If the name is neither a string nor `None`.
    """
    unknown = sorted(set(kwargs) - {"aggregation"})
    if unknown:
        raise TypeError(f"`add_metric` takes `value`, `name` and `aggregation`. Received also: {', '.join(unknown)}")
    if name is not None and not isinstance(name, str):
        raise ValueError(f"`name` must be a string. Received: name={name!r}")
    aggregation: str | None = kwargs.get("aggregation", "mean")
    return aggregation


def list_metric(layer: Any, metric: Any) -> None:
    """Put a metric among those of a layer, which is built and therefore locked."""
    locked = layer._tracker.locked
    layer._tracker.unlock()
    try:
        layer._tracker.add_to_store("metrics", metric)
    finally:
        layer._tracker.locked = locked


def add_layer_metric(self: Any, value: Any, name: str | None = None, **kwargs: Any) -> None:
    """Show a value of this call as a metric. Keras 3 raises `NotImplementedError`.

    Args:
        self: A layer.
        value: A tensor, or what calling a metric returned: then that metric is shown, and not updated again.
        name: Name of the metric; needed unless a metric made the value. Within a layer a name means one metric.
        **kwargs: `aggregation`: `"mean"` (default) over the values of an epoch, or `None` for the last one.

    Raises:
        TypeError: If a keyword is unknown.
        ValueError: Outside of the call of a layer, or without a name.

    Example:
        >>> class Sum(keras.layers.Layer):
        ...     def call(self, inputs):
        ...         self.add_metric(keras.ops.sum(inputs), name="sum")
        ...         return inputs
    """
    aggregation = check_metric_arguments(name, kwargs)
    metric = metric_behind(value)
    if metric is None and name is None:
        raise ValueError(f"`name` must be given for a value that no metric made. Received: name=None, value={value}")
    if not layer_is_called() or isinstance(value, keras.KerasTensor):
        raise ValueError(
            "`add_metric()` is for the `call` of a layer or model, or for symbolic tensors of a functional model. "
            f"Received, on layer '{self.name}': value={value}"
        )
    if metric is not None:
        if not any(metric is known for known in Layer.metrics.fget(self)):
            list_metric(self, metric)
        return
    known = [metric for metric in self._metrics if metric.name == name]
    metric = known[0] if known else make_metric(str(name), aggregation)
    if not known:
        list_metric(self, metric)
    metric.update_state(value)


def add_layer_loss(self: Any, *losses: Any, inputs: Any = None, **named: Any) -> None:
    """Add losses as Keras does, and also functions without arguments. Keras 3 raises `ValueError` for those.

    Inside the call of a layer a function is called once, at once; elsewhere each time that `losses` is read, so each
    step of training sees the weights of that step. Functions are not saved.

    Args:
        self: A layer.
        *losses: One tensor, function, or list of them. By name it is `loss` (Keras 3) or `losses` (tf.keras 2).
        inputs: Of TF 2.0, no longer of any use. Defaults to `None`.
        **named: `loss` or `losses`.

    Raises:
        TypeError: If there is not exactly one positional or named loss.
        ValueError: If a loss is neither a tensor nor a function.
    """
    for loss in keras.tree.flatten(one_loss(losses, named)):
        if not callable(loss):
            _keras_add_loss(self, loss)
        elif layer_is_called():
            _keras_add_loss(self, loss())
        else:
            vars(self).setdefault("_loss_functions", []).append(loss)


def one_loss(losses: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Give the one argument of `add_loss`, whatever a generation calls it; `TypeError` if it is not one."""
    given = [*losses, *(named.pop(name) for name in ("loss", "losses") if name in named)]
    if len(given) != 1 or named:
        raise TypeError(
            "`add_loss()` takes one `losses`, a tensor, a function or a list of them, and `inputs`. "
            f"Received: {len(given)} values and {sorted(named)}"
        )
    return given[0]


def _own_losses(self: Any) -> list[Any]:
    losses: list[Any] = _keras_own_losses(self)
    return [*losses, *(loss() for loss in vars(self).get("_loss_functions", ()))]


def _call_metric(self: Any, *args: Any, **kwargs: Any) -> Any:
    result = _keras_call_metric(self, *args, **kwargs)
    if tf.is_tensor(result):
        # Weak, so that a result that is kept does not keep the metric's variables.
        result._kerastui_metric = weakref.ref(self)
    return result


def _reset_states(self: Any) -> None:
    """Reset the metric; its name in tf.keras 2."""
    self.reset_state()


def _apply() -> None:
    additions: dict[Any, dict[str, Callable[..., Any]]] = {
        # Keras refuses any `add_metric`, and functions and `inputs` in `add_loss`.
        Layer: {"add_metric": add_layer_metric, "add_loss": add_layer_loss, "_get_own_losses": _own_losses},
        # Keras has no `reset_states`. The mark on a result is how `add_metric` finds the metric that made it.
        Metric: {"reset_states": _reset_states, "__call__": _call_metric},
    }
    for cls, methods in additions.items():
        for name, method in methods.items():
            setattr(cls, name, method)


_apply()
