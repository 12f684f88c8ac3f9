"""The numbers a chart is drawn from: append-only series, their smoothing, and their reduction to the columns of a plot.

Nothing here knows the terminal. A series grows point by point and is never rewritten, so everything derived from it
(minimum, maximum, smoothed values) is extended instead of computed anew.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from kerastui.screens.train.scale import Scale

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.intp]
Flags: TypeAlias = npt.NDArray[np.bool_]
XAxis: TypeAlias = Literal["step", "epoch", "time"]

_FIRST_CAPACITY = 256
_BLOCK = 64
"""Points smoothed by one matrix product: 1 M points take 30 ms, against 250 ms in a loop."""
_SAMPLE = 16_384
"""Points that percentiles are taken from; more would cost 10 ms per million and move the limits by less than a row."""


class Place(NamedTuple):
    """Name a moment of a run on each of the three x axes."""

    step: int
    epoch: float
    time: float


class Series:
    """Store the values of one metric of one run, in the order they came.

    Args:
        name: What the values are, as `loss` or `val_loss`.

    Example:
        >>> loss = Series("loss")
        >>> loss.append(1, 0.1, 0.02, 2.31)
        >>> len(loss), loss.maximum
        (1, 2.31)
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.minimum = math.inf
        """Smallest finite value so far; `inf` while there is none."""
        self.maximum = -math.inf
        """Largest finite value so far; `-inf` while there is none."""
        self.gaps = 0
        """How many values are not finite."""
        self._length = 0
        self._rows = np.empty((4, _FIRST_CAPACITY))
        self._smoothing: Smoothing | None = None

    def __len__(self) -> int:
        return self._length

    def append(self, step: int, epoch: float, time: float, value: float) -> None:
        """Add one point.

        Args:
            step: Training steps done, counted over the whole run.
            epoch: Epochs done, with the fraction of the running one.
            time: Seconds since the run began, pauses left out.
            value: The metric there; NaN and infinities are kept and drawn as gaps.

        Raises:
            ValueError: If step, epoch or time is less than that of the point before.
        """
        end = self._length
        if end:
            last = self._rows[:3, end - 1]
            if not (step >= last[0] and epoch >= last[1] and time >= last[2]):
                raise _backwards(last.tolist(), (step, epoch, time))
        self._reserve(end + 1)
        self._rows[:, end] = (step, epoch, time, value)
        self._length = end + 1
        if math.isfinite(value):
            self.minimum = min(self.minimum, value)
            self.maximum = max(self.maximum, value)
        else:
            self.gaps += 1

    def extend(
        self, steps: Sequence[int], epochs: Sequence[float], times: Sequence[float], values: Sequence[float]
    ) -> None:
        """Add several points at once; arguments as for `append`, all of one length.

        Raises:
            ValueError: If steps, epochs or times ever decrease, or are NaN.
        """
        rows = np.array([steps, epochs, times, values], dtype=np.float64)
        count = rows.shape[1]
        places = np.hstack([self._rows[:3, max(0, self._length - 1) : self._length], rows[:3]])
        falls = ~(places[:, 1:] >= places[:, :-1]).all(axis=0)
        if falls.any():
            at = int(np.argmax(falls))
            raise _backwards(places[:, at].tolist(), places[:, at + 1].tolist())
        self._reserve(self._length + count)
        self._rows[:, self._length : self._length + count] = rows
        self._length += count
        finite = rows[3][np.isfinite(rows[3])]
        self.gaps += count - finite.size
        if finite.size:
            self.minimum = min(self.minimum, float(finite.min()))
            self.maximum = max(self.maximum, float(finite.max()))

    def _reserve(self, length: int) -> None:
        """Make room for `length` points, doubling, so that a point costs the same however long the series is."""
        capacity = self._rows.shape[1]
        if length > capacity:
            grown = np.empty((4, max(length, 2 * capacity)))
            grown[:, : self._length] = self._rows[:, : self._length]
            self._rows = grown

    def x(self, axis: XAxis) -> Floats:
        """Return the points' places on an x axis, a view of shape `(len(self),)`."""
        return self._rows[("step", "epoch", "time").index(axis), : self._length]

    @property
    def values(self) -> Floats:
        """The values as they came, a view of shape `(len(self),)`."""
        return self._rows[3, : self._length]

    def place(self, index: int) -> Place:
        """Return where a point lies on the three x axes; a negative index counts from the end."""
        step, epoch, time = self._rows[:3, : self._length][:, index].tolist()
        return Place(int(step), epoch, time)

    def smoothed(self, weight: float) -> Floats:
        """Return the values under TensorBoard's smoothing; repeated calls with one weight only compute what is new.

        Args:
            weight: From 0 (the values themselves) to below 1.
        """
        if weight == 0:
            return self.values
        if self._smoothing is None or self._smoothing.weight != weight:
            self._smoothing = Smoothing(weight)
        return self._smoothing.extended(self.values)

    def index_at(self, axis: XAxis, x: float) -> int | None:
        """Return the index of the point nearest to a place on an x axis; `None` outside of the points."""
        xs = self.x(axis)
        if not xs.size or not xs[0] <= x <= xs[-1]:
            return None
        right = int(np.searchsorted(xs, x))
        return right - 1 if right and x - xs[right - 1] < xs[right] - x else right


def _backwards(last: Sequence[float], place: Sequence[float]) -> ValueError:
    """Return the error of a point that lies before the one before it."""
    return ValueError(
        "step, epoch and time must not decrease within a series. "
        f"Received: step, epoch, time={tuple(place)} after {tuple(last)}"
    )


class Smoothing:
    """Smooth a growing sequence as TensorBoard does: an exponential moving average, debiased.

    With weight `w` the n-th finite value `v` gives `a = w·a + (1 − w)·v` and is shown as `a / (1 − wⁿ)`.
    Values that are not finite neither count nor show.

    Args:
        weight: `w`, at least 0 and below 1.

    Raises:
        ValueError: If the weight lies outside.
    """

    def __init__(self, weight: float) -> None:
        if not 0 <= weight < 1:
            raise ValueError(f"weight must be at least 0 and below 1. Received: weight={weight}")
        self.weight = weight
        self._done = 0
        self._count = 0
        self._average = 0.0
        self._out = np.empty(_FIRST_CAPACITY)
        ages = np.subtract.outer(np.arange(_BLOCK), np.arange(_BLOCK))
        self._within = np.where(ages >= 0, (1 - weight) * weight ** np.maximum(ages, 0).astype(float), 0.0)
        self._decay = weight ** np.arange(1.0, _BLOCK + 1)

    def extended(self, values: Floats) -> Floats:
        """Return the smoothed values of a sequence that begins with the one given last time.

        Args:
            values: The whole sequence, shape `(n,)`.

        Returns:
            Shape `(n,)`, a view that stays valid as the sequence grows.
        """
        if values.size > self._out.size:
            grown = np.empty(max(values.size, 2 * self._out.size))
            grown[: self._done] = self._out[: self._done]
            self._out = grown
        fresh = values[self._done :]
        if fresh.size:
            finite = np.isfinite(fresh)
            out = self._out[self._done : values.size]
            out[:] = np.nan
            out[finite] = self._average_of(fresh[finite])
            self._done = values.size
        return self._out[: values.size]

    def _average_of(self, values: Floats) -> Floats:
        """Carry the average through further finite values."""
        averages = np.empty(values.size)
        for start in range(0, values.size, _BLOCK):
            block = values[start : start + _BLOCK]
            size = block.size
            into = averages[start : start + size]
            into[:] = self._within[:size, :size] @ block + self._decay[:size] * self._average
            self._average = float(into[-1])
        counts = np.arange(self._count + 1, self._count + values.size + 1, dtype=np.float64)
        self._count += values.size
        return averages / (1 - self.weight**counts)


class Columns(NamedTuple):
    """Hold a curve reduced to the dot columns of a plot; every array has one item per column that holds a point."""

    dots: Integers
    """Which column of dots, from 0, ascending."""
    first: Floats
    last: Floats
    low: Floats
    high: Floats
    counts: Integers
    """How many points fell into the column."""
    joined: Flags
    """Whether the curve runs on from the column before; `False` where it begins and after a gap."""

    @property
    def dense(self) -> bool:
        """Whether some column holds more points than can be told apart."""
        return bool(self.counts.size) and int(self.counts.max()) > 4

    @property
    def filled(self) -> bool:
        """Whether no column between the first and the last is empty, so that no line has to be drawn across one."""
        return bool(self.dots.size) and int(self.dots[-1] - self.dots[0]) == self.dots.size - 1


def reduce(x: Floats, y: Floats, scale: Scale, keep: Callable[[Floats], Flags] | None = np.isfinite) -> Columns:
    """Reduce a curve to the columns of a plot: first, last, smallest and largest value of each, so no spike is lost.

    Args:
        x: Places of the points, not decreasing, shape `(n,)`.
        y: Their values, shape `(n,)`.
        scale: The x axis; its dots are the columns. Points beyond its ends are left out.
        keep: Tells which values can be drawn; the others leave gaps. Defaults to the finite ones; `None` is for values
            known to be drawable, and saves half of the time.
    """
    edges = scale.edges()
    begin, end = np.searchsorted(x, edges[[0, -1]])
    x, y = x[begin:end], y[begin:end]
    places = None
    if keep is not None and not (kept := keep(y)).all():
        places = np.flatnonzero(kept)
    if places is not None:
        x, y = x[places], y[places]
    cuts = np.searchsorted(x, edges)
    counts = np.diff(cuts)
    index = np.flatnonzero(counts)
    starts, stops = cuts[index], cuts[index + 1]
    joined = np.ones(index.size, dtype=np.bool_)
    joined[:1] = False
    if places is not None:
        joined[1:] = places[starts[1:]] - places[starts[1:] - 1] == 1
    if not index.size:
        empty = np.empty(0)
        return Columns(index, empty, empty, empty, empty, counts[index], joined)
    low, high = np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts)
    return Columns(index, y[starts], y[stops - 1], low, high, counts[index], joined)


def percentile_range(values: Floats, share: float) -> tuple[float, float]:
    """Return the limits between which all but a share of the finite values lie at either end.

    Args:
        values: The values, any order; at most some 16,000 of them, evenly picked, are looked at.
        share: Part of the values beyond each limit, from 0 to below 0.5.

    Returns:
        Lower and upper limit; both NaN without a finite value.
    """
    picked = values[:: max(1, values.size // _SAMPLE)]
    picked = picked[np.isfinite(picked)]
    if not picked.size:
        return math.nan, math.nan
    low, high = np.quantile(picked, [share, 1 - share])
    return float(low), float(high)


def outside(values: Floats, low: float, high: float) -> tuple[int, int]:
    """Count the values below and above two limits; infinities count, NaN does not."""
    return int(np.count_nonzero(values < low)), int(np.count_nonzero(values > high))
