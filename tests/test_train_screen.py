"""The Train screen, driven by real keys: before, during and after a run."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from apps import make_app, settled, until
from fake_engine import FakeEngine
from projects import small_project
from train_seat import Seat, seated, write_run

from kerastui.engine.process.protocol import Pause, Resume, RunFinished, Stop, Train
from kerastui.engine.project import commands
from kerastui.engine.training.events import Progress
from kerastui.screens.train.chart import Chart
from kerastui.screens.train.epochs import EpochTable
from kerastui.screens.train.notices_pane import Notices
from kerastui.screens.train.progress import RunLine
from kerastui.screens.train.screen import FIGURES_SECONDS
from kerastui.screens.widgets.log_view import LogView
from kerastui.screens.widgets.modals import HelpScreen, KeysScreen

# Before a run ---------------------------------------------------------------------------------------------------------


async def test_without_a_run_it_says_how_to_start_one(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        assert "no run yet · f5 train" in seat.text
        assert "F5 train" in seat.text.splitlines()[-1]
        assert "space" not in seat.text


async def test_before_the_engine_is_there_it_says_so(tmp_path: Path) -> None:
    async with seated(tmp_path, engine=FakeEngine(ready=False)) as seat:
        assert "no run yet; waits for the engine" in seat.text
        seat.engine.load()
        await seat.shows("no run yet · f5 train")


async def test_what_keeps_a_run_from_starting_is_shown_with_the_way_to_it(tmp_path: Path) -> None:
    project = small_project()
    project = commands.toggle_output(project, next(iter(project.graph.outputs.values())))
    async with seated(tmp_path, project=project) as seat:
        assert "the graph has no output" in seat.text
        assert "f8 show it" in seat.text
        await seat.press("f8")
        assert seat.app.screen.query("GraphPane")


# A run ----------------------------------------------------------------------------------------------------------------


async def test_f5_starts_a_run_from_any_stage_and_shows_curves_and_epochs(tmp_path: Path) -> None:
    async with seated(tmp_path, there=False) as seat:
        await seat.train(3)
        assert seat.asked(Train) == 1
        await seat.shows("► training   run 1   epoch  3/20   step 45/45   lr 1e-3   batch 32", "1,420 samples/s")
        text = seat.text
        assert "val   1.188" in text, "the label at the end of the curve"
        assert "◆   3  1.213  1.188 │ 0.622  0.619" in text
        assert "    2  1.433  1.407 │ 0.515  0.525" in text
        assert any("⠀" < character <= "⣿" for character in text)
        assert "15 %" in text
        assert [len(curve.series) for curve in seat.view().curves] == [135, 3]
        assert [len(curve.series) for curve in seat.view("metric").curves] == [3, 3]


async def test_curves_grow_and_another_run_begins_anew(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.train(2)
        series = seat.view().curves[0].series
        seat.engine.epoch(3)
        await seat.shows("epoch  3/20")
        assert seat.view().curves[0].series is series
        assert len(series) == 135
        await seat.press("s")
        await seat.shows("■ stopped")
        await seat.train(1)
        assert seat.asked(Train) == 2
        assert len(seat.view().curves[0].series) == 45


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_how_the_steps_run_is_the_last_notice_and_changes(tmp_path: Path, size: tuple[int, int]) -> None:
    async with seated(tmp_path, size=size) as seat:
        await seat.train(1)
        assert "at a time" not in seat.text
        seat.engine.plan = "a step at a time: it runs eagerly"
        seat.engine.epoch(2)
        await seat.shows("· a step at a time", "it runs eagerly")
        seat.engine.plan = "many steps at a time, over arrays on the device, XLA"
        seat.engine.epoch(3)
        await seat.shows("· many steps at a time", "over arrays on the", "device, XLA" if size[0] == 80 else "device,")
        assert "eagerly" not in seat.text


async def test_the_running_epoch_is_the_first_row(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.train(1)
        seat.engine.emit(
            Progress(
                epoch=2,
                epochs=20,
                step=9,
                steps_per_epoch=45,
                logs={"loss": 1.111, "sparse_categorical_accuracy": 0.4},
                losses=(1.5, 1.111),
                samples_per_second=1234.0,
                elapsed=1.2,
                eta=17.0,
                learning_rate=1e-3,
            )
        )
        await seat.shows("►   2  1.111", "epoch  2/20   step  9/45", "1,234 samples/s", "ETA 0:17")


async def test_figures_change_at_a_readable_pace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines, charts = [], []
    monkeypatch.setattr(RunLine, "show", lambda _, view: lines.append(view.epoch))
    monkeypatch.setattr(Chart, "show", lambda chart, view: charts.append(view) if chart.id == "main" else None)
    async with seated(tmp_path) as seat:
        await seat.press("f5")
        await until(seat.pilot, lambda: lines)
        begin, before, drawn = time.monotonic(), len(lines), len(charts)
        for epoch in range(1, 21):
            seat.engine.epoch(epoch)
            await settled(seat.pilot)
        assert len(charts) >= drawn + 20, "the curves wait too"
        await until(seat.pilot, lambda: lines[-1] == 20)
        # The one at the beginning besides, and one that was due before it and came late.
        assert len(lines) - before <= (time.monotonic() - begin) / FIGURES_SECONDS + 2


async def test_space_pauses_and_goes_on(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.train(2)
        assert "space pause" in seat.text.splitlines()[-1]
        await seat.press("space")
        await seat.shows("‖ paused", "space go on", "paused  epoch 2, step 45")
        assert (seat.asked(Pause), seat.asked(Resume)) == (1, 0)
        await seat.press("space")
        await seat.shows("► training", "space pause")
        assert (seat.asked(Pause), seat.asked(Resume)) == (1, 1)


async def test_what_was_asked_is_shown_until_it_has_happened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with seated(tmp_path) as seat:
        await seat.train(1)

        async def slowly() -> None:
            """Answer before the batch at hand is over."""

        monkeypatch.setattr(seat.engine, "stop", slowly)
        await seat.press("s")
        await seat.shows("► stopping")
        seat.engine.emit(RunFinished("stopped", 1, {}, ""))
        await seat.shows("■ stopped")


async def test_s_stops_and_says_what_is_kept(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.train(2)
        await seat.press("s")
        await seat.shows("■ stopped", "stopped in epoch 2", "model kept  model.keras", "save it elsewhere")
        assert seat.asked(Stop) == 1
        keys = seat.text.splitlines()[-1]
        assert "stop" not in keys
        assert "F5 train" in keys


@pytest.mark.parametrize(
    ("reason", "note", "words"),
    [
        ("completed", "", ("✓ finished", "all 2 epochs done", "100 %")),
        ("early", "", ("✓ finished", "ended by a callback after epoch 2")),
        ("completed", "the model cannot be saved: No space left", ("▲ the model cannot be saved",)),
    ],
)
async def test_the_end_of_a_run(tmp_path: Path, reason: str, note: str, words: tuple[str, ...]) -> None:
    async with seated(tmp_path) as seat:
        await seat.train(2)
        seat.engine.emit(RunFinished(reason, 2, {}, "", note))
        await seat.shows(*words)


async def test_a_failed_run_says_what_where_and_what_to_do(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.train(1)
        seat.engine.fail("there is not enough memory", "take a smaller batch_size")
        await seat.shows("✗ failed", "✗ there is not enough memory", "take a smaller batch_size", "f5  train again")
        assert "✗ 1" in seat.text


async def test_a_refused_pause_is_a_notice_until_it_is_closed(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.train(1)
        seat.engine.refusals[Pause] = ("the run is saving its model", "try again")
        await seat.press("space")
        await seat.shows("✗ the run is saving its model", "try again", "esc  close this", "► training")
        await seat.press("escape")
        assert "saving its model" not in seat.text


# The engine -----------------------------------------------------------------------------------------------------------


async def test_a_lost_engine_is_a_line_with_its_keys_and_r_starts_another(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.train(3)
        seat.engine.die()
        await seat.shows("The engine ended at epoch 3. 3 epochs kept.", " r  new engine", " L  log", "✗ lost")
        assert "The engine ended" in seat.text.splitlines()[1]
        assert "1.213" in seat.text, "the finished epochs stay"
        await seat.press("r")
        await until(seat.pilot, lambda: seat.app.studio.engine_state.kind == "ready")
        await seat.shows("the engine ended at epoch 3", "3 epochs kept, no model", "f5  train again")
        assert "new engine" not in seat.text
        await seat.train(1)
        assert seat.asked(Train) == 2


async def test_an_idle_engine_that_ends_is_told_too(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        seat.engine.die()
        await seat.shows("The engine ended.", " r  new engine")
        assert "F5 train" not in seat.text


async def test_the_line_of_a_lost_engine_fits_a_small_terminal(tmp_path: Path) -> None:
    async with seated(tmp_path, size=(80, 24)) as seat:
        await seat.train(3)
        seat.engine.die()
        await seat.shows("The engine ended at epoch 3. 3 epochs kept.", " r  new engine", " L  log")


async def test_the_log_is_one_key_away(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        seat.engine.log_file = tmp_path / "engine.log"
        seat.engine.log_file.write_text("2024 engine: hello\n")
        await seat.press("L")
        assert isinstance(seat.app.screen, LogView)
        await seat.shows("engine: hello")


# The table and the notices --------------------------------------------------------------------------------------------


async def test_the_table_scrolls_by_keys(tmp_path: Path) -> None:
    async with seated(tmp_path, size=(80, 24)) as seat:
        await seat.train(20)
        table = seat.screen.query_one(EpochTable)
        table.focus()
        await seat.press("j", "j", "down", "k")
        assert table.scroll_offset.y == 2
        await seat.press("G")
        await seat.shows("    1 ")
        await seat.press("g", "pagedown")
        assert table.scroll_offset.y == table.size.height - 1
        await seat.press("home")
        assert table.scroll_offset.y == 0


async def test_a_validation_loss_that_stalls_is_said_with_the_key_that_stops(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.train()
        for epoch in range(1, 9):
            seat.engine.epoch(epoch, loss=1.0 / epoch, val_loss=0.5 + abs(epoch - 2) / 100)
        await seat.shows("▲ val loss worse for 6 epochs", "0.500 → 0.560", "gap 0.44", "s  stop, keep model", "▲ 1")
        await seat.press("s")
        await seat.shows("train fell further")


async def test_notices_that_do_not_fit_are_counted_and_scrolled_to(tmp_path: Path) -> None:
    async with seated(tmp_path, size=(80, 24)) as seat:
        await seat.train()
        for epoch in range(1, 9):
            seat.engine.epoch(epoch, loss=1.0 / epoch, val_loss=0.5 + abs(epoch - 2) / 100)
        seat.engine.fail("the values given to this layer are not finite numbers", "look at the data for missing values")
        await seat.shows("more ▾")
        notices = seat.screen.query_one(Notices)
        notices.focus()
        await seat.press("G")
        assert "more ▾" not in seat.text
        await seat.shows("val loss 0.500")
        await seat.press("g", "j", "k")
        assert notices.scroll_offset.y == 0


# Runs on disk, help ---------------------------------------------------------------------------------------------------


async def test_a_run_from_disk_shows_its_history(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    write_run(tmp_path / "project", "completed")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("4")
        seat = Seat(app, pilot)
        await seat.shows("✓ finished   run 1", "0.333", "0.500", "model kept  runs/0001/model.keras", "elapsed 0:04")
        assert [len(curve.series) for curve in seat.view().curves] == [3, 3]
        assert seat.view().smoothing == 0.0
        await seat.press("x")
        assert seat.view().x == "time", "the steps of such a run are not known"


async def test_f1_explains_the_pane_and_question_mark_its_keys(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.train(1)
        for pane, words in (
            ("#main", "Blue is training"),
            ("EpochTable", "newest first"),
            ("Notices", "key in a block"),
        ):
            seat.screen.query_one(pane).focus()
            await seat.press("f1")
            assert isinstance(seat.app.screen, HelpScreen)
            await seat.shows(words)
            await seat.press("escape")
        await seat.press("question_mark")
        assert isinstance(seat.app.screen, KeysScreen)
        await seat.shows("stop, keep", "cursor", "save", "log")


async def test_a_hidden_screen_draws_nothing_and_catches_up(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.train(1)
        before = seat.view()
        await seat.press("2")
        seat.engine.epoch(2)
        await settled(seat.pilot)
        screen = seat.app.get_screen("stage-1-4")
        assert screen.query_one("#main", Chart).view is before
        await seat.press("4")
        await seat.shows("epoch  2/20")
        assert len(seat.view().curves[1].series) == 2
