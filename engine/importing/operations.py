"""Operations between layers, and layers that only `keras.applications` has, as public layers that compute the same.

A row is here only if both give the same number, bit for bit (but for the sign of zero): `x * c` is
`Rescaling(scale=c)`, and `x / c` is one only where 1 / c is exact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np

from kerastui.engine.importing.values import Unheld
from kerastui.engine.keras_private import keras
from kerastui.engine.project.document import Spec, Value

MERGES: Final = frozenset({"Add", "Subtract", "Multiply", "Maximum", "Minimum"})
"""Operations on two tensors that are layers of the same name."""

ACTIVATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Relu": "relu",
        "Relu6": "relu6",
        "Sigmoid": "sigmoid",
        "Silu": "silu",
        "Tanh": "tanh",
        "Softplus": "softplus",
        "Softsign": "softsign",
        "Selu": "selu",
        "HardSigmoid": "hard_sigmoid",
        "HardSilu": "hard_silu",
        "LogSigmoid": "log_sigmoid",
    }
)
"""Operations without settings that are activations."""

SYMBOLS: Final[Mapping[str, str]] = MappingProxyType(
    {"Add": "+", "Subtract": "-", "Multiply": "*", "Divide": "/", "TrueDivide": "/", "Negative": "-"}
)


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
    """Say which layers of the document compute what an operation, or a private layer of Keras, does.

    Args:
        call: The call of it, with `operation` and `arguments`.

    Returns:
        Steps, of which the last gives the value.

    Raises:
        Unheld: There are none that compute exactly the same.
    """
    operation = call.operation
    private = _PRIVATE.get(type(operation).__name__)
    if isinstance(operation, keras.layers.Layer):
        if private is None or not type(operation).__module__.startswith("keras.src.applications."):
            raise Unheld(f"{type(operation).__name__} is a class of its own, and a project holds Keras's layers")
        return private(operation, _tensors(call), _trained_as(operation))
    name = type(operation).__name__
    if not type(operation).__module__.startswith("keras.src.ops."):
        raise Unheld(f"{name} is an operation of its own, and a project holds layers")
    found = _steps(name, call)
    if found is None:
        raise Unheld(f"the operation {SYMBOLS.get(name) or f'keras.ops.{operation.name}'} is no layer of Keras")
    return found


def _steps(name: str, call: Any) -> list[Step] | None:
    arguments = [*call.arguments.args, *call.arguments.kwargs.values()]
    tensors = [item for item in arguments if _is_tensor(item)]
    if name == "Concatenate" and len(arguments) == 1 and isinstance(arguments[0], list | tuple):
        return _concatenated(call, list(arguments[0]))
    if not tensors or any(tensor.dtype != tensors[0].dtype for tensor in tensors):
        return None
    if not keras.backend.is_float_dtype(tensors[0].dtype):
        return None
    dtype = _dtype(tensors[0])
    if len(tensors) == len(arguments) == 2 and name in MERGES and len({len(item.shape) for item in tensors}) == 1:
        return [Step(name, dtype, tuple(tensors))]
    if len(tensors) == len(arguments) == 1 and name in ACTIVATIONS:
        return [Step("Activation", {"activation": ACTIVATIONS[name], **dtype}, (tensors[0],))]
    linear = _linear(name, arguments) if len(tensors) == 1 else None
    return None if linear is None else [Step("Rescaling", {**linear, **dtype}, (tensors[0],))]


def _linear(name: str, arguments: list[Any]) -> dict[str, Value] | None:
    """Give scale and offset of an operation on a tensor and a number; `None` where it is no such thing."""
    if name == "Negative" and len(arguments) == 1:
        return {"scale": -1.0}
    numbers = [float(item) for item in arguments if isinstance(item, int | float | np.number)]
    if len(arguments) != 2 or len(numbers) != 1:
        return None
    number, first = numbers[0], _is_tensor(arguments[0])
    if name == "Add":
        return {"scale": 1.0, "offset": number}
    if name == "Subtract":
        return {"scale": 1.0, "offset": -number} if first else {"scale": -1.0, "offset": number}
    if name == "Multiply":
        return {"scale": number}
    exact = name in ("Divide", "TrueDivide") and first and number and math.frexp(number)[0] in (0.5, -0.5)
    return {"scale": 1.0 / number} if exact else None


def _concatenated(call: Any, tensors: list[Any]) -> list[Step] | None:
    alike = len({(tensor.dtype, len(tensor.shape)) for tensor in tensors}) == 1
    axis = getattr(call.operation, "axis", None)
    if len(tensors) < 2 or not alike or not isinstance(axis, int) or axis == 0:
        return None
    config: dict[str, Value] = {} if axis == -1 else {"axis": axis}
    return [Step("Concatenate", {**config, **_dtype(tensors[0])}, tuple(tensors))]


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


def _dtype(tensor: Any) -> dict[str, Value]:
    """Have a layer compute in the type of its input, which is what an operation does."""
    return {} if tensor.dtype == keras.config.dtype_policy().compute_dtype else {"dtype": tensor.dtype}


def _tensors(call: Any) -> list[Any]:
    return [item for item in keras.tree.flatten((call.arguments.args, call.arguments.kwargs)) if _is_tensor(item)]


def _is_tensor(item: Any) -> bool:
    return isinstance(item, keras.KerasTensor)
