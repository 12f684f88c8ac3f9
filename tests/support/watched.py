"""Models that tell which batches they were given, and a small one to train."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from kerastui.engine import Model, Sequential

X = np.arange(36, dtype="float32").reshape(12, 3) / 36
"""Inputs: 12 samples of 3 features."""

Y = X.sum(axis=1, keepdims=True)
"""Their targets."""

BATCH = 4
"""The batches that the helpers here make."""


class Watched(Sequential):
    """Keeps every batch it is given, and the thread's name; learns nothing."""

    def __init__(self) -> None:
        super().__init__([keras.Input((None,)), keras.layers.Lambda(lambda x: x)])
        self.batches: list[Any] = []
        self.compile(loss="mse", run_eagerly=True)

    def train_step(self, data: Any) -> dict[str, Any]:
        self.batches.append(tuple(_plain(part) for part in keras.utils.unpack_x_y_sample_weight(data)))
        return {"loss": keras.ops.zeros(())}

    def test_step(self, data: Any) -> dict[str, Any]:
        return self.train_step(data)

    def predict_step(self, data: Any) -> Any:
        self.train_step(data)
        return keras.utils.unpack_x_y_sample_weight(data)[0]

    def fit_watched(self, *args: Any, **kwargs: Any) -> list[list[Any]]:
        """Fit silently and give the first feature of every sample, batch by batch."""
        self.batches.clear()
        self.fit(*args, **{"verbose": 0, **kwargs})
        return self.firsts

    @property
    def firsts(self) -> list[list[Any]]:
        return [np.ravel(x)[:: int(np.prod(x.shape[1:]))].tolist() for x, _, _ in self.batches]


def _plain(part: Any) -> Any:
    return keras.tree.map_structure(lambda leaf: None if leaf is None else np.asarray(leaf), part)


def line(base: Any = Sequential, **settings: Any) -> Any:
    """Give a compiled model of 3 features and one output, its weights 0; `base` may be Keras's `Sequential`."""
    dense = keras.layers.Dense(1, kernel_initializer="zeros", name="out")
    model = base([keras.Input((3,)), dense])
    model.compile(keras.optimizers.SGD(0.1), "mse", **{"run_eagerly": True, **settings})
    return model


def stock_line() -> Any:
    """Give the same model as Keras's own class."""
    return line(keras.Sequential)


def two_in_two_out() -> Any:
    """Give a compiled model with inputs `a` and `b` and outputs `p` and `q`, its weights 0."""
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    p = keras.layers.Dense(1, kernel_initializer="zeros", name="p")(a)
    q = keras.layers.Dense(1, kernel_initializer="zeros", name="q")(keras.layers.add([a, b]))
    model = Model([a, b], [p, q])
    model.compile(keras.optimizers.SGD(0.1), "mse", run_eagerly=True)
    return model


def trained(model: Any, *args: Any, **kwargs: Any) -> list[list[float]]:
    """Fit silently, batches of 4 in order unless asked otherwise, and give the weights."""
    model.fit(*args, **{"verbose": 0, "shuffle": False, **kwargs})
    return [np.ravel(weight).tolist() for weight in model.get_weights()]


def batches(*, times: int = 1, threads: list[str] | None = None) -> Iterator[Any]:
    """Yield `X` and `Y` in three batches, as often as asked; note the names of the threads that read."""
    for _ in range(times):
        for start in range(0, len(X), BATCH):
            if threads is not None:
                threads.append(threading.current_thread().name)
            yield X[start : start + BATCH], Y[start : start + BATCH]


class Pieces(keras.utils.PyDataset):  # type: ignore[misc]  # Keras ships no types
    """`X` and `Y` in three batches."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.read: list[tuple[int, str]] = []
        self.epochs_ended = 0

    def __len__(self) -> int:
        return len(X) // BATCH

    def __getitem__(self, index: int) -> Any:
        self.read.append((index, threading.current_thread().name))
        return X[index * BATCH : (index + 1) * BATCH], Y[index * BATCH : (index + 1) * BATCH]

    def on_epoch_end(self) -> None:
        self.epochs_ended += 1


class OldPieces(keras.utils.Sequence):  # type: ignore[misc]  # Keras ships no types
    """The same as older scripts write it: the constructor does not call that of `Sequence`."""

    def __init__(self) -> None:
        self.size = BATCH

    def __len__(self) -> int:
        return len(X) // BATCH

    def __getitem__(self, index: int) -> Any:
        return X[index * BATCH : (index + 1) * BATCH], Y[index * BATCH : (index + 1) * BATCH]


class Numbered(keras.utils.PyDataset):  # type: ignore[misc]  # Keras ships no types
    """Six batches: the index, and the process that made it."""

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> Any:
        return np.full((1, 2), [index, os.getpid()], "int32"), np.zeros((1, 2))
