"""Why a wire cannot be drawn, in words."""

from __future__ import annotations

from kerastui.engine.project.document import Graph
from kerastui.engine.project.graph import node_name, sources


def why_no_target(graph: Graph, source: str) -> str:
    """Return why the output of a node can go to no other node.

    Args:
        graph: The graph.
        source: Id of the node.
    """
    if len(graph.calls) < 2:
        return "there is no other layer to connect to; a adds one"
    what = f"{node_name(graph, source)} cannot feed another layer"
    return f"{what}: all others feed it or are fed by it, and a wire would close a cycle"


def why_not(graph: Graph, source: str, target: str) -> str:
    """Return why the output of one node cannot go to another.

    Args:
        graph: The graph.
        source: Id of the node that the wire comes from.
        target: Id of the node that it cannot end at.
    """
    start, end = node_name(graph, source), node_name(graph, target)
    if source == target:
        return f"{start} cannot feed itself; choose another card, or esc"
    if target in graph.inputs:
        return f"{end} is an input: data comes in there, and no wire; choose another card, or esc"
    if source in sources(graph, target):
        return f"{start} feeds {end} already; choose another card, or esc"
    return f"{end} feeds {start}, so that a wire back would close a cycle; choose another card, or esc"
