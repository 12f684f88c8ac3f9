"""Cards as text: each row of a card is a list of pieces, each with the role that gives it a colour.

Roles are the names of the canvas's component classes without their prefix, so that this module knows no colours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from rich.cells import cell_len, get_character_cell_size

from kerastui.screens.build.canvas_view import CardView, Ghost, Level
from kerastui.screens.build.wires import port_columns
from kerastui.screens.widgets.glyphs import ASCII, glyphs

Piece = tuple[str, str]
"""Text and role."""

PORTS = "┬┯╤"


@dataclass(frozen=True, slots=True)
class Frame:
    """Hold the glyphs of a border."""

    top_left: str
    top: str
    top_right: str
    side: str
    bottom_left: str
    bottom_right: str
    port: str


ROUND = Frame("╭", "─", "╮", "│", "╰", "╯", "┬")
HEAVY = Frame("┏", "━", "┓", "┃", "┗", "┛", "┯")
DASHED = Frame("╭", "╌", "╮", "┊", "╰", "╯", "┬")
DOUBLE = Frame("╔", "═", "╗", "║", "╚", "╝", "╤")


@dataclass(frozen=True, slots=True)
class Look:
    """Say how a card stands in the canvas at this moment.

    Args:
        selected: The cursor is on it.
        marked: It is one of several selected ones.
        port: A wire leaves it.
        dim: It cannot be the target of the wire being drawn.
    """

    selected: bool = False
    marked: bool = False
    port: bool = False
    dim: bool = False


def shorten(text: str, width: int) -> str:
    """Cut a text to a width in cells, ending it with `…` where something is cut away."""
    if cell_len(text) <= width:
        return text
    return f"{_first(text, width - 1)}…" if width > 0 else ""


def shorten_name(name: str, width: int) -> str:
    """Cut a name to a width in cells in its middle: the end tells `conv2d_17` from `conv2d_18`, 1D from 3D."""
    if cell_len(name) <= width or width < 4:
        return shorten(name, width)
    end = _first(name[::-1], width // 2)[::-1]
    return f"{_first(name, width - 1 - cell_len(end))}…{end}"


def _first(text: str, width: int) -> str:
    """Return as much of the beginning of a text as a width in cells holds."""
    used = 0
    for at, character in enumerate(text):
        used += get_character_cell_size(character)
        if used > width:
            return text[:at]
    return text


def shorten_class(text: str, width: int) -> str:
    """Cut the text of a class to a width; its telling argument is kept as long as three cells are left for the class.

    Args:
        text: Class and argument, say `"Reshape 8×8"`.
        width: Cells it may take.

    Returns:
        The text, else `"Res… 8×8"`, else `"Resh…"`.
    """
    if cell_len(text) <= width:
        return text
    name, _, told = text.rpartition(" ")
    left = width - cell_len(told) - 1
    if name and left >= 3:
        return f"{shorten(name, left)} {told}"
    return shorten(name or text, width)


def ground(card: CardView, look: Look) -> str:
    """Return the role whose background lies under a card."""
    if look.selected:
        return "card-selected"
    if look.marked:
        return "card-marked"
    return "card-error" if card.state == "error" else "card"


def _edge_role(card: CardView, look: Look) -> str:
    if card.state == "error":
        return "card-error"
    if look.selected:
        return "card-selected"
    if look.marked:
        return "card-marked"
    if card.shared:
        return "card-shared"
    return "card-nested" if card.nested else "card"


def mark_role(card: CardView) -> str:
    """Return the role of a card's mark, of its stroke at line level and of its dot."""
    if card.state in ("error", "warning"):
        return card.state
    if card.shared:
        return "shared"
    return "input" if card.role == "input" else "detail"


def draw(card: CardView, look: Look, level: Level) -> tuple[tuple[Piece, ...], ...]:
    """Draw a card, row by row; every row has the width of the level.

    Args:
        card: The card.
        look: How it stands in the canvas.
        level: How much of it is drawn.
    """
    return _draw(card, look, level, Level.CARD.size[0], glyphs() is ASCII)


def draw_unfolded(card: CardView, look: Look, width: int) -> tuple[tuple[Piece, ...], ...]:
    """Draw the rows of a card that its graph is unfolded in: the first two stand above the graph, the last one below.

    Args:
        card: The card.
        look: How it stands in the canvas.
        width: Its columns.
    """
    return _draw(card, look, Level.CARD, width, glyphs() is ASCII)


def side(card: CardView, look: Look) -> Piece:
    """Return the border at the left and at the right of an unfolded graph."""
    return _frame(card, look).side, _edge_role(card, look)


@lru_cache(maxsize=2048)
def _draw(card: CardView, look: Look, level: Level, width: int, _ascii: bool) -> tuple[tuple[Piece, ...], ...]:
    if level is Level.DOT:
        return ((_dot(card, look),),)
    if level is Level.LINE:
        return (_line(card, look),)
    return _full(card, look, width)


def _dot(card: CardView, look: Look) -> Piece:
    if card.state == "error":
        return glyphs().error, "error"
    if card.state == "warning":
        return glyphs().warning, "warning"
    return glyphs().dot, "card-selected" if look.selected or look.marked else mark_role(card)


def _frame(card: CardView, look: Look) -> Frame:
    if look.selected or look.marked:
        return HEAVY
    if card.state == "error":
        return DASHED
    return DOUBLE if card.nested else ROUND


def _name_role(card: CardView, look: Look) -> str:
    return "detail" if look.dim or card.frozen else "name"


def _full(card: CardView, look: Look, width: int) -> tuple[tuple[Piece, ...], ...]:
    frame, edge = _frame(card, look), _edge_role(card, look)
    return (
        _top(card, look, frame, edge, width),
        ((frame.side, edge), (" ", "detail"), *_body(card, width - 4), (" ", "detail"), (frame.side, edge)),
        _bottom(card, look, frame, edge, width),
    )


def _bottom(card: CardView, look: Look, frame: Frame, edge: str, width: int) -> tuple[Piece, ...]:
    """Draw the lower border with a port for each output; several are named while the card is selected."""
    columns = port_columns(width, max(len(card.ports), 1))
    border = [frame.bottom_left, *(frame.top * (width - 2)), frame.bottom_right]
    for at in columns:
        border[at] = frame.port if look.port or card.ports else frame.top
    if not (card.ports and look.selected):
        return (("".join(border), edge),)
    pieces: list[Piece] = []
    for at, until, name in zip([0, *columns], [*columns, width], ["", *card.ports], strict=True):
        shown = shorten_name(name, until - at - 2)
        pieces += [("".join(border[at : at + 1]), edge), (shown, "detail")]
        pieces.append(("".join(border[at + 1 + cell_len(shown) : until]), edge))
    return tuple(piece for piece in pieces if piece[0])


def _top(card: CardView, look: Look, frame: Frame, edge: str, width: int) -> tuple[Piece, ...]:
    """Draw the upper border with mark, name and class in it; the name gives way last, the note's mark takes no room."""
    room = width - 6 - (cell_len(card.mark) + 1 if card.mark else 0)
    least = min(cell_len(card.class_text), 6)
    name = shorten_name(card.name, room - least - 2 if least else room)
    kind = shorten_class(card.class_text, room - cell_len(name) - 2)
    between = room - cell_len(name) - cell_len(kind)
    fill = f" {frame.top * (between - 2)} " if between > 2 else " " * between
    return (
        (frame.top_left + frame.top + " ", edge),
        *(((f"{card.mark} ", mark_role(card)),) if card.mark else ()),
        (name, _name_role(card, look)),
        (fill, edge),
        (kind, "detail"),
        *(((" ", edge), (glyphs().has_note, "shared")) if card.note else ((" " + frame.top, edge),)),
        (frame.top_right, edge),
    )


def _body(card: CardView, width: int) -> tuple[Piece, ...]:
    right = card.right_text + (" ❆" if card.frozen else "")
    shape = card.shape_text + (" ↺" if card.stale else "")
    left = shorten(shape, width - cell_len(right) - 1 if right else width)
    blank = " " * (width - cell_len(left) - cell_len(right))
    return ((left, "error" if card.state == "error" else "detail"), (blank + right, "detail"))


def _line(card: CardView, look: Look) -> tuple[Piece, ...]:
    width = Level.LINE.size[0]
    waits = card.state == "waits" and card.right_text
    text = waits or card.brief or card.shape_text
    marks = "".join((" ↺" * card.stale, " ❆" * card.frozen, " ▪" * bool(card.note)))
    mark = f"{card.mark} " if card.mark else " "
    room = width - 3 - cell_len(mark)
    if cell_len(card.name) + cell_len(text) + len(marks) > room:
        text = _tight(text)
    text = shorten(text + marks, max(room - min(cell_len(card.name), 6), 0))
    name = shorten_name(card.name, room - cell_len(text))
    stroke = ("▌", "card-selected") if look.selected or look.marked else ("▏", _stroke_role(card))
    return (
        stroke,
        (mark, mark_role(card)),
        (name, _name_role(card, look)),
        (" " * (room - cell_len(name) - cell_len(text) + 1), "detail"),
        (text + " ", "error" if card.state == "error" else "detail"),
    )


def _tight(shape: str) -> str:
    """Write a shape without brackets and blanks, `∅×8×8×16`: for a narrow card, where its last axes would be cut."""
    return shape[1:-1].replace(", ", glyphs().times) if shape.startswith("(") and shape.count("(") == 1 else shape


def _stroke_role(card: CardView) -> str:
    plain = card.role == "layer" and not card.nested and not card.shared and card.state not in ("error", "warning")
    return "card" if plain else mark_role(card)


def draw_ghost(ghost: Ghost, level: Level) -> tuple[tuple[Piece, ...], ...]:
    """Draw a card that is being placed: dashed and muted."""
    if level is Level.DOT:
        return (((("▫"), "ghost"),),)
    if level is Level.LINE:
        width = Level.LINE.size[0]
        return (((shorten(f"┊ {ghost.name} {ghost.class_text}", width).ljust(width), "ghost"),),)
    width = Level.CARD.size[0]
    top = _top(CardView("", ghost.name, class_text=ghost.class_text), Look(), DASHED, "ghost", width)
    return (
        tuple((text, "ghost") for text, _ in top),
        (("┊" + " " * (width - 2) + "┊", "ghost"),),
        (("╰" + "╌" * (width - 2) + "╯", "ghost"),),
    )
