"""Whether the catalog has every public layer of the installed Keras, with every argument. Imports Keras."""

from __future__ import annotations

import inspect

import keras

from kerastui.engine.catalog.catalog import catalog

BASES = frozenset({"Layer", "Wrapper", "InputLayer"})
"""Classes to write others with, and the layer of an input, which the document has apart."""

KEPT_ELSEWHERE = frozenset({"self", "name", "autocast", "args", "kwargs"})
"""Arguments that are no fields: the document keeps names itself, `autocast` is for writers of layers."""


def public_layers() -> list[str]:
    """Return the names of all public layers, each class once, sorted."""
    found: dict[int, str] = {}
    for name, item in sorted(vars(keras.layers).items()):
        if inspect.isclass(item) and issubclass(item, keras.layers.Layer) and name not in BASES:
            found.setdefault(id(item), name)
    return sorted(found.values())


def uncovered() -> list[str]:
    """Return what the catalog lacks: layers, and arguments as `Dense.units`."""
    missing: list[str] = []
    for name in public_layers():
        entry = catalog().layer(name)
        if entry is None:
            missing.append(name)
            continue
        parameters = inspect.signature(getattr(keras.layers, name).__init__).parameters
        known = {argument.name for argument in entry.arguments} | KEPT_ELSEWHERE
        missing += [f"{name}.{parameter}" for parameter in parameters if parameter not in known]
    return missing
