"""The metrics of `compile`: which of them belongs to which output, and under which label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import tensorflow as tf

from kerastui.engine.keras_private import get_metric, is_binary_or_sparse_categorical, keras
from kerastui.engine.training.labels import Outputs, is_container
from kerastui.engine.training.nearest import CHOSEN_BY_SHAPE

_NAMES = "_kerastui_names"
"""Attribute of a metric: its own name, and the label it was given in its place."""


class _Entry(NamedTuple):
    """One metric of one output."""

    output: int
    metric: Any
    label: str
    weighted: bool


class CompiledMetrics:
    """What a model measures beside its loss, as far as `compile` says it.

    Args:
        metrics: Names, functions or `Metric` objects. A list without a list or `None` in it is for every output, a
            list with one of them has an entry per output; a dict is by name of output.
        weighted_metrics: The same; these are weighted with `sample_weight`. Defaults to `None`.
        output_names: The names of the model's outputs in flat order. Defaults to `None`: `output_1`, `output_2`, ….

    Raises:
        ValueError: If an argument is none of these.

    Example:
        >>> metrics = CompiledMetrics(["mae", keras.metrics.AUC()], output_names=["out"])
        >>> metrics.update_state(y, model(x))  # doctest: +SKIP
    """

    def __init__(
        self, metrics: Any = None, weighted_metrics: Any = None, output_names: Sequence[str] | None = None
    ) -> None:
        for argument, value in (("metrics", metrics), ("weighted_metrics", weighted_metrics)):
            if value is not None and not (is_container(value) or isinstance(value, str) or callable(value)):
                raise ValueError(
                    f"`{argument}` must be a list or dict of names, functions and `keras.metrics.Metric` objects. "
                    f"Received: {argument}={value!r}"
                )
        self._given = {"metrics": metrics, "weighted_metrics": weighted_metrics}
        self._output_names = output_names
        self._entries: list[_Entry] = []
        self.built = False

    @property
    def metrics(self) -> list[Any]:
        """The metrics in the order of their labels, each named by its label; empty before the first data.

        For each output those of `metrics` come before those of `weighted_metrics`.
        """
        for entry in self._entries:
            _rename(entry.metric, entry.label)
        return [entry.metric for entry in self._entries]

    @property
    def variables(self) -> list[Any]:
        """The variables of all metrics."""
        return [variable for entry in self._entries for variable in entry.metric.variables]

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Make the metrics, now that the shapes are known; a second call, or one without targets, changes nothing.

        Args:
            y_true: Targets. An output without one gets no metrics.
            y_pred: Outputs of the model.

        Raises:
            ValueError: If metrics or targets do not fit the outputs.
        """
        if self.built:
            return
        outputs = Outputs(y_pred, self._output_names)
        given = self._per_output(outputs)
        targets = self._targets(y_true, outputs, given)
        if any(map(any, given.values())) and all(target is None for target in targets):
            return
        with tf.init_scope():  # variables must outlive the graph that is being traced
            self._entries = _made(given, targets, outputs)
        self.built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch.

        Args:
            y_true: Targets, as for `CompiledLoss`.
            y_pred: Outputs of the model.
            sample_weight: Weights for all outputs, or a list or dict with one per output; they reach
                `weighted_metrics` alone. Defaults to `None`.

        Raises:
            ValueError: If targets or weights do not fit the outputs.
        """
        self.build(y_true, y_pred)
        outputs = Outputs(y_pred, self._output_names)
        targets = self._targets(y_true, outputs, self._per_output(outputs))
        weights = outputs.sample_weights(sample_weight)
        for entry in self._entries:
            if targets[entry.output] is not None:
                entry.metric.update_state(
                    targets[entry.output],
                    outputs.tensors[entry.output],
                    sample_weight=weights[entry.output] if entry.weighted else None,
                )

    def reset_state(self) -> None:
        """Forget what was counted."""
        for entry in self._entries:
            entry.metric.reset_state()

    def result(self) -> dict[str, Any]:
        """Give the values by label, in the order of the labels.

        Returns:
            Scalar tensors. Where a metric has a dict for its result, its entries stand in place of the metric.
        """
        results: dict[str, Any] = {}
        for entry in self._entries:
            value = entry.metric.result()
            results.update(value if isinstance(value, dict) else {entry.label: value})
        return results

    @contextmanager
    def original_names(self) -> Iterator[None]:
        """Within this, the user's own `Metric` objects have the names they were made with, to be written to a file."""
        for entry in self._entries:
            entry.metric.name = original_name(entry.metric)
        try:
            yield
        finally:
            for entry in self._entries:
                entry.metric.name = entry.label

    def _per_output(self, outputs: Outputs) -> dict[str, list[list[Any]]]:
        return {argument: _per_output(argument, value, outputs) for argument, value in self._given.items()}

    @staticmethod
    def _targets(y_true: Any, outputs: Outputs, given: dict[str, list[list[Any]]]) -> list[Any]:
        wanted = [any(lists) for lists in zip(*given.values(), strict=True)]
        return outputs.targets(y_true, wanted) if any(wanted) else [None] * len(outputs)


@contextmanager
def original_names(compiled: CompiledMetrics | None) -> Iterator[None]:
    """Within this, metrics have the names they were made with.

    Args:
        compiled: The metrics of a model, or `None` if it has none.
    """
    if compiled is None:
        yield
        return
    with compiled.original_names():
        yield


def original_name(metric: Any) -> str:
    """Give the name that a metric was made with, or that its owner gave it since."""
    own, label = getattr(metric, _NAMES, (metric.name, metric.name))
    return str(own if metric.name == label else metric.name)


def _rename(metric: Any, label: str) -> None:
    if metric.name != label:
        setattr(metric, _NAMES, (original_name(metric), label))
        metric.name = label


def _per_output(argument: str, metrics: Any, outputs: Outputs) -> list[list[Any]]:
    """The metrics of each output, as they were given."""
    if len(outputs) == 1 and not isinstance(metrics, dict):
        return [_leaves(metrics)]
    if isinstance(metrics, (list, tuple)) and not any(is_container(one) or one is None for one in metrics):
        return [list(metrics) for _ in range(len(outputs))]
    return [_leaves(one) for one in outputs.spread(argument, metrics)]


def _leaves(metrics: Any) -> list[Any]:
    return [one for one in keras.tree.flatten(metrics) if one is not None]


def _made(given: dict[str, list[list[Any]]], targets: list[Any], outputs: Outputs) -> list[_Entry]:
    """Make and label the metrics: first those of `metrics`, whose labels `weighted_metrics` have to keep clear of."""
    entries: list[_Entry] = []
    taken: set[str] = set()
    seen: set[int] = set()
    for argument, per_output in given.items():
        weighted = argument == "weighted_metrics"
        for index, (wanted, target, tensor) in enumerate(zip(per_output, targets, outputs.tensors, strict=True)):
            prefix = f"{outputs.labels[index]}_" if len(outputs) > 1 else ""
            for one in wanted if target is not None else ():
                metric = _metric(one, target, tensor, seen, argument)
                label = _label(prefix, original_name(metric), weighted, taken)
                taken.add(label)
                _rename(metric, label)
                entries.append(_Entry(index, metric, label, weighted))
    return sorted(entries, key=lambda entry: entry.output)  # stable: weighted ones stay behind the others


def _metric(given: Any, y_true: Any, y_pred: Any, seen: set[int], argument: str) -> Any:
    if isinstance(given, str) and given.lower() in CHOSEN_BY_SHAPE:
        binary, sparse = is_binary_or_sparse_categorical(y_true, y_pred)
        if binary:
            return keras.metrics.BinaryCrossentropy(name=given)
        if sparse:
            return keras.metrics.SparseCategoricalCrossentropy(name=given)
        return keras.metrics.CategoricalCrossentropy(name=given)
    if isinstance(given, keras.metrics.Metric):
        if id(given) in seen:
            return _copy(given, argument)
        seen.add(id(given))
        return given
    return get_metric(given, y_true, y_pred)


def _copy(metric: Any, argument: str) -> Any:
    """Make another metric of the same kind, for another output: one object cannot count for two."""
    config = {**metric.get_config(), "name": original_name(metric)}
    try:
        return type(metric).from_config(config)
    except TypeError as error:
        raise ValueError(
            f"`{argument}` has one object for several outputs, and its `get_config()` has not what its constructor "
            f"needs to make another one. Give each output an object of its own. Received: {argument}=[{metric!r}]"
        ) from error


def _label(prefix: str, name: str, weighted: bool, taken: set[str]) -> str:
    label = f"{prefix}{name}"
    if label in taken and weighted:
        label = f"{prefix}weighted_{name}"
    number, candidate = 0, label
    while candidate in taken:
        number += 1
        candidate = f"{label}_{number}"
    return candidate
