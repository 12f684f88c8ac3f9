"""Home, by its keys: recent projects, new ones, templates."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest
from apps import screen_text, settled, until
from fake_engine import FakeEngine

from kerastui.engine import home, templates
from kerastui.engine.project.files import FILE_NAME, read
from kerastui.engine.project.workspace import Workspace
from kerastui.screens.home.cards import NARROWEST, TemplateCards, bars
from kerastui.screens.home.screen import HomeScreen, free_name, wrong_place
from kerastui.screens.widgets.choose import Choose
from kerastui.screens.widgets.modals import Prompt
from kerastui.screens.widgets.rows import Rows
from kerastui.shell import KerasTUI


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def at_home() -> KerasTUI:
    return KerasTUI(None, FakeEngine())


def remember(folder: Path, *items: tuple[str, str, float]) -> None:
    """Make projects and list them as recent: name, state, age in seconds."""
    recent = []
    for name, state, age in items:
        Workspace.create(folder / name, templates.project("iris"))
        recent.append(home.Recent(str(folder / name), time.time() - age, state))
    (home.home() / "recent.json").write_bytes(msgspec.json.encode(recent))


async def test_recent_projects_are_listed_and_the_highlighted_one_is_opened(tmp_path: Path) -> None:
    remember(tmp_path, ("digits", "9 epochs · val 0.223", 5), ("flowers", "", 700), ("broken", "failed", 90))
    app = at_home()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        text = screen_text(app)
        assert "✓  digits" in text
        assert "9 epochs · val 0.223" in text
        assert "not trained yet" in text
        assert "11 min ago" in text
        assert "✗  broken" in text

        await pilot.press("down")
        await pilot.pause()
        assert "/flowers ─" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: app.studio.workspace is not None)

        assert app.studio.open_workspace.folder == tmp_path / "flowers"


async def test_without_recent_projects_the_start_list_has_the_focus() -> None:
    app = at_home()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)

        assert "Projects you open are listed here." in screen_text(app)
        assert app.focused is app.screen.query_one("#start", Rows)


async def test_a_project_is_made_from_a_template(tmp_path: Path) -> None:
    app = at_home()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("T", "right", "down")
        cards = app.screen.query_one(TemplateCards)
        assert cards.current.name == templates.templates()[cards.per_row + 1].name
        await pilot.press("up", "left", "enter")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        await pilot.press("enter")
        await until(pilot, lambda: app.studio.workspace is not None)

        assert read(tmp_path / "digits") == templates.project("digits")
        assert not isinstance(app.screen, HomeScreen)


async def test_a_name_can_be_typed_and_becomes_the_name_of_the_project(tmp_path: Path) -> None:
    app = at_home()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        await pilot.press("ctrl+u", *"mine", "enter")
        await until(pilot, lambda: app.studio.workspace is not None)

        made = read(tmp_path / "mine")
        assert made.name == "mine"
        assert not made.graph.calls


async def test_a_project_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    remember(tmp_path, ("digits", "", 5))
    before = (tmp_path / "digits" / FILE_NAME).read_bytes()
    app = at_home()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("T", "enter")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        assert "./digits-2" in screen_text(app)
        await pilot.press("ctrl+u", *"digits", "enter")
        await pilot.pause()

        assert "there is a project in digits already; digits-2 is free" in screen_text(app)
        assert isinstance(app.screen, Prompt)
    assert (tmp_path / "digits" / FILE_NAME).read_bytes() == before


async def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    app = at_home()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        await pilot.press("ctrl+u", *"file/inside", "enter")
        await until(pilot, lambda: "the project cannot be made" in screen_text(app))

        assert app.studio.workspace is None


async def test_a_project_is_opened_by_its_folder(tmp_path: Path) -> None:
    Workspace.create(tmp_path / "nets" / "mine", templates.project("iris"))
    app = at_home()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("o")
        await until(pilot, lambda: "open a project" in screen_text(app))
        await pilot.press(*"nets", "enter")
        await pilot.press(*"mine", "enter")
        await until(pilot, lambda: app.studio.workspace is not None)

        assert app.studio.open_workspace.folder == tmp_path / "nets" / "mine"


async def test_on_a_small_screen_templates_are_a_list(tmp_path: Path) -> None:
    app = at_home()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        text = screen_text(app)
        assert "recent" in text
        assert "new, empty graph" in text
        assert "Convolution" not in text
        await pilot.press("T")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press(*"conv", "enter")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        await pilot.press("enter")
        await until(pilot, lambda: app.studio.workspace is not None)

        assert read(tmp_path / "digits-cnn").graph.layers["conv"].class_name == "Conv2D"


def test_names_that_are_taken_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net-2").write_text("")

    assert free_name(tmp_path, "net") == "net-3"
    assert free_name(tmp_path, "other") == "other"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no name"),
        ("my net", "no name"),
        ("1st", "no name"),
        ("~nobody-of-this-name/x", "no such home"),
        ("file", "is a file"),
        ("fine", ""),
        ("deep/er/fine-2", ""),
    ],
)
def test_a_place_for_a_project_is_checked(text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    wrong = wrong_place(text)

    assert (reason in wrong) if reason else wrong == ""


@pytest.mark.parametrize("template", templates.templates(), ids=lambda template: template.name)
def test_a_template_fits_on_the_narrowest_card(template: templates.Template) -> None:
    inside = NARROWEST - 4

    assert len(f" {template.title} ") <= NARROWEST - 3  # in the border
    assert len(template.note) <= inside
    assert len(bars(template.widths)[0].rstrip()) <= inside - len(" parameters")


def test_bars_grow_with_the_width() -> None:
    upper, lower = bars((1, 64, 4096))

    assert lower == "▁ █ █ "
    assert upper[0] == " "
    assert upper[4] == "█"
