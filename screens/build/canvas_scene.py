"""A graph laid out at one level, with the questions the canvas asks of it: what is where, what comes next."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import Literal

from rich.cells import cell_len

from kerastui.screens.build.canvas_view import ROW_PITCH, CardView, EdgeView, GraphView, Level
from kerastui.screens.build.layout import Box, Edge, Layout, Node, lay_out
from kerastui.screens.build.wires import Key, Point, port_columns

Direction = Literal["up", "down", "left", "right"]

TAG_GAP = 2
"""Columns between a card in error and the repair beside it."""

UNFOLDED_AT = (2, 2)
"""Columns at the left, and rows above, that a card leaves to its border and text before the graph unfolded in it."""


class Scene:
    """Hold a view laid out at one level.

    A new view of the same graph with other texts keeps the layout; see `with_view`.

    Args:
        view: What is drawn.
        level: How much of each card is drawn.
        before: A scene from before; its layout is taken over if the graph is the same, and so within cards.
    """

    def __init__(self, view: GraphView, level: Level, before: Scene | None = None) -> None:
        self.view = view
        self.level = level
        self.cards: dict[str, CardView] = {card.id: card for card in view.cards}
        self.inside: dict[str, Scene] = {
            key: Scene(each, level, before.inside.get(key) if before else None)
            for key, each in view.inside.items()
            if key in self.cards and level is not Level.DOT
        }
        same = before is not None and self.structure(view) == self.structure(before.view)
        self.layout: Layout = before.layout if before is not None and same else self._lay_out()
        self._lines: dict[int, list[tuple[int, str]]] = defaultdict(list)
        self._widest: dict[int, int] = defaultdict(int)
        for key, row in self.layout.rows.items():
            box = self.layout.boxes[key]
            self._lines[row].append((box.x, key))
            self._widest[row] = max(self._widest[row], box.width)
        for line in self._lines.values():
            line.sort()

    def _lay_out(self) -> Layout:
        return lay_out(
            [Node(card.id, *self._size(card.id), card.merge, max(len(card.ports), 1)) for card in self.view.cards],
            [Edge(*edge.key, edge.port) for edge in self.view.edges],
            {key: self._from_stored(key, x, y // ROW_PITCH) for key, (x, y) in self.view.pinned.items()},
            self.level.spacing,
        )

    def _size(self, key: str) -> tuple[int, int]:
        """Return the columns and rows of a card."""
        inner = self.inside.get(key)
        if inner is None:
            return self.level.size
        left, above = UNFOLDED_AT
        return max(inner.layout.width + 2 * left, Level.CARD.size[0]), inner.height + above + 1

    def _from_stored(self, card: str, x: int, row: int) -> Point:
        """Return column and row of a card moved by hand; right of unfolded cards it stays as far from their borders."""
        column = round(x * self.level.pitch / Level.CARD.pitch)
        before = (key for key, at in self._folded.items() if key != card and at[1] == row and at[0] < column)
        return column + sum(self._wider(key) for key in before), row

    @cached_property
    def _folded(self) -> dict[str, Point]:
        """Column and row of the unfolded cards while they are folded."""
        if not self.inside:
            return {}
        layout = Scene(replace(self.view, inside={}), self.level).layout
        return {key: (layout.boxes[key].x + layout.origin, layout.rows[key]) for key in self.inside}

    def _wider(self, key: str) -> int:
        """Return by how much an unfolded card is wider than a folded one."""
        return self._size(key)[0] - self.level.size[0]

    @staticmethod
    def structure(view: GraphView) -> object:
        """Return what of a view decides the layout; views with equal structures share one."""
        return (
            [(card.id, card.merge, len(card.ports)) for card in view.cards],
            [(edge.key, edge.port) for edge in view.edges],
            dict(view.pinned),
            {key: Scene.structure(each) for key, each in view.inside.items()},
        )

    def with_view(self, view: GraphView) -> Scene:
        """Return the scene of another view, with this one's layout if the graph is the same."""
        return Scene(view, self.level, self)

    @property
    def height(self) -> int:
        """Rows in use."""
        return self.layout.height

    @cached_property
    def width(self) -> int:
        """Columns in use, repairs beside cards included."""
        tags = (
            self.box(card.id).right + TAG_GAP + 4 + cell_len(self.repair(card))
            for card in self.view.cards
            if card.repair
        )
        return max(self.layout.width, *tags, 0)

    def box(self, key: str) -> Box:
        """Return the cells of a card."""
        return self.layout.boxes[key]

    def repair(self, card: CardView) -> str:
        """Return the words of a card's repair at this level."""
        return card.repair if self.level is Level.CARD else card.repair_brief or card.repair

    @cached_property
    def sources(self) -> dict[str, list[str]]:
        """For each card the cards that feed it, in the order of slots."""
        found: dict[str, list[str]] = {key: [] for key in self.cards}
        for edge in sorted(self.edges, key=lambda edge: edge.slot):
            found[edge.target].append(edge.source)
        return found

    @cached_property
    def targets(self) -> dict[str, list[str]]:
        """For each card the cards it feeds."""
        found: dict[str, list[str]] = {key: [] for key in self.cards}
        for edge in self.edges:
            found[edge.source].append(edge.target)
        return found

    @cached_property
    def edges(self) -> list[EdgeView]:
        """Wires between cards that exist."""
        return [edge for edge in self.view.edges if edge.source in self.cards and edge.target in self.cards]

    @cached_property
    def edges_at(self) -> dict[str, list[EdgeView]]:
        """For each card the wires that enter or leave it."""
        found: dict[str, list[EdgeView]] = defaultdict(list)
        for edge in self.edges:
            found[edge.source].append(edge)
            found[edge.target].append(edge)
        return found

    @cached_property
    def broken(self) -> list[tuple[EdgeView, str]]:
        """Wires in the colour of an error, then those that share a run with them and take their colour back."""
        broken = [edge for edge in self.edges if edge.broken]
        sources = {edge.source for edge in broken}
        healthy = (edge for source in sorted(sources) for edge in self.edges_at[source] if edge.source == source)
        return [(edge, "wire-error") for edge in broken] + [(edge, "wire") for edge in healthy if not edge.broken]

    def spans(self, edge: EdgeView, y: int) -> bool:
        """Tell whether a wire reaches cell row `y`."""
        path = self.layout.wires.paths.get(edge.key)
        return path is not None and path[0][1] <= y <= path[-1][1]

    def row_at(self, y: int) -> int:
        """Return the row of cards whose band, the gap below it included, holds cell row `y`; clamped to the rows."""
        return min(max(bisect_right(self.layout.row_tops, y) - 1, 0), max(len(self._lines) - 1, 0))

    def cards_across(self, y: int, left: int, right: int) -> Iterator[tuple[CardView, Box]]:
        """Yield the cards that cell row `y` crosses between column `left` and below column `right`."""
        row = max(bisect_right(self.layout.row_tops, y) - 1, 0)
        line = self._lines.get(row, [])
        for at in range(bisect_left(line, (left - self._widest[row] + 1, "")), len(line)):
            x, key = line[at]
            if x >= right:
                return
            box = self.layout.boxes[key]
            if box.y <= y < box.bottom:
                yield self.cards[key], box

    def card_at(self, x: int, y: int) -> str | None:
        """Return the card that covers a cell, `None` where there is none."""
        return next((card.id for card, _ in self.cards_across(y, x, x + 1)), None)

    def cards_at(self, x: int, y: int) -> list[str]:
        """Return the card that covers a cell, and those unfolded in it that do so, the outermost first."""
        key = self.card_at(x, y)
        if key is None:
            return []
        inner = self.inside.get(key)
        return [key, *(inner.cards_at(*self.within_card(key, x, y)) if inner else [])]

    def within_card(self, key: str, x: int, y: int) -> Point:
        """Return a cell as the graph that is unfolded in a card counts it."""
        box, (left, above) = self.box(key), UNFOLDED_AT
        return x - box.x - left, y - box.y - above

    def is_fold(self, x: int, y: int) -> bool:
        """Tell whether a cell shows the mark of a model, by which it is folded and unfolded."""
        key = self.card_at(x, y)
        if key is None or not self.cards[key].nested:
            return False
        line = self.level is Level.LINE and key not in self.inside
        return self.level is not Level.DOT and (x, y) == (self.box(key).x + (1 if line else 3), self.box(key).y)

    def wire_at(self, x: int, y: int) -> Key | None:
        """Return a wire that runs through a cell, `None` where there is none."""
        wires = self.layout.wires
        sides = wires.cells(y, x, x + 1)
        if x not in sides:
            return None
        return next((edge.key for edge in self.edges if x in wires.along(edge.key, y, x, x + 1, sides)), None)

    def is_port(self, x: int, y: int) -> bool:
        """Tell whether wires are drawn from a cell: the lower border of a card, at line level its right end."""
        key = self.card_at(x, y)
        if key is None or self.level is Level.DOT:
            return False
        box = self.box(key)
        below = self.level is Level.CARD or key in self.inside
        return y == box.bottom - 1 if below else x == box.right - 1

    def port_columns(self, key: str) -> list[int]:
        """Return the columns of a card's outputs, from left to right."""
        box, count = self.box(key), max(len(self.cards[key].ports), 1)
        return [box.x + column for column in port_columns(box.width, count)]

    def port_at(self, key: str, x: int) -> str | None:
        """Return the name of the output of a card that is nearest to a column.

        It is `""` where the card has one, and `None` where one cell stands for several, as it does at line level.
        """
        names, columns = self.cards[key].ports, self.port_columns(key)
        if names and self.level is Level.LINE and key not in self.inside:
            return None
        return min(zip(columns, names, strict=True), key=lambda item: abs(item[0] - x))[1] if names else ""

    def port_name(self, edge: EdgeView) -> str:
        """Return the name of the output that a wire takes, `""` where its card has one."""
        names = self.cards[edge.source].ports
        return names[edge.port] if edge.port < len(names) else ""

    def arrow_at(self, x: int, y: int) -> Key | None:
        """Return the wire whose arrow is at a cell, `None` where there is none."""
        target = self.layout.wires.arrows.get(y, {}).get(x)
        ends = [
            edge
            for edge in self.edges_at.get(target or "", ())
            if edge.target == target and self.layout.wires.paths[edge.key][-1] == (x, y)
        ]
        return ends[0].key if len(ends) == 1 else None

    def within(self, box: Box) -> frozenset[str]:
        """Return the cards that a box touches."""
        return frozenset(
            key
            for key, at in self.layout.boxes.items()
            if at.x < box.right and box.x < at.right and at.y < box.bottom and box.y < at.bottom
        )

    def beyond(self, key: str, direction: Direction) -> str | None:
        """Return the card that the cursor reaches from another one, `None` where there is none.

        Up and down follow the wires, to the nearest card where there are several. Left and right go along the row and,
        from its end, to the nearest card on that side.
        """
        if direction in ("up", "down"):
            near = self.sources[key] if direction == "up" else self.targets[key]
            return self._nearest(key, near)
        line = [other for _, other in self._lines[self.layout.rows[key]]]
        at = line.index(key) + (1 if direction == "right" else -1)
        return line[at] if 0 <= at < len(line) else self.towards(key, direction, self.cards)

    def towards(self, key: str, direction: Direction, among: Collection[str]) -> str | None:
        """Return the nearest card on one side, wires or not; `among` are the cards to choose from."""
        box = self.box(key)
        side: Callable[[Box], bool] = {
            "up": lambda other: other.bottom <= box.y,
            "down": lambda other: other.y >= box.bottom,
            "left": lambda other: other.right <= box.x,
            "right": lambda other: other.x >= box.right,
        }[direction]
        return self._nearest(key, (other for other in self.layout.boxes if other in among and side(self.box(other))))

    def _nearest(self, key: str, others: Iterator[str] | list[str]) -> str | None:
        box = self.box(key)

        def distance(other: str) -> tuple[int, int]:
            at = self.box(other)
            return abs(at.x - box.x) + 3 * abs(at.y - box.y), at.x  # a cell is about twice as high as wide

        return min(others, key=distance, default=None)

    def legal_targets(self, source: str, wire: Key | None = None) -> frozenset[str]:
        """Return the cards that can take the output of another one: no input, and nothing that feeds it.

        Args:
            source: Id of the card.
            wire: A wire from it whose end is taken elsewhere, and so not to where it is.
        """
        above = {source}
        waiting = [source]
        for key in waiting:
            fresh = [other for other in self.sources[key] if other not in above]
            above.update(fresh)
            waiting.extend(fresh)
        above.update([wire[1]] if wire else [])
        return frozenset(key for key, card in self.cards.items() if card.role != "input" and key not in above)

    def connection(self, source: str, end: Point, port: str | None = "") -> tuple[Point, ...]:
        """Return the corners of a wire being drawn, from a port of a card to a cell."""
        box, names = self.box(source), self.cards[source].ports
        start = self.port_columns(source)[names.index(port) if port in names else 0]
        return (start, box.bottom - 1), (start, box.bottom), (end[0], box.bottom), end

    def stored(self, x: int, y: int, card: str = "") -> tuple[int, int]:
        """Return the position to store for a card at a cell, by its top left corner, as if nothing were unfolded."""
        tops = self.layout.row_tops
        row = bisect_right(tops, y + self.level.size[1] // 2) - 1 if tops else 0
        if tops and y > tops[-1] + self.level.size[1]:
            below = self.level.size[1] + self.level.spacing.rows
            row = len(tops) - 1 + (y - tops[-1] + below // 2) // below
        before = (key for key in self.inside if key != card and self.layout.rows[key] == row and self.box(key).x < x)
        folded = x + self.layout.origin - sum(map(self._wider, before))
        return round(folded * Level.CARD.pitch / self.level.pitch), max(row, 0) * ROW_PITCH

    def free(self, box: Box) -> bool:
        """Tell whether no card lies in the cells of a box."""
        rows = range(box.y, box.bottom)
        return not any(chain.from_iterable(self.cards_across(y, box.x, box.right) for y in rows))
