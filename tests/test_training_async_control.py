"""`TrainingControl` and `Pace` without Keras: threads, hand-made clocks, no sleeping."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

import msgspec
import pytest

from kerastui.engine.training.control import TrainingControl
from kerastui.engine.training.events import EpochEnded, Finished, Paused, Progress, Resumed, Started, TrainingEvent
from kerastui.engine.training.pace import Pace

DEADLINE = 10.0


class Batches:
    """A thread that passes the gate once for each batch and tells what happens."""

    def __init__(self, control: TrainingControl) -> None:
        self.control = control
        self.told: SimpleQueue[str] = SimpleQueue()
        self.may_begin: SimpleQueue[None] = SimpleQueue()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        self.may_begin.get(timeout=DEADLINE)
        while self.control.gate(lambda: self.told.put("held"), lambda: self.told.put("released")):
            self.told.put("batch")
            self.may_begin.get(timeout=DEADLINE)
        self.told.put("over")

    def let(self, batches: int = 1) -> None:
        for _ in range(batches):
            self.may_begin.put(None)

    def hear(self, *expected: str) -> None:
        for word in expected:
            assert self.told.get(timeout=DEADLINE) == word
        assert self.told.empty()

    def end(self) -> None:
        self.thread.join(DEADLINE)
        assert not self.thread.is_alive()


@pytest.fixture
def control() -> TrainingControl:
    return TrainingControl()


def test_a_run_passes_the_gate_until_it_is_stopped(control: TrainingControl) -> None:
    run = Batches(control)
    run.let(2)
    run.told.get(timeout=DEADLINE)
    run.hear("batch")
    control.stop()
    run.let()
    run.hear("over")
    run.end()


def test_pause_holds_and_resume_releases(control: TrainingControl) -> None:
    control.pause()
    run = Batches(control)
    run.let()
    run.hear("held")
    assert control.paused
    control.resume()
    run.hear("released", "batch")
    control.stop()
    run.let()
    run.hear("over")


def test_each_step_of_a_paused_run_is_one_batch(control: TrainingControl) -> None:
    control.pause()
    run = Batches(control)
    run.let(4)
    run.hear("held")
    control.step()
    assert [run.told.get(timeout=DEADLINE) for _ in range(3)] == ["released", "batch", "held"]
    control.step()
    assert [run.told.get(timeout=DEADLINE) for _ in range(3)] == ["released", "batch", "held"]
    control.stop()
    run.hear("released", "over")


def test_two_steps_asked_at_once_are_two_batches(control: TrainingControl) -> None:
    control.pause()
    control.step()
    control.step()
    run = Batches(control)
    run.let(3)
    assert [run.told.get(timeout=DEADLINE) for _ in range(3)] == ["batch", "batch", "held"]
    control.stop()
    run.hear("released", "over")


def test_a_step_of_a_running_run_changes_nothing_and_resume_forgets_owed_steps(control: TrainingControl) -> None:
    control.step()
    assert control.gate()
    control.pause()
    control.step()
    control.resume()
    control.pause()
    run = Batches(control)
    run.let()
    run.hear("held")
    control.stop()
    run.hear("released", "over")


def test_jobs_are_served_between_batches_and_while_paused() -> None:
    jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
    served: SimpleQueue[str] = SimpleQueue()

    def serve() -> None:
        while not jobs.empty():
            jobs.get()()

    def ask(name: str) -> None:
        jobs.put(lambda: served.put(f"{name} in {threading.current_thread().name}"))

    control = TrainingControl(while_paused=serve)
    ask("between")
    run = Batches(control)
    run.thread.name = "training"
    run.let()
    run.hear("batch")
    assert served.get(timeout=DEADLINE) == "between in training"
    control.pause()
    run.let()
    run.hear("held")
    for name in ("first", "second"):
        ask(name)
        control.wake()
        assert served.get(timeout=DEADLINE) == f"{name} in training"
    assert control.paused
    control.stop()
    run.hear("released", "over")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_pace_leaves_out_pauses_and_the_first_batch() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.epoch_began()
    clock.now += 7.0  # building the graph
    pace.batches_done(1)
    assert pace.steps_per_second() is None
    clock.now += 0.5
    pace.hold()
    clock.now += 1000.0
    assert pace.elapsed() == 7.5
    pace.release()
    clock.now += 0.5
    pace.batches_done(4)
    assert pace.elapsed() == 8.0
    assert pace.steps_per_second() == 4.0


def test_pace_follows_a_change_of_speed_within_its_window() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.epoch_began()
    pace.batches_done(1)
    for seconds in [0.1] * 100 + [1.0] * 8:
        clock.now += seconds
        pace.batches_done(1)
        speed = pace.steps_per_second()
    assert speed == pytest.approx(1.0)


def test_pace_adds_what_lies_between_epochs_to_the_eta_and_not_to_the_speed() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(2):
        pace.epoch_began()
        for _ in range(10):
            clock.now += 0.1
            pace.batches_done(1)
        clock.now += 3.0  # validation
        pace.epoch_ended()
    speed = pace.steps_per_second()
    assert speed is not None
    assert speed == pytest.approx(10.0)
    assert pace.eta(steps=20, epochs=2, steps_per_second=speed) == pytest.approx(2.0 + 6.0)


@pytest.mark.parametrize(
    "event",
    [
        Started(epochs=3, steps_per_epoch=None),
        Progress(
            epoch=1,
            epochs=3,
            step=4,
            steps_per_epoch=9,
            logs={"loss": 0.5},
            losses=(0.7, 0.5),
            samples_per_second=None,
            elapsed=1.5,
            eta=None,
            learning_rate=0.001,
        ),
        EpochEnded(epoch=1, epochs=3, logs={"loss": 0.5}, duration=1.0, elapsed=2.0, learning_rate=None, complete=True),
        Paused(epoch=1, step=4, elapsed=2.0),
        Resumed(epoch=1, step=4, elapsed=2.0),
        Finished(history={"loss": (0.5, 0.25)}, elapsed=3.0, stopped=False),
    ],
)
def test_events_travel_both_ways(event: TrainingEvent) -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(event), type=TrainingEvent) == event
    assert msgspec.json.decode(msgspec.json.encode(event), type=TrainingEvent) == event
    assert msgspec.to_builtins(event)["event"] in {
        "started",
        "progress",
        "epoch_ended",
        "paused",
        "resumed",
        "finished",
    }
    with pytest.raises(AttributeError):
        event.elapsed = 0.0  # type: ignore[union-attr, misc]
