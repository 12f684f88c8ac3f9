"""Contract: weights by value and by path."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastui.engine import Input, Model, Sequential

Dense = keras.layers.Dense
row = pytest.mark.row


class Two(Model):
    """The model of the documents' example, and one more layer in a list and one in a dictionary."""

    def __init__(self, more: bool = False) -> None:
        super().__init__()
        self.d1 = Dense(10, name="first")
        self.d2 = Dense(20, name="second")
        self.blocks = [Dense(20), Dense(20, use_bias=False)] if more else []
        self.heads = {"a": Dense(1, use_bias=False)} if more else {}

    def call(self, inputs: Any) -> Any:
        x = self.d2(self.d1(inputs))
        for layer in (*self.blocks, *self.heads.values()):
            x = layer(x)
        return x


def graph() -> Any:
    inputs = Input((10,))
    return Model(inputs, Dense(30, name="d2")(Dense(20, name="d1")(inputs)))


@row("get_weight_paths")
def test_weight_paths_of_a_graph_follow_layer_names() -> None:
    model = graph()
    paths = model.get_weight_paths()
    assert sorted(paths) == ["d1.bias", "d1.kernel", "d2.bias", "d2.kernel"]
    assert paths["d1.kernel"] is model.layers[1].kernel
    assert paths["d2.bias"] is model.layers[2].bias


@row("get_weight_paths#subclass")
def test_weight_paths_of_a_subclass_follow_attribute_names() -> None:
    model = Two(more=True)
    assert model.get_weight_paths() == {}
    model(tf.zeros((2, 10)))
    paths = model.get_weight_paths()
    assert sorted(paths) == [
        *("blocks.0.bias", "blocks.0.kernel", "blocks.1.kernel", "d1.bias", "d1.kernel", "d2.bias", "d2.kernel"),
        "heads.a.kernel",
    ]
    assert paths["d1.kernel"] is model.d1.kernel
    assert len(paths) == len(model.weights)


@pytest.mark.parametrize("nested", [False, True])
def test_weight_paths_name_every_weight_of_nested_and_custom_layers(nested: bool) -> None:
    class Custom(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
        def build(self, shape: Any) -> None:
            self.scale = self.add_weight(shape=(shape[-1],), name="another_name")
            self.add_weight(shape=(1,), name="only_named")

        def call(self, inputs: Any) -> Any:
            return inputs * self.scale

    layers = [Input((4, 3)), keras.layers.Bidirectional(keras.layers.GRU(2), name="both"), Custom(name="custom")]
    model = Sequential(layers)
    if nested:
        model = Sequential([Input((4, 3)), Sequential(layers, name="inner")])
    paths = model.get_weight_paths()
    prefix = "inner." if nested else ""
    assert {id(weight) for weight in paths.values()} == {id(weight) for weight in model.weights}
    assert f"{prefix}custom.scale" in paths
    assert f"{prefix}custom.only_named" in paths
    assert f"{prefix}both.forward_layer.cell.kernel" in paths


@row("get_weights")
def test_get_weights_gives_arrays_in_order() -> None:
    model = graph()
    values = model.get_weights()
    assert [type(value) for value in values] == [np.ndarray] * 4
    assert [value.shape for value in values] == [(10, 20), (20,), (20, 30), (30,)]
    assert np.array_equal(values[0], model.layers[1].kernel.numpy())


@row("set_weights")
def test_set_weights_of_one_layer_to_another() -> None:
    a = Dense(1, kernel_initializer=tf.constant_initializer(1.0))
    b = Dense(1, kernel_initializer=tf.constant_initializer(2.0))
    for layer in (a, b):
        layer(tf.constant([[1.0, 2.0, 3.0]]))
    assert b.get_weights()[0].ravel().tolist() == [2, 2, 2]
    b.set_weights(a.get_weights())
    assert [weight.ravel().tolist() for weight in b.get_weights()] == [[1, 1, 1], [0]]


@row("set_weights(weights)")
def test_set_weights_of_a_model_makes_it_predict_the_same() -> None:
    one, other = graph(), graph()
    x = np.ones((2, 10))
    assert not np.allclose(one(x), other(x))
    other.set_weights(weights=one.get_weights())
    assert np.allclose(one(x), other(x))


@row("set_weights#mismatch")
def test_set_weights_that_do_not_fit_are_refused_and_nothing_changes() -> None:
    model = graph()
    before = model.get_weights()
    with pytest.raises(ValueError, match="expecting 4 weights"):
        model.set_weights(before[:3])
    with pytest.raises(ValueError, match="shape"):
        model.set_weights([before[0].T, *before[1:]])
    with pytest.raises(ValueError, match="expecting 0 weights"):
        Two().set_weights(before)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
