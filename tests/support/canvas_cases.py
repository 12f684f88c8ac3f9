"""Graphs for tests of the canvas, an app around it, and its picture as text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from textual.app import App, ComposeResult
from textual.geometry import Offset
from textual.message import Message
from textual.pilot import Pilot

from kerastui import themes
from kerastui.screens.build.canvas import GraphCanvas
from kerastui.screens.build.canvas_view import CardView, EdgeView, GraphView
from kerastui.screens.build.layout import Edge, Layout, Node, Spacing, lay_out
from kerastui.screens.build.wires import LEVEL, glyph

SIZE = (68, 36)
"""Columns and rows of a terminal that shows all of `two_view` at card level."""


def edges_of(text: str) -> list[Edge]:
    """Read edges written as `a>b`, with slots counted by target."""
    slots: dict[str, int] = {}
    edges = []
    for pair in text.split():
        source, target = pair.split(">")
        edges.append(Edge(source, target, slots.setdefault(target, 0)))
        slots[target] += 1
    return edges


def laid_out(
    nodes: str,
    edges: str = "",
    *,
    width: int = 5,
    height: int = 1,
    apart: Iterable[str] = (),
    pinned: dict[str, tuple[int, int]] | None = None,
    spacing: Spacing | None = None,
) -> Layout:
    """Lay out a small graph; `apart` are the nodes whose inputs have an arrow each."""
    cards = [Node(key, width, height, merge=key not in set(apart)) for key in nodes.split()]
    return lay_out(cards, edges_of(edges), pinned, spacing or Spacing(columns=3, margin=1))


def drawing(layout: Layout) -> str:
    """Draw a layout: cards as `#` with their id, wires, arrows."""
    rows = []
    for y in range(layout.height):
        sides = layout.wires.cells(y, 0, layout.width)
        row = [glyph(sides.get(x, 0)) for x in range(layout.width)]
        for x in layout.wires.arrows.get(y, {}):
            if not sides.get(x, 0) & LEVEL:
                row[x] = "▼"
        for key, box in layout.boxes.items():
            if box.y <= y < box.bottom:
                row[box.x : box.right] = list((key if y == box.y else "").ljust(box.width, "#"))
        rows.append("".join(row).rstrip())
    return "\n".join(rows)


def two_view() -> GraphView:
    """Return the graph of the design's pictures: shared and nested layers, a skip, an error."""
    cards = (
        CardView("pixels", "pixels", "◇", "Input", "(∅, 64)", "float32", role="input"),
        CardView("strokes", "strokes", "◇", "Input", "(∅, 64)", "float32", role="input"),
        CardView("project", "project", "≡1", "Dense 32", "(∅, 32)", "2,080", shared="project"),
        CardView("project_1", "project", "≡2", "Dense 32", "(∅, 32)", "shared", shared="project"),
        CardView("views", "views", "", "Concatenate", "(∅, 64)", "0"),
        CardView("encoder", "encoder", "▸", "Model · 3", "(∅, 48)", "7,280", nested=True),
        CardView(
            *("add", "add", "✗", "Add", "(∅, 48) + (∅, 64)"),
            brief="48 + 64",
            state="error",
            merge=False,
            repair="units 48 → 64",
            repair_brief="→ 64",
        ),
        CardView("digit", "digit", "◆", "Dense 10", "(∅, ?)", "waits", role="output", state="waits"),
    )
    edges = (
        EdgeView("pixels", "project"),
        EdgeView("strokes", "project_1"),
        EdgeView("project", "views", 0),
        EdgeView("project_1", "views", 1),
        EdgeView("views", "encoder"),
        EdgeView("encoder", "add", 0, broken=True, label="(∅, 48)"),
        EdgeView("views", "add", 1, broken=True, label="(∅, 64)"),
        EdgeView("add", "digit"),
    )
    return GraphView(cards, edges)


def chain(count: int) -> GraphView:
    """Return a chain of cards `0`, `1`, … with a skip over every fifth."""
    cards = tuple(CardView(str(n), f"dense_{n}", "", "Dense 32", "(∅, 32)", "1,056") for n in range(count))
    edges = [EdgeView(str(n - 1), str(n)) for n in range(1, count)]
    edges += [EdgeView(str(n - 4), str(n), 1) for n in range(5, count, 5)]
    return GraphView(cards, tuple(edges))


Posted = TypeVar("Posted", bound=Message)


class CanvasApp(App[None]):
    """A canvas alone on the screen, and what it posted."""

    def __init__(self, view: GraphView) -> None:
        super().__init__()
        themes.install(self)
        self.view = view
        self.canvas = GraphCanvas()
        self.posted: list[Message] = []

    def compose(self) -> ComposeResult:
        """Show the canvas."""
        yield self.canvas

    def on_mount(self) -> None:
        """Fill the canvas and focus it."""
        self.canvas.show(self.view)
        self.canvas.focus()

    def remember(self, message: Message) -> None:
        """Keep a message, for `run_test(message_hook=…)`."""
        ours = type(message).__qualname__.startswith(("GraphCanvas.", "KeyCanvas.", "CanvasPane."))
        if ours and not any(
            message is known for known in self.posted
        ):  # the hook sees it once for each widget it visits
            self.posted.append(message)

    def of(self, kind: type[Posted]) -> list[Posted]:
        """Return the messages of one kind, in order."""
        return [message for message in self.posted if isinstance(message, kind)]


def picture(canvas: GraphCanvas) -> str:
    """Return what the canvas draws, line by line."""
    lines = [canvas.render_line(y).text.rstrip() for y in range(canvas.size.height)]
    return "\n".join(lines).strip("\n")


def place(app: CanvasApp, card: str, dx: int = 3, dy: int = 1) -> Offset:
    """Return the place of a cell of a card within the widget, border included, as the mouse sees it."""
    box = app.canvas.scene.box(card)
    return app.canvas.to_screen((box.x + dx, box.y + dy)) + Offset(1, 1)


async def drag(pilot: Pilot[None], start: Offset, end: Offset, button: int = 1, shift: bool = False) -> None:
    """Press at one place, move over two steps, release at another."""
    await pilot.mouse_down(GraphCanvas, offset=start, button=button, shift=shift)
    await pilot.hover(GraphCanvas, offset=Offset((start.x + end.x) // 2, (start.y + end.y) // 2))
    await pilot.hover(GraphCanvas, offset=end)
    await pilot.mouse_up(GraphCanvas, offset=end)
    await pilot.pause()
