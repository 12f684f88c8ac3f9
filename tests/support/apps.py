"""Make apps for tests, and wait for what happens in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fake_engine import FakeEngine
from projects import small_project
from textual.pilot import Pilot

from kerastui.engine.project.document import Project
from kerastui.engine.project.workspace import Workspace
from kerastui.shell import KerasTUI


def make_app(tmp_path: Path, project: Project | None = None, engine: FakeEngine | None = None) -> KerasTUI:
    """Return the app on a project in a folder of its own, with a fake engine.

    Args:
        tmp_path: Where the project's folder is made.
        project: The project; `small_project()` by default.
        engine: The engine; a ready `FakeEngine` by default, found again as `app.studio.engine`.
    """
    folder = tmp_path / "project"
    Workspace.create(folder, project or small_project())
    return KerasTUI(folder, engine or FakeEngine())


def fake(app: KerasTUI) -> FakeEngine:
    """Return the fake engine of an app."""
    engine = app.studio.engine
    assert isinstance(engine, FakeEngine)
    return engine


async def until(pilot: Pilot[None], what: Callable[[], object], seconds: float = 10.0) -> None:
    """Let the app run until something holds.

    Args:
        pilot: Pilot of the app.
        what: Asked after each turn of the event loop.
        seconds: Deadline.

    Raises:
        TimeoutError: It did not hold in time.
    """
    import asyncio

    async with asyncio.timeout(seconds):
        while not what():
            await pilot.pause()
            await asyncio.sleep(0.01)


def app_of(pilot: Pilot[None]) -> KerasTUI:
    """Return the app of a pilot."""
    app = pilot.app
    assert isinstance(app, KerasTUI)
    return app


async def settled(pilot: Pilot[None]) -> None:
    """Wait until checks and data are in and shown."""
    await pilot.pause()
    await app_of(pilot).studio.settle()
    await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys and wait until what follows is checked and shown."""
    await pilot.press(*keys)
    await settled(pilot)


def screen_text(app: KerasTUI) -> str:
    """Return what is on the screen, line by line."""
    width, height = app.size
    lines = app.screen._compositor.render_strips()
    return "\n".join(strip.text[:width] for strip in lines[:height])
