"""Batch normalization of images by one operation: what it gives, and when it is not used."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerastui.engine as engine
from kerastui.engine.keras_private import fast_step

RNG = np.random.default_rng(5)
X = RNG.normal(2.0, 3.0, (70, 6, 6, 3)).astype("float32")
Y = RNG.integers(0, 4, 70)
FUSED = "FusedBatchNormV3"


def normalized(arguments: dict[str, Any], fast: bool, x: Any = X, **call: Any) -> tuple[list[Any], set[str]]:
    """What a layer gives in training, the gradients, its weights afterwards, and the kinds of operations it took."""
    layer = keras.layers.BatchNormalization(**arguments)
    layer.build(x.shape)
    layer.set_weights([np.linspace(0.5, 2.0, len(weight), dtype=weight.dtype) for weight in layer.get_weights()])

    def step(images: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(images)
            outputs = layer(images, **{"training": True} | call)
            loss = tf.reduce_sum(tf.cast(outputs, "float32") ** 3)
        return outputs, tape.gradient(loss, [images, *(weight.value for weight in layer.trainable_weights)])

    function = tf.function(fast_step(step) if fast else step).get_concrete_function(tf.constant(x))
    outputs, gradients = function(tf.constant(x))
    kinds = {operation.type for operation in function.graph.get_operations()}
    return [np.asarray(value, "float64") for value in (outputs, *gradients, *layer.get_weights())], kinds


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"momentum": 0.5, "epsilon": 1.1e-5},
        {"scale": False},
        {"center": False, "axis": 3},
        {"dtype": "mixed_bfloat16"},
    ],
)
@pytest.mark.parametrize("rows", [slice(None), slice(1)])
def test_one_operation_gives_what_kerass_many_give(arguments: dict[str, Any], rows: slice) -> None:
    found, kinds = normalized(arguments, True, X[rows])
    expected, stock = normalized(arguments, False, X[rows])
    close = 1e-2 if "dtype" in arguments else 1e-4
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=close, atol=close * max(1.0, np.abs(other).max()))
    assert FUSED in kinds
    assert FUSED not in stock


def test_one_value_of_a_channel_has_no_variance() -> None:
    found, kinds = normalized({}, True, X[:1, :1, :1])
    expected, _ = normalized({}, False, X[:1, :1, :1])
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    assert FUSED in kinds


@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        ({"epsilon": 1e-6}, {}),
        ({"renorm": True}, {}),
        ({"trainable": False}, {}),
        ({"dtype": "float64"}, {}),
        ({"axis": 1}, {}),
        ({}, {"training": False}),
        ({}, {"mask": np.arange(70 * 36).reshape(70, 6, 6) % 3 > 0}),
    ],
)
def test_what_it_cannot_do_is_done_as_keras_does_it(arguments: dict[str, Any], call: dict[str, Any]) -> None:
    x = X.astype("float64") if "dtype" in arguments else X
    found, kinds = normalized(arguments, True, x, **call)
    expected, _ = normalized(arguments, False, x, **call)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert FUSED not in kinds


def trained(home: Any, **settings: Any) -> list[Any]:
    """The weights after three epochs, whose last batch is smaller."""
    keras.utils.set_random_seed(11)
    inputs = keras.Input((6, 6, 3))
    tensor = keras.layers.Conv2D(5, 3, padding="same", use_bias=False)(inputs)
    tensor = keras.layers.ReLU()(keras.layers.BatchNormalization()(tensor))
    model = home.Model(inputs, keras.layers.Dense(4)(keras.layers.GlobalAveragePooling2D()(tensor)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.SGD(0.05, momentum=0.9), loss=loss, **settings)
    model.fit(X, Y, batch_size=16, epochs=3, shuffle=False, verbose=0)
    return list(model.get_weights())


def test_a_model_learns_what_it_learns_in_keras_with_xla_and_without() -> None:
    expected = trained(keras, jit_compile=False)
    for jit_compile in (False, True):
        for one, other in zip(trained(engine, jit_compile=jit_compile), expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-5)
