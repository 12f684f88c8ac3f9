"""Contract: `add_metric` on graphs, in layers and in subclassed models."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastui.engine import Input, Model, clone_model, load_model

Dense = keras.layers.Dense
row = pytest.mark.row
X = np.linspace(-1, 1, 40, dtype="float32").reshape(4, 10)
Y = np.zeros((4, 1))


def graph() -> tuple[Any, Any]:
    inputs = Input((10,))
    hidden = Dense(10, name="hidden")(inputs)
    return Model(inputs, Dense(1, name="out")(hidden)), hidden


class Metered(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
    """The layer of the documents' example."""

    def __init__(self) -> None:
        super().__init__(name="metered")
        self.mean = keras.metrics.Mean(name="metric_1")

    def call(self, inputs: Any) -> Any:
        self.add_metric(self.mean(inputs))
        self.add_metric(tf.reduce_sum(inputs), name="metric_2")
        return inputs


@row("add_metric")
def test_a_symbolic_metric_is_listed_at_once_and_shown_in_training() -> None:
    model, hidden = graph()
    model.add_metric(tf.reduce_sum(hidden), name="metric_1")
    assert [metric.name for metric in model.metrics] == ["metric_1"]
    model.compile(keras.optimizers.SGD(0.0), "mse", metrics=["mae"])
    history = model.fit(X, Y, epochs=2, batch_size=2, verbose=0).history
    values = np.asarray(model.get_layer("hidden")(X))
    assert list(history) == ["loss", "mae", "metric_1"]
    assert history["metric_1"] == pytest.approx([values.sum() / 2] * 2, abs=1e-4)
    assert model.evaluate(X, Y, batch_size=4, return_dict=True, verbose=0)["metric_1"] == pytest.approx(
        values.sum(), abs=1e-4
    )


@row("add_metric(value)")
def test_a_value_in_call_may_be_a_tensor_or_what_a_metric_returned() -> None:
    layer = Metered()
    for _ in range(2):
        layer(tf.ones((2, 1)))
    assert [(metric.name, float(metric.result())) for metric in layer.metrics] == [("metric_1", 1.0), ("metric_2", 2.0)]
    inputs = Input((10,))
    model = Model(inputs, Dense(1)(Metered()(inputs)))
    model.compile(keras.optimizers.SGD(0.0), "mse")
    history = model.fit(X, Y, epochs=2, batch_size=2, verbose=0).history
    assert history["metric_1"] == pytest.approx([0, 0], abs=1e-6)
    assert history["metric_2"] == pytest.approx([0, 0], abs=1e-5)


def test_a_metric_that_no_attribute_holds_is_listed_when_it_is_added() -> None:
    apart = keras.metrics.Sum(name="apart")

    class Sub(Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = Dense(1)

        def call(self, inputs: Any) -> Any:
            self.add_metric(apart(inputs))
            self.add_metric(tf.reduce_max(inputs), name="largest")
            return self.dense(inputs)

    model = Sub()
    model.compile("sgd", "mse")
    history = model.fit(X + 1, Y, epochs=2, batch_size=4, verbose=0).history
    assert history["apart"] == pytest.approx([40, 40], rel=1e-5)
    assert history["largest"] == [2, 2]


@row("add_metric(name)")
def test_a_name_is_needed_and_stands_for_one_metric() -> None:
    model, hidden = graph()
    with pytest.raises(ValueError, match=r"`name` must be given.*Received: name=None"):
        model.add_metric(tf.reduce_sum(hidden))
    model.add_metric(tf.reduce_sum(hidden), "sum")
    with pytest.raises(ValueError, match=r"must be new.*Received: name='sum'"):
        model.add_metric(tf.reduce_mean(hidden), "sum")
    with pytest.raises(ValueError, match="Received: name=3"):
        model.add_metric(tf.reduce_mean(hidden), 3)

    class Nameless(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
        def call(self, inputs: Any) -> Any:
            self.add_metric(inputs)
            return inputs

    with pytest.raises(ValueError, match="`name` must be given"):
        Nameless()(tf.ones((1, 1)))
    assert [metric.name for metric in model.metrics] == ["sum"]


@row("add_metric(**kwargs)")
def test_aggregation_is_the_mean_of_the_epoch_or_the_last_value() -> None:
    model, hidden = graph()
    model.add_metric(tf.reduce_sum(hidden), name="mean", aggregation="mean")
    model.add_metric(tf.reduce_sum(hidden), name="last", aggregation=None)
    model.compile(keras.optimizers.SGD(0.0), "mse")
    result = model.evaluate(X, Y, batch_size=2, return_dict=True, verbose=0)
    parts = np.asarray(model.get_layer("hidden")(X)).reshape(2, -1).sum(axis=1)
    assert result["mean"] == pytest.approx(parts.mean(), abs=1e-4)
    assert result["last"] == pytest.approx(parts[1], abs=1e-4)
    with pytest.raises(ValueError, match="Received: aggregation='sum'"):
        model.add_metric(tf.reduce_sum(hidden), name="sum", aggregation="sum")
    with pytest.raises(TypeError, match="Received also: average"):
        model.add_metric(tf.reduce_sum(hidden), name="sum", average=True)


@row("add_metric#metric_object_on_functional")
def test_the_result_of_a_metric_is_refused_on_a_graph() -> None:
    model, hidden = graph()
    with pytest.raises(ValueError, match="KerasTensor"):
        model.add_metric(keras.metrics.Mean()(hidden), name="metric_1")
    with pytest.raises(ValueError, match="the result of a metric cannot be traced back"):
        model.add_metric(keras.metrics.Mean()(X), name="metric_1")
    with pytest.raises(ValueError, match="must be computed from the inputs of the model"):
        model.add_metric(tf.reduce_sum(Input((10,))), name="metric_1")
    assert model.metrics == []


def test_a_metric_outside_of_a_call_is_refused() -> None:
    with pytest.raises(ValueError, match=r"`add_metric\(\)` is for the `call`"):
        Dense(1).add_metric(tf.ones(()), name="metric_1")


def test_symbolic_metrics_survive_configuration_file_and_clone(tmp_path: Path) -> None:
    model, hidden = graph()
    model.add_metric(tf.reduce_sum(hidden), name="sum", aggregation=None)
    model.add_loss(tf.reduce_mean(hidden))
    model.save(tmp_path / "m.keras")
    for other in (Model.from_config(model.get_config()), clone_model(model), load_model(tmp_path / "m.keras")):
        assert [(metric.name, type(metric).__name__) for metric in other.metrics] == [("sum", "LastValue")]
        assert len(other.losses) == 1
        other.compile("sgd", "mse")
        assert "sum" in other.evaluate(X, Y, return_dict=True, verbose=0)


def test_metrics_have_the_old_reset_states() -> None:
    metric = keras.metrics.Mean()
    metric.update_state([2.0])
    metric.reset_states()
    assert float(metric.result()) == 0
