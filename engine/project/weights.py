"""Where a project's weights lie, and what can be said about the file without Keras."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePath

from msgspec.structs import replace

from kerastui.engine.project.document import Project
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
    import h5py  # 0.2 s, and only code for a project with weights needs it

    try:
        with h5py.File(folder / project.weights, "r") as file:
            # Keras spreads a long list over several attributes.
            keys = ["layer_names"] if "layer_names" in file.attrs else []
            keys = keys or [
                f"layer_names{part}" for part in range(len(file.attrs)) if f"layer_names{part}" in file.attrs
            ]
            names = [name for key in keys for name in file.attrs[key]]
    except OSError:
        return ()
    return tuple(name.decode() if isinstance(name, bytes) else str(name) for name in names)


def _problem(what: str) -> Problem:
    return Problem("error", "build", "", what, HINT)
