"""Which layer decides the size of what a wire brings, in the graph of a case or in a model inside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kerastui.engine.project.document import MODEL, Graph, Layer, Project
from kerastui.engine.project.graph import layer_name, node_of, port_of
from kerastui.engine.project.inside import place_of
from kerastui.engine.project.mending.case import Case, Shape, feeds_one, once
from kerastui.engine.project.nesting import models_of
from kerastui.engine.project.problems import Repair

SIZES: Mapping[str, str] = {
    "Dense": "units",
    "LSTM": "units",
    "GRU": "units",
    "SimpleRNN": "units",
    "Embedding": "output_dim",
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D"), "filters"),
    **dict.fromkeys(("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"), "filters"),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), "filters"),
}
"""Argument that is the size of the last axis of what a layer gives."""

KEEPING = (
    *("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "Dropout", "GaussianNoise", "GaussianDropout"),
    *("AlphaDropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "ActivityRegularization"),
    *("BatchNormalization", "LayerNormalization", "UnitNormalization"),
    *(f"{kind}Pooling{axes}D" for kind in ("Max", "Average") for axes in (1, 2, 3)),
    *(f"Global{kind}Pooling{axes}D" for kind in ("Max", "Average") for axes in (1, 2, 3)),
)
"""Layers that give as many features as they take, whatever the number."""


class Feeder(NamedTuple):
    """Name the layer that decides a size.

    Args:
        place: Place of the layer.
        name: Its name, with the model that it is in.
        layer: The layer.
        argument: Argument that is the size.
    """

    place: str
    name: str
    layer: Layer
    argument: str


def feeder(case: Case, source: str) -> Feeder | None:
    """Return the layer whose argument is the last size of what a source gives, if nothing else depends on it.

    Args:
        case: The case.
        source: The source, in the graph of the case.
    """
    model, graph = case.model, case.graph
    while node_of(source) in graph.calls:
        node = node_of(source)
        call = graph.calls[node]
        layer = graph.layers[call.layer]
        if not once(graph, call.layer) or not (feeds_one(graph, node) or _ends_once(graph, node, model != case.model)):
            return None
        if layer.class_name in SIZES:
            name = place_of(model, layer_name(graph, call.layer))
            return Feeder(place_of(model, call.layer), name, layer, SIZES[layer.class_name])
        inner = str(layer.config.get("model", "")) if layer.class_name == MODEL else ""
        if inner in case.project.models and _used_once(case.project, inner):
            graph, model = case.project.models[inner], inner
            source = graph.outputs.get(port_of(source)) or next(iter(graph.outputs.values()), "")
        elif layer.class_name in KEEPING and len(call.inputs) == 1:
            source = call.inputs[0]
        else:
            return None
    return None


def same_size(case: Case, source: str, wanted: Shape) -> Repair | None:
    """Offer padding to the convolution or pooling that feeds a wire, where it then keeps the size that is wanted.

    Args:
        case: The case.
        source: Id of what feeds the wire.
        wanted: Shape that it should have, without the batch axis.
    """
    call = case.graph.calls.get(source)
    if call is None or not feeds_one(case.graph, source) or not once(case.graph, call.layer):
        return None
    layer, given = case.graph.layers[call.layer], case.shape(call.inputs[0])
    if not layer.class_name.startswith(("Conv", "SeparableConv", "DepthwiseConv")) or "Transpose" in layer.class_name:
        return None
    if given is None or given[1:-1] != wanted[:-1] or layer.config.get("padding", "valid") != "valid":
        return None
    if layer.config.get("strides", 1) not in (1, (1,), (1, 1), (1, 1, 1)):
        return None
    label = f'set {layer_name(case.graph, call.layer)} padding="same"'
    return Repair(label, "argument", case.place(call.layer), "padding", "same")


def _ends_once(graph: Graph, node: str, inside: bool) -> bool:
    """Tell whether a node of a model inside is one of its outputs, and feeds nothing else."""
    ends = [node_of(source) for source in graph.outputs.values()]
    return inside and ends.count(node) == 1 and not any(node in map(node_of, c.inputs) for c in graph.calls.values())


def _used_once(project: Project, model: str) -> bool:
    graphs = (project.graph, *project.models.values())
    return sum(inner == model for graph in graphs for _, inner in models_of(graph)) == 1
