"""What a user overrides is honoured where many steps run in one call, whatever it returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastui import engine

X = np.random.default_rng(0).normal(size=(50, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)
FIT = {"epochs": 2, "batch_size": 16, "shuffle": False, "verbose": 0}
MANY = "many steps at a time, over arrays on the device"


def each_batch() -> list[Any]:
    """Callbacks that make a call go a step at a time."""
    ears = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    ears.on_predict_batch_end = lambda batch, logs=None: None
    return [ears]


def model_of(cls: Any, **settings: Any) -> Any:
    keras.utils.set_random_seed(1)
    inputs = keras.Input((4,))
    model = cls(inputs, keras.layers.Dense(1)(inputs))
    model.compile("adam", "mse", **settings)
    return model


def plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


RETURNED: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "a dict in a dict": (lambda x, loss: {"loss": loss, "deep": {"twice": 2.0 * loss, "thrice": 3.0 * loss}}, ""),
    "numbers of Python's": (lambda x, loss: {"loss": loss, "half": 0.5, "three": 3}, ""),
    "a vector": (lambda x, loss: {"two": tf.stack([loss, loss])}, ""),
    "None among them": (lambda x, loss: {"loss": loss, "nothing": None}, "a step returns `None`"),
    "text": (lambda x, loss: {"loss": loss, "text": "a"}, "a step returns text"),
    "a shape not known": (lambda x, loss: {"column": x[:, 0]}, "a step returns an array of unknown shape"),
    "a ragged tensor": (
        lambda x, loss: {"loss": loss, "ragged": tf.RaggedTensor.from_row_lengths(x[0], [1, 3])},
        "a step returns what is no dense tensor",
    ),
    "a large tensor": (lambda x, loss: {"table": tf.zeros([80, 80]) + loss}, "a step returns 6400 numbers"),
}


@pytest.mark.parametrize("what", RETURNED)
def test_what_a_train_step_returns_comes_out_as_under_stock_keras(what: str) -> None:
    returned, reason = RETURNED[what]

    def history_of(home: Any) -> tuple[dict[str, Any], Any]:
        class Own(home.Model):  # type: ignore[misc]
            def train_step(self, data: Any) -> Any:
                x, y = data
                return returned(x, tf.reduce_mean(tf.square(y - self(x))))

        model = model_of(Own)
        history = model.fit(X, Y, **FIT).history
        return {name: [plain(value) for value in values] for name, values in history.items()}, model

    expected, _ = history_of(keras)
    history, model = history_of(engine)
    assert history.keys() == expected.keys()
    for name, values in expected.items():
        assert repr(history[name]) == repr(values) or history[name] == pytest.approx(values, rel=1e-5)
    assert model.execution_plan == (f"a step at a time: {reason}" if reason else MANY)


class Tf2Style(engine.Model):
    """A model after the guide of tf.keras: its own tape, `compiled_loss` and `compiled_metrics`."""

    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compiled_loss(y, self(x, training=True), regularization_losses=self.losses)
        variables = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        self.compiled_metrics.update_state(y, self(x))
        return {metric.name: metric.result() for metric in self.metrics}


class Keras3Style(engine.Model):
    """A model after the guide of Keras 3: its own loss, metrics, and steps of all three kinds."""

    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, *args: Any, **kwargs: Any) -> Any:
        return 2.0 * super().compute_loss(x, y, y_pred, *args, **kwargs)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return super().compute_metrics(x, y, y_pred, sample_weight) | {"bias": self.layers[-1].bias[0]}

    def test_step(self, data: Any) -> Any:
        return super().test_step(data) | {"seven": tf.constant(7.0)}

    def predict_step(self, data: Any) -> Any:
        outputs = super().predict_step(data)
        return {"twice": 2.0 * outputs, "both": (outputs, tf.cast(outputs > 0, tf.int32))}


@pytest.mark.parametrize("cls", [Tf2Style, Keras3Style])
def test_own_steps_give_the_same_in_both_plans(cls: Any) -> None:
    found = []
    for callbacks in ([], each_batch()):
        model = model_of(cls, metrics=["mae"])
        history = model.fit(X, Y, **FIT, validation_data=(X[:20], Y[:20]), callbacks=callbacks).history
        plan = model.execution_plan
        predicted = model.predict(X, batch_size=16, verbose=0, callbacks=callbacks)
        found.append((plan, history, predicted, model.get_weights()))
    (many, history, predicted, weights), (one, expected, predictions, others) = found
    assert (many, one) == (MANY, "a step at a time: the callback LambdaCallback hears of each batch")
    keras.tree.assert_same_structure(predicted, predictions)
    for mine, theirs in zip(
        keras.tree.flatten([history, predicted, weights]),
        keras.tree.flatten([expected, predictions, others]),
        strict=True,
    ):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)
    assert cls is Tf2Style or history["val_seven"] == [7.0, 7.0]


@pytest.mark.parametrize("kind", ["train", "test", "predict"])
def test_a_function_of_the_users_own_goes_a_step_at_a_time(kind: str) -> None:
    calls = []

    def make(self: Any, force: bool = False) -> Any:
        made = getattr(engine.Model, f"make_{kind}_function")(self, force)

        def function(batches: Any) -> Any:
            calls.append(kind)
            return made(batches)

        return function

    model = model_of(type("Own", (engine.Model,), {f"make_{kind}_function": make}))
    {
        "train": lambda: model.fit(X, Y, **FIT | {"epochs": 1}),
        "test": lambda: model.evaluate(X, Y, batch_size=16, verbose=0),
        "predict": lambda: model.predict(X, batch_size=16, verbose=0),
    }[kind]()
    assert calls == [kind] * 4
    assert model.execution_plan == f"a step at a time: `make_{kind}_function` is the model's own"


def test_a_predict_step_that_returns_what_cannot_be_joined_goes_a_step_at_a_time() -> None:
    class Own(engine.Model):
        def predict_step(self, data: Any) -> Any:
            return tf.RaggedTensor.from_tensor(super().predict_step(data))

    model = model_of(Own)
    assert model.predict(X, batch_size=16, verbose=0).shape[0] == 50
    assert model.execution_plan == "a step at a time: a step returns what is no dense tensor"
