"""With XLA or without: found out while training, in chunks that are part of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

SETTLED = 0.4
"""Seconds of chunks without XLA before it is tried: their time a step is then known, and the run is no short one."""

WORTH = 4.0
"""Times that the rest of the run must be as long as what compiling took so far. XLA takes one to three times that."""

MARGIN = 0.9
"""XLA is kept if a step takes less than this share of the time without: below, it is noise."""

TRIAL_SECONDS = 0.03
"""About how long a trial chunk is to take. The first is one step: on a CPU, XLA can take 20 times as long for one."""


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
        known: The verdict of an earlier run of the same, if there is one. Defaults to `None`.
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

    def __init__(self, known: Verdict | None = None, tell: Callable[[Verdict], None] | None = None) -> None:
        self.verdict = known
        self._tell = tell
        self._tracing = self._graph_seconds = 0.0
        self._graph: float | None = None
        self._xla: float | None = None
        self._compiling: float | None = None
        self._trials = 0

    @property
    def trial_steps(self) -> int | None:
        """Steps of the next chunk while XLA is tried; `None` once the race is decided."""
        if self.verdict is not None:
            return None
        return 1 if self._xla is None else max(1, int(TRIAL_SECONDS / self._xla))

    def use_xla(self, steps_left: int) -> bool:
        """Say whether the next chunk runs under XLA.

        Args:
            steps_left: Steps until the end of the run.
        """
        if self.verdict is not None:
            return self.verdict.jit_compile and (self._compiling is not None or self._pays(self.verdict, steps_left))
        if self._compiling is not None:
            return True
        settled = self._graph is not None and self._graph_seconds >= SETTLED
        return settled and steps_left * (self._graph or 0.0) > WORTH * self._tracing

    def took(self, jit_compile: bool, steps: int, seconds: float, compiled: bool) -> None:
        """Take note of a chunk.

        Args:
            jit_compile: Whether it ran under XLA.
            steps: Its steps.
            seconds: How long it took.
            compiled: Whether it had been compiled before.
        """
        each = seconds / steps
        if jit_compile:
            if not compiled:
                self._compiling = seconds
            elif self.verdict is None:
                self._tried(each)
        elif not compiled:
            self._tracing = seconds
        else:
            self._graph = min(each, self._graph or each)
            self._graph_seconds += seconds

    def failed(self) -> None:
        """Take note that XLA cannot compile it."""
        self._decide(Verdict(False, self._graph or 0.0, None, 0.0))

    def _pays(self, known: Verdict, steps_left: int) -> bool:
        return known.xla is not None and steps_left * (known.graph - known.xla) > known.compiling

    def _tried(self, each: float) -> None:
        self._xla = min(each, self._xla or each)
        self._trials += 1
        hopeless = self._xla > 3 * (self._graph or 0.0)
        if self._trials >= 3 or hopeless:
            won = self._xla < MARGIN * (self._graph or 0.0)
            self._decide(Verdict(won, self._graph or 0.0, self._xla, self._compiling or 0.0))

    def _decide(self, verdict: Verdict) -> None:
        self.verdict = verdict
        if self._tell is not None:
            self._tell(verdict)
