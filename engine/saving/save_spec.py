"""What a model is called with: shapes and dtypes, known from its inputs or from its first call; and a call to serve."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import tensorflow as tf

from kerastui.engine.keras_private import KerasFunctional, keras

Spec = tuple[list[Any], dict[str, Any]]
"""Positional and keyword arguments of a call, with a `tf.TensorSpec` for each tensor."""


class SaveSpec:
    """Mixin for models, before Keras's class: `save_spec`, and the memory of the first call that it needs.

    Keras forgets the types of a call, and serves models of one input only.
    """

    _first_call: Spec | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the model as Keras does; the first call of a model that declares no inputs is remembered."""
        unknown = self._first_call is None and _declared_inputs(self) is None
        outputs = super().__call__(*args, **kwargs)  # type: ignore[misc]  # the class after this one has it
        if unknown:
            tensors = {name: value for name, value in kwargs.items() if _is_all_tensors(value)}
            names = list(inspect.signature(self.call).parameters)[: len(args)]  # type: ignore[attr-defined]
            names += [f"input_{place}" for place in range(len(names), len(args))]
            spec = (
                [_specs(value, name) for name, value in zip(names, args, strict=True)],
                {name: _specs(value, name) for name, value in tensors.items()},
            )
            object.__setattr__(self, "_first_call", spec)  # Keras and TensorFlow would track the lists as state
        return outputs

    def save_spec(self, dynamic_batch: bool = True) -> Spec | None:
        """Return what to call the model with, for a `tf.function` that serves it.

        Args:
            dynamic_batch: Whether the batch size of the first call is left open. A `batch_size` given to an `Input` is
                kept either way. Defaults to True.

        Returns:
            Positional and keyword arguments with a `tf.TensorSpec` for each tensor; `None` before the inputs are known.

        Example:
            >>> import keras
            >>> from kerastui.engine import Input, Sequential
            >>> Sequential([Input((4,), name="row"), keras.layers.Dense(2)]).save_spec()
            ([TensorSpec(shape=(None, 4), dtype=tf.float32, name='row')], {})
        """
        if self._first_call is not None:
            args, kwargs = keras.tree.map_structure(_open_batch if dynamic_batch else _itself, self._first_call)
            return list(args), kwargs
        inputs = _declared_inputs(self)
        return None if inputs is None else ([keras.tree.map_structure(_spec, inputs)], {})

    @property
    def _default_save_signature(self) -> Any:
        """The function that TensorFlow serves by default; it and Keras look for it under this name."""
        return serving_function(self)


def serving_function(model: Any) -> Any:
    """Make a function for a SavedModel that takes a model's tensors by name and returns its outputs by name.

    Args:
        model: A model with `save_spec`.

    Returns:
        A `tf.function` with an input signature; `None` if the inputs are not known.
    """
    spec = model.save_spec()
    if spec is None:
        return None
    leaves = keras.tree.flatten(spec)
    places = [place for place, leaf in enumerate(leaves) if isinstance(leaf, tf.TensorSpec)]

    def serving_default(*tensors: Any) -> dict[str, Any]:
        given = dict(zip(places, tensors, strict=True))
        args, kwargs = keras.tree.pack_sequence_as(spec, [given.get(at, leaf) for at, leaf in enumerate(leaves)])
        return _by_name(model, model(*args, **kwargs))

    return tf.function(serving_default, input_signature=[leaves[place] for place in places])


def _by_name(model: Any, outputs: Any) -> dict[str, Any]:
    flat = keras.tree.flatten(outputs)
    if isinstance(outputs, dict) and len(outputs) == len(flat):
        return dict(outputs)
    names = list(getattr(model, "output_names", None) or ())
    if len(names) != len(flat) or len(set(names)) != len(names):
        names = [f"output_{place}" for place in range(1, len(flat) + 1)]
    return dict(zip(names, flat, strict=True))


def _declared_inputs(model: Any) -> Any:
    if isinstance(model, KerasFunctional):
        return model.input
    inputs = getattr(model, "inputs", None)
    return inputs[0] if inputs is not None and len(inputs) == 1 else inputs


def _specs(value: Any, name: str) -> Any:
    """Specs of an argument; its tensor is named as the argument is, tensors in lists are numbered."""
    leaves = keras.tree.flatten(value)
    names = [name] if len(leaves) == 1 else [f"{name}_{place}" for place in range(1, len(leaves) + 1)]
    return keras.tree.pack_sequence_as(value, [_spec(leaf, one) for leaf, one in zip(leaves, names, strict=True)])


def _is_all_tensors(value: Any) -> bool:
    return all(hasattr(leaf, "shape") and hasattr(leaf, "dtype") for leaf in keras.tree.flatten(value))


def _spec(value: Any, name: str | None = None) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        floating = np.issubdtype(value.dtype, np.floating)
        dtype = keras.config.floatx() if floating else value.dtype  # as Keras makes tensors of arrays
        return tf.TensorSpec(value.shape, dtype, name)
    if not _is_all_tensors(value):
        return value
    return tf.TensorSpec(value.shape, value.dtype, value.name if isinstance(value, keras.KerasTensor) else name)


def _open_batch(spec: Any) -> Any:
    if not isinstance(spec, tf.TensorSpec) or not spec.shape.rank:
        return spec
    return tf.TensorSpec([None, *spec.shape[1:]], spec.dtype, name=spec.name)


def _itself(spec: Any) -> Any:
    return spec
