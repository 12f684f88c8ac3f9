"""Keras callbacks that obey a `TrainingControl` and report a run's events from the training thread."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from kerastui.engine.keras_private import keras, samples_seen
from kerastui.engine.training.control import TrainingControl
from kerastui.engine.training.events import EpochEnded, Finished, Paused, Progress, Resumed, Started, TrainingEvent
from kerastui.engine.training.pace import Pace


class ControlCallback(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
    """Let a `TrainingControl` pause, step and stop `fit`, `evaluate` and `predict` between batches.

    Pass it in a list: Keras sends a single callback's batch events from another thread.

    Args:
        control: What to obey.

    Example:
        >>> control = TrainingControl()
        >>> model.fit(x, y, callbacks=[ControlCallback(control)])  # doctest: +SKIP
    """

    takes_chunks = True
    """Whether it may be called once for many batches; a subclass with batch methods of its own says so again."""

    def __init__(self, control: TrainingControl) -> None:
        super().__init__()
        self.control = control

    @property
    def steps_allowed(self) -> int:
        """Steps that may run before it is called again: one in a run that is stepped through."""
        return 1 if self.control.paused or self.control.stopped else sys.maxsize

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Wait if paused; end the run if stopped."""
        self._obey()

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Cut a validation short that follows on a stop; Keras runs one batch of it."""
        if self.control.stopped:
            self._end_run()

    def on_test_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Wait if paused; end the run if stopped."""
        self._obey()

    def on_predict_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Wait if paused; end the run if stopped."""
        self._obey()

    def _obey(self) -> None:
        if not self.control.gate(self._on_hold, self._on_release):
            self._end_run()

    def _on_hold(self) -> None:
        """Do what is due before the thread waits."""

    def _on_release(self) -> None:
        """Do what is due when the thread goes on."""

    def _end_run(self) -> None:
        self.model.stop_training = True
        self.model.stop_evaluating = True
        self.model.stop_predicting = True


class ProgressCallback(ControlCallback):
    """Report a training run as events, and obey a `TrainingControl`.

    Events come from the training thread, in order: one `Started`; `Progress` at most every `interval` seconds, and
    besides before each `Paused` and at the end, so that every loss is told; `EpochEnded` after each epoch; `Paused`
    and `Resumed`; one `Finished`. When the training raises, nothing more comes.

    Args:
        control: What to obey.
        emit: Called with each event, in the training thread. What it raises ends the training.
        interval: Least seconds between two `Progress`. Defaults to 0.1.
        clock: Gives seconds; a test passes its own. Defaults to `time.perf_counter`.

    Example:
        >>> control = TrainingControl()
        >>> model.fit(x, y, verbose=0, callbacks=[ProgressCallback(control, print)])  # doctest: +SKIP
    """

    takes_chunks = True

    def __init__(
        self,
        control: TrainingControl,
        emit: Callable[[TrainingEvent], None],
        interval: float = 0.1,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(control)
        self._emit = emit
        self._interval = interval
        self._clock = clock
        self._reset()

    def _reset(self) -> None:
        self._pace = Pace(self._clock)
        self._reported_at = self._clock() - self._interval
        self._epoch = self._step = self._told = 0
        self._epoch_began_at = 0.0
        self._steps_per_epoch: int | None = None
        self._logs: Mapping[str, Any] | None = None
        self._losses: list[float] = []
        self._held = self._validation_cut = False

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Report `Started`; wait here if the run was paused before it began."""
        self._reset()
        self._steps_per_epoch = self.params.get("steps")
        self._emit(Started(epochs=self.params["epochs"], steps_per_epoch=self._steps_per_epoch))
        self._obey()

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Start counting the epoch's batches."""
        self._epoch, self._step, self._told = epoch + 1, 0, 0
        self._epoch_began_at = self._pace.elapsed()
        self._validation_cut = False
        self._pace.epoch_began()

    def take_steps(self, start: int, steps: Mapping[str, Any]) -> None:
        """Take the losses of many batches, of which `on_train_batch_end` hears next as of one.

        Args:
            start: Number of the first.
            steps: Logs of each by name, arrays of shape `(batches, …)`.
        """
        losses = steps.get("loss") if isinstance(steps, Mapping) else None
        if losses is not None and losses.ndim == 1:
            self._losses.extend(losses.tolist())
            self._told = start + len(losses)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Take the batch's loss; report `Progress` if one is due."""
        # The last execution of several steps counts as a whole one in `batch`.
        step = min(batch + 1, self.params.get("steps") or batch + 1)
        self._pace.batches_done(step - self._step)
        self._step = step
        self._logs = logs
        if logs is not None and "loss" in logs and self._told < step:
            self._losses.append(float(logs["loss"]))
        if self.control.paused or self._clock() - self._reported_at >= self._interval:
            self._report()
        super().on_train_batch_end(batch, logs)

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Cut a validation short that follows on a stop."""
        super().on_test_begin(logs)
        self._validation_cut = self.control.stopped

    def on_test_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Wait if paused; cut the validation short if stopped."""
        super().on_test_batch_end(batch, logs)
        self._validation_cut = self.control.stopped

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Report `EpochEnded`, without the figures of a validation that was cut short."""
        logs = logs if logs is not None else {}
        if self._validation_cut:
            for name in [name for name in logs if name.startswith("val_")]:
                del logs[name]
        self._pace.epoch_ended()
        complete = not self._validation_cut and not (self.control.stopped and self._step != self._steps_per_epoch)
        if complete:
            self._steps_per_epoch = self._step
        elapsed = self._pace.elapsed()
        self._emit(
            EpochEnded(
                epoch=self._epoch,
                epochs=self.params["epochs"],
                logs=scalars(logs),
                duration=elapsed - self._epoch_began_at,
                elapsed=elapsed,
                learning_rate=learning_rate(self.model),
                complete=complete,
            )
        )

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Report the losses not yet told, and `Finished`."""
        if self._losses:
            self._report()
        history = {
            name: tuple(float(value) for value in values)
            for name, values in self.model.history.history.items()
            if all(is_scalar(value) for value in values)
        }
        self._emit(Finished(history=history, elapsed=self._pace.elapsed(), stopped=self.control.stopped))

    def _obey(self) -> None:
        super()._obey()
        # Not on release: a stepped run may be resumed while its one batch is in work, and then is not held again.
        if self._held and not self.control.paused:
            self._held = False
            self._emit(Resumed(epoch=self._epoch, step=self._step, elapsed=self._pace.elapsed()))

    def _on_hold(self) -> None:
        self._pace.hold()
        if not self._held:
            self._held = True
            if self._losses:
                self._report()
            self._emit(Paused(epoch=self._epoch, step=self._step, elapsed=self._pace.elapsed()))

    def _on_release(self) -> None:
        self._pace.release()

    def _report(self) -> None:
        speed = self._pace.steps_per_second()
        samples = samples_seen(self.model)
        self._emit(
            Progress(
                epoch=self._epoch,
                epochs=self.params["epochs"],
                step=self._step,
                steps_per_epoch=self._steps_per_epoch,
                logs=scalars(self._logs),
                losses=tuple(self._losses),
                samples_per_second=speed * samples / self._step if speed and samples and self._step else None,
                elapsed=self._pace.elapsed(),
                eta=self._eta(speed),
                learning_rate=learning_rate(self.model),
            )
        )
        self._losses.clear()
        self._reported_at = self._clock()

    def _eta(self, steps_per_second: float | None) -> float | None:
        if not steps_per_second or not self._steps_per_epoch:
            return None
        epochs = self.params["epochs"] - self._epoch
        steps = self._steps_per_epoch - self._step + epochs * self._steps_per_epoch
        return self._pace.eta(steps, epochs + 1, steps_per_second)


def is_scalar(value: Any) -> bool:
    """Tell a number from a table or a text: only numbers make a curve."""
    return isinstance(value, (int, float)) or getattr(value, "shape", None) == ()


def scalars(logs: Mapping[str, Any] | None) -> dict[str, float]:
    """Give the numbers among the logs, as floats."""
    return {name: float(value) for name, value in (logs or {}).items() if is_scalar(value)}


def learning_rate(model: Any) -> float | None:
    """Give the present learning rate of a model's optimizer, that of a schedule included; `None` without one."""
    rate = getattr(getattr(model, "optimizer", None), "learning_rate", None)
    return None if rate is None else float(rate)
