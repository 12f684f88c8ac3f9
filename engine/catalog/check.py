"""What is wrong with the arguments of a class, in plain words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Final, TypeGuard

from kerastui.engine.catalog.catalog import NESTED, Argument, ArgumentType, Entry, Kind, catalog
from kerastui.engine.catalog.literals import format_value
from kerastui.engine.custom.files import is_own
from kerastui.engine.project.document import Spec, Value

_TAKES: Final[dict[ArgumentType, str]] = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "number": "a number",
    "str": "a text",
    "dtype": "a data type, such as float32",
    "int-tuple": "whole numbers, such as 3 or (3, 3)",
    "number-tuple": "a number or a tuple of them, such as 0.2 or (0.1, 0.3)",
    "shape": "a shape, such as (28, 28, 1)",
    "axis": "an axis or several, such as -1 or (1, 2)",
    "list": "a list, such as (1, 2)",
    "activation": "an activation, such as relu",
    "initializer": "an initializer, such as he_normal or RandomNormal(stddev=0.02)",
    "regularizer": "a regularizer, such as L2(l2=1e-4)",
    "constraint": "a constraint, such as MaxNorm(max_value=2)",
    "schedule-or-float": "a number or a schedule, such as 1e-3 or ExponentialDecay(0.1, 1000, 0.9)",
    "layer": "a layer, such as LSTM(units=32)",
    "optimizer": "an optimizer, such as Adam(learning_rate=1e-3)",
    "code": "Python code, which a project file cannot hold",
    "any": "a value, such as 1, (1, 2) or text",
}

FOREIGN: Final = frozenset({"TFSMLayer"})
"""Classes whose arguments load a program from disk: opening, checking or training a project must run none unasked."""


def foreign_code(name: str) -> str:
    """Say why a class of `FOREIGN` is refused."""
    return f"{name} runs a program from a file, which a project may not do; delete it"


def takes(argument: Argument) -> str:
    """Say in plain words what an argument takes: `a whole number above 0`.

    Args:
        argument: Argument of the catalog.
    """
    said = f"one of {', '.join(argument.choices)}" if argument.type == "choice" else _TAKES[argument.type]
    said, such_as, examples = said.partition(", such as ")
    low, high = argument.minimum, argument.maximum
    if low is not None and high is not None:
        said += f" from {format_value(low)} to {format_value(high)}"
    elif low is not None:
        said += " above 0" if low == 1 else f" from {format_value(low)} on"
    return said + such_as + examples + (", or none" if argument.nullable else "")


def check_value(argument: Argument, value: Value, typed: str = "") -> str:
    """Say what is wrong with a value of an argument; `""` if nothing.

    Args:
        argument: Argument of the catalog.
        value: Value of the document.
        typed: Text to name in the message; `""` names the value.
    """
    kind = NESTED.get(argument.type)
    if kind is not None and isinstance(value, Spec):
        return _within(argument, check_spec(kind, value))
    if argument.type == "list" and isinstance(value, tuple):
        return next((_within(argument, found) for item in value if (found := _check_item(item))), "")
    if _suits(argument, value):
        return ""
    hint = ""
    if isinstance(value, str):
        known = argument.choices if argument.type == "choice" else _names(kind) if kind and kind != "layer" else ()
        own = catalog().get(kind, value) if kind else None
        hint = f"; write {{ class = {value!r} }}" if own is not None and own.code else suggest(value, known)
    received = repr(typed) if typed else format_value(value)
    return f"{argument.name} takes {takes(argument)}. Received: {received}{hint}"


def check_spec(kind: Kind, spec: Spec) -> str:
    """Say what is wrong with an object and its arguments; `""` if nothing.

    Args:
        kind: Kind of the object.
        spec: Class and arguments.
    """
    entry = catalog().get(kind, spec.class_name)
    if entry is None and catalog().own is None and is_own(spec.class_name):
        return ""  # the code has not been read yet
    if entry is None:
        return f"no {kind} named {spec.class_name}{suggest(spec.class_name, _names(kind))}"
    return next(iter(check_config(entry, spec.config)), "")


def check_config(entry: Entry, config: Mapping[str, Value]) -> list[str]:
    """Find what is wrong with the arguments of a class.

    Args:
        entry: Entry of the catalog.
        config: Arguments by name.

    Returns:
        One short line for each problem: unknown arguments, missing ones, wrong values. Empty if all is well.

    Example:
        >>> check_config(catalog().layer("Dense"), {"unit": 3})
        ['Dense has no argument unit; did you mean units?', 'units is missing: it takes a whole number above 0']
    """
    if entry.name in FOREIGN:
        return [foreign_code(entry.name)]
    known = [argument.name for argument in entry.arguments]
    problems = [f"{entry.name} has no argument {name}{suggest(name, known)}" for name in config if name not in known]
    for argument in entry.arguments:
        if argument.name in config:
            problem = check_value(argument, config[argument.name])
        else:
            problem = f"{argument.name} is missing: it takes {takes(argument)}" if argument.required else ""
        problems += [problem] if problem else []
    return problems


def suggest(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean …?` for the known name that is nearest, or `""`."""
    names = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    return f"; did you mean {names[near[0]]}?" if near else ""


def _within(argument: Argument, problem: str) -> str:
    return f"{argument.name}: {problem}" if problem else ""


def _check_item(item: Value) -> str:
    return check_spec("layer", item) if isinstance(item, Spec) else ""


def _names(kind: Kind) -> tuple[str, ...]:
    entries = catalog().of(kind)
    return tuple(entry.name for entry in entries) + tuple(alias for entry in entries for alias in entry.aliases)


def _suits(argument: Argument, value: Value) -> bool:
    """Say whether a value that holds no object is one the argument takes."""
    if value is None:
        return argument.nullable
    numbers = tuple(_flat(value))
    match argument.type:
        case "any":
            return True
        case "bool":
            return isinstance(value, bool)
        case "int":
            return is_whole(value) and _in_range(argument, value)
        case "float" | "number" | "schedule-or-float":
            return _is_number(value) and _in_range(argument, value)
        case "int-tuple":
            return all(is_whole(item) and _in_range(argument, item) for item in numbers)
        case "axis":
            return all(is_whole(item) for item in numbers)
        case "number-tuple":
            return all(_is_number(item) for item in numbers)
        case "shape":
            return all(item is None or is_whole(item) for item in numbers)
        case "choice":
            return value in argument.choices
        case "str" | "dtype":
            return isinstance(value, str)
        case "activation" | "initializer" | "regularizer" | "constraint" | "optimizer":
            # Keras finds its own objects by name; of the project's own a text says nothing to it.
            known = catalog().get(NESTED[argument.type], value) if isinstance(value, str) else None
            return known is not None and not known.code
        case _:
            return False


def _flat(value: Value) -> Iterable[Value]:
    if isinstance(value, tuple):
        for item in value:
            yield from _flat(item)
    else:
        yield value


def is_whole(value: Value) -> TypeGuard[int]:
    """Say whether a value is a whole number; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _in_range(argument: Argument, value: Value) -> bool:
    if not isinstance(value, int | float):
        return False
    low, high = argument.minimum, argument.maximum
    return (low is None or value >= low) and (high is None or value <= high)
