"""Write and read Keras's own format, as a `.keras` archive or unzipped; weights go straight between file and model."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from kerastui.engine.keras_private import (
    AssetsStore,
    WeightsStore,
    keras,
    know_saved_attributes,
    load_archive,
    model_as_json,
    model_of_json,
    our_classes,
    read_state,
    write_state,
)
from kerastui.engine.saving.entries import checked_meanwhile, read_entry, write_entry
from kerastui.engine.saving.kinds import CONFIG, WEIGHTS

METADATA = "metadata.json"
ASSETS = "assets"


def write_archive(model: Any, path: Path) -> None:
    """Write what Keras's own writer does, in one pass: that one has all weights twice where it thinks there is room.

    Args:
        model: The model.
        path: Where to write.

    Raises:
        OSError: If it cannot be written.
    """
    config, metadata = model_as_json(model)
    know_saved_attributes()
    with zipfile.ZipFile(path, "w") as archive, _beside(path) as folder:
        archive.writestr(METADATA, metadata)
        archive.writestr(CONFIG, config)
        assets = Path(folder, ASSETS)
        with write_entry(archive, WEIGHTS) as place:
            _write_state(model, WeightsStore(place, mode="w"), assets)
        for file in sorted(assets.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder).as_posix())


def _beside(path: Path) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(dir=path.parent, prefix=".")


def write_unzipped(model: Any, folder: Path) -> None:
    """Write the same as files of a folder.

    Args:
        model: The model.
        folder: Where to write; empty.

    Raises:
        OSError: If it cannot be written.
    """
    config, metadata = model_as_json(model)
    know_saved_attributes()
    (folder / METADATA).write_text(metadata)
    (folder / CONFIG).write_text(config)
    _write_state(model, WeightsStore(folder / WEIGHTS, mode="w"), folder / ASSETS)


def _write_state(model: Any, weights: Any, assets: Path) -> None:
    assets.mkdir()
    try:
        write_state(model, weights, AssetsStore(str(assets), mode="r"))  # to read is to use the folder as it is
    except BaseException:
        _abandon(weights)
        raise
    weights.close()


def _abandon(weights: Any) -> None:
    """Close what is half written; what HDF5 then still fails at is not what went wrong."""
    try:
        weights.close()
    except (OSError, RuntimeError):
        return


def read_archive(path: str, custom_objects: Mapping[str, Any] | None, compiled: bool, safe_mode: bool) -> Any:
    """Make a model of a `.keras` archive that was looked through.

    Args:
        path: The archive.
        custom_objects: Classes and functions by name.
        compiled: Whether to compile it as it was.
        safe_mode: Whether to refuse code in it.

    Returns:
        The model.

    Raises:
        ValueError: If layers could not be restored; they are named.
        zipfile.BadZipFile: If the weights are not what was written.
    """
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if WEIGHTS not in names:
            with open(path, "rb") as file:
                return load_archive(file, custom_objects, compiled, safe_mode)
        with checked_meanwhile(archive, WEIGHTS):
            model = model_of_json(archive.read(CONFIG).decode(), custom_objects, compiled, safe_mode)
            _read_archived(model, archive, [name for name in names if name.startswith(f"{ASSETS}/")])
    return model


def _read_archived(model: Any, archive: zipfile.ZipFile, assets: list[str]) -> None:
    with read_entry(archive, WEIGHTS) as file, tempfile.TemporaryDirectory() if assets else nullcontext() as folder:
        archive.extractall(folder, assets)
        _read_state(model, WeightsStore(file), None if folder is None else os.path.join(folder, ASSETS))


def read_unzipped(folder: str, custom_objects: Mapping[str, Any] | None, compiled: bool, safe_mode: bool) -> Any:
    """Make a model of the files that `write_unzipped` or Keras wrote.

    Args:
        folder: The folder.
        custom_objects: Classes and functions by name.
        compiled: Whether to compile it as it was.
        safe_mode: Whether to refuse code in it.

    Returns:
        The model.

    Raises:
        ValueError: If layers could not be restored; they are named.
    """
    if not os.path.exists(os.path.join(folder, WEIGHTS)):  # NumPy's format, or none
        with our_classes():
            return keras.saving.load_model(folder, custom_objects, compiled, safe_mode)
    model = model_of_json(Path(folder, CONFIG).read_text(), custom_objects, compiled, safe_mode)
    assets = os.path.join(folder, ASSETS)
    _read_state(model, WeightsStore(Path(folder, WEIGHTS)), assets if os.path.isdir(assets) else None)
    return model


def _read_state(model: Any, weights: Any, assets: str | None) -> None:
    know_saved_attributes()
    try:
        read_state(model, weights, None if assets is None else AssetsStore(assets, mode="r"))
    finally:
        weights.close()
