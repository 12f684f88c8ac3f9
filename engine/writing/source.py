"""Python expressions, laid out as ruff and black lay them out: on one line, or bracket by bracket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

WIDTH = 88
"""Columns of a line, as ruff and black have them unless told otherwise."""

STEP = "    "


class Bracket(NamedTuple):
    """Hold what stands between two brackets.

    Args:
        opening: `(`, `[` or `{`.
        items: What stands between commas.
        is_call: They are arguments of a call, which may share a line of their own; others stand one a line.
    """

    opening: str
    items: tuple[Expression, ...]
    is_call: bool = False

    @property
    def closing(self) -> str:
        """The bracket that ends it, after the comma by which Python knows a tuple of one."""
        end = {"(": ")", "[": "]", "{": "}"}[self.opening]
        return f",{end}" if self.opening == "(" and not self.is_call and len(self.items) == 1 else end


Expression: TypeAlias = "tuple[str | Bracket, ...]"
"""Texts and brackets, one after the other: `layers.Dense`, `(64)`, `(flatten)`."""


def text(value: str) -> Expression:
    """Return an expression that is never broken."""
    return (value,)


def call(function: str, *arguments: Expression, **named: Expression) -> Expression:
    """Return the call of a function.

    Args:
        function: What is called.
        *arguments: Arguments in order.
        **named: Arguments by name.
    """
    return (function, *applied(*arguments, **named))


def applied(*arguments: Expression, **named: Expression) -> Expression:
    """Return the arguments of a call, in their brackets; `call` without what is called."""
    return (Bracket("(", (*arguments, *(named_as(f"{name}=", item) for name, item in named.items())), True),)


def listed(items: Sequence[Expression], opening: str = "[") -> Expression:
    """Return a list, or a tuple where `opening` is a round bracket."""
    return (Bracket(opening, tuple(items)),)


def table(items: Sequence[tuple[str, Expression]]) -> Expression:
    """Return a dictionary whose keys are texts."""
    return (Bracket("{", tuple(named_as(f"{quoted(key)}: ", item) for key, item in items)),)


def named_as(before: str, expression: Expression) -> Expression:
    """Return an expression with a text before it."""
    return (before, *expression)


def quoted(value: str) -> str:
    """Return a text as Python writes it, in double quotes where that needs no more escapes than single ones."""
    written = repr(value)
    if written[0] == '"' or '"' in written:
        return written
    inner = written[1:-1].replace("\\'", "'")
    return f'"{inner}"'


def flat(expression: Expression) -> str:
    """Return an expression on one line."""
    return "".join(part if isinstance(part, str) else _flat(part) for part in expression)


def lines(before: str, expression: Expression, indent: int = 1, after: str = "") -> Iterator[str]:
    """Yield the lines of a statement.

    Args:
        before: What stands before the expression on its first line, such as `dense = `.
        expression: The expression.
        indent: Steps by which all of it is indented.
        after: What follows on its last line.
    """
    current = STEP * indent + before
    for at, part in enumerate(expression):
        if isinstance(part, str):
            current += part
        elif not part.items or _fits(current, expression[at:], after):
            current += _flat(part)
        else:
            yield current + part.opening
            yield from _broken(part, indent + 1)
            current = STEP * indent + part.closing.lstrip(",")
    yield current + after


def _fits(current: str, rest: Expression, after: str) -> bool:
    """Tell whether a bracket fits on the line, with all that follows up to where the line can be broken next."""
    reach = current + flat(rest[:1])
    for part in rest[1:]:
        if isinstance(part, Bracket) and part.items:
            return len(reach + part.opening) <= WIDTH
        reach += flat((part,))
    return len(reach + after) <= WIDTH


def _broken(bracket: Bracket, indent: int) -> Iterator[str]:
    together = ", ".join(flat(item) for item in bracket.items)
    if bracket.is_call and len(STEP * indent + together) <= WIDTH:
        yield STEP * indent + together
        return
    comma = "," if len(bracket.items) > 1 or bracket.closing.startswith(",") else ""
    for item in bracket.items:
        yield from lines("", item, indent, comma)


def _flat(bracket: Bracket) -> str:
    return bracket.opening + ", ".join(flat(item) for item in bracket.items) + bracket.closing
