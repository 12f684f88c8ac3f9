"""Commands that make a model inside of some layers, and layers of a model inside again.

Starting weights are kept: where a layer moves to another place, `Project.weights_from` tells the path that it has in
the file of weights, so that neither grouping nor a name that had to be made free loses them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from kerastui.engine.catalog.catalog import catalog
from kerastui.engine.project.commands import without_outputs
from kerastui.engine.project.document import MODEL, Call, Graph, Input, Layer, Project, Value
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.graph import (
    calls_of,
    free_id,
    node_name,
    node_of,
    port_of,
    rewired,
    stem,
    taken_names,
    upstream,
    wired,
    wires_into,
)
from kerastui.engine.project.inside import place_of
from kerastui.engine.project.measures import renamed_monitor
from kerastui.engine.project.swapping import as_frozen, is_frozen
from kerastui.engine.project.taking import refed
from kerastui.engine.project.weights import put_inside, taken_out

T = TypeVar("T")

TRAINING = "training"
"""Argument of a call that holds for all that is inside of a model."""

UNKNOWN = Input((None,))
"""Input of a group whose tensor nobody knows yet; the engine tells when it does not fit."""


def group(
    project: Project, keys: Sequence[str], name: str = "", known: Mapping[str, Input] | None = None
) -> tuple[Project, str]:
    """Make a model of some calls, and call it in their place.

    Wires into the group become its inputs, wires out of it its outputs. Layers keep their ids, so that notes, positions
    and starting weights go with them.

    Args:
        project: The project.
        keys: Ids of calls.
        name: Name of the model; `""` is `model`, `model_1`, …; one that is taken gets a number.
        known: Shape and data type of sources, as far as they are known; inputs of the graph need none.

    Returns:
        The new project and the id of the call of the model.

    Raises:
        EditError: There is nothing to group, an input is among it, the group would close a cycle, or a layer of it is
            called outside of it too.
    """
    graph = project.graph
    inner = _checked(graph, keys)
    entering, inputs = _inputs(graph, inner, known or {})
    leaving = _leaving(graph, inner)
    outputs: dict[str, str] = {}
    for source in leaving:
        node = node_name(graph, node_of(source)) + (f"_{port_of(source)}" if port_of(source) else "")
        outputs[free_id(node, outputs)] = source
    calls = {key: _fed(graph, key, lambda source: entering.get(source, source)) for key in inner}
    layers = {call.layer: graph.layers[call.layer] for call in calls.values()}
    rest = replace(
        graph,
        calls={key: call for key, call in graph.calls.items() if key not in calls},
        layers={key: layer for key, layer in graph.layers.items() if key not in layers},
    )
    taken = taken_names(rest)
    new = free_id(name or "model", {*taken, *project.models})
    named = "" if name in {new, *taken} else name
    first = wired(new)
    ends = {source: wired(new, port) if at else first for at, (port, source) in enumerate(outputs.items())}
    outer = _put_in(graph, inner, new, Layer(MODEL, {"model": new}, named), tuple(entering))
    model = Graph(inputs, layers, calls, outputs)
    project = _resourced(replace(project, graph=outer, models={**project.models, new: model}), ends)
    places = {key: place_of(new, key) for key in calls}
    project = replace(
        project, layout=_carried(project.layout, places, False), notes=_carried(project.notes, places, False)
    )
    return replace(project, weights_from=put_inside(project, new, layers)), new


def ungroup(project: Project, key: str) -> tuple[Project, list[str]]:
    """Put the layers of a model inside in the place of the call of it.

    Names that are taken are made free with a number; a model that is called several times leaves shared layers. Those
    of a frozen model are frozen then, and `training=` of its call goes on to what takes it.

    Args:
        project: The project.
        key: Id of a call of a model.

    Returns:
        The new project and the ids of the calls that were inside. The model itself stays where another layer applies
        it, and until `inside.tidied` otherwise.

    Raises:
        EditError: It is no model.
    """
    graph = project.graph
    layer = graph.layers[graph.calls[key].layer] if key in graph.calls else None
    if layer is None or layer.class_name != MODEL:
        raise EditError(f"{node_name(graph, key)} is no model: there is nothing in it to take out")
    model_id = str(layer.config.get("model", ""))
    if model_id not in project.models:
        raise EditError(f"the model {model_id} is not in the project")
    model, owner = project.models[model_id], graph.calls[key].layer
    taken = taken_names(replace(graph, calls={}, layers={k: v for k, v in graph.layers.items() if k != owner}))
    taken |= {other for other, call in graph.calls.items() if call.layer != owner}
    wanted = {*model.layers, *model.calls}
    layer_ids = {inner: _free(inner, taken, wanted) for inner in model.layers}
    layers = {new: _renamed(model.layers[old], taken) for old, new in layer_ids.items()}
    if is_frozen(layer):
        layers = {new: as_frozen(each) for new, each in layers.items()}
    project = replace(project, graph=replace(graph, layers=_spliced(graph.layers, owner, layers)))
    opened: list[str] = []
    places: dict[str, str] = {}
    for number, each in enumerate(calls_of(graph, owner)):
        first = number == 0
        ids = {
            node: layer_ids[node] if first and node in layer_ids else _free(node, taken, wanted) for node in model.calls
        }
        project = _unfolded(project, each, model, ids, layer_ids)
        places |= {place_of(model_id, old): new for old, new in ids.items()} if first else {}
        opened += ids.values() if each == key else []
    project = replace(
        project, layout=_carried(project.layout, places, True), notes=_carried(project.notes, places, True)
    )
    return replace(project, weights_from=taken_out(project, owner, model_id, layer_ids)), opened


def rename_output(project: Project, model: str, name: str, new: str) -> Project:
    """Give an output another name; wires and settings that use it follow.

    Args:
        project: The whole project, not the view of a model.
        model: Id of the model it belongs to; `""` is the project's own graph.
        name: Its name.
        new: The new name: letters, digits and `_`, since metrics and wires are named by it.

    Raises:
        EditError: There is no such output, or the new name is taken or none.
    """
    graph = project.models[model] if model else project.graph
    if name not in graph.outputs:
        raise EditError(f"there is no output {name}")
    if not (new.isascii() and new.isidentifier()):
        raise EditError(f"the name of an output is made of letters, digits and _. Received: {new!r}")
    if new != name and new in graph.outputs:
        raise EditError(f"{new} is the name of another output")
    renamed = replace(graph, outputs=_with_key(graph.outputs, name, new))
    if not model:
        return _with_settings(replace(project, graph=renamed), name, new)
    models = {**project.models, model: renamed}
    return with_ports(replace(project, models=models), model, {name: new})


def _with_key(items: Mapping[str, T], old: str, new: str) -> dict[str, T]:
    return {new if key == old else key: item for key, item in items.items()}


def _with_settings(project: Project, old: str, new: str) -> Project:
    """Return a project in which the settings of an output, and the callbacks that watch it, have its new name.

    Args:
        project: The project, the output renamed already.
        old: Its name before.
        new: Its name.
    """
    compiled, data, fit = project.compile, project.data, project.fit
    columns = {
        name: replace(column, to=new) if column.to == old and column.role != "input" else column
        for name, column in data.columns.items()
    }
    compiled = replace(
        compiled,
        losses=_with_key(compiled.losses, old, new),
        metrics=_with_key(compiled.metrics, old, new),
        loss_weights=_with_key(compiled.loss_weights, old, new),
    )
    others = [name for name in project.graph.outputs if name != new]
    callbacks = tuple(renamed_monitor(callback, old, new, others) for callback in fit.callbacks)
    return replace(
        project, compile=compiled, data=replace(data, columns=columns), fit=replace(fit, callbacks=callbacks)
    )


def with_ports(project: Project, model: str, ports: Mapping[str, str]) -> Project:
    """Return a project in which the wires from calls of a model name its outputs anew.

    Args:
        project: The project.
        model: Id of the model.
        ports: New names by old ones; `""` is the first output.
    """
    return replace(
        project,
        graph=_with_ports(project.graph, model, ports),
        models={key: _with_ports(each, model, ports) for key, each in project.models.items()},
    )


def calls_of_model(graph: Graph, model: str) -> list[str]:
    """Return the ids of the calls in a graph that apply a model of the project."""
    layers = {key for key, layer in graph.layers.items() if layer.class_name == MODEL}
    applying = {key for key in layers if graph.layers[key].config.get("model") == model}
    return [key for key, call in graph.calls.items() if call.layer in applying]


def _with_ports(graph: Graph, model: str, ports: Mapping[str, str]) -> Graph:
    ends = {wired(key, old): wired(key, new) for key in calls_of_model(graph, model) for old, new in ports.items()}
    if not ends:
        return graph
    return replace(
        graph,
        calls={key: _fed(graph, key, lambda source: ends.get(source, source)) for key in graph.calls},
        outputs={name: ends.get(source, source) for name, source in graph.outputs.items()},
    )


def _checked(graph: Graph, keys: Sequence[str]) -> list[str]:
    """Return the calls to group in the graph's order, or say why they make no model."""
    for key in keys:
        if key in graph.inputs:
            raise EditError(f"{node_name(graph, key)} is an input of the graph, which stays outside of a group")
        if key not in graph.calls:
            raise EditError(f"there is no layer {key}")
    inner = [key for key in graph.calls if key in set(keys)]
    if not inner:
        raise EditError("there is nothing to group; select some layers")
    for key in inner:
        others = [other for other in calls_of(graph, graph.calls[key].layer) if other not in inner]
        if others:
            what = f"{node_name(graph, key)} is shared with a call outside of the group ({', '.join(others)})"
            raise EditError(f"{what}; select all its calls")
    above = {source for key in inner for source in upstream(graph, key)}
    for node in above.difference(inner):
        if not upstream(graph, node).isdisjoint(inner):
            what = f"{node_name(graph, node)} lies between the layers of the group, which would close a cycle"
            raise EditError(f"{what}; select it too")
    return inner


def _inputs(graph: Graph, inner: Sequence[str], known: Mapping[str, Input]) -> tuple[dict[str, str], dict[str, Input]]:
    """Return the id of the group's input by the source that feeds it, and those inputs."""
    taken = {*inner, *(graph.calls[key].layer for key in inner)}
    taken |= {graph.layers[graph.calls[key].layer].name for key in inner}
    entering: dict[str, str] = {}
    inputs: dict[str, Input] = {}
    for key in inner:
        for wire in wires_into(graph, key):
            source = wired(wire.source, wire.port)
            if wire.source in inner or source in entering:
                continue
            entering[source] = _free(node_name(graph, wire.source), taken)
            found = known.get(source) or graph.inputs.get(source) or UNKNOWN
            inputs[entering[source]] = replace(found, name="")
    return entering, inputs


def _leaving(graph: Graph, inner: Sequence[str]) -> list[str]:
    """Return the sources in a group that are used outside of it, or those that lead nowhere if none is."""
    outside = [
        wired(wire.source, wire.port) for key in graph.calls if key not in inner for wire in wires_into(graph, key)
    ]
    used = [*outside, *graph.outputs.values()]
    leaving = [source for source in dict.fromkeys(used) if node_of(source) in inner]
    if not leaving:
        feeding = {wire.source for key in inner for wire in wires_into(graph, key)}
        leaving = [key for key in inner if key not in feeding]
    return sorted(leaving, key=lambda source: (inner.index(node_of(source)), port_of(source)))


def _put_in(graph: Graph, inner: Sequence[str], new: str, layer: Layer, entering: tuple[str, ...]) -> Graph:
    """Return a graph with the call of a model in the place of the first of the calls that go into it."""
    calls: dict[str, Call] = {}
    layers: dict[str, Layer] = {}
    gone = {graph.calls[key].layer for key in inner}
    for key, call in graph.calls.items():
        if key == inner[0]:
            calls[new] = Call(new, entering)
        if key not in inner:
            calls[key] = call
    for key, item in graph.layers.items():
        if key in gone:
            layers.setdefault(new, layer)
        else:
            layers[key] = item
    return replace(graph, calls=calls, layers=layers)


def _unfolded(
    project: Project, key: str, model: Graph, ids: Mapping[str, str], layer_ids: Mapping[str, str]
) -> Project:
    """Return a project with the calls of a model in the place of one call of it."""
    graph, within = project.graph, replace(project, graph=model)
    feeding: dict[str, str | None] = dict.fromkeys(model.inputs)
    wires = wires_into(graph, key)
    for inner, wire in zip(model.inputs, [wire for wire in wires if not wire.argument], strict=False):
        feeding[inner] = wired(wire.source, wire.port)
    feeding |= {wire.argument: wired(wire.source, wire.port) for wire in wires if wire.argument in feeding}

    def outside(source: str) -> str | None:
        node = node_of(source)
        return feeding[node] if node in feeding else wired(ids[node], port_of(source))

    calls = {
        new: replace(
            _refed(within, old, outside),
            layer=layer_ids[model.calls[old].layer],
            arguments=_passed_on(graph.calls[key], model.calls[old], model.layers[model.calls[old].layer]),
        )
        for old, new in ids.items()
    }
    ends = {wired(key, port): outside(source) for port, source in model.outputs.items()}
    if ends:
        ends[key] = next(iter(ends.values()))
    project = replace(project, graph=replace(graph, calls=_spliced(graph.calls, key, calls)))
    return _resourced(project, ends, gone=key)


def _passed_on(outer: Call, inner: Call, layer: Layer) -> Mapping[str, Value]:
    """Return the arguments of a call in a model, with `training` of the model's call in the place of its own."""
    entry = catalog().layer(layer.class_name)
    takes = layer.class_name == MODEL or (entry is not None and any(each.name == TRAINING for each in entry.options))
    passed = {TRAINING: outer.arguments[TRAINING]} if takes and TRAINING in outer.arguments else {}
    return {**inner.arguments, **passed}


def _fed(graph: Graph, key: str, end: Callable[[str], str | None]) -> Call:
    """Return a call with the sources that a function gives for its own."""
    return rewired(graph.calls[key], [end(wired(wire.source, wire.port)) for wire in wires_into(graph, key)])


def _refed(project: Project, key: str, end: Callable[[str], str | None]) -> Call:
    """Return a call as `_fed` does, in which what is left keeps its arguments where a source is taken away."""
    graph = project.graph
    ends = [end(wired(wire.source, wire.port)) for wire in wires_into(graph, key)]
    if None not in ends or graph.calls[key].layer not in graph.layers:  # as of a model that is being taken apart
        return rewired(graph.calls[key], ends)
    return refed(project, key, ends)


def _resourced(project: Project, ends: Mapping[str, str | None], gone: str = "") -> Project:
    """Return a project with other sources; those of a call that is gone are taken away where there is no other."""
    graph = project.graph

    def end(source: str) -> str | None:
        return ends.get(source, None if node_of(source) == gone else source)

    outputs = {name: source for name, old in graph.outputs.items() if (source := end(old)) is not None}
    calls = {key: _refed(project, key, end) for key in graph.calls}
    lost = [name for name in graph.outputs if name not in outputs]
    return without_outputs(replace(project, graph=replace(graph, calls=calls, outputs=outputs)), lost)


def _carried(items: Mapping[str, T], places: Mapping[str, str], kept: bool) -> dict[str, T]:
    """Return what is told by place, at the new places too of what has moved; the old ones are `kept` or left."""
    moved = {places.get(place, place): item for place, item in items.items()}
    return {**items, **moved} if kept else moved


def _spliced(items: Mapping[str, T], key: str, others: Mapping[str, T]) -> dict[str, T]:
    """Return a mapping with several entries in the place of one."""
    spliced: dict[str, T] = {}
    for other, item in items.items():
        spliced |= others if other == key else {other: item}
    return spliced


def _free(key: str, taken: set[str], wanted: Collection[str] = ()) -> str:
    """Take an id, or one like it that is free and that nobody else wants."""
    new = key if key not in taken else free_id(stem(key), taken.union(wanted))
    taken.add(new)
    return new


def _renamed(layer: Layer, taken: set[str]) -> Layer:
    """Return a layer with the name it has if that is free; it is taken then."""
    name = "" if layer.name in taken else layer.name
    taken |= {name} if name else set()
    return replace(layer, name=name)
