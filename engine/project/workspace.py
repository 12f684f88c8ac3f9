"""A project that is open: the document, its history, its journal and its file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from kerastui.engine.custom.trust import trust_new
from kerastui.engine.files import write_atomically
from kerastui.engine.project.document import Project
from kerastui.engine.project.edits import Edit, EditError, apply_edit, apply_plain, make_edit
from kerastui.engine.project.files import FILE_NAME, ProjectFileError, dumps, has_comments, loads, read_text, write
from kerastui.engine.project.journal import FOLDER, Entry, Journal, steps_since_save
from kerastui.engine.project.lock import Lock, hold
from kerastui.engine.project.plain import DocumentError, Plain, from_plain, to_plain

JOURNAL_LIMIT = 5_000
"""Entries above which a journal is written anew when it is opened, with the last `UNDO_LIMIT` edits."""

UNDO_LIMIT = 1_000
"""Edits that such a journal keeps."""


class Workspace:
    """Hold an open project; every change goes through `do`, `undo` and `redo`.

    Args:
        folder: The project's folder.
        project: The document.
        saved: Text of the file as it was last read or written.
        lock: Keeps other processes from opening the project, where the system has locks.

    Attributes:
        notice: What the person should know about opening or journalling, or `""`.
        journalled: Whether edits are on disk as they are made; `notice` says why not.
    """

    def __init__(self, folder: Path, project: Project, saved: str, lock: Lock | None = None) -> None:
        self.folder = folder
        self.project = project
        self.notice = ""
        self.journalled = True
        self._saved = saved
        self._written: tuple[Project | None, str] = (None, "")
        self._undo: list[Edit] = []
        self._redo: list[Edit] = []
        self._journal = Journal(folder)
        self._lock = lock

    @classmethod
    def open(cls, folder: Path) -> Workspace:
        """Open the project in a folder, with the edits and the undo history of the last session.

        Args:
            folder: Folder with a `kerastui.toml`.

        Raises:
            ProjectFileError: There is none, or it cannot be read.
            ProjectInUse: Another process has it open.
        """
        path = folder / FILE_NAME
        lock = hold(folder) if path.is_file() else None
        text = read_text(path)
        workspace = cls(folder, loads(text, path), text, lock)
        workspace._recover(text)
        if has_comments(text) and workspace.journalled:
            note = "comments in kerastui.toml go when it is saved; notes on cards stay"
            workspace.notice = "\n".join(filter(None, (workspace.notice, note)))
        return workspace

    @classmethod
    def create(cls, folder: Path, project: Project, code: Mapping[str, str] | None = None) -> Workspace:
        """Make a new project in a folder.

        Args:
            folder: The folder.
            project: The document.
            code: Files with code of its own, by name, as a template has them. Defaults to `None`: none.

        Raises:
            ProjectFileError: There is a project or a file of the code in the folder already, or it cannot be written.
            ProjectInUse: Another process has a project open there, whose file is gone.
        """
        if (folder / FILE_NAME).exists():
            raise ProjectFileError(folder / FILE_NAME, "is there already; choose another folder, or open it")
        if folder.exists() and not folder.is_dir():
            raise ProjectFileError(folder, "is a file; choose another name for the folder")
        for name in code or ():
            if os.path.lexists(folder / name):
                raise ProjectFileError(folder / name, "is there already; choose another folder")
        lock = hold(folder)
        text = write(folder, project)
        trust_new(folder)
        for name, content in (code or {}).items():
            try:
                write_atomically(folder / name, content.encode())
            except OSError as error:
                raise ProjectFileError(folder / name, f"cannot be written: {error.strerror}") from None
        workspace = cls(folder, project, text, lock)
        workspace._start_journal(text)
        return workspace

    @property
    def unsaved(self) -> bool:
        """Whether the document differs from the file."""
        project, text = self._written
        if project is not self.project:
            text = dumps(self.project)
            self._written = self.project, text
        return text != self._saved

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit to take back."""
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        """Whether there is an edit to do again."""
        return bool(self._redo)

    def do(self, label: str, after: Project) -> Edit | None:
        """Make the document equal to another one, as one edit.

        Args:
            label: What is done, for the history.
            after: The document as it should be.

        Returns:
            The edit, or `None` if nothing changes.
        """
        edit = make_edit(label, self.project, after)
        if not edit.changes:
            return None
        self.project = apply_edit(self.project, edit)
        self._undo.append(edit)
        self._redo.clear()
        self._record(Entry("edit", edit=edit))
        return edit

    def undo(self) -> Edit | None:
        """Take the last edit back and return it, or `None` if there is none."""
        if not self._undo:
            return None
        edit = self._undo.pop()
        self.project = apply_edit(self.project, edit.reverted())
        self._redo.append(edit)
        self._record(Entry("undo"))
        return edit

    def redo(self) -> Edit | None:
        """Do the edit that was last taken back again and return it, or `None` if there is none."""
        if not self._redo:
            return None
        edit = self._redo.pop()
        self.project = apply_edit(self.project, edit)
        self._undo.append(edit)
        self._record(Entry("redo"))
        return edit

    @property
    def changed_outside(self) -> bool:
        """Whether somebody else wrote the file since it was read; saving would overwrite that."""
        path = self.folder / FILE_NAME
        return path.exists() and read_text(path) != self._saved

    def save(self) -> None:
        """Write the file; ask `changed_outside` first.

        Raises:
            ProjectFileError: It cannot be written; the file there is as it was.
        """
        self._saved = write(self.folder, self.project)
        self._record(Entry("save"))

    def close(self) -> None:
        """Let other processes open the project; nothing may be edited here from now on."""
        self._lock = None

    def _recover(self, text: str) -> None:
        opened = dumps(self.project)
        entries, unread = self._journal.read()
        fits = self._replay(entries, text)
        if not fits:
            self._undo, self._redo = [], []
        steps = 0 if fits else steps_since_save(entries)
        self._journal.worth_keeping = bool(unread or steps)
        self.notice = self._found(entries, unread, steps, dumps(self.project) != opened if fits else None)
        if not fits:
            self._start_journal(text)
        elif unread or len(entries) > JOURNAL_LIMIT:
            self._undo = self._undo[-UNDO_LIMIT:]
            self._start_journal(*self._history())

    def _found(self, entries: list[Entry], unread: int, steps: int, restored: bool | None) -> str:
        """Say what became of the last session, `""` if all is as it was saved.

        Args:
            entries: The entries of the journal that could be read.
            unread: How many more there are.
            steps: How many unsaved edits are not restored because the file is another one.
            restored: Whether there are unsaved edits that are; `None` if the journal does not belong to the file.
        """
        back = "edits that were not saved are back; ctrl+s saves them, ctrl+z takes them back" if restored else ""
        place = f"{FOLDER}/{self._journal.old.name}"
        if unread:
            lost = f"the journal is damaged: {_number(unread, 'entry', 'entries')} could not be read; all is in {place}"
            return "\n".join((lost, back or "the project is as kerastui.toml has it"))
        if restored is not None:
            return back
        changed = "the file was changed outside: "
        if steps:
            return f"{changed}{_number(steps, 'unsaved edit', 'unsaved edits')} not restored, but kept in {place}"
        return f"{changed}the undo history of the last session is gone" if len(entries) > 1 else ""

    def _replay(self, entries: list[Entry], text: str) -> bool:
        """Read the history back; tell whether it belongs to the file."""
        if not entries or entries[0].kind != "base":
            return False
        saved: str | Plain = entries[0].text
        place = self.folder / FOLDER
        try:
            plain = to_plain(loads(entries[0].text, place))
            for entry in entries[1:]:
                if entry.kind == "save":
                    saved = entry.text or plain
                else:
                    plain = self._again(plain, entry)
            project = from_plain(plain)
            saved = saved if isinstance(saved, str) else dumps(from_plain(saved))
            # The last state counts as saved too: a kill can fall between writing the file and noting it here.
            known = {saved, dumps(loads(saved, place)), dumps(project)}
        except (EditError, DocumentError, ProjectFileError, IndexError):
            return False
        if text not in known and dumps(self.project) not in known:
            return False
        self.project = project
        return True

    def _again(self, plain: Plain, entry: Entry) -> Plain:
        if entry.kind == "undo":
            edit = self._undo.pop()
            self._redo.append(edit)
            return apply_plain(plain, edit.reverted())
        if entry.kind == "redo":
            edit = self._redo.pop()
        elif entry.edit is not None:
            edit = entry.edit
            self._redo.clear()
        else:
            raise EditError("an entry of the journal has no edit")
        self._undo.append(edit)
        return apply_plain(plain, edit)

    def _start_journal(self, text: str, entries: list[Entry] | None = None) -> None:
        try:
            self._journal.start(text, entries)
        except OSError as error:
            self.journalled = False
            self.notice = f"{self.folder} cannot be written ({error.strerror}): edits are kept in memory only"

    def _record(self, entry: Entry) -> None:
        try:
            if self.journalled:
                self._journal.append(entry)
            else:  # entries are missing, and the last line may be torn: what comes after would not be read back
                self._journal.start(*self._history())
                self.journalled, self.notice = True, "the journal is written again"
        except OSError as error:
            self.journalled = False
            self.notice = f"the journal cannot be written ({error.strerror}): edits are kept in memory only"

    def _history(self) -> tuple[str, list[Entry]]:
        """Return the text before all that can be undone, and entries that lead from it to the document as it is."""
        start = to_plain(self.project)
        for edit in reversed(self._undo):
            start = apply_plain(start, edit.reverted())
        edits = [*self._undo, *reversed(self._redo)]
        entries = [*(Entry("edit", edit=edit) for edit in edits), *(Entry("undo") for _ in self._redo)]
        return dumps(from_plain(start)), [*entries, Entry("save", text=self._saved if self.unsaved else "")]


def _number(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
