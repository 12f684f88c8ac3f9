"""A graph as text for other programs: Mermaid and Graphviz, models inside as boxes of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kerastui.engine.catalog.catalog import catalog
from kerastui.engine.process.protocol import Checked
from kerastui.engine.project.document import MODEL, Graph, Layer, Project
from kerastui.engine.project.graph import calls_of, node_name, node_of, wires_into
from kerastui.engine.project.inside import place_of
from kerastui.engine.writing.differences import shown
from kerastui.engine.writing.names import Names

TAKEN = ("class", "classDef", "click", "end", "flowchart", "graph", "linkStyle", "style", "subgraph", "edge", "node")
"""Words that mean something to Mermaid or to Graphviz."""


class Drawn(NamedTuple):
    """Say what stands in a diagram for an input or a call.

    Args:
        key: Its name in the diagram's language.
        lines: What is written in it: name, class, shape.
        kind: `"input"`, `"layer"`, `"shared"` or `"output"`.
    """

    key: str
    lines: tuple[str, ...]
    kind: str


class Box(NamedTuple):
    """Say what stands in a diagram for a call of a model inside: a box round its cards.

    Args:
        key: Its name in the diagram's language.
        title: What is written above it.
        inside: What is in it, in order.
    """

    key: str
    title: str
    inside: tuple[Drawn | Box, ...]


class Arrow(NamedTuple):
    """Connect two cards; `label` names the output or the argument where there is something to name."""

    source: str
    target: str
    label: str


def mermaid(project: Project, checked: Checked | None = None) -> str:
    """Return a project's graph as a Mermaid flowchart, as GitHub and others draw it.

    Args:
        project: The project.
        checked: What the engine says of it, for the shapes.
    """
    parts, arrows = _Diagram(project, checked).whole()
    lines = ["flowchart TD", *_mermaid_parts(parts, 1)]
    for arrow in arrows:
        label = f'|"{_escaped(arrow.label)}"|' if arrow.label else ""
        lines.append(f"    {arrow.source} -->{label} {arrow.target}")
    shared = [part.key for part in _cards(parts) if part.kind == "shared"]
    if shared:
        lines += ["    classDef shared stroke-dasharray: 4 3", f"    class {','.join(shared)} shared"]
    return "\n".join(lines) + "\n"


def graphviz(project: Project, checked: Checked | None = None) -> str:
    """Return a project's graph in the language of Graphviz.

    Args:
        project: The project.
        checked: What the engine says of it, for the shapes.
    """
    parts, arrows = _Diagram(project, checked).whole()
    lines = [
        f"digraph {_dot(project.name or 'model')} {{",
        '    graph [fontname="Helvetica", fontsize=11, color=gray50]',
        '    node [shape=box, style=rounded, fontname="Helvetica", fontsize=11, color=gray30]',
        '    edge [color=gray40, arrowsize=0.7, fontname="Helvetica", fontsize=9]',
        *_dot_parts(parts, 1),
    ]
    for arrow in arrows:
        label = f" [label={_dot(arrow.label)}]" if arrow.label else ""
        lines.append(f"    {_dot(arrow.source)} -> {_dot(arrow.target)}{label}")
    return "\n".join([*lines, "}"]) + "\n"


class _Diagram:
    """Collect cards, boxes and arrows of a project; a model inside is drawn as often as it is called."""

    def __init__(self, project: Project, checked: Checked | None) -> None:
        self.project, self.checked = project, checked
        self.arrows: list[Arrow] = []
        self.names, self.keys = Names(TAKEN), dict[str, str]()
        self.ends: dict[str, str] = {}
        """What gives the value of a source, by its key and port in the diagram."""

    def whole(self) -> tuple[tuple[Drawn | Box, ...], list[Arrow]]:
        """Return all that is drawn, and the arrows."""
        parts = self.graph(self.project.graph, "", "", ())
        for name, source in self.project.graph.outputs.items():
            key = f"output {name}"
            parts = (*parts, Drawn(self.key(key), (name, "output"), "output"))
            self.arrows.append(Arrow(self.end("", source), self.key(key), ""))
        return parts, self.arrows

    def graph(self, graph: Graph, model: str, prefix: str, within: tuple[str, ...]) -> tuple[Drawn | Box, ...]:
        """Return what is drawn of a graph.

        Args:
            graph: The graph.
            model: Its id, `""` for the project's own.
            prefix: What stands before its ids in the diagram.
            within: Ids of the models that it stands in.
        """
        parts: list[Drawn | Box] = []
        for key, item in graph.inputs.items():
            lines = (node_name(graph, key), f"{_shape((None, *item.shape))} {item.dtype}")
            parts.append(Drawn(self.key(prefix + key), lines, "input"))
        for key, call in graph.calls.items():
            layer = graph.layers[call.layer]
            inner = self.project.models.get(str(layer.config.get("model"))) if layer.class_name == MODEL else None
            if inner is not None and str(layer.config["model"]) not in within:
                parts.append(self.box(graph, key, layer, inner, prefix, within))
            else:
                kind = "shared" if len(calls_of(graph, call.layer)) > 1 else "layer"
                parts.append(Drawn(self.key(prefix + key), self.lines(graph, key, model), kind))
        for key in graph.calls:
            self.wire(graph, key, prefix)
        return tuple(parts)

    def box(self, graph: Graph, key: str, layer: Layer, inner: Graph, prefix: str, within: tuple[str, ...]) -> Box:
        """Return the box of a call of a model inside, whose outputs are those of what is in it."""
        model, under = str(layer.config["model"]), f"{prefix}{key}/"
        inside = self.graph(inner, model, under, (*within, model))
        for place, (name, source) in enumerate(inner.outputs.items()):
            self.ends[f"{prefix}{key}:{name}"] = end = self.end(under, source)
            if not place:
                self.ends[f"{prefix}{key}"] = end
        number = calls_of(graph, graph.calls[key].layer)
        mark = f" ≡{number.index(key) + 1}" if len(number) > 1 else ""
        return Box(self.key(under), f"{node_name(graph, key)}{mark} · Model", inside)

    def wire(self, graph: Graph, key: str, prefix: str) -> None:
        """Add the arrows into a call; those into a model inside end at its inputs."""
        layer = graph.layers[graph.calls[key].layer]
        inner = self.project.models.get(str(layer.config.get("model"))) if layer.class_name == MODEL else None
        inputs = list(inner.inputs) if inner is not None else []
        for wire in wires_into(graph, key):
            source = f"{wire.source}:{wire.port}" if wire.port else wire.source
            label = " → ".join(part for part in (wire.port, wire.argument) if part)
            target = f"{prefix}{key}/{inputs[wire.slot]}" if wire.slot < len(inputs) else f"{prefix}{key}"
            self.arrows.append(Arrow(self.end(prefix, source), self.key(target), label))

    def key(self, place: str) -> str:
        """Return what a place is called in the diagram."""
        if place not in self.keys:
            self.keys[place] = self.names.new(place.strip("/"))
        return self.keys[place]

    def end(self, prefix: str, source: str) -> str:
        """Return the card that gives a value."""
        node = f"{prefix}{node_of(source)}"
        return self.ends.get(prefix + source) or self.ends.get(node) or self.key(node)

    def lines(self, graph: Graph, key: str, model: str) -> tuple[str, ...]:
        """Return what is written on the card of a call."""
        call = graph.calls[key]
        layer, calls = graph.layers[call.layer], calls_of(graph, call.layer)
        entry = catalog().layer(layer.class_name)
        telling = layer.config.get(entry.telling) if entry and entry.telling in layer.config else None
        mark = f" ≡{calls.index(key) + 1}" if len(calls) > 1 else ""
        tensor = self.checked.tensor(place_of(model, key)) if self.checked else None
        shape = (_shape(tensor.shape),) if tensor is not None and tensor.shape is not None else ()
        what = f"{layer.class_name}{'' if telling is None else f' {shown(telling)}'}"
        return f"{node_name(graph, key)}{mark}", what, *shape


def _cards(parts: tuple[Drawn | Box, ...]) -> Iterator[Drawn]:
    for part in parts:
        if isinstance(part, Box):
            yield from _cards(part.inside)
        else:
            yield part


def _mermaid_parts(parts: tuple[Drawn | Box, ...], depth: int) -> Iterator[str]:
    space = "    " * depth
    for part in parts:
        if isinstance(part, Box):
            yield f'{space}subgraph {part.key}["{_escaped(part.title)}"]'
            yield from _mermaid_parts(part.inside, depth + 1)
            yield f"{space}end"
        else:
            words = "<br/>".join(_escaped(line) for line in part.lines)
            opening, closing = ("([", "])") if part.kind in ("input", "output") else ("[", "]")
            yield f'{space}{part.key}{opening}"{words}"{closing}'


def _dot_parts(parts: tuple[Drawn | Box, ...], depth: int) -> Iterator[str]:
    space = "    " * depth
    for part in parts:
        if isinstance(part, Box):
            yield f"{space}subgraph {_dot(f'cluster {part.key}')} {{"
            yield f"{space}    label={_dot(part.title)}"
            yield from _dot_parts(part.inside, depth + 1)
            yield f"{space}}}"
        else:
            looks = {"input": ", shape=ellipse", "output": ", shape=ellipse", "shared": ', style="rounded,dashed"'}
            yield f"{space}{_dot(part.key)} [label={_dot(chr(10).join(part.lines))}{looks.get(part.kind, '')}]"


def _escaped(text: str) -> str:
    """Return a text as Mermaid takes it between quotes."""
    return "".join(f"#{ord(letter)};" if letter in '"#<>&\\`' else letter for letter in text)


def _dot(text: str) -> str:
    """Return a text as Graphviz takes it between quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _shape(shape: tuple[int | None, ...]) -> str:
    return f"({', '.join('∅' if size is None else str(size) for size in shape)})"
