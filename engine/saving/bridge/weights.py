"""Put the weights that Keras 2 wrote into the layers of a model that was translated from its configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from kerastui.engine.keras_private import keras

Array = np.ndarray[Any, Any]
Config = Mapping[str, Any]

ALIASES: Final = {"layer": "forward_layer", "_lookup_layer": "_lookup_layer"}
"""What Keras 3 calls a part of a layer that tf_keras calls otherwise; a leading underline may also come or go."""


def weights_in_file_order(layer: Any, config: Config | None) -> tuple[list[Any], list[Any]]:
    """List trainable and other weights as Keras 2 did, nested models in the order in which the file lists their layers.

    Args:
        layer: A layer or model.
        config: What the file says about it, with `class_name` and `config`; `None` for a layer without parts.

    Returns:
        Trainable weights, and the others.
    """
    parts = _parts(layer, config)
    if parts is None:
        return list(layer.trainable_weights), list(layer.non_trainable_weights)
    trainable: list[Any] = []
    others: list[Any] = []
    for part, part_config in parts:
        first, second = weights_in_file_order(part, part_config)
        trainable += [one for one in first if not any(one is other for other in trainable)]
        others += [one for one in second if not any(one is other for other in others)]
    return (trainable, others) if layer.trainable else ([], trainable + others)


def _parts(layer: Any, config: Config | None) -> list[tuple[Any, Config]] | None:
    if not isinstance(layer, keras.Model) or config is None:
        return None
    inner = config.get("config")
    listed = inner.get("layers") if isinstance(inner, Mapping) else inner
    if not isinstance(listed, list):
        return None
    named = {one.name: one for one in layer.layers}
    names = [str(part.get("name") or part["config"].get("name")) for part in listed]
    return [(named[name], part) for name, part in zip(names, listed, strict=True) if name in named]


def set_by_name(model: Any, config: Config, read: Callable[[str], list[Array]], names: Sequence[str]) -> None:
    """Set the weights of each layer from a file that keeps them by the layer's name.

    Args:
        model: The model, built.
        config: What the file says about it.
        read: Gives the values of the layer of that name.
        names: The layers in the file, in order.

    Raises:
        ValueError: If the file's weights do not fit; says which layer and which shapes.
    """
    parts = {part.name: (part, part_config) for part, part_config in _parts(model, config) or ()}
    missing = [part.name for part, _ in parts.values() if part.weights and part.name not in names]
    if missing:
        raise ValueError(f"The file holds no weights for the layers {', '.join(map(repr, missing))}.")
    for name in names:
        values = read(name)
        if not values:
            continue
        if name not in parts:
            raise ValueError(f"The file holds weights for a layer {name!r} that its own configuration does not list.")
        layer, layer_config = parts[name]
        trainable, others = weights_in_file_order(layer, layer_config)
        _assign(name, trainable + others, converted(layer_config, values))


def _assign(name: str, variables: Sequence[Any], values: Sequence[Array]) -> None:
    needs, has = [tuple(one.shape) for one in variables], [np.shape(value) for value in values]
    if needs != has:
        raise ValueError(f"The weights of layer {name!r} do not fit. Expected shapes {needs}. Received: shapes {has}")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def converted(config: Config, values: list[Array]) -> list[Array]:
    """Convert the weights of recurrent layers for CuDNN, which keep them transposed and have two biases.

    Args:
        config: What the file says about the layer.
        values: Its weights.

    Returns:
        Weights as other layers of the kind keep them.
    """
    name = str(config["class_name"])
    inner = config.get("config")
    wrapped = inner.get("layer") if isinstance(inner, Mapping) else None
    if name in ("Bidirectional", "TimeDistributed") and isinstance(wrapped, Mapping):
        half = len(values) // 2 if name == "Bidirectional" else len(values)
        return converted(wrapped, values[:half]) + (converted(wrapped, values[half:]) if half < len(values) else [])
    gates = {"CuDNNGRU": 3, "CuDNNLSTM": 4}.get(name)
    if gates is None or len(values) != 3:
        return values
    kernel, recurrent, bias = values
    kernels = [part.T.reshape(part.shape, order="F") for part in np.split(kernel, gates, axis=1)]
    recurrents = [part.T for part in np.split(recurrent, gates, axis=1)]
    both = np.reshape(bias, (2, -1))
    return [np.hstack(kernels), np.hstack(recurrents), both.sum(axis=0) if gates == 4 else both]


class Archive:
    """Set weights from the tree of tf_keras's archive, in which groups are named as attributes of layers are.

    Args:
        assets: Where the archive's assets, such as vocabularies, were unpacked to; `None` if it has none.
    """

    def __init__(self, assets: Path | None) -> None:
        self.assets = assets
        self.strange: list[str] = []

    def fill(self, layer: Any, config: Config | None, group: Any, without: Collection[str] = ()) -> None:
        """Set the weights of a layer and its parts.

        Args:
            layer: The layer or model.
            config: What the file says about it.
            group: Its group in the HDF5 file.
            without: Names in the group that are passed over. Defaults to `()`.

        Raises:
            ValueError: If shapes do not fit; parts that the layer does not have are listed in `strange`.
        """
        self._own(layer, config, group)
        for name in group:
            if name == "vars" or name in without or not self._holds_something(group[name]):
                continue
            parts = _parts(layer, config) if name == "layers" else None
            if parts is not None:
                self._contained(parts, group[name])
                continue
            part = _attribute(layer, name)
            if isinstance(part, (list, tuple)):
                self._contained([(one, None) for one in part], group[name])
            elif part is None:
                self.strange.append(group[name].name)
            else:
                self.fill(part, _wrapped(config), group[name])

    def _own(self, layer: Any, config: Config | None, group: Any) -> None:
        values = group.get("vars", {})
        if len(values):
            if config is not None and str(config["class_name"]).startswith("CuDNN"):
                arrays = converted(config, [np.asarray(values[str(number)]) for number in range(len(values))])
                values = {str(number): array for number, array in enumerate(arrays)}
            layer.load_own_variables(values)
        folder = None if self.assets is None else self.assets / str(group.name).strip("/")
        if folder is not None and folder.is_dir() and any(one.is_file() for one in folder.iterdir()):
            layer.load_assets(str(folder))

    def _contained(self, parts: Sequence[tuple[Any, Config | None]], group: Any) -> None:
        used: dict[str, int] = {}
        for part, config in parts:
            if config is None and not isinstance(part, keras.Layer):
                continue
            name = _snake_case(str(config["class_name"]).rpartition(">")[2] if config else type(part).__name__)
            used[name] = used.get(name, -1) + 1
            key = f"{name}_{used[name]}" if used[name] else name
            if key in group:
                self.fill(part, config, group[key])
        left = [group[name].name for name in group if re.sub(r"_\d+$", "", name) not in used and name not in used]
        self.strange += [name for name in left if self._holds_something(group[name])]

    def _holds_something(self, group: Any) -> bool:
        found: list[str] = []
        group.visititems(lambda name, one: found.append(name) if hasattr(one, "shape") else None)
        folder = None if self.assets is None else self.assets / str(group.name).strip("/")
        return bool(found) or (folder is not None and folder.is_dir())


def _attribute(layer: Any, name: str) -> Any:
    for written in (name, name.lstrip("_"), f"_{name}", ALIASES.get(name, name)):
        found = getattr(layer, written, None)
        if isinstance(found, (keras.Layer, list, tuple)):
            return found
    return None


def _wrapped(config: Config | None) -> Config | None:
    inner = None if config is None else config.get("config")
    for part in ("layer", "cell"):
        if isinstance(inner, Mapping) and isinstance(inner.get(part), Mapping):
            return dict(inner[part])
    return None


def _snake_case(name: str) -> str:
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    name = re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
    return name if not name.startswith("_") else f"private{name}"
