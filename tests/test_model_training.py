"""Stock Keras is the oracle: from one seed, the same weights, history, evaluation and predictions."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastui import engine

Dense = keras.layers.Dense
RNG = np.random.default_rng(0)
X = RNG.normal(size=(48, 4)).astype("float32")
Y = (X.sum(axis=1) > 0).astype("int64")


def functional(home: Any) -> Any:
    inputs = keras.Input((4,))
    hidden = keras.layers.Dropout(0.2)(Dense(8, activation="relu")(inputs))
    return home.Model(inputs, Dense(2)(hidden))


def sequential(home: Any) -> Any:
    return home.Sequential([Dense(8, activation="relu"), keras.layers.Dropout(0.2), Dense(2)])


def subclassed(home: Any) -> Any:
    class Classifier(home.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.hidden = Dense(8, activation="relu")
            self.drop = keras.layers.Dropout(0.2)
            self.out = Dense(2)

        def call(self, inputs: Any, training: bool = False) -> Any:
            return self.out(self.drop(self.hidden(inputs), training=training))

    return Classifier()


def with_own_steps(home: Any) -> Any:
    class Custom(home.Model):  # type: ignore[misc]
        def compute_loss(
            self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: Any = True
        ) -> Any:
            return 2.0 * super().compute_loss(x, y, y_pred, sample_weight, training)

        def train_step(self, data: Any) -> Any:
            return super().train_step(data) | {"twelve": tf.constant(12.0)}

    inputs = keras.Input((4,))
    return Custom(inputs, Dense(2)(inputs))


def trained(make: Callable[[Any], Any], home: Any) -> tuple[Any, dict[str, list[float]]]:
    keras.utils.set_random_seed(7)
    model = make(home)
    model.compile(
        keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
    )
    # In order: stock Keras shuffles every epoch alike under a seed, ours does not.
    return model, model.fit(X, Y, epochs=3, batch_size=16, validation_split=0.25, shuffle=False, verbose=0).history


@pytest.mark.parametrize("make", [functional, sequential, subclassed, with_own_steps])
def test_from_one_seed_ours_and_stock_train_evaluate_and_predict_the_same(make: Callable[[Any], Any]) -> None:
    stock, expected = trained(make, keras)
    ours, history = trained(make, engine)
    assert isinstance(ours, engine.Model)
    assert not isinstance(stock, engine.Model)
    assert history == expected
    for mine, theirs in zip(ours.get_weights(), stock.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert ours.evaluate(X, Y, verbose=0) == stock.evaluate(X, Y, verbose=0)
    np.testing.assert_array_equal(ours.predict(X, verbose=0), stock.predict(X, verbose=0))


def test_what_a_user_overrides_is_used() -> None:
    _, history = trained(with_own_steps, engine)
    assert history["twelve"] == [12.0] * 3
