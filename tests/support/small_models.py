"""Small models and data for the tests of the Model API, and a twin in stock Keras for each."""

from typing import Any

import keras
import numpy as np

from kerastui import engine

X = np.linspace(-1.0, 1.0, 24, dtype="float32").reshape(8, 3)
Y = np.stack([X.sum(axis=1), X[:, 0] - X[:, 2] ** 2], axis=1)


def line(home: Any = engine, **settings: Any) -> Any:
    """A functional model of one Dense layer with known weights; compiled with plain SGD unless told otherwise."""
    inputs = keras.Input((3,))
    outputs = keras.layers.Dense(2, kernel_initializer=keras.initializers.Constant(0.25), name="out")(inputs)
    model = home.Model(inputs, outputs)
    model.compile(**({"optimizer": keras.optimizers.SGD(0.1), "loss": "mse"} | settings))
    return model


def two_outputs(home: Any = engine, **settings: Any) -> Any:
    """A functional model with the outputs `a` and `b`."""
    inputs = keras.Input((3,))
    ones = keras.initializers.Constant(0.25)
    outputs = [keras.layers.Dense(2, kernel_initializer=ones, name=name)(inputs) for name in ("a", "b")]
    model = home.Model(inputs, outputs)
    model.compile(**({"optimizer": keras.optimizers.SGD(0.1), "loss": "mse"} | settings))
    return model


class Recorder(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
    """Remember each call: name, and epoch or batch where there is one."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Any] = []
        for name in [name for name in dir(keras.callbacks.Callback) if name.startswith("on_")]:
            setattr(self, name, self._remember(name))

    def _remember(self, name: str) -> Any:
        def remember(*args: Any, **kwargs: Any) -> None:
            self.calls.append((name, args[0]) if args and isinstance(args[0], int) else (name,))

        return remember

    def count(self, name: str) -> int:
        """How often it was called."""
        return sum(call[0] == name for call in self.calls)


def weights_of(model: Any) -> list[bytes]:
    """The weights, for comparison bit by bit."""
    return [np.asarray(weight).tobytes() for weight in model.get_weights()]
