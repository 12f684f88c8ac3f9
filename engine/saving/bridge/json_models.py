"""Make a model of the JSON that any generation of Keras wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kerastui.engine.keras_private import keras, old_names_pass, our_classes
from kerastui.engine.saving.bridge.checks import refuse_what_cannot_be
from kerastui.engine.saving.bridge.translate import Translation, is_keras2


def model_from_json(text: str, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True) -> Any:
    """Make a model, without weights, of what `Model.to_json` of Keras 3, tf.keras or Keras 2 gave.

    Args:
        text: The JSON.
        custom_objects: Classes and functions by name, for those that Keras does not know. Defaults to `None`.
        safe_mode: Whether to refuse Python code kept in the text, such as that of a `Lambda`. Defaults to True.

    Returns:
        Our `Functional`, `Sequential` or `Model`, not compiled.

    Raises:
        TypeError: If it needs classes that are neither Keras's nor in `custom_objects`; names all.
        ValueError: If it is not the JSON of a model, or holds code and `safe_mode` is on.

    Example:
        >>> import keras
        >>> from kerastui.engine import Input, Sequential
        >>> model_from_json(Sequential([Input((4,)), keras.layers.Dense(2)], name="small").to_json()).name
        'small'
    """
    try:
        config = json.loads(text)
    except ValueError as error:
        raise ValueError(f"`text` must be the JSON of a model: {error}. Received: text={str(text)[:60]!r}") from error
    if not isinstance(config, dict) or "class_name" not in config or "config" not in config:
        raise ValueError(
            f"`text` must be the JSON of a model, with `class_name` and `config`. Received: text={text[:60]!r}"
        )
    return model_from_config(config, custom_objects, safe_mode)


def model_from_config(
    config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True
) -> Any:
    """Make a model, without weights, of its configuration.

    Args:
        config: A dict with `class_name` and `config`, of any generation.
        custom_objects: Classes and functions by name. Defaults to `None`.
        safe_mode: Whether to refuse Python code kept in it. Defaults to True.

    Returns:
        The model, not compiled.

    Raises:
        TypeError: If it needs classes that are neither Keras's nor in `custom_objects`; names all.
        ValueError: If it holds code and `safe_mode` is on, or the graph cannot be built.
    """
    objects = dict(custom_objects or {})
    with our_classes():
        if not is_keras2(config):
            config = {key: value for key, value in config.items() if key != "compile_config"}
            with old_names_pass():
                return keras.saving.deserialize_keras_object(config, custom_objects=objects, safe_mode=safe_mode)
        refuse_what_cannot_be(config, objects, safe_mode)
        with keras.saving.custom_object_scope(objects):
            return Translation(objects, safe_mode).revived(config)
