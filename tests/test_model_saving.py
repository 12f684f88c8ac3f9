"""Files go between kerastui and a Keras that has never heard of it, and are never left half written."""

import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kerastui.engine import Functional, Input, Model, Sequential, load_model

Dense = keras.layers.Dense
X = np.random.default_rng(0).normal(size=(24, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)

STOCK = r"""
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "kerastui":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Blocked())
import keras, numpy as np
from pathlib import Path

folder, x = Path(sys.argv[1]), np.load(sys.argv[1] + "/x.npy")
found = {}
for kind in ("functional", "sequential"):
    model = keras.saving.load_model(folder / f"{kind}.keras")
    assert type(model).__module__.startswith("keras."), type(model)
    for variable in (*model.weights, *model.optimizer.variables):
        found[f"{kind}/{len(found)}"] = np.asarray(variable)
    np.savez(folder / f"{kind}-weights.npz", *found.values())
    np.save(folder / f"{kind}-predicted.npy", model.predict(x, verbose=0))
    model.save(folder / f"{kind}-stock.keras")
    found.clear()
assert not [name for name in sys.modules if name.startswith("kerastui")]
"""


def make_functional() -> Any:
    inputs = Input((4,), name="row")
    inner = Sequential([Input((4,)), Dense(3, activation="relu")], name="inner")
    return Model(inputs, Dense(1)(keras.layers.Dropout(0.1)(inner(inputs))), name="outer")


def make_sequential() -> Any:
    return Sequential([Input((4,)), keras.layers.BatchNormalization(), Dense(1)])


def trained(model: Any) -> Any:
    model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
    model.fit(X, Y, epochs=2, verbose=0)
    return model


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Our models, saved, opened by an interpreter without kerastui, trained there and saved again."""
    folder = tmp_path_factory.mktemp("exchange")
    models = {"functional": trained(make_functional()), "sequential": trained(make_sequential())}
    np.save(folder / "x.npy", X)
    for kind, model in models.items():
        model.save(folder / f"{kind}.keras")
    done = subprocess.run([sys.executable, "-c", STOCK, folder], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return folder, models


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["functional", "sequential"])
def test_a_keras_without_kerastui_opens_our_file_bit_for_bit(exchange: tuple[Path, dict[str, Any]], kind: str) -> None:
    folder, models = exchange
    model = models[kind]
    theirs = list(np.load(folder / f"{kind}-weights.npz").values())
    ours = [np.asarray(variable) for variable in (*model.weights, *model.optimizer.variables)]
    assert [a.tobytes() for a in theirs] == [a.tobytes() for a in ours]
    np.testing.assert_allclose(np.load(folder / f"{kind}-predicted.npy"), model.predict(X, verbose=0), atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "cls"), [("functional", Functional), ("sequential", Sequential)])
def test_a_file_of_stock_keras_opens_as_ours(exchange: tuple[Path, dict[str, Any]], kind: str, cls: type) -> None:
    folder, _ = exchange
    model = load_model(folder / f"{kind}-stock.keras")
    loaded_class: type = type(model)
    assert loaded_class is cls
    assert all(type(layer) is Sequential for layer in model.layers if layer.name == "inner")
    assert model.optimizer.iterations == 2
    np.testing.assert_allclose(model.predict(X, verbose=0), np.load(folder / f"{kind}-predicted.npy"), atol=1e-6)
    model.fit(X, Y, verbose=0)


def test_the_file_names_no_class_of_ours(tmp_path: Path) -> None:
    trained(make_functional()).save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        text = archive.read("config.json").decode()
    assert "kerastui" not in text
    assert json.loads(text)["module"] == "keras.src.models.functional"


def test_outside_load_model_keras_opens_its_own_classes(tmp_path: Path) -> None:
    make_sequential().save(tmp_path / "m.keras")
    assert type(keras.saving.load_model(tmp_path / "m.keras")) is keras.Sequential
    assert type(load_model(tmp_path / "m.keras")) is Sequential


def test_compile_false_leaves_the_model_uncompiled(tmp_path: Path) -> None:
    trained(make_sequential()).save(tmp_path / "m.keras")
    assert not load_model(tmp_path / "m.keras", compile=False).compiled


def test_a_lambda_is_refused_unless_allowed(tmp_path: Path) -> None:
    inputs = Input((4,))
    Model(inputs, keras.layers.Lambda(lambda x: x * 2, output_shape=(4,))(inputs)).save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match="safe_mode=False"):
        load_model(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras", safe_mode=False)
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), 2 * X)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nowhere\.keras"):
        load_model(tmp_path / "nowhere.keras")


def test_the_old_format_opens_as_ours_and_leaves_the_compilation_alone(tmp_path: Path) -> None:
    model = trained(make_functional())
    model.save(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5", compile=False)
    assert type(loaded) is Functional
    assert type(loaded.get_layer("inner")) is Sequential
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
    model.save(tmp_path / "m.keras")
    assert type(load_model(tmp_path / "m.keras").optimizer) is keras.optimizers.Adam


class Unwritable(keras.layers.Dense):  # type: ignore[misc]  # Keras ships no types
    """A layer whose weights cannot be written: the archive is half done by then."""

    def save_own_variables(self, store: Any) -> None:
        raise OSError(28, "No space left on device")


def test_a_save_that_fails_leaves_the_old_file_whole_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    make_sequential().save(path)
    before = path.read_bytes()
    with pytest.raises(OSError, match="No space left"):
        Sequential([Input((4,)), Unwritable(1)]).save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_save_into_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        make_sequential().save(tmp_path / "missing" / "m.keras")


def test_a_save_replaces_what_a_link_points_to_and_keeps_its_permissions(tmp_path: Path) -> None:
    real, link = tmp_path / "real.keras", tmp_path / "link.keras"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link.symlink_to(real)
    make_sequential().save(link)
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert zipfile.is_zipfile(real)


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    make_sequential().save(tmp_path / "m.keras")
    (tmp_path / "plain").touch()
    assert os.stat(tmp_path / "m.keras").st_mode == os.stat(tmp_path / "plain").st_mode


@pytest.mark.parametrize(("answer", "replaced"), [("y", True), ("n", False)])
def test_without_overwrite_the_terminal_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, replaced: bool
) -> None:
    path = tmp_path / "m.keras"
    path.write_bytes(b"old")
    monkeypatch.setattr("builtins.input", lambda _: answer)
    make_sequential().save(path, overwrite=False)
    assert (path.read_bytes() != b"old") is replaced


def test_an_unzipped_folder_is_left_to_keras_and_another_extension_is_a_saved_model(tmp_path: Path) -> None:
    make_sequential().save(tmp_path / "folder", zipped=False)
    assert type(load_model(tmp_path / "folder")) is Sequential
    make_sequential().save(tmp_path / "m.xyz")
    assert (tmp_path / "m.xyz" / "saved_model.pb").is_file()
