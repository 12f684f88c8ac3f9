"""Build the models of Keras 2, whose graphs call layers by names and numbers, and TensorFlow functions by name."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import tensorflow as tf

from kerastui.engine.keras_private import calls_of, keras, origin
from kerastui.engine.models.model import Model
from kerastui.engine.models.sequential import Sequential
from kerastui.engine.models.tensorflow_ops import function_named
from kerastui.engine.saving.bridge.lookup import GRAPH_OPERATIONS, MODELS

if TYPE_CHECKING:
    from kerastui.engine.saving.bridge.translate import Translation

Config = dict[str, Any]

OPERATORS: Final[dict[str, Callable[..., Any]]] = {
    "add": operator.add,
    "eq": tf.math.equal,
    "floordiv": operator.floordiv,
    "ge": operator.ge,
    "gt": operator.gt,
    "le": operator.le,
    "lt": operator.lt,
    "matmul": operator.matmul,
    "mod": operator.mod,
    "mul": operator.mul,
    "ne": tf.math.not_equal,
    "neg": operator.neg,
    "pow": operator.pow,
    "radd": lambda x, y: y + x,
    "rfloordiv": lambda x, y: y // x,
    "rmatmul": lambda x, y: y @ x,
    "rmod": lambda x, y: y % x,
    "rmul": lambda x, y: y * x,
    "rpow": lambda x, y: y**x,
    "rsub": lambda x, y: y - x,
    "rtruediv": lambda x, y: y / x,
    "sub": operator.sub,
    "truediv": operator.truediv,
}
"""Python's operators, which Keras 2 wrote as `__operators__.add`."""


def is_model(config: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> bool:
    """Say whether a configuration is of a model whose layers it lists."""
    inner, name = config.get("config"), str(config.get("class_name"))
    if name == "Sequential":
        return True
    lists_graph = isinstance(inner, Mapping) and {"layers", "input_layers", "output_layers"} <= set(inner)
    return lists_graph and (name.rpartition(">")[2] in MODELS or _class_of(config, custom_objects) is not None)


def model_from(config: Config, translation: Translation) -> Any:
    """Build a model that Keras 2 wrote.

    Args:
        config: A dict with `class_name` and `config`.
        translation: What to make the layers with.

    Returns:
        Our `Functional` or `Sequential`, or an instance of the custom class that the file names.

    Raises:
        ValueError: If the graph cannot be built.
    """
    if config["class_name"] == "Sequential":
        return _sequential(config, translation)
    return _Graph(config["config"], translation).model(_class_of(config, translation.custom_objects) or Model)


def _class_of(config: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> Any:
    from kerastui.engine.saving.bridge.lookup import custom_name

    name = custom_name(config, custom_objects)
    found = None if name is None else keras.saving.get_registered_object(name, dict(custom_objects))
    return found if isinstance(found, type) and issubclass(found, keras.Model) else None


def _sequential(config: Config, translation: Translation) -> Any:
    inner = config["config"]
    if isinstance(inner, list):  # before Keras 2.2.3
        inner = {"layers": inner}
    written = list(inner["layers"])
    layers = [_input(part) if part["class_name"] == "InputLayer" else translation.revived(part) for part in written]
    shape = _declared_shape(written[0]) if written else None
    if shape is not None and written[0]["class_name"] != "InputLayer" and not _has_inputs(layers[0]):
        first = written[0]["config"]
        dtype = first.get("dtype") if isinstance(first.get("dtype"), str) else None
        layers.insert(0, keras.Input(batch_shape=shape, dtype=dtype, name=f"{first['name']}_input"))
    model = Sequential(layers, name=inner.get("name"))
    shape = inner.get("build_input_shape") or (config.get("build_config") or {}).get("input_shape")
    if not model.built and shape and all(size is None or isinstance(size, int) for size in shape):
        model.build(tuple(shape))
    return model


def _has_inputs(layer: Any) -> bool:
    return isinstance(layer, keras.Model) and layer.built


def _declared_shape(layer: Config) -> Any:
    inner = layer["config"]
    shape = inner.get("batch_input_shape", inner.get("batch_shape"))
    wrapped = inner.get("layer")
    if shape is None and isinstance(wrapped, Mapping) and layer["class_name"] == "Bidirectional":
        shape = wrapped["config"].get("batch_input_shape")
    if isinstance(shape, Mapping):
        shape = shape.get("items", shape.get("config"))
    return None if shape is None else tuple(shape)


def _input(config: Config) -> Any:
    inner = config["config"]
    sparse, ragged = bool(inner.get("sparse")), bool(inner.get("ragged"))
    extra = {"ragged": True} if ragged else {}
    layer = keras.layers.InputLayer(
        batch_shape=_declared_shape(config),
        dtype=inner.get("dtype"),
        sparse=sparse,
        name=inner.get("name"),
        optional=bool(inner.get("optional")),
        **extra,
    )
    return layer


class _Graph:
    """A functional model in the making: its layers, and the outputs of each of their calls so far."""

    def __init__(self, config: Config, translation: Translation) -> None:
        self.config = config
        self.layers: dict[str, Any] = {}
        self.outputs: dict[tuple[str, int], list[Any]] = {}
        self.calls: dict[str, list[Any]] = {}
        for part in config["layers"]:
            name = str(part.get("name") or part["config"]["name"])
            self.calls[name] = list(part.get("inbound_nodes") or ())
            if part["class_name"] == "InputLayer":
                self.layers[name] = _input(part)
                self.outputs[name, 0] = [self.layers[name].output]
            elif part["class_name"] in GRAPH_OPERATIONS:
                self.layers[name] = _operation(part["config"]["function"])
            else:
                self.layers[name] = translation.revived(part)
        self.offsets = self._first_numbers()

    def model(self, cls: Any) -> Any:
        """Make all calls, each as soon as its inputs are there, and the model."""
        waiting = [(name, number) for name, nodes in self.calls.items() for number in range(len(nodes))]
        while waiting:
            left = [(name, number) for name, number in waiting if not self._called(name, number)]
            if len(left) == len(waiting):
                stuck = ", ".join(repr(name) for name in dict.fromkeys(name for name, _ in left))
                raise ValueError(f"The graph has calls whose inputs are nowhere made, those of the layers {stuck}.")
            waiting = left
        inputs, outputs = (self._tensors(self.config[key]) for key in ("input_layers", "output_layers"))
        given = {key: self.config[key] for key in ("name", "trainable") if self.config.get(key) is not None}
        return cls(inputs=_alone(inputs), outputs=_alone(outputs), **given)

    def _called(self, name: str, number: int) -> bool:
        at = (name, number + self.offsets[name])
        earlier = (name, number + self.offsets[name] - 1)
        if number and earlier not in self.outputs:
            return False
        node = self.calls[name][number]
        if any(key not in self.outputs for key in _references(node, self.layers)):
            return False
        first, kwargs = self._arguments(node)
        self.outputs[at] = keras.tree.flatten(_call(self.layers[name], first, kwargs))
        if not isinstance(self.layers[name], keras.Operation):
            self._name_operations(name, self.outputs[at])
        return True

    def _name_operations(self, name: str, tensors: list[Any]) -> None:
        """Call the operations behind a TensorFlow function as the file does; names made up could be those of layers."""
        known = {id(tensor) for tensors in self.outputs.values() for tensor in tensors} - {id(one) for one in tensors}
        found: list[Any] = []
        while tensors:
            made = [origin(tensor)[0] for tensor in tensors if id(tensor) not in known]
            found += [operation for operation in made if not any(operation is other for other in found)]
            tensors = [tensor for operation in made for tensor in calls_of(operation)[-1].input_tensors]
        for number, operation in enumerate(found):
            operation.name = f"{name}.{number}" if number else name

    def _arguments(self, node: Any) -> tuple[Any, Config]:
        kwargs: Config = {}

        def value(part: Any) -> Any:
            if _is_leaf(part, self.layers):
                kwargs.update(self._settings(part[3]) if len(part) == 4 else {})
                return _constant(part[2]) if part[0] == "_CONSTANT_VALUE" else self.outputs[part[0], part[1]][part[2]]
            if isinstance(part, Mapping):
                return {key: value(item) for key, item in part.items()}
            return [value(item) for item in part]

        return value(node), kwargs

    def _settings(self, value: Any) -> Any:
        """Put tensors in the place of references to them in the further arguments of a call."""
        if _is_leaf(value, self.layers):
            return _constant(value[2]) if value[0] == "_CONSTANT_VALUE" else self.outputs[value[0], value[1]][value[2]]
        if isinstance(value, Mapping):
            if value.get("class_name") == "__ellipsis__":
                return ...
            return {key: self._settings(part) for key, part in value.items()}
        return [self._settings(part) for part in value] if isinstance(value, list) else value

    def _tensors(self, value: Any) -> Any:
        if isinstance(value, list) and len(value) == 3 and isinstance(value[0], str):
            return self.outputs[value[0], value[1]][value[2]]
        if isinstance(value, Mapping):
            return {key: self._tensors(part) for key, part in value.items()}
        return [self._tensors(part) for part in value]

    def _first_numbers(self) -> dict[str, int]:
        """Tell whether a layer's calls are numbered from 0 or 1; a nested model's own call may be 0."""
        references = [self.config["input_layers"], self.config["output_layers"], list(self.calls.values())]
        highest: dict[str, int] = {}
        for name, number in _references(references, self.layers):
            highest[name] = max(number, highest.get(name, 0))
        return {name: int(bool(nodes) and highest.get(name, 0) >= len(nodes)) for name, nodes in self.calls.items()}


def _is_leaf(value: Any, layers: Mapping[str, Any]) -> bool:
    if not isinstance(value, (list, tuple)) or len(value) not in (3, 4) or not isinstance(value[0], str):
        return False
    if value[0] == "_CONSTANT_VALUE":
        return bool(value[1] == -1)
    return value[0] in layers and all(isinstance(number, int) for number in value[1:3])


def _references(value: Any, layers: Mapping[str, Any]) -> list[tuple[str, int]]:
    if _is_leaf(value, layers):
        own = [] if value[0] == "_CONSTANT_VALUE" else [(value[0], value[1])]
        return own + (_references(value[3], layers) if len(value) == 4 else [])
    if isinstance(value, Mapping):
        value = list(value.values())
    return [found for part in value for found in _references(part, layers)] if isinstance(value, (list, tuple)) else []


def _alone(tensors: Any) -> Any:
    return tensors[0] if isinstance(tensors, list) and len(tensors) == 1 else tensors


def _constant(value: Any) -> Any:
    return np.asarray(value, "float32") if isinstance(value, list) else value


def _call(layer: Any, first: Any, kwargs: Config) -> Any:
    if not isinstance(layer, keras.Operation):
        return layer(first, **kwargs)
    first = _alone(first)
    if isinstance(first, list) and isinstance(layer, (keras.layers.RNN, keras.layers.Bidirectional)):
        first, *states = first
        kwargs = {**kwargs, "initial_state": states}
    return layer(first, **kwargs)


def _operation(symbol: str) -> Callable[..., Any]:
    """Make a function of a TensorFlow function in a graph; `keras.ops` does its work where it can."""
    if symbol == "__operators__.getitem":
        return lambda x, slice_spec: x[_index(slice_spec)]
    namespace, _, name = symbol.rpartition(".")
    function = OPERATORS.get(name) if namespace == "__operators__" else None
    called = function or function_named(symbol)

    def operation(first: Any, **kwargs: Any) -> Any:
        kwargs.pop("name", None)
        settings = {key: _constant(value) if key in ("x", "y") else value for key, value in kwargs.items()}
        return called(first, *settings.values()) if function is not None else called(first, **settings)

    return operation


def _index(spec: Any) -> Any:
    if isinstance(spec, Mapping) and {"start", "stop", "step"} <= set(spec):
        return slice(spec["start"], spec["stop"], spec["step"])
    return tuple(_index(part) for part in spec) if isinstance(spec, (list, tuple)) else spec
