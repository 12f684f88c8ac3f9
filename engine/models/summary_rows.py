"""What a summary says of a model, before it is laid out: one row for each layer, and the totals."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from kerastui.engine.keras_private import (
    KerasFunctional,
    calls_by_depth,
    calls_of,
    keras,
    operations_of,
    origin,
    shapes_at_build,
    structured_like_outputs,
)

UNKNOWN = "?"
"""Output shape of a layer that has not been built."""

SEVERAL = "multiple"
"""Output shape of a layer that was called on inputs of different shapes."""


@dataclass(frozen=True, slots=True)
class Row:
    """One layer, or one operation of a graph.

    Attributes:
        name: The layer's name.
        class_name: Its class.
        shape: Output shape as text, `UNKNOWN` or `SEVERAL`.
        params: Number of parameters; `None` for a layer that has no weights yet.
        connections: Where its inputs come from, as `name[call][output]`; empty outside a graph.
        trainable: Whether training changes it.
        inside: Rows of the layers of a nested model, if they were asked for.
    """

    name: str
    class_name: str
    shape: str
    params: int | None
    connections: tuple[str, ...]
    trainable: bool
    inside: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Total:
    """Parameters of one kind.

    Attributes:
        label: Which they are, as `"Trainable params"`.
        count: How many numbers.
        size: The bytes they take.
    """

    label: str
    count: int
    size: int

    @property
    def memory(self) -> str:
        """The size for people, as `"1.50 KB"`; a unit is 1024 of the one before."""
        size, units = float(self.size), ["Byte", "KB", "MB", "GB", "TB", "PB"]
        while size >= 1024 and len(units) > 1:
            size, units = size / 1024, units[1:]
        return f"{size:.2f} {units[0]}"


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a summary says.

    Attributes:
        name: The model's name.
        is_chain: Whether each layer has one input, from the layer before: nothing to say about connections.
        rows: The layers in order.
        totals: All parameters, the trainable and the others, of the whole model.
    """

    name: str
    is_chain: bool
    rows: tuple[Row, ...]
    totals: tuple[Total, ...]


def facts_of(model: Any, expand_nested: bool = False, layer_range: Sequence[str] | None = None) -> Facts:
    """Gather what a summary of a model says.

    Args:
        model: A built model.
        expand_nested: Whether rows of nested models hold the rows of their layers. Defaults to False.
        layer_range: First and last layer to list, each a name or a regular expression. Defaults to `None`: all.

    Raises:
        ValueError: If the model is not built, or `layer_range` is not two texts that match a layer.
    """
    if not model.built:
        raise ValueError(
            f"The model {model.name!r} has not been built, so it has nothing to summarise. Build the model first: with "
            "`build(input_shape)`, or by calling it on data."
        )
    listed = operations_of(model)
    rows = _rows(model, listed[_slice(listed, layer_range)], expand_nested)
    trainable = _total("Trainable params", model.trainable_weights)
    fixed = _total("Non-trainable params", model.non_trainable_weights)
    total = Total("Total params", trainable.count + fixed.count, trainable.size + fixed.size)
    return Facts(model.name, is_chain(model), rows, (total, trainable, fixed))


def is_chain(model: Any) -> bool:
    """Say whether a model is a plain chain of layers; a model that is no graph is listed as one too."""
    if not isinstance(model, KerasFunctional):
        return True
    depths = calls_by_depth(model)
    calls = [call for depth in depths for call in depth]
    once = len({id(call.operation) for call in calls}) == len(calls)
    return once and all(len(depth) == 1 for depth in depths) and all(len(call.input_tensors) <= 1 for call in calls)


def _slice(listed: list[Any], layer_range: Sequence[str] | None) -> slice:
    if layer_range is None:
        return slice(None)
    if isinstance(layer_range, str) or len(layer_range) != 2 or not all(isinstance(end, str) for end in layer_range):
        raise ValueError(
            "`layer_range` must be two texts, the first and the last layer to list, each a layer's name or a regular "
            f"expression. Received: layer_range={layer_range!r}"
        )
    first, last = (_matches(listed, end, layer_range) for end in layer_range)
    begin, end = (first[0], last[-1]) if first[0] <= last[-1] else (last[0], first[-1])
    return slice(begin, end + 1)


def _matches(listed: list[Any], pattern: str, layer_range: Sequence[str]) -> list[int]:
    try:
        found = [index for index, layer in enumerate(listed) if re.match(pattern, layer.name)]
    except re.error as error:
        raise ValueError(
            f"`layer_range` holds {pattern!r}, which is no regular expression: {error}. "
            f"Received: layer_range={layer_range!r}"
        ) from None
    if not found:
        names = ", ".join(layer.name for layer in listed[:20])
        raise ValueError(
            f"`layer_range` holds {pattern!r}, which matches no layer of the model; its layers are {names}"
            f"{', …' if len(listed) > 20 else ''}. Received: layer_range={layer_range!r}"
        )
    return found


def _rows(model: Any, listed: list[Any], expand_nested: bool) -> tuple[Row, ...]:
    inside_model = {id(call) for depth in calls_by_depth(model) for call in depth}
    return tuple(_row(layer, inside_model, expand_nested) for layer in listed)


def _row(layer: Any, inside_model: set[int], expand_nested: bool) -> Row:
    calls = [call for call in calls_of(layer) if id(call) in inside_model]
    nested = expand_nested and bool(getattr(layer, "layers", ()))
    return Row(
        name=layer.name,
        class_name=type(layer).__name__,
        shape=shape_text(layer, calls),
        params=parameters(layer),
        connections=tuple(_place(tensor) for call in calls for tensor in call.input_tensors),
        trainable=bool(getattr(layer, "trainable", True)),
        inside=_rows(layer, operations_of(layer), expand_nested) if nested else (),
    )


def _place(tensor: Any) -> str:
    operation, call, output = origin(tensor)
    return f"{operation.name}[{call}][{output}]"


def parameters(layer: Any) -> int | None:
    """Count a layer's parameters; `None` if it is not built."""
    if not hasattr(layer, "count_params"):
        return 0
    return int(layer.count_params()) if layer.built else None


def shape_text(layer: Any, calls: list[Any]) -> str:
    """Write a layer's output shape: a tuple, or a list or dict of them.

    Args:
        layer: A layer or operation.
        calls: Its calls in the model at hand; empty outside a graph.

    Returns:
        The shape, `SEVERAL` if the calls differ, `UNKNOWN` if nothing is known.
    """
    texts = {_call_shape(layer, call) for call in calls}
    if texts:
        return texts.pop() if len(texts) == 1 else SEVERAL
    try:
        given = getattr(layer, "output_shape", None) or layer.compute_output_shape(**_required(layer))
    except (AttributeError, NotImplementedError, RuntimeError, TypeError, ValueError):
        return UNKNOWN  # what Keras and authors of layers raise where a shape is not to be had
    return str(keras.tree.map_shape_structure(tuple, given))


def _required(layer: Any) -> dict[str, Any]:
    shapes = shapes_at_build(layer)
    if not shapes:
        raise ValueError(f"{layer.name} has not been built")
    return shapes


def _call_shape(layer: Any, call: Any) -> str:
    shapes = [tuple(tensor.shape) for tensor in call.output_tensors]
    if isinstance(layer, keras.layers.InputLayer):
        return str(shapes)
    if isinstance(layer, keras.Model):
        return str(structured_like_outputs(layer, shapes))
    return str(shapes[0] if len(shapes) == 1 else shapes)


def _total(label: str, weights: list[Any]) -> Total:
    once = {id(weight): weight for weight in weights}.values()
    counts = [(math.prod(weight.shape), tf.as_dtype(weight.dtype).size) for weight in once]
    return Total(label, sum(count for count, _ in counts), sum(count * size for count, size in counts))
