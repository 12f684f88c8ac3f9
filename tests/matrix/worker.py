"""What runs in a process of each library: `python -m tests.matrix.worker LIBRARY FOLDER`.

Writing makes `FOLDER/WRITER/KIND/FILE`, and beside the files what is to come of them. Reading goes through all of
that, whoever wrote it, and measures how far off each file is. What either has to say is in `FOLDER/write_LIBRARY.json`
and `FOLDER/read_LIBRARY.json`.
"""

import contextlib
import importlib
import io
import json
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.matrix.formats import FORMATS
from tests.matrix.layouts import LAYOUTS, rewrite
from tests.matrix.models import KINDS, data, made

MODULES = {"keras": "keras", "tf_keras": "tf_keras", "here": "kerastui.engine.keras"}
WRITTEN = "all is written"
"""What a process says before it waits to read."""

STEPS = 2
"""So many steps of training come before a model is written, and as many after it was read."""

EXPECTED = "expected.npz"
OLD_FORMATS = (".h5", "SavedModel")

Said = dict[str, dict[str, Any]]


def write(library: str, folder: Path, forms: Sequence[str], kinds: Sequence[str]) -> Said:
    """Write all kinds in all formats, trained, and what further training makes of them."""
    k = importlib.import_module(MODULES[library])
    said: Said = {}
    for kind in kinds:
        said |= _write(made(k, kind), kind, folder, library, forms)
        if library == "tf_keras":
            old = made(k, kind, k.optimizers.legacy.Adam(0.02, epsilon=1e-3))
            said |= _write(old, kind, folder, "tf.keras 2.10", [name for name in forms if name in OLD_FORMATS])
        if library == "tf_keras" and ".h5" in forms:
            said |= _write_layouts(kind, folder)
    return said


def _write(model: Any, kind: str, folder: Path, writer: str, forms: Sequence[str]) -> Said:
    said: Said = {}
    place = folder / writer / kind
    place.mkdir(parents=True)
    _train(model, kind, STEPS)
    for name in forms:
        with _noted(said, f"{name}|{writer}|{kind}"):
            FORMATS[name].write(model, place / FORMATS[name].file)
    before = _predict(model, kind)
    _train(model, kind, STEPS)
    _expect(place / EXPECTED, before, _predict(model, kind), _weights(model))
    return said


def _write_layouts(kind: str, folder: Path) -> Said:
    said: Said = {}
    source = folder / "tf.keras 2.10" / kind / FORMATS[".h5"].file
    for writer, layout in LAYOUTS.items():
        if layout is not None:
            place = folder / writer / kind
            place.mkdir(parents=True)
            with _noted(said, f".h5|{writer}|{kind}"):
                rewrite(source, place / source.name, layout)
            (place / EXPECTED).write_bytes(source.with_name(EXPECTED).read_bytes())
    return said


def read(library: str, folder: Path) -> Said:
    """Read all there is, and measure: the error of the predictions, and of the weights after further training."""
    k = importlib.import_module(MODULES[library])
    said: Said = {}
    for cell, result in written(folder).items():
        name, writer, kind = cell.split("|")
        if "error" in result:
            continue
        form, place = FORMATS[name], folder / writer / kind
        with _noted(said, cell) as found:
            model = form.read(k, kind, place / form.file)
            found["predictions"] = _error(_predict(model, kind), place, "before")
            if form.optimizer:
                _train(model, kind, STEPS)
                after, weights = _predict(model, kind), _weights(model)
                found["training"] = max(_error(after, place, "after"), _error(weights, place, "weights"))
    return said


def written(folder: Path) -> Said:
    """Give what the writers had to say: the cells there are, each with its error if it could not be written."""
    return {
        cell: result for path in folder.glob("write_*.json") for cell, result in json.loads(path.read_text()).items()
    }


def _train(model: Any, kind: str, steps: int) -> None:
    rows, targets = data(kind)
    model.run_eagerly = True  # tracing takes longer than all of the steps
    for _ in range(steps):
        model.train_on_batch(rows, targets)


def _predict(model: Any, kind: str) -> list[Any]:
    predicted = model(data(kind)[0])
    return [np.asarray(one) for one in (predicted if isinstance(predicted, (list, tuple)) else [predicted])]


def _weights(model: Any) -> list[Any]:
    """Give all weights in an order that is the same in all libraries: by shape, then by their numbers."""
    return sorted(map(np.asarray, model.get_weights()), key=lambda one: (one.shape, one.tolist()))


def _expect(path: Path, before: list[Any], after: list[Any], weights: list[Any]) -> None:
    parts = {"before": before, "after": after, "weights": weights}
    np.savez(path, **{f"{part}_{number}": one for part, them in parts.items() for number, one in enumerate(them)})


def _error(values: list[Any], place: Path, part: str) -> float:
    with np.load(place / EXPECTED) as saved:
        wanted = [saved[name] for name in saved.files if name.startswith(part)]
    if [one.shape for one in values] != [one.shape for one in wanted]:
        raise ValueError(f"{part}: shapes {[one.shape for one in values]}, not {[one.shape for one in wanted]}")
    return max(float(np.abs(one - other).max()) for one, other in zip(values, wanted, strict=True))


@contextlib.contextmanager
def _noted(said: Said, cell: str) -> Iterator[dict[str, Any]]:
    """Note what a cell comes to, an error too: what a library cannot do is a result."""
    said[cell] = {}
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield said[cell]
    except Exception as error:
        said[cell]["error"] = f"{type(error).__name__}: {' '.join(str(error).split())}"


def main(library: str, folder: str, *only: str) -> None:
    """Write; say so, and wait to be told that all others have written; then read.

    Args:
        library: Which library. The process has this one alone.
        folder: Where the files are.
        only: Names of formats and kinds to write; all of the formats, or of the kinds, where none is among them.
    """
    forms, kinds = ([name for name in names if name in only] or list(names) for names in (FORMATS, KINDS))
    place = Path(folder)
    (place / f"write_{library}.json").write_text(json.dumps(write(library, place, forms, kinds), indent=1))
    print(WRITTEN, flush=True)
    sys.stdin.readline()
    (place / f"read_{library}.json").write_text(json.dumps(read(library, place), indent=1))
    foreign = {"keras": ("kerastui", "tf_keras"), "tf_keras": ("kerastui",), "here": ("tf_keras",)}[library]
    loaded = [name for name in foreign if name in sys.modules]
    if loaded:
        raise RuntimeError(f"the process of {library} was to have no other library, and has {loaded}")


if __name__ == "__main__":
    main(*sys.argv[1:])
