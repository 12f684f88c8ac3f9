"""Layouts of `.h5` files before tf_keras: a file of tf_keras with one of its old optimizers, rewritten.

No version of Keras 2.2 runs on the Python that TensorFlow 2.21 needs. What differs between these files is little and
known, and all of it is below; weights, graph and state of the optimizer are those that tf_keras wrote.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

Config = dict[str, Any]


class Layout(NamedTuple):
    """What a version wrote otherwise than tf.keras 2.10 did.

    Attributes:
        version: What it called itself.
        multi_backend: Whether it is Keras from before it moved into TensorFlow: initializers as `VarianceScaling`, an
            axis as a number, no ragged inputs, `lr`, and a `vhat` for each weight in Adam.
        model_class: The class name of a functional model.
        layers_alone: Whether the configuration of a `Sequential` is the list of its layers.
    """

    version: str
    multi_backend: bool
    model_class: str
    layers_alone: bool = False


LAYOUTS: Mapping[str, Layout | None] = {
    "Keras 2.2.2": Layout("2.2.2", multi_backend=True, model_class="Model", layers_alone=True),
    "Keras 2.3.1": Layout("2.3.1", multi_backend=True, model_class="Model"),
    "tf.keras 2.1": Layout("2.2.4-tf", multi_backend=False, model_class="Model"),
    "tf.keras 2.10": None,
}
"""Each layout; `None` is what tf_keras writes of a model with an old optimizer."""


def rewrite(source: Path, target: Path, layout: Layout) -> None:
    """Write a file of tf_keras anew as an older version would have written it.

    Args:
        source: What tf_keras wrote.
        target: Where to write.
        layout: How.
    """
    shutil.copy(source, target)
    with h5py.File(target, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        _without_inputs(file["model_weights"], config)
        training = json.loads(file.attrs["training_config"])
        # Strings were bytes, which h5py gives back as such; attributes that are text came with h5py 3.
        file.attrs["model_config"] = np.bytes_(json.dumps(_older(config, layout)))
        file.attrs["keras_version"] = np.bytes_(layout.version)
        file.attrs["backend"] = np.bytes_("tensorflow")
        if layout.multi_backend:
            training = _older_training(training)
            _older_state(file["optimizer_weights"])
        file.attrs["training_config"] = np.bytes_(json.dumps(training))


def _without_inputs(group: Any, config: Config) -> None:
    """Take out what was not listed then: the input of a `Sequential`, and weights of the model itself."""
    del group["top_level_model_weights"]
    if config["class_name"] == "Sequential":
        inputs = {one["config"]["name"] for one in config["config"]["layers"] if one["class_name"] == "InputLayer"}
        for name in inputs & set(group):
            del group[name]
        names = [name for name in group.attrs["layer_names"] if _text(name) not in inputs]
        group.attrs["layer_names"] = [np.bytes_(_text(name)) for name in names]
    group.attrs["keras_version"] = np.bytes_("2")


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def _older(value: Any, layout: Layout) -> Any:
    """Rewrite a configuration and all that is in it."""
    if isinstance(value, list):
        return [_older(one, layout) for one in value]
    if not isinstance(value, dict):
        return value
    new = {name: _older(one, layout) for name, one in value.items()}
    kind, config = new.get("class_name"), new.get("config")
    if not isinstance(kind, str) or not isinstance(config, dict):
        return new
    for name in ("module", "registered_name", "build_config"):
        new.pop(name, None)
    if kind == "Functional":
        new["class_name"] = layout.model_class
    elif kind == "Sequential":
        config["layers"] = list(_with_shapes(config["layers"]))
        new["config"] = config["layers"] if layout.layers_alone else config
    elif layout.multi_backend:
        new |= _of_multi_backend(kind, config)
    return new


def _with_shapes(layers: list[Config]) -> Iterator[Config]:
    """Give the layers of a `Sequential` without its input, whose shape goes to the first of them."""
    shape = {}
    for layer in layers:
        if layer["class_name"] == "InputLayer":
            shape = {name: layer["config"][name] for name in ("batch_input_shape", "dtype")}
        else:
            yield {**layer, "config": {**layer["config"], **shape}}
            shape = {}


def _of_multi_backend(kind: str, config: Config) -> Config:
    if kind == "InputLayer":
        return {"config": {name: value for name, value in config.items() if name != "ragged"}}
    if kind == "GlorotUniform":
        scaling = {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": config.get("seed")}
        return {"class_name": "VarianceScaling", "config": scaling}
    if kind == "BatchNormalization":
        return {"config": {**config, "axis": config["axis"][0] if isinstance(config["axis"], list) else config["axis"]}}
    return {}


def _older_training(training: Config) -> Config:
    optimizer = training["optimizer_config"]
    config = {name: value for name, value in optimizer["config"].items() if name not in ("name", "learning_rate")}
    optimizer = {**optimizer, "config": {**config, "lr": optimizer["config"]["learning_rate"]}}
    old = {name: training.get(name) for name in ("loss", "metrics", "loss_weights")}
    return {**old, "metrics": old["metrics"] or [], "optimizer_config": optimizer, "sample_weight_mode": None}


def _older_state(group: Any) -> None:
    """Name the state of Adam as Keras did, and give it a `vhat` for each weight, one number where it is not used."""
    names = [_text(name) for name in group.attrs["weight_names"]]
    values = [np.asarray(group[name]) for name in names]
    values += [np.zeros(1, "float32")] * (len(values) // 2)
    for name in list(group):
        del group[name]
    new = ["Adam/iterations:0", *(f"training/Adam/Variable_{number}:0" for number in range(len(values) - 1))]
    group.attrs["weight_names"] = [np.bytes_(name) for name in new]
    for name, value in zip(new, values, strict=True):
        group[name] = value
