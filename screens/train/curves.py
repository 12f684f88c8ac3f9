"""The curves and table rows of one run, derived from its state and extended as it grows."""

from __future__ import annotations

import math
from collections.abc import Sequence

from kerastui.engine.run_state import RunState, Status
from kerastui.engine.training.events import EpochEnded
from kerastui.screens.train.epochs import EpochRow, EpochsView
from kerastui.screens.train.names import LEARNING_RATE, headings
from kerastui.screens.train.progress import RunView, State
from kerastui.screens.train.series import Place, Series, XAxis
from kerastui.screens.train.view import Curve, Mark
from kerastui.screens.widgets import words

_MOST_MARKS = 4
"""Changes of the learning rate that are marked; a schedule changes it every epoch and has a curve instead."""

_STATES: dict[Status, State] = {
    "starting": "starting",
    "running": "training",
    "paused": "paused",
    "completed": "finished",
    "early": "finished",
    "stopped": "stopped",
    "failed": "failed",
    "lost": "lost",
}


class RunCurves:
    """Hold what is drawn of a run; only what is new since the last look is read.

    Args:
        run: The run.
    """

    def __init__(self, run: RunState) -> None:
        self.run = run
        self.best: EpochEnded | None = None
        """The epoch with the least validation loss; `None` without validation."""
        self._running: dict[str, Series] = {}
        self._ended: dict[str, Series] = {}
        self._places: list[Place] = []
        self._rates: list[tuple[Place, float]] = []
        self._seen = 0
        self._names: tuple[str, ...] = ()
        self._rows: list[EpochRow] = []
        self.follow()

    def follow(self) -> None:
        """Take in what the run has told since the last call."""
        for name, points in self.run.points.items():
            series = self._running.setdefault(name, Series(name))
            if fresh := points[len(series) :]:
                steps, epochs, times, values = zip(*fresh, strict=True)
                series.extend(steps, epochs, times, values)
        for epoch in self.run.history[self._seen :]:
            self._end(epoch)
        if self._seen != len(self.run.history):
            self._seen = len(self.run.history)
            best = self.run.best()
            self.best = best if best is not None and math.isfinite(best.logs["val_loss"]) else None

    def _end(self, epoch: EpochEnded) -> None:
        """Take in a finished epoch."""
        place = self._place_of(epoch)
        # A history read from a file may have been changed by hand, and a series never runs backwards.
        if self._places and any(now < before for now, before in zip(place, self._places[-1], strict=True)):
            return
        self._places.append(place)
        for name, value in epoch.logs.items():
            if name != LEARNING_RATE:
                self._ended.setdefault(name, Series(name)).append(*place, value)
        if epoch.learning_rate is not None:
            self._ended.setdefault(LEARNING_RATE, Series(LEARNING_RATE)).append(*place, epoch.learning_rate)
            if not self._rates or self._rates[-1][1] != epoch.learning_rate:
                self._rates.append((place, epoch.learning_rate))

    def _place_of(self, epoch: EpochEnded) -> Place:
        """Return where an epoch ended: its last step, also of one that was cut short."""
        steps, progress = self.run.steps, self.run.progress
        if not epoch.complete and steps and progress is not None and progress.epoch == epoch.epoch:
            done = (epoch.epoch - 1) * steps + progress.step
            return Place(done, done / steps, epoch.elapsed)
        return Place(epoch.epoch * steps, float(epoch.epoch), epoch.elapsed)

    # What can be shown ----------------------------------------------------------------------------------------------

    @property
    def names(self) -> list[str]:
        """Names of what has a chart: loss, metrics, and the learning rate if it changed."""
        return [*self.run.names, *([LEARNING_RATE] if len(self._rates) > 1 else [])]

    @property
    def axes(self) -> tuple[XAxis, ...]:
        """The x axes that can be drawn; a run read from its folder does not know its steps."""
        return ("epoch", "step", "time") if self.run.steps or self._running else ("epoch", "time")

    def of(self, name: str) -> tuple[Curve, ...]:
        """Return the curves of a loss or metric: training, then validation.

        A run read from its folder knows no values within epochs; there the epochs' own are the training curve.
        """
        ended, validation = self._ended.get(name), self._ended.get(f"val_{name}")
        if name == LEARNING_RATE:
            return (Curve("lr", ended, smooth=False),) if ended else ()
        found = []
        if name in self._running:
            found.append(Curve("train", self._running[name]))
        elif ended is not None:
            found.append(Curve("train", ended, smooth=False))
        if validation is not None:
            found.append(Curve("val", validation, "val", smooth=False))
        return tuple(found)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The changes of the learning rate, if they are few."""
        changes = self._rates[1:]
        if len(changes) > _MOST_MARKS:
            return ()
        return tuple(Mark(place, f"lr {words.rate(value)}") for place, value in changes)

    @property
    def rate_changes(self) -> Sequence[tuple[int, float, float]]:
        """The changes of the learning rate, if they are few: epoch, before, after."""
        pairs = zip(self._rates, self._rates[1:], strict=False)
        found = [(math.ceil(place.epoch), before, after) for (_, before), (place, after) in pairs]
        return found if len(found) <= _MOST_MARKS else []

    @property
    def best_place(self) -> Place | None:
        """Where the best epoch ended."""
        return None if self.best is None else self._place_of(self.best)

    def last(self, x: XAxis) -> float:
        """Return how far the run has come on an x axis."""
        ends = [series.x(x)[-1] for series in (*self._running.values(), *self._ended.values()) if len(series)]
        return float(max(ends, default=0.0))

    def moved(self, at: float, before: XAxis, after: XAxis) -> float:
        """Return a place on one x axis as a place on another one, by the nearest known point."""
        for curve in self.of("loss"):
            index = curve.series.index_at(before, at)
            if index is not None:
                return float(getattr(curve.series.place(index), after))
        return self.last(after)

    # The figures ----------------------------------------------------------------------------------------------------

    def figures(self, asked: State | None = None) -> RunView:
        """Return what the summary line and the bar show.

        Args:
            asked: What the run was asked to do and has not done yet.
        """
        run, progress = self.run, self.run.progress
        last = run.history[-1] if run.history else None
        latest = progress or last
        now = progress if run.live else None
        return RunView(
            asked or _STATES[run.status],
            run.run or None,
            progress.epoch if progress else len(run.history),
            run.epochs,
            progress.step if progress else 0,
            run.steps or None,
            latest.learning_rate if latest else None,
            run.batch_size or None,
            now.samples_per_second if now else None,
            latest.elapsed if latest else None,
            now.eta if now else None,
            None if self.best is None else self.best.epoch,
            run.done,
        )

    # The table ------------------------------------------------------------------------------------------------------

    def table(self, names: Sequence[str]) -> EpochsView:
        """Return the table of epochs.

        Args:
            names: Losses and metrics in the order of the columns; those that do not fit are left out at the end.
        """
        groups = [(name, f"val_{name}") if f"val_{name}" in self._ended else (name,) for name in names]
        columns = tuple(name for group in groups for name in group)
        if columns != self._names:
            self._names, self._rows = columns, []
        for epoch in self.run.history[len(self._rows) :]:
            self._rows.append(EpochRow(epoch.epoch, tuple(epoch.logs.get(name) for name in columns)))
        rows, running = list(self._rows), None
        progress = self.run.progress
        if self.run.live and progress is not None and (not rows or progress.epoch > rows[-1].epoch):
            running = progress.epoch
            rows.append(EpochRow(running, tuple(progress.logs.get(name) for name in columns)))
        short = headings(names)
        return EpochsView(
            tuple((short[group[0]], *("val" for _ in group[1:])) for group in groups),
            rows,
            running,
            None if self.best is None else self.best.epoch,
            columns.index("val_loss") if "val_loss" in columns else None,
        )
