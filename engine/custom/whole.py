"""The class that a whole model is made as. Imports Keras."""

from __future__ import annotations

from typing import Any

from kerastui.engine.catalog.catalog import catalog
from kerastui.engine.custom.objects import own_object
from kerastui.engine.models.model import Functional


def model_class(name: str) -> Any:
    """Return the class of a model, to be called with inputs, outputs and `name`.

    Args:
        name: `Compile.model`; `""` is a `Functional`.

    Raises:
        ValueError: The project's code has no such class.
    """
    if not name:
        return Functional
    if catalog().get("model", name) is None:
        raise ValueError(f"the code of the project has no class of models {name}")
    return own_object(name)
