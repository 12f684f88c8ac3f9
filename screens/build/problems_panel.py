"""The panel below the graph: problems of all stages, Keras's summary, the project as Python, the layers as a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from kerastui.engine.project.document import Project
from kerastui.engine.project.graph import node_name
from kerastui.engine.project.inside import place_of, split_place
from kerastui.engine.project.problems import Problem
from kerastui.engine.studio import Studio
from kerastui.screens.build.graph_view import Facts, brief_repair, waiting
from kerastui.screens.build.outline_rows import OutlineRows
from kerastui.screens.build.text_lines import CodeLines, TextLines
from kerastui.screens.widgets import words
from kerastui.screens.widgets.cursor_view import CursorView
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Line, clip, key_tag, line_width
from kerastui.screens.widgets.panel import Panel, PanelFrame, Tab
from kerastui.screens.widgets.rows import Column, Row, Rows

TABS: Final = ("Problems", "Summary", "Code", "Outline")

RANKS: Final = {"error": 0, "warning": 1, "note": 2}

BRIEF: Final = 100
"""Columns below which a repair is told in fewer words."""

HELP: Final = """\
**Problems** lists what is wrong, those that stop a run first: the subject, what is wrong, and what to do. `enter` goes
to the subject, on whatever stage it is; `f` applies the repair of the row under the cursor. **Summary** is Keras's own.
**Code** is the project as Python, `y` copies it. **Outline** lists the layers in order, those of models inside too
(`→` unfolds one): every key of the graph does the same here. `[` and `]` switch between them; `tab` into one of the
last three makes room for it, `M` gives it the whole screen.
"""


class ProblemRows(Rows):
    """The list of problems."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "go there", id="problems.open")]


class ProblemsPanel(Panel):
    """Hold the four tabs.

    Args:
        studio: What is open.
    """

    help_title = "problems"
    help_markdown = HELP

    @dataclass
    class SubjectChosen(Message):
        """Say that the subject of a problem is to be shown.

        Args:
            problem: The problem.
        """

        problem: Problem

    @dataclass
    class ProblemHighlighted(Message):
        """Say that another problem is at hand."""

    @dataclass
    class TabShown(Message):
        """Say that another tab is shown."""

        index: int

    def __init__(self, studio: Studio, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._studio = studio
        self._active = 0
        self._problems: dict[str, Problem] = {}
        self._asides: tuple[Line, ...] = ("",) * len(TABS)
        self._facts: Facts | None = None

    def compose(self) -> ComposeResult:
        """Lay the four tabs into each other's place; one is shown."""
        columns = (Column(words="text bold"), Column(flex=True))
        yield ProblemRows(columns, keep_cursor=True, empty=("no problems",), id="problems", classes="-bare")
        yield TextLines(id="summary")
        yield CodeLines(id="code")
        yield OutlineRows(self._studio, id="outline")

    def on_mount(self) -> None:
        """Show the problems."""
        super().on_mount()
        self.show_tab(0)

    @property
    def active(self) -> int:
        """Index of the tab shown."""
        return self._active

    @property
    def _pages(self) -> tuple[CursorView, ...]:
        return self.query_one(ProblemRows), self.summary, self.code, self.outline

    @property
    def summary(self) -> TextLines:
        """Keras's summary."""
        return self.query_one("#summary", TextLines)

    @property
    def code(self) -> CodeLines:
        """The project as Python."""
        return self.query_one(CodeLines)

    @property
    def outline(self) -> OutlineRows:
        """The layers as a list."""
        return self.query_one(OutlineRows)

    def show_tab(self, index: int) -> None:
        """Show a tab, counted round and round; the focus goes with it if it is here."""
        had_focus = self.has_focus_within
        self._active = index % len(TABS)
        for at, page in enumerate(self._pages):
            page.display = at == self._active
        self.set_class(self._active > 0, "-reading")
        self.show_outline()
        self._show_tabs()
        if had_focus:
            self.focus_page()
        self.post_message(self.TabShown(self._active))

    def focus_page(self) -> None:
        """Give the focus to the tab shown."""
        self._pages[self._active].focus()

    def _show_tabs(self) -> None:
        self.set_tabs([Tab(name, aside) for name, aside in zip(TABS, self._asides, strict=True)], self._active)

    # Problems -------------------------------------------------------------------------------------------------------

    def show_facts(self, facts: Facts, working: bool) -> None:
        """Show problems and outline.

        Args:
            facts: What is known of the graph.
            working: Whether the engine can be asked; else shapes are still to come.
        """
        problems = self.query_one(ProblemRows)
        at_first = problems.cursor_key == next(iter(self._problems), None)
        found = sorted(facts.problems, key=lambda problem: (RANKS[problem.severity], problem.stage != "build"))
        self._problems = {_key(problem): problem for problem in found}
        rows = self._problem_rows(facts)
        notes = [Row(f"note:{line}", (f"{glyphs().note} {line}",), kind="note") for line in waiting(facts)]
        errors = sum(problem.severity == "error" for problem in facts.problems)
        warnings = sum(problem.severity == "warning" for problem in facts.problems)
        aside = [(f"{glyphs().error} {errors}", "error")] if errors else []
        aside += [(" " if errors else "", ""), (f"{glyphs().warning} {warnings}", "warning")] if warnings else []
        self._asides = (aside, *("",) * (len(TABS) - 1))
        problems.set_empty("no problems" if working else "no problems so far; shapes wait for the engine")
        problems.show([*rows, *notes])
        if at_first and rows:
            # Whoever has not chosen a problem sees the worst one.
            problems.move_to(rows[0].key)
        self._facts = facts
        self.show_outline()
        self._show_tabs()

    def _problem_rows(self, facts: Facts) -> list[Row]:
        """Return the rows of the problems, each with its repair at the right end."""
        subjects = [_subject(problem, facts, self._studio.project) for problem in self._problems.values()]
        width = self.query_one(ProblemRows).size.width
        room = width - max((line_width(subject) for subject in subjects), default=0) - 5
        return [
            Row(key, (subject, _what(problem, room, self.size.width < BRIEF)))
            for (key, problem), subject in zip(self._problems.items(), subjects, strict=True)
        ]

    def show_outline(self) -> None:
        """Fill the outline, if it is to be seen."""
        if self._facts is not None and TABS[self._active] == "Outline":
            self.outline.refresh_outline(self._facts.stale)

    def show_summary(self, text: str, empty: str = "") -> None:
        """Show Keras's summary, or a sentence on why there is none."""
        self.summary.show(text, empty)

    @property
    def at_hand(self) -> Problem | None:
        """The problem under the cursor if it has a repair, else the first that has one."""
        found = self._problems.get(self.query_one(ProblemRows).cursor_key or "")
        if found is not None and found.repair is not None:
            return found
        return next((problem for problem in self._problems.values() if problem.repair is not None), None)

    def go_to(self, subject: str) -> None:
        """Put the cursors of the lists on a card: on a problem of it, rather one that has a repair, and on its line."""
        if TABS[self._active] == "Outline":
            self.outline.go_to(subject)
        place = place_of(self._facts.model if self._facts else "", subject)
        own = [key for key, each in self._problems.items() if (each.stage, each.subject) == ("build", place)]
        if own:
            mended = (key for key in own if self._problems[key].repair is not None)
            self.query_one(ProblemRows).move_to(next(mended, own[0]))

    def next_problem(self) -> Problem | None:
        """Put the cursor on the next problem that is more than a note, round and round, and return it."""
        keys = [key for key, problem in self._problems.items() if problem.severity != "note"]
        rows = self.query_one(ProblemRows)
        if not keys:
            return None
        key = keys[(keys.index(rows.cursor_key) + 1) % len(keys)] if rows.cursor_key in keys else keys[0]
        rows.move_to(key)
        return self._problems[key]

    @on(Rows.Highlighted, "#problems")
    def _highlighted(self, event: Rows.Highlighted) -> None:
        event.stop()
        self.post_message(self.ProblemHighlighted())

    @on(Rows.Selected, "#problems")
    def _problem_selected(self, event: Rows.Selected) -> None:
        event.stop()
        if event.key in self._problems:
            self.post_message(self.SubjectChosen(self._problems[event.key]))

    @on(PanelFrame.TabClicked)
    def _tab_clicked(self, event: PanelFrame.TabClicked) -> None:
        event.stop()
        self.show_tab(event.index)


def _key(problem: Problem) -> str:
    return f"{problem.stage}:{problem.subject}:{problem.what}"


def _subject(problem: Problem, facts: Facts, project: Project) -> Line:
    """Return the mark and the name of what a problem is about."""
    marks = {"error": glyphs().error, "warning": glyphs().warning, "note": glyphs().note}
    inks = {"error": "error", "warning": "warning", "note": "muted"}
    model, node = split_place(problem.subject)
    graph = project.models.get(model, project.graph)
    # What lies in another model than the one that is shown is named with it.
    inner = f"{model}/" if model not in ("", facts.model) else ""
    name = inner + node_name(graph, node) if problem.subject else problem.stage
    return [(f"{marks[problem.severity]} ", inks[problem.severity]), (words.shorten(name, 16), "")]


def _what(problem: Problem, room: int, brief: bool) -> Line:
    """Return what is wrong and what to do: the repair at the right end of the room, or else the hint."""
    if problem.repair is None:
        return [(problem.what, ""), (f"  {problem.hint}" if problem.hint else "", "muted")]
    label = problem.repair.label
    tag = key_tag("f", brief_repair(label) if brief else label, "success")
    left = clip(problem.what, max(room - line_width(tag) - 2, 0))
    return [*left, (" " * max(room - line_width(tag) - line_width(left), 1), ""), *tag]
