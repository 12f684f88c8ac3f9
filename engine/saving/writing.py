"""Write a model: as a `.keras` archive, an HDF5 file or a TensorFlow SavedModel, each whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import h5py

from kerastui.engine.files import replacing
from kerastui.engine.keras_private import (
    ask_to_proceed_with_overwrite,
    compilation_kept,
    hdf5_description,
    keras,
    write_hdf5_weights,
)
from kerastui.engine.saving.archives import write_archive, write_unzipped
from kerastui.engine.saving.disk import disk_errors
from kerastui.engine.saving.folders import replacing_folder
from kerastui.engine.saving.h5_compilation import name_state_for_tf_keras
from kerastui.engine.saving.portable import portable_description
from kerastui.engine.saving.saved_model import PARTS, write_saved_model

FORMATS = {"keras": "keras", "h5": "h5", "hdf5": "h5", "tf": "tf", "tensorflow": "tf"}
"""Values of `save_format`, and what they mean."""

SUFFIXES = {".keras": "keras", ".h5": "h5", ".hdf5": "h5"}
"""What a suffix means where no `save_format` is given; any other is a SavedModel."""

STALE = (PARTS, "keras_metadata.pb")
"""What says in a SavedModel which model it is, of ours and of tf.keras. A new SavedModel does not keep an old one's."""


def save_model(
    model: Any,
    filepath: str | os.PathLike[str],
    overwrite: bool = True,
    include_optimizer: bool | str | None = True,
    save_format: str | None = None,
    signatures: Any = None,
    options: Any = None,
    save_traces: bool = True,
    zipped: bool | None = None,
) -> None:
    """Write architecture, weights, compilation and optimizer state.

    Args:
        model: The model, one of ours or of stock Keras.
        filepath: Where to write. `.keras` is Keras's archive, `.h5` and `.hdf5` are HDF5, anything else is the folder
            of a SavedModel.
        overwrite: Whether to replace what is there without asking on the terminal. Defaults to True.
        include_optimizer: Whether optimizer and compilation are written; without them the model comes back
            uncompiled. A name or `None` here is `save_format`, as in tf.keras 2.13. Defaults to True.
        save_format: `"keras"`, `"h5"` (or `"hdf5"`) or `"tf"` (or `"tensorflow"`), whatever the suffix. Defaults to
            `None`: as the suffix says.
        signatures: For a SavedModel: a `tf.function`, or a dict of them by name. Defaults to `None`, which serves the
            model as `serving_default`, with its outputs by name.
        options: For a SavedModel: `tf.saved_model.SaveOptions`. Defaults to `None`.
        save_traces: Accepted for the sake of old calls; the model's function is always traced. Defaults to True.
        zipped: False writes the `.keras` archive unzipped, as a folder. Defaults to `None`, which zips unless the path
            is `hf://…`.

    Raises:
        ValueError: If the format is unknown, or a SavedModel is asked of a model whose inputs are not known.
        FileExistsError: If something is there, `overwrite` is False and nobody can be asked.
        OSError: If it cannot be written; what was there before is whole.

    Example:
        >>> save_model(model, "digits.keras")  # doctest: +SKIP
    """
    if include_optimizer is None or isinstance(include_optimizer, str):
        save_format, include_optimizer = include_optimizer or save_format, True
    path = os.fspath(filepath)
    kind = _format(path, save_format)
    if not overwrite and os.path.exists(path) and not may_overwrite(path):
        return
    with disk_errors(path), compilation_kept(model), nullcontext() if include_optimizer else _uncompiled(model):
        if path.startswith("hf://") or ("://" in path and (kind != "tf" or zipped is False)):
            keras.saving.save_model(model, filepath, zipped=zipped, include_optimizer=include_optimizer)
        elif zipped is False:
            _write_unzipped(model, path)
        elif kind == "keras":
            with replacing(path) as temporary:
                write_archive(model, temporary)
        elif kind == "h5":
            _write_hdf5(model, path, include_optimizer)
        else:
            _write_folder(model, path, signatures, options)


def may_overwrite(path: str) -> bool:
    """Ask on the terminal whether to replace a file, as Keras does.

    Args:
        path: The file or folder that exists.

    Returns:
        The answer.

    Raises:
        FileExistsError: If there is no terminal to answer.
    """
    try:
        return bool(ask_to_proceed_with_overwrite(path))
    except (EOFError, OSError) as error:
        raise FileExistsError(
            f"{path!r} exists, `overwrite` is False and there is no terminal to ask. Pass `overwrite=True`, or "
            "another `filepath`."
        ) from error


def _format(path: str, save_format: str | None) -> str:
    if save_format is None:
        return SUFFIXES.get(os.path.splitext(path)[1], "tf")
    if save_format not in FORMATS:
        raise ValueError(
            f"`save_format` must be one of {', '.join(map(repr, FORMATS))}. Received: save_format={save_format!r}"
        )
    return FORMATS[save_format]


def _write_unzipped(model: Any, path: str) -> None:
    if path.endswith(tuple(SUFFIXES)):
        raise ValueError(
            f"`zipped=False` writes a folder, which must not be called like a file. Received: filepath={path!r}"
        )
    with replacing_folder(Path(path)) as folder:
        write_unzipped(model, folder)


def _write_hdf5(model: Any, path: str, include_optimizer: bool) -> None:
    with replacing(path) as temporary, h5py.File(temporary, "w") as file:
        for name, value in portable_description(model, hdf5_description(model, include_optimizer)).items():
            file.attrs[name] = json.dumps(value).encode() if isinstance(value, dict) else value
        write_hdf5_weights(file, model, include_optimizer)
        if "optimizer_weights" in file:
            name_state_for_tf_keras(file["optimizer_weights"], model.optimizer)


def _write_folder(model: Any, path: str, signatures: Any, options: Any) -> None:
    if "://" in path:
        write_saved_model(model, path, signatures, options)
        return
    with replacing_folder(Path(path), stale=STALE) as folder:
        write_saved_model(model, str(folder), signatures, options)


@contextmanager
def _uncompiled(model: Any) -> Iterator[None]:
    """Within this, a model looks as if it had never been compiled, and has no optimizer."""
    compiled, optimizer = getattr(model, "compiled", False), getattr(model, "optimizer", None)
    if optimizer is not None:
        del model.optimizer  # TensorFlow goes on tracking what is overwritten, and forgets what is deleted
    model.compiled = False
    try:
        yield
    finally:
        model.compiled = compiled
        if optimizer is not None:
            model.optimizer = optimizer
