"""The engine's server, in this process: what cannot be timed from outside."""

from __future__ import annotations

import asyncio
import gc
import importlib
import threading
from pathlib import Path
from typing import Any

import pytest
from projects import small_project

from kerastui.engine.process.protocol import Done, Pause, RunFinished, Stop, Train
from kerastui.engine.process.run import Run
from kerastui.engine.process.server import Engine
from kerastui.engine.project import settings
from kerastui.engine.project.plain import to_plain

pytestmark = pytest.mark.slow


async def test_a_run_begun_before_the_last_ones_thread_is_through_can_be_paused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished, may_return = asyncio.Queue[Any](), threading.Event()
    train, publish = Run.train, Engine._publish

    def train_and_linger(run: Run) -> None:
        train(run)
        assert may_return.wait(60)

    def publish_and_note(engine: Engine, body: Any) -> None:
        publish(engine, body)
        if isinstance(body, RunFinished):
            finished.put_nowait(body)

    monkeypatch.setattr(Run, "train", train_and_linger)
    monkeypatch.setattr(Engine, "_publish", publish_and_note)
    engine = Engine()

    def request(epochs: int) -> asyncio.Task[Any]:
        project = settings.set_fit(small_project(), epochs=epochs)
        return asyncio.create_task(engine._handle(Train(to_plain(project), str(tmp_path)), None))  # type: ignore[arg-type]  # no client

    async with asyncio.timeout(60):
        assert isinstance(await request(1), Done)
        await finished.get()
        second = request(100_000)  # waits for the worker, which is still busy with the end of the first
        await asyncio.sleep(0)
        may_return.set()
        assert isinstance(await second, Done)
        assert isinstance(await engine._handle(Pause(), None), Done)  # type: ignore[arg-type]
        assert isinstance(await engine._handle(Stop(), None), Done)  # type: ignore[arg-type]
        assert (await finished.get()).reason == "stopped"
    engine._worker.close()


def test_no_garbage_is_looked_for_while_tensorflow_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    collecting, import_module = [], importlib.import_module

    def note(name: str, package: str | None = None) -> Any:
        if name == "kerastui.engine.checking":
            collecting.append(gc.isenabled())
        return import_module(name, package)

    monkeypatch.setattr(importlib, "import_module", note)
    Engine._load()
    assert collecting == [False]
    assert gc.isenabled()
