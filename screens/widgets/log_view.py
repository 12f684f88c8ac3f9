"""A pop-up with the tail of a log: it follows, scrolls and searches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.strip import Strip
from textual.widgets import Input

from kerastui.screens.widgets.cursor_view import CursorView
from kerastui.screens.widgets.dialog import Box, Dialog
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Cells, ink_of
from kerastui.screens.widgets.words import count

MOST_BYTES = 512 * 1024
"""Of a longer log only so much of its end is read."""

_LOOK_AGAIN = 0.5


def read_tail(path: Path, most: int = MOST_BYTES) -> str:
    """Return the end of a text file, from a line's start on; what is missing is an empty log.

    Args:
        path: The file.
        most: Bytes that are read at most.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - most))
            data = file.read(most)
    except OSError:
        return ""
    text = data.decode("utf-8", "replace")
    return text if size <= most else text.partition("\n")[2]


class LogLines(CursorView):
    """Draw the lines of a log; the cursor on the last one follows what comes."""

    DEFAULT_CSS = """
    LogLines { background: $raised; }
    """

    def __init__(self) -> None:
        super().__init__(classes="-bare")
        self._texts: list[str] = []
        self._needle = ""

    @property
    def following(self) -> bool:
        """Whether the cursor is on the last line, or there is none."""
        return not self._texts or self.cursor_line == len(self._texts) - 1

    def show(self, text: str) -> None:
        """Show another text."""
        lines = text.splitlines()
        if lines != self._texts:
            follow, before = self.following, self._position
            self._texts = lines
            self.set_lines(len(lines), range(len(lines)), len(lines) - 1 if follow else before)
            self.reveal()

    def search(self, needle: str, step: int = 0) -> bool:
        """Put the cursor on the nearest line that has a text, and say whether there is one.

        Args:
            needle: The text; upper and lower case are alike.
            step: 1 for the next line that has it, -1 for the one before, 0 to stay where it fits already.
        """
        self._needle = needle.lower()
        self.refresh()
        total, here = len(self._texts), self.cursor_line or 0
        for distance in range(abs(step), total):
            line = (here + (distance if step >= 0 else -distance)) % total
            if self._needle and self._needle in self._texts[line].lower():
                self.place_cursor(line)
                return True
        return False

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self.reveal()

    def render_line(self, y: int) -> Strip:
        """Draw one line; `…` at its end says that it is longer than the pane."""
        cells = Cells(self.size.width, self.ground)
        line = self.line_at(y)
        if line < len(self._texts):
            text = self._texts[line].expandtabs(4)
            if line == self.cursor_line:
                cells.fill(0, cells.width, "sel")
                cells.put(0, glyphs().selected, "primary")
            cells.put(1, text, "text", limit=cells.width - 1)
            start = text.lower().find(self._needle) if self._needle else -1
            if start >= 0:
                found = text[start : start + len(self._needle)]
                cells.put(1 + start, found, "on-primary on primary", limit=cells.width - 1)
        return cells.strip(ink_of(self))


class LogView(Dialog[None]):
    """Show the tail of a log.

    Args:
        source: The file, or a function that returns the text.
        title: Title of the box.
    """

    DEFAULT_CSS = """
    LogView Input, LogView Input:focus {
        border: none; height: 1; padding: 0 1; background: $panel; display: none;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "search", key_display="/", id="log.search"),
        Binding("n", "next(1)", "next", id="log.next"),
        Binding("N", "next(-1)", "previous", show=False, id="log.previous"),
    ]

    def __init__(self, source: Path | Callable[[], str], title: str = "log") -> None:
        super().__init__()
        self._source, self._title = source, title

    def compose(self) -> ComposeResult:
        """Lay out lines and search field."""
        with Box(classes="-tall"):
            yield LogLines()
            yield Input(placeholder="search", compact=True)

    def on_mount(self) -> None:
        """Show the log and follow it."""
        self.query_one(LogLines).focus()
        self._look()
        self.set_interval(_LOOK_AGAIN, self._look)

    def _look(self) -> None:
        """Read the log again."""
        lines = self.query_one(LogLines)
        lines.show(read_tail(self._source) if isinstance(self._source, Path) else self._source())
        state = "follows" if lines.following else "stands"
        keys = (("/", "primary bold"), (" search  ", "muted"), ("n", "primary bold"), (" next  ", "muted"))
        self.query_one(Box).set_titles(
            self._title,
            f"{count(lines.virtual_size.height)} lines {glyphs().separator} {state}",
            bottom_right=(*keys, ("esc", "primary bold"), (" close", "muted")),
        )

    def action_search(self) -> None:
        """Open the search field."""
        field = self.query_one(Input)
        field.styles.display = "block"
        field.focus()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        """Go to the first line that fits while it is typed."""
        event.stop()
        self.query_one(LogLines).search(event.value)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        """Keep what was found and go back to the lines."""
        event.stop()
        self._close_search()

    def _close_search(self) -> None:
        """Take the search field away."""
        self.query_one(Input).styles.display = "none"
        self.query_one(LogLines).focus()

    def action_next(self, step: int) -> None:
        """Go to the next line that has the text, or to the one before."""
        self.query_one(LogLines).search(self.query_one(Input).value, step)

    def action_leave(self) -> None:
        """Leave the search first, then the log."""
        if self.query_one(Input).has_focus:
            self._close_search()
        else:
            self.dismiss(None)
