"""Copy a model's architecture."""

from __future__ import annotations

from typing import Any

from kerastui.engine.keras_private import KerasFunctional, keras, our_classes
from kerastui.engine.models.model import Functional
from kerastui.engine.models.sequential import Sequential


def clone_model(model: Any, *args: Any, **kwargs: Any) -> Any:
    """Copy a model's architecture with new weights, like `keras.models.clone_model`, as our class.

    Keras's own function works on our models as well; it makes a `keras.Sequential` of a `Sequential`.

    Args:
        model: A `Functional`, a `Sequential`, or a model whose class says how to configure it.
        *args: As for `keras.models.clone_model`.
        **kwargs: As for `keras.models.clone_model`.

    Returns:
        The copy, compiled as the model was.

    Example:
        >>> twin = clone_model(model)  # doctest: +SKIP
    """
    with our_classes():
        clone = keras.models.clone_model(model, *args, **kwargs)
    # Keras's classes and ours hold the same state, so a change of class is all it takes.
    ours = {keras.Sequential: Sequential, KerasFunctional: Functional}.get(type(clone))
    if ours is not None:
        object.__setattr__(clone, "__class__", ours)
    return clone
