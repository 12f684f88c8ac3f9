"""`kerastui import` of what is no model file: Python code that defines a model, and models of `keras.applications`."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from kerastui.cli import main
from kerastui.engine.building import build_model
from kerastui.engine.catalog.catalog import set_own
from kerastui.engine.checking import Checker
from kerastui.engine.importing.project import project_of, write_project
from kerastui.engine.project.files import read
from kerastui.engine.starting_weights import load_weights


def run(*arguments: Any) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.mark.parametrize(("template", "output"), [("digits-vae", "decoder"), ("collab-filtering", "scores")])
def test_code_with_layers_and_a_model_of_its_own_becomes_the_same_graph(
    template: str, output: str, tmp_path: Path
) -> None:
    """Outputs have no names in Keras: they come back under those of their layers."""
    whole, made = tmp_path / "whole", tmp_path / "made"
    assert run("new", whole, "--template", template).exit_code == 0
    assert run("code", whole, "-o", whole / "net.py").exit_code == 0
    shutil.copytree(whole, tmp_path / "moved")
    refused = run("code", tmp_path / "moved")
    assert (refused.exit_code, "--trust runs it" in refused.output) == (1, True)
    imported = run("import", whole / "net.py", made, "--allow-unsafe")
    set_own(())
    assert imported.exit_code == 0, imported.output
    before, after = read(whole), read(made)
    assert [layer.class_name for layer in after.graph.layers.values()] == [
        layer.class_name for layer in before.graph.layers.values()
    ]
    # A function has no name in Keras: it comes back under another.
    now = dict(zip(before.graph.calls, after.graph.calls, strict=True))
    for key, call in before.graph.calls.items():
        assert after.graph.calls[now[key]].inputs == tuple(now.get(source, source) for source in call.inputs)
        assert not call.named
    assert after.graph.outputs == {output: output}
    assert after.compile.model == before.compile.model
    assert (made / "layers.py").read_bytes() == (whole / "layers.py").read_bytes()
    assert "layers" not in sys.modules, "another file may have a layers.py beside it"


def test_code_becomes_the_project_that_it_was_written_of(tmp_path: Path) -> None:
    model = keras.Sequential(
        [
            keras.Input((4,), name="x"),
            keras.layers.Dense(3, activation="relu", kernel_regularizer=keras.regularizers.L1(1e-3), name="hidden"),
            keras.layers.BatchNormalization(trainable=False, name="frozen"),
            keras.layers.Dense(2, name="end"),
        ],
        name="small",
    )
    model.compile(keras.optimizers.SGD(0.5), "mse")
    small, code, made = tmp_path / "small", tmp_path / "net.py", tmp_path / "made"
    write_project(small, project_of(model, "small"))
    assert run("code", small, "-o", code).exit_code == 0
    refused = run("import", code, made)
    assert (refused.exit_code, "is run for its model. Read it, then give --allow-unsafe" in refused.output) == (1, True)
    done = run("import", code, made, "--allow-unsafe")
    assert "3 layers in 3 calls, without weights (those of build_model are new)" in done.output
    assert read(made) == replace(read(small), name="made", weights="")
    shutil.copy(small / "weights.h5", tmp_path)
    done = run("import", code, made, "--allow-unsafe", "--force", "--verify")
    assert done.exit_code == 0, done.output
    assert read(made) == replace(read(small), name="made")
    built = build_model(read(made))
    assert load_weights(read(made), built, made) == ""
    for a, b in zip(built.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_code_may_have_its_model_in_a_variable(tmp_path: Path) -> None:
    net, made = tmp_path / "net.py", tmp_path / "made"
    (tmp_path / "sizes.py").write_text("units = 3\n")
    line = "keras.Sequential([keras.Input((2,)), keras.layers.Dense(sizes.units)])\n"
    net.write_text(f"import keras, sizes\nprint('made')\nnet = again = {line}")
    done = run("import", net, made, "--allow-unsafe", "--verify", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["same"] is True
    for text, said in (
        ("1 / 0", "net.py cannot be run: ZeroDivisionError"),
        ("exit(3)", "net.py cannot be run: SystemExit"),
        ("x = 1", "neither a function build_model nor a model"),
        (f"import keras, sizes\none = {line}other = {line}", "has several models: one, other"),
        ("def build_model(): return 3", "build_model() returns no model of Keras. Received: int"),
        ("def build_model(): 1 / 0", "build_model() fails: ZeroDivisionError"),
    ):
        net.write_text(text)
        done = run("import", net, tmp_path / "none", "--allow-unsafe")
        assert (done.exit_code, done.output.count("\n"), said in done.output) == (1, 1, True), done.output
    assert not (tmp_path / "none").exists()


def test_a_model_of_keras_is_imported_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def mobile(weights: str | None) -> Any:
        if weights:
            raise Exception("URL fetch failure")
        return keras.Sequential([keras.Input((2,)), keras.layers.Dense(3), keras.layers.BatchNormalization()])

    monkeypatch.setattr(keras.applications, "MobileNet", mobile)
    done = run("import", "keras:MobileNet", tmp_path / "mobile", "--freeze")
    assert done.exit_code == 0, done.output
    assert "without weights (give --weights imagenet for trained ones)" in done.output
    project = read(tmp_path / "mobile")
    assert (Checker().check(project).trainable, project.weights) == (0, "")
    for arguments, said in (
        (("keras:MobileNet", "--weights", "imagenet"), "imagenet of MobileNet cannot be downloaded: URL fetch failure"),
        (("keras:mobilenet_v2",), "keras.applications has no model mobilenet_v2. Did you mean MobileNetV2?"),
        (("small.keras", "--weights", "imagenet"), "--weights is for keras:NAME"),
    ):
        refused = run("import", arguments[0], tmp_path / "none", *arguments[1:])
        assert (refused.exit_code, said in refused.output) == (1, True), refused.output
    assert not (tmp_path / "none").exists()
