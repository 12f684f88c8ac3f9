"""Time the graph canvas at 50 and 1,000 cards, beside netext where it is installed.

Run it with `uv run python benchmarks/canvas.py`; with netext: `uv run --with netext python benchmarks/canvas.py`.
Figures are milliseconds, the median of a few runs in one process; a frame is every line of a pane of 120×40 painted
anew.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

from textual.app import App, ComposeResult
from textual.widget import Widget

from kerastui import themes
from kerastui.screens.build.canvas import GraphCanvas
from kerastui.screens.build.canvas_scene import Scene
from kerastui.screens.build.canvas_view import CardView, EdgeView, GraphView, Level

SIZES = (50, 1000)
PANE = (120, 40)
ROWS = ("lay out", "first frame", "frame while panning", "select a card", "new text on a card", "new wire")


def graph(count: int) -> GraphView:
    """Return a chain of cards with a skip over every fifth, as in a residual network."""
    cards = tuple(CardView(str(n), f"dense_{n}", "", "Dense 32", "(∅, 32)", "1,056") for n in range(count))
    edges = [EdgeView(str(n - 1), str(n)) for n in range(1, count)]
    edges += [EdgeView(str(n - 4), str(n), 1) for n in range(5, count, 5)]
    return GraphView(cards, tuple(edges))


class Bare(App[None]):
    """One widget on the screen."""

    def __init__(self, make: Callable[[], Widget]) -> None:
        super().__init__()
        themes.install(self)
        self._make = make

    def compose(self) -> ComposeResult:
        """Make the widget inside the running app, as netext wants it."""
        yield self._make()


def milliseconds(action: Callable[[], object], times: int = 5) -> float:
    """Return the median time of an action."""
    taken = []
    for _ in range(times):
        start = perf_counter()
        action()
        taken.append((perf_counter() - start) * 1000)
    return median(taken)


def frame(widget: Any) -> Callable[[], object]:
    """Return what paints every line of a widget."""
    return lambda: [widget.render_line(y) for y in range(widget.size.height)]


async def time_own(count: int) -> dict[str, float]:
    """Time our own canvas."""
    view = graph(count)
    found = {"lay out": milliseconds(lambda: Scene(view, Level.CARD), 3)}
    start = perf_counter()
    app = Bare(GraphCanvas)
    async with app.run_test(size=PANE) as pilot:
        canvas = app.query_one(GraphCanvas)
        canvas.zoom(Level.CARD)
        canvas.show(view)
        await pilot.pause()
        frame(canvas)()
        found["first frame"] = (perf_counter() - start) * 1000
        ys = iter(range(1, 10_000))

        def pan() -> None:
            canvas.scroll_to(0, next(ys), animate=False, immediate=True)
            canvas.notify_style_update()  # forgets all painted rows: the worst case
            frame(canvas)()

        found["frame while panning"] = milliseconds(pan, 30)
        keys = iter(range(10, 10_000))

        def select() -> None:
            canvas.select(str(next(keys)))
            frame(canvas)()

        found["select a card"] = milliseconds(select, 20)

        def change(text: str) -> None:
            cards = (*view.cards[:20], CardView("20", text), *view.cards[21:])
            canvas.show(GraphView(cards, view.edges))
            frame(canvas)()

        found["new text on a card"] = milliseconds(lambda: change(str(next(keys))))

        def connect() -> None:
            edge = EdgeView("2", str(next(keys)), 3)
            canvas.show(GraphView(view.cards, (*view.edges, edge)))
            frame(canvas)()

        found["new wire"] = milliseconds(connect, 3)
    return found


async def time_netext(count: int) -> dict[str, float]:
    """Time netext's widget on the same graph; it lays out and paints all of it at every change."""
    view_of = importlib.import_module("netext.textual_widget.widget").GraphView
    netext = importlib.import_module("netext")
    view = graph(count)
    nodes = {card.id: {"$label": card.name} for card in view.cards}
    orthogonal = netext.EdgeRoutingMode.ORTHOGONAL
    edges = [(edge.source, edge.target, {"$edge-routing-mode": orthogonal}) for edge in view.edges]
    found: dict[str, float] = {}
    start = perf_counter()
    app = Bare(lambda: view_of(nodes, edges))
    async with app.run_test(size=PANE) as pilot:
        await pilot.pause()
        canvas: Any = app.query_one(view_of)
        frame(canvas)()
        found["first frame"] = (perf_counter() - start) * 1000
        ys = iter(range(1, 10_000))

        def pan() -> None:
            canvas.scroll_to(0, next(ys), animate=False, immediate=True)
            frame(canvas)()

        found["frame while panning"] = milliseconds(pan, 30)
        found["new text on a card"] = milliseconds(lambda: canvas.update_node("20", data={"$label": "changed"}), 3)
        found["select a card"] = found["new text on a card"]
        found["new wire"] = milliseconds(lambda: canvas.add_edge("2", "30"), 1)
    return found


def table(own: dict[int, dict[str, float]], other: dict[int, dict[str, float]]) -> str:
    """Return the figures as a table, with ratios between the sizes and to netext."""
    small, large = SIZES
    lines = [f"{'ms':22}{small:>9}{large:>9}{f'{large}/{small}':>9}{'netext':>9}{'netext':>9}{'ratio':>9}"]
    for row in ROWS:
        mine = [own[size][row] for size in SIZES]
        theirs = [other.get(size, {}).get(row) for size in SIZES]
        cells = [f"{value:9.1f}" for value in mine] + [f"{mine[1] / mine[0]:8.1f}×"]
        cells += [f"{value:9.1f}" if value is not None else f"{'–':>9}" for value in theirs]
        cells.append(f"{theirs[1] / mine[1]:8.1f}×" if theirs[1] is not None else f"{'–':>9}")
        lines.append(f"{row:22}{''.join(cells)}")
    return "\n".join(lines)


def main() -> int:
    """Print the table."""
    own = {size: asyncio.run(time_own(size)) for size in SIZES}
    there = importlib.util.find_spec("netext") is not None
    other = {size: asyncio.run(time_netext(size)) for size in SIZES} if there else {}
    print(table(own, other))
    return 0


if __name__ == "__main__":
    sys.exit(main())
