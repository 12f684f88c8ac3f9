"""The live chart: a pane with one plot, its state and the cursor's readout in its border."""

from __future__ import annotations

from textual.geometry import Region, Size
from textual.strip import Strip

from kerastui.screens.train.plot import draw
from kerastui.screens.train.view import ChartView, readings
from kerastui.screens.widgets import words
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Span, ink_of, line_width
from kerastui.screens.widgets.panel import PanelView, Tab


class Chart(PanelView, inherit_bindings=False):
    """Show the curves of one metric; the owner shows a new view at most ten times a second.

    A view is drawn once, and only the rows that differ from the last picture are sent to the terminal.
    """

    DEFAULT_CSS = """
    Chart {
        padding: 0 1;
        overflow: hidden hidden;
    }
    """

    help_title = "chart"
    help_markdown = (
        "Blue is training, orange validation. Training values are the means over the running epoch that Keras reports, "
        "step by step; validation is measured at the end of each epoch. With smoothing, the line is an exponential "
        "moving average and the values themselves stay behind it, faint. `◆` is the epoch with the least validation "
        "loss. Smoothing and the logarithmic axis belong to the chart with the focus; x axis and cursor to all charts."
    )

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._view: ChartView | None = None
        self._strips: list[Strip] = []
        self._drawn_size = Size(0, 0)
        self._stale = True

    @property
    def view(self) -> ChartView | None:
        """What is shown; `None` before the first view."""
        return self._view

    def show(self, view: ChartView) -> None:
        """Show other curves, or the same ones with more points.

        Args:
            view: What to show; its series may be the ones of the view before.
        """
        self._view = view
        self._retitle_for(view)
        if self._drawn_size != self.size or not self.size or not self.is_on_screen:
            self._stale = True
            self.refresh()
            return
        before = self._strips
        self._draw()
        changed = [y for y, (old, new) in enumerate(zip(before, self._strips, strict=True)) if old != new]
        self.refresh(*(Region(0, y, self.size.width, 1) for y in changed)) if changed else None

    def _draw(self) -> None:
        """Draw the view at the present size."""
        self._stale = False
        self._drawn_size = self.size
        if self._view is None:
            self._strips = [Strip.blank(self.size.width)] * self.size.height
            return
        ink = ink_of(self)
        self._strips = [row.strip(ink) for row in draw(self._view, self.size.width, self.size.height)]

    def render_line(self, y: int) -> Strip:
        """Return a row of the picture, drawn anew if the size or the theme changed."""
        if self._stale or self._drawn_size != self.size:
            self._draw()
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width)

    def notify_style_update(self) -> None:
        """Draw again in the colours of another theme."""
        self._stale = True
        super().notify_style_update()

    def on_resize(self) -> None:
        """Fit the state in the border to the new width."""
        if self._view is not None:
            self._retitle_for(self._view)

    # The border

    def _retitle_for(self, view: ChartView) -> None:
        """Write title or tabs, the state of the axes and what the curves say at the cursor."""
        self.retitle(left=view.title)
        active = view.tabs.index(view.title) if view.title in view.tabs else 0
        self.set_tabs([Tab(label) for label in view.tabs], active)
        taken = sum(len(tab) + 3 for tab in view.tabs) if view.tabs else len(view.title) + 2
        drawn = any(len(curve.series) for curve in view.curves)
        self.retitle(right=_state(view, max(0, self.outer_size.width - taken - 8)) if drawn else "")


def _state(view: ChartView, room: int) -> tuple[Span, ...]:
    """Return what stands right in the border: readout at the cursor always, of the axes what there is room for."""
    readout = _readout(view)
    parts = [f"smooth {view.smoothing:g}"] if view.smoothing else []
    parts += ["log y" if view.log_y else "linear", f"log {view.x}" if view.log_x else view.x]
    while parts:
        axes = f" {glyphs().separator} ".join(parts)
        gap = "   " if readout else ""
        if line_width(axes + gap) + line_width(readout) <= room:
            return ((axes, "muted"), (gap, "muted"), *readout)
        parts.pop()
    return readout


def _readout(view: ChartView) -> tuple[Span, ...]:
    """Return place and values at the cursor, each value in the colour of its curve."""
    if view.cursor is None:
        return ()
    place = words.duration(view.cursor) if view.x == "time" else f"{view.cursor:,.4g}"
    if view.x == "step":
        place = words.count(round(view.cursor))
    values = [(f"  {words.metric(reading.shown)}", reading.curve.role) for reading in readings(view)]
    return ((glyphs().vertical, "primary"), (f" {place}", "text bold"), *values)
