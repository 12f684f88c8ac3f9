"""Sit before the Build screen: press keys, look at cards and text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from apps import fake, make_app, screen_text, settled, until
from fake_engine import FakeEngine
from textual.pilot import Pilot

from kerastui.engine.project.document import Graph, Project
from kerastui.screens.build.canvas_view import CardView
from kerastui.screens.build.screen import BuildScreen
from kerastui.screens.widgets.refusal import Refusal
from kerastui.shell import KerasTUI


class Seat:
    """Sit before the app: press keys and look at the screen."""

    def __init__(self, app: KerasTUI, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    async def press(self, *keys: str) -> None:
        """Press keys and wait until all that follows is shown."""
        await self.pilot.press(*keys)
        await settled(self.pilot)

    async def type(self, text: str) -> None:
        """Type a text, letter by letter."""
        await self.press(*({" ": "space"}.get(letter, letter) for letter in text))

    @property
    def screen(self) -> BuildScreen:
        screen = self.app.screen
        assert isinstance(screen, BuildScreen)
        return screen

    @property
    def graph(self) -> Graph:
        return self.app.studio.project.graph

    @property
    def cursor(self) -> str | None:
        return self.screen.graph.cursor

    def card(self, key: str) -> CardView:
        """Return what the canvas shows of a card."""
        return self.screen.graph.scene.cards[key]

    @property
    def text(self) -> str:
        return screen_text(self.app)

    @property
    def notices(self) -> list[str]:
        refusal = self.screen.query_one(Refusal)
        refused = [str(refusal.content).removeprefix("▲ ")] if refusal.has_class("-shown") else []
        return [*refused, *(notice.message for notice in self.app._notifications)]

    async def add(self, name: str) -> None:
        """Add a layer by search."""
        await self.press("a")
        await self.type(name)
        await self.press("enter")


@asynccontextmanager
async def seated(
    tmp_path: Path, project: Project | None = None, size: tuple[int, int] = (120, 40), ready: bool = True
) -> AsyncIterator[Seat]:
    app = make_app(tmp_path, project, FakeEngine(ready=False))
    async with app.run_test(size=size, notifications=True) as pilot:
        seat = Seat(app, pilot)
        await until(pilot, lambda: fake(app).alive and isinstance(app.screen, BuildScreen))
        if ready:
            fake(app).load()
            await settled(pilot)
            await until(pilot, lambda: app.studio.checked is not None)
        await settled(pilot)
        yield seat
