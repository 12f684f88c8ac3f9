"""Commands for what stands beside the arguments of a layer: its call, how a model takes tensors."""

from __future__ import annotations

from typing import Any, Literal

from msgspec.structs import replace

from kerastui.engine.project.document import MODEL, Call, Graph, Project, Structure, Value
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.graph import with_call, with_layer


def set_call_argument(project: Project, call: str, argument: str, value: Value) -> Project:
    """Set an argument of one call of a layer, such as `training`.

    Raises:
        EditError: There is no such call.
    """
    found = _call(project.graph, call)
    return _with_call(project, call, replace(found, arguments={**found.arguments, argument: value}))


def reset_call_argument(project: Project, call: str, argument: str) -> Project:
    """Put an argument of one call back to its default.

    Raises:
        EditError: There is no such call.
    """
    found = _call(project.graph, call)
    kept = {name: value for name, value in found.arguments.items() if name != argument}
    return _with_call(project, call, replace(found, arguments=kept))


def disconnect_argument(project: Project, call: str, argument: str) -> Project:
    """Cut the wires to the tensors that a call takes by a name, such as `initial_state`.

    Raises:
        EditError: There is no such call.
    """
    found = _call(project.graph, call)
    kept = {name: source for name, source in found.named.items() if name != argument}
    return _with_call(project, call, replace(found, named=kept))


def set_structure(project: Project, model: str, end: Literal["takes", "gives"], structure: Structure) -> Project:
    """Say how a model takes its inputs or gives its outputs.

    Args:
        project: The project.
        model: Id of the model; `""` is the graph itself.
        end: Which of the two.
        structure: One tensor as it is, a list or a dictionary.

    Raises:
        EditError: There is no such model.
    """
    change: dict[str, Any] = {end: structure}
    if not model:
        return replace(project, graph=replace(project.graph, **change))
    if model not in project.models:
        raise EditError(f"there is no model {model}")
    return replace(project, models={**project.models, model: replace(project.models[model], **change)})


def set_model(project: Project, layer: str, model: str) -> Project:
    """Have a layer apply another model of the project.

    Raises:
        EditError: There is no such layer or model, or the layer applies none.
    """
    graph = project.graph
    if layer not in graph.layers or graph.layers[layer].class_name != MODEL:
        raise EditError(f"{layer} applies no model of the project")
    if model not in project.models:
        raise EditError(f"there is no model {model}")
    found = graph.layers[layer]
    changed = replace(found, config={**found.config, "model": model})
    return replace(project, graph=with_layer(graph, layer, changed))


def _call(graph: Graph, key: str) -> Call:
    if key not in graph.calls:
        raise EditError(f"there is no call {key}")
    return graph.calls[key]


def _with_call(project: Project, key: str, call: Call) -> Project:
    return replace(project, graph=with_call(project.graph, key, call))
