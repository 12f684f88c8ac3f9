"""`kerastui import`: a model file becomes a project with the same function and the same weights."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from apps import press, screen_text, settled
from click.testing import CliRunner, Result
from fake_engine import FakeEngine
from keras.src.applications.convnext import LayerScale, StochasticDepth
from keras.src.applications.inception_resnet_v2 import CustomScaleLayer
from msgspec.structs import replace

from kerastui.cli import main
from kerastui.engine import Input, Model, Sequential, load_model
from kerastui.engine.building import BuildError, build_model
from kerastui.engine.checking import Checker
from kerastui.engine.importing import calls
from kerastui.engine.importing.files import largest_error
from kerastui.engine.importing.project import ImportRefused, project_of, write_project
from kerastui.engine.keras_private import origin
from kerastui.engine.process.protocol import EventBody, RunStarted
from kerastui.engine.process.run import Run
from kerastui.engine.project import commands, document, settings, swapping
from kerastui.engine.project.checks import check_project
from kerastui.engine.project.document import MODEL, Call, Column, Compile, Graph, Layer, Project, Spec
from kerastui.engine.project.files import dumps, read, write
from kerastui.engine.project.weights import started_new
from kerastui.engine.project.workspace import Workspace
from kerastui.engine.starting_weights import load_weights
from kerastui.engine.writing.python import python_code
from kerastui.screens.build.screen import BuildScreen
from kerastui.shell import KerasTUI

L = keras.layers


def run(*arguments: Any) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def functional() -> Any:
    x = Input((6,), name="x")
    hidden = L.Dense(4, activation="relu", kernel_regularizer=keras.regularizers.L1(1e-3), name="hidden")(x)
    frozen = L.BatchNormalization(trainable=False, name="frozen")(hidden)
    return Model(
        x,
        L.Dense(2, kernel_initializer="he_normal", bias_initializer=keras.initializers.Constant(0), name="end")(frozen),
        name="small",
    )


def sequential() -> Any:
    return Sequential([Input((6, 6, 1)), L.Conv2D(2, 3), L.MaxPooling2D(3, 2), L.Flatten(), L.Dense(2)])


def nested() -> Any:
    inner = Sequential([Input((4,)), L.Dense(4, activation="tanh", name="d"), L.Dense(4, name="e")], name="inner")
    outer = Input((4,))
    tower = Model(outer, [inner(outer), outer], name="tower")
    x = Input((4,), name="x")
    first, second = tower(x)
    return Model(x, inner(L.Add()([first, second])))


def shared() -> Any:
    a, b = Input((3,), name="a"), Input((3,), name="b")
    layer = L.Dense(2, name="twice")
    return Model([a, b], L.Subtract()([layer(a), layer(b)]))


def several() -> Any:
    inputs = {"words": Input((4,), dtype="int32", name="words"), "size": Input((2,), name="size")}
    embedded = L.Embedding(7, 3, mask_zero=True)(inputs["words"])
    read = L.Bidirectional(L.LSTM(2, dropout=0.1), merge_mode="sum")(L.Dropout(0.5)(embedded))
    joined = L.Concatenate()([read, inputs["size"]])
    model = Model(inputs, {"kind": L.Dense(3, activation="softmax")(joined), "price": L.Dense(1)(joined)})
    model.compile(
        keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9), momentum=0.5),
        {"kind": "sparse_categorical_crossentropy", "price": keras.losses.LogCosh(name="own")},
        metrics={"kind": ["accuracy"], "price": "mae"},
        loss_weights={"kind": 1.0, "price": 0.25},
    )
    return model


def operations() -> Any:
    x = Input((4,), name="x")
    y = keras.ops.relu(x * 3.0 + 1.5) - x
    z = keras.ops.concatenate([2.0 - y, -x / 4.0], axis=-1)
    return Model(x, keras.ops.maximum(z, keras.ops.sigmoid(z) * z))


def attention() -> Any:
    x = Input((3, 4), name="x")
    attended = L.MultiHeadAttention(2, 4, name="mha")(query=x, value=x)
    return Model(x, L.LayerNormalization(epsilon=1e-6)(L.Add()([x, attended])))


def private() -> Any:
    x = Input((4, 4, 3), name="x")
    scaled = StochasticDepth(0.1)(LayerScale(0.5, 3, name="scale")(x))
    return Model(x, CustomScaleLayer(0.3)([x, scaled]))


def learned() -> Any:
    x, words = Input((3,), name="x"), Input((1,), dtype="string", name="words")
    rows = np.linspace(0, 1, 30, dtype="float32").reshape(10, 3)
    normal, bins, lookup = L.Normalization(), L.Discretization(num_bins=4), L.StringLookup()
    for layer, data in ((normal, rows), (bins, rows), (lookup, np.array([["a"], ["b"], ["a"]]))):
        layer.adapt(data)
    counts = L.Rescaling(1.0)(L.Concatenate()([bins(x), lookup(words)]))
    return Model([x, words], L.Concatenate()([normal(x), counts]))


def recurrent() -> Any:
    x = Input((3, 2), name="x")
    both = L.Bidirectional(L.GRU(2, return_sequences=True))(L.Masking()(x))
    return Model(x, L.RNN([L.LSTMCell(2), L.SimpleRNNCell(3)])(both))


def structures() -> Any:
    """Return a model with a dict in, a model inside that gives two values, states, masks, and a slice."""
    words = Input((None,), dtype="int32", name="text")
    text, _, memory = L.LSTM(2, return_state=True, return_sequences=True, name="lstm")(
        L.Embedding(9, 2, name="embedding")(words)
    )
    reader = Model(words, {"text": text, "memory": memory}, name="reader")
    step = Input((2,), name="one")
    step_model = Model(step, L.Dense(3, name="wide")(step), name="step")
    given = {
        "words": Input((None,), dtype="int32", name="words"),
        "rows": Input((4, 2), name="rows"),
        "mask": Input((4, 4), dtype="bool", name="mask"),
    }
    memory = reader(given["words"])["memory"]
    told = L.LSTM(2, return_sequences=True, name="told")(given["rows"], initial_state=[memory, memory])
    mixed = L.MultiHeadAttention(1, 2, name="mha")(told, told, attention_mask=given["mask"], use_causal_mask=True)
    noise = L.GaussianNoise(0.1, name="noise")(mixed, training=True)
    first = L.TimeDistributed(step_model, name="each")(told)[:, 0:1]
    origin(first)[0].name = "first"
    shown = keras.ops.where(given["mask"][:, :, :1], mixed, np.array([0.5, 1.0], "float32"))
    return Model(given, {"first": first, "told": told, "shown": shown, "noise": noise * 0.0})


KINDS: list[Callable[[], Any]] = [
    functional,
    sequential,
    nested,
    shared,
    several,
    operations,
    attention,
    private,
    learned,
    recurrent,
    structures,
]


def with_known_weights(model: Any) -> Any:
    """Give a model weights that no initializer gives; what it learned from data stays."""
    if any(isinstance(layer, L.Normalization) for layer in model.layers):
        return model
    random = np.random.default_rng(3)
    model.set_weights([random.uniform(0.1, 1, value.shape).astype(value.dtype) for value in model.get_weights()])
    return model


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_what_is_imported_predicts_the_same(make: Callable[[], Any], tmp_path: Path) -> None:
    model = with_known_weights(make())
    write_project(tmp_path / "made", project_of(model, "made"))
    assert largest_error(model, tmp_path / "made") == 0
    project = read(tmp_path / "made")
    assert dumps(project) == (tmp_path / "made" / "kerastui.toml").read_text()
    assert list(project.graph.inputs) == [origin(tensor)[0].name for tensor in model.inputs]
    built = build_model(project)
    load_weights(project, built, tmp_path / "made")
    own = {np.asarray(weight).tobytes() for weight in model.get_weights()}
    assert {np.asarray(weight).tobytes() for weight in built.get_weights()} == own


def test_only_what_differs_from_the_default_stands_in_the_document(tmp_path: Path) -> None:
    found = project_of(functional(), "small").project.graph
    assert [layer.config for layer in found.layers.values()] == [
        {"units": 4, "activation": "relu", "kernel_regularizer": Spec("L1", {"l1": 0.001})},
        {"trainable": False},
        {"units": 2, "kernel_initializer": "he_normal", "bias_initializer": Spec("Constant")},
    ]
    assert found.outputs == {"end": "end"}


def test_models_inside_stay_unless_they_share_a_layer_with_another_graph() -> None:
    project = project_of(nested(), "nested").project
    assert list(project.models) == ["inner"]
    assert project.graph.layers["tower_inner"] == Layer(MODEL, {"model": "inner"})
    assert [call.layer for call in project.graph.calls.values()].count("tower_inner") == 2
    assert list(project.models["inner"].layers) == ["d", "e"]


def test_structures_states_masks_and_ports_come_with_it() -> None:
    imported = project_of(structures(), "structures")
    graph, reader = imported.project.graph, imported.project.models["reader"]
    assert (graph.takes, graph.gives) == ("dict", "")
    assert (reader.takes, reader.gives, reader.outputs) == ("", "", {"memory": "lstm:2", "text": "lstm"})
    assert graph.inputs["words"] == document.Input((None,), "int32")
    assert graph.calls["reader"].inputs == ("words",)
    assert graph.calls["told"] == Call("told", ("rows",), {"initial_state": ("reader:memory", "reader:memory")})
    assert graph.calls["mha"].named == {"attention_mask": "mask"}
    assert graph.calls["mha"].arguments == {"use_causal_mask": True}
    assert graph.calls["noise"].arguments == {"training": True}
    assert graph.layers["each"].config["layer"] == Spec(MODEL, {"model": "step"})
    assert sorted(imported.layers) == ["each", "mha", "reader/embedding", "reader/lstm", "told"]
    every, one = (Spec("slice", {"start": a, "stop": b, "step": None}) for a, b in ((None, None), (0, 1)))
    assert graph.layers["first"] == Layer("ops.get_item", {"key": (every, one)})


def test_settings_come_with_it() -> None:
    imported = project_of(several(), "several")
    schedule = Spec("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.9})
    assert imported.left_out == []
    assert imported.project.compile == Compile(
        Spec("SGD", {"learning_rate": schedule, "momentum": 0.5}),
        {"kind": Spec("SparseCategoricalCrossentropy"), "price": Spec("LogCosh")},
        {"kind": (Spec("SparseCategoricalAccuracy"),), "price": (Spec("MeanAbsoluteError"),)},
        {"price": 0.25},
        jit_compile=False,
    )


def test_settings_that_a_project_cannot_hold_are_left_out_and_named() -> None:
    model = functional()
    model.compile("adam", lambda y, p: keras.ops.mean(p - y), metrics=["mae", own_metric], weighted_metrics=["mse"])
    imported = project_of(model, "own")
    assert imported.project.compile.metrics == {"end": (Spec("MeanAbsoluteError"),)}
    assert [said.partition(" (")[0] for said in imported.left_out] == ["the loss", "a metric", "weighted_metrics"]


def own_metric(y: Any, p: Any) -> Any:
    return keras.ops.mean(p)


class Twice(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
    """A layer of a user's."""

    def call(self, x: Any) -> Any:
        return x * 2


class OwnOperation(keras.Operation):  # type: ignore[misc]  # Keras ships no types
    """An operation of a user's."""

    def call(self, x: Any) -> Any:
        return x


class Own(Model):
    """A model of a user's."""

    def call(self, x: Any) -> Any:
        return x


def test_all_that_a_project_cannot_hold_is_named_at_once() -> None:
    x = Input((4, 3), name="x")
    cells = L.RNN([L.GRUCell(2), L.GRUCell(2)], return_state=True, name="cells")
    first = cells(x)
    y = cells(x, initial_state=[[first[1]], [first[2]]])[0] * np.zeros((3000, 2), "float32")
    z = Twice(name="b")(Twice(name="a")(L.Lambda(lambda t: t, name="code")(x)))
    w = OwnOperation(name="own_operation")(x)
    with pytest.raises(ImportRefused) as refused:
        project_of(Model(x, [y, z, w]), "none")
    names = {item.name.partition("_")[0] for item in refused.value.refusals}
    assert names == {"cells", "multiply", "code", "b", "a", "own"}
    said = str(refused.value)
    assert "Twice is a class of its own" in said
    assert "OwnOperation is an operation of its own" in said
    assert "called with initial_state, a nested structure" in said
    assert "called with x2, an array of 6,000 numbers" in said
    assert "`kerastui convert`" in said


@pytest.mark.parametrize("inner", ["a layer", "a model"])
def test_weights_that_a_wrapper_shares_are_refused(inner: str) -> None:
    rows, row, dense = Input((5, 3)), Input((3,)), L.Dense(3, name="dense")
    shared = dense if inner == "a layer" else Model(row, dense(row), name="encoder")
    each, again = (L.TimeDistributed(shared, name=name) for name in ("each", "again"))
    for model in (Model([rows, row], [each(rows), shared(row)]), Model(rows, [each(rows), again(rows)])):
        with pytest.raises(ImportRefused, match=r"(each|again|dense) \(shares weights with (each|again|dense):"):
            project_of(model, "none")
    assert project_of(Model(rows, [each(rows), each(each(rows))]), "shared").left_out == []


def test_models_that_are_no_graph_are_refused() -> None:
    for model, why in ((Own(), "a Own with code of its own"), (Sequential([L.Dense(1)]), "does not know the shape")):
        with pytest.raises(ImportRefused, match=why):
            project_of(model, "none")


# Weights and edits ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """A model and the folder it was imported into by the command."""
    folder = tmp_path_factory.mktemp("imported")
    model = with_known_weights(functional())
    model.compile(keras.optimizers.SGD(0.0), "mse")
    model.save(folder / "small.keras")
    done = run("import", folder / "small.keras", folder / "small", "--verify", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert (told["same"], told["layers"], told["weights"], told["left_out"]) == (True, 3, "weights.h5", [])
    return model, folder / "small"


def starting(project: Project, folder: Path) -> tuple[Any, str]:
    built = build_model(project)
    return built, load_weights(project, built, folder)


def test_a_layer_keeps_its_weights_when_it_is_renamed_or_another_comes_before_it(imported: tuple[Any, Path]) -> None:
    model, folder = imported
    project = commands.rename(read(folder), "hidden", "renamed")
    project, new = commands.insert_layer(project, "Dense", {"units": 6}, "x", "hidden")
    built, said = starting(project, folder)
    assert said == f"{new} starts from new weights: weights.h5 has none that fit"
    for name, own in (("renamed", "hidden"), ("frozen", "frozen"), ("end", "end")):
        for a, b in zip(built.get_layer(name).get_weights(), model.get_layer(own).get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_layers_that_do_not_fit_any_more_start_from_new_weights(imported: tuple[Any, Path]) -> None:
    model, folder = imported
    built, said = starting(commands.set_argument(read(folder), "end", "units", 5), folder)
    assert said == "end starts from new weights: weights.h5 has none that fit"
    assert built.output_shape == (None, 5)
    kernels = [each.get_layer("hidden").get_weights()[0] for each in (built, model)]
    np.testing.assert_array_equal(*kernels)


def test_a_new_layer_of_an_old_id_starts_from_new_weights(imported: tuple[Any, Path]) -> None:
    model, folder = imported
    project = started_new(read(folder), ["hidden"])
    built, said = starting(project, folder)
    assert said == "hidden starts from new weights: weights.h5 has none that fit"
    assert not np.array_equal(*(each.get_layer("hidden").get_weights()[0] for each in (built, model)))
    assert '"hidden": ""' in python_code(project)


def test_a_run_starts_from_the_weights(imported: tuple[Any, Path], tmp_path: Path) -> None:
    model, folder = imported
    rows = np.random.default_rng(0).uniform(size=(8, 6)).astype("float32")
    np.savez(tmp_path / "data.npz", x=rows, end=rows[:, :2])
    (tmp_path / "weights.h5").write_bytes((folder / "weights.h5").read_bytes())
    project = read(folder)
    columns = {"x": Column("input"), "end": Column("target")}
    project = settings.set_source(project, "data.npz", columns)
    project = settings.set_fit(settings.set_compile(project, run_eagerly=True), epochs=1)
    events: list[EventBody] = []
    told = Run(project, tmp_path, events.append, lambda: None)
    told.train()
    assert told.begun.exception() is None
    started = next(event for event in events if isinstance(event, RunStarted))
    assert started.note == ""
    trained = load_model(tmp_path / "runs" / "0001" / "model.keras")
    for name in ("hidden", "end"):
        for a, b in zip(trained.get_layer(name).get_weights(), model.get_layer(name).get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "weights.h5 is not there"),
        (b"", "weights.h5 is damaged"),
        (b"\x89HDF\r\n\x1a\n" + b"0" * 99, "weights.h5 is damaged"),
    ],
)
def test_a_missing_or_damaged_weights_file_is_said(
    imported: tuple[Any, Path], tmp_path: Path, content: bytes | None, said: str
) -> None:
    project = read(imported[1])
    write(tmp_path, project)
    if content is not None:
        (tmp_path / "weights.h5").write_bytes(content)
    with pytest.raises(BuildError, match=said) as refused:
        starting(project, tmp_path)
    assert "import the model again" in refused.value.hint


def test_weights_elsewhere_are_refused(imported: tuple[Any, Path], tmp_path: Path) -> None:
    for place in ("../weights.h5", str(imported[1] / "weights.h5")):
        with pytest.raises(BuildError, match="in the folder of the project"):
            starting(replace(read(imported[1]), weights=place), tmp_path)


# The command ----------------------------------------------------------------------------------------------------------


def test_what_was_imported_opens_in_every_command(imported: tuple[Any, Path]) -> None:
    checked = run("check", imported[1])
    assert checked.output.splitlines() == [
        "✗ data      data: no data source is chosen · Open a file or choose one of the bundled data sets."
    ]
    assert "hidden (Dense)" in run("summary", imported[1], "--width", 80).output


def test_nothing_is_overwritten_without_force(imported: tuple[Any, Path], tmp_path: Path) -> None:
    source = imported[1].parent / "small.keras"
    (tmp_path / "notes.txt").write_text("mine")
    refused = run("import", source, tmp_path)
    assert refused.exit_code == 1
    assert refused.output == f"kerastui: {tmp_path} is not empty; --force replaces the project in it\n"
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    assert run("import", source, tmp_path, "--force").exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kerastui.toml", "notes.txt", "weights.h5"]


def test_json_has_no_weights_which_is_said(imported: tuple[Any, Path], tmp_path: Path) -> None:
    (tmp_path / "small.json").write_text(imported[0].to_json())
    refused = run("import", tmp_path / "small.json", tmp_path / "new" / "made", "--verify")
    assert "small.json has no weights to predict with; leave out --verify" in refused.output
    done = run("import", tmp_path / "small.json", tmp_path / "new" / "made")
    assert done.exit_code == 0, done.output
    assert "3 layers in 3 calls, without weights (JSON has none)" in done.output
    assert [path.name for path in (tmp_path / "new" / "made").iterdir()] == ["kerastui.toml"]
    project = read(tmp_path / "new" / "made")
    assert (project.name, project.weights, project.compile.losses) == ("made", "", {"end": Spec("MeanSquaredError")})


def test_errors_are_one_line_and_make_nothing(imported: tuple[Any, Path], tmp_path: Path) -> None:
    (tmp_path / "bad.keras").write_bytes(b"PK\x03\x04")
    code = tmp_path / "code.keras"
    Model(x := Input((2,)), L.Lambda(lambda t: t * 2, name="twice")(x)).save(code)
    (tmp_path / "file").write_text("mine")
    for arguments, said in (
        ((tmp_path / "none.keras", tmp_path / "out"), "there is no such file"),
        ((tmp_path / "bad.keras", tmp_path / "out"), "damaged or cut short"),
        ((code, tmp_path / "out"), "give --allow-unsafe"),
        ((code, tmp_path / "out", "--allow-unsafe", "--verify"), "twice of "),
        ((imported[1] / "weights.h5", tmp_path / "out"), "weights alone"),
    ):
        done = run("import", *arguments)
        assert done.exit_code == 1, arguments
        assert said in done.output
        assert done.output.startswith("kerastui: ")
        assert done.output.count("\n") == 1
        assert not (tmp_path / "out").exists()


def test_a_lambda_is_a_card_that_is_not_run_until_another_layer_takes_its_place(tmp_path: Path) -> None:
    x, z = Input((2,), name="x"), Input((2,), name="z")
    joined = L.Lambda(lambda both: both[0] + both[1], name="joined")([L.Dense(2, name="before")(x), z])
    model = Model([x, z], L.Lambda(lambda t: t * 2, name="twice")(joined))
    model.save(tmp_path / "code.keras")
    folder = tmp_path / "out"
    done = run("import", tmp_path / "code.keras", folder, "--allow-unsafe")
    assert done.exit_code == 0, done.output
    assert "without the code of joined, a Lambda, the code of twice, a Lambda" in done.output
    project = read(folder)
    assert project.graph.calls["joined"].inputs == ("before", "z")
    assert str(project.graph.layers["twice"].config["function"]).startswith("lambda at test_import.py:")
    told = [problem for problem in check_project(project) if problem.stage == "build"]
    assert [problem.subject for problem in told] == ["joined", "twice"]
    assert all("Python code" in problem.what and "layers.py" in problem.hint for problem in told)
    with pytest.raises(BuildError, match="which a project cannot hold"):
        build_model(project)
    project, _ = swapping.swap(project, "joined", "Add", {})
    project, _ = swapping.swap(project, "twice", "Rescaling", {"scale": 2.0})
    built = build_model(project)
    load_weights(project, built, folder)
    samples = [np.ones((3, 2), "float32"), np.full((3, 2), 5, "float32")]
    assert np.array_equal(model(samples), built(samples))


def test_masks_are_compared_once_however_many_ways_lead_to_them(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[Any] = []
    look = calls._made_from

    def counted(*given: Any) -> list[Any]:
        looked_at.append(given)
        return look(*given)

    monkeypatch.setattr(calls, "_made_from", counted)
    tokens = Input((4,), dtype="int32")
    found = keras.layers.Embedding(9, 2, mask_zero=True)(tokens)
    for _ in range(6):
        found = keras.layers.Add()([found, keras.layers.MultiHeadAttention(1, 2)(found, found)])
    model = Model(tokens, keras.layers.GlobalAveragePooling1D()(found))
    project = project_of(Model.from_config(model.get_config()), "deep").project  # a model that was read names its masks
    assert len(project.graph.calls) == 14
    assert len(looked_at) < 100, "there are 2 to the 8th ways"


async def test_it_opens_in_the_app_and_keeps_its_weights_through_edits(
    imported: tuple[Any, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "small"
    shutil.copytree(imported[1], folder)
    app = KerasTUI(folder, FakeEngine())
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "2")
        assert isinstance(app.screen, BuildScreen)
        assert {"x", "hidden", "frozen", "end"} <= app.screen.graph.scene.cards.keys()
        assert "BatchNorm" in screen_text(app)
        await press(pilot, "down", "a", *"dense", "enter", "ctrl+s")
        assert read(folder).graph.calls["frozen"].inputs == ("hidden",)
        assert "dense" in read(folder).graph.layers
        assert read(folder).weights == "weights.h5"
        (folder / "weights.h5").unlink()
        await press(pilot, "ctrl+z")
        assert "weights.h5 is not there" in screen_text(app)


# The document ---------------------------------------------------------------------------------------------------------


def test_undo_and_the_journal_know_the_weights(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path, Project("p", graph=Graph(), weights="weights.h5"))
    workspace.do("start anew", replace(workspace.project, weights=""))
    assert "weights" not in dumps(workspace.project)
    workspace.undo()
    assert workspace.project.weights == "weights.h5"
    assert Workspace.open(tmp_path).project.weights == "weights.h5"


def test_a_wire_that_is_there_twice_stays_so() -> None:
    project, x = commands.add_input(Project("p"), (3, 4))
    project, attention_ = commands.add_layer(project, "MultiHeadAttention", {"num_heads": 1, "key_dim": 2}, x)
    project = replace(project, graph=replace(project.graph, calls={attention_: Call(attention_, (x, x))}))
    project, dense = commands.insert_layer(project, "Dense", {"units": 4}, x, attention_)
    assert project.graph.calls[attention_].inputs == (dense, dense)
    assert commands.delete(project, [dense]).graph.calls[attention_].inputs == (x, x)


# keras.applications ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_application_with_operations_opens_and_predicts_the_same(tmp_path: Path) -> None:
    made = keras.applications.MobileNetV3Small(weights=None, include_top=False, input_shape=(32, 32, 3))
    model = Model(made.input, made.output)
    imported = project_of(model, "mobile")
    write_project(tmp_path / "mobile", imported)
    assert {layer.class_name for layer in imported.project.graph.layers.values()} >= {"ops.add", "ops.multiply"}
    assert sum(report.flops for report in Checker().check(imported.project).calls.values()) > 2_000_000
    assert largest_error(model, tmp_path / "mobile") == 0
