"""What is shown while the terminal is too small to show anything else."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.widgets import Static

SMALLEST = (80, 24)
"""Columns and rows that the screens are made for."""


class TooSmall(ModalScreen[None]):
    """Name the size that is needed; it goes by itself when the terminal has grown."""

    DEFAULT_CSS = """
    TooSmall { align: center middle; }
    TooSmall Static { width: 100%; height: auto; text-align: center; color: $text; }
    """

    def compose(self) -> ComposeResult:
        """Show one sentence."""
        yield Static(id="sentence", markup=False)

    def on_mount(self) -> None:
        """Say it at once."""
        self.say(*self.app.size)

    def say(self, width: int, height: int) -> None:
        """Show the sentence for a size."""
        needed = f"{SMALLEST[0]}×{SMALLEST[1]}"
        text = f"kerastui needs {needed}. This terminal has {width}×{height}: make it larger. ctrl+q quits."
        self.query_one("#sentence", Static).update(text)


def is_too_small(width: int, height: int) -> bool:
    """Tell whether a terminal is too small."""
    return width < SMALLEST[0] or height < SMALLEST[1]
