"""Make a project of a model, and write it with the weights beside it."""

from __future__ import annotations

import os
import secrets
import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import structs

from kerastui.engine.checking import Checker
from kerastui.engine.custom.trust import trust_new
from kerastui.engine.files import write_atomically
from kerastui.engine.importing.graphs import Found, Refusal, graph_of, is_graph, is_own_graph, output_names, own_class
from kerastui.engine.importing.own import Own
from kerastui.engine.importing.settings import compile_of
from kerastui.engine.keras_private import keras
from kerastui.engine.project.document import Graph, Project
from kerastui.engine.project.files import write
from kerastui.engine.project.weights import FILE_NAME as WEIGHTS
from kerastui.engine.starting_weights import write_weights

NOTHING = Own()
"""No code of its own."""

SHOWN = 6
"""Layers that a refusal names for one reason; of more it says how many."""

NEXT = "`kerastui convert` and `load_model` take the file as it is; without these layers it can be imported"


class Imported(NamedTuple):
    """What a model became.

    Args:
        project: The project; its `weights` name the file that `write_project` writes.
        layers: Keras layers whose weights go into it, by path; empty for a model without trained weights.
        left_out: What of the model is not in the project, in words; function and weights always are.
        code: Files with the classes of its own, which `write_project` copies. Defaults to none.
    """

    project: Project
    layers: dict[str, Any]
    left_out: list[str]
    code: tuple[Path, ...] = ()


class ImportRefused(ValueError):
    """Say everything that a project cannot hold of a model.

    Args:
        refusals: Layers and operations, each with the reason.

    Attributes:
        what: What it cannot hold, without what to do next with a model file.
    """

    def __init__(self, refusals: list[Refusal]) -> None:
        reasons: dict[str, list[str]] = {}
        for refusal in refusals:
            reasons.setdefault(refusal.why, []).append(refusal.name)
        listed = "; ".join(f"{_named(names)} ({why})" for why, names in reasons.items())
        self.what = f"a project cannot hold {listed}"
        super().__init__(f"{self.what}. {NEXT}")
        self.refusals = refusals


def project_of(
    model: Any,
    name: str,
    weights: bool = True,
    own: Own = NOTHING,
    keep_code: bool = False,
) -> Imported:
    """Make a project of a functional or sequential model: the same function, the same weights.

    Args:
        model: A built model.
        name: Name of the project.
        weights: Whether the model's weights are worth keeping: those of a model made of JSON are random.
        own: Code that comes with the model and becomes the project's own; `read_code` has read it. Defaults to none.
        keep_code: Whether a `Lambda` becomes a layer that names its function and cannot be built, to be seen and
            repaired; the function of the project is then not compared with the model's. Defaults to False: it is
            refused.

    Returns:
        The project, the layers with the weights, and what was left out.

    Raises:
        ImportRefused: It has layers, operations or calls that a project cannot hold; all are named.

    Example:
        >>> project_of(keras.applications.MobileNetV2(weights=None), "mobile").project.graph.outputs  # doctest: +SKIP
        {'predictions': 'predictions'}
    """
    if not (is_graph(model) or is_own_graph(model, own.names)):
        raise ImportRefused([Refusal(model.name, _no_graph(model))])
    with warnings.catch_warnings():
        # Keras warns of what cannot be read again once it is written; nothing is, and all of that is refused.
        warnings.simplefilter("ignore")
        return _project_of(model, name, weights, own, keep_code)


def _project_of(model: Any, name: str, weights: bool, own: Own, keep_code: bool) -> Imported:
    found = graph_of(model, own.names, keep_code)
    refusals = found.refusals or ([] if layers_with_code(found.graph, found.models) else _differences(model, found))
    if getattr(model, "_added", None) is not None:
        refusals = [*refusals, Refusal(model.name, "losses or metrics of `add_loss` and `add_metric`")]
    if refusals:
        raise ImportRefused(refusals)
    shapes = {key: tuple(tensor.shape) for key, tensor in _outputs(model).items()}
    settings, missing = compile_of(model.get_compile_config() if model.compiled else {}, shapes, own.names)
    settings = structs.replace(settings, model=own.names.get(own_class(model, own.names), ""))
    layers = found.layers if weights else {}
    project = Project(
        name,
        graph=found.graph,
        models=found.models,
        compile=settings,
        weights=WEIGHTS if layers else "",
        code=own.listed,
    )
    trained = [] if not model.compiled or not _has_state(model) else ["the optimizer's state"]
    return Imported(project, layers, [*found.notes, *missing, *trained], own.files)


def layers_with_code(graph: Graph, models: Mapping[str, Graph]) -> list[str]:
    """Return the ids of the layers that stand for code, so that what they are in cannot be built: each `Lambda`."""
    graphs = (graph, *models.values())
    return [key for each in graphs for key, layer in each.layers.items() if layer.class_name == "Lambda"]


def write_project(folder: Path, imported: Imported, replace: bool = False) -> None:
    """Write a project and its weights into a folder.

    A new folder appears at once and whole. In one that is there, each of the two files takes its place in one move,
    `kerastui.toml` last.

    Args:
        folder: The folder; absent or empty, unless `replace`.
        imported: What `project_of` gave.
        replace: Whether to replace the project that is there.

    Raises:
        FileExistsError: There is something in the folder, and `replace` is False.
        OSError: It cannot be written; what was there is as it was.
        ProjectFileError: As `OSError`, for `kerastui.toml`.
    """
    if os.path.lexists(folder) and (not folder.is_dir() or (any(folder.iterdir()) and not replace)):
        raise FileExistsError(f"{folder} is there already")
    if folder.is_dir():
        _write(folder, imported)
        trust_new(folder, [path.name for path in imported.code])
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}-{secrets.token_hex(4)}")
    temporary.mkdir()
    try:
        _write(temporary, imported)
        temporary.rename(folder)
        trust_new(folder, [path.name for path in imported.code])
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write(folder: Path, imported: Imported) -> None:
    if imported.layers:
        write_weights(folder / WEIGHTS, imported.layers)
    for path in imported.code:
        write_atomically(folder / path.name, path.read_bytes())
    write(folder, imported.project)
    if not imported.layers:
        (folder / WEIGHTS).unlink(missing_ok=True)


def _differences(model: Any, found: Found) -> list[Refusal]:
    """Compare what the document computes with what the model says of itself: the shape and type of each output."""
    checked = Checker().check(Project("imported", graph=found.graph, models=found.models))
    if checked.problems:
        return [Refusal(problem.subject, problem.what) for problem in checked.problems]
    different: list[Refusal] = []
    for name, tensor in _outputs(model).items():
        report = checked.tensor(found.graph.outputs[name])
        given = (report.shape, report.dtype) if report else (tuple(tensor.shape), str(tensor.dtype))
        if given[1] != str(tensor.dtype) or (given[0] or ())[1:] != tuple(tensor.shape)[1:]:
            different.append(Refusal(name, f"its value would be {given[1]} {given[0]}"))
    return different


def _outputs(model: Any) -> dict[str, Any]:
    return dict(zip(output_names(model), model.outputs, strict=True))


def _has_state(model: Any) -> bool:
    iterations = getattr(model.optimizer, "iterations", None)
    return iterations is not None and int(keras.ops.convert_to_numpy(iterations)) > 0


def _no_graph(model: Any) -> str:
    if isinstance(model, keras.Sequential):
        return "a Sequential that does not know the shape of its input"
    return f"a {type(model).__name__} with code of its own, and no graph of layers"


def _named(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
