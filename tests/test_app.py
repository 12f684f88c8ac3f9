"""The whole way by real keys with the real engine: build, configure, train, steer, save, lose the engine, go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from apps import app_of, press, screen_text, settled, until
from textual.pilot import Pilot

from kerastui.engine import templates
from kerastui.engine.process.client import SocketClient
from kerastui.engine.project import settings
from kerastui.engine.project.workspace import Workspace
from kerastui.screens.stage import StageScreen
from kerastui.screens.train.screen import TrainScreen
from kerastui.shell import KerasTUI

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
SIZE = (120, 40)


@pytest_asyncio.fixture
async def pilot(tmp_path: Path) -> AsyncIterator[Pilot[None]]:
    """The demo project open in the app, with an engine of its own that has loaded TensorFlow."""
    Workspace.create(tmp_path / "digits", templates.project("digits"))
    app = KerasTUI(tmp_path / "digits")
    async with app.run_test(size=SIZE) as found:
        await until(found, lambda: app.studio.engine_state.kind == "ready", 120)
        await settled(found)
        yield found
        await app.studio.close()


async def add(pilot: Pilot[None], name: str) -> None:
    """Add a layer after the selected card, by search."""
    await press(pilot, "a", *name, "enter")


async def run_is(pilot: Pilot[None], *statuses: str) -> None:
    """Wait until the run is in one of some states."""
    app = app_of(pilot)
    await until(pilot, lambda: app.studio.run is not None and app.studio.run.status in statuses, 120)


STOCK = """
import sys
sys.modules["kerastui"] = None  # an import of it fails
import keras, numpy
model = keras.saving.load_model(sys.argv[1])
images = numpy.load(sys.argv[2])["image"].astype("float32") / 16
numpy.savez(sys.argv[3], *model.get_weights(), predictions=model.predict(images, verbose=0))
"""


def opened_in_stock_keras(model: Path, images: Path, output: Path) -> dict[str, np.ndarray]:
    """Return weights and predictions of a file, from an interpreter that cannot import kerastui."""
    subprocess.run([sys.executable, "-c", STOCK, str(model), str(images), str(output)], check=True, capture_output=True)
    return dict(np.load(output))


async def test_from_the_demo_to_a_saved_model_by_keys_alone(pilot: Pilot[None], tmp_path: Path) -> None:
    app = app_of(pilot)
    await press(pilot, "down", "down")  # pixels → flatten → hidden
    await add(pilot, "dense")
    await add(pilot, "dropout")
    graph = app.studio.project.graph
    assert graph.calls["dense"].inputs == ("hidden",)
    assert graph.calls["dropout"].inputs == ("dense",)
    await press(pilot, "c", "left", "enter")  # dropout feeds digit from now on
    assert app.studio.project.graph.calls["digit"].inputs == ("dropout",)
    await press(pilot, "up", "up")  # digit → dropout → dense
    assert "dense ─" in screen_text(app).splitlines()[1]
    await press(pilot, "enter", "enter", "3", "2", "enter")  # units
    assert app.studio.project.graph.layers["dense"].config["units"] == 32
    assert "(∅, 32)" in screen_text(app)
    await press(pilot, "ctrl+z")
    assert app.studio.project.graph.layers["dense"].config["units"] == 64
    await press(pilot, "ctrl+z")
    assert app.studio.project.graph.calls["digit"].inputs == ("hidden",)
    await press(pilot, "ctrl+y")
    assert app.studio.project.graph.calls["digit"].inputs == ("dropout",)

    await press(pilot, "escape", "3")
    await press(pilot, "down", "enter", *"3e-3", "enter")  # Adam's learning rate
    assert app.studio.project.compile.optimizer.config == {"learning_rate": 3e-3}
    await press(pilot, "tab", "enter", *"5000", "enter")  # epochs: long enough to steer
    assert app.studio.project.fit.epochs == 5000

    await press(pilot, "f5")
    await run_is(pilot, "running")
    assert isinstance(app.screen, TrainScreen)
    await until(pilot, lambda: app.studio.run is not None and len(app.studio.run.history) >= 2, 120)
    await press(pilot, "space")
    await run_is(pilot, "paused")
    await until(pilot, lambda: "paused" in screen_text(app))
    await press(pilot, "space")
    await run_is(pilot, "running")
    done = len(app.studio.run.history) if app.studio.run else 0
    await until(pilot, lambda: app.studio.run is not None and len(app.studio.run.history) > done, 120)
    await press(pilot, "s")
    await run_is(pilot, "stopped")
    await press(pilot, "w")
    await type_path(pilot, tmp_path / "mine.keras")
    saved = tmp_path / "mine.keras"
    await until(pilot, saved.exists, 30)

    from kerastui.engine import load_model

    ours = load_model(saved)
    images = app.studio.data.table
    assert images is not None
    stock = opened_in_stock_keras(saved, images.path, tmp_path / "stock.npz")
    for index, weights in enumerate(ours.get_weights()):
        assert np.array_equal(weights, stock[f"arr_{index}"])
    predictions = ours.predict(images.columns["image"].astype("float32") / 16, verbose=0)
    assert np.abs(predictions - stock["predictions"]).max() <= 1e-6
    assert (predictions.argmax(1) == images.columns["digit"]).mean() > 0.9


async def type_path(pilot: Pilot[None], path: Path) -> None:
    """Type a path into the prompt in front and accept it."""
    from textual.widgets import Input

    field = pilot.app.screen.query_one(Input)
    field.value = ""
    for letter in str(path):
        await pilot.press({"/": "slash", ".": "full_stop", "-": "minus", "_": "underscore"}.get(letter, letter))
    assert field.value == str(path)
    await press(pilot, "enter")


async def test_the_engine_is_killed_five_times_and_nothing_is_lost(pilot: Pilot[None]) -> None:
    app = app_of(pilot)
    app.studio.do("long", settings.set_fit(app.studio.project, epochs=100_000))
    await settled(pilot)
    client = app.studio.engine
    assert isinstance(client, SocketClient)
    for _ in range(5):
        await press(pilot, "f5")
        await run_is(pilot, "running")
        await until(pilot, lambda: app.studio.run is not None and len(app.studio.run.history) >= 1, 120)
        epochs = [row.epoch for row in app.studio.run.history] if app.studio.run else []
        process = client.process
        assert process is not None
        os.kill(process, signal.SIGKILL)
        await until(pilot, lambda: "lost" in screen_text(app).splitlines()[0], 1.0)
        run = app.studio.run
        assert run is not None
        assert run.status == "lost"
        assert [row.epoch for row in run.history][: len(epochs)] == epochs
        assert app.studio.project.fit.epochs == 100_000
        await press(pilot, "r")
        await until(pilot, lambda: app.studio.engine_state.kind == "ready", 120)
        assert client.process != process
        assert app.studio.run is run
    assert isinstance(app.screen, StageScreen)


async def test_from_home_to_a_trained_digits_network_in_25_keystrokes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = KerasTUI(None)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        keys = ["T", "enter", "enter", "f5"]  # templates, the first, in the folder it says, train
        await press(pilot, *keys[:3])
        await until(pilot, lambda: app.studio.engine_state.kind == "ready" and app.studio.workspace is not None, 120)
        await press(pilot, *keys[3:])
        await run_is(pilot, "completed")
        run = app.studio.run
        await app.studio.close()

    assert len(keys) <= 25
    assert run is not None
    assert run.history[-1].logs["val_sparse_categorical_accuracy"] > 0.9
    assert (tmp_path / "digits" / "runs" / "0001" / "model.keras").is_file()
