"""Turn one model file into another, and see whether both predict the same."""

from __future__ import annotations

import os
import warnings
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from kerastui.engine.files import write_atomically
from kerastui.engine.keras_private import keras
from kerastui.engine.saving.loading import load_model

EXPORTS = {".onnx": "onnx", ".tflite": "litert", ".xml": "openvino"}
"""Suffixes of what is written to be run without Keras."""

WRITTEN = (".keras", ".h5", ".hdf5", ".weights.h5", ".json", *EXPORTS)
"""Suffixes that can be written; none at all is the folder of a SavedModel."""

OPEN_SIZE = 16
"""What a dimension that a model leaves open is in samples, the batch apart."""

BATCH = 2
"""Rows of the samples, where the model does not say."""


def write(
    model: Any,
    target: str | os.PathLike[str],
    format: str | None = None,  # noqa: A002 — Keras's name
    calibration: Any = None,
    size: int | None = None,
) -> str | None:
    """Write a model in the format that the suffix of the target names.

    Args:
        model: The model, one of ours.
        target: Where to write; what is there is replaced.
        format: One of the formats of `exporting.export`, whatever the suffix. Defaults to `None`.
        calibration: As for `exporting.export`. Defaults to `None`.
        size: What dimensions that the model leaves open are in an export, the batch apart. Defaults to `None`: open.

    Returns:
        What the format does not hold, in words; `None` if it holds all.

    Raises:
        ValueError: If there is no format of that suffix, or it cannot hold the model.
        Warning: A `FlexWarning`, if LiteRT could not run it without TensorFlow's operations.
        ImportError: If the format needs a library that is not installed.
        OSError: If it cannot be written; what was there is whole.
    """
    path = os.fspath(target)
    suffix = suffix_of(path)
    if suffix == ".weights.h5":
        model.save_weights(path)
        return "the architecture"
    if suffix == ".json":
        write_atomically(Path(path), model.to_json().encode())
        return "the weights"
    if format or suffix in EXPORTS:
        from kerastui.engine.saving.exportable import FlexWarning
        from kerastui.engine.saving.exporting import export

        signature = None if size is None else _fixed(model, size)
        with warnings.catch_warnings():
            warnings.simplefilter("error", FlexWarning)  # nobody asked for a file that not every interpreter runs
            export(
                model,
                path,
                format or EXPORTS[suffix],
                verbose=False,
                input_signature=signature,
                calibration=calibration,
            )
        return "what training needs"
    model.save(path)
    return None


def call_once(model: Any) -> None:
    """Have a model that declares no inputs know them, by calling it on zeros of the shapes in its file.

    Args:
        model: A model as it was loaded. Nothing changes where it knows its inputs, or the file says nothing of them.
    """
    built = model.get_build_config() or {}
    shapes = list((built.get("shapes_dict") or {"": built.get("input_shape")}).values())
    if model.save_spec() is None and None not in shapes:
        with suppress(TypeError, ValueError, tf.errors.OpError):  # zeros of this kind are not what it takes
            model(*map(_zeros, shapes))


def _zeros(shape: Any) -> Any:
    if isinstance(shape, dict):
        return {name: _zeros(one) for name, one in shape.items()}
    if all(size is None or isinstance(size, int) for size in shape):
        return np.zeros([BATCH, *(OPEN_SIZE if size is None else size for size in shape[1:])], "float32")
    return [_zeros(one) for one in shape]


def suffix_of(path: str | os.PathLike[str]) -> str:
    """Give the suffix that names the format of a file to write.

    Args:
        path: The file.

    Returns:
        One of `WRITTEN`, or `""` for a SavedModel.

    Raises:
        ValueError: If it is another.
    """
    name = os.path.basename(os.fspath(path))
    suffix = ".weights.h5" if name.endswith(".weights.h5") else os.path.splitext(name)[1]
    if suffix and suffix not in WRITTEN:
        raise ValueError(
            f"the suffix of the file to write must be one of {', '.join(WRITTEN)}, or none for a SavedModel. "
            f"Received: {name!r}"
        )
    return suffix


def samples_for(model: Any, size: int | None = None) -> list[Any]:
    """Make two rows of input for a model: floats between 0 and 1, and 0 or 1 where it takes integers.

    Args:
        model: A model whose inputs are known.
        size: What dimensions that it leaves open are. Defaults to `None`: `OPEN_SIZE`.

    Returns:
        The arguments to call it with.

    Raises:
        ValueError: If its inputs are not known.
    """
    spec = model.save_spec()
    if spec is None:
        raise ValueError(f"the inputs of the model {model.name!r} are not known, so nothing can be predicted")
    random = np.random.default_rng(0)
    sample = partial(_sample, random=random, size=size or OPEN_SIZE)
    return [keras.tree.map_structure(sample, argument) for argument in spec[0]]


def read_samples(path: str | os.PathLike[str]) -> Any:
    """Read samples for a model from a file of NumPy's; none is read that would run code.

    Args:
        path: A `.npy` file with the rows of the only input, or a `.npz` file with those of each by its name.

    Returns:
        An array, or arrays by name of input.

    Raises:
        ValueError: If it is no such file.
        OSError: If it cannot be read.
    """
    try:
        found = np.load(path, allow_pickle=False)
        if not isinstance(found, np.lib.npyio.NpzFile):
            return found
        with found:
            arrays = {name: found[name] for name in found.files}
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        what = f"{os.fspath(path)} holds no arrays of NumPy, or pickled ones, which are not read"
        raise ValueError(f"{what}. Write it with numpy.savez(path, name_of_input=rows)") from error
    return next(iter(arrays.values())) if len(arrays) == 1 else arrays


def largest_error(
    model: Any,
    target: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    safe_mode: bool = True,
    format: str | None = None,  # noqa: A002 — as in `write`
    samples: Any = None,
    size: int | None = None,
) -> float:
    """Read what was written and compare its predictions with those of the model.

    Args:
        model: The model.
        target: What `write` wrote of it.
        custom_objects: Classes and functions by name. Defaults to `None`.
        safe_mode: Whether to refuse code in it. Defaults to True.
        format: As in `write`. Defaults to `None`.
        samples: What to predict from, as `predict` takes it. Defaults to `None`: what `samples_for` makes.
        size: As in `write`. Defaults to `None`.

    Returns:
        The largest absolute difference of the outputs, NaN where only one of them is a number.
    """
    from kerastui.engine.saving import verifying

    samples = samples_for(model, size) if samples is None else verifying.arguments_of(model, samples)
    suffix = suffix_of(target)
    if format or suffix in EXPORTS:
        return float(verifying.largest_error(model, os.fspath(target), format or EXPORTS[suffix], samples))
    expected = _outputs(model, samples)
    given = _outputs(_read(model, target, suffix, custom_objects, safe_mode), samples)
    if [one.shape for one in expected] != [one.shape for one in given]:
        return float("nan")
    return max((difference(a, b) for a, b in zip(expected, given, strict=True)), default=0.0)


def _read(
    model: Any,
    target: str | os.PathLike[str],
    suffix: str,
    custom_objects: Mapping[str, Any] | None,
    safe_mode: bool,
) -> Any:
    if suffix == ".json":
        from kerastui.engine.saving.bridge.json_models import model_from_json

        read = model_from_json(Path(target).read_text(), custom_objects, safe_mode)
        read.set_weights(model.get_weights())
        return read
    if suffix == ".weights.h5":
        with keras.saving.custom_object_scope(dict(custom_objects or {})):
            read = model.__class__.from_config(model.get_config())
        read(*samples_for(model))
        read.load_weights(os.fspath(target))
        return read
    return load_model(target, custom_objects, compile=False, safe_mode=safe_mode)


def _outputs(model: Any, samples: list[Any]) -> list[np.ndarray[Any, Any]]:
    return [np.asarray(one) for one in keras.tree.flatten(model(*samples))]


def difference(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> float:
    """Return the largest absolute difference of two arrays; NaN where only one of them is a number.

    Args:
        a: An array.
        b: An array of the same shape.
    """
    if a.dtype.kind not in "fiub" or not a.size:
        return 0.0 if np.array_equal(a, b) else float("nan")
    wide, other = a.astype("float64"), b.astype("float64")
    return float(np.max(np.where((wide == other) | (np.isnan(wide) & np.isnan(other)), 0.0, np.abs(wide - other))))


def _fixed(model: Any, size: int) -> Any:
    """Types of the model's arguments, with a size for each dimension that is open, but for the first."""
    spec = model.save_spec()
    if spec is None:
        return None

    def fix(one: Any) -> Any:
        if not isinstance(one, tf.TensorSpec) or not one.shape.rank:
            return one
        shape = [one.shape[0], *(size if known is None else known for known in one.shape[1:])]
        return tf.TensorSpec(shape, one.dtype, one.name)

    return keras.tree.map_structure(fix, spec[0])


def _sample(spec: Any, random: np.random.Generator, size: int) -> Any:
    if not isinstance(spec, tf.TensorSpec):
        return spec
    known = [size if one is None else one for one in spec.shape]
    shape = [BATCH if spec.shape.rank and spec.shape[0] is None else known[0], *known[1:]] if known else []
    if spec.dtype == tf.string:
        return np.full(shape, "a", object)
    if spec.dtype.is_floating or spec.dtype.is_complex:
        return random.uniform(size=shape).astype(spec.dtype.as_numpy_dtype)
    return random.integers(0, 2, size=shape).astype(spec.dtype.as_numpy_dtype)
