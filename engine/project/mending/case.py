"""A problem, with what is known of the call that it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from msgspec.structs import replace

from kerastui.engine.catalog.catalog import Entry, catalog
from kerastui.engine.process.protocol import Checked
from kerastui.engine.project.document import Call, Graph, Layer, Project, Spec, Value
from kerastui.engine.project.graph import (
    calls_of,
    consumers,
    dangling,
    layer_name,
    node_of,
    upstream,
    wired,
    wires_into,
)
from kerastui.engine.project.inside import place_of, split_place
from kerastui.engine.project.nesting import models_of
from kerastui.engine.project.problems import Problem, Repair

Shape: TypeAlias = tuple[int | None, ...]
"""Shape with the batch axis first."""


def shape_of(project: Project, checked: Checked | None, model: str, source: str) -> Shape | None:
    """Return the shape of what a source gives, `None` where it is not known.

    Args:
        project: The project.
        checked: The engine's check of it.
        model: Id of the model that the source is in, `""` for the project's own graph.
        source: Id of an input or call, and perhaps a port.
    """
    graph = project.models[model] if model else project.graph
    if source in graph.inputs:
        return (None, *graph.inputs[source].shape)
    found = checked.tensor(source, model) if checked else None
    return found.shape if found else None


@dataclass(frozen=True)
class Case:
    """Hold a problem of a call or input, with the project and the engine's check of it."""

    project: Project
    checked: Checked | None
    problem: Problem

    @cached_property
    def model(self) -> str:
        """Id of the model that it is in, `""` for the project's own graph."""
        return split_place(self.problem.subject)[0]

    @cached_property
    def key(self) -> str:
        """Id of the input or call."""
        return split_place(self.problem.subject)[1]

    @cached_property
    def graph(self) -> Graph:
        """The graph that it is in."""
        return self.project.models[self.model] if self.model else self.project.graph

    @property
    def call(self) -> Call:
        """The call."""
        return self.graph.calls[self.key]

    @property
    def layer(self) -> Layer:
        """The layer that is called."""
        return self.graph.layers[self.call.layer]

    @property
    def entry(self) -> Entry | None:
        """What the catalog says of the layer."""
        return catalog().layer(self.layer.class_name)

    @property
    def class_name(self) -> str:
        """Class of the layer."""
        return self.layer.class_name

    @property
    def name(self) -> str:
        """Name of the layer."""
        return layer_name(self.graph, self.call.layer)

    @cached_property
    def ends(self) -> list[str]:
        """The sources of all wires of the call, by slot."""
        return [wired(wire.source, wire.port) for wire in wires_into(self.graph, self.key)]

    @cached_property
    def shapes(self) -> list[Shape | None]:
        """The shape on each wire, by slot."""
        return [self.shape(source) for source in self.ends]

    def shape(self, source: str, model: str | None = None) -> Shape | None:
        """Return the shape of what a source gives, `None` where it is not known."""
        return shape_of(self.project, self.checked, self.model if model is None else model, source)

    def place(self, key: str) -> str:
        """Return the place of something in the graph of the case."""
        return place_of(self.model, key)

    def free_ends(self) -> list[str]:
        """Return what leads to no output and could feed the call without closing a cycle."""
        unused = [key for key in dangling(self.graph) if not consumers(self.graph, key)]
        return [key for key in unused if self.key not in upstream(self.graph, key)]

    # Repairs --------------------------------------------------------------------------------------------------------

    def configured(self, label: str, **changes: Value) -> Repair:
        """Offer other arguments of the layer."""
        return self.layered(label, self.class_name, {**self.layer.config, **changes})

    def layered(self, label: str, class_name: str, config: Mapping[str, Value]) -> Repair:
        """Offer another class and other arguments of the layer."""
        return Repair(label, "layer", self.place(self.call.layer), value=Spec(class_name, dict(config)))

    def inserted(self, slot: int, class_name: str, **config: Value) -> Repair:
        """Offer a layer on a wire of the call."""
        values = list(config.values())
        words = f" {values[0] if len(values) == 1 else tuple(values)}" if values else ""
        return Repair(f"insert {class_name}{words}", "insert", self.place(self.key), class_name, dict(config), slot)

    def called(self, label: str, call: Call) -> Repair:
        """Offer another call in place of this one."""
        return Repair(label, "call", self.place(self.key), value=call)

    def fed(self, label: str, *inputs: str) -> Repair:
        """Offer other inputs of the call."""
        return self.called(label, replace(self.call, inputs=inputs))

    def deleted(self, label: str, *keys: str) -> Repair:
        """Offer to delete nodes."""
        return Repair(label, "delete", self.place(keys[0]), value=keys)


def reaches(project: Project, model: str, wanted: str) -> bool:
    """Tell whether a model is another one, or holds it somewhere inside."""
    seen: set[str] = set()
    waiting = [model]
    while waiting:
        current = waiting.pop()
        if current == wanted:
            return True
        if current not in seen and current in project.models:
            seen.add(current)
            waiting += [inner for _, inner in models_of(project.models[current])]
    return False


def once(graph: Graph, layer: str) -> bool:
    """Tell whether a layer has one call only."""
    return len(calls_of(graph, layer)) == 1


def feeds_one(graph: Graph, node: str) -> bool:
    """Tell whether a node feeds one call, and is no output."""
    return len(consumers(graph, node)) == 1 and node not in map(node_of, graph.outputs.values())
