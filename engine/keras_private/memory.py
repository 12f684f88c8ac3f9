"""Weights between HDF5 files and variables, without a copy on the way where TensorFlow and HDF5 can share memory.

Keras copies each weight before it writes it, in the HDF5 layout of Keras 2 all weights of a layer (which may be a
nested model) or of the optimizer at once, and has each twice while it reads it. So done, saving a model takes no memory
beside it, and loading one weight's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import h5py
import numpy as np
import tensorflow as tf
from keras.src import backend as keras_backend
from keras.src.legacy.saving import legacy_h5_format
from keras.src.optimizers.optimizer import Optimizer
from keras.src.saving import saving_lib
from keras.src.saving.saving_lib import safe_get_h5_dataset

__all__ = ["SizeOnly", "WeightsStore", "read_dataset", "value_in_place"]

Array = np.ndarray[Any, Any]

_LARGE = 1 << 20
"""Bytes from which a weight is worth handing over without a copy."""


class _HandedOver(np.ndarray[Any, Any]):
    """The memory of a tensor; `tf.convert_to_tensor` gives that one, after which it can only be read here."""

    tensor: Any = None

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Any:
        tensor, self.tensor = self.tensor, None
        if tensor is None or (dtype is not None and tensor.dtype != dtype) or not tf.executing_eagerly():
            return tf.convert_to_tensor(self.view(np.ndarray), dtype, name=name)
        self.flags.writeable = False
        return tensor


def read_dataset(dataset: Any) -> Array:
    """Read a data set of HDF5 so that a variable to which it is assigned takes over its memory.

    It is TensorFlow's own: what that frees stays with the process, for TensorFlow to use again and for nobody else, so
    that weights read elsewhere would come to be there twice.

    Args:
        dataset: An `h5py.Dataset`.

    Returns:
        The array. Once it was made a tensor it can no longer be written to.
    """
    if dataset.nbytes < _LARGE or dataset.dtype.kind not in "fiu" or not dataset.dtype.isnative:
        return np.array(dataset)
    with tf.device("CPU:0"):
        tensor = tf.raw_ops.Empty(shape=dataset.shape, dtype=tf.as_dtype(dataset.dtype), init=False)
    array: _HandedOver = tensor.__array__().view(_HandedOver)  # `numpy()` copies
    dataset.read_direct(array)
    array.tensor = tensor
    return array


class SizeOnly(np.ndarray[Any, Any]):
    """Zeros that take no memory, to assign to variables within a `StatelessScope`: only the shape is looked at.

    Args:
        shape: The shape.
        dtype: The type.
    """

    def __new__(cls, shape: tuple[int, ...], dtype: Any) -> SizeOnly:
        """Show one zero from everywhere."""
        return np.broadcast_to(np.zeros((), dtype), shape).view(cls)


_STOCK_CONVERT = keras_backend.Variable._convert_to_tensor


def _convert_to_tensor(variable: Any, value: Any, dtype: Any = None) -> Any:
    return value if isinstance(value, SizeOnly) else _STOCK_CONVERT(variable, value, dtype)


# `assign` makes a tensor of the value before it compares shapes, which for weights of a gigabyte is a gigabyte.
keras_backend.Variable._convert_to_tensor = _convert_to_tensor


def value_in_place(value: Any) -> Array:
    """Give the value of a variable or tensor as an array that is only to be read: on a CPU, its own memory.

    Args:
        value: A variable or tensor, or anything that Keras makes an array of.

    Returns:
        The array.
    """
    if isinstance(value, (keras_backend.Variable, tf.Variable, tf.Tensor)):
        tensor = tf.convert_to_tensor(value)
        if hasattr(tensor, "numpy"):
            return np.asarray(tensor.__array__())  # `numpy()` copies
    return np.asarray(value if isinstance(value, np.ndarray) else keras_backend.convert_to_numpy(value))


class WeightsStore(saving_lib.H5IOStore):  # type: ignore[misc]  # Keras ships no types
    """Where Keras puts and finds weights of layers, in HDF5.

    Args:
        place: A path, or a binary file that can be read, written and sought in; with `archive`, a name in it.
        archive: An open `zipfile.ZipFile`. Defaults to `None`.
        mode: `"r"` or `"w"`. Defaults to `"r"`.
    """

    def __init__(self, place: str | Path | IO[bytes], archive: Any = None, mode: str = "r") -> None:
        self._file = None if isinstance(place, (str, Path)) else place
        super().__init__("weights.h5" if self._file else place, archive=archive, mode=mode)

    def _get_h5_file(self, path_or_io: Any, mode: str | None = None) -> Any:
        if self._file is None:
            return super()._get_h5_file(path_or_io, mode)
        return h5py.File(self._file, mode or self.mode)

    def __getitem__(self, key: str) -> Any:
        dataset = safe_get_h5_dataset(self._h5_entry_group, key)
        if not isinstance(dataset, h5py.Dataset) or "dtype" in dataset.attrs:
            return super().__getitem__(key)
        return read_dataset(dataset)

    def __setitem__(self, key: str, value: Any) -> None:
        if self.mode != "w":
            raise ValueError(f"A store that was opened to read cannot be written to. Received: {key!r}")
        if not self._h5_entry_initialized:
            self._create_h5_group(self._h5_entry_path)
        array = value_in_place(value)
        dataset = self._h5_entry_group.create_dataset(key, data=array)
        if array.dtype.name == "bfloat16":
            dataset.attrs["dtype"] = "bfloat16"  # for HDF5 it is two bytes of anything


def _save_weights(group: Any, weights: Sequence[Any]) -> None:
    names = [str(weight.path).encode() for weight in weights]
    legacy_h5_format.save_attributes_to_hdf5_group(group, "weight_names", names)
    for name, weight in zip(names, weights, strict=True):
        value = value_in_place(weight)
        # HDF5 has no bfloat16, and Keras cannot read what it writes of it; float32 holds each of its values.
        group.create_dataset(name, data=value.astype("float32") if value.dtype.name == "bfloat16" else value)


def _save_optimizer(group: Any, optimizer: Any) -> None:
    weights = optimizer.variables if isinstance(optimizer, Optimizer) else optimizer.weights
    if weights:
        _save_weights(group.create_group("optimizer_weights"), weights)


class _Stored(Sequence[Array]):
    """The weights of a layer in a file, each read when it is its turn."""

    def __init__(self, group: Any) -> None:
        self.group = group
        self.names = legacy_h5_format.load_attributes_from_hdf5_group(group, "weight_names")

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        return read_dataset(safe_get_h5_dataset(self.group, self.names[index]))

    def __iter__(self) -> Iterator[Array]:
        return map(self.__getitem__, range(len(self)))


# The same as Keras's own functions do, bfloat16 apart, without all weights of a layer in memory.
legacy_h5_format.save_subset_weights_to_hdf5_group = _save_weights
legacy_h5_format.save_optimizer_weights_to_hdf5_group = _save_optimizer
legacy_h5_format.load_subset_weights_from_hdf5_group = _Stored
