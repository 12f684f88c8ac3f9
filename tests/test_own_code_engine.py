"""Code of a project's own with TensorFlow: what files may do, what of them is known, and projects that use them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace
from own_code import LAYERS, own_project, regression, written
from projects import small_project

from kerastui.cli import main
from kerastui.engine import load_model
from kerastui.engine.building import BuildError, build_model, compile_model
from kerastui.engine.catalog.catalog import catalog
from kerastui.engine.catalog.objects import build_object
from kerastui.engine.checking import Checker
from kerastui.engine.code_state import used_files
from kerastui.engine.custom.reading import read_code
from kerastui.engine.custom.running import PRIVATE
from kerastui.engine.custom.trust import is_trusted
from kerastui.engine.data.check import NO_TARGET
from kerastui.engine.data_state import DataState
from kerastui.engine.process.protocol import Code, RunFinished
from kerastui.engine.process.run import Run, RunError
from kerastui.engine.project import commands
from kerastui.engine.project import settings as settings_commands
from kerastui.engine.project.document import Project, Spec, Value
from kerastui.engine.project.files import read
from kerastui.engine.writing.python import python_code

pytestmark = pytest.mark.slow

OBJECTS = '''import keras


def swoosh(x, beta=2.0):
    """Multiply by a steep sigmoid."""
    return x * keras.ops.sigmoid(beta * x)


def rows(count):
    return count


def mixed(x, other):
    return x + other


class Thirds(keras.initializers.Initializer):
    def __call__(self, shape, dtype=None):
        return keras.ops.full(shape, 1 / 3, dtype)


class Near(keras.regularizers.Regularizer):
    def __init__(self, to: float = 1.0):
        self.to = to

    def __call__(self, x):
        return keras.ops.mean((x - self.to) ** 2)

    def get_config(self):
        return {"to": self.to}


class Half(keras.constraints.Constraint):
    def __call__(self, w):
        return w / 2
'''
"""Functions and classes whose objects stand among the arguments of layers."""


@pytest.fixture(autouse=True)
def _nothing_own(tmp_path: Path) -> Iterator[None]:
    """What is read is known to the whole process."""
    yield
    read_code(tmp_path / "nowhere", ())


def given(folder: Path, code: str | bytes = LAYERS, limit: float = 10.0, listed: tuple[str, ...] = ()) -> Code:
    """Return what a `layers.py` gives."""
    folder.mkdir(exist_ok=True)
    (folder / "layers.py").write_bytes(code if isinstance(code, bytes) else code.encode())
    return read_code(folder, listed, trusted=True, limit=limit)


# Reading ------------------------------------------------------------------------------------------------------------


def test_public_classes_are_described(tmp_path: Path) -> None:
    code = given(tmp_path)
    assert code.errors == ()
    kinds = {(entry.kind, entry.name): entry for entry in code.entries}
    assert [key for key in kinds] == [
        ("layer", "layers.ScaledTanh"),
        ("layer", "layers.Dense"),
        ("layer", "layers.Pair"),
        ("loss", "layers.Far"),
        ("loss", "layers.off"),
        ("metric", "layers.off"),
        ("model", "layers.Halving"),
    ]
    tanh = kinds["layer", "layers.ScaledTanh"]
    assert (tanh.category, tanh.summary) == ("my layers", "Multiply the hyperbolic tangent.")
    assert tanh.code == f"layers.py:{LAYERS.splitlines().index('class ScaledTanh(keras.layers.Layer):') + 1}"
    types = {argument.name: argument.type for argument in tanh.arguments}
    assert types["scale"] == "float"
    assert types["mode"] == "choice"
    assert types["thing"] == "code"
    assert {"trainable", "dtype"} <= types.keys()
    assert tanh.telling == "scale"
    assert kinds["layer", "layers.Pair"].inputs == "list"
    power = kinds["loss", "layers.Far"].argument("power")
    assert power is not None
    assert (power.type, power.default) == ("int", 2)
    assert [(note.what, note.place.partition(":")[0]) for note in code.notes] == [
        ("Dense is also a layer of Keras; yours is layers.Dense", "layers.py"),
        (
            "Stock is no class for the whole model: derive it from kerastui.engine.Model, not from keras.Model",
            "layers.py",
        ),
    ]
    assert type(build_object(Spec("Dense", {"units": 2}), "layer")) is keras.layers.Dense
    assert type(build_object(Spec("layers.Dense", {"units": 2}), "layer")) is not keras.layers.Dense


def test_objects_inside_layers_are_offered_built_saved_and_written(tmp_path: Path) -> None:
    code = given(tmp_path, OBJECTS)
    assert [(entry.kind, entry.name) for entry in code.entries] == [
        ("activation", "layers.swoosh"),
        ("initializer", "layers.Thirds"),
        ("regularizer", "layers.Near"),
        ("constraint", "layers.Half"),
    ]
    project, x = commands.add_input(Project("own"), (3,))
    config: dict[str, Value] = {
        "units": 2,
        "activation": Spec("layers.swoosh"),
        "kernel_initializer": Spec("layers.Thirds"),
        "kernel_regularizer": Spec("layers.Near", {"to": 0.5}),
        "kernel_constraint": Spec("layers.Half"),
    }
    project, dense = commands.add_layer(project, "Dense", config, x)
    project = commands.toggle_output(project, dense)
    assert (Checker().check(project).problems, used_files(project)) == ((), {"layers"})
    model = build_model(project)
    np.testing.assert_allclose(model(np.ones((1, 3))), [[0.8808, 0.8808]], atol=1e-4)
    np.testing.assert_allclose(model.losses[0], 1 / 36, atol=1e-6)
    model.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras").get_layer(dense)
    assert again.get_config() == model.get_layer(dense).get_config()
    text = python_code(project)
    assert "from layers import Half, Near, Thirds, swoosh\n" in text
    for part in ("activation=swoosh", "=Thirds()", "=Near(to=0.5)", "=Half()"):
        assert part in text


def test_it_leaves_no_module_behind_but_a_private_one(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = set(sys.modules)
    given(tmp_path)
    assert set(sys.modules) - before == {f"{PRIVATE}layers"}
    said = capfd.readouterr()
    assert said.out == ""
    assert "layers.py is run" in said.err
    read_code(tmp_path / "other", ())
    assert set(sys.modules) == before
    assert "layers>ScaledTanh" not in keras.saving.get_custom_objects()


@pytest.mark.parametrize(
    ("code", "place", "said"),
    [
        ("import keras\nraise ValueError('no\\nmore')", "layers.py:2", "ValueError: no more"),
        ("x = 1\nwhile True:\n    x += 1", "layers.py:", "does not end: it was stopped after 0.3 s"),
        ("while True:\n    try:\n        x = 1\n    except BaseException:\n        pass", "layers.py:", "does not end"),
        ("def f(:\n    pass", "layers.py:1", "SyntaxError: "),
        ("x = [\n", "layers.py:1", "SyntaxError: '[' was never closed"),
        (b"a = 1\nb = '\xff'", "layers.py:2", "is not UTF-8"),
        (b"a = 1\x00", "layers.py", "SyntaxError: "),
        ("import sys\nsys.exit(3)", "layers.py:2", "SystemExit: 3"),
        ("name = input()", "layers.py:1", "EOFError"),
        ("import nowhere_at_all", "layers.py:1", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("import helpers", "layers.py:1", "list helpers.py under `code`"),
        ("def f():\n    return nix\n\n\nf()", "layers.py:2", "NameError: name 'nix' is not defined"),
        ("(" * 5000 + ")" * 5000, "layers.py", ""),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_a_broken_file_says_where(tmp_path: Path, code: str | bytes, place: str, said: str) -> None:
    (tmp_path / "helpers.py").touch()
    given(tmp_path)
    known = catalog().layer("layers.ScaledTanh")
    broken = given(tmp_path, code, limit=0.3)
    assert len(broken.errors) == 1
    assert broken.errors[0].place.startswith(place)
    assert said in broken.errors[0].what
    assert known is not None
    assert catalog().layer("layers.ScaledTanh") is known, "what was there stays until the file is whole again"
    assert given(tmp_path, "x = 1").entries == ()
    assert catalog().layer("layers.ScaledTanh") is None


def test_a_file_that_sleeps_is_left_behind(tmp_path: Path) -> None:
    code = given(tmp_path, "import time\nx = 1\ntime.sleep(4)", limit=0.1)
    assert code.errors[0].place == "layers.py:3"
    assert given(tmp_path, "x = 1").errors == ()


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "layers.py").mkdir()
    assert "is a folder" in read_code(tmp_path, (), trusted=True).errors[0].what
    assert "is not there" in read_code(tmp_path, ("blocks.py",), trusted=True).errors[1].what
    assert "outside" in read_code(tmp_path, ("../blocks.py",), trusted=True).errors[1].what


def test_a_file_can_import_those_before_it_and_twins_are_told(tmp_path: Path) -> None:
    (tmp_path / "blocks.py").write_text(
        "from layers import ScaledTanh\n\n\nclass Sharp(ScaledTanh):\n    pass\n\n\nclass Pair(ScaledTanh):\n    pass\n"
    )
    code = given(tmp_path, listed=("blocks.py",))
    assert code.errors == ()
    assert "layers" not in sys.modules
    sharp = catalog().layer("blocks.Sharp")
    assert sharp is not None
    assert sharp.argument("scale") is not None
    assert "Pair is also in layers.py" in code.notes[-1].what
    before: Any = build_object(Spec("blocks.Sharp"), "layer")
    again = given(tmp_path, LAYERS.replace("scale: float = 1.0", "scale: float = 3.0"), listed=("blocks.py",))
    assert again.errors == ()
    after: Any = build_object(Spec("blocks.Sharp"), "layer")
    assert (before.scale, after.scale) == (1.0, 3.0)


def test_nothing_is_run_again_that_has_not_changed(tmp_path: Path) -> None:
    counting = "import pathlib\np = pathlib.Path(__file__).with_name('count')\np.write_text(p.read_text() + 'x')\n"
    (tmp_path / "count").write_text("")
    for _ in range(3):
        given(tmp_path, counting)
    assert (tmp_path / "count").read_text() == "x"


def test_code_that_nobody_trusts_is_not_run(tmp_path: Path) -> None:
    folder = written(tmp_path / "project", own_project(), "raise SystemExit", trusted=False)
    assert read_code(folder, ()) == Code(("layers.py",), trusted=False)
    with pytest.raises(RunError, match=r"layers\.py is not run: this project came from elsewhere"):
        trained(folder)


def test_a_lambda_stays_refused(tmp_path: Path) -> None:
    given(tmp_path, "import keras\n\n\nclass Mine(keras.layers.Lambda):\n    pass\n")
    for name in ("Lambda", "layers.Mine"):
        with pytest.raises(ValueError, match="Python code"):
            build_object(Spec(name, {"function": "x"}), "layer")


# Projects -----------------------------------------------------------------------------------------------------------


def trained(folder: Path) -> Run:
    """Train the project in a folder, and return the run."""
    told: list[object] = []
    run = Run(read(folder), folder, told.append, lambda: None)
    run.train()
    run.begun.result()
    assert isinstance(told[-1], RunFinished), told[-1]
    return run


def test_a_project_with_its_own_layer_is_checked_and_built(tmp_path: Path) -> None:
    given(tmp_path)
    project = own_project(scale=2.0)
    checked = Checker().check(project)
    assert checked.problems == ()
    assert checked.calls["scaled_tanh"].shape == (None, 64)
    given(tmp_path, LAYERS.replace("tanh(x)", "concatenate([x, x], axis=-1)"))
    assert Checker().check(project).calls["scaled_tanh"].shape == (None, 128)
    assert "ScaledTanh" in {type(layer).__name__ for layer in build_model(project).layers}


@pytest.mark.parametrize(
    ("config", "line", "said"),
    [
        ({"scale": 0}, 'raise ValueError("scale must', "scale must not be 0"),
        ({"scale": -1.0}, 'raise ValueError("a factor', "a factor below 0 is not thought of"),
    ],
)
def test_an_error_while_it_is_built_or_called_has_its_line(
    tmp_path: Path, config: dict[str, float], line: str, said: str
) -> None:
    given(tmp_path)
    number = next(at for at, text in enumerate(LAYERS.splitlines(), 1) if line in text)
    project = own_project(scale=config["scale"])
    found = Checker().check(project).problems[0]
    assert found.subject == "scaled_tanh"
    assert found.what.startswith(f"layers.py:{number}: ")
    assert said in found.what
    with pytest.raises(BuildError, match=f"layers.py:{number}: "):
        build_model(project)


LOOPY = """import time
import keras
class Loopy(keras.layers.Layer):
    def call(self, x): return x
    def {method}:
        while True:
            try:
                time.sleep(0.01)
            except Exception:
                pass
"""


@pytest.mark.parametrize("method", ["__init__(self, **kwargs)", "build(self, shape)", "call(self, x)"])
def test_a_layer_that_does_not_end_is_ended(tmp_path: Path, method: str) -> None:
    given(tmp_path, LOOPY.replace("{method}", method))
    project, _ = commands.add_layer(small_project(), "layers.Loopy", {}, after="flatten")
    checker = Checker(limit=0.2)
    for checked in (checker.check(project), checker.check(project)):  # the second time it is remembered
        assert [problem.subject for problem in checked.problems] == ["loopy"]
        where, _, what = checked.problems[0].what.partition(": ")
        assert where in ("layers.py:6", "layers.py:8")
        assert what == "making and calling loopy took longer than 0.2 s and was ended"
        assert checked.calls["flatten"].shape == (None, 64)
    assert Checker().check(small_project()).problems == ()


def test_it_trains_is_saved_and_opened_again(tmp_path: Path) -> None:
    folder = written(tmp_path / "project", regression())
    trained(folder)
    path = folder / "runs" / "0001" / "model.keras"
    assert (path.parent / "layers.py").read_text() == LAYERS
    assert is_trusted(path.parent)
    rows = np.linspace(-1, 1, 4, dtype="float32").reshape(4, 1)
    made = load_model(path)  # this process has the classes
    assert set(made.evaluate(rows, rows, verbose=0, return_dict=True)) == {"loss", "off"}
    classes = {"layers>ScaledTanh": type(made.layers[1]), "layers>Far": type(made.loss)}
    expected = made.predict(rows, verbose=0)
    read_code(tmp_path / "nowhere", ())
    for source in (folder, path.parent):
        done = CliRunner().invoke(main, ["convert", str(source), str(tmp_path / "m.h5"), "--verify", "--force"])
        assert done.exit_code == 0, done.output
    read_code(tmp_path / "nowhere", ())
    with pytest.raises(TypeError, match="ScaledTanh"):
        load_model(path)
    for library in (load_model, keras.saving.load_model):
        loaded = library(path, custom_objects=classes, compile=False)
        np.testing.assert_array_equal(loaded.predict(rows, verbose=0), expected)


def test_the_whole_model_is_made_as_a_class_of_the_code(tmp_path: Path) -> None:
    project = settings_commands.set_compile(regression(loss=""), model="layers.Halving")
    folder = written(tmp_path / "project", project)
    run = trained(folder)
    assert type(run.model).__name__ == "Halving"
    assert "seen" in run._metrics
    assert "loss" in run._metrics
    with pytest.raises(BuildError, match=r"no class of models layers\.Nothing"):
        build_model(settings_commands.set_compile(project, model="layers.Nothing"))
    model = build_model(project)
    compile_model(project, model)
    assert model.summary is not None
    alone = LAYERS.replace("(y - y_pred)", "(x - y_pred)")
    columns = {name: replace(column, role="ignore") for name, column in project.data.columns.items()}
    columns["petal_length"] = project.data.columns["petal_length"]
    without = settings_commands.set_source(project, "bundled:iris", columns)
    state = DataState.read("bundled:iris", tmp_path)
    assert [item.what for item in state.problems(without)] == []
    assert [item.what for item in state.problems(settings_commands.set_compile(without, model=""))] == [NO_TARGET]
    trained(written(tmp_path / "alone", without, alone))
    plain = build_model(small_project())
    assert type(plain).__name__ == "Functional"


def test_what_goes_wrong_in_a_step_has_its_line(tmp_path: Path) -> None:
    bad = LAYERS.replace("abs(y_true - y_pred) ** self.power", "y_true.nothing_of_the_kind")
    folder = written(tmp_path / "project", regression(), bad)
    told: list[Any] = []
    Run(read(folder), folder, told.append, lambda: None).train()
    number = next(at for at, text in enumerate(bad.splitlines(), 1) if "nothing_of_the_kind" in text)
    assert f"layers.py:{number}: " in told[-1].what


def test_a_broken_file_that_is_used_keeps_a_run_from_starting(tmp_path: Path) -> None:
    folder = written(tmp_path / "project", own_project(), LAYERS + "\nnix\n")
    with pytest.raises(RunError, match=rf"layers\.py:{len(LAYERS.splitlines()) + 2}: NameError"):
        trained(folder)
    unused = written(tmp_path / "unused", replace(small_project(), fit=replace(small_project().fit, epochs=1)), "nix")
    trained(unused)


# The command line ---------------------------------------------------------------------------------------------------


def test_commands_refuse_what_is_not_trusted_unless_told(tmp_path: Path) -> None:
    printing = LAYERS.replace("    def call(self, x):\n", "    def call(self, x):\n        print('called')\n", 1)
    folder = str(written(tmp_path / "project", regression(), printing, trusted=False))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, list(arguments))

    for command in ("train", "check", "summary"):
        done = run(command, folder)
        assert done.exit_code == 1
        assert "layers.py is not run: this project came from elsewhere" in done.output
        assert "--trust runs it" in done.output
    assert not is_trusted(Path(folder))
    drawn = run("picture", folder, "-o", str(tmp_path / "part.mmd"))
    assert (drawn.exit_code, "layers.py is not run" in drawn.stderr) == (0, True)
    assert (tmp_path / "part.mmd").read_text().count("(∅, 1)") == 1, "the input alone"
    checked = run("check", folder, "--trust", "--json")
    assert (checked.exit_code, [item["severity"] for item in json.loads(checked.stdout)["problems"]]) == (
        0,
        ["note"] * 2,
    )
    assert "called" in checked.stderr
    assert "scaled_tanh" in json.loads(run("summary", folder, "--trust", "--json").stdout)["summary"]
    drawn = run("picture", folder, "-o", str(tmp_path / "whole.mmd"), "--trust", "--json")
    assert json.loads(drawn.stdout) == {"file": str(tmp_path / "whole.mmd")}
    assert (tmp_path / "whole.mmd").read_text().count("(∅, 1)") == 3
    events = [json.loads(line) for line in run("train", folder, "--trust", "--json").stdout.splitlines()]
    assert events[-1]["event"] == "finished"
    assert not is_trusted(Path(folder)), "--trust is for this once"
