"""Weight files of deep, nested, shared and frozen models, and files that are not what they should be."""

import functools
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tf_keras
from small_models import line, weights_of

from kerastui import engine

FORMATS = ["w.weights.h5", "w.h5", "w"]


def nested(home: Any = engine, library: Any = keras, frozen: bool = False) -> Any:
    """A model with a shared layer, a nested model with batch normalisation, and a wrapper of recurrent layers."""
    layers = library.layers
    inputs, inner = layers.Input((4,)), layers.Input((3,))
    core = home.Model(inner, layers.BatchNormalization(name="bn")(layers.Dense(3, name="in")(inner)), name="core")
    core.trainable = not frozen
    shared = layers.Dense(3, name="shared")
    x = shared(shared(core(layers.Dense(3, name="first")(inputs))))
    recurrent = layers.Bidirectional(layers.GRU(2, name="gru"), name="both")
    model = home.Model(inputs, recurrent(layers.Reshape((3, 1))(x)))
    values = np.random.default_rng(0)
    model.set_weights([values.normal(size=weight.shape) for weight in model.get_weights()])
    return model


@functools.cache
def nested_once(library: Any, _: str) -> Any:
    """One for all formats and for each part that it plays; tf_keras takes seconds to make its recurrent layers."""
    return nested(engine if library is keras else tf_keras, library)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(("writer", "reader"), [(keras, keras), (tf_keras, keras), (keras, tf_keras)])
def test_nested_models_and_shared_layers(name: str, writer: Any, reader: Any, tmp_path: Path) -> None:
    model, back = nested_once(writer, "writer"), nested_once(reader, "reader")
    back.set_weights([np.zeros_like(weight) for weight in back.get_weights()])
    model.save_weights(str(tmp_path / name))
    back.load_weights(str(tmp_path / name))
    x = np.linspace(-1, 1, 12, dtype="float32").reshape(3, 4)
    np.testing.assert_allclose(back(x), model(x), atol=1e-6)


def test_a_nested_model_frozen_since_has_its_weights_by_name(tmp_path: Path) -> None:
    model, back = nested(), nested(frozen=True)
    back.set_weights([np.zeros_like(weight) for weight in back.get_weights()])
    model.save_weights(tmp_path / "w.h5")
    back.load_weights(tmp_path / "w.h5")
    assert weights_of(back) == weights_of(model)


@pytest.fixture(scope="module", name="chains")
def two_chains() -> list[Any]:
    """Two models of 110 layers, whose names are 600 letters long: more than HDF5 keeps in one attribute."""
    return [
        engine.Sequential([keras.Input((1,)), *(keras.layers.Dense(1, name=f"a{i:0600}") for i in range(110))])
        for _ in range(2)
    ]


@pytest.mark.parametrize("name", FORMATS)
def test_more_layers_than_an_attribute_has_room_for(name: str, chains: list[Any], tmp_path: Path) -> None:
    model, back = chains
    back.set_weights([np.zeros_like(weight) for weight in back.get_weights()])
    model.save_weights(tmp_path / name)
    back.load_weights(tmp_path / name)
    assert weights_of(back) == weights_of(model)
    if name == "w.h5":
        with h5py.File(tmp_path / name) as file:
            assert "layer_names0" in file.attrs
        stock = keras.Sequential([keras.Input((1,)), *(keras.layers.Dense(1) for _ in range(110))])
        stock.load_weights(tmp_path / name)
        assert weights_of(stock) == weights_of(model)


def test_two_layers_of_one_name_are_refused_before_the_file_is_touched(tmp_path: Path) -> None:
    class Twins(engine.Model):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = keras.layers.Dense(1, name="twin"), keras.layers.Dense(1, name="twin")

        def call(self, x: Any) -> Any:
            return self.one(self.two(x))

    model = Twins()
    model(np.ones((1, 1)))
    with pytest.raises(ValueError, match="'twin'"):
        model.save_weights(tmp_path / "w.h5")
    assert not list(tmp_path.iterdir())
    model.save_weights(tmp_path / "w.weights.h5")


@pytest.mark.parametrize("name", FORMATS)
def test_a_failed_write_leaves_the_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError("No space left on device")

    model = line()
    model.save_weights(tmp_path / name)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    for place in ("keras3_weights.write_state", "hdf5_weights._write_weights", "checkpoint.tf.train.Checkpoint.write"):
        monkeypatch.setattr(f"kerastui.engine.saving.{place}", fail)
    with pytest.raises(OSError, match="No space"):
        model.save_weights(tmp_path / name)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", ["w.h5", "w.weights.h5"])
def test_links_out_of_the_file_are_not_followed(name: str, tmp_path: Path) -> None:
    model = line()
    model.save_weights(tmp_path / name)
    model.save_weights(tmp_path / "elsewhere.h5")
    with h5py.File(tmp_path / name, "r+") as file:
        place = "out" if name == "w.h5" else "layers/dense"
        place = place if place in file else next(iter(file))
        del file[place]
        file[place] = h5py.ExternalLink("elsewhere.h5", "/out")
    before = weights_of(model)
    with pytest.raises(ValueError, match=r"(?i)link"):
        model.load_weights(tmp_path / name)
    assert weights_of(model) == before


def test_files_that_hold_no_weights(tmp_path: Path) -> None:
    model = line()
    before = weights_of(model)
    with pytest.raises(FileNotFoundError, match=r"without `\.index`"):
        model.load_weights(tmp_path / "nothing")
    (tmp_path / "text.h5").write_text("no HDF5")
    with pytest.raises(ValueError, match="none of them"):
        model.load_weights(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["data"] = [1.0]
    with pytest.raises(ValueError, match="none of them"):
        model.load_weights(tmp_path / "other.h5")
    with zipfile.ZipFile(tmp_path / "empty.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(ValueError, match=r"model\.weights\.h5"):
        model.load_weights(tmp_path / "empty.keras")
    model.save_weights(tmp_path / "cut.h5")
    (tmp_path / "cut.h5").write_bytes((tmp_path / "cut.h5").read_bytes()[:1000])
    with pytest.raises(OSError, match=r"cut\.h5"):
        model.load_weights(tmp_path / "cut.h5")
    assert weights_of(model) == before


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    engine.Sequential([keras.Input((3,)), keras.layers.Embedding(3, 2)]).save_weights(tmp_path / "w")
    with pytest.raises(ValueError, match=r"another model|do not fit"):
        line().load_weights(tmp_path / "w")
    (tmp_path / "w.index").write_bytes(b"not an index")
    with pytest.raises(ValueError, match="cannot be read"):
        line().load_weights(tmp_path / "w")


def test_an_unbuilt_model_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no weights to save"):
        engine.Sequential([keras.layers.Dense(2)]).save_weights(tmp_path / "w.weights.h5")


def test_a_model_whose_own_weights_are_no_layers(tmp_path: Path) -> None:
    class Scaled(engine.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(2, dtype="bfloat16")
            self.scale = self.add_weight(shape=(2,), initializer="random_normal", name="scale")

        def call(self, x: Any) -> Any:
            return keras.ops.cast(self.dense(x), "float32") * self.scale

    for name in FORMATS:
        model, back = Scaled(), Scaled()
        model(np.ones((1, 3))), back(np.ones((1, 3)))
        model.save_weights(tmp_path / name)
        back.load_weights(tmp_path / name)
        assert weights_of(back) == weights_of(model)
