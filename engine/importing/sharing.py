"""Which models inside a model cannot stay: those that share a layer with another graph, which a document cannot say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerastui.engine.keras_private import calls_by_depth


def dissolved(model: Any, is_graph: Callable[[Any], bool]) -> set[int]:
    """Return the models inside that must be dissolved so that each layer with weights is in one graph, by `id`.

    A layer of the document belongs to one graph. If an encoder is called in a tower and beside it, the tower is
    dissolved: then both calls are in one graph.

    Args:
        model: A functional or sequential model.
        is_graph: Tells whether a layer is a model that can be looked into.
    """
    apart: set[int] = set()
    while True:
        owners: dict[int, set[int]] = {}
        _collect(model, id(model), apart, owners, is_graph)
        shared = {owner for found in owners.values() if len(found) > 1 for owner in found} - {id(model)}
        if not shared:
            return apart
        apart |= shared


def _collect(
    model: Any, owner: int, apart: set[int], owners: dict[int, set[int]], is_graph: Callable[[Any], bool]
) -> None:
    """Note for each layer with weights the graphs that it is in."""
    for operation in {id(call.operation): call.operation for depth in calls_by_depth(model) for call in depth}.values():
        inner = is_graph(operation)
        if id(operation) in apart:
            _collect(operation, owner, apart, owners, is_graph)
        elif getattr(operation, "weights", None):
            seen = id(operation) in owners
            owners.setdefault(id(operation), set()).add(owner)
            if inner and not seen:
                _collect(operation, id(operation), apart, owners, is_graph)
