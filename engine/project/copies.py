"""Commands that copy: layers of their own, or further calls of the same layer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec.structs import replace

from kerastui.engine.project.document import Call, Graph, Project
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.graph import (
    free_id,
    layer_name,
    node_name,
    nodes,
    rewired,
    taken_names,
    wired,
    wires_into,
)


def duplicate(project: Project, keys: Sequence[str]) -> tuple[Project, list[str]]:
    """Copy inputs and calls with layers of their own.

    Wires between the copied ones are copied too; wires from elsewhere come from the same place. Nothing is fed by the
    copies yet.

    Args:
        project: The project.
        keys: Ids of inputs and calls.

    Returns:
        The new project and the ids of the copies, in the graph's order.

    Raises:
        EditError: There is no such input or call.
    """
    graph = project.graph
    known = list(nodes(graph))
    for key in keys:
        if key not in known:
            raise EditError(f"there is no input or layer {key}")
    taken = taken_names(graph)
    layers: dict[str, str] = {}
    copies: dict[str, str] = {}
    for key in (each for each in known if each in set(keys)):
        call = graph.calls.get(key)
        copies[key] = free_id(_stem(node_name(graph, key)), taken)
        taken.add(copies[key])
        if call is not None:
            layers.setdefault(call.layer, copies[key])
    return replace(project, graph=_copied(graph, copies, layers)), list(copies.values())


def share(project: Project, key: str, source: str | None = None) -> tuple[Project, str]:
    """Call the layer of a call once more: the same weights on another input.

    Args:
        project: The project.
        key: Id of a call.
        source: Id of the input or call that feeds the new call; none feeds it when `None`.

    Returns:
        The new project and the id of the new call.

    Raises:
        EditError: It is an input, or there is no such source.
    """
    graph = project.graph
    if key not in graph.calls:
        raise EditError(f"{node_name(graph, key)} is an input: only a layer can be shared")
    if source is not None and source not in set(nodes(graph)):
        raise EditError(f"there is no input or layer {source}")
    layer = graph.calls[key].layer
    new = free_id(_stem(layer_name(graph, layer)), taken_names(graph))
    calls = {**graph.calls, new: Call(layer, () if source is None else (source,))}
    return replace(project, graph=replace(graph, calls=calls)), new


def _stem(name: str) -> str:
    """Return a name without the number that made it unique: `dense` of `dense_2`."""
    return re.sub(r"_\d+$", "", name)


def _copied(graph: Graph, copies: dict[str, str], layers: dict[str, str]) -> Graph:
    inputs, calls, kept = dict(graph.inputs), dict(graph.calls), dict(graph.layers)
    for layer, new in layers.items():
        kept[new] = replace(graph.layers[layer], name="")
    for key, new in copies.items():
        if key in graph.inputs:
            inputs[new] = replace(graph.inputs[key], name="")
        else:
            call = graph.calls[key]
            ends = [wired(copies.get(wire.source, wire.source), wire.port) for wire in wires_into(graph, key)]
            calls[new] = replace(rewired(call, ends), layer=layers[call.layer])
    return replace(graph, inputs=inputs, layers=kept, calls=calls)
