"""Translate a configuration that tf.keras 2.x or Keras 2.x wrote into what Keras 3 deserializes."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Final

from kerastui.engine.keras_private import keras
from kerastui.engine.saving.bridge.layers import HARD_SIGMOID, adapt
from kerastui.engine.saving.bridge.lookup import MODELS, RENAMED, built_in, custom_name

Config = dict[str, Any]

PASSED_ON: Final = frozenset({"__ellipsis__", "__lambda__", "__numpy__", "__slice__", "__tensor__", "function"})
"""Class names that mean the same in both, inside of which nothing needs translation."""


def is_keras2(config: Any) -> bool:
    """Say whether a configuration was written by tf.keras 2.x, tf_keras or Keras 2.x and not by Keras 3.

    Args:
        config: A model's configuration, as parsed from JSON.

    Returns:
        Whether any part of it is written as only Keras 2 does: old module names, old arguments, dtypes of layers as
        plain names, or calls of layers as lists.
    """
    if isinstance(config, (list, tuple)):
        return any(is_keras2(part) for part in config)
    if not isinstance(config, Mapping):
        return False
    module = config.get("module")
    version = str(config.get("keras_version", ""))
    if version.startswith("3"):  # also of what is written for both libraries, with old names for tf_keras
        return False
    if version.startswith(("1", "2")):
        return True
    if isinstance(module, str) and module.startswith(("tf_keras", "keras.src.engine", "keras.engine", "tensorflow.")):
        return True
    if "batch_input_shape" in config:
        return True
    nodes, inner = config.get("inbound_nodes"), config.get("config")
    if isinstance(nodes, (list, tuple)) and any(isinstance(node, (list, tuple)) and node for node in nodes):
        return True
    is_layer = isinstance(inner, Mapping) and {"name", "trainable", "dtype"} <= set(inner)
    if is_layer and isinstance(inner["dtype"], str) and config.get("class_name") != "InputLayer":  # type: ignore[index]
        return True
    return any(is_keras2(part) for part in config.values())


def translate_config(config: Config, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True) -> Config:
    """Translate the configuration of a model, layer, initializer, loss, metric or optimizer.

    Args:
        config: A dict with `class_name` and `config`, as Keras 2 wrote it; not changed.
        custom_objects: Classes and functions by name. Defaults to `None`.
        safe_mode: Whether to refuse Python code kept in it. Defaults to True.

    Returns:
        What `keras.saving.deserialize_keras_object` takes. Models are built for it, to see what their graph is.

    Raises:
        TypeError: If it needs classes that are neither Keras's nor in `custom_objects`.
        ValueError: If it holds code and `safe_mode` is on, or asks for what Keras 3 does not have.

    Example:
        >>> old = {"class_name": "LeakyReLU", "config": {"name": "leaky", "alpha": 0.1}}
        >>> translate_config(old)["config"]
        {'name': 'leaky', 'negative_slope': 0.1}
    """
    from kerastui.engine.saving.bridge.checks import refuse_what_cannot_be

    objects = dict(custom_objects or {})
    refuse_what_cannot_be(config, objects, safe_mode)
    return Translation(objects, safe_mode).translated(config)


class Translation:
    """Translate configurations with one set of custom objects.

    Args:
        custom_objects: Classes and functions by name.
        safe_mode: Whether Python code in a file is refused.
    """

    def __init__(self, custom_objects: Mapping[str, Any], safe_mode: bool) -> None:
        self.custom_objects = dict(custom_objects)
        self.safe_mode = safe_mode

    def revived(self, config: Config) -> Any:
        """Make the object that a configuration is of; a model as our `Functional`, `Model` or `Sequential`."""
        from kerastui.engine.saving.bridge.graphs import is_model, model_from

        if is_model(config, self.custom_objects):
            return model_from(config, self)
        return keras.saving.deserialize_keras_object(
            self.translated(config), custom_objects=self.custom_objects, safe_mode=self.safe_mode
        )

    def translated(self, config: Config, home: str | None = None, owner: str = "") -> Config:
        """Translate a dict with `class_name` and `config`.

        Args:
            config: The dict.
            home: The namespace to search first, as `"initializers"`. Defaults to `None`.
            owner: The layer it belongs to, for messages. Defaults to `""`.

        Returns:
            The same for Keras 3.
        """
        from kerastui.engine.saving.bridge.graphs import is_model

        name = str(config["class_name"])
        if name == "__lambda__":
            return {"class_name": name, "config": _code(config["config"])}
        if name in PASSED_ON:
            return dict(config)
        if name in ("Policy", "PolicyV1", "DTypePolicy"):
            policy: Config = _policy(config["config"].get("name"))
            return policy
        inner = config["config"] if config["config"] is not None else {}
        owner = str(inner.get("name") or owner or name) if isinstance(inner, Mapping) else owner
        custom = custom_name(config, self.custom_objects)
        if custom is not None:
            plain = name.rpartition(">")[2]
            written: Config = {"module": None, "class_name": plain, "config": self._values(inner, owner, False)}
            built = {"build_config": config["build_config"]} if config.get("build_config") else {}
            return {**written, "registered_name": custom, **built}
        if is_model(config, self.custom_objects):
            model: Config = keras.saving.serialize_keras_object(self.revived(config))
            model.pop("build_config", None)
            return model
        return self._built_in(name, inner, home or _home_of(config.get("module")), owner)

    def _built_in(self, name: str, inner: Config, home: str | None, owner: str) -> Config:
        space, new, cls = built_in(name, home) or ("layers", name, object)
        plain = name.rpartition(">")[2]
        if name == "Lambda":
            inner = _lambda_layer(inner)
        elif space in ("layers", "initializers"):
            inner = adapt(plain if plain in RENAMED else new, inner, owner)
        if space == "layers" and not _takes(cls, "trainable"):
            inner = {key: value for key, value in inner.items() if key != "trainable"}
        if space == "initializers":
            inner = {key: value for key, value in inner.items() if key != "dtype"}
        values = self._values(inner, owner, space == "layers")
        return {"module": f"keras.{space}", "class_name": new, "config": values, "registered_name": None}

    def _values(self, inner: Any, owner: str, is_layer: bool) -> Config:
        return {key: self._value(key, value, owner, is_layer) for key, value in inner.items()}

    def _value(self, key: str, value: Any, owner: str, is_layer: bool) -> Any:
        if key in ("activation", "recurrent_activation"):
            return self._activation(value, owner)
        if isinstance(value, str) and key.endswith(("_initializer", "_regularizer", "_constraint")):
            return self._function(value)
        if isinstance(value, Mapping):
            if value.get("class_name") in ("TensorShape", "__tuple__"):
                return value.get("items", value.get("config"))
            if "class_name" in value and "config" in value:
                return self.translated(dict(value), _home_of_argument(key), owner)
            return {name: self._value(name, part, owner, False) for name, part in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._value("", part, owner, False) for part in value]
        return value

    def _activation(self, value: Any, owner: str) -> Any:
        if isinstance(value, Mapping) and value.get("class_name") == "function":
            name = value.get("registered_name") if custom_name(value, self.custom_objects) else value.get("config")
            value = name if isinstance(name, str) else value.get("config")
        if value == "hard_sigmoid" and "hard_sigmoid" not in self.custom_objects:
            return dict(HARD_SIGMOID)
        if isinstance(value, Mapping) and "class_name" in value:
            return self.translated(dict(value), "layers", owner)
        return self._function(value) if isinstance(value, str) else value

    def _function(self, name: str) -> Any:
        """Write a custom function as Keras 3 does, which looks up bare names among its own alone."""
        if keras.saving.get_registered_object(name, self.custom_objects) is None:
            return name
        return {"module": "builtins", "class_name": "function", "config": name, "registered_name": name}


def _takes(cls: type, argument: str) -> bool:
    parameters = inspect.signature(cls.__init__).parameters  # type: ignore[misc]  # of a class that Keras made
    return argument in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values())


def _home_of(module: Any) -> str | None:
    """The namespace that a file names itself, as in `"keras.initializers"`."""
    return module.removeprefix("keras.") if isinstance(module, str) and module.startswith("keras.") else None


def _home_of_argument(argument: str) -> str | None:
    for kind in ("initializer", "regularizer", "constraint"):
        if argument.endswith(kind):
            return f"{kind}s"
    return "optimizers.schedules" if argument == "learning_rate" else None


def _policy(name: Any) -> Any:
    written = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": name}, "registered_name": None}
    return written if name else None


def _lambda_layer(inner: Config) -> Config:
    """Write the function of a `Lambda` as Keras 3 does: code by itself, functions by name."""
    config = {key: value for key, value in inner.items() if not key.endswith(("_type", "module"))}
    for part in ("function", "output_shape", "mask"):
        value = config.get(part)
        if value is None:
            config.pop(part, None)
        elif isinstance(value, str):
            config[part] = {"module": "builtins", "class_name": "function", "config": value, "registered_name": value}
        elif isinstance(value, list) and value and isinstance(value[0], str):
            config[part] = {"class_name": "__lambda__", "config": value}
    return config


def _code(value: Any) -> Config:
    """Write code as Keras 3's `Lambda` reads it."""
    value = value.get("value", value) if isinstance(value, Mapping) else value
    if isinstance(value, Mapping):
        return dict(value)
    code, defaults, closure = (*value, None, None)[:3] if isinstance(value, (list, tuple)) else (value, None, None)
    return {"code": code, "defaults": defaults, "closure": closure}


__all__ = ["MODELS", "Translation", "is_keras2", "translate_config"]
