"""Teach a trained network something new: freeze it, train a new head, then thaw it and fine-tune.

A script for stock Keras but for one line: `import keras` there, `from kerastui.engine import keras` here.
"""

from importlib.resources import files

import numpy as np

from kerastui.engine import keras


def load_digits(wanted: range) -> tuple[np.ndarray, np.ndarray]:
    """Return the images, (8, 8, 1), of some digits, grey from 0 to 1, and the digits counted from 0."""
    with np.load(str(files("kerastui.assets") / "data" / "digits.npz")) as digits:
        images, labels = digits["image"].astype("float32")[..., np.newaxis] / 16, digits["digit"].astype("int32")
    chosen = np.isin(labels, wanted)
    return images[chosen], labels[chosen] - wanted.start


def make_base() -> keras.Model:
    """Turn an image into 64 features."""
    images = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(16, 3, padding="same", activation="relu")(images)
    x = keras.layers.MaxPooling2D()(x)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Flatten()(x)
    return keras.Model(images, keras.layers.Dense(64, activation="relu")(x), name="base")


def with_head(base: keras.Model, training: bool | None = None) -> keras.Model:
    """Put a new decision among five classes on top of the features."""
    images = keras.Input((8, 8, 1))
    features = base(images, training=training)
    return keras.Model(images, keras.layers.Dense(5, activation="softmax")(features))


def train(
    model: keras.Model, rate: float, images: np.ndarray, labels: np.ndarray, epochs: int
) -> dict[str, list[float]]:
    """Compile, which is what makes a change of `trainable` count, and train."""
    model.compile(keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    # Not shuffled, so that both libraries give the same numbers: once seeded, stock Keras repeats one order in every
    # epoch, and kerastui draws a new one for each.
    history = model.fit(images, labels, epochs=epochs, shuffle=False, verbose=2)
    return history.history


def main() -> dict[str, list[float]]:
    """Learn 0 to 4, then 5 to 9 on top of it, and return the histories of the three stages."""
    keras.utils.set_random_seed(1)
    base = make_base()
    stages = {"base": train(with_head(base), 0.003, *load_digits(range(5)), epochs=2)}

    base.trainable = False
    # `training=False` keeps the normalization's means and variances as they are, also when the base is thawed.
    model = with_head(base, training=False)
    images, labels = load_digits(range(5, 10))
    stages["head"] = train(model, 0.003, images, labels, epochs=2)

    base.trainable = True
    stages["fine"] = train(model, 0.0003, images, labels, epochs=2)
    return {f"{stage}_{name}": values for stage, history in stages.items() for name, values in history.items()}


if __name__ == "__main__":
    print(main())
