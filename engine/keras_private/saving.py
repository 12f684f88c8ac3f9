"""Keras's readers and writers of model files, and what is put right in them.

`walk_saveable`, `KerasSaveable` and `snake_case` say where in a `.weights.h5` Keras puts the state of what; with them
a file is looked through before anything is assigned, which Keras's own `load_weights` does not do. `safe_get_h5_group`
and `safe_get_h5_dataset` are its refusal of links out of a file.
`ask_to_proceed_with_overwrite` is Keras's question before it overwrites a file, taken so that ours is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

from keras.src.backend.common import global_state
from keras.src.saving import saving_lib, serialization_lib
from keras.src.saving.keras_saveable import KerasSaveable
from keras.src.saving.saving_lib import _walk_saveable as walk_saveable
from keras.src.saving.saving_lib import safe_get_h5_dataset, safe_get_h5_group
from keras.src.utils.io_utils import ask_to_proceed_with_overwrite
from keras.src.utils.naming import to_snake_case as snake_case

from kerastui.engine.keras_private.classes import our_classes

__all__ = [
    "AssetsStore",
    "KerasSaveable",
    "ask_to_proceed_with_overwrite",
    "compilation_kept",
    "know_saved_attributes",
    "load_archive",
    "model_as_json",
    "model_of_json",
    "read_state",
    "safe_get_h5_dataset",
    "safe_get_h5_group",
    "snake_case",
    "unsafe_is_allowed",
    "walk_saveable",
    "write_state",
]


def load_archive(
    archive: Any,
    custom_objects: Mapping[str, Any] | None = None,
    compiled: bool = True,
    safe_mode: bool = False,
) -> Any:
    """Revive a model from an open `.keras` archive, whatever its name: Keras's public function goes by the suffix.

    Args:
        archive: A binary file, open for reading.
        custom_objects: Classes and functions by name. Defaults to `None`.
        compiled: Whether to compile it as it was. Defaults to True.
        safe_mode: Whether to refuse code in it. Defaults to False, as for what this process wrote itself to pickle a
            model: a pickle is never safe.

    Returns:
        The model.
    """
    with our_classes():
        return saving_lib._load_model_from_fileobj(archive, custom_objects, compiled, safe_mode)


def unsafe_is_allowed() -> bool:
    """Say whether `keras.config.enable_unsafe_deserialization()` was called in this thread."""
    return serialization_lib.in_safe_mode() is False


AssetsStore = saving_lib.DiskIOStore
"""Where Keras puts and finds files of layers. It insists on this class."""


def model_as_json(model: Any) -> tuple[str, str]:
    """Describe a model as the `config.json` and the `metadata.json` of a `.keras` archive do.

    Args:
        model: The model.

    Returns:
        Architecture with compilation; version of Keras and date.
    """
    return saving_lib._serialize_model_as_json(model)  # type: ignore[no-any-return]


def model_of_json(text: str, custom_objects: Mapping[str, Any] | None, compiled: bool, safe_mode: bool) -> Any:
    """Make ours of a `config.json`, with new weights; what stands beside it in an archive is not read.

    Args:
        text: What `model_as_json` gave first.
        custom_objects: Classes and functions by name.
        compiled: Whether to compile it as it says.
        safe_mode: Whether to refuse code in it.

    Returns:
        The model.
    """
    with our_classes():
        return saving_lib._model_from_config(text, custom_objects, compiled, safe_mode)


def write_state(model: Any, weights: Any, assets: Any) -> None:
    """Put weights, optimizer state and files of all layers where a `.keras` archive has them.

    Args:
        model: The model.
        weights: A `WeightsStore`, for writing.
        assets: An `AssetsStore`.
    """
    saving_lib._save_state(model, weights, assets, inner_path="", visited_saveables=set())


def read_state(model: Any, weights: Any, assets: Any) -> None:
    """Take back what `write_state` put there.

    Args:
        model: The model, made of the same configuration.
        weights: A `WeightsStore`, for reading.
        assets: An `AssetsStore`, or `None`.

    Raises:
        ValueError: If layers could not be restored; they are named.
    """
    failed: set[int] = set()
    messages: dict[int, Any] = {}
    saving_lib._load_state(
        model, weights, assets, "", visited_saveables=set(), failed_saveables=failed, error_msgs=messages
    )
    if failed:
        saving_lib._raise_loading_failure(messages)


def know_saved_attributes() -> None:
    """Have Keras keep which attributes of each kind of object it looks for layers in.

    It means to, but looks them up under another name (`skiplist`) than it stores them (`skipset`), and makes an
    object to find out for each layer: four fifths of the time that saving 300 layers takes. Made beforehand, they are
    also not made where no variable may be, as in a `StatelessScope`.
    """
    for kind in ("Operation", "Layer", "Functional", "Sequential", "Metric", "Optimizer", "Loss"):
        global_state.set_global_attribute(f"saving_attr_skiplist_{kind}", saving_lib.get_attr_skipset(kind))


@contextmanager
def compilation_kept(model: Any) -> Iterator[None]:
    """Within this, writing a `.h5` leaves the model's compilation as it is.

    Keras takes the optimizer out of it, so that a `.keras` written afterwards would come back with another one.
    """
    compilation: dict[str, Any] = getattr(getattr(model, "_compile_config", None), "config", {})
    before = dict(compilation)
    metrics = getattr(model, "_compile_metrics", None)  # ours rename the user's metrics to labels, which no file wants
    with getattr(metrics, "original_names", nullcontext)():
        try:
            yield
        finally:
            compilation.update(before)
