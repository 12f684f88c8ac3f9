"""One layer for each entry of the catalog, with arguments that are not the default, and the data it takes."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

L = keras.layers

ROW, SERIES, IMAGE, VOLUME, TEXT, SOUND = (6,), (5, 4), (6, 6, 3), (4, 4, 4, 2), (1,), (400,)
FRAMES = {1: (3, 5, 2), 2: (2, 5, 5, 2), 3: (2, 3, 3, 3, 1)}

ONE: dict[str, tuple[tuple[int, ...], Callable[[], Any]]] = {
    "Activation": (ROW, lambda: L.Activation("gelu")),
    "ActivityRegularization": (ROW, lambda: L.ActivityRegularization(l1=0.1)),
    "AdaptiveAveragePooling1D": (SERIES, lambda: L.AdaptiveAveragePooling1D(2)),
    "AdaptiveAveragePooling2D": (IMAGE, lambda: L.AdaptiveAveragePooling2D((2, 3))),
    "AdaptiveAveragePooling3D": (VOLUME, lambda: L.AdaptiveAveragePooling3D(2)),
    "AdaptiveMaxPooling1D": (SERIES, lambda: L.AdaptiveMaxPooling1D(2)),
    "AdaptiveMaxPooling2D": (IMAGE, lambda: L.AdaptiveMaxPooling2D((2, 3))),
    "AdaptiveMaxPooling3D": (VOLUME, lambda: L.AdaptiveMaxPooling3D(2)),
    "AlphaDropout": (ROW, lambda: L.AlphaDropout(0.2, seed=5)),
    "AugMix": (IMAGE, lambda: L.AugMix(num_chains=2)),
    "AutoContrast": (IMAGE, lambda: L.AutoContrast((0, 4))),
    "AveragePooling1D": (SERIES, lambda: L.AveragePooling1D(3, 2)),
    "AveragePooling2D": (IMAGE, lambda: L.AveragePooling2D(3, padding="same")),
    "AveragePooling3D": (VOLUME, lambda: L.AveragePooling3D(2, 1)),
    "BatchNormalization": (IMAGE, lambda: L.BatchNormalization(axis=1, momentum=0.9, gamma_constraint="non_neg")),
    "Bidirectional": (SERIES, lambda: L.Bidirectional(L.LSTM(3, return_sequences=True), merge_mode="sum")),
    "CategoryEncoding": (ROW, lambda: L.CategoryEncoding(num_tokens=4, output_mode="multi_hot")),
    "CenterCrop": (IMAGE, lambda: L.CenterCrop(3, 4)),
    "ContrastLimitedAdaptiveHistogramEqualization": (
        IMAGE,
        lambda: L.ContrastLimitedAdaptiveHistogramEqualization(clip_limit=3.0),
    ),
    "Conv1D": (SERIES, lambda: L.Conv1D(2, 3, padding="causal", dilation_rate=2)),
    "Conv1DTranspose": (SERIES, lambda: L.Conv1DTranspose(2, 3, strides=2)),
    "Conv2D": (IMAGE, lambda: L.Conv2D(6, 3, groups=3, kernel_regularizer="l2", activation="relu")),
    "Conv2DTranspose": (IMAGE, lambda: L.Conv2DTranspose(2, 3, strides=2, output_padding=1)),
    "Conv3D": (VOLUME, lambda: L.Conv3D(2, 2, use_bias=False)),
    "Conv3DTranspose": (VOLUME, lambda: L.Conv3DTranspose(2, 2)),
    "ConvLSTM1D": (FRAMES[1], lambda: L.ConvLSTM1D(2, 3)),
    "ConvLSTM2D": (FRAMES[2], lambda: L.ConvLSTM2D(2, 3, return_sequences=True)),
    "ConvLSTM3D": (FRAMES[3], lambda: L.ConvLSTM3D(1, 2)),
    "Cropping1D": (SERIES, lambda: L.Cropping1D(1)),
    "Cropping2D": (IMAGE, lambda: L.Cropping2D(((1, 0), (0, 2)))),
    "Cropping3D": (VOLUME, lambda: L.Cropping3D(1)),
    "CutMix": (IMAGE, lambda: L.CutMix(factor=0.5)),
    "Dense": (ROW, lambda: L.Dense(3, "tanh", bias_initializer="ones", kernel_constraint="unit_norm")),
    "DepthwiseConv1D": (SERIES, lambda: L.DepthwiseConv1D(3, depth_multiplier=2)),
    "DepthwiseConv2D": (IMAGE, lambda: L.DepthwiseConv2D(3)),
    "Discretization": (ROW, lambda: L.Discretization(bin_boundaries=[0.0, 1.0, 2.0])),
    "Dropout": (ROW, lambda: L.Dropout(0.5, seed=3)),
    "ELU": (ROW, lambda: L.ELU(0.5)),
    "EinsumDense": (SERIES, lambda: L.EinsumDense("abc,cd->abd", output_shape=(None, 3), bias_axes="d")),
    "Embedding": (ROW, lambda: L.Embedding(10, 3, embeddings_initializer="zeros")),
    "Equalization": (IMAGE, lambda: L.Pipeline([L.Equalization((0, 4), bins=8), L.Rescaling(0.5)])),
    "Flatten": (IMAGE, lambda: L.Flatten()),
    "GRU": (SERIES, lambda: L.GRU(3, reset_after=False, go_backwards=True)),
    "GaussianDropout": (ROW, lambda: L.GaussianDropout(0.1)),
    "GaussianNoise": (ROW, lambda: L.GaussianNoise(0.1, seed=2)),
    "GlobalAveragePooling1D": (SERIES, lambda: L.GlobalAveragePooling1D(keepdims=True)),
    "GlobalAveragePooling2D": (IMAGE, lambda: L.GlobalAveragePooling2D(keepdims=True)),
    "GlobalAveragePooling3D": (VOLUME, lambda: L.GlobalAveragePooling3D()),
    "GlobalMaxPooling1D": (SERIES, lambda: L.GlobalMaxPooling1D(keepdims=True)),
    "GlobalMaxPooling2D": (IMAGE, lambda: L.GlobalMaxPooling2D()),
    "GlobalMaxPooling3D": (VOLUME, lambda: L.GlobalMaxPooling3D()),
    "GroupNormalization": (IMAGE, lambda: L.GroupNormalization(3, epsilon=0.01)),
    "Hashing": (ROW, lambda: L.Hashing(5, salt=3)),
    "Identity": (ROW, lambda: L.Identity()),
    "IntegerLookup": (ROW, lambda: L.IntegerLookup(vocabulary=[1, 2], output_mode="multi_hot")),
    "LSTM": (SERIES, lambda: L.LSTM(3, return_sequences=True, unit_forget_bias=False, dropout=0.1)),
    "LayerNormalization": (SERIES, lambda: L.LayerNormalization(axis=[1, 2], epsilon=0.01)),
    "LeakyReLU": (ROW, lambda: L.LeakyReLU(0.1)),
    "Masking": (SERIES, lambda: L.Masking(1.0)),
    "MaxPooling1D": (SERIES, lambda: L.MaxPooling1D(3, 2)),
    "MaxPooling2D": (IMAGE, lambda: L.MaxPooling2D(3, padding="same")),
    "MaxPooling3D": (VOLUME, lambda: L.MaxPooling3D()),
    "MelSpectrogram": (SOUND, lambda: L.MelSpectrogram(num_mel_bins=8, fft_length=64, sequence_stride=32)),
    "MixUp": (IMAGE, lambda: L.MixUp(alpha=0.4)),
    "Normalization": (ROW, lambda: L.Normalization(mean=[1.0] * 6, variance=[2.0] * 6)),
    "PReLU": (IMAGE, lambda: L.PReLU(shared_axes=[1, 2], alpha_initializer="ones")),
    "Permute": (SERIES, lambda: L.Permute((2, 1))),
    "Pipeline": (IMAGE, lambda: L.Pipeline([L.Rescaling(0.5), L.CenterCrop(3, 3)])),
    "RMSNormalization": (SERIES, lambda: L.RMSNormalization(epsilon=0.01)),
    "RNN": (SERIES, lambda: L.RNN([L.GRUCell(3), L.SimpleRNNCell(2)], return_sequences=True)),
    "RandAugment": (IMAGE, lambda: L.RandAugment((0, 4), num_ops=1)),
    "RandomBrightness": (IMAGE, lambda: L.RandomBrightness(0.2, value_range=(0, 4))),
    "RandomColorDegeneration": (IMAGE, lambda: L.RandomColorDegeneration(0.2, value_range=(0, 4))),
    "RandomColorJitter": (IMAGE, lambda: L.RandomColorJitter((0, 4), hue_factor=0.1)),
    "RandomContrast": (IMAGE, lambda: L.RandomContrast(0.2)),
    "RandomCrop": (IMAGE, lambda: L.RandomCrop(6, 6)),
    "RandomElasticTransform": (IMAGE, lambda: L.RandomElasticTransform(0.2)),
    "RandomErasing": (IMAGE, lambda: L.RandomErasing(0.2)),
    "RandomFlip": (IMAGE, lambda: L.RandomFlip("vertical")),
    "RandomGaussianBlur": (IMAGE, lambda: L.RandomGaussianBlur(0.2, kernel_size=3)),
    "RandomGrayscale": (IMAGE, lambda: L.RandomGrayscale(0.2)),
    "RandomHue": (IMAGE, lambda: L.RandomHue(0.2, value_range=(0, 4))),
    "RandomInvert": (IMAGE, lambda: L.RandomInvert(0.2)),
    "RandomPerspective": (IMAGE, lambda: L.RandomPerspective(0.2)),
    "RandomPosterization": (IMAGE, lambda: L.RandomPosterization(4, value_range=(0, 4))),
    "RandomRotation": (IMAGE, lambda: L.RandomRotation(0.2, fill_mode="nearest")),
    "RandomSaturation": (IMAGE, lambda: L.RandomSaturation(0.2, value_range=(0, 4))),
    "RandomSharpness": (IMAGE, lambda: L.RandomSharpness(0.2, value_range=(0, 4))),
    "RandomShear": (IMAGE, lambda: L.RandomShear((0.1, 0.2))),
    "RandomTranslation": (IMAGE, lambda: L.RandomTranslation(0.2, 0.1)),
    "RandomZoom": (IMAGE, lambda: L.RandomZoom(0.2, seed=7)),
    "ReLU": (ROW, lambda: L.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.2)),
    "RepeatVector": (ROW, lambda: L.RepeatVector(2)),
    "Rescaling": (IMAGE, lambda: L.Rescaling(0.5, 1.0)),
    "Reshape": (ROW, lambda: L.Reshape((3, -1))),
    "Resizing": (IMAGE, lambda: L.Resizing(4, 8, interpolation="nearest")),
    "ReversibleEmbedding": (ROW, lambda: L.ReversibleEmbedding(10, 3, tie_weights=False)),
    "STFTSpectrogram": (
        (*SOUND, 1),
        lambda: L.STFTSpectrogram(frame_length=64, frame_step=32, fft_length=64, window=None),
    ),
    "SeparableConv1D": (SERIES, lambda: L.SeparableConv1D(2, 3)),
    "SeparableConv2D": (IMAGE, lambda: L.SeparableConv2D(2, 3, depth_multiplier=2)),
    "SimpleRNN": (SERIES, lambda: L.SimpleRNN(3, return_sequences=True)),
    "Softmax": (SERIES, lambda: L.Softmax(axis=1)),
    "Solarization": (IMAGE, lambda: L.Solarization(0.2, value_range=(0, 4))),
    "SpatialDropout1D": (SERIES, lambda: L.SpatialDropout1D(0.2)),
    "SpatialDropout2D": (IMAGE, lambda: L.SpatialDropout2D(0.2)),
    "SpatialDropout3D": (VOLUME, lambda: L.SpatialDropout3D(0.2)),
    "SpectralNormalization": (ROW, lambda: L.SpectralNormalization(L.Dense(3), power_iterations=2)),
    "StringLookup": (TEXT, lambda: L.StringLookup(vocabulary=["1", "3"], num_oov_indices=2)),
    "TextVectorization": (TEXT, lambda: L.TextVectorization(vocabulary=["1", "two"], output_sequence_length=3)),
    "TimeDistributed": (SERIES, lambda: L.TimeDistributed(L.Dense(2, "relu"))),
    "UnitNormalization": (SERIES, lambda: L.UnitNormalization(axis=1)),
    "UpSampling1D": (SERIES, lambda: L.UpSampling1D(3)),
    "UpSampling2D": (IMAGE, lambda: L.UpSampling2D(interpolation="bilinear")),
    "UpSampling3D": (VOLUME, lambda: L.UpSampling3D((1, 2, 1))),
    "ZeroPadding1D": (SERIES, lambda: L.ZeroPadding1D(2)),
    "ZeroPadding2D": (IMAGE, lambda: L.ZeroPadding2D(((1, 0), (2, 1)))),
    "ZeroPadding3D": (VOLUME, lambda: L.ZeroPadding3D(2)),
}
"""Layers of one input: the shape of a row of data, and how to make the layer."""

TWO: dict[str, tuple[tuple[int, ...], Callable[[], Any]]] = {
    "Add": (ROW, lambda: L.Add()),
    "AdditiveAttention": (SERIES, lambda: L.AdditiveAttention(use_scale=False)),
    "Attention": (SERIES, lambda: L.Attention(use_scale=True, score_mode="concat")),
    "Average": (ROW, lambda: L.Average()),
    "Concatenate": (SERIES, lambda: L.Concatenate(axis=1)),
    "Dot": (SERIES, lambda: L.Dot(axes=(1, 1))),
    "HashedCrossing": (TEXT, lambda: L.HashedCrossing(5)),
    "Maximum": (ROW, lambda: L.Maximum()),
    "Minimum": (ROW, lambda: L.Minimum()),
    "Multiply": (ROW, lambda: L.Multiply()),
    "Subtract": (ROW, lambda: L.Subtract()),
}
"""Layers that take a list of two tensors."""

ROLES: dict[str, tuple[tuple[int, ...], Callable[[], Any]]] = {
    "GroupQueryAttention": (SERIES, lambda: L.GroupQueryAttention(3, 4, 2)),
    "MultiHeadAttention": (SERIES, lambda: L.MultiHeadAttention(2, 3, value_dim=2)),
}
"""Layers whose tensors have roles, each an argument of its own."""

LEFT_OUT = {
    "MaxNumBoundingBoxes": "takes boxes in a dict beside the images, which no functional graph holds",
    "TFSMLayer": "runs a SavedModel that lies elsewhere; files with it are refused unless `safe_mode=False`",
}
"""Entries of the catalog that are not tested like the others, and why."""

TYPES = {"Hashing": "int64", "HashedCrossing": "int64", "IntegerLookup": "int64", "Embedding": "int32"}
TYPES |= {"StringLookup": "string", "TextVectorization": "string"}
"""Types of inputs that are not `float32`."""


def kind_of_input(name: str) -> tuple[tuple[int, ...], str]:
    """Give the shape of a row, and the type, of what a layer takes."""
    return (ONE | TWO | ROLES)[name][0], TYPES.get(name, "float32")


def called(name: str, tensors: list[Any]) -> Any:
    """Make the layer, called as the entry, and call it on one or two of the tensors."""
    layer = (ONE | TWO | ROLES)[name][1]()
    layer.name = name.lower()
    if name in ONE:
        return layer(tensors[0])
    return layer(tensors) if name in TWO else layer(tensors[0], tensors[1])


def rows_of(shape: tuple[int, ...], kind: str, seed: int) -> Any:
    """Make two rows of numbers 0 to 3, so that they also do as indices."""
    rows = np.random.default_rng(seed).integers(0, 4, (2, *shape))
    return rows.astype(str).astype(object) if kind == "string" else rows.astype(kind)
