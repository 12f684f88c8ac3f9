"""What the graph canvas has in hand: a wire, a card, or a held mouse button."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from textual.geometry import Offset

from kerastui.screens.build.wires import Key, Point


@dataclass(slots=True)
class Connecting:
    """A wire is being drawn from a card.

    Args:
        source: Id of the card.
        legal: Cards it may end at.
        target: Card it ends at now.
        end: Cell it ends at while the mouse draws it away from any card.
        over: Card under the mouse that it cannot end at.
        port: Name of the output of the card that it leaves, `""` for the first, `None` for one that is not chosen yet.
        labels: Letters that stand for the cards it may end at, while it is drawn by keys.
        wire: The wire whose end is taken elsewhere, `None` for a new one.
    """

    source: str
    legal: frozenset[str]
    target: str | None = None
    end: Point | None = None
    over: str | None = None
    port: str | None = ""
    labels: dict[str, str] = field(default_factory=dict)
    wire: Key | None = None


@dataclass(slots=True)
class Moving:
    """Cards are being moved.

    Args:
        id: Id of the card in hand.
        x: Column of its top left corner.
        y: Row of its top left corner.
        others: Cards that move along: by id, how far the top left corner of each is from that of the card in hand.
    """

    id: str
    x: int
    y: int
    others: dict[str, Offset] = field(default_factory=dict)

    @property
    def corners(self) -> dict[str, Point]:
        """Top left corner of each card, by id."""
        return {self.id: (self.x, self.y)} | {key: (self.x + at.x, self.y + at.y) for key, at in self.others.items()}


@dataclass(slots=True)
class Drag:
    """A mouse button is held.

    Args:
        kind: What a movement does: `"card"` moves, `"wire"` connects, `"end"` takes the end of a wire elsewhere,
            `"frame"` selects, `"pan"` scrolls.
        card: Card under the button, if any.
        start: Place of the press on the screen.
        grab: Place of the press from the top left corner of the card.
        scroll: Scroll offset at the press.
        moved: The mouse has moved since.
        add: Shift or ctrl was held: what is selected stays so.
        marks: What was selected at the press.
        cell: Cell of the layout at the press.
        wire: The wire whose end is held.
    """

    kind: Literal["card", "wire", "end", "frame", "pan"]
    card: str | None
    start: Offset
    grab: Offset
    scroll: Offset
    moved: bool = False
    add: bool = False
    marks: frozenset[str] = frozenset()
    cell: Point = (0, 0)
    wire: Key | None = None
