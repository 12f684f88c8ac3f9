"""The templates as cards in a grid, each with a small picture of its widths."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from kerastui.engine.templates import Template
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Cells, ink_of
from kerastui.screens.widgets.panel import PanelView
from kerastui.screens.widgets.words import compact

NARROWEST, WIDEST = 27, 46
"""Columns a card takes at least and at most; a row of four narrow ones fits 120 columns."""

HEIGHT = 6
"""Rows of a card; a blank one follows."""

MOST = 4
"""Cards beside each other at most."""


class TemplateCards(PanelView):
    """Show templates as cards under a cursor.

    Args:
        templates: What there is.
    """

    help_title = "templates"
    help_markdown = (
        "Each template is a whole project: data that ships with kerastui, a network, a loss and an optimizer. "
        "It trains as it is, and everything in it can be changed. The bars are the number of values a sample is "
        "made of from layer to layer, on a logarithmic scale; the number is the count of trainable parameters."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "start from it", id="cards.choose", tooltip="make a project from this template"),
        Binding("left,h", "move(-1, 0)", "left", show=False, id="cards.left"),
        Binding("right,l", "move(1, 0)", "right", show=False, id="cards.right"),
        Binding("up,k", "move(0, -1)", "up", show=False, id="cards.up"),
        Binding("down,j", "move(0, 1)", "down", show=False, id="cards.down"),
        Binding("home,g", "move_to(0)", "first", show=False, id="cards.first"),
        Binding("end,G", "move_to(-1)", "last", show=False, id="cards.last"),
    ]

    @dataclass
    class Chosen(Message):
        """Say that a project is to be made from a template.

        Args:
            template: The template.
        """

        template: Template

    def __init__(self, templates: Sequence[Template], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._templates = tuple(templates)
        self._position = 0

    @property
    def per_row(self) -> int:
        """Cards that fit beside each other."""
        return max(1, min(MOST, (self.size.width - 1) // (NARROWEST + 1)))

    @property
    def card_width(self) -> int:
        """Columns of a card."""
        return max(NARROWEST, min(WIDEST, (self.size.width - 1) // self.per_row - 1))

    @property
    def current(self) -> Template:
        """The template under the cursor."""
        return self._templates[self._position]

    def on_resize(self) -> None:
        """Lay the cards out for the new width."""
        rows = math.ceil(len(self._templates) / self.per_row)
        self.virtual_size = Size(self.size.width, rows * (HEIGHT + 1))
        self._reveal()

    def on_focus(self) -> None:
        """Draw the cursor."""
        self.refresh()

    def on_blur(self) -> None:
        """Draw the cards without a cursor."""
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the card that was clicked; a second click takes it."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        column, row = (offset.x - 1) // (self.card_width + 1), (offset.y + self.scroll_offset.y) // (HEIGHT + 1)
        position = row * self.per_row + column
        if 0 <= column < self.per_row and position < len(self._templates):
            event.stop()
            self._place(position)
            if event.chain == 2:
                self.action_choose()

    def action_choose(self) -> None:
        """Start from the template under the cursor."""
        self.post_message(self.Chosen(self.current))

    def action_move(self, right: int, down: int) -> None:
        """Move the cursor by columns and rows; it stays where there is no card."""
        row, column = divmod(self._position, self.per_row)
        position = (row + down) * self.per_row + column + right
        if 0 <= column + right < self.per_row and 0 <= position < len(self._templates):
            self._place(position)

    def action_move_to(self, position: int) -> None:
        """Move the cursor to a card, counted from the end where negative."""
        self._place(position % len(self._templates))

    def _place(self, position: int) -> None:
        self._position = position
        self._reveal()
        self.refresh()

    def _reveal(self) -> None:
        row = self._position // self.per_row
        self.scroll_to_region(Region(0, row * (HEIGHT + 1), 1, HEIGHT), animate=False)

    def render_line(self, y: int) -> Strip:
        """Draw one row of the screen."""
        cells = Cells(self.size.width, self.ground)
        row, line = divmod(y + self.scroll_offset.y, HEIGHT + 1)
        first, width = row * self.per_row, self.card_width
        for place, template in enumerate(self._templates[first : first + self.per_row]):
            lit = self.has_focus and first + place == self._position
            draw_card(cells, 1 + place * (width + 1), width, line, template, lit)
        return cells.strip(ink_of(self))


def draw_card(cells: Cells, x: int, width: int, line: int, template: Template, lit: bool) -> None:
    """Draw one line of a card.

    Args:
        cells: The row of the screen.
        x: Its first column.
        width: Its columns.
        line: Which of its lines, from 0.
        template: What it shows.
        lit: Whether the cursor is on it.
    """
    table, end = glyphs(), x + width
    border, height = ("primary" if lit else "border"), HEIGHT
    if lit and line < height:
        cells.fill(x, end, "sel")
    if line in (0, height - 1):
        corners = (table.top_left, table.top_right) if line == 0 else (table.bottom_left, table.bottom_right)
        cells.put(x, corners[0] + table.horizontal * (width - 2) + corners[1], border)
        if line == 0:
            cells.put(x + 2, f" {template.title} ", "text bold", limit=end - 1)
        return
    if line >= height:
        return
    cells.put(x, table.vertical, border)
    cells.put(end - 1, table.vertical, border)
    if line == 1:
        cells.put(x + 2, template.note, "muted", limit=end - 2)
    elif line in (height - 3, height - 2):
        low = line == height - 2
        cells.put(x + 2, bars(template.widths)[low], "primary")
        text, words = ("parameters", "muted") if low else (compact(template.parameters), "text bold")
        cells.put_right(end - 2, text, words)


def bars(widths: Sequence[int]) -> tuple[str, str]:
    """Return the upper and the lower row of bars, one bar and a blank for each width, by its logarithm.

    Args:
        widths: Numbers of 1 and above; 4,096 and more fill both rows.
    """
    table = glyphs().bars
    upper, lower = "", ""
    for width in widths:
        height = max(1, min(2 * len(table), round(math.log2(width + 1) / 12 * 2 * len(table))))
        lower += table[min(height, len(table)) - 1] + " "
        upper += (table[height - len(table) - 1] if height > len(table) else " ") + " "
    return upper, lower
