"""What is typed into the field of an argument, as a value of the document and back."""

from __future__ import annotations

from typing import Final

from kerastui.engine.catalog.catalog import NESTED, Argument, catalog
from kerastui.engine.catalog.check import check_value, is_whole, takes
from kerastui.engine.catalog.literals import format_value, read_literal
from kerastui.engine.project.document import Spec, Value

__all__ = ["format_value", "parse_value"]

_SWITCH: Final = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


def parse_value(argument: Argument, text: str) -> Value:
    """Read what was typed into the field of an argument.

    Args:
        argument: Argument of the catalog.
        text: Typed text, such as `3e-4`, `3, 3`, `none`, `same` or `L2(1e-4)`.

    Returns:
        The value, of the type the argument takes.

    Raises:
        ValueError: The text is no value that the argument takes; the message says what it takes.

    Example:
        >>> from kerastui.engine.catalog.catalog import catalog
        >>> parse_value(catalog().layer("Conv2D").argument("kernel_size"), "3, 3")
        (3, 3)
    """
    typed = text.strip()
    try:
        value = _fit(argument, _read(argument, typed))
    except ValueError as error:
        raise ValueError(f"{argument.name} takes {takes(argument)}. {error}. Received: {typed!r}") from None
    if problem := check_value(argument, value, typed):
        raise ValueError(problem)
    return value


def _read(argument: Argument, text: str) -> Value:
    """Read a typed text: as it stands where the argument takes a text, else as a literal."""
    if not text:
        raise ValueError("Nothing was typed")
    if argument.nullable and text.lower() == "none":
        return None
    if argument.type == "bool":
        return _SWITCH.get(text.lower(), text)
    if argument.type in ("str", "choice", "dtype"):
        return _unquote(text)
    return read_literal(text, NESTED.get(argument.type))


def _unquote(text: str) -> str:
    if text[0] in "'\"":
        try:
            value = read_literal(text)
        except ValueError:
            return text
        return value if isinstance(value, str) else text
    return text


def _fit(argument: Argument, value: Value) -> Value:
    """Turn a number into the kind of number the argument takes, where nothing is lost; also inside objects."""
    if isinstance(value, Spec):
        kind = NESTED.get(argument.type)
        entry = catalog().get(kind, value.class_name) if kind else None
        known = {each.name: each for each in entry.arguments} if entry else {}
        config = {name: _fit(known[name], item) if name in known else item for name, item in value.config.items()}
        return Spec(value.class_name, config)
    if argument.type in ("float", "schedule-or-float") and is_whole(value):
        return float(value)
    if argument.type == "int" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value
