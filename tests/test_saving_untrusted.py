"""Model files that mean harm are refused before anything is made of them."""

from __future__ import annotations

import json
import pickle
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from kerastui.engine import Input, Model, Sequential, load_model
from kerastui.engine.saving import guards
from kerastui.engine.saving.errors import ModelFileError, UnknownObjectsError, UnsafeFileError

Dense = keras.layers.Dense


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A good archive."""
    path = tmp_path / "m.keras"
    Sequential([Input((3,)), Dense(2, name="out")]).save(path)
    return path


def with_entry(path: Path, name: str, content: bytes = b"x", mode: int = 0, compression: int = 0) -> Path:
    """Add an entry to an archive."""
    entry = zipfile.ZipInfo(name)
    entry.external_attr = mode << 16
    entry.compress_type = compression
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(entry, content)
    return path


def with_config(path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Write an archive anew with another configuration."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(entries["config.json"])
    change(config)
    entries["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def with_weights(path: Path, weights: Path) -> Path:
    """Write an archive anew with other weights."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    entries["model.weights.h5"] = weights.read_bytes()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "name",
    ["assets/../../evil", "../evil", "/tmp/evil", "C:\\evil", "assets\\..\\..\\evil", "\\\\host\\evil", "a\0b"],
)
def test_an_entry_that_leaves_its_folder_is_refused(saved: Path, name: str) -> None:
    if "\0" in name:  # ZipInfo cuts names at a zero byte, a forger does not
        with_entry(saved, "a_b")
        saved.write_bytes(saved.read_bytes().replace(b"a_b", b"a\0b"))
    else:
        with_entry(saved, name)
    with pytest.raises(UnsafeFileError, match=r"m\.keras: the entry .* outside its folder.*do not trust"):
        load_model(saved)
    assert [path.name for path in saved.parent.iterdir()] == ["m.keras"]


def test_a_link_is_refused(saved: Path) -> None:
    with pytest.raises(UnsafeFileError, match="'assets/passwords' of the archive is a link"):
        load_model(with_entry(saved, "assets/passwords", b"/etc/passwd", 0o120777))


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_an_entry_that_is_there_twice_is_refused(saved: Path) -> None:
    with pytest.raises(UnsafeFileError, match=r"'config\.json' of the archive is there twice"):
        load_model(with_entry(saved, "config.json", b"{}"))


def test_a_pickle_in_an_archive_is_refused(saved: Path) -> None:
    with pytest.raises(UnsafeFileError, match="which runs code"):
        load_model(with_entry(saved, "assets/vocabulary.pkl"))


class Evil:
    """Runs when it is unpickled."""

    def __reduce__(self) -> Any:
        return exec, ("import sys; sys.modules['harmed'] = sys",)


@pytest.mark.parametrize("name", ["m.pkl", "m.keras", "m.h5", "m"])
def test_a_pickle_is_never_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(pickle.dumps(Evil()))
    with pytest.raises(UnsafeFileError, match=r"pickle.*none is read here"):
        load_model(tmp_path / name)
    assert "harmed" not in sys.modules


def test_an_archive_of_pytorch_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.pt", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Evil()))
    with pytest.raises(UnsafeFileError, match="pickle"):
        load_model(tmp_path / "m.pt")


def test_a_bomb_of_zeros_is_refused(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert guards.SMALL == 256 << 20
    monkeypatch.setattr(guards, "SMALL", 1 << 20)  # 3 s less
    with_entry(saved, "assets/zeros", bytes(guards.SMALL + 1), compression=zipfile.ZIP_DEFLATED)
    assert saved.stat().st_size < 1 << 16
    with pytest.raises(UnsafeFileError, match=r"assets/zeros would unpack to 1,048,577 bytes from .* is a bomb"):
        load_model(saved)


def test_entries_that_share_their_bytes_are_refused(saved: Path, tmp_path: Path) -> None:
    content = np.random.default_rng(0).bytes(1 << 16)
    with zipfile.ZipFile(saved, "a") as archive:
        archive.writestr("assets/one", content)
        one = archive.getinfo("assets/one")
        for number in range(8):
            copy = zipfile.ZipInfo(f"assets/{number}")
            copy.header_offset, copy.CRC = one.header_offset, one.CRC
            copy.file_size, copy.compress_size = one.file_size, one.compress_size
            archive.filelist.append(copy)
            archive.NameToInfo[copy.filename] = copy
    with pytest.raises(UnsafeFileError, match="share their bytes"):
        load_model(saved)


def external_link(file: h5py.File, elsewhere: Path) -> None:
    file["layers/evil"] = h5py.ExternalLink(str(elsewhere), "/")


def external_storage(file: h5py.File, elsewhere: Path) -> None:
    file.create_dataset("layers/evil", (4,), "u1", external=[(str(elsewhere), 0, 4)])


def virtual(file: h5py.File, elsewhere: Path) -> None:
    layout = h5py.VirtualLayout((4,), "u1")
    layout[:] = h5py.VirtualSource(str(elsewhere), "x", (4,))
    file.create_virtual_dataset("layers/evil", layout)


def huge(file: h5py.File, elsewhere: Path) -> None:
    file.create_dataset("layers/evil", (1 << 40,), "f4", chunks=(1 << 20,))


HARM = [(external_link, "link to another file"), (external_storage, "another file"), (virtual, "other data sets")]


@pytest.mark.parametrize(("harm", "said"), [*HARM, (huge, "is a bomb")])
@pytest.mark.parametrize("form", [".h5", ".keras", "folder"])
def test_hdf5_that_reads_other_files_or_explodes_is_refused(
    tmp_path: Path, form: str, harm: Callable[[h5py.File, Path], None], said: str
) -> None:
    model = Sequential([Input((3,)), Dense(2)])
    elsewhere = tmp_path / "secret"
    elsewhere.write_bytes(b"1234")
    path = weights = tmp_path / f"m{form}"
    if form == "folder":
        model.save(path, zipped=False)
        weights = path / "model.weights.h5"
    elif form == ".keras":
        model.save(path)
        weights = tmp_path / "w.h5"
        with zipfile.ZipFile(path) as archive:
            weights.write_bytes(archive.read("model.weights.h5"))
    else:
        model.save(path)
    with h5py.File(weights, "r+") as file:
        harm(file, elsewhere)
    if form == ".keras":
        with_weights(path, weights)
    with pytest.raises(UnsafeFileError, match=f"/layers/evil.*{said}.*do not trust"):
        load_model(path)


def test_weights_zipped_again_are_looked_through_and_read(saved: Path) -> None:
    expected = load_model(saved).get_weights()
    with zipfile.ZipFile(saved) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    for a, b in zip(load_model(saved).get_weights(), expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_layer_of_a_terabyte_is_refused_before_it_is_made(saved: Path) -> None:
    def grow(config: dict[str, Any]) -> None:
        config["config"]["layers"][1]["config"]["units"] = 1 << 36

    with_config(saved, grow)
    with pytest.raises(UnsafeFileError, match=r"'.*kernel' its model would take 824,633,720,832 bytes, and the file"):
        load_model(saved)


@pytest.mark.parametrize("form", [".keras", ".h5", "folder", ""])
def test_a_lambda_is_refused_with_its_layer(tmp_path: Path, form: str) -> None:
    inputs = Input((3,))
    inner = Sequential([Input((3,)), keras.layers.Lambda(lambda x: x + 1, output_shape=(3,), name="deep")])
    twice = keras.layers.Lambda(lambda x: x * 2, output_shape=(3,), name="twice")
    model = Model(inputs, inner(twice(inputs)))
    path = tmp_path / f"m{form}"
    model.save(path, zipped=False if form == "folder" else None)
    with pytest.raises(UnsafeFileError, match=r"layer 'twice' \(.*lambda\), 'deep' .*trust.*pass `safe_mode=False`"):
        load_model(path)
    x = np.ones((2, 3), "float32")
    np.testing.assert_array_equal(load_model(path, safe_mode=False).predict(x, verbose=0), 3 * x)


@pytest.mark.parametrize("module", ["evil_module", "os", "keras_hub.models", None])
def test_no_module_that_a_file_names_is_imported(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str | None
) -> None:
    (tmp_path / "evil_module.py").write_text("raise SystemExit('harmed')")
    (tmp_path / "keras_hub").mkdir()
    (tmp_path / "keras_hub" / "__init__.py").write_text("raise SystemExit('harmed')")
    monkeypatch.syspath_prepend(tmp_path)

    def name_it(config: dict[str, Any]) -> None:
        config["config"]["layers"][1] |= {"module": module, "class_name": "system", "registered_name": "system"}

    with_config(saved, name_it)
    for safe_mode in (True, False):
        with pytest.raises(UnknownObjectsError, match=r"system, needed by 'out'"):
            load_model(saved, safe_mode=safe_mode)
    assert not {"evil_module", "keras_hub"} & set(sys.modules)


@pytest.mark.parametrize("name", ["keras.utils", "keras.saving"])
def test_a_function_of_keras_that_is_no_layer_is_refused(saved: Path, name: str) -> None:
    def call_it(config: dict[str, Any]) -> None:
        entry = {"utils": "get_file", "saving": "load_model"}[name.partition(".")[2]]
        config["config"]["layers"][1] |= {"module": name, "class_name": entry, "registered_name": None}

    with pytest.raises(ModelFileError, match=r"m\.keras"):
        load_model(with_config(saved, call_it))


def test_a_config_nested_without_end_is_refused(saved: Path) -> None:
    with zipfile.ZipFile(saved) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    entries["config.json"] = b'{"a":' * 100_000
    with zipfile.ZipFile(saved, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    with pytest.raises(ModelFileError, match="configuration cannot be read"):
        load_model(saved)
