"""The table of a run's epochs, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.strip import Strip

from kerastui.screens.widgets import words
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Cells, Line, ink_of, line_width
from kerastui.screens.widgets.panel import PanelView

_INSET = 1
_EPOCH = 5
"""Cells of the mark and the epoch's number."""
_LEAST = 5
"""Least width of a value: `0.057`."""
_GAP, _WIDEST_GAP = 2, 3


class EpochRow(msgspec.Struct, frozen=True):
    """Hold one epoch's figures.

    Args:
        epoch: Its number, from 1.
        values: Its metrics in the order of the view's headings; `None` where it has none.
    """

    epoch: int
    values: tuple[float | None, ...]


class EpochsView(msgspec.Struct, frozen=True):
    """Hold the table of epochs.

    Args:
        headings: Groups of columns, each a metric and its validation value where there is one, at most five characters
            each: `(("loss", "val"), ("acc", "val"))`. Groups for which the pane is too narrow are left out.
        rows: The epochs, oldest first, values group by group.
        running: Number of the epoch that runs now.
        best: Number of the best epoch.
        best_value: Index of the value that made it the best.
        empty: What stands in place of a table without rows.
    """

    headings: tuple[tuple[str, ...], ...] = ()
    rows: Sequence[EpochRow] = ()
    running: int | None = None
    best: int | None = None
    best_value: int | None = None
    empty: Line = (("no epoch yet", "muted"),)


class EpochTable(PanelView, inherit_bindings=False):
    """Show the epochs of a run; the cost of a frame is that of the rows on the screen."""

    DEFAULT_CSS = """
    EpochTable { scrollbar-size-vertical: 0; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "rows(-1)", "newer", show=False, id="epochs.up"),
        Binding("down,j", "rows(1)", "older", show=False, id="epochs.down"),
        Binding("pageup", "pages(-1.0)", "page up", show=False, id="epochs.page_up"),
        Binding("pagedown", "pages(1.0)", "page down", show=False, id="epochs.page_down"),
        Binding("ctrl+u", "pages(-0.5)", "half a page up", show=False, id="epochs.half_up"),
        Binding("ctrl+d", "pages(0.5)", "half a page down", show=False, id="epochs.half_down"),
        Binding("home,g", "newest", "newest", show=False, id="epochs.newest"),
        Binding("end,G", "oldest", "oldest", show=False, id="epochs.oldest"),
    ]
    help_title = "epochs"
    help_markdown = (
        "The finished epochs, newest first, and the running one with its means so far. Beside each loss and metric of "
        "training stands its value on the validation part. `◆` marks the epoch with the least validation loss. "
        "What is too narrow for the pane is in the run's `history.csv`."
    )

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._view = EpochsView()
        self._value_width = _LEAST
        self.set_titles("epochs")

    def show(self, view: EpochsView) -> None:
        """Show other epochs; what the reader has scrolled to stays in sight.

        Args:
            view: The epochs.
        """
        known = len(self._view.rows)
        added = len(view.rows) - known
        if added < 0:
            known, self._value_width = 0, _LEAST
        # The last row known was that of a running epoch, whose values have changed.
        for row in view.rows[max(0, known - 1) :]:
            self._value_width = max([self._value_width, *(len(words.metric(value)) for value in row.values)])
        self._view = view
        self.virtual_size = Size(self.size.width, len(view.rows) + 1)
        if self.scroll_offset.y and added > 0:
            self.scroll_to(y=self.scroll_offset.y + added, animate=False)
        self.refresh()

    def action_rows(self, step: int) -> None:
        """Scroll by some epochs."""
        self.scroll_to(y=self.scroll_offset.y + step, animate=False)

    def action_pages(self, pages: float) -> None:
        """Scroll by a share of the epochs on the screen."""
        self.action_rows(round(pages * max(1, self.size.height - 1)))

    def action_newest(self) -> None:
        """Scroll to the newest epoch."""
        self.scroll_to(y=0, animate=False)

    def action_oldest(self) -> None:
        """Scroll to the oldest epoch."""
        self.scroll_to(y=len(self._view.rows), animate=False)

    def on_resize(self) -> None:
        """Fit the order's name and what can be scrolled to the new size."""
        self.retitle(right="newest first" if self.outer_size.width >= 30 else "newest")
        self.virtual_size = Size(self.size.width, len(self._view.rows) + 1)

    def render_line(self, y: int) -> Strip:
        """Draw the headings or the row of one epoch."""
        view, cells = self._view, Cells(self.size.width)
        index = len(view.rows) - y - self.scroll_offset.y
        if not view.rows:
            if y == (self.size.height - 1) // 2:
                cells.put(max(0, (cells.width - line_width(view.empty)) // 2), view.empty, "muted")
        elif y == 0:
            self._draw_headings(cells)
        elif 0 <= index < len(view.rows):
            self._draw_row(cells, view.rows[index])
        return cells.strip(ink_of(self))

    def _places(self, width: int) -> list[tuple[int, bool]]:
        """Return where each value that fits ends, and whether a line stands before it."""
        values = 0
        end = _INSET + _EPOCH
        for number, group in enumerate(self._view.headings):
            end += len(group) * (self._value_width + _GAP) + bool(number)
            if number and end > width - 1:
                break
            values += len(group)
        starts = set()
        place = 0
        for group in self._view.headings:
            starts.add(place)
            place += len(group)
        lines = sum(1 for value in range(1, values) if value in starts)
        spare = width - 1 - _INSET - _EPOCH - values * (self._value_width + _GAP) - lines
        gap = max(_GAP, min(_WIDEST_GAP, _GAP + spare // max(1, values)))
        places, end = [], _INSET + _EPOCH
        for value in range(values):
            line = value > 0 and value in starts
            end += gap + self._value_width + line
            places.append((end, line))
        return places

    def _draw_headings(self, cells: Cells) -> None:
        """Draw the headings."""
        cells.put_right(_INSET + _EPOCH, "ep", "muted bold")
        titles = [title for group in self._view.headings for title in group]
        for title, (end, line) in zip(titles, self._places(cells.width), strict=False):
            cells.put_right(end, words.shorten(title, self._value_width), "muted bold")
            self._draw_line(cells, end, line)

    def _draw_line(self, cells: Cells, end: int, line: bool) -> None:
        """Draw the line before a group of columns."""
        if line:
            cells.put(end - self._value_width - 2, glyphs().vertical, "border")

    def _draw_row(self, cells: Cells, row: EpochRow) -> None:
        """Draw the figures of one epoch."""
        view = self._view
        if row.epoch == view.running:
            cells.put(_INSET, glyphs().running, "primary")
        elif row.epoch == view.best:
            cells.put(_INSET, glyphs().best, "success")
        cells.put_right(_INSET + _EPOCH, str(row.epoch), "muted")
        for index, (value, (end, line)) in enumerate(zip(row.values, self._places(cells.width), strict=False)):
            best = row.epoch == view.best and index == view.best_value
            cells.put_right(end, words.metric(value), "success bold" if best else "text")
            self._draw_line(cells, end, line)
