"""Verdicts of earlier races, kept on disk: how fast the same model ran with XLA and without."""

from __future__ import annotations

import hashlib
import logging
from typing import Any

import keras
import msgspec
import tensorflow as tf

from kerastui.engine.files import write_atomically
from kerastui.engine.home import home
from kerastui.engine.training.data.arrays import ArrayAdapter
from kerastui.engine.training.data.files import FileAdapter
from kerastui.engine.training.plans.race import Verdict

MOST = 1000
"""Verdicts that are kept; the oldest go. A thousand take some 150 kB."""

_log = logging.getLogger(__name__)


def recall(key: str) -> Verdict | None:
    """Give what is known.

    Args:
        key: As `key_of` made it.

    Returns:
        The verdict; `None` if there is none.
    """
    return _read().get(key)


def remember(key: str, verdict: Verdict) -> None:
    """Keep a verdict; a folder that cannot be written is no reason to end a training.

    Args:
        key: As `key_of` made it.
        verdict: The verdict.
    """
    known = _read() | {key: verdict}
    kept = dict(list(known.items())[-MOST:])
    try:
        write_atomically(_path(), msgspec.json.encode(kept))
    except OSError as error:
        _log.info("the verdict on XLA is not remembered: %s", error)


def key_of(model: Any, adapter: ArrayAdapter | FileAdapter, plan: str) -> str:
    """Describe what a verdict holds for: the model, its data, the plan, the device and the libraries.

    Args:
        model: The model, built.
        adapter: The data.
        plan: How the steps run.
    """
    specs = keras.tree.flatten(adapter.specs)
    signature = [adapter.batch_size, *((tuple(spec.shape[1:]), spec.dtype) for spec in specs)]
    layers = [(type(layer).__module__, type(layer).__name__) for layer in model._flatten_layers()]
    weights = [(tuple(weight.shape), weight.dtype) for weight in model.weights]
    devices = [(device.device_type, tf.config.experimental.get_device_details(device)) for device in _devices()]
    said = (plan, layers, weights, type(model.optimizer).__name__, str(model.dtype_policy), signature, devices)
    return hashlib.sha256(repr((said, tf.__version__, keras.__version__)).encode()).hexdigest()[:24]


def _devices() -> list[Any]:
    return list(tf.config.list_physical_devices())


def _path() -> Any:
    return home() / "plans.json"


def _read() -> dict[str, Verdict]:
    try:
        return msgspec.json.decode(_path().read_bytes(), type=dict[str, Verdict])
    except (OSError, msgspec.DecodeError):
        return {}
