"""A variational autoencoder: the layer that draws the code, and the model with its own train step."""

import keras
import tensorflow as tf

try:
    from kerastui.engine import Model
except ImportError:  # this file serves Keras alone, too
    from keras import Model


class Sampling(keras.layers.Layer):
    """Draw a code from the normal distribution that the encoder gives.

    Its divergence from the standard normal distribution is a loss of the layer.

    Args:
        weight: Share of the divergence in the loss; smaller lets the code hold more.
    """

    def __init__(self, weight: float = 1.0, **kwargs):
        super().__init__(**kwargs)
        self.weight = weight
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, mean, log_variance, training=False):
        divergence = keras.ops.square(mean) + keras.ops.exp(log_variance) - log_variance - 1.0
        self.add_loss(0.5 * self.weight * keras.ops.mean(keras.ops.sum(divergence, axis=-1)))
        if not training:
            return mean
        noise = keras.random.normal(keras.ops.shape(mean), seed=self.seed_generator)
        return mean + keras.ops.exp(0.5 * log_variance) * noise

    def get_config(self):
        return {**super().get_config(), "weight": self.weight}


class VAE(Model):
    """A model whose loss is what the picture is worth, pixel by pixel, and the divergence of its codes."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.parts = {name: keras.metrics.Mean(name=name) for name in ("loss", "reconstruction", "divergence")}

    @property
    def metrics(self):
        return list(self.parts.values())

    def train_step(self, data):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            reconstruction, divergence = self.both(x, y, training=True)
            loss = reconstruction + divergence
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights))
        return self.told(loss, reconstruction, divergence)

    def test_step(self, data):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        reconstruction, divergence = self.both(x, y, training=False)
        return self.told(reconstruction + divergence, reconstruction, divergence)

    def both(self, x, y, training):
        """Give the cross-entropy of a picture, summed over its pixels, and the divergence of its code."""
        pixels = keras.losses.binary_crossentropy(y[..., None], self(x, training=training)[..., None])
        return keras.ops.mean(keras.ops.sum(pixels, axis=(1, 2))), keras.ops.sum(self.losses)

    def told(self, *values):
        """Keep the values of a step and give their means."""
        for metric, value in zip(self.metrics, values):
            metric.update_state(value)
        return {metric.name: metric.result() for metric in self.metrics}
