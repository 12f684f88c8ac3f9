"""What a training run tells while it goes on: frozen, tagged structs that travel as they are.

Nothing here needs TensorFlow, so the terminal side reads them too. Epochs and steps are counted from 1, as Keras
prints them. Times are seconds on the run's own clock, which stands still while the run is paused.

Example:
    >>> import msgspec
    >>> from kerastui.engine.training.events import Paused, TrainingEvent
    >>> wire = msgspec.msgpack.encode(Paused(epoch=2, step=17, elapsed=3.5))
    >>> msgspec.msgpack.decode(wire, type=TrainingEvent)
    Paused(epoch=2, step=17, elapsed=3.5)
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class Started(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="started"):
    """The run has begun; the first batch is next.

    Args:
        epochs: Number of the last epoch to train.
        steps_per_epoch: Batches in an epoch; `None` when the data does not say.
    """

    epochs: int
    steps_per_epoch: int | None


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="progress"):
    """Where the run stands; sent at most every `interval` seconds (0.1 by default), never for each batch.

    Args:
        epoch: The running epoch, from 1.
        epochs: Number of the last epoch to train.
        step: Batches of this epoch that are done.
        steps_per_epoch: Batches in an epoch; `None` when the data does not say and no epoch has ended yet.
        logs: Loss and metrics as Keras reports them after a batch: means over the epoch so far.
        losses: Loss after each batch since the last `Progress`, oldest first. These too are means over the epoch so
            far: single precision keeps too few digits to win a batch's own loss back from them.
        samples_per_second: Rows trained a second over the last seconds; `None` when not known yet.
        elapsed: Seconds since the start, pauses left out.
        eta: Seconds to the end, validation included once one was seen; `None` when not known.
        learning_rate: The optimizer's present learning rate; `None` without an optimizer.
        plan: How the steps run, as `model.execution_plan` says it now; `None` for a model that does not say.
    """

    epoch: int
    epochs: int
    step: int
    steps_per_epoch: int | None
    logs: dict[str, float]
    losses: tuple[float, ...]
    samples_per_second: float | None
    elapsed: float
    eta: float | None
    learning_rate: float | None
    plan: str | None = None


class EpochEnded(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="epoch_ended"):
    """An epoch is over, its validation included.

    Args:
        epoch: The epoch that ended, from 1.
        epochs: Number of the last epoch to train.
        logs: Loss and metrics over the epoch, those of the validation as `val_…`.
        duration: Seconds the epoch took, validation included, pauses left out.
        elapsed: Seconds since the start, pauses left out.
        learning_rate: The optimizer's learning rate at the end of the epoch; `None` without an optimizer.
        complete: False when the run was stopped before the epoch had seen all its batches.
    """

    epoch: int
    epochs: int
    logs: dict[str, float]
    duration: float
    elapsed: float
    learning_rate: float | None
    complete: bool


class Paused(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="paused"):
    """The run stands still between two batches.

    Args:
        epoch: The running epoch, from 1; 0 before the first.
        step: Batches of this epoch that are done.
        elapsed: Seconds since the start, pauses left out.
    """

    epoch: int
    step: int
    elapsed: float


class Resumed(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="resumed"):
    """The run goes on.

    Args:
        epoch: The running epoch, from 1; 0 before the first.
        step: Batches of this epoch that are done.
        elapsed: Seconds since the start, pauses left out.
    """

    epoch: int
    step: int
    elapsed: float


class Finished(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="finished"):
    """The run is over: all epochs are done, a callback ended it, or it was stopped.

    Args:
        history: For each name in the epochs' logs its values, one for each epoch that has one.
        elapsed: Seconds since the start, pauses left out.
        stopped: True when `stop()` ended the run.
    """

    history: dict[str, tuple[float, ...]]
    elapsed: float
    stopped: bool


TrainingEvent: TypeAlias = Started | Progress | EpochEnded | Paused | Resumed | Finished
"""Any event of a run; the type to decode into."""
