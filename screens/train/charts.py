"""What the charts show: which metrics, how smoothed, on which axes, with the cursor where."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from kerastui.screens.train.curves import RunCurves
from kerastui.screens.train.names import LEARNING_RATE, is_loss, titles
from kerastui.screens.train.series import Place, XAxis
from kerastui.screens.train.view import ChartView, Curve
from kerastui.screens.widgets.ink import Line

SMOOTHINGS = (0.0, 0.5, 0.8, 0.93)
_CLIP = 0.02
"""Share of a metric's values that may lie beyond its axis: the first batches would squeeze all that follows."""
_LABELS = 1.25
"""Length of an x axis that has room for the labels at the ends of the curves, as a multiple of the curves'."""
_FEW = 100
"""Up to so many points nothing is clipped."""


class Settings(msgspec.Struct, frozen=True):
    """Hold how the values of one metric are drawn.

    Args:
        smoothing: Weight of the smoothing.
        log_y: Whether the y axis is logarithmic.
    """

    smoothing: float = 0.5
    log_y: bool = False


class Charts:
    """Keep what the reader has chosen to see; it holds for every run."""

    def __init__(self) -> None:
        self.x: XAxis = "epoch"
        self.cursor: float | None = None
        self.metric = ""
        """The metric the reader chose; `""` before that."""
        self._settings: dict[str, Settings] = {}

    def settings(self, name: str) -> Settings:
        """Return how a metric is drawn: losses by default on a logarithmic axis and well smoothed."""
        default = Settings(0.93, True) if is_loss(name) else Settings()
        return self._settings.get(name, default)

    def smooth_more(self, name: str) -> None:
        """Choose the next weight of smoothing for a metric."""
        now = self.settings(name)
        at = SMOOTHINGS.index(now.smoothing)
        self._settings[name] = msgspec.structs.replace(now, smoothing=SMOOTHINGS[(at + 1) % len(SMOOTHINGS)])

    def toggle_log(self, name: str) -> None:
        """Change between a linear and a logarithmic y axis."""
        now = self.settings(name)
        self._settings[name] = msgspec.structs.replace(now, log_y=not now.log_y)

    def chosen(self, names: Sequence[str]) -> str:
        """Return the chosen one of some metrics, the first if none of them is; `""` if there are none."""
        return self.metric if self.metric in names else next(iter(names), "")

    def next_x(self, curves: RunCurves) -> None:
        """Choose the next x axis; the cursor stays at its moment of the run."""
        axes = curves.axes
        after = axes[(axes.index(self.x) + 1) % len(axes)] if self.x in axes else axes[0]
        if self.cursor is not None:
            self.cursor = curves.moved(self.cursor, self.x, after)
        self.x = after

    def toggle_cursor(self, curves: RunCurves) -> None:
        """Show the cursor at the best epoch, else at the end of the curves, or hide it."""
        if self.cursor is not None:
            self.cursor = None
            return
        best = curves.best_place
        self.cursor = self.x_of(best) if best is not None else curves.last(self.x)

    def x_of(self, place: Place) -> float:
        """Return a place on the x axis in use."""
        return float(getattr(place, self.x))

    def move_cursor(self, curves: RunCurves, steps: int, columns: int) -> None:
        """Move the cursor by a round amount, about a column of the chart, within the curves.

        Args:
            curves: The run.
            steps: How often, negative to the left.
            columns: Columns of the chart.
        """
        if self.cursor is None:
            return
        low, high = self._range(curves)
        stride = _round_up((high - low) / max(1, columns))
        if self.x == "step":
            stride = max(1.0, stride)
        place = (round(self.cursor / stride) + steps) * stride
        self.cursor = min(max(place, low), curves.last(self.x))

    def _range(self, curves: RunCurves) -> tuple[float, float]:
        """Return the ends of the x axis: all that is planned while the run goes on, else what there is.

        Where the end is not that of the plan, there is room for the labels at the ends of the curves.
        """
        run = curves.run
        room = curves.last(self.x) * _LABELS
        planned = {"epoch": run.epochs, "step": run.epochs * run.steps, "time": 0}[self.x]
        if planned and (run.live or run.status == "completed"):
            return 0.0, float(planned)
        return 0.0, min(room, planned) if planned else room

    def view(self, curves: RunCurves, name: str, tabs: Sequence[str], empty: Line) -> ChartView:
        """Return what the chart of a metric shows.

        Args:
            curves: The run.
            name: The metric.
            tabs: The metrics this chart has tabs for; none for a single one.
            empty: What stands in place of a chart without points.
        """
        words = titles(curves.names or [name])
        shown = curves.of(name)
        settings = self.settings(name)
        return ChartView(
            words.get(name, name),
            shown,
            x=self.x,
            log_y=settings.log_y and name != LEARNING_RATE,
            smoothing=settings.smoothing if any(curve.smooth for curve in shown) else 0.0,
            x_range=self._range(curves),
            clip=_CLIP if not is_loss(name) and _points(shown) > _FEW else 0.0,
            marks=curves.marks,
            best=curves.best_place if len(shown) > 1 else None,
            cursor=self.cursor,
            tabs=tuple(words.get(tab, tab) for tab in tabs) if len(tabs) > 1 else (),
            empty=empty,
        )


def _points(shown: Sequence[Curve]) -> int:
    """Return how many points the longest curve has."""
    return max((len(curve.series) for curve in shown), default=0)


def _round_up(amount: float) -> float:
    """Return the next of 1, 2, 5, 10, 20 … above an amount."""
    if amount <= 0:
        return 1.0
    power = float(10.0 ** math.floor(math.log10(amount)))
    return next((power * factor for factor in (1.0, 2.0, 5.0) if power * factor >= amount), power * 10)
