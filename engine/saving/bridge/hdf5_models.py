"""Open the `.h5` models that tf.keras 2.x and Keras 2.x wrote."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np

from kerastui.engine.keras_private import keras, our_classes
from kerastui.engine.saving.bridge.json_models import model_from_config
from kerastui.engine.saving.bridge.optimizer_state import restore_state
from kerastui.engine.saving.bridge.training import compile_arguments
from kerastui.engine.saving.bridge.translate import Translation
from kerastui.engine.saving.bridge.weights import set_by_name, weights_in_file_order


def is_keras2_hdf5(filepath: str | os.PathLike[str]) -> bool:
    """Say whether an HDF5 file holds a model that a version of Keras before 3 wrote.

    Args:
        filepath: The file.

    Raises:
        OSError: If it is no HDF5 file.
    """
    with h5py.File(filepath, "r") as file:
        return "model_config" in file.attrs and not _version(file).startswith("3")


def load_hdf5(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,  # noqa: A002 — Keras's name
    safe_mode: bool = True,
) -> Any:
    """Open a `.h5` model of Keras 2 as our `Functional`, `Model` or `Sequential`.

    Args:
        filepath: The file.
        custom_objects: Classes and functions by name. Defaults to `None`.
        compile: Whether to compile the model as it was when saved. Defaults to True.
        safe_mode: Whether to refuse Python code kept in the file. Defaults to True.

    Returns:
        The model, with its weights and, compiled, the state of its optimizer.

    Raises:
        OSError: If there is no such file, or it is no HDF5 file.
        TypeError: If it needs classes that are neither Keras's nor in `custom_objects`; names all.
        ValueError: If it holds weights only, its weights do not fit, or it holds code and `safe_mode` is on.

    Warns:
        UserWarning: If the file holds an optimizer's state that does not fit; the optimizer then starts afresh.
    """
    with h5py.File(filepath, "r") as file:
        config = _json(file.attrs.get("model_config"))
        if config is None:
            raise ValueError(
                "The file holds weights but no model; a subclassed model is saved so. Build the model, then use "
                f"`model.load_weights`. Received: filepath={os.fspath(filepath)!r}"
            )
        group = file.get("model_weights", file)
        layers = _names(group.attrs, "layer_names")
        config = _named(config, None, layers)
        model = model_from_config(config, custom_objects, safe_mode)
        _build_from_kernel(model, config, group)
        set_by_name(model, config, lambda name: _values(group[name]), layers)
        training = _json(file.attrs.get("training_config")) if compile else None
        state = file.get("optimizer_weights")
        names = [] if state is None else _names(state.attrs, "weight_names")
        values = [] if state is None else [np.asarray(state[name]) for name in names]
    if training is not None:
        translation = Translation(custom_objects or {}, safe_mode)
        with our_classes(), keras.saving.custom_object_scope(dict(custom_objects or {})):
            outputs = list(getattr(model, "output_names", None) or ())
            model.compile(**compile_arguments(training, translation, outputs))
        if values:
            restore_state(model, weights_in_file_order(model, config)[0], names, values)
    return model


def _named(config: Any, name: str | None, layers: Sequence[str] = ()) -> Any:
    """Give each `Sequential` a name that Keras before 2.2.3 wrote without: as the list of its layers.

    Args:
        config: What the file says about a layer or model.
        name: What to call it, if it has no name.
        layers: What the file calls its layers, in order; those of nested ones are made up.

    Returns:
        The configuration with a name wherever there was none.
    """
    inner = config["config"]
    parts = inner if isinstance(inner, list) else inner.get("layers") if isinstance(inner, dict) else None
    if not isinstance(parts, list):
        return config
    names = list(layers) if len(layers) == len(parts) else [f"{name}_{number}" for number in range(len(parts))]
    parts = [_named(part, part.get("name") or names[number]) for number, part in enumerate(parts)]
    return {**config, "config": {"name": name, **(inner if isinstance(inner, dict) else {}), "layers": parts}}


def _build_from_kernel(model: Any, config: Mapping[str, Any], group: Any) -> None:
    """Build a `Sequential` that was saved without the shape of its inputs, when its first weights tell the shape."""
    if model.built or not model.layers:
        return
    first = _values(group[model.layers[0].name]) if model.layers[0].name in group else []
    if not isinstance(model.layers[0], keras.layers.Dense) or not first:
        raise ValueError(
            f"The file does not say what shape the inputs of the model {model.name!r} have, so its weights cannot be "
            "placed. Build the same model with an `Input`, then use `load_weights`."
        )
    model.build((None, first[0].shape[0]))


def _version(file: Any) -> str:
    written = file.attrs.get("keras_version", "")
    return written.decode() if isinstance(written, bytes) else str(written)


def _json(written: Any) -> Any:
    if written is None:
        return None
    return json.loads(written.decode() if isinstance(written, bytes) else str(written))


def _names(attributes: Any, key: str) -> list[str]:
    """Read a list of names; HDF5 holds 64 KiB in an attribute, so Keras spreads long lists over several."""
    found = list(attributes[key]) if key in attributes else []
    number = 0
    while f"{key}{number}" in attributes:
        found += list(attributes[f"{key}{number}"])
        number += 1
    return [name.decode() if isinstance(name, bytes) else str(name) for name in found]


def _values(group: Any) -> list[np.ndarray[Any, Any]]:
    return [np.asarray(group[name]) for name in _names(group.attrs, "weight_names")]
