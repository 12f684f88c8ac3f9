"""The plan for arrays: they lie on the device, and one call runs as many steps as fit into a twentieth of a second."""

from __future__ import annotations

import logging
import math
import time
from typing import Any

import numpy as np
import tensorflow as tf

from kerastui.engine.keras_private import keras
from kerastui.engine.training.data.placing import device_here
from kerastui.engine.training.functions import StepFunction
from kerastui.engine.training.plans.chunks import Chunks, NotChunkableError
from kerastui.engine.training.plans.race import Race
from kerastui.engine.training.plans.telling import STEPWISE, Telling, say_plan

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

    _by_step = False
    """Whether XLA compiles the steps one by one, since the arrays differ in length."""

    def __init__(self, kind: str, model: Any, function: StepFunction, adapter: Any, race: Race | None = None) -> None:
        self._kind = kind
        self._model = model
        self._function = function
        self._adapter = adapter
        self._arrays: Any = None
        self._specs = adapter.specs
        self._made: dict[Any, Chunks] = {}
        self._race = race
        self._rest_seconds = math.inf
        self._execution = 1
        self._watches_loss = False
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
        telling = self._ready(callbacks)
        self._arrays = self._adapter.on_device()
        return self._run_rows(telling, self._adapter.next_order(), epochs_left * self._total)

    def _ready(self, callbacks: Any) -> Telling:
        """Compile what is needed; give what tells the callbacks."""
        telling = Telling(self._kind, self._model, callbacks)
        self._watches_loss = telling.watches_loss
        self._execution = telling.execution
        try:
            chunks = self._compiled(self._jit_compile(0))
        except NotChunkableError as error:
            say_plan(self._kind, self._model, f"{STEPWISE}: {error}")
            raise
        if chunks.convolves and device_here() is None:
            self._race = None  # a step takes XLA 20 times as long on a CPU, and compiling ResNet-20 half a minute
        return telling

    def _run_rows(self, telling: Telling, order: Any, steps_left: int, before: int = 0) -> list[Any]:
        """Run the batches of the arrays at hand, with `before` batches of the epoch done."""
        start, results = 0, []
        while start < self._total and not (start and telling.stopped):
            telling.begin(before + start)
            found, stop = self._execute(order, start, telling.steps_allowed, steps_left)
            results.append(found)
            telling.end(before + start, before + stop, found)
            start = stop
        return results

    def _execute(self, order: Any, start: int, most: int, steps_left: int) -> tuple[Any, int]:
        """Run chunks until an execution ends; give what they returned, and the number of the batch after them."""
        pieces: list[Any] = []
        stop = start
        while not pieces or (stop < self._total and stop % self._execution):
            found, stop = self._advance(order, stop, most - (stop - start), steps_left - stop)
            pieces.append(found)
        if len(pieces) == 1:
            return pieces[0], stop
        return keras.tree.map_structure(lambda *parts: np.concatenate(parts), *pieces), stop

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
                if self._race is None or self._compiled(True).is_compiled(order):
                    raise
                _log.info("XLA cannot compile the step, which goes on without: %s", error)
                self._race.failed()
        return self._rest(order, start, steps_left), start + 1

    def _rest(self, order: Any, start: int, steps_left: int) -> Any:
        """Run the one smaller batch at the end of an epoch under XLA; where it is not asked for, if that pays."""
        first, rest = start * self._adapter.batch_size, self._adapter.partial_batch_size
        if self._race is None or self._race.pays_once_more(self._rest_seconds, steps_left // self._total):
            return self._compiled(True, rest)(self._arrays, order, first, 1)
        began = time.perf_counter()
        found = self._compiled(False)(self._arrays, order, first, 1)
        self._rest_seconds = min(time.perf_counter() - began, self._rest_seconds)
        return found

    def _timed(self, chunks: Chunks, order: Any, start: int, end: int, jit: bool) -> tuple[Any, int]:
        trial = self._race.trial_steps if self._race is not None else None
        stop = min(start + (trial or chunks.length.next), end)
        if stop - stop % self._execution > start:  # at the end of an execution, if it reaches one
            stop -= stop % self._execution
        compiled, began = chunks.is_compiled(order), time.perf_counter()
        found = chunks(self._arrays, order, start * self._adapter.batch_size, stop - start)
        seconds = time.perf_counter() - began
        if self._watches_loss:  # it may have ended before
            stop = start + len(next(iter(keras.tree.flatten(found)), range(start, stop)))
        if compiled:
            chunks.length.took(stop - start, seconds)
        # A trial that the end of the epoch cut short would be judged by the fixed costs of its call.
        cut = trial is not None and 2 * (stop - start) < min(trial, self._whole)
        if self._race is not None and not (compiled and cut):
            extra = 0.0 if compiled else chunks.tracing
            self._race.took(jit, stop - start, seconds + extra, compiled=compiled)
        return found, stop

    def _compiled(self, jit: bool, size: int | None = None) -> Chunks:
        """Give the compiled function, for batches of `size` rows or else those of the data."""
        key = (jit, size, self._watches_loss)
        if key not in self._made:
            self._made[key] = self._shared(jit, size)
        return self._made[key]

    def _shared(self, jit: bool, size: int | None) -> Chunks:
        """Give a compiled function that all calls share whose data look the same; compile it if there is none."""
        # Without XLA, one that takes a smaller last batch serves all data; for whole ones alone there is a faster one.
        whole = size is not None or jit or (self._kind == "train" and not self._adapter.has_partial_batch)
        size = size or self._adapter.batch_size
        signature = keras.tree.map_structure(lambda spec: (tuple(spec.shape[1:]), spec.dtype), self._specs)
        kind = ("arrays", repr(signature), size, jit, self._watches_loss, jit and self._by_step)
        made: dict[Any, Chunks | NotChunkableError] = self._function.compiled
        if whole and not jit and (*kind, False) in made:
            whole = False
        key = (*kind, whole)
        if key not in made:
            made[key] = self._compile(size, whole=whole, jit_compile=jit)
        chunks = made[key]
        if isinstance(chunks, NotChunkableError):
            raise chunks
        return chunks

    def _compile(self, size: int, **settings: bool) -> Chunks | NotChunkableError:
        joined = self._kind == "predict"
        try:
            return Chunks(
                self._function.step,
                self._specs,
                size,
                joined=joined,
                watched=self._watches_loss,
                by_step=self._by_step,
                **settings,
            )
        except NotChunkableError as error:
            return NotChunkableError(*error.args)  # without the frames it came through
