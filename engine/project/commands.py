"""Commands for the graph: what a person does to it, as functions from project to project.

None of them touches the project it is given. Each raises `EditError` with a message fit for the screen when what is
asked cannot be done. `Workspace.do` makes an edit of the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from msgspec.structs import replace

from kerastui.engine.project.document import Call, Graph, Input, Layer, Project, Value
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.graph import (
    NAME,
    Wire,
    calls_of,
    consumers,
    free_id,
    layer_name,
    node_of,
    nodes,
    port_of,
    rewired,
    taken_names,
    upstream,
    wired,
    wires_into,
    with_call,
    with_layer,
)
from kerastui.engine.project.taking import in_order, refed, spelled, takers
from kerastui.engine.project.weights import started_new

T = TypeVar("T")


def add_input(project: Project, shape: tuple[int | None, ...], dtype: str = "float32") -> tuple[Project, str]:
    """Add an input.

    Args:
        project: The project.
        shape: Shape of one sample, without the batch axis.
        dtype: Data type of the tensor.

    Returns:
        The new project and the id of the input.
    """
    graph = project.graph
    key = free_id("input", taken_names(graph))
    return _with(project, replace(graph, inputs={**graph.inputs, key: Input(shape, dtype)})), key


def add_layer(
    project: Project, class_name: str, config: Mapping[str, Value] | None = None, after: str | None = None
) -> tuple[Project, str]:
    """Add a layer and its call, fed by the node it is added after.

    The wires that are there stay. An output that was taken from the end of a chain moves on to the new end.

    Args:
        project: The project.
        class_name: Name of a `keras.layers` class.
        config: Its arguments that differ from the default.
        after: Id of the input or call that feeds it; none feeds it when `None`.

    Returns:
        The new project and the id of the new call.
    """
    graph = project.graph
    _known(graph, after)
    key = free_id(class_name, taken_names(graph))
    outputs = graph.outputs
    if after is not None and not consumers(graph, after):
        outputs = {name: key if source == after else source for name, source in outputs.items()}
    graph = replace(
        graph,
        layers={**graph.layers, key: Layer(class_name, dict(config or {}))},
        calls={**graph.calls, key: Call(key, () if after is None else (after,))},
        outputs=outputs,
    )
    return started_new(_with(project, graph), [key]), key


def insert_layer(
    project: Project, class_name: str, config: Mapping[str, Value] | None, source: str, target: str, slot: int = -1
) -> tuple[Project, str]:
    """Add a layer on the wire between two nodes.

    Args:
        project: The project.
        class_name: Name of a `keras.layers` class.
        config: Its arguments that differ from the default.
        source: Id of the node the wire comes from.
        target: Id of the call it enters.
        slot: Which of the target's wires it is; -1 is the first from the source, and those that take the same.

    Returns:
        The new project and the id of the new call.

    Raises:
        EditError: There is no such wire.
    """
    graph = project.graph
    wire = _wire(graph, source, target, slot)
    key = free_id(class_name, taken_names(graph))
    before = wired(wire.source, wire.port)
    ends: list[str | None] = []
    for item in wires_into(graph, target):
        end = wired(item.source, item.port)
        ends.append(key if item.slot == wire.slot or (slot < 0 and end == before) else end)
    calls = {**graph.calls, target: rewired(graph.calls[target], ends), key: Call(key, (before,))}
    layers = {**graph.layers, key: Layer(class_name, dict(config or {}))}
    return started_new(_with(project, replace(graph, layers=layers, calls=calls)), [key]), key


def connect(
    project: Project, source: str, target: str, single: bool = False, argument: str = "", slot: int = -1
) -> Project:
    """Draw a wire from a node to a call.

    Args:
        project: The project.
        source: The source, an id and perhaps an output: `"lstm"`, `"lstm:1"`.
        target: Id of the call that takes it.
        single: What takes it takes one tensor: a wire that is there is replaced.
        argument: Name of the argument that takes it, `""` for the inputs in order.
        slot: Which of the tensors of the argument it is, also where the source is another one already (an attention of
            something to itself, a product of something with itself); -1 adds it to them.

    Raises:
        EditError: The wire is there already, or would close a cycle, or the target is an input.
    """
    graph, start = project.graph, node_of(source)
    _known(graph, start)
    if target not in graph.calls:
        raise EditError(f"{target} is an input: nothing can feed it")
    if start == target or target in upstream(graph, start):
        raise EditError(f"{target} already feeds {start}: the wire would close a cycle")
    names, _ = takers(project, target)
    call = spelled(graph.calls[target], names) if argument in names else graph.calls[target]
    named = call.named.get(argument, ())
    there = call.inputs if not argument else (named,) if isinstance(named, str) else named
    if source in there and slot < 0:
        raise EditError(f"{source} already feeds {target}")
    ends = (source,) if single or argument in names else (*there, source)
    if slot >= 0:
        ends = (*there[:slot], source, *there[slot + 1 :])
    if argument:
        call = in_order(replace(call, named={**call.named, argument: ends[0] if len(ends) == 1 else ends}), names)
    else:
        call = replace(call, inputs=ends)
    return _with(project, with_call(graph, target, call))


def disconnect(project: Project, source: str, target: str, slot: int = -1) -> Project:
    """Cut the wires from a node to a call; what is left keeps the arguments that take it.

    Of a list that an argument takes, such as the states of an LSTM, what stands behind the wire goes too.

    Args:
        project: The project.
        source: Id of the node they come from.
        target: Id of the call.
        slot: Which of the target's wires is cut; -1 cuts all from the source.

    Raises:
        EditError: There is no such wire.
    """
    graph = project.graph
    _wire(graph, source, target, slot)
    ends = [
        None if wire.source == source and slot in (-1, wire.slot) else wired(wire.source, wire.port)
        for wire in wires_into(graph, target)
    ]
    call = refed(project, target, ends)
    return _with(project, with_call(graph, target, call))


def delete(project: Project, keys: Iterable[str]) -> Project:
    """Delete inputs and calls; what a deleted call with one source fed is fed by that source.

    A layer goes with its last call, settings of an output with the output.
    """
    for key in keys:
        project = _deleted(project, key)
    return project


def rename(project: Project, key: str, name: str) -> Project:
    """Give an input or a layer another name; its id, and so every wire and every setting, stays.

    Args:
        project: The project.
        key: Id of an input or a call.
        name: The new name: letters, digits, `_`, `-` and `.`, the first a letter, a digit or `.`.

    Raises:
        EditError: The name is empty, has other characters, or is taken.
    """
    graph = project.graph
    _known(graph, key)
    layer = graph.calls[key].layer if key in graph.calls else key
    if not NAME.fullmatch(name):
        raise EditError(f"a name is made of letters, digits, _, - and ., and begins with no _ or -. Received: {name!r}")
    own = {layer, key, graph.inputs[key].name if key in graph.inputs else graph.layers[layer].name}
    if name in taken_names(graph) - own:
        raise EditError(f"{name} is the name of another layer or input")
    stored = "" if name == layer else name
    if key in graph.inputs:
        inputs = {**graph.inputs, key: replace(graph.inputs[key], name=stored)}
        return _with(project, replace(graph, inputs=inputs))
    return _with(project, with_layer(graph, layer, replace(graph.layers[layer], name=stored)))


def set_argument(project: Project, layer: str, argument: str, value: Value) -> Project:
    """Set an argument of a layer.

    Raises:
        EditError: There is no such layer.
    """
    found = _layer(project.graph, layer)
    return _with(project, with_layer(project.graph, layer, replace(found, config={**found.config, argument: value})))


def reset_argument(project: Project, layer: str, argument: str) -> Project:
    """Put an argument of a layer back to its default.

    Raises:
        EditError: There is no such layer.
    """
    found = _layer(project.graph, layer)
    config = {key: value for key, value in found.config.items() if key != argument}
    return _with(project, with_layer(project.graph, layer, replace(found, config=config)))


def set_input(project: Project, key: str, shape: tuple[int | None, ...], dtype: str) -> Project:
    """Set shape and data type of an input.

    Raises:
        EditError: There is no such input, or a size is below 1.
    """
    graph = project.graph
    if key not in graph.inputs:
        raise EditError(f"there is no input {key}")
    if any(size is not None and size < 1 for size in shape):
        raise EditError(f"a size is 1 or more, or ? where unknown. Received: shape={shape}")
    inputs = {**graph.inputs, key: replace(graph.inputs[key], shape=shape, dtype=dtype)}
    return _with(project, replace(graph, inputs=inputs))


def toggle_output(project: Project, source: str) -> Project:
    """Make what a call gives an output of the graph, or take that back; settings of the output go with it.

    Args:
        project: The project.
        source: Id of a call or input, and perhaps which of its outputs; an id alone takes all of them back.

    Raises:
        EditError: There is no such call.
    """
    graph, key = project.graph, node_of(source)
    _known(graph, key)
    names = [
        name for name, end in graph.outputs.items() if end == source or (not port_of(source) and node_of(end) == key)
    ]
    if names:
        outputs = _without(graph.outputs, set(names))
        return without_outputs(_with(project, replace(graph, outputs=outputs)), names)
    layer = graph.calls[key].layer if key in graph.calls else key
    wanted = f"{layer_name(graph, layer)}_{port_of(source)}" if port_of(source) else layer_name(graph, layer)
    name = free_id(wanted, graph.outputs)
    return _with(project, replace(graph, outputs={**graph.outputs, name: source}))


def _deleted(project: Project, key: str) -> Project:
    graph = project.graph
    _known(graph, key)
    call = graph.calls.get(key)
    heir = call.inputs[0] if call is not None and len(call.inputs) == 1 and not call.named else None
    calls = {other: _bypassed(project, other, key, heir) for other in graph.calls if other != key}
    outputs = {
        name: heir if node_of(source) == key else source
        for name, source in graph.outputs.items()
        if node_of(source) != key
        or (heir is not None and node_of(heir) in graph.calls and heir not in graph.outputs.values())
    }
    kept = replace(
        graph,
        inputs={other: item for other, item in graph.inputs.items() if other != key},
        calls=calls,
        outputs={name: source for name, source in outputs.items() if source is not None},
    )
    if call is not None and not calls_of(kept, call.layer):
        kept = replace(kept, layers={name: item for name, item in graph.layers.items() if name != call.layer})
    gone = [name for name in graph.outputs if name not in kept.outputs]
    project = replace(
        _with(project, kept),
        layout=_without(project.layout, {key}),
        notes=_without(project.notes, {key}),
        weights_from=_without(project.weights_from, set(graph.layers) - set(kept.layers)),
    )
    return without_outputs(project, gone)


def _bypassed(project: Project, target: str, gone: str, heir: str | None) -> Call:
    """Give a call what a node that goes was fed by; a call that does not tell its tensors apart takes it once."""
    call, wires = project.graph.calls[target], wires_into(project.graph, target)
    if all(wire.source != gone for wire in wires):
        return call
    names, ends = takers(project, target)[0], list[str | None]()
    for wire in wires:
        if wire.source != gone:
            ends.append(wired(wire.source, wire.port))
        else:
            ends.append(heir if (names or heir not in call.inputs) and not wire.port else None)
    return refed(project, target, ends)


def _wire(graph: Graph, source: str, target: str, slot: int) -> Wire:
    for wire in wires_into(graph, target):
        if wire.source == source and slot in (-1, wire.slot):
            return wire
    raise EditError(f"there is no wire from {source} to {target}")


def without_outputs(project: Project, names: Iterable[str]) -> Project:
    """Return a project without the settings of some outputs."""
    gone = set(names)
    compiled = project.compile
    return replace(
        project,
        compile=replace(
            compiled,
            losses=_without(compiled.losses, gone),
            metrics=_without(compiled.metrics, gone),
            loss_weights=_without(compiled.loss_weights, gone),
        ),
    )


def _without(items: Mapping[str, T], gone: set[str]) -> dict[str, T]:
    return {key: item for key, item in items.items() if key not in gone}


def _with(project: Project, graph: Graph) -> Project:
    return replace(project, graph=graph)


def _layer(graph: Graph, key: str) -> Layer:
    if key not in graph.layers:
        raise EditError(f"there is no layer {key}")
    return graph.layers[key]


def _known(graph: Graph, key: str | None) -> None:
    if key is not None and key not in set(nodes(graph)):
        raise EditError(f"there is no input or layer {key}")
