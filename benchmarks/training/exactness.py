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

    def weights(self) -> dict[str, Any]:
        """Give how far weights are from those of Keras without XLA: ours as `plain` and `xla`, its own as `stock_xla`.

        Each is the largest over the weights of the norm of the difference by the norm of the weight.
        """
        expected = self._trained("keras", False)
        return {
            "plain": _apart(self._trained("ours", False), expected),
            "xla": _apart(self._trained("ours", True), expected),
            "stock_xla": _apart(self._trained("keras", True), expected),
        }

    def _trained(self, family: str, jit_compile: bool) -> list[Any]:
        keras: Any = importlib.import_module(HOMES[family])
        model = self._case.model(keras, dropout=False, jit_compile=jit_compile)
        self._start = self._start or model.get_weights()
        model.set_weights(self._start)
        model.fit(*self._data, batch_size=self._case.batch, epochs=EPOCHS, shuffle=False, verbose=0)
        return list(model.get_weights())


def _apart(found: list[Any], expected: list[Any]) -> float:
    norms = [(np.linalg.norm(one - other), np.linalg.norm(other)) for one, other in zip(found, expected, strict=True)]
    return max(float(difference / (size or 1.0)) for difference, size in norms)


def compare(case: Case) -> dict[str, float]:
    """Compare in a new process.

    Args:
        case: The case.

    Returns:
        `plain`, `xla` and `stock_xla`: relative differences to the weights of stock Keras without XLA.

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
