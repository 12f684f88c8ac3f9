"""What a layer is called with, as the document's calls have it: tensors in order, tensors by name, plain values."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from kerastui.engine.catalog.catalog import Entry, catalog
from kerastui.engine.importing.values import Unheld, held
from kerastui.engine.keras_private import calls_of, keras, mask_of, origin
from kerastui.engine.project.document import Value


class Taken(NamedTuple):
    """Say what a call takes.

    Args:
        inputs: Symbolic tensors in order.
        named: Symbolic tensors by name of the argument.
        arguments: Plain values by name of the argument.
    """

    inputs: list[Any]
    named: dict[str, Any]
    arguments: dict[str, Value]

    def tensors(self) -> list[Any]:
        """Return all tensors."""
        return [*self.inputs, *keras.tree.flatten(list(self.named.values()))]


def taken_by_layer(call: Any, class_name: str) -> Taken:
    """Say what a layer takes, without what Keras adds by itself.

    Args:
        call: The call of a layer, with `operation` and `arguments`.
        class_name: What the document calls its class.

    Raises:
        Unheld: It takes something that the document's calls cannot name.
    """
    layer = call.operation
    # What a function takes is not in the catalog: one tensor, or a list of them.
    entry = None if isinstance(layer, keras.layers.Lambda) else catalog().layer(class_name)
    parameters = inspect.signature(layer.call).parameters
    bound = inspect.signature(layer.call).bind(*call.arguments.args, **call.arguments.kwargs).arguments
    given = {name: value for name, value in bound.items() if not _says_nothing(name, value, parameters, bound)}
    inputs, used = _in_order(given, entry)
    rest = {name: value for name, value in given.items() if name not in used}
    if _is_like(rest.get("initial_state"), states := _states_of(layer)) and states:
        rest["initial_state"] = keras.tree.flatten(rest["initial_state"])  # the document nests them again
    return Taken(inputs, *split(rest))


def taken_by_model(call: Any) -> Taken:
    """Say what a model inside the model is called with, its tensors in the order of its inputs.

    Args:
        call: The call of a functional or sequential model.

    Raises:
        Unheld: It takes something that the document's calls cannot name.
    """
    named = dict(call.arguments.kwargs)
    given = call.arguments.args[0] if call.arguments.args else named.pop("inputs")
    rest = {
        name: value
        for name, value in named.items()
        if (not _is_automatic(value, given) if has_tensors(value) else any(keras.tree.flatten(value)))
    }
    graph = functional(call.operation)
    if isinstance(given, dict) and not isinstance(graph._inputs_struct, dict):
        inputs = [given[origin(tensor)[0].name] for tensor in graph.inputs]
    else:
        inputs = list(keras.tree.flatten(given))
    if not all(isinstance(tensor, keras.KerasTensor) for tensor in inputs):
        raise Unheld("called with something that is no tensor of the model")
    return Taken(inputs, *split(rest))


def split(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Value]]:
    """Part arguments into tensors and plain values.

    Raises:
        Unheld: One is neither.
    """
    named: dict[str, Any] = {}
    arguments: dict[str, Value] = {}
    for name, value in given.items():
        items = value if isinstance(value, list | tuple) else (value,)
        if items and all(isinstance(item, keras.KerasTensor) for item in items):
            named[name] = value
        elif has_tensors(value):
            raise Unheld(f"called with {name}, a nested structure of tensors")
        else:
            arguments[name] = held(value, name)
    return named, arguments


def needed(calls: list[Any], outputs: Iterable[Any], inputs: Mapping[int, str], used: Any) -> list[Any]:
    """Return the calls that the outputs need: those that only compute masks are made again by the layers.

    Args:
        calls: All calls of a model.
        outputs: Its outputs.
        inputs: Known tensors, by `id`.
        used: Says which tensors a call takes.
    """
    maker = {id(tensor): call for call in calls for tensor in call.output_tensors}
    wanted: set[int] = set()
    waiting = list(outputs)
    while waiting:
        tensor = waiting.pop()
        call = maker.get(id(tensor))
        if call is None or id(call) in wanted or id(tensor) in inputs:
            continue
        wanted.add(id(call))
        waiting.extend(used(call))
    return _as_made([call for call in calls if id(call) in wanted], maker)


def _as_made(calls: list[Any], maker: Mapping[int, Any]) -> list[Any]:
    """Put calls in an order in which those of a shared layer keep theirs: Keras and the document number by it."""
    kept = {id(call) for call in calls}
    before: dict[int, list[Any]] = {}
    for call in calls:
        sources = [maker[id(tensor)] for tensor in call.input_tensors if id(tensor) in maker]
        same = calls_of(call.operation)
        earlier = next(place for place, each in enumerate(same) if each is call)
        before[id(call)] = [each for each in (*sources, *same[:earlier]) if id(each) in kept]
    done: dict[int, Any] = {}
    waiting = [(call, False) for call in reversed(calls)]
    while waiting:
        call, ready = waiting.pop()
        if ready:
            done[id(call)] = call
        elif id(call) not in done:
            waiting.append((call, True))
            waiting.extend((each, False) for each in reversed(before[id(call)]) if id(each) not in done)
    return list(done.values())


def functional(model: Any) -> Any:
    """Return the graph of a functional or sequential model."""
    return getattr(model, "_functional", None) or model


def has_tensors(value: Any) -> bool:
    """Tell whether there is a symbolic tensor in a value."""
    return any(isinstance(item, keras.KerasTensor) for item in keras.tree.flatten(value))


def _states_of(layer: Any) -> list[Any]:
    """Return the sizes of the states of a recurrent layer, nested as it takes them; none of another layer."""
    if isinstance(layer, keras.layers.Bidirectional):
        return [*_states_of(layer.forward_layer), *_states_of(layer.backward_layer)]
    found = getattr(layer, "state_size", [])
    return [*found] if isinstance(found, list | tuple) else [found]


def _is_like(value: Any, sizes: Any) -> bool:
    """Tell whether tensors are nested as sizes are."""
    if not isinstance(value, list | tuple) or not isinstance(sizes, list | tuple):
        return isinstance(value, keras.KerasTensor) and not isinstance(sizes, list | tuple)
    return len(value) == len(sizes) and all(map(_is_like, value, sizes))


def _in_order(given: Mapping[str, Any], entry: Entry | None) -> tuple[list[Any], list[str]]:
    """Return the tensors that are given in order, and the names of their arguments."""
    first = next(iter(given), "")
    if entry is None:
        several = isinstance(given.get(first), list | tuple) and has_tensors(given[first])
        return (_listed(given[first]) if several else [given[first]]) if first else [], [first]
    if entry.inputs == "list":
        return _listed(given[first]), [first]
    inputs: list[Any] = []
    names = list(entry.tensors) if entry.inputs == "many" else [first]
    for name in names:
        if not isinstance(given.get(name), keras.KerasTensor):
            break
        inputs.append(given[name])
    if not inputs and has_tensors(given.get(first)):
        raise Unheld("called with a list or dict of tensors")
    return inputs, names[: len(inputs)]


def _listed(value: Any) -> list[Any]:
    fits = isinstance(value, list | tuple) and all(isinstance(item, keras.KerasTensor) for item in value)
    if not fits or len(value) < 2:
        raise Unheld("called with something other than a list of two or more tensors")
    return list(value)


def _says_nothing(name: str, value: Any, parameters: Mapping[str, Any], bound: Mapping[str, Any]) -> bool:
    """Tell whether an argument of a call is what Keras puts there by itself."""
    if name == "training":
        return not value or value == parameters[name].default
    if has_tensors(value):
        of = name.removesuffix("_mask") if name.endswith("_mask") else next(iter(bound))
        return name.endswith("mask") and of in bound and _is_automatic(value, bound[of])
    usual = parameters[name].default
    return not keras.tree.flatten(value) or value is None or (usual is not inspect.Parameter.empty and value == usual)


def _is_automatic(mask: Any, tensors: Any) -> bool:
    """Tell whether a mask is the one that the layers before attach to a tensor."""
    expected = keras.tree.flatten(keras.tree.map_structure(mask_of, tensors))
    given = keras.tree.flatten(mask)
    known: dict[tuple[int, int], bool] = {}
    return len(given) == len(expected) and all(_same(a, b, known) for a, b in zip(given, expected, strict=True))


def _same(a: Any, b: Any, known: dict[tuple[int, int], bool]) -> bool:
    """Compare what two tensors are computed from, as far as operations go; tensors of layers are themselves.

    Args:
        a: A tensor, or a setting of an operation.
        b: Another one.
        known: Pairs compared before, by their ids: behind twelve blocks of a transformer there are 2^24 ways to
            the mask of the embedding, and only some hundred tensors.
    """
    if a is b:
        return True
    if not (isinstance(a, keras.KerasTensor) and isinstance(b, keras.KerasTensor)):
        return not (isinstance(a, keras.KerasTensor) or isinstance(b, keras.KerasTensor)) and bool(a == b)
    (first, call, index), (second, other, position) = origin(a), origin(b)
    if type(first) is not type(second) or index != position or isinstance(first, keras.layers.Layer):
        return False
    pair = id(a), id(b)
    if pair not in known:
        left, right = _made_from(first, call), _made_from(second, other)
        known[pair] = len(left) == len(right) and all(_same(x, y, known) for x, y in zip(left, right, strict=True))
    return known[pair]


def _made_from(operation: Any, call: int) -> list[Any]:
    """List what an operation is called with and how it is set."""
    arguments = calls_of(operation)[call].arguments
    settings = [item for key, item in sorted(operation.get_config().items()) if key != "name"]
    return list(keras.tree.flatten((arguments.args, arguments.kwargs, settings)))
