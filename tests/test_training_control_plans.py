"""In each plan a run obeys within one chunk, is heard on time, and leaves a model that goes on as if nothing was."""

from __future__ import annotations

import asyncio
import signal
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastui.engine import Input, Sequential, load_model
from kerastui.engine.training.events import Finished, Paused, Progress, Resumed
from kerastui.engine.training.plans import planning
from kerastui.engine.training.plans.telling import CHUNKED, SLABS, STEPWISE, STREAMED
from kerastui.engine.training.run import TrainingRun

DEADLINE = 120.0
BATCHES, BATCH = 20_000, 8
X = np.random.default_rng(0).normal(size=(BATCHES * BATCH, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


class Chunks(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
    """Count the calls that callbacks hear of, and time them."""

    takes_chunks = True

    def __init__(self) -> None:
        super().__init__()
        self.count = self.batches = 0
        self.seconds: list[float] = []
        self.begun = threading.Event()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.seconds.append(time.perf_counter() - self.began)
        self.count += 1
        self.batches = batch + 1
        if self.count == 10:
            self.begun.set()

    on_test_batch_begin = on_predict_batch_begin = on_train_batch_begin
    on_test_batch_end = on_predict_batch_end = on_train_batch_end


class Listening(Chunks):
    """The same for a run that goes a step at a time, since this wants to hear of each."""

    takes_chunks = False


class Plan(NamedTuple):
    """A way to run steps: how to compile, what hears of it, and what `execution_plan` says of it."""

    says: str
    ears: type[Chunks] = Chunks
    jit_compile: bool = False
    streamed: bool = False
    slab: int | None = None
    """Bytes of the data that may lie on the device at a time; `None` for all."""

    def model(self) -> Any:
        keras.utils.set_random_seed(1)
        model = Sequential([Input((4,)), keras.layers.Dense(3, "tanh"), keras.layers.Dense(1)])
        model.compile(keras.optimizers.Adam(0.01), "mse", jit_compile=self.jit_compile)
        return model

    def data(self, batches: int = BATCHES, start: int = 0) -> dict[str, Any]:
        """Give the arguments of `fit` and `evaluate` that are the data."""
        if self.streamed:
            pairs = X.reshape(-1, BATCH, 4)[start:batches], Y.reshape(-1, BATCH, 1)[start:batches]
            return {"x": tf.data.Dataset.from_tensor_slices(pairs)}
        rows = slice(start * BATCH, batches * BATCH)
        return {"x": X[rows], "y": Y[rows], "batch_size": BATCH}


PLANS = {
    "stepwise": Plan(f"{STEPWISE}: the callback Listening hears of each batch", Listening),
    "arrays": Plan(CHUNKED),
    "arrays, XLA": Plan(CHUNKED + ", XLA", jit_compile=True),
    "slabs": Plan(SLABS, slab=1 << 19),
    "stream": Plan(STREAMED, streamed=True),
}


@pytest.fixture(scope="module", params=PLANS)
def plan(request: pytest.FixtureRequest) -> Iterator[Plan]:
    chosen = PLANS[request.param]
    with pytest.MonkeyPatch.context() as patch:
        if chosen.slab is not None:
            patch.setattr(planning, "slab_for", lambda nbytes: chosen.slab)
        yield chosen


@pytest.fixture(scope="module")
def model(plan: Plan) -> Any:
    """A model for the runs whose weights do not matter: its functions are compiled once."""
    return plan.model()


def state_of(model: Any) -> list[Any]:
    """The weights of a model and of its optimizer."""
    return [np.array(variable) for variable in (*model.weights, *model.optimizer.variables)]


def put_back(model: Any, state: list[Any]) -> None:
    for variable, value in zip((*model.weights, *model.optimizer.variables), state, strict=True):
        variable.assign(value)


def assert_alike(found: list[Any], expected: list[Any]) -> None:
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def endless(plan: Plan, **more: Any) -> dict[str, Any]:
    return plan.data() | {"epochs": 1_000_000, "shuffle": False} | more


async def next_of(kind: type, run: TrainingRun) -> Any:
    """The next event of a kind; others before it are dropped."""
    async with asyncio.timeout(DEADLINE):
        while not isinstance(event := await anext(run), kind):
            assert not isinstance(event, Finished)
        return event


async def heard(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, DEADLINE)


async def test_the_loop_ticks_on_time_while_a_model_trains(plan: Plan) -> None:
    chunks = plan.ears()
    late: list[float] = []
    model = plan.model()
    training = asyncio.create_task(model.fit_async(**endless(plan), callbacks=[chunks]))
    async with asyncio.timeout(DEADLINE):
        while len(late) < 100 or not chunks.begun.is_set():
            due = time.perf_counter() + 0.02
            await asyncio.sleep(0.02)
            late.append(time.perf_counter() - due)
        training.cancel()
        with pytest.raises(asyncio.CancelledError):
            await training
    assert model.execution_plan == plan.says
    assert float(np.quantile(late, 0.99)) < 0.1


async def test_pause_step_resume_and_stop_act_within_a_chunk(plan: Plan, model: Any) -> None:
    chunks = plan.ears()
    async with model.training(**endless(plan), callbacks=[chunks]) as run:
        await heard(chunks.begun)
        for ask, told in ((run.pause, Paused), (run.resume, Resumed), (run.pause, Paused)):
            ask()
            count = chunks.count
            paused = await next_of(told, run)
            assert told is Resumed or chunks.count <= count + 1  # the chunk in work
        iterations = int(model.optimizer.iterations)
        for number in (1, 2):
            run.step()
            assert (await next_of(Progress, run)).step == paused.step + number
            assert model.optimizer.iterations == iterations + number
        run.resume()
        await next_of(Progress, run)
        run.stop()
        count = chunks.count
        assert (await next_of(Finished, run)).stopped
        assert chunks.count <= count + 1
    assert statistics.median(chunks.seconds) < 0.1
    assert model.execution_plan == plan.says


@pytest.mark.parametrize("what", ["evaluate", "predict"])
async def test_an_evaluation_or_prediction_ends_within_a_chunk(plan: Plan, model: Any, what: str) -> None:
    chunks, data = plan.ears(), plan.data()
    if what == "predict":
        data.pop("y", None)
    task = asyncio.create_task(getattr(model, f"{what}_async")(**data, callbacks=[chunks]))
    async with asyncio.timeout(DEADLINE):
        await heard(chunks.begun)
        task.cancel()
        count = chunks.count
        with pytest.raises(asyncio.CancelledError):
            await task
    assert chunks.count <= count + 1 + 1  # the chunk in work, and one that began before the loop came to cancel
    assert chunks.batches < BATCHES
    assert model.execution_plan == (STREAMED + ", XLA" if what == "predict" and plan.jit_compile else plan.says)


class Raising(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
    """End a training from within a callback, as soon as it is told of a chunk."""

    takes_chunks = True

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        raise OSError("no space left")


def by_ctrl_c(chunks: Chunks) -> None:
    """Press Ctrl+C while the tenth call or a later one runs."""
    main = threading.main_thread().ident

    def press() -> None:
        if chunks.begun.wait(DEADLINE) and main is not None:
            signal.pthread_kill(main, signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()


def assert_goes_on(plan: Plan, model: Any, start: list[Any], before: int) -> None:
    """Say that a training from `start` that was cut off comes to where one does that was not."""
    steps, ended = int(model.optimizer.iterations) - before, state_of(model)
    assert steps > 0
    put_back(model, start)
    model.fit(**plan.data(steps), epochs=1, shuffle=False, verbose=0, callbacks=[plan.ears()])
    assert model.optimizer.iterations == before + steps
    assert model.execution_plan == plan.says
    assert_alike(state_of(model), ended)


@pytest.mark.usefixtures("ctrl_c_interrupts")
def test_ctrl_c_leaves_a_model_that_goes_on(plan: Plan, model: Any) -> None:
    model.fit(**plan.data(3), epochs=1, shuffle=False, verbose=0, callbacks=[plan.ears()])
    start, before, chunks = state_of(model), int(model.optimizer.iterations), plan.ears()
    by_ctrl_c(chunks)
    with pytest.raises(KeyboardInterrupt):
        model.fit(**endless(plan), verbose=0, callbacks=[chunks])
    assert_goes_on(plan, model, start, before)


def test_a_callback_that_raises_leaves_a_model_that_goes_on() -> None:
    plan = PLANS["arrays"]
    model = plan.model()
    model.optimizer.build(model.trainable_variables)
    start = state_of(model)
    with pytest.raises(OSError, match="no space left"):
        model.fit(**endless(plan), verbose=0, callbacks=[Raising()])
    assert_goes_on(plan, model, start, 0)


async def test_a_run_that_was_paused_and_saved_goes_on_elsewhere_as_if_unbroken(
    plan: Plan, model: Any, tmp_path: Path
) -> None:
    """Saved at the end of the first epoch, and in the middle of the second of three."""

    def arguments(**more: Any) -> dict[str, Any]:
        return {"epochs": 3, "shuffle": False, "verbose": 0, "callbacks": [plan.ears()]} | more

    model.optimizer.build(model.trainable_variables)
    start = state_of(model)
    model.fit(**plan.data(3), **arguments())
    unbroken, loss = state_of(model), model.history.history["loss"][-1]

    put_back(model, start)
    done = int(model.optimizer.iterations)
    run = model.training(**plan.data(3), **arguments())
    run.pause()
    async with run:
        for step in (1, 2, 3, 1, 2):
            run.step()
            assert (await next_of(Progress, run)).step == step
            if model.optimizer.iterations - done in (3, 5):
                model.save(tmp_path / f"{int(model.optimizer.iterations) - done}.keras")
        run.resume()
        await next_of(Finished, run)

    elsewhere, at_end = (load_model(tmp_path / f"{steps}.keras") for steps in (5, 3))
    elsewhere.fit(**plan.data(3, start=2), **arguments(initial_epoch=1, epochs=2))
    elsewhere.fit(**plan.data(3), **arguments(initial_epoch=2))
    assert_alike(state_of(elsewhere), unbroken)
    put_back(elsewhere, state_of(at_end))  # in a model that is compiled already
    elsewhere.fit(**plan.data(3), **arguments(initial_epoch=1))
    for one in (model, elsewhere):
        assert one.execution_plan == plan.says
        assert one.history.history["loss"][-1] == pytest.approx(loss, rel=1e-5)
        assert_alike(state_of(one), unbroken)
