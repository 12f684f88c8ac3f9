"""Pause, resume, stop and single-step a training thread from any other thread."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition


class TrainingControl:
    """The reins of one training run: set from any thread, obeyed by the training thread between two batches.

    Args:
        while_paused: Called in the training thread between batches, and while the run is paused at each `wake()`.
            It does small jobs that need that thread and returns when there are none left. What it raises ends the
            training. Defaults to `None`: nothing is called.

    Example:
        >>> control = TrainingControl()
        >>> control.pause()
        >>> control.paused
        True
        >>> control.resume()
        >>> control.gate()
        True
        >>> control.stop()
        >>> control.gate()
        False
    """

    def __init__(self, while_paused: Callable[[], None] | None = None) -> None:
        self._while_paused = while_paused
        self._condition = Condition()
        self._paused = False
        self._stopped = False
        self._woken = False
        self._steps = 0

    @property
    def paused(self) -> bool:
        """Whether a pause was asked for and not lifted; the batch in work still ends."""
        return self._paused

    @property
    def stopped(self) -> bool:
        """Whether a stop was asked for. A stop is final."""
        return self._stopped

    def pause(self) -> None:
        """Hold the run after the batch in work."""
        with self._condition:
            self._paused = True

    def resume(self) -> None:
        """Let a held run go on; steps still owed are forgotten."""
        with self._condition:
            self._paused = False
            self._steps = 0
            self._condition.notify_all()

    def stop(self) -> None:
        """End the run after the batch in work, paused or not."""
        with self._condition:
            self._stopped = True
            self._condition.notify_all()

    def step(self) -> None:
        """Run one batch of a paused run and hold again; without effect on a run that is not paused."""
        with self._condition:
            if self._paused:
                self._steps += 1
                self._condition.notify_all()

    def wake(self) -> None:
        """Have `while_paused` called soon, though the run is held."""
        with self._condition:
            self._woken = True
            self._condition.notify_all()

    def gate(self, on_hold: Callable[[], None] | None = None, on_release: Callable[[], None] | None = None) -> bool:
        """Wait here as long as the run is paused. For the training thread, between two batches.

        Args:
            on_hold: Called before the wait, if there is one.
            on_release: Called after the wait, if there was one.

        Returns:
            Whether to go on: False once the run was stopped.
        """
        if self._may_pass():
            self._serve()
        if not self._may_pass():
            if on_hold is not None:
                on_hold()
            while not self._may_pass():
                self._serve()
                with self._condition:
                    self._condition.wait_for(self._has_news)
                    self._woken = False
            if on_release is not None:
                on_release()
        with self._condition:
            if self._paused and self._steps:
                self._steps -= 1
            return not self._stopped

    def _may_pass(self) -> bool:
        return self._stopped or not self._paused or self._steps > 0

    def _has_news(self) -> bool:
        return self._woken or self._may_pass()

    def _serve(self) -> None:
        if self._while_paused is not None:
            self._while_paused()
