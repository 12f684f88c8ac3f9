"""Everything private to Keras that kerastui touches, each with its reason; `keras` is pinned to a minor version for it.

Importing this module imports Keras and TensorFlow, on the TensorFlow backend and no other.
"""

from __future__ import annotations

import copy
import json
import math
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, TypeVar


def _require_tensorflow() -> None:
    """Choose the TensorFlow backend, or refuse, before an unwanted backend is imported."""
    chosen = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if "keras" in sys.modules:
        chosen = sys.modules["keras"].config.backend()
    if chosen != "tensorflow":
        raise ImportError(
            "kerastui.engine needs Keras on its TensorFlow backend. Set the environment variable "
            "KERAS_BACKEND=tensorflow, or leave it unset, before Keras is first imported. "
            f"Received: KERAS_BACKEND={chosen}"
        )


_require_tensorflow()

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras._tf_keras import keras as old_keras  # noqa: E402
from keras.src import api_export  # noqa: E402
from keras.src import backend as keras_backend  # noqa: E402
from keras.src.backend.common import global_state  # noqa: E402
from keras.src.backend.tensorflow.trainer import (  # noqa: E402
    TensorFlowTrainer,
    TFEpochIterator,
    convert_to_np_if_not_ragged,
    potentially_ragged_concat,
)
from keras.src.callbacks.monitor_callback import MonitorCallback  # noqa: E402
from keras.src.layers.layer import might_have_unbuilt_state  # noqa: E402
from keras.src.legacy.saving import json_utils, legacy_h5_format, saving_options, saving_utils  # noqa: E402
from keras.src.losses import ALL_OBJECTS_DICT as LOSSES  # noqa: E402
from keras.src.metrics import ALL_OBJECTS_DICT as METRICS  # noqa: E402
from keras.src.models.functional import Functional as KerasFunctional  # noqa: E402
from keras.src.models.functional import functional_from_config  # noqa: E402
from keras.src.models.model import functional_init_arguments  # noqa: E402
from keras.src.optimizers import ALL_OBJECTS_DICT as OPTIMIZERS  # noqa: E402
from keras.src.random.seed_generator import global_seed_generator  # noqa: E402
from keras.src.saving import object_registration, saving_lib, serialization_lib  # noqa: E402
from keras.src.saving.saving_lib import _load_state as load_state  # noqa: E402
from keras.src.saving.saving_lib import safe_get_h5_dataset, safe_get_h5_group  # noqa: E402
from keras.src.trainers.compile_utils import (  # noqa: E402
    get_loss,
    get_metric,
    is_binary_or_sparse_categorical,
)
from keras.src.trainers.data_adapters import (  # noqa: E402
    get_data_adapter,
    is_grain_dataset,
    is_torch_dataloader,
)
from keras.src.trainers.data_adapters.array_slicing import (  # noqa: E402
    TensorflowSparseWrapper,
    can_slice_array,
    convert_to_sliceable,
    slice_tensorflow_sparse_wrapper,
)
from keras.src.trainers.data_adapters.data_adapter import DataAdapter  # noqa: E402
from keras.src.trainers.data_adapters.data_adapter_utils import (  # noqa: E402
    get_tensor_spec,
    unpack_x_y_sample_weight,
)
from keras.src.trainers.epoch_iterator import EpochIterator  # noqa: E402
from keras.src.trainers.trainer import Trainer as KerasTrainer  # noqa: E402
from keras.src.utils.io_utils import ask_to_proceed_with_overwrite, print_msg  # noqa: E402
from keras.src.utils.python_utils import default as _keras_default  # noqa: E402
from keras.src.utils.traceback_utils import filter_traceback  # noqa: E402
from keras.src.utils.tracking import no_automatic_dependency_tracking  # noqa: E402
from tensorflow.python.util.dispatch import register_dispatchable_type  # noqa: E402
from tensorflow.python.util.tf_export import get_canonical_name_for_symbol  # noqa: E402

__all__ = [
    "LOSSES",
    "METRICS",
    "OPTIMIZERS",
    "AssetsStore",
    "DataAdapter",
    "EpochIterator",
    "KerasFunctional",
    "KerasTrainer",
    "TFEpochIterator",
    "TensorFlowTrainer",
    "TensorflowSparseWrapper",
    "WeightsStore",
    "as_if_not_overridden",
    "ask_to_proceed_with_overwrite",
    "caller_settings",
    "calls_by_depth",
    "calls_of",
    "can_slice_array",
    "compilation_kept",
    "convert_to_np_if_not_ragged",
    "convert_to_sliceable",
    "filter_traceback",
    "functional_from_config",
    "functional_init_arguments",
    "get_data_adapter",
    "get_loss",
    "get_metric",
    "get_tensor_spec",
    "hdf5_description",
    "inherit_registered_name",
    "is_binary_or_sparse_categorical",
    "is_grain_dataset",
    "is_torch_dataloader",
    "keras",
    "know_saved_attributes",
    "layer_is_called",
    "load_archive",
    "load_hdf5_model",
    "load_state",
    "mask_of",
    "might_have_unbuilt_state",
    "model_as_json",
    "model_of_json",
    "no_automatic_dependency_tracking",
    "old_keras",
    "old_names_pass",
    "operations_of",
    "origin",
    "our_classes",
    "potentially_ragged_concat",
    "print_msg",
    "read_state",
    "register_dispatchable_type",
    "run_symbolically",
    "safe_get_h5_dataset",
    "safe_get_h5_group",
    "samples_seen",
    "shapes_at_build",
    "slice_tensorflow_sparse_wrapper",
    "structured_like_outputs",
    "take_place_of",
    "tensorflow_name",
    "unpack_x_y_sample_weight",
    "unsafe_is_allowed",
    "variables_watched",
    "write_hdf5_weights",
    "write_state",
]

# `Functional` is public API nowhere, `TensorFlowTrainer` neither: they are the base classes of our `Functional` and
# `Trainer`. `functional_init_arguments` is how Keras tells `Model(inputs, outputs)` from a subclass's own arguments;
# `ask_to_proceed_with_overwrite` is its question before it overwrites a file. Both are taken so that ours are the same.
# The loops of `fit` and its kin are ours; they count epochs with Keras's `TFEpochIterator` over a `DataAdapter`, unpack
# and join batches with its functions, and hide its frames from tracebacks as it does. `KerasTrainer` is what each model
# of Keras is an instance of; `no_automatic_dependency_tracking` keeps what `compile` makes out of the saved layers.
# `old_keras` is what TensorFlow shows as `tf.keras`: Keras 3 and the names of Keras 2 that it dropped, such as
# `backend.mean`. `tf.keras` itself is another library where `TF_USE_LEGACY_KERAS` is set.

# `DataAdapter` is what Keras's epoch iterator reads; `can_slice_array`, `convert_to_sliceable` and the two names for
# sparse tensors are how Keras reads rows of arrays of any library; `get_tensor_spec` describes batches of Python's;
# `get_data_adapter` knows the loaders of PyTorch and Grain, which `is_torch_dataloader` and `is_grain_dataset` tell.

# `LOSSES`, `METRICS` and `OPTIMIZERS` are the names that `compile` knows, aliases such as `mse` among them. `get_loss`,
# `get_metric` and `is_binary_or_sparse_categorical` make of a name what Keras's own `compile` makes of it.

# `load_state` reads `.weights.h5`; with it a file is looked through before anything is assigned, which Keras's own
# `load_weights` does not do. `safe_get_h5_group` and `safe_get_h5_dataset` are its refusal of links out of a file.

_STOCK_SYMBOL_FROM_NAME = api_export.get_symbol_from_name
_in_their_place: dict[str, type] = {}
_nothing: Mapping[str, type] = MappingProxyType({})
_wanted: ContextVar[Mapping[str, type]] = ContextVar("kerastui_classes", default=_nothing)


def take_place_of(keras_name: str, ours: type) -> None:
    """Have `ours` written to files as the Keras class of that name, and revived from them within `our_classes`.

    Keras names a class in a file by this table, and else by its module, which would be `kerastui…` and would open
    nowhere else.

    Args:
        keras_name: The name that Keras writes, as `"keras.Sequential"`.
        ours: Our class for it.
    """
    api_export.REGISTERED_OBJS_TO_NAMES[ours] = keras_name
    _in_their_place[keras_name] = ours


def _get_symbol_from_name(name: str) -> Any:
    return _wanted.get().get(name) or _STOCK_SYMBOL_FROM_NAME(name)


# Keras looks up built-in classes before custom objects of the same name, so there is no public way to have a file's
# `keras.Sequential` become ours. Outside `our_classes`, and in other threads, this function is Keras's.
api_export.get_symbol_from_name = _get_symbol_from_name


@contextmanager
def our_classes() -> Iterator[None]:
    """Within this, reviving a Keras configuration gives our `Model`, `Functional` and `Sequential`."""
    token = _wanted.set(_in_their_place)
    try:
        yield
    finally:
        _wanted.reset(token)


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


def load_archive(
    archive: Any,
    custom_objects: Mapping[str, Any] | None = None,
    compiled: bool = True,
    safe_mode: bool = False,
) -> Any:
    """Revive a model from an open `.keras` archive, whatever its name: Keras's public function goes by the suffix.

    Args:
        archive: A binary file, open for reading.
        custom_objects: Classes and functions by name. Defaults to `None`.
        compiled: Whether to compile it as it was. Defaults to True.
        safe_mode: Whether to refuse code in it. Defaults to False, as for what this process wrote itself to pickle a
            model: a pickle is never safe.

    Returns:
        The model.
    """
    with our_classes():
        return saving_lib._load_model_from_fileobj(archive, custom_objects, compiled, safe_mode)


@contextmanager
def old_names_pass() -> Iterator[None]:
    """Within this, Keras takes `alpha` of `LeakyReLU` without a warning: files have it for the sake of tf_keras."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Argument `alpha` is deprecated", UserWarning)
        yield


def load_hdf5_model(file: Any, custom_objects: Mapping[str, Any], safe_mode: bool) -> Any:
    """Revive a model, not compiled, from an open HDF5 file of Keras 3, whatever its name.

    Args:
        file: An `h5py.File`.
        custom_objects: Classes and functions by name.
        safe_mode: Whether to refuse code in it.

    Returns:
        The model.
    """
    with our_classes(), old_names_pass():
        return legacy_h5_format.load_model_from_hdf5(
            file, custom_objects=dict(custom_objects), compile=False, safe_mode=safe_mode
        )


def hdf5_description(model: Any, include_optimizer: bool) -> dict[str, Any]:
    """Give what Keras writes about a model into the attributes of an HDF5 file.

    Args:
        model: The model.
        include_optimizer: Whether to say how it was compiled.

    Returns:
        `keras_version`, `backend`, `model_config` and, compiled, `training_config`; as they come back from JSON.
    """
    try:
        with saving_options.keras_option_scope(use_legacy_config=True):
            found = saving_utils.model_metadata(model, include_optimizer)
    except TypeError:  # Keras cannot write some of its own layers by their bare names, such as `RandomBrightness`
        found = saving_utils.model_metadata(model, include_optimizer)
    return dict(json.loads(json.dumps(found, default=json_utils.get_json_type)))


def write_hdf5_weights(file: Any, model: Any, include_optimizer: bool) -> None:
    """Write the weights of a model, and the state of its optimizer, as Keras does into an HDF5 model.

    Args:
        file: An `h5py.File`, open for writing.
        model: The model.
        include_optimizer: Whether to write the state of its optimizer.
    """
    legacy_h5_format.save_weights_to_hdf5_group(file.create_group("model_weights"), model)
    if include_optimizer and getattr(model, "optimizer", None) is not None:
        legacy_h5_format.save_optimizer_weights_to_hdf5_group(file, model.optimizer)


def unsafe_is_allowed() -> bool:
    """Say whether `keras.config.enable_unsafe_deserialization()` was called in this thread."""
    return serialization_lib.in_safe_mode() is False


_watch: ContextVar[Callable[[str, int], None] | None] = ContextVar("kerastui_watch_variables", default=None)
_STOCK_INITIALIZE = keras_backend.Variable._initialize_with_initializer


def _initialize_with_initializer(variable: Any, initializer: Any) -> None:
    watch = _watch.get()
    if watch is not None:
        watch(variable.path, math.prod(variable._shape) * tf.as_dtype(variable._dtype).size)
    _STOCK_INITIALIZE(variable, initializer)


# A configuration of a hundred bytes can ask for a layer of a terabyte. Only here are shape and type of a variable known
# while nothing is allocated yet. Outside `variables_watched`, and in other threads, this is Keras's.
keras_backend.Variable._initialize_with_initializer = _initialize_with_initializer


@contextmanager
def variables_watched(watch: Callable[[str, int], None]) -> Iterator[None]:
    """Within this, `watch` hears of each variable before it is made.

    Args:
        watch: Called with the variable's path and its bytes; what it raises keeps the variable from being made.
    """
    token = _watch.set(watch)
    try:
        yield
    finally:
        _watch.reset(token)


AssetsStore = saving_lib.DiskIOStore
WeightsStore = saving_lib.H5IOStore
"""Where Keras puts and finds files and weights of layers. It insists on these classes, so another place inherits."""


def model_as_json(model: Any) -> tuple[str, str]:
    """Describe a model as the `config.json` and the `metadata.json` of a `.keras` archive do.

    Args:
        model: The model.

    Returns:
        Architecture with compilation; version of Keras and date.
    """
    return saving_lib._serialize_model_as_json(model)  # type: ignore[no-any-return]


def model_of_json(text: str, custom_objects: Mapping[str, Any] | None, compiled: bool, safe_mode: bool) -> Any:
    """Make ours of a `config.json`, with new weights; what stands beside it in an archive is not read.

    Args:
        text: What `model_as_json` gave first.
        custom_objects: Classes and functions by name.
        compiled: Whether to compile it as it says.
        safe_mode: Whether to refuse code in it.

    Returns:
        The model.
    """
    with our_classes():
        return saving_lib._model_from_config(text, custom_objects, compiled, safe_mode)


def write_state(model: Any, weights: Any, assets: Any) -> None:
    """Put weights, optimizer state and files of all layers where a `.keras` archive has them.

    Args:
        model: The model.
        weights: A `WeightsStore`, for writing.
        assets: An `AssetsStore`.
    """
    saving_lib._save_state(model, weights, assets, inner_path="", visited_saveables=set())


def read_state(model: Any, weights: Any, assets: Any) -> None:
    """Take back what `write_state` put there.

    Args:
        model: The model, made of the same configuration.
        weights: A `WeightsStore`, for reading.
        assets: An `AssetsStore`, or `None`.

    Raises:
        ValueError: If layers could not be restored; they are named.
    """
    failed: set[int] = set()
    messages: dict[int, Any] = {}
    saving_lib._load_state(
        model, weights, assets, "", visited_saveables=set(), failed_saveables=failed, error_msgs=messages
    )
    if failed:
        saving_lib._raise_loading_failure(messages)


def know_saved_attributes() -> None:
    """Have Keras keep which attributes of each kind of object it looks for layers in.

    It means to, but looks them up under another name (`skiplist`) than it stores them (`skipset`), and makes an
    object to find out for each layer: four fifths of the time that saving 300 layers takes. Made beforehand, they are
    also not made where no variable may be, as in a `StatelessScope`.
    """
    for kind in ("Operation", "Layer", "Functional", "Sequential", "Metric", "Optimizer", "Loss"):
        global_state.set_global_attribute(f"saving_attr_skiplist_{kind}", saving_lib.get_attr_skipset(kind))


@contextmanager
def compilation_kept(model: Any) -> Iterator[None]:
    """Within this, writing a `.h5` leaves the model's compilation as it is.

    Keras takes the optimizer out of it, so that a `.keras` written afterwards would come back with another one.
    """
    compilation: dict[str, Any] = getattr(getattr(model, "_compile_config", None), "config", {})
    before = dict(compilation)
    metrics = getattr(model, "_compile_metrics", None)  # ours rename the user's metrics to labels, which no file wants
    with getattr(metrics, "original_names", nullcontext)():
        try:
            yield
        finally:
            compilation.update(before)


def inherit_registered_name(cls: type, base: type) -> None:
    """Give `cls` the name under which `base` was registered with `register_keras_serializable`, if it was.

    The public decorator would also make Keras revive `cls` in place of `base`.
    """
    name = object_registration.GLOBAL_CUSTOM_NAMES.get(base)
    if name is not None:
        object_registration.GLOBAL_CUSTOM_NAMES[cls] = name


# `might_have_unbuilt_state` is how Keras sees that there is something left to build, and `functional_from_config` how
# it revives a graph. TensorFlow hands over calls by the type of an argument only for types that went through
# `register_dispatchable_type`.


_Method = TypeVar("_Method", bound=Callable[..., Any])


def as_if_not_overridden(method: _Method) -> _Method:
    """Mark a method that Keras shall treat as its own default, as a decorator.

    By that mark Keras decides whether a layer is built by its `build` or by its `call`, and whether it supports masks.
    """
    _keras_default(method)
    return method


def layer_is_called() -> bool:
    """Say whether this thread is inside the call of a layer, where `add_loss` and `add_metric` mean this call's."""
    return global_state.get_global_attribute("current_call_ctx") is not None


def mask_of(tensor: Any) -> Any:
    """Give the mask that a layer attached to its output; `None` without one."""
    return keras_backend.get_keras_mask(tensor)


def run_symbolically(function: Any, *args: Any) -> Any:
    """Run `function` on symbolic tensors as Keras does to build layers and to infer shapes; no node is recorded."""
    return keras_backend.compute_output_spec(function, *args)


def tensorflow_name(api: Any) -> str | None:
    """Give the public name of a TensorFlow function, as `"math.reduce_mean"`; `None` if it has none."""
    name = get_canonical_name_for_symbol(api)
    return name if name is None else str(name)


def samples_seen(model: Any) -> float | None:
    """Rows trained so far in the running epoch: what the running mean of the loss is weighted by.

    Callbacks are not told the batch size, and a data set need not know it.

    Returns:
        The count; `None` where the model's own `train_step` keeps no such mean.
    """
    tracker = getattr(model, "_loss_tracker", None)
    count = getattr(tracker, "count", None)
    return float(count.numpy()) or None if count is not None else None


def calls_of(operation: Any) -> list[Any]:
    """Every call of a layer or operation on symbolic tensors, in order; also those of other models that share it.

    Each has `operation`, `input_tensors` and `output_tensors`. There is no public list of them.
    """
    return list(getattr(operation, "_inbound_nodes", ()))


def calls_by_depth(model: Any) -> list[list[Any]]:
    """The calls that make up a functional or built sequential model, those furthest from the output first.

    Returns:
        One list for each depth; empty for a model that is not a graph.
    """
    graph = getattr(model, "_functional", None) or model
    return [list(calls) for _, calls in sorted(getattr(graph, "_nodes_by_depth", {}).items(), reverse=True)]


def operations_of(model: Any) -> list[Any]:
    """What a summary of `model` lists: its layers and, in a graph, the operations between them."""
    return list(getattr(model, "_operations", None) or model.layers)


def origin(tensor: Any) -> tuple[Any, int, int]:
    """Say which operation made a symbolic tensor, in which of its calls, and as which of its outputs."""
    operation, call, output = tensor._keras_history
    return operation, call, output


def shapes_at_build(layer: Any) -> dict[str, Any]:
    """The shapes that a layer was built for, by argument name; all that is known of a layer outside a graph."""
    return dict(getattr(layer, "_build_shapes_dict", None) or {})


def structured_like_outputs(model: Any, values: list[Any]) -> Any:
    """Arrange one value for each output of a functional model as the model arranges its outputs; else a list."""
    structure = getattr(getattr(model, "_functional", None) or model, "_outputs_struct", values)
    return keras.tree.pack_sequence_as(structure, values)


def _own_copy(value: Any) -> Any:
    return copy.copy(value) if isinstance(value, (dict, list, set)) else value


class caller_settings:  # noqa: N801 — used as a context manager, like a function
    """Carry Keras's settings of the thread that creates this into the thread that enters it.

    Keras keeps the dtype policy, the seed of `set_random_seed`, custom-object scopes and the counters of layer names
    for each thread. Without them, training in a worker thread would not be the training that the caller asked for.
    Containers are copied: name scopes are stacks that each thread pushes and pops.
    """

    def __init__(self) -> None:
        global_seed_generator()  # made here, or each job in the worker thread would begin the same random numbers anew
        self._settings = {name: _own_copy(value) for name, value in vars(global_state.GLOBAL_STATE_TRACKER).items()}

    def __enter__(self) -> None:
        self._tracker = global_state.GLOBAL_STATE_TRACKER
        self._before = dict(vars(self._tracker))
        vars(self._tracker).clear()
        vars(self._tracker).update(self._settings)

    def __exit__(self, *_: object) -> None:
        vars(self._tracker).clear()
        vars(self._tracker).update(self._before)
