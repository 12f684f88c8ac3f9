"""Many steps in a call give what stock Keras gives: weights, optimizer and history; each feature beside others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest
from tensorflow.python.framework import config as tf_config

from kerastui import engine

layers, optimizers = keras.layers, keras.optimizers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)
LABELS = RNG.integers(0, 3, 50)
TOKENS = RNG.integers(1, 7, (50, 6)) * (np.arange(6) < RNG.integers(1, 7, 50)[:, None])  # 0 is padding
WEIGHTS = np.linspace(0.5, 1.5, 50)
FIT = {"epochs": 3, "batch_size": 16, "shuffle": False, "verbose": 0}

Trained = tuple[Any, dict[str, list[float]]]


def fitted(model: Any, *data: Any, **arguments: Any) -> Trained:
    return model, model.fit(*data, **FIT | arguments).history


def sgd_with_l2_class_weights_and_batch_normalization(home: Any) -> Trained:
    hidden = layers.Dense(4, "tanh", kernel_regularizer=keras.regularizers.L2(0.1))
    model = home.Sequential([keras.Input((4,)), hidden, layers.BatchNormalization(), layers.Dense(3, "softmax")])
    model.compile(optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return fitted(model, X, LABELS, class_weight={0: 1.0, 1: 0.5, 2: 2.0})


def momentum_with_clipping_sample_weights_and_some_validations(home: Any) -> Trained:
    model = home.Sequential([keras.Input((4,)), layers.Dense(3, "tanh"), layers.Dense(1)])
    model.compile(optimizers.SGD(0.05, momentum=0.9, nesterov=True, clipnorm=0.1), "mse", weighted_metrics=["mae"])
    weighed = {"sample_weight": WEIGHTS, "validation_data": (X, Y, WEIGHTS)}
    return fitted(model, X, Y, **weighed, validation_freq=2, initial_epoch=1, epochs=5, validation_batch_size=7)


def adam_with_a_schedule_and_two_inputs_and_outputs(home: Any) -> Trained:
    left, right = keras.Input((2,), name="left"), keras.Input((2,), name="right")
    joined = layers.Concatenate()([left, right])
    outputs = {"sum": layers.Dense(1, name="sum")(joined), "label": layers.Dense(3, name="label")(joined)}
    model = home.Model({"left": left, "right": right}, outputs)
    rate = optimizers.schedules.ExponentialDecay(0.02, 3, 0.5)
    losses = {"sum": "mse", "label": keras.losses.SparseCategoricalCrossentropy(from_logits=True)}
    model.compile(
        optimizers.Adam(rate, global_clipnorm=0.5), losses, {"sum": 0.3, "label": 0.7}, {"label": ["accuracy"]}
    )
    x = {"right": X[:, 2:], "left": X[:, :2]}
    weights = {"sum": WEIGHTS, "label": WEIGHTS[::-1].copy()}
    _, history = fitted(model, x, {"sum": Y, "label": LABELS}, sample_weight=weights)
    # The loss of an output alone is reported otherwise here, in every plan: with its weights, as in tf.keras.
    return model, {name: values for name, values in history.items() if name in ("loss", "label_accuracy")}


def adamw_with_averages_and_accumulated_gradients(home: Any) -> Trained:
    model = home.Sequential([keras.Input((4,)), layers.Dense(3, "tanh"), layers.BatchNormalization(), layers.Dense(1)])
    averaged = {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 3}
    model.compile(optimizers.AdamW(0.01, weight_decay=0.1, gradient_accumulation_steps=2, **averaged), "mse")
    return fitted(model, X, Y)


def rmsprop_with_masks(home: Any) -> Trained:
    masked = [layers.Embedding(7, 3, mask_zero=True), layers.GlobalAveragePooling1D()]
    model = home.Sequential([keras.Input((6,)), *masked, layers.Dense(1)])
    model.compile(optimizers.RMSprop(0.01, momentum=0.5, centered=True, clipvalue=0.05), "mse", metrics=["mae"])
    return fitted(model, TOKENS, Y)


def half_precision_with_loss_scaling(home: Any) -> Trained:
    policy = keras.dtype_policies.DTypePolicy("mixed_float16")
    dense = [layers.Dense(units, dtype=policy) for units in (4, 1)]
    model = home.Sequential([keras.Input((4,)), *dense])
    # The first scale is too large for float16: steps are left out, until halving it has helped; then it grows again.
    optimizer = optimizers.LossScaleOptimizer(optimizers.Adam(0.01), initial_scale=2.0**18, dynamic_growth_steps=3)
    model.compile(optimizer, "mse", metrics=["mae"])
    return fitted(model, X, Y)


def shuffled_rows(home: Any) -> Trained:
    model = home.Sequential([keras.Input((4,)), layers.Dense(1)])
    model.compile(optimizers.SGD(0.1), "mse")
    # One epoch: from a seed, stock Keras takes the rows of every epoch alike.
    return fitted(model, X, Y, shuffle=True, epochs=1)


@pytest.mark.parametrize(
    "train",
    [
        sgd_with_l2_class_weights_and_batch_normalization,
        momentum_with_clipping_sample_weights_and_some_validations,
        adam_with_a_schedule_and_two_inputs_and_outputs,
        adamw_with_averages_and_accumulated_gradients,
        rmsprop_with_masks,
        half_precision_with_loss_scaling,
        shuffled_rows,
    ],
)
def test_weights_optimizer_and_history_are_those_of_stock_keras(train: Callable[[Any], Trained]) -> None:
    keras.utils.set_random_seed(1)
    stock, expected = train(keras)
    keras.utils.set_random_seed(1)
    ours, history = train(engine)

    assert ours.execution_plan.startswith("many steps at a time")
    assert list(history) == list(expected)
    for key, values in expected.items():
        np.testing.assert_allclose(history[key], values, rtol=1e-5, err_msg=key)
    for one, other in zip(ours.weights, stock.weights, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-5, atol=1e-6, err_msg=other.path)
    for one, other in zip(ours.optimizer.variables, stock.optimizer.variables, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-4, atol=1e-6, err_msg=other.path)


def a_hundred_steps(jit_compile: bool) -> list[Any]:
    keras.utils.set_random_seed(1)
    normalized = layers.BatchNormalization()
    model = engine.Sequential([keras.Input((4,)), layers.Dense(4, "tanh"), normalized, layers.Dense(1)])
    model.compile(optimizers.Adam(0.01), "mse", jit_compile=jit_compile)
    model.fit(X, Y, **FIT | {"epochs": 20, "batch_size": 10})
    assert model.optimizer.iterations == 100
    assert ("XLA" in str(model.execution_plan)) == jit_compile
    weights: list[Any] = model.get_weights()
    return weights


def test_under_xla_weights_agree_after_a_hundred_steps() -> None:
    for plain, xla in zip(a_hundred_steps(False), a_hundred_steps(True), strict=True):
        assert np.linalg.norm(xla - plain) <= 1e-5 * np.linalg.norm(plain)


@pytest.fixture
def deterministic() -> Iterator[None]:
    tf_config.enable_op_determinism()
    try:
        yield
    finally:
        tf_config.disable_op_determinism()


def bits(**settings: Any) -> tuple[list[bytes], dict[str, list[float]]]:
    keras.utils.set_random_seed(5)
    model = engine.Sequential([keras.Input((4,)), layers.Dense(8), layers.Dropout(0.5), layers.Dense(1)])
    model.compile("adam", "mse", **settings)
    history = model.fit(X, Y, epochs=2, batch_size=25, verbose=0).history
    assert str(model.execution_plan).startswith("many steps")
    return [weight.tobytes() for weight in model.get_weights()], history


@pytest.mark.usefixtures("deterministic")
def test_one_seed_gives_the_same_bits() -> None:
    assert bits() == bits()


def test_one_seed_gives_the_same_bits_under_xla() -> None:
    """Not with deterministic operations asked for: Keras then compiles nothing with XLA."""
    assert bits(jit_compile=True) == bits(jit_compile=True)


@pytest.mark.parametrize("shuffle", [True, "batch"])
def test_the_order_of_an_epoch_does_not_depend_on_the_plan(shuffle: bool | str) -> None:
    ends = []
    for callbacks in ([], [keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)]):
        keras.utils.set_random_seed(3)
        model = engine.Sequential([keras.Input((4,)), layers.Dense(1)])
        model.compile(optimizers.SGD(0.1), "mse")
        model.fit(X, Y, epochs=2, batch_size=10, verbose=0, shuffle=shuffle, callbacks=callbacks)
        ends.append((str(model.execution_plan), model.get_weights()))
    (many, weights), (one, expected) = ends
    assert many.startswith("many steps")
    assert one == "a step at a time: the callback LambdaCallback hears of each batch"
    for mine, theirs in zip(weights, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-6)
