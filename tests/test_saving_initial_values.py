"""Loading a model runs the initializers of those variables alone that the file has no value for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastui.engine import Input, Model, Sequential, load_model
from kerastui.engine.keras_private import content_from_elsewhere

X = np.ones((2, 3), "float32")


@keras.saving.register_keras_serializable("initial_values")
class Counted(keras.initializers.Initializer):  # type: ignore[misc]  # Keras ships no types
    """Sevens, and how often they were asked for."""

    calls = 0

    def __call__(self, shape: Any, dtype: Any = None, **_: Any) -> Any:
        Counted.calls += 1
        return 7 * tf.ones(shape, dtype)


@keras.saving.register_keras_serializable("initial_values")
class Odd(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
    """Looks at its kernel while it is built, traces a function while shapes are found out, and keeps one to itself."""

    def build(self, shape: Any) -> None:
        self.seen = self.add_weight(shape=(shape[-1],), initializer=Counted(), name="seen")
        self.at_first = self.seen.numpy().copy()
        self.kept = self.add_weight(shape=(3,), initializer="uniform", name="kept")
        self.unsaved = self.add_weight(shape=(3,), initializer=Counted(), name="unsaved")
        self.counter = self.add_weight(shape=(), initializer="ones", dtype="int32", trainable=False, name="counter")

    def save_own_variables(self, store: Any) -> None:
        store["0"], store["1"] = self.seen, self.kept

    def load_own_variables(self, store: Any) -> None:
        self.seen.assign(store["0"])
        self.kept.assign(store["1"])

    @tf.function  # type: ignore[untyped-decorator]
    def product(self, inputs: Any) -> Any:
        return inputs * self.seen * self.kept

    def call(self, inputs: Any) -> Any:
        return self.product(inputs) + tf.convert_to_tensor(self.unsaved)


@pytest.mark.parametrize("name", ["m.keras", "m.h5", "unzipped"])
def test_initializers_of_saved_variables_do_not_run(tmp_path: Path, name: str) -> None:
    model = Sequential([Input((3,)), keras.layers.Dense(2, kernel_initializer=Counted()), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(X, X[:, :1], verbose=0)
    model.save(tmp_path / name, zipped=False if name == "unzipped" else None)
    before = Counted.calls
    loaded = load_model(tmp_path / name)
    assert Counted.calls == before
    assert {type(variable) for variable in loaded.variables + loaded.optimizer.variables} == {keras.Variable}
    for one, other in zip(model.variables, loaded.variables, strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(model.optimizer.variables, loaded.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(model(X), loaded(X))


def test_what_is_not_in_the_file_has_its_initial_value(tmp_path: Path) -> None:
    inputs = Input((3,))
    model = Model(inputs, Odd(name="odd")(inputs))
    odd = model.get_layer("odd")
    odd.seen.assign([1, 2, 3])
    odd.unsaved.assign([9, 9, 9])
    model.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras").get_layer("odd")
    np.testing.assert_array_equal(again.at_first, [7, 7, 7])
    np.testing.assert_array_equal(again.seen, [1, 2, 3])
    np.testing.assert_array_equal(again.kept, odd.kept)
    np.testing.assert_array_equal(again.unsaved, [7, 7, 7])
    assert int(again.counter) == 1
    np.testing.assert_allclose(again(X), X * np.array([1, 2, 3]) * odd.kept.numpy() + 7, rtol=1e-6)


def test_variables_that_nothing_is_assigned_to_are_initialised_on_leaving() -> None:
    with content_from_elsewhere():
        layers = [keras.layers.Dense(4, kernel_initializer=keras.initializers.RandomNormal(seed=1)) for _ in range(3)]
        for layer in layers:
            layer.build((None, 3))
        layers[0].kernel.assign(np.full((3, 4), 5.0))
        read = np.array(layers[1].kernel)
        assert "value" not in repr(layers[2].kernel)
    expected = keras.initializers.RandomNormal(seed=1)((3, 4))
    np.testing.assert_array_equal(layers[0].kernel, np.full((3, 4), 5.0))
    np.testing.assert_array_equal(read, expected)
    np.testing.assert_array_equal(layers[2].kernel, expected)
    np.testing.assert_array_equal(layers[2].bias, np.zeros(4))


def test_after_an_error_what_waits_is_initialised_when_it_is_looked_at() -> None:
    layer = keras.layers.Dense(4, kernel_initializer="ones")

    def built_in_vain() -> None:
        layer.build((None, 3))
        raise KeyError("anything")

    with pytest.raises(KeyError), content_from_elsewhere():
        built_in_vain()

    @tf.function  # type: ignore[untyped-decorator]
    def assigned_in_a_graph() -> None:
        layer.kernel.assign(2 * layer.kernel)

    assigned_in_a_graph()
    np.testing.assert_array_equal(layer.kernel, np.full((3, 4), 2.0))
    np.testing.assert_array_equal(layer.bias, np.zeros(4))
