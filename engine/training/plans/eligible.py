"""Whether the steps of a call may run many at a time; if not, why not."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from kerastui.engine.training.batches import Batches
from kerastui.engine.training.data.arrays import ArrayAdapter
from kerastui.engine.training.data.files import FileAdapter
from kerastui.engine.training.functions import StepFunction
from kerastui.engine.training.plans.chunks import CAPACITY
from kerastui.engine.training.plans.hearing import listener


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
    if tf.distribute.has_strategy() or type(model.distribute_strategy) is not type(tf.distribute.get_strategy()):
        return "a distribution strategy shares out the batches"
    # With several steps in an execution, callbacks hear once of each, which the other plans can do as well.
    heard_by = listener(kind, callbacks) if model.steps_per_execution == 1 else None
    if heard_by is not None:
        return f"the callback {type(heard_by).__name__} hears of each batch"
    held = isinstance(batches.data_adapter, (ArrayAdapter, FileAdapter))
    if not held and not isinstance(batches.dataset, tf.data.Dataset):
        return "the data are read in the thread that trains"
    if model.steps_per_execution > CAPACITY and not in_rows(kind, model, batches):  # rows can go on in the next call
        return f"`steps_per_execution` is {model.steps_per_execution}, and a call has room for {CAPACITY}"
    return None


def in_rows(kind: str, model: Any, batches: Batches) -> bool:
    """Tell whether an epoch is all rows of arrays or files, which can lie on the device, at once or in slabs.

    Args:
        kind: `"train"`, `"test"` or `"predict"`.
        model: The model, built.
        batches: The data.

    Returns:
        Whether it is. If not, the data come from an iterator.
    """
    adapter = batches.data_adapter
    if not isinstance(adapter, (ArrayAdapter, FileAdapter)):
        return False
    if kind == "predict" and model.jit_compile:  # XLA joins no arrays of sizes that it does not know
        return False
    if batches.steps_per_epoch not in (None, adapter.num_batches):
        return False
    # An execution would have to go on with the next slab.
    return adapter.dense and (adapter.in_rows or model.steps_per_execution == 1)
