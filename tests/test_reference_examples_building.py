"""What the examples of the reference documents promise of building models, by the examples' names in the contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kerastui.engine import keras, tf
from kerastui.engine.keras.layers import Concatenate, Dense, Input
from kerastui.engine.keras.models import Model as KerasModel
from kerastui.engine.models.collab_filtering import CollabFilteringModel

RNG = np.random.default_rng(0)


def test_functional() -> None:
    pixels = tf.keras.Input(shape=(6,))
    features = tf.keras.layers.Dense(8, activation=tf.nn.tanh)(pixels)
    classes = tf.keras.layers.Dense(3, activation=tf.nn.softmax)(features)
    model = tf.keras.Model(inputs=pixels, outputs=classes)
    assert isinstance(model, tf.keras.Model)
    assert model.output_shape == (None, 3)
    assert len(model.layers) == 3
    np.testing.assert_allclose(tf.reduce_sum(model(RNG.normal(size=(4, 6))), axis=1), np.ones(4), rtol=1e-6)


def test_intermediate() -> None:
    photo = keras.Input(shape=(None, None, 1), name="photo")
    square = keras.layers.CenterCrop(height=6, width=6)(photo)
    maps = keras.layers.Conv2D(4, kernel_size=3, name="maps")(square)
    score = keras.layers.Dense(2)(keras.layers.GlobalMaxPooling2D()(maps))

    whole = keras.Model(photo, score)
    first_half = keras.Model(square, maps)
    second_half = keras.Model(maps, score)

    crop = RNG.normal(size=(2, 6, 6, 1)).astype("float32")
    middle = first_half.predict(crop, verbose=0)
    assert middle.shape == (2, 4, 4, 4)
    np.testing.assert_allclose(second_half.predict(middle, verbose=0), whole.predict(crop, verbose=0), rtol=1e-5)
    assert first_half.get_layer("maps") is whole.get_layer("maps")
    whole.get_layer("maps").set_weights([np.zeros((3, 3, 1, 4)), np.ones(4)])
    assert (first_half.predict(crop, verbose=0) == 1).all()


def test_subclass() -> None:
    class TwoLayers(tf.keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = tf.keras.layers.Dense(7, activation=tf.nn.relu)
            self.classes = tf.keras.layers.Dense(4, activation=tf.nn.softmax)

        def call(self, inputs: Any) -> Any:
            return self.classes(self.hidden(inputs))

    model = TwoLayers()
    probabilities = model(RNG.normal(size=(3, 5)).astype("float32"))
    assert tuple(probabilities.shape) == (3, 4)
    assert [tuple(weight.shape) for weight in model.weights] == [(5, 7), (7,), (7, 4), (4,)]


def test_subclass_training() -> None:
    class Forgetful(tf.keras.Model):
        def __init__(self) -> None:
            super(Forgetful, self).__init__()  # noqa: UP008 — the old spelling is what is tested
            self.forget = tf.keras.layers.Dropout(0.5, seed=3)
            self.out = tf.keras.layers.Dense(1, kernel_initializer="ones")

        def call(self, inputs: Any, training: bool = False) -> Any:
            return self.out(self.forget(inputs, training=training) if training else inputs)

    model, x = Forgetful(), np.ones((64, 8), "float32")
    np.testing.assert_array_equal(model(x), np.full((64, 1), 8.0))
    assert np.std(model(x, training=True)) > 0
    model.compile("sgd", "mse")
    model.fit(x, np.ones((64, 1)), verbose=0)
    np.testing.assert_array_equal(model.predict(x, verbose=0), model.predict(x, verbose=0))


def test_keras23_functional() -> None:
    start = Input(shape=(16,))
    middle = Dense(8)(start)
    end = Dense(4)(middle)
    model = KerasModel(inputs=start, outputs=end)
    assert model.output_shape == (None, 4)
    assert [type(layer).__name__ for layer in model.layers] == ["InputLayer", "Dense", "Dense"]


def test_keras23_multi() -> None:
    left, right = Input(shape=(2,)), Input(shape=(3,))
    both = Concatenate()([left, right])
    ends = [Dense(units)(both) for units in (1, 2, 3)]
    model = KerasModel(inputs=[left, right], outputs=ends)
    assert (len(model.inputs), len(model.outputs)) == (2, 3)
    predictions = model.predict([np.ones((4, 2)), np.ones((4, 3))], verbose=0)
    assert [prediction.shape for prediction in predictions] == [(4, 1), (4, 2), (4, 3)]


def test_input_spec() -> None:
    class Images(tf.keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.input_spec = tf.keras.layers.InputSpec(ndim=4)

        def call(self, inputs: Any) -> Any:
            return inputs

    assert tuple(Images()(tf.ones((1, 2, 2, 3))).shape) == (1, 2, 2, 3)
    with pytest.raises(ValueError, match=r"expected ndim=4, found ndim=1\. Full shape received: [\[(]3,?[\])]"):
        Images()(tf.ones((3,)))


def test_submodules() -> None:
    root, branch, leaf = tf.Module(), tf.Module(), tf.Module()
    root.branch, branch.leaf = branch, leaf
    assert list(root.submodules) == [branch, leaf]
    assert list(branch.submodules) == [leaf]
    assert list(leaf.submodules) == []


def test_with_name_scope() -> None:
    class Product(tf.Module):  # type: ignore[misc]  # TensorFlow ships no types
        factor: Any = None

        @tf.Module.with_name_scope  # type: ignore[untyped-decorator]
        def __call__(self, x: Any) -> Any:
            if self.factor is None:
                self.factor = tf.Variable(tf.ones([x.shape[1], 2]))
            return tf.matmul(x, self.factor)

    module = Product()
    assert tuple(module(tf.ones([1, 3])).shape) == (1, 2)
    assert module.factor.name == "product/Variable:0"


def test_set_weights() -> None:
    def layer_of(value: float) -> Any:
        layer = tf.keras.layers.Dense(1, kernel_initializer=tf.constant_initializer(value))
        layer(tf.convert_to_tensor([[1.0, 2.0, 3.0]]))
        return layer

    giver, taker = layer_of(4.0), layer_of(9.0)

    def values_of(layer: Any) -> list[Any]:
        return [weight.ravel().tolist() for weight in layer.get_weights()]

    assert values_of(giver) == [[4.0] * 3, [0.0]]
    assert values_of(taker) == [[9.0] * 3, [0.0]]
    taker.set_weights(giver.get_weights())
    assert values_of(taker) == [[4.0] * 3, [0.0]]


def test_get_weight_paths() -> None:
    class Stack(tf.keras.Model):
        def __init__(self, name: str | None = None) -> None:
            super().__init__(name=name)
            self.lower = tf.keras.layers.Dense(3)
            self.upper = tf.keras.layers.Dense(2)

        def call(self, inputs: Any) -> Any:
            return self.upper(self.lower(inputs))

    expected = ["lower.bias", "lower.kernel", "upper.bias", "upper.kernel"]
    subclassed = Stack()
    subclassed(tf.zeros((1, 4)))
    assert sorted(subclassed.get_weight_paths()) == expected

    inputs = tf.keras.Input((4,), batch_size=5)
    hidden = tf.keras.layers.Dense(3, name="lower")(inputs)
    functional = tf.keras.Model(inputs, tf.keras.layers.Dense(2, name="upper")(hidden))
    paths = functional.get_weight_paths()
    assert sorted(paths) == expected
    assert paths["lower.kernel"] is functional.layers[1].kernel
    assert paths["upper.bias"] is functional.layers[2].bias


def test_collab() -> None:
    model = CollabFilteringModel(num_users=2, num_docs=5, doc_embed_dim=3, history_length=4)
    documents = tf.constant([[1, 2, 0, 0], [5, 4, 3, 2]])
    scores = model(documents, tf.random.uniform((2, 4)))
    assert tuple(scores.shape) == (2, 5)
    assert np.isfinite(scores).all()
    shapes = [tuple(weight.shape) for weight in model.weights]
    assert shapes == [(6, 3), (6, 3), (4 * (3 + 1), 32), (32,), (32, 3), (3,)]
