"""Import a model from within the app: which one, whether its code may be run, and what is shown meanwhile."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from textual import on, work
from textual.app import App, ComposeResult
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from kerastui.engine.process.importing import ImportFailed
from kerastui.engine.project.graph import free_id
from kerastui.screens.widgets.dialog import Box, Dialog
from kerastui.screens.widgets.files import OpenFile
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.modals import Confirm, Message

T = TypeVar("T")

KERAS = "keras:"
"""What the name of a model of `keras.applications` is given behind."""

CODE = ".py"
"""Suffix of Python code, which is run for its model."""

SUFFIXES = (".keras", ".h5", ".hdf5", ".json", CODE)
"""Endings of the files that a model can be imported from."""

SAVED_MODEL = "saved_model.pb"
"""What is in the folder of a SavedModel."""

DANGER = (
    "Whoever wrote it can do whatever you can: read, change and delete your files, and send them away. Allow it only "
    "if you trust where it comes from. Each Lambda becomes a layer that is to be written anew."
)


class ModelFile(OpenFile):
    """Let the user pick a model: a file, the folder of a SavedModel, or `keras:NAME`.

    Args:
        start: Folder to start in.
    """

    def __init__(self, start: Path) -> None:
        super().__init__(f"import a model: a file, or {KERAS}NAME", start, suffixes=SUFFIXES)

    def _named(self, text: str) -> Path | None:
        """Take the name of a model of `keras.applications`."""
        return Path(text.strip()) if text.strip().startswith(KERAS) and text.strip() != KERAS else None

    def _nothing(self, folder: Path, part: str) -> str:
        """Say what is typed behind `keras:`."""
        if part.startswith(KERAS):
            return "a model of keras.applications, with new weights: keras:MobileNetV2"
        return super()._nothing(folder, part)

    def _enter(self, path: Path) -> None:
        """Take the folder of a SavedModel too."""
        if (path / SAVED_MODEL).is_file():
            self.dismiss(path)
        else:
            super()._enter(path)


class Importing(Dialog[T | ImportFailed | None], Generic[T]):
    """Show that a model is imported; esc ends it.

    Args:
        source: What is imported.
        make: Imports it; it is cancelled by esc.
    """

    DEFAULT_CSS = """
    Importing Static { padding: 0 1; height: auto; }
    Importing .aside { color: $muted; }
    """

    def __init__(self, source: str, make: Callable[[], Awaitable[T]]) -> None:
        super().__init__()
        self._source, self._make = source, make
        self._since = time.monotonic()

    def compose(self) -> ComposeResult:
        """Lay out what is done and for how long."""
        with Box() as box:
            box.set_titles("import", bottom_right=[("esc", "primary bold"), (" end it", "muted")])
            yield Static(f"{self._source} is opened{glyphs().ellipsis}", markup=False)
            yield Static("", classes="aside", markup=False)

    def on_mount(self) -> None:
        """Begin."""
        self._tick()
        self.set_interval(1.0, self._tick)
        self._import()

    def _tick(self) -> None:
        seconds = int(time.monotonic() - self._since)
        self.query_one(".aside", Static).update(
            f"TensorFlow takes some seconds to start {glyphs().separator} {seconds} s"
        )

    @work(group="import", exclusive=True, exit_on_error=False)
    async def _import(self) -> None:
        try:
            self.dismiss(await self._make())
        except ImportFailed as error:
            self.dismiss(error)

    def action_leave(self) -> None:
        """End the import; the box closes once nothing of it is left."""
        self.workers.cancel_group(self, "import")

    @on(Worker.StateChanged)
    def _ended(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.CANCELLED:
            self.dismiss(None)
        elif event.state is WorkerState.ERROR:
            self.dismiss(ImportFailed(str(event.worker.error)))


def name_of(source: Path) -> str:
    """Return a name for what a model becomes: that of its file, made an id.

    Args:
        source: A model file or `keras:NAME`.
    """
    text = str(source)
    stem = text.removeprefix(KERAS) if text.startswith(KERAS) else source.stem
    found = free_id(stem, ())
    return found if found[0].isalpha() else f"model_{found}"


async def import_model(app: App[Any], source: Path, make: Callable[[str, bool], Awaitable[T]]) -> T | None:
    """Import a model, asking before code is run, and saying why where it cannot be.

    Args:
        app: The app; this is awaited in a worker.
        source: A model file or `keras:NAME`.
        make: Imports it, given the source and whether code in it may be run.

    Returns:
        What `make` gave, `None` if nothing was imported.
    """
    unsafe = False
    reason = f"{source.name} is Python code, which is run for its model." if source.suffix == CODE else ""
    while True:
        if reason and not await _allowed(app, reason):
            return None
        unsafe = unsafe or bool(reason)
        result = await app.push_screen_wait(Importing(source.name, partial(make, str(source), unsafe)))
        if not isinstance(result, ImportFailed):
            return result
        if not result.code or unsafe:
            next_step = "the file is as it was; import another model, or have this one changed"
            await app.push_screen_wait(Message(f"{source.name} cannot be imported", str(result), next_step))
            return None
        reason = str(result).partition(" If you trust")[0].removeprefix(f"{source}: ")


async def _allowed(app: App[Any], reason: str) -> bool:
    question = f"{reason[0].upper()}{reason[1:]} Run the code?"
    return await app.push_screen_wait(Confirm(question, DANGER, deed="run it", keep="leave it"))
