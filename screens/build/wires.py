"""Wires as cells: straight runs, found by row, joined into glyphs where they meet."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

NORTH, EAST, SOUTH, WEST = 1, 2, 4, 8
"""Sides by which a wire leaves a cell; the sides of a cell are their sum."""

UPRIGHT = NORTH | SOUTH
"""Sides of a run from top to bottom."""

LEVEL = EAST | WEST
"""Sides of a run from left to right."""

GLYPHS = " │─╰││╭├─╯─┴╮┤┬┼"
"""Glyph of a cell by the sum of its sides."""

BUCKET = 16
"""Rows in one bucket of the index of vertical runs: a pane looks into three or four of them."""

Key = tuple[str, str, int]
"""Name of a wire: id of the source, id of the target, slot."""

Point = tuple[int, int]
"""Column and row of a cell."""


@dataclass(frozen=True, slots=True, order=True)
class Down:
    """Hold a vertical run.

    Args:
        x: Column.
        top: First row.
        bottom: Last row.
        net: Number that runs joined to each other have in common, within the gap they lie in.
    """

    x: int
    top: int
    bottom: int
    net: int


@dataclass(frozen=True, slots=True, order=True)
class Across:
    """Hold a horizontal run.

    Args:
        left: First column.
        right: Last column.
        net: As in `Down`.
    """

    left: int
    right: int
    net: int


@dataclass(slots=True)
class Wires:
    """Hold all wires of a layout, so that a row finds what crosses it without looking at the rest.

    Args:
        across: Horizontal runs, by row.
        down: Vertical runs sorted by column, by `row // BUCKET`.
        arrows: Columns of arrows by row, each with the id of the card it enters.
        paths: Corners of each wire from its port to the cell above its target.
        right: Rightmost column in use, -1 where there is none.
    """

    across: dict[int, list[Across]] = field(default_factory=lambda: defaultdict(list))
    down: dict[int, list[Down]] = field(default_factory=lambda: defaultdict(list))
    arrows: dict[int, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    paths: dict[Key, tuple[Point, ...]] = field(default_factory=dict)
    right: int = -1

    def add_across(self, y: int, left: int, right: int, net: int) -> None:
        """Add a horizontal run from column `left` to column `right` in row `y`."""
        self.across[y].append(Across(left, right, net))
        self.right = max(self.right, right)

    def add_down(self, x: int, top: int, bottom: int, net: int) -> None:
        """Add a vertical run from row `top` to row `bottom` in column `x`."""
        for bucket in range(top // BUCKET, bottom // BUCKET + 1):
            self.down[bucket].append(Down(x, top, bottom, net))
        self.right = max(self.right, x)

    def sort(self) -> None:
        """Sort the index; call it once, when all runs are in."""
        for runs in self.down.values():
            runs.sort()

    def crossing(self, y: int, left: int, right: int) -> Iterator[Down]:
        """Yield the vertical runs in row `y` whose column is at least `left` and below `right`."""
        runs = self.down.get(y // BUCKET, ())
        for at in range(bisect_left(runs, left, key=lambda run: run.x), len(runs)):
            run = runs[at]
            if run.x >= right:
                break
            if run.top <= y <= run.bottom:
                yield run

    def cells(self, y: int, left: int, right: int) -> dict[int, int]:
        """Return the sides of the wire cells of row `y`, by column, from `left` to below `right`.

        Where wires cross without being joined the horizontal one passes and the vertical one is cut.
        """
        sides: dict[int, int] = {}
        nets: dict[int, int] = {}
        for run in self.across.get(y, ()):
            for x in range(max(run.left, left), min(run.right + 1, right)):
                sides[x] = (WEST if x > run.left else 0) | (EAST if x < run.right else 0)
                nets[x] = run.net
        for wire in self.crossing(y, left, right):
            if nets.get(wire.x, wire.net) == wire.net:
                ends = (NORTH if y > wire.top else 0) | (SOUTH if y < wire.bottom else 0)
                sides[wire.x] = sides.get(wire.x, 0) | ends
        return sides

    def along(self, key: Key, y: int, left: int, right: int, sides: Mapping[int, int]) -> Iterator[int]:
        """Yield the columns of row `y` that show the wire `key`.

        Args:
            key: The wire.
            y: Row.
            left: First column to look at.
            right: First column not to look at.
            sides: The row's `cells`; where another wire passes over this one, the cell is not this wire's.
        """
        for (x0, y0), (x1, y1) in pairwise(self.paths.get(key, ())):
            if y0 == y1 == y:
                yield from range(max(min(x0, x1), left), min(max(x0, x1) + 1, right))
            elif x0 == x1 and y0 <= y <= y1 and left <= x0 < right and sides.get(x0, UPRIGHT) & UPRIGHT:
                yield x0


def port_columns(width: int, count: int) -> list[int]:
    """Return the columns of a card's outputs from its left border, spread evenly.

    Args:
        width: Columns of the card.
        count: How many outputs it has.
    """
    return [width * (port + 1) // (count + 1) for port in range(count)]


def glyph(sides: int) -> str:
    """Return the character of a wire cell from the sum of its sides."""
    return GLYPHS[sides]


def path_cells(points: Sequence[Point]) -> dict[Point, int]:
    """Return the sides of every cell of one path, by cell.

    Args:
        points: Corners in order; consecutive ones share a column or a row.
    """
    cells: dict[Point, int] = defaultdict(int)
    for (x0, y0), (x1, y1) in pairwise(points):
        step_x, step_y = (x1 > x0) - (x1 < x0), (y1 > y0) - (y1 < y0)
        onwards = {(1, 0): EAST, (-1, 0): WEST, (0, 1): SOUTH, (0, -1): NORTH}.get((step_x, step_y), 0)
        back = {EAST: WEST, WEST: EAST, NORTH: SOUTH, SOUTH: NORTH, 0: 0}[onwards]
        x, y = x0, y0
        while (x, y) != (x1, y1):
            cells[x, y] |= onwards
            x, y = x + step_x, y + step_y
            cells[x, y] |= back
    return dict(cells)
