"""Pop-ups by keys: the harmless answer, esc, search, completion, the tail of a log, a file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input
from widgets_demo import WidgetsDemo, drawn

from kerastui.screens.widgets.choose import Choice, Choose, search
from kerastui.screens.widgets.files import OpenFile, listing
from kerastui.screens.widgets.log_view import LogLines, LogView, read_tail
from kerastui.screens.widgets.modals import Confirm, HelpScreen, KeysScreen, Message, Prompt, complete_path
from kerastui.screens.widgets.rows import Rows

LAYERS = (
    Choice("Dense", summary="densely-connected layer", help="**Dense** help"),
    Choice("Dropout", summary="applies dropout", help="**Dropout** help"),
    Choice("Conv2D", summary="2D convolution", help="**Conv2D** help"),
    Choice("SpatialDropout1D", summary="drops whole maps", help="**SpatialDropout1D** help"),
)


async def answer(screen: Callable[[], Screen[Any]], *keys: str, size: tuple[int, int] = (120, 40)) -> list[object]:
    """Return what a pop-up was dismissed with after some keys; empty if it is still open."""
    results: list[object] = []
    app = WidgetsDemo()
    async with app.run_test(size=size) as pilot:
        app.push_screen(screen(), results.append)
        await pilot.pause()
        await press(pilot, *keys)
    return results


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, letting each have its effect."""
    for key in keys:
        await pilot.press(key)
        await pilot.pause()


def question() -> Confirm:
    return Confirm("Delete run 10?", "Its checkpoint (1.2 MB) goes too.", deed="delete the run")


@pytest.mark.parametrize(
    ("keys", "result"),
    [
        (["enter"], False),
        (["escape"], False),
        (["n"], False),
        (["y"], True),
        (["right", "enter"], True),
        (["right", "left", "enter"], False),
        (["tab", "enter"], True),
    ],
)
async def test_confirm(keys: list[str], result: bool) -> None:
    assert await answer(question, *keys) == [result]


async def test_confirm_names_the_deed_and_the_loss() -> None:
    app = WidgetsDemo()
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(question())
        await pilot.pause()
        screen = "\n".join(drawn(app))
        for words in ("Delete run 10?", "Its checkpoint (1.2 MB) goes too.", "n  keep it", "y  delete the run"):
            assert words in screen
        assert app.focused is not None
        assert app.focused.id == "keep"


def name_prompt() -> Prompt:
    return Prompt("new project", value="digits", check=lambda text: "" if text.isidentifier() else "no blanks")


async def test_prompt_takes_text_that_is_fine() -> None:
    assert await answer(name_prompt, "enter") == ["digits"]
    assert await answer(name_prompt, "end", "2", "enter") == ["digits2"]
    assert await answer(name_prompt, "escape") == [None]
    assert await answer(name_prompt, "end", "space", "enter") == []


async def test_prompt_says_what_is_wrong() -> None:
    app = WidgetsDemo()
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(name_prompt())
        await pilot.pause()
        assert "no blanks" not in "\n".join(drawn(app))
        await press(pilot, "end", "space")
        assert "no blanks" in "\n".join(drawn(app))


async def test_prompt_completes_paths(tmp_path: Path) -> None:
    (tmp_path / "penguins.csv").touch()
    assert await answer(lambda: Prompt("open", value=f"{tmp_path}/pe", paths=True), "tab", "enter") == [
        str(tmp_path / "penguins.csv")
    ]


def test_complete_path(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / ".hidden").touch()
    assert complete_path(f"{tmp_path}/") == f"{tmp_path}/data/"
    assert complete_path(f"{tmp_path}/d") == f"{tmp_path}/data/"
    assert complete_path(f"{tmp_path}/.h") == f"{tmp_path}/.hidden"
    assert complete_path(f"{tmp_path}/x") == ""
    assert complete_path(f"{tmp_path}/nowhere/x") == ""


def test_search_puts_beginnings_first() -> None:
    def names(text: str) -> list[str]:
        return [choice.value for choice in search(LAYERS, text)]

    assert names("") == ["Dense", "Dropout", "Conv2D", "SpatialDropout1D"]
    assert names("DROP") == ["Dropout", "SpatialDropout1D"]
    assert names("d") == ["Dense", "Dropout", "Conv2D", "SpatialDropout1D"]
    assert names("maps") == ["SpatialDropout1D"]
    assert names("zzz") == []


@pytest.mark.parametrize(
    ("keys", "result"),
    [
        (["enter"], ["Conv2D"]),
        (["down", "enter"], ["SpatialDropout1D"]),
        (["d", "r", "enter"], ["Dropout"]),
        (["d", "r", "down", "enter"], ["SpatialDropout1D"]),
        (["z", "z", "enter"], []),
        (["escape"], [None]),
    ],
)
async def test_choose(keys: list[str], result: list[object]) -> None:
    assert await answer(lambda: Choose("add a layer", LAYERS, current="Conv2D"), *keys) == result


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_choose_shows_the_help_of_the_highlighted_one(size: tuple[int, int]) -> None:
    app = WidgetsDemo()
    async with app.run_test(size=size) as pilot:
        app.push_screen(Choose("add a layer", LAYERS))
        await pilot.pause()
        await press(pilot, "down")
        screen = "\n".join(drawn(app))
        assert "Dropout help" in screen
        assert "4 of 4" in screen


async def test_message_says_what_where_and_next_and_opens_the_log() -> None:
    opened: list[bool] = []
    app = WidgetsDemo()
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(
            Message("Cannot read it", "a.toml, line 3", "Repair it.", "[detail]", log=lambda: opened.append(True))
        )
        await pilot.pause()
        screen = "\n".join(drawn(app))
        for words in ("Cannot read it", "a.toml, line 3", "Repair it.", "[detail]", "l log"):
            assert words in screen
        await press(pilot, "l")
        assert opened == [True]
        assert not isinstance(app.screen, Message)


async def test_keys_lists_what_acts_now_by_owner() -> None:
    app = WidgetsDemo()
    async with app.run_test(size=(120, 40)) as pilot:
        app.query_one("#bottom").focus()
        await pilot.pause()
        app.push_screen(KeysScreen.for_focus(app.screen))
        await pilot.pause()
        lines = [line[24:96].strip("│ ") for line in drawn(app)]
        assert "▾ everywhere" in lines
        place = lines.index("▌▾ Problems")
        assert "D  double" in lines[place:]
        assert not any("hidden" in line for line in lines)
        await press(pilot, "escape")
        assert not isinstance(app.screen, KeysScreen)


async def test_help_explains_the_focused_thing() -> None:
    app = WidgetsDemo()
    async with app.run_test(size=(120, 40)) as pilot:
        app.query_one("#side").focus()
        await pilot.pause()
        app.push_screen(HelpScreen.for_focus(app.screen))
        await pilot.pause()
        screen = "\n".join(drawn(app))
        assert "Name of the layer." in screen
        assert "/  find field" in screen
        await press(pilot, "escape")
        assert app.focused is not None
        assert app.focused.parent is app.query_one("#side"), "the focus is back where it was"


def test_markdown_is_imported_only_when_help_is_shown() -> None:
    code = (
        "import sys, kerastui.screens.widgets.modals, kerastui.screens.widgets.files, kerastui.screens.widgets.form; "
        "sys.exit('textual.widgets._markdown' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_read_tail_is_bounded_and_starts_with_a_line(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    assert read_tail(log) == ""
    log.write_text("".join(f"line {n}\n" for n in range(1000)))
    assert read_tail(log).count("\n") == 1000
    assert read_tail(log, 30) == "line 997\nline 998\nline 999\n"


async def test_log_follows_until_the_cursor_leaves_the_end(tmp_path: Path) -> None:
    texts = ["\n".join(f"line {n}" for n in range(100))]
    app = WidgetsDemo()
    async with app.run_test(size=(80, 24)) as pilot:
        view = LogView(lambda: texts[0])
        app.push_screen(view)
        await pilot.pause()
        lines = view.query_one(LogLines)
        assert lines.cursor_line == 99
        texts[0] += "\nline 100"
        view._look()
        await pilot.pause()
        assert lines.cursor_line == 100
        assert "line 100" in "\n".join(drawn(app))
        await press(pilot, "k")
        texts[0] += "\nline 101"
        view._look()
        await pilot.pause()
        assert lines.cursor_line == 99


async def test_log_search_by_keys() -> None:
    text = "\n".join(f"line {n} {'boom' if n in (3, 60) else ''}" for n in range(100))
    app = WidgetsDemo()
    async with app.run_test(size=(80, 24)) as pilot:
        view = LogView(lambda: text)
        app.push_screen(view)
        await pilot.pause()
        lines = view.query_one(LogLines)
        await press(pilot, "g", "slash", *"boom", "enter")
        assert lines.cursor_line == 3
        await press(pilot, "n")
        assert lines.cursor_line == 60
        await press(pilot, "n")
        assert lines.cursor_line == 3
        await press(pilot, "N")
        assert lines.cursor_line == 60
        await press(pilot, "slash", "escape")
        assert isinstance(app.screen, LogView)
        await press(pilot, "escape")
        assert not isinstance(app.screen, LogView)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with tables, something else, something hidden and a folder with one more table."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "inner.csv").write_text("a,b\n")
    (tmp_path / "iris.csv").write_text("a\n" * 100)
    (tmp_path / "wine.CSV").touch()
    (tmp_path / "notes.md").touch()
    (tmp_path / ".hidden.csv").touch()
    return tmp_path


def test_listing(folder: Path) -> None:
    assert [entry.name for entry in listing(folder, (".csv",))] == ["sub", "iris.csv", "wine.CSV"]
    assert [entry.name for entry in listing(folder, (), files=False)] == ["sub"]


@pytest.mark.parametrize(
    ("keys", "picked"),
    [
        (["down", "down", "enter"], "iris.csv"),
        ([*"wi", "enter"], "wine.CSV"),
        ([*"su", "tab", "down", "enter"], "sub/inner.csv"),
        (["down", "enter", "down", "enter"], "sub/inner.csv"),
        ([*"iris.csv", "enter"], "iris.csv"),
        (["escape"], None),
    ],
)
async def test_open_file_by_keys(folder: Path, keys: list[str], picked: str | None) -> None:
    result = await answer(lambda: OpenFile("open a table", folder, suffixes=(".csv",)), *keys, size=(80, 24))
    assert result == [folder / picked if picked else None]


async def test_open_file_goes_up_and_says_what_cannot_be_read(folder: Path) -> None:
    app = WidgetsDemo()
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(OpenFile("open a table", folder / "sub", suffixes=(".csv",)))
        await pilot.pause()
        await press(pilot, "enter")
        assert app.screen.query_one(Input).value == f"{folder}/"
        assert "notes.md" not in "\n".join(drawn(app))
        await press(pilot, *"nowhere", "slash")
        assert app.screen.query_one(Rows).cursor_key in (None, "..")
        assert "no such file or directory" in "\n".join(drawn(app))


async def test_open_folder(folder: Path) -> None:
    keys = ["down", "enter", "ctrl+o"]
    assert await answer(lambda: OpenFile("open a project", folder, folders=True), *keys) == [folder / "sub"]


async def test_a_relative_path_begins_in_the_folder_listed_first(folder: Path) -> None:
    (folder / "near.csv").write_text("a\n1\n")
    keys = ["ctrl+u", *"../near", "full_stop", *"csv", "enter"]
    keys = ["full_stop" if key == "." else "slash" if key == "/" else key for key in keys]
    assert await answer(lambda: OpenFile("open a table", folder / "sub", suffixes=(".csv",)), *keys) == [
        folder / "sub" / ".." / "near.csv"
    ]


async def test_a_list_without_a_match_says_what_was_looked_for(folder: Path) -> None:
    app = WidgetsDemo()
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(OpenFile("open a table", folder, suffixes=(".csv",)))
        await pilot.pause()
        await press(pilot, *"zzz")
        assert f"nothing in {folder.name} has zzz in its name" in "\n".join(drawn(app))


async def test_a_question_of_few_choices_is_no_taller_than_them() -> None:
    app = WidgetsDemo()
    async with app.run_test(size=(120, 40)) as pilot:
        app.push_screen(Choose("what now", [Choice("a", summary="one"), Choice("b", summary="two")]))
        await pilot.pause()
        lines = drawn(app)
        first = next(y for y, line in enumerate(lines) if "what now" in line)
        assert "enter choose  esc close" in lines[first + 6]
