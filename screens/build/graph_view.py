"""From the document, the engine's check and the problems to what the canvas draws."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import msgspec

from kerastui.engine.catalog.catalog import catalog
from kerastui.engine.process.protocol import CallReport, Checked, TensorReport
from kerastui.engine.project.arranging import drawn
from kerastui.engine.project.document import MODEL, Graph, Layer, Project, Spec, Value
from kerastui.engine.project.graph import Wire, node_name, node_of, port_of, sources, wired, wires_into
from kerastui.engine.project.inside import opened, place_of
from kerastui.engine.project.problems import Problem
from kerastui.engine.project.taking import argument_labels, model_id, model_of, takers
from kerastui.engine.studio import Studio
from kerastui.screens.build.canvas_view import CardView, EdgeView, GraphView, State
from kerastui.screens.widgets import words
from kerastui.screens.widgets.glyphs import glyphs

Shape = tuple[int | None, ...]


class Facts(msgspec.Struct, frozen=True, dict=True):
    """Hold what is known of a graph at this moment.

    Args:
        project: The document as it is seen: its graph is that of the model that is opened.
        checked: The engine's last check, `None` before the first.
        problems: Problems of all stages.
        stale: Whether the check is older than the graph for long enough to be told.
        model: Id of the model that is opened, `""` for the project's own graph.
    """

    project: Project
    checked: Checked | None
    problems: tuple[Problem, ...]
    stale: bool = False
    model: str = ""

    @property
    def graph(self) -> Graph:
        """The network."""
        return self.project.graph

    def report(self, call: str) -> CallReport | None:
        """Return what the engine says of a call, `None` if nothing yet."""
        return self.checked.calls.get(place_of(self.model, call)) if self.checked else None

    def shape(self, source: str) -> Shape | None:
        """Return the shape that an input or an output of a call has, with the batch axis; `None` if not known."""
        if source in self.graph.inputs:
            return (None, *self.graph.inputs[source].shape)
        tensor = self._tensor(source)
        return tensor.shape if tensor else None

    def dtype(self, source: str) -> str:
        """Return the data type that an input or an output of a call has, `""` if not known."""
        if source in self.graph.inputs:
            return self.graph.inputs[source].dtype
        tensor = self._tensor(source)
        return tensor.dtype if tensor else ""

    def _tensor(self, source: str) -> TensorReport | None:
        report = self.report(node_of(source))
        return report.tensor(port_of(source)) if report else None

    @cached_property
    def calls(self) -> Mapping[str, Sequence[str]]:
        """The calls of each layer, in the graph's order."""
        found: dict[str, list[str]] = {}
        for key, call in self.graph.calls.items():
            found.setdefault(call.layer, []).append(key)
        return found

    def ports(self, key: str) -> tuple[str, ...]:
        """Return the names of a call's outputs where there are several, `()` where there is one."""
        if key not in self._ports:
            self._ports[key] = ports_of(self, key)
        return self._ports[key]

    @cached_property
    def wires(self) -> Mapping[str, Sequence[Wire]]:
        """The wires into each call."""
        return {key: wires_into(self.graph, key) for key in self.graph.calls}

    @cached_property
    def named_ports(self) -> Mapping[str, Collection[str]]:
        """The outputs of calls that wires and outputs of the graph name."""
        found: dict[str, set[str]] = {}
        for wires in self.wires.values():
            for wire in wires:
                if wire.port:
                    found.setdefault(wire.source, set()).add(wire.port)
        for source in self.graph.outputs.values():
            if port_of(source):
                found.setdefault(node_of(source), set()).add(port_of(source))
        return found

    @cached_property
    def _ports(self) -> dict[str, tuple[str, ...]]:
        return {}

    @cached_property
    def consumers(self) -> Mapping[str, Sequence[str]]:
        """The calls that each node feeds."""
        found: dict[str, list[str]] = {}
        for key in self.graph.calls:
            for source in sources(self.graph, key):
                found.setdefault(source, []).append(key)
        return found

    @cached_property
    def ends(self) -> frozenset[str]:
        """The inputs and calls that outputs are taken from."""
        return frozenset(map(node_of, self.graph.outputs.values()))

    @cached_property
    def _by_node(self) -> Mapping[str, Sequence[Problem]]:
        found: dict[str, list[Problem]] = {}
        for problem in self.problems:
            if problem.stage == "build":
                found.setdefault(problem.subject, []).append(problem)
        return found

    @cached_property
    def _misfits(self) -> frozenset[str]:
        found = self.checked.problems if self.checked else ()
        return frozenset(problem.subject for problem in found if problem.severity == "error")

    def about(self, node: str) -> Sequence[Problem]:
        """Return the problems of a card, those that stop a run first."""
        return self._by_node.get(place_of(self.model, node), ())

    def misfits(self, call: str) -> bool:
        """Tell whether the engine found that the inputs of a call do not fit."""
        return place_of(self.model, call) in self._misfits


def facts_of(studio: Studio, stale: bool = False) -> Facts:
    """Return what is known of the studio's graph.

    While a check of the newest edit is under way, the problems that the last check found stay: they would vanish and
    come back within some milliseconds.
    """
    problems = studio.problems
    if studio.stale and studio.checked is not None and studio.engine_state.kind == "ready":
        before = studio.checked.problems  # no set: a repair may hold the settings of a layer, a dict
        problems = (*before, *(problem for problem in problems if problem not in before))
    return Facts(studio.view, studio.checked, problems, stale, studio.model)


def graph_view(facts: Facts, unfolded: Collection[str] = (), around: tuple[str, ...] = ()) -> GraphView:
    """Return the view of a graph.

    Args:
        facts: What is known.
        unfolded: Places of calls of models whose graph is shown within the card.
        around: Ids of the models that this one is shown in, none of which is shown in it again.
    """
    graph, around = facts.graph, (*around, facts.model)
    models = {key: model_id(facts.project, key) for key in graph.calls if place_of(facts.model, key) in unfolded}
    inside = {
        key: _unfolded(facts, model, unfolded, around)
        for key, model in models.items()
        if model is not None and model not in around
    }
    cards = [_input_card(facts, key) for key in graph.inputs]
    cards += [_call_card(facts, key, key in inside) for key in graph.calls]
    edges = [edge for key in graph.calls for edge in _edges(facts, key)]
    return GraphView(tuple(cards), tuple(edges), drawn(facts.project), inside)


def _unfolded(facts: Facts, model: str, unfolded: Collection[str], around: tuple[str, ...]) -> GraphView:
    """Return the view of a model within its card; it offers no repairs, which are for the card that is selected."""
    project = opened(facts.project, model)
    view = graph_view(msgspec.structs.replace(facts, project=project, model=model), unfolded, around)
    return replace(view, cards=tuple(replace(card, repair="", repair_brief="") for card in view.cards))


def all_models(project: Project) -> frozenset[str]:
    """Return the places of all calls of models, for a view that shows all of them unfolded."""
    return frozenset(
        place_of(model, key)
        for model, graph in {"": project.graph, **project.models}.items()
        for key, call in graph.calls.items()
        if graph.layers[call.layer].class_name == MODEL
    )


def ports_of(facts: Facts, key: str) -> tuple[str, ...]:
    """Return the names of a call's outputs where there are several, `()` where there is one."""
    graph, call = facts.graph, facts.graph.calls.get(key)
    if call is None:
        return ()
    model = model_of(facts.project, graph.layers[call.layer])
    if model is not None:
        return tuple(model.outputs) if len(model.outputs) > 1 else ()
    report = facts.report(key)
    if report is not None and len(report.outputs) > 1:
        return tuple(tensor.port for tensor in report.outputs)
    named = facts.named_ports.get(key, ())
    return ("", *sorted(named)) if named else ()


def _port(facts: Facts, wire: Wire) -> int:
    ports = facts.ports(wire.source)
    return ports.index(wire.port) if wire.port in ports else 0


def _edges(facts: Facts, key: str) -> Iterator[EdgeView]:
    """Yield the wires into a call, each with the argument that takes it where there are several."""
    for wire, name in zip(facts.wires[key], argument_labels(facts.project, key), strict=True):
        yield EdgeView(wire.source, key, wire.slot, *_broken(facts, wire), _port(facts, wire), name)


def _broken(facts: Facts, wire: Wire) -> tuple[bool, str]:
    """Tell whether a wire's target cannot take it, and the shape to write beside its arrow."""
    if not facts.misfits(wire.target):
        return False, ""
    shape = facts.shape(wired(wire.source, wire.port))
    return True, words.shape(shape) if shape and len(wires_into(facts.graph, wire.target)) > 1 else ""


def _input_card(facts: Facts, key: str) -> CardView:
    found = facts.graph.inputs[key]
    return CardView(
        key,
        node_name(facts.graph, key),
        mark=_mark(facts, key, glyphs().input),
        class_text="Input",
        shape_text=words.shape((None, *found.shape)),
        right_text=found.dtype,
        role="input",
        state=_state(facts, key),
        note=key in facts.project.notes,
    )


def _call_card(facts: Facts, key: str, unfolded: bool = False) -> CardView:
    graph = facts.graph
    call = graph.calls[key]
    layer, calls = graph.layers[call.layer], facts.calls[call.layer]
    output = key in facts.ends
    shared = len(calls) > 1
    model = model_of(facts.project, layer)
    own = f"{glyphs().shared}{calls.index(key) + 1}" if shared else glyphs().output if output else ""
    fold = glyphs().unfolded if unfolded else glyphs().folded
    own = fold if unfolded else own or (fold if model else "")
    ordered, _ = takers(facts.project, key)
    entry = catalog().layer(layer.class_name)
    repair = next((problem.repair.label for problem in facts.about(key) if problem.repair), "")
    shape, brief, right = _body(facts, key, first=calls[0] == key)
    return CardView(
        key,
        node_name(graph, key),
        mark=_mark(facts, key, own),
        class_text=class_text(layer, model),
        shape_text=shape,
        right_text=right,
        brief=brief,
        role="output" if output else "layer",
        state=_state(facts, key),
        shared=call.layer if shared else "",
        frozen=layer.config.get("trainable") is False,
        stale=facts.stale,
        note=key in facts.project.notes,
        nested=layer.class_name == MODEL,
        ports=facts.ports(key),
        merge=not ordered and (entry is None or entry.inputs != "many") and not facts.misfits(key),
        repair=repair,
        repair_brief=brief_repair(repair),
    )


def _body(facts: Facts, key: str, first: bool) -> tuple[str, str, str]:
    """Return the shape, the same for narrow places, and what stands at the right of a card."""
    report = facts.report(key)
    if report is None:
        return "?", "", ""
    if report.waits:
        return f"({glyphs().unknown}, ?)", "", "waits"
    if report.shape is None:
        given = (wired(wire.source, wire.port) for wire in wires_into(facts.graph, key))
        shapes = [shape for source in given if (shape := facts.shape(source)) is not None]
        return _clash(shapes)
    return words.shape(report.shape), "", words.count(report.params) if first else "shared"


def _clash(shapes: Sequence[Shape]) -> tuple[str, str, str]:
    """Return the body of a card that cannot take what it gets."""
    if len(shapes) < 2:
        return (f"gets {words.shape(shapes[0])}" if shapes else "?"), words.shape(shapes[0]) if shapes else "", ""
    brief = [str(shape[-1]) if shape and shape[-1] is not None else glyphs().unknown for shape in shapes]
    return " + ".join(words.shape(shape) for shape in shapes), " + ".join(brief), ""


def _state(facts: Facts, key: str) -> State:
    found = {problem.severity for problem in facts.about(key)}
    if "error" in found:
        return "error"
    report = facts.report(key)
    if report is not None and report.waits:
        return "waits"
    return "warning" if "warning" in found else "ok"


def _mark(facts: Facts, key: str, own: str) -> str:
    """Return the glyph before a name: of the worst problem, else the card's own."""
    found = {problem.severity for problem in facts.about(key)}
    return glyphs().error if "error" in found else glyphs().warning if "warning" in found else own


def class_text(layer: Layer, model: Graph | None = None) -> str:
    """Return the class of a layer and what tells most of it: `Dense 64`, `Model · 3` for three layers inside."""
    if model is not None:
        return f"{layer.class_name} {glyphs().separator} {words.count(len(model.layers))}"
    entry = catalog().layer(layer.class_name)
    value = layer.config.get(entry.telling) if entry and entry.telling else None
    told = telling_text(value)
    name = entry.short if entry else layer.class_name.rpartition(".")[2]
    return f"{name} {told}" if told else name


def telling_text(value: Value) -> str:
    """Return a value in as few characters as tell it: `64`, `3×3`, `3.92e-3`, `LSTM`; `""` for none."""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, Spec):
        return value.class_name
    if isinstance(value, float):
        return words.rate(value)
    if isinstance(value, tuple):
        return glyphs().times.join(telling_text(item) for item in value)
    return str(value)


def brief_repair(label: str) -> str:
    """Return a repair's words for narrow places: only what comes out of it."""
    _, arrow, after = label.partition("→")
    return f"{arrow} {after.strip()}" if arrow else label


def waiting(facts: Facts) -> list[str]:
    """Return a line for each broken call that others wait for: `digit waits for add: no shape yet`."""
    stuck = {key for key in facts.graph.calls if (report := facts.report(key)) is not None and report.waits}
    lines = []
    for key in facts.graph.calls:
        if _state(facts, key) != "error":
            continue
        below = _downstream(facts, key, stuck)
        name = node_name(facts.graph, key)
        if len(below) == 1:
            lines.append(f"{node_name(facts.graph, below[0])} waits for {name}: no shape yet")
        elif below:
            lines.append(f"{words.plural(len(below), 'layer')} wait for {name}: no shapes yet")
    return lines


def _downstream(facts: Facts, key: str, among: Collection[str]) -> list[str]:
    """Return the calls below a node that are among some, nearest first."""
    found: dict[str, None] = {}
    nearest = [key]
    for node in nearest:
        fresh = [other for other in facts.consumers.get(node, ()) if other in among and other not in found]
        found |= dict.fromkeys(fresh)
        nearest += fresh
    return list(found)
