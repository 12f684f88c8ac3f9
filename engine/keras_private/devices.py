"""How much memory a device has: TensorFlow says it only where it lists devices for its own sessions."""

from __future__ import annotations

import tensorflow as tf
from tensorflow.python.client import device_lib

__all__ = ["gpu_memory"]


def gpu_memory() -> int | None:
    """Give the bytes of the first GPU that are free for TensorFlow; `None` without a GPU."""
    if not tf.config.list_logical_devices("GPU"):
        return None
    limits = [device.memory_limit for device in device_lib.list_local_devices() if device.device_type == "GPU"]
    used = tf.config.experimental.get_memory_info("GPU:0")["current"]
    return int(limits[0]) - int(used)
