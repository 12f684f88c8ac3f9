"""Questions about a graph: order, cycles, who feeds whom, which names are free."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from kerastui.engine.project.document import Call, Graph, Input, Layer
from kerastui.engine.project.plain import DocumentError

NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.-]*")
"""What TensorFlow takes as the name of a layer; Keras has it without a slash."""


class Wire(NamedTuple):
    """Name one tensor that a call takes.

    Args:
        source: Id of the input or call it comes from.
        port: Name of the output of that call, `""` for the first.
        target: Id of the call.
        argument: Name of the argument that takes it, `""` for one of the inputs in order.
        slot: Which of the call's wires it is, from 0: the inputs first, then those by name.
    """

    source: str
    port: str
    target: str
    argument: str
    slot: int


def node_of(source: str) -> str:
    """Return the id of the input or call that a source names: `lstm` of `lstm:1`."""
    return source.partition(":")[0]


def port_of(source: str) -> str:
    """Return the output that a source names: `1` of `lstm:1`, `""` for the first."""
    return source.partition(":")[2]


def wired(node: str, port: str = "") -> str:
    """Return the source that names an output of a node."""
    return f"{node}:{port}" if port else node


def rewired(call: Call, ends: Sequence[str | None]) -> Call:
    """Return a call with other sources.

    Args:
        call: The call.
        ends: The source of each of its wires, in order of their slots; `None` takes the wire away.
    """
    left = iter(ends)
    inputs = tuple(end for _ in call.inputs if (end := next(left)) is not None)
    named: dict[str, str | tuple[str, ...]] = {}
    for argument, source in call.named.items():
        if isinstance(source, str):
            end = next(left)
            named |= {argument: end} if end is not None else {}
        else:
            several = tuple(end for _ in source if (end := next(left)) is not None)
            named |= {argument: several} if several else {}
    return replace(call, inputs=inputs, named=named)


def with_call(graph: Graph, key: str, call: Call) -> Graph:
    """Return a graph with another call of an id, or one more."""
    return replace(graph, calls={**graph.calls, key: call})


def with_layer(graph: Graph, key: str, layer: Layer) -> Graph:
    """Return a graph with another layer of an id, or one more."""
    return replace(graph, layers={**graph.layers, key: layer})


def wires_into(graph: Graph, target: str) -> list[Wire]:
    """Return the wires that enter a call, in order of their slots; none for an input."""
    call = graph.calls.get(target)
    if call is None:
        return []
    found = [("", source) for source in call.inputs]
    for argument, named in call.named.items():
        found += [(argument, source) for source in ((named,) if isinstance(named, str) else named)]
    return [Wire(node_of(item), port_of(item), target, name, slot) for slot, (name, item) in enumerate(found)]


def nodes(graph: Graph) -> Iterator[str]:
    """Yield the ids of all inputs and calls, inputs first."""
    yield from graph.inputs
    yield from graph.calls


def node_name(graph: Graph, node: str) -> str:
    """Return the name shown for an input or a call; a shared layer has one name for all its calls."""
    if node in graph.inputs:
        return graph.inputs[node].name or node
    if node in graph.calls:
        return layer_name(graph, graph.calls[node].layer)
    return node


def layer_name(graph: Graph, layer: str) -> str:
    """Return the name of a layer, which is its id unless it was renamed."""
    return graph.layers[layer].name or layer if layer in graph.layers else layer


def keras_name(project: str) -> str:
    """Return the name of a project as Keras takes it for a model."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in project) or "model"


def sources(graph: Graph, node: str) -> tuple[str, ...]:
    """Return the ids of the inputs and calls that feed a node, in order, each once."""
    return tuple(dict.fromkeys(wire.source for wire in wires_into(graph, node)))


def consumers(graph: Graph, node: str) -> list[str]:
    """Return the ids of the calls that a node feeds, in the graph's order."""
    return [key for key in graph.calls if node in sources(graph, key)]


def calls_of(graph: Graph, layer: str) -> list[str]:
    """Return the ids of a layer's calls, in the graph's order."""
    return [key for key, call in graph.calls.items() if call.layer == layer]


def upstream(graph: Graph, node: str) -> set[str]:
    """Return the ids of everything a node's value depends on, itself included."""
    seen: set[str] = set()
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            waiting.extend(sources(graph, current))
    return seen


def order(graph: Graph, place: tuple[str, ...] = ("graph",)) -> list[str]:
    """Return the ids of all inputs and calls so that each comes after what feeds it.

    Args:
        graph: The graph.
        place: Keys that lead to it.

    Raises:
        DocumentError: The graph has a cycle; the message names its nodes.
    """
    done: dict[str, None] = {}
    for start in nodes(graph):
        path: list[str] = []
        on_path: set[str] = set()
        waiting = [(start, False)]
        while waiting:
            node, leaving = waiting.pop()
            if leaving:
                path.pop()
                on_path.discard(node)
                done[node] = None
            elif node in on_path:
                loop = [*path[path.index(node) :], node]
                raise DocumentError(f"{' ← '.join(loop)} is a cycle; cut one of its wires", (*place, "calls", node))
            elif node not in done:
                path.append(node)
                on_path.add(node)
                waiting.append((node, True))
                waiting.extend((source, False) for source in reversed(sources(graph, node)))
    return list(done)


def check_references(graph: Graph, place: tuple[str, ...] = ("graph",)) -> None:
    """Check that every id the graph mentions is there, that none stands for two things, and that there is no cycle.

    Args:
        graph: The graph.
        place: Keys that lead to it.

    Raises:
        DocumentError: With the path of the offending entry.
    """
    known = set(nodes(graph))
    for key, call in graph.calls.items():
        path = (*place, "calls", key)
        if key in graph.inputs:
            raise DocumentError(f"`{key}` is an input and a call; give one of them another id", path)
        if call.layer not in graph.layers:
            raise DocumentError(f"there is no layer `{call.layer}` for this call", (*path, "layer"))
        for wire in wires_into(graph, key):
            if wire.source not in known:
                where = ("named", wire.argument) if wire.argument else ("inputs",)
                what = f"there is no input or call `{wire.source}` to take a value from"
                raise DocumentError(what, (*path, *where))
    for name, source in graph.outputs.items():
        if node_of(source) not in known:
            what = f"there is no input or call `{node_of(source)}` for this output"
            raise DocumentError(what, (*place, "outputs", name))
    order(graph, place)


def free_id(wanted: str, taken: Collection[str]) -> str:
    """Return an id that is not taken: `dense`, then `dense_1`, `dense_2`, ….

    Args:
        wanted: A class name or an id; `"Conv2DTranspose"` becomes `conv2d_transpose`, as Keras names layers, and a
            class of the project's own, `"layers.ScaledTanh"`, `scaled_tanh`; `"ops.matmul"` becomes `matmul`.
        taken: Ids in use.
    """
    wanted = re.sub(r"^(?:ops\.|[A-Za-z_]\w*\.(?=[A-Z]))", "", wanted)
    base = re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", wanted)).lower()
    base = re.sub(r"\W+", "_", base).strip("_") or "layer"
    number = 0
    candidate = base
    while candidate in taken:
        number += 1
        candidate = f"{base}_{number}"
    return candidate


def stem(name: str) -> str:
    """Return a name without the number that made it unique: `dense` of `dense_2`."""
    return re.sub(r"_\d+$", "", name)


def taken_names(graph: Graph) -> set[str]:
    """Return every id and name in use, so that a new one clashes with none."""
    named: list[Input | Layer] = [*graph.inputs.values(), *graph.layers.values()]
    return {*graph.inputs, *graph.layers, *graph.calls, *(item.name for item in named if item.name)}


def dangling(graph: Graph) -> list[str]:
    """Return the ids whose value reaches no output."""
    used: set[str] = set()
    for source in graph.outputs.values():
        used |= upstream(graph, node_of(source))
    return [node for node in nodes(graph) if node not in used]
