"""A pop-up to open a file or a folder: a path that completes, over a listing of its folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from kerastui.screens.widgets.dialog import Box, Dialog
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Line
from kerastui.screens.widgets.rows import Column, Row, Rows
from kerastui.screens.widgets.words import plural, size


class Entry(msgspec.Struct, frozen=True):
    """Describe one entry of a folder.

    Args:
        name: Its name.
        folder: Whether it is a folder.
        bytes: Its size, `None` for a folder.
    """

    name: str
    folder: bool
    bytes: int | None = None


def listing(folder: Path, suffixes: Sequence[str], *, files: bool = True) -> list[Entry]:
    """Return what a folder has to offer: folders first, then fitting files, by name; nothing hidden.

    Args:
        folder: The folder.
        suffixes: Endings a file must have one of, in lower case with their dot; none allows all.
        files: Whether files are listed at all.

    Raises:
        OSError: If the folder cannot be read.
    """
    entries: list[Entry] = []
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if path.is_dir():
            entries.append(Entry(path.name, folder=True))
        elif files and (not suffixes or path.suffix.lower() in suffixes) and path.is_file():
            entries.append(Entry(path.name, folder=False, bytes=path.stat().st_size))
    return sorted(entries, key=lambda entry: (not entry.folder, entry.name.lower()))


class OpenFile(Dialog[Path | None]):
    """Let the user pick a file, or a folder.

    Args:
        title: What is opened.
        start: Folder to start in.
        suffixes: Endings of the files listed, say `(".csv", ".tsv")`; none lists all.
        folders: Pick a folder instead of a file.
    """

    DEFAULT_CSS = """
    OpenFile Input, OpenFile Input:focus { border: none; height: 1; padding: 0 1; background: $panel; }
    OpenFile Rows { background: $raised; margin-top: 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "list('move(1)')", "next", show=False),
        Binding("up", "list('move(-1)')", "previous", show=False),
        Binding("pagedown", "list('move_page(1.0)')", "page down", show=False),
        Binding("pageup", "list('move_page(-1.0)')", "page up", show=False),
        Binding("tab", "complete", "complete", priority=True),
        Binding("ctrl+o", "take_folder", "take this folder"),
    ]

    def __init__(self, title: str, start: Path, *, suffixes: Sequence[str] = (), folders: bool = False) -> None:
        super().__init__()
        self._title, self._start = title, start.expanduser().resolve()
        self._suffixes, self._folders = tuple(suffixes), folders

    def compose(self) -> ComposeResult:
        """Lay out path and listing."""
        with Box(classes="-tall"):
            yield Input(f"{self._start}/".replace("//", "/"), compact=True, select_on_focus=False)
            columns = (Column(flex=True), Column(align="right", words="muted"))
            yield Rows(columns, empty=("nothing to open here",), classes="-bare -lit")

    def on_mount(self) -> None:
        """Start with the folder listed and the path ready to be typed on."""
        self.query_one(Rows).can_focus = False
        field = self.query_one(Input)
        field.focus()
        field.cursor_position = len(field.value)
        self._list(field.value)

    def _split(self, text: str) -> tuple[Path, str]:
        """Return the folder a text speaks of and what was typed behind it."""
        path = self._path(text)
        return (path, "") if text.endswith("/") or text in ("", "~") else (path.parent, path.name)

    def _path(self, text: str) -> Path:
        """Return the path of a text; a relative one begins in the folder that was listed first."""
        try:
            return self._start / Path(text).expanduser()
        except RuntimeError:
            return self._start / text  # `~name` of nobody

    def _list(self, text: str) -> None:
        """List the folder of the path typed, narrowed to what its last part fits."""
        folder, part = self._split(text)
        wrong = ""
        try:
            entries = listing(folder, self._suffixes, files=not self._folders)
        except OSError as error:
            entries, wrong = [], (error.strerror or "cannot be read").lower()
        fitting = [entry for entry in entries if part.lower() in entry.name.lower()]
        rows = [] if part or folder.resolve().parent == folder.resolve() else [Row("..", ("../", ""))]
        rows += [Row(entry.name, self._cells(entry)) for entry in fitting]
        if wrong:
            rows.append(Row("wrong", (((wrong, "error"),),), kind="note"))
        elif not fitting:
            rows.append(Row("none", (self._nothing(folder, part),), kind="note"))
        view = self.query_one(Rows)
        view.show(rows)
        if part and fitting:
            best = next((each for each in fitting if each.name.lower().startswith(part.lower())), fitting[0])
            view.move_to(best.name)
        self._retitle(len([entry for entry in entries if not entry.folder]))

    def _nothing(self, folder: Path, part: str) -> str:
        """Return the line that stands for an empty list."""
        if part:
            return f"nothing in {folder.name or folder} has {part} in its name"
        return "no folder here" if self._folders else " ".join(["no", *(self._suffixes or ("file",)), "here"])

    def _retitle(self, files: int) -> None:
        """Say in the border what is listed and which keys act."""
        keys: list[tuple[str, str]] = [("tab", "primary bold"), (" complete  ", "muted")]
        if self._folders:
            keys += [("^o", "primary bold"), (" take this folder  ", "muted")]
        keys += [("enter", "primary bold"), (" open  ", "muted"), ("esc", "primary bold"), (" close", "muted")]
        state = "folders" if self._folders else f"{plural(files, 'file')} {' '.join(self._suffixes)}".strip()
        self.query_one(Box).set_titles(self._title, state, bottom_right=keys)

    @staticmethod
    def _cells(entry: Entry) -> tuple[Line, ...]:
        """Return the cells of an entry."""
        if entry.folder:
            return (((entry.name + "/", "text bold"),), "")
        return (entry.name, size(entry.bytes) if entry.bytes is not None else glyphs().missing)

    def _set_path(self, path: str) -> None:
        """Put a path in the field, ready to be typed on."""
        field = self.query_one(Input)
        field.value = path
        field.cursor_position = len(path)

    def _highlighted(self) -> Path | None:
        """Return the path the cursor of the listing is on."""
        key = self.query_one(Rows).cursor_key
        folder, _ = self._split(self.query_one(Input).value)
        return None if key is None else folder.resolve().parent if key == ".." else folder / key

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        """List what fits."""
        event.stop()
        self._list(event.value)

    @on(Input.Submitted)
    @on(Rows.Selected)
    def _submitted(self) -> None:
        """Take the path typed if it is one to take, else what the cursor is on."""
        text = self.query_one(Input).value
        typed = self._path(text)
        if (named := self._named(text)) is not None:
            self.dismiss(named)
        elif not self._folders and typed.is_file():
            self.dismiss(typed)
        elif (path := self._highlighted()) is not None:
            self._enter(path)
        elif typed.is_dir() and self._folders:
            self.dismiss(typed)

    def _named(self, text: str) -> Path | None:
        """Return what a text names that is no path; a subclass that takes such names overrides this."""
        return None

    def _enter(self, path: Path) -> None:
        """Go into a folder, or take a file."""
        if path.is_dir():
            self._set_path(f"{path}/".replace("//", "/"))
        else:
            self.dismiss(path)

    def action_complete(self) -> None:
        """Continue the path to what the cursor is on."""
        path = self._highlighted()
        if path is not None:
            self._set_path(f"{path}/".replace("//", "/") if path.is_dir() else str(path))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Take a folder only where a folder is asked for."""
        return self._folders if action == "take_folder" else True

    def action_take_folder(self) -> None:
        """Take the folder that is listed."""
        folder, part = self._split(self.query_one(Input).value)
        chosen = folder / part if part and (folder / part).is_dir() else folder
        if chosen.is_dir():
            self.dismiss(chosen)

    async def action_list(self, action: str) -> None:
        """Move the cursor of the listing while the path has the focus."""
        await self.query_one(Rows).run_action(action)
