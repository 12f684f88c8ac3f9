"""Recognise handwritten digits with a convolutional network, and slow down when it stops getting better.

A script for stock Keras but for one line: `import keras` there, `from kerastui.engine import keras` here.
"""

from importlib.resources import files

import numpy as np
import tensorflow as tf

from kerastui.engine import keras

TRAINED = 1437
"""Images to train on; the other 360 are to test on."""


def load_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return 1,797 images, (8, 8, 1), grey from 0 to 1, and the digit that each shows, one-hot."""
    with np.load(str(files("kerastui.assets") / "data" / "digits.npz")) as digits:
        images = digits["image"].astype("float32")[..., np.newaxis] / 16
        return images, keras.utils.to_categorical(digits["digit"], 10)


def make_model() -> keras.Model:
    """Two convolutions, a pooling between them, and one decision over what they found anywhere in the image."""
    images = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(16, 3, padding="same", activation="relu")(images)
    x = keras.layers.MaxPooling2D()(x)
    x = keras.layers.Conv2D(32, 3, padding="same", use_bias=False)(x)
    x = keras.layers.BatchNormalization(momentum=0.9)(x)
    x = keras.layers.Activation("relu")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, keras.layers.Dense(10, activation="softmax")(x))


def main() -> dict[str, list[float]]:
    """Train on a shuffled `tf.data` pipeline, test after each epoch, and return the history."""
    keras.utils.set_random_seed(1)
    images, labels = load_digits()
    train = tf.data.Dataset.from_tensor_slices((images[:TRAINED], labels[:TRAINED]))
    # Shuffled by the pipeline, with a seed of its own: the same order for both libraries, another one in each epoch.
    train = train.shuffle(TRAINED, seed=1).batch(64).prefetch(tf.data.AUTOTUNE)
    test = tf.data.Dataset.from_tensor_slices((images[TRAINED:], labels[TRAINED:])).batch(180)

    model = make_model()
    model.compile(keras.optimizers.Adam(0.01), keras.losses.CategoricalCrossentropy(), metrics=["accuracy"])
    slow_down = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=1)
    history = model.fit(train, epochs=5, validation_data=test, callbacks=[slow_down], verbose=2)
    return history.history


if __name__ == "__main__":
    print(main())
