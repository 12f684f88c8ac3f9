"""What callbacks hear of steps that run many in one call: of all of them as of one execution, by Keras's numbers."""

from __future__ import annotations

import sys
from typing import Any

from kerastui.engine.keras_private import keras
from kerastui.engine.training.plans.hearing import listener, steps_allowed, watches_loss

STEPWISE = "a step at a time"
CHUNKED = "many steps at a time, over arrays on the device"
SLABS = "many steps at a time, over slabs of the data, the next read meanwhile"
STREAMED = "many steps at a time, over a stream"

STOP = {"train": "stop_training", "test": "stop_evaluating", "predict": "stop_predicting"}
"""The attribute of the model by which a callback ends what runs."""


class Telling:
    """Tell callbacks of chunks, and ask them how long the next may be.

    With several steps per execution, a chunk is whole executions, but for the last of an epoch; it is one where a
    callback must be told of each.

    Args:
        kind: `"train"`, `"test"` or `"predict"`.
        model: The model.
        callbacks: The `CallbackList`.
    """

    def __init__(self, kind: str, model: Any, callbacks: Any) -> None:
        self._kind = kind
        self._model = model
        self._callbacks = callbacks.callbacks
        self._begin, self._end = (getattr(callbacks, f"on_{kind}_batch_{what}") for what in ("begin", "end"))
        self.execution = int(model.steps_per_execution)
        """Steps in an execution."""
        self._each = listener(kind, callbacks, each_loss=self.execution > 1) is not None
        self.watches_loss = kind == "train" and not self._each and any(map(watches_loss, self._callbacks))
        """Whether steps end at one whose loss is no number."""

    @property
    def stopped(self) -> bool:
        """Whether a callback asked to end what runs."""
        return bool(getattr(self._model, STOP[self._kind]))

    @property
    def steps_allowed(self) -> int:
        """Steps that may run before the callbacks are asked again: one execution where a run is stepped through."""
        if self._each:
            return self.execution
        allowed = min(map(steps_allowed, self._callbacks), default=sys.maxsize)
        return -(-allowed // self.execution) * self.execution

    def begin(self, start: int) -> None:
        """Tell that the batch of number `start` is next."""
        self._begin(start)

    def end(self, start: int, stop: int, found: Any) -> None:
        """Tell that the batches from `start` to before `stop` are done.

        Args:
            start: Number of the first.
            stop: Number of the one after the last.
            found: What their steps returned, as arrays: stacked; predictions joined.
        """
        if self._kind == "train":
            for callback in self._callbacks:
                if hasattr(callback, "take_steps"):
                    callback.take_steps(start, found)
        number = -(-stop // self.execution) * self.execution - 1  # Keras counts the last execution as a whole one
        self._end(number, {"outputs": found} if self._kind == "predict" else last(found))


def last(steps: Any) -> Any:
    """Give what the last step of a chunk returned, single values as Python's numbers."""
    return keras.tree.map_structure(lambda values: values[-1] if values.ndim > 1 else values[-1].item(), steps)


def say_plan(kind: str, model: Any, plan: str) -> None:
    """Say in `model.execution_plan` how the steps of a call run; a validation leaves what is said of its training."""
    if kind == "train" or getattr(model, "_eval_epoch_iterator", None) is None:
        model.execution_plan = plan
