"""The rows of `make_train_function`, `make_test_function` and `make_predict_function`."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_models import X, Y, line

from kerastui import engine

row = pytest.mark.row


def make(model: Any, kind: str, **settings: Any) -> Callable[[Any], Any]:
    made: Callable[[Any], Any] = getattr(model, f"make_{kind}_function")(**settings)
    return made


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("train", marks=row("make_train_function")),
        pytest.param("test", marks=row("make_test_function")),
        pytest.param("predict", marks=row("make_predict_function")),
    ],
)
def test_it_is_made_once_and_kept(kind: str) -> None:
    model = line()
    made = make(model, kind)
    assert callable(made)
    assert make(model, kind) is made
    assert getattr(model, f"{kind}_function") is made
    model.compile("sgd", "mse")
    assert make(model, kind) is not made


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("train", marks=row("make_train_function(force)")),
        pytest.param("test", marks=row("make_test_function(force)")),
        pytest.param("predict", marks=row("make_predict_function(force)")),
    ],
)
def test_force_makes_it_anew(kind: str) -> None:
    model = line()
    made = make(model, kind)
    anew = make(model, kind, force=True)
    assert callable(anew)
    assert anew is not made
    assert getattr(model, f"{kind}_function") is anew


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("train", marks=row("make_train_function#accepts_iterator")),
        pytest.param("test", marks=row("make_test_function#accepts_iterator")),
        pytest.param("predict", marks=row("make_predict_function#accepts_iterator")),
    ],
)
def test_it_takes_an_iterator_over_batches_to_its_end(kind: str) -> None:
    model = line()
    expected = model.predict(X, verbose=0)
    loss = model.evaluate(X, Y, batch_size=4, verbose=0)
    function = make(model, kind)
    model.reset_metrics()
    batches = iter(tf.data.Dataset.from_tensor_slices((X, Y)).batch(4))
    results = [function(batches) for _ in range(2)]
    with pytest.raises(StopIteration):
        function(batches)
    if kind == "predict":
        np.testing.assert_allclose(np.concatenate(results), expected, rtol=1e-6)
    elif kind == "test":
        assert float(results[-1]["loss"]) == pytest.approx(loss)
    else:
        assert float(results[-1]["loss"]) == pytest.approx(
            line(keras).fit(X, Y, batch_size=4, shuffle=False, verbose=0).history["loss"][0]
        )


def overriding(kind: str, returns: bool) -> Any:
    """A model whose function counts its calls; made as tf.keras does it, or kept without a return as Keras 3 does."""

    class Own(engine.Model):
        calls = 0

    def make_function(self: Any, force: bool = False) -> Any:
        step = getattr(self, f"{kind}_step")

        def function(iterator: Any) -> Any:
            Own.calls += 1
            return step(next(iterator))

        if returns:
            return function
        setattr(self, f"{kind}_function", function)
        return None

    setattr(Own, f"make_{kind}_function", make_function)
    inputs = keras.Input((3,))
    model = Own(inputs, keras.layers.Dense(2)(inputs))
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("train", marks=row("make_train_function#override")),
        pytest.param("test", marks=row("make_test_function#override")),
        pytest.param("predict", marks=row("make_predict_function#override")),
    ],
)
def test_one_of_the_users_own_is_used(kind: str) -> None:
    for returns in (True, False):
        model = overriding(kind, returns)
        calls = {
            "train": lambda model=model: model.fit(X, Y, batch_size=4, verbose=0),
            "test": lambda model=model: model.evaluate(X, Y, batch_size=4, verbose=0),
            "predict": lambda model=model: model.predict(X, batch_size=4, verbose=0),
        }
        calls[kind]()
        assert model.calls == 2


def test_a_predict_function_written_for_keras_3_gets_its_list() -> None:
    class Own(engine.Model):
        def make_predict_function(self, force: bool = False) -> Any:
            self.predict_function: Any = lambda data: self.predict_step(data[0])

    inputs = keras.Input((3,))
    model = Own(inputs, keras.layers.Dense(2)(inputs))
    np.testing.assert_allclose(model.predict(X, batch_size=4, verbose=0), model(X), rtol=1e-6)
