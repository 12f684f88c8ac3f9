"""What the Train screen says and draws, without a screen: names, curves, notices, axes, this machine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastui.engine.process.protocol import RunFinished, RunStarted
from kerastui.engine.project.document import Graph
from kerastui.engine.project.problems import Problem, Repair
from kerastui.engine.run_state import RunState
from kerastui.engine.studio import EngineState
from kerastui.engine.training.events import EpochEnded, Progress
from kerastui.screens.train.charts import Charts, Settings
from kerastui.screens.train.curves import RunCurves
from kerastui.screens.train.keeping import path_problem
from kerastui.screens.train.machine import Machine
from kerastui.screens.train.names import headings, titles
from kerastui.screens.train.notices import Facts, Notice, engine_words, notices_of, observations
from kerastui.screens.train.notices_pane import lines_of
from kerastui.screens.widgets.ink import line_width, plain

READY = EngineState("ready", 0.0)


def ended(epoch: int, complete: bool = True, rate: float | None = 1e-3, **logs: float) -> EpochEnded:
    return EpochEnded(
        epoch=epoch, epochs=20, logs=logs, duration=1.0, elapsed=float(epoch), learning_rate=rate, complete=complete
    )


def progress(epoch: int, step: int, *losses: float) -> Progress:
    return Progress(
        epoch=epoch,
        epochs=20,
        step=step,
        steps_per_epoch=10,
        logs={"loss": losses[-1], "accuracy": 0.5},
        losses=losses,
        samples_per_second=100.0,
        elapsed=epoch - 1 + step / 10,
        eta=9.0,
        learning_rate=1e-3,
    )


def running() -> RunState:
    """Return a run of 20 epochs with 10 steps each, before its first step."""
    run = RunState()
    run.hear(RunStarted(3, "/p/runs/0003", {"fit": {"batch_size": 32}}, 20, 10, 320, 50))
    return run


def history(values: Sequence[float], losses: Sequence[float] = ()) -> list[EpochEnded]:
    """Return epochs with validation losses, and training losses that fall unless given."""
    train = losses or [1.0 / (index + 1) for index in range(len(values))]
    return [ended(number, loss=train[number - 1], val_loss=value) for number, value in enumerate(values, 1)]


# Names


@pytest.mark.parametrize(
    ("names", "over_charts", "over_columns"),
    [
        (["loss", "sparse_categorical_accuracy"], ["loss", "accuracy"], ["loss", "acc"]),
        (["loss", "mean_absolute_error"], ["loss", "mean_absolute_error"], ["loss", "mae"]),
        (["a_accuracy", "b_accuracy"], ["a_accuracy", "b_accuracy"], ["a_accuracy", "b_accuracy"]),
        (["learning_rate"], ["lr"], ["lr"]),
    ],
)
def test_names_are_short_where_they_stay_distinct(
    names: list[str], over_charts: list[str], over_columns: list[str]
) -> None:
    assert list(titles(names).values()) == over_charts
    assert list(headings(names).values()) == over_columns


# Curves


def test_curves_take_in_only_what_is_new() -> None:
    run = running()
    curves = RunCurves(run)
    run.hear(progress(1, 3, 3.0, 2.5, 2.0))
    curves.follow()
    (train,) = curves.of("loss")
    assert train.series.values.tolist() == [3.0, 2.5, 2.0]
    assert train.series.x("step").tolist() == [1, 2, 3]
    run.hear(progress(1, 10, 1.9))
    run.hear(ended(1, loss=1.9, accuracy=0.5, val_loss=1.7, val_accuracy=0.6))
    curves.follow()
    assert curves.of("loss")[0].series is train.series
    assert [(curve.name, len(curve.series)) for curve in curves.of("loss")] == [("train", 4), ("val", 1)]
    assert curves.of("loss")[1].series.place(0) == (10, 1.0, 1.0)
    assert curves.names == ["loss", "accuracy"]
    assert curves.best is run.history[0]


def test_an_epoch_that_was_cut_short_ends_where_it_was_cut() -> None:
    run = running()
    for event in (progress(1, 4, 2.0), ended(1, complete=False, loss=2.0, val_loss=1.0)):
        run.hear(event)
    assert RunCurves(run).of("loss")[1].series.place(0) == (4, 0.4, 1.0)


def test_without_values_within_epochs_those_of_epochs_are_the_curve() -> None:
    run = RunState(epochs=2, status="completed", history=history([1.0, 0.5]))
    curves = RunCurves(run)
    assert [(curve.name, curve.smooth) for curve in curves.of("loss")] == [("train", False), ("val", False)]
    assert curves.axes == ("epoch", "time")


def test_a_history_that_runs_backwards_is_drawn_as_far_as_it_goes() -> None:
    run = RunState(epochs=3, status="completed", history=[ended(1, loss=1.0), ended(3, loss=0.5), ended(2, loss=0.7)])
    assert RunCurves(run).of("loss")[0].series.values.tolist() == [1.0, 0.5]


def test_a_validation_loss_that_is_no_number_is_not_the_best() -> None:
    assert RunCurves(RunState(history=[ended(1, loss=1.0, val_loss=math.nan)])).best is None


def test_few_changes_of_the_learning_rate_are_marked_many_are_a_curve_alone() -> None:
    rates = [1e-3, 1e-3, 1e-4]
    run = RunState(history=[ended(number, rate=rate, loss=1.0) for number, rate in enumerate(rates, 1)])
    curves = RunCurves(run)
    assert [(mark.label, mark.at.epoch) for mark in curves.marks] == [("lr 1e-4", 3.0)]
    assert curves.rate_changes == [(3, 1e-3, 1e-4)]
    assert curves.names[-1] == "learning_rate"
    run.history += [ended(number, rate=1e-4 / number, loss=1.0) for number in range(4, 12)]
    curves.follow()
    assert not curves.marks
    assert not curves.rate_changes
    assert curves.names[-1] == "learning_rate"


def test_the_table_keeps_its_rows_and_ends_with_the_running_epoch() -> None:
    run = running()
    for event in (progress(1, 10, 2.0), ended(1, loss=2.0, accuracy=0.5, val_loss=1.0), progress(2, 3, 1.5)):
        run.hear(event)
    curves = RunCurves(run)
    table = curves.table(["loss", "accuracy"])
    assert table.headings == (("loss", "val"), ("acc",))
    assert [(row.epoch, row.values) for row in table.rows] == [(1, (2.0, 1.0, 0.5)), (2, (1.5, None, 0.5))]
    assert (table.running, table.best, table.best_value) == (2, 1, 1)
    assert curves.table(["loss", "accuracy"]).rows[0] is table.rows[0]
    run.hear(RunFinished("stopped", 1, {}, ""))
    assert [row.epoch for row in curves.table(["loss"]).rows] == [1], "what was cut off is no epoch"


# Axes and cursor


def test_the_axis_is_the_plan_while_the_run_goes_on() -> None:
    run = running()
    run.hear(progress(8, 10, 1.0))
    curves, charts = RunCurves(run), Charts()
    assert charts.view(curves, "loss", (), "").x_range == (0.0, 20.0)
    run.hear(RunFinished("stopped", 8, {}, ""))
    assert charts.view(curves, "loss", (), "").x_range == (0.0, 10.0), "what there is, and room for labels"


@given(st.integers(-50, 50), st.integers(1, 200), st.sampled_from(["epoch", "step", "time"]))
def test_the_cursor_stays_within_the_curves(steps: int, columns: int, axis: str) -> None:
    run = running()
    for epoch in range(1, 8):
        run.hear(progress(epoch, 10, 1.0 / epoch))
        run.hear(ended(epoch, loss=1.0 / epoch, val_loss=1.0))
    curves, charts = RunCurves(run), Charts()
    while charts.x != axis:
        charts.next_x(curves)
    charts.toggle_cursor(curves)
    charts.move_cursor(curves, steps, columns)
    assert charts.cursor is not None
    assert 0 <= charts.cursor <= curves.last(charts.x)


def test_settings_belong_to_a_metric() -> None:
    charts = Charts()
    charts.smooth_more("loss")
    charts.toggle_log("accuracy")
    assert charts.settings("loss") == Settings(0.0, True)
    assert charts.settings("accuracy") == Settings(0.5, True)
    assert charts.settings("out_loss") == Settings(0.93, True)


# Notices


def words(notices: Sequence[Notice]) -> list[str]:
    return [f"{notice.mark}: {notice.what}" for notice in notices]


@pytest.mark.parametrize(
    ("values", "losses", "found"),
    [
        ([1.0, 0.8, 0.7], (), []),
        ([1.0, 0.5, 0.52, 0.51, 0.52, 0.53], (), []),
        ([1.0, 0.5, 0.52, 0.51, 0.52, 0.53, 0.52], (), ["warning: val loss flat for 5 epochs"]),
        ([1.0, 0.5, 0.52, 0.51, 0.52, 0.53, 0.62], (), ["warning: val loss worse for 5 epochs"]),
        ([1.0, 0.9, 0.8, 0.7], (1.0, 1.2, 1.4, 1.6), ["warning: train loss rises for 3 epochs"]),
        ([1.0, 0.9, 0.8, 0.7], (1.0, 1.1, 1.2, 1.3), []),
        ([1.0, math.nan, math.nan], (), ["error: val loss is NaN since epoch 2"]),
        ([1.0, 0.9], (1.0, math.inf), ["error: loss is inf since epoch 2"]),
    ],
)
def test_observations(values: list[float], losses: Sequence[float], found: list[str]) -> None:
    assert words(list(observations(history(values, losses), live=True))) == found


@pytest.mark.parametrize(("live", "keys"), [(True, ["s"]), (False, [])])
def test_a_key_is_only_offered_where_it_acts(live: bool, keys: list[str]) -> None:
    (notice,) = observations(history([1.0, 0.5] + [0.6] * 5), live)
    assert [action.key for action in notice.actions] == keys


def test_a_problem_is_shown_with_its_repair_but_not_during_a_run() -> None:
    repair = Repair("set units 10", "argument", "dense", "units", 10)
    problem = Problem("error", "build", "dense", "2 values for 10 classes", "", repair)
    facts = Facts(READY, Path("/p"), Graph(), None, problem)
    (notice,) = notices_of(facts)
    assert [(action.key, action.words) for action in notice.actions] == [
        ("f", "set units 10"),
        ("f8", "show it in Build"),
    ]
    assert notices_of(Facts(READY, Path("/p"), Graph(), RunCurves(running()), problem)) == []


@pytest.mark.parametrize(
    ("path", "shown"), [("/p/runs/0001/model.keras", "runs/0001/model.keras"), ("/q/m.keras", "/q/m.keras")]
)
def test_paths_in_the_project_are_short(path: str, shown: str) -> None:
    run = RunState(run=1, status="completed", saved=path)
    assert (shown,) in [notice.detail for notice in notices_of(Facts(READY, Path("/p"), Graph(), RunCurves(run)))]


def test_a_lost_engine_is_told_with_what_is_left() -> None:
    run = running()
    for event in (progress(1, 10, 2.0), ended(1, loss=2.0), progress(2, 3, 1.5)):
        run.hear(event)
    run.lost()
    lost = EngineState("lost", 0.0)
    assert engine_words(lost, run) == "The engine ended at epoch 2. 1 epoch kept."
    assert engine_words(lost, None) == "The engine ended."
    assert (
        engine_words(EngineState("broken", 0.0, None, "TensorFlow cannot be loaded"), run)
        == "TensorFlow cannot be loaded"
    )
    curves = RunCurves(run)
    assert words(notices_of(Facts(lost, Path("/p"), Graph(), curves))) == []
    assert words(notices_of(Facts(READY, Path("/p"), Graph(), curves))) == ["error: the engine ended at epoch 2"]


@given(st.text(st.characters(codec="ascii", categories=["L", "Zs"]), min_size=1), st.integers(8, 60))
def test_a_notice_is_wrapped_and_never_cut(text: str, room: int) -> None:
    lines = lines_of(Notice("warning", text, (text,)), room)
    assert all(line_width(line) <= room + 2 for line in lines)
    told = "".join(plain(line)[2:].replace(" ", "") for line in lines)
    assert told == 2 * "".join(text.split()).replace(" ", "")


# This machine


def write_proc(folder: Path, busy: int, idle: int) -> None:
    (folder / "stat").write_text(f"cpu  {busy} 0 0 {idle} 0 0 0 0 99 99\ncpu0 1 1 1 1\n")
    (folder / "meminfo").write_text("MemTotal: 4096 kB\nMemFree: 100 kB\nMemAvailable: 1024 kB\nHugePages_Total: 0\n")


def test_the_machine_is_judged_between_two_looks(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    write_proc(tmp_path, 1000, 1000)
    first = machine.look()
    assert first is not None
    assert (first.cpu, first.used, first.memory) == (None, 3072 * 1024, 4096 * 1024)
    write_proc(tmp_path, 1030, 1070)
    second = machine.look()
    assert second is not None
    assert second.cpu == pytest.approx(0.3)


@pytest.mark.parametrize("content", [None, "", "cpu a b c\n"])
def test_a_machine_that_tells_nothing_is_not_guessed(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "stat").write_text(content)
    assert Machine(tmp_path).look() is None


# Saving


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("model.keras", ""),
        ("model.h5", "the name must end in .keras"),
        ("", "give it a name"),
        (".", "this is a folder; add a file name"),
    ],
)
def test_a_path_to_save_at(tmp_path: Path, name: str, problem: str) -> None:
    assert path_problem(tmp_path / name, name) == problem


def test_a_path_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert path_problem(tmp_path / "no" / "m.keras", "no/m.keras") == f"there is no folder {tmp_path / 'no'}"
