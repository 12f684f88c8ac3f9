"""What is wrong with a project, and where: one shape for every check."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

import msgspec

Severity: TypeAlias = Literal["error", "warning", "note"]
Stage: TypeAlias = Literal["data", "build", "configure"]

ALL_WIRES = -1
"""Slot of a repair that concerns every input of a call."""


class Repair(msgspec.Struct, frozen=True):
    """Describe an edit that puts a problem right, so that one key applies it.

    Args:
        label: What it does, short: `set input shape (8, 8)`.
        kind: `"insert"` (a layer of class `name` with the arguments `value` on a wire of the call `target`),
            `"argument"` (of the layer `target`), `"layer"` (class and arguments of the layer `target`), `"call"` (what
            the call `target` takes), `"delete"` (the nodes `value`), `"rename"` (the node `target`), `"shape"` or
            `"dtype"` (of the input `target`), `"output"` (make `target` one), `"loss"` (the loss of the output
            `target` itself, by class name), `"loss-argument"` (an argument of that loss) or `"trust"` (the project's
            own code is run from now on: no edit, and asked before).
        target: Place of a call, layer or input, or name of an output.
        name: Class of the layer to insert, or name of the argument.
        value: New value: an argument's value, a shape, a name, a `Spec`, a `Call`, or ids.
        slot: Which wire of the call a layer is inserted on; `ALL_WIRES` joins all its inputs in it.
    """

    label: str
    kind: Literal[
        "insert",
        "argument",
        "layer",
        "call",
        "delete",
        "rename",
        "shape",
        "dtype",
        "output",
        "loss",
        "loss-argument",
        "trust",
    ]
    target: str
    name: str = ""
    value: Any = None
    slot: int = 0


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
    return by_severity(dict.fromkeys(found))


def by_severity(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems in an order in which those that stop a run come first."""
    ranks = {"error": 0, "warning": 1, "note": 2}
    return sorted(problems, key=lambda item: ranks[item.severity])
