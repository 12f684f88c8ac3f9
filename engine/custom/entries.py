"""Describe the classes of a file of code as the catalog describes Keras's. Imports Keras."""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Iterator, Mapping
from inspect import Parameter
from types import ModuleType
from typing import Any, Final, Literal, NamedTuple, Union, get_args, get_origin

from msgspec.structs import replace

from kerastui.engine.catalog import docstrings, rules
from kerastui.engine.catalog.catalog import MODULES, NESTED, Argument, ArgumentType, Entry, Kind, catalog
from kerastui.engine.catalog.introspect import ROOTS, describe, usable
from kerastui.engine.custom.files import Fault
from kerastui.engine.keras_private import keras
from kerastui.engine.models.model import Model

CATEGORY: Final = "my layers"
"""Group of the palette in which layers of a project's own are."""

_TYPES: Final[Mapping[Any, ArgumentType]] = {bool: "bool", int: "int", float: "float", str: "str"}
_PLAIN: Final = (bool, int, float, str, type(None))
_FUNCTIONS: Final[Mapping[tuple[Kind, ...], list[str]]] = {
    ("loss", "metric"): ["y_true", "y_pred"],
    ("activation",): ["x"],
}
"""Parameters that a function must be given, by what it is for."""


class Described(NamedTuple):
    """What a file gives.

    Args:
        entries: Entries of its public classes and functions.
        objects: The classes and functions, by name of the entry.
        notes: What should be known of them.
    """

    entries: tuple[Entry, ...]
    objects: dict[str, Any]
    notes: tuple[Fault, ...]


def describe_module(module: ModuleType, file: str, content: bytes) -> Described:
    """Describe the public classes that a file defines, and its functions of `y_true` and `y_pred`, or of `x`.

    What it gives is registered with Keras under the name of the file, so that a model file names it `layers>Scale`.

    Args:
        module: The file, run.
        file: Its name, as it is listed.
        content: What is in it.
    """
    lines = _lines(content)
    entries: list[Entry] = []
    objects: dict[str, Any] = {}
    notes: list[Fault] = []
    for key, item in vars(module).items():
        if getattr(item, "__module__", None) != module.__name__ or getattr(item, "__name__", None) != key:
            continue
        line = lines.get(key, 0)
        if not key.startswith("_"):
            name = f"{module.__name__}.{key}"
            try:
                found = list(_entries(item, name, Fault(file, "", line).place))
            except Exception as error:  # constructors and signatures can be anything
                notes.append(Fault(file, f"{key} cannot be offered: {type(error).__name__}: {error}", line))
                continue
            entries += found
            objects |= {name: item} if found else {}
            notes += [Fault(file, text, line) for text in _notes(key, item, found)]
        _register(module.__name__, item)
    return Described(tuple(entries), objects, tuple(notes))


def forget_registered(module: ModuleType) -> None:
    """Take what a file registered with Keras away, before another takes its place."""
    known = keras.saving.get_custom_objects()
    for name, item in list(known.items()):
        if getattr(item, "__module__", None) == module.__name__ and vars(module).get(item.__name__) is item:
            del known[name]


def _register(package: str, item: Any) -> None:
    serialised = inspect.isfunction(item) or (inspect.isclass(item) and hasattr(item, "get_config"))
    if serialised and keras.saving.get_registered_name(item) == item.__name__:  # else it has registered itself
        keras.saving.register_keras_serializable(package)(item)


def _entries(item: Any, name: str, place: str) -> Iterator[Entry]:
    if inspect.isfunction(item):
        summary = (inspect.getdoc(item) or "").partition("\n")[0]
        for kind in _uses(list(inspect.signature(item).parameters.values())):
            yield Entry(kind, name, summary=summary, code=place)
        return
    found = _kind(item)
    if found is not None:
        yield _described(found, item, name, place)


def _uses(parameters: list[Parameter]) -> tuple[Kind, ...]:
    """Return what a function is for, by the names that Keras gives to the parameters of its own."""
    for kinds, names in _FUNCTIONS.items():
        rest = parameters[len(names) :]
        if [each.name for each in parameters[: len(names)]] == names:
            return kinds if all(each.default is not Parameter.empty for each in rest) else ()
    return ()


def _kind(item: Any) -> Kind | None:
    """Return what a class is for: a model whose `call` is the graph's is a class of whole models."""
    if not inspect.isclass(item):
        return None
    if issubclass(item, keras.Model) and getattr(item, "call", None) is keras.Model.call:
        return "model" if issubclass(item, Model) else None
    return next((kind for kind in ROOTS if issubclass(item, ROOTS[kind][0]) and usable(kind, item)), None)


def _described(kind: Kind, item: Any, name: str, place: str) -> Entry:
    if kind == "model":
        said = docstrings.read(item.__doc__ or "")
        return Entry(kind, name, summary=said.summary, help=said.help, code=place)
    annotations = _annotations(item.__init__)

    def rule(kind: Kind, argument: str, default: Any, text: str) -> Argument:
        return _argument(kind, argument, default, text, annotations.get(argument))

    entry = describe(kind, name, item, rule=rule)
    entry = replace(entry, category=CATEGORY if kind == "layer" else "", code=place)
    return replace(entry, inputs="list") if kind == "layer" and _takes_list(item) else entry


def _argument(kind: Kind, name: str, default: Any, text: str, annotation: Any) -> Argument:
    """Describe an argument by the rules for Keras, and where these know no better by its annotation."""
    if default is not Parameter.empty and not _is_plain(default):
        # An object stays as the class has it.
        return Argument(name, "code", nullable=True, help=text)
    found: Argument = rules.argument(kind, name, default, text)
    members = [each for each in get_args(annotation) if each is not type(None)]
    if get_origin(annotation) in (Union, types.UnionType):
        found = replace(found, nullable=found.nullable or len(members) < len(get_args(annotation)))
        annotation = members[0] if len(members) == 1 else None
    if found.type in NESTED or found.type in ("axis", "shape", "dtype"):
        return found
    if get_origin(annotation) is Literal and all(isinstance(each, str) for each in get_args(annotation)):
        return replace(found, type="choice", choices=get_args(annotation))
    if get_origin(annotation) is tuple:
        whole = all(each in (int, ...) for each in get_args(annotation))
        return replace(found, type="int-tuple" if whole else "number-tuple")
    return replace(found, type=_TYPES[annotation]) if annotation in _TYPES else found


def _is_plain(default: Any) -> bool:
    if isinstance(default, list | tuple):
        return all(_is_plain(each) for each in default)
    return type(default) in _PLAIN


def _annotations(function: Any) -> dict[str, Any]:
    """Return the annotations of a function; those that cannot be understood are left out."""
    try:
        return inspect.get_annotations(inspect.unwrap(function), eval_str=True)
    except Exception:  # names that are imported for the type checker alone, or anything else
        return {}


def _takes_list(item: Any) -> bool:
    """Tell whether the first tensor argument of `call` is annotated as a list."""
    parameters = list(inspect.signature(item.call).parameters.values())[1:2]
    annotation = _annotations(item.call).get(parameters[0].name) if parameters else None
    return (get_origin(annotation) or annotation) in (list, tuple)


def _notes(key: str, item: Any, found: list[Entry]) -> Iterator[str]:
    for entry in found[:1]:
        if entry.kind in MODULES and catalog().get(entry.kind, key) is not None:
            yield f"{key} is also a {entry.kind} of Keras; yours is {entry.name}"
    if inspect.isclass(item) and issubclass(item, keras.Model) and not issubclass(item, Model) and not found:
        yield f"{key} is no class for the whole model: derive it from kerastui.engine.Model, not from keras.Model"


def _lines(content: bytes) -> dict[str, int]:
    """Return the line of each class and function of a file that was run."""
    nodes = ast.walk(ast.parse(content))
    kinds = ast.ClassDef | ast.FunctionDef
    return {node.name: node.lineno for node in nodes if isinstance(node, kinds) and node.col_offset == 0}
