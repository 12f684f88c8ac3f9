"""From the graph of a functional or sequential model to the document's: inputs, layers, calls, outputs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from kerastui.engine.catalog.catalog import catalog
from kerastui.engine.importing.operations import steps_of
from kerastui.engine.importing.values import Known, Unheld, spec_of
from kerastui.engine.keras_private import calls_by_depth, calls_of, keras, mask_of, origin
from kerastui.engine.project.checks import LEARNED
from kerastui.engine.project.document import Call, Graph, Input, Layer, Spec


class Refusal(NamedTuple):
    """Name what a project cannot hold.

    Args:
        name: Name of the layer or operation.
        why: The reason, in a few words.
    """

    name: str
    why: str


class Found(NamedTuple):
    """What became of a model.

    Args:
        graph: Its graph.
        layers: The Keras layers whose weights the layers of the graph take, by id.
        refusals: What is missing from the graph.
        notes: What is in it and not quite the same.
    """

    graph: Graph
    layers: dict[str, Any]
    refusals: list[Refusal]
    notes: list[str]


def graph_of(model: Any) -> Found:
    """Turn the graph of a model into the document's.

    A model inside it is dissolved into its layers, which take its name in front of theirs; if it is called twice, its
    layers are shared, and function and weights stay what they were.

    Args:
        model: A functional or built sequential model.
    """
    reader = _Reader()
    sources = [reader.input(tensor) for tensor in _functional(model).inputs]
    ends = reader.walk(model, "", sources)
    outputs = {name: end for name, end in zip(output_names(model), ends, strict=True) if end}
    graph = Graph(reader.inputs, reader.layers, reader.calls, outputs)
    return Found(graph, reader.sources, list(dict.fromkeys(reader.refusals)), list(dict.fromkeys(reader.notes)))


def output_names(model: Any) -> list[str]:
    """Return a name for each output: its key where the model gives a dict, else what Keras calls it."""
    structure = _functional(model)._outputs_struct
    if isinstance(structure, dict) and all(isinstance(item, keras.KerasTensor) for item in structure.values()):
        return sorted(structure)
    return _numbered([origin(tensor)[0].name for tensor in model.outputs])


def is_graph(model: Any) -> bool:
    """Tell whether a model is a graph of layers and nothing else: functional or built sequential, no class of its own.

    Args:
        model: A Keras model.
    """
    plain = type(model).__name__ in ("Functional", "Sequential", "Model")
    ours = type(model).__module__.startswith(("kerastui.engine.", "keras.src."))
    return plain and ours and bool(calls_by_depth(model))


class _Reader:
    """Collect inputs, layers and calls, going through the calls of a model in their order."""

    def __init__(self) -> None:
        self.inputs: dict[str, Input] = {}
        self.layers: dict[str, Layer] = {}
        self.calls: dict[str, Call] = {}
        self.sources: dict[str, Any] = {}
        self.refusals: list[Refusal] = []
        self.notes: list[str] = []
        self._ids: dict[tuple[int, str], str] = {}
        self._kept: list[Any] = []
        self._known = Known()

    def input(self, tensor: Any) -> str:
        """Take an input of the model; return its id."""
        layer = origin(tensor)[0]
        key = self._free(layer.name)
        self.inputs[key] = Input(tuple(tensor.shape[1:]), str(tensor.dtype))
        if tensor.shape and tensor.shape[0] is not None:
            self.notes.append(f"the batch size {tensor.shape[0]} of {layer.name}")
        if getattr(layer, "sparse", False) or getattr(layer, "ragged", False) or getattr(layer, "optional", False):
            self.refusals.append(Refusal(layer.name, "a sparse, ragged or optional input"))
        return key

    def walk(self, model: Any, prefix: str, sources: list[str]) -> list[str]:
        """Go through the calls of a model.

        Args:
            model: The model.
            prefix: What stands before the names of its layers.
            sources: Ids of what its inputs take.

        Returns:
            The id of each output, `""` where it cannot be had.
        """
        graph = _functional(model)
        values = {id(tensor): source for tensor, source in zip(graph.inputs, sources, strict=True)}
        calls = [call for depth in calls_by_depth(model) for call in depth if call.input_tensors]
        for call in _needed(calls, graph.outputs, values):
            try:
                given = self._take(call, prefix, values)
            except Unheld as error:
                self.refusals.append(Refusal(f"{prefix}{call.operation.name}", str(error)))
                given = []
            values |= {id(tensor): key for tensor, key in zip(call.output_tensors, given, strict=False)}
        return [self._value(tensor, values, prefix) for tensor in graph.outputs]

    def _take(self, call: Any, prefix: str, values: Mapping[int, str]) -> list[str]:
        """Take one call; return the ids of its values, none where something before it is missing."""
        operation = call.operation
        if is_graph(operation):
            given = [self._value(tensor, values, prefix) for tensor in _handed_over(call)]
            return self.walk(operation, f"{prefix}{operation.name}_", given) if all(given) else []
        if _is_public(operation):
            taken = [self._value(tensor, values, prefix) for tensor in inputs_of(call)]
            layer = self._layer(f"{prefix}{operation.name}", operation, "", None, True)
            return [self._call(layer, taken)] if all(taken) else []
        if isinstance(operation, keras.Model):
            raise Unheld(f"{type(operation).__name__} is a model of a class of its own")
        done: list[str] = []
        for step in steps_of(call):
            given = [done[item] if isinstance(item, int) else self._value(item, values, prefix) for item in step.inputs]
            name, spec = f"{prefix}{operation.name}{step.suffix}", Spec(step.class_name, step.config)
            layer = self._layer(name, operation, step.suffix, spec, step.has_weights)
            if not all(given):
                return []
            done.append(self._call(layer, given))
        return done[-1:]

    def _value(self, tensor: Any, values: Mapping[int, str], prefix: str) -> str:
        """Return the id of what gives a tensor, `""` where that was refused."""
        if id(tensor) in values:
            return values[id(tensor)]
        operation, _, index = origin(tensor)
        if index:
            what = f"its value {index + 1} is used, and a project takes the first of several"
            self.refusals.append(Refusal(f"{prefix}{operation.name}", what))
        return ""

    def _layer(self, name: str, operation: Any, part: str, spec: Spec | None, has_weights: bool) -> str:
        """Return the id of a layer, taken when it is first called; of its own class and arguments without a `spec`."""
        found = self._ids.get((id(operation), part))
        if found is None:
            spec = spec or self._spec(operation)
            found = self._ids[id(operation), part] = self._free(name)
            self._kept.append(operation)  # an id is that of an object only as long as there is the object
            self.layers[found] = Layer(spec.class_name, spec.config)
            if has_weights and operation.weights:
                self.sources[found] = operation
        return found

    def _call(self, layer: str, inputs: list[str]) -> str:
        key = layer if layer not in self.calls else self._free(layer)
        self.calls[key] = Call(layer, tuple(inputs))
        return key

    def _spec(self, layer: Any) -> Spec:
        return spec_of(layer, "layer", self._known, _learned(layer) if type(layer).__name__ in LEARNED else {})

    def _free(self, name: str) -> str:
        wanted = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
        wanted = wanted if wanted[:1].isalnum() else f"layer{wanted}"
        key, number = wanted, 0
        while key in self.inputs or key in self.layers or key in self.calls:
            number += 1
            key = f"{wanted}_{number}"
        return key


def inputs_of(call: Any) -> list[Any]:
    """Return the tensors that a public layer takes, in the order in which the document has them.

    Args:
        call: The call of a layer.

    Raises:
        Unheld: It takes something that the document's calls cannot name.
    """
    layer = call.operation
    entry = catalog().layer(type(layer).__name__)
    if entry is None:
        raise Unheld(f"{type(layer).__name__} is no public layer of Keras")
    parameters = inspect.signature(layer.call).parameters
    bound = inspect.signature(layer.call).bind(*call.arguments.args, **call.arguments.kwargs).arguments
    given = {name: value for name, value in bound.items() if not _says_nothing(name, value, parameters, bound)}
    names = [name for name in entry.tensors if name in given] if entry.inputs == "many" else list(given)[:1]
    for name in given:
        if name not in names:
            plain = isinstance(given[name], bool | int | float | str)
            raise Unheld(f"called with {name}{f'={given[name]!r}' if plain else ''}")
    if entry.inputs == "list":
        return _listed(given[names[0]])
    if names != list(entry.tensors[: len(names)]) and entry.inputs == "many":
        raise Unheld(f"called with {', '.join(names)} and not {entry.tensors[len(names) - 1]}")
    tensors = [given[name] for name in names]
    if not all(isinstance(tensor, keras.KerasTensor) for tensor in tensors):
        raise Unheld("called with a list or dict of tensors")
    return tensors


def _listed(value: Any) -> list[Any]:
    fits = isinstance(value, list | tuple) and all(isinstance(item, keras.KerasTensor) for item in value)
    if not fits or len(value) < 2:
        raise Unheld("called with something other than a list of two or more tensors")
    return list(value)


def _says_nothing(name: str, value: Any, parameters: Mapping[str, Any], bound: Mapping[str, Any]) -> bool:
    """Tell whether an argument of a call is what Keras puts there by itself."""
    if name == "training":
        return not value or value == parameters[name].default
    if _has_tensors(value):
        of = name.removesuffix("_mask") if name.endswith("_mask") else next(iter(bound))
        return name.endswith("mask") and of in bound and _is_automatic(value, bound[of])
    usual = parameters[name].default
    return not keras.tree.flatten(value) or value is None or (usual is not inspect.Parameter.empty and value == usual)


def _is_automatic(mask: Any, tensors: Any) -> bool:
    """Tell whether a mask is the one that the layers before attach to a tensor."""
    expected = keras.tree.flatten(keras.tree.map_structure(mask_of, tensors))
    given = keras.tree.flatten(mask)
    return len(given) == len(expected) and all(_same(a, b) for a, b in zip(given, expected, strict=True))


def _same(a: Any, b: Any) -> bool:
    """Compare what two tensors are computed from, as far as operations go; tensors of layers are themselves."""
    if a is b:
        return True
    if not (isinstance(a, keras.KerasTensor) and isinstance(b, keras.KerasTensor)):
        return not (isinstance(a, keras.KerasTensor) or isinstance(b, keras.KerasTensor)) and bool(a == b)
    (first, call, index), (second, other, position) = origin(a), origin(b)
    if type(first) is not type(second) or index != position or isinstance(first, keras.layers.Layer):
        return False
    left, right = _made_from(first, call), _made_from(second, other)
    return len(left) == len(right) and all(_same(x, y) for x, y in zip(left, right, strict=True))


def _made_from(operation: Any, call: int) -> list[Any]:
    """List what an operation is called with and how it is set."""
    arguments = calls_of(operation)[call].arguments
    settings = [item for key, item in sorted(operation.get_config().items()) if key != "name"]
    return list(keras.tree.flatten((arguments.args, arguments.kwargs, settings)))


def _needed(calls: list[Any], outputs: Iterable[Any], inputs: Mapping[int, str]) -> list[Any]:
    """Return the calls that the outputs need: those that only compute masks are made again by the layers."""
    maker = {id(tensor): call for call in calls for tensor in call.output_tensors}
    wanted: set[int] = set()
    waiting = list(outputs)
    while waiting:
        tensor = waiting.pop()
        call = maker.get(id(tensor))
        if call is None or id(call) in wanted or id(tensor) in inputs:
            continue
        wanted.add(id(call))
        waiting.extend(_used(call))
    return [call for call in calls if id(call) in wanted]


def _used(call: Any) -> list[Any]:
    if _is_public(call.operation):
        try:
            return inputs_of(call)
        except Unheld:
            pass
    return [item for item in keras.tree.flatten((call.arguments.args, call.arguments.kwargs)) if _has_tensors(item)]


def _handed_over(call: Any) -> list[Any]:
    """Return what a model inside the model is called with, in the order of its inputs."""
    named = dict(call.arguments.kwargs)
    given = call.arguments.args[0] if call.arguments.args else named.pop("inputs")
    for name, value in named.items():
        if (_has_tensors(value) and not _is_automatic(value, given)) or (name == "training" and value):
            raise Unheld(f"called with {name}{'' if _has_tensors(value) else f'={value!r}'}")
    graph = _functional(call.operation)
    if isinstance(given, dict) and not isinstance(graph._inputs_struct, dict):
        return [given[origin(tensor)[0].name] for tensor in graph.inputs]
    return list(keras.tree.flatten(given))


def _learned(layer: Any) -> dict[str, Any]:
    """Return as arguments what a layer was told, or learned from data and keeps beside its weights."""
    if isinstance(layer, keras.layers.Discretization):
        found = layer.bin_boundaries
        return {} if found is None else {"bin_boundaries": [float(item) for item in found], "num_bins": None}
    words = list(layer.get_vocabulary(include_special_tokens=False))
    return {"vocabulary": words} if words else {}


def _functional(model: Any) -> Any:
    return getattr(model, "_functional", None) or model


def _is_public(operation: Any) -> bool:
    cls = type(operation)
    return getattr(keras.layers, cls.__name__, None) is cls


def _has_tensors(value: Any) -> bool:
    return any(isinstance(item, keras.KerasTensor) for item in keras.tree.flatten(value))


def _numbered(names: list[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        key, number = name, 0
        while key in found:
            number += 1
            key = f"{name}_{number}"
        found.append(key)
    return found
