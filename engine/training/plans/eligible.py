"""Whether the steps of a call may run many at a time; if not, why not."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from kerastui.engine.keras_private import keras
from kerastui.engine.training.batches import Batches
from kerastui.engine.training.data.arrays import ArrayAdapter
from kerastui.engine.training.functions import StepFunction

HOOKS = {
    "train": ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end"),
    "test": ("on_test_batch_begin", "on_test_batch_end"),
    "predict": ("on_predict_batch_begin", "on_predict_batch_end"),
}
"""The methods of a callback that want to hear of each batch, by what runs."""

ON_GPU = 1 << 28
"""Bytes of arrays that are put on a GPU: with 8 GiB, the smallest that people train on, a thirty-second of it."""


def obstacle(kind: str, model: Any, function: Any, batches: Batches, callbacks: Any) -> str | None:
    """Say what demands that each step is a call of its own.

    Args:
        kind: `"train"`, `"test"` or `"predict"`.
        model: The model, built.
        function: Its function for that.
        batches: The data.
        callbacks: The `CallbackList`.

    Returns:
        The reason, in words; `None` if nothing does.
    """
    if not isinstance(function, StepFunction):
        return f"`make_{kind}_function` is the model's own"
    if model.run_eagerly:
        return "it runs eagerly"
    if model.steps_per_execution > 1:
        return f"`steps_per_execution` is {model.steps_per_execution}"
    if tf.distribute.has_strategy() or type(model.distribute_strategy) is not type(tf.distribute.get_strategy()):
        return "a distribution strategy shares out the batches"
    for callback in callbacks.callbacks:
        if _hears_of_batches(callback, HOOKS[kind]):
            return f"the callback {type(callback).__name__} hears of each batch"
    return None


def array_obstacle(kind: str, model: Any, batches: Batches) -> str | None:
    """Say why the data cannot lie on the device.

    Args:
        kind: `"train"`, `"test"` or `"predict"`.
        model: The model, built.
        batches: The data.

    Returns:
        The reason, in words; `None` if nothing does.
    """
    adapter = batches.data_adapter
    if kind == "predict" and model.jit_compile:
        return "XLA joins no arrays of sizes that it does not know"
    if isinstance(adapter, ArrayAdapter) and adapter.nbytes > ON_GPU and tf.config.list_physical_devices("GPU"):
        return "the arrays might not leave room for the model on the GPU"
    if not isinstance(adapter, ArrayAdapter) or adapter.on_device() is None:
        return "the data are no dense arrays"
    if batches.steps_per_epoch not in (None, adapter.num_batches):
        return "an epoch is not all of the data"
    return None if adapter.in_rows else "a smaller batch may be in the middle"


def stream_obstacle(batches: Batches) -> str | None:
    """Say why the batches cannot be taken many at a time within a compiled function.

    Args:
        batches: The data.

    Returns:
        The reason, in words; `None` if nothing does.
    """
    if not isinstance(batches.dataset, tf.data.Dataset):
        return "the data are read in the thread that trains"
    return None


def _hears_of_batches(callback: Any, hooks: tuple[str, ...]) -> bool:
    if getattr(callback, "takes_chunks", False) or isinstance(callback, keras.callbacks.ProgbarLogger):
        return False
    if isinstance(callback, keras.callbacks.ModelCheckpoint):
        return bool(callback.save_freq != "epoch")
    # A method, or with `LambdaCallback` a function of the object.
    base = keras.callbacks.Callback
    return any(name in vars(callback) or getattr(type(callback), name) is not getattr(base, name) for name in hooks)
