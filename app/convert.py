"""`kerastui convert` and `kerastui export`: one model file into another. TensorFlow is loaded when a file is opened."""

from __future__ import annotations

import json
import logging
import math
import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from kerastui.engine.project.files import ProjectFileError
from kerastui.headless import Exit, code_problems, fail, quiet

TOLERANCE = 1e-4
"""Largest difference of predictions that `--verify` takes for the same: runtimes other than TensorFlow add in another
order. Files of Keras itself come out at 0."""

_WORDS = (
    (r"Pass them as `custom_objects=\{.*?\}`, or import what registers them \(.*?\) first", "Give --objects FILE.py"),
    (r"[Pp]ass `safe_mode=False`", "give --allow-unsafe"),
    (r"Pass the number as `input_signature=.*?`", "Give the number as --size"),
    (r"format='tf_saved_model' holds every model", "A SavedModel, a folder without a suffix, holds every model"),
)
"""What an error says to do in Python, and what that is on the command line."""

EXPORTS = {"tf_saved_model": "", "onnx": ".onnx", "litert": ".tflite", "openvino": ".xml"}
"""Formats that are run without Keras, and the suffix of each."""


def convert(
    source: Path,
    target: Path,
    *,
    verify: bool = False,
    allow_unsafe: bool = False,
    force: bool = False,
    objects: Path | None = None,
    as_json: bool = False,
    format: str | None = None,  # noqa: A002 — as it is called on the command line
    calibrate: Path | None = None,
    size: int | None = None,
) -> Exit:
    """Open a model file and write it in the format that the suffix of another names.

    Args:
        source: A model file that `load_model` opens, or the folder of a project or of a run.
        target: The file to write.
        verify: Read it again and compare predictions.
        allow_unsafe: Open files that run code.
        force: Replace what is there.
        objects: A Python file with the classes and functions that the model needs.
        as_json: Print one JSON object.
        format: What the file is exported for; as its suffix says when `None`.
        calibrate: A file of NumPy's with inputs; what is written has 8 bits, and is verified on them.
        size: What a dimension that the model leaves open is in an export, the batch apart.

    Returns:
        0 if it was written and, verified, predicts the same.
    """
    if os.path.lexists(target) and not force:
        return fail(f"{target} is there already", "--force replaces it", as_json)
    if not target.absolute().parent.is_dir():
        return fail(f"{target.parent} is no folder to write in", "make it first", as_json)
    quiet()
    from kerastui.engine.saving import converting

    safe, error = not allow_unsafe, None
    try:
        with without_remarks():
            converting.suffix_of(target)
            rows = None if calibrate is None else converting.read_samples(calibrate)
            custom = objects_of(objects)
            model, note = _opened(source, custom, allow_unsafe)
            converting.call_once(model)
            if verify:
                converting.samples_for(model, size)  # raises before anything is written if its inputs are not known
            missing = _written(model, target, format, rows, size)
            if verify:
                error = converting.largest_error(model, target, custom, safe, format, rows, size)
    except (OSError, ValueError, TypeError, ImportError, NotImplementedError, ProjectFileError, Warning) as problem:
        return fail(line(problem), "", as_json)
    same = error is None or (math.isfinite(error) and (error <= TOLERANCE or calibrate is not None))
    found: dict[str, Any] = {"source": str(source), "target": str(target), "left_out": missing}
    _tell(found | ({"note": note} if note else {}), error, same, as_json)
    return 0 if same else 1


def export(source: Path, target: Path, name: str | None, **options: Any) -> Exit:
    """Write a model to be run without Keras, or as any other file that `convert` writes.

    Args:
        source: A model file that `load_model` opens, or the folder of a project or of a run.
        target: The file or folder to write.
        name: `"tf_saved_model"`, `"onnx"`, `"litert"` or `"openvino"`; `None` for what the suffix says, which for
            none at all is the first.
        **options: As `convert` takes them.

    Returns:
        0 if it was written and, verified, predicts the same.
    """
    by_suffix = {suffix: form for form, suffix in EXPORTS.items()}
    name = name or by_suffix.get(target.suffix)
    wrong = ""
    if name and target.suffix != EXPORTS[name]:
        wanted = f"must end in {EXPORTS[name]}" if EXPORTS[name] else "must be a folder, without a suffix"
        wrong = f"{target} {wanted} for --format {name}"
    if options.get("calibrate") and name != "litert":
        wrong = f"--calibrate is for LiteRT, a file that ends in .tflite. Received: {target}"
    if wrong:
        return fail(wrong, "", bool(options.get("as_json")))
    return convert(source, target, format=name, **options)


def _written(model: Any, target: Path, *options: Any) -> str | None:
    """Write the model; what the disk says of a file beside the target is said of the target."""
    from kerastui.engine.saving import converting

    try:
        return converting.write(model, target, *options)
    except OSError as error:
        why = error.strerror or " ".join(str(error).split())
        raise OSError(f"{target}: it cannot be written ({why}). Make room there, or choose another place") from error


def _opened(source: Path, custom: Mapping[str, Any], allow_unsafe: bool) -> tuple[Any, str]:
    """Open a model file, or the newest model of a project or run; that of a project without a run is built.

    Args:
        source: The file or folder.
        custom: Classes and functions that the model needs, by name.
        allow_unsafe: Run code that the file or the project holds.

    Returns:
        The model, and where its weights are from if no run made them.
    """
    from kerastui.engine.project.files import FILE_NAME
    from kerastui.engine.runs import FOLDER, kept_model
    from kerastui.engine.saving.loading import load_model

    if not (source / FILE_NAME).is_file():
        return load_model(source, custom, safe_mode=not allow_unsafe), ""
    found = kept_model(source)
    if found is None:
        if source.absolute().parent.name == FOLDER:
            raise FileNotFoundError(f"{source}: this run kept no model. Give the folder of its project")
        return _begun(source, allow_unsafe)
    _read_own_code(source)
    return load_model(found, custom, safe_mode=not allow_unsafe), ""


def _begun(folder: Path, allow_unsafe: bool) -> tuple[Any, str]:
    """Build the model of a project as its first run would begin with it; say where its weights are from."""
    from kerastui.engine.building import BuildError, build_model, compile_model
    from kerastui.engine.keras_private import keras
    from kerastui.engine.project.files import read
    from kerastui.engine.starting_weights import load_weights

    none = f"{folder}: no run of this project kept a model, and none can be built"
    try:
        project = read(folder)
        for problem in code_problems(folder, project, allow_unsafe, "--allow-unsafe"):
            if problem.severity == "error":
                raise ValueError(f"{none}: {problem.what}. {problem.hint}")
        if project.fit.seed is not None:
            keras.utils.set_random_seed(project.fit.seed)
        model = build_model(project)
        newer = load_weights(project, model, folder)
        if project.compile.model or project.compile.losses.keys() >= project.graph.outputs.keys():
            compile_model(project, model)
    except BuildError as error:
        place = f"{error.node}: " if error.node else ""
        raise ValueError(f"{none}: {place}{error.what}{f'. {error.hint}' if error.hint else ''}") from None
    weights = f"with the weights of {project.weights}" if project.weights else "untrained"
    return model, "; ".join([f"{weights}: no run of this project kept a model", *([newer] if newer else [])])


def _read_own_code(source: Path) -> None:
    """Run the code of a project that the person trusts, so that its models find their classes."""
    from kerastui.engine.custom.reading import read_code
    from kerastui.engine.project.files import read

    read_code(source, read(source).code)


@contextmanager
def without_remarks() -> Iterator[None]:
    """Within this, Keras, TensorFlow and the converters keep to themselves what they think of the format asked for.

    LiteRT writes to the file behind `stderr`, past Python.
    """
    loggers = [logging.getLogger(name) for name in ("absl", "tensorflow")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def objects_of(path: Path | None) -> dict[str, Any]:
    """Run a Python file of the user's, and give what Keras may need of it; what registers itself does so.

    Args:
        path: The file; nothing is run when `None`.

    Raises:
        ValueError: The file raises an error.
    """
    if path is None:
        return {}
    import runpy

    try:
        found = runpy.run_path(str(path))
    except Exception as error:
        raise ValueError(f"{path} cannot be run: {type(error).__name__}: {error}") from error
    given = {name: value for name, value in found.items() if callable(value) and not name.startswith("_")}
    # Of the code of a project its models know a class by file and name.
    return {**given, **{f"{path.stem}>{name}": value for name, value in given.items()}}


def line(error: Exception) -> str:
    """Put an error on one line, in the words of the command line.

    Args:
        error: What was raised.
    """
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, OSError) and error.filename and error.strerror:
        text = f"{error.filename}: it cannot be read ({error.strerror})"
    for pattern, words in _WORDS:
        text = re.sub(pattern, words, text)
    return text


def _tell(found: dict[str, Any], error: float | None, same: bool, as_json: bool) -> None:
    if as_json:
        if error is not None:
            found |= {"largest_error": error if math.isfinite(error) else None, "same": same}
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    without = f", without {found['left_out']}" if found["left_out"] else ""
    note = f", {found['note']}" if "note" in found else ""
    click.echo(f"wrote {found['target']}{without}{note}")
    if error is not None:
        click.echo(
            f"{'same predictions' if same else 'predictions differ'}, largest difference {error:.3g}", err=not same
        )
