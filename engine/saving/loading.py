"""Open saved models as ours, whatever wrote them and whatever they are called."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import h5py

from kerastui.engine.keras_private import (
    content_from_elsewhere,
    keras,
    load_hdf5_model,
    our_classes,
    variables_watched,
)
from kerastui.engine.models.model import Functional, Model
from kerastui.engine.models.sequential import Sequential
from kerastui.engine.saving.archives import read_archive, read_unzipped
from kerastui.engine.saving.configs import check_config, is_newer
from kerastui.engine.saving.errors import (
    DamagedFileError,
    ForeignFileError,
    ModelFileError,
    NewerFileError,
    RebuildError,
    UnsafeFileError,
    message,
)
from kerastui.engine.saving.guards import (
    VARIABLES_EXPANSION,
    VARIABLES_FLOOR,
    check_archive,
    check_hdf5,
    parsed,
    read_config,
)
from kerastui.engine.saving.h5_compilation import restore_compilation
from kerastui.engine.saving.kinds import CONFIG, WEIGHTS, Kind, is_damage, kind_of, text, version_of


class _Request(NamedTuple):
    path: str
    custom_objects: Mapping[str, Any]
    compiled: bool
    safe_mode: bool
    version: str


def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,  # noqa: A002 — Keras's name
    safe_mode: bool = True,
) -> Any:
    """Open a model that any generation of Keras wrote, as our `Model`, `Functional` or `Sequential`.

    What the file is, is seen from what is in it, not from its name. It is looked through before anything is made of
    it: it cannot reach outside itself, run code, or take far more memory than it holds.

    Args:
        filepath: A `.keras` file of Keras 3 or of Keras 2, the folder of one written with `zipped=False`, an HDF5 file
            of Keras 2 or 3, or a SavedModel.
        custom_objects: Classes and functions by name, for those that Keras does not know. Defaults to `None`.
        compile: Whether to compile the model as it was when saved. Defaults to True.
        safe_mode: Whether to refuse what would run code out of the file, such as a `Lambda`, or make variables that
            are far larger than its weights. Defaults to True.

    Returns:
        The model, with its weights and, compiled, the state of its optimizer.

    Raises:
        ModelFileError: Always a `ValueError`; what it is besides: `MissingFileError` (`FileNotFoundError`),
            `DamagedFileError` and `ForeignFileError` (`OSError`), `UnknownObjectsError`, `RebuildError` and
            `NewerFileError` (`TypeError`), `UnsafeFileError`.
        OSError: If it cannot be read.

    Example:
        >>> model = load_model("digits.keras")  # doctest: +SKIP
    """
    path = os.fspath(filepath)
    objects = dict(custom_objects or {})
    if "://" in path:
        with our_classes():
            return keras.saving.load_model(path, custom_objects=objects, compile=compile, safe_mode=safe_mode)
    kind = kind_of(path)
    if kind not in _LOADERS:
        _refuse(path, kind)
    request = _Request(path, objects, compile, safe_mode, version_of(path, kind))
    with _explained(request):
        return _LOADERS[kind](request)


def _load_archive(request: _Request) -> Any:
    weights = check_archive(request.path)
    _check(read_config(request.path), request)
    with _variables_within(weights, request), _untrained_optimizer():
        return read_archive(request.path, request.custom_objects, request.compiled, request.safe_mode)


def _load_folder(request: _Request) -> Any:
    weights = os.path.join(request.path, WEIGHTS)
    size = check_hdf5(weights) if os.path.exists(weights) else 0
    _check(read_config(request.path), request)
    with _variables_within(size, request), _untrained_optimizer():
        return read_unzipped(request.path, request.custom_objects, request.compiled, request.safe_mode)


def _load_hdf5(request: _Request) -> Any:
    size = check_hdf5(request.path)
    # The old format knows classes by their bare names, and looks for them here first.
    ours = {"Functional": Functional, "Model": Model, "Sequential": Sequential, **request.custom_objects}
    with h5py.File(request.path, "r") as file, _variables_within(size, request):
        training = file.attrs.get("training_config")
        known = parsed(text(training), request.path) if request.compiled and training is not None else None
        config = parsed(text(file.attrs["model_config"]), request.path)
        _check(config, request, known)
        try:
            model = load_hdf5_model(file, ours, request.safe_mode)
        except ValueError as error:
            if "Model expected 0 layers" not in str(error):
                raise
            raise _shapeless(config, request.path) from error
    if request.compiled:
        with _variables_within(size, request):
            restore_compilation(model, request.path, request.custom_objects)
    return model


def _shapeless(config: dict[str, Any], path: str) -> RebuildError:
    what = f"it is of the class {config.get('class_name')}, and the format holds no shape of the inputs of such a model"
    return RebuildError(
        message(path, what, "Make the model, call it once, then call its `load_weights` with this file")
    )


def _load_archive_2(request: _Request) -> Any:
    from kerastui.engine.saving.bridge.keras_archive import load_archive as load_archive_2

    with _variables_within(check_archive(request.path), request):
        return load_archive_2(request.path, request.custom_objects, request.compiled, request.safe_mode)


def _load_hdf5_2(request: _Request) -> Any:
    from kerastui.engine.saving.bridge.hdf5_models import load_hdf5

    with _variables_within(check_hdf5(request.path), request):
        return load_hdf5(request.path, request.custom_objects, request.compiled, request.safe_mode)


def _load_saved_model(request: _Request) -> Any:
    from kerastui.engine.saving.saved_model import PARTS, load_saved_model

    parts = os.path.join(request.path, PARTS)
    if os.path.exists(os.path.join(parts, CONFIG)):  # ours; that of tf.keras is checked where it is translated
        _check(read_config(parts), request)
    variables = Path(request.path, "variables")
    size = sum(file.stat().st_size for file in variables.iterdir()) if variables.is_dir() else 0
    with _variables_within(size, request):
        return load_saved_model(request.path, request.custom_objects, request.compiled, request.safe_mode)


_LOADERS: Mapping[Kind, Callable[[_Request], Any]] = {
    Kind.ARCHIVE: _load_archive,
    Kind.ARCHIVE_2: _load_archive_2,
    Kind.FOLDER: _load_folder,
    Kind.HDF5: _load_hdf5,
    Kind.HDF5_2: _load_hdf5_2,
    Kind.SAVED_MODEL: _load_saved_model,
}

_INSTEAD = {
    Kind.JSON: "Make the model with `model_from_json(text)`, then give it weights with `load_weights`",
    Kind.WEIGHTS: "Make the model as it was made, then call its `load_weights` with this file",
    Kind.SHARDED_WEIGHTS: "Make the model as it was made, then call its `load_weights` with this file",
    Kind.CHECKPOINT: "Make the model as it was made, then call its `load_weights` with this path",
    Kind.PICKLE: "Reading a pickle runs whatever code it holds, so none is read here; save the model as `.keras`",
}


def _refuse(path: str, kind: Kind) -> NoReturn:
    error = UnsafeFileError if kind is Kind.PICKLE else ForeignFileError
    hint = _INSTEAD.get(kind, "A model is a `.keras` or HDF5 file, or the folder of a SavedModel")
    raise error(message(path, f"it is {kind.value}{'' if kind is Kind.OTHER else ', not a whole model'}", hint))


def _check(config: dict[str, Any], request: _Request, training: dict[str, Any] | None = None) -> None:
    if not request.compiled:
        config = {**config, "compile_config": None}
    check_config(config, request.path, request.custom_objects, request.safe_mode, request.version, training)


@contextmanager
def _variables_within(weights: int, request: _Request) -> Iterator[None]:
    """Refuse variables that are far larger than the weights in the file, before they are made."""
    largest = max(VARIABLES_FLOOR, VARIABLES_EXPANSION * weights)
    made = 0

    def watch(path: str, size: int) -> None:
        nonlocal made
        made += size
        if made > largest:
            raise UnsafeFileError(
                message(
                    request.path,
                    f"with {path!r} its model would take {made:,} bytes, and the file holds weights of {weights:,}",
                    "If you trust where it comes from, pass `safe_mode=False`",
                )
            )

    with variables_watched(watch) if request.safe_mode else nullcontext(), content_from_elsewhere():
        yield


@contextmanager
def _untrained_optimizer() -> Iterator[None]:
    """Within this, Keras does not warn that a model was saved before its first training step: nothing is lost.

    Such an optimizer has its step counter and its learning rate, and no state for weights yet.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "Skipping variable loading for optimizer .* saved optimizer has 2 variables", UserWarning
        )
        yield


@contextmanager
def _explained(request: _Request) -> Iterator[None]:
    """Give what goes wrong a name of ours, with the file in it; it stays of the type that Keras documents."""
    try:
        yield
    except ModelFileError as error:
        if request.path in str(error):
            raise
        raise type(error)(message(request.path, str(error).removesuffix("."))) from error
    except Exception as error:
        known = isinstance(error, (ValueError, TypeError, LookupError, AttributeError, RuntimeError))
        if not known and not is_damage(error):
            raise
        raise _worded(request, error) from error


def _worded(request: _Request, error: Exception) -> ModelFileError:
    if is_damage(error):
        what = f"the file is damaged or cut short ({error})"
        return DamagedFileError(message(request.path, what, "Take it from where it came from again"))
    said = _brief(str(error).strip() or type(error).__name__)
    if is_newer(request.version):
        what = f"Keras {request.version} wrote it, newer than Keras {keras.__version__} here, and it cannot be read"
        return NewerFileError(message(request.path, f"{what} ({said})", "Install that version of Keras"))
    listed = re.search(r"could not be loaded:\s*\[(.*)\]\s*$", said, re.DOTALL)
    if listed is not None:
        layers = re.findall(r"name=([^,>\s]+)", listed[1]) or [listed[1]]
        first = re.sub(r"(?s), value=\[.*?\](?=>)", "", said.partition("\n\n")[2].partition("\n\n")[0])
        what = f"the weights in it do not fit the layers {', '.join(layers)} ({first})"
        return RebuildError(message(request.path, what, "The file was put together from parts, or is damaged"))
    hint = "The file was put together from parts, or is damaged" if "Expected a model.weights" in said else ""
    return RebuildError(message(request.path, f"no model can be made of it: {said}", hint))


def _brief(said: str) -> str:
    """Leave out the configurations with which Keras repeats, for each model around a layer, what is wrong with it."""
    around, found, inner = said.rpartition("Exception encountered: ")
    if not found:
        return said
    before, _, config = around.rpartition("config={")
    kind = re.search(r"class '([^']*)' using $", before) or re.search(r"'class_name': '([^']*)'", config)
    name = re.search(r"'name': '([^']*)'", config)
    return f"{kind[1] if kind else 'an object'}{f' {name[1]}' if name else ''}: {inner}"
