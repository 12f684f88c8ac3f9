"""Files that are missing, empty, cut short, foreign or newer: one clear error, and nothing changes. Kills, too."""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import pickle
import resource
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from kerastui.engine import Input, Model, Sequential, load_model
from kerastui.engine.saving.errors import (
    DamagedFileError,
    ForeignFileError,
    MissingFileError,
    ModelFileError,
    NewerFileError,
    RebuildError,
    UnsafeFileError,
)
from kerastui.engine.saving.kinds import Kind, kind_of

Dense = keras.layers.Dense
X = np.ones((2, 3), "float32")


def small() -> Any:
    model = Sequential([Input((3,)), Dense(2, name="out")])
    model.compile("adam", "mse")
    return model


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model in each form."""
    folder = tmp_path_factory.mktemp("good")
    model = small()
    model.save(folder / "m.keras")
    model.save(folder / "m.h5")
    model.save(folder / "saved")
    model.save(folder / "folder", zipped=False)
    model.save_weights(folder / "w.weights.h5")
    model.save_weights(folder / "w.h5")
    model.save_weights(folder / "checkpoint_prefix")
    (folder / "m.json").write_text(model.to_json())
    (folder / "m.pkl").write_bytes(pickle.dumps([1]))
    np.save(folder / "a.npy", X)
    np.savez(folder / "a.npz", X)
    return folder


def copy(source: Path, target: Path) -> Path:
    target.write_bytes(source.read_bytes())
    return target


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("m.keras", Kind.ARCHIVE),
        ("m.h5", Kind.HDF5),
        ("saved", Kind.SAVED_MODEL),
        ("folder", Kind.FOLDER),
        ("w.weights.h5", Kind.WEIGHTS),
        ("w.h5", Kind.WEIGHTS),
        ("checkpoint_prefix", Kind.CHECKPOINT),
        ("m.json", Kind.JSON),
        ("m.pkl", Kind.PICKLE),
        ("a.npy", Kind.NUMPY),
        ("a.npz", Kind.NUMPY),
    ],
)
def test_a_file_is_known_by_its_content(good: Path, name: str, kind: Kind) -> None:
    assert kind_of(good / name) is kind


@pytest.mark.parametrize("source", ["m.keras", "m.h5"])
@pytest.mark.parametrize("name", ["m", "m.h5", "m.keras", "m.bin", "weights.json"])
def test_a_model_opens_under_any_name(good: Path, tmp_path: Path, source: str, name: str) -> None:
    model = load_model(copy(good / source, tmp_path / name))
    assert type(model) is Sequential
    assert model.compiled
    np.testing.assert_array_equal(model(X), load_model(good / "folder")(X))


@pytest.mark.parametrize("name", ["no.keras", "no.h5", "no", "nowhere/no.keras"])
def test_a_missing_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(MissingFileError, match=f"{name}: there is no such file or folder. Check the path"):
        load_model(tmp_path / name)
    assert issubclass(MissingFileError, ValueError)
    assert issubclass(MissingFileError, FileNotFoundError)


@pytest.mark.parametrize("name", ["m.keras", "m.h5", "m"])
def test_an_empty_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(DamagedFileError, match=f"{name}: the file is empty"):
        load_model(tmp_path / name)


@pytest.mark.parametrize("name", ["m.keras", "m.h5", "m.json"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_file_cut_short_is_an_os_error_and_a_value_error(good: Path, tmp_path: Path, name: str, share: float) -> None:
    whole = (good / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(whole[: int(len(whole) * share)])
    before = path.read_bytes()
    with pytest.raises(DamagedFileError, match=name) as caught:
        load_model(path)
    assert isinstance(caught.value, OSError)
    assert isinstance(caught.value, ValueError)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_bytes_that_changed_never_end_in_another_error(good: Path, tmp_path: Path, name: str) -> None:
    random = np.random.default_rng(1)
    whole = bytearray((good / name).read_bytes())
    path = tmp_path / name
    for _ in range(12):
        damaged = bytearray(whole)
        for place in random.integers(0, len(whole), 20):
            damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        with contextlib.suppress(ModelFileError):  # or the damage lies in a number, or in what nothing reads
            assert isinstance(load_model(path), keras.Model)


@pytest.mark.parametrize(
    ("name", "content"),
    [("m.keras", b"hello, world"), ("m.h5", b"hello, world"), ("m.onnx", b"\x08\x07\x12"), ("m.json", b'{"a": 1}')],
)
def test_a_foreign_file(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ForeignFileError, match=f"{name}: it is no Keras model. A model is a"):
        load_model(tmp_path / name)


def test_a_foreign_zip_an_empty_folder_and_a_foreign_hdf5(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.keras", "w") as archive:
        archive.writestr("hello.txt", "hello")
    (tmp_path / "empty").mkdir()
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = X
    for name in ("a.keras", "empty", "a.h5"):
        with pytest.raises(ForeignFileError, match=name):
            load_model(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("m.json", "model_from_json"),
        ("w.weights.h5", "`load_weights` with this file"),
        ("w.h5", "`load_weights` with this file"),
        ("checkpoint_prefix", "`load_weights` with this path"),
        ("a.npz", "A model is a"),
    ],
)
def test_half_a_model_says_what_to_call_instead(good: Path, name: str, hint: str) -> None:
    with pytest.raises(ForeignFileError, match=hint):
        load_model(good / name)
    with pytest.raises(UnsafeFileError, match="pickle"):
        load_model(good / "m.pkl")


def changed(path: Path, **entries: Any) -> Path:
    """Write an archive anew with other entries; `None` leaves one out."""
    with zipfile.ZipFile(path) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    found |= {f"{name}.json": json.dumps(value).encode() for name, value in entries.items()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in found.items():
            archive.writestr(name, content)
    return path


def test_a_layer_of_a_newer_keras(good: Path, tmp_path: Path) -> None:
    path = copy(good / "m.keras", tmp_path / "m.keras")
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
    config["config"]["layers"][1] |= {"class_name": "QuantumDense"}
    changed(path, config=config, metadata={"keras_version": "3.99.0"})
    with pytest.raises(NewerFileError, match=r"Keras 3\.99\.0 wrote it, .* QuantumDense, needed by 'out'. Install"):
        load_model(path)
    assert issubclass(NewerFileError, TypeError)


def test_an_argument_of_a_newer_keras(good: Path, tmp_path: Path) -> None:
    path = copy(good / "m.keras", tmp_path / "m.keras")
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
    config["config"]["layers"][1]["config"]["spin"] = 0.5
    changed(path, config=config)
    with pytest.raises(RebuildError, match=r"m\.keras: no model can be made of it: Dense out: .*'spin'"):
        load_model(path)
    changed(path, metadata={"keras_version": "4.0.0"})
    with pytest.raises(NewerFileError, match=r"Keras 4\.0\.0 wrote it, newer than .*spin"):
        load_model(path)


def test_a_newer_file_that_can_be_read_is_read(good: Path, tmp_path: Path) -> None:
    path = changed(copy(good / "m.keras", tmp_path / "m.keras"), metadata={"keras_version": "3.99.0"})
    assert type(load_model(path)) is Sequential


def test_weights_that_do_not_fit_name_their_layers(good: Path, tmp_path: Path) -> None:
    path = copy(good / "m.keras", tmp_path / "m.keras")
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
    config["config"]["layers"][1]["config"]["units"] = 5
    with pytest.raises(RebuildError, match=r"m\.keras: the weights in it do not fit the layers out .*\(3, 2\)"):
        load_model(changed(path, config=config))


def test_metadata_and_configuration_that_are_no_json(good: Path, tmp_path: Path) -> None:
    for name in ("metadata", "config"):
        path = copy(good / "m.keras", tmp_path / f"{name}.keras")
        content = path.read_bytes()
        start = content.index(f"{name}.json".encode()) + len(f"{name}.json")
        path.write_bytes(content[:start] + b"!" + content[start + 1 :])
        with pytest.raises(DamagedFileError, match=f"{name}\\.keras"):
            load_model(path)
    path = changed(copy(good / "m.keras", tmp_path / "list.keras"), config=[1])
    with pytest.raises(DamagedFileError, match="not that of a model"):
        load_model(path)


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """No file may grow beyond 200 kB, which the system refuses as it refuses a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("name", ["m.keras", "m.h5", "saved", "w.h5", "w.weights.h5", "prefix", "served"])
def test_a_disk_without_room_is_an_os_error_and_nothing_is_left(good: Path, tmp_path: Path, name: str) -> None:
    large = Sequential([Input((300,)), Dense(300)])
    write: Any = large.save_weights if name.startswith(("w", "prefix")) else large.save
    if name == "served":
        write = functools.partial(large.export, verbose=False)
    if name.endswith((".keras", ".h5")):
        (tmp_path / name).write_bytes(b"old")
    before = sorted((path.name, path.read_bytes()) for path in tmp_path.iterdir())
    with pytest.raises(OSError, match="too large") as caught, full_disk():
        write(tmp_path / name)
    assert caught.value.errno == errno.EFBIG
    assert sorted((path.name, path.read_bytes()) for path in tmp_path.iterdir() if path.is_file()) == before
    assert not list(tmp_path.rglob("*.data-*"))


WRITER = """
import sys
import threading
import keras
from kerastui.engine import Input, Sequential

class Slow(keras.layers.Dense):
    slow = False
    def save_own_variables(self, store):
        super().save_own_variables(store)
        wait()
    def get_config(self):
        return super().get_config()
    @property
    def weights(self):
        if self.slow:
            wait()
        return super().weights

def wait():
    print("half", flush=True)
    sys.stdin.read()

for path in sys.argv[1:]:
    model = Sequential([Input((3,)), keras.layers.Dense(2), Slow(2)])
    model.layers[1].slow = path.endswith(".h5")
    threading.Thread(target=model.save, args=(path,)).start()
"""


@pytest.mark.slow
def test_a_kill_in_the_middle_of_writing_leaves_the_old_files(good: Path, tmp_path: Path) -> None:
    paths = [copy(good / name, tmp_path / name) for name in ("m.keras", "m.h5")]
    before = [path.read_bytes() for path in paths]
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, *map(str, paths)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as writer:
        assert writer.stdout is not None
        assert [writer.stdout.readline() for _ in paths] == [b"half\n"] * 2
        assert len(list(tmp_path.rglob(".m-*"))) == 2  # what is half written lies beside it
        writer.kill()
        assert writer.wait() == -signal.SIGKILL
    for path, content in zip(paths, before, strict=True):
        assert path.read_bytes() == content
        np.testing.assert_array_equal(load_model(path)(X), load_model(good / path.name)(X))
        small().save(path)
        assert isinstance(load_model(path), Model)
