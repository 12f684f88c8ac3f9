"""Which callbacks must be told of each batch, and which are content to be told of many at once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final

import tensorflow as tf

from kerastui.engine.keras_private import keras

HOOKS: Final = {
    "train": ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end"),
    "test": ("on_test_batch_begin", "on_test_batch_end"),
    "predict": ("on_predict_batch_begin", "on_predict_batch_end"),
}
"""The methods of a callback that hear of batches, by what runs."""


def listener(kind: str, callbacks: Any, *, each_loss: bool = False) -> Any:
    """Find a callback that must be told of each batch.

    Keras's own that act at the end of an epoch, or at a batch known before, need not: nobody could see a difference.
    A subclass of the user's that has a batch method of its own must.

    Args:
        kind: `"train"`, `"test"` or `"predict"`.
        callbacks: The `CallbackList`.
        each_loss: Whether a callback counts that ends a training at the batch whose loss is no number: it may be
            spared the others, if the steps themselves end there. Defaults to False.

    Returns:
        The callback; `None` if there is none.
    """
    everyone = (callbacks, *callbacks.callbacks)
    return next(
        (one for one in everyone if _hears(kind, one) or (each_loss and kind == "train" and watches_loss(one))), None
    )


def watches_loss(callback: Any) -> bool:
    """Say whether a callback ends a training at the batch whose loss is no number."""
    return getattr(type(callback), "on_batch_end", None) is keras.callbacks.TerminateOnNaN.on_batch_end


def steps_allowed(callback: Any) -> int:
    """Say how many steps may run before a callback must be told: as many as it says, or until it saves the model."""
    if isinstance(callback, keras.callbacks.ModelCheckpoint) and callback.save_freq != "epoch":
        return max(1, int(callback.save_freq - callback._batches_seen_since_last_saving))
    return int(getattr(callback, "steps_allowed", sys.maxsize))


def _hears(kind: str, callback: Any) -> bool:
    return any(not _content(callback, name) for name in HOOKS[kind])


def _content(callback: Any, name: str) -> bool:
    """Whether a batch method of a callback may be called once for many batches."""
    if name in getattr(callback, "__dict__", {}):  # as `LambdaCallback` has them
        return False
    method = getattr(type(callback), name, None)
    if method is None or method is getattr(keras.callbacks.Callback, name):
        return True
    if _takes_chunks(type(callback), name):
        return True
    return method in _CONTENT and _CONTENT[method](callback)


def _takes_chunks(kind: type, name: str) -> bool:
    """Whether the class that says `takes_chunks` knew of the method, which a subclass of it may have replaced."""
    says = next((one for one in kind.__mro__ if "takes_chunks" in vars(one)), None)
    has = next(one for one in kind.__mro__ if name in vars(one))
    return says is not None and bool(vars(says)["takes_chunks"]) and issubclass(says, has)


def _always(callback: Any) -> bool:
    return True


def _saves_at_known_batches(callback: Any) -> bool:
    kept = type(callback)._should_save_on_batch is keras.callbacks.ModelCheckpoint._should_save_on_batch
    return kept and (callback.save_freq == "epoch" or callback.save_freq > 1)


def _saves_at_epochs(callback: Any) -> bool:
    return bool(callback.save_freq == "epoch")


def _writes_at_epochs(callback: Any) -> bool:
    """Whether a `TensorBoard` writes nothing at a batch; where the user has a writer open, it does."""
    traces = callback._should_trace or bool(tf.summary.should_record_summaries())
    return callback.update_freq == "epoch" and not traces


_CALLBACK_LIST: Final = {
    getattr(keras.callbacks.CallbackList, name): _always for names in HOOKS.values() for name in names
}
_CONTENT: Final[dict[Any, Callable[[Any], bool]]] = _CALLBACK_LIST | {
    keras.callbacks.ProgbarLogger.on_train_batch_end: _always,
    keras.callbacks.ProgbarLogger.on_test_batch_end: _always,
    keras.callbacks.ProgbarLogger.on_predict_batch_end: _always,
    keras.callbacks.TerminateOnNaN.on_batch_end: _always,
    keras.callbacks.ModelCheckpoint.on_train_batch_end: _saves_at_known_batches,
    keras.callbacks.BackupAndRestore.on_train_batch_end: _saves_at_epochs,
    keras.callbacks.TensorBoard.on_train_batch_begin: _writes_at_epochs,
    keras.callbacks.TensorBoard.on_train_batch_end: _writes_at_epochs,
    keras.callbacks.TensorBoard.on_test_batch_begin: _writes_at_epochs,
}
"""Batch methods of Keras, and when they may be called once for many batches."""
