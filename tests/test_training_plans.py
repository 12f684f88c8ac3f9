"""Steps that run many at a time: when they do, how often they are traced, and how XLA is chosen."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastui.engine import Input, Sequential
from kerastui.engine.training.plans import remembered
from kerastui.engine.training.plans.length import ChunkLength
from kerastui.engine.training.plans.race import Race, Verdict

X = np.random.default_rng(0).normal(size=(50, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)
ONE_AT_A_TIME = {"callbacks": [keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)]}


class Counting(Sequential):
    """A model that knows how often its steps were traced."""

    trained = tested = predicted = 0

    def train_step(self, data: Any) -> Any:
        """Train a batch."""
        self.trained += 1
        return super().train_step(data)

    def test_step(self, data: Any) -> Any:
        """Evaluate a batch."""
        self.tested += 1
        return super().test_step(data)

    def predict_step(self, data: Any) -> Any:
        """Predict a batch."""
        self.predicted += 1
        return super().predict_step(data)


def made(home: Any = Sequential, optimizer: Any = "adam", **settings: Any) -> Any:
    keras.utils.set_random_seed(1)
    layers = [Input((4,)), keras.layers.Dense(3, "tanh"), keras.layers.Dense(1)]
    model = home(layers, name="small")
    model.compile(optimizer, "mse", metrics=["mae"], **settings)
    return model


def test_the_plan_of_a_training_stands_after_its_validation_and_a_prediction_within() -> None:
    model = made()
    predict = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: model.predict(X[:1], verbose=0))
    callbacks = [*ONE_AT_A_TIME["callbacks"], predict]
    model.fit(X, Y, verbose=0, validation_data=(X, Y), callbacks=callbacks)
    assert model.execution_plan.startswith("a step at a time")
    model.predict(X[:1], verbose=0)
    assert model.execution_plan.startswith("many steps at a time")


def test_a_step_is_traced_once_for_a_batch_size() -> None:
    """A training of whole batches alone gets a function of its own, unless there is one that takes smaller ones too."""
    model = made(Counting, jit_compile=False)

    def traced(train: int, test: int, predict: int) -> bool:
        return (model.trained, model.tested, model.predicted) == (train, test, predict)

    model.fit(X, Y, batch_size=16, epochs=2, verbose=0)  # the last batch is smaller
    assert traced(1, 0, 0)
    model.fit(X[:40], Y[:40], batch_size=16, verbose=0)  # smaller otherwise
    model.fit(X[:48], Y[:48], batch_size=16, verbose=0)  # all are whole
    assert traced(1, 0, 0)
    for size in (10, 16, 10):
        model.fit(X, Y, batch_size=size, verbose=0)
    assert traced(2, 0, 0)
    model.fit(X, Y, batch_size=16, epochs=2, verbose=0, validation_data=(X[:20], Y[:20]))
    model.evaluate(X, Y, batch_size=16, verbose=0)
    model.evaluate(X[:48], Y[:48], batch_size=16, verbose=0)
    assert traced(2, 1, 0)
    for rows in (50, 1, 32, 5):
        model.predict(X[:rows], verbose=0)
    assert traced(2, 1, 1)
    model.fit(X, Y, batch_size=16, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN()])  # looks at each loss
    model.fit(X, Y, batch_size=16, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN()])
    assert traced(3, 1, 1)
    for _ in range(2):
        model.fit(X, Y, batch_size=16, verbose=0, **ONE_AT_A_TIME)
    assert traced(4, 1, 1)


def test_under_xla_a_step_is_traced_once_for_a_size_of_a_batch_and_trains_the_same() -> None:
    plain, xla = made(jit_compile=False), made(Counting, jit_compile=True)
    for rows, epochs in ((24, 47), (40, 2)):  # the last batch is smaller
        for model in (plain, xla):
            model.fit(X[:rows], Y[:rows], batch_size=16, epochs=epochs, shuffle=False, verbose=0)
    assert xla.execution_plan == "many steps at a time, over arrays on the device, XLA"
    assert xla.trained == 2
    assert xla.optimizer.iterations == 100
    for one, other in zip(plain.get_weights(), xla.get_weights(), strict=True):
        assert np.linalg.norm(other - one) <= 1e-5 * np.linalg.norm(one)


def test_predictions_are_joined_in_the_order_of_the_rows() -> None:
    model = made()
    np.testing.assert_allclose(model.predict(X, batch_size=16, verbose=0), np.asarray(model(X)), atol=1e-6)
    np.testing.assert_allclose(model.predict(X[:1], verbose=0), np.asarray(model(X[:1])), atol=1e-6)


def test_what_the_user_asks_for_is_obeyed() -> None:
    model = made(run_eagerly=True)
    model.fit(X, Y, epochs=1, verbose=0)
    assert model.execution_plan == "a step at a time: it runs eagerly"


def test_metrics_begin_anew_within_a_function_too() -> None:
    model = made()
    model.evaluate(X, Y, verbose=0)
    tf.function(model.reset_metrics)()
    assert all(float(metric.result()) == 0 for metric in model.metrics)
    model.evaluate(X, Y, verbose=0)
    model.reset_metrics()
    assert all(float(metric.result()) == 0 for metric in model.metrics)


def test_a_chunk_grows_to_what_it_may_take() -> None:
    length, steps = ChunkLength(1000), []
    for _ in range(6):
        steps.append(length.next)
        length.took(length.next, 0.001 * length.next)
    assert steps == [1, 4, 16, 60, 60, 60]


def raced(graph: float, xla: float) -> Verdict:
    """Run a race in which a step takes so many seconds."""
    told: list[Verdict] = []
    race = Race(tell=told.append)
    race.took(False, 1, 0.5, compiled=False)
    compiled = False
    for _ in range(200):
        jit = race.use_xla(100_000)
        steps = race.trial_steps or 10
        race.took(jit, steps, steps * (xla if jit else graph), compiled=compiled or not jit)
        compiled = compiled or jit
        if told:
            return told[0]
    raise AssertionError("it was never decided")


def test_the_faster_one_wins() -> None:
    assert raced(graph=0.01, xla=0.002).jit_compile
    assert not raced(graph=0.01, xla=0.0095).jit_compile
    assert not raced(graph=0.01, xla=0.5).jit_compile


def test_a_convolution_on_a_cpu_does_not_try_xla() -> None:
    model = Sequential([Input((4, 1)), keras.layers.Conv1D(2, 2), keras.layers.Flatten(), keras.layers.Dense(1)])
    for one, convolves in ((model, True), (made(), False)):
        one.compile("sgd", "mse")
        one.fit(X, Y, batch_size=25, verbose=0)
        assert [chunks.convolves for chunks in one.train_function.compiled.values()] == [convolves]


def test_a_short_run_does_not_try_xla() -> None:
    race = Race()
    race.took(False, 1, 2.0, compiled=False)
    race.took(False, 100, 1.0, compiled=True)
    assert not race.use_xla(steps_left=100)
    assert race.use_xla(steps_left=10_000)


def test_xla_that_was_compiled_before_is_judged_as_well() -> None:
    race = Race()
    race.took(False, 50, 0.5, compiled=True)
    for _ in range(20):
        jit = race.use_xla(100_000)
        race.took(jit, 10, 1.0 if jit else 0.1, compiled=True)
    assert race.verdict is not None
    assert not race.verdict.jit_compile


def test_the_smaller_batch_goes_without_xla_unless_there_are_many() -> None:
    race = Race(lambda: Verdict(True, 0.01, 0.005, 2.0))
    race.took(False, 50, 0.5, compiled=True)
    assert race.use_xla(steps_left=10_000)
    assert not race.pays_once_more(math.inf, 10_000)
    assert not race.pays_once_more(0.002, times=1_000)
    assert race.pays_once_more(0.002, times=10_000)


def test_what_cannot_be_compiled_is_not_tried_again() -> None:
    race = Race()
    race.took(False, 10, 1.0, compiled=True)
    assert race.use_xla(100_000)
    race.failed()
    assert not race.use_xla(100_000)


def test_a_verdict_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERASTUI_HOME", str(tmp_path))
    assert remembered.recall("a") is None
    remembered.remember("a", Verdict(True, 0.01, 0.001, 2.0))
    assert remembered.recall("a") == Verdict(True, 0.01, 0.001, 2.0)
    (tmp_path / "plans.json").write_text("{")
    assert remembered.recall("a") is None
    race = Race(lambda: Verdict(True, 0.01, 0.001, 2.0))
    race.took(False, 50, 0.5, compiled=True)
    assert not race.use_xla(steps_left=0)
    assert race.use_xla(steps_left=1_000)
    assert not race.use_xla(steps_left=100)  # compiling takes longer than it saves
