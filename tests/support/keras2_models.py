"""Tiny models of tf_keras for the tests of the bridge: one for each layer that both libraries have."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras

L = tf_keras.layers

ROW, SERIES, IMAGE, VOLUME = (6,), (5, 4), (6, 6, 3), (4, 4, 4, 2)


def _cell(kind: str) -> Any:
    return {"lstm": L.LSTMCell(3), "gru": L.GRUCell(3), "simple": L.SimpleRNNCell(3)}[kind]


def _inner() -> Any:
    inputs = tf_keras.Input((4,))
    return tf_keras.Model(inputs, L.Dense(2)(L.BatchNormalization()(inputs)))


LAYERS: dict[str, tuple[Any, Callable[[], Any]]] = {
    "Activation": (ROW, lambda: L.Activation("hard_sigmoid")),
    "ActivityRegularization": (ROW, lambda: L.ActivityRegularization(l1=0.1)),
    "AlphaDropout": (ROW, lambda: L.AlphaDropout(0.2)),
    "AveragePooling1D": (SERIES, lambda: L.AveragePooling1D()),
    "AveragePooling2D": (IMAGE, lambda: L.AveragePooling2D(padding="same")),
    "AveragePooling3D": (VOLUME, lambda: L.AveragePooling3D()),
    "BatchNormalization": (IMAGE, lambda: L.BatchNormalization(momentum=0.9, gamma_constraint="non_neg")),
    "Bidirectional": (SERIES, lambda: L.Bidirectional(L.LSTM(3, return_sequences=True), merge_mode="sum")),
    "CategoryEncoding": (ROW, lambda: L.CategoryEncoding(num_tokens=4, output_mode="multi_hot")),
    "CenterCrop": (IMAGE, lambda: L.CenterCrop(3, 3)),
    "Conv1D": (SERIES, lambda: L.Conv1D(2, 3, padding="causal", dilation_rate=2)),
    "Conv1DTranspose": (SERIES, lambda: L.Conv1DTranspose(2, 3, strides=2)),
    "Conv2D": (IMAGE, lambda: L.Conv2D(6, 3, groups=3, kernel_regularizer="l1_l2", activation="gelu")),
    "Conv2DTranspose": (IMAGE, lambda: L.Conv2DTranspose(2, 3, strides=2, output_padding=1)),
    "Conv3D": (VOLUME, lambda: L.Conv3D(2, 2)),
    "Conv3DTranspose": (VOLUME, lambda: L.Conv3DTranspose(2, 2)),
    "ConvLSTM1D": ((3, 5, 2), lambda: L.ConvLSTM1D(2, 3)),
    "ConvLSTM2D": ((3, 5, 5, 2), lambda: L.ConvLSTM2D(2, 3, return_sequences=True)),
    "ConvLSTM3D": ((2, 3, 3, 3, 1), lambda: L.ConvLSTM3D(1, 2)),
    "Cropping1D": (SERIES, lambda: L.Cropping1D(1)),
    "Cropping2D": (IMAGE, lambda: L.Cropping2D(((1, 0), (0, 2)))),
    "Cropping3D": (VOLUME, lambda: L.Cropping3D(1)),
    "Dense": (ROW, lambda: L.Dense(3, tf.nn.relu, bias_initializer="ones", kernel_constraint=_max_norm())),
    "DepthwiseConv1D": (SERIES, lambda: L.DepthwiseConv1D(3, depth_multiplier=2)),
    "DepthwiseConv2D": (IMAGE, lambda: L.DepthwiseConv2D(3)),
    "Discretization": (ROW, lambda: L.Discretization(bin_boundaries=[0.0, 1.0, 2.0])),
    "Dropout": (ROW, lambda: L.Dropout(0.5, seed=3)),
    "ELU": (ROW, lambda: L.ELU(0.5)),
    "EinsumDense": (SERIES, lambda: L.EinsumDense("abc,cd->abd", output_shape=(None, 3), bias_axes="d")),
    "Embedding": (ROW, lambda: L.Embedding(10, 3, input_length=6)),
    "Flatten": (IMAGE, lambda: L.Flatten()),
    "GRU": (SERIES, lambda: L.GRU(3, reset_after=False, implementation=1)),
    "GaussianDropout": (ROW, lambda: L.GaussianDropout(0.1)),
    "GaussianNoise": (ROW, lambda: L.GaussianNoise(0.1)),
    "GlobalAveragePooling1D": (SERIES, lambda: L.GlobalAveragePooling1D()),
    "GlobalAveragePooling2D": (IMAGE, lambda: L.GlobalAveragePooling2D(keepdims=True)),
    "GlobalAveragePooling3D": (VOLUME, lambda: L.GlobalAveragePooling3D()),
    "GlobalMaxPooling1D": (SERIES, lambda: L.GlobalMaxPooling1D()),
    "GlobalMaxPooling2D": (IMAGE, lambda: L.GlobalMaxPooling2D()),
    "GlobalMaxPooling3D": (VOLUME, lambda: L.GlobalMaxPooling3D()),
    "GroupNormalization": (IMAGE, lambda: L.GroupNormalization(3)),
    "Hashing": (ROW, lambda: L.Hashing(5, salt=3)),
    "Identity": (ROW, lambda: L.Identity()),
    "IntegerLookup": (ROW, lambda: L.IntegerLookup(vocabulary=[1, 2], output_mode="multi_hot")),
    "LSTM": (SERIES, lambda: L.LSTM(3, recurrent_activation="hard_sigmoid", go_backwards=True)),
    "LayerNormalization": (SERIES, lambda: L.LayerNormalization(axis=[1, 2])),
    "LeakyReLU": (ROW, lambda: L.LeakyReLU(alpha=0.1)),
    "Masking": (SERIES, lambda: L.Masking(1.0)),
    "MaxPooling1D": (SERIES, lambda: L.MaxPooling1D(3, 2)),
    "MaxPooling2D": (IMAGE, lambda: L.MaxPooling2D()),
    "MaxPooling3D": (VOLUME, lambda: L.MaxPooling3D()),
    "Normalization": (ROW, lambda: L.Normalization(mean=1.0, variance=2.0)),
    "PReLU": (IMAGE, lambda: L.PReLU(shared_axes=[1, 2], alpha_initializer="ones")),
    "Permute": (SERIES, lambda: L.Permute((2, 1))),
    "RNN": (SERIES, lambda: L.RNN(_cell("gru"), return_sequences=True)),
    "RandomBrightness": (IMAGE, lambda: L.RandomBrightness(0.2)),
    "RandomContrast": (IMAGE, lambda: L.RandomContrast(0.2)),
    "RandomCrop": (IMAGE, lambda: L.RandomCrop(6, 6)),
    "RandomFlip": (IMAGE, lambda: L.RandomFlip("vertical")),
    "RandomRotation": (IMAGE, lambda: L.RandomRotation(0.2)),
    "RandomTranslation": (IMAGE, lambda: L.RandomTranslation(0.2, 0.1)),
    "RandomZoom": (IMAGE, lambda: L.RandomZoom(0.2)),
    "ReLU": (ROW, lambda: L.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.2)),
    "RepeatVector": (ROW, lambda: L.RepeatVector(2)),
    "Rescaling": (IMAGE, lambda: L.Rescaling(0.5, 1.0)),
    "Reshape": (ROW, lambda: L.Reshape((3, -1))),
    "Resizing": (IMAGE, lambda: L.Resizing(4, 8)),
    "SeparableConv1D": (SERIES, lambda: L.SeparableConv1D(2, 3)),
    "SeparableConv2D": (IMAGE, lambda: L.SeparableConv2D(2, 3)),
    "SimpleRNN": (SERIES, lambda: L.SimpleRNN(3, return_sequences=True)),
    "Softmax": (ROW, lambda: L.Softmax()),
    "SpatialDropout1D": (SERIES, lambda: L.SpatialDropout1D(0.2)),
    "SpatialDropout2D": (IMAGE, lambda: L.SpatialDropout2D(0.2)),
    "SpatialDropout3D": (VOLUME, lambda: L.SpatialDropout3D(0.2)),
    "StringLookup": (ROW, lambda: L.StringLookup(vocabulary=["1", "3"])),
    "StackedRNNCells": (SERIES, lambda: L.RNN([_cell("lstm"), _cell("simple")])),
    "TextVectorization": ((1,), lambda: L.TextVectorization(vocabulary=["one", "two"], output_sequence_length=3)),
    "ThresholdedReLU": (ROW, lambda: L.ThresholdedReLU(0.5)),
    "TimeDistributed": (SERIES, lambda: L.TimeDistributed(_inner())),
    "UnitNormalization": (ROW, lambda: L.UnitNormalization()),
    "UpSampling1D": (SERIES, lambda: L.UpSampling1D()),
    "UpSampling2D": (IMAGE, lambda: L.UpSampling2D(interpolation="bilinear")),
    "UpSampling3D": (VOLUME, lambda: L.UpSampling3D()),
    "ZeroPadding1D": (SERIES, lambda: L.ZeroPadding1D(2)),
    "ZeroPadding2D": (IMAGE, lambda: L.ZeroPadding2D(((1, 0), (2, 1)))),
    "ZeroPadding3D": (VOLUME, lambda: L.ZeroPadding3D()),
}
"""Layers of one input: the shape of a row of data, and how to make the layer."""

MERGES: dict[str, tuple[Any, Callable[[], Any]]] = {
    "Add": (ROW, lambda: L.Add()),
    "AdditiveAttention": (SERIES, lambda: L.AdditiveAttention()),
    "Attention": (SERIES, lambda: L.Attention(use_scale=True)),
    "Average": (ROW, lambda: L.Average()),
    "Concatenate": (SERIES, lambda: L.Concatenate(axis=1)),
    "Dot": (SERIES, lambda: L.Dot(axes=(1, 1))),
    "HashedCrossing": ((1,), lambda: L.HashedCrossing(5)),
    "Maximum": (ROW, lambda: L.Maximum()),
    "Minimum": (ROW, lambda: L.Minimum()),
    "MultiHeadAttention": (
        SERIES,
        lambda: lambda pair: L.MultiHeadAttention(2, 3, value_dim=2)(pair[0], value=pair[1]),
    ),
    "Multiply": (ROW, lambda: L.Multiply()),
    "Subtract": (ROW, lambda: L.Subtract()),
}
"""Layers of two inputs."""

INPUT_DTYPES = {
    "HashedCrossing": "int64",
    "Hashing": "int64",
    "IntegerLookup": "int64",
    "StringLookup": "string",
    "TextVectorization": "string",
}
"""Types of inputs that are not of numbers with a fraction."""


def _max_norm() -> Any:
    return tf_keras.constraints.MaxNorm(2.0)


def model_of(name: str) -> Any:
    """Make a functional model of tf_keras around the layer of that name, with random weights."""
    shape, make = (LAYERS | MERGES)[name]
    inputs = [tf_keras.Input(shape, dtype=INPUT_DTYPES.get(name)) for _ in range(2 if name in MERGES else 1)]
    model = tf_keras.Model(inputs, make()(inputs if name in MERGES else inputs[0]))
    generator = np.random.default_rng(1)
    model.set_weights([generator.uniform(0.2, 0.8, one.shape).astype(one.dtype) for one in model.get_weights()])
    return model


def data_for(model: Any) -> Any:
    """Make two rows for each input: numbers 0 to 3, so that they also do as indices."""
    generator = np.random.default_rng(0)
    rows = [generator.integers(0, 4, (2, *one.shape[1:])) for one in model.inputs]
    types = [one.dtype.name for one in model.inputs]
    rows = [
        tf.constant(one.astype(str) if kind == "string" else one, kind) for one, kind in zip(rows, types, strict=True)
    ]
    return rows if len(rows) > 1 else rows[0]


def save(model: Any, path: Path) -> Path:
    """Save a model of tf_keras, without its warning that `.h5` is old."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(path)
    return path
