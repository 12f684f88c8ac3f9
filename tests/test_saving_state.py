"""State beside the weights comes back: of optimizers of every generation, and of random seeds."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tf_keras
from small_models import X, Y, line, weights_of

from kerastui import engine

OLD = tf_keras.optimizers

NEW: dict[str, Callable[[Any], Any]] = {
    "adadelta": lambda library: library.Adadelta(0.5),
    "adafactor": lambda library: library.Adafactor(0.02),
    "adagrad": lambda library: library.Adagrad(0.05),
    "adam": lambda library: library.Adam(0.02, amsgrad=True, use_ema=True),
    "adamax": lambda library: library.Adamax(0.02),
    "adamw": lambda library: library.AdamW(0.02, weight_decay=0.1),
    "ftrl": lambda library: library.Ftrl(0.05),
    "lion": lambda library: library.Lion(0.01),
    "loss-scale": lambda library: scaled(library, library.Adam(0.02), initial_scale=2.0**10, dynamic_growth_steps=2),
    "nadam": lambda library: library.Nadam(0.02),
    "rmsprop": lambda library: library.RMSprop(0.01, momentum=0.5, centered=True),
    "sgd": lambda library: library.SGD(0.05),
    "sgd-momentum": lambda library: library.SGD(0.05, momentum=0.9, nesterov=True),
}
"""Optimizers that both libraries have."""

LEGACY: dict[str, Callable[[Any], Any]] = {
    "adadelta": lambda library: library.Adadelta(0.5),
    "adagrad": lambda library: library.Adagrad(0.05),
    "adam": lambda library: library.Adam(0.02, amsgrad=True),
    "adamax": lambda library: library.Adamax(0.02),
    "ftrl": lambda library: library.Ftrl(0.05),
    "loss-scale": lambda library: scaled(library, library.Adam(0.02), initial_scale=2.0**10, dynamic_growth_steps=2),
    "rmsprop": lambda library: library.RMSprop(0.01, momentum=0.5, centered=True),
    "sgd-momentum": lambda library: library.SGD(0.05, momentum=0.9),
}
"""The same for `tf_keras.optimizers.legacy`."""


def scaled(library: Any, inner: Any, **settings: Any) -> Any:
    """Wrap an optimizer for mixed precision."""
    home = keras.optimizers if library is keras.optimizers else tf_keras.mixed_precision
    return home.LossScaleOptimizer(inner, **settings)


def net(library: Any, home: Any, optimizer: Any) -> Any:
    """A nested model of tiny layers, compiled to run eagerly."""
    layers = library.layers
    inputs, inside = layers.Input((3,)), layers.Input((3,))
    inner = home.Model(inside, layers.Dense(2, "tanh", name="middle")(inside), name="inner")
    model = home.Model(inputs, layers.Dense(2, name="last")(inner(layers.Dense(3, "tanh", name="first")(inputs))))
    model.compile(optimizer, "mse", run_eagerly=True)
    return model


def trained_old(optimizer: Any, backwards: bool = False) -> Any:
    model = net(tf_keras, tf_keras, optimizer)
    if backwards:
        optimizer.build(model.trainable_variables[::-1])
    model.fit(X, Y, epochs=3, shuffle=False, verbose=0)
    return model


def written(model: Any, path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tf_keras would rather not write `.h5`
        model.save(path, **({"save_traces": False} if not path.suffix else {}))
    return path


def ours(optimizer: Any) -> Any:
    return net(keras, engine, optimizer)


def assert_training_goes_on(theirs: Any, *models: Any) -> None:
    for model in (theirs, *models):
        model.run_eagerly = True
        model.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    by_name = {weight.name.removesuffix(":0"): weight.numpy() for weight in theirs.weights}
    for model in models:
        assert len(model.weights) == len(by_name)
        for weight in model.weights:
            np.testing.assert_allclose(weight, by_name["/".join(weight.path.split("/")[-2:])], atol=2e-6)


@pytest.mark.parametrize("name", NEW)
def test_new_optimizers_of_tf_keras_go_on_from_weights(name: str, tmp_path: Path) -> None:
    theirs = trained_old(NEW[name](OLD))
    theirs.save_weights(tmp_path / "w")
    models = [ours(NEW[name](keras.optimizers))]
    models[0].load_weights(tmp_path / "w").expect_partial()
    if name in ("adafactor", "adam", "loss-scale", "nadam"):  # the others are in HDF5 as in `test_saving_bridge.py`
        theirs.save_weights(tmp_path / "w.weights.h5")
        models.append(ours(NEW[name](keras.optimizers)))
        models[1].optimizer.build(models[1].trainable_variables)
        models[1].load_weights(tmp_path / "w.weights.h5")
    if name == "loss-scale":  # a power of two, which no weight depends on
        assert [float(models[0].optimizer.dynamic_scale), int(models[0].optimizer.step_counter)] == [2.0**11, 1]
    assert_training_goes_on(theirs, *models)


@pytest.mark.parametrize("name", LEGACY)
def test_legacy_optimizers_of_tf_keras_go_on_from_a_checkpoint(name: str, tmp_path: Path) -> None:
    theirs = trained_old(LEGACY[name](OLD.legacy))
    theirs.save_weights(tmp_path / "w")
    model = ours(LEGACY[name](keras.optimizers))
    model.load_weights(tmp_path / "w").expect_partial()
    if name == "loss-scale":
        assert float(model.optimizer.dynamic_scale) == 2.0**11
    assert_training_goes_on(theirs, model)


FIXED = {"dynamic": False, "initial_scale": 8.0}
OTHERS: dict[str, Callable[[], Any]] = {
    "adafactor": lambda: OLD.Adafactor(0.02),
    "ema": lambda: OLD.Adam(0.02, use_ema=True),
    "fixed-scale": lambda: scaled(OLD, OLD.Adam(0.02), **FIXED),
    "nadam": lambda: OLD.Nadam(0.02),
}
"""Those that are asked more of than `test_saving_bridge.py` asks of the others."""


@pytest.mark.parametrize("name", OTHERS)
def test_optimizers_of_tf_keras_go_on_from_model_files(name: str, tmp_path: Path) -> None:
    theirs = trained_old(OTHERS[name]())
    files = [written(theirs, tmp_path / f"m{suffix}") for suffix in (".keras", ".h5")]
    assert_training_goes_on(theirs, *map(engine.load_model, files))


SAVED: dict[str, Callable[[], Any]] = {
    "nadam": OTHERS["nadam"],
    "scale": lambda: scaled(OLD, OLD.Adam(0.02), initial_scale=2.0**10, dynamic_growth_steps=2),
    "legacy-decay": lambda: OLD.legacy.Adam(0.02, decay=0.1, amsgrad=True),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SAVED)
def test_optimizers_of_tf_keras_go_on_from_a_saved_model(name: str, tmp_path: Path) -> None:
    theirs = trained_old(SAVED[name]())
    model = engine.load_model(written(theirs, tmp_path / "m"))
    if name == "scale":
        assert float(model.optimizer.dynamic_scale) == 2.0**11
    assert_training_goes_on(theirs, model)


def test_slots_belong_to_variables_by_name_whatever_their_order(tmp_path: Path) -> None:
    theirs = trained_old(OLD.Adam(0.02), backwards=True)
    theirs.save_weights(tmp_path / "w")
    model = ours(keras.optimizers.Adam(0.02))
    model.load_weights(tmp_path / "w").expect_partial()
    assert_training_goes_on(theirs, model)


def test_nadam_of_the_legacy_optimizers_comes_with_a_warning(tmp_path: Path) -> None:
    theirs = trained_old(OLD.legacy.Nadam(0.02))
    path = written(theirs, tmp_path / "m.h5")
    with pytest.warns(UserWarning, match=r"Nadam of `tf_keras\.optimizers\.legacy`"):
        opened = engine.load_model(path)
    theirs.save_weights(tmp_path / "w")
    other = ours(keras.optimizers.Nadam(0.1))
    with pytest.warns(UserWarning, match=r"Nadam of `tf_keras\.optimizers\.legacy`"):
        other.load_weights(tmp_path / "w").expect_partial()
    for model in (opened, other):
        assert float(model.optimizer.learning_rate) == np.float32(0.02)  # its `decay` is not one of the learning rate
        assert int(model.optimizer.iterations) == 3
        wanted = theirs.optimizer.get_slot(theirs.get_layer("first").kernel, "m").numpy()
        place = [weight.path.endswith("first/kernel") for weight in model.trainable_variables].index(True)
        np.testing.assert_array_equal(model.optimizer._momentums[place], wanted)


def test_state_of_another_optimizer_is_left_where_it_is(tmp_path: Path) -> None:
    trained_old(OLD.SGD(0.05, momentum=0.9)).save_weights(tmp_path / "w")
    model = ours(keras.optimizers.Adam(0.02))
    with pytest.warns(UserWarning, match="'adam.*' is left as it was"):
        model.load_weights(tmp_path / "w").expect_partial()
    assert int(model.optimizer.iterations) == 0


@pytest.mark.parametrize(("writer", "reader"), [(engine, keras), (keras, engine), (engine, engine)])
def test_weights_h5_holds_the_optimizer_as_stock_keras_has_it(writer: Any, reader: Any, tmp_path: Path) -> None:
    settings = {"optimizer": "adam", "metrics": ["mae"], "run_eagerly": True}
    model, untrained, again = line(writer, **settings), line(reader, **settings), line(reader, **settings)
    model.fit(X, Y, verbose=0)
    model.save_weights(tmp_path / "w.weights.h5")
    with pytest.warns(UserWarning, match="Skipping variable loading for optimizer"):
        untrained.load_weights(tmp_path / "w.weights.h5")
    assert weights_of(untrained) == weights_of(model)
    again.fit(X, -Y, epochs=2, verbose=0)
    again.load_weights(tmp_path / "w.weights.h5")
    for trained in (model, again):
        trained.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    assert weights_of(again) == weights_of(model)


def noisy(home: Any) -> Any:
    """A model with random layers of every kind: nested, shared, recurrent, with a seed and without."""
    layers = keras.layers
    inputs, inside = keras.Input((4,)), keras.Input((4,))
    shared = layers.Dropout(0.4)
    inner = home.Model(inside, layers.GaussianNoise(0.1, seed=3)(layers.Dropout(0.2)(inside)))
    series = layers.Reshape((2, 2))(shared(shared(inner(inputs))))
    model = home.Model(inputs, layers.Dense(1)(layers.LSTM(2, dropout=0.3, recurrent_dropout=0.2)(series)))
    model.compile(keras.optimizers.Nadam(0.05), "mse", run_eagerly=True)
    model.fit(ROWS, ROWS[:, :1], verbose=0)
    return model


ROWS = np.random.default_rng(1).normal(size=(8, 4)).astype("float32")


def test_random_layers_go_on_from_a_saved_model(tmp_path: Path) -> None:
    model = noisy(engine)
    model.save(tmp_path / "m")
    loaded = engine.load_model(tmp_path / "m")
    losses = [m.fit(ROWS, ROWS[:, :1], epochs=2, shuffle=False, verbose=0).history["loss"] for m in (model, loaded)]
    assert losses[0] == losses[1]
    assert weights_of(loaded) == weights_of(model)


def test_a_keras_archive_has_the_seeds_and_not_how_far_they_are_as_in_stock_keras(tmp_path: Path) -> None:
    for home, load in ((engine, engine.load_model), (keras, keras.saving.load_model)):
        noisy(home).save(tmp_path / "m.keras")
        noise = next(layer for layer in load(tmp_path / "m.keras")._flatten_layers() if "noise" in layer.name)
        assert noise.seed_generator.state.numpy().tolist() == [3, 0]


class Block(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
    """A layer with layers in a list within a list."""

    def __init__(self) -> None:
        super().__init__()
        self.rest = [[keras.layers.Dense(2, name="deep")]]

    def call(self, rows: Any) -> Any:
        """Apply the only one."""
        return self.rest[0][0](rows)


def test_what_older_versions_left_out_stays_as_it_is_with_a_warning(tmp_path: Path) -> None:
    model, back = (engine.Sequential([keras.Input((3,)), keras.layers.Dense(2), Block()]) for _ in range(2))
    model.save_weights(tmp_path / "w.weights.h5")
    with h5py.File(tmp_path / "w.weights.h5", "r+") as file:
        assert "vars/0" in file["layers/block/rest/container/dense"]
        del file["layers/block/rest"]
    before = weights_of(back)
    with pytest.warns(UserWarning, match="lists within lists.*deep"):
        back.load_weights(tmp_path / "w.weights.h5")
    assert weights_of(back) == weights_of(model)[:2] + before[2:]


def test_weights_of_tf_keras_2_13_have_another_name_for_layers(tmp_path: Path) -> None:
    model, back = line(), line()
    model.set_weights([weight + 1 for weight in model.get_weights()])
    model.save_weights(tmp_path / "w.weights.h5")
    with h5py.File(tmp_path / "w.weights.h5", "r+") as file:
        file.move("layers", "_layer_checkpoint_dependencies")
    back.load_weights(tmp_path / "w.weights.h5")
    assert weights_of(back) == weights_of(model)


def test_a_checkpoint_of_a_model_that_was_never_trained_is_no_misfit(tmp_path: Path) -> None:
    net(tf_keras, tf_keras, OLD.Adam(0.25)).save_weights(tmp_path / "w")
    model = ours(keras.optimizers.Adam(0.02))
    model.load_weights(tmp_path / "w").expect_partial()  # a warning would be an error
    assert float(model.optimizer.learning_rate) == 0.25
