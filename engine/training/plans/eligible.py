"""Whether the steps of a call may run many at a time; if not, why not."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from kerastui.engine.training.batches import Batches
from kerastui.engine.training.data.arrays import ArrayAdapter
from kerastui.engine.training.functions import StepFunction
from kerastui.engine.training.plans.hearing import listener

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
    adapter = batches.data_adapter
    if not isinstance(function, StepFunction):
        return f"`make_{kind}_function` is the model's own"
    if model.run_eagerly:
        return "it runs eagerly"
    if tf.distribute.has_strategy() or type(model.distribute_strategy) is not type(tf.distribute.get_strategy()):
        return "a distribution strategy shares out the batches"
    if kind == "predict" and model.jit_compile:
        return "XLA joins no arrays of sizes that it does not know"
    # With several steps in an execution, callbacks hear once of each, which an array plan can do as well.
    heard_by = listener(kind, callbacks) if model.steps_per_execution == 1 else None
    if heard_by is not None:
        return f"the callback {type(heard_by).__name__} hears of each batch"
    if isinstance(adapter, ArrayAdapter) and adapter.nbytes > ON_GPU and tf.config.list_physical_devices("GPU"):
        return "the arrays might not leave room for the model on the GPU"
    if not isinstance(adapter, ArrayAdapter) or adapter.on_device() is None:
        return "the data are no dense arrays"
    if batches.steps_per_epoch not in (None, adapter.num_batches):
        return "an epoch is not all of the data"
    return None if adapter.in_rows else "a smaller batch may be in the middle"
