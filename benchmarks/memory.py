"""Measure the memory of `fit` on an array: ours and stock Keras, `python -m benchmarks.memory [--json FILE]`.

Each figure is how far the resident size of a process grew during `fit`, sampled every 2 ms, by the bytes of the inputs
as they were given. Before it, the same model was trained on a few rows of the same kind, so that libraries, compiled
functions and the optimizer are there already. An array of float64 becomes one of float32, which is half of it. A file
of HDF5 is given as data sets; where Keras refuses it, its reason is printed. What the system keeps of a file in its
cache does not count. The target: never more than one extra copy.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.saving import MB, Peak
from benchmarks.training.machine import described, machine
from benchmarks.training.tables import table

KINDS = {"float32": "NumPy, float32", "float64": "NumPy, float64", "hdf5": "HDF5, float32"}
LIBRARIES = {"ours": "kerastui", "stock": "Keras 3 (TF)"}
ROWS, COLUMNS, BATCH, EPOCHS = 100_000, 1_000, 256, 2
FEW = 2 * BATCH


@contextmanager
def inputs(kind: str, rows: int, folder: str) -> Iterator[Any]:
    """Give an array of `rows` × `COLUMNS`, or a data set in a file; all of its memory has been written to."""
    block = np.random.default_rng(0).normal(size=(1_000, COLUMNS)).astype("float32")
    if kind != "hdf5":
        array = np.empty((rows, COLUMNS), kind)
        for start in range(0, rows, len(block)):
            array[start : start + len(block)] = block[: rows - start]
        yield array
        return
    import h5py

    with h5py.File(f"{folder}/{rows}.h5", "w") as file:
        written = file.create_dataset("x", (rows, COLUMNS), "float32")
        for start in range(0, rows, len(block)):
            written[start : start + len(block)] = block[: rows - start]
        file.flush()
        yield written


def measure(library: str, kind: str) -> dict[str, Any]:
    """Train in this process.

    Returns:
        `grown` and `array`, in bytes, and `plan`; or `refused`, why it cannot.
    """
    keras: Any = importlib.import_module("kerastui.engine.keras" if library == "ours" else "keras")
    model = keras.Sequential([keras.Input((COLUMNS,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)])
    model.compile("adam", "mse")

    def fit(x: Any) -> None:
        targets = np.zeros((len(x), 1), "float32")
        # An HDF5 file is read in order: rows at random take a seek each.
        model.fit(x, targets, batch_size=BATCH, epochs=EPOCHS, verbose=0, shuffle="batch" if kind == "hdf5" else True)

    with tempfile.TemporaryDirectory() as folder:
        try:
            with inputs(kind, FEW, folder) as few:
                fit(few)
        except (TypeError, ValueError, NotImplementedError) as error:
            return {"refused": " ".join(str(error).split())[:200]}
        with inputs(kind, ROWS, folder) as x, Peak() as peak:
            fit(x)
    size = ROWS * COLUMNS * (8 if kind == "float64" else 4)
    return {"grown": peak.grown, "array": size, "plan": getattr(model, "execution_plan", "")}


def in_a_process(library: str, kind: str) -> dict[str, Any]:
    """Run `measure` in a new interpreter, in which nothing is remembered of earlier ones."""
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.memory", "--measure", library, kind],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[1],
            env={**os.environ, "KERASTUI_HOME": home, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def cell(found: dict[str, Any]) -> str:
    """Say how much it grew, by the array."""
    if "refused" in found:
        return f"refused: {found['refused']}"
    return f"+ {found['grown'] / MB:,.0f} MB, {found['grown'] / found['array']:.2f} × the array"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description="Measure the memory of `fit`.")
    parser.add_argument("--json", type=Path, default=Path("benchmark-memory.json"), help="where the figures go")
    given = parser.parse_args()
    about, figures, rows = machine(), {}, []
    for kind, title in KINDS.items():
        found = figures[kind] = {library: in_a_process(library, kind) for library in LIBRARIES}
        met = found["ours"].get("grown", 0) <= 1.1 * found["ours"].get("array", 0)  # a tenth for what is no copy
        size = f"{title}, {found['ours'].get('array', 0) / MB:,.0f} MB"
        rows.append([size, *(cell(found[library]) for library in LIBRARIES), "met" if met else "not met"])
    given.json.write_text(json.dumps({"machine": about, "memory": figures}, indent=1))
    print("  \n".join(line for line in described(about, {}) if line), end="\n\n")
    print(table(["`fit` on", *LIBRARIES.values(), "≤ one copy"], rows))
    for kind, found in figures.items():
        print(f"\nkerastui on {KINDS[kind]}: {found['ours'].get('plan', '')}", end="")
    print()
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(*sys.argv[2:])))
    else:
        sys.exit(main())
