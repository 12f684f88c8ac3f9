"""Whether Build offers every public layer of the installed Keras, with every argument. Imports Keras."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import keras

from kerastui.engine.catalog.catalog import catalog

_CELL: Final = "takes states beside its input; RNN takes it as an argument"
_FOREIGN: Final = "wraps a Python function of another framework"

NOT_OFFERED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "FlaxLayer": _FOREIGN,
        "GRUCell": _CELL,
        "InputLayer": "an input of the document is no layer",
        "JaxLayer": _FOREIGN,
        "LSTMCell": _CELL,
        "Lambda": "runs a Python function; a class in layers.py does so by name",
        "Layer": "a base class to write others with",
        "SimpleRNNCell": _CELL,
        "StackedRNNCells": _CELL,
        "TorchModuleWrapper": _FOREIGN,
        "Wrapper": "a base class to write others with",
    }
)
"""Layers that Build offers to nobody, and why."""

KEPT_ELSEWHERE: Final = frozenset({"self", "name", "autocast", "args", "kwargs"})
"""Arguments that are no fields: the document keeps names itself, `autocast` is for writers of layers."""


def public_layers() -> list[str]:
    """Return the names of all public layers, each class once, sorted."""
    found: dict[int, str] = {}
    for name, item in sorted(vars(keras.layers).items()):
        if inspect.isclass(item) and issubclass(item, keras.layers.Layer):
            found.setdefault(id(item), name)
    return sorted(found.values())


def uncovered() -> list[str]:
    """Return what is not offered and should be: layers, and arguments as `Dense.units`."""
    offered = {entry.name for entry in catalog().of("layer")}
    missing: list[str] = []
    for name in public_layers():
        if name in NOT_OFFERED:
            continue
        entry = catalog().layer(name)
        if entry is None or entry.name not in offered:
            missing.append(name)
            continue
        parameters = inspect.signature(getattr(keras.layers, name).__init__).parameters
        known = {argument.name for argument in entry.arguments} | KEPT_ELSEWHERE
        missing += [f"{name}.{parameter}" for parameter in parameters if parameter not in known]
    return missing
