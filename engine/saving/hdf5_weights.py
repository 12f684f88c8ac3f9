"""Weights in HDF5, in the documented layout of `layer_names`.

No link out of the file is followed: every group and data set is fetched through Keras's guarded functions.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import h5py

from kerastui.engine.hdf5_names import read_strings, write_strings
from kerastui.engine.keras_private import (
    keras,
    read_dataset,
    safe_get_h5_dataset,
    safe_get_h5_group,
    value_in_place,
)

TOP_LEVEL = "top_level_model_weights"
"""The group of the weights that belong to the model itself and to none of its layers."""


@dataclass
class Mismatch:
    """A layer that the file has other weights for.

    Attributes:
        layer: Its name.
        expected: The shape of each weight of the layer.
        found: The shape of each weight in the file; `None` where the file has none for this layer.
    """

    layer: str
    expected: list[tuple[int, ...]]
    found: list[tuple[int, ...]] | None

    def __str__(self) -> str:
        found = "nothing" if self.found is None else _shapes(self.found)
        return f"layer {self.layer!r} has weights of shapes {_shapes(self.expected)}, the file has {found}"


@dataclass
class Plan:
    """What loading would do, found out before anything is assigned.

    Attributes:
        assignments: The variables, each with the data set that is its new value.
        mismatches: The layers that do not fit.
    """

    assignments: list[tuple[Any, h5py.Dataset]] = field(default_factory=list)
    mismatches: list[Mismatch] = field(default_factory=list)


def settle(mismatches: Sequence[Mismatch], skip_mismatch: bool, path: str, stacklevel: int) -> None:
    """Raise for layers that do not fit, or warn of each where they are to be skipped.

    Args:
        mismatches: The layers.
        skip_mismatch: Whether to skip them.
        path: The file, for the message.
        stacklevel: How far up the caller is that the warnings shall name.

    Raises:
        ValueError: If there are any and they are not to be skipped.
    """
    if not skip_mismatch and mismatches:
        listed = "".join(f"\n- {mismatch}" for mismatch in mismatches)
        raise ValueError(
            f"The weights do not fit the model, which is left as it was. Give `skip_mismatch=True` to load the "
            f"layers that do fit. Received: filepath={path!r}, in which{listed}"
        )
    for mismatch in mismatches:
        warnings.warn(f"Skipped: {mismatch}. Its weights are left as they were.", stacklevel=stacklevel)


def write_layer_names(file: h5py.File, model: Any) -> None:
    """Write the documented layout: a group for each layer, a data set for each of its weights.

    Args:
        file: An empty file, open for writing.
        model: A built model.

    Raises:
        ValueError: If two layers have the same name.
    """
    layers = model.layers
    names = [layer.name for layer in layers]
    doubled = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if doubled:
        raise ValueError(
            "HDF5 keeps weights by the names of layers, which must differ. Rename them, or save to a path that ends "
            f"in `.weights.h5`. Received: layers of the same name {', '.join(map(repr, doubled))}"
        )
    write_layers(file, dict(zip(names, layers, strict=True)))
    _write_weights(file.require_group(TOP_LEVEL), _own_weights(model))


def write_layers(file: h5py.File, layers: Mapping[str, Any]) -> None:
    """Write the documented layout for some layers, under names of the caller's.

    Args:
        file: An empty file, open for writing.
        layers: Built layers by name.
    """
    write_strings(file, "layer_names", list(layers))
    file.attrs["backend"] = b"tensorflow"
    file.attrs["keras_version"] = keras.__version__.encode()
    # In the order of names, so that the group `a` is there before a layer called `a/b` is put into it.
    for name in sorted(layers):
        _write_weights(file.require_group(name), _weights_of(layers[name]))


def _write_weights(group: h5py.Group, weights: list[Any]) -> None:
    names = list[str]()
    for weight in weights:
        name, number = weight.path, 0
        while name in names:
            number += 1
            name = f"{weight.path}_{number}"
        names.append(name)
    write_strings(group, "weight_names", names)
    for name, weight in zip(names, weights, strict=True):
        value = value_in_place(weight)
        # HDF5 has no bfloat16; float32 holds each of its values.
        group.create_dataset(name, data=value.astype("float32") if value.dtype == "bfloat16" else value)


def has_layer_names(file: h5py.Group) -> bool:
    """Say whether a group is of the documented layout."""
    return "layer_names" in file.attrs or "layer_names0" in file.attrs


def plan_by_order(group: h5py.Group, model: Any) -> Plan:
    """Match the layers that have weights with those of the file, in order.

    Args:
        group: What has the attribute `layer_names`.
        model: A built model.

    Returns:
        What to assign, and what does not fit.

    Raises:
        ValueError: If the numbers of layers with weights differ.
    """
    plan = Plan()
    layers = [layer for layer in model.layers if layer.weights]
    saved = [(name, _saved_weights(group, name)) for name in read_strings(group, "layer_names")]
    saved = [(name, weights) for name, weights in saved if weights]
    if len(saved) != len(layers):
        raise ValueError(
            f"The file has weights for {len(saved)} layers, the model has {len(layers)} layers with weights. Give "
            "`by_name=True` to load the layers whose names are the same. Received: a file with the layers "
            f"{_some([name for name, _ in saved])}, a model with {_some([layer.name for layer in layers])}"
        )
    for layer, (_, weights) in zip(layers, saved, strict=True):
        _match(plan, layer.name, _weights_of(layer), weights)
    _plan_top_level(plan, group, model)
    return plan


def plan_by_name(group: h5py.Group, model: Any) -> Plan:
    """Match the layers of the model with those of the same name in the file; others are left alone.

    Args:
        group: What has the attribute `layer_names`.
        model: A built model.

    Returns:
        What to assign, and what does not fit.
    """
    plan = plan_layers(group, {layer.name: layer for layer in model.layers})
    _plan_top_level(plan, group, model)
    return plan


def plan_layers(group: h5py.Group, layers: Mapping[str, Any]) -> Plan:
    """Match layers with those of a file by names of the caller's; those that the file has not are left alone.

    Args:
        group: What has the attribute `layer_names`.
        layers: Built layers by name.

    Returns:
        What to assign, and what does not fit.
    """
    plan = Plan()
    names = set(read_strings(group, "layer_names"))
    for name, layer in layers.items():
        if name in names:
            _match(plan, layer.name, _weights_of(layer), _saved_weights(group, name))
    return plan


def _plan_top_level(plan: Plan, group: h5py.Group, model: Any) -> None:
    if TOP_LEVEL in group:
        _match(plan, model.name, _own_weights(model), _saved_weights(group, TOP_LEVEL))


def _match(plan: Plan, name: str, weights: list[Any], saved: list[tuple[str, h5py.Dataset]]) -> None:
    ordered = [data for _, data in _in_order(weights, saved)]
    expected, found = [tuple(weight.shape) for weight in weights], [tuple(data.shape) for data in ordered]
    if expected == found:
        plan.assignments += zip(weights, ordered, strict=True)
    else:
        plan.mismatches.append(Mismatch(name, expected, found))


def _in_order(weights: list[Any], saved: list[tuple[str, h5py.Dataset]]) -> list[tuple[str, h5py.Dataset]]:
    """Put the weights of a file in the order of the layer's, by the ends of their names if those say it.

    The order in the file is that of trainable weights before others, so that a model frozen since has another one.
    """
    for parts in (1, 2, 3):
        wanted = [tuple(weight.path.split("/")[-parts:]) for weight in weights]
        there = {tuple(name.partition(":")[0].split("/")[-parts:]): (name, data) for name, data in saved}
        if len(there) == len(saved) and set(there) == set(wanted):
            return [there[ending] for ending in wanted]
    return saved


def _saved_weights(group: h5py.Group, layer: str) -> list[tuple[str, h5py.Dataset]]:
    of_layer = safe_get_h5_group(group, layer)
    return [(name, safe_get_h5_dataset(of_layer, name)) for name in read_strings(of_layer, "weight_names")]


def _weights_of(layer: Any) -> list[Any]:
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _own_weights(model: Any) -> list[Any]:
    of_layers = {id(weight) for layer in model.layers for weight in layer.weights}
    return [weight for weight in _weights_of(model) if id(weight) not in of_layers]


def assign(plan: Plan, model: Any) -> None:
    """Assign what was planned, one weight after the other.

    Args:
        plan: What to assign; its file must still be open.
        model: The model, whose layers may finish what follows from their weights.
    """
    for variable, data in plan.assignments:
        variable.assign(read_dataset(data))
    for layer in model.layers:
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()


def _shapes(shapes: list[tuple[int, ...]]) -> str:
    return ", ".join(map(str, shapes)) or "none"


def _some(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f", … ({len(names)} in all)" if len(names) > 8 else "")
