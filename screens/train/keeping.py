"""Save the model of a run where the person wants it."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from kerastui.engine.files import replacing
from kerastui.engine.process.client import EngineLost, EngineRefused
from kerastui.engine.studio import Studio
from kerastui.screens.stage import StageScreen
from kerastui.screens.widgets.modals import Confirm, Prompt

SUFFIX = ".keras"


async def keep_model(screen: StageScreen) -> str:
    """Ask for a path, ask before a file is replaced, and write the model there.

    Args:
        screen: The screen that asks; this runs in one of its workers.

    Returns:
        The path written, `""` if the person left it.

    Raises:
        EngineRefused: The engine says why not.
        EngineLost: The engine has ended, and the run's own file is not there.
        OSError: The run's own file cannot be copied.
    """
    studio = screen.studio
    folder = studio.open_workspace.folder

    def place(text: str) -> Path:
        return folder / Path(text).expanduser()

    def wrong(text: str) -> str:
        return path_problem(place(text), text)

    start = str(folder / f"{studio.project.name}{SUFFIX}")
    label = "architecture, weights and optimizer in one file that Keras opens"
    text = await screen.app.push_screen_wait(Prompt("save the model", label, start, check=wrong, paths=True))
    if text is None:
        return ""
    target = place(text)
    overwrite = target.exists()
    if overwrite:
        question = Confirm(f"{target.name} is there already.", "What it holds would be lost.", deed="overwrite it")
        if not await screen.app.push_screen_wait(question):
            return ""
    return await _write(studio, target, overwrite)


def path_problem(target: Path, text: str) -> str:
    """Return why a model cannot be saved at a path, `""` if it can.

    Args:
        target: The path.
        text: What was typed for it.
    """
    if not text.strip():
        return "give it a name"
    if target.is_dir():
        return "this is a folder; add a file name"
    if target.suffix != SUFFIX:
        return f"the name must end in {SUFFIX}"
    return "" if target.parent.is_dir() else f"there is no folder {target.parent}"


async def _write(studio: Studio, target: Path, overwrite: bool) -> str:
    """Let the engine save, or copy what the run has saved where the engine knows the model no more."""
    try:
        return await studio.engine.save(target, overwrite)
    except (EngineLost, EngineRefused):
        run = studio.run
        kept = Path(run.saved) if run is not None and run.saved and not run.live else None
        if kept is None or not kept.is_file():
            raise
    # An engine that was started after the run has no model in memory; the file of the run is that model.
    await asyncio.to_thread(_copy, kept, target)
    return str(target)


def _copy(kept: Path, target: Path) -> None:
    """Copy a file so that what lies at the target stays whole until the copy is."""
    with replacing(target) as temporary:
        shutil.copyfile(kept, temporary)
