"""Functions of `keras.ops` between layers, and layers that only `keras.applications` has, as the document has them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from kerastui.engine.calling import operation as function_made
from kerastui.engine.catalog.operations import Function, function_of
from kerastui.engine.importing.calls import Taken, has_tensors, split
from kerastui.engine.importing.values import Unheld, held
from kerastui.engine.keras_private import keras, origin
from kerastui.engine.project.document import Layer, Spec, Value


class Step(NamedTuple):
    """One layer of the document, applied once.

    Args:
        class_name: A public layer.
        config: Its arguments.
        inputs: What it takes: symbolic tensors of the model, or numbers of the steps before it.
        suffix: What tells its name from that of the operation.
        has_weights: The weights of the operation are its.
    """

    class_name: str
    config: dict[str, Value]
    inputs: tuple[Any, ...]
    suffix: str = ""
    has_weights: bool = False


def steps_of(call: Any) -> list[Step]:
    """Say which layers of the document compute what a private layer of Keras does.

    A row is here only if both give the same number, bit for bit (but for the sign of zero).

    Args:
        call: The call of it, with `operation` and `arguments`.

    Returns:
        Steps, of which the last gives the value.

    Raises:
        Unheld: There are none that compute exactly the same.
    """
    layer = call.operation
    private = _PRIVATE.get(type(layer).__name__)
    if private is None or not type(layer).__module__.startswith("keras.src.applications."):
        raise Unheld(f"{type(layer).__name__} is a class of its own, and a project holds Keras's layers")
    return private(layer, _tensors(call), _trained_as(layer))


def taken_by_function(call: Any) -> tuple[Spec, Taken]:
    """Say which function of `keras.ops` an operation is, and what it takes.

    Args:
        call: The call of it, with `operation` and `arguments`.

    Returns:
        The function with its arguments that are no tensors, and its tensors.

    Raises:
        Unheld: It is no public function, or holds what a document cannot.
    """
    operation = call.operation
    name = type(operation).__name__
    kind: type = type(operation)
    function = function_of(kind)
    if function is None or not type(operation).__module__.startswith("keras.src.ops."):
        raise Unheld(f"{name} is an operation of its own, and a project holds those of keras.ops")
    bound = inspect.signature(operation.call).bind(*call.arguments.args, **call.arguments.kwargs).arguments
    config = _settings(operation, function, bound)
    taken = _taken(function, bound)
    spec = Spec(f"ops.{function.name}", config)
    if not _is_the_same(spec, function, bound, call):
        raise Unheld(f"keras.ops.{function.name} comes back as another operation")
    return spec, taken


def _settings(operation: Any, function: Function, bound: Mapping[str, Any]) -> dict[str, Value]:
    """Return the arguments of a function that are no tensors and differ from the default."""
    told = getattr(getattr(operation, "_auto_config", None), "config", None) or {}
    found: dict[str, Value] = {}
    for name, parameter in inspect.signature(function.made).parameters.items():
        if name in function.tensors or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        places = (bound, told, vars(operation))
        value = next((place[name] for place in places if name in place), parameter.default)
        if value is not parameter.default and repr(value) != repr(parameter.default):
            if has_tensors(value):
                raise Unheld(f"called with {name}, a tensor")
            found[name] = held(value, name)
    return found


def _taken(function: Function, bound: Mapping[str, Any]) -> Taken:
    given = {name: bound[name] for name in function.tensors if bound.get(name) is not None}
    first = function.tensors[0]
    if function.takes_list and isinstance(given.get(first), list | tuple):
        items = list(given.pop(first))
        if not all(isinstance(item, keras.KerasTensor) for item in items):
            raise Unheld(f"called with {first}, of which some are no tensors")
        return Taken(items, *split(given))
    inputs: list[Any] = []
    rest: dict[str, Any] = {}
    ordered = True
    for name in function.tensors:
        # A tensor behind an argument that is left out has to be given by name.
        if isinstance(given.get(name), keras.KerasTensor) and ordered:
            inputs.append(given[name])
        elif name in given:
            rest[name] = given[name]
            ordered = ordered and not isinstance(given[name], keras.KerasTensor)
        else:
            ordered = False
    return Taken(inputs, *split(rest))


def _is_the_same(spec: Spec, function: Function, bound: Mapping[str, Any], call: Any) -> bool:
    """Apply the function anew, to tensors like those, and compare what it records."""
    given = {name: bound[name] for name in function.tensors if bound.get(name) is not None}
    again = keras.tree.map_structure(_like, given)
    try:
        made = keras.tree.flatten(function_made(Layer(spec.class_name, spec.config))(**again))
    except Exception:  # whatever Keras raises
        return False
    recorded = origin(made[0])[0]
    if type(recorded) is not type(call.operation) or _state(recorded) != _state(call.operation):
        return False
    first, second = ([(tuple(item.shape), str(item.dtype)) for item in group] for group in (made, call.output_tensors))
    return first == second


def _like(item: Any) -> Any:
    return keras.KerasTensor(item.shape, dtype=item.dtype) if isinstance(item, keras.KerasTensor) else item


def _state(operation: Any) -> str:
    kept = {key: item for key, item in vars(operation).items() if key != "name" and not key.startswith("_")}
    return repr(sorted(kept.items())).replace("(", "[").replace(")", "]").replace(",]", "]")


def _layer_scale(layer: Any, tensors: list[Any], trained: dict[str, Value]) -> list[Step]:
    axes = "abcdefgh"[: len(tensors[0].shape)]
    config: dict[str, Value] = {
        "equation": f"{axes},{axes[-1]}->{axes}",
        "output_shape": tuple(tensors[0].shape[1:]),
        "kernel_initializer": Spec("Constant", {"value": float(layer.init_values)}),
    }
    return [Step("EinsumDense", {**config, **trained}, (tensors[0],), has_weights=True)]


def _stochastic_depth(layer: Any, tensors: list[Any], trained: dict[str, Value]) -> list[Step]:
    shape: Value = (None, *(1 for _ in tensors[0].shape[1:]))
    return [Step("Dropout", {"rate": float(layer.drop_path_rate), "noise_shape": shape, **trained}, (tensors[0],))]


def _custom_scale(layer: Any, tensors: list[Any], trained: dict[str, Value]) -> list[Step]:
    scaled = Step("Rescaling", {"scale": float(layer.scale), **trained}, (tensors[1],), "_scaled")
    return [scaled, Step("Add", dict(trained), (tensors[0], 0))]


_PRIVATE: Final = MappingProxyType(
    {"LayerScale": _layer_scale, "StochasticDepth": _stochastic_depth, "CustomScaleLayer": _custom_scale}
)


def _trained_as(layer: Any) -> dict[str, Value]:
    name = layer.dtype_policy.name
    dtype: dict[str, Value] = {} if name == keras.config.dtype_policy().name else {"dtype": name}
    return dtype if layer.trainable else {**dtype, "trainable": False}


def _tensors(call: Any) -> list[Any]:
    return [item for item in keras.tree.flatten((call.arguments.args, call.arguments.kwargs)) if _is_tensor(item)]


def _is_tensor(item: Any) -> bool:
    return isinstance(item, keras.KerasTensor)
