"""Model files that are imported: JSON, which has no weights, and the comparison of a project with its model."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from kerastui.engine.building import as_taken, build_model
from kerastui.engine.importing.calls import functional
from kerastui.engine.importing.graphs import output_names
from kerastui.engine.keras_private import keras
from kerastui.engine.models.model import Functional, Model
from kerastui.engine.project.files import read
from kerastui.engine.project.graph import node_name
from kerastui.engine.saving.bridge.json_models import model_from_config
from kerastui.engine.saving.bridge.translate import is_keras2
from kerastui.engine.saving.configs import check_config
from kerastui.engine.saving.converting import difference, samples_for
from kerastui.engine.saving.guards import parsed
from kerastui.engine.starting_weights import load_weights


def model_in_json(
    path: str | os.PathLike[str], custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True
) -> Any:
    """Make a model, with new weights, of a file with the JSON of one.

    Args:
        path: What `Model.to_json` gave, or the `config.json` out of a `.keras` archive.
        custom_objects: Classes and functions by name, for those that Keras does not know. Defaults to `None`.
        safe_mode: Whether to refuse Python code kept in it. Defaults to True.

    Returns:
        The model, compiled if the JSON says how.

    Raises:
        ModelFileError: If it is damaged, holds code, or needs what is not known.
        OSError: If it cannot be read.
    """
    config = parsed(Path(path).read_text("utf-8-sig"), path)
    if not is_keras2(config):
        check_config(config, path, custom_objects, safe_mode)
    model = model_from_config(config, custom_objects, safe_mode)
    settings = config.get("compile_config")
    if settings and not model.compiled:
        with keras.saving.custom_object_scope(dict(custom_objects or {})):
            model.compile_from_config(settings)
    return model


def largest_error(model: Any, folder: Path) -> float:
    """Build the model of an imported project and compare its predictions with those of the model it was made from.

    Args:
        model: The model.
        folder: The project's folder.

    Returns:
        The largest absolute difference of the outputs, NaN where only one of them is a number.
    """
    project = read(folder)
    built = build_model(project)
    load_weights(project, built, folder)
    samples = samples_for(model if isinstance(model, Model) else _ours(model))
    graph = project.graph
    given = dict(zip(map(partial(node_name, graph), graph.inputs), keras.tree.flatten(samples), strict=True))
    # Layers that change images at random do so unless told that this is no training.
    used = {tensor.name for tensor in built.inputs}
    predicted = built(as_taken(graph, {name: given[name] for name in given if name in used}), training=False)
    if not isinstance(predicted, dict):
        several = predicted if graph.gives == "list" else [predicted]
        predicted = dict(zip(graph.outputs, several, strict=True))
    names = output_names(model)
    expected = [np.asarray(value) for value in keras.tree.flatten(model(*samples, training=False))]
    return max(difference(value, np.asarray(predicted[name])) for name, value in zip(names, expected, strict=True))


def _ours(model: Any) -> Any:
    """Return a model of stock Keras as one of ours, of the same layers: it knows what it is called with."""
    graph = functional(model)
    return Functional(graph._inputs_struct, graph._outputs_struct)
