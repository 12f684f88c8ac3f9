"""Run what was exported, without Keras, and compare it with the model."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import tensorflow as tf

from kerastui.engine.keras_private import keras

Arrays = list[np.ndarray[Any, Any]]


def arguments_of(model: Any, samples: Any) -> list[Any]:
    """Arrange samples as the model is called: one entry for each positional argument, in the dtypes it declares.

    Args:
        model: One of ours, of known inputs.
        samples: An array; a list or dict by name of input for several; a tuple for several arguments.

    Returns:
        The arguments, of arrays.

    Raises:
        ValueError: If the inputs of the model are not known, or are not as many as the samples, or of another shape.
    """
    spec = model.save_spec()
    if spec is None or spec[1]:
        raise ValueError(
            f"The model {model.name!r} must have been called on its inputs, all by position, before it can be "
            "exported and verified."
        )
    (structure, *more) = spec[0]
    leaves = keras.tree.flatten(spec[0])
    if isinstance(samples, dict) and not isinstance(structure, dict):
        names = [leaf.name for leaf in leaves]
        given = [samples[name] for name in names if name in samples]
    else:
        given = keras.tree.flatten(samples) if more or keras.tree.is_nested(structure) else [samples]
    if len(given) != len(leaves):
        raise ValueError(
            f"The model {model.name!r} has {len(leaves)} input(s): {', '.join(str(leaf.name) for leaf in leaves)}. "
            f"Received samples for {len(given)} of them."
        )
    arrays = [np.asarray(value, leaf.dtype.as_numpy_dtype) for value, leaf in zip(given, leaves, strict=True)]
    for array, leaf in zip(arrays, leaves, strict=True):
        if not array.size or not leaf.shape.is_compatible_with(array.shape):
            raise ValueError(
                f"Samples for the input {leaf.name!r} of the model {model.name!r} should have the shape {leaf.shape}, "
                f"and rows. Received: shape {array.shape}"
            )
    return list(keras.tree.pack_sequence_as(spec[0], arrays))


def input_names(model: Any) -> list[str]:
    """Names of the model's inputs, in the order of its arguments; as exported."""
    leaves = keras.tree.flatten(model.save_spec()[0])
    return [leaf.name or f"input_{place}" for place, leaf in enumerate(leaves)]


def largest_error(model: Any, path: str, name: str, arguments: list[Any]) -> float:
    """Run an exported model and compare.

    Args:
        model: The model.
        path: What was exported.
        name: Its format.
        arguments: From `arguments_of`.

    Returns:
        The largest absolute difference of any number of any output; infinite where one is NaN and the other not.

    Raises:
        ValueError: If outputs differ in number or shape.
    """
    expected = model(*arguments, training=False)
    run = {"tf_saved_model": _tensorflow, "onnx": _onnx, "litert": _litert, "openvino": _openvino}[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow advertises another package for its own interpreter
        given = run(path, model, arguments, expected)
    return compare([np.asarray(one) for one in keras.tree.flatten(expected)], given)


def compare(expected: Arrays, given: Arrays) -> float:
    """Find the largest absolute difference between two lists of arrays.

    Args:
        expected: The arrays.
        given: Others of the same shapes.

    Returns:
        The difference; infinite where one is NaN and the other not.

    Raises:
        ValueError: If number or shapes differ.

    Example:
        >>> compare([np.array([1.0, 2.0])], [np.array([1.0, 2.5])])
        0.5
    """
    shapes = [one.shape for one in expected], [one.shape for one in given]
    if shapes[0] != shapes[1]:
        raise ValueError(f"The outputs should have the shapes {shapes[0]}. Received: {shapes[1]}")
    worst = 0.0
    for one, other in zip(expected, given, strict=True):
        a, b = one.astype("float64"), other.astype("float64")
        with np.errstate(invalid="ignore"):
            difference = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b))
        worst = max(worst, float(np.nan_to_num(difference, nan=np.inf, posinf=np.inf).max(initial=0.0)))
    return worst


def _tensorflow(path: str, model: Any, arguments: list[Any], expected: Any) -> Arrays:
    artifact = tf.saved_model.load(path)  # its variables go with it
    outputs = artifact.serve(*keras.tree.map_structure(tf.constant, arguments))
    return [np.asarray(one) for one in keras.tree.flatten(outputs)]


def _onnx(path: str, model: Any, arguments: list[Any], expected: Any) -> Arrays:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return [np.asarray(one) for one in session.run(None, _named(session.get_inputs(), model, arguments))]


def _named(inputs: Any, model: Any, arguments: list[Any]) -> dict[str, Any]:
    """Arrays by the names that the artifact has for its inputs: the model's own, or else in order."""
    arrays = keras.tree.flatten(arguments)
    own = dict(zip(input_names(model), arrays, strict=True))
    names = [getattr(one, "name", one) for one in inputs]
    if set(names) == set(own):
        return own
    return dict(zip(names, arrays, strict=True))


def _litert(path: str, model: Any, arguments: list[Any], expected: Any) -> Arrays:
    runner = tf.lite.Interpreter(model_path=path).get_signature_runner()
    outputs = runner(**_named(sorted(runner.get_input_details()), model, arguments))
    return _in_order(outputs, expected)


def _in_order(outputs: dict[str, Any], expected: Any) -> Arrays:
    """Outputs that are only known by name, in the order of the model's."""
    names = keras.tree.flatten(keras.tree.map_structure_up_to(expected, lambda _: None, expected))
    if isinstance(expected, dict) and len(expected) == len(names) and set(expected) == set(outputs):
        return [np.asarray(outputs[name]) for name in sorted(expected)]
    ordered = sorted(outputs, key=lambda name: [int(part) for part in re.findall(r"\d+", name)])
    return [np.asarray(outputs[name]) for name in ordered]


def _openvino(path: str, model: Any, arguments: list[Any], expected: Any) -> Arrays:
    import openvino

    compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    named = _named([one.any_name for one in compiled.inputs], model, arguments)
    given = compiled(named)
    # What TensorFlow's graph computes for nobody becomes an output too; its own are called `Identity`.
    outputs = [one for one in compiled.outputs if any(name.startswith("Identity") for name in one.names)]
    return [np.asarray(given[one]) for one in outputs or compiled.outputs]
