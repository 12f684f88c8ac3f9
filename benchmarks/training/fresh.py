"""A process that trains a new model once: the seconds until its first step is done, and those of the whole `fit`.

Started by `processes.py` as `python -m benchmarks.training.fresh FAMILY CASE`.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from statistics import median
from typing import Any

from benchmarks.training.cases import CASES, Case
from benchmarks.training.processes import Process
from benchmarks.training.worker import HOMES, answer

FAMILIES = ("ours", "keras")
EPOCHS = 5


class Once:
    """A new model and its data.

    Args:
        family: The library.
        case: The case.
    """

    def __init__(self, family: str, case: Case) -> None:
        self._case = case
        self._keras: Any = importlib.import_module(HOMES[family])
        self._model = case.model(self._keras)
        self._data = case.arrays()

    def fit(self, epochs: int) -> dict[str, Any]:
        """Train it; give `first` and `whole`, in seconds."""
        keras: Any = self._keras
        reached: list[float] = []

        class First(keras.callbacks.Callback):  # type: ignore[misc]  # no generation of Keras ships types
            """Takes the time of the first step, or of the first call of many."""

            takes_chunks = True

            def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
                """Take it, once the loss is a number and so has been computed."""
                if not reached:
                    float(logs["loss"])
                    reached.append(time.perf_counter())

        began = time.perf_counter()
        self._model.fit(*self._data, batch_size=self._case.batch, epochs=epochs, verbose=0, callbacks=[First()])
        return {"first": reached[0] - began, "whole": time.perf_counter() - began}


def compare(case: Case, repetitions: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Train in new processes that remember nothing, one after the other.

    Args:
        case: The case.
        repetitions: Processes of each library.
        tell: Called with what is going on.

    Returns:
        By library, the medians of `first` and `whole` in seconds.
    """
    times: dict[str, list[dict[str, Any]]] = {family: [] for family in FAMILIES}
    for turn in range(repetitions):
        with ExitStack() as stack:
            processes = {}
            for family in FAMILIES if turn % 2 == 0 else reversed(FAMILIES):
                home = stack.enter_context(tempfile.TemporaryDirectory())
                processes[family] = Process("benchmarks.training.fresh", family, case.name, home=home)
                stack.callback(processes[family].close)
            for process in processes.values():
                process.answer()
            for family, process in processes.items():
                times[family].append(process.ask(do="fit", epochs=EPOCHS))
    found = {
        family: {what: median(one[what] for one in all_) for what in ("first", "whole")}
        for family, all_ in times.items()
    }
    for family, one in found.items():
        tell(f"  {family}: first step after {one['first']:.2f} s, {EPOCHS} epochs {one['whole']:.2f} s")
    return found


if __name__ == "__main__":
    answer(lambda: Once(sys.argv[1], CASES[sys.argv[2]]))
