"""SavedModels that tf.keras wrote, as models: made of their metadata, with the variables that stand beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.keras.protobuf import saved_metadata_pb2

from kerastui.engine.keras_private import keras, our_classes
from kerastui.engine.saving.bridge.json_models import model_from_config
from kerastui.engine.saving.bridge.training import compile_arguments
from kerastui.engine.saving.bridge.translate import Translation
from kerastui.engine.saving.checkpoint import load_checkpoint

METADATA = "keras_metadata.pb"
"""Where tf.keras writes, since 2.5, which model a SavedModel is; before, it stands in `saved_model.pb` itself."""

MODELS = frozenset({"_tf_keras_model", "_tf_keras_network", "_tf_keras_sequential"})
"""What tf.keras calls the objects that are models."""


def load_from_tf_keras(
    folder: str, custom_objects: Mapping[str, Any] | None, compiled: bool, safe_mode: bool = True
) -> Any:
    """Open a SavedModel of tf.keras 2.x as ours.

    Args:
        folder: Where it is.
        custom_objects: Classes and functions by name; for a subclass, its class, with the `get_config` it had.
        compiled: Whether to compile the model as it was, with the state of its optimizer.
        safe_mode: Whether to refuse Python code kept in it. Defaults to True.

    Returns:
        Our `Functional`, `Sequential` or the subclass.

    Raises:
        ValueError: If it does not say which Keras model it was, or the weights do not fit.
        TypeError: If it needs classes that are neither Keras's nor in `custom_objects`; names all.
        OSError: If it is damaged.

    Example:
        >>> model = load_from_tf_keras("digits", None, True)  # doctest: +SKIP
    """
    root = _root(folder)
    if root is None:
        raise ValueError(
            f"The SavedModel {folder!r} holds functions and variables, but not which Keras model it was: it was "
            "exported for serving. Use it as a layer: "
            f"`keras.layers.TFSMLayer({folder!r}, call_endpoint='serving_default')` (or `call_endpoint='serve'`)."
        )
    config = root.get("model_config") or {"class_name": root["class_name"], "config": root.get("config") or {}}
    model = model_from_config(config, custom_objects, safe_mode)
    if not model.built:
        _call(model, root)
    training = root.get("training_config")
    if compiled and training:
        translation = Translation(custom_objects or {}, safe_mode)
        with our_classes(), keras.saving.custom_object_scope(dict(custom_objects or {})):
            outputs = list(getattr(model, "output_names", None) or ())
            model.compile(**compile_arguments(training, translation, outputs))
    load_checkpoint(model, f"{folder}/variables/variables", skip_mismatch=False, shown=folder).expect_partial()
    return model


def _root(folder: str) -> dict[str, Any] | None:
    """What tf.keras noted about the model itself; `None` if it noted nothing."""
    try:
        if tf.io.gfile.exists(path := f"{folder}/{METADATA}"):
            nodes = saved_metadata_pb2.SavedMetadata.FromString(_read(path)).nodes
            found = [node for node in nodes if node.node_id == 0]
        else:
            path = f"{folder}/saved_model.pb"
            graphs = saved_model_pb2.SavedModel.FromString(_read(path)).meta_graphs
            found = [graph.object_graph_def.nodes[0].user_object for graph in graphs[:1]]
        texts = [node.metadata for node in found if node.identifier in MODELS and node.metadata]
        return _plain(json.loads(texts[0])) if texts else None
    except (DecodeError, IndexError, ValueError) as error:
        raise OSError(f"The file {os.path.basename(path)!r} is damaged: {error}. Received: {folder!r}") from error


def _read(path: str) -> bytes:
    with tf.io.gfile.GFile(path, "rb") as file:
        return bytes(file.read())


def _plain(value: Any) -> Any:
    """Give tuples and shapes, which tf.keras marks here, as the lists they are in its other files."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") in ("__tuple__", "TensorShape"):
        return [_plain(item) for item in value.get("items") or ()]
    return {key: _plain(item) for key, item in value.items()}


def _call(model: Any, root: Mapping[str, Any]) -> None:
    """Call a model on zeros of the types it was called on, so that its layers make their weights."""
    spec = root.get("full_save_spec") or [[root["save_spec"]] if root.get("save_spec") else [], {}]
    args, kwargs = _zeros(spec[0]), _zeros(spec[1])
    if args or kwargs:
        model(*args, **kwargs)


def _zeros(spec: Any) -> Any:
    if isinstance(spec, list):
        return [_zeros(item) for item in spec]
    if not isinstance(spec, dict):
        return spec
    if spec.get("class_name") == "TypeSpec":
        shape, dtype = spec["serialized"][:2]
        return np.zeros([size or 1 for size in shape], dtype)
    return {key: _zeros(item) for key, item in spec.items()}
