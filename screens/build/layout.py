"""Lay a graph out in terminal cells: positions of cards and the wires between them, as pure functions.

The layout is layered: every card stands in a row below all cards that feed it, so the flow is always downwards. The
steps are rows and order (`layout_order`), columns (`layout_place`) and wires (`layout_route`); each is near n log n.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kerastui.screens.build.layout_order import Links, components, order_rows, rank
from kerastui.screens.build.layout_place import place
from kerastui.screens.build.layout_route import Routing, route
from kerastui.screens.build.wires import Wires


@dataclass(frozen=True, slots=True)
class Node:
    """Say how large a card is.

    Args:
        id: Identifier, unique in the graph.
        width: Cells from left to right, border included.
        height: Rows, border included.
        merge: Let the wires of several inputs meet in one arrow; otherwise each has an arrow of its own.
        ports: How many outputs it has; each has a port of its own.
    """

    id: str
    width: int
    height: int
    merge: bool = True
    ports: int = 1


@dataclass(frozen=True, slots=True)
class Edge:
    """Connect the output of one card to an input of another.

    Args:
        source: Id of the card whose output is taken.
        target: Id of the card it enters.
        slot: Which input of the target it is, from 0; inputs are drawn from left to right.
        port: Which output of the source it takes, from 0.
    """

    source: str
    target: str
    slot: int = 0
    port: int = 0


@dataclass(frozen=True, slots=True)
class Spacing:
    """Set the distances of a layout, in cells.

    Args:
        columns: Between neighbouring cards in a row.
        rows: Least rows between two rows of cards; 0 draws no wires.
        margin: Between a wire that passes a card and that card.
        row_height: Height of a row without any card.
        snug: Leave out the row of arrows where all wires of a gap run straight down.
    """

    columns: int = 8
    rows: int = 2
    margin: int = 3
    row_height: int = 3
    snug: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """Hold the cells a card covers.

    Args:
        x: Leftmost column.
        y: Topmost row.
        width: Columns.
        height: Rows.
    """

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """First column right of the card."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """First row below the card."""
        return self.y + self.height

    @property
    def port(self) -> int:
        """Column of the output port, in the middle of the bottom border."""
        return self.x + self.width // 2

    def contains(self, x: int, y: int) -> bool:
        """Tell whether a cell belongs to the card."""
        return self.x <= x < self.right and self.y <= y < self.bottom


@dataclass(frozen=True, slots=True)
class Layout:
    """Hold a finished layout; the top left corner is cell (0, 0).

    Args:
        boxes: Cells of each card, by id, in the order of the nodes.
        rows: Row of cards each card stands in, from 0, by id.
        row_tops: First cell row of each row of cards.
        width: Columns in use.
        height: Rows in use.
        origin: Column that was shifted to 0; a card at column x is pinned as `x + origin`.
        wires: The drawn wires.
    """

    boxes: Mapping[str, Box] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    row_tops: Sequence[int] = ()
    width: int = 0
    height: int = 0
    origin: int = 0
    wires: Wires = field(default_factory=Wires)


def lay_out(
    nodes: Sequence[Node],
    edges: Sequence[Edge],
    pinned: Mapping[str, tuple[int, int]] | None = None,
    spacing: Spacing | None = None,
) -> Layout:
    """Place cards and wires so that no card overlaps another and no wire crosses a card.

    A card that was moved by hand keeps its column and its row as far as the flow allows: a card never stands above
    one that feeds it, and cards in one row move apart.

    Args:
        nodes: Cards, in the order they should appear from left to right where nothing else decides.
        edges: Wires; those that mention an unknown card are left out. There must be no cycle.
        pinned: Column and row of cards that were moved by hand, by id: the column as in `Layout.origin`, the row as in
            `Layout.rows`.
        spacing: Distances; the ones of full cards where omitted.

    Raises:
        ValueError: The edges form a cycle.
    """
    spacing = spacing or Spacing()
    links = Links.of([node.id for node in nodes], [(edge.source, edge.target, edge.slot) for edge in edges])
    places = {links.index[key]: at for key, at in (pinned or {}).items() if key in links.index}
    rows = rank(links, {node: row for node, (_, row) in places.items()})
    parts = components(links)
    orders = [order_rows(links, part, rows) for part in parts]
    widths = [node.width for node in nodes]
    lefts = place(links, rows, orders, widths, spacing.columns, {node: x for node, (x, _) in places.items()})
    heights = _row_heights(nodes, rows, spacing.row_height)
    index = links.index
    known = [edge for edge in edges if edge.port and edge.source in index and edge.target in index]
    ports = {(index[edge.source], index[edge.target], edge.slot): edge.port for edge in known}
    routing = route(links, rows, lefts, nodes, heights, spacing, ports)
    return _finish(nodes, rows, lefts, routing, heights)


def _row_heights(nodes: Sequence[Node], rows: Sequence[int], empty: int) -> list[int]:
    heights = [0] * (max(rows, default=-1) + 1)
    for node, row in zip(nodes, rows, strict=True):
        heights[row] = max(heights[row], node.height)
    return [height or empty for height in heights]


def _finish(
    nodes: Sequence[Node], rows: Sequence[int], lefts: Sequence[int], routing: Routing, heights: Sequence[int]
) -> Layout:
    boxes = {
        node.id: Box(x - routing.left, routing.tops[row], node.width, node.height)
        for node, row, x in zip(nodes, rows, lefts, strict=True)
    }
    right = max((box.right for box in boxes.values()), default=0)
    return Layout(
        boxes=boxes,
        rows={node.id: row for node, row in zip(nodes, rows, strict=True)},
        row_tops=tuple(routing.tops),
        width=max(right, routing.wires.right + 1),
        height=routing.tops[-1] + heights[-1] if heights else 0,
        origin=routing.left,
        wires=routing.wires,
    )
