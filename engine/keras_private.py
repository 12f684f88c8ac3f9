"""Everything private to Keras that kerastui touches, each with its reason; `keras` is pinned to a minor version for it.

Importing this module imports Keras and TensorFlow, on the TensorFlow backend and no other.
"""

from __future__ import annotations

import copy
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any


def _require_tensorflow() -> None:
    """Choose the TensorFlow backend, or refuse, before an unwanted backend is imported."""
    chosen = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if "keras" in sys.modules:
        chosen = sys.modules["keras"].config.backend()
    if chosen != "tensorflow":
        raise ImportError(
            "kerastui.engine needs Keras on its TensorFlow backend. Set the environment variable "
            "KERAS_BACKEND=tensorflow, or leave it unset, before Keras is first imported. "
            f"Received: KERAS_BACKEND={chosen}"
        )


_require_tensorflow()

import keras  # noqa: E402
from keras.src import api_export  # noqa: E402
from keras.src.backend.common import global_state  # noqa: E402
from keras.src.backend.tensorflow.trainer import TensorFlowTrainer  # noqa: E402
from keras.src.models.functional import Functional as KerasFunctional  # noqa: E402
from keras.src.models.model import functional_init_arguments  # noqa: E402
from keras.src.random.seed_generator import global_seed_generator  # noqa: E402
from keras.src.saving import object_registration, saving_lib  # noqa: E402
from keras.src.utils.io_utils import ask_to_proceed_with_overwrite  # noqa: E402

Input = keras.Input
"""Keras's own; here so that the package's lazy exports load it with the backend checked."""

__all__ = [
    "Input",
    "KerasFunctional",
    "TensorFlowTrainer",
    "ask_to_proceed_with_overwrite",
    "caller_settings",
    "compilation_kept",
    "functional_init_arguments",
    "inherit_registered_name",
    "keras",
    "load_archive",
    "our_classes",
    "samples_seen",
    "take_place_of",
]

# `Functional` is public API nowhere, `TensorFlowTrainer` neither: they are the base classes of our `Functional` and
# `Trainer`. `functional_init_arguments` is how Keras tells `Model(inputs, outputs)` from a subclass's own arguments;
# `ask_to_proceed_with_overwrite` is its question before it overwrites a file. Both are taken so that ours are the same.

_STOCK_SYMBOL_FROM_NAME = api_export.get_symbol_from_name
_in_their_place: dict[str, type] = {}
_nothing: Mapping[str, type] = MappingProxyType({})
_wanted: ContextVar[Mapping[str, type]] = ContextVar("kerastui_classes", default=_nothing)


def take_place_of(keras_name: str, ours: type) -> None:
    """Have `ours` written to files as the Keras class of that name, and revived from them within `our_classes`.

    Keras names a class in a file by this table, and else by its module, which would be `kerastui…` and would open
    nowhere else.

    Args:
        keras_name: The name that Keras writes, as `"keras.Sequential"`.
        ours: Our class for it.
    """
    api_export.REGISTERED_OBJS_TO_NAMES[ours] = keras_name
    _in_their_place[keras_name] = ours


def _get_symbol_from_name(name: str) -> Any:
    return _wanted.get().get(name) or _STOCK_SYMBOL_FROM_NAME(name)


# Keras looks up built-in classes before custom objects of the same name, so there is no public way to have a file's
# `keras.Sequential` become ours. Outside `our_classes`, and in other threads, this function is Keras's.
api_export.get_symbol_from_name = _get_symbol_from_name


@contextmanager
def our_classes() -> Iterator[None]:
    """Within this, reviving a Keras configuration gives our `Model`, `Functional` and `Sequential`."""
    token = _wanted.set(_in_their_place)
    try:
        yield
    finally:
        _wanted.reset(token)


def load_archive(archive: Any) -> Any:
    """Revive a model from an open `.keras` archive that this process wrote itself, as pickling does.

    Args:
        archive: A binary file, open for reading.

    Returns:
        The model. Safe mode is off, as in Keras: a pickle is never safe.
    """
    with our_classes():
        return saving_lib._load_model_from_fileobj(archive, custom_objects=None, compile=True, safe_mode=False)


@contextmanager
def compilation_kept(model: Any) -> Iterator[None]:
    """Within this, writing a `.h5` leaves the model's compilation as it is.

    Keras takes the optimizer out of it, so that a `.keras` written afterwards would come back with another one.
    """
    compilation: dict[str, Any] = getattr(getattr(model, "_compile_config", None), "config", {})
    before = dict(compilation)
    try:
        yield
    finally:
        compilation.update(before)


def inherit_registered_name(cls: type, base: type) -> None:
    """Give `cls` the name under which `base` was registered with `register_keras_serializable`, if it was.

    The public decorator would also make Keras revive `cls` in place of `base`.
    """
    name = object_registration.GLOBAL_CUSTOM_NAMES.get(base)
    if name is not None:
        object_registration.GLOBAL_CUSTOM_NAMES[cls] = name


def samples_seen(model: Any) -> float | None:
    """Rows trained so far in the running epoch: what the running mean of the loss is weighted by.

    Callbacks are not told the batch size, and a data set need not know it.

    Returns:
        The count; `None` where the model's own `train_step` keeps no such mean.
    """
    tracker = getattr(model, "_loss_tracker", None)
    count = getattr(tracker, "count", None)
    return float(count.numpy()) or None if count is not None else None


def _own_copy(value: Any) -> Any:
    return copy.copy(value) if isinstance(value, (dict, list, set)) else value


class caller_settings:  # noqa: N801 — used as a context manager, like a function
    """Carry Keras's settings of the thread that creates this into the thread that enters it.

    Keras keeps the dtype policy, the seed of `set_random_seed`, custom-object scopes and the counters of layer names
    for each thread. Without them, training in a worker thread would not be the training that the caller asked for.
    Containers are copied: name scopes are stacks that each thread pushes and pops.
    """

    def __init__(self) -> None:
        global_seed_generator()  # made here, or each job in the worker thread would begin the same random numbers anew
        self._settings = {name: _own_copy(value) for name, value in vars(global_state.GLOBAL_STATE_TRACKER).items()}

    def __enter__(self) -> None:
        self._tracker = global_state.GLOBAL_STATE_TRACKER
        self._before = dict(vars(self._tracker))
        vars(self._tracker).clear()
        vars(self._tracker).update(self._settings)

    def __exit__(self, *_: object) -> None:
        vars(self._tracker).clear()
        vars(self._tracker).update(self._before)
