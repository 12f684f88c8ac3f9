"""The command line: what it prints, as text and as JSON, and its exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from projects import small_project

from kerastui import __version__, cli, doctor
from kerastui.cli import main
from kerastui.engine import templates
from kerastui.engine.project import commands, settings
from kerastui.engine.project.document import Project
from kerastui.engine.project.files import write


def run(*arguments: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(main, list(arguments))


def kerastui(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "kerastui", *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def events(output: str) -> list[dict[str, Any]]:
    """Return the JSON objects of an output, one a line."""
    return [json.loads(line) for line in output.splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project that trains two epochs."""
    write(tmp_path, settings.set_fit(small_project(), epochs=2))
    return tmp_path


def test_version_and_help() -> None:
    assert __version__ in run("--version").output
    for name in ("demo", "new", "train", "check", "summary", "engine", "doctor", "selftest"):
        assert name in run("--help").output
        assert run(name, "--help").exit_code == 0


def test_new_makes_a_project_and_overwrites_none(tmp_path: Path) -> None:
    made = run("new", str(tmp_path / "flowers"), "--template", "iris", "--json")
    assert made.exit_code == 0
    assert json.loads(made.output)["folder"] == str(tmp_path / "flowers")
    again = run("new", str(tmp_path / "flowers"))
    assert again.exit_code == 1
    assert "is there already" in again.output


def test_an_unknown_template_names_the_known(tmp_path: Path) -> None:
    result = run("new", str(tmp_path / "x"), "--template", "nothing")
    assert result.exit_code == 1
    assert "digits" in result.output
    assert not (tmp_path / "x").exists()


def test_without_a_terminal_the_app_says_so(folder: Path) -> None:
    result = run(str(folder))
    assert result.exit_code == 1
    assert "there is no terminal" in result.output


@pytest.mark.parametrize("command", ["train", "check", "summary"])
@pytest.mark.parametrize("content", ["format = 1\nname = \n", None])
def test_a_project_that_cannot_be_read(tmp_path: Path, command: str, content: str | None) -> None:
    if content:
        (tmp_path / "kerastui.toml").write_text(content)
    result = run(command, str(tmp_path))
    assert result.exit_code == 1
    assert ("line 2" if content else "there is none") in result.output
    assert "Traceback" not in result.output
    as_json = run(command, str(tmp_path), "--json")
    assert json.loads(as_json.output)["event"] == "failed"


@pytest.mark.slow
def test_train_prints_one_object_an_event(folder: Path) -> None:
    done = run("train", str(folder), "--json")
    assert done.exit_code == 0
    told = events(done.stdout)
    assert told[0]["event"] == "started"
    assert [event["epoch"] for event in told if event["event"] == "epoch"] == [1, 2]
    assert told[-1]["event"] == "finished"
    assert told[-1]["metrics"]["val_loss"] > 0
    assert Path(told[-1]["saved"]).is_file()


@pytest.mark.slow
def test_train_as_text_is_quiet_but_for_the_epochs_and_how_the_steps_run(folder: Path) -> None:
    done = kerastui("train", str(folder))
    assert done.returncode == 0
    assert done.stderr == ""
    plans = [line for line in done.stdout.splitlines() if line.startswith("plan: many steps at a time")]
    assert len(plans) in (1, 2), "the second is that XLA is faster"
    assert len(done.stdout.splitlines()) == 4 + len(plans)


@pytest.mark.slow
def test_ctrl_c_stops_and_keeps_the_model(folder: Path) -> None:
    write(folder, settings.set_fit(small_project(), epochs=100_000))
    command = [sys.executable, "-m", "kerastui", "train", str(folder), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if json.loads(line)["event"] == "epoch":
                break
        os.kill(child.pid, signal.SIGINT)
        rest, _ = child.communicate(timeout=60)
    last = events(rest)[-1]
    assert (child.returncode, last["event"], last["reason"]) == (0, "finished", "stopped")
    assert Path(last["saved"]).is_file()


def test_train_refuses_what_cannot_be_trained(tmp_path: Path) -> None:
    write(tmp_path, settings.set_loss(small_project(), "digit", None))
    result = run("train", str(tmp_path), "--json")
    assert result.exit_code == 1
    assert events(result.output)[-1] == {
        "event": "failed",
        "what": "digit: digit has no loss",
        "hint": "choose one under outputs in Configure",
    }
    assert not (tmp_path / "runs").exists()


def wrong_shapes() -> Project:
    """Return a project whose Add takes two sizes."""
    project, add = commands.add_layer(small_project(), "Add", {}, "flatten")
    project, wide = commands.add_layer(project, "Dense", {"units": 48}, "flatten")
    project = commands.connect(project, wide, add)
    return commands.toggle_output(project, add)


@pytest.mark.slow
def test_check_finds_shapes_that_do_not_fit(tmp_path: Path) -> None:
    write(tmp_path, wrong_shapes())
    done = run("check", str(tmp_path))
    assert done.exit_code == 1
    assert "add: cannot add (∅, 64) and (∅, 48): the last axes differ" in done.stdout
    found = json.loads(run("check", str(tmp_path), "--json").stdout)["problems"]
    assert any(problem["subject"] == "add" and problem["severity"] == "error" for problem in found)


@pytest.mark.slow
def test_check_and_summary_of_a_sound_project(folder: Path) -> None:
    checked = run("check", str(folder))
    assert (checked.exit_code, checked.stdout) == (0, "✓ no problems\n")
    summary = run("summary", str(folder), "--json")
    assert summary.exit_code == 0
    assert "Total params: 4,810" in json.loads(summary.stdout)["summary"]


@pytest.mark.slow
def test_demo_without_a_terminal_trains_and_saves() -> None:
    done = kerastui("demo", "--json")
    assert done.returncode == 0, done.stderr
    last = events(done.stdout)[-1]
    assert last["metrics"]["val_sparse_categorical_accuracy"] > 0.93
    assert Path(last["saved"]).is_file()


@pytest.mark.slow
def test_engines_are_started_listed_and_stopped() -> None:
    started = json.loads(run("engine", "start", "--json").output)

    def listed() -> list[int]:
        return [item["process"] for item in json.loads(run("engine", "list", "--json").output)]

    assert run("engine", "stop", "999999999").exit_code == 1
    deadline = time.monotonic() + 20
    while started["process"] not in listed():
        assert time.monotonic() < deadline
    assert run("engine", "stop", str(started["process"])).exit_code == 0
    assert started["process"] not in listed()


@pytest.mark.slow
def test_doctor_names_versions_and_devices() -> None:
    done = run("doctor", "--json")
    report = json.loads(done.stdout)
    assert done.exit_code == 0
    assert report["packages"]["tensorflow"].startswith("2.21")
    assert any("CPU" in device for device in report["devices"])
    assert report["missing"] == []


def test_doctor_says_what_comes_next_where_nothing_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    doctor._print({"missing": []})
    assert "kerastui selftest" in capsys.readouterr().out


@pytest.fixture
def spare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that temporary files are made in."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.slow
def test_selftest_trains_the_template_and_leaves_nothing_behind(spare: Path) -> None:
    done = run("selftest", "--template", "iris", "--json")
    first, total = events(done.stdout)
    assert done.exit_code == 0, done.output
    assert (first["template"], first["rows"], first["failed"]) == ("iris", 120, "")
    assert first["loss"] > 0
    assert (total["worked"], total["failed"]) == (1, [])
    assert list(spare.glob("kerastui-*")) == []


def test_selftest_names_what_fails(spare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "project", lambda name: settings.set_loss(small_project(), "digit", None))
    done = run("selftest", "-t", "iris", "-t", "penguins")
    assert done.exit_code == 1
    assert "✗ penguins              digit: digit has no loss; choose one under outputs" in done.output
    assert "✗ 0 of 2 templates work" in done.output
    assert list(spare.glob("kerastui-*")) == []


def test_selftest_of_no_template_names_them() -> None:
    done = run("selftest", "--template", "moon")
    assert done.exit_code == 1
    assert "there is no template moon; choose from digits" in done.output


@pytest.mark.slow
def test_nothing_is_written_but_in_the_home_and_the_project(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    person = tmp_path_factory.mktemp("person")
    environment = {**os.environ, "HOME": str(person)}
    environment.pop("KERAS_HOME", None)
    command = [sys.executable, "-m", "kerastui", "train", str(folder)]
    subprocess.run(command, env=environment, cwd=person, check=True, capture_output=True)
    assert list(person.iterdir()) == []


@pytest.mark.parametrize(
    ("asked", "utf8"), [("", True), ("C.UTF-8", True), ("de_DE.utf8", True), ("C", False), ("de_DE.ISO-8859-1", False)]
)
def test_a_locale_that_is_not_utf8_gets_ascii(monkeypatch: pytest.MonkeyPatch, asked: str, utf8: bool) -> None:
    for name in ("LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LC_ALL", asked)
    assert cli._speaks_utf8() is utf8


def test_looks_are_options_before_and_after_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found: list[dict[str, object]] = []
    monkeypatch.setattr(cli, "_open", lambda folder: found.append(cli._asked()))
    for words in (["--theme", "mono", "--ascii", str(tmp_path)], [str(tmp_path), "--theme", "mono", "--ascii"]):
        assert CliRunner().invoke(cli.main, words).exit_code == 0
    assert found == [{"theme": "mono", "ascii_only": True, "still": False}] * 2
