"""Why something cannot be done: a line above the footer that stays until the next key or click."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from kerastui.screens.widgets.glyphs import glyphs


@dataclass
class Refused(Message):
    """Say that something cannot be done; a widget posts it, its screen shows it.

    Args:
        text: Why, and what to do instead.
    """

    text: str


class Refusal(Static):
    """Show why the last action was refused, over the bottom of the panes, so that nothing moves for it."""

    DEFAULT_CSS = """
    Refusal {
        dock: bottom; layer: refusal; display: none;
        width: 100%; height: auto; max-height: 4; margin-bottom: 1; padding: 0 1;
        background: $raised; color: $text;
    }
    Refusal.-shown { display: block; }
    """

    def say(self, text: str) -> None:
        """Show why something cannot be done.

        Args:
            text: The reason.
        """
        self.update(Content.assemble((f"{glyphs().warning} ", "bold $warning"), text))
        self.add_class("-shown")

    def hush(self) -> None:
        """Take the line away."""
        self.remove_class("-shown")
