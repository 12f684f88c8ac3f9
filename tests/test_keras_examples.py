"""The nine scripts of `docs/examples` give the same history with stock Keras as with ours: one line decides."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import keras
import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "examples"
OURS, STOCK = "\nfrom kerastui.engine import keras\n", "\nimport keras\n"
TASKS = (
    "autoencoder",
    "cnn_digits",
    "fine_tuning",
    "gan",
    "mlp_digits",
    "multi_input_multi_output",
    "text_classification",
    "time_series_lstm",
    "vae",
)


def source_of(task: str) -> str:
    return (FOLDER / f"{task}.py").read_text(encoding="utf-8")


def load(task: str, source: str) -> dict[str, Any]:
    """Run a script as a module that nobody started, with Keras as it is in a fresh process."""
    keras.utils.clear_session()
    names: dict[str, Any] = {"__name__": f"example_{task}"}
    exec(compile(source, str(FOLDER / f"{task}.py"), "exec"), names)
    return names


def test_there_are_nine_scripts_and_one_line_of_each_says_which_keras_it_is() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.py")) == list(TASKS)
    for task in TASKS:
        imports = [line for line in source_of(task).splitlines() if line.startswith(("import ", "from "))]
        assert [line for line in imports if "keras" in line] == [OURS.strip()]


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_a_stock_script_becomes_ours_by_its_import_line(task: str) -> None:
    source = re.sub(r"epochs=\d+", "epochs=2", source_of(task))  # the losses of two tell a difference as well
    # Our batch normalization rounds in other places. In Adam's first steps, which are signs of gradients, a difference
    # of 1e-7 grows to 1e-3 in an epoch, as it does between Keras with XLA and without; SGD keeps it as small.
    source = source.replace("optimizers.Adam(0.01)", "optimizers.SGD(0.05)") if task == "cnn_digits" else source
    ours = load(task, source)
    assert ours["keras"].__name__ == "kerastui.engine.keras"
    history = ours["main"]()

    stock = load(task, source.replace(OURS, STOCK))
    assert stock["keras"] is keras
    with warnings.catch_warnings():
        # Stock Keras says that `shuffle=True`, its own default, has no effect on a data set.
        warnings.filterwarnings("ignore", "`shuffle=True` was passed")
        expected = stock["main"]()

    assert history.keys() == expected.keys()
    for name, values in expected.items():
        assert history[name] == pytest.approx(values, rel=1e-5), name
    losses = history[next(name for name in history if name.endswith("loss"))]
    assert len(losses) > 1
