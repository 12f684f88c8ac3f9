"""TensorFlow functions on symbolic tensors: `tf.reduce_mean(x)`, `tf.concat([a, b], 1)`, … while a graph is built.

Keras 3 raises `ValueError` for them. Importing this module has TensorFlow hand such calls here, by its own mechanism
for foreign types. Calls without a symbolic tensor of Keras are not touched.

- The functions of the tables below become the operation of `keras.ops` with the same meaning, so that the saved model
  opens in stock Keras.
- Any other function of TensorFlow's mathematics becomes a `TensorFlowOp`, which needs `kerastui.engine` to be opened.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Final

import tensorflow as tf

from kerastui.engine.keras_private import keras, register_dispatchable_type, tensorflow_name

__all__ = ["TensorFlowOp"]

ops = keras.ops
KerasTensor = keras.KerasTensor

NAMESPACES: Final = frozenset(
    {"", "bitwise", "dtypes", "image", "linalg", "math", "nn", "quantization", "ragged", "random", "sets", "signal"}
    | {"sparse", "strings"}
)
"""Where `TensorFlowOp` finds functions: those that compute values. Files, data sets and raw operations are not here."""

REFUSED: Final = frozenset({"convert_to_tensor", "numpy_function", "print", "py_func", "py_function"})
"""Root functions that are not for a graph: they run Python, print, or (the first) are Keras's own test for a tensor."""


@keras.saving.register_keras_serializable(package="kerastui")
class TensorFlowOp(keras.Operation):  # type: ignore[misc]  # Keras ships no types
    """An operation of a graph that calls a TensorFlow function; its other arguments are kept with the call.

    Args:
        symbol: Name of the function below `tf`, as `"math.bincount"`.
        name: Name of the operation. Defaults to `None`, which makes one.

    Raises:
        ValueError: If `symbol` is not a function of TensorFlow that computes values from tensors. A file can name no
            other, whether it is opened in safe mode or not.

    Example:
        >>> TensorFlowOp("roll")(keras.Input((3,)), 1, axis=1).shape
        (None, 3)
    """

    def __init__(self, symbol: str, name: str | None = None) -> None:
        super().__init__(name=name)
        self.symbol = symbol
        self.function = function_named(symbol)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.function(*args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Give the arguments of the constructor."""
        return {"symbol": self.symbol, "name": self.name}


def function_named(symbol: str) -> Callable[..., Any]:
    """Find a public TensorFlow function that computes values from tensors.

    Args:
        symbol: Its name below `tf`.

    Returns:
        The function.

    Raises:
        ValueError: If there is none of that name, or it does more than that.
    """
    namespace, _, last = symbol.rpartition(".") if isinstance(symbol, str) else ("?", "", "")
    found: Any = None
    if namespace in NAMESPACES and last not in REFUSED and not last.startswith("_"):
        found = getattr(getattr(tf, namespace) if namespace else tf, last, None)
    # Only functions that take foreign types carry a list of dispatchers; classes, modules and decorators do not.
    if not callable(found) or not hasattr(found, "_tf_fallback_dispatchers"):
        raise ValueError(
            "`symbol` must name a function of TensorFlow that computes values from tensors, as 'math.bincount'. "
            f"Received: symbol={symbol!r}"
        )
    return found  # type: ignore[no-any-return]  # TensorFlow ships no types


def _unary(operation: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, name=None: operation(x)


def _binary(operation: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, y, name=None: operation(x, y)


def _reduction(operation: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, axis=None, keepdims=False, name=None: operation(x, axis=axis, keepdims=bool(keepdims))


def _position(operation: Callable[..., Any]) -> Callable[..., Any]:
    def find(x: Any, axis: Any = None, output_type: Any = tf.int64, name: Any = None) -> Any:
        return ops.cast(operation(x, axis=0 if axis is None else axis), tf.as_dtype(output_type).name)

    return find


def _cast(x: Any, dtype: Any, name: Any = None) -> Any:
    return ops.cast(x, tf.as_dtype(dtype).name)


def _cumulative(operation: Callable[..., Any]) -> Callable[..., Any]:
    def accumulate(x: Any, axis: Any = 0, exclusive: Any = False, reverse: Any = False, name: Any = None) -> Any:
        return NotImplemented if exclusive or reverse else operation(x, axis=axis)

    return accumulate


def _matmul(a: Any, b: Any, *flags: Any) -> Any:
    return NotImplemented if any(flags) else ops.matmul(a, b)


def _norm(tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: Any = None, name: Any = None) -> Any:  # noqa: A002
    # TensorFlow's norm of a matrix without axes is that of all its elements.
    if ord != "euclidean" or isinstance(axis, (list, tuple)):
        return NotImplemented
    return ops.sqrt(ops.sum(ops.square(tensor), axis=axis, keepdims=bool(keepdims)))


def _softmax(operation: Callable[..., Any]) -> Callable[..., Any]:
    return lambda logits, axis=None, name=None: operation(logits, axis=-1 if axis is None else axis)


def _like(operation: Callable[..., Any]) -> Callable[..., Any]:
    def make(x: Any, dtype: Any = None, name: Any = None, *_: Any) -> Any:
        return operation(x, dtype=None if dtype is None else tf.as_dtype(dtype).name)

    return make


def _where(condition: Any, x: Any = None, y: Any = None, name: Any = None) -> Any:
    return NotImplemented if x is None or y is None else ops.where(condition, x, y)


def _gather(params: Any, indices: Any, validate: Any = None, axis: Any = None, batch_dims: Any = 0, *_: Any) -> Any:
    return NotImplemented if batch_dims else ops.take(params, indices, axis=0 if axis is None else axis)


def _split(value: Any, sizes: Any, axis: Any = 0, num: Any = None, name: Any = None) -> Any:
    # `keras.ops` takes the places of the cuts, not the sizes of the parts.
    return ops.split(value, sizes, axis=axis) if isinstance(sizes, int) else NotImplemented


def _transpose(a: Any, perm: Any = None, conjugate: Any = False, name: Any = None) -> Any:
    return NotImplemented if conjugate else ops.transpose(a, axes=perm)


_UNARY: Final = {
    "math.abs": ops.absolute,
    "nn.elu": ops.elu,
    "nn.relu": ops.relu,
    "nn.relu6": ops.relu6,
    "nn.selu": ops.selu,
    "nn.softsign": ops.softsign,
    "stop_gradient": ops.stop_gradient,
    **{f"math.{name}": getattr(ops, name) for name in ("ceil", "cos", "cosh", "erf", "exp", "expm1", "floor", "log")},
    **{f"math.{name}": getattr(ops, name) for name in ("log1p", "logical_not", "negative", "reciprocal", "round")},
    **{f"math.{name}": getattr(ops, name) for name in ("rsqrt", "sigmoid", "sign", "sin", "sinh", "softplus", "sqrt")},
    **{f"math.{name}": getattr(ops, name) for name in ("square", "tan", "tanh")},
    **{f"math.a{name}": getattr(ops, f"arc{name}") for name in ("cos", "cosh", "sin", "sinh", "tan", "tanh")},
    **{f"math.is_{name}": getattr(ops, f"is{name}") for name in ("finite", "inf", "nan")},
}

_BINARY: Final = {
    "math.atan2": ops.arctan2,
    "math.divide_no_nan": ops.divide_no_nan,
    "math.floordiv": ops.floor_divide,
    "math.floormod": ops.mod,
    "math.pow": ops.power,
    "math.squared_difference": lambda x, y: ops.square(ops.subtract(x, y)),
    "math.truediv": ops.true_divide,
    **{f"math.{name}": getattr(ops, name) for name in ("add", "divide", "equal", "greater", "greater_equal", "less")},
    **{f"math.{name}": getattr(ops, name) for name in ("less_equal", "logical_and", "logical_or", "logical_xor")},
    **{f"math.{name}": getattr(ops, name) for name in ("maximum", "minimum", "multiply", "not_equal", "subtract")},
}

_REDUCTIONS: Final = {
    "math.reduce_logsumexp": ops.logsumexp,
    "math.reduce_std": ops.std,
    "math.reduce_variance": ops.var,
    **{f"math.reduce_{name}": getattr(ops, name) for name in ("all", "any", "max", "mean", "min", "prod", "sum")},
}

_IN_KERAS: Final[dict[str, Callable[..., Any]]] = {
    **{name: _unary(operation) for name, operation in _UNARY.items()},
    **{name: _binary(operation) for name, operation in _BINARY.items()},
    **{name: _reduction(operation) for name, operation in _REDUCTIONS.items()},
    "cast": _cast,
    "clip_by_value": lambda t, low, high, name=None: ops.clip(t, low, high),
    "concat": lambda values, axis, name=None: ops.concatenate(values, axis=axis),
    "expand_dims": lambda input, axis, name=None: ops.expand_dims(input, axis),  # noqa: A006 — TensorFlow's name
    "gather": _gather,
    "identity": lambda input, name=None: keras.layers.Identity()(input),  # noqa: A006
    "linalg.matmul": _matmul,
    "math.add_n": lambda inputs, name=None: functools.reduce(ops.add, inputs),
    "math.argmax": _position(ops.argmax),
    "math.argmin": _position(ops.argmin),
    "math.cumprod": _cumulative(ops.cumprod),
    "math.cumsum": _cumulative(ops.cumsum),
    "nn.gelu": lambda features, approximate=False, name=None: ops.gelu(features, approximate=approximate),
    "nn.leaky_relu": lambda features, alpha=0.2, name=None: ops.leaky_relu(features, negative_slope=alpha),
    "nn.log_softmax": _softmax(ops.log_softmax),
    "nn.silu": lambda features, beta=1.0: ops.silu(features) if beta == 1.0 else NotImplemented,
    "nn.softmax": _softmax(ops.softmax),
    "norm": _norm,
    "ones_like": _like(ops.ones_like),
    "reshape": lambda tensor, shape, name=None: ops.reshape(tensor, shape),
    "split": _split,
    "squeeze": lambda input, axis=None, name=None: ops.squeeze(input, axis=axis),  # noqa: A006
    "stack": lambda values, axis=0, name=None: ops.stack(values, axis=axis),
    "tile": lambda input, multiples, name=None: ops.tile(input, multiples),  # noqa: A006
    "transpose": _transpose,
    "where": _where,
    "zeros_like": _like(ops.zeros_like),
}


def _is_symbolic(values: Any) -> bool:
    return any(isinstance(value, KerasTensor) for value in keras.tree.flatten(values))


def _in_keras(name: str, api: Any, args: Any, kwargs: Any) -> Any:
    """Do it with `keras.ops`; `NotImplemented` where they cannot or, for sizes known only at run time, should not."""
    bound = inspect.signature(api).bind(*args, **kwargs)
    bound.apply_defaults()
    tensors, *settings = bound.args
    symbolic_setting = _is_symbolic(settings) and name not in _BINARY and name not in ("linalg.matmul", "where")
    if symbolic_setting and name not in ("clip_by_value", "gather"):
        return NotImplemented
    return _IN_KERAS[name](tensors, *settings)


def _symbolic_call(api: Any, args: Any, kwargs: Any) -> Any:
    name = tensorflow_name(api)
    if name is None or not _is_symbolic((args, kwargs)):
        return NotImplemented
    try:
        public = function_named(name)
    except ValueError:
        return NotImplemented
    # A function of TensorFlow 1 may have the same name, and its arguments in another order.
    if api is not public and api is not inspect.unwrap(public, stop=lambda function: function is api):
        return NotImplemented
    result = _in_keras(name, public, args, kwargs) if name in _IN_KERAS else NotImplemented
    if result is not NotImplemented:
        return result
    if any(callable(value) for value in keras.tree.flatten((args, kwargs))):
        return NotImplemented
    kwargs = {key: value for key, value in kwargs.items() if key != "name"}
    return TensorFlowOp(name)(*args, **kwargs)


class _Dispatcher(tf.__internal__.dispatch.GlobalOpDispatcher):  # type: ignore[misc]  # TensorFlow ships no types
    """What TensorFlow asks when a function could not take its arguments, before it raises."""

    def handle(self, op: Any, args: Any, kwargs: Any) -> Any:
        result = _symbolic_call(op, args, kwargs)
        return self.NOT_SUPPORTED if result is NotImplemented else result


def _register() -> None:
    """Have TensorFlow hand over calls with symbolic tensors.

    The dispatcher alone would do for many functions, but it is asked only after a function has failed: `tf.reduce_mean`
    would have called `tf.rank` and `tf.range` on the tensor before. So those of the table are handed over at once.
    """
    register_dispatchable_type(KerasTensor)
    for name in _IN_KERAS:
        api = function_named(name)
        parameters = list(inspect.signature(api).parameters)
        of_list = name in ("concat", "math.add_n", "stack")
        first = list[KerasTensor] if of_list else KerasTensor  # type: ignore[valid-type]  # Keras ships no types
        signatures: list[dict[str, Any]] = [{parameters[0]: first}]
        if name in _BINARY or name in ("clip_by_value", "gather", "linalg.matmul", "where"):
            signatures += [{parameter: KerasTensor} for parameter in parameters[1:3] if parameter != "name"]
        handle = functools.partial(_symbolic_call, api)
        tf.experimental.dispatch_for_api(api, *signatures)(_target(handle))
    _Dispatcher().register()


def _target(handle: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function with the signature that TensorFlow accepts for any of its own."""

    def target(*args: Any, **kwargs: Any) -> Any:
        return handle(args, kwargs)

    return target


_register()
