"""What a person does to the wires of a graph: edits of the document, with questions where there is a choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import on
from textual.message import Message

from kerastui.engine.project import commands, ordering
from kerastui.engine.project.document import Graph, Project
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.graph import Wire, node_name, node_of, nodes, port_of, wired, wires_into
from kerastui.engine.project.taking import argument_labels, behind, parts, spelled, takers, takes_list, takes_one
from kerastui.engine.studio import Studio
from kerastui.screens.build.adding import AFTER, Purpose
from kerastui.screens.build.canvas import GraphCanvas
from kerastui.screens.build.canvas_view import GraphView
from kerastui.screens.build.ends import origin
from kerastui.screens.build.graph_view import Facts, all_models, facts_of, graph_view
from kerastui.screens.build.wire_reasons import why_not
from kerastui.screens.build.wires import Key
from kerastui.screens.widgets import words
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.modals import Choice, Choose
from kerastui.screens.widgets.refusal import Refused


class GraphEdits(GraphCanvas):
    """Change the graph that is shown.

    Args:
        studio: What is open.
    """

    @dataclass
    class LayerWanted(Message):
        """Say that a layer is to be chosen.

        Args:
            purpose: Where it goes.
        """

        purpose: Purpose = AFTER

    def __init__(self, studio: Studio, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._studio = studio
        self._unfolded: frozenset[str] = frozenset()

    @property
    def _project(self) -> Project:
        return self._studio.view

    def _facts(self) -> Facts:
        return facts_of(self._studio)

    def _view(self) -> GraphView:
        return graph_view(self._facts(), self._unfolded)

    def _card_name(self, key: str) -> str:
        return node_name(self._project.graph, key)

    @property
    def chosen(self) -> list[str]:
        """Ids of the selected cards, or of the one under the cursor, in the graph's order."""
        wanted = self.marks or ({self.cursor} if self.cursor else set())
        return [key for key in nodes(self._project.graph) if key in wanted]

    def _told(self, keys: list[str]) -> str:
        """Return some cards in a few words: the name of one, or how many."""
        return self._card_name(keys[0]) if len(keys) == 1 else words.plural(len(keys), "card")

    def _edit(self, label: str, after: Project, select: str | None = None) -> None:
        """Make an edit, show it at once and put the cursor on a card."""
        self._studio.edit(label, after)
        self._unfolded &= all_models(self._studio.project)  # another model may be of that name later
        self.show(self._view())
        if select is not None and select in self.scene.cards:
            self.select(select)

    def _try(self, label: str, command: Callable[[], Project], select: str | None = None) -> None:
        """Make an edit, or say why it cannot be."""
        try:
            after = command()
        except EditError as error:
            self._refuse(str(error))
        else:
            self._edit(label, after, select)

    def _refuse(self, text: str) -> None:
        self.post_message(Refused(text))

    def _ask(self, title: str, choices: list[Choice], use: Callable[[str], None]) -> None:
        """Go on with one of several things: the only one, or the one that is chosen."""
        if len(choices) == 1:
            use(choices[0].value)
        elif choices:
            self.app.push_screen(Choose(title, choices), lambda value: None if value is None else use(value))

    # Wires ----------------------------------------------------------------------------------------------------------

    def action_add(self) -> None:
        """Ask for a layer to add after the card under the cursor."""
        self.post_message(self.LayerWanted())

    def action_insert(self) -> None:
        """Ask for a layer to put on a wire into the card under the cursor."""
        self._with_wire("insert on the wire from", self._want_on)

    def _want_on(self, wire: Key) -> None:
        self.post_message(self.LayerWanted(Purpose(wire=wire)))

    def action_cut(self) -> None:
        """Cut a wire into the card under the cursor: the one that was clicked, the only one, or one of several."""
        self._with_wire("cut the wire from", self._cut)

    def _cut(self, wire: Key) -> None:
        label = f"cut {self._card_name(wire[0])} → {self._card_name(wire[1])}"
        gone = behind(self._project, wire[1], wire[2])
        self._try(label, lambda: commands.disconnect(self._project, *wire))
        self._tell_gone(gone)

    def _tell_gone(self, gone: Sequence[Wire]) -> None:
        """Say which wires went with one that was cut: each would have passed for what stood before it."""
        there = {
            (wire.source, wire.argument) for each in gone[:1] for wire in wires_into(self._project.graph, each.target)
        }
        names = [self._card_name(wire.source) for wire in gone if (wire.source, wire.argument) not in there]
        if names:
            self.notify(f"{', '.join(names)} cut too: {gone[0].argument} is taken in order", timeout=5)

    def action_rewire(self) -> None:
        """Take the end of a wire into the card under the cursor to another card."""
        self._with_wire("take elsewhere the wire from", self._take_end)

    def _take_end(self, wire: Key) -> None:
        edge = next(edge for edge in self.scene.edges if edge.key == wire)
        legal = self.scene.legal_targets(wire[0], wire)
        if legal:
            self.begin_connect(wire[0], legal, self.scene.port_name(edge), wire)
        else:
            self._refuse(f"the wire from {self._card_name(wire[0])} can end at no other card")

    async def action_on_wire(self, action: str) -> None:
        """Do something to the wire that is selected."""
        await self.run_action(action)

    def _with_wire(self, title: str, use: Callable[[Key], None]) -> None:
        """Go on with the selected wire, or with one into the card under the cursor, asking which of several."""
        if self.wire is not None:
            use(self.wire)
        elif self.cursor is not None:
            found = wires_into(self._project.graph, self.cursor)
            choices = [Choice(str(wire.slot), self._wire_name(wire), self._shape(wire)) for wire in found]
            self._ask(title, choices, lambda slot: use((found[int(slot)].source, found[int(slot)].target, int(slot))))

    def _wire_name(self, wire: Wire) -> str:
        port = f":{wire.port}" if wire.port else ""
        label = argument_labels(self._project, wire.target)[wire.slot]
        return f"{self._card_name(wire.source)}{port}" + (f" → {label}" if label else "")

    def _wire_words(self, facts: Facts, key: Key) -> str:
        """Return from where to where a wire goes, and what goes along it, as far as the check knows it.

        Say `a → b query · (∅, 64) float32`; `""` where there is no such wire any more.
        """
        wire = next(
            (each for each in facts.wires.get(key[1], ()) if (each.source, each.slot) == (key[0], key[2])), None
        )
        if wire is None:
            return ""
        source = wired(wire.source, wire.port)
        shape = facts.shape(source)
        ends = [
            origin(facts, source),
            glyphs().to,
            origin(facts, wire.target),
            argument_labels(facts.project, wire.target)[wire.slot],
        ]
        tensor = [glyphs().separator, words.shape(shape), facts.dtype(source)] if shape is not None else []
        return " ".join(word for word in [*ends, *tensor] if word)

    def _shape(self, wire: Wire) -> str:
        shape = self._facts().shape(wired(wire.source, wire.port))
        return words.shape(shape) if shape else ""

    def action_connect(self) -> None:
        """Draw a wire from the card under the cursor, asking from which of its outputs where there are several."""
        source = self.cursor
        if source is not None:
            self._ask_port(source, lambda port: self.begin_connect(source, None, port))

    def _ask_port(self, source: str, use: Callable[[str], None]) -> None:
        """Go on with the output of a card, asking which where there are several."""
        ports = self._facts().ports(source)
        choices = [Choice(port, port or "first", self._port_shape(source, port)) for port in ports]
        self._ask(f"connect from {self._card_name(source)}", choices or [Choice("")], use)

    def _port_shape(self, source: str, port: str) -> str:
        shape = self._facts().shape(wired(source, port))
        return words.shape(shape) if shape else ""

    @on(GraphCanvas.ConnectRequested)
    def _connect(self, event: GraphCanvas.ConnectRequested) -> None:
        event.stop()
        if event.target not in self._project.graph.calls:
            self._refuse(why_not(self._project.graph, event.source, event.target))
        elif event.port is None:
            self._ask_port(event.source, lambda port: self._connect_port(event, port))
        else:
            self._connect_port(event, event.port)

    def _connect_port(self, event: GraphCanvas.ConnectRequested, port: str) -> None:
        """Connect an output of a card, asking which argument takes it where there are several."""
        ports = self._facts().ports(event.source)
        source = wired(event.source, port if ports and port != ports[0] else "")
        target = event.target
        ordered, named = takers(self._project, target)
        if ordered or (named and self._project.graph.calls[target].inputs):
            self._ask(
                f"{self._card_name(target)} takes it as",
                argument_choices(self._project, target),
                lambda name: self._wire_up(source, target, name, event.wire),
            )
        else:
            self._wire_up(source, target, "", event.wire)

    def _wire_up(self, source: str, target: str, argument: str, wire: Key | None) -> None:
        """Connect a source to an argument of a call."""
        start = self._card_name(node_of(source)) + (f":{port_of(source)}" if port_of(source) else "")
        label = f"connect {start} → {self._card_name(target)}" + (f" {argument}" if argument else "")
        gone = behind(self._project, wire[1], wire[2]) if wire is not None else []
        self._try(label, lambda: with_wire(self._project, source, target, argument, wire), select=target)
        self._tell_gone(gone)

    @on(GraphCanvas.WireRefused)
    def _wire_refused(self, event: GraphCanvas.WireRefused) -> None:
        event.stop()
        self._refuse(why_not(self._project.graph, event.source, event.target))


def argument_choices(project: Project, target: str) -> list[Choice]:
    """Return the arguments of a call that a wire can end at, each with what feeds it now; of a list, up to the next."""
    graph = project.graph
    ordered, named = takers(project, target)
    call = spelled(graph.calls[target], ordered)
    fed = () if takes_list(project, target) else call.inputs
    choices = [Choice("", "input", _fed(graph, fed))] if not ordered else []
    for name in (*ordered, *named):
        found = call.named.get(name, ())
        there = (found,) if isinstance(found, str) else found
        of_list = [f"{name} {part}" for part in parts(graph.layers[call.layer], name)]
        for at, each in enumerate(of_list[: len(there) + 1]):
            choices.append(Choice(each, each, _fed(graph, there[at : at + 1])))
        if not of_list:
            choices.append(Choice(name, name, _fed(graph, there)))
    return choices


def _fed(graph: Graph, ends: Sequence[str]) -> str:
    names = ", ".join(node_name(graph, node_of(end)) for end in ends)
    return f"in place of {names}" if names else ""


def with_wire(project: Project, source: str, target: str, argument: str, wire: Key | None) -> Project:
    """Return a project with a wire.

    Args:
        project: The project.
        source: The source it comes from.
        target: Id of the call it ends at.
        argument: What takes it, a value of `argument_choices`: the name of an argument, of a list with that of the
            part, `initial_state h`; `""` for the inputs in order.
        wire: A wire whose end is taken there, and so leaves where it was; `None` for none.

    Raises:
        EditError: The wire cannot be.
    """
    ordered, named = takers(project, target)
    call = project.graph.calls[target]
    of_list = [f"{name} {part}" for name in named for part in parts(project.graph.layers[call.layer], name)]
    labels = argument_labels(project, target)
    if wire is not None and wire[1] == target and {labels[wire[2]], argument} <= {*labels} & {*of_list}:
        return ordering.move_wire(project, target, wire[2], labels.index(argument) - wire[2])
    if wire is not None:
        project = commands.disconnect(project, *wire)
        call = project.graph.calls[target]
    if argument in of_list:
        name, _, part = argument.partition(" ")
        slot = parts(project.graph.layers[call.layer], name).index(part)
        return commands.connect(project, source, target, argument=name, slot=slot)
    if argument in (*ordered, *named):
        return commands.connect(project, source, target, single=True, argument=argument)
    if takes_list(project, target):
        return commands.connect(project, source, target, slot=len(call.inputs))
    return commands.connect(project, source, target, single=takes_one(project, target))
