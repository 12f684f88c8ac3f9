"""`Input`, which may be bound to data, and what a model's inputs are bound to."""

from __future__ import annotations

import weakref
from typing import Any

import tensorflow as tf

from kerastui.engine.keras_private import keras, origin

__all__ = ["Input", "bound_inputs"]

# Beside the layer, not in it: data is no part of an architecture that is copied or saved.
_bound: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()


def Input(shape: Any = None, *args: Any, tensor: Any = None, **kwargs: Any) -> Any:  # noqa: N802 — Keras's name
    """Make an input of a graph, like `keras.Input`; it may be bound to data.

    Args:
        shape: Shape without the batch. Defaults to that of `tensor`, else it is needed.
        *args: As for `keras.Input`: `batch_size`, `dtype`, `sparse`, `ragged`, `batch_shape`, `name`.
        tensor: An array or a tensor of TensorFlow, the first axis being the samples: `fit`, `evaluate` and `predict`
            take it where they are given no `x`. A symbolic tensor is used as by Keras. Neither copies of the model nor
            its files keep it. Defaults to `None`.
        **kwargs: As for `keras.Input`, by name.

    Returns:
        A symbolic tensor.

    Raises:
        ValueError: If there is neither a shape nor a tensor, or they do not fit each other.

    Example:
        >>> Input((64,), name="pixels").shape
        (None, 64)
    """
    if tensor is None or isinstance(tensor, keras.KerasTensor):
        return keras.Input(shape, *args, tensor=tensor, **kwargs)
    # A tensor is kept as it is; anything else becomes an array with a shape and a type.
    data = tensor if tf.is_tensor(tensor) else keras.ops.convert_to_numpy(tensor)
    if shape is None and kwargs.get("batch_shape") is None:
        shape = tuple(data.shape[1:])
    if len(args) < 2 and kwargs.get("dtype") is None:
        kwargs["dtype"] = keras.backend.standardize_dtype(data.dtype)
    made = keras.Input(shape, *args, **kwargs)
    if not made.shape[1:] == tuple(data.shape[1:]) and None not in made.shape[1:]:
        raise ValueError(
            f"`tensor` must have the shape of the input but for the samples, {made.shape}. "
            f"Received: tensor of shape {tuple(data.shape)}"
        )
    _bound[origin(made)[0]] = data
    return made


def bound_inputs(model: Any) -> Any:
    """Give the data that a model's inputs were bound to by `Input(tensor=…)`.

    Args:
        model: A functional or sequential model, or any other.

    Returns:
        The arrays and tensors, structured as the model takes its inputs; `None` unless every input is bound.
    """
    graph = getattr(model, "_functional", None) or model
    structure = getattr(graph, "_inputs_struct", None)
    if structure is None:
        return None
    layers = [origin(tensor)[0] for tensor in keras.tree.flatten(structure)]
    if not all(layer in _bound for layer in layers):
        return None
    return keras.tree.pack_sequence_as(structure, [_bound[layer] for layer in layers])
