"""What is wrong with a project, and where: one shape for every check."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Severity: TypeAlias = Literal["error", "warning", "note"]
Stage: TypeAlias = Literal["data", "build", "configure"]


class Problem(msgspec.Struct, frozen=True):
    """Say what is wrong, where, and what to do next.

    Args:
        severity: `"error"` stops a run, `"warning"` makes it doubtful, `"note"` only tells.
        stage: Screen on which it is put right.
        subject: Id of the input or call, name of the column or argument it is about; `""` is the whole stage.
        what: What is wrong, one line without a full stop.
        hint: What to do next, one line; `""` when `what` says it.
    """

    severity: Severity
    stage: Stage
    subject: str
    what: str
    hint: str = ""
