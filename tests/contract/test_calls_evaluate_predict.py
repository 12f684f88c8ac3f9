"""The rows of `evaluate` and `predict` that are about how they are called."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_models import Recorder, X, Y, line

from kerastui import engine

row = pytest.mark.row


@row("evaluate")
def test_an_evaluation_is_that_of_stock_keras_and_changes_nothing() -> None:
    ours, stock = line(metrics=["mae"]), line(keras, metrics=["mae"])
    before = ours.get_weights()
    assert ours.evaluate(X, Y, verbose=0) == pytest.approx(stock.evaluate(X, Y, verbose=0))
    np.testing.assert_array_equal(before[0], ours.get_weights()[0])


@row("evaluate(batch_size)")
def test_evaluate_batch_size() -> None:
    seen, model = Recorder(), line()
    assert model.evaluate(X, Y, batch_size=3, callbacks=[seen], verbose=0) == pytest.approx(
        model.evaluate(X, Y, verbose=0)
    )
    assert seen.count("on_test_batch_end") == 3


@row("evaluate(verbose)")
def test_evaluate_verbose(capsys: pytest.CaptureFixture[str]) -> None:
    model = line()
    model.evaluate(X, Y, verbose=0)
    assert capsys.readouterr().out == ""
    model.evaluate(X, Y, batch_size=2, verbose=2)
    assert "4/4 - " in capsys.readouterr().out
    model.evaluate(X, Y, batch_size=2)
    assert "━━━" in capsys.readouterr().out


@row("evaluate(callbacks)")
def test_evaluate_callbacks() -> None:
    ours, stock = Recorder(), Recorder()
    line().evaluate(X, Y, batch_size=4, verbose=0, callbacks=[ours])
    line(keras).evaluate(X, Y, batch_size=4, verbose=0, callbacks=[stock])
    assert ours.calls == stock.calls
    assert ours.calls[0] == ("on_test_begin",)


@row("evaluate(return_dict)")
def test_evaluate_return_dict() -> None:
    model = line(metrics=["mae"])
    results = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert list(results) == ["loss", "mae"]
    assert list(results.values()) == model.evaluate(X, Y, verbose=0)


@row("evaluate(**kwargs)")
def test_evaluate_unknown_keyword() -> None:
    for kind in (TypeError, ValueError):
        with pytest.raises(kind, match=r"`evaluate\(\)`.*'step'.*steps.*Received: step=2"):
            line().evaluate(X, Y, step=2)


@row("evaluate#in_tf_function")
def test_evaluate_cannot_be_part_of_a_graph() -> None:
    model = line()
    with pytest.raises(RuntimeError, match=r"`evaluate\(\)` cannot run inside"):
        tf.function(lambda: model.evaluate(X, Y), autograph=False)()


@row("evaluate#positional_8th")
def test_evaluate_eighth_position() -> None:
    model = line()
    positional = (X, Y, None, 0, None, None, None)
    assert list(model.evaluate(*positional, True)) == ["loss"]
    assert isinstance(model.evaluate(*positional, 10), float)
    assert list(model.evaluate(*positional, 10, 1, False, True)) == ["loss"]


@row("predict")
def test_predictions_are_those_of_stock_keras() -> None:
    predictions = line().predict(X, verbose=0)
    assert isinstance(predictions, np.ndarray)
    np.testing.assert_array_equal(predictions, line(keras).predict(X, verbose=0))


@row("predict(batch_size)")
def test_predict_batch_size() -> None:
    seen, model = Recorder(), line()
    whole = model.predict(X, verbose=0)
    np.testing.assert_allclose(model.predict(X, batch_size=3, callbacks=[seen], verbose=0), whole, rtol=1e-6)
    assert seen.count("on_predict_batch_end") == 3


@row("predict(verbose)")
def test_predict_verbose(capsys: pytest.CaptureFixture[str]) -> None:
    line().predict(X, verbose=0)
    assert capsys.readouterr().out == ""
    line().predict(X, batch_size=2, verbose=2)
    assert "4/4 - " in capsys.readouterr().out


@row("predict#verbose_default")
def test_predict_prints_unless_told_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    line().predict(X, batch_size=2)
    assert "━━━" in capsys.readouterr().out


@row("predict(callbacks)")
def test_predict_callbacks_get_the_outputs() -> None:
    class Outputs(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
        parts: list[np.ndarray] = []  # noqa: RUF012 — one test, one instance

        def on_predict_batch_end(self, batch: int, logs: dict[str, object] | None = None) -> None:
            assert logs is not None
            self.parts.append(np.asarray(logs["outputs"]))

    seen, model = Outputs(), line()
    whole = model.predict(X, batch_size=4, callbacks=[seen], verbose=0)
    np.testing.assert_array_equal(np.concatenate(seen.parts), whole)


@row("predict#without_compile")
def test_predict_needs_no_compile() -> None:
    inputs = keras.Input((3,))
    model = engine.Model(inputs, keras.layers.Dense(2)(inputs))
    np.testing.assert_allclose(model.predict(X, verbose=0), model(X), rtol=1e-6)


@row("predict#in_tf_function")
def test_predict_cannot_be_part_of_a_graph() -> None:
    model = line()
    with pytest.raises(RuntimeError, match=r"`predict\(\)` cannot run inside"):
        tf.function(lambda: model.predict(X), autograph=False)()
