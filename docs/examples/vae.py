"""Draw new digits with a variational autoencoder: a model of your own, with its own `train_step`.

A script for stock Keras but for one line: `import keras` there, `from kerastui.engine import keras` here.
"""

from importlib.resources import files
from typing import Any

import numpy as np
import tensorflow as tf

from kerastui.engine import keras


class Sampling(keras.layers.Layer):
    """Draw a code from the normal distribution that the encoder describes."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(1)

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        """Shift and scale standard noise, so that the gradient finds its way to mean and variance."""
        mean, log_variance = inputs
        noise = keras.random.normal(keras.ops.shape(mean), seed=self.seed_generator)
        return mean + keras.ops.exp(0.5 * log_variance) * noise


class VAE(keras.Model):
    """An encoder to a distribution of codes, a decoder back to images, and the two losses that keep them honest."""

    def __init__(self, encoder: keras.Model, decoder: keras.Model, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.encoder = encoder
        self.decoder = decoder
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.reconstruction_tracker = keras.metrics.Mean(name="reconstruction")
        self.kl_tracker = keras.metrics.Mean(name="kl")

    @property
    def metrics(self) -> list[keras.Metric]:
        """What is reported, and set to zero before each epoch."""
        return [self.loss_tracker, self.reconstruction_tracker, self.kl_tracker]

    def train_step(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """Improve the model on one batch."""
        with tf.GradientTape() as tape:
            mean, log_variance, codes = self.encoder(images, training=True)
            drawn = self.decoder(codes, training=True)
            errors = keras.losses.binary_crossentropy(images[..., None], drawn[..., None])
            reconstruction = keras.ops.mean(keras.ops.sum(errors, axis=(1, 2)))
            divergence = -0.5 * (1 + log_variance - keras.ops.square(mean) - keras.ops.exp(log_variance))
            kl = keras.ops.mean(keras.ops.sum(divergence, axis=1))
            loss = reconstruction + kl
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        self.loss_tracker.update_state(loss)
        self.reconstruction_tracker.update_state(reconstruction)
        self.kl_tracker.update_state(kl)
        return {metric.name: metric.result() for metric in self.metrics}


def make_encoder(code_size: int) -> keras.Model:
    """Describe where in the space of codes an image may lie: mean and variance, and one code drawn from there."""
    images = keras.Input((8, 8))
    x = keras.layers.Flatten()(images)
    x = keras.layers.Dense(32, activation="relu")(x)
    mean = keras.layers.Dense(code_size, name="mean")(x)
    log_variance = keras.layers.Dense(code_size, name="log_variance")(x)
    return keras.Model(images, [mean, log_variance, Sampling()([mean, log_variance])], name="encoder")


def make_decoder(code_size: int) -> keras.Model:
    """Draw an image from a code."""
    codes = keras.Input((code_size,))
    x = keras.layers.Dense(32, activation="relu")(codes)
    x = keras.layers.Dense(64, activation="sigmoid")(x)
    return keras.Model(codes, keras.layers.Reshape((8, 8))(x), name="decoder")


def main() -> dict[str, list[float]]:
    """Train on images of digits, draw three new ones, and return the history."""
    keras.utils.set_random_seed(1)
    with np.load(str(files("kerastui.assets") / "data" / "digits.npz")) as digits:
        images = digits["image"].astype("float32") / 16
    vae = VAE(make_encoder(4), make_decoder(4))
    vae.compile(optimizer=keras.optimizers.Adam(0.01))
    # Not shuffled, so that both libraries give the same numbers: once seeded, stock Keras repeats one order in every
    # epoch, and kerastui draws a new one for each.
    history = vae.fit(images, batch_size=64, epochs=6, shuffle=False, verbose=2)
    drawn = keras.ops.convert_to_numpy(vae.decoder(np.random.default_rng(1).normal(size=(3, 4))))
    for row in range(8):
        print("   ".join("".join(" .:*#"[int(grey * 4.99)] for grey in image[row]) for image in drawn))
    return history.history


if __name__ == "__main__":
    print(main())
