"""The document: plain form, file, edits, history and journal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from random_edits import VALUES

from kerastui.engine.project import arranging, commands
from kerastui.engine.project import settings as settings_commands
from kerastui.engine.project.document import Project, Spec, Split, Value
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.files import FILE_NAME, ProjectFileError, dumps, loads, read, write
from kerastui.engine.project.graph import consumers
from kerastui.engine.project.plain import value_to_plain
from kerastui.engine.project.workspace import JOURNAL_LIMIT, UNDO_LIMIT, Workspace


@given(VALUES)
@settings(max_examples=200, deadline=None)
def test_any_argument_survives_the_file(value: Value) -> None:
    project, key = commands.add_layer(Project("x"), "Dense", {"units": value})
    again = loads(dumps(project), Path(FILE_NAME))
    assert repr(value_to_plain(again.graph.layers[key].config["units"])) == repr(value_to_plain(value))


def chain() -> Project:
    """Return input → dense → dense_1, the last one an output with a loss."""
    project, start = commands.add_input(Project("chain"), (4,))
    project, first = commands.add_layer(project, "Dense", {"units": 8}, start)
    project, last = commands.add_layer(project, "Dense", {"units": 3}, first)
    project = commands.toggle_output(project, last)
    return settings_commands.set_loss(project, last, Spec("MeanSquaredError"))


def test_moving_a_card_changes_only_the_layout() -> None:
    before, after = dumps(chain()), dumps(arranging.move(chain(), {"dense": (3, 4)}))
    assert after.removeprefix(before) == "\n[layout]\ndense = [3, 4]\n"


def test_deleting_a_layer_mends_the_chain() -> None:
    graph = commands.delete(chain(), ["dense"]).graph
    assert list(graph.calls) == ["dense_1"]
    assert graph.calls["dense_1"].inputs == ("input",)
    assert list(graph.layers) == ["dense_1"]


def test_deleting_an_output_passes_it_on_with_its_settings() -> None:
    project = commands.delete(chain(), ["dense_1"])
    assert project.graph.outputs == {"dense_1": "dense"}
    assert "dense_1" in project.compile.losses
    assert commands.delete(project, ["dense"]).compile.losses == {}


def test_adding_after_the_end_moves_the_output_on() -> None:
    project, key = commands.add_layer(chain(), "Dropout", {"rate": 0.5}, "dense_1")
    assert project.graph.outputs == {"dense_1": key}


def test_adding_after_a_layer_in_the_middle_branches() -> None:
    project, key = commands.add_layer(chain(), "Dropout", {"rate": 0.5}, "dense")
    assert consumers(project.graph, "dense") == ["dense_1", key]


def test_inserting_on_a_wire() -> None:
    project, key = commands.insert_layer(chain(), "Dropout", {}, "dense", "dense_1")
    assert project.graph.calls["dense_1"].inputs == (key,)
    assert project.graph.calls[key].inputs == ("dense",)


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("dense_1", "dense", "dense already feeds dense_1: the wire would close a cycle"),
        ("dense", "dense", "dense already feeds dense: the wire would close a cycle"),
        ("dense", "dense_1", "dense already feeds dense_1"),
        ("dense", "input", "input is an input: nothing can feed it"),
        ("nobody", "dense", "there is no input or layer nobody"),
    ],
)
def test_wires_that_cannot_be(source: str, target: str, message: str) -> None:
    with pytest.raises(EditError, match=f"^{message}$"):
        commands.connect(chain(), source, target)


@pytest.mark.parametrize("name", ["", "a b", "ü", "dense_1", "x/y", "_x", "-x"])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(EditError):
        commands.rename(chain(), "dense", name)


def test_renaming_keeps_ids_and_can_be_taken_back() -> None:
    project = commands.rename(chain(), "dense", "hidden")
    assert project.graph.layers["dense"].name == "hidden"
    assert commands.rename(project, "dense", "dense") == chain()


@pytest.mark.parametrize(
    ("settings_", "message"), [({"epochs": 0}, "epochs is 1 or more"), ({"batch_size": -3}, "batch_size is 1 or more")]
)
def test_fit_settings_that_cannot_be(settings_: dict[str, int], message: str) -> None:
    with pytest.raises(EditError, match=message):
        settings_commands.set_fit(chain(), **settings_)


def test_a_split_must_leave_rows_to_train_on() -> None:
    with pytest.raises(EditError, match="nothing is left to train on"):
        settings_commands.set_split(chain(), Split(validation=0.6, test=0.4))


FAULTS = [
    ("format = 1\nname = \n", 2, "Invalid value"),
    ('format = 9\nname = "x"\n', 1, "newer"),
    ('format = 1\nname = "x"\nepochs = 3\n', 3, "unknown key `epochs`"),
    ('name = "x"\n[fit]\nepochs = "many"\n', 3, "expected `int`, got `str`"),
    ('name = "x"\n[graph.layers.a]\nunits = 3\n', 2, 'class = "…"'),
    ('name = "x"\n[graph.layers.a]\nclass = "Dense"\nwhen = 1979-05-27\n', 4, "a number, a text, a list or a table"),
    ('name = "x"\n[graph.calls]\na = { layer = "b" }\n', 3, "there is no layer `b`"),
    ('name = "x"\n[graph.layers.b]\nclass = "Dense"\n[graph.calls]\na = { layer = "b", inputs = ["c"] }\n', 5, "`c`"),
    ('name = "x"\n[graph.outputs]\na = "z"\n', 3, "there is no input or call `z` for this output"),
    ('name = "x"\n[graph.outputs]\na = "z"\na = "w"\n[fit]\n', 4, "a stands twice in its table"),
    ('name = "x"\n[graph.inputs]\na = { shape = [0] }\n', 3, "a size is above 0"),
    ('name = "x"\n[data.columns]\na = { role = "king" }\n', 3, "invalid enum value 'king'"),
    (
        'name = "x"\n[graph.layers.b]\nclass = "Dense"\n[graph.calls]\n'
        'a = { layer = "b", inputs = ["c"] }\nc = { layer = "b", inputs = ["a"] }\n',
        5,
        "a ← c ← a is a cycle",
    ),
]


@pytest.mark.parametrize(("text", "line", "reason"), FAULTS)
def test_a_malformed_file_names_line_and_reason(tmp_path: Path, text: str, line: int, reason: str) -> None:
    path = tmp_path / FILE_NAME
    path.write_text(text)
    with pytest.raises(ProjectFileError) as caught:
        Workspace.open(tmp_path)
    assert caught.value.line == line
    assert reason in str(caught.value)
    assert path.read_text() == text


@pytest.mark.parametrize("content", [b"\xff\xfe junk", None])
def test_an_unreadable_file_is_said_so(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(ProjectFileError, match="is not UTF-8 text" if content else "there is none in"):
        read(tmp_path)


def test_history_survives_a_restart(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path, Project("x"))
    workspace.do("a chain", chain())
    workspace.do("hidden", commands.rename(workspace.project, "dense", "hidden"))
    workspace.undo()
    workspace.save()
    workspace.do("tidy", arranging.move(workspace.project, {"dense": (1, 2)}))
    again = Workspace.open(tmp_path)
    assert again.project == workspace.project
    assert again.unsaved
    assert "edits that were not saved are back" in again.notice
    again.undo()
    assert not again.unsaved
    again.undo()
    assert again.project == Project("x")
    assert [edit and edit.label for edit in (again.redo(), again.redo(), again.redo())] == ["a chain", "tidy", None]


def test_what_is_unsaved_is_told_without_writing_the_document_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.create(tmp_path, Project("x"))
    written: list[Project] = []

    def counted(project: Project) -> str:
        written.append(project)
        return dumps(project)

    monkeypatch.setattr("kerastui.engine.project.workspace.dumps", counted)
    assert [workspace.unsaved for _ in range(3)] == [False] * 3
    workspace.do("a chain", chain())
    assert [workspace.unsaved for _ in range(3)] == [True] * 3
    workspace.save()
    assert not workspace.unsaved
    assert written == [Project("x"), chain()]


def test_a_file_changed_outside_wins_over_the_journal(tmp_path: Path) -> None:
    Workspace.create(tmp_path, Project("x")).do("a chain", chain())
    write(tmp_path, Project("from git"))
    again = Workspace.open(tmp_path)
    assert again.project.name == "from git"
    assert "changed outside" in again.notice
    assert not again.can_undo


def test_a_file_changed_outside_is_noticed_before_saving(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path, Project("x"))
    assert not workspace.changed_outside
    write(tmp_path, Project("from git"))
    assert workspace.changed_outside


def test_a_cut_journal_loses_the_last_edit_only(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path, Project("x"))
    workspace.do("one", settings_commands.set_fit(workspace.project, epochs=2))
    workspace.do("two", settings_commands.set_fit(workspace.project, epochs=3))
    journal = tmp_path / ".kerastui" / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-7])
    again = Workspace.open(tmp_path)
    assert again.project.fit.epochs == 2
    again.do("three", settings_commands.set_fit(again.project, epochs=4))
    assert Workspace.open(tmp_path).project.fit.epochs == 4


def test_a_long_journal_is_shortened_and_keeps_a_thousand_steps(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path, Project("x"))
    for number in range(JOURNAL_LIMIT + 10):
        workspace.do("more", settings_commands.set_fit(workspace.project, epochs=number + 1))
        if number == JOURNAL_LIMIT:
            workspace.save()
    workspace.undo()
    again = Workspace.open(tmp_path)
    journal = tmp_path / ".kerastui" / "journal.jsonl"
    assert len(journal.read_bytes().splitlines()) < UNDO_LIMIT + 10
    last = Workspace.open(tmp_path)
    for workspace in (again, last):
        assert workspace.project.fit.epochs == JOURNAL_LIMIT + 9
        assert workspace.unsaved
    assert last.redo()
    assert not last.redo()
    undone = 0
    while last.undo():
        undone += 1
    assert undone == UNDO_LIMIT + 1


KILLED = """
import sys, pathlib
from kerastui.engine.project import commands
from kerastui.engine.project import settings as settings_commands
from kerastui.engine.project.document import Project
from kerastui.engine.project.plain import value_to_plain
from kerastui.engine.project.workspace import JOURNAL_LIMIT, UNDO_LIMIT, Workspace
workspace = Workspace.create(pathlib.Path(sys.argv[1]), Project("x"))
for number in range(1, 10_000):
    workspace.do("more", settings_commands.set_fit(workspace.project, epochs=number))
    print(number, flush=True)
"""


@pytest.mark.parametrize("edits", [1, 7, 40])
def test_a_kill_loses_at_most_one_edit(tmp_path: Path, edits: int) -> None:
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    with child:
        for _ in range(edits):
            child.stdout.readline()
        os.kill(child.pid, signal.SIGKILL)
        last = int(([str(edits), *child.stdout.read().split()])[-1])
    assert Workspace.open(tmp_path).project.fit.epochs in (last, last + 1)


def test_a_folder_with_a_project_is_not_overwritten(tmp_path: Path) -> None:
    Workspace.create(tmp_path, Project("x"))
    with pytest.raises(ProjectFileError, match="is there already"):
        Workspace.create(tmp_path, Project("y"))
    assert read(tmp_path).name == "x"


def test_a_failed_write_leaves_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace.create(tmp_path, Project("x"))
    before = (tmp_path / FILE_NAME).read_bytes()
    workspace.do("more", settings_commands.set_fit(workspace.project, epochs=2))

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ProjectFileError, match="No space left on device"):
        workspace.save()
    workspace.do("more", settings_commands.set_fit(workspace.project, epochs=3))
    assert "kept in memory only" in workspace.notice
    assert (tmp_path / FILE_NAME).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [FILE_NAME]


@pytest.mark.slow
def test_the_app_that_is_killed_loses_at_most_one_edit() -> None:
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-m", "tests.kills", "3"], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "3 kills" in done.stdout
