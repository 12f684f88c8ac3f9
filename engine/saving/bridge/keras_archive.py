"""Open the `.keras` archives that tf_keras and tf.keras 2.12 to 2.15 wrote."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np

from kerastui.engine.keras_private import keras, our_classes
from kerastui.engine.saving.bridge.json_models import model_from_config
from kerastui.engine.saving.bridge.optimizer_state import restore_state
from kerastui.engine.saving.bridge.training import compile_arguments
from kerastui.engine.saving.bridge.translate import Translation, is_keras2
from kerastui.engine.saving.bridge.weights import Archive, weights_in_file_order

WEIGHTS: Final = "model.weights.h5"

COMPILED: Final = frozenset({"_metrics", "compiled_loss", "compiled_metrics", "metrics", "optimizer"})
"""Groups of that file which belong to the compilation, not to layers."""


def is_keras2_archive(filepath: str | os.PathLike[str]) -> bool:
    """Say whether a `.keras` archive was written by tf_keras or tf.keras 2.

    Args:
        filepath: The file.

    Raises:
        zipfile.BadZipFile: If it is no archive.
        KeyError: If it is not one of Keras.
    """
    with zipfile.ZipFile(filepath) as archive:
        names = archive.namelist()
        metadata = json.loads(archive.read("metadata.json")) if "metadata.json" in names else {}
        version = str(metadata.get("keras_version", "")) if isinstance(metadata, dict) else ""
        return version.startswith("2") or is_keras2(json.loads(archive.read("config.json")))


def load_archive(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,  # noqa: A002 — Keras's name
    safe_mode: bool = True,
) -> Any:
    """Open a `.keras` archive of tf_keras as our `Functional`, `Model` or `Sequential`.

    The caller has checked the archive for paths that lead out of it and for sizes that do not fit into memory.

    Args:
        filepath: The file.
        custom_objects: Classes and functions by name. Defaults to `None`.
        compile: Whether to compile the model as it was when saved. Defaults to True.
        safe_mode: Whether to refuse Python code kept in the file. Defaults to True.

    Returns:
        The model, with its weights and, compiled, the state of its optimizer. The optimizers of
        `tf_keras.optimizers.legacy` have none in an archive.

    Raises:
        TypeError: If it needs classes that are neither Keras's nor in `custom_objects`; names all.
        ValueError: If the weights do not fit, or it holds code and `safe_mode` is on.

    Warns:
        UserWarning: If the file holds an optimizer's state that does not fit; the optimizer then starts afresh.
    """
    objects = dict(custom_objects or {})
    with tempfile.TemporaryDirectory(prefix="kerastui-") as folder, zipfile.ZipFile(filepath) as archive:
        config = json.loads(archive.read("config.json"))
        model = model_from_config(config, objects, safe_mode)
        wanted = [name for name in archive.namelist() if name == WEIGHTS or name.startswith("assets/")]
        archive.extractall(folder, wanted)
        assets = Path(folder, "assets")
        with h5py.File(Path(folder, WEIGHTS), "r") as file:
            _fill(model, config, file, assets if assets.is_dir() else None)
            state = file.get("optimizer/vars", {})
            values = [np.asarray(state[str(number)]) for number in range(len(state))]
    training = config.get("compile_config") if compile else None
    if training:
        with our_classes(), keras.saving.custom_object_scope(objects):
            outputs = list(getattr(model, "output_names", None) or ())
            model.compile(**compile_arguments(training, Translation(objects, safe_mode), outputs))
        if values:
            restore_state(model, weights_in_file_order(model, config)[0], None, values)
    return model


def _fill(model: Any, config: dict[str, Any], file: Any, assets: Path | None) -> None:
    tree = Archive(assets)
    listed = config["config"].get("layers") if isinstance(config["config"], dict) else None
    if listed is not None and config["class_name"] == "Sequential":  # its list of layers leaves out the inputs
        listed = [part for part in listed if part["class_name"] != "InputLayer"]
        config = {**config, "config": {**config["config"], "layers": listed}}
    tree.fill(model, config, file, COMPILED)
    if tree.strange:
        raise ValueError(
            "The archive holds weights for parts that the layers of Keras 3 do not have: " + ", ".join(tree.strange)
        )
