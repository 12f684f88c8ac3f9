"""The clock of a training run: how long it took, how fast it goes, how long it will take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

WINDOW_SECONDS = 5.0
"""Speed is taken over this stretch of training: long enough to be calm, short enough to follow a change."""


class Pace:
    """Measure a run, leaving out the time it was held.

    Speed counts only the time inside epochs up to their last batch, and starts after the first batch, which is spent
    building the graph. The time between an epoch's last batch and its end (validation, callbacks) is kept apart and
    enters the ETA once for each epoch to come.

    Args:
        clock: Gives seconds; a test passes its own. Defaults to `time.perf_counter`.

    Example:
        >>> seconds = iter([0.0, 1.0, 3.0, 5.0])
        >>> pace = Pace(clock=lambda: next(seconds))
        >>> pace.hold()
        >>> pace.release()
        >>> pace.elapsed()
        3.0
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._origin = clock()
        self._held_since: float | None = None
        self._held = 0.0
        self._mark = 0.0
        self._trained = 0.0
        self._between = 0.0
        self._epochs = 0
        self._steps = 0
        self._samples: deque[tuple[float, int]] = deque()

    def elapsed(self) -> float:
        """Seconds since the start, without those the run was held."""
        now = self._clock() if self._held_since is None else self._held_since
        return now - self._origin - self._held

    def hold(self) -> None:
        """Stop the clock."""
        self._held_since = self._clock()

    def release(self) -> None:
        """Let the clock go on."""
        if self._held_since is not None:
            self._held += self._clock() - self._held_since
            self._held_since = None

    def epoch_began(self) -> None:
        """Note that batches follow."""
        self._mark = self.elapsed()

    def batches_done(self, count: int) -> None:
        """Note that `count` more batches of the epoch are done."""
        now = self.elapsed()
        self._trained += now - self._mark
        self._mark = now
        self._steps += count
        if not self._samples:
            self._samples.append((self._trained, self._steps))

    def epoch_ended(self) -> None:
        """Note that the epoch and its validation are over."""
        self._between += self.elapsed() - self._mark
        self._epochs += 1

    def steps_per_second(self) -> float | None:
        """Batches a second over the last `WINDOW_SECONDS` of training; `None` before there are two readings."""
        if not self._samples:
            return None
        while len(self._samples) > 1 and self._trained - self._samples[1][0] >= WINDOW_SECONDS:
            self._samples.popleft()
        trained, steps = self._samples[0]
        if self._trained > self._samples[-1][0]:
            self._samples.append((self._trained, self._steps))
        if self._steps == steps or self._trained <= trained:
            return None
        return (self._steps - steps) / (self._trained - trained)

    def eta(self, steps: int, epochs: int, steps_per_second: float) -> float:
        """Seconds for `steps` more batches and the ends of `epochs` more epochs."""
        between = self._between / self._epochs if self._epochs else 0.0
        return steps / steps_per_second + epochs * between
