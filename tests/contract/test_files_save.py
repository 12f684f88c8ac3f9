"""The rows of the contract about `save`, in every format."""

import inspect
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from small_models import X, Y, line, weights_of
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from kerastui.engine import Functional, Model, load_model
from kerastui.engine import keras as our_keras

row = pytest.mark.row
FORMATS = {"keras": "m.keras", "h5": "m.h5", "tf": "m"}


def trained(**settings: Any) -> Any:
    """Train eagerly, as a file then has it too: tracing three small steps would take longer than they do."""
    model = line(**({"optimizer": "adam", "run_eagerly": True} | settings))
    model.fit(X, Y, epochs=3, batch_size=4, shuffle=False, verbose=0)
    return model


@pytest.fixture(scope="module", name="model")
def trained_once() -> Any:
    """A trained model, for the tests that leave it as it is."""
    return trained(metrics=["mae"])


@pytest.fixture(scope="module")
def folder(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That model as a SavedModel, for the tests that only read it."""
    path = tmp_path_factory.mktemp("saved") / "m"
    model.save(path)
    return path


def kind(path: Path) -> str:
    if (path / "saved_model.pb").is_file():
        return "tf"
    return "h5" if h5py.is_hdf5(path) else "keras"


def assert_same(model: Any, loaded: Any) -> None:
    assert isinstance(loaded, Functional)
    assert weights_of(loaded) == weights_of(model)
    np.testing.assert_allclose(loaded(X), model(X), atol=1e-6)


def assert_training_goes_on(path: Path) -> None:
    model = trained()
    model.save(path)
    loaded = load_model(path)
    assert int(loaded.optimizer.iterations) == int(model.optimizer.iterations) == 6
    losses = [m.fit(X, Y, epochs=2, shuffle=False, verbose=0).history["loss"] for m in (model, loaded)]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-6)
    assert_same(model, loaded)


@row("save")
@row("save(filepath)")
@pytest.mark.parametrize("name", FORMATS.values())
def test_the_path_says_what_is_written(tmp_path: Path, name: str) -> None:
    model = line()
    model.save(filepath=tmp_path / name)
    assert_same(model, load_model(tmp_path / name))
    model.save(str(tmp_path / f"again-{name}"))
    assert kind(tmp_path / f"again-{name}") == kind(tmp_path / name)


@row("save(overwrite)")
@pytest.mark.parametrize("name", FORMATS.values())
@pytest.mark.parametrize("answer", ["y", "n"])
def test_without_overwrite_it_asks(
    model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, answer: str
) -> None:
    path = tmp_path / name
    line().save(path, True)
    monkeypatch.setattr("builtins.input", lambda _: answer)
    model.save(path, overwrite=False)
    assert (weights_of(load_model(path)) == weights_of(model)) is (answer == "y")


@row("save(overwrite)")
def test_where_nobody_can_answer_it_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(_: str) -> str:
        raise EOFError

    line().save(tmp_path / "m.keras")
    before = (tmp_path / "m.keras").read_bytes()
    monkeypatch.setattr("builtins.input", closed)
    with pytest.raises(FileExistsError, match=r"m\.keras.*`overwrite` is False and there is no terminal"):
        line().save(tmp_path / "m.keras", overwrite=False)
    assert (tmp_path / "m.keras").read_bytes() == before


@row("save(include_optimizer)")
@pytest.mark.parametrize("name", FORMATS.values())
def test_without_the_optimizer_it_comes_back_uncompiled(model: Any, tmp_path: Path, name: str) -> None:
    optimizer = model.optimizer
    model.save(tmp_path / name, include_optimizer=False)
    assert model.compiled
    assert model.optimizer is optimizer
    loaded = load_model(tmp_path / name)
    assert not loaded.compiled
    assert_same(model, loaded)
    model.save(tmp_path / name, include_optimizer=True)
    assert load_model(tmp_path / name).compiled


@row("save(save_format)")
@pytest.mark.parametrize(("given", "meant"), [("keras", "keras"), ("h5", "h5"), ("hdf5", "h5"), ("tf", "tf")])
def test_save_format_wins(tmp_path: Path, given: str, meant: str) -> None:
    model = line()
    model.save(tmp_path / "m", save_format=given)
    assert kind(tmp_path / "m") == meant
    assert_same(model, load_model(tmp_path / "m"))


@row("save(save_format)")
def test_an_unknown_save_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"`save_format` must be one of .* Received: save_format='zip'"):
        line().save(tmp_path / "m", save_format="zip")
    assert not list(tmp_path.iterdir())


@row("save#save_format_h5")
def test_h5_whatever_the_suffix(tmp_path: Path) -> None:
    line().save(tmp_path / "m.keras", save_format="h5")
    assert kind(tmp_path / "m.keras") == "h5"
    assert_same(line(), load_model(tmp_path / "m.keras"))


@row("save#save_format_tf")
def test_tf_is_a_folder_whatever_the_suffix(tmp_path: Path) -> None:
    line().save(tmp_path / "m.h5", save_format="tf")
    assert kind(tmp_path / "m.h5") == "tf"


@row("save#save_format_keras")
def test_keras_is_an_archive_whatever_the_suffix(tmp_path: Path) -> None:
    line().save(tmp_path / "m.h5", save_format="keras")
    (tmp_path / "m.h5").rename(tmp_path / "m.keras")
    assert type(keras.saving.load_model(tmp_path / "m.keras")) is not Functional


@row("save(signatures)")
def test_signatures_are_served(tmp_path: Path) -> None:
    model = line()

    @tf.function(input_signature=[tf.TensorSpec((None, 3), tf.float32, name="rows")])  # type: ignore[untyped-decorator]
    def doubled(rows: Any) -> Any:
        return {"twice": 2 * model(rows)}

    model.save(tmp_path / "m", signatures={"doubled": doubled})
    served = tf.saved_model.load(tmp_path / "m").signatures
    assert list(served) == ["doubled"]
    np.testing.assert_allclose(served["doubled"](rows=tf.constant(X))["twice"], 2 * model(X), rtol=1e-6)
    assert_same(model, load_model(tmp_path / "m"))


@row("save(options)")
def test_options_reach_tensorflow(tmp_path: Path) -> None:
    model = line()

    @tf.function(input_signature=[tf.TensorSpec((None, 3), tf.float32)])  # type: ignore[untyped-decorator]
    def serve(rows: Any) -> Any:
        return model(rows)

    options = tf.saved_model.SaveOptions(function_aliases={"alias": serve})
    model.save(tmp_path / "m", signatures=serve, options=options)
    written = SavedModel.FromString((tmp_path / "m" / "saved_model.pb").read_bytes())
    assert "alias" in written.meta_graphs[0].meta_info_def.function_aliases.values()


@row("save(save_traces)")
@pytest.mark.parametrize("traces", [True, False])
def test_save_traces_is_taken(tmp_path: Path, traces: bool) -> None:
    line().save(tmp_path / "m", save_traces=traces)
    assert_same(line(), load_model(tmp_path / "m"))


@row("save(**kwargs)")
def test_other_keywords(tmp_path: Path) -> None:
    line().save(tmp_path / "folder", zipped=False)
    assert (tmp_path / "folder" / "config.json").is_file()
    with pytest.raises(TypeError, match="compression"):
        line().save(tmp_path / "m.keras", compression=9)


@row("save#default_no_suffix")
@pytest.mark.parametrize("name", ["m", "m.v2"])
def test_without_a_known_suffix_it_is_a_saved_model(tmp_path: Path, name: str) -> None:
    line().save(tmp_path / name)
    assert kind(tmp_path / name) == "tf"
    assert "serving_default" in tf.saved_model.load(tmp_path / name).signatures


@row("save#h5_suffix")
@pytest.mark.parametrize("name", ["my_model.h5", "my_model.hdf5"])
def test_h5_is_one_file_that_comes_back_compiled(model: Any, tmp_path: Path, name: str) -> None:
    model.save(tmp_path / name)
    assert kind(tmp_path / name) == "h5"
    loaded = load_model(tmp_path / name)
    assert loaded.compiled
    assert_same(model, loaded)


@row("save#h5_then_fit")
def test_what_comes_from_h5_can_be_trained(model: Any, tmp_path: Path) -> None:
    model.save(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5")
    before, _ = loaded.evaluate(X, Y, verbose=0)
    loaded.fit(X, Y, epochs=3, verbose=0)
    assert loaded.evaluate(X, Y, verbose=0)[0] < before


@row("save#keras_suffix")
def test_keras_is_the_archive_of_keras_3(model: Any, tmp_path: Path) -> None:
    model.save(tmp_path / "model.keras")
    assert_same(model, load_model(tmp_path / "model.keras"))
    stock = keras.saving.load_model(tmp_path / "model.keras")
    assert weights_of(stock) == weights_of(model)
    assert [np.asarray(v).tobytes() for v in stock.optimizer.variables] == [
        np.asarray(v).tobytes() for v in model.optimizer.variables
    ]


@row("save#optimizer_state_keras")
def test_training_goes_on_after_keras(tmp_path: Path) -> None:
    assert_training_goes_on(tmp_path / "m.keras")


@row("save#optimizer_state_h5")
def test_training_goes_on_after_h5(tmp_path: Path) -> None:
    assert_training_goes_on(tmp_path / "m.h5")


@row("save#optimizer_state_savedmodel")
def test_training_goes_on_after_a_saved_model(tmp_path: Path) -> None:
    assert_training_goes_on(tmp_path / "m")


@row("save#h5_loss_alias")
def test_short_names_come_back_from_h5(model: Any, tmp_path: Path) -> None:
    model.save(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5")
    assert loaded.evaluate(X, Y, return_dict=True, verbose=0) == pytest.approx(
        model.evaluate(X, Y, return_dict=True, verbose=0)
    )


@row("save#uncompiled")
@pytest.mark.parametrize("name", FORMATS.values())
def test_what_was_never_compiled_comes_back_so(tmp_path: Path, name: str) -> None:
    inputs = keras.Input((3,))
    uncompiled = Model(inputs, keras.layers.Dense(2)(inputs))
    uncompiled.save(tmp_path / name)
    loaded = load_model(tmp_path / name)
    assert not loaded.compiled
    assert_same(uncompiled, loaded)


@row("save#load_savedmodel")
def test_a_saved_model_comes_back_as_a_model(model: Any, folder: Path) -> None:
    loaded = load_model(folder)
    assert_same(model, loaded)
    assert loaded.evaluate(X, Y, return_dict=True, verbose=0).keys() == {"loss", "mae"}
    assert not load_model(folder, compile=False).compiled


@row("save#save_model_alias")
@pytest.mark.parametrize("name", FORMATS.values())
def test_save_model_does_the_same(model: Any, tmp_path: Path, name: str) -> None:
    our_keras.models.save_model(model, tmp_path / name)
    assert_same(model, load_model(tmp_path / name))
    our_keras.models.save_model(model, tmp_path / "x", True, "h5")
    assert kind(tmp_path / "x") == "h5"


@row("save#positional_3rd")
def test_the_third_argument_is_understood_by_its_type(model: Any, tmp_path: Path) -> None:
    model.save(tmp_path / "a.keras", True, False)
    assert not load_model(tmp_path / "a.keras").compiled
    model.save(tmp_path / "b.keras", True, "h5")
    assert kind(tmp_path / "b.keras") == "h5"
    assert load_model(tmp_path / "b.keras").compiled
    model.save(tmp_path / "c.keras", True, None)
    assert kind(tmp_path / "c.keras") == "keras"
    model.save(tmp_path / "d", True, False, "tf", None, None, True)
    assert kind(tmp_path / "d") == "tf"
    assert not load_model(tmp_path / "d").compiled
    order = list(inspect.signature(model.save).parameters)[2:7]
    assert order == ["include_optimizer", "save_format", "signatures", "options", "save_traces"]
