"""Compile a model as its HDF5 file says, and restore the state of its optimizer."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import h5py
import numpy as np

from kerastui.engine.hdf5_names import read_strings, write_strings
from kerastui.engine.keras_private import keras
from kerastui.engine.saving.bridge.optimizer_state import SLOTS

KERAS_ORDER = "kerastui_names"
"""The attribute that lists an optimizer's state as Keras 3 does; `weight_names` is for tf_keras."""

PLAIN = ("loss_weights", "run_eagerly", "steps_per_execution", "jit_compile")
"""Arguments of `compile` that are written as they are. Files of older generations lack some."""


def restore_compilation(
    model: Any, filepath: str | os.PathLike[str], custom_objects: Mapping[str, Any] | None = None
) -> None:
    """Compile a model that was just read from an HDF5 file as it was when it was written.

    Keras does not read the short names there (`"mse"`) as metrics, and makes an optimizer that knows no weights; ours
    can be trained on as if it had never been saved.

    Args:
        model: The model, built, not compiled.
        filepath: The file.
        custom_objects: Classes and functions by name. Defaults to `None`.

    Raises:
        ValueError: If a loss, metric or optimizer is neither Keras's nor in `custom_objects`.

    Warns:
        UserWarning: If the file holds an optimizer's state that does not fit; the optimizer then starts afresh.
    """
    with h5py.File(filepath, "r") as file:
        written = file.attrs.get("training_config")
        if written is None:
            return
        config = json.loads(written)
        config |= config.get("as_compiled", {})
        group = file.get("optimizer_weights")
        state = None if group is None else [np.asarray(group[name]) for name in _in_keras_order(group)]
    arguments = {name: config[name] for name in PLAIN if config.get(name) is not None}
    with keras.saving.custom_object_scope(dict(custom_objects or {})):
        model.compile(
            optimizer=keras.optimizers.deserialize(config["optimizer_config"]),
            loss=_revived(config.get("loss"), keras.losses.deserialize),
            metrics=_revived(config.get("metrics"), keras.metrics.deserialize),
            weighted_metrics=_revived(config.get("weighted_metrics"), keras.metrics.deserialize),
            **arguments,
        )
    if state is not None:
        _restore(model, state)


def name_state_for_tf_keras(group: h5py.Group, optimizer: Any) -> None:
    """List the state of an optimizer in the order in which tf_keras reads it, and Keras 3's order besides.

    Stock Keras 3 reads none of it but the count of steps, which is first in both.

    Args:
        group: `optimizer_weights` of an HDF5 file, as Keras 3 wrote it; its attributes are changed.
        optimizer: The optimizer.
    """
    slots = SLOTS.get(type(optimizer).__name__)
    names = read_strings(group, "weight_names")
    places = {id(variable): at for at, variable in enumerate(optimizer.variables)}
    if slots is None or len(names) != len(places):
        return
    values = [found for attribute, _ in slots if (found := getattr(optimizer, attribute, None))]
    by_turns = type(optimizer).__name__ == "Ftrl"
    ordered = [one for row in (zip(*values, strict=True) if by_turns else values) for one in row]
    order = [names[places[id(one)]] for one in (optimizer.iterations, *ordered)]
    for name in [name for name in group.attrs if name.startswith("weight_names")]:
        del group.attrs[name]
    write_strings(group, "weight_names", order)
    write_strings(group, KERAS_ORDER, names)


def _in_keras_order(group: h5py.Group) -> list[str]:
    return read_strings(group, KERAS_ORDER) or read_strings(group, "weight_names")


def _revived(config: Any, deserialize: Callable[[Any], Any]) -> Any:
    """Make objects of what was written; short names like `"mse"` stay, `compile` looks them up."""
    if isinstance(config, str):
        return keras.saving.get_registered_object(config) or config
    if isinstance(config, dict) and "class_name" in config:
        return deserialize(config)
    if isinstance(config, dict):
        return {key: _revived(value, deserialize) for key, value in config.items()}
    return [_revived(value, deserialize) for value in config] if isinstance(config, list) else config


def _restore(model: Any, state: list[np.ndarray[Any, Any]]) -> None:
    model.optimizer.build(model.trainable_variables)
    variables = model.optimizer.variables
    if len(state) < len(variables) and not any(value.shape for value in state):
        return  # saved before its first step: a counter at 0 and a learning rate, which the configuration has too
    if [tuple(variable.shape) for variable in variables] != [value.shape for value in state]:
        warnings.warn(
            f"The file's optimizer state does not fit the {type(model.optimizer).__name__} of the model "
            f"{model.name!r}; its optimizer starts afresh.",
            stacklevel=4,
        )
        return
    for variable, value in zip(variables, state, strict=True):
        variable.assign(value)
