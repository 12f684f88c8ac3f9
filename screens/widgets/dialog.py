"""What all pop-ups have in common: a bordered box over the dimmed screen that esc closes."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from kerastui.screens.widgets.panel import Panel

Result = TypeVar("Result")


class Box(Panel):
    """The bordered box of a pop-up."""

    DEFAULT_CSS = """
    Box {
        width: 72; max-width: 100%; height: auto; max-height: 100%;
        background: $raised; padding: 1 1;
    }
    Box.-tall { width: 90%; max-width: 110; height: 36; max-height: 90%; padding: 0; }
    Box.-low { padding: 0 1; }
    """


class Dialog(ModalScreen[Result]):
    """A pop-up: what it returns is `None` (or `False`) when it is left by esc."""

    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 60%; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "close", id="dialog.leave")]

    def action_leave(self) -> None:
        """Close without a result."""
        self.dismiss(None)
