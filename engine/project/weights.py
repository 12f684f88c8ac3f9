"""Where a project's weights lie, and what can be said about the file without Keras."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from posixpath import normpath

from msgspec.structs import replace

from kerastui.engine.project.document import MODEL, Graph, Project
from kerastui.engine.project.inside import place_of
from kerastui.engine.project.problems import Problem

FILE_NAME = "weights.h5"
"""The file that `kerastui import` writes beside `kerastui.toml`."""

HDF5 = b"\x89HDF\r\n\x1a\n"
"""The first bytes of an HDF5 file."""

HINT = "import the model again, or take the line `weights` out of kerastui.toml to start from new ones"


def check_weights(project: Project, folder: Path) -> list[Problem]:
    """Return what keeps a project from starting with its weights.

    Args:
        project: The project.
        folder: Its folder.

    Returns:
        One problem of the Build stage, or none; whether the weights fit the layers is seen when they are loaded.
    """
    if not project.weights:
        return []
    named = PurePath(project.weights)
    if named.is_absolute() or ".." in named.parts:
        return [_problem(f"the weights lie in the folder of the project. Received: weights = {project.weights!r}")]
    try:
        with (folder / named).open("rb") as file:
            whole = file.read(len(HDF5)) == HDF5
    except FileNotFoundError:
        return [_problem(f"{project.weights} is not there: training starts from the weights in it")]
    except OSError as error:
        return [_problem(f"{project.weights} cannot be read: {error.strerror}")]
    return [] if whole else [_problem(f"{project.weights} is damaged: it is no HDF5 file")]


def started_new(project: Project, places: Iterable[str]) -> Project:
    """Have layers that are new start from new weights: the file may have some of a layer that once was there.

    Args:
        project: The project; one that starts without a file is given back.
        places: Places of the layers.
    """
    if not project.weights:
        return project
    return replace(project, weights_from={**project.weights_from, **dict.fromkeys(places, "")})


def saved_layers(project: Project, folder: Path) -> tuple[str, ...]:
    """Return the layers that the file of weights has, by path; none where there is no file, or one of another kind.

    Args:
        project: The project.
        folder: Its folder.
    """
    if check_weights(project, folder) or not project.weights:
        return ()
    import h5py  # 0.2 s, and only a project with weights needs it

    from kerastui.engine.hdf5_names import read_strings

    try:
        with h5py.File(folder / project.weights, "r") as file:
            return tuple(read_strings(file, "layer_names"))
    except OSError:
        return ()


def saved_paths(project: Project, paths: Sequence[str], saved: Collection[str]) -> dict[str, str]:
    """Say which layer of a project takes which weights of its file.

    A layer that was grouped into a model, or taken out of one, has another path than when the weights were written:
    what `weights_from` tells of it counts. Of one that was moved by hand its id tells it, if one layer alone was saved
    under that id and nothing else takes it.

    Args:
        project: The project.
        paths: Its layers that can have weights, by path: `dense`, and `encoder/dense` for one of a model inside.
        saved: Paths of the layers that the file has.

    Returns:
        The path of the layer in the project by the path that the file has; no two layers take the same weights.
    """
    found: dict[str, str] = {}
    saved = dict.fromkeys(saved)  # a thousand layers are looked up in it
    told = {path: place for path, place in told_places(project) if path in paths}
    for path, place in told.items():
        was = place if place in saved else next((each for each in saved if _ends_in(each, place)), None)
        if was is not None:
            found.setdefault(was, path)
    others = [path for path in paths if path not in told]
    found |= {path: path for path in others if path in saved and path not in found}
    left: dict[str, list[str]] = {}
    for path in saved:
        if path not in found:
            left.setdefault(_id(path), []).append(path)
    moved = [path for path in others if path not in saved]
    ends = [_id(path) for path in moved]
    for path, end in zip(moved, ends, strict=True):
        if ends.count(end) == 1 and len(left.get(end, ())) == 1:
            found[left[end][0]] = path
    return found


def told_places(
    project: Project, graph: Graph | None = None, path: str = "", owner: str = "", was: str | None = ""
) -> Iterator[tuple[str, str]]:
    """Yield the path that a layer has in the file of weights, by its own, where `weights_from` tells of it.

    What is told of a model's layer counts for all that is inside the model.

    Args:
        project: The project.
        graph: The graph to look in; the project's own where omitted.
        path: What the paths in it begin with.
        owner: The model that the graph is.
        was: What the paths of its layers in the file begin with; `None` where it is newer than the file.
    """
    for key, layer in (project.graph if graph is None else graph).layers.items():
        told = project.weights_from.get(place_of(owner, key))
        origin = "" if was is None else _in_file(f"{was}{key}" if told is None else told, was)
        inner = str(layer.config.get("model", "")) if layer.class_name == MODEL else ""
        if inner in project.models:
            within = f"{origin}/" if origin else None
            yield from told_places(project, project.models[inner], f"{path}{key}/", inner, within)
        elif told is not None or origin != f"{path}{key}":
            yield f"{path}{key}", origin


def put_inside(project: Project, model: str, layers: Iterable[str]) -> dict[str, str]:
    """Return what `weights_from` tells after layers of the graph went into a new model that the graph applies.

    Args:
        project: The project, or the view of one of its models.
        model: Id of the new model and of the layer that applies it.
        layers: Ids of the layers.
    """
    weights = dict(project.weights_from)
    for key in layers if project.weights else ():
        origin = weights.pop(key, key)
        if origin != place_of(model, key):
            weights[place_of(model, key)] = f"../{origin}" if origin.startswith("../") else origin
    return weights


def taken_out(project: Project, owner: str, model: str, layers: Mapping[str, str]) -> dict[str, str]:
    """Return what `weights_from` tells after layers of a model were put into the place of a layer that applies it.

    Args:
        project: The project, or the view of one of its models.
        owner: Id of the layer that applied the model.
        model: Id of the model; what is told of its layers stays, since another layer may apply it.
        layers: Ids that its layers have in the graph, by those in the model.
    """
    weights = dict(project.weights_from)
    was = weights.pop(owner, owner)
    for key, new in layers.items() if project.weights else ():
        told = weights.get(place_of(model, key), f"./{key}")
        origin = _in_file(told, f"{was}/") if was else ""
        weights.pop(new, None)
        if origin != new:
            weights[new] = origin
    return weights


def _in_file(told: str, was: str) -> str:
    """Return the path that is told of a layer, one that begins with `.` from where its graph has been."""
    return normpath(f"{was}{told}") if told.startswith(("./", "../")) else told


def _ends_in(path: str, place: str) -> bool:
    """Tell whether a path is one of a place in a model, which may stand within others; `dense` is the project's own."""
    return "/" in place and path.endswith(f"/{place}")


def _id(path: str) -> str:
    return path.rpartition("/")[2]


def _problem(what: str) -> Problem:
    return Problem("error", "build", "", what, HINT)
