"""From the document to Keras: shapes of every call, and the model itself. Imports Keras."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import tensorflow as tf

from kerastui.engine.catalog.catalog import catalog
from kerastui.engine.catalog.objects import build_object
from kerastui.engine.custom.whole import model_class
from kerastui.engine.explain import explain_call, plain_message
from kerastui.engine.models.model import Functional
from kerastui.engine.models.summary_rich import table_text
from kerastui.engine.process.protocol import CallReport, Checked
from kerastui.engine.project.document import Call, Graph, Layer, Project, Spec
from kerastui.engine.project.graph import layer_name, node_name, order, upstream
from kerastui.engine.project.plain import value_to_plain
from kerastui.engine.project.problems import Problem

REMEMBERED = 5_000
"""Calls whose result is kept, so that a check costs only what an edit touched (some 5 ms a layer)."""


class BuildError(ValueError):
    """Say which part of the graph cannot be built, and why.

    Args:
        node: Id of the call or input, `""` for the whole graph.
        what: What is wrong, one line.
        hint: What to do next, or `""`.
    """

    def __init__(self, node: str, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.node, self.what, self.hint = node, what, hint

    def problem(self) -> Problem:
        """Return it as a problem of the Build stage."""
        return Problem("error", "build", self.node, self.what, self.hint)


class Tensor(NamedTuple):
    """Shape and dtype of a value, with the batch axis first."""

    shape: tuple[int | None, ...]
    dtype: str


class _Outcome(NamedTuple):
    report: CallReport
    problem: Problem | None


class Checker:
    """Compute shapes, parameter counts and errors of every call, and remember them from check to check.

    Nothing is allocated: layers are built inside a throw-away `tf.Graph`, where a Dense of 10^11 parameters takes
    16 ms and no memory.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Outcome] = OrderedDict()

    def check(self, graph: Graph) -> Checked:
        """Check a graph.

        Args:
            graph: A graph whose references hold.

        Returns:
            A report for each call, and the problems of calls that cannot be computed.
        """
        with tf.Graph().as_default():
            return _Check(graph, self._known).run()


class _Check:
    """One pass over a graph, in the order of the wires."""

    def __init__(self, graph: Graph, known: OrderedDict[str, _Outcome]) -> None:
        self.graph, self.known = graph, known
        self.values: dict[str, Tensor] = {}
        self.layers: dict[str, Any] = {}
        self.seen: dict[str, list[list[Tensor]]] = {}
        self.problems: list[Problem] = []

    def run(self) -> Checked:
        for key, value in self.graph.inputs.items():
            try:
                self.values[key] = Tensor((None, *value.shape), keras.backend.standardize_dtype(value.dtype))
            except ValueError as error:
                self.problems.append(Problem("error", "build", key, plain_message(error), "choose float32"))
        reports = {node: self.report(node) for node in order(self.graph) if node in self.graph.calls}
        while len(self.known) > REMEMBERED:
            self.known.popitem(last=False)
        return Checked(
            {key: reports[key] for key in self.graph.calls},
            tuple(self.problems),
            sum(report.params for report in reports.values()),
            sum(report.trainable for report in reports.values()),
        )

    def report(self, node: str) -> CallReport:
        call = self.graph.calls[node]
        if any(source not in self.values for source in call.inputs) or not call.inputs:
            return CallReport(waits=True)
        inputs = [self.values[source] for source in call.inputs]
        history = self.seen.setdefault(call.layer, [])
        key = repr((_plain(self.graph.layers[call.layer]), history, inputs))
        if key not in self.known:
            self.known[key] = self.outcome(node, call, inputs, history)
        self.known.move_to_end(key)
        report, problem = self.known[key]
        history.append(inputs)
        if problem is not None:
            self.problems.append(Problem("error", "build", node, problem.what, problem.hint))
        elif report.shape is not None:
            self.values[node] = Tensor(report.shape, report.dtype)
        return report

    def outcome(self, node: str, call: Call, inputs: list[Tensor], history: list[list[Tensor]]) -> _Outcome:
        spec = self.graph.layers[call.layer]
        try:
            if call.layer not in self.layers:
                self.layers[call.layer] = make_layer(node, spec)
                for earlier in history:
                    apply(node, spec, self.layers[call.layer], [_symbolic(tensor) for tensor in earlier])
            layer = self.layers[call.layer]
            result = apply(node, spec, layer, [_symbolic(tensor) for tensor in inputs])
        except BuildError as error:
            return _Outcome(CallReport(), error.problem())
        params = (0, 0) if history else (_count(layer.weights), _count(layer.trainable_weights))
        return _Outcome(CallReport(tuple(result.shape), str(result.dtype), *params), None)


def make_layer(node: str, layer: Layer, name: str | None = None) -> Any:
    """Construct a Keras layer from the document.

    Args:
        node: Id of the call it is made for, named in errors.
        layer: Class and arguments.
        name: Name for Keras; chosen by Keras when `None`.

    Raises:
        BuildError: There is no such class, or the constructor refuses its arguments.
    """
    try:
        made = build_object(Spec(layer.class_name, layer.config), "layer")
    except Exception as error:
        raise BuildError(node, plain_message(error), "put the argument right in the inspector") from None
    if name is not None:
        made.name = name
    return made


def apply(node: str, layer: Layer, made: Any, inputs: Sequence[Any]) -> Any:
    """Call a Keras layer on its inputs and return its first output.

    Args:
        node: Id of the call, named in errors.
        layer: Class and arguments.
        made: The Keras layer.
        inputs: Tensors, in the order of the wires.

    Raises:
        BuildError: The layer takes another number of inputs, or refuses their shapes.
    """
    entry = catalog().layer(layer.class_name)
    kind = entry.inputs if entry else "one"
    if kind == "list" and len(inputs) < 2:
        raise BuildError(node, f"{layer.class_name} takes two or more inputs, gets 1", "connect another layer to it")
    if kind == "one" and len(inputs) > 1:
        what = f"{layer.class_name} takes one input, gets {len(inputs)}"
        raise BuildError(node, what, "cut a wire, or insert Concatenate before it")
    try:
        result = made(list(inputs)) if kind == "list" else made(*inputs)
    except Exception as error:
        raise BuildError(node, *explain_call(error, layer.class_name, [tuple(item.shape) for item in inputs])) from None
    leaves = keras.tree.flatten(result)
    if not leaves:
        raise BuildError(node, f"{layer.class_name} gives no value")
    return leaves[0]


def build_model(project: Project) -> Functional:
    """Build the model of a project, not compiled.

    One output gives a plain tensor, several give a dictionary by output name.

    Args:
        project: The project.

    Raises:
        BuildError: The graph has no input or output, or a call cannot be computed.

    Example:
        >>> from kerastui.engine.project.files import read
        >>> model = build_model(read(Path("digits")))
        >>> model.summary()
    """
    graph = project.graph
    if not graph.inputs:
        raise BuildError("", "the graph has no input", "add one with a")
    if not graph.outputs:
        raise BuildError("", "the graph has no output", "select the last layer and make it one with o")
    values = {
        key: keras.Input(value.shape, dtype=value.dtype, name=node_name(graph, key))
        for key, value in graph.inputs.items()
    }
    made: dict[str, Any] = {}
    needed = _needed(graph)
    for node in order(graph):
        if node in graph.calls and node in needed:
            values[node] = _value(graph, node, made, values)
    outputs = {name: values[source] for name, source in graph.outputs.items()}
    single = next(iter(outputs.values())) if len(outputs) == 1 else outputs
    try:
        inputs = [values[key] for key in graph.inputs if key in needed]
        model: Functional = model_class(project.compile.model)(inputs, single, name=_keras_name(project.name))
        return model
    except Exception as error:
        raise BuildError("", plain_message(error)) from None


def summary_text(project: Project, width: int) -> str:
    """Return the table of layers of a project's graph, as `Model.summary` shows it; nothing is allocated.

    Args:
        project: The project.
        width: Columns.

    Raises:
        BuildError: The graph has no input or output, or a call cannot be computed.
    """
    with tf.Graph().as_default():
        return table_text(build_model(project), width)


def compile_model(project: Project, model: Functional) -> None:
    """Compile a project's model with the project's settings.

    Raises:
        BuildError: An optimizer, loss or metric refuses its arguments, or an output has no loss.
    """
    settings = project.compile
    missing = [name for name in project.graph.outputs if name not in settings.losses]
    if missing and not settings.model:
        raise BuildError("", f"{missing[0]} has no loss", "choose one in Configure")
    try:
        losses = {
            name: build_object(settings.losses[name], "loss") for name in project.graph.outputs if name not in missing
        }
        metrics = {
            name: [build_object(metric, "metric") for metric in settings.metrics.get(name, ())]
            for name in project.graph.outputs
        }
        weights = {name: settings.loss_weights.get(name, 1.0) for name in losses}
        single = next(iter(metrics)) if len(metrics) == 1 else None
        model.compile(
            optimizer=build_object(settings.optimizer, "optimizer"),
            loss=losses.get(single) if single else losses or None,
            metrics=metrics[single] if single else metrics,
            loss_weights=None if single else weights or None,
            jit_compile=settings.jit_compile,
            run_eagerly=settings.run_eagerly,
            steps_per_execution=settings.steps_per_execution,
        )
    except Exception as error:
        raise BuildError("", plain_message(error), "put it right in Configure") from None


def _value(graph: Graph, node: str, made: dict[str, Any], values: Mapping[str, Any]) -> Any:
    call = graph.calls[node]
    layer = graph.layers[call.layer]
    name = layer_name(graph, call.layer)
    if not call.inputs:
        raise BuildError(node, f"{name} has no input", "connect a layer to it with c")
    if call.layer not in made:
        made[call.layer] = make_layer(node, layer, name)
    return apply(node, layer, made[call.layer], [values[source] for source in call.inputs])


def _needed(graph: Graph) -> set[str]:
    return set().union(*(upstream(graph, source) for source in graph.outputs.values()))


def _plain(layer: Layer) -> Any:
    return value_to_plain(Spec(layer.class_name, layer.config))


def _symbolic(tensor: Tensor) -> Any:
    return keras.KerasTensor(tensor.shape, dtype=tensor.dtype)


def _count(weights: Sequence[Any]) -> int:
    total = 0
    for weight in weights:
        size = 1
        for axis in weight.shape:
            size *= axis or 1
        total += size
    return total


def _keras_name(name: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name) or "model"
