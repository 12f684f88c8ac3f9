"""The line on top: which source, how it is stored, how much there is, and what is missing."""

from __future__ import annotations

from textual.strip import Strip
from textual.widget import Widget

from kerastui.engine.data_state import DataState
from kerastui.screens.data.lines import joined
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.header import NARROW
from kerastui.screens.widgets.ink import Cells, Line, ink_of, line_width
from kerastui.screens.widgets.words import count, plural


class Summary(Widget):
    """Show what the data is, left, and how good it is, right."""

    _state: DataState = DataState()

    def show(self, state: DataState) -> None:
        """Show another state of the data."""
        self._state = state
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the line in the middle of the rows it has."""
        cells = Cells(self.size.width, "background")
        if y == (self.size.height - 1) // 2:
            right = how_much(self._state, cells.width < NARROW)
            start = cells.put_right(cells.width - 2, right)
            cells.put(2, what(self._state), limit=start - 2 if line_width(right) else cells.width - 2)
        return cells.strip(ink_of(self))


def what(state: DataState) -> Line:
    """Return the source and how it is stored."""
    table = glyphs()
    if state.kind == "none":
        return ((f"{table.note} no data yet", "muted"),)
    if state.kind == "failed":
        return ((f"{table.error} ", "error"), (state.source, "text bold"), ("   cannot be read", "muted"))
    name = state.table.name if state.table else state.source
    facts = f"   {state.table.summary}" if state.table else "   reading…"
    return ((f"{table.folded} ", "primary"), (name, "text bold"), (facts, "muted"))


def how_much(state: DataState, narrow: bool) -> Line:
    """Return the number of rows, of columns, and of missing values; where it is narrow not in how many columns."""
    if state.table is None:
        return ""
    missing = sum(each.missing for each in state.profiles)
    columns = sum(bool(each.missing) for each in state.profiles)
    sizes: Line = (
        (count(state.table.rows), "text bold"),
        (" rows   " if state.table.rows != 1 else " row   ", "muted"),
        (count(len(state.profiles)), "text bold"),
        (" columns" if len(state.profiles) != 1 else " column", "muted"),
    )
    if not missing:
        return sizes
    words = " missing" if narrow else f" missing in {plural(columns, 'column')}"
    return joined(
        sizes, (("   ", ""), (f"{glyphs().warning} ", "warning"), (count(missing), "warning bold"), (words, "muted"))
    )
