"""Small models of many kinds, each with samples, to be exported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastui.engine import Input, Model, Sequential

layers = keras.layers
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(12, 4)).astype("float32")
SERIES = RANDOM.normal(size=(12, 5, 3)).astype("float32")
PIXELS = RANDOM.normal(size=(12, 8, 8, 2)).astype("float32")
TOKENS = RANDOM.integers(0, 10, (12, 6)).astype("int32")

Made = tuple[Any, Any]


def dense() -> Made:
    return Sequential([Input((4,)), layers.Dense(8, activation="relu"), layers.Dense(2)]), X


def normalised() -> Made:
    inputs = Input((4,), name="row")
    hidden = layers.BatchNormalization()(layers.Normalization(mean=[0.5] * 4, variance=[2.0] * 4)(inputs))
    return Model(inputs, layers.Dense(1)(layers.Dropout(0.5)(hidden))), X


def images() -> Made:
    inputs = Input((8, 8, 2))
    hidden = layers.MaxPooling2D()(layers.Conv2D(3, 3, activation="relu")(inputs))
    return Model(inputs, layers.Dense(2)(layers.Flatten()(hidden))), PIXELS


def upscaled() -> Made:
    inputs = Input((8, 8, 2))
    hidden = layers.BatchNormalization()(layers.DepthwiseConv2D(3, padding="same")(inputs))
    return Model(inputs, layers.Conv2DTranspose(2, 3, strides=2)(layers.UpSampling2D()(hidden))), PIXELS


def lstm() -> Made:
    return Sequential([Input((5, 3)), layers.LSTM(4), layers.Dense(1)]), SERIES


def gru() -> Made:
    return Sequential([Input((5, 3)), layers.GRU(4), layers.Dense(1)]), SERIES


def gru_of_any_length() -> Made:
    return Sequential([Input((None, 3)), layers.GRU(4), layers.Dense(1)]), SERIES


def bidirectional() -> Made:
    return Sequential([Input((5, 3)), layers.Bidirectional(layers.LSTM(4)), layers.Dense(1)]), SERIES


def masked_tokens() -> Made:
    inputs = Input((6,), dtype="int32")
    hidden = layers.GRU(4)(layers.Embedding(10, 4, mask_zero=True)(inputs))
    return Model(inputs, layers.Dense(3, activation="softmax")(hidden)), TOKENS


def tokens() -> Made:
    inputs = Input((6,), dtype="int32")
    hidden = layers.GlobalAveragePooling1D()(layers.Embedding(10, 4)(inputs))
    return Model(inputs, layers.Dense(3, activation="softmax")(hidden)), TOKENS


def transformer() -> Made:
    inputs = Input((5, 4))
    seen = layers.LayerNormalization()(layers.MultiHeadAttention(2, 3)(inputs, inputs) + inputs)
    hidden = layers.Dense(4)(layers.Dense(8, activation="gelu")(seen))
    return Model(inputs, layers.LayerNormalization()(layers.Add()([hidden, seen]))), RANDOM.normal(size=(12, 5, 4))


def several() -> Made:
    one, other = Input((4,), name="z_first"), Input((2,), name="a_second")
    both = layers.Concatenate()([one, other])
    model = Model([one, other], [layers.Dense(2, name="z_out")(both), layers.Dense(2, name="a_out")(both)])
    return model, {"a_second": X[:, :2], "z_first": X}


def named() -> Made:
    wide, deep = Input((4,), name="wide"), Input((2,), name="deep")
    both = layers.Concatenate()([layers.Dense(3, activation="tanh")(deep), wide])
    outputs = {"zeta": layers.Dense(2, name="second")(both), "alpha": layers.Dense(1, name="first")(both)}
    return Model({"wide": wide, "deep": deep}, outputs), {"wide": X, "deep": X[:, :2]}


class Gate(Model):
    """A subclass of two arguments with a dict of outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(4)

    def call(self, rows: Any, gate: Any) -> Any:
        """Give the gated rows and what was taken away."""
        kept = self.dense(rows) * gate
        return {"kept": kept, "away": rows - kept}


def subclass() -> Made:
    model: Any = Gate()
    gate = np.linspace(0, 1, len(X), dtype="float32")[:, None]
    model(tf.constant(X), tf.constant(gate))
    return model, (X, gate)


def shared() -> Made:
    inner = Sequential([Input((4,)), layers.Dense(4, activation="relu"), layers.Dense(3)], name="inner")
    one, other = Input((4,), name="one"), Input((4,), name="other")
    both = layers.Concatenate()([inner(one), inner(other)])
    return Model([one, other], layers.Dense(1)(both)), [X, X[::-1]]


def half() -> Made:
    inputs = Input((4,))
    hidden = layers.Dense(8, activation="relu", dtype="mixed_float16")(inputs)
    return Model(inputs, layers.Dense(2, dtype="float32")(hidden)), X


def words() -> Made:
    inputs = Input((1,), dtype="string")
    found = layers.StringLookup(vocabulary=["cat", "dog", "mouse"])(inputs)
    hidden = layers.Flatten()(layers.Embedding(5, 3)(found))
    return Model(inputs, layers.Dense(2)(hidden)), np.array([["dog"], ["cat"], ["bird"], ["mouse"]] * 3)


def sentences() -> Made:
    vectorize = layers.TextVectorization(output_mode="int", output_sequence_length=4, vocabulary=["the", "cat", "sat"])
    inputs = Input((1,), dtype="string")
    hidden = layers.GlobalMaxPooling1D()(layers.Embedding(6, 3)(vectorize(inputs)))
    return Model(inputs, layers.Dense(2)(hidden)), np.array([["The cat sat."], ["a dog, the cat"]] * 6)


KINDS: dict[str, Callable[[], Made]] = {
    "dense": dense,
    "BatchNormalization": normalised,
    "convolution": images,
    "transposed convolution": upscaled,
    "LSTM": lstm,
    "GRU": gru,
    "GRU, any length": gru_of_any_length,
    "Bidirectional": bidirectional,
    "tokens": tokens,
    "masked tokens": masked_tokens,
    "transformer": transformer,
    "lists in and out": several,
    "dicts in and out": named,
    "subclass": subclass,
    "shared, nested": shared,
    "mixed precision": half,
    "StringLookup": words,
    "TextVectorization": sentences,
}
"""The kinds of model by what is special about each."""

FORMATS = {
    "SavedModel": ("tf_saved_model", "m"),
    "ONNX": ("onnx", "m.onnx"),
    "LiteRT": ("litert", "m.tflite"),
    "LiteRT int8": ("litert", "m.tflite"),
    "OpenVINO": ("openvino", "m.xml"),
}
"""What a model is exported as, with the name of the format and of a file; int8 is calibrated with the samples."""

REFUSED = {
    ("GRU, any length", "LiteRT"),
    ("GRU, any length", "LiteRT int8"),
    ("GRU, any length", "OpenVINO"),
    ("StringLookup", "ONNX"),
    ("StringLookup", "LiteRT int8"),
    ("StringLookup", "OpenVINO"),
    ("TextVectorization", "ONNX"),
    ("TextVectorization", "LiteRT"),
    ("TextVectorization", "LiteRT int8"),
    ("TextVectorization", "OpenVINO"),
}
"""What a format has no operations for."""

MISCOMPUTED = {
    (
        "transformer",
        "LiteRT int8",
    ): "XNNPACK, which TensorFlow 2.21's interpreter uses, is off by up to 1.4 in attention "
    "with int8; the same file run without it is right within 0.1",
}
"""What the runtime itself gets wrong; the error that is seen is what a user gets."""


def tolerance(kind: str, name: str) -> float:
    """Give the error that is still the same model: of sums in another order, of half precision, of 8 bits."""
    if name == "LiteRT int8":
        return 0.1
    return 1e-3 if kind == "mixed precision" else 1e-5


def exported(kind: str, name: str, folder: Path) -> float:
    """Make a model of a kind, export it and run what was written; give the largest error."""
    keras.utils.set_random_seed(1)
    model, samples = KINDS[kind]()
    form, file = FORMATS[name]
    options = {"calibration": samples} if name == "LiteRT int8" else {}
    return float(model.export(folder / file, format=form, verify=samples, verbose=False, **options))
