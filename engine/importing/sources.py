"""Models that are imported and lie in no model file: those of `keras.applications`, and of Python code."""

from __future__ import annotations

import difflib
import inspect
import runpy
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

from kerastui.engine.importing.own import Own, own_of_modules
from kerastui.engine.keras_private import keras


def applications() -> list[str]:
    """Return the names of the models that `keras.applications` makes, sorted."""
    return sorted(name for name, item in vars(keras.applications).items() if inspect.isfunction(item))


def application(name: str, weights: str | None = None) -> Any:
    """Make a model of `keras.applications`.

    Args:
        name: Its name, `MobileNetV2`.
        weights: `"imagenet"`, which Keras downloads the first time, or a file. Defaults to `None`: new ones.

    Raises:
        ValueError: There is no such model, or the weights cannot be had.
    """
    known = {each.lower(): each for each in applications()}
    if name not in known.values():
        near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
        hint = f"Did you mean {known[near[0]]}?" if near else f"It has {', '.join(known.values())}"
        raise ValueError(f"keras.applications has no model {name or 'without a name'}. {hint}")
    try:
        with redirect_stdout(sys.stderr):  # Keras draws a bar while it downloads
            return getattr(keras.applications, name)(weights=weights)
    except ValueError:
        raise  # Keras says what weights there are
    except Exception as error:  # a failed download is an `Exception` of no class of its own
        what = f"the weights {weights} of {name} cannot be downloaded: {' '.join(str(error).split())}"
        raise ValueError(f"{what}. Leave --weights out for new ones, or give a file as --weights") from error


def model_in_code(path: Path) -> tuple[Any, bool, Own]:
    """Run a Python file and take the model that it defines.

    That is what its function `build_model` returns, compiled by its `compile_model` and with the weights that its
    `load_weights` finds beside the file, as `kerastui code` writes them; else its variable `model`; else the only model
    among its variables.

    Args:
        path: The file. It can import what lies beside it.

    Returns:
        The model, whether it has weights of its own (those of `build_model` alone are new ones), and the code that it
        imported from beside it.

    Raises:
        ValueError: The file or one of the functions raises an error, or there is no such model.
        OSError: It cannot be read.
    """
    path.read_bytes()  # for its error
    modules: list[ModuleType] = []
    with _beside(path, modules), redirect_stdout(sys.stderr):
        model, trained = _defined(path)
    return model, trained, own_of_modules(modules)


def _defined(path: Path) -> tuple[Any, bool]:
    """Run a file and return the model that it defines, and whether it has weights of its own."""
    found = _run(lambda: runpy.run_path(str(path)), f"{path} cannot be run")
    if not callable(found.get("build_model")):
        return _variable(found, path), True
    model = _run(found["build_model"], f"{path}: build_model() fails")
    if not isinstance(model, keras.Model):
        raise ValueError(f"{path}: build_model() returns no model of Keras. Received: {type(model).__name__}")
    if callable(found.get("compile_model")):
        _run(lambda: found["compile_model"](model), f"{path}: compile_model(model) fails")
    weights = _weights(found, path)
    if weights is not None:
        _run(lambda: found["load_weights"](model, str(weights)), f"{path}: load_weights(model) fails")
    return model, weights is not None


def _variable(found: Mapping[str, Any], path: Path) -> Any:
    models = {name: item for name, item in found.items() if isinstance(item, keras.Model)}
    if "model" in models:
        return models["model"]
    if len({id(item) for item in models.values()}) == 1:
        return next(iter(models.values()))
    several = f"several models: {', '.join(models)}" if models else "neither a function build_model nor a model"
    raise ValueError(f"{path} has {several}. Have a function build_model return the one that is meant")


def _weights(found: Mapping[str, Any], path: Path) -> Path | None:
    """Return the file that a function `load_weights` of the code names, where it lies beside the code."""
    if not callable(found.get("load_weights")):
        return None
    default = getattr(inspect.signature(found["load_weights"]).parameters.get("path"), "default", None)
    named = path.parent / default if isinstance(default, str) else None
    return named if named is not None and named.is_file() else None


def _run(function: Callable[[], Any], failed: str) -> Any:
    try:
        return function()
    except (Exception, SystemExit) as error:
        raise ValueError(f"{failed}: {type(error).__name__}: {' '.join(str(error).split())}") from error


@contextmanager
def _beside(path: Path, found: list[ModuleType]) -> Iterator[None]:
    """Within this, code finds what lies beside it, as it does when Python runs it.

    Args:
        path: The file with the code.
        found: Filled with the modules that were imported from beside it; another file may have others of their names.
    """
    folder, before = path.parent.absolute(), set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name not in before]:
            if Path(getattr(sys.modules[name], "__file__", None) or "/").parent == folder:
                found.append(sys.modules.pop(name))
