"""What a model is called with: shapes and dtypes, known from its inputs or from its first call."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from kerastui.engine.keras_private import KerasFunctional, keras

Spec = tuple[list[Any], dict[str, Any]]
"""Positional and keyword arguments of a call, with a `tf.TensorSpec` for each tensor."""


class SaveSpec:
    """Mixin for models, before Keras's class: `save_spec`, and the memory of the first call that it needs."""

    _first_call: Spec | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the model as Keras does; the first call of a model that declares no inputs is remembered."""
        unknown = self._first_call is None and _declared_inputs(self) is None
        outputs = super().__call__(*args, **kwargs)  # type: ignore[misc]  # the class after this one has it
        if unknown:
            named = {name: value for name, value in kwargs.items() if _is_all_tensors(value)}
            spec = ([_specs(value) for value in args], {name: _specs(value) for name, value in named.items()})
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
            >>> Sequential([Input((4,), name="row"), keras.layers.Dense(2)]).save_spec()  # doctest: +SKIP
            ([TensorSpec(shape=(None, 4), dtype=tf.float32, name='row')], {})
        """
        if self._first_call is not None:
            args, kwargs = keras.tree.map_structure(_open_batch if dynamic_batch else _itself, self._first_call)
            return list(args), kwargs
        inputs = _declared_inputs(self)
        return None if inputs is None else ([keras.tree.map_structure(_spec, inputs)], {})


def _declared_inputs(model: Any) -> Any:
    if isinstance(model, KerasFunctional):
        return model.input
    inputs = getattr(model, "inputs", None)
    return inputs[0] if inputs is not None and len(inputs) == 1 else inputs


def _specs(value: Any) -> Any:
    return keras.tree.map_structure(_spec, value)


def _is_all_tensors(value: Any) -> bool:
    return all(hasattr(leaf, "shape") and hasattr(leaf, "dtype") for leaf in keras.tree.flatten(value))


def _spec(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        floating = np.issubdtype(value.dtype, np.floating)
        return tf.TensorSpec(value.shape, keras.config.floatx() if floating else value.dtype)  # as Keras makes tensors
    if not _is_all_tensors(value):
        return value
    name = value.name if isinstance(value, keras.KerasTensor) else None
    return tf.TensorSpec(value.shape, value.dtype, name=name)


def _open_batch(spec: Any) -> Any:
    if not isinstance(spec, tf.TensorSpec) or not spec.shape.rank:
        return spec
    return tf.TensorSpec([None, *spec.shape[1:]], spec.dtype, name=spec.name)


def _itself(spec: Any) -> Any:
    return spec
