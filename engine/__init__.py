"""The headless half: `Model`, training, the project document, data, the engine process and its client.

The names below are loaded on first use: TensorFlow takes about 6 s to import, and the document, the data and the
client live in this package too and must not pay for it.

Example:
    >>> from kerastui.engine import Input, Model, Sequential, load_model
    >>> from kerastui.engine import keras  # Keras with these in their places
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kerastui.engine.models.cloning import clone_model
    from kerastui.engine.models.collab_filtering import CollabFilteringModel
    from kerastui.engine.models.inputs import Input
    from kerastui.engine.models.model import Functional, Model
    from kerastui.engine.models.sequential import Sequential
    from kerastui.engine.saving.loading import load_model
    from kerastui.engine.training.trainer import Trainer

__all__ = [
    "CollabFilteringModel",
    "Functional",
    "Input",
    "Model",
    "Sequential",
    "Trainer",
    "clone_model",
    "load_model",
]

_HOMES = {
    "CollabFilteringModel": "kerastui.engine.models.collab_filtering",
    "Functional": "kerastui.engine.models.model",
    "Input": "kerastui.engine.models.inputs",
    "Model": "kerastui.engine.models.model",
    "Sequential": "kerastui.engine.models.sequential",
    "Trainer": "kerastui.engine.training.trainer",
    "clone_model": "kerastui.engine.models.cloning",
    "load_model": "kerastui.engine.saving.loading",
}


def __getattr__(name: str) -> Any:
    if name in ("keras", "tf"):
        return importlib.import_module(f"{__name__}.{name}")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
