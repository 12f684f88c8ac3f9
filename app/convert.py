"""`kerastui convert` and `kerastui export`: one model file into another. TensorFlow is loaded when a file is opened."""

from __future__ import annotations

import json
import logging
import math
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from kerastui.headless import Exit, fail, quiet

TOLERANCE = 1e-4
"""Largest difference of predictions that `--verify` takes for the same: runtimes other than TensorFlow add in another
order. Files of Keras itself come out at 0."""

_PASS = r"Pass them as `custom_objects=\{.*?\}`, or import what registers them \(.*?\) first"

EXPORTS = {"onnx": ".onnx", "litert": ".tflite", "openvino": ".xml"}


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
) -> Exit:
    """Open a model file and write it in the format that the suffix of another names.

    Args:
        source: A model file that `load_model` opens.
        target: The file to write.
        verify: Read it again and compare predictions.
        allow_unsafe: Open files that run code.
        force: Replace what is there.
        objects: A Python file with the classes and functions that the model needs.
        as_json: Print one JSON object.
        format: What the file is exported for; as its suffix says when `None`.

    Returns:
        0 if it was written and, verified, predicts the same.
    """
    if os.path.lexists(target) and not force:
        return fail(f"{target} is there already", "--force replaces it", as_json)
    quiet()
    from kerastui.engine.saving import converting
    from kerastui.engine.saving.loading import load_model

    try:
        with without_remarks():
            converting.suffix_of(target)
            custom = objects_of(objects)
            model = load_model(source, custom, safe_mode=not allow_unsafe)
            missing = converting.write(model, target, format)
            error = converting.largest_error(model, target, custom, not allow_unsafe, format) if verify else None
    except (OSError, ValueError, TypeError, ImportError, NotImplementedError) as problem:
        return fail(line(problem), "", as_json)
    same = error is None or (math.isfinite(error) and error <= TOLERANCE)
    _tell(source, target, missing, error, same, as_json)
    return 0 if same else 1


def export(source: Path, target: Path, name: str, **options: Any) -> Exit:
    """Write a model file to be run without Keras.

    Args:
        source: A model file that `load_model` opens.
        target: The file or folder to write.
        name: `"tf_saved_model"`, `"onnx"`, `"litert"` or `"openvino"`.
        **options: As `convert` takes them.

    Returns:
        0 if it was written and, verified, predicts the same.
    """
    suffix = EXPORTS.get(name, "")
    if target.suffix != suffix:
        wanted = f"must end in {suffix}" if suffix else "must be a folder, without a suffix"
        return fail(f"{target} {wanted} for --format {name}", "", bool(options.get("as_json")))
    return convert(source, target, format=name, **options)


@contextmanager
def without_remarks() -> Iterator[None]:
    """Within this, Keras and TensorFlow keep to themselves what they think of the format that was asked for."""
    loggers = [logging.getLogger(name) for name in ("absl", "tensorflow")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
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
    return {name: value for name, value in found.items() if callable(value) and not name.startswith("_")}


def line(error: Exception) -> str:
    """Put an error on one line, in the words of the command line.

    Args:
        error: What was raised.
    """
    text = " ".join(str(error).split()) or type(error).__name__
    return re.sub("[Pp]ass `safe_mode=False`", "give --allow-unsafe", re.sub(_PASS, "Give --objects FILE.py", text))


def _tell(source: Path, target: Path, missing: str | None, error: float | None, same: bool, as_json: bool) -> None:
    if as_json:
        found: dict[str, Any] = {"source": str(source), "target": str(target), "left_out": missing}
        if error is not None:
            found |= {"largest_error": error if math.isfinite(error) else None, "same": same}
        click.echo(json.dumps(found))
        return
    click.echo(f"wrote {target}{f', without {missing}' if missing else ''}")
    if error is not None:
        click.echo(
            f"{'same predictions' if same else 'predictions differ'}, largest difference {error:.3g}", err=not same
        )
