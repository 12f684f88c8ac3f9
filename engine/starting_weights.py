"""The weights that a project starts from: written by the id of each layer, so that they survive edits. Imports Keras.

The file is the documented HDF5 layout with `layer_names`; a layer of a model inside has its path, `encoder/dense`. Ids
and not names, since a layer keeps its id when it is renamed; and not the layout of `.weights.h5`, which counts the
layers of a class: a `Dense` put before another would take its weights.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py

from kerastui.engine.building import BuildError
from kerastui.engine.files import replacing
from kerastui.engine.hdf5_names import read_strings
from kerastui.engine.project.document import MODEL, Graph, Project
from kerastui.engine.project.graph import layer_name
from kerastui.engine.project.weights import HINT, check_weights, saved_paths
from kerastui.engine.saving.guards import check_hdf5
from kerastui.engine.saving.hdf5_weights import (
    assign,
    has_layer_names,
    plan_layers,
    write_layers,
)

SHOWN = 4
"""Layers that a message names; of more it says how many."""


def write_weights(path: str | os.PathLike[str], layers: Mapping[str, Any]) -> None:
    """Write the weights of layers; what was there before is whole if that fails.

    Args:
        path: The file.
        layers: Built Keras layers by the path they have in the document: their id, behind those of the models inside.

    Raises:
        OSError: It cannot be written.
    """
    with replacing(path) as temporary, h5py.File(temporary, "w") as file:
        write_layers(file, layers)


def load_weights(project: Project, model: Any, folder: Path) -> str:
    """Give a model that was built from a project the weights that the project starts from.

    A layer that was added since, or does not fit any more, keeps its new weights.

    Args:
        project: The project.
        model: What `build_model` made of it.
        folder: Its folder.

    Returns:
        Which layers start from new weights, for the person to know; `""` if none does.

    Raises:
        BuildError: The file is missing, damaged, or not one of weights by layer.

    Example:
        >>> load_weights(project, build_model(project), Path("resnet"))  # doctest: +SKIP
        'head starts from new weights: it has other shapes than weights.h5'
    """
    if not project.weights:
        return ""
    for problem in check_weights(project, folder):
        raise BuildError("", problem.what, problem.hint)
    layers = dict(_by_path(project.graph, project.models, model, ""))
    path = folder / project.weights
    try:
        check_hdf5(path)
        with h5py.File(path, "r") as file:
            if not has_layer_names(file):
                raise BuildError("", f"{project.weights} does not hold weights by layer", HINT)
            taken_by = saved_paths(project, list(layers), read_strings(file, "layer_names"))
            plan = plan_layers(file, {was: layers[path] for was, path in taken_by.items()})
            assign(plan, model)
            for layer in layers.values():
                if hasattr(layer, "finalize_state"):
                    layer.finalize_state()
    except (OSError, ValueError, KeyError) as error:
        if isinstance(error, BuildError):
            raise
        raise BuildError("", f"{project.weights} is damaged: {' '.join(str(error).split())}", HINT) from None
    taken = {id(variable) for variable, _ in plan.assignments}
    fresh = [key for key, layer in layers.items() if not all(id(weight) in taken for weight in layer.weights)]
    return _said([_shown(project, path) for path in fresh], project.weights)


def _by_path(graph: Graph, models: Mapping[str, Graph], model: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield the layers that have weights by path: `dense`, and `encoder/dense` for one of a model inside."""
    made = {layer.name: layer for layer in model.layers}
    for key, layer in graph.layers.items():
        found = made.get(layer_name(graph, key))
        if found is None or not found.weights:
            continue
        if layer.class_name == MODEL:
            yield from _by_path(models[str(layer.config["model"])], models, found, f"{path}{key}/")
        else:
            yield f"{path}{key}", found


def _shown(project: Project, path: str) -> str:
    """Return a path with the name of the layer that it ends in."""
    *models, key = path.split("/")
    graph = project.graph
    for each in models:
        graph = project.models[str(graph.layers[each].config["model"])]
    return "/".join((*models, layer_name(graph, key)))


def _said(fresh: list[str], path: str) -> str:
    if not fresh:
        return ""
    named = ", ".join(fresh[:SHOWN]) + (f" and {len(fresh) - SHOWN} more" if len(fresh) > SHOWN else "")
    return f"{named} {'starts' if len(fresh) == 1 else 'start'} from new weights: {path} has none that fit"
