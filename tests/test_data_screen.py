"""The Data screen, by its keys, on real files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from apps import make_app, screen_text, settled, until
from textual.pilot import Pilot

from kerastui.engine import templates
from kerastui.engine.project import commands, settings
from kerastui.engine.project.document import Column, Project, Spec, Split
from kerastui.screens.data.columns import ColumnRows
from kerastui.screens.data.edits import column_with_encoding, column_with_role
from kerastui.screens.data.preview import Preview
from kerastui.screens.data.screen import DataScreen, source_of, start_folder
from kerastui.screens.data.split_dialog import SplitDialog
from kerastui.screens.stage import StageScreen
from kerastui.screens.widgets.choose import Choose
from kerastui.screens.widgets.files import OpenFile
from kerastui.screens.widgets.modals import Prompt
from kerastui.shell import KerasTUI

FLOWERS = "length,width,colour,kind\n" + "".join(
    f"{1 + number % 7}.5,{2 + number % 5},{'red' if number % 3 else 'blue'},{'ab'[number % 2]}\n"
    for number in range(60)
)
BAD = {
    "ragged.csv": ("a,b,y\n1,2,x\n3,4\n5,6,y\n", "line 3"),
    "empty.csv": ("", "the file is empty"),
    "header.csv": ("a,b,c\n", "no rows"),
    "twice.csv": ("a,a,b\n1,2,3\n4,5,6\n", "`a`"),
}


def data_of(app: KerasTUI) -> DataScreen:
    assert isinstance(app.screen, DataScreen)
    return app.screen


async def show(pilot: Pilot[None]) -> None:
    """Go to the Data screen and wait until all is in."""
    app = pilot.app
    assert isinstance(app, KerasTUI)
    await settled(pilot)
    await pilot.press("1")
    await until(pilot, lambda: isinstance(app.screen, DataScreen) and app.screen.focused is not None)
    await settled(pilot)


async def choose(pilot: Pilot[None], key: str, answer: str) -> None:
    """Press a key and take the best answer to a text in the list that comes."""
    await pilot.press(key)
    await until(pilot, lambda: isinstance(pilot.app.screen, Choose))
    await pilot.press(*answer, "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, DataScreen))
    await settled(pilot)


async def open_file(pilot: Pilot[None], name: str) -> None:
    """Open a file of the project's folder by its name."""
    await pilot.press("o")
    await until(pilot, lambda: isinstance(pilot.app.screen, Choose))
    await pilot.press(*"a file", "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, OpenFile))
    await pilot.press(*name, "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, DataScreen))


async def test_a_csv_is_opened_by_the_picker(tmp_path: Path) -> None:
    app = make_app(tmp_path, Project("mine"))
    (tmp_path / "project" / "flowers.csv").write_text(FLOWERS)
    async with app.run_test(size=(120, 40)) as pilot:
        await show(pilot)
        assert "No data yet" in screen_text(app)
        await open_file(pilot, "flowers.csv")
        await until(pilot, lambda: app.studio.project.data.source)
        await settled(pilot)

        assert app.studio.project.data.source == "flowers.csv"
        assert app.studio.project.data.columns["kind"] == Column("target", "label")
        text = screen_text(app)
        assert "CSV · comma" in text
        assert "rows 1–8 of 60" in text
        assert "3 inputs · 1 target" in text
        assert "one-hot, 2" in text
        await until(pilot, lambda: "train 48" in screen_text(app))

        await pilot.press("u")
        await settled(pilot)
        assert app.studio.project.data.source == ""
        assert "No data yet" in screen_text(app)


async def test_bundled_data_is_opened_by_its_name(tmp_path: Path) -> None:
    app = make_app(tmp_path, Project("mine"))
    async with app.run_test(size=(120, 40)) as pilot:
        await show(pilot)
        await choose(pilot, "o", "penguins")
        await until(pilot, lambda: "344 rows" in screen_text(app))

        assert app.studio.project.data.source == "bundled:penguins"
        assert "▲ 19 missing in 5 columns" in screen_text(app)


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_file_is_named_and_nothing_changes(name: str, tmp_path: Path) -> None:
    app = make_app(tmp_path)
    content, reason = BAD[name]
    (tmp_path / "project" / name).write_text(content)
    async with app.run_test(size=(120, 40)) as pilot:
        await show(pilot)
        before = app.studio.project
        await open_file(pilot, name)
        await until(pilot, lambda: reason in screen_text(app))

        assert app.studio.project == before
        assert "1,797 rows" in screen_text(app)
        await pilot.press("escape")
        await pilot.pause()
        assert reason not in screen_text(app)


async def test_binary_content_is_named(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    (tmp_path / "project" / "junk.csv").write_bytes(np.random.default_rng(1).bytes(3_000))
    async with app.run_test(size=(120, 40)) as pilot:
        await show(pilot)
        await open_file(pilot, "junk.csv")
        await until(pilot, lambda: "✗ junk.csv" in screen_text(app))

        assert app.studio.project.data.source == "bundled:digits"


@pytest.mark.parametrize(
    ("content", "message", "seen"),
    [
        ("a,b\n" + "1,x\n" * 20 + "2,x\n" * 20, "no column is an input", "◆ target"),
        ("a,y\n" + "1,0\n2,1\n,0\n4,1\n5,0\nnan,1\n" * 5, "", "missing → mean"),
        ("a,y\n" + "".join(f"{row},{row % 2}\n" for row in range(30)) + "oops,1\n", "row 31 has the text", "a ✗"),
    ],
    ids=["one class", "missing", "text in numbers"],
)
async def test_doubtful_content_is_opened_and_says_what_is_wrong(
    content: str, message: str, seen: str, tmp_path: Path
) -> None:
    app = make_app(tmp_path, Project("mine"))
    (tmp_path / "project" / "odd.csv").write_text(content)
    async with app.run_test(size=(120, 40)) as pilot:
        await show(pilot)
        await open_file(pilot, "odd.csv")
        await until(pilot, lambda: app.studio.project.data.source)
        await until(pilot, lambda: seen in screen_text(app))

        found = [problem.what for problem in app.studio.problems_of("data") if problem.severity == "error"]
        assert any(message in what for what in found) if message else not found


async def test_a_source_that_is_gone_says_so(tmp_path: Path) -> None:
    project = settings.set_source(Project("mine"), "gone.csv", {"a": Column("input"), "y": Column("target")})
    app = make_app(tmp_path, project)
    async with app.run_test(size=(120, 40)) as pilot:
        await show(pilot)

        text = screen_text(app)
        assert "there is no such file" in text
        assert "cannot be read" in text
        assert "◇ input" in text


async def test_role_and_encoding_are_changed_by_keys(tmp_path: Path) -> None:
    app = make_app(tmp_path, templates.project("penguins-species"))
    async with app.run_test(size=(120, 40)) as pilot:
        await show(pilot)
        rows = data_of(app).query_one(ColumnRows)
        await pilot.press("down", "down")
        assert rows.cursor_key == "bill_length_mm"

        await choose(pilot, "e", "scale")
        assert app.studio.project.data.columns["bill_length_mm"].encoding == "scale"
        await until(pilot, lambda: "scale: (x − 32.1)" in screen_text(app))
        await choose(pilot, "m", "median")
        assert app.studio.project.data.columns["bill_length_mm"].missing == "median"
        assert "missing → median" in screen_text(app)
        await choose(pilot, "r", "ignored")
        assert app.studio.project.data.columns["bill_length_mm"].role == "ignore"
        assert "5 inputs · 1 target · 2 ignored" in screen_text(app)

        await pilot.press("u", "u", "u")
        assert app.studio.project == templates.project("penguins-species")


async def test_a_new_target_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    app = make_app(tmp_path, templates.project("penguins-species"))
    async with app.run_test(size=(120, 40)) as pilot:
        await show(pilot)
        data_of(app).query_one(ColumnRows).move_to("body_mass_g")
        await choose(pilot, "r", "target")

        columns = app.studio.project.data.columns
        assert columns["body_mass_g"] == Column("target", "standardise", "drop")
        assert columns["species"] == Column("input", "one-hot")
        await pilot.press("u")
        assert app.studio.project == templates.project("penguins-species")


async def test_a_column_is_found_by_a_part_of_its_name(tmp_path: Path) -> None:
    app = make_app(tmp_path, templates.project("penguins"))
    async with app.run_test(size=(120, 40)) as pilot:
        await show(pilot)
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        await pilot.press(*"xyz")
        await pilot.pause()
        assert "no column has this in its name" in screen_text(app)
        await pilot.press("ctrl+u", *"flip", "enter")
        await until(pilot, lambda: isinstance(app.screen, DataScreen))

        assert data_of(app).query_one(ColumnRows).cursor_key == "flipper_length_mm"


async def test_the_split_is_edited_in_its_pop_up(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await show(pilot)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, SplitDialog))
        await pilot.press("down", "enter", "ctrl+u", *"15 %", "enter", "down", "enter", "ctrl+u", *"7", "enter")
        await pilot.pause()
        assert app.studio.project.data.split == Split(0.2, 0.15, 7)
        assert "test 270" in screen_text(app)

        await pilot.press("up", "up", "enter", "ctrl+u", *"90", "enter")
        await until(pilot, lambda: "nothing is left to train on" in screen_text(app))
        assert app.studio.project.data.split == Split(0.2, 0.15, 7)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(app.screen, DataScreen))
        await until(pilot, lambda: "test 270" in screen_text(app))
        assert "seed 7 · stratified" in screen_text(app)


async def test_a_shape_that_does_not_fit_is_repaired_by_one_key(tmp_path: Path) -> None:
    app = make_app(tmp_path, commands.set_input(templates.project("penguins-species"), "where", (5,), "float32"))
    async with app.run_test(size=(120, 40)) as pilot:
        await show(pilot)
        text = screen_text(app)
        assert "where takes (∅, 5), island, sex give (∅, 6)" in text
        assert "✗ where" in text
        await pilot.press("f")
        await settled(pilot)

        assert app.studio.project == templates.project("penguins-species")
        assert "✓ where" in screen_text(app)


async def test_columns_are_bound_to_an_input_of_their_own(tmp_path: Path) -> None:
    app = make_app(tmp_path, templates.project("penguins"))
    async with app.run_test(size=(120, 40)) as pilot:
        await show(pilot)
        data_of(app).query_one(ColumnRows).move_to("sex")
        await choose(pilot, "b", "new")

        project = app.studio.project
        key = project.data.columns["sex"].to
        assert project.graph.inputs[key].shape == (3,)
        await choose(pilot, "b", "bird")
        assert app.studio.project.data.columns["sex"].to == ""


async def test_a_starting_network_is_made_by_one_key(tmp_path: Path) -> None:
    app = make_app(tmp_path, Project("mine"))
    (tmp_path / "project" / "flowers.csv").write_text(FLOWERS)
    async with app.run_test(size=(120, 40)) as pilot:
        await show(pilot)
        await open_file(pilot, "flowers.csv")
        await until(pilot, lambda: "make a starting network" in screen_text(app))
        await pilot.press("n")
        await settled(pilot)

        project = app.studio.project
        assert [layer.class_name for layer in project.graph.layers.values()] == ["Dense", "Dense"]
        assert project.compile.losses == {"kind": Spec("SparseCategoricalCrossentropy")}
        assert [problem.what for problem in app.studio.problems if problem.severity == "error"] == []
        assert "make a starting network" not in screen_text(app)
        await pilot.press("u")
        assert not app.studio.project.graph.calls


async def test_on_a_small_screen_the_panes_are_tabs(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot)
        assert "◇ input" in screen_text(app)
        assert "images 1–" not in screen_text(app)
        await pilot.press("right_square_bracket")
        await pilot.pause()
        assert "images 1–" in screen_text(app)
        await pilot.press("right_square_bracket", "right_square_bracket")
        await until(pilot, lambda: "train 1,438" in screen_text(app))
        await pilot.press("left_square_bracket", "left_square_bracket", "left_square_bracket")
        await pilot.pause()
        assert data_of(app).focused is data_of(app).query_one(ColumnRows)


async def test_images_change_to_rows_and_back(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await show(pilot)
        assert "▀▀▀▀" in screen_text(app)
        await pilot.press("v")
        await pilot.pause()
        assert "8×8" in screen_text(app)
        assert "rows 1–8 of 1,797" in screen_text(app)
        await pilot.press("v")
        await pilot.pause()
        assert "images 1–22 of 1,797" in screen_text(app)


async def test_a_wide_table_scrolls_to_the_column_of_the_cursor(tmp_path: Path) -> None:
    app = make_app(tmp_path, Project("mine"))
    names = [f"column_{number:02}" for number in range(40)]
    lines = [",".join(str((row * 7 + column * 3) % 11 + 0.5) for column in range(40)) for row in range(30)]
    (tmp_path / "project" / "wide.csv").write_text("\n".join([",".join(names), *lines]))
    async with app.run_test(size=(120, 40)) as pilot:
        await show(pilot)
        await open_file(pilot, "wide.csv")
        await until(pilot, lambda: "columns 1–9 of 40" in screen_text(app))
        await pilot.press("G")
        await pilot.pause()

        preview = data_of(app).query_one(Preview)
        assert preview.scroll_offset.x > 0
        assert "–40 of 40" in screen_text(app)
        await pilot.press("shift+tab", "G")
        await pilot.pause()
        assert "of 30" in screen_text(app)


async def test_a_problem_of_a_column_leads_to_it(tmp_path: Path) -> None:
    project = templates.project("penguins")
    project = settings.set_column(project, "sex", Column("input", "standardise", "mean"))
    app = make_app(tmp_path, project)
    async with app.run_test(size=(120, 40)) as pilot:
        await show(pilot)
        await pilot.press("f8")
        await pilot.pause()
        assert data_of(app).query_one(ColumnRows).cursor_key == "sex"
        assert "sex ✗" in screen_text(app)
        await pilot.press("f8")
        await pilot.pause()

        assert data_of(app).focused is data_of(app).query_one("#bound")


async def test_a_column_asked_for_before_the_data_is_read_gets_the_cursor(tmp_path: Path) -> None:
    app = make_app(tmp_path, templates.project("penguins"))
    async with app.run_test(size=(120, 40)) as pilot:
        app.screen.post_message(StageScreen.StageChosen(1, "sex"))
        await until(pilot, lambda: isinstance(app.screen, DataScreen))
        await settled(pilot)
        await until(pilot, lambda: data_of(app).query_one(ColumnRows).cursor_key == "sex")


def test_a_file_in_the_project_is_named_relative_to_it(tmp_path: Path) -> None:
    assert source_of(tmp_path / "p" / "data" / "a.csv", tmp_path / "p") == "data/a.csv"
    assert source_of(tmp_path / "a.csv", tmp_path / "p") == str(tmp_path / "a.csv")


def test_a_role_brings_the_encoding_that_suits_it(tmp_path: Path) -> None:
    from kerastui.engine.data_state import DataState

    found = {each.name: each for each in DataState.read("bundled:penguins", tmp_path).profiles}

    assert column_with_role(found["sex"], Column("ignore"), "input") == Column("input", "one-hot", "category")
    assert column_with_role(found["species"], Column("ignore"), "target") == Column("target", "label")
    assert column_with_role(found["body_mass_g"], Column("ignore"), "target") == Column("target", "standardise", "drop")
    assert column_with_role(found["year"], Column("ignore"), "weight") == Column("weight", "none")
    kept = column_with_role(found["sex"], Column("input", "label", "category"), "ignore")
    assert kept == Column("ignore", "label", "category")


def test_an_encoding_keeps_a_rule_for_missing_values_that_fits(tmp_path: Path) -> None:
    from kerastui.engine.data_state import DataState

    found = {each.name: each for each in DataState.read("bundled:penguins", tmp_path).profiles}

    numbers = Column("input", "standardise", "median")
    assert column_with_encoding(found["body_mass_g"], numbers, "scale").missing == "median"
    assert column_with_encoding(found["body_mass_g"], numbers, "one-hot").missing == "category"


def test_the_picker_starts_where_data_lies(tmp_path: Path) -> None:
    project, current = tmp_path / "work" / "project", tmp_path / "current"
    for folder in (project, current):
        folder.mkdir(parents=True)
    assert start_folder(project, current) == project
    (project.parent / "near.csv").write_text("a,b\n1,2\n")
    assert start_folder(project, current) == project.parent
    (current / "here.csv").write_text("a,b\n1,2\n")
    assert start_folder(project, current) == current
    (project / "own.csv").write_text("a,b\n1,2\n")
    assert start_folder(project, current) == project
