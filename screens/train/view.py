"""What a chart shows at one moment, and what its curves say at the cursor."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from kerastui.screens.train.series import Floats, Place, Series, XAxis
from kerastui.screens.widgets.ink import Line

Role: TypeAlias = Literal["train", "val", "curve-1", "curve-2", "curve-3", "curve-4", "curve-5", "curve-6"]

_NO_RUN: Line = (("no run yet · ", "muted"), ("f5", "primary bold"), (" train", "muted"))


class Curve(msgspec.Struct, frozen=True):
    """Name a series of a chart.

    Args:
        name: What stands at its end: `train`, `val`, the letter of a run.
        series: Its points.
        role: Palette role of its colour.
        smooth: Whether the chart's smoothing applies; not to values that are means of an epoch already.
    """

    name: str
    series: Series
    role: Role = "train"
    smooth: bool = True

    def shown(self, smoothing: float) -> Floats:
        """Return its values as they are drawn in a chart with some smoothing."""
        return self.series.smoothed(smoothing if self.smooth else 0.0)


class Mark(msgspec.Struct, frozen=True):
    """Name a change during the run.

    Args:
        at: When it was made.
        label: What it was: `lr 1.5e-3`.
    """

    at: Place
    label: str


class ChartView(msgspec.Struct, frozen=True):
    """Hold everything a chart shows at one moment.

    Args:
        title: Name of the metric, or of the active tab.
        curves: Its curves; later ones are drawn over earlier ones.
        x: Which x axis.
        log_x: Whether the x axis is logarithmic.
        log_y: Whether the y axis is logarithmic; values of zero and below are gaps then, and counted as clipped.
        smoothing: Weight of the smoothing, 0 for none.
        x_range: Ends of the x axis, say 0 and the planned epochs; those of the points by default.
        clip: Share of the values beyond which, at either end, they are clipped; 0 for none.
        marks: Changes during the run.
        best: The best epoch, marked on the validation curve.
        cursor: Place of the cursor on the x axis.
        tabs: Titles of all charts where only one is shown; none where each has its pane.
        empty: What stands in place of a chart without points.
    """

    title: str
    curves: tuple[Curve, ...] = ()
    x: XAxis = "epoch"
    log_x: bool = False
    log_y: bool = False
    smoothing: float = 0.0
    x_range: tuple[float, float] | None = None
    clip: float = 0.0
    marks: tuple[Mark, ...] = ()
    best: Place | None = None
    cursor: float | None = None
    tabs: tuple[str, ...] = ()
    empty: Line = _NO_RUN


class Reading(msgspec.Struct, frozen=True):
    """Hold one curve's values under the cursor.

    Args:
        curve: The curve.
        place: Where its nearest point lies; `None` where the curve has none.
        raw: The value as it came.
        shown: The value as drawn, smoothed where smoothing is on.
    """

    curve: Curve
    place: Place | None = None
    raw: float | None = None
    shown: float | None = None


def readings(view: ChartView) -> list[Reading]:
    """Return what all curves of a chart say at its cursor; empty without a cursor."""
    if view.cursor is None:
        return []
    return [reading_at(view, curve, view.cursor) for curve in view.curves]


def reading_at(view: ChartView, curve: Curve, x: float) -> Reading:
    """Return what one curve says at a place."""
    series = curve.series
    index = series.index_at(view.x, x)
    if index is None:
        return Reading(curve)
    raw, shown = float(series.values[index]), float(curve.shown(view.smoothing)[index])
    return Reading(curve, series.place(index), raw, shown)
