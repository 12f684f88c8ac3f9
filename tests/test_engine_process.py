"""The real engine process behind the real client: handshake, check, train, steer, save, die, come back."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from ears import Ears
from own_code import own_project, written
from projects import small_project

from kerastui.engine.custom.trust import trust
from kerastui.engine.process import launch
from kerastui.engine.process.client import EngineLost, EngineRefused, Lost, SocketClient
from kerastui.engine.process.protocol import Ready, RunFinished, RunStarted
from kerastui.engine.project import commands, settings
from kerastui.engine.project.document import Project
from kerastui.engine.runs import latest, read_history, read_record
from kerastui.engine.training.events import EpochEnded, Paused, Progress, Resumed

pytestmark = pytest.mark.slow


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SocketClient]:
    """One engine with TensorFlow loaded, shared by the tests of this module: loading takes 6 s."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERASTUI_HOME", str(tmp_path_factory.mktemp("engine-home")))
        client = SocketClient()
        ears = Ears(client)
        await client.start()
        await ears.next(Ready)
    yield client
    await client.shutdown()


module = pytest.mark.asyncio(loop_scope="module")


def endless(project: Project) -> Project:
    """Return a project that trains until it is stopped."""
    return settings.set_fit(project, epochs=100_000)


@module
async def test_handshake_tells_versions_and_devices(engine: SocketClient) -> None:
    other = SocketClient()
    other._running = engine._running
    ears = Ears(other)
    assert engine._running is not None
    other._reading = asyncio.create_task(other._read(await other._connect(engine._running)))
    await other.ping()
    await other.close()
    assert not [event for event in ears.heard if isinstance(event, Lost)]


@module
async def test_code_that_prints_loops_or_breaks_leaves_the_engine_well(engine: SocketClient, tmp_path: Path) -> None:
    folder = written(tmp_path / "project", own_project(scale=2.0), trusted=False)
    assert not (await engine.read_code(folder, ())).trusted
    home = engine.log.parent.parent if engine.log else tmp_path
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERASTUI_HOME", str(home))  # that of the engine
        trust(folder)
    code = await engine.read_code(folder, ())
    assert (code.trusted, code.errors) == (True, ())
    assert "layers.ScaledTanh" in {entry.name for entry in code.entries}
    checked = await engine.check(own_project(scale=2.0))
    assert checked.problems == ()
    assert checked.calls["scaled_tanh"].shape == (None, 64)
    assert "layers.py is run" in (engine.log.read_text() if engine.log else "")
    (folder / "layers.py").write_text("import keras\nprint('x' * 100_000)\nnix\n")
    code = await engine.read_code(folder, ())
    assert [error.place for error in code.errors] == ["layers.py:3"]
    assert (await engine.check(own_project(scale=2.0))).problems == ()
    (folder / "layers.py").unlink()
    assert (await engine.read_code(folder, ())).entries == ()
    assert len((await engine.check(own_project(scale=2.0))).problems) == 1


@module
async def test_check_gives_shapes_and_counts(engine: SocketClient) -> None:
    checked = await engine.check(small_project())
    assert checked.calls["flatten"].shape == (None, 64)
    assert checked.calls["dense"].shape == (None, 64)
    assert checked.calls["dense"].params == 4160
    assert checked.calls["dense_1"].shape == (None, 10)
    assert (checked.params, checked.problems) == (4810, ())


@module
async def test_check_puts_an_error_on_its_call_and_what_follows_waits(engine: SocketClient) -> None:
    project = small_project()
    project, add = commands.add_layer(project, "Add", {}, "flatten")
    project, wide = commands.add_layer(project, "Dense", {"units": 48}, "flatten")
    project = commands.connect(project, wide, add)
    project, after = commands.add_layer(project, "Dense", {"units": 4}, add)
    checked = await engine.check(project)
    assert [problem.subject for problem in checked.problems] == [add]
    assert "(∅, 64) and (∅, 48)" in checked.problems[0].what
    assert checked.calls[after].waits
    assert checked.calls["dense_1"].shape == (None, 10)


@module
async def test_a_layer_of_a_hundred_thousand_million_parameters_is_only_counted(engine: SocketClient) -> None:
    project, start = commands.add_input(Project("huge"), (100_000,))
    project, dense = commands.add_layer(project, "Dense", {"units": 1_000_000}, start)
    checked = await engine.check(project)
    assert checked.calls[dense].params == 100_001 * 1_000_000


@module
async def test_a_shared_layer_counts_once(engine: SocketClient) -> None:
    from msgspec.structs import replace

    from kerastui.engine.project.document import Call

    project = small_project()
    graph = project.graph
    graph = replace(graph, calls={**graph.calls, "again": Call("dense", ("flatten",))})
    checked = await engine.check(replace(project, graph=graph))
    assert (checked.calls["dense"].params, checked.calls["again"].params) == (4160, 0)


@module
async def test_summary_is_kerass(engine: SocketClient) -> None:
    text = await engine.summary(small_project(), 90)
    assert "dense (Dense)" in text
    assert "4,160" in text
    assert "Total params: 4,810" in text


@module
async def test_a_run_from_start_to_saved_model(engine: SocketClient, tmp_path: Path) -> None:
    ears = Ears(engine)
    await engine.train(settings.set_fit(small_project(), epochs=2), tmp_path)
    finished = await ears.next(RunFinished)
    started = await ears.next(RunStarted)
    assert (started.run, started.epochs, started.samples, started.params) == (1, 2, 1438, 4810)
    assert finished.reason == "completed"
    assert Path(finished.saved).is_file()
    assert [event.epoch for event in ears.heard if isinstance(event, EpochEnded)] == [1, 2]
    folder = latest(tmp_path)
    assert folder is not None
    record = read_record(folder)
    assert record is not None
    assert (record.status, record.epochs) == ("completed", 2)
    history = read_history(folder)
    assert [number for number, _, _ in history] == [1, 2]
    assert history[-1][2] == finished.metrics
    assert (folder / "kerastui.toml").is_file()
    assert (folder / "preprocessing.json").is_file()


@module
async def test_pause_resume_stop_and_save(engine: SocketClient, tmp_path: Path) -> None:
    ears = Ears(engine)
    await engine.train(endless(small_project()), tmp_path)
    await ears.next(Progress)
    await engine.pause()
    paused = await ears.next(Paused)
    with pytest.raises(EngineRefused, match="a run is going on"):
        await engine.train(small_project(), tmp_path)
    checked = await engine.check(small_project())  # answered while the run is held
    assert checked.params == 4810
    mark = len(ears.heard)
    assert not [event for event in ears.heard[mark:] if isinstance(event, Progress)]
    await engine.resume()
    await ears.next(Resumed)
    more = await ears.next(Progress, mark)
    assert (more.epoch, more.step) >= (paused.epoch, paused.step)
    await engine.check(small_project())  # answered between two batches
    await engine.stop()
    finished = await ears.next(RunFinished)
    assert finished.reason == "stopped"
    target = tmp_path / "mine.keras"
    assert await engine.save(target) == str(target)
    with pytest.raises(EngineRefused, match="is there already"):
        await engine.save(target)
    assert await engine.save(target, overwrite=True) == str(target)
    with pytest.raises(EngineRefused, match=r"must end in \.keras"):
        await engine.save(tmp_path / "mine.h5")
    with pytest.raises(EngineRefused, match="no run is going on"):
        await engine.pause()


STOCK = """
import sys
sys.modules["kerastui"] = None  # an import of it fails
import keras, numpy
model = keras.saving.load_model(sys.argv[1])
table = numpy.load(sys.argv[2])
numpy.savez(sys.argv[3], predictions=model.predict(table["x"], verbose=0), *model.get_weights())
"""


@module
async def test_the_saved_model_opens_in_stock_keras(engine: SocketClient, tmp_path: Path) -> None:
    import numpy as np

    from kerastui.engine import load_model
    from kerastui.engine.data.table import read_table

    ears = Ears(engine)
    await engine.train(settings.set_fit(small_project(), epochs=1), tmp_path)
    saved = (await ears.next(RunFinished)).saved
    images = read_table("bundled:digits", tmp_path).columns["image"][:64].astype("float32") / 16
    np.savez(tmp_path / "in.npz", x=images)
    output = tmp_path / "out.npz"
    code = [sys.executable, "-c", STOCK, saved, str(tmp_path / "in.npz"), str(output)]
    await asyncio.to_thread(subprocess.run, code, check=True, capture_output=True)
    stock = np.load(output)
    ours = load_model(saved)
    for index, weights in enumerate(ours.get_weights()):
        assert np.array_equal(weights, stock[f"arr_{index}"])
    assert np.abs(ours.predict(images, verbose=0) - stock["predictions"]).max() <= 1e-6


@module
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: settings.set_source(p, "nowhere.csv", p.data.columns), "no such file"),
        (lambda p: settings.set_loss(p, "digit", None), "has no loss"),
        (lambda p: commands.set_argument(p, "dense", "units", -3), "units"),
        (lambda p: commands.disconnect(p, "dense", "dense_1"), "has no input"),
    ],
)
async def test_what_cannot_be_trained_says_why(
    engine: SocketClient, tmp_path: Path, change: Callable[[Project], Project], message: str
) -> None:
    with pytest.raises(EngineRefused, match=message):
        await engine.train(change(small_project()), tmp_path)
    await engine.ping()
    assert not (tmp_path / "runs").exists()


@module
async def test_a_client_that_comes_back_gets_the_run_again(
    engine: SocketClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engine.log is not None
    monkeypatch.setenv("KERASTUI_HOME", str(engine.log.parents[1]))
    ears = Ears(engine)
    await engine.train(settings.set_fit(small_project(), epochs=2), tmp_path)
    await ears.next(RunFinished)
    other = SocketClient()
    again = Ears(other)
    welcome = await other.start(tmp_path)
    assert other.process == engine.process
    assert welcome.project == str(tmp_path)
    await other.attach()
    assert (await again.next(RunFinished)).saved == (await ears.next(RunFinished)).saved
    assert len([event for event in again.heard if isinstance(event, EpochEnded)]) == 2
    await other.close()


@module
async def test_killed_in_a_run_the_client_hears_it_and_the_history_is_there(
    tmp_path: Path, engine: SocketClient
) -> None:
    client = SocketClient()
    ears = Ears(client)
    await client.start()
    await ears.next(Ready)
    await client.train(endless(small_project()), tmp_path)
    epoch = await ears.next(EpochEnded)
    killed = client.process
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    await ears.next(Lost, seconds=1.0)
    with pytest.raises(EngineLost):
        await client.ping()
    folder = latest(tmp_path)
    assert folder is not None
    assert read_history(folder)[0][2] == epoch.logs
    record = read_record(folder)
    assert record is not None
    assert record.status == "running"
    await client.start(tmp_path)  # the dead engine is not joined
    assert client.process != killed
    assert killed not in [item.process for item in launch.engines()]
    await client.shutdown()


def test_the_log_is_cut_to_its_tail(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    log.write_bytes(b"".join(b"line %06d\n" % number for number in range(300_000)))
    launch.trim_log(log)
    assert log.stat().st_size <= launch.LOG_TAIL
    assert log.read_bytes().startswith(b"line ")
    assert log.read_bytes().endswith(b"line 299999\n")


async def test_the_engine_speaks_over_pipes_too(tmp_path: Path) -> None:
    from kerastui.engine.process.frames import frame, read_frame
    from kerastui.engine.process.protocol import (
        Hello,
        Reply,
        Request,
        RequestBody,
        Shutdown,
        Welcome,
        decode_from_engine,
        encode,
    )

    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "kerastui",
        "engine",
        "--stdio",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    bodies: tuple[RequestBody, ...] = (Hello(), Shutdown())
    for number, body in enumerate(bodies, 1):
        child.stdin.write(frame(encode(Request(number, body))))
    content = await read_frame(child.stdout)
    assert content is not None
    reply = decode_from_engine(content)
    assert isinstance(reply, Reply)
    assert isinstance(reply.body, Welcome)
    async with asyncio.timeout(30):
        await child.communicate()
    assert child.returncode == 0
