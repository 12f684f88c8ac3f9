"""The weights that a project starts from: written by the id of each layer, so that they survive edits. Imports Keras.

The file is the documented HDF5 layout with `layer_names`. Ids and not names, since a layer keeps its id when it is
renamed; and not the layout of `.weights.h5`, which counts the layers of a class: a `Dense` put before another would
take its weights.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py

from kerastui.engine.building import BuildError
from kerastui.engine.files import replacing
from kerastui.engine.project.document import Project
from kerastui.engine.project.graph import layer_name
from kerastui.engine.project.weights import HINT, check_weights
from kerastui.engine.saving.guards import check_hdf5
from kerastui.engine.saving.hdf5_weights import assign, has_layer_names, plan_layers, write_layers

SHOWN = 4
"""Layers that a message names; of more it says how many."""


def write_weights(path: str | os.PathLike[str], layers: Mapping[str, Any]) -> None:
    """Write the weights of layers; what was there before is whole if that fails.

    Args:
        path: The file.
        layers: Built Keras layers by the id they have in the document.

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
    made = {layer.name: layer for layer in model.layers}
    names = {key: layer_name(project.graph, key) for key in project.graph.layers}
    layers = {key: made[name] for key, name in names.items() if name in made and made[name].weights}
    path = folder / project.weights
    try:
        check_hdf5(path)
        with h5py.File(path, "r") as file:
            if not has_layer_names(file):
                raise BuildError("", f"{project.weights} does not hold weights by layer", HINT)
            plan = plan_layers(file, layers)
            assign(plan, model)
    except (OSError, ValueError, KeyError) as error:
        if isinstance(error, BuildError):
            raise
        raise BuildError("", f"{project.weights} is damaged: {' '.join(str(error).split())}", HINT) from None
    taken = {id(variable) for variable, _ in plan.assignments}
    fresh = [key for key, layer in layers.items() if not all(id(weight) in taken for weight in layer.weights)]
    return _said([names[key] for key in fresh], project.weights)


def _said(fresh: list[str], path: str) -> str:
    if not fresh:
        return ""
    named = ", ".join(fresh[:SHOWN]) + (f" and {len(fresh) - SHOWN} more" if len(fresh) > SHOWN else "")
    return f"{named} {'starts' if len(fresh) == 1 else 'start'} from new weights: {path} has none that fit"
