"""Keras's parts of a training that ours is made with, and its search for what a callback monitors.

The loops of `fit` and its kin are ours; they count epochs with Keras's `TFEpochIterator` over a `DataAdapter`, unpack
and join batches with its functions, and hide its frames from tracebacks as it does. `KerasTrainer` is what each model
of Keras is an instance of.

`DataAdapter` is what Keras's epoch iterator reads; `can_slice_array`, `convert_to_sliceable` and the two names for
sparse tensors are how Keras reads rows of arrays of any library; `get_tensor_spec` describes batches of Python's;
`get_data_adapter` knows the loaders of PyTorch and Grain, which `is_torch_dataloader` and `is_grain_dataset` tell.

`LOSSES`, `METRICS` and `OPTIMIZERS` are the names that `compile` knows, aliases such as `mse` among them. `get_loss`,
`get_metric` and `is_binary_or_sparse_categorical` make of a name what Keras's own `compile` makes of it.
"""

from __future__ import annotations

from typing import Any

from keras.src.backend.tensorflow.trainer import (
    TensorFlowTrainer,
    TFEpochIterator,
    convert_to_np_if_not_ragged,
    potentially_ragged_concat,
)
from keras.src.callbacks.monitor_callback import MonitorCallback
from keras.src.losses import ALL_OBJECTS_DICT as LOSSES
from keras.src.metrics import ALL_OBJECTS_DICT as METRICS
from keras.src.optimizers import ALL_OBJECTS_DICT as OPTIMIZERS
from keras.src.trainers.compile_utils import (
    get_loss,
    get_metric,
    is_binary_or_sparse_categorical,
)
from keras.src.trainers.data_adapters import (
    get_data_adapter,
    is_grain_dataset,
    is_torch_dataloader,
)
from keras.src.trainers.data_adapters.array_slicing import (
    TensorflowSparseWrapper,
    can_slice_array,
    convert_to_sliceable,
    slice_tensorflow_sparse_wrapper,
)
from keras.src.trainers.data_adapters.data_adapter import DataAdapter
from keras.src.trainers.data_adapters.data_adapter_utils import (
    get_tensor_spec,
    unpack_x_y_sample_weight,
)
from keras.src.trainers.epoch_iterator import EpochIterator
from keras.src.trainers.trainer import Trainer as KerasTrainer
from keras.src.trainers.trainer import model_supports_jit

__all__ = [
    "LOSSES",
    "METRICS",
    "OPTIMIZERS",
    "DataAdapter",
    "EpochIterator",
    "KerasTrainer",
    "TFEpochIterator",
    "TensorFlowTrainer",
    "TensorflowSparseWrapper",
    "can_slice_array",
    "convert_to_np_if_not_ragged",
    "convert_to_sliceable",
    "get_data_adapter",
    "get_loss",
    "get_metric",
    "get_tensor_spec",
    "is_binary_or_sparse_categorical",
    "is_grain_dataset",
    "is_torch_dataloader",
    "model_supports_jit",
    "potentially_ragged_concat",
    "samples_seen",
    "slice_tensorflow_sparse_wrapper",
    "unpack_x_y_sample_weight",
]

_STOCK_SET_MONITOR_OP = MonitorCallback._set_monitor_op


def _set_monitor_op(callback: Any) -> None:
    if callback.mode not in ("min", "max"):
        name = callback.monitor.removeprefix("val_")
        for metric in getattr(callback.model, "metrics", ()):
            if metric.name == name and hasattr(metric, "_direction"):
                callback.mode = "max" if metric._direction == "up" else "min"
    _STOCK_SET_MONITOR_OP(callback)


# `EarlyStopping` and its kin look for the metric they monitor, and for whether more of it is better, inside Keras's own
# container of metrics alone. In `model.metrics` of ours there is no container.
MonitorCallback._set_monitor_op = _set_monitor_op


def samples_seen(model: Any) -> float | None:
    """Rows trained so far in the running epoch: what the running mean of the loss is weighted by.

    Callbacks are not told the batch size, and a data set need not know it.

    Returns:
        The count; `None` where the model's own `train_step` keeps no such mean.
    """
    tracker = getattr(model, "_loss_tracker", None)
    count = getattr(tracker, "count", None)
    return float(count.numpy()) or None if count is not None else None
