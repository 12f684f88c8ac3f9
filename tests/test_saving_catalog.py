"""Every layer of the catalog makes the trip through `.keras`, `.h5` and JSON: back here, to Keras 3 and to tf_keras."""

import json
import warnings
from pathlib import Path
from typing import Any

import catalog_layers
import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from kerastui.engine import Model, load_model
from kerastui.engine.catalog.catalog import catalog
from kerastui.engine.saving.bridge.json_models import model_from_json
from kerastui.engine.saving.portable import ACTIVATIONS, CLASSES

NAMES = sorted(catalog_layers.ONE | catalog_layers.TWO | catalog_layers.ROLES)

NOT_FOR_TF_KERAS = {
    "MultiHeadAttention": "called with two tensors, for which there is no form that both libraries read",
    "SpectralNormalization": "tf_keras 2.21 cannot call its own: it takes `InputSpec` from `tf.keras`, that is Keras 3",
}
"""Layers that tf_keras has as well, in models that only Keras 3 can read."""

PORTABLE = [name for name in NAMES if hasattr(tf_keras.layers, name) and name not in NOT_FOR_TF_KERAS]


def make(names: list[str]) -> tuple[Any, list[Any]]:
    """One model of ours with an output for each layer, and its data: single models would take a minute."""
    kinds = sorted({catalog_layers.kind_of_input(name) for name in names}, key=str)
    inputs = {kind: [keras.Input(kind[0], dtype=kind[1]) for _ in range(2)] for kind in kinds}
    outputs = [catalog_layers.called(name, inputs[catalog_layers.kind_of_input(name)]) for name in names]
    model: Any = Model([one for pair in inputs.values() for one in pair], outputs)
    random = np.random.default_rng(1)
    model.set_weights([random.uniform(0.2, 0.8, one.shape).astype(one.dtype) for one in model.get_weights()])
    rows = [tf.constant(catalog_layers.rows_of(*kind, seed), kind[1]) for kind in kinds for seed in (0, 1)]
    return model, rows


def read(model: Any, folder: Path, by_tf_keras: bool) -> dict[str, Any]:
    """Write the model in all formats, and read it with all libraries. What they have in common is read once."""
    model.save(folder / "m.keras")
    model.save(folder / "m.h5")
    found = {
        "here, .keras": load_model(folder / "m.keras"),
        "here, .h5": load_model(folder / "m.h5"),
        "here, JSON": model_from_json(model.to_json()),
    }
    found["here, JSON"].set_weights(model.get_weights())
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Argument `alpha` is deprecated", UserWarning)  # of Keras 3's `LeakyReLU`
        found["Keras 3, .h5"] = keras.saving.load_model(folder / "m.h5", compile=False)
    if by_tf_keras:
        found["tf_keras, .h5"] = tf_keras.models.load_model(folder / "m.h5", compile=False)
    with h5py.File(folder / "m.h5") as file:  # the same text, so that whoever reads `.h5` reads JSON
        assert json.loads(file.attrs["model_config"])["config"] == json.loads(model.to_json())["config"]
    return found


def outputs(model: Any, rows: list[Any]) -> list[Any]:
    return [np.asarray(one) for one in model(rows, training=False)]


@pytest.fixture(scope="module")
def trips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, dict[str, Any]]]:
    """For each layer: the layer and its output, and the same from each reader."""
    found = {}
    for names in (PORTABLE, [name for name in NAMES if name not in PORTABLE]):
        model, rows = make(names)
        models = read(model, tmp_path_factory.mktemp("catalog"), names is PORTABLE)
        expected = outputs(model, rows)
        given = {reader: outputs(one, rows) for reader, one in models.items()}
        for at, name in enumerate(names):
            layer = model.get_layer(name.lower())
            back = {reader: (models[reader].get_layer(name.lower()), given[reader][at]) for reader in models}
            found[name] = ((layer, expected[at]), back)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_layer_of_the_catalog_makes_the_trip(name: str, trips: dict[str, tuple[Any, dict[str, Any]]]) -> None:
    (layer, expected), back = trips[name]
    assert ("tf_keras, .h5" in back) == (name in PORTABLE)
    config = json.dumps(layer.get_config())  # what was a tuple may be a list
    for reader, (again, output) in back.items():
        if expected.dtype.kind in "SO":
            assert output.tolist() == expected.tolist(), reader
        else:
            np.testing.assert_allclose(output, expected, atol=1e-6, err_msg=reader)
        if not reader.startswith("tf_keras"):
            assert json.dumps(again.get_config()) == config, reader


def test_no_layer_of_the_catalog_is_left_out() -> None:
    assert {entry.name for entry in catalog().of("layer")} == set(NAMES) | set(catalog_layers.LEFT_OUT)


def test_what_both_libraries_have_is_what_tf_keras_has() -> None:
    for home, names in CLASSES.items():
        ours, theirs = keras, tf_keras
        for part in home.split("."):
            ours, theirs = getattr(ours, part), getattr(theirs, part)
        assert [name for name in names if not (hasattr(ours, name) and hasattr(theirs, name))] == [], home
    both = {entry.name for entry in catalog().of("layer") if hasattr(tf_keras.layers, entry.name)}
    assert both - set(NOT_FOR_TF_KERAS) == both & CLASSES["layers"]


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_activation_means_the_same_in_tf_keras(name: str) -> None:
    rows = np.linspace(-8, 8, 33, dtype="float32").reshape(3, 11)
    theirs = tf_keras.activations.get(name)(tf.constant(rows))
    np.testing.assert_allclose(np.asarray(keras.activations.get(name)(rows)), np.asarray(theirs), atol=1e-6)
