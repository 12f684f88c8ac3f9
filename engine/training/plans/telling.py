"""What callbacks hear of steps that run many in one call: of each chunk as of one batch, by the number of its last."""

from __future__ import annotations

import sys
from typing import Any

from kerastui.engine.keras_private import keras

STOP = {"train": "stop_training", "test": "stop_evaluating", "predict": "stop_predicting"}
"""The attribute of the model by which a callback ends what runs."""


class Telling:
    """Tell callbacks of chunks, and ask them how long the next may be.

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

    @property
    def stopped(self) -> bool:
        """Whether a callback asked to end what runs."""
        return bool(getattr(self._model, STOP[self._kind]))

    @property
    def steps_allowed(self) -> int:
        """Steps that may run before the callbacks are asked again: one where a run is stepped through."""
        return min((getattr(one, "steps_allowed", sys.maxsize) for one in self._callbacks), default=sys.maxsize)

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
        self._end(stop - 1, {"outputs": found} if self._kind == "predict" else last(found))


def last(steps: Any) -> Any:
    """Give what the last step of a chunk returned, single values as Python's numbers."""
    return keras.tree.map_structure(lambda values: values[-1] if values.ndim > 1 else values[-1].item(), steps)
