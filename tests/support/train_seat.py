"""A seat before the Train screen: real keys on the real app, with a scripted engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from apps import fake, make_app, screen_text, settled, until
from fake_engine import FakeEngine
from textual.pilot import Pilot

from kerastui.engine.project.document import Project
from kerastui.engine.runs import RunFolder, RunRecord
from kerastui.screens.train.chart import Chart
from kerastui.screens.train.screen import TrainScreen
from kerastui.screens.train.view import ChartView
from kerastui.shell import KerasTUI


class Seat:
    """Sit before the app: press keys and look at the screen."""

    def __init__(self, app: KerasTUI, pilot: Pilot[None]) -> None:
        self.app, self.pilot, self.engine = app, pilot, fake(app)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await settled(self.pilot)

    async def train(self, epochs: int = 0) -> None:
        """Start a run by its key and let it come some epochs far."""
        await self.press("f5")
        await until(self.pilot, lambda: self.app.studio.run is not None and self.app.studio.run.run)
        for epoch in range(1, epochs + 1):
            self.engine.epoch(epoch)
        await self.shows(f"epoch {epochs:>2}/" if epochs else "training")

    async def shows(self, *texts: str) -> None:
        """Wait until texts stand on the screen."""
        try:
            await until(self.pilot, lambda: all(text in self.text for text in texts), 5)
        except TimeoutError:
            raise AssertionError(f"{texts} not in\n{self.text}") from None

    @property
    def text(self) -> str:
        return screen_text(self.app)

    def asked(self, kind: type) -> int:
        """Return how often the engine was asked for something."""
        return sum(isinstance(body, kind) for body in self.engine.requests)

    @property
    def screen(self) -> TrainScreen:
        screen = self.app.screen
        assert isinstance(screen, TrainScreen)
        return screen

    def view(self, chart: str = "main") -> ChartView:
        """Return what a chart shows."""
        view = self.screen.query_one(f"#{chart}", Chart).view
        assert view is not None
        return view


@asynccontextmanager
async def seated(
    tmp_path: Path,
    size: tuple[int, int] = (120, 40),
    project: Project | None = None,
    engine: FakeEngine | None = None,
    *,
    there: bool = True,
) -> AsyncIterator[Seat]:
    """Open the app on a project, at the Train screen."""
    app = make_app(tmp_path, project, engine)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        if there:
            await pilot.press("4")
            await settled(pilot)
        yield Seat(app, pilot)


def write_run(project_folder: Path, status: str, epochs: int = 3) -> None:
    """Write a run as the engine leaves it."""
    folder = RunFolder.create(project_folder, "")
    folder.write("run.json", RunRecord(folder.run, status, 0.0, epochs))
    for epoch in range(1, epochs + 1):
        logs = {"loss": 1 / epoch, "accuracy": 0.9, "val_loss": 1.5 / epoch, "val_accuracy": 0.8}
        folder.add_epoch(epoch, logs, epoch * 1.5)
    (folder.path / "model.keras").write_bytes(b"weights")
