"""What the configuration of a Keras 3 model needs: classes and functions to find, and code to run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from kerastui.engine.keras_private import LOSSES, METRICS, keras, unsafe_is_allowed
from kerastui.engine.saving.errors import NewerFileError, UnknownObjectsError, UnsafeFileError, message

HOMES = ("activations", "constraints", "initializers", "losses", "metrics", "optimizers", "regularizers")
"""Where Keras looks for a function of which it wrote no more than the name."""

BARE_HOMES = ("layers", "models", "optimizers.schedules", *HOMES)
"""Where the classes of an HDF5 file may be; it has their names alone."""

BY_SHAPE = ("accuracy", "acc", "crossentropy", "ce")
"""Names of metrics that `compile` reads itself; which is meant depends on the model's outputs."""

RUNS_CODE = {"__lambda__": "a Python lambda", "TFSMLayer": "a program of TensorFlow from elsewhere"}


class Need(NamedTuple):
    """One class or function that a configuration mentions."""

    name: str
    """As it is passed in `custom_objects`."""
    registered: str
    """As it is registered; the same as `name` for most."""
    module: str | None
    """Where the file says it comes from; `""` if it does not say."""
    owner: str
    """The layer that needs it, or `compile`."""
    certain: bool
    """Whether Keras looks for it. Inside the arguments of a class of the user's, that is the class's affair."""


def check_config(
    config: Mapping[str, Any],
    path: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    safe_mode: bool = True,
    version: str = "",
    training: Mapping[str, Any] | None = None,
) -> None:
    """Refuse a configuration before anything is made of it.

    No module that a file names is imported: a class comes from Keras, is registered, or was passed.

    Args:
        config: The configuration, as Keras 3 wrote it; without `compile_config` if it is not to be compiled.
        path: The file it comes from.
        custom_objects: Classes and functions by name. Defaults to `None`.
        safe_mode: Whether to refuse what runs code out of the file. Defaults to True.
        version: The version of Keras that wrote it. Defaults to `""`, not known.
        training: How the model was compiled, as HDF5 files say it. Defaults to `None`, not to be compiled.

    Raises:
        UnsafeFileError: If it holds code, in safe mode; the layers are named.
        UnknownObjectsError: If classes or functions are not known; all are named, with the layers that need them.
        NewerFileError: If they should be Keras's, and the file is newer than Keras here.
    """
    needs = list(_needs(config, str(config.get("config", {}).get("name", "the model")), True))
    needs += _needs_of_training(training or {})
    code = [f"{need.owner!r} ({RUNS_CODE[need.name]})" for need in needs if need.name in RUNS_CODE]
    if code and safe_mode and not unsafe_is_allowed():
        raise UnsafeFileError(
            message(
                path,
                f"it would run code that is in the file, for layer {', '.join(dict.fromkeys(code))}",
                "If you trust where it comes from, pass `safe_mode=False`",
            )
        )
    unknown = [need for need in needs if need.name not in RUNS_CODE and not _is_known(need, custom_objects or {})]
    if any(need.certain for need in unknown):
        raise _unknown(unknown, path, version)


def is_newer(version: str) -> bool:
    """Say whether a version of Keras is newer than the one here, patches aside."""
    found, here = (
        [int(part) for part in text.split(".")[:2] if part.isdigit()] for text in (version, keras.__version__)
    )
    return found > here


def _unknown(unknown: list[Need], path: str | os.PathLike[str], version: str) -> UnknownObjectsError | NewerFileError:
    wanted: dict[str, list[str]] = {}
    for need in unknown:
        owners = wanted.setdefault(need.name, [])
        if need.owner not in owners:
            owners.append(need.owner)
    listing = "; ".join(f"{name}, needed by {', '.join(map(repr, owners))}" for name, owners in wanted.items())
    if is_newer(version) and any((need.module or "").startswith("keras.") for need in unknown):
        what = f"Keras {version} wrote it, and Keras {keras.__version__} here does not know: {listing}"
        return NewerFileError(message(path, what, "Install that version of Keras"))
    first = next(iter(wanted))
    return UnknownObjectsError(
        message(
            path,
            f"it needs what neither Keras has, nor is registered, nor was passed: {listing}",
            f"Pass them as `custom_objects={{{first!r}: …}}`, or import what registers them "
            "(`@keras.saving.register_keras_serializable()`) first",
        )
    )


def _needs_of_training(training: Mapping[str, Any]) -> Iterator[Need]:
    """Yield what is needed to compile; losses and metrics may be names alone there."""
    yield from _needs({"compile_config": {"optimizer": training.get("optimizer_config")}}, "compile", True)
    for argument, known in (("loss", LOSSES), ("metrics", METRICS), ("weighted_metrics", METRICS)):
        yield from _needs({"compile_config": training.get(argument)}, "compile", True)
        for name in _texts(training.get(argument)):
            if name not in known and name not in BY_SHAPE:
                yield Need(name, name, "", "compile", True)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) or (isinstance(value, dict) and "class_name" not in value):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def _needs(value: Any, owner: str, certain: bool) -> Iterator[Need]:
    """Yield every class and function that is mentioned, in order."""
    waiting: list[tuple[Any, str, bool, bool]] = [(value, owner, certain, True)]
    while waiting:  # not by recursion: a file may be nested as deep as it likes
        value, owner, certain, is_layer = waiting.pop()
        if isinstance(value, list):
            waiting += [(item, owner, certain, is_layer) for item in reversed(value)]
        if not isinstance(value, dict):
            continue
        inside = certain
        if isinstance(value.get("class_name"), str) and "config" in value:
            need = _need(value, _owner(value, owner, is_layer), certain)
            owner = need.owner
            if not need.name.startswith("__") or need.name in RUNS_CODE:
                yield need
            inside = certain and _is_keras(need)
        waiting += [
            (item, "compile" if key == "compile_config" else owner, inside, key in ("layers", "layer", "config"))
            for key, item in reversed(value.items())
            if isinstance(item, dict | list)
        ]


def _owner(value: dict[str, Any], owner: str, is_layer: bool) -> str:
    named = value["config"].get("name") if isinstance(value["config"], dict) else None
    layer = "build_config" in value or "inbound_nodes" in value or (is_layer and owner != "compile")
    return named if layer and isinstance(named, str) else owner


def _need(value: dict[str, Any], owner: str, certain: bool) -> Need:
    name, module = value["class_name"], value.get("module", "")
    if name == "function" and isinstance(value["config"], str):
        return Need(value["config"], value["config"], module, owner, certain)
    return Need(name, value.get("registered_name") or name, module, owner, certain)


def _is_keras(need: Need) -> bool:
    return need.module == "" or (need.module or "").split(".")[0] in ("keras", "builtins")


def _is_known(need: Need, custom_objects: Mapping[str, Any]) -> bool:
    if any(keras.saving.get_registered_object(name, custom_objects) is not None for name in need[:2]):
        return True
    if need.module == "builtins":
        return any(_found(f"{home}.{need.name}") for home in HOMES)
    if need.module == "":
        return need.name in ("Functional", "Model") or any(_found(f"{home}.{need.name}") for home in BARE_HOMES)
    if need.module is None or not _is_keras(need):
        return False
    # Of what has no public name Keras keeps the module, all of it its own.
    return need.module.startswith("keras.src.") or _found(f"{need.module}.{need.name}".partition(".")[2])


def _found(name: str) -> bool:
    """Say whether Keras has a public name; nothing is imported for it."""
    at = keras
    for part in name.split("."):
        at = getattr(at, part, None)
        if at is None:
            return False
    return True
