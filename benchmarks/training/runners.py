"""What a worker runs: a `fit` that is held between epochs and goes on when asked, or a loop written by hand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from statistics import median
from typing import Any

EPOCHS = 1_000_000
"""Epochs of the one `fit` that is measured: more than are ever run."""

SETTLING = 1.5
"""Seconds of epochs before one counts: by then whatever is compiled or tried out while training is done."""


def settled(times: list[float]) -> bool:
    """Say whether the epochs so far are enough of a warm-up.

    Args:
        times: Seconds of each. Those of twice the median are taken to have compiled something.
    """
    usual = median(times) if times else 0.0
    normal = [one for one in times if one <= 2 * usual]
    return len(times) >= 3 and times[-1] <= 1.5 * usual and sum(normal) >= SETTLING


class Loop:
    """Epochs of a function.

    Args:
        epoch: Runs one, to its end.
    """

    plan = ""

    def __init__(self, epoch: Callable[[], object]) -> None:
        self._epoch = epoch

    def turn(self, epochs: int = 1) -> list[float]:
        """Run some epochs.

        Args:
            epochs: How many. Defaults to 1.

        Returns:
            The seconds of each.
        """
        times: list[float] = []
        while len(times) < epochs:
            began = time.perf_counter()
            self._epoch()
            times.append(time.perf_counter() - began)
        return times

    def end(self) -> None:
        """Nothing is left running."""


class Fit:
    """One call of `fit`, in a thread, that is held at the end of an epoch until its turn comes again.

    An epoch is timed from the end of the one before, so that all that happens between two counts.

    Args:
        model: A compiled model.
        keras: The namespace it was made with.
        data: Inputs and targets.
        batch: Rows of a batch.
    """

    def __init__(self, model: Any, keras: Any, data: tuple[Any, Any], batch: int) -> None:
        self._model = model
        self._go: SimpleQueue[int | None] = SimpleQueue()
        self._done: SimpleQueue[list[float] | BaseException] = SimpleQueue()
        callback = _gate(keras, self._go, self._done)

        def run() -> None:
            try:
                model.fit(*data, batch_size=batch, epochs=EPOCHS, verbose=0, callbacks=[callback])
            except BaseException as error:
                self._done.put(error)

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    @property
    def plan(self) -> str:
        """What ours says of how it runs."""
        return str(getattr(self._model, "execution_plan", ""))

    def turn(self, epochs: int = 1) -> list[float]:
        """Run some epochs.

        Args:
            epochs: How many. Defaults to 1.

        Returns:
            The seconds of each.
        """
        self._go.put(epochs)
        times = self._done.get()
        if isinstance(times, BaseException):
            raise times
        return times

    def end(self) -> None:
        """Let `fit` return."""
        self._go.put(None)
        self._thread.join()


def _gate(keras: Any, go: SimpleQueue[int | None], done: SimpleQueue[Any]) -> Any:
    class Gate(keras.callbacks.Callback):  # type: ignore[misc]  # no generation of Keras ships types
        """Waits for a turn, runs epochs until it is over, and hands in their times."""

        def __init__(self) -> None:
            super().__init__()
            self._epochs, self._began = 0, 0.0
            self._times: list[float] = []

        def on_train_begin(self, logs: Any = None) -> None:
            """Wait for the first."""
            self._wait()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            """Take the time, once the loss is a number and so has been computed."""
            float(logs["loss"])
            self._times.append(time.perf_counter() - self._began)
            if len(self._times) >= self._epochs:
                done.put(self._times)
                self._wait()
            self._began = time.perf_counter()

        def _wait(self) -> None:
            epochs = go.get()
            if epochs is None:
                self.model.stop_training = True
            self._epochs, self._times = epochs or 0, []
            self._began = time.perf_counter()

    return Gate()
