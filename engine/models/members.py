"""Members of tf.keras 2 that Keras 3 has no longer, for all our models."""

from __future__ import annotations

import difflib
import functools
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import tensorflow as tf

from kerastui.engine.keras_private import KerasFunctional, as_if_not_overridden, keras, mask_of
from kerastui.engine.saving.portable import portable_json

__all__ = ["Members", "Submodules"]

Layer = keras.layers.Layer


class Submodules(Sequence[Any]):
    """What a model is made of, in order. It equals any sequence of the same objects.

    It is no list or tuple, since Keras saves whatever it finds in an attribute that is one, in its place there.

    Args:
        modules: The layers and modules.
    """

    def __init__(self, modules: Sequence[Any]) -> None:
        self._modules = tuple(modules)

    def __getitem__(self, index: Any) -> Any:
        return self._modules[index]

    def __len__(self) -> int:
        return len(self._modules)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._modules == tuple(other)

    def __hash__(self) -> int:
        return hash(self._modules)

    def __repr__(self) -> str:
        return f"Submodules({list(self._modules)})"


class Members:
    """The members; `Model` inherits from this before Keras's class."""

    _dynamic = False
    _stateful = False

    @property
    def dynamic(self) -> bool:
        """Whether the model was made with `dynamic=True`, or one of its layers was: then it runs eagerly only."""
        return bool(self._dynamic or any(getattr(layer, "dynamic", False) for layer in _below(self)))

    @property
    def stateful(self) -> bool:
        """Whether any layer keeps its state from batch to batch, as a recurrent layer with `stateful=True` does."""
        return bool(self._stateful or any(getattr(layer, "stateful", False) for layer in _below(self)))

    @stateful.setter
    def stateful(self, value: bool) -> None:
        self._stateful = bool(value)

    @property
    def state_updates(self) -> list[Any]:
        """The updates that a training must run by itself; none, since layers update their state when called."""
        return []

    @property
    def sample_weights(self) -> list[None]:
        """One entry for each output of a compiled model: `None`.

        TF 2.0 kept a placeholder here for outputs with weights. Weights now come with each batch, in any form that fits
        it, so no output has a tensor for them beforehand. Empty for a model that is not compiled.
        """
        return [None] * max(1, len(getattr(self, "output_names", None) or ())) if getattr(self, "compiled", 0) else []

    @property
    def submodules(self) -> Submodules:
        """The layers of the model, those inside of them, and any `tf.Module` that one of them has as an attribute."""
        layers = list(_below(self))
        modules = {id(module): module for owner in (self, *layers) for module in _modules_of(owner)}
        return Submodules([*layers, *modules.values()])

    @property
    def name_scope(self) -> Any:
        """A `tf.name_scope` of the model's name. Variables of TensorFlow made inside are called `name/…`."""
        return tf.name_scope(getattr(self, "name"))  # noqa: B009 — Keras's attribute, which this class does not declare

    @classmethod
    def with_name_scope(cls, method: Callable[..., Any]) -> Callable[..., Any]:
        """Have a method run within the model's `name_scope`.

        Args:
            method: A method of a model.

        Returns:
            The method, to be put in its place; as a decorator.

        Example:
            >>> class Scaled(Model):
            ...     @Model.with_name_scope
            ...     def call(self, inputs):
            ...         return inputs
        """

        @functools.wraps(method)
        def scoped(self: Any, *args: Any, **kwargs: Any) -> Any:
            with self.name_scope:
                return method(self, *args, **kwargs)

        return scoped

    def reset_states(self) -> None:
        """Set the state that stateful layers keep between batches back to zeros.

        Example:
            >>> model.reset_states()  # doctest: +SKIP
        """
        for layer in _below(self):
            reset = getattr(layer, "reset_state", None) or getattr(layer, "reset_states", None)
            if getattr(layer, "stateful", False) and reset is not None and not isinstance(layer, keras.Model):
                reset()

    def get_weight_paths(self) -> dict[str, Any]:
        """Give the weights by where they are: attribute names, or the names of layers in a graph or stack.

        Returns:
            A dictionary such as `{"d1.kernel": …, "d1.bias": …}` whose values are the variables; empty for a model
            that is not built. Entries of lists and dictionaries are named by index and key: `"blocks.0.kernel"`.

        Example:
            >>> list(model.get_weight_paths())  # doctest: +SKIP
            ['d1.kernel', 'd1.bias']
        """
        paths: dict[str, Any] = {}
        waiting: list[tuple[str, Any]] = [("", self)]
        seen: set[int] = set()
        for prefix, layer in waiting:  # it grows: nearer weights first, so a shared layer has its shortest path
            if id(layer) in seen:
                continue
            seen.add(id(layer))
            for name, child in _children(layer):
                if isinstance(child, Layer):
                    waiting.append((f"{prefix}{name}.", child))
                elif id(child) not in seen:
                    seen.add(id(child))
                    paths[_new(f"{prefix}{name}", paths)] = child
        return paths

    def to_json(self, **kwargs: Any) -> str:
        """Write the architecture as JSON, which `keras.models.model_from_json` reads; weights are not in it.

        Stock Keras 3 reads it too, and so does tf_keras if it has all the layers.

        Args:
            **kwargs: For `json.dumps`.

        Returns:
            The JSON.

        Raises:
            NotImplementedError: If the model is a class of its own without `get_config`.
        """
        return json.dumps(portable_json(self), **kwargs)

    def to_yaml(self, **kwargs: Any) -> str:
        """Refuse, as Keras has since TensorFlow 2.6: reading YAML can run code that stands in it. Use `to_json`.

        Args:
            **kwargs: Any.

        Raises:
            RuntimeError: Always.
        """
        raise RuntimeError(
            "A model is not written as YAML, because reading YAML can run code that stands in it. Use "
            "`model.to_json()` and `keras.models.model_from_json`."
        )

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """Find a layer.

        Args:
            name: Its name. Defaults to `None`.
            index: Its place, from the inputs up; it wins over the name. Defaults to `None`.

        Returns:
            The layer.

        Raises:
            ValueError: If there is none, or neither is given.

        Example:
            >>> model.get_layer("hidden")  # doctest: +SKIP
        """
        layers: list[Any] = getattr(self, "layers")  # noqa: B009 — Keras's attribute
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f"`index` must be below {len(layers)}, the number of layers. Received: index={index}")
            return layers[index]
        if name is None:
            raise ValueError("`get_layer` needs a `name` or an `index`. Received: name=None, index=None")
        for layer in layers:
            if layer.name == name:
                return layer
        known = sorted((layer.name for layer in layers), key=lambda other: -_likeness(other, str(name)))
        raise ValueError(f"No layer has this name; nearest first there are {known}. Received: name={name!r}")

    @as_if_not_overridden
    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Give the mask of the outputs.

        Args:
            inputs: Tensor, or structure of tensors.
            mask: Mask of the inputs, or `None`.

        Returns:
            For a graph or stack, the mask that its layers give each output, `None` where they give none; for a model
            that is neither, `mask`.
        """
        if not _is_graph(self):
            return mask
        model: Any = self
        masks = [mask_of(output) for output in keras.tree.flatten(model.call(inputs, mask=mask))]
        return masks[0] if len(masks) == 1 else masks

    @property
    def supports_masking(self) -> bool:
        """Whether the model hands masks on: as its layers do for a graph or stack; else if it is set or implemented."""
        return _is_graph(self) or bool(vars(self)["_supports_masking"])

    @supports_masking.setter
    def supports_masking(self, value: bool) -> None:
        vars(self)["_supports_masking"] = value

    def _set_mask_metadata(self, inputs: Any, outputs: Any, previous_mask: Any) -> None:
        # The layers of a graph have given the outputs their masks, unless the class has a way of its own.
        if not _is_graph(self) or type(self).compute_mask is not Members.compute_mask:
            super()._set_mask_metadata(inputs, outputs, previous_mask)  # type: ignore[misc]  # Keras's method


def _is_graph(model: Any) -> bool:
    return isinstance(model, (KerasFunctional, keras.Sequential))


def _below(model: Any) -> Iterator[Any]:
    """Give every layer inside a model once, the outer ones first."""
    waiting, seen = [*model._layers], {id(model)}
    for layer in waiting:  # it grows
        if id(layer) not in seen:
            seen.add(id(layer))
            waiting += layer._layers
            yield layer


def _modules_of(owner: Any) -> Iterator[tf.Module]:
    for value in list(vars(owner).values()):
        if isinstance(value, tf.Module) and not isinstance(value, Layer):
            yield value
            yield from value.submodules


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one.lower(), other.lower()).ratio()


def _new(name: str, taken: Any) -> str:
    """Give `name`, or with the first number that makes it new."""
    if name not in taken:
        return name
    number = 1
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def _children(layer: Any) -> Iterator[tuple[str, Any]]:
    """Give the weights and layers directly in a layer, with their names there."""
    own = {id(weight): weight for weight in (*layer._trainable_variables, *layer._non_trainable_variables)}
    if _is_graph(layer):
        yield from ((child.name, child) for child in layer.layers)
    for name, value in list(vars(layer).items()):
        if name in _BOOKS or name.startswith("_self_"):
            continue
        # Keras keeps a weight that has a property, as `kernel`, with an underscore before its name.
        public = name[1:] if name[0] == "_" and hasattr(type(layer), name[1:]) else name
        for path, held in _held(public, value):
            if isinstance(held, Layer) or id(held) in own:
                yield path, held
    # Whatever no attribute leads to, for one made with `add_weight` and only kept by Keras.
    yield from ((weight.name, weight) for weight in own.values())
    yield from ((child.name, child) for child in layer._layers)


_BOOKS = frozenset({"_layers", "_functional", "_operations", "_trainable_variables", "_non_trainable_variables"})
"""Where Keras itself keeps account of layers and weights; TensorFlow does so in `_self_…`."""


def _held(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Give a value, or what is in a list or dictionary."""
    if isinstance(value, dict):
        for key, inner in list(value.items()):
            yield from _held(f"{name}.{key}", inner)
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from _held(f"{name}.{index}", inner)
    else:
        yield name, value
