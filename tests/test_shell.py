"""The app around the screens: stages, global keys, palette, help, themes, leaving, bad projects, small terminals."""

from __future__ import annotations

from pathlib import Path

import pytest
from apps import fake, make_app, screen_text, settled, until
from fake_engine import FakeEngine
from projects import small_project
from textual.command import CommandPalette

from kerastui.commands import Commands
from kerastui.engine import home, templates
from kerastui.engine.project import commands, settings
from kerastui.engine.project.files import FILE_NAME, read, write
from kerastui.screens.home.screen import HomeScreen
from kerastui.screens.stage import STAGES, StageScreen
from kerastui.screens.too_small import TooSmall
from kerastui.screens.widgets.modals import Choose, Confirm, HelpScreen, KeysScreen, LogView, Message
from kerastui.shell import KerasTUI

SIZE = (120, 40)


async def test_number_keys_go_through_the_stages(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        for number, name in enumerate(STAGES, 1):
            await pilot.press(str(number))
            await settled(pilot)
            assert isinstance(app.screen, StageScreen)
            assert number == app.screen.NUMBER
            assert f" {number} {name} " in screen_text(app).splitlines()[0]
        for key in "4321":
            await pilot.press(key)
        assert isinstance(app.screen, StageScreen)
        assert app.screen.NUMBER == 1


async def test_a_stage_shows_what_changed_while_another_was_in_front(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await pilot.press("1")
        await settled(pilot)
        app.studio.do("rename", commands.rename(app.studio.project, "dense", "renamed"))
        await settled(pilot)
        await pilot.press("2")
        await settled(pilot)
        assert "renamed" in screen_text(app)


async def test_a_refusal_stays_until_the_next_key(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        assert isinstance(app.screen, StageScreen)
        app.screen.refuse("this cannot be")
        await pilot.pause()
        lines = screen_text(app).splitlines()
        assert "▲ this cannot be" in lines[-2]
        assert "keys" in lines[-1]
        await pilot.press("down")
        await pilot.pause()
        assert "this cannot be" not in screen_text(app)


async def test_f8_goes_round_all_problems(tmp_path: Path) -> None:
    app = make_app(tmp_path, templates.project("empty"))
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        stages = []
        for _ in range(3):
            await pilot.press("3")
            await pilot.press("f8")
            await settled(pilot)
            assert isinstance(app.screen, StageScreen)
            stages.append(app.screen.NUMBER)
        assert set(stages) == {1, 2}


async def test_undone_steps_are_one_notice(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await settled(pilot)
        for epochs in (3, 4):
            app.studio.do(f"epochs {epochs}", settings.set_fit(app.studio.project, epochs=epochs))
        await settled(pilot)
        await pilot.press("ctrl+z", "ctrl+z")
        await pilot.pause()
        assert [notice.message for notice in app._notifications] == ["epochs 3"]


async def test_a_fresh_start_shows_home_while_tensorflow_loads() -> None:
    app = KerasTUI(None, FakeEngine(ready=False))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert isinstance(app.screen, HomeScreen)
        assert "starting TensorFlow" in screen_text(app).splitlines()[0]
        fake(app).load()
        await pilot.pause()
        assert "ready · TF 2.21 · 2×CPU" in screen_text(app).splitlines()[0]


async def test_save_undo_redo_by_keys(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        app.studio.do("epochs 3", settings.set_fit(app.studio.project, epochs=3))
        await settled(pilot)
        assert "•" in screen_text(app).splitlines()[0]
        await pilot.press("ctrl+z")
        assert app.studio.project.fit.epochs == 20
        await pilot.press("ctrl+y")
        assert app.studio.project.fit.epochs == 3
        await pilot.press("u", "ctrl+r", "ctrl+s")
        await settled(pilot)
        assert read(app.studio.open_workspace.folder).fit.epochs == 3
        assert "•" not in screen_text(app).splitlines()[0]


async def test_what_somebody_else_wrote_is_not_overwritten_unasked(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        folder = app.studio.open_workspace.folder
        app.studio.do("epochs 3", settings.set_fit(app.studio.project, epochs=3))
        write(folder, settings.set_fit(app.studio.project, epochs=77))
        await pilot.press("ctrl+s")
        assert isinstance(app.screen, Confirm)
        await pilot.press("escape")
        assert read(folder).fit.epochs == 77
        await pilot.press("ctrl+s", "y")
        await settled(pilot)
        assert read(folder).fit.epochs == 3


async def test_train_and_stop_by_keys(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await pilot.press("f5")
        await until(pilot, lambda: app.studio.run is not None and app.studio.run.status == "running")
        await until(pilot, lambda: isinstance(app.screen, StageScreen) and app.screen.NUMBER == 4)
        fake(app).epoch(1)
        await pilot.pause()
        assert "busy" in screen_text(app).splitlines()[0]
        await pilot.press("shift+f5")
        await until(pilot, lambda: app.studio.run is not None and app.studio.run.status == "stopped")


async def test_a_run_that_cannot_start_says_why(tmp_path: Path) -> None:
    app = make_app(tmp_path, settings.set_loss(small_project(), "digit", None))
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await pilot.press("f5")
        await until(pilot, lambda: isinstance(app.screen, Message))
        assert "digit has no loss" in screen_text(app)
        await pilot.press("escape")
        assert not isinstance(app.screen, Message)


async def test_a_dead_engine_is_said_and_started_again_by_one_key(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        fake(app).die()
        await pilot.pause()
        assert "engine lost" in screen_text(app).splitlines()[0]
        await pilot.press("r")
        await until(pilot, lambda: app.studio.engine_state.kind == "ready")
        await settled(pilot)
        assert "ready" in screen_text(app).splitlines()[0]


async def test_palette_help_keys_and_log(tmp_path: Path) -> None:
    engine = FakeEngine()
    engine.log_file = tmp_path / "engine.log"
    engine.log_file.write_text("all is well\n")
    app = make_app(tmp_path, engine=engine)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await pilot.press("question_mark")
        assert isinstance(app.screen, KeysScreen)
        await pilot.press("escape", "f1")
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("escape", "f12")
        await until(pilot, lambda: isinstance(app.screen, LogView) and "all is well" in screen_text(app))
        await pilot.press("escape", "ctrl+p")
        assert isinstance(app.screen, CommandPalette)
        await pilot.press(*"dark", "down")
        await until(pilot, lambda: "kerastui-dark" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.theme == "kerastui-dark")
        assert home.settings().theme == "kerastui-dark"


async def test_the_palette_runs_every_kind_of_command(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+p", *"configure")
        await until(pilot, lambda: "go to: Configure" in screen_text(app))
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, StageScreen) and app.screen.NUMBER == 3)


@pytest.mark.parametrize("content", ["name = \n", 'name = "x"\n[graph.outputs]\na = "z"\n', None])
async def test_a_project_that_cannot_be_opened_says_why(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / FILE_NAME).write_text(content)
    app = KerasTUI(tmp_path, FakeEngine())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert isinstance(app.screen, Message)
        assert ("line" if content else "there is none in") in screen_text(app)
        await pilot.press("escape")
        assert isinstance(app.screen, HomeScreen)
    if content is not None:
        assert (tmp_path / FILE_NAME).read_text() == content


async def test_a_project_that_another_process_has_open_is_told_and_left_alone(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    app = make_app(tmp_path)
    with (tmp_path / "project" / ".kerastui" / "lock").open("r+") as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)  # another opening of the file conflicts in one process too
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, lambda: "is open in another" in " ".join(screen_text(app).replace("│", "").split()))
            await pilot.press("escape")
            assert isinstance(app.screen, HomeScreen)
            assert app.studio.workspace is None


async def test_leaving_asks_while_a_run_goes_on(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await pilot.press("f5")
        await until(pilot, lambda: app.studio.run is not None and app.studio.run.live)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("escape")
        assert app.is_running
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("enter")  # let it train on
        await until(pilot, lambda: not fake(app).alive)
    assert not [request for request in fake(app).requests if type(request).__name__ == "Shutdown"]


async def test_leaving_an_idle_app_ends_its_engine(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not fake(app).alive)
    assert type(fake(app).requests[-1]).__name__ == "Shutdown"


async def test_a_terminal_that_is_too_small_says_what_it_needs(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        assert isinstance(app.screen, TooSmall)
        assert app.screen.styles.background.a == 1, "nothing shows through"
        assert "needs 80×24" in screen_text(app)
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        assert isinstance(app.screen, StageScreen)
        await pilot.resize_terminal(70, 24)
        await pilot.pause()
        assert "This terminal has 70×24" in " ".join(screen_text(app).split())


async def test_a_read_only_folder_keeps_the_edits_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)

        def refused(*arguments: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("kerastui.engine.project.files.write_atomically", refused)
        app.studio.do("epochs 3", settings.set_fit(app.studio.project, epochs=3))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, Message))
        assert "Permission" in screen_text(app)  # the path before it may break the line
        await pilot.press("escape")
        assert app.studio.project.fit.epochs == 3
        assert app.studio.open_workspace.unsaved


async def test_moving_the_cursor_is_no_command(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await pilot.press("1")
        await settled(pilot)
        titles = [command.title for command in Commands(app.screen)._live()]
        assert "data: open" in titles
        assert not [title for title in titles if title.startswith(("lines:", "rows:"))]
        assert "project: back to Home" in titles
        await app.action_home()
        await settled(pilot)
        assert "project: back to Home" not in [command.title for command in Commands(app.screen)._live()]


async def test_a_fault_of_our_own_goes_to_the_log_and_not_to_the_screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = make_app(tmp_path)

    def fault() -> None:
        raise RuntimeError("planted")

    async def use() -> None:
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            app.call_later(fault)
            await pilot.pause()

    with pytest.raises(RuntimeError, match="planted"):
        await use()
    shown = capsys.readouterr().err
    assert "kerastui ended by a fault of its own" in shown
    assert "Traceback" not in shown
    assert "planted" in (home.home() / "logs" / "app.log").read_text()
