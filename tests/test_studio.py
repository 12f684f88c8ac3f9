"""The studio: documents, checks, data, engine and run, without a screen."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from fake_engine import VERSIONS, FakeEngine
from msgspec.structs import replace
from projects import small_project

from kerastui.engine import home
from kerastui.engine.process.client import EngineRefused
from kerastui.engine.process.protocol import Check, Ready, ReplyBody, RequestBody, Train
from kerastui.engine.project import commands, settings
from kerastui.engine.project.document import MODEL, Call, Graph, Input, Layer, Project, Spec
from kerastui.engine.project.files import FILE_NAME, ProjectFileError
from kerastui.engine.runs import RunFolder, RunRecord
from kerastui.engine.studio import Studio, Topic


async def opened(tmp_path: Path, project: Project | None = None, engine: FakeEngine | None = None) -> Studio:
    """Return a studio with a project open and everything settled."""
    studio = Studio(engine or FakeEngine())
    await studio.start()
    studio.create(tmp_path / "project", project or small_project())
    await studio.settle()
    return studio


def fake(studio: Studio) -> FakeEngine:
    """Return the studio's engine."""
    assert isinstance(studio.engine, FakeEngine)
    return studio.engine


def engine_kind(studio: Studio) -> str:
    """Return how the engine is at this moment."""
    return studio.engine_state.kind


async def test_opening_checks_and_reads_the_data(tmp_path: Path) -> None:
    studio = await opened(tmp_path)
    assert studio.checked is not None
    assert studio.checked.params == 4810
    assert not studio.stale
    assert studio.data.kind == "ready"
    assert studio.problems == ()


async def test_an_edit_is_checked_again_and_undone(tmp_path: Path) -> None:
    studio = await opened(tmp_path)
    topics: list[Topic] = []
    studio.listen(topics.append)
    studio.do("units 32", commands.set_argument(studio.project, "dense", "units", 32))
    assert studio.stale
    await studio.settle()
    assert studio.checked is not None
    assert studio.checked.calls["dense"].shape == (None, 32)
    assert set(topics) == {"document", "problems"}
    assert studio.undo() is not None
    await studio.settle()
    assert studio.checked.calls["dense"].shape == (None, 64)


async def test_many_edits_in_a_row_are_checked_once_more(tmp_path: Path) -> None:
    studio = await opened(tmp_path)
    before = len(fake(studio).requests)
    for units in range(1, 30):
        studio.do("units", commands.set_argument(studio.project, "dense", "units", units))
    await studio.settle()
    assert len(fake(studio).requests) - before <= 2
    assert studio.checked is not None
    assert studio.checked.calls["dense"].shape == (None, 29)


async def test_a_newer_edit_is_checked_before_further_repairs_are_proven(tmp_path: Path) -> None:
    project = commands.set_argument(small_project(), "dense", "units", 0)
    project = commands.set_argument(project, "dense_1", "units", 0)

    class Editing(FakeEngine):
        """An engine that is asked for the proof of a repair as an edit is made."""

        async def request(self, body: RequestBody) -> ReplyBody:
            if isinstance(body, Check) and len([each for each in self.requests if isinstance(each, Check)]) == 1:
                studio.do("units", commands.set_argument(studio.project, "dense", "units", 5))
            return await super().request(body)

    engine = Editing()
    studio = Studio(engine)
    await studio.start()
    studio.create(tmp_path / "project", project)
    await studio.settle()
    asked = [each.project["graph"]["layers"] for each in engine.requests if isinstance(each, Check)]
    units = [(layers["dense"]["units"], layers["dense_1"]["units"]) for layers in asked]
    assert units == [(0, 0), (1, 0), (5, 0), (5, 1)]


async def test_what_needs_the_engine_waits_for_it(tmp_path: Path) -> None:
    studio = await opened(tmp_path, engine=FakeEngine(ready=False))
    assert studio.engine_state.kind == "starting"
    assert studio.checked is None
    fake(studio).emit(Ready(VERSIONS))
    await studio.settle()
    assert studio.checked is not None


async def test_problems_of_all_kinds_come_together(tmp_path: Path) -> None:
    project = commands.set_input(small_project(), "input", (9, 9), "float32")
    project = commands.set_argument(project, "dense_1", "units", 7)
    project = settings.set_loss(project, "digit", Spec("SparseCategoricalCrossentropy", {"from_logits": True}))
    studio = await opened(tmp_path, project)
    found = {(problem.stage, problem.severity) for problem in studio.problems}
    assert found == {("data", "error"), ("build", "error"), ("configure", "warning")}
    assert studio.blocking() is not None
    with pytest.raises(EngineRefused):
        await studio.train()
    assert not [request for request in fake(studio).requests if isinstance(request, Train)]


async def test_repairs_put_everything_right(tmp_path: Path) -> None:
    project = commands.set_input(small_project(), "input", (9, 9), "float32")
    project = commands.set_argument(project, "dense_1", "units", 7)
    project = settings.set_loss(project, "digit", Spec("SparseCategoricalCrossentropy", {"from_logits": True}))
    studio = await opened(tmp_path, project)
    for _ in range(3):
        repair = next(problem.repair for problem in studio.problems if problem.repair is not None)
        studio.repair(repair)
        await studio.settle()
    assert studio.problems == ()
    assert studio.project == small_project()


async def test_a_run_from_start_to_end(tmp_path: Path) -> None:
    studio = await opened(tmp_path)
    studio.do("epochs", settings.set_fit(studio.project, epochs=3))
    await studio.train()
    assert not studio.open_workspace.unsaved
    run = studio.run
    assert run is not None
    assert (run.status, run.epochs, run.steps) == ("running", 3, 45)
    for number in (1, 2):
        fake(studio).epoch(number, epochs=3)
    assert [point.step for point in run.points["loss"]] == list(range(1, 91))
    assert run.done == pytest.approx(2 / 3)
    best = run.best()
    assert best is not None
    assert best.epoch == 2
    await studio.engine.stop()
    assert (run.status, run.live) == ("stopped", False)
    assert "2 epochs" in home.recent()[0].state


async def test_an_engine_that_dies_leaves_document_and_history(tmp_path: Path) -> None:
    studio = await opened(tmp_path)
    await studio.train()
    fake(studio).epoch(1)
    fake(studio).die()
    assert engine_kind(studio) == "lost"
    assert studio.run is not None
    assert (studio.run.status, len(studio.run.history)) == ("lost", 1)
    studio.do("still editable", settings.set_fit(studio.project, epochs=4))
    await studio.start()
    await studio.settle()
    assert engine_kind(studio) == "ready"
    assert not studio.stale
    assert len(studio.run.history) == 1


async def test_a_run_that_was_killed_is_read_back_as_lost(tmp_path: Path) -> None:
    studio = await opened(tmp_path)
    folder = RunFolder.create(studio.open_workspace.folder, "")
    folder.write("run.json", RunRecord(1, "running", 0.0))
    for epoch in (1, 2):
        folder.add_epoch(epoch, {"loss": 1 / epoch, "val_loss": 2 / epoch}, epoch * 1.5)
    again = Studio(FakeEngine())
    again.open(studio.open_workspace.folder)
    assert again.run is not None
    assert again.run.status == "lost"
    assert [row.logs["val_loss"] for row in again.run.history] == [2.0, 1.0]
    await again.settle()


async def test_a_project_that_cannot_be_read_leaves_what_is_open(tmp_path: Path) -> None:
    studio = await opened(tmp_path)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / FILE_NAME).write_text("name = ")
    with pytest.raises(ProjectFileError):
        studio.open(broken)
    assert studio.project == small_project()


async def test_a_source_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    studio = await opened(tmp_path)
    studio.do("source", settings.set_source(studio.project, "nowhere.csv", studio.project.data.columns))
    await studio.settle()
    assert studio.data.kind == "failed"
    assert any("no such file" in problem.what for problem in studio.problems_of("data"))
    studio.undo()
    await studio.settle()
    assert studio.problems == ()


async def test_a_slow_answer_to_an_old_document_is_not_taken_for_the_new(tmp_path: Path) -> None:
    studio = await opened(tmp_path)
    gate = asyncio.Event()
    engine = fake(studio)
    answer = engine.request

    async def slow(body: object) -> object:
        if isinstance(body, Check):
            await gate.wait()
        return await answer(body)  # type: ignore[arg-type]

    engine.request = slow  # type: ignore[method-assign, assignment]
    studio.do("one", commands.set_argument(studio.project, "dense", "units", 3))
    await asyncio.sleep(0)
    studio.do("two", commands.set_argument(studio.project, "dense", "units", 5))
    gate.set()
    await studio.settle()
    assert studio.checked is not None
    assert studio.checked.calls["dense"].shape == (None, 5)
    assert not studio.stale


async def test_a_model_inside_is_opened_edited_and_left(tmp_path: Path) -> None:
    inner = Graph({"input": Input((4,))}, {"dense": Layer("Dense", {"units": 2})}, {"dense": Call("dense", ("input",))})
    outer = Graph({"input": Input((4,))}, {"encoder": Layer(MODEL, {"model": "encoder"})}, {}, {})
    studio = Studio(FakeEngine())
    studio.create(tmp_path / "nested", Project("nested", graph=outer, models={"encoder": inner}))
    studio.enter("encoder")
    assert studio.view.graph == inner
    studio.edit("set units", commands.set_argument(studio.view, "dense", "units", 3))
    assert studio.project.models["encoder"].layers["dense"].config == {"units": 3}
    assert studio.project.graph == outer
    studio.do("take the model out", replace(studio.project, models={}))
    assert (studio.model, studio.view) == ("", studio.project)
    studio.undo()
    assert studio.model == "encoder"
    studio.leave()
    assert studio.view.graph == outer
