"""SavedModels come back as models: ours, those of stock models, and those that tf.keras wrote."""

import os
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from kerastui.engine import Functional, Input, Model, Sequential
from kerastui.engine.saving.bridge.saved_models import METADATA
from kerastui.engine.saving.saved_model import PARTS, load_saved_model
from kerastui.engine.saving.writing import save_model

layers = keras.layers
X = np.random.default_rng(0).normal(size=(12, 5, 4)).astype("float32")
Y = X.sum(axis=(1, 2), keepdims=True)[:, 0]


def mixed(stock: bool = False) -> Any:
    """Nested, shared, with layers that hold state beside their weights."""
    inputs = keras.Input((5, 4), name="rows")
    shared = layers.Dense(4, activation="tanh", name="shared")
    hidden = shared(shared(layers.Normalization(mean=[0.5] * 4, variance=[2.0] * 4)(inputs)))
    hidden = layers.BatchNormalization()(layers.Flatten()(hidden))
    inner = (keras.Sequential if stock else Sequential)([Input((20,)), layers.Dense(3), layers.Dense(1)], name="inner")
    return (keras.Model if stock else Model)(inputs, inner(hidden))


def trained(model: Any, **settings: Any) -> Any:
    model.compile(**({"optimizer": "adam", "loss": "mse", "metrics": ["mae"], "run_eagerly": True} | settings))
    model.fit(X, Y, epochs=2, batch_size=6, shuffle=False, verbose=0)
    return model


@keras.saving.register_keras_serializable("test_saving_saved_model")
class Line(Model):
    """A subclass with a configuration of its own."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.dense = layers.Dense(units)

    def call(self, rows: Any) -> Any:
        """Flatten and multiply."""
        return self.dense(keras.ops.reshape(rows, (-1, 20)))

    def get_config(self) -> dict[str, Any]:
        """Say how many units."""
        return {**super().get_config(), "units": self.units}


@pytest.mark.slow
@pytest.mark.parametrize("make", [mixed, lambda: mixed(stock=True), lambda: Line(1)], ids=["ours", "stock", "subclass"])
def test_everything_comes_back(tmp_path: Path, make: Any) -> None:
    model = trained(make())
    save_model(model, tmp_path / "m")
    loaded = load_saved_model(tmp_path / "m")
    assert isinstance(loaded, Model)
    np.testing.assert_array_equal(loaded(X), model(X))
    state = [[np.asarray(v).tobytes() for v in m.optimizer.variables] for m in (model, loaded)]
    assert state[0] == state[1]
    losses = [m.fit(X, Y, epochs=2, shuffle=False, verbose=0).history["loss"] for m in (model, loaded)]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-6)


def test_the_weights_are_on_disk_once(tmp_path: Path) -> None:
    inputs = Input((300,))
    model = Model(inputs, layers.Dense(1000)(inputs))
    model.save(tmp_path / "m")
    size = sum(path.stat().st_size for path in (tmp_path / "m").rglob("*"))
    assert size < 1.3 * 4 * model.count_params()


def test_a_vocabulary_comes_back(tmp_path: Path) -> None:
    inputs = Input((1,), dtype="string")
    model = Model(inputs, layers.StringLookup(vocabulary=["a", "b"])(inputs))
    model.save(tmp_path / "m")
    words = tf.constant([["b"], ["x"], ["a"]])
    np.testing.assert_array_equal(load_saved_model(tmp_path / "m")(words), model(words))


def test_a_lambda_is_refused_unless_allowed(tmp_path: Path) -> None:
    inputs = Input((4,))
    Model(inputs, layers.Lambda(lambda x: 2 * x, output_shape=(4,))(inputs)).save(tmp_path / "m")
    with pytest.raises(ValueError, match="safe_mode"):
        load_saved_model(tmp_path / "m")
    assert load_saved_model(tmp_path / "m", safe_mode=False)(np.ones((1, 4)))[0, 0] == 2


class Silent(Model):
    """A subclass that does not say how it was made."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.dense = layers.Dense(units)

    def call(self, rows: Any) -> Any:
        """Apply the layer."""
        return self.dense(rows)

    def get_config(self) -> dict[str, Any]:
        """Refuse."""
        raise NotImplementedError("no configuration")


def test_a_model_without_a_configuration_is_served_and_another_model_is_not_taken_for_it(tmp_path: Path) -> None:
    inputs = Input((5, 4))
    Model(inputs, layers.Dense(1)(inputs)).save(tmp_path / "m")
    model: Any = Silent(2)
    expected = model(X)
    model.save(tmp_path / "m")
    assert not (tmp_path / "m" / PARTS).exists()
    served = tf.saved_model.load(tmp_path / "m").signatures["serving_default"]
    np.testing.assert_allclose(served(rows=tf.constant(X))["output_1"], expected, atol=1e-6)
    with pytest.raises(ValueError, match=r"keras\.layers\.TFSMLayer"):
        load_saved_model(tmp_path / "m")


def test_what_is_no_saved_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no `saved_model\.pb`"):
        load_saved_model(tmp_path)


def test_lost_variables_are_named(tmp_path: Path) -> None:
    mixed().save(tmp_path / "m")
    os.unlink(tmp_path / "m" / "variables" / "variables.index")
    with pytest.raises(OSError, match="variables"):
        load_saved_model(tmp_path / "m")


def old_functional() -> Any:
    """Nested, with layers in layers."""
    old = tf_keras.layers
    inputs = tf_keras.Input((5, 4), name="rows")
    hidden = old.BatchNormalization()(old.Bidirectional(old.LSTM(3))(old.Dense(4)(inputs)))
    inner = tf_keras.Sequential([old.Dense(3, input_shape=(6,)), old.Dense(1)], name="inner")
    return tf_keras.Model(inputs, inner(hidden))


def old_sequential() -> Any:
    """Convolution and normalisation."""
    old = tf_keras.layers
    first = old.Conv1D(3, 2, input_shape=(5, 4))
    return tf_keras.Sequential([first, old.LayerNormalization(), old.Flatten(), old.Dense(1)])


@pytest.mark.slow
@pytest.mark.parametrize(("make", "traces"), [(old_functional, False), (old_sequential, True)])
def test_a_saved_model_of_tf_keras_comes_back_with_its_optimizer(tmp_path: Path, make: Any, traces: bool) -> None:
    model = trained(make())
    model.save(tmp_path / "m", save_format="tf", save_traces=traces)  # those of recurrent layers take a minute
    loaded = load_saved_model(tmp_path / "m")
    assert isinstance(loaded, (Functional, Sequential))
    np.testing.assert_allclose(loaded(X), model(X), atol=1e-6)
    assert int(loaded.optimizer.iterations) == 4
    loaded.run_eagerly = True
    histories = [m.fit(X, Y, epochs=2, shuffle=False, verbose=0).history for m in (model, loaded)]
    assert histories[1].keys() == histories[0].keys()
    np.testing.assert_allclose(histories[1]["loss"], histories[0]["loss"], rtol=1e-5)
    assert not load_saved_model(tmp_path / "m", compile=False).compiled


class OldLine(tf_keras.Model):  # type: ignore[misc]  # tf_keras ships no types
    """The twin of `Line`."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.dense = tf_keras.layers.Dense(units)

    def call(self, rows: Any) -> Any:
        """Flatten and multiply."""
        return self.dense(tf.reshape(rows, (-1, 20)))

    def get_config(self) -> dict[str, Any]:
        """Say how many units."""
        return {"units": self.units}


@pytest.mark.slow
def test_a_subclass_of_tf_keras_comes_back_as_the_class_given_for_it(tmp_path: Path) -> None:
    model = trained(OldLine(1), optimizer="sgd")
    model.save(tmp_path / "m", save_format="tf", save_traces=False)
    loaded = load_saved_model(tmp_path / "m", {"OldLine": Line})
    assert isinstance(loaded, Line)
    np.testing.assert_allclose(loaded(X), model(X), atol=1e-6)
    with pytest.raises(TypeError, match="OldLine"):
        load_saved_model(tmp_path / "m")


@pytest.mark.slow
def test_ours_in_the_place_of_one_of_tf_keras_is_ours(tmp_path: Path) -> None:
    old_sequential().save(tmp_path / "m", save_format="tf", save_traces=False)
    assert (tmp_path / "m" / METADATA).is_file()
    model = mixed()
    model.save(tmp_path / "m")
    assert not (tmp_path / "m" / METADATA).exists()
    np.testing.assert_array_equal(load_saved_model(tmp_path / "m")(X), model(X))


def test_damaged_metadata_is_an_error_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"")
    (tmp_path / METADATA).write_bytes(b"\xff\xff\xff")
    with pytest.raises(OSError, match=r"keras_metadata\.pb.* is damaged"):
        load_saved_model(tmp_path)
