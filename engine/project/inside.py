"""Edit a model inside the project with the commands for its graph: the model is opened as a project of its own.

view = opened(project, "encoder")
view, key = commands.add_layer(view, "Dense", {"units": 8}, after="input")
project = closed(project, "encoder", view)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from msgspec.structs import replace

from kerastui.engine.project.document import Compile, Data, Project
from kerastui.engine.project.edits import EditError

T = TypeVar("T")


def opened(project: Project, model: str) -> Project:
    """Return a project whose graph is a model of the project; the settings of outputs are not there.

    Args:
        project: The project.
        model: Id of the model; `""` is the project's own graph, and gives the project itself.

    Raises:
        EditError: There is no such model.
    """
    if not model:
        return project
    if model not in project.models:
        raise EditError(f"there is no model {model}")
    return replace(
        project,
        data=Data(),
        graph=project.models[model],
        compile=Compile(),
        layout=_inner(project.layout, model),
        notes=_inner(project.notes, model),
    )


def closed(project: Project, model: str, view: Project) -> Project:
    """Return the project with what was done to a view of one of its models.

    Args:
        project: The project that the view was made of.
        model: Id of the model, as given to `opened`.
        view: The view, after commands.
    """
    if not model:
        return view
    return replace(
        project,
        models={**view.models, model: view.graph},
        layout=_outer(project.layout, model, view.layout),
        notes=_outer(project.notes, model, view.notes),
    )


def split_place(place: str) -> tuple[str, str]:
    """Return the model and the node that a place names: `("encoder", "dense")` of `encoder/dense`."""
    model, _, node = place.rpartition("/")
    return model, node


def place_of(model: str, node: str) -> str:
    """Return the place of a node in a model; `""` is the project's own graph."""
    return f"{model}/{node}" if model else node


def _inner(items: Mapping[str, T], model: str) -> dict[str, T]:
    found = {split_place(place): item for place, item in items.items()}
    return {node: item for (owner, node), item in found.items() if owner == model}


def _outer(items: Mapping[str, T], model: str, inner: Mapping[str, T]) -> dict[str, T]:
    others = {place: item for place, item in items.items() if split_place(place)[0] != model}
    return others | {place_of(model, node): item for node, item in inner.items()}
