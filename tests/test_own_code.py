"""Code of a project's own without TensorFlow: files, trust, the catalog, checks, the studio and the screens."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from apps import fake, settled, until
from build_seat import Seat
from fake_engine import FakeEngine
from msgspec.structs import replace
from own_code import LAYERS, own_project, written
from projects import small_project

from kerastui.engine.catalog.catalog import Argument, Entry, catalog, set_own
from kerastui.engine.catalog.check import check_config
from kerastui.engine.code_state import TRUST, CodeState, used_files
from kerastui.engine.custom.files import Fault, code_files, is_own, wrong_name
from kerastui.engine.custom.trust import is_trusted, trust
from kerastui.engine.home import home
from kerastui.engine.process.client import EngineLost
from kerastui.engine.process.protocol import Code, ReadCode, ReplyBody, RequestBody
from kerastui.engine.project import settings as settings_commands
from kerastui.engine.project.checks import check_project
from kerastui.engine.project.document import Compile, Project, Spec
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.files import dumps, loads
from kerastui.engine.project.repairs import apply_repair
from kerastui.engine.project.workspace import Workspace
from kerastui.engine.studio import Studio
from kerastui.screens.configure.edits import change
from kerastui.screens.configure.fields import kind_choices
from kerastui.screens.widgets.modals import Confirm
from kerastui.shell import KerasTUI

TANH = Entry(
    "layer",
    "layers.ScaledTanh",
    category="my layers",
    summary="Multiply the hyperbolic tangent.",
    arguments=(Argument("scale", "float", default=1.0),),
    telling="scale",
    code="layers.py:10",
)
CODE = Code(("layers.py",), (TANH, Entry("loss", "layers.Far", code="layers.py:45")))


@pytest.fixture(autouse=True)
def _nothing_own() -> Iterator[None]:
    """The catalog is one for the process."""
    set_own(())
    yield
    set_own(())


def texts(project: Project) -> list[str]:
    return [problem.what for problem in check_project(project) if problem.severity == "error"]


# Files and trust ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../other.py", "outside"),
        ("/tmp/other.py", "outside"),
        ("my-layers.py", "no name of Python code"),
        ("layers.txt", "no name of Python code"),
        ("ops.py", "cannot be named so"),
        ("more/layers.py", "has the name of layers.py"),
        ("parts/blocks.py", ""),
    ],
)
def test_names_of_files(name: str, said: str) -> None:
    found = wrong_name(name, ["layers.py"])
    assert said in found if said else found == ""


def test_layers_py_counts_without_being_listed(tmp_path: Path) -> None:
    assert code_files(tmp_path, []) == ()
    assert code_files(tmp_path, ["blocks.py"]) == ("blocks.py",)
    (tmp_path / "layers.py").touch()
    assert code_files(tmp_path, ["blocks.py", "layers.py"]) == ("layers.py", "blocks.py")


def test_what_this_program_makes_is_trusted_and_what_lay_there_is_not(tmp_path: Path) -> None:
    made, cloned = written(tmp_path / "made", small_project()), written(tmp_path / "b", small_project(), trusted=False)
    assert is_trusted(made)
    assert not is_trusted(cloned)
    trust(cloned)
    assert is_trusted(cloned)
    assert is_trusted(tmp_path / "made" / ".." / "b")
    moved = made.rename(tmp_path / "moved")
    assert not is_trusted(moved)
    trust(moved)
    assert (home() / "trusted.json").read_text().count("made") == 0  # a clone in its place is not trusted
    assert [path.name for path in made.parent.rglob("*trust*")] == []


def test_a_list_of_trust_that_cannot_be_read_trusts_nothing(tmp_path: Path) -> None:
    folder = written(tmp_path / "made", small_project())
    (home() / "trusted.json").write_text("yes")
    assert not is_trusted(folder)


# Document, catalog, checks ------------------------------------------------------------------------------------------


def test_the_class_of_the_model_is_in_the_document() -> None:
    project = replace(small_project(), compile=Compile(model="layers.VAE"))
    assert 'model = "layers.VAE"' in dumps(project)
    assert loads(dumps(project), Path("kerastui.toml")) == project
    assert "model" not in dumps(small_project()).partition("[compile]")[2].partition("[")[0]


def test_the_catalog_knows_own_classes_and_forgets_them() -> None:
    keras = len(catalog().of("layer"))
    set_own(CODE.entries)
    assert catalog().layer("layers.ScaledTanh") is TANH
    assert catalog().layer("ScaledTanh") is None
    assert catalog().of("layer")[-1] is TANH
    assert catalog().search("scaled", "layer")[0] is TANH
    assert catalog().search("layers.sc", "layer")[0] is TANH
    assert catalog().get("loss", "layers.Far") is not None
    assert check_config(TANH, {"scal": 1}) == ["layers.ScaledTanh has no argument scal; did you mean scale?"]
    set_own(())
    assert catalog().layer("layers.ScaledTanh") is None
    assert len(catalog().of("layer")) == keras


def test_what_the_code_does_not_give_is_a_problem_once_it_was_read() -> None:
    project = own_project()
    assert texts(project) == ["layers.py gives no layer ScaledTanh"]
    set_own(None)
    assert texts(project) == []
    set_own(CODE.entries)
    assert texts(project) == []
    assert texts(own_project(scale="wide")) == ["scale takes a number. Received: wide"]


def test_a_class_of_models_needs_no_loss() -> None:
    project = settings_commands.set_loss(small_project(), "digit", None)
    assert texts(project) == ["digit has no loss"]
    own = settings_commands.set_compile(project, model="layers.VAE")
    assert texts(own) == ["layers.py gives no class of models VAE"]
    set_own((Entry("model", "layers.VAE", code="layers.py:1"),))
    assert texts(own) == []


def test_what_is_used_of_the_code_decides_how_bad_it_is() -> None:
    broken = CodeState("read", ("layers.py",), errors=(Fault("layers.py", "NameError: x", 12),))
    assert used_files(own_project()) == {"layers"}
    assert used_files(settings_commands.set_compile(small_project(), model="nets.VAE")) == {"nets"}
    assert is_own("layers.X")
    assert not is_own("ops.matmul")
    found = broken.problems(own_project())[0]
    assert (found.severity, found.subject, found.what) == ("error", "layers.py:12", "NameError: x")
    assert broken.problems(small_project())[0].severity == "warning"
    away = CodeState("unread", ("layers.py",), trusted=False)
    assert away.problems(own_project())[0].what == "layers.py is not run: this project came from elsewhere"
    assert away.problems(own_project())[0].severity == "error"
    assert away.problems(small_project())[0].severity == "warning"
    with pytest.raises(EditError):
        apply_repair(own_project(), TRUST)


# Studio -------------------------------------------------------------------------------------------------------------


async def studio_of(folder: Path, engine: FakeEngine | None = None) -> Studio:
    """Return a studio with the project in a folder open, all settled."""
    studio = Studio(engine or FakeEngine())
    if engine is None:
        fake_of(studio).code = CODE
    await studio.start()
    studio.open(folder)
    await studio.settle()
    return studio


def fake_of(studio: Studio) -> FakeEngine:
    assert isinstance(studio.engine, FakeEngine)
    return studio.engine


def readings(studio: Studio) -> int:
    return sum(isinstance(request, ReadCode) for request in fake_of(studio).requests)


async def test_code_is_read_before_the_first_check_and_when_it_changes(tmp_path: Path) -> None:
    folder = written(tmp_path / "project", own_project())
    studio = await studio_of(folder)
    kinds = [type(request).__name__ for request in fake_of(studio).requests]
    assert kinds.index("ReadCode") < kinds.index("Check")
    assert studio.code.entries == CODE.entries
    assert [problem.what for problem in studio.problems if problem.severity == "error"] == []
    fake_of(studio).code = replace(CODE, errors=(Fault("layers.py", "NameError: x", 12),))
    (folder / "layers.py").write_text("x")
    async with asyncio.timeout(5):
        while not studio.code.errors:
            await asyncio.sleep(0.02)
    assert studio.problems[0].subject == "layers.py:12"
    assert catalog().layer("layers.ScaledTanh") is not None
    await studio.settle()
    assert readings(studio) == 2
    await studio.close()


async def test_without_code_nothing_is_asked_and_nothing_polled(tmp_path: Path) -> None:
    studio = await studio_of(Workspace.create(tmp_path / "project", small_project()).folder)
    assert readings(studio) == 0
    assert studio._watching is None
    (studio.open_workspace.folder / "layers.py").write_text(LAYERS)
    studio.save()
    await studio.settle()
    assert readings(studio) == 1
    assert studio.code.kind == "read"
    (studio.open_workspace.folder / "layers.py").unlink()
    fake_of(studio).code = Code()
    studio.look_at_code()
    await studio.settle()
    assert studio.code == CodeState()
    await studio.close()


async def test_code_that_ends_the_engine_is_not_run_again_before_it_is_changed(tmp_path: Path) -> None:
    class Fragile(FakeEngine):
        async def request(self, body: RequestBody) -> ReplyBody:
            reply = await super().request(body)
            if isinstance(body, ReadCode) and self.code == CODE:
                self.die()
                raise EngineLost("the engine has ended")
            return reply

    engine = Fragile()
    engine.code = CODE
    folder = written(tmp_path / "project", own_project())
    studio = await studio_of(folder, engine)
    assert studio.code.errors[0].what == "the engine ended while it ran the code"
    await studio.start()
    await studio.settle()
    assert studio.engine_state.kind == "ready"
    assert readings(studio) == 1
    engine.code = replace(CODE, notes=(Fault("layers.py", "mended"),))
    (folder / "layers.py").write_text("mended = True")
    studio.look_at_code()
    await studio.settle()
    assert studio.code.notes[0].what == "mended"
    await studio.close()


# Screens ------------------------------------------------------------------------------------------------------------


async def test_own_layers_are_in_the_palette_and_a_broken_file_says_so(tmp_path: Path) -> None:
    folder = written(tmp_path / "project", small_project())
    engine = FakeEngine()
    engine.code = CODE
    app = KerasTUI(folder, engine)
    async with app.run_test(size=(120, 60), notifications=True) as pilot:
        seat = Seat(app, pilot)
        await until(pilot, lambda: app.studio.code.kind == "read")
        await settled(pilot)
        await seat.press("shift+tab")
        await seat.press("G")
        assert "my layers" in seat.text
        assert "ScaledTanh" in seat.text
        await seat.press("enter")
        assert seat.graph.layers["scaled_tanh"].class_name == "layers.ScaledTanh"
        assert "scaled_tanh" in seat.text
        fake(app).code = replace(CODE, errors=(Fault("layers.py", "NameError: nix", 12),))
        (folder / "layers.py").write_text("nix")
        app.studio.look_at_code()
        await settled(pilot)
        await seat.press("shift+tab")
        await seat.press("G")
        assert "✗ layers.py:12" in seat.text
        assert "NameError: nix" in seat.text
        assert "ScaledTanh" in seat.text


async def test_own_activations_and_initializers_are_chosen_in_the_inspector(tmp_path: Path) -> None:
    folder = written(tmp_path / "project", small_project())
    engine = FakeEngine()
    own = (Entry("activation", "layers.swoosh", code="layers.py:9"), Entry("initializer", "layers.Thirds", code="_:1"))
    engine.code = replace(CODE, entries=own)
    app = KerasTUI(folder, engine)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        seat = Seat(app, pilot)
        await until(pilot, lambda: app.studio.code.kind == "read")
        await seat.press("end", "up", "enter")
        for argument, name in (("activation", "swoosh"), ("kernel_initializer", "Thirds")):
            seat.screen.inspector.edit(argument)
            await settled(pilot)
            await seat.press(*name[:3], "enter")
            assert seat.graph.layers["dense"].config[argument] == Spec(f"layers.{name}")
            assert f"layers.{name[:3]}" in seat.text
        assert texts(app.studio.project) == []
    dense = catalog().layer("Dense")
    assert dense is not None
    wrong = check_config(dense, {"units": 1, "activation": "layers.swoosh"})
    assert [each.rpartition(";")[2] for each in wrong] == [" write { class = 'layers.swoosh' }"]
    set_own(None)
    assert check_config(dense, {"units": 1, "activation": Spec("layers.other")}) == []


async def test_code_from_elsewhere_is_run_after_a_question(tmp_path: Path) -> None:
    folder = written(tmp_path / "project", own_project(), trusted=False)
    engine = FakeEngine()
    engine.code = Code(("layers.py",), trusted=False)
    app = KerasTUI(folder, engine)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        seat = Seat(app, pilot)
        await until(pilot, lambda: app.studio.code.kind == "read")
        await settled(pilot)
        assert "layers.py is not run: this project came from elsewhere" in seat.text
        await seat.press("f")
        assert isinstance(app.screen, Confirm)
        await seat.press("enter")  # the harmless answer has the focus
        assert not is_trusted(folder)
        await seat.press("f")
        fake(app).code = CODE
        await seat.press("y")
        assert is_trusted(folder)
        assert app.studio.code.trusted
        assert "not run" not in seat.text
        assert app.check_action("trust", ()) is False


async def test_configure_offers_own_losses_and_classes_of_models(tmp_path: Path) -> None:
    folder = written(tmp_path / "project", small_project())
    engine = FakeEngine()
    engine.code = replace(CODE, entries=(*CODE.entries, Entry("model", "layers.VAE", code="layers.py:70")))
    app = KerasTUI(folder, engine)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        seat = Seat(app, pilot)
        await until(pilot, lambda: app.studio.code.kind == "read")
        await seat.press("3")
        assert "made as" in seat.text
        assert "layers.Far" in [choice.name for choice in kind_choices("loss")]
        label, after = change(app.studio.project, "compile/model", "layers.VAE", None)
        assert (label, after.compile.model) == ("model layers.VAE", "layers.VAE")
        app.studio.do(label, after)
        await settled(pilot)
        assert "layers.VAE" in seat.text
        assert change(after, "compile/model", None, None)[1].compile.model == ""
        with pytest.raises(ValueError, match=r"Model, layers\.VAE"):
            change(after, "compile/model", "layers.GAN", None)
        engine.code = Code()
        (folder / "layers.py").unlink()
        app.studio.look_at_code()
        await settled(pilot)
        assert "layers.Far" not in [choice.name for choice in kind_choices("loss")]
