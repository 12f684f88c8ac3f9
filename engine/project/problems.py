"""What is wrong with a project, and where: one shape for every check."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

import msgspec

Severity: TypeAlias = Literal["error", "warning", "note"]
Stage: TypeAlias = Literal["data", "build", "configure"]


class Repair(msgspec.Struct, frozen=True):
    """Describe an edit that puts a problem right, so that one key applies it.

    Args:
        label: What it does, short: `set input shape (8, 8)`.
        kind: `"insert"` (a layer of class `name` before the call `target`), `"argument"` (of the layer `target`),
            `"shape"` (of the input `target`), `"loss"` (the loss of the output `target` itself, by class name),
            `"loss-argument"` (an argument of that loss) or `"trust"` (the project's own code is run from now on: no
            edit, and asked before).
        target: Id of a call, layer or input, or name of an output.
        name: Class of the layer to insert, or name of the argument.
        value: New value: an argument's value, or a shape.
    """

    label: str
    kind: Literal["insert", "argument", "shape", "loss", "loss-argument", "trust"]
    target: str
    name: str = ""
    value: Any = None


class Problem(msgspec.Struct, frozen=True):
    """Say what is wrong, where, and what to do next.

    Args:
        severity: `"error"` stops a run, `"warning"` makes it doubtful, `"note"` only tells.
        stage: Screen on which it is put right.
        subject: Id of the input or call, name of the column or argument it is about; `""` is the whole stage.
        what: What is wrong, one line without a full stop.
        hint: What to do next, one line; `""` when `what` says it.
        repair: An edit that puts it right, where one is known.
    """

    severity: Severity
    stage: Stage
    subject: str
    what: str
    hint: str = ""
    repair: Repair | None = None


def together(document: Iterable[Problem], engine: Iterable[Problem]) -> list[Problem]:
    """Put the problems of the document and of the engine's check together, those that stop a run first.

    Args:
        document: What the document and its data tell. Where it finds an error in a call, Keras finds it too.
        engine: What came of building the calls.
    """
    found = list(document)
    known = {item.subject for item in found if item.severity == "error" and item.stage == "build"}
    found += [item for item in engine if item.subject not in known]
    ranks = {"error": 0, "warning": 1, "note": 2}
    return sorted(dict.fromkeys(found), key=lambda item: ranks[item.severity])
