"""Models of ours as `.h5` and JSON, read by stock Keras 3 and by tf_keras."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tf_keras

from kerastui.engine import Input, Model, Sequential, load_model
from kerastui.engine.saving.bridge.json_models import model_from_json
from kerastui.engine.saving.errors import UnknownObjectsError

L = keras.layers
X = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def graph() -> Any:
    """Two inputs, a shared layer, models in models called once and twice, two outputs, a frozen layer."""
    left, right = Input((4,), name="left"), Input((4,), name="right")
    shared = L.Dense(4, "swish", kernel_regularizer="l2", name="shared")
    inner_input = Input((4,))
    inner = Model(inner_input, L.Dense(4)(L.BatchNormalization(trainable=False)(inner_input)), name="inner")
    line = Sequential([Input((4,)), L.LeakyReLU(0.1), inner_of_inner(), L.Dense(4)], name="line")
    joined = L.Add()([inner(shared(left)), line(inner(shared(right)))])
    a = L.Dense(1, name="a")(L.Concatenate()([joined, line(joined)]))
    return Model([left, right], [a, inner(joined)])


def inner_of_inner() -> Any:
    inputs = Input((4,))
    return Model(inputs, L.Dropout(0.5)(L.Dense(4, "tanh")(inputs)))


def series() -> Any:
    return Sequential([Input((4,)), L.Reshape((2, 2)), L.LSTM(3), L.Dropout(0.0), L.Dense(1)])


@pytest.fixture(autouse=True)
def quiet() -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Argument `alpha` is deprecated", UserWarning)
        yield


def same(models: dict[str, Any], expected: Any, rows: Any) -> None:
    for reader, model in models.items():
        for one, other in zip(keras.tree.flatten(model(rows)), keras.tree.flatten(expected(rows)), strict=True):
            np.testing.assert_allclose(np.asarray(one), np.asarray(other), atol=1e-6, err_msg=reader)


def all_readers(model: Any, folder: Path, **arguments: Any) -> dict[str, Any]:
    model.save(folder / "m.h5")
    text = model.to_json()
    read = {
        "here, .h5": load_model(folder / "m.h5", **arguments),
        "here, JSON": model_from_json(text),
        "Keras 3, .h5": keras.saving.load_model(folder / "m.h5", **arguments),
        "Keras 3, JSON": keras.models.model_from_json(text),
        "tf_keras, .h5": tf_keras.models.load_model(folder / "m.h5", **arguments),
        "tf_keras, JSON": tf_keras.models.model_from_json(text),
    }
    for reader in ("here", "Keras 3", "tf_keras"):
        read[f"{reader}, JSON"].set_weights(read[f"{reader}, .h5"].get_weights())
    return read


@pytest.mark.parametrize("make", [graph, series])
def test_all_libraries_read_it(make: Callable[[], Any], tmp_path: Path) -> None:
    model = make()
    random = np.random.default_rng(1)
    model.set_weights([random.uniform(0.2, 0.8, one.shape) for one in model.get_weights()])
    rows = [X, -X] if make is graph else X
    same(all_readers(model, tmp_path, compile=False), model, rows)


OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "adadelta": lambda: keras.optimizers.Adadelta(0.5),
    "adagrad": lambda: keras.optimizers.Adagrad(0.1, epsilon=1e-9),
    "adam": lambda: keras.optimizers.Adam(0.02, amsgrad=True, clipnorm=1.0),
    "adamax": lambda: keras.optimizers.Adamax(0.02),
    "ftrl": lambda: keras.optimizers.Ftrl(0.1),
    "rmsprop": lambda: keras.optimizers.RMSprop(0.02, momentum=0.9, centered=True),
    "schedule": lambda: keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.1, 3, 0.5)),
    "sgd": lambda: keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
}


def small(optimizer: Any, **settings: Any) -> Any:
    model = Sequential([Input((4,)), L.Dense(3, "tanh"), L.Dense(1)])
    model.compile(optimizer, "mse", run_eagerly=True, **settings)
    model.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    return model


def train_on(models: list[Any]) -> list[Any]:
    for model in models:
        model.run_eagerly = True
        model.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    return [model.get_weights() for model in models]


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_training_goes_on_to_the_same_weights(name: str, tmp_path: Path) -> None:
    model = small(OPTIMIZERS[name]())
    model.save(tmp_path / "m.h5")
    expected, *weights = train_on([model, load_model(tmp_path / "m.h5"), tf_keras.models.load_model(tmp_path / "m.h5")])
    for given in weights:
        for one, other in zip(given, expected, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)


def test_compilation_is_read_by_all(tmp_path: Path) -> None:
    model = Sequential([Input((4,)), L.Dense(1)])
    metrics = ["mae", keras.metrics.RootMeanSquaredError(name="root")]
    loss = keras.losses.LogCosh(reduction="sum")
    model.compile(keras.optimizers.Adam(0.02, beta_1=0.8), loss, metrics=metrics, weighted_metrics=["mse"])
    model.save(tmp_path / "m.h5")
    theirs, stock = tf_keras.models.load_model(tmp_path / "m.h5"), keras.saving.load_model(tmp_path / "m.h5")
    assert type(theirs.optimizer).__name__ == "Adam"
    for one in (theirs, stock, load_model(tmp_path / "m.h5")):
        one.run_eagerly = True
        assert one.optimizer.get_config()["beta_1"] == 0.8
        expected = model.evaluate(X, Y, verbose=0, return_dict=True)
        given = one.evaluate(X, Y, verbose=0, return_dict=True)
        np.testing.assert_allclose(sorted(given.values()), sorted(expected.values()), atol=1e-5)
    assert given.keys() == expected.keys()


def test_operations_of_keras_come_back_from_hdf5(tmp_path: Path) -> None:
    inputs = Input((4,))
    model: Any = Model(inputs, keras.ops.mean(L.Dense(3)(inputs) * 2.0 + inputs[:, :1], axis=-1))
    model.save(tmp_path / "m.h5")
    read = {"here": load_model(tmp_path / "m.h5"), "Keras 3": keras.saving.load_model(tmp_path / "m.h5")}
    same(read, model, X)
    assert "keras_version" not in json.loads(model.to_json())


@pytest.mark.parametrize(
    "layer",
    [lambda: L.Dense(4, "hard_sigmoid"), lambda: L.RMSNormalization(), lambda: L.LayerNormalization(axis=[1, 2])],
)
def test_what_only_keras_3_means_stays_in_its_dialect(layer: Callable[[], Any], tmp_path: Path) -> None:
    model = Sequential([Input((4, 2)), layer()])
    model.save(tmp_path / "m.h5")
    rows = np.stack([X, -X], axis=-1)
    same({"Keras 3": keras.saving.load_model(tmp_path / "m.h5"), "here": load_model(tmp_path / "m.h5")}, model, rows)


@keras.saving.register_keras_serializable("portable")
class Scale(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    def __init__(self, by: Any, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.by = by

    def call(self, inputs: Any) -> Any:
        return inputs * self.by

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "by": self.by}


class TheirScale(tf_keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    def __init__(self, by: Any, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.by = by

    def call(self, inputs: Any) -> Any:
        return inputs * self.by


def test_a_layer_of_the_users_own_is_read_by_both(tmp_path: Path) -> None:
    inputs = Input((4,))
    model: Any = Model(inputs, L.Dense(2)(Scale(np.arange(4.0, dtype="float32"))(inputs)))
    model.save(tmp_path / "m.h5")
    theirs = tf_keras.models.load_model(tmp_path / "m.h5", custom_objects={"portable>Scale": TheirScale})
    same({"tf_keras": theirs, "Keras 3": keras.saving.load_model(tmp_path / "m.h5")}, model, X)


def test_the_version_tells_our_json_from_that_of_tf_keras(tmp_path: Path) -> None:
    model = series()
    assert json.loads(model.to_json())["keras_version"] == keras.__version__
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        assert file.attrs["keras_version"] == keras.__version__
        assert file["model_weights"].attrs["keras_version"] == keras.__version__


def test_losses_and_metrics_that_nobody_knows_are_named_with_the_layers(tmp_path: Path) -> None:
    def odd_loss(y: Any, given: Any) -> Any:
        return keras.ops.mean(keras.ops.square(y - given))

    class OddMetric(keras.metrics.MeanSquaredError):  # type: ignore[misc]  # Keras has no types
        pass

    class OddLayer(Scale):
        pass

    model = Sequential([Input((4,)), OddLayer(2.0), L.Dense(1)])
    model.compile("sgd", odd_loss, metrics=["mae", "accuracy", OddMetric()], run_eagerly=True)
    model.save(tmp_path / "m.h5")
    with pytest.raises(UnknownObjectsError, match=r"OddLayer.*'odd_layer'.*odd_loss.*'compile'.*OddMetric.*'compile'"):
        load_model(tmp_path / "m.h5")
    again = load_model(
        tmp_path / "m.h5", custom_objects={"OddLayer": OddLayer, "odd_loss": odd_loss, "OddMetric": OddMetric}
    )
    assert again.loss is odd_loss
    assert load_model(tmp_path / "m.h5", custom_objects={"OddLayer": OddLayer}, compile=False).built
