"""The plan for files, and for arrays that are too large for the device: it holds a slab of them at a time."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import tensorflow as tf

from kerastui.engine.keras_private import keras
from kerastui.engine.training.data.arrays import ArrayAdapter
from kerastui.engine.training.data.files import FileAdapter
from kerastui.engine.training.data.slabs import ahead
from kerastui.engine.training.functions import StepFunction
from kerastui.engine.training.plans.arrays import ArrayPlan
from kerastui.engine.training.plans.race import Race


class SlabPlan(ArrayPlan):
    """Runs epochs of a step over slabs of the data: while one is worked on, a thread makes the next.

    Args:
        kind: `"train"`, `"test"` or `"predict"`.
        model: The model.
        function: Its function for that.
        adapter: The data.
        race: Decides between XLA and none; `None`: as `model.jit_compile` says.
        room: Bytes of a slab.
    """

    _by_step = True

    def __init__(
        self,
        kind: str,
        model: Any,
        function: StepFunction,
        adapter: ArrayAdapter | FileAdapter,
        race: Race | None,
        room: int,
    ) -> None:
        super().__init__(kind, model, function, adapter, race)
        self._room = room
        self._steps = self._total

    def run(self, callbacks: Any, epochs_left: int = 1) -> list[Any]:
        """Run one epoch, as `ArrayPlan.run` does."""
        telling = self._ready(callbacks)
        self._adapter.on_epoch_begin()
        before, results = 0, []
        with closing(ahead(self._adapter.slabs(self._room, telling.execution))) as slabs:
            for self._arrays, self._total, self._whole in slabs:
                rows = tf.range(keras.tree.flatten(self._arrays)[0].shape[0], dtype=tf.int64)
                results += self._run_rows(telling, rows, epochs_left * self._steps - before, before)
                before += self._total
                self._arrays = None  # before the one after the next is made
                if telling.stopped:
                    break
        self._adapter.on_epoch_end()
        return results
