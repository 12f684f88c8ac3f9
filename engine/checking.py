"""Shapes, parameters, operations and errors of every call, without a model being made. Imports Keras."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import keras
import tensorflow as tf

from kerastui.engine.building import Builder
from kerastui.engine.calling import OPERATION, BuildError, call_layer, find, make_layer, sources_of
from kerastui.engine.catalog.catalog import catalog
from kerastui.engine.custom.objects import place_of_lines
from kerastui.engine.custom.running import LIMIT, Endless, run_limited
from kerastui.engine.explain import plain_message, show_shape
from kerastui.engine.flops import flops_of, values_in
from kerastui.engine.keras_private import caller_settings
from kerastui.engine.process.protocol import CallReport, Checked, TensorReport
from kerastui.engine.project.document import MODEL, Call, Graph, Layer, Project, Spec
from kerastui.engine.project.graph import layer_name, order
from kerastui.engine.project.inside import place_of
from kerastui.engine.project.nesting import held_by, models_of, wrong_models
from kerastui.engine.project.plain import graph_to_plain, value_to_plain
from kerastui.engine.project.problems import Problem
from kerastui.engine.project.taking import given_to

T = TypeVar("T")

REMEMBERED = 5_000
"""Calls whose result is kept, so that a check costs only what an edit touched (some 5 ms a layer)."""


class Tensor(NamedTuple):
    """Shape and dtype of a value, with the batch axis first."""

    shape: tuple[int | None, ...]
    dtype: str


class _Given(NamedTuple):
    """What a layer was called with: the call, and its tensors by source."""

    call: Call
    tensors: Mapping[str, Tensor]

    def key(self) -> str:
        """Return a text that is the same for what the layer cannot tell apart."""
        named = {
            name: self.tensors[source] if isinstance(source, str) else [self.tensors[each] for each in source]
            for name, source in self.call.named.items()
        }
        settings = {name: value_to_plain(value) for name, value in self.call.arguments.items()}
        return repr(([self.tensors[source] for source in self.call.inputs], named, settings))


class _Outcome(NamedTuple):
    report: CallReport
    ports: Mapping[str, Tensor]
    problem: Problem | None = None


class _Waits(Exception):
    """Say that a call cannot be computed since something else is wrong."""


class Checker:
    """Compute shapes, parameter counts and errors of every call, and remember them from check to check.

    Nothing is allocated: layers are built inside a throw-away `tf.Graph`, where a Dense of 10^11 parameters takes
    16 ms and no memory. Only a table of words is made as it is, by `build_object`, for its size.

    Args:
        limit: Seconds that a call may take where the project has code of its own. Defaults to `LIMIT`.
    """

    def __init__(self, limit: float = LIMIT) -> None:
        self._limit = limit
        self._known: OrderedDict[str, _Outcome] = OrderedDict()

    def check(self, project: Project) -> Checked:
        """Check the graphs of a project: its own, and its models with the shapes that they declare.

        Args:
            project: A project whose references hold.

        Returns:
            A report for each call, and the problems of calls that cannot be computed.
        """
        with tf.Graph().as_default():
            checked = _Check(project, self._known, self._limit).run()
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return checked

    def forget(self) -> None:
        """Compute everything anew at the next check, since the project's own classes have changed."""
        self._known.clear()


class _Check:
    """One check of a project: each of its graphs once, models inside again where they are called with other shapes."""

    def __init__(self, project: Project, known: OrderedDict[str, _Outcome], limit: float) -> None:
        self.project, self.known, self.limit = project, known, limit
        self.wrong = {problem.subject: problem for problem in wrong_models(project)}
        self._declared: dict[str, _Pass] = {}
        self._called: dict[str, _Pass] = {}
        self._digests: dict[str, str] = {}

    def run(self) -> Checked:
        own = _Pass(self, self.project.graph, "").run()
        for key in self.project.models:
            self.declared(key)
        passes = {"": own, **{key: self._declared[key] for key in self.project.models}}
        return Checked(
            {place_of(key, node): each.reports[node] for key, each in passes.items() for node in each.graph.calls},
            tuple(problem for each in passes.values() for problem in each.problems),
            own.total("params"),
            own.total("trainable"),
        )

    def declared(self, key: str) -> _Pass:
        """Return what a model gives for the shapes that its inputs declare."""
        if key not in self._declared:
            self._declared[key] = _Pass(self, self.project.models[key], key).run()
        return self._declared[key]

    def called(self, key: str, inputs: Sequence[Tensor]) -> _Pass:
        """Return what a model gives for the shapes that it is called with.

        Raises:
            BuildError: It takes other inputs.
        """
        own = self.declared(key)
        given = _accepted(own.graph, inputs)
        if all(tensor == own.values[name][""] for name, tensor in given.items() if name in own.values):
            return own
        again = repr((key, given))
        if again not in self._called:
            self._called[again] = _Pass(self, own.graph, key, given, own).run()
        return self._called[again]

    def digest(self, key: str) -> str:
        """Return a text that changes with a model and the models in it."""
        if key not in self._digests:
            graph = self.project.models[key]
            held = [model for call, model in models_of(graph) if place_of(key, call) not in self.wrong]
            inner = [self.digest(each) for each in held]
            plain = repr((graph_to_plain(graph), inner))
            self._digests[key] = hashlib.sha256(plain.encode()).hexdigest()
        return self._digests[key]


class _Pass:
    """One pass over a graph, in the order of the wires.

    Args:
        check: The check that it is part of.
        graph: The graph.
        model: Id of the model that it is, `""` for the project's own.
        given: Shapes of the inputs by id where they are not those that it declares.
        first: The pass with those; its layers are built for them.
    """

    def __init__(
        self,
        check: _Check,
        graph: Graph,
        model: str,
        given: Mapping[str, Tensor] | None = None,
        first: _Pass | None = None,
    ) -> None:
        self.check, self.graph, self.model, self.given = check, graph, model, given
        self.values: dict[str, Mapping[str, Tensor]] = {}
        self.layers: dict[str, Any] = {}
        self.seen: dict[str, list[_Given]] = {key: list(calls) for key, calls in first.seen.items()} if first else {}
        self.reports: dict[str, CallReport] = {}
        self.problems: list[Problem] = []

    def run(self) -> _Pass:
        for key, value in self.graph.inputs.items():
            try:
                tensor = Tensor((None, *value.shape), keras.backend.standardize_dtype(value.dtype))
                self.values[key] = {"": self.given[key] if self.given else tensor}
            except ValueError as error:
                place = place_of(self.model, key)
                self.problems.append(Problem("error", "build", place, plain_message(error), "choose float32"))
        for node in order(self.graph):
            if node in self.graph.calls:
                self.reports[node] = self.report(node)
        return self

    def total(self, of: str) -> int:
        """Add up a number of the reports."""
        return sum(getattr(report, of) for report in self.reports.values())

    def report(self, node: str) -> CallReport:
        call = self.graph.calls[node]
        wanted = sources_of(call)
        if not wanted or any(source.partition(":")[0] not in self.values for source in wanted):
            return CallReport(waits=True)
        if (place := place_of(self.model, node)) in self.check.wrong:
            self.problems.append(self.check.wrong[place])
            return CallReport()
        try:
            given = _Given(call, {source: find(node, source, self.values) for source in wanted})
            outcome = self.outcome(node, given)
        except _Waits:
            return CallReport(waits=True)
        except BuildError as error:
            self.problems.append(Problem("error", "build", place, error.what, error.hint))
            return CallReport()
        self.seen.setdefault(call.layer, []).append(given)
        if outcome.problem is not None:
            self.problems.append(Problem("error", "build", place, outcome.problem.what, outcome.problem.hint))
        elif outcome.ports:
            self.values[node] = outcome.ports
        return outcome.report

    def outcome(self, node: str, given: _Given) -> _Outcome:
        """Compute a call, or remember what it gave.

        Raises:
            BuildError: It cannot be computed.
            _Waits: A model in it has a problem of its own.
        """
        layer = self.graph.layers[given.call.layer]
        if layer.class_name == MODEL:
            return self.model_outcome(node, layer, given)
        digests = [self.sound(key) for key in held_by(layer)]
        history = self.seen.get(given.call.layer, [])
        plain = value_to_plain(Spec(layer.class_name, layer.config))
        key = repr((plain, digests, [each.key() for each in history], given.key()))
        known = self.check.known
        if key not in known:
            known[key] = self.computed(node, layer, given, history)
        known.move_to_end(key)
        return known[key]

    def sound(self, key: str) -> str:
        """Return the digest of a model that can be made."""
        found = self.check.declared(key)
        ends = [source.partition(":")[0] for source in found.graph.outputs.values()]
        if found.problems or any(end not in found.values for end in ends):
            raise _Waits
        return self.check.digest(key)

    def model_outcome(self, node: str, layer: Layer, given: _Given) -> _Outcome:
        """Compute the call of a model of the project from what its own calls give."""
        name, key = layer_name(self.graph, given.call.layer), str(layer.config.get("model", ""))
        self.sound(key)
        sources = given_to(self.check.project.models[key], given.call)
        found = self.check.called(key, [given.tensors[source] for source in sources])
        if not found.graph.outputs:
            raise BuildError(node, f"the model of {name} has no output", "open it, and make a layer one with o")
        if found.given and found.problems:
            problem = found.problems[0]
            raise BuildError(node, f"{name} cannot take this: {problem.subject}: {problem.what}", problem.hint)
        ports = {port: find(node, source, found.values) for port, source in found.graph.outputs.items()}
        known = given.call.layer in self.seen
        first = found if not found.given else self.check.declared(found.model)
        params = (0, 0) if known else (first.total("params"), first.total("trainable"))
        if layer.config.get("trainable") is False:
            params = (params[0], 0)
        report = _report(ports, params, found.total("flops"), found.total("memory"), named=True)
        return _Outcome(report, ports)

    def computed(self, node: str, layer: Layer, given: _Given, history: Sequence[_Given]) -> _Outcome:
        def work() -> tuple[Any, dict[str, Tensor]]:
            made = None
            if not layer.class_name.startswith(OPERATION):
                made = self.layers.get(given.call.layer) or self.made(node, layer, given.call.layer, history)
            return made, _called(node, layer, made, given)

        try:
            name = layer_name(self.graph, given.call.layer)
            made, ports = _limited(node, name, work, self.check.limit) if catalog().own else work()
        except BuildError as error:
            return _Outcome(CallReport(), {}, error.problem())
        params = (0, 0) if history or made is None else (_count(made.weights), _count(made.trainable_weights))
        shapes = [given.tensors[source].shape for source in given.call.inputs]
        settings = {**layer.config, **given.call.arguments} if made is None else made
        flops = flops_of(layer.class_name, settings, shapes, [tensor.shape for tensor in ports.values()])
        return _Outcome(_report(ports, params, flops, sum(map(_bytes, ports.values()))), ports)

    def made(self, node: str, layer: Layer, key: str, history: Sequence[_Given]) -> Any:
        """Make a layer, and build it by the calls before this one."""
        made = self.layers[key] = make_layer(node, layer, Builder(self.check.project.models).inside)
        for earlier in history:
            _called(node, layer, made, earlier)
        return made


def _limited(node: str, name: str, work: Callable[[], T], limit: float) -> T:
    """Make and call a layer in a thread of its own, since code of the project's own may not end.

    Raises:
        BuildError: It took too long.
    """
    graph, settings = tf.compat.v1.get_default_graph(), caller_settings(seeded=False)  # both belong to a thread

    def inside() -> T:
        with settings, graph.as_default():
            return work()

    try:
        return run_limited(inside, name, limit)
    except Endless as error:
        place = place_of_lines(error.at)
        what = f"making and calling {name} took longer than {limit:g} s and was ended"
        raise BuildError(node, f"{place}: {what}" if place else what, "look for a loop without an end") from None


def _called(node: str, layer: Layer, made: Any, given: _Given) -> dict[str, Tensor]:
    values = {source: keras.KerasTensor(*tensor) for source, tensor in given.tensors.items()}
    ports = call_layer(node, layer, made, given.call, values, None)
    return {port: Tensor(tuple(tensor.shape), str(tensor.dtype)) for port, tensor in ports.items()}


def _accepted(graph: Graph, inputs: Sequence[Tensor]) -> dict[str, Tensor]:
    """Return what the inputs of a model become for the tensors that it is called with.

    Raises:
        BuildError: It takes another number of them, or other shapes.
    """
    names = ", ".join(value.name or key for key, value in graph.inputs.items())
    if len(inputs) != len(graph.inputs):
        s = "" if len(graph.inputs) == 1 else "s"
        what = f"the model takes {len(graph.inputs)} input{s} ({names}), gets {len(inputs)}"
        raise BuildError("", what, "connect a layer to it with c" if len(inputs) < len(graph.inputs) else "cut a wire")
    found: dict[str, Tensor] = {}
    for (key, value), given in zip(graph.inputs.items(), inputs, strict=True):
        wanted = (None, *value.shape)
        squeezed = abs(len(given.shape) - len(wanted)) == 1 and 1 in (given.shape[-1], wanted[-1])
        shape = wanted if squeezed else given.shape
        if len(shape) != len(wanted) or any(a != b for a, b in zip(shape, wanted, strict=True) if a and b):
            what = f"{value.name or key} takes {show_shape(wanted)}, gets {show_shape(given.shape)}"
            raise BuildError("", what, "give both the same shape, or open the model and change its input")
        found[key] = Tensor(shape, keras.backend.standardize_dtype(value.dtype))
    return found


def _report(
    ports: Mapping[str, Tensor], params: tuple[int, int], flops: int, memory: int, named: bool = False
) -> CallReport:
    first = next(iter(ports.values()))
    several = named or len(ports) > 1
    outputs = tuple(TensorReport(port, *tensor) for port, tensor in ports.items()) if several else ()
    return CallReport(first.shape, first.dtype, *params, outputs=outputs, flops=flops, memory=memory)


def _bytes(tensor: Tensor) -> int:
    if tensor.dtype == "string":
        return 0
    size: int = tf.as_dtype(tensor.dtype).size
    return values_in(tensor.shape) * size


def _count(weights: Sequence[Any]) -> int:
    total = 0
    for weight in weights:
        size = 1
        for axis in weight.shape:
            size *= axis or 1
        total += size
    return total
