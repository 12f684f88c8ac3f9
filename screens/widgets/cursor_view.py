"""A pane of lines with a cursor: the moving about that lists, tables and forms have in common."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size

from kerastui.screens.widgets.panel import PanelView


class CursorView(PanelView, inherit_bindings=False):
    """Move a cursor over those lines that take one; subclasses draw the lines.

    The cost of a frame is that of the lines on the screen: subclasses override `draw_line`, never the whole.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False, id="lines.up"),
        Binding("down,j", "move(1)", "down", show=False, id="lines.down"),
        Binding("home,g", "move_home", "first", show=False, id="lines.home"),
        Binding("end,G", "move_end", "last", show=False, id="lines.end"),
        Binding("pageup", "move_page(-1.0)", "page up", show=False, id="lines.page_up"),
        Binding("pagedown", "move_page(1.0)", "page down", show=False, id="lines.page_down"),
        Binding("ctrl+u", "move_page(-0.5)", "half a page up", show=False, id="lines.half_up"),
        Binding("ctrl+d", "move_page(0.5)", "half a page down", show=False, id="lines.half_down"),
    ]

    _targets: Sequence[int] = ()
    _position: int = 0
    _head: int = 0

    def set_lines(self, count: int, targets: Sequence[int], position: int, head: int = 0) -> None:
        """Take a new set of lines.

        Args:
            count: Number of lines.
            targets: Lines the cursor can stand on, ascending.
            position: Index in `targets` of the line with the cursor.
            head: Rows at the top that do not scroll.
        """
        self._targets = targets
        self._position = max(0, min(position, len(targets) - 1))
        self._head = head
        self.virtual_size = Size(self.size.width, count + head)
        self.refresh()

    @property
    def lit(self) -> bool:
        """Whether the cursor is marked: with the focus, or with the class `-lit` (a search field has the focus)."""
        return self.has_focus or self.has_class("-lit")

    @property
    def cursor_line(self) -> int | None:
        """Line with the cursor, `None` if no line takes one."""
        return self._targets[self._position] if self._targets else None

    def line_at(self, y: int) -> int:
        """Return which line stands in a content row; it may lie past the end."""
        return y - self._head + self.scroll_offset.y

    def cursor_moved(self) -> None:
        """React to the cursor having moved; subclasses post their message here."""

    def place_cursor(self, position: int, *, tell: bool = True) -> None:
        """Put the cursor on a line and bring it into sight.

        Args:
            position: Index in the lines that take a cursor; cut to what there is.
            tell: Whether `cursor_moved` is called if the cursor moved.
        """
        if not self._targets:
            return
        old, new = self._position, max(0, min(position, len(self._targets) - 1))
        self._position = new
        self.reveal()
        if old != new:
            self._redraw(self._targets[min(old, len(self._targets) - 1)])
            self._redraw(self._targets[new])
            if tell:
                self.cursor_moved()

    def reveal(self) -> None:
        """Scroll so that the line with the cursor can be seen, and the lines above the first one with it."""
        line, rows = self.cursor_line, self.size.height - self._head
        if line is None or rows <= 0:
            return
        top = self.scroll_offset.y
        if self._position == 0:
            line = 0 if self._targets[0] < rows else line
        if line < top:
            self.scroll_to(y=line, animate=False, force=True)
        elif line >= top + rows:
            self.scroll_to(y=line - rows + 1, animate=False, force=True)

    def _redraw(self, line: int) -> None:
        """Draw one line again."""
        self.refresh(Region(0, line - self.scroll_offset.y + self._head, self.size.width, 1))

    def on_focus(self) -> None:
        """Draw the cursor's line as focused."""
        self.refresh()

    def on_blur(self) -> None:
        """Draw the cursor's line as not focused."""
        self.refresh()

    def target_at(self, event: events.MouseEvent) -> int | None:
        """Return the index of the line under the mouse among those that take a cursor, `None` elsewhere."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < self._head:
            return None
        line = self.line_at(offset.y)
        position = bisect_left(self._targets, line)
        found = position < len(self._targets) and self._targets[position] == line
        return position if found else None

    def action_move(self, step: int) -> None:
        """Move the cursor by some lines."""
        self.place_cursor(self._position + step)

    def action_move_home(self) -> None:
        """Move the cursor to the first line."""
        self.place_cursor(0)

    def action_move_end(self) -> None:
        """Move the cursor to the last line."""
        self.place_cursor(len(self._targets) - 1)

    def action_move_page(self, pages: float) -> None:
        """Move the cursor by a share of the rows on the screen."""
        line = self.cursor_line
        if line is not None:
            rows = max(1, self.size.height - self._head)
            step = max(1, int(abs(pages) * rows)) * (1 if pages > 0 else -1)
            self.place_cursor(bisect_left(self._targets, line + step))
