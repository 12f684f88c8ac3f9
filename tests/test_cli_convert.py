"""`kerastui convert` and `kerastui export`: any readable model file to any writable one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace
from projects import small_project

from kerastui.cli import main
from kerastui.engine import Input, Model, Sequential, load_model
from kerastui.engine.project.files import write
from kerastui.engine.starting_weights import write_weights

X = np.ones((2, 3), "float32")


def run(*arguments: Any) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of two inputs, one of them integers."""
    a, b = Input((3,), name="a"), Input((4,), dtype="int32", name="b")
    embedded = keras.layers.Flatten()(keras.layers.Embedding(5, 2)(b))
    model: Any = Model([a, b], keras.layers.Dense(2)(keras.layers.Concatenate()([a, embedded])))
    model.compile("adam", "mse")
    path = tmp_path_factory.mktemp("source") / "m.keras"
    model.save(path)
    return path


@pytest.mark.parametrize("name", ["b.keras", "b.h5", "b.hdf5", "b", "b.weights.h5", "b.json", "b.tflite"])
def test_a_file_becomes_another_that_predicts_the_same(source: Path, tmp_path: Path, name: str) -> None:
    before = source.read_bytes()
    done = run("convert", source, tmp_path / name, "--verify", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert told["same"] is True
    assert told["largest_error"] <= 1e-5
    assert told["left_out"] == {
        "b.weights.h5": "the architecture",
        "b.json": "the weights",
        "b.tflite": "what training needs",
    }.get(name)
    assert source.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("first", ["b.h5", "b"])
def test_and_back(source: Path, tmp_path: Path, first: str) -> None:
    assert run("convert", source, tmp_path / first).exit_code == 0
    assert run("convert", tmp_path / first, tmp_path / "c.keras", "--verify").exit_code == 0
    for a, b in zip(load_model(tmp_path / "c.keras").get_weights(), load_model(source).get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_nothing_is_overwritten_without_force(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "b.h5"
    target.write_text("mine")
    refused = run("convert", source, target)
    assert refused.exit_code == 1
    assert refused.output == f"kerastui: {target} is there already; --force replaces it\n"
    assert target.read_text() == "mine"
    assert run("convert", source, target, "--force").exit_code == 0
    assert h5py.is_hdf5(target)


def test_errors_are_one_line_and_write_nothing(source: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.keras").write_bytes(source.read_bytes()[:200])
    for arguments, said in (
        (("nowhere.keras", tmp_path / "b.h5"), "nowhere.keras: there is no such file"),
        ((tmp_path / "bad.keras", tmp_path / "b.h5"), "damaged or cut short"),
        ((source, tmp_path / "b.xyz"), "must be one of .keras, .h5"),
        ((source, tmp_path / "missing" / "b.keras"), "missing is no folder to write in; make it first"),
        ((source, "/proc/b.keras"), "/proc/b.keras: it cannot be written (No such file or directory)"),
    ):
        done = run("convert", *arguments)
        assert done.exit_code == 1
        assert said in done.output
        assert done.output.startswith("kerastui: ")
        assert done.output.count("\n") == 1
    failed = json.loads(run("convert", "nowhere.keras", tmp_path / "b.h5", "--json").output)
    assert failed["event"] == "failed"
    assert [path.name for path in tmp_path.iterdir()] == ["bad.keras"]


def test_code_is_run_only_when_allowed(tmp_path: Path) -> None:
    model = Sequential([Input((3,)), keras.layers.Lambda(lambda x: x * 2, output_shape=(3,), name="twice")])
    model.save(tmp_path / "m.keras")
    refused = run("convert", tmp_path / "m.keras", tmp_path / "m.h5")
    assert refused.exit_code == 1
    assert "'twice'" in refused.output
    assert "give --allow-unsafe" in refused.output
    assert "safe_mode" not in refused.output
    assert not (tmp_path / "m.h5").exists()
    assert run("convert", tmp_path / "m.keras", tmp_path / "m.h5", "--allow-unsafe", "--verify").exit_code == 0


def test_custom_classes_come_from_a_file(tmp_path: Path) -> None:
    code = (
        "import keras\n\nclass Twice(keras.layers.Layer):\n    def call(self, x):\n        return 2 * x\n"
        "\nif __name__ == '__main__':\n    raise SystemExit\n"
    )
    (tmp_path / "layers.py").write_text(code)
    found: dict[str, Any] = {"__name__": "made"}
    exec(code, found)
    Sequential([Input((3,)), found["Twice"](name="twice")]).save(tmp_path / "m.keras")
    refused = run("convert", tmp_path / "m.keras", tmp_path / "m.h5")
    assert refused.exit_code == 1
    assert "Twice, needed by 'twice'" in refused.output
    assert "Give --objects FILE.py" in refused.output
    done = run("convert", tmp_path / "m.keras", tmp_path / "m.h5", "--objects", tmp_path / "layers.py", "--verify")
    assert done.exit_code == 0, done.output
    (tmp_path / "layers.py").write_text("1 / 0")
    broken = run("convert", tmp_path / "m.keras", tmp_path / "n.h5", "--objects", tmp_path / "layers.py")
    assert broken.exit_code == 1
    assert "layers.py cannot be run: ZeroDivisionError" in broken.output


@pytest.mark.parametrize(("name", "form"), [("served", "tf_saved_model"), ("m.tflite", "litert")])
def test_export(source: Path, tmp_path: Path, name: str, form: str) -> None:
    done = run("export", source, tmp_path / name, "--format", form, "--verify")
    assert done.exit_code == 0, done.output
    assert "same predictions, largest difference" in done.output
    assert (tmp_path / name).exists()


def test_a_project_gives_its_newest_model(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "digits"
    (folder / "runs" / "0002").mkdir(parents=True)
    (folder / "runs" / "0010").mkdir()
    (folder / "kerastui.toml").touch()
    refused = run("export", folder, tmp_path / "m.h5")
    assert refused.exit_code == 1
    assert "no run of this project kept a model, and none can be built: the graph has no input" in refused.output
    (folder / "runs" / "0010" / "kerastui.toml").touch()
    assert (
        "this run kept no model. Give the folder" in run("export", folder / "runs" / "0010", tmp_path / "m.h5").output
    )
    (folder / "runs" / "0002" / "model.keras").write_bytes(source.read_bytes())
    done = run("export", folder, tmp_path / "m.h5", "--verify")
    assert done.exit_code == 0, done.output
    assert h5py.is_hdf5(tmp_path / "m.h5")
    (folder / "runs" / "0010" / "model.keras").write_bytes(b"later")
    assert "0010/model.keras: it is no Keras model" in run("export", folder, tmp_path / "n.h5").output


def test_a_project_without_a_run_gives_the_model_that_it_starts_with(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    project = small_project()
    write(folder, project)
    done = run("convert", folder, tmp_path / "m.keras", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["note"] == "untrained: no run of this project kept a model"
    made = load_model(tmp_path / "m.keras")
    assert made.compiled
    write_weights(folder / "weights.h5", {"dense_1": made.get_layer("digit")})
    write(folder, replace(project, weights="weights.h5"))
    done = run("convert", folder, tmp_path / "n.h5", "--verify")
    assert done.exit_code == 0, done.output
    assert "n.h5, with the weights of weights.h5: no run of this project kept a model; dense starts" in done.output
    for a, b in zip(
        load_model(tmp_path / "n.h5").get_layer("digit").get_weights(),
        made.get_layer("digit").get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)
    (folder / "kerastui.toml").write_text("= 1")
    assert run("convert", folder, tmp_path / "o.h5").output.startswith("kerastui: ")


@pytest.mark.slow
def test_8_bits_are_calibrated_from_a_file(source: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rows: dict[str, Any] = {"a": random.random((20, 3), "float32"), "b": random.integers(0, 5, (20, 4))}
    np.savez(tmp_path / "rows.npz", **rows)
    arguments = ("--calibrate", tmp_path / "rows.npz", "--verify", "--json")
    told = json.loads(run("export", source, tmp_path / "m.tflite", *arguments).output)
    assert told["same"] is True
    assert 0 < told["largest_error"] < 0.1
    cases: list[tuple[str, Any, str]] = [
        ("wrong.npz", rows["a"], "2 input(s): a, b. Received samples for 1"),
        ("pickled.npy", np.array([{}], object), "pickled ones, which are not read"),
    ]
    for name, array, said in cases:
        with (tmp_path / name).open("wb") as file:
            (np.savez if name.endswith("z") else np.save)(file, array)
        refused = run("export", source, tmp_path / "n.tflite", "--calibrate", tmp_path / name)
        assert (refused.exit_code, refused.output.count("\n")) == (1, 1)
        assert said in refused.output
    refused = run("export", source, tmp_path / "n.onnx", "--calibrate", tmp_path / "rows.npz")
    assert "--calibrate is for LiteRT" in refused.output
    assert not (tmp_path / "n.tflite").exists()


@pytest.mark.slow
def test_a_length_that_is_left_open_is_named_and_can_be_given(tmp_path: Path) -> None:
    model = Sequential([Input((None, 2)), keras.layers.GRU(2), keras.layers.Dense(1)])
    model.save(tmp_path / "m.keras")
    refused = run("export", tmp_path / "m.keras", tmp_path / "m.tflite")
    assert refused.exit_code == 1
    assert "steps that is left open. Give the number as --size. A SavedModel, a folder" in refused.output
    assert [path.name for path in tmp_path.iterdir()] == ["m.keras"]
    done = run("export", tmp_path / "m.keras", tmp_path / "m.tflite", "--size", "4", "--verify")
    assert done.exit_code == 0, done.output


def test_a_subclass_knows_its_inputs_from_its_file(tmp_path: Path) -> None:
    code = (
        "import keras\nfrom kerastui.engine import Model\n\nclass Own(Model):\n    def __init__(self, **kwargs):\n"
        "        super().__init__(**kwargs)\n        self.out = keras.layers.Dense(2)\n\n"
        "    def call(self, x):\n        return self.out(x)\n"
    )
    (tmp_path / "own.py").write_text(code)
    found: dict[str, Any] = {"__name__": "made"}
    exec(code, found)
    model = found["Own"]()
    model(X)
    model.save(tmp_path / "m.keras")
    done = run("convert", tmp_path / "m.keras", tmp_path / "m", "--objects", tmp_path / "own.py", "--verify")
    assert done.exit_code == 0, done.output


def test_export_wants_the_suffix_of_the_format(source: Path, tmp_path: Path) -> None:
    done = run("export", source, tmp_path / "m.keras", "--format", "litert")
    assert done.exit_code == 1
    assert "must end in .tflite" in done.output


@pytest.mark.slow
def test_a_process_of_its_own_prints_one_line(source: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kerastui", "convert", str(source), str(tmp_path / "b.h5"), "--verify"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"wrote {tmp_path / 'b.h5'}\nsame predictions, largest difference 0\n"
    assert done.stderr == ""


def test_help_loads_neither_tensorflow_nor_keras() -> None:
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom kerastui.cli import main\nimport kerastui.convert\n"
        "assert CliRunner().invoke(main, ['convert', '--help']).exit_code == 0\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
