"""Exports of every format are run on samples, and say how far they are from the model."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from export_models import FORMATS, KINDS, REFUSED, X, dense, exported, tolerance

from kerastui.engine.saving import exportable, exporting
from kerastui.engine.saving.verifying import arguments_of, compare

FILES = dict(FORMATS.values())
PAIRS = {
    "SavedModel": ["subclass", "TextVectorization"],
    "ONNX": ["BatchNormalization", "LSTM", "transformer", "lists in and out", "subclass", "shared, nested"],
    "LiteRT": ["GRU", "StringLookup", "mixed precision", "lists in and out", "subclass"],
    "LiteRT int8": ["convolution", "dicts in and out"],
    "OpenVINO": ["transposed convolution", "Bidirectional", "dicts in and out", "masked tokens"],
}
"""What runs here, so that each kind and each format does; `make exports` runs all."""


def installed(name: str) -> bool:
    needed = (*exporting.LIBRARIES[name], *exporting.TO_VERIFY.get(name, ()))
    return all(importlib.util.find_spec(library) for library in needed)


HERE = [name for name in FILES if installed(name)]


def needs(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not installed(name), reason=f"the extra {name} is not installed")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        pytest.param(kind, name, marks=needs(FORMATS[name][0]), id=f"{kind} as {name}")
        for name, kinds in PAIRS.items()
        for kind in kinds
    ],
)
@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated:UserWarning")
def test_what_was_exported_does_what_the_model_does(tmp_path: Path, kind: str, name: str) -> None:
    error = exported(kind, name, tmp_path)
    print(f"{kind} as {name}: largest error {error:.1e}")
    assert 0 <= error < tolerance(kind, name)
    file = FORMATS[name][1]
    assert {path.name for path in tmp_path.iterdir()} == {file, file.replace(".xml", ".bin")}
    if name == "LiteRT int8":
        kinds = {detail["dtype"] for detail in tf.lite.Interpreter(str(tmp_path / file)).get_tensor_details()}
        assert np.int8 in kinds
        assert error > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("TextVectorization", "LiteRT", "as format='litert' runs only with LiteRT's Flex delegate"),
        ("TextVectorization", "ONNX", "no operations for StaticRegexReplace (.*), StringSplitV2 (.*), LookupTable"),
        ("StringLookup", "OpenVINO", "no operations for LookupTableFindV2. format='tf_saved_model' holds every model"),
        ("GRU, any length", "OpenVINO", "TensorList.* left open. Pass the number as `input_signature="),
    ],
)
def test_what_a_format_has_no_operations_for_is_named_and_nothing_is_written(
    tmp_path: Path, kind: str, name: str, said: str
) -> None:
    assert (kind, name) in REFUSED
    if not installed(FORMATS[name][0]):
        pytest.skip(f"{name} is not installed")
    with pytest.raises(ValueError, match=said.replace("(.*)", r"\(.*\)")):
        exported(kind, name, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_recurrent_layer_of_any_length_is_exported_with_a_number_of_steps(tmp_path: Path) -> None:
    model, samples = KINDS["GRU, any length"]()
    layer = model.layers[0]
    signature = [tf.TensorSpec((None, 5, 3))]
    path = tmp_path / "m.tflite"
    assert model.export(path, format="litert", verify=samples, input_signature=signature, verbose=False) < 1e-5
    assert (layer.unroll, layer.use_cudnn, "call" in vars(layer)) == (False, "auto", False)
    with pytest.warns(exportable.FlexWarning, match="no operations for TensorList.*left open"):
        model.export(tmp_path / "flex.tflite", format="litert", verbose=False)
    assert exportable.flex_operations(str(path)) == []
    assert (tmp_path / "flex.tflite").exists()


@needs("openvino")
def test_openvino_reports_its_use_to_nobody(tmp_path: Path) -> None:
    dense()[0].export(tmp_path / "m.xml", format="openvino", verbose=False)
    telemetry = importlib.import_module("openvino.tools.ovc.telemetry_utils")
    assert telemetry.tm.__name__ == "openvino.tools.ovc.telemetry_stub"


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
    model, _ = KINDS["lists in and out"]()
    with pytest.raises(ValueError, match=r"has 2 input\(s\): z_first, a_second\. Received samples for 1"):
        arguments_of(model, {"z_first": X})


@pytest.mark.slow
@pytest.mark.parametrize("name", HERE)
def test_an_artifact_that_computes_something_else_is_found_out(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, samples = dense()
    right = exporting._export

    def wrong(model: Any, *args: Any) -> None:
        bias = model.layers[-1].bias
        bias.assign([0.0, 3.0])
        right(model, *args)
        bias.assign([0.0, 0.0])

    monkeypatch.setattr(exporting, "_export", wrong)
    error = model.export(tmp_path / FILES[name], format=name, verify=samples, verbose=False)
    assert error == pytest.approx(3, rel=1e-5)


def test_the_largest_error_is_found_anywhere() -> None:
    one = [np.array([1.0, np.nan]), np.array([[3, 4]])]
    assert compare(one, [np.array([1.0, np.nan]), np.array([[3, 4]])]) == 0
    assert compare(one, [np.array([1.0, np.nan]), np.array([[3, 1]])]) == 3
    assert compare(one, [np.array([np.nan, np.nan]), np.array([[3, 4]])]) == np.inf
    with pytest.raises(ValueError, match=r"The outputs should have the shapes \[\(2,\), \(1, 2\)\]"):
        compare(one, one[:1])
