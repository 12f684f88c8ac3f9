"""A process in which the ways of one library run, one turn at a time: orders come as lines of JSON, answers go so.

Started by `processes.py` as `python -m benchmarks.training.worker FAMILY CASE`.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from benchmarks.training import limits
from benchmarks.training.cases import CASES, Case
from benchmarks.training.peers import WAYS, Way
from benchmarks.training.runners import Fit, Loop, settled

HOMES = {"ours": "kerastui.engine.keras", "keras": "keras", "tf_keras": "tf_keras", "jax": "keras"}
"""The namespace of each family."""

EPOCHS = 3
"""Epochs of a turn, at least."""

TRIAL_BATCHES = 8
"""Batches of the data on which a way is tried that may be far too slow: XLA on a CPU can take 20 times as long."""

WORTH_A_TRIAL = 0.5
"""Seconds of the slowest epoch of interest above which a way is tried before whole epochs of it run. Not for small
models, of which an epoch costs more to begin than a few batches take."""


PATIENCE = 3.0
"""Seconds of epochs, after the first, that a way too slow to matter may take before it is left out."""


class Worker:
    """The ways of one library on one case.

    Args:
        family: The library.
        case: The case.
    """

    def __init__(self, family: str, case: Case) -> None:
        self._family = family
        self._case = case
        self._keras: Any = importlib.import_module(HOMES[family])
        self._data = case.arrays()
        self._running: dict[str, Fit | Loop] = {}
        self._usual: dict[str, float] = {}
        self._models: dict[str, Any] = {}

    def about(self) -> dict[str, Any]:
        """Give the versions and devices that this process has."""
        if self._family == "jax":
            jax = importlib.import_module("jax")
            return {"devices": [str(device) for device in jax.devices()]}
        tf = importlib.import_module("tensorflow")
        return {"devices": [device.name for device in tf.config.list_logical_devices()]}

    def start(self, key: str, slowest: float | None = None) -> dict[str, Any]:
        """Make the model of a way and let it run until it is warm.

        Args:
            key: The way.
            slowest: Seconds of an epoch above which it is of no interest. Defaults to `None`: it is in any case.

        Returns:
            `warming`, the seconds that took, and `epoch`, those of an epoch; or `dropped`, why it does not run.
        """
        way = next(way for way in WAYS if way.key == key)
        began = time.perf_counter()
        if slowest is not None and slowest > WORTH_A_TRIAL and not self._case.small:
            epoch = self._tried(way)
            if epoch > slowest:
                return {"dropped": f"about {epoch:.3g} s an epoch", "epoch": epoch}
        runner = self._runner(way, self._data)
        times: list[float] = []
        while not settled(times):
            times += runner.turn()
            if slowest is not None and min(times) > slowest and sum(times[1:]) > PATIENCE:
                runner.end()
                return {"dropped": f"{min(times):.3g} s an epoch", "epoch": min(times)}
        self._running[key], self._usual[key] = runner, median(times)
        return {"warming": time.perf_counter() - began, "epoch": min(times), "epochs": len(times), "plan": runner.plan}

    def turn(self, key: str, seconds: float) -> dict[str, Any]:
        """Run as many epochs of a way as usually take some seconds; give the seconds of one, the median.

        Three at least, and not their mean: the first epoch of Keras after a rest can take twenty times as long as the
        others, while what tunes its data wakes up.
        """
        times = self._running[key].turn(max(EPOCHS, round(seconds / self._usual[key])))
        return {"epoch": median(times), "epochs": len(times)}

    def end(self, key: str) -> dict[str, Any]:
        """End the training of a way; its model stays."""
        self._running.pop(key).end()
        return {}

    def call(self, key: str, what: str, seconds: float) -> dict[str, Any]:
        """Call `evaluate`, `predict` or `predict` of one sample, again and again until some seconds are over.

        Returns:
            `seconds` of a call, the median.
        """
        model, times = self._models[key], list[float]()
        x, y = self._data
        first = [part[:1] for part in x] if isinstance(x, list) else x[:1]
        settings = {"verbose": 0, "batch_size": self._case.batch}
        while sum(times) < seconds:
            began = time.perf_counter()
            if what == "evaluate":
                model.evaluate(x, y, **settings)
            else:
                model.predict(x if what == "predict" else first, **settings)
            times.append(time.perf_counter() - began)
        return {"seconds": median(times), "calls": len(times)}

    def _tried(self, way: Way) -> float:
        """Guess the seconds of an epoch from a few batches."""
        batches = max(1, min(TRIAL_BATCHES, self._case.steps // 4))
        rows = batches * self._case.batch
        few = Case(**{**vars(self._case), "rows": rows})
        runner = self._runner(way, few.arrays(), few)
        epoch = min(runner.turn()[0] for _ in range(3))
        runner.end()
        return epoch * self._case.steps / batches

    def _runner(self, way: Way, data: Any, case: Case | None = None) -> Fit | Loop:
        case = case or self._case
        if way.kind == "jax":
            return Loop(limits.jax_scan(case, self._keras, data))
        if way.kind == "tensorflow":
            return Loop(limits.tensorflow_loop(case, self._keras, data, **way.settings))
        if way.key not in self._models:
            self._models[way.key] = case.model(self._keras, **way.settings)
        return Fit(self._models[way.key], self._keras, data, case.batch)


def answer(make: Callable[[], Any]) -> None:
    """Say that everything is imported, then do what lines of JSON say until they end; what goes wrong is an answer.

    What libraries print goes to the standard error.

    Args:
        make: Makes the object whose methods are the orders. If it has `about`, that is the first answer.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = make()
    print(json.dumps(worker.about() if hasattr(worker, "about") else {}), file=answers, flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        action = getattr(worker, order.pop("do"))
        try:
            said = action(**order)
        except Exception as error:
            said = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(said), file=answers, flush=True)


if __name__ == "__main__":
    answer(lambda: Worker(sys.argv[1], CASES[sys.argv[2]]))
