"""The graph of the Build screen outside of it: as an SVG picture and as text. No Textual."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from kerastui.screens.build.canvas_paint import Looks, paint_row
from kerastui.screens.build.canvas_scene import UNFOLDED_AT, Scene
from kerastui.screens.build.canvas_view import CardView, GraphView, Level
from kerastui.screens.build.cards import mark_role, shorten, shorten_class, shorten_name
from kerastui.screens.build.layout import Box
from kerastui.screens.widgets.glyphs import glyphs

WIDTH, HEIGHT = 9, 20
"""Pixels of a cell: 13 px of a monospaced font are some 8 px wide, which leaves a card of 26 cells some room."""

MARGIN = 16
"""Pixels around the picture."""

INSET = 2
"""Pixels between the cells of a card and its border."""

TEXT_ROWS = {False: (24, 44), True: (19, 36)}
"""Pixels from the upper border of a card to the feet of its two lines of text, folded and unfolded."""

CORNER = 6
"""Radius of corners, in pixels."""

FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"

Colours = Mapping[str, str]


def svg(view: GraphView, colours: Colours, title: str) -> str:
    """Draw a graph as an SVG picture that needs nothing from elsewhere.

    Args:
        view: What is drawn.
        colours: Colour of each role, as a theme has them: `surface`, `panel`, `text`, `muted`, `faint`, ….
        title: What the picture shows, for those who cannot see it.
    """
    scene = Scene(view, Level.CARD)
    width, height = scene.layout.width * WIDTH + 2 * MARGIN, scene.layout.height * HEIGHT + 2 * MARGIN
    size = f'width="{width}" height="{height}" viewBox="{-MARGIN} {-MARGIN} {width} {height}"'
    parts = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{escape(FONT)}" font-size="13" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect x="{-MARGIN}" y="{-MARGIN}" width="{width}" height="{height}" fill="{colours["surface"]}"/>',
        *_graph(scene, colours),
        "</svg>",
    )
    return "\n".join(parts) + "\n"


def _graph(scene: Scene, colours: Colours) -> Iterator[str]:
    """Yield all that is drawn of a graph, and of those unfolded in its cards."""
    yield from _wires(scene, colours)
    yield from _same_weights(scene, colours)
    for card in scene.view.cards:
        box, inner = scene.box(card.id), scene.inside.get(card.id)
        yield from _card(card, box, colours, unfolded=inner is not None)
        if inner is not None:
            left, above = box.x + UNFOLDED_AT[0], box.y + UNFOLDED_AT[1]
            yield f'<g transform="translate({left * WIDTH} {above * HEIGHT})">'
            yield from _graph(inner, colours)
            yield "</g>"


def plain(view: GraphView) -> str:
    """Draw a graph with characters, as the Build screen does."""
    scene = Scene(replace(view, cards=tuple(replace(card, repair="") for card in view.cards)), Level.CARD)
    rows = [paint_row(scene, Looks(), y, 0, scene.layout.width).runs() for y in range(scene.layout.height)]
    return "\n".join("".join(text for text, _ in runs).rstrip() for runs in rows) + "\n"


def _wires(scene: Scene, colours: Colours) -> Iterator[str]:
    """Yield the wires: those in error last, so that they take what they share with others."""
    for edge in sorted(scene.edges, key=lambda each: each.broken):
        path = scene.layout.wires.paths.get(edge.key)
        if path is None:
            continue
        colour = colours["error" if edge.broken else "faint"]
        top, bottom = scene.box(edge.source).bottom * HEIGHT - INSET, scene.box(edge.target).y * HEIGHT + INSET
        points = [(_middle(x), y * HEIGHT + HEIGHT / 2) for x, y in path]
        points[0], points[-1] = (points[0][0], top), (points[-1][0], bottom - 5)
        yield f'<path d="{_rounded(points)}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        x = points[-1][0]
        yield f'<path d="M{x - 4:g} {bottom - 7:g}h8l-4 7z" fill="{colour}"/>'
        if edge.label or edge.name:
            shown = colours["error" if edge.label else "muted"]
            yield _text(x + 8, bottom - 6, edge.label or edge.name, shown, "" if edge.label else _small(colours))
    yield from _crossings(scene, colours)
    yield from _ports(scene, colours)


def _ports(scene: Scene, colours: Colours) -> Iterator[str]:
    """Yield the names of outputs beside the ports that wires leave, where a card has several."""
    for card in scene.view.cards:
        used = {edge.port for edge in scene.edges_at.get(card.id, ()) if edge.source == card.id}
        columns = scene.port_columns(card.id)
        for port in sorted(used) if card.ports else ():
            x, y = _middle(columns[port]), scene.box(card.id).bottom * HEIGHT
            yield _text(x + 5, y + 8, card.ports[port] or "0", colours["muted"], _small(colours))


def _small(colours: Colours) -> str:
    """Return the looks of a text that may lie on a wire: small, with the ground around it."""
    return f' font-size="10" paint-order="stroke" stroke="{colours["surface"]}" stroke-width="4"'


def _crossings(scene: Scene, colours: Colours) -> Iterator[str]:
    """Yield a bridge wherever two wires cross that are not joined: the one from left to right passes over."""
    wires = scene.layout.wires
    for row, runs in wires.across.items():
        for run in runs:
            for down in wires.crossing(row, run.left + 1, run.right):
                if down.net != run.net and down.top < row < down.bottom:
                    x, y = _middle(down.x), row * HEIGHT + HEIGHT / 2
                    yield f'<path d="M{x:g} {y - 5:g}v10" stroke="{colours["surface"]}" stroke-width="4"/>'
                    yield f'<path d="M{x - 4:g} {y:g}h8" stroke="{colours["faint"]}" stroke-width="1.5"/>'


def _same_weights(scene: Scene, colours: Colours) -> Iterator[str]:
    """Yield a dashed line between neighbouring calls of one layer."""
    cards = sorted((card for card in scene.cards.values() if card.shared), key=lambda card: scene.box(card.id).x)
    for left, right in pairwise(sorted(cards, key=lambda card: scene.layout.rows[card.id])):
        one, other = scene.box(left.id), scene.box(right.id)
        near = one.y == other.y and other.x - one.right <= 2 * Level.CARD.spacing.columns
        if left.shared == right.shared and near:
            start, end, y = one.right * WIDTH - INSET, other.x * WIDTH + INSET, (one.y + 1.5) * HEIGHT
            line = f'M{start:g} {y:g}H{end:g}" stroke="{colours["accent"]}" stroke-dasharray="3 4"'
            yield f'<path d="{line} stroke-width="1.5"/>'


def _card(card: CardView, box: Box, colours: Colours, unfolded: bool) -> Iterator[str]:
    """Yield a card: border, name and class above, shape and size below."""
    left, top = box.x * WIDTH + INSET, box.y * HEIGHT + INSET
    width, height = box.width * WIDTH - 2 * INSET, box.height * HEIGHT - 2 * INSET
    error = card.state == "error"
    edge = colours["error" if error else "accent" if card.shared else "muted" if card.nested else "border"]
    dashed = ' stroke-dasharray="5 4"' if error else ""
    ground = colours["error-ground" if error else "panel"]
    looks = f'stroke="{edge}" stroke-width="1.5"{dashed}'
    yield f'<rect x="{left}" y="{top}" width="{width}" height="{height}" rx="{CORNER}" fill="{ground}" {looks}/>'
    if unfolded:
        line = (box.y + UNFOLDED_AT[1]) * HEIGHT
        below = f'x="{left + 4}" y="{line}" width="{width - 8}" height="{top + height - line - 4}"'
        yield f'<rect {below} rx="{CORNER - 3}" fill="{colours["surface"]}"/>'
    if card.nested:
        inner = f'x="{left + 4}" y="{top + 4}" width="{width - 8}" height="{height - 8}" rx="{CORNER - 3}"'
        yield f'<rect {inner} fill="none" {looks}/>'
    room = box.width - 4
    mark = f"{card.mark} " if card.mark else ""
    note = f" {glyphs().has_note}" if card.note else ""
    name = shorten_name(card.name, room - len(mark + note) - min(len(card.class_text), 6) - 1) + note
    kind = shorten_class(card.class_text, room - len(mark) - len(name) - 1)
    size = card.right_text + (f" {glyphs().frozen}" if card.frozen else "")
    shape = shorten(card.shape_text, room - len(size) - 1)
    start, end = (box.x + 1.5) * WIDTH, (box.right - 1.5) * WIDTH
    first, second = (top + row for row in TEXT_ROWS[unfolded])
    role = {"input": "primary", "shared": "accent", "detail": "muted"}.get(mark_role(card), mark_role(card))
    if card.mark:
        yield _text(start, first, card.mark, colours[role])
    shown = colours["muted" if card.frozen else "text"]
    yield _text(start + len(mark) * WIDTH * 0.9, first, name, shown, ' font-weight="bold"')
    yield _text(end, first, kind, colours["muted"], ' text-anchor="end"')
    yield _text(start, second, shape, colours["error" if error else "muted"])
    yield _text(end, second, size, colours["muted"], ' text-anchor="end"')


def _text(x: float, y: float, text: str, colour: str, more: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" fill={quoteattr(colour)}{more}>{escape(text)}</text>' if text else ""


def _middle(column: int) -> float:
    return column * WIDTH + WIDTH / 2


def _rounded(points: list[tuple[float, float]]) -> str:
    """Return a path along corners, each of them rounded as far as its sides allow."""
    kept = [point for at, point in enumerate(points) if not at or point != points[at - 1]]
    path = f"M{kept[0][0]:g} {kept[0][1]:g}"
    for before, corner, after in zip(kept, kept[1:], kept[2:], strict=False):
        into, out = _towards(corner, before), _towards(corner, after)
        path += f"L{into[0]:g} {into[1]:g}Q{corner[0]:g} {corner[1]:g} {out[0]:g} {out[1]:g}"
    return f"{path}L{kept[-1][0]:g} {kept[-1][1]:g}"


def _towards(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    """Return the point on the way to another one, at most a corner's radius from the start and half the way."""
    across, down = end[0] - start[0], end[1] - start[1]
    length = abs(across) + abs(down)  # one of them is 0
    share = min(CORNER / length, 0.5) if length else 0.0
    return start[0] + across * share, start[1] + down * share
