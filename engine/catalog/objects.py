"""Make Keras's own objects from the document: layers, optimizers, losses, …, with the objects inside them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from inspect import isfunction
from typing import Any, TypeAlias

from kerastui.engine.catalog.catalog import MODULES, NESTED, Entry, Kind, catalog
from kerastui.engine.catalog.check import FOREIGN, check_config, check_spec, foreign_code
from kerastui.engine.custom.objects import own_object
from kerastui.engine.project.document import MODEL, Spec, Value

TABLES = ("IntegerLookup", "StringLookup", "TextVectorization")
"""Layers that count the words of their table when they are made; in a graph that number would be a tensor."""

Inside: TypeAlias = Callable[[Spec], Any]
"""Makes the model that a `Spec` of class `MODEL` names."""


def build_object(spec: Spec, kind: Kind, name: str = "", inside: Inside | None = None, within: str = "") -> Any:
    """Call the constructor that a `Spec` names. Imports Keras (6 s the first time).

    Args:
        spec: Class and arguments; objects among the arguments are made first.
        kind: Kind of the object; an `"activation"` gives the function.
        name: Name given to a layer (or loss, metric, optimizer); `""` lets Keras choose.
        inside: Makes a model of the project where one stands among the arguments, as in `TimeDistributed`. Defaults to
            `None`: there are none.
        within: Name of the layer that it is: those among its arguments are named after it, `rnn_cell`. Defaults to
            `""`: Keras numbers them through the whole process.

    Returns:
        The object.

    Raises:
        ValueError: The class or an argument is unknown or missing, or Keras refuses a value. The message names the
            class, and the argument where it is known.

    Example:
        >>> build_object(Spec("Dense", {"units": 10, "kernel_regularizer": Spec("L2", {"l2": 1e-4})}), "layer")
    """
    entry = catalog().get(kind, spec.class_name)
    if entry is None:
        raise ValueError(check_spec(kind, spec))
    _check_names(entry, spec)
    made = own_object(entry.name) if entry.code else getattr(import_module(MODULES[kind]), entry.name)
    if kind == "activation" or isfunction(made):
        return made
    arguments = {key: _build_value(value, entry, key, inside, within) for key, value in spec.config.items()}
    try:
        with _place(entry):
            return made(**arguments, **({"name": name} if name else {}))
    except Exception as error:  # Keras and TensorFlow raise whatever they like for a value they refuse.
        raise ValueError(_refusal(entry, spec, error)) from error


def _place(entry: Entry) -> AbstractContextManager[None]:
    """Return where an object is made: a layer with a table outside of the graph that a check builds in."""
    if entry.name not in TABLES:
        return nullcontext()
    from kerastui.engine.keras_private import outside_graphs

    return outside_graphs()


def _check_names(entry: Entry, spec: Spec) -> None:
    """Refuse unknown and missing arguments, and foreign code; whether a value will do is for Keras to say."""
    if entry.name in FOREIGN:
        raise ValueError(foreign_code(entry.name))
    if entry.kind == "activation" and spec.config:
        raise ValueError(f"{entry.name}: an activation is given by name alone; the layer of that name takes arguments")
    known = {argument.name: argument for argument in entry.arguments}
    code = [name for name in spec.config if name in known and known[name].type == "code"]
    if code:
        raise ValueError(f"{entry.name} {code[0]}: it takes Python code, which a project cannot hold")
    missing = any(each.required and each.name not in spec.config for each in entry.arguments)
    if entry.kind != "activation" and (missing or not known.keys() >= spec.config.keys()):
        raise ValueError(f"{entry.name}: {check_config(entry, spec.config)[0]}")


def _build_value(value: Value, entry: Entry, name: str, inside: Inside | None, within: str) -> Any:
    argument = entry.argument(name)
    kind = NESTED.get(argument.type, "layer") if argument else "layer"
    if isinstance(value, Spec):
        if value.class_name == MODEL and inside is not None:
            return inside(value)  # it keeps the id of its graph as its name
        inner = f"{within}_{name}" if within and kind == "layer" else ""
        try:
            made = build_object(value, kind, "", inside, inner)
        except ValueError as error:
            raise ValueError(f"{entry.name} {name}: {error}") from error
        if inner:
            made.name = inner
        return made
    if isinstance(value, tuple):
        named = enumerate(value, 1)
        return tuple(
            _build_value(item, entry, name, inside, f"{within}_{place}" if within else "") for place, item in named
        )
    return value


def _refusal(entry: Entry, spec: Spec, error: Exception) -> str:
    """Say which class and argument Keras refused, and its reason without the traceback."""
    reason = " ".join(str(error).split()) or type(error).__name__
    named = [key for key in spec.config if f"`{key}`" in reason or f"{key}=" in reason]
    named = named or [key for key, value in spec.config.items() if str(value) in reason] or list(spec.config)
    return f"{entry.name}{f' {named[0]}' if len(named) == 1 else ''}: {reason}"
