"""What the examples of the reference documents promise of `compile`, `fit`, metrics and their names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from kerastui.engine import keras, tf

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 3)).astype("float32")
Y = RNG.integers(0, 2, size=(6, 2))
SHARED = ["loss", "twin_loss", "twin_1_loss", "twin_mae", "twin_acc", "twin_1_mae", "twin_1_acc"]


def one_output() -> Any:
    inputs = tf.keras.layers.Input(shape=(3,))
    return tf.keras.models.Model(inputs=inputs, outputs=tf.keras.layers.Dense(2)(inputs))


def one_layer_called_twice() -> Any:
    inputs = tf.keras.layers.Input(shape=(3,))
    twin = tf.keras.layers.Dense(2, name="twin")
    return tf.keras.models.Model(inputs=inputs, outputs=[twin(inputs), twin(inputs)])


def test_metrics_names_single() -> None:
    model = one_output()
    model.compile(optimizer="Adam", loss="mse", metrics=["mae"])
    assert model.metrics_names == []
    model.fit(X, Y, verbose=0)
    assert model.metrics_names == ["loss", "mae"]


def test_metrics_names_multi() -> None:
    model = one_layer_called_twice()
    model.compile(optimizer="Adam", loss="mse", metrics=["mae", "acc"])
    model.fit(X, (Y, Y), verbose=0)
    assert model.metrics_names == SHARED
    assert len(model.evaluate(X, (Y, Y), verbose=0)) == len(SHARED)


def test_metrics_single() -> None:
    model = one_output()
    model.compile(optimizer="Adam", loss="mse", metrics=["mae"])
    assert [metric.name for metric in model.metrics] == []
    model.fit(X, Y, verbose=0)
    assert [metric.name for metric in model.metrics] == ["loss", "mae"]


def test_metrics_multi() -> None:
    model = one_layer_called_twice()
    model.add_metric(tf.reduce_sum(model.outputs[1]), name="total", aggregation="mean")
    model.compile(optimizer="Adam", loss="mse", metrics=["mae", "acc"])
    model.fit(X, (Y, Y), verbose=0)
    assert [metric.name for metric in model.metrics] == [*SHARED, "total"]
    values = dict(zip(model.metrics_names, model.evaluate(X, (Y, Y), batch_size=6, verbose=0), strict=True))
    assert values["total"] == pytest.approx(float(model.predict(X, verbose=0)[1].sum()), rel=1e-4)


@pytest.fixture
def _names_anew() -> None:
    """Let Keras count its automatic names (`false_positives_1`) from the start, whatever tests ran before."""
    keras.utils.clear_session(free_memory=False)


@pytest.mark.usefixtures("_names_anew")
def test_compile() -> None:
    model = tf.keras.Sequential([tf.keras.layers.Dense(1, activation="sigmoid")])
    model.compile(
        optimizer=tf.keras.optimizers.Adam(learning_rate=0.01),
        loss=tf.keras.losses.BinaryCrossentropy(),
        metrics=[tf.keras.metrics.BinaryAccuracy(), tf.keras.metrics.FalsePositives()],
    )
    history = model.fit(X, Y[:, :1], verbose=0).history
    assert set(history) == {"loss", "binary_accuracy", "false_positives"}


@pytest.mark.usefixtures("_names_anew")
def test_compile_k3() -> None:
    model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
    model.compile(
        optimizer=keras.optimizers.SGD(learning_rate=0.01),
        loss=keras.losses.BinaryCrossentropy(),
        metrics=[keras.metrics.BinaryAccuracy(), keras.metrics.TruePositives()],
    )
    assert model.compiled
    history = model.fit(X, Y[:, :1], verbose=0).history
    assert set(history) == {"loss", "binary_accuracy", "true_positives"}


def test_reset_metrics() -> None:
    model = one_output()
    model.compile(optimizer="Adam", loss="mse", metrics=["mae"])
    model.fit(X, Y, verbose=0)
    assert [float(metric.result()) > 0 for metric in model.metrics] == [True, True]
    model.reset_metrics()
    assert [float(metric.result()) for metric in model.metrics] == [0, 0]


def test_fit_generator(tmp_path: Path) -> None:
    path = tmp_path / "numbers.txt"
    path.write_text("1 2 3\n4 5 9\n7 8 15\n")
    read: list[str] = []

    def rows_of(file: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        while True:
            with file.open() as lines:
                for line in lines:
                    read.append(line)
                    first, second, target = (np.full((1, 1), float(part)) for part in line.split())
                    yield {"first": first, "second": second}, {"sum": target}

    inputs = [keras.Input((1,), name=name) for name in ("first", "second")]
    output = keras.layers.Dense(1, name="sum")(keras.layers.Add()(inputs))
    model = keras.Model(inputs, output)
    model.compile(keras.optimizers.SGD(0.001), "mse")
    history = model.fit_generator(rows_of(path), steps_per_epoch=7, epochs=3, verbose=0)
    assert history is model.history
    assert len(history.history["loss"]) == 3
    assert int(model.optimizer.iterations) == 21
    assert len(read) >= 21


class Example(NamedTuple):
    y: Any
    x: Any


def test_namedtuple() -> None:
    data = tf.data.Dataset.from_tensor_slices(Example(y=Y.astype("float32"), x=X)).batch(2)
    model = one_output()
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="namedtuple"):
        model.fit(data, verbose=0)
    assert int(model.optimizer.iterations) == 0


def test_validation_freq() -> None:
    class Validations(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
        def __init__(self) -> None:
            super().__init__()
            self.epochs: list[int] = []

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if "val_loss" in (logs or {}):
                self.epochs.append(epoch + 1)

    model, validations = one_output(), Validations()
    model.compile("sgd", "mse")
    history = model.fit(
        X, Y, validation_data=(X, Y), epochs=11, validation_freq=[1, 2, 10], callbacks=[validations], verbose=0
    )
    assert validations.epochs == [1, 2, 10]
    assert len(history.history["val_loss"]) == 3


def test_metrics_dict() -> None:
    inputs = tf.keras.Input((3,))
    outputs = [tf.keras.layers.Dense(2, name=name)(inputs) for name in ("left", "right")]
    model = tf.keras.Model(inputs, outputs)
    model.compile("sgd", "mse", metrics={"left": "accuracy", "right": ["accuracy", "mse"]})
    results = model.evaluate(X, [Y, Y], verbose=0, return_dict=True)
    assert set(results) == {"loss", "left_loss", "right_loss", "left_accuracy", "right_accuracy", "right_mse"}
    assert results["right_mse"] == pytest.approx(results["right_loss"], rel=1e-5)
