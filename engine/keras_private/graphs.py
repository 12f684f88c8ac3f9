"""What Keras keeps of a graph of layers and shows nobody: calls, their order, and the tensors between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

__all__ = [
    "calls_by_depth",
    "calls_of",
    "name_operations",
    "operations_of",
    "origin",
    "shapes_at_build",
    "structured_like_outputs",
]


def calls_of(operation: Any) -> list[Any]:
    """Every call of a layer or operation on symbolic tensors, in order; also those of other models that share it.

    Each has `operation`, `input_tensors` and `output_tensors`. There is no public list of them.
    """
    return list(getattr(operation, "_inbound_nodes", ()))


def calls_by_depth(model: Any) -> list[list[Any]]:
    """The calls that make up a functional or built sequential model, those furthest from the output first.

    Returns:
        One list for each depth; empty for a model that is not a graph.
    """
    graph = getattr(model, "_functional", None) or model
    return [list(calls) for _, calls in sorted(getattr(graph, "_nodes_by_depth", {}).items(), reverse=True)]


def operations_of(model: Any) -> list[Any]:
    """What a summary of `model` lists: its layers and, in a graph, the operations between them."""
    return list(getattr(model, "_operations", None) or model.layers)


def origin(tensor: Any) -> tuple[Any, int, int]:
    """Say which operation made a symbolic tensor, in which of its calls, and as which of its outputs."""
    operation, call, output = tensor._keras_history
    return operation, call, output


def name_operations(name: str, outputs: Sequence[Any], inputs: Sequence[Any]) -> None:
    """Name the operations between two groups of symbolic tensors; Keras numbers them through the whole process.

    Args:
        name: Name of the operation that gives the first output; those before it get `name_1`, `name_2`, ….
        outputs: Tensors that were computed.
        inputs: Tensors that they were computed from.
    """
    known = {id(tensor) for tensor in inputs}
    named: dict[int, Any] = {}
    waiting = list(reversed(outputs))
    while waiting:
        tensor = waiting.pop()
        operation, call, _ = origin(tensor)
        if id(tensor) in known or id(operation) in named or isinstance(operation, keras.layers.Layer):
            continue
        operation.name = f"{name}_{len(named)}" if named else name
        named[id(operation)] = operation
        waiting.extend(reversed(calls_of(operation)[call].input_tensors))


def shapes_at_build(layer: Any) -> dict[str, Any]:
    """The shapes that a layer was built for, by argument name; all that is known of a layer outside a graph."""
    return dict(getattr(layer, "_build_shapes_dict", None) or {})


def structured_like_outputs(model: Any, values: list[Any]) -> Any:
    """Arrange one value for each output of a functional model as the model arranges its outputs; else a list."""
    structure = getattr(getattr(model, "_functional", None) or model, "_outputs_struct", values)
    return keras.tree.pack_sequence_as(structure, values)
