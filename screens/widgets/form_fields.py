"""What a form shows: fields, headings, notes and rules, as plain values."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from kerastui.screens.widgets.choose import Choice
from kerastui.screens.widgets.ink import Line

FieldKind: TypeAlias = Literal["text", "choice", "switch", "action", "readonly"]


class Field(msgspec.Struct, frozen=True):
    """Describe a field.

    Args:
        key: Its stable name, unique in the form.
        label: Its label.
        value: Its value as shown; of an action what stands where values stand.
        kind: `"text"`, `"choice"`, `"switch"`, `"action"` (a row that does something) or `"readonly"`.
        on: State of a switch.
        changed: Whether the value differs from the default.
        indent: How far the label is set in, two cells each.
        choices: What a choice can be; `edit_text` of the field is the current one.
        aside: Muted words at the right: a unit, or what the value comes to.
        problem: What is wrong with the value; shown behind it where there is room.
        severity: How bad that is.
        repair: Words of the repair that `f` applies; `""` is none.
        help: Its help, in Markdown.
        raw: The text the editor starts with, where it differs from `value`; `None` is `value`.
        opens: Whether fields of its own follow it, and how they start: `"open"` or `"closed"`; `""` is none.
        under: Key of the field that it is one of; `""` for none.
    """

    key: str
    label: str
    value: str = ""
    kind: FieldKind = "text"
    on: bool = False
    changed: bool = False
    indent: int = 0
    choices: tuple[Choice, ...] = ()
    aside: str = ""
    problem: str = ""
    severity: Literal["error", "warning"] = "error"
    repair: str = ""
    help: str = ""
    raw: str | None = None
    opens: Literal["", "open", "closed"] = ""
    under: str = ""

    @property
    def edit_text(self) -> str:
        """The text the editor starts with."""
        return self.value if self.raw is None else self.raw


class Heading(msgspec.Struct, frozen=True):
    """Describe a heading; the fields up to the next heading or rule fold under it.

    Args:
        key: Its stable name, unique in the form.
        title: Its words.
        count: What stands muted behind them, say a number or `"none"`.
    """

    key: str
    title: str
    count: str = ""


class Note(msgspec.Struct, frozen=True):
    """Describe a line of text.

    Args:
        line: The text.
        indent: How far it is set in, two cells each.
    """

    line: Line = ""
    indent: int = 0


class Rule(msgspec.Struct, frozen=True):
    """Describe a `─` line between groups that differ in kind."""


FormRow: TypeAlias = "Field | Heading | Note | Rule"
