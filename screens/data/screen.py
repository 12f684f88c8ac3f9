"""Data: what the network learns from, what each column is for, how the rows are divided, and how it fits the graph."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, cast, get_args

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Static

from kerastui.engine.data.binding import encoded_shapes
from kerastui.engine.data.profile import ColumnProfile
from kerastui.engine.data.split import CATEGORICAL
from kerastui.engine.data.table import BUNDLED, Table, bundled_names
from kerastui.engine.data_state import DataState
from kerastui.engine.project import commands
from kerastui.engine.project.document import Column, Data, Encoding, Missing, Project, Role, Split
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.graph import node_name
from kerastui.engine.project.problems import Problem
from kerastui.engine.studio import Studio, Topic
from kerastui.screens.data import columns as of_columns
from kerastui.screens.data.columns import ColumnRows, ColumnsPane, Detail
from kerastui.screens.data.facts import Facts, find_facts
from kerastui.screens.data.lines import LinesView
from kerastui.screens.data.panes import (
    Bound,
    bound_lines,
    classes_lines,
    mark,
    quality_lines,
    split_lines,
    tally,
)
from kerastui.screens.data.preview import Preview
from kerastui.screens.data.summary import Summary
from kerastui.screens.stage import StageScreen
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Line
from kerastui.screens.widgets.modals import Choice, Choose, Prompt
from kerastui.screens.widgets.panel import PanelFrame, Tab
from kerastui.screens.widgets.rows import Rows
from kerastui.screens.widgets.words import shape

SUFFIXES = (".csv", ".tsv", ".txt", ".npz", ".npy")
FILE = "file"
NEW_INPUT = "new input"
SMALL = (100, 36)
"""Columns and rows below which one pane is shown at a time."""

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


class DataScreen(StageScreen):
    """Show the data and what becomes of it.

    Args:
        studio: What is open.
    """

    NUMBER = 1
    CSS_PATH = "screen.tcss"
    AUTO_FOCUS = "ColumnRows"
    BINDING_GROUP_TITLE = "data"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "start_network", "starting network", id="data.start", tooltip="a network that fits this data"),
        Binding("o", "open", "open", id="data.open", tooltip="a file, or data that ships with kerastui"),
        Binding("right_square_bracket", "tab(1)", "next tab", key_display="]", id="data.tab_right"),
        Binding("left_square_bracket", "tab(-1)", "tab before", key_display="[", show=False, id="data.tab_left"),
        Binding("r", "role", "role", id="data.role", tooltip="what the column is for"),
        Binding("e", "encoding", "encoding", id="data.encoding", tooltip="how the column becomes numbers"),
        Binding("m", "missing", "missing", id="data.missing", tooltip="what a missing value becomes"),
        Binding("s", "split", "split", id="data.split", tooltip="shares of validation and test"),
        Binding("b", "bind", "bind", id="data.bind", tooltip="which input or output the column goes to"),
        Binding("slash", "find", "find", key_display="/", id="data.find", tooltip="a column by its name"),
        Binding("v", "view", "images or rows", show=False, id="data.view"),
        Binding("escape", "hush", "close the message", show=False, id="data.hush"),
    ]

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self._facts: Facts | None = None
        self._facts_of: tuple[Table, Data] | None = None
        self._tab = 0

    def compose_body(self) -> Iterable[Widget]:
        """Yield the summary and the panes."""
        yield Summary()
        yield Static("", id="notice", markup=False)
        yield Preview(id="preview")
        with Horizontal(id="lower"):
            yield from self._compose_lower()

    def _compose_lower(self) -> ComposeResult:
        with Vertical(id="left"):
            yield ColumnsPane(id="columns")
            yield LinesView("bound to the graph", HELP_GRAPH, id="bound")
        with Vertical(id="right"):
            yield LinesView("classes", "The classes of the target, or how its numbers are spread.", id="classes")
            yield LinesView("split", HELP_SPLIT, id="split")
            yield LinesView("quality", "What is right and wrong with the data, and what to do about it.", id="quality")

    def on_resize(self, event: events.Resize) -> None:
        """Show all panes, or one at a time where there is little room."""
        width, height = event.size
        self.set_class(height >= 50, "-high")
        self.set_class(width < SMALL[0] or height < SMALL[1], "-tabbed")
        self._show_tabs()

    # What is shown --------------------------------------------------------------------------------------------------

    def changed(self, topics: frozenset[Topic]) -> None:
        """Show the data again when it, the document or the problems have changed."""
        if not topics & {"document", "data", "problems"} or self.studio.workspace is None:
            return
        if self.studio.data.kind == "reading":
            # What is there stays for a moment: most files are read at once.
            self.set_timer(0.3, self._say_reading)
            return
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
        tabbed = self.has_class("-tabbed")
        pane.set_titles("columns", "" if tabbed else of_columns.roles_line(project.data.columns))
        self._show_detail()

    def _show_detail(self) -> None:
        name = self.query_one(ColumnRows).cursor_key
        if name is None:
            self.query_one(Detail).show([])
            return
        column = self.studio.project.data.columns.get(name, Column("ignore"))
        learned = self._facts.encoders.get(name, "") if self._facts else ""
        self.query_one(Detail).show(of_columns.detail_lines(self._profile(name), name, column, learned))
        self.query_one(Preview).point_at(name)

    def _show_side(self, state: DataState, project: Project) -> None:
        facts = self._facts if state.table is not None else None
        targets = [name for name, column in project.data.columns.items() if column.role == "target"]
        found = self._profile(targets[0]) if targets else None
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
        bound = Bound(tuple(bindings.values()), graph, self.studio.checked, problems, self._can_start)
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

    # Tabs of a small screen -----------------------------------------------------------------------------------------

    def _show_tabs(self) -> None:
        if not self.is_mounted:
            return
        tabbed = self.has_class("-tabbed")
        shown = TABS[self._tab][1] if tabbed else tuple(name for _, names in TABS for name in names)
        problems = self.studio.problems_of("data") if self.studio.workspace else []
        labels = [Tab(label, tally(problems) if label == "quality" else "") for label, _ in TABS]
        for name in (name for _, names in TABS for name in names):
            pane = self.query_one(f"#{name}", PanelFrame)
            pane.display = name in shown
            pane.set_tabs(labels if tabbed and name == shown[0] else (), self._tab)
        self.query_one("#left").display = bool({"columns", "bound"} & set(shown))
        self.query_one("#right").display = bool({"classes", "split", "quality"} & set(shown))
        self.query_one("#lower").display = shown != ("preview",)

    def action_tab(self, step: int) -> None:
        """Show the next tab of a small screen."""
        self._open_tab((self._tab + step) % len(TABS))

    @on(PanelFrame.TabClicked)
    def _tab_clicked(self, event: PanelFrame.TabClicked) -> None:
        event.stop()
        self._open_tab(event.index)

    def _open_tab(self, index: int) -> None:
        self._tab = index
        self._show_tabs()
        name = TABS[index][1][0]
        self.query_one(ColumnRows if name == "columns" else f"#{name}").focus()

    def show_subject(self, subject: str) -> None:
        """Put the cursor on a column, or show the binding of an input or output."""
        if self.query_one(ColumnRows).move_to(subject):
            self._open_tab(0)
        elif subject:
            self._open_tab(2)

    # What can be done -----------------------------------------------------------------------------------------------

    @property
    def _column(self) -> tuple[ColumnProfile, Column] | None:
        """The column under the cursor, `None` if there is none that can be changed."""
        name = self.query_one(ColumnRows).cursor_key if self.is_mounted else None
        found = self._profile(name) if name else None
        if found is None or self.studio.workspace is None:
            return None
        return found, self.studio.project.data.columns.get(found.name, Column("ignore"))

    def _profile(self, name: str) -> ColumnProfile | None:
        return next((each for each in self.studio.data.profiles if each.name == name), None)

    @property
    def _can_start(self) -> bool:
        """Whether a starting network can be made: there are inputs and a target, and no layers yet."""
        if self.studio.workspace is None or self.studio.data.table is None:
            return False
        project = self.studio.project
        roles = {column.role for column in project.data.columns.values()}
        return not project.graph.calls and {"input", "target"} <= roles

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with the column under the cursor, and with the screen as large as it is."""
        if action == "start_network":
            return self._can_start
        if action == "tab":
            return self.has_class("-tabbed")
        if action == "view":
            return self.is_mounted and self.query_one(Preview).has_images
        if action == "hush":
            return self.is_mounted and self.query_one("#notice").has_class("-shown")
        if action in ("split", "find"):
            return self.studio.data.table is not None
        if action in ("role", "encoding", "missing", "bind"):
            chosen = self._column
            if chosen is None or action == "role":
                return chosen is not None
            found, column = chosen
            if action == "missing":
                return bool(found.missing) and column.role != "ignore"
            return column.role in ("input", "target")
        return super().check_action(action, parameters)

    def problem_at_hand(self) -> Problem | None:
        """Return the problem that `f` repairs: that of the column under the cursor before any other."""
        found = [problem for problem in self.studio.problems_of("data") if problem.repair is not None]
        name = self.query_one(ColumnRows).cursor_key if self.is_mounted else None
        return next((problem for problem in found if problem.subject == name), found[0] if found else None)

    @on(Rows.Highlighted, "#column-rows")
    def _highlighted(self, event: Rows.Highlighted) -> None:
        event.stop()
        self._show_detail()
        self.refresh_bindings()

    @on(Rows.Selected, "#column-rows")
    def _selected(self, event: Rows.Selected) -> None:
        event.stop()
        self.action_role()

    def action_view(self) -> None:
        """Change between images and rows in the preview."""
        self.query_one(Preview).toggle_view()

    def action_find(self) -> None:
        """Ask for a part of a name and go to the first column that has it."""
        names = [each.name for each in self.studio.data.profiles]

        def first(text: str) -> str:
            return next((name for name in names if text.lower() in name.lower()), "")

        def go(text: str | None) -> None:
            if text:
                self.query_one(ColumnRows).move_to(first(text))
                if self.has_class("-tabbed"):
                    self._open_tab(0)

        def check(text: str) -> str:
            return "" if first(text) else "no column has this in its name"

        self.app.push_screen(Prompt("find a column", check=check), go)

    # A source -------------------------------------------------------------------------------------------------------

    def action_open(self) -> None:
        """Choose a file, or data that ships with kerastui."""
        bundled = {
            "digits": "1,797 images of 8×8 pixels, ten classes",
            "iris": "150 flowers, four measures, three species",
            "penguins": "344 penguins, measures, islands, missing values",
        }
        choices = [
            Choice(FILE, "a file…", "CSV, TSV, NPZ or NPY"),
            *(Choice(f"{BUNDLED}{name}", name, bundled.get(name, "ships with kerastui")) for name in bundled_names()),
        ]
        self.app.push_screen(Choose("open data", choices, current=self.studio.project.data.source), self._source_chosen)

    def _source_chosen(self, source: str | None) -> None:
        if source == FILE:
            from kerastui.screens.widgets.files import OpenFile

            folder = self.studio.open_workspace.folder
            self.app.push_screen(OpenFile("open data", folder, suffixes=SUFFIXES), self._file_chosen)
        elif source:
            self._open_source(source)

    def _file_chosen(self, path: Path | None) -> None:
        if path is not None:
            self._open_source(source_of(path, self.studio.open_workspace.folder))

    @work(group="open", exclusive=True, exit_on_error=False)
    async def _open_source(self, source: str) -> None:
        """Read a source, and take it as one edit; what cannot be read is not taken."""
        state = await asyncio.to_thread(DataState.read, source, self.studio.open_workspace.folder)
        if state.problem is not None:
            self._complain(state.problem)
            return
        self.action_hush()
        self.do(f"open {source}", commands.set_source(self.studio.project, source, state.suggested()))

    def _complain(self, problem: Problem) -> None:
        """Say above the panes why a source was not taken; what was open stays."""
        notice = self.query_one("#notice", Static)
        notice.update(f"{glyphs().error} {problem.what}\n  {problem.hint}  esc closes this, o opens another.")
        notice.add_class("-shown")
        self.refresh_bindings()

    def action_hush(self) -> None:
        """Close the message."""
        self.query_one("#notice").remove_class("-shown")
        self.refresh_bindings()

    # Columns --------------------------------------------------------------------------------------------------------

    def action_role(self) -> None:
        """Choose what the column under the cursor is for."""
        chosen = self._column
        if chosen is None:
            return
        found, column = chosen
        title = f"role of {found.name}"
        self.app.push_screen(
            Choose(title, of_columns.role_choices(), current=column.role), lambda role: self._set_role(found, role)
        )

    def _set_role(self, found: ColumnProfile, role: str | None) -> None:
        if role not in get_args(Role):
            return
        before = self.studio.project.data.columns.get(found.name, Column("ignore"))
        column = of_columns.with_role(found, before, cast(Role, role))
        project = commands.set_column(self.studio.project, found.name, column)
        if role == "target":
            project = self._without_rivals(project, found.name)
        self.do(f"{found.name}: {role}", project)

    def _without_rivals(self, project: Project, target: str) -> Project:
        """Make inputs of the targets that cannot share an output with a new one: classes go alone."""
        columns = project.data.columns
        for name, column in columns.items():
            found = self._profile(name)
            same = name != target and column.role == "target" and column.to == columns[target].to
            numbers = {column.encoding, columns[target].encoding} <= {"none", "standardise", "scale"}
            if same and not numbers and found is not None:
                project = commands.set_column(project, name, of_columns.with_role(found, column, "input"))
                self.notify(f"{name} is an input now: it cannot share the output", timeout=5, markup=False)
        return project

    def action_encoding(self) -> None:
        """Choose how the column under the cursor becomes numbers."""
        chosen = self._column
        if chosen is None:
            return
        found, column = chosen

        def choose(encoding: str | None) -> None:
            if encoding in get_args(Encoding):
                changed = of_columns.with_encoding(found, column, cast(Encoding, encoding))
                self.do(f"{found.name}: {encoding}", commands.set_column(self.studio.project, found.name, changed))

        choices = of_columns.encoding_choices(found)
        self.app.push_screen(Choose(f"encoding of {found.name}", choices, current=column.encoding), choose)

    def action_missing(self) -> None:
        """Choose what a missing value of the column under the cursor becomes."""
        chosen = self._column
        if chosen is None:
            return
        found, column = chosen

        def choose(rule: str | None) -> None:
            if rule in get_args(Missing):
                changed = Column(column.role, column.encoding, cast(Missing, rule), column.to)
                label = f"{found.name}: missing values {rule}"
                self.do(label, commands.set_column(self.studio.project, found.name, changed))

        choices = of_columns.missing_choices(column)
        self.app.push_screen(Choose(f"missing values of {found.name}", choices, current=column.missing), choose)

    def action_bind(self) -> None:
        """Choose which input or output the column under the cursor goes to."""
        chosen = self._column
        if chosen is None:
            return
        found, column = chosen
        choices = self._ports(column)
        if not choices:
            self.refuse("the graph has no output yet; make one in Build, or n makes a starting network")
            return
        current = column.to or choices[0].value
        title = f"bind {found.name} to"
        self.app.push_screen(Choose(title, choices, current=current), lambda to: self._bind(found, column, to))

    def _ports(self, column: Column) -> list[Choice]:
        graph = self.studio.project.graph
        if column.role == "target":
            return [Choice(name, summary=f"output of {node_name(graph, key)}") for name, key in graph.outputs.items()]
        inputs = [
            Choice(key, node_name(graph, key), f"input {shape((None, *given.shape))}")
            for key, given in graph.inputs.items()
        ]
        return [*inputs, Choice(NEW_INPUT, "a new input", "of the shape this column has")]

    def _bind(self, found: ColumnProfile, column: Column, to: str | None) -> None:
        if to is None:
            return
        project = self.studio.project
        if to == NEW_INPUT:
            project, to = commands.add_input(project, found.shape or (1,))
        elif to == next(iter(project.graph.inputs if column.role == "input" else project.graph.outputs)):
            to = ""  # the first one, whatever it is called
        changed = Column(column.role, column.encoding, column.missing, to)
        project = commands.set_column(project, found.name, changed)
        if to in project.graph.inputs and to not in self.studio.project.graph.inputs:
            project = self._with_shape(project, to)
        self.do(f"bind {found.name}", project)

    def _with_shape(self, project: Project, key: str) -> Project:
        """Give an input the shape of what is bound to it."""
        bound = encoded_shapes(self.studio.data.profiles, project.data, project.graph.inputs).get(("input", key))
        if bound is None or not bound.shape:
            return project
        return commands.set_input(project, key, bound.shape, "float32")

    # Split and network ----------------------------------------------------------------------------------------------

    def action_split(self) -> None:
        """Edit shares, seed and stratification."""
        from kerastui.screens.data.split_dialog import SplitDialog

        table = self.studio.data.table
        if table is None:
            return
        dropped = self._facts.dropped if self._facts else 0

        def apply(split: Split) -> str:
            try:
                self.do("split", commands.set_split(self.studio.project, split))
            except EditError as error:
                return str(error)
            return ""

        self.app.push_screen(SplitDialog(self.studio.project.data.split, table.rows - dropped, apply))

    def action_start_network(self) -> None:
        """Make a network that fits the data, and show it."""
        from kerastui.engine.project.starter import starting_network

        try:
            self.do("make a starting network", starting_network(self.studio.project, self.studio.data.profiles))
        except EditError as error:
            self.refuse(error)
            return
        self.notify("2 shows it, f5 trains it", title="a network was made", timeout=4, markup=False)


def source_of(path: Path, folder: Path) -> str:
    """Return how the document names a file: relative to the project's folder where it lies inside.

    Args:
        path: The file.
        folder: The project's folder.
    """
    path, folder = path.resolve(), folder.resolve()
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
