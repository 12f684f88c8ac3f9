"""Importing a model from within the app: from Home as a project, in Build as a model inside."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import h5py
import pytest
from apps import make_app, press, screen_text, settled, until
from fake_engine import FakeEngine
from msgspec.structs import replace
from projects import small_project

from kerastui.engine.hdf5_names import read_strings, write_strings
from kerastui.engine.process import importing
from kerastui.engine.process.importing import ImportFailed
from kerastui.engine.project import commands, grouping
from kerastui.engine.project.document import Graph, Project
from kerastui.engine.project.files import FILE_NAME, read, write
from kerastui.engine.project.weights import check_weights, saved_layers, saved_paths
from kerastui.screens.home.screen import HomeScreen
from kerastui.screens.widgets.files import OpenFile
from kerastui.screens.widgets.import_model import Importing, name_of
from kerastui.screens.widgets.modals import Confirm, Message, Prompt
from kerastui.shell import KerasTUI

Import = Callable[[str, Path, bool], Awaitable[tuple[str, ...]]]


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def use(monkeypatch: pytest.MonkeyPatch, run: Import) -> None:
    """Have another function in the place of the process that imports."""
    monkeypatch.setattr(importing, "run_import", run)


def scripted(monkeypatch: pytest.MonkeyPatch, *refusals: ImportFailed) -> list[tuple[str, bool]]:
    """Script what the import gives: a refusal each time while there are any, then a project with a model inside."""
    calls: list[tuple[str, bool]] = []
    left = list(refusals)

    async def run(source: str, folder: Path, unsafe: bool = False) -> tuple[str, ...]:
        calls.append((source, unsafe))
        if left:
            folder.mkdir()
            raise left.pop(0)
        put_project(folder)
        return ("the optimizer's state",)

    use(monkeypatch, run)
    return calls


def put_project(folder: Path) -> None:
    """Write what an import writes: a project of two layers, one in a model inside, and their weights."""
    project, x = commands.add_input(Project(folder.name, weights="weights.h5"), (8,))
    project, dense = commands.add_layer(project, "Dense", {"units": 8}, x)
    project, end = commands.add_layer(project, "Dense", {"units": 3}, dense)
    project = commands.toggle_output(project, end)
    project, _ = grouping.group(project, [dense], "block")
    folder.mkdir()
    write(folder, replace(project, weights_from={}))
    put_weights(folder / "weights.h5", ["block/dense", "dense_1"])


def put_weights(path: Path, names: list[str], value: float = 1.0) -> None:
    with h5py.File(path, "w") as file:
        write_strings(file, "layer_names", names)
        for name in sorted(names):
            group = file.require_group(name)
            write_strings(group, "weight_names", ["kernel"])
            group.create_dataset("kernel", data=[value])


def at_home() -> KerasTUI:
    """Return the app at Home, where a model file lies."""
    Path("small.keras").touch()
    return KerasTUI(None, FakeEngine())


async def test_home_makes_a_project_of_a_model_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = scripted(monkeypatch)
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "notes.txt").write_text("mine")
    app = at_home()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, OpenFile))
        await pilot.press(*"small.k", "enter")
        await until(pilot, lambda: "./small-2" in screen_text(app))
        assert isinstance(app.screen, Prompt)
        await pilot.press("ctrl+u", *"small", "enter")
        await pilot.pause()
        assert "small is not empty; small-2 is free" in screen_text(app)
        await pilot.press("ctrl+u", *"nets/mine", "enter")
        await until(pilot, lambda: app.studio.workspace is not None)

        assert calls == [(str(tmp_path / "small.keras"), False)]
        assert app.studio.open_workspace.folder == tmp_path / "nets" / "mine"
        assert app.studio.project.name == "mine"
        assert not isinstance(app.screen, HomeScreen)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []
    assert (tmp_path / "nets" / "mine" / "weights.h5").is_file()


async def test_code_is_run_only_once_that_was_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    why = "it would run code that is in the file. If you trust where it comes from, give --allow-unsafe."
    calls = scripted(monkeypatch, ImportFailed(why, code=True), ImportFailed(why, code=True))
    app = at_home()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for answer in ("enter", "y"):
            await pilot.press("i")
            await until(pilot, lambda: isinstance(app.screen, OpenFile))
            await pilot.press(*"small.k", "enter")
            await until(pilot, lambda: isinstance(app.screen, Prompt))
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, Confirm) and "run it" in screen_text(app))
            assert "It would run code that is in the file. Run the code?" in screen_text(app)
            assert "Allow it only if" in screen_text(app)
            assert "--allow" not in screen_text(app)
            await pilot.press(answer)
            if answer == "enter":
                await until(pilot, lambda: isinstance(app.screen, HomeScreen))
                assert list(tmp_path.iterdir()) == [tmp_path / "small.keras"]
        await until(pilot, lambda: app.studio.workspace is not None)

    assert [unsafe for _, unsafe in calls] == [False, False, True]


async def test_a_refusal_is_told_and_esc_ends_an_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, ImportFailed("keras.applications has no model Nope. Did you mean VGG16?"))
    app = at_home()
    ended = asyncio.Event()

    async def endless(source: str, folder: Path, unsafe: bool = False) -> tuple[str, ...]:
        folder.mkdir()
        try:
            return (str(await asyncio.Event().wait()),)
        finally:
            ended.set()

    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, OpenFile))
        await pilot.press("ctrl+u", *"keras:Nope")
        await pilot.pause()
        assert "keras.applications" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Message) and "Nope" in screen_text(app))
        assert "keras:Nope cannot be imported" in screen_text(app)
        assert "Did you mean VGG16?" in screen_text(app)
        await pilot.press("escape")

        use(monkeypatch, endless)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, OpenFile))
        await pilot.press(*"small.k", "enter")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        await pilot.press("enter")
        await until(pilot, lambda: "small.keras is opened" in screen_text(app))
        assert isinstance(app.screen, Importing)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))

        assert ended.is_set()
        assert list(tmp_path.iterdir()) == [tmp_path / "small.keras"]


@pytest.mark.parametrize("with_weights", [False, True])
async def test_build_puts_a_model_behind_the_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_weights: bool
) -> None:
    scripted(monkeypatch)
    project = replace(small_project(), weights="weights.h5") if with_weights else small_project()
    app = make_app(tmp_path, project)
    folder = tmp_path / "project"
    if with_weights:
        put_weights(folder / "weights.h5", ["dense", "dense_1"], 7.0)
    (folder / "dense.keras").touch()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        before = app.studio.project
        await press(pilot, "down", "down")
        await pilot.press("I")
        await until(pilot, lambda: isinstance(app.screen, OpenFile))
        await pilot.press(*"dense.k", "enter")
        await until(pilot, lambda: app.studio.project != before)
        await settled(pilot)
        after = app.studio.project

        card = after.graph.calls["model"]
        assert (card.inputs, after.graph.layers["model"].config) == (("dense",), {"model": "dense_2"})
        assert set(after.models) == {"dense_2", "block"}
        check_starts(after, folder, with_weights)
        await press(pilot, "ctrl+z")
        assert app.studio.project == before
        assert check_weights(before, folder) == []
        await press(pilot, "ctrl+y")
        assert app.studio.project == after
        assert check_weights(after, folder) == []
        assert not [path for path in folder.iterdir() if path.name.startswith(".import")]


def paths_of(project: Project, graph: Graph | None = None, path: str = "") -> list[str]:
    """Return the paths of all layers, in models inside too."""
    found: list[str] = []
    for key, layer in (project.graph if graph is None else graph).layers.items():
        inner = project.models.get(str(layer.config.get("model", "")))
        found += [f"{path}{key}"] if inner is None else paths_of(project, inner, f"{path}{key}/")
    return found


def check_starts(project: Project, folder: Path, with_weights: bool) -> None:
    """Check that each layer takes its own weights: 7 are those that were there, 1 those that came."""
    saved = saved_layers(project, folder)
    taken = saved_paths(project, paths_of(project), saved)
    came = {"model/block/dense": 1.0, "model/dense_1": 1.0}
    with h5py.File(folder / project.weights, "r") as file:
        found = {path: float(file[was]["kernel"][0]) for was, path in taken.items()}
        assert read_strings(file, "layer_names") == list(saved)
    assert found == (came | {"dense": 7.0, "dense_1": 7.0} if with_weights else came)
    assert project.weights == ("weights-2.h5" if with_weights else "weights.h5")
    if not with_weights:
        # A layer that came is deleted: none of those that were there takes its weights.
        gone = commands.delete(project, ["model"])
        assert saved_paths(gone, paths_of(gone), saved) == {}


async def test_an_empty_graph_becomes_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch)
    app = make_app(tmp_path, Project("project"))
    folder = tmp_path / "project"
    (folder / "net.keras").touch()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("I")
        await until(pilot, lambda: isinstance(app.screen, OpenFile))
        await pilot.press(*"net.k", "enter")
        await until(pilot, lambda: app.studio.project.graph.calls)

        project = app.studio.project
        assert project.graph.outputs == {"dense_1": "dense_1"}
        saved = saved_layers(project, folder)
        assert saved_paths(project, paths_of(project), saved) == {"block/dense": "block/dense", "dense_1": "dense_1"}
        assert (project.name, project.weights_from) == ("project", {})


def test_names_of_sources() -> None:
    assert name_of(Path("keras:MobileNetV2")) == "mobile_net_v2"
    assert name_of(Path("/x/my net.v2.keras")) == "my_net_v2"
    assert name_of(Path("2021.h5")) == "model_2021"


@pytest.mark.slow
async def test_a_model_file_comes_into_home_and_build_by_the_real_process(tmp_path: Path) -> None:
    layers = [("InputLayer", {"batch_shape": [None, 4], "name": "x"}), ("Dense", {"units": 3, "name": "end"})]
    made = [{"module": "keras.layers", "class_name": name, "config": config} for name, config in layers]
    config = json.dumps({"module": "keras", "class_name": "Sequential", "config": {"name": "net", "layers": made}})
    (tmp_path / "net.json").write_text(config)
    app = KerasTUI(None, FakeEngine())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, OpenFile))
        await pilot.press(*"net.json", "enter")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        await pilot.press("enter")
        await until(pilot, lambda: app.studio.workspace is not None, 60)
        assert read(tmp_path / "net").graph.layers["end"].config == {"units": 3}
        assert (tmp_path / "net" / FILE_NAME).is_file()

        await settled(pilot)
        await pilot.press("I")
        await until(pilot, lambda: isinstance(app.screen, OpenFile))
        await pilot.press("ctrl+u", *f"{tmp_path}/net.json", "enter")
        await until(pilot, lambda: app.studio.project.models, 60)
        assert app.studio.project.models["net"].layers["end"].config == {"units": 3}
