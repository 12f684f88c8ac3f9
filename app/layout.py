"""`kerastui layout`: how the graphs of a project lie on the canvas, in figures. TensorFlow is not loaded."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import click

from kerastui.engine.project.document import Project
from kerastui.engine.project.files import ProjectFileError, read
from kerastui.engine.project.inside import opened
from kerastui.headless import Exit, fail
from kerastui.screens.build.canvas_scene import Scene
from kerastui.screens.build.canvas_view import GraphView, Level
from kerastui.screens.build.graph_view import Facts, all_models, graph_view
from kerastui.screens.build.layout import Box, Layout
from kerastui.screens.build.wires import Key, Point

LIMIT = 1000.0
"""Milliseconds that the layout of one graph may take."""

COLUMNS = ("graph", "level", "cards", "wires", "size", "overlaps", "through", "crossings", "same", "ms")
"""Heads of the table."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Hold the figures of one graph laid out at one level.

    Args:
        graph: Id of the model inside, `""` for the project's own graph.
        level: How much of each card is drawn: `card`, `line` or `dot`.
        unfolded: Models are shown within their cards.
        cards: Cards.
        wires: Wires between them.
        width: Columns in use.
        height: Rows in use.
        overlaps: Pairs of cards with a cell in common.
        through: Wires with a cell inside a card, and those that lead upwards or are not drawn at all; 0 at the level
            `dot`, which draws no wires.
        crossings: Cells in which two wires cross that are not joined.
        same: Whether laying it out again gives the same.
        fingerprint: Digest of all places and wires; equal on every machine and in every process.
        milliseconds: Time to lay it out, the shorter of two.
    """

    graph: str
    level: str
    unfolded: bool
    cards: int
    wires: int
    width: int
    height: int
    overlaps: int
    through: int
    crossings: int
    same: bool
    fingerprint: str
    milliseconds: float

    @property
    def wrong(self) -> list[str]:
        """What is wrong with it, in words."""
        name = f"{self.graph or 'the graph'}{' unfolded' * self.unfolded} at level {self.level}"
        found = {
            f"{name}: {self.overlaps} pairs of cards overlap": self.overlaps,
            f"{name}: {self.through} wires run through a card, upwards or nowhere": self.through,
            f"{name}: laid out again it differs": not self.same,
            f"{name}: it takes {self.milliseconds:.0f} ms, more than {LIMIT:.0f}": self.milliseconds > LIMIT,
        }
        return [line for line, bad in found.items() if bad]


def layout(folder: Path, *, level: str | None = None, demand: bool = False, as_json: bool = False) -> Exit:
    """Print how the graphs of a project lie on the canvas: its own, each model inside, and its own with them unfolded.

    Args:
        folder: The project's folder.
        level: `card`, `line` or `dot`; all three when `None`.
        demand: Tell by the exit code whether cards overlap, wires run through cards, a second layout differs or the
            layout takes more than `LIMIT`.
        as_json: Print one JSON object.

    Returns:
        0; with `demand` 1 if something is wrong. 1 if the project cannot be read.
    """
    try:
        project = read(folder)
    except ProjectFileError as error:
        return fail(str(error), "", as_json)
    levels = [Level(level)] if level else list(Level)
    found = [measured(view_of(project, graph), one, graph) for graph in ("", *project.models) for one in levels]
    if project.models:
        whole = view_of(project, unfolded=all_models(project))
        found += [measured(whole, one) for one in levels if one is not Level.DOT]
    wrong = [line for one in found for line in one.wrong]
    if as_json:
        click.echo(json.dumps({"project": project.name, "layouts": [asdict(one) for one in found], "wrong": wrong}))
    else:
        click.echo("\n".join([*_table(found), *wrong]))
    return 1 if demand and wrong else 0


def view_of(project: Project, graph: str = "", unfolded: Collection[str] = ()) -> GraphView:
    """Return what the canvas draws of a project before the engine has checked it; its layout is that of later, too.

    Args:
        project: The project.
        graph: Id of a model inside, `""` for the project's own graph.
        unfolded: Places of the models that are shown within their cards.
    """
    return graph_view(Facts(opened(project, graph), None, (), model=graph), unfolded)


def measured(view: GraphView, level: Level, graph: str = "") -> Measured:
    """Lay a graph out twice and measure the result.

    Args:
        view: The graph as the canvas shows it.
        level: How much of each card is drawn.
        graph: Name of the graph in the result.
    """
    took, scenes = [], []
    for _ in range(2):
        start = perf_counter()
        scenes.append(Scene(view, level))
        took.append((perf_counter() - start) * 1000)
    scene, marks = scenes[0], [_fingerprint(scene.layout) for scene in scenes]
    cells = _cells(scene.layout.boxes)
    drawn = level.spacing.rows > 0
    return Measured(
        graph=graph,
        level=level.value,
        unfolded=bool(view.inside),
        cards=len(view.cards),
        wires=len(scene.edges),
        width=scene.layout.width,
        height=scene.layout.height,
        overlaps=_overlaps(cells),
        through=sum(not _is_clean(scene.layout, edge.key, cells) for edge in scene.edges) if drawn else 0,
        crossings=sum(1 for _ in _crossings(scene.layout)),
        same=marks[0] == marks[1],
        fingerprint=marks[0],
        milliseconds=round(min(took), 1),
    )


def _fingerprint(found: Layout) -> str:
    places = sorted((key, box.x, box.y) for key, box in found.boxes.items())
    return sha256(repr((places, sorted(found.wires.paths.items()))).encode()).hexdigest()[:12]


def _cells(boxes: Mapping[str, Box]) -> Mapping[Point, Sequence[str]]:
    """Return the cards that cover each cell."""
    found: dict[Point, list[str]] = defaultdict(list)
    for key, box in boxes.items():
        for y in range(box.y, box.bottom):
            for x in range(box.x, box.right):
                found[x, y].append(key)
    return found


def _overlaps(cells: Mapping[Point, Sequence[str]]) -> int:
    pairs = {(one, other) for keys in cells.values() for one in keys for other in keys if one < other}
    return len(pairs)


def _is_clean(found: Layout, wire: Key, cells: Mapping[Point, Sequence[str]]) -> bool:
    """Tell whether a wire leads from its source down to its target and touches no card between them."""
    path = found.wires.paths.get(wire, ())
    if not path:
        return False
    source, target = found.boxes[wire[0]], found.boxes[wire[1]]
    joined = path[0][1] == source.bottom and path[-1][1] == target.y - 1
    downwards = all(start[1] <= end[1] for start, end in pairwise(path))
    inside = source.x <= path[0][0] < source.right and target.x <= path[-1][0] < target.right
    return joined and downwards and inside and not any(cell in cells for cell in _along(path))


def _along(path: Sequence[Point]) -> Iterator[Point]:
    """Yield the cells of a wire."""
    for (x0, y0), (x1, y1) in pairwise(path):
        for x in range(min(x0, x1), max(x0, x1) + 1):
            for y in range(min(y0, y1), max(y0, y1) + 1):
                yield x, y


def _crossings(found: Layout) -> Iterator[Point]:
    """Yield the cells in which a wire passes another one."""
    for y, runs in found.wires.across.items():
        for run in runs:
            for other in found.wires.crossing(y, run.left, run.right + 1):
                if other.net != run.net and other.top < y < other.bottom:
                    yield other.x, y


def _table(found: Sequence[Measured]) -> Iterator[str]:
    rows = [
        (
            f"{one.graph or '·'}{' unfolded' * one.unfolded}",
            one.level,
            *map(str, (one.cards, one.wires)),
            f"{one.width}×{one.height}",
            *map(str, (one.overlaps, one.through, one.crossings)),
            "yes" if one.same else "no",
            f"{one.milliseconds:.0f}",
        )
        for one in found
    ]
    widths = [max(map(len, column)) for column in zip(COLUMNS, *rows, strict=True)]
    for row in [COLUMNS, *rows]:
        cells = (
            text.ljust(width) if at < 2 else text.rjust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()
