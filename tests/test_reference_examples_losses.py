"""What the examples of the reference documents promise of losses and metrics added to layers and models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kerastui.engine import keras, tf

RNG = np.random.default_rng(0)
X = RNG.normal(size=(8, 4)).astype("float32")
Y = RNG.normal(size=(8, 1)).astype("float32")


def functional_parts() -> tuple[Any, Any, Any]:
    """A small functional model, its hidden layer, and what comes out of that."""
    inputs = tf.keras.Input(shape=(4,))
    layer = tf.keras.layers.Dense(3, kernel_initializer="ones", name="hidden")
    hidden = layer(inputs)
    return tf.keras.Model(inputs, tf.keras.layers.Dense(1)(hidden)), layer, hidden


class Penalty(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
    """Pass on what comes in, and penalise its absolute mean."""

    def call(self, inputs: Any) -> Any:
        self.add_loss(tf.abs(tf.reduce_mean(inputs)))
        return inputs


class Sums(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
    """Pass on what comes in, and show its mean, by a metric, and its sum, by a value."""

    def __init__(self) -> None:
        super().__init__(name="sums")
        self.mean = tf.keras.metrics.Mean(name="average")

    def call(self, inputs: Any) -> Any:
        self.add_metric(self.mean(inputs))
        self.add_metric(tf.reduce_sum(inputs), name="total")
        return inputs


def test_losses_layer() -> None:
    layer = Penalty()
    layer(np.full((5, 2), -3.0, "float32"))
    assert [float(loss) for loss in layer.losses] == [3.0]


def test_losses_symbolic() -> None:
    model, _, hidden = functional_parts()
    assert len(model.losses) == 0
    model.add_loss(tf.abs(tf.reduce_mean(hidden)))
    assert len(model.losses) == 1


def test_losses_lambda() -> None:
    model, layer, _ = functional_parts()
    model.add_loss(lambda: tf.reduce_mean(layer.kernel))
    assert [float(loss) for loss in model.losses] == [1.0]
    layer.kernel.assign(tf.fill((4, 3), 5.0))
    assert [float(loss) for loss in model.losses] == [5.0]


def test_add_loss_layer() -> None:
    layer = Penalty()
    layer(tf.ones((2, 1)))
    assert len(layer.losses) == 1
    model = tf.keras.Sequential([layer, tf.keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile("sgd", "mse")
    loss = model.evaluate(X + 2, np.zeros((8, 1)), batch_size=8, verbose=0)
    assert loss == pytest.approx(abs(float(np.mean(X + 2))), rel=1e-5)


def test_add_loss_symbolic() -> None:
    model, _, hidden = functional_parts()
    model.add_loss(tf.abs(tf.reduce_mean(hidden)))
    twin = tf.keras.Model.from_config(model.get_config())
    assert len(twin.losses) == 1
    for one in (model, twin):
        one.layers[-1].set_weights([np.zeros((3, 1)), np.zeros(1)])
        one.compile("sgd", "mse")
        loss = one.evaluate(X, np.zeros((8, 1)), batch_size=8, verbose=0)
        assert loss == pytest.approx(abs(float(np.mean(X.sum(axis=1)))), rel=1e-4)


def test_add_loss_lambda() -> None:
    model, layer, _ = functional_parts()
    model.add_loss(lambda: tf.reduce_sum(layer.kernel))
    assert len(model.losses) == 1
    assert len(tf.keras.Model.from_config(model.get_config()).losses) == 0
    model.compile("sgd", "mse", metrics=["mse"])
    loss, error = model.evaluate(X, Y, batch_size=8, verbose=0)
    assert loss - error == pytest.approx(12.0, rel=1e-5)


def test_add_metric_layer() -> None:
    layer = Sums()
    layer(tf.constant([[1.0], [3.0]]))
    assert [metric.name for metric in layer.metrics] == ["average", "total"]
    assert [float(metric.result()) for metric in layer.metrics] == [2.0, 4.0]


def test_add_metric_model() -> None:
    model, _, hidden = functional_parts()
    model.add_metric(tf.reduce_sum(hidden), name="activity")
    assert [metric.name for metric in model.metrics] == ["activity"]
    model.compile("sgd", "mse")
    results = model.evaluate(X, Y, batch_size=8, verbose=0, return_dict=True)
    assert results["activity"] == pytest.approx(3 * float(X.sum()), rel=1e-4)


def test_add_metric_unsupported() -> None:
    model, _, hidden = functional_parts()
    with pytest.raises((ValueError, TypeError)):
        model.add_metric(tf.keras.metrics.Mean()(hidden), name="activity")
    assert model.metrics == []


def test_compute_loss(capsys: pytest.CaptureFixture[str]) -> None:
    class Squared(tf.keras.Model):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super(Squared, self).__init__(*args, **kwargs)  # noqa: UP008 — the old spelling is what is tested
            self.tracker = tf.keras.metrics.Mean(name="loss")

        # With the arguments that tf.keras gives it.
        def compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> Any:  # type: ignore[override]
            loss = tf.reduce_mean(tf.math.squared_difference(y_pred, y)) + tf.add_n(self.losses)
            self.tracker.update_state(loss)
            return loss

        def reset_metrics(self) -> None:
            self.tracker.reset_states()

        @property
        def metrics(self) -> list[Any]:
            return [self.tracker]

    inputs = tf.keras.layers.Input(shape=(4,), name="row")
    outputs = tf.keras.layers.Dense(2)(inputs)
    model = Squared(inputs, outputs)
    model.add_loss(tf.reduce_sum(outputs) ** 2)
    rows = tf.data.Dataset.from_tensor_slices((X, Y)).repeat().batch(1)
    model.compile(tf.keras.optimizers.SGD(0.001), loss="mse", steps_per_execution=4)
    history = model.fit(rows, epochs=3, steps_per_epoch=8, verbose=0)
    print("loss of my own:", model.tracker.result().numpy())
    assert history.history["loss"][-1] == pytest.approx(float(capsys.readouterr().out.split(":")[1]), rel=1e-6)
    assert history.history["loss"] == sorted(history.history["loss"], reverse=True)
    assert int(model.optimizer.iterations) == 24


def test_compute_metrics() -> None:
    class Counter(tf.keras.metrics.Metric):  # type: ignore[misc]  # Keras ships no types
        def __init__(self) -> None:
            super().__init__(name="counter")
            self.batches = self.add_weight(name="batches", initializer="zeros")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            self.batches.assign_add(1.0)

        def result(self) -> Any:
            return tf.convert_to_tensor(self.batches)

        def reset_state(self) -> None:
            self.batches.assign(0.0)

    class Counting(tf.keras.Sequential):
        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> Any:
            results = super(Counting, self).compute_metrics(x, y, y_pred, sample_weight)  # noqa: UP008
            self.counter.update_state(y, y_pred, sample_weight)
            results["batches_seen"] = self.counter.result()
            return results

    model = Counting([tf.keras.layers.Dense(1)])
    model.counter = Counter()
    model.compile("sgd", "mse", metrics=["mae"])
    history = model.fit(X, Y, batch_size=2, verbose=0).history
    assert {"loss", "mae", "batches_seen"} <= set(history)
    assert history["batches_seen"] == [4.0]
