"""With XLA or without: found out while training, in chunks that are part of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

SETTLED = 0.4
"""Seconds of chunks without XLA before it is tried: their time a step is then known, and the run is no short one."""

WORTH = 4.0
"""Times that the rest of the run must be as long as what compiling took so far. XLA takes one to three times that."""

MARGIN = 0.9
"""XLA is kept if a step takes less than this share of the time without: above, it is noise."""

HOPELESS = 4.0
"""Times that a step may take under XLA before the race ends early: a convolution on a CPU can take 20."""

TRIAL_SECONDS = 0.03
"""About how long a trial chunk is to take. The first under XLA is one step, for not more is known of it."""

PAIRS = 5
"""Trial chunks under XLA, each followed by one without: whatever else the machine does then slows both."""


class Verdict(NamedTuple):
    """How a race came out.

    Args:
        jit_compile: Whether XLA won.
        graph: Seconds a step without XLA.
        xla: Seconds a step with it; `None` if it could not be compiled.
        compiling: Seconds that XLA took to compile.
    """

    jit_compile: bool
    graph: float
    xla: float | None
    compiling: float


class Race:
    """Choose for each chunk whether it runs under XLA, and learn from how long it took.

    Args:
        recall: Gives the verdict of an earlier run of the same, or `None`. Asked when the race would begin. Defaults
            to `None`: there is none.
        tell: Called with the verdict of this run. Defaults to `None`.

    Example:
        >>> race = Race()
        >>> race.took(False, steps=1, seconds=0.3, compiled=False)  # tracing
        >>> race.took(False, steps=100, seconds=0.5, compiled=True)
        >>> race.use_xla(steps_left=10_000)
        True
        >>> race.trial_steps
        1
    """

    def __init__(
        self, recall: Callable[[], Verdict | None] | None = None, tell: Callable[[Verdict], None] | None = None
    ) -> None:
        self.verdict: Verdict | None = None
        self._recall = recall
        self._tell = tell
        self._tracing = self._graph_seconds = 0.0
        self._graph: float | None = None
        self._compiling: float | None = None
        self._trials: dict[bool, list[float]] = {True: [], False: []}

    @property
    def trial_steps(self) -> int | None:
        """Steps of the next chunk while XLA is tried; `None` before, and once the race is decided."""
        if self.verdict is not None or self._compiling is None:
            return None
        known = min(self._trials[True], default=None) if self._xla_is_next else self._graph
        return max(1, int(TRIAL_SECONDS / known)) if known else 1

    def use_xla(self, steps_left: int) -> bool:
        """Say whether the next chunk runs under XLA.

        Args:
            steps_left: Steps until the end of the run.
        """
        if self.verdict is not None:
            return self.verdict.jit_compile and (self._compiling is not None or self._pays(self.verdict, steps_left))
        if self._compiling is not None:
            return self._xla_is_next
        settled = self._graph is not None and self._graph_seconds >= SETTLED
        if not settled or steps_left * (self._graph or 0.0) <= WORTH * self._tracing:
            return False
        self.verdict = self._recall() if self._recall is not None else None
        self._recall = None
        return self.verdict is None or self.use_xla(steps_left)

    def took(self, jit_compile: bool, steps: int, seconds: float, compiled: bool) -> None:
        """Take note of a chunk.

        Args:
            jit_compile: Whether it ran under XLA.
            steps: Its steps.
            seconds: How long it took.
            compiled: Whether it had been compiled before.
        """
        each = seconds / steps
        if jit_compile and self._compiling is None:
            self._compiling = 0.0  # an earlier call of the model's did it
        if not compiled:
            self._tracing, self._compiling = (self._tracing, seconds) if jit_compile else (seconds, self._compiling)
            return
        if not jit_compile:
            self._graph = min(each, self._graph or each)
            self._graph_seconds += seconds
        if self.verdict is None and self._compiling is not None:
            self._trials[jit_compile].append(each)
            self._judge()

    def failed(self) -> None:
        """Take note that XLA cannot compile it."""
        self._decide(Verdict(False, self._graph or 0.0, None, 0.0))

    def pays_once_more(self, seconds: float, times: int) -> bool:
        """Say whether XLA shall compile the step once more, for what is run now and then without.

        Args:
            seconds: How long it takes without; infinite as long as that is not known.
            times: How often it will run.
        """
        known = self.verdict
        if known is None or not known.jit_compile or not math.isfinite(seconds):
            return False
        return times * seconds * (1 - (known.xla or 0.0) / known.graph) > WORTH * known.compiling

    @property
    def _xla_is_next(self) -> bool:
        return len(self._trials[True]) <= len(self._trials[False])

    def _pays(self, known: Verdict, steps_left: int) -> bool:
        return known.xla is not None and steps_left * (known.graph - known.xla) > known.compiling

    def _judge(self) -> None:
        with_xla, without = self._trials[True], self._trials[False]
        hopeless = len(with_xla) >= 2 and min(with_xla) > HOPELESS * (self._graph or 0.0)
        if hopeless or len(without) > PAIRS:
            # The first pair is left out: its one step under XLA says little.
            ratios = [a / b for a, b in zip(with_xla[1:], without[1:], strict=False)]
            won = not hopeless and median(ratios) < MARGIN
            compiling = self._compiling or 0.0
            self._decide(Verdict(won, min([*without, self._graph or 0.0]), min(with_xla), compiling))

    def _decide(self, verdict: Verdict) -> None:
        self.verdict = verdict
        if self._tell is not None:
            self._tell(verdict)
