"""The pane with this machine's load: processors and memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from textual.strip import Strip

from kerastui.screens.train.machine import Load
from kerastui.screens.widgets import words
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Cells, Line, ink_of
from kerastui.screens.widgets.panel import PanelView

_KEPT = 60
"""Looks that are remembered, one a second."""
_LABEL = 6
_BAR = 6
_FIGURE = 10
"""Columns of the label, of the bar and of the figure; the history takes the rest."""


class Hardware(PanelView, can_focus=False):
    """Show how busy this machine is, the last minute of it as bars."""

    DEFAULT_CSS = """
    Hardware { overflow: hidden hidden; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.load: Load | None = None
        """What was seen last."""
        self._cpu: deque[float] = deque(maxlen=_KEPT)
        self._memory: deque[float] = deque(maxlen=_KEPT)
        self.set_titles("this machine")

    def show(self, load: Load) -> None:
        """Show another look at the machine.

        Args:
            load: What was seen.
        """
        self.load = load
        if load.cpu is not None:
            self._cpu.append(load.cpu)
        self._memory.append(load.used / load.memory)
        self.retitle(right=f"{words.memory(load.memory)} RAM")
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the row of the processors or of the memory."""
        cells = Cells(self.size.width, self.ground)
        if self.load is not None and y == 0:
            self._row(cells, "CPU", self._cpu, self.load.cpu, words.percent(self.load.cpu))
        elif self.load is not None and y == 1:
            share = self.load.used / self.load.memory
            self._row(cells, "RAM", self._memory, share, words.memory(self.load.used))
        return cells.strip(ink_of(self))

    def _row(self, cells: Cells, label: str, history: Iterable[float], share: float | None, figure: str) -> None:
        """Draw label, history, bar and figure."""
        cells.put(1, label, "muted")
        end = cells.width - 1
        cells.put_right(end, figure)
        start = end - _FIGURE - _BAR
        table = glyphs()
        cells.put(start, table.bar_rest * _BAR, "grid")
        cells.put(start, table.bar * round((share or 0.0) * _BAR), "primary")
        room = max(0, start - 1 - _LABEL)
        top = len(table.bars) - 1
        bars = "".join(table.bars[round(value * top)] for value in history)
        cells.put_right(start - 1, bars[max(0, len(bars) - room) :], "faint")


def in_short(load: Load | None) -> Line:
    """Return processors and memory as a few words, for a border."""
    if load is None:
        return ""
    return (
        ("CPU", "muted"),
        (f"{words.percent(load.cpu):>6}", "text"),
        (f" {glyphs().separator} ", "muted"),
        (words.memory(load.used), "text"),
    )
