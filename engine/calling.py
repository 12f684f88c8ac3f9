"""Layers of the document as Keras has them, and their calls on tensors. Imports Keras."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np

from kerastui.engine.catalog.catalog import Entry, catalog
from kerastui.engine.catalog.check import check_config
from kerastui.engine.catalog.objects import build_object
from kerastui.engine.explain import explain_argument, explain_call
from kerastui.engine.keras_private import name_operations
from kerastui.engine.misfits import misfit
from kerastui.engine.project.document import MODEL, Call, Graph, Layer, Spec, Value
from kerastui.engine.project.graph import node_of, port_of
from kerastui.engine.project.problems import Problem
from kerastui.engine.project.taking import given_to, nested, parts

OPERATION = "ops."
"""What the class of a function of `keras.ops` begins with."""

Ports = Mapping[str, Any]
"""Outputs of a call by port, the first one first."""


class BuildError(ValueError):
    """Say which part of the graph cannot be built, and why.

    Args:
        node: Place of the call or input, `""` for the whole graph.
        what: What is wrong, one line.
        hint: What to do next, or `""`.
    """

    def __init__(self, node: str, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.node, self.what, self.hint = node, what, hint

    def problem(self) -> Problem:
        """Return it as a problem of the Build stage."""
        return Problem("error", "build", self.node, self.what, self.hint)


def make_layer(node: str, layer: Layer, inside: Callable[[Spec], Any], name: str | None = None) -> Any:
    """Construct a Keras layer from the document.

    Args:
        node: Place of the call it is made for, named in errors.
        layer: Class and arguments; no operation.
        inside: Makes the model that a `Spec` of class `MODEL` names.
        name: Name for Keras; chosen by Keras when `None`.

    Raises:
        BuildError: There is no such class, or the constructor refuses its arguments.
    """
    spec = Spec(layer.class_name, layer.config)
    try:
        made = inside(spec) if layer.class_name == MODEL else build_object(spec, "layer", "", inside, name or "")
    except BuildError:
        raise
    except Exception as error:
        raise BuildError(node, explain_argument(error), "put the argument right in the inspector") from None
    if name is not None:
        made.name = name
    return made


def find(node: str, source: str, values: Mapping[str, Ports]) -> Any:
    """Return the value that a source names.

    Args:
        node: Place of the call that takes it, named in errors.
        source: Id of an input or call, and perhaps a port.
        values: Outputs of inputs and calls, by id.

    Raises:
        BuildError: There is no such output.
    """
    ports, port = values[node_of(source)], port_of(source)
    if not port:
        return next(iter(ports.values()))
    if port not in ports:
        what = f"{node_of(source)} has no output {port}"
        raise BuildError(node, what, f"its outputs are {', '.join(ports)}" if len(ports) > 1 else "it has one output")
    return ports[port]


def sources_of(call: Call) -> list[str]:
    """Return every source that a call takes a tensor from, each once."""
    named = [source for each in call.named.values() for source in ((each,) if isinstance(each, str) else each)]
    return list(dict.fromkeys((*call.inputs, *named)))


def ports_of(result: Any, names: Sequence[str] = ()) -> dict[str, Any]:
    """Return the tensors of what a call gave, by port: the keys of a dictionary, else numbers.

    Args:
        result: What the layer returned.
        names: Names of the outputs, where the layer is a model of the project.
    """
    if isinstance(result, dict) and all(isinstance(item, keras.KerasTensor) for item in result.values()):
        return {name: result[name] for name in names or result}
    leaves = keras.tree.flatten(result)
    keys = names or [str(number) for number in range(len(leaves))]
    return {key: leaf for key, leaf in zip(keys, leaves, strict=False) if isinstance(leaf, keras.KerasTensor)}


def call_layer(node: str, layer: Layer, made: Any, call: Call, values: Mapping[str, Any], graph: Graph | None) -> Ports:
    """Call a Keras layer on its inputs.

    Args:
        node: Place of the call, named in errors.
        layer: Class and arguments.
        made: The Keras layer; anything for an operation.
        call: What it takes.
        values: Tensors by source.
        graph: Graph of a layer of class `MODEL`.

    Returns:
        Its outputs by port.

    Raises:
        BuildError: The layer takes another number of inputs, or refuses their shapes.
    """
    inner = {} if graph is None else graph.inputs
    inputs = [values[source] for source in (call.inputs if graph is None else given_to(graph, call))]
    named = {key: _named(layer, key, source, values) for key, source in call.named.items() if key not in inner}
    _check_states(node, layer, call)
    shapes = [tuple(item.shape) for item in keras.tree.flatten([inputs, list(named.values())])]
    entry = catalog().layer(layer.class_name)
    if wrong := misfit(layer.class_name, layer.config, shapes[: len(inputs)]):
        raise BuildError(node, *wrong)
    if graph is not None:
        positional: list[Any] = [_structured(node, graph, inputs)]
    elif layer.class_name.startswith(OPERATION):
        positional = []
        named |= _operands(node, layer, entry, call, inputs)
    else:
        positional = _positional(node, layer, entry, inputs)
    try:
        settings = {key: constant(value) for key, value in call.arguments.items()}
        result = (made or operation(layer))(*positional, **named, **settings)
    except BuildError:
        raise
    except Exception as error:
        raise BuildError(node, *explain_call(error, layer.class_name, shapes)) from None
    ports = ports_of(result, list(graph.outputs) if graph is not None else ())
    if not ports:
        raise BuildError(node, f"{layer.class_name} gives no value")
    return ports


def name_operation(name: str, ports: Ports, inputs: Sequence[Any]) -> None:
    """Give the operations of a function of `keras.ops` the name of its call, so that a model has the same names again.

    Args:
        name: Name for the operation that gives the value; those on the way to it get it with a number.
        ports: What the function gave.
        inputs: What it took.
    """
    name_operations(name, list(ports.values()), inputs)


def operation(layer: Layer) -> Callable[..., Any]:
    """Return the function of `keras.ops` that a layer stands for, with its arguments that are no tensors.

    Raises:
        ValueError: There is no such function.
    """
    entry = catalog().layer(layer.class_name)
    if entry is None:
        raise ValueError(f"there is no function {layer.class_name} in this Keras")
    function: Any = keras
    for part in layer.class_name.split("."):
        function = getattr(function, part)
    config = {key: constant(value) for key, value in layer.config.items()}
    if layer.class_name == "ops.get_item":
        return lambda x, **given: x[_index((config | given)["key"], len(x.shape))]
    names = list(inspect.signature(function).parameters.values())
    several = next((place for place, each in enumerate(names) if each.kind is each.VAR_POSITIONAL), None)

    def called(**given: Any) -> Any:
        arguments = {**config, **given}
        if several is None:
            return function(**arguments)
        before = [arguments.pop(each.name) for each in names[:several]]
        return function(*before, *arguments.pop(names[several].name), **arguments)

    return called


def constant(value: Value) -> Any:
    """Return what a value of a call stands for: an index, an array, or itself."""
    if isinstance(value, tuple):
        return tuple(constant(item) for item in value)
    if not isinstance(value, Spec):
        return value
    match value.class_name:
        case "slice":
            return slice(*(value.config.get(name) for name in ("start", "stop", "step")))
        case "Ellipsis":
            return Ellipsis
        case "constant":
            return np.asarray(value.config.get("value"), dtype=str(value.config.get("dtype", "float32")))
    raise ValueError(f"{value.class_name} is no value that a call takes")


def _index(key: Any, rank: int) -> Any:
    """Write out what `...` stands for: Keras cannot read it back from HDF5."""
    keys = key if isinstance(key, tuple) else (key,)
    place = next((place for place, each in enumerate(keys) if each is Ellipsis), None)
    if place is None:
        return key
    taken = sum(each is not None for each in keys) - 1
    return (*keys[:place], *[slice(None)] * (rank - taken), *keys[place + 1 :])


def _check_states(node: str, layer: Layer, call: Call) -> None:
    """Check that a recurrent layer gets all its states: Keras would fail on a list that is too short.

    Raises:
        BuildError: It gets another number of them.
    """
    given = call.named.get("initial_state")
    wanted = parts(layer, "initial_state")
    count = 1 if isinstance(given, str) else len(given or ())
    if given and wanted and count != len(wanted):
        what = f"{layer.class_name} takes {len(wanted)} states ({', '.join(wanted)}), gets {count}"
        hint = "connect a layer to the others with c, or cut the wire" if count < len(wanted) else "cut a wire"
        raise BuildError(node, what, hint)


def _named(layer: Layer, argument: str, source: str | tuple[str, ...], values: Mapping[str, Any]) -> Any:
    if isinstance(source, str):
        return values[source]
    return nested(layer, argument, [values[each] for each in source])


def _structured(node: str, graph: Graph, inputs: list[Any]) -> Any:
    """Arrange tensors as a model of the project takes them."""
    if len(inputs) != len(graph.inputs):
        names = ", ".join(value.name or key for key, value in graph.inputs.items())
        raise BuildError(node, f"the model takes {len(graph.inputs)} inputs ({names}), gets {len(inputs)}")
    if graph.takes == "dict":
        return {value.name or key: each for (key, value), each in zip(graph.inputs.items(), inputs, strict=True)}
    return inputs if graph.takes == "list" or len(inputs) > 1 else inputs[0]


def _operands(node: str, layer: Layer, entry: Entry | None, call: Call, inputs: list[Any]) -> dict[str, Any]:
    """Give the inputs of an operation the names of its arguments, those that have no value yet in order."""
    if entry is None:
        raise BuildError(node, f"there is no function {layer.class_name} in this Keras", "choose another operation")
    for wrong in check_config(entry, layer.config):
        raise BuildError(node, f"{layer.class_name}: {wrong}", "put the argument right in the inspector")
    if entry.inputs == "list":
        return {entry.tensors[0]: inputs}
    free = [name for name in entry.tensors if name not in call.named and name not in call.arguments]
    if len(inputs) > len(free):
        what = f"{layer.class_name} takes {len(free)} inputs ({', '.join(free)}), gets {len(inputs)}"
        raise BuildError(node, what, "cut a wire")
    return dict(zip(free, inputs, strict=False))


def _positional(node: str, layer: Layer, entry: Entry | None, inputs: list[Any]) -> list[Any]:
    kind = entry.inputs if entry else "one"
    if kind == "list" and len(inputs) < 2:
        what = f"{layer.class_name} takes two or more inputs, gets {len(inputs)}"
        raise BuildError(node, what, "connect another layer to it")
    if kind == "one" and len(inputs) > 1:
        what = f"{layer.class_name} takes one input, gets {len(inputs)}"
        raise BuildError(node, what, "cut a wire, or insert Concatenate before it")
    return [inputs] if kind == "list" else inputs
