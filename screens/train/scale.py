"""The axes of a chart as numbers: which dot a value falls on, and which values get a tick.

A dot is half a cell wide and a quarter of one high. plotext rounds values to dots by the formula of `Scale.dots_of`;
everything else on a chart does so too, and a tick stands beside the dot it names.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from kerastui.screens.widgets import words

Floats: TypeAlias = npt.NDArray[np.float64]

DOTS_ACROSS, DOTS_DOWN = 2, 4
"""Braille dots of one terminal cell."""
FEWEST, MOST = 3, 7
"""Ticks on an axis."""

_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400)


@dataclass(frozen=True, slots=True)
class Scale:
    """Map the values of one axis to its dots.

    Args:
        low: Value at the first dot.
        high: Value at the last dot, above `low`.
        dots: Number of dots.
        log: Whether the axis is logarithmic; `low` must be above zero then.
    """

    low: float
    high: float
    dots: int
    log: bool = False

    def _units(self, values: Floats) -> Floats:
        """Return values in the axis' own measure: themselves, or their decimal logarithm (NaN where there is none)."""
        if not self.log:
            return values
        return np.log10(np.where(values > 0, values, np.nan))

    def dots_of(self, values: Floats) -> Floats:
        """Return the dot of each value, counted from `low`; outside of the axis below 0 or above, NaN for NaN."""
        low, high = self._units(np.array([self.low, self.high]))
        places = 0.5 + (self.dots - 1) * (self._units(values) - low) / (high - low)
        dots: Floats = np.floor(np.round(places, 8))
        return dots

    def dot(self, value: float) -> int | None:
        """Return the dot of one value, or `None` where it is not on the axis."""
        place = self.dots_of(np.array([value], dtype=np.float64))[0]
        return int(place) if 0 <= place < self.dots else None

    def value(self, dot: float) -> float:
        """Return the value in the middle of a dot."""
        low, high = self._units(np.array([self.low, self.high]))
        units = low + (high - low) * dot / max(1, self.dots - 1)
        return float(10**units if self.log else units)

    def edges(self) -> Floats:
        """Return the `dots + 1` limits of the dots: a value from `edges[k]` to below `edges[k + 1]` is on dot `k`."""
        low, high = self._units(np.array([self.low, self.high]))
        # A value half a billionth of a dot below the middle is rounded up by `dots_of` too.
        places = np.arange(self.dots + 1) - 0.5 - 5e-9
        units: Floats = low + (high - low) * places / max(1, self.dots - 1)
        return np.power(10.0, units) if self.log else units


class Tick(NamedTuple):
    """Name a value on an axis and how it is written."""

    value: float
    label: str


Kind: TypeAlias = Literal["number", "whole", "time"]


def ticks(low: float, high: float, wanted: int, *, log: bool = False, kind: Kind = "number") -> list[Tick]:
    """Choose round values between two ends of an axis.

    Args:
        low: Value at the start of the axis.
        high: Value at its end, above `low`.
        wanted: How many ticks suit the length of the axis; kept within three to seven where the values allow it.
        log: Whether the axis is logarithmic.
        kind: `number`; `whole` for counts, which have no fractions; `time` for seconds, written as durations.
    """
    wanted = min(max(wanted, FEWEST), MOST)
    if log and (spread := _log_values(low, high, wanted)):
        return [Tick(value, _plain(value)) for value in spread]
    if kind == "time":
        step = _best_step(low, high, wanted, _time_steps(high - low))
        return [Tick(value, words.duration(value)) for value in _multiples(low, high, step)]
    steps = [each for each in _round_steps(high - low) if kind == "number" or each >= 1]
    step = _best_step(low, high, wanted, steps or [1.0])
    return [Tick(value, _written(value, step)) for value in _multiples(low, high, step)]


def rounded_out(low: float, high: float, *, log: bool = False) -> tuple[float, float]:
    """Widen a range of values to round ends, so that an axis moves seldom while values come in.

    Args:
        low: Smallest value.
        high: Largest value.
        log: Whether the axis is logarithmic; both values must be above zero then.
    """
    if log:
        grain = 8  # per decade: ends such as 3.16, 2.37, 1.78
        start, stop = math.floor(math.log10(low) * grain + 1e-9), math.ceil(math.log10(high) * grain - 1e-9)
        start, stop = (start, stop) if stop > start else (start - 1, stop + 1)
        return 10 ** (start / grain), 10 ** (stop / grain)
    # A span at the end of what floats can tell apart is none: its steps would be rounded to 0.
    if high - low <= 1e-12 * max(abs(low), abs(high), 1e-280):
        reach = abs(low) * 0.1 or 1.0
        return low - reach, high + reach
    grain_step = _best_step(low, high, 5, _round_steps(high - low)) / 4
    return math.floor(low / grain_step + 1e-9) * grain_step, math.ceil(high / grain_step - 1e-9) * grain_step


def _round_steps(span: float) -> list[float]:
    """Return the steps 1, 2, 2.5 and 5 times a power of ten that could part a span, ascending."""
    exponent = math.floor(math.log10(span)) if span > 0 else 0
    return [factor * 10.0**power for power in (exponent - 1, exponent, exponent + 1) for factor in (1, 2, 2.5, 5)]


def _time_steps(span: float) -> list[float]:
    """Return the steps in seconds that could part a span: round on the clock, then whole days."""
    days = [86_400 * each for each in _round_steps(max(span / 86_400, 10)) if each >= 2 and each == int(each)]
    return [*map(float, _SECONDS), *days]


def _multiples(low: float, high: float, step: float) -> list[float]:
    """Return the multiples of a step from `low` to `high`, both ends included."""
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def _best_step(low: float, high: float, wanted: int, steps: Sequence[float]) -> float:
    """Return the step whose number of ticks is nearest to the wanted one, within three to seven if any is."""

    def misfit(step: float) -> tuple[bool, float]:
        count = math.floor(high / step + 1e-9) - math.ceil(low / step - 1e-9) + 1
        odd = f"{step:e}".startswith("2.5")  # 0, 2.5, 5 reads worse than 0, 2, 4
        return not FEWEST <= count <= MOST, abs(count - wanted) + 1.5 * odd

    return min(steps, key=misfit)


def _log_values(low: float, high: float, wanted: int) -> list[float]:
    """Return ticks of a logarithmic axis; none where it spans so little that evenly spaced ones serve better."""
    first, last = math.floor(math.log10(low) - 1e-9), math.ceil(math.log10(high) + 1e-9)
    sets = [
        [factor * 10.0**power for power in range(first, last + 1) for factor in factors]
        for factors in ((1,), (1, 3), (1, 2, 5))
    ]
    sets += [
        [10.0**power for power in range(first, last + 1) if power % stride == 0] for stride in (2, 3, 5, 10, 20, 50)
    ]
    inside = [[value for value in each if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)] for each in sets]
    fitting = [each for each in inside if FEWEST <= len(each) <= MOST]
    return min(fitting, key=lambda each: abs(len(each) - wanted), default=[])


def _plain(value: float) -> str:
    """Write a tick that stands for itself: `0.03`, `3`, `1,000`, `10 k`, `3e-4`."""
    if abs(value) >= 10_000:
        return words.compact(round(value))
    if abs(value) >= 1:
        return f"{value:,.0f}" if value == round(value) else f"{value:,.4g}"
    return words.rate(float(f"{value:.6g}"))


def _written(value: float, step: float) -> str:
    """Write a tick of an evenly parted axis: all with the decimals that tell two neighbours apart."""
    value = 0.0 if abs(value) < step / 1e6 else value
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    decimals += f"{step:e}".startswith("2.5") and step < 10
    if decimals > 4:
        return words.rate(value)
    if step >= 1_000 and abs(value) >= 10_000:
        return words.compact(round(value))
    return words.metric(value, decimals)
