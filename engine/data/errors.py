"""The one error of this package: data that cannot be used, said so that a person can go on."""

from __future__ import annotations

from kerastui.engine.project.problems import Problem


class DataError(ValueError):
    """Say what is wrong with the data, where, and what to do next.

    Args:
        what: What is wrong, without a full stop.
        where: File, with line or column where it is known.
        hint: What to do next, a sentence.
    """

    def __init__(self, what: str, where: str, hint: str) -> None:
        super().__init__(f"{where}: {what}. {hint}")
        self.what = what
        self.where = where
        self.hint = hint

    @property
    def problem(self) -> Problem:
        """The same as an entry for the list of problems of the data stage."""
        return Problem("error", "data", "", f"{self.where}: {self.what}", self.hint)
