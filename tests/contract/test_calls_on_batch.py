"""The rows of `train_on_batch`, `test_on_batch` and `predict_on_batch`."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_models import X, Y, line, two_outputs, weights_of

from kerastui import engine

row = pytest.mark.row
WEIGHTS = np.arange(1.0, 9.0, dtype="float32")
HALF = slice(0, 4)
REST = slice(4, 8)


@row("train_on_batch")
def test_a_batch_is_trained_as_in_stock_keras() -> None:
    ours, stock = line(), line(keras)
    losses = [[model.train_on_batch(X, Y) for _ in range(3)] for model in (ours, stock)]
    assert losses[0] == pytest.approx(losses[1])
    assert weights_of(ours) == weights_of(stock)


@row("train_on_batch(x)")
def test_train_x_is_one_batch_of_any_size() -> None:
    model = line()
    before = weights_of(model)
    assert isinstance(model.train_on_batch(X[:1].tolist(), Y[:1].tolist()), float)
    assert weights_of(model) != before


@row("train_on_batch(y)")
def test_train_y_may_be_left_out_where_the_loss_needs_none() -> None:
    class Small(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
        def call(self, x: Any) -> Any:
            self.add_loss(tf.reduce_mean(x**2))
            return x

    inputs = keras.Input((3,))
    model = engine.Model(inputs, Small()(keras.layers.Dense(2, kernel_initializer="ones")(inputs)))
    model.compile("sgd")
    first = model.train_on_batch(X)
    assert model.train_on_batch(X) < first


@row("train_on_batch(sample_weight)")
def test_train_sample_weight() -> None:
    assert line().train_on_batch(X, Y, WEIGHTS) == pytest.approx(line(keras).train_on_batch(X, Y, WEIGHTS))
    assert line().train_on_batch(X, Y, WEIGHTS) != pytest.approx(line().train_on_batch(X, Y))


@row("train_on_batch(class_weight)")
def test_train_class_weight_multiplies_with_sample_weight() -> None:
    def classifier(home: Any) -> Any:
        model = home.Sequential([keras.Input((3,)), keras.layers.Dense(2, "softmax", kernel_initializer="zeros")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    labels = np.array([0, 1] * 4)
    factors = {0: 1.0, 1: 3.0}
    by_hand = np.where(labels == 1, 3.0, 1.0)
    expected = classifier(keras).train_on_batch(X, labels, sample_weight=by_hand)
    assert classifier(engine).train_on_batch(X, labels, class_weight=factors) == pytest.approx(expected)
    both = classifier(keras).train_on_batch(X, labels, sample_weight=by_hand * WEIGHTS)
    assert classifier(engine).train_on_batch(X, labels, WEIGHTS, factors) == pytest.approx(both)


def running(model: Any, method: str, **settings: Any) -> list[float]:
    """The loss of the first half, then of the second with the metrics reset in between or not."""
    on_batch = getattr(model, method)
    return [on_batch(X[part], Y[part], **settings) for part in (HALF, REST)]


@row("train_on_batch(reset_metrics)")
def test_train_metrics_go_on_if_they_are_not_reset() -> None:
    def frozen() -> Any:
        return line(optimizer=keras.optimizers.SGD(0.0))

    first, second = running(frozen(), "train_on_batch")
    mean = (first + second) / 2
    assert running(frozen(), "train_on_batch", reset_metrics=False) == pytest.approx([first, mean])


@row("train_on_batch(return_dict)")
def test_train_return_dict() -> None:
    results = line(metrics=["mae"]).train_on_batch(X, Y, return_dict=True)
    assert list(results) == ["loss", "mae"]
    assert list(results.values()) == pytest.approx(line(metrics=["mae"]).train_on_batch(X, Y))


@row("train_on_batch#positional_5th")
def test_train_fifth_position() -> None:
    assert list(line().train_on_batch(X, Y, None, None, True)) == ["loss"]
    model = line(optimizer=keras.optimizers.SGD(0.0))
    first = model.train_on_batch(X[HALF], Y[HALF])
    older = model.train_on_batch(X[REST], Y[REST], None, None, False, True)  # reset_metrics, return_dict
    second = model.train_on_batch(X[REST], Y[REST])
    assert older == {"loss": pytest.approx((first + second) / 2)}


@row("train_on_batch#x_dict")
def test_train_dicts_by_name() -> None:
    def named(home: Any) -> Any:
        inputs = {name: keras.Input((3,), name=name) for name in ("left", "right")}
        total = keras.layers.Add()(list(inputs.values()))
        outputs = {"out": keras.layers.Dense(2, kernel_initializer="ones", name="out")(total)}
        model = home.Model(inputs, outputs)
        model.compile("sgd", {"out": "mse"})
        return model

    data = {"right": X, "left": -2 * X}, {"out": Y}
    assert named(engine).train_on_batch(*data) == pytest.approx(named(keras).train_on_batch(*data))


@row("train_on_batch#in_tf_function")
def test_train_on_batch_cannot_be_part_of_a_graph() -> None:
    model = line()
    with pytest.raises(RuntimeError, match=r"`train_on_batch\(\)` cannot run inside"):
        tf.function(lambda: model.train_on_batch(X, Y), autograph=False)()


@row("test_on_batch")
def test_a_batch_is_evaluated_and_changes_nothing() -> None:
    model = line(metrics=["mae"])
    before = weights_of(model)
    assert model.test_on_batch(X, Y) == pytest.approx(line(keras, metrics=["mae"]).test_on_batch(X, Y))
    assert weights_of(model) == before


@row("test_on_batch(x)")
def test_test_x_is_one_batch() -> None:
    model = line()
    assert model.test_on_batch(X[:3], Y[:3]) == pytest.approx(model.evaluate(X[:3], Y[:3], verbose=0))


@row("test_on_batch(y)")
def test_test_y_of_each_output() -> None:
    model = two_outputs()
    loss, a, b = model.test_on_batch(X, [Y, 2 * Y])
    assert loss == pytest.approx(a + b)
    assert (a, b) == (pytest.approx(line().test_on_batch(X, Y)), pytest.approx(line().test_on_batch(X, 2 * Y)))


@row("test_on_batch(sample_weight)")
def test_test_sample_weight() -> None:
    assert line().test_on_batch(X, Y, WEIGHTS) == pytest.approx(line(keras).test_on_batch(X, Y, WEIGHTS))


@row("test_on_batch(reset_metrics)")
def test_test_metrics_go_on_if_they_are_not_reset() -> None:
    first, second = running(line(), "test_on_batch")
    assert running(line(), "test_on_batch", reset_metrics=False) == pytest.approx([first, (first + second) / 2])


@row("test_on_batch(return_dict)")
def test_test_return_dict() -> None:
    assert list(line(metrics=["mae"]).test_on_batch(X, Y, return_dict=True)) == ["loss", "mae"]


@row("test_on_batch#positional_4th")
def test_test_fourth_position() -> None:
    model = line()
    assert list(model.test_on_batch(X, Y, None, True)) == ["loss"]
    first, second = running(model, "test_on_batch")
    model.test_on_batch(X[HALF], Y[HALF])
    older = model.test_on_batch(X[REST], Y[REST], None, False, True)
    assert older == {"loss": pytest.approx((first + second) / 2)}


@row("test_on_batch#in_tf_function")
def test_test_on_batch_cannot_be_part_of_a_graph() -> None:
    model = line()
    with pytest.raises(RuntimeError, match=r"`test_on_batch\(\)` cannot run inside"):
        tf.function(lambda: model.test_on_batch(X, Y), autograph=False)()


@row("predict_on_batch")
def test_a_batch_is_predicted() -> None:
    predictions = line().predict_on_batch(X)
    assert isinstance(predictions, np.ndarray)
    np.testing.assert_array_equal(predictions, line(keras).predict_on_batch(X))


@row("predict_on_batch(x)")
def test_predict_x_is_one_batch_for_all_outputs() -> None:
    predictions = two_outputs().predict_on_batch(X[:3])
    assert [part.shape for part in predictions] == [(3, 2), (3, 2)]


@row("predict_on_batch#in_tf_function")
def test_predict_on_batch_cannot_be_part_of_a_graph() -> None:
    model = line()
    with pytest.raises(RuntimeError, match=r"`predict_on_batch\(\)` cannot run inside"):
        tf.function(lambda: model.predict_on_batch(X), autograph=False)()
