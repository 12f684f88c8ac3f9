"""`save_weights`: formats by suffix and by `save_format`, their layouts, and the question before overwriting."""

from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from small_models import X, Y, line, weights_of


def other() -> Any:
    """The same model with other weights."""
    model = line()
    model.set_weights([weight + 1 for weight in model.get_weights()])
    return model


@pytest.mark.row("save_weights")
@pytest.mark.row("save_weights(filepath)")
def test_weights_come_back_from_keras_3s_layout(tmp_path: Path) -> None:
    model, stock = other(), line(keras)
    model.save_weights(tmp_path / "w.weights.h5")
    stock.load_weights(tmp_path / "w.weights.h5")
    assert weights_of(stock) == weights_of(model)


@pytest.mark.row("save_weights(overwrite)")
def test_overwriting_is_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "w.h5"
    line().save_weights(path)
    before = path.read_bytes()
    monkeypatch.setattr("builtins.input", lambda _: "n")
    other().save_weights(path, overwrite=False)
    assert path.read_bytes() == before
    monkeypatch.setattr("builtins.input", lambda _: "y")
    other().save_weights(path, overwrite=False)
    assert path.read_bytes() != before


@pytest.mark.parametrize("name", ["w.h5", "w.weights.h5", "w"])
def test_without_anybody_to_ask_it_raises(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_: str) -> str:
        raise EOFError

    line().save_weights(tmp_path / name)
    monkeypatch.setattr("builtins.input", nobody)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        line().save_weights(tmp_path / name, overwrite=False)


@pytest.mark.row("save_weights(save_format)")
@pytest.mark.parametrize("save_format", ["h5", "hdf5", "HDF5"])
def test_save_format_h5_needs_no_suffix(save_format: str, tmp_path: Path) -> None:
    other().save_weights(tmp_path / "w", save_format=save_format)
    assert h5py.is_hdf5(tmp_path / "w")


def test_save_format_tf_contradicts_a_suffix_of_hdf5(tmp_path: Path) -> None:
    other().save_weights(tmp_path / "w", save_format="tf")
    assert (tmp_path / "w.index").exists()
    with pytest.raises(ValueError, match="several files"):
        other().save_weights(tmp_path / "w.h5", save_format="tf")


@pytest.mark.row("save_weights#save_format_invalid")
def test_an_unknown_save_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="save_format='npz'"):
        line().save_weights(tmp_path / "w", save_format="npz")
    assert not list(tmp_path.iterdir())


@pytest.mark.row("save_weights(options)")
def test_options_are_those_of_the_checkpoint(tmp_path: Path) -> None:
    options = tf.train.CheckpointOptions(enable_async=False)
    model, back = other(), line()
    model.save_weights(tmp_path / "w", options=options)
    back.load_weights(tmp_path / "w", options=options).expect_partial()
    assert weights_of(back) == weights_of(model)


@pytest.mark.row("save_weights#h5_suffix")
@pytest.mark.row("save_weights#keras_suffix")
@pytest.mark.parametrize("name", ["w.h5", "w.hdf5", "w.keras"])
def test_suffixes_of_hdf5(name: str, tmp_path: Path) -> None:
    model, back = other(), line()
    model.save_weights(tmp_path / name)
    assert h5py.is_hdf5(tmp_path / name)
    assert back.load_weights(tmp_path / name) is None
    assert weights_of(back) == weights_of(model)


@pytest.mark.row("save_weights#h5_layout")
def test_the_documented_hdf5_layout(tmp_path: Path) -> None:
    model, stock = other(), line(keras)
    model.save_weights(tmp_path / "w.h5")
    with h5py.File(tmp_path / "w.h5") as file:
        assert [name.decode() for name in file.attrs["layer_names"]] == [layer.name for layer in model.layers]
        names = [name.decode() for name in file["out"].attrs["weight_names"]]
        assert names == ["out/kernel", "out/bias"]
        np.testing.assert_array_equal(file["out"][names[0]], model.get_weights()[0])
    stock.load_weights(tmp_path / "w.h5")
    assert weights_of(stock) == weights_of(model)


@pytest.mark.row("save_weights#no_suffix_tf")
def test_no_suffix_is_a_checkpoint(tmp_path: Path) -> None:
    model, back = other(), line()
    model.save_weights(tmp_path / "new" / "w")
    assert tf.train.latest_checkpoint(str(tmp_path / "new")) == str(tmp_path / "new" / "w")
    assert {file.name for file in (tmp_path / "new").iterdir()} == {"checkpoint", "w.index", "w.data-00000-of-00001"}
    back.load_weights(tmp_path / "new").expect_partial()
    assert weights_of(back) == weights_of(model)


@pytest.mark.row("save_weights#tf_includes_optimizer")
def test_a_checkpoint_includes_the_optimizer(tmp_path: Path) -> None:
    model, back = (line(optimizer=keras.optimizers.Adam(0.1), run_eagerly=True) for _ in range(2))
    model.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    model.save_weights(tmp_path / "w")
    back.load_weights(tmp_path / "w").assert_consumed()
    for trained in (model, back):
        trained.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    assert weights_of(back) == weights_of(model)


@pytest.mark.row("save_weights#train_checkpoint")
def test_train_checkpoint_of_the_model(tmp_path: Path) -> None:
    model, back, root = other(), line(), line()
    path = tf.train.Checkpoint(model=model).save(str(tmp_path / "c"))
    tf.train.Checkpoint(model=back).restore(path).expect_partial()
    assert weights_of(back) == weights_of(model)
    model.save_weights(tmp_path / "w")
    tf.train.Checkpoint(root).read(str(tmp_path / "w")).assert_existing_objects_matched()
    assert weights_of(root) == weights_of(model)
