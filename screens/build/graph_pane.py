"""The graph pane: the canvas with the keys that change the graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.message import Message

from kerastui.engine.catalog.catalog import catalog
from kerastui.engine.project import arranging, commands, copies
from kerastui.engine.project.document import Project
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.graph import node_name, node_of, nodes, sources
from kerastui.engine.studio import Studio
from kerastui.screens.build.canvas import GraphCanvas
from kerastui.screens.build.canvas_modes import Connecting, Moving
from kerastui.screens.build.canvas_pane import CanvasPane
from kerastui.screens.build.costs import total_words
from kerastui.screens.build.graph_view import Facts, class_text, facts_of, graph_view
from kerastui.screens.build.wire_reasons import why_no_target, why_not
from kerastui.screens.widgets import words
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import line_width
from kerastui.screens.widgets.modals import Choice, Choose, Prompt
from kerastui.screens.widgets.refusal import Refused

_CANVAS = {binding.id: binding for binding in GraphCanvas.BINDINGS if isinstance(binding, Binding)}
_FIRST = ("graph.connect", "graph.open", "graph.zoom_out", "graph.leave")

HELP = """\
A card is one layer; the flow is downwards. `↑` `↓` follow the wires, `←` `→` go along the row.

`a` adds a layer after the card, `i` one on the wire into it, `c` draws a wire from it, `x` cuts one into it, `o` makes
it an output. `enter` opens its arguments in the inspector. What is wrong stands on the card and in the list below;
`f` applies the repair that is offered.
"""


class GraphPane(GraphCanvas, inherit_bindings=False):
    """Show the graph of the project and change it.

    Args:
        studio: What is open.
    """

    BINDING_GROUP_TITLE = "graph"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "add", id="graph.add", tooltip="add a layer after this card"),
        _CANVAS["graph.connect"],
        Binding("i", "insert", "insert", id="graph.insert", tooltip="put a layer on the wire into this card"),
        Binding("f", "screen.repair", "repair", id="stage.repair", tooltip="apply the repair that is offered"),
        Binding("enter", "finish_wire", "connect", id="graph.finish_wire"),
        Binding("enter", "finish_move", "put it here", id="graph.finish_move"),
        _CANVAS["graph.open"],
        _CANVAS["graph.zoom_out"],
        Binding("x", "cut", "cut wire", id="graph.cut", tooltip="cut a wire into this card"),
        Binding("escape", "leave", "leave", id="graph.leave"),
        Binding("f5", "train", "train"),  # the app's own key, so that the footer names the next step
        Binding("delete,backspace", "delete", "delete", show=False, id="graph.delete"),
        Binding("f2", "rename", "rename", show=False, id="graph.rename"),
        Binding("o", "output", "output or not", show=False, id="graph.output"),
        Binding("D", "duplicate", "duplicate", show=False, id="graph.duplicate"),
        Binding("S", "share", "share", show=False, id="graph.share", tooltip="call the same layer on another input"),
        Binding("L", "lay_out", "lay out", show=False, id="graph.lay_out", tooltip="forget places set by hand"),
        Binding("slash", "find", "find", show=False, key_display="/", id="graph.find", tooltip="go to a card by name"),
        Binding("n", "find_next(1)", "next found", show=False, id="graph.find_next"),
        Binding("N", "find_next(-1)", "found before", show=False, id="graph.find_previous"),
        *(binding for key, binding in _CANVAS.items() if key not in _FIRST),
    ]

    @dataclass
    class LayerWanted(Message):
        """Say that a layer is to be chosen.

        Args:
            after: Id of the card it comes after, `None` for the start of a graph.
            before: Id of the card it comes before, on the wire between; `""` for no wire.
        """

        after: str | None
        before: str = ""

    def __init__(self, studio: Studio, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._studio = studio
        self._found: list[str] = []

    @property
    def _project(self) -> Project:
        return self._studio.view

    @property
    def mode(self) -> str:
        """What is in hand: `"wire"`, `"card"` or `""`."""
        return "wire" if isinstance(self._mode, Connecting) else "card" if isinstance(self._mode, Moving) else ""

    @property
    def target(self) -> str | None:
        """Id of the card that the wire in hand ends at."""
        return self._mode.target if isinstance(self._mode, Connecting) else None

    # What is shown --------------------------------------------------------------------------------------------------

    def refresh_graph(self, facts: Facts) -> None:
        """Show what is known of the graph."""
        self.show(graph_view(facts))
        errors = sum(problem.severity == "error" for problem in facts.problems)
        warnings = sum(problem.severity == "warning" for problem in facts.problems)
        counts = [(f"{glyphs().error} {errors}", "error")] if errors else []
        counts += [("  " if counts else "", ""), (f"{glyphs().warning} {warnings}", "warning")] if warnings else []
        room = self.size.width - 6 - line_width(counts)
        total = total_words(facts, room)
        if facts.checked is None and self._studio.engine_state.kind == "starting":
            total += f" {glyphs().separator} shapes wait for the engine"
        self.set_titles(facts.project.name, self._state_words(), total, counts)

    def _state_words(self) -> str:
        if self.mode == "wire":
            return "connect to"
        return "move" if self.mode == "card" else f"zoom {self.level.value}"

    @on(CanvasPane.LevelChanged)
    def _level_changed(self) -> None:
        self.retitle(right=self._state_words())

    def _edit(self, label: str, after: Project, select: str | None = None) -> None:
        """Make an edit, show it at once and put the cursor on a card."""
        self._studio.edit(label, after)
        self.show(graph_view(facts_of(self._studio)))
        if select is not None and select in self.scene.cards:
            self.select(select)

    def _try(self, label: str, command: Callable[[], Project]) -> None:
        """Make an edit, or say why it cannot be."""
        try:
            self._edit(label, command())
        except EditError as error:
            self._refuse(str(error))

    def _refuse(self, text: str) -> None:
        self.post_message(Refused(text))

    def _card_name(self, key: str) -> str:
        return node_name(self._project.graph, key)

    # Modes ----------------------------------------------------------------------------------------------------------

    def begin_connect(self, source: str, legal: object = None) -> None:
        """Draw a wire from a card, if there is anything it may end at."""
        targets = self.scene.legal_targets(source).difference(self.scene.targets[source])
        if targets:
            super().begin_connect(source, targets)
            self._mode_changed()
        else:
            self._refuse(why_no_target(self._project.graph, source))

    def choose_target(self) -> None:
        """Ask for the card that a wire from the card under the cursor goes to: for lists, which have no canvas."""
        source = self.cursor
        if source is None:
            return
        targets = self.scene.legal_targets(source).difference(self.scene.targets[source])
        cards = self.scene.cards
        choices = [Choice(key, self._card_name(key), cards[key].shape_text) for key in cards if key in targets]

        def connect(target: str | None) -> None:
            if target is not None:
                self.post_message(self.ConnectRequested(source, target))

        if choices:
            self.app.push_screen(Choose(f"connect {self._card_name(source)} to", choices), connect)
        else:
            self._refuse(why_no_target(self._project.graph, source))

    def begin_move(self, card: str) -> None:
        """Move a card with the arrow keys."""
        super().begin_move(card)
        self._mode_changed()

    def leave_mode(self) -> None:
        """Drop the wire or the card in hand."""
        super().leave_mode()
        self._mode_changed()

    def _complete(self) -> None:
        super()._complete()
        self._mode_changed()

    def _mode_changed(self) -> None:
        self.retitle(right=self._state_words())
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what acts on the card under the cursor; with something in hand only what ends that."""
        if action in ("finish_wire", "finish_move"):
            return self.mode == action.replace("finish_move", "card").replace("finish_wire", "wire")
        if self.in_mode:
            return action in ("cursor", "leave")
        if action == "add":
            return True
        if action in ("insert", "cut"):
            return bool(self.cursor and sources(self._project.graph, self.cursor))
        if action == "share":
            return self.cursor in self._project.graph.calls
        if action in ("delete", "rename", "output", "duplicate", "find"):
            return self.cursor is not None
        if action == "lay_out":
            return bool(self._project.layout)
        if action == "find_next":
            return bool(self._found)
        return super().check_action(action, parameters)

    async def action_train(self) -> None:
        """Start a run."""
        await self.run_action("app.train")

    def action_finish_wire(self) -> None:
        """Connect to the card the wire ends at."""
        self._complete()

    def action_finish_move(self) -> None:
        """Leave the card where it is now."""
        self._complete()

    # Edits ----------------------------------------------------------------------------------------------------------

    def action_add(self) -> None:
        """Ask for a layer to add after the card under the cursor."""
        self.post_message(self.LayerWanted(self.cursor))

    def action_insert(self) -> None:
        """Ask for a layer to put on a wire into the card under the cursor."""
        target = self.cursor
        if target is not None:
            self._with_source(target, "insert on the wire from", lambda key: self._want(key, target))

    def _want(self, source: str, target: str) -> None:
        self.post_message(self.LayerWanted(source, target))

    def action_cut(self) -> None:
        """Cut a wire into the card under the cursor: the one that was clicked, the only one, or one of several."""
        target = self.cursor
        if self.wire is not None:
            self._cut(self.wire[0], self.wire[1])
        elif target is not None:
            self._with_source(target, "cut the wire from", lambda key: self._cut(key, target))

    def _cut(self, source: str, target: str) -> None:
        label = f"cut {self._card_name(source)} → {self._card_name(target)}"
        self._try(label, lambda: commands.disconnect(self._project, source, target))

    def _with_source(self, target: str, title: str, use: Callable[[str], None]) -> None:
        """Go on with the card that feeds another one, asking which where there are several."""
        found = sources(self._project.graph, target)
        if len(found) == 1:
            use(found[0])
        elif found:
            choices = [Choice(key, self._card_name(key), self.scene.cards[key].shape_text) for key in found]
            self.app.push_screen(Choose(title, choices), lambda key: use(key) if key else None)

    @on(GraphCanvas.ConnectRequested)
    def _connect(self, event: GraphCanvas.ConnectRequested) -> None:
        event.stop()
        graph, target = self._project.graph, event.target
        call = graph.calls.get(target)
        entry = catalog().layer(graph.layers[call.layer].class_name) if call else None
        single = entry is not None and entry.inputs == "one"
        label = f"connect {self._card_name(event.source)} → {self._card_name(target)}"
        try:
            after = commands.connect(self._project, event.source, target, single)
        except EditError as error:
            self._refuse(str(error))
        else:
            self._edit(label, after, select=target)

    @on(GraphCanvas.WireRefused)
    def _wire_refused(self, event: GraphCanvas.WireRefused) -> None:
        event.stop()
        self._refuse(why_not(self._project.graph, event.source, event.target))

    @on(GraphCanvas.CardMoved)
    def _moved(self, event: GraphCanvas.CardMoved) -> None:
        event.stop()
        self._try(
            f"move {self._card_name(event.id)}", lambda: arranging.move(self._project, {event.id: (event.x, event.y)})
        )

    def action_delete(self) -> None:
        """Delete the marked cards, or the one under the cursor."""
        chosen = self.marks or ({self.cursor} if self.cursor else set())
        keys = [key for key in nodes(self._project.graph) if key in chosen]
        if not keys:
            return
        near = [source for key in keys for source in sources(self._project.graph, key) if source not in chosen]
        label = f"delete {self._card_name(keys[0])}" if len(keys) == 1 else f"delete {words.plural(len(keys), 'card')}"
        self._edit(label, commands.delete(self._project, keys), select=near[0] if near else None)

    def action_rename(self) -> None:
        """Ask for another name of the layer or input."""
        key = self.cursor
        if key is None:
            return
        name = self._card_name(key)

        def check(text: str) -> str:
            try:
                commands.rename(self._project, key, text)
            except EditError as error:
                return str(error)
            return ""

        def rename(text: str | None) -> None:
            if text is not None:
                self._try(f"rename {name} → {text}", lambda: commands.rename(self._project, key, text))

        self.app.push_screen(Prompt(f"rename {name}", value=name, check=check), rename)

    def action_output(self) -> None:
        """Make the card an output, or no longer."""
        key = self.cursor
        if key is not None:
            verb = "no output" if key in map(node_of, self._project.graph.outputs.values()) else "output"
            self._try(f"{self._card_name(key)}: {verb}", lambda: commands.toggle_output(self._project, key))

    def action_duplicate(self) -> None:
        """Copy the marked cards, or the one under the cursor, with layers of their own."""
        chosen = sorted(self.marks) or [key for key in (self.cursor,) if key]
        try:
            after, new = copies.duplicate(self._project, chosen)
        except EditError as error:
            self._refuse(str(error))
        else:
            self._edit(f"duplicate {', '.join(map(self._card_name, chosen))}", after, select=new[0] if new else None)

    def action_share(self) -> None:
        """Call the same layer on another input, which is asked for."""
        key = self.cursor
        if key is None:
            return
        fed = set(sources(self._project.graph, key))
        cards = self.scene.cards
        others = [Choice(each, self._card_name(each), cards[each].shape_text) for each in cards if each not in fed]
        choices = [*others, Choice("", "nothing yet", "connect it later")]

        def share(source: str | None) -> None:
            if source is not None:
                after, new = copies.share(self._project, key, source or None)
                self._edit(f"share {self._card_name(key)}", after, select=new)

        self.app.push_screen(Choose(f"call {self._card_name(key)} on", choices), share)

    def action_lay_out(self) -> None:
        """Place all cards automatically."""
        self._edit("lay out", arranging.lay_out(self._project))

    # Finding --------------------------------------------------------------------------------------------------------

    def action_find(self) -> None:
        """Ask for a part of a name and go to the first card that has it."""

        def find(text: str | None) -> None:
            if text:
                self._found = self._matches(text)
                self.refresh_bindings()
                self.action_find_next(0)

        def check(text: str) -> str:
            return "" if self._matches(text) else "no card has this in its name or class"

        self.app.push_screen(Prompt("find a card", check=check), find)

    def _matches(self, text: str) -> list[str]:
        wanted = text.strip().lower()
        cards = self.scene.cards.values()
        return [card.id for card in cards if wanted in card.name.lower() or wanted in card.class_text.lower()]

    def action_find_next(self, step: int) -> None:
        """Go to the next card found, round and round."""
        found = [key for key in self._found if key in self.scene.cards]
        if found:
            at = (found.index(self.cursor) + step) % len(found) if self.cursor in found else 0
            self.select(found[at])

    # Help -----------------------------------------------------------------------------------------------------------

    @property
    def help_title(self) -> str:
        """Name and class of the card under the cursor."""
        graph, key = self._project.graph, self.cursor or ""
        if key in graph.calls:
            return f"{self._card_name(key)} · {class_text(graph.layers[graph.calls[key].layer])}"
        return "graph"

    @property
    def help_markdown(self) -> str:
        """What Keras says of the layer, or how the graph is used."""
        graph = self._project.graph
        call = graph.calls.get(self.cursor or "")
        entry = catalog().layer(graph.layers[call.layer].class_name) if call else None
        return f"{entry.summary}\n\n{entry.help}\n\n---\n\n{HELP}" if entry else HELP
