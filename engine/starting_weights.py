"""The weights that a project starts from: written by the id of each layer, so that they survive edits. Imports Keras.

The file is the documented HDF5 layout with `layer_names`; a layer of a model inside has its path, `encoder/dense`. Ids
and not names, since a layer keeps its id when it is renamed; and not the layout of `.weights.h5`, which counts the
layers of a class: a `Dense` put before another would take its weights.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py

from kerastui.engine.building import BuildError
from kerastui.engine.files import replacing
from kerastui.engine.project.document import MODEL, Graph, Project
from kerastui.engine.project.graph import layer_name
from kerastui.engine.project.inside import place_of
from kerastui.engine.project.weights import HINT, check_weights
from kerastui.engine.saving.guards import check_hdf5
from kerastui.engine.saving.hdf5_weights import (
    assign,
    has_layer_names,
    plan_layers,
    read_strings,
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
            told = dict(_told(project, project.graph, "", ""))
            plan = plan_layers(file, _by_saved_path(layers, read_strings(file, "layer_names"), told))
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


def _told(project: Project, graph: Graph, path: str, owner: str) -> Iterator[tuple[str, str]]:
    """Yield the place that a layer had when the weights were written, by path, where `weights_from` tells it."""
    for key, layer in graph.layers.items():
        inner = str(layer.config.get("model", "")) if layer.class_name == MODEL else ""
        if inner in project.models:
            yield from _told(project, project.models[inner], f"{path}{key}/", inner)
        elif (place := place_of(owner, key)) in project.weights_from:
            yield f"{path}{key}", project.weights_from[place]


def _by_saved_path(layers: Mapping[str, Any], saved: Collection[str], told: Mapping[str, str]) -> dict[str, Any]:
    """Return the layers by the path that the file has for them.

    A layer that was grouped into a model, or taken out of one, has another path than when the weights were written:
    what is told of it counts. Of one that was moved by hand its id tells it, if one layer alone was saved under that id
    and nothing else takes it.
    """
    found: dict[str, Any] = {}
    for path, place in told.items():
        was = next((each for each in saved if f"/{each}".endswith(f"/{place}")), None)
        if was is not None and path in layers:
            found[was] = layers[path]
    layers = {path: layer for path, layer in layers.items() if path not in told}
    found |= {path: layer for path, layer in layers.items() if path in saved and path not in found}
    left: dict[str, list[str]] = {}
    for path in saved:
        if path not in found:
            left.setdefault(path.rpartition("/")[2], []).append(path)
    moved = [path for path in layers if path not in saved]
    ends = [path.rpartition("/")[2] for path in moved]
    for path, end in zip(moved, ends, strict=True):
        if ends.count(end) == 1 and len(left.get(end, ())) == 1:
            found[left[end][0]] = layers[path]
    return found


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
