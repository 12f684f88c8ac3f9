"""Commands that give layers another class, or freeze them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from kerastui.engine.catalog.catalog import Entry, catalog
from kerastui.engine.catalog.check import check_value
from kerastui.engine.project.document import MODEL, Call, Layer, Project, Value
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.graph import calls_of, node_name

TRAINABLE = "trainable"


def swap(
    project: Project, key: str, class_name: str, starting: Mapping[str, Value] | None = None
) -> tuple[Project, list[str]]:
    """Give the layer of a call another class; wires, name and the arguments that fit stay.

    An argument fits if the new class has one of that name that takes its value; a tensor by name if the new class takes
    one of that name.

    Args:
        project: The project.
        key: Id of a call; the other calls of its layer change with it.
        class_name: Name of the new class.
        starting: Arguments of the new class that are set where the layer had none that fits.

    Returns:
        The new project and the names of the arguments that were dropped.

    Raises:
        EditError: It is an input, or there is no such class.
    """
    graph = project.graph
    if key not in graph.calls:
        raise EditError(f"{node_name(graph, key)} is an input, which has no class")
    entry = catalog().layer(class_name)
    if entry is None:
        raise EditError(f"there is no layer {class_name}")
    layer = graph.layers[graph.calls[key].layer]
    fitting = {
        name: value
        for name, value in layer.config.items()
        if (argument := entry.argument(name)) is not None and not check_value(argument, value)
    }
    config = {**(starting or {}), **fitting}
    changed = Layer(class_name, config, layer.name)
    calls = dict(graph.calls)
    for call in calls_of(graph, graph.calls[key].layer):
        calls[call] = _fitting_call(calls[call], entry)
    layers = {**graph.layers, graph.calls[key].layer: changed}
    dropped = [name for name in layer.config if name not in fitting and layer.class_name != MODEL]
    return replace(project, graph=replace(graph, layers=layers, calls=calls)), dropped


def _fitting_call(call: Call, entry: Entry) -> Call:
    """Return a call without the tensors and values by name that a class does not take."""
    tensors, options = {*entry.tensors, *entry.named}, {option.name: option for option in entry.options}
    return replace(
        call,
        named={name: source for name, source in call.named.items() if name in tensors},
        arguments={
            name: value
            for name, value in call.arguments.items()
            if name in options and not check_value(options[name], value)
        },
    )


def freeze(project: Project, keys: Sequence[str], frozen: bool | None = None) -> Project:
    """Keep layers from being trained, or train them again.

    Args:
        project: The project.
        keys: Ids of calls; all calls of a shared layer change with one.
        frozen: Whether they are frozen afterwards; `None` freezes them unless all are.

    Raises:
        EditError: None of them is a layer that can have weights.
    """
    graph = project.graph
    wanted = dict.fromkeys(graph.calls[key].layer for key in keys if key in graph.calls)
    layers = {key: graph.layers[key] for key in wanted if _can_freeze(graph.layers[key])}
    if not layers:
        raise EditError("only layers can be frozen; an input or a function has no weights")
    if frozen is None:
        frozen = not all(is_frozen(layer) for layer in layers.values())
    changed = {key: _frozen(layer, frozen) for key, layer in layers.items()}
    return replace(project, graph=replace(graph, layers={**graph.layers, **changed}))


def is_frozen(layer: Layer) -> bool:
    """Tell whether a layer is kept from being trained."""
    return layer.config.get(TRAINABLE) is False


def as_frozen(layer: Layer) -> Layer:
    """Return a layer that is kept from being trained; one that cannot have weights as it is."""
    return _frozen(layer, True) if _can_freeze(layer) else layer


def _can_freeze(layer: Layer) -> bool:
    entry = catalog().layer(layer.class_name)
    return layer.class_name == MODEL or (entry is not None and entry.argument(TRAINABLE) is not None)


def _frozen(layer: Layer, frozen: bool) -> Layer:
    config = {name: value for name, value in layer.config.items() if name != TRAINABLE}
    return replace(layer, config={**config, TRAINABLE: False} if frozen else config)
