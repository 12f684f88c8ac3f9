"""Refuse a configuration before anything of it is built: classes nobody knows, all at once; and code, in safe mode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kerastui.engine.saving.bridge.lookup import DATA, GRAPH_OPERATIONS, built_in, custom_name, is_known_name
from kerastui.engine.saving.errors import UnknownObjectsError, UnsafeFileError


def refuse_what_cannot_be(config: Mapping[str, Any], custom_objects: Mapping[str, Any], safe_mode: bool) -> None:
    """Raise for the unknown classes and functions of a model's configuration, and for its lambdas.

    Args:
        config: What Keras 2 wrote for a model, layer, loss, metric or optimizer.
        custom_objects: Classes and functions by name.
        safe_mode: Whether to refuse Python code kept in the file.

    Raises:
        UnknownObjectsError: If it needs classes or functions that nobody knows; names all of them.
        UnsafeFileError: If it holds code, and `safe_mode` is on.
    """
    unknown: dict[str, list[str]] = {}
    code: list[str] = []
    for kind, name, owner, own in _mentions(config, ""):
        if kind == "code":
            code.append(owner)
        elif not _is_known(kind, name, own, custom_objects) and owner not in unknown.setdefault(name, []):
            unknown[name].append(owner)
    if code and safe_mode:
        raise UnsafeFileError(
            f"Layer {_list(code)} keeps Python code in the file (a lambda), which opening it would run. If you trust "
            "where the file comes from, pass `safe_mode=False`. Nothing was run. Received: safe_mode=True"
        )
    if unknown:
        needs = "; ".join(f"{name} (needed by {_list(owners)})" for name, owners in unknown.items())
        first = next(iter(unknown))
        raise UnknownObjectsError(
            f"The file needs classes or functions that neither Keras 3 nor `custom_objects` has: {needs}. Pass them by "
            f"name, as custom_objects={{{first!r}: {first.rpartition('>')[2]}}}, or register them with "
            f"`keras.saving.register_keras_serializable`. Received: custom_objects={sorted(custom_objects)}"
        )


def _is_known(kind: str, name: str, config: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> bool:
    if kind == "class":
        if custom_name(config, custom_objects) is not None or built_in(name) is not None:
            return True
        return name.rpartition(">")[2] in DATA | GRAPH_OPERATIONS
    return name in custom_objects or is_known_name(name, kind)


def _mentions(value: Any, owner: str) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    """Yield each class, activation and piece of code: its kind, name, the layer that needs it, its configuration."""
    if isinstance(value, Mapping):
        inner = value.get("config")
        if "class_name" in value and ("config" in value):
            own = inner.get("name") if isinstance(inner, Mapping) else None
            owner = own if isinstance(own, str) else owner or str(value["class_name"])
            yield "class", str(value["class_name"]), owner, value
            if _is_code(value):
                yield "code", "", owner, value
        for key, part in value.items():
            if key in ("activation", "recurrent_activation") and isinstance(part, str):
                yield "activation", part, owner, {}
            elif key not in ("inbound_nodes", "input_layers", "output_layers", "build_config", "compile_config"):
                yield from _mentions(part, owner)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _mentions(part, owner)


def _is_code(config: Mapping[str, Any]) -> bool:
    inner = config.get("config")
    if config["class_name"] == "__lambda__":
        return True
    if config["class_name"] != "Lambda" or not isinstance(inner, Mapping):
        return False
    return any(isinstance(inner.get(part), list) for part in ("function", "mask")) or "lambda" in (
        inner.get("function_type"),
        inner.get("output_shape_type"),
    )


def _list(owners: list[str]) -> str:
    return ", ".join(repr(owner) for owner in dict.fromkeys(owners))
