"""What is wrong in a project file, a folder or a run's files is said clearly, and nothing is lost. No TensorFlow."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec.structs import replace
from projects import SPARSE, small_project

from kerastui.cli import main
from kerastui.engine.catalog.check import check_spec
from kerastui.engine.explain import explain_call, explain_step
from kerastui.engine.process import launch
from kerastui.engine.process.client import EngineLost, SocketClient
from kerastui.engine.project import settings
from kerastui.engine.project.checks import check_project, check_targets
from kerastui.engine.project.document import Project, Spec
from kerastui.engine.project.files import ProjectFileError, dumps, loads, read, write
from kerastui.engine.project.problems import Problem, together
from kerastui.engine.project.workspace import Workspace
from kerastui.engine.runs import RunFolder, RunRecord, read_history, read_record

TEXT = dumps(small_project())

FAULTS = [
    ("epochs = 20", "epochs = 0", "epochs", "above 0"),
    ("batch_size = 32", "batch_size = 0", "batch_size", "above 0"),
    ("validation_freq = 1", "validation_freq = 0", "validation_freq", "above 0"),
    ("steps_per_execution = 1", "steps_per_execution = 0", "steps_per_execution", "above 0"),
    ("seed = 42\ncallbacks", "seed = -1\ncallbacks", "seed", "from 0"),
    ("seed = 42, stratify", "seed = -1, stratify", "", "seed of the split"),
    ('dtype = "float32"', 'dtype = "floaty"', "input", "floaty"),
    ("units = 64", 'units = 64\nname = "a/b"', "dense", "'a/b' is no name"),
    ("units = 64", 'units = 64\nname = "pixels"', "dense", "2 layers are named pixels"),
    ('class = "Flatten"', 'class = "StringLookup"', "flatten", "has nothing to go by"),
    ('class = "Flatten"', 'class = "TFSMLayer"\nfilepath = "x"', "flatten", "runs a program from a file"),
    ('class = "Flatten"', 'class = "Lambda"\nfunction = "x"', "flatten", "Python code"),
    ("callbacks = []", 'callbacks = [{ class = "CSVLogger", filename = "/x.csv" }]', "CSVLogger", "folder of the run"),
    ("callbacks = []", 'callbacks = [{ class = "CSVLogger", filename = "../x" }]', "CSVLogger", "folder of the run"),
]


@pytest.mark.parametrize(("old", "new", "subject", "message"), FAULTS)
def test_a_fault_of_the_document_is_an_error_where_it_is(old: str, new: str, subject: str, message: str) -> None:
    assert old in TEXT
    project = loads(TEXT.replace(old, new, 1), Path("kerastui.toml"))
    found = [item for item in check_project(project) if item.severity == "error" and message in item.what]
    assert subject in [item.subject for item in found]


def test_a_sound_project_has_no_problem() -> None:
    assert check_project(loads(TEXT, Path("kerastui.toml"))) == []


def test_a_near_name_is_proposed() -> None:
    project = loads(TEXT.replace('class = "Dense"', 'class = "Densee"', 1), Path("kerastui.toml"))
    assert "did you mean Dense?" in [item.hint for item in check_project(project)]


@pytest.mark.parametrize("written", ["0", "true", '"x"', "-1"])
def test_a_format_that_is_no_number_of_one(written: str) -> None:
    with pytest.raises(ProjectFileError, match=r"line 1: .*whole number above 0"):
        loads(TEXT.replace("format = 1", f"format = {written}"), Path("kerastui.toml"))


def test_a_mark_before_the_text_is_read_over(tmp_path: Path) -> None:
    (tmp_path / "kerastui.toml").write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    assert read(tmp_path) == small_project()


TARGETS = [
    ((None, 8, 10), SPARSE, 10, "label", "gives 3 axes with the batch"),
    ((None, 12), "CategoricalCrossentropy", 10, "one-hot", "12 values for 10 classes"),
    ((None, 2), "BinaryCrossentropy", 2, "label", "takes one value, the output has 2"),
]


@pytest.mark.parametrize(("shape", "loss", "classes", "encoding", "message"), TARGETS)
def test_an_output_that_does_not_fit_its_target(
    shape: tuple[int | None, ...], loss: str, classes: int, encoding: str, message: str
) -> None:
    project = settings.set_loss(small_project(), "digit", Spec(loss))
    found = check_targets(project, {"digit": shape}, {"digit": classes}, {"digit": encoding})
    assert [item.severity for item in found if message in item.what] == ["error"]


def test_more_values_than_classes_fit_integer_labels() -> None:
    assert check_targets(small_project(), {"digit": (None, 12)}, {"digit": 10}, {"digit": "label"}) == []


def test_what_document_and_engine_both_find_is_said_once() -> None:
    document = Problem("error", "build", "dense", "units is missing")
    elsewhere = Problem("error", "build", "add", "shapes differ")
    engine = [Problem("error", "build", "dense", "Dense: units is missing"), elsewhere]
    assert together([document], engine) == [document, elsewhere]


CALLS = [
    ("missing a required argument: 'value'", "second input (value), gets 1", "connect another"),
    ("expected axis -1 of input shape to have value 4, but", "was built for size 4 on axis -1", "layer of its own"),
    ("Shapes used to initialize variables must be fully-defined (no", "needs sizes that are known", "give the input"),
]


@pytest.mark.parametrize(("raised", "what", "hint"), CALLS)
def test_what_keras_says_of_a_call_is_put_plainly(raised: str, what: str, hint: str) -> None:
    told = explain_call(ValueError(raised), "MultiHeadAttention", [(None, 16)])
    assert what in told[0]
    assert "(∅, 16)" in told[0]
    assert hint in told[1]


def test_what_went_wrong_in_a_step_names_reason_and_layer() -> None:
    graph = "Graph execution error:\n\nDetected at node x\n  File a\nTable not initialized.\n\t [[{{node a/b}}]] [Op:c]"
    assert explain_step(RuntimeError(graph)) == "Table not initialized"
    call = "Exception encountered when calling Softmax.call().\n\n\x1b[1mdim too high\x1b[0m\n\nArguments received by"
    assert explain_step(ValueError(call)) == "Softmax: dim too high"
    assert explain_step(KeyError("no such 'val_foo'")) == "no such 'val_foo'"


def test_foreign_code_is_refused_inside_a_wrapper_too() -> None:
    wrapped = Spec("TimeDistributed", {"layer": Spec("TFSMLayer", {"filepath": "x"})})
    assert "runs a program from a file" in check_spec("layer", wrapped)


class FullDisk:
    """Let writes to the journal fail until space is made."""

    def __init__(self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = True
        for name in ("append", "start"):
            monkeypatch.setattr(workspace._journal, name, self.guarded(getattr(workspace._journal, name)))

    def guarded(self, method: object) -> object:
        def call(*args: object) -> None:
            if self.full:
                raise OSError(28, "No space left on device")
            method(*args)  # type: ignore[operator]

        return call


def test_edits_made_while_the_disk_was_full_are_there_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def epochs(workspace: Workspace, count: int) -> Project:
        return settings.set_fit(workspace.project, epochs=count)

    workspace = Workspace.create(tmp_path, small_project())
    workspace.do("one", epochs(workspace, 1))
    disk = FullDisk(workspace, monkeypatch)
    for count in (2, 3, 4):
        workspace.do("more", epochs(workspace, count))
    workspace.undo()
    assert not workspace.journalled
    assert "No space left" in workspace.notice
    disk.full = False
    workspace.undo()
    assert workspace.journalled
    workspace.do("last", epochs(workspace, 9))
    workspace.undo()
    again = Workspace.open(tmp_path)
    assert again.project == workspace.project
    assert again.project.fit.epochs == 2
    again.redo()
    assert again.project.fit.epochs == 9
    for _ in range(3):
        again.undo()
    assert again.project == small_project()


def test_a_run_that_cannot_be_snapshotted_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kerastui.engine.runs.write_atomically", full)
    with pytest.raises(OSError, match="No space"):
        RunFolder.create(tmp_path, TEXT)
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_loss_that_is_not_a_number_is_kept_and_read_back(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, TEXT)
    folder.write("run.json", RunRecord(1, "completed", 0.0, metrics={"loss": math.nan}))
    folder.add_epoch(1, {"loss": math.nan}, 0.5)
    record = read_record(folder.path)
    assert record is not None
    assert record.metrics == {"loss": None}
    assert math.isnan(read_history(folder.path)[0][2]["loss"])


def test_damaged_lines_of_a_history_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_bytes(
        b"epoch,elapsed,loss\n1,0.5,0.25\nx,0.5,0.2\n2,1.0\n3,1.5,0.1,9\n4,2.0,\xff\n"
    )
    assert [epoch for epoch, _, _ in read_history(tmp_path)] == [1]


def test_a_home_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KERASTUI_HOME", str(tmp_path / "file" / "home"))
    assert "no engine runs" in CliRunner().invoke(main, ["engine", "list"]).output
    started = CliRunner().invoke(main, ["engine", "start"])
    assert (started.exit_code, "cannot be started" in started.output) == (1, True)
    made = CliRunner().invoke(main, ["new", str(tmp_path / "file" / "project")])
    assert (made.exit_code, "choose another folder" in made.output) == (1, True)


async def test_a_client_says_that_the_home_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KERASTUI_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(EngineLost, match="cannot be started"):
        await SocketClient().start(tmp_path)


def test_an_engine_that_is_not_there_is_not_waited_for(tmp_path: Path) -> None:
    from kerastui.engine.home import socket_folder

    socket = socket_folder() / "dead.sock"
    launch.register(launch.Running(os.getpid(), str(socket), "", str(tmp_path)))  # its process id was given again
    assert CliRunner().invoke(main, ["engine", "stop"]).output == "stopped 0\n"
    assert not socket.with_suffix(".json").exists()


def test_a_write_that_fails_leaves_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, small_project())

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kerastui.engine.project.files.write_atomically", full)
    with pytest.raises(ProjectFileError, match="No space left on device; the file is as it was"):
        write(tmp_path, replace(small_project(), name="other"))
    assert read(tmp_path) == small_project()
