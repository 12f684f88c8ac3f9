"""From a CSV of one's own to a trained network, by real keys with the real engine."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path

import pytest
import pytest_asyncio
from apps import app_of, press, screen_text, settled, until
from textual.pilot import Pilot

from kerastui.engine.project import settings
from kerastui.engine.project.document import Project
from kerastui.engine.project.workspace import Workspace
from kerastui.engine.run_state import RunState
from kerastui.engine.runs import read_record
from kerastui.screens.data.screen import DataScreen
from kerastui.screens.widgets.choose import Choose
from kerastui.screens.widgets.files import OpenFile
from kerastui.shell import KerasTUI

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest_asyncio.fixture
async def pilot(tmp_path: Path) -> AsyncIterator[Pilot[None]]:
    """An empty project open at its Data screen, with two CSV files in its folder."""
    folder = tmp_path / "mine"
    Workspace.create(folder, Project("mine"))
    for name in ("iris", "penguins"):
        shutil.copy(str(files("kerastui.assets") / "data" / f"{name}.csv"), folder / f"my-{name}.csv")
    app = KerasTUI(folder)
    async with app.run_test(size=(120, 40)) as found:
        await until(found, lambda: app.studio.engine_state.kind == "ready", 120)
        await press(found, "1")
        yield found
        await app.studio.close()


async def open_file(pilot: Pilot[None], name: str) -> None:
    """Choose a file in the project's folder by keys."""
    app = app_of(pilot)
    await pilot.press("o")
    await until(pilot, lambda: isinstance(app.screen, Choose))
    await pilot.press(*"a file", "enter")
    await until(pilot, lambda: isinstance(app.screen, OpenFile))
    await pilot.press(*(letter if letter not in "-." else {"-": "minus", ".": "full_stop"}[letter] for letter in name))
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, DataScreen) and app.studio.project.data.source == name)
    await settled(pilot)


async def trained(pilot: Pilot[None], epochs: int) -> RunState:
    """Train from the keys and return the run."""
    app = app_of(pilot)
    app.studio.do("epochs", settings.set_fit(app.studio.project, epochs=epochs))
    await settled(pilot)
    assert [problem for problem in app.studio.problems if problem.severity == "error"] == []
    await press(pilot, "f5")
    await until(pilot, lambda: app.studio.run is not None and app.studio.run.status == "completed", 120)
    assert app.studio.run is not None
    assert Path(app.studio.run.saved).is_file()
    return app.studio.run


async def test_a_classifier_on_irises(pilot: Pilot[None]) -> None:
    app = app_of(pilot)
    await open_file(pilot, "my-iris.csv")
    assert "species" in screen_text(app)
    assert app.studio.project.data.columns["species"].role == "target"
    await press(pilot, "n")  # a starting network that fits the columns
    graph = app.studio.project.graph
    assert [value.shape for value in graph.inputs.values()] == [(4,)]
    assert app.studio.checked is not None
    assert [app.studio.checked.calls[source].shape for source in graph.outputs.values()] == [(None, 3)]
    run = await trained(pilot, 60)
    accuracy = [name for name in run.history[-1].logs if name.startswith("val_") and "accuracy" in name]
    assert run.history[-1].logs[accuracy[0]] >= 0.85
    await press(pilot, "1", "ctrl+z", "ctrl+z", "ctrl+z")
    assert app.studio.project == Project("mine")


async def test_a_regressor_on_penguins_with_text_and_missing_values(pilot: Pilot[None]) -> None:
    app = app_of(pilot)
    await open_file(pilot, "my-penguins.csv")
    columns = app.studio.project.data.columns
    assert {columns[name].encoding for name in ("island", "sex")} == {"one-hot"}
    wanted = {name: column for name, column in columns.items() if column.role == "target"}
    # species is suggested as the target; body_mass_g shall be it instead: r, choose target.
    assert list(wanted) == ["species"]
    names = list(columns)
    await press(pilot, "home", *["down"] * names.index("body_mass_g"), "r")
    await until(pilot, lambda: isinstance(app.screen, Choose))
    await pilot.press(*"target", "enter")
    await until(pilot, lambda: app.studio.project.data.columns["body_mass_g"].role == "target")
    await settled(pilot)
    assert [name for name, column in app.studio.project.data.columns.items() if column.role == "target"] == [
        "body_mass_g"
    ]
    await press(pilot, "n")
    assert next(iter(app.studio.project.compile.losses.values())).class_name == "MeanSquaredError"
    run = await trained(pilot, 3)
    assert run.history[-1].logs["val_loss"] < run.history[0].logs["val_loss"]
    record = read_record(Path(run.folder))
    assert record is not None
    assert record.status == "completed"
