"""`sample_weight`: brought into the structure of the targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kerastui.engine.keras_private import keras
from kerastui.engine.training.data.conversion import is_array


def match_targets(
    y: Any, sample_weight: Any, output_names: Sequence[str] | None = None, name: str = "sample_weight"
) -> Any:
    """Give every output its weights.

    Args:
        y: Targets: one array, or a list, tuple or dict with one for each output.
        sample_weight: One array of weights for all outputs; or a list, tuple or dict with one for each, `None` for an
            output without weights. A dict by name of output goes with a list of targets, and the reverse.
        output_names: Names of the model's outputs, in order. Defaults to `None`: unknown.
        name: What messages call the weights. Defaults to `"sample_weight"`.

    Returns:
        The weights, in the structure of `y`.

    Raises:
        ValueError: If the structures do not fit, or one array for several outputs has more than one weight a sample.
    """
    if sample_weight is None or y is None:
        return sample_weight
    if is_array(y):
        return _only(sample_weight, name)
    if is_array(sample_weight):
        return _for_each_output(y, sample_weight, name)
    if isinstance(sample_weight, Mapping) and not isinstance(y, Mapping):
        sample_weight = _by_position(y, sample_weight, output_names, name)
    elif isinstance(y, Mapping) and not isinstance(sample_weight, Mapping):
        sample_weight = _by_name(y, sample_weight, output_names, name)
    elif isinstance(y, Mapping):
        _refuse_unknown(sample_weight, y, name)
        sample_weight = {key: sample_weight.get(key) for key in y}
    elif len(sample_weight) != len(y):
        raise _mismatch(y, sample_weight, name)
    return type(y)(sample_weight) if isinstance(y, (list, tuple)) else sample_weight


def _only(sample_weight: Any, name: str) -> Any:
    if is_array(sample_weight):
        return sample_weight
    weights = keras.tree.flatten(sample_weight)
    if len(weights) != 1:
        raise ValueError(f"`{name}` must be one array, as `y` is. Received: {name} with {len(weights)} arrays")
    return weights[0]


def _for_each_output(y: Any, weights: Any, name: str) -> Any:
    shape = tuple(weights.shape)
    outputs = keras.tree.flatten(y)
    if len(outputs) > 1 and len(shape) != 1 and not (len(shape) == 2 and shape[1] == 1):
        raise ValueError(
            f"`{name}` for several outputs must have one weight a sample, shape (samples,), or be a list or dict with "
            f"one array for each output. Received: {name} of shape {shape} for {len(outputs)} outputs"
        )
    return keras.tree.map_structure(lambda target: None if target is None else weights, y)


def _by_position(y: Any, weights: Mapping[str, Any], output_names: Sequence[str] | None, name: str) -> list[Any]:
    if output_names is None or len(output_names) != len(y):
        raise _mismatch(y, weights, name)
    _refuse_unknown(weights, output_names, name)
    return [weights.get(output) for output in output_names]


def _by_name(y: Mapping[str, Any], weights: Any, output_names: Sequence[str] | None, name: str) -> dict[str, Any]:
    if output_names is None or set(output_names) != set(y) or len(weights) != len(y):
        raise _mismatch(y, weights, name)
    by_name = dict(zip(output_names, weights, strict=True))
    return {key: by_name[key] for key in y}


def _refuse_unknown(weights: Mapping[str, Any], outputs: Any, name: str) -> None:
    unknown = [key for key in weights if key not in outputs]
    if unknown:
        raise ValueError(
            f"`{name}` must be keyed by the names of the outputs: {', '.join(map(repr, outputs))}. "
            f"Received: {name} with the key {unknown[0]!r}"
        )


def _mismatch(y: Any, weights: Any, name: str) -> ValueError:
    shown = [
        f"a dict of {', '.join(map(repr, value))}"
        if isinstance(value, Mapping)
        else f"a {type(value).__name__} of {len(value)}"
        for value in (y, weights)
    ]
    return ValueError(
        f"`{name}` must hold one array for each output, as `y` does: {shown[0]}. Received: {name} as {shown[1]}"
    )
