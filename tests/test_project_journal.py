"""What becomes of a journal: one process at a time writes it, and what cannot be restored is kept."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Literal

import pytest
from fake_engine import FakeEngine

from kerastui.engine.project.document import Project
from kerastui.engine.project.files import FILE_NAME, ProjectFileError, has_comments, write
from kerastui.engine.project.journal import Entry, steps_since_save
from kerastui.engine.project.lock import ProjectInUse
from kerastui.engine.project.settings import set_fit
from kerastui.engine.project.workspace import Workspace
from kerastui.engine.studio import Studio

OTHER = """
import sys, pathlib
from kerastui.engine.project.settings import set_fit
from kerastui.engine.project.workspace import Workspace
workspace = Workspace.open(pathlib.Path(sys.argv[1]))
workspace.do("more", set_fit(workspace.project, epochs=77))
print("open", flush=True)
sys.stdin.read()
"""


def edited(folder: Path, *epochs: int) -> Workspace:
    """Return a new project with an edit for each number of epochs."""
    workspace = Workspace.create(folder, Project("x"))
    for count in epochs:
        workspace.do("epochs", set_fit(workspace.project, epochs=count))
    return workspace


def is_free(folder: Path) -> bool:
    """Tell whether another process could open a project: in one process a file opened again conflicts as well."""
    fcntl = pytest.importorskip("fcntl")
    with (folder / ".kerastui" / "lock").open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def test_a_project_is_open_in_one_process_until_that_is_killed(tmp_path: Path) -> None:
    edited(tmp_path)
    command = [sys.executable, "-c", OTHER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"open\n"
        with pytest.raises(ProjectInUse, match=rf"{tmp_path} is open in another kerastui \(process {child.pid}\)"):
            Workspace.open(tmp_path)
        (tmp_path / "kerastui.toml").rename(tmp_path / "away.toml")
        with pytest.raises(ProjectInUse, match="close it there"):
            Workspace.create(tmp_path, Project("y"))
        (tmp_path / "away.toml").rename(tmp_path / "kerastui.toml")
        child.kill()
    assert Workspace.open(tmp_path).project.fit.epochs == 77


def test_one_process_opens_a_project_again_and_lets_it_go(tmp_path: Path) -> None:
    first = edited(tmp_path, 3)
    again = Workspace.open(tmp_path)
    first.close()
    assert not is_free(tmp_path)
    again.close()
    assert is_free(tmp_path)
    dropped = Workspace.open(tmp_path)
    assert not is_free(tmp_path)
    del dropped
    assert is_free(tmp_path)


async def test_the_studio_lets_a_project_go_with_the_next_one_and_at_the_end(tmp_path: Path) -> None:
    studio = Studio(FakeEngine())
    for name in ("a", "b"):
        studio.create(tmp_path / name, Project(name))
    studio.open(tmp_path / "b")
    await studio.settle()
    kept = studio.workspace
    assert [is_free(tmp_path / name) for name in ("a", "b")] == [True, False]
    await studio.close()
    assert is_free(tmp_path / "b")
    assert studio.workspace is kept


def test_a_file_system_without_locks_opens_projects_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*args: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    edited(tmp_path, 3).close()
    assert Workspace.open(tmp_path).project.fit.epochs == 3


def test_a_folder_without_a_project_is_left_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(ProjectFileError, match="there is none"):
        Workspace.open(tmp_path)
    assert os.listdir(tmp_path) == []


def damage(folder: Path, line: int) -> bytes:
    """Cut a line of the journal short, and return what is in the file then."""
    journal = folder / ".kerastui" / "journal.jsonl"
    lines = journal.read_bytes().split(b"\n")
    lines[line] = lines[line][:20]
    journal.write_bytes(b"\n".join(lines))
    return journal.read_bytes()


def test_unsaved_edits_that_do_not_fit_the_file_are_kept_and_come_back_with_it(tmp_path: Path) -> None:
    edited(tmp_path, 3, 4)
    mine = (tmp_path / FILE_NAME).read_bytes()
    write(tmp_path, Project("from git"))
    again = Workspace.open(tmp_path)
    assert "changed outside: 2 unsaved edits not restored, but kept in .kerastui/journal.jsonl.old" in again.notice
    assert Workspace.open(tmp_path).notice == ""
    (tmp_path / FILE_NAME).write_bytes(mine)
    old = tmp_path / ".kerastui" / "journal.jsonl.old"
    Workspace.open(tmp_path)
    assert old.exists()
    old.rename(tmp_path / ".kerastui" / "journal.jsonl")
    back = Workspace.open(tmp_path)
    assert back.project.fit.epochs == 4
    assert "are back" in back.notice


def test_saved_edits_do_not_take_the_place_of_unsaved_ones_that_are_kept(tmp_path: Path) -> None:
    edited(tmp_path, 3)
    write(tmp_path, Project("from git"))
    again = Workspace.open(tmp_path)
    kept = (tmp_path / ".kerastui" / "journal.jsonl.old").read_bytes()
    again.do("more", set_fit(again.project, epochs=5))
    again.save()
    write(tmp_path, Project("other branch"))
    assert "undo history of the last session is gone" in Workspace.open(tmp_path).notice
    assert (tmp_path / ".kerastui" / "journal.jsonl.old").read_bytes() == kept


@pytest.mark.parametrize(
    ("kinds", "steps"),
    [
        (["edit", "edit"], 2),
        (["edit", "save"], 0),
        (["edit", "undo"], 0),
        (["edit", "save", "undo"], 1),
        (["edit", "save", "undo", "redo"], 0),
        (["edit", "save", "undo", "edit"], 2),
        (["edit", "save", "edit", "undo", "redo"], 1),
    ],
)
def test_unsaved_steps_are_counted(kinds: list[Literal["edit", "undo", "redo", "save"]], steps: int) -> None:
    assert steps_since_save([Entry("base", text="x"), *(Entry(kind) for kind in kinds)]) == steps


def test_a_journal_damaged_in_the_middle_is_kept_and_told(tmp_path: Path) -> None:
    edited(tmp_path, *range(2, 12))
    damaged = damage(tmp_path, 5)
    again = Workspace.open(tmp_path)
    assert again.project.fit.epochs == 5
    assert "6 entries could not be read; all is in .kerastui/journal.jsonl.old" in again.notice
    assert "edits that were not saved are back" in again.notice
    assert (tmp_path / ".kerastui" / "journal.jsonl.old").read_bytes() == damaged
    again.undo()
    last = Workspace.open(tmp_path)
    assert last.project.fit.epochs == 4
    assert "damaged" not in last.notice


@pytest.mark.parametrize("line", [0, 5])
def test_a_damaged_journal_does_not_go_before_what_was_saved(tmp_path: Path, line: int) -> None:
    edited(tmp_path, *range(2, 12)).save()
    damaged = damage(tmp_path, line)
    again = Workspace.open(tmp_path)
    assert again.project.fit.epochs == 11
    assert f"{12 - line} entries could not be read" in again.notice
    assert "as kerastui.toml has it" in again.notice
    assert (tmp_path / ".kerastui" / "journal.jsonl.old").read_bytes() == damaged


def test_a_journal_that_cannot_be_kept_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edited(tmp_path, 3)
    journal = tmp_path / ".kerastui" / "journal.jsonl"
    before = journal.read_bytes()
    write(tmp_path, Project("from git"))

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("kerastui.engine.project.journal.write_atomically", full)
        again = Workspace.open(tmp_path)
        again.do("more", set_fit(again.project, epochs=5))
    assert not again.journalled
    assert journal.read_bytes() == before
    again.do("more", set_fit(again.project, epochs=6))
    assert journal.with_name("journal.jsonl.old").read_bytes() == before
    assert Workspace.open(tmp_path).project.fit.epochs == 6


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("a = \"#1\"\nb = '# 2'\n", False),
        ('a = "\\"#"\n', False),
        ('a = """\n" # \\""" # """"\n', False),
        ("a = '''\n' # '''\n", False),
        ("a = 1 # one\n", True),
        ("# it's mine\na = 1\n", True),
        ('a = """x""""\n# "\n', True),
    ],
)
def test_comments_are_told_from_strings(text: str, has: bool) -> None:
    assert tomllib.loads(text)
    assert has_comments(text) == has


def test_comments_that_saving_would_drop_are_told_when_the_file_is_opened(tmp_path: Path) -> None:
    edited(tmp_path)
    file = tmp_path / FILE_NAME
    file.write_text(f"# mine\n{file.read_text()}")
    again = Workspace.open(tmp_path)
    assert again.notice == "comments in kerastui.toml go when it is saved; notes on cards stay"
    again.do("epochs", set_fit(again.project, epochs=3))
    assert "are back" in Workspace.open(tmp_path).notice
    again.save()
    assert Workspace.open(tmp_path).notice == ""
