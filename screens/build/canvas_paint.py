"""Paint one row of the canvas: characters and roles, without a terminal and without colours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from rich.cells import cell_len, get_character_cell_size

from kerastui.screens.build.canvas_scene import TAG_GAP, UNFOLDED_AT, Scene
from kerastui.screens.build.canvas_view import CardView, EdgeView, Ghost, Level
from kerastui.screens.build.cards import Look, Piece, draw, draw_ghost, draw_unfolded, ground, shorten, side
from kerastui.screens.build.layout import Box
from kerastui.screens.build.wires import LEVEL, UPRIGHT, Key, Point, glyph, path_cells
from kerastui.screens.widgets.glyphs import ASCII, TO_ASCII, glyphs

Paint = tuple[str, str]
"""Role of the character and role of the ground under it."""

GROUND = "ground"
BARE: Paint = (GROUND, GROUND)

LEAST_WORDS = 4
"""Columns from which on a repair is told beside its key; in fewer its words tell nothing."""


@dataclass(frozen=True, slots=True)
class Looks:
    """Hold what changes the picture without changing the graph; hashable, as part of the key of cached rows.

    Args:
        cursor: Card under the cursor.
        marks: Several selected cards.
        wire: Selected wire.
        legal: While a wire is drawn, the cards it may end at.
        connection: While a wire is drawn, the corners of it.
        labels: While a wire is drawn by keys, the letter of each card it may end at.
        ghosts: Cards being placed or moved, each with the cell of its top left corner.
        frame: While cards are selected by a frame, two opposite corners of it.
    """

    cursor: str | None = None
    marks: frozenset[str] = frozenset()
    wire: Key | None = None
    legal: frozenset[str] | None = None
    connection: tuple[Point, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    ghosts: tuple[tuple[Ghost, Point], ...] = ()
    frame: tuple[Point, Point] | None = None


class Row:
    """Hold one row while it is painted; what is painted later covers what was there.

    Args:
        left: Column of the first cell.
        right: First column that is not in the row.
    """

    def __init__(self, left: int, right: int) -> None:
        self.left, self.right = left, right
        self.characters = [" "] * (right - left)
        self.paints = [BARE] * (right - left)

    def put(self, x: int, text: str, paint: Paint) -> int:
        """Paint a text from column `x`, cut to the row; return the column after it."""
        if text.isascii():
            first, last = max(x, self.left), min(x + len(text), self.right)
            if first < last:
                self.characters[first - self.left : last - self.left] = text[first - x : last - x]
                self.paints[first - self.left : last - self.left] = [paint] * (last - first)
            return x + len(text)
        for character in text:
            width = get_character_cell_size(character)
            if width and self.left <= x and x + width <= self.right:
                at = x - self.left
                self.characters[at : at + width] = [character, ""][:width]
                self.paints[at : at + width] = [paint] * width
            x += width
        return x

    def put_pieces(self, x: int, pieces: Iterable[Piece], under: str) -> None:
        """Paint pieces one after the other on one ground."""
        for text, role in pieces:
            x = self.put(x, text, (role, under))

    def put_row(self, x: int, other: Row) -> None:
        """Paint another row from column `x`; all of it must lie within this one."""
        until = x - self.left + len(other.characters)
        self.characters[x - self.left : until] = other.characters
        self.paints[x - self.left : until] = other.paints

    def tint(self, x: int, role: str) -> None:
        """Give the character at a column another role."""
        self.paints[x - self.left] = (role, self.paints[x - self.left][1])

    def is_bare(self, first: int, last: int) -> bool:
        """Tell whether nothing was painted from column `first` to below `last`, which must lie in the row."""
        inside = self.left <= first and last <= self.right
        return inside and all(paint == BARE for paint in self.paints[first - self.left : last - self.left])

    def runs(self) -> list[tuple[str, Paint]]:
        """Return the row as texts with one paint each."""
        cells = zip(self.paints, self.characters, strict=True)
        runs = [("".join(c for _, c in run), paint) for paint, run in groupby(cells, key=lambda cell: cell[0])]
        return [(text.translate(TO_ASCII), paint) for text, paint in runs] if glyphs() is ASCII else runs

    @property
    def text(self) -> str:
        """The characters of the row."""
        return "".join(self.characters)


def paint_row(scene: Scene, looks: Looks, y: int, left: int, right: int) -> Row:
    """Paint a row; the cost depends on what crosses it, not on the size of the graph.

    Args:
        scene: The graph laid out.
        looks: Cursor, marks, what is being drawn.
        y: Row of the layout.
        left: First column of the layout to paint.
        right: First column not to paint.
    """
    row = Row(left, right)
    if scene.level is not Level.DOT:
        _wires(row, scene, looks, y)
    _cards(row, scene, looks, y)
    _legal_marks(row, scene, looks, y)
    _connection(row, scene, looks, y)
    for ghost, (x, top) in looks.ghosts:
        lines = draw_ghost(ghost, scene.level)
        if top <= y < top + len(lines):
            row.put_pieces(x, lines[y - top], GROUND)
    if looks.frame:
        _frame(row, looks.frame, y)
    return row


def _frame(row: Row, corners: tuple[Point, Point], y: int) -> None:
    """Draw the frame that selects cards."""
    (x0, y0), (x1, y1) = corners
    left, right, top, bottom = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
    if y in (top, bottom):
        row.put(left, "╌" * (right - left + 1), ("connection", GROUND))
    elif top < y < bottom:
        for x in (left, right):
            row.put(x, "┊", ("connection", GROUND))


def _wires(row: Row, scene: Scene, looks: Looks, y: int) -> None:
    wires = scene.layout.wires
    sides = wires.cells(y, row.left, row.right)
    for x, cell in sides.items():
        row.put(x, glyph(cell), ("wire", GROUND))
    arrows = wires.arrows.get(y, {})
    shown = {x: key for x, key in arrows.items() if row.left <= x < row.right and not sides.get(x, 0) & LEVEL}
    for x, target in shown.items():
        dim = looks.legal is not None and target not in looks.legal
        row.put(x, "▼", ("wire" if dim else "arrow", GROUND))
    for edge, role in _tinted(scene, looks, y):
        for x in wires.along(edge.key, y, row.left, row.right, sides):
            row.tint(x, "arrow" if role == "wire" and x in shown else role)
    if arrows:
        _labels(row, scene, y, arrows)
        _names(row, scene, looks, y, arrows)


def _tinted(scene: Scene, looks: Looks, y: int) -> list[tuple[EdgeView, str]]:
    """List the wires that cross a row in a colour of their own, with it, in the order of painting."""
    tinted = [(edge, role) for edge, role in scene.broken if scene.spans(edge, y)]
    near = scene.edges_at.get(looks.cursor, ()) if looks.cursor else ()
    tinted += [(edge, "wire-selected") for edge in near if not edge.broken and scene.spans(edge, y)]
    if looks.wire:
        tinted += [(edge, "wire-selected") for edge in scene.edges_at.get(looks.wire[0], ()) if edge.key == looks.wire]
    return tinted


def _labels(row: Row, scene: Scene, y: int, arrows: Mapping[int, str]) -> None:
    """Write the shapes of broken wires beside their arrows, outside of the outermost ones."""
    for edge, role in scene.broken:
        if not edge.label or role != "wire-error" or scene.box(edge.target).y != y + 1:
            continue
        x = scene.layout.wires.paths[edge.key][-1][0]
        if x not in arrows:
            continue
        left = x < scene.box(edge.target).port
        first = x - 1 - len(edge.label) if left else x + 2
        if row.is_bare(first, first + len(edge.label)):
            row.put(first, edge.label, ("wire-error", GROUND))


def _names(row: Row, scene: Scene, looks: Looks, y: int, arrows: Mapping[int, str]) -> None:
    """Write beside the arrows into the card under the cursor which argument each is for."""
    for edge in scene.edges_at.get(looks.cursor or "", ()):
        if not edge.name or edge.target != looks.cursor or scene.box(edge.target).y != y + 1:
            continue
        x = scene.layout.wires.paths[edge.key][-1][0]
        left = x < scene.box(edge.target).port
        first = x - 1 - len(edge.name) if left else x + 2
        if x in arrows and row.is_bare(first, first + len(edge.name)):
            row.put(first, edge.name, ("arrow", GROUND))


def _tag(repair: str, brief: str, room: int) -> str:
    """Return a repair in the most words that fit: whole, then what is set without where, then only what comes out."""
    what = repair.split(" ", 2)[-1] if repair.startswith("set ") else brief
    return next((words for words in (repair, what) if cell_len(words) <= room), shorten(brief or repair, room))


def _cards(row: Row, scene: Scene, looks: Looks, y: int) -> None:
    last: tuple[CardView, Box] | None = None
    margin = scene.level.pitch
    across = list(scene.cards_across(y, row.left - margin, row.right + margin))
    for at, (card, box) in enumerate(across):
        if last and last[0].shared and last[0].shared == card.shared and y == box.y + 1:
            for x in range(max(last[1].right, row.left), min(box.x, row.right)):
                if row.is_bare(x, x + 1):
                    row.put(x, "╌", ("shared", GROUND))
        last = card, box
        look = Look(
            selected=card.id == looks.cursor,
            marked=card.id in looks.marks,
            port=bool(scene.targets[card.id]),
            dim=looks.legal is not None and card.id not in looks.legal and card.id != looks.cursor,
        )
        under = GROUND if scene.level is Level.DOT else ground(card, look)
        if card.id in scene.inside:
            _unfolded(row, scene, card, look, y)
        else:
            row.put_pieces(box.x, draw(card, look, scene.level)[y - box.y], under)
        if card.repair and scene.level is not Level.DOT:
            following = [other.x - 1 for _, other in across[at + 1 : at + 2]]
            _repair(row, scene, card, y, min([row.right, *following]))


def _repair(row: Row, scene: Scene, card: CardView, y: int, until: int) -> None:
    """Write the repair of a card beside it, up to a column; where there is no room, its key on the lower border."""
    box, key = scene.box(card.id), ("repair-key", "repair-key")
    bordered = scene.level is Level.CARD or card.id in scene.inside
    x, end = box.right + TAG_GAP, box.right - (2 if bordered else 0)
    if x + 3 > until:
        if y == box.bottom - 1:
            row.put(end - 3, " f ", key)
    elif y == box.y + scene.level.size[1] // 2:
        x = row.put(x, " f ", key)
        if until - x > LEAST_WORDS:
            row.put(x, f" {_tag(scene.repair(card), card.repair_brief, until - x - 1)}", ("repair", GROUND))


def _unfolded(row: Row, scene: Scene, card: CardView, look: Look, y: int) -> None:
    """Draw a row of a card with the graph that is unfolded in it."""
    box, inner, under = scene.box(card.id), scene.inside[card.id], ground(card, look)
    at, (_, above) = y - box.y, UNFOLDED_AT
    if at < above or at == box.height - 1:
        row.put_pieces(box.x, draw_unfolded(card, look, box.width)[min(at, above)], under)
        return
    left, right = max(box.x + 1, row.left), min(box.right - 1, row.right)
    if left < right:
        (first, line), (last, _) = (scene.within_card(card.id, x, y) for x in (left, right))
        row.put_row(left, paint_row(inner, Looks(legal=frozenset() if look.dim else None), line, first, last))
    glyph, role = side(card, look)
    for x in (box.x, box.right - 1):
        row.put(x, glyph, (role, under))


def _legal_marks(row: Row, scene: Scene, looks: Looks, y: int) -> None:
    """Put an arrow above each card that the wire in hand may end at."""
    labels = dict(looks.labels)
    for card, box in scene.cards_across(y + 1, row.left, row.right) if looks.legal else ():
        if box.y == y + 1 and card.id in (looks.legal or ()) and row.left <= box.port < row.right:
            row.put(box.port, "▼", ("legal", GROUND))
            if card.id in labels:
                row.put(box.port + 2, f" {labels[card.id]} ", ("key", "key"))


def _connection(row: Row, scene: Scene, looks: Looks, y: int) -> None:
    """Draw the wire in hand over wires, under cards."""
    if not looks.connection:
        return
    for (x, at), sides in path_cells(looks.connection).items():
        if at == y and row.left <= x < row.right and not scene.card_at(x, y):
            dash = "┊" if not sides & LEVEL else "╌" if not sides & UPRIGHT else glyph(sides)
            row.put(x, dash, ("connection", GROUND))
    x, at = looks.connection[-1]
    if at == y and row.left <= x < row.right and not scene.card_at(x, y):
        row.put(x, "▼", ("connection", GROUND))
