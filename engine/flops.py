"""Floating-point operations of a call for one sample, by formulas. Imports nothing heavy.

A multiplication and the addition after it are two. Counted is what the values of one sample take when a model
predicts, as papers count it:

- matrix products and convolutions: two for each multiply-add; their bias and activation are left out (below 1 %);
- recurrent layers: the products of their kernels, times the steps;
- activations, merges, normalisation and other arithmetic: one for each value; pooling: one for each value of a window;
- what only moves values (reshape, concatenate, pad, look up), and dropout and augmentation, which rest: none;
- classes that are not in the table, such as a project's own: none.

A size that is not known counts as 1: `LSTM` on `(None, None, 8)` says what one step takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from math import prod
from types import MappingProxyType
from typing import Any, Final, TypeAlias

Shape: TypeAlias = tuple[int | None, ...]
Formula: TypeAlias = Callable[[Any, Sequence[Shape], Sequence[Shape]], int]


def flops_of(class_name: str, made: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    """Count the floating-point operations of one call.

    Args:
        class_name: Class of the layer, or `ops.NAME`.
        made: The built Keras layer; of an operation, its arguments that are no tensors by name.
        inputs: Shapes of the tensors it takes, with the batch axis.
        outputs: Shapes of the tensors it gives.

    Returns:
        Operations for one sample; 0 for a class without a formula.
    """
    if not inputs or not outputs:
        return 0
    formula = _FORMULAS.get(class_name)
    if formula is None and class_name.startswith("ops."):
        formula = _nothing if class_name.removeprefix("ops.") in _MOVING else _each_value
    return formula(made, inputs, outputs) if formula is not None else 0


def values_in(shape: Shape) -> int:
    """Return how many values one sample has; a size that is not known counts as 1."""
    return prod(size or 1 for size in shape[1:])


def _nothing(made: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    return 0


def _each_value(made: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    return values_in(outputs[0])


def _each_input(made: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    return values_in(inputs[0])


def _merge(made: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    return values_in(outputs[0]) * max(1, len(inputs) - 1)


def _dense(made: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    return 2 * (inputs[0][-1] or 1) * values_in(outputs[0])


def _einsum_dense(made: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    return _einsum(made.equation, [inputs[0], tuple(made.kernel.shape)], outputs[0])


def _einsum(equation: str, inputs: Sequence[Shape], output: Shape) -> int:
    """Multiply the sizes of all letters; the batch, and dimensions behind `...`, count once."""
    terms, _, _result = equation.replace(" ", "").partition("->")
    sizes: dict[str, int] = {}
    for term, shape in zip(terms.split(","), inputs, strict=True):
        before, dots, after = term.partition("...")
        ends = [*zip(before, shape, strict=False), *zip(reversed(after), reversed(shape), strict=False)]
        for letter, size in ends:
            sizes[letter] = max(sizes.get(letter, 1), size or 1)
        if dots:
            sizes["..."] = prod(size or 1 for size in shape[len(before) : len(shape) - len(after)])
    return 2 * prod(sizes.values())


def _size(shape: Sequence[int]) -> int:
    """Return the product of sizes that are all known."""
    return prod(int(size) for size in shape)


def _convolution(made: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    return 2 * _size(made.kernel.shape[:-1]) * values_in(outputs[0])


def _transposed(made: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    return 2 * _size(made.kernel.shape[:-1]) * values_in(inputs[0])


def _depthwise(made: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    return 2 * _size(made.kernel.shape[:-2]) * values_in(outputs[0])


def _separable(made: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    between = _size(made.depthwise_kernel.shape[-2:])
    places = values_in(outputs[0]) // int(made.filters)
    return 2 * places * between * (_size(made.depthwise_kernel.shape[:-2]) + int(made.filters))


def _recurrent(made: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    kernels = [weight for weight in made.weights if "bias" not in weight.path.rpartition("/")[2]]
    return 2 * (inputs[0][1] or 1) * sum(_size(weight.shape) for weight in kernels)


def _recurrent_convolution(made: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    axes = made.cell.rank
    places = outputs[0][-axes - 1 : -1] if made.data_format == "channels_last" else outputs[0][-axes:]
    return _recurrent(made, inputs, outputs) * prod(size or 1 for size in places)


def _bidirectional(made: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    name = type(made.forward_layer).__name__
    if name.startswith("ConvLSTM"):
        return 2 * flops_of(name, made.forward_layer, inputs, outputs)
    return _recurrent(made, inputs, outputs)


def _time_distributed(made: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    one = [[(shape[0], *shape[2:]) for shape in shapes] for shapes in (inputs, outputs)]
    return (inputs[0][1] or 1) * flops_of(type(made.layer).__name__, made.layer, *one)


def _wrapped(made: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    return flops_of(type(made.layer).__name__, made.layer, inputs, outputs)


def _model(made: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    """Add up the calls of a model inside a wrapper."""
    from kerastui.engine.keras_private import calls_by_depth, snake_case

    total = 0
    for call in (call for depth in calls_by_depth(made) for call in depth if call.input_tensors):
        is_layer = hasattr(call.operation, "trainable_weights")
        kind = type(call.operation).__name__
        shapes = [[tuple(each.shape) for each in part] for part in (call.input_tensors, call.output_tensors)]
        total += flops_of(kind if is_layer else f"ops.{snake_case(kind)}", call.operation, *shapes)
    return total


def _attention(made: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    query, value = inputs[0], inputs[1]
    pairs = values_in(query) // (query[-1] or 1) * (value[-2] or 1)
    scores = 3 if type(made).__name__ == "AdditiveAttention" else 2
    return pairs * (scores * (query[-1] or 1) + 2 * (value[-1] or 1))


def _heads(made: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    config = made.get_config()
    if type(made).__name__ == "MultiHeadAttention":
        heads = kept = config["num_heads"]
        size, value_size = config["key_dim"], config["value_dim"] or config["key_dim"]
    else:
        heads, kept = config["num_query_heads"], config["num_key_value_heads"]
        size = value_size = config["head_dim"]
    query, value, key = inputs[0], inputs[1], inputs[2] if len(inputs) > 2 else inputs[1]
    queries, values = (values_in(shape) // (shape[-1] or 1) for shape in (query, value))
    projected = queries * (query[-1] or 1) * heads * size
    projected += values * kept * ((key[-1] or 1) * size + (value[-1] or 1) * value_size)
    attended = heads * queries * values * (size + value_size)
    attended += queries * heads * value_size * (outputs[0][-1] or 1)
    return 2 * int(projected + attended)


def _pooling(made: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    return values_in(outputs[0]) * _size(made.pool_size)


def _dot(made: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    axis = made.axes if isinstance(made.axes, int) else made.axes[0]
    return 2 * values_in(outputs[0]) * (inputs[0][axis] or 1)


def _matmul(made: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    return 2 * values_in(outputs[0]) * (inputs[0][-1] or 1)


def _einsum_operation(made: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    subscripts = made.get("subscripts") if isinstance(made, Mapping) else getattr(made, "subscripts", None)
    return _einsum(subscripts, inputs, outputs[0]) if isinstance(subscripts, str) else 0


_VALUES: Final = re.findall(
    r"\w+",
    """
    Activation ELU LeakyReLU PReLU ReLU Softmax ActivityRegularization
    BatchNormalization GroupNormalization LayerNormalization RMSNormalization UnitNormalization
    Normalization Rescaling
    """,
)
_MOVING: Final = frozenset(
    re.findall(
        r"\w+",
        """
        append array_split broadcast_to cast concatenate copy depth_to_space diag diagflat diagonal dsplit dstack
        expand_dims flip fliplr flipud full_like get_item hsplit hstack identity moveaxis multi_hot one_hot ones_like
        pad ravel rearrange repeat reshape roll rot90 shape size slice slice_update space_to_depth split squeeze stack
        stop_gradient swapaxes take take_along_axis tile transpose tril triu unfold unstack view vsplit vstack where
        zeros_like
        """,
    )
)
"""Functions of `keras.ops` that only move values; all others count one for each value they give."""

_REDUCING: Final = re.findall(
    r"\w+", "all any amax amin argmax argmin count_nonzero logsumexp max mean median min prod std sum var"
)


def _table() -> dict[str, Formula]:
    table: dict[str, Formula] = {name: _each_value for name in _VALUES}
    table |= {name: _merge for name in ("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract")}
    table |= {f"ops.{name}": _each_input for name in _REDUCING}
    for axes in ("1D", "2D", "3D"):
        table |= {f"Conv{axes}": _convolution, f"Conv{axes}Transpose": _transposed, f"DepthwiseConv{axes}": _depthwise}
        table |= {f"SeparableConv{axes}": _separable, f"ConvLSTM{axes}": _recurrent_convolution}
        for kind in ("Average", "Max"):
            table |= {f"{kind}Pooling{axes}": _pooling, f"Global{kind}Pooling{axes}": _each_input}
            table[f"Adaptive{kind}Pooling{axes}"] = _each_input
    table |= {"Dense": _dense, "EinsumDense": _einsum_dense, "Dot": _dot, "SpectralNormalization": _wrapped}
    table |= {"SimpleRNN": _recurrent, "GRU": _recurrent, "LSTM": _recurrent, "RNN": _recurrent}
    table |= {"Bidirectional": _bidirectional, "TimeDistributed": _time_distributed}
    table |= {"Functional": _model, "Sequential": _model}
    table |= {"Attention": _attention, "AdditiveAttention": _attention}
    table |= {"MultiHeadAttention": _heads, "GroupQueryAttention": _heads}
    return table | {"ops.matmul": _matmul, "ops.dot": _matmul, "ops.einsum": _einsum_operation}


_FORMULAS: Final[Mapping[str, Formula]] = MappingProxyType(_table())
