"""The steps of a training and what they compute: loss, metrics, their results, and the classes that override them."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_models import X, Y, line, two_outputs

from kerastui import engine

row = pytest.mark.row

# `compute_loss` is overridden below with the arguments that tf.keras gave it, which mypy calls incompatible.

Y2 = (Y + 1.0) ** 2
WEIGHT = np.arange(8.0)


def outputs_of() -> tuple[Any, Any]:
    inputs = keras.Input((3,))
    return inputs, keras.layers.Dense(2, kernel_initializer=keras.initializers.Constant(0.25))(inputs)


def errors(model: Any) -> Any:
    return Y - np.asarray(model(X))


class Spied(engine.Model):
    """A model that remembers what its hooks were given."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seen: list[dict[str, Any]] = []

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        self.seen.append({"x": x, "y": y, "y_pred": y_pred, "sample_weight": sample_weight, "training": training})
        return super().compute_loss(x, y, y_pred, sample_weight, training)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        self.seen.append({"x": x, "y": y, "y_pred": y_pred, "sample_weight": sample_weight})
        return super().compute_metrics(x, y, y_pred, sample_weight)


def spied(**settings: Any) -> Any:
    model = Spied(*outputs_of())
    model.compile(**({"optimizer": "sgd", "loss": "mse", "run_eagerly": True} | settings))
    return model


@row("compile#invalid_optimizer")
@pytest.mark.parametrize("optimizer", ["admm", 3, keras.optimizers.Adam])
def test_an_unknown_optimizer_is_refused(optimizer: Any) -> None:
    with pytest.raises(ValueError, match=r"`optimizer`.*Received: optimizer="):
        line(optimizer=optimizer)


@row("compile#invalid_loss")
@pytest.mark.parametrize("loss", ["mean_squred_error", {"out": "mean_squred_error"}, 3])
def test_an_unknown_loss_is_refused(loss: Any) -> None:
    with pytest.raises(ValueError, match=r"`loss`.*Received: loss="):
        line(loss=loss)


@row("compile#invalid_metrics")
@pytest.mark.parametrize("argument", ["metrics", "weighted_metrics"])
@pytest.mark.parametrize("metric", ["acuracy", b"mae"])
def test_an_unknown_metric_is_refused(argument: str, metric: Any) -> None:
    with pytest.raises(ValueError, match=f"`{argument}`.*Received: {argument}="):
        line(**{argument: [metric]})


@row("compile#example")
def test_binary_classification_with_its_metrics() -> None:
    model = engine.Sequential([keras.Input((3,)), keras.layers.Dense(1, "sigmoid", kernel_initializer="ones")])
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=1e-3),
        loss=keras.losses.BinaryCrossentropy(),
        metrics=[keras.metrics.BinaryAccuracy(name="hits"), keras.metrics.FalseNegatives(name="misses")],
    )
    y = (np.arange(8)[:, None] % 3 == 0).astype("float32")
    found = model.evaluate(X, y, verbose=0, return_dict=True)
    yes = np.asarray(model(X)) > 0.5
    assert list(found) == ["loss", "hits", "misses"]
    assert found["hits"] == pytest.approx((yes == y).mean())
    assert found["misses"] == (~yes & (y == 1)).sum()
    assert sorted(model.fit(X, y, verbose=0).history) == ["hits", "loss", "misses"]


@row("compute_loss")
def test_the_loss_is_that_of_compile_and_of_the_layers() -> None:
    inputs = keras.Input((3,))
    layer = keras.layers.Dense(2, kernel_initializer="ones", kernel_regularizer=keras.regularizers.L2(0.5))
    model = engine.Model(inputs, layer(inputs))
    model.compile("sgd", "mse")
    loss = float(model.compute_loss(x=X, y=Y, y_pred=model(X)))
    assert loss == pytest.approx((errors(model) ** 2).mean() + 0.5 * 6, rel=1e-5)
    assert loss == pytest.approx(model.evaluate(X, Y, verbose=0), rel=1e-5)


@row("compute_loss(x)")
@row("compute_loss(y)")
@row("compute_loss(y_pred)")
@row("compute_loss(sample_weight)")
@row("compute_loss#override")
def test_fit_hands_a_batch_to_an_override_of_compute_loss() -> None:
    model = spied()
    model.fit(X, Y, sample_weight=WEIGHT, batch_size=8, shuffle=False, verbose=0)
    seen = model.seen[0]
    np.testing.assert_allclose(seen["x"], X)
    np.testing.assert_allclose(seen["y"], Y, rtol=1e-6)
    np.testing.assert_allclose(seen["sample_weight"], WEIGHT)
    assert seen["y_pred"].shape == (8, 2)
    assert seen["training"] is True

    class Tenfold(engine.Model):
        def compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> Any:  # type: ignore[override]
            return 10 * super().compute_loss(x, y, y_pred, sample_weight)

    tenfold = Tenfold(*outputs_of())
    tenfold.compile("sgd", "mse")
    expected = 10 * line().evaluate(X, Y, verbose=0)
    assert tenfold.evaluate(X, Y, verbose=0) == pytest.approx(expected, rel=1e-5)
    assert tenfold.fit(X, Y, verbose=0).history["loss"] == pytest.approx([expected], rel=1e-5)


@row("compute_loss#example")
@row("reset_metrics")
def test_a_class_with_its_own_loss_and_its_own_metrics() -> None:
    class Own(engine.Model):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.tracker = keras.metrics.Mean(name="loss")
            self.resets = 0

        def compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> Any:  # type: ignore[override]
            loss = tf.reduce_mean(tf.math.squared_difference(y_pred, y)) + tf.add_n(self.losses)
            self.tracker.update_state(loss)
            return loss

        def reset_metrics(self) -> None:
            self.resets += 1
            self.tracker.reset_state()

        @property
        def metrics(self) -> list[Any]:
            return [self.tracker]

    inputs, outputs = outputs_of()
    model = Own(inputs, outputs)
    model.add_loss(tf.reduce_sum(outputs))
    model.compile(keras.optimizers.SGD(1e-9), loss="mse", steps_per_execution=2)
    data = tf.data.Dataset.from_tensor_slices((X, Y)).repeat().batch(4)
    model.fit(data, epochs=2, steps_per_epoch=2, verbose=0)
    batches = np.asarray(model(X)).reshape(2, 4, 2).sum(axis=(1, 2))
    assert float(model.tracker.result()) == pytest.approx((errors(model) ** 2).mean() + batches.mean(), rel=1e-4)
    assert model.resets >= 2

    ordinary = line(metrics=["mae"])
    ordinary.evaluate(X, Y, verbose=0)
    assert all(float(metric.result()) > 0 for metric in ordinary.metrics)
    ordinary.reset_metrics()
    assert [float(metric.result()) for metric in ordinary.metrics] == [0.0, 0.0]


@row("compute_metrics")
def test_compute_metrics_counts_and_gives_the_results() -> None:
    model = line(metrics=["mae"], weighted_metrics=["mse"])
    y_pred = model(X)
    model.compute_loss(X, Y, y_pred)
    found = model.compute_metrics(X, Y, y_pred, sample_weight=WEIGHT)
    assert float(found["mae"]) == pytest.approx(np.abs(errors(model)).mean(), rel=1e-5)
    weighted = np.average((errors(model) ** 2).mean(axis=1), weights=WEIGHT)
    assert float(found["mse"]) == pytest.approx(weighted, rel=1e-5)


@row("compute_metrics(x)")
@row("compute_metrics(y)")
@row("compute_metrics(y_pred)")
@row("compute_metrics(sample_weight)")
def test_evaluate_hands_a_batch_to_compute_metrics() -> None:
    model = spied(metrics=["mae"])
    model.evaluate(X, Y, sample_weight=WEIGHT, batch_size=8, verbose=0)
    (seen,) = (one for one in model.seen if "training" not in one)
    np.testing.assert_allclose(seen["x"], X)
    np.testing.assert_allclose(seen["y"], Y, rtol=1e-6)
    np.testing.assert_allclose(seen["y_pred"], model(X))
    np.testing.assert_allclose(seen["sample_weight"], WEIGHT)


@row("compute_metrics#override")
def test_an_entry_of_an_override_reaches_the_logs() -> None:
    class More(engine.Model):
        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> Any:
            found = super().compute_metrics(x, y, y_pred, sample_weight)
            found["largest"] = tf.reduce_max(y)
            return found

    model = More(*outputs_of())
    model.compile("sgd", "mse", metrics=["mae"])
    history = model.fit(X, Y, verbose=0).history
    assert sorted(history) == ["largest", "loss", "mae"]
    assert history["largest"] == pytest.approx([Y.max()])
    assert model.evaluate(X, Y, verbose=0, return_dict=True)["largest"] == pytest.approx(Y.max())


@row("get_metrics_result")
def test_results_by_label() -> None:
    model = line(metrics=["mae"])
    found = model.evaluate(X, Y, verbose=0, return_dict=True)
    results = model.get_metrics_result()
    assert list(results) == ["loss", "mae"]
    assert {name: float(value) for name, value in results.items()} == pytest.approx(found)


@row("get_metrics_result#dict_metric")
def test_a_metric_with_a_dict_for_its_result_is_merged() -> None:
    class Two(keras.metrics.Mean):  # type: ignore[misc]  # Keras ships no types
        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            super().update_state(y_true - y_pred, sample_weight)

        def result(self) -> dict[str, Any]:
            return {"bias": super().result(), "twice": 2 * super().result()}

    model = line(metrics=[Two(name="two")])
    found = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert list(found) == ["loss", "bias", "twice"]
    assert found["twice"] == pytest.approx(2 * errors(model).mean(), rel=1e-4)
    assert {name: float(value) for name, value in model.get_metrics_result().items()} == pytest.approx(found)


@row("evaluate#list_with_metrics")
@row("train_on_batch#list")
def test_a_list_of_loss_and_metrics() -> None:
    model = line(metrics=["mae"])
    expected = [(errors(model) ** 2).mean(), np.abs(errors(model)).mean()]
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(expected, rel=1e-5)
    assert model.test_on_batch(X, Y) == pytest.approx(expected, rel=1e-5)
    assert model.train_on_batch(X, Y) == pytest.approx(expected, rel=1e-5)


@row("evaluate#list_multi_output")
@row("test_on_batch#list_multi_output")
def test_a_list_for_several_outputs() -> None:
    model = two_outputs(metrics=["mse", "mae"])
    a, b = (np.asarray(y_pred) for y_pred in model(X))
    first, second = np.mean((Y - a) ** 2), np.mean((Y2 - b) ** 2)
    expected = [first + second, first, second, first, np.abs(Y - a).mean(), second, np.abs(Y2 - b).mean()]
    assert model.evaluate(X, [Y, Y2], verbose=0) == pytest.approx(expected, rel=1e-5)
    assert model.test_on_batch(X, [Y, Y2]) == pytest.approx(expected, rel=1e-5)


@row("evaluate#list_multi_output_no_metrics")
def test_a_list_for_several_outputs_without_metrics() -> None:
    model = two_outputs()
    found = model.evaluate(X, {"a": Y, "b": Y2}, verbose=0)
    assert found == pytest.approx(two_outputs(keras).evaluate(X, [Y, Y2], verbose=0), rel=1e-5)
    assert found[0] == pytest.approx(found[1] + found[2], rel=1e-5)


@row("fit#history_keys")
def test_history_has_loss_metrics_and_validation() -> None:
    data = {"validation_data": (X, Y), "epochs": 2, "shuffle": False, "verbose": 0}
    history = line(metrics=["mae"]).fit(X, Y, **data).history
    assert set(history) == {"loss", "mae", "val_loss", "val_mae"}
    expected = line(keras, metrics=["mae"]).fit(X, Y, **data).history
    assert {name: pytest.approx(values, rel=1e-5) for name, values in expected.items()} == history


@row("fit#history_keys_multi_output")
def test_history_of_two_outputs_of_one_layer() -> None:
    inputs = keras.Input((3,))
    layer = keras.layers.Dense(2, name="out")
    model = engine.Model(inputs, [layer(inputs), layer(inputs)])
    model.compile("sgd", "mse", metrics=["mae", "acc"])
    history = model.fit(X, [Y, Y2], verbose=0).history
    labels = ["loss", "out_loss", "out_1_loss", "out_mae", "out_acc", "out_1_mae", "out_1_acc"]
    assert sorted(history) == sorted(labels)


@row("train_step")
@row("train_step(data)")
def test_train_step_gets_a_batch_and_trains() -> None:
    model = line(run_eagerly=True)
    before = [np.array(weight) for weight in model.get_weights()]
    logs = model.train_step((tf.constant(X), tf.constant(Y), tf.constant(WEIGHT)))
    expected = ((Y - (X @ before[0] + before[1])) ** 2).mean(axis=1)
    assert float(logs["loss"]) == pytest.approx((expected * WEIGHT).mean(), rel=1e-5)
    assert not np.allclose(before[0], model.get_weights()[0])


@row("train_step#dict_returned")
def test_the_dict_of_train_step_reaches_callbacks() -> None:
    seen: list[dict[str, float]] = []
    listener = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(dict(logs)))
    line(metrics=["mae"]).fit(X, Y, batch_size=4, callbacks=[listener], verbose=0)
    assert [list(logs) for logs in seen] == [["loss", "mae"]] * 2


@row("train_step#custom_dict")
def test_the_own_dict_of_an_override_is_in_the_history() -> None:
    class Own(engine.Model):
        def train_step(self, data: Any) -> Any:
            x, y = data
            return {"gap": tf.reduce_mean(tf.abs(y - self(x)))}

    model = Own(*outputs_of())
    model.compile("sgd")
    assert model.fit(X, Y, verbose=0).history == {"gap": pytest.approx([np.abs(errors(model)).mean()], rel=1e-5)}


def update(model: Any, tape: Any, loss: Any) -> None:
    gradients = tape.gradient(loss, model.trainable_variables)
    model.optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))


class LoopsOverMetrics(engine.Model):
    """A `train_step` as Keras 3's guides write it."""

    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        update(self, tape, loss)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {metric.name: metric.result() for metric in self.metrics}


class CompiledLossAndMetrics(engine.Model):
    """A `train_step` as tf.keras's guides wrote it."""

    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compiled_loss(y, y_pred, regularization_losses=self.losses)
        update(self, tape, loss)
        self.compiled_metrics.update_state(y, y_pred)
        return {metric.name: metric.result() for metric in self.metrics}


@pytest.mark.parametrize("base", [LoopsOverMetrics, CompiledLossAndMetrics])
def test_train_steps_of_both_kinds_of_guide(base: type) -> None:
    model = base(*outputs_of())
    model.compile(keras.optimizers.SGD(0.1), "mse", metrics=["mae"])
    data = {"epochs": 2, "batch_size": 4, "shuffle": False, "verbose": 0}
    history = model.fit(X, Y, **data).history
    expected = line(metrics=["mae"]).fit(X, Y, **data).history
    assert {name: pytest.approx(values, rel=1e-5) for name, values in expected.items()} == history


@row("test_step")
@row("test_step(data)")
def test_test_step_evaluates_and_can_be_overridden() -> None:
    model = line(run_eagerly=True)
    before = model.get_weights()
    logs = model.test_step((tf.constant(X), tf.constant(Y)))
    assert float(logs["loss"]) == pytest.approx((errors(model) ** 2).mean(), rel=1e-5)
    np.testing.assert_array_equal(before[0], model.get_weights()[0])

    class Own(engine.Model):
        def test_step(self, data: Any) -> Any:
            x, y = data
            return {"gap": tf.reduce_mean(tf.abs(y - self(x)))}

    own = Own(*outputs_of())
    own.compile("sgd", "mse")
    assert own.evaluate(X, Y, verbose=0, return_dict=True) == {"gap": pytest.approx(np.abs(errors(own)).mean())}
    assert own.fit(X, Y, validation_data=(X, Y), verbose=0).history["val_gap"]


@row("predict_step")
@row("predict_step(data)")
def test_predict_step_gets_a_batch_and_can_be_overridden() -> None:
    model = line()
    np.testing.assert_allclose(model.predict_step((tf.constant(X),)), model(X))

    class Own(engine.Model):
        def predict_step(self, data: Any) -> Any:
            return super().predict_step(data) * 2

    own = Own(*outputs_of())
    np.testing.assert_allclose(own.predict(X, verbose=0), 2 * np.asarray(own(X)), rtol=1e-6)
    np.testing.assert_allclose(own.predict_on_batch(X), 2 * np.asarray(own(X)), rtol=1e-6)
