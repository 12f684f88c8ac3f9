"""Models that tf_keras and Keras 2 wrote open here: equal predictions, and training goes on to the same weights."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import keras2_models
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from kerastui.engine import Functional, Input, Sequential
from kerastui.engine.saving.bridge.hdf5_models import is_keras2_hdf5, load_hdf5
from kerastui.engine.saving.bridge.json_models import model_from_json
from kerastui.engine.saving.bridge.keras_archive import is_keras2_archive, load_archive
from kerastui.engine.saving.bridge.translate import is_keras2, translate_config

L = tf_keras.layers
LOADERS: dict[str, Callable[..., Any]] = {".h5": load_hdf5, ".keras": load_archive}
X = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def sequential(optimizer: Any, **settings: Any) -> Any:
    model = tf_keras.Sequential([L.Dense(3, "tanh"), L.BatchNormalization(), L.Dense(1)])
    model.compile(optimizer, "mse", run_eagerly=True, **settings)
    model.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    return model


def graph() -> Any:
    """Two inputs, a shared layer, a nested model, TensorFlow functions, keyword tensors, states, two outputs."""
    left, right = tf_keras.Input((4,), name="left"), tf_keras.Input((4,), name="right")
    shared = L.Dense(4, "relu", name="shared")
    joined = L.Concatenate()([shared(left), shared(right)]) * 2.0 + 1
    part = tf.nn.relu(joined)[:, :4]
    inner = tf_keras.Sequential([tf_keras.Input((4,)), L.BatchNormalization(), L.Dense(4)], name="inner")
    part = 1.0 - inner(part) / (1.0 + tf.abs(part))
    series = L.Reshape((2, 2))(part)
    series = L.MultiHeadAttention(1, 2)(series, value=series)
    last = L.LSTM(3)(series, initial_state=[part[:, :3], part[:, 1:]])
    a = L.Dense(1, name="a")(last)
    b = L.Dense(2, "softmax", name="b")(tf.concat([last, tf.reduce_mean(series, axis=1)], axis=-1))
    return tf_keras.Model([left, right], [a, b])


def same(ours: Any, theirs: Any, rows: Any) -> None:
    for one, other in zip(keras.tree.flatten(ours(rows)), keras.tree.flatten(theirs(rows)), strict=True):
        np.testing.assert_allclose(np.asarray(one), np.asarray(other), atol=1e-6)


def train_on(ours: list[Any], theirs: Any, rows: Any, targets: Any) -> None:
    """Train all and compare losses, metrics and weights; eagerly, since tracing takes longer than three tiny steps."""
    histories = []
    for model in (theirs, *ours):
        model.run_eagerly = True
        histories.append(model.fit(rows, targets, epochs=3, shuffle=False, verbose=0).history)
    for model, history in zip(ours, histories[1:], strict=True):
        for name, values in histories[0].items():
            np.testing.assert_allclose(history[name], values, rtol=2e-5, atol=1e-6)
        for one, other in zip(sorted_weights(model), sorted_weights(theirs), strict=True):
            np.testing.assert_allclose(one, other, atol=2e-6)


def sorted_weights(model: Any) -> list[Any]:
    return [np.asarray(one) for layer in sorted(model.layers, key=lambda one: one.name) for one in layer.weights]


def test_graph_comes_back_compiled_and_trains_on_to_the_same_weights(tmp_path: Path) -> None:
    theirs = graph()
    losses = {"a": "mse", "b": tf_keras.losses.SparseCategoricalCrossentropy()}
    # The bias of the keys has a gradient of zero; a large epsilon keeps Adam from scaling rounding errors up.
    adam = tf_keras.optimizers.Adam(0.01, epsilon=0.01, amsgrad=True)
    theirs.compile(adam, losses, metrics={"b": ["accuracy"]}, loss_weights=[1, 2], run_eagerly=True)
    rows, targets = [X, -X], [Y, (Y[:, 0] > 0).astype("float32")]
    theirs.fit(rows, targets, verbose=0)

    ours = [load(keras2_models.save(theirs, tmp_path / f"model{suffix}")) for suffix, load in LOADERS.items()]

    for model in ours:
        assert isinstance(model, Functional)
        same(model, theirs, rows)
    train_on(ours, theirs, rows, targets)


OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "adadelta": lambda: tf_keras.optimizers.Adadelta(0.5),
    "adagrad": lambda: tf_keras.optimizers.Adagrad(0.05),
    "adam": lambda: tf_keras.optimizers.Adam(tf_keras.optimizers.schedules.ExponentialDecay(0.02, 2, 0.5)),
    "adamax": lambda: tf_keras.optimizers.Adamax(0.02),
    "adamw": lambda: tf_keras.optimizers.AdamW(0.02, weight_decay=0.1),
    "ftrl": lambda: tf_keras.optimizers.Ftrl(0.05),
    "lion": lambda: tf_keras.optimizers.Lion(0.01),
    "rmsprop": lambda: tf_keras.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "sgd": lambda: tf_keras.optimizers.SGD(0.05),
    "sgd-momentum": lambda: tf_keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True, clipnorm=1.0),
}

LEGACY: dict[str, Callable[[], Any]] = {
    "adam": lambda: tf_keras.optimizers.legacy.Adam(0.02, decay=0.1),
    "adagrad": lambda: tf_keras.optimizers.legacy.Adagrad(0.05),
    "adamax": lambda: tf_keras.optimizers.legacy.Adamax(0.02),
    "rmsprop": lambda: tf_keras.optimizers.legacy.RMSprop(0.01, momentum=0.5),
    "sgd": lambda: tf_keras.optimizers.legacy.SGD(0.05, momentum=0.9),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizer_goes_on_where_it_stopped(tmp_path: Path, name: str) -> None:
    theirs = sequential(OPTIMIZERS[name](), metrics=["mae"])
    ours = [load(keras2_models.save(theirs, tmp_path / f"model{suffix}")) for suffix, load in LOADERS.items()]
    assert [int(model.optimizer.iterations) for model in ours] == [2, 2]
    train_on(ours, theirs, X, Y)


@pytest.mark.parametrize("name", LEGACY)
def test_legacy_optimizer_goes_on_where_it_stopped(tmp_path: Path, name: str) -> None:
    theirs = sequential(LEGACY[name](), metrics=[tf_keras.metrics.RootMeanSquaredError()])
    ours = load_hdf5(keras2_models.save(theirs, tmp_path / "model.h5"))
    train_on([ours], theirs, X, Y)


def test_losses_and_metrics_of_every_spelling(tmp_path: Path) -> None:
    huber, mape = tf_keras.losses.Huber(delta=0.5, reduction="sum"), tf_keras.metrics.MeanAbsolutePercentageError()
    for number, (loss, metrics) in enumerate([(huber, [mape, "mse"]), ("log_cosh", []), (double, [double])]):
        theirs = tf_keras.Sequential([tf_keras.Input((4,)), L.Dense(1)])
        theirs.compile("sgd", loss, metrics=metrics, run_eagerly=True)
        theirs.fit(X, Y, verbose=0)
        for suffix, load in LOADERS.items():
            ours = load(keras2_models.save(theirs, tmp_path / f"m{number}{suffix}"), custom_objects={"double": double})
            np.testing.assert_allclose(ours.evaluate(X, Y, verbose=0), theirs.evaluate(X, Y, verbose=0), rtol=1e-5)


def awkward() -> dict[str, Any]:
    """Make models whose files are written in less usual ways."""
    part = tf_keras.Sequential([tf_keras.Input((4,)), L.Dense(4, "swish"), L.BatchNormalization()])
    part.layers[0].trainable = False
    one, other = tf_keras.Input((4,), name="one"), tf_keras.Input((4,), name="other")
    twice = tf_keras.Model({"one": one, "other": other}, {"sum": part(part(one)) + part(other)})
    words = L.TextVectorization(output_sequence_length=3)
    words.adapt(["a b c", "b c", "c"])
    text = tf_keras.Input((1,), dtype="string")
    masked = L.LSTM(2, dropout=0.5)(L.Embedding(6, 3, mask_zero=True)(words(text)))
    half = tf_keras.Input((4,))
    mixed = L.Dense(2, dtype="float32")(L.Dense(4, dtype=tf_keras.mixed_precision.Policy("mixed_bfloat16"))(half))
    late = tf_keras.Sequential([L.Dense(3, "relu"), L.Dropout(0.5), L.Dense(2)])
    late.build((None, 4))
    return {
        "a shared nested model, inputs and outputs by name": (twice, {"one": X, "other": -X}),
        "a vocabulary in the assets": (tf_keras.Model(text, masked), tf.constant([["b a"], ["c c c"]])),
        "a policy": (tf_keras.Model(half, mixed), X),
        "no inputs declared": (late, X),
    }


def test_files_written_in_less_usual_ways(tmp_path: Path) -> None:
    for kind, (theirs, rows) in awkward().items():
        generator = np.random.default_rng(3)
        for weight in (one for one in theirs.weights if hasattr(one, "assign")):  # a vocabulary counts as a weight
            weight.assign(generator.uniform(0.1, 0.9, weight.shape))
        for suffix, load in LOADERS.items():
            if kind == "a vocabulary in the assets" and suffix == ".h5":  # tf_keras cannot write it
                continue
            same(load(keras2_models.save(theirs, tmp_path / f"model{suffix}")), theirs, rows)


def double(target: Any, output: Any) -> Any:
    return tf.reduce_mean(2.0 * tf.abs(target - output), axis=-1)


def test_what_came_over_the_bridge_opens_in_stock_keras(tmp_path: Path) -> None:
    theirs = graph()
    ours = model_from_json(theirs.to_json())
    ours.set_weights(load_hdf5(keras2_models.save(theirs, tmp_path / "model.h5")).get_weights())
    ours.save(tmp_path / "ours.keras")
    same(keras.saving.load_model(tmp_path / "ours.keras"), theirs, [X, -X])


class Scale(tf_keras.layers.Layer):  # type: ignore[misc]  # tf_keras ships no types
    def __init__(self, by: float = 1.0, **settings: Any) -> None:
        super().__init__(**settings)
        self.by = by

    def build(self, shape: Any) -> None:
        self.kernel = self.add_weight("kernel", (int(shape[-1]),), initializer="ones")

    def call(self, inputs: Any) -> Any:
        return inputs * self.kernel * self.by

    def get_config(self) -> Any:
        return {**super().get_config(), "by": self.by}


class Other(Scale):
    pass


class OurScale(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
    def __init__(self, by: float = 1.0, **settings: Any) -> None:
        super().__init__(**settings)
        self.by = by

    def build(self, shape: Any) -> None:
        self.kernel = self.add_weight(shape=(shape[-1],), initializer="ones", name="kernel")

    def call(self, inputs: Any) -> Any:
        return inputs * self.kernel * self.by


def test_custom_layers_are_taken_from_custom_objects_and_named_all_at_once_without(tmp_path: Path) -> None:
    inputs = tf_keras.Input((4,))
    theirs = tf_keras.Model(inputs, Other(3.0, name="second")(Scale(2.0, name="first")(inputs)))
    theirs.set_weights([X[0], X[1]])
    for suffix, load in LOADERS.items():
        path = keras2_models.save(theirs, tmp_path / f"model{suffix}")
        same(load(path, custom_objects={"Scale": OurScale, "Other": OurScale}), theirs, X)
        with pytest.raises(TypeError, match=r"(?s)Scale.*'first'.*Other.*'second'.*custom_objects="):
            load(path)
    with pytest.raises(TypeError, match=r"Other .*'second'"):
        model_from_json(theirs.to_json(), custom_objects={"Scale": OurScale})


def test_lambda_is_refused_in_safe_mode_and_runs_without(tmp_path: Path) -> None:
    inputs = tf_keras.Input((4,))
    theirs = tf_keras.Model(inputs, L.Lambda(lambda x: x * 2.0, name="twice")(inputs))
    for suffix, load in LOADERS.items():
        path = keras2_models.save(theirs, tmp_path / f"model{suffix}")
        with pytest.raises(ValueError, match=r"'twice'.*safe_mode=False"):
            load(path)
        same(load(path, safe_mode=False), theirs, X)
    with pytest.raises(ValueError, match="'twice'"):
        model_from_json(theirs.to_json())


def keras_2_3(path: Path, layers: list[dict[str, Any]], weights: dict[str, list[Any]], **attributes: Any) -> Path:
    """Write a file as Keras 2.3 did: strings as bytes, no modules, weights below the layer's name."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"], file.attrs["backend"] = b"2.3.1", b"tensorflow"
        config = {"class_name": "Sequential", "config": {"name": "sequential_1", "layers": layers}}
        file.attrs["model_config"] = json.dumps(config).encode()
        for name, value in attributes.items():
            file.attrs[name] = json.dumps(value).encode()
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode() for name in weights]
        for layer, values in weights.items():
            names = [f"{layer}/weight_{number}:0" for number in range(len(values))]
            part = group.create_group(layer)
            part.attrs["weight_names"] = [name.encode() for name in names]
            for name, value in zip(names, values, strict=True):
                part[name] = value
    return path


def test_file_of_keras_2_3_with_its_optimizer(tmp_path: Path) -> None:
    kernel, bias = X[:4, :2], X[4, :2]
    scaling = {"class_name": "VarianceScaling", "config": {"scale": 1.0, "mode": "fan_avg", "distribution": "normal"}}
    dense = {
        "class_name": "Dense",
        "config": {
            "name": "dense_1", "trainable": True, "batch_input_shape": [None, 4], "dtype": "float32", "units": 2,
            "activation": "hard_sigmoid", "use_bias": True, "kernel_initializer": scaling,
        },
    }  # fmt: skip
    adam = {"class_name": "Adam", "config": {"lr": 0.5, "beta_1": 0.9, "decay": 0.0, "epsilon": 1e-7, "amsgrad": False}}
    training = {"optimizer_config": adam, "loss": "mse", "metrics": ["mae"], "sample_weight_mode": None}
    path = keras_2_3(tmp_path / "old.h5", [dense], {"dense_1": [kernel, bias]}, training_config=training)
    state = [np.int64(7), kernel + 1, bias + 1, kernel**2, bias**2, np.zeros(1), np.zeros(1)]
    with h5py.File(path, "a") as file:
        group = file.create_group("optimizer_weights")
        names = ["iterations", "m_0", "m_1", "v_0", "v_1", "vhat_0", "vhat_1"]
        group.attrs["weight_names"] = [f"training/Adam/{name}:0".encode() for name in names]
        for name, value in zip(names, state, strict=True):
            group[f"training/Adam/{name}:0"] = value

    model = load_hdf5(path)

    assert isinstance(model, Sequential)
    np.testing.assert_allclose(model(X), np.clip(0.2 * (X @ kernel + bias) + 0.5, 0, 1), atol=1e-6)
    assert int(model.optimizer.iterations) == 7
    assert float(model.optimizer.learning_rate) == 0.5
    np.testing.assert_array_equal(model.optimizer._momentums[0], kernel + 1)
    np.testing.assert_array_equal(model.optimizer._velocities[1], bias**2)


def test_nested_sequentials_of_keras_2_2_2_have_no_names(tmp_path: Path) -> None:
    kernels = [X[:4, :3], X[:3, :2], X[:2, :1]]
    layers = [
        {"class_name": "Dense", "config": {"name": f"d{number}", "units": 3 - number, "use_bias": False}}
        for number in range(3)
    ]
    layers[0]["config"]["batch_input_shape"] = [None, 4]  # type: ignore[index]
    innermost = {"class_name": "Sequential", "config": layers[:1]}
    inner = {"class_name": "Sequential", "config": [innermost, layers[1]]}
    path = keras_2_3(tmp_path / "old.h5", [inner, layers[2]], {"sequential_2": kernels[:2], "d2": kernels[2:]})
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": [inner, layers[2]]}).encode()

    model = load_hdf5(path)

    np.testing.assert_allclose(model(X), X @ kernels[0] @ kernels[1] @ kernels[2], atol=1e-5)


def test_custom_functions_that_a_file_has_the_bare_names_of(tmp_path: Path) -> None:
    def halved(x: Any, dtype: Any = None) -> Any:
        return keras.ops.zeros(x) + 0.5 if isinstance(x, (list, tuple)) else x / 2

    names = {"activation": "halved", "kernel_initializer": "halved", "bias_constraint": "halved"}
    config = {"name": "d", "units": 2, "use_bias": True, "batch_input_shape": [None, 4], **names}
    text = json.dumps({"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": config}]}})

    model = model_from_json(text, {"halved": halved})

    np.testing.assert_allclose(model(X), np.repeat(X.sum(axis=1, keepdims=True) / 4, 2, axis=1), atol=1e-6)


@pytest.mark.parametrize(("kind", "gates"), [("LSTM", 4), ("GRU", 3)])
def test_cudnn_layers_of_keras_2_3(tmp_path: Path, kind: str, gates: int) -> None:
    generator = np.random.default_rng(2)
    values = [generator.normal(size=size).astype("float32") for size in ((4, 3 * gates), (3, 3 * gates), 6 * gates)]
    config = {"name": "old", "trainable": True, "batch_input_shape": [None, 5, 4], "units": 3, "stateful": False}
    layers = [{"class_name": f"CuDNN{kind}", "config": {**config, "return_sequences": True}}]
    ours = load_hdf5(keras_2_3(tmp_path / "old.h5", layers, {"old": values}))

    from tf_keras.src.saving.legacy.hdf5_format import preprocess_weights_for_loading

    layer = getattr(L, kind)(3, return_sequences=True)
    theirs = tf_keras.Sequential([tf_keras.Input((5, 4)), layer])
    layer.set_weights(preprocess_weights_for_loading(layer, values, "2"))
    same(ours, theirs, generator.normal(size=(2, 5, 4)).astype("float32"))


def test_weights_of_another_shape_or_layer_are_named(tmp_path: Path) -> None:
    dense = {"class_name": "Dense", "config": {"name": "d", "units": 2, "batch_input_shape": [None, 4]}}
    with pytest.raises(ValueError, match=r"layer 'd'.*\(4, 2\).*\(3, 2\)"):
        load_hdf5(keras_2_3(tmp_path / "a.h5", [dense], {"d": [np.zeros((3, 2)), np.zeros(2)]}))
    with pytest.raises(ValueError, match="no weights for the layers 'd'"):
        load_hdf5(keras_2_3(tmp_path / "b.h5", [dense], {}))


def test_file_of_weights_alone_says_so(tmp_path: Path) -> None:
    theirs = tf_keras.Sequential([tf_keras.Input((4,)), L.Dense(1)])
    theirs.save_weights(tmp_path / "weights.h5")
    with pytest.raises(ValueError, match="load_weights"):
        load_hdf5(tmp_path / "weights.h5")


def test_generations_are_told_apart(tmp_path: Path) -> None:
    ours = Sequential([Input((4,)), keras.layers.Dense(2)])
    ours.compile("sgd", "mse")
    theirs = sequential("sgd")
    for model, is_old in ((ours, False), (theirs, True)):
        assert is_keras2(json.loads(model.to_json())) is is_old
        assert is_keras2_hdf5(keras2_models.save(model, tmp_path / "model.h5")) is is_old
        assert is_keras2_archive(keras2_models.save(model, tmp_path / "model.keras")) is is_old
    assert type(model_from_json(ours.to_json())) is Sequential


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', "no json"])
def test_text_that_is_no_model_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="`text` must be the JSON of a model"):
        model_from_json(text)


def test_arguments_that_keras_3_cannot_do_are_refused() -> None:
    config = {"class_name": "LSTM", "config": {"name": "reader", "units": 2, "time_major": True}}
    with pytest.raises(ValueError, match=r"'reader'.*time_major=True"):
        translate_config(config)
