"""The journal: every edit on disk as it is made, so that a kill loses at most the last one.

`.kerastui/journal.jsonl` in the project's folder. The first line holds the text of `kerastui.toml` from which the
edits start, each further line is an edit, an undo, a redo, or the mark of a save. Undo survives a restart, since
the whole history is read back.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Literal

import msgspec

from kerastui.engine.files import write_atomically
from kerastui.engine.project.edits import Edit

FOLDER = ".kerastui"


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """Record one thing that happened to the project.

    Args:
        kind: `"base"` (where the history starts), `"edit"`, `"undo"`, `"redo"` or `"save"`.
        text: Text of `kerastui.toml`, for a base; for a save where it is not that of the document at that point.
        edit: The edit, for an edit.
    """

    kind: Literal["base", "edit", "undo", "redo", "save"]
    text: str = ""
    edit: Edit | None = None


class Journal:
    """Append entries to a file and read them back.

    Args:
        folder: The project's folder.

    Attributes:
        worth_keeping: Whether the next start moves the file there aside, to `journal.jsonl.old`: it has edits that
            were not restored.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FOLDER / "journal.jsonl"
        self.old = self.path.with_name("journal.jsonl.old")
        self.worth_keeping = False

    def read(self) -> tuple[list[Entry], int]:
        """Return the entries on disk up to a line that cannot be read, and how many more there are from there on.

        A last line that was cut short, as a kill leaves it, is taken off the file and not counted.

        Returns:
            The entries, none if there is no journal or it cannot be read; and the number of lines after them.
        """
        try:
            content = self.path.read_bytes()
        except OSError:
            return [], 0
        lines = content.splitlines(keepends=True)
        if lines and not lines[-1].endswith(b"\n"):
            with contextlib.suppress(OSError):  # a folder that cannot be written takes no further entries either
                os.truncate(self.path, len(content) - len(lines.pop()))
        entries: list[Entry] = []
        for line in lines:
            try:
                entries.append(msgspec.json.decode(line, type=Entry))
            except msgspec.DecodeError:
                break
        return entries, len(lines) - len(entries)

    def start(self, text: str, entries: list[Entry] | None = None) -> None:
        """Begin a new journal, atomically in place of the old one, which is moved aside if it is `worth_keeping`.

        Args:
            text: Text of `kerastui.toml` from which the entries start.
            entries: Entries to keep.

        Raises:
            OSError: The folder cannot be written.
        """
        if self.worth_keeping and self.path.exists():
            write_atomically(self.old, self.path.read_bytes())
        self.worth_keeping = False
        kept = [Entry("base", text=text), *(entries or [])]
        write_atomically(self.path, b"".join(msgspec.json.encode(entry) + b"\n" for entry in kept))

    def append(self, entry: Entry) -> None:
        """Write an entry through to the disk.

        Raises:
            OSError: The folder cannot be written, or the disk is full.
        """
        with self.path.open("ab") as file:
            file.write(msgspec.json.encode(entry) + b"\n")
            file.flush()
            os.fsync(file.fileno())


def steps_since_save(entries: list[Entry]) -> int:
    """Count the edits between the document as it was last saved and as it is at the end, whether done or taken back.

    Where the text of the last save is not that of the document at that point, they are counted from the start.
    """
    saved: list[int] = []
    done: list[int] = []
    undone: list[int] = []
    for number, entry in enumerate(entries):
        if entry.kind == "edit":
            done.append(number)
            undone.clear()
        elif entry.kind == "undo" and done:
            undone.append(done.pop())
        elif entry.kind == "redo" and undone:
            done.append(undone.pop())
        elif entry.kind == "save":
            saved = [] if entry.text else list(done)
    shared = sum(1 for one, other in zip(saved, done, strict=False) if one == other)
    return len(saved) + len(done) - 2 * shared
