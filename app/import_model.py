"""`kerastui import`: a project from a model. TensorFlow is loaded when the model is opened."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerastui.convert import TOLERANCE, line, objects_of, without_remarks
from kerastui.engine.project.files import ProjectFileError
from kerastui.headless import Exit, fail, quiet

if TYPE_CHECKING:
    from kerastui.engine.importing.own import Own
    from kerastui.engine.importing.project import Imported

KERAS = "keras:"
"""What the name of a model of `keras.applications` is given behind."""

CODE = ".py"
"""Suffix of Python code."""


def import_model(
    source: Path,
    folder: Path,
    *,
    verify: bool = False,
    allow_unsafe: bool = False,
    force: bool = False,
    objects: Path | None = None,
    as_json: bool = False,
    weights: str | None = None,
    freeze: bool = False,
) -> Exit:
    """Open a model and write a project of it, with its weights.

    Args:
        source: A model file that `load_model` opens, the JSON of a model, which has no weights, a Python file that
            defines one, or `keras:NAME`, a model of `keras.applications`.
        folder: The project's folder.
        verify: Build the model from the project and compare predictions.
        allow_unsafe: Open files that run code; each `Lambda` becomes a layer that is to be written anew.
        force: Replace the project in the folder.
        objects: A Python file with the classes and functions that the model needs.
        as_json: Print one JSON object.
        weights: Weights for `keras:NAME`, as Keras takes them; new ones, which are not kept, when `None`.
        freeze: Have training change none of its layers.

    Returns:
        0 if the project was written and, verified, predicts the same.
    """
    folder = folder.absolute()
    if reason := _refusal(source, folder, force, weights):
        return fail(*reason, as_json)
    if weights is not None:
        click.echo(f"loading the weights {weights}, which Keras downloads the first time", err=True)
    quiet()
    from kerastui.engine.importing.project import ImportRefused

    try:
        with without_remarks():
            model, trained, own = _opened(source, objects, allow_unsafe, weights)
            if freeze:
                model.trainable = False
            imported = _written(model, trained, own, source, folder, verify, allow_unsafe, force)
            error = _largest_error(model, folder) if verify else None
    except ImportRefused as refused:
        no_file = _is_named(source) or source.suffix == CODE
        return fail(f"{source}: {refused.what if no_file else refused}", "", as_json)
    except (OSError, ValueError, TypeError, ImportError, NotImplementedError, ProjectFileError) as problem:
        return fail(line(problem), "", as_json)
    same = error is None or (math.isfinite(error) and error <= TOLERANCE)
    found = _found(source, folder, imported, trained)
    if error is not None:
        found |= {"largest_error": error if math.isfinite(error) else None, "same": same}
    _tell(found, error, same, as_json)
    return 0 if same else 1


def _written(
    model: Any, trained: bool, own: Own, source: Path, folder: Path, verify: bool, keep_code: bool, force: bool
) -> Imported:
    """Write a project of a model; one that is to be compared with it needs weights and no code.

    Raises:
        ValueError: It cannot be compared.
    """
    from kerastui.engine.importing.project import layers_with_code, project_of, write_project

    if verify and not trained:
        raise ValueError(f"{source} has no weights to predict with; leave out --verify")
    if own.files:
        _read(own)
    imported = project_of(model, folder.name, weights=trained, own=own, keep_code=keep_code)
    code = layers_with_code(imported.project.graph, imported.project.models)
    if verify and code:
        raise ValueError(f"{', '.join(code)} of {source} is code, so nothing can be compared; leave out --verify")
    write_project(folder, imported, replace=force)
    return imported


def _refusal(source: Path, folder: Path, force: bool, weights: str | None) -> tuple[str, str] | None:
    """Return why nothing is opened at all, and what to do about it, or `None`."""
    if _is_taken(folder) and not (force and folder.is_dir()):
        if folder.is_dir():
            return f"{folder} is not empty", "--force replaces the project in it"
        return f"{folder} is a file", "choose another folder"
    if weights is not None and not _is_named(source):
        return f"--weights is for {KERAS}NAME. Received: {source}", ""
    return None


def _found(source: Path, folder: Path, imported: Imported, trained: bool) -> dict[str, Any]:
    """Return what came over, and what did not, as `--json` has it."""
    without = [] if trained else [f"weights ({_no_weights(source)})"]
    return {
        "source": str(source),
        "folder": str(folder),
        "layers": len(imported.project.graph.layers),
        "calls": len(imported.project.graph.calls),
        "weights": imported.project.weights or None,
        "left_out": [*imported.left_out, *without],
    }


def _is_taken(folder: Path) -> bool:
    return folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))


def _is_named(source: Path) -> bool:
    """Tell whether a source is the name of a model of `keras.applications`."""
    return str(source).startswith(KERAS)


def _opened(source: Path, objects: Path | None, allow_unsafe: bool, weights: str | None) -> tuple[Any, bool, Own]:
    """Return the model that a source names, whether it has weights of its own, and the code that comes with it."""
    from kerastui.engine.importing.own import Own, own_of_file
    from kerastui.engine.importing.sources import application, model_in_code
    from kerastui.engine.saving.kinds import Kind, kind_of
    from kerastui.engine.saving.loading import load_model

    custom = objects_of(objects)
    own = own_of_file(objects, custom) if objects is not None else Own()
    if _is_named(source):
        return application(str(source).removeprefix(KERAS), weights), weights is not None, own
    if source.suffix == CODE:
        if not allow_unsafe:
            raise ValueError(f"{source} is Python code, which is run for its model. Read it, then give --allow-unsafe")
        return model_in_code(source)
    if kind_of(source) is not Kind.JSON:
        return load_model(source, custom, safe_mode=not allow_unsafe), True, own
    from kerastui.engine.importing.files import model_in_json

    return model_in_json(source, custom, safe_mode=not allow_unsafe), False, own


def _read(own: Own) -> None:
    """Have the engine read the code that comes with a model, as it does that of a project.

    Raises:
        ValueError: It cannot be that of a project.
    """
    from kerastui.engine.custom.reading import read_code

    folders = {path.parent.absolute() for path in own.files}
    for folder in folders:
        for fault in read_code(folder, own.listed, trusted=True).errors:
            raise ValueError(f"{fault.place}: {fault.what}")


def _no_weights(source: Path) -> str:
    """Say why a model came without weights of its own."""
    if _is_named(source):
        return "give --weights imagenet for trained ones"
    return "those of build_model are new" if source.suffix == CODE else "JSON has none"


def _largest_error(model: Any, folder: Path) -> float:
    from kerastui.engine.importing.files import largest_error

    return largest_error(model, folder)


def _tell(found: dict[str, Any], error: float | None, same: bool, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    without = f", without {', '.join(found['left_out'])}" if found["left_out"] else ""
    click.echo(f"made {found['folder']}: {found['layers']} layers in {found['calls']} calls{without}")
    if error is not None:
        words = "same predictions" if same else "predictions differ"
        click.echo(f"{words}, largest difference {error:.3g}", err=not same)
