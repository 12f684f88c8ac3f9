"""What is known of a run while it goes on: built from the engine's events, or read from the run's folder."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from kerastui.engine.process.protocol import EventBody, RunFailed, RunFinished, RunStarted
from kerastui.engine.runs import read_history, read_record, run_number
from kerastui.engine.training.events import EpochEnded, Paused, Progress, Resumed

Status: TypeAlias = Literal["starting", "running", "paused", "completed", "stopped", "early", "failed", "lost"]
LIVE: frozenset[Status] = frozenset({"starting", "running", "paused"})


class Point(NamedTuple):
    """One value of a curve.

    Args:
        step: Steps done since the start of the run.
        epoch: The same in epochs, with a fraction.
        elapsed: Seconds since the start, pauses not counted.
        value: The value.
    """

    step: int
    epoch: float
    elapsed: float
    value: float


@dataclass
class RunState:
    """Follow a run.

    Args:
        run: Its number; 0 until the engine has given one.
        folder: Its folder.
        status: How it goes.
        epochs: Epochs to do.
        steps: Steps an epoch.
        batch_size: Samples in one step.
        samples: Samples of the training part.
        params: Parameters of the model.
        progress: The last progress told.
        history: Finished epochs.
        points: Values within epochs, by name of loss or metric: running means over the epoch.
        saved: Path of the saved model, or `""`.
        note: Why it failed, was lost, or could not be saved; `""` otherwise.
        hint: What to do about it.
        version: Counts up with every change, so that a view knows when to draw again.
    """

    run: int = 0
    folder: str = ""
    status: Status = "starting"
    epochs: int = 0
    steps: int = 0
    batch_size: int = 0
    samples: int = 0
    params: int = 0
    progress: Progress | None = None
    history: list[EpochEnded] = field(default_factory=list)
    points: dict[str, list[Point]] = field(default_factory=dict)
    saved: str = ""
    note: str = ""
    hint: str = ""
    version: int = 0

    @property
    def live(self) -> bool:
        """Whether the run goes on or is paused."""
        return self.status in LIVE

    @property
    def names(self) -> list[str]:
        """Names of loss and metrics, loss first, without those of validation."""
        logs = Counter[str]()
        for epoch in self.history[:1]:
            logs.update(name for name in epoch.logs if not name.startswith("val_"))
        logs.update(self.points.keys())
        logs.pop("learning_rate", None)
        return sorted(logs, key=lambda name: (name != "loss", name.endswith("_loss"), name))

    @property
    def done(self) -> float:
        """Share of the planned steps that are done, 0 to 1."""
        if self.status == "completed":
            return 1.0
        if not self.epochs or not self.steps or self.progress is None:
            return len(self.history) / self.epochs if self.epochs else 0.0
        inside = (self.progress.epoch - 1) * self.steps + self.progress.step
        return max(len(self.history) / self.epochs, min(1.0, inside / (self.epochs * self.steps)))

    def best(self, name: str = "val_loss") -> EpochEnded | None:
        """Return the finished epoch with the best value: the least of a loss, the greatest of anything else."""
        found = [epoch for epoch in self.history if not math.isnan(epoch.logs.get(name, math.nan))]
        if not found:
            return None
        sign = 1 if name.endswith("loss") or "error" in name else -1
        return min(found, key=lambda epoch: sign * epoch.logs[name])

    def hear(self, event: EventBody) -> bool:
        """Take an event in; tell whether it was about a run."""
        match event:
            case RunStarted():
                self.run, self.folder, self.status = event.run, event.folder, "running"
                self.epochs, self.steps, self.samples = event.epochs, event.steps, event.samples
                self.params, self.note = event.params, event.note
                self.batch_size = int(event.project["fit"]["batch_size"])
            case Progress():
                self._progress(event)
            case EpochEnded():
                self.history.append(event)
            case Paused():
                self.status = "paused"
            case Resumed():
                self.status = "running"
            case RunFinished():
                self.status = event.reason  # type: ignore[assignment]  # the protocol's three reasons
                self.saved, self.note = event.saved, event.note
            case RunFailed():
                self.status, self.note, self.hint = "failed", event.what, event.hint
            case _:
                return False
        self.version += 1
        return True

    def lost(self) -> None:
        """Note that the engine ended during the run."""
        if self.live:
            epoch = self.progress.epoch if self.progress else len(self.history) + 1
            self.status = "lost"
            self.note = f"the engine ended at epoch {epoch}; {len(self.history)} finished epochs are kept"
            self.hint = "r starts a new engine, f5 trains again"
            self.version += 1

    def _progress(self, event: Progress) -> None:
        self.progress = event
        steps = event.steps_per_epoch or self.steps or 1
        step = (event.epoch - 1) * steps + event.step
        losses = event.losses or ((event.logs["loss"],) if "loss" in event.logs else ())
        before = self.points.get("loss", [])
        start = before[-1].elapsed if before else 0.0
        for index, value in enumerate(losses):
            at = step - len(losses) + 1 + index
            elapsed = start + (event.elapsed - start) * (index + 1) / len(losses)
            self.points.setdefault("loss", []).append(Point(at, at / steps, elapsed, value))
        for name, value in event.logs.items():
            if name != "loss":
                self.points.setdefault(name, []).append(Point(step, step / steps, event.elapsed, value))


def read_run(folder: Path) -> RunState | None:
    """Read the state of a run from its folder; a run that was killed comes back as lost.

    Args:
        folder: The run's folder.
    """
    record = read_record(folder)
    if record is None:
        return None
    state = RunState(run_number(folder), str(folder), epochs=record.planned)
    state.history = [
        EpochEnded(
            epoch=number,
            epochs=record.planned,
            logs=logs,
            duration=0.0,
            elapsed=elapsed,
            learning_rate=logs.get("learning_rate"),
            complete=True,
        )
        for number, elapsed, logs in read_history(folder)
    ]
    saved = folder / "model.keras"
    state.saved = str(saved) if saved.exists() else ""
    state.status = record.status  # type: ignore[assignment]  # written by the engine from the same words
    state.note = record.note
    if record.status == "running":
        state.lost()
    return state


def run_words(run: RunState) -> str:
    """Return one line on how a run went: `9 epochs · val 0.223`."""
    if not run.history:
        return run.status
    logs = run.history[-1].logs
    name = "val_loss" if "val_loss" in logs else "loss"
    label = "val" if name == "val_loss" else "loss"
    return f"{len(run.history)} epochs · {label} {logs[name]:,.3f}"
