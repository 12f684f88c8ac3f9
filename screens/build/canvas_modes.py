"""What the graph canvas has in hand: a wire, a card, or a held mouse button."""

from __future__ import annotations

from dataclasses import dataclass

from textual.geometry import Offset

from kerastui.screens.build.wires import Point


@dataclass(slots=True)
class Connecting:
    """A wire is being drawn from a card.

    Args:
        source: Id of the card.
        legal: Cards it may end at.
        target: Card it ends at now.
        end: Cell it ends at while the mouse draws it away from any card.
        over: Card under the mouse that it cannot end at.
    """

    source: str
    legal: frozenset[str]
    target: str | None = None
    end: Point | None = None
    over: str | None = None


@dataclass(slots=True)
class Moving:
    """A card is being moved.

    Args:
        id: Id of the card.
        x: Column of its top left corner.
        y: Row of its top left corner.
    """

    id: str
    x: int
    y: int


@dataclass(slots=True)
class Drag:
    """A mouse button is held.

    Args:
        kind: What a movement does: `"card"` moves, `"wire"` connects, `"pan"` scrolls.
        card: Card under the button, if any.
        start: Place of the press on the screen.
        grab: Place of the press from the top left corner of the card.
        scroll: Scroll offset at the press.
        moved: The mouse has moved since.
    """

    kind: str
    card: str | None
    start: Offset
    grab: Offset
    scroll: Offset
    moved: bool = False
