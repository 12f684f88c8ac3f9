"""The suite: models with made-up data, each defined once for any namespace that looks like `keras`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """A model, data for it, and how it is trained; the optimizer is Adam.

    Args:
        name: What it is called on the command line.
        title: What it is called in tables.
        rows: Rows of the data.
        batch: Rows of a batch.
        build: Makes the model from a namespace like `keras`; the second argument says whether with dropout.
        data: Makes inputs and targets from a generator of random numbers and a number of rows.
        losses: Loss of each output.
        metrics: Metrics of each output.
        small: Whether its steps are so short that the loop around them decides.
        deep: Whether it convolves so much that XLA is hopeless on a CPU: in a loop, it takes 40 times as long for it.
    """

    name: str
    title: str
    rows: int
    batch: int
    build: Callable[[Any, bool], Any]
    data: Callable[[np.random.Generator, int], tuple[Any, Any]]
    losses: tuple[str, ...]
    metrics: tuple[str, ...]
    small: bool
    deep: bool = False

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return -(-self.rows // self.batch)

    def arrays(self, rows: int | None = None) -> tuple[Any, Any]:
        """Make the data, always the same: inputs and targets, each an array or a list of them.

        Args:
            rows: How many. Defaults to `None`: those of the case.
        """
        return self.data(np.random.default_rng(7), rows or self.rows)

    def model(self, keras: Any, dropout: bool = True, **settings: Any) -> Any:
        """Make the model, compiled.

        Args:
            keras: A namespace like `keras`.
            dropout: Whether it has its dropout. Defaults to True.
            **settings: More arguments of `compile`.
        """
        keras.utils.set_random_seed(3)
        model = self.build(keras, dropout)
        one = len(self.losses) == 1
        model.compile(
            optimizer="adam",
            loss=self.losses[0] if one else list(self.losses),
            metrics=list(self.metrics) if one else [[metric] for metric in self.metrics],
            **settings,
        )
        return model


def _classes(count: int, *shape: int) -> Callable[[np.random.Generator, int], tuple[Any, Any]]:
    """Give data of a shape with a class that follows from it."""

    def make(rng: np.random.Generator, rows: int) -> tuple[Any, Any]:
        x = rng.normal(size=(rows, *shape)).astype("float32")
        return x, np.argmax(x.reshape(rows, -1)[:, :count], axis=1).astype("int32")

    return make


def _tokens(words: int, length: int) -> Callable[[np.random.Generator, int], tuple[Any, Any]]:
    """Give texts as numbers of words, of two classes."""

    def make(rng: np.random.Generator, rows: int) -> tuple[Any, Any]:
        x = rng.integers(1, words, size=(rows, length), dtype="int32")
        return x, (x[:, :4].sum(axis=1, keepdims=True) > 2 * words).astype("float32")

    return make


def _tiny(keras: Any, dropout: bool) -> Any:
    layers = keras.layers
    return keras.Sequential([keras.Input((4,)), layers.Dense(16, "relu"), layers.Dense(3, "softmax")])


def _mlp(keras: Any, dropout: bool) -> Any:
    layers = keras.layers
    inputs = keras.Input((784,))
    hidden = layers.Dense(128, "relu")(inputs)
    if dropout:
        hidden = layers.Dropout(0.2)(hidden)
    return keras.Model(inputs, layers.Dense(10, "softmax")(hidden))


def _cnn(keras: Any, dropout: bool) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10, "softmax"),
        ]
    )


def _lstm(keras: Any, dropout: bool) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((80,), dtype="int32"),
            layers.Embedding(2000, 32),
            layers.LSTM(32),
            layers.Dense(1, "sigmoid"),
        ]
    )


def _tabular(keras: Any, dropout: bool) -> Any:
    layers = keras.layers
    numbers, codes = keras.Input((20,)), keras.Input((4,), dtype="int32")
    hidden = layers.Concatenate()([numbers, layers.Flatten()(layers.Embedding(100, 8)(codes))])
    hidden = layers.Dense(32, "relu")(layers.Dense(64, "relu")(hidden))
    outputs = [layers.Dense(1, name="price")(hidden), layers.Dense(1, "sigmoid", name="sold")(hidden)]
    return keras.Model([numbers, codes], outputs)


def _tabular_data(rng: np.random.Generator, rows: int) -> tuple[Any, Any]:
    numbers = rng.normal(size=(rows, 20)).astype("float32")
    codes = rng.integers(0, 100, size=(rows, 4), dtype="int32")
    price = numbers[:, :3].sum(axis=1, keepdims=True) + codes[:, :1] / np.float32(100)
    return [numbers, codes], [price.astype("float32"), (price > 0.5).astype("float32")]


def _autoencoder(keras: Any, dropout: bool) -> Any:
    layers = keras.layers
    inputs = keras.Input((784,))
    code = layers.Dense(32, "relu")(layers.Dense(128, "relu")(inputs))
    return keras.Model(inputs, layers.Dense(784, "sigmoid")(layers.Dense(128, "relu")(code)))


def _autoencoder_data(rng: np.random.Generator, rows: int) -> tuple[Any, Any]:
    x = rng.uniform(size=(rows, 784)).astype("float32")
    return x, x


def _transformer(keras: Any, dropout: bool) -> Any:
    layers = keras.layers

    class Positions(keras.layers.Layer):  # type: ignore[misc]  # no generation of Keras ships types
        """Adds what was learnt of each position."""

        def build(self, shape: Any) -> None:
            """Make the table."""
            self.table = self.add_weight(shape=tuple(shape[1:]), name="table")

        def call(self, inputs: Any) -> Any:
            """Add it."""
            return inputs + self.table

    inputs = keras.Input((32,), dtype="int32")
    hidden = Positions()(layers.Embedding(1000, 32)(inputs))
    for _ in range(2):
        heard = layers.MultiHeadAttention(2, 16)(hidden, hidden)
        if dropout:
            heard = layers.Dropout(0.1)(heard)
        hidden = layers.LayerNormalization()(layers.Add()([hidden, heard]))
        thought = layers.Dense(32)(layers.Dense(64, "relu")(hidden))
        hidden = layers.LayerNormalization()(layers.Add()([hidden, thought]))
    pooled = layers.GlobalAveragePooling1D()(hidden)
    return keras.Model(inputs, layers.Dense(1, "sigmoid")(pooled))


def _resnet(keras: Any, dropout: bool) -> Any:
    layers = keras.layers

    def convolved(tensor: Any, filters: int, strides: int, size: int = 3) -> Any:
        tensor = layers.Conv2D(filters, size, strides, padding="same", use_bias=False)(tensor)
        return layers.BatchNormalization()(tensor)

    inputs = keras.Input((32, 32, 3))
    tensor = layers.ReLU()(convolved(inputs, 16, 1))
    for filters in (16, 32, 64):
        for block in range(3):
            strides = 2 if block == 0 and filters > 16 else 1
            inner = convolved(layers.ReLU()(convolved(tensor, filters, strides)), filters, 1)
            shortcut = convolved(tensor, filters, 2, size=1) if strides == 2 else tensor
            tensor = layers.ReLU()(layers.Add()([inner, shortcut]))
    return keras.Model(inputs, layers.Dense(10, "softmax")(layers.GlobalAveragePooling2D()(tensor)))


def _text(keras: Any, dropout: bool) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((100,), dtype="int32"),
            layers.Embedding(5000, 16),
            layers.GlobalAveragePooling1D(),
            layers.Dense(16, "relu"),
            layers.Dense(1, "sigmoid"),
        ]
    )


_CLASS, _TWO = ("sparse_categorical_crossentropy",), ("binary_crossentropy",)
_ACCURACY = ("accuracy",)

CASES = {
    case.name: case
    for case in (
        Case("tiny", "tiny MLP 4-16-3", 1_500, 32, _tiny, _classes(3, 4), _CLASS, _ACCURACY, True),
        Case("mlp", "MLP 784-128-10, dropout", 20_000, 32, _mlp, _classes(10, 784), _CLASS, _ACCURACY, True),
        Case("cnn", "CNN 28×28", 4_000, 64, _cnn, _classes(10, 28, 28, 1), _CLASS, _ACCURACY, False),
        Case("lstm", "LSTM, 80 tokens", 2_000, 32, _lstm, _tokens(2000, 80), _TWO, _ACCURACY, False),
        Case(
            "tabular",
            "tabular, 2 inputs, 2 outputs",
            5_000,
            32,
            _tabular,
            _tabular_data,
            ("mean_squared_error", "binary_crossentropy"),
            ("mean_absolute_error", "accuracy"),
            True,
        ),
        Case("autoencoder", "autoencoder 784-128-32", 10_000, 64, _autoencoder, _autoencoder_data, ("mse",), (), True),
        Case(
            "transformer", "transformer, 32 tokens", 2_000, 32, _transformer, _tokens(1000, 32), _TWO, _ACCURACY, False
        ),
        Case(
            "resnet",
            "ResNet-20 on 32×32",
            512,
            64,
            _resnet,
            _classes(10, 32, 32, 3),
            _CLASS,
            _ACCURACY,
            False,
            deep=True,
        ),
        Case("text", "text classifier", 5_000, 32, _text, _tokens(5000, 100), _TWO, _ACCURACY, True),
    )
}
"""Every case by its name."""
