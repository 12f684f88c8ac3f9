"""HDF5 files come back compiled and trainable; SavedModels are written whole, with their signatures."""

from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastui.engine import Functional, Input, Model, Sequential, load_model
from kerastui.engine.saving.writing import save_model

Dense = keras.layers.Dense
X = np.random.default_rng(0).normal(size=(16, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def small(stock: bool = False) -> Any:
    keras.utils.set_random_seed(3)
    layers = [keras.Input((4,), name="row"), Dense(3, activation="relu"), keras.layers.BatchNormalization(), Dense(1)]
    return (keras.Sequential if stock else Sequential)(layers)


def train(model: Any, epochs: int) -> list[float]:
    history = model.fit(X, Y, epochs=epochs, batch_size=8, shuffle=False, verbose=0).history
    return [history["loss"][-1], *(np.asarray(weight).sum() for weight in model.weights)]


@pytest.mark.parametrize(
    ("optimizer", "stock", "eagerly"),
    [("adam", False, False), ("adam", True, True), ("rmsprop", False, True), ("sgd", True, True)],
)
def test_training_goes_on_as_if_never_interrupted(tmp_path: Path, optimizer: str, stock: bool, eagerly: bool) -> None:
    uninterrupted = small()
    uninterrupted.compile(optimizer, "mse", metrics=["mae"], run_eagerly=eagerly)
    expected = train(uninterrupted, 5)

    model = small(stock)
    model.compile(optimizer, "mse", metrics=["mae"], run_eagerly=eagerly)
    train(model, 2)
    if stock:
        model.save(tmp_path / "m.h5")
    else:
        save_model(model, tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5")
    assert type(loaded) is Sequential
    assert loaded.optimizer.iterations == 4
    np.testing.assert_allclose(train(loaded, 3), expected, rtol=1e-6, atol=1e-6)
    assert set(loaded.evaluate(X, Y, return_dict=True, verbose=0)) == {"loss", "mae"}


def off_by(y_true: Any, y_pred: Any) -> Any:
    return keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1)


keras.saving.register_keras_serializable(package="test_model_h5")(off_by)


@pytest.mark.parametrize(
    ("arguments", "labels"),
    [
        (
            {"loss": keras.losses.LogCosh(reduction="sum"), "metrics": [keras.metrics.MeanSquaredError(name="off")]},
            {"loss", "off"},
        ),
        ({"loss": off_by, "weighted_metrics": ["mse"]}, {"loss", "mse"}),
        (
            {
                "loss": keras.losses.mean_squared_error,
                "metrics": [keras.losses.mean_absolute_error],
                "loss_weights": 0.5,
            },
            None,
        ),
    ],
)
def test_losses_and_metrics_given_as_objects_come_back(
    tmp_path: Path, arguments: dict[str, Any], labels: set[str] | None
) -> None:
    model = small()
    model.compile("sgd", run_eagerly=True, **arguments)
    train(model, 1)
    save_model(model, tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5")
    expected = model.evaluate(X, Y, return_dict=True, verbose=0)
    assert loaded.evaluate(X, Y, return_dict=True, verbose=0) == pytest.approx(expected, abs=1e-6)
    assert labels is None or set(expected) == labels


def test_losses_by_output_come_back(tmp_path: Path) -> None:
    row = Input((4,), name="row")
    model = Model(row, {"a": Dense(1, name="a")(row), "b": Dense(1, name="b")(row)})
    model.compile(
        "adam", {"a": "mse", "b": keras.losses.Huber()}, metrics={"a": ["mae"]}, loss_weights={"a": 1.0, "b": 2.0}
    )
    targets = {"a": Y, "b": Y}
    model.fit(X, targets, verbose=0)
    save_model(model, tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5")
    assert type(loaded) is Functional
    assert loaded.evaluate(X, targets, verbose=0) == pytest.approx(model.evaluate(X, targets, verbose=0), abs=1e-6)
    loaded.fit(X, targets, verbose=0)


def test_how_training_runs_is_kept(tmp_path: Path) -> None:
    model = small()
    model.compile("sgd", "mse", run_eagerly=True, steps_per_execution=1)
    save_model(model, tmp_path / "m.h5")
    assert load_model(tmp_path / "m.h5").run_eagerly


def test_an_uncompiled_file_and_one_without_optimizer_come_back_uncompiled(tmp_path: Path) -> None:
    save_model(small(), tmp_path / "m.h5")
    assert not load_model(tmp_path / "m.h5").compiled
    model = small()
    model.compile("adam", "mse", run_eagerly=True)
    save_model(model, tmp_path / "n.h5", include_optimizer=False)
    assert not load_model(tmp_path / "n.h5").compiled
    save_model(model, tmp_path / "m.h5")
    assert not load_model(tmp_path / "m.h5", compile=False).compiled


def test_an_optimizer_state_that_does_not_fit_is_told_and_left(tmp_path: Path) -> None:
    model = small()
    model.compile("adam", "mse", run_eagerly=True)
    train(model, 1)
    save_model(model, tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "r+") as file:
        for key, names in file["optimizer_weights"].attrs.items():  # in tf_keras's order, and in Keras 3's
            file["optimizer_weights"].attrs[key] = names[:-1]
    with pytest.warns(UserWarning, match=r"does not fit the Adam .* starts afresh"):
        loaded = load_model(tmp_path / "m.h5")
    assert loaded.optimizer.iterations == 0
    train(loaded, 1)


def test_a_failing_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.h5"
    path.write_bytes(b"old")

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Dense, "get_config", fail)
    with pytest.raises(OSError, match="No space left"):
        save_model(small(), path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("save_format", "magic"), [("h5", b"\x89HDF"), ("keras", b"PK")])
def test_save_format_goes_before_the_suffix(tmp_path: Path, save_format: str, magic: bytes) -> None:
    save_model(small(), tmp_path / "m.xyz", save_format=save_format)
    assert (tmp_path / "m.xyz").read_bytes().startswith(magic)
    assert [path.name for path in tmp_path.iterdir()] == ["m.xyz"]


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"`save_format` must be one of 'keras', .* Received: save_format='onnx'"):
        save_model(small(), tmp_path / "m", save_format="onnx")


def test_a_path_without_suffix_is_a_saved_model_that_serves_outputs_by_name(tmp_path: Path) -> None:
    a, b = Input((4,), name="a"), Input((4,), name="b")
    both = keras.layers.Add(name="both")([a, b])
    model = Model([a, b], [Dense(1, name="small")(both), Dense(2, name="large")(both)])
    save_model(model, tmp_path / "served")
    serve = tf.saved_model.load(tmp_path / "served").signatures["serving_default"]
    given = serve(a=tf.constant(X), b=tf.constant(X))
    small_output, large_output = model([X, X])
    np.testing.assert_allclose(given["small"], small_output, atol=1e-6)
    np.testing.assert_allclose(given["large"], large_output, atol=1e-6)


def test_a_signature_made_from_the_save_spec_is_served(tmp_path: Path) -> None:
    model = small()

    def serve(*args: Any, **kwargs: Any) -> Any:
        return {"twice": 2 * model(*args, **kwargs)}

    args, kwargs = model.save_spec()
    signature = tf.function(serve).get_concrete_function(*args, **kwargs)
    save_model(model, tmp_path / "m", signatures={"double": signature})
    signatures = tf.saved_model.load(tmp_path / "m").signatures
    assert list(signatures) == ["double"]
    np.testing.assert_allclose(signatures["double"](row=tf.constant(X))["twice"], 2 * model(X), atol=1e-6)


def test_a_subclass_is_served_with_all_inputs_of_its_first_call(tmp_path: Path) -> None:
    class Scaled(Model):
        def __init__(self) -> None:
            super().__init__(name="scaled")
            self.dense = Dense(2)

        def call(self, rows: Any, factors: Any, training: bool = False) -> Any:
            return self.dense(rows) * factors

    model: Any = Scaled()
    assert model.save_spec() is None
    with pytest.raises(ValueError, match="'scaled' cannot be saved as a SavedModel before its inputs are known"):
        save_model(model, tmp_path / "m")
    assert not list(tmp_path.iterdir())
    factors = np.ones((16, 1), "float64")
    expected = model(X, factors, training=False)
    spec, keywords = model.save_spec()
    assert [(tuple(one.shape), one.dtype) for one in spec] == [((None, 4), tf.float32), ((None, 1), tf.float32)]
    assert keywords == {}
    assert [tuple(one.shape) for one in model.save_spec(dynamic_batch=False)[0]] == [(16, 4), (16, 1)]
    save_model(model, tmp_path / "m")
    serve = tf.saved_model.load(tmp_path / "m").signatures["serving_default"]
    given = serve(rows=tf.constant(X), factors=tf.ones((16, 1)))
    np.testing.assert_allclose(given["output_1"], expected, atol=1e-6)


def test_inputs_in_a_list_are_numbered_and_what_is_no_tensor_stays(tmp_path: Path) -> None:
    class Sum(Model):
        def call(self, pair: Any, mask: Any = None, extra: Any = None) -> Any:
            return pair[0] + 2 * pair[1] + extra

    model: Any = Sum(name="sum")
    model([tf.constant(X), tf.constant(X)], None, extra=tf.constant(Y))
    tf.saved_model.save(model, tmp_path / "m")  # TensorFlow's own call serves it too
    serve = tf.saved_model.load(tmp_path / "m").signatures["serving_default"]
    given = serve(pair_1=tf.constant(X), pair_2=tf.constant(2 * X), extra=tf.constant(Y))
    np.testing.assert_allclose(given["output_1"], 5 * X + Y, rtol=1e-5)


def test_training_alone_makes_the_save_spec_known(tmp_path: Path) -> None:
    class Line(Model):
        def __init__(self) -> None:
            super().__init__(name="line")
            self.dense = Dense(1)

        def call(self, rows: Any) -> Any:
            return self.dense(rows)

    model: Any = Line()
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=8, verbose=0)
    assert model.save_spec() == ([tf.TensorSpec((None, 4), tf.float32, "rows")], {})
    save_model(model, tmp_path / "m")
    serve = tf.saved_model.load(tmp_path / "m").signatures["serving_default"]
    np.testing.assert_allclose(serve(rows=tf.constant(X))["output_1"], model(X), atol=1e-6)


def test_a_stock_model_is_written_too(tmp_path: Path) -> None:
    save_model(small(stock=True), tmp_path / "m")
    assert "serving_default" in tf.saved_model.load(tmp_path / "m").signatures


def test_the_save_spec_follows_declared_inputs() -> None:
    a, b = Input((4,), name="a"), Input((3,), name="b", batch_size=5)
    model: Any = Model({"a": a, "b": b}, keras.layers.Concatenate()([Dense(3)(a), b]))
    for dynamic in (True, False):
        (spec,), keywords = model.save_spec(dynamic_batch=dynamic)
        assert {name: tuple(one.shape) for name, one in spec.items()} == {"a": (None, 4), "b": (5, 3)}
        assert keywords == {}
    assert small().save_spec() == ([tf.TensorSpec((None, 4), tf.float32, "row")], {})
    deferred: Any = Sequential([Dense(2)])
    assert deferred.save_spec() is None
    deferred(X)
    assert tuple(deferred.save_spec()[0][0].shape) == (None, 4)
    assert tuple(deferred.save_spec(dynamic_batch=False)[0][0].shape) == (16, 4)


def test_a_saved_model_replaces_another_and_leaves_what_else_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    save_model(small(), folder)
    (folder / "notes.txt").write_text("mine")
    before = (folder / "variables" / "variables.data-00000-of-00001").read_bytes()
    model = small()
    model.compile("sgd", "mse", run_eagerly=True)
    train(model, 1)
    save_model(model, folder)
    assert (folder / "variables" / "variables.data-00000-of-00001").read_bytes() != before
    assert (folder / "notes.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["m"]
    assert "serving_default" in tf.saved_model.load(folder).signatures


def test_the_optimizer_is_left_out_when_asked(tmp_path: Path) -> None:
    model = small()
    model.compile("adam", "mse", run_eagerly=True)
    train(model, 1)
    optimizer = model.optimizer
    save_model(model, tmp_path / "with")
    save_model(model, tmp_path / "without", include_optimizer=False)
    assert model.optimizer is optimizer
    assert hasattr(tf.saved_model.load(tmp_path / "with"), "optimizer")
    assert not hasattr(tf.saved_model.load(tmp_path / "without"), "optimizer")


def test_a_failing_saved_model_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    save_model(small(), folder)
    with pytest.raises(ValueError, match=r".+"):
        save_model(small(), folder, signatures={"bad": lambda x: x})
    assert "serving_default" in tf.saved_model.load(folder).signatures
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


@pytest.mark.parametrize("answer", ["y", "n"])
def test_without_overwrite_the_terminal_is_asked_about_folders_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    (tmp_path / "m").mkdir()
    monkeypatch.setattr("builtins.input", lambda _: answer)
    save_model(small(), tmp_path / "m", overwrite=False)
    assert (tmp_path / "m" / "saved_model.pb").exists() is (answer == "y")


def test_a_file_is_no_place_for_a_saved_model(tmp_path: Path) -> None:
    (tmp_path / "m").write_text("mine")
    with pytest.raises(ValueError, match="`filepath` is a file, and a SavedModel is a folder"):
        save_model(small(), tmp_path / "m")
    assert (tmp_path / "m").read_text() == "mine"
