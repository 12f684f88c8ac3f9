"""What becomes of a journal: one process at a time writes it, and what cannot be restored is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fake_engine import FakeEngine

from kerastui.engine.project.document import Project
from kerastui.engine.project.files import ProjectFileError
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
