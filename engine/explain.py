"""Turn what Keras and TensorFlow raise into one line for the screen: what is wrong, with the shapes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kerastui.engine.custom.objects import place_of_error

Shape = tuple[int | None, ...]


def show_shape(shape: Sequence[int | None] | None) -> str:
    """Return a shape as it is written everywhere: `(∅, 64)`, `∅` for an unknown size, `?` when not computed."""
    if shape is None:
        return "?"
    sizes = ["∅" if size is None else str(size) for size in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def explain_call(error: Exception, class_name: str, shapes: Sequence[Shape]) -> tuple[str, str]:
    """Say why a layer cannot take its inputs.

    Args:
        error: What Keras raised.
        class_name: Class of the layer.
        shapes: Shapes of its inputs, with the batch axis.

    Returns:
        What is wrong, always with the shapes, and what to do next (or `""`).
    """
    text = plain_message(error)
    gets = " and ".join(show_shape(shape) for shape in shapes)
    ranks = re.search(r"expected (min_|max_)?ndim=(\d+), found ndim=(\d+)", text)
    if ranks:
        least = {"min_": "at least ", "max_": "at most "}.get(ranks[1] or "", "")
        wanted, found = int(ranks[2]), int(ranks[3])
        hint = "insert Flatten before it" if found > wanted else "insert Reshape before it"
        return f"{class_name} takes {least}{wanted} axes with the batch, gets {found}: {gets}", hint
    if kernel := re.search(
        r"Kernel shape must have the same length as input, but received kernel of shape (\(.*?\))", text
    ):
        axes = kernel[1].count(",") + 1
        hint = f"{class_name[:-2]}{len(shapes[0]) - 2}D is for as many" if class_name.endswith("D") else ""
        return f"{class_name} takes {axes} axes with the batch, gets {len(shapes[0])}: {gets}", hint
    if "index out of range" in text or re.search(r"out of bounds for|must be in the range \[-\d", text):
        return f"{class_name} has no axis of that number in {gets}", "choose an axis that is there, -1 is the last"
    if unknown := re.search(r"unexpected keyword argument '(\w+)'", text):
        what = f"{class_name} has no argument {unknown[1]} to be called with; gets {gets}"
        return what, "take it away in the inspector"
    if exact := re.search(r"called on exactly (\d+) inputs", text):
        return f"{class_name} takes exactly {exact[1]} inputs, gets {len(shapes)}: {gets}", "cut a wire"
    if missing := re.search(r"missing (?:a|\d) required (?:positional )?arguments?: '(\w+)'", text):
        what = f"{class_name} takes a second input ({missing[1]}), gets {len(shapes)}: {gets}"
        return what, "connect another layer to it, or the same one again"
    if built := re.search(r"expected axis (-?\d+) of input shape to have value (\d+)", text):
        what = f"{class_name} was built for size {built[2]} on axis {built[1]}, gets {gets}"
        return what, "its calls share weights and need one size; add a layer of its own here"
    if "must be fully-defined" in text:
        hint = "give the input a size, or insert Reshape before it"
        return f"{class_name} needs sizes that are known, gets {gets}", hint
    if "incompatible shapes" in text or "matching shapes" in text:
        verb = "join" if class_name == "Concatenate" else class_name.lower()
        axis = " on every axis but the one they are joined along" if class_name == "Concatenate" else ""
        return f"cannot {verb} {gets}: their shapes differ", f"give both branches the same size{axis}"
    if pair := re.search(
        r"Incompatible input shapes: axis values (\d+) \(at axis (\d+)\) != (\d+) \(at axis (\d+)\)", text
    ):
        what = f"cannot multiply {gets}: axis {pair[2]} has {pair[1]}, axis {pair[4]} has {pair[3]}"
        return what, "choose axes of the same size"
    if "Inner dimensions" in text:
        return f"cannot multiply {gets}: the last axis of one is not the last but one of the other", "insert Permute"
    if "evenly divisible by the number of groups" in text:
        return f"{class_name} cannot divide the channels of {gets} into its groups", "choose other groups"
    if "output size would be zero or negative" in text:
        return f"nothing is left of {gets}: the window is larger", 'take a smaller window, or padding="same"'
    if "total size of the tensor must be unchanged" in text.lower():
        target = re.search(r"target_shape=(\(.*?\))", text)
        return f"cannot reshape {gets} to {target[1] if target else 'that'}: the sizes differ", "choose the same size"
    return f"{text}; gets {gets}" if gets and gets not in text else text, ""


def explain_step(error: BaseException) -> str:
    """Say what went wrong in a step of the training, with the class of the layer where it is known."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
    layer = re.match(r"Exception encountered when calling (\w+)", text)
    message = plain_message(error)
    if isinstance(error, KeyError):
        message = plain_message(ValueError(*error.args))  # a KeyError shows its message quoted
    return f"{layer[1]}: {message}" if layer else message


def plain_message(error: BaseException) -> str:
    """Return the part of an error's message that says what is wrong, as one line.

    Keras wraps the message of a layer's call in a heading, colour codes and a list of arguments; TensorFlow adds the
    graph's node and a traceback. What comes from the project's own code says its file and line first.
    """
    place = place_of_error(error)
    line = _plain_line(error)
    return f"{place}: {line}" if place and not line.startswith(place) else line


def _plain_line(error: BaseException) -> str:
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
    text = re.sub(r"^Exception encountered when calling [^\n]*\n+", "", text)
    # What TensorFlow raises while a graph runs: a heading, a traceback, the reason, the node.
    if text.startswith("Graph execution error") and (reason := re.search(r"([^\n]+)\n\s*\[\[\{\{node", text)):
        return reason[1].strip().rstrip(".")
    text = re.split(r"\n\s*(?:Arguments received by|Detected at node|Call arguments received|\[\[)", text)[0]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    line = re.sub(r"\s+", " ", " ".join(lines[:2])).strip().rstrip(".")
    # NumPy 2 prints its numbers with their type.
    line = re.sub(r"np\.\w+\(([^()]*)\)", r"\1", line).replace("None", "∅")
    return line or type(error).__name__
