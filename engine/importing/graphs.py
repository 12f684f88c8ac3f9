"""From the graph of a functional or sequential model to the document's: inputs, layers, calls, outputs, models."""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from kerastui.engine.importing.calls import Taken, functional, needed, taken_by_layer, taken_by_model
from kerastui.engine.importing.operations import steps_of, taken_by_function
from kerastui.engine.importing.sharing import dissolved
from kerastui.engine.importing.values import Known, Unheld, lambda_spec, own_spec, spec_of, wrapper_of
from kerastui.engine.keras_private import calls_by_depth, keras, operations_of, origin
from kerastui.engine.project.checks import LEARNED
from kerastui.engine.project.document import MODEL, Call, Graph, Input, Layer, Spec, Structure
from kerastui.engine.project.graph import NAME, wired


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
        models: The graphs of models inside, by id.
        layers: The Keras layers whose weights the layers of the graph take, by path: `dense`, `encoder/dense`.
        refusals: What is missing from the graph.
        notes: What is in it and not quite the same.
    """

    graph: Graph
    models: dict[str, Graph]
    layers: dict[str, Any]
    refusals: list[Refusal]
    notes: list[str]


def graph_of(model: Any, own: Mapping[Any, str] = MappingProxyType({}), keep_code: bool = False) -> Found:
    """Turn the graph of a model into the document's.

    A model inside it becomes a model of the project. Where a layer with weights is used in two models, those are
    dissolved into their layers, which take the model's name in front of theirs: function and weights stay the same.

    Args:
        model: A functional or built sequential model.
        own: Classes of the project's own code, with the name that the document has for each. Defaults to none.
        keep_code: Whether a `Lambda` is kept, as a layer that names its function and cannot be built. Defaults to
            False: it is refused.
    """
    shared = _Shared(own, dissolved(model, is_graph), keep_code)
    graph = _Reader(shared, "", model, {}).read()
    return Found(
        graph,
        shared.models,
        shared.weights,
        list(dict.fromkeys(shared.refusals)),
        list(dict.fromkeys(shared.notes)),
    )


def output_names(model: Any) -> list[str]:
    """Return a name for each output: its key where the model gives a dict, else what Keras calls it."""
    structure = functional(model)._outputs_struct
    if _is_dict(structure) and all(isinstance(key, str) for key in structure):
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


def is_own_graph(model: Any, own: Mapping[Any, str]) -> bool:
    """Tell whether a model is a graph of layers made as a class of the project's own, by `VAE(inputs, outputs)`.

    Args:
        model: A Keras model.
        own: Classes of the project's own code.
    """
    cls = own_class(model, own)
    if cls is None or not calls_by_depth(functional(model)):
        return False
    takes = inspect.signature(cls.__init__).parameters.values()
    needed = [each.name for each in takes if each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD]
    return set(needed) <= {"self", "inputs", "outputs"}


def own_class(model: Any, own: Mapping[Any, str]) -> Any:
    """Return the class of the project's own code that a model is made as, or `None`; ours are of one below."""
    return next((cls for cls in type(model).__mro__ if cls in own), None)


class _Shared:
    """What all graphs of a model have in common."""

    def __init__(self, own: Mapping[Any, str], apart: set[int], keep_code: bool) -> None:
        self.own, self.apart, self.keep_code = own, apart, keep_code
        self.models: dict[str, Graph] = {}
        self.weights: dict[str, Any] = {}
        self.refusals: list[Refusal] = []
        self.notes: list[str] = []
        self.known = Known()
        self.kept: list[Any] = []

    def model(self, made: Any, path: str | None, owners: dict[int, str]) -> str:
        """Read a model inside; return its id.

        Args:
            made: The model.
            path: Path of the layer that it is, with which those of its layers begin; `None` where they have no
                weights of their own, as in a wrapper.
            owners: Names of the layers beside and around it that have weights, by the `id` of each variable.
        """
        key = _free(made.name, self.models)
        self.models[key] = Graph()
        self.models[key] = _Reader(self, path, made, owners).read()
        return key


class _Reader:
    """Collect inputs, layers and calls of one graph, going through the calls of a model in their order."""

    def __init__(self, shared: _Shared, path: str | None, model: Any, owners: dict[int, str]) -> None:
        self.shared, self.path, self.model, self.owners = shared, path, model, owners
        self.inputs: dict[str, Input] = {}
        self.layers: dict[str, Layer] = {}
        self.calls: dict[str, Call] = {}
        self._ids: dict[tuple[int, str], str] = {}
        self._names = {each.name for each in operations_of(functional(model))}

    def read(self) -> Graph:
        """Return the graph of the model."""
        graph = functional(self.model)
        given = graph._inputs_struct
        if self.path == "":  # how a model inside takes and gives its own, nobody sees
            self.check_ends(given, graph._outputs_struct)
        keys = {id(tensor): key for key, tensor in given.items()} if isinstance(given, dict) else {}
        sources = [self.input(tensor, keys.get(id(tensor))) for tensor in graph.inputs]
        ends = self.walk(self.model, "", sources)
        outputs = {name: end for name, end in zip(output_names(self.model), ends, strict=True) if end}
        takes: Structure = "dict" if _is_dict(given) else "list" if _is_list_of_one(given) else ""
        return Graph(self.inputs, self.layers, self.calls, outputs, takes, _gives(graph._outputs_struct))

    def check_ends(self, takes: Any, gives: Any) -> None:
        """Refuse inputs and outputs that are not one tensor, a list or a dict by text."""
        for ends, structure in (("inputs", takes), ("outputs", gives)):
            items = structure.values() if isinstance(structure, dict) else structure
            if isinstance(structure, dict | list | tuple) and not all(
                isinstance(item, keras.KerasTensor) for item in items
            ):
                self._refuse(self.model.name, f"{ends} in a structure within a structure")
        if isinstance(gives, dict) and not all(isinstance(key, str) for key in gives):
            self._refuse(self.model.name, "outputs with keys that are no text")

    def input(self, tensor: Any, name: Any) -> str:
        """Take an input of the model, and its key where they come in a dict; return its id."""
        layer = origin(tensor)[0]
        if name is not None and not (isinstance(name, str) and NAME.fullmatch(name)):
            self._refuse(layer.name, f"the key {name!r} of this input: letters, digits, _, - and . make a name")
            name = None
        key = self._free(name or layer.name)
        self.inputs[key] = Input(tuple(tensor.shape[1:]), str(tensor.dtype), name if name not in (None, key) else "")
        if tensor.shape and tensor.shape[0] is not None:
            self.shared.notes.append(f"the batch size {tensor.shape[0]} of {layer.name}")
        if getattr(layer, "sparse", False) or getattr(layer, "ragged", False) or getattr(layer, "optional", False):
            self._refuse(layer.name, "a sparse, ragged or optional input")
        return key

    def walk(self, model: Any, prefix: str, sources: list[str]) -> list[str]:
        """Go through the calls of a model.

        Args:
            model: The model.
            prefix: What stands before the names of its layers.
            sources: Sources of what its inputs take.

        Returns:
            The source of each output, `""` where it cannot be had.
        """
        graph = functional(model)
        values = {id(tensor): source for tensor, source in zip(graph.inputs, sources, strict=True)}
        calls = [call for depth in calls_by_depth(model) for call in depth if call.input_tensors]
        for call in needed(calls, graph.outputs, values, self._used):
            try:
                given = self._take(call, prefix, values)
            except Unheld as error:
                self._refuse(f"{prefix}{call.operation.name}", str(error))
                given = []
            values |= {id(tensor): key for tensor, key in zip(call.output_tensors, given, strict=False)}
        return [values.get(id(tensor), "") for tensor in graph.outputs]

    def _take(self, call: Any, prefix: str, values: Mapping[int, str]) -> list[str]:
        """Take one call; return the sources of its values, none where something before it is missing."""
        operation = call.operation
        name = f"{prefix}{operation.name}"
        if is_graph(operation):
            return self._model(call, name, values)
        if _is_public(operation) or type(operation) in self.shared.own:
            layer = self._layer(name, operation, "", None, True)
            key = self._call(layer, taken_by_layer(call, self._class_name(operation)), values)
            return [wired(key, str(place) if place else "") for place in range(len(call.output_tensors))] if key else []
        if isinstance(operation, keras.Model):
            raise Unheld(f"{type(operation).__name__} is a model of a class of its own")
        if not isinstance(operation, keras.layers.Layer):
            spec, taken = taken_by_function(call)
            key = self._call(self._layer(name, operation, "", spec, False), taken, values)
            return [wired(key, str(place) if place else "") for place in range(len(call.output_tensors))] if key else []
        return self._steps(call, name, values)

    def _class_name(self, operation: Any) -> str:
        return self.shared.own.get(type(operation), type(operation).__name__)

    def _model(self, call: Any, name: str, values: Mapping[int, str]) -> list[str]:
        operation, taken = call.operation, taken_by_model(call)
        if id(operation) in self.shared.apart:
            if taken.named or taken.arguments:
                raise Unheld(f"called with {', '.join((*taken.named, *taken.arguments))}")
            given = [values.get(id(tensor), "") for tensor in taken.inputs]
            return self.walk(operation, f"{name}_", given) if all(given) else []
        layer = self._ids.get((id(operation), ""))
        if layer is None:
            layer = self._free(name)
            self.layers[layer] = Layer(MODEL)  # so that nothing inside takes its id
            path = None if self.path is None else f"{self.path}{layer}/"
            model = self.shared.model(operation, path, self.owners)
            self.layers[layer] = Layer(MODEL, {"model": model})
            self._keep(operation, "", layer)
        key = self._call(layer, taken, values)
        names = output_names(operation)
        return [wired(key, port if len(names) > 1 else "") for port in names] if key else []

    def _steps(self, call: Any, name: str, values: Mapping[int, str]) -> list[str]:
        done: list[str] = []
        for step in steps_of(call):
            given = [done[item] if isinstance(item, int) else values.get(id(item), "") for item in step.inputs]
            spec = Spec(step.class_name, step.config)
            layer = self._layer(f"{name}{step.suffix}", call.operation, step.suffix, spec, step.has_weights)
            if not all(given):
                return []
            done.append(self._add(Call(layer, tuple(given))))
        return done[-1:]

    def _used(self, call: Any) -> list[Any]:
        """Return the tensors that a call takes and that are not made again by themselves, as masks are."""
        try:
            if is_graph(call.operation):
                return taken_by_model(call).tensors()
            if _is_public(call.operation) or type(call.operation) in self.shared.own:
                return taken_by_layer(call, self._class_name(call.operation)).tensors()
        except Unheld:
            pass
        flat = keras.tree.flatten((call.arguments.args, call.arguments.kwargs))
        return [item for item in flat if isinstance(item, keras.KerasTensor)]

    def _layer(self, name: str, operation: Any, part: str, spec: Spec | None, has_weights: bool) -> str:
        """Return the id of a layer, taken when it is first called; of its own class and arguments without a `spec`."""
        found = self._ids.get((id(operation), part))
        if found is None:
            spec = spec or self._spec(operation)
            found = self._free(name)
            self._keep(operation, part, found)
            self.layers[found] = Layer(spec.class_name, spec.config)
            if has_weights and operation.weights:
                self._own(name, operation)
                if self.path is not None:
                    self.shared.weights[f"{self.path}{found}"] = operation
        return found

    def _own(self, name: str, layer: Any) -> None:
        """Note whose the weights of a layer are; refuse it where another has them too, as what a wrapper is around."""
        ids = {id(weight) for weight in layer.weights}
        others = dict.fromkeys(self.owners[each] for each in ids if each in self.owners)
        if others:
            self._refuse(name, f"shares weights with {', '.join(others)}: in a project, only calls of one layer do")
        self.owners |= dict.fromkeys(ids, name)

    def _keep(self, operation: Any, part: str, key: str) -> None:
        self._ids[id(operation), part] = key
        self.shared.kept.append(operation)  # an id is that of an object only as long as there is the object

    def _call(self, layer: str, taken: Taken, values: Mapping[int, str]) -> str:
        """Add a call; return its id, `""` where something that it takes is missing."""
        if not all(id(tensor) in values for tensor in taken.tensors()) or not taken.tensors():
            return ""
        named: dict[str, str | tuple[str, ...]] = {}
        for argument, item in taken.named.items():
            one = isinstance(item, keras.KerasTensor)
            named[argument] = values[id(item)] if one else tuple(values[id(each)] for each in item)
        inputs = tuple(values[id(tensor)] for tensor in taken.inputs)
        return self._add(Call(layer, inputs, named, taken.arguments))

    def _add(self, call: Call) -> str:
        key = call.layer if call.layer not in self.calls else self._free(call.layer)
        self.calls[key] = call
        return key

    def _spec(self, layer: Any) -> Spec:
        if type(layer) in self.shared.own:
            return own_spec(type(layer), layer.get_config(), self.shared.own[type(layer)])
        if isinstance(layer, keras.layers.Lambda) and self.shared.keep_code:
            self.shared.notes.append(f"the code of {layer.name}, a Lambda")
            return lambda_spec(layer)
        inner = getattr(layer, "layer", None)
        if isinstance(inner, keras.Model) and is_graph(inner):
            return wrapper_of(layer, self.shared.model(inner, None, {}), self.shared.known)
        learned = _learned(layer) if type(layer).__name__ in LEARNED else {}
        return spec_of(layer, "layer", self.shared.known, learned)

    def _refuse(self, name: str, why: str) -> None:
        self.shared.refusals.append(Refusal(name, why))

    def _free(self, name: str) -> str:
        return _free(name, (*self.inputs, *self.layers, *self.calls), self._names)


def _free(name: str, taken: Collection[str], names: Collection[str] = ()) -> str:
    """Return a free id as near to a name as can be, none of the other `names`: who bears one gets it."""
    wanted = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
    wanted = wanted if wanted[:1].isalnum() else f"layer{wanted}"
    key, number = wanted, 0
    while key in taken or (key != name and key in names):
        number += 1
        key = f"{wanted}_{number}"
    return key


def _is_dict(structure: Any) -> bool:
    return isinstance(structure, dict) and all(isinstance(item, keras.KerasTensor) for item in structure.values())


def _is_list_of_one(structure: Any) -> bool:
    return isinstance(structure, list | tuple) and len(structure) == 1


def _gives(structure: Any) -> Structure:
    if isinstance(structure, dict):
        return "dict" if len(structure) == 1 else ""
    return "list" if isinstance(structure, list | tuple) else ""


def _learned(layer: Any) -> dict[str, Any]:
    """Return as arguments what a layer was told, or learned from data and keeps beside its weights."""
    if isinstance(layer, keras.layers.Discretization):
        found = layer.bin_boundaries
        return {} if found is None else {"bin_boundaries": [float(item) for item in found], "num_bins": None}
    words = list(layer.get_vocabulary(include_special_tokens=False))
    return {"vocabulary": words} if words else {}


def _is_public(operation: Any) -> bool:
    cls = type(operation)
    return getattr(keras.layers, cls.__name__, None) is cls


def _numbered(names: list[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        key, number = name, 0
        while key in found:
            number += 1
            key = f"{name}_{number}"
        found.append(key)
    return found
