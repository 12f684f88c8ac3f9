"""What the arguments of layers, initializers and optimizers of Keras 2 are called in Keras 3, or that they are gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from kerastui.engine.keras_private import keras

Config = dict[str, Any]

HARD_SIGMOID: Final[Config] = {
    "module": "builtins",
    "class_name": "function",
    "config": "kerastui>hard_sigmoid_of_keras_2",
    "registered_name": "kerastui>hard_sigmoid_of_keras_2",
}
"""How a configuration names `hard_sigmoid`."""


@keras.saving.register_keras_serializable(package="kerastui", name="hard_sigmoid_of_keras_2")  # type: ignore[untyped-decorator]  # Keras ships no types
def hard_sigmoid(x: Any) -> Any:
    """Compute `hard_sigmoid` as Keras 2 does: `0.2 * x + 0.5`, clipped to 0 … 1. That of Keras 3 is `relu6(x + 3) / 6`.

    Args:
        x: A tensor.
    """
    return keras.ops.clip(x * 0.2 + 0.5, 0.0, 1.0)


GONE: Final[dict[str, tuple[Any, ...]]] = {
    "adjustment": (None,),
    "batch_input_shape": (...,),
    "dynamic": (...,),
    "experimental_run_tf_function": (...,),
    "fused": (...,),
    "implementation": (...,),
    "input_dtype": (...,),
    "input_length": (...,),
    "ragged": (False, None),
    "renorm": (False,),
    "renorm_clipping": (...,),
    "renorm_momentum": (...,),
    "rng_type": (...,),
    "robust_masking": (...,),
    "softmax_robust_masking": (...,),
    "time_major": (False,),
    "type_spec": (None,),
    "virtual_batch_size": (None,),
}
"""Arguments that Keras 3 lacks, and the values which mean what Keras 3 does anyway; `...` is any value."""

UNUSED: Final = {
    "DepthwiseConv1D": ("filters", "groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint"),
    "DepthwiseConv2D": ("filters", "groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint"),
    "Discretization": ("epsilon", "num_bins"),
    "Embedding": ("activity_regularizer", "sparse"),
    "SeparableConv1D": ("groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint"),
    "SeparableConv2D": ("groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint"),
    "SpatialDropout1D": ("noise_shape",),
    "SpatialDropout2D": ("noise_shape",),
    "SpatialDropout3D": ("noise_shape",),
    "Conv1DTranspose": ("groups",),
    "Conv2DTranspose": ("groups",),
    "Conv3DTranspose": ("groups",),
    "MultiHeadAttention": ("query_shape", "key_shape", "value_shape"),
}
"""Arguments that these layers inherited in Keras 2 and made no use of, or that Keras 3 finds out itself."""


def adapt(name: str, config: Config, owner: str) -> Config:
    """Rename, convert and drop arguments of a layer, initializer or optimizer.

    Args:
        name: Its class name as Keras 2 wrote it, without a prefix.
        config: Its arguments; not changed.
        owner: The layer it belongs to, for messages.

    Returns:
        Arguments for Keras 3.

    Raises:
        ValueError: If an argument asks for what Keras 3 does not have.
    """
    config = dict(config)
    for argument, harmless in GONE.items():
        if argument in config and not (argument == "ragged" and name == "RaggedInput"):
            value = config.pop(argument)
            if ... not in harmless and value not in harmless:
                raise ValueError(
                    f"Keras 3 has no `{argument}` for layers such as {owner!r} ({name}), so this model cannot be "
                    f"translated without changing what it computes. Received: {argument}={value!r}"
                )
    for argument in UNUSED.get(name, ()):
        config.pop(argument, None)
    return _SPECIAL[name](config) if name in _SPECIAL else config


def _input_layer(config: Config) -> Config:
    for old in ("input_shape", "input_tensor"):
        config.pop(old, None)
    return config


def _batch_normalization(config: Config) -> Config:
    axis = config.get("axis", -1)
    config["axis"] = axis[0] if isinstance(axis, (list, tuple)) and len(axis) == 1 else axis
    config.pop("mode", None)
    return config


def _sync_batch_normalization(config: Config) -> Config:
    return _batch_normalization({**config, "synchronized": True})


def _leaky_relu(config: Config) -> Config:
    if "alpha" in config:
        config["negative_slope"] = _plain(config.pop("alpha"))
    return config


def _relu(config: Config) -> Config:
    return {key: _plain(value) for key, value in config.items()}


def _thresholded_relu(config: Config) -> Config:
    return {**{key: value for key, value in config.items() if key != "theta"}, "threshold": _plain(config["theta"])}


def _gru(config: Config) -> Config:
    return {"reset_after": False, **config}  # Keras before 2.2 had no other, and did not write it


def _cudnn_gru(config: Config) -> Config:
    return {**config, "reset_after": True, "activation": "tanh", "recurrent_activation": "sigmoid"}


def _cudnn_lstm(config: Config) -> Config:
    return {**config, "activation": "tanh", "recurrent_activation": "sigmoid"}


def _variance_scaling(config: Config) -> Config:
    normal = config.get("distribution") == "normal"
    return {**config, "distribution": "truncated_normal"} if normal else config


def _plain(value: Any) -> Any:
    """Give a number that old files hold as an array."""
    if isinstance(value, dict) and "value" in value:
        value = value["value"]
    return value[0] if isinstance(value, list) and len(value) == 1 else value


_SPECIAL: Final[dict[str, Callable[[Config], Config]]] = {
    "BatchNormalization": _batch_normalization,
    "BatchNormalizationV1": _batch_normalization,
    "BatchNormalizationV2": _batch_normalization,
    "CuDNNGRU": _cudnn_gru,
    "CuDNNLSTM": _cudnn_lstm,
    "GRU": _gru,
    "GRUCell": _gru,
    "InputLayer": _input_layer,
    "LeakyReLU": _leaky_relu,
    "ReLU": _relu,
    "SyncBatchNormalization": _sync_batch_normalization,
    "ThresholdedReLU": _thresholded_relu,
    "VarianceScaling": _variance_scaling,
}
