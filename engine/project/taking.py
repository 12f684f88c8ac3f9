"""Which tensors the call of a layer takes, in order, by name or as a list; calls that keep each where it belongs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias, TypeVar

from msgspec.structs import replace

from kerastui.engine.catalog.catalog import catalog
from kerastui.engine.project.document import MODEL, Call, Graph, Layer, Project, Spec, Value
from kerastui.engine.project.graph import Wire, rewired, wires_into

T = TypeVar("T")

_Names: TypeAlias = "tuple[str | _Names, ...]"
"""Names of states, those of a stacked cell in a tuple of their own where it has several."""

STATES = {
    "SimpleRNN": ("h",),
    "GRU": ("h",),
    "LSTM": ("h", "c"),
    "ConvLSTM1D": ("h", "c"),
    "ConvLSTM2D": ("h", "c"),
    "ConvLSTM3D": ("h", "c"),
}
"""States of recurrent layers, in the order of `initial_state`."""


def model_of(project: Project, layer: Layer) -> Graph | None:
    """Return the graph that a layer of the project stands for, `None` if it is a layer of another class."""
    return project.models.get(str(layer.config.get("model", ""))) if layer.class_name == MODEL else None


def model_id(project: Project, key: str) -> str | None:
    """Return the id of the model that a call applies, `None` if it is no call of a model of the project."""
    call = project.graph.calls.get(key)
    layer = project.graph.layers[call.layer] if call else None
    return str(layer.config["model"]) if layer and model_of(project, layer) else None


def takers(project: Project, key: str) -> tuple[list[str], list[str]]:
    """Return the names of the tensors that a call takes in order where it tells several apart, and of those by name."""
    call = project.graph.calls[key]
    layer = project.graph.layers[call.layer]
    model, entry = model_of(project, layer), catalog().layer(layer.class_name)
    if model is not None:
        return (list(model.inputs) if len(model.inputs) > 1 else []), []
    if entry is None:
        return [], []
    ordered = [name for name in entry.tensors if name not in call.arguments] if entry.inputs == "many" else []
    return ordered, list(entry.named)


def takes_one(project: Project, key: str) -> bool:
    """Tell whether a call takes a single tensor, so that another wire takes the place of the one that is there."""
    layer = project.graph.layers[project.graph.calls[key].layer]
    model, entry = model_of(project, layer), catalog().layer(layer.class_name)
    return len(model.inputs) == 1 if model is not None else entry is not None and entry.inputs == "one"


def takes_list(project: Project, key: str) -> bool:
    """Tell whether a call takes as many tensors as it gets, one of them several times too."""
    entry = catalog().layer(project.graph.layers[project.graph.calls[key].layer].class_name)
    return entry is not None and entry.inputs == "list"


def parts(layer: Layer, argument: str) -> tuple[str, ...]:
    """Return the names of the tensors that an argument takes as a list; none where it takes one.

    Args:
        layer: The layer whose call has the argument.
        argument: Name of the argument: `initial_state`, the `mask` of an attention.
    """
    if argument == "mask" and layer.class_name in ("Attention", "AdditiveAttention"):
        return ("query", "value")
    found = tuple(_leaves(_states_of(layer))) if argument == "initial_state" else ()
    return found if len(found) > 1 else ()


def nested(layer: Layer, argument: str, items: Sequence[T]) -> list[Any]:
    """Return the tensors of an argument as its layer takes them: states of a stacked cell are a list of their own.

    Args:
        layer: The layer whose call has the argument.
        argument: Name of the argument.
        items: What stands for each tensor, in order.
    """
    names = _states_of(layer) if argument == "initial_state" else ()
    left = iter(items)
    return _filled(names, left) if len([*_leaves(names)]) == len(items) else list(items)


def _filled(names: _Names, left: Iterator[T]) -> list[Any]:
    return [_filled(name, left) if isinstance(name, tuple) else next(left) for name in names]


def _leaves(names: _Names) -> Iterator[str]:
    for name in names:
        yield from _leaves(name) if isinstance(name, tuple) else (name,)


def _states_of(layer: Layer) -> _Names:
    return _states(Spec(layer.class_name, layer.config))


def _states(value: Value) -> _Names:
    """Return the states of a recurrent layer or cell as it takes them, none where they are not known."""
    if isinstance(value, tuple):
        cells = [_states(cell) for cell in value]
        each = [_within(f"cell {at}", states) for at, states in enumerate(cells, 1)]
        return tuple(states[0] if len(states) == 1 else states for states in each) if all(cells) else ()
    if not isinstance(value, Spec):
        return ()
    if value.class_name == "Bidirectional":
        forward = value.config.get("layer")
        ways = {"forward": forward, "backward": value.config.get("backward_layer") or forward}
        return tuple(state for way, layer in ways.items() for state in _within(way, _states(layer)))
    if value.class_name in ("RNN", "StackedRNNCells"):
        return _states(value.config.get("cell" if value.class_name == "RNN" else "cells"))
    return STATES.get(value.class_name.removesuffix("Cell"), ())


def _within(name: str, states: _Names) -> _Names:
    return tuple(_within(name, each) if isinstance(each, tuple) else f"{name} {each}" for each in states)


def argument_labels(project: Project, key: str) -> list[str]:
    """Return the name of what takes each wire into a call, in order of the slots; `""` where there is one way alone."""
    call = project.graph.calls[key]
    layer = project.graph.layers[call.layer]
    ordered = [name for name in takers(project, key)[0] if name not in call.named]
    labels = [*ordered[: len(call.inputs)], *[""] * (len(call.inputs) - len(ordered))]
    for argument, source in call.named.items():
        if isinstance(source, str):
            labels.append(argument)
        else:
            names = parts(layer, argument)
            labels += [f"{argument} {names[at]}" if at < len(names) else argument for at in range(len(source))]
    return labels


def given_to(model: Graph, call: Call) -> list[str]:
    """Return the sources that a call gives to a model of the project, in the order of its inputs.

    One that is given by name is at the input of that id; what is too many stands at the end.
    """
    sources = dict(zip(model.inputs, call.inputs, strict=False))
    sources |= {name: each for name, each in call.named.items() if name in model.inputs and isinstance(each, str)}
    return [*(sources[name] for name in model.inputs if name in sources), *call.inputs[len(model.inputs) :]]


def spelled(call: Call, names: Sequence[str]) -> Call:
    """Return a call that takes all its tensors by name, in the same slots; the call itself where it has too many.

    Args:
        call: The call.
        names: Names of the tensors that it takes in order, as `takers` tells them.
    """
    free = [name for name in names if name not in call.named]
    if len(call.inputs) > len(free):
        return call
    return replace(call, inputs=(), named={**dict(zip(free, call.inputs, strict=False)), **call.named})


def in_order(call: Call, names: Sequence[str]) -> Call:
    """Return a spelled call with its tensors in order as far as none is missing; what is behind a gap has its name."""
    if call.inputs:
        return call
    inputs: list[str] = []
    for name in names:
        source = call.named.get(name)
        if not isinstance(source, str):
            break
        inputs.append(source)
    left = {name: source for name, source in call.named.items() if name not in names[: len(inputs)]}
    return replace(call, inputs=tuple(inputs), named=left)


def behind(project: Project, key: str, slot: int) -> list[Wire]:
    """Return the wires of a call that go with one that is cut: each would pass for the part of a list before it.

    Args:
        project: The project.
        key: Id of the call.
        slot: Which of its wires is cut.
    """
    wires, layer = wires_into(project.graph, key), project.graph.layers[project.graph.calls[key].layer]
    if not parts(layer, wires[slot].argument):
        return []
    return [wire for wire in wires[slot + 1 :] if wire.argument == wires[slot].argument]


def refed(project: Project, key: str, ends: Sequence[str | None]) -> Call:
    """Return a call with other sources, as `rewired` does; where one is taken away, the others keep their arguments.

    Args:
        project: The project.
        key: Id of the call.
        ends: The source of each of its wires, in order of their slots; `None` takes the wire away.
    """
    call, (names, _) = project.graph.calls[key], takers(project, key)
    if None not in ends:
        return rewired(call, ends)
    gone = {wire.slot for slot, end in enumerate(ends) if end is None for wire in behind(project, key, slot)}
    left = [None if slot in gone else end for slot, end in enumerate(ends)]
    return in_order(rewired(spelled(call, names), left), names)
