"""Save and load the weights of a model in each format that a generation of Keras has had."""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import h5py
import tensorflow as tf

from kerastui.engine.files import replacing
from kerastui.engine.keras_private import ask_to_proceed_with_overwrite, keras, safe_get_h5_group
from kerastui.engine.saving import hdf5_weights, keras3_weights
from kerastui.engine.saving.checkpoint import is_checkpoint, load_checkpoint, write_checkpoint
from kerastui.engine.saving.disk import disk_errors
from kerastui.engine.saving.entries import checked_meanwhile, read_entry
from kerastui.engine.saving.guards import check_archive, check_hdf5
from kerastui.engine.saving.kinds import reading

KERAS3_SUFFIX = ".weights.h5"
HDF5_SUFFIXES = (".h5", ".hdf5", ".keras")

_SHARDED_SUFFIX = ".weights.json"
_FORMATS = {"h5": "h5", "hdf5": "h5", "keras": "h5", "tf": "tf", "tensorflow": "tf"}
_WEIGHTS_IN_ARCHIVE = "model.weights.h5"


def save_weights(
    model: Any,
    filepath: str | os.PathLike[str],
    overwrite: bool = True,
    save_format: str | None = None,
    options: Any = None,
) -> None:
    """Write the weights of all layers.

    Args:
        model: A built model.
        filepath: Where to write. `.weights.h5` is the layout of Keras 3, `.h5`, `.hdf5` and `.keras` the one of HDF5
            files before, anything else the prefix of a TensorFlow checkpoint.
        overwrite: Whether to replace what is there without asking on the terminal. Defaults to True.
        save_format: `"h5"` (also `"hdf5"`, `"keras"`) or `"tf"` (also `"tensorflow"`). Defaults to `None`: as the
            suffix says.
        options: For a checkpoint: `tf.train.CheckpointOptions`. Defaults to `None`.

    Raises:
        ValueError: If the format is unknown or contradicts the suffix, or the model is not built.
        OSError: If it cannot be written, or `overwrite=False` and nobody can be asked; what was there is whole.

    Example:
        >>> save_weights(model, "digits.weights.h5")  # doctest: +SKIP
    """
    path = os.fspath(filepath)
    chosen = _format_of(path, save_format)
    _check_built(model, "save")
    written = f"{path}.index" if chosen == "tf" else path
    if not overwrite and tf.io.gfile.exists(written) and not _may_overwrite(written):
        return
    with disk_errors(path):
        _write(model, path, chosen, options)


def _write(model: Any, path: str, chosen: str, options: Any) -> None:
    if chosen == "tf":
        write_checkpoint(model, path, options)
    elif "://" in path:
        _write_remote(model, path)
    else:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            _write_hdf5(model, temporary, path)


def _format_of(path: str, save_format: str | None) -> str:
    suffixed = path.endswith(HDF5_SUFFIXES)
    if save_format is None:
        return "h5" if suffixed else "tf"
    chosen = _FORMATS.get(save_format.lower().strip()) if isinstance(save_format, str) else None
    if chosen is None:
        raise ValueError(
            f"`save_format` must be 'h5' or 'tf', or `None` to go by the suffix. Received: save_format={save_format!r}"
        )
    if chosen == "tf" and suffixed:
        raise ValueError(
            "A TensorFlow checkpoint is several files, and the suffix is that of one HDF5 file. Leave out the suffix "
            f"or `save_format`. Received: save_format={save_format!r}, filepath={path!r}"
        )
    return chosen


def _check_built(model: Any, doing: str) -> None:
    if not model.built:
        raise ValueError(
            f"The model {model.name!r} has no weights to {doing} yet. Call it on data or `build` it first."
        )


def _may_overwrite(path: str) -> bool:
    try:
        return bool(ask_to_proceed_with_overwrite(path))
    except (EOFError, OSError) as error:
        raise FileExistsError(
            "There is a file already, and nobody to ask whether to replace it. Give `overwrite=True` or another "
            f"path. Received: overwrite=False, filepath={path!r}"
        ) from error


def _write_hdf5(model: Any, temporary: Path, path: str) -> None:
    if path.endswith(KERAS3_SUFFIX):
        keras3_weights.write_keras3(temporary, model)
        return
    with h5py.File(temporary, "w") as file:
        hdf5_weights.write_layer_names(file, model)


def _write_remote(model: Any, path: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        local = Path(folder) / os.path.basename(path)
        _write_hdf5(model, local, path)
        tf.io.gfile.copy(str(local), path, overwrite=True)


def load_weights(
    model: Any,
    filepath: str | os.PathLike[str],
    skip_mismatch: bool = False,
    by_name: bool = False,
    options: Any = None,
) -> Any:
    """Load the weights of a file of any format, which is found out from what is in it.

    All of the file is looked through first: if anything does not fit, the model is left as it was.

    Args:
        model: A built model.
        filepath: An HDF5 file of either layout, a `.keras` archive, a `.h5` of a whole model, the prefix of a
            TensorFlow checkpoint or the folder where it is the latest, or the folder of a SavedModel.
        skip_mismatch: Whether to pass over layers whose weights do not fit, with a warning for each. Defaults to
            False.
        by_name: Whether to load the layers whose names are the same, in whatever order; only for HDF5 files with
            `layer_names`. Defaults to False, which goes by order.
        options: For a checkpoint: `tf.train.CheckpointOptions`. Defaults to `None`.

    Returns:
        For a checkpoint or SavedModel the status of `tf.train.Checkpoint.read`; else `None`.

    Raises:
        ValueError: If a layer does not fit, the format is unknown, `by_name` is not possible, or the model is not
            built.
        OSError: If there is no such file, or it cannot be read.

    Example:
        >>> load_weights(model, "digits.weights.h5")  # doctest: +SKIP
    """
    path = os.fspath(filepath)
    _check_built(model, "load")
    if path.endswith(_SHARDED_SUFFIX):
        _refuse_by_name(by_name, "one of Keras 3's layout", path)
        return keras.saving.load_weights(model, path, skip_mismatch=skip_mismatch)
    if "://" in path and path.endswith(HDF5_SUFFIXES):
        with tempfile.TemporaryDirectory() as folder:
            local = os.path.join(folder, os.path.basename(path))
            tf.io.gfile.copy(path, local)
            return load_weights(model, local, skip_mismatch, by_name)
    prefix = _checkpoint_in(path)
    if prefix is not None:
        _refuse_by_name(by_name, "a TensorFlow checkpoint", path)
        return load_checkpoint(model, prefix, skip_mismatch, options, path)
    file = Path(path) / _WEIGHTS_IN_ARCHIVE if os.path.isdir(path) else Path(path)
    if zipfile.is_zipfile(file):
        _refuse_by_name(by_name, "a `.keras` archive", path)
        _load_archive(model, file, skip_mismatch)
    elif file.is_file() and h5py.is_hdf5(file):
        _load_hdf5(model, file, skip_mismatch, by_name, path)
    else:
        raise _unknown(path)
    return None


def _checkpoint_in(path: str) -> str | None:
    """Give the prefix of the checkpoint at a path, in a folder of checkpoints or in a SavedModel; else `None`."""
    # TensorFlow's list of the checkpoints in a folder has this name, and a checkpoint there may have it too.
    if os.path.isfile(path) and os.path.basename(path) != "checkpoint":
        return None
    if is_checkpoint(path):
        return path
    if tf.saved_model.contains_saved_model(path):
        inside = f"{path.rstrip('/')}/variables/variables"
        return inside if is_checkpoint(inside) else None
    latest = tf.train.latest_checkpoint(path)
    return None if latest is None else str(latest)


def _refuse_by_name(by_name: bool, what: str, path: str) -> None:
    if by_name:
        raise ValueError(
            f"`by_name` needs an HDF5 file with `layer_names`, such as `save_weights('weights.h5')` writes, and this "
            f"is {what}. Received: by_name=True, filepath={path!r}"
        )


def _load_archive(model: Any, file: Path, skip_mismatch: bool) -> None:
    check_archive(file)
    with zipfile.ZipFile(file) as archive:
        if _WEIGHTS_IN_ARCHIVE not in archive.namelist():
            raise ValueError(
                f"A `.keras` archive has its weights in {_WEIGHTS_IN_ARCHIVE!r}, and this has none. Received: "
                f"filepath={str(file)!r}"
            )
        with reading(file), checked_meanwhile(archive, _WEIGHTS_IN_ARCHIVE):
            pass  # before anything is assigned
        with read_entry(archive, _WEIGHTS_IN_ARCHIVE) as place:
            keras3_weights.load_keras3(model, place, skip_mismatch, str(file))


def _load_hdf5(model: Any, file: Path, skip_mismatch: bool, by_name: bool, path: str) -> None:
    check_hdf5(file)
    with h5py.File(file, "r") as opened:
        group = opened
        if not hdf5_weights.has_layer_names(opened) and "model_weights" in opened:
            group = safe_get_h5_group(opened, "model_weights")
        if hdf5_weights.has_layer_names(group):
            plan = (hdf5_weights.plan_by_name if by_name else hdf5_weights.plan_by_order)(group, model)
            hdf5_weights.settle(plan.mismatches, skip_mismatch, path, stacklevel=5)
            hdf5_weights.assign(plan, model)
            return
        known = not {"vars", "layers", "_layer_checkpoint_dependencies"}.isdisjoint(opened)
    if not known:
        raise _unknown(path)
    _refuse_by_name(by_name, "one of Keras 3's layout", path)
    keras3_weights.load_keras3(model, file, skip_mismatch, path)


def _unknown(path: str) -> Exception:
    if not os.path.exists(path):
        return FileNotFoundError(
            "There are no weights: no such file, folder or checkpoint. A checkpoint is given by its prefix, without "
            f"`.index`. Received: filepath={path!r}"
        )
    return ValueError(
        "The file must be HDF5 weights, a `.keras` archive, a TensorFlow checkpoint or a SavedModel, and is none of "
        f"them. Received: filepath={path!r}"
    )
