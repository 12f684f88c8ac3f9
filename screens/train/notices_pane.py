"""The pane with the notices of a run, and the line that says that the engine is gone."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from kerastui.screens.train.notices import Mark, Notice
from kerastui.screens.widgets.glyphs import ASCII, glyphs
from kerastui.screens.widgets.ink import Cells, Line, Span, ink_of, key_tag, line_width
from kerastui.screens.widgets.panel import PanelView

_INK: dict[Mark, str] = {
    "error": "error",
    "warning": "warning",
    "paused": "warning",
    "stopped": "muted",
    "ok": "success",
    "best": "success",
    "note": "muted",
}
_QUIET: frozenset[Mark] = frozenset({"stopped", "ok", "best", "note"})
"""Kinds that are not bold."""
_SHORT = _QUIET | {"paused"}
"""Kinds whose detail stands on the same line where there is room."""
_EMPTY = "nothing to say"
_INSET = 1
"""Column of the mark."""


class Notices(PanelView, inherit_bindings=False):
    """Show notices, wrapped to the pane; what does not fit is scrolled to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "line(-1)", "up", show=False, id="notices.up"),
        Binding("down,j", "line(1)", "down", show=False, id="notices.down"),
        Binding("home,g", "scroll_to_row(0)", "first", show=False, id="notices.home"),
        Binding("end,G", "scroll_to_row(10000)", "last", show=False, id="notices.end"),
    ]

    help_title = "notices"
    help_markdown = (
        "What went wrong, what the figures of the finished epochs show, and what was saved. A key in a block does what "
        "stands behind it, whatever has the focus. `▲ val loss flat` means that no epoch since the best one "
        "had a lower validation loss: stopping keeps the model as it is now, not as it was at the best epoch. "
        "The last one is how the steps run: many at a time where nothing is in the way, else what is."
    )

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._notices: Sequence[Notice] = ()
        self._lines: list[Line] = []
        self.set_titles("notices")

    def show(self, notices: Sequence[Notice]) -> None:
        """Show other notices; nothing is drawn if they are the same.

        Args:
            notices: The notices, the most urgent first.
        """
        if notices == self._notices:
            return
        self._notices = notices
        counts = [
            (f"{glyph} {number}", words)
            for mark, glyph, words in (("error", glyphs().error, "error"), ("warning", glyphs().warning, "warning"))
            if (number := sum(notice.mark == mark for notice in notices))
        ]
        right: list[Span] = []
        for count in counts:
            right += [("  ", ""), count] if right else [count]
        self.retitle(right=right)
        self._lay_out()

    def on_resize(self) -> None:
        """Wrap to the new width."""
        self._lay_out()

    def _lay_out(self) -> None:
        """Put the notices into lines."""
        room = max(8, self.size.width - _INSET - _mark_width() - 1)
        self._lines = [line for notice in self._notices for line in lines_of(notice, room)]
        self.virtual_size = Size(self.size.width, len(self._lines))
        self._count_hidden()
        self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Count anew what lies below."""
        super().watch_scroll_y(old_value, new_value)
        self._count_hidden()

    def _count_hidden(self) -> None:
        """Say in the border how many lines lie below what is shown."""
        hidden = len(self._lines) - self.size.height - self.scroll_offset.y
        self.retitle(bottom_right=f"{hidden} more {glyphs().dropdown}" if hidden > 0 and self.size.height else "")

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        cells = Cells(self.size.width, self.ground)
        index = y + self.scroll_offset.y
        if not self._lines:
            if y == (self.size.height - 1) // 2:
                cells.put(max(0, (cells.width - len(_EMPTY)) // 2), _EMPTY, "muted")
        elif index < len(self._lines):
            cells.put(_INSET, self._lines[index])
        return cells.strip(ink_of(self))

    def action_line(self, step: int) -> None:
        """Scroll by some lines."""
        self.scroll_to(y=self.scroll_offset.y + step, animate=False)

    def action_scroll_to_row(self, row: int) -> None:
        """Scroll to a line."""
        self.scroll_to(y=row, animate=False)


def _mark_width() -> int:
    """Return the columns of a mark and the blank after it; some marks of plain ASCII take two."""
    return 3 if glyphs() is ASCII else 2


def lines_of(notice: Notice, room: int) -> list[Line]:
    """Return a notice as lines: mark and what, detail, actions.

    Args:
        notice: The notice.
        room: Columns of its words.
    """
    mark: Span = (f"{getattr(glyphs(), notice.mark):<{_mark_width()}}", _INK[notice.mark])
    indent: Span = (" " * len(mark[0]), "")
    quiet = notice.mark in _QUIET
    detail = notice.detail
    heading = [(mark, (text, "text" if quiet else "text bold")) for text in textwrap.wrap(notice.what, room)]
    lines: list[Line] = [((mark if index == 0 else indent), line[1]) for index, line in enumerate(heading)]
    if notice.mark in _SHORT and len(lines) == 1 and len(detail) == 1 and len(notice.what) + 2 + len(detail[0]) <= room:
        lines = [(*lines[0], ("  ", ""), (detail[0], "muted"))]
        detail = ()
    lines += [(indent, (text, "muted")) for part in detail for text in textwrap.wrap(part, room)]
    for action in notice.actions:
        block, space = key_tag(action.key, "", "success" if action.repair else "primary")
        texts = textwrap.wrap(action.words, max(8, room - len(block[0]) - 1))
        lines.append((indent, block, space, (texts[0], "text")))
        lines += [(indent, (" " * len(block[0] + space[0]), ""), (text, "text")) for text in texts[1:]]
    return lines


class EngineLine(Widget):
    """Say in one row under the header that the engine is gone, and which keys help."""

    DEFAULT_CSS = """
    EngineLine { height: 1; width: 1fr; background: $error-ground; display: none; }
    """

    _words = ""

    def show(self, words: str) -> None:
        """Show why the engine is gone; `""` hides the line."""
        self.display = bool(words)
        if words != self._words:
            self._words = words
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the row: the keys are never cut."""
        cells = Cells(self.size.width, "error-ground")
        inset = 2 if cells.width >= 100 else 1
        keys = (*key_tag("r", "new engine"), ("   ", ""), *key_tag("L", "log"))
        left = cells.width - inset - line_width(keys)
        x = cells.put(inset, f"{glyphs().lost} ", "error bold")
        end = cells.put(x, self._words, "text", limit=left - 2)
        cells.put(min(end + 3, left), keys)
        return cells.strip(ink_of(self))
