"""The header: project, stages with their marks, engine chip, in one row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import msgspec
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Cells, Line, ink_of, line_width

Mark: TypeAlias = Literal["", "ok", "warning", "error", "running", "paused"]
EngineState: TypeAlias = Literal["starting", "ready", "busy", "lost"]

NARROW = 100
"""Below this many columns the header and the footer shrink."""

_MARK_INK = {"ok": "success", "warning": "warning", "error": "error", "running": "success", "paused": "warning"}
_CHIP_INK = {"starting": "val", "ready": "success", "busy": "warning", "lost": "error"}


class Stage(msgspec.Struct, frozen=True):
    """Describe a stage tab.

    Args:
        number: Its number, which is also its key.
        name: Its word.
        mark: Its state.
    """

    number: int
    name: str
    mark: Mark = ""


class Chip(msgspec.Struct, frozen=True):
    """Describe the engine chip.

    Args:
        state: State of the engine.
        words: What it says, say `"busy 91 %"`.
        aside: What stands muted behind it, say `"· TF 2.21 · 2×CPU"`; dropped below 100 columns.
        short: What it says below 100 columns; defaults to `words`.
    """

    state: EngineState
    words: str
    aside: str = ""
    short: str = ""


class HeaderView(msgspec.Struct, frozen=True):
    """Hold all that the header shows.

    Args:
        name: Name of the project, or of the program on Home.
        unsaved: Whether there are changes on no disk yet.
        stages: The stages; none on Home.
        active: Number of the active stage.
        chip: The engine.
        version: Version of the program, on Home.
    """

    name: str = ""
    unsaved: bool = False
    stages: tuple[Stage, ...] = ()
    active: int = 0
    chip: Chip | None = None
    version: str = ""


def mark_glyph(mark: Mark) -> str:
    """Return the glyph of a mark, `""` for none."""
    return getattr(glyphs(), mark) if mark else ""


def mark_ink(mark: Mark) -> str:
    """Return the role a mark is drawn in."""
    return _MARK_INK.get(mark, "muted")


class Header(Widget):
    """Show where the user is and how the project and the engine are doing."""

    DEFAULT_CSS = """
    Header { dock: top; height: 1; width: 100%; background: $panel; color: $text; }
    """

    ALLOW_SELECT = False

    @dataclass
    class StageClicked(Message):
        """Say that a stage was clicked.

        Args:
            number: Number of the stage.
        """

        number: int

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._view = HeaderView()
        self._places: list[tuple[int, int, int]] = []

    def show(self, view: HeaderView) -> None:
        """Show a project's state; nothing is drawn again if nothing changed."""
        if view != self._view:
            self._view = view
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Post the stage that was clicked."""
        for start, stop, number in self._places:
            if start <= event.x < stop:
                event.stop()
                self.post_message(self.StageClicked(number))

    def render_line(self, y: int) -> Strip:
        """Draw the one row."""
        cells = Cells(self.size.width, "panel")
        narrow = self.size.width < NARROW
        end = self._put_chip(cells, narrow)
        stages_width = sum(line_width(self._stage_line(stage, narrow)) for stage in self._view.stages)
        gap = 1 if narrow else 3
        x = self._put_name(cells, max(9, end - 1 - stages_width - gap - 2))
        self._places = []
        for stage in self._view.stages:
            line = self._stage_line(stage, narrow)
            start, x = x + gap, cells.put(x + gap, line, limit=end - 1)
            gap = 0
            self._places.append((start, x, stage.number))
        return cells.strip(ink_of(self))

    def _put_chip(self, cells: Cells, narrow: bool) -> int:
        """Draw the engine chip at the right and return its first column."""
        chip = self._view.chip
        if chip is None:
            return cells.width
        words = (chip.short or chip.words) if narrow else chip.words
        line = [(f"{getattr(glyphs(), chip.state)} ", _CHIP_INK[chip.state]), (words, "text")]
        if chip.aside and not narrow:
            line.append((f" {chip.aside}", "muted"))
        return cells.put_right(cells.width - 1, line)

    def _put_name(self, cells: Cells, limit: int) -> int:
        """Draw the project's name and return the column after the room kept for the unsaved mark."""
        view, table = self._view, glyphs()
        x = cells.put(cells.put(1, table.brand, "primary") + 1, view.name, "text bold", limit=limit)
        if view.version:
            return cells.put(x + 2, view.version, "muted")
        cells.put(x + 1, table.unsaved if view.unsaved else " ", "warning")
        return x + 2

    def _stage_line(self, stage: Stage, narrow: bool) -> Line:
        """Return a stage tab with a blank each side; a block for the active one."""
        mark = mark_glyph(stage.mark)
        if stage.number == self._view.active:
            text = f" {stage.number} {stage.name} {mark} " if mark else f" {stage.number} {stage.name} "
            return ((text, "on-primary bold on primary"),)
        if narrow:
            return ((f" {stage.number}", "muted"), (mark, mark_ink(stage.mark)), (" ", ""))
        line = [(f" {stage.number} ", "muted"), (stage.name, "text")]
        if mark:
            line += [(" ", ""), (mark, mark_ink(stage.mark))]
        return [*line, (" ", "")]
