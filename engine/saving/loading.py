"""Open saved models as ours."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from kerastui.engine.keras_private import keras, our_classes
from kerastui.engine.models.model import Functional, Model
from kerastui.engine.models.sequential import Sequential
from kerastui.engine.saving.h5_compilation import restore_compilation
from kerastui.engine.saving.writing import HDF5_SUFFIXES


def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,  # noqa: A002 — Keras's name
    safe_mode: bool = True,
) -> Any:
    """Open a model that `Model.save` or stock Keras wrote, as our `Model`, `Functional` or `Sequential`.

    Args:
        filepath: A `.keras` file, a folder written with `zipped=False`, or a `.h5` file of Keras.
        custom_objects: Classes and functions by name, for those that Keras does not know. Defaults to `None`.
        compile: Whether to compile the model as it was when saved. Defaults to True.
        safe_mode: Whether to refuse what would run code out of the file, such as a `Lambda`. Defaults to True.

    Returns:
        The model, with its weights and, compiled, the state of its optimizer.

    Raises:
        ValueError: If there is no such file, its format is unknown, or it needs `safe_mode=False`.
        OSError: If there is no such `.h5` file, or it cannot be read.
        TypeError: If it needs a class that is neither Keras's nor in `custom_objects`.

    Example:
        >>> model = load_model("digits.keras")  # doctest: +SKIP
    """
    if os.fspath(filepath).endswith(HDF5_SUFFIXES):
        return _load_hdf5(filepath, custom_objects, compile, safe_mode)
    with our_classes():
        return keras.saving.load_model(filepath, custom_objects=custom_objects, compile=compile, safe_mode=safe_mode)


def _load_hdf5(
    filepath: str | os.PathLike[str], custom_objects: Mapping[str, Any] | None, compiled: bool, safe_mode: bool
) -> Any:
    # The old format knows classes by their bare names, and looks for them here first.
    ours = {"Functional": Functional, "Model": Model, "Sequential": Sequential, **(custom_objects or {})}
    with our_classes():
        model = keras.saving.load_model(filepath, custom_objects=ours, compile=False, safe_mode=safe_mode)
    if compiled:
        restore_compilation(model, filepath, custom_objects)
    return model
