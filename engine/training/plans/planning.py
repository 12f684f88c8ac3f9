"""Which plan runs the steps of a call."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

from kerastui.engine.keras_private import model_supports_jit
from kerastui.engine.training.batches import Batches
from kerastui.engine.training.data.arrays import ArrayAdapter
from kerastui.engine.training.plans import remembered
from kerastui.engine.training.plans.arrays import ArrayPlan
from kerastui.engine.training.plans.eligible import obstacle
from kerastui.engine.training.plans.race import Race, Verdict

STEPWISE = "a step at a time"
CHUNKED = "many steps at a time, over arrays on the device"

_log = logging.getLogger(__name__)


def plan_for(kind: str, model: Any, function: Any, batches: Batches, callbacks: Any) -> ArrayPlan | None:
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
    said = CHUNKED + (", XLA" if model.jit_compile else "") if reason is None else f"{STEPWISE}: {reason}"
    if (
        kind == "train" or getattr(model, "_eval_epoch_iterator", None) is None
    ):  # a validation leaves what is said of its training
        model.execution_plan = said
    if reason is not None:
        return None
    race = None
    if kind == "train" and model.jit_compile_auto and not model.jit_compile and model_supports_jit(model):
        race = _race(model, batches.data_adapter)
    return ArrayPlan(kind, model, function, batches.data_adapter, race)


def _race(model: Any, adapter: ArrayAdapter) -> Race:
    key = cache(lambda: remembered.key_of(model, adapter))

    def tell(verdict: Verdict) -> None:
        remembered.remember(key(), verdict)
        model.execution_plan = CHUNKED + (", XLA" if verdict.jit_compile else "")
        xla = "cannot compile it" if verdict.xla is None else f"{verdict.xla * 1e3:.3g} ms"
        _log.info("%s: %.3g ms a step without XLA, with it %s", model.name, verdict.graph * 1e3, xla)

    return Race(lambda: remembered.recall(key()), tell)
