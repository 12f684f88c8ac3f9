"""What kerastui is, in three lines beside a small network."""

from __future__ import annotations

from textual.strip import Strip
from textual.widget import Widget

from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Cells, Line, ink_of

TEXT: tuple[tuple[int, Line], ...] = (
    (2, (("Build a network as a graph, train it while you watch,", "text bold"),)),
    (3, (("and take it away as a Keras model.", "text bold"),)),
    (4, (("No code needed. Everything is one text file you can keep in git.", "muted"),)),
)


class Banner(Widget):
    """Show the network and the three lines."""

    def render_line(self, y: int) -> Strip:
        """Draw one row."""
        cells = Cells(self.size.width, "background")
        for x, text, words in network(y):
            cells.put(4 + x, text, words)
        for row, line in TEXT:
            if row == y:
                cells.put(24, line)
        return cells.strip(ink_of(self))


def network(row: int) -> list[tuple[int, str, str]]:
    """Return the parts of a row of the small network: column, text, style."""
    table = glyphs()
    wire = table.horizontal * 5
    if row == 1:
        return [(0, table.brand, "primary"), (1, wire + table.top_right, "faint")]
    if row == 3:
        middle = [(0, table.brand, "success"), (1, wire + table.branch_right + table.horizontal * 2, "faint")]
        return [
            *middle,
            (9, table.brand, "text"),
            (10, table.horizontal * 5, "faint"),
            (15, table.running, "primary"),
        ]
    if row == 5:
        return [(0, table.brand, "val"), (1, wire + table.bottom_right, "faint")]
    return [(6, table.vertical, "faint")] if row in (2, 4) else []
