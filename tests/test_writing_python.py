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
from kerastui.engine.project import commands, grouping
from kerastui.engine.project.document import MODEL, Call, Compile, Graph, Input, Layer, Project, Spec
from kerastui.engine.project.files import write
from kerastui.engine.project.graph import node_of, port_of, rewired, wired, wires_into
from kerastui.engine.project.weights import saved_layers
from kerastui.engine.starting_weights import _by_path, load_weights, write_weights
from kerastui.engine.writing.graphs import SCATTERED, STARRED
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


def meaning(model: Any) -> tuple[Graph, dict[str, Graph]]:
    """Return what a model is to the importer, numbers for names of operations, which code cannot give."""
    imported = graph_of(model)
    assert imported.refusals == []
    found = imported.graph
    number = {key: f"op{at}" for at, key in enumerate(found.layers) if found.layers[key].class_name.startswith("ops.")}

    def source(text: str) -> str:
        return wired(number.get(node_of(text), node_of(text)), port_of(text))

    calls = {
        number.get(key, key): replace(
            rewired(call, [source(wired(wire.source, wire.port)) for wire in wires_into(found, key)]),
            layer=number.get(call.layer, call.layer),
        )
        for key, call in found.calls.items()
    }
    layers = {
        number.get(key, key): replace(layer, name="" if key in number else layer.name)
        for key, layer in found.layers.items()
    }
    outputs = {str(at): source(end) for at, end in enumerate(found.outputs.values())}
    return replace(found, layers=layers, calls=calls, outputs=outputs), dict(imported.models)


def assert_same(project: Project, code: str) -> None:
    """Build a project by our engine and by its code: same names, weights, predictions, and graph to the importer."""
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
    assert [layer.trainable for layer in stock.layers] == [layer.trainable for layer in ours.layers]
    assert [len(layer.trainable_weights) for layer in stock.layers] == [
        len(layer.trainable_weights) for layer in ours.layers
    ]
    assert meaning(stock) == meaning(ours)


@pytest.mark.parametrize("name", PROJECTS)
def test_code_gives_the_same_model(name: str) -> None:
    assert_same(PROJECTS[name], python_code(PROJECTS[name]))


@pytest.mark.parametrize("name", ["settings", "digits", "listed"])
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
        modules = {node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in imported}
        assert modules <= {"keras", "numpy"}
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
        if entry.kind not in ("activation", "operation") and first is not None and first.required:
            made = getattr(import_module(MODULES[entry.kind]), entry.name)
            found = next(iter(inspect.signature(made).parameters.values()))
            assert (found.name, found.kind) == (first.name, found.POSITIONAL_OR_KEYWORD), entry.name


def test_tensors_of_operations_come_first() -> None:
    """What the writer knows of functions beside the catalog holds for the installed Keras."""
    for entry in catalog().of("operation"):
        if entry.name == "ops.get_item":
            continue
        function = keras
        for part in entry.name.split("."):
            function = getattr(function, part)
        given = list(inspect.signature(function).parameters.values())
        starred = [at for at, each in enumerate(given) if each.kind is each.VAR_POSITIONAL]
        if starred:
            assert STARRED[entry.name] == tuple(each.name for each in given[: starred[0]])
        elif entry.inputs != "list":
            count = 1 if entry.name in SCATTERED else len(entry.tensors)
            assert [each.name for each in given[:count]] == list(entry.tensors[:count]), entry.name


def filled(project: Project) -> Any:
    """Build a project by our engine, with numbers that tell each weight from the others."""
    model = build_model(project)
    model.set_weights([np.random.default_rng(1).uniform(size=value.shape) for value in model.get_weights()])
    return model


@pytest.mark.parametrize("name", ["pictures", "nested"])
def test_weights_are_loaded_by_id(name: str, tmp_path: Path) -> None:
    project = replace(PROJECTS[name], weights="weights.h5")
    if name == "pictures":
        renamed = {**project.graph.layers, "norm": Layer("BatchNormalization", {}, "conv_norm")}
        project = _with_layers(project, renamed)
    ours = filled(project)
    held = dict(_by_path(project.graph, project.models, ours, ""))
    write_weights(tmp_path / "weights.h5", held)
    for saved in (saved_layers(project, tmp_path), ()):
        assert_loads(python_code(project, saved), tmp_path, ours)


def test_weights_follow_a_layer_that_was_put_into_a_model(tmp_path: Path) -> None:
    project = replace(PROJECTS["nested"], weights="weights.h5")
    ours = filled(project)
    held = dict(_by_path(project.graph, project.models, ours, ""))
    written = {{"encoder/lstm": "lstm", "gru": "core/gru"}.get(path, path): layer for path, layer in held.items()}
    write_weights(tmp_path / "weights.h5", written)
    assert_loads(python_code(project, saved_layers(project, tmp_path)), tmp_path, ours)


@pytest.mark.parametrize("knows_file", [True, False])
def test_weights_follow_what_the_document_tells_and_a_new_layer_takes_none(tmp_path: Path, knows_file: bool) -> None:
    layers = {
        "dense": (Layer("Dense", {"units": 3}), "x"),
        "drop": (Layer("Dropout", {"rate": 0.5}), "dense"),
        "digit": (Layer("Dense", {"units": 3}), "drop"),
    }
    before = Project("grouped", graph=graph({"x": Input((3,))}, layers, {"y": "digit"}), weights="weights.h5")
    ours = filled(before)
    write_weights(tmp_path / "weights.h5", dict(_by_path(before.graph, {}, ours, "")))
    project, model = grouping.group(before, ["dense", "drop"], "encoder")
    project, new = commands.insert_layer(project, "Dense", {"units": 3}, model, "digit")
    assert (model, new) == ("encoder", "dense")
    module = run(python_code(project, saved_layers(project, tmp_path) if knows_file else ()))
    stock = module["build_model"]()
    fresh = stock.get_layer("dense").get_weights()
    module["load_weights"](stock, str(tmp_path / "weights.h5"))
    built = build_model(project)
    load_weights(project, built, tmp_path)
    for made in (stock, built):
        kept = made.get_layer("encoder").get_layer("dense").get_weights()
        np.testing.assert_array_equal(kept[0], ours.get_layer("dense").get_weights()[0])
        np.testing.assert_array_equal(
            made.get_layer("digit").get_weights()[0], ours.get_layer("digit").get_weights()[0]
        )
    np.testing.assert_array_equal(stock.get_layer("dense").get_weights()[0], fresh[0])


def assert_loads(code: str, folder: Path, ours: Any) -> None:
    """Check that code gives its model the weights in a folder, and that it keeps its names."""
    module = run(code)
    stock = module["build_model"]()
    names = [layer.name for layer in stock.layers]
    module["load_weights"](stock, str(folder / "weights.h5"))
    assert [layer.name for layer in stock.layers] == names == [layer.name for layer in ours.layers]
    for one, other in zip(ours.get_weights(), stock.get_weights(), strict=True):
        np.testing.assert_array_equal(other, one)
    assert "    load_weights(model)\n" in code


def _with_layers(project: Project, layers: dict[str, Layer]) -> Project:
    return replace(project, graph=replace(project.graph, layers=layers))


def test_notes_stand_above_the_line() -> None:
    code = python_code(PROJECTS["awkward"])
    assert '    # as wide as it must be\n    class_ = layers.Dense(2, name="class")(input_)\n' in code
    assert "    # a skip\n    #\n    # here\n" in code


def test_operations_and_classes_of_the_project_are_called_by_name() -> None:
    layers = {
        "scaled": Layer("layers.ScaledTanh", {"scale": 0.5}),
        "again": Layer("blocks.ScaledTanh"),
        "both": Layer("ops.matmul"),
        "part": Layer("ops.get_item", {"key": (Spec("Ellipsis"), Spec("slice", {"start": 1, "stop": None}), 0)}),
        "shifted": Layer("ops.add"),
    }
    calls = {
        "scaled": Call("scaled", ("x",)),
        "again": Call("again", ("scaled",)),
        "both": Call("both", ("scaled", "again")),
        "part": Call("part", ("both",)),
        "shifted": Call("shifted", ("part",), {}, {"x2": Spec("constant", {"value": (1.0, 2.0)})}),
    }
    made = Graph({"x": Input((2, 2))}, layers, calls, {"y": "shifted"})
    loss = Compile(losses={"y": Spec("layers.focal")}, metrics={"y": (Spec("layers.Recall", {"at": 2}),)})
    code = python_code(Project("own", graph=made, compile=loss))
    ast.parse(code)
    assert "loss=focal, metrics=[Recall(at=2)]" in code
    assert "import keras\nimport numpy\nfrom keras import ops\n" in code
    assert "from blocks import ScaledTanh as ScaledTanh_2\nfrom layers import Recall, ScaledTanh, focal\n" in code
    assert '    scaled = ScaledTanh(scale=0.5, name="scaled")(x)\n' in code
    assert "    both = ops.matmul(scaled, again)\n    part = both[..., 1:, 0]\n" in code
    assert '    shifted = ops.add(part, numpy.array((1.0, 2.0), dtype="float32"))\n' in code


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("stacked", [False, True])
def test_states_of_cells_above_each_other_are_counted_through(stacked: bool, wrapped: bool) -> None:
    cells = (Spec("LSTMCell", {"units": 3}), Spec("GRUCell", {"units": 4}))
    config = {"cell": Spec("StackedRNNCells", {"cells": cells}) if stacked else cells, "return_state": True}
    layer = Layer("Bidirectional", {"layer": Spec("RNN", config)}) if wrapped else Layer("RNN", config)
    made = graph({"x": Input((5, 3))}, {"rnn": (layer, "x")}, {"y": "rnn", "state": "rnn:3"})
    project = Project("stacked", graph=made)
    code = python_code(project)
    assert '{"y": keras.tree.flatten(rnn)[0], "state": keras.tree.flatten(rnn)[3]}' in code
    ours, stock = build_model(project), run(code)["build_model"]()
    assert {key: value.shape for key, value in stock.output.items()} == {
        key: value.shape for key, value in ours.output.items()
    }


def test_a_model_may_be_made_as_a_class_of_the_project() -> None:
    project = replace(PROJECTS["shared"], compile=Compile(model="layers.VAE"))
    code = python_code(project)
    assert 'return VAE([left, right], far, name="shared")' in code
    assert "    model.compile(optimizer=keras.optimizers.Adam())\n" in code
    assert "from layers import VAE\n" in code


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
        Layer("ops.tanh"),
        Layer("ops.minimum"),
        Layer(MODEL, {"model": "pair"}),
    ]
)
PAIR = graph(
    {"a": Input((3,)), "b": Input((3,), name="other")},
    {"dense": (Layer("Dense", {"units": 3}), "b"), "sub": (Layer("Subtract"), "a dense")},
    {"difference": "sub", "dense": "dense"},
)


@st.composite
def graphs(draw: st.DrawFn) -> Project:
    """Draw a graph of layers that keep the width, with shared layers, skips and several outputs."""
    inputs = {f"in{n}": Input((3,)) for n in range(draw(st.integers(1, 2)))}
    layers: dict[str, tuple[Layer, Any]] = {}
    sources = list(inputs)
    for number in range(draw(st.integers(1, 6))):
        layer = draw(LAYERS)
        count = 2 if layer.class_name in ("Add", "Maximum", "ops.minimum", MODEL) else 1
        source = st.sampled_from(sources)
        key = draw(st.sampled_from(["dense", "lambda", "x-y", "layers"])) + str(number)
        keys = [key, f"{key}_again"][: 1 if layer.class_name.startswith("ops.") else draw(st.integers(1, 2))]
        layers[key] = (layer, {each: " ".join(draw(source) for _ in range(count)) for each in keys})
        sources += [f"{each}:dense" for each in keys] if layer.class_name == MODEL else keys
    ends = draw(st.lists(st.sampled_from(sources[len(inputs) :]), min_size=1, max_size=2, unique=True))
    outputs = {f"out {key.replace(':', ' ')}": key for key in ends}
    return Project("drawn", graph=graph(inputs, layers, outputs), models={"pair": PAIR})


@given(graphs())
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
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
