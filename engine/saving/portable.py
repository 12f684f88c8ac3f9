"""Write configurations so that stock Keras 3 and tf_keras both read them: in a dialect that means the same to both.

It is Keras 3's own, with plain names of dtypes, calls of layers as lists, the old name of an input's shape, and without
arguments that tf_keras does not know and that are at their default anyway. A model with anything else that tf_keras
does not have is left as Keras 3 writes it.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import FunctionType
from typing import Any, Final

from kerastui.engine.keras_private import LOSSES, METRICS, keras

Config = dict[str, Any]

MODELS: Final = frozenset({"Functional", "Sequential"})

_RANKS = ("1D", "2D", "3D")
_RANDOM = tuple(
    f"Random{what}" for what in ("Brightness", "Contrast", "Crop", "Flip", "Rotation", "Translation", "Zoom")
)
_WITH_RANK = (
    *("AveragePooling", "Conv", "ConvLSTM", "Cropping", "GlobalAveragePooling", "GlobalMaxPooling", "MaxPooling"),
    *("SpatialDropout", "UpSampling", "ZeroPadding"),
)


def _names(text: str, *more: str) -> frozenset[str]:
    return frozenset((*text.split(), *more))


CLASSES: Final[Mapping[str, frozenset[str]]] = {
    "layers": _names(
        "Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention Average BatchNormalization "
        "Bidirectional CategoryEncoding CenterCrop Concatenate Dense DepthwiseConv1D DepthwiseConv2D Discretization "
        "Dot Dropout ELU EinsumDense Embedding Flatten GRU GRUCell GaussianDropout GaussianNoise GroupNormalization "
        "HashedCrossing Hashing Identity InputLayer IntegerLookup LSTM LSTMCell LayerNormalization LeakyReLU Masking "
        "Maximum Minimum Multiply Normalization PReLU Permute RNN ReLU RepeatVector Rescaling Reshape Resizing "
        "SeparableConv1D SeparableConv2D SimpleRNN SimpleRNNCell Softmax StackedRNNCells StringLookup Subtract "
        "TextVectorization TimeDistributed UnitNormalization",
        *_RANDOM,
        *(f"{what}{rank}" for what in _WITH_RANK for rank in _RANKS),
        *(f"Conv{rank}Transpose" for rank in _RANKS),
    ),
    "initializers": _names(
        "Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal LecunUniform Ones Orthogonal "
        "RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros"
    ),
    "regularizers": _names("L1 L1L2 L2 OrthogonalRegularizer"),
    "constraints": _names("MaxNorm MinMaxNorm NonNeg UnitNorm"),
    "losses": _names(
        "BinaryCrossentropy BinaryFocalCrossentropy CategoricalCrossentropy CategoricalFocalCrossentropy "
        "CategoricalHinge CosineSimilarity Hinge Huber KLDivergence LogCosh MeanAbsoluteError "
        "MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError Poisson "
        "SparseCategoricalCrossentropy SquaredHinge"
    ),
    "metrics": _names(
        "AUC Accuracy BinaryAccuracy BinaryCrossentropy BinaryIoU CategoricalAccuracy CategoricalCrossentropy "
        "CategoricalHinge CosineSimilarity F1Score FBetaScore FalseNegatives FalsePositives Hinge IoU KLDivergence "
        "LogCoshError Mean MeanAbsoluteError MeanAbsolutePercentageError MeanIoU MeanMetricWrapper MeanSquaredError "
        "MeanSquaredLogarithmicError OneHotIoU OneHotMeanIoU Poisson Precision PrecisionAtRecall R2Score Recall "
        "RecallAtPrecision RootMeanSquaredError SensitivityAtSpecificity SparseCategoricalAccuracy "
        "SparseCategoricalCrossentropy SparseTopKCategoricalAccuracy SpecificityAtSensitivity SquaredHinge Sum "
        "TopKCategoricalAccuracy TrueNegatives TruePositives"
    ),
    "optimizers": _names("Adadelta Adagrad Adam Adamax Ftrl RMSprop SGD"),
    "optimizers.schedules": _names(
        "CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay PiecewiseConstantDecay PolynomialDecay"
    ),
}
"""What both libraries have under the same name and with the same meaning, by namespace. `MultiHeadAttention` is not
among them: a call with two tensors is written in one way for Keras 3 and in another for tf_keras. Neither is
`SpectralNormalization`, which tf_keras 2.21 cannot call. Of optimizers, tf_keras reads those of before 2.11 from HDF5;
`Nadam` computed something else then."""

ACTIVATIONS: Final = _names(
    "elu exponential gelu leaky_relu linear log_softmax mish relu relu6 selu sigmoid silu softmax softplus softsign "
    "swish tanh"
)
"""Activations that mean the same in both; `hard_sigmoid` does not."""

_ANYWHERE: Final[Mapping[str, Any]] = {
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "gradient_accumulation_steps": None,
    "input_axes": None,
    "loss_scale_factor": None,
    "optional": False,
    "output_axes": None,
    "quantization_config": None,
    "rms_scaling": False,
    "use_ema": False,
    "weight_decay": None,
}
_CHANNELS: Final = {"data_format": "channels_last"}
_LOOKUP: Final = {"oov_method": "floormod", "salt": None}
_RESIZING: Final = {"antialias": False, "fill_mode": "constant", "fill_value": 0.0, "pad_to_aspect_ratio": False}

DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "CenterCrop": _CHANNELS,
    "IntegerLookup": _LOOKUP,
    "LeakyReLU": {"negative_slope": 0.3},
    "Resizing": _CHANNELS | _RESIZING,
    "StringLookup": _LOOKUP,
    "ZeroPadding1D": _CHANNELS,
    **{f"ConvLSTM{rank}": {"seed": None, "zero_output_for_mask": False} for rank in _RANKS},
    **dict.fromkeys(_RANDOM, _CHANNELS),
    "RandomContrast": _CHANNELS | {"value_range": [0, 255]},
}
"""Arguments that tf_keras does not know, by class, with the default of Keras 3 at which they are left out."""

RENAMED: Final = {"InputLayer": {"batch_shape": "batch_input_shape"}, "LeakyReLU": {"negative_slope": "alpha"}}
"""Arguments that tf_keras has under another name, under which Keras 3 takes them as well."""

WITHOUT_DTYPE: Final = frozenset({"IntegerLookup", "StringLookup", "TextVectorization"})
"""Layers whose dtype Keras 3 writes, and does not heed; tf_keras refuses it."""

HOMES: Final = {"loss": "losses", "metrics": "metrics", "weighted_metrics": "metrics"}
"""Arguments of `compile` that hold losses or metrics."""


class _OnlyKeras3(Exception):
    """Something that tf_keras does not have, or for which there is no form that both read."""


def portable_json(model: Any) -> Config:
    """Give what `to_json` writes for a model.

    Args:
        model: The model.

    Returns:
        Its configuration in the dialect of both libraries, marked with the version of Keras, without which it would
        look like one of tf_keras; or as Keras 3 gives it.
    """
    config: Config = keras.saving.serialize_keras_object(model)
    portable = portable_model(config)
    return config if portable is None else {**portable, "keras_version": keras.__version__}


def portable_description(model: Any, description: Config) -> Config:
    """Rewrite how an HDF5 file describes its model, and how that was compiled.

    Keras 3 writes layers there by their bare names. It then does not find its operations (`keras.ops`) again, and loses
    the axes of a normalization over several; what it finds with a module it reads well. The user's own layers stay as
    they are: arrays in their configuration come back as lists, not as dicts that say "array".

    Args:
        model: The model.
        description: The attributes that Keras writes; not changed.

    Returns:
        What to write.
    """
    written = dict(description)
    try:
        new: Config = keras.saving.serialize_keras_object(model)
    except (TypeError, ValueError):  # what can be written of it is in `description`
        return written
    if _is_model(new):
        old = description["model_config"]
        config = _with_own_layers(portable_model(new) or new, old)["config"]
        written["model_config"] = {"class_name": old["class_name"], "config": config}
    if "training_config" in description:
        written["training_config"] = portable_training(description["training_config"])
    return written


def _with_own_layers(new: Config, old: Config) -> Config:
    """Take layers of the user's own as bare names wrote them, and Keras's with their modules."""
    if not _is_keras(new):
        dtype = {"dtype": new["config"]["dtype"]} if isinstance(new["config"].get("dtype"), str) else {}
        calls: Config = {key: new[key] for key in ("name", "inbound_nodes") if key in new}
        return {**old, **calls, "config": {**old["config"], **dtype}}
    if not _is_model(new):
        return new
    pairs = zip(new["config"]["layers"], old["config"]["layers"], strict=True)
    return {**new, "config": {**new["config"], "layers": [_with_own_layers(one, other) for one, other in pairs]}}


def portable_model(config: Config) -> Config | None:
    """Rewrite the configuration of a model.

    Args:
        config: What `keras.saving.serialize_keras_object` gives for a model; not changed.

    Returns:
        The same for both libraries; `None` if there is no such thing, as for a class of the user's own.
    """
    if not _is_model(config):
        return None
    try:
        return {**config, "config": _model(config)}
    except _OnlyKeras3:
        return None


def portable_training(config: Config) -> Config:
    """Rewrite what an HDF5 file says about how its model was compiled.

    Names of functions are written in full: stock Keras 3 cannot read `"mse"` there. How they were given is kept as
    `as_compiled`, since histories have them under the name that was given.

    Args:
        config: `training_config`, as Keras 3 writes it; not changed.

    Returns:
        The same for both libraries; what there is no form for stays as it is.
    """
    given = {key: config[key] for key in HOMES if config.get(key) is not None}
    full = {key: _values(value, HOMES[key]) for key, value in given.items()}
    try:
        optimizer = _optimizer(config["optimizer_config"])
    except _OnlyKeras3:
        optimizer = config["optimizer_config"]
    return {**config, **full, "optimizer_config": optimizer, "as_compiled": given}


def _is_keras(config: Mapping[str, Any]) -> bool:
    return str(config.get("module")).split(".")[0] == "keras"


def _is_model(config: Mapping[str, Any]) -> bool:
    return bool(config["class_name"] in MODELS and _is_keras(config))


def _home(config: Mapping[str, Any]) -> str:
    return str(config.get("module")).removeprefix("keras.")


def _model(config: Config) -> Config:
    inner = config["config"]
    listed = inner["layers"]
    twice = {one["config"]["name"]: one["class_name"] for one in listed if _is_model(one) and _begins(one)}
    layers = [_layer(one) for one in listed]
    if config["class_name"] == "Sequential":
        return {**_plain(inner), "layers": layers}
    for layer in layers:
        nodes = [_node(layer, node, twice) for node in layer["inbound_nodes"]]
        layer["inbound_nodes"] = [node for node in nodes for _ in range(2 if layer["name"] in twice else 1)]
    return {**_plain(inner), "layers": layers, "output_layers": _outputs(inner["output_layers"], twice)}


def _begins(config: Config) -> bool:
    """Say whether a model begins with its inputs.

    Such a model has in tf_keras a call from the start, so that calls by others are counted from 1, and from 0 in
    Keras 3. When each call is written twice, the odd numbers name the same call to both: the second of a pair to the
    one, the first to the other. What is called for nothing is in no graph.
    """
    layers = config["config"]["layers"]
    if not layers:
        raise _OnlyKeras3
    return bool(config["class_name"] == "Functional" or layers[0]["class_name"] == "InputLayer")


def _node(layer: Config, node: Any, twice: Mapping[str, str]) -> list[Any]:
    args, kwargs = node["args"], {key: value for key, value in node["kwargs"].items() if not _is_none(value)}
    # Keras 3 notes the default of `training`, which tf_keras would keep to whatever the model is asked to do.
    if _is_keras(layer) and kwargs.get("training") == _call_default(layer["class_name"]):
        kwargs.pop("training", None)
    if len(args) != 1 or kwargs.keys() - {"training"}:
        raise _OnlyKeras3  # tensors by name: each library writes them in a way that the other does not read
    tensors = args[0] if isinstance(args[0], list) and len(args[0]) > 1 else [args[0]]
    return [[*_tensor(one, twice), kwargs] for one in tensors]


def _is_none(value: Any) -> bool:
    """Say whether nothing was given; for a list of tensors, there is a list of masks."""
    return all(_is_none(one) for one in value) if isinstance(value, list | tuple) else value is None


def _call_default(name: str) -> Any:
    taken = inspect.signature(getattr(keras.layers, name, keras.Model).call).parameters
    return taken["training"].default if "training" in taken else None


def _tensor(config: Any, twice: Mapping[str, str]) -> list[Any]:
    if not isinstance(config, dict) or config.get("class_name") != "__keras_tensor__":
        raise _OnlyKeras3
    name, node, index = config["config"]["keras_history"]
    return [name, 2 * node + 1 if name in twice else node, index]


def _outputs(found: Any, twice: Mapping[str, str]) -> Any:
    if isinstance(found, dict):
        return {key: _outputs(value, twice) for key, value in found.items()}
    if not (len(found) == 3 and isinstance(found[0], str)):
        return [_outputs(value, twice) for value in found]
    name, node, index = found
    if name in twice:  # among outputs, Keras 3 counts calls of functional models from 1 as well
        node = 2 * (node - (twice[name] == "Functional")) + 1
    return [name, node, index]


def _layer(config: Config) -> Config:
    """Rewrite a layer or a model in a model; of the user's own only the dtype."""
    if _is_model(config):
        return {**config, "config": _model(config)}
    if _is_keras(config):
        return _object(config)
    if "layers" in config["config"]:
        raise _OnlyKeras3  # a model of the user's own, of which nobody knows from where calls are counted
    return {**config, "config": _plain(config["config"])}


def _object(config: Config) -> Config:
    """Rewrite anything of Keras's that has a class: layer, initializer, loss, metric, optimizer."""
    name, inner = config["class_name"], config["config"]
    if name not in CLASSES.get(_home(config), ()):
        raise _OnlyKeras3
    left_out = {**_ANYWHERE, **DEFAULTS.get(name, {})}
    renamed = RENAMED.get(name, {})
    values: Config = {}
    for key, value in _plain(inner).items():
        if (key in left_out and _same(value, left_out[key])) or (key == "dtype" and name in WITHOUT_DTYPE):
            continue
        if (key in _ANYWHERE or key in DEFAULTS.get(name, {})) and key not in renamed:
            raise _OnlyKeras3
        values[renamed.get(key, key)] = _argument(key, value)
    return {**config, "config": values}


def _same(value: Any, default: Any) -> bool:
    return bool((list(value) if isinstance(value, tuple) else value) == default)


def _argument(key: str, value: Any) -> Any:
    if key in ("activation", "recurrent_activation") and isinstance(value, str) and value not in ACTIVATIONS:
        raise _OnlyKeras3
    return _nested(value)


def _nested(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_nested(one) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") == "__numpy__":
        return value["config"]["value"]
    if "class_name" in value and "config" in value:
        return _layer(value) if _is_keras(value) else value
    return {key: _nested(one) for key, one in value.items()}


def _plain(config: Config) -> Config:
    """Write the dtype as its name, which is all that tf_keras reads."""
    dtype = config.get("dtype")
    if not isinstance(dtype, dict):
        return dict(config)
    if dtype.get("class_name") != "DTypePolicy":
        raise _OnlyKeras3
    return {**config, "dtype": dtype["config"]["name"]}


def _values(value: Any, home: str) -> Any:
    """Rewrite losses or metrics, in whatever they are nested."""
    if isinstance(value, list):
        return [_values(one, home) for one in value]
    if isinstance(value, str):
        users = keras.saving.get_registered_object(value)
        found = users or (LOSSES if home == "losses" else METRICS).get(value)
        return found.__name__ if users is None and isinstance(found, FunctionType) else value
    if not isinstance(value, dict):
        return value
    if "class_name" not in value:
        return {key: _values(one, home) for key, one in value.items()}
    if value["class_name"] not in CLASSES[home] or not isinstance(value["config"], dict):
        return value
    inner = dict(value["config"])
    if home == "losses" and inner.get("reduction") is None:
        inner["reduction"] = "none"
    return {**value, "config": inner}


def _optimizer(config: Config) -> Config:
    """Rewrite an optimizer, as one of before 2.11: that is what tf_keras takes a bare name for."""
    inner = _object({**config, "module": "keras.optimizers"})["config"]
    return {"class_name": config["class_name"], "config": inner}
