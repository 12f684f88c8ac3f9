"""Data: what the network learns from, what each column is for, how the rows are divided, and how it fits the graph."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, cast, get_args

from msgspec.structs import replace
from textual import on, work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from kerastui.engine.data.profile import ColumnProfile
from kerastui.engine.data.table import BUNDLED, bundled_names
from kerastui.engine.data_state import DataState
from kerastui.engine.project import settings
from kerastui.engine.project.document import Column, Encoding, Missing, Role, Split
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.problems import Problem
from kerastui.engine.studio import Studio, Topic
from kerastui.screens.data import edits
from kerastui.screens.data.board import Board
from kerastui.screens.data.columns import ColumnRows, encoding_choices, missing_choices, role_choices
from kerastui.screens.data.preview import Preview
from kerastui.screens.stage import StageScreen
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.modals import Choice, Choose, Prompt
from kerastui.screens.widgets.rows import Rows

SUFFIXES = (".csv", ".tsv", ".txt", ".npz", ".npy")
FILE = "file"


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
        self.board = Board(studio)

    def compose_body(self) -> Iterable[Widget]:
        """Yield the message of what could not be opened, and the panes."""
        yield Static("", id="notice", markup=False)
        yield self.board

    def changed(self, topics: frozenset[Topic]) -> None:
        """Show the data again when it, the document or the problems have changed."""
        if topics & {"document", "data", "problems"} and self.studio.workspace is not None:
            self.board.show()

    # Problems -------------------------------------------------------------------------------------------------------

    def problem_at_hand(self) -> Problem | None:
        """Return the problem that `f` repairs: that of the column under the cursor before any other."""
        found = [problem for problem in self.studio.problems_of("data") if problem.repair is not None]
        name = self.query_one(ColumnRows).cursor_key if self.is_mounted else None
        return next((problem for problem in found if problem.subject == name), found[0] if found else None)

    def show_subject(self, subject: str) -> None:
        """Put the cursor on a column, or show the binding of an input or output, or else the list of problems."""
        self.board.show_subject(subject)

    # What can be done -----------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with the column under the cursor, and with the screen as large as it is."""
        if not self.is_mounted or self.studio.workspace is None:
            return super().check_action(action, parameters)
        if action in ("role", "encoding", "missing", "bind"):
            return self._can_change(action)
        state = {
            "start_network": lambda: self.board.can_start,
            "tab": lambda: self.board.tabbed,
            "view": lambda: self.query_one(Preview).has_images,
            "hush": lambda: self.query_one("#notice").has_class("-shown"),
            "split": lambda: self.studio.data.table is not None,
            "find": lambda: self.studio.data.table is not None,
        }
        return state[action]() if action in state else super().check_action(action, parameters)

    def _can_change(self, action: str) -> bool:
        if (chosen := self.board.column) is None:
            return False
        found, column = chosen
        if action == "missing":
            return bool(found.missing) and column.role != "ignore"
        return action == "role" or column.role in ("input", "target")

    def action_tab(self, step: int) -> None:
        """Show the next tab of a small screen."""
        self.board.step_tab(step)

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
                self.board.open_tab(0)

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

            folder = start_folder(self.studio.open_workspace.folder, Path.cwd())
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
        self.do(f"open {source}", settings.set_source(self.studio.project, source, state.suggested()))

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
        if (chosen := self.board.column) is None:
            return
        found, column = chosen

        def choose(role: str | None) -> None:
            if role in get_args(Role):
                project, rivals = edits.with_role(
                    self.studio.project, self.studio.data.profiles, found, cast(Role, role)
                )
                self.do(f"{found.name}: {role}", project)
                for name in rivals:
                    self.notify(f"{name} is an input now: it cannot share the output", timeout=5, markup=False)

        self.app.push_screen(Choose(f"role of {found.name}", role_choices(), current=column.role), choose)

    def action_encoding(self) -> None:
        """Choose how the column under the cursor becomes numbers."""
        if (chosen := self.board.column) is None:
            return
        found, column = chosen

        def choose(encoding: str | None) -> None:
            if encoding in get_args(Encoding):
                changed = edits.column_with_encoding(found, column, cast(Encoding, encoding))
                self._set(f"{found.name}: {encoding}", found, changed)

        title = f"encoding of {found.name}"
        self.app.push_screen(Choose(title, encoding_choices(found), current=column.encoding), choose)

    def action_missing(self) -> None:
        """Choose what a missing value of the column under the cursor becomes."""
        if (chosen := self.board.column) is None:
            return
        found, column = chosen

        def choose(rule: str | None) -> None:
            if rule in get_args(Missing):
                changed = replace(column, missing=cast(Missing, rule))
                self._set(f"{found.name}: missing values {rule}", found, changed)

        title = f"missing values of {found.name}"
        self.app.push_screen(Choose(title, missing_choices(column), current=column.missing), choose)

    def action_bind(self) -> None:
        """Choose which input or output the column under the cursor goes to."""
        if (chosen := self.board.column) is None:
            return
        found, column = chosen
        choices = edits.ports(self.studio.project.graph, column)
        if not choices:
            self.refuse("the graph has no output yet: mark a layer as output in Build")
            return

        def choose(to: str | None) -> None:
            if to is not None:
                after = edits.bound(self.studio.project, self.studio.data.profiles, found, to)
                self.do(f"bind {found.name}", after)

        current = column.to or choices[0].value
        self.app.push_screen(Choose(f"bind {found.name} to", choices, current=current), choose)

    def _set(self, label: str, found: ColumnProfile, column: Column) -> None:
        self.do(label, settings.set_column(self.studio.project, found.name, column))

    # Split and network ----------------------------------------------------------------------------------------------

    def action_split(self) -> None:
        """Edit shares, seed and stratification."""
        from kerastui.screens.data.split_dialog import SplitDialog

        table = self.studio.data.table
        if table is None:
            return
        dropped = self.board.facts.dropped if self.board.facts else 0

        def apply(split: Split) -> str:
            try:
                self.do("split", settings.set_split(self.studio.project, split))
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


def start_folder(project: Path, current: Path) -> Path:
    """Return where to look for data first: the project's folder, else the first near it that has any.

    Args:
        project: The project's folder.
        current: The working folder.
    """
    from kerastui.screens.widgets.files import listing

    for folder in (project, current, project.parent):
        try:
            if any(not entry.folder for entry in listing(folder, SUFFIXES)):
                return folder
        except OSError:
            continue
    return project


def source_of(path: Path, folder: Path) -> str:
    """Return how the document names a file: relative to the project's folder where it lies inside.

    Args:
        path: The file.
        folder: The project's folder.
    """
    path, folder = path.resolve(), folder.resolve()
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
