"""Which plan runs the steps of a call."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

from kerastui.engine.keras_private import model_supports_jit
from kerastui.engine.training.batches import Batches
from kerastui.engine.training.data.arrays import ArrayAdapter
from kerastui.engine.training.data.files import FileAdapter
from kerastui.engine.training.plans import remembered
from kerastui.engine.training.plans.arrays import ArrayPlan
from kerastui.engine.training.plans.budget import budget, slab_room
from kerastui.engine.training.plans.eligible import in_rows, obstacle
from kerastui.engine.training.plans.race import Race, Verdict
from kerastui.engine.training.plans.slabs import SlabPlan
from kerastui.engine.training.plans.streams import StreamPlan
from kerastui.engine.training.plans.telling import CHUNKED, SLABS, STEPWISE, STREAMED, say_plan

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
    if reason is not None:
        say_plan(kind, model, f"{STEPWISE}: {reason}")
        return None
    xla = ", XLA" if model.jit_compile else ""
    if not in_rows(kind, model, batches):
        say_plan(kind, model, STREAMED + xla)
        return StreamPlan(kind, model, function, batches)
    adapter, room = batches.data_adapter, budget()
    fits = isinstance(adapter, ArrayAdapter) and adapter.nbytes <= room and adapter.in_rows
    said = CHUNKED if fits else SLABS
    say_plan(kind, model, said + xla)
    race = None
    if kind == "train" and model.jit_compile_auto and not model.jit_compile and model_supports_jit(model):
        race = _race(model, adapter, said)
    if fits:
        return ArrayPlan(kind, model, function, adapter, race)
    return SlabPlan(kind, model, function, adapter, race, slab_room(room))


def _race(model: Any, adapter: ArrayAdapter | FileAdapter, said: str) -> Race:
    key = cache(lambda: remembered.key_of(model, adapter, said))

    def tell(verdict: Verdict) -> None:
        remembered.remember(key(), verdict)
        model.execution_plan = said + (", XLA" if verdict.jit_compile else "")
        xla = "cannot compile it" if verdict.xla is None else f"{verdict.xla * 1e3:.3g} ms"
        _log.info("%s: %.3g ms a step without XLA, with it %s", model.name, verdict.graph * 1e3, xla)

    return Race(lambda: remembered.recall(key()), tell)
