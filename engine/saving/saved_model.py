"""SavedModels that come back as models: written with what Keras needs to know, and read, tf.keras's too."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import trackable_object_graph_pb2

from kerastui.engine.keras_private import (
    AssetsStore,
    WeightsStore,
    keras,
    model_as_json,
    model_of_json,
    read_state,
    write_state,
)
from kerastui.engine.saving.save_spec import SaveSpec

PARTS = "keras_model"
"""The folder where we do: `config.json`, `metadata.json` and `assets/` of a `.keras` archive. The weights stay where
TensorFlow has them, in `variables/`; there is no second copy."""

_STATE = "keras_model_state"
"""The name in TensorFlow's graph of objects for the weights as a `.keras` archive names them."""

_SEEDS = "seed_generators"
"""The name below `_STATE` for the states of random seeds, which no archive of Keras holds, in the order of layers."""


def write_saved_model(model: Any, folder: str, signatures: Any = None, options: Any = None) -> None:
    """Write a SavedModel, which `tf.saved_model.load` and TensorFlow Serving read, and `load_saved_model`.

    A model that cannot say how it was made (a subclass whose `get_config` refuses) is written to be served only.

    Args:
        model: The model, of known inputs unless `signatures` are given.
        folder: Where to, empty, maybe on a file system of TensorFlow's.
        signatures: A `tf.function`, or a dict of them by name. Defaults to `None`: one that calls the model.
        options: `tf.saved_model.SaveOptions`. Defaults to `None`.

    Raises:
        ValueError: If `signatures` is `None` and the inputs of the model are not known.
        OSError: If it cannot be written.
    """
    known = not isinstance(model, SaveSpec) or model.save_spec() is not None
    if signatures is None and not known:
        raise ValueError(
            f"The model {model.name!r} cannot be saved as a SavedModel before its inputs are known. Call it on data, "
            "train it or build it first, or give `signatures`."
        )
    try:
        texts = dict(zip(("config.json", "metadata.json"), model_as_json(model), strict=True))
    except NotImplementedError:
        texts = {}
    parts = f"{folder}/{PARTS}"
    tf.io.gfile.makedirs(parts)
    weights = _Collected()
    write_state(model, weights, AssetsStore(f"{parts}/assets", mode="r"))
    seeds = {f"{_SEEDS}/{number}": seed.state for number, seed in enumerate(_seed_generators(model))}
    with _tracked(model, weights.variables | seeds):
        tf.saved_model.save(model, folder, signatures=signatures, options=options)
    for name, text in texts.items():
        with tf.io.gfile.GFile(f"{parts}/{name}", "w") as file:
            file.write(text)
    if not texts:
        tf.io.gfile.rmtree(parts)


def load_saved_model(
    path: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,  # noqa: A002 — Keras's name
    safe_mode: bool = True,
) -> Any:
    """Open a SavedModel as the model it was, as ours.

    No function of the SavedModel is run: the model is made of its configuration, and gets its weights.

    Args:
        path: The folder; from `Model.save`, or from tf.keras 2.x.
        custom_objects: Classes and functions by name, for those that Keras does not know. Defaults to `None`.
        compile: Whether to compile the model as it was, with the state of its optimizer. Defaults to True.
        safe_mode: Whether to refuse what would run code out of it, such as a `Lambda`. Defaults to True.

    Returns:
        The model.

    Raises:
        ValueError: If it does not say which model it is, or its weights do not fit; the model's class is needed where
            it is a subclass.
        OSError: If it cannot be read.

    Example:
        >>> model = load_saved_model("digits")  # doctest: +SKIP
    """
    folder = os.fspath(path)
    if not tf.io.gfile.exists(f"{folder}/saved_model.pb"):
        raise ValueError(f"There is no SavedModel (no `saved_model.pb`) here. Received: filepath={folder!r}")
    if tf.io.gfile.exists(f"{folder}/{PARTS}/config.json"):
        return _load_ours(folder, custom_objects, compile, safe_mode)
    from kerastui.engine.saving.bridge.saved_models import load_from_tf_keras

    return load_from_tf_keras(folder, custom_objects, compile, safe_mode)


class Checkpoint:
    """The variables of a SavedModel, found by walking TensorFlow's graph of objects.

    Args:
        prefix: Path of a checkpoint, as `"digits/variables/variables"`.

    Raises:
        OSError: If it cannot be read.

    Example:
        >>> checkpoint = Checkpoint("digits/variables/variables")  # doctest: +SKIP
        >>> checkpoint.value(checkpoint.children(0)["scale"])  # doctest: +SKIP
    """

    def __init__(self, prefix: str) -> None:
        try:
            self._reader = tf.train.load_checkpoint(prefix)
            graph = trackable_object_graph_pb2.TrackableObjectGraph()
            graph.ParseFromString(self._reader.get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH"))
        except (tf.errors.OpError, RuntimeError, ValueError) as error:
            raise OSError(f"The variables {prefix!r} cannot be read: {error}") from error
        self.nodes: Any = graph.nodes

    def children(self, node: int) -> dict[str, int]:
        """The objects that an object has, by name; 0 is the model."""
        return {child.local_name: child.node_id for child in self.nodes[node].children}

    def value(self, node: int) -> np.ndarray[Any, Any] | None:
        """The value of a variable; `None` if the object is none."""
        keys = [attribute.checkpoint_key for attribute in self.nodes[node].attributes]
        return np.asarray(self._reader.get_tensor(keys[0])) if keys else None


class _Collected(WeightsStore):
    """Takes what layers save, by the path that a `.keras` archive has for it, as variables of TensorFlow."""

    def __init__(self) -> None:
        self.variables: dict[str, Any] = {}

    def __bool__(self) -> bool:
        return True

    def make(self, path: str, metadata: Any = None) -> Any:
        return _Entry(path, self.variables)


class _Entry:
    def __init__(self, path: str, variables: dict[str, Any]) -> None:
        self._path, self._variables = path, variables

    def __setitem__(self, key: str, value: Any) -> None:
        # Keras's variable itself, which TensorFlow then writes once, whatever else refers to it.
        variable = value if isinstance(value, keras.Variable) else tf.Variable(value, trainable=False)
        self._variables[f"{self._path}/{key}"] = variable

    def __getitem__(self, key: str) -> Any:
        return self._variables[f"{self._path}/{key}"]


class _Restored(WeightsStore):
    """Gives layers what they saved, one variable at a time."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        state = checkpoint.children(0).get(_STATE)
        self._places: dict[str, dict[str, int]] = {}
        self._groups: set[str] = set()
        for name, node in ({} if state is None else checkpoint.children(state)).items():
            path, _, key = name.rpartition("/")
            self._places.setdefault(path, {})[key] = node
            while path not in self._groups:
                self._groups.add(path)
                path = path.rpartition("/")[0]

    def __bool__(self) -> bool:
        return True

    def get(self, path: str) -> Any:
        return _Values(self._checkpoint, self._places.get(path, {}))

    def has_path(self, path: str) -> bool:
        return path in self._groups

    def seeds(self) -> list[np.ndarray[Any, Any]]:
        """The states of random seeds, in order; none in folders that an earlier version wrote."""
        values = _Values(self._checkpoint, self._places.get(_SEEDS, {}))
        return [values[str(number)] for number in range(len(values))]


class _Values(Mapping[str, Any]):
    def __init__(self, checkpoint: Checkpoint, nodes: dict[str, int]) -> None:
        self._checkpoint, self._nodes = checkpoint, nodes

    def __getitem__(self, key: str) -> Any:
        return self._checkpoint.value(self._nodes[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)


@contextmanager
def _tracked(model: Any, variables: dict[str, Any]) -> Iterator[None]:
    """Within this, TensorFlow finds the variables under the model by these names too."""
    state = tf.Module()
    for name, variable in variables.items():
        state._track_trackable(variable, name)
    model._track_trackable(state, _STATE, overwrite=True)
    try:
        yield
    finally:
        model._delete_tracking(_STATE)


def _load_ours(folder: str, custom_objects: Mapping[str, Any] | None, compiled: bool, safe_mode: bool) -> Any:
    parts = f"{folder}/{PARTS}"
    with tf.io.gfile.GFile(f"{parts}/config.json") as file:
        text = file.read()
    checkpoint = Checkpoint(f"{folder}/variables/variables")
    model = model_of_json(text, custom_objects, compiled, safe_mode)
    assets = AssetsStore(f"{parts}/assets", mode="r") if tf.io.gfile.exists(f"{parts}/assets") else None
    restored = _Restored(checkpoint)
    read_state(model, restored, assets)
    generators, states = _seed_generators(model), restored.seeds()
    if len(generators) == len(states):
        for generator, state in zip(generators, states, strict=True):
            generator.state.assign(state)
    elif states:  # a layer shared between a model and one inside it comes back as two
        warnings.warn(
            f"The SavedModel {folder!r} has the states of {len(states)} random seeds, and the model made of it has "
            f"{len(generators)}. Its random layers start anew.",
            stacklevel=2,
        )
    return model


def _seed_generators(model: Any) -> list[Any]:
    """The generators of random seeds of all layers, such as `Dropout`, each once."""
    found: dict[int, Any] = {}
    for layer in model._flatten_layers():
        found.update((id(generator), generator) for generator in layer._seed_generators)
    return list(found.values())
