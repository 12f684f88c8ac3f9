"""Awaited training: the loop stays free, the run obeys, and nothing is left running."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastui.engine import Input, Model, Sequential
from kerastui.engine.training.events import EpochEnded, Finished, Paused, Progress, Resumed, Started
from kerastui.engine.training.run import TrainingRun

Dense = keras.layers.Dense
RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)
DEADLINE = 60.0


def make_model() -> Any:
    model = Sequential([Input((4,)), Dense(8, activation="relu"), Dense(1)])
    model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
    return model


def endless() -> tf.data.Dataset:
    return tf.data.Dataset.from_tensors((X, Y)).repeat()


def endless_run(model: Any, **kwargs: Any) -> TrainingRun:
    run: TrainingRun = model.training(endless(), shuffle=False, epochs=1, steps_per_epoch=10_000_000, **kwargs)
    return run


async def events_of(run: TrainingRun) -> list[Any]:
    async with asyncio.timeout(DEADLINE):
        return [event async for event in run]


async def next_of(kind: type, run: TrainingRun) -> Any:
    """The next event of a kind; others before it are dropped."""
    async with asyncio.timeout(DEADLINE):
        while not isinstance(event := await anext(run), kind):
            assert not isinstance(event, Finished)
        return event


def weights_of(model: Any) -> list[bytes]:
    return [np.asarray(weight).tobytes() for weight in model.get_weights()]


class Counter(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
    """Count batches, and know whether a training is on."""

    def __init__(self) -> None:
        super().__init__()
        self.batches = 0
        self.ended = threading.Event()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.batches += 1

    def on_train_end(self, logs: Any = None) -> None:
        self.ended.set()


class Failing(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
    error = RuntimeError("the third batch is bad")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch == 2:
            raise self.error


async def test_awaited_and_blocking_calls_give_the_same(capfd: pytest.CaptureFixture[str]) -> None:
    keras.utils.set_random_seed(3)
    blocking = make_model()
    expected = blocking.fit(X, Y, epochs=3, batch_size=16, verbose=0).history
    keras.utils.set_random_seed(3)
    awaited = make_model()
    capfd.readouterr()
    history = await awaited.fit_async(X, Y, epochs=3, batch_size=16)
    assert history.history == expected
    assert weights_of(awaited) == weights_of(blocking)
    assert await awaited.evaluate_async(X, Y) == blocking.evaluate(X, Y, verbose=0)
    np.testing.assert_array_equal(await awaited.predict_async(X), blocking.predict(X, verbose=0))
    assert capfd.readouterr().out == ""


async def test_unseeded_random_numbers_follow_the_callers_seed() -> None:
    class Noisy(Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.dense(inputs + keras.random.normal(keras.ops.shape(inputs)))

    def make() -> Any:
        keras.utils.set_random_seed(5)
        model = Noisy()
        model.compile("sgd", "mse")
        return model

    blocking = make()
    blocking.fit(X, Y, verbose=0)
    blocking.fit(X, Y, verbose=0)
    awaited = make()
    await awaited.fit_async(X, Y)
    await awaited.fit_async(X, Y)
    assert weights_of(awaited) == weights_of(blocking)


async def test_cancelling_stops_at_the_next_batch_and_leaves_model_and_thread_usable() -> None:
    model, counter = make_model(), Counter()
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()
    callbacks = [counter, keras.callbacks.LambdaCallback(on_train_begin=lambda _: loop.call_soon_threadsafe(begun.set))]
    task = asyncio.create_task(
        model.fit_async(endless(), shuffle=False, steps_per_epoch=10_000_000, callbacks=callbacks)
    )
    async with asyncio.timeout(DEADLINE):
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert counter.ended.is_set()
    assert (await model.predict_async(X)).shape == (64, 1)
    assert len((await model.fit_async(X, Y)).history["loss"]) == 1


async def test_a_call_cancelled_before_its_turn_never_runs() -> None:
    first, counter = make_model(), Counter()
    async with endless_run(first) as run:
        await next_of(Progress, run)
        waiting = asyncio.create_task(first.evaluate_async(X, Y, callbacks=[counter]))
        second = asyncio.create_task(make_model().fit_async(X, Y, callbacks=counter))
        await asyncio.sleep(0)
        second.cancel()
        run.stop()
        assert len(await waiting) == 2
        with pytest.raises(asyncio.CancelledError):
            await second
    assert counter.batches == 0


@pytest.mark.parametrize(
    "pass_callbacks", [lambda c: c, lambda c: [c], lambda c: (c,), lambda c: keras.callbacks.CallbackList([c])]
)
async def test_callbacks_are_taken_in_every_form_and_arguments_by_position(
    pass_callbacks: Callable[[Any], Any],
) -> None:
    counter = Counter()
    history = await make_model().fit_async(X, Y, 16, 2, 0, pass_callbacks(counter))
    assert counter.batches == 8
    assert len(history.history["loss"]) == 2


async def test_a_run_tells_its_story_in_order() -> None:
    model = make_model()
    run = model.training(X, Y, epochs=3, batch_size=16, validation_split=0.25)
    events = await events_of(run)
    assert events[0] == Started(epochs=3, steps_per_epoch=3)
    assert isinstance(events[-1], Finished)
    ended = [event for event in events if isinstance(event, EpochEnded)]
    assert [(e.epoch, e.epochs, e.complete) for e in ended] == [(1, 3, True), (2, 3, True), (3, 3, True)]
    assert set(ended[0].logs) == {"loss", "mae", "val_loss", "val_mae"}
    assert {name: list(values) for name, values in events[-1].history.items()} == run.history.history
    assert [e.logs["val_loss"] for e in ended] == run.history.history["val_loss"]
    progress = [event for event in events if isinstance(event, Progress)]
    losses = [loss for event in progress for loss in event.losses]
    assert len(losses) == 9
    assert losses[2::3] == pytest.approx(run.history.history["loss"])
    assert progress[-1].learning_rate == pytest.approx(0.01)
    assert not events[-1].stopped


async def test_progress_is_coalesced_and_knows_speed_and_remaining_time() -> None:
    model = make_model()
    began = time.perf_counter()
    run = model.training(endless(), shuffle=False, epochs=2, steps_per_epoch=400)
    progress = [event for event in await events_of(run) if isinstance(event, Progress)]
    took = time.perf_counter() - began
    assert 2 <= len(progress) <= took / 0.1 + 2
    assert progress[0].eta is None
    assert progress[0].samples_per_second is None
    last = progress[-2]
    assert last.samples_per_second is not None
    assert last.eta is not None
    assert 64 * 50 < last.samples_per_second < 64 * 1e5
    assert 0 <= last.eta < took
    assert sum(len(event.losses) for event in progress) == 800


async def test_pause_step_resume_and_stop() -> None:
    model = make_model()
    async with endless_run(model) as run:
        await next_of(Progress, run)
        run.pause()
        paused = await next_of(Paused, run)
        held = weights_of(model)
        assert run.paused
        run.step()
        stepped = await next_of(Progress, run)
        assert stepped.step == paused.step + 1
        assert weights_of(model) != held
        run.resume()
        resumed = await next_of(Resumed, run)
        assert resumed.step == stepped.step
        later = await next_of(Progress, run)
        assert later.step > stepped.step
        run.stop()
        assert (await next_of(Finished, run)).stopped
        with pytest.raises(StopAsyncIteration):
            await anext(run)
    assert len(run.history.history["loss"]) == 1


async def test_while_paused_the_clock_stands_and_predictions_are_served() -> None:
    model = make_model()
    async with endless_run(model) as run:
        await next_of(Progress, run)
        run.pause()
        paused = await next_of(Paused, run)
        before = time.perf_counter()
        async with asyncio.timeout(DEADLINE):
            predicted = await model.predict_async(X)
        waited = time.perf_counter() - before
        np.testing.assert_allclose(predicted, model(X), atol=1e-6)
        run.resume()
        resumed = await next_of(Resumed, run)
        assert resumed.elapsed - paused.elapsed < waited


async def test_a_run_paused_before_it_begins_waits_before_its_first_batch() -> None:
    model = make_model()
    before = weights_of(model)
    run = endless_run(model)
    run.pause()
    async with run:
        paused = await next_of(Paused, run)
        assert (paused.epoch, paused.step) == (0, 0)
        assert weights_of(model) == before


async def test_a_run_stopped_before_it_begins_trains_nothing() -> None:
    model, counter = make_model(), Counter()
    run = endless_run(model, callbacks=[counter])
    run.stop()
    assert await events_of(run) == []
    assert counter.batches == 0


async def test_breaking_out_ends_the_training() -> None:
    model, counter = make_model(), Counter()
    run = endless_run(model, callbacks=[counter])
    async for event in run:
        if isinstance(event, Progress):
            break
    async with asyncio.timeout(DEADLINE):
        await run.aclose()
    assert counter.ended.is_set()
    assert await events_of(run) == []
    assert len((await model.fit_async(X, Y)).history["loss"]) == 1


async def test_breaking_out_ends_a_training_that_nobody_holds() -> None:
    model, counter = make_model(), Counter()
    async for _ in endless_run(model, callbacks=[counter]):
        break
    async with asyncio.timeout(DEADLINE):
        await model.evaluate_async(X, Y)
    assert counter.ended.is_set()


async def test_a_dropped_paused_run_lets_go_of_the_thread() -> None:
    model = make_model()
    run = endless_run(model)
    await next_of(Progress, run)
    run.pause()
    await next_of(Paused, run)
    del run
    async with asyncio.timeout(DEADLINE):
        await model.evaluate_async(X, Y)


async def test_cancelling_the_reader_ends_the_training() -> None:
    model, counter = make_model(), Counter()
    progressed = asyncio.Event()

    async def read() -> None:
        async for event in endless_run(model, callbacks=[counter]):
            if isinstance(event, Progress):
                progressed.set()

    reader = asyncio.create_task(read())
    async with asyncio.timeout(DEADLINE):
        await progressed.wait()
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
    assert counter.ended.is_set()


async def test_a_failure_comes_out_of_the_iterator_as_it_is() -> None:
    run = endless_run(make_model(), callbacks=[Failing()])
    with pytest.raises(RuntimeError, match="third batch") as raised:
        await events_of(run)
    assert raised.value is Failing.error
    assert run.history is None


async def test_a_failure_nobody_read_comes_out_of_async_with() -> None:
    run = make_model().training(X, Y, batch_size=8, callbacks=[Failing()])

    async def enter_and_leave() -> None:
        async with run, asyncio.timeout(DEADLINE):
            await make_model().evaluate_async(X, Y)

    with pytest.raises(RuntimeError, match="third batch"):
        await enter_and_leave()
    assert run.history is None


async def test_wrong_arguments_are_refused_where_the_run_starts() -> None:
    with pytest.raises(TypeError, match="epoch"):
        await events_of(make_model().training(X, Y, epoch=3))


async def test_a_stop_during_training_cuts_the_validation_and_its_figures() -> None:
    model, counter = make_model(), Counter()
    run = endless_run(model, validation_data=endless(), validation_steps=10_000_000, callbacks=[counter])
    await next_of(Progress, run)
    run.stop()
    ended = await next_of(EpochEnded, run)
    assert not ended.complete
    assert set(ended.logs) == {"loss", "mae"}
    assert "val_loss" not in (await next_of(Finished, run)).history
    assert await events_of(run) == []
    assert "val_loss" not in run.history.history


async def test_pause_and_stop_reach_into_a_validation() -> None:
    model = make_model()
    validating = asyncio.Event()
    loop = asyncio.get_running_loop()
    tell = keras.callbacks.LambdaCallback()
    tell.on_test_batch_end = lambda batch, logs=None: loop.call_soon_threadsafe(validating.set)
    run = model.training(X, Y, epochs=5, validation_data=endless(), validation_steps=10_000_000, callbacks=[tell])
    async with run, asyncio.timeout(DEADLINE):
        await validating.wait()
        run.pause()
        assert (await next_of(Paused, run)).epoch == 1
        run.stop()
        assert not (await next_of(EpochEnded, run)).complete
        assert (await next_of(Finished, run)).stopped
