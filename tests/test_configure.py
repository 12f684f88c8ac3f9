"""The Configure screen by real keys: edits, refusals, repairs, metrics, callbacks, panes and tabs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from apps import make_app, screen_text, settled, until
from fake_engine import FakeEngine
from msgspec.structs import replace
from projects import SPARSE, small_project
from textual.pilot import Pilot
from textual.widgets import Markdown

from kerastui.engine.project import commands, settings
from kerastui.engine.project.document import Project, Spec
from kerastui.screens.configure.panes import ChecksPane, RunPane, SettingsForm
from kerastui.screens.configure.screen import ConfigureScreen
from kerastui.screens.widgets.choose import Choose
from kerastui.screens.widgets.modals import HelpScreen
from kerastui.shell import KerasTUI


@asynccontextmanager
async def configure(
    folder: Path, project: Project | None = None, size: tuple[int, int] = (120, 40), engine: FakeEngine | None = None
) -> AsyncIterator[tuple[KerasTUI, Pilot[None]]]:
    """Open a project on Configure."""
    app = make_app(folder, project, engine)
    async with app.run_test(size=size) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: isinstance(app.screen, ConfigureScreen))
        await settled(pilot)
        yield app, pilot


def project_of(app: KerasTUI) -> Project:
    return app.studio.project


def form(app: KerasTUI, name: str = "compile") -> SettingsForm:
    return app.screen.query_one(f"#{name}", SettingsForm)


async def go(pilot: Pilot[None], name: str) -> None:
    """Find a field by its name, as `/` does."""
    await pilot.press("slash", *name.replace("_", " ").replace(" ", "_"), "enter")
    await pilot.pause()


async def enter(pilot: Pilot[None], text: str) -> None:
    """Edit the field with the cursor: type a text in place of its value."""
    await pilot.press("enter", *text, "enter")
    await settled(pilot)


async def choose(pilot: Pilot[None], text: str) -> None:
    """Type into the pop-up that is open and take the best."""
    app = pilot.app
    await until(pilot, lambda: isinstance(app.screen, Choose))
    await pilot.press(*text, "enter")
    await until(pilot, lambda: not isinstance(app.screen, Choose))
    await settled(pilot)


async def test_learning_rate_is_typed_refused_reset_and_undone(tmp_path: Path) -> None:
    async with configure(tmp_path) as (app, pilot):
        await go(pilot, "learning_rate")
        await enter(pilot, "3e-4")
        assert project_of(app).compile.optimizer == Spec("Adam", {"learning_rate": 3e-4})
        assert app.studio.open_workspace.can_undo
        await enter(pilot, "abc")
        assert form(app).editing
        assert "learning_rate takes a number" in screen_text(app)
        assert project_of(app).compile.optimizer == Spec("Adam", {"learning_rate": 3e-4})
        await pilot.press("escape", "delete")
        await settled(pilot)
        assert project_of(app).compile.optimizer == Spec("Adam")
        edit = app.studio.undo()
        assert edit is not None
        assert edit.label == "Adam learning_rate back to its default"
        await pilot.press("u")
        await settled(pilot)
        assert project_of(app).compile.optimizer == Spec("Adam")
        assert not app.studio.open_workspace.can_undo


async def test_another_optimizer_keeps_what_it_has_too(tmp_path: Path) -> None:
    project = settings.set_optimizer(small_project(), Spec("Adam", {"learning_rate": 0.02, "beta_1": 0.8}))
    async with configure(tmp_path, project) as (app, pilot):
        await pilot.press("enter")
        await choose(pilot, "sgd")
        assert project_of(app).compile.optimizer == Spec("SGD", {"learning_rate": 0.02})
        assert "momentum" in screen_text(app)
        await pilot.press("delete")
        await settled(pilot)
        assert project_of(app).compile.optimizer == Spec("Adam")


async def test_a_schedule_starts_from_the_number_and_lasts_as_long_as_the_run(tmp_path: Path) -> None:
    async with configure(tmp_path) as (app, pilot):
        await go(pilot, "schedule")
        await pilot.press("enter")
        await choose(pilot, "cosinedecay")
        steps = 45 * 20  # 1,438 rows in batches of 32, 20 epochs
        schedule = Spec("CosineDecay", {"initial_learning_rate": 1e-3, "decay_steps": steps})
        assert project_of(app).compile.optimizer.config["learning_rate"] == schedule
        assert "= 20 epochs" in screen_text(app)
        await go(pilot, "decay_steps")
        await enter(pilot, "450")
        assert project_of(app).compile.optimizer.config["learning_rate"] == replace(
            schedule, config={**schedule.config, "decay_steps": 450}
        )
        await go(pilot, "learning_rate")
        await pilot.press("enter")
        await choose(pilot, "none")
        assert project_of(app).compile.optimizer == Spec("Adam")


async def test_arguments_at_their_default_unfold_and_are_found(tmp_path: Path) -> None:
    async with configure(tmp_path) as (app, pilot):
        assert "amsgrad" not in screen_text(app)
        await go(pilot, "amsgrad")
        assert form(app).cursor_key == "optimizer::0/amsgrad"
        await pilot.press("space")
        await settled(pilot)
        assert project_of(app).compile.optimizer == Spec("Adam", {"amsgrad": True})
        await pilot.press("u")
        await settled(pilot)
        form(app).move_to("more:optimizer::0")
        await pilot.press("enter")
        await pilot.pause()
        assert "amsgrad" not in screen_text(app)
        assert "more at their default" in screen_text(app)


async def test_from_logits_warns_and_f_repairs(tmp_path: Path) -> None:
    async with configure(tmp_path) as (app, pilot):
        assert "softmax output, and the loss expects probabilities" in screen_text(app)
        await go(pilot, "from_logits")
        await pilot.press("space")
        await settled(pilot)
        assert project_of(app).compile.losses["digit"] == Spec(SPARSE, {"from_logits": True})
        shown = screen_text(app)
        assert "softmax output; the loss has from_logits=True" in shown
        assert "turn off" in shown
        assert "▲ 1" in shown
        await pilot.press("f")
        await settled(pilot)
        assert project_of(app).compile.losses["digit"].config.get("from_logits", False) is False
        assert "turn off" not in screen_text(app)
        assert not app.studio.problems_of("configure")


async def test_a_loss_that_does_not_fit_is_repaired_from_the_checks(tmp_path: Path) -> None:
    project = settings.set_loss(small_project(), "digit", Spec("MeanSquaredError"))
    async with configure(tmp_path, project) as (app, pilot):
        await pilot.press("tab", "tab")
        assert app.screen.query_one(ChecksPane).has_focus
        assert "MeanSquaredError treats 10 classes as numbers" in screen_text(app)
        await pilot.press("f")
        await settled(pilot)
        assert project_of(app).compile.losses["digit"] == Spec(SPARSE)
        assert "integer labels fit the sparse loss" in screen_text(app)
        assert "10 units, 10 classes" in screen_text(app)


async def test_a_loss_is_taken_away_and_chosen_again(tmp_path: Path) -> None:
    async with configure(tmp_path) as (app, pilot):
        form(app).move_to("loss:digit:0")
        await pilot.press("delete")
        await settled(pilot)
        assert project_of(app).compile.losses == {}
        assert "digit has no loss" in screen_text(app)
        await pilot.press("enter")
        await choose(pilot, "sparse")
        assert project_of(app).compile.losses == {"digit": Spec(SPARSE)}


async def test_metrics_come_and_go(tmp_path: Path) -> None:
    async with configure(tmp_path) as (app, pilot):
        form(app).move_to("add-metric:digit")
        await pilot.press("enter")
        await choose(pilot, "sparsetopk")
        assert form(app).cursor_key == "metric:digit:1"
        await pilot.press("down")
        await enter(pilot, "2")
        assert project_of(app).compile.metrics["digit"] == (
            Spec("SparseCategoricalAccuracy"),
            Spec("SparseTopKCategoricalAccuracy", {"k": 2}),
        )
        form(app).move_to("metric:digit:0")
        await pilot.press("delete")
        await settled(pilot)
        assert project_of(app).compile.metrics["digit"] == (Spec("SparseTopKCategoricalAccuracy", {"k": 2}),)


async def test_a_metric_that_needs_an_argument_asks_for_it(tmp_path: Path) -> None:
    async with configure(tmp_path) as (app, pilot):
        form(app).move_to("add-metric:digit")
        await pilot.press("enter")
        await choose(pilot, "meaniou")
        assert form(app).editing
        assert any("num_classes" in problem.what for problem in app.studio.problems)
        await pilot.press("1", "0", "enter")
        await settled(pilot)
        assert project_of(app).compile.metrics["digit"][1] == Spec("MeanIoU", {"num_classes": 10})
        assert not app.studio.problems_of("configure")


async def test_callbacks_come_are_set_and_go(tmp_path: Path) -> None:
    async with configure(tmp_path) as (app, pilot):
        await pilot.press("plus")
        await choose(pilot, "earlystopping")
        assert form(app, "fit").cursor_key == "callback::0"
        await go(pilot, "patience")
        await enter(pilot, "10")
        assert project_of(app).fit.callbacks == (Spec("EarlyStopping", {"patience": 10}),)
        await go(pilot, "monitor")
        await enter(pilot, "val_accuracy")
        assert "val_accuracy" in screen_text(app)
        form(app, "fit").move_to("callback::0")
        await pilot.press("enter")
        await pilot.pause()
        assert "patience 10" in screen_text(app)
        assert "restore_best_weights" not in screen_text(app)
        await pilot.press("delete")
        await settled(pilot)
        assert project_of(app).fit.callbacks == ()
        await pilot.press("u")
        await settled(pilot)
        assert [spec.class_name for spec in project_of(app).fit.callbacks] == ["EarlyStopping"]


async def test_epochs_batches_and_validation_change_the_size_of_the_run(tmp_path: Path) -> None:
    async with configure(tmp_path) as (app, pilot):
        assert "45 steps an epoch" in screen_text(app)
        await pilot.press("tab")
        await enter(pilot, "3")
        await go(pilot, "batch")
        await enter(pilot, "64")
        assert (project_of(app).fit.epochs, project_of(app).fit.batch_size) == (3, 64)
        assert "23 steps an epoch" in screen_text(app)
        assert "69 steps in 3 epochs of batches of 64" in screen_text(app)
        await go(pilot, "share")
        await enter(pilot, "0.5")
        assert project_of(app).data.split.validation == 0.5
        assert "899 rows" in screen_text(app)
        await enter(pilot, "1.5")
        assert form(app, "fit").editing
        await pilot.press("escape")
        await go(pilot, "seed")
        await enter(pilot, "none")
        assert project_of(app).fit.seed is None
        await go(pilot, "epochs")
        await enter(pilot, "0")
        shown = screen_text(app)
        assert "epochs takes a whole number" in shown
        assert "Received: '0'" in shown
        assert "+ callback" not in shown
        assert project_of(app).fit.epochs == 3
        for _ in range(4):
            app.studio.undo()
        await settled(pilot)
        assert project_of(app) == small_project()


@pytest.mark.parametrize(("chosen", "value"), [("on", True), ("off", False), ("auto", "auto")])
async def test_jit_compile(tmp_path: Path, chosen: str, value: object) -> None:
    project = settings.set_compile(small_project(), jit_compile=True if chosen == "auto" else "auto")
    async with configure(tmp_path, project) as (app, pilot):
        await go(pilot, "jit")
        await pilot.press("enter")
        await choose(pilot, chosen)
        assert project_of(app).compile.jit_compile is value or project_of(app).compile.jit_compile == value
        await go(pilot, "eagerly")
        await pilot.press("space")
        await settled(pilot)
        assert project_of(app).compile.run_eagerly


async def test_several_outputs_have_weights_and_names(tmp_path: Path) -> None:
    project = small_project()
    project, second = commands.add_layer(project, "Dense", {"units": 1}, "flatten")
    project = commands.toggle_output(project, second)
    project = settings.set_loss(project, second, Spec("MeanSquaredError"))
    async with configure(tmp_path, project) as (app, pilot):
        shown = screen_text(app)
        assert "digit  (∅, 10)  ends in softmax" in shown
        assert f"{second}  (∅, 1)  no activation" in shown
        form(app).move_to(f"weight/{second}")
        await enter(pilot, "0.5")
        assert project_of(app).compile.loss_weights == {second: 0.5}
        await pilot.press("delete")
        await settled(pilot)
        assert project_of(app).compile.loss_weights == {}


async def test_what_waits_for_the_engine(tmp_path: Path) -> None:
    engine = FakeEngine(ready=False)
    async with configure(tmp_path, engine=engine) as (app, pilot):
        assert "waits for the engine" in screen_text(app)
        await pilot.press("tab")
        await enter(pilot, "7")
        assert project_of(app).fit.epochs == 7
        engine.load()
        await settled(pilot)
        assert "waits for the engine" not in screen_text(app)
        assert "4,810" in screen_text(app)


async def test_every_field_has_help(tmp_path: Path) -> None:
    project = settings.set_fit(small_project(), callbacks=(Spec("EarlyStopping"), Spec("TerminateOnNaN")))
    async with configure(tmp_path, project) as (app, pilot):
        for name in ("compile", "fit"):
            shown = form(app, name)
            for row in shown._every_row():
                key = getattr(row, "key", "")
                if key and shown.move_to(key):
                    assert len(shown.help_markdown) > 20, key
        await go(pilot, "clipnorm")
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert "individually clipped" in app.screen.query_one(Markdown).source


async def test_panes_are_walked_by_tab(tmp_path: Path) -> None:
    async with configure(tmp_path) as (app, pilot):
        order = []
        for _ in range(4):
            focused = app.focused
            assert focused is not None
            order.append(next(node.id for node in focused.ancestors_with_self if node.id))
            await pilot.press("tab")
        assert order == ["compile", "fit", "checks", "run"]
        await pilot.press("shift+tab")
        assert app.screen.query_one(RunPane).has_focus
        await pilot.click("#fit", offset=(5, 4))
        await pilot.press("tab")
        assert app.screen.query_one(ChecksPane).has_focus


async def test_tabs_on_a_small_terminal(tmp_path: Path) -> None:
    project = settings.set_loss(small_project(), "digit", Spec(SPARSE, {"from_logits": True}))
    async with configure(tmp_path, project, size=(80, 24)) as (app, pilot):
        top = screen_text(app).splitlines()[1]
        assert [word in top for word in ("compile", "fit", "checks ▲ 1", "run")] == [True] * 4
        assert "learning_rate" in screen_text(app)
        await pilot.press("tab")
        await pilot.pause()
        assert "batch_size" in screen_text(app)
        assert "learning_rate" not in screen_text(app)
        await pilot.press("tab")
        await pilot.pause()
        assert "set from_logits=False" in screen_text(app)
        await pilot.press("f")
        await settled(pilot)
        assert "▲" not in screen_text(app).splitlines()[1]
        await pilot.click("#checks", offset=(6, 0))
        await pilot.pause()
        assert "learning_rate" in screen_text(app)
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert "learning_rate" in screen_text(app)
        assert "batch_size" in screen_text(app)


async def test_f8_and_subjects_put_the_cursor_there(tmp_path: Path) -> None:
    project = settings.set_loss(small_project(), "digit", Spec(SPARSE, {"from_logits": True}))
    project = settings.set_fit(project, callbacks=(Spec("EarlyStopping", {"patience": -1}),))
    async with configure(tmp_path, project) as (app, pilot):
        await pilot.press("f8")
        await settled(pilot)
        assert form(app).cursor_key == "loss:digit:0"
        screen = app.screen
        assert isinstance(screen, ConfigureScreen)
        screen.show_subject("EarlyStopping")
        await pilot.pause()
        assert form(app, "fit").cursor_key == "callback::0"
        screen.show_subject("optimizer")
        await pilot.pause()
        assert form(app).cursor_key == "optimizer::0"
