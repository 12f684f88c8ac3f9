"""The glyphs of the app, each with its ASCII stand-in; `use_ascii` swaps the whole table."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import msgspec
from rich.cells import get_character_cell_size


class Glyphs(msgspec.Struct, frozen=True):
    """Hold one column of the glyph table; the defaults are the Unicode column."""

    ok: str = "✓"
    warning: str = "▲"
    error: str = "✗"
    note: str = "·"
    running: str = "►"
    paused: str = "‖"
    stopped: str = "■"
    starting: str = "◌"
    ready: str = "●"
    busy: str = "◐"
    lost: str = "✗"
    brand: str = "◆"
    input: str = "◇"
    output: str = "◆"
    best: str = "◆"
    shared: str = "≡"
    folded: str = "▸"
    unfolded: str = "▾"
    frozen: str = "❆"
    stale: str = "↺"
    unsaved: str = "•"
    has_note: str = "▪"
    port: str = "┬"
    port_heavy: str = "┯"
    port_double: str = "╤"
    arrow: str = "▼"
    vertical: str = "│"
    horizontal: str = "─"
    top_left: str = "╭"
    top_right: str = "╮"
    bottom_left: str = "╰"
    bottom_right: str = "╯"
    branch_right: str = "├"
    branch_left: str = "┤"
    merge_down: str = "┬"
    merge_up: str = "┴"
    same: str = "╌"
    unknown: str = "∅"
    bar: str = "━"
    bar_rest: str = "━"
    bars: str = "▁▂▃▄▅▆▇█"
    pixel: str = "▀"
    grid: str = "┈"
    mark_line: str = "┊"
    dropdown: str = "▾"
    changed: str = "▎"
    stroke: str = "▏"
    selected: str = "▌"
    sorted_up: str = "▴"
    sorted_down: str = "▾"
    dot: str = "▪"
    to: str = "→"
    came: str = "←"
    separator: str = "·"
    minus: str = "−"
    missing: str = "–"
    about: str = "≈"
    times: str = "×"
    ellipsis: str = "…"


UNICODE = Glyphs()
ASCII = Glyphs(
    ok="ok",
    warning="!",
    error="x",
    note="-",
    running=">",
    paused="||",
    stopped="[]",
    starting=".",
    ready="o",
    busy="%",
    lost="x",
    brand="*",
    input="<",
    output="*",
    best="*",
    shared="=",
    folded="+",
    unfolded="-",
    frozen="#",
    stale="~",
    unsaved="*",
    has_note="n",
    port="+",
    port_heavy="+",
    port_double="+",
    arrow="v",
    vertical="|",
    horizontal="-",
    top_left="+",
    top_right="+",
    bottom_left="+",
    bottom_right="+",
    branch_right="+",
    branch_left="+",
    merge_down="+",
    merge_up="+",
    same="~",
    unknown="?",
    bar="=",
    bar_rest=".",
    bars=".:-=+*#@",
    pixel="#",
    grid=".",
    mark_line=":",
    dropdown="v",
    changed="*",
    stroke="|",
    selected=">",
    sorted_up="^",
    sorted_down="v",
    dot="o",
    to="->",
    came="<-",
    separator="-",
    minus="-",
    missing="-",
    about="~",
    times="x",
    ellipsis="..",
)

TO_ASCII = str.maketrans(
    {
        glyph: plain
        for glyphs_of, plain in {
            "│┃║▏╷╵╎": "|",
            "┊┆┇": ":",
            "─–−‑—·‐": "-",
            "━═≡": "=",
            "╭╮╰╯┏┓┗┛╔╗╚╝├┤┬┴┼┯╤┌┐└┘▸": "+",
            "╌↺≈": "~",
            "▪": "n",
            "▫◌┈…": ".",
            "❆■█▀▐▊": "#",
            "▌→►›»": ">",
            "◇←‹«": "<",
            "▼▾↓✓": "v",
            "▴↑": "^",
            "✗×": "x",
            "▲": "!",
            "◆•▎": "*",
            "∅": "?",
            "‖": "|",
            "●": "o",
            "◐": "%",
            "‘’": "'",
            "“”": '"',
            "▁▂▃▄▅▆▇": " ",  # ends of scroll bars; histograms have the table above
        }.items()
        for glyph in glyphs_of
    }
)
"""One character for one, so that a row that is drawn already keeps its width; the table above has room for words."""


@lru_cache(maxsize=4096)
def to_ascii(text: str) -> str:
    """Return a text in ASCII, as wide as before: `é` becomes `e`, what has no stand-in `?`.

    Args:
        text: The text.
    """
    if text.isascii():
        return text
    return "".join(_plain(character) for character in text.translate(TO_ASCII))


def _plain(character: str) -> str:
    if character.isascii():
        return character
    width = get_character_cell_size(character)
    letters = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return letters if len(letters) == width else "?" * width


_current = UNICODE


def glyphs() -> Glyphs:
    """Return the glyph table in use."""
    return _current


def use_ascii(on: bool) -> None:
    """Choose the glyph table of this process; call it before the first screen is drawn.

    Args:
        on: `True` for plain ASCII, `False` for Unicode.
    """
    global _current
    _current = ASCII if on else UNICODE
