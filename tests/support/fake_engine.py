"""A scripted engine for tests of the screens: it answers at once and tells what a test says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from kerastui.engine.process.client import EngineClient, EngineLost, EngineRefused, Lost
from kerastui.engine.process.protocol import (
    PROTOCOL,
    Attach,
    CallReport,
    Check,
    Checked,
    Code,
    Device,
    Done,
    EventBody,
    Hello,
    Pause,
    Ping,
    ReadCode,
    Ready,
    ReplyBody,
    RequestBody,
    Resume,
    RunFailed,
    RunFinished,
    RunStarted,
    Save,
    Shutdown,
    Stop,
    Summary,
    TensorReport,
    Text,
    Train,
    Versions,
    Welcome,
)
from kerastui.engine.project.document import MODEL, Graph, Layer
from kerastui.engine.project.graph import node_of, order
from kerastui.engine.project.plain import from_plain
from kerastui.engine.project.problems import Problem
from kerastui.engine.training.events import EpochEnded, Paused, Progress, Resumed

VERSIONS = Versions("0.1.0", "3.11.7", "2.21.0", "3.15.1", (Device("CPU", "/physical_device:CPU:0"),), 2)


class FakeEngine(EngineClient):
    """Answer like an engine, without a process.

    Args:
        ready: TensorFlow counts as loaded from the start; else `emit(Ready(VERSIONS))` says so.

    Attributes:
        requests: Everything that was asked, in order.
        refusals: What to refuse: class of the request, and why.
        log_file: What `log` gives.
        plan: How the steps run, which it tells with the progress.
        code: What a reading of the project's own code gives.
    """

    def __init__(self, ready: bool = True) -> None:
        super().__init__()
        self.ready = ready
        self.alive = False
        self.requests: list[RequestBody] = []
        self.refusals: dict[type[RequestBody], tuple[str, str]] = {}
        self.log_file: Path | None = None
        self.plan: str | None = None
        self.code = Code()

    @property
    def log(self) -> Path | None:
        """What the test put there."""
        return self.log_file

    async def start(self, folder: Path | None = None) -> Welcome:
        """Come to life."""
        self.alive = True
        return Welcome(PROTOCOL, 1, VERSIONS if self.ready else None, "", False, 0)

    async def request(self, body: RequestBody) -> ReplyBody:
        """Answer; a run begins with `RunStarted` and then waits for the test's events."""
        if not self.alive:
            raise EngineLost("the engine has ended")
        self.requests.append(body)
        if type(body) in self.refusals:
            raise EngineRefused(*self.refusals[type(body)])
        match body:
            case Check(project):
                opened = from_plain(project)
                return check(opened.graph, opened.models)
            case Summary():
                return Text("Model: fake\n dense (Dense)   (None, 64)   4,160")
            case ReadCode():
                return self.code
            case Train(project, folder):
                fit = project["fit"]
                started = RunStarted(1, f"{folder}/runs/0001", project, fit["epochs"], 45, 1438, 4810)
                self.tell(started)
            case Pause():
                self.tell(Paused(epoch=1, step=3, elapsed=1.0))
            case Resume():
                self.tell(Resumed(epoch=1, step=3, elapsed=1.0))
            case Stop():
                self.tell(RunFinished("stopped", 1, {"loss": 0.5}, "model.keras"))
            case Save(path):
                return Text(path)
            case Shutdown():
                self.alive = False
            case Ping() | Attach() | Hello():
                pass
        return Done()

    async def close(self) -> None:
        """Leave."""
        self.alive = False

    def emit(self, event: EventBody) -> None:
        """Tell an event, as the engine would."""
        self.tell(event)

    def load(self) -> None:
        """Say that TensorFlow is loaded."""
        self.tell(Ready(VERSIONS))

    def die(self) -> None:
        """End, as after `kill -9`."""
        self.alive = False
        self.tell(Lost())

    def fail(self, what: str = "there is not enough memory", hint: str = "take a smaller batch_size") -> None:
        """End the run by an error."""
        self.tell(RunFailed(what, hint))

    def epoch(self, number: int, epochs: int = 20, steps: int = 45, **logs: float) -> None:
        """Tell the progress and the end of an epoch.

        Args:
            number: The epoch, from 1.
            epochs: Epochs to do.
            steps: Steps an epoch.
            **logs: Loss and metrics; a falling curve by default.
        """
        values = logs or {
            "loss": 2.0 * math.exp(-number / 6),
            "sparse_categorical_accuracy": 1 - 0.8 * math.exp(-number / 4),
            "val_loss": 0.2 + 1.8 * math.exp(-number / 5),
            "val_sparse_categorical_accuracy": 0.95 - 0.7 * math.exp(-number / 4),
        }
        running = {name: value for name, value in values.items() if not name.startswith("val_")}
        self.tell(
            Progress(
                epoch=number,
                epochs=epochs,
                step=steps,
                steps_per_epoch=steps,
                logs=running,
                losses=tuple(running["loss"] * (1 + 0.1 * math.sin(i)) for i in range(steps)),
                samples_per_second=1420.0,
                elapsed=number * 1.0,
                eta=float(epochs - number),
                learning_rate=1e-3,
                plan=self.plan,
            )
        )
        self.tell(
            EpochEnded(
                epoch=number,
                epochs=epochs,
                logs=values,
                duration=1.0,
                elapsed=number * 1.0,
                learning_rate=1e-3,
                complete=True,
            )
        )


def check(graph: Graph, models: Mapping[str, Graph] | None = None) -> Checked:
    """Return the true shapes of a graph of simple layers, and of models of them inside.

    The layers are Dense, Flatten, Add, Concatenate, and what keeps a shape; only Dense takes operations.
    """
    shapes: dict[str, tuple[int | None, ...] | None] = {}
    reports: dict[str, CallReport] = {}
    problems: list[Problem] = []
    counted: set[str] = set()
    within: dict[str, CallReport] = {}
    for node in order(graph):
        if node in graph.inputs:
            shapes[node] = (None, *graph.inputs[node].shape)
            continue
        call = graph.calls[node]
        layer = graph.layers[call.layer]
        tensors: tuple[TensorReport, ...] = ()
        inputs = [shapes[source] for source in call.inputs]
        known = [shape for shape in inputs if shape is not None]
        if len(known) < len(inputs) or not inputs:
            shapes[node], reports[node] = None, CallReport(waits=True)
            continue
        if layer.class_name in ("Add", "Multiply") and len({*known}) > 1:
            what = f"cannot add {' and '.join(str(shape).replace('None', '∅') for shape in known)}: their shapes differ"
            problems.append(Problem("error", "build", node, what, "give both branches the same size"))
            shapes[node], reports[node] = None, CallReport()
            continue
        if layer.class_name == MODEL:
            model = str(layer.config["model"])
            inner = check((models or {})[model], models)
            problems += [replace(problem, subject=f"{model}/{problem.subject}") for problem in inner.problems]
            within |= {key if "/" in key else f"{model}/{key}": report for key, report in inner.calls.items()}
            ends = {name: inner.calls[node_of(end)].shape for name, end in (models or {})[model].outputs.items()}
            shapes |= {f"{node}:{name}": shape for name, shape in ends.items()}
            shapes[node], params, flops = next(iter(ends.values())), inner.params, inner.flops
            if len(ends) > 1:
                tensors = tuple(TensorReport(name, shape or (), "float32") for name, shape in ends.items())
        else:
            shapes[node], params = output(layer, known)
            flops = 2 * params if layer.class_name == "Dense" else 0
        size = math.prod(size or 1 for size in shapes[node] or ())
        counts = 0 if call.layer in counted else params
        trained = 0 if layer.config.get("trainable") is False else counts
        reports[node] = CallReport(shapes[node], "float32", counts, trained, False, tensors, flops, 4 * size)
        counted.add(call.layer)
    params, trainable = (sum(getattr(each, name) for each in reports.values()) for name in ("params", "trainable"))
    return Checked({key: reports[key] for key in graph.calls} | within, tuple(problems), params, trainable)


def output(layer: Layer, inputs: list[tuple[int | None, ...]]) -> tuple[tuple[int | None, ...], int]:
    """Return shape and parameter count of a simple layer."""
    shape = inputs[0]
    if layer.class_name == "Dense":
        units, width = layer.config.get("units", 1), shape[-1] or 0
        assert isinstance(units, int)
        return (*shape[:-1], units), (width + 1) * units
    if layer.class_name == "Flatten":
        return (None, math.prod(size or 1 for size in shape[1:])), 0
    if layer.class_name == "Concatenate":
        return (*shape[:-1], sum(item[-1] or 0 for item in inputs)), 0
    return shape, 0
