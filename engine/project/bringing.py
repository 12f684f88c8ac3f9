"""Put a project that was imported from a model into another one, with the weights that it came with."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from kerastui.engine.files import replacing
from kerastui.engine.project import commands
from kerastui.engine.project.copies import with_models
from kerastui.engine.project.document import MODEL, Project
from kerastui.engine.project.graph import free_id, nodes, taken_names
from kerastui.engine.project.inside import closed, opened, place_of
from kerastui.engine.project.weights import FILE_NAME, check_weights, saved_layers, started_new


class Weights(NamedTuple):
    """Say where the starting weights of a project and of what is brought into it lie.

    Args:
        file: Name of the file that holds both.
        prefix: The layer that what is brought stands in there, `""` where it is all that the file has.
    """

    file: str
    prefix: str


def becomes_graph(project: Project, model: str) -> bool:
    """Tell whether what is brought becomes the graph itself: that of the project is opened, and empty.

    Args:
        project: The project.
        model: Id of the model that is opened; `""` is the project's own graph.
    """
    return not model and not list(nodes(project.graph))


def bring(
    project: Project, model: str, foreign: Project, after: str | None, weights: Weights | None
) -> tuple[Project, str | None]:
    """Put an imported project into the graph that is opened: as a model inside, or as the graph where that is empty.

    Args:
        project: The project.
        model: Id of the model that is opened; `""` is the project's own graph.
        foreign: The imported project; its graph, models and list of code are taken, and with an empty graph how it is
            compiled.
        after: Id of the input or call that feeds the model; none feeds it when `None`.
        weights: Where its starting weights lie now; new ones when `None`.

    Returns:
        The new project and the id of the call of the model, `None` where it became the graph itself.
    """
    code = (*project.code, *(name for name in foreign.code if name not in project.code))
    view = opened(project, model)
    taken = {*view.models, *taken_names(view.graph)}
    new = free_id(foreign.name, taken)
    ids = _free_ids(foreign.models, {*taken, new})
    inner = {ids[key]: with_models(graph, ids) for key, graph in foreign.models.items()}
    graph = with_models(foreign.graph, ids)
    if becomes_graph(project, model):
        whole = replace(project, graph=graph, models={**project.models, **inner}, code=code, weights_from={})
        return replace(whole, weights=weights.file if weights else "", compile=foreign.compile), None
    view = replace(view, models={**view.models, new: graph, **inner})
    view, key = commands.add_layer(view, MODEL, {"model": new}, after)
    view = commands.rename(view, key, new)
    layer = view.graph.calls[key].layer
    whole = replace(closed(project, model, view), code=code)
    return _weighted(project, whole, place_of(model, layer), weights), key


def _free_ids(wanted: Collection[str], taken: set[str]) -> dict[str, str]:
    ids: dict[str, str] = {}
    for key in wanted:
        ids[key] = free_id(key, taken)
        taken.add(ids[key])
    return ids


def _weighted(before: Project, after: Project, layer: str, weights: Weights | None) -> Project:
    """Tell where the layers of the model that was brought have their weights, by the place of the model's layer."""
    if weights is None:
        return started_new(after, [layer])
    after = replace(after, weights=weights.file)
    if not before.weights:
        # None of them has weights in the file, not even where it has some of a layer of the same id.
        graphs = {"": before.graph, **before.models}.items()
        after = started_new(after, [place_of(model, key) for model, graph in graphs for key in graph.layers])
    return replace(after, weights_from={**after.weights_from, layer: weights.prefix})


def bring_weights(project: Project, model: str, folder: Path, foreign: Project, source: Path) -> Weights | None:
    """Put the weights of an imported project into a new file beside the project's own, which stays for undo.

    Args:
        project: The project.
        model: Id of the model that is opened; `""` is the project's own graph.
        folder: The project's folder.
        foreign: The imported project.
        source: Its folder.

    Returns:
        Where they are, `None` if the model came without.

    Raises:
        OSError: They cannot be written; nothing is left behind.
        ValueError: The project's own weights cannot be read.
    """
    for problem in check_weights(project, folder):
        raise ValueError(f"{problem.what}; {problem.hint}")
    if not foreign.weights:
        return None
    target = _free_file(folder)
    if becomes_graph(project, model):
        (source / foreign.weights).rename(target)
        return Weights(target.name, "")
    heads = {path.partition("/")[0] for path in saved_layers(project, folder)}
    prefix = free_id(foreign.name, heads)
    _join(target, folder / project.weights if project.weights else None, source / foreign.weights, prefix)
    return Weights(target.name, prefix)


def _free_file(folder: Path) -> Path:
    """Return a file of weights that is not there yet: `weights.h5`, then `weights-2.h5`, …."""
    stem, number, target = Path(FILE_NAME), 1, folder / FILE_NAME
    while target.exists():
        number += 1
        target = folder / f"{stem.stem}-{number}{stem.suffix}"
    return target


def _join(target: Path, own: Path | None, brought: Path, prefix: str) -> None:
    """Write a file with the layers of the project's own, if there is one, and what is brought behind a prefix."""
    import h5py  # 0.2 s, and only this needs it

    from kerastui.engine.hdf5_names import read_strings, write_strings

    with replacing(target) as temporary, h5py.File(temporary, "w") as file:
        names: list[str] = []
        if own is not None:
            with h5py.File(own, "r") as first:
                for key in first:
                    first.copy(key, file)
                names += read_strings(first, "layer_names")
        with h5py.File(brought, "r") as second:
            inner = file.require_group(prefix)
            for key in second:
                second.copy(key, inner)
            for key in ("backend", "keras_version"):
                if key in second.attrs:
                    file.attrs[key] = second.attrs[key]
            names += [f"{prefix}/{name}" for name in read_strings(second, "layer_names")]
        write_strings(file, "layer_names", names)
