"""Dots of a plot as braille characters: lines from point to point by plotext, bands and single dots by ourselves.

A band is up to some thousand dots a chart, for which plotext takes 10 ms per thousand; as one array they take 0.3 ms.
So plotext gets what needs lines, a few hundred corners, and what it drew is kept until a corner moves.
Dots are counted from the lower left, two a cell across and four down.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from kerastui.screens.train.scale import DOTS_ACROSS, DOTS_DOWN
from kerastui.screens.train.series import Flags, Floats, Integers

_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
_EMPTY = 0x2800
_ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")
_COLOUR = "38;5;"
"""Begin of the code for a colour by number."""


class Dots(NamedTuple):
    """Hold a run of neighbouring cells of one curve."""

    row: int
    """Row of the plot, from the top."""
    column: int
    text: str
    curve: int
    """Index of the curve the cells belong to."""


def curves(width: int, height: int, lines: Sequence[tuple[Floats, Floats]]) -> Sequence[Dots]:
    """Draw curves with plotext, all of its own axes off; in a cell that several pass, the last one shows.

    Args:
        width: Cells across.
        height: Cells down.
        lines: At most 256 curves: dots across and dots up of their corners, NaN for a gap; corners may lie beyond the
            top and the bottom, but not beyond the sides.
    """
    # plotext walks every dot of a line, also those nobody sees: one cell beyond the edge is as good as a mile.
    near = [(x, np.clip(y, -DOTS_DOWN, (height + 1) * DOTS_DOWN - 1)) for x, y in lines]
    return _plotted(width, height, tuple((x.tobytes(), y.tobytes()) for x, y in near))


@lru_cache(maxsize=8)
def _plotted(width: int, height: int, lines: tuple[tuple[bytes, bytes], ...]) -> tuple[Dots, ...]:
    """Draw curves given as the bytes of their corners; a live chart asks ten times a second for what seldom changes."""
    # plotext costs the app's start 60 ms, and only a chart with points needs it.
    import plotext

    plotext.clear_figure()
    plotext.theme("clear")
    plotext.limit_size(False, False)
    plotext.plot_size(width, height)
    plotext.frame(False)
    plotext.xaxes(False, False)
    plotext.yaxes(False, False)
    plotext.xticks([])
    plotext.yticks([])
    plotext.xlim(0, width * DOTS_ACROSS - 1)
    plotext.ylim(0, height * DOTS_DOWN - 1)
    for curve, (x, y) in enumerate(lines):
        plotext.plot(np.frombuffer(x).tolist(), np.frombuffer(y).tolist(), marker="braille", color=curve)
    drawn: str = plotext.build()
    return tuple(dots for row, line in enumerate(drawn.splitlines()) for dots in _pieces(row, line))


def _pieces(row: int, line: str) -> Iterator[Dots]:
    """Read a line of plotext's output: runs of cells in the colour that carries the curve's index, blanks between."""
    parts = _ESCAPE.split(line)
    column, curve = 0, None
    for text, code in zip(parts[::2], [*parts[1::2], ""], strict=True):
        if text:
            if curve is not None:
                yield Dots(row, column, text, curve)
            column += len(text)
        curve = int(code.removeprefix(_COLOUR)) if code.startswith(_COLOUR) else None


def band(width: int, height: int, index: Integers, low: Floats, high: Floats, curve: int = 0) -> list[Dots]:
    """Draw vertical strokes.

    Args:
        width: Cells across.
        height: Cells down.
        index: Dot columns that have a stroke, within the plot.
        low: Lowest dot of each stroke.
        high: Highest dot of each stroke.
        curve: What the dots are labelled with.
    """
    levels = np.arange(height * DOTS_DOWN)[:, None]
    dots = np.zeros((height * DOTS_DOWN, width * DOTS_ACROSS), dtype=np.bool_)
    dots[:, index] = (levels >= low) & (levels <= high)
    return _packed(dots, curve)


def points(width: int, height: int, x: Floats, y: Floats, curve: int = 0) -> list[Dots]:
    """Draw single dots.

    Args:
        width: Cells across.
        height: Cells down.
        x: Dots across; those beyond the plot and NaN are left out.
        y: Dots up; likewise.
        curve: What the dots are labelled with.
    """
    dots = np.zeros((height * DOTS_DOWN, width * DOTS_ACROSS), dtype=np.bool_)
    inside = (x >= 0) & (x < dots.shape[1]) & (y >= 0) & (y < dots.shape[0])
    dots[y[inside].astype(np.intp), x[inside].astype(np.intp)] = True
    return _packed(dots, curve)


def _packed(dots: Flags, curve: int) -> list[Dots]:
    """Return an array of dots, lowest row first, as runs of braille characters."""
    down, across = dots.shape
    cells = dots[::-1].reshape(down // DOTS_DOWN, DOTS_DOWN, across // DOTS_ACROSS, DOTS_ACROSS)
    codes = np.einsum("rdca,da->rc", cells, _BITS)
    found = []
    for row in np.flatnonzero(codes.any(axis=1)).tolist():
        columns = np.flatnonzero(codes[row])
        for run in np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1):
            text = "".join(map(chr, (codes[row, run] + _EMPTY).tolist()))
            found.append(Dots(row, int(run[0]), text, curve))
    return found
