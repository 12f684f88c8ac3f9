"""What a widget offers to `f1`."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from textual.dom import DOMNode
from textual.screen import Screen


@runtime_checkable
class Helpable(Protocol):
    """Explain oneself; attributes or properties both do."""

    @property
    def help_title(self) -> str:
        """Name of the thing explained."""

    @property
    def help_markdown(self) -> str:
        """The explanation, in Markdown."""


def find_help(screen: Screen[object]) -> Helpable | None:
    """Return the nearest thing with something to explain: from the focused widget up to the screen."""
    node: DOMNode | None = screen.focused or screen
    while node is not None:
        if isinstance(node, Helpable) and node.help_markdown:
            return node
        node = node.parent if isinstance(node.parent, DOMNode) else None
    return None
