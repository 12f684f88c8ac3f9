"""The graph pane: the canvas with the keys that change the graph."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import ClassVar

from textual import events, on
from textual.binding import Binding, BindingType

from kerastui.engine.catalog.catalog import catalog
from kerastui.engine.project.document import Graph, Layer
from kerastui.engine.project.graph import sources
from kerastui.engine.project.inside import place_of
from kerastui.engine.project.taking import model_of, takers, takes_list
from kerastui.engine.studio import Studio
from kerastui.screens.build.canvas import GraphCanvas
from kerastui.screens.build.canvas_modes import Connecting, Moving
from kerastui.screens.build.canvas_pane import CanvasPane
from kerastui.screens.build.canvas_view import Level
from kerastui.screens.build.costs import total_words
from kerastui.screens.build.finding import card_choices, is_card
from kerastui.screens.build.graph_view import Facts, class_text, graph_view
from kerastui.screens.build.opening import Opening
from kerastui.screens.build.wire_reasons import why_no_target
from kerastui.screens.build.wires import Key
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Line, line_width
from kerastui.screens.widgets.live_keys import key_name
from kerastui.screens.widgets.modals import Choice, Choose

_CANVAS = {binding.id: binding for binding in GraphCanvas.BINDINGS if isinstance(binding, Binding)}
_FIRST = ("graph.connect", "graph.open", "graph.zoom_out", "graph.leave")

CARD_ACTIONS = frozenset(
    {"delete", "rename", "output", "rename_output", "copy", "duplicate", "share", "group", "ungroup", "freeze"}
    | {"swap", "note", "align", "lay_out", "find", "reorder"}
)
"""Actions that depend on which cards there are and are selected."""

MENU = (
    CARD_ACTIONS
    | {"add", "insert", "import_model", "connect", "wire", "cut", "rewire", "open", "move", "paste", "mark"}
    | {"enter_model", "fold", "unfold", "fit", "center", "zoom"}
)
"""Actions that the menu lists."""

ON_CANVAS = frozenset({"move", "fold", "unfold", "fit", "zoom", "center", "wire"})
"""Actions that mean nothing where there is no canvas, as in the outline."""

ENDS = {"finish_wire": "wire", "finish_move": "card"}
"""Actions that finish what is in hand, each with what that is."""

HELP = """\
A card is one layer; the flow is downwards. `↑` `↓` follow the wires, `←` `→` go along the row.

`a` adds a layer after the card, `i` one on the wire into it, `c` draws a wire from it, `x` cuts one into it, `o` makes
it an output. `enter` opens its arguments in the inspector, or the model that it is; `esc` leaves that. `space` selects
several, `g` makes a model of them, `y` copies them as text, `p` pastes, `/` finds a card in whatever model it is.
`+` shows the graph of a model within its card, `-` hides it; so does a click on its mark. `I` imports a model from a
file, or one of Keras's own, as a model inside.
`.` or the right button lists all there is.
`e` selects a wire of the card: the border tells what goes along it, `x` cuts it, `R` takes its end elsewhere. `v` comes
back to the card. The mouse draws a wire from the lower border of a card, or from the right end of one that is a line.
What is wrong stands on the card and in the list below; `f` applies the repair that is offered.
"""


class GraphPane(Opening, inherit_bindings=False):
    """Show the graph of the project and change it.

    Args:
        studio: What is open.
    """

    BINDING_GROUP_TITLE = "graph"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "on_wire('cut')", "cut", id="graph.cut", tooltip="cut the selected wire"),
        Binding("R", "on_wire('rewire')", "take its end", id="graph.rewire", tooltip="to another card"),
        Binding("e", "on_wire('wire')", "next wire", id="graph.wire"),
        Binding("a", "add", "add", id="graph.add", tooltip="add a layer after this card"),
        _CANVAS["graph.connect"],
        Binding("i", "insert", "insert", id="graph.insert", tooltip="put a layer on the wire into this card"),
        Binding("g", "group", "group", id="graph.group", tooltip="make a model of the selected cards"),
        Binding("f", "screen.repair", "repair", id="stage.repair", tooltip="apply the repair that is offered"),
        Binding("enter", "finish_wire", "connect", id="graph.finish_wire"),
        Binding("enter", "finish_move", "put it here", id="graph.finish_move"),
        Binding("enter", "enter_model", "open", id="graph.enter_model", tooltip="open the model that the card is"),
        _CANVAS["graph.open"],
        Binding("escape", "leave", "leave", id="graph.leave"),
        _CANVAS["graph.zoom_out"],
        Binding("x", "cut", "cut wire", show=False, id="graph.cut", tooltip="cut a wire into this card"),
        Binding("f5", "train", "train"),  # the app's own key, so that the footer names the next step
        Binding("delete,backspace", "delete", "delete", show=False, id="graph.delete"),
        Binding("f2", "rename", "rename", show=False, id="graph.rename"),
        Binding("o", "output", "output or not", show=False, id="graph.output"),
        Binding("O", "rename_output", "rename output", show=False, id="graph.rename_output"),
        Binding("y,ctrl+c", "copy", "copy", show=False, id="graph.copy", tooltip="as text, to the clipboard"),
        Binding("p,ctrl+v", "paste", "paste", show=False, id="graph.paste", tooltip="what was copied"),
        Binding("I", "import_model", "import a model", show=False, id="graph.import_model", tooltip="with its weights"),
        Binding("D", "duplicate", "duplicate", show=False, id="graph.duplicate"),
        Binding("S", "share", "share", show=False, id="graph.share", tooltip="call the same layer on another input"),
        Binding("G", "ungroup", "ungroup", show=False, id="graph.ungroup", tooltip="put its layers in its place"),
        Binding(
            "plus", "unfold", "unfold", show=False, key_display="+", id="graph.unfold", tooltip="show what is inside"
        ),
        Binding("minus", "fold", "fold", show=False, key_display="-", id="graph.fold", tooltip="hide what is inside"),
        Binding("F", "freeze", "freeze or not", show=False, id="graph.freeze", tooltip="keep from being trained"),
        Binding("w", "swap", "swap class", show=False, id="graph.swap", tooltip="another class, what fits stays"),
        Binding("t", "note", "note", show=False, id="graph.note", tooltip="write on the card"),
        Binding("R", "rewire", "rewire", show=False, id="graph.rewire", tooltip="take the end of a wire elsewhere"),
        Binding("s", "reorder", "swap order", show=False, id="graph.reorder", tooltip="of inputs, or of outputs"),
        Binding("A", "align", "align", show=False, id="graph.align", tooltip="the selected cards"),
        Binding("L", "lay_out", "lay out", show=False, id="graph.lay_out", tooltip="forget places set by hand"),
        Binding("full_stop", "menu", "menu", show=False, key_display=".", id="graph.menu", tooltip="all actions"),
        Binding("slash", "find", "find", show=False, key_display="/", id="graph.find", tooltip="go to a card"),
        Binding("n", "find_next(1)", "next found", show=False, id="graph.find_next"),
        Binding("N", "find_next(-1)", "found before", show=False, id="graph.find_previous"),
        *(binding for key, binding in _CANVAS.items() if key not in _FIRST),
    ]

    def __init__(self, studio: Studio, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(studio, id=id)
        self._found: list[str] = []

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
        self.show(graph_view(facts, self._unfolded))
        self._entitle(facts)

    def _entitle(self, facts: Facts) -> None:
        """Write into the border where one is, what is wrong, and of the selected wire or of the whole graph."""
        errors = sum(problem.severity == "error" for problem in facts.problems)
        warnings = sum(problem.severity == "warning" for problem in facts.problems)
        counts = [(f"{glyphs().error} {errors}", "error")] if errors else []
        counts += [("  " if counts else "", ""), (f"{glyphs().warning} {warnings}", "warning")] if warnings else []
        told = self._wire_words(facts, self.wire) if self.wire else ""
        told = told or self._total(facts, self.size.width - 6 - line_width(counts))
        self.set_titles(self._path_line(), self._state_words(), told, counts)

    def _total(self, facts: Facts, room: int) -> str:
        """Return what the graph comes to, in the words that there is room for."""
        total = total_words(facts, room)
        if facts.checked is None and self._studio.engine_state.kind == "starting":
            total += f" {glyphs().separator} shapes wait for the engine"
        return total

    @on(GraphCanvas.WireSelected)
    def _wire_selected(self, event: GraphCanvas.WireSelected) -> None:
        event.stop()
        self._entitle(self._facts())
        self.refresh_bindings()

    def _path(self) -> list[str]:
        """Return the names of the graphs that are opened, the outermost first."""
        return [self._studio.project.name, *self._studio.inside]

    def _path_line(self) -> Line:
        return " › ".join(self._path())

    def on_click(self, event: events.Click) -> None:
        """Go back to the graph whose name in the title is clicked."""
        if event.y == 0 and event.widget is self:
            start = 3  # the corner, a line, a blank
            for depth, name in enumerate(self._path()):
                if start <= event.x < start + len(name) and depth < len(self._studio.inside):
                    event.stop()
                    self.leave_model(depth)
                    return
                start += len(name) + 3

    def _state_words(self) -> str:
        told = {"wire": "arrows or a letter", "card": "arrows move it"}
        return told.get(self.mode, f"zoom {self.level.value}")

    @on(CanvasPane.LevelChanged)
    def _level_changed(self) -> None:
        self.retitle(right=self._state_words())

    # Modes ----------------------------------------------------------------------------------------------------------

    def begin_connect(
        self, source: str, legal: Collection[str] | None = None, port: str = "", wire: Key | None = None
    ) -> None:
        """Draw a wire from a card, if there is anything it may end at."""
        if legal is None:
            fed = self.scene.targets[source]
            full = {key for key in fed if not (any(takers(self._project, key)) or takes_list(self._project, key))}
            legal = self.scene.legal_targets(source) - full
        if legal:
            super().begin_connect(source, legal, port, wire)
            self._mode_changed()
            if self.screen.focused is not self:
                self._choose_target()
        else:
            self._refuse(why_no_target(self._project.graph, source))

    def _choose_target(self) -> None:
        """Ask for the card that the wire in hand ends at, where keys come from a list and not from the canvas."""
        mode = self._mode
        if not isinstance(mode, Connecting):
            return
        cards = self.scene.cards
        choices = [Choice(key, self._card_name(key), cards[key].shape_text) for key in cards if key in mode.legal]

        def connect(target: str | None) -> None:
            mode.target = target
            (self._complete if target else self.leave_mode)()

        self.app.push_screen(Choose(f"connect {self._card_name(mode.source)} to", choices), connect)

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
        if action in ENDS:
            return self.mode == ENDS[action]
        if self.in_mode:
            return action in ("cursor", "leave")
        if action in ("add", "paste", "import_model", "menu"):
            return True
        if action == "on_wire":
            return self.wire is not None
        if action in ("insert", "cut", "rewire"):
            return self.wire is not None or bool(self.cursor and sources(self._project.graph, self.cursor))
        if action == "find_next":
            return bool(self._found)
        if action == "leave":
            return bool(self.marks or self.wire or self._studio.inside)
        if action == "open":
            return bool(self.cursor) and self.unfolded is None
        if action == "enter_model":
            return self.unfolded is not None
        if action in ("fold", "unfold"):
            return self.unfolded is (action == "fold") and self.level is not Level.DOT
        if action in CARD_ACTIONS:
            return self.can(action)
        return super().check_action(action, parameters)

    def action_leave(self) -> None:
        """Drop what is in hand, else what is selected, else leave the model that is opened."""
        if self.in_mode or self.marks:
            super().action_leave()
        elif self.wire is not None:
            self.select_wire(None)
        else:
            self.leave_model()

    def action_menu(self) -> None:
        """List what can be done with what is selected, each with its key."""
        bindings = [binding for binding in self.__class__.BINDINGS if isinstance(binding, Binding)]
        listed = MENU if self.screen.focused is self else MENU - ON_CANVAS
        choices = []
        for binding in bindings:
            if binding.action.split("(")[0] in listed and self._offers(binding.action):
                first = replace(binding, key=binding.key.split(",")[0])
                choices.append(Choice(binding.action, binding.description, key_name(first)))
        self.app.push_screen(Choose(self._menu_title(), choices), self._do)

    def _offers(self, action: str) -> bool:
        return bool(self.check_action(action.split("(")[0], ()))

    def _menu_title(self) -> str:
        if self.wire is not None:
            return f"{self._card_name(self.wire[0])} → {self._card_name(self.wire[1])}"
        return self._told(self.chosen) if self.chosen else "graph"

    async def _do(self, action: str | None) -> None:
        if action is not None:
            await self.run_action(action)

    @on(GraphCanvas.MenuWanted)
    def _menu_wanted(self, event: GraphCanvas.MenuWanted) -> None:
        event.stop()
        self.screen.set_focus(self)
        self.action_menu()

    async def action_train(self) -> None:
        """Start a run."""
        await self.run_action("app.train")

    def action_finish_wire(self) -> None:
        """Connect to the card the wire ends at."""
        self._complete()

    def action_finish_move(self) -> None:
        """Leave the card where it is now."""
        self._complete()

    # Finding --------------------------------------------------------------------------------------------------------

    def action_find(self) -> None:
        """List the cards of all models, and go to the one that is chosen."""
        here = place_of(self._studio.model, self.cursor or "")
        cards = Choose("find a card", card_choices(self._studio.project, self._studio.model), current=here)

        def find(place: str | None) -> None:
            if place is not None:
                self._found = cards.found
                self.refresh_bindings()
                self.go_to(place)

        self.app.push_screen(cards, find)

    def action_find_next(self, step: int) -> None:
        """Go to the next card found, round and round, in whatever model it is."""
        here = place_of(self._studio.model, self.cursor or "")
        found = [place for place in self._found if is_card(self._studio.project, place)]
        if found:
            self.go_to(found[(found.index(here) + step) % len(found) if here in found else 0])

    # Help -----------------------------------------------------------------------------------------------------------

    @property
    def help_title(self) -> str:
        """Name and class of the card under the cursor."""
        graph, key = self._project.graph, self.cursor or ""
        if key in graph.calls:
            return f"{self._card_name(key)} · {class_text(*self._kind(key))}"
        return "graph"

    def _kind(self, key: str) -> tuple[Layer, Graph | None]:
        layer = self._project.graph.layers[self._project.graph.calls[key].layer]
        return layer, model_of(self._project, layer)

    @property
    def help_markdown(self) -> str:
        """What Keras says of the layer, or how the graph is used."""
        graph = self._project.graph
        call = graph.calls.get(self.cursor or "")
        entry = catalog().layer(graph.layers[call.layer].class_name) if call else None
        return f"{entry.summary}\n\n{entry.help}\n\n---\n\n{HELP}" if entry else HELP
