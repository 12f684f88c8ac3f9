"""What a chart shows and how it is drawn, row by row; the widget around it is in `chart`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from kerastui.screens.train.braille import Dots, band, curves, points
from kerastui.screens.train.scale import DOTS_ACROSS, DOTS_DOWN, Kind, Scale, Tick, rounded_out, ticks
from kerastui.screens.train.series import Columns, Flags, Floats, Place, XAxis, outside, percentile_range, reduce
from kerastui.screens.train.view import ChartView, Curve, Role, reading_at
from kerastui.screens.widgets import words
from kerastui.screens.widgets.glyphs import ASCII, glyphs
from kerastui.screens.widgets.ink import Cells, line_width

_GUTTER = 4
"""Least width of the tick labels, so that charts of losses and of accuracies have their axes in one column."""
_NEAR = 4
"""Columns within which the labels of two curves that end at different places are written below each other."""
_MARKERS = "*o+x"
_KINDS: dict[XAxis, Kind] = {"step": "whole", "epoch": "number", "time": "time"}


def draw(view: ChartView, width: int, height: int) -> list[Cells]:
    """Draw a chart, without its border.

    Args:
        view: What it shows.
        width: Cells across.
        height: Cells down.

    Returns:
        `height` rows.
    """
    rows = [Cells(width) for _ in range(height)]
    shown = [curve for curve in view.curves if len(curve.series)]
    if not shown:
        if height > 0:
            rows[(height - 1) // 2].put(max(0, (width - line_width(view.empty)) // 2), view.empty, "muted")
    elif width >= 2 * _GUTTER + 4 and height >= 4:
        _Plot(view, shown, rows, width).draw()
    return rows


class _Plot:
    """Draw one chart into rows: the parts share its geometry and know which cells are taken."""

    def __init__(self, view: ChartView, shown: Sequence[Curve], rows: Sequence[Cells], width: int) -> None:
        self.view, self.shown, self.rows = view, shown, rows
        height = len(rows)
        self.top = 1 if height >= 7 else 0
        self.height = height - self.top - 2
        self.x_low, self.x_high = self._x_ends()
        self.clipped = [0, 0]
        low, high = self._y_ends()
        self.y = Scale(low, high, self.height * DOTS_DOWN, view.log_y)
        self.y_ticks = ticks(low, high, self.height // 3 + 1, log=view.log_y)
        gutter = max([_GUTTER, *(line_width(tick.label) for tick in self.y_ticks)])
        self.axis = gutter + 1
        self.left = self.axis + 1
        self.width = max(1, width - self.left - 1)
        self.x = Scale(self.x_low, self.x_high, self.width * DOTS_ACROSS, view.log_x)
        self.reduced: dict[tuple[int, float], Columns] = {}
        self.taken: set[tuple[int, int]] = set()
        self.drawable: Callable[[Floats], Flags] = _positive if view.log_y else np.isfinite

    def draw(self) -> None:
        """Draw all parts, the later ones over the earlier ones."""
        self._grid()
        marks = self._mark_lines()
        if self.view.smoothing:
            self._raw()
        self._cursor()
        self._mark_labels(marks)
        self._curves()
        self._axes()
        self._note()
        self._best()
        self._end_labels()

    # Ends of the axes

    def _x_ends(self) -> tuple[float, float]:
        """Return the ends of the x axis."""
        view = self.view
        spans = [curve.series.x(view.x) for curve in self.shown]
        low, high = view.x_range or (0.0, max(float(xs[-1]) for xs in spans))
        if view.log_x and low <= 0:
            low = min((float(xs[xs > 0][0]) for xs in spans if xs[-1] > 0), default=1.0)
        return low, high if high > low else low + 1

    def _visible(self, curve: Curve) -> Floats:
        """Return the values of a curve within the x axis."""
        xs = curve.series.x(self.view.x)
        begin, end = np.searchsorted(xs, [self.x_low, self.x_high], side="left")
        end += np.count_nonzero(xs[end:] == self.x_high)
        return curve.series.values[begin:end]

    def _y_ends(self) -> tuple[float, float]:
        """Return the ends of the y axis, and count what they leave out."""
        view = self.view
        lows, highs = [], []
        for curve in self.shown:
            values = self._visible(curve)
            if view.log_y and curve.series.minimum <= 0:
                self.clipped[0] += int(np.count_nonzero(values <= 0))
                values = values[values > 0]
            if view.clip:
                low, high = percentile_range(values, view.clip)
            elif values.size == len(curve.series):
                low, high = curve.series.minimum, curve.series.maximum
            else:
                finite = values[np.isfinite(values)]
                low, high = (float(finite.min()), float(finite.max())) if finite.size else (math.nan, math.nan)
            lows.append(low)
            highs.append(high)
        found = [
            (low, high) for low, high in zip(lows, highs, strict=True) if math.isfinite(low) and math.isfinite(high)
        ]
        if not found:
            return (0.1, 1.0) if view.log_y else (0.0, 1.0)
        low, high = rounded_out(min(low for low, _ in found), max(high for _, high in found), log=view.log_y)
        if view.clip:
            self._count_clipped(low, high)
        return low, high

    def _count_clipped(self, low: float, high: float) -> None:
        """Count the values that percentile clipping leaves out."""
        for curve in self.shown:
            values = self._visible(curve)
            below, above = outside(values[values > 0] if self.view.log_y else values, low, high)
            self.clipped[0] += below
            self.clipped[1] += above

    # Places

    def _row(self, dot: float) -> int:
        """Return the row of a dot counted from the bottom of the plot."""
        return self.top + self.height - 1 - int(dot) // DOTS_DOWN

    def _column(self, x: float) -> int | None:
        """Return the column of a place on the x axis, `None` beyond its ends."""
        dot = self.x.dot(x)
        return None if dot is None else self.left + dot // DOTS_ACROSS

    def _x_of(self, place: Place) -> float:
        """Return a place on the x axis in use."""
        return float(getattr(place, self.view.x))

    def _is_free(self, row: int, start: int, stop: int) -> bool:
        """Tell whether a run of cells lies in the plot and holds neither curve nor label."""
        inside = self.top <= row < self.top + self.height
        return inside and not any((row, column) in self.taken for column in range(start, stop))

    def _put(self, row: int, column: int, text: str, style: str) -> None:
        """Write a label and keep others from its cells."""
        self.rows[row].put(column, text, style)
        self.taken.update((row, column + offset) for offset in range(len(text)))

    # Parts

    def _grid(self) -> None:
        """Draw the grid at the y ticks, and the zero line."""
        for tick in self.y_ticks:
            dot = self.y.dot(tick.value)
            if dot is not None:
                self.rows[self._row(dot)].put(self.left, glyphs().grid * self.width, "grid")
        if self.y.low < 0 < self.y.high:
            zero = self.y.dot(0.0)
            if zero is not None:
                self.rows[self._row(zero)].put(self.left, glyphs().horizontal * self.width, "border")

    def _vertical(self, column: int, style: str) -> None:
        """Draw a dashed line from top to bottom."""
        for row in range(self.top, self.top + self.height):
            self.rows[row].put(column, glyphs().mark_line, style)

    def _mark_lines(self) -> list[tuple[int, str]]:
        """Draw a line at each change during the run; return their columns and labels."""
        places = [(self._column(self._x_of(mark.at)), mark.label) for mark in self.view.marks]
        lines = [(column, label) for column, label in places if column is not None]
        for column, _ in lines:
            self._vertical(column, "faint")
        return lines

    def _mark_labels(self, lines: list[tuple[int, str]]) -> None:
        """Write the labels of changes at the top, right of their lines where there is room."""
        for column, label in lines:
            fits = column + 1 + len(label) <= self.left + self.width + 1
            start = column + 1 if fits else max(self.left, column - len(label))
            rows = range(self.top, min(self.top + 3, self.top + self.height))
            row = next((each for each in rows if self._is_free(each, start, start + len(label))), None)
            if row is not None:
                self._put(row, start, label, "muted")

    def _cursor(self) -> None:
        """Draw the cursor."""
        column = None if self.view.cursor is None else self._column(self.view.cursor)
        if column is not None:
            self._vertical(column, "primary")

    def _columns(self, curve: Curve, smoothing: float) -> Columns:
        """Return a curve reduced to the dots of the plot."""
        key = id(curve), smoothing
        if key not in self.reduced:
            series = curve.series
            clean = not series.gaps and (not self.view.log_y or series.minimum > 0)
            keep = None if clean else self.drawable
            self.reduced[key] = reduce(series.x(self.view.x), curve.shown(smoothing), self.x, keep)
        return self.reduced[key]

    def _raw(self) -> None:
        """Draw the values as they came, faint: as a band where they are dense, else dot by dot."""
        for curve in self.shown:
            if not curve.smooth:
                continue
            columns = self._columns(curve, 0.0)
            if columns.dense:
                dots = self._strokes(columns)
            else:
                x, y = curve.series.x(self.view.x), curve.series.values
                dots = points(self.width, self.height, self.x.dots_of(x), self.y.dots_of(y))
            self._paint(dots, [_faint(curve.role)])

    def _curves(self) -> None:
        """Draw the curves: as strokes where every column holds a point, else as lines from point to point."""
        before = set(self.taken)
        thin: list[tuple[Curve, Columns]] = []
        for curve in self.shown:
            columns = self._columns(curve, self.view.smoothing)
            if columns.filled:
                self._paint(self._strokes(columns, joined=True), [curve.role], taken=True)
            else:
                thin.append((curve, columns))
        self._paint_lines(thin, [curve.role for curve, _ in thin], taken=True)
        self.taken |= before

    def _strokes(self, columns: Columns, *, joined: bool = False) -> list[Dots]:
        """Return the range of each column as strokes; `joined` ones touch their neighbours."""
        low, high = self.y.dots_of(columns.low), self.y.dots_of(columns.high)
        if joined and low.size:
            last = self.y.dots_of(columns.last)
            on = columns.joined[1:]
            low[1:] = np.where(on, np.minimum(low[1:], last[:-1]), low[1:])
            high[1:] = np.where(on, np.maximum(high[1:], last[:-1]), high[1:])
        return band(self.width, self.height, columns.dots, low, high)

    def _paint_lines(self, lines: list[tuple[Curve, Columns]], styles: list[str], *, taken: bool = False) -> None:
        """Draw reduced curves as lines."""
        if lines:
            corners = [_corners(columns, self.y) for _, columns in lines]
            self._paint(curves(self.width, self.height, corners), styles, taken=taken)

    def _paint(self, dots: Sequence[Dots], styles: Sequence[str], *, taken: bool = False) -> None:
        """Write dots into the rows, each curve in its style."""
        roles = [curve.role for curve in self.shown]
        markers = [_MARKERS[roles.index(style) % len(_MARKERS)] if style in roles else "." for style in styles]
        plain = glyphs() is ASCII
        for row, column, text, curve in dots:
            shown = markers[curve] * len(text) if plain else text
            self.rows[self.top + row].put(self.left + column, shown, styles[curve])
            if taken:
                self.taken.update((self.top + row, self.left + column + offset) for offset in range(len(text)))

    def _axes(self) -> None:
        """Draw both axes with ticks and their labels."""
        table, bottom = glyphs(), self.top + self.height
        for row in range(self.top, bottom):
            self.rows[row].put(self.axis, table.vertical, "border")
        for tick in self.y_ticks:
            dot = self.y.dot(tick.value)
            if dot is not None:
                self.rows[self._row(dot)].put(self.axis, table.branch_left, "border")
                self.rows[self._row(dot)].put_right(self.axis - 1, tick.label, "muted")
        self.rows[bottom].put(self.axis, table.bottom_left + table.horizontal * self.width, "border")
        free_from = 0
        for tick in self._x_ticks():
            column = self._column(tick.value)
            if column is None:
                continue
            start = min(max(0, column - (len(tick.label) - 1) // 2), self.left + self.width + 1 - len(tick.label))
            if start >= free_from:
                self.rows[bottom].put(column, table.port, "border")
                free_from = self.rows[bottom + 1].put(start, tick.label, "muted") + 1

    def _x_ticks(self) -> list[Tick]:
        """Return the ticks of the x axis: as many as have room."""
        kind = _KINDS[self.view.x]
        longest = len(ticks(self.x_low, self.x_high, 3, kind=kind)[-1].label)
        return ticks(self.x_low, self.x_high, self.width // (longest + 4), log=self.view.log_x, kind=kind)

    def _note(self) -> None:
        """Say how many values lie beyond the y axis."""
        ways = "v^" if glyphs() is ASCII else "↓↑"
        parts = [
            f"{words.count(number)} clipped {way}" for number, way in zip(self.clipped, ways, strict=True) if number
        ]
        if parts:
            self.rows[0].put(self.left, "   ".join(reversed(parts)), "muted")

    def _best(self) -> None:
        """Mark the best epoch on the validation curve, with its label two rows above."""
        if self.view.best is None:
            return
        curve = next((each for each in self.shown if each.role == "val"), self.shown[0])
        x = self._x_of(self.view.best)
        reading = reading_at(self.view, curve, x)
        column, dot = self._column(x), None if reading.shown is None else self.y.dot(reading.shown)
        if column is None or dot is None:
            return
        row = self._row(dot)
        self._put(row, column, glyphs().best, "success")
        label = f"best {self.view.best.epoch:,.0f}"
        start = min(max(self.left, column - len(label) // 2), self.left + self.width + 1 - len(label))
        rows = [row - 2, row - 3, row + 2, row - 4, row + 3, row + 4]
        chosen = next((each for each in rows if self._is_free(each, start, start + len(label))), None)
        if chosen is not None:
            self._put(chosen, start, label, "success")

    def _end_labels(self) -> None:
        """Write name and last value at the end of each curve, apart from each other and from the curves."""
        ends = self._ends()
        names = max((len(curve.name) for _, _, curve, _ in ends), default=0)
        values = max((len(value) for _, _, _, value in ends), default=0)
        outmost = max((column for _, column, _, _ in ends), default=0)
        right = self.left + self.width + 1
        for row, column, curve, value in sorted(ends, key=lambda each: each[0]):
            label = f"{curve.name:<{names}} {value:>{values}}"
            aligned = outmost if outmost - column <= _NEAR else column
            start = max(self.left, min(self.left + aligned + 2, right - len(label)))
            rows = sorted(range(self.top, self.top + self.height), key=lambda each: (abs(each - row), each < row))
            chosen = next((each for each in rows if self._is_free(each, start - 1, start + len(label))), row)
            self._put(chosen, start, label, curve.role)

    def _ends(self) -> list[tuple[int, int, Curve, str]]:
        """Return row and column of each curve's last dot, the curve, and its last value as written."""
        ends = []
        for curve in self.shown:
            columns = self._columns(curve, self.view.smoothing)
            if columns.dots.size:
                dot = float(np.clip(self.y.dots_of(columns.last[-1:])[0], 0, self.y.dots - 1))
                value = words.metric(float(columns.last[-1]))
                ends.append((self._row(dot), int(columns.dots[-1]) // DOTS_ACROSS, curve, value))
        return ends


def _positive(values: Floats) -> Flags:
    """Tell which values a logarithmic axis can show."""
    return np.isfinite(values) & (values > 0)


def _faint(role: Role) -> str:
    """Return the role of a curve's raw values."""
    return f"{role}-raw" if role in ("train", "val") else "faint"


def _corners(columns: Columns, scale: Scale) -> tuple[Floats, Floats]:
    """Return a reduced curve as the corners of a line: four dots for each column where they differ, NaN at gaps."""
    values = np.stack([columns.first, columns.low, columns.high, columns.last], axis=1)
    y = scale.dots_of(values)
    y = np.hstack([np.where(columns.joined, y[:, 0], np.nan)[:, None], y]).ravel()
    x = np.repeat(columns.dots.astype(np.float64), 5)
    changed = np.ones(x.size, dtype=np.bool_)
    changed[1:] = (x[1:] != x[:-1]) | ~((y[1:] == y[:-1]) | (np.isnan(y[1:]) & np.isnan(y[:-1])))
    return x[changed], y[changed]
