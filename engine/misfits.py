"""What Keras notices only when it computes: shapes that do not fit though its check passes. No Keras needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kerastui.engine.explain import Shape, show_shape
from kerastui.engine.project.document import Value

LEAST_AXES = {"MultiHeadAttention": 3, "GroupQueryAttention": 3, "Attention": 3, "AdditiveAttention": 3}
"""Axes that all inputs of a layer have at least, with the batch."""

COMPARING = ("Attention", "AdditiveAttention")
"""Layers that compare the last axis of their inputs."""


def misfit(class_name: str, config: Mapping[str, Value], shapes: Sequence[Shape]) -> tuple[str, str] | None:
    """Say why a layer cannot take its inputs, where Keras would not before a run.

    Args:
        class_name: Class of the layer.
        config: Its arguments.
        shapes: Shapes of its inputs, with the batch axis.

    Returns:
        What is wrong and what to do next, `None` if nothing is.
    """
    gets = " and ".join(show_shape(shape) for shape in shapes)
    least = LEAST_AXES.get(class_name, 0)
    short = next((shape for shape in shapes if len(shape) < least), None)
    if short is not None:
        what = f"{class_name} takes at least {least} axes with the batch, gets {len(short)}: {gets}"
        return what, "insert Reshape before it"
    if class_name in COMPARING and len(shapes) > 1:
        first, second = shapes[0][-1], shapes[2 if len(shapes) > 2 else 1][-1]
        if None not in (first, second) and first != second:
            return f"{class_name} compares the last axes, gets {gets}", "give both the same size"
    axis = config.get("axis")
    if class_name == "Softmax" and isinstance(axis, int) and not -len(shapes[0]) <= axis < len(shapes[0]):
        return f"Softmax has no axis {axis} in {gets}", "choose an axis that is there, -1 is the last"
    return None
