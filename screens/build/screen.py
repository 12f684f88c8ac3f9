"""The Build screen: palette, graph, inspector, and what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.geometry import Offset
from textual.timer import Timer
from textual.widget import Widget

from kerastui.engine.catalog.catalog import catalog
from kerastui.engine.process.client import EngineLost, EngineRefused
from kerastui.engine.project import arranging
from kerastui.engine.project.document import Project
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.graph import free_id, taken_names
from kerastui.engine.project.inside import split_place
from kerastui.engine.project.problems import Problem
from kerastui.engine.studio import Studio, Topic
from kerastui.screens.build.adding import AFTER, Purpose, purpose_words, with_layer
from kerastui.screens.build.canvas import GraphCanvas
from kerastui.screens.build.canvas_view import Ghost
from kerastui.screens.build.graph_pane import GraphPane
from kerastui.screens.build.graph_view import facts_of
from kerastui.screens.build.inspector import Inspector
from kerastui.screens.build.palette import INPUT, Palette
from kerastui.screens.build.palette_drag import DragRows
from kerastui.screens.build.problems_panel import TABS, ProblemsPanel
from kerastui.screens.build.text_lines import code_lines
from kerastui.screens.build.wires import Point
from kerastui.screens.stage import STAGES, StageScreen

LONG_CHECK = 0.3
"""Seconds after which shapes that are older than the graph are marked so; most checks are faster."""

SUMMARY, CODE = TABS.index("Summary"), TABS.index("Code")

ALONE = ("canvas", "inspector", "panel")
"""What can have the whole screen: the graph with the palette, the inspector, the panel below."""


class BuildScreen(StageScreen):
    """Build the network.

    Args:
        studio: What is open.
    """

    NUMBER = 2
    CSS_PATH = "screen.tcss"
    AUTO_FOCUS = "GraphPane"
    BINDING_GROUP_TITLE = "build"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "graph", "to the graph", show=False, id="build.graph"),
        Binding("right_square_bracket", "tab(1)", "next tab below", show=False, key_display="]", id="build.tab"),
        Binding("left_square_bracket", "tab(-1)", "tab before", show=False, key_display="[", id="build.tab_back"),
        Binding("M", "alone", "whole screen", show=False, id="build.alone", tooltip="give this pane the whole screen"),
    ]

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]
        self.VERTICAL_BREAKPOINTS = [(0, "-low"), (50, "-tall")]
        self._purpose = AFTER
        self._summarised: Project | None = None
        self._coded: Project | None = None
        self._alone = ""
        self._in_outline = False
        self._stale_timer: Timer | None = None

    def compose_body(self) -> Iterable[Widget]:
        """Lay out the four panes."""
        with Horizontal(id="panes"):
            with Horizontal(id="canvas"):
                yield Palette()
                yield GraphPane(self.studio)
            yield Inspector(self.studio)
        yield ProblemsPanel(self.studio)

    @property
    def graph(self) -> GraphPane:
        """The graph."""
        return self.query_one(GraphPane)

    @property
    def palette(self) -> Palette:
        """The palette."""
        return self.query_one(Palette)

    @property
    def inspector(self) -> Inspector:
        """The inspector."""
        return self.query_one(Inspector)

    @property
    def problems(self) -> ProblemsPanel:
        """The panel below."""
        return self.query_one(ProblemsPanel)

    # What is shown --------------------------------------------------------------------------------------------------

    def changed(self, topics: frozenset[Topic]) -> None:
        """Show graph, inspector and problems again; data and runs change nothing here."""
        if topics <= {"data", "run"}:
            return
        self._show()
        if self._stale_timer is not None:
            self._stale_timer.stop()
        if self.studio.stale:
            self._stale_timer = self.set_timer(LONG_CHECK, self._mark_stale)
        self._fill_tab()

    def on_resize(self) -> None:
        """Fit titles and forms to the new size."""
        if self.is_mounted and self.is_current and self.studio.workspace is not None:
            self.call_after_refresh(self._show)

    def _show(self, stale: bool = False) -> None:
        facts = facts_of(self.studio, stale)
        self.palette.show_code(self.studio.code)
        self.graph.refresh_graph(facts)
        self.inspector.show_card(facts, self.graph.cursor)
        self.problems.show_facts(facts, self.studio.engine_state.kind == "ready")
        if self.graph.cursor and not self.problems.has_focus_within:
            # `f` does what stands beside the card under the cursor, also where an edit has just brought it.
            self.problems.go_to(self.graph.cursor)

    def _mark_stale(self) -> None:
        if self.is_current and self.studio.stale and self.studio.checked is not None:
            self._show(stale=True)

    @on(GraphCanvas.CardSelected)
    def _card_selected(self, event: GraphCanvas.CardSelected) -> None:
        event.stop()
        self.inspector.show_card(facts_of(self.studio), event.id)
        self.problems.go_to(event.id)
        self.refresh_bindings()

    @on(GraphCanvas.CardsMarked)
    def _cards_marked(self, event: GraphCanvas.CardsMarked) -> None:
        event.stop()
        self.problems.show_outline()

    @on(GraphCanvas.CardOpened)
    def _card_opened(self, event: GraphCanvas.CardOpened) -> None:
        event.stop()
        if not self.graph.enter_model(event.id, *event.within):
            self.inspector.show_card(facts_of(self.studio), event.id)
            self._bring("inspector")
            self.inspector.focus()

    @on(Inspector.OrderWanted)
    def _order_wanted(self, event: Inspector.OrderWanted) -> None:
        event.stop()
        self.graph.action_reorder()

    def show_subject(self, subject: str) -> None:
        """Put the cursor on a card, in the model that it is in, and the list on its problem."""
        self._bring("canvas")
        self.graph.focus()
        self.graph.go_to(subject)
        self.problems.go_to(split_place(subject)[1])

    def action_graph(self) -> None:
        """Give the focus to the graph, or to the outline where that was worked in."""
        self._close_palette()
        outline = self.problems.outline
        back = self._in_outline and outline.display and not outline.has_focus
        self._bring("panel" if back else "canvas")
        (outline if back else self.graph).focus()

    # One pane alone -------------------------------------------------------------------------------------------------

    def action_alone(self) -> None:
        """Give the pane with the focus the whole screen, or show all of them again."""
        panes = {"inspector": self.inspector, "panel": self.problems}
        here = next((name for name, pane in panes.items() if pane.has_focus_within), "canvas")
        self._set_alone("" if self._alone else here)

    def _bring(self, pane: str) -> None:
        """Show a pane where another one has the whole screen."""
        if self._alone:
            self._set_alone(pane)

    def _set_alone(self, pane: str) -> None:
        self._alone = pane
        for name in ALONE:
            self.set_class(name == pane, f"-alone-{name}")
        self.call_after_refresh(self._show)

    # Problems -------------------------------------------------------------------------------------------------------

    def problem_at_hand(self) -> Problem | None:
        """Return the problem under the cursor of the list if it has a repair, else the first that has one.

        There is none while a wire or a card is in hand: `f` may be the letter of a card then.
        """
        return self.problems.at_hand if self.is_mounted and not self.graph.in_mode else None

    def action_next_problem(self) -> None:
        """Go to the next problem, on whatever stage it is."""
        problem = self.problems.next_problem()
        if problem is None:
            self.notify("no problems", timeout=3)
        else:
            self._go_to(problem)

    @on(ProblemsPanel.SubjectChosen)
    def _subject_chosen(self, event: ProblemsPanel.SubjectChosen) -> None:
        event.stop()
        self._go_to(event.problem)

    def _go_to(self, problem: Problem) -> None:
        if problem.stage == "build":
            self.show_subject(problem.subject)
        else:
            number = [name.lower() for name in STAGES].index(problem.stage) + 1
            self.post_message(self.StageChosen(number, problem.subject))

    @on(ProblemsPanel.ProblemHighlighted)
    def _problem_highlighted(self, event: ProblemsPanel.ProblemHighlighted) -> None:
        event.stop()
        self.refresh_bindings()

    def action_tab(self, step: int) -> None:
        """Show another tab of the panel below."""
        self.problems.show_tab(self.problems.active + step)

    @on(ProblemsPanel.TabShown)
    def _tab_shown(self, event: ProblemsPanel.TabShown) -> None:
        event.stop()
        self._fill_tab()

    def _fill_tab(self) -> None:
        """Fill the tab that is shown, if what it shows has to be fetched or written."""
        if self.problems.active == SUMMARY:
            self._summarise()
        elif self.problems.active == CODE and self.studio.project is not self._coded:
            self._write_code(self.studio.project)

    @work(exclusive=True, group="code", exit_on_error=False)
    async def _write_code(self, project: Project) -> None:
        self._coded = project
        folder = self.studio.open_workspace.folder
        self.problems.code.show(await asyncio.to_thread(code_lines, project, folder))

    def _summarise(self) -> None:
        """Fetch Keras's summary if the graph is another one than the one it was made of."""
        state = self.studio.engine_state.kind
        if state != "ready":
            self._summarised = None
            words = "waits for the engine" if state == "starting" else "there is no engine; r starts a new one"
            self.problems.show_summary("", words)
        elif self.studio.project is not self._summarised:
            self._fetch_summary(self.studio.project)

    @work(exclusive=True, group="summary", exit_on_error=False)
    async def _fetch_summary(self, project: Project) -> None:
        self._summarised = project
        try:
            text = await self.studio.engine.summary(project, max(self.problems.content_size.width - 2, 40))
        except EngineRefused as error:
            self.problems.show_summary("", str(error))
        except EngineLost:
            self._summarised = None
            self.problems.show_summary("", "there is no engine; r starts a new one")
        else:
            self.problems.show_summary(text)

    # Adding ---------------------------------------------------------------------------------------------------------

    @on(GraphPane.LayerWanted)
    def _layer_wanted(self, event: GraphPane.LayerWanted) -> None:
        """Open the palette's search; the layer goes where the graph said."""
        event.stop()
        self._purpose = event.purpose
        self._bring("canvas")
        self.palette.add_class("-open")
        self.palette.search("" if self.studio.view.graph.inputs else INPUT)

    def _tell_purpose(self) -> None:
        """Say in the palette where a layer would go."""
        self.palette.set_purpose(purpose_words(self.studio.view.graph, self._purpose, self.graph.cursor))

    def _close_palette(self) -> None:
        """Put the palette away, and what it was opened for."""
        self._purpose = AFTER
        self.palette.remove_class("-open")
        self.palette.end_search()
        self.palette.set_purpose("")
        self.graph.show_ghost(None)

    @on(Palette.Left)
    def _palette_left(self, event: Palette.Left) -> None:
        event.stop()
        self.action_graph()

    def on_descendant_focus(self) -> None:
        """Leave the palette's purpose, and its overlay, behind when the focus goes elsewhere."""
        if self.problems.outline.has_focus or self.graph.has_focus:
            self._in_outline = self.problems.outline.has_focus
        if self.palette.has_focus_within:
            self._tell_purpose()
        else:
            self._close_palette()

    @on(Palette.Highlighted)
    def _palette_highlighted(self, event: Palette.Highlighted) -> None:
        """Show where the layer would stand."""
        event.stop()
        if self.palette.has_focus_within and event.name and self.graph.cursor and not self._purpose.replace:
            name = free_id(event.name, taken_names(self.studio.view.graph))
            entry = catalog().layer(event.name)
            self.graph.show_ghost(Ghost(name, entry.short if entry else event.name))
        else:
            self.graph.show_ghost(None)

    @on(Palette.LayerChosen)
    def _layer_chosen(self, event: Palette.LayerChosen) -> None:
        event.stop()
        asked = self._purpose != AFTER
        if not self._put_layer(event.name, self._purpose):
            return
        if event.searched or asked or self.has_class("-narrow"):
            self.action_graph()
        else:
            self._tell_purpose()

    def _put_layer(self, name: str, purpose: Purpose, at: Point | None = None) -> bool:
        """Put a layer into the graph and select it; tell whether it could be done.

        Args:
            name: Name of its class, or `INPUT`.
            purpose: Where it goes.
            at: Position of its card, `None` for an automatic one.
        """
        try:
            label, after, key = with_layer(self.studio, name, purpose, self.graph.cursor, self.graph.marks)
            after = arranging.move(after, {key: at}) if at is not None else after
        except EditError as error:
            self.refuse(error)
            return False
        self.studio.edit(label, after)
        self._show()
        if key in self.graph.scene.cards:
            self.graph.select(key)
        return True

    @on(DragRows.Dragged)
    def _layer_dragged(self, event: DragRows.Dragged) -> None:
        """Show where a layer that the mouse brings would go, and put it there."""
        event.stop()
        inside = self.graph.region.contains_point(event.place)
        ghost = Ghost(free_id(event.key, taken_names(self.studio.view.graph)), event.key)
        self.graph.hold_layer(ghost if inside and not event.dropped else None, event.place)
        if inside and event.dropped:
            self._drop_layer(event.key, event.place)

    def _drop_layer(self, name: str, place: Offset) -> None:
        """Put a layer on the wire, after the card, or on the ground that is at a place of the screen."""
        wire, card = self.graph.under(place)
        if card is not None:
            self.graph.select(card)
        loose = card is None and wire is None
        at = self.graph.stored_at(place) if loose and self.graph.scene.cards else None
        if self._put_layer(name, Purpose(wire=wire, loose=loose), at):
            self.action_graph()
