"""A process that trains as stock Keras does and compares the weights.

Started by `processes.py` as `python -m benchmarks.training.exactness ours CASE`.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.training.cases import CASES, Case
from benchmarks.training.processes import Process
from benchmarks.training.worker import HOMES, answer

EPOCHS, BATCHES, BATCH = 4, 25, 32
"""A hundred steps; batches of 32 rows at most, which is enough to see a difference."""


class Compared:
    """A case, trained by stock Keras and by us, with XLA and without.

    Args:
        case: The case.
    """

    def __init__(self, case: Case) -> None:
        self._case = replace(case, batch=min(case.batch, BATCH))
        self._data = case.arrays(BATCHES * self._case.batch)
        self._start: list[Any] | None = None

    def weights(self) -> dict[str, dict[str, float]]:
        """Give how far weights are from those of Keras without XLA: ours as `plain` and `xla`, its own as `stock_xla`.

        And its own as `nudged`, from weights each of which is the next greater float: what a model makes of a last bit.
        Each is the three weights that are farthest, by their paths: the norm of the difference by the norm of the
        weight. A model that is hopeless under XLA has no figures of it.
        """
        expected = self._trained("keras", False)
        found = {
            "plain": _apart(self._trained("ours", False), expected),
            "nudged": _apart(self._trained("keras", False, nudged=True), expected),
        }
        if not self._case.deep:
            found["xla"] = _apart(self._trained("ours", True), expected)
            found["stock_xla"] = _apart(self._trained("keras", True), expected)
        return found

    def _trained(self, family: str, jit_compile: bool, nudged: bool = False) -> dict[str, Any]:
        keras: Any = importlib.import_module(HOMES[family])
        model = self._case.model(keras, dropout=False, jit_compile=jit_compile)
        self._start = self._start or model.get_weights()
        model.set_weights([_next(weight) for weight in self._start] if nudged else self._start)
        model.fit(*self._data, batch_size=self._case.batch, epochs=EPOCHS, shuffle=False, verbose=0)
        return {weight.path: value for weight, value in zip(model.weights, model.get_weights(), strict=True)}


def _next(values: Any) -> Any:
    return np.nextafter(values, np.inf, dtype=values.dtype) if np.issubdtype(values.dtype, np.floating) else values


def _apart(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, float]:
    apart = {
        path: float(np.linalg.norm(one - other) / (np.linalg.norm(other) or 1.0))
        for (path, other), one in zip(expected.items(), found.values(), strict=True)
    }
    return dict(sorted(apart.items(), key=lambda item: -item[1])[:3])


def compare(case: Case) -> dict[str, dict[str, float]]:
    """Compare in a new process.

    Args:
        case: The case.

    Returns:
        `plain`, `nudged`, `xla`, `stock_xla`: the weights farthest from those of stock Keras without XLA, and how far.

    Raises:
        WorkerError: If a training fails.
    """
    with tempfile.TemporaryDirectory() as home:
        process = Process("benchmarks.training.exactness", "ours", case.name, home=home)
        try:
            process.answer()
            return process.ask(do="weights")
        finally:
            process.close()


if __name__ == "__main__":
    answer(lambda: Compared(CASES[sys.argv[2]]))
