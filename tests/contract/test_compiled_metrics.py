"""Metrics of `compile`: which output they belong to, their labels and order, and what sample weights do to them."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import small_models
import tensorflow as tf
from small_models import X, Y

from kerastui import engine
from kerastui.engine.training.compiled_metrics import CompiledMetrics

row = pytest.mark.row

# Eager steps, but for the tests that ask for a graph: tracing takes longer than these few batches.
line = partial(small_models.line, run_eagerly=True)
two_outputs = partial(small_models.two_outputs, run_eagerly=True)

Y2 = (Y + 1.0) ** 2
WEIGHT = np.arange(8.0)


def shared(**settings: Any) -> Any:
    """Two outputs of one layer, as in the examples of tf.keras."""
    inputs = keras.Input((3,))
    layer = keras.layers.Dense(2, kernel_initializer=keras.initializers.Constant(0.25), name="out")
    model = engine.Model(inputs, [layer(inputs), layer(inputs)])
    model.compile(**({"optimizer": "sgd", "loss": "mse"} | settings))
    return model


def after(model: Any, y: Any) -> dict[str, float]:
    found: dict[str, float] = model.evaluate(X, y, batch_size=3, verbose=0, return_dict=True)
    return found


def classifier(units: int, activation: str = "softmax") -> Any:
    return engine.Sequential(
        [keras.Input((3,)), keras.layers.Dense(units, activation, kernel_initializer="ones", name="out")]
    )


def mae(y: Any, model: Any, output: int | None = None) -> Any:
    y_pred = model(X) if output is None else model(X)[output]
    return np.abs(y - np.asarray(y_pred)).mean(axis=-1)


@row("metrics")
def test_metrics_are_flat_and_named_by_their_labels() -> None:
    auc = keras.metrics.MeanSquaredError(name="mine")
    model = line(metrics=["mae", auc])
    assert model.metrics == []
    model.fit(X, Y, verbose=0)
    assert [metric.name for metric in model.metrics] == ["loss", "mae", "mine"]
    assert all(isinstance(metric, keras.metrics.Metric) for metric in model.metrics)
    assert model.metrics[2] is auc


@row("metrics#multi_with_add_metric")
def test_a_metric_added_to_the_model_comes_last() -> None:
    inputs = keras.Input((3,))
    layer = keras.layers.Dense(2, name="out")
    first, second = layer(inputs), layer(inputs)
    model = engine.Model(inputs, [first, second])
    model.add_metric(tf.reduce_sum(second), name="mean", aggregation="mean")
    model.compile("adam", "mse", metrics=["mae", "acc"])
    model.fit(X, (Y, Y), verbose=0)
    assert [metric.name for metric in model.metrics] == [
        *("loss", "out_loss", "out_1_loss", "out_mae", "out_acc", "out_1_mae", "out_1_acc"),
        "mean",
    ]


@row("metrics_names")
def test_names_are_those_of_the_metrics() -> None:
    model = line(metrics=["mae"], weighted_metrics=["mse"])
    model.fit(X, Y, verbose=0)
    assert model.metrics_names == [metric.name for metric in model.metrics] == ["loss", "mae", "mse"]


@row("metrics_names#before_fit")
def test_there_are_no_names_before_data() -> None:
    assert line(metrics=["mae"]).metrics_names == []


@row("metrics_names#after_fit_single")
def test_names_with_one_output() -> None:
    model = line(metrics=["mae"], run_eagerly=False)
    model.fit(X, Y, verbose=0)
    assert model.metrics_names == ["loss", "mae"]


@row("metrics_names#after_fit_multi")
def test_names_with_two_outputs_of_one_layer() -> None:
    model = shared(metrics=["mae", "acc"])
    model.fit(X, (Y, Y), verbose=0)
    assert model.metrics_names == [
        *("loss", "out_loss", "out_1_loss"),
        *("out_mae", "out_acc", "out_1_mae", "out_1_acc"),
    ]


@row("metrics_names#label_evaluate")
def test_names_label_the_list_of_evaluate() -> None:
    model = two_outputs(metrics=["mae"], weighted_metrics={"b": ["mse"]})
    values = model.evaluate(X, [Y, Y2], verbose=0)
    assert model.metrics_names == ["loss", "a_loss", "b_loss", "a_mae", "b_mae", "b_mse"]
    assert dict(zip(model.metrics_names, values, strict=True)) == pytest.approx(after(model, [Y, Y2]), rel=1e-5)
    assert values[4] == pytest.approx(mae(Y2, model, 1).mean(), rel=1e-5)


@row("compile(metrics)")
@pytest.mark.parametrize("metrics", [["mae"], "mae", [keras.metrics.MeanAbsoluteError(name="mae")], {"out": "mae"}])
def test_metrics_by_name_object_or_dict(metrics: Any) -> None:
    model = line(metrics=metrics)
    assert after(model, Y)["mae"] == pytest.approx(mae(Y, model).mean(), rel=1e-5)


def test_a_function_is_a_metric() -> None:
    def worst(y_true: Any, y_pred: Any) -> Any:
        return keras.ops.max(keras.ops.abs(y_true - y_pred), axis=-1)

    model = line(metrics=[worst])
    expected = np.abs(Y - np.asarray(model(X))).max(axis=-1).mean()
    assert after(model, Y)["worst"] == pytest.approx(expected, rel=1e-5)


@row("compile#metrics_dict")
def test_a_dict_goes_by_the_names_of_outputs() -> None:
    model = two_outputs(metrics={"b": ["mae", "mse"], "a": "mae"})
    found = after(model, [Y, Y2])
    assert list(found)[3:] == ["a_mae", "b_mae", "b_mse"]
    assert found["b_mse"] == pytest.approx(found["b_loss"], rel=1e-5)
    assert list(after(two_outputs(metrics={"b": "mae"}), [Y, Y2]))[3:] == ["b_mae"]


@row("compile#metrics_nested_list")
@pytest.mark.parametrize("metrics", [[["mae"], ["mae", "mse"]], ["mae", ["mae", "mse"]]])
def test_a_list_with_a_list_in_it_has_an_entry_per_output(metrics: Any) -> None:
    found = after(two_outputs(metrics=metrics), [Y, Y2])
    assert list(found) == ["loss", "a_loss", "b_loss", "a_mae", "b_mae", "b_mse"]
    assert found == pytest.approx(after(two_outputs(metrics={"a": "mae", "b": ["mae", "mse"]}), [Y, Y2]))


def test_none_in_a_list_is_an_output_without_metrics() -> None:
    assert list(after(two_outputs(metrics=[None, "mae"]), [Y, Y2]))[3:] == ["b_mae"]


@row("compile#metrics_flat_list_multi_output")
def test_a_flat_list_is_for_every_output_even_with_as_many_entries() -> None:
    found = after(two_outputs(metrics=["mae", "mse"]), [Y, Y2])
    assert list(found)[3:] == ["a_mae", "a_mse", "b_mae", "b_mse"]
    assert found["a_mse"] == pytest.approx(found["a_loss"], rel=1e-5)
    assert found["b_mse"] == pytest.approx(found["b_loss"], rel=1e-5)


@row("compile#metrics_flat_list_other_length")
def test_a_shorter_flat_list_is_for_every_output() -> None:
    model = two_outputs(metrics=["mae"])
    found = after(model, [Y, Y2])
    assert found["a_mae"] == pytest.approx(mae(Y, model, 0).mean(), rel=1e-5)
    assert found["b_mae"] == pytest.approx(mae(Y2, model, 1).mean(), rel=1e-5)


@row("compile#accuracy_binary")
def test_accuracy_of_one_sigmoid_unit_is_binary() -> None:
    model = classifier(1, "sigmoid")
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy"], run_eagerly=True)
    y = (np.arange(8) % 3 == 0).astype("float32")
    expected = ((np.asarray(model(X))[:, 0] > 0.5) == y).mean()
    assert after(model, y[:, None])["accuracy"] == pytest.approx(expected)
    assert type(model.metrics[1]) is keras.metrics.BinaryAccuracy


@row("compile#accuracy_categorical")
def test_accuracy_of_one_hot_targets_is_categorical() -> None:
    model = line(metrics=["acc"])
    labels = np.arange(8) % 2
    expected = (np.asarray(model(X)).argmax(axis=1) == labels).mean()
    assert after(model, np.eye(2)[labels])["acc"] == pytest.approx(expected)
    assert type(model.metrics[1]) is keras.metrics.CategoricalAccuracy


@row("compile#accuracy_sparse")
@pytest.mark.parametrize("shape", [(8,), (8, 1)])
def test_accuracy_of_labels_is_sparse_categorical(shape: tuple[int, ...]) -> None:
    model = classifier(3)
    model.layers[-1].set_weights([np.eye(3), np.zeros(3)])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=True)
    labels = np.arange(8) % 3
    expected = (np.asarray(model(X)).argmax(axis=1) == labels).mean()
    assert after(model, labels.reshape(shape))["accuracy"] == pytest.approx(expected)
    assert type(model.metrics[1]) is keras.metrics.SparseCategoricalAccuracy


@row("compile#crossentropy_alias")
@pytest.mark.parametrize(("units", "activation"), [(1, "sigmoid"), (3, "softmax")])
@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize("name", ["crossentropy", "ce"])
def test_crossentropy_is_chosen_by_the_shapes(units: int, activation: str, one_hot: bool, name: str) -> None:
    model = classifier(units, activation)
    model.layers[-1].set_weights([np.eye(3)[:, :units], np.zeros(units)])
    model.compile("sgd", name, metrics=[name], run_eagerly=True)
    labels = np.arange(8) % max(units, 2)
    y_pred = np.asarray(model(X))
    chosen = y_pred[np.arange(8), labels] if units > 1 else np.where(labels, y_pred[:, 0], 1 - y_pred[:, 0])
    y = np.eye(units)[labels] if one_hot and units > 1 else labels[:, None]
    found = after(model, y)
    assert found == pytest.approx({"loss": -np.log(chosen).mean(), name: -np.log(chosen).mean()}, rel=1e-4)


@row("compile#metrics_unweighted")
def test_sample_weights_do_not_touch_metrics() -> None:
    model = line(metrics=["mae"])
    found = model.evaluate(X, Y, sample_weight=WEIGHT, verbose=0, return_dict=True)
    assert found["mae"] == pytest.approx(mae(Y, model).mean(), rel=1e-5)


@row("compile(weighted_metrics)")
def test_weighted_metrics_use_sample_weights() -> None:
    model = line(metrics=["mae"], weighted_metrics=["mae", "mse"])
    found = model.evaluate(X, Y, sample_weight=WEIGHT, batch_size=3, verbose=0, return_dict=True)
    assert list(found) == ["loss", "mae", "weighted_mae", "mse"]
    assert found["weighted_mae"] == pytest.approx(np.average(mae(Y, model), weights=WEIGHT), rel=1e-5)
    assert found["mae"] == pytest.approx(mae(Y, model).mean(), rel=1e-5)


def test_each_output_has_its_metrics_and_then_its_weighted_ones() -> None:
    found = after(two_outputs(metrics=["mae"], weighted_metrics=["mae", "mse"]), [Y, Y2])
    assert list(found)[3:] == ["a_mae", "a_weighted_mae", "a_mse", "b_mae", "b_weighted_mae", "b_mse"]


def test_metrics_of_the_same_name_are_numbered() -> None:
    found = after(line(metrics=["mae", "mae"], weighted_metrics=["mae", "mae"]), Y)
    assert list(found)[1:] == ["mae", "mae_1", "weighted_mae", "weighted_mae_1"]


def test_the_users_object_counts_and_is_copied_for_other_outputs() -> None:
    mine = keras.metrics.MeanAbsoluteError(name="mine")
    model = two_outputs(metrics=[mine])
    found = after(model, [Y, Y2])
    assert list(found)[3:] == ["a_mine", "b_mine"]
    assert float(mine.result()) == pytest.approx(found["a_mine"])
    assert model.metrics[3] is mine
    assert model.metrics[4] is not mine
    assert found["b_mine"] == pytest.approx(mae(Y2, model, 1).mean(), rel=1e-5)


def test_labels_stay_out_of_files_and_do_not_pile_up(tmp_path: Path) -> None:
    mine = keras.metrics.MeanAbsoluteError(name="mine")
    model = two_outputs(metrics={"b": mine})
    for _ in range(2):
        model.compile("sgd", "mse", metrics={"b": mine})
        assert list(after(model, [Y, Y2]))[3:] == ["b_mine"]
    assert model.get_compile_config()["metrics"]["b"]["config"]["name"] == "mine"
    assert mine.name == "b_mine"
    model.save(tmp_path / "model.keras")
    stock = keras.models.load_model(tmp_path / "model.keras")
    assert "b_mine" in stock.evaluate(X, [Y, Y2], verbose=0, return_dict=True)
    model.save(tmp_path / "model.h5")
    with h5py.File(tmp_path / "model.h5") as file:
        assert json.loads(file.attrs["training_config"])["metrics"]["b"]["config"]["name"] == "mine"
    single = line(metrics=[mine])
    assert list(after(single, Y)) == ["loss", "mine"]


def test_a_metric_with_a_dict_for_its_result_is_merged() -> None:
    class Two(keras.metrics.Mean):  # type: ignore[misc]  # Keras ships no types
        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            super().update_state(y_pred - y_true, sample_weight)

        def result(self) -> dict[str, Any]:
            return {"bias": super().result(), "twice": 2 * super().result()}

    compiled = CompiledMetrics([Two()])
    compiled.update_state(np.ones((2, 1)), np.full((2, 1), 3.0))
    assert {name: float(value) for name, value in compiled.result().items()} == {"bias": 2.0, "twice": 4.0}


def test_metrics_are_built_inside_a_function_and_without_targets_later() -> None:
    compiled = CompiledMetrics(["mae"])
    compiled.update_state(None, tf.ones((2, 1)))
    assert not compiled.built

    @tf.function  # type: ignore[untyped-decorator]
    def step(y: Any, y_pred: Any) -> None:
        compiled.update_state(y, y_pred)

    step(tf.zeros((2, 1)), tf.ones((2, 1)))
    step(tf.zeros((2, 1)), tf.ones((2, 1)) * 3)
    assert float(compiled.result()["mae"]) == 2.0
    compiled.reset_state()
    assert float(compiled.result()["mae"]) == 0.0


def test_metrics_follow_stock_keras_where_it_has_them() -> None:
    settings = {"metrics": [["mae"], ["mae", "mse"]], "weighted_metrics": {"a": ["mse"]}}
    ours, stock = (small_models.two_outputs(home, **settings) for home in (engine, keras))
    weights = [WEIGHT, WEIGHT[::-1].copy()]
    data = tf.data.Dataset.from_tensor_slices((X, (Y, Y2), tuple(weights))).batch(4)
    assert ours.evaluate(data, verbose=0, return_dict=True) == pytest.approx(
        stock.evaluate(data, verbose=0, return_dict=True), rel=1e-5
    )


@pytest.mark.parametrize("monitor", ["val_b_acc", "val_b_mae"])
def test_early_stopping_knows_which_way_a_metric_is_better(monitor: str) -> None:
    model = two_outputs(optimizer=keras.optimizers.SGD(0.0), metrics=["acc", "mae"])
    stopping = keras.callbacks.EarlyStopping(monitor=monitor, patience=1)
    history = model.fit(X, [Y, Y2], validation_data=(X, [Y, Y2]), epochs=4, callbacks=[stopping], verbose=0)
    assert len(history.epoch) == 2  # nothing gets better without learning
    assert stopping.mode == ("max" if monitor.endswith("acc") else "min")
