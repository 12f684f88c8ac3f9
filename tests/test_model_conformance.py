"""What works in stock Keras works here: steps and losses of one's own, losses without a hash, labels of nested ones."""

from typing import Any

import keras
import numpy as np
import pytest

from kerastui.engine import Input, Model, Sequential

Dense = keras.layers.Dense
X = np.linspace(-1, 1, 24, dtype="float32").reshape(6, 4)
CLASSES = np.array([0, 1, 2, 0, 1, 2])


def classifier(cls: type, classes: int = 3) -> Any:
    inputs = Input((4,))
    return cls(inputs, Dense(classes, activation="softmax", kernel_initializer="zeros", name="out")(inputs))


def with_compute_loss(base: type) -> type:
    class OneHot(base):  # type: ignore[misc]
        """Its loss gets one-hot rows where its metrics get labels."""

        def compute_loss(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
            return super().compute_loss(x, keras.ops.one_hot(keras.ops.cast(y, "int32"), 3), *args, **kwargs)

    return OneHot


@pytest.mark.parametrize("base", [Model, keras.Model])
def test_targets_that_compute_loss_rewrites_reach_the_metrics_as_they_were_given(base: type) -> None:
    model = classifier(with_compute_loss(base))
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    results = model.evaluate(X, CLASSES, verbose=0, return_dict=True)
    assert results["accuracy"] == pytest.approx(1 / 3)  # all outputs are alike, so the first class is what is said
    assert results["loss"] == pytest.approx(np.log(3))


@pytest.mark.parametrize("base", [Model, keras.Model])
def test_compute_loss_may_take_targets_that_no_output_has(base: type) -> None:
    class Two(base):  # type: ignore[misc]
        def compute_loss(
            self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
        ) -> Any:
            halves = (y_pred[:, :1], y_pred[:, 1:])
            return super().compute_loss(x, y, halves, sample_weight, training)

    inputs = Input((4,))
    model = Two(inputs, Dense(3, kernel_initializer="zeros")(inputs))
    model.compile("sgd", ["mse", "mae"])
    history = model.fit(X, (np.full((6, 1), 2.0), np.ones((6, 2))), shuffle=False, verbose=0).history
    assert history["loss"] == [pytest.approx(4 + 1)]
    assert len(history) == 3


def with_train_step(base: type) -> type:
    class Halving(base):  # type: ignore[misc]
        """Its data has twice the columns that its graph takes."""

        def train_step(self, data: Any) -> Any:
            x, y, *_ = data
            return super().train_step((x[:, ::2], keras.ops.one_hot(keras.ops.cast(y, "int32"), 3)))

        def test_step(self, data: Any) -> Any:
            x, y, *_ = data
            return super().test_step((x[:, ::2], keras.ops.one_hot(keras.ops.cast(y, "int32"), 3)))

        def predict_step(self, data: Any) -> Any:
            return super().predict_step(keras.utils.unpack_x_y_sample_weight(data)[0][:, ::2])

    return Halving


@pytest.mark.parametrize("base", [Model, keras.Model])
def test_steps_may_reshape_inputs_and_targets(base: type) -> None:
    model = classifier(with_train_step(base))
    model.compile("sgd", "categorical_crossentropy")
    wide = np.repeat(X, 2, axis=1)
    assert model.fit(wide, CLASSES, verbose=0).history["loss"] == [pytest.approx(np.log(3))]
    assert np.isfinite(model.evaluate(wide, CLASSES, verbose=0))
    assert np.isfinite(model.train_on_batch(wide, CLASSES))
    assert np.isfinite(model.test_on_batch(wide, CLASSES))
    assert model.predict(wide, verbose=0).shape == (6, 3)


def test_a_step_put_on_the_object_may_reshape_too() -> None:
    model = classifier(Model)
    model.compile("sgd", "sparse_categorical_crossentropy")
    step = model.test_step
    model.test_step = lambda data: step((data[0][:, ::2], data[1]))
    assert model.evaluate(np.repeat(X, 2, axis=1), CLASSES, verbose=0) == pytest.approx(np.log(3))


def test_a_model_without_steps_of_its_own_still_refuses_by_name() -> None:
    model = classifier(Model)
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match="does not fit the input"):
        model.fit(np.repeat(X, 2, axis=1), CLASSES, verbose=0)
    with pytest.raises(ValueError, match="label out of range"):
        model.fit(X, CLASSES + 1, verbose=0)


class Unhashable(keras.losses.Loss):  # type: ignore[misc]
    """A class with `__eq__` alone has no hash."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unhashable)

    __hash__ = None  # type: ignore[assignment]

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1)


def test_a_loss_needs_no_hash() -> None:
    model = Sequential([Input((4,)), Dense(1, kernel_initializer="zeros")])
    model.compile("sgd", Unhashable())
    assert model.evaluate(X, np.ones((6, 1)), verbose=0) == pytest.approx(1)


def test_a_dict_within_a_list_of_losses_must_name_its_output() -> None:
    inputs = Input((4,))
    model = Model(inputs, {"a": Dense(1)(inputs), "b": Dense(1)(inputs)})
    model.compile("sgd", ["mse", {"a": "mae", "b": "mse"}])
    with pytest.raises(ValueError, match="`loss` names an output that the model does not have: 'a'"):
        model.fit(X, {"a": X[:, :1], "b": X[:, :1]}, verbose=0)
