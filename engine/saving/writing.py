"""Write a model: as a `.keras` archive, an HDF5 file or a TensorFlow SavedModel, each whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import tensorflow as tf

from kerastui.engine.files import replacing
from kerastui.engine.keras_private import ask_to_proceed_with_overwrite, compilation_kept, keras
from kerastui.engine.saving.save_spec import SaveSpec

HDF5_SUFFIXES = (".h5", ".hdf5")

FORMATS = {"keras": ".keras", "h5": ".h5", "hdf5": ".h5", "tf": "", "tensorflow": ""}
"""Values of `save_format`, and the suffix that means the same; none is a SavedModel."""


def save_model(
    model: Any,
    filepath: str | os.PathLike[str],
    overwrite: bool = True,
    zipped: bool | None = None,
    *,
    save_format: str | None = None,
    include_optimizer: bool = True,
    signatures: Any = None,
    options: Any = None,
    save_traces: bool = True,
) -> None:
    """Write architecture, weights, compilation and optimizer state.

    Args:
        model: The model.
        filepath: Where to write. `.keras` is Keras's archive, `.h5` and `.hdf5` are HDF5, no suffix is a SavedModel.
        overwrite: Whether to replace what is there without asking on the terminal. Defaults to True.
        zipped: False writes the archive unzipped, as a folder. Defaults to `None`, which zips unless the path is
            `hf://…`.
        save_format: `"keras"`, `"h5"` (or `"hdf5"`) or `"tf"` (or `"tensorflow"`), whatever the suffix. Defaults to
            `None`: as the suffix says.
        include_optimizer: Whether a SavedModel or an HDF5 file gets the optimizer. Defaults to True.
        signatures: For a SavedModel: a `tf.function`, or a dict of them by name. Defaults to `None`, which serves the
            model as `serving_default`, with its outputs by name.
        options: For a SavedModel: `tf.saved_model.SaveOptions`. Defaults to `None`.
        save_traces: Accepted for the sake of old calls; the layers' functions are always traced. Defaults to True.

    Raises:
        ValueError: If the format is unknown, or a SavedModel is asked of a model whose inputs are not known.
        OSError: If it cannot be written; what was there before is whole.

    Example:
        >>> save_model(model, "digits.keras")  # doctest: +SKIP
    """
    path = os.fspath(filepath)
    if save_format is not None and save_format not in FORMATS:
        raise ValueError(
            f"`save_format` must be one of {', '.join(map(repr, FORMATS))}. Received: save_format={save_format!r}"
        )
    suffix = os.path.splitext(path)[1] if save_format is None else FORMATS[save_format]
    if zipped is False or (suffix and suffix not in (".keras", *HDF5_SUFFIXES)) or _is_remote(path, suffix):
        keras.saving.save_model(
            model, filepath, overwrite=overwrite, zipped=zipped, include_optimizer=include_optimizer
        )
        return
    if not overwrite and os.path.exists(path) and not ask_to_proceed_with_overwrite(path):
        return
    if suffix:
        _write_file(model, path, suffix, include_optimizer)
    else:
        write_saved_model(model, path, signatures, options, include_optimizer)


def _is_remote(path: str, suffix: str) -> bool:
    return "://" in path and bool(suffix)


def _write_file(model: Any, path: str, suffix: str, include_optimizer: bool) -> None:
    with replacing(path) as temporary, compilation_kept(model):
        # Keras goes by the suffix.
        written = temporary if temporary.suffix == suffix else temporary.with_name(temporary.name + suffix)
        try:
            keras.saving.save_model(model, written, include_optimizer=include_optimizer)
            written.replace(temporary)
        finally:
            if written != temporary:
                written.unlink(missing_ok=True)


def write_saved_model(
    model: Any, path: str, signatures: Any = None, options: Any = None, include_optimizer: bool = True
) -> None:
    """Write a SavedModel, which `tf.saved_model.load` and TensorFlow Serving read.

    Args:
        model: The model, of known inputs unless `signatures` are given.
        path: The folder; other files in it stay.
        signatures: A `tf.function`, or a dict of them by name. Defaults to `None`: one that calls the model.
        options: `tf.saved_model.SaveOptions`. Defaults to `None`.
        include_optimizer: Whether the optimizer is part of it. Defaults to True.

    Raises:
        ValueError: If `signatures` is `None` and the inputs of the model are not known.
        OSError: If it cannot be written; what was there before is whole.
    """
    known = not isinstance(model, SaveSpec) or model.save_spec() is not None
    if signatures is None and not known:
        raise ValueError(
            f"The model {model.name!r} cannot be saved as a SavedModel before its inputs are known. Call it on data, "
            "train it or build it first, or give `signatures`."
        )
    local = "://" not in path
    with (
        replacing_folder(Path(path)) if local else nullcontext(path) as folder,
        nullcontext() if include_optimizer else _without_optimizer(model),
    ):
        tf.saved_model.save(model, str(folder), signatures=signatures, options=options)


@contextmanager
def _without_optimizer(model: Any) -> Iterator[None]:
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        yield
        return
    del model.optimizer  # TensorFlow goes on tracking what is overwritten, and forgets what is deleted
    try:
        yield
    finally:
        model.optimizer = optimizer


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """Give a folder beside `target` to write to; on leaving without an error, what is in it moves into `target`.

    Args:
        target: The folder, which may exist; what has the same name in it is replaced, the rest stays.

    Yields:
        An empty folder on the same disk.

    Raises:
        ValueError: If `target` is a file.
        OSError: If it cannot be written. If the writing fails, `target` is as before.
    """
    target = Path(os.path.realpath(target))
    if target.exists() and not target.is_dir():
        raise ValueError(f"`filepath` is a file, and a SavedModel is a folder. Received: filepath={str(target)!r}")
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
    temporary.mkdir()
    try:
        yield temporary
        if target.exists():
            _move_into(temporary, target)
        else:
            temporary.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _move_into(source: Path, target: Path) -> None:
    old = source / f".old-{secrets.token_hex(4)}"
    old.mkdir()
    new = [entry for entry in source.iterdir() if entry != old]
    # Renames, all on one disk: nothing can fail half way that did not fail while the new files were written.
    for entry in new:
        if (target / entry.name).exists():
            (target / entry.name).replace(old / entry.name)
        entry.replace(target / entry.name)
