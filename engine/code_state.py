"""The project's own code as it was read last, and what is wrong with it. No TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from kerastui.engine.catalog.catalog import Entry
from kerastui.engine.custom.files import Fault, code_files, is_own, stem_of
from kerastui.engine.custom.trust import is_trusted
from kerastui.engine.process.protocol import Code
from kerastui.engine.project.document import Project
from kerastui.engine.project.plain import to_plain
from kerastui.engine.project.problems import Problem, Repair

TRUST = Repair("trust this project", "trust", "")
"""Has the code run from now on, once the person has said so."""


class CodeState(msgspec.Struct, frozen=True):
    """Hold what is known of the project's own code.

    Args:
        kind: `"none"`, `"unread"` (the engine has not run it yet) or `"read"`.
        files: The files, `layers.py` first.
        entries: What they give; of a file that is broken what it gave before.
        errors: Why files cannot be run.
        notes: What should be known.
        trusted: Whether the person trusts the project, so that its code is run.
    """

    kind: Literal["none", "unread", "read"] = "none"
    files: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    errors: tuple[Fault, ...] = ()
    notes: tuple[Fault, ...] = ()
    trusted: bool = True

    @classmethod
    def of(cls, code: Code) -> CodeState:
        """Return the state after a reading."""
        kind: Literal["none", "read"] = "read" if code.files else "none"
        return cls(kind, code.files, code.entries, code.errors, code.notes, code.trusted)

    @classmethod
    def before(cls, project: Project, folder: Path) -> CodeState:
        """Return the state of a project that was just opened.

        Args:
            project: The project.
            folder: Its folder.
        """
        files = code_files(folder, project.code)
        return cls("unread", files, trusted=is_trusted(folder)) if files else cls()

    def problems(self, project: Project) -> list[Problem]:
        """Return what is wrong; what the project makes use of keeps it from training, the rest is a warning."""
        used = used_files(project) if self.errors or not self.trusted else set()
        found = []
        if not self.trusted:
            verb = "is" if len(self.files) == 1 else "are"
            what = f"{', '.join(self.files)} {verb} not run: this project came from elsewhere"
            severity: Literal["error", "warning"] = "error" if used else "warning"
            hint = "read it; if you trust the project, it is run"
            found.append(Problem(severity, "build", "", what, hint, TRUST))
        for fault in self.errors:
            severity = "error" if stem_of(fault.file) in used else "warning"
            hint = "it is read again once it is changed"
            found.append(Problem(severity, "build", fault.place, fault.what, hint))
        return [*found, *(Problem("note", "build", note.place, note.what) for note in self.notes)]


def used_files(project: Project) -> set[str]:
    """Return the files of code that a project makes use of, without their ending: `layers`."""
    return {name.rpartition(".")[0] for name in _classes(to_plain(project)) if is_own(name)} | {
        project.compile.model.rpartition(".")[0]
    } - {""}


def _classes(plain: Any) -> Iterator[str]:
    if isinstance(plain, dict):
        if isinstance(plain.get("class"), str):
            yield plain["class"]
        for item in plain.values():
            yield from _classes(item)
    elif isinstance(plain, list):
        for item in plain:
            yield from _classes(item)
