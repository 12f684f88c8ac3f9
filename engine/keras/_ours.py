"""What is ours in the namespace: the table, and the functions of Keras that make models, to make ours."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any, Final

from kerastui.engine.keras_private import KerasFunctional, keras, our_classes
from kerastui.engine.models.cloning import clone_model
from kerastui.engine.models.inputs import Input
from kerastui.engine.models.model import Functional, Model
from kerastui.engine.models.sequential import Sequential
from kerastui.engine.saving import writing
from kerastui.engine.saving.bridge import json_models
from kerastui.engine.saving.loading import load_model
from kerastui.engine.training.data.creator import DatasetCreator


def save_model(model: Any, filepath: str | os.PathLike[str], overwrite: bool = True, *args: Any, **kwargs: Any) -> None:
    """Write a model to a file, as its own `save` does.

    Args:
        model: The model, one of ours or of stock Keras.
        filepath: Where to write.
        overwrite: Whether to replace an existing file without asking on the terminal. Defaults to True.
        *args: As for the model's `save`.
        **kwargs: As for the model's `save`.

    Example:
        >>> keras.models.save_model(model, "digits.keras")  # doctest: +SKIP
    """
    save = model.save if isinstance(model, Model) else functools.partial(writing.save_model, model)
    save(filepath, overwrite, *args, **kwargs)


def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """Make a model from what `to_json` of any generation returned, as ours.

    Args:
        json_string: The architecture.
        custom_objects: Classes and functions by name, for those that Keras does not know. Defaults to `None`.

    Returns:
        The model, with new weights, not compiled.

    Example:
        >>> twin = keras.models.model_from_json(model.to_json())  # doctest: +SKIP
    """
    return json_models.model_from_json(json_string, custom_objects)


def model_from_yaml(yaml_string: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """Refuse, as Keras has since TensorFlow 2.6: reading YAML can run code that stands in it.

    Args:
        yaml_string: An architecture, from an old `to_yaml`.
        custom_objects: Classes and functions by name. Defaults to `None`.

    Raises:
        RuntimeError: Always.
    """
    raise RuntimeError(
        "A model is not read from YAML, because YAML can hold code that would be run. Expected its JSON: "
        f"`keras.models.model_from_json(model.to_json())`. Received: yaml_string={yaml_string[:40]!r}…"
    )


def _revives_ours(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function of Keras that revives objects; models among them become ours."""

    @functools.wraps(function)
    def revive(*args: Any, **kwargs: Any) -> Any:
        with our_classes():
            return function(*args, **kwargs)

    return revive


@functools.cache  # one function for the two places that Keras shows each of them at
def built_as_ours(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function that builds one of Keras's applications; its model becomes ours, of the same layers."""

    @functools.wraps(function)
    def build(*args: Any, **kwargs: Any) -> Any:
        model = function(*args, **kwargs)
        if type(model) is not KerasFunctional:
            return model
        return Functional(model.input, model.output, name=model.name)

    return build


OURS: Final[dict[str, dict[str, Any]]] = {
    "": {"Functional": Functional, "Input": Input, "Model": Model, "Sequential": Sequential},
    "layers": {"Input": Input, "deserialize": _revives_ours(keras.layers.deserialize)},
    "models": {
        "Functional": Functional,
        "Input": Input,
        "Model": Model,
        "Sequential": Sequential,
        "clone_model": clone_model,
        "load_model": load_model,
        "model_from_json": model_from_json,
        "model_from_yaml": model_from_yaml,
        "save_model": save_model,
    },
    "saving": {
        "deserialize_keras_object": _revives_ours(keras.saving.deserialize_keras_object),
        "load_model": load_model,
        "save_model": save_model,
    },
    "utils": {"deserialize_keras_object": _revives_ours(keras.utils.deserialize_keras_object)},
    "utils.experimental": {"DatasetCreator": DatasetCreator},
}
"""By the module's path in Keras: what is not Keras's own. `utils.Sequence`, an old name, Keras 3 still has itself."""
