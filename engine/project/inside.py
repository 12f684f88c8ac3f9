"""Edit a model inside the project with the commands for its graph: the model is opened as a project of its own.

view = opened(project, "encoder")
view, key = commands.add_layer(view, "Dense", {"units": 8}, after="input")
project = closed(project, "encoder", view)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from msgspec.structs import replace

from kerastui.engine.project.document import MODEL, Compile, Data, Graph, Project
from kerastui.engine.project.edits import EditError

T = TypeVar("T")


def opened(project: Project, model: str) -> Project:
    """Return a project whose graph is a model of the project; the settings of outputs are not there.

    What is told by place (`layout`, `notes`, `weights_from`) is the model's own, by id; that of other models is there
    as it was.

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
        weights_from={key: _seen(key, origin) for key, origin in _inner(project.weights_from, model).items()},
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
        weights_from=_outer(
            project.weights_from, model, {key: _told(key, origin) for key, origin in view.weights_from.items()}
        ),
    )


def tidied(project: Project, before: Project) -> Project:
    """Return a project without the models that an edit left without a layer that applies them.

    Args:
        project: The project.
        before: The project before the edit: a model that nobody used there stays.
    """
    gone = [key for key in project.models if key in used_models(before)] if before.models else []
    kept = used_models(project) if gone else set()
    gone = [key for key in gone if key not in kept]
    return without_models(project, gone) if gone else project


def without_models(project: Project, models: Iterable[str]) -> Project:
    """Return a project without some models, and without what is told of places in them."""
    gone = set(models)
    return replace(
        project,
        models={key: graph for key, graph in project.models.items() if key not in gone},
        layout=_outside(project.layout, gone),
        notes=_outside(project.notes, gone),
        weights_from=_outside(project.weights_from, gone),
    )


def used_models(project: Project, graph: Graph | None = None) -> set[str]:
    """Return the ids of the models that a graph of a project applies, those inside them included.

    Args:
        project: The project.
        graph: The graph; the project's own where omitted.
    """
    found: set[str] = set()
    waiting = [project.graph if graph is None else graph]
    while waiting:
        fresh = [key for key in models_in(waiting.pop()) if key not in found and key in project.models]
        found.update(fresh)
        waiting.extend(project.models[key] for key in fresh)
    return found


def path_to(project: Project, model: str) -> list[str]:
    """Return the ids of the models through which a model is reached from the project's own graph, itself the last.

    Args:
        project: The project.
        model: Id of the model; one that nothing applies is reached by itself, `""` by nothing.
    """
    paths: dict[str, list[str]] = {"": []}
    waiting = [""]
    for owner in waiting:
        graph = project.models[owner] if owner else project.graph
        for key in models_in(graph):
            if key in project.models and key not in paths:
                paths[key] = [*paths[owner], key]
                waiting.append(key)
    return paths.get(model, [model])


def models_in(graph: Graph) -> list[str]:
    """Return the ids of the models that the layers of a graph apply."""
    found = [layer.config.get("model") for layer in graph.layers.values() if layer.class_name == MODEL]
    return [key for key in found if isinstance(key, str)]


def split_place(place: str) -> tuple[str, str]:
    """Return the model and the node that a place names: `("encoder", "dense")` of `encoder/dense`."""
    model, _, node = place.rpartition("/")
    return model, node


def place_of(model: str, node: str) -> str:
    """Return the place of a node in a model; `""` is the project's own graph."""
    return f"{model}/{node}" if model else node


def _inner(items: Mapping[str, T], model: str) -> dict[str, T]:
    found: dict[str, T] = {}
    for place, item in items.items():
        owner, node = split_place(place)
        if owner:
            found[node if owner == model else place] = item
    return found


def _outer(items: Mapping[str, T], model: str, inner: Mapping[str, T]) -> dict[str, T]:
    now = {place: item for place, item in items.items() if not split_place(place)[0]}
    now |= {place if split_place(place)[0] else place_of(model, place): item for place, item in inner.items()}
    return {place: now[place] for place in items if place in now} | now


def _seen(place: str, origin: str) -> str:
    """Return how a path in the file of weights is written in the view of a model: from there, or from the root by `/`.

    Args:
        place: Place in the view that the path is told of.
        origin: The path as the project writes it, from the place by `.`.
    """
    if origin.startswith(("./", "../")):
        return origin.removeprefix("./") if not split_place(place)[0] else origin
    return origin and f"/{origin}"


def _told(place: str, origin: str) -> str:
    """Return a path in the file of weights as the project writes it; the inverse of `_seen`."""
    if not origin or origin.startswith(("/", "./", "../")):
        return origin.removeprefix("/")
    return f"../{origin}" if split_place(place)[0] else f"./{origin}"


def _outside(items: Mapping[str, T], models: set[str]) -> dict[str, T]:
    return {place: item for place, item in items.items() if split_place(place)[0] not in models}
