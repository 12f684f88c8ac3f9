"""Time saving and loading a model of 537 MB and one of 1,000 layers, and their memory, against stock Keras.

Run it with `python benchmarks/saving.py [CASE …] [FORMAT …]`, cases being `wide` and `deep`, formats `keras`, `h5`,
`tf` and `weights.h5`; without any, both and all. Each case runs in a process of its own, three times, ours and stock
Keras in turn; the shortest time counts, and the largest memory. Memory is how far the resident size of the process grew
while saving or loading, sampled every 2 ms; for loading that is with the model itself, but for `weights.h5`, which is
loaded into a model. Ratios are ours by stock Keras; below 1 is faster. Stock Keras reads no SavedModel, so there is
nothing to compare that with. Python's limit on recursion is raised for stock Keras alone, which cannot make a chain of
a thousand layers within it.
"""

from __future__ import annotations

import importlib
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

MB = 1e6
CASES = ("wide", "deep")
SUFFIX = {"keras": ".keras", "h5": ".h5", "tf": "", "weights.h5": ".weights.h5"}
RUNS = 3


def make(case: str, home: Any) -> Any:
    """Build `wide`, 8 layers of 67 MB each, or `deep`, 1,000 layers in a chain."""
    import keras

    units, depth = (4096, 8) if case == "wide" else (8, 1000)
    tensor = inputs = keras.Input((units,))
    for _ in range(depth):
        tensor = keras.layers.Dense(units)(tensor)
    return home.Model(inputs, tensor)


class Peak:
    """The largest resident size while it is entered, in bytes, sampled every 2 ms."""

    def __enter__(self) -> Peak:
        self.start = self.largest = self._now()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    @property
    def grown(self) -> int:
        """Bytes above the start."""
        return self.largest - self.start

    def _watch(self) -> None:
        while not self._done.wait(0.002):
            self.largest = max(self.largest, self._now())

    @staticmethod
    def _now() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def measure(action: str, case: str, library: str, path: str) -> dict[str, float]:
    """Save or load once, in this process.

    Returns:
        `seconds`, `grown` (bytes above the start) and `weights` (bytes).
    """
    home: Any = importlib.import_module("kerastui.engine" if library == "ours" else "keras")
    load = home.load_model if library == "ours" else home.saving.load_model
    if library != "ours":
        sys.setrecursionlimit(20_000)
    weights = path.endswith(".weights.h5")
    model = make(case, home) if action == "save" or weights else None
    with Peak() as peak:
        start = time.perf_counter()
        if model is None:
            model = load(path)
        elif weights:
            (model.save_weights if action == "save" else model.load_weights)(path)
        else:
            model.save(path)
        seconds = time.perf_counter() - start
    size = sum(weight.value.numpy().nbytes for weight in model.weights)
    return {"seconds": seconds, "grown": peak.grown, "weights": size}


def in_a_process(*arguments: str) -> dict[str, float]:
    """Run `measure` in a new interpreter."""
    done = subprocess.run([sys.executable, __file__, "--measure", *arguments], check=True, capture_output=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def report(case: str, kind: str, folder: str) -> None:
    """Print a line for saving and one for loading."""
    libraries = ("ours", "stock") if kind != "tf" else ("ours",)
    for action in ("save", "load"):
        best: dict[str, dict[str, float]] = {}
        for _ in range(RUNS):
            for library in libraries:
                found = in_a_process(action, case, library, f"{folder}/{case}-{library}{SUFFIX[kind]}")
                earlier = best.setdefault(library, found)
                best[library] = {
                    "seconds": min(found["seconds"], earlier["seconds"]),
                    "grown": max(found["grown"], earlier["grown"]),
                    "weights": found["weights"],
                }
        ours, stock = best["ours"], best.get("stock")
        ratio = f"× {ours['seconds'] / stock['seconds']:.2f} of stock {stock['seconds']:.2f} s" if stock else ""
        memory = f"+ {ours['grown'] / MB:.0f} MB" + (f" (stock + {stock['grown'] / MB:.0f} MB)" if stock else "")
        print(f"{case:5} {ours['weights'] / MB:5.0f} MB {kind:10} {action}: {ours['seconds']:6.2f} s {ratio}; {memory}")


def main(wanted: list[str]) -> None:
    """Print all figures."""
    with tempfile.TemporaryDirectory() as folder:
        for kind in [kind for kind in SUFFIX if kind in wanted] or SUFFIX:
            for case in [case for case in CASES if case in wanted] or CASES:
                report(case, kind, folder)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(*sys.argv[2:])))
    else:
        main(sys.argv[1:])
