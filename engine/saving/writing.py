"""Write a model: as a `.keras` archive, an HDF5 file or a TensorFlow SavedModel, each whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from kerastui.engine.files import replacing
from kerastui.engine.keras_private import (
    AssetsStore,
    WeightsStore,
    ask_to_proceed_with_overwrite,
    compilation_kept,
    keras,
    model_as_json,
    write_state,
)
from kerastui.engine.saving.kinds import storing
from kerastui.engine.saving.saved_model import PARTS, write_saved_model

HDF5_SUFFIXES = (".h5", ".hdf5")

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
    with storing(path), compilation_kept(model), nullcontext() if include_optimizer else _uncompiled(model):
        if zipped is False or path.startswith("hf://") or ("://" in path and kind != "tf"):
            keras.saving.save_model(model, filepath, zipped=zipped, include_optimizer=include_optimizer)
        elif kind == "keras":
            with replacing(path) as temporary:
                _write_archive(model, temporary)
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


def _write_archive(model: Any, path: Path) -> None:
    """Write what Keras's own writer does. That one has all weights in memory twice where it thinks there is room."""
    config, metadata = model_as_json(model)
    with zipfile.ZipFile(path, "w") as archive, tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as folder:
        archive.writestr("metadata.json", metadata)
        archive.writestr("config.json", config)
        weights, assets = WeightsStore(f"{folder}/w.h5", mode="w"), AssetsStore("assets", archive=archive, mode="w")
        try:
            write_state(model, weights, assets)
        finally:
            weights.close()
            assets.close()
        archive.write(f"{folder}/w.h5", "model.weights.h5")


def _write_hdf5(model: Any, path: str, include_optimizer: bool) -> None:
    with replacing(path) as temporary:
        # Keras goes by the suffix.
        written = temporary if temporary.suffix in HDF5_SUFFIXES else temporary.with_name(f"{temporary.name}.h5")
        try:
            keras.saving.save_model(model, written, include_optimizer=include_optimizer)
            written.replace(temporary)
        finally:
            if written != temporary:
                written.unlink(missing_ok=True)


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


@contextmanager
def replacing_folder(target: Path, stale: tuple[str, ...] = ()) -> Iterator[Path]:
    """Give a folder beside `target` to write to; on leaving without an error, what is in it moves into `target`.

    Args:
        target: The folder, which may exist; what has the same name in it is replaced, the rest stays.
        stale: Names in `target` that go even if nothing new has them. Defaults to none.

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
            _move_into(temporary, target, stale)
        else:
            temporary.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _move_into(source: Path, target: Path, stale: tuple[str, ...]) -> None:
    old = source / f".old-{secrets.token_hex(4)}"
    new = list(source.iterdir())
    old.mkdir()
    # Renames, all on one disk: nothing can fail half way that did not fail while the new files were written.
    for name in {*stale, *(entry.name for entry in new)}:
        if (target / name).exists():
            (target / name).replace(old / name)
    for entry in new:
        entry.replace(target / entry.name)
