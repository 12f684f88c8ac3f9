"""Arrays as tensors, with one copy.

`tf.convert_to_tensor` makes two of an array of NumPy, and keeps the first a while: 390 MB were taken for 190 MB. There
is none without a copy, since the memory of NumPy is not aligned as TensorFlow needs it. So the tensor is made first,
and its memory filled.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from kerastui.engine.keras_private import keras

Array = np.ndarray[Any, Any]

_LARGE = 1 << 20
"""Bytes from which the second copy matters."""


def is_plain(part: Any) -> bool:
    """Tell an array of numbers that TensorFlow has as well.

    Args:
        part: An array of any library, or a tensor.
    """
    return isinstance(part, np.ndarray) and part.dtype.kind in "biuf" and part.dtype.isnative


def placed_dtype(part: Any) -> np.dtype[Any]:
    """Give the type of the tensor: floats of another width become `keras.config.floatx()`.

    Args:
        part: What has a `dtype` of NumPy.
    """
    floats = part.dtype.kind == "f" and part.dtype.name != keras.config.floatx()
    dtype: np.dtype[Any] = np.dtype(keras.config.floatx()) if floats else part.dtype.newbyteorder("=")
    return dtype


def vacant(shape: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[Any, Array]:
    """Make a tensor in the memory of the host to be filled.

    Args:
        shape: Its shape.
        dtype: Its type.

    Returns:
        The tensor, and its memory as an array. Nothing may be written there once the tensor is used.
    """
    with tf.device("CPU:0"):
        tensor = tf.raw_ops.Empty(shape=shape, dtype=tf.as_dtype(dtype), init=False)
    return tensor, tensor.__array__()  # `numpy()` copies


def placed(part: Any) -> Any:
    """Make a tensor of an array, in the memory of the host.

    Args:
        part: A plain array.

    Returns:
        The tensor; floats as `keras.config.floatx()`.
    """
    dtype = placed_dtype(part)
    if part.nbytes < _LARGE:
        with tf.device("CPU:0"):
            return tf.convert_to_tensor(part.astype(dtype, copy=False))
    tensor, memory = vacant(part.shape, dtype)
    np.copyto(memory, part, casting="unsafe")
    return tensor


def device_here() -> str | None:
    """Give the device on which tensors are made in this thread, if it is another than the host; else `None`."""
    if not tf.config.list_logical_devices("GPU"):
        return None
    device: str = tf.zeros([]).device
    return device if "CPU" not in device else None


def moved(tensors: Any, device: str | None) -> Any:
    """Put tensors on a device.

    Args:
        tensors: Any structure of them.
        device: As `device_here` gives it.

    Returns:
        The same structure.
    """
    if device is None:
        return tensors
    with tf.device(device):
        return keras.tree.map_structure(tf.identity, tensors)
