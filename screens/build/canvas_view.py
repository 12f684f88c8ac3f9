"""What the canvas is told to draw: frozen values that say nothing about layers beyond their looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Literal

from kerastui.screens.build.layout import Spacing

State = Literal["ok", "warning", "error", "waits"]
Role = Literal["layer", "input", "output"]


@dataclass(frozen=True, slots=True)
class CardView:
    """Hold the looks of one card.

    Args:
        id: Identifier of the input or call.
        name: Name, shown in bold.
        mark: Glyph before the name, say `"◇"`, `"≡1"` or `"✗"`; `""` is none.
        class_text: Class and its one telling argument, say `"Dense 32"`.
        shape_text: Output shape; in error both shapes.
        right_text: Parameter count, `"shared"`, `"waits"` or a data type.
        brief: Text instead of the shape at line level, where it is too long there; `""` is the shape.
        role: Whether the card is an input, an output or neither.
        state: Outcome of the check.
        shared: Id of the layer that other cards use too; `""` is a layer with one call.
        nested: The card stands for a model inside.
        frozen: The weights are not trained.
        stale: The weights are older than the graph.
        note: Somebody wrote a note on the card.
        ports: Names of its outputs where there are several; the wires leave a port of each.
        merge: The wires of its inputs may meet in one arrow; leave it off where they disagree or are named.
        repair: Repair offered beside the card, say `"units 48 → 64"`; `""` is none.
        repair_brief: The same in fewer words, for line level; `""` is `repair`.
    """

    id: str
    name: str
    mark: str = ""
    class_text: str = ""
    shape_text: str = ""
    right_text: str = ""
    brief: str = ""
    role: Role = "layer"
    state: State = "ok"
    shared: str = ""
    nested: bool = False
    frozen: bool = False
    stale: bool = False
    note: bool = False
    ports: tuple[str, ...] = ()
    merge: bool = True
    repair: str = ""
    repair_brief: str = ""


@dataclass(frozen=True, slots=True)
class EdgeView:
    """Hold the looks of one wire.

    Args:
        source: Id of the card whose output is taken.
        target: Id of the card it enters.
        slot: Which input of the target it is, from 0.
        broken: The target cannot take this input.
        label: Shape written beside the arrow of a broken wire.
        port: Which output of the source it takes, from 0.
        name: What stands beside the arrow while the target is selected: the argument that takes the wire.
    """

    source: str
    target: str
    slot: int = 0
    broken: bool = False
    label: str = ""
    port: int = 0
    name: str = ""

    @property
    def key(self) -> tuple[str, str, int]:
        """Name of the wire."""
        return self.source, self.target, self.slot


@dataclass(frozen=True, slots=True)
class GraphView:
    """Hold a whole graph as the canvas shows it.

    Args:
        cards: Cards, in the document's order.
        edges: Wires; there is no cycle.
        pinned: Position of cards moved by hand, by id, as `GraphCanvas.CardsMoved` tells it.
        inside: The graphs that are shown unfolded within cards, by the card's id.
    """

    cards: tuple[CardView, ...] = ()
    edges: tuple[EdgeView, ...] = ()
    pinned: Mapping[str, tuple[int, int]] = field(default_factory=lambda: MappingProxyType({}))
    inside: Mapping[str, GraphView] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Ghost:
    """Hold a card that is being placed.

    Args:
        name: Name it will have.
        class_text: Its class.
    """

    name: str
    class_text: str = ""


class Level(Enum):
    """How much of a card is drawn."""

    CARD = "card"
    LINE = "line"
    DOT = "dot"

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows of a card."""
        return {Level.CARD: (26, 3), Level.LINE: (22, 1), Level.DOT: (1, 1)}[self]

    @property
    def spacing(self) -> Spacing:
        """Distances between cards and wires."""
        return {
            Level.CARD: Spacing(columns=8, rows=2, margin=3, row_height=3),
            Level.LINE: Spacing(columns=3, rows=1, margin=1, row_height=1, snug=True),
            Level.DOT: Spacing(columns=1, rows=0, margin=0, row_height=1),
        }[self]

    @property
    def pitch(self) -> int:
        """Columns from one card to the next in a row."""
        return self.size[0] + self.spacing.columns


ROW_PITCH = 5
"""Rows from one card to the next below, at card level where no gap is wider; positions are stored by it."""
