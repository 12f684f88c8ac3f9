"""The plan for arrays: they lie on the device, and one call runs as many steps as fit into a twentieth of a second."""

from __future__ import annotations

import logging
import time
from typing import Any

import tensorflow as tf

from kerastui.engine.keras_private import keras
from kerastui.engine.training.data.arrays import ArrayAdapter
from kerastui.engine.training.functions import StepFunction
from kerastui.engine.training.plans.chunks import Chunks
from kerastui.engine.training.plans.race import Race
from kerastui.engine.training.plans.telling import Telling

_log = logging.getLogger(__name__)


class ArrayPlan:
    """Runs epochs of a step over arrays on the device.

    Args:
        kind: `"train"`, `"test"` or `"predict"`.
        model: The model.
        function: Its function for that.
        adapter: The data.
        race: Decides between XLA and none. Defaults to `None`: as `model.jit_compile` says.
    """

    def __init__(
        self, kind: str, model: Any, function: StepFunction, adapter: ArrayAdapter, race: Race | None = None
    ) -> None:
        self._kind = kind
        self._model = model
        self._function = function
        self._adapter = adapter
        self._arrays = adapter.on_device()
        self._race = race
        self._total = adapter.num_batches
        self._whole = self._total - int(adapter.has_partial_batch)

    def run(self, callbacks: Any, epochs_left: int = 1) -> list[Any]:
        """Run one epoch.

        Args:
            callbacks: The `CallbackList`.
            epochs_left: Epochs until the end of the run, with this one. Defaults to 1.

        Returns:
            What the steps of each chunk returned.

        Raises:
            NotChunkableError: Before the first step, if what the step returns cannot be collected.
        """
        telling = Telling(self._kind, self._model, callbacks)
        self._compiled(self._jit_compile(0))
        order, start, results = self._adapter.next_order(), 0, []
        while start < self._total and not (start and telling.stopped):
            telling.begin(start)
            left = epochs_left * self._total - start
            found, stop = self._advance(order, start, telling.steps_allowed, left)
            results.append(found)
            telling.end(start, stop, found)
            start = stop
        return results

    def _jit_compile(self, steps_left: int) -> bool:
        return bool(self._model.jit_compile) if self._race is None else self._race.use_xla(steps_left)

    def _advance(self, order: Any, start: int, most: int, steps_left: int) -> tuple[Any, int]:
        """Run the next chunk; give what it returned, and the number of the batch after it."""
        jit = self._jit_compile(steps_left)
        if not jit:
            return self._timed(self._compiled(False), order, start, min(start + most, self._total), jit)
        if start < self._whole:
            try:
                return self._timed(self._compiled(True), order, start, min(start + most, self._whole), jit)
            except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError, tf.errors.InternalError) as error:
                if self._race is None or self._compiled(True).has_run:
                    raise
                _log.info("XLA cannot compile the step, which goes on without: %s", error)
                self._race.failed()
        elif self._race is None:
            rest = self._adapter.partial_batch_size or 0  # there is one, or all batches were whole
            return self._compiled(True, rest)(self._arrays, order, start * self._adapter.batch_size, 1), start + 1
        # Not compiled by XLA once more for the one smaller batch of an epoch.
        return self._timed(self._compiled(False), order, start, min(start + most, self._total), False)

    def _timed(self, chunks: Chunks, order: Any, start: int, end: int, jit: bool) -> tuple[Any, int]:
        trial = self._race.trial_steps if self._race is not None else None
        stop = min(start + (trial or chunks.length.next), end)
        began = time.perf_counter()
        found = chunks(self._arrays, order, start * self._adapter.batch_size, stop - start)
        seconds = time.perf_counter() - began
        if chunks.has_run:
            chunks.length.took(stop - start, seconds)
        if self._race is not None:
            extra = 0.0 if chunks.has_run else chunks.tracing
            self._race.took(jit, stop - start, seconds + extra, compiled=chunks.has_run)
        chunks.has_run = True
        return found, stop

    def _compiled(self, jit: bool, size: int | None = None) -> Chunks:
        """Give the compiled function, for batches of `size` rows or else those of the data."""
        whole = size is not None or jit or not self._adapter.has_partial_batch
        size = size or self._adapter.batch_size
        signature = keras.tree.map_structure(lambda array: (tuple(array.shape[1:]), array.dtype), self._arrays)
        key = ("arrays", repr(signature), size, whole, jit)
        made: dict[Any, Chunks] = self._function.compiled
        if key not in made:
            joined = self._kind == "predict"
            made[key] = Chunks(self._function.step, self._arrays, size, whole=whole, jit_compile=jit, joined=joined)
        return made[key]
