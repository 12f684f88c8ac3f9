"""Write a model to be run without Keras: for TensorFlow Serving, ONNX, LiteRT and OpenVINO."""

from __future__ import annotations

import importlib.util
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf

from kerastui.engine.files import replacing
from kerastui.engine.keras_private import keras, print_msg
from kerastui.engine.saving import exportable, verifying
from kerastui.engine.saving.disk import disk_errors
from kerastui.engine.saving.folders import replacing_folder
from kerastui.engine.saving.save_spec import SaveSpec

LIBRARIES: dict[str, tuple[str, ...]] = {
    "tf_saved_model": (),
    "onnx": ("tf2onnx", "onnx"),
    "litert": (),
    "openvino": ("openvino", "scipy"),
}
"""The formats, and what each needs beside TensorFlow to be written."""

TO_VERIFY = {"onnx": ("onnxruntime",)}
"""What a format needs besides, to be run."""

SUFFIXES = {"litert": ".tflite", "openvino": ".xml"}
"""Suffixes that a format insists on."""


def export(
    model: Any,
    filepath: str | os.PathLike[str],
    format: str = "tf_saved_model",  # noqa: A002 — Keras's name
    verify: Any = None,
    *,
    verbose: bool | None = None,
    input_signature: Any = None,
    calibration: Any = None,
    **kwargs: Any,
) -> float | None:
    """Write a model for inference through Keras's own exporters, and run what was written.

    Args:
        model: The model, one of ours.
        filepath: Where to write: a folder, or for LiteRT a `.tflite`, for OpenVINO an `.xml` file.
        format: `"tf_saved_model"`, `"onnx"`, `"litert"` or `"openvino"`. Defaults to `"tf_saved_model"`.
        verify: Samples as `predict` takes them, for a subclass of several arguments a tuple of these; what was written
            is run on them. Defaults to `None`: it is not.
        verbose: Whether to say where it was written. Defaults to `None`, which is yes.
        input_signature: Shapes and dtypes of the inputs, as `keras.InputSpec` or `tf.TensorSpec`. Defaults to `None`:
            those of the model.
        calibration: For LiteRT: samples as in `verify`, from which the range of each tensor is read; weights and
            activations are then int8, inputs and outputs stay as they are. Defaults to `None`: floats.
        **kwargs: For the exporter, as `opset_version` of ONNX, or an attribute of `tf.lite.TFLiteConverter`.

    Returns:
        The largest absolute difference to the model's own outputs on `verify`; `None` without.

    Raises:
        ValueError: If the format is unknown, the suffix not that of the format, or the inputs are not known.
        ImportError: If the library of the format is not installed.
        OSError: If it cannot be written; what was there before is whole.

    Example:
        >>> export(model, "digits.onnx", "onnx", verify=samples)  # doctest: +SKIP
        1.1920929e-07
    """
    path = os.fspath(filepath)
    _check(path, format, verify is not None)
    arguments = None if verify is None else verifying.arguments_of(model, verify)
    if calibration is not None:
        kwargs = _int8(model, calibration, format) | kwargs
    if input_signature is None:
        input_signature = _signature(model)

    loops = format == "litert" and calibration is None and "target_spec" in kwargs

    def write(to: str) -> None:
        plain = exportable.in_plain_terms(model, format, loops)
        with exportable.in_words(model, format), disk_errors(path), plain:
            _export(model, to, format, input_signature, kwargs)
        _check_written(model, to, format, verify is not None)

    _write(path, format, write)
    if verbose is not False:
        print_msg(f"Saved artifact at '{path}'.")
    return None if arguments is None else verifying.largest_error(model, path, format, arguments)


def _export(model: Any, to: str, name: str, input_signature: Any, options: dict[str, Any]) -> None:
    """Keras's own exporter, without what it and the converters print and warn of each other's versions."""
    if name == "openvino":
        exportable.keep_openvino_quiet()
    if name == "onnx":
        exportable.complete_tf2onnx()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keras.Model.export(model, to, format=name, verbose=False, input_signature=input_signature, **options)


def _check_written(model: Any, path: str, name: str, verify: bool) -> None:
    """Look for operations that the runtime of the format does not have, before the file takes its place."""
    if name == "onnx":
        exportable.check_onnx(path, model)
    if name == "litert" and (found := exportable.flex_operations(path)):
        what = (
            f"The model {model.name!r} as format='litert' runs only with LiteRT's Flex delegate: without it, "
            f"{exportable.no_operations(found)}. {exportable.ADVICE}."
        )
        if verify:
            raise ValueError(f"{what} It cannot be verified here, and was not written.")
        warnings.warn(what, exportable.FlexWarning, stacklevel=4)


def _check(path: str, name: str, verify: bool) -> None:
    if name not in LIBRARIES:
        raise ValueError(f"`format` must be one of {', '.join(map(repr, LIBRARIES))}. Received: format={name!r}")
    suffix = SUFFIXES.get(name, "")
    if not path.endswith(suffix):
        raise ValueError(f"`filepath` must end with {suffix!r} for format={name!r}. Received: filepath={path!r}")
    needed = (*LIBRARIES[name], *(TO_VERIFY.get(name, ()) if verify else ()))
    missing = [library for library in needed if importlib.util.find_spec(library) is None]
    if missing:
        raise ImportError(
            f"format={name!r} needs {' and '.join(missing)}, not installed here. Install with "
            f"`pip install 'kerastui[{name}]'`."
        )


def _signature(model: Any) -> Any:
    """Types of the model's arguments.

    Keras would take all arguments of a subclass for its compute dtype, and refuse ONNX for what was built but never
    called.
    """
    spec = model.save_spec() if isinstance(model, SaveSpec) else None
    return None if spec is None or spec[1] else spec[0]


def _write(path: str, name: str, write: Callable[[str], None]) -> None:
    if "://" in path:
        write(path)
    elif name == "tf_saved_model":
        with replacing_folder(Path(path)) as folder:
            write(str(folder))
    elif name == "openvino":
        _write_pair(Path(path), write)
    else:
        with replacing(path) as temporary:
            write(str(temporary))


def _write_pair(target: Path, write: Callable[[str], None]) -> None:
    """OpenVINO writes `NAME.xml` and, beside it, the weights as `NAME.bin`."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as folder:
        written = Path(folder, target.name)
        write(str(written))
        for suffix in (".bin", ".xml"):
            written.with_suffix(suffix).replace(target.with_suffix(suffix))


def _int8(model: Any, samples: Any, name: str) -> dict[str, Any]:
    if name != "litert":
        raise ValueError(f"`calibration` is for format='litert'. Received: format={name!r}")
    arguments = verifying.arguments_of(model, samples)
    names, leaves = verifying.input_names(model), keras.tree.flatten(arguments)

    def rows() -> Iterator[dict[str, Any]]:
        for row in range(min(len(leaf) for leaf in leaves)):
            yield {name: leaf[row : row + 1] for name, leaf in zip(names, leaves, strict=True)}

    kinds = tf.lite.OpsSet
    return {
        "optimizations": [tf.lite.Optimize.DEFAULT],
        "representative_dataset": rows,
        "target_spec": {
            "supported_ops": [kinds.TFLITE_BUILTINS_INT8, kinds.TFLITE_BUILTINS, kinds.SELECT_TF_OPS],
        },
    }
