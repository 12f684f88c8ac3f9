"""Values of the document as short Python literals: `3`, `3e-4`, `true`, `none`, `(3, 3)`, `relu`, `L2(l2=1e-4)`."""

from __future__ import annotations

import ast
import math
import warnings
from keyword import iskeyword
from typing import Final

from kerastui.engine.catalog.catalog import NESTED, Kind, catalog
from kerastui.engine.project.document import Spec, Value

_CONSTANTS: Final[dict[str, bool | float | None]] = {
    "none": None,
    "true": True,
    "false": False,
    "inf": math.inf,
    "nan": math.nan,
}
_SIGNS: Final = frozenset("()[]{}'\"`,=\\")
"""Signs that a bare word has not: a text with one of them that is no literal is a mistake in a literal."""


def format_value(value: Value) -> str:
    """Write a value as the text that `parse_value` reads as the same value.

    Args:
        value: Value of the document.

    Returns:
        `3e-4`, `(3, 3)`, `none`, `relu`, `L2(l2=1e-4)`; a text is quoted only where it could be read as something else.
    """
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return _format_float(value)
    if isinstance(value, str):
        return value if _is_plain(value) else repr(value)
    if isinstance(value, tuple):
        items = ", ".join(_format_item(item) for item in value)
        return f"({items},)" if len(value) == 1 else f"({items})"
    if isinstance(value, Spec):
        arguments = ", ".join(f"{name}={_format_item(item)}" for name, item in value.config.items())
        return f"{value.class_name}({arguments})"
    return str(value)


def read_literal(text: str, kind: Kind | None = None) -> Value:
    """Read a literal; a text that is none and has no sign of one is a word.

    Args:
        text: Stripped text.
        kind: Kind of the object whose arguments may be given without names.

    Raises:
        ValueError: The text begins as a literal and is not one.
    """
    try:
        with warnings.catch_warnings():
            # A half-typed literal may be doubtful Python; nobody runs it.
            warnings.simplefilter("ignore")
            return _convert(ast.parse(text, mode="eval").body, kind)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if not _SIGNS.isdisjoint(text) or isinstance(error, RecursionError | MemoryError):
            reason = str(error) if type(error) is ValueError else "It is not complete"
            raise ValueError(reason) from None
        return text


def _convert(node: ast.expr, kind: Kind | None) -> Value:
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None as constant):
            return constant
        case ast.Name(id=name):
            return _CONSTANTS.get(name.lower(), name)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
            value = _convert(operand, kind)
            if isinstance(value, int | float) and not isinstance(value, bool):
                return -value if isinstance(sign, ast.USub) else value
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return tuple(_convert(item, kind) for item in items)
        case ast.Call(func=ast.Name(id=name), args=given, keywords=named):
            return _convert_call(name, given, named, kind)
    raise ValueError("Only numbers, texts, tuples and objects such as L2(l2=1e-4) are values")


def _convert_call(name: str, given: list[ast.expr], named: list[ast.keyword], kind: Kind | None) -> Spec:
    entry = catalog().get(kind, name) if kind else None
    known = {argument.name: argument for argument in entry.arguments} if entry else {}
    if len(given) > len(known):
        raise ValueError(f"Name the arguments of {name}, as in {name}(argument=1)")
    pairs = list(zip(known, given, strict=False))
    pairs += [(each.arg, each.value) for each in named if each.arg is not None]
    if len(pairs) < len(given) + len(named) or len(dict(pairs)) < len(pairs):
        raise ValueError(f"Each argument of {name} is given once, by name")
    inner = {key: NESTED.get(known[key].type) if key in known else None for key, _ in pairs}
    return Spec(name, {key: _convert(item, inner[key]) for key, item in pairs})


def _format_float(value: float) -> str:
    text = repr(value)
    if 0 < abs(value) < 0.01 and "e" not in text:
        digits = text.lstrip("-").removeprefix("0.")
        figures = digits.lstrip("0")
        mantissa = figures[0] + (f".{figures[1:]}" if len(figures) > 1 else "")
        text = f"{'-' if value < 0 else ''}{mantissa}e-{len(digits) - len(figures) + 1}"
    return text.replace("e-0", "e-").replace("e+", "e")


def _format_item(value: Value) -> str:
    """Write a value inside another one, where only a name of Python can do without quotes."""
    if isinstance(value, str) and not (value.isidentifier() and not iskeyword(value) and _is_plain(value)):
        return repr(value)
    return format_value(value)


def _is_plain(text: str) -> bool:
    """Say whether a text without quotes is read as itself."""
    try:
        return bool(text) and text == text.strip() and read_literal(text) == text
    except ValueError:
        return False
