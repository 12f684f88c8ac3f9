"""`load_weights`: any format, by what is in the file; by order and by name; what does not fit, and what then."""

import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from small_models import X, line, weights_of

from kerastui import engine


def net(units: int = 4, home: Any = engine, library: Any = keras, head: str = "head") -> Any:
    """A functional model of two layers."""
    inputs = library.layers.Input((3,))
    hidden = library.layers.Dense(units, name="hidden")(inputs)
    return home.Model(inputs, library.layers.Dense(2, name=head)(hidden))


FORMATS = ["w.weights.h5", "w.h5", "w", "m.keras", "m.h5", "saved"]


def written(model: Any, path: Path) -> Path:
    """Write weights, or where the name begins otherwise a whole model."""
    (model.save_weights if path.name.startswith("w") else model.save)(path)
    return path


@pytest.mark.row("load_weights")
@pytest.mark.row("load_weights(filepath)")
@pytest.mark.row("load_weights#keras_file")
@pytest.mark.row("load_weights#savedmodel")
@pytest.mark.row("load_weights#tf_prefix")
@pytest.mark.parametrize("name", FORMATS)
def test_weights_come_back_whatever_the_format(name: str, tmp_path: Path) -> None:
    model, back = net(), net()
    status = back.load_weights(written(model, tmp_path / name))
    if status is not None:
        status.expect_partial()
    assert weights_of(back) == weights_of(model)


@pytest.mark.row("load_weights#mismatch_raises")
@pytest.mark.parametrize("name", FORMATS)
def test_what_does_not_fit_is_named_and_changes_nothing(name: str, tmp_path: Path) -> None:
    path, model = written(net(5), tmp_path / name), net()
    before = weights_of(model)
    with pytest.raises(ValueError, match=r"(?s)'hidden'.*\(3, 4\).*\(3, 5\).*'head'.*\(4, 2\).*\(5, 2\)"):
        model.load_weights(path)
    assert weights_of(model) == before


@pytest.mark.row("load_weights(skip_mismatch)")
@pytest.mark.row("load_weights#skip_mismatch_topological")
@pytest.mark.row("load_weights#skip_mismatch_keras_file")
@pytest.mark.row("load_weights#skip_mismatch_warns")
@pytest.mark.row("load_weights#positional_2nd")
@pytest.mark.parametrize("name", FORMATS)
def test_one_warning_for_each_layer_that_is_skipped(name: str, tmp_path: Path) -> None:
    inputs = keras.Input((3,))
    source = engine.Model(inputs, keras.layers.Dense(3, name="head")(keras.layers.Dense(4, name="hidden")(inputs)))
    model, path = net(), written(source, tmp_path / name)
    before = weights_of(model)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        model.load_weights(path, True)
    skipped = [warning for warning in caught if "Skipped" in str(warning.message)]
    assert len(skipped) == 1
    assert all(part in str(skipped[0].message) for part in ("'head'", "(4, 2), (2,)", "(4, 3), (3,)"))
    assert skipped[0].filename == __file__
    assert weights_of(model)[:2] == weights_of(source)[:2]
    assert weights_of(model)[2:] == before[2:]


@pytest.mark.row("load_weights(by_name)")
@pytest.mark.row("load_weights#by_name_skip_mismatch")
def test_by_name_loads_the_layers_of_the_same_name(tmp_path: Path) -> None:
    source, model = net(), net(head="another")
    source.save_weights(tmp_path / "w.h5")
    before = weights_of(model)
    model.load_weights(tmp_path / "w.h5", by_name=True)
    assert weights_of(model) == weights_of(source)[:2] + before[2:]
    with pytest.raises(ValueError, match=r"'hidden'.*\(3, 6\).*\(3, 4\)"):
        net(6, head="another").load_weights(tmp_path / "w.h5", by_name=True)
    with pytest.warns(UserWarning, match=r"'hidden'.*\(3, 6\).*\(3, 4\)"):
        net(6, head="another").load_weights(tmp_path / "w.h5", by_name=True, skip_mismatch=True)


@pytest.mark.row("load_weights#by_name_keras_refused")
@pytest.mark.row("load_weights#by_name_tf_refused")
@pytest.mark.parametrize("name", ["m.keras", "w", "saved", "w.weights.h5"])
def test_by_name_needs_names(name: str, tmp_path: Path) -> None:
    model = net()
    with pytest.raises(ValueError, match="by_name=True"):
        model.load_weights(written(model, tmp_path / name), by_name=True)


@pytest.mark.row("load_weights(options)")
@pytest.mark.row("load_weights#tf_status")
def test_a_checkpoint_gives_its_status(tmp_path: Path) -> None:
    model = net()
    model.save_weights(tmp_path / "w")
    status = model.load_weights(tmp_path / "w", options=tf.train.CheckpointOptions())
    status.assert_consumed()
    assert status.expect_partial() is status


@pytest.mark.row("load_weights#legacy_h5_file")
@pytest.mark.parametrize("name", ["w.h5", "w", "w.weights.h5", "m.keras", "m.h5", "saved"])
@pytest.mark.filterwarnings("ignore")
def test_files_of_tf_keras(name: str, tmp_path: Path) -> None:
    theirs, model = net(home=tf_keras, library=tf_keras), net()
    status = model.load_weights(written(theirs, tmp_path / name))
    if status is not None:
        status.expect_partial()
    assert weights_of(model) == weights_of(theirs)


@pytest.mark.parametrize("name", ["w.h5", "w", "w.weights.h5"])
def test_tf_keras_reads_ours(name: str, tmp_path: Path) -> None:
    theirs, model = net(home=tf_keras, library=tf_keras), net()
    theirs.load_weights(str(written(model, tmp_path / name)))
    assert weights_of(model) == weights_of(theirs)


class Two(engine.Model):
    """A subclassed model with layers in attributes and in a list."""

    def __init__(self, units: int = 4) -> None:
        super().__init__()
        self.first = keras.layers.Dense(units)
        self.rest = [keras.layers.Dense(units), keras.layers.Dense(2)]

    def call(self, x: Any) -> Any:
        x = self.first(x)
        for layer in self.rest:
            x = layer(x)
        return x


@pytest.mark.row("load_weights#legacy_h5_subclass")
@pytest.mark.parametrize("name", ["w.h5", "w.weights.h5", "w"])
def test_subclassed_models(name: str, tmp_path: Path) -> None:
    model, back, unbuilt = Two(), Two(), Two()
    for built in (model, back):
        built(X)
    with pytest.raises(ValueError, match="no weights to load"):
        unbuilt.load_weights(written(model, tmp_path / name))
    back.load_weights(tmp_path / name)
    assert weights_of(back) == weights_of(model)


@pytest.mark.row("load_weights#layers_without_weights")
def test_layers_without_weights_do_not_count(tmp_path: Path) -> None:
    model = engine.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dropout(0.5)])
    back = engine.Sequential([keras.Input((3,)), keras.layers.Activation("relu"), keras.layers.Dense(2)])
    model.save_weights(tmp_path / "w.h5")
    back.load_weights(tmp_path / "w.h5")
    assert weights_of(back) == weights_of(model)
    np.testing.assert_array_equal(back(np.abs(X)), model(np.abs(X)))


def test_compiled_models_come_back_too(tmp_path: Path) -> None:
    model, back = line(metrics=["mae"]), line(metrics=["mae"])
    model.set_weights([weight + 1 for weight in model.get_weights()])
    model.save_weights(tmp_path / "w.weights.h5")
    back.load_weights(tmp_path / "w.weights.h5")
    assert weights_of(back) == weights_of(model)
