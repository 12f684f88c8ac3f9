"""Saving a model from the Train screen: the path, the question before a file is replaced, refusals."""

from __future__ import annotations

from pathlib import Path

from apps import until
from textual.widgets import Input
from train_seat import seated

from kerastui.engine.process.protocol import RunFinished, Save
from kerastui.screens.train.screen import TrainScreen
from kerastui.screens.widgets.modals import Confirm, Prompt


async def test_w_saves_the_model_where_it_was_told(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.train(1)
        await seat.press("w")
        assert isinstance(seat.app.screen, Prompt)
        where = str(tmp_path / "project" / "small.keras")
        assert seat.app.screen.query_one(Input).value == where
        await seat.press("enter")
        await seat.shows("✓ saved  small.keras")
        assert [body for body in seat.engine.requests if isinstance(body, Save)] == [Save(where, False)]


async def test_a_path_that_cannot_be_is_refused_while_it_is_typed(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.train(1)
        await seat.press("w", *"mine.h5", "enter")
        await seat.shows("the name must end in .keras")
        assert isinstance(seat.app.screen, Prompt)
        await seat.press("escape")
        assert seat.asked(Save) == 0


async def test_a_file_that_is_there_is_asked_for(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        there = tmp_path / "project" / "small.keras"
        there.write_bytes(b"old")
        await seat.train(1)
        await seat.press("w", "enter")
        await until(seat.pilot, lambda: isinstance(seat.app.screen, Confirm))
        await seat.shows("small.keras is there already.", "What it holds would be lost.")
        await seat.press("enter")
        await until(seat.pilot, lambda: isinstance(seat.app.screen, TrainScreen))
        assert seat.asked(Save) == 0, "the focus was on the harmless answer"
        await seat.press("w", "enter")
        await until(seat.pilot, lambda: isinstance(seat.app.screen, Confirm))
        await seat.press("y")
        await seat.shows("✓ saved  small.keras")
        assert [body.overwrite for body in seat.engine.requests if isinstance(body, Save)] == [True]


async def test_a_refused_save_says_why(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.train(1)
        seat.engine.refusals[Save] = ("the disk is full", "free some space")
        await seat.press("w", "enter")
        await seat.shows("✗ the disk is full", "free some space")


async def test_a_model_the_engine_has_not_is_copied_from_its_run(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.train(1)
        kept = tmp_path / "model.keras"
        kept.write_bytes(b"weights")
        seat.engine.emit(RunFinished("completed", 1, {}, str(kept)))
        seat.engine.refusals[Save] = ("there is no trained model yet", "f5 trains one")
        await seat.press("w", "enter")
        await seat.shows("✓ saved  small.keras")
        assert (tmp_path / "project" / "small.keras").read_bytes() == b"weights"
