"""Steps that run many at a time do what steps do that run one at a time, and what stock Keras does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kerastui.engine import Input, Sequential
from kerastui.engine.training.plans import remembered
from kerastui.engine.training.plans.length import ChunkLength
from kerastui.engine.training.plans.race import Race, Verdict

X = np.random.default_rng(0).normal(size=(50, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)
ONE_AT_A_TIME = {"callbacks": [keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)]}


class Counting(Sequential):
    """A model that knows how often its steps were traced."""

    traces = 0

    def train_step(self, data: Any) -> Any:
        """Train a batch."""
        self.traces += 1
        return super().train_step(data)

    def test_step(self, data: Any) -> Any:
        """Evaluate a batch."""
        self.traces += 1
        return super().test_step(data)


def made(home: Any = Sequential, optimizer: Any = "adam", **settings: Any) -> Any:
    keras.utils.set_random_seed(1)
    layers = [Input((4,)), keras.layers.Dense(3, "tanh"), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
    model = home(layers, name="small")
    model.compile(optimizer, "mse", metrics=["mae"], **settings)
    return model


OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "adam": lambda: keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.02, 3, 0.5)),
    "clipped": lambda: keras.optimizers.SGD(0.05, momentum=0.9, clipnorm=0.1),
    "ema": lambda: keras.optimizers.AdamW(0.01, use_ema=True, gradient_accumulation_steps=2),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_weights_and_history_are_those_of_stock_keras(name: str) -> None:
    arguments = {"epochs": 3, "batch_size": 16, "shuffle": False, "verbose": 0, "validation_data": (X[:10], Y[:10])}
    weighed = {"sample_weight": np.linspace(0.5, 1.5, 50)}
    ours, stock = made(optimizer=OPTIMIZERS[name]()), made(keras.Sequential, OPTIMIZERS[name]())

    history = ours.fit(X, Y, **arguments, **weighed).history
    expected = stock.fit(X, Y, **arguments, **weighed).history

    assert ours.execution_plan.startswith("many steps at a time")
    for key, values in expected.items():
        np.testing.assert_allclose(history[key], values, rtol=1e-5, err_msg=key)
    for one, other in zip(ours.get_weights(), stock.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert ours.optimizer.iterations == stock.optimizer.iterations


def test_the_order_of_an_epoch_does_not_depend_on_the_plan() -> None:
    many, one = made(), made()
    keras.utils.set_random_seed(3)
    many.fit(X, Y, epochs=2, batch_size=16, verbose=0)
    keras.utils.set_random_seed(3)
    one.fit(X, Y, epochs=2, batch_size=16, verbose=0, **ONE_AT_A_TIME)

    assert one.execution_plan == "a step at a time: the callback LambdaCallback hears of each batch"
    for a, b in zip(many.get_weights(), one.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_the_plan_of_a_training_stands_after_its_validation() -> None:
    model = made()
    model.fit(X, Y, verbose=0, validation_data=(X, Y), **ONE_AT_A_TIME)
    assert model.execution_plan.startswith("a step at a time")


def test_nothing_is_traced_twice() -> None:
    model = made(Counting)
    model.fit(X, Y, batch_size=16, epochs=2, verbose=0)
    assert model.traces == 1
    model.fit(X[:40], Y[:40], batch_size=16, epochs=1, verbose=0)  # other rows, the last batch smaller than before
    assert model.traces == 1
    model.evaluate(X, Y, batch_size=16, verbose=0)
    model.evaluate(X[:5], Y[:5], batch_size=16, verbose=0)
    assert model.traces == 2


def test_xla_runs_where_it_is_asked_for_the_smaller_batch_too() -> None:
    plain, xla = made(jit_compile=False), made(jit_compile=True)
    for model in (plain, xla):
        model.fit(X, Y, batch_size=16, epochs=2, shuffle=False, verbose=0)
    assert xla.execution_plan == "many steps at a time, over arrays on the device, XLA"
    for a, b in zip(plain.get_weights(), xla.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_predictions_are_joined_in_the_order_of_the_rows() -> None:
    model = made()
    np.testing.assert_allclose(model.predict(X, batch_size=16, verbose=0), np.asarray(model(X)), atol=1e-6)
    np.testing.assert_allclose(model.predict(X[:1], verbose=0), np.asarray(model(X[:1])), atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [({"run_eagerly": True}, "it runs eagerly"), ({"steps_per_execution": 2}, "`steps_per_execution` is 2")],
)
def test_what_the_user_asks_for_is_obeyed(settings: dict[str, Any], reason: str) -> None:
    model = made(**settings)
    model.fit(X, Y, epochs=1, verbose=0)
    assert model.execution_plan == f"a step at a time: {reason}"


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


def test_a_short_run_does_not_try_xla() -> None:
    race = Race()
    race.took(False, 1, 2.0, compiled=False)
    race.took(False, 100, 1.0, compiled=True)
    assert not race.use_xla(steps_left=100)
    assert race.use_xla(steps_left=10_000)


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
