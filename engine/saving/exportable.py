"""What other runtimes cannot hold: a model is put in terms they know while it is traced, or is refused in words."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from kerastui.engine.keras_private import keras

ADVICE = "format='tf_saved_model' holds every model"

_LISTED = (
    r"conversion rule found for operations: ([\w, ]+?)(?= To facilitate|\.|$)",
    r"undeclared parameters: .*?(\w+)/table_handle",
    r"Node number \d+ \(Flex(\w+)\)",
)
"""How converters name what they cannot write: OpenVINO's, twice, and LiteRT's while it calibrates."""


class FlexWarning(UserWarning):
    """A LiteRT file has operations of TensorFlow in it, which only an interpreter with the Flex delegate runs."""


@contextmanager
def in_plain_terms(model: Any, name: str, loops: bool = False) -> Iterator[None]:
    """Within this, a model is traced into what the runtimes of a format know.

    What layers such as `Normalization` computed once is plain arrays: a tensor outside of the graph becomes one more
    input of an ONNX model, an array a constant. Recurrent layers never take cuDNN's steps, as on a machine with a GPU
    they would; for LiteRT and OpenVINO, which know no lists of tensors, they do their steps one by one without a loop.
    LiteRT multiplies no half precision: layers of a mixed policy compute in single precision, as their weights are.

    Args:
        model: The model.
        name: The format.
        loops: Whether loops stay, because the converter was told to keep operations of TensorFlow. Defaults to False.
    """
    held: list[tuple[dict[str, Any], str, dict[str, Any]]] = []

    def put(layer: Any, attribute: str, value: Any) -> None:
        held.append((vars(layer), attribute, {key: kept for key, kept in vars(layer).items() if key == attribute}))
        vars(layer)[attribute] = value

    try:
        for layer in model._flatten_layers():
            _put_plainly(layer, name, loops, put)
        yield
    finally:
        for attributes, attribute, before in reversed(held):
            attributes.pop(attribute)
            attributes.update(before)


def _put_plainly(layer: Any, name: str, loops: bool, put: Callable[[Any, str, Any], None]) -> None:
    for attribute, value in list(vars(layer).items()):
        if isinstance(value, tf.Tensor):
            put(layer, attribute, value.numpy())
    if name == "tf_saved_model":
        return
    if isinstance(layer, keras.layers.RNN) and name != "onnx" and not loops:
        put(layer, "unroll", layer.unroll)
        put(layer, "call", _unrolled(layer))
    if "use_cudnn" in vars(layer):
        put(layer, "use_cudnn", False)
    if name == "litert" and layer.dtype_policy.name.startswith("mixed_"):
        put(layer, "_dtype_policy", keras.dtype_policies.get("float32"))


def _unrolled(layer: Any) -> Callable[..., Any]:
    """Give the `call` of a recurrent layer that takes a step after the other, where it is known how many.

    It is not where Keras traces the model besides with its declared inputs, in search of tables.
    """
    call, unroll = layer.call, layer.unroll

    def called(sequences: Any, *args: Any, **kwargs: Any) -> Any:
        layer.unroll = unroll or sequences.shape[1] is not None
        return call(sequences, *args, **kwargs)

    return called


@contextmanager
def in_words(model: Any, name: str) -> Iterator[None]:
    """Within this, what a converter says of a model that it cannot write becomes a `ValueError` of one paragraph.

    Args:
        model: The model.
        name: The format.
    """
    try:
        yield
    except (OSError, ValueError, TypeError, ImportError, MemoryError):
        raise
    except Exception as error:  # converters have classes of their own, and OpenVINO's are made in C++
        raise ValueError(f"The model {model.name!r} cannot be written with format={name!r}: {_why(error)}") from error


def _why(error: Exception) -> str:
    text = " ".join(str(error).split())
    unknown = next((found[1] for pattern in _LISTED if (found := re.search(pattern, text))), "")
    return f"{no_operations(unknown.split(', ')) if unknown else text[:300].rstrip('. ')}. {ADVICE}."


def no_operations(names: list[str]) -> str:
    """Say which operations of a model a format does not have, and what to do where they are those of a loop."""
    text = f"it has no operations for {', '.join(names)}"
    if any(name.startswith("TensorList") for name in names):
        text += (
            ", which are the loop of a recurrent layer over a number of steps that is left open. Pass the number as "
            "`input_signature=[tf.TensorSpec((None, STEPS, FEATURES))]`"
        )
    return text


def check_onnx(path: str, model: Any) -> None:
    """Refuse an ONNX file with operations in it that ONNX does not have; the converter only logs them.

    Args:
        path: The file.
        model: The model it was made of.

    Raises:
        ValueError: If there are any; they are named.
    """
    import onnx

    nodes = onnx.load(path, load_external_data=False).graph.node
    unknown = {node.op_type: node.name for node in nodes if not node.domain and not onnx.defs.has(node.op_type)}
    if unknown:
        what = no_operations([f"{kind} ({where})" for kind, where in unknown.items()])
        raise ValueError(f"The model {model.name!r} cannot be written with format='onnx': {what}. {ADVICE}.")


def flex_operations(path: str) -> list[str]:
    """Name the operations in a LiteRT file that are TensorFlow's own.

    Args:
        path: The file.

    Returns:
        Their names, as `["StaticRegexReplace"]`.
    """
    found = re.findall(rb"\0Flex([A-Z]\w+)\0", Path(path).read_bytes())
    return sorted({name.decode() for name in found})


def complete_tf2onnx() -> None:
    """Teach the converter to ONNX the complementary error function, which is in every `gelu` of TensorFlow 2.21."""
    from tf2onnx.handler import tf_op
    from tf2onnx.utils import map_onnx_to_numpy_type

    class Erfc:
        @classmethod
        def version_9(cls, graph: Any, node: Any, **kwargs: Any) -> None:
            """Write it as 1 - Erf(x), as of the opset that has `Erf`."""
            shapes, types = node.output_shapes, node.output_dtypes
            one = graph.make_const(f"{node.name}/one", np.ones((), map_onnx_to_numpy_type(types[0])))
            erf = graph.make_node("Erf", node.input)
            graph.remove_node(node.name)
            inputs = [one.output[0], erf.output[0]]
            graph.make_node("Sub", inputs, name=node.name, outputs=node.output, shapes=shapes, dtypes=types)

    tf_op("Erfc")(Erfc)


def keep_openvino_quiet() -> None:
    """Have OpenVINO's converter report its use to nobody.

    It sends an event to Google Analytics for each conversion unless a person has opted out, and waits for it; it does
    without where the library that sends is not installed, which this pretends. What has imported that library before
    keeps it.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
