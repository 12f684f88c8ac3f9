"""Recognise handwritten digits with a multi-layer perceptron.

A script for stock Keras but for one line: `import keras` there, `from kerastui.engine import keras` here.
"""

from importlib.resources import files

import numpy as np

from kerastui.engine import keras


def load_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return 1,797 images, (8, 8), grey from 0 to 1, and the digit that each shows."""
    with np.load(str(files("kerastui.assets") / "data" / "digits.npz")) as digits:
        return digits["image"].astype("float32") / 16, digits["digit"]


def make_model() -> keras.Model:
    """Flatten the image, look at it with 64 units, and tell the digits apart."""
    return keras.Sequential(
        [
            keras.Input((8, 8)),
            keras.layers.Flatten(),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


def main() -> dict[str, list[float]]:
    """Train for five epochs and return the history."""
    keras.utils.set_random_seed(1)
    images, labels = load_digits()
    model = make_model()
    model.compile(optimizer=keras.optimizers.Adam(0.005), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    # Not shuffled, so that both libraries give the same numbers: once seeded, stock Keras repeats one order in every
    # epoch, and kerastui draws a new one for each.
    history = model.fit(images, labels, batch_size=64, epochs=5, validation_split=0.2, shuffle=False, verbose=2)
    return history.history


if __name__ == "__main__":
    print(main())
