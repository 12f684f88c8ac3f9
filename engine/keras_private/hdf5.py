"""Keras's readers and writers of whole models in HDF5, by parts: what they say of a model is rewritten on the way."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from keras.src.legacy.saving import json_utils, legacy_h5_format, saving_options, saving_utils

from kerastui.engine.keras_private.classes import our_classes

__all__ = ["hdf5_description", "load_hdf5_model", "old_names_pass", "write_hdf5_weights"]


@contextmanager
def old_names_pass() -> Iterator[None]:
    """Within this, Keras takes `alpha` of `LeakyReLU` without a warning: files have it for the sake of tf_keras."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Argument `alpha` is deprecated", UserWarning)
        yield


def load_hdf5_model(file: Any, custom_objects: Mapping[str, Any], safe_mode: bool) -> Any:
    """Revive a model, not compiled, from an open HDF5 file of Keras 3, whatever its name.

    Args:
        file: An `h5py.File`.
        custom_objects: Classes and functions by name.
        safe_mode: Whether to refuse code in it.

    Returns:
        The model.
    """
    with our_classes(), old_names_pass():
        return legacy_h5_format.load_model_from_hdf5(
            file, custom_objects=dict(custom_objects), compile=False, safe_mode=safe_mode
        )


def hdf5_description(model: Any, include_optimizer: bool) -> dict[str, Any]:
    """Give what Keras writes about a model into the attributes of an HDF5 file.

    Args:
        model: The model.
        include_optimizer: Whether to say how it was compiled.

    Returns:
        `keras_version`, `backend`, `model_config` and, compiled, `training_config`; as they come back from JSON.
    """
    try:
        with saving_options.keras_option_scope(use_legacy_config=True):
            found = saving_utils.model_metadata(model, include_optimizer)
    except TypeError:  # Keras cannot write some of its own layers by their bare names, such as `RandomBrightness`
        found = saving_utils.model_metadata(model, include_optimizer)
    return dict(json.loads(json.dumps(found, default=json_utils.get_json_type)))


def write_hdf5_weights(file: Any, model: Any, include_optimizer: bool) -> None:
    """Write the weights of a model, and the state of its optimizer, as Keras does into an HDF5 model.

    Args:
        file: An `h5py.File`, open for writing.
        model: The model.
        include_optimizer: Whether to write the state of its optimizer.
    """
    legacy_h5_format.save_weights_to_hdf5_group(file.create_group("model_weights"), model)
    if include_optimizer and getattr(model, "optimizer", None) is not None:
        legacy_h5_format.save_optimizer_weights_to_hdf5_group(file, model.optimizer)
