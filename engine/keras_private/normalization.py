"""Batch normalization of images by TensorFlow's fused operation, in training.

Keras 3 composes it of some ten operations, each of which reads or writes the whole batch of feature maps; TensorFlow
has one for it, and one for its gradient, which tf_keras uses. What they give is equal but for rounding.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

import keras
import tensorflow as tf

from kerastui.engine.keras_private.steps import in_fast_step

BatchNormalization = keras.layers.BatchNormalization
_STOCK = BatchNormalization.call

LEAST_EPSILON = 1.001e-5
"""cuDNN refuses less than 1e-5: https://docs.nvidia.com/deeplearning/cudnn, `CUDNN_BN_MIN_EPSILON`."""


def install() -> None:
    """Have Keras's layer normalize images by the fused operation within fast steps."""
    BatchNormalization.call = _call


@wraps(_STOCK)
def _call(layer: Any, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
    if not (in_fast_step() and _is_fusable(layer, inputs, training, mask)):
        return _STOCK(layer, inputs, training=training, mask=mask)
    images = tf.cast(inputs, tf.float32)
    channels = images.shape[-1]
    scale = tf.convert_to_tensor(layer.gamma) if layer.scale else tf.ones(channels)
    offset = tf.convert_to_tensor(layer.beta) if layer.center else tf.zeros(channels)
    found = tf.raw_ops.FusedBatchNormV3(
        x=images, scale=scale, offset=offset, mean=tf.zeros(0), variance=tf.zeros(0), epsilon=layer.epsilon
    )
    values = tf.cast(tf.size(images) // channels, tf.float32)
    # The operation gives the variance with n - 1 below, Keras keeps that with n.
    variance = found.batch_variance * (tf.maximum(values - 1.0, 1.0) / values)
    for moving, now in ((layer.moving_mean, found.batch_mean), (layer.moving_variance, variance)):
        moving.assign(moving * layer.momentum + now * (1.0 - layer.momentum))
    return tf.cast(found.y, layer.compute_dtype)


def _is_fusable(layer: Any, inputs: Any, training: bool | None, mask: Any) -> bool:
    """Say whether the fused operation does for a call what the layer is to do."""
    # A class made of it may compute its moments in another way.
    plain = type(layer) is BatchNormalization and mask is None and not layer.renorm and not layer.synchronized
    images = isinstance(inputs, tf.Tensor) and len(inputs.shape) == 4 and layer.axis in (-1, 3)
    types = {inputs.dtype.name} <= {"float32", "float16", "bfloat16"} and layer.variable_dtype == "float32"
    return training is True and layer.trainable and plain and images and types and layer.epsilon >= LEAST_EPSILON
