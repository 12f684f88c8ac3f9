"""The panes of the Data screen: all at once, or one at a time as tabs where there is little room."""

from __future__ import annotations

import asyncio

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from kerastui.engine.data.binding import encoded_shapes
from kerastui.engine.data.profile import ColumnProfile
from kerastui.engine.data.split import CATEGORICAL
from kerastui.engine.data.table import Table
from kerastui.engine.data_state import DataState
from kerastui.engine.project.document import Column, Data, Project
from kerastui.engine.studio import Studio
from kerastui.screens.data import columns as of_columns
from kerastui.screens.data.columns import ColumnRows, ColumnsPane, Detail
from kerastui.screens.data.facts import Facts, find_facts
from kerastui.screens.data.lines import LinesView
from kerastui.screens.data.panes import Bound, bound_lines, classes_lines, mark, quality_lines, split_lines, tally
from kerastui.screens.data.preview import Preview
from kerastui.screens.data.summary import Summary
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Line
from kerastui.screens.widgets.panel import PanelFrame, Tab
from kerastui.screens.widgets.rows import Rows

SMALL = (100, 36)
"""Columns and rows of the terminal below which one pane is shown at a time."""

LARGE = 50
"""Rows of the terminal from which panes are longer."""

TABS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("columns", ("columns",)),
    ("preview", ("preview",)),
    ("graph", ("bound",)),
    ("split", ("classes", "split")),
    ("quality", ("quality",)),
)
"""Label of each tab on a small screen, and the panes it shows."""

EMPTY: tuple[Line, ...] = (
    "No data yet. A table (CSV, TSV) or arrays (NPZ, NPY) belong here.",
    "",
    (("o", "primary bold"), (" opens a file, or data that ships with kerastui", "muted")),
)
HELP_GRAPH = (
    "Which columns go to which input of the graph, which target to which output, and whether the shapes fit. Columns "
    "bound to the same input are put side by side. `b` binds the column under the cursor elsewhere, `f` applies the "
    "repair that is offered."
)
HELP_SPLIT = (
    "Rows are shuffled once by the seed and divided. The network learns from **train**, is watched on **val**, and "
    "**test** is kept aside. Stratified: the classes have the same shares in all parts. `s` changes it."
)


class Board(Vertical):
    """Hold the panes and show the studio's data in them.

    Args:
        studio: What is open.
    """

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self.studio = studio
        self._facts: Facts | None = None
        self._facts_of: tuple[Table, Data] | None = None
        self._tab = 0
        self._wanted = ""  # a column to go to once the rows are there

    @property
    def facts(self) -> Facts | None:
        """What was found out about the data, `None` while it is not known."""
        return self._facts

    @property
    def tabbed(self) -> bool:
        """Whether one pane is shown at a time."""
        return self.has_class("-tabbed")

    @property
    def column(self) -> tuple[ColumnProfile, Column] | None:
        """The column under the cursor, `None` if there is none that can be changed."""
        name = self.query_one(ColumnRows).cursor_key
        found = self.profile(name) if name else None
        if found is None:
            return None
        return found, self.studio.project.data.columns.get(found.name, Column("ignore"))

    @property
    def can_start(self) -> bool:
        """Whether a starting network can be made: there are inputs and a target, and no layers yet."""
        if self.studio.data.table is None:
            return False
        project = self.studio.project
        roles = {column.role for column in project.data.columns.values()}
        return not project.graph.calls and {"input", "target"} <= roles

    def profile(self, name: str) -> ColumnProfile | None:
        """Return what is in a column, `None` if the data has no such column."""
        return next((each for each in self.studio.data.profiles if each.name == name), None)

    def compose(self) -> ComposeResult:
        """Lay out summary, preview, and the panes below it."""
        yield Summary()
        yield Preview(id="preview")
        with Horizontal(id="lower"):
            with Vertical(id="left"):
                yield ColumnsPane(id="columns")
                yield LinesView("bound to the graph", HELP_GRAPH, id="bound")
            with Vertical(id="right"):
                yield LinesView("classes", "The classes of the target, or how its numbers are spread.", id="classes")
                yield LinesView("split", HELP_SPLIT, id="split")
                yield LinesView("quality", "What is right and wrong with the data, and what to do.", id="quality")

    def on_mount(self) -> None:
        """Follow the size of the screen."""
        self._fit()

    def on_resize(self, event: events.Resize) -> None:
        """Show all panes, or one at a time where there is little room."""
        self._fit()

    def _fit(self) -> None:
        width, height = self.app.size
        self.set_class(height >= LARGE, "-high")
        self.set_class(width < SMALL[0] or height < SMALL[1], "-tabbed")
        self._show_tabs()

    # What is shown --------------------------------------------------------------------------------------------------

    def show(self) -> None:
        """Show the data as it is now."""
        if self.studio.data.kind == "reading":
            # What is there stays for a moment: most files are read at once.
            self.set_timer(0.3, self._say_reading)
        else:
            self._show_all()

    def _say_reading(self) -> None:
        if self.studio.data.kind == "reading":
            self._show_all()
            self.query_one(Preview).say(((f"reading {self.studio.data.source}…", "muted"),))

    def _show_all(self) -> None:
        state, project = self.studio.data, self.studio.project
        self.query_one(Summary).show(state)
        preview = self.query_one(Preview)
        if state.table is not None:
            preview.show(state.table, state.profiles, project.data.columns)
        elif state.problem is not None:
            preview.say(((state.problem.what, "error"),), "", state.problem.hint)
        else:
            preview.say(*EMPTY)
        self._show_columns(state, project)
        self._show_side(state, project)
        self._show_bound(state, project)
        self._find_facts_if_needed(state, project)
        self._show_tabs()

    def _show_columns(self, state: DataState, project: Project) -> None:
        pane, rows = self.query_one(ColumnsPane), self.query_one(ColumnRows)
        known = {each.name for each in state.profiles} | set(project.data.columns)
        marks = {
            problem.subject: mark(problem.severity)
            for problem in reversed(self.studio.problems_of("data"))
            if problem.subject in known and problem.severity != "note"
        }
        rows.set_empty(*([] if state.kind == "failed" else EMPTY[2:]))
        rows.show(of_columns.column_rows(state.profiles, project.data.columns, marks))
        if self._wanted and rows.move_to(self._wanted):
            self._wanted = ""
        pane.set_titles("columns", "" if self.tabbed else of_columns.roles_line(project.data.columns))
        self._show_detail()

    def _show_detail(self) -> None:
        name = self.query_one(ColumnRows).cursor_key
        if name is None:
            self.query_one(Detail).show([])
            return
        column = self.studio.project.data.columns.get(name, Column("ignore"))
        learned = self._facts.encoders.get(name, "") if self._facts else ""
        self.query_one(Detail).show(of_columns.detail_lines(self.profile(name), name, column, learned))
        self.query_one(Preview).point_at(name)

    def _show_side(self, state: DataState, project: Project) -> None:
        facts = self._facts if state.table is not None else None
        targets = [name for name, column in project.data.columns.items() if column.role == "target"]
        found = self.profile(targets[0]) if targets else None
        classes, split = self.query_one("#classes", LinesView), self.query_one("#split", LinesView)
        column = project.data.columns[targets[0]] if targets else Column()
        numbers = found is not None and column.encoding not in CATEGORICAL
        classes.set_titles("target" if numbers else "classes", targets[0] if found else "")
        classes.show(classes_lines(found, column) if state.table else lambda width: [])
        rule = project.data.split
        stratified = f" {glyphs().separator} stratified" if rule.stratify else ""
        split.set_titles("split", f"seed {rule.seed}{stratified}")
        split.show(split_lines(facts, rule))
        problems = self.studio.problems_of("data")
        quality = self.query_one("#quality", LinesView)
        quality.set_titles("quality", bottom_right=tally(problems))
        quality.show(quality_lines(problems, facts))

    def _show_bound(self, state: DataState, project: Project) -> None:
        graph = project.graph
        bindings = encoded_shapes(state.profiles, project.data, graph.inputs, graph.outputs)
        problems = self.studio.problems_of("data")
        ports = {*graph.inputs, *graph.outputs}
        about = [problem for problem in problems if problem.subject in ports]
        view = self.query_one("#bound", LinesView)
        view.set_titles("bound to the graph", tally(about))
        bound = Bound(tuple(bindings.values()), graph, self.studio.checked, problems, self.can_start)
        view.show(bound_lines(bound) if state.table else lambda width: [])

    def _find_facts_if_needed(self, state: DataState, project: Project) -> None:
        if state.table is None:
            self._facts, self._facts_of = None, None
        elif self._facts_of is None or self._facts_of[0] is not state.table or self._facts_of[1] != project.data:
            self._facts_of = (state.table, project.data)
            self._find_facts(state.table, project.data)

    @work(group="facts", exclusive=True, exit_on_error=False)
    async def _find_facts(self, table: Table, data: Data) -> None:
        self._facts = await asyncio.to_thread(find_facts, table, data)
        if self.studio.workspace is not None:
            self._show_side(self.studio.data, self.studio.project)
            self._show_detail()

    @on(Rows.Highlighted, "#column-rows")
    def _highlighted(self, event: Rows.Highlighted) -> None:
        event.stop()
        self._show_detail()
        self.screen.refresh_bindings()

    # Tabs of a small screen -----------------------------------------------------------------------------------------

    def step_tab(self, step: int) -> None:
        """Show the next tab, or the one before."""
        self.open_tab((self._tab + step) % len(TABS))

    @on(PanelFrame.TabClicked)
    def _tab_clicked(self, event: PanelFrame.TabClicked) -> None:
        event.stop()
        self.open_tab(event.index)

    def open_tab(self, index: int) -> None:
        """Show a tab, and give its pane the focus."""
        self._tab = index
        self._show_tabs()
        name = TABS[index][1][0]
        self.query_one(ColumnRows if name == "columns" else f"#{name}").focus()

    def _show_tabs(self) -> None:
        if not self.is_mounted:
            return
        shown = TABS[self._tab][1] if self.tabbed else tuple(name for _, names in TABS for name in names)
        problems = self.studio.problems_of("data") if self.studio.workspace else []
        labels = [Tab(label, tally(problems) if label == "quality" else "") for label, _ in TABS]
        for name in (name for _, names in TABS for name in names):
            pane = self.query_one(f"#{name}", PanelFrame)
            pane.display = name in shown
            pane.set_tabs(labels if self.tabbed and name == shown[0] else (), self._tab)
        self.query_one("#left").display = bool({"columns", "bound"} & set(shown))
        self.query_one("#right").display = bool({"classes", "split", "quality"} & set(shown))
        self.query_one("#lower").display = shown != ("preview",)

    def show_subject(self, subject: str) -> None:
        """Put the cursor on a column, or show the binding of an input or output, or else the list of problems."""
        known = subject in self.studio.project.data.columns or self.profile(subject) is not None
        self._wanted = subject if known and not self.query_one(ColumnRows).move_to(subject) else ""
        self.open_tab(0 if known else 2 if subject else 4)
