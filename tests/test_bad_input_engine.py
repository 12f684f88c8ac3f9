"""What goes wrong while Keras works: in the engine process and on the command line, with one import of TensorFlow."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from click.testing import CliRunner, Result
from ears import Ears
from projects import small_project

from kerastui.cli import main
from kerastui.engine.process import launch
from kerastui.engine.process.client import EngineRefused, Lost, SocketClient
from kerastui.engine.process.protocol import EventBody, Ready, RunFinished, RunStarted
from kerastui.engine.project import commands, settings
from kerastui.engine.project.document import Column, Layer, Project, Spec
from kerastui.engine.project.files import write
from kerastui.engine.training.events import EpochEnded

pytestmark = pytest.mark.slow
module = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def home(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    """A home for the engine of this module, with a path too long for a socket."""
    folder = tmp_path_factory.mktemp("h") / ("long" * 30)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERASTUI_HOME", str(folder))
        yield folder


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def engine(home: Path) -> AsyncIterator[SocketClient]:
    """One engine with TensorFlow loaded."""
    client = SocketClient()
    ears = Ears(client)
    await client.start()
    await ears.next(Ready)
    yield client
    await client.shutdown()


def train(folder: Path, project: Project, *options: str) -> Result:
    """Train a project in this process with `kerastui train`."""
    write(folder, project)
    return CliRunner().invoke(main, ["train", str(folder), *options])


def quick(**callbacks: Any) -> Project:
    """Return a project that trains one epoch, with one callback."""
    project = settings.set_fit(small_project(), epochs=1)
    fit = msgspec.structs.replace(project.fit, callbacks=tuple(Spec(*item) for item in callbacks.items()))
    return msgspec.structs.replace(project, fit=fit)


def test_callbacks_write_into_the_folder_of_the_run(tmp_path: Path) -> None:
    project = quick(ModelCheckpoint={"filepath": "best.keras"}, CSVLogger={"filename": "log.csv"})
    assert train(tmp_path, project).exit_code == 0
    assert (tmp_path / "runs" / "0001" / "best.keras").is_file()
    assert (tmp_path / "runs" / "0001" / "log.csv").is_file()


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        ({"ModelCheckpoint": {"filepath": "best.foo"}}, "must end in `.keras`"),
        ({"ReduceLROnPlateau": {"factor": 2.0}}, "factor >= 1.0"),
    ],
)
def test_what_only_keras_knows_of_a_callback_is_said_before_the_run(
    tmp_path: Path, callback: dict[str, Any], message: str
) -> None:
    result = train(tmp_path, quick(**callback))
    assert result.exit_code == 1
    assert message in result.output
    assert "put it right in Configure" in result.output
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_failure_that_nobody_foresaw_is_one_line_and_the_rest_is_in_a_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERASTUI_HOME", str(tmp_path / "home"))
    result = train(tmp_path, quick(EarlyStopping={"monitor": "val_foo"}))
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    log = tmp_path / "home" / "logs" / "train.log"
    assert str(log) in result.output
    assert "Traceback" in log.read_text()


def test_a_loss_that_is_not_a_number_leaves_json_that_can_be_read(tmp_path: Path) -> None:
    project = quick(TerminateOnNaN={})
    project = settings.set_optimizer(project, Spec("Adam", {"learning_rate": 1e30}))
    result = train(tmp_path, project, "--json")
    lines = [json.loads(line, parse_constant=pytest.fail) for line in result.stdout.splitlines()]
    assert lines[-1]["event"] == "finished"
    assert lines[-1]["metrics"]["loss"] is None


def test_an_early_end_is_told(tmp_path: Path) -> None:
    stop = {"monitor": "loss", "min_delta": 9.0, "patience": 1}
    project = settings.set_fit(quick(EarlyStopping=stop), epochs=9, batch_size=5000)
    assert "early after 2 epochs" in train(tmp_path, project).output


def test_a_model_that_does_not_fit_into_memory_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kerastui.engine.models.model import Functional

    def fit(*args: object, **kwargs: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Functional, "fit", fit)
    assert "smaller batch_size" in train(tmp_path, quick()).output


def test_a_model_that_cannot_be_saved_says_so_and_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kerastui.engine.models.model import Functional

    def save(*args: object, **kwargs: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Functional, "save", save)
    result = train(tmp_path, quick())
    assert result.exit_code == 1
    assert "cannot be saved" in result.output
    assert "No space left" in result.output
    assert "saved nothing" in result.output


def test_foreign_code_is_never_built() -> None:
    from kerastui.engine.catalog.objects import build_object
    from kerastui.engine.checking import Checker

    for spec in (Spec("TFSMLayer", {"filepath": "x"}), Spec("TorchModuleWrapper", {"module": "x"})):
        with pytest.raises(ValueError, match=r"a program from a file|Python code"):
            build_object(spec, "layer")
    project = small_project()
    graph = project.graph
    layers = {**graph.layers, "flatten": Layer("TimeDistributed", {"layer": Spec("TFSMLayer", {"filepath": "x"})})}
    checked = Checker().check(msgspec.structs.replace(project, graph=msgspec.structs.replace(graph, layers=layers)))
    assert "a program from a file" in checked.problems[0].what


def test_an_input_of_an_unknown_dtype_is_a_problem_of_the_check() -> None:
    from kerastui.engine.checking import Checker

    project = small_project()
    graph = project.graph
    inputs = {key: msgspec.structs.replace(value, dtype="floaty") for key, value in graph.inputs.items()}
    checked = Checker().check(msgspec.structs.replace(project, graph=msgspec.structs.replace(graph, inputs=inputs)))
    assert [problem.subject for problem in checked.problems] == list(inputs)
    assert all(report.waits for report in checked.calls.values())


def two_outputs() -> Project:
    """Return penguins with two inputs, and a second output trained on another column."""
    from kerastui.engine import templates

    project = templates.project("penguins-species")
    project, age = commands.add_layer(project, "Dense", {"units": 1}, "hidden")
    project = commands.toggle_output(project, age)
    project = settings.set_loss(project, age, Spec("MeanSquaredError"))
    columns = {**project.data.columns, "year": Column("target", "standardise", "error", age)}
    return settings.set_fit(settings.set_source(project, project.data.source, columns), epochs=1)


def test_two_inputs_and_two_outputs_train_and_open_in_stock_keras(tmp_path: Path) -> None:
    import keras
    import numpy as np

    result = train(tmp_path, two_outputs(), "--json")
    last = json.loads(result.stdout.splitlines()[-1])
    assert {"loss", "val_loss", "species_loss", "dense_loss"} <= last["metrics"].keys()
    model = keras.saving.load_model(last["saved"])
    given = {"measures": np.zeros((3, 4), "float32"), "where": np.zeros((3, 6), "float32")}
    assert {name: values.shape for name, values in model.predict(given, verbose=0).items()} == {
        "species": (3, 3),
        "dense": (3, 1),
    }


@module
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: msgspec.structs.replace(p, fit=msgspec.structs.replace(p.fit, batch_size=0)), "batch_size takes"),
        (lambda _: quick(CSVLogger={"filename": "/x.csv"}), "folder of the run"),
    ],
)
async def test_the_engine_checks_what_a_client_did_not(
    engine: SocketClient, tmp_path: Path, change: Callable[[Project], Project], message: str
) -> None:
    with pytest.raises(EngineRefused, match=message):
        await engine.train(change(small_project()), tmp_path)


@module
async def test_a_folder_removed_during_a_run_costs_only_the_files(engine: SocketClient, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    ears = Ears(engine)
    await engine.train(settings.set_fit(small_project(), epochs=100_000), folder)
    await ears.next(EpochEnded)
    shutil.rmtree(folder)
    await engine.stop()
    finished = await ears.next(RunFinished)
    assert (finished.reason, finished.saved) == ("stopped", "")
    assert "No such file" in finished.note
    assert Path(await engine.save(tmp_path / "kept.keras")).is_file()


@module
async def test_of_two_clients_one_ends_the_engine_in_a_run_and_the_other_hears_it(
    engine: SocketClient, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERASTUI_HOME", str(home))
    ears = Ears(engine)
    await engine.train(settings.set_fit(small_project(), epochs=100_000), tmp_path)
    await ears.next(RunStarted)
    other = SocketClient()
    told: list[EventBody | Lost] = []
    other.listen(told.append)
    assert (await other.start(tmp_path)).running
    process = other.process
    await other.shutdown()
    await ears.next(Lost, seconds=10.0)
    assert (await ears.next(RunFinished)).reason == "stopped"
    assert (tmp_path / "runs" / "0001" / "model.keras").is_file()
    assert process is not None
    assert not launch.is_alive(process)


@module
async def test_an_engine_killed_while_idle_is_heard_of_and_started_again() -> None:
    client = SocketClient()
    ears = Ears(client)
    await client.start()
    assert client.process is not None
    os.kill(client.process, signal.SIGKILL)
    await ears.next(Lost, seconds=2.0)
    await client.start()
    await client.ping()
    await client.shutdown()
