"""`ProgressCallback` in a plain, blocking `fit`, with a clock that only the test moves."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastui.engine import Input, Model, Sequential
from kerastui.engine.training.control import TrainingControl
from kerastui.engine.training.events import EpochEnded, Finished, Paused, Progress, Resumed, Started
from kerastui.engine.training.progress import ControlCallback, ProgressCallback, learning_rate, scalars

X = np.linspace(-1, 1, 40, dtype="float32")[:, None]
Y = 2 * X


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


class Ticking(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
    """Move the clock: some time for each batch of training, some for a whole validation."""

    def __init__(self, clock: Clock, batch: float, validation: float = 0.0) -> None:
        super().__init__()
        self.clock, self.batch, self.validation = clock, batch, validation

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.clock.now += self.batch

    def on_test_end(self, logs: Any = None) -> None:
        self.clock.now += self.validation


def make_model() -> Any:
    model = Sequential([Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.01), "mse")
    return model


def told(model: Any, *args: Any, batch: float = 0.04, validation: float = 0.0, **kwargs: Any) -> list[Any]:
    clock = Clock()
    events: list[Any] = []
    callback = ProgressCallback(TrainingControl(), events.append, clock=clock)
    more = kwargs.pop("callbacks", [])
    callbacks = [Ticking(clock, batch, validation), *more, callback]
    model.fit(*args, verbose=0, callbacks=callbacks, **kwargs)
    return events


def progress_of(events: list[Any]) -> list[Progress]:
    return [event for event in events if isinstance(event, Progress)]


def test_progress_comes_after_the_first_batch_then_at_the_interval_then_at_the_end() -> None:
    events = told(make_model(), X, Y, batch_size=4, epochs=2)
    assert events[0] == Started(epochs=2, steps_per_epoch=10)
    places = [(event.epoch, event.step, len(event.losses)) for event in progress_of(events)]
    plans = {event.plan for event in progress_of(events)}
    assert plans == {"a step at a time: the callback Ticking hears of each batch"}
    assert places == [(1, 1, 1), (1, 4, 3), (1, 7, 3), (1, 10, 3), (2, 3, 3), (2, 6, 3), (2, 9, 3), (2, 10, 1)]


def test_executions_of_several_steps_end_with_the_epoch() -> None:
    model = make_model()
    model.compile("sgd", "mse", steps_per_execution=4)
    events = told(model, X, Y, batch_size=4, batch=0.5)
    assert [(event.step, len(event.losses)) for event in progress_of(events)] == [(4, 4), (8, 4), (10, 2)]
    assert all(event.complete for event in events if isinstance(event, EpochEnded))


def test_speed_elapsed_and_eta_are_exact_on_a_steady_run() -> None:
    events = told(make_model(), X, Y, batch_size=4, epochs=2, batch=0.5)
    first, second, *_ = progress_of(events)
    assert (first.samples_per_second, first.eta, first.elapsed) == (None, None, 0.5)
    assert second.samples_per_second == pytest.approx(8.0)
    assert second.elapsed == pytest.approx(1.0)
    assert second.eta == pytest.approx(18 * 0.5)
    assert progress_of(events)[-1].eta == pytest.approx(0.0)


def test_eta_counts_the_validations_to_come() -> None:
    events = told(make_model(), X, Y, batch_size=4, epochs=3, batch=0.5, validation=7.0, validation_data=(X, Y))
    second_epoch = next(event for event in progress_of(events) if event.epoch == 2)
    assert second_epoch.eta == pytest.approx(19 * 0.5 + 2 * 7.0)
    ended = next(event for event in events if isinstance(event, EpochEnded))
    assert ended.duration == pytest.approx(10 * 0.5 + 7.0)
    assert "val_loss" in ended.logs


def test_data_that_hides_its_length_has_no_eta_until_an_epoch_has_passed() -> None:
    def batches() -> Iterator[tuple[Any, Any]]:
        for _ in range(6):
            yield X[:5], Y[:5]

    spec = (tf.TensorSpec((None, 1)), tf.TensorSpec((None, 1)))
    data = tf.data.Dataset.from_generator(batches, output_signature=spec)
    events = told(make_model(), data, shuffle=False, epochs=2, batch=0.5)
    assert events[0] == Started(epochs=2, steps_per_epoch=None)
    by_epoch = [(event.epoch, event.steps_per_epoch, event.eta) for event in progress_of(events)]
    assert {(epoch, steps) for epoch, steps, _ in by_epoch} == {(1, None), (2, 6)}
    assert all(eta is None for epoch, _, eta in by_epoch if epoch == 1)
    assert by_epoch[-1][2] == pytest.approx(0.0)
    assert progress_of(events)[-1].samples_per_second == pytest.approx(10.0)


def test_a_model_with_its_own_train_step_has_no_sample_count_and_only_numbers_in_its_logs() -> None:
    class Own(Model):
        def train_step(self, data: Any) -> dict[str, Any]:
            return {"score": tf.constant(3.0), "table": tf.constant([1.0, 2.0])}

    inputs = Input((1,))
    model = Own(inputs, keras.layers.Dense(1)(inputs))
    model.compile()
    events = told(model, X, Y, batch_size=4)
    last = progress_of(events)[-1]
    assert last.logs == {"score": 3.0}
    assert last.samples_per_second is None
    assert last.eta is not None
    assert events[-1].history == {"score": (3.0,)}


def test_a_callback_that_ends_the_training_is_no_stop() -> None:
    class AfterTwo(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.stop_training = epoch == 1

    *_, ended, last = told(make_model(), X, Y, epochs=9, callbacks=[AfterTwo()])
    assert isinstance(ended, EpochEnded | Progress)
    assert isinstance(last, Finished)
    assert not last.stopped
    assert len(last.history["loss"]) == 2


def test_a_stop_ends_after_the_batch_and_says_so() -> None:
    control = TrainingControl()
    events: list[Any] = []

    class StopAtThree(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 2:
                control.stop()

    model = make_model()
    model.fit(X, Y, batch_size=4, verbose=0, callbacks=[StopAtThree(), ProgressCallback(control, events.append)])
    assert [type(event) for event in events[-2:]] == [Progress, Finished]
    ended = next(event for event in events if isinstance(event, EpochEnded))
    assert not ended.complete
    assert len([loss for event in progress_of(events) for loss in event.losses]) == 3
    assert events[-1].stopped
    assert model.optimizer.iterations == 3


def test_a_pause_is_told_once_however_often_the_run_is_stepped_and_its_time_is_left_out() -> None:
    clock = Clock()
    events: list[Any] = []

    def while_paused() -> None:
        if not control.paused or not any(isinstance(event, Paused) for event in events):
            return
        clock.now += 1000.0
        if progress_of(events)[-1].step < 5:
            control.step()
        else:
            control.resume()

    class PauseAtTwo(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 1:
                control.pause()

    control = TrainingControl(while_paused)
    callbacks = [Ticking(clock, 0.5), PauseAtTwo(), ProgressCallback(control, events.append, clock=clock)]
    make_model().fit(X, Y, batch_size=4, verbose=0, callbacks=callbacks)
    steered = [(type(event), event.step) for event in events if isinstance(event, Paused | Resumed)]
    assert steered == [(Paused, 2), (Resumed, 5)]
    assert [event.step for event in progress_of(events)][:5] == [1, 2, 3, 4, 5]
    assert events[-1].elapsed == pytest.approx(10 * 0.5)


def test_a_control_callback_alone_stops_evaluate_and_predict() -> None:
    model, control = make_model(), TrainingControl()
    control.stop()
    assert model.predict(X, batch_size=4, verbose=0, callbacks=[ControlCallback(control)]).shape == (4, 1)
    model.evaluate(X, Y, batch_size=4, verbose=0, callbacks=[ControlCallback(control)])
    assert model.stop_evaluating


def test_scalars_and_learning_rate() -> None:
    logs = {"a": 1, "b": np.float32(0.5), "c": [1.0], "d": "text", "e": np.array(2.0), "f": np.ones(3)}
    assert scalars(logs) == {"a": 1.0, "b": 0.5, "e": 2.0}
    assert scalars(None) == {}
    schedule = keras.optimizers.schedules.ExponentialDecay(0.5, 10, 0.9)
    model = make_model()
    model.compile(keras.optimizers.SGD(schedule), "mse")
    assert learning_rate(model) == pytest.approx(0.5)
    assert learning_rate(object()) is None
