"""Commands for the order of what a call takes, and of the inputs and outputs of a graph."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from kerastui.engine.project.document import Graph, Project, Role
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.graph import rewired, wired, wires_into, with_call
from kerastui.engine.project.grouping import calls_of_model, with_ports
from kerastui.engine.project.taking import in_order, spelled, takers


def can_move_wire(project: Project, call: str, slot: int, by: int) -> bool:
    """Tell whether a tensor that a call takes can change places with others: of one argument, or all in order."""
    wires = wires_into(project.graph, call)
    ordered = takers(project, call)[0] if call in project.graph.calls else []
    groups = ["" if wire.argument in ordered else wire.argument for wire in wires]
    ends = (slot, slot + by)
    return min(ends) >= 0 and max(ends) < len(wires) and len(set(groups[min(ends) : max(ends) + 1])) == 1


def move_wire(project: Project, call: str, slot: int, by: int) -> Project:
    """Move a tensor that a call takes before or behind others that it takes.

    Args:
        project: The project.
        call: Id of the call.
        slot: Which of its wires it is.
        by: How many places it moves, below 0 towards the first.

    Raises:
        EditError: There is no such wire, or no such place among those of its argument.
    """
    if not can_move_wire(project, call, slot, by):
        raise EditError(f"what {call} takes there cannot be moved further")
    graph = project.graph
    ends = _moved([wired(wire.source, wire.port) for wire in wires_into(graph, call)], slot, by)
    return replace(project, graph=with_call(graph, call, rewired(graph.calls[call], ends)))


def move_input(project: Project, model: str, key: str, by: int) -> Project:
    """Move an input of a graph before or behind others; calls of the model give each input what they gave it before.

    Args:
        project: The whole project, not the view of a model.
        model: Id of the model it belongs to; `""` is the project's own graph.
        key: Id of the input.
        by: How many places it moves, below 0 towards the first.

    Raises:
        EditError: There is no such input or place.
    """
    graph = project.models[model] if model else project.graph
    before = list(graph.inputs)
    after = _moved(before, _place(before, key, by), by)
    changed = replace(graph, inputs={name: graph.inputs[name] for name in after})
    if not model:
        return _bound(replace(project, graph=changed), "input", before, after)
    others = {name: _reordered(each, model, before, after) for name, each in project.models.items()}
    return replace(project, graph=_reordered(project.graph, model, before, after), models={**others, model: changed})


def move_output(project: Project, model: str, name: str, by: int) -> Project:
    """Move an output of a graph before or behind others; wires from calls of the model stay with their output.

    Args:
        project: The whole project, not the view of a model.
        model: Id of the model it belongs to; `""` is the project's own graph.
        name: Name of the output.
        by: How many places it moves, below 0 towards the first.

    Raises:
        EditError: There is no such output or place.
    """
    graph = project.models[model] if model else project.graph
    before = list(graph.outputs)
    after = _moved(before, _place(before, name, by), by)
    changed = replace(graph, outputs={each: graph.outputs[each] for each in after})
    if not model:
        return _bound(replace(project, graph=changed), "target", before, after)
    project = replace(project, models={**project.models, model: changed})
    return project if after[0] == before[0] else with_ports(project, model, {"": before[0], after[0]: ""})


def _place(names: Sequence[str], name: str, by: int) -> int:
    if name not in names:
        raise EditError(f"there is no {name} among {', '.join(names)}")
    place = names.index(name)
    if not 0 <= place + by < len(names):
        raise EditError(f"{name} cannot be moved further")
    return place


def _moved(items: Sequence[str], place: int, by: int) -> list[str]:
    left = [*items[:place], *items[place + 1 :]]
    return [*left[: place + by], items[place], *left[place + by :]]


def _bound(project: Project, role: Role, before: Sequence[str], after: Sequence[str]) -> Project:
    """Return a project whose columns that name no input or output, and so the first, stay with the one that was it."""
    if before[0] == after[0]:
        return project
    columns = {
        name: replace(column, to=before[0]) if column.role == role and not column.to else column
        for name, column in project.data.columns.items()
    }
    return replace(project, data=replace(project.data, columns=columns))


def _reordered(graph: Graph, model: str, before: Sequence[str], after: Sequence[str]) -> Graph:
    """Return a graph whose calls of a model give its inputs in another order."""
    calls = {key: in_order(spelled(graph.calls[key], before), after) for key in calls_of_model(graph, model)}
    return replace(graph, calls={**graph.calls, **calls})
