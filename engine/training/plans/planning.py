"""Which plan runs the steps of a call."""

from __future__ import annotations

import logging
from typing import Any

from kerastui.engine.keras_private import model_supports_jit
from kerastui.engine.training.batches import Batches
from kerastui.engine.training.data.arrays import ArrayAdapter
from kerastui.engine.training.plans import remembered
from kerastui.engine.training.plans.arrays import ArrayPlan
from kerastui.engine.training.plans.eligible import array_obstacle, obstacle, stream_obstacle
from kerastui.engine.training.plans.race import Race, Verdict
from kerastui.engine.training.plans.streams import StreamPlan

STEPWISE = "a step at a time"
CHUNKED = "many steps at a time, over arrays on the device"
STREAMED = "many steps at a time, over a stream"

_log = logging.getLogger(__name__)


def plan_for(kind: str, model: Any, function: Any, batches: Batches, callbacks: Any) -> ArrayPlan | StreamPlan | None:
    """Choose how the steps of a call run.

    Args:
        kind: `"train"`, `"test"` or `"predict"`.
        model: The model, built.
        function: Its function for that.
        batches: The data.
        callbacks: The `CallbackList`.

    Returns:
        The plan; `None` to run a step at a time. `model.execution_plan` says which, and why.
    """
    reason = obstacle(kind, model, function, batches, callbacks)
    if reason is None and array_obstacle(kind, model, batches) is not None:
        reason = stream_obstacle(batches)
        said = STREAMED
    else:
        said = CHUNKED
    _say(kind, model, said + (", XLA" if model.jit_compile else "") if reason is None else f"{STEPWISE}: {reason}")
    if reason is not None:
        return None
    if said is STREAMED:
        return StreamPlan(kind, model, function, batches)
    race = None
    if kind == "train" and model.jit_compile_auto and not model.jit_compile and model_supports_jit(model):
        race = _race(model, batches.data_adapter)
    return ArrayPlan(kind, model, function, batches.data_adapter, race)


def no_plan(kind: str, model: Any) -> None:
    """Note that the steps run one at a time, since what they return cannot be collected.

    Args:
        kind: `"train"`, `"test"` or `"predict"`.
        model: The model.
    """
    _say(kind, model, f"{STEPWISE}: what it returns has no fixed shape")


def _say(kind: str, model: Any, plan: str) -> None:
    """Note which plan runs the steps; a validation leaves what is said of its training.

    Args:
        kind: `"train"`, `"test"` or `"predict"`.
        model: The model.
        plan: The plan, in words.
    """
    if kind == "train" or getattr(model, "_eval_epoch_iterator", None) is None:
        model.execution_plan = plan


def _race(model: Any, adapter: ArrayAdapter) -> Race:
    key = remembered.key_of(model, adapter)

    def tell(verdict: Verdict) -> None:
        remembered.remember(key, verdict)
        model.execution_plan = CHUNKED + (", XLA" if verdict.jit_compile else "")
        xla = "cannot compile it" if verdict.xla is None else f"{verdict.xla * 1e3:.3g} ms"
        _log.info("%s: %.3g ms a step without XLA, with it %s", model.name, verdict.graph * 1e3, xla)

    return Race(remembered.recall(key), tell)
