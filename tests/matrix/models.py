"""The seven kinds of model, made with any of the libraries: the same layers, names and data each time."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

ROWS = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
TARGETS = ROWS.sum(axis=1, keepdims=True)


def functional(k: Any) -> Any:
    rows = k.Input((4,), name="rows")
    hidden = k.layers.Dense(6, "tanh", name="hidden")(rows)
    return k.Model(rows, k.layers.Dense(1, name="out")(k.layers.BatchNormalization(name="norm")(hidden)), name="model")


def sequential(k: Any) -> Any:
    layers = [
        k.layers.Reshape((2, 2), name="series"),
        k.layers.LSTM(3, name="lstm"),
        k.layers.BatchNormalization(name="norm"),
        k.layers.Dense(1, name="out"),
    ]
    return k.Sequential([k.Input((4,), name="rows"), *layers], name="model")


def subclassed(k: Any) -> Any:
    return _classes(k)["Blend"](6, name="model")


def nested(k: Any) -> Any:
    innermost = [k.layers.Dense(5, "tanh", name="first"), k.layers.BatchNormalization(name="norm")]
    innermost_model = k.Sequential([k.Input((4,), name="pixels"), *innermost], name="innermost")
    features = k.Input((4,), name="features")
    inner = k.Model(features, k.layers.Dense(3, "tanh", name="second")(innermost_model(features)), name="inner")
    rows = k.Input((4,), name="rows")
    return k.Model(rows, k.layers.Dense(1, name="out")(inner(rows)), name="model")


def shared(k: Any) -> Any:
    rows = k.Input((4,), name="rows")
    twice = k.layers.Dense(4, "tanh", name="twice")
    part = k.Sequential([k.Input((4,), name="part_rows"), k.layers.Dense(2, "tanh", name="in_part")], name="part")
    once = twice(rows)
    joined = k.layers.Concatenate(name="joined")([part(twice(once)), part(once)])
    return k.Model(rows, k.layers.Dense(1, name="out")(joined), name="model")


def custom(k: Any) -> Any:
    objects = _classes(k)
    rows = k.Input((4,), name="rows")
    hidden = k.layers.Dense(6, activation=objects["wave"], name="hidden")(rows)
    return k.Model(rows, k.layers.Dense(1, name="out")(objects["Scale"](0.5, name="scale")(hidden)), name="model")


def multi(k: Any) -> Any:
    left, right = k.Input((4,), name="left"), k.Input((4,), name="right")
    joined = k.layers.Concatenate(name="joined")([k.layers.Dense(3, "tanh", name="of_left")(left), right])
    sums = k.layers.Dense(1, name="sums")(joined)
    kinds = k.layers.Dense(2, "softmax", name="kinds")(k.layers.BatchNormalization(name="norm")(joined))
    return k.Model([left, right], [sums, kinds], name="model")


KINDS: Mapping[str, Callable[[Any], Any]] = {
    "functional": functional,
    "sequential": sequential,
    "subclassed": subclassed,
    "nested": nested,
    "shared": shared,
    "custom": custom,
    "multi": multi,
}


def data(kind: str) -> tuple[Any, Any]:
    """Give what a kind is trained on: rows and targets."""
    if kind == "multi":
        return [ROWS, -ROWS], [TARGETS, (TARGETS[:, 0] > 0).astype("int32")]
    return ROWS, TARGETS


def custom_objects(k: Any, kind: str) -> dict[str, Any]:
    """Give the classes and functions that have to be passed to open a kind."""
    names = {"subclassed": ["Blend"], "custom": ["Scale", "wave", "quartic"]}.get(kind, [])
    return {name: _classes(k)[name] for name in names}


def made(k: Any, kind: str, optimizer: Any = None) -> Any:
    """Make a model of a kind: built and compiled, its optimizer too, with weights that are the same in any library."""
    model = KINDS[kind](k)
    rows, _ = data(kind)
    model(rows)
    generator = np.random.default_rng(1)
    model.set_weights([generator.uniform(0.2, 0.8, one.shape).astype("float32") for one in model.get_weights()])
    settings: dict[str, Any] = {"loss": _classes(k)["quartic"] if kind == "custom" else "mse"}
    if kind == "multi":
        settings = {"loss": ["mse", "sparse_categorical_crossentropy"], "loss_weights": [1.0, 2.0]}
    model.compile(optimizer or k.optimizers.Adam(0.02, epsilon=1e-3), run_eagerly=True, **settings)
    build = getattr(model.optimizer, "build", None)  # the old optimizers of tf_keras have none
    if build is not None:
        build(model.trainable_variables)
    return model


@functools.cache
def _classes(k: Any) -> dict[str, Any]:
    import tensorflow as tf

    class Scale(k.layers.Layer):  # type: ignore[misc]  # of any of the libraries
        """Multiply by weights, and by a number out of the configuration."""

        def __init__(self, factor: float, **options: Any) -> None:
            super().__init__(**options)
            self.factor = factor

        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight(name="scale", shape=(input_shape[-1],), initializer="ones")
            self.built = True

        def call(self, inputs: Any) -> Any:
            return inputs * self.scale * self.factor

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "factor": self.factor}

    class Blend(k.Model):  # type: ignore[misc]
        """Two ways that are added, one of them through a list of layers."""

        def __init__(self, units: int, **options: Any) -> None:
            super().__init__(**options)
            self.units = units
            self.way = k.layers.Dense(units, "tanh", name="way")
            self.steps = [k.layers.Dense(units, "tanh", name="step"), k.layers.BatchNormalization(name="norm")]
            self.out = k.layers.Dense(1, name="out")

        def call(self, inputs: Any, training: bool | None = None) -> Any:
            blended = self.steps[1](self.steps[0](inputs), training=training)
            return self.out(self.way(inputs) + blended)

        def get_config(self) -> dict[str, Any]:
            return {"units": self.units, "name": self.name}

    def wave(inputs: Any) -> Any:
        return tf.sin(inputs)

    def quartic(y_true: Any, y_pred: Any) -> Any:
        return tf.reduce_mean(tf.square(tf.square(y_true - y_pred)), axis=-1)

    return {"Scale": Scale, "Blend": Blend, "wave": wave, "quartic": quartic}
