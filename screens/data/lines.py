"""A pane of lines that are laid out for its width, and the small helpers that lay them out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import wrap
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.strip import Strip

from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Cells, Line, Span, clip, ink_of, line_width, spans
from kerastui.screens.widgets.panel import PanelView

INSET = 1
"""Blank columns at both sides of a line."""


class LinesView(PanelView):
    """Show lines; too many of them scroll.

    Args:
        help_title: Name of the pane.
        help_markdown: Its explanation.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "scroll_up", "up", show=False, id="lines_view.up"),
        Binding("j", "scroll_down", "down", show=False, id="lines_view.down"),
    ]

    _make: Callable[[int], Sequence[Line]] | None = None
    _lines: Sequence[Line] = ()

    def __init__(self, help_title: str, help_markdown: str, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.help_title, self.help_markdown = help_title, help_markdown

    def show(self, make: Callable[[int], Sequence[Line]]) -> None:
        """Show other lines.

        Args:
            make: Returns the lines for a number of columns; called again when the pane's width changes.
        """
        self._make = make
        self._arrange()

    def on_resize(self) -> None:
        """Lay the lines out for the new width."""
        self._arrange()

    def _arrange(self) -> None:
        width = self.size.width - 2 * INSET
        if self._make is None or width < 1:
            return
        lines = self._make(width)
        if lines != self._lines:
            self._lines = lines
            self.virtual_size = Size(self.size.width, len(lines))
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one row of the screen."""
        cells = Cells(self.size.width, self.ground)
        line = y + self.scroll_offset.y
        if line < len(self._lines):
            cells.put(INSET, self._lines[line], limit=cells.width - INSET)
        return cells.strip(ink_of(self))


def place(*parts: tuple[int, Line]) -> Line:
    """Return a line with parts at columns, each cut before the next one.

    Args:
        *parts: Column and content, from left to right.
    """
    found: list[Span] = []
    x = 0
    for index, (column, part) in enumerate(parts):
        room = parts[index + 1][0] - column - 1 if index + 1 < len(parts) else 1_000
        found.append((" " * (column - x), ""))
        cut = clip(part, max(0, room))
        found.extend(cut)
        x = column + line_width(cut)
    return found


def spread(left: Line, right: Line, width: int) -> Line:
    """Return a line with one part at the left and one at the right end."""
    return place((0, left), (max(0, width - line_width(right)), right))


def wrapped(mark: Span, text: str, width: int, words: str = "text") -> list[Line]:
    """Return a text on as many lines as it takes, its mark before the first one.

    Args:
        mark: Glyph and style.
        text: The text; names in backticks are set bold.
        width: Columns there are.
        words: Style of the text.
    """
    lines: list[Line] = []
    bold = False
    for part in wrap(text, max(8, width - 2)) or [""]:
        line: list[Span] = [(" ", "")]
        for index, piece in enumerate(part.split("`")):
            bold ^= index > 0  # a name can go on in the next line
            line.append((piece, f"{words} bold" if bold else words))
        lines.append([mark if not lines else (" ", ""), *line])
    return lines


def rule(width: int) -> Line:
    """Return a line that parts what differs in kind."""
    return ((glyphs().horizontal * width, "grid"),)


def joined(*lines: Line) -> Line:
    """Return lines one after the other on one line."""
    return [span for line in lines for span in spans(line)]


def bar(shares: Sequence[tuple[float, str]], width: int) -> Line:
    """Return a bar of parts, each at least one cell; what they leave is drawn as empty.

    Args:
        shares: Share and colour of each part; shares of 0 are left out.
        width: Cells of the whole.
    """
    block = glyphs().bars[5]
    parts = [(max(1, round(share * width)), ink) for share, ink in shares if share > 0]
    if sum(share for share, _ in shares) > 0.999 and parts:  # a full bar ends where it should, roundings or not
        first = max(1, parts[0][0] + width - sum(cells for cells, _ in parts))
        parts[0] = (first, parts[0][1])
    line = [(block * cells, ink) for cells, ink in parts]
    return [*line, (block * max(0, width - sum(cells for cells, _ in parts)), "grid")]


def histogram(counts: Sequence[int], width: int, rows: int = 1) -> list[str]:
    """Return a histogram as rows of blocks, each bin of the same number of cells.

    Args:
        counts: What each bin holds.
        width: Cells it may take at most.
        rows: Rows it is high.
    """
    steps, each = glyphs().bars, max(1, width // max(1, len(counts)))
    most = max(counts, default=0) or 1
    heights = [0 if count == 0 else max(1, round(count / most * rows * len(steps))) for count in counts]
    lines = []
    for row in reversed(range(rows)):
        levels = [min(len(steps), max(0, height - row * len(steps))) for height in heights]
        lines.append("".join((steps[level - 1] if level else " ") * each for level in levels))
    return lines
