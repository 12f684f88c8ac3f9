"""`kerastui import` of models with layers, losses and metrics of their own, whose code comes along."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kerastui.cli import main
from kerastui.engine import Input, Model
from kerastui.engine.catalog.catalog import set_own
from kerastui.engine.project.document import Layer, Spec
from kerastui.engine.project.files import read


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


OWN = """import keras

class Twice(keras.layers.Layer):
    def __init__(self, times=2.0, **kwargs):
        super().__init__(**kwargs)
        self.times = times

    def build(self, shape):
        self.shift = self.add_weight(shape=(shape[-1],), initializer="ones")

    def call(self, x):
        return self.times * x + self.shift

    def get_config(self):
        return {**super().get_config(), "times": self.times}

def far(y_true, y_pred):
    return keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1)

class Off(keras.metrics.Mean):
    def __init__(self, by=1, **kwargs):
        super().__init__(**kwargs)
        self.by = by

    def get_config(self):
        return {**super().get_config(), "by": self.by}
"""


def own_model(path: Path) -> None:
    """Save a model of layers, a loss and a metric of its own."""
    found: dict[str, Any] = {}
    exec(compile(OWN, "elsewhere.py", "exec"), found)
    x = Input((2,))
    model = Model(x, found["Twice"](times=3.0, name="b")(found["Twice"](name="a")(x)))
    model.compile("adam", found["far"], metrics=[found["Off"](by=3)])
    model.save(path)


@pytest.fixture
def forget_code() -> Iterator[None]:
    yield
    set_own(())


@pytest.mark.usefixtures("forget_code")
def test_code_that_comes_with_a_model_becomes_that_of_the_project(tmp_path: Path) -> None:
    own_model(tmp_path / "own.keras")
    unknown = run("import", tmp_path / "own.keras", tmp_path / "out")
    assert "Twice" in unknown.output
    assert "--objects FILE.py" in unknown.output
    (tmp_path / "mine.py").write_text(OWN)
    made = run("import", tmp_path / "own.keras", tmp_path / "out", "--objects", tmp_path / "mine.py", "--verify")
    assert made.output == f"made {tmp_path}/out: 2 layers in 2 calls\nsame predictions, largest difference 0\n"
    project = read(tmp_path / "out")
    assert project.code == ("mine.py",)
    assert project.graph.layers == {"a": Layer("mine.Twice"), "b": Layer("mine.Twice", {"times": 3.0})}
    assert project.compile.losses == {"b": Spec("mine.far")}
    assert project.compile.metrics == {"b": (Spec("mine.Off", {"by": 3}),)}
    assert (tmp_path / "out" / "mine.py").read_text() == OWN
    told = run("check", tmp_path / "out", "--json")
    assert [problem["stage"] for problem in json.loads(told.output)["problems"]] == ["data"], "its code is trusted"


@pytest.mark.usefixtures("forget_code")
def test_classes_that_are_in_no_file_that_came_along_are_refused_all_at_once(tmp_path: Path) -> None:
    own_model(tmp_path / "own.keras")
    (tmp_path / "inner.py").write_text(OWN)
    (tmp_path / "outer.py").write_text(
        f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nfrom inner import Twice, Off, far\n"
    )
    refused = run("import", tmp_path / "own.keras", tmp_path / "out", "--objects", tmp_path / "outer.py", "--json")
    sys.modules.pop("inner")
    sys.path.remove(str(tmp_path))
    assert refused.exit_code == 1
    assert "a, b (Twice is a class of its own" in json.loads(refused.output)["what"]
    assert not (tmp_path / "out").exists()
