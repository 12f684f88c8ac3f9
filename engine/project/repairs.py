"""Apply the repair that a problem offers."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from kerastui.engine.catalog.catalog import catalog
from kerastui.engine.project import commands, settings
from kerastui.engine.project.document import Call, Layer, Project, Spec, Value
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.graph import (
    check_references,
    free_id,
    rewired,
    taken_names,
    wired,
    wires_into,
    with_call,
    with_layer,
)
from kerastui.engine.project.inside import closed, opened, split_place
from kerastui.engine.project.plain import DocumentError
from kerastui.engine.project.problems import ALL_WIRES, Repair


def apply_repair(project: Project, repair: Repair) -> Project:
    """Return the project with a repair applied.

    Args:
        project: The project.
        repair: What to change.

    Raises:
        EditError: The place to repair is not there any more.
    """
    model, target = split_place(repair.target)
    if model:
        view = apply_repair(opened(project, model), replace(repair, target=target))
        return closed(project, model, view)
    match repair.kind:
        case "insert":
            return _inserted(project, repair)
        case "argument":
            return commands.set_argument(project, target, repair.name, repair.value)
        case "layer":
            return _with_layer(project, target, repair.value)
        case "call":
            return _with_call(project, target, repair.value)
        case "delete":
            return commands.delete(project, repair.value)
        case "rename":
            return commands.rename(project, target, repair.value)
        case "output":
            return commands.toggle_output(project, target)
        case "shape" | "dtype":
            return _with_input(project, repair)
        case "loss":
            return settings.set_loss(project, target, Spec(repair.value))
        case "loss-argument":
            return _with_loss_argument(project, repair)
        case "trust":
            raise EditError("to trust a project is no edit of it")


def _inserted(project: Project, repair: Repair) -> Project:
    """Insert a layer on one wire of a call, or one that joins all its inputs."""
    graph, target = project.graph, repair.target
    config: Mapping[str, Value] = repair.value or {}
    if repair.slot != ALL_WIRES:
        return _on_wire(project, repair, config)
    if target not in graph.calls:
        raise EditError(f"there is no layer {target} any more")
    key, call = free_id(repair.name, taken_names(graph)), graph.calls[target]
    layers = {**graph.layers, key: Layer(repair.name, dict(config))}
    calls = {**graph.calls, target: replace(call, inputs=(key,)), key: Call(key, call.inputs)}
    return replace(project, graph=replace(graph, layers=layers, calls=calls))


def _on_wire(project: Project, repair: Repair, config: Mapping[str, Value]) -> Project:
    """Insert a layer on a wire; the call's other wires from the same source, as in self-attention, come from it too."""
    graph, target = project.graph, repair.target
    wires = wires_into(graph, target)
    if repair.slot >= len(wires):
        raise EditError(f"{target} has no such wire any more")
    source = wires[repair.slot].source
    after, key = commands.insert_layer(project, repair.name, config, source, target, repair.slot)
    end = wired(source, wires[repair.slot].port)
    ends = [key if wired(wire.source, wire.port) == end else wired(wire.source, wire.port) for wire in wires]
    call = rewired(graph.calls[target], ends)
    return replace(after, graph=with_call(after.graph, target, call))


def _with_layer(project: Project, key: str, spec: Spec) -> Project:
    graph = project.graph
    if key not in graph.layers:
        raise EditError(f"there is no layer {key} any more")
    layer = replace(graph.layers[key], class_name=spec.class_name, config=dict(spec.config))
    return replace(project, graph=with_layer(graph, key, layer))


def _with_call(project: Project, key: str, call: Call) -> Project:
    graph = project.graph
    if key not in graph.calls:
        raise EditError(f"there is no layer {key} any more")
    graph = with_call(graph, key, call)
    try:
        check_references(graph)
    except DocumentError as error:
        raise EditError(str(error)) from None
    return replace(project, graph=graph)


def _with_input(project: Project, repair: Repair) -> Project:
    found = project.graph.inputs.get(repair.target)
    if found is None:
        raise EditError(f"there is no input {repair.target} any more")
    if repair.kind == "shape":
        return commands.set_input(project, repair.target, tuple(repair.value), found.dtype)
    return commands.set_input(project, repair.target, found.shape, repair.value)


def _with_loss_argument(project: Project, repair: Repair) -> Project:
    loss = project.compile.losses.get(repair.target)
    if loss is None:
        raise EditError(f"{repair.target} has no loss any more")
    config = {**loss.config, repair.name: repair.value}
    entry = catalog().get("loss", loss.class_name)
    argument = entry.argument(repair.name) if entry else None
    if argument is not None and argument.default == repair.value:
        del config[repair.name]
    return settings.set_loss(project, repair.target, Spec(loss.class_name, config))
