"""A list whose rows can be dragged out of it by mouse."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.geometry import Offset
from textual.message import Message

from kerastui.screens.widgets.rows import Rows


class DragRows(Rows):
    """Let the mouse take rows out of the list; groups stay."""

    @dataclass
    class Dragged(Message):
        """Say that a row is held by the mouse outside of the list.

        Args:
            key: Key of the row.
            place: Where the mouse is on the screen.
            dropped: The button was released there.
        """

        key: str
        place: Offset
        dropped: bool

    _held: str | None = None
    _out: bool = False

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of the row under the mouse."""
        if event.button == 1 and self.target_at(event) is not None:
            row = self._lines[self.line_at(event.get_content_offset_capture(self).y)]
            self._held = row.key if row is not None and row.kind == "row" else None
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Say where the row is, once it has left the list."""
        if self._held is not None and (self._out or not self.region.contains_point(event.screen_offset)):
            self._out = True
            self.post_message(self.Dragged(self._held, event.screen_offset, dropped=False))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let go of the row."""
        held, out, self._held, self._out = self._held, self._out, None, False
        self.release_mouse()
        if held is not None and out:
            self.post_message(self.Dragged(held, event.screen_offset, dropped=True))
