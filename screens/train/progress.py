"""How far a run is: its summary line and its progress bar."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec
from textual.strip import Strip
from textual.widget import Widget

from kerastui.screens.widgets import words
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Cells, Span, ink_of, line_width

State: TypeAlias = Literal[
    "starting", "training", "pausing", "paused", "stopping", "stopped", "finished", "failed", "lost"
]

_MARKS: dict[State, tuple[str, str]] = {
    "starting": ("starting", "muted"),
    "training": ("running", "success"),
    "pausing": ("running", "warning"),
    "paused": ("paused", "warning"),
    "stopping": ("running", "warning"),
    "stopped": ("stopped", "muted"),
    "finished": ("ok", "success"),
    "failed": ("error", "error"),
    "lost": ("lost", "error"),
}
_WIDE = 100
"""Terminal columns from which the summary line holds all of its pairs."""


class RunView(msgspec.Struct, frozen=True):
    """Hold what the summary line and the bar say; `None` shows as missing or leaves the pair out.

    Args:
        state: What the run is doing.
        run: Its number.
        epoch: The running epoch, counted from 1; 0 before the first.
        epochs: How many are planned.
        step: Steps done in the running epoch.
        steps: Steps of an epoch, `None` while unknown.
        lr: The learning rate now.
        batch: Samples in a step.
        speed: Samples per second.
        elapsed: Seconds since the run began, pauses left out.
        eta: Seconds it will take from now.
        best_epoch: The best epoch so far.
        done: How much of the planned steps is done, 0 to 1; reckoned from epoch and step by default.
    """

    state: State
    run: int | None = None
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps: int | None = None
    lr: float | None = None
    batch: int | None = None
    speed: float | None = None
    elapsed: float | None = None
    eta: float | None = None
    best_epoch: int | None = None
    done: float | None = None

    @property
    def share(self) -> float:
        """How much of the planned steps is done, 0 to 1."""
        if self.done is not None:
            return self.done
        if not self.epochs or not self.epoch:
            return 0.0
        within = min(self.step / self.steps, 1.0) if self.steps else 0.0
        return min((self.epoch - 1 + within) / self.epochs, 1.0)


def _form(width: int) -> tuple[bool, int]:
    """Return whether a line this wide holds all pairs, and how far its text stands from the edges."""
    return (True, 2) if width >= _WIDE else (False, 1)


def _pair(label: str, value: str, rest: str = "", weight: str = "text") -> tuple[Span, ...]:
    """Return a muted label with its value, and what follows the value muted again."""
    return ((f"{label} ", "muted"), (value, weight), (rest, "muted"))


def _doing(view: RunView, wide: bool) -> list[tuple[Span, ...]]:
    """Return the pairs on the left: what runs."""
    mark, style = _MARKS[view.state]
    pairs: list[tuple[Span, ...]] = [((getattr(glyphs(), mark), style), (f" {view.state}", "text bold"))]
    if view.run is not None:
        pairs.append(_pair("run", words.count(view.run)))
    if view.epochs:
        total = words.count(view.epochs)
        pairs.append(_pair("epoch", f"{words.count(view.epoch):>{len(total)}}", f"/{total}", "text bold"))
    if view.steps:
        total = words.count(view.steps)
        pairs.append(_pair("step", f"{words.count(view.step):>{len(total)}}", f"/{total}"))
    if wide and view.lr is not None:
        pairs.append(_pair("lr", words.rate(view.lr)))
    if wide and view.batch is not None:
        pairs.append(_pair("batch", words.count(view.batch)))
    return pairs


def _pace(view: RunView, wide: bool) -> list[tuple[Span, ...]]:
    """Return the pairs on the right: how fast, how long."""
    pairs: list[tuple[Span, ...]] = []
    if wide and view.speed is not None:
        pairs.append(((words.count(round(view.speed)), "text bold"), (" samples/s", "muted")))
    over = view.state in ("stopped", "finished", "failed", "lost")
    if (wide or over) and view.elapsed is not None:
        pairs.append(_pair("elapsed", words.duration(view.elapsed)))
    if not over and view.epochs:
        pairs.append(_pair("ETA", words.duration(view.eta), weight="text bold"))
    return pairs


def _joined(pairs: list[tuple[Span, ...]], gap: int) -> tuple[Span, ...]:
    """Return pairs as one line, parted by blanks."""
    line: list[Span] = []
    for index, pair in enumerate(pairs):
        line += [(" " * gap, ""), *pair] if index else pair
    return tuple(line)


class RunLine(Widget):
    """Show in one row what a run is doing and how fast; below 100 columns only what the mock-up of 80 keeps."""

    DEFAULT_CSS = """
    RunLine { height: 1; width: 1fr; background: $background; }
    """

    _view: RunView | None = None

    def show(self, view: RunView) -> None:
        """Show other figures; nothing is redrawn if they are the same.

        Args:
            view: The figures.
        """
        if view != self._view:
            self._view = view
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the row."""
        cells = Cells(self.size.width, "background")
        if self._view is not None:
            wide, inset = _form(cells.width)
            start = cells.put_right(cells.width - inset, _joined(_pace(self._view, wide), 3), start=inset)
            left = _doing(self._view, wide)
            roomy = wide and inset + line_width(_joined(left, 3)) < start - 1
            cells.put(inset, _joined(left, 3 if roomy else 2), limit=max(0, start - 1))
        return cells.strip(ink_of(self))


class ProgressBar(Widget):
    """Show in one row how much of a run is done, with a mark at the best epoch."""

    DEFAULT_CSS = """
    ProgressBar { height: 1; width: 1fr; background: $background; }
    """

    _view: RunView | None = None

    def show(self, view: RunView) -> None:
        """Show another state of the run.

        Args:
            view: The figures.
        """
        if view != self._view:
            self._view = view
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the row."""
        cells = Cells(self.size.width, "background")
        view = self._view
        if view is not None:
            _, inset = _form(cells.width)
            length = max(0, cells.width - 2 * inset - len("100 %") - 2)
            done = int(view.share * length)
            cells.put(inset, glyphs().bar * done, "primary")
            cells.put(inset + done, glyphs().bar_rest * (length - done), "grid")
            if view.best_epoch and view.epochs and length:
                place = min(round(view.best_epoch / view.epochs * length), length - 1)
                cells.put(inset + place, glyphs().best, "success")
            # 100 % stands for the end alone.
            share = view.share if view.share == 1 else min(view.share, 0.99)
            cells.put_right(cells.width - inset, words.percent(share), "text bold")
        return cells.strip(ink_of(self))
