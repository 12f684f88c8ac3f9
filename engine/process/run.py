"""A training run inside the engine: data, model, fit, and what it leaves behind. Imports Keras when it runs."""

from __future__ import annotations

import platform
import sys
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from kerastui.engine.code_state import CodeState
from kerastui.engine.data.errors import DataError
from kerastui.engine.explain import explain_step, plain_message
from kerastui.engine.process.protocol import EventBody, RunFailed, RunFinished, RunStarted
from kerastui.engine.project.checks import FILE_ARGUMENTS, check_project
from kerastui.engine.project.document import Project, Spec
from kerastui.engine.project.files import dumps
from kerastui.engine.project.graph import node_name
from kerastui.engine.project.plain import to_plain
from kerastui.engine.runs import RunFolder, RunRecord
from kerastui.engine.training.control import TrainingControl
from kerastui.engine.training.events import EpochEnded, Finished, Progress, Started, TrainingEvent

if TYPE_CHECKING:
    from kerastui.engine.data.dataset import Dataset, Part
    from kerastui.engine.models.model import Functional

LOG_HINT = "the log (f12) has the whole message"
"""What to do about a failure that nobody foresaw."""


class RunError(Exception):
    """Say why a run cannot begin, or has ended.

    Args:
        what: What is wrong, one line.
        hint: What to do next.
    """

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what, self.hint = what, hint


class Prepared(NamedTuple):
    """What a run needs before its first batch."""

    model: Functional
    dataset: Dataset
    folder: RunFolder
    callbacks: list[Any]


class Run:
    """Train a project in the worker thread.

    Args:
        project: The project.
        folder: The project's folder.
        tell: Called in the worker thread with every event.
        serve: Called between batches; runs short jobs that wait.
        trusted: Whether the project's own code may be run. Defaults to `None`: what the person has said of the folder.

    Attributes:
        control: Pause, resume and stop, from any thread.
        begun: Set once the run has its folder, or with the `RunError` that says why it has none.
        model: The model, once it is built.
    """

    def __init__(
        self,
        project: Project,
        folder: Path,
        tell: Callable[[EventBody], None],
        serve: Callable[[], None],
        trusted: bool | None = None,
    ) -> None:
        self.project, self.folder, self.trusted = project, folder, trusted
        self.control = TrainingControl(serve)
        self.begun: Future[None] = Future()
        self.model: Functional | None = None
        self._tell = tell
        self._record = RunRecord(0, "running", time.time(), planned=project.fit.epochs, seed=project.fit.seed)
        self._metrics: dict[str, float] = {}
        self._note = ""
        self._plan: str | None = None

    def train(self) -> None:
        """Run from the data to the saved model; every outcome is told as an event, none is raised."""
        prepared: Prepared | None = None
        try:
            prepared = self._prepare()
            self.begun.set_result(None)
            self._fit(prepared)
        except Exception as error:
            failure = explain_failure(error)
            if failure.hint == LOG_HINT:
                traceback.print_exc()  # standard error is the log
            if prepared is None:
                self.begun.set_exception(failure)
                return
            self._keep(prepared.folder, "failed", failure.what)
            self._tell(RunFailed(failure.what, failure.hint))

    def _prepare(self) -> Prepared:
        import keras

        from kerastui.engine.building import build_model, compile_model
        from kerastui.engine.custom.reading import read_code
        from kerastui.engine.data.dataset import encode
        from kerastui.engine.data.table import read_table
        from kerastui.engine.starting_weights import load_weights

        code = CodeState.of(read_code(self.folder, self.project.code, self.trusted))
        for problem in [*code.problems(self.project), *check_project(self.project)]:
            if problem.severity == "error":
                subject = f"{problem.subject}: " if problem.subject else ""
                raise RunError(f"{subject}{problem.what}", problem.hint or f"put it right in {problem.stage.title()}")
        if self.project.fit.seed is not None:
            keras.utils.set_random_seed(self.project.fit.seed)
        graph = self.project.graph
        model = build_model(self.project)
        self._note = load_weights(self.project, model, self.folder)
        compile_model(self.project, model)
        table = read_table(self.project.data.source, self.folder)
        shapes = {key: value.shape for key, value in graph.inputs.items()}
        targets = not self.project.compile.model  # a class of one's own may learn from the inputs alone
        dataset = encode(table, self.project.data, shapes, tuple(graph.outputs), targets)
        folder = RunFolder.create(self.folder, dumps(self.project))
        self._record = msgspec.structs.replace(self._record, run=folder.run, versions=_versions())
        try:
            callbacks = [self._callback(spec, folder.path) for spec in self.project.fit.callbacks]
            folder.write("run.json", self._record)
            folder.write("preprocessing.json", dataset.describe())
            broken = {fault.file for fault in code.errors}
            for name in (name for name in code.files if name not in broken):
                folder.copy(self.folder / name, name)
        except Exception:
            folder.discard()
            raise
        self.model = model
        return Prepared(model, dataset, folder, callbacks)

    def _fit(self, prepared: Prepared) -> None:
        from kerastui.engine.training.progress import ProgressCallback

        model, dataset, folder, callbacks = prepared
        fit = self.project.fit
        samples = len(next(iter(dataset.train.inputs.values())))
        steps = -(-samples // fit.batch_size)
        self._tell(
            RunStarted(
                folder.run,
                str(folder.path),
                to_plain(self.project),
                fit.epochs,
                steps,
                samples,
                model.count_params(),
                self._note,
            )
        )
        validation = dataset.validation
        model.fit(
            **self._arrays(dataset.train),
            epochs=fit.epochs,
            batch_size=fit.batch_size,
            shuffle=fit.shuffle,
            validation_data=None if validation is None else tuple(self._arrays(validation).values()),
            validation_freq=fit.validation_freq,
            verbose=0,
            callbacks=[
                *callbacks,
                ProgressCallback(self.control, lambda event: self._heard(event, folder)),
            ],
        )
        self._finish(prepared)

    def _arrays(self, part: Part) -> dict[str, Any]:
        from kerastui.engine.building import as_given, as_taken

        graph = self.project.graph
        used = {node_name(graph, key): values for key, values in part.inputs.items()}
        names = {tensor.name for tensor in self.model.inputs} if self.model else set()
        ordered = [node_name(graph, key) for key in graph.inputs]
        targets = {name: part.targets[name] for name in graph.outputs if name in part.targets}
        arrays = {
            "x": as_taken(graph, {name: used[name] for name in ordered if name in names and name in used}),
            "y": as_given(graph, targets) if targets else None,
        }
        return arrays if part.sample_weight is None else arrays | {"sample_weight": part.sample_weight}

    def _callback(self, spec: Spec, folder: Path) -> Any:
        from kerastui.engine.catalog.catalog import catalog
        from kerastui.engine.catalog.objects import build_object

        entry = catalog().get("callback", spec.class_name)
        defaults = {item.name: item.default for item in entry.arguments} if entry else {}
        # Of a default too: TensorBoard would make a folder `logs` where the program was started.
        named = {name: spec.config.get(name, defaults.get(name)) for name in FILE_ARGUMENTS}
        files = {name: str(folder / value) for name, value in named.items() if isinstance(value, str)}
        try:
            return build_object(Spec(spec.class_name, {**spec.config, **files}), "callback")
        except ValueError as error:
            raise RunError(plain_message(error), "put it right in Configure") from None

    def _heard(self, event: TrainingEvent, folder: RunFolder) -> None:
        if isinstance(event, Started | Finished):
            return
        if isinstance(event, Progress) and event.plan != self._plan:
            self._plan = event.plan
            sys.stderr.write(f"run {folder.run}: {event.plan}\n")  # standard error is the log
        if isinstance(event, EpochEnded):
            self._metrics = dict(event.logs)
            self._record = msgspec.structs.replace(self._record, epochs=event.epoch, metrics=self._metrics)
            try:
                folder.add_epoch(event.epoch, event.logs, event.elapsed)
            except OSError as error:
                self._note = f"history.csv cannot be written: {error.strerror}"
        self._tell(event)

    def _finish(self, prepared: Prepared) -> None:
        folder = prepared.folder
        done = self._record.epochs
        early = "completed" if done >= self.project.fit.epochs else "early"
        reason = "stopped" if self.control.stopped else early
        saved = ""
        try:
            saved = str(folder.path / "model.keras")
            prepared.model.save(saved)
        except Exception as error:  # h5py and zipfile raise more than OSError when a disk is full
            why = (isinstance(error, OSError) and error.strerror) or plain_message(error)
            saved, self._note = "", f"the model cannot be saved in {folder.path}: {why}"
        self._keep(folder, reason)
        self._tell(RunFinished(reason, done, self._metrics, saved, self._note))

    def _keep(self, folder: RunFolder, status: str, note: str = "") -> None:
        self._record = msgspec.structs.replace(self._record, status=status, note=note)
        try:
            folder.write("run.json", self._record)
        except OSError as error:
            self._note = self._note or f"run.json cannot be written: {error.strerror}"


def explain_failure(error: Exception) -> RunError:
    """Say what ended a run, or kept it from beginning, and what to do next."""
    if isinstance(error, RunError):
        return error
    from kerastui.engine.building import BuildError

    if isinstance(error, BuildError):
        what = f"{error.node}: {error.what}" if error.node else error.what
        return RunError(what, error.hint or "put it right in Build")
    if isinstance(error, DataError):
        return RunError(f"{error.where}: {error.what}", error.hint)
    if isinstance(error, OSError):
        return RunError(
            f"{error.filename or 'the project folder'}: {error.strerror or error}",
            "free some space, or make the folder writable",
        )
    if isinstance(error, MemoryError) or "ResourceExhausted" in type(error).__name__:
        return RunError("there is not enough memory for a step", "take a smaller batch_size, or fewer units")
    return RunError(explain_step(error), LOG_HINT)


def _versions() -> dict[str, str]:
    import keras
    import tensorflow as tf

    import kerastui

    return {
        "kerastui": kerastui.__version__,
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }
