"""Exports of every format are run on samples, and say how far they are from the model."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastui.engine import Input, Model, Sequential
from kerastui.engine.saving import exporting
from kerastui.engine.saving.verifying import arguments_of, compare, largest_error

layers = keras.layers
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(12, 4)).astype("float32")
FILES = {"tf_saved_model": "m", "onnx": "m.onnx", "litert": "m.tflite", "openvino": "m.xml"}


def installed(name: str) -> bool:
    needed = (*exporting.LIBRARIES[name], *exporting.TO_VERIFY.get(name, ()))
    return all(importlib.util.find_spec(library) for library in needed)


HERE = [name for name in FILES if installed(name)]


def dense() -> tuple[Any, Any]:
    return Sequential([Input((4,)), layers.Dense(8, activation="relu"), layers.Dense(2)]), X


def normalised() -> tuple[Any, Any]:
    inputs = Input((4,), name="row")
    hidden = layers.BatchNormalization()(layers.Normalization(mean=[0.5] * 4, variance=[2.0] * 4)(inputs))
    return Model(inputs, layers.Dense(1)(layers.Dropout(0.5)(hidden))), X


def images() -> tuple[Any, Any]:
    inputs = Input((8, 8, 2))
    hidden = layers.MaxPooling2D()(layers.Conv2D(3, 3, activation="relu")(inputs))
    return Model(inputs, layers.Dense(2)(layers.Flatten()(hidden))), RANDOM.normal(size=(3, 8, 8, 2))


def recurrent() -> tuple[Any, Any]:
    inputs = Input((5, 3))
    return Model(inputs, layers.Dense(1)(layers.GRU(4, unroll=True)(inputs))), RANDOM.normal(size=(3, 5, 3))


def tokens() -> tuple[Any, Any]:
    inputs = Input((6,), dtype="int32")
    hidden = layers.GlobalAveragePooling1D()(layers.Embedding(10, 4)(inputs))
    return Model(inputs, layers.Dense(3, activation="softmax")(hidden)), RANDOM.integers(0, 10, (4, 6))


def attention() -> tuple[Any, Any]:
    inputs = Input((5, 4))
    hidden = layers.LayerNormalization()(layers.MultiHeadAttention(2, 3)(inputs, inputs) + inputs)
    return Model(inputs, hidden), RANDOM.normal(size=(2, 5, 4))


def several() -> tuple[Any, Any]:
    one, other = Input((4,), name="z_first"), Input((2,), name="a_second")
    both = layers.Concatenate()([one, other])
    model = Model([one, other], [layers.Dense(2, name="z_out")(both), layers.Dense(2, name="a_out")(both)])
    return model, {"a_second": X[:, :2], "z_first": X}


class Gate(Model):
    """A subclass of two arguments with a dict of outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(4)

    def call(self, rows: Any, gate: Any) -> Any:
        """Give the gated rows and what was taken away."""
        kept = self.dense(rows) * gate
        return {"kept": kept, "away": rows - kept}


def subclass() -> tuple[Any, Any]:
    model: Any = Gate()
    gate = np.linspace(0, 1, len(X), dtype="float32")[:, None]
    model(tf.constant(X), tf.constant(gate))
    return model, (X, gate)


MODELS = [dense, normalised, images, recurrent, tokens, attention, several, subclass]


@pytest.mark.slow
@pytest.mark.parametrize("name", HERE)
@pytest.mark.parametrize("make", MODELS)
def test_what_was_exported_does_what_the_model_does(
    tmp_path: Path, name: str, make: Callable[[], tuple[Any, Any]], record_property: Callable[[str, object], None]
) -> None:
    keras.utils.set_random_seed(1)
    model, samples = make()
    error = model.export(tmp_path / FILES[name], format=name, verify=samples, verbose=False)
    print(f"{make.__name__} as {name}: largest error {error:.1e}")
    assert 0 <= error < 1e-5
    left = {FILES[name], FILES[name].replace(".xml", ".bin")}
    assert {path.name for path in tmp_path.iterdir()} == left


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated:UserWarning")
@pytest.mark.parametrize("make", [dense, images, several])
def test_int8_is_smaller_and_near(tmp_path: Path, make: Callable[[], tuple[Any, Any]]) -> None:
    keras.utils.set_random_seed(1)
    model, samples = make()
    error = model.export(tmp_path / "m.tflite", format="litert", calibration=samples, verify=samples, verbose=False)
    assert 0 < error < 0.1
    kinds = {detail["dtype"] for detail in tf.lite.Interpreter(str(tmp_path / "m.tflite")).get_tensor_details()}
    assert np.int8 in kinds


def test_calibration_is_for_litert(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"`calibration` is for format='litert'\. Received: format='tf_saved_model'"):
        dense()[0].export(tmp_path / "m", calibration=X)


@pytest.mark.parametrize(
    ("name", "file", "message"),
    [
        (
            "torch",
            "m.pt2",
            "`format` must be one of 'tf_saved_model', 'onnx', 'litert', 'openvino'. Received: f",
        ),
        ("litert", "m.lite", "`filepath` must end with '.tflite' for format='litert'"),
        ("openvino", "m", "`filepath` must end with '.xml' for format='openvino'"),
    ],
)
def test_what_cannot_be_is_refused_before_it_is_written(tmp_path: Path, name: str, file: str, message: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 — the message is compared below
        dense()[0].export(tmp_path / file, format=name)
    assert message in str(refused.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["onnx", "openvino"])
def test_a_missing_library_is_named_with_what_to_install(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ImportError, match=rf"pip install 'kerastui\[{name}\]'"):
        dense()[0].export(tmp_path / FILES[name], format=name)


def test_a_failing_export_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(b"old")
    with pytest.raises(ValueError, match="Unknown converter attribute"):
        dense()[0].export(tmp_path / "m.tflite", format="litert", no_such_attribute=1)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("m.tflite", b"old")]


def test_samples_that_are_not_the_inputs_are_refused() -> None:
    model, _ = several()
    with pytest.raises(ValueError, match=r"has 2 input\(s\): z_first, a_second\. Received samples for 1"):
        arguments_of(model, {"z_first": X})


def test_an_artifact_that_computes_something_else_is_found_out(tmp_path: Path) -> None:
    model, samples = dense()
    model.export(tmp_path / "m", verbose=False)
    model.layers[-1].bias.assign([0.0, 3.0])
    error = largest_error(model, str(tmp_path / "m"), "tf_saved_model", arguments_of(model, samples))
    assert error == pytest.approx(3, rel=1e-5)


def test_the_largest_error_is_found_anywhere() -> None:
    one = [np.array([1.0, np.nan]), np.array([[3, 4]])]
    assert compare(one, [np.array([1.0, np.nan]), np.array([[3, 4]])]) == 0
    assert compare(one, [np.array([1.0, np.nan]), np.array([[3, 1]])]) == 3
    assert compare(one, [np.array([np.nan, np.nan]), np.array([[3, 4]])]) == np.inf
    with pytest.raises(ValueError, match=r"The outputs should have the shapes \[\(2,\), \(1, 2\)\]"):
        compare(one, one[:1])
