"""The first look at the data: rows as a table, or images drawn with half blocks."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.strip import Strip

from kerastui.engine.data.preview import MISSING_MARK, sample_rows
from kerastui.engine.data.profile import ColumnProfile
from kerastui.engine.data.table import Table
from kerastui.engine.project.document import Column
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Cells, Line, ink_of, line_width
from kerastui.screens.widgets.panel import PanelView
from kerastui.screens.widgets.words import count

JUDGED = 50
"""Rows the width of a column is judged by."""

WIDEST = 24
LARGEST_IMAGE = 64
LEVELS = 24
"""Shades an image is drawn in; each pair of them is a style that is made once."""

_GAP, _WIDEST_GAP = 3, 8


class Preview(PanelView):
    """Show the rows of a table, or its images."""

    DEFAULT_CSS = """
    Preview { overflow-x: auto; }
    """

    help_title = "preview"
    help_markdown = (
        "The rows as they are in the source. A missing value is `–`; columns that are ignored are grey. Arrow keys "
        "scroll. Where a column holds images, `v` changes between images and rows."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "column(-1)", "column left", show=False, id="preview.left"),
        Binding("right,l", "column(1)", "column right", show=False, id="preview.right"),
        Binding("k", "scroll_up", "up", show=False, id="preview.up"),
        Binding("j", "scroll_down", "down", show=False, id="preview.down"),
        Binding("g", "scroll_home", "first", show=False, id="preview.home"),
        Binding("G", "scroll_end", "last", show=False, id="preview.end"),
    ]

    _table: Table | None = None
    _profiles: Sequence[ColumnProfile] = ()
    _columns: Mapping[str, Column] = {}
    _current: str = ""
    _message: Sequence[Line] = ()
    _starts: Sequence[int] = ()
    _widths: Sequence[int] = ()
    _rows_cache: tuple[int, int, list[list[str]]] = (-1, 0, [])
    _as_rows: bool = False

    def show(self, table: Table, profiles: Sequence[ColumnProfile], columns: Mapping[str, Column]) -> None:
        """Show a table.

        Args:
            table: The table.
            profiles: What is in its columns.
            columns: What the columns are for.
        """
        fresh = table is not self._table
        self._table, self._profiles, self._columns, self._message = table, profiles, columns, ()
        if fresh:
            self._rows_cache = (-1, 0, [])
            self._measure()
            self.scroll_to(0, 0, animate=False)
        self._arrange()

    def say(self, *lines: Line) -> None:
        """Show some lines in the middle, in place of a table."""
        self._table, self._message = None, lines
        self.virtual_size = self.size
        self.retitle(left="preview", right="", bottom_right="")
        self.refresh()

    def point_at(self, name: str) -> None:
        """Mark the heading of a column, and bring it into sight."""
        if name == self._current:
            return
        self._current = name
        index = next((place for place, each in enumerate(self._profiles) if each.name == name), None)
        if index is not None and self._image is None and index < len(self._starts):
            start, stop = self._starts[index], self._starts[index] + self._widths[index]
            left = self.scroll_offset.x
            if start < left or stop > left + self.size.width - 1:
                self.scroll_to(x=max(0, start - 2), animate=False)
        self.refresh()

    @property
    def has_images(self) -> bool:
        """Whether a column of the table can be drawn as images."""
        return self._table is not None and any(map(is_image, self._profiles))

    def toggle_view(self) -> None:
        """Change between images and rows."""
        self._as_rows = not self._as_rows
        self.scroll_to(0, 0, animate=False)
        self._arrange()

    @property
    def _image(self) -> ColumnProfile | None:
        """The column that is drawn as images, `None` for a table of rows."""
        if self._as_rows or self._table is None:
            return None
        return next((each for each in self._profiles if is_image(each)), None)

    # Layout ---------------------------------------------------------------------------------------------------------

    def _measure(self) -> None:
        """Give each column its width, judged by the first rows."""
        if self._table is None:
            return
        sample = sample_rows(self._table, 0, JUDGED)
        self._widths = [
            max(
                line_width(each.name),
                len(each.type),
                min(WIDEST, max((line_width(row[index]) for row in sample), default=0)),
            )
            for index, each in enumerate(self._profiles)
        ]

    def on_resize(self) -> None:
        """Lay the content out for the new size."""
        if self._table is None:
            self.virtual_size = self.size
        self._arrange()

    def _arrange(self) -> None:
        if self._table is None:
            return
        image = self._image
        if image is None:
            self.virtual_size = Size(self._place_columns(), self._table.rows + 2)
        else:
            rows = math.ceil(self._table.rows / self._images_a_row(image))
            self.virtual_size = Size(self.size.width, rows * strip_height(image))
        self._say_where()
        self.refresh()

    def _place_columns(self) -> int:
        """Spread the columns over the pane, where they all fit, and return the width they take."""
        gaps = max(1, len(self._widths) - 1)
        spare = self.size.width - 3 - sum(self._widths)
        gap = min(_WIDEST_GAP, max(_GAP, spare // gaps))
        starts, x = [], 2
        for width in self._widths:
            starts.append(x)
            x += width + gap
        self._starts = starts
        return x - gap + 1

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scroll, and say which rows are seen."""
        super().watch_scroll_y(old_value, new_value)
        self._say_where()

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        """Scroll, and say which columns are seen."""
        super().watch_scroll_x(old_value, new_value)
        self._say_where()

    def _say_where(self) -> None:
        if self._table is None:
            return
        image, rows, top, height = self._image, self._table.rows, self.scroll_offset.y, self.size.height
        if image is None:
            first, last, what = top + 1, min(rows, top + height - 2), "rows"
        else:
            each, high = self._images_a_row(image), strip_height(image)
            first = top // high * each + 1
            last, what = min(rows, math.ceil((top + height) / high) * each), "images"
        title: Line = (("preview", "text"), (f" · {image.name}", "muted")) if image else "preview"
        self.retitle(
            left=title,
            right=f"{what} {count(first)}–{count(max(first, last))} of {count(rows)}",
            bottom_right="" if image else self._columns_seen(),
        )

    def _columns_seen(self) -> str:
        """Return which columns are seen, where not all are."""
        left, right = self.scroll_offset.x, self.scroll_offset.x + self.size.width
        seen = [
            number
            for number, (start, width) in enumerate(zip(self._starts, self._widths, strict=True), 1)
            if start >= left and start + width <= right
        ]
        if not seen or len(seen) == len(self._starts):
            return ""
        return f"columns {seen[0]}–{seen[-1]} of {count(len(self._starts))}"

    def action_column(self, step: int) -> None:
        """Scroll by a column."""
        left = self.scroll_offset.x + 2
        index = bisect_right(self._starts, left) if step > 0 else bisect_left(self._starts, left) - 1
        if 0 <= index < len(self._starts):
            self.scroll_to(x=self._starts[index] - 2, animate=False)

    # Drawing --------------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Draw one row of the screen."""
        cells = Cells(self.size.width, self.ground)
        if self._table is None:
            first = (self.size.height - len(self._message)) // 2
            if 0 <= y - first < len(self._message):
                line = self._message[y - first]
                cells.put(max(1, (cells.width - line_width(line)) // 2), line, "muted", limit=cells.width - 1)
        elif (image := self._image) is not None:
            self._draw_images(cells, y + self.scroll_offset.y, image, self._table)
        else:
            self._draw_row(cells, y, self._table)
        return cells.strip(ink_of(self))

    def _draw_row(self, cells: Cells, y: int, table: Table) -> None:
        left = self.scroll_offset.x
        texts: Sequence[str] = ()
        if y >= 2:
            texts = self._texts(table, y - 2 + self.scroll_offset.y)
            if not texts:
                return
        first = max(0, bisect_right(self._starts, left) - 1)
        for index in range(first, len(self._starts)):
            x = self._starts[index] - left
            if x >= cells.width:
                break
            each = self._profiles[index]
            if y < 2:
                lit = each.name == self._current
                text, words = (
                    (each.name, "primary bold" if lit else "muted bold") if y == 0 else (each.type, "muted italic")
                )
            else:
                text, words = texts[index], self._words(each.name)
                words = "warning" if text == MISSING_MARK else words
            if each.type in ("int", "float", "bool"):
                cells.put_right(x + self._widths[index], text, words, start=x)
            else:
                cells.put(x, text, words, limit=x + self._widths[index])

    def _words(self, name: str) -> str:
        column = self._columns.get(name)
        return "muted" if column is None or column.role == "ignore" else "text"

    def _texts(self, table: Table, row: int) -> Sequence[str]:
        """Return the texts of a row; those of a screenful are made at once."""
        start, stop, rows = self._rows_cache
        if not start <= row < stop:
            start = max(0, row - 1)
            rows = sample_rows(table, start, self.size.height + 2)
            stop = start + len(rows)
            self._rows_cache = (start, stop, rows)
        return rows[row - start] if start <= row < stop else ()

    # Images ---------------------------------------------------------------------------------------------------------

    def _images_a_row(self, image: ColumnProfile) -> int:
        return max(1, (self.size.width - 2) // (image.shape[1] + 2))

    def _draw_images(self, cells: Cells, line: int, image: ColumnProfile, table: Table) -> None:
        each = self._images_a_row(image)
        strip, inside = divmod(line, strip_height(image))
        label = next((name for name, column in self._columns.items() if column.role == "target"), "")
        for place in range(each):
            row, x = strip * each + place, 2 + place * (image.shape[1] + 2)
            if row >= table.rows:
                return
            if inside == 0:
                text = str(table.columns[label][row]) if label in table.columns else str(row + 1)
                cells.put(x, text, "muted", limit=x + image.shape[1])
            else:
                self._draw_pixels(cells, x, table.columns[image.name][row], 2 * (inside - 1), image)

    def _draw_pixels(self, cells: Cells, x: int, pixels: np.ndarray[Any, Any], top: int, image: ColumnProfile) -> None:
        """Draw two rows of pixels as one row of half blocks."""
        ink, pixel = ink_of(self), glyphs().pixel
        low, high = image.minimum or 0.0, image.maximum or 1.0
        scaled = np.clip((pixels.astype(np.float64) - low) / ((high - low) or 1.0), 0, 1)
        shades = np.nan_to_num(scaled).reshape(image.shape[0], image.shape[1], -1)
        for column in range(image.shape[1]):
            upper = shade(ink, shades[top, column])
            lower = shade(ink, shades[top + 1, column]) if top + 1 < len(shades) else "surface"
            cells.put(x + column, pixel, f"{upper} on {lower}")


def shade(ink: Any, values: np.ndarray[Any, Any]) -> str:
    """Return the colour of a pixel: a mix of ground and text for one channel, itself for three."""
    if len(values) == 3:
        red, green, blue = (round(float(value) * 15) * 17 for value in values)  # few colours: each pair is a style
        return f"#{red:02x}{green:02x}{blue:02x}"
    level = round(float(values[0]) * LEVELS) / LEVELS
    return str(ink.blend("surface", "text", level))


def is_image(found: ColumnProfile) -> bool:
    """Tell whether a column holds images: two axes, or three with 1 or 3 channels, of a size to be drawn."""
    shape = found.shape
    flat = len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3))
    return flat and 2 <= shape[0] <= LARGEST_IMAGE and 2 <= shape[1] <= LARGEST_IMAGE


def strip_height(image: ColumnProfile) -> int:
    """Return the rows that images beside each other take, with their labels."""
    return (image.shape[0] + 1) // 2 + 1
