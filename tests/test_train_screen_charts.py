"""The charts of the Train screen: metrics, smoothing, axes, cursor, sizes of the terminal."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from apps import settled, until
from train_seat import seated

# Charts ---------------------------------------------------------------------------------------------------------------


async def test_smoothing_and_log_belong_to_the_chart_with_the_focus(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.train(3)
        assert "smooth 0.93 · log y · epoch" in seat.text
        assert "smooth 0.5 · linear · epoch" in seat.text
        await seat.press("o", "y")
        assert (seat.view().smoothing, seat.view().log_y) == (0.0, False)
        assert (seat.view("metric").smoothing, seat.view("metric").log_y) == (0.5, False)
        await seat.press("tab", "o", "y")
        assert (seat.view().smoothing, seat.view().log_y) == (0.0, False)
        assert (seat.view("metric").smoothing, seat.view("metric").log_y) == (0.8, True)


async def test_o_goes_round_all_smoothings(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.train(3)
        seen = []
        for _ in range(4):
            await seat.press("o")
            seen.append(seat.view().smoothing)
        assert seen == [0.0, 0.5, 0.8, 0.93]


async def test_the_x_axis_is_that_of_all_charts(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.train(3)
        ranges = []
        for _ in range(3):
            await seat.press("x")
            assert seat.view().x == seat.view("metric").x
            ranges.append((seat.view().x, seat.view().x_range))
        assert ranges == [("step", (0.0, 900.0)), ("time", (0.0, 3.75)), ("epoch", (0.0, 20.0))]


async def test_the_cursor_reads_all_charts_and_moves(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.train(8)
        await seat.press("left")
        assert seat.view().cursor is None
        await seat.press("c")
        assert seat.view().cursor == seat.view("metric").cursor == 8.0, "it begins at the best epoch"
        await seat.press("left")
        assert seat.view().cursor == 7.5
        await seat.press("left")
        assert "│ 7  " in seat.text
        assert seat.text.splitlines()[4].count("0.644") == 1, "the validation loss of epoch 7"
        await seat.press("tab", "tab", "right", "shift+left")
        assert seat.view("metric").cursor == 2.5, "the arrows work from the table too"
        await seat.press("shift+left", "shift+left")
        assert seat.view().cursor == 0.0
        await seat.press("c")
        assert seat.view().cursor is None


async def test_the_cursor_keeps_its_moment_on_another_axis(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.train(8)
        await seat.press("c", "x")
        assert seat.view().cursor == 8 * 45
        await seat.press("x")
        assert seat.view().cursor == pytest.approx(8.0)


async def test_m_shows_the_next_metric(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.train()
        for epoch in (1, 2):
            seat.engine.epoch(epoch, loss=1.0 / epoch, mean_absolute_error=0.5, accuracy=0.9, val_loss=1.0)
        await seat.shows("accuracy │ mean_absolute_error")
        assert seat.view("metric").title == "accuracy"
        await seat.press("m")
        assert seat.view("metric").title == "mean_absolute_error"
        await seat.shows("mae")
        await seat.press("m")
        assert seat.view("metric").title == "accuracy"


async def test_a_click_on_a_tab_shows_its_metric(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.train()
        seat.engine.epoch(1, loss=1.0, mean_absolute_error=0.5, accuracy=0.9)
        await seat.shows("accuracy │ mean_absolute_error")
        await seat.pilot.click("#metric", offset=(20, 0))
        await settled(seat.pilot)
        assert seat.view("metric").title == "mean_absolute_error"


async def test_a_run_with_nothing_but_a_loss_has_one_chart(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.train()
        seat.engine.epoch(1, loss=0.5)
        await seat.shows("ep    loss")
        assert not seat.screen.query_one("#metric").display
        assert "m metric" not in seat.text


async def test_a_learning_rate_that_changes_has_a_mark_and_a_tab(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.train(2)
        run = seat.app.studio.run
        assert run is not None
        last = msgspec.structs.replace(run.history[-1], epoch=3, elapsed=3.0, learning_rate=1e-4)
        seat.engine.emit(last)
        await seat.shows("lr 1e-4", "accuracy │ lr", "epoch 3  lr 1e-3 → 1e-4")


# Small terminals ------------------------------------------------------------------------------------------------------


async def test_a_small_terminal_has_one_chart_with_tabs(tmp_path: Path) -> None:
    async with seated(tmp_path, size=(80, 24)) as seat:
        await seat.train(3)
        await seat.shows(" loss │ accuracy", "epochs", "notices", "GiB")
        assert not seat.screen.query_one("#metric").display
        assert "samples/s" not in seat.text
        lines = seat.text.splitlines()
        assert "training" in lines[1]
        assert all(key in lines[-1] for key in ("space pause", "s stop, keep", "m metric", "? keys"))
        assert "1.213" in seat.text
        await seat.press("m")
        assert seat.view().title == "accuracy"
        assert "smooth 0.5" in seat.text
        await seat.press("o")
        assert seat.view().smoothing == 0.8


async def test_it_follows_the_size_of_the_terminal(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.train(2)
        assert seat.view().tabs == ()
        await seat.pilot.resize_terminal(80, 24)
        await until(seat.pilot, lambda: seat.view().tabs == ("loss", "accuracy"))
        await seat.pilot.resize_terminal(200, 60)
        await until(seat.pilot, lambda: seat.view().tabs == ())
        assert seat.screen.query_one("#side").size.width == 48
