"""Find what a name in an old configuration stands for, in Keras 3 or among custom objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kerastui.engine.keras_private import LOSSES, METRICS, OPTIMIZERS, keras

HOMES: Final = ("layers", "initializers", "regularizers", "constraints", "losses", "metrics", "optimizers")
"""Namespaces of Keras, in the order in which they are searched where nothing says which one is meant."""

MODELS: Final = frozenset({"Functional", "Model", "Sequential"})

RENAMED: Final = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "CuDNNGRU": "GRU",
    "CuDNNLSTM": "LSTM",
    "Experimental>SyncBatchNormalization": "BatchNormalization",
    "GRUV1": "GRU",
    "GRUV2": "GRU",
    "LSTMV1": "LSTM",
    "LSTMV2": "LSTM",
    "LossScaleOptimizerV3": "LossScaleOptimizer",
    "SyncBatchNormalization": "BatchNormalization",
    "ThresholdedReLU": "ReLU",
}
"""Classes of Keras 2 whose work another class of Keras 3 does."""

GRAPH_OPERATIONS: Final = frozenset({"SlicingOpLambda", "TFOpLambda"})
"""What Keras 2 wrote for a TensorFlow function in a graph."""

DATA: Final = frozenset(
    {"__ellipsis__", "__lambda__", "__numpy__", "__slice__", "__tensor__", "__tuple__", "function", "TensorShape"}
    | {"DTypePolicy", "Policy", "PolicyV1", "LossFunctionWrapper", "MeanMetricWrapper", "SumOverBatchSizeMetricWrapper"}
    | {"Lambda"}
)
"""Class names that the translation handles itself."""

Objects = Mapping[str, Any]


def custom_name(config: Mapping[str, Any], custom_objects: Objects) -> str | None:
    """Give the name under which a custom object for a configuration is registered or passed.

    Args:
        config: A dict with `class_name`, and `registered_name` where the file has it.
        custom_objects: Classes and functions by name.

    Returns:
        The name; `None` if there is no such custom object.
    """
    written = [config.get("registered_name"), config["class_name"], str(config["class_name"]).rpartition(">")[2]]
    for name in written:
        if isinstance(name, str) and keras.saving.get_registered_object(name, dict(custom_objects)) is not None:
            return name
    return None


def built_in(name: str, home: str | None = None) -> tuple[str, str, type] | None:
    """Find a class of Keras 3 by the name that Keras 2 wrote.

    Args:
        name: Its class name, also with a prefix as in `"Custom>Adam"`.
        home: The namespace to search first, as `"layers"`. Defaults to `None`.

    Returns:
        Namespace, name there and the class; `None` if there is none.
    """
    plain = RENAMED.get(name) or name.rpartition(">")[2]
    plain = RENAMED.get(plain, plain)
    if plain in MODELS:
        return ("models", plain, getattr(keras, plain, keras.Model))
    for space in _spaces(home):
        module: Any = keras
        for part in space.split("."):
            module = getattr(module, part)
        found = getattr(module, plain, None)
        if isinstance(found, type):
            return (space, plain, found)
    return None


def _spaces(home: str | None) -> Iterator[str]:
    if home is not None and home in (*HOMES, "optimizers.schedules"):
        yield home
    yield from HOMES
    yield "optimizers.schedules"


def is_known_name(name: str, kind: str) -> bool:
    """Say whether Keras 3 has an activation, loss, metric or optimizer of that short name, as `"mse"`.

    Args:
        name: The name.
        kind: `"activation"`, `"loss"`, `"metric"` or `"optimizer"`.
    """
    if keras.saving.get_registered_object(name) is not None:
        return True
    if kind == "activation":
        return name == "hard_sigmoid" or callable(getattr(keras.activations, name, None))
    tables = {"loss": LOSSES, "metric": METRICS, "optimizer": OPTIMIZERS}
    return name in tables[kind] or name.lower() in tables[kind]
