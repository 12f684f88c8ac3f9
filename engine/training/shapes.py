"""Inputs that cannot fit the model, found before the first step, where the message can still name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kerastui.engine.keras_private import KerasFunctional, keras


def check_inputs(model: Any, x: Any, argument: str = "x") -> None:
    """Refuse arrays whose shapes the inputs of a model cannot take.

    Looked at are the shapes of arrays, for a `Functional` or a built `Sequential` model. What is no array, and
    structures that do not match, are left to others.

    Args:
        model: A model, or any layer with a trainer.
        x: Its inputs, as given.
        argument: What the message calls them. Defaults to `"x"`.

    Raises:
        ValueError: If a shape does not fit; the message names the input.
    """
    graph = getattr(model, "_functional", None) or model
    if not isinstance(graph, KerasFunctional):
        return
    for tensor, array in _pairs(graph, x):
        shape = _shape(array)
        if shape is None or _fits(tuple(tensor.shape)[1:], shape[1:]):
            continue
        raise ValueError(
            f"`{argument}` does not fit the input {tensor.name!r} of the model {model.name!r}: expected the shape "
            f"{('samples', *tensor.shape[1:])}. Received: {argument} of shape {shape}"
        )


def _pairs(graph: Any, x: Any) -> Iterator[tuple[Any, Any]]:
    """Pair the inputs of a graph with what is given for them; nothing if that is not plain."""
    inputs = graph.inputs
    if isinstance(x, Mapping):
        named = graph.input if isinstance(graph.input, Mapping) else {tensor.name: tensor for tensor in inputs}
        yield from ((named[name], array) for name, array in x.items() if isinstance(named.get(name), keras.KerasTensor))
        return
    arrays = keras.tree.flatten(x)
    if len(arrays) == len(inputs):
        yield from zip(inputs, arrays, strict=True)


def _shape(array: Any) -> tuple[int | None, ...] | None:
    """Give the shape of an array with its rows, if it has one."""
    shape = getattr(array, "shape", None)
    if shape is None or getattr(shape, "rank", 0) is None:
        return None
    return tuple(shape) or None


def _fits(wanted: tuple[int | None, ...], found: tuple[int | None, ...]) -> bool:
    """Tell whether Keras takes this shape of a row: it adds or drops a last axis of 1."""
    if len(found) == len(wanted) + 1 and found[-1] == 1:
        found = found[:-1]
    elif len(found) == len(wanted) - 1 and wanted[-1] == 1:
        found = (*found, 1)
    return len(found) == len(wanted) and all(
        want is None or size is None or want == size for want, size in zip(wanted, found, strict=True)
    )
