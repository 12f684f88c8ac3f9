"""Clean noisy images with an autoencoder: an encoder and a decoder, each a model, put together to a third.

A script for stock Keras but for one line: `import keras` there, `from kerastui.engine import keras` here.
"""

from importlib.resources import files

import numpy as np

from kerastui.engine import keras


def load_images() -> np.ndarray:
    """Return 1,797 images of digits, (8, 8), grey from 0 to 1."""
    with np.load(str(files("kerastui.assets") / "data" / "digits.npz")) as digits:
        return digits["image"].astype("float32") / 16


def make_encoder() -> keras.Model:
    """Squeeze an image into sixteen numbers."""
    images = keras.Input((8, 8), name="image")
    x = keras.layers.Flatten()(images)
    x = keras.layers.Dense(64, activation="relu")(x)
    return keras.Model(images, keras.layers.Dense(16, activation="relu")(x), name="encoder")


def make_decoder() -> keras.Model:
    """Draw an image from sixteen numbers."""
    codes = keras.Input((16,), name="code")
    x = keras.layers.Dense(64, activation="relu")(codes)
    x = keras.layers.Dense(64, activation="sigmoid")(x)
    return keras.Model(codes, keras.layers.Reshape((8, 8))(x), name="decoder")


def main() -> dict[str, list[float]]:
    """Learn to draw the clean image from the noisy one, and return the history."""
    keras.utils.set_random_seed(1)
    clean = load_images()
    noisy = clean + np.random.default_rng(1).normal(scale=0.3, size=clean.shape).astype("float32")

    encoder, decoder = make_encoder(), make_decoder()
    images = keras.Input((8, 8))
    autoencoder = keras.Model(images, decoder(encoder(images)))
    autoencoder.compile(keras.optimizers.Adam(0.01), loss="binary_crossentropy", metrics=["mse"])
    # Not shuffled, so that both libraries give the same numbers: once seeded, stock Keras repeats one order in every
    # epoch, and kerastui draws a new one for each.
    history = autoencoder.fit(noisy, clean, batch_size=64, epochs=5, shuffle=False, verbose=2)

    codes = encoder(noisy[:100])
    cleaned = keras.ops.convert_to_numpy(decoder(codes))
    error = [float(np.mean((images - clean[:100]) ** 2)) for images in (noisy[:100], cleaned)]
    print(f"mean squared error: {error[0]:.3f} noisy, {error[1]:.3f} drawn again from {codes.shape[1]} numbers")
    return history.history


if __name__ == "__main__":
    print(main())
