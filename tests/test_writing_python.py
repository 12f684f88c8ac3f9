"""`kerastui code`: the code is formatted, runs with stock Keras, and gives the same model as the project."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from projects import small_project
from written import graph, projects

from kerastui.cli import main
from kerastui.engine.building import build_model, compile_model
from kerastui.engine.catalog.catalog import MODULES, catalog
from kerastui.engine.importing.graphs import graph_of
from kerastui.engine.importing.values import alike
from kerastui.engine.project.document import Input, Layer, Project
from kerastui.engine.project.files import write
from kerastui.engine.project.graph import layer_name
from kerastui.engine.starting_weights import write_weights
from kerastui.engine.writing.python import python_code

PROJECTS = projects()


def run(code: str) -> dict[str, Any]:
    """Run code as a module of its own, and return what it defines."""
    namespace: dict[str, Any] = {"__name__": "written"}
    exec(compile(code, "written.py", "exec"), namespace)
    return namespace


def samples(model: Any) -> Any:
    """Return an array for each input of a model, in the structure that it takes."""
    generator = np.random.default_rng(0)
    arrays = [
        generator.uniform(0, 5, (3, *(size or 4 for size in item.shape[1:]))).astype(item.dtype)
        for item in model.inputs
    ]
    return keras.tree.pack_sequence_as(model._inputs_struct, arrays)


def assert_same(project: Project, code: str) -> Any:
    """Build a project by our engine and by its code, compare, and return the latter's model."""
    ours, stock = build_model(project), run(code)["build_model"]()
    assert type(stock).__module__.startswith("keras.src.")
    assert [layer.name for layer in stock.layers] == [layer.name for layer in ours.layers]
    for layer in ours.layers:
        stock.get_layer(layer.name).set_weights(layer.get_weights())
    assert stock.name == ours.name
    for ours_value, value in zip(ours.get_weights(), stock.get_weights(), strict=True):
        np.testing.assert_array_equal(value, ours_value)
    expected, found = ours(samples(ours)), stock(samples(stock))
    assert isinstance(found, type(expected))
    for one, other in zip(keras.tree.flatten(expected), keras.tree.flatten(found), strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(other), keras.ops.convert_to_numpy(one))
    assert graph_of(stock).graph == graph_of(ours).graph
    return stock


@pytest.mark.parametrize("name", PROJECTS)
def test_code_gives_the_same_model(name: str) -> None:
    assert_same(PROJECTS[name], python_code(PROJECTS[name]))


@pytest.mark.parametrize("name", ["settings", "digits"])
def test_code_compiles_as_the_project_does(name: str) -> None:
    project = PROJECTS[name]
    module, ours = run(python_code(project)), build_model(project)
    compile_model(project, ours)
    stock = module["build_model"]()
    module["compile_model"](stock)
    found, expected = stock.get_compile_config(), ours.get_compile_config()
    if isinstance(expected["metrics"], dict):  # ours lists outputs without a metric too
        expected["metrics"] = {key: item for key, item in expected["metrics"].items() if item}
    for key in found:
        assert alike(found[key]) == alike(expected[key]), key


def test_code_trains() -> None:
    project = PROJECTS["settings"]
    eager = replace(project.compile, run_eagerly=True, steps_per_execution=1)  # nothing is traced: 6 s less
    project = replace(project, compile=eager)
    module = run(python_code(project))
    model = module["build_model"]()
    module["compile_model"](model)
    y = {"kind": np.zeros((3, 1)), "price": np.zeros((3, 1)), "both": np.zeros((3, 5))}
    history = module["train"](model, samples(model), y)
    assert len(history.history["loss"]) == 2


def test_code_is_formatted_and_needs_keras_alone(tmp_path: Path) -> None:
    for name, project in PROJECTS.items():
        code = python_code(project)
        (tmp_path / f"{name.replace('-', '_')}.py").write_text(code, encoding="utf-8")
        imported = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Import | ast.ImportFrom)]
        assert {node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in imported} == {
            "keras"
        }
    ruff = [sys.executable, "-m", "ruff"]
    for command in (
        ["format", "--diff"],
        ["check", "--select=E,F,I,W,A,B,D,N,SIM,UP,PLE", "--ignore=D203,D213,D407,D413,N806,B905"],
    ):
        done = subprocess.run([*ruff, *command, "--isolated", tmp_path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_first_argument_may_stand_without_its_name() -> None:
    """The catalog's order of arguments is that of the constructors, and the first can be given by place."""
    for entry in catalog().entries:
        first = next(iter(entry.arguments), None)
        if entry.kind in MODULES and entry.kind != "activation" and first is not None and first.required:
            made = getattr(import_module(MODULES[entry.kind]), entry.name)
            found = next(iter(inspect.signature(made).parameters.values()))
            assert (found.name, found.kind) == (first.name, found.POSITIONAL_OR_KEYWORD), entry.name


def test_weights_are_loaded_by_id(tmp_path: Path) -> None:
    project = Project("weighty", graph=PROJECTS["pictures"].graph, weights="weights.h5")
    renamed = {**project.graph.layers, "norm": Layer("BatchNormalization", {}, "conv_norm")}
    project = Project("weighty", graph=_with_layers(project, renamed), weights="weights.h5")
    ours = build_model(project)
    for layer in ours.layers:
        layer.set_weights([np.random.default_rng(1).uniform(size=value.shape) for value in layer.get_weights()])
    names = {key: layer_name(project.graph, key) for key in project.graph.layers}
    held = {key: ours.get_layer(name) for key, name in names.items() if ours.get_layer(name).weights}
    write_weights(tmp_path / "weights.h5", held)
    code = python_code(project)
    module = run(code)
    stock = module["build_model"]()
    module["load_weights"](stock, str(tmp_path / "weights.h5"))
    assert [layer.name for layer in stock.layers] == [layer.name for layer in ours.layers]
    for one, other in zip(ours.get_weights(), stock.get_weights(), strict=True):
        np.testing.assert_array_equal(other, one)
    assert "load_weights(model)" in code


def _with_layers(project: Project, layers: dict[str, Layer]) -> Any:
    return replace(project.graph, layers=layers)


def test_notes_stand_above_the_line() -> None:
    code = python_code(PROJECTS["awkward"])
    assert '    # as wide as it must be\n    class_ = layers.Dense(2, name="class")(input_)\n' in code
    assert "    # a skip\n    #\n    # here\n" in code


def test_incomplete_graph_gives_code_all_the_same() -> None:
    empty = Project("empty", graph=graph({"x": Input((2,))}, {"d": (Layer("Dense", {"units": 2}), "")}, {}))
    ast.parse(python_code(empty))
    ast.parse(python_code(Project("nothing")))


LAYERS = st.sampled_from(
    [
        Layer("Dense", {"units": 3}),
        Layer("Dense", {"units": 3, "activation": "relu", "use_bias": False}),
        Layer("Activation", {"activation": "tanh"}),
        Layer("BatchNormalization"),
        Layer("Dropout", {"rate": 0.5, "seed": 1}),
        Layer("Add"),
        Layer("Maximum"),
        Layer("LeakyReLU", {"negative_slope": 0.125}),
    ]
)


@st.composite
def graphs(draw: st.DrawFn) -> Project:
    """Draw a graph of layers that keep the width, with shared layers, skips and several outputs."""
    inputs = {f"in{n}": Input((3,)) for n in range(draw(st.integers(1, 2)))}
    layers: dict[str, tuple[Layer, Any]] = {}
    sources = list(inputs)
    for number in range(draw(st.integers(1, 6))):
        layer = draw(LAYERS)
        count = 2 if layer.class_name in ("Add", "Maximum") else 1
        source = st.sampled_from(sources)
        key = draw(st.sampled_from(["dense", "lambda", "x-y", "layers"])) + str(number)
        keys = [key, f"{key}_again"][: draw(st.integers(1, 2))]
        layers[key] = (layer, {each: " ".join(draw(source) for _ in range(count)) for each in keys})
        sources += keys
    ends = draw(st.lists(st.sampled_from(sources[len(inputs) :]), min_size=1, max_size=2, unique=True))
    return Project("drawn", graph=graph(inputs, layers, {f"out {key}": key for key in ends}))


@given(graphs())
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_any_graph_survives_code(project: Project) -> None:
    assert_same(project, python_code(project))


def test_command_prints_and_writes(tmp_path: Path) -> None:
    write(tmp_path, small_project())
    runner, target = CliRunner(), tmp_path / "model.py"
    printed = runner.invoke(main, ["code", str(tmp_path)])
    assert (printed.exit_code, printed.output) == (0, python_code(small_project()))
    assert runner.invoke(main, ["code", str(tmp_path), "-o", str(target)]).exit_code == 0
    assert target.read_text() == printed.output
    again = runner.invoke(main, ["code", str(tmp_path), "-o", str(target)])
    assert again.exit_code == 1
    assert "--overwrite" in again.output
    assert runner.invoke(main, ["code", str(tmp_path), "-o", str(target), "--overwrite"]).exit_code == 0


def test_command_refuses_a_graph_without_an_output(tmp_path: Path) -> None:
    write(tmp_path, Project("empty", graph=graph({"x": Input((2,))}, {}, {})))
    done = CliRunner().invoke(main, ["code", str(tmp_path)])
    assert done.exit_code == 1
    assert "output" in done.output
    assert CliRunner().invoke(main, ["code", str(tmp_path / "none")]).exit_code == 1
