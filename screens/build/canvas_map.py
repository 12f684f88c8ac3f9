"""The map: the whole graph as dots in a free corner of the pane."""

from __future__ import annotations

from dataclasses import dataclass

from textual.geometry import Offset, Region, Size

from kerastui.screens.build.canvas_paint import GROUND, Paint
from kerastui.screens.build.canvas_scene import Scene
from kerastui.screens.build.canvas_view import Level
from kerastui.screens.build.cards import Look, draw
from kerastui.screens.build.layout import Box
from kerastui.screens.build.wires import Point

RANK = ("detail", "input", "shared", "warning", "error")
"""Roles of dots; where several fall on one cell of the map the last one shows."""

MARGIN = 2
"""Columns between the map and the border."""


@dataclass(frozen=True, slots=True)
class Map:
    """Hold the dots of a map.

    Args:
        dots: Character and role by row and column.
        size: Columns and rows, the heading included.
        places: Column and row of each card's dot.
    """

    dots: dict[int, dict[int, tuple[str, str]]]
    size: Size
    places: dict[str, Point]

    def texts(self, row: int, cursor: str | None) -> list[tuple[str, Paint]]:
        """Return a row of the map, as wide as the map, with the card under the cursor in its colour."""
        if row == 0:
            return [("map".ljust(self.size.width), ("detail", GROUND))]
        cells = [self.dots.get(row - 1, {}).get(x, (" ", GROUND)) for x in range(self.size.width)]
        at = self.places.get(cursor or "")
        if at is not None and at[1] == row - 1:
            cells[at[0]] = cells[at[0]][0], "card-selected"
        return [(text, (role, GROUND)) for text, role in cells]

    def nearest(self, x: int, row: int) -> str:
        """Return the card whose dot is nearest to a cell of the map; row 0 is the heading."""
        return min(self.places, key=lambda key: abs(self.places[key][0] - x) + abs(self.places[key][1] + 1 - row))


def draw_map(dots: Scene, pane: Size) -> Map:
    """Draw the map of a graph, at most a quarter of the pane wide and half of it high.

    Args:
        dots: The graph laid out at dot level.
        pane: Size of the pane.
    """
    across = -(-dots.layout.width // max(pane.width // 4, 1))
    down = -(-dots.layout.height // max(pane.height // 2 - 1, 1))
    cells: dict[int, dict[int, tuple[str, str]]] = {}
    places = {key: (box.x // across, box.y // down) for key, box in dots.layout.boxes.items()}
    for key, (x, y) in places.items():
        ((text, role),) = draw(dots.cards[key], Look(), Level.DOT)[0]
        line = cells.setdefault(y, {})
        if x not in line or RANK.index(role) > RANK.index(line[x][1]):
            line[x] = text, role
    width = max(-(-dots.layout.width // across), 3)
    return Map(cells, Size(width, -(-dots.layout.height // down) + 1), places)


def free_corner(scene: Scene, size: Size, pane: Size, origin: Offset) -> Region | None:
    """Return where in the pane a map lies without covering anything, `None` if there is no such corner.

    Args:
        scene: What the pane shows.
        size: Size of the map.
        pane: Size of the pane.
        origin: Cell of the layout at the top left of the pane.
    """
    right, bottom = pane.width - size.width - MARGIN, pane.height - size.height - 1
    for x, y in ((MARGIN, bottom), (right, bottom), (right, 1), (MARGIN, 1)):
        box = Box(origin.x + x - 1, origin.y + y, size.width + 2, size.height)
        rows = range(box.y, box.bottom)
        clear = scene.free(box) and not any(scene.layout.wires.cells(row, box.x, box.right) for row in rows)
        if clear and x > 0 and y > 0:
            return Region(x, y, *size)
    return None
