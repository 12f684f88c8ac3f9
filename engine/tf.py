"""TensorFlow, with `tf.keras` the namespace of this project: for scripts that begin with `import tensorflow as tf`.

All but `tf.keras` is TensorFlow's own, looked up there each time.

Example:
    >>> from kerastui.engine import tf
    >>> model = tf.keras.Sequential([tf.keras.layers.Dense(10)])
    >>> isinstance(tf.constant(1), tf.Tensor)
    True
"""

from __future__ import annotations

import sys
from typing import Any

import tensorflow

from kerastui.engine import keras as keras

__path__: list[str] = []  # a package without a folder: `import kerastui.engine.tf.keras.layers` finds what is below


def __getattr__(name: str) -> Any:
    return getattr(tensorflow, name)


def __dir__() -> list[str]:
    return sorted({*dir(tensorflow), "keras"})


for _name, _module in list(sys.modules.items()):
    if f"{_name}.".startswith(f"{keras.__name__}."):
        sys.modules[f"{__name__}.keras{_name.removeprefix(keras.__name__)}"] = _module
