"""All cards of a project as a list to search; those of a model that is not opened are named with it."""

from __future__ import annotations

from kerastui.engine.project.document import Graph, Project
from kerastui.engine.project.graph import node_name, nodes
from kerastui.engine.project.inside import place_of, split_place
from kerastui.engine.project.taking import model_of
from kerastui.screens.build.graph_view import class_text
from kerastui.screens.widgets.choose import Choice


def card_choices(project: Project, opened: str) -> list[Choice]:
    """Return every card of a project by its place, those of the graph that is opened first.

    Args:
        project: The whole project.
        opened: Id of the model that is opened, `""` for the project's own graph.
    """
    graphs = sorted(_graphs(project).items(), key=lambda item: item[0] != opened)
    return [
        Choice(place_of(model, node), _name(project, graph, model, node, opened), _kind(project, graph, node))
        for model, graph in graphs
        for node in nodes(graph)
    ]


def is_card(project: Project, place: str) -> bool:
    """Tell whether there is a card at a place."""
    model, node = split_place(place)
    graph = _graphs(project).get(model, Graph())
    return node in graph.inputs or node in graph.calls


def _graphs(project: Project) -> dict[str, Graph]:
    return {"": project.graph, **project.models}


def _name(project: Project, graph: Graph, model: str, node: str, opened: str) -> str:
    name = node_name(graph, node)
    return name if model == opened else f"{model or project.name} / {name}"


def _kind(project: Project, graph: Graph, node: str) -> str:
    call = graph.calls.get(node)
    if call is None:
        return "Input"
    layer = graph.layers[call.layer]
    return class_text(layer, model_of(project, layer))
