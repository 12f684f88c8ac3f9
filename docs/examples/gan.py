"""Forge points on a ring with a generative adversarial network: two networks, two optimizers, one `train_step`.

A script for stock Keras but for one line: `import keras` there, `from kerastui.engine import keras` here.
"""

from typing import Any

import numpy as np
import tensorflow as tf

from kerastui.engine import keras

NOISE = 8
"""Random numbers that the generator makes one point from."""


def points_on_a_ring(count: int) -> np.ndarray:
    """Return points, (count, 2), near the unit circle."""
    chance = np.random.default_rng(1)
    angle = chance.uniform(0, 2 * np.pi, count)
    radius = 1 + chance.normal(scale=0.05, size=count)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).astype("float32")


def make_network(name: str, inputs: int, outputs: int) -> keras.Model:
    """Make a small network of dense layers."""
    hidden = [keras.layers.Dense(32, activation="leaky_relu") for _ in range(2)]
    return keras.Sequential([keras.Input((inputs,)), *hidden, keras.layers.Dense(outputs)], name=name)


class GAN(keras.Model):
    """A generator that forges points, and a discriminator that tells them from real ones."""

    def __init__(self, generator: keras.Model, discriminator: keras.Model, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.generator = generator
        self.discriminator = discriminator
        self.seed_generator = keras.random.SeedGenerator(1)
        self.generator_tracker = keras.metrics.Mean(name="generator_loss")
        self.discriminator_tracker = keras.metrics.Mean(name="discriminator_loss")

    def compile(self, generator_optimizer: Any, discriminator_optimizer: Any, loss_fn: Any) -> None:
        """Take an optimizer for each network and the loss that both play for."""
        super().compile()
        self.generator_optimizer = generator_optimizer
        self.discriminator_optimizer = discriminator_optimizer
        self.loss_fn = loss_fn

    @property
    def metrics(self) -> list[keras.Metric]:
        """What is reported, and set to zero before each epoch."""
        return [self.generator_tracker, self.discriminator_tracker]

    def forge(self, count: int) -> tf.Tensor:
        """Make points out of noise."""
        return self.generator(keras.random.normal((count, NOISE), seed=self.seed_generator), training=True)

    def train_step(self, real: tf.Tensor) -> dict[str, tf.Tensor]:
        """Improve the discriminator on real and forged points, then the generator on what the discriminator says."""
        count = keras.ops.shape(real)[0]
        points = keras.ops.concatenate([real, self.forge(count)])
        is_real = keras.ops.concatenate([keras.ops.ones((count, 1)), keras.ops.zeros((count, 1))])
        with tf.GradientTape() as tape:
            discriminator_loss = self.loss_fn(is_real, self.discriminator(points, training=True))
        weights = self.discriminator.trainable_weights
        gradients = tape.gradient(discriminator_loss, weights)
        self.discriminator_optimizer.apply_gradients(zip(gradients, weights, strict=True))

        with tf.GradientTape() as tape:
            verdict = self.discriminator(self.forge(count))
            generator_loss = self.loss_fn(keras.ops.ones((count, 1)), verdict)
        weights = self.generator.trainable_weights
        gradients = tape.gradient(generator_loss, weights)
        self.generator_optimizer.apply_gradients(zip(gradients, weights, strict=True))

        self.discriminator_tracker.update_state(discriminator_loss)
        self.generator_tracker.update_state(generator_loss)
        return {metric.name: metric.result() for metric in self.metrics}


def main() -> dict[str, list[float]]:
    """Let the two compete, say how near to the circle the forged points lie, and return the history."""
    keras.utils.set_random_seed(1)
    real = points_on_a_ring(2048)
    gan = GAN(make_network("generator", NOISE, 2), make_network("discriminator", 2, 1))
    gan.compile(
        generator_optimizer=keras.optimizers.Adam(0.005, beta_1=0.5),
        discriminator_optimizer=keras.optimizers.Adam(0.005, beta_1=0.5),
        loss_fn=keras.losses.BinaryCrossentropy(from_logits=True),
    )
    # Shuffled by the pipeline, with a seed of its own: the same order for both libraries, another one in each epoch.
    batches = tf.data.Dataset.from_tensor_slices(real).shuffle(2048, seed=1).batch(64)
    history = gan.fit(batches, epochs=10, verbose=2)
    radius = np.linalg.norm(keras.ops.convert_to_numpy(gan.forge(500)), axis=1)
    print(f"forged points lie {radius.mean():.2f} ± {radius.std():.2f} from the centre, real ones 1.00 ± 0.05")
    return history.history


if __name__ == "__main__":
    print(main())
