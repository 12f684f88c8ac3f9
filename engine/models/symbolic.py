"""Losses and metrics that a functional model computes from its own graph: `add_loss` and `add_metric` on it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from kerastui.engine.keras_extended import (
    add_layer_loss,
    add_layer_metric,
    check_metric_arguments,
    list_metric,
    make_metric,
    metric_behind,
    one_loss,
)
from kerastui.engine.keras_private import functional_from_config, keras, layer_is_called

LOSSES = "added_losses"
"""Key of the configuration: where the losses come from, as `output_layers` says it of the outputs."""

METRICS = "added_metrics"
"""Key of the configuration: for each metric its tensor, name and aggregation."""


@dataclasses.dataclass
class AddedMetric:
    """A metric of a functional model, and the symbolic tensor that it follows."""

    tensor: Any
    metric: Any
    aggregation: str | None


@dataclasses.dataclass
class Added:
    """What was added to one functional model.

    Attributes:
        losses: Symbolic tensors.
        metrics: Metrics of symbolic tensors.
        graph: A `keras.Function` from the model's inputs to its outputs, the losses and the metrics' tensors.
        values: The losses of the last call.
    """

    losses: list[Any] = dataclasses.field(default_factory=list)
    metrics: list[AddedMetric] = dataclasses.field(default_factory=list)
    graph: Any = None
    values: list[Any] = dataclasses.field(default_factory=list)

    def tensors(self) -> list[list[Any]]:
        """Give the tensors of the losses, and those of the metrics."""
        return [list(self.losses), [added.tensor for added in self.metrics]]


class GraphAdditions:
    """`add_loss` and `add_metric` with symbolic tensors, for `Functional`, which inherits from this first.

    The tensors become outputs of a wider graph, which runs in the place of the model's own whenever it is called. Keras
    goes through `_run_through_graph` for every use of a graph: real calls, inference of shapes, and cloning.
    """

    _added: Added | None = None

    def add_loss(self, *losses: Any, inputs: Any = None, **named: Any) -> None:
        """Add a loss to what training minimises, beside the loss of `compile`.

        Until the model is called, a symbolic loss itself stands in `losses`; then the value of the last call does.

        Args:
            *losses: What to add, or a list of such; also by the name `loss` or `losses`. A symbolic tensor that comes
                from the model's inputs becomes part of the graph and of the configuration. A function without
                arguments is called whenever `losses` is read, and not saved. In `call`, a tensor of this call.
            inputs: Of TF 2.0, no longer of any use. Defaults to `None`.
            **named: `loss` or `losses`.

        Raises:
            TypeError: If there is not exactly one positional or named loss.
            ValueError: If a loss does not come from the inputs of the model, or is none of these.

        Example:
            >>> model.add_loss(keras.ops.mean(hidden))  # doctest: +SKIP
        """
        given = keras.tree.flatten(one_loss(losses, named))
        symbolic = [loss for loss in given if isinstance(loss, keras.KerasTensor)]
        others = [loss for loss in given if not isinstance(loss, keras.KerasTensor)]
        if symbolic:
            added = self._added or Added()
            self._extend(dataclasses.replace(added, losses=[*added.losses, *symbolic]), "losses")
        if others:
            add_layer_loss(self, others)
            self._forget_functions()

    def add_metric(self, value: Any, name: str | None = None, **kwargs: Any) -> None:
        """Show a value of the graph, or in `call` a value of this call, as a metric.

        Args:
            value: A symbolic tensor that comes from the model's inputs; in `call`, a tensor or a metric's result.
            name: Name of the metric.
            **kwargs: `aggregation`: `"mean"` (default) over the values of an epoch, or `None` for the last one.

        Raises:
            TypeError: If a keyword is unknown.
            ValueError: If `value` is the result of a metric outside of `call`, or does not come from the inputs; if
                there is no name, or the model has a metric of that name already.

        Example:
            >>> model.add_metric(keras.ops.mean(hidden), name="hidden")  # doctest: +SKIP
        """
        if layer_is_called():
            add_layer_metric(self, value, name, **kwargs)
            return
        aggregation = check_metric_arguments(name, kwargs)
        if not isinstance(value, keras.KerasTensor) or metric_behind(value) is not None:
            raise ValueError(
                "`add_metric()` on a functional model needs a symbolic tensor that comes from its inputs; the result "
                f"of a metric cannot be traced back to them. Received: value={value}"
            )
        if name is None:
            raise ValueError("`name` must be given for a metric of a functional model. Received: name=None")
        added = self._added or Added()
        if any(name == known.metric.name for known in added.metrics):
            raise ValueError(f"`name` must be new; the model has a metric of that name. Received: name={name!r}")
        metric = AddedMetric(value, make_metric(name, aggregation), aggregation)
        self._extend(dataclasses.replace(added, metrics=[*added.metrics, metric]), "value")
        list_metric(self, metric.metric)

    def _extend(self, added: Added, argument: str) -> None:
        """Make the wider graph the model's, with the layers that only a loss or metric uses."""
        graph: Any = self
        try:
            added.graph = keras.Function(graph._inputs_struct, [graph._outputs_struct, *added.tensors()])
        except ValueError as error:
            raise ValueError(
                f"`{argument}` must be computed from the inputs of the model '{graph.name}'. {error}"
            ) from error
        operations = list(graph._operations)
        # Behind the model's own: a weights file numbers layers in this order, and stock Keras, which does not know the
        # additions, must find the same numbers.
        operations += [operation for operation in added.graph._operations if operation not in operations]
        for name in ("_nodes", "_nodes_by_depth", "_operations_by_depth"):
            vars(self)[name] = getattr(added.graph, name)
        vars(self)["_operations"] = operations
        vars(self)["_added"] = added
        for layer in graph.layers:
            graph._tracker.track(layer)
        self._forget_functions()

    def _forget_functions(self) -> None:
        """Have training trace its functions anew: those that were made before know nothing of an addition."""
        if not layer_is_called():
            vars(self).update(train_function=None, test_function=None, predict_function=None)

    def _run_through_graph(self, inputs: Any, operation_fn: Any = lambda op: op, call_fn: Any = None) -> Any:
        added = self._added
        if added is None:
            return super()._run_through_graph(inputs, operation_fn, call_fn)  # type: ignore[misc]  # Keras's method
        outputs, losses, values = added.graph._run_through_graph(inputs, operation_fn, call_fn)
        tensors = [*losses, *values]
        if any(isinstance(tensor, keras.KerasTensor) for tensor in tensors):
            carried = [dataclasses.replace(old, tensor=new) for old, new in zip(added.metrics, values, strict=True)]
            _carry(Added(losses, carried), outputs)
        else:
            self._take_values(added, losses, values)
        return outputs

    def _take_values(self, added: Added, losses: list[Any], values: list[Any]) -> None:
        for loss in losses:
            add_layer_loss(self, loss)
        added.values = losses
        for known, value in zip(added.metrics, values, strict=True):
            known.metric.update_state(value)

    def _take_carried(self) -> None:
        """Take over the additions of the model whose clone this is."""
        graph: Any = self
        for output in graph.outputs:
            carried: Added | None = vars(output).pop("_kerastui_added", None)
            for loss in carried.losses if carried else ():
                self.add_loss(loss)
            for added in carried.metrics if carried else ():
                self.add_metric(added.tensor, added.metric.name, aggregation=added.aggregation)

    def _clear_losses(self) -> None:
        super()._clear_losses()  # type: ignore[misc]  # Keras's method
        if self._added is not None:
            self._added.values = []

    def _get_own_losses(self) -> list[Any]:
        losses: list[Any] = super()._get_own_losses()  # type: ignore[misc]  # Keras's method
        added = self._added
        if added is None or not added.losses:
            return losses
        # What is left of tracing a training function is of no use outside of it.
        stale = tf.executing_eagerly() and any(tf.is_symbolic_tensor(value) for value in added.values)
        if added.values and not stale:
            return losses
        return [*added.losses, *(loss for loss in losses if not any(loss is value for value in added.values))]

    def get_config(self) -> dict[str, Any]:
        """Give what `from_config` makes this model from, with the losses and metrics of its graph.

        They stand under keys of their own, which stock Keras reads past.

        Returns:
            A new dictionary of plain values.
        """
        added = self._added
        if added is None:
            return dict(super().get_config())  # type: ignore[misc]  # Keras's method
        # A second view of the same model whose outputs include the additions: Keras then writes down all of them, in
        # its own way. The model itself may be in use by another thread.
        view: Any = object.__new__(type(self))
        vars(view).update(vars(self), _added=None)
        vars(view)["_outputs_struct"] = [vars(self)["_outputs_struct"], *added.tensors()]
        config = dict(super(GraphAdditions, view).get_config())  # type: ignore[misc]  # Keras's method
        if "output_layers" not in config:
            return config
        config["output_layers"], config[LOSSES], tensors = config["output_layers"]
        config[METRICS] = [
            {"tensor": tensor, "name": known.metric.name, "aggregation": known.aggregation}
            for tensor, known in zip(tensors, added.metrics, strict=True)
        ]
        return config


def _carry(added: Added, outputs: Any) -> None:
    """Leave the additions with the outputs of a copied graph; who makes a model of these finds them there.

    Keras clones a model by running its graph on new inputs. Shapes are inferred in the same way, but then nothing says
    where the tensors come from.
    """
    if all(hasattr(tensor, "_keras_history") for tensor in keras.tree.flatten(added.tensors())):
        vars(keras.tree.flatten(outputs)[0])["_kerastui_added"] = added


def revive(cls: Callable[..., Any], config: dict[str, Any], custom_objects: Any) -> Any:
    """Make a functional model from a configuration that has additions.

    Args:
        cls: Class of the model.
        config: What `get_config` returned. It is changed.
        custom_objects: Classes and functions by name.

    Returns:
        The model.
    """
    metrics = config.pop(METRICS, [])
    config["output_layers"] = [
        config["output_layers"],
        config.pop(LOSSES, []),
        [metric["tensor"] for metric in metrics],
    ]

    def make(inputs: Any, outputs: Any, **rest: Any) -> Any:
        own, losses, tensors = outputs
        model = cls(inputs=inputs, outputs=own, **rest)
        for loss in losses:
            model.add_loss(loss)
        for metric, tensor in zip(metrics, tensors, strict=True):
            model.add_metric(tensor, metric["name"], aggregation=metric["aggregation"])
        return model

    return functional_from_config(make, config, custom_objects=custom_objects)
