"""What a new input starts with."""

from __future__ import annotations

from typing import Final

from kerastui.engine.studio import Studio

VECTOR: Final = (64,)
"""Shape of an input that nothing is known of."""


def starting_shape(studio: Studio) -> tuple[int | None, ...]:
    """Return the shape of a new input: that of the data's inputs where they are known and not bound yet."""
    graph, data = studio.project.graph, studio.data
    if graph.inputs:
        return next(iter(graph.inputs.values())).shape
    if data.kind == "ready":
        from kerastui.engine.data.binding import encoded_shapes

        bound = encoded_shapes(data.profiles, studio.project.data, graph.inputs, graph.outputs)
        shapes = [binding.shape for (role, _), binding in bound.items() if role == "input" and binding.shape]
        if shapes:
            return shapes[0]
    return VECTOR
