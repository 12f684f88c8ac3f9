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
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FOLDER / "journal.jsonl"

    def read(self) -> list[Entry]:
        """Return the entries on disk; a line that was cut short ends the reading, and goes with what follows it.

        Returns:
            The entries, none if there is no journal or it cannot be read.
        """
        try:
            content = self.path.read_bytes()
        except OSError:
            return []
        entries: list[Entry] = []
        whole = 0
        for line in content.splitlines(keepends=True):
            try:
                entry = msgspec.json.decode(line, type=Entry)
            except msgspec.DecodeError:
                break
            if not line.endswith(b"\n"):
                break
            entries.append(entry)
            whole += len(line)
        if whole < len(content):
            with contextlib.suppress(OSError):  # a folder that cannot be written takes no further entries either
                os.truncate(self.path, whole)
        return entries

    def start(self, text: str, entries: list[Entry] | None = None) -> None:
        """Begin a new journal, atomically in place of the old one.

        Args:
            text: Text of `kerastui.toml` from which the entries start.
            entries: Entries to keep.

        Raises:
            OSError: The folder cannot be written.
        """
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
