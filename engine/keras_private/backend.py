"""The backend that kerastui needs, chosen before Keras is first imported, and what its tensors hide.

TensorFlow hands over calls by the type of an argument only for types that went through `register_dispatchable_type`.
`old_keras` is what TensorFlow shows as `tf.keras`: Keras 3 and the names of Keras 2 that it dropped, such as
`backend.mean`. `tf.keras` itself is another library where `TF_USE_LEGACY_KERAS` is set.
"""

from __future__ import annotations

import copy
import os
import sys
from contextlib import AbstractContextManager
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
import tensorflow as tf  # noqa: E402
from keras._tf_keras import keras as old_keras  # noqa: E402
from keras.src import backend as keras_backend  # noqa: E402
from keras.src.backend.common import global_state  # noqa: E402
from keras.src.random.seed_generator import global_seed_generator  # noqa: E402
from keras.src.utils.io_utils import print_msg  # noqa: E402
from keras.src.utils.traceback_utils import filter_traceback  # noqa: E402
from tensorflow.python.util.dispatch import register_dispatchable_type  # noqa: E402
from tensorflow.python.util.tf_export import get_canonical_name_for_symbol  # noqa: E402

__all__ = [
    "caller_settings",
    "filter_traceback",
    "keras",
    "mask_of",
    "old_keras",
    "outside_graphs",
    "print_msg",
    "register_dispatchable_type",
    "run_symbolically",
    "tensorflow_name",
]


def mask_of(tensor: Any) -> Any:
    """Give the mask that a layer attached to its output; `None` without one."""
    return keras_backend.get_keras_mask(tensor)


def run_symbolically(function: Any, *args: Any) -> Any:
    """Run `function` on symbolic tensors as Keras does to build layers and to infer shapes; no node is recorded."""
    return keras_backend.compute_output_spec(function, *args)


def tensorflow_name(api: Any) -> str | None:
    """Give the public name of a TensorFlow function, as `"math.reduce_mean"`; `None` if it has none."""
    name = get_canonical_name_for_symbol(api)
    return name if name is None else str(name)


def outside_graphs() -> AbstractContextManager[None]:
    """Run a block eagerly though a `tf.Graph` is entered; `tf.init_scope` leaves functions alone."""
    eager: AbstractContextManager[None] = tf.__internal__.eager_context.eager_mode()
    return eager


def _own_copy(value: Any) -> Any:
    return copy.copy(value) if isinstance(value, (dict, list, set)) else value


class caller_settings:  # noqa: N801 — used as a context manager, like a function
    """Carry Keras's settings of the thread that creates this into the thread that enters it.

    Keras keeps the dtype policy, the seed of `set_random_seed`, custom-object scopes and the counters of layer names
    for each thread. Without them, training in a worker thread would not be the training that the caller asked for.
    Containers are copied: name scopes are stacks that each thread pushes and pops.

    Args:
        seeded: Whether the random numbers of the threads go on where those of the caller are. Defaults to `True`.
    """

    def __init__(self, seeded: bool = True) -> None:
        if seeded:  # made here, or each job in the worker thread would begin the same random numbers anew
            global_seed_generator()
        self._settings = {name: _own_copy(value) for name, value in vars(global_state.GLOBAL_STATE_TRACKER).items()}

    def __enter__(self) -> None:
        self._tracker = global_state.GLOBAL_STATE_TRACKER
        self._before = dict(vars(self._tracker))
        vars(self._tracker).clear()
        vars(self._tracker).update(self._settings)

    def __exit__(self, *_: object) -> None:
        vars(self._tracker).clear()
        vars(self._tracker).update(self._before)
